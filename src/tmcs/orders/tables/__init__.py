"""Tables: a header and rows of text, from CSV or from a spreadsheet, checked row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tmcs.core.errors import InputError
from tmcs.orders.fragment import Report
from tmcs.orders.words import fold

MAX_COLUMNS: Final = 256


class Table:
    """A header and the rows under it.

    Attributes:
        header: the headers as written.
        folded: the headers as they are compared.
        first: the line of the header.
    """

    def __init__(self, name: str, rows: Iterator[tuple[int, list[str]]], report: Report, *, pad: bool) -> None:
        """Read the header.

        Args:
            name: the file, for messages.
            rows: (line, cells) of every row, the header first.
            report: where the findings of the rows go.
            pad: whether a short row only lacks empty cells (a spreadsheet) or was cut (a CSV).

        Raises:
            InputError: there is no header.
        """
        self._rows = rows
        self._report = report
        self._pad = pad
        for self.first, header in rows:
            if any(cell.strip() for cell in header):
                break
        else:
            raise InputError(f"{name}: 没有表头", f"{name}: there is no header row")
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
        width = len(self.header)
        report = self._report
        for line, row in self._rows:
            if len(row) != width:
                if not any(row):
                    continue
                if len(row) < width:
                    if not self._pad:
                        report.rows += 1
                        report.add(
                            line, len(row), f"只有 {len(row)} 列，行不完整", f"only {len(row)} columns: the row is cut",
                            f"{width}",
                        )  # fmt: skip
                        continue
                    row.extend([""] * (width - len(row)))
                else:
                    extra = next((n for n in range(width, len(row)) if row[n].strip()), None)
                    if extra is not None:
                        report.rows += 1
                        report.add(
                            line, extra + 1, f"有 {len(row)} 列，多于表头", f"{len(row)} columns, more than headers",
                            f"{width}",
                        )  # fmt: skip
                        continue
                    del row[width:]
            elif not any(row):
                continue
            report.rows += 1
            yield line, row
