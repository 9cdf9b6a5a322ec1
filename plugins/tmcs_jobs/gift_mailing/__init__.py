"""The job `gift-mailing`: handbook section P11. What it lists comes from the mailings that `tmcs job gift` keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit
from tmcs.jobs.gift import JOB, OPEN
from tmcs.jobs.plan_hits import called_today, next_due, person_hit, plan_hit
from tmcs.jobs.plans import counts as states_of
from tmcs.jobs.plans import people, read_plans


def hits(context: Context) -> Iterator[Hit]:
    """Yield what each mailing needs next, and the recipients of those that run."""
    store = context.store
    interval = str(context.snapshot.settings["gift_interval"][0])
    # The handbook gives no interval (C113): a desk that sets a number of days is told when a mailing is due.
    if interval.isascii() and interval.isdigit() and next_due(context, JOB, lambda _: int(interval)):
        yield Hit("due", facts={"mailing_stage": "due"})
    for plan in reversed(read_plans(store, JOB)):
        facts = {"mailing_stage": plan.stage, "mailing": plan.body["title"]}
        if plan.stage not in ("list-ready", "calling-and-mailing"):
            yield plan_hit(plan, facts)
            continue
        facts["mailing_stage"] = "running"
        if next(people(store, plan.id, OPEN), None) is None:
            yield plan_hit(plan, {**facts, "mailing_stage": "ending"})
            continue
        for person in people(store, plan.id, OPEN):
            more = {"gift": person.data.get("gift", plan.body["gift"]), "address_checked": "yes" if person.state == "checked" else "no"}
            hit = person_hit(context, plan, person, {**facts, **more})
            yield called_today(context, hit) if person.state != "checked" else hit


def figures(context: Context, counts: dict[str, int]) -> dict[str, Any]:
    """Return how far the mailings that run have come."""
    rows = []
    for plan in read_plans(context.store, JOB):
        if plan.stage in ("list-ready", "calling-and-mailing"):
            found = states_of(context.store, plan.id)
            rows.append({
                "plan": str(plan.id), "title": plan.body["title"], "listed": sum(found.values()), "shipped": found.get("shipped", 0),
                "declined": found.get("declined", 0), "to_do": sum(found.get(state, 0) for state in OPEN),
            })  # fmt: skip
    return {"mailings": rows} if rows else {}


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits, figures=figures)
