"""`tmcs case note|pause|resume|close|reopen`: the life of a case besides its facts, tasks and money."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli import drafts
from tmcs.cli.case_given import at_desk, case_number, store_option, why_option
from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.core.errors import EXIT_OK, InputError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk


def _act(
    action: str, case_id: str, act: Callable[[Desk, int], Any], done: Text, draft: str | None, store: str | None, form: str, lang: str
) -> int:
    """Do something with a case and say that it is done: the case's number and version, and what ``act`` returned besides."""
    number = case_number(case_id)
    with at_desk(action, store) as (desk, _):
        with drafts.drafted(number, path=draft):
            more: list[Text] = act(desk, number) or []
        version = desk.version
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({
            "schema": "tmcs/case-step/1", "case": str(number), "version": version, "did": action, "notes": [one.to_dict() for one in more],
        }))  # fmt: skip
    else:
        print(Text(f"案件 {number} · 第 {version} 版 · {done.zh}", f"case {number} · version {version} · {done.en}").pick(lang))
        for one in more:
            note(one.pick(lang))
    return EXIT_OK


def _common(command: Any) -> Any:
    for option in (lang_option, format_option("text", "json"), store_option, drafts.draft_option, drafts.version_option):
        command = option(command)
    return command


def _reason(why: str | None, zh: str, en: str) -> str:
    if not why:
        raise InputError(f"{zh}须用 --why 说明原因", f"{en} needs a reason: --why")
    return why


@click.command("note", cls=Command, short_help="备注 · add a note")
@click.argument("case_id", metavar="ID")
@click.argument("text", required=False)
@_common
def note_(case_id: str, text: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str) -> int:
    """给案件加一条备注，- 为标准输入；已结案的也可以 · add a note to a case, - for stdin; to a closed one as well."""
    if not text:
        raise InputError("备注没有内容", "there is no note")
    words = text
    if text == "-":
        from tmcs.cli.common import read_text

        words = read_text("-", 64 * 1024)

    def act(desk: Desk, number: int) -> None:
        desk.note(number, words, based_on=version)

    return _act("note", case_id, act, Text("已备注", "noted"), draft, store, form, lang)


@click.command("pause", cls=Command, short_help="暂停计时 · stop the time while somebody is awaited")
@click.argument("case_id", metavar="ID")
@click.option("--for", "party", metavar="PARTY", default="customer", show_default=True, help="等谁 · who is awaited")
@why_option
@_common
def pause(
    case_id: str, party: str, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str
) -> int:
    """等待期间停止计时；恢复后，剩下的天数照旧 · while somebody is awaited the time stands still; what was left is left again."""
    from tmcs.core.errors import unknown_word
    from tmcs.core.facts import PARTIES

    parties = [one for one in PARTIES if one not in ("order", "agent")]
    if party not in parties:
        raise unknown_word("对象", "party", party, parties)
    reason = _reason(why, "暂停", "a pause")

    def act(desk: Desk, number: int) -> None:
        desk.pause(number, reason, party=party, based_on=version)

    return _act("pause", case_id, act, Text("已暂停计时", "paused"), draft, store, form, lang)


@click.command("resume", cls=Command, short_help="恢复计时 · let the time run again")
@click.argument("case_id", metavar="ID")
@why_option
@_common
def resume(case_id: str, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str) -> int:
    """恢复计时，期限按工作日历顺延 · let the time run again; the due days move on the working calendar."""

    def act(desk: Desk, number: int) -> list[Text]:
        return desk.resume(number, why, based_on=version)

    return _act("resume", case_id, act, Text("已恢复计时", "resumed"), draft, store, form, lang)


@click.command("close", cls=Command, short_help="结案 · close")
@click.argument("case_id", metavar="ID")
@click.option("--force", is_flag=True, help="还有未了结的也结案，须有权限并说明原因 · close although something is open, with a reason")
@why_option
@_common
def close(
    case_id: str, force: bool, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str
) -> int:
    """结案；还有任务、等待、承诺或审批未了结的不能结 (退出码 5) · close; refused while anything is open (exit 5)."""
    reason = _reason(why, "强制结案", "closing by force") if force else why

    def act(desk: Desk, number: int) -> list[Text]:
        from tmcs.cases.still_open import OPEN_KINDS

        left = desk.close(number, reason, force=force, based_on=version)
        return [Text(f"已撤回{OPEN_KINDS[one.kind][0]}: {one.text[0]}", f"withdrawn {OPEN_KINDS[one.kind][1]}: {one.text[1]}") for one in left]

    return _act("force-close" if force else "close", case_id, act, Text("已结案", "closed"), draft, store, form, lang)


@click.command("reopen", cls=Command, short_help="重新打开 · open again")
@click.argument("case_id", metavar="ID")
@why_option
@_common
def reopen(case_id: str, why: str | None, version: int | None, draft: str | None, store: str | None, form: str, lang: str) -> int:
    """重新打开已结的案件；再用 tmcs case set 判定 · open a closed case again; tmcs case set then decides it anew."""
    reason = _reason(why, "重新打开", "reopening")

    def act(desk: Desk, number: int) -> None:
        desk.reopen(number, reason, based_on=version)

    return _act("reopen", case_id, act, Text("已重新打开", "open again"), draft, store, form, lang)


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "note": note_, "pause": pause, "resume": resume, "close": close, "reopen": reopen,
}  # fmt: skip
