"""A decision on a case: the resolution, its receipt, and the duties that follow from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from tmcs import __version__
from tmcs.cases.audit import canonical, digest
from tmcs.core.facts import Fact
from tmcs.core.fill import fill
from tmcs.core.flow import Flow
from tmcs.core.order import Order
from tmcs.core.policy import Deadline, Policy
from tmcs.core.resolution import Resolution
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
        amount: of a promise of money, in fen.
    """

    __slots__ = ("amount", "due", "kind", "name", "party", "text", "unit")

    def __init__(
        self, kind: str, name: str, party: str, text: list[str], due: date | None, unit: str | None,
        amount: int = 0,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.name = name
        self.party = party
        self.text = text
        self.due = due
        self.unit = unit
        self.amount = amount


def decide(
    flow: Flow, policy: Policy, order: dict[str, Any] | None, facts: dict[str, str], sources: dict[str, str], tier: str,
    now: datetime,
) -> Resolution:  # fmt: skip
    """Return the resolution of a case at a moment; ``order`` without the person, see :func:`impersonal`.

    The order in which facts were learnt makes no difference, to the order of warnings either.
    """
    known = None if order is None else Order(order)
    given = {name: facts[name] for name in sorted(facts)}
    return resolve(flow, known, {**given, "tier": tier}, policy, now, sources=sources)


def receipt(
    result: Resolution, policy_digest: str, flow_digest: str, order: dict[str, Any] | None, facts: dict[str, str],
    sources: dict[str, str],
) -> str:  # fmt: skip
    """Return the receipt of a decision as canonical JSON: all that went in, and what came out.

    Of a policy whose figures change over time it says from when those hold that were gone by.
    """
    policy = result.snapshot.policy
    since = {} if policy.since is None else {"since": policy.since}
    return canonical({
        "schema": SCHEMA,
        "program": f"tmcs {__version__}",
        "flow": {"id": result.flow.id, "digest": flow_digest},
        "policy": {"id": policy.id, "version": policy.version, "digest": policy_digest, **since},
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
    """Return what a resolution leaves to be done and awaited, in its order; promises: see :mod:`tmcs.cases.told`."""
    return [*_tasks(result), *_waits(result)]


def _both(result: Resolution, text: list[str]) -> list[str]:
    return [fill(text[0], result.values("zh")), fill(text[1], result.values("en"))]


def due_of(result: Resolution, deadline: Deadline) -> date:
    """Return the day on which a deadline ends that starts with a decision."""
    start = result.now.date() if deadline.start == "now" else result.known.get(deadline.start)
    return deadline.due(start if isinstance(start, date) else result.now.date(), result.snapshot.calendar)[0]


def _tasks(result: Resolution) -> list[Duty]:
    found: dict[str, Duty] = {}
    for fx in result.effects:
        for queue, text, deadline in fx.tasks:
            name = f"{result.flow.id}:{queue}:{digest(text[0])[:12]}"
            party = result.snapshot.queue_for(queue, result.tier)
            due = None if deadline is None else due_of(result, deadline)
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
