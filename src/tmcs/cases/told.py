"""What the scripts of a resolution tell the customer: each amount and each date becomes a promise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from tmcs.cases.claims import COMPENSATION, REFUND, Claim, flat_claim, reckoned_by
from tmcs.cases.decide import CALENDAR, CUSTOMER, Duty, due_of, unit_of
from tmcs.core.fill import names
from tmcs.core.money import MILLION, format_money
from tmcs.core.policy import Deadline
from tmcs.core.resolution import NEEDS_FACTS, Resolution

_SPANS: Final = {"minutes": "minutes", "hours": "hours", "days": "days"}
_IN_WORDS: Final = {"minutes": ("分钟", "minutes"), "hours": ("小时", "hours"), "days": ("天", "days")}
_Days = dict[str, tuple[Deadline, date]]


def promises(result: Resolution, claims: dict[str, Claim]) -> tuple[list[Duty], list[tuple[Duty, Claim]]]:
    """Return what the customer is told: the dates, and the amounts with the claim that each is promised of.

    Args:
        result: the resolution.
        claims: what the case may pay, see :func:`tmcs.cases.claims.case_claims`.
    """
    if result.status == NEEDS_FACTS:
        return [], []
    days = {deadline.id: (deadline, day) for deadline, day, _ in result.deadlines}
    told = _told(result)
    return _dates(result, told, days), _amounts(result, told, days, claims)


def _told(result: Resolution) -> list[str]:
    """Return the placeholders of what is said to the customer, in order."""
    values = result.values("zh")
    found: list[str] = []
    for fx in result.effects:
        for script in fx.say:
            text = script.text
            if script.otherwise is not None and not all(values.has(name) for name in names(text[0])):
                text = script.otherwise
            found += names(text[0])
    return list(dict.fromkeys(found))


def _dates(result: Resolution, told: list[str], days: _Days) -> list[Duty]:
    found: dict[str, Duty] = {}
    for place in told:
        duty = _by_deadline(result, place, days) or _by_span(result, place)
        if duty is not None:
            found.setdefault(duty.name, duty)
    return list(found.values())


def _by_deadline(result: Resolution, place: str, days: _Days) -> Duty | None:
    """Return the promise of ``{refund_due}`` (a day) or ``{coupon_time}`` (a rule in words)."""
    name, snapshot = place.replace("_", "-"), result.snapshot
    if name.endswith("-due") and name[:-4] in days:
        deadline, day = days[name[:-4]]
    elif name.endswith("-time") and name[:-5] in snapshot.deadlines:
        deadline = snapshot.deadline(name[:-5])
        day = due_of(result, deadline)
    else:
        return None
    return Duty("promise", f"{result.flow.id}:{deadline.id}", CUSTOMER, deadline.title, day, unit_of(deadline))


def _by_span(result: Resolution, place: str) -> Duty | None:
    """Return the promise of a limit that is told as a span from now: ``{refund_cancel_minutes}``, ``{late_days}``."""
    name, _, span = place.replace("_", "-").rpartition("-")
    limit = result.snapshot.limits.get(f"{name}-{span}")
    if limit is None or span not in _SPANS:
        return None
    count = limit // MILLION
    day = (result.now + timedelta(**{_SPANS[span]: count})).date()
    zh, en = _IN_WORDS[span]
    if result.route is not None and span == "minutes":
        return Duty("promise", f"{result.flow.id}:refund", CUSTOMER, ["退款到账", "refund"], day, CALENDAR)
    text = [f"{count} {zh}内答复或办妥", f"an answer or outcome within {count} {en}"]
    return Duty("promise", f"{result.flow.id}:{name}-{span}", CUSTOMER, text, day, CALENDAR)


def _amounts(result: Resolution, told: list[str], days: _Days, claims: dict[str, Claim]) -> list[tuple[Duty, Claim]]:
    found: dict[str, tuple[Duty, Claim]] = {}
    for place in told:
        claim = _claim_told(result, place, claims)
        if claim is None or claim.reason in found:
            continue
        amount = claim.payout.commit if claim.kind == COMPENSATION and claim.payout is not None else claim.most
        if amount:
            found[claim.reason] = promise_of(claim, amount, days), claim
    return list(found.values())


def _claim_told(result: Resolution, place: str, claims: dict[str, Claim]) -> Claim | None:
    """Return the claim whose amount a placeholder tells."""
    snapshot, reason = result.snapshot, place.replace("_", "-")
    own = [claims[payout.reason] for payout in result.payouts if payout.reason in claims]
    if place.startswith("payout_"):  # those on request are promised by the agent, when asked (C15)
        return next((one for one in own if one.kind == COMPENSATION and one.payout and one.payout.offer == "unasked"), None)
    if reason in snapshot.reasons and snapshot.payout(reason).flat_sum() is not None:
        return claims.get(reason) or flat_claim(snapshot, reason)
    if place not in ("refund_amount", reckoned_by(result)) and place not in _bases(result):
        return None
    besides = [one for one in own if snapshot.payout(one.reason).base == place]
    return next(iter([*besides, *_refunds(result, claims)]), None)


def _bases(result: Resolution) -> set[str]:
    """Return the facts that hold the amount of a payout as it is repaid."""
    return {result.snapshot.payout(payout.reason).base for payout in result.payouts if payout.kind != COMPENSATION}


def _refunds(result: Resolution, claims: dict[str, Claim]) -> Iterable[Claim]:
    """Return the claim that the resolution's refund is paid by, which an earlier flow of the case may have made."""
    if not result.amount:
        return []
    goods = [claim for claim in claims.values() if claim.goods and claim.most == result.amount]
    cash = [claim for claim in claims.values() if not claim.goods and claim.form == "cash"]
    return goods or ([cash[-1]] if cash and cash[-1].most >= result.amount else [])


def promise_of(claim: Claim, amount: int, days: _Days | None = None) -> Duty:
    """Return the promise of an amount."""
    deadline, day = (days or {}).get("coupon" if claim.form == "coupon" else REFUND, (None, None))
    said = format_money(amount)
    text = [f"赔付 {said} 元", f"compensation of {said} CNY"]
    if claim.kind != COMPENSATION:
        text = [f"退款 {said} 元", f"refund of {said} CNY"]
    unit = None if deadline is None else unit_of(deadline)
    return Duty("promise", f"payout:{claim.reason}", CUSTOMER, text, day, unit, amount)
