"""What is still open in a case, and keeps it from being closed."""

from __future__ import annotations

import json
from typing import Final

from tmcs.core.errors import NotPermittedError
from tmcs.core.money import format_money
from tmcs.core.text import Text
from tmcs.store.base import Store

#: States of a duty that somebody has still to see to, as SQL.
LIVE: Final = "('open', 'held', 'taken')"
#: What can be open, in words.
OPEN_KINDS: Final[dict[str, tuple[str, str]]] = {
    "task": ("任务", "task"), "wait": ("等待", "wait"), "promise": ("承诺", "promise"), "approval": ("审批", "approval"),
    "payment": ("待付款", "payment"), "pause": ("暂停", "pause"),
}  # fmt: skip


class Open:
    """Something in a case that is still open.

    Attributes:
        kind: task, wait, promise, approval, payment (granted and not paid yet) or pause.
        name, text: what it is, ``text`` in words ``[zh, en]``.
        id, party, due: its number, whose turn it is, the day it is due.
    """

    __slots__ = ("due", "id", "kind", "name", "party", "text")

    def __init__(self, kind: str, name: str, text: list[str], number: int = 0, party: str = "", due: str | None = None) -> None:
        self.kind = kind
        self.name = name
        self.text = text
        self.id = number
        self.party = party
        self.due = due


def open_duties(store: Store, case_id: int) -> list[Open]:
    """Return what is still open in a case: tasks, waits, promises, approvals, and what was granted and not paid."""
    rows = store.execute(
        f"SELECT kind, name, text, id, party, due FROM duty WHERE case_id = ? AND state IN {LIVE} ORDER BY id", (case_id,)
    ).fetchall()
    found = [Open(kind, name, json.loads(text), number, party, due) for kind, name, text, number, party, due in rows]
    rows = store.execute(
        "SELECT id, reason, amount FROM ledger WHERE case_id = ? AND state = 'approved' AND NOT EXISTS"
        f" (SELECT 1 FROM duty WHERE duty.entry_id = ledger.id AND kind = 'promise' AND duty.state IN {LIVE}) ORDER BY id",
        (case_id,),
    ).fetchall()
    for number, reason, amount in rows:
        said = format_money(amount)
        found.append(Open("payment", reason, [f"已批准 {said} 元，待付", f"{said} CNY approved and not paid yet"], number))
    return found


def still_open(case_id: int, left: list[Open]) -> NotPermittedError:
    """Return the error for a case that is to be closed while something is open."""
    details = []
    for one in left:
        zh, en = OPEN_KINDS[one.kind]
        number, due_zh, due_en = f" {one.id}" if one.id else "", f"，期限 {one.due}" if one.due else "", f", due {one.due}" if one.due else ""
        party = f" ({one.party})" if one.party else ""
        details.append(Text(f"{zh}{number}: {one.text[0]}{party}{due_zh}", f"{en}{number}: {one.text[1]}{party}{due_en}"))
    return NotPermittedError(
        f"案件 {case_id} 还有 {len(left)} 项未了结，不能结案", f"case {case_id} still has {len(left)} open and cannot be closed",
        details=details,
        hint=Text("逐项了结；组长可用 --force --why 原因 强制结案", "settle them; a team lead may close with --force --why REASON"),
    )  # fmt: skip
