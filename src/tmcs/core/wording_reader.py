"""The file of the rules of wording, checked and brought into its normal form (the form is told at the top of that file)."""

from __future__ import annotations

import re
from typing import Any, Final

from tmcs.core.source import Cursor, Source
from tmcs.core.wording_figures import folded

OFF: Final = "off"
ERROR: Final = "error"
WARNING: Final = "warning"
SECTIONS: Final = ("rules", "figures", "personal", "promises", "samples", "note")
_LISTS: Final = ("phrases", "patterns", "unless", "not_after", "unless_said", "missing", "when", "cite")
_SWITCHES: Final = ("unless_figure", "due", "opening")
_RULE_KEYS: Final = ("severity", *_LISTS, *_SWITCHES, "at", "flows", "not_flows", "facts", "why", "better", "note")
_PERSONAL_KEYS: Final = ("forms", "check", "allow", "not_after", "what", "note")
_PROMISE_KEYS: Final = ("words", "unless", "not_after")
#: A pattern is at most so long, and its repetitions can go so many ways: a search takes no longer than reading.
_LONGEST: Final = 200
_WAYS: Final = 4096
_FORBIDDEN: Final = frozenset("()*+|^$.\\]}")


def read_wording(source: Source) -> dict[str, Any]:
    """Return the rules of wording in their normal form; faults are noted in the source."""
    root = source.root
    if not root.keys(SECTIONS, ("rules", "personal", "promises")):
        return {}
    promises, samples, figures = root["promises"], root.get("samples"), root.get("figures")
    promises.keys(_PROMISE_KEYS, ("words",))
    return {
        "rules": {name: _rule(rule) for name, rule in root["rules"].items()},
        "figures": [_pattern(one) for one in figures.each()] if figures else [],
        "personal": {name: _personal(form) for name, form in root["personal"].items()},
        "promises": {key: _words(promises, key) for key in _PROMISE_KEYS},
        "samples": {name: one.text() for name, one in samples.items()} if samples else {},
    }


def _words(cursor: Cursor, key: str) -> list[str]:
    found = cursor.get(key)
    return [one.text() for one in found.each()] if found else []


def _rule(rule: Cursor) -> dict[str, Any]:
    if not rule.keys(_RULE_KEYS, ("severity", "why")):
        return {}
    if not any(rule.get(key) for key in ("phrases", "patterns", "missing")):
        rule.fault("缺少 phrases、patterns 或 missing", "phrases, patterns or missing is needed", expected="phrases: […]")
    found: dict[str, Any] = {key: _words(rule, key) for key in _LISTS if key != "patterns"}
    patterns, flows, facts, at = rule.get("patterns"), rule.get("flows"), rule.get("facts"), rule.get("at")
    found["patterns"] = [_pattern(one) for one in patterns.each()] if patterns else []
    found["flows"] = [one.text() for one in flows.each()] if flows else []
    found["not_flows"] = _words(rule, "not_flows")
    found["facts"] = {name: [one.text() for one in value.each()] for name, value in facts.items()} if facts else {}
    found["at"] = at.word(("clause",), "位置", "place") if at else ""
    for key in _SWITCHES:
        switch = rule.get(key)
        found[key] = switch is not None and switch.word(("yes", "no"), "取值", "value") == "yes"
    found["severity"] = rule["severity"].word((ERROR, WARNING, OFF), "严重程度", "severity")
    found["why"] = rule["why"].texts()
    found["better"] = rule["better"].texts() if rule.get("better") else None
    return found


def _personal(form: Cursor) -> dict[str, Any]:
    if not form.keys(_PERSONAL_KEYS, ("forms", "what")):
        return {}
    check = form["check"].word(("luhn", "id-card"), "校验", "check") if form.get("check") else ""
    return {
        "forms": [_pattern(one) for one in form["forms"].each()],
        "check": check,
        "allow": _words(form, "allow"),
        "not_after": _words(form, "not_after"),
        "what": form["what"].texts(),
    }


def _pattern(cursor: Cursor) -> str:
    """Return a pattern: characters and classes, each with ``?`` or a bounded count, and nothing that could run away."""
    text = cursor.text()
    try:
        ways = _ways(text)
    except ValueError:
        wanted = "characters and classes with ? or {m,n}: [0-9]{11}"
        cursor.fault(f"模式 {text} 有误: 只用字符和字符类，次数写 ? 或 {{m,n}}", f"the pattern {text} is wrong", wanted)
        return ""
    if ways > _WAYS or len(text) > _LONGEST:
        cursor.fault("模式过长，或次数的变化太多", "a pattern that is too long or too free", expected="narrower counts")
        return ""
    return "".join(map(_as_compared, text))


def _as_compared(char: str) -> str:
    """Return a character of a pattern as the texts are compared: small letters, and full-width forms as themselves."""
    small = folded(char)
    return small if char.isascii() else re.escape(small)


def _ways(text: str) -> int:
    """Return in how many ways the counts of a pattern can be chosen; ValueError for anything but the simple form."""
    ways, n = 1, 0
    while n < len(text):
        if text[n] == "[":
            end = text.index("]", n + 2)
            _check_class(text[n + 1 : end])
            n = end + 1
        elif text[n] in _FORBIDDEN or text[n] in "?{":
            raise ValueError(text)
        else:
            n += 1
        if text[n : n + 1] == "?":
            ways, n = ways * 2, n + 1
        elif text[n : n + 1] == "{":
            end = text.index("}", n)
            low, comma, high = text[n + 1 : end].partition(",")
            if not (low.isascii() and low.isdigit() and (not comma or (high.isascii() and high.isdigit()))):
                raise ValueError(text)
            least, most = int(low[:9]), int((high if comma else low)[:9])
            if not least <= most <= _LONGEST:
                raise ValueError(text)
            ways, n = ways * (most - least + 1), end + 1
    return ways


def _check_class(inside: str) -> None:
    if inside.startswith("^") or any(sign in inside for sign in ("[", "\\", "--", "&&", "||", "~~")):
        raise ValueError(inside)
    for n, char in enumerate(inside):
        if char == "-" and 0 < n < len(inside) - 1 and inside[n - 1] > inside[n + 1]:
            raise ValueError(inside)
