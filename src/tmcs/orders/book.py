"""The order book: one row an order in the store, the record as JSON beside the columns that are searched.

Opened for a look-up in an SQLite file it imports sqlite3 and json only and reads one row by an index.
"""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final

from tmcs.store import open_store
from tmcs.store.base import Store

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


class Book:
    """The order book in a store. Use as a context manager, or call :meth:`close`.

    Args:
        where: an open store, which stays its owner's to close; or a file or URL to open; None: the configured one.
        write: as for :func:`tmcs.store.open_store`, where it is opened here.

    Raises:
        InputError, NotFoundError, StorageError, TryAgainError: as :func:`tmcs.store.open_store`.
    """

    def __init__(self, where: Store | str | os.PathLike[str] | None = None, *, write: bool = False) -> None:
        self._own = not isinstance(where, Store)
        self.store = where if isinstance(where, Store) else open_store(where, write=write)

    @property
    def name(self) -> str:
        """Where the book lies, for messages."""
        return self.store.name

    def transaction(self) -> AbstractContextManager[None]:
        """Do everything within, or nothing: see :meth:`tmcs.store.base.Store.transaction`."""
        return self.store.transaction()

    def close(self) -> None:
        """Close the store, where it was opened here."""
        if self._own:
            self.store.close()

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
        if not _sayable(tid):
            return None
        row = self.store.execute("SELECT record, whole FROM orders WHERE tid = ?", (tid,)).fetchone()
        return None if row is None else Entry(json.loads(row[0]), not row[1])

    def _entries(self, where: list[str], values: list[Any]) -> list[Entry]:
        only = f"WHERE {' AND '.join(where)} " if where else ""
        sql = f"SELECT record, whole FROM orders {only}ORDER BY created DESC NULLS LAST, id DESC LIMIT ?"
        return [Entry(json.loads(record), not whole) for record, whole in self.store.execute(sql, values).fetchall()]

    def newest(self, status: str | None = None, limit: int = 20, *, pending: bool = False) -> list[Entry]:
        """Return the newest orders first.

        Args:
            status: a TOP status (or a text the backend used), or None for all.
            limit: how many at most.
            pending: only those whose own order was not imported yet.
        """
        where: list[str] = []
        values: list[Any] = []
        if status is not None:
            if not _sayable(status):
                return []
            where.append("status = ?")
            values.append(status)
        if pending:
            where.append("whole = 0")
        return self._entries(where, [*values, limit])

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
        if not all(word is None or _sayable(word) for word in (text, phone_end, nick, parcel, title)):
            return []
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
        where: list[str] = []
        values: list[Any] = []
        for group in groups:
            where.append(f"id IN ({' UNION '.join(sql for sql, _ in group)})")
            values += [value for _, these in group for value in these]
        return self._entries(where, [*values, limit])

    def near(self, tid: str, limit: int = 5) -> list[str]:
        """Return order numbers that end with ``tid``, else the next ones in order that look most like it."""
        from tmcs.core.text import nearest

        if not _sayable(tid):
            return []
        if len(tid) >= 4:
            sql = "SELECT tid FROM orders WHERE tid LIKE ? ESCAPE '\\' ORDER BY tid LIMIT ?"
            ends = self.store.execute(sql, (f"%{_literal(tid)}", limit)).fetchall()
            if ends:
                return [row[0] for row in ends]
        around: list[str] = []
        for way in (">= ? ORDER BY tid", "< ? ORDER BY tid DESC"):
            around += (row[0] for row in self.store.execute(f"SELECT tid FROM orders WHERE tid {way} LIMIT 50", (tid,)).fetchall())
        return nearest(tid, (other for other in around if abs(len(other) - len(tid)) < 4), limit=min(limit, 3))

    def notes(self, tid: str, kind: str | None = None) -> list[dict[str, str]]:
        """Return the rows of the delivery report (``delivery``) and warehouse feedback (``warehouse``) of an order.

        Each is a dict of cells by field name, oldest first, with ``kind`` and ``at`` (ISO 8601 or ``""``) added.
        """
        if not _sayable(tid):
            return []
        only, values = ("", [tid]) if kind is None else (" AND kind = ?", [tid, kind])
        sql = f"SELECT kind, time, data FROM note WHERE tid = ?{only} ORDER BY time, key"
        rows = self.store.execute(sql, values).fetchall()
        return [{"kind": row[0], "at": row[1], **json.loads(row[2])} for row in rows]

    def count(self) -> int:
        """Return how many orders the book has."""
        number: int = self.store.execute("SELECT count(*) FROM orders").fetchone()[0]
        return number


def _sayable(word: str) -> bool:
    """Return whether a word can be in a database at all: not with a NUL, nor with half a character from a terminal."""
    return "\0" not in word and not any("\ud800" <= sign <= "\udfff" for sign in word)


def _folded(text: str) -> str:
    """Return text with A to Z as a to z and nothing else changed, as the databases' ``lower()`` has it."""
    return text.encode().lower().decode()


def _literal(text: str) -> str:
    """Return text for LIKE in which no character is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _by_phone(end: str) -> tuple[str, list[Any]]:
    back = end[::-1]
    return "SELECT id FROM orders WHERE phone >= ? AND phone < ?", [back, back + _TOP]


def _by_nick(nick: str) -> tuple[str, list[Any]]:
    sql = "SELECT id FROM orders WHERE nick IS NOT NULL AND lower(nick) >= ? AND lower(nick) < ?"
    return sql, [_folded(nick), _folded(nick) + _TOP]


def _by_parcel(number: str) -> tuple[str, list[Any]]:
    return "SELECT order_id FROM order_parcel WHERE number IN (?, ?)", [number, number.upper()]


def _by_title(part: str) -> tuple[str, list[Any]]:
    few = "SELECT id FROM title WHERE lower(text) LIKE ? ESCAPE '\\'"
    return f"SELECT order_id FROM order_title WHERE title_id IN ({few})", [f"%{_literal(_folded(part))}%"]


def _by_anything(text: str) -> list[tuple[str, list[Any]]]:
    ways = [_by_nick(text), _by_parcel(text), _by_title(text)]
    ways.append(("SELECT id FROM orders WHERE tid = ?", [text]))
    if text.isascii() and text.isdigit():
        if len(text) >= 3:
            ways.append(_by_phone(text))
        if len(text) >= 4:
            ways.append(("SELECT id FROM orders WHERE tid LIKE ?", [f"%{text}"]))
    return ways
