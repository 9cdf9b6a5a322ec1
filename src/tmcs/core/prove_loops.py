"""The proof that nothing loops between flows: no case comes back to a flow that handed it over.

A case is handed over with the facts known so far. First the graph of hand-overs is searched for cycles; where there is
one, every combination that enters it is followed through the flows, each decided for real, until it ends, leaves the
cycle, or comes back with the same facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tmcs.core.chain import carry_over
from tmcs.core.check import moments
from tmcs.core.end_cases import EndCases
from tmcs.core.errors import TmcsError
from tmcs.core.flow import Flow
from tmcs.core.life import STATES, OrderState
from tmcs.core.policy import Policy
from tmcs.core.program import Node, Program, program
from tmcs.core.prove_report import LOOP, LoopProof, ProofFault
from tmcs.core.prove_walk import ProofWatch, StateWalk
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.resolve import resolve
from tmcs.core.walk import Met

_ERRORS = (TmcsError, LookupError, AssertionError, TypeError)


def hand_overs(flow: Flow) -> list[str]:
    """Return the flows that a flow can hand a case over to, itself or from the shared graph or a flow it goes on in."""
    found = [*flow.nexts, *flow.common_nexts, *(name for name in flow.jumps if name not in flow.targets)]
    for target in flow.targets.values():
        found += hand_overs(target)
    return sorted(set(found))


def _beyond(graph: Mapping[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    todo = list(graph.get(start, ()))
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += graph.get(name, ())
    return found


def cycles(graph: Mapping[str, list[str]]) -> list[list[str]]:
    """Return the groups of flows each of which can hand over to each other, directly or through others."""
    beyond = {name: _beyond(graph, name) for name in graph}
    groups = {tuple(sorted({name} | {other for other in beyond[name] if name in beyond.get(other, ())}))
              for name in graph if name in beyond[name]}  # fmt: skip
    return [list(group) for group in sorted(groups)]


def prove_loops(flows: Mapping[str, Flow], policy: Policy) -> LoopProof:
    """Prove that no case goes round between flows; of each ring of flows the smallest case is kept."""
    proof = LoopProof({name: [to for to in hand_overs(flow) if to in flows] for name, flow in flows.items()})
    proof.cycles = cycles(proof.graph)
    for moment in moments(policy):
        for group in proof.cycles:
            chase = _Chase({name: flows[name] for name in group}, policy, moment)
            chase.run()
            for fault in chase.found.values():
                fault.now = moment if policy.dated else None
                proof.faults.append(fault)
            proof.cases += chase.decided
    return proof


class _Chase:
    """Follows the cases of a group of flows that can hand over to each other."""

    def __init__(self, flows: Mapping[str, Flow], policy: Policy, moment: datetime) -> None:
        self.flows = flows
        self.policy = policy
        self.moment = moment
        self.snapshot = policy.at(moment)
        self.linked: dict[str, Program] = {name: program(flow, self.snapshot) for name, flow in flows.items()}
        self.keep = _read_by(self.linked.values())
        self.found: dict[tuple[str, ...], ProofFault] = {}
        self.decided = 0
        self._seen: set[Any] = set()

    def run(self) -> None:
        for state in STATES:
            for tier in self.snapshot.tiers:
                for name in self.flows:
                    self._follow([name], state, tier, {}, {})

    def _follow(self, chain: list[str], state: OrderState, tier: str, given: dict[str, Any], facts: dict[str, str]) -> None:
        """Walk the last flow of a chain and follow what it hands over.

        Args:
            chain: the flows so far.
            state, tier: the order's state, the agent's tier.
            given: the facts that the last flow is given, as values.
            facts: all facts given so far, as `--set` takes them.
        """
        key = (chain[-1], frozenset(chain), state.id, tier, tuple(sorted((k, v) for k, v in facts.items() if k in self.keep)))
        if key in self._seen:
            return
        self._seen.add(key)
        watch = _HandOvers(self, self.flows[chain[-1]])
        walk = StateWalk(self.linked[chain[-1]], watch, self.keep)
        watch.cases = EndCases(walk.program, walk)
        walk.start(state, tier, given)
        for found, known in watch.found:
            following = self.flows[str(found.next_flow)]
            everything = {**facts, **known}
            if following.id in chain:
                self._take(chain[chain.index(following.id) :], state, everything)
                continue
            carried, _ = carry_over(found, following, everything, {})
            settable = self.linked[following.id].facts
            values = {name: settable[name].parse(value) for name, value in carried.items() if name in settable}
            self._follow([*chain, following.id], state, tier, values, {**everything, **carried})

    def _take(self, ring: list[str], state: OrderState, facts: dict[str, str]) -> None:
        """Keep a case that comes back, where the engine goes round with it as well; leave out what is not needed."""
        if not self.goes_round(ring, facts):
            return
        for name in [name for name in reversed(facts) if name != "tier"]:
            rest = {fact: value for fact, value in facts.items() if fact != name}
            if self.goes_round(ring, rest):
                facts = rest
        key = tuple(sorted(ring))
        kept = self.found.get(key)
        if kept is None or len(facts) < len(kept.facts):
            way = " → ".join([*ring, ring[0]])
            self.found[key] = ProofFault(LOOP, way, f"案件回到原流程: {way}", f"a case comes back: {way}", state, facts, flow=ring[0])

    def goes_round(self, ring: list[str], facts: Mapping[str, str]) -> bool:
        """Return whether a case that starts in the first flow of a ring passes through it twice."""
        carried: dict[str, Any] = dict(facts)
        everything: dict[str, Any] = dict(facts)
        for name, following in zip(ring * 2, [*ring[1:], *ring, ring[0]], strict=True):
            settable = self.flows[name].settable()
            usable = {fact: value for fact, value in carried.items() if fact in settable or fact in ("tier", "item")}
            found = self.decide(self.flows[name], usable)
            if found is None or found.status != RESOLVED or found.next_flow != following:
                return False
            carried, _ = carry_over(found, self.flows[following], everything, {})
            everything |= carried
        return True

    def decide(self, flow: Flow, facts: Mapping[str, Any]) -> Resolution | None:
        """Return what the engine makes of a case, None where it fails (which the flow's own proof tells)."""
        self.decided += 1
        try:
            return resolve(flow, None, facts, self.policy, self.moment)
        except _ERRORS:
            return None


class _HandOvers(ProofWatch):
    """Collects the cases that a flow hands over within its group."""

    def __init__(self, chase: _Chase, flow: Flow) -> None:
        self.chase = chase
        self.flow = flow
        self.found: list[tuple[Resolution, dict[str, str]]] = []
        self._seen: set[Any] = set()

    cases: EndCases

    def end(self, leaf: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> None:
        if leaf.outcome is None:
            return
        facts = self.cases.written(given)
        for extra in self.cases.all(known, met):
            result = self.chase.decide(self.flow, {**facts, **extra})
            if result is None or result.status != RESOLVED or result.next_flow not in self.chase.flows:
                continue
            key = (result.next_flow, tuple(sorted(facts.items())), tuple(sorted(result.carried().items())))
            if key not in self._seen:
                self._seen.add(key)
                self.found.append((result, {**facts, **extra}))


def _read_by(programs: Iterable[Program]) -> frozenset[str]:
    """Return the facts that any of the flows asks or decides by."""
    found: set[str] = set()
    for linked in programs:
        for node in linked.nodes.values():
            if node.fact in linked.facts:
                found.add(node.fact)
            found.update(node.table.inputs if node.table is not None else ())
    return frozenset(found)
