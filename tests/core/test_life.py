"""The states of an order: what each says is what the engine reads from such an order, and no order is in any other."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tmcs.core.life import DECIDED, HOURS_PAID, HOURS_SHIPPED, STATES, hours_fit
from tmcs.core.order import ORDER_FACTS, STATUSES, Order, parse_time

NOW = parse_time("2026-11-23T10:00:00+08:00")
PAID, SHIPPED, SIGNED, ENDED = ("2026-11-20T10:00:00+08:00", "2026-11-21T10:00:00+08:00", "2026-11-22T10:00:00+08:00",
                                "2026-11-23T09:00:00+08:00")  # fmt: skip


def said(record: dict[str, Any]) -> dict[str, Any]:
    order = Order({"tid": "1", "orders": [], **record})
    return {name: ORDER_FACTS[name](order, None, NOW) for name in (*DECIDED, HOURS_PAID, HOURS_SHIPPED)}


def orders() -> list[dict[str, Any]]:
    """Every order whose status and times tell one story."""
    found = []
    for status, paid, shipped, signed, lbx in product(STATUSES, (None, PAID), (None, SHIPPED), (None, SIGNED), (None, "LBX1")):
        before = status in ("TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM", "TRADE_CLOSED_BY_TAOBAO")
        waiting = status in ("PAID_FORBID_CONSIGN", "WAIT_SELLER_SEND_GOODS")
        closed = status == "TRADE_CLOSED"
        if (paid is None) != before or (signed and not shipped) or (shipped and not paid):
            continue
        if not closed and ((shipped is None) != (before or waiting) or (signed and status == "SELLER_CONSIGNED_PART")):
            continue
        if status in ("TRADE_BUYER_SIGNED", "TRADE_FINISHED") and not signed:
            continue
        end = ENDED if status in ("TRADE_FINISHED", "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO") else None
        found.append({"status": status, "pay_time": paid, "consign_time": shipped, "sign_time": signed, "end_time": end, "lbx": lbx})
    return found


@pytest.mark.parametrize("record", orders(), ids=str)
def test_every_order_is_in_one_state(record: dict[str, Any]) -> None:
    facts = said(record)
    states = [state for state in STATES if all(state.facts[name] == facts[name] for name in DECIDED)]
    assert len(states) == 1
    assert record["status"] in states[0].statuses
    for name in (HOURS_PAID, HOURS_SHIPPED):
        assert (facts[name] is None) == (states[0].choices.get(name) == ())


def test_every_state_but_no_order_is_that_of_some_order() -> None:
    seen = {tuple(said(record)[name] for name in DECIDED) for record in orders()}
    assert {tuple(state.facts[name] for name in DECIDED) for state in STATES[:-1]} == seen
    assert set(STATES[-1].facts.values()) == {"no"}


def test_events_follow_each_other() -> None:
    for state in STATES:
        for later, earlier in (("trade_succeeded", "signed"), ("signed", "shipped"), ("shipped", "paid"), ("paid", "order_placed")):
            assert state.facts[later] == "no" or state.facts[earlier] == "yes"
        assert state.facts["order_received"] == state.facts["signed"]
        assert not (state.facts["closed"] == state.facts["trade_succeeded"] == "yes")
    assert hours_fit(72, 72)
    assert not hours_fit(48, 49)
