"""How an order's money stands: every entry, and what a case may still pay, by which limit. Read only."""

from __future__ import annotations

from typing import Any

from tmcs.cases.claims import Claim, case_claims, paid_for, resolved
from tmcs.cases.history import History, fold
from tmcs.cases.ledger import Entry, account_of, bound, entries
from tmcs.cases.writer import no_case, read_events
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import Resolution
from tmcs.store.base import Store


class Standing:
    """How the money of a case, and of its order, stands.

    Attributes:
        case_id, tid, version, history: of the case.
        result: its resolution, as of its last decision.
        snapshot: the policy it is pinned to, of that day.
        entries: every entry of the order, of other cases too, oldest first.
        claims: what the case may pay, by cause; ``left`` of each is what remains besides its own entry.
        not_promised: what scripts tell and a limit or another case forbids: cause, amount (fen), why.
    """

    __slots__ = ("case_id", "claims", "entries", "history", "not_promised", "result", "snapshot", "tid", "version")

    def __init__(self, store: Store, case_id: int, tier: str, day: str) -> None:
        """Read it.

        Args:
            tier: whose authority is told.
            day: today, ISO 8601.

        Raises:
            NotFoundError: there is no such case.
        """
        row = store.execute("SELECT tid, customer_id, version FROM cases WHERE id = ?", (case_id,)).fetchone()
        if row is None:
            raise no_case(case_id)
        self.case_id = case_id
        self.tid: str | None = row[0]
        self.version = int(row[2])
        events = read_events(store, case_id)
        self.history: History = fold(events)
        self.result: Resolution = resolved(store, self.history)
        self.snapshot: Snapshot = self.result.snapshot
        account = account_of(self.tid, case_id)
        self.entries = entries(store, account, live=False)
        self.claims = case_claims(store, self.history.earlier, self.result, tier)
        for claim in self.claims.values():
            own = self.own(claim)
            bound(store, self.snapshot, claim, account, row[1], day, paid_for(self.history.order), own)
            _besides_own(claim, own, case_id)
        mine = {one.reason for one in self.entries if one.case_id == case_id}
        self.not_promised = [
            (reason, int(event.data["amount"]), str(event.data["because"]))
            for event in events
            if event.kind == "withdrawn" and "because" in event.data
            if (reason := event.data["name"].removeprefix("payout:")) not in mine
        ]

    def own(self, claim: Claim) -> Entry | None:
        """Return the live entry of a claim's cause on the order, whichever case has it."""
        live = (one for one in self.entries if one.state not in ("rejected", "withdrawn"))
        return next((one for one in live if one.reason == claim.reason), None)

    @property
    def others(self) -> list[Entry]:
        """The live entries that other cases have on the same order."""
        return [one for one in self.entries if one.case_id != self.case_id and one.state not in ("rejected", "withdrawn")]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"entries": [one.to_dict() for one in self.entries], "left": left_dict(self.claims), "limits": limits_dict(self.snapshot)}


def _besides_own(claim: Claim, own: Entry | None, case_id: int) -> None:
    if own is None:
        return
    if own.state == "paid" and own.case_id == case_id:
        claim.left, claim.limits = 0, [("本案已付", "paid in this case")]
    elif own.state == "paid" or own.case_id != case_id:
        claim.left = 0
        claim.limits = [(f"同一原因只赔一次: 案件 {own.case_id}", f"the same cause is paid once: case {own.case_id}")]
    else:
        claim.left = max(claim.left - own.amount, 0)


def left_dict(claims: dict[str, Claim]) -> list[dict[str, Any]]:
    """Return what remains of each claim as JSON."""
    return [
        {
            "reason": one.reason, "kind": one.kind, "form": one.form, "most": format_money(one.most), "commit": format_money(one.commit),
            "left": format_money(one.left), "by": [{"zh": zh, "en": en} for zh, en in one.limits],
        }
        for one in claims.values()
    ]  # fmt: skip


def limits_dict(snapshot: Snapshot) -> dict[str, str | None]:
    """Return the desk's own limits as JSON; null where none is set."""
    cases = snapshot.cases
    return {
        name: None if value is None else format_money(value)
        for name, value in (("customer_day", cases.customer_day), ("order_total", cases.order_total))
    }


def cases_of(store: Store, tid: str, limit: int = 50) -> list[int]:
    """Return the numbers of the cases of an order, newest first, at most ``limit``."""
    rows = store.execute("SELECT id FROM cases WHERE tid = ? ORDER BY id DESC LIMIT ?", (tid, limit)).fetchall()
    return [int(row[0]) for row in rows]


def open_cases(store: Store, tid: str | None, besides: int = 0, limit: int = 5) -> list[tuple[int, str, str | None]]:
    """Return the open cases of an order, newest first: number, flow and since when.

    Args:
        besides: a case that is left out.
        limit: at most so many.
    """
    if tid is None:
        return []
    rows = store.execute(
        "SELECT id, flow, opened_at FROM cases WHERE tid = ? AND closed_at IS NULL AND id <> ? ORDER BY id DESC LIMIT ?",
        (tid, besides, limit),
    ).fetchall()
    return [(int(row[0]), row[1], row[2][:10]) for row in rows]
