"""`tmcs case take|release|hand-over|assign|done|withdraw` as agents run them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, desk, order
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store


@pytest.fixture
def at(store_url: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `tmcs case …` for an agent, on a store with one case of a broken jar and one that awaits photos."""
    with open_store(store_url, write=True) as store:
        for tid, facts in (("2026112000001", DAMAGE), ("2026112000002", {"photos_received": "no"})):
            desk(store).open(load_flow("damage"), load_policy(), order(tid), facts)
    monkeypatch.setenv("TMCS_STORE", store_url)
    monkeypatch.setenv("TMCS_NOW", "2026-11-24T09:00:00+08:00")

    def call(agent: str, *argv: object, role: str = "agent") -> Any:
        with monkeypatch.context() as patch:
            patch.setenv("TMCS_AGENT", agent)
            patch.setenv("TMCS_ROLE", role)
            return tmcs("case", *argv)

    return call


def test_take_says_what_to_do_and_of_which_case(at: Any) -> None:
    done = at("li", "take", "--queue", "19047")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "已领取  任务 1 · 19047 退货专员"
    assert lines[1] == "做什么  破损退货，照片已收到；收到退货申请即审核通过"
    assert lines[3] == "案件    1 · 货品损坏 · 订单 2026112000001 · 已有结论"
    assert lines[4].strip() == "tmcs case show 1"


def test_a_queue_without_open_tasks_is_exit_6_and_says_where_to_look(at: Any) -> None:
    assert at("li", "take", "--queue", "19047").code == 0
    done = at("zhao", "take", "--queue", "19047", "--lang", "en")
    assert (done.code, done.out) == (6, "")
    assert done.err.splitlines() == ["tmcs: no open task in queue 19047", "  tmcs case list --queue 19047 shows those taken or on hold"]


def test_an_unknown_queue_names_the_nearest(at: Any) -> None:
    done = at("li", "take", "--queue", "1904")
    assert done.code == 2
    assert "19047" in done.err
    assert at("li", "take").code == 2
    assert at("li", "hand-over", 1, "--to", "nowhere", "--why", "x").code == 2


def test_a_task_goes_from_hand_to_hand_and_each_step_is_in_the_case(at: Any) -> None:
    assert at("li", "take", "--queue", "19047").code == 0
    assert at("li", "release", 1, "--why", "午休").out.startswith("已退回  任务 1 · 19047 退货专员")
    assert at("zhao", "hand-over", 1, "--to", "19026", "--why", "归退款").out.startswith("已转交  任务 1 · 19026 退款专员")
    assert at("qian", "assign", 1, "--to", "小王", "--why", "熟悉", role="lead").out.startswith("已指派 → 小王  任务 1 · 19026")
    done = at("小王", "done", 1, "--why", "已审核")
    assert done.out.splitlines()[0] == "已完成  任务 1 · 19026 退款专员"
    assert "下一步  已答应客户: 退款到账" in done.out
    events = at("li", "show", 1, "--format", "json").json["events"]
    assert [(one["kind"], one["agent"], one["why"]) for one in events[2:]] == [
        ("taken", "li", None), ("released", "li", "午休"), ("handed-over", "zhao", "归退款"), ("handed-over", "qian", "熟悉"),
        ("done", "小王", "已审核"),
    ]  # fmt: skip


def test_what_somebody_else_has_is_theirs_unless_one_may_assign(at: Any) -> None:
    assert at("li", "take", "--queue", "19047").code == 0
    for words in (("done", 1), ("release", 1, "--why", "x"), ("hand-over", 1, "--to", "19026", "--why", "x"), ("withdraw", 1, "--task", 1, "--why", "x")):
        done = at("zhao", *words)
        assert (done.code, done.out) == (5, ""), words
        assert "li" in done.err
    assert at("zhao", "assign", 1, "--to", "zhao", "--why", "x").code == 5
    assert at("qian", "release", 1, "--why", "离岗", role="lead").code == 0


@pytest.mark.parametrize("words", [("release", 1), ("hand-over", 1, "--to", "19026"), ("withdraw", 1, "--task", 2)])
def test_a_reason_is_asked_for(at: Any, words: tuple[object, ...]) -> None:
    assert at("li", "take", "--queue", "19047").code == 0
    done = at("li", *words)
    assert done.code == 2
    assert "--why" in done.err
    assert at("li", *words, "--why", "  ").code == 2


def test_a_promise_of_a_date_is_kept_and_a_wait_is_withdrawn_by_number(at: Any) -> None:
    assert at("li", "done", 1, "--task", 2).out.startswith("已兑现  承诺 2 · 退款到账")
    wait = at("li", "show", 2, "--format", "json").json["duties"][0]
    assert wait["kind"] == "wait"
    assert at("li", "withdraw", 2, "--why", "x").code == 2
    done = at("li", "withdraw", 2, "--task", wait["id"], "--why", "客户不发照片了", "--lang", "en")
    assert done.out.splitlines()[0] == f"withdrawn  wait {wait['id']} · photos received"


def test_json_is_one_object_with_the_task_and_its_case(at: Any) -> None:
    told = at("li", "take", "--queue", "19047", "--format", "json").json
    assert told["schema"] == "tmcs/task/1"
    assert told["task"] == {
        "id": "1", "case": "1", "kind": "task", "queue": "19047",
        "text": {
            "zh": "破损退货，照片已收到；收到退货申请即审核通过",
            "en": "damaged goods, photos received: approve the return application as soon as it arrives",
        },
        "due": None, "state": "taken", "agent": "li",
    }  # fmt: skip
    assert (told["case"]["id"], told["case"]["owner"], told["case"]["order"]) == ("1", "li", "2026112000001")


def test_a_role_that_may_not_is_told_who_may(at: Any) -> None:
    done = at("wu", "take", "--queue", "19047", role="auditor")
    assert done.code == 5
    assert "agent" in done.err


@pytest.mark.parametrize("name", ["", " ", "a\x1bb", "x" * 65])
def test_an_agent_must_have_a_name(at: Any, name: str) -> None:
    assert at("qian", "assign", 1, "--to", name, "--why", "x", role="lead").code == 2


def test_a_case_that_is_not_there_is_exit_6(at: Any) -> None:
    assert at("li", "done", 99).code == 6
    assert at("li", "done", "x").code == 2
    assert at("li", "done", 1, "--task", 99).code == 6
