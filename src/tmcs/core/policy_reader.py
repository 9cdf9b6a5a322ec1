"""Policy files checked and brought into their normal form. Every fault is found at once, in the file that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final

from tmcs.core.case_rules_reader import check_cases
from tmcs.core.facts import Fact
from tmcs.core.job_rules import check_jobs
from tmcs.core.money import MILLION, parse_money, parse_number
from tmcs.core.policy import SECTIONS, as_of, change_days, is_dated, merge
from tmcs.core.source import Cursor, Layered, Path, Source
from tmcs.core.table import read_table, read_when
from tmcs.core.text import nearest

_PAYOUT_KEYS: Final = ("title", "kind", "form", "offer", "base", "needs", "rows", "cite", "note")
_ROW_KEYS: Final = (
    "when", "flat", "rate_min", "rate_max", "cap", "floor", "commit", "commit_cap", "approval", "cash", "cite", "note",
)  # fmt: skip
_DEADLINE_KEYS: Final = ("id", "title", "start", "parts", "rule", "cite", "note")
_LIMIT_KEYS: Final = ("type", "value", "cite", "note")
_RULING_KEYS: Final = ("status", "resolution", "reason", "owner", "ruled", "review", "note")
_SETTING_KEYS: Final = ("value", "meaning", "cite", "kind", "note")
_CALENDAR_KEYS: Final = ("off", "on", "note")
_REQUIRED: Final = ("policy", "version", "tiers", "limits", "payouts", "tables", "deadlines", "cases")
KINDS: Final = ("compensation", "reimbursement")
FORMS: Final = ("coupon", "cash")
OFFERS: Final = ("on-request", "unasked")
_FULL: Final = MILLION


def layer(sources: list[Source]) -> tuple[Layered, list[dict[str, Any]]]:
    """Merge policy sources, lowest first, and list what each one after the first changed."""
    data: dict[str, Any] = {}
    overrides: list[dict[str, Any]] = []
    for number, source in enumerate(sources):
        if not isinstance(source.data, dict):
            source.root.fault("文件应为映射", "the file must be a mapping")
            continue

        def note(path: Path, old: Any, new: Any, source: Source = source) -> None:
            file, line, _ = source.place(path)
            overrides.append({"key": ".".join(map(str, path)), "value": new, "was": old, "file": file, "line": line})

        data = merge(data, source.data, (), note if number else lambda path, old, new: None)
    return Layered(sources, data), overrides


def read_policy(source: Layered, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Return the normal form of a merged policy; faults are noted in ``source.findings``.

    Args:
        source: the merged sources, see :func:`layer`.
        facts: the shared facts; conditions may use only these and ``tier``.
    """
    days = sorted(change_days(source.data))
    for day in days:
        try:
            date.fromisoformat(day)
        except ValueError:
            source.fault((), f"from: {day} 不是日期", f"from: {day} is no date", expected="2026-11-23")
            return {}
    seen: set[str] = set()
    found = source.findings
    for day in days or [""]:
        before = len(found)
        _Checker(source, as_of(source.data, day), facts).check()
        # The same fault shows on every day on which it holds: keep the first.
        fresh = [one for one in found[before:] if repr(one) not in seen]
        seen.update(map(repr, fresh))
        found[before:] = fresh
    if found:
        return {}
    return {"data": _normal(source.data), "days": days}


class _Checker:
    """Checks the policy of one day."""

    def __init__(self, source: Source, data: Any, facts: Mapping[str, Fact]) -> None:
        self.root = Cursor(source, (), data)
        self.facts = facts
        self.tiers: list[str] = []
        self.reasons: list[str] = []
        self.limits: dict[str, str] = {}

    def check(self) -> None:
        if not self.root.keys(SECTIONS, _REQUIRED):
            return
        self.tiers = [name for name, label in self.root["tiers"].items() if label.texts()]
        for name, limit in self.root["limits"].items():
            if limit.keys(_LIMIT_KEYS, ("type", "value"), self._others("limits", name)):
                kind = limit["type"].word(("money", "number"), "类型", "type")
                self.limits[name] = kind
                self._amount(limit["value"], kind)
        for name, payout in self.root["payouts"].items():
            self.reasons.append(name)
            self._payout(name, payout)
        for _, table in self.root["tables"].items():
            self._table(table)
        for name, deadline in self.root["deadlines"].items():
            self._deadline(name, deadline)
        for _, setting in self._section("settings"):
            if setting.keys(_SETTING_KEYS, ("value",)) and isinstance(setting["value"].value, dict):
                setting["value"].texts()
        for _, queue in self._section("queues"):
            if queue.keys(("label", "from", "cite", "note"), ("label",)):
                queue["label"].texts()
                if (moved := queue.get("from")) and moved.keys(self.tiers):
                    for _, other in moved.items():
                        other.word(self.root["queues"].value, "队列", "queue")
        for _, ruling in self._section("rulings"):
            self._ruling(ruling)
        for _, area in self._section("areas"):
            if area.keys(("within", "except", "cite", "note"), ("within",)):
                for key in ("within", "except"):
                    for part in area[key].each() if area.get(key) else ():
                        part.text()
        if (calendar := self.root.get("calendar")) and calendar.keys(_CALENDAR_KEYS):
            for key in ("off", "on"):
                for day in calendar[key].each() if calendar.get(key) else ():
                    day.parsed(date.fromisoformat, "日期", "a date such as 2027-02-17", date.min)
        check_cases(self.root["cases"], self.tiers, self.reasons, FORMS)
        if jobs := self.root.get("jobs"):
            check_jobs(jobs)

    def _others(self, section: str, name: str) -> list[str]:
        """Return the entries of a section that ``name`` was perhaps meant to be."""
        return nearest(name, [other for other in self.root[section].value if other != name])

    def _section(self, name: str) -> Iterable[tuple[str, Cursor]]:
        section = self.root.get(name)
        return section.items() if section else ()

    def _amount(self, cursor: Cursor, kind: str) -> int:
        if kind == "money":
            return cursor.parsed(parse_money, "金额，如 35.00", "an amount such as 35.00", 0)
        return cursor.parsed(parse_number, "不小于 0 的数字", "a number, 0 or more", 0)

    def _rate(self, cursor: Cursor) -> int:
        rate = cursor.parsed(parse_number, "比例，如 0.10", "a rate such as 0.10", 0)
        if rate > _FULL:
            cursor.fault("比例大于 1", "a rate above 1", expected="0 … 1")
        return rate

    def _payout(self, name: str, payout: Cursor) -> None:
        if not payout.keys(_PAYOUT_KEYS, ("title", "offer", "rows"), self._others("payouts", name)):
            return
        payout["title"].texts()
        payout["offer"].word(OFFERS, "方式", "offer")
        for key, valid in (("kind", KINDS), ("form", FORMS)):
            if one := payout.get(key):
                one.word(valid, "取值", "value")
        if base := payout.get("base"):
            self._money_fact(base)
        for _, row in payout["rows"].items():
            if row.keys(_ROW_KEYS):
                self._row(row)

    def _money_fact(self, cursor: Cursor) -> None:
        valid = [name for name, fact in self.facts.items() if fact.type == "money"]
        cursor.word(valid, "金额事实", "fact of money")

    def _row(self, row: Cursor) -> None:
        if when := row.get("when"):
            self._conditions(when, [*self.facts, "tier"])
        flat = row.get("flat")
        commit_kind = "money" if flat else "rate"
        cap = self._cap(row)
        if flat:
            sum_ = self._amount(flat, "money")
            if cap is not None and sum_ > cap:
                flat.fault("定额高于封顶", "the flat sum is above its cap")
        else:
            if not row.keys(_ROW_KEYS, ("rate_min", "rate_max", "cap")):
                return
            low, high = self._rate(row["rate_min"]), self._rate(row["rate_max"])
            if low > high:
                row["rate_min"].fault("rate_min 大于 rate_max", "rate_min is above rate_max")
            floor = self._amount(row["floor"], "money") if row.get("floor") else 0
            if cap is not None and floor > cap:
                row["floor"].fault("保底高于封顶", "the floor is above the cap")
        self._by_tier(row, "commit", commit_kind, required=True)
        if row.get("commit_cap"):
            self._by_tier(row, "commit_cap", "money")
        if row.get("approval"):
            self._by_tier(row, "approval", "tier")
        self._cash(row)

    def _ruling(self, ruling: Cursor) -> None:
        if not ruling.keys(_RULING_KEYS):
            return
        if status := ruling.get("status"):
            status.word(("settled", "unresolved"), "状态", "status")
        for key in ("resolution", "reason", "owner"):
            if text := ruling.get(key):
                text.texts()
        for key in ("ruled", "review"):
            if day := ruling.get(key):
                day.parsed(date.fromisoformat, "日期", "a date such as 2026-11-23", date.min)

    def _cap(self, row: Cursor) -> int | None:
        cap = row.get("cap")
        if cap is None or cap.value == "none":
            return None
        return self._amount(cap, "money")

    def _cash(self, row: Cursor) -> None:
        cash = row.get("cash")
        if cash is None or not cash.keys(("rate_min", "rate_max", "from_tier"), ("rate_min", "rate_max", "from_tier")):
            return
        if self._rate(cash["rate_min"]) > self._rate(cash["rate_max"]):
            cash["rate_min"].fault("rate_min 大于 rate_max", "rate_min is above rate_max")
        cash["from_tier"].word(self.tiers, "层级", "tier")

    def _by_tier(self, row: Cursor, key: str, kind: str, required: bool = False) -> None:
        cursor = row.get(key)
        if cursor is None:
            if required:
                row.fault(f"缺少 {key}", f"{key} is missing", expected=f"{key}: {{{', '.join(self.tiers)}}}")
            return
        if not cursor.keys(self.tiers, self.tiers if required else ()):
            return
        for _, value in cursor.items():
            if kind == "money":
                self._amount(value, "money")
            elif kind == "rate":
                self._rate(value)
            else:
                value.word(self.tiers, "层级", "tier")

    def _conditions(self, when: Cursor, valid: list[str]) -> None:
        for fact, condition in read_when(when).items():
            place = when[fact]
            definition = self.facts.get(fact)
            if fact not in valid:
                place.fault(f"没有这个事实 {fact}", f"unknown fact {fact}", near=nearest(fact, valid), key=True)
            elif "in" in condition:
                words = self.tiers if fact == "tier" else list(definition.values) if definition else []
                for one in place.each():
                    one.word(words, "取值", "value")
            else:
                kind = definition.type if definition else ""
                for _, operand in condition["cmp"]:
                    self._operand(place, operand, kind)

    def _operand(self, place: Cursor, operand: str, kind: str) -> None:
        parse: Callable[[str], int] = parse_money if kind == "money" else parse_number
        if kind not in ("money", "number"):
            place.fault("只有金额和数字可以比较", "only money and numbers can be compared")
        elif operand.startswith("$"):
            if self.limits.get(operand[1:]) != kind:
                near = nearest(operand[1:], self.limits)
                place.fault(f"没有这个限值 {operand}", f"unknown limit {operand} of type {kind}", near=near)
        else:
            try:
                parse(operand)
            except ValueError:
                place.fault(f"{operand} 不是数字", f"{operand} is no number", expected="20.00 or $limit")

    def _table(self, table: Cursor) -> None:
        normal = read_table(table)
        for fact in table["inputs"].each() if table.get("inputs") else ():
            fact.word([*self.facts, "tier"], "事实", "fact")
        for name, _ in zip((row["name"] for row in normal["rows"]), normal["rows"], strict=True):
            if name != "otherwise":
                self._conditions(table["rows"][name]["when"], [*self.facts, "tier"])

    def _deadline(self, name: str, deadline: Cursor) -> None:
        required = ("id", "start", "parts", "rule")
        if not deadline.keys(_DEADLINE_KEYS, required, self._others("deadlines", name)):
            return
        dates = [name for name, fact in self.facts.items() if fact.type == "date"]
        deadline["start"].word(["now", *dates], "起点", "start")
        deadline["rule"].texts()
        if title := deadline.get("title"):
            title.texts()
        for part in deadline["parts"].each():
            if part.keys(("days", "unit"), ("days", "unit")):
                part["days"].parsed(_days, "天数", "a whole number of days, 0 … 366", 0)
                part["unit"].word(("calendar", "working"), "单位", "unit")


def _days(text: str) -> int:
    days = int(text)
    if not 0 <= days <= 366 or not text.isascii():
        raise ValueError(text)
    return days


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) and not is_dated(value) else [value] if value else []


def _pair(value: Mapping[str, str]) -> list[str]:
    return [value["zh"], value["en"]]


def _normal(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the policy in the form that the core compiles; dated figures stay dated."""
    return {
        "policy": data["policy"],
        "version": data["version"],
        "tiers": {name: _pair(label) for name, label in data["tiers"].items()},
        "limits": {name: {**one, "cite": _list(one.get("cite"))} for name, one in data["limits"].items()},
        "payouts": {name: _normal_payout(one) for name, one in data["payouts"].items()},
        "tables": {name: read_table(Source("", one).root) for name, one in data["tables"].items()},
        "deadlines": {
            name: {
                **one,
                "title": _pair(one["title"]) if "title" in one else [one["id"], one["id"]],
                "rule": _pair(one["rule"]),
                "cite": _list(one.get("cite")),
            }
            for name, one in data["deadlines"].items()
        },
        "queues": {
            name: {"label": _pair(one["label"]), "from": one.get("from", {}), "cite": _list(one.get("cite"))}
            for name, one in data.get("queues", {}).items()
        },
        "areas": {
            name: {"within": _list(one["within"]), "except": _list(one.get("except")), "cite": _list(one.get("cite"))}
            for name, one in data.get("areas", {}).items()
        },
        "rulings": dict(data.get("rulings", {})),
        "settings": {name: _setting(one["value"]) for name, one in data.get("settings", {}).items()},
        "setting_cites": {name: _list(one.get("cite")) for name, one in data.get("settings", {}).items()},
        "calendar": {key: _list(data.get("calendar", {}).get(key)) for key in ("off", "on")},
        "cases": data["cases"],  # these two stand as they are written: there is nothing to compile ahead
        "jobs": data.get("jobs", {}),
    }


def _setting(value: Any) -> list[Any]:
    if is_dated(value):
        both = [(one["from"], _setting(one["value"])) for one in value]
        return [[{"from": day, "value": pair[n]} for day, pair in both] for n in (0, 1)]
    return _pair(value) if isinstance(value, dict) else [value, value]


def _normal_payout(one: Mapping[str, Any]) -> dict[str, Any]:
    rows = {}
    for name, row in one["rows"].items():
        when = read_when(Source("", row["when"]).root) if "when" in row else {}
        rows[name] = {**row, "when": when, "cite": _list(row.get("cite"))}
    return {
        "title": _pair(one["title"]),
        "kind": one.get("kind", "compensation"),
        "form": one.get("form", "coupon"),
        "offer": one["offer"],
        "base": one.get("base", "paid_amount"),
        "needs": _list(one.get("needs")),
        "rows": rows,
        "cite": _list(one.get("cite")),
    }
