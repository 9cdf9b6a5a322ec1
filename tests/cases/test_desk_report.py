"""Reports of the desk: a month whose sums are known, its borders, who sees what, and that no table is read whole."""

from __future__ import annotations

import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.bench.bench_cases import fill as fill_many
from tests.cases.audit_kit import DAMAGE, LI, ZHAO, desk, order
from tmcs.cases import queue
from tmcs.cases.actor import Actor
from tmcs.cases.approvals import approve, reject
from tmcs.cases.desk_report import DAY, MONTH, Sight, desk_report, median, to_json
from tmcs.cases.lists import duties_of
from tmcs.cases.payments import pay
from tmcs.cases.privacy import erase_customer
from tmcs.cases.report_period import day_spans, month_spans
from tmcs.cases.rulings import rulings_of
from tmcs.core.errors import InputError
from tmcs.core.order import parse_time
from tmcs.jobs.definition import load_job
from tmcs.jobs.ran import ran
from tmcs.loader import load_flow, load_policy
from tmcs.schemas import schema
from tmcs.store import open_store
from tmcs.store.base import Store
from tmcs.store.migrations import MIGRATIONS, in_words
from tmcs.store.sqlite import APPLICATION_ID

LATER = "2026-12-01T00:00:00+08:00"
ALL = Sight(people=True, agents=True)
NOBODY = Sight(people=False, agents=False)
WANG = Actor("wang", "frontline", "agent")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url, write=True) as opened:
        yield opened


def opened(store: Store, at: str, number: int, nick: str, actor: Actor = LI) -> int:
    """Open a case about goods that were signed for the day before."""
    moment = parse_time(at)
    days = {"created": 3, "pay_time": 3, "consign_time": 2, "sign_time": 1}
    times = {name: (moment - timedelta(n)).isoformat() for name, n in days.items()}
    record = order(f"20261120000{number:02d}", nick, **times)
    case_id, _ = desk(store, actor, at).open(load_flow("damage"), load_policy(), record, DAMAGE)
    return case_id


def finish(store: Store, at: str, case_id: int) -> None:
    """Settle what is open in a case, and close it."""
    lead = desk(store, ZHAO, at)
    for one in duties_of(store, [case_id]).get(case_id, []):
        if one.kind == "task":
            queue.done(lead, case_id, one.id, anyone=True)
        else:
            queue.withdraw(lead, case_id, one.id, "不再需要", anyone=True)
    lead.close(case_id)


@pytest.fixture
def month(store: Store) -> Store:
    """November 2026: 40.00 promised of which 30.00 is paid; before it 5.00 that counts and 10.00 of 31 October that does not."""
    pay(desk(store, at="2026-10-05T10:00:00+08:00"), opened(store, "2026-10-05T10:00:00+08:00", 1, "once"), "damage", 500)
    pay(desk(store, at="2026-10-31T23:59:59+08:00"), opened(store, "2026-10-31T23:59:59+08:00", 2, "twice"), "damage", 1000)
    first = opened(store, "2026-11-01T00:00:00+08:00", 3, "repeat")
    pay(desk(store, at="2026-11-01T00:00:00+08:00"), first, "damage", 1000)
    finish(store, "2026-11-03T10:00:00+08:00", first)
    second = opened(store, "2026-11-10T10:00:00+08:00", 4, "repeat")
    asked = pay(desk(store, at="2026-11-10T10:00:00+08:00"), second, "damage", 2000, why="客户坚持")
    reject(desk(store, ZHAO, "2026-11-10T11:00:00+08:00"), second, asked.entry.id, "先查照片")
    pay(desk(store, at="2026-11-10T12:00:00+08:00"), second, "damage", 2000, why="照片清楚")
    approve(desk(store, ZHAO, "2026-11-11T10:00:00+08:00"), second)
    pay(desk(store, at="2026-11-12T10:00:00+08:00"), second, "damage", None)
    finish(store, "2026-11-13T10:00:00+08:00", second)
    forced = opened(store, "2026-11-20T10:00:00+08:00", 5, "given up")
    pay(desk(store, at="2026-11-20T10:00:00+08:00"), forced, "damage", 1000, promise=True)
    desk(store, ZHAO, "2026-11-24T10:00:00+08:00").close(forced, "客户撤诉", force=True)
    opened(store, "2026-11-21T10:00:00+08:00", 6, "quiet")
    last = opened(store, "2026-11-30T23:59:59+08:00", 7, "waits")
    pay(desk(store, at="2026-11-30T23:59:59+08:00"), last, "damage", 1000, promise=True)
    pay(desk(store, at=LATER), opened(store, LATER, 8, "after"), "damage", 1000)
    return store


def report(store: Store, kind: str = MONTH, on: str = "2026-11", now: str = LATER, sight: Sight = ALL) -> dict[str, Any]:
    moment = parse_time(now)
    spans = month_spans(on, moment) if kind == MONTH else day_spans(date.fromisoformat(on), moment)
    with store.one_state():
        found = desk_report(store, load_policy().at(moment), kind, spans, moment, sight)
    told = to_json({**found, "jobs": []})
    assert not list(Draft202012Validator(schema("desk-report-1")).iter_errors(told))
    return dict(told)


def test_the_sums_of_a_month_are_exact(month: Store) -> None:
    told = report(month)
    assert (told["period"], told["last"]) == (
        {"from": "2026-11-01", "to": "2026-11-30", "days": 30}, {"from": "2026-10-01", "to": "2026-10-30", "days": 30},
    )  # fmt: skip
    sums = {
        "granted_count": 3, "granted": "40.00", "paid_count": 2, "paid": "30.00",
        "last_granted_count": 1, "last_granted": "5.00", "last_paid_count": 1, "last_paid": "5.00",
    }  # fmt: skip
    spend = told["spend"]
    assert spend["payouts"] == sums
    assert spend["by_reason"] == [{"reason": "damage", "kind": "compensation", **sums}]
    assert spend["by_flow"] == [{"flow": "damage", **sums}]
    assert spend["by_tier"] == [{"tier": "frontline", **sums}]
    assert set(spend["refunds"].values()) <= {0, "0.00"}
    days = {one["day"]: (one["granted"], one["paid"]) for one in spend["by_day"] if one["granted_count"] or one["paid_count"]}
    assert days == {
        "2026-11-01": ("10.00", "10.00"), "2026-11-10": ("20.00", "0.00"), "2026-11-12": ("0.00", "20.00"), "2026-11-30": ("10.00", "0.00"),
    }  # fmt: skip
    aligned = next(one for one in spend["by_day"] if one["last_granted_count"])
    assert (aligned["day"], aligned["last_day"], aligned["last_paid"]) == ("2026-11-05", "2026-10-05", "5.00")


def test_approvals_cases_and_the_time_they_took(month: Store) -> None:
    told = report(month)
    one = {"count": 1, "amount": "20.00"}
    assert (told["approvals"]["granted"], told["approvals"]["refused"]) == (one, one)
    cases = told["cases"]
    assert (cases["opened"], cases["closed"], cases["forced"], cases["reopened"], cases["last_opened"]) == (5, 3, 1, 0, 1)
    assert cases["median"] == 2, "Sunday to Tuesday 2, Tuesday to Friday 3, Friday to Tuesday 2 working days"
    assert cases["by_flow"][0]["flow"] == "damage"
    desk(month, ZHAO, "2026-11-30T10:00:00+08:00").reopen(5, "客户又来")
    cases = report(month)["cases"]
    assert (cases["closed"], cases["reopened"]) == (2, 1), "a case that is open again is not closed"


def test_what_is_open_is_as_of_now(month: Store) -> None:
    told = report(month)
    assert told["open"]["cases"] == 5
    assert sum(one["open"] for one in told["open"]["tasks"]) == len(rows(month, "duty", "kind = 'task' AND state = 'open'"))
    late = [row[0] for row in rows(month, "duty", "kind = 'promise' AND state = 'open' AND due < '2026-12-01'")]
    assert told["broken"]["count"] == len(late) == len(told["broken"]["list"])
    far = report(month, now="2027-01-15T10:00:00+08:00")
    money = [one for one in far["broken"]["list"] if one["reason"] == "damage"]
    assert [(one["case"], one["amount"]) for one in money] == ([("7", "10.00")] if money else [])
    assert far["broken"]["of_money"] == len(money)


def rows(store: Store, table: str, where: str) -> list[Any]:
    return store.execute(f"SELECT id FROM {table} WHERE {where}").fetchall()


def test_a_broken_promise_of_money_says_which_since_when_and_how_much(month: Store) -> None:
    month.execute("UPDATE duty SET due = '2026-11-26' WHERE entry_id IS NOT NULL AND kind = 'promise' AND state = 'open'")
    month.execute("UPDATE duty SET due = NULL WHERE entry_id IS NULL AND kind = 'promise'")
    broken = report(month)["broken"]
    assert (broken["count"], broken["of_money"], broken["amount"], broken["since"]) == (1, 1, "10.00", "2026-11-26")
    assert [(one["case"], one["reason"], one["late"]) for one in broken["list"]] == [("7", "damage", 5)]
    month.execute("UPDATE duty SET state = 'held' WHERE kind = 'promise' AND state = 'open'")
    assert report(month)["broken"]["count"] == 0, "where the time stands still, nothing is broken"


def test_days_begin_at_midnight_in_shanghai(month: Store) -> None:
    for day, granted, opened_then in (("2026-10-31", "10.00", 1), ("2026-11-01", "10.00", 1), ("2026-11-30", "10.00", 1), ("2026-12-01", "10.00", 1)):
        told = report(month, DAY, day)
        assert (told["spend"]["payouts"]["granted"], told["cases"]["opened"]) == (granted, opened_then), day
    assert report(month, DAY, "2026-11-01")["spend"]["payouts"]["last_granted"] == "10.00", "the day before it was 31 October"


def test_repeat_claimants_are_masked_and_survive_erasure(month: Store) -> None:
    assert report(month)["claimants"] == {"count": 1, "list": [{"customer": "r***t", "erased": False, "cases": 2, "amount": "30.00"}]}
    assert report(month, sight=NOBODY)["claimants"] is None
    before = report(month)["spend"]
    erase_customer(desk(month, ZHAO, LATER), "repeat", "客户要求")
    told = report(month)
    assert told["claimants"]["list"] == [{"customer": None, "erased": True, "cases": 2, "amount": "30.00"}]
    assert told["spend"] == before, "sums stay"


def test_rulings_are_those_of_the_receipts_also_where_an_older_program_kept_them(month: Store) -> None:
    found: Counter[str] = Counter()
    for day, body in month.execute("SELECT day, body FROM receipt").fetchall():
        if "2026-11-01" <= day <= "2026-11-30":
            found.update(rulings_of(zlib.decompress(bytes(body)).decode()).split())
    told = report(month)["rulings"]
    assert {one["ruling"]: one["decisions"] for one in told if one["decisions"]} == found
    assert found["C04"] == 5, "each of the five decisions names the coupon of the tier"
    month.execute("UPDATE receipt SET rulings = NULL")
    assert report(month)["rulings"] == told


def test_only_what_is_cited_counts_as_a_ruling() -> None:
    assert rulings_of('{"cites":["C17","H04-R01","C04"],"x":{"cites":["C104","C04"]},"facts":{"a":"C99"}}') == "C04 C17 C104"
    assert rulings_of('{"facts":{"a":"\\"cites\\":[\\"C99\\"]"}}') == ""


def test_an_item_that_is_damaged_often_stands_out(month: Store) -> None:
    assert report(month)["unusual"] == [{"kind": "item", "item": "S1", "flow": "damage", "cases": 5}]


def test_an_agent_far_above_the_others_is_named_to_a_lead_only(store: Store) -> None:
    at = "2026-11-05T10:00:00+08:00"
    number = 10
    for actor, amount, times in ((LI, 1000, 3), (WANG, 300, 1), (Actor("wu", "frontline", "agent"), 200, 1)):
        for _ in range(times):
            number += 1
            pay(desk(store, actor, at), opened(store, at, number, f"n{number}", actor), "damage", amount)
    found = [one for one in report(store)["unusual"] if one["kind"] == "agent"]
    assert found == [{"kind": "agent", "agent": "li", "entries": 3, "amount": "30.00", "others": "2.50"}]
    told = report(store, sight=Sight(people=True, agents=False))
    assert [one["agent"] for one in told["unusual"] if one["kind"] == "agent"] == [None]


def test_an_empty_store_has_a_report_of_noughts(store: Store) -> None:
    told = report(store)
    assert (told["cases"]["opened"], told["cases"]["median"], told["spend"]["by_reason"], told["rulings"], told["unusual"]) == (0, None, [], [], [])
    assert told["broken"]["since"] is None


def test_both_periods_are_of_the_same_length_and_share_no_day() -> None:
    now = parse_time("2026-11-25T10:00:00+08:00")
    for month, this, last in (
        (None, ("2026-11-01", "2026-11-25"), ("2026-10-01", "2026-10-25")),
        ("2026-10", ("2026-10-01", "2026-10-31"), ("2026-08-31", "2026-09-30")),
        ("2026-03", ("2026-03-01", "2026-03-31"), ("2026-01-29", "2026-02-28")),
        ("2024-02", ("2024-02-01", "2024-02-29"), ("2024-01-01", "2024-01-29")),
        ("2026-01", ("2026-01-01", "2026-01-31"), ("2025-12-01", "2025-12-31")),
    ):
        found = month_spans(month, now)
        assert [(one.start.isoformat(), one.end.isoformat()) for one in found] == [this, last]
        assert found[0].days == found[1].days


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "2026-12", "0000-01", "1999-12", "9999-12", "2026-11-01", "x", "", "２０２６-11"])
def test_a_month_that_is_none_or_still_to_come_is_refused(month: str) -> None:
    with pytest.raises(InputError):
        month_spans(month, parse_time("2026-11-25T10:00:00+08:00"))


def test_a_day_still_to_come_is_refused() -> None:
    for day in (date(2026, 11, 26), date(1, 1, 1), date(9999, 12, 31)):
        with pytest.raises(InputError):
            day_spans(day, parse_time("2026-11-25T10:00:00+08:00"))


def test_the_median_of_counts() -> None:
    assert median(Counter()) is None
    assert median(Counter({3: 1})) == 3
    assert median(Counter({1: 1, 2: 1})) == 1.5
    assert median(Counter({0: 1_000_000, 9: 999_999})) == 0
    assert median(Counter({2: 2, 4: 2})) == 3


def test_jobs_that_ran_and_that_were_missed(store: Store) -> None:
    job, unused = load_job("held-orders"), load_job("oversell")
    insert = (
        "INSERT INTO job_run (job, name, window_from, window_to, state, now, started_at, agent, inputs)"
        " VALUES (?, ?, '', '', ?, ?, ?, 'cron', '[]')"
    )
    for name, at, state in (
        ("held-orders", "2026-11-09T09:00:00+08:00", "done"), ("held-orders", "2026-11-11T08:50:00+08:00", "done"),
        ("held-orders", "2026-11-12T07:00:00+08:00", "done"), ("held-orders", "2026-11-13T09:00:00+08:00", "running"),
        ("gone", "2026-11-10T09:00:00+08:00", "done"),
    ):  # fmt: skip
        store.execute(insert, (name, at, state, at, at))
    now = parse_time("2026-11-14T08:00:00+08:00")
    held, other, gone = ran(store, [job, unused], load_policy(), month_spans(None, now)[0], now)
    assert held["missed_days"] == ["2026-11-10", "2026-11-12", "2026-11-13"], "not before its first run, nor before its time"
    assert (held["runs"], held["unfinished"], held["last_run"]) == (3, 1, "2026-11-12T07:00:00+08:00")
    assert (other["missed"], other["used"]) == (0, False)
    assert (gone["job"], gone["title"], gone["runs"], gone["missed"]) == ("gone", None, 1, 0)


class _Recorder:
    """A store that notes what is asked of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[tuple[str, Any]] = []

    def execute(self, sql: str, values: Any = ()) -> Any:
        self.asked.append((sql, values))
        return self.store.execute(sql, values)

    def stream(self, sql: str, values: Any = ()) -> Any:
        self.asked.append((sql, values))
        return self.store.stream(sql, values)


def test_no_figure_reads_a_whole_table(store: Store) -> None:
    fill_many(store, 3000)
    if store.dialect == "postgresql":
        store.execute("SET enable_seqscan = off")
    store.execute("ANALYZE")
    recorder: Any = _Recorder(store)
    now = parse_time("2026-11-25T10:00:00+08:00")
    with store.one_state():
        desk_report(recorder, load_policy().at(now), MONTH, month_spans(None, now), now, ALL)
        assert len(recorder.asked) > 15
        for sql, values in recorder.asked:
            if store.dialect == "sqlite":
                steps = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
                whole = [one for one in steps if one.startswith("SCAN") and "USING" not in one and one.split()[1] != "g" and "subquery" not in one]
            else:
                whole = [row[0] for row in store.execute(f"EXPLAIN {sql}", values).fetchall() if "Seq Scan" in row[0]]
            assert not whole, (sql, whole)


def test_receipts_of_a_store_of_version_2_are_found_by_their_day(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        for statement in (one for step in MIGRATIONS[:2] for one in step):
            old.execute(in_words(statement, "sqlite"))
        old.execute(
            "INSERT INTO event (case_id, n, at, kind, agent, tier, data, prev, hash)"
            " VALUES (1, 1, '2026-11-30T23:59:59+08:00', 'opened', 'li', 'frontline', '{}', '', '')"
        )
        old.execute("INSERT INTO receipt (case_id, n, body) VALUES (1, 1, ?)", (zlib.compress(b'{"cites":["C04"]}'),))
        old.execute("INSERT INTO receipt (case_id, n, body) VALUES (2, 1, NULL)")
        old.execute(f"PRAGMA application_id={APPLICATION_ID}")
        old.execute("PRAGMA user_version=2")
    old.close()
    with open_store(str(path), write=True) as store:
        assert report(store)["rulings"] == [{"ruling": "C04", "decisions": 1, "last_decisions": 0}]
        assert report(store, DAY, "2026-12-01")["rulings"] == [{"ruling": "C04", "decisions": 0, "last_decisions": 1}]
