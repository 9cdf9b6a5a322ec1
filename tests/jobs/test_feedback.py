"""What the warehouse writes is read by words that are data; what they do not settle stays open."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmcs.core.errors import InputError
from tmcs.core.order import parse_time
from tmcs.jobs.feedback import FILE, Feedback, feedback, read_words

NOW = parse_time("2026-11-23T09:00:00+08:00")
DAY = timedelta(hours=24)


def said(text: str, kind: str = "缺货", state: str = "待补货", at: str = "2026-11-22T09:30:00+08:00", **more: str) -> Feedback:
    return feedback([{"at": at, "type": kind, "state": state, "note": text, **more}], NOW)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("预计 11-25 到货", "11-25T00:00", "11-26T00:00"),
        ("预计２０２６年１１月２５日到货", "11-25T00:00", "11-26T00:00"),
        ("预计2026/11/25 到仓", "11-25T00:00", "11-26T00:00"),
        ("预计11月25号上午补到", "11-25T00:00", "11-26T00:00"),
        ("预计 11-25 14:30 到货", "11-25T14:30", "11-25T14:30"),
        ("预计11月25日9点到货", "11-25T09:00", "11-25T09:00"),
        ("到货时间：11-25", "11-25T00:00", "11-26T00:00"),
        ("明天到货", "11-23T00:00", "11-24T00:00"),             # of the day it was written
        ("大后天能到", "11-25T00:00", "11-26T00:00"),
        ("三天后到货", "11-25T00:00", "11-26T00:00"),
        ("24小时内补上", "11-22T09:30", "11-23T09:30"),
        ("2天内到货", "11-22T09:30", "11-24T09:30"),
        ("预计1-2日内到货", "11-22T09:30", "11-24T09:30"),
        ("预计 11-24 到货，最迟预计 11-26 到货", "11-26T00:00", "11-27T00:00"),
    ],
)  # fmt: skip
def test_when_the_goods_are_there(text: str, earliest: str, latest: str) -> None:
    arrival = said(text).arrival
    assert arrival is not None
    assert [moment.isoformat()[5:16] for moment in arrival] == [earliest, latest]


@pytest.mark.parametrize(
    "text",
    [
        "", "待通知", "预计到货", "预计 13-45 到货", "预计 2-30 到货", "预计3.5小时到货", "货位 11-25 已清空", "预计尽快到货",
        "预计1-2天到货", "预计2-3个工作日到货", "预计 6-1 到货",
    ],
)  # fmt: skip
def test_what_names_no_day_is_not_read_as_one(text: str) -> None:
    assert said(text).arrival is None
    assert said(text).replenished(NOW, DAY) is None


def test_a_day_without_a_year_is_the_nearest_of_its_name() -> None:
    arrival = feedback([{"at": "2026-12-30T10:00:00+08:00", "type": "缺货", "note": "预计 1-3 到货"}], parse_time("2026-12-31T09:00:00+08:00")).arrival
    assert arrival is not None
    assert arrival[0].isoformat() == "2027-01-03T00:00:00+08:00"
    leap = feedback([{"at": "2028-02-27T10:00:00+08:00", "type": "缺货", "note": "预计 2-29 到货"}], parse_time("2028-02-28T09:00:00+08:00")).arrival
    assert leap is not None
    assert leap[0].isoformat() == "2028-02-29T00:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "state", "answer"),
    [
        ("补不到货", "待补货", "cannot"), ("", "无法补货", "cannot"), ("已补货", "", "in-time"), ("还没已到货", "待补货", None),
        ("尚未 已到货", "待补货", None), ("已补货，又说无法补货", "", None), ("", "已补货", "in-time"), ("停产", "已补货", None),
    ],
)  # fmt: skip
def test_whether_it_is_replenished(text: str, state: str, answer: str | None) -> None:
    assert said(text, state=state).replenished(NOW, DAY) == answer


def test_a_word_that_is_not_known_is_told() -> None:
    assert said("", kind="盘点差异").odd == "盘点差异"
    assert said("", state="等张三").odd == "等张三"
    assert said("", kind="").odd == "?"
    assert (said("").odd, said("").held) == (None, "no-stock")
    assert said("", kind=" 缺 货 ").held is None  # a cell is read whole: nothing is made of something like it
    assert feedback([], NOW).held is None


def test_the_worst_item_holds_of_the_order() -> None:
    at = "2026-11-22T09:30:00+08:00"
    both = [
        {"at": at, "type": "缺货", "sku": "A", "note": "预计 11-24 8:00 到货"},
        {"at": at, "type": "缺货", "sku": "B", "note": "预计 11-26 到货"},
    ]
    assert feedback(both, NOW).replenished(NOW, DAY) == "later"
    both[1]["note"] = "补不到货"
    assert feedback(both, NOW).replenished(NOW, DAY) == "cannot"
    both[1]["note"] = ""  # of one item nothing is known
    assert feedback(both, NOW).replenished(NOW, DAY) is None


@given(st.text(alphabet="预计到货补上天小时内后明今年月日-/: 0123456789缺已未没，。", max_size=80))
def test_no_text_fails(text: str) -> None:
    found = said(text)
    assert found.replenished(NOW, DAY) in (None, "in-time", "later", "cannot")


@pytest.mark.parametrize("text", ["预计" * 40000, "1" * 80000, "预计1-" * 20000, "11-11 " * 20000])
def test_a_long_text_is_read(text: str) -> None:
    said(text)  # a pattern that goes back over the text would not end within the run


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  no-stock: [缺货,", "  no-stok: [缺货,", "unknown key no-stok"),
        ("  none: [排队,", "  none: [缺货,", "缺货 stands under no-stock already"),
        ("cannot: [补不到,", "cannot: ['(补不到',", "(补不到 is wrong"),
        ("schema: tmcs/feedback/1", "schema: tmcs/feedback/9", "unknown schema"),
    ],
)
def test_the_words_are_read_strictly(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = Path(FILE).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "feedback.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_words(str(path))
    found: Any = raised.value.findings[0]
    assert fault in found.message("en")
    assert found.line > 0
