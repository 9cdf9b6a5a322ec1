"""Fixtures for tests of plug-ins; in ``conftest.py``: ``pytest_plugins = ["tmcs.testing.pytest"]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tmcs.testing.desk import NOW, Ran, environment, forget, plugged, run_command


@pytest.fixture(scope="session")
def tmcs_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole run: reading YAML anew for each test would only cost time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def tmcs_apart(tmp_path: Path, tmcs_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a test apart from the user's own files: configuration, store, policy and cache lie in temporary folders."""
    # The test's own changes of the environment are undone together with these, in their order.
    for name, value in environment(tmp_path, tmcs_cache).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    forget()


@pytest.fixture
def tmcs_run(tmcs_apart: None) -> Callable[..., Ran]:
    """Run a command line in this process: ``tmcs_run("resolve", "damage", "--format", "json").json``."""
    return run_command


@pytest.fixture
def tmcs_store(tmcs_apart: None, tmp_path: Path) -> str:
    """Where a store of this test may lie: what ``--store`` and TMCS_STORE take."""
    return str(tmp_path / "store.db")


@pytest.fixture
def tmcs_plug(tmcs_apart: None) -> Iterator[Callable[..., str]]:
    """Register a plug-in for this test without installing it: ``tmcs_plug(module, flow="crate-return")``."""
    with ExitStack() as stack:

        def plug(plugin: object, **names: str) -> str:
            return stack.enter_context(plugged(plugin, **names))

        yield plug


@pytest.fixture
def tmcs_clock(tmcs_apart: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the clock for the rest of this test: ``tmcs_clock("2026-11-23T10:00:00+08:00")``, that moment by default."""

    def at(now: str = NOW) -> None:
        monkeypatch.setenv("TMCS_NOW", now)

    return at
