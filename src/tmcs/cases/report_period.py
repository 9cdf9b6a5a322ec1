"""The days that a report of the desk is of, and those before that it is compared with; both in whole days of the desk's clock."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, Final

from tmcs.core.errors import InputError

_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_FIRST_YEAR: Final = 2000  # before it there was no desk


class Span:
    """Some days on end.

    Attributes:
        start, end: the first and the last of them.
    """

    __slots__ = ("end", "start")

    def __init__(self, start: date, end: date) -> None:
        self.start = start
        self.end = end

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.end - self.start).days + 1

    @property
    def bounds(self) -> tuple[str, str]:
        """Between which texts the moments of these days lie: not before the first, and before the second."""
        return self.start.isoformat(), (self.end + timedelta(1)).isoformat()

    def each(self) -> list[date]:
        """Return its days."""
        return [self.start + timedelta(n) for n in range(self.days)]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"from": self.start.isoformat(), "to": self.end.isoformat(), "days": self.days}


def day_spans(on: date | None, now: datetime) -> tuple[Span, Span]:
    """Return a day (None: today) and the one before it.

    Raises:
        InputError: the day is not yet, or before the year 2000.
    """
    day = now.date() if on is None else on
    _check(day, now)
    return Span(day, day), Span(day - timedelta(1), day - timedelta(1))


def month_spans(month: str | None, now: datetime) -> tuple[Span, Span]:
    """Return a month (None: this one), up to today at most, and as many days before it.

    The days before begin with the first of the last month, so that each day stands against the same day of that month. Where
    the last month has too few days, they end with its last day: both are always of the same length, and share no day.

    Raises:
        InputError: it is no ``YYYY-MM``, not yet, or before the year 2000.
    """
    if month is not None and not _MONTH.fullmatch(month):
        raise InputError(f"月份 {month[:20]} 有误，应为 YYYY-MM，如 2026-11", f"{month[:20]} is no month: expected YYYY-MM such as 2026-11")
    start = now.date().replace(day=1) if month is None else date(max(int(month[:4]), 1), int(month[5:]), 1)
    _check(start, now)
    this = Span(start, min(_last_of(start), now.date()))
    before = start - timedelta(1)
    end = before.replace(day=min(this.days, before.day))
    return this, Span(end - timedelta(this.days - 1), end)


def _last_of(first: date) -> date:
    return (first + timedelta(31)).replace(day=1) - timedelta(1)


def _check(day: date, now: datetime) -> None:
    if day > now.date():
        raise InputError(f"{day} 还没有到，不能出报表", f"{day} is still to come: there is nothing to report")
    if day.year < _FIRST_YEAR:
        raise InputError(f"{day} 太早，应在 {_FIRST_YEAR} 年以后", f"{day} is too early: expected {_FIRST_YEAR} or later")
