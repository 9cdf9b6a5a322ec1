"""Walks over the combinations of facts that can occur: the order in one of its states, an agent of one tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tmcs.core.life import HOURS_PAID, HOURS_SHIPPED, STATES, OrderState, hours_fit
from tmcs.core.program import Node, Program
from tmcs.core.walk import UNSET, Ends, Met, Tally, Walk

_NOTHING: Final = Tally(0, 0, Counter())


class ProofWatch(Ends):
    """What a walk over states tells besides the ends it meets."""

    def overlap(self, node: Node, value: Any, others: list[str], given: dict[str, Any]) -> None:
        """Take a value that two branches, or two rows of a table, cover."""


class StateWalk(Walk):
    """Walks a program for one order state and tier after the other; what no longer matters is walked once for all.

    Facts that the state decides are known from the start; they count as given where the path reads them, so that the
    facts given reproduce the path without an order.
    """

    def __init__(self, program: Program, watch: ProofWatch, keep: Iterable[str] = ()) -> None:
        """Prepare a walk.

        Args:
            program: the linked flow.
            watch: told of what is met.
            keep: facts that matter after the flow too; combinations that differ in one are not taken together.
        """
        super().__init__(program, watch)
        self.watch = watch
        self.keep = frozenset(keep)
        self.state: OrderState = STATES[0]
        self._since_paid: Any = None

    def start(self, state: OrderState, tier: str, given: Mapping[str, Any] | None = None) -> Tally:
        """Walk all paths of an order in ``state`` at ``tier``, with the facts that a flow before this one has learnt."""
        self.state = state
        known: dict[str, Any] = {}
        for name, value in state.facts.items():
            definition = self.program.facts.get(name)
            if definition is not None and definition.source == "order":
                known[name] = value
        known |= {name: UNSET for name, values in state.choices.items() if not values and name in self.program.facts}
        known |= {**(given or {}), "tier": tier}
        return self._go(self.program.start, known, {**(given or {}), "tier": tier}, Met())

    # ---- what a state leaves open ----------------------------------------------------------------------------------------

    def classes(self, fact: str) -> list[list[Any]]:
        found = super().classes(fact)
        allowed = self.state.choices.get(fact)
        if allowed is not None:
            found = [members for group in found if (members := [one for one in group if one in allowed])]
        if fact == HOURS_SHIPPED and self._since_paid is not None:
            paid = next(group for group in super().classes(HOURS_PAID) if self._since_paid in group)
            most = float("inf") if paid is super().classes(HOURS_PAID)[-1] else max(paid)
            found = [group for group in found if hours_fit(most, min(group))]
        return found

    def sign(self, fact: str, value: Any) -> tuple[Any, ...]:
        """Tell values apart that two branches cover, too."""
        twice = [
            tuple([low <= value <= high for low, high, _ in node.ranges])
            for node in self._nodes
            if node.fact == fact and node.ranges
        ]
        return (*super().sign(fact, value), *twice)

    def _key(self, node: Node, known: Mapping[str, Any], met: Met) -> Any:
        key = super()._key(node, known, met)
        reads = self._reads[node] | met.facts(self.program)
        open_ = tuple([values for name, values in self.state.choices.items() if name in reads])
        hours = known.get(HOURS_PAID) if HOURS_SHIPPED in reads else None
        return key, open_, hours, tuple([known.get(name) for name in sorted(self.keep)])

    def _spread(
        self, node: Node, fact: str, known: dict[str, Any], given: dict[str, Any], met: Met
    ) -> list[tuple[Tally, int]]:
        hours = known.get(HOURS_PAID)
        self._since_paid = hours if fact == HOURS_SHIPPED and hours is not UNSET else None
        return super()._spread(node, fact, known, given, met)

    # ---- the path's facts ------------------------------------------------------------------------------------------------

    def _noted(self, names: Iterable[str], known: Mapping[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Return the facts given, with those of the state that are read here."""
        read = {name: known[name] for name in names if name in self.state.facts and known.get(name) not in (None, UNSET)}
        return {**given, **read} if read else given

    def _ask(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        return super()._ask(node, known, self._noted((node.fact,), known, given), met)

    def _table(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        assert node.table is not None
        return super()._table(node, known, self._noted(node.table.inputs, known, given), met)

    def _follow(self, node: Node, value: Any, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        if node.table is not None:
            self._rows(node, value, known, given)
        elif value not in node.branches:
            others = [target.name for low, high, target in node.ranges if low <= value <= high]
            if len(others) > 1:
                self.watch.overlap(node, value, others, given)
        return super()._follow(node, value, known, given, met)

    def _rows(self, node: Node, value: Any, known: Mapping[str, Any], given: dict[str, Any]) -> None:
        """Look for two rows of a table that both hold, whatever its inputs that are not known yet turn out to be."""
        table = node.table
        assert table is not None
        key = tuple([None if (one := known.get(name)) is UNSET else one for name in table.inputs])
        for values in table.completions(key) if table.hit == "unique" else ():
            full = dict(zip(table.inputs, values, strict=True))
            rows = [row.name for row in table.match(full) if row.name != "otherwise"]
            if len(rows) > 1:
                self.watch.overlap(node, value, rows, {**given, **full})
                return


class SmallestWalk(StateWalk):
    """Walks in search of the case with the fewest facts: a rest is walked again where fewer facts lead to it.

    Attributes:
        bound: what has as many facts is not worth looking at; the watcher lowers it with each case it takes.
    """

    def __init__(self, program: Program, watch: ProofWatch, keep: Iterable[str] = ()) -> None:
        super().__init__(program, watch, keep)
        self.bound = float("inf")
        self._fewest: dict[Any, int] = {}

    def _go(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Tally:
        if len(given) >= self.bound:
            return _NOTHING
        key = self._key(node, known, met)
        if self._fewest.get(key, self.bound) <= len(given):
            return _NOTHING
        self._fewest[key] = len(given)
        self.reached.add(node)
        return self._at(node, known, given, self._meet(node, known, met))
