"""Payouts: the contract's examples, and what must hold for every reason, tier and amount."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tmcs
from tmcs.core.errors import InputError
from tmcs.core.money import parse_money
from tmcs.core.parts import compute_payout
from tmcs.core.payout import Payout

NOW = tmcs.parse_time("2026-11-23T10:00:00+08:00")
TIERS = ["frontline", "second-line", "supervisor"]
REASONS = [
    "ship-delay", "shortage", "oversell", "oversell-unpaid", "not-shipped-72h", "delivery-delay", "transit-loss",
    "reorder", "missing-item", "missing-item-goodwill", "damage", "mismatch", "price-unpaid", "apology",
    "price-difference", "invoice-postage",
]  # fmt: skip


def payout(reason: str, amount: str, tier: str, **facts: str) -> dict[str, Any]:
    found = compute_payout(tmcs.load_policy(), reason, parse_money(amount), tier, facts, NOW)
    assert isinstance(found, Payout)
    return found.to_dict()


# The examples of the contract, and rulings C04, C05, C07, C09, C10, C28, C43 at their edges.
CASES: list[tuple[str, str, str, dict[str, str], dict[str, Any]]] = [
    ("damage", "100.00", "frontline", {}, {"min": "10.00", "max": "20.00", "commit": "10.00", "approval": "second-line"}),
    ("damage", "1500.00", "frontline", {}, {"min": "150.00", "max": "200.00", "commit": "150.00", "approval": "second-line"}),
    ("damage", "2500.00", "frontline", {}, {"min": "200.00", "max": "200.00", "commit": "200.00", "approval": None}),
    ("damage", "0.05", "second-line", {}, {"min": "0.01", "max": "0.01", "commit": "0.01", "approval": None}),
    ("damage", "0.04", "frontline", {}, {"min": "0.00", "max": "0.01", "commit": "0.00", "approval": "second-line"}),
    ("damage", "100.00", "second-line", {"declines_coupon": "yes"}, {"form": "coupon", "max": "20.00"}),
    ("not-shipped-72h", "1000.00", "frontline", {}, {"min": "300.00", "max": "300.00", "commit": "100.00", "approval": "supervisor"}),
    ("not-shipped-72h", "3000.00", "supervisor", {}, {"max": "500.00", "commit": "500.00", "approval": None}),
    ("not-shipped-72h", "3000.00", "second-line", {}, {"max": "500.00", "commit": "200.00", "approval": "supervisor"}),
    ("missing-item", "300.00", "frontline", {}, {"min": "10.00", "max": "10.00", "commit": "10.00", "approval": "second-line", "rate_min": None, "cap": None}),
    ("missing-item", "300.00", "second-line", {}, {"min": "30.00", "max": "60.00", "commit": "60.00", "approval": None}),
    ("missing-item", "20.00", "second-line", {}, {"min": "10.00", "max": "10.00", "commit": "10.00", "approval": None}),
    ("missing-item", "300.00", "second-line", {"short_shipped": "no"}, {"min": "10.00", "max": "10.00", "approval": None}),
    ("missing-item", "300.00", "frontline", {"short_shipped": "no"}, {"max": "10.00", "approval": "second-line"}),
    ("delivery-delay", "88.88", "second-line", {"declines_coupon": "yes"}, {"form": "cash", "min": "8.89", "max": "8.89", "commit": "8.89", "approval": None}),
    ("shortage", "150.00", "second-line", {"declines_coupon": "yes"}, {"form": "cash", "min": "15.00", "max": "15.00", "commit": "15.00"}),
    ("ship-delay", "150.00", "supervisor", {"declines_coupon": "yes"}, {"form": "cash", "min": "15.00", "max": "30.00", "commit": "30.00"}),
    ("shortage", "150.00", "frontline", {"declines_coupon": "yes"}, {"form": "coupon", "max": "30.00", "commit": "15.00"}),
    ("mismatch", "100.00", "frontline", {"item_price": "20.00"}, {"min": "10.00", "max": "20.00", "commit": "0.00", "approval": "second-line"}),
    ("mismatch", "100.00", "frontline", {"item_price": "20.01"}, {"commit": "10.00", "approval": "second-line"}),
    ("mismatch", "100.00", "second-line", {"item_price": "20.00"}, {"commit": "20.00", "approval": None}),
    ("apology", "100.00", "frontline", {}, {"min": "0.00", "max": "10.00", "commit": "0.00", "approval": "second-line"}),
    ("price-difference", "12.34", "frontline", {}, {"kind": "reimbursement", "form": "cash", "base": "12.34", "max": "12.34", "cap": None, "approval": None}),
    ("invoice-postage", "0", "frontline", {}, {"kind": "reimbursement", "form": "cash", "min": "5.00", "commit": "5.00", "approval": None}),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "amount", "tier", "facts", "expected"), CASES)
def test_payouts_are_those_of_the_contract(
    reason: str, amount: str, tier: str, facts: dict[str, str], expected: dict[str, Any]
) -> None:
    found = payout(reason, amount, tier, **facts)
    assert expected == {key: found[key] for key in expected}


@given(
    st.sampled_from(REASONS), st.integers(0, 10**9), st.sampled_from(TIERS), st.sampled_from(["yes", "no"]),
    st.integers(0, 10**6),
)  # fmt: skip
def test_no_payout_passes_its_cap_or_its_tier(reason: str, base: int, tier: str, declines: str, price: int) -> None:
    facts = {"declines_coupon": declines, "item_price": f"{price // 100}.{price % 100:02d}"}
    found = compute_payout(tmcs.load_policy(), reason, base, tier, facts, NOW)
    assert isinstance(found, Payout)
    assert 0 <= found.min <= found.max
    assert 0 <= found.commit <= found.max
    assert found.cap is None or found.max <= found.cap
    if found.rate_max is not None:
        floor = 1000 if reason == "missing-item" else 0
        assert found.max <= max(base, floor)


@given(st.sampled_from(REASONS), st.integers(0, 10**9))
def test_a_higher_tier_may_promise_no_less(reason: str, base: int) -> None:
    policy = tmcs.load_policy()
    commits = []
    for tier in TIERS:
        found = compute_payout(policy, reason, base, tier, {"item_price": "50"}, NOW)
        assert isinstance(found, Payout)
        commits.append(found.commit)
    assert commits == sorted(commits)


def test_a_missing_fact_is_named_not_guessed() -> None:
    found = compute_payout(tmcs.load_policy(), "mismatch", 100, "frontline", {}, NOW)
    assert isinstance(found, list)
    assert [fact.name for fact in found] == ["item_price"]


@pytest.mark.parametrize(
    ("reason", "tier", "facts"),
    [("damge", "frontline", {}), ("damage", "frontlin", {}), ("damage", "frontline", {"nonsense": "yes"}),
     ("damage", "frontline", {"declines_coupon": "perhaps"}), ("mismatch", "frontline", {"item_price": "20.001"})],
)  # fmt: skip
def test_unknown_words_are_refused(reason: str, tier: str, facts: dict[str, str]) -> None:
    with pytest.raises(InputError):
        compute_payout(tmcs.load_policy(), reason, 100, tier, facts, NOW)


def test_the_policy_has_exactly_the_reasons_of_the_contract() -> None:
    assert tmcs.load_policy().at(NOW).reasons == REASONS
