"""What the documents say is true: every documented command runs, every key, command and exit code is documented."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tmcs.cli.main import COMMANDS
from tmcs.core import errors, flow_reader
from tmcs.core.fill import COMPUTED

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text("utf-8")
#: A test that takes `text` holds for the README in each language.
BOTH = pytest.mark.parametrize("text", [README, CHINESE], ids=["en", "zh"])
LANGUAGE = (ROOT / "docs" / "flow-language.md").read_text("utf-8")


def blocks(text: str, kind: str) -> list[str]:
    """Return what stands in the fenced blocks of one kind (sh, text, yaml, python), in their order."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.S)


def prose(text: str) -> str:
    """Return a document without its fenced blocks."""
    return re.sub(r"^```\w+\n.*?^```$", "", text, flags=re.S | re.M)


def headings(text: str) -> list[tuple[int, str]]:
    """Return level and words of each heading."""
    return [(len(marks), words) for marks, words in re.findall(r"^(#+) (.*)$", prose(text), re.M)]


def sections(text: str) -> list[str]:
    """Return the document cut at its headings, the fenced blocks left out."""
    return re.split(r"^#+ .*$", prose(text), flags=re.M)


def section_with(text: str, mark: str) -> str:
    """Return the section that a mark stands in."""
    (found,) = (section for section in sections(text) if mark in section)
    return found


def names(text: str) -> list[str]:
    """Return the inline code: commands, options, files, keys, environment variables."""
    return re.findall(r"`([^`\n]+)`", text)


def rows(text: str) -> list[tuple[int, list[str]]]:
    """Return of each table row the number of its cells and the code words or number that its first cell holds."""
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in prose(text).splitlines() if line.startswith("|")]
    return [(len(row), re.findall(r"`[^`]+`|\d+|-{3}", row[0])) for row in cells]


def steps(block: str) -> list[tuple[str, str]]:
    """Return the command lines of a text block, each with what is shown below it."""
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)


def commands(text: str) -> list[str]:
    """Return the `tmcs` command lines of a README's shell blocks, and of its first two."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    found = [part.strip() for line in lines for part in re.split(r"&&", line)]
    return [part.removeprefix(".venv/bin/") for part in found if "tmcs " in part and not part.startswith(("pip", "python"))]


@BOTH
def test_the_readme_opens_with_two_commands_of_one_line_each(text: str) -> None:
    first, second, *_ = blocks(text, "sh")
    assert len(first.splitlines()) == len(second.splitlines()) == 1
    assert "tmcs resolve damage" in first
    assert "pytest" in second
    assert text.index("```sh") < 900


def test_each_readme_leads_to_the_other_at_its_top() -> None:
    assert README.splitlines()[2] == "[中文](README.zh-CN.md)"
    assert CHINESE.splitlines()[2] == "[English](README.md)"


def test_both_readmes_have_the_same_headings() -> None:
    assert [level for level, _ in headings(CHINESE)] == [level for level, _ in headings(README)]


def test_both_readmes_have_the_same_blocks() -> None:
    def without_comments(text: str, kind: str) -> list[str]:
        return [re.sub(r"(^|\s+)# .*$", "", block, flags=re.M) for block in blocks(text, kind)]

    kinds = re.findall(r"^```(\w+)$", README, re.M)
    assert re.findall(r"^```(\w+)$", CHINESE, re.M) == kinds
    for kind in {*kinds} - {"text"}:
        assert without_comments(CHINESE, kind) == without_comments(README, kind)


def test_both_readmes_show_the_same_commands_and_what_they_print() -> None:
    """Output is the same where it is Chinese in both; `--lang en` there is `--lang zh` here."""
    for english, chinese in zip(blocks(README, "text"), blocks(CHINESE, "text"), strict=True):
        if "--lang en" in english:
            assert [line for line, _ in steps(chinese)] == [line.replace("--lang en", "--lang zh") for line, _ in steps(english)]
        else:
            assert chinese == english


def test_both_readmes_have_the_same_tables() -> None:
    assert rows(CHINESE) == rows(README)


def test_both_readmes_name_the_same_things_in_each_section() -> None:
    for (_, title), english, chinese in zip([(0, "top"), *headings(README)], sections(README), sections(CHINESE), strict=True):
        assert sorted({*names(chinese)}) == sorted({*names(english)}), title


def test_both_readmes_link_to_the_same_files() -> None:
    english, chinese = (re.findall(r"\]\(([^)#]+)\)", prose(text))[1:] for text in (README, CHINESE))
    assert chinese == english


@BOTH
def test_every_link_of_the_readme_leads_somewhere(text: str) -> None:
    anchors = {re.sub(r"[^\w -]", "", words.lower()).replace(" ", "-") for _, words in headings(text)}
    for target in re.findall(r"\]\(([^)]+)\)", prose(text)):
        assert target[1:] in anchors if target.startswith("#") else (ROOT / target).exists(), target


def test_the_chinese_readme_has_no_command_of_its_own() -> None:
    assert commands(CHINESE) == commands(README)


@pytest.mark.parametrize("line", commands(README))
def test_every_command_of_the_readme_runs(line: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    exports = sorted(str(path) for path in (ROOT / "examples").glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    text = ""
    for piece in line.split("|"):
        argv = shlex.split(piece)[1:]
        argv = [word for one in argv for word in (exports if "*" in one else [one])]
        if argv[:2] == ["plugin", "new"]:
            argv += ["--dir", str(tmp_path)]
        if argv[:2] == ["flow", "check"] and argv[2:]:
            continue  # the flow of `plugin new` is not installed here; tests/plugins does that
        ran = tmcs(*argv, stdin=text)
        assert ran.code in (0, 3, 4), ran.err
        text = ran.out
    assert text or "flow check" in line


def test_the_walk_through_is_what_the_command_prints(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exports = sorted(str(path) for path in (ROOT / "examples").glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    facts = ["photos_received=yes", "goods_kind=glass", "damage_kind=shattered", "partial_quantity=no"]
    argv = [word for fact in facts for word in ("-s", fact)]
    out = tmcs("resolve", "货品损坏", "--order", "5200000000000010001", "--now", "2026-11-23T10:00:00+08:00", *argv).out
    shown = README.split("1-2> 2\n\n")[-1].split("\n  …\n```")[0]
    assert shown in out


@pytest.mark.parametrize(("part", "agent", "role"), [("tmcs case pay", "amy", "agent"), ("tmcs job run", "cron", "job")])
def test_what_the_readme_walks_through_goes_as_it_is_shown(
    part: str, agent: str, role: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exports = sorted(str(path) for path in (ROOT / "examples").glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    monkeypatch.chdir(tmp_path)  # where the reports go
    walk = steps(next(one for one in blocks(README, "text") if part in one))
    assert len(walk) > 6
    usual = {"TMCS_AGENT": agent, "TMCS_ROLE": role, "TMCS_NOW": "2026-11-23T10:00:00+08:00", "TMCS_LANG": "zh"}
    for line, shown in walk:
        words = shlex.split(line)
        with monkeypatch.context() as patch:
            for name, value in usual.items():
                patch.setenv(name, value)
            while "=" in words[0]:
                patch.setenv(*words.pop(0).split("=", 1))
            ran = tmcs(*words[1:])
        said = ran.out + ran.err
        place = 0
        for row in shown.splitlines():  # an ellipsis leaves lines out; what is shown stands in this order
            if row != "…":
                assert f"{row}\n" in said[place:], (line, row, said)
                place = said.index(row, place) + len(row)


def test_the_words_checked_in_the_readme_are_found_as_it_shows(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = sorted(str(path) for path in (ROOT / "examples").glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    ((line, shown),) = steps(next(one for one in blocks(README, "text") if "tmcs lint-message" in one))
    monkeypatch.setenv("TMCS_LANG", "zh")
    ran = tmcs(*shlex.split(line)[1:])
    assert (ran.code, ran.out) == (1, shown)


@BOTH
def test_the_lead_sees_what_the_readme_shows(text: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ((line, shown),) = steps(next(one for one in blocks(text, "text") if "tmcs policy diff" in one))
    assert tmcs(*shlex.split(line)[1:]).out == shown


@BOTH
def test_every_job_command_and_job_stands_in_the_readme(text: str) -> None:
    from tmcs.cli.job import COMMANDS as JOB
    from tmcs.plugins import registry

    section = section_with(text, "`held-orders`")
    assert not [name for name in (*JOB, *registry().job_names()) if not re.search(rf"`[a-z |\\-]*\b{name}\b", section)]


@BOTH
def test_every_case_command_stands_in_the_readme(text: str) -> None:
    from tmcs.cli.case import COMMANDS as CASE

    section = section_with(text, "`tmcs case open ")
    assert not [name for name in CASE if not re.search(rf"`(tmcs case )?[a-z|\\-]*\b{name}\b", section)]


@BOTH
def test_every_command_stands_in_the_readme(text: str) -> None:
    assert not [name for name in COMMANDS if f"`tmcs {name}" not in text]


@BOTH
def test_every_exit_code_stands_in_the_readme(text: str) -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.M)}


@pytest.mark.parametrize("name", ["FLOW_KEYS", "NODE_KEYS", "EFFECT_KEYS", "SCRIPT_KEYS"])
def test_every_key_of_the_flow_language_is_described(name: str) -> None:
    missing = [key for key in getattr(flow_reader, name) if not re.search(rf"`{key}[`:]|\b{key}:", LANGUAGE)]
    assert missing == []


def test_every_computed_placeholder_is_described() -> None:
    assert not [name for name in COMPUTED if f"`{name}`" not in LANGUAGE]


@BOTH
def test_every_environment_variable_is_described(text: str) -> None:
    from tmcs.config import KEYS

    assert not [variable for variable, *_ in KEYS.values() if variable and variable not in text]


def test_the_version_stands_once() -> None:
    import tmcs as package

    assert f'version = "{package.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_python_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    block = blocks(README, "python")[0]
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("waiting")
