"""The life of an order: the states it can be in, and what each says of the facts that an order answers.

An order is paid, dispatched, signed for, succeeds or is closed, in this order of events: what has succeeded was signed
for, what was signed for was dispatched, what was dispatched was paid. Facts that contradict each other in this sense
never come together, and no proof need look at them. Within a state hours run on without limit, since payment from
payment on, since dispatch from dispatch on, and the second never exceed the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: The facts that a state decides.
DECIDED: Final = (
    "order_placed", "paid", "shipped", "signed", "order_received", "trade_succeeded", "closed", "oversold", "processing",
)  # fmt: skip
HOURS_PAID: Final = "hours_since_paid"
HOURS_SHIPPED: Final = "hours_since_shipped"
REFUND: Final = "refund_status"

_NO_REFUND: Final = ("NO_REFUND",)
_ALL: Final[dict[str, str]] = dict.fromkeys(DECIDED, "no")


class OrderState:
    """One state of an order.

    Attributes:
        id, title: its name; in words, ``[zh, en]``.
        statuses: the platform's statuses of an order in this state.
        facts: what the state says of :data:`DECIDED`.
        choices: the values that remain of a fact that the state restricts; none where nobody can answer it.
    """

    __slots__ = ("choices", "facts", "id", "statuses", "title")

    def __init__(self, id: str, zh: str, en: str, statuses: tuple[str, ...], *yes: str) -> None:
        self.id = id
        self.title = [zh, en]
        self.statuses = statuses
        self.facts: Mapping[str, str] = _ALL | dict.fromkeys(yes, "yes")
        self.choices: dict[str, tuple[str, ...]] = {}
        if "paid" not in yes:
            self.choices[REFUND] = _NO_REFUND
            self.choices[HOURS_PAID] = ()
        if "shipped" not in yes:
            self.choices[HOURS_SHIPPED] = ()


_PLACED: Final = ("order_placed",)
_PAID: Final = (*_PLACED, "paid")
_SHIPPED: Final = (*_PAID, "shipped")
_RECEIVED: Final = (*_SHIPPED, "signed", "order_received")

#: Every state, the plainest first.
STATES: Final = (
    OrderState("processing", "已付款、待发货", "paid, not dispatched", ("WAIT_SELLER_SEND_GOODS",), *_PAID, "processing"),
    OrderState("shipped", "已发货 (部分或全部)", "dispatched, in part or whole",
               ("SELLER_CONSIGNED_PART", "WAIT_BUYER_CONFIRM_GOODS"), *_SHIPPED),
    OrderState("signed", "已签收", "signed for", ("WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED"), *_RECEIVED),
    OrderState("succeeded", "交易成功", "transaction completed", ("TRADE_FINISHED",), *_RECEIVED, "trade_succeeded"),
    OrderState("oversold", "已付款、无 LBX 号", "paid, without LBX number", ("WAIT_SELLER_SEND_GOODS",), *_PAID, "oversold"),
    OrderState("not-to-ship", "已付款、暂不可发货", "paid, may not be dispatched yet", ("PAID_FORBID_CONSIGN",), *_PAID),
    OrderState("unpaid", "未付款", "not paid",
               ("TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM"), *_PLACED),
    OrderState("closed-unpaid", "未付款而关闭", "closed unpaid", ("TRADE_CLOSED_BY_TAOBAO",), *_PLACED, "closed"),
    OrderState("closed-paid", "付款后关闭", "closed after payment", ("TRADE_CLOSED",), *_PAID, "closed"),
    OrderState("closed-shipped", "发货后关闭", "closed after dispatch", ("TRADE_CLOSED",), *_SHIPPED, "closed"),
    OrderState("closed-signed", "签收后关闭", "closed after receipt", ("TRADE_CLOSED",), *_RECEIVED, "closed"),
    OrderState("none", "没有订单", "no order", ()),
)  # fmt: skip


def hours_fit(since_paid: float, since_shipped: float) -> bool:
    """Return whether an order paid up to so many hours ago can have been dispatched at least so many hours ago."""
    return since_shipped <= since_paid
