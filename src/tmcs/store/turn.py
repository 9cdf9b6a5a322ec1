"""Whose turn it is to write to an SQLite store: those who wait stand in a line, and each is served.

SQLite itself lets whoever asks at the right moment in: among busy writers one gets a ten-thousandth of another's share and
waits for seconds. Here the writers of a store stand in a line (``…-turn`` beside it), and only the first asks SQLite.

Changing the writer costs as much as a commit, for the next one reads anew what the last has changed. So a process that had
to wait and comes back for more at once keeps its place for a stretch: the longer, the shorter the line. The turns are counted
in the file of the line: as many as there were since a process had its last one stand in the line, itself included.

The line is a courtesy: SQLite's own lock decides, so nothing can go wrong but fairness. A process that was stopped in the
line is passed by.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tmcs.store.line import NOWHERE, Line

#: Seconds that a writer may go on without standing in line again: at first, at least, at most.
STRETCH: Final = (0.004, 0.002, 0.02)
#: Seconds from one turn of a writer to its next, shared by all who stand in the line; changing the writers comes on top.
_ROUND: Final = 0.18
#: Seconds within which a writer is back for more: about what changing the writer costs.
_BACK: Final = 0.0005
#: Seconds between two questions of the first in line, and of one who asks out of turn.
_NEAR, _FAR = 0.0001, 0.003
#: Seconds after which a waiting process asks SQLite out of turn: those before it do not move.
_PATIENCE: Final = 1.0


class Turn:
    """One writer's turns at a store."""

    def __init__(self, path: str) -> None:
        self._line = Line(f"{path}-turn")
        self._place = NOWHERE
        self._stretch = STRETCH[0]
        self._number = 0
        self._until = 0.0
        self._last = 0.0

    def take(self, attempt: Callable[[], bool], seconds: float) -> bool:
        """Make an attempt when the turn has come, again until it succeeds; return whether it did within ``seconds``."""
        start = time.monotonic()
        if start < self._until and attempt():
            return True
        self._leave()
        self._place = place = self._line.draw()
        first = self._line.is_first(place)
        alone = first and attempt()
        if not alone and not self._wait(first, attempt, start, seconds):
            self._leave()
            return False
        now = time.monotonic()
        if alone or start - self._last > _BACK:
            self._leave()
        else:
            self._stretch = self._share()
        self._until = now + self._stretch
        return True

    def _wait(self, first: bool, attempt: Callable[[], bool], start: float, seconds: float) -> bool:
        if self._place != NOWHERE:
            first = self._line.wait(self._place, min(seconds, _PATIENCE), self._stretch)
        while not attempt():
            if time.monotonic() - start >= seconds:
                return False
            time.sleep(_NEAR if first else _FAR)
        return True

    def _share(self) -> float:
        """Count this turn, and return how long it may last."""
        first, least, most = STRETCH
        number, last = self._line.count(), self._number
        self._number = number
        return min(max(_ROUND / max(number - last, 1), least), most) if last else first

    def done(self) -> None:
        """Say that a write is over: whose stretch is over makes room for the next."""
        self._last = time.monotonic()
        if self._last >= self._until:
            self._leave()

    def _leave(self) -> None:
        if self._place != NOWHERE:
            self._line.leave(self._place)
            self._place = NOWHERE

    def close(self) -> None:
        """Leave the line for good."""
        self._leave()
        self._line.close()
