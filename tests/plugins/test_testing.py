"""`tmcs.testing`: what a plug-in's tests use, and our own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tmcs as package
from tests.plugins.conftest import FLOW
from tmcs import hookimpl
from tmcs.testing import (
    assert_check_passes,
    assert_resolves,
    clock,
    example_order,
    isolated,
    plugged,
    run_command,
    run_job,
)

ASK = ("resolve", "damage", "-s", "closed=no", "-s", "photos_received=no")


class Brief:
    """An object with a hook, not installed anywhere."""

    @hookimpl
    def tmcs_formats(self) -> dict[str, Any]:
        """Add a format."""
        return {"brief": lambda resolution, lang: f"{resolution.flow.id} {lang}"}


def test_an_object_is_a_plugin_for_a_while_and_leaves_nothing() -> None:
    path, modules = list(sys.path), set(sys.modules)
    with plugged(Brief(), name="brief") as dist:
        assert_check_passes(dist)
        assert run_command(*ASK, "--format", "brief", "--lang", "en").out == "damage en\n"
    assert run_command(*ASK, "--format", "brief").code == 2
    assert sys.path == path
    assert not [name for name in set(sys.modules) - modules if name.startswith("tmcs_testing")]


def test_a_flow_whose_files_are_a_tests_own(tmp_path: Path, tmcs_plug: Any) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW.format(id="odd"), "utf-8")
    (tmp_path / "scripts.yaml").write_text("{}\n", "utf-8")
    tmcs_plug(SimpleNamespace(tmcs_flow=hookimpl(lambda: package.FlowFiles(tmp_path), specname="tmcs_flow")), flow="odd")
    said = assert_resolves("odd", {"wanted": "yes"}, outcome="explain")
    assert said["flow"] == "odd"
    with pytest.raises(AssertionError, match="expected"):
        assert_resolves("odd", {"wanted": "yes"}, outcome="refund")
    (tmp_path / "flow.yaml").write_text(FLOW.format(id="odd").replace(', "no": done', ""), "utf-8")
    package.loader.reset()  # type: ignore[attr-defined]
    with pytest.raises(AssertionError, match=r"flow\.yaml"):
        assert_check_passes("odd")


def test_what_a_plugin_brings_has_to_be_named() -> None:
    with pytest.raises(ValueError, match="flow=ID"), plugged(Brief()):
        pass


def test_a_command_runs_apart_from_the_users_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_LANG", "en")
    with isolated(tmp_path / "a"), clock():
        assert "TMCS_LANG" not in os.environ
        assert os.environ["TMCS_NOW"] == "2026-11-23T10:00:00+08:00"
        assert run_command("order", "import", "-", stdin="nothing").code != 0
        assert os.environ["XDG_DATA_HOME"].startswith(str(tmp_path / "a"))
    assert os.environ["TMCS_LANG"] == "en"
    assert "TMCS_NOW" not in os.environ


def test_a_job_is_run_on_orders_of_the_test() -> None:
    unpaid = example_order("unpaid", tid="1")
    oversold = example_order("oversold", tid="2")
    assert [(item["key"], item["group"]) for item in run_job("oversell", [unpaid, oversold])] == [("2", "submit")]


def test_the_clock_of_a_test_is_set(tmcs_clock: Any, tmcs_run: Any, tmcs_store: str) -> None:
    tmcs_clock()
    from tmcs.cases.clock import now

    assert now().isoformat() == "2026-11-23T10:00:00+08:00"
    assert not Path(tmcs_store).exists()
    assert tmcs_run("--version").out == f"tmcs {package.__version__}\n"
