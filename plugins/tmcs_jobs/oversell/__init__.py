"""The job `oversell`: handbook section P03."""

from datetime import timedelta
from typing import Any

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit, unshipped


def facts(hit: Hit, context: Context) -> dict[str, str]:
    """Return what the platform has answered of the order; where it has not, whether its days for that are over."""
    answer = _answers(context).get(hit.key)
    if answer is not None:
        expected = answer["expected"] or ""
        return {
            "replenish_answer": answer["replenish"],
            "expected_day": expected if expected >= context.now.date().isoformat() else "",  # a day gone by says nothing
        }
    submitted = context.listed(hit.key, context.job.id, "submit")
    days = timedelta(days=int(context.snapshot.job(context.job.id).number("answer-days")))
    late = submitted is not None and context.now.date() >= submitted.date() + days
    return {"answer_late": "yes"} if late else {}


def _answers(context: Context) -> dict[str, dict[str, Any]]:
    """Return the newest answer of each order as of the run; read once a run."""
    found: dict[str, dict[str, Any]] | None = context.kept.get("answers")
    if found is None:
        found = context.kept["answers"] = {}
        now = context.now.isoformat(timespec="seconds")
        for row in context.rows("answers"):
            if row["answered"] <= now and row["answered"] >= found.get(row["order"], row)["answered"]:
                found[row["order"]] = row
    return found


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=unshipped, facts=facts)
