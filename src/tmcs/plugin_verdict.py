"""Whether a flow passes its check: judged once for its contents, remembered, and asked for before the flow is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmcs.builtin import POLICY_FILES, handbook
from tmcs.core.errors import Finding, TmcsError
from tmcs.core.text import Text
from tmcs.lang.cache import cached
from tmcs.plugins import Plugin, PluginError, registry

if TYPE_CHECKING:
    from tmcs.core.flow import Flow

_sure: set[Flow] = set()


def verdict(flow: Flow) -> list[dict[str, Any]]:
    """Return what the check finds in a flow, as plain data; an empty list is a pass.

    The flow is judged under the built-in policy and the fragments of plug-ins: figures that a desk changes in its own
    file are checked by ``tmcs flow check``, and do not make a plug-in fail.
    """
    flows, sources = [flow], []
    while flows:
        one = flows.pop()
        sources.append(f"{one.id} {one.source} {one.digest}".encode("utf-8", "surrogateescape"))
        flows += one.targets.values()
    sources += [handbook(name) for name in ("common.yaml", "scripts.yaml", "ids.txt", *POLICY_FILES)]
    sources.append(repr([one["stamps"] for one in registry().brought()]).encode())
    sources.append(" ".join(registry().flow_names()).encode())
    found: list[dict[str, Any]] = cached("check", sources, lambda: _check(flow))
    return found


def _check(flow: Flow) -> list[dict[str, Any]]:
    from tmcs.flowcheck import check_loaded
    from tmcs.loader import load_policy

    return [finding.to_dict() for finding in check_loaded(flow, load_policy(()), examples=False).findings]


def require(plugin: Plugin, flow: Flow) -> None:
    """Refuse a flow that fails its check.

    Raises:
        InputError: it fails; the findings say where and why.
    """
    if flow in _sure:
        return
    found = verdict(flow)
    if found:
        raise refusal(plugin, [finding_of(one) for one in found])
    _sure.add(flow)


def refusal(plugin: Plugin, findings: list[Finding]) -> TmcsError:
    """Return the error for a flow that fails its check."""
    n = len(findings)
    return PluginError(plugin, f"没有通过检查 ({n} 处)", f"does not pass its check ({n} faults)", findings)


def finding_of(data: dict[str, Any]) -> Finding:
    """Return a finding from its plain form."""
    text = Text(data["text"]["zh"], data["text"]["en"])
    return Finding(data["file"], data["line"], data["column"], text, data["expected"], data["nearest"])
