"""Strict YAML: mappings, lists and texts only, each with its line and column.

No tag, no alias, no duplicate key, no implicit type; at most 1 MiB and 50 levels. A file that breaks one of these is
refused with its place, and no file, however hostile, takes more than its own size in memory.
"""

from __future__ import annotations

from typing import Any

from tmcs.core.errors import Finding, InputError
from tmcs.core.source import Path, Source
from tmcs.core.text import Text
from tmcs.lang.limits import MAX_BYTES, MAX_DEPTH


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
        line = data.count(b"\n", 0, error.start) + 1
        raise _refuse(
            file, line, 0, f"不是 UTF-8 文本 (第 {error.start} 字节)", f"not UTF-8 text (byte {error.start})"
        ) from None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        return _Builder(file).build(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        said = " ".join(str(error.problem or error.context).split())
        raise _refuse(file, line, column, f"YAML 有误: {said}", f"not valid YAML: {said}") from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise _refuse(
            file, line, 0, f"不允许的控制字符 U+{code:04X}", f"control character U+{code:04X} is not allowed",
        ) from None  # fmt: skip
    except YAMLError as error:
        said = " ".join(str(error).split())
        raise _refuse(file, 0, 0, f"YAML 有误: {said}", f"not valid YAML: {said}") from None
    except RecursionError:
        raise _refuse(file, 0, 0, "嵌套过深", f"nested deeper than {MAX_DEPTH} levels") from None


class _Builder:
    """Builds plain data from parser events, so that nothing is expanded before it has been looked at."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[Any, tuple[int, int]] = {}

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
        self.marks[path] = (event.start_mark.line + 1, event.start_mark.column + 1)
        if kind == "AliasEvent":
            self._stop(event, "不允许别名 (*)", "aliases (*) are not allowed")
        if getattr(event, "anchor", None):
            self._stop(event, "不允许锚点 (&)", "anchors (&) are not allowed")
        if getattr(event, "tag", None) not in (None, "!"):
            self._stop(event, "不允许标签 (!)", "tags (!) are not allowed")
        if kind == "ScalarEvent":
            return "" if event.value in ("~", "null") and event.style is None else event.value
        if depth > MAX_DEPTH:
            self._stop(event, f"嵌套超过 {MAX_DEPTH} 层", f"nested deeper than {MAX_DEPTH} levels")
        return self._mapping(events, path, depth) if kind == "MappingStartEvent" else self._list(events, path, depth)

    def _mapping(self, events: Any, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            if type(event).__name__ != "ScalarEvent":
                self._stop(event, "键应为文本", "a key must be a text")
            key = str(event.value)
            if key in found:
                self._stop(event, f"键 {key} 重复", f"key {key} stands twice")
            self.marks[((*path, key), "key")] = (event.start_mark.line + 1, event.start_mark.column + 1)
            found[key] = self._value(next(events), events, (*path, key), depth + 1)
        return found

    def _list(self, events: Any, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            found.append(self._value(event, events, (*path, len(found)), depth + 1))
        return found
