"""The static check of a flow: every word known, every path walked, every end decided for real.

Pure: sources (parsed files with their places), rule ids and flow ids are handed in; :mod:`tmcs.flowcheck` reads them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from tmcs.core.check_ends import EndCheck
from tmcs.core.check_names import NameCheck
from tmcs.core.check_report import POLICY, CheckReport, Faults, branch_key, range_key
from tmcs.core.check_tables import check_figures, check_table, points
from tmcs.core.end_cases import EndCases
from tmcs.core.errors import TmcsError
from tmcs.core.flow import Flow
from tmcs.core.flow_reader import targets
from tmcs.core.order import SHANGHAI
from tmcs.core.policy import Policy
from tmcs.core.program import Node, Program, program
from tmcs.core.source import Path, Source
from tmcs.core.walk import Branch, Walk, branches_of, find_loops, reachable

__all__ = ["POLICY", "CheckReport", "check_flow", "check_policy"]

_NOON: Final = "T12:00:00+08:00"
_TODAY: Final = "2026-11-23"


def moments(policy: Policy) -> list[datetime]:
    """Return a moment in each interval between two changes of the policy."""
    days = policy._days or [_TODAY]
    return [datetime.fromisoformat(day + _NOON).astimezone(SHANGHAI) for day in days]


def check_flow(
    flow: Flow,
    policy: Policy,
    *,
    rule_ids: Collection[str],
    flow_ids: Collection[str] | None = None,
    sources: Mapping[str, Source] | None = None,
) -> CheckReport:
    """Walk every path of a flow, guard and completion included, and report every fault at once.

    Args:
        flow: the flow, with the flows it goes on in.
        policy: the figures; each version of a policy that changes over time is checked.
        rule_ids: the rules and rulings that may be cited.
        flow_ids: the flows that a case may continue in; default those installed and this flow's own.
        sources: the parsed files, which give findings their places: the graph under the flow id, its scripts under
            ``id/scripts``, those of the flows it jumps to and of ``common`` likewise.

    Returns:
        The report: paths, combinations, nodes and outcomes reached, findings. A flow whose words are not all known, or
        which has a loop, is not walked.
    """
    report = CheckReport(flow.id)
    faults = Faults(sources or {})
    flows = flow_ids if flow_ids is not None else {*(flow.installed or ()), *flow.targets, *flow.nexts, flow.id}
    for moment in moments(policy):
        _check_at(flow, policy, moment, (rule_ids, flows), faults, report)
    report.findings = faults.sorted()
    return report


def check_policy(policy: Policy, *, rule_ids: Collection[str], source: Source | None = None) -> CheckReport:
    """Check the policy: every combination of its tables, every payout at every tier around every breakpoint."""
    report = CheckReport(POLICY)
    faults = Faults({} if source is None else {POLICY: source})
    for moment in moments(policy):
        check_figures(policy.at(moment), policy.facts, rule_ids, faults)
    report.findings = faults.sorted()
    return report


def _check_at(
    flow: Flow,
    policy: Policy,
    moment: datetime,
    valid: tuple[Collection[str], Collection[str]],
    faults: Faults,
    report: CheckReport,
) -> None:
    snapshot = policy.at(moment)
    checks = [NameCheck(flow, graph, snapshot, *valid, faults) for graph in (flow, flow.common)]
    for one in checks:
        one.check()
    if faults.blocked:
        return
    try:
        linked = program(flow, snapshot)  # the very one that resolve walks
    except (KeyError, TmcsError) as error:  # a fault in a flow that this one goes on in, which its own check names
        said = error.text.zh if isinstance(error, TmcsError) else str(error)
        faults.add(flow.id, (), f"流程无法连接: {said}", f"the flow cannot be linked: {said}")
        return
    _Walked(linked, policy, moment, {*checks[0].placeholders(), *checks[1].placeholders()}, faults).check(report)


class _Walked:
    """The checks of a linked flow."""

    def __init__(
        self, linked: Program, policy: Policy, moment: datetime, placeholders: Collection[str], faults: Faults
    ) -> None:
        self.flow = linked.flow
        self.placeholders = placeholders
        self.program = linked
        self.faults = faults
        self.ends = EndCheck(linked, policy, moment, self, faults)

    def check(self, report: CheckReport) -> None:
        loops: list[tuple[Node, Node]] = []
        for start in (self.program.start, self.program.completion):
            find_loops(start, lambda node, back: loops.append((node, back)))
        for node, back in loops:
            self._loop(node, back)
        for name in self.flow.tables:
            self._own_table(name)
        for node in reachable(self.program.start):
            self._overlaps(node)
        if loops:
            return
        walk = Walk(self.program, self.ends)
        self.ends.cases = EndCases(self.program, walk)
        tally = walk.run()
        own = {node for node in walk.reached if node.graph is self.flow}
        report.paths, report.combinations, report.nodes = tally.paths, tally.combinations, len(own)
        report.outcomes = dict(sorted(tally.ends.items()))
        self.ends.tell()
        self._coverage(walk)

    # ---- places --------------------------------------------------------------------------------------------------------

    def place(self, node: Node) -> tuple[str, Path]:
        """Return the source and the path of a node."""
        return node.graph.id, ("nodes", node.local)

    def branch_place(self, node: Node, branch: Branch) -> tuple[str, Path]:
        """Return the source and the path of a branch's key."""
        where, path = self.place(node)
        kind, value = branch
        if kind == "then":
            return where, (*path, "then")
        raw = self.faults.data(where, (*path, "branches"))
        if kind == "range":
            ranges = node.graph.nodes[node.local]["ranges"]
            return where, (*path, "branches", range_key(raw, ranges[value][0]))
        return where, (*path, "branches", branch_key(raw, value) if kind == "value" else kind)

    def moments(self, graph: str) -> Collection[str]:
        """Return the script moments that a graph defines itself."""
        found = next((one for one in (self.flow, *_all_targets(self.flow)) if one.id == graph), None)
        return self.flow.common.scripts if found is None else found.scripts

    def words(self, fact: str, value: Any) -> str:
        """Return a value as `--set` writes it."""
        definition = self.program.facts.get(fact)
        return definition.write(value) if definition and not isinstance(value, str) else str(value)

    # ---- single checks -------------------------------------------------------------------------------------------------

    def _loop(self, node: Node, back: Node) -> None:
        where, path = self.place(node)
        for branch, target in branches_of(node).items():
            if target is back:
                where, path = self.branch_place(node, branch)
        leaves = [one for one in reachable(back) if not one.children()]
        if leaves:
            zh, en = f"回到 {back.name}，形成循环", f"leads back to {back.name}: a loop"
        else:
            zh, en = f"回到 {back.name}，永远没有终点", f"leads back to {back.name}: the path does not end"
        self.faults.add(where, path, zh, en, key=path[-1] != "then")

    def _own_table(self, name: str) -> None:
        found = self.program.tables.get(name)
        if found is None:
            self.faults.add(self.flow.id, ("tables", name), f"判定表 {name} 没有用到", f"table {name} is never used", key=True)
            return
        check_table(found, self.flow.id, ("tables", name), self.words, self.faults)

    def _overlaps(self, node: Node) -> None:
        edges = [int(edge) for low, high, _ in node.ranges for edge in (low, high) if abs(edge) != float("inf")]
        for value in points(edges):
            hit = [n for n, (low, high, _) in enumerate(node.ranges) if low <= value <= high]
            if len(hit) > 1:
                where, path = self.branch_place(node, ("range", hit[1]))
                said = self.words(node.fact, value)
                self.faults.add(where, path, f"两个区间都含 {said}", f"two branches cover {said}", key=True)
                return

    def _coverage(self, walk: Walk) -> None:
        dead: set[Node] = set()
        for node in (self.program.nodes[name] for name in self.flow.nodes):
            if node not in walk.reached:
                continue
            for branch, target in branches_of(node).items():
                if not node.fact or branch in walk.taken.get(node, ()):
                    continue
                dead.update(reachable(target))
                where, path = self.branch_place(node, branch)
                said = str(path[-1])
                self.faults.add(where, path, f"分支 {said} 永远走不到", f"branch {said} is never reached", key=branch[0] != "then")
        seen = walk.reached | dead
        left = [name for name in self.flow.nodes if self.program.nodes[name] not in seen]
        below = {target for name in left for target in targets(self.flow.nodes[name])}
        for name in [name for name in left if name not in below] or left[:1]:
            self.faults.add(self.flow.id, ("nodes", name), f"节点 {name} 永远走不到", f"node {name} is never reached", key=True)


def _all_targets(flow: Flow) -> list[Flow]:
    found = list(flow.targets.values())
    return found + [inner for target in found for inner in _all_targets(target)]
