"""`tmcs job care`: care for one customer, from the registration to what came of it."""

from __future__ import annotations

from typing import Any, Final

import click

from tmcs.cli.case_given import case_number, why_option
from tmcs.cli.common import Command
from tmcs.cli.plan_given import (
    common,
    done,
    list_plans,
    plan_number,
    planning,
    reason,
    reveal_option,
    show_plan,
    step_options,
)
from tmcs.core.errors import Finding, InputError, NotFoundError
from tmcs.core.text import Text

_REASONS: Final = ("dissatisfied", "reputation")


@click.command("new", cls=Command, short_help="登记特殊个案 · register a special case")
@click.option("--order", "tid", metavar="TID", help="订单号 · the order")
@click.option("--case", "case", metavar="ID", help="案件 · the case")
@click.option("--nick", metavar="NICK", help="会员名 · the customer's nick")
@click.option("--complaint", metavar="NO", help="投诉编号，与 --in 同用 · number of a complaint; with --in")
@click.option("--in", "file", metavar="FILE", help="投诉记录 · the complaint records")
@click.option("--because", type=click.Choice(_REASONS), multiple=True, help="明显不满，或影响声誉 · why; may be given twice")
@click.option("--analysis", metavar="TEXT", help="个案分析，- 为标准输入 · the analysis; - for stdin")
@step_options
def new(
    tid: str | None, case: str | None, nick: str | None, complaint: str | None, file: str | None, because: tuple[str, ...],
    analysis: str | None, why: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """登记特殊个案并分析，来自订单、案件或投诉记录 · register a special case and analyse it (P09-R06)."""
    from tmcs.jobs.care import Care

    if sum(one is not None for one in (tid, case, nick, complaint)) != 1:
        raise InputError("请给 --order、--case、--nick 或 --complaint 之一", "give one of --order, --case, --nick and --complaint")
    if (complaint is None) != (file is None):
        raise InputError("--complaint 与 --in 一起给", "--complaint and --in go together")
    row = None if file is None else _complaint(str(complaint), file)
    reasons = list(because) or [name for name in _REASONS if (row or {}).get(name) == "yes"]
    with planning(Care, "plan", store) as planner:
        number = planner.register(
            reasons, _text(analysis), why, tid=tid, nick=nick, case_id=None if case is None else case_number(case), complaint=row
        )
        return done(planner, number, "new", Text("接着拟方案", "draw up the care next"), form, lang)


def _text(text: str | None) -> str | None:
    if text != "-":
        return text
    from tmcs.cli.common import read_text

    return read_text("-", 64 * 1024).strip()


def _complaint(number: str, file: str) -> dict[str, Any]:
    """Return the row of a complaint by its number, or its order."""
    from tmcs.jobs.kinds import kind
    from tmcs.jobs.rows import read_file

    findings: list[Finding] = []
    for row in read_file(file, kind("complaints"), findings.append):
        if number in (row["number"], row["order"]):
            return dict(row.values)
    raise NotFoundError(  # it may stand in a row that could not be read
        f"投诉记录里没有 {number[:40]}", f"the complaint records have no {number[:40]}", findings=findings
    )


@click.command("plan", cls=Command, short_help="拟关怀方案 · draw up the care")
@click.argument("plan", metavar="ID")
@click.option("--as", "way", required=True, metavar="FORM", help="关怀形式，如 card、visit、goods · the form of care")
@click.option("--text", required=True, metavar="TEXT", help="方案，- 为标准输入 · the plan; - for stdin")
@click.option("--analysis", metavar="TEXT", help="补充个案分析 · the analysis, where it is not there yet")
@step_options
def plan_(
    plan: str, way: str, text: str, analysis: str | None, why: str | None, store: str | None, form: str, lang: str
) -> int:  # fmt: skip
    """按顾客实际情况拟个性关怀 · a care of its own, as the customer's situation asks (P09-R05, R09, R10).

    另购商品 (goods) 只限平台确认的方案 · goods only within a plan that the platform confirmed (C109).
    """
    from tmcs.jobs.care import Care

    number, words = plan_number(plan), _text(text) or ""
    with planning(Care, "plan", store) as planner:
        planner.plan(number, way, words, why, analysis=analysis)
        return done(planner, number, "plan", Text("接着报平台确认", "submit it to the platform next"), form, lang)


@click.command("submit", cls=Command, short_help="报平台确认 · submit it to the platform")
@click.argument("plan", metavar="ID")
@step_options
def submit(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """报淘宝确认 · submit it to the platform for confirmation (P09-R07)."""
    from tmcs.jobs.care import Care

    number = plan_number(plan)
    with planning(Care, "plan", store) as planner:
        planner.submit(number, why)
        return done(planner, number, "submit", Text("等平台确认", "the platform confirms it"), form, lang)


@click.command("confirm", cls=Command, short_help="登记平台的确认 · record that the platform confirmed it")
@click.argument("plan", metavar="ID")
@click.option("--by", metavar="NAME", help="平台谁确认的 · who confirmed it there")
@click.option("--reject", is_flag=True, help="平台未确认，另拟 · not confirmed: another is drawn up")
@step_options
def confirm(plan: str, by: str | None, reject: bool, why: str | None, store: str | None, form: str, lang: str) -> int:
    """登记淘宝确认了方案；组长登记 · the platform discussed and confirmed the plan (P09-R08)."""
    from tmcs.jobs.care import Care

    number = plan_number(plan)
    with planning(Care, "confirm-plan", store) as planner:
        if reject:
            planner.reject(number, reason(why, "退回", "a rejection"))
            return done(planner, number, "reject", Text("另拟方案", "another plan is drawn up"), form, lang)
        if not by:
            raise InputError("请用 --by 写明平台谁确认的", "say who confirmed it there: --by")
        planner.confirm(number, by, why)
        return done(planner, number, "confirm", Text("照方案办", "carry it out"), form, lang)


@click.command("done", cls=Command, short_help="办理并记录 · carried out")
@click.argument("plan", metavar="ID")
@step_options
def done_(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """照确认的方案办完，--why 记下结果 · carried out as confirmed; --why says what came of it (C110)."""
    from tmcs.jobs.care import Care

    number = plan_number(plan)
    with planning(Care, "plan", store) as planner:
        planner.done(number, reason(why, "办完", "what was carried out"))
        return done(planner, number, "done", Text("已记录", "recorded"), form, lang)


@click.command("list", cls=Command, short_help="关怀一览 · the care plans")
@click.option("--all", "all_", is_flag=True, help="也列已结束的 · those that have ended as well")
@common
def list_(all_: bool, store: str | None, form: str, lang: str) -> int:
    """列出关怀方案 · list the care plans."""
    from tmcs.jobs.care import Care

    return list_plans(Care, all_, store, form, lang)


@click.command("show", cls=Command, short_help="查看一宗 · show one")
@click.argument("plan", metavar="ID")
@reveal_option
@why_option
@common
def show(plan: str, reveal: bool, why: str | None, store: str | None, form: str, lang: str) -> int:
    """阶段、分析、方案、经过；个人信息打码 · the stage, analysis, plan and steps; the person is masked."""
    from tmcs.jobs.care import Care, forms

    return show_plan(Care, plan, reveal, why, store, form, lang, forms(), with_people=True)


@click.command("drop", cls=Command, short_help="取消 · give up")
@click.argument("plan", metavar="ID")
@step_options
def drop(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """取消，须说明原因 · give it up, with the reason."""
    from tmcs.jobs.care import Care

    number = plan_number(plan)
    with planning(Care, "confirm-plan", store) as planner:
        planner.drop(number, reason(why, "取消", "giving it up"))
        return done(planner, number, "drop", Text("已取消", "given up"), form, lang)


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "new": new, "plan": plan_, "submit": submit, "confirm": confirm, "done": done_, "list": list_, "show": show, "drop": drop,
}  # fmt: skip
