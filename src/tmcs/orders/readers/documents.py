"""JSON files: one document, or one on each line; numbers keep the digits they were written with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from tmcs.core.errors import InputError
from tmcs.core.text import Text
from tmcs.orders.fragment import Report
from tmcs.orders.source import CUT, Source
from tmcs.orders.values import Inexact

#: A single document is held in memory whole; JSON lines may run on for ever, a line up to MAX_LINE characters.
MAX_DOCUMENT: Final = 32 << 20
MAX_LINE: Final = 4 << 20


class _NotJsonError(ValueError):
    """A constant that is no JSON."""


def _constant(word: str) -> NoReturn:
    raise _NotJsonError(word)


_DECODER: Final = json.JSONDecoder(parse_float=Inexact, parse_constant=_constant)


def _decode(text: str) -> Any:
    """Return a document.

    Raises:
        ValueError: it is no JSON, is nested too deeply, or holds half a character (a lone surrogate).
    """
    try:
        document = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if "\\u" in text:
        try:
            json.dumps(document, ensure_ascii=False).encode()
        except (UnicodeEncodeError, RecursionError):
            raise ValueError("half a character (a lone surrogate)") from None
    return document


def documents(source: Source, report: Report) -> Iterator[tuple[int, Any]]:
    """Yield (line, document) of a file; bad lines of JSON lines are reported.

    Raises:
        InputError: a single document is no JSON (line and column are named), or too large.
    """
    file = source.text()
    try:
        first = file.readline(MAX_LINE)
        while first and not first.strip():
            first = file.readline(MAX_LINE)
        second = file.readline(MAX_LINE)
        if _is_whole(first) and second.lstrip()[:1] in ("{", "["):
            file.seek(0)
            yield from _lines(file, report)
            return
        if source.size > MAX_DOCUMENT:
            raise InputError(
                f"{source.name}: JSON 超过 {MAX_DOCUMENT >> 20} MiB",
                f"{source.name}: JSON larger than {MAX_DOCUMENT >> 20} MiB",
                hint=Text("请改为一行一个 JSON (JSON lines)", "write one JSON value on each line (JSON lines)"),
            )
        file.seek(0)
        yield 1, _whole(source, file.read())
    except UnicodeDecodeError:
        raise source.encoding_error() from None


def _is_whole(line: str) -> bool:
    try:
        _decode(line)
    except ValueError:
        return False
    return True


def _whole(source: Source, text: str) -> Any:
    name = source.name
    try:
        return _decode(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip().rstrip(CUT)) or "Unterminated" in error.msg
        zh = "文件不完整，被截断" if cut else "不是有效的 JSON"
        en = "the file is cut off" if cut else f"not valid JSON: {error.msg}"
        place = f"{name}:{error.lineno}:{error.colno}"
        raise InputError(f"{place}: {zh}", f"{place}: {en}") from None
    except ValueError as error:
        raise InputError(f"{name}: 不是有效的 JSON ({error})", f"{name}: not valid JSON ({error})") from None


def _lines(file: Any, report: Report) -> Iterator[tuple[int, Any]]:
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) >= MAX_LINE and line[-1] != "\n":
            while (rest := file.readline(MAX_LINE)) and rest[-1] != "\n":
                pass
            report.rows += 1
            report.add(number, 0, "行过长", "the line is too long", f"≤ {MAX_LINE}")
            continue
        if not line.strip():
            continue
        try:
            document = _decode(line)
        except ValueError as error:
            column = getattr(error, "colno", 0)
            said = getattr(error, "msg", str(error))
            report.rows += 1
            report.add(number, column, "不是有效的 JSON，或行被截断", f"not valid JSON, or the line is cut off: {said}")
            continue
        yield number, document
