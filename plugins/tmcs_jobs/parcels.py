"""What is known of an order's parcels from the delivery report and the warehouse feedback, by the words in `parcels.yaml`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Final

from tmcs import parse_time
from tmcs.jobs import MILLION, Context, Hit, load_yaml
from tmcs.jobs.hits import REFUNDING, refund_of, selected
from tmcs.jobs.select import All, FieldTest

_FILE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parcels.yaml")
#: States in which a parcel cannot be delivered any more (P05-R11, P07-R01).
PROBLEMS: Final = ("lost", "damaged", "returned")
#: The states of an order that has left and was not confirmed, as the selections name them.
_LEFT: Final = ("WAIT_BUYER_CONFIRM_GOODS", "SELLER_CONSIGNED_PART")
_UNCLEAR: Final = "unclear"
_SIGNER_END: Final = r"[:：\s]*([^\s,，;；。:：（）()]{1,20})"


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = load_yaml(_FILE)
    return words


class Parcel:
    """One parcel of an order.

    Attributes:
        state: one of the states of ``parcels.yaml``.
        signed: whether the logistics system shows it as signed for.
        sent: when it left, or None.
        signer: who signed in the customer's place, or None.
        tried_twice: whether a second delivery failed too.
    """

    __slots__ = ("sent", "signed", "signer", "state", "tried_twice")

    def __init__(self, note: dict[str, str], now: datetime) -> None:
        said = [note.get(key, "") for key in ("fault", "state", "trace")]  # the most certain first
        whole = "；".join(said)
        self.sent = _time(note.get("consigned", ""))
        self.signer = _signer(whole)
        self.state = next((state for text in said if (state := _state(text)) != _UNCLEAR), _UNCLEAR)
        if self.signer is not None and self.state not in PROBLEMS:
            self.state = "proxy-signed"
        at = _time(note.get("signed", ""))
        shown = any(_has(text, word) for text in said for word in _words()["signed"])
        self.signed = at <= now if at is not None else shown and self.state != "proxy-signed"
        self.tried_twice = any(_has(whole, word) for word in _words()["second_attempt"])


def _time(cell: str) -> datetime | None:
    from tmcs.jobs import CellError, moment

    try:
        found = moment(cell)
    except CellError:
        return None
    return None if found is None else parse_time(found)


def _has(text: str, word: str) -> bool:
    """Return whether a text has a word that is not taken back by the one before it."""
    place = text.find(word)
    while place >= 0:
        if not text[:place].endswith(tuple(_words()["denials"])):
            return True
        place = text.find(word, place + 1)
    return False


def _state(text: str) -> str:
    states: dict[str, list[str]] = _words()["states"]
    return next((state for state, words in states.items() if any(_has(text, word) for word in words)), _UNCLEAR)


def _signer(text: str) -> str | None:
    for word in _words()["signer"]:
        match = re.search(re.escape(word) + _SIGNER_END, text)
        if match is not None and match[1] not in _words()["himself"]:
            return match[1]
    return None


def parcels(context: Context, tid: str) -> list[Parcel]:
    """Return the parcels of an order that the delivery report knows, by their numbers."""
    return [Parcel(note, context.now) for note in context.notes(tid, "delivery")]


def problem_told(context: Context, tid: str, record: dict[str, Any] | None) -> str | None:
    """Return the problem that the warehouse's exception list tells of a parcel that had left (P07-R02), or None."""
    sent = _time((record or {}).get("consign_time") or "")
    for note in reversed(context.notes(tid, "warehouse")):
        at = _time(note.get("time", "")) or _time(note["at"])
        if sent is None or (at is not None and not sent <= at <= context.now):
            continue
        state = _state(note.get("type", ""))
        if state in PROBLEMS:
            return state
    return None


def facts_of(context: Context, hit: Hit, hours: int | None) -> dict[str, str] | None:
    """Return what the worst parcel that is not signed for says; empty where the report does not know the order.

    Args:
        hours: of several parcels, only those that left longer ago than this count, in millionths of an hour.

    Returns:
        The facts, or None where several parcels are on their way and none is that late.
    """
    found = parcels(context, hit.tid or "")
    if not found:
        return {}
    left = [one for one in found if not one.signed]
    if not left:
        return {"signed": "yes"}
    facts: dict[str, str] = {}
    several = len(found) > 1
    if several:
        left = [one for one in left if hours is None or one.sent is None or _gone(one, context.now) > hours]
        if not left:
            return None
    order = list(_words()["states"])
    worst = min(left, key=lambda one: order.index(one.state))
    if several:  # the book's one time of signature and of dispatch may be another parcel's
        facts |= {"signed": "no", "several_parcels": "yes"}
        if worst.sent is not None:
            whole, part = divmod(_gone(worst, context.now), MILLION)
            facts["hours_since_shipped"] = f"{whole}.{part:06}"
    if worst.state != _UNCLEAR:
        facts["parcel_state"] = worst.state
    if worst.signer is not None:
        facts["signer_name"] = worst.signer
    if worst.tried_twice:
        facts["second_attempt_failed"] = "yes"
    return facts


def _gone(parcel: Parcel, now: datetime) -> int:
    """Return the millionths of hours since a parcel left, rounded down as the order's own are."""
    assert parcel.sent is not None
    return max(0, int((now - parcel.sent).total_seconds())) * MILLION // 3600


def unsigned(context: Context) -> Iterator[Hit]:
    """Yield the selected orders, and those signed for in the book that have a parcel which is not; never one refunded.

    One whose refund is running is listed and not called.
    """
    for hit in chain(selected(context), _partly_signed(context)):
        refund = refund_of(hit.record)
        if refund == "done":
            continue
        if refund == "running":
            hit.left = REFUNDING
        yield hit


def _partly_signed(context: Context) -> Iterator[Hit]:
    """Yield the orders of several parcels that the book calls signed for: it has one time of signature for all of them."""
    job = context.job
    params = job.params(context.snapshot, context.now, context.span)
    sent = [("<", "$hours-ago" if job.hours is not None else "$now")]
    condition = All([
        FieldTest("status", list(_LEFT), [], None),
        FieldTest("consign_time", [], sent, None),
        FieldTest("sign_time", [], [("<=", "$now")], None),
    ])  # fmt: skip
    where, values = condition.sql(params, True)
    parcels_of = "(SELECT count(*) FROM order_parcel p WHERE p.order_id = orders.id)"
    sql = f"SELECT tid, record FROM orders WHERE {where} AND {parcels_of} > 1 ORDER BY tid"
    for tid, text in context.store.stream(sql, values):
        yield Hit(tid, tid, json.loads(text))
