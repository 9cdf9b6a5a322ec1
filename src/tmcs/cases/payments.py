"""Paying and promising money: the amount a tier may promise by itself at once, the rest by approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.approvals import ask
from tmcs.cases.audit import canonical
from tmcs.cases.decide import CUSTOMER, decide
from tmcs.cases.desk import current, open_history, words
from tmcs.cases.history import History
from tmcs.cases.ledger import (
    COLUMNS,
    COMPENSATION,
    REFUND,
    Answer,
    Claim,
    Entry,
    account_of,
    claims,
    enter,
    entries,
    hold_account,
    limit,
)
from tmcs.core.errors import InputError, NotPermittedError
from tmcs.core.money import format_money, parse_money
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import Resolution
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.cases.writer import Writer

_OPEN: Final = "('open', 'held', 'taken')"


def pay(
    desk: Desk, case_id: int, reason: str | None, amount: int | None, *, why: str | None = None, promise: bool = False,
    based_on: int | None = None,
) -> Answer:  # fmt: skip
    """Pay (or promise) an amount for a cause, or ask for its approval where the acting tier may not.

    Args:
        desk: the desk as the acting agent uses it.
        reason: the payout reason; None: the only one there is.
        amount: fen; None: what was promised or approved, else what the tier may promise by itself.
        why: the reason, needed where an approval is asked for (C04: with a recorded reason).
        promise: only promise it.

    Raises:
        InputError: the case grants no such reason, the amount is none, or a reason must be given.
        NotPermittedError: the cause was paid before, or a limit leaves less; what is left is named.
    """
    with desk.hold(case_id, based_on) as writer:
        history = open_history(writer)
        result, _ = current(desk.store, history)
        own_words = None if why is None else words(why)
        claim, base = _claim(desk, writer, history, result, reason)
        hold_account(writer, account_of(writer))
        entry = next((one for one in entries(desk.store, account_of(writer)) if one.reason == claim.reason), None)
        if entry is not None:
            _check_entry(entry, case_id, claim)
        limit(writer, result.snapshot, claim, base, entry)
        wanted = _amount(claim, entry, amount)
        if wanted > claim.left:
            raise _over(claim, wanted)
        return _settle(writer, result.snapshot, claim, entry, wanted, own_words, promise)


def _claim(desk: Desk, writer: Writer, history: History, result: Resolution, reason: str | None) -> tuple[Claim, int | None]:
    """Return the claim of a reason under the acting tier, and what was paid for the order."""
    acting = result
    if history.tier != desk.actor.tier:
        acting = decide(result.flow, result.snapshot.policy, history.order, history.facts, history.sources, desk.actor.tier, result.now)
    found = claims(acting, writer.item)
    mine = [one for one in found if reason in (None, one.reason) or (reason == REFUND and one.kind == REFUND)]
    if reason is None and len(mine) > 1:
        names = ", ".join(one.reason for one in mine)
        raise InputError(f"请用 --reason 指明赔付原因: {names}", f"name the reason with --reason: {names}")
    if not mine:
        names = ", ".join(one.reason for one in found)
        raise InputError(
            f"案件 {writer.id} 没有可付的 {reason or '款项'}", f"case {writer.id} grants nothing to pay for {reason or 'any reason'}",
            hint=Text(f"可付: {names}", f"it grants: {names}") if names else None,
        )  # fmt: skip
    payment = (history.order or {}).get("payment")
    return mine[0], None if payment is None else parse_money(payment)


def _check_entry(entry: Entry, case_id: int, claim: Claim) -> None:
    if entry.state == "paid":
        raise NotPermittedError(
            f"{claim.reason} 已于 {entry.at[:10]} 付过 {format_money(entry.amount)} (案件 {entry.case_id})，同一原因不重复赔付",
            f"{claim.reason} was paid on {entry.at[:10]}: {format_money(entry.amount)} (case {entry.case_id}); "
            "the same cause is never paid twice",
        )
    if entry.case_id != case_id:
        raise NotPermittedError(
            f"{claim.reason} 已在案件 {entry.case_id} 中承诺或申请: {format_money(entry.amount)}",
            f"{claim.reason} is promised or asked for in case {entry.case_id}: {format_money(entry.amount)}",
            hint=Text(f"在案件 {entry.case_id} 中办理", f"settle it in case {entry.case_id}"),
        )
    if entry.state == "asked":
        raise NotPermittedError(
            f"{claim.reason} {format_money(entry.amount)} 正待审批", f"{claim.reason} {format_money(entry.amount)} awaits approval",
            hint=Text(f"tmcs case approve {case_id} 由有权的同事批准", f"a colleague who may approves it: tmcs case approve {case_id}"),
        )  # fmt: skip


def _amount(claim: Claim, entry: Entry | None, amount: int | None) -> int:
    if amount is None:
        amount = entry.amount if entry is not None else (claim.commit if claim.kind == COMPENSATION else claim.most)
    if amount <= 0:
        raise InputError(
            f"请用 --amount 指明金额 (最多 {format_money(claim.left)})", f"give --amount (at most {format_money(claim.left)})"
        )
    if entry is not None and amount < entry.amount:
        said = format_money(entry.amount)
        raise InputError(f"已承诺或批准 {said}，不能少付", f"{said} was promised or approved; less cannot be paid")
    return amount


def _over(claim: Claim, wanted: int) -> NotPermittedError:
    zh = "；".join(one for one, _ in claim.limits) or f"上限 {format_money(claim.most)}"
    en = "; ".join(one for _, one in claim.limits) or f"the most is {format_money(claim.most)}"
    return NotPermittedError(
        f"{claim.reason} 不能付 {format_money(wanted)}，还可付 {format_money(claim.left)} ({zh})",
        f"{format_money(wanted)} cannot be paid for {claim.reason}: {format_money(claim.left)} is left ({en})",
    )


def levels_for(snapshot: Snapshot, claim: Claim, amount: int, tier: str) -> tuple[list[str], list[str]]:
    """Return the tiers that must approve an amount, lowest first, and the rules that say so."""
    above = amount > claim.commit
    levels, cites = snapshot.cases.levels(claim.reason, claim.form, above)
    if levels or not above:
        return levels, cites
    return [_lowest(snapshot, claim, amount, tier)], claim.cites


def _lowest(snapshot: Snapshot, claim: Claim, amount: int, tier: str) -> str:
    payout = claim.payout
    if payout is None:
        return snapshot.tiers[-1]
    reason = snapshot.payout(payout.reason)
    for other in snapshot.tiers[snapshot.tier_index(tier) + 1 :]:
        if reason.most(other, payout.base)[1] >= amount:
            return other
    return payout.approval or snapshot.tiers[-1]


def _settle(
    writer: Writer, snapshot: Snapshot, claim: Claim, entry: Entry | None, amount: int, why: str | None, promise: bool
) -> Answer:
    run = writer.store.execute
    granted = entry is not None and entry.state == "approved" and amount == entry.amount
    levels, cites = ([], []) if granted else levels_for(snapshot, claim, amount, writer.actor.tier)
    if levels and why is None:
        needed = levels[0]
        raise InputError(
            f"{format_money(amount)} 需要 {needed} 批准，请用 --why 写明理由",
            f"{format_money(amount)} needs the approval of {needed}: give the reason with --why",
        )
    was = entry.amount if entry is not None and entry.state == "promised" else None
    state = "asked" if levels else ("approved" if granted else "promised") if promise else "paid"
    if entry is None:
        number = enter(writer, claim, amount, state)
    else:
        number = entry.id
        run(
            "UPDATE ledger SET amount = ?, form = ?, most = ?, state = ?, tier = ?, agent = ?, at = ?, day = ? WHERE id = ?",
            (amount, claim.form, claim.most, state, writer.actor.tier, writer.actor.agent, writer.at, writer.at[:10], number),
        )  # fmt: skip
    kind = {"asked": "asked", "promised": "promised", "approved": "promised", "paid": "paid"}[state]
    data: dict[str, Any] = {"entry": number, "reason": claim.reason, "form": claim.form, "amount": amount, "most": claim.most}
    if levels:
        data |= {"levels": levels, "cites": cites}
    if state != "paid":
        data["name"] = f"payout:{claim.reason}"
    writer.event(kind, data, {"why": why})
    if levels:
        ask(writer, number, claim.reason, amount, levels, was)
    elif state == "paid":
        run(f"UPDATE duty SET state = 'done', agent = ?, at = ? WHERE entry_id = ? AND state IN {_OPEN}", (writer.actor.agent, writer.at, number))
    elif entry is None:
        _promise_duty(writer, number, claim, amount)
    row = run(f"SELECT {COLUMNS} FROM ledger WHERE id = ?", (number,)).fetchone()
    return Answer(Entry(row), levels, claim.left - amount, claim.limits)


def _promise_duty(writer: Writer, entry: int, claim: Claim, amount: int) -> None:
    text = [f"赔付 {format_money(amount)} 元", f"compensation of {format_money(amount)} CNY"]
    writer.store.execute(
        "INSERT INTO duty (case_id, n, kind, name, party, text, state, entry_id, at) VALUES (?, ?, 'promise', ?, ?, ?, 'open', ?, ?)",
        (writer.id, writer.version, f"payout:{claim.reason}", CUSTOMER, canonical(text), entry, writer.at),
    )
