"""Gift mailings: applied for, confirmed, list fixed, address checked before the parcel leaves, done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.kit import groups, item
from tests.jobs.plans_kit import AGENT, NOW, SELECTION, before, fill, order, tid
from tmcs.core.errors import Finding, InputError, NotPermittedError
from tmcs.jobs.gift import Gifts
from tmcs.jobs.kinds import kind
from tmcs.jobs.plan_lists import from_file
from tmcs.jobs.plans import find_person, fold, people, read_steps
from tmcs.jobs.rows import read_file

HEADER = "订单编号,买家昵称,收货人姓名,联系手机,收货地址,礼品,运单号\n"


@pytest.fixture
def url(store_url: str, tmp_path: Path) -> str:
    fill(store_url, tmp_path, *(order(n) for n in range(1, 6)), order(6, "nick1"))
    return store_url


def confirmed(gifts: Gifts) -> int:
    """Bring a mailing to where its list is made."""
    number = gifts.request("秋季派礼", "帆布袋", "三位", None)
    gifts.confirm(number, "王运营", "十一月内寄完", None)
    return number


@pytest.fixture
def running(url: str) -> Iterator[Gifts]:
    """A mailing, number 1, to five customers, whose list and gifts are ready."""
    with before(Gifts, url) as gifts:
        number = confirmed(gifts)
        gifts.fix(number, None, selection=SELECTION)
        gifts.ready(number, "王运营", 5, None)
        yield gifts


def test_the_whole_life_of_a_mailing(url: str) -> None:
    with before(Gifts, url) as gifts:
        number = gifts.request("秋季派礼", "帆布袋", None, "每季度一次")
        for early in (
            lambda: gifts.fix(number, None, selection=SELECTION), lambda: gifts.ready(number, "王", 9, None),
            lambda: gifts.call(number, "1", "checked"), lambda: gifts.ship(number, "1", "SF0001"), lambda: gifts.done(number, "x"),
        ):  # fmt: skip
            with pytest.raises(InputError, match="plan 1 is at stage requested"):
                early()
        gifts.confirm(number, "王运营", "十一月内寄完", None)
        with pytest.raises(InputError, match="there is no list yet"):
            gifts.ready(number, "王运营", 9, None)
        assert gifts.fix(number, None, selection=SELECTION, number=2, seed="s").listed == 2
        drawn = [one.tid for one in people(gifts.store, number)]
        assert gifts.fix(number, "重抽", selection=SELECTION, number=2, seed="s").listed == 2
        assert [one.tid for one in people(gifts.store, number)] == drawn
        assert gifts.read(number).body["list"] == {"listed": 2, "repeated": 0, "unknown": 0, "drawn": 2, "seed": "s"}
        with pytest.raises(InputError, match="1 gifts are in place for 2 recipients"):
            gifts.ready(number, "王运营", 1, None)
        gifts.ready(number, "王运营", 2, None)
        with pytest.raises(InputError, match="at stage list and gifts ready"):
            gifts.fix(number, None, selection=SELECTION)
        for n, parcel in (("1", "SF0001"), ("2", "SF0002")):
            gifts.call(number, n, "checked")
            assert gifts.ship(number, n, parcel)[1]
        assert gifts.done(number, None) == {"shipped": 2}
        plan, steps = gifts.read(number), read_steps(gifts.store, number)
        assert [one.step for one in steps] == ["new", "confirm", "list", "list", "ready", "call", "ship", "call", "ship", "done"]
        assert (plan.stage, plan.closed_at) == ("done", NOW)
        assert fold(gifts.life, steps) == (plan.stage, plan.body)


def test_the_lead_confirms_plan_and_list(url: str) -> None:
    with before(Gifts, url, actor=AGENT) as gifts:
        number = gifts.request("秋季派礼", "帆布袋", None, None)
        with pytest.raises(NotPermittedError, match="who may: team lead"):
            gifts.confirm(number, "王", "x", None)


def test_each_customer_gets_one_gift(running: Gifts) -> None:
    assert [one.tid for one in people(running.store, 1)] == [tid(n) for n in range(1, 6)]
    assert running.read(1).body["list"]["repeated"] == 1  # order 6 is nick1's as well


def test_a_list_from_a_file_may_give_each_a_gift_of_their_own(url: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        HEADER + f"{tid(1)},nick1,王示例,13800000101,路1号,保温杯,\n{tid(9)},,李示例,13800000999,路9号,帆布袋,\n{tid(6)},nick1,王示例,1,路,茶,\n", "utf-8"
    )
    with before(Gifts, url) as gifts:
        number = confirmed(gifts)
        assert gifts.fix(number, None, listed=from_file(str(path), kind("recipients"))).to_dict() == {"listed": 2, "repeated": 1, "unknown": 0}
        assert [one.data["gift"] for one in people(gifts.store, number)] == ["保温杯", "帆布袋"]


def test_a_list_with_faults_is_not_taken_at_all(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(HEADER + f"{tid(1)},nick1,王示例,13800000101,路1号,保温杯,\n{tid(2)},nick2,李示例,,路,茶,\n", "utf-8")
    with pytest.raises(InputError, match="1 rows are wrong; nothing was taken") as caught:
        from_file(str(path), kind("recipients"))
    assert [(one.line, "13800000101" in one.message("en")) for one in caught.value.findings] == [(3, False)]


def test_the_address_is_checked_before_the_parcel_leaves(running: Gifts) -> None:
    running.call(1, "1", "not-reached")
    for who, state in (("1", "not reached"), ("2", "address to be checked")):
        with pytest.raises(InputError, match=rf"number {who}: {state}; the address is checked first"):
            running.ship(1, who, "SF0001")
    running.call(1, "1", "checked")
    with pytest.raises(InputError, match="a parcel number has 4 to 40 letters and digits"):
        running.ship(1, "1", "SF 1")
    running.ship(1, "1", "SF0001")
    for again in (lambda: running.ship(1, "1", "SF0002"), lambda: running.call(1, "1", "declined")):
        with pytest.raises(InputError, match="number 1"):
            again()
    assert find_person(running.store, 1, "1").data == {"gift": "帆布袋", "tries": 1, "checked": "2026-11-23", "parcel": "SF0001", "shipped": "2026-11-23"}


def test_a_parcel_of_a_later_day_is_told(running: Gifts, url: str) -> None:
    running.call(1, "1", "checked")
    with before(Gifts, url, "2026-11-24T09:00:00+08:00") as later:
        person, same_day = later.ship(1, "1", "SF0001")
        assert (person.state, same_day) == ("shipped", False)
        assert read_steps(later.store, 1)[-1].data["same_day"] == "no"


def test_corrections_are_kept_with_the_person_only(running: Gifts) -> None:
    running.call(1, "2", "checked", {"address": "新路 99 号", "phone": "13900000000"})
    person = find_person(running.store, 1, "2")
    assert (person.private["address"], person.private["phone"], person.private["name"]) == ("新路 99 号", "13900000000", "王示例")
    step = read_steps(running.store, 1)[-1]
    assert (step.data["corrected"], step.person) == (["address", "phone"], 2)
    assert "新路" not in json.dumps(step.data, ensure_ascii=False)


def test_a_mailing_is_done_when_nobody_is_left(running: Gifts) -> None:
    with pytest.raises(InputError, match="at stage list and gifts ready"):
        running.done(1, None)
    running.call(1, "1", "declined")
    with pytest.raises(InputError, match="4 are still open: numbers 2, 3, 4, 5"):
        running.done(1, None)
    assert running.done(1, "礼品退回仓库") == {"declined": 1, "listed": 4}


def test_parcels_are_imported_once(running: Gifts, tmp_path: Path) -> None:
    running.call(1, "1", "checked")
    path = tmp_path / "sent.csv"
    path.write_text(
        HEADER + "".join(f"{tid(n)},nick{n},王示例,1380000010{n},路,帆布袋,{parcel}\n" for n, parcel in ((1, "SF0001"), (2, "SF0002"), (3, ""), (9, "SF9"))),
        "utf-8",
    )

    def take() -> tuple[dict[str, int], list[int]]:
        found: list[Finding] = []
        return running.ship_rows(1, read_file(str(path), kind("recipients")), found.append), [one.line for one in found]

    assert take() == ({"shipped": 1, "unchanged": 0, "blank": 1, "refused": 2}, [3, 5])
    assert take() == ({"shipped": 0, "unchanged": 1, "blank": 1, "refused": 2}, [3, 5])


def test_the_worklist_calls_and_mails_at_the_same_time(running: Gifts, url: str, tmp_path: Path) -> None:
    running.call(1, "1", "checked")
    running.call(1, "2", "declined")
    running.call(1, "3", "not-reached")
    desk = fill(url, tmp_path, order(1))
    found = desk.run("gift-mailing", "2026-11-23T11:00:00+08:00")
    assert groups(found) == {"plan-1/1": "mailing", "plan-1/3": "calling", "plan-1/4": "calling", "plan-1/5": "calling"}
    call = item(found, "plan-1/4")
    assert (call["call"], [say["moment"] for say in call["say"]]) == (True, ["gift-call", "gift-address", "gift-corrected", "gift-close"])
    assert "帆布袋" in call["say"][0]["text"]["zh"]
    assert not item(found, "plan-1/1")["call"]
    assert found["figures"]["mailings"] == [{"plan": "1", "title": "秋季派礼", "listed": 5, "shipped": 0, "declined": 1, "to_do": 4}]
    running.ship(1, "1", "SF0001")
    for n in "345":
        running.call(1, n, "declined")
    assert groups(desk.run("gift-mailing", "2026-11-24T11:00:00+08:00")) == {"plan-1": "ending"}
    running.done(1, None)
    assert groups(desk.run("gift-mailing", "2026-11-25T11:00:00+08:00")) == {}


def test_a_mailing_is_due_where_the_desk_sets_an_interval(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = fill(url, tmp_path, order(1))
    assert groups(desk.run("gift-mailing", "2026-11-20T11:00:00+08:00")) == {}  # the handbook gives no interval
    own = tmp_path / "policy.yaml"
    own.write_text('settings: {gift_interval: {value: "30"}}\n', "utf-8")
    from tmcs import load_policy

    with desk.runner("gift-mailing", "2026-11-23T11:00:00+08:00") as runner:
        policy = load_policy((str(own),))
        runner.context.policy, runner.context.snapshot = policy, policy.at(runner.now)
        assert [one.hit.key for one in runner.items()] == ["due"]


def test_erasing_a_recipient_takes_the_corrections_too(running: Gifts, url: str, tmp_path: Path) -> None:
    from tmcs.cases.desk import Desk
    from tmcs.cases.privacy import erase_customer

    running.call(1, "2", "checked", {"address": "新路 99 号"}, "客户刚搬家")
    erase_customer(Desk(running.store, running.actor, running.now), "nick2", "客户要求")
    everything = str([running.store.execute(f"SELECT * FROM {name}").fetchall() for name in ("plan", "plan_event", "plan_person")])
    assert not any(word in everything for word in ("nick2", "新路", "刚搬家", "13800000102"))
    assert "plan-1/2" not in groups(fill(url, tmp_path, order(1)).run("gift-mailing"))
    with pytest.raises(InputError, match="is erased"):
        running.ship(1, "2", "SF0001")
