"""Replay: a decision made anew from its receipt, under the documents it was pinned to, and compared byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any, Final

from tmcs.cases.audit import digest
from tmcs.cases.decide import decide, is_personal, receipt
from tmcs.cases.documents import (
    flow_digest,
    flow_document,
    held_to,
    pinned_flow,
    pinned_policy,
    policy_digest,
    policy_document,
    policy_for,
)
from tmcs.cases.history import DECIDING, KINDS, Event, History, fold
from tmcs.cases.verify import unpacked
from tmcs.cases.writer import no_case, read_events
from tmcs.core.errors import InputError, NotFoundError, StorageError, TmcsError
from tmcs.core.flow import Flow
from tmcs.core.policy import Policy
from tmcs.core.text import Text
from tmcs.store.base import Store

SCHEMA: Final = "tmcs/replay/1"

SAME: Final = "same"
SAME_RESULT: Final = "same-result"
DIFFERS: Final = "differs"
CHANGED: Final = "changed"
ERASED: Final = "erased"

#: How a decision came out, in words.
VERDICTS: Final[dict[str, tuple[str, str]]] = {
    SAME: ("逐字节相同", "the same, byte for byte"),
    SAME_RESULT: ("结果相同，只是版本标记不同", "the same result; only version stamps differ"),
    DIFFERS: ("结果不同", "differs"),
    CHANGED: ("凭证或依据被改动过", "the receipt or what it rests on was changed"),
    ERASED: ("依据已按规定删除，只留摘要", "what it rests on was erased; its digest remains"),
}
_STAMPS: Final = ("program", "calendar")
_HIDDEN: Final = "***"
_MOST: Final = 200  # differences listed


class Replayed:
    """What came of one decision.

    Attributes:
        n, kind, at: its event.
        verdict: one of :data:`VERDICTS`.
        digest: of its receipt, as the event says.
        why: the causes, in both languages.
        differences: ``(path, old, new)``, without anybody's own words; at most 200.
    """

    __slots__ = ("at", "differences", "digest", "kind", "n", "verdict", "why")

    def __init__(self, event: Event) -> None:
        self.n, self.kind, self.at = event.n, event.kind, event.at
        self.digest = str(event.data.get("receipt"))
        self.verdict = SAME
        self.why: list[Text] = []
        self.differences: list[tuple[str, Any, Any]] = []

    def said(self, lang: str) -> tuple[str, str]:
        """Return its event's kind and its verdict in words."""
        en = lang == "en"
        return KINDS[self.kind][en], VERDICTS[self.verdict][en]

    @property
    def good(self) -> bool:
        """Whether nothing is amiss: it is the same, or its inputs were erased, as the case says itself."""
        return self.verdict in (SAME, SAME_RESULT, ERASED)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "event": self.n, "kind": self.kind, "at": self.at, "verdict": self.verdict, "receipt": self.digest,
            "why": [text.to_dict() for text in self.why],
            "differences": [{"path": path, "old": old, "new": new} for path, old, new in self.differences],
        }  # fmt: skip


def replay(store: Store, case_id: int, event: int | None = None) -> list[Replayed]:
    """Make the decisions of a case anew and compare each with its receipt.

    Args:
        event: only the decision of this event.

    Raises:
        NotFoundError: there is no such case, or no decision at that event.
        StorageError, TryAgainError: the store cannot be read.
    """
    return _each(store, case_id, event, _again)


def replay_current(
    store: Store, case_id: int, event: int | None, policy: Policy, load: Callable[[str], Flow]
) -> list[Replayed]:
    """Make the decisions of a case anew as of their own moment, but under another policy and flow; raises as :func:`replay`.

    Args:
        policy: the policy of today.
        load: returns the flow of today by its id.
    """

    def today(store: Store, one: _Decision) -> Replayed:
        return _today(store, one, policy, load)

    return _each(store, case_id, event, today)


class _Decision:
    """A deciding event, what the events add up to with it, and its receipt."""

    __slots__ = ("body", "erased", "event", "history")

    def __init__(self, event: Event, history: History, body: bytes | None, erased: bool) -> None:
        self.event = event
        self.history = history
        self.body = body
        self.erased = erased


def _each(store: Store, case_id: int, event: int | None, make: Callable[[Store, _Decision], Replayed]) -> list[Replayed]:
    with store.one_state():
        try:
            events = read_events(store, case_id)
            fold(events)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise StorageError(
                f"案件 {case_id} 的事件读不出来", f"the events of case {case_id} cannot be read",
                hint=Text(f"tmcs case verify {case_id} 查看哪里被改动过", f"tmcs case verify {case_id} shows what was changed"),
            ) from None  # fmt: skip
        if not events:
            raise no_case(case_id)
        bodies = dict(store.execute("SELECT n, body FROM receipt WHERE case_id = ?", (case_id,)).fetchall())
        last_erasure = max((one.n for one in events if one.kind == "erased"), default=0)
        found = []
        for place, one in enumerate(events):
            if one.kind not in DECIDING or event not in (None, one.n):
                continue
            body = bodies.get(one.n)
            erased = body is None and one.n in bodies and last_erasure > one.n
            text = None if body is None else unpacked(body)
            found.append(make(store, _Decision(one, fold(events[: place + 1]), text, erased)))
    if not found:
        raise NotFoundError(f"案件 {case_id} 的事件 {event} 不是判定", f"event {event} of case {case_id} is no decision")
    return found


def _start(one: _Decision) -> tuple[Replayed, dict[str, Any] | None]:
    """Return what is known before anything is decided, and the receipt; None where there is none to go on with."""
    found = Replayed(one.event)
    if one.erased:
        found.verdict = ERASED
        return found, None
    if one.body is None:
        found.verdict = CHANGED
        found.why.append(Text("凭证不见了，或无法读取", "the receipt is missing, or cannot be read"))
        return found, None
    if digest(one.body) != found.digest:
        found.verdict = CHANGED
        found.why.append(Text("凭证被改动过: 摘要与事件所记不符", "the receipt was changed: its digest is not the one in the event"))
    try:
        kept = json.loads(one.body)
    except ValueError:
        kept = None
    return found, kept if isinstance(kept, dict) else None


def _again(store: Store, one: _Decision) -> Replayed:
    found, kept = _start(one)
    if kept is None:
        return found
    history = one.history
    try:
        flow, policy, held = pinned_flow(store, history.flow), pinned_policy(store, history.policy), policy_for(store, history)
    except StorageError as error:
        found.verdict = CHANGED
        found.why.append(error.text)
        return found
    hide = _hider(flow, history.facts, kept.get("facts"))
    policy = _figures(found, kept, history, policy, held)
    inputs = list(_inputs(kept, history, policy))
    if inputs and found.verdict == SAME:
        found.verdict = CHANGED
        found.why.append(Text("凭证的依据与事件不符", "what the receipt rests on is not what the events say"))
    new = _made(flow, policy, history, history.policy, history.flow)
    if isinstance(new, TmcsError):
        found.verdict = CHANGED if found.verdict == CHANGED else DIFFERS
        found.why.append(Text("无法重算: 依据不再被接受", "it cannot be made anew: what it rests on is refused"))
        return found
    if one.body == new.encode() and not inputs:
        return found
    _compare(found, kept, json.loads(new), hide)
    return found


def _figures(found: Replayed, kept: dict[str, Any], history: History, policy: Policy, held: Policy) -> Policy:
    """Return the policy with the figures that a receipt was made by: those of the day the case is held to.

    A receipt that does not say from when they hold was made by an earlier program, by those of the day of the decision.
    """
    if held.since is None or "since" in (kept.get("policy") or {}):
        return held
    if policy.on(date.fromisoformat(history.clock[:10])) is not held:
        found.why.append(Text(
            "由旧版程序判定: 用的是判定当日的数字，不是建案时的", "made by an earlier program: by the figures of its own day, not of the day it was opened"
        ))  # fmt: skip
    return policy


def _made(flow: Flow, policy: Policy, history: History, policy_name: str, flow_name: str) -> str | TmcsError:
    moment = datetime.fromisoformat(history.clock)
    try:
        result = decide(flow, policy, history.order, history.facts, history.sources, history.tier, moment)
    except (InputError, NotFoundError) as error:
        return error
    return receipt(result, policy_name, flow_name, history.order, history.facts, history.sources)


def _inputs(kept: dict[str, Any], history: History, policy: Policy) -> Iterator[str]:
    """Yield what a receipt was decided from that the events do not say."""
    documents = {key: (kept.get(key) or {}).get("digest") for key in ("policy", "flow")}
    said = {**documents, "clock": kept.get("clock"), **{key: kept.get(key) for key in ("tier", "order", "facts", "sources")}}
    for key, value in said.items():
        if value != getattr(history, key):
            yield key
    if (kept.get("policy") or {}).get("since") != policy.since:
        yield "since"


def _compare(found: Replayed, old: dict[str, Any], new: dict[str, Any], hide: Callable[[Any], Any]) -> None:
    """Say what differs between a receipt and the one made anew, and why."""
    paths = list(_paths(old, new))
    deep = [one for one in paths if one[0] not in _STAMPS]
    if found.verdict == SAME:
        found.verdict = DIFFERS if deep else SAME_RESULT
    stamps = _stamps(old, new)
    found.why += stamps
    if deep and not stamps and found.verdict == DIFFERS:
        found.why.append(Text(
            "程序与日历版本都相同: 程序被改动过而版本号未变", "program and calendar bear the same versions: the program was changed under the same version"
        ))  # fmt: skip
    found.differences += [(path, hide(was), hide(now)) for path, was, now in paths[:_MOST]]


def _stamps(old: dict[str, Any], new: dict[str, Any]) -> list[Text]:
    words = {"program": ("程序版本", "program version"), "calendar": ("日历版本", "calendar version")}
    found = []
    for key, (zh, en) in words.items():
        if old.get(key) != new.get(key):
            found.append(Text(f"{zh}: {old.get(key)} → {new.get(key)}", f"{en}: {old.get(key)} → {new.get(key)}"))
    return found


def _today(store: Store, one: _Decision, policy: Policy, load: Callable[[str], Flow]) -> Replayed:
    found, kept = _start(one)
    if kept is None:
        return found
    history = one.history
    try:
        flow = load(history.flow_id)
    except (InputError, NotFoundError) as error:
        found.verdict = DIFFERS
        found.why.append(error.text)
        return found
    found.why += _moved(store, history, flow, policy)
    held = policy.on(held_to(history))
    new = _made(flow, held, history, policy_digest(policy), flow_digest(flow))
    if isinstance(new, TmcsError):
        found.verdict = DIFFERS
        found.why.append(_safe(error=new, flow=flow, history=history))
        return found
    made = json.loads(new)
    found.why += _stamps(kept, made)
    old_result, new_result = kept.get("result") or {}, made["result"]
    paths = [
        (path, was, now) for path, was, now in _paths(old_result, new_result) if not path.startswith("policy.")
    ]  # fmt: skip
    hide = _hider(flow, history.facts, kept.get("facts"))
    found.differences = [(path, hide(was), hide(now)) for path, was, now in paths[:_MOST]]
    if found.verdict == SAME and one.body != new.encode():
        found.verdict = DIFFERS if paths else SAME_RESULT
    return found


def _safe(error: TmcsError, flow: Flow, history: History) -> Text:
    """Return an error's text without anybody's own words."""
    hide = _hider(flow, history.facts, None)
    return Text(str(hide(error.text.zh)), str(hide(error.text.en)))


def _moved(store: Store, history: History, flow: Flow, policy: Policy) -> list[Text]:
    """Return what changed in policy and flow since a case was pinned to them."""
    found = []
    for zh, en, now, name, pinned in (
        ("政策", "policy", policy, policy_digest(policy), history.policy), ("流程", "flow", flow, flow_digest(flow), history.flow),
    ):  # fmt: skip
        if name == pinned:
            continue
        old: Any
        new: Any
        try:
            if isinstance(now, Policy):
                old, new = policy_document(pinned_policy(store, pinned))["normal"]["data"], policy_document(now)["normal"]["data"]
            else:
                old, new = flow_document(pinned_flow(store, pinned)), flow_document(now)
        except StorageError as error:
            found.append(error.text)
            continue
        paths = [path for path, _, _ in _paths(old, new)]
        shown = ", ".join(paths[:8]) + (" …" if len(paths) > 8 else "")
        found.append(Text(f"{zh}改了 {len(paths)} 处: {shown}", f"{en} changed in {len(paths)} places: {shown}"))
    return found


def _hider(flow: Flow, *facts: Any) -> Callable[[Any], Any]:
    """Return what takes people's own words, phone numbers and mail addresses out of a value."""
    from tmcs.orders.privacy import mask_memo

    own = {
        str(value) for some in facts for name, value in (some or {}).items()
        if is_personal(flow.fact(name)) and name not in ("item", "tier") and value
    }  # fmt: skip
    words = sorted(own, key=len, reverse=True)

    def hide(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hide(one) for key, one in value.items()}
        if isinstance(value, list):
            return [hide(one) for one in value]
        if not isinstance(value, str):
            return value
        for word in words:
            value = value.replace(word, _HIDDEN)
        return mask_memo(value)

    return hide


def _paths(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield where two values differ, with both; None stands for what is not there."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _paths(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(old, list) and isinstance(new, list):
        for n in range(max(len(old), len(new))):
            one, other = (some[n] if n < len(some) else None for some in (old, new))
            yield from _paths(one, other, f"{path}[{n}]")
    elif old != new or type(old) is not type(new):
        yield path, old, new
