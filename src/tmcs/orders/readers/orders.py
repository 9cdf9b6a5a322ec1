"""The order report (订单报表), from the layout of 2017 to that of 2026: one row an order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tmcs.core.money import format_money, parse_money
from tmcs.core.order import SCHEMA
from tmcs.orders.fragment import LINES_DERIVED, LINES_NONE, Batch, Fragment, Report
from tmcs.orders.readers.columns import Columns, TableReader
from tmcs.orders.source import Source
from tmcs.orders.values import address, code, count, moment, money, parcel, phone, text
from tmcs.orders.words import fold_text, trade_status, words

#: Statuses of an order that was not paid, and of one that has come to its end.
UNPAID = frozenset({"WAIT_BUYER_PAY", "TRADE_CLOSED_BY_TAOBAO"})
ENDED = frozenset({"TRADE_FINISHED", "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"})
_TWICE = re.compile(r"(.+)[,，]\1")
#: Amounts come again and again. (An :class:`Inexact` one is another than the text that looks like it.)
_amount = lru_cache(4096, typed=True)(money)
fen_of = lru_cache(4096)(parse_money)


class OrderReportReader(TableReader):
    """Reads the order report. Order lines are known from it only where an order has one."""

    name = "orders"

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield one whole fragment for each good row."""
        columns = Columns(self.name, source, report)
        for line, row in source.table(report):
            columns.start(line, row)
            if columns.wants(source.want):
                fragment = fragment_of(columns)
                if fragment is not None:
                    yield fragment

    def ready(self, source: Source, report: Report) -> Iterator[Fragment | Batch]:
        """Yield the same for an import of everything: rows that are as the backend writes them by batches."""
        from tmcs.orders.readers.order_blocks import read_blocks

        return read_blocks(self.name, source, report)


def fragment_of(c: Columns) -> Fragment | None:
    """Return what the row at hand says of its order, None after a fault."""
    record: dict[str, Any] = {"schema": SCHEMA, "tid": c.tid()}
    for key, field in (("created", "created"), ("pay_time", "pay_time"), ("consign_time", "consigned")):
        if c.has(field):
            record[key] = c.get(field, moment)
    amounts = {field: c.get(field, _amount) for field in ("goods", "postage", "paid") if c.has(field)}
    _status(c, record, amounts)
    _amounts(c, record, amounts)
    _people(c, record)
    if c.has("parcel") or c.has("company"):
        record["logistics"] = parcel(c.get("company", text), c.get("parcel", code))
    if c.has("flag"):
        _flag(c, record)
    if c.has("memo"):
        record["seller_memo"] = c.get("memo", text)
    title = c.get("title", text) if c.has("title") else None
    line = _only_line(c, record["tid"], title, amounts.get("goods"))
    if c.faulty:
        return None
    if line is not None:
        record["orders"] = [line]
    return Fragment(
        record,
        whole=True,
        lines=LINES_NONE if line is None else LINES_DERIVED,
        titles=(title,) if title else (),
        line=c.line,
        column=c.number("tid"),
    )


def _paid(c: Columns, record: dict[str, Any], amounts: dict[str, str | None]) -> bool | None:
    """Return whether the order was paid, or None where the report has no column that says so."""
    if "pay_time" in record:
        return record["pay_time"] is not None
    if amounts.get("paid") is not None:
        return amounts["paid"] != "0.00"
    if c.cell("close_reason").strip() in words()["closed"]["unpaid_reasons"]:
        return False
    return None


def _status(c: Columns, record: dict[str, Any], amounts: dict[str, str | None]) -> None:
    said = c.get("status", text) or ""
    if not said:
        return
    status = trade_status(said)
    if status == "closed":
        # Closed is what counts; without any word on payment it is taken for an order that was paid and refunded.
        status = words()["closed"]["unpaid" if _paid(c, record, amounts) is False else "paid"]
    if status is None:
        c.remark("status", f"没见过的订单状态，已原样保留: {said}", f"unknown order status, kept as it stands: {said}")
    record["status"] = status or said
    if c.has("confirmed"):
        confirmed = c.get("confirmed", moment)
        if status == "TRADE_FINISHED" and confirmed is not None:
            record["end_time"] = confirmed
        elif status is not None and status not in ENDED:
            record["end_time"] = None


def _amounts(c: Columns, record: dict[str, Any], amounts: dict[str, str | None]) -> None:
    """Set the postage and what was paid: of an unpaid order, what is to be paid (goods and postage)."""
    goods, postage, paid = amounts.get("goods"), amounts.get("postage"), amounts.get("paid")
    if postage is not None:
        record["post_fee"] = postage
    due = None if goods is None or postage is None else fen_of(goods) + fen_of(postage)
    if record.get("status") in UNPAID or _paid(c, record, amounts) is False:
        if due is not None:
            record["payment"] = format_money(due)
        return
    if paid is None:
        return
    record["payment"] = paid
    deducted = any(c.cell(field).strip() not in ("", "0", "0.00") for field in ("card", "points"))
    if due is not None and not deducted and fen_of(paid) != due:
        c.remark(
            "paid",
            f"实付 {paid} 不等于货款 {goods} 加邮费 {postage}，按实付保留",
            f"paid {paid} is not goods {goods} plus postage {postage}; what was paid is kept",
            format_money(due),
        )


def _people(c: Columns, record: dict[str, Any]) -> None:
    for key, field in (("buyer_nick", "nick"), ("alipay_no", "alipay")):
        if c.has(field):
            record[key] = c.get(field, text) or None
    receiver: dict[str, Any] = {}
    if c.has("name"):
        receiver["name"] = c.get("name", text) or None
    if c.has("mobile"):
        receiver["mobile"] = c.get("mobile", phone)
    if c.has("address"):
        receiver.update(c.get("new_address" if c.cell("new_address").strip() else "address", address) or {})
    if receiver:
        record["receiver"] = receiver
    if c.has("invoice"):
        title = c.get("invoice", text)
        record["invoice"] = {"ticked": True, "title": title} if title else None


def flag_of(cell: str) -> int | None:
    """Return the number of a flag's colour, None for a colour that is not known."""
    said = cell.strip()
    flag: int | None = words()["flag"].get(said)
    return int(said) if flag is None and said in {"0", "1", "2", "3", "4", "5"} else flag


def _flag(c: Columns, record: dict[str, Any]) -> None:
    flag = flag_of(c.cell("flag"))
    if flag is None:
        c.remark("flag", "没见过的旗帜颜色，未收", "unknown colour of flag, left out", "红 黄 绿 蓝 紫")
    else:
        record["seller_flag"] = flag


def is_single(cell: str) -> bool:
    """Return whether the number of kinds of goods says that an order has one line."""
    return fold_text(cell) in ("1", "1.0")


def is_twice(title: str) -> bool:
    """Return whether a title is the same one twice, as two lines of the same goods make it."""
    return _TWICE.fullmatch(title) is not None


def _only_line(c: Columns, tid: str, title: str | None, goods: str | None) -> dict[str, Any] | None:
    """Return the order's line where it certainly has one only, else None: joined titles cannot be taken apart."""
    if not is_single(c.cell("kinds")):
        return None
    units = c.get("count", count)
    if not title or units is None or goods is None or is_twice(title):
        return None
    # The platform gives a single line the number of its order.
    line: dict[str, Any] = {"oid": tid}
    sku = c.get("sku", code)
    if sku is not None:
        line["sku"] = sku
    return {**line, "title": title, "num": units, "payment": goods}
