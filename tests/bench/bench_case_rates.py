"""Events and claims a second through the case store, against the bare driver doing the same commits, turn by turn.

    python tests/bench/bench_case_rates.py [--store URL] [--writers 1,8,32] [--seconds 3] [--rounds 3]

An event is a note on a case of the writer's own; a claim takes the oldest task of one shared queue. The bare writers send
the very statements that the store sends for one (recorded, with other numbers), with nothing else around them: no history,
no hash, no turn. Printed are medians over the rounds: calls a second, the ratio of the two, the share of the slowest writer
to the fastest, and the longest a call took.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

QUEUE = "19047"
FACTS = {"photos_received": "yes", "damage_kind": "rotten", "partial_quantity": "no"}


def desk(store: Any, name: str) -> Any:
    from tmcs.cases.actor import Actor
    from tmcs.cases.desk import Desk

    return Desk(store, Actor(name, "frontline", "agent"))


def fill(where: str, cases: int) -> None:
    """Open so many cases, each with a task in the queue."""
    from tmcs.loader import load_flow, load_policy
    from tmcs.store import open_store
    from tmcs.testing import example_order

    flow, policy = load_flow("damage"), load_policy()
    with open_store(where, write=True) as store:
        at = desk(store, "filler")
        for number in range(cases):
            at.open(flow, policy, {**example_order(), "tid": f"b{time.time_ns()}{number}"}, FACTS)


def recorded(store: Any, call: Any) -> list[tuple[str, list[Any]]]:
    """Return the statements of a call, without BEGIN and COMMIT."""
    log: list[tuple[str, list[Any]]] = []
    plain = store.execute

    def execute(sql: str, values: Any = ()) -> Any:
        log.append((sql, list(values)))
        return plain(sql, values)

    store.execute = execute
    try:
        call()
    finally:
        del store.execute
    return [one for one in log if one[0].split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")]


def ours(where: str, what: str, name: str, seconds: float) -> None:
    """Write through the case store for so long, and print how often and how long a call took at most."""
    from tmcs.cases import queue
    from tmcs.store import open_store

    with open_store(where, write=True) as store:
        at = desk(store, name)
        case = int(store.execute("SELECT max(id) FROM cases").fetchone()[0]) - int(name)
        call = (lambda: at.note(case, "a few words of a note")) if what == "events" else (lambda: queue.take(at, QUEUE))
        timed(call, seconds)


def bare(where: str, what: str, name: str, seconds: float) -> None:
    """Send the same statements through the driver alone."""
    from tmcs.cases import queue
    from tmcs.store import is_server, open_store

    with open_store(where, write=True) as store:
        at = desk(store, name)
        case = int(store.execute("SELECT max(id) FROM cases").fetchone()[0]) - int(name)
        call = (lambda: at.note(case, "a few words of a note")) if what == "events" else (lambda: queue.take(at, QUEUE))
        statements = recorded(store, call)
    send = _postgres(where) if is_server(where) else _sqlite(where)
    if what == "events":
        timed(lambda: send(_renumbered(statements)), seconds)
    else:
        timed(lambda: send(_claim(statements)), seconds)


_next = time.time_ns() % 1_000_000_000


def _renumbered(statements: list[tuple[str, list[Any]]]) -> list[tuple[str, list[Any]]]:
    """Return the statements of a note with places that no row has, and another head: SQLite does not write what is the same."""
    global _next
    _next += 1
    found = []
    for sql, values in statements:
        values = list(values)
        if sql.startswith("INSERT"):
            values[1] = _next
        elif sql.startswith("UPDATE cases"):
            values[:2] = _next, f"{_next:064d}"
        found.append((sql, values))
    return found


def _claim(statements: list[tuple[str, list[Any]]]) -> list[Any]:
    """Return the statements of a claim; what a claim found first is filled in as it is found."""
    found: list[Any] = []
    first = statements[0]

    def later(rows: Any) -> list[tuple[str, list[Any]]]:
        task, case = rows[0], rows[1]
        out = []
        for sql, values in _renumbered(statements[1:]):
            values = list(values)
            if "FROM cases" in sql and sql.startswith("SELECT"):
                values[-1] = case
            elif sql.startswith("INSERT"):
                values[0] = case
            elif "duty" in sql and "UPDATE cases" not in sql:
                values[-1] = task
            else:
                values[-1] = case
            out.append((sql, values))
        return out

    found.append((first, later))
    return found


def _run(execute: Any, statements: list[Any]) -> None:
    for one in statements:
        if callable(one[1]):
            rows = execute(*one[0]).fetchone()
            for sql, values in one[1](rows):
                _fetched(sql, execute(sql, values))
        else:
            _fetched(one[0], execute(*one))


def _fetched(sql: str, cursor: Any) -> None:
    if sql.startswith("SELECT"):
        cursor.fetchall()


def _sqlite(where: str) -> Any:
    import sqlite3

    connection = sqlite3.connect(where, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous=FULL")

    def send(statements: list[Any]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        _run(connection.execute, statements)
        connection.execute("COMMIT")

    return send


def _postgres(where: str) -> Any:
    import psycopg

    from tmcs.server_url import read_url

    found = read_url(where)
    connection = psycopg.connect(found.conninfo, autocommit=True, options=f"-csearch_path={found.schema}")

    def execute(sql: str, values: Any = ()) -> Any:
        return connection.execute(sql.replace("?", "%s"), values)

    def send(statements: list[Any]) -> None:
        connection.execute("BEGIN")
        _run(execute, statements)
        connection.execute("COMMIT")

    return send


def timed(call: Any, seconds: float) -> None:
    """Wait for the starting time, call until the time is over, and print count and longest call as JSON.

    Nobody ends before all are done: thirty interpreters that shut down would be measured by those who still write.
    """
    gc.set_threshold(100_000, 20, 20)  # as the command does
    print("ready", flush=True)
    sys.stdin.readline()
    count, longest, end = 0, 0.0, time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        call()
        count += 1
        longest = max(longest, time.perf_counter() - start)
    print("done", flush=True)
    sys.stdin.readline()
    print(json.dumps({"count": count, "longest": longest}), flush=True)


def race(where: str, how: str, what: str, writers: int, seconds: float) -> dict[str, float]:
    """Start so many writers at once and return what they did."""
    words = [sys.executable, __file__, "--as", how, "--what", what, "--store", where, "--seconds", str(seconds)]
    seats = [
        subprocess.Popen([*words, "--name", str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(writers)
    ]
    for word in ("ready\n", "done\n"):
        for one in seats:
            assert one.stdout is not None
            assert one.stdout.readline() == word
        for one in seats:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
    found = [json.loads(one.communicate()[0]) for one in seats]
    counts = [one["count"] for one in found]
    return {
        "rate": sum(counts) / seconds, "fair": min(counts) / max(counts), "longest": max(one["longest"] for one in found),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--store")
    parser.add_argument("--writers", default="1,8,32")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--as", dest="how")
    parser.add_argument("--what")
    parser.add_argument("--name")
    given = parser.parse_args()
    if given.how:
        (ours if given.how == "ours" else bare)(given.store, given.what, given.name, given.seconds)
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        where = given.store or str(Path(folder) / "rates.db")
        print(f"{'what':8}{'writers':>8}{'ours/s':>10}{'bare/s':>10}{'ratio':>8}{'fair':>8}{'(bare)':>8}{'longest':>10}{'(bare)':>10}")
        for what in ("events", "claims"):
            for writers in map(int, given.writers.split(",")):
                rounds = []
                for _ in range(given.rounds):
                    need = int(given.seconds * 4500) if what == "claims" else 64
                    fill(where, need)
                    mine = race(where, "ours", what, writers, given.seconds)
                    if what == "claims":
                        fill(where, need)
                    rounds.append((mine, race(where, "bare", what, writers, given.seconds)))
                _print(what, writers, rounds)


def _print(what: str, writers: int, rounds: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    def middle(place: int, key: str) -> float:
        return statistics.median(one[place][key] for one in rounds)

    ratio = statistics.median(mine["rate"] / other["rate"] for mine, other in rounds)
    print(
        f"{what:8}{writers:8}{middle(0, 'rate'):10.0f}{middle(1, 'rate'):10.0f}{ratio:8.2f}{middle(0, 'fair'):8.2f}"
        f"{middle(1, 'fair'):8.2f}{max(m['longest'] for m, _ in rounds) * 1000:8.0f}ms{max(b['longest'] for _, b in rounds) * 1000:8.0f}ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
