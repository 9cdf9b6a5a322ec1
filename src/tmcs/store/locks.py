"""Locks of a store in one file: held by a process, free when it ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tmcs.core.errors import StorageError
from tmcs.store.errors import taken


@contextmanager
def held(folder: str, work: str) -> Iterator[None]:
    """Hold a work alone; ``folder`` is made where it is missing. (Its files stay: taking one away would free it for two.)

    Raises:
        TryAgainError: another holds it.
        StorageError: the folder cannot be written.
    """
    handle = _opened(folder, work)
    try:
        if not _lock(handle):
            raise taken(work)
        yield
    finally:
        os.close(handle)


def _opened(folder: str, work: str) -> int:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return os.open(os.path.join(folder, work), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise StorageError(f"无法写入 {folder}: {error.strerror}", f"cannot write {folder}: {error.strerror}") from None


def _lock(handle: int) -> bool:
    """Lock an open file until it is closed; False where another has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
