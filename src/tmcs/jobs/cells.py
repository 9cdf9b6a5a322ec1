"""The cells of a job's table, each by the type of its column; a wrong one raises :class:`~tmcs.orders.values.CellError`.

Times are ISO 8601 with the offset of Asia/Shanghai, days ``YYYY-MM-DD``, money CNY as text with two places, as in the
order record. A cell is never computed: what begins with ``=`` is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final
from unicodedata import normalize

from tmcs.core.text import nearest
from tmcs.jobs.kinds import Column
from tmcs.orders import values
from tmcs.orders.values import CellError, bare, shown
from tmcs.orders.words import fold

Value = str | int | None

_DAY: Final = re.compile(r"(\d{4})(?:[-/.年])(\d{1,2})(?:[-/.月])(\d{1,2})日?(?:[ T].*)?|(\d{4})(\d\d)(\d\d)", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)
_CLOCK: Final = re.compile(r"(?<=\d)[日]\s*(?=\d)|(?<=\d)[年月](?=\d)", re.ASCII)


def _plain(cell: str) -> str:
    """Return a cell as a person reads it: half width, without wrappings, in the class it came in."""
    plain = normalize("NFKC", bare(cell)).strip()
    return cell.__class__(plain)


def text(cell: str) -> str | None:
    """Return the text of a cell, None for an empty one; line breaks stay."""
    return values.text(cell) or None


def time(cell: str) -> str | None:
    """Return a moment; a day alone is refused, since a window's edge would be a guess."""
    plain = _CLOCK.sub(lambda m: " " if "日" in m[0] else "-", _plain(cell))
    if len(plain) in (8, 9, 10) and _DAY.fullmatch(plain):
        raise CellError(f"只有日期，没有时刻: {plain!r}", f"a day without a time: {plain!r}", "2026-11-23 10:00:00")
    return values.moment(plain)


def day(cell: str) -> str | None:
    """Return a day; of a moment, the day it is on."""
    plain = _plain(cell)
    if not plain:
        return None
    match = _DAY.fullmatch(plain)
    try:
        if match is None:
            raise ValueError(plain)
        year, month, number = (int(part) for part in match.groups() if part is not None)
        return date(year, month, number).isoformat()
    except ValueError:
        raise CellError(f"不是日期: {shown(plain)!r}", f"not a day: {shown(plain)!r}", "2026-11-23") from None


def number(cell: str) -> int | None:
    """Return a whole number of 0 or more."""
    plain = _plain(cell)
    if not plain:
        return None
    whole = plain.removesuffix(".0").removesuffix("分")
    if _NUMBER.fullmatch(whole) is None:
        raise CellError(f"不是整数: {shown(plain)!r}", f"not a whole number: {shown(plain)!r}", "0, 1, 2, …")
    return int(whole)


def order(cell: str) -> str | None:
    """Return an order number, None for an empty cell."""
    return values.order_no(_plain(cell)) if cell.strip() else None


def money(cell: str) -> str | None:
    """Return an amount in CNY."""
    return values.money(_plain(cell))


def choice(cell: str, column: Column) -> str | None:
    """Return the choice that a word means."""
    word = fold(bare(cell))
    if not word:
        return None
    found = column.choices.get(word)
    if found is None:
        valid = list(dict.fromkeys(column.choices))
        raise CellError(
            f"没有这个选项: {shown(word)!r}", f"none of the choices: {shown(word)!r}", " | ".join(valid[:8]),
            nearest(word[:32], valid),
        )  # fmt: skip
    return found


_READ: Final[dict[str, Callable[[str], Value]]] = {
    "text": text, "time": time, "day": day, "number": number, "order": order, "money": money,
}  # fmt: skip


def reader(column: Column) -> Callable[[str], Value]:
    """Return the function that reads the cells of a column; a required one refuses an empty cell."""

    def of_choice(cell: str) -> Value:
        return choice(cell, column)

    read = of_choice if column.type == "choice" else _READ[column.type]
    if not column.required:
        return read

    def needed(cell: str) -> Value:
        value = read(cell)
        if value is None:
            raise CellError("空着", "is empty", {"order": "10-24 digits"}.get(column.type, column.type))
        return value

    return needed
