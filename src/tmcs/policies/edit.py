"""One figure changed in a policy file: the rest of the file, its comments, order and quoting too, stays byte for byte.

The file is read by the strict reader first, so what is edited is plain: mappings, lists and texts. The places come from
the nodes of ruamel.yaml; what is written is read again and must be the old data with just that figure changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.policy import is_dated
from tmcs.core.source import Path
from tmcs.core.text import Text
from tmcs.lang.yaml import parse_yaml

#: What may stand in a file without quotes and is never read as anything but a text.
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|\d{4}-\d{2}-\d{2}")
_WORDS: Final = frozenset(["yes", "no", "y", "n", "on", "off", "true", "false", "null"])
_BOM: Final = "\ufeff"


def changed(data: bytes, name: str, path: Path, value: Any, comment: str | None = None) -> bytes:
    """Return a policy file with the value at ``path`` set; keys that are not there are added.

    Args:
        data: the file as it is; empty for a new one.
        name: its name, for errors.
        path: where in the file, keys only.
        value: text, list or mapping.
        comment: a line to stand above it; None: none.

    Raises:
        InputError: the strict reader refuses the file, or the place cannot be edited by itself.
    """
    old = parse_yaml(data, name).data
    text = data.decode("utf-8-sig")
    new = _Editor(text, name).put(path, value, comment)
    made = (_BOM if data.startswith(_BOM.encode()) else "").encode() + new.encode()
    if parse_yaml(made, name).data != with_value(old or {}, path, value):
        raise _by_hand(name, path)
    return made


def with_value(data: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return a mapping with the value at a path set."""
    head, rest = path[0], path[1:]
    if not rest:
        return {**data, head: value}
    below = data.get(head)
    return {**data, head: with_value(below if isinstance(below, dict) else {}, rest, value)}


def _by_hand(name: str, path: Path) -> InputError:
    key = ".".join(map(str, path))
    return InputError(
        f"{name} 中 {key} 的写法不能单独修改，文件未动", f"{key} is written in {name} so that it cannot be changed by itself; the file is as it was",
        hint=Text("请手工修改，再 tmcs policy validate", "edit it by hand, then tmcs policy validate"),
    )  # fmt: skip


def flow_text(value: Any) -> str:
    """Return a value as YAML on one line; texts are quoted unless they are plain words or dates."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow_text(key)}: {flow_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow_text, value)) + "]"
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


#: What is put in the place of a part of a text: from, to, what.
_Edit = tuple[int, int, str]


class _Editor:
    """The text of a file and the nodes in it."""

    def __init__(self, text: str, name: str) -> None:
        from ruamel.yaml import YAML

        self.text = text
        self.name = name
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.root: Any = YAML(typ="safe", pure=True).compose(text) if text.strip() else None

    def put(self, path: Path, value: Any, comment: str | None) -> str:
        """Return the text with the value at ``path`` set."""
        if self.root is None:
            return self._appended(path, value, comment)
        node, key, anchor = self.root, None, None  # anchor: the last key on the way that begins a line
        for depth, word in enumerate(path):
            if type(node).__name__ != "MappingNode" or not (node.value or node.flow_style):
                raise _by_hand(self.name, path)
            pair = next((pair for pair in node.value if pair[0].value == word), None)
            if pair is None:
                return self._applied(self._inserted(node, path[depth:], value, comment, anchor))
            key, below = pair
            if not node.flow_style:
                anchor = key
            node = below
        return self._applied(self._replaced(node, key, value, comment, anchor))

    # ---- edits ---------------------------------------------------------------------------------------------------------

    def _applied(self, edits: list[_Edit]) -> str:
        text = self.text
        for start, end, what in sorted(edits, reverse=True):
            text = text[:start] + what + text[end:]
        return text

    def _appended(self, path: Path, value: Any, comment: str | None) -> str:
        before = self.text if not self.text or self.text.endswith("\n") else self.text + self.newline
        return before + self.newline.join(_block(path, value, 0, comment)) + self.newline

    def _inserted(self, node: Any, path: Path, value: Any, comment: str | None, anchor: Any) -> list[_Edit]:
        if node.flow_style:
            for word in reversed(path[1:]):
                value = {word: value}
            said = f"{flow_text(path[0])}: {flow_text(value)}"
            if not node.value:
                at = node.end_mark.index - 1
                return [(at, at, said), *self._comment(comment, anchor)]
            at = self._end(node.value[-1][1])
            return [(at, at, f", {said}"), *self._comment(comment, anchor)]
        at = self._line_end(self._end(node))
        lines = _block(path, value, node.value[0][0].start_mark.column, comment)
        said = "".join(self.newline + line for line in lines)
        return [(at, at, said + (self.newline if at == len(self.text) else ""))]

    def _replaced(self, node: Any, key: Any, value: Any, comment: str | None, anchor: Any) -> list[_Edit]:
        kind = type(node).__name__
        if kind == "SequenceNode" and is_dated(value) and all(_is_item(one) for one in node.value):
            return self._dated(node, value, comment, anchor)
        if kind != "ScalarNode" and not node.flow_style:  # from the colon on: a list may stand as far left as its key
            start = self.text.index(":", key.end_mark.index) + 1
            return [(start, self._end(node), f" {flow_text(value)}"), *self._comment(comment, anchor)]
        start, end = node.start_mark.index, self._end(node)
        gap = " " if start == end and self.text[start - 1 : start] == ":" else ""
        return [(start, end, gap + flow_text(value)), *self._comment(comment, anchor)]

    def _dated(self, node: Any, value: list[dict[str, Any]], comment: str | None, anchor: Any) -> list[_Edit]:
        """Change one date of a list, or put one in at its place; every other item stays as it is written."""
        days = [_part(item, "from").value for item in node.value]
        new = [one["from"] for one in value]
        edits: list[_Edit] = []
        for item, day in zip(node.value, days, strict=True):
            wanted = next((one["value"] for one in value if one["from"] == day), None)
            part = _part(item, "value")
            if wanted is not None and wanted != getattr(part, "value", None):
                if type(part).__name__ != "ScalarNode" or not isinstance(wanted, str):
                    continue  # a value of many parts that is the same; if it is not, the check of the whole says so
                edits.append((part.start_mark.index, self._end(part), flow_text(wanted)))
        for place, day in enumerate(new):
            if day in days:
                continue
            said = flow_text(value[place])
            if node.flow_style:
                at = self._end(node.value[place - 1]) if place else node.value[0].start_mark.index
                edits.append((at, at, f", {said}" if place else f"{said}, "))
                continue
            column = node.start_mark.column
            lines = [" " * column + line for line in ([comment] if comment else []) + [f"- {said}"]]
            if place:
                at = self._line_end(self._end(node.value[place - 1]))
                edits.append((at, at, "".join(self.newline + line for line in lines)))
            else:
                at = self._line_start(node.start_mark.index)
                edits.append((at, at, "".join(line + self.newline for line in lines)))
            return edits
        return [*edits, *self._comment(comment, anchor)]

    def _comment(self, comment: str | None, anchor: Any) -> list[_Edit]:
        """Return a comment on the line above a key; above everything where no key begins a line."""
        if comment is None:
            return []
        at = 0 if anchor is None else self._line_start(anchor.start_mark.index)
        column = 0 if anchor is None else anchor.start_mark.column
        return [(at, at, f"{' ' * column}{comment}{self.newline}")]

    # ---- places --------------------------------------------------------------------------------------------------------

    def _end(self, node: Any) -> int:
        """Return where a node really ends: of a block collection, ruamel says where the next thing begins."""
        if type(node).__name__ == "ScalarNode":
            end = int(node.end_mark.index)
            while end > node.start_mark.index and self.text[end - 1] in " \t\r\n":
                end -= 1
            return end
        if node.flow_style or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        return self._end(last[1] if isinstance(last, tuple) else last)

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        """Return where the line of ``index`` ends, before its line break."""
        found = self.text.find("\n", index)
        end = len(self.text) if found < 0 else found
        return end - 1 if end > index and self.text[end - 1] == "\r" else end


def _is_item(node: Any) -> bool:
    return type(node).__name__ == "MappingNode" and {pair[0].value for pair in node.value} == {"from", "value"}


def _part(item: Any, name: str) -> Any:
    return next(pair[1] for pair in item.value if pair[0].value == name)


def _block(path: Path, value: Any, column: int, comment: str | None) -> list[str]:
    """Return the lines of a value below its keys, each two columns further in."""
    lines = [" " * column + comment] if comment else []
    for depth, word in enumerate(path):
        said = f"{flow_text(word)}:" if depth < len(path) - 1 else f"{flow_text(word)}: {flow_text(value)}"
        lines.append(" " * (column + 2 * depth) + said)
    return lines


def dated_value(before: Any, value: Any, day: date, start: date) -> list[dict[str, Any]]:
    """Return a figure as a list of dated values, with one more.

    Args:
        before: what it is now: dated, or one value that has always held.
        value: what it is from ``day`` on.
        start: from when the one value is said to hold; a day before ``day`` where that is no earlier.
    """
    first = min(start, day - timedelta(days=1)).isoformat()
    items = list(before) if is_dated(before) else [{"from": first, "value": before}]
    kept = [one for one in items if one["from"] != day.isoformat()]
    return sorted([*kept, {"from": day.isoformat(), "value": value}], key=lambda one: str(one["from"]))
