"""Whatever facts are given, a flow answers or says what is wrong with them, and answers the same again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tmcs import flowcheck, loader
from tmcs.core.errors import TmcsError
from tmcs.core.facts import Fact
from tmcs.core.order import REFUND_STATUSES, STATUSES, Order, parse_time
from tmcs.core.resolve import resolve
from tmcs.testing import example_order

FLOWS = tuple(sorted(flowcheck.FLOWS))
NOW = parse_time("2026-11-23T10:00:00+08:00")
PHASES = ("unpaid", "processing", "oversold", "shipped", "signed", "succeeded")


def _values(fact: Fact) -> st.SearchStrategy[Any]:
    money = st.sampled_from(["0.00", "0.01", "19.99", "20.00", "20.01", "999.99", "100000.00"])
    plain: st.SearchStrategy[Any] = {
        "money": money,
        "number": st.sampled_from(["0", "1", "2", "3", "47.5", "72"]),
        "date": st.dates().map(str),
        "text": st.text(max_size=20),
    }.get(fact.type, st.sampled_from([*fact.values, "maybe"]))
    return st.one_of(plain, plain, plain, st.text(max_size=4), st.booleans(), st.integers(-3, 3), st.none(), st.floats())


def _orders() -> st.SearchStrategy[dict[str, Any]]:
    line = st.fixed_dictionaries(
        {"oid": st.sampled_from(["1", "2"])},
        optional={
            "sku": st.sampled_from(["S1", "S2"]),
            "title": st.text(max_size=5),
            "price": st.sampled_from(["20.00", "20.01", "0.00"]),
            "num": st.integers(1, 4),
            "payment": st.sampled_from(["0.00", "33.33", "100.00"]),
            "refund_status": st.sampled_from(REFUND_STATUSES),
        },
    )
    over = st.fixed_dictionaries(
        {}, optional={"status": st.sampled_from(STATUSES), "orders": st.lists(line, max_size=3), "payment": st.just("0.03")}
    )
    whole = st.builds(lambda phase, more: example_order(phase, **more), st.sampled_from(PHASES), over)
    return st.one_of(whole, st.builds(lambda more: {"tid": "1", **more}, over))


@pytest.mark.parametrize("name", FLOWS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_random_facts(name: str, data: st.DataObject) -> None:
    flow, policy = loader.load_flow(name), loader.load_policy()
    facts = flow.settable()
    names = data.draw(st.lists(st.sampled_from([*facts, "tier", "item", "wrong"]), unique=True, max_size=len(facts)))
    given_facts: dict[str, Any] = {}
    for one in names:
        tier = st.sampled_from(["frontline", "second-line", "supervisor", "boss"])
        given_facts[one] = data.draw(_values(facts[one]) if one in facts else tier if one == "tier" else st.sampled_from(["S1", "x"]))
    record = data.draw(_orders())
    answers = []
    for _ in range(2):
        try:
            answers.append(resolve(flow, Order(record), given_facts, policy, NOW).to_dict())
        except TmcsError as error:
            answers.append(error.to_dict())
    assert answers[0] == answers[1]
    assert answers[0].get("exit", 2) in (2, 6)
    if "path" in answers[0] and answers[0]["status"] == "resolved":
        assert answers[0]["outcome"]
        assert (answers[0]["refund"] is not None) == (answers[0]["outcome"] == "refund")
