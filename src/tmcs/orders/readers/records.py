"""Records of schema ``tmcs/order/1``: one, a list, or one on each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tmcs.core.errors import InputError
from tmcs.core.money import format_money, parse_money
from tmcs.core.order import SCHEMA, STATUSES, Order, parse_time
from tmcs.core.text import Text, nearest
from tmcs.orders.fragment import LINES_NONE, LINES_OWN, Fragment, Report
from tmcs.orders.readers import Head
from tmcs.orders.readers.documents import documents
from tmcs.orders.source import Source
from tmcs.orders.values import Inexact

_TIMES = ("created", "pay_time", "consign_time", "sign_time", "end_time")
_MONEY = ("payment", "post_fee")
_TEXTS = ("lbx", "buyer_nick", "alipay_no", "seller_memo", "status")
_OBJECTS = ("receiver", "invoice", "logistics")
_LINE_TEXTS = ("oid", "sku", "barcode", "title", "category")


class RecordReader:
    """Reads the records that other programs write for tmcs."""

    name = "records"

    @property
    def title(self) -> Text:
        """The name of the kind of file."""
        return Text("tmcs 订单记录 (JSON)", "tmcs order records (JSON)")

    def accepts(self, head: Head) -> bool:
        """Return whether the file is JSON that names the schema."""
        return head.form == "json" and SCHEMA.encode() in head.data

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield each record as a whole fragment."""
        for line, document in documents(source, report):
            for n, record in enumerate(document if isinstance(document, list) else [document]):
                report.rows += 1
                where = f"[{n}]" if isinstance(document, list) else ""
                good = _checked(record, where, line, report)
                if good is not None and source.want in (None, good["tid"]):
                    lines = LINES_OWN if good.get("orders") else LINES_NONE
                    yield Fragment(good, whole=True, lines=lines, line=line)


def _checked(record: Any, where: str, line: int, report: Report) -> dict[str, Any] | None:
    """Return the record in its one form, or None after reporting what is wrong with it."""
    place = f"{where} " if where else ""
    if not isinstance(record, dict):
        report.add(line, 0, f"{place}应为对象", f"{place}an object was expected")
        return None
    floats = [path for path, value in _leaves(record) if value.__class__ is Inexact]
    if floats:
        names = ", ".join(floats)
        zh, en = f"{place}数字应写成文本: {names}", f"{place}must be text, not a number: {names}"
        report.add(line, 0, zh, en, '"35.00"')
        return None
    try:
        order = Order(record)
        good = _normal(record, order)
    except InputError as error:
        report.add(line, 0, f"{place}{error.text.zh}", f"{place}{error.text.en}")
        return None
    for key, near in order.unknown_keys():
        zh, en = f"{place}没有这个键: {key}，未收", f"{place}unknown key {key}, left out"
        report.add(line, 0, zh, en, "", near, lost=False)
    status = order.status
    if status is not None and status not in STATUSES:
        zh, en = f"{place}没见过的订单状态: {status}", f"{place}unknown order status: {status}"
        report.add(line, 0, zh, en, "", nearest(status, STATUSES), lost=False)
    return good


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything in a record that is neither object nor list."""
    parts: Iterable[tuple[Any, Any]]
    if isinstance(value, dict):
        parts = ((f"{path}.{key}" if path else key, part) for key, part in value.items())
    elif isinstance(value, list):
        parts = ((f"{path}[{n}]", part) for n, part in enumerate(value))
    else:
        yield path, value
        return
    for name, part in parts:
        yield from _leaves(part, name)


def _wrong(key: str, zh: str, en: str) -> InputError:
    return InputError(f"{key} 应为{zh}", f"{key} must be {en}")


def _text(value: Any, key: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _wrong(key, "文本", "text")
    return value


def _amount(value: Any, key: str) -> str | None:
    try:
        return None if value is None else format_money(parse_money(value))
    except (TypeError, ValueError):
        raise _wrong(key, "金额文本，如 \"35.00\"", 'an amount as text such as "35.00"') from None


def _time(value: Any, key: str) -> str | None:
    try:
        return None if value is None else parse_time(value).isoformat()
    except (TypeError, ValueError, OverflowError):
        raise _wrong(key, "ISO 8601 时间", "an ISO 8601 time") from None


def _normal(record: dict[str, Any], order: Order) -> dict[str, Any]:
    """Return the known keys of a record that the core has read: times with offset, amounts with two places.

    Raises:
        InputError: a key that the core leaves alone has the wrong form.
    """
    if len(order.tid) > 64 or not order.tid.isprintable() or order.tid != order.tid.strip():
        raise _wrong("tid", "订单编号", "an order number")
    good: dict[str, Any] = {"schema": SCHEMA, "tid": order.tid}
    for key, value in record.items():
        if key in _TIMES:
            good[key] = _time(value, key)
        elif key in _MONEY:
            good[key] = _amount(value, key)
        elif key in _TEXTS:
            good[key] = _text(value, key)
        elif key in _OBJECTS:
            good[key] = _object(value, key)
        elif key == "seller_flag":
            if value is not None and (value.__class__ is not int or not 0 <= value <= 5):
                raise _wrong(key, "0 到 5", "0 to 5")
            good[key] = value
        elif key == "orders" and value is not None:
            good[key] = [_line(line, f"orders[{n}]") for n, line in enumerate(value)]
    return good


def _object(value: Any, key: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _wrong(key, "对象", "an object")
    for name, part in value.items():
        ticked = key == "invoice" and name == "ticked"
        if part is not None and part.__class__ is not (bool if ticked else str):
            raise _wrong(f"{key}.{name}", "true 或 false" if ticked else "文本", "true or false" if ticked else "text")
    return value


def _line(line: dict[str, Any], where: str) -> dict[str, Any]:
    good: dict[str, Any] = {}
    for key, value in line.items():
        if key in ("price", "payment"):
            good[key] = _amount(value, f"{where}.{key}")
        elif key in _LINE_TEXTS:
            good[key] = _text(value, f"{where}.{key}")
        elif key in ("num", "refund_status"):
            good[key] = value  # the core has checked these
    return good
