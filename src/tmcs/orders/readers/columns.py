"""Columns of a table by field, and one row's cells read with every fault noted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from tmcs.core.errors import InputError
from tmcs.core.text import Text
from tmcs.orders.fragment import Report
from tmcs.orders.readers import Head
from tmcs.orders.source import Source
from tmcs.orders.values import CellError, order_no
from tmcs.orders.words import aliases, kind_of, kind_title

T = TypeVar("T")


class Cells:
    """The columns of one table by field, and the row at hand.

    Attributes:
        row: the cells of the row at hand.
        line: its line.
        faulty: whether a cell of it could not be read.
    """

    __slots__ = ("_at", "_report", "faulty", "line", "row")

    def __init__(self, fields: Mapping[str, tuple[str, ...]], source: Source, report: Report) -> None:
        """Map the headers.

        Args:
            fields: the folded spellings of each field's header.
            source: the file.
            report: where the faults of cells go.

        Raises:
            InputError: a header that is used stands twice.
        """
        table = source.table(report)
        self._report = report
        self._at: dict[str, tuple[int, ...]] = {}
        self.row: list[str] = []
        self.line = 0
        self.faulty = False
        for field, names in fields.items():
            found: list[int] = []
            for name in names:
                places = [n for n, header in enumerate(table.folded) if header == name]
                if len(places) > 1:
                    shown = table.header[places[0]].strip()
                    where = ", ".join(str(n + 1) for n in places)
                    raise InputError(
                        f"{source.name}:{table.first}: 表头“{shown}”重复，在第 {where} 列",
                        f"{source.name}:{table.first}: the header {shown} stands twice, in columns {where}",
                        hint=Text("请删去重复的列", "remove the column that should not be there"),
                    )
                found += places
            if found:
                self._at[field] = tuple(found)

    def has(self, field: str) -> bool:
        """Return whether the table carries a field."""
        return field in self._at

    @property
    def fields(self) -> Iterable[str]:
        """The fields that the table carries."""
        return self._at

    def places(self, field: str) -> tuple[int, ...]:
        """Return the places of a field's columns in a row; none where the table does not carry it."""
        return self._at.get(field, ())

    def cell(self, field: str) -> str:
        """Return the field's first value in the row, ``""`` where it has none."""
        row = self.row
        for n in self._at.get(field, ()):
            value = row[n]
            if value:
                return value
        return ""

    def start(self, line: int, row: list[str]) -> None:
        """Take the next row."""
        self.line = line
        self.row = row
        self.faulty = False

    def get(self, field: str, parse: Callable[[str], T]) -> T | None:
        """Return a field's value; a fault is reported, and the row is then lost."""
        cell, row = "", self.row
        for n in self._at.get(field, ()):  # as in :meth:`cell`: this is what an import does most
            cell = row[n]
            if cell:
                break
        try:
            return parse(cell)
        except CellError as bad:
            self.fault(field, bad)
            return None

    def fault(self, field: str, bad: CellError) -> None:
        """Report a cell that cannot be read: the row is lost, counted once."""
        header = self.name(field)
        self._report.add(
            self.line, self.number(field), f"{header}: {bad.text.zh}", f"{header}: {bad.text.en}", bad.expected,
            bad.near, lost=not self.faulty,
        )  # fmt: skip
        self.faulty = True

    def remark(self, field: str, zh: str, en: str, expected: str = "") -> None:
        """Report something odd in a row that is kept all the same."""
        self._report.add(self.line, self.number(field), zh, en, expected, lost=False)

    def number(self, field: str) -> int:
        """Return the number of the field's column, counted from 1: the one with a value, else the first."""
        places = self._at.get(field, ())
        for n in places:
            if n < len(self.row) and self.row[n]:
                return n + 1
        return places[0] + 1 if places else 0

    def name(self, field: str) -> str:
        """Return the field's header as messages call it; the column's number stands beside it."""
        return field


class Columns(Cells):
    """The columns of a table of orders: they hold the order number, whatever else they hold."""

    __slots__ = ()

    def __init__(self, kind: str, source: Source, report: Report) -> None:
        """Map the headers.

        Raises:
            InputError: a header that is used stands twice, or there are no order numbers.
        """
        super().__init__(aliases(kind), source, report)
        if "tid" not in self._at:
            raise InputError(f"{source.name}: 没有订单编号列", f"{source.name}: there is no column with order numbers")

    def wants(self, tid: str | None) -> bool:
        """Return whether the row may belong to the order ``tid`` (None: any order)."""
        return tid is None or any(tid in self.row[n] for n in self._at["tid"])

    def tid(self) -> str:
        """Return the order number, ``""`` after a fault."""
        return self.get("tid", order_no) or ""

    def name(self, field: str) -> str:
        return FIRST_SPELLING.get(field, field)


#: Headers for messages; the column's number stands beside them.
FIRST_SPELLING = {
    "tid": "订单编号", "oid": "子订单编号", "goods": "买家应付货款", "postage": "买家应付邮费",
    "paid": "买家实际支付金额", "created": "订单创建时间", "pay_time": "订单付款时间", "consigned": "发货时间",
    "confirmed": "确认收货时间", "count": "宝贝总数量", "kinds": "宝贝种类", "price": "价格", "num": "购买数量",
    "signed": "签收时间", "lbx": "LBX单号", "time": "登记时间",
    "title": "宝贝标题", "memo": "订单备注", "address": "收货地址", "name": "收货人姓名",
}  # fmt: skip


class TableReader:
    """What the readers of tables have in common: they know their kind by its headers (``exports.json``)."""

    name = ""

    @property
    def title(self) -> Text:
        """The name of the kind of file."""
        return kind_title(self.name)

    def accepts(self, head: Head) -> bool:
        """Return whether the headers are those of this kind."""
        return head.form != "json" and kind_of(head.header) == self.name
