"""The manual pages: one for each command, the same each time, and what man and groff take without a complaint."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tmcs.cli.examples import EXAMPLES
from tmcs.reference import every_command

TOOLS = {
    "groff": ["groff", "-man", "-Tutf8", "-K", "utf-8", "-ww", "-z"],
    "mandoc": ["mandoc", "-Tlint", "-Werror"],
}


@pytest.fixture
def pages(tmcs: Any, tmp_path: Path) -> Path:
    """The folder of the pages."""
    ran = tmcs("man", "--out", tmp_path / "man")
    assert (ran.code, ran.err) == (0, "")
    return tmp_path / "man"


def test_there_is_one_for_each_command_and_the_help_stands_in_it(pages: Path) -> None:
    names = {f"{name.replace(' ', '-')}.1": (name, command) for name, command, _ in every_command()}
    assert {one.name for one in pages.iterdir()} == set(names)
    for file, (name, command) in names.items():
        text = plain((pages / file).read_text("utf-8"))
        assert f'.TH {file.removesuffix(".1").upper()} 1 ' in text
        assert EXAMPLES[name] in text
        missing = [option for one in command.params for option in one.opts if option.startswith("--") and option not in text]
        assert missing == []


def plain(roff: str) -> str:
    """Return what roff would show of its escapes."""
    for escape, shown in (("\\&", ""), ("\\:", ""), ("\\-", "-"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\(ga", "`"), ("\\e", "\\")):
        roff = roff.replace(escape, shown)
    return roff


def test_both_languages_are_in_it_and_a_group_names_its_commands(pages: Path) -> None:
    text = plain((pages / "tmcs-case.1").read_text("utf-8"))
    assert "案件" in text
    assert "cases: open, take, pay" in text
    assert ".TP\n\\fBtmcs-case-take(1)\\fR\n领取队列中最早的任务 · claim the oldest task of a queue\n" in text
    assert ".BR tmcs-case-open (1)" in text


def test_written_twice_they_are_the_same_whatever_the_terminal(pages: Path, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {file.name: file.read_bytes() for file in pages.iterdir()}
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TMCS_LANG", "en")
    assert tmcs("man", "--out", pages).code == 0
    assert {file.name: file.read_bytes() for file in pages.iterdir()} == first


@pytest.mark.parametrize("tool", [name for name, words in TOOLS.items() if shutil.which(words[0])])
def test_no_tool_complains(tool: str, pages: Path) -> None:
    ran = subprocess.run([*TOOLS[tool], *sorted(map(str, pages.iterdir()))], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_a_folder_that_cannot_be_made_is_told(tmcs: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = tmcs("man", "--out", tmp_path / "file" / "man")
    assert ran.code == 74
    assert "file/man" in ran.err
