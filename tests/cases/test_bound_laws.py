"""Nothing that agents do, alone or together, draws more on one order than `tmcs policy bound` says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases.audit_kit import DAMAGE, LI, QIAN, ZHAO, desk, order
from tests.conftest import line
from tmcs.bound import Bounds, installed
from tmcs.cases import ledger
from tmcs.cases.actor import Actor
from tmcs.cases.approvals import approve, reject
from tmcs.cases.payments import pay
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError
from tmcs.core.money import format_money
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store

ACTORS = [LI, ZHAO, QIAN, Actor("wang", "second-line", "lead"), Actor("sun", "supervisor", "lead")]
PAID = [100, 3334, 10_000, 170_000]  # fen: the flat sum is the most, the share is, and the cap
MISMATCH = {"mismatch_kind": "variety", "photos_received": "yes", "barcode_matches": "no", "accepts": "yes"}
STEP = st.tuples(
    st.sampled_from(["pay", "pay", "pay", "promise", "approve", "approve", "reject", "move-on", "set", "close"]),
    st.integers(0, 6),
    st.integers(0, len(ACTORS) - 1),
    st.sampled_from([None, None, "refund", "damage", "not-shipped-72h", "price-difference", "invoice-postage", "missing-item"]),
    st.sampled_from([None, "half", "all", "all", "more"]),
)
_orders = itertools.count()


@cache
def bounds() -> Bounds:
    return installed()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(str(tmp_path_factory.mktemp("bound") / "store.db"), write=True) as opened:
        yield opened


def openings(paid: int) -> list[tuple[str, dict[str, str]]]:
    """Return the cases that reach the bound, each by its own way, and two ordinary ones."""
    found = bounds().at(paid)
    ways = [(one.flow, one.facts) for part in found.parts.values() for one in part.causes if one.reason != "refund-freight"]
    return [*ways, ("damage", DAMAGE), ("mismatch", MISMATCH)]


def open_all(store: Store, paid: int) -> tuple[str, list[int]]:
    """Open them all on one order."""
    tid, money = f"B{next(_orders)}", format_money(paid)
    record = order(tid, payment=money, orders=[line("S1", money)])
    numbers = []
    for flow, facts in openings(paid):
        given = {name: value for name, value in facts.items() if name != "tier"}
        tier = {"frontline": LI, "second-line": ZHAO, "supervisor": QIAN}[facts.get("tier", "frontline")]
        numbers.append(desk(store, tier).open(load_flow(flow), load_policy(), record, given)[0])
    return tid, numbers


def act(store: Store, numbers: list[int], paid: int, step: Any) -> None:
    """Do one step; what the rules refuse is refused."""
    what, case, actor, reason, size = step
    at, number = desk(store, ACTORS[actor]), numbers[case % len(numbers)]
    amount = {None: None, "half": paid // 2, "all": paid, "more": paid * 3}[size]
    try:
        if what in ("pay", "promise"):
            pay(at, number, reason, amount, why="x", promise=what == "promise")
        elif what == "approve":
            approve(at, number)
        elif what == "reject":
            reject(at, number, None, "x")
        elif what == "move-on":
            at.move_on(number, load_flow)
        elif what == "set":
            at.set(number, {})
        else:
            at.close(number, "x", force=True)
            at.reopen(number, "x")
    except (InputError, NotFoundError, NotPermittedError):
        pass


def drawn(store: Store, tid: str) -> dict[str, int]:
    """Return what is promised, asked for or paid on an order, by kind."""
    sums = dict.fromkeys(("compensation", "reimbursement", "refund"), 0)
    for one in ledger.entries(store, tid):
        sums[one.kind] += one.amount
    return sums


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(PAID), st.lists(STEP, min_size=4, max_size=20))
def test_no_sequence_draws_more_than_the_bound(store: Store, paid: int, steps: list[Any]) -> None:
    tid, numbers = open_all(store, paid)
    for step in steps:
        act(store, numbers, paid, step)
    bound, sums = bounds().at(paid), drawn(store, tid)
    for kind, part in bound.parts.items():
        assert part.most is not None
        assert sums[kind] <= part.most, (kind, sums)
    assert bound.total is not None
    assert sum(sums.values()) <= bound.total


@pytest.mark.parametrize("paid", PAID)
def test_the_bound_is_reached(store: Store, paid: int) -> None:
    """The ways that it names, walked to the end, draw just as much: it is no larger than it must be."""
    bound = bounds().at(paid)
    wanted = {one.reason: one.most for part in bound.parts.values() for one in part.causes}
    tid, numbers = open_all(store, paid)
    for number, actor, reason in itertools.product(numbers, (QIAN, ZHAO), wanted):
        try:
            pay(desk(store, actor), number, reason, wanted[reason], why="x")
        except (InputError, NotFoundError, NotPermittedError):
            continue  # another case grants it, or it is drawn already
    assert sum(drawn(store, tid).values()) == bound.total
