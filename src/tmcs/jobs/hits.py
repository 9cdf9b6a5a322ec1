"""What a job finds: orders of the order book, rows of a file, or whatever its own code yields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tmcs.core.policy import Policy, Snapshot

if TYPE_CHECKING:
    from tmcs.jobs.definition import Job
    from tmcs.store.base import Store


class Hit:
    """One thing that a job looks at.

    Attributes:
        key: what identifies it within a run: the order number, a review's number …
        tid: its order, or None; ``record`` that order's record, or None where the book has none.
        known: whether the selection could be answered; False: something it asks of the order is not known.
        facts: what is known of it, as ``--set`` writes it.
        row: the row of the file it comes from, by column; empty where it comes from the book.
        customer: the customer's nick, or None; masked wherever it is shown.
    """

    __slots__ = ("customer", "facts", "key", "known", "record", "row", "tid")

    def __init__(
        self, key: str, tid: str | None = None, record: dict[str, Any] | None = None, *, known: bool = True,
        facts: dict[str, str] | None = None, row: dict[str, Any] | None = None, customer: str | None = None,
    ) -> None:  # fmt: skip
        self.key = key
        self.tid = tid
        self.record = record
        self.known = known
        self.facts = facts or {}
        self.row = row or {}
        self.customer = customer or (record or {}).get("buyer_nick")


class Context:
    """What a job runs in.

    Attributes:
        job, policy, snapshot: the job, the policy, and the policy of the day.
        store: the store, opened.
        now: the moment of the run; ``span`` its window ``[from, to)``; ``last`` the end of the previous one.
        rows: returns the rows of an input by its kind: each a dict by column; nothing where the input was not given.
    """

    __slots__ = ("job", "last", "now", "policy", "rows", "snapshot", "span", "store")

    def __init__(
        self, job: Job, policy: Policy, store: Store, now: datetime, span: tuple[datetime, datetime], last: datetime | None,
        rows: Callable[[str], Iterator[dict[str, Any]]],
    ) -> None:  # fmt: skip
        self.job = job
        self.policy = policy
        self.snapshot: Snapshot = policy.at(now)
        self.store = store
        self.now = now
        self.span = span
        self.last = last
        self.rows = rows

    def order(self, tid: str) -> dict[str, Any] | None:
        """Return the record of an order, or None where the book has none."""
        row = self.store.execute("SELECT record FROM orders WHERE tid = ?", (tid,)).fetchone()
        return None if row is None else json.loads(row[0])

    def notes(self, tid: str, kind: str) -> list[dict[str, str]]:
        """Return the notes of an order of one kind (``warehouse``, ``delivery``), oldest first, with ``at``."""
        sql = "SELECT time, data FROM note WHERE tid = ? AND kind = ? ORDER BY time, key"
        return [{"at": time, **json.loads(data)} for time, data in self.store.execute(sql, (tid, kind)).fetchall()]


def selected(context: Context) -> Iterator[Hit]:
    """Yield the orders that the job's selection is true or unknown of, by their numbers, in constant memory."""
    from tmcs.jobs.select import orders

    job = context.job
    assert job.condition is not None
    params = job.params(context.snapshot, context.now, context.span)
    for tid, record, answer in orders(context.store, job.condition, params):
        yield Hit(tid, tid, record, known=answer is True)
