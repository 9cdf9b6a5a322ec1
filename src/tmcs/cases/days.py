"""What a due day means today: overdue, due soon, estimated. The working calendar is read only where a day asks for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from tmcs.core.policy import Snapshot

OVERDUE: Final = "overdue"
SOON: Final = "soon"


class Days:
    """Today, and the days around it as the policy in force counts them.

    Attributes:
        today: the day.
        guessed: the years asked about whose working days are not published: their deadlines are estimated.
    """

    __slots__ = ("_snapshot", "_soon", "guessed", "today")

    def __init__(self, snapshot: Snapshot, today: date) -> None:
        self._snapshot = snapshot
        self.today = today
        self._soon: date | None = None
        self.guessed: set[int] = set()

    @property
    def soon_until(self) -> date:
        """The last day that is due soon: as many working days ahead as the policy warns, the free days after them included."""
        if self._soon is None:
            ahead = self._snapshot.cases.warn_days + 1
            self._soon = self._snapshot.calendar.add(self.today, ahead)[0] - timedelta(days=1)
        return self._soon

    def mark(self, due: str | None) -> str:
        """Return ``overdue``, ``soon`` or ``""`` for an ISO day."""
        if due is None:
            return ""
        day = date.fromisoformat(due)
        if day < self.today:
            return OVERDUE
        return SOON if day <= self.soon_until else ""

    def late(self, due: str) -> int:
        """Return by how many days an ISO day is past."""
        return (self.today - date.fromisoformat(due)).days

    def estimated(self, due: str, unit: str | None) -> bool:
        """Return whether an ISO day was counted in working days of a year that is not published; the year is noted."""
        day = date.fromisoformat(due)
        if unit == "calendar" or day <= self._snapshot.calendar.published_through:
            return False
        self.guessed.add(day.year)
        return True
