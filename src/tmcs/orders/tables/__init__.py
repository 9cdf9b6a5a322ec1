"""Tables: a header and rows of text, from CSV or from a spreadsheet, checked row by row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from tmcs.core.errors import InputError
from tmcs.orders.fragment import Report
from tmcs.orders.words import fold

MAX_COLUMNS: Final = 256

#: Rows that follow one another, with the line of the first. Where there is more than one, each of them stands on a line of
#: its own and no cell of theirs is longer than a cell may be (:data:`tmcs.orders.values.MAX_TEXT`).
Block = tuple[int, list[list[str]]]


class Table:
    """A header and the rows under it.

    Attributes:
        header: the headers as written.
        folded: the headers as they are compared.
        first: the line of the header.
    """

    def __init__(self, name: str, blocks: Iterator[Block], report: Report, *, pad: bool) -> None:
        """Read the header.

        Args:
            name: the file, for messages.
            blocks: every row, the header first.
            report: where the findings of the rows go.
            pad: whether a short row only lacks empty cells (a spreadsheet) or was cut (a CSV).

        Raises:
            InputError: there is no header.
        """
        self._blocks = blocks
        self._report = report
        self._pad = pad
        self.first, header, self._rest = _header(name, blocks)
        while header and not header[-1].strip():
            header.pop()
        if len(header) > MAX_COLUMNS:
            raise InputError(
                f"{name}: {len(header)} 列，超过 {MAX_COLUMNS} 列的上限",
                f"{name}: {len(header)} columns, more than the limit of {MAX_COLUMNS}",
            )
        self.header = header
        self.folded = [fold(cell) for cell in header]

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line, cells) of every good row, as many cells as there are headers; report the others."""
        for line, rows in self.blocks():
            yield from enumerate(rows, line)

    def blocks(self) -> Iterator[Block]:
        """Yield the good rows by blocks; report the others, each after the rows before it were yielded."""
        width = {len(self.header)}
        for line, rows in chain(self._rest, self._blocks):
            if len(rows) > 1 and set(map(len, rows)) == width and all(map(any, rows)):
                self._report.rows += len(rows)
                yield line, rows
                continue
            for number, row in enumerate(rows, line):
                if self._is_good(number, row):
                    yield number, [row]

    def _is_good(self, line: int, row: list[str]) -> bool:
        """Return whether a row is one, brought to the width of the header; report it where it is none but has cells."""
        width, report = len(self.header), self._report
        if not any(row):
            return False
        report.rows += 1
        if len(row) < width:
            if not self._pad:
                report.add(
                    line, len(row), f"只有 {len(row)} 列，行不完整", f"only {len(row)} columns: the row is cut", f"{width}"
                )
                return False
            row.extend([""] * (width - len(row)))
        elif len(row) > width:
            extra = next((n for n in range(width, len(row)) if row[n].strip()), None)
            if extra is not None:
                report.add(
                    line, extra + 1, f"有 {len(row)} 列，多于表头", f"{len(row)} columns, more than headers", f"{width}"
                )
                return False
            del row[width:]
        return True


def _header(name: str, blocks: Iterator[Block]) -> tuple[int, list[str], list[Block]]:
    """Return the line of the header, the header, and the rows of its block that follow it.

    Raises:
        InputError: there is none.
    """
    for line, rows in blocks:
        for n, row in enumerate(rows):
            if any(cell.strip() for cell in row):
                rest = rows[n + 1 :]
                return line + n, row, [(line + n + 1, rest)] if rest else []
    raise InputError(f"{name}: 没有表头", f"{name}: there is no header row")
