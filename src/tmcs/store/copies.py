"""Copies of a store: a file that is there whole, checked and on disk, or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from tmcs.core.errors import StorageError, TryAgainError
from tmcs.store.errors import not_ours


@contextmanager
def making(target: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a new file beside ``target`` and put it in its place at the end, once it is known to be whole.

    Raises:
        StorageError: the file cannot be written, or what was copied is damaged; an earlier file of that name is untouched.
    """
    import tempfile

    folder, last = os.path.split(os.path.abspath(target))
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{last}.", dir=folder)  # for its owner only
        os.close(handle)
        with closing(sqlite3.connect(name, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous=FULL")
            yield copy
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            if copy.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                raise StorageError(f"数据已损坏，没有备份: {target}", f"the store is damaged, no backup is made: {target}")
        os.replace(name, target)
        name = ""
        _sync_folder(folder)
    except sqlite3.Error as error:
        raise _not_written(error, target) from None
    except OSError as error:
        raise StorageError(
            f"无法写入备份 {target}: {error.strerror}", f"cannot write the backup {target}: {error.strerror}"
        ) from None
    finally:
        for part in (name, f"{name}-journal", f"{name}-wal", f"{name}-shm") if name else ():
            with suppress(OSError):
                os.unlink(part)


def copy_whole(source: sqlite3.Connection, target: str) -> None:
    """Copy an SQLite store as it is at this moment, while others write.

    Raises:
        StorageError: as for :func:`making`.
    """
    with making(target) as copy:
        source.backup(copy, pages=-1)


def _not_written(error: sqlite3.Error, target: str) -> StorageError | TryAgainError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TryAgainError(f"数据文件正被占用，没有备份: {target}", f"the store is busy, no backup is made: {target}")
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return not_ours(target)
    full = code in ("SQLITE_FULL", "SQLITE_IOERR_WRITE")
    why = ("磁盘已满", "the disk is full") if full else (str(error), str(error))
    return StorageError(f"无法写入备份 {target}: {why[0]}", f"cannot write the backup {target}: {why[1]}")


def _sync_folder(folder: str) -> None:
    """Have a new name on disk, where the system lets a folder be synchronised."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
