"""``tmcs store``: back up, restore, look at the store."""

from __future__ import annotations

from typing import Any

import click

from tmcs.cli.common import Group, format_option, lang_option
from tmcs.core.errors import EXIT_OK

_SCHEMA = "tmcs/store/1"


@click.group("store", cls=Group)
def command() -> None:
    """数据: 备份、恢复、概况 · the store: back up, restore, look at it."""


def _store_option(function: Any) -> Any:
    return click.option("--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL")(function)


@command.command("backup", short_help="备份 · back up into a file")
@click.argument("file", metavar="FILE")
@_store_option
@format_option("text", "json")
@lang_option
def backup(file: str, store: str | None, form: str, lang: str) -> int:
    """备份到一个文件，别人可以同时写 · copy the store into a file as it is at one moment, while others write.

    备份是 SQLite 文件，可恢复到两种数据库；写不完就不留文件 · the backup is an SQLite file that either database is restored from;
    no half file is ever left.
    """
    from tmcs.cli.case_given import permitted
    from tmcs.store.backup import back_up

    permitted("backup")
    found = back_up(store or None, file)
    _show({"backup": file, **found}, form, lang, ("已备份", "backed up"))
    return EXIT_OK


@command.command("restore", short_help="恢复 · restore from a file")
@click.argument("file", metavar="FILE")
@click.option("--force", is_flag=True, help="数据非空也恢复，先备份现有的 · also over data, which are backed up first")
@_store_option
@format_option("text", "json")
@lang_option
def restore(file: str, force: bool, store: str | None, form: str, lang: str) -> int:
    """从备份恢复，一次完成 · put what a backup holds into the store, all of it or nothing.

    数据非空时拒绝，除非 --force · a store that holds something is refused without --force.
    """
    from tmcs.cli.case_given import permitted
    from tmcs.store.backup import restore as run

    permitted("restore")
    found, before = run(store or None, file, force=force)
    _show({"restored_from": file, "before": before, **found}, form, lang, ("已恢复", "restored"))
    return EXIT_OK


@command.command("info", short_help="概况 · what the store is and holds")
@_store_option
@format_option("text", "json")
@lang_option
def info(store: str | None, form: str, lang: str) -> int:
    """数据库、版本、大小和数量 · database, version, size and counts."""
    from tmcs.store import open_store
    from tmcs.store.backup import describe

    with open_store(store or None) as opened:
        found = describe(opened)
    _show(found, form, lang, ("", ""))
    return EXIT_OK


_WORDS = {
    "backup": ("备份", "backup"), "restored_from": ("恢复自", "restored from"), "before": ("原有数据的备份", "what it held before"),
    "store": ("数据", "store"), "dialect": ("数据库", "database"), "version": ("版本", "version"), "bytes": ("字节", "bytes"),
    "orders": ("订单", "orders"), "cases": ("案件", "cases"), "events": ("事件", "events"),
}  # fmt: skip


def _show(found: dict[str, Any], form: str, lang: str, done: tuple[str, str]) -> None:
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({"schema": _SCHEMA, **found}, form))
        return
    from tmcs.core.safe import one_line

    if any(done):
        print(done[lang == "en"])
    for key, value in found.items():
        if value is not None:
            shown = f"{value:,}" if isinstance(value, int) else one_line(value)
            print(f"{_WORDS[key][lang == 'en']}: {shown}")
