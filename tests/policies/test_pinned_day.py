"""A change announced in the file in force: an open case keeps the figures of the day it was opened, until somebody moves it."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.cases.audit_kit import DAMAGE, LI, QIAN, ZHAO, desk, order
from tmcs.cases.approvals import approve
from tmcs.cases.audit import digest
from tmcs.cases.desk import ALREADY, MOVED
from tmcs.cases.payments import pay
from tmcs.cases.replay import replay, replay_current
from tmcs.cases.verify import verify
from tmcs.core.errors import EXIT_IO, NotPermittedError
from tmcs.core.policy import Policy
from tmcs.core.resolution import Resolution
from tmcs.loader import load_flow, load_policy
from tmcs.schemas import schema
from tmcs.store import open_store
from tmcs.store.base import Store

#: From the first of December: less for damage, more approvals, a cap, a longer time for the refund.
DATED = """\
payouts: {damage: {rows: {usual: {
  rate_max: [{from: 2012-04-16, value: "0.20"}, {from: 2026-12-01, value: "0.15"}]}}}}
cases:
  order_total: {value: [{from: 2012-04-16, value: none}, {from: 2026-12-01, value: "12.00"}]}
  approvals:
    own: {when: above-authority, reason: damage, cite: [C04],
          levels: [{from: 2012-04-16, value: [second-line]}, {from: 2026-12-01, value: [second-line, supervisor]}]}
deadlines:
  refund-normal: {parts: [{from: 2012-04-16, value: [{days: "5", unit: calendar}]}, {from: 2026-12-01, value: [{days: "9", unit: calendar}]}]}
"""
OLD, EVE, DAY, LATER = (f"2026-{day}+08:00" for day in ("11-23T10:00:00", "11-30T23:59:59", "12-01T00:00:00", "12-02T10:00:00"))
_ONE = schema("resolution-1")
CASE = Draft202012Validator(schema("case-1"), registry=Registry().with_resource(_ONE["$id"], Resource.from_contents(_ONE)))
SUCCEEDED = {"status": "TRADE_FINISHED", "end_time": "2026-11-22T13:00:00+08:00"}


@pytest.fixture
def dated(tmp_path: Path) -> Path:
    file = tmp_path / "dated.yaml"
    file.write_text(DATED, "utf-8")
    return file


@pytest.fixture
def policy(dated: Path) -> Policy:
    return load_policy([str(dated)])


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url, write=True) as found:
        yield found


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch, store_url: str, dated: Path) -> None:
    """The desk of the lead, on the day after the change."""
    for name, value in (("STORE", store_url), ("ROLE", "lead"), ("AGENT", "sun"), ("NOW", LATER), ("POLICY", str(dated))):
        monkeypatch.setenv(f"TMCS_{name}", value)


_numbers = itertools.count(1)


def opened(store: Store, policy: Policy, at: str = OLD, **more: Any) -> int:
    return desk(store, at=at).open(load_flow("damage"), policy, order(str(2026112000000 + next(_numbers)), **more), DAMAGE)[0]


def most(result: Resolution) -> int:
    return next(one.max for one in result.payouts if one.reason == "damage")


def due(result: Resolution) -> date:
    return next(day for deadline, day, _ in result.deadlines if deadline.id == "refund")


def faults(store: Store) -> list[str]:
    found: list[Any] = []
    verify(store, found.append)
    return [fault.text.en for fault in found]


def whole(store: Store, *cases: int) -> bool:
    """Return whether the audit of everything finds nothing and every decision of the cases is made anew byte for byte."""
    return faults(store) == [] and {one.verdict for case in cases for one in replay(store, case)} == {"same"}


def said(result: Resolution) -> dict[str, Any]:
    return {name: value for name, value in result.to_dict().items() if name != "policy"}


# ---- what a case is decided by -------------------------------------------------------------------------------------------


def test_a_case_is_decided_by_the_figures_of_its_day_and_the_clock_of_today(store: Store, policy: Policy) -> None:
    before, eve, after = (opened(store, policy, at) for at in (OLD, EVE, DAY))
    plain = opened(store, load_policy())
    was, last, new = (desk(store, at=LATER).set(case, {}) for case in (before, eve, after))
    assert [most(one) for one in (was, last, new)] == [2000, 2000, 1500]
    assert due(was) == due(desk(store, at=LATER).set(plain, {})), "five days from today"
    assert due(was) == due(last) == date(2026, 12, 7) < due(new)
    assert said(was)["payouts"] == said(desk(store, at=LATER).set(plain, {}))["payouts"]
    assert whole(store, before, eve, after)


def test_a_flow_it_goes_on_in_and_a_case_that_is_reopened_keep_the_day(store: Store, policy: Policy) -> None:
    case = opened(store, policy, **SUCCEEDED)
    desk(store, ZHAO, LATER).close(case, "x", force=True)
    desk(store, ZHAO, LATER).reopen(case, "x")
    assert most(desk(store, at=LATER).set(case, {})) == 2000
    result = desk(store, at=LATER).move_on(case, load_flow, facts={"payee_details": "yes"})
    assert result.flow.id == "abnormal-refund"
    assert result.snapshot.same_as(load_policy().at(result.now)) is False, "the desk's own approvals are in it"
    assert result.snapshot.same_as(policy.at(desk(store).now))
    assert not result.snapshot.same_as(policy.at(result.now))
    assert pay(desk(store, at=LATER), case, "damage", 2000, why="x").levels == ["second-line"]
    assert whole(store, case)


def test_approvals_and_caps_are_those_of_the_day_of_the_case(store: Store, policy: Policy) -> None:
    before, after = opened(store, policy), opened(store, policy, DAY)
    assert pay(desk(store, at=LATER), before, "damage", 2000, why="x").levels == ["second-line"]
    assert approve(desk(store, ZHAO, LATER), before).entry.state == "approved"
    assert pay(desk(store, at=LATER), before, "damage", None).entry.amount == 2000
    assert pay(desk(store, at=LATER), after, "damage", 1100, why="x").levels == ["second-line", "supervisor"]
    assert approve(desk(store, ZHAO, LATER), after).levels == ["supervisor"]
    approve(desk(store, QIAN, LATER), after)
    other = opened(store, policy, DAY)
    with pytest.raises(NotPermittedError, match=r"12\.00 is left"):
        pay(desk(store, at=LATER), other, "damage", 1300, why="x")
    assert whole(store, before, after, other)


def test_the_ledger_tells_the_limits_that_a_case_goes_by(tmcs: Any, store: Store, policy: Policy, lead: None) -> None:
    before, after = opened(store, policy), opened(store, policy, DAY)
    limits = [tmcs("case", "ledger", case, "--format", "json").json["limits"]["order_total"] for case in (before, after)]
    assert limits == [None, "12.00"]


def test_what_the_commands_decide_is_what_the_case_keeps(tmcs: Any, store: Store, policy: Policy, lead: None) -> None:
    before = opened(store, policy)
    done = tmcs("case", "set", before, "--set", "partial_quantity=no", "--no-input", "--format", "json")
    assert [one["max"] for one in done.json["resolution"]["payouts"]] == ["20.00"]
    assert whole(store, before)


_stores = itertools.count()
_START = date(2026, 12, 1)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days")
    (folder / "dated.yaml").write_text(DATED, "utf-8")
    return folder


@settings(max_examples=25, deadline=None)
@given(
    opening=st.integers(-4, 4),
    steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["set", "set", "move", "keep", "reopen"])), max_size=6),
)
def test_whatever_happens_to_a_case_only_a_move_changes_its_day(days: Path, opening: int, steps: list[tuple[int, str]]) -> None:
    policy, plain = load_policy([str(days / "dated.yaml")]), load_policy()

    def at(offset: int) -> str:
        return f"{_START + timedelta(days=offset)}T09:00:00+08:00"

    with open_store(str(days / f"{next(_stores)}.db"), write=True) as store:
        case, result = desk(store, at=at(opening)).open(load_flow("damage"), policy, order("2026112000001"), DAMAGE)
        today = held = opening
        for passed, what in steps:
            today += passed
            here = desk(store, ZHAO, at(today))
            if what == "move":
                did, _ = here.move_policy(case, policy, "x")
                assert did == (MOVED if (held < 0) != (today < 0) else ALREADY)
                held = today if did == MOVED else held
            elif what == "keep":
                here.keep_policy(case)
            elif what == "reopen":
                here.close(case, "x", force=True)
                here.reopen(case, "x")
            result = here.set(case, {})
            assert most(result) == (2000 if held < 0 else 1500)
            assert result.snapshot.same_as(policy.at(desk(store, at=at(held)).now))
            if held < 0:  # the clock is today's: as the policy without the announced change decides
                undated = desk(store, ZHAO, at(today)).open(load_flow("damage"), plain, order("1"), DAMAGE)[1]
                assert (due(undated), most(undated)) == (due(result), most(result))
        assert whole(store, case)


# ---- receipts ------------------------------------------------------------------------------------------------------------


def receipts(store: Store, case: int) -> list[dict[str, Any]]:
    rows = store.execute("SELECT body FROM receipt WHERE case_id = ? ORDER BY n", (case,)).fetchall()
    return [json.loads(zlib.decompress(bytes(row[0]))) for row in rows]


def test_a_receipt_says_from_when_its_figures_hold_where_they_change(store: Store, policy: Policy) -> None:
    before, after, plain = opened(store, policy), opened(store, policy, DAY), opened(store, load_policy())
    desk(store, at=LATER).set(before, {})
    assert [one["policy"].get("since") for one in receipts(store, before)] == ["2012-04-16"] * 2
    assert [one["policy"].get("since") for one in receipts(store, after)] == ["2026-12-01"]
    assert "since" not in receipts(store, plain)[0]["policy"]


@pytest.fixture
def by_an_earlier_program(store: Store, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> int:
    """A case whose receipts go by the figures of the day of each decision and do not say from when they hold."""
    with monkeypatch.context() as patch:
        patch.setattr(Policy, "on", lambda self, day: self)
        case = opened(store, policy)
        assert most(desk(store, at=LATER).set(case, {})) == 1500
    return case


def test_receipts_of_an_earlier_program_replay_as_they_were_made(store: Store, policy: Policy, by_an_earlier_program: int) -> None:
    case = by_an_earlier_program
    assert "since" not in receipts(store, case)[0]["policy"]
    first, second = replay(store, case)
    assert (first.verdict, second.verdict) == ("same", "same")
    assert first.why == []
    assert "by the figures of its own day" in second.why[0].en
    assert most(desk(store, at=LATER).set(case, {})) == 2000, "from here on it is held to the day it was opened"
    assert whole(store, case)
    found = replay_current(store, case, None, policy, load_flow)
    assert [one.verdict for one in found] == ["same-result", "differs", "same"]


@pytest.mark.parametrize(("old", "new"), [('"since":"2012-04-16"', '"since":"2026-12-01"'), ("2012-04-16", "2013-01-01")])
def test_a_receipt_whose_day_was_edited_is_told(store: Store, policy: Policy, old: str, new: str) -> None:
    case = opened(store, policy)
    body = zlib.decompress(bytes(store.execute("SELECT body FROM receipt WHERE case_id = ?", (case,)).fetchone()[0])).decode()
    place = body.index('"policy":{"digest"')
    edited = body[:place] + body[place:].replace(old, new, 1)
    assert edited != body
    with store.transaction():
        store.execute("UPDATE receipt SET body = ? WHERE case_id = ?", (zlib.compress(edited.encode()), case))
        store.execute(
            "UPDATE event SET data = replace(data, ?, ?) WHERE case_id = ?", (digest(body), digest(edited), case)
        )  # fmt: skip
    assert [one.verdict for one in replay(store, case)] == ["changed"]


def test_the_time_of_opening_that_was_edited_is_no_crash(tmcs: Any, store: Store, policy: Policy, lead: None) -> None:
    case = opened(store, policy)
    with store.transaction():
        store.execute("UPDATE event SET at = 'never' WHERE case_id = ? AND n = 1", (case,))
    assert any("changed" in one for one in faults(store))
    ran = tmcs("case", "show", case, "--lang", "en")
    assert (ran.code, "cannot be read" in ran.err) == (EXIT_IO, True)


# ---- moved or kept -------------------------------------------------------------------------------------------------------


def test_preview_lists_whom_an_announced_change_would_change(tmcs: Any, store: Store, policy: Policy, lead: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = opened(store, policy), opened(store, policy, DAY)
    now = tmcs("policy", "preview", "--format", "json")
    (found,) = now.json["cases"]
    assert (now.code, now.json["policy"]["since"], now.json["totals"]["looked"]) == (1, "2026-12-01", 1)
    assert (found["case"], found["policy_day"]) == (str(before), "2026-11-23")
    assert [(one["reason"], one["old"], one["new"]) for one in found["money"]] == [("damage", "20.00", "15.00")]
    assert "refund" in found["changes"]["deadlines"]["new"]
    monkeypatch.setenv("TMCS_NOW", "2026-11-24T09:00:00+08:00")  # a week before
    assert tmcs("policy", "preview", "--format", "json").json["totals"]["looked"] == 0
    assert "2026-12-01" in tmcs("policy", "preview", "--lang", "en").err
    then = tmcs("policy", "preview", "--on", "2026-12-01", "--format", "json").json
    assert [one["case"] for one in then["cases"]] == [str(before)]
    assert after not in [int(one["case"]) for one in then["cases"]]
    assert [kind for kind, in store.execute("SELECT kind FROM event WHERE kind = 'moved-policy'").fetchall()] == []


def test_a_moved_case_goes_by_the_figures_of_the_day_of_the_move_and_keeps_what_was_promised(
    tmcs: Any, store: Store, policy: Policy, lead: None
) -> None:
    case = opened(store, policy)
    pay(desk(store, ZHAO), case, "damage", 1900, promise=True)
    days = "SELECT name, due FROM duty WHERE case_id = ? AND due IS NOT NULL AND state = 'open' ORDER BY id"
    given = store.execute(days, (case,)).fetchall()
    assert "19.00" in tmcs("policy", "preview", "--lang", "en").out
    ran = tmcs("policy", "move", case, "--why", "新规", "--format", "json")
    assert ran.json["totals"] == {"moved": 1}
    assert [row for row in store.execute(days, (case,)).fetchall() if row in given] == given
    assert receipts(store, case)[-1]["policy"]["since"] == "2026-12-01"
    assert most(desk(store, at="2026-12-20T10:00:00+08:00").set(case, {})) == 1500
    assert tmcs("policy", "preview", "--format", "json").json["totals"]["looked"] == 0
    assert tmcs("policy", "move", "--all", "--why", "x", "--format", "json").json["totals"] == {}
    assert tmcs("policy", "move", case, "--why", "x", "--format", "json").json["totals"] == {"already": 1}
    assert tmcs("case", "pay", case, "--reason", "damage").code == 0
    assert [tuple(row) for row in store.execute("SELECT amount, state FROM ledger WHERE case_id = ?", (case,)).fetchall()] == [(1900, "paid")]
    name = store.execute("SELECT policy FROM cases WHERE id = ?", (case,)).fetchone()[0][:8]
    assert f"{name}@2026-11-23 ⇒ {name}@2026-12-02" in tmcs("case", "show", case, "--events", "--lang", "en").out
    ran = tmcs("policy", "diff", f"{name}@2026-11-23", f"{name}@2026-12-02", "--format", "json")
    assert "payouts.damage.rows.usual.rate_max" in [one["key"] for one in ran.json["differences"]]
    assert whole(store, case)


def test_a_case_may_be_kept_before_the_change_comes(tmcs: Any, store: Store, policy: Policy, lead: None, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, other = opened(store, policy), opened(store, policy)
    monkeypatch.setenv("TMCS_NOW", "2026-11-24T09:00:00+08:00")
    assert tmcs("policy", "pin", kept).code == 0
    assert tmcs("policy", "move", other, "--why", "x", "--format", "json").json["totals"] == {"already": 1}
    monkeypatch.setenv("TMCS_NOW", LATER)
    assert tmcs("policy", "preview", "--format", "json").json["totals"]["pinned"] == 1
    ran = tmcs("policy", "move", "--all", "--why", "x", "--format", "json")
    assert {one["case"]: one["did"] for one in ran.json["cases"]} == {str(kept): "kept", str(other): "moved"}
    assert [most(desk(store, LI, LATER).set(case, {})) for case in (kept, other)] == [2000, 1500]
    assert whole(store, kept, other)


def test_show_says_under_which_version_of_which_day_a_case_stands(
    tmcs: Any, store: Store, policy: Policy, lead: None, dated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = opened(store, policy), opened(store, policy, DAY)

    def shown(case: int) -> tuple[str, bool, str]:
        found = tmcs("case", "show", case, "--format", "json").json
        CASE.validate(found)
        return found["policy_day"], found["newer_policy"], tmcs("case", "show", case, "--lang", "en").out

    day, newer, text = shown(before)
    assert (day, newer) == ("2026-11-23", True)
    assert "the version of 2026-11-23, when it was opened" in text
    assert "tmcs policy preview" in text
    assert "2026-11-23 建案时的版本" in tmcs("case", "show", before, "--lang", "zh").out
    assert shown(after)[:2] == ("2026-12-01", False)
    assert "the version of" not in shown(after)[2]
    tmcs("policy", "move", before, "--why", "x")
    assert shown(before)[:2] == ("2026-12-02", False)
    dated.write_text(f"# a remark changes no figure\n{DATED}", "utf-8")
    assert shown(before)[1] is False
    dated.write_text(DATED.replace('"0.15"', '"0.14"'), "utf-8")
    assert "the version of 2026-12-02, when it was moved" in shown(before)[2]
    tmcs("policy", "pin", before)
    assert "kept under it" in shown(before)[2]
    monkeypatch.setenv("TMCS_NOW", OLD)
    assert shown(after)[1] is True


def test_a_backtest_takes_a_past_case_by_the_figures_of_its_day(
    tmcs: Any, store: Store, policy: Policy, lead: None, dated: Path, tmp_path: Path
) -> None:
    case = opened(store, policy)
    desk(store, at=LATER).set(case, {})
    exported = tmp_path / "cases.jsonl"
    assert tmcs("case", "export", "--out", exported).code == 0
    for source in (("--cases", "2026-12-01..2026-12-31"), ("--export", exported)):
        run: Callable[..., Any] = lambda *more, given=source: tmcs("policy", "backtest", "--policy", dated, *given, *more, "--format", "json")  # noqa: E731
        same, lower = run("--on", "2026-11-30").json, run().json
        assert (same["cases"], same["same"]) == (1, 1)
        assert [one["old"]["max"] for one in lower["money"] if one["reason"] == "damage"] == ["20.00"]
        assert [one["new"]["max"] for one in lower["money"] if one["reason"] == "damage"] == ["15.00"]
