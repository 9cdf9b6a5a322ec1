"""What is wrong with a command line, in both languages: click itself says it in one."""

from __future__ import annotations

import click

from tmcs.core.errors import InputError
from tmcs.core.text import Text, nearest


def usage_error(error: click.ClickException) -> InputError:
    """Return the error that stands for one of click's, with where to look for the usage."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    where = ctx.command_path if ctx else "tmcs"
    en = " ".join(error.format_message().split()).rstrip(".")
    zh = _in_chinese(error, ctx)
    return InputError(zh or f"命令行有误: {en}", en, hint=Text(f"用法见 {where} --help", f"try {where} --help"))


def _in_chinese(error: click.ClickException, ctx: click.Context | None) -> str:
    if isinstance(error, click.NoSuchOption):
        near = [*(error.possibilities or [])] or nearest(error.option_name, _options(ctx))
        return f"没有这个选项 {error.option_name}" + (f"，最接近的是 {', '.join(near)}" if near else "")
    if isinstance(error, click.BadOptionUsage):
        return f"选项 {error.option_name} 的写法有误 ({error.message.rstrip('.')})"
    if isinstance(error, click.BadParameter) and error.param is not None:
        name = error.param_hint or error.param.get_error_hint(ctx)
        shown = name if isinstance(name, str) else " / ".join(name)
        if isinstance(error, click.MissingParameter):
            return f"缺少参数 {shown}"
        kind = error.param.type
        expected = f"应为 {' | '.join(map(str, kind.choices))}" if isinstance(kind, click.Choice) else error.message
        return f"{shown} 取值有误: {expected}"
    said = error.format_message()
    if said.startswith("Got unexpected extra argument"):
        return f"多余的参数 {said[said.find('(') :].rstrip('.')}"
    if said.startswith("No such command"):
        return f"没有这个命令 {said[len('No such command') :].strip(' .')}"
    return ""


def _options(ctx: click.Context | None) -> list[str]:
    return [name for param in ctx.command.get_params(ctx) for name in param.opts] if ctx else []
