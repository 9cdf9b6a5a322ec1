"""Which jobs ran on some days, and which did not although it was their time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from tmcs.cases.report_period import Span
from tmcs.core.policy import Policy
from tmcs.jobs.definition import Job
from tmcs.store.base import Store


def ran(store: Store, jobs: Iterable[Job], policy: Policy, span: Span, now: datetime) -> list[dict[str, Any]]:
    """Return of each job how many runs were finished on these days, and on which of its days there was none.

    A run counts for the day it is as of, if it was not before the job's time. A job is missed only from the day of its first
    run on: one that a desk does not use is not missed. What ran but is installed no more is listed too.

    Args:
        policy: says when each job runs on a day.
        now: what is still to come today is not missed.
    """
    done: dict[str, list[str]] = {}
    unfinished: dict[str, int] = {}
    sql = "SELECT job, now, state FROM job_run WHERE now >= ? AND now < ? ORDER BY now, id"
    for job, at, state in store.stream(sql, span.bounds):
        if state == "done":
            done.setdefault(job, []).append(at)
        else:
            unfinished[job] = unfinished.get(job, 0) + 1
    first = dict(store.execute("SELECT job, min(now) FROM job_run WHERE state = 'done' GROUP BY job").fetchall())
    known = {job.id: job for job in jobs}
    found = []
    for name in [*known, *sorted({*done, *unfinished} - known.keys())]:
        times, job = done.get(name, []), known.get(name)
        missed = [] if job is None or name not in first else _missed(job, policy, span, now, first[name], times)
        found.append({
            "job": name, "title": None if job is None else {"zh": job.title[0], "en": job.title[1]}, "runs": len(times),
            "unfinished": unfinished.get(name, 0), "missed": len(missed), "missed_days": [one.isoformat() for one in missed],
            "last_run": times[-1] if times else None, "used": name in first,
        })  # fmt: skip
    return found


def _missed(job: Job, policy: Policy, span: Span, now: datetime, first: str, times: list[str]) -> list[date]:
    if job.every == "on-demand":
        return []
    latest: dict[str, str] = {at[:10]: at for at in times}  # in order of time: the last of each day
    found = []
    for day in span.each():
        if day.isoformat() < first[:10]:
            continue
        snapshot = policy.at(datetime.combine(day, now.timetz()))
        at = job.at(snapshot, day)
        if at > now or not job.runs_on(snapshot, day):
            continue
        run = latest.get(day.isoformat())
        if run is None or datetime.fromisoformat(run) < at:
            found.append(day)
    return found
