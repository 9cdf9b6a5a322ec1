"""Asking at a terminal: one fact at a time, with its choices; the last answer can be taken back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tmcs.core.errors import InputError
from tmcs.core.facts import Fact
from tmcs.core.flow import Flow
from tmcs.core.order import Order
from tmcs.core.policy import Policy
from tmcs.core.resolution import NEEDS_FACTS, Resolution
from tmcs.core.resolve import resolve
from tmcs.core.safe import clean, one_line
from tmcs.core.text import Text
from tmcs.render.layout import wrap

BACK = frozenset({"<", "back", "b", "上一步", "返回"})
QUIT = frozenset({"q", "quit", "退出"})
HELP = frozenset({"?", "help", "？"})


class Quit(Exception):  # noqa: N818 - control flow, not an error
    """The agent stops answering."""


def ask_all(
    flow: Flow, order: Order | None, facts: dict[str, Any], sources: dict[str, str], policy: Policy, now: datetime,
    lang: str,
) -> Resolution:  # fmt: skip
    """Ask until nothing is missing, or the agent quits; return the resolution then.

    Args:
        facts, sources: what is known; the answers are added (source ``agent``).
    """
    answered: list[str] = []
    result = resolve(flow, order, facts, policy, now, sources=sources)
    _say(Text("回车确认；< 上一步，? 说明，q 退出", "enter to confirm; < takes the last answer back, ? explains, q quits").pick(lang))
    try:
        while result.status == NEEDS_FACTS:
            fact = result.needs[0]
            answer = ask_fact(fact, _choices(result, fact, lang), lang, can_go_back=bool(answered))
            if answer is None:
                name = answered.pop()
                del facts[name], sources[name]
            else:
                facts[fact.name], sources[fact.name] = answer, "agent"
                if fact.name in answered:  # asked again: the earlier answer did not fit
                    answered.remove(fact.name)
                answered.append(fact.name)
            result = resolve(flow, order, facts, policy, now, sources=sources)
    except (Quit, EOFError):
        pass
    _say("")
    return result


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def ask_fact(fact: Fact, choices: Mapping[str, str], lang: str, *, can_go_back: bool, optional: bool = False) -> str | None:
    """Ask one fact and return the answer as `--set` writes it; None to take the last answer back.

    Where it is ``optional``, enter alone passes over it: the answer is ``""``.

    Raises:
        Quit: the agent stops answering.
    """
    cites = f"  [{' '.join(fact.cites)}]" if fact.cites else ""
    _say(wrap(f"\n{fact.ask[lang == 'en']}{cites}", 100))
    for number, label in enumerate(choices.values(), 1):
        _say(f"  {number}  {label}")
    while True:
        typed = _read(fact, choices).strip()
        if typed in BACK:
            if can_go_back:
                return None
            _say(Text("没有可以收回的回答", "there is no answer to take back").pick(lang))
        elif typed in QUIT:
            raise Quit
        elif typed in HELP:
            _explain(fact, lang)
        elif typed:
            try:
                return _value(fact, choices, typed)
            except InputError as error:
                _say(clean(error.text.pick(lang)))
        elif optional:
            return ""


def _read(fact: Fact, choices: Mapping[str, str]) -> str:
    """Return a line typed at the terminal; Ctrl-C interrupts the command, Ctrl-D (EOFError) only the questions."""
    form = f"1-{len(choices)}" if choices else fact.type
    print(f"{form}> ", end="", file=sys.stderr, flush=True)
    return input()


def _choices(result: Resolution, fact: Fact, lang: str) -> dict[str, str]:
    """Return the values to choose from, each in words."""
    if fact.name == "item" and result.order is not None:
        order = result.order
        return {
            sku: one_line(f"{sku}  {line.title or ''}") for sku, line in zip(order.skus, order.lines, strict=True)
        }
    return labels(fact, lang)


def labels(fact: Fact, lang: str) -> dict[str, str]:
    """Return the values of a choice fact in words."""
    return {value: label[lang == "en"] for value, label in fact.labels.items()}


def _value(fact: Fact, choices: Mapping[str, str], typed: str) -> str:
    """Return the value that was typed: by its number, itself, or in words.

    Raises:
        InputError: it is none; says which there are.
    """
    if choices and typed.isdecimal() and typed.isascii() and 1 <= int(typed) <= len(choices):
        return list(choices)[int(typed) - 1]
    if fact.name == "item":
        if typed in choices:
            return typed
        raise InputError(f"没有这件商品 {typed}", f"no such item {typed}")
    fact.parse(typed)
    return typed


def _explain(fact: Fact, lang: str) -> None:
    """Say what the handbook says about the question."""
    from tmcs import rulebook

    if not fact.cites:
        _say(Text("手册没有另外说明", "the handbook says nothing further").pick(lang))
    for found in rulebook.cited(fact.cites):
        text = found.resolution if isinstance(found, rulebook.Ruling) else found.filled(None).statement
        _say(wrap(clean(text.pick(lang)), 100, f"  {found.id} "))


def ask_each(missing: Callable[[], Fact | None], facts: dict[str, str], lang: str) -> None:
    """Ask until nothing is missing or the agent quits; the answers are added to ``facts``."""
    answered: list[str] = []
    try:
        while (fact := missing()) is not None:
            answer = ask_fact(fact, labels(fact, lang), lang, can_go_back=bool(answered))
            if answer is None:
                del facts[answered.pop()]
            else:
                facts[fact.name] = answer
                answered.append(fact.name)
    except (Quit, EOFError):
        pass


def ask_to_go_on(title: str, lang: str) -> bool:
    """Ask whether the case goes on in the next flow; one key does."""
    text = f"c 接着办“{title}”，回车结束" if lang == "zh" else f"c goes on with “{title}”, enter ends"
    print(f"\n{text}> ", end="", file=sys.stderr, flush=True)
    try:
        return input().strip().lower() in ("c", "y", "是")
    except EOFError:
        return False
