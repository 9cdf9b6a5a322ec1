"""Cases as the store keeps them, read for an audit or an export: some at a time, each in one state, whatever others write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tmcs.cases.writer import no_case
from tmcs.store.base import Store

_BATCH: Final = 100  # cases read at a time
_END: Final = 2**62

ROW: Final = (
    "version", "head", "flow", "tid", "item", "customer_id", "state", "outcome", "owner", "opened_at", "opened_by", "closed_at",
    "policy", "sealed",
)  # fmt: skip
EVENT: Final = ("n", "at", "kind", "agent", "tier", "data", "private", "prev", "hash")
ENTRY: Final = (
    "id", "account", "customer_id", "reason", "kind", "form", "amount", "most", "state", "tier", "agent", "at", "day", "approver",
)  # fmt: skip

_QUERIES: Final = {
    "rows": ("cases", "id", ROW, "id"),
    "events": ("event", "case_id", EVENT, "case_id, n"),
    "entries": ("ledger", "case_id", ENTRY, "case_id, id"),
    "privates": ("private", "case_id", ("n", "salt", "body"), "case_id, n"),
    "receipts": ("receipt", "case_id", ("n", "body"), "case_id, n"),
    "seals": ("seal_case", "case_id", ("seal_id", "version", "head"), "case_id, seal_id"),
}


class Kept:
    """All that the store keeps of one case, as it stands there.

    Attributes:
        id: its number.
        row: its row by column (:data:`ROW`), None where only other tables know it.
        events, entries: by column (:data:`EVENT`, :data:`ENTRY`), in order.
        privates, receipts: by the place of their event, salt and text, and the compressed receipt.
        seals: seal, version and head, in order.
    """

    __slots__ = ("entries", "events", "id", "privates", "receipts", "row", "seals")

    def __init__(self, case_id: int) -> None:
        self.id = case_id
        self.row: dict[str, Any] | None = None
        self.events: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.privates: dict[int, tuple[str | None, str | None]] = {}
        self.receipts: dict[int, Any] = {}
        self.seals: list[tuple[int, int, str]] = []

    def _add(self, what: str, values: tuple[Any, ...]) -> None:
        if what == "rows":
            self.row = dict(zip(ROW, values, strict=True))
        elif what == "events":
            self.events.append(dict(zip(EVENT, values, strict=True)))
        elif what == "entries":
            self.entries.append(dict(zip(ENTRY, values, strict=True)))
        elif what == "privates":
            self.privates[values[0]] = values[1], values[2]
        elif what == "receipts":
            self.receipts[values[0]] = values[1]
        else:
            self.seals.append((values[0], values[1], values[2]))


def read_cases(store: Store, case_id: int | None = None, parts: tuple[str, ...] = tuple(_QUERIES)) -> Iterator[Kept]:
    """Yield cases by number, also those of which only other tables know.

    Args:
        case_id: only this one; None: all.
        parts: what to read of each: ``rows``, ``events``, ``entries``, ``privates``, ``receipts``, ``seals``.

    Raises:
        NotFoundError: no table knows the one asked for.
    """
    if case_id is not None:
        found = list(_read(store, case_id - 1, case_id, parts))
        if not found:
            raise no_case(case_id)
        yield from found
        return
    low = -_END
    while low < _END:
        ids = store.execute("SELECT id FROM cases WHERE id > ? ORDER BY id LIMIT ?", (low, _BATCH)).fetchall()
        high = int(ids[-1][0]) if len(ids) == _BATCH else _END
        yield from _read(store, low, high, parts)
        low = high


def _read(store: Store, low: int, high: int, parts: tuple[str, ...]) -> list[Kept]:
    found: dict[int, Kept] = {}
    with store.one_state():
        for part in parts:
            table, key, columns, order = _QUERIES[part]
            sql = f"SELECT {key}, {', '.join(columns)} FROM {table} WHERE {key} > ? AND {key} <= ? ORDER BY {order}"
            for number, *values in store.execute(sql, (low, high)).fetchall():
                if number not in found:
                    found[number] = Kept(number)
                found[number]._add(part, tuple(values))
    return [found[number] for number in sorted(found)]
