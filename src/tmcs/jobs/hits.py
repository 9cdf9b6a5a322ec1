"""What a job finds: orders of the order book, rows of a file, or whatever its own code yields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.clock import stamp
from tmcs.core.money import MILLION
from tmcs.core.policy import Policy, Snapshot

if TYPE_CHECKING:
    from tmcs.jobs.definition import Job
    from tmcs.jobs.feedback import Feedback
    from tmcs.store.base import Store

_RUNNING: Final = ("WAIT_SELLER_AGREE", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS", "SELLER_REFUSE_BUYER")
REFUNDING: Final = ("退款正在进行，跟到退款完成，不另致电", "a refund is running: followed until it is done, no call besides")


class Hit:
    """One thing that a job looks at.

    Attributes:
        key: what identifies it within a run: the order number, a review's number …
        tid: its order, or None; ``record`` that order's record, or None where the book has none.
        known: whether the selection could be answered; False: something it asks of the order is not known.
        facts: what is known of it, as ``--set`` writes it.
        row: the row of the file it comes from, by column; empty where it comes from the book.
        customer: the customer's nick, or None; masked wherever it is shown.
        left: why its customer is not called by this job whatever its group, ``(zh, en)``, or None.
    """

    __slots__ = ("customer", "facts", "key", "known", "left", "record", "row", "tid")

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
        self.left: tuple[str, str] | None = None


class Context:
    """What a job runs in.

    Attributes:
        job, policy, snapshot: the job, the policy, and the policy of the day.
        store: the store, opened.
        now: the moment of the run; ``span`` its window ``[from, to)``; ``last`` the end of the previous one.
        rows: returns the rows of an input by its kind: each a dict by column; nothing where the input was not given.
        kept: what the job's own code keeps for the rest of the run.
    """

    __slots__ = ("job", "kept", "last", "now", "policy", "rows", "snapshot", "span", "store")

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
        self.kept: dict[str, Any] = {}

    def order(self, tid: str) -> dict[str, Any] | None:
        """Return the record of an order, or None where the book has none."""
        row = self.store.execute("SELECT record FROM orders WHERE tid = ?", (tid,)).fetchone()
        return None if row is None else json.loads(row[0])

    def notes(self, tid: str, kind: str) -> list[dict[str, str]]:
        """Return the notes of an order of one kind (``warehouse``, ``delivery``), oldest first, with ``at``."""
        sql = "SELECT time, data FROM note WHERE tid = ? AND kind = ? ORDER BY time, key"
        return [{"at": time, **json.loads(data)} for time, data in self.store.execute(sql, (tid, kind)).fetchall()]

    def holds(self, record: Mapping[str, Any]) -> bool | None:
        """Return whether the job's selection holds of an order's record, None where that cannot be known."""
        condition = self.job.condition
        return True if condition is None else condition.ask(record, self.job.params(self.snapshot, self.now, self.span))

    def hours(self, limit: str) -> timedelta:
        """Return a limit of the policy that is in hours, as a time."""
        return timedelta(hours=self.snapshot.limits[limit] / MILLION)

    def said(self, tid: str) -> Feedback:
        """Return what the warehouse last said of an order."""
        from tmcs.jobs.feedback import feedback

        return feedback(self.notes(tid, "warehouse"), self.now)

    def listed(self, tid: str, job: str, group: str | None = None) -> datetime | None:
        """Return when a job first listed an order (in a group, where one is named) before this run, or None."""
        sql = (
            "SELECT min(r.now) FROM job_run r JOIN job_item i ON i.run_id = r.id AND i.name = ?"
            " WHERE r.job = ? AND r.now < ?" + (" AND i.part = ?" if group else "")
        )
        values = (tid, job, stamp(self.now), *((group,) if group else ()))
        first = self.store.execute(sql, values).fetchone()[0]
        return None if first is None else datetime.fromisoformat(first)

    def run_on(self, job: str, day: date) -> int | None:
        """Return the number of a job's run that was done as of a day, or None."""
        sql = "SELECT max(id) FROM job_run WHERE job = ? AND state = 'done' AND now >= ? AND now < ?"
        start = datetime.combine(day, time(), self.now.tzinfo)
        found = self.store.execute(sql, (job, stamp(start), stamp(start + timedelta(1)))).fetchone()[0]
        return None if found is None else int(found)

    def items(self, run: int) -> Iterator[tuple[str, str]]:
        """Yield key and group of what a run found."""
        yield from self.store.stream("SELECT name, part FROM job_item WHERE run_id = ? ORDER BY place", (run,))


def refund_of(record: Mapping[str, Any] | None) -> str:
    """Return how far an order is refunded: ``done`` where every line is, ``running`` where a refund is, else ``none``."""
    states = [line.get("refund_status") for line in (record or {}).get("orders") or ()]
    if states and all(state == "SUCCESS" for state in states):
        return "done"
    return "running" if any(state in _RUNNING for state in states) else "none"


def unshipped(context: Context) -> Iterator[Hit]:
    """Yield the selected orders that are not refunded; one whose refund is running is listed and not called."""
    for hit in selected(context):
        refund = refund_of(hit.record)
        if refund == "done":
            continue
        if refund == "running":
            hit.left = REFUNDING
        yield hit


def selected(context: Context) -> Iterator[Hit]:
    """Yield the orders that the job's selection is true or unknown of, by their numbers, in constant memory."""
    from tmcs.jobs.select import orders

    job = context.job
    assert job.condition is not None
    params = job.params(context.snapshot, context.now, context.span)
    for tid, record, answer in orders(context.store, job.condition, params):
        yield Hit(tid, tid, record, known=answer is True)
