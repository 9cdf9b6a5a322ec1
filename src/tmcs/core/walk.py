"""Every path of a linked flow: the facts by the values that are told apart, each with one value along a path.

The walk is symbolic and remembers: from one node on, only what can still matter counts (the facts that are read
further on, the payouts, the refund and the texts met so far), so equal rests of paths are walked once and counted as
often as they occur. Each different end is then decided for real, by :func:`tmcs.core.resolve.resolve`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from tmcs.core.check_report import figures
from tmcs.core.check_tables import grouped, points
from tmcs.core.fill import COMPUTED, names
from tmcs.core.flow import ASK, LEAF
from tmcs.core.program import Effects, Node, Program

#: The value of a fact that stays unknown on a path.
UNSET: Final = object()
#: A branch as the walk names it: ("value", v), ("range", n), ("else", None), ("then", None), ("unset", None).
Branch = tuple[str, Any]


class Tally(NamedTuple):
    """How many paths and combinations of facts lie beyond a node, and how the combinations end."""

    paths: int
    combinations: int
    ends: Counter[str]


class Met(NamedTuple):
    """What the effects met so far leave to be settled at the end of a path."""

    pays: tuple[str, ...] = ()
    refund: tuple[str, str] | None = None
    goods: str | None = None
    texts: frozenset[tuple[Node, tuple[str, ...]]] = frozenset()

    def facts(self, program: Program) -> set[str]:
        """Return the facts and tables that the end will look at."""
        found: set[str] = set()
        for name in self.pays:
            reason = program.snapshot.payout(name)
            found |= {reason.base, *reason.needs, *reason.facts, "declines_coupon", "tier"}
        for word in (self.refund and self.refund[0], self.goods):
            if word and word.startswith("@"):
                found.add(word[1:])
        if self.refund and self.refund[1] in program.facts:
            found.add(self.refund[1])
        return found.union(*(waiting for _, waiting in self.texts))


class Ends:
    """What the walk tells of the ends it meets; the check listens."""

    def end(self, leaf: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> None:
        """Take a leaf, with the facts as they are known and as they were given."""

    def stop(self, node: Node, fact: str, given: dict[str, Any]) -> None:
        """Take a question that is open: the fact is asked or awaited."""

    def gap(self, node: Node, fact: str, values: list[Any], given: dict[str, Any]) -> None:
        """Take values that no branch covers."""

    def undecided(self, node: Node, table: str, given: dict[str, Any]) -> None:
        """Take a table that has no row for what is known."""


class Walk:
    """Walks a program from its first node to every end.

    Attributes:
        taken: the branches followed, by node.
        reached: the nodes met.
    """

    def __init__(self, program: Program, ends: Ends) -> None:
        self.program = program
        self.ends = ends
        self.taken: dict[Node, set[Branch]] = {}
        self.reached: set[Node] = set()
        self._memo: dict[Any, Tally] = {}
        self._classes: dict[str, list[list[Any]]] = {}
        self._nodes = reachable(program.start)
        self._reads = self._read_below()
        self._memo_reads: dict[Any, tuple[str, ...]] = {}

    def run(self) -> Tally:
        """Walk all paths."""
        return self._go(self.program.start, {}, {}, Met())

    # ---- what can still matter -----------------------------------------------------------------------------------------

    def _read_below(self) -> dict[Node, frozenset[str]]:
        """Return the facts that each node and those after it read; the graph has no loop."""
        found: dict[Node, frozenset[str]] = {}

        def read(node: Node) -> frozenset[str]:
            if node not in found:
                own = {node.fact, *(node.table.inputs if node.table else ())} - {""}
                found[node] = frozenset(own).union(*(read(child) for child in _after(node)))
            return found[node]

        read(self.program.start)
        return found

    def _key(self, node: Node, known: Mapping[str, Any], met: Met) -> Any:
        reads = self._memo_reads.get((node, met))
        if reads is None:
            wanted = self._reads[node] | met.facts(self.program)
            reads = self._memo_reads[node, met] = tuple(sorted(wanted))
        return node, met, tuple([known.get(name) for name in reads])

    def _meet(self, node: Node, known: Mapping[str, Any], met: Met) -> Met:
        fx = node.fx
        if fx is None:
            return met
        computed, waiting = False, set()
        for _, text in texts_of(fx):
            for name in names(text):
                computed = computed or name in COMPUTED
                if known.get(name) in (None, UNSET) and (name in self.program.facts or name in self.program.tables):
                    waiting.add(name)
        texts = met.texts
        if computed or waiting:
            texts |= {(node, tuple(sorted(waiting)))}
        pays = met.pays + tuple(reason.name for reason in fx.pays)
        return Met(pays, fx.refund or met.refund, fx.goods or met.goods, texts)

    # ---- the values of a fact ------------------------------------------------------------------------------------------

    def classes(self, fact: str) -> list[list[Any]]:
        """Return the values of a fact, those together that no node, table or payout row tells apart."""
        found = self._classes.get(fact)
        if found is None:
            found = self._classes[fact] = grouped(self._values(fact), lambda value: self.sign(fact, value))
        return found

    def sign(self, fact: str, value: Any) -> tuple[Any, ...]:
        """Return what the flow makes of a value; two values with one sign are never told apart."""
        signs: list[Any] = []
        for node in self._nodes:
            if node.fact == fact and node.table is None:
                signs.append(choose(node, value)[1])
            if node.table is not None and fact in node.table.inputs:
                signs += [test(value) for row in node.table.rows for name, test in row.tests if name == fact]
        for reason in self._reasons():
            signs += [test(value) for row in reason.rows for name, test in row.tests if name == fact]
        return tuple(signs)

    def _reasons(self) -> list[Any]:
        found = {reason.name: reason for node in self._nodes if node.fx for reason in node.fx.pays}
        return list(found.values())

    def _values(self, fact: str) -> list[Any]:
        if fact == "tier":
            return list(self.program.snapshot.tiers)
        definition = self.program.facts.get(fact)
        if definition is None:
            return [""]  # the item: any one of the order's
        if definition.values:
            return list(definition.values)
        if definition.type in ("money", "number"):
            low = -1 if definition.above is None else definition.above
            return [point for point in points([*self._operands(fact), low + 1]) if point > low]
        return [date(2026, 11, 20)] if definition.type == "date" else ["…"]

    def _operands(self, fact: str) -> Iterator[int]:
        for node in self._nodes:
            if node.fact == fact:
                for low, high, _ in node.ranges:
                    yield from (int(edge) for edge in (low, high) if abs(edge) != float("inf"))
            if node.table is not None and fact in node.table.inputs:
                yield from node.table.domains[fact]
        for reason in self._reasons():
            for row in figures(self.program.snapshot)["payouts"][reason.name]["rows"].values():
                for _, operand in row.get("when", {}).get(fact, {}).get("cmp", ()):
                    yield self.program.snapshot.number(fact, operand)

    # ---- the walk ------------------------------------------------------------------------------------------------------

    def _go(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        key = self._key(node, known, met)
        found = self._memo.get(key)
        if found is None:
            self.reached.add(node)
            found = self._memo[key] = self._at(node, known, given, self._meet(node, known, met))
        return found

    def _at(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        if node.kind is ASK:
            if node.table is not None:
                return self._table(node, known, given, met)
            return self._ask(node, known, given, met)
        if node.kind is LEAF:
            self.ends.end(node, known, given, met)
            return Tally(1, 1, Counter({_end(node): 1}))
        if node.jump is not None:
            known = {**known, **node.sets}
        assert node.then is not None
        return self._go(node.then, known, given, met)

    def _ask(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        fact = node.fact
        value = known.get(fact)
        if value is not None and value is not UNSET:
            return self._follow(node, value, known, given, met)
        parts = []
        if node.unset is not None:
            definition = node.fact_def
            if value is UNSET or definition is None or definition.default is None:
                self._mark(node, ("unset", None))
                parts.append((self._go(node.unset, {**known, fact: UNSET}, given, met), 1))
        else:
            parts.append((self._open(node, fact, given), 1))
        if value is None:
            parts += self._spread(node, fact, known, given, met)
        return _sum(parts)

    def _spread(
        self, node: Node, fact: str, known: dict[str, Any], given: dict[str, Any], met: Met
    ) -> list[tuple[Tally, int]]:
        """Walk on with each value of a fact that is not known yet."""
        parts = []
        for members in self.classes(fact):
            value = members[0]
            known, given = {**known, fact: value}, {**given, fact: value}
            go = self._table(node, known, given, met) if node.table else self._follow(node, value, known, given, met)
            parts.append((go, len(members) if self._counts(fact) else 1))
        return parts

    def _counts(self, fact: str) -> bool:
        definition = self.program.facts.get(fact)
        return definition is None or bool(definition.values)

    def _follow(self, node: Node, value: Any, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        alike = [value] if node.table else next((c for c in self.classes(node.fact) if value in c), [value])
        target = choose(node, value)[1]
        if target is None:
            self.ends.gap(node, node.fact, alike, given)
            return Tally(0, 0, Counter())
        for one in alike:
            self._mark(node, choose(node, one)[0])
        return self._go(target, known, given, met)

    def _open(self, node: Node, fact: str, given: dict[str, Any]) -> Tally:
        """Take the case that a fact is not known and no branch is for that: asked, or awaited."""
        definition = self.program.facts.get(fact)
        if definition is None or definition.default is not None:
            return Tally(0, 0, Counter())
        self.ends.stop(node, fact, given)
        if definition.source in ("agent", "order"):
            return Tally(0, 0, Counter())  # a question is no end
        return Tally(1, 1, Counter({f"waiting:{definition.source}": 1}))

    def _table(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        table = node.table
        assert table is not None
        values = [known.get(name) for name in table.inputs]
        try:
            row, missing = table.decide(tuple([None if value is UNSET else value for value in values]))
        except LookupError:
            self.ends.undecided(node, table.name, given)
            return Tally(0, 0, Counter())
        if row is not None:
            return self._follow(node, row.result, {**known, node.fact: row.result}, given, met)
        assert missing is not None
        if known.get(missing) is UNSET:
            return self._open(node, missing, given)
        if missing == "tier":
            return _sum(self._spread(node, missing, known, given, met))
        return _sum([(self._open(node, missing, given), 1), *self._spread(node, missing, known, given, met)])

    def _mark(self, node: Node, branch: Branch) -> None:
        self.taken.setdefault(node, set()).add(branch)


def _end(leaf: Node) -> str:
    """Return how a path ends: an outcome, waiting on a party, or asking again for an answer that does not fit."""
    if leaf.outcome is not None or leaf.wait is None:
        return leaf.outcome or ""
    return "needs-facts" if leaf.wait[0] == "agent" else f"waiting:{leaf.wait[0]}"


def _sum(parts: list[tuple[Tally, int]]) -> Tally:
    ends: Counter[str] = Counter()
    for tally, weight in parts:
        for word, count in tally.ends.items():
            ends[word] += count * weight
    return Tally(sum(t.paths for t, _ in parts), sum(t.combinations * w for t, w in parts), ends)


def choose(node: Node, value: Any) -> tuple[Branch, Node | None]:
    """Return the branch of a question that a value takes, and where it leads (None where no branch covers it)."""
    found = node.branches.get(value)
    if found is not None:
        return ("value", value), found
    for n, (low, high, target) in enumerate(node.ranges):
        if low <= value <= high:
            return ("range", n), target
    if node.other is not None:
        return ("else", None), node.other
    return ("then", None), node.then


def branches_of(node: Node) -> dict[Branch, Node]:
    """Return all branches of a question and where they lead."""
    found: dict[Branch, Node] = {("value", value): target for value, target in node.branches.items()}
    found |= {("range", n): target for n, (_, _, target) in enumerate(node.ranges)}
    for word, target_ in (("else", node.other), ("then", node.then), ("unset", node.unset)):
        if target_ is not None:
            found[word, None] = target_
    return found


def texts_of(fx: Effects) -> list[tuple[tuple[Any, ...], str]]:
    """Return the Chinese texts of a node's effects, each with its path below the node."""
    found: list[tuple[tuple[Any, ...], str]] = [(("do", n), text[0]) for n, (text, _) in enumerate(fx.steps)]
    found += [(("task", n), text[0]) for n, (_, text, _) in enumerate(fx.tasks)]
    found += [(("say", n), script.text[0]) for n, script in enumerate(fx.say)]
    return found


def _after(node: Node) -> list[Node]:
    return node.children() if node.unset is None else [*node.children(), node.unset]


def reachable(start: Node) -> list[Node]:
    """Return the nodes that the graph leads to from ``start``, itself first."""
    found = {start: None}
    todo = [start]
    while todo:
        for child in _after(todo.pop()):
            if child not in found:
                found[child] = None
                todo.append(child)
    return list(found)


def find_loops(start: Node, report: Callable[[Node, Node], None]) -> None:
    """Tell ``report`` of every edge that closes a loop: from which node, and back to which."""
    state: dict[Node, int] = {}

    def visit(node: Node) -> None:
        state[node] = 1
        for child in _after(node):
            if state.get(child) == 1:
                report(node, child)
            elif child not in state:
                visit(child)
        state[node] = 2

    visit(start)
