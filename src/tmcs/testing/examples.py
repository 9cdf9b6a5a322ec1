"""Worked cases: an order, the facts, the moment, and what must come of it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from tmcs.core.errors import Finding, InputError, TmcsError
from tmcs.core.flow import Flow
from tmcs.core.order import Order, parse_time
from tmcs.core.policy import Policy
from tmcs.core.resolve import resolve
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text
from tmcs.files import read_bytes
from tmcs.lang.limits import MAX_BYTES

_DATA: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "orders.json")
_CASE_KEYS: Final = ("id", "note", "phase", "order", "set", "tier", "item", "now", "expect")
#: Keys of an order whose values are whole numbers, not texts.
_NUMBERS: Final = ("num", "seller_flag")
_EXITS: Final = {"resolved": 0, "needs-facts": 3, "waiting": 4}
_ROOT_KEYS: Final = ("order", "cases")

_data: dict[str, Any] | None = None


def _defaults() -> dict[str, Any]:
    global _data
    if _data is None:
        _data = json.loads(read_bytes(_DATA, MAX_BYTES))
    return _data


def example_order(phase: str = "shipped", **over: Any) -> dict[str, Any]:
    """Return the record of an example order (schema ``tmcs/order/1``): one line of 100.00 CNY, paid and dispatched.

    Args:
        phase: ``unpaid``, ``processing``, ``oversold``, ``shipped``, ``signed`` or ``succeeded``.
        over: keys laid over the record, each replacing the whole value.
    """
    data = _defaults()
    record: dict[str, Any] = copy.deepcopy(data["order"])
    return {**record, **data["phases"][phase], **over}


class Example:
    """One worked case.

    Attributes:
        id, note: its name; what it shows, in both languages.
        phase, order: the state of the order, and keys laid over it.
        facts: what is set, tier and item included.
        now: the moment.
        expect: what must hold; what it does not name is not compared.
        source, path: where it stands.
    """

    __slots__ = ("expect", "facts", "id", "note", "now", "order", "path", "phase", "source")

    def __init__(self, cursor: Cursor, order: Mapping[str, Any]) -> None:
        data = _defaults()
        self.source = cursor.source
        self.path = cursor.path
        self.id = cursor["id"].text() if cursor.get("id") else f"#{cursor.path[-1]}"
        self.note = ["", ""]
        self.phase: str = data["default"]
        self.now: str = data["now"]
        self.order: dict[str, Any] = dict(order)
        self.facts: dict[str, str] = {}
        self.expect: dict[str, Any] = {}
        if not cursor.keys(_CASE_KEYS, ("id", "expect")):
            return
        if note := cursor.get("note"):
            self.note = note.texts()
        if phase := cursor.get("phase"):
            self.phase = phase.word(data["phases"], "阶段", "phase")
        if over := cursor.get("order"):
            self.order |= _record(over)
        for name, value in cursor["set"].items() if cursor.get("set") else ():
            self.facts[name] = value.text()
        for name in ("tier", "item"):
            if one := cursor.get(name):
                self.facts[name] = one.text()
        if moment := cursor.get("now"):
            self.now = moment.text()
            moment.parsed(parse_time, "带时区的时间", "a time with an offset", None)
        if cursor["expect"].keys(_HOLDS):
            self.expect = cursor["expect"].value


class Result:
    """What became of one worked case: no findings where all that is expected holds."""

    __slots__ = ("example", "findings")

    def __init__(self, example: Example, findings: list[Finding]) -> None:
        self.example = example
        self.findings = findings


def _record(cursor: Cursor) -> dict[str, Any]:
    found: dict[str, Any] = _value("", cursor.value) if isinstance(cursor.value, dict) else {}
    if not found:
        cursor.fault("order 应为映射", "order must be a mapping")
    return found


def _value(key: str, value: Any) -> Any:
    """Return a value of an order record: an empty one is null, a count is a whole number."""
    if isinstance(value, dict):
        return {name: _value(name, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_value(key, one) for one in value]
    if value == "":
        return None
    return int(value) if key in _NUMBERS and value.isdigit() else value


def read_examples(path: str | os.PathLike[str]) -> list[Example]:
    """Return the worked cases of an ``examples.yaml``.

    Raises:
        InputError: the file is wrong; every fault is named with line and column.
        NotFoundError: there is no such file.
    """
    from tmcs.lang.yaml import parse_yaml

    name = os.fspath(path)
    source: Source = parse_yaml(read_bytes(name, MAX_BYTES), name)
    root = source.root
    examples: list[Example] = []
    if root.keys(_ROOT_KEYS, ("cases",)):
        order = _record(root["order"]) if root.get("order") else {}
        examples = [Example(case, order) for case in root["cases"].each()]
    seen: set[str] = set()
    for one in examples:
        if one.id in seen:
            source.fault((*one.path, "id"), f"例子 {one.id} 重复", f"case {one.id} stands twice")
        seen.add(one.id)
    if source.findings:
        raise InputError(f"例子文件有误: {name}", f"wrong worked cases: {name}", findings=source.findings)
    return examples


def run_examples(flow: Flow, policy: Policy, path: str | os.PathLike[str] | None = None) -> list[Result]:
    """Run the worked cases of a flow.

    Args:
        flow: the flow.
        policy: the policy.
        path: their file; default ``examples.yaml`` beside the flow's files (none there: no cases).
    """
    found = os.path.join(os.path.dirname(flow.source), "examples.yaml") if path is None else os.fspath(path)
    if path is None and not os.path.exists(found):
        return []
    return [run_example(example, flow, policy) for example in read_examples(found)]


def run_example(example: Example, flow: Flow, policy: Policy) -> Result:
    """Run one worked case and compare all that it expects."""
    findings: list[Finding] = []
    said: dict[str, Any] = {}
    try:
        order = Order(example_order(example.phase, **example.order))
        said = resolve(flow, order, example.facts, policy, parse_time(example.now)).to_dict()
        exit_code = _EXITS[said["status"]]
    except TmcsError as error:
        exit_code = error.exit_code
        if "exit" not in example.expect:
            findings.append(_finding(example, (), f"出错: {error.text.zh}", f"failed: {error.text.en}"))
            return Result(example, findings)
    if "exit" in example.expect and example.expect["exit"] != str(exit_code):
        wanted = example.expect["exit"]
        findings.append(_finding(example, ("exit",), f"退出码 {exit_code}，应为 {wanted}", f"exit {exit_code}, not {wanted}"))
    for key, wanted in example.expect.items():
        if key == "exit" or not said:
            continue
        got = _HOLDS[key](said, wanted)
        if got is not None:
            shown = json.dumps(wanted, ensure_ascii=False) if wanted != "" else "null"
            findings.append(_finding(example, (key,), f"{key} 是 {got}，应为 {shown}", f"{key} is {got}, not {shown}"))
    return Result(example, findings)


def _finding(example: Example, path: tuple[str, ...], zh: str, en: str) -> Finding:
    file, line, column = example.source.place((*example.path, "expect", *path), key=True)
    return Finding(file, line, column, Text(f"例子 {example.id}: {zh}", f"case {example.id}: {en}"))


# ---- comparisons: each returns None where it holds, else what there is instead --------------------------------------------


def _shown(value: Any) -> str:
    return "null" if value is None else json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _same(value: Any, wanted: Any) -> str | None:
    return None if (value is None and wanted == "") or value == wanted else _shown(value)


def _of(key: str) -> Callable[[dict[str, Any], Any], str | None]:
    return lambda said, wanted: _same(said[key], wanted)


def _refund(key: str) -> Callable[[dict[str, Any], Any], str | None]:
    return lambda said, wanted: _same(None if said["refund"] is None else said["refund"][key], wanted)


def _payouts(said: dict[str, Any], wanted: Any) -> str | None:
    got = said["payouts"]
    fits = len(got) == len(wanted) and all(
        any(all(_same(one.get(key), value) is None for key, value in want.items()) for one in got) for want in wanted
    )
    shown = [{key: value for key, value in one.items() if key != "cites"} for one in got]
    return None if fits else _shown(shown)


def _no_payout(said: dict[str, Any], wanted: Any) -> str | None:
    return None if not said["payouts"] else _shown([one["reason"] for one in said["payouts"]])


def _contains(values: Callable[[dict[str, Any]], list[Any]]) -> Callable[[dict[str, Any], Any], str | None]:
    def holds(said: dict[str, Any], wanted: Any) -> str | None:
        got = values(said)
        return None if all(one in got for one in _listed(wanted)) else _shown(got)

    return holds


def _listed(wanted: Any) -> list[str]:
    return wanted if isinstance(wanted, list) else [wanted]


def _not_queues(said: dict[str, Any], wanted: Any) -> str | None:
    got = [task["queue"] for task in said["tasks"]]
    return _shown(got) if any(one in got for one in _listed(wanted)) else None


def _days(said: dict[str, Any]) -> list[str]:
    dues = [one["due"] for key in ("deadlines", "waits", "tasks") for one in said[key]]
    return [due[:10] for due in dues if due is not None]


_HOLDS: Final[dict[str, Callable[[dict[str, Any], Any], str | None]]] = {
    "status": _of("status"),
    "outcome": _of("outcome"),
    "goods": _of("goods"),
    "next_flow": _of("next_flow"),
    "route": _refund("route"),
    "amount": _refund("amount"),
    "payouts": _payouts,
    "no_payout": _no_payout,
    "queues": _contains(lambda said: [task["queue"] for task in said["tasks"]]),
    "not_queues": _not_queues,
    "waits": _contains(lambda said: [wait["on"] for wait in said["waits"]]),
    "needs": _contains(lambda said: [need["fact"] for need in said["needs"]]),
    "deadline_dates": _contains(_days),
    "warnings": _contains(lambda said: [warning["code"] for warning in said["warnings"]]),
    "nodes": _contains(lambda said: [step["node"] for step in said["path"]]),
    "says": _contains(lambda said: [one["moment"] for one in said["say"]]),
    "exit": lambda said, wanted: None,
}
