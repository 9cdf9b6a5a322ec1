"""The job `reorder-orders`: handbook section P07."""

from collections.abc import Iterator

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit
from tmcs_jobs.parcels import PROBLEMS, facts_of, problem_told, unsigned

#: What became of the order's case, and whether the customer then wants the goods sent again.
_WISHES = {"reorder": "yes", "refund": "no"}
_FLOWS = ("reorder", "unsigned")


def hits(context: Context) -> Iterator[Hit]:
    """Yield the orders with a parcel that was lost, damaged or sent back, with what the customer said in their cases."""
    for hit in unsigned(context):
        tid = hit.tid or ""
        facts = facts_of(context, hit, None) or {}
        if facts.get("parcel_state") not in PROBLEMS and facts.get("signed") != "yes":
            told = problem_told(context, tid, hit.record)
            if told is not None:
                facts["parcel_state"] = told
        if facts.get("parcel_state") not in PROBLEMS:
            continue
        wish = _wish(context, tid)
        if wish is not None:
            facts["wants_resend"] = wish
            if wish == "yes" and context.listed(tid, context.job.id, "order-again"):
                continue  # it stands in an earlier sheet: ordered twice it would be sent twice (C55)
        hit.facts = facts
        yield hit


def _wish(context: Context, tid: str) -> str | None:
    """Return what the customer wants by the latest case of the order in which that was settled, or None."""
    marks = ", ".join("?" for _ in _FLOWS)
    sql = f"SELECT outcome FROM cases WHERE tid = ? AND flow IN ({marks}) ORDER BY id DESC"
    for (outcome,) in context.store.execute(sql, (tid, *_FLOWS)).fetchall():
        if outcome in _WISHES:
            return _WISHES[outcome]
    return None


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits)
