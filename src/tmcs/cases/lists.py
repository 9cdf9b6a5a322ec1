"""Lists of cases and of promises, a page at a time: in constant memory, each page read by an index from where the last ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from typing import Any, Final

from tmcs.cases.writer import no_case
from tmcs.core.errors import InputError
from tmcs.core.money import format_money
from tmcs.store.base import Store

PAGE: Final = 200  # cases read at a time
OPEN: Final = "open"
CLOSED: Final = "closed"
ALL: Final = "all"

#: As the partial indexes are defined; a database uses them only where a query says it in the same words.
LIVE: Final = "state IN ('open', 'held', 'taken')"
_COLUMNS: Final = "id, version, state, flow, tid, item, outcome, owner, opened_at, closed_at, next_due"
_DUTY: Final = "id, case_id, kind, name, party, text, due, unit, state, agent, entry_id, at"
_LAST: Final = 2**62


class LiveDuty:
    """Something of a case that is to be done, awaited, kept or approved.

    Attributes:
        kind: task, wait, promise, approval, or payment (approved and not paid yet; ``id`` is its entry's).
        party: the queue, who must answer, ``customer``, the tier, or ``agent``.
        text: what it is, ``[zh, en]``; ``due`` ISO day or None.
        state: open, held (the case is paused) or taken (by ``agent``); done or withdrawn where it is settled.
        entry_id: the ledger entry of a promise of money or an approval.
    """

    __slots__ = ("agent", "at", "case_id", "due", "entry_id", "id", "kind", "name", "party", "state", "text", "unit")

    agent: str | None
    case_id: int
    due: str | None
    entry_id: int | None
    id: int
    kind: str
    name: str
    party: str
    state: str
    text: list[str]
    unit: str | None

    def __init__(self, row: Any) -> None:
        for name, value in zip(_DUTY.split(", "), row, strict=True):
            setattr(self, name, value)
        self.text = json.loads(row[5])

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "id": str(self.id), "kind": self.kind, "party": self.party, "text": {"zh": self.text[0], "en": self.text[1]},
            "due": self.due, "state": self.state, "agent": self.agent,
        }  # fmt: skip


class Listed:
    """A case as a list shows it: its row, its live duties and which of them comes next.

    Attributes:
        id, version, state, flow, tid, item, outcome, owner, opened_at, closed_at, next_due: its row.
        duties: what is still open in it; ``next`` the first of them to be seen to (in a list of tasks: the task), None where
            nothing is open.
    """

    __slots__ = ("closed_at", "duties", "flow", "id", "item", "next", "next_due", "opened_at", "outcome", "owner", "state", "tid", "version")

    closed_at: str | None
    flow: str
    id: int
    item: str | None
    next_due: str | None
    opened_at: str
    outcome: str | None
    owner: str | None
    state: str
    tid: str | None
    version: int

    def __init__(self, row: Any, duties: list[LiveDuty], task: LiveDuty | None = None) -> None:
        for name, value in zip(_COLUMNS.split(", "), row, strict=True):
            setattr(self, name, value)
        self.duties = duties
        self.next = first_of(duties, paused=self.state == "paused") if task is None else task

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "id": str(self.id), "version": self.version, "state": self.state, "flow": self.flow, "order": self.tid, "item": self.item,
            "outcome": self.outcome, "owner": self.owner, "opened_at": self.opened_at, "closed_at": self.closed_at,
            "due": self.next_due, "next": None if self.next is None else self.next.to_dict(),
        }  # fmt: skip


_FIRST: Final = {"payment": 1, "approval": 1, "task": 2, "wait": 3, "promise": 4}


def first_of(duties: Iterable[LiveDuty], *, paused: bool) -> LiveDuty | None:
    """Return the duty to be seen to first: where time stands still whoever is awaited, else what is asked of the desk, by its day."""

    def key(duty: LiveDuty) -> tuple[int, str, int]:
        rank = 0 if paused and duty.kind == "wait" else _FIRST.get(duty.kind, 5)
        return rank, duty.due or "9999", duty.id

    return min(duties, key=key, default=None)


class Wanted:
    """Which cases are listed; all that is given must hold.

    Attributes:
        scope: open, closed or all.
        queue: each open task of this queue; ``agent``: each that this agent has: the list goes by task.
        owner: whoever took it last, or opened it; ``state``, ``flow``, ``tid``: of its row; ``customer``: number of one.
        due_from, due_to: the task, or the next of the case, is due in this span, ends included (ISO days).
    """

    __slots__ = ("agent", "customer", "due_from", "due_to", "flow", "owner", "queue", "scope", "state", "tid")

    def __init__(
        self, scope: str = OPEN, *, queue: str | None = None, agent: str | None = None, owner: str | None = None,
        state: str | None = None, flow: str | None = None, tid: str | None = None, customer: int | None = None,
        due_from: str | None = None, due_to: str | None = None,
    ) -> None:  # fmt: skip
        self.scope = scope
        self.queue = queue
        self.agent = agent
        self.owner = owner
        self.state = state
        self.flow = flow
        self.tid = tid
        self.customer = customer
        self.due_from = due_from
        self.due_to = due_to

    @property
    def by_task(self) -> bool:
        """Whether the list goes by task, the first due first, and last those without a day."""
        return self.queue is not None or self.agent is not None

    @property
    def by_due(self) -> bool:
        """Whether the list goes by due day, of the task or the case; else by number."""
        own = self.owner is not None and self.scope == OPEN
        return self.by_task or own or self.due_to is not None or self.due_from is not None


def customer_number(store: Store, nick: str) -> int | None:
    """Return the number of the customer with a nick, None where there is none."""
    row = store.execute("SELECT id FROM customer WHERE nick = ?", (nick,)).fetchone()
    return None if row is None else int(row[0])


def mark_of(case: Listed, wanted: Wanted) -> str:
    """Return where a list goes on after a case: a number, with a due day before it where the list goes by that."""
    if wanted.by_task:
        return "" if case.next is None else f"{case.next.due or ''}:{case.next.id}"
    return f"{case.next_due or ''}:{case.id}" if wanted.by_due else str(case.id)


def _place(mark: str, by_due: bool) -> tuple[str, int]:
    day, colon, number = mark.rpartition(":")
    if bool(colon) != by_due or not (number.isascii() and number.isdigit() and len(number) <= 18):
        shown = mark[:40]
        raise InputError(
            f"--after {shown} 有误，应为上一页末尾给出的标记", f"--after {shown} is wrong: expected the mark from the end of the last page"
        )
    return day, int(number)


def list_cases(store: Store, wanted: Wanted, *, after: str | None = None, limit: int | None = None) -> Iterator[Listed]:
    """Yield cases: by due day where a queue, an agent, an owner or a day is asked for, those without one last; else open
    ones oldest first, others newest first.

    Args:
        after: where the page before ended, see :func:`mark_of`.
        limit: at most so many; None: all of them, still a page in memory.

    Raises:
        InputError: ``after`` is no mark of such a list.
        StorageError, TryAgainError: the store cannot be read.
    """
    place = None if after is None else _place(after, wanted.by_due)
    page = PAGE if limit is None else max(1, min(PAGE, limit))
    halves: Sequence[str] = (wanted.scope,)
    if wanted.by_task:
        found = [_by_task(store, wanted, place, page)]
    elif wanted.by_due:
        found = [_by_due(store, wanted, place, page)]
    else:
        if wanted.scope == ALL and wanted.tid is None and wanted.customer is None:
            halves = (OPEN, CLOSED)  # each by an index of its own
        found = [_by_number(store, wanted, half, place, page) for half in halves]
    yield from islice(merge(*found, key=lambda case: case.id, reverse=True) if len(found) > 1 else found[0], limit)


def _conditions(wanted: Wanted, half: str) -> tuple[str, list[Any]]:
    """Return what a case's own row must say, each with AND before it, and the values."""
    where = {OPEN: [" AND closed_at IS NULL"], CLOSED: [" AND closed_at IS NOT NULL"], ALL: []}[half]
    values: list[Any] = []
    for column, value in (
        ("tid", wanted.tid), ("customer_id", wanted.customer), ("owner", wanted.owner), ("state", wanted.state), ("flow", wanted.flow),
    ):  # fmt: skip
        if value is not None:
            where.append(f" AND {column} = ?")
            values.append(value)
    return "".join(where), values


def _span(wanted: Wanted, column: str) -> tuple[str, list[Any]]:
    """Return what a due day must say, with AND before it, and the values."""
    bounds = ((">=", wanted.due_from), ("<=", wanted.due_to))
    return "".join(f" AND {column} {sign} ?" for sign, day in bounds if day), [day for _, day in bounds if day]


def _by_number(store: Store, wanted: Wanted, half: str, place: tuple[str, int] | None, page: int) -> Iterator[Listed]:
    newest = wanted.scope != OPEN
    sign, order = ("<", " DESC") if newest else (">", "")
    at = place[1] if place is not None else _LAST if newest else 0
    where, values = _conditions(wanted, half)
    sql = f"SELECT {_COLUMNS} FROM cases WHERE id {sign} ?{where} ORDER BY id{order} LIMIT ?"
    while rows := store.execute(sql, (at, *values, page)).fetchall():
        yield from _with_duties(store, rows)
        if len(rows) < page:
            return
        at = rows[-1][0]


def _by_due(store: Store, wanted: Wanted, place: tuple[str, int] | None, page: int) -> Iterator[Listed]:
    """Yield cases by due day, then, unless days are asked for, those without one."""
    where, values = _conditions(wanted, wanted.scope)
    span, days = _span(wanted, "next_due")
    at = place or (wanted.due_from or "", 0)
    undated = place is not None and place[0] == ""
    # NOT NULL is said for the index of the due days; where an owner is asked for there is one of their own.
    dated_sql = (
        f"SELECT {_COLUMNS} FROM cases WHERE next_due IS NOT NULL AND (next_due, id) > (?, ?){span}{where}"
        " ORDER BY next_due, id LIMIT ?"
    )
    undated_sql = f"SELECT {_COLUMNS} FROM cases WHERE next_due IS NULL AND id > ?{where} ORDER BY id LIMIT ?"
    while True:
        found = store.execute(undated_sql, (at[1], *values, page)) if undated else store.execute(dated_sql, (*at, *days, *values, page))
        rows = found.fetchall()
        yield from _with_duties(store, rows)
        if len(rows) == page:
            at = (rows[-1][10] or "", rows[-1][0])
        elif undated or days:
            return
        else:
            undated, at = True, ("", 0)


def listed(store: Store, case_id: int) -> Listed:
    """Return one case as a list shows it.

    Raises:
        NotFoundError: there is no such case.
    """
    rows = store.execute(f"SELECT {_COLUMNS} FROM cases WHERE id = ?", (case_id,)).fetchall()
    if not rows:
        raise no_case(case_id)
    return next(_with_duties(store, rows))


def _with_duties(store: Store, rows: list[Any]) -> Iterator[Listed]:
    duties = duties_of(store, [row[0] for row in rows])
    for row in rows:
        yield Listed(row, duties.get(row[0], []))


def _by_task(store: Store, wanted: Wanted, place: tuple[str, int] | None, page: int) -> Iterator[Listed]:
    """Yield a case for each task of a queue or agent."""
    held, who = (f"kind = 'task' AND {LIVE} AND party = ?", wanted.queue) if wanted.agent is None else ("state = 'taken' AND agent = ?", wanted.agent)
    for duties in _pages(store, held, who, _span(wanted, "due"), place, page):
        where, values = _conditions(wanted, wanted.scope)
        ids = list({duty.case_id for duty in duties})
        rows = _by_ids(store, f"SELECT {_COLUMNS} FROM cases", ids, where, values)
        live = duties_of(store, list(rows))
        for duty in duties:
            if duty.case_id in rows and wanted.queue in (None, duty.party):
                yield Listed(rows[duty.case_id], live.get(duty.case_id, []), duty)


def _pages(
    store: Store, held: str, who: str | None, span: tuple[str, list[Any]], place: tuple[str, int] | None, page: int
) -> Iterator[list[LiveDuty]]:
    """Yield duties a page at a time: those with a due day by it, then, unless days are asked for, those without."""
    where, days = span
    who_ = [] if who is None else [who]
    undated = place is not None and place[0] == ""
    at = (days[0] if ">=" in where else "", 0) if place is None else place  # the index is entered at the first day
    running = " AND state <> 'held'" if days else ""  # where the time of a case stands still, nothing falls due
    dated_sql = f"SELECT {_DUTY} FROM duty WHERE {held} AND (due, id) > (?, ?){where}{running} ORDER BY due, id LIMIT ?"
    undated_sql = f"SELECT {_DUTY} FROM duty WHERE {held} AND due IS NULL AND id > ? ORDER BY id LIMIT ?"
    while True:
        rows = store.execute(undated_sql, (*who_, at[1], page)) if undated else store.execute(dated_sql, (*who_, *at, *days, page))
        duties = [LiveDuty(row) for row in rows.fetchall()]
        yield duties
        if len(duties) == page:
            at = (duties[-1].due or "", duties[-1].id)
        elif undated or days:
            return
        else:
            undated, at = True, ("", 0)


def _by_ids(store: Store, select: str, ids: list[int], where: str = "", values: Sequence[Any] = ()) -> dict[int, Any]:
    """Return rows by their number."""
    if not ids:
        return {}
    return {row[0]: row for row in store.execute(f"{select} WHERE id IN ({', '.join('?' * len(ids))}){where}", (*ids, *values)).fetchall()}


def duties_of(store: Store, cases: list[int]) -> dict[int, list[LiveDuty]]:
    """Return what is still open in each of some cases, oldest first; last what was approved and is still to be paid."""
    found: dict[int, list[LiveDuty]] = {}
    if not cases:
        return found
    marks = ", ".join("?" * len(cases))
    for row in store.execute(f"SELECT {_DUTY} FROM duty WHERE case_id IN ({marks}) AND {LIVE} ORDER BY id", cases).fetchall():
        found.setdefault(row[1], []).append(LiveDuty(row))
    sql = f"SELECT id, case_id, reason, amount, at FROM ledger WHERE case_id IN ({marks}) AND state = 'approved' ORDER BY id"
    for number, case_id, reason, amount, at in store.execute(sql, cases).fetchall():
        mine = found.setdefault(case_id, [])
        if not any(one.entry_id == number and one.kind == "promise" for one in mine):
            said = format_money(amount)
            text = json.dumps([f"已批准 {said} 元，待付", f"{said} CNY approved and not paid yet"])
            mine.append(LiveDuty((number, case_id, "payment", reason, "agent", text, None, None, "open", None, number, at)))
    return found


def all_duties(store: Store, case_id: int) -> dict[int, LiveDuty]:
    """Return every duty a case ever had, by number, settled ones too."""
    rows = store.execute(f"SELECT {_DUTY} FROM duty WHERE case_id = ? ORDER BY id", (case_id,)).fetchall()
    return {row[0]: LiveDuty(row) for row in rows}


class Promised:
    """A promise that is still to be kept.

    Attributes:
        duty: the promise; ``flow`` and ``tid`` of its case; ``amount`` fen, ``reason`` its cause, None for a promise of a date.
    """

    __slots__ = ("amount", "duty", "flow", "reason", "tid")

    def __init__(self, duty: LiveDuty, case: Any, entry: Any) -> None:
        self.duty = duty
        self.flow: str = case[1]
        self.tid: str | None = case[2]
        self.reason: str | None = None if entry is None else entry[1]
        self.amount: int | None = None if entry is None else entry[2]

    @property
    def mark(self) -> str:
        """Where a list goes on after it."""
        return f"{self.duty.due or ''}:{self.duty.id}"


def promises(store: Store, *, until: str | None = None, after: str | None = None, limit: int | None = None) -> Iterator[Promised]:
    """Yield what customers were promised and do not have yet: by due day, what has none last.

    Args:
        until: only what is due on this ISO day or before, and whose time runs.
        after: where the page before ended: ``day:number``, the day empty for what has none.
        limit: at most so many.

    Raises:
        InputError: ``after`` is no such mark.
        StorageError, TryAgainError: the store cannot be read.
    """
    place = None if after is None else _place(after, by_due=True)
    page = PAGE if limit is None else max(1, min(PAGE, limit))
    span = ("", []) if until is None else (" AND due <= ?", [until])
    found = (_promised(store, duties) for duties in _pages(store, f"kind = 'promise' AND {LIVE}", None, span, place, page))
    yield from islice(chain.from_iterable(found), limit)


def _promised(store: Store, duties: list[LiveDuty]) -> Iterator[Promised]:
    cases = _by_ids(store, "SELECT id, flow, tid FROM cases", list({one.case_id for one in duties}))
    entries = _by_ids(store, "SELECT id, reason, amount FROM ledger", [one.entry_id for one in duties if one.entry_id is not None])
    for duty in duties:
        yield Promised(duty, cases[duty.case_id], entries.get(duty.entry_id or 0))
