"""`tmcs job gift`: a gift mailing from the application to the last parcel."""

from __future__ import annotations

from typing import Any, Final

import click

from tmcs.cli.case_given import why_option
from tmcs.cli.common import Command, note
from tmcs.cli.plan_given import (
    common,
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

_SHIPPED: Final = "tmcs/gift-shipped/1"


@click.command("new", cls=Command, short_help="派礼申请 · apply for a mailing")
@click.argument("title")
@click.option("--gift", required=True, metavar="TEXT", help="礼品 · the gift")
@click.option("--plan", "plan_", metavar="TEXT", help="初步方案 · the preliminary plan")
@step_options
def new(title: str, gift: str, plan_: str | None, why: str | None, store: str | None, form: str, lang: str) -> int:
    """提派礼申请，附初步方案，报淘宝确认 · apply with a preliminary plan, which the platform confirms (P11-R02, R03)."""
    from tmcs.jobs.gift import Gifts

    with planning(Gifts, "plan", store) as planner:
        number = planner.request(title, gift, plan_, why)
        return done(planner, number, "new", Text("等平台确认方案", "the platform confirms it"), form, lang)


@click.command("confirm", cls=Command, short_help="登记平台确认方案 · record that the platform confirmed it")
@click.argument("plan", metavar="ID")
@click.option("--by", required=True, metavar="NAME", help="平台谁确认的 · who confirmed it there")
@click.option("--how", required=True, metavar="TEXT", help="商定怎样开展 · how it is carried out")
@step_options
def confirm(plan: str, by: str, how: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """登记淘宝确认了方案、商定怎样开展；组长登记 · the plan is confirmed, and how it is carried out (P11-R03, R04)."""
    from tmcs.jobs.gift import Gifts

    number = plan_number(plan)
    with planning(Gifts, "confirm-plan", store) as planner:
        planner.confirm(number, by, how, why)
        return done(planner, number, "confirm", Text("定名单、备礼品", "make the list, put the gifts in place"), form, lang)


@click.command("list", cls=Command, short_help="派送，或其名单；定名单 · the mailings, or one's list; make it")
@click.argument("plan", metavar="ID", required=False)
@list_options
@click.option("--all", "all_", is_flag=True, help="也列已结束的 · those that have ended as well")
@reveal_option
@why_option
@common
def list_(
    plan: str | None, select: str | None, listed: str | None, draw: int | None, seed: str | None, all_: bool, reveal: bool,
    why: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """列出派送；给编号则列收礼人；加 --select 或 --in 则定名单 · list the mailings, or one's recipients; --select or --in makes the list.

    每位客户一份；--draw 随机抽取，种子入档 · each customer once; --draw draws at random, the seed is recorded (P11-R01, C113).
    """
    from tmcs.jobs.gift import STATES, Gifts

    making = select or listed or draw is not None
    if plan is None:
        if making:
            raise InputError("定名单请给编号", "to make a list give the number of the mailing")
        return list_plans(Gifts, all_, store, form, lang)
    if not making:
        return show_plan(Gifts, plan, reveal, why, store, form, lang, STATES, with_people=True, brief=True)
    number = plan_number(plan)
    with planning(Gifts, "plan", store) as planner:
        given = people_given(select, listed, draw, seed, ("", "recipients"))
        tally = planner.fix(number, why, **given)
        done(planner, number, "list", tell(tally, lang), form, lang, {"list": tally.to_dict(), "seed": given["seed"]})
    return EXIT_FINDINGS if tally.unknown else EXIT_OK


@click.command("ready", cls=Command, short_help="确认名单、礼品备齐 · list confirmed, gifts in place")
@click.argument("plan", metavar="ID")
@click.option("--by", required=True, metavar="NAME", help="平台谁确认名单的 · who confirmed the list there")
@click.option("--gifts", required=True, type=click.IntRange(1), metavar="N", help="备齐几份 · how many gifts are in place")
@step_options
def ready(plan: str, by: str, gifts: int, why: str | None, store: str | None, form: str, lang: str) -> int:
    """名单报淘宝确认、礼品备齐后登记；组长登记 · once the list is confirmed and the gifts are in place (P11-R05, C113)."""
    from tmcs.jobs.gift import Gifts

    number = plan_number(plan)
    with planning(Gifts, "confirm-plan", store) as planner:
        planner.ready(number, by, gifts, why)
        return done(planner, number, "ready", Text("可以外呼、寄送", "call and mail"), form, lang)


@click.command("call", cls=Command, short_help="记下核对地址的电话 · record the call")
@click.argument("plan", metavar="ID")
@click.argument("person", metavar="WHO")
@click.option("--not-reached", "what", flag_value="not-reached", help="未接通 · not reached")
@click.option("--declined", "what", flag_value="declined", help="不收 · declined")
@click.option("--name", metavar="TEXT", help="更正收件人 · the recipient, corrected")
@click.option("--phone", metavar="TEXT", help="更正电话 · the phone, corrected")
@click.option("--address", metavar="TEXT", help="更正地址，- 为标准输入 · the address, corrected; - for stdin")
@step_options
def call(
    plan: str, person: str, what: str | None, name: str | None, phone: str | None, address: str | None, why: str | None,
    store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """WHO 是名单编号或订单号；默认地址已核对 · WHO is the number on the list or the order; the address was checked (P11-R06).

    更正属个人信息，另存，可删除 · corrections are personal data: kept apart, and erased with the person.
    """
    from tmcs.jobs.gift import STATES, Gifts

    if address == "-":
        from tmcs.cli.common import read_text

        address = read_text("-", 4096).strip()
    changed = {key: text for key, text in (("name", name), ("phone", phone), ("address", address)) if text}
    if what is not None and changed:
        raise InputError(f"--{what} 不能与更正同用", f"--{what} excludes corrections")
    number = plan_number(plan)
    with planning(Gifts, "plan", store) as planner:
        one = planner.call(number, person, what or "checked", changed, why)
        zh, en = STATES[one.state]
        more = {"number": one.n, "state": one.state, "corrected": sorted(changed)}
        return done(planner, number, "call", Text(f"#{one.n} {zh}", f"#{one.n} {en}"), form, lang, more)


@click.command("ship", cls=Command, short_help="登记寄出 · record the dispatch")
@click.argument("plan", metavar="ID")
@click.argument("person", metavar="WHO", required=False)
@click.option("--parcel", metavar="NO", help="运单号 · the parcel number")
@click.option("--in", "file", metavar="FILE", help="填好运单号的名单 · the list with the parcel numbers")
@step_options
def ship(plan: str, person: str | None, parcel: str | None, file: str | None, why: str | None, store: str | None, form: str, lang: str) -> int:
    """逐人登记运单号，或导入填好的名单；先核对地址，当天寄出 · one recipient, or a list; the address first, mailed the same day (C112)."""
    from tmcs.jobs.gift import Gifts

    number = plan_number(plan)
    if (file is None) == (person is None) or (person is None) != (parcel is None):
        raise InputError("请给 WHO 与 --parcel，或 --in 名单", "give WHO and --parcel, or --in FILE")
    with planning(Gifts, "plan", store) as planner:
        if file is not None:
            return _ship_all(planner, number, file, form, lang)
        one, same_day = planner.ship(number, str(person), str(parcel), why)
        if not same_day:
            note(Text("不是核对当天寄出 (C112)", "not mailed on the day of the check (C112)").pick(lang))
        more = {"number": one.n, "state": one.state, "parcel": one.data["parcel"], "same_day": same_day}
        return done(planner, number, "ship", Text(f"#{one.n} 已寄出", f"#{one.n} mailed"), form, lang, more)


def _ship_all(planner: Any, number: int, file: str, form: str, lang: str) -> int:
    from tmcs.jobs.kinds import kind
    from tmcs.jobs.rows import read_file

    findings: list[Finding] = []
    counts = planner.ship_rows(number, read_file(file, kind("recipients"), findings.append), findings.append)
    said = Text(
        "寄出 {shipped}，未变 {unchanged}，没有运单号 {blank}，未收 {refused}",
        "{shipped} mailed, {unchanged} unchanged, {blank} without a number, {refused} not taken",
    )
    return file_read(_SHIPPED, number, counts, findings, said, form, lang)


@click.command("done", cls=Command, short_help="登记完成 · finish")
@click.argument("plan", metavar="ID")
@step_options
def done_(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """都寄出后登记完成；还有未寄的须说明原因 · finish; with a reason while somebody is still open."""
    from tmcs.jobs.gift import Gifts

    number = plan_number(plan)
    with planning(Gifts, "plan", store) as planner:
        counts = planner.done(number, why)
        shipped = counts.get("shipped", 0)
        return done(planner, number, "done", Text(f"寄出 {shipped} 份", f"{shipped} mailed"), form, lang, {"counts": counts})


@click.command("show", cls=Command, short_help="查看一次派送 · show one")
@click.argument("plan", metavar="ID")
@common
def show(plan: str, store: str | None, form: str, lang: str) -> int:
    """阶段、方案、名单人数、经过 · the stage, the plan, how many are listed, what was done, by whom and why."""
    from tmcs.jobs.gift import STATES, Gifts

    return show_plan(Gifts, plan, False, None, store, form, lang, STATES, with_people=False)


@click.command("drop", cls=Command, short_help="取消 · give up")
@click.argument("plan", metavar="ID")
@step_options
def drop(plan: str, why: str | None, store: str | None, form: str, lang: str) -> int:
    """寄送以前取消，须说明原因 · give it up before gifts go out, with the reason."""
    from tmcs.jobs.gift import Gifts

    number = plan_number(plan)
    with planning(Gifts, "confirm-plan", store) as planner:
        planner.drop(number, reason(why, "取消", "giving it up"))
        return done(planner, number, "drop", Text("已取消", "given up"), form, lang)


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "new": new, "confirm": confirm, "list": list_, "ready": ready, "call": call, "ship": ship, "done": done_, "show": show, "drop": drop,
}  # fmt: skip
