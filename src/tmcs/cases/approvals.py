"""Approvals: money above a tier's authority is approved by another than who asked, level by level where the rules say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.audit import canonical
from tmcs.cases.desk import open_history, words
from tmcs.cases.documents import pinned_policy
from tmcs.cases.ledger import COLUMNS, Answer, Entry
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.cases.writer import Writer

_OPEN: Final = "('open', 'held', 'taken')"


class Request:
    """An entry that awaits approval.

    Attributes:
        entry: the entry; ``duty`` the number of the duty that asks for it.
        levels: the tiers that must still approve, lowest first.
        was: what was promised before more was asked for, fen; None where nothing was.
    """

    __slots__ = ("duty", "entry", "levels", "was")

    def __init__(self, entry: Entry, duty: int, levels: list[str], was: int | None) -> None:
        self.entry = entry
        self.duty = duty
        self.levels = levels
        self.was = was


def ask(writer: Writer, entry: int, reason: str, amount: int, levels: list[str], was: int | None) -> None:
    """Ask the next level for its approval of an entry."""
    text = [f"批准 {reason} {format_money(amount)} 元", f"approve {format_money(amount)} CNY for {reason}"]
    name = canonical({"levels": levels, "was": was})
    writer.store.execute(
        "INSERT INTO duty (case_id, n, kind, name, party, text, state, entry_id, at) VALUES (?, ?, 'approval', ?, ?, ?, 'open', ?, ?)",
        (writer.id, writer.version, name, levels[0], canonical(text), entry, writer.at),
    )


def _asked(writer: Writer, entry_id: int | None) -> Request:
    rows = writer.store.execute(
        "SELECT id, name, entry_id FROM duty WHERE case_id = ? AND kind = 'approval' AND state IN ('open', 'held') ORDER BY id",
        (writer.id,),
    ).fetchall()
    mine = [row for row in rows if entry_id in (None, row[2])]
    if not mine:
        raise NotFoundError(f"案件 {writer.id} 没有待审批的款项", f"nothing in case {writer.id} awaits approval")
    if len(mine) > 1:
        names = ", ".join(str(row[2]) for row in mine)
        raise InputError(f"请用 --entry 指明: {names}", f"name one with --entry: {names}")
    number, name, entry = mine[0]
    row = writer.store.execute(f"SELECT {COLUMNS} FROM ledger WHERE id = ?{writer.store.for_update}", (entry,)).fetchone()
    said = json.loads(name)
    return Request(Entry(row), number, said["levels"], said["was"])


def approve(desk: Desk, case_id: int, entry_id: int | None = None, why: str | None = None) -> Answer:
    """Approve what awaits approval: by another than who asked and who approved before, at the level asked for or above.

    Raises:
        NotFoundError: nothing awaits approval.
        NotPermittedError: the acting agent asked for it or approved it before, or is of a lower tier.
    """
    return _judge(desk, case_id, entry_id, why, _approved)


def reject(desk: Desk, case_id: int, entry_id: int | None, why: str) -> Answer:
    """Refuse what awaits approval; raises as :func:`approve`."""
    return _judge(desk, case_id, entry_id, why, _rejected)


def _judge(
    desk: Desk, case_id: int, entry_id: int | None, why: str | None, then: Callable[[Writer, Request, str | None], list[str]]
) -> Answer:
    with desk.hold(case_id) as writer:
        history = open_history(writer)
        request = _asked(writer, entry_id)
        entry = request.entry
        snapshot = pinned_policy(desk.store, history.policy).at(desk.now)
        _check_checker(writer, snapshot, entry, request.levels[0])
        left = then(writer, request, None if why is None else words(why))
        run = writer.store.execute
        run("UPDATE duty SET state = 'done', agent = ?, at = ? WHERE id = ?", (writer.actor.agent, writer.at, request.duty))
        if left:
            ask(writer, entry.id, entry.reason, entry.amount, left, request.was)
        row = run(f"SELECT {COLUMNS} FROM ledger WHERE id = ?", (entry.id,)).fetchone()
        return Answer(Entry(row), left, entry.most - entry.amount, [])


def _check_checker(writer: Writer, snapshot: Snapshot, entry: Entry, level: str) -> None:
    """Refuse whoever asked or approved before (maker and checker are two), and a tier below the level."""
    agent = writer.actor.agent
    if agent == entry.agent or agent in (entry.approver or "").split("\n"):
        raise NotPermittedError(
            f"{agent} 已申请或批准过这笔款项，须由另一位 {level} 批准",
            f"{agent} asked for or approved it before: another agent of {level} must approve",
        )
    if snapshot.tier_index(writer.actor.tier) < snapshot.tier_index(level):
        raise NotPermittedError(
            f"{writer.actor.tier} 无权批准，须 {level} 或以上", f"{writer.actor.tier} may not approve this: {level} or above may"
        )


def _noted(request: Request, left: list[str]) -> dict[str, Any]:
    entry = request.entry
    return {"entry": entry.id, "reason": entry.reason, "amount": entry.amount, "level": request.levels[0], "left": left}


def _approved(writer: Writer, request: Request, why: str | None) -> list[str]:
    entry, left = request.entry, request.levels[1:]
    writer.event("approved", _noted(request, left), {"why": why})
    approvers = "\n".join([*(entry.approver or "").split("\n"), writer.actor.agent]).strip("\n")
    state = "asked" if left else "approved"
    writer.store.execute("UPDATE ledger SET approver = ?, state = ? WHERE id = ?", (approvers, state, entry.id))
    return left


def _rejected(writer: Writer, request: Request, why: str | None) -> list[str]:
    entry, run = request.entry, writer.store.execute
    writer.event("rejected", _noted(request, []), {"why": why})
    if request.was is not None:  # what was promised before more was asked for still stands
        run("UPDATE ledger SET state = 'promised', amount = ? WHERE id = ?", (request.was, entry.id))
        return []
    run("UPDATE ledger SET state = 'rejected' WHERE id = ?", (entry.id,))
    run(f"UPDATE duty SET state = 'withdrawn', at = ? WHERE entry_id = ? AND kind = 'promise' AND state IN {_OPEN}", (writer.at, entry.id))
    return []
