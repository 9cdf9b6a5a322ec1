"""What a desk does with cases: open, learn facts, go on, note, pause, close, reopen. Each call is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tmcs.cases import ledger
from tmcs.cases.claims import case_claims, paid_for, resolved
from tmcs.cases.decide import CUSTOMER, decide, duties, impersonal, is_personal, receipt
from tmcs.cases.documents import held_to, pin_flow, pin_policy, pinned_flow, pinned_policy, policy_digest, policy_for
from tmcs.cases.history import History, Stage
from tmcs.cases.pauses import pause, resume
from tmcs.cases.seat import Seat, words
from tmcs.cases.still_open import LIVE, Open, open_duties, still_open
from tmcs.cases.told import promises
from tmcs.cases.writer import Writer, new_case
from tmcs.core.chain import carry_over
from tmcs.core.errors import InputError, unknown_word
from tmcs.core.flow import Flow
from tmcs.core.policy import Policy
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.text import Text
from tmcs.store.base import Store

#: What became of a case that was to be moved to another policy.
MOVED, ALREADY, KEPT = "moved", "already", "kept"
#: What a case is opened with: flow, policy, order without the person, facts, who supplied each, and the decision.
_Opening = tuple[Flow, Policy, dict[str, Any] | None, dict[str, str], dict[str, str], Resolution]


class Desk(Seat):
    """The case store as one agent uses it: what is decided on cases, see :class:`tmcs.cases.seat.Seat` for the rest."""

    def open(
        self, flow: Flow, policy: Policy, record: dict[str, Any] | None, facts: Mapping[str, str],
        sources: Mapping[str, str] | None = None, why: str | None = None, later: Mapping[str, str] | None = None,
    ) -> tuple[int, Resolution]:  # fmt: skip
        """Open a case and return its number and resolution.

        Args:
            flow, policy: what it is decided by; the case is pinned to both.
            record: the order (``tmcs/order/1``), or None where there is none.
            facts: what is known, as ``--set`` writes it; ``sources`` who supplied each, default ``set``.
            why: a note, in the agent's words.
            later: facts that only a following flow reads.

        Raises:
            InputError, NotFoundError: as :func:`tmcs.core.resolve.resolve`; nothing is kept.
            NotPermittedError: the flow is a plug-in's that the desk's limit refuses (:mod:`tmcs.cases.bound`).
            StorageError, TryAgainError: the store cannot be written; nothing is kept.
        """
        opening = self._decided(flow, policy, record, facts, sources)
        with self.store.transaction():
            return self._keep(opening, record, why, later)

    def open_within(
        self, flow: Flow, policy: Policy, record: dict[str, Any] | None, facts: Mapping[str, str], why: str | None = None,
        later: Mapping[str, str] | None = None,
    ) -> tuple[int, Resolution]:  # fmt: skip
        """Do as :meth:`open` within the caller's transaction: the case is kept together with what it is opened for."""
        return self._keep(self._decided(flow, policy, record, facts, None), record, why, later)

    def _decided(
        self, flow: Flow, policy: Policy, record: dict[str, Any] | None, facts: Mapping[str, str], sources: Mapping[str, str] | None
    ) -> _Opening:
        _check_tier(facts)
        _check_bound(flow, policy, self.now)
        order = None if record is None else impersonal(record)
        known = dict(facts)
        by = {name: (sources or {}).get(name, "set") for name in known}
        result = decide(flow, policy.on(self.now.date()), order, known, by, self.actor.tier, self.now)
        return flow, policy, order, known, by, result

    def _keep(
        self, opening: _Opening, record: dict[str, Any] | None, why: str | None, later: Mapping[str, str] | None
    ) -> tuple[int, Resolution]:
        flow, policy, order, known, by, result = opening
        tier = self.actor.tier
        policy_id, flow_id = pin_policy(self.store, policy), pin_flow(self.store, flow)
        customer = _customer(self.store, record)
        tid = None if order is None else order.get("tid")
        with new_case(self.store, self.actor, self.at, flow.id, tid, result.item, customer, policy_id) as writer:
            body = receipt(result, policy_id, flow_id, order, known, by)
            data = {"policy": policy_id, "flow": flow_id, "flow_id": flow.id, "customer": customer}
            _note_decision(writer, "opened", data, body, result, known, by, tier, why, order, later=later)
            _follow(writer, result, None, [])
            case_id = writer.id
        self.version = writer.version
        return case_id, result

    def set(
        self, case_id: int, facts: Mapping[str, str], *, unset: list[str] | None = None, why: str | None = None,
        based_on: int | None = None, record: dict[str, Any] | None = None, sources: Mapping[str, str] | None = None,
        later: Mapping[str, str] | None = None,
    ) -> Resolution:  # fmt: skip
        """Learn facts and decide anew, under the policy and flow the case is pinned to; without facts: as of now.

        The clock is that of today, the figures are those of the day it was opened, or moved.

        Args:
            facts, sources, later: as for :meth:`open`.
            unset: facts to forget.
            based_on: the version that the agent saw.
            record: the order as it is now, what it does not say being as it was at the last decision; None: all of it.

        Raises:
            InputError: a fact or value is unknown, a fact to forget is not set, or the case is closed.
            ConflictError, NotFoundError, StorageError, TryAgainError: as :class:`tmcs.cases.writer.Hold`.
        """
        _check_tier(facts)
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            flow, policy = pinned_flow(self.store, history.flow), policy_for(self.store, history)
            given = {name: (sources or {}).get(name, "set") for name in facts}
            known, by = {**history.facts, **facts}, {**history.sources, **given}
            for name in unset or ():
                if name not in history.facts or name in facts:
                    raise unknown_word("已知事实", "fact that is set", name, [one for one in history.facts if one not in facts])
                del known[name], by[name]
            order = brought_up(history.order, record)
            tier = _higher(policy, self.now, history.tier, self.actor.tier)
            result = decide(flow, policy, order, known, by, tier, self.now)
            body = receipt(result, history.policy, history.flow, order, known, by)
            data: dict[str, Any] = {"unset": unset} if unset else {}
            changed = None if order == history.order else order
            _note_decision(writer, "fact-learnt", data, body, result, dict(facts), given, tier, why, changed, flow, later)
            _follow(writer, result, history, history.earlier)
        return result

    def move_on(
        self, case_id: int, load: Callable[[str], Flow], *, why: str | None = None, based_on: int | None = None,
        facts: Mapping[str, str] | None = None, sources: Mapping[str, str] | None = None,
    ) -> Resolution:  # fmt: skip
        """Go on in the flow that the resolution names, with what is known.

        Args:
            load: returns a flow by its id; the case is pinned to it from here on.
            facts, sources: what is learnt for it besides.

        Raises:
            InputError: the case names no next flow, or is closed.
            NotPermittedError: that flow is a plug-in's that the desk's limit refuses.
            ConflictError, NotFoundError, StorageError, TryAgainError: as :class:`tmcs.cases.writer.Hold`.
        """
        _check_tier(facts or {})
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            found, policy = current(self.store, history)
            if found.status != RESOLVED or found.next_flow is None:
                raise InputError(f"案件 {case_id} 没有后续流程", f"case {case_id} has no next flow")
            flow = load(found.next_flow)
            _check_bound(flow, pinned_policy(self.store, history.policy), self.now)
            given = {name: value for name, (value, _) in history.given.items()}
            known, by = carry_over(found, flow, given, {name: source for name, (_, source) in history.given.items()})
            known.update(facts or {})
            by = {name: (sources or {}).get(name, by.get(name, "set")) for name in known}
            tier = _higher(policy, self.now, history.tier, self.actor.tier)
            result = decide(flow, policy, history.order, known, by, tier, self.now)
            pinned = pin_flow(self.store, flow)
            body = receipt(result, history.policy, pinned, history.order, known, by)
            data = {"flow": pinned, "flow_id": flow.id}
            _note_decision(writer, "moved-on", data, body, result, known, by, tier, why, None)
            writer.flow = flow.id
            _follow(writer, result, history, [*history.earlier, Stage(history)])
        return result

    def move_policy(
        self, case_id: int, policy: Policy, why: str, *, even_kept: bool = True, based_on: int | None = None
    ) -> tuple[str, Resolution | None]:
        """Decide a case anew under another policy, to which it is pinned from here on, and to its figures of today.

        What was promised or approved stands, and no due day that was given is put off. It is decided for the tier that
        decided before: who moves it lends it no authority.

        Args:
            even_kept: also where somebody said that it stays under its policy.

        Returns:
            ``moved`` and the resolution; ``already`` where it is under that policy as it is today, ``kept`` where it stays under its own.

        Raises:
            InputError: the case is closed, or cannot be decided under that policy; it stays as it is.
            ConflictError, NotFoundError, StorageError, TryAgainError: as :class:`tmcs.cases.writer.Hold`.
        """
        reason = words(why)
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            today = policy.on(self.now.date())
            if policy_digest(policy) == history.policy and policy.on(held_to(history)) is today:
                return ALREADY, None
            if history.kept and not even_kept:
                return KEPT, None
            result = decide_under(self.store, history, today, self.now)
            pinned = pin_policy(self.store, policy)
            body = receipt(result, pinned, history.flow, history.order, history.facts, history.sources)
            data = {"policy": pinned, "was": history.policy, "was_on": history.on}
            flow = pinned_flow(self.store, history.flow)
            _note_decision(writer, "moved-policy", data, body, result, {}, {}, history.tier, reason, None, flow)
            self.store.execute("UPDATE cases SET policy = ? WHERE id = ?", (pinned, case_id))
            _follow(writer, result, history, history.earlier, never_less=True)
        return MOVED, result

    def keep_policy(self, case_id: int, why: str | None = None, *, based_on: int | None = None) -> bool:
        """Keep a case under its policy when others are moved; False: it was kept already. Raises as :meth:`note`."""
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            if history.kept:
                return False
            writer.event("kept-policy", {"kept": history.policy}, {"why": why and words(why)})
        return True

    def note(self, case_id: int, text: str, *, based_on: int | None = None) -> int:
        """Add a note to a case, closed or not, and return its version."""
        with self.hold(case_id, based_on) as writer:
            version: int = writer.event("noted", {}, {"why": words(text)})
        return version

    def pause(self, case_id: int, why: str, *, party: str = CUSTOMER, based_on: int | None = None) -> None:
        """Stop the time of a case while somebody is awaited."""
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            if history.paused is not None:
                raise InputError(f"案件 {case_id} 已经暂停", f"case {case_id} is paused already")
            pause(writer, party, why)

    def resume(self, case_id: int, why: str | None = None, *, based_on: int | None = None) -> list[Text]:
        """Let the time of a case run again: what was left of each deadline is left again.

        Returns:
            Warnings: the days that rest on a year whose holidays are not published.
        """
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            if history.paused is None:
                raise InputError(f"案件 {case_id} 没有暂停", f"case {case_id} is not paused")
            warnings = resume(writer, history, why)
            writer.state = current(self.store, history)[0].status
        return warnings

    def close(self, case_id: int, why: str | None = None, *, force: bool = False, based_on: int | None = None) -> list[Open]:
        """Close a case, and return what was still open and is withdrawn by that.

        Raises:
            InputError: it is closed, or ``force`` without a reason.
            NotPermittedError: something is still open, and not ``force``; all of it is listed.
            ConflictError, NotFoundError, StorageError, TryAgainError: as :class:`tmcs.cases.writer.Hold`.
        """
        if force and not why:
            raise InputError("强制结案须说明原因 (--why)", "closing by force needs a reason (--why)")
        with self.hold(case_id, based_on) as writer:
            history = open_history(writer)
            left = open_duties(self.store, case_id)
            if history.paused is not None and not left:
                left = [Open("pause", history.paused[1], ["计时暂停中", "its time is paused"], 0, history.paused[1])]
            if left and not force:
                raise still_open(case_id, left)
            data: dict[str, Any] = {}
            if left:
                self.store.execute(
                    f"UPDATE duty SET state = 'withdrawn', at = ? WHERE case_id = ? AND state IN {LIVE}", (self.at, case_id)
                )
                data = {"forced": [f"{one.kind}:{one.name}" for one in left if one.kind != "approval"], "entries": ledger.withdraw_promises(writer)}
            writer.event("closed", data, {"why": why and words(why)})
            writer.state, writer.closed_at = "closed", self.at
        return left

    def reopen(self, case_id: int, why: str, *, based_on: int | None = None) -> None:
        """Open a closed case again; what was withdrawn stays so until the next decision."""
        with self.hold(case_id, based_on) as writer:
            if not writer.history.closed:
                raise InputError(f"案件 {case_id} 没有结案", f"case {case_id} is not closed")
            writer.event("reopened", {}, {"why": words(why)})
            writer.closed_at = None
            writer.state = current(self.store, writer.history)[0].status


def decide_under(store: Store, history: History, policy: Policy, now: datetime) -> Resolution:
    """Return what a case would be decided as at a moment, in the flow it is in, under a policy that it may not be pinned to.

    Raises:
        InputError: that policy lacks something that its flow or its facts need.
    """
    flow = pinned_flow(store, history.flow)
    try:
        return decide(flow, policy, history.order, history.facts, history.sources, history.tier, now)
    except LookupError as error:  # a payout, deadline, table or limit that is no longer there
        name = str(error.args[0]) if error.args else "?"
        raise InputError(f"这一版政策缺少该流程需要的 {name}", f"this version of the policy lacks {name}, which the flow needs") from None


def current(store: Store, history: History) -> tuple[Resolution, Policy]:
    """Return the resolution of a case as of its last decision, and the policy it is decided by (see :func:`policy_for`)."""
    return resolved(store, history), policy_for(store, history)


def open_history(writer: Writer) -> History:
    """Return what the events of a held case add up to.

    Raises:
        InputError: it is closed.
    """
    history = writer.history
    if history.closed:
        raise InputError(
            f"案件 {writer.id} 已结案", f"case {writer.id} is closed",
            hint=Text(f"先 tmcs case reopen {writer.id}", f"tmcs case reopen {writer.id} first"),
        )  # fmt: skip
    return history


def brought_up(order: dict[str, Any] | None, record: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an order with what a later record of it says."""
    if record is None:
        return order
    return {**(order or {}), **{key: value for key, value in impersonal(record).items() if value not in (None, "", [])}}


def _check_tier(facts: Mapping[str, str]) -> None:
    """Refuse a tier among the facts: a case is decided for whoever acts."""
    if "tier" in facts:
        raise InputError("案件按登录的层级处理，不能另给 tier", "a case is decided at the tier of the login; tier cannot be given")


def _check_bound(flow: Flow, policy: Policy, now: datetime) -> None:
    """Refuse a plug-in's flow that lifts the most one order can draw above the desk's limit, where there is one."""
    if policy.at(now).cases.order_bound is not None:
        from tmcs.cases.bound import require_within

        require_within(flow, policy)


def _higher(policy: Policy, now: datetime, one: str, other: str) -> str:
    """Return the higher tier: a case that second line has decided does not fall back to first line's words."""
    snapshot = policy.at(now)
    return max(one, other, key=snapshot.tier_index)


def _customer(store: Store, record: dict[str, Any] | None) -> int | None:
    """Return the customer's number, made where the nick is new."""
    nick = (record or {}).get("buyer_nick")
    if not nick:
        return None
    row = store.execute("SELECT id FROM customer WHERE nick = ?", (nick,)).fetchone()
    if row is None:
        account = (record or {}).get("alipay_no")
        store.execute("INSERT INTO customer (nick, alipay_no) VALUES (?, ?) ON CONFLICT (nick) DO NOTHING", (nick, account))
        row = store.execute("SELECT id FROM customer WHERE nick = ?", (nick,)).fetchone()
    return int(row[0])


def _note_decision(
    writer: Writer, kind: str, data: dict[str, Any], body: str, result: Resolution, facts: dict[str, str], by: dict[str, str],
    tier: str, why: str | None, order: dict[str, Any] | None, flow: Flow | None = None, later: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    flow = result.flow if flow is None else flow
    own = {name: value for name, value in facts.items() if _is_own_words(name, flow, result)}
    if order is not None:  # hashed, and left when the person is erased: what was decided can still be recomputed
        data = {**data, "order": order}
    data = {
        **data,
        "facts": {name: value for name, value in facts.items() if name not in own},
        "sources": by,
        "tier": tier,
        "item": result.item,
        "status": result.status,
        "outcome": result.outcome,
        "receipt": writer.receipt(body),
    }
    writer.event(kind, data, {"why": why and words(why), "facts": own or None, "later": dict(later) if later else None})


def _is_own_words(name: str, flow: Flow, result: Resolution) -> bool:
    if name == "item":  # goods of the order, unless its lines are not known: then it is whatever was typed
        return result.line is None
    return is_personal(flow.fact(name))


def _follow(
    writer: Writer, result: Resolution, history: History | None, earlier: list[Stage], *, never_less: bool = False
) -> None:
    """Bring duties, promises and the pause into line with a decision.

    Args:
        earlier: the flows gone through before.
        never_less: no amount that was promised becomes less.
    """
    awaits_customer = any(party == CUSTOMER for party, _, _ in result.waits)
    was_paused = history is not None and history.paused is not None
    if was_paused and not awaits_customer:
        assert history is not None
        resume(writer, history, None)
    dates, amounts = promises(result, case_claims(writer.store, earlier, result, result.tier))
    for number, duty in writer.follow([*duties(result), *dates], result.flow.id, paused=awaits_customer):
        writer.event("promised", {"duty": number, "name": duty.name, "due": duty.due and duty.due.isoformat()})
    order = None if result.order is None else result.order.record
    for duty, claim in amounts:
        ledger.note_told(writer, result.snapshot, duty, claim, paid_for(order), result.tier, never_less=never_less)
    if awaits_customer and not was_paused:
        pause(writer, CUSTOMER, None)
    writer.item, writer.outcome = result.item, result.outcome
    writer.state = "paused" if awaits_customer else result.status
