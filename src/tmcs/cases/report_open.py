"""What is open at the desk at this moment, by queue, and which promises are broken; counted by indexes, whatever the store holds."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any, Final

from tmcs.cases.days import Days
from tmcs.cases.lists import LIVE, promises
from tmcs.core.policy import Snapshot
from tmcs.store.base import Store

#: The most broken promises that a report lists; `tmcs case promises --overdue` has them all.
LISTED: Final = 200
_COUNTS: Final = ("open", "held", "taken", "overdue", "soon")


def open_work(store: Store, snapshot: Snapshot, days: Days) -> dict[str, Any]:
    """Return how much is open: cases, and tasks, waits, approvals and promises, each by whom it lies with.

    ``open`` counts all, those ``held`` (their case is paused) and ``taken`` too; a held one is never overdue or due soon.
    """
    rows = store.execute(
        "SELECT kind, party, count(*), sum(CASE WHEN state = 'held' THEN 1 ELSE 0 END), sum(CASE WHEN state = 'taken' THEN 1 ELSE 0 END),"
        " sum(CASE WHEN state <> 'held' AND due < ? THEN 1 ELSE 0 END),"
        " sum(CASE WHEN state <> 'held' AND due >= ? AND due <= ? THEN 1 ELSE 0 END)"
        f" FROM duty WHERE {LIVE} GROUP BY kind, party",
        (days.today.isoformat(), days.today.isoformat(), days.soon_until.isoformat()),
    ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {"task": [], "wait": [], "approval": [], "promise": []}
    for kind, party, *counts in rows:
        found.setdefault(kind, []).append({"party": party, **dict(zip(_COUNTS, map(int, counts), strict=True))})
    places = {name: n for n, name in enumerate((*snapshot.queues, *snapshot.tiers))}
    for one in found.values():
        one.sort(key=lambda row: (places.get(row["party"], len(places)), row["party"]))
    count, amount = store.execute("SELECT count(*), coalesce(sum(amount), 0) FROM ledger WHERE state = 'approved'").fetchone()
    cases, paused = (
        int(store.execute(f"SELECT count(*) FROM cases WHERE closed_at IS NULL{more}").fetchone()[0]) for more in ("", " AND state = 'paused'")
    )
    return {
        "cases": cases, "paused": paused, "soon_until": days.soon_until.isoformat(), "tasks": found["task"], "waits": found["wait"],
        "approvals": found["approval"], "promises": found["promise"], "to_pay": {"count": int(count), "amount": int(amount)},
    }  # fmt: skip


def broken_promises(store: Store, days: Days, limit: int = LISTED) -> dict[str, Any]:
    """Return the promises whose day is past and that are not kept: how many, of how much, since when; the oldest ones in a list."""
    today = days.today.isoformat()
    count, of_money, amount, since = store.execute(
        "SELECT count(*), count(l.id), coalesce(sum(l.amount), 0), min(d.due) FROM duty d LEFT JOIN ledger l ON l.id = d.entry_id"
        " WHERE d.kind = 'promise' AND d.state IN ('open', 'held', 'taken') AND d.state <> 'held' AND d.due < ?",
        (today,),
    ).fetchone()
    until = (days.today - timedelta(1)).isoformat()
    listed = [
        {
            "case": str(one.duty.case_id), "number": str(one.duty.id), "flow": one.flow, "order": one.tid, "reason": one.reason,
            "text": {"zh": one.duty.text[0], "en": one.duty.text[1]}, "due": one.duty.due, "late": days.late(one.duty.due or until),
            "amount": one.amount,
        }
        for one in islice(promises(store, until=until, limit=limit), limit)
    ]  # fmt: skip
    return {"count": int(count), "of_money": int(of_money), "amount": int(amount), "since": since, "list": listed, "left_off": int(count) - len(listed)}
