"""The tables of the store and how an older store becomes a newer one (``PRAGMA user_version``)."""

from __future__ import annotations

import os
import sqlite3
from typing import Final

from tmcs.core.errors import StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text

#: "tmcs" in ASCII: tells our file from any other database.
APPLICATION_ID: Final = 0x746D6373

#: Each entry takes the store from the version of its place to the next one. Entries are never changed, only added.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        # whole: 0 while only joined files (items, parcels) have spoken of the order; lines: how well they are known;
        # run, lines_run: the import that last touched the row and its lines; patches: for lines not known yet.
        """CREATE TABLE orders (
             id INTEGER PRIMARY KEY, tid TEXT NOT NULL UNIQUE, status TEXT, created TEXT, nick TEXT, phone TEXT,
             whole INTEGER NOT NULL, lines INTEGER NOT NULL, run INTEGER NOT NULL, lines_run INTEGER NOT NULL,
             patches TEXT, record TEXT NOT NULL)""",
        "CREATE TABLE title (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
        """CREATE TABLE order_title (order_id INTEGER NOT NULL, title_id INTEGER NOT NULL,
             PRIMARY KEY (order_id, title_id)) WITHOUT ROWID""",
        """CREATE TABLE order_parcel (order_id INTEGER NOT NULL, number TEXT NOT NULL,
             PRIMARY KEY (order_id, number)) WITHOUT ROWID""",
        """CREATE TABLE note (tid TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, time TEXT NOT NULL,
             data TEXT NOT NULL, PRIMARY KEY (tid, kind, key)) WITHOUT ROWID""",
        """CREATE TABLE import_run (id INTEGER PRIMARY KEY, file TEXT NOT NULL, kind TEXT NOT NULL,
             row_count INTEGER, found INTEGER)""",
    ),
)

VERSION: Final = len(MIGRATIONS)

#: Indexes that a large import drops and builds again, sorted, in the same transaction: faster, and small in memory.
INDEXES: Final[dict[str, str]] = {
    "orders_created": "CREATE INDEX IF NOT EXISTS orders_created ON orders (created)",
    "orders_nick": "CREATE INDEX IF NOT EXISTS orders_nick ON orders (nick COLLATE NOCASE) WHERE nick IS NOT NULL",
    "orders_phone": "CREATE INDEX IF NOT EXISTS orders_phone ON orders (phone) WHERE phone IS NOT NULL",
    "order_title_title": "CREATE INDEX IF NOT EXISTS order_title_title ON order_title (title_id)",
    "order_parcel_number": "CREATE INDEX IF NOT EXISTS order_parcel_number ON order_parcel (number)",
    "note_kind": "CREATE INDEX IF NOT EXISTS note_kind ON note (kind, time)",
}


def storage_error(error: sqlite3.Error, path: str) -> TmcsError:
    """Return the error of ours for one of SQLite's, by its code."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TryAgainError(
            f"订单簿正被另一个程序写入: {path}", f"the order book is being written by another program: {path}",
            hint=Text("请稍后重试", "try again in a moment"),
        )  # fmt: skip
    if name == "SQLITE_FULL":
        return StorageError(
            f"磁盘已满，订单簿未改动: {path}", f"the disk is full; the order book is unchanged: {path}",
            hint=Text("清出空间后重新导入", "free some space, then import again"),
        )  # fmt: skip
    if name.startswith("SQLITE_READONLY"):
        return StorageError(f"订单簿是只读的: {path}", f"the order book is read-only: {path}")
    if name.startswith("SQLITE_CANTOPEN"):
        return StorageError(f"无法打开订单簿: {path}", f"cannot open the order book: {path}")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StorageError(
            f"不是 tmcs 的订单簿，或文件已损坏: {path}", f"not an order book of tmcs, or a damaged one: {path}",
            hint=Text("请换一个 --store，或从备份恢复", "name another --store, or restore a backup"),
        )  # fmt: skip
    if name.startswith("SQLITE_IOERR"):
        return StorageError(
            f"读写订单簿失败 (磁盘满或设备故障)，订单簿未改动: {path}",
            f"cannot read or write the order book (disk full or failing); it is unchanged: {path}",
        )
    return StorageError(f"订单簿出错 ({error}): {path}", f"the order book fails ({error}): {path}")


def check_version(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of a store, 0 for a new file.

    Raises:
        StorageError: it is newer than this program, or not one of ours.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StorageError(
            f"订单簿是更新版本的 tmcs 写的 (版本 {version}，本程序到 {VERSION}): {path}",
            f"the order book was written by a newer tmcs (version {version}, this program knows {VERSION}): {path}",
            hint=Text("请升级 tmcs", "upgrade tmcs"),
        )
    return version


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a store to this program's version, all steps or none.

    Raises:
        StorageError: it is newer than this program, or another program's database.
    """
    version = check_version(connection, path)
    if version == VERSION:
        return
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and tables:
        raise StorageError(
            f"是别的程序的数据库，不是 tmcs 的: {path}", f"a database of another program, not of tmcs: {path}"
        )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = check_version(connection, path)  # another process may have been first
        for step in MIGRATIONS[version:]:
            for statement in step:
                connection.execute(statement)
        for statement in INDEXES.values():
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def uri(path: str, query: str) -> str:
    """Return the SQLite URI of a file."""
    plain = os.path.abspath(path)
    for mark, code in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        plain = plain.replace(mark, code)
    return f"file:{plain}?{query}"
