"""How fast, and in how much memory, a large order report is imported: 100,000 rows against 1,000,000.

    python tests/bench/bench_import.py [SMALL] [LARGE] [ROUNDS]

Each import runs in a fresh interpreter; its peak memory is what the system counted for it and, added to that, for the process
that reads ahead. Memory is constant where the last ratio stays near 1 while the rows grow tenfold. Beside each import the same
file is loaded the plain way: decoded, read by the csv module and fed to ``executemany`` as it stands, nothing checked, every
column as text into one table whose primary key is the order number, on disk when it returns. The share is of its speed: by the
time of the clock, and by that of the processors (which other work on the machine disturbs less). A second plain load has an
index for each one of the order book's besides, over the same columns. The small size is run ROUNDS times (3), each round one
after the other, and the medians are told.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HEADER = (
    "订单编号", "买家会员名", "买家支付宝账号", "买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额", "订单状态",
    "买家留言", "收货人姓名", "收货地址 ", "联系手机", "订单创建时间", "订单付款时间 ", "宝贝标题 ", "宝贝种类 ", "物流单号 ",
    "物流公司", "订单备注", "宝贝总数量", "店铺名称", "订单关闭原因", "发票抬头", "退款金额", "发货时间",
)  # fmt: skip

CHILD = """
import resource, sys, time
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers
start, cpu = time.perf_counter(), time.process_time()
with Book(sys.argv[2], write=True) as book:
    tally = import_files(book, [sys.argv[1]], readers())[0]
seconds, ahead = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = time.process_time() - cpu + ahead.ru_utime + ahead.ru_stime
print(tally.new, tally.found, seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + ahead.ru_maxrss)
"""


PLAIN = """
import csv, resource, sqlite3, sys, time
start, cpu = time.perf_counter(), time.process_time()
with open(sys.argv[1], encoding="gb18030", newline="") as file:
    rows = csv.reader(file)
    names = [name.strip() for name in next(rows)]
    db = sqlite3.connect(sys.argv[2], isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("BEGIN IMMEDIATE")
    columns = ", ".join(name + " TEXT" for name in names[1:])
    db.execute(f"CREATE TABLE orders ({names[0]} TEXT PRIMARY KEY, {columns})")
    marks = ", ".join("?" * len(names))
    db.executemany(f"INSERT INTO orders VALUES ({marks})", rows)
for n, keys in enumerate(INDEXES):
    db.execute(f"CREATE INDEX orders_{n} ON orders ({keys})")
found = db.execute("SELECT count(*) FROM orders").fetchone()[0]
db.execute("COMMIT")
db.close()
print(found, 0, time.perf_counter() - start, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

#: For each index of the order book one over the same columns.
INDEXES = (
    "订单创建时间", "lower(买家会员名)", "联系手机", "宝贝标题", "物流单号", "订单状态, 订单付款时间", "订单状态, 发货时间, 订单付款时间",
    "订单状态, 发货时间) WHERE (订单状态 = '卖家已发货，等待买家确认'", "订单状态, 订单付款时间) WHERE (订单状态 = '买家已付款，等待卖家发货'",
    "订单状态, 发货时间) WHERE (订单状态 = '交易关闭'",
)  # fmt: skip
KINDS = {
    "plain": PLAIN.replace("INDEXES", "()"),
    "indexed": PLAIN.replace("INDEXES", repr(INDEXES)),
    "tmcs": CHILD,
}


def write_report(path: str, rows: int) -> None:
    """Write an order report as the seller backend does: GBK, CRLF, bare ``="…"`` order numbers."""
    with open(path, "w", encoding="gb18030", newline="") as file:
        file.write(",".join(f'"{name}"' for name in HEADER) + "\r\n")
        for n in range(rows):
            day, minute = 1 + n % 22, n % 1440
            moment = f"2026-11-{day:02d} {minute // 60:02d}:{minute % 60:02d}:{n % 60:02d}"
            price = f"{10 + n % 90}.{n % 10}0"
            cells = (
                f"tb_bench{n * 7919 % 999_983:06d}", f"bench{n}@example.invalid", price, "0.00", price, price,
                "卖家已发货，等待买家确认", "", "张测试", "浙江省 杭州市 余杭区 示例街道样例路1号(311100)",
                f"'138{n * 104_729 % 100_000_000:08d}", moment, moment, f"示例商品{n % 3000}号", "1",
                f"YT{n * 15_485_863 % 10**13:013d}", "圆通速递", "", "1", "示例超市", "订单未关闭", "", "0.00", moment,
            )  # fmt: skip
            file.write(f'="{5_300_000_000_000_000_000 + n}",' + ",".join(f'"{cell}"' for cell in cells) + "\r\n")


def measure(rows: int, folder: str, rounds: int) -> tuple[float, float]:
    """Return rows a second and the peak memory in MiB of importing ``rows`` rows."""
    report, store = os.path.join(folder, f"{rows}.csv"), os.path.join(folder, f"{rows}.db")
    write_report(report, rows)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in KINDS}
    for _ in range(rounds):
        for name, code in KINDS.items():
            found[name].append(load(code, report, store, rows))
            book = os.path.getsize(store) / 2**20
            os.unlink(store)
    size = os.path.getsize(report) / 2**20
    os.unlink(report)
    middle = {name: tuple(statistics.median(numbers) for numbers in zip(*runs, strict=True)) for name, runs in found.items()}
    for name, (seconds, cpu, peak) in middle.items():
        print(f"{rows:>9,} rows  {size:6.0f} MiB  {name:<7} {seconds:7.1f} s  {rows / seconds:>8,.0f} rows/s  cpu {cpu:6.1f} s  peak {peak:5.0f} MiB")
    for name in ("plain", "indexed"):
        pairs = list(zip(found[name], found["tmcs"], strict=True))
        clock, cpu = (statistics.median(other[n] / own[n] for other, own in pairs) for n in (0, 1))
        print(f"{'':>9}  share of the {name} speed: {clock:.2f}, by cpu {cpu:.2f}; book {book:.0f} MiB; load {os.getloadavg()[0]:.1f}")
    return rows / middle["tmcs"][0], middle["tmcs"][2]


def load(code: str, report: str, store: str, rows: int) -> tuple[float, float, float]:
    """Return seconds, seconds of the processor and peak memory (MiB) of loading a report in a fresh interpreter."""
    out = subprocess.run([sys.executable, "-c", code, report, store], check=True, capture_output=True, text=True).stdout.split()
    assert (int(out[0]), int(out[1])) == (rows, 0), out
    return float(out[2]), float(out[3]), int(out[4]) / 1024


def main() -> None:
    """Run both sizes and print the ratios."""
    small, large = (int(sys.argv[n]) if len(sys.argv) > n else size for n, size in ((1, 100_000), (2, 1_000_000)))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tmcs-bench-") as folder:
        speed, memory = measure(small, folder, int(sys.argv[3]) if len(sys.argv) > 3 else 3)
        speed_large, memory_large = measure(large, folder, 1)
    print(f"ratio for {large // small} times the rows: speed {speed_large / speed:.2f}, memory {memory_large / memory:.2f}")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"({time.perf_counter() - started:.0f} s in all, largest child {usage:.0f} MiB)")


if __name__ == "__main__":
    main()
