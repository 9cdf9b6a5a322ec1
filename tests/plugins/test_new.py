"""`tmcs plugin new`: each kind of project installs, runs, passes its check and its own tests as it is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import Site
from tests.plugins.environment import Environment

ROOT = Path(__file__).parents[2]
COMMON = {"README.md", "pyproject.toml", "src/tmcs_crate_loan/__init__.py"}
FILES = {
    "flow": {"src/tmcs_crate_loan/examples.yaml", "src/tmcs_crate_loan/flow.yaml", "src/tmcs_crate_loan/scripts.yaml", "tests/test_flow.py"},
    "job": {
        "src/tmcs_crate_loan/examples.yaml", "src/tmcs_crate_loan/flow.yaml", "src/tmcs_crate_loan/job.yaml",
        "src/tmcs_crate_loan/policy.yaml", "src/tmcs_crate_loan/rules.yaml", "src/tmcs_crate_loan/scripts.yaml", "tests/test_job.py",
    },
    "source": {"tests/conftest.py", "tests/example.csv", "tests/test_source.py"},
    "format": {"tests/conftest.py", "tests/test_format.py"},
}  # fmt: skip
GROUPS = {
    "flow": {"tmcs.flow"}, "job": {"tmcs.job", "tmcs.plugin"}, "source": {"tmcs.plugin"}, "format": {"tmcs.plugin"},
}  # fmt: skip


def make(tmcs: Any, folder: Path, kind: str, name: str = "crate-loan") -> Path:
    """Write a project; return its folder."""
    ran = tmcs("plugin", "new", name, "--kind", kind, "--dir", folder, "--lang", "en")
    assert ran.code == 0, ran.err
    return folder / f"tmcs-{name}"


@pytest.mark.parametrize("kind", FILES)
def test_a_project_is_complete(kind: str, tmcs: Any, tmp_path: Path) -> None:
    ran = tmcs("plugin", "new", "crate-loan", "--kind", kind, "--dir", tmp_path, "--lang", "en")
    assert ran.code == 0
    folder = tmp_path / "tmcs-crate-loan"
    written = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert written == COMMON | FILES[kind]
    assert sorted(ran.out.split()) == sorted(str(folder / one) for one in written)
    assert "pip install -e" in ran.err
    assert not [file for file in folder.rglob("*") if file.is_file() and re.search("@[A-Z]+@", file.read_text("utf-8"))]
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"] == {group: {"crate-loan": "tmcs_crate_loan"} for group in GROUPS[kind]}


@pytest.mark.parametrize("kind", FILES)
def test_a_project_passes_every_check_and_its_own_tests(kind: str, tmcs: Any, tmp_path: Path) -> None:
    folder = make(tmcs, tmp_path, kind)
    ran = tmcs("plugin", "check", folder, "--skip", "mypy", "--format", "json")
    (project,) = ran.json["projects"]
    steps = {step["id"]: step for step in project["steps"]}
    assert [step for step in steps.values() if step["status"] == "failed"] == []
    assert (ran.code, project["ok"], project["dist"]) == (0, True, "tmcs-crate-loan")
    assert {id for id, step in steps.items() if step["status"] == "passed"} >= {"load", "imports", "tests"}
    assert re.fullmatch(r"\d passed in .*", steps["tests"]["said"]["en"])
    assert (steps["flows"]["status"] == "passed", steps["jobs"]["status"] == "passed") == (kind == "flow", kind == "job")


def test_a_flow_is_made_where_no_kind_is_named_and_runs_once_it_is_installed(tmcs: Any, site: Site, tmp_path: Path) -> None:
    tmcs("plugin", "new", "crate-loan", "--dir", tmp_path)
    files = {file.name: file.read_text("utf-8") for file in (tmp_path / "tmcs-crate-loan" / "src").rglob("*.*")}
    site.add("tmcs-crate-loan", "[tmcs.flow]\ncrate-loan = tmcs_crate_loan\n", files)
    ran = tmcs("resolve", "crate-loan", "-s", "closed=no", "-s", "wanted=yes", "--format", "json")
    assert (ran.code, ran.json["outcome"]) == (0, "escalate")
    assert tmcs("plugin", "check", "crate-loan").code == 0


@pytest.mark.parametrize("name", ["Crate", "crate_loan", "../crate", "-crate", "", "c" * 61, "箱子"])
def test_a_name_that_is_no_flow_id_writes_nothing(name: str, tmcs: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    assert tmcs("plugin", "new", "--dir", target, "--", name).code == 2
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(("kind", "name"), [("format", "json"), ("source", "orders")])
def test_a_name_that_a_plugin_cannot_take_writes_nothing(kind: str, name: str, tmcs: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    ran = tmcs("plugin", "new", name, "--kind", kind, "--dir", target, "--lang", "en")
    assert (ran.code, list(target.iterdir())) == (2, [])
    assert f"{name} is tmcs's own" in ran.err


def test_what_exists_is_not_overwritten(tmcs: Any, tmp_path: Path) -> None:
    (tmp_path / "tmcs-crate-loan").mkdir()
    ran = tmcs("plugin", "new", "crate-loan", "--dir", tmp_path, "--lang", "en")
    assert ran.code == 2
    assert "exists already" in ran.err
    assert list((tmp_path / "tmcs-crate-loan").iterdir()) == []


@pytest.mark.slow
def test_every_kind_works_installed_with_pip_into_a_fresh_environment(tmp_path: Path) -> None:
    fresh = Environment(tmp_path)
    fresh.pip("install", "--quiet", str(ROOT), "pytest>=8")
    for kind in FILES:
        ran = fresh.run("tmcs", "plugin", "new", f"my-{kind}", "--kind", kind)
        assert ran.code == 0, ran.err
    folders = {kind: fresh.home / f"tmcs-my-{kind}" for kind in FILES}
    fresh.pip("install", "--quiet", *(str(folder) for folder in folders.values()))
    ran = fresh.run("tmcs", "plugin", "check", *(f"tmcs-my-{kind}" for kind in FILES), "--lang", "en")
    assert ran.code == 0, ran.out
    for folder in folders.values():
        ran = fresh.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
        assert ran.code == 0, ran.out
    ran = fresh.run("tmcs", "plugin", "check", *map(str, folders.values()), "--lang", "en")
    assert ran.code == 0, ran.out
    assert "mypy is not installed" in ran.out
    assert fresh.run("tmcs", "resolve", "my-flow", "-s", "closed=no", "-s", "wanted=yes").code == 0
    assert fresh.run("tmcs", "order", "import", str(folders["source"] / "tests" / "example.csv")).code == 0
    ran = fresh.run("tmcs", "job", "run", "my-job", "--dry-run", "--format", "json", "--now", "2026-11-23T10:00:00+08:00")
    assert ran.code in (0, 3), ran.err
    assert [item["group"] for item in ran.json["items"]] == ["unknown"]  # the export does not say whether there is a flag
    ran = fresh.run("tmcs", "resolve", "damage", "-s", "closed=no", "-s", "photos_received=no", "--format", "my-format")
    assert ran.out.startswith("damage -: ")
