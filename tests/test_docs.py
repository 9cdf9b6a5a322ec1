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
LANGUAGE = (ROOT / "docs" / "flow-language.md").read_text("utf-8")


def commands() -> list[str]:
    """Return the `tmcs` command lines of the README's shell blocks, and of its first two."""
    lines = [line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()]
    found = [part.strip() for line in lines for part in re.split(r"&&", line)]
    return [part.removeprefix(".venv/bin/") for part in found if "tmcs " in part and not part.startswith(("pip", "python"))]


def test_the_readme_opens_with_two_commands_of_one_line_each() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    assert all(len(block.strip().splitlines()) == 1 for block in blocks[:2])
    assert "tmcs resolve damage" in blocks[0]
    assert "pytest" in blocks[1]
    assert README.index("```sh") < 900


@pytest.mark.parametrize("line", commands())
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


def test_the_case_of_the_readme_goes_as_it_is_shown(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = sorted(str(path) for path in (ROOT / "examples").glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    block = next(one for one in re.findall(r"```text\n(.*?)```", README, re.S) if "tmcs case pay" in one)
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)
    assert len(steps) > 8
    for line, shown in steps:
        words = shlex.split(line)
        with monkeypatch.context() as patch:
            for name, value in (("TMCS_AGENT", "amy"), ("TMCS_NOW", "2026-11-23T10:00:00+08:00"), ("TMCS_LANG", "zh")):
                patch.setenv(name, value)
            while "=" in words[0]:
                patch.setenv(*words.pop(0).split("=", 1))
            ran = tmcs(*words[1:])
        said = ran.out + ran.err
        place = 0
        for part in shown.splitlines():  # an ellipsis leaves lines out; what is shown stands in this order
            if part != "…":
                assert f"{part}\n" in said[place:], (line, part, said)
                place = said.index(part, place) + len(part)


def test_the_job_of_the_readme_prints_what_is_shown(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = sorted(str(path) for path in (ROOT / "examples").glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    block = next(one for one in re.findall(r"```text\n(.*?)```", README, re.S) if "tmcs job run" in one)
    line, *shown = block.splitlines()
    words = shlex.split(line.removeprefix("$ "))
    monkeypatch.setenv(*words.pop(0).split("=", 1))
    monkeypatch.setenv("TMCS_LANG", "zh")
    out = tmcs(*words[1:]).out
    assert [part for part in shown if part != "…" and f"{part}\n" not in out] == []


def test_every_job_command_and_job_stands_in_the_readme() -> None:
    from tmcs.cli.job import COMMANDS as JOB
    from tmcs.plugins import registry

    section = README.split("## Jobs")[1].split("### The store")[0]
    assert not [name for name in (*JOB, *registry().job_names()) if not re.search(rf"`[a-z |\\-]*\b{name}\b", section)]


def test_every_case_command_stands_in_the_readme() -> None:
    from tmcs.cli.case import COMMANDS as CASE

    section = README.split("## Cases")[1].split("## Jobs")[0]
    assert not [name for name in CASE if not re.search(rf"`(tmcs case )?[a-z|\\-]*\b{name}\b", section)]


def test_every_command_stands_in_the_readme() -> None:
    assert not [name for name in COMMANDS if f"`tmcs {name}" not in README]


def test_every_exit_code_stands_in_the_readme() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert codes == {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)}


@pytest.mark.parametrize("name", ["FLOW_KEYS", "NODE_KEYS", "EFFECT_KEYS", "SCRIPT_KEYS"])
def test_every_key_of_the_flow_language_is_described(name: str) -> None:
    missing = [key for key in getattr(flow_reader, name) if not re.search(rf"`{key}[`:]|\b{key}:", LANGUAGE)]
    assert missing == []


def test_every_computed_placeholder_is_described() -> None:
    assert not [name for name in COMPUTED if f"`{name}`" not in LANGUAGE]


def test_every_environment_variable_is_described() -> None:
    from tmcs.config import KEYS

    assert not [variable for variable, *_ in KEYS.values() if variable and variable not in README]


def test_the_version_stands_once() -> None:
    import tmcs as package

    assert f'version = "{package.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_python_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    block = re.findall(r"```python\n(.*?)```", README, re.S)[0]
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("waiting")
