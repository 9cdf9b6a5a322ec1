"""Whose turn it is to write to an SQLite store: those who wait stand in a line, and each is served.

SQLite itself lets whoever asks at the right moment in: among busy writers one gets a ten-thousandth of another's share and
waits for seconds. Here each waiting process draws a number, the moment it came, and holds the byte of that number in a lock
file beside the store (``…-turn``). It is first when nobody holds a lower one; only the first asks SQLite. Who was served may
go on for a few milliseconds without standing in line again: changing the writer costs as much as a commit.

The line is a courtesy: SQLite's own lock decides, so nothing can go wrong but fairness. The kernel takes a byte back when its
holder dies, and the file holds nothing: there is nothing to clean up. A process that was stopped in the line is passed by.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

try:
    import fcntl
except ImportError:  # Windows, where SQLite's busy time-out has to do
    fcntl = None  # type: ignore[assignment]

#: Seconds that a writer may go on writing before it stands in line again: some ten commits.
STRETCH: Final = 0.004
#: Seconds between two questions of the first in line, and of the others (at first, at last).
_NEAR: Final = 0.0001
_FAR: Final = (0.0003, 0.003)
#: Seconds after which a waiting process asks SQLite out of turn: those before it do not move.
_PATIENCE: Final = 1.0


class Turn:
    """One writer's place in the line of a store. (The threads of one process are one to the kernel; SQLite decides.)"""

    def __init__(self, path: str) -> None:
        self._until = 0.0
        self._file = -1
        if fcntl is not None:
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            with suppress(OSError):
                self._file = os.open(f"{path}-turn", flags, 0o600)

    def take(self, attempt: Callable[[], bool], seconds: float) -> bool:
        """Make an attempt when the turn has come, again until it succeeds; return whether it did within ``seconds``."""
        start = time.monotonic()
        if start < self._until and attempt():
            return True
        place = self._draw()
        try:
            first, pause = place < 0, _FAR[0]
            while True:
                first = first or self._is_first(place)
                waited = time.monotonic() - start
                if (first or waited > _PATIENCE) and attempt():
                    break
                if waited >= seconds:
                    return False
                if first:
                    time.sleep(_NEAR if waited < _PATIENCE else _FAR[1])
                else:
                    time.sleep(pause)
                    pause = min(pause * 1.3, _FAR[1])
        finally:
            self._leave(place)
        self._until = time.monotonic() + STRETCH
        return True

    def _draw(self) -> int:
        """Stand at the end of the line and return the number of the place, -1 where there is no line."""
        place = time.monotonic_ns() // 1000  # one clock for all processes of a machine
        for number in range(place, place + 1000) if self._file >= 0 else ():
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except (BlockingIOError, PermissionError):  # another came in the same microsecond
                continue
            except OSError:  # a file system without locks
                break
            return number
        return -1

    def _is_first(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB, place, 0)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True
        return True

    def _leave(self, place: int) -> None:
        if place >= 0:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 0, 0)

    def close(self) -> None:
        """Leave the line for good."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
