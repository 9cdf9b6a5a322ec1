"""The guide of docs/plugin-guide.md, followed step by step: each command run, each change made as it is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tmcs.plugin_stage import read_project, staged

GUIDE = (Path(__file__).parents[2] / "docs" / "plugin-guide.md").read_text("utf-8")
STEPS = re.split(r"^## ", GUIDE, flags=re.M)[1:]


def blocks(step: int, kind: str) -> list[str]:
    """Return the code blocks of a kind in a step, counted from 1."""
    return re.findall(rf"```{kind}\n(.*?)```", STEPS[step - 1], re.S)


def commands(step: int) -> list[list[str]]:
    """Return the command lines of a step, as words."""
    return [shlex.split(line) for block in blocks(step, "sh") for line in block.splitlines()]


def change(file: Path, old: str, new: str) -> None:
    """Put ``new`` in the one place of ``old``."""
    text = file.read_text("utf-8")
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new), "utf-8")


def test_a_newcomer_who_follows_the_guide_has_a_flow(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(words: list[str]) -> Any:
        assert words[0] == "tmcs"
        # mypy takes half of the time and finds nothing that another test of a project does not
        return tmcs(*words[1:], *(["--skip", "mypy"] if words[1:3] == ["plugin", "check"] else []))

    (new,), (check,) = commands(1), commands(2)
    assert run(new).code == 0
    assert run(check).code == 0
    source = tmp_path / "tmcs-bag-return" / "src" / "tmcs_bag_return"
    fact, branches, node = blocks(3, "yaml")
    flow = source / "flow.yaml"
    change(flow, "\nstart: wanted\n", f"{fact}\nstart: wanted\n")
    change(flow, '    branches: {"yes": arrange, "no": close}\n', branches + node)
    (check,) = commands(3)
    ran = run(check)
    assert ran.code == 1
    assert "wanted" in ran.out
    facts, case = blocks(4, "yaml")
    change(source / "examples.yaml", '    set: {wanted: "yes"}\n', facts)
    change(source / "examples.yaml", "  - id: not-wanted\n", f"{case}  - id: not-wanted\n")
    (line,) = blocks(4, "python")
    old = '    said = assert_resolves("bag-return", {"wanted": "yes"}, status="resolved", outcome="escalate")\n'
    change(tmp_path / "tmcs-bag-return" / "tests" / "test_flow.py", old, line)
    (check,) = commands(4)
    ran = run(check)
    assert ran.code == 0, ran.out
    install, resolve, chart = commands(5)
    assert install[:2] == ["pip", "install"]
    with staged(read_project(str(tmp_path / install[-1]))):  # what pip does, without an environment of its own
        ran = run(resolve)
        assert ran.code == 0, ran.err
        assert "19049" in ran.out
        assert run(chart).code == 0


def test_what_the_guide_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", GUIDE)
    assert len(links) > 5
    assert [link for link in links if not (Path(__file__).parents[2] / "docs" / link).exists()] == []
