"""The job `differentiated-follow-up` (handbook section P08): valid complaints are shared out evenly and followed to their end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import blake2b
from typing import Any, Final

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit

_TOPICS: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "topics.yaml")
_QUEUE: Final = "complaint"
_SHOWN: Final = 200  # characters of the first line's note that the worklist repeats

Complaint = dict[str, Any]


@cache
def _topics() -> dict[str, Any]:
    from tmcs.jobs import load_yaml

    words: dict[str, Any] = load_yaml(_TOPICS)
    return words


def hits(context: Context) -> Iterator[Hit]:
    """Yield the complaints that are not known to be invalid or finished, the oldest first, each with its specialist."""
    rows = sorted(_open(context), key=lambda row: (row["opened"], row["order"], row["number"] or "", row["topic"]))
    shares = _shared_out(context, [row for row in rows if row["valid"] == "yes"])
    seen: dict[str, int] = {}
    for row in rows:
        name = key_of(row)
        seen[name] = seen.get(name, 0) + 1
        key = name if seen[name] == 1 else f"{name}#{seen[name]}"
        facts = _facts(row, context)
        if id(row) in shares:
            facts["specialist"] = shares[id(row)]
        yield Hit(key, row["order"], context.order(row["order"]), facts=facts, row=row, customer=row["customer"])


def key_of(row: Mapping[str, Any]) -> str:
    """Return what names a complaint for good: its number or order, and a digest of what tells it apart."""
    parts = "\n".join(str(row[key] or "") for key in ("number", "order", "opened", "topic"))
    return f"{row['number'] or row['order']}/{blake2b(parts.encode(), digest_size=4).hexdigest()}"


def _stamp(context: Context) -> str:
    return context.now.isoformat(timespec="seconds")


def _open(context: Context) -> Iterator[Complaint]:
    now = _stamp(context)
    for row in context.rows("complaints"):
        done = row["finished"] is not None and row["finished"] <= now
        if row["opened"] <= now and row["valid"] != "no" and not done:
            yield row


def _on_duty(context: Context) -> list[str]:
    today = context.now.date().isoformat()
    return sorted({row["specialist"] for row in context.rows("duty") if row["day"] in (None, today)})


def _shared_out(context: Context, rows: list[Complaint]) -> dict[int, str]:
    """Return the specialist of each complaint (by the id of its row); those nobody can take are left out.

    Whoever has a complaint keeps it while on duty; the others go, the oldest first, to whoever then has the fewest, of
    equals to the first by name. Complaints of one order go to one person.
    """
    duty = _on_duty(context)
    found: dict[int, str] = {}
    for row in rows:
        keeper = row["specialist"] or _earlier(context, key_of(row))
        if keeper and (keeper in duty or not duty):
            found[id(row)] = keeper
    if not duty:
        return found
    load = dict.fromkeys(duty, 0)
    by_order: dict[str, str] = {}
    for row in rows:
        if id(row) in found:
            load[found[id(row)]] += 1
            by_order.setdefault(row["order"], found[id(row)])
    for name, orders in _taken(context, duty).items():
        load[name] += len(orders - {row["order"] for row in rows})
    for row in rows:
        if id(row) not in found:
            name = by_order.get(row["order"]) or min(duty, key=lambda one: (load[one], one))
            by_order[row["order"]] = found[id(row)] = name
            load[name] += 1
    return found


def _earlier(context: Context, name: str) -> str | None:
    """Return the specialist whom an earlier run gave a complaint to, or None."""
    sql = (
        "SELECT i.body FROM job_run r JOIN job_item i ON i.run_id = r.id AND i.name = ?"
        " WHERE r.job = ? AND r.state = 'done' AND r.now < ? ORDER BY r.now DESC, r.id DESC LIMIT 1"
    )
    row = context.store.execute(sql, (name, context.job.id, _stamp(context))).fetchone()
    return None if row is None else json.loads(row[0])["facts"].get("specialist")


def _taken(context: Context, duty: list[str]) -> dict[str, set[str]]:
    """Return the orders of the complaint tasks that each specialist has claimed in the store and not done."""
    marks = ", ".join("?" for _ in duty)
    sql = (
        "SELECT d.agent, coalesce(c.tid, '') FROM duty d JOIN cases c ON c.id = d.case_id"
        f" WHERE d.kind = 'task' AND d.state = 'taken' AND d.party = ? AND d.agent IN ({marks})"
    )
    found: dict[str, set[str]] = {}
    for agent, tid in context.store.execute(sql, (_QUEUE, *duty)).fetchall():
        found.setdefault(agent, set()).add(tid)
    return found


def _facts(row: Complaint, context: Context) -> dict[str, str]:
    topic = _topic(row["topic"])
    facts = {"complaint_topic": topic, "promise_overdue": "yes" if _overdue(row, topic, context) else "no"}
    if row["valid"] is not None:
        facts["complaint_valid"] = row["valid"]
    said = " ".join(f"{row['topic']}；{row['note'] or ''}".rstrip("；").split())
    facts["details"] = said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
    if topic == "other":
        facts["tier"] = "second-line"  # the first line could not settle it: what follows is the specialist's
    return facts


def _topic(said: str) -> str:
    topics: dict[str, list[str]] = _topics()["topics"]
    return next((topic for topic, words in topics.items() if any(word in said for word in words)), "other")


def _overdue(row: Complaint, topic: str, context: Context) -> bool:
    """Return whether the answer that was promised when the complaint was taken is due (C70)."""
    deadline = context.snapshot.deadline("answer" if topic == "abnormal-sign" else "complaint")
    due, _ = deadline.due(date.fromisoformat(row["opened"][:10]), context.snapshot.calendar)
    return due < context.now.date()


def figures(context: Context, counts: dict[str, int]) -> dict[str, Any]:
    """Return the complaints finished since the previous run, which the daily mail tells of (P08-R06)."""
    now = _stamp(context)
    since = (context.last or context.span[0]).isoformat(timespec="seconds")
    done = [
        {key: row[key] for key in ("number", "order", "topic", "specialist", "opened", "finished")}
        for row in context.rows("complaints")
        if row["valid"] == "yes" and row["finished"] is not None and since <= row["finished"] < now
    ]
    done.sort(key=lambda row: (row["finished"], row["order"], row["number"] or ""))
    return {"finished": len(done), "open": sum(counts.values()), "finished_complaints": done}


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits, figures=figures)
