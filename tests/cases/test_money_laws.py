"""Laws of the ledger: they hold after any sequence of promises, payments, approvals and refusals over the cases of an order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.audit_kit import DAMAGE, LI, QIAN, ZHAO, desk, order
from tmcs.cases import ledger
from tmcs.cases.actor import Actor
from tmcs.cases.approvals import approve, reject
from tmcs.cases.payments import pay
from tmcs.cases.writer import read_events
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store

ACTORS = [LI, ZHAO, QIAN, Actor("wang", "second-line", "agent"), Actor("sun", "supervisor", "lead")]
MISMATCH = {"mismatch_kind": "variety", "photos_received": "yes", "barcode_matches": "no", "accepts": "yes"}
CASES = [("damage", DAMAGE), ("mismatch", MISMATCH), ("damage", DAMAGE)]
SUM = 2000  # the highest payout that any of them allows: 20% of 100.00
PAID = 10000  # what was paid for the order

STEP = st.tuples(
    st.sampled_from(["pay", "pay", "promise", "promise", "approve", "reject", "set", "close"]),
    st.integers(0, len(CASES) - 1),
    st.integers(0, len(ACTORS) - 1),
    st.sampled_from([None, "damage", "mismatch", "refund"]),
    st.sampled_from([None, 1, 500, 1000, 1500, 2000, 2001, 10000]),
)
_orders = itertools.count()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(str(tmp_path_factory.mktemp("laws") / "store.db"), write=True) as opened:
        yield opened


def act(store: Store, numbers: list[int], step: tuple[str, int, int, str | None, int | None]) -> None:
    """Do one step; what the rules refuse is refused."""
    what, case, actor, reason, amount = step
    at, number = desk(store, ACTORS[actor]), numbers[case]
    try:
        if what in ("pay", "promise"):
            pay(at, number, reason, amount, why="x", promise=what == "promise")
        elif what == "approve":
            approve(at, number)
        elif what == "reject":
            reject(at, number, None, "x")
        elif what == "set":
            at.set(number, {})
        else:
            at.close(number, "x", force=True)
            at.reopen(number, "x")
    except (InputError, NotFoundError, NotPermittedError):
        pass


def check(store: Store, tid: str, numbers: list[int]) -> None:
    """Assert the laws."""
    every = ledger.entries(store, tid, live=False)
    live = ledger.entries(store, tid)
    assert sum(one.amount for one in live if one.kind == "compensation") <= SUM
    assert sum(one.amount for one in live if one.kind == "refund") <= PAID
    assert max(Counter(one.reason for one in live).values(), default=1) == 1
    paid = Counter(
        (event.data["reason"]) for number in numbers for event in read_events(store, number) if event.kind == "paid"
    )
    assert max(paid.values(), default=1) == 1, "no cause is paid twice"
    for number in numbers:
        said = ledger.folded(read_events(store, number))
        assert said == {one.id: one.kept() for one in every if one.case_id == number}
    for one in every:
        assert one.agent not in one.approvers, "maker and checker are two"
        assert len(set(one.approvers)) == len(one.approvers)
        assert 0 < one.amount <= one.most
        if one.state == "paid" and one.kind == "compensation" and one.tier == "frontline" and one.amount > 1000:
            assert one.approvers, "above the first line's authority somebody approved"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(STEP, min_size=3, max_size=14))
def test_the_laws_hold_after_any_sequence(store: Store, steps: list[Any]) -> None:
    tid = f"L{next(_orders)}"
    numbers = [desk(store).open(load_flow(flow), load_policy(), order(tid), facts)[0] for flow, facts in CASES]
    for step in steps:
        act(store, numbers, step)
    check(store, tid, numbers)


def test_the_laws_are_not_held_by_refusing_everything(store: Store) -> None:
    """The same steps do pay what may be paid."""
    tid = f"L{next(_orders)}"
    numbers = [desk(store).open(load_flow(flow), load_policy(), order(tid), facts)[0] for flow, facts in CASES]
    for step in (
        ("promise", 0, 0, "damage", 1000), ("pay", 0, 0, "damage", 1500), ("approve", 0, 1, None, None), ("pay", 0, 0, None, None),
        ("pay", 1, 1, "mismatch", 500), ("pay", 2, 0, "refund", None), ("pay", 1, 0, "refund", None),
    ):
        act(store, numbers, step)
    check(store, tid, numbers)
    assert [(one.reason, one.amount, one.state) for one in ledger.entries(store, tid)] == [
        ("damage", 1500, "paid"), ("mismatch", 500, "paid"), ("refund:S1", 10000, "paid"),
    ]  # fmt: skip
