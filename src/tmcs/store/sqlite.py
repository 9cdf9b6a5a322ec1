"""The store in one SQLite file: no server, one writer at a time, each waiting its turn."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from tmcs.core.errors import NotFoundError, StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text
from tmcs.store.base import Rows, Store
from tmcs.store.migrations import VERSION, steps

#: "tmcs" in ASCII: tells our file from any other database.
APPLICATION_ID: Final = 0x746D6373
#: Seconds to wait for another process's lock before saying "try again".
BUSY_SECONDS: Final = 5.0


class SqliteStore(Store):
    """A store in one file. Writes are on disk when they return (``synchronous=FULL``)."""

    dialect: ClassVar[str] = "sqlite"
    for_update: ClassVar[str] = ""
    skip_locked: ClassVar[str] = ""

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False) -> None:
        self.name = os.fspath(path)
        with self._errors():
            self.connection = self._open_to_write() if write else self._open_to_read()

    def _open_to_write(self) -> sqlite3.Connection:
        _make_private(self.name)
        connection = self._connect("mode=rw")
        try:
            migrate(connection, self.name)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_read(self) -> sqlite3.Connection:
        try:
            connection, version = self._connect_checked("mode=ro")
        except sqlite3.OperationalError:
            if not os.path.exists(self.name):
                raise no_store(self.name) from None
            if os.path.exists(f"{self.name}-wal"):
                raise
            # A folder that may not be written: without a log beside it the file is at rest and complete.
            connection, version = self._connect_checked("immutable=1")
        if 0 < version < VERSION:
            connection.close()
            return self._open_to_write()
        if version == 0:
            connection.close()
            if os.path.getsize(self.name):
                raise StorageError(f"不是 tmcs 的数据文件: {self.name}", f"not a store of tmcs: {self.name}")
            raise no_store(self.name)
        return connection

    def _connect_checked(self, query: str) -> tuple[sqlite3.Connection, int]:
        connection = self._connect(query)
        try:
            return connection, check_version(connection, self.name)
        except BaseException:
            connection.close()
            raise

    def _connect(self, query: str) -> sqlite3.Connection:
        return sqlite3.connect(uri(self.name, query), uri=True, isolation_level=None, timeout=BUSY_SECONDS)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise storage_error(error, self.name) from None

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        try:
            return self.connection.execute(sql, values)
        except sqlite3.Error as error:
            raise storage_error(error, self.name) from None

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        with self._errors():
            yield from self.connection.execute(sql, values)

    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.rollback()

    def examine(self) -> list[Text]:
        with self._errors():
            found = [row[0] for row in self.connection.execute("PRAGMA quick_check(10)")]
        return [] if found == ["ok"] else [Text(f"数据文件损坏: {one}", f"the store is damaged: {one}") for one in found]

    def close(self) -> None:
        self.connection.close()


def no_store(path: str) -> NotFoundError:
    """Return the error for a store that is not there yet."""
    return NotFoundError(
        f"还没有数据文件: {path}", f"there is no store yet: {path}",
        hint=Text("先运行 tmcs order import 导出文件", "run tmcs order import FILE first"),
    )  # fmt: skip


def _make_private(path: str) -> None:
    """Create the store's folder and file for their owner only: it holds names, phones and addresses."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except IsADirectoryError:
        raise StorageError(f"{path} 是目录，应为文件", f"{path} is a directory, a file was expected") from None
    except PermissionError:
        if not os.path.exists(path):
            raise StorageError(f"没有权限写入 {path}", f"no permission to write {path}") from None
        raise StorageError(f"数据文件是只读的: {path}", f"the store is read-only: {path}") from None
    except OSError as error:
        raise StorageError(f"无法写入 {path}: {error.strerror}", f"cannot write {path}: {error.strerror}") from None


def storage_error(error: sqlite3.Error, path: str) -> TmcsError:
    """Return the error of ours for one of SQLite's, by its code."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TryAgainError(
            f"数据文件正被另一个程序写入: {path}", f"the store is being written by another program: {path}",
            hint=Text("请稍后重试", "try again in a moment"),
        )  # fmt: skip
    if name == "SQLITE_FULL":
        return StorageError(
            f"磁盘已满，数据未改动: {path}", f"the disk is full; the store is unchanged: {path}",
            hint=Text("清出空间后重试", "free some space, then try again"),
        )  # fmt: skip
    if name.startswith("SQLITE_READONLY"):
        return StorageError(f"数据文件是只读的: {path}", f"the store is read-only: {path}")
    if name.startswith("SQLITE_CANTOPEN"):
        return StorageError(f"无法打开数据文件: {path}", f"cannot open the store: {path}")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return StorageError(
            f"不是 tmcs 的数据文件，或已损坏: {path}", f"not a store of tmcs, or a damaged one: {path}",
            hint=Text("请换一个 --store，或从备份恢复", "name another --store, or restore a backup"),
        )  # fmt: skip
    if name.startswith("SQLITE_IOERR"):
        return StorageError(
            f"读写数据文件失败 (磁盘满或设备故障)，数据未改动: {path}",
            f"cannot read or write the store (disk full or failing); it is unchanged: {path}",
        )
    return StorageError(f"数据文件出错 ({error}): {path}", f"the store fails ({error}): {path}")


def check_version(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of a store, 0 for a new file.

    Raises:
        StorageError: it is newer than this program, or not one of ours.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise newer(version, path)
    return version


def newer(version: int, name: str) -> StorageError:
    """Return the error for a store that a newer program wrote."""
    return StorageError(
        f"数据是更新版本的 tmcs 写的 (版本 {version}，本程序到 {VERSION}): {name}",
        f"the store was written by a newer tmcs (version {version}, this program knows {VERSION}): {name}",
        hint=Text("请升级 tmcs", "upgrade tmcs"),
    )


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
        for statement in steps(version, "sqlite"):
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
