"""The jobs shipped-unsigned (P05) and reorder-orders (P07), on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tmcs
from tests.jobs.kit import EXAMPLES, NOW, JobDesk, facts_needed, groups, item
from tmcs.cases.actor import Actor
from tmcs.cases.desk import Desk
from tmcs.core.order import parse_time
from tmcs.store import open_store
from tmcs.testing import example_order

LONG_AGO = "2026-11-18T10:00:00+08:00"


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> JobDesk:
    return JobDesk(store_url, tmp_path)


def tid(n: int) -> str:
    return f"52000000000000{n:05}"


def sent(n: int, consign_time: str | None = LONG_AGO, **over: Any) -> dict[str, Any]:
    return example_order("shipped", tid=tid(n), created="2026-11-17T09:00:00+08:00", pay_time="2026-11-17T09:01:00+08:00",
                         consign_time=consign_time, **over)  # fmt: skip


def parcel(
    n: int, state: str = "运输中", fault: str = "", trace: str = "", number: str = "", **more: str
) -> dict[str, str]:
    return {
        "订单编号": tid(n), "物流单号": number or f"P{n}", "发货时间": "2026-11-18 10:00:00", "物流状态": state,
        "最新轨迹时间": "2026-11-22 09:00:00", "最新轨迹": trace, "异常原因": fault, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "fault", "trace", "group", "flow", "words"),
    [
        ("运输中", "", "快件离开【示例转运中心】", "in-transit", "unsigned", "delayed"),
        ("派送中", "家中无人，约明天再送", "", "nobody-home", "unsigned", "nobody-home"),
        ("派送中", "", "已签收，签收人：门卫老张", "proxy-signed", "abnormal-sign", "call-back"),
        ("丢失", "快递确认丢件", "", "lost-or-damaged", "reorder", "announce"),
        ("运输中", "外箱破损，内物渗漏", "", "lost-or-damaged", "reorder", "announce"),
        ("派送中", "收件人拒收", "", "unknown", "rejection", None),
        ("已退回发件网点", "", "", "lost-or-damaged", "reorder", "announce"),
        ("已下单", "超48小时未揽收", "商家已下单", "unknown", None, None),
    ],
)
def test_the_words_of_the_report_say_the_group(
    desk: JobDesk, state: str, fault: str, trace: str, group: str, flow: str | None, words: str | None
) -> None:
    desk.orders(sent(1))
    desk.delivery(parcel(1, state, fault, trace))
    found = item(desk.run("shipped-unsigned"), tid(1))
    assert (found["group"], found["flow"]) == (group, flow)
    if words is None:
        assert "courier" in [task["queue"] for task in found["tasks"]]
        assert not found["call"]
    else:
        assert words in [script["moment"] for script in found["say"]]
        assert found["call"]


def test_a_loss_that_is_denied_is_none(desk: JobDesk) -> None:
    desk.orders(sent(1))
    desk.delivery(parcel(1, "运输中", "未丢失，无破损"))
    assert groups(desk.run("shipped-unsigned")) == {tid(1): "in-transit"}


def test_more_than_72_hours_and_not_a_second_less(desk: JobDesk) -> None:
    desk.orders(sent(1, "2026-11-20T09:00:00+08:00"), sent(2, "2026-11-20T08:59:59+08:00"))
    desk.delivery(parcel(1), parcel(2))
    assert groups(desk.run("shipped-unsigned")) == {tid(2): "in-transit"}


def test_signed_at_the_moment_is_signed_and_a_second_later_is_not(desk: JobDesk) -> None:
    desk.orders(sent(1, sign_time=NOW), sent(2, sign_time="2026-11-23T09:00:01+08:00"))
    assert list(groups(desk.run("shipped-unsigned"))) == [tid(2)]


def test_what_the_logistics_system_shows_as_signed_is_finished(desk: JobDesk) -> None:
    desk.orders(sent(1))
    desk.delivery(parcel(1, "已签收", "", "已签收，签收人：本人"))
    assert desk.run("shipped-unsigned")["items"] == []


def test_one_parcel_signed_for_does_not_hide_the_other(desk: JobDesk) -> None:
    desk.orders(sent(1), sent(2))
    signed = {"签收时间": "2026-11-20 12:00:00"}
    desk.delivery(
        parcel(1, "已签收", number="A1", **signed), parcel(1, "丢失", number="A2"),
        parcel(2, "已签收", number="B1", **signed),
        parcel(2, "运输中", number="B2", 发货时间="2026-11-22 10:00:00"),
    )  # fmt: skip
    found = desk.run("shipped-unsigned")
    assert groups(found) == {tid(1): "lost-or-damaged"}  # the other order's second parcel left a day ago
    one = item(found, tid(1))
    assert one["flow"] is None  # never the refund or reorder of the whole order
    assert [script["moment"] for script in one["say"]] == ["problem-part"]


def test_what_cannot_be_known_is_listed_and_asked(desk: JobDesk) -> None:
    unsigned = sent(1)
    del unsigned["sign_time"]
    undated = sent(2)
    del undated["consign_time"]
    desk.orders(unsigned, undated)
    found = desk.run("shipped-unsigned")
    assert groups(found) == {tid(1): "unknown", tid(2): "unknown"}
    assert "signed" in str(facts_needed(item(found, tid(1)))) or "sign_time" in facts_needed(item(found, tid(1)))
    assert {"hours_since_shipped", "consign_time"} & set(facts_needed(item(found, tid(2))))


def test_a_running_refund_is_not_called(desk: JobDesk) -> None:
    line = {**example_order()["orders"][0], "refund_status": "WAIT_SELLER_AGREE"}
    desk.orders(sent(1, orders=[line]), sent(2, orders=[{**line, "refund_status": "SUCCESS"}]))
    desk.delivery(parcel(1, "丢失"), parcel(2, "丢失"))
    found = desk.run("shipped-unsigned")
    assert list(groups(found)) == [tid(1)]
    assert not item(found, tid(1))["call"]


def test_more_hits_than_a_batch_are_all_kept(desk: JobDesk) -> None:
    desk.orders(*(sent(n) for n in range(1, 1203)))
    found = desk.run("shipped-unsigned")
    assert len(found["items"]) == found["counts"]["unknown"] == 1202


def test_the_shipped_examples(desk: JobDesk) -> None:
    desk.take(*sorted(EXAMPLES.glob("o*-2026-11.csv")), *sorted(EXAMPLES.glob("[dw]*-*-2026-11.csv")))
    assert groups(desk.run("shipped-unsigned")) == {tid(10009): "unknown"}
    assert desk.run("reorder-orders")["items"] == []  # the lost one is closed, the damaged one signed for


# ---- P07 -----------------------------------------------------------------------------------------------------------------


def test_lost_damaged_and_returned_are_called_and_nothing_else(desk: JobDesk) -> None:
    desk.orders(*(sent(n, "2026-11-22T10:00:00+08:00") for n in range(1, 6)))
    desk.delivery(
        parcel(1, "丢失"), parcel(2, "运输中", "破损"), parcel(3, "退回"), parcel(4), parcel(5, "拒签退回", "拒签")
    )
    found = desk.run("reorder-orders")
    assert groups(found) == {tid(1): "call", tid(2): "call", tid(3): "call"}
    one = item(found, tid(1))
    assert one["flow"] == "reorder"
    assert facts_needed(one)[0] == "wants_resend"
    assert "之前来电" not in "".join(script["text"]["zh"] for script in one["say"])


def test_the_exception_list_tells_of_a_parcel_too_once_it_has_left(desk: JobDesk) -> None:
    desk.orders(sent(1), sent(2))
    desk.warehouse(
        {"登记时间": "2026-11-21 09:00:00", "订单编号": tid(1), "反馈类型": "丢件"},
        {"登记时间": "2026-11-17 09:00:00", "订单编号": tid(2), "反馈类型": "破损"},
    )
    assert groups(desk.run("reorder-orders")) == {tid(1): "call"}


def test_the_customers_wish_is_ordered_again_once(desk: JobDesk) -> None:
    records = [sent(1), sent(2)]
    desk.orders(*records)
    desk.delivery(parcel(1, "丢失"), parcel(2, "丢失"))
    with open_store(desk.url, write=True) as store:
        at = Desk(store, Actor("王", "frontline", "agent"), parse_time("2026-11-22T15:00:00+08:00"))
        for record, wish in zip(records, ("yes", "no"), strict=True):
            facts = {"delivery_state": "lost", "wants_goods": wish}
            at.open(tmcs.load_flow("unsigned"), tmcs.load_policy(()), record, facts)
    found = desk.run("reorder-orders", "2026-11-23T10:00:00+08:00")
    assert groups(found) == {tid(1): "order-again"}
    one = item(found, tid(1))
    assert [task["queue"] for task in one["tasks"]] == ["19047", "19026", "taobao"]
    assert not one["call"]
    assert groups(desk.run("reorder-orders", "2026-11-23T18:00:00+08:00")) == {
        tid(1): "order-again"
    }  # the day's run again
    assert desk.run("reorder-orders", "2026-11-24T09:00:00+08:00")["items"] == []


def test_one_call_an_order_and_day_over_both_jobs(desk: JobDesk) -> None:
    desk.orders(sent(1))
    desk.delivery(parcel(1, "丢失"))
    assert item(desk.run("shipped-unsigned"), tid(1))["call"]
    second = item(desk.run("reorder-orders"), tid(1))
    assert not second["call"]
    assert "shipped-unsigned" in second["skipped"]["en"]
    assert second["payouts"] == []
