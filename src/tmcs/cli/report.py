"""`tmcs report today|month`: the desk at a glance, for whoever leads it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cases.clock import now
from tmcs.cli.case_given import permitted, store_option
from tmcs.cli.common import Command, Group, format_option, lang_option
from tmcs.core.errors import EXIT_OK, InputError, StorageError

if TYPE_CHECKING:
    from tmcs.cases.desk_report import Sight
    from tmcs.cases.report_period import Span
    from tmcs.core.policy import Policy, Snapshot


def _given(command: Any) -> Any:
    """Add what both reports take."""
    out = "写入文件: .xlsx .html .md .txt .csv .json · write a file of this ending instead"
    for option in (lang_option, format_option("text", "json"), store_option, click.option("--out", metavar="FILE", help=out)):
        command = option(command)
    return command


@click.group("report", cls=Group, short_help="报表: 当日、当月概况 · reports: the day, the month")
def command() -> None:
    """当日或当月概况: 未了与逾期、承诺、款项、裁定、异常 · the desk at a glance: open and overdue, promises, money, rulings."""


@command.command("today", cls=Command, short_help="当日概况 · the day at a glance")
@click.option("--on", metavar="DAY", help="这一天的开结案和款项 (默认今天) · the cases and money of this day [today]")
@_given
def today(on: str | None, out: str | None, store: str | None, form: str, lang: str) -> int:
    """此刻未了、逾期、快到期的工作与承诺；当天开结案、赔付 (对比前一天)、裁定、定时工作、异常 · open and overdue work now; cases,
    money (against the day before), rulings, jobs and what is unusual of the day.
    """
    from tmcs.cases.desk_report import DAY
    from tmcs.cases.report_period import day_spans

    day = None if on is None else _day(on)
    return _report(DAY, lambda moment: day_spans(day, moment), ("report", "report-today"), out, store, form, lang)


@command.command("month", cls=Command, short_help="月度概况 · the month at a glance")
@click.option("--month", metavar="YYYY-MM", help="哪个月 (默认本月至今) · which month [this one so far]")
@_given
def month(month: str | None, out: str | None, store: str | None, form: str, lang: str) -> int:
    """同上，按月，对比上月同样长的天数 · the same of a month, against as many days of the month before.
    """
    from tmcs.cases.desk_report import MONTH
    from tmcs.cases.report_period import month_spans

    return _report(MONTH, lambda moment: month_spans(month, moment), ("report",), out, store, form, lang)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError("--on 有误，应为日期，如 2026-11-23", "--on is wrong: expected a day such as 2026-11-23") from None


def _allowed(actions: tuple[str, ...]) -> tuple[Sight, Policy, Snapshot]:
    """Return what whoever asks may see, after making sure that their role allows one of the actions: the first sees people."""
    from tmcs.cases.actor import acting
    from tmcs.cases.desk_report import Sight
    from tmcs.loader import load_policy

    policy = load_policy()
    snapshot = policy.at(now())
    role = acting(snapshot).role
    full = snapshot.cases.may(role, actions[0])
    if not full:
        permitted(actions[-1])
    return Sight(people=full, agents=snapshot.cases.may(role, "report-agents")), policy, snapshot


def _report(
    kind: str, spans: Callable[[datetime], tuple[Span, Span]], actions: tuple[str, ...], out: str | None, store: str | None, form: str, lang: str
) -> int:
    from tmcs.loader import flow_titles

    sight, policy, snapshot = _allowed(actions)
    moment = now()
    found = _figures(kind, spans(moment), sight, policy, snapshot, store, moment)
    if out is not None:
        return _write(found, snapshot, out, lang)
    if form == "json":
        print(_json(found))
        return EXIT_OK
    from tmcs.render.desk_report import desk_text

    for piece in desk_text(found, snapshot, flow_titles(), lang):
        print(piece)
    return EXIT_OK


def _figures(
    kind: str, spans: tuple[Span, Span], sight: Sight, policy: Policy, snapshot: Snapshot, store: str | None, moment: datetime
) -> dict[str, Any]:
    """Return the figures, all of one moment."""
    from tmcs.cases.desk_report import desk_report
    from tmcs.core.text import Text
    from tmcs.jobs.definition import load_jobs
    from tmcs.jobs.ran import ran
    from tmcs.store import open_store

    failed: list[str] = []
    jobs = load_jobs(lambda name, _: failed.append(name))
    with open_store(store) as opened, opened.one_state():
        found = desk_report(opened, snapshot, kind, spans, moment, sight)
        found["jobs"] = ran(opened, jobs, policy, spans[0], moment)
    found["notes"] += [Text(f"工作 {name} 不可用，见 tmcs job list", f"job {name} cannot be used: see tmcs job list").to_dict() for name in failed]
    return found


def _json(found: dict[str, Any]) -> str:
    from tmcs.cases.desk_report import to_json
    from tmcs.render.data import to_json as dumped

    return dumped(to_json(found))


_JSON: Final = ".json"


def _write(found: dict[str, Any], snapshot: Snapshot, out: str, lang: str) -> int:
    """Write the report as a file, whole or not at all, and print its name."""
    if out.lower().endswith(_JSON):
        from tmcs.files import write_atomic

        try:
            write_atomic(out, f"{_json(found)}\n".encode())
        except OSError as error:
            said = error.strerror or str(error)
            raise StorageError(f"无法写入 {out}: {said}", f"cannot write {out}: {said}") from None
        print(out)
        return EXIT_OK
    from tmcs.loader import flow_titles
    from tmcs.render.desk_sheets import desk_sheets
    from tmcs.render.report import write_report

    for name in write_report(desk_sheets(found, snapshot, flow_titles()), out, lang):
        print(name)
    return EXIT_OK
