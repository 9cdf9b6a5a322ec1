"""Lists of cases and promises, and one case, as they are read: right, by an index, a page at a time, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bench.bench_cases import fill, queries
from tests.cases.audit_kit import DAMAGE, LI, desk, order
from tmcs.cases.days import Days
from tmcs.cases.desk import Desk
from tmcs.cases.lists import ALL, CLOSED, PAGE, Wanted, customer_number, list_cases, mark_of, promises
from tmcs.cases.queue import take
from tmcs.cases.reads import reveal, show
from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.order import parse_time
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store

NOW = parse_time("2026-11-25T10:00:00+08:00")
MANY = 3000  # cases of the filled store: two of five are open, so that a list of them takes more than a page


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url, write=True) as opened:
        yield opened


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, MANY)
    return store


def rows(store: Store, where: str) -> list[int]:
    return [row[0] for row in store.execute(f"SELECT id FROM cases WHERE {where}").fetchall()]


#: What each list holds, said without any index: by what the rows are.
_LIVE_TASK = "EXISTS (SELECT 1 FROM duty d WHERE d.case_id = cases.id AND d.kind = 'task' AND d.state IN ('open', 'held', 'taken') AND {})"
EXPECTED = {
    "list": "closed_at IS NULL",
    "list --closed": "closed_at IS NOT NULL",
    "list --all": "1 = 1",
    "list --queue": _LIVE_TASK.format("d.party = '19047'"),
    "list --agent": _LIVE_TASK.format("d.agent = 'agent8' AND d.state = 'taken'"),
    "list --owner": "closed_at IS NULL AND owner = 'agent7'",
    "list --state": "closed_at IS NULL AND state = 'needs-facts'",
    "list --flow": "closed_at IS NULL AND flow = 'price'",
    "list --flow --all": "flow = 'price'",
    "list --overdue": "next_due <= '2026-11-22'",
    "list --due-soon": "next_due BETWEEN '2026-11-23' AND '2026-11-24'",
    "list --queue --overdue": _LIVE_TASK.format("d.party = '19047' AND d.due <= '2026-11-22'"),
    "list --owner --overdue": "owner = 'agent7' AND next_due <= '2026-11-22'",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_list_holds_what_it_says_each_once_and_in_order(filled: Store, name: str) -> None:
    wanted = queries()[name]
    found = list(list_cases(filled, wanted))
    assert sorted(case.id for case in found) == sorted(rows(filled, EXPECTED[name]))
    if wanted.by_task:
        keys: list[Any] = [(case.next.due, case.next.id) for case in found if case.next]
    elif wanted.by_due:
        keys = [(case.next_due or "9999", case.id) for case in found]
    else:
        keys = [-case.id if wanted.scope != "open" else case.id for case in found]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", ["list", "list --all", "list --queue", "list --overdue", "list --owner"])
def test_pages_make_up_the_whole_list(filled: Store, name: str) -> None:
    filled.execute("UPDATE cases SET owner = 'agent7' WHERE id % 4 = 0")
    filled.execute("UPDATE cases SET next_due = NULL WHERE id % 3 = 0")
    wanted = queries()[name]
    whole = [case.id for case in list_cases(filled, wanted)]
    assert len(whole) > 100
    pages: list[int] = []
    after = None
    while page := list(list_cases(filled, wanted, after=after, limit=70)):
        pages += [case.id for case in page]
        after = mark_of(page[-1], wanted)
    assert pages == whole


def test_pages_of_promises_make_up_the_whole_list_those_without_a_day_last(filled: Store) -> None:
    filled.execute("UPDATE duty SET due = NULL WHERE kind = 'promise' AND case_id % 7 = 0")
    whole = [one.duty.id for one in promises(filled)]
    assert len(whole) == filled.execute("SELECT count(*) FROM duty WHERE kind = 'promise' AND state = 'open'").fetchone()[0] > PAGE
    days = [one.duty.due for one in promises(filled)]
    assert days == sorted(days, key=lambda day: day or "9999")
    pages: list[int] = []
    after = None
    while page := list(promises(filled, after=after, limit=90)):
        pages += [one.duty.id for one in page]
        after = page[-1].mark
    assert pages == whole
    late = list(promises(filled, until="2026-11-22"))
    assert late
    assert all(one.duty.due is not None and one.duty.due <= "2026-11-22" for one in late)


@pytest.mark.parametrize("mark", ["x", "1:2", "", "-1", "1" * 19])
def test_a_wrong_mark_is_refused(store: Store, mark: str) -> None:
    with pytest.raises(InputError):
        list(list_cases(store, Wanted(), after=mark))


class _Recorder:
    """A store that notes what is asked of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[tuple[str, Any]] = []

    def execute(self, sql: str, values: Any = ()) -> Any:
        self.asked.append((sql, values))
        return self.store.execute(sql, values)


def _whole_tables(store: Store, sql: str, values: Any) -> list[str]:
    """Return the steps of a query's plan that read a whole table, or sort one."""
    if store.dialect == "sqlite":
        steps = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
        return [step for step in steps if (step.startswith("SCAN") and "USING" not in step)]
    steps = [row[0] for row in store.execute(f"EXPLAIN {sql}", values).fetchall()]
    return [step for step in steps if "Seq Scan" in step]


@pytest.mark.parametrize("name", [*queries(), "promises", "promises --overdue", "take"])
def test_no_list_reads_a_whole_table(filled: Store, name: str) -> None:
    if filled.dialect == "postgresql":  # it may read small tables whole; these stand for large ones
        filled.execute("SET enable_seqscan = off")
    filled.execute("ANALYZE")
    recorder: Any = _Recorder(filled)
    if name == "take":
        taken = Desk(filled, LI)
        taken.store = recorder
        recorder.transaction, recorder.skip_locked, recorder.for_update = filled.transaction, filled.skip_locked, filled.for_update
        take(taken, "19047")
        recorder.asked = [one for one in recorder.asked if one[0].startswith("SELECT")]
    elif name.startswith("promises"):
        list(promises(recorder, until="2026-11-22" if "overdue" in name else None, limit=50))
    else:
        list(list_cases(recorder, queries()[name], limit=50))
    assert recorder.asked
    for sql, values in recorder.asked:
        assert not _whole_tables(filled, sql, values), sql


def test_a_page_reads_a_page_whatever_the_store_holds(filled: Store) -> None:
    """A page of 20 asks for 20 cases, a duty look-up and a payment look-up: as many rows in a store a thousand times as large."""
    recorder: Any = _Recorder(filled)
    assert len(list(list_cases(recorder, Wanted(), limit=20))) == 20
    assert len(recorder.asked) == 3
    assert recorder.asked[0][1][-1] == 20


# ---- what is next, and one case --------------------------------------------------------------------------------------


def opened(store: Store, tid: str = "2026112000001", **facts: str) -> int:
    number, _ = desk(store).open(load_flow("damage"), load_policy(), order(tid), facts or DAMAGE)
    return number


def test_what_is_next_is_the_task_then_the_promise_and_whoever_is_awaited_where_time_stands_still(store: Store) -> None:
    opened(store)
    opened(store, "2026112000002", photos_received="no")
    first, second = list_cases(store, Wanted())
    assert (first.next and first.next.kind, first.next and first.next.party) == ("task", "19047")
    assert (second.state, second.next and second.next.kind, second.next and second.next.party) == ("paused", "wait", "customer")


def test_money_that_was_approved_and_not_paid_comes_first(store: Store) -> None:
    from tests.cases.audit_kit import ZHAO
    from tmcs.cases import payments
    from tmcs.cases.approvals import approve

    number = opened(store)
    payments.pay(desk(store), number, "damage", 2000, why="坚持")
    asked = next(list_cases(store, Wanted()))
    assert asked.next is not None
    assert asked.next.kind == "approval"
    approve(desk(store, ZHAO), number)
    granted = next(list_cases(store, Wanted()))
    assert granted.next is not None
    assert (granted.next.kind, granted.next.text[0]) == ("payment", "已批准 20.00 元，待付")


def test_a_customer_is_looked_up_by_nick_only(store: Store) -> None:
    opened(store)
    number = customer_number(store, "tb_demo")
    assert number is not None
    assert [case.id for case in list_cases(store, Wanted(ALL, customer=number))] == [1]
    assert customer_number(store, "tb_dem%") is None


def test_days_are_overdue_soon_or_estimated_by_the_working_calendar(tmp_path: Path) -> None:
    days = Days(load_policy().at(NOW), date(2026, 11, 27))  # a Friday; one working day ahead is Monday
    assert [days.mark(f"2026-11-{day}") for day in (26, 27, 28, 30)] == ["overdue", "soon", "soon", "soon"]
    assert (days.mark("2026-12-01"), days.mark(None), days.late("2026-11-25")) == ("", "", 2)
    assert not days.estimated("2026-12-31", "working")
    assert not days.estimated("2027-01-04", "calendar")
    assert days.guessed == set()
    assert days.estimated("2027-01-04", "working")
    assert days.guessed == {2027}


def test_a_case_is_read_as_of_one_moment_and_the_person_is_masked(store: Store) -> None:
    opened(store)
    view = show(store, 1, tier="frontline", now=NOW)
    assert (view.case.state, view.result.outcome, view.differs) == ("resolved", "refund", [])
    assert view.customer == {"nick": "t***o", "alipay_no": "d***@example.invalid"}
    assert {claim.reason: claim.left for claim in view.standing.claims.values()} == {"damage": 2000, "refund:S1": 10000}
    assert [event.kind for event in view.events] == ["opened", "promised"]
    with pytest.raises(NotFoundError):
        show(store, 2, tier="frontline", now=NOW)


def test_words_of_others_are_masked_in_what_is_said_of_a_case(store: Store) -> None:
    said = "商品已使用，可致电 13900000002"
    given = {"approved": "no", "reject_reason": said}
    desk(store).open(load_flow("normal-refund"), load_policy(), order("2026112000009"), given)
    view = show(store, 1, tier="frontline", now=NOW)
    assert view.own == {"reject_reason": said}
    assert "13900000002" not in str(view.result.to_dict())
    assert "商品已使用" in str(view.result.say), "the agent must still say why"
    assert "13900000002" in str(show(store, 1, tier="frontline", now=NOW, revealed=True).result.say)


def test_it_says_when_the_decision_would_be_another_by_now(store: Store, tmp_path: Path) -> None:
    """The order is another in the order book by now: `case set` would decide on that one."""
    from tmcs.orders.book import Book
    from tmcs.orders.ingest import import_files
    from tmcs.orders.readers import readers

    opened(store)
    assert show(store, 1, tier="frontline", now=NOW).differs == []
    file = tmp_path / "order.json"
    file.write_text(json.dumps({**order("2026112000001"), "status": "TRADE_FINISHED", "end_time": "2026-11-24T10:00:00+08:00"}), "utf-8")
    import_files(Book(store), [str(file)], readers())
    view = show(store, 1, tier="frontline", now=NOW)
    assert "refund" in view.differs
    assert view.later is not None
    assert (view.result.route, view.later.route) == ("normal", "abnormal")


def test_a_closed_case_is_not_decided_again(store: Store) -> None:
    opened(store)
    desk(store).close(1, "客户不要了", force=True)
    view = show(store, 1, tier="frontline", now=NOW)
    assert (view.case.state, view.later, view.differs) == ("closed", None, [])
    assert [case.id for case in list_cases(store, Wanted(CLOSED))] == [1]


def test_the_person_is_shown_only_after_it_is_written_who_saw_it_and_why(store: Store) -> None:
    opened(store)
    person = reveal(desk(store), 1, "回电核对地址")
    assert person == {"buyer_nick": "tb_demo", "alipay_no": "demo@example.invalid"}
    event = show(store, 1, tier="frontline", now=NOW).events[-1]
    assert (event.kind, event.agent, event.why, event.data["shown"]) == ("revealed", "li", "回电核对地址", ["alipay_no", "buyer_nick"])
    with pytest.raises(InputError):
        reveal(desk(store), 1, "  ")
