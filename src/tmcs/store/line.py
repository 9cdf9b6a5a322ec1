"""The line of those who wait to write: a lock file in which each holds the byte of its place.

A place is the moment its holder came. Whoever holds no byte behind another's is the first. The kernel keeps the line: it
wakes who has become first, and takes a byte back when its holder dies, so that there is nothing to clean up.
"""

from __future__ import annotations

import _thread  # loading threading takes longer than most waits, and it waits for each thread to have started
import os
import time
from contextlib import suppress
from typing import Final

try:
    import fcntl
except ImportError:  # Windows, where SQLite's busy time-out has to do
    fcntl = None  # type: ignore[assignment]

#: What stands for a place where there is no line: no such file, no such locks.
NOWHERE: Final = -1
_DIGITS: Final = 15


class Line:
    """The line before a store, as one process sees it. (Its threads are one to the kernel.)

    Args:
        path: the lock file, made if need be.
    """

    def __init__(self, path: str) -> None:
        self._file = -1
        self._guard = _thread.allocate_lock()
        self._users = 1
        if fcntl is not None:
            flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
            with suppress(OSError):
                self._file = os.open(path, flags, 0o600)

    def draw(self) -> int:
        """Stand at the end of the line and return the place."""
        place = time.monotonic_ns() // 1000  # one clock for all processes of a machine
        for number in range(place, place + 1000) if self._file >= 0 else ():
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except (BlockingIOError, PermissionError):  # another came in the same microsecond
                continue
            except OSError:  # a file system without locks
                break
            return number
        return NOWHERE

    def is_first(self, place: int) -> bool:
        """Return whether nobody stands before a place."""
        try:
            if place != NOWHERE:
                fcntl.lockf(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB, place, 0)
        except (BlockingIOError, PermissionError):
            return False
        except OSError:
            return True
        return True

    def wait(self, place: int, seconds: float, stretch: float) -> bool:
        """Wait until nobody stands before a place, at most so long; return whether that is so.

        Args:
            stretch: seconds after which the place is given back then, whatever its holder does.
        """
        come = _thread.allocate_lock()
        come.acquire()
        with self._guard:
            self._users += 1
        try:  # the kernel's wait for a lock has no end of its own: a thread waits in our stead
            _thread.start_new_thread(self._attend, (place, come, stretch))
        except RuntimeError:  # the system lets us have no more threads: without one nobody would give the place back
            self.leave(place)
            self.close()
            return False
        return come.acquire(timeout=seconds)

    def _attend(self, place: int, come: _thread.LockType, stretch: float) -> None:
        with suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_SH, place, 0)
        come.release()
        time.sleep(stretch)
        self.leave(place)
        self.close()

    def leave(self, place: int) -> None:
        """Leave the line."""
        if place != NOWHERE:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, place + 1, 0)

    def count(self) -> int:
        """Return the number that the file keeps, one more each time; whoever is the first counts alone."""
        number = 0
        with suppress(OSError, ValueError):
            number = int(os.pread(self._file, _DIGITS, 0))
        number = (number + 1) % 10**_DIGITS
        with suppress(OSError):
            os.pwrite(self._file, b"%0*d" % (_DIGITS, number), 0)
        return number

    def close(self) -> None:
        """Be done with the line; the file is closed when no thread uses it any more: its number may be another file's then."""
        with self._guard:
            self._users -= 1
            if self._users == 0 and self._file >= 0:
                os.close(self._file)
