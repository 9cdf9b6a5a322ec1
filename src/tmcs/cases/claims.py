"""What a case may pay: its payouts and its refund, over all the flows it has gone through, each cause once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.cases.decide import decide
from tmcs.cases.documents import pinned_flow, policy_for
from tmcs.cases.history import History, Stage
from tmcs.core.flow import REFUND_KIND
from tmcs.core.money import parse_money
from tmcs.core.order import ORDER_FACTS
from tmcs.core.payout import Payout
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import Resolution
from tmcs.store.base import Store

REFUND: Final = "refund"
COMPENSATION: Final = "compensation"
_GOODS: Final = ("order", "whole", "units")  # what a refund for goods is reckoned by; any other is money besides


class Claim:
    """What a case may pay for a cause, and what stands in the way of the rest.

    Attributes:
        reason: the cause: a payout reason of the policy, or ``refund`` (``refund:SKU`` for an item).
        kind: compensation, reimbursement or refund; ``form`` how it is paid.
        most: the most the rules allow, fen; ``commit`` what the acting tier may promise of it by itself.
        left: what may still be promised or paid for it, fen; ``limits`` says by which limit, ``(zh, en)``.
        cites: the rules behind it.
        payout: the payout it comes from; None for a refund.
        goods: whether it is a refund for goods.
    """

    __slots__ = ("cites", "commit", "form", "goods", "kind", "left", "limits", "most", "payout", "reason")

    def __init__(
        self, reason: str, kind: str, form: str, most: int, commit: int, cites: list[str], payout: Payout | None = None,
        *, goods: bool = False,
    ) -> None:  # fmt: skip
        self.reason = reason
        self.kind = kind
        self.form = form
        self.most = self.left = most
        self.commit = commit
        self.cites = cites
        self.payout = payout
        self.goods = goods
        self.limits: list[tuple[str, str]] = []


def reckoned_by(result: Resolution) -> str | None:
    """Return what the refund of a resolution is reckoned by: order, whole, units, or the fact that holds its amount."""
    return next((fx.refund[1] for fx in reversed(result.effects) if fx.refund is not None), None)


def own_claims(result: Resolution) -> list[Claim]:
    """Return what one resolution lets a case pay: its payouts and its refund."""
    found = [Claim(p.reason, p.kind, p.form, p.max, p.commit, list(p.cites), p) for p in result.payouts]
    by = reckoned_by(result)
    if result.route is None or not result.amount or by is None:
        return found
    if any(result.snapshot.payout(claim.reason).base == by for claim in found):
        return found  # a price difference is refunded by being repaid: one sum, not two
    form = "cash" if result.route == "abnormal" else "platform"  # by hand through the refund chain, or by the platform
    reason, kind = _cause(result, by)
    found.append(Claim(reason, kind, form, result.amount, result.amount, [], goods=by in _GOODS))
    return found


def _cause(result: Resolution, by: str) -> tuple[str, str]:
    """Return cause and kind of a resolution's refund."""
    if by in _GOODS:
        return (REFUND if by == "order" or not result.item else f"{REFUND}:{result.item}"), REFUND
    cause = str(result.known.get(REFUND_KIND) or by)
    if cause in result.snapshot.reasons:
        return cause, result.snapshot.payout(cause).kind
    return (COMPENSATION, COMPENSATION) if cause == COMPENSATION else (f"{REFUND}-{cause}", REFUND)


def following_claims(own: list[Claim], before: list[Claim]) -> list[Claim]:
    """Return the claims of a flow that a case went on in, ``before`` being those of the flows before it.

    A refund that pays what an earlier flow granted is no cause of its own: for goods it takes that refund's name, for
    money besides goods the earlier claim stands for it.
    """
    granted = [claim for claim in before if claim.payout is not None and claim.form == "cash"]
    refund = next((claim for claim in before if claim.goods), None)
    found = []
    for claim in own:
        if claim.payout is None:
            if not claim.goods and granted:
                continue
            if claim.goods and refund is not None:
                claim.reason = refund.reason
        found.append(claim)
    return found


def resolved(store: Store, stage: Stage | History, tier: str | None = None) -> Resolution:
    """Return the resolution of a case in one of its flows, as of its last decision there.

    Args:
        tier: decide for this one where it is above the one that decided.
    """
    flow, policy = pinned_flow(store, stage.flow), policy_for(store, stage)
    moment = datetime.fromisoformat(stage.clock)
    tier = stage.tier if tier is None else max(stage.tier, tier, key=policy.at(moment).tier_index)
    return decide(flow, policy, stage.order, stage.facts, stage.sources, tier, moment)


def case_claims(store: Store, earlier: Iterable[Stage], present: Resolution, tier: str) -> dict[str, Claim]:
    """Return what a case may pay, by cause, for an agent of ``tier``.

    What the highest tier that decided or acts allows may be paid; what the acting tier may promise by itself counts.

    Args:
        earlier: the flows that the case went through before, oldest first.
        present: the resolution in the flow it is in.
    """
    found: dict[str, Claim] = {}
    for result in [*(resolved(store, stage, tier) for stage in earlier), present]:
        for claim in following_claims(own_claims(result), list(found.values())):
            if claim.payout is not None:
                claim.commit = _authority(result, claim.payout, tier)
            found[claim.reason] = claim
    return found


def _authority(result: Resolution, payout: Payout, tier: str) -> int:
    """Return what a tier may promise of a payout by itself, fen.

    A tier below the one that decided has its own authority. Where an agent's fact stands against what the order says
    (another sum paid, another price), nobody promises alone what rests on it: authority goes by the order.
    """
    reason = result.snapshot.payout(payout.reason)
    known = dict(result.known)
    if result.order is not None:
        for name in {reason.base, *reason.needs, *reason.facts} & ORDER_FACTS.keys():
            said = ORDER_FACTS[name](result.order, result.line, result.now)
            if said is not None:
                known[name] = said
    own = payout if tier == result.tier else reason.compute(payout.base, tier, result.known)
    if own.form != payout.form:
        return 0
    if all(known[name] == result.known.get(name) for name in known):
        return min(own.commit, payout.max)
    return min(own.commit, reason.compute(known.get(reason.base, 0), tier, known).commit)


def flat_claim(snapshot: Snapshot, reason: str) -> Claim:
    """Return the claim of a flat payout that a script tells of before the case is resolved."""
    payout = snapshot.payout(reason).compute(0, snapshot.tiers[0], {})
    return Claim(reason, payout.kind, payout.form, payout.max, payout.commit, list(payout.cites), payout)


def paid_for(order: Mapping[str, Any] | None) -> int | None:
    """Return what was paid for an order, in fen; None where it is unknown."""
    payment = (order or {}).get("payment")
    return None if payment is None else parse_money(payment)
