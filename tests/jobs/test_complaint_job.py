"""The job differentiated-follow-up (P08), on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.jobs.kit import EXAMPLES, JobDesk, facts_needed, groups

NOW = "2026-11-23T17:00:00+08:00"
TID = "2026112000001"


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> JobDesk:
    return JobDesk(store_url, tmp_path)


def complaint(
    n: int, topic: str = "货品破损", valid: str = "是", order: int | None = None, **more: str
) -> dict[str, str]:
    return {
        "投诉编号": f"C{n}", "订单编号": f"{TID}{n if order is None else order:03}", "顾客": "tb_demo", "投诉类型": topic,
        "是否有效": valid, "登记时间": f"2026-11-23 08:00:{n:02}", **more,
    }  # fmt: skip


def duty(*names: str) -> list[dict[str, str]]:
    return [{"值班专员": name, "值班日期": "2026-11-23"} for name in names]


def who(found: dict[str, Any]) -> dict[str, str | None]:
    return {one["key"].partition("/")[0]: one["facts"].get("specialist") for one in found["items"]}


def test_only_valid_and_unfinished_ones_and_the_unjudged_are_asked(desk: JobDesk) -> None:
    desk.give("duty", *duty("甲"))
    desk.give(
        "complaints", complaint(1), complaint(2, valid="否"), complaint(3, valid=""),
        complaint(4, 完结时间="2026-11-23 16:59:59"), complaint(5, 完结时间="2026-11-23 17:00:01"),
    )  # fmt: skip
    found = desk.run("differentiated-follow-up", NOW)
    assert {name.partition("/")[0]: group for name, group in groups(found).items()} == {
        "C1": "assigned",
        "C3": "unknown",
        "C5": "assigned",
    }
    assert facts_needed(next(one for one in found["items"] if one["group"] == "unknown")) == ["complaint_valid"]
    assert found["figures"]["finished"] == 1
    assert found["figures"]["finished_complaints"][0]["number"] == "C4"
    assert found["report"]["due"] == "2026-11-23T18:00:00+08:00"


def test_they_are_shared_out_evenly_with_what_each_has_already(desk: JobDesk) -> None:
    desk.give("duty", *duty("丙", "甲", "乙"))
    desk.give(
        "complaints", complaint(1, 投诉专员="甲"), complaint(2, 投诉专员="甲"), complaint(3, 投诉专员="休假"),
        *(complaint(n) for n in range(4, 8)),
    )  # fmt: skip
    given = who(desk.run("differentiated-follow-up", NOW))
    assert given["C1"] == given["C2"] == "甲"
    assert sorted(list(given.values()).count(name) for name in ("甲", "乙", "丙")) == [2, 2, 3]
    assert "休假" not in given.values()


def test_the_order_of_the_file_makes_no_difference(desk: JobDesk) -> None:
    rows = [complaint(n) for n in range(1, 6)]
    shares = []
    for given in (rows, rows[::-1]):
        desk.give("duty", *duty("甲", "乙"))
        desk.give("complaints", *given)
        with desk.runner("differentiated-follow-up", NOW) as runner:
            shares.append(who(runner.preview()))
    assert shares[0] == shares[1]


def test_complaints_of_one_order_go_to_one_person_who_calls_once(desk: JobDesk) -> None:
    desk.give("duty", *duty("甲", "乙"))
    desk.give("complaints", complaint(1, order=1), complaint(2, "发票漏开", order=1))
    found = desk.run("differentiated-follow-up", NOW)
    assert set(who(found).values()) == {"乙"}  # of equals the first by name
    assert [one["call"] for one in found["items"]] == [True, False]


def test_tomorrow_it_stays_with_the_same_person(desk: JobDesk) -> None:
    desk.give("duty", {"值班专员": "甲"}, {"值班专员": "乙"})
    desk.give("complaints", complaint(1), complaint(2))
    before = who(desk.run("differentiated-follow-up", NOW))
    desk.give("complaints", complaint(2), complaint(1), complaint(3))
    after = who(desk.run("differentiated-follow-up", "2026-11-24T17:00:00+08:00"))
    assert {name: after[name] for name in before} == before


def test_nobody_on_duty_leaves_them_to_be_asked_for(desk: JobDesk) -> None:
    desk.give("complaints", complaint(1), complaint(2, 投诉专员="甲"))
    found = desk.run("differentiated-follow-up", NOW)
    assert [one["group"] for one in found["items"]] == ["unknown", "assigned"]
    assert facts_needed(found["items"][0]) == ["specialist"]


def test_what_was_promised_and_is_late_comes_with_an_apology(desk: JobDesk) -> None:
    desk.give("duty", *duty("甲"))
    opened = {"登记时间": "2026-11-18 10:00:00"}  # a Wednesday: two working days are Friday, three are Monday
    desk.give("complaints", complaint(1, **opened), complaint(2, "非本人签收", **opened), complaint(3))
    found = desk.run("differentiated-follow-up", NOW)
    said = {one["key"][:2]: one["say"][0]["moment"] for one in found["items"]}
    assert said == {"C1": "follow-up-late", "C2": "follow-up", "C3": "follow-up"}


def test_each_topic_goes_to_its_flow(desk: JobDesk) -> None:
    topics = {
        "发票漏开": "invoice",
        "包裹少件": "missing-item",
        "货品不符": "mismatch",
        "非本人签收": "abnormal-sign",
        "客服态度": "escalation",
    }
    desk.give("duty", *duty("甲"))
    desk.give("complaints", *(complaint(n, topic) for n, topic in enumerate(topics)))
    found = desk.run("differentiated-follow-up", NOW)
    assert [one["flow"] for one in found["items"]] == list(topics.values())


def test_the_shipped_examples(desk: JobDesk) -> None:
    desk.take(*sorted(EXAMPLES.glob("o*-2026-11.csv")))
    desk.give("complaints", file=EXAMPLES / "jobs" / "complaints-2026-11.csv")
    desk.give("duty", file=EXAMPLES / "jobs" / "duty-2026-11.csv")
    found = desk.run("differentiated-follow-up", NOW)
    assert found["counts"] == {"assigned": 5, "unknown": 1}
    assert found["figures"]["finished"] == 1
    # 李 and 王 have one already: the oldest new one goes to 赵, and from then on of equals the first by name.
    assert who(found) == {
        "C1003": "赵专员",
        "C1002": "李专员",
        "C1008": "王专员",
        "C1001": "李专员",
        "C1005": "王专员",
        "C1007": None,
    }
