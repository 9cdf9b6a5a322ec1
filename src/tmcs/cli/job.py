"""`tmcs job`: the proactive jobs. Each subcommand's module is imported only when it is called."""

from __future__ import annotations

from typing import Final

import click

from tmcs.cli.lazy import LazyGroup

#: Subcommand -> (module, short help zh, short help en).
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "list": ("tmcs.cli.job_list", "工作一览与下次运行", "the jobs, and when each runs next"),
    "show": ("tmcs.cli.job_list", "一项工作的说明", "one job in words"),
    "run": ("tmcs.cli.job_run", "运行，给出工作清单与报表", "run one: worklist and report"),
    "due": ("tmcs.cli.job_list", "现在该运行哪些", "what should run now"),
    "history": ("tmcs.cli.job_list", "运行记录", "the runs so far"),
    "crontab": ("tmcs.cli.job_list", "crontab 或 systemd 配置", "lines for crontab, or systemd units"),
    "check": ("tmcs.cli.job_list", "检查全部工作", "check every job"),
    "mail": ("tmcs.cli.job_mail", "发送报表", "send the report of a run"),
    "topic": ("tmcs.cli.job_topic", "改正评价主题", "correct the topic of a review"),
    "survey": ("tmcs.cli.job_plan", "满意度调查", "satisfaction surveys"),
    "gift": ("tmcs.cli.job_plan", "礼品派送", "gift mailings"),
    "care": ("tmcs.cli.job_plan", "差异化关怀", "differentiated care"),
}


@click.group("job", cls=LazyGroup, table=COMMANDS, short_help="主动服务工作 · the proactive jobs")
def command() -> None:
    """主动服务: 评价解释、扣单、超卖、发货跟踪 … · the proactive jobs: find trouble before the customer calls."""
