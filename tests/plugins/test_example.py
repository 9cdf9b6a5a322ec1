"""The third-party plug-in of `examples/`, installed with pip into a fresh environment, as a stranger would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.environment import Environment

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugins" / "tmcs-crate-return"
BACK = ("-s", "closed=no", "-s", "paid_amount=120.00", "-s", "signed=yes", "-s", "container=crate", "-s", "crate_at_hand=yes",
        "-s", "handover=courier-took", "--now", "2026-11-23T10:00:00+08:00")  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Install tmcs and the example from their folders."""
    found = Environment(tmp_path_factory.mktemp("fresh"))
    found.pip("install", "--quiet", str(ROOT), f"{EXAMPLE}[test]")
    return found


def states(fresh: Environment, **env: str) -> dict[str, str]:
    """Return ``{"kind dist:name": status}``."""
    ran = fresh.run("tmcs", "plugin", "list", "--format", "json", **env)
    assert ran.code == 0, ran.err
    return {f"{one['kind']} {one['dist']}:{one['name']}": one["status"] for one in ran.json["plugins"]}


def test_it_is_listed_beside_the_built_in_flows_and_passes_its_check(fresh: Environment) -> None:
    found = states(fresh)
    assert found["flow tmcs-crate-return:crate-return"] == "ok"
    assert found["plugin tmcs-crate-return:crate-return"] == "ok"
    assert found["flow tmcs:damage"] == "ok"
    assert set(found.values()) == {"ok"}
    ran = fresh.run("tmcs", "plugin", "check", "tmcs-crate-return", "--lang", "en")
    assert ran.code == 0, ran.out
    assert "crate-return: 15 paths, worked cases 9/9" in ran.out
    assert fresh.run("tmcs", "flow", "check", "crate-return").code == 0


@pytest.mark.parametrize("name", ["crate-return", "周转箱"])
def test_it_resolves_with_its_own_figures_rules_and_words(name: str, fresh: Environment) -> None:
    ran = fresh.run("tmcs", "resolve", name, *BACK, "--format", "json")
    assert ran.code == 4, ran.err
    assert ran.json["waits"][0]["fact"] == "crate_scanned"
    ran = fresh.run("tmcs", "resolve", name, *BACK, "-s", "crate_scanned=yes", "--format", "json")
    assert ran.code == 0, ran.err
    (payout,) = ran.json["payouts"]
    assert (payout["reason"], payout["max"], payout["cites"]) == ("crate-deposit", "20.00", ["X01-R06"])
    assert ran.json["policy"]["files"][-1].endswith("policy.yaml")
    ran = fresh.run("tmcs", "resolve", name, *BACK, "-s", "crate_scanned=yes", "--explain", "--lang", "en")
    assert "the deposit of 20 CNY is paid back" in ran.out
    assert fresh.run("tmcs", "payout", "crate-deposit", "--amount", "120", "--format", "json").json["max"] == "20.00"
    assert fresh.run("tmcs", "rule", "show", "X01-R06", "--lang", "en").out.startswith("X01-R06")


def test_its_output_format_works(fresh: Environment) -> None:
    ran = fresh.run("tmcs", "resolve", "crate-return", *BACK, "-s", "crate_scanned=yes", "--format", "crm-note")
    assert ran.code == 0
    assert ran.out.startswith("crate-return -: compensate; 赔付 crate-deposit 20.00")
    assert ran.out.count("\n") == 1


def test_its_own_tests_pass(fresh: Environment) -> None:
    ran = fresh.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=EXAMPLE, PYTHONDONTWRITEBYTECODE="1")
    assert ran.code == 0, ran.out


def test_it_is_disabled_and_the_rest_goes_on(fresh: Environment) -> None:
    env = {"TMCS_PLUGINS_DISABLED": "tmcs-crate-return"}
    found = states(fresh, **env)
    assert {found["flow tmcs-crate-return:crate-return"], found["plugin tmcs-crate-return:crate-return"]} == {"disabled"}
    assert fresh.run("tmcs", "resolve", "crate-return", **env).code == 2
    assert fresh.run("tmcs", "payout", "crate-deposit", "--amount", "1", **env).code == 2
    assert fresh.run("tmcs", "rule", "show", "X01-R06", **env).code == 6
    assert fresh.run("tmcs", "resolve", "damage", "-s", "closed=no", "-s", "photos_received=no", **env).code == 3
    folder = fresh.home / ".config" / "tmcs"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("plugins: {disabled: ['tmcs-crate-return:crate-return']}\n", "utf-8")
    assert states(fresh)["flow tmcs-crate-return:crate-return"] == "disabled"
    (folder / "config.yaml").unlink()
    assert states(fresh)["flow tmcs-crate-return:crate-return"] == "ok"


def test_a_skeleton_overrides_a_built_in_flow_in_sight(fresh: Environment) -> None:
    ran = fresh.run("tmcs", "plugin", "new", "damage")
    assert ran.code == 0, ran.err
    fresh.pip("install", "--quiet", "--editable", str(fresh.home / "tmcs-damage"))
    found = states(fresh)
    assert (found["flow tmcs:damage"], found["flow tmcs-damage:damage"]) == ("ok", "failed")
    env = {"TMCS_PLUGINS_OVERRIDE": "damage=tmcs-damage"}
    found = states(fresh, **env)
    assert (found["flow tmcs:damage"], found["flow tmcs-damage:damage"]) == ("overridden", "ok")
    ran = fresh.run("tmcs", "resolve", "damage", "-s", "closed=no", "-s", "wanted=yes", "--format", "json", **env)
    assert (ran.code, ran.json["outcome"]) == (0, "escalate"), ran.err
    assert [one["code"] for one in ran.json["warnings"]] == ["flow-overridden"]
    fresh.pip("uninstall", "--quiet", "--yes", "tmcs-damage")
    assert states(fresh)["flow tmcs:damage"] == "ok"
    assert fresh.run("tmcs", "resolve", "damage", "-s", "closed=no", "-s", "wanted=yes").code == 2


def test_once_it_is_gone_nothing_of_it_is_left(fresh: Environment) -> None:
    fresh.pip("uninstall", "--quiet", "--yes", "tmcs-crate-return")
    assert not [key for key in states(fresh) if "crate" in key]
    assert fresh.run("tmcs", "payout", "crate-deposit", "--amount", "1").code == 2
    assert fresh.run("tmcs", "plugin", "check").code == 0
