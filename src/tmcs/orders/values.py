"""Cells checked and brought into the form of the order record; a wrong one raises :class:`CellError`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from tmcs.core.money import format_money, parse_money
from tmcs.core.order import SHANGHAI, parse_time
from tmcs.core.text import Text
from tmcs.orders.words import carrier, words

#: The longest text a spreadsheet cell can hold; nothing the backend writes is longer.
MAX_TEXT = 32_767

_ID = re.compile(r"\d{10,24}", re.ASCII)
_UNWRAP = re.compile(r'="(.*)"', re.DOTALL)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+", re.ASCII)
_AMOUNT = re.compile(r"\d{1,12}\.\d\d", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?", re.ASCII)
_MOMENT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_OPENS = frozenset("(（")
_LBX = re.compile(r"LBX\d{10,20}", re.ASCII)
_PARCEL_LABEL = re.compile(r"^No[:：]\s*", re.IGNORECASE)


class Inexact(str):
    """A number that a file stored as a float: as an identifier its digits cannot be trusted."""

    __slots__ = ()


class CellError(ValueError):
    """A cell that cannot be read.

    Attributes:
        text: what is wrong.
        expected: what was expected.
        near: the valid words nearest to the one that was written.
    """

    def __init__(self, zh: str, en: str, expected: str, near: Iterable[str] = ()) -> None:
        super().__init__(en)
        self.text = Text(zh, en)
        self.expected = expected
        self.near = list(near)


def shown(cell: str) -> str:
    """Return a cell short enough for a message."""
    return cell if len(cell) <= 24 else cell[:24] + "…"


def text(cell: str) -> str:
    """Return a cell's text, trimmed.

    Raises:
        CellError: it is longer than a cell can be.
    """
    if len(cell) > MAX_TEXT:
        raise CellError(f"文字过长: {len(cell)} 个字", f"text of {len(cell)} characters", f"≤ {MAX_TEXT}")
    return cell.strip()


def bare(cell: str) -> str:
    """Return a number-like cell without the backend's wrappings: ``="5100…"`` and ``'5100…``."""
    cell = cell.strip()
    if cell.startswith("="):
        match = _UNWRAP.fullmatch(cell)
        if match is not None:
            cell = match.group(1).strip()
    return cell.removeprefix("'")


def order_no(cell: str) -> str:
    """Return an order number: 10 to 24 digits, as text.

    Raises:
        CellError: it is anything else, above all a number that a spreadsheet has rounded.
    """
    plain = bare(cell)
    if cell.__class__ is Inexact or _SCIENTIFIC.fullmatch(plain):
        raise CellError(
            f"订单编号被表格软件存成数字，末几位已丢失: {plain}",
            f"a spreadsheet turned the order number into a number and lost its last digits: {plain}",
            "the export as it was downloaded, order numbers as text",
        )
    if _ID.fullmatch(plain) is None:
        if not plain:
            raise CellError("订单编号为空", "the order number is empty", "10-24 digits")
        raise CellError(f"不是订单编号: {shown(plain)!r}", f"not an order number: {shown(plain)!r}", "10-24 digits")
    return plain


def code(cell: str) -> str | None:
    """Return a code such as a SKU or a parcel number, or None for an empty cell."""
    return bare(text(cell)) or None


def money(cell: str) -> str | None:
    """Return an amount in CNY with two places, or None for an empty cell.

    Raises:
        CellError: it is no amount, or negative.
    """
    if _AMOUNT.fullmatch(cell) is not None and cell[0] != "0":
        return cell
    plain = bare(cell)
    if not plain:
        return None
    plain = plain.removeprefix("¥").removeprefix("￥").removesuffix("元").strip()
    if "," in plain and _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        if cell.__class__ is Inexact:
            value = float(plain)
            if abs(value - round(value, 2)) < 1e-6 and 0 <= value < 1e12:
                plain = f"{value:.2f}"
        return format_money(parse_money(plain))
    except ValueError:
        raise CellError(f"不是金额: {shown(plain)!r}", f"not an amount: {shown(plain)!r}", "35.00") from None


def count(cell: str) -> int | None:
    """Return a whole number above 0, or None for an empty cell.

    Raises:
        CellError: it is anything else.
    """
    plain = bare(cell)
    if not plain:
        return None
    whole = plain.removesuffix(".0")
    if not whole.isascii() or not whole.isdigit() or len(whole) > 9 or int(whole) < 1:
        raise CellError(f"不是数量: {shown(plain)!r}", f"not a number of units: {shown(plain)!r}", "1, 2, 3, …")
    return int(whole)


def moment(cell: str) -> str | None:
    """Return a time in Asia/Shanghai as ISO 8601 with offset, or None for an empty cell.

    Raises:
        CellError: it is no time.
    """
    if len(cell) == 19 and cell[10] == " " and cell[4] == cell[7] == "-" and cell[13] == cell[16] == ":":
        try:
            datetime.fromisoformat(cell)
        except ValueError:
            pass
        else:
            return f"{cell[:10]}T{cell[11:]}+08:00"
    plain = bare(cell)
    if not plain:
        return None
    try:
        match = _MOMENT.fullmatch(plain)
        if match is None:
            return parse_time(plain).isoformat(timespec="seconds")
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI).isoformat()
    except (ValueError, OverflowError):
        raise CellError(f"不是时间: {shown(plain)!r}", f"not a time: {shown(plain)!r}", "2026-11-23 10:00:00") from None


def lbx(cell: str) -> str | None:
    """Return a logistics order number (LBX and digits), or None for an empty cell.

    Raises:
        CellError: it is anything else.
    """
    plain = bare(cell).upper()
    if plain and _LBX.fullmatch(plain) is None:
        raise CellError(f"不是 LBX 单号: {shown(plain)!r}", f"not an LBX number: {shown(plain)!r}", "LBX0123456789")
    return plain or None


def phone(cell: str) -> str | None:
    """Return a phone number without the apostrophe the backend puts before it, or None for an empty cell."""
    return bare(text(cell)) or None


def parcel_no(number: str | None) -> str | None:
    """Return a parcel number without the label that some reports put before it (``No:YT…``), None for none."""
    return _PARCEL_LABEL.sub("", number).strip() or None if number else None


def parcel(company: str | None, number: str | None) -> dict[str, str | None] | None:
    """Return the ``logistics`` of a record from a carrier and a parcel number; None where both are empty."""
    number = parcel_no(number)
    if not company and not number:
        return None
    return {"company": carrier(company) if company else None, "out_sid": number}


def without_zip(address: str) -> str:
    """Return an address without the postcode that the backend puts behind it in brackets."""
    zip_code = address[-7:-1]
    if len(zip_code) == 6 and address[-1] in ")）" and address[-8:-7] in _OPENS and zip_code.isascii() and zip_code.isdigit():
        return address[:-8]
    return address


def address(cell: str) -> dict[str, str | None]:
    """Return state, city, district and address of an export's one-cell address (``省 市 区 详细地址(邮编)``).

    County-level cities such as 济源市 stand as the district without a city, as on the platform.
    """
    parts = without_zip(text(cell)).split(" ", 3)
    data = words()
    if len(parts) == 4 and parts[2][-1:] in data["district_endings"]:
        return {"state": parts[0], "city": parts[1], "district": parts[2], "address": parts[3]}
    if len(parts) >= 3 and parts[1].endswith("市"):
        rest = " ".join(parts[2:])
        if parts[1] in data["cities_without_districts"] or len(parts) == 4:
            return {"state": parts[0], "city": parts[1], "district": None, "address": rest}
        return {"state": parts[0], "city": None, "district": parts[1], "address": rest}
    return {"address": " ".join(parts) or None}
