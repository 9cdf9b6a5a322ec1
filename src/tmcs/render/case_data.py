"""A case as JSON, schema ``tmcs/case/1``: ids are strings, money is CNY as text, days are dates, the person is masked."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from tmcs.cases.days import Days
from tmcs.cases.history import Event
from tmcs.cases.lists import LiveDuty, Promised
from tmcs.cases.reads import CaseView
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.render.case_events import event_words, why_of

SCHEMA: Final = "tmcs/case/1"
_STATES: Final = ("paid", "promised", "approved", "asked")


def case_data(view: CaseView, snapshot: Snapshot, today: date, person: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a case as JSON; see :func:`tmcs.render.case.case_screen`."""
    days = Days(snapshot, today)
    case, history = view.case, view.history
    row = case.to_dict()
    found: dict[str, Any] = {
        "schema": SCHEMA, "case": row.pop("id"), **row, "stages": history.stages, "opened_by": view.opened_by, "policy": view.policy,
        "policy_day": history.on, "newer_policy": not view.standing.snapshot.same_as(snapshot),
        "tier": history.tier, "decided_at": history.clock,
        "paused": None if history.paused is None else {"since": history.paused[0], "for": history.paused[1]},
        "customer": view.customer,
        "duties": [duty_data(one, days) for one in case.duties],
        "money": _money(view),
        "resolution": _resolution(view),
        "as_of_now": None if view.later is None else {
            "differs": view.differs, "status": view.later.status, "outcome": view.later.outcome, "now": view.later.now.isoformat(timespec="seconds"),
        },
        "events": [_event(one, view) for one in view.events],
        "estimated_years": sorted(days.guessed),
    }  # fmt: skip
    if person is not None:
        found["person"] = person
    return found


def duty_data(duty: LiveDuty, days: Days) -> dict[str, Any]:
    """Return a duty as JSON, with what its day means today: overdue, soon or null."""
    running = duty.state != "held"
    estimated = duty.due is not None and days.estimated(duty.due, duty.unit)
    return {**duty.to_dict(), "mark": (days.mark(duty.due) or None) if running else None, "estimated": estimated}


def promise_data(one: Promised, days: Days) -> dict[str, Any]:
    """Return a promise as JSON."""
    amount = None if one.amount is None else format_money(one.amount)
    return {"case": str(one.duty.case_id), "flow": one.flow, "order": one.tid, "reason": one.reason, "amount": amount, **duty_data(one.duty, days)}


def _money(view: CaseView) -> dict[str, Any]:
    totals = dict.fromkeys(_STATES, 0)
    for entry in view.standing.entries:
        if entry.state in totals:
            totals[entry.state] += entry.amount
    return {"totals": {name: format_money(value) for name, value in totals.items()}, **view.standing.to_dict()}


def _resolution(view: CaseView) -> dict[str, Any]:
    found = view.result.to_dict()
    for step in found["path"]:
        if step["fact"] in view.own and step["value"] is not None:
            step["value"] = view.fact_value(step["fact"], view.own[step["fact"]])
    return found


def _event(event: Event, view: CaseView) -> dict[str, Any]:
    return {
        "n": event.n, "at": event.at, "kind": event.kind, "agent": event.agent, "tier": event.tier,
        "text": {"zh": event_words(event, view, "zh"), "en": event_words(event, view, "en")},
        "why": why_of(event, view, "zh") if event.why else None, "erased": event.erased,
        "data": {name: value for name, value in event.data.items() if name != "order"},
    }  # fmt: skip
