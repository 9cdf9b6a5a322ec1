"""Kinds of tables that a job reads, as data (``kinds.yaml``, or a plug-in's own file of the same form).

::

    kinds:
      visits:
        title: {zh: 回访记录, en: visits}
        unique: [order, at]                  # the columns that tell one row from another; none: the whole row
        ignored: [经办部门]                   # headers that are known and not read
        columns:
          order: {type: order, headers: [订单编号], required: true}
          at: {type: time, headers: [回访时间], required: true}
          done: {type: choice, headers: [是否完成], choices: {yes: [是, 已完成], no: [否]}}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Final

from tmcs.core.errors import InputError, unknown_word
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text
from tmcs.orders.words import fold

#: What a cell can hold; each is read by the function of its name in :mod:`tmcs.jobs.cells`.
TYPES: Final = ("text", "time", "day", "money", "number", "order", "choice")
_TRUTH: Final = ("true", "false")
_OWN: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kinds.yaml")


class Column:
    """A column of a kind of table.

    Attributes:
        key: its name in a row's values.
        type: one of :data:`TYPES`.
        headers: how its header may be spelt, the usual one first.
        required: whether a table must have it, and each row a value in it.
        choices: for a choice, folded word -> the choice it means.
    """

    __slots__ = ("choices", "headers", "key", "required", "type")

    def __init__(
        self, key: str, type: str, headers: tuple[str, ...], *, required: bool = False,
        choices: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.key = key
        self.type = type
        self.headers = headers
        self.required = required
        self.choices = dict(choices or {})

    @property
    def header(self) -> str:
        """The usual header, for messages."""
        return self.headers[0] if self.headers else self.key


class TableKind:
    """A kind of table.

    Attributes:
        name: the word for it.
        title: its name for a person.
        columns: by key.
        unique: keys of the columns that tell one row from another; empty for the whole row.
        ignored: folded headers that are known and not read.
    """

    __slots__ = ("columns", "ignored", "name", "title", "unique")

    def __init__(
        self, name: str, title: Text, columns: list[Column], *, unique: tuple[str, ...] = (),
        ignored: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.title = title
        self.columns = {column.key: column for column in columns}
        self.unique = unique
        self.ignored = frozenset(map(fold, ignored))

    @property
    def fields(self) -> dict[str, tuple[str, ...]]:
        """The folded spellings of each column's header, by key."""
        return {key: tuple(map(fold, column.headers)) for key, column in self.columns.items()}

    def required(self) -> list[Column]:
        """Return the columns that a table of this kind must have."""
        return [column for column in self.columns.values() if column.required]


def read_kinds(path: str) -> dict[str, TableKind]:
    """Return the kinds of a file, by name.

    Raises:
        InputError: the file breaks the form; each finding names file, line and column.
        NotFoundError: there is no such file.
        StorageError: it cannot be read.
    """
    from tmcs.lang.cache import load_yaml

    source = Source(path, load_yaml(path))
    found = _kinds(source)
    if source.findings:
        from tmcs.files import read_bytes
        from tmcs.lang.yaml import parse_yaml

        source = parse_yaml(read_bytes(path), path)
        _kinds(source)
        raise InputError(
            f"表格定义有误: {path}", f"faults in the kinds of tables: {path}", findings=source.findings
        )
    return found


@cache
def own_kinds() -> dict[str, TableKind]:
    """Return the kinds that tmcs itself knows."""
    return read_kinds(_OWN)


def kind(name: str) -> TableKind:
    """Return one of tmcs's own kinds.

    Raises:
        InputError: there is none of that name; the nearest are named.
    """
    known = own_kinds()
    if name not in known:
        raise unknown_word("表格类型", "kind of table", name, known)
    return known[name]


def _kinds(source: Source) -> dict[str, TableKind]:
    root = source.root
    if not root.keys(("kinds",), ("kinds",)):
        return {}
    return {name: _kind(name, at) for name, at in root["kinds"].items()}


def _kind(name: str, at: Cursor) -> TableKind:
    if not at.keys(("title", "unique", "ignored", "columns"), ("title", "columns")):
        return TableKind(name, Text(name, name), [])
    columns = [_column(key, one) for key, one in at["columns"].items()]
    keys = [column.key for column in columns]
    taken: dict[str, str] = {}
    for column in columns:
        for header in map(fold, column.headers):
            other = taken.setdefault(header, column.key)
            if other != column.key:
                at["columns"][column.key].fault(
                    f"表头“{header}”也属于 {other}", f"the header {header} belongs to {other} as well"
                )
    unique, ignored = at.get("unique"), at.get("ignored")
    zh, en = at["title"].texts()
    return TableKind(
        name, Text(zh, en), columns,
        unique=tuple(one.word(keys, "列", "column") for one in unique.each()) if unique else (),
        ignored=tuple(one.text() for one in ignored.each()) if ignored else (),
    )  # fmt: skip


def _column(key: str, at: Cursor) -> Column:
    if not at.keys(("type", "headers", "required", "choices"), ("type", "headers")):
        return Column(key, "text", ())
    type = at["type"].word(TYPES, "类型", "type")
    headers = tuple(one.text() for one in at["headers"].each())
    if not headers:
        at["headers"].fault("没有表头", "no header", "a list of headers")
    required = at.get("required")
    choices = at.get("choices")
    if (type == "choice") != (choices is not None):
        at.fault("choice 类型才有 choices，且必须有", "choices belong to the type choice, which must have them")
    words: dict[str, str] = {}
    for choice, spellings in choices.items() if choices else ():
        for word in (choice, *(one.text() for one in spellings.each())):
            other = words.setdefault(fold(word), choice)
            if other != choice:
                spellings.fault(f"“{word}”也属于 {other}", f"{word} belongs to {other} as well")
    return Column(
        key, type, headers, choices=words,
        required=required is not None and required.word(_TRUTH, "真假值", "truth value") == "true",
    )  # fmt: skip
