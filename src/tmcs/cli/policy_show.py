"""`tmcs policy show`: the figures in force and the files they come from."""

from __future__ import annotations

from typing import Any, Final

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.cli.given import moment
from tmcs.core.errors import EXIT_OK, unknown_word

#: Columns of a value that is a list.
_LIST: Final = 60


@click.command("show", cls=Command, short_help="列出数字 · list the figures")
@click.argument("key", required=False)
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · figures in force at this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@format_option("text", "json", "yaml")
@lang_option
def show(key: str | None, now_text: str | None, policy_files: tuple[str, ...], form: str, lang: str) -> int:
    """列出数字；KEY 为前缀，如 payouts.damage · list the figures; KEY is a prefix such as payouts.damage."""
    from tmcs.loader import load_policy

    policy = load_policy(policy_files or None)
    figures = policy.at(moment(now_text)).figures()
    if key is not None:
        found = {name: value for name, value in figures.items() if name == key or name.startswith(f"{key}.")}
        if not found:
            raise unknown_word("政策项", "policy key", key, figures)
        figures = found
    unset = {name: words for name, value in figures.items() if (words := _unset(name, value))}
    changed = {one["key"]: f"{one['file']}:{one['line']}" for one in policy.overrides}
    if form == "text":
        from tmcs.core.safe import one_line
        from tmcs.render.layout import table, wrap

        def shown(name: str, value: str) -> str:
            if name in unset:
                return f"{value} ({unset[name][lang]})"
            # What a role may do is a long list, and one long cell would push every other line apart.
            return wrap(one_line(value), _LIST) if name.startswith("cases.") else one_line(value)

        rows = [(name, shown(name, value), _origin(name, changed)) for name, value in figures.items()]
        print(table(rows, ["项", "值", "来自"] if lang == "zh" else ["key", "value", "from"]))
        return EXIT_OK
    from tmcs.render.parts import dump

    print(dump({"schema": "tmcs/policy/1", **policy.to_dict(), "figures": figures, "unset": unset}, form))
    return EXIT_OK


def _unset(name: str, value: str) -> dict[str, str] | None:
    """Return what it means that a figure of ``cases`` is none, in both languages; None for every other figure."""
    from tmcs.core.case_rules import UNSET

    section, _, figure = name.removesuffix(".value").partition(".")
    if section != "cases" or value != "none" or figure not in UNSET:
        return None
    zh, en = UNSET[figure]
    return {"zh": zh, "en": en}


def _origin(name: str, changed: dict[str, Any]) -> str:
    """Return the user's file that set a figure, or the built-in policy."""
    for key, place in changed.items():
        if name == key or name.startswith(f"{key}."):
            return str(place)
    return "tmcs"


SUBCOMMANDS: Final[dict[str, click.Command]] = {"show": show}
