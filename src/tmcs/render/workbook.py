"""A report as an Excel workbook: real dates, numbers and charts, and no text from outside that could act.

Rows go out one by one, and only the height of a row of several lines is kept. The same report gives the same bytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

from tmcs.files import writing
from tmcs.render.cells import EXACT_DIGITS, harmless, is_formula, local, measure, show
from tmcs.render.layout import width
from tmcs.render.workbook_charts import MAX_POINTS, Drawn, add_chart

if TYPE_CHECKING:
    from tmcs.jobs.report import Column, Kind, Report, Sheet, Value

#: What a sheet can hold, the header included; a longer table goes on in a further sheet.
MAX_ROWS: Final = 1_048_576
#: UTF-16 units in one cell.
MAX_TEXT: Final = 32_767
_CUT: Final = "…(已截断 cut)"
_SHEET_NAME: Final = 31
_NOT_IN_NAMES: Final = dict.fromkeys(map(ord, "[]:*?/\\'"), " ")
_NARROWEST, _WIDEST = 6, 60
_LINE, _MOST_LINES = 15, 12  # points
_FIRST_YEAR: Final = 1901  # before it Excel counts days wrongly
_NUMBER_FORMATS: Final = {"text": "@", "number": "General", "money": "0.00", "day": "yyyy-mm-dd", "rate": "0.00%"}
_NUMBERS: Final = ("number", "money", "rate")
_TIME, _TIME_SECONDS = "yyyy-mm-dd hh:mm", "yyyy-mm-dd hh:mm:ss"


def write_xlsx(report: Report, path: str | os.PathLike[str], lang: str, *, most_rows: int = MAX_ROWS) -> None:
    """Write a report as a workbook, whole or not at all.

    Args:
        report: what to write; the rows of each sheet are gone through once.
        path: where; an old file stays as it is until the new one is complete.
        lang: language of titles, ``zh`` or ``en``.
        most_rows: rows of one sheet, its header included; a longer table goes on in a further sheet.

    Raises:
        OSError: it cannot be written: no permission, or the disk is full.
    """
    with writing(path) as file, tempfile.TemporaryDirectory() as folder:
        _Writer(file, folder, report, lang, most_rows).write()


class _Writer:
    def __init__(self, file: IO[bytes], folder: str, report: Report, lang: str, most_rows: int) -> None:
        from xlsxwriter import Workbook

        self.report = report
        self.lang = lang
        self.most_rows = most_rows
        self.book = Workbook(file, {
            "constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False,
            "strings_to_numbers": False,
        })  # fmt: skip
        title = harmless(report.title.pick(lang))
        self.book.set_properties({"title": title, "created": local(report.clock), "author": "tmcs"})
        top = {"valign": "top"}
        self.formats = {kind: self.book.add_format({"num_format": form, **top}) for kind, form in _NUMBER_FORMATS.items()}
        self.minutes = self.book.add_format({"num_format": _TIME, **top})
        self.seconds = self.book.add_format({"num_format": _TIME_SECONDS, **top})
        # quote_prefix: without it a text such as =1+1 turns into a formula as soon as somebody edits its cell.
        self.texts = {
            (quoted, wrapped): self.book.add_format({"num_format": "@", "quote_prefix": quoted, "text_wrap": wrapped, **top})
            for quoted in (False, True) for wrapped in (False, True)
        }  # fmt: skip
        head = {"bold": True, "bg_color": "#DDEBF7", "bottom": 1, "valign": "vcenter", "num_format": "@", "quote_prefix": True}
        self.header = self.book.add_format(head)
        self.header_right = self.book.add_format({**head, "align": "right"})
        self.names: set[str] = set()

    def write(self) -> None:
        from xlsxwriter.exceptions import FileCreateError

        try:
            for sheet in self.report.sheets:
                self._sheet(sheet)
            self.book.close()
        except FileCreateError as error:  # wraps what the system said
            raise (error.args[0] if error.args and isinstance(error.args[0], OSError) else OSError(str(error))) from None
        finally:
            for part in self.book.worksheets():
                with suppress(OSError):  # what cannot be flushed any more is thrown away with its folder
                    part._opt_close()

    def _sheet(self, sheet: Sheet) -> None:
        name = sheet.name.pick(self.lang)
        rows = iter(sheet.rows)
        first = _Part(self, sheet, self._name(name))
        more = first.fill(rows)
        number = 2
        while more is not None:
            more = _Part(self, sheet, self._name(name, f" ({number})")).fill(rows, more)
            number += 1
        row = 1
        for chart in sheet.charts:
            row += add_chart(self.book, first.sheet, sheet, chart, first.drawn, self.lang, (row, len(sheet.columns) + 1))

    def _name(self, wanted: str, tail: str = "") -> str:
        """Return a name that Excel accepts and no other sheet has."""
        plain = " ".join(harmless(wanted).translate(_NOT_IN_NAMES).split()) or "Sheet"
        if plain.casefold() == "history":  # Excel keeps it for itself
            plain += "_"
        number = 1
        while True:
            end = tail if number == 1 else f"{tail} ~{number}"
            name = _cut(plain, _SHEET_NAME - len(end), "").rstrip() + end
            if name.casefold() not in self.names:
                self.names.add(name.casefold())
                return name
            number += 1

    def cell(self, sheet: Any, row: int, col: int, value: Value, kind: Kind) -> tuple[int, int]:
        """Write one cell and return how many columns and lines it takes."""
        if value is None:
            return 0, 1
        if isinstance(value, date) and value.year >= _FIRST_YEAR:
            return self._moment(sheet, row, col, value), 1
        shown = show(value, kind, self.lang)
        number = measure(value, kind)
        if number is not None and kind in _NUMBERS and _is_exact(value):
            sheet.write_number(row, col, number, self.formats[kind])
            return len(shown), 1
        return self._text(sheet, row, col, shown)

    def _moment(self, sheet: Any, row: int, col: int, value: date) -> int:
        if not isinstance(value, datetime):
            sheet.write_datetime(row, col, value, self.formats["day"])
            return 10
        moment = local(value).replace(microsecond=0)
        sheet.write_datetime(row, col, moment, self.seconds if moment.second else self.minutes)
        return 19 if moment.second else 16

    def _text(self, sheet: Any, row: int, col: int, shown: str) -> tuple[int, int]:
        """Write a text that is nothing but a text."""
        if not shown:
            return 0, 1
        shown = _cut(shown, MAX_TEXT, _CUT)
        if shown.startswith("<r>") and shown.endswith("</r>"):
            shown += " "  # XlsxWriter would take it for markup of its own and write it unescaped
        widths = [width(line) for line in shown.split("\n")]
        lines = sum(max(-(-wide // _WIDEST), 1) for wide in widths)
        sheet.write_string(row, col, shown, self.texts[is_formula(shown), lines > 1])
        return max(widths), lines


class _Part:
    """One sheet of the workbook: a table, or as much of it as a sheet holds."""

    def __init__(self, writer: _Writer, sheet: Sheet, name: str) -> None:
        self.writer = writer
        self.columns: list[Column] = sheet.columns
        self.drawn = Drawn(sheet)
        self.sheet = writer.book.add_worksheet(name)
        self.widths = [0] * len(self.columns)
        self.sheet.freeze_panes(1, 0)
        self.sheet.repeat_rows(0)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        title = harmless(writer.report.title.pick(writer.lang)).replace("\n", " ").replace("&", "&&")
        self.sheet.set_header(f"&L{_cut(title, 200, '…')}&R{local(writer.report.clock):%Y-%m-%d %H:%M}")
        self.sheet.set_footer("&C&P / &N")
        for col, column in enumerate(self.columns):
            shown = harmless(column.title.pick(writer.lang)).replace("\n", " ")
            self.sheet.write_string(0, col, shown, writer.header if column.kind == "text" else writer.header_right)
            self.widths[col] = width(shown) + 3  # room for the filter's button

    def fill(self, rows: Iterator[Any], first: Any = None) -> Any:
        """Write rows until they or the sheet end; return the one that has no place any more, None at the end."""
        cell, sheet, widths = self.writer.cell, self.sheet, self.widths
        columns = [(col, column.key, column.kind) for col, column in enumerate(self.columns)]
        row = 1
        left = None
        for one in _after(first, rows):
            if row >= self.writer.most_rows:
                left = one
                break
            most = 1
            for col, key, kind in columns:
                wide, lines = cell(sheet, row, col, one.get(key), kind)
                widths[col] = max(widths[col], wide)
                most = max(most, lines)
            if most > 1:
                sheet.set_row(row, min(most, _MOST_LINES) * _LINE)
            if row <= MAX_POINTS:
                self.drawn.note(one)
            row += 1
        self.drawn.rows = row - 1
        self._finish(row - 1)
        return left

    def _finish(self, last: int) -> None:
        right = len(self.columns) - 1
        self.sheet.autofilter(0, 0, last, right)
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS}"})
        for col, wide in enumerate(self.widths):
            self.sheet.set_column(col, col, min(max(wide + 1, _NARROWEST), _WIDEST))


def _after(first: Any, rows: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
    yield from rows


def _is_exact(value: Value) -> bool:
    """Return whether a spreadsheet keeps every digit of a number."""
    if isinstance(value, Decimal):
        return value.is_finite() and len(value.as_tuple().digits) <= EXACT_DIGITS and abs(value.adjusted()) < 300
    return isinstance(value, int) and len(str(abs(value))) <= EXACT_DIGITS


def _cut(text: str, units: int, mark: str) -> str:
    """Return a text of at most so many UTF-16 units, with a mark where it was cut."""
    if len(text) * 2 <= units or len(text.encode("utf-16-le")) // 2 <= units:
        return text
    room = units - len(mark)
    return text.encode("utf-16-le")[: room * 2].decode("utf-16-le", errors="ignore") + mark
