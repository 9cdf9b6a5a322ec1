"""The manual pages, written from the commands: ``tmcs.1``, and ``tmcs-case-open.1`` for `tmcs case open`.

Plain roff of the ``man`` macros in UTF-8, in both languages as the help is; written twice they are the same, byte for byte.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Final

import click

from tmcs import __version__
from tmcs.cli.examples import EXAMPLES
from tmcs.reference import every_command

#: The paragraph of a docstring that stands as it is, line by line: click's own mark.
_AS_IT_IS: Final = "\b\n"
#: Where a line may end although there is no space.
_BREAK: Final = "\\:"


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    commands = list(every_command())
    names = [name for name, _, _ in commands]
    return {f"{_page(name)}.1": _text(name, command, context, names) for name, command, context in commands}


def _page(name: str) -> str:
    return name.replace(" ", "-")


def _roff(text: str) -> str:
    """Return text as roff shows it as it is, hyphens as those that can be copied; a line may end after a full-width mark."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti").replace("`", "\\(ga")
    plain = re.sub(r"(?<=[，；。、：）”])(?=\S)", re.escape(_BREAK), plain)
    return re.sub(r"^(?=[.'])", r"\\&", plain, flags=re.M)


def _text(name: str, command: click.Command, context: click.Context, names: list[str]) -> str:
    short, description = _described(command)
    lines = [
        '.\\" -*- coding: utf-8 -*-', '.\\" Written by `tmcs man` from the commands; a change here is lost.',
        f'.TH {_page(name).upper()} 1 "" "tmcs {__version__}" "tmcs"', ".ad l", ".SH NAME", f"{_roff(_page(name))} \\- {_roff(short).replace(_BREAK, '')}",
        ".SH SYNOPSIS", f".B {_roff(name)}", _roff(" ".join(command.collect_usage_pieces(context))),
    ]  # fmt: skip
    if description:
        lines += [".SH DESCRIPTION", *description]
    lines += [".SH OPTIONS", *_terms(_options(command, context))]
    inner = [one for one in names if one.rpartition(" ")[0] == name]
    if isinstance(command, click.Group):
        lines += [".SH COMMANDS", *_terms((f"{_page(one)}(1)", _short(command, context, one)) for one in inner)]
    lines += [".SH EXAMPLE", ".nf", _roff(EXAMPLES[name]), ".fi"]
    if also := [one for one in (name.rpartition(" ")[0], *inner) if one]:
        lines += [".SH SEE ALSO", ",\n".join(f".BR {_roff(_page(one))} (1)" for one in also).replace(",\n", " ,\n")]
    return "\n".join(lines) + "\n"


def _described(command: click.Command) -> tuple[str, list[str]]:
    """Return what a command is in a few words, and all of its help as roff."""
    help = inspect.cleandoc(command.help or "").partition("\f")[0].strip()
    blocks = re.split(r"\n\s*\n", help)
    lines: list[str] = []
    for n, block in enumerate(blocks):
        lines += [".PP"] if n else []
        as_it_is = block.startswith(_AS_IT_IS)
        body = _roff(block.removeprefix(_AS_IT_IS))
        lines += [".nf", body, ".fi"] if as_it_is else ["\n".join(one.strip() for one in body.splitlines())]
    return (command.short_help or " ".join(blocks[0].split())).rstrip("."), lines


def _options(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    return [record for one in options if (record := one.get_help_record(context))]


def _short(group: click.Group, context: click.Context, name: str) -> str:
    command = group.get_command(context, name.rpartition(" ")[2])
    return "" if command is None else _described(command)[0]


def _terms(records: Iterable[tuple[str, str]]) -> list[str]:
    return [line for term, said in records for line in (".TP", f"\\fB{_roff(term)}\\fR", _roff(" ".join(said.split())))]
