"""`tmcs job survey|gift|care` as agents and programs run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_prompt import Terminal
from tests.jobs.plans_kit import NOW, fill, order, questions_file, tid
from tmcs.render.layout import width

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PEOPLE = ("nick1", "王示例", "1380000010", "示例路1号")
SCOPE = "select: {status: TRADE_FINISHED}\n"


@pytest.fixture
def at(store_url: str, tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `tmcs job …` as a team lead on a desk of three customers; the scope of everything lies in scope.yaml."""
    fill(store_url, tmp_path, *(order(n) for n in range(1, 4)))
    (tmp_path / "scope.yaml").write_text(SCOPE, "utf-8")
    questions_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, value in (("STORE", store_url), ("AGENT", "li"), ("ROLE", "lead"), ("TIER", "second-line"), ("NOW", NOW)):
        monkeypatch.setenv(f"TMCS_{name}", value)

    def call(*argv: object, stdin: str = "", **env: str) -> Any:
        with monkeypatch.context() as patch:
            for name, value in env.items():
                patch.setenv(f"TMCS_{name.upper()}", value)
            return tmcs("job", *argv, stdin=stdin)

    return call


def run_survey(at: Any) -> None:
    """Bring survey 1 to where it runs."""
    for argv in (
        ("new", "四季度调查"), ("draft", 1, "questions.yaml"), ("confirm", 1, "--by", "王运营", "--start", "2026-11-23", "--days", 7, "--select", "scope.yaml"),
        ("start", 1),
    ):  # fmt: skip
        ran = at("survey", *argv)
        assert ran.code == 0, ran.err


def run_mailing(at: Any) -> None:
    """Bring mailing 1 to where addresses are checked."""
    for argv in (
        ("new", "秋季派礼", "--gift", "帆布袋"), ("confirm", 1, "--by", "王运营", "--how", "十一月"), ("list", 1, "--select", "scope.yaml"),
        ("ready", 1, "--by", "王运营", "--gifts", 3),
    ):  # fmt: skip
        ran = at("gift", *argv)
        assert ran.code == 0, ran.err


# ---- surveys ----------------------------------------------------------------------------------------------------------------


def test_a_survey_from_the_request_to_its_report(at: Any, tmp_path: Path) -> None:
    assert at("survey", "new", "四季度调查", "--why", "每季度一次").out == "方案 1 · 第 1 版 · 已提需求 · 等平台回复后 draft 问卷\n"
    assert at("survey", "draft", 1, "questions.yaml", "--lang", "en").out == "plan 1 · version 2 · drawn up · questionnaire q4, 5 questions\n"
    ran = at("survey", "confirm", 1, "--by", "王", "--start", "2026-11-23", "--days", 7, "--select", "scope.yaml", "--format", "json")
    assert (ran.json["schema"], ran.json["stage"], ran.json["did"]) == ("tmcs/plan-step/1", "confirmed", "confirm")
    assert at("survey", "start", 1, "--format", "json").json["list"] == {"listed": 3, "repeated": 0, "unknown": 0}
    ran = at("survey", "answer", 1, tid(1), "-s", "overall=1", "-s", "called=否", "-s", "more=茶", "--lang", "en")
    assert ran.out == "plan 1 · version 5 · running · #1 answered; low score: overall; case 1 opened, the complaint specialist calls\n"
    assert at("survey", "answer", 1, 2, "--declined").out == "方案 1 · 第 6 版 · 访问中 · #2 不愿参加\n"
    ran = at("survey", "results", 1, "--out", "r.xlsx", "--format", "json")
    assert (ran.json["response_rate"], ran.json["follow_ups"], ran.json["files"]) == ("0.3333", 1, ["r.xlsx"])
    assert (tmp_path / "r.xlsx").read_bytes().startswith(b"PK")
    assert "平均 1.00 分，作答 1" in at("survey", "results", 1).out
    ran = at("survey", "close", 1)
    assert (ran.code, "提前结束须说明原因" in ran.err) == (2, True)
    assert at("survey", "close", 1, "--why", "改期").code == 0
    assert at("survey", "list").out == "没有进行中的；--all 也列已结束的\n"
    assert [one["stage"] for one in at("survey", "list", "--all", "--format", "json").json["plans"]] == ["closed"]


def test_a_step_out_of_its_order_is_refused_in_both_languages(at: Any) -> None:
    at("survey", "new", "四季度调查")
    zh, en = at("survey", "start", 1), at("survey", "start", 1, "--lang", "en")
    assert (zh.code, zh.out, en.code) == (2, "", 2)
    assert "方案 1 现在是“已提需求”，“开始”要在“平台已确认”阶段" in zh.err
    assert "plan 1 is at stage requested; begin is for stage confirmed" in en.err
    assert "possible now: draft, drop" in en.err


@pytest.mark.parametrize(
    ("argv", "role", "code"),
    [
        (("survey", "confirm", 1, "--by", "王", "--start", "2026-11-23", "--days", 7, "--select", "scope.yaml"), "agent", 5),
        (("survey", "drop", 1, "--why", "x"), "agent", 5), (("survey", "new", "x"), "auditor", 5), (("survey", "new", "x"), "job", 5),
        (("survey", "list"), "auditor", 0), (("survey", "show", 1), "job", 0), (("survey", "list", 1, "--reveal", "--why", "x"), "agent", 5),
        (("survey", "show", 9), "lead", 6), (("survey", "show", "x"), "lead", 2), (("survey", "drop", 1), "lead", 2),
        (("gift", "show", 1), "lead", 6), (("gift", "list", "--draw", 3), "lead", 2), (("gift", "list", 1, "--select", "scope.yaml", "--seed", "s"), "lead", 2),
        (("survey", "confirm", 1, "--by", "王", "--start", "morgen", "--days", 7, "--select", "scope.yaml"), "lead", 2),
        (("survey", "confirm", 1, "--reject"), "lead", 2), (("survey", "answer", 1, 1, "-s", "x"), "lead", 2),
        (("survey", "answer", 1, 1, "-s", "x=1", "--declined"), "lead", 2), (("survey", "draft", 1, "nosuch.yaml"), "lead", 6),
        (("survey", "results", 1), "lead", 2), (("care", "new", "--order", "1", "--nick", "x"), "lead", 2), (("care", "new", "--complaint", "C1"), "lead", 2),
        (("survey", "startt", 1), "lead", 2),
    ],
)  # fmt: skip
def test_exit_codes(at: Any, argv: tuple[object, ...], role: str, code: int) -> None:
    at("survey", "new", "四季度调查")
    ran = at(*argv, role=role)
    assert ran.code == code, ran.err
    assert (ran.err == "") == (code == 0)


def test_people_are_masked_unless_revealed_which_is_recorded(at: Any) -> None:
    run_survey(at)
    for ran in (at("survey", "list", 1), at("survey", "list", 1, "--format", "json"), at("survey", "show", 1, "--format", "json")):
        assert not any(word in ran.out for word in PEOPLE)
    ran = at("survey", "list", 1, "--reveal")
    assert (ran.code, "须用 --why" in ran.err) == (2, True)
    ran = at("survey", "list", 1, "--reveal", "--why", "外呼", "--format", "json")
    assert next((one["customer"], one["own"]["phone"]) for one in ran.json["people"]) == ("nick1", "13800000101")
    last = at("survey", "show", 1, "--format", "json").json["steps"][-1]
    assert (last["step"], last["why"], last["agent"]) == ("reveal", "外呼", "li")
    assert "查看个人信息 · 外呼" in at("survey", "show", 1).out


def test_faults_of_a_questionnaire_are_told_with_their_place(at: Any, tmp_path: Path) -> None:
    at("survey", "new", "四季度调查")
    path = tmp_path / "bad.yaml"
    path.write_text((tmp_path / "questions.yaml").read_text("utf-8").replace("type: score, required", "type: star, required"), "utf-8")
    ran = at("survey", "draft", 1, "bad.yaml", "--format", "json", "--lang", "en")
    assert ran.code == 2
    assert "bad.yaml:8:21: unknown type of question star" in at("survey", "draft", 1, "bad.yaml", "--lang", "en").err


def test_an_import_with_findings_ends_with_1(at: Any, tmp_path: Path) -> None:
    run_survey(at)
    (tmp_path / "in.csv").write_text(f"答卷编号,订单编号,题号,评分\nA,{tid(1)},overall,5\nB,{tid(8)},overall,5\n", "utf-8")
    ran = at("survey", "import", 1, "in.csv", "--format", "json")
    assert (ran.code, ran.json["partial"], ran.json["refused"], [one["line"] for one in ran.json["findings"]]) == (1, 1, 1, [2, 3])


def test_orders_that_cannot_be_judged_end_the_start_with_1(at: Any, tmp_path: Path) -> None:
    (tmp_path / "scope.yaml").write_text('select: {any: [{status: TRADE_FINISHED}, {sign_time: {before: $now}}], lbx: {is: empty}}\n', "utf-8")
    at("survey", "new", "x")
    at("survey", "draft", 1, "questions.yaml")
    at("survey", "confirm", 1, "--by", "王", "--start", "2026-11-23", "--days", 7, "--select", "scope.yaml")
    assert at("survey", "start", 1).code == 2  # nobody is certain to be within it


def test_the_list_of_the_platform_is_taken_whole_or_not_at_all(at: Any, tmp_path: Path) -> None:
    at("survey", "new", "x")
    at("survey", "draft", 1, "questions.yaml")
    path = tmp_path / "list.csv"
    path.write_text(f"订单编号,买家昵称,联系手机\n{tid(1)},nick1,13800000101\nx,nick2,1\n", "utf-8")
    argv = ("survey", "confirm", 1, "--by", "王", "--start", "2026-11-23", "--days", 7, "--in", "list.csv")
    ran = at(*argv)
    assert (ran.code, "list.csv:3:" in ran.err, "13800000101" in ran.err) == (2, True, False)
    path.write_text(f"订单编号,买家昵称,联系手机\n{tid(1)},nick1,13800000101\n{tid(2)},nick2,1\n", "utf-8")
    assert at(*argv, "--draw", 1, "--seed", "s", "--format", "json").json["list"]["listed"] == 1


def test_questions_are_asked_at_a_terminal(at: Any) -> None:
    run_survey(at)
    terminal = Terminal(["job", "survey", "answer", "1", "1", "--lang", "en"])
    terminal.until("› Hello, this is")
    terminal.until("› Thank you very much!")
    for question, typed in (
        ("Satisfied as a whole?", "1"), ("Satisfied with the speed?", "<"), ("Satisfied as a whole?", "4"), ("Satisfied with the speed?", ""),
        ("Did you call?", "maybe"), ("is wrong: expected yes | no", "no"), ("More of what?", "rice"), ("What do you wish?", ""),
    ):  # fmt: skip
        terminal.until(question)
        terminal.until("> ")
        terminal.type(f"{typed}\n")
    terminal.until("#1 answered")
    assert terminal.end() == 0
    kept = at("survey", "list", 1, "--format", "json").json["people"][0]
    assert (kept["state"], kept["answers"]) == ("answered", {"overall": "4", "called": "no", "more": "rice"})


def test_two_agents_at_once_answer_once_and_open_one_case(at: Any, tmcs: Any) -> None:
    run_survey(at)
    argv = [sys.executable, "-m", "tmcs", "job", "survey", "answer", "1", "1", "-s", "overall=1", "-s", "called=no", "-s", "more=tea"]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    for one in both:
        one.communicate(timeout=60)
    assert sorted(one.returncode for one in both) == [0, 2, 2]
    assert len(tmcs("case", "list", "--format", "json").json["cases"]) == 1


# ---- gifts ------------------------------------------------------------------------------------------------------------------


def test_a_mailing_from_the_application_to_the_last_parcel(at: Any, tmp_path: Path) -> None:
    run_mailing(at)
    assert at("gift", "call", 1, 1).out == "方案 1 · 第 5 版 · 外呼并寄送 · #1 地址已核对，待寄\n"
    ran = at("gift", "call", 1, tid(2), "--address", "-", "--phone", "13900000009", "--format", "json", stdin="新路 99 号\n")
    assert (ran.json["state"], ran.json["corrected"]) == ("checked", ["address", "phone"])
    assert at("gift", "call", 1, 3, "--declined").code == 0
    ran = at("gift", "ship", 1, 3, "--parcel", "SF0003")
    assert (ran.code, "先核对地址再寄 (C112)" in ran.err) == (2, True)
    assert at("gift", "ship", 1, 1, "--parcel", "SF0001").out == "方案 1 · 第 8 版 · 外呼并寄送 · #1 已寄出\n"
    late = at("gift", "ship", 1, 2, "--parcel", "SF0002", now="2026-11-24T10:00:00+08:00")
    assert (late.code, late.err) == (0, "不是核对当天寄出 (C112)\n")
    ran = at("gift", "list", 1)
    assert "SF0002" in ran.out
    assert "99 号" not in ran.out
    assert "13900000009" not in ran.out
    assert at("gift", "done", 1, "--format", "json").json["counts"] == {"declined": 1, "shipped": 2}
    assert "已完成" in at("gift", "show", 1).out


def test_parcels_are_imported_from_the_list(at: Any, tmp_path: Path) -> None:
    run_mailing(at)
    at("gift", "call", 1, 1)
    (tmp_path / "sent.csv").write_text(
        f"订单编号,收货人姓名,联系手机,收货地址,礼品,运单号\n{tid(1)},王,1,路,袋,SF0001\n{tid(2)},王,1,路,袋,SF0002\n{tid(3)},王,1,路,袋,\n", "utf-8"
    )
    ran = at("gift", "ship", 1, "--in", "sent.csv", "--format", "json")
    counts = {key: ran.json[key] for key in ("shipped", "unchanged", "blank", "refused")}
    assert (ran.code, counts) == (1, {"shipped": 1, "unchanged": 0, "blank": 1, "refused": 1})
    assert at("gift", "ship", 1).code == 2


def test_a_draw_can_be_made_again(at: Any) -> None:
    at("gift", "new", "x", "--gift", "袋")
    at("gift", "confirm", 1, "--by", "王", "--how", "x")
    first = at("gift", "list", 1, "--select", "scope.yaml", "--draw", 2, "--format", "json").json
    kept = [one["order"] for one in at("gift", "list", 1, "--format", "json").json["people"]]
    at("gift", "list", 1, "--select", "scope.yaml", "--draw", 2, "--seed", first["seed"])
    assert [one["order"] for one in at("gift", "list", 1, "--format", "json").json["people"]] == kept


# ---- care -------------------------------------------------------------------------------------------------------------------


def test_care_from_the_registration_to_what_came_of_it(at: Any) -> None:
    ran = at("care", "new", "--order", tid(1), "--because", "dissatisfied", "--analysis", "-", stdin="漏发两次，打 13912345678\n")
    assert ran.out == "方案 1 · 第 1 版 · 已登记 · 接着拟方案\n"
    assert at("care", "plan", 1, "--as", "制作卡片", "--text", "手写卡片").code == 0
    assert at("care", "submit", 1, role="agent").code == 0
    assert at("care", "confirm", 1, "--by", "王", role="agent").code == 5
    assert at("care", "confirm", 1).code == 2
    assert at("care", "confirm", 1, "--by", "王运营").code == 0
    out = at("care", "show", 1).out
    assert "形式  制作卡片" in out
    assert "139****5678" in out
    assert "13912345678" not in out
    assert not any(word in out for word in PEOPLE)
    assert "13912345678" in at("care", "show", 1, "--reveal", "--why", "办理").out
    assert at("care", "done", 1).code == 2
    assert at("care", "done", 1, "--why", "已寄出").code == 0
    assert at("care", "list").out == "没有进行中的；--all 也列已结束的\n"
    assert at("care", "list", "--all", "--lang", "en").out.splitlines()[2].split() == ["1", "carried", "out", "dissatisfied", "1", "2026-11-23"]


def test_care_from_the_complaint_records(at: Any) -> None:
    records = EXAMPLES / "jobs" / "complaints-2026-11.csv"
    assert at("care", "new", "--complaint", "C1002", "--in", records).code == 0  # the record says why
    ran = at("care", "new", "--complaint", "C1001", "--in", records)
    assert (ran.code, "没有说明为什么要关怀" in ran.err) == (2, True)
    assert at("care", "new", "--complaint", "C99", "--in", records).code == 6
    assert at("care", "show", 1, "--format", "json").json["body"] == {"because": ["dissatisfied"], "complaint": "C1002"}


# ---- all --------------------------------------------------------------------------------------------------------------------


def test_erasing_a_customer_says_how_many_lists_that_were(at: Any, tmcs: Any) -> None:
    run_survey(at)
    run_mailing_after = at("care", "new", "--nick", "nick1", "--because", "reputation")
    assert run_mailing_after.code == 0
    ran = tmcs("case", "erase", "--customer", "nick1", "--why", "客户要求", "--format", "json")
    assert (ran.code, ran.json["listed"], ran.json["orders"]) == (0, 2, 1)
    assert at("survey", "list", 1, "--format", "json").json["people"][0]["state"] == "erased"


def test_screens_fit_80_columns_in_both_languages(at: Any) -> None:
    run_survey(at)
    at("survey", "answer", 1, 1, "--not-reached", "--why", "占线" * 60)
    for lang in ("zh", "en"):
        for argv in (("list",), ("list", 1), ("show", 1), ("results", 1)):
            out = at("survey", *argv, "--lang", lang).out
            assert all(width(line) <= 80 for line in out.splitlines()), out


def test_the_examples_of_the_repository_run(at: Any) -> None:
    jobs = EXAMPLES / "jobs"
    at("survey", "new", "四季度调查")
    assert at("survey", "draft", 1, jobs / "survey-2026-q4.yaml").code == 0
    ran = at("survey", "confirm", 1, "--by", "王", "--start", "2026-11-23", "--days", 7, "--select", jobs / "survey-scope.yaml")
    assert ran.code == 0, ran.err
    assert at("survey", "start", 1, "--format", "json").json["list"]["listed"] == 3
    at("gift", "new", "派礼", "--gift", "袋")
    at("gift", "confirm", 2, "--by", "王", "--how", "x")
    ran = at("gift", "list", 2, "--in", jobs / "gift-recipients-2026-11.csv", "--format", "json")
    assert ran.json["list"] == {"listed": 3, "repeated": 1, "unknown": 0}
