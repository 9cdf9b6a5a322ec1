"""How long lists of cases, the taking of a task and the reports of the desk take over a million cases, on either store.

    python tests/bench/bench_cases.py [--cases N] [--store FILE|URL] [--keep] [--runs N]

The store is filled with plain SQL: two of five cases are open, each with a task in one of eight queues and a promise; the
others were paid and closed; all were opened over 23 months, the last of them November 2026. Then
each query runs in this process (the median of its runs and the peak of Python's memory), and the cold commands against
`python -c "import click"`, turn by turn, as in bench_startup.py. A server's schema (`?schema=…`) is filled if it is empty.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from bench_startup import environment, measure

NOW = datetime(2026, 11, 25, 10, tzinfo=timezone(timedelta(hours=8)))
QUEUES = ("19013", "19047", "19026", "19049", "19048", "complaint", "supervisor", "finance")
FLOWS = ("damage", "missing-item", "mismatch", "unsigned", "price", "invoice", "rejection")
REASONS = ("damage", "not-shipped-72h", "oversell", "missing-item")
_NUMBERS = "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)"
_MONTH = "'202' || CAST(5 + i % 23 / 12 AS TEXT) || '-' || substr(CAST(101 + i % 23 % 12 AS TEXT), 2) || '-'"
_OPENED = f"{_MONTH} || substr(CAST(101 + i / 23 % 20 AS TEXT), 2)"
_CLOSED = f"{_MONTH} || substr(CAST(101 + i / 23 % 20 + i % 5 AS TEXT), 2)"
_DUE = "'2026-1' || CAST(1 + i / 40 % 2 AS TEXT) || '-' || substr(CAST(101 + i / 80 % 28 AS TEXT), 2)"


def _one_of(words: tuple[str, ...], number: str = "i") -> str:
    cases = " ".join(f"WHEN {n} THEN '{word}'" for n, word in enumerate(words))
    return f"CASE {number} % {len(words)} {cases} END"


#: Cases 2, 3 of each five are open; of four open tasks one is taken. (Numbers are given, so that a duty finds its case.)
STATEMENTS = (
    f"INSERT INTO cases (id, version, head, flow, tid, item, customer_id, state, outcome, owner, opened_at, opened_by, closed_at, next_due,"
    f" policy) {_NUMBERS} SELECT i, 1, '', {_one_of(FLOWS)}, CAST(5200000000000000000 + i AS TEXT), 'S1', 1 + i / 3,"
    f" CASE WHEN i % 5 IN (2, 3) THEN {_one_of(('resolved', 'waiting', 'needs-facts', 'resolved'), '(i / 5)')} ELSE 'closed' END, 'refund',"
    f" 'agent' || CAST(i % 50 AS TEXT), {_OPENED} || 'T10:00:00+08:00', 'agent0',"
    f" CASE WHEN i % 5 IN (2, 3) THEN NULL ELSE {_CLOSED} || 'T10:00:00+08:00' END, CASE WHEN i % 5 IN (2, 3) THEN {_DUE} END, '' FROM number",
    f"INSERT INTO duty (case_id, n, kind, name, party, text, due, unit, state, agent, at) {_NUMBERS}"
    f" SELECT i, 1, 'task', 'task', {_one_of(QUEUES)}, '[\"跟进退款\", \"follow the refund\"]', {_DUE}, 'working',"
    f" CASE WHEN i % 5 NOT IN (2, 3) THEN 'done' WHEN i % 4 = 0 THEN 'taken' ELSE 'open' END,"
    f" CASE WHEN i % 4 = 0 THEN 'agent' || CAST(i % 50 AS TEXT) END, '2026-11-01T10:00:00+08:00' FROM number",
    f"INSERT INTO duty (case_id, n, kind, name, party, text, due, unit, state, at) {_NUMBERS}"
    f" SELECT i, 1, 'promise', 'promise', 'customer', '[\"退款\", \"refund\"]', {_DUE}, 'calendar',"
    f" CASE WHEN i % 5 IN (2, 3) THEN 'open' ELSE 'done' END, '2026-11-01T10:00:00+08:00' FROM number",
    f"INSERT INTO ledger (case_id, account, customer_id, reason, kind, form, amount, most, state, tier, agent, at, day) {_NUMBERS}"
    f" SELECT i, CAST(5200000000000000000 + i AS TEXT), 1 + i / 3, {_one_of(REASONS)}, 'compensation', 'coupon', 100 + i % 3000, 5000,"
    f" 'paid', {_one_of(('frontline', 'second-line', 'supervisor'))}, 'agent' || CAST(i % 50 AS TEXT), {_CLOSED} || 'T10:00:00+08:00', {_OPENED}"
    " FROM number WHERE i % 5 NOT IN (2, 3)",
    f"INSERT INTO receipt (case_id, n, body, day, rulings) {_NUMBERS} SELECT i, 1, NULL, {_OPENED}, {_one_of(('C04 C06', 'C04', 'C09 C17', ''))} FROM number",
    f"INSERT INTO event (case_id, n, at, kind, agent, tier, data, prev, hash) {_NUMBERS}"
    f" SELECT i, 1, {_CLOSED} || 'T10:00:00+08:00', 'closed', 'agent0', 'frontline', '{{}}', '', '' FROM number WHERE i % 5 NOT IN (2, 3)",
    f"INSERT INTO customer (id, nick) {_NUMBERS} SELECT i, 'nick' || CAST(i AS TEXT) FROM number WHERE i % 3 = 0",
)


def fill(store: Any, cases: int) -> None:
    """Fill an empty store with so many cases."""
    with store.transaction():
        for statement in STATEMENTS:
            store.execute(statement, (cases,))
        if store.dialect == "postgresql":  # numbers were given: its own go on behind them
            for table in ("cases", "customer"):
                store.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
    if store.dialect == "postgresql":
        for table in ("cases", "duty", "customer", "ledger", "receipt", "event"):
            store.execute(f"ANALYZE {table}")


def queries() -> dict[str, Any]:
    """Return what is listed, by name."""
    from tmcs.cases.lists import ALL, CLOSED, Wanted

    return {
        "list": Wanted(),
        "list --closed": Wanted(scope=CLOSED),
        "list --all": Wanted(scope=ALL),
        "list --queue": Wanted(queue="19047"),
        "list --agent": Wanted(agent="agent8"),
        "list --owner": Wanted(owner="agent7"),
        "list --state": Wanted(state="needs-facts"),
        "list --flow": Wanted(flow="price"),
        "list --flow --all": Wanted(flow="price", scope=ALL),
        "list --order": Wanted(tid="5200000000000500002", scope=ALL),
        "list --customer": Wanted(customer=166668, scope=ALL),
        "list --overdue": Wanted(due_to="2026-11-22"),
        "list --due-soon": Wanted(due_from="2026-11-23", due_to="2026-11-24"),
        "list --queue --overdue": Wanted(queue="19047", due_to="2026-11-22"),
        "list --owner --overdue": Wanted(owner="agent7", due_to="2026-11-22"),
    }


def _timed(work: Callable[[], Any], runs: int) -> tuple[float, int]:
    """Return the median time of some work in ms and the peak of Python's memory in bytes."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return statistics.median(times) * 1000, peak


def _report(store: Any, kind: str, spans: Any) -> Any:
    from tmcs.cases.desk_report import DAY, MONTH, Sight, desk_report
    from tmcs.loader import load_policy

    with store.one_state():
        return desk_report(store, load_policy().at(NOW), DAY if kind == "today" else MONTH, spans, NOW, Sight(people=True, agents=True))


def _work(store: Any, runs: int) -> None:
    from tmcs.cases.actor import Actor
    from tmcs.cases.desk import Desk
    from tmcs.cases.lists import Wanted, list_cases, mark_of, promises
    from tmcs.cases.queue import take

    def show(name: str, work: Callable[[], Any], runs: int = runs) -> None:
        spent, peak = _timed(work, runs)
        print(f"  {name:32} {spent:8.2f} ms   {peak / 1024:8.0f} KiB")

    def page(wanted: Wanted, after: str | None = None) -> Callable[[], Any]:
        return lambda: list(list_cases(store, wanted, after=after, limit=50))

    for name, wanted in queries().items():
        show(name, page(wanted))
        far = list(list_cases(store, wanted, limit=1000))
        if len(far) == 1000:
            show(f"{name} --after", page(wanted, mark_of(far[-1], wanted)))
    show("promises", lambda: list(promises(store, limit=50)))
    show("promises --overdue", lambda: list(promises(store, until="2026-11-22", limit=50)))
    from tmcs.cases.report_period import day_spans, month_spans

    desk = Desk(store, Actor("li", "frontline", "agent"))
    show("take --queue", lambda: take(desk, "19047"))
    for kind, spans in (("today", day_spans(None, NOW)), ("month", month_spans("2026-11", NOW))):
        show(f"report {kind}", lambda kind=kind, spans=spans: _report(store, kind, spans), runs=min(runs, 3))
    show("every open case, counted", lambda: sum(1 for _ in list_cases(store, queries()["list"])), runs=1)


@contextmanager
def _file(given: str | None, keep: bool) -> Iterator[str]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases.db")
        yield path
        if keep:
            os.replace(path, "cases.db")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--store", metavar="STORE", help="a file or URL; default a temporary file")
    parser.add_argument("--keep", action="store_true", help="keep the file as cases.db")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    from tmcs.store import open_store

    with _file(options.store, options.keep) as where:
        with open_store(where, write=True) as store:
            if store.execute("SELECT 1 FROM cases LIMIT 1").fetchone() is None:
                start = time.perf_counter()
                fill(store, options.cases)
                print(f"{options.cases} cases in {time.perf_counter() - start:.0f} s")
            print(f"work in this process, {store.dialect}: median, peak memory")
            _work(store, options.runs)
        print("cold commands")
        with tempfile.TemporaryDirectory() as folder:
            env = {**environment(Path(folder), None), "TMCS_STORE": where, "TMCS_AGENT": "li"}
            tmcs = str(Path(sys.executable).with_name("tmcs"))
            measure("case list", [tmcs, "case", "list"], env, options.runs)
            measure("case list --overdue", [tmcs, "case", "list", "--overdue"], env, options.runs)
            env["TMCS_ROLE"] = "lead"
            measure("report today", [tmcs, "report", "today"], env, min(options.runs, 5))
            measure("report month", [tmcs, "report", "month", "--month", "2026-11"], env, min(options.runs, 5))
            measure("case take --queue 19047", [tmcs, "case", "take", "--queue", "19047"], env, options.runs)


if __name__ == "__main__":
    main()
