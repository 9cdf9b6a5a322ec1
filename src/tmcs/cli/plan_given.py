"""What every command of `tmcs job survey|gift|care` starts and ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tmcs.cli.case_given import permitted, store_option, why_option
from tmcs.cli.common import format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, Finding, InputError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.jobs.plan_lists import Tally
    from tmcs.jobs.plans import Listed, Plan, Planner

P = TypeVar("P", bound="Planner")
F = TypeVar("F", bound=Callable[..., Any])
STEP = "tmcs/plan-step/1"


def common(command: F) -> F:
    """Add ``--store``, ``--format`` and ``--lang``."""
    for option in (lang_option, format_option("text", "json"), store_option):
        command = option(command)
    return command


def step_options(command: F) -> F:
    """Add ``--why`` to the common options: each step is kept with its reason."""
    return common(why_option(command))


def reveal_option(command: F) -> F:
    """Add ``--reveal``."""
    text = "显示个人信息，须有 --why，并记录 · show the people; needs --why, and is recorded"
    return click.option("--reveal", is_flag=True, help=text)(command)


def list_options(command: F) -> F:
    """Add what a list of people is made from."""
    for option in (
        click.option("--seed", metavar="TEXT", help="抽取的种子，默认随机，都会记录 · seed of the draw; recorded"),
        click.option("--draw", type=click.IntRange(1, 1_000_000), metavar="N", help="随机抽取 N 位 · draw N customers at random"),
        click.option("--in", "listed", metavar="FILE", help="名单，CSV 或 XLSX · a list of people"),
        click.option("--select", metavar="FILE", help="订单册的条件，YAML · a selection of the order book"),
    ):
        command = option(command)
    return command


def plan_number(text: str) -> int:
    """Return the number of a plan: ``3`` or ``#3``.

    Raises:
        InputError: it is no number.
    """
    plain = text.removeprefix("#")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 18):
        raise InputError(f"编号 {text[:40]} 有误，应为数字", f"{text[:40]} is no number of a plan: expected digits")
    return int(plain)


def day(text: str, option: str) -> date:
    """Return the day an option gives; InputError where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} 有误，应为日期，如 2026-11-23", f"{option} is wrong: expected a day such as 2026-11-23") from None


def reason(why: str | None, zh: str, en: str) -> str:
    """Return the reason of what needs one."""
    if not why:
        raise InputError(f"{zh}须用 --why 说明原因", f"{en} needs a reason: --why")
    return why


@contextmanager
def planning(kind: type[P], action: str, store: str | None, *, write: bool = True) -> Iterator[P]:
    """Open the store for an agent who may do ``action``, and yield the plans of a job before them."""
    from tmcs.store import open_store

    actor, policy, _ = permitted(action)
    with open_store(store, write=write) as opened:
        yield kind(opened, actor, policy)


def done(planner: Planner, plan_id: int, did: str, said: Text, form: str, lang: str, more: dict[str, Any] | None = None) -> int:
    """Say that a step was taken: the plan's number, version and stage."""
    plan = planner.read(plan_id)
    stage = planner.life.stages[plan.stage].title
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({
            "schema": STEP, "job": plan.job, "plan": str(plan_id), "version": plan.version, "stage": plan.stage, "did": did, **(more or {}),
        }))  # fmt: skip
    else:
        zh = f"方案 {plan_id} · 第 {plan.version} 版 · {stage.zh} · {said.zh}"
        en = f"plan {plan_id} · version {plan.version} · {stage.en} · {said.en}"
        print(Text(zh, en).pick(lang))
    return EXIT_OK


def file_read(schema: str, plan_id: int, counts: dict[str, int], findings: list[Finding], said: Text, form: str, lang: str) -> int:
    """Say what came of a file of rows, ``said`` with a field for each count, and what was not taken; return the exit code."""
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({"schema": schema, "plan": str(plan_id), **counts, "findings": [one.to_dict() for one in findings]}))
    else:
        from tmcs.core.safe import one_line

        for one in findings:
            click.echo(one_line(one.message(lang)), err=True)
        print(said.pick(lang).format(**counts))
    return EXIT_FINDINGS if findings else EXIT_OK


def people_given(
    select: str | None, listed: str | None, draw: int | None, seed: str | None, kinds: tuple[str, str]
) -> dict[str, Any]:  # fmt: skip
    """Return what a list is made from, as the planners take it.

    Args:
        kinds: the kind of the list's table: a plug-in's file of kinds (``""``: tmcs's own), and the name.
    """
    if (select is None) == (listed is None):
        raise InputError(
            "请用 --select 给条件，或用 --in 给名单，二者取一", "give a selection (--select) or a list (--in), one of the two"
        )
    if seed is not None and draw is None:
        raise InputError("--seed 只与 --draw 同用", "--seed goes with --draw only")
    if draw is not None and seed is None:
        import secrets

        seed = secrets.token_hex(8)
    found: dict[str, Any] = {"number": draw, "seed": seed}
    if select is not None:
        from tmcs.jobs.plan_lists import read_selection

        return {**found, "selection": read_selection(select)}
    from tmcs.jobs.kinds import kind, read_kinds
    from tmcs.jobs.plan_lists import from_file

    file, name = kinds
    people: list[Listed] = from_file(str(listed), read_kinds(file)[name] if file else kind(name))
    return {**found, "listed": people}


def tell(tally: Tally, lang: str) -> Text:
    """Return what came of a list, and note the orders that could not be judged."""
    if tally.unknown:
        note(Text(
            f"{tally.unknown} 单缺资料、不知是否符合条件，没有列入", f"{tally.unknown} orders lack what the selection asks; they are not on the list"
        ).pick(lang))  # fmt: skip
    zh = f"名单 {tally.listed} 人" + (f"，同一客户重复 {tally.repeated} 条已合并" if tally.repeated else "")
    en = f"{tally.listed} on the list" + (f", {tally.repeated} entries of the same customers left out" if tally.repeated else "")
    return Text(zh, en)


def list_plans(kind: type[P], all_: bool, store: str | None, form: str, lang: str) -> int:
    """Show the plans of a job."""
    from tmcs.jobs.plans import counts, read_plans

    with planning(kind, "list", store, write=False) as planner:
        plans = read_plans(planner.store, planner.job, all_=all_)
        rows: list[tuple[Plan, dict[str, int]]] = [(plan, counts(planner.store, plan.id)) for plan in plans]
        life = planner.life
    from tmcs.render.plan import plan_rows, plans_data

    if form == "json":
        from tmcs.render.data import to_json

        print(to_json(plans_data(kind.job, rows)))
    else:
        print(plan_rows(rows, life, lang))
    return EXIT_OK


def show_plan(
    kind: type[P], plan: str, reveal: bool, why: str | None, store: str | None, form: str, lang: str, states: dict[str, list[str]],
    *, with_people: bool, brief: bool = False,
) -> int:  # fmt: skip
    """Show one plan (or, ``brief``, its people), masked unless ``reveal``, which is recorded."""
    from tmcs.jobs.plans import counts, people, read_steps
    from tmcs.render.plan import View, plan_data, plan_text

    number = plan_number(plan)
    if reveal:
        with planning(kind, "reveal", store) as planner:
            one = planner.read(number)
            planner.reveal(number, reason(why, "查看个人信息", "seeing personal data"), 1 if one.job == "differentiated-care" else None)
    elif why is not None:
        raise InputError("--why 只与 --reveal 同用", "--why goes with --reveal only")
    with planning(kind, "show", store, write=False) as planner:
        steps, counted = read_steps(planner.store, number), counts(planner.store, number)
        view = View(planner.read(number), planner.life, steps, counted, states, revealed=reveal, brief=brief)
        listed = people(planner.store, number) if with_people else iter(())
        if form == "json":
            from tmcs.render.data import to_json

            print(to_json(plan_data(view, listed)))
        else:
            for line in plan_text(view, listed, lang):
                print(line)
    return EXIT_OK
