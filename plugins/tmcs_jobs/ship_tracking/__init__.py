"""The job `ship-tracking`: handbook section P04."""

from datetime import timedelta

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit, unshipped

#: How long an answer of the warehouse holds: an order that it was to send and that has not left is asked about anew.
HOLDS = {"today": timedelta(0), "late": timedelta(1), "replenished": timedelta(1), "sent": timedelta(1)}
CAN_SHIP = {"today": "today", "sent": "today", "late": "late", "replenished": "late"}


def facts(hit: Hit, context: Context) -> dict[str, str]:
    """Return whether the order lies in today's window, and whether the warehouse can ship it, where it has said so."""
    start, end = (moment.isoformat(timespec="seconds") for moment in context.span)
    found = {"in_window": "yes" if start <= ((hit.record or {}).get("pay_time") or "") < end else "no"}
    said = context.said(hit.key)
    if said.held is not None:
        replenished = said.replenished(context.now, context.hours("replenish-hours"))
        if replenished == "in-time":
            found["can_ship"] = "late"
        elif replenished is not None:
            found |= {"can_ship": "cannot", "cannot_reason": "out-of-stock"}
    elif said.said == "cannot":
        found |= {"can_ship": "cannot", "cannot_reason": "other"}
    elif said.said is not None and said.at is not None and context.now.date() - said.at.date() <= HOLDS[said.said]:
        found["can_ship"] = CAN_SHIP[said.said]
    return found


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=unshipped, facts=facts)
