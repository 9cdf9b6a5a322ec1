"""The ledger: every promise and payment of money, within its limits, approved where the rules say so.

An entry is the one place of a cause on an order: ``promised``, ``asked``, ``approved``, ``paid``, ``rejected`` or
``withdrawn``. The store itself refuses a second live entry for the same cause and order; the sum is read and added to
while the order's account is held, so two commands at once cannot pass the cap together. Every event about an entry carries
the whole of it: the ledger is what the events add up to (:func:`folded`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.audit import canonical
from tmcs.cases.claims import COMPENSATION, REFUND, Claim
from tmcs.cases.decide import CUSTOMER, Duty
from tmcs.cases.history import Event
from tmcs.core.errors import NotPermittedError
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.text import Text
from tmcs.store.base import Store

if TYPE_CHECKING:
    from tmcs.cases.writer import Writer

_LIVE: Final = "('promised', 'asked', 'approved', 'paid')"
_OPEN: Final = "('open', 'held', 'taken')"
COLUMNS: Final = "id, case_id, reason, kind, form, amount, most, state, agent, approver, tier, at, day"
#: What an event says of an entry.
KEPT: Final = ("reason", "kind", "form", "amount", "most", "state", "agent", "approver", "tier", "at", "day")


class Entry:
    """One entry of the ledger; amounts in fen. ``agent`` and ``tier`` are whose authority it rests on: who promised or asked."""

    __slots__ = ("agent", "amount", "approver", "at", "case_id", "day", "form", "id", "kind", "most", "reason", "state", "tier")

    agent: str
    amount: int
    approver: str | None
    at: str
    case_id: int
    day: str
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

    @property
    def approvers(self) -> list[str]:
        """Who approved it, in turn."""
        return self.approver.split("\n") if self.approver else []

    @property
    def granted(self) -> bool:
        """Whether its amount stands and is still to be paid."""
        return self.state in ("promised", "approved")

    def kept(self) -> dict[str, Any]:
        """Return what an event says of it."""
        return {name: getattr(self, name) for name in KEPT}

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON, amounts in CNY."""
        return {
            **self.kept(), "id": str(self.id), "case_id": str(self.case_id), "approver": self.approvers,
            "amount": format_money(self.amount), "most": format_money(self.most),
        }  # fmt: skip


def folded(events: Iterable[Event]) -> dict[int, dict[str, Any]]:
    """Return the entries that the events of a case add up to, by number, each as its row stands."""
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        entry = event.data.get("entry")
        if isinstance(entry, int):
            found[entry] = {name: event.data.get(name) for name in KEPT}
        for number in event.data.get("entries", ()):
            found[number] = {**found[number], "state": "withdrawn"}
    return found


def account_of(tid: str | None, case_id: int) -> str:
    """Return what sums are kept by: the order, or the case where there is none."""
    return tid or f"case:{case_id}"


def entries(store: Store, account: str, *, live: bool = True) -> list[Entry]:
    """Return the entries of an order, oldest first; ``live``: without those rejected or withdrawn."""
    more = f" AND state IN {_LIVE}" if live else ""
    return [Entry(row) for row in store.execute(f"SELECT {COLUMNS} FROM ledger WHERE account = ?{more} ORDER BY id", (account,)).fetchall()]


def entry_of(store: Store, number: int) -> Entry:
    """Return an entry by its number."""
    return Entry(store.execute(f"SELECT {COLUMNS} FROM ledger WHERE id = ?", (number,)).fetchone())


def hold_account(writer: Writer, name: str | None = None) -> None:
    """Hold an account (default the order's) to the end of the transaction: nobody else reads and adds to its sum."""
    name = account_of(writer.tid, writer.id) if name is None else name
    run = writer.store.execute
    run("INSERT INTO account (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,))
    run(f"SELECT name FROM account WHERE name = ?{writer.store.for_update}", (name,)).fetchone()


def limit(writer: Writer, snapshot: Snapshot, claim: Claim, paid: int | None, own: Entry | None = None) -> None:
    """Work out what is left of a claim; the accounts are held from here to the end of the transaction."""
    hold_account(writer)
    if claim.kind == COMPENSATION and snapshot.cases.customer_day is not None and writer.customer_id is not None:
        hold_account(writer, f"customer:{writer.customer_id}:{writer.at[:10]}")
    account = account_of(writer.tid, writer.id)
    bound(writer.store, snapshot, claim, account, writer.customer_id, writer.at[:10], paid, own)


def bound(
    store: Store, snapshot: Snapshot, claim: Claim, account: str, customer: int | None, day: str, paid: int | None,
    own: Entry | None = None,
) -> None:  # fmt: skip
    """Work out what is left of a claim, and by which limits, as the ledger stands.

    One compensation an order, the highest that applies (ruling C06): what was promised or paid for other causes is
    taken off the highest of all of them.

    Args:
        account, customer: whose the limits are; ``day`` today.
        paid: what was paid for the order, fen: refunds never pass it; None where it is unknown.
        own: the claim's own entry, which is not counted against it.
    """
    others = [one for one in entries(store, account) if own is None or one.id != own.id]
    if claim.kind == COMPENSATION:
        _bound_order(snapshot, claim, [one for one in others if one.kind == COMPENSATION])
        _bound_customer(store, snapshot, claim, customer, day, own)
    elif claim.kind == REFUND and paid is not None:
        spent = sum(one.amount for one in others if one.kind == REFUND)
        if paid - spent < claim.left:
            claim.left = max(paid - spent, 0)
            said, top = format_money(spent), format_money(paid)
            claim.limits.append((f"已退或已答应退 {said}，不超过实付 {top}", f"{said} refunded or promised; never more than the {top} paid"))


def _bound_order(snapshot: Snapshot, claim: Claim, rivals: list[Entry]) -> None:
    spent = sum(one.amount for one in rivals)
    top = max([claim.most, *(one.most for one in rivals)])
    where = ", ".join(f"{one.reason} {format_money(one.amount)} (#{one.case_id})" for one in rivals)
    if top - spent < claim.left:
        claim.left = max(top - spent, 0)
        claim.limits.append((
            f"一单只赔一次、取最高 {format_money(top)} (C06)；已有: {where}",
            f"one compensation an order, the highest: {format_money(top)} (C06); already: {where}",
        ))  # fmt: skip
    cap = snapshot.cases.order_total
    if cap is not None and cap - spent < claim.left:
        claim.left = max(cap - spent, 0)
        said = format_money(spent)
        claim.limits.append((
            f"每单上限 {format_money(cap)}，已用 {said}", f"the limit of an order is {format_money(cap)}, {said} is used"
        ))


def _bound_customer(store: Store, snapshot: Snapshot, claim: Claim, customer: int | None, day: str, own: Entry | None) -> None:
    cap = snapshot.cases.customer_day
    if cap is None or customer is None:
        return
    row = store.execute(
        f"SELECT coalesce(sum(amount), 0) FROM ledger WHERE customer_id = ? AND day = ? AND kind = ? AND id <> ? AND state IN {_LIVE}",
        (customer, day, COMPENSATION, own.id if own else 0),
    ).fetchone()
    if cap - int(row[0]) < claim.left:
        claim.left = max(cap - int(row[0]), 0)
        claim.limits.append((
            f"该客户今日上限 {format_money(cap)}，已用 {format_money(int(row[0]))}",
            f"this customer's limit for the day is {format_money(cap)}, {format_money(int(row[0]))} is used",
        ))  # fmt: skip


def enter(writer: Writer, claim: Claim, amount: int, state: str, tier: str | None = None) -> Entry:
    """Make an entry for a cause that has none on this order yet.

    Args:
        tier: whose authority it rests on; None: the acting agent's.

    Raises:
        NotPermittedError: it has one after all, made by somebody else at this moment.
    """
    row = writer.store.execute(
        "INSERT INTO ledger (case_id, account, customer_id, reason, kind, form, amount, most, state, tier, agent, at, day)"
        f" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING {COLUMNS}",
        (
            writer.id, account_of(writer.tid, writer.id), writer.customer_id, claim.reason, claim.kind, claim.form, amount,
            claim.most, state, tier or writer.actor.tier, writer.actor.agent, writer.at, writer.at[:10],
        ),
    ).fetchone()  # fmt: skip
    if row is None:
        raise taken_error(next(one for one in entries(writer.store, account_of(writer.tid, writer.id)) if one.reason == claim.reason))
    return Entry(row)


def change(writer: Writer, entry: Entry, **values: Any) -> Entry:
    """Change an entry's columns and return it as it is now."""
    names = ", ".join(f"{name} = ?" for name in values)
    writer.store.execute(f"UPDATE ledger SET {names} WHERE id = ?", (*values.values(), entry.id))
    return entry_of(writer.store, entry.id)


def taken_error(entry: Entry) -> NotPermittedError:
    """Return the refusal of a cause that has its entry on this order already."""
    said, where = format_money(entry.amount), entry.case_id
    if entry.state == "paid":
        return NotPermittedError(
            f"{entry.reason} 已于 {entry.at[:10]} 付过 {said} (案件 {where})，同一原因不重复赔付",
            f"{entry.reason} was paid on {entry.at[:10]}: {said} (case {where}); the same cause is never paid twice",
            hint=Text("任何层级都不能再付；另有原因请用 --reason", "no tier may pay it again; name another cause with --reason"),
        )
    return NotPermittedError(
        f"{entry.reason} 已在案件 {where} 中承诺或申请: {said}", f"{entry.reason} is promised or asked for in case {where}: {said}",
        hint=Text(f"在案件 {where} 中办理: tmcs case pay {where}", f"settle it in case {where}: tmcs case pay {where}"),
    )


def note_told(
    writer: Writer, snapshot: Snapshot, duty: Duty, claim: Claim, paid: int | None, tier: str, *, never_less: bool = False
) -> None:
    """Enter an amount that a script told the customer as promised, on the authority of the tier that was decided for.

    Where another case has the cause, or a limit or the tier's authority leaves less than the script says, nothing is
    promised and the event says so.
    A promise grows with what is told later; of a refund the amount told last holds, unless ``never_less``.
    """
    hold_account(writer)
    entry = next((one for one in entries(writer.store, account_of(writer.tid, writer.id)) if one.reason == claim.reason), None)
    if entry is not None and entry.case_id != writer.id:
        _not_promised(writer, duty, "already-promised")
        return
    if entry is not None and (
        entry.state != "promised" or entry.amount == duty.amount or (entry.amount > duty.amount and (never_less or entry.kind != REFUND))
    ):
        return
    limit(writer, snapshot, claim, paid, entry)
    beyond = claim.kind == COMPENSATION and claim.commit < duty.amount
    if claim.left < duty.amount or beyond:
        _not_promised(writer, duty, "authority" if beyond else "limit")
        return
    if entry is None:
        entry = enter(writer, claim, duty.amount, "promised", tier)
    else:
        entry = change(
            writer, entry, amount=duty.amount, form=claim.form, most=claim.most, agent=writer.actor.agent, tier=tier,
            at=writer.at, day=writer.at[:10],
        )  # fmt: skip
    promise_duty(writer, entry, duty)
    writer.event("promised", {"entry": entry.id, **entry.kept(), "name": duty.name, "due": duty.due and duty.due.isoformat()})


def _not_promised(writer: Writer, duty: Duty, because: str) -> None:
    """Note, once, that what a script says was not promised."""
    said = writer.store.execute(
        "SELECT 1 FROM duty WHERE case_id = ? AND kind = 'promise' AND name = ? AND state = 'withdrawn'", (writer.id, duty.name)
    ).fetchone()
    if said is None:
        _insert(writer, duty, "withdrawn", None)
        writer.event("withdrawn", {"name": duty.name, "amount": duty.amount, "because": because})


def promise_duty(writer: Writer, entry: Entry, duty: Duty) -> None:
    """Make sure that the promise of an entry stands open, with the amount that was promised last."""
    row = writer.store.execute(f"SELECT id, text, due FROM duty WHERE entry_id = ? AND kind = 'promise' AND state IN {_OPEN}", (entry.id,)).fetchone()
    if row is None:
        _insert(writer, duty, "open", entry.id)
    elif row[1] != canonical(duty.text):
        due = row[2] or (duty.due and duty.due.isoformat())
        writer.store.execute("UPDATE duty SET text = ?, due = ?, unit = ? WHERE id = ?", (canonical(duty.text), due, duty.unit, row[0]))


def _insert(writer: Writer, duty: Duty, state: str, entry: int | None) -> None:
    writer.store.execute(
        "INSERT INTO duty (case_id, n, kind, name, party, text, due, unit, state, entry_id, at)"
        " VALUES (?, ?, 'promise', ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            writer.id, writer.version, duty.name, CUSTOMER, canonical(duty.text), duty.due and duty.due.isoformat(), duty.unit, state,
            entry, writer.at,
        ),
    )  # fmt: skip


def keep_promises(writer: Writer, entry: Entry) -> list[int]:
    """Mark the promises that a payment keeps as done, and return them: its own, and the day on which the money was promised.

    The day is kept when nothing else of that kind is still to be paid.
    """
    run = writer.store.execute
    numbers = [row[0] for row in run(f"SELECT id FROM duty WHERE entry_id = ? AND state IN {_OPEN}", (entry.id,)).fetchall()]
    left = [one for one in entries(writer.store, account_of(writer.tid, writer.id)) if one.case_id == writer.id and one.state != "paid"]
    if not any((one.form == "coupon") == (entry.form == "coupon") for one in left):
        day = "coupon" if entry.form == "coupon" else REFUND
        rows = run(f"SELECT id, name FROM duty WHERE case_id = ? AND kind = 'promise' AND entry_id IS NULL AND state IN {_OPEN}", (writer.id,))
        numbers += [number for number, name in rows.fetchall() if name.endswith(f":{day}")]
    for number in numbers:
        run("UPDATE duty SET state = 'done', agent = ?, at = ? WHERE id = ?", (writer.actor.agent, writer.at, number))
    return numbers


def withdraw_promises(writer: Writer) -> list[int]:
    """Give back what a case that is closed by force promised, asked for or was granted, and has not paid; return the entries."""
    rows = writer.store.execute(
        "UPDATE ledger SET state = 'withdrawn' WHERE case_id = ? AND state IN ('promised', 'asked', 'approved') RETURNING id", (writer.id,)
    ).fetchall()
    return sorted(row[0] for row in rows)


class Answer:
    """What came of asking for money: ``paid``, ``promised`` or ``asked``.

    Attributes:
        entry: the entry as it is now.
        levels: the tiers that must still approve, lowest first; ``cites`` the rules that say so.
        left: what remains for the cause after it, fen; ``limits`` which limits bear on it.
    """

    __slots__ = ("cites", "entry", "left", "levels", "limits")

    def __init__(self, entry: Entry, levels: list[str], left: int, limits: list[tuple[str, str]], cites: list[str]) -> None:
        self.entry = entry
        self.levels = levels
        self.left = left
        self.limits = limits
        self.cites = cites
