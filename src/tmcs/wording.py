"""The rules of wording from their file, what a tier may promise in a flow, and the scripts that must pass."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tmcs.builtin import BUILT_IN, handbook
from tmcs.core.errors import InputError
from tmcs.core.fill import names
from tmcs.core.flow import Flow
from tmcs.core.policy import Snapshot
from tmcs.core.wording import Promise, read_wording
from tmcs.files import read_bytes
from tmcs.lang.cache import cached
from tmcs.lang.limits import MAX_BYTES


def load_wording(path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Return the rules of wording: the built-in ones, or those of a file of the desk's own.

    Raises:
        InputError: the file is wrong; every fault is named with file, line and column.
        NotFoundError, StorageError: it is missing or cannot be read.
    """
    name = BUILT_IN + "wording.yaml" if path is None else os.fspath(path)
    data = handbook("wording.yaml") if path is None else read_bytes(path, MAX_BYTES)

    def build() -> Any:
        from tmcs.lang.yaml import parse_yaml

        source = parse_yaml(data, name)
        normal = read_wording(source)
        if source.findings:
            raise InputError(f"用语规则有误: {name}", f"the rules of wording are wrong: {name}", findings=source.findings)
        return normal

    found: dict[str, Any] = cached("wording", [data, name.encode("utf-8", "surrogateescape")], build)
    return found


def _reasons(flow: Flow) -> list[str]:
    found = [reason for node in flow.nodes.values() if node["fx"] for reason in node["fx"]["pay"]]
    for target in flow.targets.values():
        found += _reasons(target)
    return list(dict.fromkeys(found))


def promise_of(snapshot: Snapshot, flow: Flow | None, tier: str, base: int | None) -> Promise:
    """Return the most that ``tier`` may promise: in a flow, or anywhere where ``flow`` is None.

    Args:
        snapshot: the policy in force.
        flow: the flow at hand.
        tier: the acting tier.
        base: what was paid for the order, in fen; None where unknown, then only the caps hold.
    """
    rate: int | None = None
    amount = 0
    cites: list[str] = []
    for name in snapshot.reasons if flow is None else _reasons(flow):
        reason = snapshot.payout(name)
        if reason.kind != "compensation":
            continue
        best_rate, best_amount = reason.most(tier, base)
        rate = best_rate if rate is None else max(rate, best_rate or 0)
        amount = max(amount, best_amount)
        cites += [cite for cite in reason.cites if cite not in cites]
    return Promise(rate, amount, cites)


def own_scripts(flows: list[Flow]) -> Iterator[tuple[str, str, str | None]]:
    """Yield every script of the flows and of the shared graph: where it stands, its text, its flow (None: shared).

    Placeholders are filled with a plain sample, so that only the words themselves are judged.
    """
    graphs: list[tuple[str, Any, str | None]] = [(flow.id, flow.scripts, flow.id) for flow in flows]
    if flows:
        graphs.append(("common", flows[0].common.scripts, None))
    for graph, scripts, flow in graphs:
        for moment, script in scripts.items():
            for text in (script["zh"], script["otherwise"][0] if script["otherwise"] else None):
                if text is not None:
                    yield f"{graph}:{moment}", _sampled(text), flow


def _sampled(text: str) -> str:
    for name in names(text):
        text = text.replace(f"{{{name}}}", "某")
    return text
