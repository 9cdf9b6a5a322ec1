"""Past cases a second through `tmcs policy backtest`, and its peak memory, against resolving the same cases only.

    python tests/bench/bench_backtest.py [--cases 100000] [--store URL]

From a store (filled first, as the case store writes it) and from a file of facts. Resolving only: `resolve()` once for each
case with the order and facts in memory; a backtest reads each case and decides it twice. Memory is the growth of the
process's peak, in a process of its own, at a tenth of the cases and at all of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

FACTS = {"photos_received": "yes", "damage_kind": "rotten", "partial_quantity": "no"}
NEW = 'payouts: {damage: {rows: {usual: {rate_max: "0.15"}}}}\n'
AT = "2026-11-23T10:00:00+08:00"
ALL = date(2000, 1, 1), date(2100, 1, 1)


def record(number: int) -> dict[str, Any]:
    from tmcs.testing import example_order

    return {**example_order(), "tid": f"b{number}", "payment": f"{number % 997 + 1}.00"}


def fill_file(path: Path, cases: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number in range(cases):
            file.write(json.dumps({"flow": "damage", "order": record(number), "facts": FACTS, "at": AT}, ensure_ascii=False) + "\n")


def fill_store(where: str, cases: int) -> None:
    """Open so many cases, a thousand to a transaction."""
    from tmcs.cases.actor import Actor
    from tmcs.cases.desk import Desk
    from tmcs.core.order import parse_time
    from tmcs.loader import load_flow, load_policy
    from tmcs.store import open_store

    flow, policy = load_flow("damage"), load_policy()
    with open_store(where, write=True) as store:
        desk = Desk(store, Actor("filler", "frontline", "agent"), parse_time(AT))
        for start in range(0, cases, 1000):
            with store.transaction():
                for number in range(start, min(start + 1000, cases)):
                    desk.open_within(flow, policy, record(number), FACTS)


def peak() -> int:
    """Return the most memory that this process has held, KiB. (getrusage would count the process it was forked from.)"""
    line = next(one for one in Path("/proc/self/status").read_text("utf-8").splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1])


def run(what: str, where: str, new: str, cases: int) -> None:
    """Do one measurement in this process and print seconds, cases and growth of the peak (KiB)."""
    from tmcs.cases.backtest import Backtest
    from tmcs.cases.past import Library, PastFile, lines_of, of_store
    from tmcs.core.order import Order, parse_time
    from tmcs.core.resolve import resolve
    from tmcs.loader import load_flow, load_policy
    from tmcs.store import open_store

    flow, policy, moment = load_flow("damage"), load_policy(), parse_time(AT)
    resolve(flow, Order(record(0)), FACTS, policy, moment)
    found = Backtest(load_policy([new]))
    before = peak()
    began = time.perf_counter()
    done = cases
    if what == "resolve":
        orders = (record(number) for number in range(cases))
        spent = 0.0
        for one in orders:
            start = time.perf_counter()
            resolve(flow, Order(one), FACTS, policy, moment)
            spent += time.perf_counter() - start
        began = time.perf_counter() - spent
    elif what == "file":
        with open(where, "rb") as file:
            found.take_all(PastFile(where, Library(None, policy, load_flow)).cases(lines_of(file)))
        done = found.cases
    else:
        with open_store(where) as store:
            found.take_all(of_store(store, Library(store, policy, load_flow), *ALL))
        done = found.cases
    seconds = time.perf_counter() - began
    assert done == cases, (done, cases)
    print(json.dumps([seconds, done, peak() - before]))


def measured(*argv: object) -> tuple[float, float]:
    """Return cases a second and MiB of growth, from a process of its own."""
    out = subprocess.run([sys.executable, __file__, "--run", *map(str, argv)], check=True, capture_output=True, text=True).stdout
    seconds, cases, grown = json.loads(out)
    return cases / seconds, grown / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--store", help="fill this store instead of a file that is thrown away")
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        what, where, new_file, number = given.run
        run(what, where, new_file, int(number))
        return
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder, "new.yaml")
        new.write_text(NEW, "utf-8")
        rates: dict[tuple[str, int], tuple[float, float]] = {}
        for cases in (given.cases // 10, given.cases):
            where, file = given.store or f"{folder}/{cases}.db", Path(folder, f"{cases}.jsonl")
            if given.store is None or cases == given.cases:
                fill_store(where, cases)
                rates["store", cases] = measured("store", where, new, cases)
            fill_file(file, cases)
            rates["file", cases] = measured("file", file, new, cases)
            rates["resolve", cases] = measured("resolve", "-", new, cases)
    for (what, cases), (rate, grown) in rates.items():
        ratio = rates["resolve", cases][0] / rate
        print(f"{what:8} {cases:8} cases  {rate:9.0f} cases/s   peak +{grown:6.1f} MiB   time / resolving only = {ratio:5.2f}")


if __name__ == "__main__":
    main()
