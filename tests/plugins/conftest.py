"""A folder on the import path in which a test lays out distributions, as pip would have installed them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.make_site import make_dist, make_module

FLOW = """\
flow: {id}
section: X01
title: {{zh: 测试 {id}, en: test {id}}}
aliases: [别名-{id}]
concerns: order
facts:
  wanted:
    type: yes-no
    from: agent
    label: {{zh: 需要, en: wanted}}
start: ask
nodes:
  ask: {{ask: wanted, branches: {{"yes": done, "no": done}}}}
  done: {{outcome: explain, do: [{{zh: 说明。, en: Explain.}}]}}
"""
FLOW_MODULE = """\
from tmcs import FlowFiles, hookimpl


@hookimpl
def tmcs_flow():
    return FlowFiles.beside(__file__)
"""


class Site:
    """Distributions on the import path.

    Attributes:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, dist: str, points: str, files: dict[str, str]) -> Path:
        """Install a distribution with this entry_points.txt; its package is called like it, with underscores.

        Returns the package's folder.
        """
        package = make_module(self.folder, dist.replace("-", "_"), files)
        make_dist(self.folder, dist, points)
        importlib.invalidate_caches()
        return package

    def add_flow(self, id: str, dist: str = "", module: str = FLOW_MODULE, flow: str = "") -> Path:
        """Install a flow that works, with another module or flow.yaml where given."""
        dist = dist or f"acme-{id}"
        files = {"__init__.py": module, "flow.yaml": flow or FLOW.format(id=id), "scripts.yaml": "{}\n"}
        return self.add(dist, f"[tmcs.flow]\n{id} = {dist.replace('-', '_')}\n", files)

    def add_plugin(self, dist: str, module: str, files: dict[str, str] | None = None) -> Path:
        """Install a plug-in of the group ``tmcs.plugin``."""
        points = f"[tmcs.plugin]\n{dist} = {dist.replace('-', '_')}\n"
        return self.add(dist, points, {"__init__.py": module, **(files or {})})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty folder on the import path; what a test imports from it is forgotten afterwards."""
    from tmcs import loader, plugins, rulebook

    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    rulebook.reset()  # what was read before the folder lay on the path
    yield Site(folder)
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(folder)):
            del sys.modules[name]
    for module in (loader, plugins, rulebook):
        module.reset()


@pytest.fixture
def listed(tmcs: Any) -> Any:
    """Return ``{"kind dist:name": plug-in}`` of ``tmcs plugin list``, and see that stdout is nothing but JSON."""

    def call() -> dict[str, dict[str, Any]]:
        ran = tmcs("plugin", "list", "--format", "json")
        assert ran.code == 0, ran.err
        return {f"{one['kind']} {one['dist']}:{one['name']}": one for one in ran.json["plugins"]}

    return call


@pytest.fixture
def goes_on(tmcs: Any) -> Any:
    """See that every other command works, whatever plug-in failed."""

    def call() -> None:
        for argv, code in (
            (("resolve", "damage", "-s", "closed=no", "-s", "photos_received=no", "--format", "json"), 3),
            (("resolve", "货品损坏", "-s", "closed=no", "-s", "photos_received=no", "--format", "json"), 3),
            (("flow", "list", "--format", "json"), 0),
            (("payout", "damage", "--amount", "100", "--format", "json"), 0),
            (("policy", "show", "--format", "json"), 0),
            (("rule", "show", "H04-R07", "--format", "json"), 0),
            (("config", "show", "--format", "json"), 0),
        ):
            ran = tmcs(*argv)
            assert ran.code == code, (argv, ran.err)
            assert ran.json, argv

    return call
