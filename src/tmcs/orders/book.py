"""The order book: one SQLite file, one row an order, the record as JSON beside the columns that are searched.

Opened for a look-up it imports sqlite3 and json only and reads one row by an index.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

from tmcs.core.errors import NotFoundError, StorageError
from tmcs.core.text import Text
from tmcs.orders.schema import VERSION, check_version, migrate, storage_error, uri

#: Seconds to wait for another process's lock before saying "try again".
BUSY_SECONDS: Final = 5.0
_TOP: Final = "\U0010ffff"


class Entry:
    """One order as a list shows it.

    Attributes:
        record: what the book knows (schema ``tmcs/order/1``).
        pending: only joined files (items, parcels, feedback) have spoken of it; the order itself was not imported yet.
    """

    __slots__ = ("pending", "record")

    def __init__(self, record: dict[str, Any], pending: bool) -> None:
        self.record = record
        self.pending = pending


def _no_book(path: str) -> NotFoundError:
    return NotFoundError(
        f"还没有订单簿: {path}", f"there is no order book yet: {path}",
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
        raise StorageError(f"订单簿是只读的: {path}", f"the order book is read-only: {path}") from None
    except OSError as error:
        raise StorageError(f"无法写入 {path}: {error.strerror}", f"cannot write {path}: {error.strerror}") from None


class Book:
    """The order book in one file. Use as a context manager, or call :meth:`close`.

    Raises:
        NotFoundError: it is opened for reading and there is none.
        StorageError: it cannot be opened, is newer than this program, or is no order book.
        TryAgainError: another process holds it for longer than BUSY_SECONDS.
    """

    def __init__(self, path: str | os.PathLike[str], *, write: bool = False) -> None:
        self.path = os.fspath(path)
        with self._errors():
            self.connection = self._open_to_write() if write else self._open_to_read()

    def _open_to_write(self) -> sqlite3.Connection:
        _make_private(self.path)
        connection = self._connect("mode=rw")
        try:
            migrate(connection, self.path)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_to_read(self) -> sqlite3.Connection:
        try:
            connection, version = self._connect_checked("mode=ro")
        except sqlite3.OperationalError:
            if not os.path.exists(self.path):
                raise _no_book(self.path) from None
            if os.path.exists(f"{self.path}-wal"):
                raise
            # A folder that may not be written: without a log beside it the file is at rest and complete.
            connection, version = self._connect_checked("immutable=1")
        if 0 < version < VERSION:
            connection.close()
            return self._open_to_write()
        if version == 0:
            connection.close()
            if os.path.getsize(self.path):
                raise StorageError(f"不是 tmcs 的订单簿: {self.path}", f"not an order book of tmcs: {self.path}")
            raise _no_book(self.path)
        return connection

    def _connect_checked(self, query: str) -> tuple[sqlite3.Connection, int]:
        connection = self._connect(query)
        try:
            return connection, check_version(connection, self.path)
        except BaseException:
            connection.close()
            raise

    def _connect(self, query: str) -> sqlite3.Connection:
        return sqlite3.connect(uri(self.path, query), uri=True, isolation_level=None, timeout=BUSY_SECONDS)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise storage_error(error, self.path) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything within, or nothing: for an import.

        Raises:
            StorageError: the disk is full, or the file cannot be written; nothing has changed.
            TryAgainError: another process is writing.
        """
        with self._errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.rollback()
                raise

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, tid: str) -> dict[str, Any] | None:
        """Return the record of an order (schema ``tmcs/order/1``), or None where the book has none."""
        entry = self.entry(tid)
        return None if entry is None else entry.record

    def entry(self, tid: str) -> Entry | None:
        """Return an order with whether it is pending, or None where the book has none."""
        with self._errors():
            row = self.connection.execute("SELECT record, whole FROM orders WHERE tid = ?", (tid,)).fetchone()
        return None if row is None else Entry(json.loads(row[0]), not row[1])

    def _entries(self, sql: str, values: list[Any]) -> list[Entry]:
        with self._errors():
            rows = self.connection.execute(sql, values).fetchall()
        return [Entry(json.loads(record), not whole) for record, whole in rows]

    def newest(self, status: str | None = None, limit: int = 20, *, pending: bool = False) -> list[Entry]:
        """Return the newest orders first.

        Args:
            status: a TOP status (or a text the backend used), or None for all.
            limit: how many at most.
            pending: only those whose own order was not imported yet.
        """
        where, values = ["1"], []
        if status is not None:
            where.append("status = ?")
            values.append(status)
        if pending:
            where.append("whole = 0")
        sql = f"SELECT record, whole FROM orders WHERE {' AND '.join(where)} ORDER BY created DESC, id DESC LIMIT ?"
        return self._entries(sql, [*values, limit])

    def find(
        self,
        text: str | None = None,
        *,
        phone_end: str | None = None,
        nick: str | None = None,
        parcel: str | None = None,
        title: str | None = None,
        limit: int = 50,
    ) -> list[Entry]:
        """Return the orders that meet every criterion given, newest first.

        Args:
            text: any of: order number or its end, end of the phone, nick, parcel or LBX number, part of a title.
            phone_end: the last digits of the phone number.
            nick: the buyer's nick or its beginning, without regard to case.
            parcel: a parcel number or LBX number, whole.
            title: part of a title.
            limit: how many at most.
        """
        if any(word is not None and "\0" in word for word in (text, phone_end, nick, parcel, title)):
            return []  # SQLite would end the word there
        groups: list[list[tuple[str, list[Any]]]] = []
        if phone_end is not None:
            groups.append([_by_phone(phone_end)])
        if nick is not None:
            groups.append([_by_nick(nick)])
        if parcel is not None:
            groups.append([_by_parcel(parcel)])
        if title is not None:
            groups.append([_by_title(title)])
        if text is not None:
            groups.append(_by_anything(text))
        where, values = ["1"], []
        for group in groups:
            where.append(f"id IN ({' UNION '.join(sql for sql, _ in group)})")
            values += [value for _, these in group for value in these]
        sql = f"SELECT record, whole FROM orders WHERE {' AND '.join(where)} ORDER BY created DESC, id DESC LIMIT ?"
        return self._entries(sql, [*values, limit])

    def near(self, tid: str, limit: int = 5) -> list[str]:
        """Return order numbers that end with ``tid``, else the next ones in order that look most like it."""
        from tmcs.core.text import nearest

        with self._errors():
            ask = self.connection.execute
            if len(tid) >= 4:
                sql = "SELECT tid FROM orders WHERE tid LIKE ? ESCAPE '\\' ORDER BY tid LIMIT ?"
                ends = [row[0] for row in ask(sql, (f"%{_literal(tid)}", limit))]
                if ends:
                    return ends
            around = [row[0] for row in ask("SELECT tid FROM orders WHERE tid >= ? ORDER BY tid LIMIT 50", (tid,))]
            around += [row[0] for row in ask("SELECT tid FROM orders WHERE tid < ? ORDER BY tid DESC LIMIT 50", (tid,))]
        return nearest(tid, (other for other in around if abs(len(other) - len(tid)) < 4), limit=min(limit, 3))

    def notes(self, tid: str, kind: str | None = None) -> list[dict[str, str]]:
        """Return the rows of the delivery report (``delivery``) and warehouse feedback (``warehouse``) of an order.

        Each is a dict of cells by field name, oldest first, with ``kind`` and ``at`` (ISO 8601 or ``""``) added.
        """
        sql = "SELECT kind, time, data FROM note WHERE tid = ? AND (? IS NULL OR kind = ?) ORDER BY time, key"
        with self._errors():
            rows = self.connection.execute(sql, (tid, kind, kind)).fetchall()
        return [{"kind": row[0], "at": row[1], **json.loads(row[2])} for row in rows]

    def count(self) -> int:
        """Return how many orders the book has."""
        with self._errors():
            number: int = self.connection.execute("SELECT count(*) FROM orders").fetchone()[0]
        return number


def _literal(text: str) -> str:
    """Return text for LIKE in which no character is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _by_phone(end: str) -> tuple[str, list[Any]]:
    back = end[::-1]
    return "SELECT id FROM orders WHERE phone >= ? AND phone < ?", [back, back + _TOP]


def _by_nick(nick: str) -> tuple[str, list[Any]]:
    sql = "SELECT id FROM orders WHERE nick COLLATE NOCASE >= ? AND nick COLLATE NOCASE < ?"
    return sql, [nick, nick + _TOP]


def _by_parcel(number: str) -> tuple[str, list[Any]]:
    return "SELECT order_id FROM order_parcel WHERE number IN (?, ?)", [number, number.upper()]


def _by_title(part: str) -> tuple[str, list[Any]]:
    sql = (
        "SELECT order_id FROM order_title WHERE title_id IN (SELECT id FROM title WHERE text LIKE ? ESCAPE '\\')"
    )
    return sql, [f"%{_literal(part)}%"]


def _by_anything(text: str) -> list[tuple[str, list[Any]]]:
    ways = [_by_nick(text), _by_parcel(text), _by_title(text)]
    ways.append(("SELECT id FROM orders WHERE tid = ?", [text]))
    if text.isascii() and text.isdigit():
        if len(text) >= 3:
            ways.append(_by_phone(text))
        if len(text) >= 4:
            ways.append(("SELECT id FROM orders WHERE tid LIKE ?", [f"%{text}"]))
    return ways
