"""Going on in the next flow with what is known: the chain of resolutions of one case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tmcs.core.flow import GRANTED, Flow
from tmcs.core.money import format_money
from tmcs.core.resolution import Resolution

SCHEMA: Final = "tmcs/resolutions/1"


def _granted(found: Resolution) -> str | None:
    """Return the amount that a resolution grants: what is paid back besides goods, else the refund."""
    amounts = [payout.max for payout in found.payouts if payout.kind == "reimbursement"]
    amount = sum(amounts) if amounts else found.amount
    return None if amount is None else format_money(amount)


def carry_over(
    found: Resolution, following: Flow, facts: Mapping[str, Any], sources: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the facts, and who gave each, with which a case goes on in the next flow.

    Args:
        found: the resolution that names the next flow.
        following: that flow.
        facts: every fact given so far, also those that only a later flow reads.
        sources: who gave each.
    """
    settable = following.settable()
    granted = _granted(found)
    kept = {name: value for name, value in facts.items() if name in settable or name in ("tier", "item")}
    given = {name: value for name, value in found.carried().items() if name in settable}
    if granted is not None and GRANTED in settable:
        given[GRANTED] = granted
    return kept | given, {**{name: sources.get(name, "set") for name in kept}, **dict.fromkeys(given, "flow")}


def chain_dict(chain: list[Resolution]) -> dict[str, Any]:
    """Return a chain as JSON (schema ``tmcs/resolutions/1``)."""
    return {"schema": SCHEMA, "chain": [one.to_dict() for one in chain]}
