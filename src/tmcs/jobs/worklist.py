"""The worklist: what becomes of each hit of a job (schema ``tmcs/worklist/1``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.core.chain import carry_over
from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.order import Order
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, WAITING, Resolution
from tmcs.core.resolve import resolve
from tmcs.jobs.hits import Context, Hit
from tmcs.jobs.select import open_fields
from tmcs.orders.privacy import mask_account

SCHEMA: Final = "tmcs/worklist/1"
#: The group of hits that the selection or the graph lacks a fact for: they are listed, never dropped.
UNKNOWN: Final = "unknown"
#: The fields that a selection can ask of, in words.
LABELS: Final = {
    "status": ("订单状态", "status"), "created": ("下单时间", "time of the order"), "pay_time": ("付款时间", "time of payment"),
    "consign_time": ("发货时间", "time of dispatch"), "sign_time": ("签收时间", "time of signature"), "end_time": ("交易结束时间", "end of the trade"),
    "lbx": ("LBX 号（有或没有）", "LBX number (or that there is none)"),
}  # fmt: skip


class Item:
    """What becomes of one hit.

    Attributes:
        hit: the hit; ``group`` its group; ``call`` whether the customer is called.
        chain: the job's own decision and those of the flows it hands over to.
        lacks: the fields of the order that the selection asks of and the book does not know.
        answers: where the flow asks the customer something, what follows from each answer: ``(fact, value, resolution)``.
        skipped: why the customer is not called after all, ``(zh, en)``, or None.
        offered: the payouts that an earlier call has offered, with its day and job: each is offered once (C119).
    """

    __slots__ = ("answers", "call", "chain", "group", "hit", "lacks", "offered", "skipped")

    def __init__(
        self, hit: Hit, group: str, call: bool, chain: list[Resolution], lacks: list[str],
        answers: list[tuple[str, str, Resolution]],
    ) -> None:  # fmt: skip
        self.hit = hit
        self.group = group
        self.call = call
        self.chain = chain
        self.lacks = lacks
        self.answers = answers
        self.skipped = hit.left if call else None
        self.offered: dict[str, tuple[str, str]] = {}

    @property
    def last(self) -> Resolution:
        """The decision that the hit ends with."""
        return self.chain[-1]

    @property
    def calls(self) -> bool:
        """Whether the customer of an order is called, as far as the job itself can tell."""
        return self.call and self.skipped is None and self.hit.tid is not None

    def payouts(self) -> list[dict[str, Any]]:
        """Return the payouts that follow, whatever the customer answers."""
        known = [payout.to_dict() for payout in self.last.payouts]
        return known or _in_each([[payout.to_dict() for payout in one.payouts] for _, _, one in self.answers])

    def offers(self) -> list[str]:
        """Return the reasons of the payouts that the call offers unasked."""
        return [payout["reason"] for payout in self.payouts() if payout["offer"] == "unasked"]

    def to_dict(self) -> dict[str, Any]:
        """Return the item as JSON: what to do, what to say, what to offer, which tasks go where."""
        said = [one.to_dict() for one in self.chain]
        doing = said if self.hit.known else []  # whether the job concerns the order at all is open: it is only asked about
        answers = [_answer(fact, value, one.to_dict(), said[-1]) for fact, value, one in self.answers]
        offers = [one for one in self.payouts() if one["reason"] not in self.offered] if self.skipped is None else []
        steps = [step for one in doing for step in one["steps"]]
        needs = [_missing(field) for field in self.lacks] or [*said[-1]["needs"], *_awaited(self.last)]
        found: dict[str, Any] = {
            "key": self.hit.key,
            "order": self.hit.tid,
            "customer": None if self.hit.customer is None else mask_account(self.hit.customer),
            "group": self.group,
            "call": self.call and self.skipped is None,
            "do": _in_words(steps) or _in_words([{"text": need["ask"]} for need in needs]) or dict.fromkeys(("zh", "en"), ""),
            "steps": steps,
            "say": _once([script for one in doing for script in one["say"]], "moment"),
            "needs": needs,
            "answers": answers if self.skipped is None else [],
            "payouts": offers,
            "refund": said[-1]["refund"],
            "tasks": _tasks(doing),
            "deadlines": [deadline for one in doing for deadline in one["deadlines"]],
            "flow": self.last.flow.id if len(self.chain) > 1 else None,
            "facts": {step["fact"]: step["value"] for one in said for step in one["path"] if step["from"] in ("set", "flow") and step["fact"]},
            "cites": _cites(said),
            "warnings": [warning for one in said for warning in one["warnings"]],
        }  # fmt: skip
        again = [one["reason"] for one in self.payouts() if one["reason"] in self.offered]
        if again:
            found["offered"] = [{"reason": reason, "day": self.offered[reason][0], "job": self.offered[reason][1]} for reason in again]
        if self.skipped is not None:
            found["skipped"] = {"zh": self.skipped[0], "en": self.skipped[1]}
        return found


def _in_words(steps: list[dict[str, Any]]) -> dict[str, str] | None:
    """Return what is to be done as one text, a line a step; None where there is nothing."""
    return {lang: "\n".join(step["text"][lang] for step in steps) for lang in ("zh", "en")} if steps else None


def _once(things: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for thing in things:
        found.setdefault(thing[key], thing)
    return list(found.values())


def _tasks(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in said:
        found += [task for task in one["tasks"] if task not in found]
    return found


def _answer(fact: str, value: str, said: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return what follows from one answer of the customer, without what was said and done before it."""
    return {
        "set": {fact: value},
        "status": said["status"],
        "outcome": said["outcome"],
        "steps": [step for step in said["steps"] if step not in before["steps"]],
        "say": [script for script in said["say"] if script not in before["say"]],
        "needs": said["needs"],
        "payouts": said["payouts"],
        "refund": said["refund"],
        "tasks": [task for task in said["tasks"] if task not in before["tasks"]],
        "cites": _cites([said]),
    }  # fmt: skip


def _cites(said: list[dict[str, Any]]) -> list[str]:
    """Return the rules behind what is decided and what is to be done."""
    return list(dict.fromkeys(cite for one in said for step in (*one["path"], *one["steps"]) for cite in step["cites"]))


def _in_each(payouts: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the payouts that are offered whatever the customer answers."""
    return [one for one in payouts[0] if all(one in others for others in payouts)] if payouts else []


def _missing(field: str) -> dict[str, Any]:
    zh, en = LABELS[field]
    return {"fact": field, "type": "text", "choices": [], "ask": {"zh": f"订单册里没有{zh}，请查明", "en": f"the order book lacks the {en}: look it up"}}


def _awaited(found: Resolution) -> list[dict[str, Any]]:
    """Return what another party is to be asked, in the form of a need that names the party."""
    if found.status != WAITING:
        return []
    needs = []
    for party, name, due in found.waits:
        fact = found.flow.fact(name)
        if fact is not None:
            ask = {"zh": fact.ask[0], "en": fact.ask[1]}
            needs.append({"fact": name, "type": fact.type, "choices": list(fact.values), "ask": ask, "on": party, "due": due and due.isoformat()})
    return needs


def decide(hit: Hit, context: Context) -> Item:
    """Return what becomes of a hit: its group by the job's graph, the rest by the flow that this hands over to."""
    job = context.job
    facts = dict(hit.facts)
    if job.files.facts is not None:
        facts |= {name: value for name, value in job.files.facts(hit, context).items() if value}
    hit.facts = facts
    known = None if hit.record is None else Order(hit.record)
    own = job.flow.settable()  # the rest is for the flow that the graph hands over to
    found = resolve(job.flow, known, {name: facts[name] for name in facts if name in own}, context.policy, context.now)
    chain = [found]
    group = _group(found) if hit.known else UNKNOWN
    if group in job.groups:
        chain += _follow(found, known, facts, context)
    call = group in job.groups and job.groups[group].call
    lacks = []
    if not hit.known and job.condition is not None and hit.record is not None:
        lacks = open_fields(job.condition, hit.record, job.params(context.snapshot, context.now, context.span))
    return Item(hit, group, call, chain, lacks, _answers(chain, known, facts, context))


def _group(found: Resolution) -> str:
    """Return the leaf at which the job's graph ended; a graph that lacks a fact ends at none."""
    if found.status != RESOLVED:
        return UNKNOWN
    own = found.flow.nodes
    return next((node.local for node, *_ in reversed(found.walked) if node.local in own and node.graph is found.flow), UNKNOWN)


def _answers(chain: list[Resolution], order: Order | None, facts: dict[str, Any], context: Context) -> list[tuple[str, str, Resolution]]:
    """Return what follows from each answer to what the customer is asked first: the call is prepared for all of them."""
    last = chain[-1]
    if len(chain) < 2 or last.status != NEEDS_FACTS or last.needs[0].source != "agent" or not last.needs[0].values:
        return []
    fact = last.needs[0].name
    given, sources = carry_over(chain[-2], last.flow, facts, dict.fromkeys(facts, "set"))
    return [
        (fact, value, resolve(last.flow, order, given | {fact: value}, context.policy, context.now, sources=sources | {fact: "set"}))
        for value in last.needs[0].values
    ]


def _follow(found: Resolution, order: Order | None, facts: dict[str, Any], context: Context) -> list[Resolution]:
    from tmcs.loader import load_flow

    if found.status != RESOLVED or found.next_flow is None:
        return []
    try:
        flow = load_flow(found.next_flow, policy=context.policy)
    except (InputError, NotFoundError):
        return []  # it is not installed or fails: the item names it, and `tmcs plugin list` says why
    facts, sources = carry_over(found, flow, facts, dict.fromkeys(facts, "set"))
    # One flow only: where that one leads is for the agent, who has the customer on the line.
    return [resolve(flow, order, facts, context.policy, context.now, sources=sources)]


def worklist(
    context: Context, counts: Mapping[str, int], items: list[dict[str, Any]], figures: dict[str, Any], report: str | None,
    due: datetime | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the worklist of a run as JSON."""
    start, end = context.span
    return {
        "schema": SCHEMA,
        "job": context.job.id,
        "now": context.now.isoformat(timespec="seconds"),
        "window": {"from": start.isoformat(timespec="seconds"), "to": end.isoformat(timespec="seconds")},
        "counts": {**dict.fromkeys(context.job.groups, 0), **counts},
        **({"figures": figures} if figures else {}),
        "items": items,
        "report": {"file": report, "due": None if due is None else due.isoformat(timespec="seconds")},
    }
