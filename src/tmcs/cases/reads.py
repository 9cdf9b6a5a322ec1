"""A case as it is read: its row, events, duties, money and resolution, all of one moment; and the person, shown only for a reason."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.claims import resolved
from tmcs.cases.decide import decide
from tmcs.cases.desk import brought_up
from tmcs.cases.documents import pinned_flow, policy_for
from tmcs.cases.history import DECIDING, Event, History
from tmcs.cases.lists import Listed, LiveDuty, all_duties, listed
from tmcs.cases.standing import Standing
from tmcs.cases.writer import read_events
from tmcs.core.errors import TmcsError
from tmcs.core.resolution import Resolution
from tmcs.orders.privacy import mask_account, mask_memo, mask_name
from tmcs.store.base import Store

if TYPE_CHECKING:
    from tmcs.cases.seat import Seat

#: What of an order record is the person.
_PERSON: Final = ("buyer_nick", "alipay_no", "receiver", "invoice", "seller_memo")


class CaseView:
    """A case as it is shown, the person masked.

    Attributes:
        case: its row, what is open in it and which of that is next.
        opened_by, policy: who opened it, and the digest of the policy it is pinned to.
        events, history: its events, oldest first, and what they add up to.
        duties: all it ever left to be done, by number, settled ones too.
        standing: its money.
        result: its resolution as of its last decision.
        later: its resolution as of now, under the same policy and flow; None where it is closed, or cannot be decided now.
        differs: in what that is another: status, outcome, refund, goods, payouts, tasks.
        customer: nick and Alipay account, masked; None where there is none, or they were erased.
        own: the facts whose values are somebody's own words; masked in all texts, unless ``revealed``.
    """

    __slots__ = (
        "case", "customer", "differs", "duties", "events", "history", "later", "opened_by", "own", "policy", "result", "revealed",
        "standing",
    )  # fmt: skip

    case: Listed
    customer: dict[str, str] | None
    differs: list[str]
    duties: dict[int, LiveDuty]
    events: list[Event]
    history: History
    later: Resolution | None
    opened_by: str
    own: dict[str, str]
    policy: str
    result: Resolution
    revealed: bool
    standing: Standing

    def own_words(self, text: str) -> str:
        """Return a reason, note or text fact as it is shown: without phone numbers and mail addresses."""
        return text if self.revealed else mask_memo(text)

    def fact_value(self, name: str, value: str) -> str:
        """Return the value of a fact that is somebody's own words, as it is shown."""
        return value if self.revealed else mask_name(value)


def show(store: Store, case_id: int, *, tier: str, now: datetime, revealed: bool = False) -> CaseView:
    """Return a case as it is shown.

    Args:
        tier: of who looks: what they may promise of what is left.
        now: the moment, for what would be decided otherwise by now.
        revealed: the person is not masked; the caller has logged why.

    Raises:
        NotFoundError: there is no such case.
        StorageError, TryAgainError: the store cannot be read, or what the case is pinned to is damaged.
    """
    view = CaseView()
    with store.one_state():
        view.case = listed(store, case_id)
        view.opened_by, view.policy, customer = store.execute(
            "SELECT opened_by, policy, customer_id FROM cases WHERE id = ?", (case_id,)
        ).fetchone()
        view.events = read_events(store, case_id)
        view.duties = all_duties(store, case_id)
        view.standing = Standing(store, case_id, tier, now.date().isoformat())
        view.customer = _customer(store, customer, revealed)
        view.history = history = view.standing.history
        view.revealed = revealed
        view.own = _own_facts(view.events, history)
        view.result = view.standing.result if revealed or not view.own else resolved(store, _masked(history, view.own))
        view.later = None if history.closed else _as_of(store, history, now)
    view.differs = [] if view.later is None else differing(view.standing.result, view.later)
    return view


def _customer(store: Store, number: int | None, revealed: bool) -> dict[str, str] | None:
    row = None if number is None else store.execute("SELECT nick, alipay_no FROM customer WHERE id = ?", (number,)).fetchone()
    found = {} if row is None else {name: value for name, value in zip(("nick", "alipay_no"), row, strict=True) if value}
    return {name: value if revealed else mask_account(value) for name, value in found.items()} or None


def _own_facts(events: list[Event], history: History) -> dict[str, str]:
    """Return the facts, as they stand, whose values were given in somebody's own words."""
    given = {name for event in events if event.kind in DECIDING for name in event.private.get("facts") or {}}
    return {name: history.facts[name] for name in given if name in history.facts and name != "item"}


def _masked(history: History, own: dict[str, str]) -> History:
    """Return what is known with the words of others masked, so that no text made of it says more."""
    found = History()
    for name in History.__slots__:
        setattr(found, name, getattr(history, name))
    found.facts = {**history.facts, **{name: mask_memo(value) for name, value in own.items()}}
    return found


def _as_of(store: Store, history: History, now: datetime) -> Resolution | None:
    """Return what would be decided at this moment, with the order as the order book has it, as `case set` decides."""
    from tmcs.orders.book import Book

    tid = (history.order or {}).get("tid")
    entry = Book(store).entry(tid) if tid else None
    order = brought_up(history.order, None if entry is None or entry.pending else entry.record)
    flow, policy = pinned_flow(store, history.flow), policy_for(store, history)
    try:
        return decide(flow, policy, order, history.facts, history.sources, history.tier, now)
    except TmcsError:  # the order has changed so that a fact no longer fits it: `case set` says which
        return None


def differing(one: Resolution, other: Resolution) -> list[str]:
    """Return in what two resolutions of a case differ; that a day has moved with the clock is no difference."""

    def parts(r: Resolution) -> dict[str, Any]:
        return {
            "status": r.status, "outcome": r.outcome, "refund": (r.route, r.amount), "goods": r.goods,
            "payouts": [payout.to_dict() for payout in r.payouts], "tasks": [(queue, text) for queue, text, _ in r.tasks],
            "next_flow": r.next_flow,
        }  # fmt: skip

    mine, theirs = parts(one), parts(other)
    return [name for name, value in mine.items() if theirs[name] != value]


def reveal(seat: Seat, case_id: int, why: str) -> dict[str, Any]:
    """Return who the customer of a case is, unmasked, after writing into the case that it was shown, to whom and why.

    Raises:
        InputError: the reason is empty or too long.
        NotFoundError: there is no such case.
        StorageError, TryAgainError: it cannot be written, so nothing is shown.
    """
    from tmcs.cases.seat import words
    from tmcs.orders.book import Book

    with seat.hold(case_id) as writer:
        person: dict[str, Any] = {}
        row = None
        if writer.customer_id is not None:
            row = seat.store.execute("SELECT nick, alipay_no FROM customer WHERE id = ?", (writer.customer_id,)).fetchone()
        entry = Book(seat.store).entry(writer.tid) if writer.tid else None
        if row is not None:
            person = {name: value for name, value in zip(("buyer_nick", "alipay_no"), row, strict=True) if value}
        if entry is not None:
            person |= {name: entry.record[name] for name in _PERSON if entry.record.get(name)}
        writer.event("revealed", {"shown": sorted(person)}, {"why": words(why)})
    return person
