"""`tmcs case`: cases, queues, money and audit. Each subcommand's module is imported only when it is called."""

from __future__ import annotations

from typing import Final

import click

from tmcs.cli.lazy import LazyGroup

#: Subcommand -> (module, short help zh, short help en).
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "open": ("tmcs.cli.case_open", "建案", "open a case"),
    "show": ("tmcs.cli.case_show", "查看案件", "show a case"),
    "list": ("tmcs.cli.case_show", "案件列表", "list cases"),
    "set": ("tmcs.cli.case_open", "得知事实，重新判定", "learn facts and decide anew"),
    "take": ("tmcs.cli.case_queue", "领取队列中最早的任务", "claim the oldest task of a queue"),
    "release": ("tmcs.cli.case_queue", "退回任务", "give a task back"),
    "hand-over": ("tmcs.cli.case_queue", "转交队列", "hand a task over to a queue"),
    "assign": ("tmcs.cli.case_queue", "指派给同事", "give a task to an agent"),
    "done": ("tmcs.cli.case_queue", "任务完成、承诺兑现", "a task is done, a promise kept"),
    "withdraw": ("tmcs.cli.case_queue", "撤回任务、承诺或等待", "withdraw a task, promise or wait"),
    "pay": ("tmcs.cli.case_money", "赔付", "pay"),
    "promise": ("tmcs.cli.case_money", "承诺赔付", "promise money"),
    "approve": ("tmcs.cli.case_money", "批准", "approve"),
    "reject": ("tmcs.cli.case_money", "驳回", "reject"),
    "ledger": ("tmcs.cli.case_money", "赔付台账与余额", "promises and payments, and what is left"),
    "promises": ("tmcs.cli.case_show", "对客户的承诺", "what customers were promised"),
    "pause": ("tmcs.cli.case_life", "暂停计时", "stop the time while somebody is awaited"),
    "resume": ("tmcs.cli.case_life", "恢复计时", "let the time run again"),
    "note": ("tmcs.cli.case_life", "备注", "add a note"),
    "close": ("tmcs.cli.case_life", "结案", "close"),
    "reopen": ("tmcs.cli.case_life", "重新打开", "open again"),
    "export": ("tmcs.cli.case_audit", "导出", "export"),
    "replay": ("tmcs.cli.case_audit", "重算并核对", "recompute a decision and compare"),
    "verify": ("tmcs.cli.case_audit", "核对审计链", "check the audit chain"),
    "seal": ("tmcs.cli.case_audit", "封存审计链头", "seal the audit chain and export its head"),
    "erase": ("tmcs.cli.case_audit", "删除客户个人信息", "erase a customer's personal data"),
    "retention": ("tmcs.cli.case_audit", "按期限清理个人信息", "erase personal data by age"),
}


@click.group("case", cls=LazyGroup, table=COMMANDS, short_help="案件、队列、台账 · cases, queues, ledger")
def command() -> None:
    """案件: 建案、领任务、赔付、审批、结案、审计 · cases: open, take, pay, approve, close, audit."""
