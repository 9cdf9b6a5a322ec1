"""The rules that a desk sets for its cases: who may do what, who approves, what one customer may be paid, what is kept.

They stand in section ``cases`` of the policy; see :mod:`tmcs.core.case_rules_reader` for what may stand there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tmcs.core.money import parse_money

#: Everything that can be done with cases, each in words, zh and en, as it follows "may not". A role lists what it may.
ACTIONS: Final[dict[str, tuple[str, str]]] = {
    "open": ("建立案件", "open a case"),
    "show": ("查看案件", "show a case"),
    "list": ("列出案件", "list cases"),
    "set": ("补充事实", "add facts to a case"),
    "take": ("领取任务", "take a task"),
    "release": ("放回任务", "release a task"),
    "hand-over": ("转交任务", "hand a task over"),
    "assign": ("分派任务", "assign a task to someone"),
    "done": ("完成任务", "mark a task as done"),
    "pay": ("登记付款", "record a payment"),
    "promise": ("登记承诺", "record a promise"),
    "approve": ("批准赔付", "approve a payout"),
    "reject": ("驳回赔付", "reject a payout"),
    "pause": ("暂停时限", "pause a case"),
    "resume": ("恢复时限", "resume a case"),
    "close": ("关闭案件", "close a case"),
    "force-close": ("强制关闭案件", "close a case by force"),
    "reopen": ("重新打开案件", "reopen a case"),
    "note": ("添加备注", "add a note"),
    "export": ("导出案件", "export cases"),
    "reveal": ("查看个人信息", "see personal data"),
    "erase": ("清除个人信息", "erase personal data"),
    "replay": ("重算决定", "replay a decision"),
    "verify": ("核对审计链", "verify the audit chain"),
    "seal": ("封存审计链", "seal the audit chain"),
    "retention": ("清除到期的个人信息", "erase personal data that is past its time"),
    "backup": ("备份数据", "back up the store"),
    "restore": ("恢复备份", "restore the store"),
    "job-run": ("运行主动服务", "run a proactive job"),
    "job-try": ("试算主动服务", "try a proactive job"),
    "job-mail": ("发送报表", "mail a report"),
    "policy-set": ("修改政策数字", "change a figure of the policy"),
    "policy-move": ("把案件改用新版政策", "move a case to another version of the policy"),
    "plan": ("办理调查、派礼与关怀", "work on surveys, mailings and care"),
    "confirm-plan": ("登记平台的确认", "record what the platform confirmed"),
    "report": ("查看报表", "see the desk's reports"),
    "report-today": ("查看当日概况", "see the day at a glance"),
    "report-agents": ("在报表中查看坐席", "see agents named in a report"),
}
#: What it means that a figure is ``none``, zh and en: it is said wherever the figure is shown.
UNSET: Final[dict[str, tuple[str, str]]] = {
    "customer_day": ("不设上限", "no limit"),
    "order_total": ("不设上限", "no limit"),
    "order_bound": ("不设上限", "no limit"),
    "retention": ("一直保留", "kept"),
}
_NONE: Final = {"value": "none"}
WHENS: Final = ("above-authority", "always")


def listed(value: Any) -> list[str]:
    """Return the members of a list; a lone text counts as a list of one, as in a policy file."""
    return list(value) if isinstance(value, list) else [value] if value else []


class CaseRules:
    """The rules for cases on one day.

    Attributes:
        warn_days: working days before a due day from which a case is listed as due soon.
        customer_day: the most that one customer may be paid in compensation on one day, in fen; None: no limit.
        order_total: the most that one order may be compensated with, in fen; None: no limit of the desk's own.
        order_bound: the most that the flows together may let one order draw, in fen; None: no limit. It refuses plug-ins.
        retention_days: days after closing after which personal data is erased; None: it is kept.
        roles: the roles in words, ``{role: [zh, en]}``.
    """

    __slots__ = ("_approvals", "_may", "_tiers", "customer_day", "order_bound", "order_total", "retention_days", "roles", "warn_days")

    def __init__(self, data: Mapping[str, Any], tiers: Sequence[str]) -> None:
        """Make the rules from section ``cases`` of the policy of one day, which was checked."""

        def figure(name: str) -> str | None:
            text: str = data.get(name, _NONE)["value"]  # a case may be pinned to a policy that is older than a figure
            return None if text == "none" else text

        day, total, most, kept = (figure(name) for name in ("customer_day", "order_total", "order_bound", "retention"))
        self.warn_days = int(data["warn"]["value"])
        self.customer_day = None if day is None else parse_money(day)
        self.order_total = None if total is None else parse_money(total)
        self.order_bound = None if most is None else parse_money(most)
        self.retention_days = None if kept is None else int(kept)
        self.roles: dict[str, list[str]] = {
            name: [one["label"]["zh"], one["label"]["en"]] for name, one in data["roles"].items()
        }
        self._may = {name: frozenset(listed(one["may"])) for name, one in data["roles"].items()}
        self._approvals: Mapping[str, Mapping[str, Any]] = data["approvals"]
        self._tiers = tuple(tiers)

    def may(self, role: str, action: str) -> bool:
        """Return whether a role may do something; an unknown role may do nothing."""
        return action in self._may.get(role, ())

    def who_may(self, action: str) -> list[str]:
        """Return the roles that may do something, in the policy's order."""
        return [role for role, actions in self._may.items() if action in actions]

    def levels(self, reason: str, form: str, above_authority: bool) -> tuple[list[str], list[str]]:
        """Return the tiers that must approve a payout one after the other, and the rules that say so.

        Where several entries apply, every tier that one of them names must approve, and all are cited. Where none
        does both lists are empty: above its tier's authority a payout then needs the approval that the payout itself
        names.

        Args:
            reason, form: of the payout.
            above_authority: whether it is more than the tier that asks may promise by itself.
        """
        levels: set[str] = set()
        cites: dict[str, None] = {}
        for one in self._approvals.values():
            wanted = one["when"] == "always" or above_authority
            if wanted and one.get("reason", reason) == reason and one.get("form", form) == form:
                levels.update(listed(one["levels"]))
                cites.update(dict.fromkeys(listed(one.get("cite"))))
        return sorted(levels, key=self._tiers.index), list(cites)


def cited(cases: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield where section ``cases`` of one day cites rules, and which."""
    for name in ("warn", *UNSET):
        yield (name,), listed(cases.get(name, _NONE).get("cite"))
    for name, one in cases["approvals"].items():
        yield ("approvals", name), listed(one.get("cite"))
