"""Reusable cold-chain crates: the flow `crate-return`, with its own figures, rules and an output format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tmcs import FlowFiles, Resolution, hookimpl

_HERE = Path(__file__).resolve().parent


@hookimpl
def tmcs_flow() -> FlowFiles:
    """Say where the flow's files are."""
    return FlowFiles.beside(__file__)


@hookimpl
def tmcs_policy() -> Path:
    """Add the deposit, the goodwill for a missed pick-up and the deadlines."""
    return _HERE / "policy.yaml"


@hookimpl
def tmcs_rules() -> Path:
    """Add the rules of section X01."""
    return _HERE / "rules.yaml"


@hookimpl
def tmcs_formats() -> dict[str, Callable[[Resolution, str], str]]:
    """Add `--format crm-note`: what an agent pastes into the remark of a CRM task."""
    return {"crm-note": crm_note}


def crm_note(resolution: Resolution, lang: str) -> str:
    """Return a resolution as one short paragraph: order, outcome, sums, tasks and days, without a line break."""
    data = resolution.to_dict()
    zh = lang == "zh"
    parts = [f"{data['flow']} {data['order'] or '-'}: {data['outcome'] or data['status']}"]
    parts += [f"{'赔付' if zh else 'payout'} {one['reason']} {one['max']}" for one in data["payouts"]]
    parts += [f"{'任务' if zh else 'task'} {one['queue']} {one['text'][lang]}" for one in data["tasks"]]
    parts += [f"{'等待' if zh else 'waiting for'} {one['on']}: {one['fact']}" for one in data["waits"]]
    parts += [f"{'最迟' if zh else 'due'} {one['id']} {one['due']}" for one in data["deadlines"]]
    return "; ".join(" ".join(part.split()) for part in parts)
