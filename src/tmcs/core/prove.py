"""The proof of a flow: every combination of facts that can occur ends once, within cap and authority.

Pure. Walks the flow for every state of an order (:mod:`tmcs.core.life`) and every tier, decides each different end for
real and looks at the result with arithmetic of its own (:mod:`tmcs.core.prove_money`). Of each fault it keeps the case
with the fewest facts, then leaves out what is not needed to show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.core.check import moments
from tmcs.core.end_cases import EndCases
from tmcs.core.errors import TmcsError
from tmcs.core.flow import Flow
from tmcs.core.life import STATES, OrderState
from tmcs.core.order import Order
from tmcs.core.policy import Policy
from tmcs.core.program import Node, Program, program
from tmcs.core.prove_money import money_faults
from tmcs.core.prove_report import (
    GAP,
    NO_PATH,
    NO_RESULT,
    OTHER_END,
    OVERLAP,
    UNANSWERABLE,
    FlowProof,
    ProofFault,
)  # fmt: skip
from tmcs.core.prove_walk import ProofWatch, SmallestWalk, StateWalk
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, WAITING, Resolution
from tmcs.core.resolve import resolve
from tmcs.core.walk import Met, reachable

#: An order of three units on which the amounts of a refund are tried.
SAMPLE: Final[dict[str, Any]] = {
    "tid": "1", "payment": "100.00", "orders": [{"oid": "1", "sku": "S1", "title": "…", "price": "40.00", "num": 3, "payment": "100.00"}],
}  # fmt: skip
_UNITS: Final = (None, "1", "3")
#: What identifies a fault: its kind, the node, and what it is about there.
Mark = tuple[str, Node, str]
_ERRORS: Final = (TmcsError, LookupError, AssertionError, TypeError)


def prove_flow(flow: Flow, policy: Policy, word: str | None = None) -> FlowProof:
    """Prove one flow that passes its check.

    Args:
        flow: the flow, with the flows it goes on in.
        policy: the figures; each version of a policy that changes over time is proved.
        word: what names the flow on a command line; default its id.

    Returns:
        The proof: what was walked and decided, and every fault with its smallest counterexample.
    """
    proof = FlowProof(flow.id, word or flow.id)
    for moment in moments(policy):
        _Prover(flow, policy, moment, proof, moment if policy.dated else None).prove()
    return proof


class _Prover:
    """Proves a flow under the policy of one moment."""

    def __init__(self, flow: Flow, policy: Policy, moment: datetime, proof: FlowProof, now: datetime | None) -> None:
        self.flow = flow
        self.policy = policy
        self.moment = moment
        self.now = now
        self.proof = proof
        self.linked: Program = program(flow, policy.at(moment))

    def prove(self) -> None:
        watch = _Watch(self)
        walk = StateWalk(self.linked, watch)
        watch.begin(walk)
        paths, combinations, ends = self._over_states(walk)
        proof = self.proof
        proof.paths, proof.combinations, proof.cases = paths, combinations, watch.decided
        proof.outcomes = dict(sorted(ends.items()))
        for mark in watch.found:
            self._smallest(mark)
        leaves = [node for node in reachable(self.linked.start) if node.graph is self.flow and _is_end(node)]
        proof.ends = (sum(node in walk.reached for node in leaves), len(leaves))
        for node in leaves:
            if node not in walk.reached:
                self._no_path(node, walk.reached)

    def _over_states(self, walk: StateWalk) -> tuple[int, int, Counter[str]]:
        paths = combinations = 0
        ends: Counter[str] = Counter()
        watch = walk.watch
        for state in STATES:
            for tier in self.linked.snapshot.tiers:
                if isinstance(watch, _Watch):
                    watch.state = state
                tally = walk.start(state, tier)
                paths, combinations = max(paths, tally.paths), combinations + tally.combinations
                ends.update(tally.ends)
        return paths, combinations, ends

    def _smallest(self, mark: Mark) -> None:
        """Search for the case of a fault with the fewest facts, and leave out what is not needed."""
        watch = _Watch(self, only=mark)
        walk = SmallestWalk(self.linked, watch)
        watch.begin(walk)
        self._over_states(walk)
        fault = watch.found[mark]
        shown = watch.shows.get(mark)
        if shown is not None:
            for name in [name for name in reversed(fault.facts) if name != "tier"]:
                rest = {fact: value for fact, value in fault.facts.items() if fact != name}
                if shown(rest):
                    fault.facts = rest
        fault.now = self.now
        self.proof.faults.append(fault)

    def _no_path(self, end: Node, reached: set[Node]) -> None:
        """Tell of an end that no combination reaches: the facts that lead there contradict each other or the order."""
        free = _Free(self, end)
        free.search()
        if free.found is None:  # not even then: the last node on the way there that is reached
            near = [node for node in reached if end in reachable(node) and node.graph is self.flow]
            deepest = min(near, key=lambda node: len(reachable(node)), default=None)
            if deepest is not None:
                free = _Free(self, deepest)
                free.search()
        said = end.title or [end.name, end.name]
        text = (f"没有一种可能的情况到达 {end.name} ({said[0]})", f"no case that can occur reaches {end.name} ({said[1]})")
        fault = ProofFault(NO_PATH, end.name, *text, None, free.found or {})
        fault.now = self.now
        self.proof.faults.append(fault)


def _is_end(node: Node) -> bool:
    return node.jump is not None or (node.wait is not None and node.then is None) or node.outcome is not None


class _Watch(ProofWatch):
    """Decides each end that a walk meets, and keeps of each fault the case with the fewest facts."""

    def __init__(self, prover: _Prover, only: Mark | None = None) -> None:
        self.prover = prover
        self.only = only
        self.state: OrderState = STATES[0]
        self.found: dict[Mark, ProofFault] = {}
        self.shows: dict[Mark, Callable[[Mapping[str, str]], bool]] = {}
        self.decided = 0
        self._sample = Order(SAMPLE)
        self._tried: set[Any] = set()

    def begin(self, walk: StateWalk) -> None:
        self.walk = walk
        self.cases = EndCases(self.prover.linked, walk)

    # ---- faults ----------------------------------------------------------------------------------------------------------

    def note(
        self, kind: str, node: Node, about: str, zh: str, en: str, facts: Mapping[str, str],
        shows: Callable[[Mapping[str, str]], bool] | None = None, order: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Note a fault, if this is the case with the fewest facts so far."""
        mark = (kind, node, about)
        if self.only is not None and mark != self.only:
            return
        kept = self.found.get(mark)
        if kept is not None and len(kept.facts) <= len(facts):
            return
        self.found[mark] = ProofFault(kind, node.name, zh, en, self.state, dict(facts), order)
        if shows is not None:
            self.shows[mark] = shows
        if isinstance(self.walk, SmallestWalk):
            self.walk.bound = len(facts)

    def gap(self, node: Node, fact: str, values: list[Any], given: dict[str, Any]) -> None:
        said = self.cases.write(fact, values[0])
        facts = self.cases.written(given)
        self.note(GAP, node, fact, f"{fact}={said} 没有分支", f"no branch for {fact}={said}", facts, self._fails(facts))

    def undecided(self, node: Node, table: str, given: dict[str, Any]) -> None:
        facts = self.cases.written(given)
        self.note(GAP, node, table, f"判定表 {table} 没有一行适用", f"no row of table {table} holds", facts, self._fails(facts))

    def overlap(self, node: Node, value: Any, others: list[str], given: dict[str, Any]) -> None:
        said, both = self.cases.write(node.fact, value), " / ".join(others[:2])
        what = node.table.name if node.table is not None else f"{node.fact}={said}"
        self.note(OVERLAP, node, node.fact, f"{what} 有两个去处: {both}", f"{what} leads two ways: {both}", self.cases.written(given))

    def _fails(self, facts: Mapping[str, str]) -> Callable[[Mapping[str, str]], bool]:
        wanted = _said(self._result(facts))
        return lambda fewer: _said(self._result(fewer)) == wanted

    # ---- ends ------------------------------------------------------------------------------------------------------------

    def _result(self, facts: Mapping[str, str], order: Order | None = None) -> Resolution | Exception:
        self.decided += 1
        prover = self.prover
        try:
            return resolve(prover.flow, order, facts, prover.policy, prover.moment)
        except _ERRORS as error:
            return error

    def stop(self, node: Node, fact: str, given: dict[str, Any]) -> None:
        definition = self.prover.linked.facts.get(fact)
        party = definition.source if definition is not None else "agent"
        facts = self.cases.written(given)
        if party == "order" and self.state.choices.get(fact) == ():
            self.note(UNANSWERABLE, node, fact, f"问 {fact}，而{self.state.title[0]}的订单没有答案",
                      f"asks {fact}, which has no answer for an order in state {self.state.id}", facts)  # fmt: skip
        asked = party in ("agent", "order")
        self._decide(node, facts, NEEDS_FACTS if asked else WAITING, None)

    def end(self, leaf: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> None:
        facts = self.cases.written(given)
        if leaf.outcome is None:
            assert leaf.wait is not None
            self._decide(leaf, facts, NEEDS_FACTS if leaf.wait[0] == "agent" else WAITING, None)
            return
        for extra in self.cases.all(known, met):
            self._decide(leaf, {**facts, **extra}, RESOLVED, leaf.outcome)
        if met.refund is not None and met.refund[1] in ("whole", "units", "order"):
            for units in _UNITS:
                more: dict[str, str] = {} if units is None else {"units_affected": units}
                if met.pays and "declines_coupon" in self.prover.linked.facts:
                    more["declines_coupon"] = "no"
                self._decide(leaf, {**facts, **more}, RESOLVED, leaf.outcome, SAMPLE)

    def _decide(
        self, node: Node, facts: dict[str, str], status: str, outcome: str | None, record: dict[str, Any] | None = None
    ) -> None:
        key = (node, record is None, tuple(sorted(facts.items())))
        if key in self._tried:
            return
        self._tried.add(key)
        order = self._sample if record is not None else None
        found = self._result(facts, order)
        if not isinstance(found, Resolution):
            zh, en = _said(found)
            self.note(NO_RESULT, node, "", f"没有结果: {zh}", f"no result: {en}", facts, order=record)
            return
        if (found.status, found.outcome) != (status, outcome) and record is None:
            wanted, got = outcome or status, found.outcome or found.status
            self.note(OTHER_END, node, "", f"应得 {wanted}，实得 {got}", f"{got} instead of {wanted}", facts)
        for fault in money_faults(found):
            shows = self._money(fault.kind, fault.reason, order)
            self.note(fault.kind, node, fault.reason, f"{fault.reason}: {fault.zh}", f"{fault.reason}: {fault.en}", facts, shows, record)

    def _money(self, kind: str, reason: str, order: Order | None) -> Callable[[Mapping[str, str]], bool]:
        def shows(facts: Mapping[str, str]) -> bool:
            found = self._result(facts, order)
            return isinstance(found, Resolution) and any(f[:2] == (kind, reason) for f in money_faults(found))

        return shows


def _said(found: Resolution | Exception) -> tuple[str, str]:
    if isinstance(found, TmcsError):
        return found.text.zh, found.text.en
    said = "" if isinstance(found, Resolution) else f"{type(found).__name__} {found}"
    return said, said


class _Free(ProofWatch):
    """Searches for the fewest facts that lead to a node, be they possible or not."""

    def __init__(self, prover: _Prover, target: Node) -> None:
        self.prover = prover
        self.target = target
        self.found: dict[str, str] | None = None

    def search(self) -> None:
        walk = _FreeWalk(self.prover.linked, self)
        walk.target = self.target
        walk.run()


class _FreeWalk(SmallestWalk):
    """Walks all facts without a state; stops at its target."""

    target: Node

    def _at(self, node: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> Any:
        if node is self.target:
            watch = self.watch
            assert isinstance(watch, _Free)
            watch.found = EndCases(self.program, self).written(given)
            self.bound = len(given)
        return super()._at(node, known, given, met)
