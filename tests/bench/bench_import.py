"""How fast, and in how much memory, a large order report is imported: 100,000 rows against 1,000,000.

    python tests/bench/bench_import.py [SMALL] [LARGE]

Each import runs in a fresh interpreter; its peak memory is what the system counted for it. Memory is constant where
the last ratio stays near 1 while the rows grow tenfold.
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
start = time.perf_counter()
with Book(sys.argv[2], write=True) as book:
    tally = import_files(book, [sys.argv[1]], readers())[0]
print(tally.new, tally.found, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
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
    out = subprocess.run(
        [sys.executable, "-c", CHILD, report, store], check=True, capture_output=True, text=True
    ).stdout.split()
    new, found, seconds, peak = int(out[0]), int(out[1]), float(out[2]), int(out[3]) / 1024
    assert (new, found) == (rows, 0), out
    size, book = os.path.getsize(report) / 2**20, os.path.getsize(store) / 2**20
    os.unlink(report)
    os.unlink(store)
    print(
        f"{rows:>9,} rows  {size:6.0f} MiB  {seconds:7.1f} s  {rows / seconds:>8,.0f} rows/s  "
        f"peak {peak:5.0f} MiB  book {book:6.0f} MiB"
    )
    return rows / seconds, peak


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
