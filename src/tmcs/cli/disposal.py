"""`tmcs disposal`: whether damaged goods are collected or written off on site."""

from __future__ import annotations

import sys

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.cli.given import moment, parse_sets
from tmcs.core.errors import EXIT_NEEDS_FACTS, EXIT_OK
from tmcs.core.parts import Decision, decide

TABLE = "disposal"


@click.command("disposal", cls=Command, short_help="上门取货还是就地报废 · pickup or on-site write-off")
@click.option("-s", "--set", "sets", metavar="FACT=VALUE", multiple=True, help="goods_kind= damage_kind= fruit_claim=")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻的规定 · rules in force at this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@click.option("--explain", is_flag=True, help="说明依据 · state the rules in words")
@click.option("--no-input", is_flag=True, help="不提问 · never ask")
@format_option("text", "json", "yaml")
@lang_option
def command(
    sets: tuple[str, ...], now_text: str | None, policy_files: tuple[str, ...], explain: bool, no_input: bool,
    form: str, lang: str,
) -> int:  # fmt: skip
    """损坏的商品上门取回还是就地报废 · whether damaged goods come back or are written off on site."""
    from tmcs.loader import load_policy

    policy = load_policy(policy_files or None)
    facts = parse_sets(sets)
    now = moment(now_text)
    found = decide(policy, TABLE, facts, now)
    if found.missing is not None and form == "text" and not no_input and sys.stdin.isatty() and sys.stderr.isatty():
        from tmcs.cli.prompt import ask_each

        ask_each(lambda: decide(policy, TABLE, facts, now).missing, facts, lang)
        found = decide(policy, TABLE, facts, now)
    if found.missing is not None:
        from tmcs.render.parts import render_needs

        print(render_needs([found.missing], form, lang))
        return EXIT_NEEDS_FACTS
    print(_render(found, form, lang, explain))
    return EXIT_OK


def _render(found: Decision, form: str, lang: str, explain: bool) -> str:
    if form == "text":
        from tmcs.render.words import say

        text = f"{say('goods', found.result, lang)} ({found.result})  [{' '.join(found.cites)}]"
        if explain:
            from tmcs.render.explain import statements

            text += "\n" + statements(found.cites, lang)
        return text
    from tmcs.render.parts import dump

    return dump({"schema": "tmcs/disposal/1", "goods": found.result, "row": found.row, "cites": found.cites}, form)
