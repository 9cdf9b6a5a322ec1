"""What a reader yields for one order, and the report that collects what is wrong with a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from tmcs.core.errors import Finding
from tmcs.core.text import Text

#: How well a source knows the order lines; a better source replaces the lines of a poorer one.
LINES_NONE: Final = 0
LINES_DERIVED: Final = 1  # from the order report, where an order has one line only
LINES_OWN: Final = 2  # from the item report, TOP or a record


class Fragment:
    """What one place of a file says of one order.

    Attributes:
        record: keys of ``tmcs/order/1`` that the source carries, ``tid`` always among them; absent is unknown.
        whole: the source describes the order itself; False for what is joined to an order (items, parcels, feedback).
        weak: keys that only fill what the book does not know yet.
        lines: how well ``record["orders"]`` is known (``LINES_…``).
        patches: values for order lines that are known already, by ``oid``.
        titles: texts to find the order by besides its lines' titles.
        parcels: numbers to find the order by besides its own parcel and LBX number.
        notes: rows kept as they are for later jobs, as (kind, time, key, columns).
        forced: keys of ``record`` that hold whatever was known before, null too.
        line, column: the place in the file, counted from 1; 0 where there is none.
    """

    __slots__ = (
        "column", "forced", "line", "lines", "notes", "parcels", "patches", "record", "titles", "weak", "whole",
    )  # fmt: skip

    def __init__(
        self,
        record: dict[str, Any],
        *,
        whole: bool = False,
        weak: dict[str, Any] | None = None,
        lines: int = LINES_NONE,
        patches: dict[str, dict[str, Any]] | None = None,
        titles: Iterable[str] = (),
        parcels: Iterable[str] = (),
        notes: Iterable[tuple[str, str, str, dict[str, str]]] = (),
        line: int = 0,
        column: int = 0,
    ) -> None:
        self.record = record
        self.whole = whole
        self.weak = weak or {}
        self.lines = lines
        self.patches = patches or {}
        self.titles = titles
        self.parcels = parcels
        self.notes = notes
        self.forced: tuple[str, ...] = ()
        self.line = line
        self.column = column

    @property
    def tid(self) -> str:
        """The order number."""
        tid: str = self.record["tid"]
        return tid


#: What the book holds of an order of which nothing was known before: order number, status, created, nick, phone number
#: backwards, 1 for the order itself and 0 for what is joined to one, how well its lines are known (``LINES_…``), patches for
#: lines not known yet and the record, both as compact JSON, titles and parcels it is found by.
NewOrder = tuple[
    str, str | None, str | None, str | None, str | None, int, int, str | None, str, tuple[str, ...], tuple[str, ...]
]


class Batch:
    """Whole orders that follow one another in a file, each ready to be put into the book where it is new there.

    Attributes:
        line: the line of the first; each of the others stands on the next one.
        column: the column of their order numbers, counted from 1.
        orders: one for each order.
    """

    __slots__ = ("column", "line", "orders")

    def __init__(self, line: int, column: int, orders: list[NewOrder]) -> None:
        self.line = line
        self.column = column
        self.orders = orders

    def fragment(self, place: int) -> Fragment:
        """Return the order at a place of ``orders`` as a fragment, to be merged with what is known of it."""
        *_, lines, _, record, titles, _ = self.orders[place]
        line = self.line + place
        return Fragment(json.loads(record), whole=True, lines=lines, titles=titles, line=line, column=self.column)


class Report:
    """Counts the rows of one file and passes each finding on; keeps none, so a million bad rows cost no memory.

    Attributes:
        file: the file as the user named it.
        found: findings so far.
        rows: rows (or trades, or records) read so far.
        rejected: rows that were not taken.
        sink: gets each finding.
    """

    __slots__ = ("file", "found", "rejected", "rows", "sink")

    def __init__(self, file: str, sink: Callable[[Finding], None] | None = None) -> None:
        self.file = file
        self.found = 0
        self.rows = 0
        self.rejected = 0
        self.sink = sink

    def add(
        self,
        line: int,
        column: int,
        zh: str,
        en: str,
        expected: str = "",
        near: Iterable[str] = (),
        *,
        lost: bool = True,
    ) -> None:
        """Report one fault; ``lost`` counts a row that was not taken for it."""
        self.found += 1
        if lost:
            self.rejected += 1
        if self.sink is not None:
            self.sink(Finding(self.file, line, column, Text(zh, en), expected, list(near)))
