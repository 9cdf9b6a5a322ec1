"""The order report in large: a block of rows is read column by column, and orders come out as the book holds them.

Only rows are taken so that say nothing but what the backend itself writes: known status, amounts that agree, times that are
times. Every other row is read by :mod:`tmcs.orders.readers.orders`, which finds the faults and says them; it is also what
defines what a row means. Here the same is only done faster, and tests hold the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, repeat
from json.encoder import encode_basestring
from typing import Any, Final, TypeVar

from tmcs.core.money import format_money
from tmcs.core.order import SCHEMA
from tmcs.orders.fragment import LINES_DERIVED, LINES_NONE, Batch, Fragment, NewOrder, Report
from tmcs.orders.readers.columns import Columns
from tmcs.orders.readers.orders import ENDED, UNPAID, fen_of, flag_of, fragment_of, is_single, is_twice
from tmcs.orders.source import Source
from tmcs.orders.values import CellError, address, code, count, moment, money, order_no, parcel_no, phone, without_zip
from tmcs.orders.words import carrier, trade_status, words

T = TypeVar("T")
_NULL: Final = "null"
_KEPT: Final = 4096
_WRAPPED: Final = re.compile(r'^="(\d{10,24})"$', re.ASCII | re.MULTILINE)
#: The backend's own times, or nothing.
_MOMENTS: Final = re.compile(r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)?$", re.ASCII | re.MULTILINE)
_BARE: Final = re.compile(r"^'?(\d{10,24})$", re.ASCII | re.MULTILINE)
#: A report without one of these columns is read row by row.
_NEEDED: Final = ("tid", "status", "pay_time", "goods", "postage", "paid", "kinds", "count", "title")


def read_blocks(kind: str, source: Source, report: Report) -> Iterator[Fragment | Batch]:
    """Yield what an order report says, in its order: by batches where that can be, else row by row."""
    columns = Columns(kind, source, report)
    quick = _Quick(columns) if source.want is None and all(columns.has(field) for field in _NEEDED) else None
    tid = columns.places("tid")[0] + 1
    for line, rows in source.table(report).blocks():
        ready = quick.orders(rows) if quick is not None and len(rows) > 1 else [None] * len(rows)
        if None not in ready:
            yield Batch(line, tid, ready)  # type: ignore[arg-type]
            continue
        for is_ready, some in groupby(enumerate(ready), lambda one: one[1] is not None):
            if is_ready:
                places, orders = zip(*some, strict=True)
                yield Batch(line + places[0], tid, list(orders))
                continue
            for place, _ in some:
                columns.start(line + place, rows[place])
                if columns.wants(source.want) and (fragment := fragment_of(columns)) is not None:
                    yield fragment


class _Known(dict[str, T]):
    """What cells that come again and again were read as."""

    def __init__(self, read: Callable[[str], T]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> T:
        if len(self) >= _KEPT:
            self.clear()
        found = self[cell] = self._read(cell)
        return found


def _or_none(read: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a function that reads a cell as ``read`` does, and says None where that finds a fault."""

    def quiet(cell: str) -> T | None:
        try:
            return read(cell)
        except CellError:
            return None

    return quiet


def _json(text: str | None) -> str:
    return encode_basestring(text) if text else _NULL


def _time(cell: str) -> str:
    found = moment(cell)
    return f'"{found}"' if found else _NULL


def _times(cells: Sequence[str]) -> list[str | None]:
    """Return times as JSON."""
    if len(_MOMENTS.findall("\n".join(cells))) == len(cells):
        try:
            list(map(datetime.fromisoformat, filter(None, cells)))
        except ValueError:
            pass
        else:
            return [f'"{cell[:10]}T{cell[11:]}+08:00"' if cell else _NULL for cell in cells]
    return list(map(_or_none(_time), cells))


def _mobile(cell: str) -> str | None:
    plain = cell.removeprefix("'")
    return plain if plain.isdigit() else phone(cell)


def _number(cell: str) -> str | None:
    return cell if cell.isalnum() else parcel_no(code(cell))


def _logistics(company: str, number: str | None) -> str:
    return _NULL if company == _NULL and number is None else f'{{"company":{company},"out_sid":{_json(number)}}}'


def _invoice(cell: str) -> str:
    title = cell.strip()
    return f'{{"ticked":true,"title":{encode_basestring(title)}}}' if title else _NULL


def _flag(cell: str) -> str | None:
    flag = flag_of(cell)
    return None if flag is None else str(flag)


def _sku(cell: str) -> str:
    sku = code(cell)
    return "" if sku is None else f',"sku":{encode_basestring(sku)}'


def _title(cell: str) -> tuple[tuple[str, ...], str]:
    """Return a title to find an order by, and how it stands in the order's line: ``""`` where it is none or that of two lines."""
    title = cell.strip()
    if not title:
        return (), ""
    return (title,), "" if is_twice(title) else f',"title":{encode_basestring(title)},"num":'


def _end(status: str | None, confirmed: str | None) -> str:
    """Return the key for the end of an order, where its status lets it be known."""
    if status == "TRADE_FINISHED" and confirmed != _NULL:
        return f',"end_time":{confirmed}'
    return "" if status in ENDED else ',"end_time":null'


def _payment(status: str | None, paid_at: str | None, goods: str | None, postage: str | None, paid: str | None) -> str | None:
    """Return what was paid, or is to be paid where nothing was; None where the amounts are absent or do not agree."""
    if paid == goods and postage == "0.00":
        return paid
    if goods is None or postage is None or paid is None:
        return None
    due = fen_of(goods) + fen_of(postage)
    if paid_at == _NULL or status in UNPAID:
        return format_money(due)
    return paid if fen_of(paid) == due else None


def _line(tid: str | None, single: bool, title: tuple[Any, str], units: int | None, sku: str, goods: str | None) -> str:
    """Return the key for the only line of an order, ``""`` where it has several or they are not known."""
    if not single or not units or not title[1]:
        return ""
    return f',"orders":[{{"oid":"{tid}"{sku}{title[1]}{units},"payment":"{goods}"}}]'


def _order_nos(cells: Sequence[str]) -> list[str | None]:
    lines = "\n".join(cells)
    for form in (_WRAPPED, _BARE):
        found: list[str | None] = form.findall(lines)
        if len(found) == len(cells):
            return found
    return list(map(_or_none(order_no), cells))


class _Places:
    """Addresses as JSON; what the words before the street are is found out once for each district."""

    def __init__(self) -> None:
        self._heads = _Known(self._head)

    def __call__(self, cell: str) -> str:
        plain = cell.strip()
        first = plain.find(" ")
        second = plain.find(" ", first + 1)
        third = plain.find(" ", second + 1)
        if first < second < third and (head := self._heads[plain[:third]]):
            return head + encode_basestring(without_zip(plain[third + 1 :]))
        said = address(cell).items()
        return ",".join(f'"{key}":{_NULL if part is None else encode_basestring(part)}' for key, part in said)

    def _head(self, words: str) -> str:
        """Return what stands before the street where the words before it are state, city and district, else ``""``."""
        state, city, district = words.split(" ")
        if address(f"{words} -") != {"state": state, "city": city, "district": district, "address": "-"}:
            return ""
        state, city, district = map(encode_basestring, (state, city, district))
        return f'"state":{state},"city":{city},"district":{district},"address":'


Cells = Sequence[str]
#: What is read of a field in each row; None where that is for the other reader.
Read = Sequence[Any]


class _Quick:
    """Reads blocks of rows of one report."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._tid = columns.places("tid")[0]
        closed = words()["closed"]
        self._closed = closed["unpaid"], closed["paid"]
        amount = _Known(_or_none(money))
        known: dict[str, _Known[Any]] = {
            "status": _Known(lambda cell: trade_status(cell.strip()) if cell.strip() else None),
            "kinds": _Known(is_single), "count": _Known(_or_none(lambda cell: count(cell) or 0)), "title": _Known(_title),
            "flag": _Known(_flag), "company": _Known(lambda cell: _json(carrier(cell.strip()))), "sku": _Known(_sku),
            "invoice": _Known(_invoice), "memo": _Known(lambda cell: encode_basestring(cell.strip())),
            **dict.fromkeys(("goods", "postage", "paid"), amount),
        }  # fmt: skip
        self._known = {field: read.__getitem__ for field, read in known.items() if columns.has(field)}
        self._place = _Places()

    def orders(self, rows: list[list[str]]) -> list[NewOrder | None]:
        """Return the order of each row of a block, None for one that has to be looked at by itself."""
        cells = self._cells(rows)
        read: dict[str, Read] = {field: list(map(known, cells[field])) for field, known in self._known.items()}
        read["tid"] = _order_nos([row[self._tid] for row in rows])  # in its first column, which findings name
        for field in ("created", "pay_time", "consigned", "confirmed"):
            if field in cells:
                read[field] = _times(cells[field])
        self._status(read)
        if any(moved := cells.get("new_address", ())):
            read["moved"] = [None if cell.strip() else "" for cell in moved]
        bad = {n for found in read.values() if None in found for n, one in enumerate(found) if one is None}

        none: Read = [None] * len(rows)
        nicks = [cell.strip() or None for cell in cells["nick"]] if "nick" in cells else none
        phones = list(map(_mobile, cells["mobile"])) if "mobile" in cells else none
        numbers = list(map(_number, cells["parcel"])) if "parcel" in cells else none
        skus = read.get("sku") or [""] * len(rows)
        lines = list(map(_line, read["tid"], read["kinds"], read["title"], read["count"], skus, read["goods"]))
        records = self._records(cells, read, nicks, phones, numbers, lines)
        found = zip(
            read["tid"], read["status"],
            [None if time == _NULL else time and time[1:-1] for time in read.get("created", none)],
            nicks, [phone and phone[::-1] for phone in phones], repeat(1, len(rows)),
            [LINES_DERIVED if line else LINES_NONE for line in lines], none, records,
            [title[0] for title in read["title"]], [(number,) if number else () for number in numbers],
            strict=True,
        )  # fmt: skip
        return [None if n in bad else one for n, one in enumerate(found)] if bad else list(found)

    def _cells(self, rows: list[list[str]]) -> dict[str, Cells]:
        """Return the cells of each field that the report has: of several columns the first that is not empty."""
        columns = list(zip(*rows, strict=True))
        found: dict[str, Cells] = {}
        for field in self._columns.fields:
            first, *others = self._columns.places(field)
            found[field] = columns[first]
            for other in others:
                found[field] = [cell or second for cell, second in zip(found[field], columns[other], strict=True)]
        return found

    def _status(self, read: dict[str, Read]) -> None:
        """Set the statuses, of closed orders by whether they were paid, and what was paid."""
        if "closed" in read["status"]:
            unpaid, paid = self._closed
            read["status"] = [
                status if status != "closed" else unpaid if time == _NULL else paid
                for status, time in zip(read["status"], read["pay_time"], strict=True)
            ]
        amounts = read["goods"], read["postage"], read["paid"]
        read["payment"] = list(map(_payment, read["status"], read["pay_time"], *amounts))

    def _records(
        self, cells: dict[str, Cells], read: dict[str, Read], nicks: Read, phones: Read, numbers: Read, lines: Read
    ) -> Iterator[str]:
        """Return the records as compact JSON, their keys in the order of the schema."""
        parts: list[tuple[str, Read]] = [(f'{{"schema":"{SCHEMA}","tid":"%s"', read["tid"]), (',"status":"%s"', read["status"])]
        for key, field in (("created", "created"), ("pay_time", "pay_time"), ("consign_time", "consigned")):
            if field in read:
                parts.append((f',"{key}":%s', read[field]))
        if "confirmed" in read:
            parts.append(("%s", list(map(_end, read["status"], read["confirmed"]))))
        parts += [(',"payment":"%s"', read["payment"]), (',"post_fee":"%s"', read["postage"])]
        if "nick" in cells:
            parts.append((',"buyer_nick":%s', list(map(_json, nicks))))
        if "alipay" in cells:
            parts.append((',"alipay_no":%s', [_json(cell.strip()) for cell in cells["alipay"]]))
        parts += self._receiver(cells, phones)
        if "invoice" in read:
            parts.append((',"invoice":%s', read["invoice"]))
        parts.append(("%s", lines))
        if "parcel" in cells or "company" in read:
            companies = read.get("company") or [_NULL] * len(numbers)
            parts.append((',"logistics":%s', list(map(_logistics, companies, numbers))))
        if "flag" in read:
            parts.append((',"seller_flag":%s', read["flag"]))
        if "memo" in read:
            parts.append((',"seller_memo":%s', read["memo"]))
        form = "".join(form for form, _ in parts) + "}"
        return map(form.__mod__, zip(*(values for _, values in parts), strict=True))

    def _receiver(self, cells: dict[str, Cells], phones: Read) -> list[tuple[str, Read]]:
        parts: list[tuple[str, Read]] = []
        if "name" in cells:
            parts.append(('"name":%s', [_json(cell.strip()) for cell in cells["name"]]))
        if "mobile" in cells:
            parts.append(('"mobile":%s', list(map(_json, phones))))
        if "address" in cells:
            parts.append(("%s", list(map(self._place, cells["address"]))))
        if not parts:
            return []
        forms, values = zip(*parts, strict=True)
        begins = (',"receiver":{', *[","] * (len(parts) - 1))
        ends = (*[""] * (len(parts) - 1), "}")
        return list(zip(map("".join, zip(begins, forms, ends, strict=True)), values, strict=True))
