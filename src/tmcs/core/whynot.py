"""Why not: what another answer to a question on the path would have led to, found by deciding again with it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tmcs.core.errors import TmcsError
from tmcs.core.program import Node, Program, program
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.resolve import resolve


class Otherwise(NamedTuple):
    """Answers that would have led elsewhere.

    Attributes:
        step: the number of the step on the path, from 0.
        node: the node that asks.
        fact: the fact.
        values: the answers, all with the same result: values of a choice; for a number ``("range", n)``, the node's
            n-th interval, or one number of those that a table treats alike.
        result: what they lead to.
    """

    step: int
    node: Node
    fact: str
    values: tuple[Any, ...]
    result: Resolution


def why_not(found: Resolution) -> list[Otherwise]:
    """Return, step by step, the answers that would have led elsewhere; everything else stays as it was answered."""
    linked = program(found.flow, found.snapshot)
    facts = _given(found, linked)
    present = _sign(found)
    others: list[Otherwise] = []
    seen: set[str] = set()
    for number, step in enumerate(found.path):
        fact = step.fact
        if fact is None or fact in seen or step.source in ("table", "flow"):
            continue
        seen.add(fact)
        groups: dict[Any, tuple[list[Any], Resolution]] = {}
        for name, value in _answers(linked, step.node, fact, step.value):
            result = _again(found, {**facts, fact: value})
            if result is not None and (sign := _sign(result)) != present:
                groups.setdefault(sign, ([], result))[0].append(name)
        others += [Otherwise(number, step.node, fact, tuple(names), result) for names, result in groups.values()]
    return others


def _given(found: Resolution, linked: Program) -> dict[str, str]:
    """Return the facts of a resolution as `--set` takes them; what a jump sets it sets again."""
    by_flow = {fact for node in linked.nodes.values() for fact in node.sets}
    by_flow &= {step.fact for step in found.path if step.source == "flow"}
    facts = {
        name: linked.facts[name].write(value)
        for name, value in found.known.items()
        if name in linked.facts and name not in by_flow and linked.facts[name].area is None
    }
    if found.known.get("item"):
        facts["item"] = found.known["item"]
    return {**facts, "tier": found.tier}


def _answers(linked: Program, node: Node, fact: str, present: Any) -> list[tuple[Any, str]]:
    """Return the other answers to a question: what they are called, and a value as `--set` takes it."""
    if fact == "tier":
        return [(tier, tier) for tier in linked.snapshot.tiers if tier != present]
    definition = linked.facts.get(fact)
    if definition is None:
        return []
    if definition.values:
        return [(value, value) for value in definition.values if value != present]
    if node.fact == fact and node.ranges:
        found: list[tuple[Any, str]] = []
        for number, (low, high, _) in enumerate(node.ranges):
            if high >= 0 and (present is None or not low <= present <= high):
                found.append((("range", number), definition.write(int(max(low, 0)))))
        return found
    if node.table is not None and fact in node.table.inputs:
        return [(value, definition.write(value)) for value in _unlike(node, fact, present)]
    return []


def _unlike(node: Node, fact: str, present: Any) -> list[Any]:
    """Return one number of each interval that a node's table tells apart from the present one."""
    assert node.table is not None
    tests = [test for row in node.table.rows for name, test in row.tests if name == fact]
    signs: dict[Any, Any] = {}
    for value in node.table.domains[fact]:
        signs.setdefault(tuple([test(value) for test in tests]), value)
    if present is not None:
        signs.pop(tuple([test(present) for test in tests]), None)
    return list(signs.values())


def _again(found: Resolution, facts: dict[str, str]) -> Resolution | None:
    try:
        return resolve(found.flow, found.order, facts, found.snapshot.policy, found.now)
    except (TmcsError, LookupError):  # an answer that does not fit the others
        return None


def _sign(found: Resolution) -> tuple[Any, ...]:
    """Return what a person would call the answer: status, outcome, refund, goods, payout, whom it waits on, what is asked."""
    settled = found.status == RESOLVED
    return (
        found.status,
        found.outcome,
        found.route,
        found.goods if settled else None,
        tuple([(payout.reason, payout.form) for payout in found.payouts]),
        found.next_flow if settled else None,
        tuple([on for on, _, _ in found.waits]),
        found.needs[0].name if found.needs else None,
    )
