"""Whether a flow may be used: it passes its check, and a plug-in's keeps within what the desk lets one order draw.

Both are judged once for the contents they rest on, remembered, and asked for before the flow is used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tmcs.builtin import POLICY_FILES, handbook
from tmcs.core.errors import Finding, TmcsError
from tmcs.core.text import Text
from tmcs.lang.cache import cached
from tmcs.plugins import FLOW_GROUP, OK, OWN, Plugin, PluginError, registry

if TYPE_CHECKING:
    from tmcs.core.flow import Flow
    from tmcs.core.policy import Policy

#: What to do about a flow that the desk's limit refuses.
REMEDY: Final = Text(
    "tmcs policy bound 显示怎样到达；由组长调整 cases.order_bound 或停用插件",
    "tmcs policy bound shows how it gets there; the lead adjusts cases.order_bound or disables the plug-in",
)

_sure: set[Flow] = set()


def verdict(flow: Flow) -> list[dict[str, Any]]:
    """Return what the check finds in a flow, as plain data; an empty list is a pass.

    The flow is judged under the built-in policy and the fragments of plug-ins: figures that a desk changes in its own
    file are checked by ``tmcs flow check``, and do not make a plug-in fail.
    """
    found: list[dict[str, Any]] = cached("check", sources_of([flow]), lambda: _check(flow))
    return found


def sources_of(flows: Iterable[Flow]) -> list[bytes]:
    """Return what a verdict on flows rests on: their files, the shared ones, the built-in figures and the plug-ins' fragments."""
    todo, sources = list(flows), []
    while todo:
        one = todo.pop()
        sources.append(f"{one.id} {one.source} {one.digest}".encode("utf-8", "surrogateescape"))
        todo += one.targets.values()
    sources += [handbook(name) for name in ("common.yaml", "scripts.yaml", "ids.txt", *POLICY_FILES)]
    sources.append(repr([one["stamps"] for one in registry().brought()]).encode())
    sources.append(" ".join(registry().flow_names()).encode())
    return sources


def policy_key(policy: Policy) -> bytes:
    """Return what a verdict rests on that is given under a policy: its figures, wherever they come from."""
    normal = policy.normal()
    return json.dumps([normal["data"], normal["days"]], ensure_ascii=False).encode("utf-8", "surrogatepass")


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


def require_within(plugin: Plugin, flow: Flow, policy: Policy | None = None) -> None:
    """Refuse a plug-in's flow that lifts the most one order can draw above the desk's limit, ``cases.order_bound``.

    Args:
        policy: whose limit counts; default that of the configuration. Where that is wrong, whoever decides by it says so.

    Raises:
        InputError: it does; the reason names the limit and the most that can be drawn.
    """
    if policy is None:
        from tmcs.loader import load_policy

        try:
            policy = load_policy()
        except TmcsError:
            return
    reason = refusals(policy).get(flow.id)
    if reason is not None:
        raise PluginError(plugin, reason.zh, reason.en, hint=REMEDY)


def refusals(policy: Policy | None = None) -> dict[str, Text]:
    """Return the installed flows of plug-ins that the desk's limit refuses, by id, with the reason; none without a limit."""
    from tmcs.loader import load_policy

    brought = [one for one in registry().plugins if one.group == FLOW_GROUP and one.status == OK and one.dist != OWN]
    if not brought:
        return {}
    policy = load_policy() if policy is None else policy
    if any(snapshot.cases.order_bound is None for snapshot in policy.snapshots()):
        return {}
    kept = registry().memo.get("refusals")
    if kept is None or kept[0] is not policy:
        kept = registry().memo["refusals"] = (policy, _refusals(policy, brought))
    found: dict[str, Text] = kept[1]
    return found


def _refusals(policy: Policy, brought: list[Plugin]) -> dict[str, Text]:
    from tmcs.loader import passing_flows

    flows = passing_flows()

    def judge() -> dict[str, dict[str, str]]:
        from tmcs.bound import Bounds

        return {name: text.to_dict() for name, text in Bounds(flows, policy).refused(brought).items()}

    key = [*sources_of(flows.values()), policy_key(policy), " ".join(one.ref for one in brought).encode()]
    found: dict[str, dict[str, str]] = cached("order-limit", key, judge)
    return {name: Text(said["zh"], said["en"]) for name, said in found.items()}
