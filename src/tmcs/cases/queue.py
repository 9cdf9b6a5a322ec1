"""Queues: a task is claimed by one agent, given back, handed over, or done. Among many takers each task goes to one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.seat import words
from tmcs.cases.writer import Writer, held
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError, TryAgainError, unknown_word
from tmcs.core.policy import Snapshot
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cases.seat import Seat

_TRIES: Final = 20
_PAUSE: Final = 0.01  # seconds until a task that another transaction holds is looked at again


class Task:
    """A task as whoever has it sees it; also a promise of a date or a wait, where that is kept or withdrawn.

    Attributes:
        id, case_id: its number and its case; ``queue`` where it lies (who must answer, ``customer``); ``text`` ``[zh, en]``.
        kind: task, promise or wait.
        due: ISO day or None; ``unit`` in which days it was counted.
        state: open, held (the case is paused), taken, done or withdrawn; ``agent`` who has it.
    """

    __slots__ = ("agent", "case_id", "due", "id", "kind", "queue", "state", "text", "unit")

    def __init__(self, row: Any) -> None:
        self.id, self.case_id, self.queue, text, self.due, self.state, self.agent, self.kind, self.unit = row
        self.text: list[str] = json.loads(text)

    def to_dict(self) -> dict[str, Any]:
        """Return the task as JSON."""
        return {
            "id": str(self.id), "case": str(self.case_id), "kind": self.kind, "queue": self.queue, "text": {"zh": self.text[0], "en": self.text[1]},
            "due": self.due, "state": self.state, "agent": self.agent,
        }  # fmt: skip


_COLUMNS: Final = "id, case_id, party, text, due, state, agent, kind, unit"


def check_queue(snapshot: Snapshot, queue: str) -> None:
    """Raise InputError, naming the nearest, unless the policy has such a queue."""
    if queue not in snapshot.queues:
        raise unknown_word("队列", "queue", queue, snapshot.queues)


def take(desk: Seat, queue: str) -> Task:
    """Claim the oldest open task of a queue, whatever the others do at the same moment.

    Raises:
        NotFoundError: the queue has no open task.
        StorageError, TryAgainError: the store cannot be written; nothing is claimed.
    """
    for _ in range(_TRIES):
        with desk.store.transaction():
            found = desk.store.execute(_OLDEST + desk.store.skip_locked, (queue,)).fetchone()
            if found is not None:
                writer = held(desk.store, desk.actor, desk.at, found[1])
                _claim(writer, found[0], "taken", {"task": found[0], "queue": queue}, None)
                row = desk.store.execute(f"SELECT {_COLUMNS} FROM duty WHERE id = ?", (found[0],)).fetchone()
                writer.finish()
                return Task(row)
            if not desk.store.skip_locked or desk.store.execute(_OLDEST, (queue,)).fetchone() is None:
                raise NotFoundError(
                    f"队列 {queue} 没有待领的任务", f"no open task in queue {queue}",
                    hint=Text(f"tmcs case list --queue {queue} 列出在办和暂停的", f"tmcs case list --queue {queue} shows those taken or on hold"),
                )  # fmt: skip
        time.sleep(_PAUSE)  # what is left is being written by others at this moment
    raise TryAgainError(f"队列 {queue} 的任务都在被别人处理，请重试", f"others are writing every task of queue {queue}; try again")


#: The oldest open task with its case. (On a server both rows are held together: no two takers wait for each other.)
_OLDEST: Final = (
    "SELECT d.id, d.case_id FROM duty d JOIN cases c ON c.id = d.case_id"
    " WHERE d.kind = 'task' AND d.state = 'open' AND d.party = ? ORDER BY d.id LIMIT 1"
)


def _claim(writer: Writer, number: int, kind: str, data: dict[str, Any], why: str | None) -> None:
    agent = writer.actor.agent
    writer.store.execute("UPDATE duty SET state = 'taken', agent = ?, at = ? WHERE id = ?", (agent, writer.at, number))
    writer.event(kind, data, {"why": why})
    writer.owner = agent


def _task(writer: Writer, number: int | None, states: tuple[str, ...], kinds: tuple[str, ...] = ("task",)) -> Any:
    """Return a duty of a case: the one named, or the only one in one of the states."""
    marks, sorts = ", ".join("?" for _ in states), ", ".join("?" for _ in kinds)
    rows = writer.store.execute(
        f"SELECT {_COLUMNS}, entry_id FROM duty WHERE case_id = ? AND kind IN ({sorts}) AND state IN ({marks}) ORDER BY id",
        (writer.id, *kinds, *states),
    ).fetchall()
    mine = [row for row in rows if number in (None, row[0])]
    if number is None:  # one's own first: the others are somebody else's business
        mine = [row for row in mine if row[6] == writer.actor.agent] or mine
    if not mine:
        raise NotFoundError(
            f"案件 {writer.id} 没有这样的任务" + ("" if number is None else f": {number}"),
            f"case {writer.id} has no such task" + ("" if number is None else f": {number}"),
        )
    if len(mine) > 1:
        names = ", ".join(str(row[0]) for row in mine)
        raise InputError(f"请用 --task 指明: {names}", f"name one with --task: {names}")
    return mine[0]


def _own(writer: Writer, row: Any, anyone: bool) -> None:
    if row[5] == "taken" and row[6] != writer.actor.agent and not anyone:
        raise NotPermittedError(f"任务 {row[0]} 在 {row[6]} 手上", f"task {row[0]} is with {row[6]}")


def release(desk: Seat, case_id: int, number: int | None, why: str, *, anyone: bool = False, based_on: int | None = None) -> Task:
    """Give a task back to its queue, where it is the oldest again.

    Args:
        number: the task; None: the only one that is taken.
        anyone: also one that somebody else has (for who may assign).
        based_on: the version of the case that the agent saw.

    Raises:
        NotFoundError, InputError: there is no such task, or more than one.
        NotPermittedError: somebody else has it.
        ConflictError: the case is at another version than ``based_on``.
    """
    with desk.hold(case_id, based_on) as writer:
        row = _task(writer, number, ("taken",))
        _own(writer, row, anyone)
        paused = writer.history.paused is not None
        state = "held" if paused else "open"
        writer.store.execute("UPDATE duty SET state = ?, agent = NULL, at = ? WHERE id = ?", (state, writer.at, row[0]))
        writer.event("released", {"task": row[0], "queue": row[2]}, {"why": words(why)})
        return _again(writer, row[0])


def hand_over(desk: Seat, case_id: int, number: int | None, queue: str, why: str, *, anyone: bool = False, based_on: int | None = None) -> Task:
    """Hand a task over to another queue; raises as :func:`release`."""
    with desk.hold(case_id, based_on) as writer:
        row = _task(writer, number, ("open", "held", "taken"))
        _own(writer, row, anyone)
        state = "held" if row[5] == "held" or writer.history.paused is not None else "open"
        writer.store.execute(
            "UPDATE duty SET party = ?, state = ?, agent = NULL, at = ? WHERE id = ?", (queue, state, writer.at, row[0])
        )
        writer.event("handed-over", {"task": row[0], "from": row[2], "to": queue}, {"why": words(why)})
        return _again(writer, row[0])


def assign(desk: Seat, case_id: int, number: int | None, agent: str, why: str, *, based_on: int | None = None) -> Task:
    """Give a task to an agent, whoever has it; raises as :func:`release`."""
    with desk.hold(case_id, based_on) as writer:
        row = _task(writer, number, ("open", "held", "taken"))
        writer.store.execute("UPDATE duty SET state = 'taken', agent = ?, at = ? WHERE id = ?", (agent, writer.at, row[0]))
        writer.event("handed-over", {"task": row[0], "queue": row[2], "from_agent": row[6], "agent": agent}, {"why": words(why)})
        writer.owner = agent
        return _again(writer, row[0])


def done(desk: Seat, case_id: int, number: int | None, why: str | None = None, *, anyone: bool = False, based_on: int | None = None) -> Task:
    """Mark a task as done, or a promise of a date as kept.

    Raises:
        InputError: it is a promise of money: that is kept by paying it; or several are open.
        NotFoundError: there is no such task or promise.
        NotPermittedError: somebody else has it.
    """
    with desk.hold(case_id, based_on) as writer:
        kinds = ("task",) if number is None else ("task", "promise")
        row = _task(writer, number, ("open", "held", "taken"), kinds)
        _own(writer, row, anyone)
        if row[9] is not None:
            raise InputError("付款承诺以付款了结: tmcs case pay", "a promise of money is kept by paying it: tmcs case pay")
        writer.store.execute(
            "UPDATE duty SET state = 'done', agent = ?, at = ? WHERE id = ?", (writer.actor.agent, writer.at, row[0])
        )
        kind = "done" if row[7] == "task" else "kept"
        writer.event(kind, {"task": row[0], "queue": row[2]}, {"why": None if why is None else words(why)})
        return _again(writer, row[0])


def withdraw(desk: Seat, case_id: int, number: int, why: str, *, anyone: bool = False, based_on: int | None = None) -> Task:
    """Withdraw a promise of a date or a wait that will not be answered, with a reason; raises as :func:`done`."""
    with desk.hold(case_id, based_on) as writer:
        row = _task(writer, number, ("open", "held", "taken"), ("task", "promise", "wait"))
        _own(writer, row, anyone)
        if row[9] is not None:
            raise InputError("付款承诺不能撤回", "a promise of money cannot be withdrawn")
        writer.store.execute("UPDATE duty SET state = 'withdrawn', at = ? WHERE id = ?", (writer.at, row[0]))
        writer.event("withdrawn", {"task": row[0]}, {"why": words(why)})
        return _again(writer, row[0])


def _again(writer: Writer, number: int) -> Task:
    return Task(writer.store.execute(f"SELECT {_COLUMNS} FROM duty WHERE id = ?", (number,)).fetchone())
