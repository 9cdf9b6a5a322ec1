"""Facts: the only input of a decision. What each is called, who knows it, and how its value is written."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import InputError
from tmcs.core.money import format_money, format_number, parse_money, parse_number
from tmcs.core.text import nearest

if TYPE_CHECKING:
    from tmcs.core.source import Cursor

TYPES: Final = ("yes-no", "choice", "money", "number", "date", "text")

#: Who can know a fact; `agent` is asked, the others are awaited, `order` is read from the order and else asked.
PARTIES: Final = ("order", "agent", "warehouse", "courier", "taobao", "finance", "specialist", "customer")

#: `--set` spellings of yes and no (contract/flows.yaml).
_YES_NO: Final = {"yes": "yes", "true": "yes", "y": "yes", "是": "yes", "no": "no", "false": "no", "n": "no", "否": "no"}

_MAX_TEXT: Final = 2000
_EXPECTED: Final = {
    "yes-no": ("yes 或 no", "yes | no"),
    "money": ("金额，如 35.00，最多两位小数", "an amount such as 35.00, at most two decimals"),
    "number": ("不小于 0 的数字", "a number, 0 or more"),
    "date": ("日期，如 2026-11-23", "a date such as 2026-11-23"),
    "text": (f"不为空的文字，至多 {_MAX_TEXT} 字", f"a text that is not empty, at most {_MAX_TEXT} characters"),
}
FACT_KEYS: Final = (
    "type", "from", "values", "default", "optional", "above", "at_most", "area", "label", "ask", "cite", "note",
)  # fmt: skip


class Fact:
    """The definition of one fact.

    Attributes:
        name: its name, as `--set` takes it.
        type: yes-no, choice, money (CNY), number, date or text.
        source: who knows it: order, agent, or the party that is awaited.
        values: the values of a yes-no or choice fact.
        default: the value taken when it is not set, or None.
        label, ask: what it is called and how it is asked, ``[zh, en]``.
        labels: the values in words, ``{value: [zh, en]}``.
        cites: the handbook rules that ask for it.
        special: whether a given value is compared with the order or its bounds.
        area: the area of the policy that the order's region is looked up in, or None.
        above, at_most: what the value must be above, and the fact it may not exceed; None for no such bound.
    """

    __slots__ = ("above", "area", "ask", "at_most", "cites", "default", "label", "labels", "name", "optional", "source", "special", "type", "values")

    def __init__(self, name: str, normal: dict[str, Any]) -> None:
        self.name = name
        self.type: str = normal["type"]
        self.source: str = normal["from"]
        self.values: dict[str, Any] = normal["values"]
        self.labels: dict[str, list[str]] = normal["values"]
        self.default: Any = None if normal["default"] is None else self.parse(normal["default"])
        self.optional: bool = normal["optional"]
        self.label: list[str] = normal["label"]
        self.ask: list[str] = normal["ask"]
        self.cites: list[str] = normal["cite"]
        self.above: int | None = None if normal.get("above") is None else self.parse(normal["above"])
        self.at_most: str | None = normal.get("at_most")
        self.area: str | None = normal.get("area")
        self.special = self.source == "order" or self.above is not None or self.at_most is not None

    def parse(self, text: object) -> Any:
        """Return the value of this fact that ``text`` writes: text, or an int of fen or millionths, or a date.

        Raises:
            InputError: it is no value of this fact; the nearest ones are named.
        """
        if not isinstance(text, str):
            text = _written(text)
        kind = self.type
        try:
            if kind == "choice":
                if text in self.values:
                    return text
                return self._by_label(text)
            if kind == "yes-no":
                return _YES_NO[text if text in _YES_NO else text.strip().lower()]
            if kind == "money":
                return parse_money(text)
            if kind == "number":
                return parse_number(text)
            if kind == "date":
                return date.fromisoformat(text)
            if not text.strip() or len(text) > _MAX_TEXT:
                raise ValueError(text)
            return text
        except (ValueError, KeyError):
            raise self._wrong(text) from None

    def _by_label(self, text: str) -> str:
        for value, label in self.labels.items():
            if text in label:
                return value
        raise ValueError(text)

    def _wrong(self, text: str) -> InputError:
        shown = text if len(text) < 60 else text[:57] + "…"
        if self.type == "choice":
            words = ", ".join(self.values)
            near = nearest(text, self.values)
            hint_zh = f"，最接近的是 {', '.join(near)}" if near else ""
            hint_en = f"; nearest: {', '.join(near)}" if near else ""
            return InputError(
                f"{self.name} 没有这个取值 {shown}{hint_zh} (可用: {words})",
                f"{self.name} has no value {shown}{hint_en} (valid: {words})",
            )
        zh, en = _EXPECTED[self.type]
        if self.type == "text":  # what a customer wrote is not repeated in an error
            return InputError(f"{self.name} 有误，应为{zh}", f"{self.name} is wrong: expected {en}")
        return InputError(f"{self.name}={shown} 有误，应为{zh}", f"{self.name}={shown} is wrong: expected {en}")

    def write(self, value: Any) -> str:
        """Return a value as `--set` and JSON write it."""
        kind = self.type
        if kind == "money":
            return format_money(value)
        if kind == "number":
            return format_number(value)
        return str(value)

    def words(self, value: Any, lang: str) -> str:
        """Return a value in words of ``lang``, for a person."""
        label = self.labels.get(value) if isinstance(value, str) else None
        if label:
            return label[lang == "en"]
        return self.write(value)


def _written(value: object) -> str:
    """Return the text of a value that a JSON or Python caller gave; a float is not exact and stays wrong."""
    if value is True:
        return "yes"
    if value is False:
        return "no"
    if isinstance(value, int | date):
        return str(value)
    return repr(value)


def read_fact(name: str, cursor: Cursor) -> dict[str, Any]:
    """Return the normal form of a fact's definition; faults are noted in its source."""
    empty: dict[str, Any] = {"type": "text", "from": "agent", "values": {}, "default": None, "optional": False}
    normal: dict[str, Any] = {**empty, "label": [name, name], "ask": [name, name], "cite": []}
    if not cursor.keys(FACT_KEYS, ("type", "from", "label")):
        return normal
    normal["type"] = cursor["type"].word(TYPES, "类型", "type")
    normal["from"] = cursor["from"].word(PARTIES, "来源", "party")
    normal["label"] = cursor["label"].texts()
    normal["ask"] = cursor["ask"].texts() if cursor.get("ask") else normal["label"]
    normal["values"] = _read_values(cursor, normal["type"])
    normal["cite"] = [c.text() for c in cite.each()] if (cite := cursor.get("cite")) else []
    normal["optional"] = (
        optional.word(("yes", "no"), "取值", "value") == "yes" if (optional := cursor.get("optional")) else False
    )
    for key in ("above", "at_most"):
        normal[key] = _read_bound(name, normal, one) if (one := cursor.get(key)) else None
    normal["area"] = area.text() if (area := cursor.get("area")) else None
    if default := cursor.get("default"):
        text = default.text()
        try:
            Fact(name, {**normal, "default": text})
            normal["default"] = text
        except InputError as error:
            default.fault(error.text.zh, error.text.en)
    return normal


def _read_bound(name: str, normal: dict[str, Any], cursor: Cursor) -> str:
    text = cursor.text()
    if normal["type"] not in ("money", "number"):
        cursor.fault("只有金额和数字有上下限", "only money and numbers have bounds")
    elif cursor.path[-1] == "above":
        try:
            Fact(name, normal).parse(text)
        except InputError as error:
            cursor.fault(error.text.zh, error.text.en)
    return text


def _read_values(cursor: Cursor, kind: str) -> dict[str, list[str]]:
    values = cursor.get("values")
    if kind == "yes-no" and values is None:
        return {"yes": ["是", "yes"], "no": ["否", "no"]}
    if kind not in ("choice", "yes-no"):
        if values:
            values.fault("这种类型的事实没有取值列表", "a fact of this type has no list of values")
        return {}
    if values is None:
        cursor.fault("choice 须列出 values", "a choice needs its values", expected="values: {value: {zh: …, en: …}}")
        return {}
    return {value: label.texts() for value, label in values.items()}
