"""The charts of a workbook: drawn by Excel from the cells, with their data beside them for viewers that draw at once."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.render.cells import harmless, local, measure, show
from tmcs.render.svg import COLOURS

if TYPE_CHECKING:
    from tmcs.jobs.report import Chart, Row, Sheet

#: Points whose values are laid beside a chart; with more, only Excel draws it (it reads the cells).
MAX_POINTS: Final = 500
_FORMATS: Final = {"money": "0.00", "rate": "0.0%", "number": "General"}
#: How days and times stand below a chart.
_NAMES: Final = {"day": "mm-dd", "time": "mm-dd hh:mm"}
_ROW: Final = 20  # pixels
_SIZE: Final = {"width": 640, "height": 360}


class Drawn:
    """What the charts of a sheet draw.

    Attributes:
        rows: how many rows the table has.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._keys = {key for chart in sheet.charts for key in (chart.categories, *chart.values)}
        self._rows: list[dict[str, Any]] = []
        self.rows = 0

    def note(self, row: Row) -> None:
        """Keep of a row what is drawn."""
        if self._keys:
            self._rows.append({key: row.get(key) for key in self._keys})

    def column(self, key: str) -> list[Any] | None:
        """Return the values of a column; None where there are too many to keep."""
        return [row[key] for row in self._rows] if self.rows == len(self._rows) else None


def add_chart(
    book: Any, worksheet: Any, sheet: Sheet, chart: Chart, drawn: Drawn, lang: str, place: tuple[int, int]
) -> int:
    """Put a chart on a worksheet and return how many rows it covers; a table without rows has none."""
    if not drawn.rows:
        return 0
    made = book.add_chart({"type": chart.kind})
    keys = [column.key for column in sheet.columns]
    names = drawn.column(chart.categories)
    kind = sheet.column(chart.categories).kind
    for n, key in enumerate(chart.values[:1] if chart.kind == "pie" else chart.values):
        column = sheet.column(key)
        values = drawn.column(key)
        series: dict[str, Any] = {
            "name": harmless(column.title.pick(lang)),
            "categories": [worksheet.name, 1, keys.index(chart.categories), drawn.rows, keys.index(chart.categories)],
            "values": [worksheet.name, 1, keys.index(key), drawn.rows, keys.index(key)],
            "categories_data": None if names is None else [_category(one, kind, lang) for one in names],
            "values_data": None if values is None else [measure(one, column.kind) for one in values],
        }
        _style(series, chart, COLOURS[n % len(COLOURS)], drawn.rows, _FORMATS[column.kind])
        made.add_series(series)
    made.set_title({"name": harmless(chart.title.pick(lang)), "name_font": {"size": 14}, "overlay": False})
    _axes(made, chart, _NAMES.get(kind), _FORMATS[sheet.column(chart.values[0]).kind])
    size = _size(chart, drawn.rows)
    made.set_size(size)
    worksheet.insert_chart(*place, made, {"description": harmless(chart.title.pick(lang))})
    return size["height"] // _ROW + 2


def _category(value: Any, kind: Any, lang: str) -> Any:
    """Return a category as Excel keeps it beside the chart: its text, or the serial number of a day."""
    if isinstance(value, datetime):
        return (local(value) - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
    if isinstance(value, date):
        return (value - date(1899, 12, 30)).days
    return show(value, kind, lang)


def _style(series: dict[str, Any], chart: Chart, colour: str, rows: int, form: str) -> None:
    if chart.kind == "pie":
        series["points"] = [{"fill": {"color": COLOURS[n % len(COLOURS)]}} for n in range(min(rows, MAX_POINTS))]
        series["data_labels"] = {"percentage": True, "leader_lines": True, "position": "outside_end"}
    elif chart.kind == "bar":
        series |= {"fill": {"color": colour}, "gap": 60, "data_labels": {"value": True, "num_format": form}}
    else:
        series |= {"line": {"color": colour, "width": 2}, "marker": {"type": "circle", "size": 5, "fill": {"color": colour}}}


def _axes(made: Any, chart: Chart, names: str | None, form: str) -> None:
    if chart.kind == "pie":
        made.set_legend({"position": "right"})
        return
    made.set_legend({"none": True} if len(chart.values) == 1 else {"position": "bottom"})
    named: dict[str, Any] = {"text_axis": True} | ({"num_format": names} if names else {})
    if chart.kind == "bar":
        # Bars lie, so that long Chinese names have room; the first row is the topmost bar, and each carries its value.
        made.set_y_axis({**named, "reverse": True, "major_gridlines": {"visible": False}})
        made.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    else:
        made.set_x_axis(named)
        made.set_y_axis({"num_format": form, "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}}})


def _size(chart: Chart, rows: int) -> dict[str, int]:
    if chart.kind != "bar":
        return _SIZE
    return {**_SIZE, "height": min(max(_SIZE["height"], 80 + 22 * rows * len(chart.values)), 1200)}
