"""A file opened for reading, whatever it is called: its form, encoding and rows come from its bytes.

Nothing here holds a whole file in memory; a pipe is first copied to a temporary file, since it has to be read twice.
"""

from __future__ import annotations

import codecs
import io
import os
import stat
import sys
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from tmcs.core.errors import InputError, NotFoundError, StorageError
from tmcs.core.text import Text
from tmcs.orders.fragment import Report

if TYPE_CHECKING:
    from tmcs.orders.tables import Table

_HEAD: Final = 65_536
_CHUNK: Final = 1 << 20

#: Put by the decoder in the place of a character that the end of the file has cut in two.
CUT: Final = "\ufffe"


#: How the codecs call a character that the end of the file cuts.
_CUT_REASONS: Final = ("unexpected end of data", "incomplete multibyte sequence")


def _mark_cut(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and error.reason in _CUT_REASONS:
        return CUT, len(error.object)
    raise error


codecs.register_error("tmcs-mark-cut", _mark_cut)


class Source:
    """One input file.

    Attributes:
        name: the file as the user named it; ``stdin`` for standard input.
        form: ``"csv"``, ``"xlsx"`` or ``"json"``.
        head: the first 64 KiB.
        size: bytes in all.
        want: read only what belongs to this order number, or None for everything.
    """

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self.file = file
        self.want: str | None = None
        self.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self.head = file.read(_HEAD)
        file.seek(0)
        self.form = _form(name, self.head)
        self._table: Table | None = None
        self._text: io.TextIOWrapper | None = None
        self._encoding: str | None = None
        self._bad_utf8 = -1

    @property
    def position(self) -> int:
        """Bytes read so far, for a progress bar."""
        try:
            return os.lseek(self.file.fileno(), 0, os.SEEK_CUR)
        except (OSError, ValueError):
            return self.size

    @property
    def encoding(self) -> str:
        """``utf-8-sig`` where the whole file is strict UTF-8 (or says so by its mark), else ``gb18030``."""
        if self._encoding is None:
            self._bad_utf8 = _first_bad(self.file, "utf-8")
            marked = self.head.startswith(codecs.BOM_UTF8)
            self._encoding = "utf-8-sig" if marked or self._bad_utf8 < 0 else "gb18030"
        return self._encoding

    def text(self) -> io.TextIOWrapper:
        """Return the file as text from its beginning, line ends untouched."""
        encoding = self.encoding
        self.file.seek(0)
        if self._text is None:
            self._text = io.TextIOWrapper(self.file, encoding=encoding, errors="tmcs-mark-cut", newline="")
        return self._text

    def table(self, report: Report) -> Table:
        """Return the file's table, opened once; the findings of its rows go to ``report``.

        Raises:
            InputError: the file is no table that can be read.
        """
        if self._table is None:
            if self.form == "xlsx":
                from tmcs.orders.tables.xlsx import open_xlsx

                self._table = open_xlsx(self, report)
            else:
                from tmcs.orders.tables.csvfile import open_csv

                self._table = open_csv(self, report)
        return self._table

    def encoding_error(self) -> InputError:
        """Return the error for bytes that are neither UTF-8 nor GB18030, naming the byte."""
        marked = self.encoding == "utf-8-sig"
        place = self._bad_utf8 if marked else _first_bad(self.file, "gb18030")
        # A file that was good UTF-8 for a while is a damaged UTF-8 file, not a GBK one.
        if not marked and not self.head[: self._bad_utf8].isascii() and self._bad_utf8 > 0:
            place, marked = self._bad_utf8, True
        return self.damaged("UTF-8" if marked else "GBK/GB18030", place)

    def damaged(self, encoding: str, place: int) -> InputError:
        """Return the error for a file whose bytes do not fit its encoding from ``place`` on."""
        line = _line_of(self.file, place)
        return InputError(
            f"{self.name}: 编码有误，第 {place} 字节 (第 {line} 行) 不是 {encoding}",
            f"{self.name}: wrong encoding, byte {place} (line {line}) is not {encoding}",
            hint=Text("请重新下载导出文件，不要混用编码", "download the export again; do not mix encodings"),
        )

    def utf8_until(self) -> int:
        """Return the offset of the first byte that is not UTF-8, -1 where there is none."""
        return self._bad_utf8 if self._encoding is not None else -1

    def close(self) -> None:
        """Close the file."""
        (self._text or self.file).close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _form(name: str, head: bytes) -> str:
    """Return the form of a file by its first bytes.

    Raises:
        InputError: it is of a form that is not read, and what to do about it.
    """
    if not head:
        raise InputError(f"{name}: 文件是空的", f"{name}: the file is empty")
    if head.startswith(b"PK"):
        return "xlsx"
    again = Text(
        "请在表格软件里另存为 .xlsx，或重新下载 CSV",
        "save it as .xlsx in a spreadsheet program, or download the CSV again",
    )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{name}: 旧式 .xls 文件，不能读取", f"{name}: an old .xls file, not read", hint=again)
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        raise InputError(
            f"{name}: 是 HTML 网页表格，只是名字像表格文件",
            f"{name}: an HTML page, only named like a spreadsheet",
            hint=again,
        )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError(f"{name}: UTF-16 文本，不能读取", f"{name}: UTF-16 text, which is not read", hint=again)
    if start[:1] in (b"{", b"["):
        return "json"
    if b"\0" in head[:512]:
        raise InputError(f"{name}: 不是文本文件", f"{name}: not a text file", hint=again)
    return "csv"


def _first_bad(file: BinaryIO, encoding: str) -> int:
    """Return the offset of the first byte that does not fit, -1 where all fit; a character cut by the end fits."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    while chunk := file.read(_CHUNK):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            return done - held + error.start
        done += len(chunk)
    return -1


def _line_of(file: BinaryIO, place: int) -> int:
    file.seek(0)
    lines, left = 1, place
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        lines += chunk.count(b"\n")
        left -= len(chunk)
    return lines


def _spool(name: str, stream: IO[bytes]) -> BinaryIO:
    import shutil
    import tempfile

    try:
        file = tempfile.TemporaryFile(prefix="tmcs-")  # noqa: SIM115 (the caller closes it)
        shutil.copyfileobj(stream, file, _CHUNK)
    except OSError as error:
        raise StorageError(
            f"无法暂存 {name}: {error.strerror}", f"cannot keep {name} for reading: {error.strerror}"
        ) from None
    file.seek(0)
    return file


def open_source(name: str) -> Source:
    """Open a file, or standard input for ``-``.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is a directory, a device, empty, or of a form that is not read.
        StorageError: it cannot be read.
    """
    if name == "-":
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError("“-”从管道读取，但标准输入是终端", "- reads a pipe, but standard input is a terminal")
        return _source("stdin", _spool("stdin", sys.stdin.buffer))
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{name} 是目录，应为文件", f"{name} is a directory, a file was expected")
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            raise InputError(f"{name} 不是普通文件", f"{name} is not a regular file")
        file = open(name, "rb")  # noqa: SIM115 (the Source closes it)
    except FileNotFoundError:
        raise NotFoundError(f"没有这个文件: {name}", f"no such file: {name}") from None
    except PermissionError:
        raise StorageError(f"没有权限读取 {name}", f"no permission to read {name}") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise StorageError(f"无法读取 {name}: {why}", f"cannot read {name}: {why}") from None
    if stat.S_ISFIFO(mode):
        with file:
            return _source(name, _spool(name, file))
    return _source(name, file)


def _source(name: str, file: BinaryIO) -> Source:
    try:
        return Source(name, file)
    except BaseException:
        file.close()
        raise
