"""What a desk does with cases: open, learn, go on, pause, close, reopen; what was told becomes a promise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, LI, QIAN, ZHAO, desk, order
from tests.conftest import line
from tmcs.cases import payments, queue
from tmcs.cases.desk import Desk, current
from tmcs.cases.history import fold
from tmcs.cases.still_open import open_duties
from tmcs.cases.writer import ConflictError, read_events
from tmcs.core.chain import carry_over
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError, TmcsError
from tmcs.core.fill import day_in_words
from tmcs.core.order import Order, parse_time
from tmcs.core.resolution import NEEDS_FACTS
from tmcs.core.resolve import resolve
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store
from tmcs.testing.examples import Example, example_order, read_examples

FLOWS = Path(__file__).parent.parent.parent / "plugins" / "tmcs_flows"
TID = "2026112000001"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url, write=True) as opened:
        yield opened


def opened(store: Store, facts: dict[str, str] | None = None, flow: str = "damage", actor: Any = LI, **more: Any) -> int:
    found, _ = desk(store, actor).open(load_flow(flow), load_policy(), order(TID, **more), DAMAGE if facts is None else facts)
    return found


def duties(store: Store, case_id: int) -> list[tuple[Any, ...]]:
    rows = store.execute("SELECT kind, name, party, due, state FROM duty WHERE case_id = ? ORDER BY id", (case_id,)).fetchall()
    return [tuple(row) for row in rows]


def kinds(store: Store, case_id: int) -> list[str]:
    return [event.kind for event in read_events(store, case_id)]


def state(store: Store, case_id: int) -> str:
    found: str = store.execute("SELECT state FROM cases WHERE id = ?", (case_id,)).fetchone()[0]
    return found


def worked() -> list[tuple[str, Example]]:
    """Return every worked case of every flow that can be decided, with its flow."""
    found = []
    for path in sorted(FLOWS.glob("*/examples.yaml")):
        found += [(path.parent.name.replace("_", "-"), one) for one in read_examples(path) if "exit" not in one.expect]
    return found


def open_example(store: Store, flow: str, one: Example, number: int) -> tuple[Desk, int, Any] | None:
    """Open a case of a worked case, None where it is one of a wrong input."""
    facts = dict(one.facts)
    actor = {"frontline": LI, "second-line": ZHAO, "supervisor": QIAN}.get(facts.pop("tier", "frontline"), LI)
    record = {**example_order(one.phase), **one.order, "tid": f"{flow}-{number}"}
    at = Desk(store, actor, parse_time(one.now))
    try:
        case_id, result = at.open(load_flow(flow), load_policy(), record, facts)
    except TmcsError:
        return None
    return at, case_id, result


def test_a_case_is_what_its_events_say(store: Store) -> None:
    case_id = opened(store, {"photos_received": "yes", "damage_kind": "rotten"})
    assert state(store, case_id) == "needs-facts"
    result = desk(store).set(case_id, {"partial_quantity": "no"}, why="客户说全坏了")
    assert (result.status, result.outcome, result.amount) == ("resolved", "refund", 10000)
    assert kinds(store, case_id) == ["opened", "fact-learnt", "promised"]
    history = fold(read_events(store, case_id))
    again, _ = current(store, history)
    assert again.to_dict() == result.to_dict()
    assert read_events(store, case_id)[1].why == "客户说全坏了"
    assert [row[:3] for row in duties(store, case_id)] == [
        ("task", duties(store, case_id)[0][1], "19047"), ("promise", "damage:refund", "customer"),
    ]  # fmt: skip


def test_a_wrong_fact_or_a_tier_leaves_no_case_behind(store: Store) -> None:
    for facts in ({"photos": "yes"}, {"photos_received": "maybe"}, {"tier": "supervisor"}):
        with pytest.raises(InputError):
            opened(store, facts)
    assert store.execute("SELECT count(*) FROM cases").fetchone()[0] == 0
    case_id = opened(store)
    for facts, unset in (({"photos": "yes"}, []), ({"tier": "supervisor"}, []), ({}, ["goods_kind"]), ({"damage_kind": "other"}, ["damage_kind"])):
        with pytest.raises(InputError):
            desk(store).set(case_id, facts, unset=unset)
    assert kinds(store, case_id) == ["opened", "promised"]
    with pytest.raises(NotFoundError):
        desk(store).set(case_id + 1, {})


def test_a_fact_can_be_forgotten(store: Store) -> None:
    case_id = opened(store)
    assert desk(store).set(case_id, {}, unset=["partial_quantity"]).status == NEEDS_FACTS
    assert "partial_quantity" not in fold(read_events(store, case_id)).facts


def test_a_case_stays_under_the_policy_it_was_opened_under(store: Store, tmp_path: Path) -> None:
    case_id = opened(store)
    own = tmp_path / "own.yaml"
    own.write_text('payouts: {damage: {rows: {usual: {rate_min: "0.05", commit: {frontline: "0.05"}}}}}\n')
    other, _ = desk(store).open(load_flow("damage"), load_policy([own]), order("2"), DAMAGE)
    assert desk(store).set(case_id, {}).payouts[0].commit == 1000
    assert desk(store).set(other, {}).payouts[0].commit == 500


def test_a_case_that_second_line_decided_does_not_fall_back(store: Store) -> None:
    case_id = opened(store, {"short_shipped": "yes", "wants_item": "no"}, "missing-item", item="S1")
    assert desk(store, ZHAO).set(case_id, {}).tier == "second-line"
    assert desk(store).set(case_id, {}).tier == "second-line"
    assert read_events(store, case_id)[-1].tier == "frontline", "the event says who it was"


def test_the_order_is_as_the_order_book_has_it_now_and_what_that_does_not_say_stays(store: Store) -> None:
    case_id = opened(store)
    now = {"schema": "tmcs/order/1", "tid": TID, "status": "TRADE_FINISHED", "end_time": "2026-11-23T09:00:00+08:00", "orders": []}
    result = desk(store).set(case_id, {}, record=now)
    assert result.route == "abnormal"
    history = fold(read_events(store, case_id))
    assert history.order is not None
    assert (history.order["status"], history.order["payment"], len(history.order["orders"])) == ("TRADE_FINISHED", "100.00", 1)


def test_facts_of_a_later_flow_stay_with_the_case(store: Store) -> None:
    succeeded = {"status": "TRADE_FINISHED", "end_time": "2026-11-22T13:00:00+08:00"}
    at = desk(store)
    case_id, result = at.open(load_flow("damage"), load_policy(), order(TID, **succeeded), {**DAMAGE}, later={"payee_details": "yes"})
    assert result.next_flow == "abnormal-refund"
    result = at.move_on(case_id, load_flow)
    assert (result.status, result.amount) == ("resolved", 10000)
    assert fold(read_events(store, case_id)).stages == ["damage", "abnormal-refund"]
    assert "payee_details" not in json.dumps(read_events(store, case_id)[0].data), "it may be about the person"


def test_what_moves_on_is_what_was_learnt_last(store: Store) -> None:
    succeeded = {"status": "TRADE_FINISHED", "end_time": "2026-11-22T13:00:00+08:00", "orders": [line("S1", "50.00", 2, "100.00")]}
    case_id = opened(store, {**DAMAGE, "partial_quantity": "yes", "units_affected": "1"}, **succeeded)
    assert desk(store).set(case_id, {"partial_quantity": "no"}, unset=["units_affected"]).amount == 10000
    result = desk(store).move_on(case_id, load_flow, facts={"payee_details": "yes"})
    assert (result.known["refund_kind"], result.amount) == ("trade-succeeded", 10000)
    with pytest.raises(InputError):
        desk(store).move_on(case_id, load_flow)


def test_a_case_goes_through_flows_as_resolve_does(store: Store) -> None:
    gone = 0
    for number, (name, one) in enumerate(worked()):
        found = open_example(store, name, one, number)
        if found is None or found[2].status != "resolved" or found[2].next_flow is None:
            continue
        at, case_id, first = found
        following = load_flow(first.next_flow)
        facts, sources = carry_over(first, following, one.facts, {})
        facts["tier"] = at.actor.tier
        plain = resolve(following, first.order, facts, load_policy(), at.now, sources=sources)
        assert at.move_on(case_id, load_flow).to_dict() == plain.to_dict(), (name, one.id)
        gone += 1
    assert gone > 30


def test_every_amount_and_date_that_a_script_tells_is_a_promise(store: Store) -> None:
    """Words said only if the customer asks promise nothing by themselves (C15)."""
    amounts = dates = 0
    for number, (name, one) in enumerate(worked()):
        found = open_example(store, name, one, number)
        if found is None or found[2].status == NEEDS_FACTS:
            continue
        _, case_id, result = found
        said = " ".join(script["text"]["zh"] for script in result.say if not script["moment"].endswith("-if-asked"))
        rows = store.execute("SELECT text, due FROM duty WHERE case_id = ? AND kind = 'promise'", (case_id,)).fetchall()
        promised = " ".join(json.loads(row[0])[0] for row in rows)
        for amount in set(re.findall(r"\d+\.\d\d(?= ?元)", said)) - {"0.00"}:
            assert amount in promised, (name, one.id, amount, said)
            amounts += 1
        for _, day, _ in result.deadlines:
            if day_in_words(day, "zh") in said:
                assert day.isoformat() in [row[1] for row in rows], (name, one.id)
                dates += 1
        if "分钟" in said and result.route is not None:
            assert result.now.date().isoformat() in [row[1] for row in rows], (name, one.id)
    assert amounts > 25
    assert dates > 60


def test_a_promise_is_made_once_however_often_it_is_decided(store: Store) -> None:
    case_id = opened(store)
    for _ in range(3):
        desk(store).set(case_id, {})
    assert [row[1] for row in duties(store, case_id) if row[0] == "promise"] == ["damage:refund"]
    assert kinds(store, case_id).count("promised") == 1


def test_a_task_that_no_longer_follows_is_withdrawn_unless_somebody_has_it(store: Store) -> None:
    one, other = opened(store), opened(store)
    assert queue.take(desk(store, ZHAO), "19047").case_id == one
    for case_id, left in ((one, "taken"), (other, "withdrawn")):
        desk(store).set(case_id, {"photos_received": "no"})
        assert next(row[4] for row in duties(store, case_id) if row[0] == "task") == left


def test_time_stands_still_while_the_customer_is_awaited(store: Store) -> None:
    case_id = opened(store, {"photos_received": "no"})
    assert state(store, case_id) == "paused"
    assert {row[4] for row in duties(store, case_id)} == {"held"}
    desk(store, at="2026-11-25T10:00:00+08:00").set(case_id, DAMAGE)
    assert state(store, case_id) == "resolved"
    assert kinds(store, case_id).count("resumed") == 1


@pytest.mark.parametrize(
    ("at", "resumed", "due", "moved"),
    [
        # 2026: 1 to 8 October are free, 10 October (a Saturday) is worked; National Day and Mid-Autumn make-up days count.
        ("2026-09-28T10:00:00+08:00", "2026-09-30T10:00:00+08:00", "2026-09-30", "2026-10-09"),
        ("2026-10-08T10:00:00+08:00", "2026-10-09T10:00:00+08:00", "2026-10-09", "2026-10-10"),
        ("2026-11-23T10:00:00+08:00", "2026-11-27T10:00:00+08:00", "2026-11-24", "2026-11-30"),
    ],
)
def test_a_pause_moves_due_days_on_the_working_calendar(store: Store, at: str, resumed: str, due: str, moved: str) -> None:
    case_id = opened(store)
    with store.transaction():
        store.execute("UPDATE duty SET due = ?, unit = 'working' WHERE kind = 'promise'", (due,))
    desk(store, at=at).pause(case_id, "等回信", party="warehouse")
    assert state(store, case_id) == "paused"
    assert desk(store, at=resumed).resume(case_id, "有回信了") == []
    assert next(row[3] for row in duties(store, case_id) if row[0] == "promise") == moved
    assert state(store, case_id) == "resolved"
    with pytest.raises(InputError):
        desk(store, at=resumed).resume(case_id)


def test_a_year_that_is_not_published_is_warned_of(store: Store) -> None:
    last = load_policy().calendar.published_through.year
    case_id = opened(store)
    with store.transaction():
        store.execute("UPDATE duty SET due = ?, unit = 'working' WHERE kind = 'promise'", (f"{last + 1}-03-02",))
    desk(store, at=f"{last + 1}-03-01T10:00:00+08:00").pause(case_id, "等")
    warnings = desk(store, at=f"{last + 1}-03-10T10:00:00+08:00").resume(case_id)
    assert [f"{last + 1}" in one.en and "Monday to Friday" in one.en for one in warnings] == [True]


def test_what_is_open_keeps_a_case_open_and_is_listed(store: Store) -> None:
    case_id = opened(store)
    with pytest.raises(NotPermittedError) as refused:
        desk(store).close(case_id)
    assert [one.en.split(":")[0].split()[0] for one in refused.value.details] == ["task", "promise"]
    queue.done(desk(store), case_id, None)
    payments.pay(desk(store), case_id, "refund", None)
    assert open_duties(store, case_id) == [], "the day the refund was promised for is kept by refunding"
    desk(store).close(case_id)
    assert state(store, case_id) == "closed"
    for act in (lambda: desk(store).set(case_id, {}), lambda: desk(store).close(case_id), lambda: desk(store).pause(case_id, "x")):
        with pytest.raises(InputError):
            act()
    desk(store).note(case_id, "客户来电致谢")
    desk(store).reopen(case_id, "客户又来电")
    assert state(store, case_id) == "resolved"
    with pytest.raises(InputError):
        desk(store).reopen(case_id, "再开")


def test_closing_by_force_gives_back_what_was_promised(store: Store) -> None:
    case_id = opened(store)
    payments.pay(desk(store), case_id, "damage", 1000, promise=True)
    with pytest.raises(InputError):
        desk(store).close(case_id, force=True)
    left = desk(store).close(case_id, "客户撤诉", force=True)
    assert [one.kind for one in left] == ["task", "promise", "promise"]
    assert store.execute("SELECT state FROM ledger").fetchone()[0] == "withdrawn"
    desk(store).reopen(case_id, "客户又来了")
    desk(store).set(case_id, {})
    assert [row[4] for row in duties(store, case_id)] == ["withdrawn", "withdrawn", "withdrawn", "open", "open"]
    assert payments.pay(desk(store), case_id, "damage", None).entry.state == "paid"


def test_a_case_closed_while_paused_is_not_paused_when_it_is_opened_again(store: Store) -> None:
    case_id = opened(store, {"photos_received": "no"})
    desk(store).close(case_id, "客户不回", force=True)
    desk(store).reopen(case_id, "客户来信")
    assert fold(read_events(store, case_id)).paused is None
    desk(store).set(case_id, {})
    assert state(store, case_id) == "paused"


def test_every_write_checks_the_version_it_was_based_on(store: Store) -> None:
    case_id = opened(store)
    at = desk(store, ZHAO)
    acts: list[Callable[[int], Any]] = [
        lambda n: at.set(case_id, {}, based_on=n),
        lambda n: at.move_on(case_id, load_flow, based_on=n),
        lambda n: at.note(case_id, "x", based_on=n),
        lambda n: at.pause(case_id, "x", based_on=n),
        lambda n: at.resume(case_id, based_on=n),
        lambda n: at.close(case_id, "x", force=True, based_on=n),
        lambda n: at.reopen(case_id, "x", based_on=n),
        lambda n: payments.pay(at, case_id, "damage", 1000, based_on=n),
    ]
    desk(store).note(case_id, "先到一步")
    before = kinds(store, case_id)
    for act in acts:
        for version in (2, 99):
            with pytest.raises(ConflictError) as conflict:
                act(version)
            assert (conflict.value.based_on, conflict.value.version) == (version, 3)
    assert kinds(store, case_id) == before
    with pytest.raises(ConflictError) as conflict:
        at.note(case_id, "x", based_on=2)
    assert [(event.agent, event.kind) for event in conflict.value.since] == [("li", "noted")]
    at.note(case_id, "这次看过", based_on=3)
    assert at.version == 4


def test_an_order_without_a_person_and_a_case_without_an_order(store: Store) -> None:
    case_id, result = desk(store).open(load_flow("damage"), load_policy(), None, {"photos_received": "no"})
    row = store.execute("SELECT tid, customer_id FROM cases WHERE id = ?", (case_id,)).fetchone()
    assert tuple(row) == (None, None)
    assert result.order is None
    plain = {key: value for key, value in order("7").items() if key != "buyer_nick"}
    case_id, _ = desk(store).open(load_flow("damage"), load_policy(), plain, DAMAGE)
    assert store.execute("SELECT customer_id FROM cases WHERE id = ?", (case_id,)).fetchone()[0] is None
    assert Order(plain).tid == "7"
