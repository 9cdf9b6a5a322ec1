"""Runs of jobs: stored once for each window, resumed where they stopped, printed again without doing anything twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.clock import stamp
from tmcs.core.policy import Policy, Snapshot
from tmcs.jobs.definition import Job
from tmcs.jobs.hits import Context, Hit, selected
from tmcs.jobs.open_cases import OPENING, opening
from tmcs.jobs.worklist import UNKNOWN, Item, decide, worklist

if TYPE_CHECKING:
    from tmcs.cases.actor import Actor
    from tmcs.store.base import Store

_BATCH: Final = 200  # hits kept in one transaction: what a run that is killed does again at most
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

Rows = Callable[[str], Iterator[dict[str, Any]]]


class Run:
    """A run of a job.

    Attributes:
        id, name, state: its number; what it is of; running or done.
        fresh: whether this call did it, or part of it; False: it had been done before.
        span: its window.
    """

    __slots__ = ("fresh", "id", "name", "now", "span", "state")

    def __init__(self, row: Any) -> None:
        self.id, self.name, self.state, start, end, now = row
        self.span = datetime.fromisoformat(start), datetime.fromisoformat(end)
        self.now = datetime.fromisoformat(now)
        self.fresh = False


_SAID_ABOVE: Final = ("同一订单今天只打一次电话，与前一条合并 (C119)", "one call an order and day: said in the call above (C119)")
_COLUMNS: Final = "id, name, state, window_from, window_to, now"


def last_end(store: Store, job: str, before: datetime) -> datetime | None:
    """Return the end of the window of a job's latest run that is done, before a moment."""
    row = store.execute(
        "SELECT max(window_to) FROM job_run WHERE job = ? AND state = 'done' AND window_to < ?", (job, stamp(before))
    ).fetchone()
    return None if row[0] is None else datetime.fromisoformat(row[0])


def name_of(job: Job, snapshot: Snapshot, now: datetime, span: tuple[datetime, datetime]) -> str:
    """Return what a run is of: its window where that has a fixed end, else the day.

    One before the job's time of the day stands for itself: the run that is due later is another.
    """
    if span[1] != now:
        return f"{stamp(span[0])}/{stamp(span[1])}"
    early = job.every != "on-demand" and now < job.at(snapshot, now.date())
    return f"{now.date().isoformat()}{'-early' if early else ''}"


class Runner:
    """Runs one job at one moment.

    Args:
        store: opened for writing.
        actor: who runs it.
        job, policy, now: what, by which figures, as of when.
        rows: returns the rows of an input file by its kind.
        at: the moment of the clock, for the record; the same as ``now`` unless that was given.
        left: returns how many rows of the input files could not be read: with any, the run is not finished.
    """

    def __init__(
        self, store: Store, actor: Actor, job: Job, policy: Policy, now: datetime, rows: Rows, at: datetime,
        left: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        self.store = store
        self.actor = actor
        self.job = job
        self.now = now
        self.at = at
        self.left = left
        last = last_end(store, job.id, now)
        self.context = Context(job, policy, store, now, job.span(policy.at(now), now, last), last, rows)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the job: a second run at the same time gets TryAgainError."""
        return self.store.exclusive(f"job-{self.job.id}")

    def items(self) -> Iterator[Item]:
        """Yield what becomes of each hit, without keeping anything: for a dry run, and to compare."""
        for hit in self._hits():
            item = decide(hit, self.context)
            if item.group not in self.job.settled:
                yield item

    def _hits(self) -> Iterator[Hit]:
        own = self.job.files.hits
        if own is not None:
            return own(self.context)
        return selected(self.context) if self.job.condition is not None else iter(())

    def run(
        self, inputs: dict[str, str], begun: Callable[[int], None] | None = None, then: Callable[[Run], bool] | None = None
    ) -> Run:
        """Run the job, or go on with the run that stopped, or return the one that was done.

        Args:
            inputs: the digest of each input file, for the record.
            begun: told how many hits are done, now and then.
            then: what else belongs to the run (its cases, its report), while nobody else can run the job; returns whether all
                of it is done. Until it is, so is not the run, and the next call goes on.

        Raises:
            TryAgainError: it is being run by another process.
            StorageError: the store cannot be written; what was done so far is kept, and the next run goes on.
        """
        with self.lock():
            found = self._begin(inputs)
            self.take_up(found)
            if found.state != "done":
                found.fresh = True
                self._work(found, begun)
                self._count(found)
            whole = then is None or then(found)
            if found.state != "done" and whole and not self.left():
                with self.store.transaction():
                    sql = "UPDATE job_run SET state = 'done', finished_at = ? WHERE id = ?"
                    self.store.execute(sql, (stamp(self.at), found.id))
                found.state = "done"
        return found

    def take_up(self, found: Run) -> None:
        """Look at things as of a run that was begun before."""
        self.context.span, self.context.now = found.span, found.now

    def find(self, name: str | None = None) -> Run | None:
        """Return a run of the job by name, or the one of this moment; None where it was not begun."""
        name = name_of(self.job, self.context.snapshot, self.now, self.context.span) if name is None else name
        row = self.store.execute(f"SELECT {_COLUMNS} FROM job_run WHERE job = ? AND name = ?", (self.job.id, name)).fetchone()
        return None if row is None else Run(row)

    def _begin(self, inputs: dict[str, str]) -> Run:
        context = self.context
        name = name_of(self.job, context.snapshot, self.now, context.span)
        run = self.store.execute
        with self.store.transaction():
            row = run(f"SELECT {_COLUMNS} FROM job_run WHERE job = ? AND name = ?", (self.job.id, name)).fetchone()
            if row is None:
                row = run(
                    "INSERT INTO job_run (job, name, window_from, window_to, state, now, started_at, agent, inputs)"
                    f" VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?) RETURNING {_COLUMNS}",
                    (
                        self.job.id, name, stamp(context.span[0]), stamp(context.span[1]), stamp(self.now), stamp(self.at),
                        self.actor.agent, _encode(inputs),
                    ),
                ).fetchone()  # fmt: skip
            elif row[2] != "done":  # it goes on with the files of now
                run("UPDATE job_run SET inputs = ? WHERE id = ?", (_encode(inputs), row[0]))
        return Run(row)

    def _work(self, found: Run, begun: Callable[[int], None] | None) -> None:
        rows = self.store.execute("SELECT name FROM job_item WHERE run_id = ?", (found.id,)).fetchall()
        done = {row[0] for row in rows}
        place = len(done)
        batch: list[Item] = []
        for item in self.items():
            if item.hit.key in done:
                continue
            batch.append(item)
            if len(batch) == _BATCH:
                place = self._keep(found, batch, place)
                if begun is not None:
                    begun(place)
        self._keep(found, batch, place)

    def _keep(self, found: Run, batch: list[Item], place: int) -> int:
        """Keep what became of a batch of hits, all or none, and return how many are kept in all."""
        if not batch:
            return place
        run = self.store.execute
        with self.store.transaction():
            for item in batch:
                if item.calls:
                    self._call(found, item)
                place += 1
                run(
                    "INSERT INTO job_item (run_id, name, place, part, body, tid) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, name) DO NOTHING",
                    (found.id, item.hit.key, place, item.group, _encode({**item.to_dict(), **opening(item)}), item.hit.tid),
                )
        batch.clear()
        return place

    def _call(self, found: Run, item: Item) -> None:
        """Note that an order's customer is called today; where another job or an earlier hit does, this one does not (C119)."""
        noted = self.store.execute(
            "INSERT INTO job_call (tid, day, job, run_id, offered) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tid, day) DO NOTHING",
            (item.hit.tid, found.now.date().isoformat(), self.job.id, found.id, " ".join(item.offers())),
        )
        self._heed(item)
        if noted.rowcount != 1 and item.skipped is None:
            item.skipped = _SAID_ABOVE

    def _heed(self, item: Item) -> None:
        """Heed the calls of other jobs today, and what earlier calls have offered: one call a day, each payout once (C119)."""
        day = self.context.now.date().isoformat()
        rows = self.store.execute("SELECT day, job, offered FROM job_call WHERE tid = ? AND day <= ? ORDER BY day", (item.hit.tid, day))
        for when, job, offered in rows.fetchall():
            if when < day:
                item.offered = dict.fromkeys(offered.split(), (when, job)) | item.offered
            elif job != self.job.id:
                item.skipped = (f"今天已由 {job} 致电 (C119)", f"called today by {job} (C119)")

    def _count(self, found: Run) -> None:
        run = self.store.execute
        rows = run("SELECT part, count(*) FROM job_item WHERE run_id = ? GROUP BY part", (found.id,)).fetchall()
        counts = {part: int(count) for part, count in sorted(rows)}
        figures = self.job.files.figures
        said = {} if figures is None else figures(self.context, counts)
        with self.store.transaction():
            run("UPDATE job_run SET counts = ?, figures = ? WHERE id = ?", (_encode(counts), _encode(said), found.id))

    def result(self, found: Run, report: str | None) -> dict[str, Any]:
        """Return the worklist of a run as it was kept, as JSON."""
        self.take_up(found)
        return _kept(self.context, found, report)

    def preview(self, found: Run | None = None) -> dict[str, Any]:
        """Return the worklist as it would be, keeping nothing; ``found``: as of a run that was begun before."""
        if found is not None:
            self.take_up(found)
        called: set[str | None] = set()
        items = []
        for item in self.items():
            if item.calls:
                self._heed(item)
                if item.hit.tid in called and item.skipped is None:
                    item.skipped = _SAID_ABOVE
                called.add(item.hit.tid)
            items.append(item.to_dict())
        counts = _counted(items)
        figures = self.job.files.figures
        said = {} if figures is None else figures(self.context, counts)
        return worklist(self.context, counts, items, said, None, self.job.due(self.context.snapshot, self.context.now.date()))


def _kept(context: Context, found: Run, report: str | None) -> dict[str, Any]:
    run = context.store.execute
    figures = run("SELECT figures FROM job_run WHERE id = ?", (found.id,)).fetchone()[0]
    items = []
    for body, case_id in run("SELECT body, case_id FROM job_item WHERE run_id = ? ORDER BY place", (found.id,)).fetchall():
        item = json.loads(body)
        item.pop(OPENING, None)
        if case_id is not None:
            item["case"] = str(case_id)
        items.append(item)
    said = {} if figures is None else json.loads(figures)  # a run that was not finished has none yet
    return worklist(context, _counted(items), items, said, report, context.job.due(context.snapshot, found.now.date()))


def kept(store: Store, job: Job, policy: Policy, found: Run) -> dict[str, Any]:
    """Return the worklist of a run as it was kept, as JSON, for whoever does not run the job."""
    return _kept(Context(job, policy, store, found.now, found.span, None, lambda _: iter(())), found, None)


def finished(store: Store, job: str, name: str | None = None) -> Run | None:
    """Return the latest finished run of a job, or the one of a name; of a day, its latest."""
    sql = f"SELECT {_COLUMNS} FROM job_run WHERE job = ? AND state = 'done'"
    values: tuple[str, ...] = (job,)
    if name is not None:
        sql, values = f"{sql} AND (name = ? OR substr(now, 1, 10) = ?)", (job, name, name)
    row = store.execute(f"{sql} ORDER BY now DESC, id DESC LIMIT 1", values).fetchone()
    return None if row is None else Run(row)


def _counted(items: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in items:
        counts[item["group"]] = counts.get(item["group"], 0) + 1
    return counts


def differences(kept: dict[str, Any], anew: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what differs between a stored worklist and one computed anew: key, and gone, new or changed."""
    old = {item["key"]: item for item in kept["items"]}
    new = {item["key"]: item for item in anew["items"]}
    found = [(key, "gone") for key in old if key not in new]
    found += [(key, "new") for key in new if key not in old]
    return found + [(key, "changed") for key, item in new.items() if key in old and _differ(item, old[key])]


def _differ(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Return whether two items differ in more than their cases and in who was called first."""
    ignored = ("case", "skipped", "call", "payouts", "answers", "offered") if "skipped" in one or "skipped" in other else ("case",)
    return any(one.get(key) != other.get(key) for key in one.keys() | other.keys() if key not in ignored)


def is_unknown(item: dict[str, Any]) -> bool:
    """Return whether an item could not be sorted for lack of a fact."""
    return bool(item["group"] == UNKNOWN)
