"""The job `satisfaction-survey`: handbook section P10. What it lists comes from the surveys that `tmcs job survey` keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit
from tmcs.jobs.plan_hits import called_today, ended_since, next_due, person_hit, plan_hit
from tmcs.jobs.plans import people, read_plans
from tmcs.jobs.survey import JOB, OPEN
from tmcs.jobs.survey_results import Results, four_decimals


def hits(context: Context) -> Iterator[Hit]:
    """Yield what each survey needs next, and the people to be asked for those that run."""
    store, today = context.store, context.now.date().isoformat()
    figures = context.snapshot.job(JOB)
    if next_due(context, JOB, lambda latest: int(figures.number(f"{latest.body['period'] if latest else 'quarter'}-days"))):
        yield Hit("due", facts={"survey_stage": "due"})
    for plan in ended_since(context, JOB, "closed"):
        yield plan_hit(plan, {"survey_stage": "closed", "survey": plan.body["title"]})
    for plan in reversed(read_plans(store, JOB)):
        facts = {"survey_stage": plan.stage, "survey": plan.body["title"]}
        asked = plan.stage != "running"
        if not asked:
            left = next(people(store, plan.id, OPEN), None) is not None
            asked = today > plan.body["end"] or not left
            facts["survey_stage"] = "ending" if asked else "running"
        if asked:
            yield plan_hit(plan, facts)
            continue
        facts["survey_form"] = plan.body["form"]
        for person in people(store, plan.id, OPEN):
            mailed = {"questionnaire_mailed": "yes" if person.state == "mailed" else "no"} if plan.body["form"] == "paper" else {}
            yield called_today(context, person_hit(context, plan, person, {**facts, **mailed}))


def figures(context: Context, counts: dict[str, int]) -> dict[str, Any]:
    """Return how far the surveys that run have come."""
    running = [Results(context.store, plan) for plan in read_plans(context.store, JOB) if plan.stage == "running"]
    rows = [
        {
            "plan": str(one.plan.id), "title": one.plan.body["title"], "listed": one.listed,
            "answered": one.states["answered"] + one.states["partial"], "declined": one.states["declined"],
            "to_ask": sum(one.states[state] for state in OPEN), "response_rate": four_decimals(one.rate),
        }
        for one in running
    ]  # fmt: skip
    return {"surveys": rows} if rows else {}


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits, figures=figures)
