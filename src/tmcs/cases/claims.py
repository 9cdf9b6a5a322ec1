"""What a case may pay: its payouts and its refund, over all the flows it has gone through, each cause once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tmcs.cases.decide import decide
from tmcs.cases.documents import pinned_flow, policy_for
from tmcs.cases.history import History, Stage
from tmcs.core.claims import COMPENSATION as COMPENSATION
from tmcs.core.claims import REFUND as REFUND
from tmcs.core.claims import Claim as Claim
from tmcs.core.claims import own_claims as own_claims
from tmcs.core.claims import reckoned_by as reckoned_by
from tmcs.core.money import parse_money
from tmcs.core.order import ORDER_FACTS
from tmcs.core.payout import Payout
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import Resolution
from tmcs.store.base import Store


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
