"""The most that one order can draw, over all flows together, under the rules of the ledger.

Of compensations one is paid, the highest that applies (C06), and no more than the desk's own cap; refunds together never
pass what was paid; reimbursements come besides, each cause once. A sum that an agent states as granted by the flow before
(:data:`tmcs.core.flow.GRANTED`) is no grant of its own and is listed apart: no rule limits what is stated there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tmcs.core.bound_walk import Most, mosts_of
from tmcs.core.claims import COMPENSATION, REFUND
from tmcs.core.flow import Flow
from tmcs.core.money import MILLION, format_money, format_rate
from tmcs.core.policy import Policy
from tmcs.core.text import Text
from tmcs.lang.cache import cached
from tmcs.plugin_verdict import policy_key, sources_of
from tmcs.plugins import Plugin

SCHEMA: Final = "tmcs/policy-bound/1"
REIMBURSEMENT: Final = "reimbursement"
KINDS: Final = (COMPENSATION, REIMBURSEMENT, REFUND)
#: What was paid for two orders so large that every cap is reached: what grows between them grows without end.
_LARGE: Final = (10**10, 2 * 10**10)


class Part:
    """What may be drawn of one kind.

    Attributes:
        most: fen; None where nothing limits it.
        causes: what it is made of.
    """

    __slots__ = ("causes", "most")

    def __init__(self, most: int | None, causes: list[Most]) -> None:
        self.most = most
        self.causes = causes


class Bound:
    """The most that an order can draw for which so much was paid.

    Attributes:
        paid: fen.
        parts: by kind, see :data:`KINDS`.
        by_hand: sums stated as granted by the flow before, which no rule limits.
    """

    __slots__ = ("by_hand", "paid", "parts")

    def __init__(self, paid: int, mosts: Iterable[Most], cap: int | None) -> None:
        self.paid = paid
        every = list(mosts)
        self.by_hand = [one for one in every if one.by_hand]
        best: dict[str, Most] = {}
        for one in every:
            if not one.by_hand and (one.reason not in best or one.size > best[one.reason].size):
                best[one.reason] = one
        self.parts = {kind: _part(kind, [one for one in best.values() if one.kind == kind], paid) for kind in KINDS}
        compensation = self.parts[COMPENSATION]
        if cap is not None:
            stated = any(one.kind == COMPENSATION for one in self.by_hand)
            compensation.most = cap if stated or compensation.most is None else min(cap, compensation.most)
            self.by_hand = [one for one in self.by_hand if one.kind != COMPENSATION]

    @property
    def total(self) -> int | None:
        """The whole, in fen; None where nothing limits a part of it."""
        amounts = [part.most for part in self.parts.values()]
        return None if None in amounts else sum(one or 0 for one in amounts)


def _part(kind: str, causes: list[Most], paid: int) -> Part:
    causes.sort(key=lambda one: (-one.size, one.reason))
    sizes = [one.most for one in causes]
    if kind == REFUND:
        return Part(min(paid, sum(one or 0 for one in sizes)), causes)
    if None in sizes:
        return Part(None, causes)
    amounts = [one for one in sizes if one is not None]
    return Part(max(amounts, default=0), causes[:1]) if kind == COMPENSATION else Part(sum(amounts), causes)


class Limits:
    """How a bound grows with what was paid.

    Attributes:
        rate: how much of each further yuan paid, in millionths; ``cap`` what comes besides, fen; both None: no limit.
    """

    __slots__ = ("cap", "rate")

    def __init__(self, first: int | None, second: int | None) -> None:
        self.rate = self.cap = None
        if first is not None and second is not None:
            self.rate = (second - first) * MILLION // (_LARGE[1] - _LARGE[0])
            self.cap = first - self.rate * _LARGE[0] // MILLION

    rate: int | None
    cap: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"rate": None if self.rate is None else format_rate(self.rate), "cap": None if self.cap is None else format_money(self.cap)}

    def exceeds(self, limit: int, before: Limits) -> bool:
        """Return whether it lies above a limit, and above the bound before: with its cap, or by growing without end."""
        if self.rate is None or self.cap is None:
            return before.rate is not None
        if before.rate is None or before.cap is None:
            return False
        return self.rate > before.rate or (self.cap > limit and self.cap > before.cap)


class Bounds:
    """The bounds of a set of flows under a policy; each flow is walked once for each amount paid.

    Attributes:
        flows: the flows that count, by id; ``failed`` those that cannot be used.
        limit: the desk's ``cases.order_bound``, fen; None: no limit.
    """

    def __init__(self, flows: Mapping[str, Flow], policy: Policy) -> None:
        self.flows = dict(flows)
        self.policy = policy
        rules = [snapshot.cases for snapshot in policy.snapshots()]
        limits = [one.order_bound for one in rules]
        caps = [one.order_total for one in rules]
        self.limit = None if None in limits else min(one for one in limits if one is not None)
        self._cap = None if None in caps else max(one for one in caps if one is not None)
        self._mosts: dict[tuple[str, int], list[Most]] = {}
        self._key = policy_key(policy)

    def at(self, paid: int, names: Iterable[str] | None = None) -> Bound:
        """Return the bound for an order; ``names``: of these flows only."""
        mosts = [one for name in (self.flows if names is None else names) for one in self._of(name, paid)]
        return Bound(paid, mosts, self._cap)

    def limits(self, names: Iterable[str] | None = None) -> dict[str, Limits]:
        """Return how each kind, and the whole (``total``), grows with what was paid."""
        names = list(self.flows if names is None else names)
        first, second = (self.at(paid, names) for paid in _LARGE)
        found = {kind: Limits(first.parts[kind].most, second.parts[kind].most) for kind in KINDS}
        return {**found, "total": Limits(first.total, second.total)}

    def points(self) -> list[int]:
        """Return the amounts paid at which a cap is reached, fen: between them the bound is a straight line."""
        mosts = [most for name in self.flows for most in self._of(name, _LARGE[0]) if most.kind == COMPENSATION]
        sums = {one.most for one in mosts if one.rate is None and one.most is not None}
        rates = {(one.rate, one.cap) for one in mosts if one.rate}
        found = {10_000, *(-(-fen * MILLION // rate) for rate, cap in rates for fen in (*sums, *([cap] if cap else [])))}
        return sorted(found)

    def to_dict(self, paid: int) -> dict[str, Any]:
        """Return the bound for an order and how it grows, as JSON (schema ``tmcs/policy-bound/1``); null: no limit."""
        bound, limits = self.at(paid), self.limits()
        points = [(one, self.at(one)) for one in self.points()]
        return {
            "schema": SCHEMA, "policy": self.policy.to_dict(), "paid": format_money(paid), "total": _money(bound.total),
            "kinds": [
                {"kind": kind, "most": _money(part.most), **limits[kind].to_dict(), "causes": [one.to_dict() for one in part.causes]}
                for kind, part in bound.parts.items()
            ],
            **limits["total"].to_dict(),
            "by_hand": [one.to_dict() for one in bound.by_hand],
            "points": [
                {"paid": format_money(one), **{kind: _money(part.most) for kind, part in found.parts.items()}, "total": _money(found.total)}
                for one, found in points
            ],
            "limit": _money(self.limit), "flows": sorted(self.flows),
        }  # fmt: skip

    def refused(self, plugins: Iterable[Plugin]) -> dict[str, Text]:
        """Return the flows of plug-ins that lift the bound above the desk's limit, each with the reason.

        What counts against the limit is what an order can draw whatever was paid for it; a flow that lets the draw grow
        faster with what was paid passes every limit. The built-in flows are never refused; plug-ins are added one by one.
        """
        if self.limit is None:
            return {}
        brought = {one.name: one for one in plugins if one.dist != "tmcs" and one.name in self.flows}
        names = [name for name in self.flows if name not in brought]
        before, found = self.limits(names)["total"], {}
        for name, plugin in brought.items():
            after = self.limits([*names, name])["total"]
            if after.exceeds(self.limit, before):
                found[plugin.name] = _refusal(self.limit, before, after)
            else:
                names, before = [*names, name], after
        return found

    def without(self, refused: Iterable[str]) -> Bounds:
        """Return the bounds without the flows that are refused."""
        left = Bounds({name: flow for name, flow in self.flows.items() if name not in set(refused)}, self.policy)
        left._mosts = self._mosts
        return left

    def _of(self, name: str, paid: int) -> list[Most]:
        if (name, paid) not in self._mosts:
            self._mosts[name, paid] = self._remembered(self.flows[name], paid)
        return self._mosts[name, paid]

    def _remembered(self, flow: Flow, paid: int) -> list[Most]:
        """Return the mosts of a flow: worked out once for its contents and the policy's."""
        key = [*sources_of([flow]), self._key, str(paid).encode()]
        found: list[dict[str, Any]] = cached("order-bound", key, lambda: [one.plain() for one in mosts_of(flow, self.policy, paid)])
        return [Most(one) for one in found]


def _money(fen: int | None) -> str | None:
    return None if fen is None else format_money(fen)


def _said(limits: Limits, zh: bool) -> str:
    if limits.cap is None or limits.rate is None:
        return "没有上限" if zh else "no limit"
    rate = format_rate(limits.rate)
    return f"{format_money(limits.cap)} 元加实付的 {rate} 倍" if zh else f"{format_money(limits.cap)} CNY and {rate} of what was paid"


def _refusal(limit: int, before: Limits, after: Limits) -> Text:
    said = format_money(limit)
    return Text(
        f"一单最多可得由 {_said(before, True)} 升到 {_said(after, True)}，超过 cases.order_bound {said} 元；见 tmcs policy bound",
        f"lifts the most that one order can draw from {_said(before, False)} to {_said(after, False)}, above cases.order_bound {said}; "
        "see tmcs policy bound",
    )


def installed(policy: Policy | None = None) -> Bounds:
    """Return the bounds over all flows that are installed and pass their check, those too that the limit refuses."""
    from tmcs.loader import load_policy, passing_flows

    return Bounds(passing_flows(), load_policy() if policy is None else policy)
