"""The ledger: every promise and payment of money, within its limits, approved where the rules say so.

An entry is the one place of a cause on an order: ``promised``, ``asked``, ``approved``, ``paid``, ``rejected`` or
``withdrawn``. The store itself refuses a second live entry for the same cause and order; the sum is read and added to
while the order's account is held, so two commands at once cannot pass the cap together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.decide import Duty
from tmcs.core.money import format_money
from tmcs.core.payout import Payout
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import Resolution

if TYPE_CHECKING:
    from tmcs.cases.writer import Writer

REFUND: Final = "refund"
COMPENSATION: Final = "compensation"
_LIVE: Final = "('promised', 'asked', 'approved', 'paid')"
COLUMNS: Final = "id, case_id, reason, kind, form, amount, most, state, agent, approver, tier, at"


class Entry:
    """One entry of the ledger; amounts in fen."""

    __slots__ = ("agent", "amount", "approver", "at", "case_id", "form", "id", "kind", "most", "reason", "state", "tier")

    agent: str
    amount: int
    approver: str | None
    at: str
    case_id: int
    form: str
    id: int
    kind: str
    most: int
    reason: str
    state: str
    tier: str

    def __init__(self, row: Any) -> None:
        for name, value in zip(COLUMNS.split(", "), row, strict=True):
            setattr(self, name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON, amounts in CNY."""
        found: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS.split(", ")}
        return {**found, "id": str(self.id), "case_id": str(self.case_id), "amount": format_money(self.amount), "most": format_money(self.most)}


class Claim:
    """What a case may pay for a reason, and what stands in the way of the rest.

    Attributes:
        reason, kind, form, most: of the payout, ``most`` in fen.
        commit: what the acting tier may promise by itself, fen.
        left: what may still be promised or paid for it, fen; ``limits`` says by which limit, ``(zh, en)``.
        cites: the rules behind it.
    """

    __slots__ = ("cites", "commit", "form", "kind", "left", "limits", "most", "payout", "reason")

    def __init__(self, reason: str, kind: str, form: str, most: int, commit: int, cites: list[str], payout: Payout | None) -> None:
        self.reason = reason
        self.kind = kind
        self.form = form
        self.most = self.left = most
        self.commit = commit
        self.cites = cites
        self.payout = payout
        self.limits: list[tuple[str, str]] = []


def account_of(writer: Writer) -> str:
    """Return what sums are kept by: the order, or the case where there is none."""
    return writer.tid or f"case:{writer.id}"


def claims(result: Resolution, item: str | None) -> list[Claim]:
    """Return what a resolution lets a case pay: its payouts and its refund."""
    found = [Claim(p.reason, p.kind, p.form, p.max, p.commit, list(p.cites), p) for p in result.payouts]
    if result.route is not None and result.amount:
        form = "cash" if result.route == "abnormal" else "platform"  # by hand through the refund chain, or by the platform
        name = f"{REFUND}:{item}" if item and result.flow.concerns == "item" else REFUND
        found.append(Claim(name, REFUND, form, result.amount, result.amount, [], None))
    return found


def entries(store: Any, account: str) -> list[Entry]:
    """Return the live entries of an order, oldest first."""
    rows = store.execute(f"SELECT {COLUMNS} FROM ledger WHERE account = ? AND state IN {_LIVE} ORDER BY id", (account,))
    return [Entry(row) for row in rows.fetchall()]


def hold_account(writer: Writer, name: str) -> None:
    run = writer.store.execute
    run("INSERT INTO account (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,))
    run(f"SELECT name FROM account WHERE name = ?{writer.store.for_update}", (name,)).fetchone()


def limit(writer: Writer, snapshot: Snapshot, claim: Claim, paid: int | None, own: Entry | None = None) -> None:
    """Work out what is left of a claim; the order's account is held from here to the end of the transaction.

    One compensation an order, the highest that applies (ruling C06): what was promised or paid for other causes is
    taken off the highest of all of them. ``paid``: what was paid for the order, fen: refunds never pass it.
    """
    hold_account(writer, account_of(writer))
    others = [one for one in entries(writer.store, account_of(writer)) if own is None or one.id != own.id]
    if claim.kind == COMPENSATION:
        rivals = [one for one in others if one.kind == COMPENSATION]
        spent = sum(one.amount for one in rivals)
        top = max([claim.most, *(one.most for one in rivals)])
        cap = snapshot.cases.order_total
        if cap is not None and cap < top:
            top = cap
        if top - spent < claim.left:
            claim.left = max(top - spent, 0)
            where = ", ".join(f"{one.reason} {format_money(one.amount)} ({one.case_id})" for one in rivals)
            claim.limits.append((
                f"一单只赔一次、取最高 (C06)；已有: {where}" if rivals else f"每单上限 {format_money(top)}",
                f"one compensation an order, the highest (C06); already: {where}" if rivals else f"limit of an order {format_money(top)}",
            ))  # fmt: skip
        _limit_customer(writer, snapshot, claim, own)
    elif claim.kind == REFUND and paid is not None:
        spent = sum(one.amount for one in others if one.kind == REFUND)
        if paid - spent < claim.left:
            claim.left = max(paid - spent, 0)
            claim.limits.append((f"已退 {format_money(spent)}，不超过实付", f"{format_money(spent)} refunded; never more than was paid"))


def _limit_customer(writer: Writer, snapshot: Snapshot, claim: Claim, own: Entry | None) -> None:
    cap, customer = snapshot.cases.customer_day, writer.customer_id
    if cap is None or customer is None:
        return
    day = writer.at[:10]
    hold_account(writer, f"customer:{customer}:{day}")
    row = writer.store.execute(
        f"SELECT coalesce(sum(amount), 0) FROM ledger WHERE customer_id = ? AND day = ? AND kind = ? AND id <> ? AND state IN {_LIVE}",
        (customer, day, COMPENSATION, own.id if own else 0),
    ).fetchone()
    if cap - int(row[0]) < claim.left:
        claim.left = max(cap - int(row[0]), 0)
        claim.limits.append((
            f"该客户今日上限 {format_money(cap)}，已用 {format_money(int(row[0]))}",
            f"this customer's limit for the day is {format_money(cap)}, {format_money(int(row[0]))} is used",
        ))  # fmt: skip


def enter(writer: Writer, claim: Claim, amount: int, state: str) -> int:
    """Make an entry; the cause must have none on this order yet."""
    row = writer.store.execute(
        "INSERT INTO ledger (case_id, account, customer_id, reason, kind, form, amount, most, state, tier, agent, at, day)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            writer.id, account_of(writer), writer.customer_id, claim.reason, claim.kind, claim.form, amount, claim.most, state,
            writer.actor.tier, writer.actor.agent, writer.at, writer.at[:10],
        ),
    ).fetchone()  # fmt: skip
    return int(row[0])


def note_promise(writer: Writer, number: int, duty: Duty, result: Resolution) -> None:
    """Note that a script told the customer an amount or a day; an amount of a payout goes into the ledger.

    Where a limit leaves less than the script says, nothing is promised and the event says so: the agent is warned.
    """
    data: dict[str, Any] = {"name": duty.name, "due": duty.due and duty.due.isoformat()}
    if duty.amount is not None:
        data["amount"] = duty.amount
    if duty.reason is not None:
        claim = next(one for one in claims(result, result.item) if one.reason == duty.reason)
        hold_account(writer, account_of(writer))
        taken = next((one for one in entries(writer.store, account_of(writer)) if one.reason == duty.reason), None)
        if taken is None:
            limit(writer, result.snapshot, claim, None)
        if taken is not None or claim.left < (duty.amount or 0):
            writer.store.execute("UPDATE duty SET state = 'withdrawn' WHERE id = ?", (number,))
            writer.event("withdrawn", {**data, "because": "already-promised" if taken else "limit"})
            return
        entry = enter(writer, claim, duty.amount or 0, "promised")
        writer.store.execute("UPDATE duty SET entry_id = ? WHERE id = ?", (entry, number))
        data |= {"entry": entry, "reason": duty.reason, "form": claim.form, "most": claim.most}
    writer.event("promised", data)


def withdraw_promises(writer: Writer) -> None:
    """Give back what a case that is closed by force promised, asked for or was granted, and has not paid."""
    writer.store.execute(
        "UPDATE ledger SET state = 'withdrawn' WHERE case_id = ? AND state IN ('promised', 'asked', 'approved')", (writer.id,)
    )


class Answer:
    """What came of asking for money: ``paid``, ``promised`` or ``asked``.

    Attributes:
        entry: the entry as it is now.
        levels: the tiers that must still approve, lowest first.
        left: what remains for the cause after it, fen; ``limits`` which limits bear on it.
    """

    __slots__ = ("entry", "left", "levels", "limits")

    def __init__(self, entry: Entry, levels: list[str], left: int, limits: list[tuple[str, str]]) -> None:
        self.entry = entry
        self.levels = levels
        self.left = left
        self.limits = limits
