"""`tmcs`: the root command, its lazily imported subcommands, and the one place where errors are printed."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from tmcs.cli.common import help_option
from tmcs.core.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_IO, TmcsError

#: Command -> (module, short help zh, short help en). A module is imported only when its command is called.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "resolve": ("tmcs.cli.resolve", "处理一单: 做什么、说什么、能承诺什么", "settle one order problem: do, say, promise"),
    "payout": ("tmcs.cli.payout", "计算赔付", "compute a payout"),
    "disposal": ("tmcs.cli.disposal", "上门取货还是就地报废", "decide pickup or on-site write-off"),
    "script": ("tmcs.cli.script", "话术", "print the words to say"),
    "flow": ("tmcs.cli.flow", "流程: 列表、查看、校验、流程图", "flows: list, show, check, chart"),
    "rule": ("tmcs.cli.rule", "手册规则", "handbook rules"),
    "order": ("tmcs.cli.order", "订单簿: 导入、查找、查看", "order book: import, find, show"),
    "plugin": ("tmcs.cli.plugin", "插件", "plug-ins"),
    "policy": ("tmcs.cli.policy", "政策数据", "policy figures"),
    "config": ("tmcs.cli.config", "配置及其来源", "configuration and where it comes from"),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports each only when it is called."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        return help_option(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(COMMANDS[name][0]).command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from tmcs.core.errors import unknown_word

            raise unknown_word("命令", "command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, f"{zh} · {en}") for name, (_, zh, en) in COMMANDS.items()])


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from tmcs import __version__

        click.echo(f"tmcs {__version__}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    invoke_without_command=False,
)
@click.option("--debug", is_flag=True, help="出错时显示调用栈 · show a traceback on an internal fault")
@click.option("-q", "--quiet", is_flag=True, help="不显示进度与提示 · no progress, no notes on stderr")
@click.option("-v", "--verbose", is_flag=True, help="多显示一些 · say more on stderr")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="版本 · version")
@click.pass_context
def cli(ctx: click.Context, debug: bool, quiet: bool, verbose: bool) -> None:
    """天猫超市客服台: 手册变成工具 · the customer-service handbook as a tool.

    退出码 · exit codes: 0 done · 1 findings · 2 bad input · 3 needs facts · 4 waiting · 5 not permitted ·
    6 not found · 70 internal · 74 input/output · 75 try again · 130 interrupted
    """
    ctx.obj = {"debug": debug, "quiet": quiet, "verbose": verbose}


def _wants_json(argv: list[str]) -> bool:
    for n, word in enumerate(argv):
        if word == "--format=json" or (word == "--format" and argv[n + 1 : n + 2] == ["json"]):
            return True
    return False


def _language(argv: list[str]) -> str:
    for n, word in enumerate(argv):
        if word.startswith("--lang="):
            return word[7:]
        if word == "--lang" and n + 1 < len(argv):
            return argv[n + 1]
    from tmcs.config import language

    return language()


def _report(error: TmcsError, argv: list[str]) -> int:
    """Print an error on stderr: one line for a person and one for each finding, one JSON object for a program."""
    from tmcs.render.safe import clean

    lang = _language(argv)
    if _wants_json(argv):
        import json

        print(json.dumps(error.to_dict(), ensure_ascii=False), file=sys.stderr)
        return error.exit_code
    print(f"tmcs: {clean(error.text.pick(lang))}", file=sys.stderr)
    for finding in error.findings:
        print(f"  {clean(finding.message(lang))}", file=sys.stderr)
    if error.hint is not None:
        print(f"  {clean(error.hint.pick(lang))}", file=sys.stderr)
    return error.exit_code


def _from_os(error: OSError) -> TmcsError:
    from tmcs.core.errors import StorageError

    what = os.strerror(error.errno) if error.errno else str(error)
    name = f"{error.filename}: " if error.filename else ""
    return StorageError(f"读写失败: {name}{what}", f"cannot read or write: {name}{what}")


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; every error is printed here and nowhere else."""
    debug = "--debug" in argv
    try:
        code: Any = cli.main(args=argv, prog_name="tmcs", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except TmcsError as error:
        if debug:
            raise
        return _report(error, argv)
    except (click.exceptions.Abort, KeyboardInterrupt):
        print(file=sys.stderr)
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.ClickException as error:
        from tmcs.core.errors import InputError

        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "tmcs"
        said = error.format_message().rstrip(".")
        from tmcs.core.text import Text

        hint = Text(f"用法见 {where} --help", f"try {where} --help")
        return _report(InputError(said, said, hint=hint), argv)
    except BrokenPipeError:
        # The reader (head, less) went away: not our error. Keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if debug:
            raise
        _report(_from_os(error), argv)
        return EXIT_IO
    except Exception as error:
        if debug:
            raise
        from tmcs.core.errors import InternalError

        said = f"{type(error).__name__}"
        report = InternalError(f"内部错误 ({said})，请用 --debug 重试并上报", f"internal fault ({said}); run again with --debug")
        _report(report, argv)
        return EXIT_INTERNAL


def main() -> NoReturn:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that cannot show Chinese shows what it can, rather than failing half-way.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # Most commands live for a moment: collecting cycles while modules load, and once more at exit, takes them longer
    # than their work. A long import still collects, only less often.
    gc.set_threshold(100_000, 20, 20)
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)
