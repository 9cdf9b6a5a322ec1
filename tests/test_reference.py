"""The reference pages are what the code says now; written twice they are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tmcs import reference
from tmcs.core import errors

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
LANGUAGE = (FOLDER.parent / "flow-language.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["hooks.md", "commands.md", "exit-codes.md", "policy-keys.md", "flow-language-keys.md"])
def test_a_page_has_not_drifted(name: str) -> None:
    said = "write it anew: python -m tmcs.reference docs/reference"
    assert (FOLDER / name).read_text("utf-8") == reference.pages(LANGUAGE)[name], said


def test_there_are_no_other_pages() -> None:
    assert {file.name for file in FOLDER.iterdir()} == set(reference.pages(LANGUAGE))


def test_every_command_has_its_module_and_says_what_it_does() -> None:
    found = {name: command for name, command, _ in reference.every_command()}
    assert {"tmcs", "tmcs resolve", "tmcs plugin check", "tmcs job run"} <= set(found)
    assert [name for name, command in found.items() if not (command.help or "").strip()] == []


def test_every_exit_code_has_a_meaning() -> None:
    page = reference.pages()["exit-codes.md"]
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line[:3].strip("| ").isdigit()]
    assert {int(row[0]) for row in rows} == codes
    assert all(row[2].strip() for row in rows)


def test_a_page_that_drifts_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "reference"
    assert reference.main([str(folder)]) == 0
    assert reference.main([str(folder), "--check"]) == 0
    (folder / "hooks.md").write_text("else\n", "utf-8")
    capsys.readouterr()
    assert reference.main([str(folder), "--check"]) == 1
    assert capsys.readouterr().out == f"{folder / 'hooks.md'}\n"
