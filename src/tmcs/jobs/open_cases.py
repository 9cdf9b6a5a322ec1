"""Cases behind what a job found: each is opened once, in the job's own graph, and goes on in the flow it hands over to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.text import Text, many

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.core.flow import Flow
    from tmcs.core.policy import Policy
    from tmcs.jobs.definition import Job
    from tmcs.jobs.run import Run
    from tmcs.jobs.worklist import Item

#: The key under which an item keeps what its case is opened with; it is not shown.
OPENING: Final = "opening"
_PAGE: Final = 200


def opening(item: Item) -> dict[str, Any]:
    """Return what a case is opened with for an item, under :data:`OPENING`; nothing where nothing is left to be done.

    A hit that is only called for, elsewhere, one that may not concern the job at all, and one that is only listed, have none.
    """
    first = item.chain[0]
    called = first.next_flow is not None and item.skipped is None
    if not item.hit.known or not (called or first.tasks):
        return {}
    own = first.flow.settable()
    facts = {name: value for name, value in item.hit.facts.items() if name != "tier"}  # a case is decided at the login's
    return {
        OPENING: {
            "facts": {name: value for name, value in facts.items() if name in own},
            "later": {name: value for name, value in facts.items() if name not in own},
            "flow": item.last.flow.id if len(item.chain) > 1 else None,
        }
    }


class Opened:
    """What became of the cases of a run.

    Attributes:
        new: how many were opened now.
        joined: how many hits belong to a case that an earlier run opened and that is still open.
        failed: the hits whose case could not be opened or did not go on, each with the reason.
    """

    def __init__(self) -> None:
        self.new = self.joined = 0
        self.failed: list[tuple[str, Text]] = []

    def check(self) -> None:
        """Raise InputError where a case could not be opened; each is named."""
        if self.failed:
            n = len(self.failed)
            details = [Text(f"{key}: {text.zh}", f"{key}: {text.en}") for key, text in self.failed]
            hint = Text("改正后再运行一次 --open，已建的不会重建", "put it right and run again with --open: nothing is opened twice")
            raise InputError(f"有 {n} 个案件没有建成", f"not opened: {many(n, 'case')}", details=details, hint=hint)


def open_cases(desk: Desk, job: Job, policy: Policy, run: Run) -> Opened:
    """Open the cases of a run that are not open yet; the job's lock is held.

    Each case and its number in the run are kept in one transaction: whenever this stops, the next call goes on.

    Args:
        desk: who opens them, and when.
        policy: what they are pinned to.

    Raises:
        StorageError, TryAgainError: the store cannot be written; what was opened stays.
    """
    opener = _Opener(desk, job, policy, run)
    opener.go_on()
    opener.open_all()
    return opener.opened


class _Opener:
    def __init__(self, desk: Desk, job: Job, policy: Policy, run: Run) -> None:
        self.desk = desk
        self.store = desk.store
        self.job = job
        self.policy = policy
        self.run = run
        self.opened = Opened()

    def go_on(self) -> None:
        """Lead the cases on that a stopped run left in the job's own graph."""
        rows = self.store.execute(
            "SELECT i.name, i.body, i.case_id FROM job_item i JOIN cases c ON c.id = i.case_id"
            " WHERE i.run_id = ? AND c.flow = ? AND c.closed_at IS NULL ORDER BY i.place", (self.run.id, self.job.flow.id),
        ).fetchall()  # fmt: skip
        for name, body, case_id in rows:
            given = json.loads(body).get(OPENING)
            if given is not None:  # nothing is known any more of a person who was erased
                self._lead_on(name, case_id, given)

    def open_all(self) -> None:
        for name, body in self._left():
            given = body.get(OPENING)
            if given is None:
                continue
            earlier = self._earlier(name)
            if earlier is not None:
                with self.store.transaction():
                    self._note(name, earlier)
                self.opened.joined += 1
                continue
            try:
                case_id = self._open(name, body["order"], given)
            except (InputError, NotFoundError) as error:
                self.opened.failed.append((name, error.text))
                continue
            self.opened.new += 1
            self._lead_on(name, case_id, given)

    def _left(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the items without a case, some at a time: cases are written meanwhile."""
        place = 0
        while True:
            rows = self.store.execute(
                "SELECT place, name, body FROM job_item WHERE run_id = ? AND place > ? AND case_id IS NULL ORDER BY place LIMIT ?",
                (self.run.id, place, _PAGE),
            ).fetchall()
            if not rows:
                return
            yield from ((name, json.loads(body)) for _, name, body in rows)
            place = rows[-1][0]

    def _earlier(self, name: str) -> int | None:
        """Return the open case that an earlier run of the job has of the same thing."""
        row = self.store.execute(
            "SELECT max(i.case_id) FROM job_run r JOIN job_item i ON i.run_id = r.id AND i.name = ?"
            " JOIN cases c ON c.id = i.case_id WHERE r.job = ? AND r.id <> ? AND c.closed_at IS NULL",
            (name, self.job.id, self.run.id),
        ).fetchone()
        return None if row[0] is None else int(row[0])

    def _open(self, name: str, tid: str | None, given: dict[str, Any]) -> int:
        row = None if tid is None else self.store.execute("SELECT record FROM orders WHERE tid = ?", (tid,)).fetchone()
        record = None if row is None else json.loads(row[0])
        with self.store.transaction():
            case_id, _ = self.desk.open_within(
                self.job.flow, self.policy, record, given["facts"], f"{self.job.title[0]} {self.run.name}", given["later"]
            )
            self._note(name, case_id)
        return case_id

    def _note(self, name: str, case_id: int) -> None:
        self.store.execute("UPDATE job_item SET case_id = ? WHERE run_id = ? AND name = ?", (case_id, self.run.id, name))

    def _lead_on(self, name: str, case_id: int, given: dict[str, Any]) -> None:
        if given["flow"] is None:
            return
        try:
            self.desk.move_on(case_id, self._load)
        except (InputError, NotFoundError) as error:
            self.opened.failed.append((name, error.text))

    def _load(self, name: str) -> Flow:
        from tmcs.loader import load_flow

        return load_flow(name, policy=self.policy)
