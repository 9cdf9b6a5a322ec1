"""The tables a job reads (review export, complaint records, survey answers …): CSV or XLSX, checked row by row.

A file is never held whole: rows that were seen are remembered as digests in a temporary database on disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from difflib import SequenceMatcher
from hashlib import blake2b
from typing import Any, Final

from tmcs.core.errors import Finding, InputError
from tmcs.core.text import Text, nearest
from tmcs.jobs.cells import reader
from tmcs.jobs.kinds import TableKind
from tmcs.orders.fragment import Report
from tmcs.orders.readers.columns import Cells
from tmcs.orders.source import Source, open_source
from tmcs.orders.tables import Table
from tmcs.orders.words import fold

#: How alike an unknown header and a missing one must be (0 to 1) to be told as a likely misspelling.
_ALIKE: Final = 0.7
#: KiB of memory for the rows seen; what is beyond lies on disk.
_CACHE_KIB: Final = 2048


class Row:
    """One row that could be read.

    Attributes:
        file, line: where it stands.
        values: by column key; None where the cell is empty or the table has no such column.
    """

    __slots__ = ("file", "line", "values")

    def __init__(self, file: str, line: int, values: dict[str, Any]) -> None:
        self.file = file
        self.line = line
        self.values = values

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __repr__(self) -> str:  # the values may be a person's
        return f"Row({self.file!r}, {self.line})"


class _KindCells(Cells):
    """The cells of a kind's table, named in messages by the usual headers."""

    __slots__ = ("_kind",)

    def __init__(self, kind: TableKind, source: Source, report: Report) -> None:
        super().__init__(kind.fields, source, report)
        self._kind = kind

    def name(self, field: str) -> str:
        return self._kind.columns[field].header


def read_file(name: str, kind: TableKind, sink: Callable[[Finding], None] | None = None) -> Iterator[Row]:
    """Yield the rows of a file, ``-`` for standard input; findings go to ``sink``.

    Raises:
        NotFoundError, StorageError: see :func:`tmcs.orders.source.open_source`.
        InputError: the file as a whole is no table of this kind.
    """
    with open_source(name) as source:
        yield from read_rows(kind, source, Report(source.name, sink))


def read_rows(kind: TableKind, source: Source, report: Report) -> Iterator[Row]:
    """Yield the rows of a table that can be read, each once; report the others with their place.

    A row that repeats an earlier one is passed over, told of once at the end; one that has the same
    :attr:`TableKind.unique` columns and says something else is a fault.

    Raises:
        InputError: the file is no table, lacks a column that must be there, has one twice, or has no rows.
    """
    if source.form == "json":
        raise InputError(
            f"{source.name}: 是 JSON，应为表格", f"{source.name}: JSON, a table was expected",
            hint=Text("请给 CSV 或 .xlsx", "give a CSV or an .xlsx file"),
        )  # fmt: skip
    table = source.table(report)
    cells = _KindCells(kind, source, report)
    _check_headers(kind, cells, table, source, report)
    readers = {key: reader(column) for key, column in kind.columns.items() if cells.has(key)}
    absent = dict.fromkeys(kind.columns)
    with closing(_Seen(kind, readers)) as seen:
        for line, raw in table:
            cells.start(line, raw)
            values = {**absent, **{key: cells.get(key, read) for key, read in readers.items()}}
            if not cells.faulty and seen.is_new(line, values, report):
                yield Row(source.name, line, values)
        seen.tell(report)
    if not report.rows:
        raise InputError(f"{source.name}: 只有表头，没有数据", f"{source.name}: only a header, no rows")


def kind_of(source: Source, report: Report, among: Iterable[TableKind]) -> TableKind:
    """Return the kind a table is of: all its required columns are there, and the most columns in all.

    Raises:
        InputError: it is of none of them; what the likeliest lacks is named.
    """
    kinds = list(among)
    present = set(source.table(report).folded) if source.form != "json" else set()

    def fits(kind: TableKind) -> tuple[bool, int]:
        found = {key for key, names in kind.fields.items() if present.intersection(names)}
        return all(column.key in found for column in kind.required()), len(found)

    if kinds:
        best = max(kinds, key=fits)
        if fits(best)[0]:
            return best
    names_zh = "、".join(kind.title.zh for kind in kinds)
    names_en = ", ".join(kind.title.en for kind in kinds)
    raise InputError(
        f"{source.name}: 表头不属于任何一种表格: {names_zh}", f"{source.name}: the headers are of none of: {names_en}",
        hint=_headers_hint(kinds),
    )  # fmt: skip


def review_id(row: Row | Mapping[str, Any]) -> str:
    """Return what names a review for good: its order line, or the order and what tells its goods apart."""
    order, item = row["order"], row["item"]
    if item and item != order:
        return f"{order}/{item}"
    goods = row["sku"] or row["title"]
    if item or not goods:
        return str(order)
    return f"{order}/{blake2b(str(goods).encode(), digest_size=6).hexdigest()}"


def _headers_hint(kinds: list[TableKind]) -> Text:
    said = "; ".join(f"{kind.name}: {', '.join(c.header for c in kind.required())}" for kind in kinds)
    return Text(f"至少要有 {said}", f"at least {said}")


def _check_headers(kind: TableKind, cells: Cells, table: Table, source: Source, report: Report) -> None:
    """Report headers that are probably misspelt.

    Raises:
        InputError: a column that must be there is not.
    """
    known = {name for names in kind.fields.values() for name in names} | kind.ignored
    free = [header.strip() for header in table.header if fold(header) and fold(header) not in known]
    missing: list[Finding] = []
    for key, column in kind.columns.items():
        if cells.has(key):
            continue
        near = _alike(column.headers, free)
        if column.required:
            zh, en = f"没有“{column.header}”列", f"there is no column {column.header}"
            expected = " | ".join(column.headers)
            missing.append(Finding(source.name, table.first, 0, Text(zh, en), expected, nearest(column.header, free)))
        elif near:
            place = [header.strip() for header in table.header].index(near[0]) + 1
            zh, en = f"没有“{column.header}”列，“{near[0]}”未读", f"no column {column.header}; {near[0]} is not read"
            report.add(table.first, place, zh, en, column.header, near, lost=False)
    if missing:
        names = ", ".join(finding.expected.split(" | ")[0] for finding in missing)
        raise InputError(
            f"{source.name}: 不是{kind.title.zh}，缺少列: {names}",
            f"{source.name}: no {kind.title.en}: columns are missing: {names}",
            findings=missing,
        )


def _alike(wanted: Iterable[str], free: list[str]) -> list[str]:
    """Return the free headers that look like a misspelling of a wanted one."""
    return [
        header for header in free
        if any(SequenceMatcher(None, fold(header)[:64], fold(name)).ratio() >= _ALIKE for name in wanted)
    ]  # fmt: skip


class _Seen:
    """The rows of one file that were seen, as digests on disk."""

    def __init__(self, kind: TableKind, present: Iterable[str]) -> None:
        here = list(present)
        self._keys = [key for key in kind.unique if key in here] or here
        self._all = here
        self._db = sqlite3.connect("", isolation_level=None)  # "": a private file that goes when it is closed
        self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE seen (key BLOB PRIMARY KEY, body BLOB, line INTEGER) WITHOUT ROWID")
        self._db.execute("BEGIN")
        self._repeats = 0
        self._first = (0, 0)

    def is_new(self, line: int, values: Mapping[str, Any], report: Report) -> bool:
        """Return whether a row is the first of its kind, and remember it."""
        key, body = _digest(values, self._keys), _digest(values, self._all)
        insert = "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING"
        if self._db.execute(insert, (key, body, line)).rowcount == 1:
            return True
        old, first = self._db.execute("SELECT body, line FROM seen WHERE key = ?", (key,)).fetchone()
        if old == body:
            if not self._repeats:
                self._first = (line, first)
            self._repeats += 1
            return False
        report.add(line, 0, f"与第 {first} 行矛盾，保留第 {first} 行", f"contradicts line {first}, which is kept")
        return False

    def tell(self, report: Report) -> None:
        """Report, once, the rows that repeated earlier ones."""
        if self._repeats:
            line, first = self._first
            report.add(
                line, 0, f"与第 {first} 行相同；这样重复的行共 {self._repeats} 行，各只收一次",
                f"the same as line {first}; {self._repeats} such rows in all, each taken once", lost=False,
            )  # fmt: skip

    def close(self) -> None:
        """Forget them."""
        self._db.close()


def _digest(values: Mapping[str, Any], keys: list[str]) -> bytes:
    parts = [values[key] for key in keys]
    return blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
