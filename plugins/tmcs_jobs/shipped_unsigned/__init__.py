"""The job `shipped-unsigned`: handbook section P05."""

from collections.abc import Iterator

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit
from tmcs_jobs.parcels import facts_of, problem_told, unsigned


def hits(context: Context) -> Iterator[Hit]:
    """Yield the orders with a parcel that left too long ago and is not signed for, with what is known of it."""
    hours = context.snapshot.limits[context.job.hours or ""]
    for hit in unsigned(context):
        facts = facts_of(context, hit, hours)
        if facts is None:
            continue
        if "parcel_state" not in facts and (told := problem_told(context, hit.tid or "", hit.record)):
            facts["parcel_state"] = told
        hit.facts = facts
        yield hit


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits)
