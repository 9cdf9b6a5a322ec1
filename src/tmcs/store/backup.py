"""Backup, restore and a look at a store. A backup is an SQLite store file, whichever database it was made from.

So a backup of either database is restored into either, and can be looked into with ``--store FILE`` as it is.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from tmcs.core.errors import InputError, NotFoundError, StorageError
from tmcs.core.text import Text
from tmcs.store import is_server, open_store
from tmcs.store.base import VERSION, Store
from tmcs.store.copies import copy_whole, making
from tmcs.store.errors import not_ours, storage_error
from tmcs.store.sqlite import APPLICATION_ID, check_version, uri

#: What :func:`describe` counts.
COUNTED: Final = ("orders", "cases", "event")


def describe(store: Store) -> dict[str, Any]:
    """Return what a store is: database, place, version, size in bytes, how many orders, cases and events.

    Raises:
        StorageError, TryAgainError: it cannot be read.
    """
    with store.one_state():
        counts = {name: store.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in COUNTED}
        if store.dialect == "sqlite":
            pages, size = (store.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            version, size = store.execute("PRAGMA user_version").fetchone()[0], pages * size
        else:
            version = store.execute("SELECT version FROM store_version").fetchone()[0]
            size = store.execute(
                "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind = 'r' AND n.nspname = current_schema()"
            ).fetchone()[0]
    return {
        "store": store.name, "dialect": store.dialect, "version": version, "bytes": int(size),
        "orders": counts["orders"], "cases": counts["cases"], "events": counts["event"],
    }  # fmt: skip


def back_up(where: str | None, target: str) -> dict[str, Any]:
    """Copy a store as it is at one moment into a file, while others write, and return what the copy holds.

    Args:
        where: a file or URL; None: the configured store.
        target: the file; an earlier backup of that name is replaced at the end, at once.

    Raises:
        InputError: ``target`` is the store itself, one in use, or no backup.
        NotFoundError: there is no store.
        StorageError, TryAgainError: the store cannot be read, is damaged, or the file cannot be written: no file is left.
    """
    with open_store(where) as store:
        _check_target(store, target)
        _copy(store, target)
        name = store.name
    with open_store(target) as copy:
        return {**describe(copy), "store": name}


def _check_target(store: Store, target: str) -> None:
    """Raise InputError where a file must not be replaced."""
    if is_server(target):
        raise InputError(f"备份应为文件: {target}", f"a backup is a file: {target}")
    if not os.path.exists(target):
        return
    if os.path.isdir(target):
        raise InputError(f"{target} 是目录，应为文件", f"{target} is a directory, a file was expected")
    if store.dialect == "sqlite" and os.path.samefile(store.name, target):
        raise InputError(f"备份不能写到数据文件自己: {target}", f"a store cannot be backed up onto itself: {target}")
    if os.path.exists(f"{target}-wal"):
        raise InputError(f"{target} 是正在使用的数据文件", f"{target} is a store in use")
    if os.path.getsize(target) and not _is_ours(target):
        raise InputError(
            f"{target} 已存在，且不是备份", f"{target} exists and is no backup", hint=Text("请换一个文件名", "name another file")
        )


def _is_ours(path: str) -> bool:
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True)) as connection:
            return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)
    except sqlite3.Error:
        return False


def _copy(store: Store, target: str) -> None:
    if store.dialect == "sqlite":
        with closing(sqlite3.connect(uri(store.name, "mode=ro"), uri=True)) as source:
            copy_whole(source, target)
        return
    from tmcs.store.migrations import steps

    with making(target) as copy:
        copy.execute("BEGIN")
        for statement in steps(0, "sqlite"):
            copy.execute(statement)
        with store.one_state():
            store.execute("SET LOCAL statement_timeout = 0")
            for table, columns in _tables(copy):
                names = ", ".join(columns)
                marks = ", ".join("?" * len(columns))
                copy.executemany(f"INSERT INTO {table} VALUES ({marks})", store.stream(f"SELECT {names} FROM {table}"))
        copy.execute(f"PRAGMA application_id={APPLICATION_ID}")
        copy.execute(f"PRAGMA user_version={VERSION}")
        copy.execute("COMMIT")


def _tables(connection: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """Return the tables of a store with their columns; they are the same on both databases."""
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    names = [name for (name,) in connection.execute(sql)]
    return [(name, [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]) for name in names]


def restore(where: str | None, source: str, *, force: bool = False) -> tuple[dict[str, Any], str | None]:
    """Put what a backup holds in the place of what a store holds, in one transaction: others see the old or the new.

    Args:
        where: a file or URL, made where it is missing; None: the configured store.
        source: a backup, or any SQLite store.
        force: also where the store holds something: that is backed up first.

    Returns:
        What the store holds now, and the file with what it held before (None where it held nothing).

    Raises:
        InputError: the store holds something and ``force`` is not given, or ``source`` is the store itself.
        NotFoundError: there is no such backup.
        StorageError: the backup is damaged, newer than this program or none; or the store cannot be written. Nothing changed.
        TryAgainError: the store is being written by others. Nothing changed.
    """
    with _checked(source) as backup, open_store(where, write=True) as store:
        if store.dialect == "sqlite" and os.path.samefile(store.name, source):
            raise InputError(f"备份就是数据文件自己: {source}", f"the backup is the store itself: {source}")
        before = None
        with store.transaction():
            tables = _tables(backup)
            _hold(store, [name for name, _ in tables])
            if any(store.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name, _ in tables):
                before = _keep_present(store, source, force)
            for name, columns in tables:
                store.execute(f"DELETE FROM {name}")
                _fill(store, name, columns, backup.execute(f"SELECT {', '.join(columns)} FROM {name}"))
        return describe(store), before


@contextmanager
def _checked(source: str) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a copy of a backup that is whole and of this program's version."""
    import tempfile

    from tmcs.store.upgrade import migrate

    if is_server(source) or not os.path.isfile(source):
        raise NotFoundError(f"没有这个备份文件: {source}", f"no such backup file: {source}")
    with tempfile.TemporaryDirectory(prefix="tmcs-restore-") as folder:
        name = os.path.join(folder, "backup.db")
        try:
            with closing(sqlite3.connect(uri(source, "mode=ro"), uri=True)) as connection:
                if check_version(connection, source) == 0 or connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    raise not_ours(source)
                copy_whole(connection, name)
            with closing(sqlite3.connect(name, isolation_level=None)) as copy:
                migrate(copy, name, keep=False)
                yield copy
        except sqlite3.Error as error:
            raise storage_error(error, source) from None


def _hold(store: Store, tables: list[str]) -> None:
    """Keep others from writing until the transaction ends. (In a file a writer is alone anyway; readers go on on both.)"""
    if store.dialect == "postgresql":
        store.execute("SET LOCAL statement_timeout = 0")
        store.execute(f"LOCK TABLE {', '.join(tables)} IN EXCLUSIVE MODE")


def _keep_present(store: Store, source: str, force: bool) -> str:
    """Back up what a store holds before it is replaced, and return the file: beside the store, or beside the backup."""
    if not force:
        raise InputError(
            f"数据非空: {store.name}", f"the store is not empty: {store.name}",
            hint=Text("--force: 先备份现有数据再恢复", "--force backs up what it holds, then restores"),
        )  # fmt: skip
    base = store.name if store.dialect == "sqlite" else os.path.join(os.path.dirname(os.path.abspath(source)), "tmcs")
    stem = f"{base}.before-restore-{time.strftime('%Y%m%dT%H%M%S')}"
    target, number = f"{stem}.bak", 1
    while os.path.exists(target):
        number += 1
        target = f"{stem}-{number}.bak"
    with open_store(store.name) as reader:
        _copy(reader, target)
    return target


def _fill(store: Store, table: str, columns: list[str], rows: Iterator[Any]) -> None:
    """Put rows into a table, and let new ones be numbered above them."""
    store.fill(table, columns, rows)
    if store.dialect == "postgresql" and "id" in columns:
        sequence = store.execute("SELECT pg_get_serial_sequence(?, 'id')", (table,)).fetchone()[0]
        if sequence is None:
            raise StorageError(f"数据库里没有编号 {table}.id", f"the database numbers no {table}.id")
        store.execute(  # never lowered: that would not be undone with the transaction
            f"SELECT setval(?, greatest((SELECT coalesce(max(id), 1) FROM {table}), (SELECT last_value FROM {sequence})))", (sequence,)
        )
