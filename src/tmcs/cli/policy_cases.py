"""`tmcs policy preview|move|pin`: what a version of the policy means for open cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from tmcs.cli.case_given import at_desk, case_number, store_option, why_option
from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tmcs.core.policy import Policy
    from tmcs.policies.move import Moved
    from tmcs.policies.preview import Effect, Totals


@click.command("preview", cls=Command, short_help="新版政策会改变哪些未结案件 · which open cases a version would change")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="新版的政策文件，默认现行 · files of the version; default the one in force")
@click.option("--on", "day", metavar="DATE", help="按这一天判定，用这一天的数字，默认现在 · as decided on this day, by its figures; default now")
@click.option("--queue", "queues", metavar="QUEUE", multiple=True, help="只看这个队列 · only cases with a task in this queue")
@click.option("--flow", metavar="FLOW", help="只看这个流程 · only cases in this flow")
@store_option
@format_option("text", "json")
@lang_option
def preview(
    policy_files: tuple[str, ...], day: str | None, queues: tuple[str, ...], flow: str | None, store: str | None, form: str, lang: str
) -> int:
    """逐案说明会变什么、差多少钱；已承诺、已批准的不变；不改动任何案件 · what would change, and by how much; nothing is changed.

    现行文件里到期生效的数字对此前建的案件也是新版 · figures that change in the file in force are a new version to older cases.
    """
    from tmcs.cli.case_given import permitted
    from tmcs.loader import find_flow, load_policy
    from tmcs.policies.preview import Totals
    from tmcs.policies.preview import preview as look
    from tmcs.store import open_store

    permitted("list")
    policy = load_policy(policy_files or None)
    moment = _moment(day)
    totals = Totals()
    with open_store(store) as opened:
        found = look(opened, policy, moment, totals, queues=queues, flow=None if flow is None else find_flow(flow))
        if form == "json":
            _json(found, policy, moment, totals)
        else:
            _text(found, policy, moment, totals, lang)
    return EXIT_FINDINGS if totals.changed or totals.undecided else EXIT_OK


def _moment(day: str | None) -> datetime:
    if day is None:
        from tmcs.cases.clock import now

        return now()
    from tmcs.cli.given import moment
    from tmcs.cli.policy_change import day_of

    return moment(f"{day_of(day, '--on')}T12:00:00+08:00")


def _json(found: Iterable[Effect], policy: Policy, moment: datetime, totals: Totals) -> None:
    """Write one JSON object a case at a time, so that memory does not grow with the list."""
    from tmcs.cases.documents import policy_digest
    from tmcs.policies.preview import SCHEMA
    from tmcs.render.data import to_line

    version = {"digest": policy_digest(policy), "files": policy.files, "since": policy.on(moment.date()).since}
    head = to_line({"schema": SCHEMA, "policy": version, "on": moment.isoformat()})
    print(f'{head[:-1]}, "cases": [', end="")
    for n, effect in enumerate(found):
        print(f"{',' if n else ''}\n{to_line(effect.to_dict())}", end="")
    print(f'\n], "totals": {to_line(totals.to_dict())}}}')


def _text(found: Iterable[Effect], policy: Policy, moment: datetime, totals: Totals, lang: str) -> None:
    from tmcs.loader import flow_titles
    from tmcs.render.policy import effect_lines, totals_lines

    titles = flow_titles()
    for effect in found:
        print("\n".join(effect_lines(effect, titles, lang)))
    print("\n".join(totals_lines(totals, lang)))
    later = [day for day in policy.normal()["days"] if day > moment.date().isoformat()]
    if later:
        days = ", ".join(later)
        note(f"这一版之后还有变动: {days}，用 --on 看那一天" if lang == "zh" else f"this version changes again on {days}: see it with --on")
    if totals.changed:
        note(
            "改用新版: tmcs policy move ID… 或 --all；保留原版: tmcs policy pin ID" if lang == "zh"
            else "to move them: tmcs policy move ID… or --all; to keep one: tmcs policy pin ID"
        )  # fmt: skip


@click.command("move", cls=Command, short_help="案件改用现行政策 · move cases to the policy in force")
@click.argument("case_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="所有未结案件，保留原版的除外 · all open cases but those kept under theirs")
@why_option
@store_option
@format_option("text", "json")
@lang_option
def move(case_ids: tuple[str, ...], every: bool, why: str | None, store: str | None, form: str, lang: str) -> int:
    """按现行政策重新判定并留凭证；已承诺、已批准的款项和已定的期限不变 · decided anew, with its receipt; what was promised stands."""
    from tmcs.policies import move as moves

    if bool(case_ids) == every:
        raise InputError("请指明案件号，或用 --all", "name the cases, or give --all")
    if not why:
        raise InputError("改用新版政策须用 --why 说明原因", "moving cases needs a reason: --why")
    numbers = [case_number(one) for one in case_ids]
    with at_desk("policy-move", store) as (desk, snapshot):
        policy = snapshot.policy
        return _say(moves.move_all(desk, policy, why) if every else moves.move(desk, numbers, policy, why), form, lang)


def _say(found: Iterable[Moved], form: str, lang: str) -> int:
    counts: dict[str, int] = {}
    if form == "json":
        from tmcs.render.data import to_line

        print('{"schema": "tmcs/policy-move/1", "cases": [', end="")
        for n, one in enumerate(found):
            counts[one.did] = counts.get(one.did, 0) + 1
            print(f"{',' if n else ''}\n{to_line(one.to_dict())}", end="")
        print(f'\n], "totals": {to_line(counts)}}}')
    else:
        from tmcs.render.policy import moved_line

        for one in found:
            counts[one.did] = counts.get(one.did, 0) + 1
            print(moved_line(one, lang))
        total, moved = sum(counts.values()), counts.get("moved", 0)
        print(f"{total} 个案件，改用新版 {moved} 个" if lang == "zh" else f"{total} case{'s' * (total != 1)}, {moved} moved")
    return EXIT_FINDINGS if counts.get("refused") else EXIT_OK


@click.command("pin", cls=Command, short_help="案件保留原版政策 · keep cases under their policy")
@click.argument("case_ids", metavar="ID...", nargs=-1, required=True)
@why_option
@store_option
@format_option("text", "json")
@lang_option
def pin(case_ids: tuple[str, ...], why: str | None, store: str | None, form: str, lang: str) -> int:
    """move --all 时跳过；本来就按建案那天的版本 · move --all passes it over; a case keeps the version of the day it was opened anyway."""
    numbers = [case_number(one) for one in case_ids]
    kept: dict[int, bool] = {}
    with at_desk("policy-move", store) as (desk, _):
        for number in numbers:
            kept[number] = desk.keep_policy(number, why)
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({"schema": "tmcs/policy-pin/1", "cases": [{"case": str(number), "new": new} for number, new in kept.items()]}))
    else:
        for number, new in kept.items():
            zh, en = ("保留原版政策", "kept under its policy") if new else ("早已保留原版政策", "was kept under its policy already")
            print(f"案件 {number} · {zh}" if lang == "zh" else f"case {number} · {en}")
    return EXIT_OK


SUBCOMMANDS: Final[dict[str, click.Command]] = {"preview": preview, "move": move, "pin": pin}
