"""`tmcs policy backtest`: past cases decided again under another policy."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError, NotFoundError, StorageError

if TYPE_CHECKING:
    from tmcs.cases.backtest import Backtest
    from tmcs.cases.past import PastFile


@click.command("backtest", cls=Command, short_help="回测新政策 · try a policy on past cases")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, required=True, help="新的政策文件 · the new policy's own files")
@click.option("--cases", "span", metavar="FROM..TO", help="最后判定日在此期间的案件 · cases last decided in this span of days")
@click.option("--export", "exported", metavar="FILE", help="改用导出的案件或事实，- 为标准输入 · cases from an export or a file of facts, - for stdin")
@click.option("--on", "on_day", metavar="DAY", help="新政策这一天的数字，默认最后一次变动后 · its figures of this day; default: after its last change")
@click.option("--out", metavar="FILE", help="另存报表: .xlsx .html .csv .md · also write a report")
@click.option("--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL")
@format_option("text", "json", "xlsx")
@lang_option
@click.pass_context
def backtest(
    ctx: click.Context, policy_files: tuple[str, ...], span: str | None, exported: str | None, on_day: str | None, out: str | None,
    store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """用新政策重判过去的案件，看改了什么、差多少钱 · decide past cases again under a new policy: what changes, by how much.

    流程用当时的；什么也不写入 · with the flows of their day; nothing is written.
    """
    from tmcs.cases.backtest import Backtest, last_change, policy_on
    from tmcs.loader import load_policy

    if exported is None and span is None:
        raise InputError("请用 --cases FROM..TO 或 --export FILE 指明案件", "name the cases with --cases FROM..TO or --export FILE")
    if form == "xlsx" and not (out or "").lower().endswith(".xlsx"):
        raise InputError("--format xlsx 须用 --out 指明 .xlsx 文件", "--format xlsx needs --out FILE.xlsx")
    since, until = _span(span)
    new, day = load_policy(policy_files), None if on_day is None else _day(on_day, "--on")
    found = Backtest(policy_on(new, day))
    bar = _Bar(bool((ctx.find_root().obj or {}).get("quiet")))
    try:
        file = _run(found, bar, exported, store, since, until)
    finally:
        bar.clear()
    data = {**found.to_dict(), "on": last_change(new) if day is None else day.isoformat()}
    data |= {"from": since and since.isoformat(), "to": until and until.isoformat(), "source": "store" if file is None else "export"}
    if file is not None:
        data |= {"unread": file.unread, "findings": [one.to_dict() for one in file.findings]}
    _show(data, form, out, lang)
    return _told(file, lang)


def _run(found: Backtest, bar: _Bar, exported: str | None, store: str | None, since: date | None, until: date | None) -> PastFile | None:
    from tmcs.cases.past import Library, PastFile, lines_of, of_store
    from tmcs.loader import load_flow, load_policy
    from tmcs.store import open_store

    with ExitStack() as stack:
        opened = None
        if exported is None or store is not None:
            from tmcs.cli.case_given import permitted

            permitted("replay")
            opened = stack.enter_context(open_store(store))
        library = Library(opened, load_policy(), load_flow)
        if exported is None:
            assert opened is not None
            assert since is not None
            assert until is not None
            found.take_all(of_store(opened, library, since, until, bar.show))
            return None
        file = PastFile("stdin" if exported == "-" else exported, library, since, until)
        if exported == "-":
            found.take_all(file.cases(lines_of(sys.stdin.buffer), 0, None))
            return file
        try:
            handle = stack.enter_context(open(exported, "rb"))
            found.take_all(file.cases(lines_of(handle), os.fstat(handle.fileno()).st_size, bar.show))
        except FileNotFoundError:
            raise NotFoundError(f"没有这个文件: {exported}", f"no such file: {exported}") from None
        except OSError as error:
            raise StorageError(f"无法读取 {exported}: {error.strerror}", f"cannot read {exported}: {error.strerror}") from None
        return file


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} 有误，应为日期，如 2026-11-23", f"{option} is wrong: expected a day such as 2026-11-23") from None


def _span(text: str | None) -> tuple[date | None, date | None]:
    """Return the first and the last day of ``FROM..TO``; one day alone is both."""
    if text is None:
        return None, None
    first, dots, last = text.partition("..")
    since, until = _day(first, "--cases"), _day(last if dots else first, "--cases")
    if until < since:
        raise InputError("--cases 的起始日晚于结束日", "--cases begins after its end")
    return since, until


class _Bar:
    """How far it is, at a terminal only."""

    def __init__(self, quiet: bool) -> None:
        self._shown = -1
        self._on = not quiet and sys.stderr.isatty()

    def show(self, done: int, of: int) -> None:
        """Show that so much of so much is done."""
        percent = min(100 * done // max(of, 1), 100)
        if self._on and percent != self._shown:
            self._shown = percent
            sys.stderr.write(f"\r\x1b[K{'█' * (percent // 4):░<25} {percent}%")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown >= 0:
            self._shown = -1
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _show(data: dict[str, Any], form: str, out: str | None, lang: str) -> None:
    written: list[str] = []
    if out:
        from tmcs.cases.clock import now
        from tmcs.render.backtest import backtest_report
        from tmcs.render.report import write_report

        written = write_report(backtest_report(data, now()), out, lang)
    if form == "xlsx":
        print(written[0])
        return
    for name in written:
        note(name)
    for line in _lines(data, form, lang):
        print(line)


def _lines(data: dict[str, Any], form: str, lang: str) -> Iterator[str]:
    if form == "json":
        from tmcs.render.data import to_json

        yield to_json(data)
        return
    from tmcs.render.backtest import backtest_text

    yield from backtest_text(data, lang)


def _told(file: PastFile | None, lang: str) -> int:
    if file is None or not file.unread:
        return EXIT_OK
    from tmcs.core.safe import one_line

    for finding in file.findings:
        print(one_line(finding.message(lang)), file=sys.stderr)
    if file.unread > len(file.findings):
        print("…", file=sys.stderr)
    return EXIT_FINDINGS


SUBCOMMANDS = {"backtest": backtest}
