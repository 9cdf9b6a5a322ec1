"""An agent's own words checked against the rules of wording: what must not be said, courtesy, promises, personal data.

The rules are data (``tmcs/handbook/wording.yaml``); what a tier may promise comes from the policy.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.money import MILLION, format_money, parse_money, parse_number, percent
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text

MAX_CHARACTERS: Final = 20_000
ERROR: Final = "error"
WARNING: Final = "warning"
_RULE_KEYS: Final = ("severity", "phrases", "unless", "missing", "when", "flows", "why", "better", "cite", "note")
_PERSONAL_KEYS: Final = ("form", "check", "allow", "what", "cite")
_SENTENCE: Final = re.compile(r"[^。！？!?\n;；]+")
_AMOUNT: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,2})?) {0,2}(?:元|块)")
_SHARE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?) {0,2}[%％]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class Remark:
    """One thing found in a message.

    Attributes:
        id: the rule of wording; ``cites`` the handbook rules behind it.
        severity: error or warning.
        start, words: where in the text, and what stands there (personal data is not repeated).
        why, better: in both languages; better may be None.
    """

    __slots__ = ("better", "cites", "id", "severity", "start", "why", "words")

    def __init__(
        self, id: str, severity: str, start: int, words: str, why: Text, better: Text | None, cites: Sequence[str] = ()
    ) -> None:
        self.id = id
        self.severity = severity
        self.start = start
        self.words = words
        self.why = why
        self.better = better
        self.cites = list(cites)

    def to_dict(self, text: str) -> dict[str, Any]:
        """Return the remark as JSON, with line and column in ``text`` counted from 1."""
        line, column = place(text, self.start)
        return {
            "id": self.id,
            "severity": self.severity,
            "line": line,
            "column": column,
            "words": self.words,
            "why": self.why.to_dict(),
            "better": self.better.to_dict() if self.better else None,
            "cites": self.cites,
        }


class Promise:
    """The most that a tier may promise for the payouts at hand.

    Attributes:
        rate: the highest rate, in millionths; None where only flat sums stand.
        amount: the highest amount, in fen.
        cites: the rules behind it.
    """

    __slots__ = ("amount", "cites", "rate")

    def __init__(self, rate: int | None, amount: int, cites: Sequence[str]) -> None:
        self.rate = rate
        self.amount = amount
        self.cites = list(cites)


def place(text: str, start: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character."""
    line = text.count("\n", 0, start)
    return line + 1, start - (text.rfind("\n", 0, start) + 1) + 1


def read_wording(source: Source) -> dict[str, Any]:
    """Return the rules of wording in their normal form; faults are noted in the source."""
    root = source.root
    if not root.keys(("rules", "personal", "promises", "note"), ("rules", "personal", "promises")):
        return {}
    promises = root["promises"]
    promises.keys(("words", "unless"), ("words",))
    return {
        "rules": {name: _read_rule(rule) for name, rule in root["rules"].items()},
        "personal": {name: _read_personal(form) for name, form in root["personal"].items()},
        "promises": {key: _words(promises, key) for key in ("words", "unless")},
    }


def _words(cursor: Cursor, key: str) -> list[str]:
    found = cursor.get(key)
    return [one.text() for one in found.each()] if found else []


def _read_rule(rule: Cursor) -> dict[str, Any]:
    if not rule.keys(_RULE_KEYS, ("severity", "why")):
        return {}
    if not rule.get("phrases") and not rule.get("missing"):
        rule.fault("缺少 phrases 或 missing", "phrases or missing is needed", expected="phrases: […]")
    found: dict[str, Any] = {key: _words(rule, key) for key in ("phrases", "unless", "missing", "when", "flows", "cite")}
    found["severity"] = rule["severity"].word((ERROR, WARNING), "严重程度", "severity")
    found["why"] = rule["why"].texts()
    found["better"] = rule["better"].texts() if rule.get("better") else None
    return found


def _read_personal(form: Cursor) -> dict[str, Any]:
    if not form.keys(_PERSONAL_KEYS, ("form", "what")):
        return {}
    pattern = form["form"].text()
    if "(" in pattern or "*" in pattern:
        form["form"].fault("只允许字符类与有限次数", "only character classes with bounded counts", expected="[0-9]{11}")
    try:
        re.compile(pattern)
    except re.error:
        form["form"].fault("模式有误", "not a valid pattern")
    check = form["check"].word(("luhn", "id-card"), "校验", "check") if form.get("check") else ""
    return {"form": pattern, "check": check, "allow": _words(form, "allow"), "what": form["what"].texts()}


def lint(
    text: str,
    wording: Mapping[str, Any],
    *,
    flow: str | None = None,
    promise: Promise | None = None,
    settings: Mapping[str, Sequence[str]] | None = None,
) -> list[Remark]:
    """Check a message.

    Args:
        text: what the agent means to say or write.
        wording: the rules, from :func:`read_wording`.
        flow: the flow at hand; rules of other flows do not count. None: only those that hold everywhere.
        promise: what the tier may promise; None: amounts are not looked at.
        settings: the policy's settings, whose values may stand although they look personal.

    Raises:
        InputError: there is no text, or more than 20,000 characters.
    """
    if not text.strip():
        raise InputError("没有要检查的文字", "there is no text to check")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"文字超过 {MAX_CHARACTERS} 个字符", f"the text is longer than {MAX_CHARACTERS} characters")
    found = [*_controls(text)]
    for name, rule in wording["rules"].items():
        if not rule["flows"] or flow in rule["flows"]:
            found += _broken(name, rule, text)
    found += _personal(text, wording["personal"], settings or {})
    if promise is not None:
        found += _promises(text, wording["promises"], promise)
    return sorted(found, key=lambda remark: (remark.start, remark.id))


def _spans(text: str, phrases: Iterable[str]) -> Iterator[tuple[int, int]]:
    for phrase in phrases:
        start = text.find(phrase)
        while start >= 0:
            yield start, start + len(phrase)
            start = text.find(phrase, start + 1)


def _broken(name: str, rule: Mapping[str, Any], text: str) -> list[Remark]:
    why, better = Text(*rule["why"]), Text(*rule["better"]) if rule["better"] else None
    if rule["missing"]:
        applies = not rule["when"] or any(word in text for word in rule["when"])
        if applies and not any(word in text for word in rule["missing"]):
            return [Remark(name, rule["severity"], 0, "", why, better, rule["cite"])]
        return []
    excused = list(_spans(text, rule["unless"]))
    covered: list[tuple[int, int]] = []
    for start, end in sorted(_spans(text, rule["phrases"]), key=lambda span: (span[0], -span[1])):
        inside = [*excused, *covered]
        if not any(first <= start and end <= last for first, last in inside):
            covered.append((start, end))
    return [Remark(name, rule["severity"], s, text[s:e], why, better, rule["cite"]) for s, e in covered]


def _controls(text: str) -> Iterator[Remark]:
    for start, char in enumerate(text):
        if char not in "\n\t\r" and unicodedata.category(char) in ("Cc", "Cf", "Cs"):
            why = Text("不可见的控制字符", "an invisible control character")
            yield Remark("control", ERROR, start, f"U+{ord(char):04X}", why, None)


def _luhn(digits: str) -> bool:
    total = 0
    for n, char in enumerate(reversed(digits)):
        value = int(char) * (2 if n % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _id_card(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[-1].upper()


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {"luhn": _luhn, "id-card": _id_card, "": lambda found: True}


def _personal(text: str, forms: Mapping[str, Any], settings: Mapping[str, Sequence[str]]) -> list[Remark]:
    found: list[Remark] = []
    for name, form in forms.items():
        allowed = {value for setting in form["allow"] for value in settings.get(setting, ())}
        for match in re.finditer(rf"(?<![0-9A-Za-z])(?:{form['form']})(?![0-9A-Za-z])", text, re.ASCII):
            if match.group() in allowed or not _CHECKS[form["check"]](match.group()):
                continue
            why = Text(f"含有个人信息: {form['what'][0]}", f"personal data: {form['what'][1]}")
            found.append(Remark(f"personal-{name}", ERROR, match.start(), "***", why, None))
    return found


def _promises(text: str, data: Mapping[str, list[str]], promise: Promise) -> list[Remark]:
    found: list[Remark] = []
    for sentence in _SENTENCE.finditer(text):
        words = sentence.group()
        if not any(word in words for word in data["words"]) or any(word in words for word in data["unless"]):
            continue
        for match in _AMOUNT.finditer(words):
            if parse_money(match.group(1)) > promise.amount:
                most = format_money(promise.amount)
                found.append(_above(sentence.start() + match.start(), match.group(), f"{most} 元", f"CNY {most}", promise))
        for match in _SHARE.finditer(words):
            rate = parse_number(match.group(1)) * MILLION // (100 * MILLION)
            if rate > (promise.rate or 0):
                most = percent(promise.rate or 0)
                found.append(_above(sentence.start() + match.start(), match.group(), most, most, promise))
    return found


def _above(start: int, words: str, zh: str, en: str, promise: Promise) -> Remark:
    why = Text(f"超出本层级可承诺的 {zh}", f"above what this tier may promise, {en}")
    better = Text("先报批，再承诺", "get approval before you promise")
    return Remark("promise-above-tier", ERROR, start, words, why, better, promise.cites)
