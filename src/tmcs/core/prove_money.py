"""What a payout may be at most, worked out anew from the policy's figures: amount, cap, authority, approval, cash.

The engine's own arithmetic (:mod:`tmcs.core.payout`) is not used here: a proof that asks the engine proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tmcs.core.check_report import figures
from tmcs.core.money import MILLION, format_money, parse_money, parse_number
from tmcs.core.payout import Payout
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import Resolution
from tmcs.core.table import compile_when

CAP: Final = "cap"
AUTHORITY: Final = "authority"


class MoneyFault(NamedTuple):
    """One amount that must not be: ``cap`` or ``authority``, the payout reason, and what is wrong in both languages."""

    kind: str
    reason: str
    zh: str
    en: str


def money_faults(found: Resolution) -> list[MoneyFault]:
    """Return what is wrong with the amounts of a resolution."""
    faults: list[MoneyFault] = []
    for payout in found.payouts:
        faults += _faults(found.snapshot, payout, found.known)
    compensations = [payout.reason for payout in found.payouts if payout.kind == "compensation"]
    if len(compensations) > 1:
        faults.append(_fault(CAP, compensations[1], "一笔订单不止一项赔付", "more than one compensation for one order"))
    paid = found.known.get("paid_amount")
    if paid is not None and found.amount is not None and found.amount > paid:
        top, limit = format_money(found.amount), format_money(paid)
        faults.append(_fault(CAP, "refund", f"退款 {top} 超过实付 {limit}", f"a refund of {top} is above the {limit} paid"))
    return faults


def _fault(kind: str, reason: str, zh: str, en: str) -> MoneyFault:
    return MoneyFault(kind, reason, zh, en)


def _rows(snapshot: Snapshot, reason: str) -> list[dict[str, Any]]:
    return list(figures(snapshot)["payouts"][reason]["rows"].values())


def _row(snapshot: Snapshot, reason: str, tier: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the figures of the first row that holds, None where none does."""
    for row in _rows(snapshot, reason):
        values = {**known, "tier": tier}
        tests = compile_when(row.get("when", {}), snapshot.number)
        if all(values.get(fact) is not None and test(values[fact]) for fact, test in tests):
            return row
    return None


def _money(row: Mapping[str, Any], key: str) -> int | None:
    text = row.get(key)
    return None if text in (None, "", "none") else parse_money(str(text))


def _of_base(row: Mapping[str, Any], base: int, rate: int) -> int:
    """Return a share of the base, half up, not below the row's floor and not above its cap."""
    amount = max((base * rate * 2 + MILLION) // (2 * MILLION), _money(row, "floor") or 0)
    cap = _money(row, "cap")
    return amount if cap is None else min(amount, cap)


def _most(row: Mapping[str, Any], base: int, cash: bool) -> int:
    flat = _money(row, "flat")
    if flat is not None:
        return flat
    rates = row["cash"] if cash and row.get("cash") else row
    return _of_base(row, base, parse_number(str(rates.get("rate_max") or "0")))


def _authority(row: Mapping[str, Any], base: int, tier: str) -> int:
    """Return what a tier may promise by itself under a row."""
    text = row.get("commit", {}).get(tier)
    if text in (None, "", "none"):
        return 0
    if _money(row, "flat") is not None:
        amount = parse_money(str(text))
    else:
        rate = parse_number(str(text))
        amount = _of_base(row, base, rate) if rate else 0
    limit = _money(row.get("commit_cap") or {}, tier)
    return amount if limit is None else min(amount, limit)


def _faults(snapshot: Snapshot, payout: Payout, known: Mapping[str, Any]) -> list[MoneyFault]:
    reason, tier, base = payout.reason, payout.tier, payout.base
    top, said = format_money(payout.max), format_money(payout.commit)
    row = _row(snapshot, reason, tier, known)
    if row is None:
        return [_fault(AUTHORITY, reason, f"没有一行适用于 {tier}", f"no row holds for {tier}")]
    found = []
    cap, compensation = _money(row, "cap"), payout.kind == "compensation"
    if compensation and cap is None and _money(row, "flat") is None:
        found.append(_fault(CAP, reason, "赔付没有封顶", "a compensation without a cap"))
    if cap is not None and payout.max > cap:
        limit = format_money(cap)
        found.append(_fault(CAP, reason, f"赔付 {top} 超过封顶 {limit}", f"a payout of {top} is above its cap of {limit}"))
    cash = payout.form == "cash" and compensation
    most = _most(row, base, cash)
    if payout.max > most and not found:
        limit = format_money(most)
        found.append(_fault(CAP, reason, f"赔付 {top} 超过规定的 {limit}", f"a payout of {top} is above the {limit} of its row"))
    if cash and not _cash_allowed(snapshot, row, tier, known):
        found.append(_fault(AUTHORITY, reason, f"{tier} 不能给现金", f"{tier} may not pay cash"))
    allowed = min(_authority(row, base, tier), payout.max)
    if payout.commit > allowed:
        limit = format_money(allowed)
        found.append(_fault(AUTHORITY, reason, f"{tier} 承诺 {said}，只可承诺 {limit}", f"{tier} promises {said}, may promise {limit}"))
    return found or _approval_faults(snapshot, payout, known)


def _cash_allowed(snapshot: Snapshot, row: Mapping[str, Any], tier: str, known: Mapping[str, Any]) -> bool:
    cash = row.get("cash")
    if not cash or known.get("declines_coupon") != "yes":
        return False
    return snapshot.tiers.index(tier) >= snapshot.tiers.index(cash["from_tier"])


def _approval_faults(snapshot: Snapshot, payout: Payout, known: Mapping[str, Any]) -> list[MoneyFault]:
    """Return what is wrong with who must approve: nobody named for the rest, or one who may not promise it either."""
    top = format_money(payout.max)
    if payout.approval is None:
        if payout.commit < payout.max:
            return [_fault(AUTHORITY, payout.reason, f"{top} 未指明由谁批准", f"nobody is named to approve {top}")]
        return []
    row = _row(snapshot, payout.reason, payout.approval, known)
    granted = 0 if row is None else _authority(row, payout.base, payout.approval)
    if granted >= payout.max and snapshot.tiers.index(payout.approval) > snapshot.tiers.index(payout.tier):
        return []
    limit = format_money(granted)
    return [_fault(AUTHORITY, payout.reason, f"{payout.approval} 只可承诺 {limit}，不能批准 {top}",
                   f"{payout.approval} may promise {limit} and cannot approve {top}")]  # fmt: skip
