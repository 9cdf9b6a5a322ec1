"""CSV as the seller backend writes it, read line by line so that one bad row costs that row and no other."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from tmcs.core.errors import InputError
from tmcs.orders.fragment import Report
from tmcs.orders.source import CUT, Source
from tmcs.orders.tables import Block, Table
from tmcs.orders.values import MAX_TEXT

#: One line may be this long (characters), one row may run over this many lines. What is longer is an unclosed quote.
MAX_LINE: Final = 1 << 20
MAX_ROW_LINES: Final = 500
#: So much (characters) is read at once; a block in which every line is a good row is not looked at line by line.
_BLOCK: Final = 1 << 16

# How a row begins: with an order number, wrapped or not, or with a date.
_ROW_START: Final = re.compile(r"[\s\"'=]*(?:\d{10,}|\d{4}-\d\d-\d\d )", re.ASCII)


class _RowTooLongError(Exception):
    """A line or a row beyond the limits."""


class _Lines:
    """The lines of a file for the csv module, with those of the current row at hand to be read again."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._read = file.readline
        self._read_block = file.read
        self._back: list[str] = []
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.pop() if self._back else self._read(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        if len(line) >= MAX_LINE and line[-1] != "\n":
            while (rest := self._read(MAX_LINE)) and rest[-1] != "\n":
                pass
            raise _RowTooLongError
        if len(self.taken) > MAX_ROW_LINES:
            raise _RowTooLongError
        return line

    def block(self, delimiter: str) -> list[list[str]]:
        """Return the rows of the next lines where each line is a row and nothing is odd in it; else none, and nothing is taken.

        A line that is longer than a cell may be is odd too: so no cell of a block is (:data:`tmcs.orders.tables.Block`).
        """
        if self._back:
            return []
        text = self._read_block(_BLOCK)
        if text and text[-1] != "\n":
            text += self._read(MAX_LINE)
        rows: list[list[str]] = []
        end = "\r\n" if "\r\n" in text[:MAX_TEXT] else "\n"
        lines = text.split(end)
        ends = len(lines) - 1
        even = all(text.count(sign) == (ends if sign in end else 0) for sign in "\r\n") and not lines.pop()
        if even and ends and len(max(lines, key=len)) <= MAX_TEXT and "\0" not in text and CUT not in text:
            try:
                rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
            except csv.Error:
                rows = []
        if len(rows) != ends or not ends:
            self._back = io.StringIO(text, newline="").readlines()[::-1]
            return []
        self.number += ends
        return rows

    def resync(self) -> None:
        """Give back the lines of the current row from the one on that looks like the beginning of the next row."""
        for n in range(1, len(self.taken)):
            if _ROW_START.match(self.taken[n]):
                again = self.taken[n:]
                self._back.extend(reversed(again))
                self.number -= len(again)
                return


def _blocks(source: Source, report: Report) -> Iterator[Block]:
    file = source.text()
    try:
        lines = _Lines(file)
        first = file.readline(MAX_LINE)
        delimiter = "\t" if "\t" in first and "," not in first else ","
        file.seek(0)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        width = 0
        while True:
            line = lines.number + 1
            if width and (rows := lines.block(delimiter)):
                yield line, rows
                continue
            lines.taken.clear()
            try:
                row = next(reader)
            except StopIteration:
                return
            except _RowTooLongError:
                _bad(report, line, "行过长，多半是引号没有闭合", "the row is too long: most likely an unclosed quote")
                lines.resync()
                continue
            except csv.Error as error:
                long = "field larger" in str(error)
                zh = "字段过长，多半是引号没有闭合" if long else "引号没有闭合，或行被截断"
                en = "a field is too long: most likely" if long else "the row is cut off, or has"
                _bad(report, line, zh, f"{en} an unclosed quote")
                lines.resync()
                continue
            if len(lines.taken) > 1 and width and len(row) != width and not (len(row) > width and not any(row[width:])):
                _bad(report, line, "引号没有闭合，与下一行混在一起", "an unclosed quote runs into the next row")
                lines.resync()
                continue
            if not width:
                width = len(row)
            last = lines.taken[-1]
            if "\0" in last or (len(lines.taken) > 1 and any("\0" in part for part in lines.taken)):
                _bad(report, line, "行内有空字节 (NUL)", "the row has NUL bytes")
                continue
            if last[-1] == CUT:
                _bad(report, line, "文件在一个字的中间被截断", "the file is cut off in the middle of a character")
                continue
            yield line, [row]
    except UnicodeDecodeError:
        raise source.encoding_error() from None


def _bad(report: Report, line: int, zh: str, en: str) -> None:
    report.rows += 1
    report.add(line, 0, zh, en)


def open_csv(source: Source, report: Report) -> Table:
    """Return the table of a CSV file.

    Raises:
        InputError: its encoding is wrong (the byte is named) or it has no header.
    """
    try:
        return Table(source.name, _blocks(source, report), report, pad=False)
    except csv.Error as error:
        raise InputError(f"{source.name}: 不是 CSV: {error}", f"{source.name}: not a CSV: {error}") from None
