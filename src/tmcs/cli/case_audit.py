"""`tmcs case export|replay|verify|seal|erase|retention`: what was decided and paid, shown to whoever audits it, without the person."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli.case_given import at_desk, case_number, permitted, store_option, why_option
from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError
from tmcs.core.text import Text, many

if TYPE_CHECKING:
    from tmcs.cases.privacy import Erasure
    from tmcs.cases.verify import Fault, Tally
    from tmcs.store.base import Store

_RETENTION: Final = "tmcs/retention/1"
_ERASE: Final = "tmcs/erase/1"


def _read(action: str, store: str | None) -> Store:
    """Open the store for reading, for an agent who may do ``action``."""
    from tmcs.store import open_store

    permitted(action)
    return open_store(store)


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} 有误，应为日期，如 2026-11-23", f"{option} is wrong: expected a day such as 2026-11-23") from None


@click.command("export", cls=Command, short_help="导出事件与台账 · export events and ledger")
@click.option("--case", "cases", metavar="ID", multiple=True, help="只导出这些案件 · only these cases")
@click.option("--since", metavar="DAY", help="只导出这一天起的事件 · only events of this day and later")
@click.option("--out", metavar="FILE", help="写入文件，默认标准输出 · write to a file; default standard output")
@click.option("--head", metavar="FILE", help="同时封存，把封存头写入文件 · seal as well, and write the head to a file")
@store_option
@format_option("jsonl", "json", "csv", default="jsonl")
@lang_option
def export(
    cases: tuple[str, ...], since: str | None, out: str | None, head: str | None, store: str | None, form: str, lang: str
) -> int:  # fmt: skip
    """导出事件与台账给别的程序，不含个人信息 · export events and ledger for another program, without personal data.

    原因、备注、文字事实和客户一概不导出 · reasons, notes, text facts and customers are left out.
    """
    from tmcs.cases.export import records, written

    day = _day(since, "--since")
    numbers = [case_number(one) for one in dict.fromkeys(cases)] or None
    if head is not None:
        _seal_to(head, None, store)
    with _read("export", store) as opened:
        pieces = written(records(opened, day, numbers), form)
        if out is None:
            sys.stdout.writelines(pieces)
            return EXIT_OK
        _write(out, pieces)
    note(Text(f"已写入 {out}", f"written to {out}").pick(lang))
    return EXIT_OK


def _write(path: str, pieces: Iterable[str]) -> None:
    """Write a file whole or not at all; it is on disk when this returns."""
    from tmcs.files import writing

    with writing(path, sure=True) as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "surrogatepass"))


@click.command("seal", cls=Command, short_help="封存审计链头 · seal the audit chain and export its head")
@click.option("--out", metavar="FILE", help="封存头写入文件，另行保管 · write the head to a file, to be kept elsewhere")
@click.option("--sign-with", "key_file", metavar="KEYFILE", help="用私有文件里的密钥签名 (HMAC-SHA256) · sign with the key in a private file")
@store_option
@format_option("text", "json")
@lang_option
def seal(out: str | None, key_file: str | None, store: str | None, form: str, lang: str) -> int:
    """封存上次封存以来改动过的案件，导出封存头 · seal all cases changed since the last seal and export the head.

    封存头存放在别处，日后 tmcs case verify --head 据此发现任何改动 · kept elsewhere, it lets verify --head find any change.
    """
    found = _seal_to(out, key_file, store)
    if form == "json":
        from tmcs.render.parts import dump

        print(dump(found, "json"))
        return EXIT_OK
    rows = (
        ("封存", "seal", f"#{found['seal']}  {found['at']}"), ("案件", "cases", f"{found['cases']} (+{found['changed']})"),
        ("事件", "events", str(found["events"])), ("根哈希", "root", found["root"]),
        ("签名", "signature", found.get("signature", "-")),
    )  # fmt: skip
    _print_rows(rows, lang)
    if out is None:
        note(Text("请用 --out 存到别处，供日后核对", "keep it elsewhere with --out, for later checks").pick(lang))
    return EXIT_OK


def _seal_to(out: str | None, key_file: str | None, store: str | None) -> dict[str, Any]:
    from tmcs.cases.seal import read_key, sign
    from tmcs.cases.seal import seal as make

    key = None if key_file is None else read_key(key_file)
    with at_desk("seal", store) as (desk, _):
        found = make(desk.store, desk.actor.agent, desk.at)
    if key is not None:
        found = sign(found, key)
    if out is not None:
        import json

        _write(out, [json.dumps(found, ensure_ascii=False, indent=1) + "\n"])
    return found


@click.command("verify", cls=Command, short_help="核对审计链 · check the audit chain")
@click.argument("case", metavar="[ID]", required=False)
@click.option("--head", "head_file", metavar="FILE", help="先前导出的封存头 · a head that was exported earlier")
@click.option("--signed-with", "key_file", metavar="KEYFILE", help="封存头须由这一密钥签名 · the key the head must be signed with")
@store_option
@format_option("text", "json")
@lang_option
def verify(case: str | None, head_file: str | None, key_file: str | None, store: str | None, form: str, lang: str) -> int:
    """核对每个哈希、凭证、版本、台账与封存 · check every hash, receipt, document, ledger entry and seal.

    有问题逐条指明案件与事件，退出码 1；任务、等待、承诺只是投影，不在核对之列 · faults name case and event (exit 1); tasks,
    waits and promises are a projection and not looked at.
    """
    from tmcs.cases.seal import read_head, read_key
    from tmcs.cases.verify import verify as check

    if key_file is not None and head_file is None:
        raise InputError("--signed-with 须与 --head 同用", "--signed-with needs --head")
    number = None if case is None else case_number(case)
    head = None if head_file is None else read_head(head_file)
    key = None if key_file is None else read_key(key_file)
    with _read("verify", store) as opened:
        out = _Faults(form, lang)
        tally = check(opened, out.take, number, head, key)
    out.finish(tally)
    return EXIT_FINDINGS if tally.faults else EXIT_OK


class _Faults:
    """Prints faults as they are found: however many there are, they take no memory."""

    def __init__(self, form: str, lang: str) -> None:
        self._json, self._lang, self._first = form == "json", lang, True

    def _text(self, value: Any) -> str:
        import json

        from tmcs.core.safe import clean_json

        return clean_json(json.dumps(value, ensure_ascii=False))

    def take(self, fault: Fault) -> None:
        """Take one fault."""
        from tmcs.core.safe import one_line

        if self._json:
            self._open()
            sys.stdout.write(("" if self._first else ",") + "\n" + self._text(fault.to_dict()))
        else:
            print(one_line(fault.message(self._lang)))
        self._first = False

    def _open(self) -> None:
        from tmcs.cases.verify import SCHEMA

        if self._first:
            sys.stdout.write(f'{{"schema": "{SCHEMA}", "faults": [')

    def finish(self, tally: Tally) -> None:
        """Print what was looked at."""
        if self._json:
            self._open()
            found = tally.to_dict()
            found["found"] = found.pop("faults")
            sys.stdout.write(f'], "ok": {"false" if tally.faults else "true"}, {self._text(found)[1:]}\n')
            return
        counts = (
            ("案件", "case|cases", tally.cases), ("事件", "event|events", tally.events),
            ("凭证", "receipt|receipts", tally.receipts), ("款项", "ledger entry|ledger entries", tally.entries),
            ("版本", "document|documents", tally.documents), ("封存", "seal|seals", tally.seals),
            ("已删除的个人内容", "personal part erased|personal parts erased", tally.erased),
        )  # fmt: skip
        zh = self._lang == "zh"
        looked_at = ("，" if zh else ", ").join(f"{one[0]} {one[2]}" if zh else _counted(one[2], one[1]) for one in counts)
        if tally.faults:
            print(f"\n{f'问题 {tally.faults} 处' if zh else _counted(tally.faults, 'fault|faults')} ({looked_at})")
        else:
            print(f"{'核对无误' if zh else 'all is well'}: {looked_at}")
        signature = {
            "valid": ("封存头签名有效", "the head's signature is valid"), "none": ("封存头没有签名", "the head bears no signature"),
            "unchecked": ("封存头有签名，未核对 (--signed-with)", "the head is signed; not checked (--signed-with)"),
        }  # fmt: skip
        if tally.signature in signature:
            print(signature[tally.signature][not zh])


def _counted(number: int, words: str) -> str:
    one, many = words.split("|")
    return f"{number} {one if number == 1 else many}"


@click.command("replay", cls=Command, short_help="重算并核对 · recompute a decision and compare")
@click.argument("case", metavar="ID")
@click.option("--event", type=click.IntRange(1), metavar="N", help="只重算这一事件的判定 · only the decision of this event")
@click.option("--current", is_flag=True, help="按现在的政策与流程重算 · under today's policy and flows")
@store_option
@format_option("text", "json")
@lang_option
def replay(case: str, event: int | None, current: bool, store: str | None, form: str, lang: str) -> int:
    """按当时的依据重算每次判定，逐字节核对 · recompute each decision from what it rested on, and compare byte for byte.

    有出入则说明哪里不同、为什么，退出码 1 · where it differs it says what and why (exit 1).
    """
    from tmcs.cases.replay import SCHEMA, replay_current
    from tmcs.cases.replay import replay as again

    number = case_number(case)
    with _read("replay", store) as opened:
        if current:
            from tmcs.loader import load_flow, load_policy

            found = replay_current(opened, number, event, load_policy(), load_flow)
        else:
            found = again(opened, number, event)
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({"schema": SCHEMA, "case": str(number), "current": current, "decisions": [one.to_dict() for one in found]}, "json"))
    else:
        from tmcs.render.replay import replay_text

        print(replay_text(found, lang))
    return EXIT_OK if all(one.good for one in found) else EXIT_FINDINGS


@click.command("erase", cls=Command, short_help="删除客户个人信息 · erase a customer's personal data")
@click.option("--customer", metavar="NICK", required=True, help="会员名，- 为标准输入 · the customer's nick, - for stdin")
@click.option("--force", is_flag=True, help="未结的案件也删 · open cases too")
@why_option
@store_option
@format_option("text", "json")
@lang_option
def erase(customer: str, force: bool, why: str | None, store: str | None, form: str, lang: str) -> int:
    """删除一位客户的个人信息，保留金额、状态与审计链 · erase a customer, and keep sums, states and the audit chain.

    不能恢复；中断后重新运行即接着做 · it cannot be undone; run it again where it was interrupted.
    """
    from tmcs.cases.privacy import erase_customer

    if not why:
        raise InputError("请用 --why 写明原因", "give the reason with --why")
    if customer == "-":
        from tmcs.cli.common import read_text

        customer = read_text("-", 4096)
    if not customer.strip():
        raise InputError("--customer 不能为空", "--customer must not be empty")
    with at_desk("erase", store) as (desk, _):
        found = erase_customer(desk, customer.strip(), why, force=force)
        dialect = desk.store.dialect
    _show_erasure({"schema": _ERASE}, found, dialect, form, lang)
    return EXIT_OK


@click.command("retention", cls=Command, short_help="按期限清理个人信息 · erase personal data by age")
@click.option("--now-day", metavar="DAY", help="按这一天计算，默认今天 · as of this day; default today")
@click.option("--dry-run", is_flag=True, help="只数，不删 · only count")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="最多处理几件 · at most so many cases")
@click.option("--compact", is_flag=True, help="另外重写数据文件，清除残留 · also write the database's files anew")
@store_option
@format_option("text", "json")
@lang_option
def retention(
    now_day: str | None, dry_run: bool, limit: int | None, compact: bool, store: str | None, form: str, lang: str
) -> int:  # fmt: skip
    """结案满政策 cases.retention 天的案件，删除个人信息 · erase the personal data of cases closed for cases.retention days.

    供定时任务使用: 0 完成或无事可做，74 读写失败，75 稍后重试；中断后下次接着做 · for cron: exit 0 done or nothing to do, 74
    input/output, 75 try again; what was interrupted goes on the next time.
    """
    from tmcs.cases import privacy
    from tmcs.store.compact import compact as compact_store

    day = _day(now_day, "--now-day")
    if compact and dry_run:
        raise InputError("--dry-run 不能与 --compact 同用", "--dry-run excludes --compact")
    with at_desk("retention", store) as (desk, snapshot):
        days, today = snapshot.cases.retention_days, day or desk.now.date()
        if now_day is not None and today > desk.now.date():
            raise InputError("--now-day 不能晚于今天", "--now-day must not lie after today")
        head = {"schema": _RETENTION, "today": today.isoformat(), "days": days, "dry_run": dry_run}
        if dry_run or days is None:
            due = 0 if days is None else privacy.due_for_retention(desk.store, today, days)
            found = privacy.Erasure()
        else:
            found = privacy.retention(desk, today, days, limit)
            due = privacy.due_for_retention(desk.store, today, days)
        if compact and not found.compacted:
            compact_store(desk.store)
            found.compacted = True
        dialect = desk.store.dialect
    _show_retention(head, due, found, dialect, form, lang)
    return EXIT_OK


def _show_retention(head: dict[str, Any], due: int, found: Erasure, dialect: str, form: str, lang: str) -> None:
    if form == "json" or found.cases or found.compacted:
        _show_erasure({**head, "due": due}, found, dialect, form, lang)
        return
    if head["days"] is None:
        said = Text("政策没有规定保留期限 (cases.retention)，什么也没删", "the policy sets no retention (cases.retention); nothing was erased")
    elif head["dry_run"]:
        said = Text(f"到期 {due} 件 (结案满 {head['days']} 天)，未删除", f"{many(due, 'case')} due (closed for {head['days']} days); nothing was erased")
    else:
        said = Text(f"没有到期的案件 (结案满 {head['days']} 天)", f"no case is due (closed for {head['days']} days)")
    print(said.pick(lang))


def _show_erasure(head: dict[str, Any], found: Erasure, dialect: str, form: str, lang: str) -> None:
    from tmcs.store.compact import REMAINS

    remains = REMAINS[dialect] if found.cases or found.orders or found.customers or found.items or found.listed else ()
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({**head, **found.to_dict(), "remains": [text.to_dict() for text in remains]}, "json"))
        return
    shown = ", ".join(map(str, found.cases[:10])) + (" …" if len(found.cases) > 10 else "")
    rows = [
        ("案件", "cases", f"{len(found.cases)}" + (f" ({shown})" if shown else "")),
        ("个人内容", "personal parts", str(found.private)), ("凭证", "receipts", str(found.receipts)),
        ("订单", "orders", str(found.orders)), ("客户", "customers", str(found.customers)), ("草稿", "drafts", str(found.drafts)),
        ("工作清单", "worklists", str(found.items)),
        ("调查、派礼、关怀名单", "survey, gift and care lists", str(found.listed)),
    ]  # fmt: skip
    if head.get("due"):
        rows.append(("尚余到期", "still due", str(head["due"])))
    print("个人信息已删除，金额、状态与审计链保留" if lang == "zh" else "personal data erased; sums, states and the audit chain are kept")
    _print_rows(rows, lang)
    for text in remains:
        note(text.pick(lang))


def _print_rows(rows: Iterable[tuple[str, str, str]], lang: str) -> None:
    for line in _aligned([(zh if lang == "zh" else en, value) for zh, en, value in rows]):
        print(line)


def _aligned(rows: list[tuple[str, str]]) -> Iterator[str]:
    from tmcs.core.safe import one_line
    from tmcs.render.layout import width

    room = max(width(name) for name, _ in rows) + 2
    for name, value in rows:
        yield f"{name}{' ' * (room - width(name))}{one_line(value)}"


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "export": export, "replay": replay, "verify": verify, "seal": seal, "erase": erase, "retention": retention,
}  # fmt: skip
