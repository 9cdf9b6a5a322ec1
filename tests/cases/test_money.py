"""Money: within its limits, paid once, approved by another where the rules say so."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, LI, QIAN, ZHAO, desk, order
from tests.conftest import line
from tmcs.cases import approvals, ledger
from tmcs.cases.actor import Actor
from tmcs.cases.approvals import approve, reject
from tmcs.cases.claims import Claim
from tmcs.cases.payments import pay
from tmcs.cases.standing import Standing
from tmcs.cases.writer import Hold, read_events
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store

TID = "2026112000001"
WANG = Actor("wang", "second-line", "agent")
SUN = Actor("sun", "supervisor", "lead")
SUCCEEDED = {"status": "TRADE_FINISHED", "end_time": "2026-11-22T13:00:00+08:00"}
#: Out of stock after 80 hours: 30% is due, at most 500 (C08).
HELD = {"hold_reason": "no-stock", "replenishable": "no", "accepts_refund": "yes"}


MISMATCH = {"mismatch_kind": "variety", "photos_received": "yes", "barcode_matches": "no", "accepts": "yes"}


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url, write=True) as opened:
        yield opened


def opened(store: Store, facts: dict[str, str] | None = None, flow: str = "damage", actor: Actor = LI, tid: str = TID, policy: Any = None, **more: Any) -> int:
    found, _ = desk(store, actor).open(load_flow(flow), policy or load_policy(), order(tid, **more), DAMAGE if facts is None else facts)
    return found


def unshipped(paid: str = "2026-11-20T01:00:00+08:00", payment: str = "100.00") -> dict[str, Any]:
    return {
        "status": "WAIT_SELLER_SEND_GOODS", "pay_time": paid, "created": paid, "consign_time": None, "sign_time": None, "lbx": None,
        "logistics": None, "payment": payment, "orders": [line("S1", payment)],
    }  # fmt: skip


def policy(tmp_path: Path, text: str) -> Any:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    return load_policy([own])


def states(store: Store, tid: str = TID) -> list[tuple[str, int, str]]:
    return [(one.reason, one.amount, one.state) for one in ledger.entries(store, tid, live=False)]


def refused(error: type[Exception], act: Callable[[], Any]) -> str:
    with pytest.raises(error) as caught:
        act()
    return str(caught.value)


def test_what_a_tier_may_promise_is_paid_at_once(store: Store) -> None:
    case_id = opened(store)
    answer = pay(desk(store), case_id, "damage", None)
    assert (answer.entry.amount, answer.entry.state, answer.levels) == (1000, "paid", [])
    assert "paid on 2026-11-23" in refused(NotPermittedError, lambda: pay(desk(store), case_id, "damage", 500))
    assert states(store) == [("damage", 1000, "paid")]


def test_above_its_authority_another_approves(store: Store) -> None:
    case_id = opened(store)
    assert "needs the approval of the second line" in refused(InputError, lambda: pay(desk(store), case_id, "damage", 2000))
    answer = pay(desk(store), case_id, "damage", 2000, why="客户坚持")
    assert (answer.entry.state, answer.levels) == ("asked", ["second-line"])
    assert "awaits approval" in refused(NotPermittedError, lambda: pay(desk(store), case_id, "damage", 2000))
    assert "second line or above may" in refused(NotPermittedError, lambda: approve(desk(store, Actor("wu", "frontline", "agent")), case_id))
    same = Actor("li", "supervisor", "lead")
    assert "another agent" in refused(NotPermittedError, lambda: approve(desk(store, same), case_id)), "maker and checker are two"
    assert approve(desk(store, ZHAO), case_id).entry.state == "approved"
    refused(NotFoundError, lambda: approve(desk(store, ZHAO), case_id))
    answer = pay(desk(store), case_id, "damage", None)
    assert (answer.entry.amount, answer.entry.state, answer.entry.agent, answer.entry.approvers) == (2000, "paid", "li", ["zhao"])


def test_approved_money_that_is_not_paid_keeps_a_case_open(store: Store) -> None:
    case_id = opened(store, {**DAMAGE, "photos_received": "yes"})
    pay(desk(store), case_id, "damage", 2000, why="x")
    approve(desk(store, ZHAO), case_id)
    with pytest.raises(NotPermittedError) as error:
        desk(store).close(case_id)
    assert [one.en.split()[0] for one in error.value.details][-1] == "payment"
    pay(desk(store), case_id, "damage", None, promise=True)
    with pytest.raises(NotPermittedError) as error:
        desk(store).close(case_id)
    assert [one.en.split()[0] for one in error.value.details][-1] == "promise", "told the customer after the approval"


def test_thirty_percent_needs_second_line_and_then_the_supervisor(store: Store) -> None:
    case_id = opened(store, HELD, "held-order", **unshipped())
    reason = "not-shipped-72h"
    assert (reason, 1000, "promised") in states(store), "the first line's 10% was told (C09)"
    answer = pay(desk(store), case_id, reason, 3000, why="超过72小时")
    assert (answer.levels, answer.cites) == (["second-line", "supervisor"], ["C09"])
    assert "supervisor" not in approve(desk(store, ZHAO), case_id).entry.state
    again = refused(NotPermittedError, lambda: approve(desk(store, ZHAO), case_id))
    assert "another agent, operations supervisor or above" in again
    assert "operations supervisor or above may" in refused(NotPermittedError, lambda: approve(desk(store, WANG), case_id))
    answer = approve(desk(store, QIAN), case_id)
    assert (answer.entry.state, answer.entry.approvers, answer.levels) == ("approved", ["zhao", "qian"], [])
    assert pay(desk(store), case_id, reason, None).entry.amount == 3000


def test_the_cap_of_500_holds_for_the_thirty_percent(store: Store) -> None:
    case_id = opened(store, HELD, "held-order", actor=QIAN, **unshipped(payment="3000.00"))
    assert "the most by the rules is 500.00" in refused(NotPermittedError, lambda: pay(desk(store, QIAN), case_id, "not-shipped-72h", 50001))
    assert pay(desk(store, QIAN), case_id, "not-shipped-72h", 50000).entry.state == "paid", "a supervisor may promise it alone"


def test_cash_always_needs_both(store: Store) -> None:
    facts = {**HELD, "declines_coupon": "yes"}
    case_id = opened(store, facts, "held-order", actor=ZHAO, **unshipped("2026-11-22T01:00:00+08:00"))
    claim = Standing(store, case_id, "second-line", "2026-11-23").claims["oversell"]
    assert (claim.form, claim.most, claim.commit) == ("cash", 1000, 1000)
    answer = pay(desk(store, ZHAO), case_id, "oversell", None, why="客户不要券")
    assert answer.levels == ["second-line", "supervisor"]
    refused(NotPermittedError, lambda: approve(desk(store, ZHAO), case_id))
    approve(desk(store, WANG), case_id)
    approve(desk(store, QIAN), case_id)
    answer = pay(desk(store, ZHAO), case_id, "oversell", None)
    assert (answer.entry.form, answer.entry.state) == ("cash", "paid")


def test_a_rise_that_is_rejected_leaves_the_promise_as_it_was(store: Store) -> None:
    case_id = opened(store)
    pay(desk(store), case_id, "damage", 1000, promise=True)
    before = ledger.entries(store, TID)[0].kept()
    asked = pay(desk(store, WANG), case_id, "damage", 1500, promise=True)
    assert asked.entry.state == "promised", "second line may promise 15.00 by itself"
    asked = pay(desk(store), case_id, "damage", 2000, why="客户坚持", promise=True)
    assert asked.entry.state == "asked"
    reject(desk(store, ZHAO), case_id, None, "照片不清楚")
    left = ledger.entries(store, TID)[0]
    assert (left.state, left.amount, left.agent, left.tier) == ("promised", 1500, "wang", "second-line")
    assert before["amount"] == 1000
    assert "less cannot be paid" in refused(InputError, lambda: pay(desk(store), case_id, "damage", 1000))
    assert pay(desk(store), case_id, "damage", None).entry.amount == 1500, "what was promised is paid without asking anew"


def test_a_rise_above_what_was_approved_that_is_rejected_leaves_the_approval(store: Store) -> None:
    case_id = opened(store)
    pay(desk(store), case_id, "damage", 1200, why="x")
    approve(desk(store, ZHAO), case_id)
    pay(desk(store), case_id, "damage", 2000, why="y")
    reject(desk(store, ZHAO), case_id, None, "不行")
    entry = ledger.entries(store, TID)[0]
    assert (entry.state, entry.amount, entry.approvers) == ("approved", 1200, ["zhao"])


def test_what_was_rejected_may_be_asked_for_again(store: Store) -> None:
    case_id = opened(store)
    pay(desk(store), case_id, "damage", 2000, why="x")
    reject(desk(store, ZHAO), case_id, None, "先查")
    assert states(store) == [("damage", 2000, "rejected")]
    pay(desk(store), case_id, "damage", 2000, why="查过了")
    assert states(store) == [("damage", 2000, "rejected"), ("damage", 2000, "asked")]


def test_who_asked_may_take_it_back_but_not_approve_it(store: Store) -> None:
    case_id = opened(store)
    pay(desk(store), case_id, "damage", 2000, why="手误")
    refused(NotPermittedError, lambda: approve(desk(store), case_id))
    assert reject(desk(store), case_id, None, "手误").entry.state == "rejected"


def test_the_same_cause_is_promised_and_paid_in_one_case_only(store: Store) -> None:
    one, other = opened(store), opened(store)
    pay(desk(store), one, "damage", 1000, promise=True)
    assert f"in case {one}" in refused(NotPermittedError, lambda: pay(desk(store), other, "damage", 1000))
    pay(desk(store), one, "damage", None)
    assert f"(case {one})" in refused(NotPermittedError, lambda: pay(desk(store), other, "damage", 1000))
    assert [one.reason for one in Standing(store, other, "frontline", "2026-11-23").others] == ["damage"]


def test_one_compensation_an_order_the_highest_over_cases_and_flows(store: Store) -> None:
    """C06: 10 to 20 for damage and for a mismatch make 20 in all, never 40."""
    damage = opened(store)
    mismatch = opened(store, MISMATCH, "mismatch")
    found = Standing(store, mismatch, "second-line", "2026-11-23")
    assert "mismatch" in found.claims, found.result.to_dict()["needs"]
    pay(desk(store, ZHAO), damage, "damage", 1500)
    over = refused(NotPermittedError, lambda: pay(desk(store, ZHAO), mismatch, "mismatch", 1000))
    assert "5.00 is left (one compensation an order, the highest: 20.00 (C06)" in over
    assert pay(desk(store, ZHAO), mismatch, "mismatch", 500).entry.state == "paid"
    left = Standing(store, damage, "second-line", "2026-11-23")
    assert [(one.reason, one.left) for one in left.claims.values() if one.kind == "compensation"] == [("damage", 0)]


def test_postage_and_refunds_are_paid_besides_a_compensation(store: Store) -> None:
    damage = opened(store)
    pay(desk(store, ZHAO), damage, "damage", 2000)
    assert pay(desk(store), damage, "refund", None).entry.amount == 10000
    postage = opened(store, {"refund_kind": "invoice-postage", "granted_amount": "5.00", "payee_details": "yes"}, "abnormal-refund", **SUCCEEDED)
    answer = pay(desk(store), postage, None, None, why="H02")
    assert (answer.entry.reason, answer.entry.kind, answer.levels) == ("invoice-postage", "reimbursement", ["second-line", "supervisor"])


def test_refunds_never_pass_what_was_paid(store: Store) -> None:
    lines = [line("S1", "60.00"), line("S2", "40.00")]
    first = opened(store, {**DAMAGE, "item": "S1"}, orders=lines)
    pay(desk(store), first, "refund", None)
    whole = opened(store, {"approved": "yes", "goods_damaged": "yes"}, "normal-refund", orders=lines)
    assert "40.00 is left (60.00 refunded" in refused(NotPermittedError, lambda: pay(desk(store), whole, "refund", 10000))
    assert pay(desk(store), whole, "refund", 4000).entry.state == "paid"
    again = opened(store, {**DAMAGE, "item": "S2"}, orders=lines)
    assert "0.00 is left" in refused(NotPermittedError, lambda: pay(desk(store), again, "refund", None))


def test_a_refund_by_hand_is_one_refund_in_all_its_flows(store: Store) -> None:
    case_id = opened(store, **SUCCEEDED)
    desk(store).move_on(case_id, load_flow, facts={"payee_details": "yes"})
    claims = Standing(store, case_id, "frontline", "2026-11-23").claims
    assert [(one.reason, one.most) for one in claims.values()] == [("damage", 2000), ("refund:S1", 10000)], "damage stays payable"
    assert pay(desk(store), case_id, "refund", None, why="H09").levels == ["second-line", "supervisor"]
    approve(desk(store, ZHAO), case_id)
    approve(desk(store, QIAN), case_id)
    pay(desk(store), case_id, "refund", None)
    other = opened(store, **SUCCEEDED)
    refused(NotPermittedError, lambda: pay(desk(store), other, "refund", None, why="再来"))
    direct = opened(store, {"refund_kind": "trade-succeeded", "payee_details": "yes"}, "abnormal-refund", **SUCCEEDED)
    refused(NotPermittedError, lambda: pay(desk(store), direct, "refund", None, why="再来"))


def test_a_price_difference_is_one_sum_not_two(store: Store) -> None:
    facts = {"price_problem": "system-fault", "price_difference": "12.50", "taobao_reply": "confirmed"}
    case_id = opened(store, facts, "price")
    assert [(one.reason, one.most) for one in Standing(store, case_id, "frontline", "2026-11-23").claims.values()] == [("price-difference", 1250)]
    assert states(store) == [("price-difference", 1250, "promised")], "the sum was told"
    desk(store).move_on(case_id, load_flow, facts={"payee_details": "yes"})
    assert list(Standing(store, case_id, "frontline", "2026-11-23").claims) == ["price-difference"], "H09 pays it, it grants no more"
    assert states(store) == [("price-difference", 1250, "promised")]


def test_compensation_paid_by_hand_counts_as_the_one_compensation(store: Store) -> None:
    damage = opened(store, **SUCCEEDED)
    pay(desk(store, ZHAO), damage, "damage", 2000)
    hand = opened(store, {"refund_kind": "compensation", "granted_amount": "20.00", "payee_details": "yes"}, "abnormal-refund", **SUCCEEDED)
    assert "0.00 is left (one compensation an order" in refused(NotPermittedError, lambda: pay(desk(store), hand, None, None, why="x"))


def test_a_promise_stays_payable_whatever_is_decided_later(store: Store) -> None:
    case_id = opened(store)
    pay(desk(store), case_id, "damage", 1000, promise=True)
    desk(store).set(case_id, {"photos_received": "no"})
    assert Standing(store, case_id, "frontline", "2026-11-23").claims == {}
    assert pay(desk(store), case_id, None, None).entry.state == "paid"


def test_the_customers_limit_of_a_day_holds_over_orders(store: Store, tmp_path: Path) -> None:
    own = policy(tmp_path, "cases: {customer_day: {value: '15.00'}}\n")
    one, two = opened(store, policy=own), opened(store, tid="2", policy=own)
    other = opened(store, tid="3", policy=own, buyer_nick="somebody-else")
    pay(desk(store), one, "damage", 1000)
    over = refused(NotPermittedError, lambda: pay(desk(store), two, "damage", 1000))
    assert "5.00 is left (this customer's limit for the day is 15.00, 10.00 is used)" in over
    assert pay(desk(store), two, "damage", 500, promise=True).entry.state == "promised"
    assert pay(desk(store), other, "damage", 1000).entry.state == "paid"
    tomorrow = desk(store, at="2026-11-24T09:00:00+08:00")
    assert pay(tomorrow, two, "damage", 1000).entry.amount == 1000, "the promise of yesterday counted yesterday"


def test_the_orders_own_limit_holds(store: Store, tmp_path: Path) -> None:
    case_id = opened(store, policy=policy(tmp_path, "cases: {order_total: {value: '8.00'}}\n"))
    assert "8.00 is left (the limit of an order is 8.00, 0.00 is used)" in refused(NotPermittedError, lambda: pay(desk(store), case_id, "damage", None))


def test_a_limit_keeps_a_script_from_promising(store: Store, tmp_path: Path) -> None:
    case_id = opened(store, HELD, "held-order", policy=policy(tmp_path, "cases: {order_total: {value: '8.00'}}\n"), **unshipped())
    events = read_events(store, case_id)
    because = [(event.data["name"], event.data["because"]) for event in events if event.kind == "withdrawn"]
    assert because == [("payout:not-shipped-72h", "limit")]
    desk(store).set(case_id, {})
    assert [event.kind for event in read_events(store, case_id)].count("withdrawn") == 1


def test_a_script_promises_a_cause_in_one_case_only(store: Store) -> None:
    opened(store, HELD, "held-order", **unshipped())
    other = opened(store, HELD, "held-order", **unshipped())
    assert {event.data["because"] for event in read_events(store, other) if event.kind == "withdrawn"} == {"already-promised"}
    assert len([one for one in states(store) if one[0] == "not-shipped-72h"]) == 1


def test_a_higher_tier_that_decides_anew_promises_what_its_words_say(store: Store) -> None:
    case_id = opened(store, HELD, "held-order", **unshipped())
    desk(store, QIAN).set(case_id, {})
    assert ("not-shipped-72h", 3000, "promised") in states(store)
    desk(store).set(case_id, {})
    answer = pay(desk(store), case_id, "not-shipped-72h", None)
    assert (answer.entry.amount, answer.entry.tier) == (3000, "supervisor"), "on the supervisor's authority"


def test_without_an_order_the_account_is_the_cases(store: Store) -> None:
    facts = {
        "refund_kind": "freight", "granted_amount": "8.00", "payee_details": "yes", "paid": "yes", "closed": "no", "shipped": "yes",
        "refund_status": "NO_REFUND",
    }  # fmt: skip
    known = load_flow("abnormal-refund").settable()
    given = {name: value for name, value in facts.items() if name in known}
    first, result = desk(store).open(load_flow("abnormal-refund"), load_policy(), None, given)
    assert (result.status, result.amount) == ("resolved", 800), [fact.name for fact in result.needs]
    pay(desk(store), first, None, None, why="运费")
    assert [(one.reason, one.state) for one in ledger.entries(store, f"case:{first}")] == [("refund-freight", "asked")]


@pytest.mark.parametrize("amount", [0, -1, -100_000])
def test_an_amount_is_above_nothing(store: Store, amount: int) -> None:
    case_id = opened(store)
    refused(InputError, lambda: pay(desk(store), case_id, "damage", amount))
    assert states(store) == []


@pytest.mark.parametrize("amount", [2001, 10**9 * 100, 10**14])
def test_an_amount_is_never_above_the_most(store: Store, amount: int) -> None:
    case_id = opened(store)
    assert "the most by the rules is 20.00" in refused(NotPermittedError, lambda: pay(desk(store), case_id, "damage", amount, why="x"))
    assert states(store) == []


def test_nobody_promises_alone_what_rests_on_a_fact_against_the_order(store: Store) -> None:
    """An order of 100.00 that is said to be one of 5000.00, a cheap item that is said to be dear."""
    case_id = opened(store, {**DAMAGE, "paid_amount": "5000.00"})
    assert pay(desk(store), case_id, "damage", 20000, why="x", promise=True).levels == ["second-line"]
    reject(desk(store), case_id, None, "x")
    assert pay(desk(store), case_id, "damage", 1000).entry.state == "paid", "what the order itself gives"
    cheap = {"payment": "15.00", "orders": [line("S1", "15.00")]}
    case_id = opened(store, {**MISMATCH, "item_price": "100.00"}, "mismatch", tid="2", **cheap)
    assert pay(desk(store), case_id, "mismatch", 150, why="x").levels == ["second-line"]
    told = opened(store, {**HELD, "paid_amount": "900.00"}, "held-order", tid="3", **unshipped())
    because = {event.data["name"]: event.data["because"] for event in read_events(store, told) if event.kind == "withdrawn"}
    assert because == {"payout:refund": "limit", "payout:not-shipped-72h": "authority"}


def test_a_case_pays_only_what_it_grants(store: Store) -> None:
    case_id = opened(store)
    assert "damage, refund" in refused(InputError, lambda: pay(desk(store), case_id, None, None))
    with pytest.raises(InputError) as error:
        pay(desk(store), case_id, "mismatch", 100)
    assert error.value.hint is not None
    assert "damage, refund:S1" in error.value.hint.en
    waiting = opened(store, {"photos_received": "no"}, tid="2")
    refused(InputError, lambda: pay(desk(store), waiting, None, None))


def test_the_store_itself_refuses_a_second_entry_in_our_words(store: Store) -> None:
    one, other = opened(store), opened(store)
    pay(desk(store), one, "damage", 1000)
    claim = Claim("damage", "compensation", "coupon", 2000, 1000, [])
    with pytest.raises(NotPermittedError) as error, Hold(store, LI, "2026-11-23T10:00:00+08:00", other) as writer:
        ledger.enter(writer, claim, 1000, "paid")
    assert "the same cause is never paid twice" in str(error.value)


def test_two_at_once_do_not_pay_a_cause_twice_nor_pass_the_cap(store: Store, store_url: str) -> None:
    """A barrier lets all of them go at the same moment, each with its own connection."""
    numbers = [opened(store) for _ in range(4)]
    barrier, outcomes = threading.Barrier(4), []

    def one(case_id: int) -> None:
        with open_store(store_url, write=True) as own:
            barrier.wait()
            try:
                pay(desk(own), case_id, "damage", 1000)
                outcomes.append("paid")
            except NotPermittedError:
                outcomes.append("refused")

    threads = [threading.Thread(target=one, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["paid", "refused", "refused", "refused"]
    assert states(store) == [("damage", 1000, "paid")]


def test_two_processes_at_once_pay_a_cause_once(store: Store, store_url: str) -> None:
    numbers = [opened(store) for _ in range(2)]
    code = (
        "import sys\nfrom tests.cases.audit_kit import desk\nfrom tmcs.cases.payments import pay\nfrom tmcs.store import open_store\n"
        "from tmcs.core.errors import NotPermittedError\n"
        "with open_store(sys.argv[1], write=True) as store:\n"
        "    print('ready', flush=True); sys.stdin.readline()\n"
        "    try: print(pay(desk(store), int(sys.argv[2]), 'damage', 1000).entry.state)\n"
        "    except NotPermittedError as error: print('refused', error)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, store_url, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=Path(__file__).parent.parent.parent,
        )
        for number in numbers
    ]  # fmt: skip
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = [process.communicate("go\n", timeout=60)[0].split(" ")[0].strip() for process in running]
    assert sorted(outputs) == ["paid", "refused"]
    assert [process.returncode for process in running] == [0, 0]


def test_the_ledger_is_what_the_events_say(store: Store) -> None:
    case_id = opened(store)
    for act in (
        lambda: pay(desk(store), case_id, "damage", 800, promise=True),
        lambda: pay(desk(store), case_id, "damage", 2000, why="x"),
        lambda: reject(desk(store, ZHAO), case_id, None, "y"),
        lambda: pay(desk(store), case_id, "damage", 1500, why="z"),
        lambda: approvals.approve(desk(store, ZHAO), case_id),
        lambda: pay(desk(store), case_id, "damage", None, promise=True),
        lambda: pay(desk(store), case_id, "damage", None),
        lambda: pay(desk(store), case_id, "refund", None, promise=True),
        lambda: desk(store).close(case_id, "x", force=True),
    ):
        act()
        rows = {one.id: one.kept() for one in ledger.entries(store, TID, live=False)}
        assert ledger.folded(read_events(store, case_id)) == rows
    assert states(store) == [("damage", 1500, "paid"), ("refund:S1", 10000, "withdrawn")]


def test_who_acts_at_the_level_is_who_may_and_nobody_approves_twice(store: Store) -> None:
    case_id = opened(store, HELD, "held-order", **unshipped())
    pay(desk(store), case_id, "not-shipped-72h", 3000, why="x")
    assert approve(desk(store, QIAN), case_id).levels == ["supervisor"], "a supervisor may stand in for second line"
    refused(NotPermittedError, lambda: approve(desk(store, QIAN), case_id))
    assert approve(desk(store, SUN), case_id).entry.state == "approved"
