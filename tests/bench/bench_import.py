"""How fast, and in how much memory, a large order report is imported: 100,000 rows against 1,000,000.

    python tests/bench/bench_import.py [SMALL] [LARGE]

Each import runs in a fresh interpreter; its peak memory is what the system counted for it. Memory is constant where
the last ratio stays near 1 while the rows grow tenfold. Before each import the same file is loaded the plain way: decoded,
read by the csv module and fed to ``executemany`` as it stands, nothing checked, into one table of its columns with the
order number unique and an index for each one of the order book's over the same columns. The share is of its speed, by the
time of the clock and by that of the processor (which other work on the machine disturbs less).
"""

from __future__ import annotations

import os
import resource
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
print(tally.new, tally.found, time.perf_counter() - start, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


PLAIN = """
import csv, resource, sqlite3, sys, time
start, cpu = time.perf_counter(), time.process_time()
with open(sys.argv[1], encoding="gb18030", newline="") as file:
    rows = csv.reader(file)
    names = [name.strip() for name in next(rows)]
    db = sqlite3.connect(sys.argv[2], isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-8000"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("BEGIN IMMEDIATE")
    columns = ", ".join(name + " TEXT" for name in names[1:])
    db.execute(f"CREATE TABLE orders (id INTEGER PRIMARY KEY, {names[0]} TEXT NOT NULL UNIQUE, {columns})")
    marks = ", ".join("?" * len(names))
    db.executemany(f"INSERT INTO orders ({', '.join(names)}) VALUES ({marks})", rows)
for n, keys in enumerate((
    "订单创建时间", "lower(买家会员名)", "联系手机", "宝贝标题", "物流单号", "订单状态, 订单付款时间", "订单状态, 发货时间, 订单付款时间",
    "订单状态, 发货时间) WHERE (订单状态 = '卖家已发货，等待买家确认'", "订单状态, 订单付款时间) WHERE (订单状态 = '买家已付款，等待卖家发货'",
    "订单状态, 发货时间) WHERE (订单状态 = '交易关闭'",
)):
    db.execute(f"CREATE INDEX orders_{n} ON orders ({keys})")
found = db.execute("SELECT count(*) FROM orders").fetchone()[0]
db.execute("COMMIT")
db.close()
print(found, 0, time.perf_counter() - start, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


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


def measure(rows: int, folder: str) -> tuple[float, float]:
    """Return rows a second and the peak memory in MiB of importing ``rows`` rows."""
    report, store = os.path.join(folder, f"{rows}.csv"), os.path.join(folder, f"{rows}.db")
    write_report(report, rows)
    plain = load(PLAIN, report, store, rows)
    os.unlink(store)
    own = load(CHILD, report, store, rows)
    size, book = os.path.getsize(report) / 2**20, os.path.getsize(store) / 2**20
    os.unlink(report)
    os.unlink(store)
    for name, (seconds, cpu, peak) in (("plain", plain), ("tmcs", own)):
        print(f"{rows:>9,} rows  {size:6.0f} MiB  {name:<5} {seconds:7.1f} s  {rows / seconds:>8,.0f} rows/s  cpu {cpu:6.1f} s  peak {peak:5.0f} MiB")
    print(f"{'':>9}  book {book:.0f} MiB; share of the plain speed: {plain[0] / own[0]:.2f}, by cpu {plain[1] / own[1]:.2f}; load {os.getloadavg()[0]:.1f}")
    return rows / own[0], own[2]


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
        speed, memory = measure(small, folder)
        speed_large, memory_large = measure(large, folder)
    print(f"ratio for {large // small} times the rows: speed {speed_large / speed:.2f}, memory {memory_large / memory:.2f}")
    usage = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"({time.perf_counter() - started:.0f} s in all, largest child {usage:.0f} MiB)")


if __name__ == "__main__":
    main()
