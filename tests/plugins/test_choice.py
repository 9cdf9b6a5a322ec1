"""Plug-ins are disabled and flows overridden by configuration, and both are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import Site

ASK = ("-s", "closed=no", "-s", "wanted=yes", "--format", "json")


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the desk's configuration file."""

    def write(text: str) -> None:
        file = tmp_path / "tmcs.yaml"
        file.write_text(text, "utf-8")
        monkeypatch.setenv("TMCS_CONFIG", str(file))

    return write


@pytest.mark.parametrize("word", ["odd", "acme-odd", "Acme_Odd", "acme-odd:odd", "ACME.odd:odd"])
def test_a_plugin_is_disabled_by_any_of_its_names(word: str, site: Site, listed: Any, configured: Any, tmcs: Any) -> None:
    site.add_flow("odd")
    assert tmcs("resolve", "odd", *ASK).code == 0
    configured(f"plugins: {{disabled: [{word}]}}\n")
    found = listed()["flow acme-odd:odd"]
    assert (found["status"], found["reason"]["en"]) == ("disabled", f"plugins.disabled names {word}")
    ran = tmcs("resolve", "odd", *ASK, "--lang", "en")
    assert ran.code == 2
    assert f"plug-in acme-odd:odd is disabled: plugins.disabled names {word}" in ran.err
    assert tmcs("resolve", "别名-odd", *ASK).code == 2
    assert tmcs("plugin", "check").code == 0


def test_a_disabled_plugin_is_not_imported(site: Site, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add_flow("odd", module="raise SystemExit('imported')")
    monkeypatch.setenv("TMCS_PLUGINS_DISABLED", "acme-odd, something-else")
    ran = tmcs("plugin", "check", "--lang", "en")
    assert "imported" not in ran.out + ran.err
    assert "the configuration names something-else, which is not installed" in ran.err
    assert ran.code == 1


def test_a_built_in_flow_can_be_disabled(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_PLUGINS_DISABLED", "damage")
    assert tmcs("resolve", "damage").code == 2
    assert tmcs("resolve", "货品损坏").code == 2
    assert tmcs("resolve", "missing-item", "-s", "closed=no", "--format", "json").code in (3, 4)


@pytest.mark.parametrize("way", ["file", "environment"])
def test_a_built_in_flow_is_overridden_and_the_resolution_says_so(
    way: str, site: Site, listed: Any, configured: Any, tmcs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add_flow("damage", dist="acme-flows")
    if way == "file":
        configured("plugins: {override: {damage: acme-flows}}\n")
    else:
        monkeypatch.setenv("TMCS_PLUGINS_OVERRIDE", "damage=acme-flows")
    found = listed()
    assert found["flow tmcs:damage"]["status"] == "overridden"
    assert found["flow tmcs:damage"]["reason"]["en"] == "overridden by acme-flows"
    assert found["flow acme-flows:damage"]["status"] == "ok"
    assert found["flow acme-flows:damage"]["overrides"] == ["tmcs"]
    assert found["flow acme-flows:damage"]["reason"]["en"] == "overrides damage of tmcs"
    ran = tmcs("resolve", "damage", *ASK)
    assert (ran.code, ran.json["outcome"]) == (0, "explain")
    (warning,) = [one for one in ran.json["warnings"] if one["code"] == "flow-overridden"]
    assert warning["text"]["en"] == "flow damage is that of plug-in acme-flows 1.0, which overrides tmcs"
    text = tmcs("resolve", "damage", *ASK[:-1], "text").out
    assert "acme-flows 1.0" in text
    assert tmcs("resolve", "missing-item", "-s", "closed=no", "--format", "json").json["warnings"] == []


def test_an_override_that_is_not_installed_is_not_passed_over(configured: Any, listed: Any, tmcs: Any) -> None:
    configured("plugins: {override: {damage: acme-flows, nothing: acme}}\n")
    found = listed()["flow tmcs:damage"]
    assert found["status"] == "failed"
    assert found["reason"]["en"] == "plugins.override gives damage to acme-flows, which is not installed"
    assert tmcs("resolve", "damage").code == 2
    ran = tmcs("plugin", "check", "--lang", "en")
    assert ran.code == 1
    assert "the configuration names nothing: acme, which is not installed" in ran.err


def test_an_override_that_fails_is_no_reason_to_decide_by_the_other_flow(
    site: Site, configured: Any, listed: Any, tmcs: Any
) -> None:
    site.add_flow("damage", dist="acme-flows", module="raise ValueError('no luck')")
    configured("plugins: {override: {damage: acme-flows}}\n")
    assert listed()["flow acme-flows:damage"]["status"] == "failed"
    assert listed()["flow tmcs:damage"]["status"] == "overridden"
    assert tmcs("resolve", "damage", "-s", "photos_received=no").code == 2


def test_a_disabled_plugin_overrides_nothing(site: Site, configured: Any, listed: Any, tmcs: Any) -> None:
    site.add_flow("damage", dist="acme-flows")
    configured("plugins: {override: {damage: acme-flows}, disabled: [acme-flows]}\n")
    found = listed()
    assert (found["flow acme-flows:damage"]["status"], found["flow tmcs:damage"]["status"]) == ("disabled", "ok")
    assert tmcs("resolve", "damage", "-s", "closed=no", "-s", "photos_received=no", "--format", "json").json["flow"] == "damage"


def test_a_name_that_no_plugin_has_is_refused_with_the_nearest(tmcs: Any) -> None:
    ran = tmcs("plugin", "check", "dammage", "--lang", "en")
    assert ran.code == 2
    assert "unknown plug-in: dammage; nearest: damage" in ran.err
