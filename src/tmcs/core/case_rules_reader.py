"""Section ``cases`` of a policy file, checked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from tmcs.core.case_rules import ACTIONS, UNSET, WHENS
from tmcs.core.money import parse_money
from tmcs.core.source import Cursor
from tmcs.core.text import nearest

_FIGURES: Final = {"warn": "number", "customer_day": "money", "order_total": "money", "order_bound": "money", "retention": "number"}
_KEYS: Final = (*_FIGURES, "approvals", "roles")
_FIGURE_KEYS: Final = ("type", "value", "cite", "note")
_APPROVAL_KEYS: Final = ("when", "reason", "form", "levels", "cite", "note")
_ROLE_KEYS: Final = ("label", "may", "note")
#: A number of days above this is a slip, not a rule.
_LONGEST: Final = 36_500


def check_cases(cases: Cursor, tiers: list[str], reasons: Collection[str], forms: Collection[str]) -> None:
    """Check the section; faults are noted in its source.

    Args:
        cases: the section, as it is on one day.
        tiers: the tiers of the policy, lowest first.
        reasons, forms: its payout reasons, and the forms of a payout.
    """
    if not cases.keys((*_KEYS, "note"), _KEYS):
        return
    for name, kind in _FIGURES.items():
        _figure(cases[name], kind, name in UNSET)
    for name, approval in cases["approvals"].items():
        if approval.keys(_APPROVAL_KEYS, ("when", "levels"), _others(cases, "approvals", name)):
            _approval(approval, tiers, reasons, forms)
    for name, role in cases["roles"].items():
        if role.keys(_ROLE_KEYS, ("label", "may"), _others(cases, "roles", name)):
            role["label"].texts()
            for action in role["may"].each():
                action.word(ACTIONS, "操作", "action")


def _others(cases: Cursor, section: str, name: str) -> list[str]:
    """Return the entries that ``name`` was perhaps meant to be."""
    return nearest(name, [other for other in cases[section].value if other != name])


def _figure(figure: Cursor, kind: str, may_be_none: bool) -> None:
    if not figure.keys(_FIGURE_KEYS, ("type", "value")):
        return
    figure["type"].word((kind,), "类型", "type")
    value = figure["value"]
    if may_be_none and value.value == "none":
        return
    parse: Callable[[str], int] = parse_money
    zh, en = "金额，如 35.00", "an amount such as 35.00"
    if kind == "number":
        parse, zh, en = _days, f"整数天，0 … {_LONGEST}", f"a whole number of days, 0 … {_LONGEST}"
    if may_be_none:
        zh, en = f"{zh}，或 none", f"{en}, or none"
    value.parsed(parse, zh, en, 0)


def _days(text: str) -> int:
    # int() would also take a sign, spaces, underscores and the digits of other scripts.
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_LONGEST)) and int(text) <= _LONGEST):
        raise ValueError(text)
    return int(text)


def _approval(approval: Cursor, tiers: list[str], reasons: Collection[str], forms: Collection[str]) -> None:
    approval["when"].word(WHENS, "条件", "condition")
    words: Mapping[str, tuple[Collection[str], str, str]] = {
        "reason": (reasons, "赔付原因", "payout reason"),
        "form": (forms, "赔付形式", "form of a payout"),
    }
    said = [(cursor, *words[key]) for key in words if (cursor := approval.get(key))]
    for cursor, valid, zh, en in said:
        cursor.word(valid, zh, en)
    if not said:
        approval.fault("缺少 reason 或 form", "reason or form is missing", expected="reason, form")
    rank = -1
    members = list(approval["levels"].each())
    if not members:
        approval["levels"].fault("没有层级", "no tier stands here", expected=" | ".join(tiers))
    for member in members:
        tier = member.word(tiers, "层级", "tier")
        if tier not in tiers:
            continue
        if tiers.index(tier) <= rank:
            member.fault(
                f"{tier} 应在前一层级之上", f"{tier} must be above the tier before it", expected=f"{' < '.join(tiers)}"
            )
        rank = tiers.index(tier)
