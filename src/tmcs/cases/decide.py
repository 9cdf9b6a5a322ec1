"""A decision on a case: the resolution, its receipt, and the duties that follow from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from tmcs import __version__
from tmcs.cases.audit import canonical, digest
from tmcs.core.facts import Fact
from tmcs.core.fill import fill, names
from tmcs.core.flow import Flow
from tmcs.core.money import format_money
from tmcs.core.order import Order
from tmcs.core.policy import Deadline, Policy
from tmcs.core.resolution import NEEDS_FACTS, Resolution
from tmcs.core.resolve import resolve

SCHEMA: Final = "tmcs/receipt/1"
WORKING: Final = "working"
CALENDAR: Final = "calendar"
CUSTOMER: Final = "customer"

#: What a decision reads of an order; the person is left out (see tests: no flow reads more).
_ORDER_KEYS: Final[tuple[str, ...]] = (
    "schema", "tid", "status", "created", "pay_time", "consign_time", "sign_time", "end_time", "payment", "post_fee", "lbx",
    "orders", "logistics", "seller_flag",
)  # fmt: skip
_REGION: Final[tuple[str, ...]] = ("state", "city", "district")
_LINE: Final[tuple[str, ...]] = (
    "oid", "sku", "barcode", "title", "price", "num", "payment", "category", "refund_status",
)  # fmt: skip


def impersonal(record: dict[str, Any]) -> dict[str, Any]:
    """Return what a decision reads of an order record: no name, phone, address, nick, account or memo."""
    found: dict[str, Any] = {key: record[key] for key in _ORDER_KEYS if key in record}
    if found.get("orders"):
        found["orders"] = [{key: line[key] for key in _LINE if key in line} for line in found["orders"]]
    receiver = record.get("receiver")
    if receiver:
        found["receiver"] = {key: receiver[key] for key in _REGION if key in receiver}
    invoice = record.get("invoice")
    if "invoice" in record:
        found["invoice"] = invoice and {key: invoice[key] for key in ("ticked", "content") if key in invoice}
    return found


def is_personal(fact: Fact | None) -> bool:
    """Return whether a fact's value, as it is given, is somebody's own words, which may name a person."""
    return fact is None or fact.type == "text"


class Duty:
    """Something that a resolution leaves to be done, awaited or kept.

    Attributes:
        kind: task, wait or promise.
        name: what it is, the same in the next resolution of the same case.
        party: the queue of a task, who must answer, or ``customer`` for a promise.
        text: what it is in words, ``[zh, en]``.
        due: the day it is due, or None; ``unit`` says in which days a pause moves it.
        amount: of a promise of money, in fen; ``reason`` its payout reason (None for a refund).
    """

    __slots__ = ("amount", "due", "kind", "name", "party", "reason", "text", "unit")

    def __init__(
        self, kind: str, name: str, party: str, text: list[str], due: date | None, unit: str | None,
        amount: int | None = None, reason: str | None = None,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.name = name
        self.party = party
        self.text = text
        self.due = due
        self.unit = unit
        self.amount = amount
        self.reason = reason


def decide(
    flow: Flow, policy: Policy, order: dict[str, Any] | None, facts: dict[str, str], sources: dict[str, str], tier: str,
    now: datetime,
) -> Resolution:  # fmt: skip
    """Return the resolution of a case at a moment; ``order`` without the person, see :func:`impersonal`."""
    known = None if order is None else Order(order)
    return resolve(flow, known, {**facts, "tier": tier}, policy, now, sources=sources)


def receipt(
    result: Resolution, policy_digest: str, flow_digest: str, order: dict[str, Any] | None, facts: dict[str, str],
    sources: dict[str, str],
) -> str:  # fmt: skip
    """Return the receipt of a decision as canonical JSON: all that went in, and what came out."""
    return canonical({
        "schema": SCHEMA,
        "program": f"tmcs {__version__}",
        "flow": {"id": result.flow.id, "digest": flow_digest},
        "policy": {"id": result.snapshot.policy.id, "version": result.snapshot.policy.version, "digest": policy_digest},
        "calendar": calendar_version(result),
        "clock": result.now.isoformat(timespec="seconds"),
        "tier": result.tier,
        "order": order,
        "facts": facts,
        "sources": sources,
        "result": result.to_dict(),
    })


def calendar_version(result: Resolution) -> str | None:
    """Return what the days of the calendar come from that a decision rests on; None where it counted no working day.

    What other decisions of this process looked up makes no difference: the same decision has the same receipt.
    """
    calendar = result.snapshot.calendar
    return calendar.version if result.counted and calendar.version != "none" else None


def unit_of(deadline: Deadline) -> str:
    """Return in which days a pause moves a deadline."""
    return WORKING if deadline.working else CALENDAR


def duties(result: Resolution) -> list[Duty]:
    """Return what a resolution leaves to be done, awaited and kept, in its order."""
    return [*_tasks(result), *_waits(result), *_promises(result)]


def _both(result: Resolution, text: list[str]) -> list[str]:
    return [fill(text[0], result.values("zh")), fill(text[1], result.values("en"))]


def _due(result: Resolution, deadline: Deadline) -> date:
    start = result.now.date() if deadline.start == "now" else result.known.get(deadline.start)
    return deadline.due(start if isinstance(start, date) else result.now.date(), result.snapshot.calendar)[0]


def _tasks(result: Resolution) -> list[Duty]:
    found: dict[str, Duty] = {}
    for fx in result.effects:
        for queue, text, deadline in fx.tasks:
            name = f"{result.flow.id}:{queue}:{digest(text[0])[:12]}"
            party = result.snapshot.queue_for(queue, result.tier)
            due = None if deadline is None else _due(result, deadline)
            unit = None if deadline is None else unit_of(deadline)
            found.setdefault(name, Duty("task", name, party, _both(result, text), due, unit))
    return list(found.values())


def _waits(result: Resolution) -> list[Duty]:
    found = []
    for party, name, due in result.waits:
        fact = result.flow.fact(name)
        text = fact.label if fact else [name, name]
        found.append(Duty("wait", f"{result.flow.id}:{name}", party, text, due, None if due is None else WORKING))
    return found


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


def _promises(result: Resolution) -> list[Duty]:
    """Return each amount and date that a script tells the customer, as a promise with its day."""
    if result.status == NEEDS_FACTS:
        return []
    found: dict[str, Duty] = {}
    days = {deadline.id: (deadline, day) for deadline, day, _ in result.deadlines}
    told = _told(result)
    for place in told:
        deadline, day = _deadline_told(result, place, days)
        if deadline is not None and day is not None:
            name = f"{result.flow.id}:{deadline.id}"
            found.setdefault(name, Duty("promise", name, CUSTOMER, deadline.title, day, unit_of(deadline)))
    if "refund_amount" in told and result.amount:
        deadline, day = days.get("refund", (None, None))
        amount = format_money(result.amount)
        text = [f"退款 {amount} 元", f"refund of {amount} CNY"]
        unit = None if deadline is None else unit_of(deadline)
        name = f"{result.flow.id}:refund-amount"
        found[name] = Duty("promise", name, CUSTOMER, text, day, unit, result.amount)
    return [*found.values(), *_payouts_promised(result, told, days)]


def _deadline_told(
    result: Resolution, place: str, days: dict[str, tuple[Deadline, date]]
) -> tuple[Deadline | None, date | None]:
    name = place.replace("_", "-")
    if name.endswith("-due"):
        return days.get(name[:-4], (None, None))
    if name.endswith("-time") and name[:-5] in result.snapshot.deadlines:
        deadline = result.snapshot.deadline(name[:-5])
        return deadline, _due(result, deadline)
    return None, None


def _payouts_promised(
    result: Resolution, told: list[str], days: dict[str, tuple[Deadline, date]]
) -> list[Duty]:  # fmt: skip
    """Return the payouts that are offered unasked: those on request are promised by the agent, when asked."""
    found = []
    if any(place.startswith("payout_") for place in told):
        for payout in result.payouts:
            if payout.kind == "compensation" and payout.offer == "unasked" and payout.commit:
                amount = format_money(payout.commit)
                text = [f"赔付 {amount} 元", f"compensation of {amount} CNY"]
                deadline, day = days.get("coupon" if payout.form == "coupon" else "refund", (None, None))
                unit = None if deadline is None else unit_of(deadline)
                name = f"payout:{payout.reason}"
                found.append(Duty("promise", name, CUSTOMER, text, day, unit, payout.commit, payout.reason))
    return found
