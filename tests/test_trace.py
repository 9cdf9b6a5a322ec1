"""Nothing of the handbook is left out, and a ruling that is held open sends its cases up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tmcs
from tests.conftest import NOW
from tmcs import rulebook
from tmcs.jobs.definition import load_jobs
from tmcs.loader import load_flows
from tmcs.trace import HANDLING, PROACTIVE, carriers, idle_excuses, trace

FACTS = [
    word
    for fact in ("mismatch_kind=size", "photos_received=yes", "barcode_matches=no", "accepts=yes")
    for word in ("-s", fact)
]


def test_every_rule_of_the_flows_and_jobs_is_carried_or_excused() -> None:
    rows = trace(load_flows(), tmcs.load_policy(()), (*HANDLING, *PROACTIVE), load_jobs())
    assert len(rows) == sum(len(rulebook.section(section).rules) for section in (*HANDLING, *PROACTIVE)) == 527
    assert [row.rule for row in rows if row.missing] == []
    assert idle_excuses(rows) == []


def test_every_excuse_is_given_by_the_flow_of_its_section() -> None:
    plugins = [*load_flows(), *load_jobs()]
    wrong = [(one.id, rule) for one in plugins for rule in one.not_executable if rule[:3] != one.section]
    assert wrong == []


def test_every_citation_names_a_rule_or_ruling() -> None:
    cited = carriers(load_flows(), tmcs.load_policy(()), load_jobs())
    assert sorted(set(cited) - rulebook.known_ids()) == []


def test_a_rule_that_nothing_carries_fails(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tmcs("rule", "trace").code == 0
    monkeypatch.setenv("TMCS_PLUGINS_DISABLED", "damage")
    ran = tmcs("rule", "trace", "H04", "--missing", "--lang", "en")
    assert ran.code == 1
    assert "H04-R29" in ran.out
    assert "H03-R01" not in ran.out


def test_a_rule_shows_what_carries_it(tmcs: Any) -> None:
    found = tmcs("rule", "trace", "H04-R29", "--format", "json").json
    assert found["rules"] == [
        {"rule": "H04-R29", "carriers": ["damage:script damage-confirmed"], "not_executable": None}
    ]
    assert tmcs("rule", "trace", "H99").code == 6


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The desk's policy: one ruling held open, another changed."""
    file = tmp_path / "desk.yaml"
    file.write_text(
        "rulings:\n  C43: {status: unresolved}\n"
        "  C42: {resolution: {zh: 按折后价, en: by the price paid}, owner: {zh: 王主管, en: supervisor}, ruled: 2026-11-24}\n",
        "utf-8",
    )
    return file


def test_a_case_that_rests_on_an_open_ruling_goes_up(tmcs: Any, order: dict[str, Any], desk: Path) -> None:
    argv = ["resolve", "mismatch", "--order-json", "-", "--now", NOW, "--format", "json", *FACTS]
    assert tmcs(*argv, stdin=json.dumps(order)).json["outcome"] == "refund"
    found = tmcs(*argv, "--policy", desk, stdin=json.dumps(order)).json
    assert (found["outcome"], found["refund"], found["payouts"]) == ("escalate", None, [])
    assert [task["queue"] for task in found["tasks"]] == ["supervisor"]
    assert "C43" in found["steps"][0]["text"]["zh"]
    assert found["path"][-1]["cites"] == ["C43"]


def test_a_case_that_rests_on_settled_rulings_goes_on(tmcs: Any, order: dict[str, Any], desk: Path) -> None:
    facts = ["photos_received=yes", "goods_kind=food", "damage_kind=rotten", "partial_quantity=no"]
    argv = [word for fact in facts for word in ("-s", fact)]
    ran = tmcs("resolve", "damage", "--order-json", "-", "--policy", desk, "--format", "json", *argv, stdin=json.dumps(order))
    assert ran.json["outcome"] == "refund"


def test_the_register_shows_sides_ruling_owner_review_and_what_it_touches(tmcs: Any, desk: Path) -> None:
    out = tmcs("rule", "conflicts", "C43", "--lang", "en").out
    for word in ("H05-R26", "H05-R27", "desk lead", "2027-11-23", "mismatch:refund-normal", "policy payouts.mismatch"):
        assert word in out
    changed = tmcs("rule", "conflicts", "C42", "--policy", desk, "--format", "json").json["rulings"][0]
    assert changed["resolution"]["en"] == "by the price paid"
    assert (changed["owner"]["zh"], changed["review"]) == ("王主管", "2027-11-24")
    assert changed["changed_by"].startswith(str(desk))
    assert tmcs("rule", "conflicts", "C43", "--policy", desk, "--format", "json").json["rulings"][0]["status"] == "unresolved"
    assert len(tmcs("rule", "conflicts", "--format", "json").json["rulings"]) == 120


def test_a_ruling_that_does_not_exist_is_refused(tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text("rulings: {C430: {status: unresolved}}\n", "utf-8")
    ran = tmcs("rule", "conflicts", "C43", "--policy", file)
    assert ran.code == 2
    assert "C43" in ran.err


@pytest.mark.parametrize("status", ["open", "unresolvd"])
def test_a_wrong_status_is_refused_with_its_place(tmcs: Any, tmp_path: Path, status: str) -> None:
    file = tmp_path / "desk.yaml"
    file.write_text(f"rulings:\n  C43: {{status: {status}}}\n", "utf-8")
    ran = tmcs("policy", "show", "limits", "--policy", file)
    assert ran.code == 2
    assert f"{file}:2:17" in ran.err
