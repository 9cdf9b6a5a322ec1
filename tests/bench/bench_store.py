"""How many commits a second a store takes from 1, 8 and 32 writers, against the bare driver with the same statements.

    python tests/bench/bench_store.py [--seconds S] [--rounds N] [--writers 1,8,32] [--server postgresql://…]

A commit is what an event of a case is: one row into ``event``, one update of ``cases``, on disk when it returns. Each writer
is a process with a case of its own that commits in a tight loop. Store and bare driver run turn by turn; the ratio is the
median of the rounds. ``share`` is the slowest writer's commits over the fastest one's, ``wait`` the longest time between
wanting to begin and having begun. The server is ``TMCS_TEST_POSTGRESQL`` unless it is named; without one SQLite alone is
measured. The bare SQLite driver waits by its busy time-out (30 s), as every program does that says no more.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, NamedTuple

from tmcs.server_url import is_url, read_url
from tmcs.store import open_store

EVENT = "INSERT INTO event (case_id, n, at, kind, agent, tier, data, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
CASE = "UPDATE cases SET version = ?, head = ? WHERE id = ?"
DATA = '{"fact":"photos_received","value":"yes","source":"set"}'
HASH = "5f" * 32


class Bare:
    """The driver alone, at the same durability."""

    def __init__(self, where: str) -> None:
        self.server = is_url(where)
        if self.server:
            import psycopg

            conninfo, schema, _ = read_url(where)
            self.connection: Any = psycopg.connect(conninfo, autocommit=True, options=f"-csearch_path={schema}")
        else:
            self.connection = sqlite3.connect(where, isolation_level=None, timeout=30)
            self.connection.execute("PRAGMA synchronous=FULL")
        self._begin = "BEGIN" if self.server else "BEGIN IMMEDIATE"

    def begin(self) -> None:
        self.connection.execute(self._begin)

    def execute(self, sql: str, values: tuple[Any, ...]) -> Any:
        return self.connection.execute(sql.replace("?", "%s") if self.server else sql, values)

    def commit(self) -> None:
        self.connection.execute("COMMIT")


def write(kind: str, where: str, case_id: int, seconds: float) -> None:
    """Commit events to a case until the time is over, and print how many and the longest wait."""
    store: Any = open_store(where, write=True) if kind == "store" else Bare(where)
    version = store.execute("SELECT version FROM cases WHERE id = ?", (case_id,)).fetchone()[0]
    print("ready", flush=True)
    sys.stdin.readline()
    done, longest, end = 0, 0.0, time.monotonic() + seconds
    while (asked := time.monotonic()) < end:
        store.begin()
        longest = max(longest, time.monotonic() - asked)
        version += 1
        at = "2026-11-25T10:00:00+08:00"
        store.execute(EVENT, (case_id, version, at, "fact", "wang", "first-line", DATA, HASH, HASH))
        store.execute(CASE, (version, HASH, case_id))
        store.commit()
        done += 1
    print(done, longest, flush=True)


class Round(NamedTuple):
    """What the writers of one round did: commits a second, slowest over fastest, the longest wait in seconds."""

    speed: float
    share: float
    wait: float


def once(kind: str, where: str, writers: int, seconds: float) -> Round:
    """Let so many processes write at once."""
    command = [sys.executable, __file__, "--write", kind, where]
    seats = [
        subprocess.Popen([*command, str(n + 1), str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for n in range(writers)
    ]
    for seat in seats:
        assert seat.stdout is not None
        assert seat.stdout.readline() == "ready\n"
    for seat in seats:
        assert seat.stdin is not None
        seat.stdin.write("go\n")
        seat.stdin.flush()
    said = [seat.communicate()[0].split() for seat in seats]
    done = [int(words[0]) for words in said]
    return Round(sum(done) / seconds, min(done) / max(done), max(float(words[1]) for words in said))


def fill(where: str, cases: int) -> None:
    """Make a store with cases that have no event yet."""
    with open_store(where, write=True) as store, store.transaction():
        for _ in range(cases):
            store.execute(
                "INSERT INTO cases (version, head, flow, state, opened_at, opened_by, policy) VALUES (0, '', 'damage', 'open',"
                " '2026-11-25T10:00:00+08:00', 'wang', '')"
            )


def measure(where: str, writers: list[int], seconds: float, rounds: int) -> None:
    """Measure one database with each number of writers."""
    fill(where, max(writers))
    dialect = "postgresql" if is_url(where) else "sqlite"
    for number in writers:
        pairs = [(once("store", where, number, seconds), once("bare", where, number, seconds)) for _ in range(rounds)]
        ours, bare = zip(*pairs, strict=True)
        ratio = statistics.median(one.speed / other.speed for one, other in pairs)
        print(
            f"{dialect:10} {number:3} writers  store {statistics.median(one.speed for one in ours):7,.0f}/s  "
            f"share {min(one.share for one in ours):.2f}  wait {max(one.wait for one in ours) * 1000:6.0f} ms   "
            f"bare {statistics.median(one.speed for one in bare):7,.0f}/s  share {min(one.share for one in bare):.2f}  "
            f"wait {max(one.wait for one in bare) * 1000:6.0f} ms   ratio {ratio:.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--writers", default="1,8,32")
    parser.add_argument("--server", default=os.environ.get("TMCS_TEST_POSTGRESQL", ""))
    parser.add_argument("--write", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        kind, where, case_id, seconds = options.write
        write(kind, where, int(case_id), float(seconds))
        return
    writers = [int(word) for word in options.writers.split(",")]
    with tempfile.TemporaryDirectory(prefix="tmcs-bench-") as folder:
        measure(os.path.join(folder, "store.db"), writers, options.seconds, options.rounds)
    if not options.server:
        print("postgresql  not measured: name a server with --server or TMCS_TEST_POSTGRESQL")
        return
    import psycopg

    url = f"{options.server}{'&' if '?' in options.server else '?'}schema=tmcs_bench_{os.getpid()}"
    try:
        measure(url, writers, options.seconds, options.rounds)
    finally:
        conninfo, schema, _ = read_url(url)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


if __name__ == "__main__":
    main()
