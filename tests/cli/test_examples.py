"""Every command's help ends with an example that is real: it parses, and where it can be run, it runs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from tmcs.cli.examples import EXAMPLES
from tmcs.reference import every_command

ROOT = Path(__file__).parent.parent.parent
#: Who runs them: the first whose role and tier may.
PEOPLE = (("agent", "amy", "frontline"), ("lead", "bo", "supervisor"), ("job", "cron", "frontline"), ("auditor", "wu", "frontline"))
#: How those end that do not end with 0: something is asked for, differs, or is past the stage that the line is for.
ENDS = {
    "tmcs": 3, "tmcs case promise": 4, "tmcs case reject": 6, "tmcs policy diff": 1, "tmcs job survey drop": 2,
    "tmcs job gift drop": 2, "tmcs job care drop": 2, "tmcs job mail": 2,
}  # fmt: skip


def words(line: str) -> list[str]:
    """Return the words after `tmcs` of an example, the shell's own wrapping and wildcards resolved."""
    line = line.removeprefix('eval "$(').removesuffix(')"')
    found = shlex.split(line)
    assert found[0] == "tmcs"
    return [name for word in found[1:] for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]


def test_every_command_has_one_and_there_is_no_other() -> None:
    names = [name for name, _, _ in every_command()]
    assert sorted(names) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", [name for name, _, _ in every_command()])
def test_the_help_ends_with_it_and_it_parses(name: str, tmcs: Any) -> None:
    from tmcs.cli.main import cli

    line = EXAMPLES[name]
    ran = tmcs(*name.split()[1:], "--help")
    assert (ran.code, ran.out.splitlines()[-2:]) == (0, ["例 · Example:", f"  {line}"])
    assert f"{name} " in f"{line} ".replace(")", " ") or name == "tmcs"
    context, rest = cli.make_context("tmcs", words(line)), words(line)
    while rest:
        _, command, rest = context.command.resolve_command(context, rest)  # type: ignore[attr-defined]
        context = command.make_context(command.name, rest, parent=context)
        rest = [*context._protected_args, *context.args] if hasattr(context.command, "resolve_command") else []


def test_they_run_one_after_the_other(tmcs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("examples").symlink_to(ROOT / "examples")
    monkeypatch.setenv("TMCS_NOW", "2026-11-23T10:00:00+08:00")
    lines = sorted(EXAMPLES.items(), key=lambda one: one[0] != "tmcs order import")  # the orders first
    ends = {}
    for name, line in lines:
        for role, agent, tier in PEOPLE:
            for variable, value in (("TMCS_ROLE", role), ("TMCS_AGENT", agent), ("TMCS_TIER", tier)):
                monkeypatch.setenv(variable, value)
            ran = tmcs(*words(line))
            if ran.code != 5:
                break
        if ran.code:
            ends[name] = ran.code
    assert ends == ENDS
