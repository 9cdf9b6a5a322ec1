"""Checks of flows and of the policy from their files: what :mod:`tmcs.core.check` needs is read here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final

from tmcs import loader
from tmcs.core.check import POLICY, CheckReport, check_flow, check_policy
from tmcs.core.errors import Finding, TmcsError
from tmcs.core.flow import Flow
from tmcs.core.policy import Policy
from tmcs.core.source import Layered, Source
from tmcs.files import read_bytes
from tmcs.lang.limits import MAX_BYTES

#: The handling flows of the contract: a case may continue in each of them, installed or not.
FLOWS: Final = (
    "held-order", "invoice", "missing-item", "damage", "mismatch", "unsigned", "price", "abnormal-sign", "abnormal-refund",
    "normal-refund", "reorder", "escalation", "ship-tracking", "rejection",
)  # fmt: skip


def known_flows() -> list[str]:
    """Return the ids of the flows that a case may continue in: those of the contract and those installed."""
    from tmcs.plugins import registry

    return list(dict.fromkeys([*FLOWS, *registry().flow_names()]))


def _parse(path: str, name: str) -> Source:
    from tmcs.lang.yaml import parse_yaml

    return parse_yaml(read_bytes(path, MAX_BYTES), name)


def sources_of(flow: Flow) -> dict[str, Source]:
    """Return the parsed files of a flow, of the flows it goes on in and of the shared graph, as the check wants them."""
    found = {
        "common": _parse(os.path.join(loader.HANDBOOK, "common.yaml"), loader.BUILT_IN + "common.yaml"),
        "common/scripts": _parse(os.path.join(loader.HANDBOOK, "scripts.yaml"), loader.BUILT_IN + "scripts.yaml"),
    }
    flows = [flow]
    while flows:
        one = flows.pop()
        folder = os.path.dirname(one.source)
        for key, name in ((one.id, "flow.yaml"), (f"{one.id}/scripts", "scripts.yaml")):
            path = os.path.join(folder, name)
            # A flow built in Python has no file; its findings then name the file it stands for, without a line.
            found[key] = _parse(path, path) if os.path.exists(path) else Source(path, {})
        flows += one.targets.values()
    return found


def policy_source(policy: Policy, contents: Mapping[str, bytes] | None = None) -> Source:
    """Return the parsed files of the policy, merged; findings are placed in the file that set the value.

    ``contents`` as for :func:`tmcs.loader.load_policy`.
    """
    from tmcs.core.policy_reader import layer
    from tmcs.lang.yaml import parse_yaml

    layers = []
    for name in policy.files:
        path = os.path.join(loader.HANDBOOK, name[len(loader.BUILT_IN) :]) if name.startswith(loader.BUILT_IN) else name
        data = (contents or {}).get(name)
        layers.append(_parse(path, name) if data is None else parse_yaml(data, name))
    merged: Layered = layer(layers)[0]
    return merged


def check_loaded(flow: Flow, policy: Policy | None = None, *, examples: bool = True) -> CheckReport:
    """Check a flow that is loaded, and run the worked cases that lie beside it."""
    from tmcs import rulebook

    policy = policy or loader.load_policy()
    report = check_flow(
        flow, policy, rule_ids=rulebook.known_ids(), flow_ids=known_flows(), sources=sources_of(flow)
    )
    if examples:
        from tmcs.testing import run_examples

        results = run_examples(flow, policy)
        report.examples = (sum(1 for one in results if not one.findings), len(results))
        report.findings += [finding for one in results for finding in one.findings]
    return report


def check_named(word: str) -> CheckReport:
    """Check an installed flow by its id or alias, or the flow whose ``flow.yaml`` lies in the folder ``word``.

    Raises:
        InputError: there is no such flow.
    """
    folder = os.path.isfile(os.path.join(word, "flow.yaml"))
    name = os.path.normpath(word) if folder else _flow_id(word)
    try:
        flow = loader.read_flow_files(word) if folder else loader.load_flow(name, checked=False)
        return check_loaded(flow)
    except TmcsError as error:
        return _failed(name, error)


def _flow_id(word: str) -> str:
    from tmcs.plugins import registry

    return word if word in registry().flow_names() else loader.find_flow(word)


def _failed(name: str, error: TmcsError) -> CheckReport:
    """Return the report of what could not be read: its findings, or the error as one."""
    report = CheckReport(name)
    report.findings = error.findings or [Finding(name, 0, 0, error.text)]
    return report


def check_figures() -> CheckReport:
    """Check the policy in force: the built-in one, plug-in fragments and the desk's own files."""
    from tmcs import rulebook

    try:
        policy = loader.load_policy()
        return check_policy(policy, rule_ids=rulebook.known_ids(), source=policy_source(policy))
    except TmcsError as error:
        return _failed(POLICY, error)


def check_all(words: Iterable[str] = ()) -> list[CheckReport]:
    """Check the named flows, or everything: each installed flow and the policy."""
    from tmcs.plugins import registry

    chosen = list(words)
    if chosen:
        return [check_named(word) for word in chosen]
    return [*(check_named(name) for name in registry().flow_names()), check_figures()]
