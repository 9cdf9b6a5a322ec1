"""The audit of the ledger: the entries that a case's events add up to, compared with those that stand there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tmcs.cases.history import Event
from tmcs.cases.ledger import account_of, folded
from tmcs.core.money import format_money

#: Columns of an entry in words.
_COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "account": ("账户", "account"), "customer_id": ("客户", "customer"), "reason": ("原因", "reason"), "kind": ("种类", "kind"),
    "form": ("形式", "form"), "amount": ("金额", "amount"), "most": ("上限", "limit"), "state": ("状态", "state"),
    "tier": ("层级", "tier"), "agent": ("经办人", "agent"), "at": ("时间", "time"), "day": ("日期", "day"),
    "approver": ("批准人", "approver"),
}  # fmt: skip


def compare(
    case_id: int, tid: str | None, customer: int | None, events: list[Event], rows: list[dict[str, Any]]
) -> Iterator[tuple[int, int | None, str, str]]:
    """Yield each entry of a case that is not as its events say: its number, the event it last came from, and what is wrong."""
    said, last = folded(events), _last(events)
    there = {row["id"]: row for row in rows}
    for number in sorted({*there, *said}):
        row, entry = there.get(number), said.get(number)
        if entry is None:
            yield number, None, "没有事件与之对应", "no event says so"
            continue
        if row is None:
            yield number, last.get(number), "台账里不见了", "it is missing from the ledger"
            continue
        entry |= {"account": account_of(tid, case_id), "customer_id": customer}
        for name, (zh, en) in _COLUMNS.items():
            if row[name] != entry[name]:
                yield number, last.get(number), *_differs(name, zh, en, row[name], entry[name])


def _last(events: list[Event]) -> dict[int, int]:
    """Return the event that each entry last came from."""
    found: dict[int, int] = {}
    for event in events:
        for number in (event.data.get("entry"), *event.data.get("entries", ())):
            if isinstance(number, int):
                found[number] = event.n
    return found


def _differs(name: str, zh: str, en: str, there: Any, expected: Any) -> tuple[str, str]:
    if name in ("amount", "most") and isinstance(there, int) and isinstance(expected, int):
        there, expected = format_money(there), format_money(expected)
    there, expected = (("-" if value is None else str(value).replace("\n", ", ")) for value in (there, expected))
    return f"{zh}是 {there}，按事件应为 {expected}", f"its {en} is {there}; by the events it is {expected}"
