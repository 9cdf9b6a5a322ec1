"""The one way a case is written: held, checked against the version it was read at, its events linked, its row brought up to date."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases import clock
from tmcs.cases.audit import canonical, commitment, digest, event_hash, genesis, new_salt
from tmcs.cases.history import Event, History, fold
from tmcs.cases.rulings import rulings_of
from tmcs.core.errors import NotFoundError, TryAgainError
from tmcs.core.text import Text
from tmcs.store.base import Store

if TYPE_CHECKING:
    from types import TracebackType

    from tmcs.cases.actor import Actor
    from tmcs.cases.decide import Duty
    from tmcs.cases.seat import Seat

_COLUMNS: Final = "version, head, flow, tid, item, customer_id, state, outcome, owner, closed_at"
_NAMES: Final = tuple(_COLUMNS.split(", "))
#: Events that leave every duty as it is.
_IDLE: Final = frozenset({"noted", "revealed", "erased", "kept-policy"})
_NOTED: Final = "UPDATE cases SET version = ?, head = ? WHERE id = ?"
_LIVE: Final = ("open", "held", "taken")
_LEVEL: Final = 1  # of compression: receipts are small, and written while a customer waits


class ConflictError(TryAgainError):
    """A case was written by someone else since it was read. Nothing was changed.

    Attributes:
        case_id, based_on, version: the case, the version this write was based on, and the one it has now.
        since: what others wrote in between, oldest first.
        yours: what was about to be written, as JSON; ``draft`` the file that keeps it. Both are set by whoever knows.
    """

    def __init__(self, case_id: int, based_on: int, version: int, since: list[Event]) -> None:
        who = ", ".join(dict.fromkeys(f"{event.agent} {event.kind}" for event in since))
        super().__init__(
            f"案件 {case_id} 已被改动 (你看到的是第 {based_on} 版，现在是第 {version} 版: {who})，未写入",
            f"case {case_id} has changed (you saw version {based_on}, it is at {version}: {who}); nothing was written",
            hint=Text(f"看过 tmcs case show {case_id} 再试", f"look at tmcs case show {case_id}, then try again"),
        )
        self.case_id = case_id
        self.based_on = based_on
        self.version = version
        self.since = since
        self.yours: dict[str, object] | None = None
        self.draft: str | None = None

    def to_dict(self) -> dict[str, object]:
        theirs = [{"n": e.n, "at": e.at, "kind": e.kind, "agent": e.agent, "data": e.data} for e in self.since]
        return {
            **super().to_dict(), "case": str(self.case_id), "based_on": self.based_on, "version": self.version,
            "theirs": theirs, "yours": self.yours, "draft": self.draft,
        }  # fmt: skip


def no_case(case_id: object) -> NotFoundError:
    """Return the error for a case that does not exist."""
    return NotFoundError(
        f"没有这个案件: {case_id}", f"no such case: {case_id}",
        hint=Text("tmcs case list 列出案件", "tmcs case list shows them"),
    )  # fmt: skip


def read_events(store: Store, case_id: int, after: int = 0) -> list[Event]:
    """Return the events of a case, oldest first; ``after`` skips those up to that one."""
    rows = store.execute(
        "SELECT e.n, e.at, e.kind, e.agent, e.tier, e.data, p.body, e.private FROM event e"
        " LEFT JOIN private p ON p.case_id = e.case_id AND p.n = e.n WHERE e.case_id = ? AND e.n > ? ORDER BY e.n",
        (case_id, after),
    ).fetchall()
    return [_event(row) for row in rows]


def _event(row: Any) -> Event:
    n, at, kind, agent, tier, data, private, promise = row
    return Event(n, at, kind, agent, tier, data, private, erased=promise is not None and private is None)


class Writer:
    """A case that is held for this transaction.

    Attributes:
        id, version, head: the case, its last event and that one's hash.
        flow, tid, item, customer_id, state, outcome, owner, closed_at: its row; what is set here is written at the end.
    """

    closed_at: str | None
    customer_id: int | None
    flow: str
    head: str
    item: str | None
    outcome: str | None
    owner: str | None
    state: str
    tid: str | None
    version: int

    def __init__(self, store: Store, actor: Actor, at: str, case_id: int, row: Any) -> None:
        self.store = store
        self.actor = actor
        self.at = at
        self.id = case_id
        self._row = tuple(row)
        (
            self.version, self.head, self.flow, self.tid, self.item, self.customer_id, self.state, self.outcome, self.owner,
            self.closed_at,
        ) = row  # fmt: skip
        self._kinds: set[str] = set()
        self._history: History | None = None

    @property
    def history(self) -> History:
        """What its events add up to, as of when it was held."""
        if self._history is None:
            self._history = fold(read_events(self.store, self.id))
        return self._history

    def event(self, kind: str, data: dict[str, Any], private: dict[str, Any] | None = None) -> int:
        """Add an event and return its place.

        Args:
            kind: one of :data:`tmcs.cases.history.KINDS`.
            data: what is hashed with it.
            private: what is about a person or somebody's own words; Nones are left out.
        """
        if clock.is_set():
            data = {**data, "clock": "set"}
        n = self.version + 1
        text, promise = canonical(data) if data else "{}", None
        own = {key: value for key, value in (private or {}).items() if value is not None}
        if own:
            salt, body = new_salt(), canonical(own)
            promise = commitment(salt, body)
            self.store.execute("INSERT INTO private (case_id, n, salt, body) VALUES (?, ?, ?, ?)", (self.id, n, salt, body))
        agent, tier = self.actor.agent, self.actor.tier
        head = event_hash(self.id, n, self.at, kind, agent, tier, text, promise, self.head)
        self.store.execute(
            "INSERT INTO event (case_id, n, at, kind, agent, tier, data, private, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self.id, n, self.at, kind, agent, tier, text, promise, self.head, head),
        )
        self.version, self.head = n, head
        self._kinds.add(kind)
        return n

    def receipt(self, body: str) -> str:
        """Keep the receipt of the decision that the next event notes, and return its digest."""
        data = body.encode()
        self.store.execute(
            "INSERT INTO receipt (case_id, n, body, day, rulings) VALUES (?, ?, ?, ?, ?)",
            (self.id, self.version + 1, zlib.compress(data, _LEVEL), self.at[:10], rulings_of(body)),
        )
        return digest(data)

    def follow(self, wanted: list[Duty], flow: str, *, paused: bool) -> list[tuple[int, Duty]]:
        """Bring the case's duties into line with a decision, and return the promises that are new, with their ids.

        A task or wait of ``flow`` that no longer follows is withdrawn unless somebody has taken it; what a flow before it
        left stands, and a promise stands until it is kept. A due day is never put off by a decision, only by a pause.
        """
        run = self.store.execute
        old: dict[tuple[str, str], Any] = {}
        rows = run("SELECT id, kind, name, party, due, state FROM duty WHERE case_id = ? ORDER BY id", (self.id,))
        for row in rows.fetchall():
            if row[5] in _LIVE or (row[1] != "wait" and row[5] == "done"):
                old[(row[1], row[2])] = row
        state = "held" if paused else "open"
        made: list[tuple[int, Duty]] = []
        for duty in wanted:
            row = old.pop((duty.kind, duty.name), None)
            if row is None:
                number = self._insert(duty, state)
                if duty.kind == "promise":
                    made.append((number, duty))
            elif row[5] in _LIVE:
                self._update(row, duty)
        for (kind, name), row in old.items():
            if kind in ("task", "wait") and row[5] in ("open", "held") and name.startswith(f"{flow}:"):
                run("UPDATE duty SET state = 'withdrawn', at = ? WHERE id = ?", (self.at, row[0]))
        return made

    def _insert(self, duty: Duty, state: str) -> int:
        due = None if duty.due is None else duty.due.isoformat()
        row = self.store.execute(
            "INSERT INTO duty (case_id, n, kind, name, party, text, due, unit, state, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (self.id, self.version, duty.kind, duty.name, duty.party, canonical(duty.text), due, duty.unit, state, self.at),
        ).fetchone()
        return int(row[0])

    def _update(self, row: Any, duty: Duty) -> None:
        number, _, _, party, due, state = row
        new = None if duty.due is None else duty.due.isoformat()
        if due is not None and (new is None or due < new):
            new = due
        if state == "taken":  # it stays with the queue and the agent that have it
            duty.party = party
        if (party, due) != (duty.party, new):
            self.store.execute("UPDATE duty SET party = ?, due = ? WHERE id = ?", (duty.party, new, number))

    def finish(self) -> None:
        """Bring the case's row up to date."""
        row = (
            self.version, self.head, self.flow, self.tid, self.item, self.customer_id, self.state, self.outcome, self.owner,
            self.closed_at,
        )  # fmt: skip
        idle = self._kinds <= _IDLE
        if idle and row[2:] == self._row[2:]:
            if row == self._row:
                return
            self.store.execute(_NOTED, (self.version, self.head, self.id))
            return
        changed = [(name, new) for name, new, old in zip(_NAMES, row, self._row, strict=True) if new != old]
        sets = [f"{name} = ?" for name, _ in changed]  # a column that is set has its indexes written anew
        values: list[Any] = [value for _, value in changed]
        if not idle:
            sets.append("next_due = (SELECT min(due) FROM duty WHERE case_id = ? AND state IN ('open', 'taken'))")
            values.append(self.id)
        if sets:
            self.store.execute(f"UPDATE cases SET {', '.join(sets)} WHERE id = ?", (*values, self.id))


@contextmanager
def new_case(store: Store, actor: Actor, at: str, flow: str, tid: str | None, item: str | None, customer_id: int | None, policy: str) -> Iterator[Writer]:
    """Make a case; within a transaction."""
    row = store.execute(
        "INSERT INTO cases (version, head, flow, tid, item, customer_id, state, opened_at, opened_by, policy)"
        " VALUES (0, '', ?, ?, ?, ?, 'open', ?, ?, ?) RETURNING id",
        (flow, tid, item, customer_id, at, actor.agent, policy),
    ).fetchone()
    case_id = int(row[0])
    writer = Writer(store, actor, at, case_id, (0, "", flow, tid, item, customer_id, "open", None, None, None))
    writer.head, writer.owner = genesis(case_id), actor.agent
    yield writer
    writer.finish()


class Hold(AbstractContextManager[Writer]):
    """A case held for writing, in a transaction of its own. (No generator: every write goes through it.)

    Args:
        based_on: the version that the caller saw; None: whatever it is now.
        seat: is told the version that was written.

    Raises:
        NotFoundError: there is no such case.
        ConflictError: it is at another version than ``based_on``.
        StorageError, TryAgainError: see :class:`tmcs.store.base.Store`; nothing was changed.
    """

    __slots__ = ("_asked", "_based_on", "_seat", "_transaction", "_writer")

    def __init__(
        self, store: Store, actor: Actor, at: str, case_id: int, based_on: int | None = None, seat: Seat | None = None
    ) -> None:  # fmt: skip
        self._transaction = store.transaction()
        self._asked = (store, actor, at, case_id)
        self._based_on = based_on
        self._seat = seat

    def __enter__(self) -> Writer:
        self._transaction.__enter__()
        try:
            self._writer = writer = held(*self._asked)
            based_on = self._based_on
            if based_on is not None and based_on != writer.version:
                since = read_events(writer.store, writer.id, min(based_on, writer.version))
                raise ConflictError(writer.id, based_on, writer.version, since)
        except BaseException:
            self._transaction.__exit__(*sys.exc_info())
            raise
        return writer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._writer.finish()
            except BaseException:
                self._transaction.__exit__(*sys.exc_info())
                raise
        self._transaction.__exit__(kind, error, trace)
        if kind is None and self._seat is not None:
            self._seat.version = self._writer.version


def held(store: Store, actor: Actor, at: str, case_id: int) -> Writer:
    """Hold a case within the caller's transaction; the caller calls :meth:`Writer.finish`."""
    row = store.execute(f"SELECT {_COLUMNS} FROM cases WHERE id = ?{store.for_update}", (case_id,)).fetchone()
    if row is None:
        raise no_case(case_id)
    return Writer(store, actor, at, case_id, row)


def as_day(text: str | None) -> date | None:
    """Return the day a column holds."""
    return None if text is None else date.fromisoformat(text)
