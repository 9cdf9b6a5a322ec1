"""The item report (宝贝报表): one row an order line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmcs.orders.fragment import LINES_OWN, Fragment, Report
from tmcs.orders.readers.columns import Columns, TableReader
from tmcs.orders.source import Source
from tmcs.orders.values import code, count, moment, money, order_no, parcel, text
from tmcs.orders.words import refund_status, words

_ZERO = (None, "0.00")


class ItemReader(TableReader):
    """Reads the item report; rows of one order that follow one another make one fragment."""

    name = "items"

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield the lines of each order, and what else the rows say of it."""
        columns = Columns(self.name, source, report)
        held: Fragment | None = None
        for line, row in source.table(report):
            columns.start(line, row)
            if not columns.wants(source.want):
                continue
            part = _fragment(columns)
            if part is None:
                continue
            if held is not None and held.tid == part.tid:
                held.record["orders"] += part.record["orders"]
                held.weak = {**part.weak, **held.weak}
                held.parcels = {*held.parcels, *part.parcels}
                continue
            if held is not None:
                yield held
            held = part
        if held is not None:
            yield held


def _fragment(c: Columns) -> Fragment | None:
    tid = c.tid()
    line = _line(c)
    weak: dict[str, Any] = {}
    for key, field in (("created", "created"), ("pay_time", "pay_time"), ("consign_time", "consigned")):
        weak[key] = c.get(field, moment)
    number = c.get("parcel", code)
    weak["logistics"] = parcel(c.get("company", text), number)
    weak["seller_memo"] = c.get("memo", text)
    weak["seller_flag"] = words()["flag"].get(c.cell("flag").strip()) or None
    if c.faulty:
        return None
    return Fragment(
        {"tid": tid, "orders": [line]},
        weak={key: value for key, value in weak.items() if value not in (None, "")},
        lines=LINES_OWN,
        parcels=(number,) if number else (),
        line=c.line,
        column=c.number("tid"),
    )


def _line(c: Columns) -> dict[str, Any]:
    line: dict[str, Any] = {}
    if c.has("oid"):
        line["oid"] = c.get("oid", order_no)
    for field in ("sku", "barcode"):
        if c.has(field):
            line[field] = c.get(field, code)
    if c.has("title"):
        line["title"] = c.get("title", text) or None
    if c.has("price"):
        line["price"] = c.get("price", money)
    if c.has("num"):
        line["num"] = c.get("num", count)
    # What was paid is empty or nought while unpaid; then the line stands at what is to be paid.
    paid, goods = c.get("paid", money), c.get("goods", money)
    payment = goods if paid in _ZERO and goods is not None else paid
    if payment is not None:
        line["payment"] = payment
    if c.has("category"):
        line["category"] = c.get("category", text) or None
    said = c.get("refund", text)
    if said:
        status = refund_status(said)
        if status is None:
            c.remark("refund", f"没见过的退款状态，未收: {said}", f"unknown refund status, left out: {said}")
        else:
            line["refund_status"] = status
    return line
