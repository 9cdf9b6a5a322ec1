"""`tmcs`: the root command, its lazily imported subcommands, and the one place where errors are printed."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Any, Final, NoReturn, TextIO

import click

from tmcs.cli.lazy import LazyGroup
from tmcs.core.errors import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_IO, TmcsError

#: Command -> (module, short help zh, short help en). A module is imported only when its command is called.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "resolve": ("tmcs.cli.resolve", "处理一单: 做什么、说什么、能承诺什么", "settle one order problem: do, say, promise"),
    "payout": ("tmcs.cli.payout", "计算赔付", "compute a payout"),
    "disposal": ("tmcs.cli.disposal", "上门取货还是就地报废", "decide pickup or on-site write-off"),
    "script": ("tmcs.cli.script", "话术", "print the words to say"),
    "lint-message": ("tmcs.cli.lint_message", "检查自己要说的话", "check an agent's own words"),
    "flow": ("tmcs.cli.flow", "流程: 列表、查看、校验、流程图", "flows: list, show, check, chart"),
    "rule": ("tmcs.cli.rule", "手册规则", "handbook rules"),
    "order": ("tmcs.cli.order", "订单簿: 导入、查找、查看", "order book: import, find, show"),
    "case": ("tmcs.cli.case", "案件: 建案、队列、台账、审计", "cases: open, queues, ledger, audit"),
    "job": ("tmcs.cli.job", "主动服务: 清单、报表、定时运行", "proactive jobs: worklists, reports, by the clock"),
    "report": ("tmcs.cli.report", "报表: 当日、当月概况", "reports: the day, the month at a glance"),
    "handbook": ("tmcs.cli.handbook", "手册成册: 网页与 Markdown", "the rules as a handbook: web pages, Markdown"),
    "plugin": ("tmcs.cli.plugin", "插件", "plug-ins"),
    "policy": ("tmcs.cli.policy", "政策数据", "policy figures"),
    "store": ("tmcs.cli.store", "数据: 备份、恢复、概况", "the store: back up, restore, look at it"),
    "doctor": ("tmcs.cli.doctor", "体检: 安装、政策、日历、数据、权限", "check installation, policy, calendar, store and rights"),
    "completion": ("tmcs.cli.completion", "命令行补全: bash、zsh、fish", "shell completion: bash, zsh, fish"),
    "man": ("tmcs.cli.man", "手册页 (man)", "manual pages"),
    "config": ("tmcs.cli.config", "配置及其来源", "configuration and where it comes from"),
}


#: The longest line of an error; a hostile file could make it as long as itself.
_LONGEST: Final = 4000


class _ReaderGoneError(Exception):
    """Whoever read the output went away. (click would turn the OSError into an exit code of its own.)"""


class _Root(LazyGroup):
    """The commands of tmcs."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGoneError from None


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from tmcs import __version__

        click.echo(f"tmcs {__version__}")
        ctx.exit()


@click.group(
    cls=_Root,
    table=COMMANDS,
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


def _last(argv: list[str], option: str) -> str:
    """Return the value an option has in the end, ``""`` where it is not given."""
    value = ""
    for n, word in enumerate(argv):
        if word.startswith(f"{option}="):
            value = word[len(option) + 1 :]
        elif word == option and n + 1 < len(argv):
            value = argv[n + 1]
    return value


def _language(argv: list[str]) -> str:
    from tmcs.config import language

    return _last(argv, "--lang") or language()


def _report(error: TmcsError, argv: list[str]) -> int:
    """Print an error on stderr: one line for a person and one for each finding, one JSON object for a program."""
    from tmcs.core.safe import clean_json, one_line

    if _last(argv, "--format") == "json":
        import json

        said = clean_json(json.dumps(error.to_dict(), ensure_ascii=not _shows_all(sys.stderr)))
    else:
        lang = _language(argv)
        texts = [error.text.pick(lang), *(finding.message(lang) for finding in error.findings)]
        texts += [detail.pick(lang) for detail in error.details]
        if error.hint is not None:
            texts.append(error.hint.pick(lang))
        said = "\n".join(f"{'  ' if n else 'tmcs: '}{_cut(one_line(text))}" for n, text in enumerate(texts))
    try:
        print(said, file=sys.stderr, flush=True)
    except OSError:  # where nobody can be told, the exit code still says it
        _discard(sys.stderr)
    return error.exit_code


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _shows_all(stream: TextIO) -> bool:
    """Return whether every character can be written as it is: elsewhere JSON needs its own escapes."""
    return (stream.encoding or "").lower().startswith("utf")


def _show_notes(argv: list[str]) -> None:
    """Print on stderr what the stores that were opened have to tell, unless ``-q`` was given."""
    store = sys.modules.get("tmcs.store")  # a command that loaded none has nothing to tell
    if store is None or not store.notes:
        return
    from tmcs.core.safe import one_line

    quiet = any(word in ("-q", "--quiet") for word in argv[: next(n for n, word in enumerate(argv) if word in COMMANDS)])
    lang = _language(argv)
    with suppress(OSError):
        for text in () if quiet else store.notes:
            print(one_line(text.pick(lang)), file=sys.stderr)
    store.notes.clear()


def _from_os(error: OSError) -> TmcsError:
    from tmcs.core.errors import StorageError

    what = os.strerror(error.errno) if error.errno else str(error)
    name = f"{error.filename}: " if error.filename else ""
    return StorageError(f"读写失败: {name}{what}", f"cannot read or write: {name}{what}")


def run(argv: list[str]) -> int:
    """Run one command line and return its exit code; every error is printed here and nowhere else."""
    debug = "--debug" in argv
    code = 0
    try:
        found: Any = cli.main(args=argv, prog_name="tmcs", standalone_mode=False)
        code = found if isinstance(found, int) else 0
        sys.stdout.flush()
        return code
    except TmcsError as error:
        if debug:
            raise
        return _report(error, argv)
    except (click.exceptions.Abort, KeyboardInterrupt):
        with suppress(OSError):
            print(file=sys.stderr)
        return EXIT_INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.ClickException as error:
        from tmcs.cli.usage import usage_error

        return _report(usage_error(error), argv)
    except (_ReaderGoneError, BrokenPipeError):
        # The reader (head, less) went away: not our error, and what was decided stays as it was.
        _give_up_output()
        return code
    except OSError as error:
        if debug:
            raise
        report = _from_os(error)
        if error.filename is None and _give_up_output():
            from tmcs.core.errors import StorageError

            what = os.strerror(error.errno) if error.errno else str(error)
            report = StorageError(f"无法写出结果: {what}", f"cannot write the output: {what}")
        _report(report, argv)
        return EXIT_IO
    except Exception as error:
        if debug:
            raise
        from tmcs.core.errors import InternalError

        said = f"{type(error).__name__}"
        fault = InternalError(f"内部错误 ({said})，请用 --debug 重试并上报", f"internal fault ({said}); run again with --debug")
        _report(fault, argv)
        return EXIT_INTERNAL
    finally:
        _show_notes(argv)


def _give_up_output() -> bool:
    """Send what stdout could not write nowhere, lest the interpreter fail over it again at exit; say whether it was so."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)
        return True
    return False


def _discard(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_missing_streams() -> None:
    """Put something in the place of a standard stream that the caller closed, so that no file is taken for it.

    A closed stdin is empty, a closed stdout fails on writing, and nobody reads a closed stderr.
    """
    for name, mode, flags in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode, encoding="utf-8"))  # noqa: SIM115


def _complete(instruction: str) -> NoReturn:
    from tmcs.cli.complete import answer

    gc.disable()
    code = answer(instruction)
    gc.freeze()
    sys.exit(code)


def main() -> NoReturn:
    """Entry point of the console script."""
    if "_TMCS_COMPLETE" in os.environ:  # a shell asks what could come next
        _complete(os.environ["_TMCS_COMPLETE"])
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that cannot show Chinese shows what it can, rather than failing half-way.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    # Most commands live for a moment: collecting cycles while modules load, and once more at exit, takes them longer
    # than their work. A long import still collects, only less often.
    gc.set_threshold(100_000, 20, 20)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    gc.freeze()
    sys.exit(code)
