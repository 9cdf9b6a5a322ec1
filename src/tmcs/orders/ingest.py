"""Import: what readers yield goes into the book, one transaction a file, in constant memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from tmcs.core.errors import Finding, InputError
from tmcs.core.text import Text
from tmcs.orders.ahead import Part, ahead, possible
from tmcs.orders.book import Book
from tmcs.orders.fragment import Batch, Fragment, NewOrder, Report
from tmcs.orders.merge import contradictions, merge, patch_lines
from tmcs.orders.readers import OrderReader, choose
from tmcs.orders.rows import columns_of, encode, new_order, parcels_of, titles_of
from tmcs.orders.source import Source, open_source
from tmcs.orders.values import moment
from tmcs.store.base import Store
from tmcs.store.migrations import in_words
from tmcs.store.tables_jobs import CODES
from tmcs.store.tables_orders import INDEXES

#: A file this large (bytes), beside a book that is not much larger, is loaded without its indexes first.
BULK_FROM: Final = 4 << 20
#: A report this large (bytes) is read ahead.
AHEAD_FROM: Final = 2 << 20
_TITLES_KEPT: Final = 20_000
_STEP: Final = 512
#: So many new orders are put in at once.
_BATCH: Final = 256
#: So many order numbers are looked up at once.
_ASKED: Final = 500
_COLUMNS: Final = ("id", "tid", "status", "created", "nick", "phone", "whole", "lines", "run", "lines_run", "patches", "record")

#: Called while a file is read with (bytes read, bytes in all).
Progress = Callable[[int, int], None]


class Tally:
    """What the import of one file did.

    Attributes:
        file: the file as the user named it; kind: its kind (``--kind``); title: the kind for a person.
        rows: rows read; rejected: rows not taken; found: findings.
        new, updated, unchanged: orders by what happened to them; an order that a file names twice counts twice.
        pending: orders that the file spoke of and whose own order is not in the book yet.
    """

    __slots__ = ("file", "found", "kind", "new", "pending", "rejected", "rows", "title", "unchanged", "updated")

    def __init__(self, file: str, kind: str, title: Text) -> None:
        self.file = file
        self.kind = kind
        self.title = title
        self.rows = self.rejected = self.found = 0
        self.new = self.updated = self.unchanged = self.pending = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the tally as ``order import --format json`` prints it."""
        names = ("file", "kind", "rows", "new", "updated", "unchanged", "pending", "rejected", "found")
        return {name: getattr(self, name) for name in names}


def import_files(
    book: Book,
    files: Sequence[str],
    among: list[OrderReader],
    *,
    kind: str | None = None,
    strict: bool = False,
    sink: Callable[[Finding], None] | None = None,
    progress: Progress | None = None,
    done: Callable[[Tally], None] | None = None,
) -> list[Tally]:
    """Import files in turn and return what each did.

    Args:
        book: opened for writing.
        files: names, ``-`` for standard input.
        among: the readers to choose from.
        kind: the reader to use, or None to choose by the file.
        strict: keep nothing of any file if one row of any is faulty.
        sink: gets every finding at once; none is kept.
        progress: called now and then while a file is read.
        done: gets each file's tally as soon as the file is kept (with ``strict``: read).

    Raises:
        InputError: a file as a whole cannot be read (files before it are kept), or ``strict`` and there are findings.
        NotFoundError, StorageError, TryAgainError: see :class:`Book` and :func:`open_source`.
    """
    if not strict:
        return [_kept(book, name, among, kind, sink, progress, done) for name in files]
    with book.transaction():
        tallies = [_read(book, name, among, kind, sink, progress) for name in files]
        found = sum(tally.found for tally in tallies)
        if found:
            raise InputError(
                f"有 {found} 处问题，--strict: 什么都没有导入", f"{found} findings; --strict: nothing was imported",
                hint=Text("改正文件后重试，或去掉 --strict", "correct the files and try again, or leave out --strict"),
            )  # fmt: skip
    for tally in tallies:
        if done is not None:
            done(tally)
    return tallies


def _kept(
    book: Book,
    name: str,
    among: list[OrderReader],
    kind: str | None,
    sink: Callable[[Finding], None] | None,
    progress: Progress | None,
    done: Callable[[Tally], None] | None,
) -> Tally:
    with book.transaction():
        tally = _read(book, name, among, kind, sink, progress)
    if done is not None:
        done(tally)
    return tally


def _read(
    book: Book,
    name: str,
    among: list[OrderReader],
    kind: str | None,
    sink: Callable[[Finding], None] | None,
    progress: Progress | None,
) -> Tally:
    with open_source(name) as source:
        report = Report(source.name, sink)
        reader = choose(source, report, among, kind)
        tally = Tally(source.name, reader.name, reader.title)
        _Importer(book, source, reader, report, tally).run(progress)
    return tally


class _Importer:
    """Puts one file into the book, within the caller's transaction."""

    def __init__(self, book: Book, source: Source, reader: OrderReader, report: Report, tally: Tally) -> None:
        self._db = book.store
        self._source = source
        self._reader = reader
        self._report = report
        self._own = Report(report.file, report.sink)  # what the import itself finds, while the file may be read ahead
        self._sink = report.sink
        self._tally = tally
        self._titles: dict[str, int] = {}
        self._run = 0
        self._new: dict[str, NewOrder] = {}  # orders that wait to be put in
        self._last_id = 0
        self._ends = ("", "")  # the least and the greatest order number of the book: what lies beyond is new

    def run(self, progress: Progress | None) -> None:
        """Read the file to its end."""
        source, db, tally, report = self._source, self._db, self._tally, self._report
        base = os.path.basename(source.name)
        db.alone("order import")  # two that name the same titles and orders in another order would hold each other up
        sql = "INSERT INTO import_run (file, kind) VALUES (?, ?) RETURNING id"
        self._run = db.execute(sql, (base, tally.kind)).fetchone()[0]
        least, greatest = db.execute("SELECT (SELECT min(tid) FROM orders), (SELECT max(tid) FROM orders)").fetchone()
        self._ends = least or "", greatest or ""
        bulk = self._is_bulk()
        if bulk:
            _strip(db)
        with self._parts() as parts:
            for number, part in enumerate(parts):
                self._heard(part)
                if progress is not None and (number % _STEP == 0 or isinstance(part, Batch)):
                    progress(source.position, source.size)
            self._insert()
        if bulk:
            _dress(db)
        if progress is not None:
            progress(source.size, source.size)
        own = self._own
        tally.rows, tally.rejected, tally.found = report.rows, report.rejected + own.rejected, report.found + own.found
        db.execute("UPDATE import_run SET row_count = ?, found = ? WHERE id = ?", (tally.rows, tally.found, self._run))
        if not report.rows:
            raise InputError(f"{source.name}: 只有表头，没有数据", f"{source.name}: only a header, no rows")

    def _parts(self) -> AbstractContextManager[Iterator[Part]]:
        """Give what the file says; a large order report is read ahead, and what is wrong with it is then given too."""
        source, reader, report = self._source, self._reader, self._report
        ready: Callable[[Source, Report], Iterator[Fragment | Batch]] = reader.read
        if "ready" in vars(type(reader)):  # one that is only inherited knows nothing of what the class reads otherwise
            ready = reader.ready  # type: ignore[attr-defined]
        if ready != reader.read and source.form == "csv" and source.size >= AHEAD_FROM and possible():
            return ahead(lambda: ready(source, report), report)
        return nullcontext(ready(source, report))

    def _is_bulk(self) -> bool:
        if self._source.size < BULK_FROM or self._db.dialect != "sqlite":
            return False  # on a server others read by the indexes meanwhile
        pages: int = self._db.execute("PRAGMA page_count").fetchone()[0]
        size: int = self._db.execute("PRAGMA page_size").fetchone()[0]
        return pages * size < 4 * self._source.size

    def _heard(self, part: Part) -> None:
        if isinstance(part, Batch):
            self._put_batch(part)
        elif isinstance(part, Fragment):
            self._put(part)
        elif self._sink is not None:
            self._sink(part)

    def _put(self, fragment: Fragment) -> None:
        for kind, time, key, data in fragment.notes:
            self._db.execute(
                "INSERT INTO note (tid, kind, key, time, data) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (tid, kind, key) DO UPDATE SET time = excluded.time, data = excluded.data"
                " WHERE excluded.time >= note.time",
                (fragment.tid, kind, key, time, encode(data)),
            )
            if kind == "delivery":
                self._several_parcels(fragment)
        tid = fragment.tid
        if tid in self._new:
            self._insert()
        elif self._is_new(tid):
            self._new[tid] = new_order(fragment)
            if len(self._new) >= _BATCH:
                self._insert()
            return
        self._update(fragment)

    def _put_batch(self, batch: Batch) -> None:
        orders = {order[0]: order for order in batch.orders}
        known = self._known(list(orders))
        if len(orders) == len(batch.orders) and not known and self._new.keys().isdisjoint(orders):
            self._new.update(orders)
            if len(self._new) >= _BATCH:
                self._insert()
            return
        for place, order in enumerate(batch.orders):
            if order[0] in self._new:
                self._insert()
                known.add(order[0])
            if order[0] in known:
                self._update(batch.fragment(place))
            else:
                self._new[order[0]] = order
        if len(self._new) >= _BATCH:
            self._insert()

    def _known(self, tids: list[str]) -> set[str]:
        """Return those of some order numbers that the book has, the orders that wait to be put in aside."""
        least, greatest = min(tids), max(tids)
        beyond = least > self._ends[1] or greatest < self._ends[0]
        self._ends = min(self._ends[0] or least, least), max(self._ends[1], greatest)
        if beyond:
            return set()
        found: set[str] = set()
        for start in range(0, len(tids), _ASKED):
            some = tids[start : start + _ASKED]
            sql = f"SELECT tid FROM orders WHERE tid IN ({', '.join('?' * len(some))})"
            found.update(row[0] for row in self._db.execute(sql, some).fetchall())
        return found

    def _is_new(self, tid: str) -> bool:
        return not self._known([tid])

    def _insert(self) -> None:
        """Put in the new orders that wait."""
        rows: list[tuple[Any, ...]] = []
        titles: list[tuple[int, int]] = []
        parcels: list[tuple[int, str]] = []
        run, known, whole_ones = self._run, self._titles, 0
        for order_id, order in zip(self._ids(len(self._new)), self._new.values(), strict=True):
            tid, status, created, nick, phone, whole, lines, left, record, own_titles, numbers = order
            rows.append((order_id, tid, status, created, nick, phone, whole, lines, run, run if lines else 0, left, record))
            whole_ones += whole
            for title in own_titles:
                titles.append((order_id, known.get(title) or self._title(title)))
            for number in numbers:
                parcels.append((order_id, number))
        self._tally.new += whole_ones
        self._tally.pending += len(rows) - whole_ones
        self._new.clear()
        if rows:
            self._db.fill("orders", _COLUMNS, rows)
            self._db.fill("order_title", ("order_id", "title_id"), titles)
            self._db.fill("order_parcel", ("order_id", "number"), parcels)

    def _ids(self, count: int) -> Iterable[int]:
        """Return the next ids of orders."""
        if self._db.dialect == "sqlite":
            if not self._last_id:
                self._last_id = self._db.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0]
            self._last_id += count
            return range(self._last_id - count + 1, self._last_id + 1)
        sql = "SELECT nextval(pg_get_serial_sequence('orders', 'id')) FROM generate_series(1, CAST(? AS integer))"
        return [row[0] for row in self._db.execute(sql, (count,)).fetchall()]

    def _several_parcels(self, fragment: Fragment) -> None:
        """An order in several parcels is signed for when the last of them is; its first parcel stays its parcel."""
        sql = "SELECT data FROM note WHERE tid = ? AND kind = 'delivery'"
        rows = [json.loads(data) for (data,) in self._db.execute(sql, (fragment.tid,)).fetchall()]
        if len(rows) > 1 and "sign_time" in fragment.record:
            signed = [moment(row.get("signed", "")) for row in rows]
            fragment.record["sign_time"] = max(time or "" for time in signed) if all(signed) else None
            fragment.forced = ("sign_time",)
            logistics = fragment.record.pop("logistics", None)
            if logistics is not None:
                fragment.weak["logistics"] = logistics

    def _update(self, fragment: Fragment) -> None:
        row = self._db.execute(
            "SELECT id, whole, lines, run, lines_run, patches, record FROM orders WHERE tid = ?", (fragment.tid,)
        ).fetchone()
        order_id, whole, lines, run, lines_run, patches, text = row
        old = json.loads(text)
        if fragment.whole and whole and run == self._run:
            wrong = contradictions(old, fragment.record)
            if wrong:
                keys = ", ".join(wrong)
                self._own.add(
                    fragment.line, fragment.column, f"同一订单在本文件中前后矛盾 ({keys})，保留前一行",
                    f"contradicts an earlier row of this file for the same order ({keys}); the earlier row is kept",
                )  # fmt: skip
                return
        record, rank = merge(old, fragment, lines, again=lines_run == self._run)
        record.update((key, fragment.record[key]) for key in fragment.forced)
        waiting = {**(json.loads(patches) if patches else {}), **fragment.patches}
        left = patch_lines(record, waiting) if waiting else {}
        new_whole = max(whole, int(fragment.whole))
        new_text = encode(record)
        same = new_text == text and new_whole == whole and rank == lines
        if not new_whole:
            self._tally.pending += 1
        elif same:
            self._tally.unchanged += 1
        elif not whole:
            self._tally.new += 1
        else:
            self._tally.updated += 1
        new_lines_run = self._run if fragment.lines else lines_run
        if same:
            self._db.execute(
                "UPDATE orders SET run = ?, lines_run = ?, patches = ? WHERE id = ?",
                (self._run, new_lines_run, encode(left) if left else None, order_id),
            )
        else:
            self._db.execute(
                "UPDATE orders SET status = ?, created = ?, nick = ?, phone = ?, whole = ?, lines = ?, run = ?,"
                " lines_run = ?, patches = ?, record = ? WHERE id = ?",
                (
                    *columns_of(record), new_whole, rank, self._run, new_lines_run, encode(left) if left else None,
                    new_text, order_id,
                ),
            )  # fmt: skip
        self._index(order_id, record, fragment)

    def _index(self, order_id: int, record: dict[str, Any], fragment: Fragment) -> None:
        """Make the order findable by its titles and parcels, those it had before too."""
        run = self._db.execute
        for title in titles_of(record, fragment):
            run("INSERT INTO order_title VALUES (?, ?) ON CONFLICT DO NOTHING", (order_id, self._title(title)))
        for number in parcels_of(record, fragment):
            run("INSERT INTO order_parcel VALUES (?, ?) ON CONFLICT DO NOTHING", (order_id, number))

    def _title(self, title: str) -> int:
        known = self._titles.get(title)
        if known is not None:
            return known
        run = self._db.execute
        run("INSERT INTO title (text) VALUES (?) ON CONFLICT DO NOTHING", (title,))
        number: int = run("SELECT id FROM title WHERE text = ?", (title,)).fetchone()[0]
        if len(self._titles) >= _TITLES_KEPT:
            self._titles.clear()
        self._titles[title] = number
        return number


def _strip(db: Store) -> None:
    """Take from an SQLite store what it would keep up to date with every order; readers see it until the transaction ends."""
    db.execute("PRAGMA cache_size=-8000")
    for name in INDEXES:
        db.execute(f"DROP INDEX IF EXISTS {name}")
    for column in CODES:
        db.execute(f"ALTER TABLE orders DROP COLUMN {column}")


def _dress(db: Store) -> None:
    """Give the store back what :func:`_strip` took."""
    for statement in (*CODES.values(), *INDEXES.values()):
        db.execute(in_words(statement, db.dialect))
