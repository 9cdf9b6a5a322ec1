"""The worklist: what becomes of each hit of a job (schema ``tmcs/worklist/1``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.core.chain import carry_over
from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.order import Order
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.resolve import resolve
from tmcs.jobs.hits import Context, Hit
from tmcs.orders.privacy import mask_account

SCHEMA: Final = "tmcs/worklist/1"
#: The group of hits that the selection or the graph lacks a fact for: they are listed, never dropped.
UNKNOWN: Final = "unknown"


class Item:
    """What becomes of one hit.

    Attributes:
        hit: the hit; ``group`` its group; ``call`` whether the customer is called.
        chain: the job's own decision and those of the flows it hands over to.
        skipped: why the customer is not called after all, ``(zh, en)``, or None.
    """

    __slots__ = ("call", "chain", "group", "hit", "skipped")

    def __init__(self, hit: Hit, group: str, call: bool, chain: list[Resolution]) -> None:
        self.hit = hit
        self.group = group
        self.call = call
        self.chain = chain
        self.skipped: tuple[str, str] | None = None

    @property
    def last(self) -> Resolution:
        """The decision that the hit ends with."""
        return self.chain[-1]

    def to_dict(self) -> dict[str, Any]:
        """Return the item as JSON: what to do, what to say, what to offer, which tasks go where."""
        said = [one.to_dict() for one in self.chain]
        found: dict[str, Any] = {
            "key": self.hit.key,
            "order": self.hit.tid,
            "customer": None if self.hit.customer is None else mask_account(self.hit.customer),
            "group": self.group,
            "call": self.call and self.skipped is None,
            "do": [step for one in said for step in one["steps"]],
            "say": _once([script for one in said for script in one["say"]], "moment"),
            "needs": said[-1]["needs"],
            "payouts": said[-1]["payouts"] if self.skipped is None else [],
            "refund": said[-1]["refund"],
            "tasks": _tasks(said),
            "deadlines": [deadline for one in said for deadline in one["deadlines"]],
            "flow": self.last.flow.id if len(self.chain) > 1 else None,
            "facts": {step["fact"]: step["value"] for one in said for step in one["path"] if step["from"] in ("set", "flow") and step["fact"]},
            "cites": list(dict.fromkeys(cite for one in said for step in one["path"] for cite in step["cites"])),
            "warnings": [warning for one in said for warning in one["warnings"]],
        }  # fmt: skip
        if self.skipped is not None:
            found["skipped"] = {"zh": self.skipped[0], "en": self.skipped[1]}
        return found


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


def decide(hit: Hit, context: Context) -> Item:
    """Return what becomes of a hit: its group by the job's graph, the rest by the flow that this hands over to."""
    job = context.job
    facts = dict(hit.facts)
    if job.files.facts is not None:
        facts |= {name: value for name, value in job.files.facts(hit, context).items() if value}
    known = None if hit.record is None else Order(hit.record)
    own = job.flow.settable()  # the rest is for the flow that the graph hands over to
    found = resolve(job.flow, known, {name: facts[name] for name in facts if name in own}, context.policy, context.now)
    chain = [found]
    group = _group(found) if hit.known else UNKNOWN
    if group in job.groups:
        chain += _follow(found, known, facts, context)
    call = group in job.groups and job.groups[group].call
    return Item(hit, group, call, chain)


def _group(found: Resolution) -> str:
    """Return the leaf at which the job's graph ended; a graph that lacks a fact ends at none."""
    if found.status != RESOLVED:
        return UNKNOWN
    own = found.flow.nodes
    return next((node.local for node, *_ in reversed(found.walked) if node.local in own and node.graph is found.flow), UNKNOWN)


def _follow(found: Resolution, order: Order | None, facts: dict[str, Any], context: Context) -> list[Resolution]:
    from tmcs.loader import load_flow

    if found.status != RESOLVED or found.next_flow is None:
        return []
    try:
        flow = load_flow(found.next_flow)
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
