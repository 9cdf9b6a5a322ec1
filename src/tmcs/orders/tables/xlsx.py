"""Spreadsheets (.xlsx), read cell by cell within caps: a small file that unpacks to a huge one is refused unopened."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.text import Text
from tmcs.orders.fragment import Report
from tmcs.orders.source import Source
from tmcs.orders.tables import MAX_COLUMNS, Block, Table
from tmcs.orders.values import Inexact

MAX_FILE: Final = 25 << 20
MAX_MEMBERS: Final = 2_000
MAX_UNPACKED: Final = 200 << 20
MAX_RATIO: Final = 200
RATIO_FROM: Final = 1 << 20
MAX_ROWS: Final = 250_000
_EXACT_DIGITS: Final = 15


def _refuse(source: Source, zh: str, en: str) -> InputError:
    return InputError(
        f"{source.name}: {zh}",
        f"{source.name}: {en}",
        hint=Text("请改用 CSV 导出，或分几次导出", "use the CSV export, or export in several parts"),
    )


def _check_zip(source: Source) -> None:
    """Check a zip by its directory before anything is unpacked.

    zipfile never returns more of a member than its directory entry says, so an entry that lies small is cut short and
    fails its checksum; one that tells the truth is counted here.
    """
    if source.size > MAX_FILE:
        raise _refuse(source, f"超过 {MAX_FILE >> 20} MiB", f"larger than {MAX_FILE >> 20} MiB")
    try:
        with zipfile.ZipFile(source.file) as archive:
            members = archive.infolist()
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise _refuse(source, f"文件已损坏或不完整 ({error})", f"damaged or incomplete ({error})") from None
    if len(members) > MAX_MEMBERS:
        raise _refuse(source, f"压缩包内有 {len(members)} 个文件", f"{len(members)} members in the archive")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise _refuse(
            source, f"解压后超过 {MAX_UNPACKED >> 20} MiB (压缩炸弹?)", f"unpacks to more than {MAX_UNPACKED >> 20} MiB"
        )
    for member in members:
        if member.file_size > RATIO_FROM and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise _refuse(source, "压缩比异常 (压缩炸弹?)", "compressed beyond what a sheet can be (a zip bomb?)")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise _refuse(source, "是压缩包，但不是 .xlsx 表格", "a zip archive, but not an .xlsx sheet")


def _cell(value: Any) -> str:
    """Return a cell as text; a number whose digits a spreadsheet may have rounded is marked."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        plain = str(value)
        return plain if len(plain) <= _EXACT_DIGITS else Inexact(plain)
    if isinstance(value, float):
        return Inexact(repr(value).removesuffix(".0"))
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _blocks(source: Source, sheet: Any) -> Iterator[Block]:
    sheet.reset_dimensions()
    try:
        # One row more than the cap, so that going over it shows; a row that is too wide ends the reading at once.
        for line, cells in enumerate(sheet.iter_rows(max_row=MAX_ROWS + 1, values_only=True), 1):
            if line > MAX_ROWS:
                raise _refuse(source, f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")
            if len(cells) > MAX_COLUMNS and any(value is not None for value in cells[MAX_COLUMNS:]):
                raise _refuse(source, f"超过 {MAX_COLUMNS} 列", f"more than {MAX_COLUMNS} columns")
            yield line, [[_cell(value) for value in cells]]
    except InputError:
        raise
    except Exception as error:  # openpyxl passes on whatever its XML or zip layer meets in a damaged sheet
        said = type(error).__name__
        raise _refuse(source, f"表格内容损坏 ({said})", f"the sheet is damaged ({said})") from None


def open_xlsx(source: Source, report: Report) -> Table:
    """Return the table of the first sheet that is not empty.

    Raises:
        InputError: the file is no spreadsheet, is damaged, or is beyond the caps.
    """
    _check_zip(source)
    import warnings

    import openpyxl

    source.file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of styles it does not know
            book = openpyxl.load_workbook(source.file, read_only=True, data_only=True, keep_links=False)
            sheets = list(book.worksheets)
    except Exception as error:  # see above
        said = type(error).__name__
        raise _refuse(source, f"表格文件损坏 ({said})", f"the spreadsheet is damaged ({said})") from None
    for sheet in sheets:
        try:
            return Table(source.name, _blocks(source, sheet), report, pad=True)
        except InputError:
            if sheet is sheets[-1]:
                raise
    raise _refuse(source, "没有工作表", "there is no sheet")
