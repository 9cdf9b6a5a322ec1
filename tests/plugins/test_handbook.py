"""What plug-ins bring stands in the handbook, and is marked as theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.plugins.conftest import Site
from tmcs import rulebook

RULES = """\
section: X01
number: "1"
title: {zh: 自家规则, en: own rules}
purpose: {zh: 自家的事。, en: Our own affairs.}
rules:
  - {id: X01-R01, kind: step, statement: {zh: 先说明。, en: Explain first.}}
  - {id: X01-R02, kind: step, statement: {zh: 没人办的事。, en: Nobody's business.}}
"""
RULES_MODULE = """\
import os
from tmcs import hookimpl


@hookimpl
def tmcs_rules():
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "rules.yaml")
"""
FLOW = """\
flow: hats
section: X01
title: {zh: 帽子, en: hats}
concerns: order
facts:
  wanted: {type: yes-no, from: agent, label: {zh: 需要, en: wanted}}
start: ask
nodes:
  ask: {ask: wanted, branches: {"yes": done, "no": done}}
  done: {outcome: explain, do: [{zh: 说明。, en: Explain., cite: [X01-R01]}]}
"""


def test_a_plugins_flow_and_rules_stand_in_the_handbook(site: Site, tmcs: Any, tmp_path: Path) -> None:
    site.add_plugin("acme-rules", RULES_MODULE, {"rules.yaml": RULES})
    site.add_flow("hats", flow=FLOW)
    out = tmp_path / "book"
    built = tmcs("handbook", "build", "--out", out, "--lang", "en")
    assert (built.code, built.err) == (0, "")
    page = (out / "flow-hats.html").read_text()
    assert '<span class="mark">plug-in acme-hats 1.0</span>' in page
    assert '<a href="rules-X01.html#X01-R01">X01-R01</a>' in page
    rules = (out / "rules-X01.html").read_text()
    assert 'href="flow-hats.html#node-done"' in rules
    assert "X01-R02" in (out / "not-carried.html").read_text()
    index = (out / "en" / "index.md").read_text()
    assert "[hats](flow-hats.md) (plug-in) `acme-hats 1.0`" in index
    assert "plug-in" not in (out / "flow-damage.html").read_text()


def test_a_plugin_that_fails_stops_the_handbook_and_is_named(site: Site, tmcs: Any, tmp_path: Path) -> None:
    site.add_flow("hats", flow=FLOW.replace("branches:", "branchs:"))
    failed = tmcs("handbook", "build", "--out", tmp_path / "book")
    assert failed.code == 2
    assert "hats" in failed.err
    assert not (tmp_path / "book").exists()


def test_a_manifest_tells_which_plugins_count_in(site: Site, tmcs: Any, tmp_path: Path) -> None:
    path = tmp_path / "handbook.sha256"
    build = ("handbook", "build", "--format", "markdown", "--lang", "en")
    assert tmcs(*build, "--manifest", path).err == ""
    site.add_flow("hats")
    rulebook.reset()
    found = tmcs("handbook", "build", "--check", path)
    assert found.code == 1
    assert "en/flow-hats.md: is a new page" in found.out
    assert "acme-hats 1.0" in found.err
    written = tmcs(*build, "--manifest", path)
    assert written.code == 0
    assert "acme-hats 1.0" in written.err
    assert tmcs("handbook", "build", "--check", path).code == 0
