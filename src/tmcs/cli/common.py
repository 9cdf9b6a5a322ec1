"""Options that several commands share, and small helpers to read what the user gave."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def help_option(ctx: click.Context) -> click.Option:
    """Return ``-h/--help`` in both languages. (click's own text would load gettext and locale at every start.)"""

    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()

    return click.Option(
        ["-h", "--help"], is_flag=True, is_eager=True, expose_value=False, help="帮助 · this help", callback=show
    )


class _Help(click.Command):
    """A command whose help option is ours, and whose help ends with an example."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return help_option(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from tmcs.cli.examples import EXAMPLES

        if example := EXAMPLES.get(ctx.command_path):  # a command of somebody else's has none
            with formatter.section("例 · Example"):
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Command(_Help):
    """A command of tmcs."""


class Group(_Help, click.Group):
    """A group of commands that are defined with it."""

    command_class = Command


def lang_option(command: F) -> F:
    """Add ``--lang``: zh or en; default from the configuration, then the locale, else zh."""

    def default(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
        if value is None:
            from tmcs.config import language

            value = language()
        return value

    return click.option(
        "--lang", type=click.Choice(["zh", "en"]), callback=default, help="输出语言 · language of the output"
    )(command)


def format_option(*formats: str, default: str = "text") -> Callable[[F], F]:
    """Add ``--format`` with the given choices."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=default,
        show_default=True,
        help="输出格式 · form of the output",
    )


def note(text: str) -> None:
    """Print a note for the person at the terminal on stderr, unless ``-q`` was given."""
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.find_root().obj and ctx.find_root().obj.get("quiet"):
        return
    from tmcs.core.safe import clean

    print(clean(text), file=sys.stderr)


def read_text(source: str, limit: int) -> str:
    """Return the text of a file, or of standard input for ``-``; UTF-8, with or without a byte-order mark.

    Raises:
        InputError: there is nothing in it, more than ``limit`` bytes (no more is read), or bytes that are not UTF-8.
        NotFoundError: there is no such file.
        StorageError: the file cannot be read.
    """
    from tmcs.core.errors import InputError
    from tmcs.files import read_bytes

    name = "stdin" if source == "-" else source
    data = sys.stdin.buffer.read(limit + 1) if source == "-" else read_bytes(source, limit)
    if len(data) > limit:
        raise InputError(f"{name} 超过 {limit} 字节的上限", f"{name} is larger than the limit of {limit} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name}:{line}: 不是 UTF-8 文本 (第 {error.start} 字节)",
            f"{name}:{line}: not UTF-8 text (byte {error.start})",
        ) from None
    if not text.strip():
        raise InputError(f"{name} 没有内容", f"{name} is empty")
    return text
