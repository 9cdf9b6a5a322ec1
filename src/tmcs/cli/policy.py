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
    "preview": ("tmcs.cli.policy_cases", "新版会改变哪些未结案件", "which open cases a version would change"),
    "move": ("tmcs.cli.policy_cases", "案件改用现行政策", "move cases to the policy in force"),
    "pin": ("tmcs.cli.policy_cases", "案件保留原版政策", "keep cases under their policy"),
    "backtest": ("tmcs.cli.policy_backtest", "用新政策重判过去的案件", "try a policy on past cases"),
    "bound": ("tmcs.cli.policy_bound", "一单最多可得多少", "the most that one order can draw"),
}


@click.group("policy", cls=LazyGroup, table=COMMANDS, short_help="政策数据 · policy figures")
def command() -> None:
    """手册里的数字: 查看、修改、比较、换版 · the handbook's figures: show, change, compare, bring cases over."""
