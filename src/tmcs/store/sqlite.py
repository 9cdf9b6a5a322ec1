"""The store in one SQLite file: no server, one writer at a time, each waiting its turn."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tmcs.core.errors import StorageError, TmcsError
from tmcs.core.text import Text
from tmcs.store.base import BUSY_SECONDS, VERSION, Rows, Store

if TYPE_CHECKING:
    from tmcs.store.turn import Turn

#: "tmcs" in ASCII: tells our file from any other database.
APPLICATION_ID: Final = 0x746D6373
#: Pages (of 4 KiB) of the log that are carried over into the file together: a page that many commits wrote is carried once.
_LOG_PAGES: Final = 4000
#: So many rows are inserted by one statement.
_FILLED: Final = 128


class SqliteStore(Store):
    """A store in one file. Writes are on disk when they return (``synchronous=FULL``)."""

    dialect: ClassVar[str] = "sqlite"
    for_update: ClassVar[str] = ""
    skip_locked: ClassVar[str] = ""
    begin_reading: ClassVar[str] = "BEGIN"

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False) -> None:
        self.name = os.fspath(path)
        self._turn: Turn | None = None
        with self._errors():
            self.connection = self._open_to_write() if write else self._open_to_read()

    def _open_to_write(self) -> sqlite3.Connection:
        _make_private(self.name)
        connection = self._connect("mode=rw")
        try:
            if check_version(connection, self.name) != VERSION:
                from tmcs.store.upgrade import migrate

                migrate(connection, self.name)
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":  # a copy that was put in its place
                connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            connection.execute("PRAGMA busy_timeout=0")  # from here on it is waited for in :meth:`begin` and :meth:`_again`
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_read(self) -> sqlite3.Connection:
        try:
            connection, version = self._connect_checked("mode=ro")
        except sqlite3.OperationalError:
            if not os.path.exists(self.name):
                raise self._none_yet() from None
            if os.path.exists(f"{self.name}-wal"):
                raise
            # A folder that may not be written: without a log beside it the file is at rest and complete.
            connection, version = self._connect_checked("immutable=1")
        if 0 < version < VERSION:
            connection.close()
            return self._open_to_write()
        if version == 0:
            connection.close()
            raise self._none_yet()
        return connection

    def _none_yet(self) -> TmcsError:
        from tmcs.store.errors import no_store, not_ours

        return not_ours(self.name) if os.path.exists(self.name) and os.path.getsize(self.name) else no_store(self.name)

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
            raise self._error(error) from None

    def _error(self, error: sqlite3.Error) -> TmcsError:
        from tmcs.store.errors import storage_error

        return storage_error(error, self.name)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        try:
            return self.connection.execute(sql, values)
        except sqlite3.Error as error:
            return self._again(error, sql, values)

    def _again(self, error: sqlite3.Error, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        """Run a statement again that met a lock: a store that is just being recovered or closed, never for long."""
        import time

        until = time.monotonic() + BUSY_SECONDS
        while is_busy(error) and time.monotonic() < until:
            time.sleep(0.005)
            try:
                return self.connection.execute(sql, values)
            except sqlite3.Error as newer:
                error = newer
        raise self._error(error) from None

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        try:
            rows = self.connection.execute(sql, values)
        except sqlite3.Error as error:
            rows = self._again(error, sql, values)
        with self._errors():
            yield from rows

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        # Many rows by one statement: the database then works on them in one go, and threads that read the next ones run meanwhile.
        into, marks = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ", f"({', '.join('?' * len(columns))})"
        many = max(1, min(_FILLED, self.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(columns)))
        all_marks = into + ", ".join([marks] * many)
        left = iter(rows)
        with self._errors():
            while len(some := list(islice(left, many))) == many:
                self.connection.execute(all_marks, list(chain.from_iterable(some)))
            self.connection.executemany(into + marks, some)

    def alone(self, work: str) -> None:
        """Do nothing: a writer is alone anyway."""

    def exclusive(self, work: str) -> AbstractContextManager[None]:
        from tmcs.store.locks import held

        return held(f"{self.name}-locks", work)

    def begin(self) -> None:
        if self._turn is None:
            from tmcs.store.turn import Turn

            self._turn = Turn(self.name)
        if not self._turn.take(self._begun, BUSY_SECONDS):
            from tmcs.store.errors import busy

            raise busy(self.name)

    def _begun(self) -> bool:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if is_busy(error):
                return False
            raise self._error(error) from None
        return True

    def commit(self) -> None:
        self.execute("COMMIT")
        if self._turn is not None:
            self._turn.done()

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.rollback()
        if self._turn is not None:
            self._turn.done()

    def examine(self) -> list[Text]:
        with self._errors():
            found = [row[0] for row in self.connection.execute("PRAGMA quick_check(10)")]
        return [] if found == ["ok"] else [Text(f"数据文件损坏: {one}", f"the store is damaged: {one}") for one in found]

    def close(self) -> None:
        if self._turn is not None:
            self._turn.close()  # first: nobody should wait while the log is carried over
        self.connection.close()


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether a statement failed over the lock of another connection."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


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


def check_version(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of a store, 0 for a new file.

    Raises:
        StorageError: it is newer than this program, or another program's database.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version and connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        from tmcs.store.errors import foreign

        raise foreign(path)
    if version > VERSION:
        from tmcs.store.errors import newer

        raise newer(version, path)
    return version


def uri(path: str, query: str) -> str:
    """Return the SQLite URI of a file."""
    plain = os.path.abspath(path)
    for mark, code in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        plain = plain.replace(mark, code)
    return f"file:{plain}?{query}"
