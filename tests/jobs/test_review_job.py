"""The job review-explanation (P01), on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.kit import EXAMPLES, NOW, JobDesk, facts_needed, groups, item
from tmcs.core.order import parse_time
from tmcs.jobs.corrections import Corrections
from tmcs.jobs.lexicon import read_lexicon
from tmcs.jobs.topics import sort
from tmcs.store import open_store
from tmcs.testing import example_order
from tmcs_jobs.review_explanation import LEXICON

TID = "2026112000001"


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> JobDesk:
    return JobDesk(store_url, tmp_path)


def review(n: int, text: str, rating: str = "差评", at: str = "2026-11-22 20:00:00", **more: str) -> dict[str, str]:
    return {
        "订单编号": f"{TID}{n:03}",
        "买家昵称": "tb_demo",
        "评价结果": rating,
        "评价内容": text,
        "评价时间": at,
        **more,
    }


def key(n: int) -> str:
    return f"{TID}{n:03}"


def test_the_groups_of_the_topics(desk: JobDesk) -> None:
    desk.give(
        "reviews",
        review(1, "勾选了发票，到现在没有给我开发票"), review(2, "买了12盒只收到11盒，少了一盒"), review(3, "一般般"),
        review(4, "味道不错", "好评"), review(5, "评价方未及时做出评价,系统默认好评!", "好评"), review(6, "。。。"),
        review(7, "杯子碎了，而且漏发了赠品"),
    )  # fmt: skip
    found = desk.run("review-explanation")
    assert groups(found) == {key(1): "call", key(2): "table", key(3): "none", key(4): "listed", key(7): "call"}
    assert [one["order"] for one in found["items"] if one["call"]] == [key(1), key(7)]
    assert item(found, key(1))["flow"] == "invoice"
    assert [task["queue"] for task in item(found, key(2))["tasks"]] == ["taobao"]
    assert "taobao" in [task["queue"] for task in item(found, key(7))["tasks"]]
    assert found["report"]["due"] == "2026-11-23T16:30:00+08:00"
    assert item(found, key(1))["customer"] == "t***o"


def test_the_window_is_half_open_and_begins_at_six(desk: JobDesk) -> None:
    times = ("2026-11-22 17:59:59", "2026-11-22 18:00:00", "2026-11-23 08:59:59", "2026-11-23 09:00:00")
    desk.give("reviews", *(review(n, "发票没开", at=at) for n, at in enumerate(times)))
    assert list(groups(desk.run("review-explanation"))) == [key(1), key(2)]


def test_it_begins_where_the_previous_run_ended_and_nothing_is_listed_twice(desk: JobDesk) -> None:
    desk.give("reviews", review(1, "发票没开", at="2026-11-20 12:00:00"))
    desk.run("review-explanation", "2026-11-21T09:00:00+08:00")
    # Three days were missed; then a run so late that the next window overlaps it.
    desk.give(
        "reviews", review(1, "发票没开", at="2026-11-20 12:00:00"), review(2, "发票没开", at="2026-11-21 09:00:00")
    )
    late = desk.run("review-explanation", "2026-11-24T20:00:00+08:00")
    assert list(groups(late)) == [key(2)]
    desk.give(
        "reviews", review(2, "发票没开", at="2026-11-24 18:30:00"), review(4, "发票没开", at="2026-11-24 21:00:00")
    )
    assert list(groups(desk.run("review-explanation", "2026-11-25T09:00:00+08:00"))) == [key(4)]


def test_an_addition_stands_for_itself(desk: JobDesk) -> None:
    old = {"at": "2026-11-01 12:00:00", "追评内容": "用了三个星期杯子碎了"}
    desk.give(
        "reviews",
        review(1, "还行", "中评", **old, 追评时间="2026-11-22 21:00:00"),
        review(2, "还行", "中评", **old, 追评时间="2026-11-10 21:00:00"),
        review(3, "还行", "中评", **old),
    )  # fmt: skip
    found = desk.run("review-explanation")
    assert groups(found) == {f"{key(1)}+": "call", f"{key(3)}+": "unknown"}
    assert item(found, f"{key(1)}+")["flow"] == "damage"
    assert groups(desk.run("review-explanation", "2026-11-24T09:00:00+08:00")) == {}


def test_the_same_row_twice_is_one_and_one_order_is_called_once(desk: JobDesk) -> None:
    lines = [{"子订单编号": f"{TID}0019{n}", "商品标题": f"示例{n}"} for n in (1, 2)]
    first, second = (review(1, "收到就碎了", **line) for line in lines)
    desk.give("reviews", first, first, second)
    found = desk.run("review-explanation")
    assert [one["group"] for one in found["items"]] == ["call", "call"]
    assert [one["call"] for one in found["items"]] == [True, False]


def test_a_shelf_life_counts_within_a_month_and_is_asked_where_nothing_tells(desk: JobDesk) -> None:
    desk.give("reviews", review(1, "收到就过期了"), review(2, "保质期还有4个月到期"), review(3, "保质期不行"))
    found = desk.run("review-explanation")
    assert groups(found) == {key(1): "call", key(2): "none", key(3): "unknown"}
    assert facts_needed(item(found, key(3))) == ["within_month"]


def test_a_correction_of_an_agent_wins(desk: JobDesk) -> None:
    text = "发票没开"
    desk.give("reviews", review(1, text), review(2, text))
    lexicon = read_lexicon([LEXICON])
    with open_store(desk.url, write=True) as store:
        corrections, at = Corrections(store), parse_time(NOW)
        corrections.correct(key(1), ["missing-item"], sort(text, lexicon), lexicon, "王", at)
        corrections.correct(key(2), [], sort(text, lexicon), lexicon, "王", at)
    assert groups(desk.run("review-explanation")) == {key(1): "table", key(2): "none"}


def test_the_order_book_says_which_goods_and_which_refund(desk: JobDesk) -> None:
    desk.orders(example_order("succeeded", tid=key(1)), example_order("signed", tid=key(2)))
    desk.give("reviews", *(review(n, "退款十天了还没到账") for n in (1, 2, 3)))
    found = desk.run("review-explanation")
    assert [one["flow"] for one in found["items"]] == ["abnormal-refund", "normal-refund", "escalation"]


def test_the_shipped_examples(desk: JobDesk) -> None:
    desk.take(*sorted(EXAMPLES.glob("o*-2026-11.csv")))
    desk.give("reviews", file=EXAMPLES / "jobs" / "reviews-2026-11.csv")
    found = desk.run("review-explanation")
    assert found["counts"] == {"call": 5, "table": 3, "none": 2, "listed": 2}
