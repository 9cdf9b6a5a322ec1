"""The desk's limit on what one order can draw, for a case that is opened (see :mod:`tmcs.bound`)."""

from __future__ import annotations

from tmcs.core.errors import NotPermittedError
from tmcs.core.flow import Flow
from tmcs.core.policy import Policy
from tmcs.plugin_verdict import REMEDY, refusals


def require_within(flow: Flow, policy: Policy) -> None:
    """Refuse that a case goes through a plug-in's flow that lifts the bound above the desk's limit.

    Raises:
        NotPermittedError: it does; the reason is named.
    """
    reason = refusals(policy).get(flow.id)
    if reason is not None:
        raise NotPermittedError(
            f"插件流程 {flow.id} 不予使用: {reason.zh}", f"the plug-in flow {flow.id} is refused: {reason.en}", hint=REMEDY
        )
