"""`tmcs payout`, `tmcs disposal`, `tmcs script`, `tmcs policy`: parts of a decision by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW


def test_a_payout_is_one_object(tmcs: Any) -> None:
    found = tmcs("payout", "damage", "--amount", "100", "--format", "json").json
    assert list(found) == [
        "reason", "kind", "form", "offer", "base", "rate_min", "rate_max", "min", "max", "cap", "commit", "tier",
        "approval", "cites",
    ]  # fmt: skip
    assert (found["min"], found["max"], found["commit"], found["approval"]) == ("10.00", "20.00", "10.00", "second-line")


def test_a_payout_for_a_person_says_who_may_promise_what(tmcs: Any) -> None:
    assert "优惠券 10.00 元 (客户提出时)；至多 20.00 元，须二线批准" in tmcs("payout", "damage", "--amount", "100").out
    assert "up to CNY 20.00" in tmcs("payout", "damage", "--amount", "100", "--lang", "en").out


def test_a_payout_that_needs_a_fact_says_so(tmcs: Any) -> None:
    ran = tmcs("payout", "mismatch", "--amount", "100", "--format", "json")
    assert (ran.code, ran.json["needs"][0]["fact"]) == (3, "item_price")


@pytest.mark.parametrize(
    "argv",
    [["damage"], ["hurt-feelings", "--amount", "1"], ["damage", "--amount", "12.345"], ["damage", "--amount", "-1"],
     ["damage", "--amount", "1e3"], ["damage", "--amount", "１"], ["damage", "--amount", "1", "--tier", "boss"],
     ["damage", "--amount", "1", "-s", "x=1"], []],
)  # fmt: skip
def test_a_wrong_payout_is_refused(tmcs: Any, argv: list[str]) -> None:
    ran = tmcs("payout", *argv)
    assert (ran.code, ran.out) == (2, "")


def test_every_reason_is_listed(tmcs: Any) -> None:
    reasons = tmcs("payout", "--list", "--format", "json").json["reasons"]
    assert len(reasons) == 16
    text = tmcs("payout", "--list").out
    assert all(one["reason"] in text for one in reasons)


@pytest.mark.parametrize(
    ("kind", "damage", "claim", "goods"),
    [
        ("fruit-boxed", "rotten-part", "exchange-case", "pickup"),
        ("fruit-boxed", "rotten-part", "partial-refund", "write-off"),
        ("fruit-boxed", "rotten", None, "write-off"),
        ("fruit-boxed", "package-broken", None, "write-off"),
        ("fruit-boxed", "shattered", None, "pickup"),
        ("fruit-soft", "rotten-part", None, "write-off"),
        ("fruit-soft", "leaked-part", None, "pickup"),
        ("fruit-soft", "quality-opened", None, "write-off"),
        ("food", "package-broken", None, "write-off"),
        ("food", "rotten-part", None, "write-off"),
        ("food", "other", None, "pickup"),
        ("seasoning", "leaked-part", None, "write-off"),
        ("glass", "shattered", None, "write-off"),
        ("glass", "package-broken", None, "pickup"),
        ("glass", "rotten", None, "write-off"),
        ("liquid", "leaked-empty", None, "write-off"),
        ("liquid", "leaked-part", None, "pickup"),
        ("toiletries", "leaked-empty", None, "write-off"),
        ("toiletries", "package-broken", None, "pickup"),
        ("other", "shattered", None, "pickup"),
        ("other", "rotten", None, "write-off"),
        (None, "rotten", None, "write-off"),
        ("other", None, None, None),
        ("fruit-boxed", "rotten-part", None, None),
        (None, None, None, None),
    ],
)
def test_goods_come_back_or_are_written_off(
    tmcs: Any, kind: str | None, damage: str | None, claim: str | None, goods: str | None
) -> None:
    facts = {"goods_kind": kind, "damage_kind": damage, "fruit_claim": claim}
    argv = [word for name, value in facts.items() if value for word in ("-s", f"{name}={value}")]
    ran = tmcs("disposal", *argv, "--format", "json")
    if goods is None:
        assert (ran.code, ran.json["status"]) == (3, "needs-facts")
    else:
        assert (ran.code, ran.json["goods"]) == (0, goods)
        assert ran.json["cites"]


def test_disposal_states_its_rules_on_request(tmcs: Any) -> None:
    ran = tmcs("disposal", "-s", "goods_kind=glass", "-s", "damage_kind=shattered", "--explain")
    assert "就地报废" in ran.out
    assert "H04-R06" in ran.out


def test_an_unknown_fact_of_disposal_is_refused(tmcs: Any) -> None:
    assert tmcs("disposal", "-s", "good_kind=food").code == 2


def test_scripts_are_listed_with_their_moments(tmcs: Any) -> None:
    out = tmcs("script", "damage").out
    assert "damage-confirmed" in out
    assert "照片收到" in out
    found = tmcs("script", "mismatch", "--format", "json").json["scripts"]
    assert {"greeting", "page-error", "split-shipment"} <= {one["moment"] for one in found}


def test_a_script_is_printed_with_its_values(tmcs: Any) -> None:
    ran = tmcs("script", "damage", "normal-refund", "-s", "refund_due=11月28日")
    assert ran.code == 0
    assert "最迟 11月28日 退给您" in ran.out


def test_a_script_without_its_values_is_not_printed(tmcs: Any) -> None:
    ran = tmcs("script", "damage", "normal-refund")
    assert ran.code == 3
    assert "refund_due" in ran.out
    assert "退给您" not in ran.out


def test_a_script_takes_its_figures_from_the_resolution(tmcs: Any, order: dict[str, Any]) -> None:
    facts = ["photos_received=yes", "goods_kind=food", "damage_kind=rotten", "partial_quantity=no"]
    argv = [word for fact in facts for word in ("-s", fact)]
    ran = tmcs("script", "damage", "normal-refund", "--order-json", "-", "--now", NOW, *argv, stdin=json.dumps(order))
    assert ran.code == 0
    assert "11月28日" in ran.out


@pytest.mark.parametrize("argv", [["damage", "nonsense"], ["dmage"], ["damage", "greeting"], ["damage", "normal-refund", "-s", "x=1"]])
def test_unknown_moments_and_names_are_refused(tmcs: Any, argv: list[str]) -> None:
    assert tmcs("script", *argv).code == 2


def test_policy_show_says_where_a_figure_comes_from(tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text('limits: {small-value: {value: "30.00"}}\n', "utf-8")
    out = tmcs("policy", "show", "limits", "--policy", file).out
    assert "30.00" in out
    assert f"{file}:1" in out
    assert tmcs("policy", "show", "limits.small-value.value", "--format", "json").json["figures"] == {
        "limits.small-value.value": "20.00"
    }
    assert tmcs("policy", "show", "limit").code == 2


def test_the_call_sheet_leaves_open_what_is_open_and_fills_what_is_known(tmcs: Any, order: dict[str, Any]) -> None:
    blank = tmcs("script", "damage", "--all").out
    assert "〔refund_due〕" in blank
    assert "evidence@example.invalid" in blank
    facts = ["photos_received=yes", "goods_kind=food", "damage_kind=rotten", "partial_quantity=no"]
    argv = [word for fact in facts for word in ("-s", fact)]
    filled = tmcs("script", "damage", "--all", "--order-json", "-", "--now", NOW, *argv, stdin=json.dumps(order)).out
    assert "〔refund_due〕" not in filled
    assert "11月28日" in filled
    assert tmcs("script", "damage", "--all", "--format", "json").json["flow"] == "damage"
