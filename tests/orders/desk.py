"""Helpers of the order tests: write an export, import it, look into the book."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tmcs.core.errors import Finding
from tmcs.orders.book import Book
from tmcs.orders.ingest import Tally, import_files
from tmcs.orders.readers import readers

DATA = Path(__file__).parent.parent / "data" / "orders"

ORDER = {
    "订单编号": '="5200000000000077001"', "买家会员名": "tb_case", "买家应付货款": "39.90", "买家应付邮费": "0.00",
    "买家实际支付金额": "39.90", "订单状态": "卖家已发货，等待买家确认", "收货人姓名": "张测试",
    "收货地址 ": "浙江省 杭州市 余杭区 示例街道样例路1号(311100)", "联系手机": "'13800000001",
    "订单创建时间": "2026-11-20 10:00:00", "订单付款时间 ": "2026-11-20 10:01:00", "宝贝标题 ": "示例蜂蜜500g",
    "宝贝种类": "1", "宝贝总数量": "1", "订单备注": "", "物流单号 ": "YT0000000000001", "物流公司": "圆通速递",
}  # fmt: skip
TID = "5200000000000077001"


def table(rows: Iterable[dict[str, str]], header: Iterable[str] = ORDER) -> str:
    """Return a CSV of rows given as changes to ``ORDER``."""
    out = io.StringIO()
    names = list(header)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([row.get(name, ORDER.get(name, "")) for name in names])
    return out.getvalue()


class Desk:
    """An order book in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: Path | str = folder / "book.db"
        self.findings: list[Finding] = []

    def write(self, name: str, content: str | bytes, encoding: str = "gb18030") -> Path:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def load(self, *files: Path | str, **options: Any) -> list[Tally]:
        """Import files; the findings are those of this import."""
        self.findings = []
        with Book(self.store, write=True) as book:
            return import_files(book, [str(f) for f in files], readers(), sink=self.findings.append, **options)

    def load_text(self, content: str | bytes, name: str = "orders.csv", encoding: str = "gb18030") -> Tally:
        """Import a file with this content."""
        return self.load(self.write(name, content, encoding))[0]

    def get(self, tid: str = TID) -> dict[str, Any]:
        """Return a record that must be there."""
        with Book(self.store) as book:
            record = book.get(tid)
        assert record is not None, tid
        return record

    def count(self) -> int:
        """Return how many orders the book has."""
        with Book(self.store) as book:
            return book.count()

    def said(self) -> list[str]:
        """Return the findings in English."""
        return [finding.message("en") for finding in self.findings]
