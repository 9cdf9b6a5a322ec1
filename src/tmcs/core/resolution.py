"""The resolution: the one output of a decision. A plain value; texts are filled in when they are read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.facts import Fact
from tmcs.core.fill import Values, fill
from tmcs.core.money import format_money
from tmcs.core.payout import Payout
from tmcs.core.policy import Deadline, Snapshot

if TYPE_CHECKING:
    from tmcs.core.flow import Flow
    from tmcs.core.order import Line, Order
    from tmcs.core.program import Effects, Node

SCHEMA: Final = "tmcs/resolution/1"

RESOLVED: Final = "resolved"
NEEDS_FACTS: Final = "needs-facts"
WAITING: Final = "waiting"


#: A step as the walk notes it, before anybody reads it: node, fact, value, source, cites.
Walked = tuple["Node", str | None, Any, str, list[str]]


class Step:
    """One node that was walked: the fact it asked, its value and who supplied it."""

    __slots__ = ("cites", "fact", "node", "source", "value")

    def __init__(self, node: Node, fact: str | None, value: Any, source: str, cites: list[str]) -> None:
        self.node = node
        self.fact = fact
        self.value = value
        self.source = source
        self.cites = cites


class Resolution:
    """What a desk does about one order problem.

    Attributes:
        status: resolved, needs-facts or waiting.
        outcome: an outcome of contract/flows.yaml; None while the status is not resolved.
        route, amount: refund route and its amount in fen (None where it is fixed later); route None without a refund.
        goods: none, pickup, write-off or with-courier; None while open.
        payouts: what may be paid besides.
        needs: the facts to ask, the next one first.
        waits: ``(party, fact, due day or None)``.
        tasks: ``(queue, text, due day or None)``.
        deadlines: ``(deadline, due day, certainty)``.
        next_flow: the flow the case continues in, or None.
        counted: whether working days were counted, so that it rests on the working calendar.
        walked: the nodes walked, bare; :attr:`path` gives them as steps.
        warnings: ``(code, zh, en)``.
    """

    __slots__ = (
        "amount", "counted", "deadlines", "effects", "flow", "goods", "known", "line", "needs", "next_flow", "now", "order",
        "outcome", "payouts", "route", "snapshot", "status", "tables", "tasks", "tier", "waits", "walked",
        "warnings",
    )  # fmt: skip

    flow: Flow
    order: Order | None
    line: Line | None
    now: datetime
    snapshot: Snapshot
    tier: str
    status: str
    outcome: str | None
    route: str | None
    amount: int | None
    goods: str | None
    payouts: list[Payout]
    needs: list[Fact]
    waits: list[tuple[str, str, date | None]]
    tasks: list[tuple[str, list[str], date | None]]
    deadlines: list[tuple[Deadline, date, str]]
    counted: bool
    next_flow: str | None
    effects: list[Effects]
    walked: list[Walked]
    known: dict[str, Any]
    tables: Mapping[str, Any]
    warnings: list[tuple[str, str, str]]

    @property
    def path(self) -> list[Step]:
        """The nodes walked, in order."""
        return [Step(*one) for one in self.walked]

    @property
    def item(self) -> str | None:
        """The SKU of the line concerned, or None."""
        return None if self.line is None else self.known.get("item") or self.line.sku

    def values(self, lang: str) -> Values:
        """Return the values that placeholders are filled with, in words of ``lang``."""
        return Values(self, lang)

    def _both(self, texts: list[str]) -> dict[str, str]:
        return {"zh": fill(texts[0], self.values("zh")), "en": fill(texts[1], self.values("en"))}

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What the agent does, in order: ``{"text": {zh, en}, "cites": […]}``."""
        return [
            {"text": self._both(text), "cites": list(cites)} for fx in self.effects for text, cites in fx.steps
        ]

    @property
    def say(self) -> list[dict[str, Any]]:
        """The words to say, in order: ``{"moment", "text": {zh, en}, "cites"}``. Each moment stands once."""
        said: dict[str, dict[str, Any]] = {}
        scripts = [script for fx in self.effects for script in fx.say]
        # Words that end a call come after whatever the completion adds.
        for script in sorted(scripts, key=lambda one: one.last):
            if script.moment not in said:
                said[script.moment] = {
                    "moment": script.moment,
                    "text": script_text(script.text, script.otherwise, self),
                    "cites": list(script.cites),
                }
        return list(said.values())

    def carried(self) -> dict[str, str]:
        """Return the facts that the following flow is given by this one; what was said first holds."""
        facts: dict[str, str] = {}
        for fx in self.effects:
            facts = fx.next_sets | facts
        return facts

    def moments(self) -> dict[str, list[str]]:
        """Return when each script is said, ``{moment: [zh, en]}``."""
        return {script.moment: script.when or ["", ""] for fx in self.effects for script in fx.say}

    def to_dict(self) -> dict[str, Any]:
        """Return the resolution as JSON (schema ``tmcs/resolution/1``)."""
        refund = None
        if self.route is not None:
            amount = None if self.amount is None else format_money(self.amount)
            refund = {"route": self.route, "amount": amount}
        return {
            "schema": SCHEMA,
            "flow": self.flow.id,
            "order": self.order.tid if self.order else None,
            "item": self.item,
            "tier": self.tier,
            "status": self.status,
            "outcome": self.outcome,
            "refund": refund,
            "goods": self.goods,
            "payouts": [payout.to_dict() for payout in self.payouts],
            "needs": [self._need(fact) for fact in self.needs],
            "waits": [{"on": on, "fact": fact, "due": due and due.isoformat()} for on, fact, due in self.waits],
            "steps": self.steps,
            "say": self.say,
            "tasks": [
                {"queue": queue, "text": self._both(text), "due": due and due.isoformat()}
                for queue, text, due in self.tasks
            ],
            "deadlines": [_deadline(deadline, day, sure) for deadline, day, sure in self.deadlines],
            "next_flow": self.next_flow,
            "path": [self._step(step) for step in self.path],
            "warnings": [{"code": code, "text": {"zh": zh, "en": en}} for code, zh, en in self.warnings],
            "policy": self.snapshot.policy.to_dict(),
            "now": self.now.isoformat(timespec="seconds"),
        }

    def _need(self, fact: Fact) -> dict[str, Any]:
        choices: list[str] = list(fact.values)
        if fact.name == "item" and self.order is not None:
            choices = self.order.skus
        return {
            "fact": fact.name,
            "type": fact.type,
            "choices": choices,
            "ask": {"zh": fact.ask[0], "en": fact.ask[1]},
        }

    def _step(self, step: Step) -> dict[str, Any]:
        value = step.value
        if value is not None and step.fact is not None:
            definition = self.flow.fact(step.fact)
            value = definition.write(value) if definition else str(value)
        return {
            "node": step.node.name,
            "fact": step.fact,
            "value": value,
            "from": step.source,
            "cites": list(step.cites),
        }


def script_text(text: list[str], otherwise: list[str] | None, resolution: Resolution) -> dict[str, str]:
    """Return a script's text in both languages; its ``otherwise`` where a placeholder has no value yet."""
    if otherwise is not None and not all(resolution.values("zh").has(name) for name in placeholders(text[0])):
        text = otherwise
    return {"zh": fill(text[0], resolution.values("zh")), "en": fill(text[1], resolution.values("en"))}


def placeholders(text: str) -> list[str]:
    """Return the names of a text's placeholders."""
    from tmcs.core.fill import names

    return names(text)


def _deadline(deadline: Deadline, day: date, sure: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": deadline.id,
        "due": day.isoformat(),
        "rule": deadline.rule[1],
        "cites": list(deadline.cites),
    }
    if sure == "estimated":
        found["estimated"] = True
    return found
