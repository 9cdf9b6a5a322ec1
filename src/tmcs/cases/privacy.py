"""The person taken out of their cases: what was paid, decided and promised stays, and so does every hash.

Events hold of a personal part only a commitment; erasing its salt and text leaves the chain as it was. The order without
its person is part of the event, so a decision that rests on nobody's own words can be made anew afterwards.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.audit import canonical
from tmcs.cases.history import DECIDING, Event
from tmcs.cases.privacy_jobs import erase_items, erase_old_items
from tmcs.cases.privacy_plans import erase_ended, erase_from_plans, is_listed
from tmcs.cases.writer import Hold, read_events
from tmcs.core.errors import NotFoundError, NotPermittedError
from tmcs.core.text import Text
from tmcs.store.compact import compact, erasing

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.store.base import Store

_HIDDEN: Final = "***"
_ERASED: Final = ["(已删除)", "(erased)"]
#: Cells of a kept row of the delivery report or the warehouse feedback that are somebody's own words.
_FREE_CELLS: Final = ("trace", "fault", "note")
_BATCH: Final = 200

#: Cases that still hold something of a person: never erased, or written to since. (Why something was erased is kept.)
_UNERASED: Final = (
    "(NOT EXISTS (SELECT 1 FROM event e WHERE e.case_id = cases.id AND e.kind = 'erased') OR EXISTS (SELECT 1 FROM private p"
    " JOIN event e ON e.case_id = p.case_id AND e.n = p.n WHERE p.case_id = cases.id AND p.body IS NOT NULL AND e.kind <> 'erased'))"
)


class Erasure:
    """What was erased.

    Attributes:
        cases: their numbers.
        private, receipts, orders, drafts, customers: how many personal parts, receipts, order-book rows, drafts, customers.
        items: in how many items of worklists.
        listed: in how many entries of surveys, gift mailings and care plans.
        compacted: whether the database's files were written anew.
    """

    __slots__ = ("cases", "compacted", "customers", "drafts", "items", "listed", "orders", "private", "receipts")

    def __init__(self) -> None:
        self.cases: list[int] = []
        self.private = self.receipts = self.orders = self.drafts = self.customers = self.items = self.listed = 0
        self.compacted = False

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "cases": [str(number) for number in self.cases]}


def erase_customer(desk: Desk, nick: str, why: str, *, force: bool = False) -> Erasure:
    """Take a customer out of the store, each case in a transaction of its own; what was interrupted goes on when repeated.

    Args:
        nick: the customer's nick.
        why: the reason; kept, without what it says of the person.
        force: open cases too.

    Raises:
        NotFoundError: nobody bears the nick (any more).
        NotPermittedError: a case is open, and not ``force``; nothing was erased.
        StorageError, TryAgainError: the store cannot be written; the cases that were done stay done.
    """
    store = desk.store
    row = store.execute("SELECT id, alipay_no FROM customer WHERE nick = ?", (nick,)).fetchone()
    own_orders = [tid for (tid,) in store.execute("SELECT tid FROM orders WHERE nick = ? ORDER BY id", (nick,)).fetchall()]
    if row is None and not own_orders and not is_listed(store, nick):
        raise NotFoundError("没有这个会员名的客户", "no customer bears this nick", hint=Text("可能已经删除", "perhaps erased already"))
    cases = [] if row is None else _cases_of(store, int(row[0]))
    still_open = [number for number, closed, _ in cases if closed is None]
    if still_open and not force:
        raise _still_open(still_open)
    tids = list(dict.fromkeys([*own_orders, *(tid for _, _, tid in cases if tid)]))
    reason = _without(why, [nick, *([row[1]] if row and row[1] else []), *_words_of_orders(store, tids)])
    found = Erasure()
    erasing(store)
    for number, _, _ in cases:
        _erase_case(desk, number, {"because": "customer"}, reason, found)
    found.listed = erase_from_plans(desk, nick, tids)
    for tid in tids:
        with store.transaction():
            found.orders += _erase_order(store, tid)
            found.items += erase_items(store, tid)
    if row is not None:
        with store.transaction():
            _erase_customer_row(store, int(row[0]), found)
    compact(store)
    found.compacted = True
    return found


def _cases_of(store: Store, customer: int) -> list[tuple[int, str | None, str | None]]:
    rows = store.execute("SELECT id, closed_at, tid FROM cases WHERE customer_id = ? ORDER BY id", (customer,)).fetchall()
    return [(int(number), closed, tid) for number, closed, tid in rows]


def _still_open(numbers: list[int]) -> NotPermittedError:
    shown = ", ".join(map(str, numbers[:8])) + (" …" if len(numbers) > 8 else "")
    return NotPermittedError(
        f"该客户还有未结的案件: {shown}", f"the customer has open cases: {shown}",
        hint=Text("先结案，或用 --force", "close them first, or give --force"),
    )  # fmt: skip


def due_for_retention(store: Store, today: date, days: int) -> int:
    """Return how many cases retention would erase."""
    row = store.execute(f"SELECT count(*) FROM cases WHERE closed_at < ? AND {_UNERASED}", (_before(today, days),)).fetchone()
    return int(row[0])


def retention(desk: Desk, today: date, days: int, limit: int | None = None) -> Erasure:
    """Erase the personal data of every case and plan that was closed at least ``days`` days ago, one by one.

    Each case is a transaction: what was interrupted goes on the next time, and what was done is not done again. A customer
    is erased with the last of their cases.

    Args:
        today: the day it is.
        days: days after closing.
        limit: at most so many cases.

    Raises:
        StorageError, TryAgainError: the store cannot be written; the cases that were done stay done.
    """
    found, store = Erasure(), desk.store
    erasing(store)
    for number in _due(store, _before(today, days), limit):
        _erase_case(desk, number, {"because": "retention", "days": days}, None, found)
    found.listed = erase_ended(desk, _before(today, days))
    found.items += erase_old_items(store, _before(today, days))
    if found.cases or found.listed or found.items:
        compact(store)
        found.compacted = True
    return found


def _before(today: date, days: int) -> str:
    try:
        return (today - timedelta(days - 1)).isoformat()
    except OverflowError:  # nothing is as old as that
        return ""


def _due(store: Store, before: str, limit: int | None) -> Iterator[int]:
    last, left = 0, limit
    while left is None or left > 0:
        size = _BATCH if left is None else min(_BATCH, left)
        rows = store.execute(
            f"SELECT id FROM cases WHERE closed_at < ? AND id > ? AND {_UNERASED} ORDER BY id LIMIT ?", (before, last, size)
        ).fetchall()
        for (number,) in rows:
            yield int(number)
        if len(rows) < size:
            return
        last = int(rows[-1][0])
        left = None if left is None else left - len(rows)


def _erase_case(desk: Desk, case_id: int, data: dict[str, Any], why: str | None, found: Erasure) -> None:
    """Erase the personal data of one case and note that in it; one that holds none any more is left alone."""
    store = desk.store
    with Hold(store, desk.actor, desk.at, case_id) as writer:
        if data["because"] == "retention" and writer.closed_at is None:
            return  # it was opened again a moment ago
        if store.execute(f"SELECT 1 FROM cases WHERE id = ? AND {_UNERASED}", (case_id,)).fetchone() is None:
            return
        events = read_events(store, case_id)
        found.drafts += _erase_drafts(case_id)
        private = _erase_private(store, case_id)
        receipts = _erase_receipts(store, case_id, events)
        _erase_duty_texts(store, case_id, events)
        orders = 0 if writer.tid is None else _erase_order(store, writer.tid)
        items = 0 if writer.tid is None else erase_items(store, writer.tid)
        writer.event("erased", {**data, "private": private, "receipts": receipts}, {"why": why})
        if data["because"] == "retention" and writer.customer_id is not None:
            _erase_customer_of(store, writer.customer_id, found)
    found.cases.append(case_id)
    found.private += private
    found.receipts += receipts
    found.items += items
    found.orders += orders


def _erase_private(store: Store, case_id: int) -> int:
    return store.execute(
        "UPDATE private SET salt = NULL, body = NULL WHERE case_id = ? AND body IS NOT NULL AND n NOT IN"
        " (SELECT n FROM event WHERE case_id = ? AND kind = 'erased')",
        (case_id, case_id),
    ).rowcount


def _erase_receipts(store: Store, case_id: int, events: list[Event]) -> int:
    """Erase the receipts of the decisions that rested on somebody's own words."""
    own: set[str] = set()
    count = 0
    for event in events:
        if event.kind not in DECIDING:
            continue
        if event.kind == "moved-on":
            own.clear()
        own -= {*event.data.get("facts", {}), *event.data.get("unset", ())}
        own |= set(event.private.get("facts", ()))
        if own or event.erased:
            count += store.execute(
                "UPDATE receipt SET body = NULL WHERE case_id = ? AND n = ? AND body IS NOT NULL", (case_id, event.n)
            ).rowcount
    return count


def _erase_duty_texts(store: Store, case_id: int, events: list[Event]) -> None:
    """Erase the words of tasks and promises that a text fact was filled into."""
    own = {str(value) for event in events for value in event.private.get("facts", {}).values()} - {""}
    if not own:
        return
    for number, text in store.execute("SELECT id, text FROM duty WHERE case_id = ?", (case_id,)).fetchall():
        if any(word in said for said in json.loads(text) for word in own):
            store.execute("UPDATE duty SET text = ? WHERE id = ?", (canonical(_ERASED), number))


def _erase_order(store: Store, tid: str) -> int:
    """Erase the person from an order of the book and from the rows joined to it; return 1 where there was one."""
    row = store.execute(f"SELECT nick, phone, record FROM orders WHERE tid = ?{store.for_update}", (tid,)).fetchone()
    for kind, key, data in store.execute("SELECT kind, key, data FROM note WHERE tid = ?", (tid,)).fetchall():
        cells = json.loads(data)
        if any(cells.get(name) for name in _FREE_CELLS):
            plain = json.dumps({name: "" if name in _FREE_CELLS else cell for name, cell in cells.items()}, ensure_ascii=False)
            store.execute("UPDATE note SET data = ? WHERE tid = ? AND kind = ? AND key = ?", (plain, tid, kind, key))
    if row is None:
        return 0
    nick, phone, text = row
    record = json.loads(text)
    plain_record = without_person(record)
    if (nick, phone, record) == (None, None, plain_record):
        return 0
    encoded = json.dumps(plain_record, ensure_ascii=False, separators=(",", ":"))
    store.execute("UPDATE orders SET nick = NULL, phone = NULL, record = ? WHERE tid = ?", (encoded, tid))
    return 1


def without_person(record: dict[str, Any]) -> dict[str, Any]:
    """Return an order record without nick, account, memo, name, phone, address and invoice title; sums and region stay."""
    found = {key: None if key in ("buyer_nick", "alipay_no", "seller_memo") else value for key, value in record.items()}
    for key, names in (("receiver", ("name", "mobile", "address")), ("invoice", ("title",))):
        part = found.get(key)
        if isinstance(part, dict):
            found[key] = {name: None if name in names else value for name, value in part.items()}
    return found


def _erase_customer_of(store: Store, customer: int, found: Erasure) -> None:
    """Erase a customer whose cases have all been erased."""
    left = store.execute(f"SELECT 1 FROM cases WHERE customer_id = ? AND {_UNERASED} LIMIT 1", (customer,)).fetchone()
    if left is None:
        _erase_customer_row(store, customer, found)


def _erase_customer_row(store: Store, customer: int, found: Erasure) -> None:
    found.customers += store.execute(
        "UPDATE customer SET nick = NULL, alipay_no = NULL WHERE id = ? AND (nick IS NOT NULL OR alipay_no IS NOT NULL)", (customer,)
    ).rowcount


def _words_of_orders(store: Store, tids: list[str]) -> list[str]:
    """Return what orders say of a person, to be kept out of the reason."""
    words: set[Any] = set()
    for tid in tids:
        row = store.execute("SELECT record FROM orders WHERE tid = ?", (tid,)).fetchone()
        record = json.loads(row[0]) if row else {}
        receiver, invoice = record.get("receiver") or {}, record.get("invoice") or {}
        words |= {record.get(key) for key in ("buyer_nick", "alipay_no")}
        words |= {receiver.get(key) for key in ("name", "mobile", "address")} | {invoice.get("title")}
    return [word for word in words if isinstance(word, str) and len(word) > 1]


def _without(text: str, words: list[str]) -> str:
    from tmcs.cases.seat import words as kept
    from tmcs.orders.privacy import mask_memo

    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, _HIDDEN)
    return mask_memo(kept(text))


def _erase_drafts(case_id: int) -> int:
    """Remove this machine's drafts of a case: what an agent wanted to write when somebody else was first."""
    from tmcs.config import state_folder

    folder = os.path.join(state_folder(), "drafts")
    count = 0
    with suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(folder):
            if name.startswith((f"case-{case_id}.", f"case-{case_id}-")):
                with suppress(FileNotFoundError):
                    os.unlink(os.path.join(folder, name))
                    count += 1
    return count
