"""The job `held-orders`: handbook section P02."""

from collections.abc import Iterator

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit, unshipped

WAITS_FOR_PLATFORM = (
    "超卖单已报淘宝，等淘宝答复后由超卖工作致电 (C119)",
    "oversold and submitted to the platform: oversell calls once it has answered (C119)",
)


def hits(context: Context) -> Iterator[Hit]:
    """Yield the orders that the warehouse holds, or of which its feedback cannot be read."""
    within = context.hours("replenish-hours")
    for hit in unshipped(context):
        said = context.said(hit.key)
        if said.held is None and said.odd is None:
            continue
        if said.held is not None:
            hit.facts["hold_reason"] = said.held
            replenished = said.replenished(context.now, within)
            if replenished is not None:
                hit.facts["shortfall"] = replenished
            if said.arrival is not None and said.arrival[0] > context.now:
                hit.facts["expected_day"] = said.arrival[0].date().isoformat()
        if (hit.record or {}).get("lbx", "?") in (None, "") and context.listed(hit.key, "oversell"):
            hit.left = hit.left or WAITS_FOR_PLATFORM
        yield hit


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits)
