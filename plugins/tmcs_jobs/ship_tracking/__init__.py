"""The job `ship-tracking`: handbook section P04."""

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit

#: What the warehouse writes of an order that it holds, and what that says.
CANNOT = ("缺货", "无货", "破损", "过期")
HANDLED = ("已补货", "已发出")


def facts(hit: Hit, context: Context) -> dict[str, str]:
    """Return what the warehouse says of the order, where it has said anything."""
    for note in reversed(context.notes(hit.tid or "", "warehouse")):
        if any(word in note.get("reason", "") for word in CANNOT):
            return {"can_ship": "cannot", "cannot_reason": "out-of-stock"}
    return {}


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, facts=facts)
