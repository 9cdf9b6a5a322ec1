"""A report written as a file: .xlsx, .csv, .html, .md or .txt, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Final

from tmcs.core.errors import StorageError, unknown_word
from tmcs.render.cells import harmless, is_formula, is_long_number, show, show_time

if TYPE_CHECKING:
    from tmcs.jobs.report import Column, Report, Sheet

FORMATS: Final = ("xlsx", "csv", "html", "md", "txt")
_LONGEST: Final = 60
_TEXT_FORMS: Final = {"md": "pipe", "txt": "simple"}


def write_report(report: Report, path: str | os.PathLike[str], lang: str) -> list[str]:
    """Write a report in the format that the ending of ``path`` names.

    A ``.csv`` holds one table: the further sheets of a report go into files beside it, ``NAME-2.csv`` and so on.

    Args:
        report: what to write; its rows are gone through once.
        path: where; each old file stays as it is until the new one is complete.
        lang: language of titles, ``zh`` or ``en``.

    Returns:
        The files written, the one named first.

    Raises:
        InputError: the ending names no format.
        StorageError: a file cannot be written: no such folder, no permission, or the disk is full.
    """
    name = os.fspath(path)
    stem, dot, ending = name.rpartition(".")
    form = ending.lower() if dot and os.path.basename(stem) else ""
    if form not in FORMATS:
        raise unknown_word("报表格式", "report format", form or os.path.basename(name), FORMATS)
    try:
        return _write(report, name, form, lang)
    except OSError as error:
        said = error.strerror or str(error)
        raise StorageError(f"无法写入 {name}: {said}", f"cannot write {name}: {said}") from None


def _write(report: Report, name: str, form: str, lang: str) -> list[str]:
    from tmcs.files import writing

    if form == "xlsx":
        from tmcs.render.workbook import write_xlsx

        write_xlsx(report, name, lang)
        return [name]
    if form == "csv":
        names = csv_names(report, name)
        for one, sheet in zip(names, report.sheets, strict=True):
            with writing(one) as file:
                write_csv(sheet, file, lang)
        return names
    with writing(name) as file:
        if form == "html":
            from tmcs.render.report_html import html

            _put(file, html(report, lang))
        else:
            _put(file, text(report, lang, _TEXT_FORMS[form]))
    return [name]


def _put(file: IO[bytes], pieces: Iterator[str]) -> None:
    for piece in pieces:
        file.write(piece.encode())


def csv_names(report: Report, name: str) -> list[str]:
    """Return the files that the sheets of a report go to when it is written as ``name``."""
    stem, _, ending = name.rpartition(".")
    return [name, *(f"{stem}-{number}.{ending}" for number in range(2, len(report.sheets) + 1))]


def write_csv(sheet: Sheet, file: IO[bytes], lang: str) -> None:
    """Write a sheet as CSV for Excel: UTF-8 with byte-order mark, CR LF.

    A text that Excel would take for a formula, or for a number and lose digits of, has an apostrophe before it; so has one
    that has one of its own.
    """
    import csv
    import io

    out = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_csv_cell(column.title.pick(lang)) for column in sheet.columns])
    measured = [(column.key, column.kind) for column in sheet.columns]
    for row in sheet.rows:
        writer.writerow([_csv_value(row.get(key), kind, lang) for key, kind in measured])
    out.detach()  # flushes, and leaves the file open to whoever opened it


def _csv_value(value: object, kind: str, lang: str) -> str:
    shown = show(value, kind, lang)  # type: ignore[arg-type]
    if kind != "text" and not isinstance(value, str):
        return f"'{shown}" if is_long_number(shown) else shown
    return _csv_cell(shown)


def _csv_cell(text: str) -> str:
    plain = harmless(text)
    return f"'{plain}" if plain.startswith("'") or is_formula(plain) or is_long_number(plain) else plain


def text(report: Report, lang: str, form: str = "simple") -> Iterator[str]:
    """Yield a report as aligned tables for a terminal, or (``pipe``) as Markdown. Charts are left out."""
    head = "## " if form == "pipe" else ""
    cell = _markdown_cell if form == "pipe" else _line
    title = cell(report.title.pick(lang))
    yield f"{head and '# '}{title} · {show_time(report.clock)}\n"
    for sheet in report.sheets:
        yield f"\n{head}{cell(sheet.name.pick(lang))}\n\n"
        yield f"{_table(sheet, lang, form, cell)}\n"


def _table(sheet: Sheet, lang: str, form: str, cell: Callable[[str], str]) -> str:
    from tmcs.render.layout import table

    rows = [[cell(show(row.get(one.key), one.kind, lang)) for one in sheet.columns] for row in sheet.rows]
    heads = [cell(one.title.pick(lang)) for one in sheet.columns]
    return table(rows, heads, form, ["right" if is_right(one) else "left" for one in sheet.columns])


def is_right(column: Column) -> bool:
    """Return whether the values of a column stand to the right."""
    return column.kind in ("number", "money", "rate")


def _line(shown: str) -> str:
    """Return a cell for a terminal, cut with a mark where it is long: the other formats have all of it."""
    plain = _one_line(shown)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _one_line(shown: str) -> str:
    return harmless(shown).replace("\n", " ")


def _markdown_cell(shown: str) -> str:
    plain = _one_line(shown)
    for mark in "\\`*_[]<>|":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
