"""Approvals: money above a tier's authority is approved by another than who asked, level by level where the rules say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.audit import canonical
from tmcs.cases.desk import open_history
from tmcs.cases.documents import policy_for
from tmcs.cases.ledger import KEPT, Answer, Entry, change, entry_of
from tmcs.cases.seat import words
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.cases.writer import Writer

_OPEN: Final = "('open', 'held', 'taken')"


class Request:
    """An entry that awaits approval.

    Attributes:
        entry: the entry; ``duty`` the number of the duty that asks for it.
        levels: the tiers that must still approve, lowest first.
        was: the entry as it was granted before more was asked for; None where nothing was.
    """

    __slots__ = ("duty", "entry", "levels", "was")

    def __init__(self, entry: Entry, duty: int, levels: list[str], was: dict[str, Any] | None) -> None:
        self.entry = entry
        self.duty = duty
        self.levels = levels
        self.was = was


def ask(writer: Writer, entry: Entry, levels: list[str], was: dict[str, Any] | None) -> None:
    """Ask the next level for its approval of an entry."""
    said = format_money(entry.amount)
    text = [f"批准 {entry.reason} {said} 元", f"approve {said} CNY for {entry.reason}"]
    name = canonical({"levels": levels, "was": was})
    writer.store.execute(
        "INSERT INTO duty (case_id, n, kind, name, party, text, state, entry_id, at) VALUES (?, ?, 'approval', ?, ?, ?, 'open', ?, ?)",
        (writer.id, writer.version, name, levels[0], canonical(text), entry.id, writer.at),
    )


def _asked(writer: Writer, entry_id: int | None) -> Request:
    rows = writer.store.execute(
        f"SELECT id, name, entry_id FROM duty WHERE case_id = ? AND kind = 'approval' AND state IN {_OPEN} ORDER BY id", (writer.id,)
    ).fetchall()
    mine = [row for row in rows if entry_id in (None, row[2])]
    if not mine:
        names = ", ".join(str(row[2]) for row in rows)
        raise NotFoundError(
            f"案件 {writer.id} 没有待审批的款项", f"nothing in case {writer.id} awaits approval",
            hint=Text(f"待审批: --entry {names}", f"awaiting approval: --entry {names}") if names else None,
        )  # fmt: skip
    if len(mine) > 1:
        names = ", ".join(str(row[2]) for row in mine)
        raise InputError(f"请用 --entry 指明: {names}", f"name one with --entry: {names}")
    number, name, entry = mine[0]
    said = json.loads(name)
    return Request(entry_of(writer.store, entry), number, said["levels"], said["was"])


def approve(desk: Desk, case_id: int, entry_id: int | None = None, why: str | None = None, *, based_on: int | None = None) -> Answer:
    """Approve what awaits approval: by another than who asked and who approved before, at the level asked for or above.

    Raises:
        NotFoundError: nothing awaits approval.
        NotPermittedError: the acting agent asked for it or approved it before, or is of a lower tier.
        ConflictError, InputError, StorageError, TryAgainError: as for :func:`tmcs.cases.payments.pay`.
    """
    return _judge(desk, case_id, entry_id, why, _approved, based_on)


def reject(desk: Desk, case_id: int, entry_id: int | None, why: str, *, based_on: int | None = None) -> Answer:
    """Refuse what awaits approval, or take one's own request back; raises as :func:`approve`."""
    return _judge(desk, case_id, entry_id, why, _rejected, based_on)


def _judge(
    desk: Desk, case_id: int, entry_id: int | None, why: str | None, then: Callable[[Writer, Request, str | None], Entry],
    based_on: int | None,
) -> Answer:  # fmt: skip
    with desk.hold(case_id, based_on) as writer:
        history = open_history(writer)
        request = _asked(writer, entry_id)
        if then is not _rejected or writer.actor.agent != request.entry.agent:
            _check_checker(writer, policy_for(desk.store, history).at(desk.now), request)
        entry = then(writer, request, None if why is None else words(why))
        run = writer.store.execute
        run("UPDATE duty SET state = 'done', agent = ?, at = ? WHERE id = ?", (writer.actor.agent, writer.at, request.duty))
        left = request.levels[1:] if entry.state == "asked" else []
        if left:
            ask(writer, entry, left, request.was)
        return Answer(entry, left, max(entry.most - entry.amount, 0), [], [])


def _check_checker(writer: Writer, snapshot: Snapshot, request: Request) -> None:
    """Refuse whoever asked or approved before (maker and checker are two), and a tier below the level."""
    agent, entry, level = writer.actor.agent, request.entry, request.levels[0]
    zh, en = snapshot.tier_labels[level]
    if agent == entry.agent or agent in entry.approvers:
        raise NotPermittedError(
            f"{agent} 已申请或批准过这笔款项，须由另一位{zh}或以上批准",
            f"{agent} asked for or approved it before: another agent, {en} or above, must approve",
        )
    if snapshot.tier_index(writer.actor.tier) < snapshot.tier_index(level):
        own = snapshot.tier_labels[writer.actor.tier]
        raise NotPermittedError(f"{own[0]}无权批准，须{zh}或以上", f"the {own[1]} may not decide this: the {en} or above may")


def _noted(writer: Writer, kind: str, request: Request, entry: Entry, why: str | None, left: list[str]) -> None:
    data = {"entry": entry.id, **entry.kept(), "asked": request.entry.amount, "level": request.levels[0], "left": left}
    writer.event(kind, data, {"why": why})


def _approved(writer: Writer, request: Request, why: str | None) -> Entry:
    entry, left = request.entry, request.levels[1:]
    approvers = "\n".join([*entry.approvers, writer.actor.agent])
    entry = change(writer, entry, approver=approvers, state="asked" if left else "approved")
    _noted(writer, "approved", request, entry, why, left)
    return entry


def _rejected(writer: Writer, request: Request, why: str | None) -> Entry:
    if request.was is not None:  # what was granted before more was asked for still stands
        entry = change(writer, request.entry, **{name: request.was[name] for name in KEPT})
    else:
        entry = change(writer, request.entry, state="rejected")
    _noted(writer, "rejected", request, entry, why, [])
    return entry
