"""The job `completion-rate`: handbook section P06."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit, refund_of, selected

TRACKING = "ship-tracking"
UNKNOWN = "unknown"


def hits(context: Context) -> Iterator[Hit]:
    """Yield the orders that were to be tracked yesterday: that day's list, or, where it was not made, what the book says."""
    run = context.run_on(TRACKING, context.now.date() - timedelta(days=1))
    if run is None:
        yield from selected(context)
        return
    for key, group in context.items(run):
        record = context.order(key)
        # One that could not be told yesterday may be told by now.
        due = True if group != UNKNOWN or record is None else context.holds(record)
        if due is not False:
            yield Hit(key, key, record, known=due is True)


def facts(hit: Hit, context: Context) -> dict[str, str]:
    """Return whether the order is refunded."""
    return {"refunded": "yes"} if refund_of(hit.record) == "done" else {}


def figures(context: Context, counts: dict[str, int]) -> dict[str, Any]:
    """Return the completion rate, rounded half up to four decimals; none where nothing was to be tracked."""
    completed = counts.get("completed", 0)
    tracked = completed + counts.get("open", 0)
    units = (completed * 20000 + tracked) // (2 * tracked) if tracked else None
    rate = None if units is None else f"{units // 10000}.{units % 10000:04d}"
    return {"tracked": tracked, "completed": completed, "rate": rate}


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits, facts=facts, figures=figures)
