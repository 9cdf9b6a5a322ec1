"""What the user gave on the command line: facts, order, moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tmcs.cli.common import read_text
from tmcs.core.errors import InputError
from tmcs.core.order import SHANGHAI, Order, parse_time

if TYPE_CHECKING:
    from tmcs.core.flow import Flow

F = TypeVar("F", bound=Callable[..., Any])
#: A fact has at most 2,000 characters, an order some hundred lines: what is larger is neither.
_MAX_FACTS: Final = 1024 * 1024
_MAX_ORDER: Final = 4 * 1024 * 1024
_MAX_DIGITS: Final = 30
#: Decisions are made within these years: enough for any order and any deadline that follows from one.
_YEARS: Final = (1970, 2999)


def order_options(command: F) -> F:
    """Add the options that name the order: ``--order``, ``--orders``, ``--order-json``, ``--store``, ``--item``."""
    for option in (
        click.option("--item", metavar="SKU", help="哪一件商品 · the item concerned"),
        click.option("--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL"),
        click.option("--order-json", metavar="FILE", help="订单 JSON，- 为标准输入 · the order as JSON, - for stdin"),
        click.option(
            "--orders", "order_files", metavar="FILE", multiple=True,
            help="只用这些导出文件，不用订单簿 · read these exports instead of the order book",
        ),
        click.option("--order", "order_id", metavar="ID", help="订单编号，查订单簿或 --orders 文件 · order number"),
    ):  # fmt: skip
        command = option(command)
    return command


def fact_options(command: F) -> F:
    """Add ``--set``, ``--facts`` and ``--no-input``."""
    for option in (
        click.option("--no-input", is_flag=True, help="不提问 · never ask"),
        click.option(
            "--facts", "facts_file", metavar="FILE", help="事实文件 (JSON/YAML)，- 为标准输入 · facts from a file, - for stdin"
        ),
        click.option(
            "-s", "--set", "sets", metavar="FACT=VALUE", multiple=True, help="给出一个事实，可多次 · give a fact"
        ),
    ):
        command = option(command)
    return command


def gather(facts_file: str | None, sets: tuple[str, ...], item: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the facts of the options and who gave each: ``--set`` wins over ``--facts``.

    Raises:
        InputError, NotFoundError, StorageError: as :func:`parse_sets` and :func:`read_facts`.
    """
    facts: dict[str, Any] = read_facts(facts_file) if facts_file is not None else {}
    sources = dict.fromkeys(facts, "facts")
    given = parse_sets(sets)
    facts.update(given)
    sources.update(dict.fromkeys(given, "set"))
    if item is not None:
        facts["item"] = item
        sources["item"] = "set"
    return facts, sources


def set_aside(flow: Flow, facts: dict[str, Any]) -> dict[str, Any]:
    """Take the facts out that only a following flow uses, after checking them against it, and return them.

    Raises:
        InputError: a value does not fit.
    """
    settable = flow.settable()
    others = [name for name in facts if name not in settable and name not in ("tier", "item")]
    if not others:
        return {}
    from tmcs.loader import following_facts

    later = following_facts(flow)
    aside = {name: facts.pop(name) for name in others if name in later}
    for name, value in aside.items():
        later[name].parse(value)
    return aside


def at_terminal() -> bool:
    """Return whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def stdin_once(*sources: str | None) -> None:
    """Refuse to read standard input for two options.

    Raises:
        InputError: more than one is ``-``.
    """
    if sources.count("-") > 1:
        raise InputError("标准输入只能用一次: --facts - 或 --order-json -", "stdin can be read once: --facts - or --order-json -")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


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
            raise InputError(f"--set {_short(pair)}: 应写作 名称=取值", f"--set {_short(pair)}: expected name=value")
        if facts.get(name, value) != value:
            one, other = _short(facts[name]), _short(value)
            raise InputError(
                f"--set {_short(name)} 给了两个取值: {one} 和 {other}",
                f"--set {_short(name)} was given two values: {one} and {other}",
            )
        facts[name] = value
    return facts


def read_facts(source: str) -> dict[str, str]:
    """Return the facts of a JSON or YAML file, or of standard input for ``-``; a null is a fact that is not set.

    Raises:
        InputError: it is no mapping of facts to plain values, or gives a fact twice.
    """
    text = read_text(source, _MAX_FACTS)
    name = "stdin" if source == "-" else source
    # Numbers stay as they are written: 0.10 is an amount, not a float.
    data = _json(text, name, plain=True) if text.lstrip().startswith(("{", "[")) else _yaml(text, name)
    if isinstance(data, dict) and isinstance(data.get("facts"), dict):
        data = data["facts"]
    if not isinstance(data, dict):
        raise InputError(f"{name}: 应为 事实: 取值 的映射", f"{name}: expected a mapping of facts to values")
    facts: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, dict | list):
            raise InputError(f"{name}: {_short(key)} 应为单个取值", f"{name}: {_short(key)} must be a single value")
        if value is True or value is False:
            facts[key] = "yes" if value else "no"
        elif value not in (None, ""):
            facts[key] = str(value)
    return facts


def _json(text: str, name: str, *, plain: bool = False) -> Any:
    """Return the value of a JSON text: no key twice, no NaN, no number that nobody writes.

    Args:
        text: the text.
        name: where it comes from, for errors.
        plain: numbers stay as they are written.

    Raises:
        InputError: it is no such text.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise InputError(f"{name}: 键 {_short(key)} 重复", f"{name}: key {_short(key)} stands twice")
            found[key] = value
        return found

    def refused(word: str) -> Any:
        shown = _short(word)
        raise InputError(f"{name}: {shown} 不是可用的数字", f"{name}: {shown} is no number that can be used")

    def whole(digits: str) -> Any:
        if len(digits) > _MAX_DIGITS:
            refused(digits)
        return digits if plain else int(digits)

    def broken(digits: str) -> Any:
        if len(digits) > _MAX_DIGITS or float(digits) in (float("inf"), float("-inf")):
            refused(digits)
        return digits if plain else float(digits)

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=refused, parse_int=whole, parse_float=broken)
    except json.JSONDecodeError as error:
        place = f" ({error.lineno}:{error.colno})"
        raise InputError(f"{name}: 不是有效的 JSON{place}", f"{name}: not valid JSON{place}: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{name}: 嵌套过深", f"{name}: nested too deep") from None


def _yaml(text: str, name: str) -> Any:
    from tmcs.lang.yaml import parse_yaml

    return parse_yaml(text.encode(), name).data


def read_order_json(source: str) -> Mapping[str, Any]:
    """Return an order record (schema ``tmcs/order/1``) from a file, or from standard input for ``-``.

    Raises:
        InputError: it is no JSON object.
    """
    text = read_text(source, _MAX_ORDER)
    name = "stdin" if source == "-" else source
    record = _json(text, name)
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
    shown = _short(text)
    try:
        if not text.isprintable():  # Python reads a line end as the T, and a NUL as the end
            raise ValueError(text)
        found = parse_time(text).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise InputError(
            f"--now {shown} 有误，应为 ISO 8601 时间，如 2026-11-23T10:00:00+08:00",
            f"--now {shown} is wrong: expected an ISO 8601 time such as 2026-11-23T10:00:00+08:00",
        ) from None
    first, last = _YEARS
    if not first <= found.year <= last:
        raise InputError(
            f"--now {shown} 应在 {first} 至 {last} 年", f"--now {shown} must lie between {first} and {last}"
        )
    return found
