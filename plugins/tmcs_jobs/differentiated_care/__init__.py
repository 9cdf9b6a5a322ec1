"""The job `differentiated-care` (handbook section P09): who needs care of their own, and what each care plan needs next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit
from tmcs.jobs.care import JOB
from tmcs.jobs.plan_hits import person_hit
from tmcs.jobs.plans import find_person, read_plans


def hits(context: Context) -> Iterator[Hit]:
    """Yield the care plans that have not ended, then the complaints that may need one and have none."""
    for plan in reversed(read_plans(context.store, JOB)):
        form = {"care_form": plan.body["form"]} if "form" in plan.body else {}
        yield person_hit(context, plan, find_person(context.store, plan.id, "1"), {"care_stage": plan.stage, **form})
    now = context.now.isoformat(timespec="seconds")
    seen: set[str] = set()
    for row in context.rows("complaints"):
        facts = {name: row[name] for name in ("dissatisfied", "reputation") if row[name] is not None}
        key = row["number"] or row["order"]
        if row["opened"] > now or key in seen or facts == {"dissatisfied": "no", "reputation": "no"} or _planned(context, row):
            continue
        seen.add(key)
        yield Hit(key, row["order"], context.order(row["order"]), facts={"care_stage": "none", **facts}, row=row, customer=row["customer"])


def _planned(context: Context, row: dict[str, Any]) -> bool:
    """Return whether an order has had a care plan, whatever became of it."""
    sql = "SELECT 1 FROM plan_person o JOIN plan p ON p.id = o.plan_id WHERE p.job = ? AND o.tid = ? LIMIT 1"
    return context.store.execute(sql, (JOB, row["order"])).fetchone() is not None


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits)
