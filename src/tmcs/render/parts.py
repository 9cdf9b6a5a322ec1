"""Payout reasons, decisions and missing facts, as text, JSON or YAML."""

from __future__ import annotations

from typing import Any

from tmcs.core.facts import Fact
from tmcs.core.money import format_money, percent
from tmcs.core.payout import PayoutReason
from tmcs.core.policy import Snapshot
from tmcs.render.words import say


def dump(value: Any, form: str) -> str:
    """Return a value as JSON or YAML."""
    from tmcs.render.data import to_json, to_yaml

    return to_yaml(value) if form == "yaml" else to_json(value)


def needs(facts: list[Fact]) -> list[dict[str, Any]]:
    """Return missing facts as JSON, in the form of a resolution's ``needs``."""
    return [
        {"fact": f.name, "type": f.type, "choices": list(f.values), "ask": {"zh": f.ask[0], "en": f.ask[1]}}
        for f in facts
    ]


def render_needs(facts: list[Fact], form: str, lang: str) -> str:
    """Return what is still missing and how to give it."""
    if form != "text":
        return dump({"status": "needs-facts", "needs": needs(facts)}, form)
    out = ["还需要" if lang == "zh" else "Still needed"]
    for fact in facts:
        out.append(f"  {fact.ask[lang == 'en']}")
        out.append(f"    --set {fact.name}={' | '.join(fact.values) or fact.type}")
    return "\n".join(out)


def _row(reason: PayoutReason, number: int) -> dict[str, Any]:
    row = reason.rows[number]
    return {
        "rate_min": None if row.rate_min is None else percent(row.rate_min),
        "rate_max": None if row.rate_max is None else percent(row.rate_max),
        "flat": None if row.flat is None else format_money(row.flat),
        "cap": None if row.cap is None else format_money(row.cap),
        "cash_from_tier": None if row.cash is None else reason.tiers[row.cash[2]],
    }


def reasons(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the payout reasons of a policy as JSON."""
    found = []
    for name in snapshot.reasons:
        reason = snapshot.payout(name)
        found.append({
            "reason": name,
            "title": {"zh": reason.title[0], "en": reason.title[1]},
            "kind": reason.kind,
            "form": reason.form,
            "offer": reason.offer,
            "base": reason.base,
            "needs": reason.needs,
            "rows": [_row(reason, number) for number in range(len(reason.rows))],
            "cites": reason.cites,
        })  # fmt: skip
    return found


def _amount(row: dict[str, Any]) -> str:
    if row["flat"]:
        return str(row["flat"])
    return str(row["rate_min"] if row["rate_min"] == row["rate_max"] else f"{row['rate_min']}–{row['rate_max']}")


def reasons_table(snapshot: Snapshot, lang: str) -> str:
    """Return the payout reasons of a policy as a table."""
    from tmcs.render.layout import table

    rows = []
    for one in reasons(snapshot):
        amounts = dict.fromkeys(_amount(row) for row in one["rows"])
        row = one["rows"][-1]
        rows.append((
            one["reason"], one["title"][lang], say("kinds", one["kind"], lang), say("forms", one["form"], lang),
            say("offers", one["offer"], lang), " / ".join(amounts), row["cap"] or "—", " ".join(one["cites"]),
        ))  # fmt: skip
    heads = (
        ["原因", "名称", "类别", "形式", "方式", "金额", "封顶", "依据"]
        if lang == "zh"
        else ["reason", "title", "kind", "form", "offer", "amount", "cap", "rules"]
    )
    return table(rows, heads)
