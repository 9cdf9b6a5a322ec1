"""Paying and promising money: the amount a tier may promise by itself at once, the rest by approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.approvals import ask
from tmcs.cases.claims import COMPENSATION, REFUND, Claim, case_claims, paid_for, resolved
from tmcs.cases.desk import open_history
from tmcs.cases.ledger import (
    Answer,
    Entry,
    account_of,
    change,
    enter,
    entries,
    hold_account,
    keep_promises,
    limit,
    promise_duty,
    taken_error,
)
from tmcs.cases.seat import words
from tmcs.cases.told import promise_of
from tmcs.core.errors import InputError, NotPermittedError
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.cases.writer import Writer

_KINDS: Final = {"asked": "asked", "promised": "promised", "approved": "promised", "paid": "paid"}


def pay(
    desk: Desk, case_id: int, reason: str | None, amount: int | None, *, why: str | None = None, promise: bool = False,
    based_on: int | None = None,
) -> Answer:  # fmt: skip
    """Pay (or promise) an amount for a cause, or ask for its approval where the acting tier may not.

    Args:
        desk: the desk as the acting agent uses it.
        reason: the cause; None: the only one that is promised, else the only one there is.
        amount: fen; None: what was promised or approved, else what the tier may promise by itself.
        why: the reason, needed where an approval is asked for (C04: with a recorded reason).
        promise: only promise it.
        based_on: the version that the agent saw.

    Raises:
        InputError: the case grants no such reason, the amount is none, or a reason must be given.
        NotPermittedError: the cause was paid before, or a limit leaves less; what is left is named.
        ConflictError, NotFoundError, StorageError, TryAgainError: as :class:`tmcs.cases.writer.Hold`.
    """
    with desk.hold(case_id, based_on) as writer:
        history = open_history(writer)
        tier = desk.actor.tier
        result = resolved(desk.store, history, tier)
        own_words = None if why is None else words(why)
        hold_account(writer)
        live = entries(desk.store, account_of(writer.tid, writer.id))
        claim, entry = _choose(case_id, case_claims(desk.store, history.earlier, result, tier), live, reason)
        if entry is not None:
            _check_entry(entry, case_id)
        wanted = _amount(claim, entry, amount)
        granted = entry is not None and entry.granted and wanted == entry.amount
        if not granted:  # what stands in the ledger as granted was within its limits, and is counted in all others
            limit(writer, result.snapshot, claim, paid_for(history.order), entry)
            if wanted > claim.left:
                raise _over(claim, wanted)
        return _settle(writer, result.snapshot, claim, entry, wanted, own_words, promise)


def _choose(case_id: int, claims: dict[str, Claim], live: list[Entry], reason: str | None) -> tuple[Claim, Entry | None]:
    """Return the claim that is meant and its entry on the order; what was promised stays payable whatever is decided later."""
    mine = [one for one in live if one.case_id == case_id]
    found = dict(claims)
    for one in mine:
        if one.reason not in found:
            found[one.reason] = Claim(one.reason, one.kind, one.form, one.amount, one.amount, [], goods=one.kind == REFUND)
    names = [reason] if reason is not None else [one.reason for one in mine if one.granted]
    if reason is None and not names:
        paid = [one.reason for one in mine if one.state == "paid"]
        names = [name for name in found if name not in paid] or list(found)
    elif reason == REFUND and REFUND not in found:  # the only refund there is, by its short name
        names = [name for name, one in found.items() if one.goods] or [REFUND]
    if len(names) > 1:
        listed = ", ".join(names)
        raise InputError(f"请用 --reason 指明赔付原因: {listed}", f"name the reason with --reason: {listed}")
    if not names or names[0] not in found:
        listed = ", ".join(found)
        what = reason or "any reason"
        raise InputError(
            f"案件 {case_id} 没有可付的{f' {reason}' if reason else '款项'}", f"case {case_id} grants nothing to pay for {what}",
            hint=Text(f"可付: {listed}", f"it grants: {listed}") if listed else None,
        )  # fmt: skip
    return found[names[0]], next((one for one in live if one.reason == names[0]), None)


def _check_entry(entry: Entry, case_id: int) -> None:
    if entry.state == "paid" or entry.case_id != case_id:
        raise taken_error(entry)
    if entry.state == "asked":
        said = format_money(entry.amount)
        command = f"tmcs case approve {case_id} --entry {entry.id}"
        raise NotPermittedError(
            f"{entry.reason} {said} 正待审批", f"{entry.reason} {said} awaits approval",
            hint=Text(f"由有权的同事批准: {command}", f"a colleague who may approves it: {command}"),
        )  # fmt: skip


def _amount(claim: Claim, entry: Entry | None, amount: int | None) -> int:
    if amount is None:
        amount = entry.amount if entry is not None else (claim.commit if claim.kind == COMPENSATION else claim.most)
    if amount <= 0:
        top = format_money(claim.most)
        raise InputError(f"请用 --amount 指明大于 0 的金额 (最多 {top})", f"give an amount above 0 with --amount (at most {top})")
    if entry is not None and amount < entry.amount:
        said = format_money(entry.amount)
        raise InputError(f"已承诺或批准 {said}，不能少付", f"{said} was promised or approved; less cannot be paid")
    return amount


def _over(claim: Claim, wanted: int) -> NotPermittedError:
    zh = "；".join(one for one, _ in claim.limits) or f"规则最多 {format_money(claim.most)}"
    en = "; ".join(one for _, one in claim.limits) or f"the most by the rules is {format_money(claim.most)}"
    return NotPermittedError(
        f"{claim.reason} 不能付 {format_money(wanted)}，还可付 {format_money(claim.left)} ({zh})",
        f"{format_money(wanted)} cannot be paid for {claim.reason}: {format_money(claim.left)} is left ({en})",
        hint=Text("任何层级都不能超出；可用 --amount 改少", "no tier may pass it; give less with --amount"),
    )


def levels_for(snapshot: Snapshot, claim: Claim, amount: int, tier: str, entry: Entry | None = None) -> tuple[list[str], list[str]]:
    """Return the tiers that must approve an amount, lowest first, and the rules that say so.

    Args:
        entry: what was promised or approved before: within it no authority is needed anew.
    """
    if entry is not None and entry.state == "approved" and amount == entry.amount:
        return [], []
    promised = entry.amount if entry is not None and entry.state == "promised" else 0
    above = amount > max(claim.commit, promised)
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
    granted = entry is not None and entry.granted and amount == entry.amount
    levels, cites = levels_for(snapshot, claim, amount, writer.actor.tier, entry)
    if levels and why is None:
        needed = snapshot.tier_labels[levels[0]]
        said = format_money(amount)
        raise InputError(
            f"{claim.reason} {said} 需要{needed[0]}批准，请用 --why 写明理由",
            f"{said} for {claim.reason} needs the approval of the {needed[1]}: give the reason with --why",
        )
    state = "asked" if levels else "paid"
    if promise and not levels:
        state = entry.state if entry is not None and granted else "promised"
    was = entry.kept() if entry is not None and entry.granted else None
    entry = _write(writer, claim, entry, amount, state, granted=granted)
    data: dict[str, Any] = {"entry": entry.id, **entry.kept()}
    if levels:
        data |= {"levels": levels, "cites": cites}
    elif state == "paid":
        data["kept"] = keep_promises(writer, entry)
    else:
        data["name"] = f"payout:{claim.reason}"
    writer.event(_KINDS[state], data, {"why": why})
    if levels:
        ask(writer, entry, levels, was)
    elif state != "paid":
        promise_duty(writer, entry, promise_of(claim, amount))
    left = max(claim.left if not granted else claim.most, amount) - amount
    return Answer(entry, levels, left, claim.limits, cites)


def _write(writer: Writer, claim: Claim, entry: Entry | None, amount: int, state: str, *, granted: bool) -> Entry:
    if entry is None:
        return enter(writer, claim, amount, state)
    if granted:  # it rests on the authority of who promised or asked, and counts on the day it was promised
        return change(writer, entry, state=state, at=writer.at)
    return change(
        writer, entry, amount=amount, form=claim.form, most=claim.most, state=state, tier=writer.actor.tier,
        agent=writer.actor.agent, approver=None, at=writer.at, day=writer.at[:10],
    )  # fmt: skip
