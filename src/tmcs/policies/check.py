"""The whole set of policy files checked and proved: the figures themselves, every installed flow under them, cap and authority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tmcs.core.errors import Finding, InputError, TmcsError
from tmcs.core.policy import Policy
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.core.flow import Flow
    from tmcs.core.prove_report import ProofFault


class Broken:
    """Something that a policy breaks in a flow: what, and the smallest case that shows it.

    Attributes:
        flow: the flow; ``kind`` and ``node`` as a proof names them.
        text: what is wrong.
        command: the command line that shows it.
    """

    __slots__ = ("command", "flow", "kind", "node", "text")

    def __init__(self, flow: str, fault: ProofFault) -> None:
        self.flow = flow
        self.kind = fault.kind
        self.node = fault.node
        self.text = Text(fault.zh, fault.en)
        self.command = fault.command(fault.flow or flow)

    @property
    def mark(self) -> tuple[str, ...]:
        """What tells it from others, whatever case shows it."""
        return self.flow, self.kind, self.node, self.text.en

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"flow": self.flow, "kind": self.kind, "node": self.node, "text": self.text.to_dict(), "command": self.command}


class PolicyReport:
    """What the check of a set of policy files finds.

    Attributes:
        policy: the policy they make; None where they cannot be read.
        findings: faults with their places.
        broken: what a flow proves wrong under it.
        flows: how many flows were walked; ``cases`` how many were decided for real.
    """

    __slots__ = ("broken", "cases", "findings", "flows", "policy")

    def __init__(self) -> None:
        self.policy: Policy | None = None
        self.findings: list[Finding] = []
        self.broken: list[Broken] = []
        self.flows = self.cases = 0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings and not self.broken

    def error(self, zh: str, en: str) -> InputError:
        """Return it as a refusal, each fault named and each case that shows one as a command."""
        details = []
        for one in self.broken:
            details.append(Text(f"{one.flow} · {one.node}: {one.text.zh}", f"{one.flow} · {one.node}: {one.text.en}"))
            details.append(Text(f"反例: {one.command}", f"counter-example: {one.command}"))
        return InputError(zh, en, findings=self.findings, details=details)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "ok": self.ok, "findings": [one.to_dict() for one in self.findings], "broken": [one.to_dict() for one in self.broken],
            "flows": self.flows, "cases": self.cases,
        }  # fmt: skip


def check_set(files: Sequence[str], contents: Mapping[str, bytes] | None = None, *, besides: Sequence[str] | None = None) -> PolicyReport:
    """Check the policy that files make, laid over the built-in figures and those of plug-ins.

    Args:
        files: the desk's own files, lowest first.
        contents: what files of these names hold, instead of what is on disk.
        besides: files of a policy that is known; what is wrong under that one already is not said again. None: all is said.

    Raises:
        NotFoundError, StorageError: a file is missing, or cannot be read.
    """
    from tmcs.loader import load_policy

    report = PolicyReport()
    try:
        policy = report.policy = load_policy(files, contents)
    except InputError as error:
        report.findings = error.findings or [Finding(", ".join(files), 0, 0, error.text)]
        return report
    present = None if besides is None else load_policy(besides)
    _walk(report, policy if present is None else policy.changed_from(present), contents)
    if present is not None and not report.ok:
        before = PolicyReport()
        _walk(before, present, None)
        known = {one.text.en for one in before.findings}
        report.findings = [one for one in report.findings if one.text.en not in known]
        marks = {one.mark for one in before.broken}
        report.broken = [one for one in report.broken if one.mark not in marks]
    return report


def _walk(report: PolicyReport, policy: Policy, contents: Mapping[str, bytes] | None) -> None:
    from tmcs import rulebook
    from tmcs.core.check import check_policy
    from tmcs.flowcheck import policy_source
    from tmcs.loader import load_flows

    rules = rulebook.known_ids()
    report.findings += check_policy(policy, rule_ids=rules, source=policy_source(policy, contents)).findings
    flows = load_flows(checked=False)
    for flow in flows:
        _walk_flow(report, flow, policy, rules)
    if report.ok:
        from tmcs.core.prove_loops import prove_loops

        loops = prove_loops({flow.id: flow for flow in flows}, policy)
        report.cases += loops.cases
        report.broken += [Broken(fault.flow, fault) for fault in loops.faults]


def _walk_flow(report: PolicyReport, flow: Flow, policy: Policy, rules: Iterable[str]) -> None:
    from tmcs.core.check import check_flow
    from tmcs.core.prove import prove_flow
    from tmcs.flowcheck import known_flows, sources_of

    ids, known = list(rules), known_flows()
    check = check_flow(flow, policy, rule_ids=ids, flow_ids=known)
    if check.findings:  # read again for the places
        check = check_flow(flow, policy, rule_ids=ids, flow_ids=known, sources=sources_of(flow))
    report.findings += check.findings
    report.flows += 1
    if not check.paths:
        return
    try:
        proof = prove_flow(flow, policy)
    except (TmcsError, LookupError) as error:
        said = error.text if isinstance(error, TmcsError) else Text(f"无法证明: {error}", f"it cannot be proved: {error}")
        report.findings.append(Finding(flow.source, 0, 0, said))
        return
    report.cases += proof.cases
    for fault in proof.faults:
        one = Broken(flow.id, fault)
        if all(one.mark != other.mark for other in report.broken):  # the same shows in each interval between two changes
            report.broken.append(one)
