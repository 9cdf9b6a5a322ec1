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

    __slots__ = ("_load", "_off", "_on", "_sorted", "last_year", "version")

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
        #: Free weekdays and worked weekend days, each in order; made for the first :meth:`between`.
        self._sorted: tuple[list[date], list[date]] | None = None

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
        return day, self._sure(day)

    def between(self, start: date, end: date) -> tuple[int, str]:
        """Return how many working days lie after ``start`` up to and including ``end``, and how sure that is.

        The inverse of :meth:`add`; 0 where ``end`` is not after ``start``. Weeks are counted and only the days that
        differ from Monday to Friday are looked up, so that years cost no more than days.
        """
        if end <= start:
            return 0, "published"
        self._fill()
        if self._sorted is None:
            free = sorted(day for day in self._off if day.weekday() < 5)
            self._sorted = free, sorted(day for day in self._on - self._off if day.weekday() >= 5)
        from bisect import bisect_right  # a plain decision counts no spans

        less, more = (bisect_right(days, end) - bisect_right(days, start) for days in self._sorted)
        return _weekdays_to(end) - _weekdays_to(start) - less + more, self._sure(end)

    def shift(self, due: date, paused: date, resumed: date, working: bool) -> tuple[date, str]:
        """Return the day that a deadline falls on after a pause, and how sure that is.

        The days that were left at the pause are left again after the resume. One that had passed stays passed, by as
        many days as before. No pause makes a deadline earlier.

        Args:
            due: the day it fell on before.
            paused: the day on which the count stopped, ``resumed`` the day on which it goes on.
            working: whether its days are working days; else calendar days, which are always sure.
        """
        if not working:
            return max(due, due + (resumed - paused)), "published"
        if resumed <= paused:
            return due, self._sure(due)
        if due >= paused:
            moved, _ = self.add(resumed, self.between(paused, due)[0])
        else:
            moved = self._before(resumed, self.between(due, paused)[0])
        return max(due, moved), self._sure(max(moved, resumed))

    @property
    def published_through(self) -> date:
        """The last day whose arrangement is published; ``date.min`` where none is."""
        self._fill()
        return date(self.last_year, 12, 31) if self.last_year else date.min

    def _before(self, day: date, days: int) -> date:
        """Return the last working day before ``day`` from which at least ``days`` working days pass until ``day``."""
        left = days - self.is_working(day)
        day -= _DAY
        while left > 0 or not self.is_working(day):
            left -= self.is_working(day)
            day -= _DAY
        return day

    def _sure(self, day: date) -> str:
        self._fill()
        if day.year > self.last_year:
            return "estimated"
        return "may-move" if day > date(self.last_year, 12, 25) else "published"


def _weekdays_to(day: date) -> int:
    """Return how many days from Monday to Friday lie before and on ``day``, from the first Monday of the calendar."""
    weeks, rest = divmod(day.toordinal(), 7)  # ordinal 1 is a Monday
    return weeks * 5 + min(rest, 5)
