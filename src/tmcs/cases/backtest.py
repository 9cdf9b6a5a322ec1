"""Past cases decided again under another policy, compared with what was decided under their own, and added up.

Both decisions are made by this program, so that what differs is the policy's doing (whether a case still comes out as its
receipt says is `tmcs case replay`'s question). Constant memory: sums, counts and the ten largest are kept, no case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from heapq import heappush, heappushpop
from typing import Any, Final

from tmcs.cases.claims import COMPENSATION, REFUND, Claim, following_claims, own_claims
from tmcs.cases.past import ERASED, UNREADABLE, Past
from tmcs.core.chain import carry_over
from tmcs.core.errors import TmcsError
from tmcs.core.money import format_money
from tmcs.core.policy import Policy
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, Resolution
from tmcs.core.resolve import resolve
from tmcs.core.text import Text

SCHEMA: Final = "tmcs/backtest/1"
LARGEST: Final = 10
#: What can change in a decision, in words.
CHANGES: Final[dict[str, tuple[str, str]]] = {
    "outcome": ("结局", "outcome"), "next-flow": ("后续流程", "next flow"), "refund": ("退款", "refund"), "goods": ("货物", "goods"),
    "payouts": ("赔付", "payouts"), "tasks": ("任务", "tasks"), "deadlines": ("期限", "deadlines"), "waits": ("等待", "waits"),
}  # fmt: skip
NEEDS: Final = "needs-facts"
OTHER_FLOW: Final = "other-flow"
REFUSED: Final = "refused"
#: Why a case cannot be known, in words.
UNKNOWN: Final[dict[str, tuple[str, str]]] = {
    NEEDS: ("新政策下还缺事实", "a fact is lacking under the new policy"),
    OTHER_FLOW: ("转入别的流程，其事实不知", "goes on in another flow, whose facts are not known"),
    ERASED: ("依据已删除或未导出", "what it rests on was erased or not exported"),
    REFUSED: ("新政策下无法判定", "cannot be decided under the new policy"),
    UNREADABLE: ("读不出来", "cannot be read"),
}
_MOST_KEYS: Final = 500  # different things counted apart
_FAULTS: Final = (TmcsError, LookupError, TypeError, ValueError, AttributeError)


def policy_on(policy: Policy, day: date | None) -> Policy:
    """Return a policy whose figures are those of one day, whatever the day of a decision; default its last change."""
    return policy.on(date.max if day is None else day)


def last_change(policy: Policy) -> str | None:
    """Return the day from which a policy does not change any more; None where it never does."""
    return max(policy.normal()["days"], default=None) or None


class Unknown(Exception):  # noqa: N818 - it is a verdict, caught in this module
    """A case that cannot be known: why (one of :data:`UNKNOWN`), and what is lacking."""

    def __init__(self, why: str, what: Text) -> None:
        super().__init__(what.en)
        self.why = why
        self.what = what


class Sums:
    """What a reason comes to at a tier, old and new, fen.

    Attributes:
        cases: how many grant it, before or now.
        old, new: ``[commit, max]``: what the tier may promise by itself, and the most.
        promised, paid: as they were.
    """

    __slots__ = ("cases", "new", "old", "paid", "promised")

    def __init__(self) -> None:
        self.cases = self.promised = self.paid = 0
        self.old = [0, 0]
        self.new = [0, 0]

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON, amounts in CNY."""
        said = {"old": self.old, "new": self.new, "difference": [new - old for old, new in zip(self.old, self.new, strict=True)]}
        found = {word: {"commit": format_money(pair[0]), "max": format_money(pair[1])} for word, pair in said.items()}
        return {"cases": self.cases, **found, "promised": format_money(self.promised), "paid": format_money(self.paid)}


class Backtest:
    """Takes past cases and adds up what another policy would change in them.

    Attributes:
        policy: the other policy, see :func:`policy_on`.
        same, changed: how many cases come out the same, and otherwise.
        unknown: how many cannot be known, by why and what is lacking: ``{(why, zh, en): [how many, an example]}``.
        changes: how many cases each of :data:`CHANGES` occurs in.
        outcomes: how often one outcome (or status) became another, ``{(flow, old, new): how many}``.
        money: by kind, reason and tier.
        undecided: how many lack the same fact under both: what is known so far is compared.
        not_pinned: how many were decided with today's flow or policy in the place of their own.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.same = self.changed = self.undecided = self.not_pinned = 0
        self.unknown: dict[tuple[str, str, str], list[Any]] = {}
        self.changes: Counter[str] = Counter()
        self.outcomes: Counter[tuple[str, str, str]] = Counter()
        self.money: dict[tuple[str, str, str], Sums] = {}
        self._largest: list[tuple[int, int, int, dict[str, Any]]] = []
        self._seen = 0

    @property
    def cases(self) -> int:
        """How many cases were looked at."""
        return self._seen

    @property
    def largest(self) -> list[dict[str, Any]]:
        """The cases whose most changes most, the largest change first."""
        return [one[3] for one in sorted(self._largest, key=lambda one: one[:3], reverse=True)]

    def take_all(self, cases: Iterable[Past]) -> None:
        """Take cases one after the other."""
        for past in cases:
            self.take(past)

    def take(self, past: Past) -> None:
        """Decide a case under its own policy and the other one, and add up what differs."""
        self._seen += 1
        self.not_pinned += not past.pinned
        try:
            old, new = self._decided(past)
        except Unknown as verdict:
            key = (verdict.why, verdict.what.zh, verdict.what.en)
            if key not in self.unknown and len(self.unknown) >= _MOST_KEYS:
                key = (verdict.why, "…", "…")
            self.unknown.setdefault(key, [0, past.name])[0] += 1
            return
        was, now = _claims(old), _claims(new)
        differing = _differences(old, new)
        self._add(past, was, now)
        if not differing:
            self.same += 1
            return
        self.changed += 1
        self.changes.update(differing)
        if "outcome" in differing:
            key3 = (past.flow, _end(old[-1]), _end(new[-1]))
            self.outcomes[key3 if key3 in self.outcomes or len(self.outcomes) < _MOST_KEYS else ("…", "…", "…")] += 1
        self._rank(past, old, new, was, now, differing)

    def _decided(self, past: Past) -> tuple[list[Resolution], list[Resolution]]:
        if past.lost is not None:
            raise Unknown(*past.lost)
        try:
            old = _decide(past, None, None)
        except _FAULTS as error:
            raise Unknown(UNREADABLE, _said(error)) from None
        try:
            new = _decide(past, self.policy, old)
        except _FAULTS as error:
            raise Unknown(REFUSED, _said(error)) from None
        last = new[-1]
        if last.status == NEEDS_FACTS:
            name = last.needs[0].name
            if old[-1].status != NEEDS_FACTS or old[-1].needs[0].name != name:
                raise Unknown(NEEDS, Text(name, name))
            self.undecided += 1
        if len(new) < len(old) and last.next_flow is not None:
            raise Unknown(OTHER_FLOW, Text(last.next_flow, last.next_flow))
        return old, new

    def _add(self, past: Past, was: dict[str, Claim], now: dict[str, Claim]) -> None:
        seen = set()
        for claims, side in ((was, "old"), (now, "new")):
            for claim in claims.values():
                sums = self._sums(claim.kind, claim.reason, past.tier)
                pair = getattr(sums, side)
                pair[0] += claim.commit
                pair[1] += claim.most
                if sums not in seen:
                    seen.add(sums)
                    sums.cases += 1
        kinds = {claim.reason: claim.kind for claim in (*now.values(), *was.values())}
        for reason, (promised, paid) in past.spent.items():
            sums = self._sums(kinds.get(reason) or _kind(reason, past), reason, past.tier)
            sums.promised += promised
            sums.paid += paid

    def _sums(self, kind: str, reason: str, tier: str) -> Sums:
        key = (kind, reason.partition(":")[0], tier)  # a refund is named after its goods
        if key not in self.money and len(self.money) >= _MOST_KEYS:
            key = (kind, "…", "…")
        return self.money.setdefault(key, Sums())

    def _rank(
        self, past: Past, old: list[Resolution], new: list[Resolution], was: dict[str, Claim], now: dict[str, Claim], differing: list[str]
    ) -> None:
        most = [sum(claim.most for claim in claims.values()) for claims in (was, now)]
        commit = [sum(claim.commit for claim in claims.values()) for claims in (was, now)]
        rank = (abs(most[1] - most[0]), abs(commit[1] - commit[0]), -self._seen)
        if rank[:2] == (0, 0) or (len(self._largest) >= LARGEST and rank < self._largest[0][:3]):
            return
        entry = (*rank, {
            "case": past.name, "flow": past.flow, "tier": past.tier, "day": past.day and past.day.isoformat(), "changes": differing,
            "old": {"outcome": _end(old[-1]), "commit": format_money(commit[0]), "max": format_money(most[0])},
            "new": {"outcome": _end(new[-1]), "commit": format_money(commit[1]), "max": format_money(most[1])},
            "difference": {"commit": format_money(commit[1] - commit[0]), "max": format_money(most[1] - most[0])},
            "promised": format_money(sum(one[0] for one in past.spent.values())),
            "paid": format_money(sum(one[1] for one in past.spent.values())),
        })  # fmt: skip
        (heappush if len(self._largest) < LARGEST else heappushpop)(self._largest, entry)

    def totals(self) -> dict[str, Sums]:
        """Return the sums by kind: compensation, reimbursement, refund."""
        found: dict[str, Sums] = {}
        for (kind, _, _), sums in self.money.items():
            total = found.setdefault(kind, Sums())
            total.cases += sums.cases
            total.promised += sums.promised
            total.paid += sums.paid
            for n in (0, 1):
                total.old[n] += sums.old[n]
                total.new[n] += sums.new[n]
        return dict(sorted(found.items()))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON (schema ``tmcs/backtest/1``); largest first."""
        money = sorted(self.money.items(), key=lambda one: (-abs(one[1].new[1] - one[1].old[1]), one[0]))
        unknown = sorted(self.unknown.items(), key=lambda one: (-one[1][0], one[0]))
        return {
            "schema": SCHEMA, "policy": self.policy.to_dict(), "cases": self.cases, "same": self.same, "changed": self.changed,
            "unknown": sum(one[0] for one in self.unknown.values()), "undecided": self.undecided, "not_as_pinned": self.not_pinned,
            "changes": {name: self.changes[name] for name in CHANGES if self.changes[name]},
            "outcomes": [
                {"flow": flow, "old": old, "new": new, "cases": n}
                for (flow, old, new), n in sorted(self.outcomes.items(), key=lambda one: (-one[1], one[0]))
            ],
            "totals": [{"kind": kind, **sums.to_dict()} for kind, sums in self.totals().items()],
            "money": [{"kind": kind, "reason": reason, "tier": tier, **sums.to_dict()} for (kind, reason, tier), sums in money],
            "unknowns": [
                {"why": why, "what": {"zh": zh, "en": en}, "cases": n, "example": name} for (why, zh, en), (n, name) in unknown
            ],
            "largest": self.largest,
        }  # fmt: skip


def _said(error: Exception) -> Text:
    return error.text if isinstance(error, TmcsError) else Text(type(error).__name__, type(error).__name__)


def _decide(past: Past, policy: Policy | None, before: list[Resolution] | None) -> list[Resolution]:
    """Decide a case in each flow it went through.

    Args:
        policy: the policy; None: what it was decided under.
        before: what was decided under its own policy: where the other one does not go on as that did, the case ends there.
    """
    found: list[Resolution] = []
    for n, step in enumerate(past.steps):
        facts: dict[str, Any] = {name: step.facts[name] for name in sorted(step.facts)}
        if found:
            earlier = past.steps[n - 1]
            carried, by = carry_over(found[-1], step.flow, earlier.facts, earlier.sources)
            # What the flow before hands over, an amount it grants, is what it hands over under this policy.
            facts |= {name: value for name, value in carried.items() if by.get(name) == "flow" and step.sources.get(name) == "flow"}
        result = resolve(step.flow, step.order, {**facts, "tier": step.tier}, policy or step.policy, step.moment, sources=step.sources)
        found.append(result)
        if before is not None and n + 1 < len(before) and result.next_flow != before[n].next_flow:
            break
    return found


def _claims(results: list[Resolution]) -> dict[str, Claim]:
    found: dict[str, Claim] = {}
    for result in results:
        for claim in following_claims(own_claims(result), list(found.values())):
            found[claim.reason] = claim
    return found


def _kind(reason: str, past: Past) -> str:
    snapshot = past.steps[-1].policy.at(past.steps[-1].moment)
    return snapshot.payout(reason).kind if reason in snapshot.reasons else COMPENSATION if reason == COMPENSATION else REFUND


def _end(result: Resolution) -> str:
    return str(result.outcome if result.status == RESOLVED else result.status)


def _differences(old: list[Resolution], new: list[Resolution]) -> list[str]:
    """Return what differs between the two decisions of a case, of :data:`CHANGES`."""
    was, now = [_view(one) for one in old], [_view(one) for one in new]
    found = {"next-flow"} if len(was) != len(now) else set()
    for before, after in zip(was, now, strict=False):
        found |= {name for name in CHANGES if before[name] != after[name]}
    return [name for name in CHANGES if name in found]


def _view(one: Resolution) -> dict[str, Any]:
    return {
        "outcome": (one.status, one.outcome), "next-flow": one.next_flow, "refund": (one.route, one.amount), "goods": one.goods,
        "payouts": [(p.reason, p.form, p.min, p.max, p.commit, p.approval) for p in one.payouts],
        "tasks": [(queue, text[0], due) for queue, text, due in one.tasks],
        "deadlines": [(deadline.id, day) for deadline, day, _ in one.deadlines], "waits": one.waits,
    }  # fmt: skip
