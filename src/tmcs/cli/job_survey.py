"""`tmcs job survey`: a satisfaction survey from the request to its results."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli.case_given import why_option
from tmcs.cli.common import Command, note
from tmcs.cli.plan_given import (
    common,
    day,
    done,
    file_read,
    list_options,
    list_plans,
    people_given,
    plan_number,
    planning,
    reason,
    reveal_option,
    show_plan,
    step_options,
    tell,
)
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, Finding, InputError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.jobs.questionnaire import Questionnaire
    from tmcs.jobs.survey import Outcome
    from tmcs.jobs.survey_results import Results

PERIODS: Final = ("quarter", "half-year", "other")
FORMS: Final = ("phone", "paper")
_IMPORT: Final = "tmcs/survey-import/1"


@click.command("new", cls=Command, short_help="提调查需求 · request a survey")
@click.argument("title")
@click.option("--period", type=click.Choice(PERIODS), default="quarter", show_default=True, help="周期 · the interval")
@step_options
def new(title: str, period: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """向淘宝提调查需求，等回复 · send the request to the platform and wait for its feedback (P10-R05)."""
    from tmcs.jobs.survey import Survey

    with planning(Survey, "plan", store) as planner:
        number = planner.request(title, period, why)
        return done(planner, number, "new", Text("等平台回复后 draft 问卷", "draft the questionnaire after the platform's feedback"), form, lang)


@click.command("draft", cls=Command, short_help="放入问卷 · put the questionnaire in")
@click.argument("plan", metavar="ID")
@click.argument("file", metavar="FILE")
@step_options
def draft(plan: str, file: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """放入问卷 (YAML: 业务服务、调查需求两块) · put the questionnaire in: two parts, service and needs (P10-R02, P10-R06)."""
    from tmcs.jobs.questionnaire import read_questionnaire
    from tmcs.jobs.survey import Survey

    number, questionnaire = plan_number(plan), read_questionnaire(file)
    count = len(questionnaire.questions)
    with planning(Survey, "plan", store) as planner:
        planner.draft(number, questionnaire, why)
        said = Text(f"问卷 {questionnaire.id}，{count} 题", f"questionnaire {questionnaire.id}, {count} questions")
        return done(planner, number, "draft", said, form, lang, {"questions": list(questionnaire.questions)})


@click.command("confirm", cls=Command, short_help="登记平台的确认 · record what the platform fixed")
@click.argument("plan", metavar="ID")
@click.option("--by", metavar="NAME", help="平台谁确认的 · who confirmed it there")
@click.option("--start", metavar="DAY", help="开始日 · the first day")
@click.option("--days", type=click.IntRange(1, 366), metavar="N", help="共几天 · for how many days")
@click.option("--form", "way", type=click.Choice(FORMS), default="phone", show_default=True, help="形式 · phone or paper")
@list_options
@click.option("--reject", is_flag=True, help="平台未确认，退回重拟 · not confirmed: drawn up anew")
@step_options
def confirm(
    plan: str, by: str | None, start: str | None, days: int | None, way: str, select: str | None, listed: str | None, draw: int | None,
    seed: str | None, reject: bool, why: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """登记平台敲定的内容、形式、范围与起止时间；组长登记 · content, form, scope and time, as the platform fixed them (P10-R03, R08)."""
    from tmcs.jobs.survey import Survey

    number = plan_number(plan)
    if reject:
        with planning(Survey, "confirm-plan", store) as planner:
            planner.reject(number, reason(why, "退回", "a rejection"))
            return done(planner, number, "reject", Text("退回重拟", "to be drawn up anew"), form, lang)
    if not (by and start and days):
        raise InputError("请给 --by、--start 与 --days", "give --by, --start and --days")
    first = day(start, "--start")
    with planning(Survey, "confirm-plan", store) as planner:
        given = people_given(select, listed, draw, seed, (_kinds(), "respondents"))
        tally = planner.confirm(number, by, first, days, way, why, **given)
        said = Text(f"{start} 起 {days} 天", f"from {start} for {days} days")
        if tally.listed:
            told = tell(tally, lang)
            said = Text(f"{said.zh}，{told.zh}", f"{said.en}, {told.en}")
        return done(planner, number, "confirm", said, form, lang, {"list": tally.to_dict(), "seed": given["seed"]})


def _kinds() -> str:
    from tmcs.jobs.plans import folder_of

    return os.path.join(folder_of("satisfaction-survey"), "kinds.yaml")


@click.command("start", cls=Command, short_help="开始，生成名单 · begin, and make the list")
@click.argument("plan", metavar="ID")
@step_options
def start_(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """到开始日后开始；按范围从订单册取名单，每位客户一次 · begin; the list comes from the order book, each customer once."""
    from tmcs.jobs.survey import Survey

    number = plan_number(plan)
    with planning(Survey, "plan", store) as planner:
        tally = planner.start(number, why)
        done(planner, number, "start", tell(tally, lang), form, lang, {"list": tally.to_dict()})
    return EXIT_FINDINGS if tally.unknown else EXIT_OK


@click.command("list", cls=Command, short_help="调查，或其名单 · the surveys, or one's list")
@click.argument("plan", metavar="ID", required=False)
@click.option("--all", "all_", is_flag=True, help="也列已结束的 · those that have ended as well")
@reveal_option
@why_option
@common
def list_(plan: str | None, all_: bool, reveal: bool, why: str | None, store: str | None, form: str, lang: str) -> int:
    """列出调查；给编号则列其名单 · list the surveys; with a number, the people of one."""
    from tmcs.jobs.survey import STATES, Survey

    if plan is None:
        return list_plans(Survey, all_, store, form, lang)
    return show_plan(Survey, plan, reveal, why, store, form, lang, STATES, with_people=True, brief=True)


@click.command("show", cls=Command, short_help="查看一次调查 · show one")
@click.argument("plan", metavar="ID")
@common
def show(plan: str, store: str | None, form: str, lang: str) -> int:
    """阶段、问卷、名单人数、经过 · the stage, the questionnaire, how many are listed, what was done, by whom and why."""
    from tmcs.jobs.survey import STATES, Survey

    return show_plan(Survey, plan, False, None, store, form, lang, STATES, with_people=False)


@click.command("answer", cls=Command, short_help="记下一位的答案 · record one customer's answers")
@click.argument("plan", metavar="ID")
@click.argument("person", metavar="WHO")
@click.option("-s", "--set", "given", multiple=True, metavar="Q=A", help="题目=答案，可重复 · question=answer, repeatable")
@click.option("--declined", "what", flag_value="declined", help="不愿参加 · declined")
@click.option("--not-reached", "what", flag_value="not-reached", help="未接通 · not reached")
@click.option("--mailed", "what", flag_value="mailed", help="纸质问卷已寄 · the paper questionnaire was mailed")
@click.option("--partial", is_flag=True, help="只答了一部分 · keep it although answers are missing")
@click.option("--correct", is_flag=True, help="改正已记的答案，须有 --why · correct what was recorded; needs --why")
@step_options
def answer(
    plan: str, person: str, given: tuple[str, ...], what: str | None, partial: bool, correct: bool, why: str | None,
    store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """WHO 是名单编号或订单号；在终端逐题询问 · WHO is the number on the list or the order; at a terminal each question is asked.

    低分自动为投诉专员建案，只建一次 · a low score opens a case for the complaint specialist, once.
    """
    from tmcs.jobs.questionnaire import Questionnaire
    from tmcs.jobs.survey import STATES, Survey

    number = plan_number(plan)
    answers = _pairs(given)
    if what is not None and (answers or partial or correct):
        raise InputError(f"--{what} 不能与答案同用", f"--{what} excludes answers")
    with planning(Survey, "plan", store) as planner:
        if what is not None:
            one = planner.outcome(number, person, what, why)
            return done(planner, number, "answer", Text(f"#{one.n} {STATES[what][0]}", f"#{one.n} {STATES[what][1]}"), form, lang, {
                "number": one.n, "state": one.state,
            })  # fmt: skip
        if not answers and sys.stdin.isatty():
            one_plan = planner.read(number)
            if "questionnaire" in one_plan.body:
                answers = _ask(Questionnaire(one_plan.body["questionnaire"]), planner.words(one_plan), lang)
        found = planner.answer(number, person, answers, why, correct=correct, partial=partial)
        return _tell_answer(planner, number, found, form, lang)


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise InputError(f"--set {pair[:20]} 有误，应为 题目=答案", f"--set {pair[:20]} is wrong: expected question=answer")
        if name.strip() in found:
            raise InputError(f"题目 {name} 给了两次", f"question {name} is given twice")
        found[name.strip()] = value
    return found


def _ask(questionnaire: Questionnaire, words: list[Text], lang: str) -> dict[str, str]:
    """Show the words of the call, then ask each question; enter passes over one that need not be answered."""
    from tmcs.cli.prompt import Quit, ask_fact, labels
    from tmcs.render.layout import wrap

    for text in words:
        print(wrap(text.pick(lang), 80, "› "), file=sys.stderr)
    answers: dict[str, str] = {}
    asked = list(questionnaire.questions.values())
    place = 0
    try:
        while place < len(asked):
            one = asked[place]
            said = ask_fact(one.fact, labels(one.fact, lang), lang, can_go_back=place > 0, optional=not one.required)
            if said is None:
                place -= 1
                continue
            answers.pop(one.id, None)
            if said:
                answers[one.id] = said
            place += 1
    except (Quit, EOFError):
        pass
    return answers


def _tell_answer(planner: Any, number: int, found: Outcome, form: str, lang: str) -> int:
    from tmcs.jobs.survey import STATES

    state, person = STATES[found.person.state], found.person
    zh, en = f"#{person.n} {state[0]}", f"#{person.n} {state[1]}"
    if found.low:
        names = ", ".join(found.low)
        case = f"{found.case_id}"
        zh += f"；低分 {names}，{'已建' if found.opened else '已有'}案件 {case}，由投诉专员回访"
        en += f"; low score: {names}; case {case} {'opened' if found.opened else 'is there already'}, the complaint specialist calls"
    more = {
        "number": person.n, "state": person.state, "low": found.low, "missing": found.missing, "opened": found.opened,
        "case": None if found.case_id is None else str(found.case_id),
    }  # fmt: skip
    return done(planner, number, "answer", Text(zh, en), form, lang, more)


@click.command("import", cls=Command, short_help="导入答卷 · import answers")
@click.argument("plan", metavar="ID")
@click.argument("file", metavar="FILE")
@common
def import_(plan: str, file: str, store: str | None, form: str, lang: str) -> int:
    """导入答卷表 (CSV 或 XLSX，一题一行)；重复导入不变 · import answers, one question a row; again changes nothing.

    有问题的逐条报告，退出码 1 · what could not be taken is named, line by line (exit 1).
    """
    from tmcs.jobs.kinds import kind
    from tmcs.jobs.rows import read_file
    from tmcs.jobs.survey import Survey

    number = plan_number(plan)
    findings: list[Finding] = []
    with planning(Survey, "plan", store) as planner:
        planner.read(number)
        counts = planner.take_rows(number, read_file(file, kind("survey-answers"), findings.append), findings.append)
    said = Text(
        "作答 {answered}，部分 {partial}，未变 {unchanged}，未收 {refused}，低分建案 {cases}",
        "{answered} answered, {partial} in part, {unchanged} unchanged, {refused} not taken, {cases} cases opened",
    )
    return file_read(_IMPORT, number, counts, findings, said, form, lang)


@click.command("results", cls=Command, short_help="结果与报表 · results and their report")
@click.argument("plan", metavar="ID")
@click.option("--out", metavar="FILE", help="写成报表: .xlsx .csv .html .md .txt · write the report")
@common
def results(plan: str, out: str | None, store: str | None, form: str, lang: str) -> int:
    """作答率、各题平均分与分布；--out 写成带图表的报表 · response rate, means, distributions; --out writes a report with charts."""
    from tmcs.jobs.survey import Survey
    from tmcs.jobs.survey_results import Results, report_of

    with planning(Survey, "show", store, write=False) as planner:
        one = planner.read(plan_number(plan))
        if "questionnaire" not in one.body:
            raise InputError(f"方案 {one.id} 还没有问卷", f"plan {one.id} has no questionnaire yet")
        found = Results(planner.store, one)
        files: list[str] = []
        if out is not None:
            from tmcs.render.report import write_report

            files = write_report(report_of(planner.store, found, planner.now), out, lang)
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({**found.to_dict(), "files": files}))
    else:
        _print_results(found, lang)
        for file in files:
            note(Text(f"报表 {file}", f"report {file}").pick(lang))
    return EXIT_OK


def _print_results(found: Results, lang: str) -> None:
    from tmcs.core.safe import one_line
    from tmcs.jobs.survey import STATES
    from tmcs.jobs.survey_results import four_decimals, two_decimals
    from tmcs.render.layout import bold, wrap

    en = lang == "en"
    rate = four_decimals(found.rate)
    print(bold(one_line(f"{found.plan.body['title']} · {Text(f'作答率 {rate}', f'response rate {rate}').pick(lang)}")))
    states = " · ".join(f"{STATES[state][en]} {count}" for state, count in found.states.items() if count)
    print(wrap(f"{Text(f'名单 {found.listed}', f'list {found.listed}').pick(lang)}: {states}", 80))
    if found.low:
        print(Text(f"低分回访 {found.low}", f"low scores followed up: {found.low}").pick(lang))
    for place, one in enumerate(found.results.values(), 1):
        mean = one.mean
        said = Text(f"作答 {one.total}", f"{one.total} answers").pick(lang)
        if mean is not None:
            said = Text(f"平均 {two_decimals(mean)} 分，", f"mean {two_decimals(mean)}, ").pick(lang) + said
        print(wrap(f"{one.question.ask[en]} · {said}", 80, f"{place:>2}  "))
        if one.counts:
            print(wrap(" · ".join(f"{one.question.values[value][en]} {count}" for value, count in one.counts.items()), 80, "      "))


@click.command("close", cls=Command, short_help="结束 · close")
@click.argument("plan", metavar="ID")
@step_options
def close(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """结束访问；提前结束须说明原因 · end it; before its last day with a reason. The results go to the platform (P10-R11)."""
    from tmcs.jobs.survey import Survey

    number = plan_number(plan)
    with planning(Survey, "plan", store) as planner:
        planner.close(number, why)
        return done(planner, number, "close", Text("结果用 results --out 报平台", "report the results: results --out"), form, lang)


@click.command("drop", cls=Command, short_help="取消 · give up")
@click.argument("plan", metavar="ID")
@step_options
def drop(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """开始以前取消，须说明原因 · give it up before it runs, with the reason."""
    from tmcs.jobs.survey import Survey

    number = plan_number(plan)
    with planning(Survey, "confirm-plan", store) as planner:
        planner.drop(number, reason(why, "取消", "giving it up"))
        return done(planner, number, "drop", Text("已取消", "given up"), form, lang)


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "new": new, "draft": draft, "confirm": confirm, "start": start_, "list": list_, "show": show, "answer": answer, "import": import_,
    "results": results, "close": close, "drop": drop,
}  # fmt: skip
