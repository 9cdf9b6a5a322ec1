"""`tmcs policy show`: the figures in force and the files they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_OK, InputError, unknown_word

if TYPE_CHECKING:
    from datetime import datetime

    from tmcs.core.policy import Policy


@click.command("show", cls=Command, short_help="列出数字 · list the figures")
@click.argument("key", required=False)
@click.option("--on", "day", metavar="DATE", help="按这一天 · figures in force on this day")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · figures in force at this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@format_option("text", "json", "yaml")
@lang_option
def show(key: str | None, day: str | None, now_text: str | None, policy_files: tuple[str, ...], form: str, lang: str) -> int:
    """列出数字: 值、自何日、之后、依据；KEY 为前缀，如 payouts.damage · list the figures: value, since when, what comes next, rules."""
    from tmcs.loader import load_policy
    from tmcs.policies.figures import on_day

    policy = load_policy(policy_files or None)
    now = _moment(day, now_text)
    values = policy.at(now).figures()
    if key is not None:
        found = {name: value for name, value in values.items() if name == key or name.startswith(f"{key}.")}
        if not found:
            raise unknown_word("政策项", "policy key", key, values)
        values = found
    every = on_day(policy, now.date().isoformat())
    shown = {name: every[name] for name in values if name in every}
    unset = {name: words for name, value in values.items() if (words := _unset(name, value))}
    if form == "text":
        from tmcs.render.policy import figures_table

        print(figures_table(shown, unset, _origins(policy, values), policy.version, lang))
        return EXIT_OK
    from tmcs.render.parts import dump

    details = {name: one.to_dict() for name, one in shown.items()}
    print(dump({
        "schema": "tmcs/policy/1", **policy.to_dict(), "on": now.date().isoformat(), "figures": values, "unset": unset, "details": details,
    }, form))  # fmt: skip
    return EXIT_OK


def _moment(day: str | None, now_text: str | None) -> datetime:
    """Return noon of the day that was given, else the moment, else the clock of the desk."""
    from tmcs.cli.given import moment

    if day is None:
        if now_text is None:
            from tmcs.cases.clock import now

            return now()
        return moment(now_text)
    if now_text is not None:
        raise InputError("--on 与 --now 只用一个", "give --on or --now, not both")
    from tmcs.cli.policy_change import day_of

    return moment(f"{day_of(day, '--on')}T12:00:00+08:00")


def _unset(name: str, value: str) -> dict[str, str] | None:
    """Return what it means that a figure of ``cases`` is none, in both languages; None for every other figure."""
    from tmcs.core.case_rules import UNSET

    section, _, figure = name.removesuffix(".value").partition(".")
    if section != "cases" or value != "none" or figure not in UNSET:
        return None
    zh, en = UNSET[figure]
    return {"zh": zh, "en": en}


def _origins(policy: Policy, names: dict[str, str]) -> dict[str, str]:
    """Return the place in the desk's own files of each figure that they set."""
    places = {one["key"]: f"{one['file']}:{one['line']}" for one in policy.overrides}
    return {
        name: place for name in names for key, place in places.items()
        if name == key or name.startswith(f"{key}.") or key.startswith(f"{name}.")
    }  # fmt: skip


SUBCOMMANDS: Final[dict[str, click.Command]] = {"show": show}
