"""Payouts: what may be paid for a reason, what a tier may promise by itself, and who may promise the rest.

The figures are the policy's; here is only the arithmetic: ``amount = min(base * rate rounded half up, cap)`` (ruling
C07), commitments by tier (C04), the lowest tier that may promise the maximum, cash only where it is allowed (C05).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tmcs.core.money import format_money, format_rate, parse_money, parse_number, share
from tmcs.core.table import compile_when


class Payout:
    """One payout that may be made: amounts in fen, rates in millionths, None for a flat sum.

    Attributes:
        reason, kind, form, offer: the words of contract/payouts.yaml.
        base: what the rates apply to.
        min, max: the lowest and the highest amount; ``cap`` the limit, None where there is none.
        commit: the most the acting tier may promise by itself.
        tier: the acting tier; ``approval`` the lowest tier that may promise ``max``, None when the acting tier may.
    """

    __slots__ = (
        "approval", "base", "cap", "cites", "commit", "form", "kind", "max", "min", "offer", "rate_max", "rate_min",
        "reason", "tier",
    )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return the payout as JSON: money as text with two places, in CNY."""
        return {
            "reason": self.reason,
            "kind": self.kind,
            "form": self.form,
            "offer": self.offer,
            "base": format_money(self.base),
            "rate_min": None if self.rate_min is None else format_rate(self.rate_min),
            "rate_max": None if self.rate_max is None else format_rate(self.rate_max),
            "min": format_money(self.min),
            "max": format_money(self.max),
            "cap": None if self.cap is None else format_money(self.cap),
            "commit": format_money(self.commit),
            "tier": self.tier,
            "approval": self.approval,
            "cites": list(self.cites),
        }

    reason: str
    kind: str
    form: str
    offer: str
    base: int
    rate_min: int | None
    rate_max: int | None
    min: int
    max: int
    cap: int | None
    commit: int
    tier: str
    approval: str | None
    cites: Sequence[str]


def _optional(data: Mapping[str, Any], key: str, parse: Callable[[str], int]) -> int | None:
    text = data.get(key)
    return None if text in (None, "", "none") else parse(str(text))


class _Row:
    """The figures of one row: which case it is for, and per tier what may be promised."""

    __slots__ = (
        "approval", "cap", "cash", "cites", "commit_caps", "commit_rates", "commit_sums", "flat", "floor", "rate_max",
        "rate_min", "tests",
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any], tiers: Sequence[str], number: Callable[[str, str], int]) -> None:
        self.tests = compile_when(data.get("when", {}), number)
        self.flat = _optional(data, "flat", parse_money)
        self.rate_min = _optional(data, "rate_min", parse_number)
        self.rate_max = _optional(data, "rate_max", parse_number)
        self.cap = _optional(data, "cap", parse_money)
        self.floor = _optional(data, "floor", parse_money) or 0
        commit = data.get("commit", {})
        self.commit_rates = [_optional(commit, tier, parse_number) for tier in tiers] if self.flat is None else []
        self.commit_sums = [_optional(commit, tier, parse_money) for tier in tiers] if self.flat is not None else []
        self.commit_caps = [_optional(data.get("commit_cap", {}), tier, parse_money) for tier in tiers]
        self.approval: Mapping[str, str] | None = data.get("approval")
        cash = data.get("cash")
        self.cash = (
            (parse_number(cash["rate_min"]), parse_number(cash["rate_max"]), tiers.index(cash["from_tier"]))
            if cash
            else None
        )
        self.cites: list[str] = data.get("cite", [])

    def amount(self, base: int, rate: int) -> int:
        amount = share(base, rate)
        if amount < self.floor:
            amount = self.floor
        return amount if self.cap is None or amount <= self.cap else self.cap

    def commit(self, rank: int, base: int, top: int) -> int:
        """Return what the tier of ``rank`` may promise by itself, never more than ``top``."""
        if self.flat is not None:
            amount = self.commit_sums[rank] or 0
        else:
            rate = self.commit_rates[rank] or 0
            # The floor holds for what is paid at all; a tier that may promise nothing promises nothing.
            amount = self.amount(base, rate) if rate else 0
        limit = self.commit_caps[rank]
        if limit is not None and amount > limit:
            amount = limit
        return amount if amount < top else top


class PayoutReason:
    """A payout reason of the policy.

    Attributes:
        name: the reason's id.
        title: its name, ``[zh, en]``.
        kind: compensation or reimbursement.
        base: the fact whose amount the rates apply to.
        facts: the facts that choose the row (besides the tier); those in ``needs`` must be known.
        asks: the facts in ``needs``, then the base.
    """

    __slots__ = ("asks", "base", "cites", "facts", "form", "kind", "name", "needs", "offer", "rows", "tiers", "title")

    def __init__(
        self, name: str, data: Mapping[str, Any], tiers: Sequence[str], number: Callable[[str, str], int]
    ) -> None:
        self.name = name
        self.title: list[str] = data["title"]
        self.kind: str = data["kind"]
        self.form: str = data["form"]
        self.offer: str = data["offer"]
        self.base: str = data["base"]
        self.needs: list[str] = data["needs"]
        self.cites: list[str] = data["cite"]
        self.asks = (*self.needs, self.base)
        self.tiers = tuple(tiers)
        self.rows = [_Row(row, tiers, number) for row in data["rows"].values()]
        self.facts = sorted({fact for row in self.rows for fact, _ in row.tests} - {"tier"})

    def compute(self, base: int, tier: str, known: Mapping[str, Any]) -> Payout:
        """Return the payout on ``base`` (fen) at ``tier``.

        Args:
            base: the amount the rates apply to, in fen; a flat sum ignores it.
            tier: the acting tier.
            known: the facts known so far; ``declines_coupon`` opens cash where the policy allows it.
        """
        rank = self.tiers.index(tier)
        row = self._row(tier, known)
        payout = Payout()
        payout.reason, payout.kind, payout.offer, payout.tier = self.name, self.kind, self.offer, tier
        payout.base, payout.cap, payout.form = base, row.cap, self.form
        payout.cites = self.cites + row.cites if row.cites else self.cites
        if row.flat is not None:
            payout.rate_min = payout.rate_max = None
            payout.min = payout.max = row.flat
        else:
            low, high = row.rate_min or 0, row.rate_max or 0
            if row.cash is not None and rank >= row.cash[2] and known.get("declines_coupon") == "yes":
                low, high, _ = row.cash
                payout.form = "cash"
            payout.rate_min, payout.rate_max = low, high
            payout.min, payout.max = row.amount(base, low), row.amount(base, high)
        payout.commit = row.commit(rank, base, payout.max)
        payout.approval = self._approval(row, rank, base, payout.max, payout.commit)
        return payout

    def flat_sum(self) -> str | None:
        """Return the sum in CNY where every case is the same flat one, else None."""
        sums = {row.flat for row in self.rows}
        flat = sums.pop() if len(sums) == 1 else None
        return None if flat is None else format_money(flat)

    def most(self, tier: str, base: int | None) -> tuple[int | None, int]:
        """Return the highest rate and amount that a tier may promise by itself in any case of this reason.

        Args:
            tier: the acting tier.
            base: what the rates apply to, in fen; None where unknown, then the cap is the highest amount.
        """
        rank = self.tiers.index(tier)
        rates, amounts = [], [0]
        for row in self.rows:
            if row.flat is not None:
                amounts.append(row.commit_sums[rank] or 0)
                continue
            rate = row.commit_rates[rank] or 0
            rates.append(rate)
            top = row.commit_caps[rank] or row.cap
            if rate and (base is not None or top is not None):
                amounts.append(row.commit(rank, base, row.amount(base, row.rate_max or 0)) if base is not None else top or 0)
        return max(rates, default=None), max(amounts)

    def needs_base(self, tier: str, known: Mapping[str, Any]) -> bool:
        """Return whether the case at hand is paid as a share of the base; a flat sum needs none."""
        return self._row(tier, known).flat is None

    def _row(self, tier: str, known: Mapping[str, Any]) -> _Row:
        for row in self.rows:
            for fact, test in row.tests:
                value = tier if fact == "tier" else known.get(fact)
                if value is None or not test(value):
                    break
            else:
                return row
        raise LookupError(self.name)

    def _approval(self, row: _Row, rank: int, base: int, top: int, commit: int) -> str | None:
        if row.approval is not None:
            return row.approval.get(self.tiers[rank])
        if commit >= top:
            return None
        for other, tier in enumerate(self.tiers):
            if row.commit(other, base, top) >= top:
                return tier
        return None
