"""`tmcs case show|list|promises`: one case on a screen, many in a list, and what customers were promised."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tmcs.cases.clock import now
from tmcs.cli.case_given import at_seat, case_number, permitted, store_option, why_option
from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_OK, InputError

if TYPE_CHECKING:
    from tmcs.cases.days import Days
    from tmcs.cases.lists import Wanted
    from tmcs.core.policy import Snapshot
    from tmcs.store.base import Store

T = TypeVar("T")
_CASES: Final = "tmcs/cases/1"
_PROMISES: Final = "tmcs/promises/1"
_LIMIT: Final = click.IntRange(1, 100_000_000)


@click.command("show", cls=Command, short_help="查看案件 · show a case")
@click.argument("case_id", metavar="ID")
@click.option("--events", is_flag=True, help="全部经过 · all that happened, not only the newest")
@click.option("--reveal", is_flag=True, help="显示个人信息，须有 --why，并记入案件 · show the person; needs --why, and is logged in the case")
@why_option
@store_option
@format_option("text", "json", "yaml")
@lang_option
def show(case_id: str, events: bool, reveal: bool, why: str | None, store: str | None, form: str, lang: str) -> int:
    """案件怎样了、下一步做什么、说什么、答应了什么、款项还剩多少、经过如何 · how a case stands and what is next.

    个人信息打码；--reveal --why 原因 显示，并记入案件 · the person is masked; --reveal --why TEXT shows it and is logged.
    """
    from tmcs.cases.reads import reveal as log_and_read
    from tmcs.cases.reads import show as read
    from tmcs.store import open_store

    number, person = case_number(case_id), None
    if reveal:
        permitted("show")
        if why is None:
            raise InputError("查看个人信息须用 --why 写明原因", "to see personal data give the reason with --why")
        with at_seat("reveal", store) as (seat, _):
            person = log_and_read(seat, number, why)
    elif why is not None:
        raise InputError("--why 只与 --reveal 同用", "--why goes with --reveal only")
    actor, _, snapshot = permitted("show")
    moment = now()
    with open_store(store) as opened:
        view = read(opened, number, tier=actor.tier, now=moment, revealed=reveal)
    if form != "text":
        from tmcs.render.case_data import case_data
        from tmcs.render.parts import dump

        print(dump(case_data(view, snapshot, moment.date(), person), form))
        return EXIT_OK
    from tmcs.render.case import case_screen

    print(case_screen(view, snapshot, moment.date(), lang, everything=events, person=person))
    return EXIT_OK


def _filters(command: Any) -> Any:
    for option in (
        click.option("--queue", metavar="Q", help="这个队列的任务 · tasks of this queue"),
        click.option("--agent", metavar="NAME", help="这位坐席手上的任务 · tasks that this agent has"),
        click.option("--owner", metavar="NAME", help="由谁负责 · whose case it is"),
        click.option("--state", metavar="STATE", help="needs-facts waiting resolved paused"),
        click.option("--flow", metavar="FLOW", help="流程名或别名 · a flow"),
        click.option("--order", "tid", metavar="ID", help="这个订单的，含已结案 · of this order, closed ones too"),
        click.option("--customer", metavar="NICK", help="这位买家的，含已结案 · of this buyer, closed ones too"),
        click.option("--due", metavar="DAY", help="这一天或以前到期 · due on this day or before"),
        click.option("--overdue", is_flag=True, help="已逾期 · overdue"),
        click.option("--due-soon", is_flag=True, help="快到期 (天数见 cases.warn) · due soon, not overdue"),
        click.option("--closed", is_flag=True, help="只列已结案的 · closed ones only"),
        click.option("--all", "everything", is_flag=True, help="含已结案的 · closed ones too"),
    ):
        command = option(command)
    return command


def _paging(command: Any) -> Any:
    command = click.option("--after", metavar="MARK", help="接着上一页 · go on after the last page")(command)
    return click.option("--limit", type=_LIMIT, default=20, show_default=True, help="最多几件 · at most so many")(command)


@click.command("list", cls=Command, short_help="案件列表 · list cases")
@_filters
@_paging
@store_option
@format_option("text", "json")
@lang_option
def list_(limit: int, after: str | None, store: str | None, form: str, lang: str, **given: Any) -> int:
    """列出未结案的案件，先开的在前；指明队列、坐席、负责人或期限时，先到期的在前 · open cases, oldest first; with a queue,
    an agent, an owner or a day, the first due first.

    多个条件须同时满足；--closed、--all 新的在前 · all conditions must hold; with --closed or --all newest first.
    """
    from tmcs.cases.days import Days
    from tmcs.cases.lists import list_cases, mark_of
    from tmcs.store import open_store

    _, _, snapshot = permitted("list")
    days = Days(snapshot, now().date())
    with open_store(store) as opened:
        wanted = _wanted(opened, snapshot, days, **given)
        cases = list_cases(opened, wanted, after=after, limit=limit + 1)
        if form == "json":
            return _stream(_CASES, "cases", cases, limit, lambda case: case.to_dict(), lambda case: mark_of(case, wanted))
        from tmcs.loader import flow_titles
        from tmcs.render.case_list import list_head, list_row

        titles = flow_titles()
        page = _Page(cases, limit, lambda case: mark_of(case, wanted))
        for case in page:
            if page.count == 1:
                print(list_head(lang))
            print(list_row(case, snapshot, days, titles, lang))
    _foot(page, days, _again("list", given, limit), lang)
    return EXIT_OK


def _wanted(
    store: Store, snapshot: Snapshot, days: Days, *, queue: str | None, agent: str | None, owner: str | None, state: str | None,
    flow: str | None, tid: str | None, customer: str | None, due: str | None, overdue: bool, due_soon: bool, closed: bool, everything: bool,
) -> Wanted:  # fmt: skip
    """Return what is listed.

    Raises:
        InputError: a queue, state, flow or day is none, or options contradict each other.
    """
    from tmcs.cases.lists import ALL, CLOSED, OPEN, Wanted, customer_number
    from tmcs.cases.queue import check_queue
    from tmcs.core.errors import unknown_word
    from tmcs.loader import find_flow

    if closed and everything:
        raise InputError("--closed 不能与 --all 同用", "--closed excludes --all")
    if closed and (queue or agent or due or overdue or due_soon):
        raise InputError("已结案的案件没有任务和期限", "a closed case has no tasks and nothing due")
    if queue is not None:
        check_queue(snapshot, queue)
    if state is not None and state not in _STATES:
        raise unknown_word("状态", "state", state, _STATES)
    number = None if customer is None else customer_number(store, customer) or 0  # nobody has the number 0
    start, end = _span(days, due, overdue, due_soon)
    scope = CLOSED if closed or state == "closed" else ALL if everything or tid or customer else OPEN
    return Wanted(
        scope, queue=queue, agent=agent, owner=owner, state=None if state == "closed" else state, flow=flow and find_flow(flow), tid=tid,
        customer=number, due_from=start, due_to=end,
    )  # fmt: skip


_STATES: Final = ("needs-facts", "waiting", "resolved", "paused", "closed")


def _span(days: Days, due: str | None, overdue: bool, due_soon: bool) -> tuple[str | None, str | None]:
    from datetime import timedelta

    if (due is not None) + overdue + due_soon > 1:
        raise InputError("--due、--overdue、--due-soon 只能用一个", "give one of --due, --overdue and --due-soon")
    if overdue:
        return None, (days.today - timedelta(days=1)).isoformat()
    if due_soon:
        return days.today.isoformat(), days.soon_until.isoformat()
    return None, None if due is None else _day(due, "--due")


def _day(text: str, option: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(f"{option} 有误，应为日期，如 2026-11-23", f"{option} is wrong: expected a day such as 2026-11-23") from None


class _Page:
    """The things of a page, as they come: how many there were, and where the next page begins, None where there is none."""

    def __init__(self, things: Iterable[Any], limit: int, mark: Callable[[Any], str]) -> None:
        self._things = things
        self._limit = limit
        self._mark = mark
        self.count = 0
        self.following: str | None = None

    def __iter__(self) -> Iterator[Any]:
        last = None
        for thing in self._things:
            if self.count == self._limit:
                self.following = self._mark(last)
                return
            self.count += 1
            last = thing
            yield thing


def _stream(schema: str, name: str, things: Iterable[T], limit: int, written: Callable[[T], Any], mark: Callable[[T], str]) -> int:
    """Print a page as JSON, a thing at a time."""
    import json

    from tmcs.render.data import to_line

    page = _Page(things, limit, mark)
    sys.stdout.write(f'{{"schema": "{schema}", "{name}": [')
    for thing in page:
        sys.stdout.write(("," if page.count > 1 else "") + "\n" + to_line(written(thing)))
    sys.stdout.write(f'\n], "count": {page.count}, "next": {json.dumps(page.following)}}}\n')
    return EXIT_OK


def _again(name: str, given: dict[str, Any], limit: int) -> str:
    """Return the command that was given, for its next page; the customer is left out, for they are a person."""
    import shlex

    words = ["tmcs", "case", name]
    for key, value in given.items():
        option = {"tid": "--order", "everything": "--all"}.get(key, "--" + key.replace("_", "-"))
        if value is True:
            words.append(option)
        elif value not in (None, False):
            words += [option, "…" if key == "customer" else shlex.quote(str(value))]
    return " ".join([*words, *(["--limit", str(limit)] if limit != 20 else [])])


def _foot(page: _Page, days: Days, command: str, lang: str) -> None:
    from tmcs.render.case_list import foot
    from tmcs.render.case_words import estimate_warning

    print(foot(page.count, page.following, command, lang))
    if warning := estimate_warning(days, lang):
        print(warning)


@click.command("promises", cls=Command, short_help="对客户的承诺 · what customers were promised")
@click.option("--overdue", is_flag=True, help="只列已逾期、没有兑现的 · broken ones only")
@click.option("--due", metavar="DAY", help="只列这一天或以前到期的 · due on this day or before")
@_paging
@store_option
@format_option("text", "json")
@lang_option
def promises(
    overdue: bool, due: str | None, limit: int, after: str | None, store: str | None, form: str, lang: str
) -> int:  # fmt: skip
    """列出答应了客户、还没有兑现的金额和日期，先到期的在前 · amounts and dates that customers were told and do not have yet.

    兑现: 金额用 tmcs case pay，日期用 tmcs case done ID --task 编号 · kept by tmcs case pay or tmcs case done.
    """
    from tmcs.cases.days import Days
    from tmcs.cases.lists import promises as read
    from tmcs.store import open_store

    _, _, snapshot = permitted("list")
    days = Days(snapshot, now().date())
    _, until = _span(days, due, overdue, False)
    with open_store(store) as opened:
        found = read(opened, until=until, after=after, limit=limit + 1)
        if form == "json":
            from tmcs.render.case_data import promise_data

            return _stream(_PROMISES, "promises", found, limit, lambda one: promise_data(one, days), lambda one: one.mark)
        from tmcs.loader import flow_titles
        from tmcs.render.case_list import promise_head, promise_row

        titles = flow_titles()
        page = _Page(found, limit, lambda one: one.mark)
        for one in page:
            if page.count == 1:
                print(promise_head(lang))
            print(promise_row(one, days, titles, lang))
    _foot(page, days, _again("promises", {"overdue": overdue, "due": due}, limit), lang)
    return EXIT_OK


SUBCOMMANDS: Final[dict[str, click.Command]] = {"show": show, "list": list_, "promises": promises}
