"""`tmcs doctor`: the whole installation looked at in one go."""

from __future__ import annotations

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK
from tmcs.doctor import ERROR, OK, Check, examine


@click.command("doctor", cls=Command, short_help="体检: 安装、政策、日历、数据、权限 · check the installation")
@click.option("--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL")
@click.option("--strict", is_flag=True, help="提醒也算问题 · warnings count as findings")
@format_option("text", "json")
@lang_option
def command(store: str | None, strict: bool, form: str, lang: str) -> int:
    """体检: 安装、配置、插件、政策、日历、权限、时钟、数据、邮件 · check installation, policy, calendar, store, rights and mail.

    有错误时退出码 1 · exit 1 where something is wrong; nothing is changed.
    """
    from tmcs.cases.clock import now

    checks = list(examine(store, now()))
    if form == "json":
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/doctor/1", "checks": [one.to_dict() for one in checks]}, form))
    else:
        print(_text(checks, lang))
    wrong = [one for one in checks if one.state == ERROR or (strict and one.state != OK)]
    return EXIT_FINDINGS if wrong else EXIT_OK


_AREAS = {
    "program": "程序", "configuration": "配置", "plug-ins": "插件", "policy": "政策", "calendar": "日历", "rights": "权限",
    "clock": "时钟", "store": "数据", "mail": "邮件",
}  # fmt: skip
_STATES = {"ok": ("正常", "ok"), "warning": ("提醒", "warning"), "error": ("错误", "error")}


def _text(checks: list[Check], lang: str) -> str:
    from tmcs.core.safe import one_line
    from tmcs.render.layout import columns, width, wrap

    lines = []
    for one in checks:
        area = _AREAS[one.area] if lang == "zh" else one.area
        state = _STATES[one.state][lang == "en"]
        said = one.text.pick(lang) + (f" — {one.hint.pick(lang)}" if one.hint else "")
        first = f"{state}{' ' * (9 - width(state))}{area}{' ' * (15 - width(area))}"
        lines.append(wrap(one_line(said), columns(), first))
    wrong = sum(one.state == ERROR for one in checks)
    doubts = sum(one.state == "warning" for one in checks)
    lines.append("")
    lines.append(f"错误 {wrong}，提醒 {doubts}" if lang == "zh" else f"{wrong} errors, {doubts} warnings")
    return "\n".join(lines)
