"""What a version of the policy would change in open cases, without changing one: a page of them in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from tmcs.cases.claims import Claim, case_claims
from tmcs.cases.decide import Duty
from tmcs.cases.desk import decide_under
from tmcs.cases.documents import policy_digest, policy_for
from tmcs.cases.history import History, fold
from tmcs.cases.ledger import Entry, account_of, entries
from tmcs.cases.told import promises
from tmcs.cases.writer import read_events
from tmcs.core.errors import TmcsError
from tmcs.core.money import format_money
from tmcs.core.policy import Policy
from tmcs.core.resolution import Resolution
from tmcs.core.text import Text
from tmcs.store.base import Store

SCHEMA: Final = "tmcs/policy-preview/1"
_PAGE: Final = 100
_LIVE: Final = "('open', 'held', 'taken')"


class Money:
    """What a case may pay for a cause, fen: the most before and after, and what it has promised, asked or been granted."""

    __slots__ = ("given", "new", "old", "reason", "state")

    def __init__(self, reason: str, old: int, new: int, entry: Entry | None) -> None:
        self.reason = reason
        self.given = 0 if entry is None else entry.amount
        self.state = None if entry is None else entry.state
        # What was given stands; what is paid is paid.
        self.old = self.given if self.state == "paid" else max(old, self.given)
        self.new = self.given if self.state == "paid" else max(new, self.given)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON, in CNY."""
        return {
            "reason": self.reason, "old": format_money(self.old), "new": format_money(self.new),
            "difference": format_money(self.new - self.old), "given": format_money(self.given), "state": self.state,
        }  # fmt: skip


class Effect:
    """What a version changes in a case.

    Attributes:
        id, flow, tid, state, policy: of its row; ``on``: the day whose figures hold for it (ISO 8601).
        kept: it was said to stay under its policy.
        changes: what is decided otherwise, old and new: status, outcome, next_flow, refund, goods, payouts, deadlines, tasks.
        money: the causes whose amount changes; what was given is counted as it stands.
        stands: what was given before and stands, although the version says less or later, in words.
        error: why it cannot be decided; None where it can.
    """

    __slots__ = ("changes", "error", "flow", "id", "kept", "money", "on", "policy", "stands", "state", "tid")

    def __init__(self, row: Any) -> None:
        self.id: int = row[0]
        self.flow, self.tid, self.state, self.policy = row[1:5]
        self.on = ""
        self.kept = False
        self.changes: dict[str, tuple[Any, Any]] = {}
        self.money: list[Money] = []
        self.stands: list[Text] = []
        self.error: Text | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to say of it."""
        return bool(self.changes or self.money or self.error)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "case": str(self.id), "flow": self.flow, "order": self.tid, "state": self.state, "policy": self.policy,
            "policy_day": self.on, "pinned": self.kept,
            "changes": {name: {"old": old, "new": new} for name, (old, new) in self.changes.items()},
            "money": [one.to_dict() for one in self.money], "stands": [one.to_dict() for one in self.stands],
            "error": None if self.error is None else self.error.to_dict(),
        }  # fmt: skip


class Totals:
    """Sums over the cases looked at.

    Attributes:
        looked, changed, undecided, kept: how many; ``kept`` of those changed stay under their policy.
        money: by cause, how many cases and the most before and after, fen.
    """

    def __init__(self) -> None:
        self.looked = self.changed = self.undecided = self.kept = 0
        self.money: dict[str, list[int]] = {}

    def add(self, effect: Effect) -> None:
        """Count a case."""
        self.looked += 1
        self.undecided += effect.error is not None
        self.changed += bool(effect) and effect.error is None
        self.kept += bool(effect) and effect.kept
        for one in effect.money:
            sums = self.money.setdefault(one.reason, [0, 0, 0])
            for place, value in enumerate((1, one.old, one.new)):
                sums[place] += value

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON, in CNY."""
        return {
            "looked": self.looked, "changed": self.changed, "undecided": self.undecided, "pinned": self.kept,
            "money": [
                {"reason": reason, "cases": count, "old": format_money(old), "new": format_money(new), "difference": format_money(new - old)}
                for reason, (count, old, new) in sorted(self.money.items())
            ],
        }  # fmt: skip


def preview(
    store: Store, policy: Policy, now: datetime, totals: Totals, *, queues: Sequence[str] = (), flow: str | None = None
) -> Iterator[Effect]:
    """Yield the open cases that a version would change, by number; all that were looked at are counted.

    Args:
        policy: the version.
        now: the moment as of which each is decided, under its own policy and under this one as it is on that day: figures
            that change by then are a new version to a case that was opened, or moved, before.
        totals: is added to.
        queues: only cases with an open task in one of these; ``flow``: only those in it.

    Raises:
        StorageError, TryAgainError: the store cannot be read, or what a case is pinned to is damaged.
    """
    for page in open_pages(store, policy, now, queues, flow):
        with store.one_state():
            effects = [effect_on(store, row, policy, now) for row in page]
        for effect in effects:
            totals.add(effect)
            if effect:
                yield effect


def open_pages(
    store: Store, policy: Policy, now: datetime, queues: Sequence[str] = (), flow: str | None = None
) -> Iterator[list[Any]]:
    """Yield the open cases that are not under a policy as it is on a day, a page at a time: id, flow, order, state, policy."""
    where, values = "policy <> ?", [policy_digest(policy)]
    since = policy.on(now.date()).since
    if since is not None:  # pinned to it, but opened before its figures became these, and not moved to them
        moved = "SELECT 1 FROM event WHERE case_id = cases.id AND kind = 'moved-policy' AND at >= ?"
        where = f"({where} OR (opened_at < ? AND NOT EXISTS ({moved})))"
        values += [since, since]
    if flow is not None:
        where += " AND flow = ?"
        values.append(flow)
    if queues:
        marks = ", ".join("?" * len(queues))
        where += f" AND EXISTS (SELECT 1 FROM duty WHERE case_id = cases.id AND kind = 'task' AND state IN {_LIVE} AND party IN ({marks}))"
        values += queues
    low = 0
    while True:
        rows = store.execute(
            f"SELECT id, flow, tid, state, policy FROM cases WHERE closed_at IS NULL AND id > ? AND {where} ORDER BY id LIMIT ?",
            (low, *values, _PAGE),
        ).fetchall()
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        low = rows[-1][0]


def effect_on(store: Store, row: Any, policy: Policy, now: datetime) -> Effect:
    """Return what a version changes in one case; within one state of the store."""
    effect = Effect(row)
    history = fold(read_events(store, effect.id))
    effect.kept, effect.on = history.kept, history.on
    try:
        before = decide_under(store, history, policy_for(store, history), now)
        after = decide_under(store, history, policy, now)
        old, new = _claims(store, history, before), _claims(store, history, after)
    except TmcsError as error:
        effect.error = error.text
        return effect
    was, now_is = _parts(before), _parts(after)
    effect.changes = {name: (value, now_is[name]) for name, value in was.items() if value != now_is[name]}
    mine = {
        one.reason: one for one in entries(store, account_of(effect.tid, effect.id)) if one.case_id == effect.id
    }  # fmt: skip
    for reason in dict.fromkeys([*old, *new]):
        was_most, is_most = (found[reason].most if reason in found else 0 for found in (old, new))
        money = Money(reason, was_most, is_most, mine.get(reason))
        if money.old != money.new:
            effect.money.append(money)
    if effect.changes or effect.money:
        effect.stands = [*_amounts(mine, new), *_days(store, effect.id, _told(before, old), _told(after, new))]
    return effect


def _claims(store: Store, history: History, result: Resolution) -> dict[str, Claim]:
    return case_claims(store, history.earlier, result, history.tier)


def _parts(result: Resolution) -> dict[str, Any]:
    """Return what is compared of a decision."""
    return {
        "status": result.status, "outcome": result.outcome, "next_flow": result.next_flow,
        "refund": None if result.route is None else {"route": result.route, "amount": format_money(result.amount or 0)},
        "goods": result.goods,
        "payouts": {
            one.reason: {"form": one.form, "min": format_money(one.min), "max": format_money(one.max), "commit": format_money(one.commit),
                         "approval": one.approval}
            for one in result.payouts
        },
        "deadlines": {deadline.id: day.isoformat() for deadline, day, _ in result.deadlines},
        "tasks": sorted(f"{result.snapshot.queue_for(queue, result.tier)}: {text[0]}" for queue, text, _ in result.tasks),
    }  # fmt: skip


def _amounts(mine: dict[str, Entry], claims: dict[str, Claim]) -> Iterator[Text]:
    """Yield the amounts that were given and stand although the version allows less."""
    words = {"promised": ("已承诺", "promised"), "approved": ("已批准", "approved"), "asked": ("已申请", "asked for")}
    for one in mine.values():
        most = claims[one.reason].most if one.reason in claims else 0
        if one.state in words and one.amount > most:
            zh, en = words[one.state]
            said = format_money(one.amount)
            yield Text(f"{zh}的 {one.reason} {said} 元不变", f"{one.reason}: the {said} CNY that was {en} stands")


def _told(result: Resolution, claims: dict[str, Claim]) -> dict[str, Duty]:
    """Return the days that a decision tells the customer, by name."""
    return {duty.name: duty for duty in promises(result, claims)[0]}


def _days(store: Store, case_id: int, before: dict[str, Duty], after: dict[str, Duty]) -> Iterator[Text]:
    """Yield the days that were promised and stand although the version says later (that the clock does is no difference)."""
    rows = store.execute(
        f"SELECT name, due FROM duty WHERE case_id = ? AND kind = 'promise' AND due IS NOT NULL AND state IN {_LIVE} ORDER BY id", (case_id,)
    ).fetchall()
    for name, due in rows:
        duty, was = after.get(name), before.get(name)
        if duty is None or was is None or duty.due is None or was.due is None:
            continue
        if was.due < duty.due and due < duty.due.isoformat():
            yield Text(f"已答应的{duty.text[0]} {due} 不变", f"{duty.text[1]}: {due}, which was promised, stands")
