"""The working calendar: statutory holidays and make-up working days, given as data.

A working day is one in the State Council's calendar. Past the last published year days are counted from Monday to
Friday and the result is marked as estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

_DAY = timedelta(days=1)


class WorkingCalendar:
    """Which days are worked.

    Attributes:
        version: what the days come from, e.g. ``chinesecalendar 1.11.0``.
        last_year: the last year whose arrangement is published.
    """

    __slots__ = ("_load", "_off", "_on", "last_year", "version")

    def __init__(
        self,
        off: Iterable[date] = (),
        on: Iterable[date] = (),
        last_year: int = 0,
        version: str = "none",
        load: Callable[[], WorkingCalendar] | None = None,
    ) -> None:
        """Make a calendar.

        Args:
            off: weekdays that are free (holidays and days in lieu).
            on: weekend days that are worked.
            last_year: the last published year.
            version: what the days come from.
            load: fetches the published days on first use; ``off`` and ``on`` are laid over them.
        """
        self._off = frozenset(off)
        self._on = frozenset(on)
        self.last_year = last_year
        self.version = version
        self._load = load

    def _fill(self) -> None:
        if self._load is None:
            return
        published = self._load()
        self._load = None
        self._off = (published._off - self._on) | self._off
        self._on = (published._on - self._off) | self._on
        own = [day.year for day in (*self._off, *self._on)]
        self.last_year = max(self.last_year, published.last_year, *own)
        self.version = published.version

    def is_working(self, day: date) -> bool:
        """Return whether ``day`` is worked."""
        self._fill()
        if day in self._off:
            return False
        return day in self._on or day.weekday() < 5

    def add(self, start: date, days: int) -> tuple[date, str]:
        """Return the day ``days`` working days after ``start``, and how sure it is.

        The count begins on the day after ``start``. The result is ``"estimated"`` past the last published year,
        ``"may-move"`` after 25 December of that year (the next year's notice has moved such days before), else
        ``"published"``.
        """
        self._fill()
        day = start
        while days > 0:
            day += _DAY
            if self.is_working(day):
                days -= 1
        if day.year > self.last_year:
            return day, "estimated"
        return day, "may-move" if day > date(self.last_year, 12, 25) else "published"
