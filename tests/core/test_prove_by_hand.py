"""The proof's walk against a walk that knows nothing but the engine: every combination decided by itself."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.conftest import NOW
from tmcs import loader
from tmcs.core.life import STATES, OrderState
from tmcs.core.order import parse_time
from tmcs.core.program import program
from tmcs.core.prove import prove_flow
from tmcs.core.prove_walk import ProofWatch, StateWalk
from tmcs.core.resolution import Step
from tmcs.core.resolve import resolve

FLOWS = (
    "held-order", "invoice", "missing-item", "damage", "mismatch", "unsigned", "price", "abnormal-sign", "abnormal-refund",
    "normal-refund", "reorder", "escalation", "ship-tracking", "rejection",
)  # fmt: skip


class ByHand:
    """Asks the engine what is missing, gives every value, and counts how the combinations end."""

    def __init__(self, name: str) -> None:
        self.flow, self.policy = loader.load_flow(name, checked=False), loader.load_policy()
        self.now = parse_time(NOW)
        self.linked = program(self.flow, self.policy.at(self.now))
        self.walk = StateWalk(self.linked, ProofWatch())
        self.ends: Counter[str] = Counter()

    def count(self) -> Counter[str]:
        for state in STATES:
            self.walk.state = state
            for tier in self.linked.snapshot.tiers:
                facts = {n: v for n, v in state.facts.items() if (f := self.linked.facts.get(n)) and f.source == "order"}
                self.explore(state, {**facts, "tier": tier, "item": "", "paid_amount": "100.00"}, frozenset())
        return self.ends

    def explore(self, state: OrderState, facts: dict[str, str], left_open: frozenset[str]) -> None:
        found = resolve(self.flow, None, facts, self.policy, self.now)
        for step in found.path:  # what was not given, and could have been
            name = step.fact
            could = name and name not in facts and name not in left_open and step.source in ("default", "unset")
            if name and could and self.matters(step, facts):
                if step.source == "unset":
                    self.explore(state, facts, left_open | {name})
                self.spread(state, name, facts, left_open)
                return
        if found.outcome is not None:
            self.ends[found.outcome] += 1
        elif found.walked[-1][1] is None and found.walked[-1][2] in ("waiting", "needs-facts"):
            self.ends["needs-facts" if found.needs else f"waiting:{found.waits[-1][0]}"] += 1
        elif found.needs:
            self.spread(state, found.needs[0].name, facts, left_open)
        else:
            party, name, _ = found.waits[-1]
            self.ends[f"waiting:{party}"] += 1
            self.spread(state, name, facts, left_open)

    def matters(self, step: Step, facts: dict[str, str]) -> bool:
        """Return whether a table would ask for an input that has a default, were it not known."""
        table = step.node.table
        if table is None or step.fact not in table.inputs:
            return True
        known = [self.linked.facts[n].parse(facts[n]) if n in facts and n in self.linked.facts else facts.get(n) for n in table.inputs]
        return table.decide(tuple(known))[1] == step.fact

    def spread(self, state: OrderState, name: str, facts: dict[str, str], left_open: frozenset[str]) -> None:
        definition = self.linked.facts[name]
        if state.choices.get(name) == () or name in left_open:  # no answer, or taken to stay without one
            return
        for members in self.walk.classes(name):
            for value in members if definition.values else members[:1]:
                self.explore(state, {**facts, name: definition.write(value)}, left_open)


@pytest.mark.parametrize("name", FLOWS)
def test_the_proof_counts_what_the_engine_decides(name: str) -> None:
    assert dict(ByHand(name).count()) == prove_flow(loader.load_flow(name, checked=False), loader.load_policy()).outcomes
