"""Which flow, node, script or policy entry carries each rule of the handbook, and which rules nothing carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from tmcs import rulebook
from tmcs.core.flow import Flow, Graph
from tmcs.core.policy import Policy
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.jobs.definition import Job

#: The sections of the handling flows: every rule of theirs is carried, or stands as not executable with a reason.
HANDLING: Final = tuple(f"H{number:02d}" for number in range(1, 15))
#: Those of the proactive jobs.
PROACTIVE: Final = tuple(f"P{number:02d}" for number in range(1, 12))


class Carried:
    """One rule and what carries it.

    Attributes:
        rule: the rule's id.
        carriers: where it is cited: ``damage:photos``, ``damage:script damage-reported``, ``policy payouts.damage``,
            ``job-oversell:submit``, ``policy jobs.oversell.at``.
        excuse: why nothing can carry it out, or None.
    """

    __slots__ = ("carriers", "excuse", "rule")

    def __init__(self, rule: str, carriers: list[str], excuse: Text | None) -> None:
        self.rule = rule
        self.carriers = carriers
        self.excuse = excuse

    @property
    def missing(self) -> bool:
        """Whether nothing carries the rule and nobody says why."""
        return not self.carriers and self.excuse is None

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return {
            "rule": self.rule,
            "carriers": self.carriers,
            "not_executable": self.excuse.to_dict() if self.excuse else None,
        }


def _graph(graph: Graph, name: str) -> Iterator[tuple[str, str]]:
    for node, normal in graph.nodes.items():
        cites = [*normal["cite"], *(cite for _, _, step in (normal["fx"] or {}).get("do", ()) for cite in step)]
        for cite in cites:
            yield cite, f"{name}:{node}"
    for fact, definition in graph.facts.items():
        for cite in definition.cites:
            yield cite, f"{name}:fact {fact}"
    for table, normal in graph.tables.items():
        for cite in [*normal["cite"], *(cite for row in normal["rows"] for cite in row["cite"])]:
            yield cite, f"{name}:table {table}"
    for moment, script in graph.scripts.items():
        for cite in script["cite"]:
            yield cite, f"{name}:script {moment}"


def carriers(flows: Iterable[Flow], policy: Policy, jobs: Iterable[Job] = ()) -> dict[str, list[str]]:
    """Return what carries each rule and ruling that is cited anywhere, in the order met: flows, graphs of jobs, policy."""
    found: dict[str, dict[str, None]] = {}
    flows = [*flows, *(job.flow for job in jobs)]
    sources: list[Iterator[tuple[str, str]]] = [_graph(flow, flow.id) for flow in flows]
    if flows:
        sources.append(_graph(flows[0].common, "common"))
    sources.append(policy.citations())
    for source in sources:
        for cite, carrier in source:
            found.setdefault(cite, {})[carrier] = None
    return {cite: list(names) for cite, names in found.items()}


def trace(
    flows: Iterable[Flow], policy: Policy, sections: Iterable[str] = HANDLING, jobs: Iterable[Job] = ()
) -> list[Carried]:
    """Return every rule of the sections with what carries it."""
    flows, jobs = list(flows), list(jobs)
    found = carriers(flows, policy, jobs)
    reasons = [*(flow.not_executable for flow in flows), *(job.not_executable for job in jobs)]
    excuses = {rule: Text(*reason) for each in reasons for rule, reason in each.items()}
    return [
        Carried(rule.id, found.get(rule.id, []), excuses.get(rule.id))
        for section in sections
        for rule in rulebook.section(section).rules
    ]


def idle_excuses(rows: Iterable[Carried]) -> list[str]:
    """Return the rules that are called not executable although something carries them."""
    return [row.rule for row in rows if row.excuse is not None and row.carriers]
