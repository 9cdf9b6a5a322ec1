"""A selection means the same in Python and in SQL, on both databases, whatever is null or absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tmcs
from tmcs.core.order import parse_time
from tmcs.core.source import Source
from tmcs.jobs.definition import load_job
from tmcs.jobs.select import FIELDS, All, Any_, FieldTest, Node, Not, coded, open_fields, orders, query, read
from tmcs.store import open_store

TIMES = [f"2026-11-{day:02d}T{hour:02d}:00:00+08:00" for day in (20, 21, 22) for hour in (0, 12, 20)]
STATUSES = ["WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED"]
PARAMS = {"from": TIMES[2], "to": TIMES[6]}

absent = st.just("absent")
time = st.sampled_from(TIMES)
records = st.lists(
    st.fixed_dictionaries({
        "status": absent | st.none() | st.sampled_from(STATUSES),
        "pay_time": absent | st.none() | time,
        "consign_time": absent | st.none() | time,
        "sign_time": absent | st.none() | time,
        "lbx": absent | st.none() | st.just("") | st.sampled_from(["LBX1", "LBX2"]),
    }),
    max_size=12,
)  # fmt: skip

bound = time | st.sampled_from(["$from", "$to"])
tests = st.one_of(
    st.builds(lambda v: FieldTest("status", v, [], None), st.lists(st.sampled_from(STATUSES), min_size=1, max_size=2)),
    st.builds(lambda v: FieldTest("lbx", v, [], None), st.lists(st.sampled_from(["LBX1", "LBX2"]), min_size=1, max_size=2)),
    st.builds(FieldTest, st.sampled_from(list(FIELDS)), st.just([]), st.just([]), st.sampled_from(["set", "empty", "unknown"])),
    st.builds(
        lambda f, b: FieldTest(f, [], b, None), st.sampled_from(["pay_time", "consign_time", "sign_time"]),
        st.lists(st.tuples(st.sampled_from([">=", "<", ">", "<="]), bound), min_size=1, max_size=2),
    ),
)  # fmt: skip
conditions: st.SearchStrategy[Node] = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, min_size=1, max_size=4)),
        st.builds(Any_, st.lists(inner, min_size=1, max_size=3)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def made(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value != "absent"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=records, condition=conditions)
def test_python_and_sql_select_the_same_orders(store_url: str, rows: list[dict[str, Any]], condition: Node) -> None:
    with open_store(store_url, write=True) as store:
        store.begin()
        try:
            store.execute("DELETE FROM orders")
            for number, fields in enumerate(rows):
                store.execute(
                    "INSERT INTO orders (tid, status, whole, lines, run, lines_run, record) VALUES (?, ?, 1, 0, 0, 0, ?)",
                    (f"{number:02d}", made(fields).get("status"), json.dumps(made(fields))),
                )
            asked = {f"{n:02d}": condition.ask(made(fields), PARAMS) for n, fields in enumerate(rows)}
            sql, values = query(condition, PARAMS, "tid")
            found = [row[0] for row in store.execute(sql, values).fetchall()]
            assert sorted(found) == sorted(tid for tid, answer in asked.items() if answer is not False)
            for want in (True, False, None):
                where, values = condition.sql(PARAMS, want)
                found = [row[0] for row in store.execute(f"SELECT tid FROM orders WHERE {where}", values).fetchall()]
                assert sorted(found) == sorted(tid for tid, answer in asked.items() if answer is want), want
            said = {tid: answer for tid, _, answer in orders(store, condition, PARAMS)} if store.dialect == "sqlite" else asked
            assert all(asked[tid] is answer for tid, answer in said.items())
        finally:
            store.rollback()


def test_a_sweep_goes_by_an_index_whatever_is_unknown(store_url: str) -> None:
    condition = All([
        FieldTest("status", ["WAIT_SELLER_SEND_GOODS"], [], None), FieldTest("lbx", [], [], "set"), FieldTest("consign_time", [], [], "empty"),
        FieldTest("pay_time", [], [(">=", "$from"), ("<", "$to")], None),
    ])  # fmt: skip
    sql, values = query(condition, PARAMS)
    with open_store(store_url, write=True) as store:
        if store.dialect == "sqlite":
            plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
            steps = [step for step in plan if "orders" in step]
            assert steps
            assert all("USING INDEX orders_" in step for step in steps), plan
        else:
            store.execute("SET enable_seqscan = off")
            plan = [row[0] for row in store.execute(f"EXPLAIN {sql}", values).fetchall()]
            assert any("Index Scan using orders_" in step for step in plan), plan
            assert not any("Seq Scan" in step for step in plan), plan


@pytest.mark.parametrize("name", ["held-orders", "oversell", "ship-tracking", "completion-rate"])
def test_each_part_of_a_job_s_selection_goes_by_an_index(name: str, tmp_path: Path) -> None:
    job, snapshot = load_job(name), tmcs.load_policy(()).at(parse_time("2026-11-23T09:00:00+08:00"))
    assert job.condition is not None
    now = parse_time("2026-11-23T09:00:00+08:00")
    sql, values = query(job.condition, job.params(snapshot, now, job.span(snapshot, now, None)))
    with open_store(str(tmp_path / "desk.db"), write=True) as store:
        plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()]
    steps = [step for step in plan if "orders" in step]
    assert steps
    assert all("USING INDEX orders_" in step for step in steps), plan


def test_what_an_absent_key_is_asked_is_unknown_and_its_absence_known() -> None:
    states = {state: FieldTest("lbx", [], [], state) for state in ("set", "empty", "unknown")}
    answers = {state: [test.ask(record, PARAMS) for record in ({}, {"lbx": None}, {"lbx": "LBX1"})] for state, test in states.items()}
    assert answers == {"set": [None, False, True], "empty": [None, True, False], "unknown": [True, False, False]}


def test_the_fields_that_leave_a_selection_open_are_named() -> None:
    source = Source("job.yaml", {"status": "WAIT_SELLER_SEND_GOODS", "any": [{"lbx": {"is": "empty"}}, {"pay_time": {"before": "$to"}}]})
    condition = read(source.root, ["to"])
    assert source.findings == []
    assert open_fields(condition, {}, PARAMS) == ["status", "lbx", "pay_time"]
    assert open_fields(condition, {"status": "TRADE_CLOSED"}, PARAMS) == []  # whatever the others are
    assert open_fields(condition, {"status": "WAIT_SELLER_SEND_GOODS", "pay_time": TIMES[0]}, PARAMS) == []
    assert open_fields(condition, {"status": "WAIT_SELLER_SEND_GOODS", "pay_time": TIMES[8]}, PARAMS) == ["lbx"]


def test_a_record_is_coded_so_that_empty_and_unknown_differ() -> None:
    assert [coded(record, "lbx") for record in ({}, {"lbx": None}, {"lbx": "LBX1"})] == ["~", "", "LBX1"]


def faults(data: Any) -> list[str]:
    source = Source("job.yaml", data)
    read(source.root, ["from", "to"])
    return [finding.message("en") for finding in source.findings]


def test_a_condition_is_read_strictly() -> None:
    assert faults({"status": "WAIT_SELLER_SEND_GOODS", "pay_time": {"from": "$from", "before": "$to"}, "lbx": {"is": "set"}}) == []
    assert "nearest: lbx" in faults({"lbxx": "1"})[0]
    assert "nearest: WAIT_SELLER_SEND_GOODS" in faults({"status": "WAIT_SELLER_SEND_GOOD"})[0]
    assert "unknown $form" in faults({"pay_time": {"from": "$form"}})[0]
    assert "must not be empty" in faults({})[0]
    assert "must not be empty" in faults({"any": []})[0]
    assert "nearest: lbx" in faults({"lbx": {"is": "set"}, "any": [{"lbxx": "1"}]})[0]
    assert "unknown key since" in faults({"pay_time": {"since": "$from"}})[0]
    assert "unknown state full" in faults({"lbx": {"is": "full"}})[0]
