"""What a figure is called and what its value says, in both languages: for people who know the desk and not the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tmcs.core.case_rules import UNSET
from tmcs.core.money import parse_number, percent
from tmcs.core.text import Text

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "rate_min": ("最低比例", "lowest rate"), "rate_max": ("最高比例", "highest rate"), "cap": ("封顶", "cap"), "floor": ("保底", "floor"),
    "flat": ("定额", "flat sum"), "commit": ("可自行承诺", "may be promised alone"),
    "commit_cap": ("自行承诺封顶", "cap on promising alone"), "approval": ("批准层级", "approved by"), "cash": ("现金", "cash"),
    "from_tier": ("起始层级", "from tier"), "form": ("形式", "form"), "kind": ("类别", "kind"), "offer": ("方式", "offer"),
    "base": ("基数", "base"), "needs": ("须知事实", "facts needed"), "parts": ("期限", "time"), "start": ("起点", "start"), "may": ("权限", "rights"),
    "levels": ("审批层级", "levels"), "when": ("条件", "condition"), "type": ("类型", "type"), "rule": ("说法", "in words"),
    "title": ("名称", "name"), "label": ("名称", "name"), "from": ("转往", "handed on to"), "reason": ("原因", "reason"),
    "zh": ("中文", "Chinese"), "en": ("英文", "English"), "rows": ("", ""), "value": ("", ""), "usual": ("", ""),
    "warn": ("到期提醒 (工作日)", "warning before the due day (working days)"), "customer_day": ("每客户每日上限", "limit of a customer a day"),
    "order_total": ("每单上限", "limit of an order"), "order_bound": ("一单最多可得", "the most one order can draw"),
    "retention": ("个人信息保留 (天)", "days personal data is kept"),
    "approvals": ("审批", "approvals"), "roles": ("角色", "role"), "off": ("休息日", "days off"), "on": ("上班日", "days worked"),
    "within": ("范围", "within"), "except": ("除外", "except"),
}  # fmt: skip
_SECTIONS: Final[dict[str, tuple[str, str]]] = {
    "tiers": ("层级", "tier"), "limits": ("限值", "limit"), "payouts": ("赔付", "payout"), "deadlines": ("期限", "deadline"),
    "settings": ("设定", "setting"), "cases": ("案件规则", "cases"), "jobs": ("主动服务", "job"), "tables": ("判定表", "table"),
    "queues": ("队列", "queue"), "areas": ("区域", "area"), "calendar": ("日历", "calendar"), "rulings": ("裁定", "ruling"),
}  # fmt: skip
_RATES: Final = ("rate_min", "rate_max", "commit")
_MONEY: Final = ("cap", "floor", "flat", "commit_cap")
_UNITS: Final = {"working": ("个工作日", "working day"), "calendar": ("天", "day")}


def name_of(key: str, data: Mapping[str, Any]) -> Text:
    """Return what a figure is called; ``data`` the normal form of a policy that has it."""
    section, *words = key.split(".")
    said = [_SECTIONS.get(section, (section, section))]
    for place, word in enumerate(words):
        below = data.get(section, {}) if place == 0 else None
        known = _entry(below, word, section) if below is not None else _word(word, data)
        if known != ("", ""):
            said.append(known)
    return Text(" · ".join(zh for zh, _ in said), " · ".join(en for _, en in said))


def _entry(entries: Any, name: str, section: str) -> tuple[str, str]:
    """Return the name of an entry of a section: its title or label, else its id."""
    one = entries.get(name) if isinstance(entries, dict) else None
    if section == "tiers" and isinstance(one, list):
        return str(one[0]), str(one[1])
    for key in ("title", "label"):
        pair = one.get(key) if isinstance(one, dict) else None
        if isinstance(pair, list) and len(pair) == 2:
            return (f"{pair[0]} ({name})", f"{pair[1]} ({name})")
    return _WORDS.get(name, (name, name)) if section in ("cases", "calendar") else (name, name)


def _word(word: str, data: Mapping[str, Any]) -> tuple[str, str]:
    tier = data.get("tiers", {}).get(word)
    if isinstance(tier, list):
        return str(tier[0]), str(tier[1])
    return _WORDS.get(word, (word, word))


def value_of(key: str, value: str | None, data: Mapping[str, Any]) -> Text:
    """Return what a value says; None: there is none."""
    if value is None:
        return Text("无", "nothing")
    words = key.split(".")
    if value == "none" and key.removesuffix(".value").removeprefix("cases.") in UNSET:
        return Text(*UNSET[key.removesuffix(".value").removeprefix("cases.")])
    if words[-1] == "parts":
        return _time(value)
    if words[-1] == "value" and words[0] in ("limits", "cases"):
        entry = data.get(words[0], {}).get(words[1], {})
        if entry.get("type") == "money":
            return _money(value)
    if words[0] == "payouts":
        row = data["payouts"].get(words[1], {}).get("rows", {}).get(words[3], {}) if len(words) > 3 else {}
        flat = isinstance(row, dict) and "flat" in row
        if any(word in _MONEY for word in words) or ("commit" in words and flat):
            return _money(value)
        if any(word in _RATES for word in words):
            return _rate(value)
    tier = data.get("tiers", {}).get(value)
    return Text(*tier) if isinstance(tier, list) else Text(value or "空", value or "empty")


def _rate(value: str) -> Text:
    try:
        said = percent(parse_number(value))
    except ValueError:
        said = value
    return Text(said, said)


def _money(value: str) -> Text:
    return Text("不设", "none") if value == "none" else Text(f"{value} 元", f"{value} CNY")


def _time(value: str) -> Text:
    zh, en = [], []
    for part in value.split(" + "):
        days, _, unit = part.partition(" ")
        name = _UNITS.get(unit, (unit, unit))
        zh.append(f"{days} {name[0]}")
        en.append(f"{days} {name[1]}{'' if days == '1' else 's'}")
    return Text("再加 ".join(zh), " and then ".join(en))
