"""What the planned jobs list each day: plans by their next step, and the people of those that run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tmcs.jobs.hits import Hit
from tmcs.jobs.plans import Plan, read_plans

if TYPE_CHECKING:
    from tmcs.jobs.hits import Context
    from tmcs.jobs.plans import Person


def plan_hit(plan: Plan, facts: dict[str, str]) -> Hit:
    """Return a plan as something to be done."""
    return Hit(f"plan-{plan.id}", facts=facts, row={"plan": str(plan.id)})


def person_hit(context: Context, plan: Plan, person: Person, facts: dict[str, str]) -> Hit:
    """Return somebody of a plan as something to be done."""
    record = None if person.tid is None else context.order(person.tid)
    row = {"plan": str(plan.id), "number": person.n}
    return Hit(f"plan-{plan.id}/{person.n}", person.tid, record, facts=facts, row=row, customer=person.nick)


def called_today(context: Context, hit: Hit) -> Hit:
    """Mark a hit whose customer is called today about another of their orders: one call a customer and day (C119)."""
    if hit.customer is not None:
        row = context.store.execute(
            "SELECT c.job FROM job_call c JOIN orders o ON o.tid = c.tid"
            " WHERE c.day = ? AND lower(o.nick) = lower(?) AND c.tid <> ? ORDER BY c.tid LIMIT 1",
            (context.now.date().isoformat(), hit.customer, hit.tid or ""),
        ).fetchone()
        if row is not None:
            hit.left = (f"同一客户今天已由 {row[0]} 致电 (C119)", f"the customer is called today by {row[0]} (C119)")
    return hit


def next_due(context: Context, job: str, days: Callable[[Plan | None], int]) -> bool:
    """Return whether a new plan is due: none is open, and the latest was begun so many days ago (``days`` of it) or never."""
    plans = [plan for plan in read_plans(context.store, job, all_=True) if plan.stage != "dropped"]
    if any(plan.closed_at is None for plan in plans):
        return False
    latest = max(plans, key=lambda plan: plan.opened_at, default=None)
    return latest is None or date.fromisoformat(latest.opened_at[:10]) + timedelta(days(latest)) <= context.now.date()


def ended_since(context: Context, job: str, stage: str) -> list[Plan]:
    """Return the plans that ended in a stage since the previous run, or today where there was none."""
    since = (context.last or context.span[0]).isoformat(timespec="seconds")
    now = context.now.isoformat(timespec="seconds")
    found = [plan for plan in read_plans(context.store, job, all_=True) if plan.stage == stage and plan.closed_at is not None]
    return [plan for plan in reversed(found) if since <= str(plan.closed_at) <= now]
