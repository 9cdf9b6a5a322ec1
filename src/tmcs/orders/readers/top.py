"""TOP JSON: what the platform's trade and refund interfaces answer, with or without their envelopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tmcs.core.errors import InputError
from tmcs.core.order import REFUND_STATUSES, SCHEMA, STATUSES
from tmcs.core.text import Text, nearest
from tmcs.orders.fragment import LINES_NONE, LINES_OWN, Fragment, Report
from tmcs.orders.readers import Head
from tmcs.orders.readers.documents import documents
from tmcs.orders.source import Source
from tmcs.orders.values import CellError, count, moment, money, order_no, parcel, text

T = TypeVar("T")
_WRAPPERS = ("trades", "refunds")
_UNITS = ("trade", "refund")


class TopReader:
    """Reads TOP JSON: trades, lists of trades, refunds; in envelopes, simplified, or one on each line."""

    name = "top"

    @property
    def title(self) -> Text:
        """The name of the kind of file."""
        return Text("TOP JSON", "TOP JSON")

    def accepts(self, head: Head) -> bool:
        """Return whether the file is JSON that speaks of a trade, a refund or an error."""
        words = (b'"tid', b"_response", b'"trade', b'"refund')
        return head.form == "json" and any(word in head.data for word in words)

    def read(self, source: Source, report: Report) -> Iterator[Fragment]:
        """Yield each trade as a whole fragment and each refund as a patch of its line.

        Raises:
            InputError: the platform answered with an error: a failure, not an empty file.
        """
        for line, document in documents(source, report):
            for path, kind, value in _units(document, "", source.name):
                report.rows += 1
                unit = _Unit(value, path, line, report)
                fragment = unit.trade() if kind == "trade" else unit.refund()
                if fragment is not None and source.want in (None, fragment.tid):
                    yield fragment


def _units(value: Any, path: str, name: str, depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    """Yield (path, ``trade`` or ``refund``, object) for everything in a document.

    Raises:
        InputError: the document is an error of the platform, or none that is known.
    """
    if isinstance(value, list) and depth < 6:
        for n, part in enumerate(value):
            yield from _units(part, f"{path}[{n}]", name, depth + 1)
        return
    if isinstance(value, dict) and depth < 6:
        if "error_response" in value or ("sub_code" in value and "code" in value):
            raise _failure(value.get("error_response", value), name)
        if "tid" in value or "tid_str" in value:
            yield path, "refund" if "refund_id" in value and "orders" not in value else "trade", value
            return
        inner = [key for key in value if key.endswith("_response") or key in _WRAPPERS or key in _UNITS]
        for key in inner:
            where = f"{path}.{key}" if path else key
            part = value[key]
            if key in _UNITS:
                for n, unit in enumerate(part if isinstance(part, list) else [part]):
                    yield (f"{where}[{n}]" if isinstance(part, list) else where), key, unit
            else:
                yield from _units(part, where, name, depth + 1)
        if inner or "total_results" in value:
            return
    where = path or "JSON"
    raise InputError(
        f"{name}: {where} 不是 TOP 的交易或退款", f"{name}: {where} is neither a trade nor a refund of TOP",
        hint=Text("应有 tid，或 trade、trades、…_response", "a tid was expected, or trade, trades, …_response"),
    )  # fmt: skip


def _failure(error: Any, name: str) -> InputError:
    said = error if isinstance(error, dict) else {}
    parts = [str(said[key]) for key in ("code", "msg", "sub_code", "sub_msg") if said.get(key)]
    return InputError(
        f"{name}: 平台返回了错误，没有订单: {' · '.join(parts)}",
        f"{name}: the platform answered with an error and no orders: {' · '.join(parts)}",
        hint=Text("请重新调用接口取数", "call the interface again"),
    )


class _Unit:
    """One trade or refund; faults are reported with their path in the document."""

    def __init__(self, value: Any, path: str, line: int, report: Report) -> None:
        self._value = value
        self._path = path
        self._line = line
        self._report = report
        self._faulty = False

    def _fault(
        self, key: str, zh: str, en: str, expected: str = "", near: tuple[str, ...] = (), *, lost: bool = True
    ) -> None:
        where = ".".join(part for part in (self._path, key) if part)
        first = lost and not self._faulty
        self._report.add(self._line, 0, f"{where}: {zh}", f"{where}: {en}", expected, near, lost=first)
        self._faulty = self._faulty or lost

    def _get(self, of: dict[str, Any], key: str, parse: Callable[[str], T], where: str = "") -> T | None:
        """Return a value that the object carries; None where it does not, or after a fault."""
        value = of.get(key)
        if value is None:
            return None
        cell = value if isinstance(value, str) else str(value)
        if isinstance(value, dict | list | bool):
            self._fault(where + key, "类型不对", "of the wrong type", "text or a number")
            return None
        try:
            return parse(cell)
        except CellError as bad:
            self._fault(where + key, bad.text.zh, bad.text.en, bad.expected)
            return None

    def _id(self, of: dict[str, Any], key: str, where: str = "") -> str | None:
        """Return an identifier; the text form beside it (``tid_str``) is the safer one."""
        found = self._get(of, f"{key}_str", order_no, where) or self._get(of, key, order_no, where)
        if found is None and not self._faulty:
            self._fault(where + key, "缺少", "missing", "19 digits")
        return found

    def trade(self) -> Fragment | None:
        """Return the trade as a whole fragment, None after a fault."""
        trade = self._value
        if not isinstance(trade, dict):
            self._fault("", "应为对象", "an object was expected")
            return None
        record: dict[str, Any] = {"schema": SCHEMA, "tid": self._id(trade, "tid")}
        status = self._get(trade, "status", text)
        if status:
            record["status"] = status
            if status not in STATUSES:
                zh, en = f"没见过的订单状态，已原样保留: {status}", f"unknown order status, kept as it stands: {status}"
                self._fault("status", zh, en, "", tuple(nearest(status, STATUSES)), lost=False)
        for key in ("created", "pay_time", "consign_time", "sign_time", "end_time"):
            if key in trade:
                record[key] = self._get(trade, key, moment)
        for key in ("payment", "post_fee"):
            if (amount := self._get(trade, key, money)) is not None:
                record[key] = amount
        # The platform's own alipay_no is the number of the payment; the record's is the buyer's account.
        texts = (("buyer_nick", "buyer_nick"), ("alipay_no", "buyer_alipay_no"), ("seller_memo", "seller_memo"))
        for key, name in texts:
            if name in trade:
                record[key] = self._get(trade, name, text)
        self._people(trade, record)
        lines = self._lines(trade)
        if lines is not None:
            record["orders"] = lines
        self._logistics(trade, record)
        if self._faulty:
            return None
        rank = LINES_OWN if lines else LINES_NONE
        return Fragment(record, whole=True, lines=rank, parcels=self._parcels(trade), line=self._line)

    def _people(self, trade: dict[str, Any], record: dict[str, Any]) -> None:
        receiver: dict[str, Any] = {}
        for key in ("name", "mobile", "state", "city", "district", "address"):
            if f"receiver_{key}" in trade:
                receiver[key] = self._get(trade, f"receiver_{key}", text) or None
        if not receiver.get("mobile") and "receiver_phone" in trade:
            receiver["mobile"] = self._get(trade, "receiver_phone", text) or None
        town = self._get(trade, "receiver_town", text)
        if town and not str(receiver.get("address") or "").startswith(town):
            receiver["address"] = town + str(receiver.get("address") or "")
        if receiver:
            record["receiver"] = receiver
        if "invoice_name" in trade:
            title = self._get(trade, "invoice_name", text)
            record["invoice"] = {"ticked": True, "title": title} if title else None
        flag = trade.get("seller_flag")
        if isinstance(flag, int) and 0 <= flag <= 5:  # the platform has more colours by now; the record knows five
            record["seller_flag"] = flag

    def _sub_orders(self, trade: dict[str, Any]) -> list[Any] | None:
        orders = trade.get("orders")
        if isinstance(orders, dict):
            orders = orders.get("order")
        if orders is None:
            return None
        return orders if isinstance(orders, list) else [orders]

    def _lines(self, trade: dict[str, Any]) -> list[dict[str, Any]] | None:
        subs = self._sub_orders(trade)
        if subs is None:
            return None
        return [self._order_line(sub, f"orders[{n}].") for n, sub in enumerate(subs)]

    def _order_line(self, sub: Any, where: str) -> dict[str, Any]:
        if not isinstance(sub, dict):
            self._fault(where.rstrip("."), "应为对象", "an object was expected")
            return {}
        line: dict[str, Any] = {"oid": self._id(sub, "oid", where)}
        sku = self._get(sub, "outer_sku_id", text, where) or self._get(sub, "outer_iid", text, where)
        if sku:
            line["sku"] = sku
        if "title" in sub:
            line["title"] = self._get(sub, "title", text, where)
        if (price := self._get(sub, "price", money, where)) is not None:
            line["price"] = price
        if sub.get("num") not in (None, 0, "0"):
            line["num"] = self._get(sub, "num", count, where)
        paid = self._get(sub, "divide_order_fee", money, where) or self._get(sub, "payment", money, where)
        if paid is not None:
            line["payment"] = paid
        status = self._get(sub, "refund_status", text, where)
        if status:
            self._refund_status(status, where, line)
        return line

    def _refund_status(self, status: str, where: str, line: dict[str, Any]) -> None:
        if status in REFUND_STATUSES:
            line["refund_status"] = status
            return
        near = tuple(nearest(status, REFUND_STATUSES))
        zh, en = f"没见过的退款状态，未收: {status}", f"unknown refund status, left out: {status}"
        self._fault(f"{where}refund_status", zh, en, "", near, lost=False)

    def _logistics(self, trade: dict[str, Any], record: dict[str, Any]) -> None:
        for sub in self._sub_orders(trade) or []:
            if isinstance(sub, dict) and (sub.get("invoice_no") or sub.get("logistics_company")):
                company = self._get(sub, "logistics_company", text)
                record["logistics"] = parcel(company, self._get(sub, "invoice_no", text))
                return

    def _parcels(self, trade: dict[str, Any]) -> set[str]:
        numbers = (sub.get("invoice_no") for sub in self._sub_orders(trade) or [])
        return {number for number in numbers if number and isinstance(number, str)}

    def refund(self) -> Fragment | None:
        """Return the refund as a patch of its order line, None after a fault."""
        refund = self._value
        if not isinstance(refund, dict):
            self._fault("", "应为对象", "an object was expected")
            return None
        tid, oid = self._id(refund, "tid"), self._id(refund, "oid")
        patch: dict[str, Any] = {}
        status = self._get(refund, "status", text)
        if status:
            self._refund_status(status, "", patch)
        if self._faulty or tid is None or oid is None:
            return None
        return Fragment({"tid": tid}, patches={oid: patch}, line=self._line)


