"""The order record (schema ``tmcs/order/1``) and the facts that are read from it as of a moment.

A key that the source does not carry is absent from the record: what is derived from it is unknown (None here) and is
asked of the agent. A key that is null is known to be empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.money import MILLION, parse_money
from tmcs.core.text import Text, nearest

SCHEMA: Final = "tmcs/order/1"

#: China has one time zone and, since 1991, no daylight saving: a fixed offset is exact for every order there is.
SHANGHAI: Final = timezone(timedelta(hours=8))

#: TOP trade statuses; see contract/order.yaml. What follows what is the platform's order of events.
STATUSES: Final = (
    "TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM", "PAID_FORBID_CONSIGN",
    "WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED",
    "TRADE_FINISHED", "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO",
)  # fmt: skip
_AFTER_PAYMENT: Final = frozenset({
    "PAID_FORBID_CONSIGN", "WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART", "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_BUYER_SIGNED", "TRADE_FINISHED", "TRADE_CLOSED",
})  # fmt: skip
_BEFORE_PAYMENT: Final = frozenset({
    "TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM", "TRADE_CLOSED_BY_TAOBAO",
})  # fmt: skip
_AFTER_DISPATCH: Final = frozenset({
    "SELLER_CONSIGNED_PART", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_FINISHED",
})  # fmt: skip
_BEFORE_DISPATCH: Final = _BEFORE_PAYMENT | {"PAID_FORBID_CONSIGN", "WAIT_SELLER_SEND_GOODS"}
_SIGNED: Final = frozenset({"TRADE_BUYER_SIGNED", "TRADE_FINISHED"})
_KNOWN: Final = frozenset(STATUSES)
_CLOSED: Final = frozenset({"TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"})

REFUND_STATUSES: Final = (
    "NO_REFUND", "WAIT_SELLER_AGREE", "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS", "SELLER_REFUSE_BUYER",
    "CLOSED", "SUCCESS",
)  # fmt: skip

_MISSING: Final = object()
_KEYS: Final = (
    "schema", "tid", "status", "created", "pay_time", "consign_time", "sign_time", "end_time", "payment", "post_fee",
    "lbx", "buyer_nick", "alipay_no", "receiver", "invoice", "orders", "logistics", "seller_flag", "seller_memo",
)  # fmt: skip
_LINE_KEYS: Final = ("oid", "sku", "barcode", "title", "price", "num", "payment", "category", "refund_status")


class Line:
    """One order line.

    Attributes:
        oid: the line's number, or None where the source has none.
        sku: the seller's code of the goods, what ``--item`` names, or None.
        title: the goods' name, or None.
        price: list price of one unit, fen, or None where unknown.
        num: units, or None where unknown.
        payment: what was paid for the line, fen, or None where unknown.
        refund_status: TOP refund status, or None where the source does not carry it.
    """

    __slots__ = ("num", "oid", "payment", "price", "refund_status", "sku", "title")

    def __init__(
        self,
        oid: str | None,
        sku: str | None,
        title: str | None,
        price: int | None,
        num: int | None,
        payment: int | None,
        refund_status: str | None,
    ) -> None:
        self.oid = oid
        self.sku = sku
        self.title = title
        self.price = price
        self.num = num
        self.payment = payment
        self.refund_status = refund_status


class Order:
    """One order, read once from its record; immutable by convention.

    Attributes:
        record: the record as it was given (schema ``tmcs/order/1``).
        tid: the order number.
        lines: the order lines.
        payment: amount paid, or payable while unpaid; fen, None where unknown.
    """

    __slots__ = (
        "begins", "consign_time", "end_time", "lbx", "lines", "pay_time", "payment", "record", "sign_time", "status", "tid",
    )  # fmt: skip

    def __init__(self, record: Mapping[str, Any]) -> None:
        """Read a record.

        Raises:
            InputError: a field has a form that the schema does not allow; every such field is named.
        """
        faults: list[Text] = []
        self.record = record
        self.tid = _text(record, "tid", "order", faults) or ""
        if not self.tid:
            faults.append(Text("缺少订单编号 tid", "tid (the order number) is missing"))
        self.status = _text(record, "status", "order", faults)
        self.pay_time = _time(record, "pay_time", faults)
        self.consign_time = _time(record, "consign_time", faults)
        self.sign_time = _time(record, "sign_time", faults)
        self.end_time = _time(record, "end_time", faults)
        #: The earliest time known of the order: asked about an earlier moment, only its status can answer.
        self.begins: datetime | None = _begins(_time(record, "created", faults), self.pay_time, self.consign_time)
        self.payment = _money(record, "payment", "order", faults)
        self.lbx = record.get("lbx", _MISSING)
        lines = record.get("orders")
        self.lines: tuple[Line, ...] = ()
        if lines is None:
            pass
        elif isinstance(lines, list) and all(isinstance(line, dict) for line in lines):
            self.lines = tuple(_line(line, f"orders[{n}]", faults) for n, line in enumerate(lines))
        else:
            faults.append(Text("orders 应为明细行的列表", "orders must be a list of order lines"))
        schema = record.get("schema", SCHEMA)
        if schema != SCHEMA:
            faults.append(Text(f"schema 应为 {SCHEMA}", f"schema must be {SCHEMA}"))
        if faults:
            raise InputError(
                f"订单记录有误: {'；'.join(f.zh for f in faults)}",
                f"the order record is wrong: {'; '.join(f.en for f in faults)}",
            )

    def line(self, item: str | None) -> Line | None:
        """Return the line that ``item`` (a SKU or line number) names, or the only line; None where it is open."""
        if item is None:
            return self.lines[0] if len(self.lines) == 1 else None
        for line in self.lines:
            if item in (line.sku, line.oid):
                return line
        return None

    @property
    def skus(self) -> list[str]:
        """The names that ``--item`` takes: each line's SKU, its number where it has no SKU or shares it."""
        codes = [line.sku or line.oid or "" for line in self.lines]
        return [
            code if codes.count(code) == 1 else (line.oid or code) for code, line in zip(codes, self.lines, strict=True)
        ]

    def refunded(self) -> int:
        """Return the fen already paid back: the payments of the lines whose refund is done."""
        return sum(line.payment or 0 for line in self.lines if line.refund_status == "SUCCESS")

    def unknown_keys(self) -> list[tuple[str, list[str]]]:
        """Return the keys of the record that the schema does not know, each with its nearest valid words."""
        found = [(k, nearest(k, _KEYS)) for k in self.record if k not in _KEYS]
        for n, line in enumerate(self.record.get("orders") or []):
            found += [(f"orders[{n}].{k}", nearest(k, _LINE_KEYS)) for k in line if k not in _LINE_KEYS]
        return found


def parse_time(text: str) -> datetime:
    """Return an ISO 8601 time in Asia/Shanghai; one without an offset is taken to be there, as Taobao writes it.

    Raises:
        ValueError: the text is no such time.
    """
    if not text.isprintable():  # Python reads a line end as the T, and a NUL as the end
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    try:
        return moment.replace(tzinfo=SHANGHAI) if moment.tzinfo is None else moment.astimezone(SHANGHAI)
    except OverflowError:
        raise ValueError(text) from None


#: What a value is, for an error: the value itself may be somebody's name or number, and errors end up in logs.
_KINDS: Final = {
    str: ("别的文本", "another text"), bool: ("真假值", "a truth value"), int: ("数字", "a number"), float: ("数字", "a number"),
    list: ("列表", "a list"), dict: ("对象", "an object"),
}  # fmt: skip


def _fault(faults: list[Text], where: str, value: object, zh: str, en: str) -> None:
    is_zh, is_en = _KINDS.get(type(value), ("别的值", "another value"))
    faults.append(Text(f"{where} 应为{zh}，而不是{is_zh}", f"{where} must be {en}, not {is_en}"))


def _begins(*times: Any) -> datetime | None:
    return min((time for time in times if time.__class__ is datetime), default=None)


def _text(record: Mapping[str, Any], key: str, where: str, faults: list[Text]) -> str | None:
    value = record.get(key)
    if value is None or isinstance(value, str):
        return value
    _fault(faults, f"{where}.{key}", value, "文本", "text")
    return None


def _money(record: Mapping[str, Any], key: str, where: str, faults: list[Text]) -> int | None:
    value = record.get(key)
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError(value)
        return parse_money(value)
    except ValueError:
        _fault(faults, f"{where}.{key}", value, "金额文本，如 \"35.00\"", 'an amount as text such as "35.00"')
        return None


def _time(record: Mapping[str, Any], key: str, faults: list[Text]) -> Any:
    """Return a time, None for null and ``_MISSING`` for a key that the source does not carry."""
    value = record.get(key, _MISSING)
    if value is None or value is _MISSING:
        return value
    try:
        if not isinstance(value, str):
            raise ValueError
        return parse_time(value)
    except ValueError:
        _fault(faults, key, value, "ISO 8601 时间", "an ISO 8601 time")
        return _MISSING


def _line(record: Mapping[str, Any], where: str, faults: list[Text]) -> Line:
    num = record.get("num")
    if num is not None and (not isinstance(num, int) or isinstance(num, bool) or num < 1):
        _fault(faults, f"{where}.num", num, "正整数", "a whole number above 0")
        num = None
    status = _text(record, "refund_status", where, faults)
    if status is not None and status not in REFUND_STATUSES:
        _fault(faults, f"{where}.refund_status", status, "退款状态码", f"one of {', '.join(REFUND_STATUSES)}")
    return Line(
        _text(record, "oid", where, faults),
        _text(record, "sku", where, faults),
        _text(record, "title", where, faults),
        _money(record, "price", where, faults),
        num,
        _money(record, "payment", where, faults),
        status,
    )


# What the order says as of `now`: "yes", "no", a number, or None for unknown. An event whose time is known decides by
# that time (one after `now` has not happened yet); one whose time the source lacks is read from the status. A moment
# before the order was made at all has no order to look at: there the status as it stands is the only answer.


def _later(time: Any, o: Order, now: datetime) -> bool:
    """Return whether an event of the order lies after ``now``, which itself lies within the order's life."""
    return time.__class__ is datetime and time > now and (o.begins is None or o.begins <= now)


def _happened(time: Any, o: Order, after: frozenset[str], before: frozenset[str], now: datetime) -> Any:
    if time.__class__ is datetime:
        if time <= now:
            return "yes"
        if _later(time, o, now):
            return "no"
    if o.status in after:
        return "yes"
    if time is not _MISSING or o.status in before:
        return "no"
    return None


def _paid(o: Order, line: Line | None, now: datetime) -> Any:
    return _happened(o.pay_time, o, _AFTER_PAYMENT, _BEFORE_PAYMENT, now)


def _shipped(o: Order, line: Line | None, now: datetime) -> Any:
    return _happened(o.consign_time, o, _AFTER_DISPATCH, _BEFORE_DISPATCH, now)


def _ended(o: Order, now: datetime) -> bool:
    return not _later(o.end_time, o, now)


def _signed(o: Order, line: Line | None, now: datetime) -> Any:
    if o.sign_time.__class__ is datetime and o.sign_time <= now:
        return "yes"
    if _later(o.sign_time, o, now):
        return "no"
    if o.status in _SIGNED:
        return "yes" if _ended(o, now) else "no"
    if o.sign_time is not _MISSING or o.status in _BEFORE_DISPATCH:
        return "no"
    return None


def _trade_succeeded(o: Order, line: Line | None, now: datetime) -> Any:
    if o.status not in _KNOWN:  # absent, or a text of the export that nobody can place: ask
        return None
    return "yes" if o.status == "TRADE_FINISHED" and _ended(o, now) else "no"


def _closed(o: Order, line: Line | None, now: datetime) -> Any:
    if o.status not in _KNOWN:
        return None
    return "yes" if o.status in _CLOSED and _ended(o, now) else "no"


def _waiting_for_seller(o: Order, now: datetime) -> Any:
    if o.status not in _KNOWN:
        return None
    if o.status != "WAIT_SELLER_SEND_GOODS":
        return "no"
    return None if o.lbx is _MISSING else "yes"


def _oversold(o: Order, line: Line | None, now: datetime) -> Any:
    waiting = _waiting_for_seller(o, now)
    return waiting if waiting != "yes" else ("no" if o.lbx else "yes")


def _processing(o: Order, line: Line | None, now: datetime) -> Any:
    waiting = _waiting_for_seller(o, now)
    return waiting if waiting != "yes" else ("yes" if o.lbx else "no")


def _hours(time: Any, now: datetime) -> Any:
    if time.__class__ is not datetime or time > now:
        return None
    gone = now - time
    return (gone.days * 86400 + gone.seconds) * MILLION // 3600


def _hours_since_paid(o: Order, line: Line | None, now: datetime) -> Any:
    return _hours(o.pay_time, now)


def _hours_since_shipped(o: Order, line: Line | None, now: datetime) -> Any:
    return _hours(o.consign_time, now)


def _hour_of_day(o: Order, line: Line | None, now: datetime) -> int:
    return (now.hour * 3600 + now.minute * 60 + now.second) * MILLION // 3600


def _paid_amount(o: Order, line: Line | None, now: datetime) -> Any:
    return o.payment


def _item_price(o: Order, line: Line | None, now: datetime) -> Any:
    return None if line is None else line.price


def _refund_status(o: Order, line: Line | None, now: datetime) -> Any:
    if line is not None:
        return line.refund_status
    found = {one.refund_status for one in o.lines}  # without an item: what all lines share
    return found.pop() if len(found) == 1 else None


def _region(o: Order, line: Line | None, now: datetime) -> Any:
    receiver = o.record.get("receiver")
    parts = [receiver.get(k) for k in ("state", "city", "district")] if isinstance(receiver, dict) else []
    return "/".join(p for p in parts if p and isinstance(p, str)) or None


def _return_created(o: Order, line: Line | None, now: datetime) -> date:
    return now.date()


def _order_placed(o: Order, line: Line | None, now: datetime) -> str:
    return "yes"


#: Facts that say the same as another one: given the other, they follow it.
SAME_AS: Final = {"order_received": "signed"}

#: The facts that an order answers, by name; each takes the order, the line concerned and the moment.
ORDER_FACTS: Final[dict[str, Callable[[Order, Line | None, datetime], Any]]] = {
    "paid": _paid,
    "hour_of_day": _hour_of_day,
    "paid_amount": _paid_amount,
    "trade_succeeded": _trade_succeeded,
    "shipped": _shipped,
    "signed": _signed,
    "order_received": _signed,
    "closed": _closed,
    "oversold": _oversold,
    "processing": _processing,
    "hours_since_paid": _hours_since_paid,
    "hours_since_shipped": _hours_since_shipped,
    "item_price": _item_price,
    "refund_status": _refund_status,
    "region": _region,
    "order_placed": _order_placed,
    "return_created": _return_created,
}
