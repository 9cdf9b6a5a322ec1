"""Differentiated care: registered from an order, a case or a complaint, planned, confirmed by the platform, carried out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import tmcs
from tests.jobs.kit import facts_needed, groups, item
from tests.jobs.plans_kit import AGENT, NOW, before, fill, order, tid
from tmcs.cases.desk import Desk
from tmcs.core.errors import InputError, NotFoundError, NotPermittedError
from tmcs.jobs.care import Care, forms
from tmcs.jobs.plans import find_person, fold, read_steps


@pytest.fixture
def url(store_url: str, tmp_path: Path) -> str:
    fill(store_url, tmp_path, *(order(n) for n in range(1, 5)))
    return store_url


def register(care: Care, number: int = 1, analysis: str | None = "漏发两次，客户姓王") -> int:
    return care.register(["dissatisfied"], analysis, None, tid=tid(number))


def test_the_whole_life_of_a_care_plan(url: str) -> None:
    with before(Care, url) as care:
        number = care.register(["dissatisfied", "reputation"], None, "客户发了微博", tid=tid(1))
        steps: list[Callable[[], object]] = [
            lambda: care.submit(number, None), lambda: care.confirm(number, "王", None), lambda: care.done(number, "好"),
        ]  # fmt: skip
        for early in steps:
            with pytest.raises(InputError, match="plan 1 is at stage registered"):
                early()
        with pytest.raises(InputError, match="the case is not analysed yet"):
            care.plan(number, "card", "手写卡片", None)
        care.plan(number, "card", "手写卡片", None, analysis="漏发两次")
        care.plan(number, "goods", "另购同款寄去", "客户只想要货")
        with pytest.raises(InputError, match="plan 1 is at stage planned"):
            care.confirm(number, "王", None)  # not before it was submitted (C109)
        care.submit(number, None)
        care.reject(number, "太贵")
        care.plan(number, "制作卡片", "手写卡片", None)
        care.submit(number, None)
        care.confirm(number, "王运营", None)
        care.done(number, "已寄出，客户很高兴")
        plan, taken = care.read(number), read_steps(care.store, number)
        assert (plan.stage, plan.closed_at, plan.body) == ("done", NOW, {"because": ["dissatisfied", "reputation"], "form": "card", "confirmed_by": "王运营"})
        assert [one.step for one in taken] == ["new", "plan", "plan", "submit", "reject", "plan", "submit", "confirm", "done"]
        assert (taken[-1].private["why"], {one.person for one in taken}) == ("已寄出，客户很高兴", {1})
        assert fold(care.life, taken) == (plan.stage, plan.body)


def test_the_forms_are_those_of_the_handbook() -> None:
    assert list(forms()) == ["card", "home-delivery", "e-card", "audio", "visit", "poster", "goods", "other"]


def test_wrong_words_are_answered_with_the_nearest(url: str) -> None:
    with before(Care, url) as care:
        number = register(care)
        with pytest.raises(InputError, match="unknown form of care: posters; nearest: poster"):
            care.plan(number, "posters", "x", None)
        with pytest.raises(InputError, match="it is not said why"):
            care.register([], None, None, tid=tid(2))
        with pytest.raises(InputError, match="give an order, a case or a nick"):
            care.register(["reputation"], None, None)


def test_the_lead_confirms(url: str) -> None:
    with before(Care, url, actor=AGENT) as care:
        number = register(care)
        care.plan(number, "visit", "上门", None)
        care.submit(number, None)
        with pytest.raises(NotPermittedError, match="who may: team lead"):
            care.confirm(number, "王", None)


def test_a_customer_has_one_plan_at_a_time(url: str) -> None:
    with before(Care, url) as care:
        number = register(care)
        twice: list[Callable[[], object]] = [lambda: register(care), lambda: care.register(["reputation"], None, None, nick="nick1")]
        for again in twice:
            with pytest.raises(InputError, match="cared for in plan 1 already"):
                again()
        care.drop(number, "客户已满意")
        assert register(care) == number + 1


def test_a_case_names_order_and_customer(url: str) -> None:
    with before(Care, url) as care:
        desk = Desk(care.store, care.actor, care.now)
        case_id, _ = desk.open(tmcs.load_flow("escalation"), care.policy, order(2), {})
        number = care.register(["reputation"], "分析", None, case_id=case_id)
        person = find_person(care.store, number, "1")
        assert (person.tid, person.nick, person.case_id, care.read(number).body["case"]) == (tid(2), "nick2", case_id, str(case_id))
        with pytest.raises(NotFoundError, match="no such case: 99"):
            care.register(["reputation"], None, None, case_id=99)


def test_a_complaint_gives_order_reason_and_words(url: str) -> None:
    row = {"number": "C7", "order": tid(3), "customer": "n***3", "note": "少一盒", "dissatisfied": "yes", "reputation": None}
    with before(Care, url) as care:
        number = care.register(["dissatisfied"], "分析", None, complaint=row)
        person = find_person(care.store, number, "1")
        assert (person.nick, person.private["complaint"], care.read(number).body["complaint"]) == ("nick3", "少一盒", "C7")
        other = care.register(["dissatisfied"], None, None, complaint={**row, "order": tid(9)})
        assert find_person(care.store, other, "1").nick is None  # a masked nick names nobody


# ---- the daily worklist -----------------------------------------------------------------------------------------------------


def complaint(number: int, **more: str) -> dict[str, str]:
    row = {"投诉编号": f"C{number}", "订单编号": tid(number), "投诉类型": "少件", "登记时间": "2026-11-22 10:00:00", "备注": "客户姓王"}
    return {**row, **more}


def test_the_worklist_finds_who_needs_care(url: str, tmp_path: Path) -> None:
    desk = fill(url, tmp_path, order(1))
    desk.give(
        "complaints", complaint(1, 明显不满="是"), complaint(2, 明显不满="否", 影响声誉="是"), complaint(3, 明显不满="否", 影响声誉="否"),
        complaint(4, 明显不满="否"), complaint(5, 明显不满="是", 登记时间="2026-11-30 10:00:00"),
    )  # fmt: skip
    found = desk.run("differentiated-care", "2026-11-23T10:30:00+08:00")
    assert groups(found) == {"C1": "plan", "C2": "plan", "C4": "unknown"}
    assert facts_needed(item(found, "C4")) == ["reputation"]
    assert "客户姓王" not in json.dumps(found, ensure_ascii=False)


def test_the_worklist_follows_each_plan(url: str, tmp_path: Path) -> None:
    desk = fill(url, tmp_path, order(1))
    desk.give("complaints", complaint(1, 明显不满="是"))
    with before(Care, url) as care:
        number = register(care)
        found = desk.run("differentiated-care", "2026-11-23T10:30:00+08:00")
        assert groups(found) == {"plan-1/1": "plan"}  # its complaint is not listed besides
        assert "客户姓王" not in json.dumps(found, ensure_ascii=False)
        care.plan(number, "goods", "另购寄去", None)
        assert "P09-R07" in item(desk.run("differentiated-care", "2026-11-24T10:30:00+08:00"), "plan-1/1")["cites"]
        care.submit(number, None)
        assert groups(desk.run("differentiated-care", "2026-11-25T10:30:00+08:00")) == {"plan-1/1": "submitted"}
        care.confirm(number, "王", None)
        one = item(desk.run("differentiated-care", "2026-11-26T10:30:00+08:00"), "plan-1/1")
        assert (one["group"], "P09-R10" in one["cites"], [say["moment"] for say in one["say"]]) == ("confirmed", True, ["care-card"])
        care.done(number, "已寄")
    assert groups(desk.run("differentiated-care", "2026-11-27T10:30:00+08:00")) == {}


def test_erasing_the_customer_empties_their_plan(url: str) -> None:
    from tmcs.cases.privacy import erase_customer

    with before(Care, url) as care:
        number = register(care)
        care.plan(number, "visit", "到示例路1号上门", "客户姓王")
        erase_customer(Desk(care.store, care.actor, care.now), "nick1", "客户要求")
        everything = str([care.store.execute(f"SELECT * FROM {name}").fetchall() for name in ("plan", "plan_event", "plan_person")])
        assert not any(word in everything for word in ("nick1", "示例路", "姓王"))
        with pytest.raises(InputError, match="is erased"):
            care.plan(number, "card", "x", None, analysis="y")
        care.drop(number, "客户已删除")
        assert care.read(number).stage == "dropped"
