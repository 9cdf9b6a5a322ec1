"""`tmcs policy set|diff|validate`: figures changed, compared and checked."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Final

import click

from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError

if TYPE_CHECKING:
    from tmcs.policies.change import Change
    from tmcs.store.base import Store

ALWAYS: Final = "always"


def day_of(text: str, option: str) -> date:
    """Return a day as an option gives it.

    Raises:
        InputError: it is none.
    """
    try:
        if not (text.isascii() and len(text) == 10):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{option} {text[:40]} 不是日期，应如 2027-01-01", f"{option} {text[:40]} is no date: expected 2027-01-01") from None


@click.command("set", cls=Command, short_help="修改一个数字 · change a figure")
@click.argument("key")
@click.argument("value")
@click.option("--from", "start", metavar="DATE", help="自何日起，默认今天；always 为一直 · from this day, default today; always: without a day")
@click.option("--file", metavar="FILE", help="政策文件，默认配置的最后一个 · the policy file; default the strongest configured")
@click.option("--why", metavar="TEXT", help="原因，写成注释 · the reason, kept as a comment")
@click.option("--dry-run", is_flag=True, help="只检查，不写入 · check only, write nothing")
@format_option("text", "json")
@lang_option
def set_(key: str, value: str, start: str | None, file: str | None, why: str | None, dry_run: bool, form: str, lang: str) -> int:
    """修改自己的政策文件: 保留注释和次序，先检查整套规则并证明，再写入 · change the desk's own file; checked and proved before it is written.

    \b
    tmcs policy set payouts.damage.rows.usual.rate_max 0.15 --from 2027-01-01 --why "new year"
    """
    from tmcs.cases.clock import now
    from tmcs.cases.seat import words
    from tmcs.cli.case_given import permitted
    from tmcs.policies.change import change, comment_of

    actor, _, _ = permitted("policy-set")
    today = now().date()
    day = None if start == ALWAYS else today if start is None else day_of(start, "--from")
    comment = None if why is None else comment_of(value, day, words(why), actor.agent, today)
    if form == "text":
        note("正在检查整套规则…" if lang == "zh" else "checking the whole set …")
    found = change(key, value, day, file=file, comment=comment, today=today)
    written = not (dry_run or found.same)
    if written:
        found.write()
    _say(found, written, form, lang)
    return EXIT_OK


def _say(found: Change, written: bool, form: str, lang: str) -> None:
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({
            "schema": "tmcs/policy-set/1", "key": found.key, "file": found.file, "before": found.before, "after": found.after,
            "written": written, "created": written and found.created, "backup": found.backup if written and not found.created else None,
            "patch": [] if found.same else found.patch(), "check": found.report.to_dict(),
            "warnings": [one.to_dict() for one in found.warnings],
        }))  # fmt: skip
        return
    from tmcs.render.policy import change_lines

    print("\n".join(change_lines(found, written, lang)))
    for one in found.warnings:
        note(one.pick(lang))


@click.command("diff", cls=Command, short_help="比较两个版本 · compare two versions")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL")
@format_option("text", "json")
@lang_option
def diff(one: str, other: str, store: str | None, form: str, lang: str) -> int:
    """逐项说明两个版本的不同；相同为 0，不同为 1 · what differs between two versions, in words; exit 0 the same, 1 not.

    A、B: 文件、built-in、@2027-01-01 (现行政策在那一天)、数据中版本的摘要，可加 @日期 ·
    a file, built-in, @2027-01-01 (the one in force, on that day), the digest of a kept version; each may bear @DATE
    """
    from tmcs.policies.diff import SCHEMA, differences, find_version

    def opened() -> AbstractContextManager[Store]:
        from tmcs.cli.case_given import permitted
        from tmcs.store import open_store

        permitted("show")
        return open_store(store)

    versions = find_version(one, opened), find_version(other, opened)
    found = list(differences(*versions))
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({
            "schema": SCHEMA, "a": versions[0].to_dict(), "b": versions[1].to_dict(), "same": not found,
            "differences": [difference.to_dict() for difference in found],
        }))  # fmt: skip
    elif found:
        from tmcs.render.policy import diff_lines

        print("\n".join(diff_lines(found, lang)))
        print(f"{len(found)} 处不同" if lang == "zh" else f"{len(found)} difference{'s' * (len(found) != 1)}")
    else:
        print("两个版本相同" if lang == "zh" else "the two versions are the same")
    return EXIT_FINDINGS if found else EXIT_OK


@click.command("validate", cls=Command, short_help="检查政策文件 · check policy files")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@format_option("text", "json")
@lang_option
def validate(files: tuple[str, ...], form: str, lang: str) -> int:
    """检查并证明: 多个文件依次叠加，默认配置的 · check and prove: several files are laid over each other; default those configured."""
    from tmcs import config
    from tmcs.policies.check import check_set

    chosen = list(files) or config.policy_files()
    report = check_set(chosen)
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json({"schema": "tmcs/policy-check/1", "files": chosen, **report.to_dict()}))
    else:
        from tmcs.render.policy import report_lines

        print("\n".join(report_lines(report, chosen, lang)))
    return EXIT_OK if report.ok else EXIT_FINDINGS


SUBCOMMANDS: Final[dict[str, click.Command]] = {"set": set_, "diff": diff, "validate": validate}
