"""`tmcs case take|release|hand-over|assign|done|withdraw`: a queue's tasks, each with one agent at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tmcs.cli import drafts
from tmcs.cli.case_given import at_seat, case_number, store_option, why_option
from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_OK, InputError

if TYPE_CHECKING:
    from tmcs.cases.queue import Task
    from tmcs.cases.seat import Seat
    from tmcs.core.policy import Snapshot

F = TypeVar("F", bound=Callable[..., Any])

_SCHEMA: Final = "tmcs/task/1"
_WHAT: Final = {
    "take": ("已领取", "taken"), "release": ("已退回", "given back"), "hand-over": ("已转交", "handed over"),
    "assign": ("已指派", "assigned"), "done": ("已完成", "done"), "withdraw": ("已撤回", "withdrawn"),
    "kept": ("已兑现", "kept"),
}  # fmt: skip


def _task_options(command: F) -> F:
    for option in (
        lang_option, format_option("text", "json"), store_option, drafts.draft_option, drafts.version_option, why_option,
        click.option("--task", "task", metavar="N", type=click.IntRange(1, 2**62), help="哪个任务，案件里只有一个时可省 · which task"),
        click.argument("case_id", metavar="ID"),
    ):  # fmt: skip
        command = option(command)
    return command


def _reason(why: str | None) -> str:
    if why is None:
        raise InputError("请用 --why 写明原因", "give the reason with --why")
    return why


def _anyone(desk: Seat, snapshot: Snapshot) -> bool:
    """Return whether the agent may also touch what others have in hand."""
    return snapshot.cases.may(desk.actor.role, "assign")


def _told(action: str, desk: Seat, snapshot: Snapshot, task: Task, form: str, lang: str) -> int:
    """Print what became of a task, with the essentials of its case."""
    from tmcs.cases.lists import listed

    case = listed(desk.store, task.case_id)
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({"schema": _SCHEMA, "task": task.to_dict(), "case": case.to_dict()}))
        return EXIT_OK
    from tmcs.cases.days import Days
    from tmcs.loader import flow_titles
    from tmcs.render.case_words import estimate_warning, task_card

    what = _WHAT["kept" if task.state == "done" and task.kind == "promise" else action][lang == "en"]
    if task.state == "taken" and task.agent and task.agent != desk.actor.agent:
        what += f" → {task.agent}"
    days = Days(snapshot, desk.now.date())
    print(task_card(what, task, case, (snapshot, days, flow_titles()), lang))
    if warning := estimate_warning(days, lang):
        print(warning)
    return EXIT_OK


@click.command("take", cls=Command, short_help="领取队列中最早的任务 · claim the oldest task of a queue")
@click.option("--queue", metavar="Q", required=True, help="哪个队列，如 19047 · which queue")
@store_option
@format_option("text", "json")
@lang_option
def take(queue: str, store: str | None, form: str, lang: str) -> int:
    """领取队列中最早的任务；许多人同时领取，每个任务只给一个人 · claim the oldest open task; each goes to one agent.

    没有待领的任务时退出码为 6 · exit 6 where there is none.
    """
    from tmcs.cases.queue import check_queue
    from tmcs.cases.queue import take as claim

    with at_seat("take", store) as (desk, snapshot):
        check_queue(snapshot, queue)
        return _told("take", desk, snapshot, claim(desk, queue), form, lang)


@click.command("release", cls=Command, short_help="退回任务 · give a task back")
@_task_options
def release(
    case_id: str, task: int | None, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """把任务退回队列，须写明原因 · give a task back to its queue, with a reason (--why)."""
    from tmcs.cases.queue import release as give_back

    number, reason = case_number(case_id), _reason(why)
    with at_seat("release", store) as (desk, snapshot):
        with drafts.drafted(number, path=draft):
            found = give_back(desk, number, task, reason, anyone=_anyone(desk, snapshot), based_on=version)
        return _told("release", desk, snapshot, found, form, lang)


@click.command("hand-over", cls=Command, short_help="转交队列 · hand a task over to a queue")
@_task_options
@click.option("--to", "queue", metavar="Q", required=True, help="转到哪个队列 · to which queue")
def hand_over(
    case_id: str, queue: str, task: int | None, why: str | None, version: int | None, draft: str | None,
    store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """把任务转给另一个队列，须写明原因 · hand a task over to another queue, with a reason (--why)."""
    from tmcs.cases.queue import check_queue
    from tmcs.cases.queue import hand_over as pass_on

    number, reason = case_number(case_id), _reason(why)
    with at_seat("hand-over", store) as (desk, snapshot):
        check_queue(snapshot, queue)
        with drafts.drafted(number, path=draft):
            found = pass_on(desk, number, task, queue, reason, anyone=_anyone(desk, snapshot), based_on=version)
        return _told("hand-over", desk, snapshot, found, form, lang)


@click.command("assign", cls=Command, short_help="指派给同事 · give a task to an agent")
@_task_options
@click.option("--to", "agent", metavar="AGENT", required=True, help="给谁，即对方的 TMCS_AGENT · to whom")
def assign(
    case_id: str, agent: str, task: int | None, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """把任务指派给一位同事，无论在谁手上，须写明原因 · give a task to an agent, whoever has it, with a reason (--why)."""
    from tmcs.cases.queue import assign as give
    from tmcs.config import agent_name

    number, reason = case_number(case_id), _reason(why)
    try:
        agent = agent_name(agent)
    except ValueError:
        raise InputError("--to 应为坐席的名字", "--to must be the name of an agent") from None
    with at_seat("assign", store) as (desk, snapshot):
        with drafts.drafted(number, path=draft):
            found = give(desk, number, task, agent, reason, based_on=version)
        return _told("assign", desk, snapshot, found, form, lang)


@click.command("done", cls=Command, short_help="任务完成、承诺兑现 · a task is done, a promise kept")
@_task_options
def done(
    case_id: str, task: int | None, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """任务完成；用 --task 指明一个日期承诺时，为已兑现 · a task is done; a promise of a date, named by --task, is kept.

    金额承诺以付款了结 (tmcs case pay) · a promise of money is kept by paying it.
    """
    from tmcs.cases.queue import done as finish

    number = case_number(case_id)
    with at_seat("done", store) as (desk, snapshot):
        with drafts.drafted(number, path=draft):
            found = finish(desk, number, task, why, anyone=_anyone(desk, snapshot), based_on=version)
        return _told("done", desk, snapshot, found, form, lang)


@click.command("withdraw", cls=Command, short_help="撤回任务、承诺或等待 · withdraw a task, promise or wait")
@_task_options
def withdraw(
    case_id: str, task: int | None, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """撤回一个任务、日期承诺或等待 (--task)，须写明原因 · withdraw a task, a promise of a date or a wait, with a reason."""
    from tmcs.cases.queue import withdraw as take_back

    number, reason = case_number(case_id), _reason(why)
    if task is None:
        raise InputError("请用 --task 指明撤回哪一项 (编号见 tmcs case show)", "name it with --task (tmcs case show gives the numbers)")
    with at_seat("done", store) as (desk, snapshot):
        with drafts.drafted(number, path=draft):
            found = take_back(desk, number, task, reason, anyone=_anyone(desk, snapshot), based_on=version)
        return _told("withdraw", desk, snapshot, found, form, lang)


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "take": take, "release": release, "hand-over": hand_over, "assign": assign, "done": done, "withdraw": withdraw,
}  # fmt: skip
