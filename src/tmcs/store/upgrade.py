"""How an SQLite store is made, or brought to this program's version: old data are copied to a backup first."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tmcs.core.text import Text
from tmcs.store import notes
from tmcs.store.base import VERSION
from tmcs.store.copies import copy_whole
from tmcs.store.errors import foreign
from tmcs.store.migrations import steps
from tmcs.store.sqlite import APPLICATION_ID, check_version, uri


def migrate(connection: sqlite3.Connection, path: str, *, keep: bool = True) -> None:
    """Bring a store to this program's version, all steps or none.

    Args:
        connection, path: the store.
        keep: what it held before stays as ``PATH.v1.bak``; not for a copy that is thrown away.

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
            if version and keep:
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
