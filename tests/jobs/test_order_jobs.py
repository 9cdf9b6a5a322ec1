"""The jobs held-orders (P02), oversell (P03), ship-tracking (P04) and completion-rate (P06), on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tmcs
from tests.jobs.kit import EXAMPLES, NOW, JobDesk, facts_needed, groups, item
from tmcs.jobs.definition import load_job
from tmcs.jobs.run import differences
from tmcs.loader import load_flows
from tmcs.testing import example_order
from tmcs.trace import idle_excuses, trace

JOBS = ("held-orders", "oversell", "ship-tracking", "completion-rate")
#: As of the morning of Monday, 23 November 2026, shipment tracking looks at what was paid from Saturday to Sunday, 20:00.
TONIGHT = "2026-11-23T17:00:00+08:00"
LINE: dict[str, Any] = example_order()["orders"][0]


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> JobDesk:
    return JobDesk(store_url, tmp_path)


def tid(n: int) -> str:
    return f"52000000000000{n:05}"


def paid(n: int, pay_time: str = "2026-11-21T21:00:00+08:00", phase: str = "processing", **over: Any) -> dict[str, Any]:
    """Return an order that was paid and has not left."""
    return example_order(phase, tid=tid(n), created="2026-11-17T09:00:00+08:00", pay_time=pay_time, **over)


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def refund(status: str) -> list[dict[str, Any]]:
    return [{**LINE, "refund_status": status}]


def note(n: int, kind: str = "缺货", state: str = "待补货", text: str = "", at: str = "2026-11-22 09:30:00", sku: str = "S1") -> dict[str, str]:
    return {"登记时间": at, "订单编号": tid(n), "LBX单号": f"LBX{n:016}", "反馈类型": kind, "商家编码": sku, "处理状态": state, "处理说明": text}


def reasons(one: dict[str, Any]) -> list[str]:
    return [payout["reason"] for payout in one["payouts"]]


def queues(one: dict[str, Any]) -> list[str]:
    return [task["queue"] for task in one["tasks"]]


def answer(one: dict[str, Any], value: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in one["answers"] if value in each["set"].values())
    return found


# ---- every job -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", JOBS)
def test_a_job_passes_its_check_with_an_example_for_each_group(name: str) -> None:
    from tmcs.jobs.check import check_job

    report = check_job(name)
    assert [finding.message("en") for finding in report.findings] == []
    assert report.examples[0] == report.examples[1] >= len(load_job(name).groups)


def test_every_rule_of_the_four_sections_is_carried_or_excused() -> None:
    rows = trace(load_flows(), tmcs.load_policy(()), ("P02", "P03", "P04", "P06"), [load_job(name) for name in JOBS])
    assert len(rows) == 8 + 11 + 18 + 4
    assert [row.rule for row in rows if row.missing] == []
    assert [row.rule for row in rows if row.excuse] == ["P04-R04", "P04-R05"]
    assert idle_excuses(rows) == []


def test_the_shipped_examples(desk: JobDesk) -> None:
    desk.take(*sorted(EXAMPLES.glob("order*.csv")), *sorted(EXAMPLES.glob("*-*-2026-11.csv")))
    assert groups(desk.run("held-orders", "2026-11-23T08:50:00+08:00")) == {tid(10005): "call"}
    assert groups(desk.run("ship-tracking")) == {tid(10006): "watch"}
    assert desk.run("completion-rate")["figures"] == {"tracked": 1, "completed": 1, "rate": "1.0000"}
    assert groups(desk.run("oversell", TONIGHT)) == {tid(10005): "submit", tid(10021): "unknown"}


@pytest.mark.parametrize(("job", "now"), [("held-orders", NOW), ("oversell", TONIGHT), ("ship-tracking", NOW)])
def test_an_order_that_is_refunded_is_not_listed_and_one_being_refunded_not_called(desk: JobDesk, job: str, now: str) -> None:
    phase = "oversold" if job == "oversell" else "processing"
    desk.orders(
        paid(1, phase=phase, orders=refund("SUCCESS")), paid(2, phase=phase, orders=refund("WAIT_SELLER_AGREE")),
        paid(3, phase=phase, orders=refund("CLOSED")), paid(4, phase=phase, status="TRADE_CLOSED"),
    )  # fmt: skip
    desk.warehouse(*({**note(n, text="补不到货"), "LBX单号": "" if phase == "oversold" else f"LBX{n:016}"} for n in (1, 2, 3, 4)))
    desk.give("answers", *({"订单编号": tid(n), "能否补货": "否", "答复时间": "2026-11-22 10:00:00"} for n in (1, 2, 3, 4)))
    found = desk.run(job, now)
    assert list(groups(found)) == [tid(2), tid(3)]
    assert (item(found, tid(2))["call"], item(found, tid(3))["call"]) == (False, True)
    assert item(found, tid(2))["payouts"] == item(found, tid(2))["answers"] == []
    assert "refund is running" in item(found, tid(2))["skipped"]["en"]


@pytest.mark.parametrize("job", ["oversell", "ship-tracking"])
def test_what_the_book_does_not_know_is_asked_and_promises_nothing(desk: JobDesk, job: str) -> None:
    desk.orders(without(paid(1), "lbx"), without(paid(2, phase="oversold"), "status"))
    found = desk.run(job)
    one = item(found, tid(1))
    assert (one["group"], one["call"], facts_needed(one)) == ("unknown", False, ["lbx"])
    assert one["steps"] == one["say"] == one["tasks"] == one["payouts"] == []
    if job == "oversell":  # without an LBX number; whether it waits to be sent is open
        assert facts_needed(item(found, tid(2))) == ["status"]
    assert found["counts"]["unknown"] == len(found["items"])


def test_more_hits_than_one_batch_are_all_kept_in_order(desk: JobDesk) -> None:
    desk.orders(*(paid(n) for n in range(1, 451)))
    found = desk.run("ship-tracking")
    assert [one["key"] for one in found["items"]] == [tid(n) for n in range(1, 451)]
    assert found["counts"]["over-24h"] == 450


# ---- held orders ---------------------------------------------------------------------------------------------------------


def test_a_held_order_is_called_with_what_follows_from_each_answer(desk: JobDesk) -> None:
    desk.orders(paid(1))
    desk.warehouse(note(1, text="补不到货，厂家停产"))
    one = item(desk.run("held-orders"), tid(1))
    assert (one["group"], one["call"], one["flow"], facts_needed(one)) == ("call", True, "held-order", ["accepts_refund"])
    assert (reasons(one), one["payouts"][0]["commit"], one["payouts"][0]["offer"]) == (["shortage"], "10.00", "unasked")
    agreed, refused = answer(one, "yes"), answer(one, "no")
    assert (agreed["outcome"], agreed["refund"]) == ("refund", {"route": "cancel", "amount": "100.00"})
    assert (refused["outcome"], queues(refused), reasons(refused)) == ("escalate", ["19049"], ["shortage"])
    said = [script["text"]["zh"] for each in (one, agreed, refused) for script in each["say"]]
    assert said
    assert not any("取消" in text for text in said)
    assert {"P02-R04", "P02-R05", "P02-R08"} <= set(one["cites"])


def test_an_oversold_one_gets_the_payout_of_oversell_and_one_past_72_hours_the_30_percent(desk: JobDesk) -> None:
    at_72, past_72 = "2026-11-20T09:00:00+08:00", "2026-11-20T08:59:59+08:00"
    desk.orders(paid(1, phase="oversold"), paid(2, at_72), paid(3, past_72))
    desk.warehouse(*({**note(n, state="无法补货"), "LBX单号": "" if n == 1 else f"LBX{n:016}"} for n in (1, 2, 3)))
    found = desk.run("held-orders")
    assert [reasons(item(found, tid(n))) for n in (1, 2, 3)] == [["oversell"], ["shortage"], ["not-shipped-72h"]]


@pytest.mark.parametrize(
    ("kind", "state", "text", "group", "asked"),
    [
        ("缺货", "待补货", "预计 11-25 到货", "call", ["accepts_refund"]),
        ("库存不足", "待补货", "预计11月24日9:01到货", "call", ["accepts_refund"]),     # a minute past 24 hours
        ("缺货", "待补货", "预计 11-24 9:00 到货", None, []),                           # exactly 24 hours: in time
        ("缺货", "待补货", "预计 11-23 到货", None, []),
        ("缺货", "待补货", "预计 11-24 到货", "unknown", ["shortfall"]),                # the day lies on both sides
        ("缺货", "待补货", "预计 11-22 到货", "unknown", ["shortfall"]),                # it should be there by now
        ("缺货", "待补货", "", "unknown", ["shortfall"]),
        ("缺货", "待补货", "已补货又无法补货", "unknown", ["shortfall"]),
        ("缺货", "无法补货", "明天到货", "call", ["accepts_refund"]),
        ("缺货", "已补货", "", None, []),
        ("缺货", "待补货", "没有到货计划", "call", ["accepts_refund"]),
        ("临保", "待补货", "三天后到货", "call", ["accepts_refund"]),
        ("过期", "已核实", "48小时内到货", "unknown", ["shortfall"]),
        ("缺货", "待补货", "24小时内到货", None, []),
        ("排队", "已核实", "已接单", None, []),
        ("破损", "已核实", "外箱破损，快递责任", None, []),
        ("盘点差异", "待核实", "", "unknown", ["hold_reason"]),
    ],
)  # fmt: skip
def test_the_words_of_the_warehouse_say_whether_it_is_called(
    desk: JobDesk, kind: str, state: str, text: str, group: str | None, asked: list[str]
) -> None:
    desk.orders(paid(1))
    desk.warehouse(note(1, kind, state, text))
    found = desk.run("held-orders")
    assert groups(found) == ({} if group is None else {tid(1): group})
    if group is not None:
        assert facts_needed(item(found, tid(1))) == asked


def test_the_newest_word_on_each_item_counts_and_the_worst_item_holds_the_order(desk: JobDesk) -> None:
    desk.orders(*(paid(n) for n in (1, 2, 3, 4)))
    early, late, after = "2026-11-21 10:00:00", "2026-11-22 10:00:00", "2026-11-23 10:00:00"
    desk.warehouse(
        note(1, state="无法补货", at=early), note(1, kind="排队", state="已接单", at=late),              # released
        note(2, state="无法补货", at=early), note(2, kind="排队", state="已接单", at=late, sku="S2"),    # of another item
        note(3, state="无法补货", at=early), note(3, kind="排队", state="已接单", at=late, sku=""),      # of the whole order
        note(4, state="无法补货", at=after),                                                            # not yet said
    )  # fmt: skip
    assert groups(desk.run("held-orders")) == {tid(2): "call"}
    assert groups(desk.run("held-orders", "2026-11-24T08:50:00+08:00")) == {tid(2): "call", tid(4): "call"}


def test_an_order_that_left_is_held_no_longer(desk: JobDesk) -> None:
    desk.orders(paid(1, consign_time="2026-11-22T20:00:00+08:00"), example_order("shipped", tid=tid(2)), without(paid(3), "consign_time"))
    desk.warehouse(*(note(n, state="无法补货") for n in (1, 2, 3)))
    assert groups(desk.run("held-orders")) == {tid(3): "call"}  # its status says that it has not left


# ---- oversell ------------------------------------------------------------------------------------------------------------


def test_the_list_for_the_platform_until_it_answers_and_what_it_answered(desk: JobDesk) -> None:
    desk.orders(*(paid(n, phase="oversold") for n in (1, 2, 3, 4)), paid(5))
    desk.give(
        "answers",
        {"订单编号": tid(2), "能否补货": "能", "答复时间": "2026-11-23 10:00:00", "预计到货": "2026-11-25"},
        {"订单编号": tid(3), "能否补货": "不能", "答复时间": "2026-11-23 10:00:00"},
        {"订单编号": tid(4), "能否补货": "不能", "答复时间": "2026-11-23 17:00:01"},  # not yet given
    )
    found = desk.run("oversell", TONIGHT)
    assert groups(found) == {tid(1): "submit", tid(2): "ship-late", tid(3): "refund", tid(4): "submit"}
    assert [item(found, tid(n))["call"] for n in (1, 2, 3)] == [False, True, True]
    late, refunded = item(found, tid(2)), item(found, tid(3))
    assert "ships-late" in [script["moment"] for script in late["say"]]
    assert any("25 November" in step["text"]["en"] for step in late["steps"])
    assert late["facts"]["replenishable"] == "yes"
    assert reasons(late) == []
    assert reasons(refunded) == ["oversell"]
    assert refunded["payouts"][0]["commit"] == "10.00"
    assert queues(answer(refunded, "no")) == ["19049"]
    assert "oversell-explained" in [script["moment"] for script in refunded["say"]]


def test_a_day_gone_by_is_not_told_as_the_day_of_arrival(desk: JobDesk) -> None:
    desk.orders(paid(1, phase="oversold"))
    desk.give("answers", {"订单编号": tid(1), "能否补货": "能", "答复时间": "2026-11-22 10:00:00", "预计到货": "2026-11-22"})
    one = item(desk.run("oversell", TONIGHT), tid(1))
    assert one["group"] == "ship-late"
    assert any("named no day" in step["text"]["en"] for step in one["steps"])


def test_no_answer_by_the_second_day_after_the_submission_is_overdue_until_it_comes(desk: JobDesk) -> None:
    desk.orders(paid(1, phase="oversold"))
    assert groups(desk.run("oversell", "2026-11-22T17:00:00+08:00")) == {tid(1): "submit"}
    assert groups(desk.run("oversell", "2026-11-23T17:00:00+08:00")) == {tid(1): "submit"}
    overdue = desk.run("oversell", "2026-11-24T17:00:00+08:00")
    assert groups(overdue) == {tid(1): "overdue"}
    assert (item(overdue, tid(1))["call"], queues(item(overdue, tid(1)))) == (False, ["taobao"])
    assert groups(desk.run("oversell", "2026-11-25T17:00:00+08:00")) == {tid(1): "overdue"}
    desk.give("answers", {"订单编号": tid(1), "能否补货": "否", "答复时间": "2026-11-26 09:00:00"})
    answered = item(desk.run("oversell", "2026-11-26T17:00:00+08:00"), tid(1))
    assert (answered["group"], reasons(answered)) == ("refund", ["not-shipped-72h"])  # the 72 hours were not stopped (C83)


def test_an_lbx_number_ends_the_oversell(desk: JobDesk) -> None:
    desk.orders(paid(1, phase="oversold"), paid(2, phase="oversold", lbx=""))
    assert groups(desk.run("oversell", TONIGHT)) == {tid(1): "submit", tid(2): "submit"}
    desk.orders(paid(1))
    assert groups(desk.run("oversell", "2026-11-24T17:00:00+08:00")) == {tid(2): "submit"}


# ---- shipment tracking ---------------------------------------------------------------------------------------------------


def test_the_window_is_half_open_at_20_and_24_hours_are_late(desk: JobDesk) -> None:
    times = {
        1: "2026-11-21T19:59:59+08:00", 2: "2026-11-21T20:00:00+08:00", 3: "2026-11-21T23:59:00+08:00",
        4: "2026-11-22T09:00:00+08:00", 5: "2026-11-22T09:00:01+08:00", 6: "2026-11-22T19:59:59+08:00",
        7: "2026-11-22T20:00:00+08:00",
    }  # fmt: skip
    desk.orders(*(paid(n, time) for n, time in times.items()))
    found = desk.run("ship-tracking")
    assert (found["window"]["from"], found["window"]["to"]) == (times[2], times[7])
    assert groups(found) == {
        tid(1): "still-open", tid(2): "over-24h", tid(3): "over-24h", tid(4): "over-24h", tid(5): "watch", tid(6): "watch",
    }  # fmt: skip
    assert [one["call"] for one in found["items"]] == [True, True, True, True, False, False]
    assert queues(item(found, tid(2))) == ["warehouse"]
    assert facts_needed(item(found, tid(2))) == ["can_ship"]
    assert found["report"]["due"] == "2026-11-24T10:00:00+08:00"


def test_earlier_days_are_followed_with_marks_at_48_and_72_hours(desk: JobDesk) -> None:
    times = {1: "2026-11-21T09:00:00+08:00", 2: "2026-11-21T08:59:59+08:00", 3: "2026-11-20T09:00:00+08:00", 4: "2026-11-20T08:59:59+08:00"}
    desk.orders(*(paid(n, time) for n, time in times.items()))
    desk.warehouse(*(note(n, kind="排队", state="已接单", text="明天能发") for n in times))
    found = desk.run("ship-tracking")
    assert set(groups(found).values()) == {"still-open"}
    urgent = [answer(item(found, tid(n)), "no") for n in times]
    assert [reasons(one) for one in urgent] == [[], ["ship-delay"], ["ship-delay"], ["not-shipped-72h"]]


def test_what_is_shipped_refunded_or_oversold_is_not_tracked(desk: JobDesk) -> None:
    desk.orders(
        paid(1), example_order("shipped", tid=tid(2)), paid(3, status="TRADE_CLOSED"), paid(4, orders=refund("SUCCESS")),
        paid(5, phase="oversold"), paid(6, consign_time="2026-11-22T22:00:00+08:00"), without(paid(7), "pay_time"),
    )  # fmt: skip
    found = desk.run("ship-tracking")
    assert groups(found) == {tid(1): "over-24h", tid(7): "unknown"}
    assert facts_needed(item(found, tid(7))) == ["pay_time"]


@pytest.mark.parametrize(
    ("kind", "state", "text", "at", "asks", "needs"),
    [
        ("缺货", "无法补货", "", "2026-11-22 09:30:00", False, ["accepts_refund"]),
        ("排队", "已核实", "今天能发", "2026-11-23 08:00:00", False, []),
        ("排队", "已核实", "今天能发", "2026-11-22 23:59:00", True, ["can_ship"]),      # that day is over
        ("排队", "已核实", "明天能发", "2026-11-22 08:00:00", False, ["urgent"]),
        ("排队", "已核实", "今天发不了", "2026-11-23 08:00:00", True, ["can_ship"]),    # not today, or not at all?
        ("缺货", "待补货", "预计 11-24 8:00 到货", "2026-11-22 09:30:00", False, ["urgent"]),
        ("缺货", "待补货", "", "2026-11-22 09:30:00", True, ["can_ship"]),
        ("盘点差异", "", "", "2026-11-22 09:30:00", True, ["can_ship"]),
    ],
)  # fmt: skip
def test_the_answer_of_the_warehouse_goes_on_into_the_call(
    desk: JobDesk, kind: str, state: str, text: str, at: str, asks: bool, needs: list[str]
) -> None:
    desk.orders(paid(1))
    desk.warehouse(note(1, kind, state, text, at))
    one = item(desk.run("ship-tracking"), tid(1))
    assert (one["group"], "warehouse" in queues(one), facts_needed(one)) == ("over-24h", asks, needs)


# ---- one call an order and day, each payout once -------------------------------------------------------------------------


def test_a_held_order_is_called_by_one_job_and_its_payout_is_offered_once(desk: JobDesk) -> None:
    desk.orders(paid(1))
    desk.warehouse(note(1, state="无法补货"))
    first = item(desk.run("held-orders", "2026-11-23T08:50:00+08:00"), tid(1))
    other = item(desk.run("ship-tracking"), tid(1))
    assert (first["call"], reasons(first)) == (True, ["shortage"])
    assert (other["group"], other["call"], other["payouts"]) == ("over-24h", False, [])
    assert "held-orders" in other["skipped"]["en"]
    next_day = item(desk.run("held-orders", "2026-11-24T08:50:00+08:00"), tid(1))
    assert (next_day["call"], next_day["payouts"]) == (True, [])
    assert next_day["offered"] == [{"reason": "shortage", "day": "2026-11-23", "job": "held-orders"}]
    over_72 = item(desk.run("held-orders", "2026-11-25T08:50:00+08:00"), tid(1))  # another payout is due by now
    assert reasons(over_72) == ["not-shipped-72h"]


def test_an_oversold_order_that_the_platform_has_is_left_to_oversell(desk: JobDesk) -> None:
    desk.orders(paid(1, phase="oversold"))
    desk.warehouse({**note(1, state="无法补货"), "LBX单号": ""})
    desk.run("oversell", "2026-11-22T17:00:00+08:00")
    held = item(desk.run("held-orders"), tid(1))
    assert (held["group"], held["call"], held["payouts"]) == ("call", False, [])
    assert "oversell" in held["skipped"]["en"]
    desk.give("answers", {"订单编号": tid(1), "能否补货": "否", "答复时间": "2026-11-23 15:00:00"})
    one = item(desk.run("oversell", TONIGHT), tid(1))
    assert (one["call"], reasons(one)) == (True, ["oversell"])


def test_a_run_is_kept_and_computing_it_anew_shows_what_differs(desk: JobDesk) -> None:
    desk.orders(paid(1), paid(2))
    desk.warehouse(note(1, state="无法补货"), note(2, state="无法补货"))
    kept = desk.run("held-orders")
    assert desk.run("held-orders", "2026-11-23T11:00:00+08:00") == kept
    with desk.runner("held-orders") as runner:
        assert differences(kept, runner.preview()) == []
    desk.warehouse(note(2, state="已补货", at="2026-11-23 08:00:00"))
    with desk.runner("held-orders") as runner:
        assert differences(kept, runner.preview()) == [(tid(2), "gone")]


# ---- completion rate -----------------------------------------------------------------------------------------------------


def test_the_rate_is_of_what_was_to_be_tracked_yesterday(desk: JobDesk) -> None:
    desk.orders(*(paid(n) for n in range(1, 7)))
    assert desk.run("ship-tracking")["counts"]["over-24h"] == 6
    gone = "2026-11-23T18:00:00+08:00"
    desk.orders(
        paid(1, status="WAIT_BUYER_CONFIRM_GOODS", consign_time=gone), paid(2, status="SELLER_CONSIGNED_PART", consign_time=gone),
        paid(3, status="TRADE_CLOSED", end_time=gone), paid(4, orders=refund("SUCCESS")), paid(7),
    )  # fmt: skip
    found = desk.run("completion-rate", "2026-11-24T09:00:00+08:00")
    assert found["figures"] == {"tracked": 6, "completed": 4, "rate": "0.6667"}
    assert found["counts"] == {"completed": 4, "open": 2}
    assert not any(one["call"] for one in found["items"])
    assert found["report"]["due"] == "2026-11-24T10:00:00+08:00"


def test_without_yesterdays_list_the_order_book_tells_what_was_to_be_tracked(desk: JobDesk) -> None:
    before, at = "2026-11-22T08:59:59+08:00", "2026-11-22T09:00:00+08:00"
    paid_in, paid_out = "2026-11-21T19:59:59+08:00", "2026-11-21T20:00:00+08:00"
    desk.orders(
        paid(1, paid_in), paid(2, paid_out), paid(3, "2026-11-18T10:00:00+08:00"),
        example_order("shipped", tid=tid(4), pay_time=paid_in, consign_time=before),
        example_order("shipped", tid=tid(5), pay_time=paid_in, consign_time=at),
        paid(6, paid_in, status="TRADE_CLOSED", end_time=before), paid(7, paid_in, status="TRADE_CLOSED", end_time=at),
        without(paid(8, paid_in, status="TRADE_CLOSED"), "end_time"),
        without(paid(9, "2026-11-18T10:00:00+08:00", status="TRADE_CLOSED"), "end_time"),
        paid(10, paid_in, phase="oversold"),
    )  # fmt: skip
    found = desk.run("completion-rate")
    assert groups(found) == {
        tid(1): "open", tid(3): "open", tid(5): "completed", tid(7): "completed", tid(8): "unknown",
    }  # fmt: skip
    assert facts_needed(item(found, tid(8))) == ["end_time"]
    assert found["figures"] == {"tracked": 4, "completed": 2, "rate": "0.5000"}


def test_one_that_could_not_be_told_yesterday_counts_once_it_is_known(desk: JobDesk) -> None:
    desk.orders(without(paid(1), "lbx"), without(paid(2), "lbx"), without(paid(3), "lbx"))
    assert set(groups(desk.run("ship-tracking")).values()) == {"unknown"}
    desk.orders(paid(1), paid(2, phase="oversold"))
    assert groups(desk.run("completion-rate", "2026-11-24T09:00:00+08:00")) == {tid(1): "open", tid(3): "unknown"}


def test_nothing_to_be_tracked_gives_no_rate(desk: JobDesk) -> None:
    desk.orders(paid(1, phase="oversold"))
    assert desk.run("completion-rate")["figures"] == {"tracked": 0, "completed": 0, "rate": None}


@pytest.mark.parametrize(("completed", "tracked", "rate"), [(1, 3, "0.3333"), (2, 3, "0.6667"), (1, 20000, "0.0001"), (3, 3, "1.0000"), (1, 16, "0.0625")])
def test_the_rate_is_exact_to_four_decimals(completed: int, tracked: int, rate: str) -> None:
    figures = load_job("completion-rate").files.figures
    assert figures is not None
    assert figures(None, {"completed": completed, "open": tracked - completed})["rate"] == rate  # type: ignore[arg-type]
