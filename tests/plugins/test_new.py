"""`tmcs plugin new`: the skeleton installs, runs and passes its check."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import Site


def test_a_skeleton_is_complete_and_passes(tmcs: Any, tmp_path: Path) -> None:
    ran = tmcs("plugin", "new", "crate-loan", "--dir", tmp_path, "--lang", "en")
    assert ran.code == 0
    folder = tmp_path / "tmcs-crate-loan"
    written = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    assert written == [
        "README.md", "pyproject.toml", "src/tmcs_crate_loan/__init__.py", "src/tmcs_crate_loan/examples.yaml",
        "src/tmcs_crate_loan/flow.yaml", "src/tmcs_crate_loan/scripts.yaml", "tests/test_flow.py",
    ]  # fmt: skip
    assert sorted(ran.out.split()) == [str(folder / one) for one in written]
    assert "pip install -e" in ran.err
    assert not [file for file in folder.rglob("*") if file.is_file() and re.search("@[A-Z]+@", file.read_text("utf-8"))]
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"] == {"tmcs.flow": {"crate-loan": "tmcs_crate_loan"}}
    ran = tmcs("plugin", "check", folder, "--lang", "en")
    assert (ran.code, ran.out) == (0, "crate-loan: 3 paths, worked cases 3/3\n")


def test_a_skeleton_runs_once_it_is_installed(tmcs: Any, site: Site, tmp_path: Path) -> None:
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


def test_what_exists_is_not_overwritten(tmcs: Any, tmp_path: Path) -> None:
    (tmp_path / "tmcs-crate-loan").mkdir()
    ran = tmcs("plugin", "new", "crate-loan", "--dir", tmp_path, "--lang", "en")
    assert ran.code == 2
    assert "exists already" in ran.err
    assert list((tmp_path / "tmcs-crate-loan").iterdir()) == []
