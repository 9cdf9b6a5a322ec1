"""Selections of orders as data: one condition, compiled to a Python function for one record and to SQL for the order book.

A condition is three-valued, as the order record is: a key that the source does not carry makes what is asked of it
unknown, a key that is null is known to be empty. A selection gives the orders for which it is true and, apart, those for
which it cannot be known: nothing is dropped in silence.

Grammar (YAML)::

    all: [condition, …]    any: [condition, …]    not: condition    (several keys of one mapping: all of them)
    field: value           field: [value, …]      equal to one of them
    field: {is: set | empty | unknown}                    ``unknown`` is always known; the others are unknown of an absent key
    field: {from: X, before: Y, above: X, at_most: Y}     X, Y: a literal, or $name of a moment given at the run

The order book keeps each field in a column of its own, coded so that an index serves all three cases: the value, ``""``
for empty, ``"~"`` for unknown.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.order import STATUSES
from tmcs.core.source import Cursor
from tmcs.store.tables_jobs import CODED

if TYPE_CHECKING:
    from tmcs.store.base import Store

UNKNOWN: Final = "~"
EMPTY: Final = ""

#: Field -> the column of the order book that holds it, coded.
FIELDS: Final[dict[str, str]] = CODED
#: Fields that an index begins with or narrows by, the best first: an unknown one gets an arm of its own, so that the index
#: still serves.
INDEXED: Final = ("status", "pay_time", "consign_time", "created", "end_time", "sign_time")
#: Fields of which an ``any`` is taken apart, each part with the index to itself.
APART: Final = ("sign_time",)
_BOUNDS: Final = {"from": ">=", "before": "<", "above": ">", "at_most": "<="}
_JOINS: Final = ("all", "any", "not")
_STATES: Final = ("set", "empty", "unknown")

#: What is known: True, False, or None where it cannot be known.
Answer = bool | None
Params = Mapping[str, str]


class Node(ABC):
    """A condition."""

    @abstractmethod
    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        """Return whether the condition holds of a record."""

    @abstractmethod
    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        """Return the SQL that is true for exactly the rows of which the condition is ``want``, and its values."""


class FieldTest(Node):
    """One field compared: equal to one of ``values``, within ``bounds``, or in a ``state``."""

    __slots__ = ("bounds", "column", "field", "state", "values")

    def __init__(self, field: str, values: list[str], bounds: list[tuple[str, str]], state: str | None) -> None:
        self.field = field
        self.column = FIELDS[field]
        self.values = values
        self.bounds = bounds
        self.state = state

    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        code = coded(record, self.field)
        if self.state == "unknown":
            return code == UNKNOWN
        if code == UNKNOWN:
            return None
        if self.state is not None:
            return (code == EMPTY) == (self.state == "empty")
        if code == EMPTY:
            return False
        if self.values:
            return code in self.values
        return all(_COMPARE[sign](code, _value(bound, params)) for sign, bound in self.bounds)

    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        column = self.column
        if self.state == "unknown":
            if want and self.field == "status":
                return f"(status IS NULL AND NOT {column} <> ?)", [UNKNOWN]  # by orders_open: the coded column would choose another
            return ("0 = 1", []) if want is None else (f"{column} {'=' if want else '<>'} ?", [UNKNOWN])
        if want is None:
            return f"{column} = ?", [UNKNOWN]
        if self.state is not None:
            if want == (self.state == "empty"):
                return f"{column} = ?", [EMPTY]
            return f"{column} NOT IN (?, ?)", [UNKNOWN, EMPTY]
        if self.values:
            marks = ", ".join("?" for _ in self.values)
            if want:
                return _among(self)
            return f"({column} NOT IN ({marks}) AND {column} <> ?)", [*self.values, UNKNOWN]
        terms = [f"{column} {sign} ?" for sign, _ in self.bounds]
        given = [_value(bound, params) for _, bound in self.bounds]
        # A time is longer than either code: the codes are kept out by name, not by their place in the order.
        inside = f"({' AND '.join([*terms, f'{column} <> ?', f'{column} <> ?'])})"
        if want:
            return inside, [*given, UNKNOWN, EMPTY]
        return f"(NOT ({' AND '.join(terms)}) AND {column} <> ? OR {column} = ?)", [*given, UNKNOWN, EMPTY]


def _among(test: FieldTest) -> tuple[str, list[str]]:
    """Return the SQL of equality.

    Statuses stand as they are, of the plain column and of the coded one: in the words and order of the partial indexes
    (SWEEPS), and for the others.
    """
    marks = ", ".join("?" for _ in test.values)
    coded_too = f"{test.column} IN ({marks})", list(test.values)
    if test.field == "status" and all(value in STATUSES for value in test.values):
        plain = " OR ".join(f"status = '{value}'" for value in sorted(set(test.values)))
        return f"(({plain}) AND {coded_too[0]})", coded_too[1]
    return coded_too


def open_fields(condition: Node, record: Mapping[str, Any], params: Params) -> list[str]:
    """Return the fields that the record lacks where a condition cannot be answered for it."""
    if condition.ask(record, params) is not None:
        return []
    if isinstance(condition, FieldTest):
        return [condition.field]
    parts = condition.parts if isinstance(condition, (All, Any_)) else [condition.part] if isinstance(condition, (Not, NotFalse)) else []
    return list(dict.fromkeys(field for part in parts for field in open_fields(part, record, params)))


class All(Node):
    """Every one of several conditions."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts

    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        answers = [part.ask(record, params) for part in self.parts]
        return False if False in answers else None if None in answers else True

    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        if want is None:  # none is false, and not all are true
            return _join(" AND ", [_not(self.sql(params, False)), _not(self.sql(params, True))])
        return _join(" AND " if want else " OR ", [part.sql(params, want) for part in self.parts])


class Any_(Node):  # noqa: N801 (Any is typing's)
    """At least one of several conditions."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[Node]) -> None:
        self.parts = parts

    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        answers = [part.ask(record, params) for part in self.parts]
        return True if True in answers else None if None in answers else False

    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        if want is None:
            return _join(" AND ", [_not(self.sql(params, False)), _not(self.sql(params, True))])
        return _join(" OR " if want else " AND ", [part.sql(params, want) for part in self.parts])


class Not(Node):
    """The contrary of a condition."""

    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        answer = self.part.ask(record, params)
        return None if answer is None else not answer

    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        return self.part.sql(params, None if want is None else not want)


def _join(word: str, parts: list[tuple[str, list[str]]]) -> tuple[str, list[str]]:
    return "(" + word.join(sql for sql, _ in parts) + ")", [value for _, values in parts for value in values]


def _not(part: tuple[str, list[str]]) -> tuple[str, list[str]]:
    return f"NOT {part[0]}", part[1]


_COMPARE: Final[dict[str, Callable[[str, str], bool]]] = {
    ">=": str.__ge__, "<": str.__lt__, ">": str.__gt__, "<=": str.__le__,
}  # fmt: skip


def _value(bound: str, params: Params) -> str:
    return params[bound[1:]] if bound.startswith("$") else bound


def coded(record: Mapping[str, Any], field: str) -> str:
    """Return a field as the order book's column holds it: its text, :data:`EMPTY` or :data:`UNKNOWN`."""
    if field not in record:
        return UNKNOWN
    value = record[field]
    return EMPTY if value is None or value == "" else str(value)


def arms(condition: Node) -> list[Node]:
    """Return conditions that are true of disjoint sets of rows, which together are those the condition is not false of.

    Of an ``any`` each part is apart from those before it, so that each may use an index of its own. Of the rest the first
    is the condition with its indexed fields known; each further one has an indexed field unknown.
    """
    parts = _flat(condition)
    for place, part in enumerate(parts):
        if isinstance(part, Any_) and (len(parts) == 1 or all(isinstance(one, FieldTest) and one.field in APART for one in part.parts)):
            rest = [*parts[:place], *parts[place + 1 :]]
            sets = ([*rest, one, *map(IsFalse, part.parts[:n])] for n, one in enumerate(part.parts))
            return [arm for one in sets for arm in arms(All(one))]
    narrow = _narrow(parts)
    loose: list[Node] = [NotFalse(part) for part in parts if part not in narrow]
    found: list[Node] = [All([*narrow, *loose])]
    for place, test in enumerate(narrow):
        unknown = FieldTest(test.field, [], [], "unknown")
        others: list[Node] = [*narrow[:place], unknown, *(NotFalse(one) for one in narrow[place + 1 :])]
        found.append(All([*others, *loose]))
    return found


def _narrow(parts: list[Node]) -> list[FieldTest]:
    """Return the tests that an index serves: equalities, then one range, for an index has no use for a second.

    A range with a beginning is taken before one without: in a book that grows the newest are few.
    """
    tests = [one for one in parts if isinstance(one, FieldTest) and one.field in INDEXED]
    ranges = [one for one in tests if one.bounds]
    ranges.sort(key=lambda one: (not any(sign[0] == ">" for sign, _ in one.bounds), INDEXED.index(one.field)))
    equal = [one for one in tests if one.values or (one.state == "empty" and one.field in APART)]
    return [*equal, *ranges[:1]]


def _flat(condition: Node) -> list[Node]:
    return [inner for part in condition.parts for inner in _flat(part)] if isinstance(condition, All) else [condition]


class NotFalse(Node):
    """True where a condition is true or unknown."""

    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        return self.part.ask(record, params) is not False

    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        if want is None:
            return "0 = 1", []
        false = self.part.sql(params, False)
        return _not(false) if want else false


class IsFalse(Node):
    """True where a condition is false."""

    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def ask(self, record: Mapping[str, Any], params: Params) -> Answer:
        return self.part.ask(record, params) is False

    def sql(self, params: Params, want: Answer) -> tuple[str, list[str]]:
        if want is None:
            return "0 = 1", []
        false = self.part.sql(params, False)
        return false if want else _not(false)


def query(condition: Node, params: Params, columns: str = "tid, record") -> tuple[str, list[str]]:
    """Return the SELECT over the order book of all orders that a condition is true or unknown of."""
    parts = [arm.sql(params, True) for arm in arms(condition)]
    sql = " UNION ALL ".join(f"SELECT {columns} FROM orders WHERE {where}" for where, _ in parts)
    return sql, [value for _, values in parts for value in values]


def read(cursor: Cursor, params: list[str]) -> Node:
    """Return the condition that a cursor is on; faults are noted with file, line and column.

    Args:
        params: the names that ``$…`` may stand for.
    """
    if not cursor.keys((*FIELDS, *_JOINS)):
        return All([])
    parts = [_read_part(name, one, params) for name, one in cursor.items() if name in FIELDS or name in _JOINS]
    if not parts:
        cursor.fault("条件不能为空", "a condition must not be empty", expected="field: value")
    return parts[0] if len(parts) == 1 else All(parts)


def _read_part(name: str, cursor: Cursor, params: list[str]) -> Node:
    if name in FIELDS:
        return _read_test(name, cursor, params)
    if name == "not":
        return Not(read(cursor, params))
    parts = [read(one, params) for one in cursor.each()]
    if not parts:
        cursor.fault("条件不能为空", "a condition must not be empty", expected="[condition, …]")
    return All(parts) if name == "all" else Any_(parts)


def _read_test(field: str, cursor: Cursor, params: list[str]) -> FieldTest:
    value = cursor.value
    if isinstance(value, dict):
        if "is" in value:
            cursor.keys(("is",))
            return FieldTest(field, [], [], cursor["is"].word(_STATES, "状态", "state"))
        bounds = []
        cursor.keys(_BOUNDS)
        for name, bound in cursor.items():
            text = bound.text()
            if text.startswith("$") and text[1:] not in params:
                bound.fault(f"没有 {text}", f"unknown {text}", " | ".join(f"${one}" for one in params))
            if name in _BOUNDS:
                bounds.append((_BOUNDS[name], text))
        return FieldTest(field, [], bounds, None)
    values = [one.word(STATUSES, "订单状态", "order status") if field == "status" else one.text() for one in cursor.each()]
    if not values:
        cursor.fault("应有取值", "a value is missing")
    return FieldTest(field, values, [], None)


def orders(store: Store, condition: Node, params: Params) -> Iterator[tuple[str, dict[str, Any], Answer]]:
    """Yield number, record and answer of each order that a condition is not false of, in constant memory, by number."""
    sql, values = query(condition, params)
    for tid, text in store.stream(f"SELECT tid, record FROM ({sql}) AS found ORDER BY tid", values):
        record = json.loads(text)
        yield tid, record, condition.ask(record, params)
