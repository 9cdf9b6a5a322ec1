"""Runs of jobs as cron starts them: once a window, resumed after a kill, one at a time, nothing opened twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.kit import NOW, JobDesk
from tmcs.store import open_store
from tmcs.testing import example_order

#: Enough hits for several batches, so that a run can be stopped in the middle.
MANY = 1000


def tid(n: int) -> str:
    return f"52000000000000{n:05}"


def held(desk: JobDesk, numbers: range) -> None:
    """Put orders into the book that the warehouse cannot replenish in time."""
    desk.orders(*(
        example_order("processing", tid=tid(n), created="2026-11-21T09:00:00+08:00", pay_time="2026-11-21T21:00:00+08:00") for n in numbers
    ))  # fmt: skip
    desk.warehouse(*(
        {"登记时间": "2026-11-22 09:30:00", "订单编号": tid(n), "反馈类型": "缺货", "商家编码": "S1", "处理状态": "待补货", "处理说明": "预计 11-30 到货"}
        for n in numbers
    ))  # fmt: skip


@pytest.fixture
def desk(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobDesk:
    for name, value in (("TMCS_NOW", NOW), ("TMCS_ROLE", "job"), ("TMCS_AGENT", "cron"), ("TMCS_STORE", store_url)):
        monkeypatch.setenv(name, value)
    return JobDesk(store_url, tmp_path)


def start(out: Path, *words: object) -> subprocess.Popen[bytes]:
    """Start tmcs in a process of its own; what it prints goes into a file."""
    with out.open("wb") as file:
        return subprocess.Popen(["tmcs", *map(str, words)], stdout=file, stderr=subprocess.STDOUT, env=dict(os.environ))


def kept(store: str) -> dict[str, Any]:
    """Return all that runs have kept and opened, without the moments and numbers that may differ."""
    with open_store(store) as opened:
        run = opened.execute
        items = run("SELECT name, place, part, body, case_id FROM job_item ORDER BY place").fetchall()
        return {
            "runs": run("SELECT job, name, state, counts FROM job_run ORDER BY id").fetchall(),
            "items": [(name, place, part, json.loads(body)) for name, place, part, body, _ in items],
            "with a case": [name for name, _, _, _, case in items if case is not None],
            "cases": sorted(run("SELECT tid, flow, version FROM cases").fetchall()),
            "calls": sorted(run("SELECT tid, day, job FROM job_call").fetchall()),
        }


def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(desk: JobDesk, tmp_path: Path) -> None:
    held(desk, range(MANY))
    other = JobDesk(str(tmp_path / "undisturbed.db"), tmp_path)
    held(other, range(MANY))
    run = ("-q", "job", "run", "held-orders", "--open", "--if-due", "--since-last", "--format", "json")
    again = ("tmcs", "-q", "job", "run", "held-orders", "--format", "json", "--store")
    began = time.monotonic()
    whole = start(tmp_path / "whole", *run, "--out", tmp_path / "a", "--store", other.url)
    assert whole.wait(timeout=120) == 0, (tmp_path / "whole").read_text()

    took = time.monotonic() - began
    chance = random.Random(5)
    kills = 0
    code = None
    while code is None and kills < 60:
        process = start(tmp_path / "last", *run, "--out", tmp_path / "b")
        try:
            code = process.wait(timeout=took * (0.25 + 0.15 * chance.random() + kills / 50))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
    assert code == 0, (tmp_path / "last").read_text()
    assert kills > 2
    found, expected = kept(desk.url), kept(other.url)
    assert found == expected
    assert len(found["cases"]) == len(found["with a case"]) == len(found["items"]) == MANY
    assert {flow for _, flow, _ in found["cases"]} == {"held-order"}
    (name,) = os.listdir(tmp_path / "a")
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    shown = [json.loads(subprocess.check_output([*again, store])) for store in (desk.url, other.url)]
    assert len({json.dumps([{**item, "case": ""} for item in one["items"]]) for one in shown}) == 1


def test_a_second_run_at_the_same_time_is_told_to_try_again(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    held(desk, range(2))
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with open_store(desk.url, write=True) as store, store.exclusive("job-held-orders"):
            inside.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert inside.wait(10)
        ran = tmcs("job", "run", "held-orders", "--lang", "en")
        assert ran.code == 75
        assert ran.out == ""
        assert tmcs("job", "run", "oversell").code == 0
    finally:
        done.set()
        thread.join()
    assert tmcs("job", "run", "held-orders").code == 0


def test_two_at_once_open_each_case_once(desk: JobDesk, tmp_path: Path) -> None:
    held(desk, range(60))
    both = [start(tmp_path / f"out-{n}", "job", "run", "held-orders", "--open") for n in range(3)]
    codes = sorted([process.wait(timeout=120) for process in both])
    assert set(codes) <= {0, 75}
    assert codes[0] == 0
    found = kept(desk.url)
    assert len(found["cases"]) == len({tid for tid, _, _ in found["cases"]}) == 60


def test_a_finished_window_is_printed_again_and_opens_nothing_twice(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    held(desk, range(3))
    run = ("job", "run", "held-orders", "--open", "--out", tmp_path / "out", "--format", "json")
    first = tmcs(*run)
    data = next((tmp_path / "out").iterdir()).read_bytes()
    before = kept(desk.url)
    time.sleep(1.1)  # the moment of writing is not in the file
    held(desk, range(5))  # what comes to light later is no part of it
    again = tmcs(*run)
    assert (first.code, again.code) == (0, 0)
    assert again.json == first.json
    assert next((tmp_path / "out").iterdir()).read_bytes() == data
    assert kept(desk.url) == before
    assert "重印" in again.err


def test_what_was_run_without_cases_opens_them_later(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    held(desk, range(3))
    assert tmcs("job", "run", "held-orders").code == 0
    assert kept(desk.url)["cases"] == []
    ran = tmcs("job", "run", "held-orders", "--open", "--format", "json")
    assert [item["case"] for item in ran.json["items"]] == ["1", "2", "3"]
    assert tmcs("case", "verify").code == 0
    case = tmcs("case", "show", "1", "--format", "json").json
    assert (case["flow"], case["order"]) == ("held-order", tid(0))


def test_the_next_day_goes_on_in_the_case_that_is_open(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    held(desk, range(2))
    tmcs("job", "run", "held-orders", "--open")
    monkeypatch.setenv("TMCS_NOW", "2026-11-24T09:00:00+08:00")
    ran = tmcs("job", "run", "held-orders", "--open", "--format", "json")
    assert [item.get("case") for item in ran.json["items"]] == ["1", "2"]
    assert len(kept(desk.url)["cases"]) == 2
    assert "归入未结的案件" in ran.err


def test_recompute_shows_what_differs(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    held(desk, range(2))
    assert tmcs("job", "run", "held-orders", "--recompute").code == 6
    tmcs("job", "run", "held-orders", "--open")
    same = tmcs("job", "run", "held-orders", "--recompute", "--lang", "en")
    assert (same.code, same.out) == (0, "the same as was kept\n")
    held(desk, range(2, 3))
    before = kept(desk.url)
    other = tmcs("job", "run", "held-orders", "--recompute", "--format", "json")
    assert other.code == 1
    assert other.json["differences"] == [{"key": tid(2), "what": "new"}]
    assert kept(desk.url) == before


def test_missed_days_are_caught_up_with_the_oldest_first(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    held(desk, range(1))
    tmcs("job", "run", "held-orders")
    monkeypatch.setenv("TMCS_NOW", "2026-11-26T08:00:00+08:00")
    ran = tmcs("job", "run", "held-orders", "--since-last", "--if-due", "--format", "json")
    assert [one["now"] for one in ran.json["worklists"]] == ["2026-11-24T08:50:00+08:00", "2026-11-25T08:50:00+08:00"]
    again = tmcs("job", "run", "held-orders", "--since-last", "--if-due", "--format", "json")
    assert again.json["worklists"] == []
    monkeypatch.setenv("TMCS_NOW", "2026-12-20T09:00:00+08:00")
    late = tmcs("job", "run", "held-orders", "--since-last", "--if-due", "--format", "json", "--lang", "en")
    assert len(late.json["worklists"]) == 8
    assert "17 runs missed from 2026-11-26 to 2026-12-12 are more than 7 days ago" in late.err


def test_an_early_run_is_not_the_one_that_is_due(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    desk.orders(example_order("processing", tid=tid(1), pay_time="2026-11-22T21:00:00+08:00", lbx=None))
    early = tmcs("job", "run", "oversell", "--format", "json")
    desk.orders(example_order("processing", tid=tid(2), pay_time="2026-11-22T22:00:00+08:00", lbx=None))
    monkeypatch.setenv("TMCS_NOW", "2026-11-23T17:00:00+08:00")
    proper = tmcs("job", "run", "oversell", "--if-due", "--format", "json").json["worklists"][0]
    assert [len(early.json["items"]), len(proper["items"])] == [1, 2]


def test_rows_that_cannot_be_read_leave_the_run_open(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "complaints.csv"
    head = "投诉编号,订单编号,投诉类型,是否有效,登记时间\n"
    good = f"C1,{tid(1)},货品破损,是,2026-11-22 16:30:00\n"
    file.write_text(head + good + f"C2,{tid(2)},货品破损,是,昨天\n", encoding="utf-8")
    run = ("job", "run", "differentiated-follow-up", "--in", file)
    ran = tmcs(*run, "--format", "json", "--out", tmp_path / "out")
    assert ran.code == 1
    assert len(ran.json["items"]) == 1
    assert "complaints.csv:3:" in ran.err
    assert "没有运行完" in ran.err
    assert not (tmp_path / "out").exists()
    file.write_text(head + good + f"C2,{tid(2)},货品破损,是,2026-11-22 17:00:00\n", encoding="utf-8")
    ran = tmcs(*run, "--format", "json", "--out", tmp_path / "out")
    assert ran.code == 0
    assert len(ran.json["items"]) == 2
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_faulty_rows_can_be_left_out(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "complaints.csv"
    file.write_text(f"订单编号,投诉类型,登记时间\n{tid(1)},货品破损,2026-11-22 16:30:00\n{tid(2)},货品破损,昨天\n", encoding="utf-8")
    ran = tmcs("job", "run", "differentiated-follow-up", "--in", file, "--skip-faulty")
    assert ran.code == 1
    assert kept(desk.url)["runs"][0][2] == "done"


def test_a_report_that_cannot_be_written_leaves_the_run_open(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    held(desk, range(1))
    (tmp_path / "out").write_text("in the way")
    ran = tmcs("job", "run", "held-orders", "--out", tmp_path / "out")
    assert ran.code == 74
    assert kept(desk.url)["runs"][0][2] == "running"
    (tmp_path / "out").unlink()
    assert tmcs("job", "run", "held-orders", "--out", tmp_path / "out").code == 0
    assert kept(desk.url)["runs"][0][2] == "done"
