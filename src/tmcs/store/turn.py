"""Whose turn it is to write to an SQLite store: those who wait stand in a line, and each is served.

SQLite itself lets whoever asks at the right moment in: among busy writers one gets a ten-thousandth of another's share and
waits for seconds. Here the writers of a store stand in a line (``…-turn`` beside it), and only the first asks SQLite.

Changing the writer costs as much as a commit, for the next one reads anew what the last has changed. So a process that had
to wait and comes back for more at once keeps its place for a stretch: the longer, the shorter the line. The file of the line
says how long, that it may be the same for all.

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
#: Seconds from turn to turn that are aimed at, and the part of the way to the stretch for it that is gone each turn.
_AIM, _PART = 0.15, 0.03
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
            self._stretch = self._agreed(now - start + self._stretch)
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

    def _agreed(self, around: float) -> float:
        """Return the stretch that all who write here go by, fitted to the time from turn to turn that was just seen."""
        first, least, most = STRETCH
        stretch = min(max(self._line.read() / 1e6 or first, least), most)
        stretch = min(max(stretch * (1 + _PART * (_AIM / around - 1)), least), most)
        self._line.keep(round(stretch * 1e6))
        return stretch

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
