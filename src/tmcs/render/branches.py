"""The answers to a question in words: values, results of tables, intervals with the policy's limits."""

from __future__ import annotations

from typing import Any, Final

from tmcs.core.check_report import figures
from tmcs.core.policy import Snapshot
from tmcs.core.program import Node
from tmcs.render.words import say

_SIGNS: Final = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "=": "="}
_SECTIONS: Final = {"route": "routes", "payout_form": "forms", "payout_offer": "offers"}
#: What the completion branches on besides the contract's words.
_SYSTEM: Final = {
    "none": ("无", "none"), "own": ("流程自办", "the flow's own"), "said": ("话术已讲", "told already"),
    "said-unasked": ("话术已主动提出", "offered already"), "said-on-request": ("话术已讲", "told already"),
    "no-authority": ("本层级无权", "beyond the tier"),
}  # fmt: skip


def value_words(node: Node, fact: str, value: Any, snapshot: Snapshot, lang: str) -> str:
    """Return one answer to a node's question, or to an input of its table, in words."""
    if node.table is not None and node.fact == fact and value in node.table.values:
        return str(node.table.values[value][lang == "en"])
    if fact == "tier":
        return snapshot.tier_labels[value][lang == "en"]
    definition = node.fact_def if node.fact == fact else None
    if definition is not None:
        return definition.words(value, lang)
    if fact in _SECTIONS:
        return _SYSTEM[value][lang == "en"] if value in _SYSTEM else say(_SECTIONS[fact], value, lang)
    return str(value)


def range_words(node: Node, number: int, snapshot: Snapshot, lang: str) -> str:
    """Return an interval of a node's question in words: ``> 20.00 且 ≤ 48.00``."""
    said = []
    limits = figures(snapshot)["limits"]
    for operator, operand in node.graph.nodes[node.local]["ranges"][number][0]:
        limit = limits[operand[1:]]["value"] if operand.startswith("$") else operand
        said.append(f"{_SIGNS[operator]} {limit}")
    return (" 且 " if lang == "zh" else " and ").join(said)
