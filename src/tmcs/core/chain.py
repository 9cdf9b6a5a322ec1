"""Going on in the next flow with what is known: the chain of resolutions of one case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tmcs.core.flow import Flow
from tmcs.core.resolution import Resolution

SCHEMA: Final = "tmcs/resolutions/1"


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
    kept = {name: value for name, value in facts.items() if name in settable or name in ("tier", "item")}
    given = {name: value for name, value in found.carried().items() if name in settable}
    return kept | given, {**{name: sources.get(name, "set") for name in kept}, **dict.fromkeys(given, "flow")}


def chain_dict(chain: list[Resolution]) -> dict[str, Any]:
    """Return a chain as JSON (schema ``tmcs/resolutions/1``)."""
    return {"schema": SCHEMA, "chain": [one.to_dict() for one in chain]}
