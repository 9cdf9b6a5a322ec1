"""Plain data that knows where it was written, and a cursor that reads it and collects every fault it meets.

All scalars are text, as they stand in the file: ``0.10`` is never a float and ``no`` never a truth value. What a text
means is decided by whoever reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from tmcs.core.errors import Finding
from tmcs.core.text import Text, nearest

T = TypeVar("T")
Path = tuple[Any, ...]


class Source:
    """One file (or one mapping built in Python) and the faults found in it.

    Attributes:
        file: the name that findings carry.
        data: mappings, lists and texts.
        marks: the line and column, counted from 1, of the value at each path; of its key under ``(path, "key")``.
        findings: the faults found so far.
    """

    __slots__ = ("data", "file", "findings", "marks")

    def __init__(self, file: str, data: Any, marks: dict[Any, tuple[int, int]] | None = None) -> None:
        self.file = file
        self.data = data
        self.marks = marks or {}
        self.findings: list[Finding] = []

    def fault(
        self, path: Path, zh: str, en: str, expected: str = "", near: Iterable[str] = (), *, key: bool = False
    ) -> None:
        """Note one fault at ``path``, or at the nearest place above it that the file has."""
        file, line, column = self.place(path, key)
        self.findings.append(Finding(file, line, column, Text(zh, en), expected, list(near)))

    def place(self, path: Path, key: bool = False) -> tuple[str, int, int]:
        """Return file, line and column of the value (or key) at ``path`` or at the nearest place above it."""
        if key and (path, "key") in self.marks:
            return (self.file, *self.marks[(path, "key")])
        while path and path not in self.marks:
            path = path[:-1]
        return (self.file, *self.marks.get(path, (0, 0)))

    @property
    def root(self) -> Cursor:
        """The cursor on the whole."""
        return Cursor(self, (), self.data)


class Layered(Source):
    """Data merged from several sources, lowest first; a fault is placed in the topmost one that holds the path."""

    __slots__ = ("layers",)

    def __init__(self, layers: list[Source], data: Any) -> None:
        super().__init__(layers[-1].file, data)
        self.layers = layers

    def place(self, path: Path, key: bool = False) -> tuple[str, int, int]:
        while path:
            for layer in reversed(self.layers):
                if path in layer.marks:
                    return layer.place(path, key)
            path = path[:-1]
        return self.layers[-1].place(())


class Cursor:
    """A value in a source. Each reading method returns the value, or a stand-in after noting a fault."""

    __slots__ = ("path", "source", "value")

    def __init__(self, source: Source, path: Path, value: Any) -> None:
        self.source = source
        self.path = path
        self.value = value

    def fault(self, zh: str, en: str, expected: str = "", near: Iterable[str] = (), *, key: bool = False) -> None:
        """Note a fault at this value."""
        self.source.fault(self.path, zh, en, expected, near, key=key)

    def __getitem__(self, key: Any) -> Cursor:
        return Cursor(self.source, (*self.path, key), self.value[key])

    def get(self, key: str) -> Cursor | None:
        """Return the value of a key, or None where the mapping has no such key (or is none)."""
        if isinstance(self.value, dict) and key in self.value:
            return self[key]
        return None

    def keys(self, valid: Iterable[str], required: Iterable[str] = (), near: Iterable[str] = ()) -> bool:
        """Check that this is a mapping with only ``valid`` keys and all ``required`` ones.

        ``near`` are the names that were perhaps meant instead, for an entry that lacks what it must have.
        """
        if not isinstance(self.value, dict):
            self.fault("应为映射", "must be a mapping", expected="key: value")
            return False
        words = list(valid)
        for key in self.value:
            if key not in words:
                near = nearest(str(key), words)
                self[key].fault(f"未知的键 {key}", f"unknown key {key}", ", ".join(words), near, key=True)
        missing = [key for key in required if key not in self.value]
        for key in missing:
            self.fault(f"缺少 {key}", f"{key} is missing", expected=key, near=near)
        return not missing

    def items(self) -> Iterator[tuple[str, Cursor]]:
        """Yield the keys and values of a mapping; a fault and nothing for anything else."""
        if not isinstance(self.value, dict):
            self.fault("应为映射", "must be a mapping", expected="key: value")
            return
        for key in self.value:
            yield key, self[key]

    def each(self) -> Iterator[Cursor]:
        """Yield the members of a list; a lone value counts as a list of one."""
        if isinstance(self.value, list):
            for n in range(len(self.value)):
                yield self[n]
        elif self.value not in ("", None):
            yield self

    def text(self) -> str:
        """Return a text that is not empty."""
        if isinstance(self.value, str) and self.value.strip():
            return self.value.strip()
        self.fault("应为文本", "must be a text that is not empty")
        return ""

    def word(self, valid: Iterable[str], what_zh: str, what_en: str) -> str:
        """Return a text that is one of the ``valid`` words."""
        text = self.text()
        words = list(valid)
        if text and text not in words:
            self.fault(
                f"没有这个{what_zh} {text}", f"unknown {what_en} {text}", " | ".join(words), nearest(text, words)
            )
        return text

    def texts(self) -> list[str]:
        """Return ``[zh, en]`` of a text given in both languages."""
        if not self.keys(("zh", "en"), ("zh", "en")):
            return ["", ""]
        return [self["zh"].text(), self["en"].text()]

    def parsed(self, parse: Callable[[str], T], expected_zh: str, expected_en: str, default: T) -> T:
        """Return the text read by ``parse``, which raises ValueError for a wrong one."""
        text = self.text()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError:
            self.fault(f"{text} 有误，应为{expected_zh}", f"{text} is wrong", expected=expected_en)
            return default
