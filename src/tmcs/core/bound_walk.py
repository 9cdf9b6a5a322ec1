"""The most that each flow lets a case claim, by cause: every combination of facts of the proof's walk, decided for real."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.core.check import moments
from tmcs.core.claims import REFUND, own_claims, reckoned_by
from tmcs.core.end_cases import EndCases
from tmcs.core.errors import TmcsError
from tmcs.core.flow import GRANTED, Flow
from tmcs.core.life import STATES, OrderState
from tmcs.core.money import format_money
from tmcs.core.order import ORDER_FACTS, Order
from tmcs.core.policy import Policy
from tmcs.core.program import Node, Program, program
from tmcs.core.prove_report import ProofFault
from tmcs.core.prove_walk import ProofWatch, StateWalk
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.resolve import resolve
from tmcs.core.walk import UNSET, Met, Walk

#: A sum that only a fact without any bound can hold, in fen; what comes to a tenth of it has no limit.
HUGE: Final = 10**13
_ERRORS: Final = (TmcsError, LookupError, AssertionError, TypeError)


class Most:
    """The most that a flow lets a case claim for a cause.

    Attributes:
        reason, kind, form: the cause, as the ledger knows it.
        most: fen; None where nothing limits it.
        by_hand: whether an agent states it, as what the flow before granted: nothing limits it.
        flow, state, facts: how it is reached, ``facts`` as ``--set`` takes them.
        nodes: the nodes walked; ``order`` the order it is decided on.
        rate, cap: of its payout, in millionths and fen; None where it has none.
    """

    __slots__ = ("by_hand", "cap", "facts", "flow", "form", "kind", "most", "nodes", "order", "rate", "reason", "state")

    def __init__(self, data: Mapping[str, Any]) -> None:
        for name in self.__slots__:
            setattr(self, name, data[name])

    by_hand: bool
    cap: int | None
    facts: dict[str, str]
    flow: str
    form: str
    kind: str
    most: int | None
    nodes: list[str]
    order: dict[str, Any]
    rate: int | None
    reason: str
    state: str

    @property
    def size(self) -> float:
        """The most, for comparing."""
        return float("inf") if self.most is None else self.most

    def plain(self) -> dict[str, Any]:
        """Return it as plain data that makes it again."""
        return {name: getattr(self, name) for name in self.__slots__}

    def command(self) -> str:
        """Return the command line that shows the way there, ready to run."""
        return ProofFault("", "", "", "", None, self.facts, self.order).command(self.flow)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON, amounts in CNY; ``most`` null: no limit."""
        return {
            "reason": self.reason, "kind": self.kind, "form": self.form, "most": None if self.most is None else format_money(self.most),
            "flow": self.flow, "state": self.state, "facts": self.facts, "order": self.order, "path": self.nodes, "command": self.command(),
        }  # fmt: skip


def mosts_of(flow: Flow, policy: Policy, paid: int) -> list[Most]:
    """Return the most of each cause that a flow can grant for an order for which ``paid`` (fen) was paid.

    Every version of a policy that changes over time counts.
    """
    found: dict[tuple[str, bool], Most] = {}
    for moment in moments(policy):
        linked = program(flow, policy.at(moment))
        watch = _Watch(flow, policy, moment, paid, found)
        walk = StateWalk(linked, watch)
        watch.cases = _BoundCases(linked, walk, paid)
        for state in STATES:
            for tier in linked.snapshot.tiers:
                watch.state = state
                walk.start(state, tier)
    return [found[key] for key in sorted(found)]


class _BoundCases(EndCases):
    """The cases of an end with every amount as high as it can be: what was paid, the end of an interval, or without bound."""

    def __init__(self, program: Program, walk: Walk, paid: int) -> None:
        super().__init__(program, walk)
        self.paid = paid

    def all(self, known: Mapping[str, Any], met: Met) -> Any:
        stated = met.refund[1] if met.refund is not None else ""
        definition = self.program.facts.get(stated)
        if definition is None or definition.type != "money":
            yield from super().all(known, met)
            return
        for extra in super().all(known, met):
            if stated in extra:
                yield extra
                continue
            for amount in self._amounts(stated, known):
                yield extra if amount is UNSET else {**extra, stated: self.write(stated, amount)}

    def _amounts(self, fact: str, known: Mapping[str, Any]) -> list[Any]:
        if fact == "paid_amount":
            tops = [self.paid]
        else:
            definition = self.program.facts[fact]
            tops = [self.paid] if definition.at_most in ORDER_FACTS else [self.paid, HUGE]
            tops += [max(members) for members in self.walk.classes(fact)]
        value = known.get(fact)
        if value is UNSET:
            return [UNSET]
        if value is not None:  # the path has chosen an interval: as much as it holds
            sign = self.walk.sign(fact, value)
            tops = [one for one in tops if self.walk.sign(fact, one) == sign]
        return list(dict.fromkeys(tops))


class _Watch(ProofWatch):
    """Decides each end that may grant money, and keeps the most of each cause."""

    cases: _BoundCases

    def __init__(self, flow: Flow, policy: Policy, moment: datetime, paid: int, found: dict[tuple[str, bool], Most]) -> None:
        self.flow = flow
        self.policy = policy
        self.moment = moment
        self.paid = paid
        self.found = found
        self.state: OrderState = STATES[0]
        text = format_money(paid)
        line = {"oid": "1", "sku": "S1", "title": "…", "price": text, "num": 1, "payment": text}
        self._record = {"tid": "1", "payment": text, "orders": [line]}
        self._order = Order(self._record)
        self._tried: set[Any] = set()

    def end(self, leaf: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> None:
        if leaf.outcome is None or (not met.pays and met.refund is None):
            return
        path = {name: value for name, value in self.cases.written(given).items() if name != "paid_amount"}
        chosen = known.get("paid_amount")
        if chosen not in (None, UNSET) and self.cases.walk.sign("paid_amount", chosen) != self.cases.walk.sign("paid_amount", self.paid):
            return  # a path of orders of another amount
        for extra in self.cases.all(known, met):
            facts = {**path, **extra}
            facts.pop("paid_amount", None)  # it is the order's
            key = (leaf, tuple(sorted(facts.items())))
            if key not in self._tried:
                self._tried.add(key)
                self._decide(facts)

    def _decide(self, facts: dict[str, str]) -> None:
        try:
            result = resolve(self.flow, self._order, facts, self.policy, self.moment)
        except _ERRORS:  # the flow's own proof tells of it
            return
        if result.status != RESOLVED:
            return
        for claim in own_claims(result):
            by = reckoned_by(result)
            by_hand = claim.payout is None and by == GRANTED and claim.kind != REFUND  # refunds never pass what was paid
            most = min(claim.most, self.paid) if claim.kind == REFUND else claim.most
            endless = by_hand or most >= HUGE // 10
            self._keep(Most({
                "reason": claim.reason.partition(":")[0], "kind": claim.kind, "form": claim.form, "most": None if endless else most,
                "by_hand": by_hand, "flow": self.flow.id, "state": self.state.id, "facts": facts,
                "nodes": _nodes(result), "order": self._record, "rate": claim.payout and claim.payout.rate_max, "cap": claim.payout and claim.payout.cap,
            }))  # fmt: skip

    def _keep(self, one: Most) -> None:
        key = (one.reason, one.by_hand)
        kept = self.found.get(key)
        if kept is None or one.size > kept.size or (one.size == kept.size and len(one.facts) < len(kept.facts)):
            self.found[key] = one


def _nodes(result: Resolution) -> list[str]:
    return list(dict.fromkeys(step.node.name for step in result.path))
