"""A report to send on: sheets of plain values, and charts over their columns. How it looks is decided by tmcs.render."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from tmcs.core.text import Text

Kind = Literal["text", "number", "money", "day", "time", "rate"]
ChartKind = Literal["bar", "line", "pie"]

KINDS: Final[tuple[Kind, ...]] = ("text", "number", "money", "day", "time", "rate")
CHARTS: Final[tuple[ChartKind, ...]] = ("bar", "line", "pie")
#: The kinds that a chart can draw.
_MEASURED: Final = ("number", "money", "rate")

#: What a cell holds, by the kind of its column: text: str; number: int or Decimal; money: int of fen; rate: int of
#: millionths; day: date; time: datetime. None is an empty cell, and a str stands as it is in a column of any kind.
Value = str | int | Decimal | date | datetime | Text | None
Row = Mapping[str, Value]


class Column:
    """One column of a sheet.

    Attributes:
        key: its key in every row.
        title: what stands above it.
        kind: what its values are, see :data:`Value`.
    """

    __slots__ = ("key", "kind", "title")

    def __init__(self, key: str, title: Text, kind: Kind = "text") -> None:
        if kind not in KINDS:
            raise ValueError(kind)
        self.key = key
        self.title = title
        self.kind = kind


class Chart:
    """A chart over the rows of its sheet.

    Attributes:
        kind: ``bar``, ``line`` or ``pie`` (a pie draws the first of its values).
        title: what stands above it.
        categories: the key of the column that names each bar, point or slice.
        values: the keys of the columns that are drawn.
    """

    __slots__ = ("categories", "kind", "title", "values")

    def __init__(self, kind: ChartKind, title: Text, categories: str, values: Sequence[str]) -> None:
        if kind not in CHARTS:
            raise ValueError(kind)
        if not values:
            raise ValueError("a chart draws at least one column")
        self.kind = kind
        self.title = title
        self.categories = categories
        self.values = tuple(values)


class Sheet:
    """One table of a report.

    Attributes:
        name: what it is called.
        columns: its columns, left to right.
        rows: its rows; gone through once for each rendering, never held in memory as a whole.
        charts: the charts that stand beside it.
    """

    __slots__ = ("charts", "columns", "name", "rows")

    def __init__(
        self, name: Text, columns: Sequence[Column], rows: Iterable[Row], charts: Sequence[Chart] = ()
    ) -> None:
        self.name = name
        self.columns = list(columns)
        self.rows = rows
        self.charts = list(charts)
        kinds = {column.key: column.kind for column in self.columns}
        if len(kinds) != len(self.columns):
            raise ValueError("two columns have the same key")
        for chart in self.charts:
            if chart.categories not in kinds or any(kinds.get(key) not in _MEASURED for key in chart.values):
                raise ValueError(f"{chart.title.en}: a chart needs a column of names and columns of numbers")

    def column(self, key: str) -> Column:
        """Return the column with this key."""
        return next(column for column in self.columns if column.key == key)


class Report:
    """A report.

    Attributes:
        title: what it is about.
        clock: the moment it is as of; the only time that its files carry.
        sheets: its tables, the most important one first.
    """

    __slots__ = ("clock", "sheets", "title")

    def __init__(self, title: Text, clock: datetime, sheets: Sequence[Sheet]) -> None:
        if not sheets:
            raise ValueError("a report has at least one sheet")
        if clock.tzinfo is None:
            raise ValueError("the clock of a report has a time zone")
        self.title = title
        self.clock = clock
        self.sheets = list(sheets)
