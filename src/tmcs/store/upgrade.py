"""How an SQLite store is made, or brought to this program's version: old data are copied to a backup first."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress

from tmcs.core.errors import StorageError
from tmcs.core.text import Text
from tmcs.store import notes
from tmcs.store.base import VERSION
from tmcs.store.errors import foreign
from tmcs.store.migrations import steps
from tmcs.store.sqlite import APPLICATION_ID, check_version, uri


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a store to this program's version, all steps or none; what it held before stays as ``PATH.v1.bak``.

    Raises:
        StorageError: it is newer than this program, another program's database, or cannot be copied.
        sqlite3.Error: it cannot be written; nothing has changed.
    """
    if check_version(connection, path) == 0:
        owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if owner != APPLICATION_ID and tables:
            raise foreign(path)
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = check_version(connection, path)  # another process may have been first
        if version != VERSION:
            if version:
                _keep_old(path, version)
            for statement in steps(version, "sqlite"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _keep_old(path: str, version: int) -> None:
    """Copy a store before it is changed. The caller holds it: nobody else writes meanwhile."""
    backup = f"{path}.v{version}.bak"
    with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True)) as source:
        copy_whole(source, backup)
    notes.append(Text(
        f"数据文件从版本 {version} 升级到 {VERSION}，升级前的备份: {backup}",
        f"the store goes from version {version} to {VERSION}; as it was before: {backup}",
    ))  # fmt: skip


def copy_whole(source: sqlite3.Connection, target: str) -> None:
    """Copy a database into a file that is there whole, checked and on disk, or not at all.

    Raises:
        StorageError: the file cannot be written, or the copy is damaged; an earlier file of that name is untouched.
    """
    import tempfile

    folder, last = os.path.split(os.path.abspath(target))
    name = ""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{last}.", dir=folder)  # for its owner only
        os.close(handle)
        with closing(sqlite3.connect(name, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous=FULL")
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise StorageError(f"数据文件已损坏，无法备份: {target}", f"the store is damaged, no backup is made: {target}")
        os.replace(name, target)
        name = ""
        _sync_folder(folder)
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE")
        why = ("磁盘已满", "the disk is full") if full else (str(error), str(error))
        raise StorageError(f"无法写入备份 {target}: {why[0]}", f"cannot write the backup {target}: {why[1]}") from None
    except OSError as error:
        raise StorageError(
            f"无法写入备份 {target}: {error.strerror}", f"cannot write the backup {target}: {error.strerror}"
        ) from None
    finally:
        if name:
            for part in (name, f"{name}-journal", f"{name}-wal", f"{name}-shm"):
                with suppress(OSError):
                    os.unlink(part)


def _sync_folder(folder: str) -> None:
    """Have a new name on disk, where the system lets a folder be synchronised."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
