"""`tmcs policy`: the handbook's figures. Each subcommand's module is imported only when it is called."""

from __future__ import annotations

from typing import Final

import click

from tmcs.cli.lazy import LazyGroup

#: Subcommand -> (module, short help zh, short help en).
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "show": ("tmcs.cli.policy_show", "列出数字", "list the figures"),
    "set": ("tmcs.cli.policy_change", "修改一个数字", "change a figure"),
    "diff": ("tmcs.cli.policy_change", "比较两个版本", "compare two versions"),
    "validate": ("tmcs.cli.policy_change", "检查政策文件", "check policy files"),
    "backtest": ("tmcs.cli.policy_backtest", "用新政策重判过去的案件", "try a policy on past cases"),
}


@click.group("policy", cls=LazyGroup, table=COMMANDS, short_help="政策数据 · policy figures")
def command() -> None:
    """手册里的数字: 查看、修改、比较、换版 · the handbook's figures: show, change, compare, bring cases over."""
