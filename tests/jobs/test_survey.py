"""Satisfaction surveys: their stages, the questionnaire, the call list, answers, results, and a low score followed up once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.kit import groups, item
from tests.jobs.plans_kit import (
    AGENT,
    GOOD,
    NOW,
    QUESTIONS,
    SELECTION,
    before,
    fill,
    order,
    questionnaire,
    questions_file,
    tid,
)
from tmcs.core.errors import Finding, InputError, NotFoundError, NotPermittedError
from tmcs.jobs.kinds import kind
from tmcs.jobs.plan_lists import draw, of_order
from tmcs.jobs.plans import Listed, find_person, fold, people, read_steps
from tmcs.jobs.questionnaire import read_questionnaire
from tmcs.jobs.rows import read_file
from tmcs.jobs.survey import Survey
from tmcs.jobs.survey_results import Results, four_decimals, report_of, two_decimals

DAY = date(2026, 11, 23)


def ready(survey: Survey, folder: Path, *, days: int = 7, form: str = "phone", scope: dict[str, Any] | None = None) -> int:
    """Bring a survey to where it is confirmed."""
    number = survey.request("四季度调查", "quarter", None)
    survey.draft(number, questionnaire(folder), None)
    survey.confirm(number, "王运营", DAY, days, form, None, selection=SELECTION if scope is None else scope)
    return number


@pytest.fixture
def url(store_url: str, tmp_path: Path) -> str:
    fill(store_url, tmp_path, *(order(n) for n in range(1, 5)), order(5, "nick4"), order(6, status="TRADE_CLOSED"))
    return store_url


@pytest.fixture
def running(url: str, tmp_path: Path) -> Iterator[Survey]:
    """A survey, number 1, of four customers."""
    with before(Survey, url) as survey:
        number = ready(survey, tmp_path)
        survey.start(number, None)
        assert number == 1
        yield survey


# ---- stages -----------------------------------------------------------------------------------------------------------------


def test_each_step_has_its_place_and_is_kept_with_who_when_and_why(url: str, tmp_path: Path) -> None:
    with before(Survey, url) as survey:
        number = survey.request("  四季度   调查 ", "half-year", "每半年一次")
        assert (survey.read(number).stage, survey.read(number).body["title"]) == ("requested", "四季度 调查")
        for early in (
            lambda: survey.confirm(number, "王", DAY, 7, "phone", None, selection=SELECTION), lambda: survey.start(number, None),
            lambda: survey.answer(number, "1", GOOD), lambda: survey.close(number, "原因"),
        ):  # fmt: skip
            with pytest.raises(InputError, match="plan 1 is at stage requested"):
                early()
        survey.draft(number, questionnaire(tmp_path), "平台回复了")
        survey.draft(number, questionnaire(tmp_path), "改一题")
        survey.reject(number, "太长")
        assert survey.read(number).stage == "requested"
        survey.draft(number, questionnaire(tmp_path), None)
        survey.confirm(number, "王运营", DAY, 7, "phone", None, selection=SELECTION)
        with pytest.raises(InputError) as caught:
            survey.draft(number, questionnaire(tmp_path), None)
        assert caught.value.hint is not None
        assert caught.value.hint.en == "possible now: start, drop"
        survey.start(number, None)
        survey.close(number, "改期")
        plan = survey.read(number)
        steps = read_steps(survey.store, number)
        assert [one.step for one in steps] == ["new", "draft", "draft", "reject", "draft", "confirm", "start", "close"]
        assert [one.private.get("why") for one in steps][:4] == ["每半年一次", "平台回复了", "改一题", "太长"]
        assert {(one.agent, one.at) for one in steps} == {("lead-wang", NOW)}
        assert (plan.stage, plan.closed_at, plan.version, plan.body["end"]) == ("closed", NOW, 8, "2026-11-29")
        assert fold(survey.life, steps) == (plan.stage, plan.body)


def test_an_agent_works_on_a_survey_and_the_lead_confirms_it(url: str, tmp_path: Path) -> None:
    with before(Survey, url, actor=AGENT) as survey:
        number = survey.request("四季度调查", "quarter", None)
        survey.draft(number, questionnaire(tmp_path), None)
        with pytest.raises(NotPermittedError, match="role agent may not record what the platform confirmed; who may: team lead"):
            survey.confirm(number, "王", DAY, 7, "phone", None, selection=SELECTION)
        assert survey.read(number).stage == "drafted"


def test_it_begins_on_the_day_that_was_fixed(url: str, tmp_path: Path) -> None:
    with before(Survey, url) as survey:
        number = survey.request("四季度调查", "quarter", None)
        survey.draft(number, questionnaire(tmp_path), None)
        with pytest.raises(InputError, match="the first day 2026-11-22 is past"):
            survey.confirm(number, "王", date(2026, 11, 22), 7, "phone", None, selection=SELECTION)
        survey.confirm(number, "王", date(2026, 11, 24), 7, "phone", None, selection=SELECTION)
        with pytest.raises(InputError, match="it begins on 2026-11-24"):
            survey.start(number, None)
    with before(Survey, url, "2026-11-24T00:00:00+08:00") as survey:
        assert survey.start(number, None).listed == 4


def test_ending_it_early_needs_a_reason(running: Survey, url: str) -> None:
    with pytest.raises(InputError, match="it runs until 2026-11-29, and people are still to be asked"):
        running.close(1, None)
    with before(Survey, url, "2026-11-30T00:00:00+08:00") as later:
        later.close(1, None)
        with pytest.raises(InputError, match="at stage closed"):
            later.answer(1, "1", GOOD)


def test_plans_of_other_jobs_are_not_surveys(running: Survey) -> None:
    with pytest.raises(NotFoundError, match="no plan 7"):
        running.close(7, "x")


# ---- the list ---------------------------------------------------------------------------------------------------------------


def test_the_list_has_each_customer_of_the_scope_once(running: Survey) -> None:
    listed = list(people(running.store, 1))
    assert [(one.n, one.tid, one.nick) for one in listed] == [(n, tid(n), f"nick{n}") for n in range(1, 5)]
    assert running.read(1).body["list"] == {"listed": 4, "repeated": 1, "unknown": 0}
    assert listed[0].private == {"name": "王示例", "phone": "13800000101"}  # a call needs no address


def test_orders_that_cannot_be_judged_are_counted_and_not_listed(store_url: str, tmp_path: Path) -> None:
    unknown = {key: value for key, value in order(2).items() if key != "pay_time"}
    fill(store_url, tmp_path, order(1), unknown)
    with before(Survey, store_url) as survey:
        number = ready(survey, tmp_path, scope={"pay_time": {"before": "$now"}})
        assert survey.start(number, None).to_dict() == {"listed": 1, "repeated": 0, "unknown": 1}


def test_an_empty_scope_begins_nothing(url: str, tmp_path: Path) -> None:
    with before(Survey, url) as survey:
        number = ready(survey, tmp_path, scope={"status": "WAIT_BUYER_PAY"})
        with pytest.raises(InputError, match="no order of the book is within the scope"):
            survey.start(number, None)
        assert survey.read(number).stage == "confirmed"


def test_a_draw_is_the_same_for_the_same_seed_in_any_order() -> None:
    customers = [of_order(tid(n), order(n)) for n in range(1, 40)]
    first = [one.tid for one in draw(customers, 5, "seed")]
    assert first == [one.tid for one in draw([*reversed(customers), *customers], 5, "seed")]
    assert len(set(first)) == 5
    assert first != [one.tid for one in draw(customers, 5, "other")]
    assert len(draw(customers, 100, "seed")) == 39


def test_a_list_of_the_platform_is_the_scope(url: str, tmp_path: Path) -> None:
    with before(Survey, url) as survey:
        number = survey.request("四季度调查", "quarter", None)
        survey.draft(number, questionnaire(tmp_path), None)
        given = [Listed(tid(1), "nick1", {}), Listed(tid(9), None, {"phone": "13800000999"}), Listed(tid(8), "NICK1", {})]
        assert survey.confirm(number, "王", DAY, 7, "phone", None, listed=given).to_dict() == {"listed": 2, "repeated": 1, "unknown": 0}
        assert survey.start(number, None).listed == 2


# ---- the questionnaire ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: score, ask: {zh: 整体", "type: stars, ask: {zh: 整体", "7:23: unknown type of question stars (expected score | choice | text | yes-no"),
        ("  needs:", "  wants:", "10:3: unknown key wants (expected service, needs"),
        ("questionnaire: q4", "questionnaire: Q 4", "2:16: Q 4 is no name"),
        ("      wish:", "      overall:", "13:7: question overall stands in service as well"),
        (", choices: {tea: {zh: 茶, en: tea}, rice: {zh: 米, en: rice}}", "", "12:13: choices belong to the type choice"),
        (", rice: {zh: 米, en: rice}", "", "12:75: there must be two choices at least"),
        ("en: Did you call?", "de: Haben Sie angerufen?", "9:49: unknown key de"),
        ("required: \"no\", ask: {zh: 有", "required: maybe, ask: {zh: 有", "13:36: unknown value maybe"),
    ],
)  # fmt: skip
def test_faults_of_a_questionnaire_are_named_with_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in QUESTIONS
    with pytest.raises(InputError) as caught:
        read_questionnaire(questions_file(tmp_path, QUESTIONS.replace(old, new)))
    assert any(said in one.message("en") for one in caught.value.findings), [one.message("en") for one in caught.value.findings]


def test_a_questionnaire_needs_both_parts(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_questionnaire(questions_file(tmp_path, QUESTIONS[: QUESTIONS.index("  needs:")]))
    assert [one.text.en for one in caught.value.findings] == ["needs is missing"]


# ---- answers ----------------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_question_by_question_with_its_words_apart(running: Survey) -> None:
    found = running.answer(1, tid(2), {"1": "4", "called": "是", "more": "米", "wish": "请早点送"})
    assert (found.person.state, found.low, found.case_id, found.missing) == ("answered", [], None, [])
    kept = find_person(running.store, 1, "2")
    assert kept.data["answers"] == {"overall": "4", "called": "yes", "more": "rice"}
    assert kept.private["answers"] == {"wish": "请早点送"}
    assert "请早点送" not in str(running.store.execute("SELECT body FROM plan").fetchall())


def test_what_is_wrong_or_missing_in_an_answer_is_said_and_nothing_kept(running: Survey) -> None:
    for given, said in (
        ({"overall": "6"}, "overall has no value 6"), ({"overal": "5"}, "unknown question: overal; nearest: overall"),
        ({"overall": "5"}, "answers are missing: called, more"), ({}, "there is no answer"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=said):
            running.answer(1, "1", given)
    assert find_person(running.store, 1, "1").state == "listed"
    assert running.answer(1, "1", {"overall": "5"}, partial=True).person.state == "partial"
    assert running.answer(1, "1", {"called": "no", "more": "tea"}).person.state == "answered"  # the rest, later


def test_answers_are_given_once_and_corrected_with_a_reason(running: Survey) -> None:
    running.answer(1, "1", GOOD)
    with pytest.raises(InputError, match="number 1 has answered already"):
        running.answer(1, "1", GOOD)
    with pytest.raises(InputError, match="needs a reason"):
        running.answer(1, "1", {"overall": "4"}, correct=True)
    running.answer(1, "1", {"overall": "4"}, "听错了", correct=True)
    assert find_person(running.store, 1, "1").data["answers"]["overall"] == "4"


def test_declined_and_not_reached_are_counted(running: Survey) -> None:
    running.outcome(1, "1", "declined")
    running.outcome(1, "2", "not-reached")
    running.outcome(1, "2", "not-reached")
    assert find_person(running.store, 1, "2").data == {"tries": 2}
    with pytest.raises(InputError, match="a survey by phone mails no questionnaire"):
        running.outcome(1, "3", "mailed")
    running.answer(1, "2", GOOD)
    with pytest.raises(InputError, match="has answered already"):
        running.outcome(1, "2", "declined")
    states = Results(running.store, running.read(1)).states
    assert (states["declined"], states["not-reached"], states["answered"], states["listed"]) == (1, 0, 1, 2)


@pytest.mark.parametrize(("score", "opened"), [("1", True), ("2", True), ("3", False)])
def test_a_low_score_gives_the_complaint_specialist_a_task(running: Survey, score: str, opened: bool) -> None:
    found = running.answer(1, "1", {**GOOD, "overall": score})
    assert (found.opened, found.low) == (opened, ["overall"] if opened else [])
    cases = running.store.execute("SELECT id, flow, tid FROM cases").fetchall()
    duties = running.store.execute("SELECT kind, party, state, due FROM duty").fetchall()
    assert [tuple(one) for one in cases] == ([(found.case_id, "job-satisfaction-survey", tid(1))] if opened else [])
    assert [tuple(one) for one in duties] == ([("task", "complaint", "open", "2026-11-25")] if opened else [])


def test_a_low_score_is_followed_up_once(running: Survey) -> None:
    first = running.answer(1, "1", {**GOOD, "overall": "1"})
    again = running.answer(1, "1", {"overall": "2"}, "改口了", correct=True)
    assert (again.opened, again.case_id) == (False, first.case_id)
    assert running.store.execute("SELECT count(*) FROM cases").fetchone()[0] == 1


def test_a_low_score_without_an_order_in_the_book_is_followed_up_too(url: str, tmp_path: Path) -> None:
    with before(Survey, url) as survey:
        number = survey.request("四季度调查", "quarter", None)
        survey.draft(number, questionnaire(tmp_path), None)
        survey.confirm(number, "王", DAY, 7, "phone", None, listed=[Listed("2026112099999", None, {"phone": "13800000999"})])
        survey.start(number, None)
        assert survey.answer(number, "1", {**GOOD, "overall": "1"}).opened
        assert survey.store.execute("SELECT party FROM duty").fetchone()[0] == "complaint"


# ---- import -----------------------------------------------------------------------------------------------------------------


def take(survey: Survey, path: Path, text: str) -> tuple[dict[str, int], list[str]]:
    path.write_text("答卷编号,订单编号,题号,评分,答案\n" + text, encoding="utf-8")
    found: list[Finding] = []
    counts = survey.take_rows(1, read_file(str(path), kind("survey-answers"), found.append), found.append)
    return counts, [one.message("en").rpartition("/")[2] for one in found]


def test_answers_are_imported_once(running: Survey, tmp_path: Path) -> None:
    text = f"A1,{tid(1)},overall,1,\nA1,{tid(1)},called,,否\nA1,{tid(1)},more,,茶\n2,,1,5,\n2,,3,,yes\n2,,4,,rice\n2,,5,,多谢\n"
    counts, found = take(running, tmp_path / "in.csv", text)
    assert (counts, found) == ({"answered": 2, "partial": 0, "unchanged": 0, "refused": 0, "cases": 1}, [])
    counts, found = take(running, tmp_path / "in.csv", text)
    assert (counts, found) == ({"answered": 0, "partial": 0, "unchanged": 2, "refused": 0, "cases": 0}, [])


def test_what_an_import_cannot_take_is_named_by_line(running: Survey, tmp_path: Path) -> None:
    text = f"A1,{tid(1)},overall,9,\n7,,overall,5,\nA2,{tid(2)},overall,5,\nA3,{tid(3)},nosuch,,x\n"
    counts, found = take(running, tmp_path / "in.csv", text)
    assert counts == {"answered": 0, "partial": 1, "unchanged": 0, "refused": 3, "cases": 0}
    assert [one.split(": ", 1)[0] for one in found] == ["in.csv:2", "in.csv:3", "in.csv:4", "in.csv:5"]
    assert "lists nobody of this place or order number" in found[1]
    assert "answers are missing: called, more" in found[2]


# ---- results ----------------------------------------------------------------------------------------------------------------


def test_results_are_exact(running: Survey) -> None:
    for place, score in (("1", "5"), ("2", "4"), ("3", "4")):
        running.answer(1, place, {**GOOD, "overall": score, "wish": "请打 13912345678" if place == "1" else "无"})
    results = Results(running.store, running.read(1))
    said = results.to_dict()
    overall, more, wish = said["questions"][0], said["questions"][3], said["questions"][4]
    assert (said["response_rate"], said["listed"], said["follow_ups"]) == ("0.7500", 4, 0)
    assert (overall["mean"], overall["mean_exact"], overall["distribution"]) == ("4.33", "13/3", {"1": 0, "2": 0, "3": 0, "4": 2, "5": 1})
    assert (more["mean"], more["distribution"], wish["answers"], wish["distribution"]) == (None, {"tea": 3, "rice": 0}, 3, {})
    report = report_of(running.store, results, running.now)
    rows = {sheet.name.en: list(sheet.rows) for sheet in report.sheets}
    assert list(rows) == ["overview", "questions", "mean scores", "Q1 overall", "Q2 speed", "Q3 called", "Q4 more", "own words"]
    assert [len(sheet.charts) for sheet in report.sheets] == [1, 0, 1, 1, 1, 1, 1, 0]
    assert rows["own words"][0]["text"] == "请打 139****5678"


def test_means_and_rates_round_half_up() -> None:
    from fractions import Fraction

    assert [two_decimals(Fraction(n, d)) for n, d in ((13, 3), (9, 2), (401, 200), (1, 1))] == ["4.33", "4.50", "2.01", "1.00"]
    assert [four_decimals(Fraction(n, d)) for n, d in ((1, 3), (2, 3), (1, 20000), (0, 1))] == ["0.3333", "0.6667", "0.0001", "0.0000"]


# ---- the daily worklist -----------------------------------------------------------------------------------------------------


def test_the_worklist_says_what_each_survey_needs(url: str, tmp_path: Path) -> None:
    desk = fill(url, tmp_path, order(1))
    assert groups(desk.run("satisfaction-survey", "2026-11-20T10:45:00+08:00")) == {"due": "due"}
    with before(Survey, url) as survey:
        number = survey.request("四季度调查", "quarter", None)
    assert groups(desk.run("satisfaction-survey", "2026-11-23T10:45:00+08:00")) == {"plan-1": "requested"}
    with before(Survey, url) as survey:
        survey.draft(number, questionnaire(tmp_path), None)
    assert groups(desk.run("satisfaction-survey", "2026-11-24T10:45:00+08:00")) == {"plan-1": "drafted"}
    with before(Survey, url) as survey:
        survey.confirm(number, "王", DAY, 7, "phone", None, selection=SELECTION)
    assert groups(desk.run("satisfaction-survey", "2026-11-25T10:45:00+08:00")) == {"plan-1": "confirmed"}
    with before(Survey, url) as survey:
        survey.start(number, None)
    found = desk.run("satisfaction-survey", "2026-11-26T10:45:00+08:00")
    assert groups(found) == {f"plan-1/{n}": "running" for n in range(1, 5)}
    one = item(found, "plan-1/1")
    assert (one["call"], one["order"], one["customer"]) == (True, tid(1), "n***1")
    assert [say["moment"] for say in one["say"]] == ["survey-call", "survey-rules", "survey-thanks", "survey-declined"]
    assert "nick1" not in json.dumps(found)
    assert "王示例" not in json.dumps(found, ensure_ascii=False)
    assert groups(desk.run("satisfaction-survey", "2026-11-30T10:45:00+08:00")) == {"plan-1": "ending"}
    with before(Survey, url, "2026-11-30T11:00:00+08:00") as survey:
        survey.close(number, None)
    assert groups(desk.run("satisfaction-survey", "2026-12-01T10:45:00+08:00")) == {"plan-1": "closed"}
    assert groups(desk.run("satisfaction-survey", "2026-12-02T10:45:00+08:00")) == {}
    assert groups(desk.run("satisfaction-survey", "2027-02-22T10:45:00+08:00")) == {}
    assert groups(desk.run("satisfaction-survey", "2027-02-23T10:45:00+08:00")) == {"due": "due"}  # 92 days after the request


def test_who_has_answered_or_declined_is_not_called_again(running: Survey, url: str, tmp_path: Path) -> None:
    running.answer(1, "1", GOOD)
    running.outcome(1, "2", "declined")
    running.outcome(1, "3", "not-reached")
    desk = fill(url, tmp_path, order(1))
    found = desk.run("satisfaction-survey")
    assert groups(found) == {"plan-1/3": "running", "plan-1/4": "running"}
    assert found["figures"]["surveys"] == [
        {"plan": "1", "title": "四季度调查", "listed": 4, "answered": 1, "declined": 1, "to_ask": 2, "response_rate": "0.2500"}
    ]


def test_a_paper_survey_is_mailed_and_collected(url: str, tmp_path: Path) -> None:
    with before(Survey, url) as survey:
        number = ready(survey, tmp_path, form="paper")
        survey.start(number, None)
        survey.outcome(number, "1", "mailed")
        assert find_person(survey.store, number, "2").private["address"].endswith("示例路2号")
    found = fill(url, tmp_path, order(1)).run("satisfaction-survey")
    assert set(groups(found).values()) == {"mailing"}
    assert "录入汇总" in item(found, "plan-1/1")["do"]["zh"]
    assert "寄出问卷" in item(found, "plan-1/2")["do"]["zh"]
    assert not item(found, "plan-1/2")["call"]


def test_a_customer_who_is_called_about_another_order_today_is_not_called_again(running: Survey, url: str, tmp_path: Path) -> None:
    store = running.store
    with store.transaction():
        store.execute("INSERT INTO job_call (day, tid, job, run_id, offered) VALUES ('2026-11-23', ?, 'oversell', 0, '')", (tid(5),))
    one = item(fill(url, tmp_path, order(1)).run("satisfaction-survey"), "plan-1/4")  # orders 4 and 5 are one customer's
    assert (one["call"], one["skipped"]["en"]) == (False, "the customer is called today by oversell (C119)")


# ---- erasing ----------------------------------------------------------------------------------------------------------------


def test_erasing_a_customer_leaves_the_figures(running: Survey, url: str, tmp_path: Path) -> None:
    from tmcs.cases.desk import Desk
    from tmcs.cases.privacy import erase_customer

    running.answer(1, "1", {**GOOD, "overall": "1", "wish": "我叫王示例"}, "客户姓王")
    kept = Results(running.store, running.read(1)).to_dict()
    desk = Desk(running.store, running.actor, running.now)
    assert erase_customer(desk, "nick1", "客户要求", force=True).listed == 1
    person = find_person(running.store, 1, "1")
    assert (person.nick, person.private, person.state) == (None, {}, "answered")
    after = Results(running.store, running.read(1)).to_dict()
    assert after == kept
    everything = [running.store.execute(f"SELECT * FROM {name}").fetchall() for name in ("plan", "plan_event", "plan_person", "job_item")]
    assert not any(word in str(everything) for word in ("nick1", "我叫", "13800000101", "客户姓王"))
    plan, steps = running.read(1), read_steps(running.store, 1)
    assert fold(running.life, steps) == (plan.stage, plan.body)
    assert (steps[-1].step, steps[-1].person, plan.version) == ("erase", 1, len(steps))
    assert erase_customer(desk, "nick2", "客户要求").listed == 1  # who has not answered is not called any more
    assert groups(fill(url, tmp_path, order(9)).run("satisfaction-survey")) == {"plan-1/3": "running", "plan-1/4": "running"}
    with pytest.raises(InputError, match="the personal data of number 2 is erased"):
        running.answer(1, "2", GOOD)


def test_retention_reaches_surveys_that_have_ended(running: Survey, url: str) -> None:
    from tmcs.cases.desk import Desk
    from tmcs.cases.privacy import retention

    with before(Survey, url, "2026-11-30T10:00:00+08:00") as later:
        later.close(1, None)
        desk = Desk(later.store, later.actor, later.now)
        assert retention(desk, date(2026, 12, 29), 30).listed == 0
        assert retention(desk, date(2026, 12, 30), 30).listed == 4
        assert [one.nick for one in people(later.store, 1)] == [None] * 4
        assert retention(desk, date(2026, 12, 30), 30).listed == 0
