"""`tmcs job survey|gift|care`: planned jobs through their whole life. Each command's module is imported only when it is called."""

from __future__ import annotations

from typing import Final

import click

from tmcs.cli.lazy import LazyGroup

_Table = dict[str, tuple[str, str, str]]

_SURVEY: Final[_Table] = {
    name: ("tmcs.cli.job_survey", zh, en)
    for name, (zh, en) in {
        "new": ("提调查需求", "request a survey"), "draft": ("放入问卷", "put the questionnaire in"),
        "confirm": ("登记平台的确认", "record what the platform fixed"), "start": ("开始，生成名单", "begin, and make the list"),
        "list": ("调查，或其名单", "the surveys, or one's list"), "show": ("查看一次调查", "show one"),
        "answer": ("记下一位的答案", "record one customer's answers"), "import": ("导入答卷", "import answers"),
        "results": ("结果与报表", "results and their report"), "close": ("结束", "close"), "drop": ("取消", "give up"),
    }.items()
}  # fmt: skip
_GIFT: Final[_Table] = {
    name: ("tmcs.cli.job_gift", zh, en)
    for name, (zh, en) in {
        "new": ("派礼申请", "apply for a mailing"), "confirm": ("登记平台确认方案", "record that the platform confirmed it"),
        "list": ("派送，或其名单；定名单", "the mailings, or one's list; make it"), "ready": ("确认名单、礼品备齐", "list confirmed, gifts in place"),
        "call": ("记下核对地址的电话", "record the call"), "ship": ("登记寄出", "record the dispatch"),
        "done": ("登记完成", "finish"), "show": ("查看一次派送", "show one"), "drop": ("取消", "give up"),
    }.items()
}  # fmt: skip
_CARE: Final[_Table] = {
    name: ("tmcs.cli.job_care", zh, en)
    for name, (zh, en) in {
        "new": ("登记特殊个案", "register a special case"), "plan": ("拟关怀方案", "draw up the care"),
        "submit": ("报平台确认", "submit it to the platform"), "confirm": ("登记平台的确认", "record that the platform confirmed it"),
        "done": ("办理并记录", "carried out"), "list": ("关怀一览", "the care plans"), "show": ("查看一宗", "show one"), "drop": ("取消", "give up"),
    }.items()
}  # fmt: skip


@click.group("survey", cls=LazyGroup, table=_SURVEY, short_help="满意度调查 · satisfaction surveys")
def survey() -> None:
    """满意度调查 (P10): 提需求、拟问卷、平台确认、访问、结果 · from request and questionnaire to answers and results."""


@click.group("gift", cls=LazyGroup, table=_GIFT, short_help="礼品派送 · gift mailings")
def gift() -> None:
    """礼品派送 (P11): 申请、确认、名单、外呼并寄送、完成 · apply, confirm, list, call and mail, done."""


@click.group("care", cls=LazyGroup, table=_CARE, short_help="差异化关怀 · differentiated care")
def care() -> None:
    """差异化关怀 (P09): 登记、拟方案、平台确认、办理 · register, plan, confirm, carry out."""


SUBCOMMANDS: Final[dict[str, click.Command]] = {"survey": survey, "gift": gift, "care": care}
