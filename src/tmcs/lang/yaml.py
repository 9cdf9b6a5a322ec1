"""Strict YAML: mappings, lists and texts only, each with its line and column.

No tag, no anchor, no alias, no merge key, no duplicate key, no implicit type; at most 1 MiB, 50 levels and 100,000 values.
A file that breaks one of these is refused with its place before it costs much time or memory.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tmcs.core.errors import Finding, InputError
from tmcs.core.source import Path, Source
from tmcs.core.text import Text
from tmcs.lang.limits import MAX_BYTES, MAX_DEPTH

MAX_VALUES: Final = 100_000


def _line_of(before: str | bytes) -> int:
    """Return the line that follows ``before``, counting line ends as YAML does: CR LF, LF or CR alone."""
    text = before.decode("latin-1") if isinstance(before, bytes) else before
    return len(re.findall("\r\n|\r|\n", text)) + 1


def _refuse(file: str, line: int, column: int, zh: str, en: str) -> InputError:
    finding = Finding(file, line, column, Text(zh, en))
    return InputError(f"无法读取 {file}", f"cannot read {file}", findings=[finding])


def parse_yaml(data: bytes, file: str) -> Source:
    """Read a YAML document.

    Args:
        data: the bytes of the file; UTF-8, with or without a byte-order mark.
        file: its name, for findings.

    Raises:
        InputError: the bytes are no such document; the finding gives line and column.
    """
    if len(data) > MAX_BYTES:
        raise _refuse(file, 0, 0, f"文件超过 {MAX_BYTES} 字节的上限", f"larger than the limit of {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_of(data[: error.start])
        raise _refuse(
            file, line, 0, f"不是 UTF-8 文本 (第 {error.start} 字节)", f"not UTF-8 text (byte {error.start})"
        ) from None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    builder = _Builder(file)
    try:
        return builder.build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        said = " ".join(str(error.problem or error.context).split())
        raise _refuse(file, line, column, f"YAML 有误: {said}", f"not valid YAML: {said}") from None
    except ReaderError as error:
        line = _line_of(text[: error.position])
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise _refuse(
            file, line, 0, f"不允许的控制字符 U+{code:04X}", f"control character U+{code:04X} is not allowed",
        ) from None  # fmt: skip
    except YAMLError as error:
        said = " ".join(str(error).split())
        raise _refuse(file, 0, 0, f"YAML 有误: {said}", f"not valid YAML: {said}") from None
    except (ValueError, OverflowError):  # an escape such as "\\U7fffffff", which is no character
        line, column = builder.last
        raise _refuse(file, line, column, "转义有误", "a wrong escape in a text at or after this place") from None
    except RecursionError:
        raise _refuse(file, 0, 0, "嵌套过深", f"nested deeper than {MAX_DEPTH} levels") from None


class _Builder:
    """Builds plain data from parser events, so that nothing is expanded before it has been looked at."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[Any, tuple[int, int]] = {}
        self.last = (0, 0)
        self.values = 0

    def build(self, events: Any) -> Source:
        root: Any = {}
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._stop(event, "只允许一个文档", "only one document is allowed")
            elif kind in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                continue
            else:
                root = self._value(event, events, (), 1)
        return Source(self.file, root, self.marks)

    def _stop(self, event: Any, zh: str, en: str) -> None:
        raise _refuse(self.file, event.start_mark.line + 1, event.start_mark.column + 1, zh, en)

    def _value(self, event: Any, events: Any, path: Path, depth: int) -> Any:
        kind = type(event).__name__
        self.marks[path] = self._plain(event)
        if kind == "ScalarEvent":
            return "" if event.value in ("~", "null") and event.style is None else event.value
        if depth > MAX_DEPTH:
            self._stop(event, f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels")
        return self._mapping(events, path, depth) if kind == "MappingStartEvent" else self._list(events, path, depth)

    def _plain(self, event: Any) -> tuple[int, int]:
        """Return the place of a key or value that stands for itself and nothing else.

        Raises:
            InputError: it is or has an alias, an anchor, a tag or half a character, or is one value too many.
        """
        self.last = (event.start_mark.line + 1, event.start_mark.column + 1)
        self.values += 1
        if self.values > MAX_VALUES:
            self._stop(event, f"超过 {MAX_VALUES} 个值", f"more than {MAX_VALUES} values")
        if type(event).__name__ == "AliasEvent":
            self._stop(event, "不允许别名 (*)", "aliases (*) are not allowed")
        if getattr(event, "anchor", None):
            self._stop(event, "不允许锚点 (&)", "anchors (&) are not allowed")
        if getattr(event, "tag", None) is not None:
            self._stop(event, "不允许标签 (!)", "tags (!) are not allowed")
        if getattr(event, "style", None) == '"' and any("\ud800" <= char <= "\udfff" for char in event.value):
            self._stop(event, "有不成对的代理码位，不是文本", "half a surrogate pair is no text")
        return self.last

    def _mapping(self, events: Any, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            place = self._plain(event)
            if type(event).__name__ != "ScalarEvent":
                self._stop(event, "键应为文本", "a key must be a text")
            key = str(event.value)
            if key == "<<" and event.style is None:
                self._stop(event, "不允许合并键 (<<)", "merge keys (<<) are not allowed")
            if key in found:
                self._stop(event, f"键 {key} 重复", f"key {key} stands twice")
            self.marks[((*path, key), "key")] = place
            found[key] = self._value(next(events), events, (*path, key), depth + 1)
        return found

    def _list(self, events: Any, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            found.append(self._value(event, events, (*path, len(found)), depth + 1))
        return found
