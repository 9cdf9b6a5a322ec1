"""Decision tables: conditions on facts, one result. Flows use them as derived facts, the policy as rules of its own.

A table's hit policy is ``unique`` (every combination is covered by exactly one row) or ``first`` (the first row that
matches), in the sense of DMN. A table is evaluated with what is known: an input is missing only if some value of it
would change the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tmcs.core.source import Cursor


HIT_POLICIES: Final = ("unique", "first")
_OPERATORS: Final = ("<=", ">=", "<", ">", "=")

#: A comparison: operator and operand, which is a number as text or ``$name`` of a policy limit.
Comparison = tuple[str, str]


def read_comparisons(text: str) -> list[Comparison] | None:
    """Return the comparisons of a text such as ``> $a and <= 20``, or None if it is none."""
    found: list[Comparison] = []
    for piece in text.split(" and "):
        piece = piece.strip()
        for operator in _OPERATORS:
            if piece.startswith(operator):
                found.append((operator, piece[len(operator) :].strip()))
                break
        else:
            return None
    return found


def interval(comparisons: list[list[str]], number: Callable[[str], int]) -> tuple[float, float]:
    """Return the whole numbers ``low`` to ``high`` (both included) that satisfy all comparisons."""
    low, high = float("-inf"), float("inf")
    for operator, operand in comparisons:
        value = number(operand)
        if operator == "<=":
            high = min(high, value)
        elif operator == "<":
            high = min(high, value - 1)
        elif operator == ">=":
            low = max(low, value)
        elif operator == ">":
            low = max(low, value + 1)
        else:
            low, high = max(low, value), min(high, value)
    return low, high


def read_when(cursor: Cursor) -> dict[str, Any]:
    """Return the normal form of a row's conditions: ``{fact: {"in": [values]} | {"cmp": [[op, operand], …]}}``."""
    normal: dict[str, Any] = {}
    for fact, condition in cursor.items():
        if isinstance(condition.value, list):
            normal[fact] = {"in": [c.text() for c in condition.each()]}
            continue
        text = condition.text()
        comparisons = read_comparisons(text)
        normal[fact] = {"cmp": [list(c) for c in comparisons]} if comparisons else {"in": [text]}
    return normal


_ROW_KEYS: Final = ("when", "is", "cite", "note")
_TABLE_KEYS: Final = ("title", "inputs", "values", "hit", "rows", "otherwise", "cite", "note")


def read_table(cursor: Cursor) -> dict[str, Any]:
    """Return the normal form of a table; faults are noted in its source."""
    normal: dict[str, Any] = {"inputs": [], "values": {}, "hit": "unique", "rows": [], "title": ["", ""], "cite": []}
    if not cursor.keys(_TABLE_KEYS, ("inputs", "values", "rows")):
        return normal
    normal["inputs"] = [c.text() for c in cursor["inputs"].each()]
    normal["values"] = {value: label.texts() for value, label in cursor["values"].items()}
    if hit := cursor.get("hit"):
        normal["hit"] = hit.word(HIT_POLICIES, "命中方式", "hit policy")
    if title := cursor.get("title"):
        normal["title"] = title.texts()
    normal["cite"] = _cites(cursor)
    for name, row in cursor["rows"].items():
        if not row.keys(_ROW_KEYS, ("when", "is")):
            continue
        when = read_when(row["when"])
        for fact in when:
            if fact not in normal["inputs"]:
                row["when"][fact].fault(f"{fact} 不在 inputs 之中", f"{fact} is not among the inputs", key=True)
        result = row["is"].word(normal["values"], "结果", "result")
        normal["rows"].append({"name": name, "when": when, "is": result, "cite": _cites(row)})
    if otherwise := cursor.get("otherwise"):
        if otherwise.keys(("is", "cite", "note"), ("is",)):
            result = otherwise["is"].word(normal["values"], "结果", "result")
            normal["rows"].append({"name": "otherwise", "when": {}, "is": result, "cite": _cites(otherwise)})
        normal["otherwise"] = True
    return normal


def _cites(cursor: Cursor) -> list[str]:
    cite = cursor.get("cite")
    return [c.text() for c in cite.each()] if cite else []


def compile_when(when: Mapping[str, Any], number: Callable[[str, str], int]) -> list[tuple[str, Callable[[Any], bool]]]:
    """Return the conditions as predicates; ``number(fact, operand)`` gives an operand in the fact's unit."""
    tests: list[tuple[str, Callable[[Any], bool]]] = []
    for fact, condition in when.items():
        if "in" in condition:
            tests.append((fact, frozenset(condition["in"]).__contains__))
        else:
            low, high = interval(condition["cmp"], lambda operand, fact=fact: number(fact, operand))  # type: ignore[misc]
            tests.append((fact, lambda value, low=low, high=high: low <= value <= high))  # type: ignore[misc]
    return tests


class Row:
    """One row of a table: its name, its predicates, its result and the rules it cites."""

    __slots__ = ("cites", "name", "result", "tests")

    def __init__(self, name: str, tests: list[tuple[str, Callable[[Any], bool]]], result: str, cites: list[str]):
        self.name = name
        self.tests = tests
        self.result = result
        self.cites = cites


class Table:
    """A decision table, ready to be asked.

    Attributes:
        name: its name; as a fact of that name its result can be branched on.
        inputs: the facts it reads, in the order in which they are asked.
        domains: the values that each input can take (numbers: one for each interval that the rows tell apart).
        values: the results with their labels, ``{value: [zh, en]}``.
    """

    __slots__ = ("cites", "domains", "hit", "inputs", "memo", "name", "rows", "title", "values")

    def __init__(
        self,
        name: str,
        normal: Mapping[str, Any],
        values_of: Callable[[str], list[str] | None],
        number: Callable[[str, str], int],
    ) -> None:
        """Compile a table.

        Args:
            name: its name.
            normal: its normal form, as :func:`read_table` gives it.
            values_of: the values of a choice fact by name; None for a number.
            number: an operand in the unit of a fact.
        """
        self.name = name
        self.inputs: tuple[str, ...] = tuple(normal["inputs"])
        self.hit: str = normal["hit"]
        self.values: dict[str, list[str]] = normal["values"]
        self.title: list[str] = normal["title"]
        self.cites: list[str] = normal["cite"]
        self.rows = [Row(r["name"], compile_when(r["when"], number), r["is"], r["cite"]) for r in normal["rows"]]
        self.domains: dict[str, list[Any]] = {}
        for fact in self.inputs:
            values = values_of(fact)
            self.domains[fact] = _samples(fact, normal["rows"], number) if values is None else list(values)
        self.memo: dict[tuple[Any, ...], tuple[Row | None, str | None]] = {}

    def match(self, values: Mapping[str, Any]) -> list[Row]:
        """Return the rows that match a full set of inputs, in order."""
        return [row for row in self.rows if all(test(values[fact]) for fact, test in row.tests)]

    def decide(self, key: tuple[Any, ...]) -> tuple[Row | None, str | None]:
        """Decide with the input values of ``key`` (None for unset).

        Returns:
            The row and None; or None and the input to ask for next, which is one that can change the result.
        """
        found = self.memo.get(key)
        if found is None:
            found = self._decide(key)
            if len(self.memo) < 4096:  # inputs that are numbers could fill it without end
                self.memo[key] = found
        return found

    def _decide(self, key: tuple[Any, ...]) -> tuple[Row | None, str | None]:
        outcomes = {}
        for full in self.completions(key):
            rows = self.match(dict(zip(self.inputs, full, strict=True)))
            outcomes[full] = rows[0] if rows else None
        results = {row.result if row else None for row in outcomes.values()}
        if len(results) == 1:
            row = next(iter(outcomes.values()))
            if row is None:
                raise LookupError(self.name)
            return row, None
        for n, value in enumerate(key):
            if value is None and self._matters(outcomes, n):
                return None, self.inputs[n]
        # No single input changes the result by itself, several together do: ask for the first.
        return None, self.inputs[key.index(None)]

    def completions(self, key: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """Return every full set of inputs that those of ``key`` (None for unset) can become."""
        return product(
            *([value] if value is not None else self.domains[fact] for fact, value in zip(self.inputs, key, strict=True))
        )

    @staticmethod
    def _matters(outcomes: Mapping[tuple[Any, ...], Row | None], n: int) -> bool:
        seen: dict[tuple[Any, ...], str | None] = {}
        for full, row in outcomes.items():
            rest = full[:n] + full[n + 1 :]
            result = row.result if row else None
            if seen.setdefault(rest, result) != result:
                return True
        return False


def _samples(fact: str, rows: list[dict[str, Any]], number: Callable[[str, str], int]) -> list[Any]:
    """Return one whole number from each interval that the rows' comparisons on ``fact`` tell apart."""
    points = {0}
    for row in rows:
        for _, operand in row["when"].get(fact, {}).get("cmp", ()):
            value = number(fact, operand)
            points |= {value - 1, value, value + 1}
    return sorted(point for point in points if point >= 0)
