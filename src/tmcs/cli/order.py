"""``tmcs order``: fill the order book, find an order in it, show one, list the newest."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Any

import click

from tmcs.cli.common import Group, format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, Finding, InputError, NotFoundError, TmcsError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.orders.book import Book, Entry
    from tmcs.orders.ingest import Tally

_REPORT = "tmcs/import/1"


@click.group("order", cls=Group)
def command() -> None:
    """订单簿: 导入、查找、查看 · the order book: import, find, show."""


def _store_option(function: Any) -> Any:
    return click.option(
        "--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL [TMCS_STORE, $XDG_DATA_HOME/tmcs/tmcs.db]"
    )(function)


def _open(store: str | None) -> Book:
    from tmcs.orders.book import Book

    return Book(store or None)


@command.command("import", short_help="导入导出文件 · import exports")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--strict", is_flag=True, help="有一处问题就什么都不导入 · keep nothing if there is any finding")
@click.option("--kind", metavar="KIND", help="文件类型，默认自动识别 · kind of file; recognised by itself otherwise")
@_store_option
@format_option("text", "json")
@lang_option
@click.pass_context
def import_(
    ctx: click.Context, files: tuple[str, ...], strict: bool, kind: str | None, store: str | None, form: str, lang: str
) -> int:
    """导入订单、宝贝、配送、仓库报表或 TOP JSON，- 为管道 · import exports of any kind, - for a pipe.

    重复导入只更新不重复；坏行逐条报告，好行照收 (退出码 1) · importing again updates and never duplicates; bad rows are
    all reported, good ones kept (exit 1).
    """
    from tmcs.orders.book import Book
    from tmcs.orders.ingest import import_files
    from tmcs.orders.readers import plugged, readers

    quiet = bool((ctx.find_root().obj or {}).get("quiet"))
    if list(files).count("-") > 1:
        raise InputError("“-”只能用一次", "- can be given once only")
    out = _ImportOutput(form, lang, quiet)
    try:

        def warn(error: TmcsError) -> None:
            note(error.text.pick(lang))

        among = readers(plugged(warn), warn)
        with Book(store or None, write=True) as book:
            import_files(
                book, files, among, kind=kind, strict=strict, sink=out.finding, progress=out.progress, done=out.done
            )
    except TmcsError:
        out.finish()
        raise
    finally:
        out.clear()
    out.finish()
    return EXIT_FINDINGS if out.found else EXIT_OK


class _ImportOutput:
    """Shows an import as it goes: findings and progress on stderr, the outcome on stdout.

    For JSON the findings wait in a temporary file, so that any number of them takes no memory.
    """

    def __init__(self, form: str, lang: str, quiet: bool) -> None:
        self.found = 0
        self._json = form == "json"
        self._lang = lang
        self._bar = not quiet and sys.stderr.isatty()
        self._shown = -1
        self._tallies: list[Tally] = []
        self._spool: IO[str] | None = None

    def finding(self, finding: Finding) -> None:
        """Take one finding."""
        self.found += 1
        if self._json:
            import json
            import tempfile

            if self._spool is None:
                self._spool = tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
            self._spool.write(json.dumps(finding.to_dict(), ensure_ascii=False) + "\n")
            return
        from tmcs.core.safe import one_line

        self.clear()
        print(one_line(finding.message(self._lang)), file=sys.stderr)

    def progress(self, read: int, size: int) -> None:
        """Show how far the file is read, at a terminal only."""
        percent = 100 * read // max(size, 1)
        if self._bar and percent != self._shown:
            self._shown = percent
            sys.stderr.write(f"\r\x1b[K{'█' * (percent // 4):░<25} {percent}%")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the progress bar away."""
        if self._bar and self._shown >= 0:
            self._shown = -1
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def done(self, tally: Tally) -> None:
        """Take what became of one file."""
        self._tallies.append(tally)
        if self._json:
            return
        from tmcs.core.safe import one_line

        self.clear()
        zh = (
            f"{tally.file} ({tally.title.zh}): {tally.rows} 行，新增 {tally.new}，更新 {tally.updated}，"
            f"未变 {tally.unchanged}"
        )
        en = (
            f"{tally.file} ({tally.title.en}): {tally.rows} rows, {tally.new} new, {tally.updated} updated, "
            f"{tally.unchanged} unchanged"
        )
        if tally.pending:
            zh += f"，等待订单报表 {tally.pending}"
            en += f", {tally.pending} waiting for their order"
        if tally.found:
            zh += f"，未收 {tally.rejected} 行，问题 {tally.found} 处"
            en += f", {tally.rejected} rows not taken, {tally.found} findings"
        print(one_line(zh if self._lang == "zh" else en))

    def finish(self) -> None:
        """Print the whole as JSON, where that was asked for."""
        if not self._json:
            return
        import json

        files = [tally.to_dict() for tally in self._tallies]
        kept = json.dumps({"schema": _REPORT, "files": files, "found": self.found}, ensure_ascii=False)
        sys.stdout.write(kept[:-1] + ', "findings": [')
        if self._spool is not None:
            self._spool.seek(0)
            for number, line in enumerate(self._spool):
                sys.stdout.write(("," if number else "") + line.rstrip("\n"))
            self._spool.close()
        sys.stdout.write("]}\n")


def _show_entries(entries: list[Entry], form: str, lang: str) -> None:
    from tmcs.orders.privacy import mask_record

    if form == "json":
        import json

        orders = [{"pending": entry.pending, "order": mask_record(entry.record)} for entry in entries]
        click.echo(json.dumps({"orders": orders}, ensure_ascii=False, indent=1))
        return
    from tmcs.orders.words import words
    from tmcs.render.orderbook import order_table

    rows = [(mask_record(entry.record), entry.pending) for entry in entries]
    click.echo(order_table(rows, lang, words()["status_names"]))


@command.command("find", short_help="查找 · find by phone end, nick, parcel or title")
@click.argument("text", required=False)
@click.option("--phone-end", metavar="DIGITS", help="手机号末几位 · last digits of the phone")
@click.option("--nick", help="买家会员名或其开头 · the buyer's nick or its beginning")
@click.option("--parcel", metavar="NO", help="物流单号或 LBX · parcel or LBX number")
@click.option("--title", help="商品名的一部分 · part of the goods' name")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="最多几单 · at most so many")
@_store_option
@format_option("text", "json")
@lang_option
def find(
    text: str | None,
    phone_end: str | None,
    nick: str | None,
    parcel: str | None,
    title: str | None,
    limit: int,
    store: str | None,
    form: str,
    lang: str,
) -> int:
    """按手机尾号、会员名、物流单号或商品名查找；TEXT 查全部 · find by phone end, nick, parcel or title; TEXT tries all.

    多个条件须同时满足，结果已打码 · several criteria must all hold; personal data are masked.
    """
    wanted = {"text": text, "phone_end": phone_end, "nick": nick, "parcel": parcel, "title": title}
    given = {key: value.strip() for key, value in wanted.items() if value is not None}
    if not given or not all(given.values()):
        raise InputError(
            "没有说明要找什么", "nothing to look for",
            hint=Text("给一个词，或 --phone-end、--nick、--parcel、--title", "give a word, or one of the options"),
        )  # fmt: skip
    if phone_end is not None and not (given["phone_end"].isascii() and given["phone_end"].isdigit()):
        raise InputError("--phone-end 应为数字", "--phone-end must be digits")
    with _open(store) as book:
        entries = book.find(**given, limit=limit)
    if not entries:
        raise NotFoundError("没有符合的订单", "no order matches")
    _show_entries(entries, form, lang)
    if len(entries) == limit:
        note(Text(f"只显示前 {limit} 单，请缩小范围", f"the first {limit} only; narrow the search").pick(lang))
    return EXIT_OK


@command.command("show", short_help="查看一单 · show one order")
@click.argument("order_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="显示姓名、电话、地址等 · show names, phones and addresses unmasked")
@_store_option
@format_option("text", "json", "yaml")
@lang_option
def show(order_id: str, reveal: bool, store: str | None, form: str, lang: str) -> int:
    """查看一单；JSON 可直接交给 --order-json - · show one order; its JSON is what --order-json - reads.

    不加 --reveal 时个人信息打码 · the person is masked unless --reveal is given.
    """
    from tmcs.orders.privacy import mask_memo, mask_record
    from tmcs.orders.select import not_found

    order_id = order_id.strip()
    with _open(store) as book:
        entry = book.entry(order_id)
        if entry is None:
            raise not_found(order_id, book.near(order_id), book.name)
        notes = book.notes(order_id) if form == "text" else []
    record = entry.record if reveal else mask_record(entry.record)
    if form == "json":
        import json

        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
    elif form == "yaml":
        click.echo(_yaml(record), nl=False)
    else:
        from tmcs.orders.words import words
        from tmcs.render.orderbook import order_card

        if not reveal:
            notes = [{key: mask_memo(value) for key, value in one.items()} for one in notes]
        click.echo(order_card(record, lang, pending=entry.pending, notes=notes, names=words()))
    if entry.pending and form != "text":
        note(Text("订单本身尚未导入", "the order itself is not imported yet").pick(lang))
    return EXIT_OK


def _yaml(record: dict[str, Any]) -> str:
    import io

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(record, out)
    return out.getvalue()


@command.command("list")
@click.option("--status", metavar="STATUS", help="TOP 状态或其中文 · a TOP status or its Chinese name")
@click.option("--pending", is_flag=True, help="只列订单本身尚未导入的 · only those whose order is not imported yet")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="最多几单 · how many")
@_store_option
@format_option("text", "json")
@lang_option
def list_(status: str | None, pending: bool, limit: int, store: str | None, form: str, lang: str) -> int:
    """列出订单，新的在前 · list orders, newest first."""
    with _open(store) as book:
        entries = book.newest(None if status is None else _status(status), limit, pending=pending)
    _show_entries(entries, form, lang)
    return EXIT_OK


def _status(said: str) -> str:
    """Return the TOP status that a word names; one that the backend invented since is looked for as it stands."""
    from tmcs.core.errors import unknown_word
    from tmcs.core.order import STATUSES
    from tmcs.orders.words import trade_status, words

    if said.upper() in STATUSES:
        return said.upper()
    names = {name["zh"]: code for code, name in words()["status_names"].items()}
    code = names.get(said) or trade_status(said)
    if code is not None and code in STATUSES:
        return code
    if said.isascii():
        raise unknown_word("订单状态", "order status", said, STATUSES)
    return said
