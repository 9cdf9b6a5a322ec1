"""Parts of a decision on their own: one payout, one decision table. The same policy data that the flows call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.core.errors import unknown_word
from tmcs.core.facts import Fact
from tmcs.core.payout import Payout
from tmcs.core.policy import Policy

#: The fact that opens cash where the policy allows it.
DECLINES_COUPON: Final = "declines_coupon"


def _parse(policy: Policy, facts: Mapping[str, Any], valid: list[str]) -> dict[str, Any]:
    known = {}
    for name, text in facts.items():
        if name not in valid:
            raise unknown_word("事实", "fact", name, valid)
        known[name] = policy.facts[name].parse(text)
    return known


def payout_facts(policy: Policy, reason: str, now: datetime) -> list[str]:
    """Return the facts that a payout reason reads.

    Raises:
        InputError: there is no such reason.
    """
    found = policy.at(now).payout(reason)
    return list(dict.fromkeys([*found.needs, *found.facts, DECLINES_COUPON]))


def compute_payout(
    policy: Policy, reason: str, base: int, tier: str, facts: Mapping[str, Any], now: datetime
) -> Payout | list[Fact]:
    """Compute one payout.

    Args:
        policy: the figures.
        reason: a payout reason of the policy.
        base: the amount that the rates apply to, in fen.
        tier: the acting tier.
        facts: facts as ``--set`` writes them; any shared fact may be given.
        now: the day whose figures hold.

    Returns:
        The payout, or the facts that it still needs.

    Raises:
        InputError: reason, tier, fact or value is unknown.
    """
    snapshot = policy.at(now)
    found = snapshot.payout(reason)
    snapshot.tier_index(tier)
    known = _parse(policy, facts, list(policy.facts))
    missing = [policy.facts[name] for name in found.needs if name not in known]
    return missing or found.compute(base, tier, known)


class Decision:
    """What a decision table says: the result and its rules, or the fact to ask next."""

    __slots__ = ("cites", "missing", "result", "row")

    def __init__(self, result: str | None, row: str | None, cites: list[str], missing: Fact | None) -> None:
        self.result = result
        self.row = row
        self.cites = cites
        self.missing = missing


def decide(policy: Policy, table: str, facts: Mapping[str, Any], now: datetime) -> Decision:
    """Decide one table of the policy with the facts given.

    Args:
        policy: the figures.
        table: the table's name, e.g. ``disposal``.
        facts: its inputs as ``--set`` writes them; an input that cannot change the result may be left out.
        now: the day whose rules hold.

    Raises:
        InputError: a fact is no input of the table, or a value is unknown.
    """
    found = policy.at(now).table(table)
    known = _parse(policy, facts, list(found.inputs))
    row, missing = found.decide(tuple(known.get(name) for name in found.inputs))
    if row is None:
        assert missing is not None
        return Decision(None, None, [], policy.facts[missing])
    return Decision(row.result, row.name, row.cites or found.cites, None)
