"""`--explain`: what other answers would have led to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW
from tmcs import loader
from tmcs.core.errors import TmcsError
from tmcs.core.order import Order, parse_time
from tmcs.core.resolution import Resolution
from tmcs.core.resolve import resolve
from tmcs.core.whynot import why_not
from tmcs.testing import example_order
from tmcs.testing.examples import read_examples

MOMENT = parse_time(NOW)
DAMAGE = {"photos_received": "yes", "goods_kind": "food", "damage_kind": "rotten-part", "partial_quantity": "no"}


def settle(flow: str, facts: dict[str, str], phase: str = "signed", **over: Any) -> Resolution:
    found = loader.load_flow(flow, checked=False)
    return resolve(found, Order(example_order(phase, **over)), facts, loader.load_policy(), MOMENT)


def others(found: Resolution) -> dict[str, list[tuple[tuple[Any, ...], Resolution]]]:
    answers: dict[str, list[tuple[tuple[Any, ...], Resolution]]] = {}
    for one in why_not(found):
        answers.setdefault(one.fact, []).append((one.values, one.result))
    return answers


def test_other_answers_and_what_they_lead_to() -> None:
    found = others(settle("damage", DAMAGE))
    (values, result), = found["photos_received"]
    assert (values, result.waits[0][0]) == (("no",), "customer")
    (values, result), = found["shipped"]
    assert (values, result.outcome, result.next_flow) == (("no",), "explain", "ship-tracking")
    (values, result), = found["partial_quantity"]
    assert (result.outcome, result.route) == ("refund", "abnormal")
    kinds = dict(found["goods_kind"])
    assert kinds["fruit-boxed",].needs[0].name == "fruit_claim"
    assert kinds["liquid", "glass", "toiletries", "other"].goods == "pickup"
    assert {value for values in kinds for value in values} == {"fruit-boxed", "liquid", "glass", "toiletries", "other"}
    assert found["refund_status"][0][0][0] == "WAIT_SELLER_AGREE"


def test_an_answer_that_changes_nothing_is_not_told() -> None:
    found = others(settle("damage", {**DAMAGE, "goods_kind": "other", "damage_kind": "other"}))
    assert "leaked-part" not in {value for values, _ in found.get("damage_kind", []) for value in values}


def test_intervals_are_told_by_their_limits(tmcs: Any) -> None:
    facts = {"mismatch_kind": "size", "photos_received": "yes", "barcode_matches": "no", "accepts": "yes"}
    (values, result), = others(settle("mismatch", facts))["item_price"]
    assert values == (("range", 0),)
    assert result.goods == "none"
    argv = [word for name, value in facts.items() for word in ("-s", f"{name}={value}")]
    given = ("-s", "closed=no", "-s", "shipped=yes", "-s", "paid=yes", "--item", "S1", "-s", "item_price=35", "-s", "trade_succeeded=no",
             "-s", "paid_amount=35")  # fmt: skip
    zh = tmcs("resolve", "mismatch", *argv, *given, "--explain").out
    assert "若为 ≤ 20.00 → 退款 · 不用取回" in zh
    assert "若为 否 → 等待客户" in zh
    assert "若为 是 → 退款 · 异常退货退款 · 转 abnormal-refund" in zh
    en = tmcs("resolve", "mismatch", *argv, *given, "--explain", "--lang", "en").out
    assert "if ≤ 20.00 → refund · nothing to collect" in en
    assert "if no → escalate · no payout" in en
    assert "若为" not in tmcs("resolve", "mismatch", *argv, *given).out


def test_an_open_question_shows_the_way_so_far() -> None:
    found = settle("damage", {})
    assert found.needs
    assert set(others(found)) == {"closed", "shipped", "paid", "refund_status"} & {step.fact for step in found.path}


@pytest.mark.parametrize("flow", ["damage", "mismatch", "missing-item"])
def test_every_other_answer_is_what_the_engine_says(flow: str) -> None:
    definition, policy = loader.load_flow(flow, checked=False), loader.load_policy()
    for example in read_examples(Path(definition.source).with_name("examples.yaml")):
        order = Order(example_order(example.phase, **example.order))
        try:
            found = resolve(definition, order, example.facts, policy, parse_time(example.now))
        except TmcsError:  # a case that shows a wrong answer refused
            continue
        began = time.perf_counter()
        for one in why_not(found):
            assert one.fact == found.path[one.step].fact
            for value in one.values:
                if isinstance(value, str) and one.fact not in ("tier", "item"):
                    again = resolve(definition, order, {**example.facts, one.fact: value}, policy, parse_time(example.now))
                    assert (again.status, again.outcome, again.goods) == (one.result.status, one.result.outcome, one.result.goods)
        assert time.perf_counter() - began < 1
