"""What the user gave on the command line: facts, order, moment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tmcs.cli.common import read_text
from tmcs.core.errors import InputError
from tmcs.core.order import SHANGHAI, Order, parse_time


def parse_sets(pairs: Iterable[str]) -> dict[str, str]:
    """Return the facts of ``--set name=value``.

    Raises:
        InputError: a pair has no ``=``, or a fact stands twice with two values.
    """
    facts: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        name = name.strip()
        if not sign or not name:
            raise InputError(f"--set {pair}: 应写作 名称=取值", f"--set {pair}: expected name=value")
        if facts.get(name, value) != value:
            raise InputError(
                f"--set {name} 给了两个取值: {facts[name]} 和 {value}",
                f"--set {name} was given two values: {facts[name]} and {value}",
            )
        facts[name] = value
    return facts


def read_facts(source: str) -> dict[str, str]:
    """Return the facts of a JSON or YAML file, or of standard input for ``-``; a null is a fact that is not set.

    Raises:
        InputError: it is no mapping of facts to plain values.
    """
    text = read_text(source)
    name = "stdin" if source == "-" else source
    data = _json(text, name) if text.lstrip().startswith(("{", "[")) else _yaml(text, name)
    if isinstance(data, dict) and isinstance(data.get("facts"), dict):
        data = data["facts"]
    if not isinstance(data, dict):
        raise InputError(f"{name}: 应为 事实: 取值 的映射", f"{name}: expected a mapping of facts to values")
    facts: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, dict | list):
            raise InputError(f"{name}: {key} 应为单个取值", f"{name}: {key} must be a single value")
        if value is True or value is False:
            facts[key] = "yes" if value else "no"
        elif value not in (None, ""):
            facts[key] = str(value)
    return facts


def _json(text: str, name: str) -> Any:
    try:
        # Numbers stay as they are written: 0.10 is an amount, not a float.
        return json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        place = f" ({error.lineno}:{error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{name}: 不是有效的 JSON{place}", f"{name}: not valid JSON{place}") from None


def _yaml(text: str, name: str) -> Any:
    from tmcs.lang.yaml import parse_yaml

    return parse_yaml(text.encode(), name).data


def read_order_json(source: str) -> Mapping[str, Any]:
    """Return an order record (schema ``tmcs/order/1``) from a file, or from standard input for ``-``.

    Raises:
        InputError: it is no JSON object.
    """
    text = read_text(source)
    name = "stdin" if source == "-" else source
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        place = f" ({error.lineno}:{error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{name}: 不是有效的 JSON{place}", f"{name}: not valid JSON{place}") from None
    if not isinstance(record, dict):
        raise InputError(f"{name}: 应为一个订单对象", f"{name}: expected one order as an object")
    return record


def find_order(order: str | None, files: tuple[str, ...], order_json: str | None, store: str | None) -> Order | None:
    """Return the order that the options name, or None where they name none.

    Raises:
        InputError, NotFoundError, StorageError: the options contradict each other; the order or file is not there.
    """
    if order_json is not None:
        if order is not None or files:
            raise InputError("--order-json 不能与 --order、--orders 同用", "--order-json excludes --order and --orders")
        return Order(read_order_json(order_json))
    if order is None:
        if files:
            raise InputError("--orders 须同时给出 --order 订单号", "--orders needs --order ID")
        return None
    from tmcs.orders.select import order_record

    return Order(order_record(order, orders_file=files or None, store=store))


def moment(text: str | None) -> datetime:
    """Return the moment of the decision: ``--now``, else the clock, in whole seconds.

    Raises:
        InputError: the text is no ISO 8601 time.
    """
    if text is None:
        return datetime.now(SHANGHAI).replace(microsecond=0)
    try:
        return parse_time(text).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise InputError(
            f"--now {text} 有误，应为 ISO 8601 时间，如 2026-11-23T10:00:00+08:00",
            f"--now {text} is wrong: expected an ISO 8601 time such as 2026-11-23T10:00:00+08:00",
        ) from None
