"""`tmcs case show|list|promises` as agents and programs run them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.cases.audit_kit import DAMAGE, desk, fill, order
from tmcs.loader import load_flow, load_policy
from tmcs.render.layout import width
from tmcs.schemas import schema
from tmcs.store import open_store

ONE = schema("resolution-1")
CASE = Draft202012Validator(schema("case-1"), registry=Registry().with_resource(ONE["$id"], Resource.from_contents(ONE)))
PEOPLE = ("tb_demo", "demo@example", "王示例", "13800000001", "示例路", "李签收", "13900000002", "other_nick", "老陈处")


@pytest.fixture
def at(store_url: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `tmcs case …` on the desk of the audit's tests: 1 settled, 2 with somebody's own words, 3 waiting for photos."""
    fill(store_url)
    for name, value in (("TMCS_STORE", store_url), ("TMCS_AGENT", "li"), ("TMCS_NOW", "2026-11-25T10:00:00+08:00")):
        monkeypatch.setenv(name, value)

    def call(*argv: object, **env: str) -> Any:
        with monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(f"TMCS_{name.upper()}", value)
            return tmcs("case", *argv)

    return call


def test_the_first_screen_says_how_it_stands_and_what_is_next(at: Any) -> None:
    out = at("show", 2).out
    lines = out.splitlines()
    assert lines[0] == "案件 2 · 非正常签收 · 订单 2026112000002 · 示例商品S1"
    assert lines[1] == "状态    已有结论 · 退款 100.00 元 (正常退货退款)"
    assert lines[2] == "下一步  快递公司: 客户不认识签收人：请上门核实包裹去向 · 11-26 周四 快到期"
    order_ = [out.index(word) for word in ("\n做什么", "\n说什么", "\n对客户的承诺", "\n未了结的任务", "\n款项", "\n经过")]
    assert order_ == sorted(order_)
    assert "#7  退款到账  最迟 11-28 周六" in out
    assert "退款 还可付 100.00 元" in out
    assert all(width(line) <= 100 for line in lines)


def test_what_is_overdue_is_said_in_words(at: Any) -> None:
    out = at("show", 2, now="2026-11-30T10:00:00+08:00").out
    assert "11-28 周六 已逾期 2 天" in out
    assert "11-26 周四 已逾期 4 天" in out
    english = at("show", 2, "--lang", "en", now="2026-11-29T10:00:00+08:00").out
    assert "11-28 Sat overdue by 1 day" in english


def test_who_is_awaited_and_since_when_time_stands_still(at: Any) -> None:
    out = at("show", 3).out
    assert "下一步  等客户: 照片已收到" in out
    assert "暂停    2026-11-23 起等客户" in out
    assert "\n在等\n" in out


def test_the_timeline_says_who_did_what_and_why(at: Any) -> None:
    out = at("show", 1).out
    assert "… 更早的 1 条: --events" in out
    assert "建案" not in out
    everything = at("show", 1, "--events").out
    assert "11-23 10:00" in everything
    assert " li  建案: 货品损坏；" in everything
    assert "申请审批: 货品损坏 20.00 元，须二线\n    原因: 客户坚持" in everything
    assert "zhao  完成任务: 破损退货，照片已收到；收到退货申请即审核通过 (19047 退货专员)" in everything


def test_nobody_is_named(at: Any) -> None:
    for words in (("show", 1), ("show", 2, "--events"), ("show", 2, "--format", "json"), ("show", 3, "--format", "yaml"), ("list",), ("promises",),
                  ("list", "--customer", "tb_demo"), ("list", "--customer", "tb_demo", "--format", "json")):  # fmt: skip
        done = at(*words)
        assert done.code == 0, done.err
        assert not [name for name in PEOPLE if name in done.out], words


def test_the_person_is_shown_for_a_reason_that_is_logged(at: Any) -> None:
    assert at("show", 1, "--reveal", role="lead").code == 2
    refused = at("show", 1, "--reveal", "--why", "回电")
    assert (refused.code, refused.out) == (5, "")
    assert at("show", 1, "--why", "回电").code == 2
    shown = at("show", 1, "--reveal", "--why", "回电核对", role="lead", agent="qian")
    assert "客户    tb_demo · demo@example.invalid" in shown.out
    assert "11-25 10:00* qian  查看个人信息: 支付宝账号、会员名\n    原因: 回电核对" in shown.out
    assert "\n  * 时钟是设定的 (TMCS_NOW)" in shown.out
    assert at("show", 1, "--format", "json").json["events"][-1]["kind"] == "revealed"
    told = at("show", 2, "--reveal", "--why", "回电核对", "--format", "json", role="lead").json
    assert told["person"]["buyer_nick"] == told["customer"]["nick"] == "tb_demo"
    assert "13900000002" in json.dumps(told["events"])
    CASE.validate(told)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_json_fits_its_schema(at: Any, number: int) -> None:
    told = at("show", number, "--format", "json").json
    CASE.validate(told)
    assert told["case"] == str(number)
    assert told["resolution"]["schema"] == "tmcs/resolution/1"
    at("close", number, "--force", "--why", "结束", role="lead")
    closed = at("show", number, "--format", "json").json
    CASE.validate(closed)
    assert (closed["state"], closed["as_of_now"], closed["duties"]) == ("closed", None, [])


def test_it_says_when_it_would_be_decided_otherwise_by_now(at: Any, store_url: str) -> None:
    """48 hours after payment nothing is owed yet, after 72 a payout is."""
    waiting = order("2026112000077", status="WAIT_SELLER_SEND_GOODS", consign_time=None, sign_time=None)
    with open_store(store_url, write=True) as store:
        number, _ = desk(store, at="2026-11-22T10:01:00+08:00").open(load_flow("ship-tracking"), load_policy(), waiting, {"can_ship": "today"})
    assert "判定会不同" not in at("show", number, now="2026-11-22T10:01:00+08:00").out
    late = at("show", number, now="2026-11-23T10:01:01+08:00")
    assert f"注意 按现在的情况判定会不同: 赔付。重新判定: tmcs case set {number}" in late.out
    told = at("show", number, "--format", "json", now="2026-11-23T10:01:01+08:00").json
    assert told["as_of_now"]["differs"] == ["payouts"]


def test_a_year_without_a_published_calendar_is_said_wherever_a_day_rests_on_it(at: Any, store_url: str) -> None:
    with open_store(store_url, write=True) as store:
        desk(store, at="2026-12-31T10:00:00+08:00").open(
            load_flow("abnormal-sign"), load_policy(), order("2026112000088"), {"signer_proof": "yes", "signer_name": "李签收", "signer_known": "no"}
        )
    for words in (("show", 4), ("list",)):
        out = at(*words, now="2026-12-31T12:00:00+08:00").out
        assert "(推算)" in out, words
        assert "注意 2027 年的放假安排尚未公布" in out
    assert at("show", 4, "--format", "json", now="2026-12-31T12:00:00+08:00").json["estimated_years"] == [2027]
    assert "not published yet" in at("list", "--lang", "en", now="2026-12-31T12:00:00+08:00").out


def test_a_list_says_what_is_next_and_how_to_go_on(at: Any) -> None:
    out = at("list", "--limit", 2).out
    lines = out.splitlines()
    assert lines[2].split() == ["1", "已有结论", "货品损坏", "2026112000001", "zhao"]
    assert lines[3].strip() == "11-28 周六 · 已答应客户: 退款到账"
    assert lines[-1] == "共列出 2 件；下一页: tmcs case list --limit 2 --after 2"
    following = at("list", "--limit", 2, "--after", 2).out
    assert "2026112000003" in following
    assert following.splitlines()[-1] == "共列出 1 件"
    assert all(width(line) <= 100 for line in lines)


@pytest.mark.parametrize(
    ("words", "cases"),
    [
        ((), ["1", "2", "3"]), (("--state", "paused"), ["3"]), (("--flow", "货品损坏"), ["1", "3"]), (("--order", "2026112000002"), ["2"]),
        (("--customer", "tb_demo"), ["2", "1"]), (("--customer", "nobody"), []), (("--owner", "zhao"), ["1"]), (("--queue", "complaint"), ["2"]),
        (("--queue", "19047"), []), (("--due", "2026-11-26"), ["2"]), (("--due-soon",), ["2"]), (("--overdue",), []), (("--closed",), []),
        (("--all",), ["3", "2", "1"]), (("--agent", "zhao"), []), (("--state", "closed"), []),
    ],
)  # fmt: skip
def test_each_condition(at: Any, words: tuple[str, ...], cases: list[str]) -> None:
    told = at("list", *words, "--format", "json").json
    assert told["schema"] == "tmcs/cases/1"
    assert [one["id"] for one in told["cases"]] == cases
    assert (told["count"], told["next"]) == (len(cases), None)
    assert f"共列出 {len(cases)} 件" in at("list", *words).out


@pytest.mark.parametrize(
    "words",
    [("--state", "paussed"), ("--flow", "nothing"), ("--queue", "1"), ("--due", "tomorrow"), ("--closed", "--all"), ("--closed", "--overdue"),
     ("--overdue", "--due-soon"), ("--after", "x"), ("--overdue", "--after", "7"), ("--limit", "0")],
)  # fmt: skip
def test_a_wrong_condition_is_refused(at: Any, words: tuple[str, ...]) -> None:
    done = at("list", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_json_pages_name_their_next(at: Any) -> None:
    first = at("list", "--limit", 2, "--format", "json").json
    assert first["next"] == "2"
    assert at("list", "--limit", 2, "--after", first["next"], "--format", "json").json["next"] is None


def test_promises_and_those_that_are_broken(at: Any, store_url: str) -> None:
    told = at("promises", "--format", "json").json
    assert told["schema"] == "tmcs/promises/1"
    assert [(one["case"], one["due"], one["mark"]) for one in told["promises"]] == [("1", "2026-11-28", None), ("2", "2026-11-28", None)]
    assert at("promises", "--overdue", "--format", "json").json["promises"] == []
    late = at("promises", "--overdue", now="2026-12-01T10:00:00+08:00").out
    assert late.count("退款到账 · 11-28 周六 已逾期 3 天") == 2
    assert at("promises", "--due", "2026-11-27", "--format", "json").json["count"] == 0
    assert at("done", 1, "--task", told["promises"][0]["id"]).code == 0
    assert at("promises", "--format", "json").json["count"] == 1


def test_text_of_strangers_is_made_safe_to_show(at: Any, store_url: str) -> None:
    with open_store(store_url, write=True) as store:
        record = order("2026112000099")
        record["orders"][0]["title"] = "蜂蜜\x1b[31m\u202e"
        number, _ = desk(store).open(load_flow("damage"), load_policy(), record, DAMAGE, why="客户说\x1b[2J")
    out = at("show", number, "--events").out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_who_may_not_look_is_told_who_may(at: Any) -> None:
    assert at("show", 99).code == 6
    assert at("show", "x").code == 2
    assert at("show", 1, role="auditor").code == 0
