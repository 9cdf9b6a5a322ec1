"""A case is its facts: what its events say, folded in order. Nothing else is state."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

#: Every kind of event, with its name in words.
KINDS: Final[dict[str, tuple[str, str]]] = {
    "opened": ("建案", "opened"),
    "fact-learnt": ("得知事实", "fact learnt"),
    "moved-on": ("转入后续流程", "went on in the next flow"),
    "moved-policy": ("改用新版政策", "moved to another policy"),
    "kept-policy": ("保留原版政策", "kept under its policy"),
    "promised": ("作出承诺", "promised"),
    "kept": ("承诺已兑现", "promise kept"),
    "withdrawn": ("撤回", "withdrawn"),
    "asked": ("申请审批", "asked for approval"),
    "approved": ("批准", "approved"),
    "rejected": ("驳回", "rejected"),
    "paid": ("已赔付", "paid"),
    "taken": ("领取任务", "taken"),
    "released": ("退回任务", "released"),
    "handed-over": ("转交任务", "handed over"),
    "done": ("完成任务", "done"),
    "paused": ("暂停计时", "paused"),
    "resumed": ("恢复计时", "resumed"),
    "noted": ("备注", "noted"),
    "revealed": ("查看个人信息", "personal data revealed"),
    "erased": ("删除个人信息", "personal data erased"),
    "closed": ("结案", "closed"),
    "reopened": ("重新打开", "reopened"),
}

#: The kinds that a decision follows.
DECIDING: Final = frozenset({"opened", "fact-learnt", "moved-on", "moved-policy"})


class Event:
    """One event of a case.

    Attributes:
        n: its place in the case, from 1.
        at: when, ISO 8601; ``kind`` one of :data:`KINDS`; ``agent`` and ``tier`` who.
        data: what is hashed with it; of a decision also the order, without the person.
        private: its personal part (reason, note, text facts); ``{}`` where there is none or it was erased.
        erased: whether it had a personal part that was erased.
    """

    __slots__ = ("agent", "at", "data", "erased", "kind", "n", "private", "tier")

    def __init__(self, n: int, at: str, kind: str, agent: str, tier: str, data: str, private: str | None, erased: bool) -> None:
        self.n = n
        self.at = at
        self.kind = kind
        self.agent = agent
        self.tier = tier
        self.data: dict[str, Any] = json.loads(data)
        self.private: dict[str, Any] = json.loads(private) if private else {}
        self.erased = erased

    @property
    def why(self) -> str | None:
        """Why, in the agent's words."""
        return self.private.get("why")


class Stage:
    """A flow that a case has gone through, as of the last decision in it; the attributes are those of :class:`History`."""

    __slots__ = ("clock", "facts", "flow", "on", "order", "policy", "sources", "tier")

    def __init__(self, history: History) -> None:
        self.flow = history.flow
        self.policy = history.policy
        self.on = history.on
        self.facts = dict(history.facts)
        self.sources = dict(history.sources)
        self.order = history.order
        self.tier = history.tier
        self.clock = history.clock


class History:
    """What the events of a case add up to.

    Attributes:
        flow: the digest of the flow it is in; ``flow_id`` its name; ``policy`` the digest of the policy it is pinned to.
        on: the day (ISO 8601, Asia/Shanghai) whose figures of that policy hold for it: when it was opened, or moved to it.
        stages: the flows it has gone through, the present one last.
        earlier: those before it, each as of its last decision.
        facts, sources: what is known and who supplied it.
        given: all that was given in any of its flows, with who supplied it: ``{fact: (value, source)}``.
        order: the order as of the last decision (without the person), or None.
        tier: the highest tier that has decided on it.
        clock: when it was last decided.
        decided: the event of the last decision.
        paused: since when its time stands still (ISO 8601), and for whom; None where it runs.
        closed: whether it is closed.
        kept: whether somebody said that it stays under its policy, whatever other cases are moved to.
    """

    __slots__ = (
        "clock", "closed", "decided", "earlier", "facts", "flow", "flow_id", "given", "kept", "on", "order", "paused", "policy",
        "sources", "stages", "tier",
    )  # fmt: skip

    def __init__(self) -> None:
        self.flow = self.flow_id = self.policy = self.on = self.tier = self.clock = ""
        self.stages: list[str] = []
        self.earlier: list[Stage] = []
        self.given: dict[str, tuple[str, str]] = {}
        self.facts: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.order: dict[str, Any] | None = None
        self.decided = 0
        self.paused: tuple[str, str] | None = None
        self.closed = False
        self.kept = False


def fold(events: Iterable[Event]) -> History:
    """Return what events add up to, oldest first."""
    history = History()
    for event in events:
        data = event.data
        if event.kind in DECIDING:
            _decide(history, event)
        elif event.kind == "paused":
            history.paused = (event.at, data.get("for", ""))
        elif event.kind == "resumed":
            history.paused = None
        elif event.kind == "closed":
            history.closed, history.paused = True, None
        elif event.kind == "reopened":
            history.closed = False
        elif event.kind == "kept-policy":
            history.kept = True
    return history


def _decide(history: History, event: Event) -> None:
    data = event.data
    if event.kind == "moved-policy":
        history.kept = False
    if "policy" in data:  # of an opening, or of a move to another version
        history.policy, history.on = data["policy"], event.at[:10]
    if event.kind == "moved-on":
        history.earlier.append(Stage(history))
    if "flow" in data:
        history.flow, history.flow_id = data["flow"], data["flow_id"]
        history.stages.append(data["flow_id"])
    given = {**data.get("facts", {}), **event.private.get("facts", {})}
    if event.kind == "moved-on":  # only what the next flow reads goes along
        history.facts, history.sources = {}, {}
    history.facts.update(given)
    history.sources.update(data.get("sources", {}))
    by = data.get("sources", {})
    later = event.private.get("later", {})  # what only a following flow reads
    history.given.update({name: (value, by.get(name, "set")) for name, value in {**given, **later}.items()})
    for name in data.get("unset", ()):
        for known in (history.facts, history.sources, history.given):
            known.pop(name, None)
    if "order" in data:
        history.order = data["order"]
    history.tier = data["tier"]
    history.clock = event.at
    history.decided = event.n
