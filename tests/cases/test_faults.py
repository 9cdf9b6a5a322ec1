"""Processes that are killed, and many at once: nothing acknowledged is lost, nothing is claimed or paid twice, no half case."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tmcs.cases.audit import event_hash, genesis
from tmcs.store import open_store
from tmcs.store.base import Store

WORKER = str(Path(__file__).with_name("worker.py"))
WRITES = 2000  # acknowledged, over as many kills as it takes
KILLS = 400  # at most
SEATS = 32


def seat(*argv: object) -> subprocess.Popen[bytes]:
    """Start a seat of the desk."""
    words = [sys.executable, WORKER, *map(str, argv)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMCS_NOW": ""})


def lines(output: bytes) -> list[list[str]]:
    """Return the acknowledged calls: whole lines only."""
    return [line.split() for line in output.decode().split("\n")[:-1] if line not in ("ready", "again")]


def check_whole(store: Store) -> int:
    """Assert that every case is whole: its events linked and counted, its decision with a receipt; return how many events."""
    cases = store.execute("SELECT id, version, head FROM cases ORDER BY id").fetchall()
    events = 0
    for case_id, version, head in cases:
        prev, rows = genesis(case_id), store.execute(
            "SELECT n, at, kind, agent, tier, data, private, prev, hash FROM event WHERE case_id = ? ORDER BY n", (case_id,)
        ).fetchall()
        assert [row[0] for row in rows] == list(range(1, version + 1))
        for n, at, kind, agent, tier, data, private, said_prev, said in rows:
            assert said_prev == prev
            prev = event_hash(case_id, n, at, kind, agent, tier, data, private, prev)
            assert said == prev
        assert prev == head
        kinds = [row[2] for row in rows]
        assert kinds[0] == "opened"
        duties = store.execute("SELECT kind, state FROM duty WHERE case_id = ? ORDER BY id", (case_id,)).fetchall()
        assert Counter(kind for kind, _ in duties) == {"task": 1, "promise": 1}
        assert sum(state == "taken" for _, state in duties) == kinds.count("taken")
        paid = store.execute("SELECT count(*) FROM ledger WHERE case_id = ? AND state = 'paid'", (case_id,)).fetchone()[0]
        assert paid == kinds.count("paid")
        events += version
    assert store.execute("SELECT count(*) FROM event").fetchone()[0] == events
    assert store.execute("SELECT count(*) FROM receipt").fetchone()[0] == len(cases)
    return events


def check_acknowledged(store: Store, done: list[list[str]]) -> None:
    """Assert that all that was acknowledged is there."""
    for what, *rest in done:
        numbers = [int(word) for word in rest]
        if what == "opened":
            row = store.execute("SELECT version FROM cases WHERE id = ?", numbers).fetchone()
        elif what == "noted":
            row = store.execute("SELECT n FROM event WHERE kind = 'noted' AND case_id = ? AND n = ?", numbers).fetchone()
        elif what == "paid":
            sql = "SELECT id FROM ledger WHERE state = 'paid' AND case_id = ? AND id = ? AND amount = ?"
            row = store.execute(sql, numbers).fetchone()
        elif what == "taken":
            row = store.execute("SELECT agent FROM duty WHERE state = 'taken' AND id = ? AND case_id = ?", numbers).fetchone()
        else:
            assert what == "refused"
            continue
        assert row is not None, (what, rest)


def test_a_process_that_is_killed_at_any_instant_loses_nothing_it_acknowledged(store_url: str) -> None:
    dice = random.Random(20261125)
    acknowledged: list[list[str]] = []
    for turn in range(KILLS):
        if len(acknowledged) > WRITES:
            break
        worker = seat("work", store_url, f"seat{turn}")
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        time.sleep(dice.uniform(0.02, 0.35))
        worker.send_signal(signal.SIGKILL)
        output, errors = worker.communicate()
        assert errors == b""
        assert worker.returncode == -signal.SIGKILL
        acknowledged += lines(output)
        with open_store(store_url, write=True) as store:  # the next one goes on at once
            check_acknowledged(store, acknowledged[-8:])
    with open_store(store_url) as store:
        check_acknowledged(store, acknowledged)
        events = check_whole(store)
    assert len(acknowledged) > WRITES
    assert events >= len(acknowledged)


@pytest.mark.slow
def test_32_processes_at_once_lose_nothing_and_claim_nothing_twice(store_url: str) -> None:
    with open_store(store_url, write=True):
        pass
    seats = [seat("work", store_url, f"s{n}", 12) for n in range(SEATS)]
    outputs = [one.communicate(timeout=180) for one in seats]
    assert [(one.returncode, errors) for one, (_, errors) in zip(seats, outputs, strict=True)] == [(0, b"")] * SEATS
    done = [line for output, _ in outputs for line in lines(output)]
    assert Counter(line[0] for line in done) == dict.fromkeys(("opened", "noted", "paid", "taken"), SEATS * 12)
    taken = Counter(line[1] for line in done if line[0] == "taken")
    assert set(taken.values()) == {1}
    with open_store(store_url) as store:
        check_acknowledged(store, done)
        check_whole(store)


@pytest.mark.slow
def test_32_takers_empty_a_queue_without_taking_a_task_twice_or_leaving_one(store_url: str) -> None:
    filler = seat("race", store_url, "filler", 200)
    filler.communicate(timeout=120)
    assert filler.returncode == 0
    takers = [seat("claim", store_url, f"t{n}") for n in range(SEATS)]
    outputs = [one.communicate(timeout=180) for one in takers]
    assert [(one.returncode, errors) for one, (_, errors) in zip(takers, outputs, strict=True)] == [(0, b"")] * SEATS
    taken = Counter(line[1] for output, _ in outputs for line in lines(output))
    assert len(taken) == 200
    assert set(taken.values()) == {1}
    with open_store(store_url) as store:
        check_whole(store)


@pytest.mark.slow
def test_the_same_cause_of_the_same_order_is_paid_once_however_many_ask_at_once(store_url: str) -> None:
    with open_store(store_url, write=True):
        pass
    seats = [seat("race", store_url, f"r{n}", 10) for n in range(16)]
    outputs = [one.communicate(timeout=180) for one in seats]
    assert [(one.returncode, errors) for one, (_, errors) in zip(seats, outputs, strict=True)] == [(0, b"")] * 16
    done = [line for output, _ in outputs for line in lines(output)]
    counts = Counter(line[0] for line in done)
    assert counts == {"opened": 160, "paid": 10, "refused": 150}
    with open_store(store_url) as store:
        check_whole(store)
        rows = store.execute("SELECT account, count(*), sum(amount) FROM ledger WHERE state = 'paid' GROUP BY account").fetchall()
    assert sorted((row[0], row[1], int(row[2])) for row in rows) == sorted((f"shared-{n}", 1, 1000) for n in range(10))
