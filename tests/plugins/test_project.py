"""`tmcs plugin check FOLDER` of a project: each check finds what it is there for, and the others still run."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "tmcs-crate-return"
PACKAGE = "src/tmcs_crate_loan"
QUICK = ("--skip", "mypy", "--skip", "ruff", "--skip", "tests")


@pytest.fixture
def project(tmcs: Any, tmp_path: Path) -> Any:
    """Write a project of a kind and change it: ``project("flow", "src/…/flow.yaml", "old", "new")``."""

    def make(kind: str, file: str = "", old: str = "", new: str = "") -> Path:
        assert tmcs("plugin", "new", "crate-loan", "--kind", kind, "--dir", tmp_path).code == 0
        folder = tmp_path / "tmcs-crate-loan"
        if file:
            text = (folder / file).read_text("utf-8")
            assert old in text
            (folder / file).write_text(text.replace(old, new), "utf-8")
        return folder

    return make


def steps(ran: Any) -> dict[str, dict[str, Any]]:
    """Return the steps of the one project by id."""
    return {step["id"]: step for step in ran.json["projects"][0]["steps"]}


NINE = "rules:\n  - {id: @-R09, kind: step, statement: {zh: 九。, en: Nine.}}\n"
FAULTS = {
    "unknown hook": ("flow", "__init__.py", "def tmcs_flow(", "def tmcs_flwo(", "load", "unknown hook tmcs_flwo; nearest: tmcs_flow"),
    "unmarked hook": ("flow", "__init__.py", "@hookimpl\n", "", "load", "tmcs_flow is not marked @hookimpl"),
    "no import": ("flow", "__init__.py", "from tmcs import", "import nowhere\nfrom tmcs import", "load", "No module named 'nowhere'"),
    "another interface": ("flow", "__init__.py", 'tmcs_api = "1"', 'tmcs_api = "9"', "load", "is written for plug-in interface '9', this one is '1'"),
    "policy": ("job", "policy.yaml", "D 09:30", "soon", "load", "policy.yaml:4"),
    "dead end": ("flow", "flow.yaml", '"no": close', '"no": clsoe', "flows", "flow.yaml"),
    "wrong case": ("flow", "examples.yaml", "outcome: escalate", "outcome: refund", "flows", 'outcome is escalate, not "refund"'),
    "unknown rule": ("flow", "flow.yaml", "    outcome: explain\n", "    outcome: explain\n    cite: [X99-R01]\n", "flows", "X99-R01"),
    "job's group": ("job", "job.yaml", "  call: {title", "  cull: {title", "jobs", "groups lacks call"),
    "uncarried rule": ("job", "rules.yaml", "rules:\n", NINE, "rules", "nothing carries out"),
    "wording": ("flow", "scripts.yaml", "马上为您登记", "这不归我管", "wording", ""),
    "private name": ("flow", "__init__.py", "from tmcs import", "import tmcs.core.order\nfrom tmcs import", "imports", "tmcs.core.order is no public name"),
    "private name of a public module": ("format", "__init__.py", "from tmcs import ", "from tmcs import doctor, ", "imports", "tmcs.doctor is no public name"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_by_its_check(fault: str, project: Any, tmcs: Any) -> None:
    kind, file, old, new, id, said = FAULTS[fault]
    if "@" in new:
        from tmcs.plugin_new import section

        new = new.replace("@", section("crate-loan"))
    folder = project(kind, f"{PACKAGE}/{file}", old, new)
    ran = tmcs("plugin", "check", folder, *QUICK, "--format", "json")
    found = steps(ran)
    assert ran.code == 1
    assert ran.json["projects"][0]["ok"] is False
    assert found[id]["status"] == "failed", found
    assert said in "\n".join(finding["text"]["en"] + f" {finding['file']}:{finding['line']}" for finding in found[id]["findings"])
    assert found["imports"]["status"] == ("failed" if id == "imports" else "passed")


def test_what_failed_stands_first_in_words(project: Any, tmcs: Any) -> None:
    folder = project("flow", f"{PACKAGE}/examples.yaml", "outcome: escalate", "outcome: refund")
    ran = tmcs("plugin", "check", folder, *QUICK, "--lang", "en")
    assert ran.out.startswith("✗ flows and their worked cases: 3 paths, worked cases 2/3\n    ")
    assert ran.out.endswith("tmcs-crate-loan 0.1.0: 1 checks failed\n")
    assert "- its own tests: left out as asked" in ran.out
    assert tmcs("plugin", "check", folder, *QUICK, "--lang", "zh").out.endswith("tmcs-crate-loan 0.1.0: 1 项没有通过\n")


def test_tests_that_fail_and_tests_that_are_not_there(project: Any, tmcs: Any) -> None:
    folder = project("flow", "tests/test_flow.py", '["19049"]', '["19050"]')
    argv = ("plugin", "check", folder, "--skip", "mypy", "--skip", "ruff", "--format", "json")
    said = steps(tmcs(*argv))["tests"]
    assert said["status"] == "failed"
    assert any("1 failed, 2 passed" in finding["text"]["en"] for finding in said["findings"])
    (folder / "tests" / "test_flow.py").unlink()
    assert steps(tmcs(*argv))["tests"]["findings"][0]["text"]["en"] == "there are no tests"


def test_tests_that_never_end_are_ended(project: Any, tmcs: Any) -> None:
    folder = project("flow", "tests/test_flow.py", "import tmcs\n", "import time\n\nimport tmcs\n\ntime.sleep(100)\n")
    ran = tmcs("plugin", "check", folder, "--skip", "mypy", "--time-limit", "1", "--format", "json")
    assert ran.code == 1
    assert steps(ran)["tests"]["findings"][0]["text"]["en"] == "longer than 1 s"


def test_the_linters_are_run_where_they_are_installed_and_named_where_not(
    project: Any, tmcs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project("flow", f"{PACKAGE}/__init__.py", "from tmcs import", "import os\nfrom tmcs import")
    argv = ("plugin", "check", folder, "--skip", "tests", "--skip", "mypy", "--format", "json")
    said = steps(tmcs(*argv))["ruff"]
    if find_spec("ruff") is None:  # where only the tests' own packages are
        assert said["status"] == "skipped"
    else:
        assert said["status"] == "failed"
        assert any("F401" in finding["text"]["en"] for finding in said["findings"])
    monkeypatch.setattr("tmcs.plugin_project.find_spec", lambda name: None)
    said = steps(tmcs(*argv))["ruff"]
    assert (said["status"], said["said"]["en"]) == ("skipped", "ruff is not installed")


def test_a_project_leaves_nothing_behind(project: Any, tmcs: Any) -> None:
    before = list(sys.path)
    assert tmcs("plugin", "check", project("job"), *QUICK).code == 0
    assert sys.path == before
    assert "tmcs_crate_loan" not in sys.modules
    assert not [one for one in tmcs("plugin", "list", "--format", "json").json["plugins"] if one["dist"] == "tmcs-crate-loan"]


def test_its_own_tests_may_check_it_without_end(project: Any, tmcs: Any) -> None:
    folder = project("format")
    test = folder / "tests" / "test_check.py"
    test.write_text(
        "from pathlib import Path\n\n\ndef test_it(tmcs_run):\n"
        "    ran = tmcs_run('plugin', 'check', Path(__file__).parents[1], '--skip', 'mypy', '--skip', 'ruff', '--lang', 'en')\n"
        "    assert ran.code == 0, ran.out\n    assert 'it is its own tests that ask' in ran.out\n",
        "utf-8",
    )
    ran = tmcs("plugin", "check", folder, "--skip", "mypy", "--skip", "ruff", "--lang", "en")
    assert ran.code == 0, ran.out


@pytest.mark.parametrize("example", sorted(one.name for one in EXAMPLE.parent.iterdir() if one.is_dir()))
def test_an_example_passes_every_check_that_is_made_of_ourselves(example: str, tmcs: Any) -> None:
    ran = tmcs("plugin", "check", EXAMPLE.parent / example, "--skip", "mypy", "--format", "json")
    assert ran.code == 0, ran.out
    assert {steps(ran)[id]["status"] for id in ("load", "rules", "imports", "tests")} == {"passed"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("[project\n", "is wrong"), ("[project]\nname = 'x'\n", "no entry point of tmcs"), ("project = 1\n", "no entry point of tmcs"),
     ("[project]\nname = 'x'\n[project.entry-points]\n'tmcs.flow' = 3\n", "no entry point of tmcs")],
)  # fmt: skip
def test_a_pyproject_that_is_none_is_said(text: str, said: str, tmcs: Any, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "pyproject.toml").write_text(text, "utf-8")
    ran = tmcs("plugin", "check", tmp_path / "p", "--lang", "en")
    assert ran.code == 2
    assert said in ran.err


def test_an_unknown_step_is_named_with_the_nearest(tmcs: Any) -> None:
    ran = tmcs("plugin", "check", EXAMPLE, "--skip", "test", "--lang", "en")
    assert ran.code == 2
    assert "nearest: tests" in ran.err
