"""The desk at a glance, for a day or a month: open work, broken promises, money, cases, rulings and what is unusual.

What is open is as of this moment; all else is of the days that the report is of, and those before them. Everything is read in
one state of the store, counted by the database and read row by row: as much memory for a million cases as for ten.
"""

from __future__ import annotations

import zlib
from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.days import Days
from tmcs.cases.report_money import FIGURES, Money, asked, claimants, far_above, judged, spend
from tmcs.cases.report_open import broken_promises, open_work
from tmcs.cases.report_period import Span
from tmcs.cases.rulings import rulings_of
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.text import Text
from tmcs.orders.privacy import mask_account
from tmcs.store.base import Store

if TYPE_CHECKING:
    from tmcs.core.calendar import WorkingCalendar

SCHEMA: Final = "tmcs/desk-report/1"
DAY: Final = "day"
MONTH: Final = "month"
#: From how many cases of a flow on an item stands out: on one day, in a month.
OFTEN: Final = {DAY: 3, MONTH: 5}
_ITEMS: Final = 10
#: Keys of amounts: fen within, CNY in JSON.
_AMOUNTS: Final = frozenset({"amount", "others", *(f"{when}{name}" for when in ("", "last_") for name in ("granted", "paid"))})


class Sight:
    """What whoever asks may see: ``people`` customers by a masked nick; ``agents`` by name."""

    __slots__ = ("agents", "people")

    def __init__(self, *, people: bool, agents: bool) -> None:
        self.people = people
        self.agents = agents


def desk_report(store: Store, snapshot: Snapshot, kind: str, spans: tuple[Span, Span], now: datetime, sight: Sight) -> dict[str, Any]:
    """Return the figures of a report, amounts in fen; :func:`to_json` gives them as ``tmcs/desk-report/1``.

    The caller holds one state of the store (:meth:`tmcs.store.base.Store.one_state`).

    Args:
        snapshot: the policy in force: queues, working calendar, when something is due soon.
        kind: :data:`DAY` or :data:`MONTH`.
        spans: the days it is of, and those it is compared with, see :mod:`tmcs.cases.report_period`.
        now: the moment: of what is open, and of what is overdue.
        sight: what may be named.

    Raises:
        StorageError, TryAgainError: the store cannot be read.
    """
    this, last = spans
    days = Days(snapshot, now.date())
    money = spend(store, this, last)
    cases, notes = _cases(store, snapshot.calendar, this, last)
    return {
        "schema": SCHEMA, "kind": kind, "now": now.isoformat(timespec="seconds"), "period": this.to_dict(), "last": last.to_dict(),
        "running": this.end >= now.date(),
        "open": open_work(store, snapshot, days),
        "broken": broken_promises(store, days),
        "spend": _spend(money, asked(store, this)),
        "approvals": {**judged(store, this), **{f"last_{name}": sums for name, sums in judged(store, last).items()}},
        "cases": cases,
        "claimants": _masked(claimants(store, this)) if sight.people else None,
        "rulings": _rulings(store, this, last),
        "unusual": [*_items(store, this, OFTEN[kind]), *(_named(one, sight.agents) for one in far_above(store, this))],
        "notes": [note.to_dict() for note in notes],
    }  # fmt: skip


def to_json(found: Any) -> Any:
    """Return the figures of a report as JSON: amounts in CNY, exact."""
    if isinstance(found, dict):
        return {
            key: format_money(value) if key in _AMOUNTS and isinstance(value, int) else to_json(value) for key, value in found.items()
        }  # fmt: skip
    return [to_json(one) for one in found] if isinstance(found, list) else found


def _spend(money: Money, still_asked: dict[str, int]) -> dict[str, Any]:
    def largest(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda one: (-one["paid"], -one["granted"], -one["last_paid"], one[name]))

    return {
        **money.totals, "asked": still_asked,
        "by_reason": largest([{"reason": reason, "kind": kind, **sums} for (reason, kind), sums in money.by_reason.items()], "reason"),
        "by_flow": largest([{"flow": flow, **sums} for flow, sums in money.by_flow.items()], "flow"),
        "by_tier": largest([{"tier": tier, **sums} for tier, sums in money.by_tier.items()], "tier"),
        "by_day": money.by_day,
    }  # fmt: skip


def _cases(store: Store, calendar: WorkingCalendar, this: Span, last: Span) -> tuple[dict[str, Any], list[Text]]:
    """Return how many cases were opened, closed, closed by force and opened again, and how long they took; and what is not sure.

    A case that was closed and opened again since counts as opened again, not as closed.
    """
    found: dict[str, Any] = {}
    flows: dict[str, dict[str, Any]] = {}
    guessed: set[int] = set()
    for when, span in (("", this), ("last_", last)):
        for flow, count in store.execute(_OPENED, span.bounds).fetchall():
            flows.setdefault(flow, _no_flow(flow))[f"{when}opened"] = int(count)
        took: dict[str, Counter[int]] = {}
        for flow, opened, closed, count in store.stream(_CLOSED, span.bounds):
            start, end = date.fromisoformat(opened), date.fromisoformat(closed)
            spent, sure = calendar.between(start, end)
            if sure == "estimated":
                guessed.add(end.year)
            took.setdefault(flow, Counter())[spent] += int(count)
        for flow, counts in took.items():
            row = flows.setdefault(flow, _no_flow(flow))
            row[f"{when}closed"], row[f"{when}median"] = counts.total(), median(counts)
        every = sum(took.values(), Counter())
        found |= {
            f"{when}opened": sum(row[f"{when}opened"] for row in flows.values()), f"{when}closed": every.total(),
            f"{when}median": median(every), f"{when}forced": _forced(store, span), f"{when}reopened": _count(store, "reopened", span),
        }  # fmt: skip
    found["by_flow"] = sorted(flows.values(), key=lambda row: (-row["opened"], -row["closed"], row["flow"]))
    return found, [_unpublished(year) for year in sorted(guessed)]


_OPENED: Final = "SELECT flow, count(*) FROM cases WHERE opened_at >= ? AND opened_at < ? GROUP BY flow"
_CLOSED: Final = (
    "SELECT flow, substr(opened_at, 1, 10), substr(closed_at, 1, 10), count(*) FROM cases"
    " WHERE closed_at IS NOT NULL AND closed_at >= ? AND closed_at < ?"
    " GROUP BY flow, substr(opened_at, 1, 10), substr(closed_at, 1, 10)"
)
_EVENTS: Final = (
    "SELECT count(*) FROM event WHERE kind = ? AND at >= ? AND at < ? AND kind IN ('approved', 'rejected', 'closed', 'reopened')"
)


def _no_flow(flow: str) -> dict[str, Any]:
    return {"flow": flow, **{f"{when}{name}": none for when in ("", "last_") for name, none in (("opened", 0), ("closed", 0), ("median", None))}}


def _count(store: Store, kind: str, span: Span) -> int:
    return int(store.execute(_EVENTS, (kind, *span.bounds)).fetchone()[0])


def _forced(store: Store, span: Span) -> int:
    return int(store.execute(f"{_EVENTS} AND data LIKE ?", ("closed", *span.bounds, '%"forced":%')).fetchone()[0])


def _unpublished(year: int) -> Text:
    return Text(
        f"{year} 年的放假安排尚未公布，用时按周一至周五推算",
        f"no published holiday arrangement for {year}: working days are counted Monday to Friday",
    )


def median(counts: Counter[int]) -> float | int | None:
    """Return the median of what was counted, of an even number the mean of both in the middle; None of nothing."""
    total = counts.total()
    if not total:
        return None
    places = ((total - 1) // 2, total // 2)
    found, seen = [], 0
    for value in sorted(counts):
        found += [value] * sum(seen <= place < seen + counts[value] for place in places)
        seen += counts[value]
    both = sum(found)
    return both // 2 if both % 2 == 0 else both / 2


def _masked(found: dict[str, Any]) -> dict[str, Any]:
    for one in found["list"]:
        one["erased"] = one["customer"] is None
        one["customer"] = None if one["erased"] else mask_account(one["customer"])
    return found


def _named(one: dict[str, Any], agents: bool) -> dict[str, Any]:
    return one if agents else {**one, "agent": None}


def _rulings(store: Store, this: Span, last: Span) -> list[dict[str, Any]]:
    """Return the rulings that the decisions of these days cite, the most used first, with how many decisions cite each."""
    counts = {when: _cited(store, span) for when, span in (("", this), ("last_", last))}
    names = {*counts[""], *counts["last_"]}
    rows = [{"ruling": name, "decisions": counts[""][name], "last_decisions": counts["last_"][name]} for name in names]
    return sorted(rows, key=lambda row: (-row["decisions"], -row["last_decisions"], int(row["ruling"][1:])))


def _cited(store: Store, span: Span) -> Counter[str]:
    found: Counter[str] = Counter()
    for rulings, count in store.stream("SELECT rulings, count(*) FROM receipt WHERE day >= ? AND day < ? GROUP BY rulings", span.bounds):
        if rulings is not None:
            for name in rulings.split():
                found[name] += int(count)
            continue
        # An older program kept these: what they cite stands in the receipts themselves, unless those were erased.
        old = "SELECT body FROM receipt WHERE day >= ? AND day < ? AND rulings IS NULL AND body IS NOT NULL"
        for (body,) in store.stream(old, span.bounds):
            found.update(rulings_of(zlib.decompress(bytes(body)).decode()).split())
    return found


def _items(store: Store, span: Span, often: int) -> list[dict[str, Any]]:
    """Return the items that cases of one flow were opened about again and again."""
    rows = store.execute(
        "SELECT item, flow, count(*) FROM cases WHERE opened_at >= ? AND opened_at < ? AND item IS NOT NULL GROUP BY item, flow"
        " HAVING count(*) >= ? ORDER BY count(*) DESC, item, flow LIMIT ?",
        (*span.bounds, often, _ITEMS),
    ).fetchall()
    return [{"kind": "item", "item": item, "flow": flow, "cases": int(count)} for item, flow, count in rows]


__all__ = ["DAY", "FIGURES", "MONTH", "SCHEMA", "Sight", "desk_report", "median", "to_json"]
