"""Money of some days: promised and paid by cause, flow and tier, exact in fen, against the days before; who claimed often.

``granted`` is what was promised, approved or paid at once, by the day on which that was (an approved sum: the day it was
asked for); ``paid`` what was paid, by the day of the payment. Both as the ledger stands: what was rejected or withdrawn since
is in neither. A refund gives the customer's own money back, so it stands apart from the payouts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from tmcs.cases.claims import REFUND
from tmcs.cases.report_period import Span
from tmcs.store.base import Store

#: The most claimants and agents that a report lists.
LISTED: Final = 20
#: An agent stands out from here on: so many times the median of the others, with so many entries, among so many agents.
FAR_ABOVE: Final = 3
_ENTRIES: Final = 3
_AGENTS: Final = 3

_GRANTED: Final = "('promised', 'approved', 'paid')"
#: Goods refunded one by one (``refund:SKU``) are one cause.
_REASON: Final = "CASE WHEN substr(l.reason, 1, 7) = 'refund:' THEN 'refund' ELSE l.reason END"
_GROUPS: Final = f"{_REASON}, l.kind, c.flow, l.tier"
#: What is counted of a group; ``last_…`` for the days before.
FIGURES: Final = ("granted_count", "granted", "paid_count", "paid")

Figures = dict[str, Any]


class Money:
    """Sums by cause, flow, tier, kind and day; each a dict of :data:`FIGURES` and the same with ``last_`` before it."""

    def __init__(self, this: Span, last: Span) -> None:
        self._this = this
        self._last = last
        self.by_reason: dict[tuple[str, str], Figures] = {}
        self.by_flow: dict[str, Figures] = {}
        self.by_tier: dict[str, Figures] = {}
        self.totals: dict[str, Figures] = {"payouts": _none(), "refunds": _none()}
        self.by_day = [
            {"day": one.isoformat(), "last_day": other.isoformat(), **_none()} for one, other in zip(this.each(), last.each(), strict=True)
        ]
        self._places = {row["day"]: ("", row) for row in self.by_day} | {row["last_day"]: ("last_", row) for row in self.by_day}

    def add(self, what: str, day: str, reason: str, kind: str, flow: str, tier: str, count: int, amount: int) -> None:
        """Count some entries of a day that is of the one span or the other; ``what``: granted or paid."""
        place = self._places.get(day)
        if place is None:
            return
        when, row = place
        refund = kind == REFUND
        groups = [self.by_reason.setdefault((reason, kind), _none()), self.totals["refunds" if refund else "payouts"]]
        if not refund:
            groups += [row, self.by_flow.setdefault(flow, _none()), self.by_tier.setdefault(tier, _none())]
        for one in groups:
            one[f"{when}{what}_count"] += count
            one[f"{when}{what}"] += amount


def _none() -> Figures:
    return {f"{when}{name}": 0 for when in ("", "last_") for name in FIGURES}


def spend(store: Store, this: Span, last: Span) -> Money:
    """Return what was promised and paid in two spans; a row a day and group is read, whatever the ledger holds."""
    found = Money(this, last)
    for what, day, states in (("granted", "l.day", _GRANTED), ("paid", "substr(l.at, 1, 10)", "('paid')")):
        column = "l.day" if what == "granted" else "l.at"
        state = f"l.state IN {states}" if what == "granted" else "l.state = 'paid'"  # as its partial index says it
        for span in (this, last):
            rows = store.stream(
                f"SELECT {day}, {_GROUPS}, count(*), sum(l.amount) FROM ledger l JOIN cases c ON c.id = l.case_id"
                f" WHERE {state} AND {column} >= ? AND {column} < ? GROUP BY {day}, {_GROUPS}",
                span.bounds,
            )
            for on, reason, kind, flow, tier, count, amount in rows:
                found.add(what, on, reason, kind, flow, tier, int(count), int(amount))
    return found


def asked(store: Store, this: Span) -> dict[str, int]:
    """Return what was asked for in a span and still awaits approval."""
    sql = "SELECT count(*), coalesce(sum(amount), 0) FROM ledger WHERE state = 'asked' AND day >= ? AND day < ?"
    count, amount = store.execute(sql, this.bounds).fetchone()
    return {"count": int(count), "amount": int(amount)}


def judged(store: Store, span: Span) -> dict[str, dict[str, int]]:
    """Return the approvals that were granted (by the last who had to) and refused (or taken back) in a span, and their sums."""
    found = {"granted": {"count": 0, "amount": 0}, "refused": {"count": 0, "amount": 0}}
    for kind, outcome in (("approved", "granted"), ("rejected", "refused")):
        for (text,) in store.stream("SELECT data FROM event WHERE kind = ? AND at >= ? AND at < ?" + _JUDGED, (kind, *span.bounds)):
            data = json.loads(text)
            if not data.get("left"):
                found[outcome]["count"] += 1
                found[outcome]["amount"] += int(data.get("asked") or 0)
    return found


#: Said for the partial index of these events.
_JUDGED: Final = " AND kind IN ('approved', 'rejected', 'closed', 'reopened')"


def claimants(store: Store, span: Span) -> dict[str, Any]:
    """Return the customers with several compensated cases in a span: how many, and those with the most; nicks as they are kept."""
    rows = store.execute(
        "SELECT g.customer_id, u.nick, g.cases, g.amount, g.many FROM"
        " (SELECT customer_id, count(DISTINCT case_id) AS cases, sum(amount) AS amount, count(*) OVER () AS many FROM ledger"
        f"  WHERE day >= ? AND day < ? AND kind <> 'refund' AND state IN {_GRANTED} AND customer_id IS NOT NULL"
        "  GROUP BY customer_id HAVING count(DISTINCT case_id) > 1 ORDER BY cases DESC, amount DESC, customer_id LIMIT ?) g"
        " LEFT JOIN customer u ON u.id = g.customer_id ORDER BY g.cases DESC, g.amount DESC, g.customer_id",
        (*span.bounds, LISTED),
    ).fetchall()
    listed = [{"customer": nick, "cases": int(cases), "amount": int(amount)} for _, nick, cases, amount, _ in rows]
    return {"count": int(rows[0][4]) if rows else 0, "list": listed}


def far_above(store: Store, span: Span) -> list[dict[str, Any]]:
    """Return the agents who promised far more in payouts than the others did: more than three times the median of the others."""
    rows = store.execute(
        "SELECT agent, count(*), sum(amount) FROM ledger"
        f" WHERE day >= ? AND day < ? AND kind <> 'refund' AND state IN {_GRANTED} GROUP BY agent ORDER BY sum(amount) DESC, agent",
        span.bounds,
    ).fetchall()
    sums = [int(amount) for _, _, amount in rows]
    found: list[dict[str, Any]] = []
    if len(rows) < _AGENTS:
        return found
    for n, (agent, count, amount) in enumerate(rows[:LISTED]):
        others = _median([*sums[:n], *sums[n + 1 :]])
        if int(count) >= _ENTRIES and int(amount) > FAR_ABOVE * others:
            found.append({"kind": "agent", "agent": agent, "entries": int(count), "amount": int(amount), "others": others})
    return found


def _median(descending: Iterable[int]) -> int:
    """Return the median, of an even number the mean of both in the middle, in whole fen rounded up."""
    values = list(descending)
    half = len(values) // 2
    return values[half] if len(values) % 2 else -(-(values[half - 1] + values[half]) // 2)
