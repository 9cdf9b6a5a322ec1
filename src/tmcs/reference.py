"""The reference pages of ``docs/reference``, written from the code: ``python -m tmcs.reference docs/reference``.

Written twice they are the same, byte for byte; a test compares them with what lies in ``docs/reference``.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click

from tmcs.files import read_bytes, write_atomic
from tmcs.lang.limits import MAX_BYTES

_WIDTH: Final = 110
_HEAD: Final = "<!-- Written by `python -m tmcs.reference docs/reference`; a change here is lost. -->\n"
#: The day whose figures the page of the policy shows.
_DAY: Final = "2026-11-23T10:00:00+08:00"


def pages(language: str = "") -> dict[str, str]:
    """Return the pages by file name.

    Args:
        language: the text of ``docs/flow-language.md``, whose tables say what the keys mean.
    """
    found = {
        "hooks.md": _hooks(), "commands.md": _commands(), "exit-codes.md": _exit_codes(), "policy-keys.md": _policy(),
        "flow-language-keys.md": _language(language),
    }  # fmt: skip
    return {name: f"{_HEAD}\n{text.rstrip()}\n" for name, text in found.items()}


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _code(text: str) -> str:
    """Return text of a docstring as Markdown: its literals and references are code."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")


# ---- hooks ----------------------------------------------------------------------------------------------------------------


def _hooks() -> str:
    from tmcs import hookspecs

    lines = ["# Hooks", "", _definitions(_code(inspect.getdoc(hookspecs) or "")), "", f"Version of the interface: `{hookspecs.API}`.", ""]
    for group, names in hookspecs.HOOKS.items():
        lines += [f"## `{group}`", ""]
        for name in names:
            hook = getattr(hookspecs, name)
            first = bool(getattr(hook, f"{hookspecs.PROJECT}_spec")["firstresult"])
            returned = str(inspect.signature(hook).return_annotation)
            summary, _, rest = (inspect.getdoc(hook) or "").partition("\n")
            lines += [f"### `{name}() -> {returned}`", "", _code(summary), ""]
            for part in re.split(r"\n(?=\w+: )", rest.strip()):
                title, _, text = part.partition(":")
                lines.append(f"- **{title}:** {_code(' '.join(text.split()))}")
            lines += ["" if first else "- **Results:** one of each plug-in.", ""]
    return "\n".join(lines)


def _definitions(text: str) -> str:
    """Return a docstring's definition list (a term, what it means indented) as a list."""
    return re.sub(r"^(`[^\n]+`)\n((?:    [^\n]+\n?)+)", lambda m: f"- {m[1]}: {' '.join(m[2].split())}\n", text, flags=re.M)


# ---- commands -------------------------------------------------------------------------------------------------------------


def every_command() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its whole name and a context to ask it in, groups before what is in them."""
    from tmcs.cli.main import cli

    root = click.Context(cli, info_name="tmcs", terminal_width=_WIDTH, max_content_width=_WIDTH)
    yield "tmcs", cli, root
    yield from _below(cli, root, "tmcs")


def _below(group: click.Group, context: click.Context, name: str) -> Iterator[tuple[str, click.Command, click.Context]]:
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, parent=context, info_name=word, terminal_width=_WIDTH, max_content_width=_WIDTH)
        yield f"{name} {word}", command, inner
        if isinstance(command, click.Group):
            yield from _below(command, inner, f"{name} {word}")


def _commands() -> str:
    parts = ["# Commands\n\nWhat each command says with `--help`.\n"]
    for name, command, context in every_command():
        help = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"## {name}\n\n```text\n{help}\n```\n")
    return "\n".join(parts)


# ---- exit codes -----------------------------------------------------------------------------------------------------------


def _exit_codes() -> str:
    from tmcs.core import errors

    said = dict(re.findall(r"(\d+) ([^·.]+?)\s*(?=[·.])", " ".join((errors.__doc__ or "").partition("Exit codes")[2].split())))
    names = {value: name for name, value in vars(errors).items() if name.startswith("EXIT_")}
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.TmcsError)]
    raised = {
        code: ", ".join(f"`{one.__name__}`: {(one.__doc__ or '').partition(' (exit')[0]}" for one in kinds[1:] if one.exit_code == code)
        for code in names
    }
    rows = [(str(code), f"`{names[code]}`", said.get(str(code), ""), raised[code]) for code in sorted(names)]
    return "# Exit codes\n\nThe same for every command, and stable.\n\n" + _table(["code", "name", "meaning", "error"], rows)


# ---- policy ---------------------------------------------------------------------------------------------------------------


def _built_in() -> Any:
    """Return the policy as it is built in, whatever plug-ins and files of one's own there are."""
    from tmcs.builtin import BUILT_IN, POLICY_FILES, handbook, load_common
    from tmcs.core.policy_reader import layer, read_policy
    from tmcs.lang.yaml import parse_yaml
    from tmcs.loader import policy_of

    facts = load_common().facts
    merged, _ = layer([parse_yaml(handbook(name), BUILT_IN + name) for name in POLICY_FILES])
    return policy_of({**read_policy(merged, facts), "overrides": [], "files": []}, facts)


def _policy() -> str:
    from tmcs.core import case_rules_reader, job_rules, policy_reader
    from tmcs.core.order import parse_time
    from tmcs.core.policy import SECTIONS
    from tmcs.plugin_data import FRAGMENT_SECTIONS

    policy = _built_in()
    figures: dict[str, str] = policy.at(parse_time(_DAY)).figures()
    cites: dict[str, list[str]] = {}
    for cite, carrier in policy.citations():
        cites.setdefault(carrier.removeprefix("policy "), []).append(cite)
    keys = {
        "limits": policy_reader._LIMIT_KEYS, "payouts": policy_reader._PAYOUT_KEYS, "payouts.*.rows": policy_reader._ROW_KEYS,
        "deadlines": policy_reader._DEADLINE_KEYS, "settings": policy_reader._SETTING_KEYS, "rulings": policy_reader._RULING_KEYS,
        "calendar": policy_reader._CALENDAR_KEYS, "cases": case_rules_reader._KEYS, "jobs": job_rules._KEYS,
    }  # fmt: skip
    lines = ["# Policy keys", "", "`tmcs policy show KEY` shows what is in force; a file of one's own is laid over the built-in one.", ""]
    fragments = ", ".join(f"`{one}`" for one in FRAGMENT_SECTIONS)
    lines += [f"A plug-in's fragment may add entries to {fragments}.", "", "## Keys of an entry", ""]
    lines += [_table(["section", "keys"], [(f"`{name}`", ", ".join(f"`{key}`" for key in sorted(words))) for name, words in keys.items()])]
    for section in SECTIONS:
        mine = {key: value for key, value in figures.items() if key.startswith(f"{section}.") and not key.endswith(".type")}
        rows = [(f"`{key}`", value, ", ".join(_rules(key, cites))) for key, value in mine.items()]
        if rows:
            lines += [f"## `{section}`", "", _table(["key", f"value on {_DAY[:10]}", "rules"], rows)]
    return "\n".join(lines)


def _rules(key: str, cites: dict[str, list[str]]) -> list[str]:
    """Return the rules that the entry of a figure cites: those of the nearest entry above it."""
    while key:
        if key in cites:
            return list(dict.fromkeys(cites[key]))
        key = key.rpartition(".")[0]
    return []


# ---- flow language --------------------------------------------------------------------------------------------------------


def _language(text: str) -> str:
    from tmcs.core import facts, flow_reader
    from tmcs.core.fill import COMPUTED
    from tmcs.jobs import definition

    meanings = {
        key: meaning.strip()
        for line in re.findall(r"^\| (`.+?) \|$", text, re.M)
        for words, _, meaning in [line.partition(" | ")]
        for key in re.findall(r"`([a-z_]+)`", words)
    }
    tables = {
        "flow.yaml": flow_reader.FLOW_KEYS, "A fact": facts.FACT_KEYS, "A node": flow_reader.NODE_KEYS, "An effect": flow_reader.EFFECT_KEYS,
        "A task": flow_reader.TASK_KEYS, "A refund": flow_reader.REFUND_KEYS, "A wait": flow_reader.WAIT_KEYS,
        "A moment of scripts.yaml": flow_reader.SCRIPT_KEYS, "job.yaml": definition._KEYS, "A group of job.yaml": definition._GROUP_KEYS,
        "report of job.yaml": definition._REPORT_KEYS,
    }  # fmt: skip
    words = {
        "outcome": flow_reader.OUTCOMES, "route": flow_reader.ROUTES, "goods": flow_reader.GOODS, "on of a wait": flow_reader.WAIT_ON,
        "amount of a refund": flow_reader.AMOUNTS, "facts of the engine": flow_reader.SYSTEM_FACTS, "placeholders": tuple(COMPUTED),
        "every of a job": definition.EVERY, "inputs of a job": definition.INPUTS, "report.to of a job": definition.RECIPIENTS,
    }  # fmt: skip
    lines = ["# Keys of the flow language", "", "What they mean is told in [flow-language.md](../flow-language.md).", ""]
    for title, keys in tables.items():
        told = title in ("flow.yaml", "A node", "An effect", "A moment of scripts.yaml")
        rows = [(f"`{key}`", meanings.get(key, "") if told else "") for key in keys]
        lines += [f"## {title}", "", _table(["key", "meaning"], rows) if told else ", ".join(f"`{key}`" for key in keys) + "\n"]
    lines += ["## Words", "", _table(["of", "words"], [(name, ", ".join(f"`{one}`" for one in valid)) for name, valid in words.items()])]
    return "\n".join(lines)


def _text(path: str) -> str | None:
    return read_bytes(path, MAX_BYTES).decode("utf-8") if os.path.exists(path) else None


def main(argv: list[str]) -> int:
    """Write the pages into the folder named; with ``--check``, only say which differ (exit 1)."""
    check = "--check" in argv
    folder = next((word for word in argv if word != "--check"), os.path.join("docs", "reference"))
    beside = os.path.join(os.path.dirname(os.path.abspath(folder)), "flow-language.md")
    differ = []
    for name, text in pages(_text(beside) or "").items():
        path = os.path.join(folder, name)
        if _text(path) != text:
            differ.append(path)
            if not check:
                os.makedirs(folder, exist_ok=True)
                write_atomic(path, text.encode(), mode=0o644)
    print("\n".join(differ))
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
