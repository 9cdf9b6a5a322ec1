"""How long the selections of the jobs take over a large order book, against DuckDB and Polars on the same rows in Parquet.

    python tests/bench/bench_sweep.py [--orders 1000000,10000000] [--folder DIR] [--rounds 3] [--jobs ship-tracking,…]

The book is filled with made-up orders of 60 days (``--folder`` keeps it for the next time; its sweep indexes are made anew
where the program has others by now). Every measurement is a process of its own, engine after engine, round after round; the
times are medians, without the imports, with opening the file; the memory is the most of any round, imports included. All three
give the same, by order number: the numbers of the orders that the selection is true or unknown of, and (``records``) each
order's record as a Python dict. That the numbers are the same is checked by a digest. Times in Parquet are whole seconds, NULL
where empty and 0 where unknown: DuckDB and Polars compare integers. Needs the extra ``bench``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import tmcs
from tmcs.jobs.definition import load_job
from tmcs.jobs.select import All, Any_, FieldTest, Node, Not, orders, query
from tmcs.store import open_store
from tmcs.store.migrations import in_words
from tmcs.store.tables_jobs import SWEEPS
from tmcs.store.tables_orders import INDEXES

NOW = "2026-11-23T09:00:00+08:00"
DAYS = 60
JOBS = ("ship-tracking", "held-orders", "oversell", "shipped-unsigned", "completion-rate")
ENGINES = ("tmcs", "duckdb", "polars")
TIMES = ("created", "pay_time", "consign_time", "sign_time", "end_time")
CHUNK = 100_000
HOUR, DAY = 3600, 86_400

Row = tuple[str, dict[str, Any], str]


# ---- the orders ------------------------------------------------------------------------------------------------------


def mixed(n: int, of: int) -> int:
    """Return a number below ``of`` that looks random and is the same every time."""
    n = (n * 0x9E3779B97F4A7C15 + of * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    n = (n ^ (n >> 31)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return (n ^ (n >> 29)) % of


def fields_of(n: int, created: int, now: int) -> dict[str, Any]:
    """Return what the selections look at: status, lbx and times (seconds); None is empty, an absent key is unknown."""
    lot = mixed(n, 1000)
    found: dict[str, Any] = {"created": created}
    paid = created + 20 + mixed(n, 1500)
    if lot < 40 or paid > now:
        over = created + DAY < now
        return {"status": "TRADE_CLOSED_BY_TAOBAO" if over else "WAIT_BUYER_PAY", **found, "pay_time": None, "consign_time": None, "lbx": None}
    # Most leave within a day, one in 2,000 is held for good.
    sent = paid + 4 * HOUR + mixed(n, 26 * HOUR) if mixed(n, 2000) else now + 1
    signed = sent + 18 * HOUR + mixed(n, 80 * HOUR) if mixed(n, 300) else now + 1
    ended = (signed if signed <= now else sent) + 10 * DAY
    lbx: str | None = f"LBX{n:013d}" if mixed(n, 97) or sent <= now else None
    found |= {"pay_time": paid, "consign_time": sent if sent <= now else None, "sign_time": signed if signed <= now else None}
    found |= {"end_time": None, "lbx": lbx}
    if lot < 70:  # refunded, half of them before they left
        end = paid + 2 * HOUR + mixed(n, 60 * HOUR)
        if end <= now:
            found |= {"status": "TRADE_CLOSED", "end_time": end}
            if lot < 55:
                found |= {"consign_time": None, "sign_time": None}
    if "status" not in found:
        if ended <= now and sent <= now:
            found |= {"status": "TRADE_FINISHED", "end_time": ended}
        else:
            found["status"] = "WAIT_BUYER_CONFIRM_GOODS" if sent <= now else "WAIT_SELLER_SEND_GOODS"
    # What some exports do not carry.
    for key, among in (("status", 1000), ("pay_time", 500), ("lbx", 100), ("consign_time", 50), ("sign_time", 60), ("end_time", 40)):
        if mixed(n + 7, among) == 0:
            del found[key]
    return found


def rows(count: int) -> Iterator[Row]:
    """Yield number, fields and record (JSON) of each order, oldest first."""
    now = int(datetime.fromisoformat(NOW).timestamp())
    start, said = now - DAYS * DAY, _Said()
    for n in range(count):
        tid = str(5_300_000_000_000_000_000 + n * 7)
        fields = fields_of(n, start + n * DAYS * DAY // count, now)
        texts = ",".join(f'"{key}":{said.of(key, value)}' for key, value in fields.items())
        price = f"{10 + n % 90}.{n % 10}0"
        record = (
            f'{{"schema":"tmcs/order/1","tid":"{tid}",{texts},"payment":"{price}","post_fee":"0.00","buyer_nick":"tb_bench{n % 999_983:06d}",'
            f'"receiver":{{"name":"张测试","mobile":"138{n * 104_729 % 100_000_000:08d}","state":"浙江省","city":"杭州市","district":"余杭区",'
            f'"address":"示例街道样例路1号"}},"orders":[{{"oid":"{tid}","title":"示例商品{n % 3000}号","num":1,"payment":"{price}",'
            f'"refund_status":"NO_REFUND"}}],"logistics":{{"company":"圆通速递","out_sid":"YT{n * 15_485_863 % 10**13:013d}"}}}}'
        )
        yield tid, fields, record


class _Said:
    """Values as JSON; times through the text of their day, which is made once."""

    def __init__(self) -> None:
        self._day, self._text = -1, ""

    def of(self, key: str, value: Any) -> str:
        if value is None:
            return "null"
        if key not in TIMES:
            return f'"{value}"'
        day, second = divmod(value + 8 * HOUR, DAY)
        if day != self._day:
            self._day, self._text = day, time.strftime("%Y-%m-%d", time.gmtime(day * DAY))
        return f'"{self._text}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+08:00"'


def chunks(count: int) -> Iterator[list[Row]]:
    """Yield the orders in lists."""
    chunk: list[Row] = []
    for row in rows(count):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def make(count: int, book: str, parquet: str) -> None:
    """Fill the book, its indexes after its rows, and write the same rows as Parquet."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    schema = pa.schema([("tid", pa.string()), ("status", pa.string()), ("lbx", pa.string()), *((key, pa.int64()) for key in TIMES), ("record", pa.string())])
    unknown = {"status": "~", "lbx": "~", **dict.fromkeys(TIMES, 0)}
    open_store(book, write=True).close()
    with closing(sqlite3.connect(book, isolation_level=None)) as db, ParquetWriter(parquet, schema) as writer:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000"):
            db.execute(f"PRAGMA {pragma}")
        for name in INDEXES:
            db.execute(f"DROP INDEX {name}")
        db.execute("BEGIN")
        for chunk in chunks(count):
            created = [json.loads(record).get("created") for _, _, record in chunk[:1]]  # one is looked at: the JSON is well formed
            assert created[0]
            db.executemany(
                "INSERT INTO orders (tid, status, created, whole, lines, run, lines_run, record)"
                " VALUES (?1, ?2, json_extract(?3, '$.created'), 1, 2, 1, 1, ?3)",
                ((tid, fields.get("status"), record) for tid, fields, record in chunk),
            )
            columns = {key: [fields.get(key, lost) for _, fields, _ in chunk] for key, lost in unknown.items()}
            columns |= {"tid": [row[0] for row in chunk], "record": [row[2] for row in chunk]}
            writer.write_table(pa.table(columns, schema=schema), row_group_size=122_880)
        db.execute("COMMIT")
    index(book)
    with closing(sqlite3.connect(book, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")


def index(book: str) -> None:
    """Make the indexes of the book that it lacks or has otherwise, and say how long each took."""
    with closing(sqlite3.connect(book, isolation_level=None)) as db:
        for pragma in ("synchronous=OFF", "cache_size=-200000"):
            db.execute(f"PRAGMA {pragma}")
        wanted = {name: in_words(sql, "sqlite").replace("IF NOT EXISTS ", "") for name, sql in INDEXES.items()}
        found = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
        for name in found:
            if name.startswith("orders_") and found[name] != wanted.get(name):
                db.execute(f"DROP INDEX {name}")
        for name, sql in wanted.items():
            if found.get(name) != sql:
                start = time.perf_counter()
                db.execute(sql)
                if name in SWEEPS:
                    pages = db.execute("SELECT sum(pgsize) FROM dbstat WHERE name = ?", (name,)).fetchone()[0]
                    print(f"  {name}: {time.perf_counter() - start:.1f} s, {pages / 2**20:.0f} MiB", flush=True)


# ---- the selection, three times --------------------------------------------------------------------------------------


def where(node: Node, params: dict[str, str], want: bool = True) -> str:
    """Return SQL over the Parquet columns that is true where a condition is ``want`` or unknown."""
    if isinstance(node, Not):
        return where(node.part, params, not want)
    if isinstance(node, (All, Any_)):
        word = " AND " if isinstance(node, All) == want else " OR "
        return f"({word.join(where(part, params, want) for part in node.parts)})"
    assert isinstance(node, FieldTest)
    name = node.field
    unknown = "0" if name in TIMES else "'~'"
    if node.state == "unknown":
        return f"({name} = {unknown})" if want else f"({name} IS NULL OR {name} <> {unknown})"
    if node.state is not None:
        empty = (node.state == "empty") == want
        return f"({name} IS NULL OR {name} = {unknown})" if empty else f"({name} IS NOT NULL)"
    if node.values:
        words = ", ".join(f"'{value}'" for value in (*node.values, "~")[: None if want else -1])
        return f"({name} IN ({words}))" if want else f"({name} IS NULL OR {name} NOT IN ({words}))"
    terms = " AND ".join(f"{name} {sign} {_seconds(bound, params)}" for sign, bound in node.bounds)
    return f"(({terms}) OR {name} = {unknown})" if want else f"({name} IS NULL OR NOT ({terms}) OR {name} = {unknown})"


def _seconds(bound: str, params: dict[str, str]) -> int:
    return int(datetime.fromisoformat(params[bound[1:]] if bound.startswith("$") else bound).timestamp())


def by_tmcs(folder: str, condition: Node, params: dict[str, str], records: bool) -> Iterator[Any]:
    """Yield what the jobs see."""
    with open_store(f"{folder}/book.db") as store:
        if records:
            yield from orders(store, condition, params)
        else:
            sql, values = query(condition, params, "tid")
            yield from store.stream(f"SELECT tid FROM ({sql}) AS found ORDER BY tid", values)


def by_duckdb(folder: str, condition: Node, params: dict[str, str], records: bool) -> Iterator[Any]:
    """Yield the same from the Parquet file."""
    import duckdb

    columns = "tid, record" if records else "tid"
    with duckdb.connect() as db:
        found = db.execute(f"SELECT {columns} FROM '{folder}/orders.parquet' WHERE {where(condition, params)} ORDER BY tid")
        while some := found.fetchmany(10_000):
            yield from ((tid, json.loads(text)) for tid, text in some) if records else some


def by_polars(folder: str, condition: Node, params: dict[str, str], records: bool) -> Iterator[Any]:
    """Yield the same from the Parquet file, scanned lazily."""
    import polars as pl

    columns = ["tid", "record"] if records else ["tid"]
    plan = pl.scan_parquet(f"{folder}/orders.parquet").filter(pl.sql_expr(where(condition, params))).select(columns).sort("tid")
    for row in plan.collect(engine="streaming").iter_rows():
        yield (row[0], json.loads(row[1])) if records else row


def child(engine: str, folder: str, name: str, records: bool) -> None:
    """Run one selection and print seconds, peak memory (KiB), count and digest."""
    __import__(engine)
    condition, params = selection(name)
    run = {"tmcs": by_tmcs, "duckdb": by_duckdb, "polars": by_polars}[engine]
    start = time.perf_counter()
    count = sum(1 for _ in run(folder, condition, params, records))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    digest = hashlib.sha256()
    for row in run(folder, condition, params, False):
        digest.update(row[0].encode())
    print(json.dumps([seconds, peak, count, digest.hexdigest()]))


def selection(name: str) -> tuple[Node, dict[str, str]]:
    """Return a job's condition and what its ``$…`` stand for at :data:`NOW`."""
    job, now = load_job(name), datetime.fromisoformat(NOW)
    snapshot = tmcs.load_policy(()).at(now)
    assert job.condition is not None
    return job.condition, job.params(snapshot, now, job.span(snapshot, now, None))


# ---- the comparison --------------------------------------------------------------------------------------------------


def again(*words: str) -> str:
    """Run this file in a fresh interpreter and return what it prints."""
    return subprocess.run([sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def compare(folder: str, name: str, records: bool, rounds: int) -> None:
    """Measure one selection, engine after engine, and print a line."""
    seconds: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    peak = dict.fromkeys(ENGINES, 0.0)
    seen = set()
    for _ in range(rounds):
        for engine in ENGINES:
            took, memory, count, digest = json.loads(again("--child", engine, folder, name, "records" if records else "numbers"))
            seconds[engine].append(took)
            peak[engine] = max(peak[engine], memory / 1024)
            seen.add((count, digest))
    assert len(seen) == 1, (name, seen)
    ours = statistics.median(seconds["tmcs"])
    line = f"{name:<17} {'records' if records else 'numbers'} {count:>9,} | {ours:7.3f} s {peak['tmcs']:5.0f} MiB"
    for engine in ENGINES[1:]:
        theirs = statistics.median(seconds[engine])
        line += f" | {theirs:7.3f} s {peak[engine]:5.0f} MiB {ours / theirs:6.2f} {peak['tmcs'] / peak[engine]:5.2f}"
    print(f"{line} | {os.getloadavg()[0]:.1f}", flush=True)


def measure(count: int, folder: str, names: list[str], rounds: int) -> None:
    """Make the files where they are not there yet, and compare."""
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(f"{folder}/done"):
        print(f"making {count:,} orders", flush=True)
        start = time.perf_counter()
        print(again("--make", folder, str(count)), end="")
        open(f"{folder}/done", "w").close()
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    print(again("--index", folder), end="")
    sizes = [os.path.getsize(f"{folder}/{name}") / 2**20 for name in ("book.db", "orders.parquet")]
    print(f"\n{count:,} orders; book {sizes[0]:,.0f} MiB, Parquet {sizes[1]:,.0f} MiB; ratios: tmcs over the other, time and memory")
    print(f"{'selection':<17} {'gives':<7} {'hits':>9} | {'tmcs':>19} | {'duckdb':>19} {'time':>6} {'mem':>5} | {'polars':>19} {'time':>6} {'mem':>5} | load")
    for records in (False, True):
        for name in names:
            compare(folder, name, records, rounds)


def main() -> None:
    """Compare over each number of orders."""
    if sys.argv[1:2] == ["--child"]:
        return child(*sys.argv[2:5], sys.argv[5] == "records")
    if sys.argv[1:2] == ["--make"]:
        return make(int(sys.argv[3]), f"{sys.argv[2]}/book.db", f"{sys.argv[2]}/orders.parquet")
    if sys.argv[1:2] == ["--index"]:
        return index(f"{sys.argv[2]}/book.db")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", default="1000000,10000000")
    parser.add_argument("--folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", default=",".join(JOBS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tmcs-sweep-") as scratch:
        for count in map(int, given.orders.split(",")):
            measure(count, os.path.join(given.folder or scratch, str(count)), given.jobs.split(","), given.rounds)
    return None


if __name__ == "__main__":
    main()
