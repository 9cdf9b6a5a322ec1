"""The flow `crate-return`: its worked cases, its figures and its output format."""

from __future__ import annotations

from tmcs_crate_return import crm_note

import tmcs
from tmcs.testing import example_order, run_examples

NOW = tmcs.parse_time("2026-11-23T10:00:00+08:00")
GIVEN_BACK = {"container": "crate", "crate_at_hand": "yes", "handover": "courier-took"}


def decide(**facts: str) -> tmcs.Resolution:
    """Return the resolution for a delivered order."""
    order = tmcs.Order(example_order("signed"))
    return tmcs.resolve(tmcs.load_flow("crate-return"), order, facts, tmcs.load_policy(), NOW)


def test_the_worked_cases_hold() -> None:
    results = run_examples(tmcs.load_flow("crate-return"), tmcs.load_policy())
    assert len(results) == 9
    assert [finding.message("en") for result in results for finding in result.findings] == []


def test_an_alias_names_the_flow() -> None:
    assert tmcs.load_flow("周转箱").id == "crate-return"


def test_the_deposit_is_due_in_three_working_days_and_cites_its_rules() -> None:
    found = decide(**GIVEN_BACK, crate_scanned="yes").to_dict()
    (payout,) = found["payouts"]
    assert payout["max"] == "20.00"
    assert payout["cites"] == ["X01-R06"]
    assert ("crate-deposit", "2026-11-26") in [(one["id"], one["due"]) for one in found["deadlines"]]


def test_the_depot_is_waited_for() -> None:
    found = decide(**GIVEN_BACK).to_dict()
    assert found["status"] == "waiting"
    assert found["waits"] == [{"on": "courier", "fact": "crate_scanned", "due": "2026-11-25"}]


def test_a_note_for_the_crm_stands_on_one_line() -> None:
    note = crm_note(decide(**GIVEN_BACK, crate_scanned="yes"), "zh")
    assert note.startswith("crate-return 2026112000001: compensate; 赔付 crate-deposit 20.00")
    assert "\n" not in note
