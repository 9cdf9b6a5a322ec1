"""What there is to know of jobs and their runs: as JSON, for lists and for a person alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.policy import Snapshot
from tmcs.jobs.definition import Job
from tmcs.jobs.kinds import kind
from tmcs.jobs.select import All, Any_, FieldTest, Node, Not
from tmcs.jobs.worklist import LABELS

if TYPE_CHECKING:
    from tmcs.store.base import Store

_SIGNS: Final = {">=": "≥", "<": "<", ">": ">", "<=": "≤"}
_STATES: Final = {"set": ("已有", "is set"), "empty": ("空着", "is empty"), "unknown": ("不详", "is not known")}
#: What ``$…`` of a selection is, in words.
_MOMENTS: Final = {
    "$from": ("时段起", "the window's start"), "$to": ("时段止", "the window's end"), "$now": ("运行时刻", "the moment of the run"),
    "$hours-ago": ("时限之前", "the limit's hours ago"),
}  # fmt: skip
_JOINS: Final = {All: (" 且 ", " and "), Any_: (" 或 ", " or ")}


def summary(job: Job, snapshot: Snapshot, now: datetime, store: Store | None) -> dict[str, Any]:
    """Return a job for a list: what it is, when it runs next, and its last run."""
    following, due = job.next_run(snapshot, now), job.due(snapshot, now.date())
    last = None if store is None else next(iter(runs(store, job.id, only_last=True)), None)
    return {
        "id": job.id, "section": job.section, "title": _both(job.title), "every": job.every,
        "at": f"{job.at(snapshot, now.date()):%H:%M}", "next": _iso(following),
        "report_due": None if due is None else due.isoformat(timespec="seconds"), "last": last,
    }  # fmt: skip


def described(job: Job, snapshot: Snapshot, now: datetime, store: Store | None) -> dict[str, Any]:
    """Return a job as a whole: also its window, selection, groups, inputs, and recipients."""
    start, end = job.span(snapshot, now, None)
    return {
        **summary(job, snapshot, now, store),
        "aliases": job.aliases,
        "precedence": job.precedence,
        "window": {"from": _iso(start), "to": _iso(end), "on": job.window},
        "select": None if job.condition is None else _both([words(job.condition, "zh"), words(job.condition, "en")]),
        "groups": [
            {"id": one.id, "title": _both(one.title), "call": one.call} for one in job.groups.values()
        ],
        "inputs": [
            {"kind": name, "title": kind(name).title.to_dict(), "required": required,
             "columns": [column.header for column in kind(name).required()]}
            for name, required in job.inputs.items()
        ],
        "notes": job.notes,
        "report": {"title": _both(job.report), "to": job.recipients},
        "not_executable": {rule: _both(reason) for rule, reason in job.not_executable.items()},
    }  # fmt: skip


def words(condition: Node, lang: str) -> str:
    """Return a selection in words."""
    en = lang == "en"
    if isinstance(condition, FieldTest):
        field = LABELS[condition.field][en].partition("（" if lang == "zh" else " (")[0]
        if condition.state is not None:
            return f"{field} {_STATES[condition.state][en]}"
        if condition.values:
            return f"{field} = {' | '.join(condition.values)}"
        said = [f"{field} {_SIGNS[sign]} {_MOMENTS[bound][en] if bound in _MOMENTS else bound}" for sign, bound in condition.bounds]
        return _JOINS[All][en].join(said)
    if isinstance(condition, Not):
        return ("not (" if en else "非（") + words(condition.part, lang) + (")" if en else "）")
    assert isinstance(condition, All | Any_)
    parts = [f"({words(one, lang)})" if isinstance(one, Any_) else words(one, lang) for one in condition.parts]
    return _JOINS[type(condition)][en].join(parts)


def runs(store: Store, job: str | None = None, *, only_last: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the runs of a job, or of all, the latest first."""
    where, values = ("", ()) if job is None else (" WHERE r.job = ?", (job,))
    sql = (
        "SELECT r.job, r.name, r.state, r.now, r.window_from, r.window_to, r.started_at, r.finished_at, r.agent, r.inputs, r.counts,"
        " r.report, (SELECT count(*) FROM job_item i WHERE i.run_id = r.id),"
        " (SELECT count(i.case_id) FROM job_item i WHERE i.run_id = r.id)"
        f" FROM job_run r{where} ORDER BY r.now DESC, r.id DESC{' LIMIT 1' if only_last else ''}"
    )
    for name, run, state, now, start, end, begun, done, agent, inputs, counts, report, items, cases in store.stream(sql, values):
        yield {
            "job": name, "run": run, "state": state, "now": now, "window": {"from": start, "to": end}, "started": begun,
            "finished": done, "agent": agent, "inputs": json.loads(inputs), "counts": None if counts is None else json.loads(counts),
            "items": int(items), "cases": int(cases), "report": report,
        }  # fmt: skip


def _both(pair: list[str]) -> dict[str, str]:
    return {"zh": pair[0], "en": pair[1]}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
