"""What one resolution lets a case pay: its payouts and its refund, each a claim with its cause."""

from __future__ import annotations

from typing import Final

from tmcs.core.flow import REFUND_KIND
from tmcs.core.payout import Payout
from tmcs.core.resolution import Resolution

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
