"""A report of the desk as tables and charts, to send on: what stands in a workbook and on a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from tmcs.core.policy import Snapshot
from tmcs.core.text import Text, many
from tmcs.jobs.report import Chart, Column, Report, Row, Sheet

Titles = dict[str, list[str]]
_KINDS: Final = {"compensation": ("赔付", "compensation"), "reimbursement": ("报销", "reimbursement"), "refund": ("退款", "refund")}
_AWAITED: Final = (("waits", Text("等待", "wait")), ("approvals", Text("审批", "approval")), ("promises", Text("承诺", "promise")))
_NOTHING: Final = Text("无", "none")


def desk_sheets(found: dict[str, Any], snapshot: Snapshot, titles: Titles) -> Report:
    """Return the report of figures (see :func:`tmcs.cases.desk_report.desk_report`); the most important sheet first."""
    period, last = found["period"], found["last"]
    days = _days(period) if period["days"] > 1 else period["from"]
    before = _days(last) if last["days"] > 1 else last["from"]
    said = Text(f"客服台报表 {days} (对比 {before})", f"desk report {days} (against {before})")
    words = Words(snapshot, titles)
    sheets = [
        _overview(found), _tasks(found, words), _unusual(found, words), _reasons(found, words),
        *(_sums(found, f"by_{name}", name, title, say) for name, title, say in (
            ("flow", Text("流程", "flow"), words.flow), ("tier", Text("层级", "tier"), words.tier),
        )),
        *([_by_day(found)] if period["days"] > 1 else []),
        _cases(found, words), *([] if found["claimants"] is None else [_claimants(found)]), _rulings(found), _jobs(found),
        _awaited(found, words), _broken(found, words),
    ]  # fmt: skip
    return Report(said, datetime.fromisoformat(found["now"]), sheets)


def _days(span: dict[str, Any]) -> str:
    return f"{span['from']}–{span['to']}"


class Words:
    """What causes, flows, queues and tiers are called."""

    def __init__(self, snapshot: Snapshot, titles: Titles) -> None:
        self._snapshot = snapshot
        self._titles = titles

    def reason(self, name: str) -> Text:
        """Return a cause in words."""
        from tmcs.render.ledger import cause

        return Text(cause(self._snapshot, name, "zh"), cause(self._snapshot, name, "en"))

    def flow(self, name: str) -> Text:
        """Return a flow by its title; one that is installed no more by its id."""
        return Text(*self._titles.get(name, [name, name]))

    def tier(self, name: str) -> Text:
        """Return a tier in words."""
        return Text(*self._snapshot.tier_labels.get(name, [name, name]))

    def party(self, name: str) -> Text:
        """Return a queue, a tier, or whoever must answer, in words."""
        if name in self._snapshot.tier_labels and name not in self._snapshot.queues:
            return self.tier(name)
        if name == "customer":
            return Text("客户", "customer")
        from tmcs.render.case_words import queue_name

        return Text(queue_name(name, self._snapshot, "zh"), queue_name(name, self._snapshot, "en"))


def kind_words(kind: str) -> Text:
    """Return a kind of payout in words."""
    return Text(*_KINDS.get(kind, (kind, kind)))


def overview(found: dict[str, Any]) -> list[tuple[Text, Any, Any, bool]]:
    """Return the main figures: name, now, before (None where there is none), and whether they are amounts in fen."""
    cases, money, judged = found["cases"], found["spend"], found["approvals"]
    return [
        (Text("开案", "cases opened"), cases["opened"], cases["last_opened"], False),
        (Text("结案", "cases closed"), cases["closed"], cases["last_closed"], False),
        (Text("其中强制结案", "closed by force"), cases["forced"], cases["last_forced"], False),
        (Text("重新打开", "opened again"), cases["reopened"], cases["last_reopened"], False),
        (Text("结案用时中位数 (工作日)", "median working days to close"), cases["median"], cases["last_median"], False),
        (Text("赔付已答应", "payouts promised"), money["payouts"]["granted"], money["payouts"]["last_granted"], True),
        (Text("赔付已支付", "payouts paid"), money["payouts"]["paid"], money["payouts"]["last_paid"], True),
        (Text("退款已答应", "refunds promised"), money["refunds"]["granted"], money["refunds"]["last_granted"], True),
        (Text("退款已支付", "refunds paid"), money["refunds"]["paid"], money["refunds"]["last_paid"], True),
        (Text("审批通过", "approvals granted"), judged["granted"]["count"], judged["last_granted"]["count"], False),
        (Text("审批驳回", "approvals refused"), judged["refused"]["count"], judged["last_refused"]["count"], False),
    ]


def _number(value: Any, is_money: bool) -> Any:
    """Return a figure of a column that holds counts and amounts alike."""
    if value is None:
        return None
    return Decimal(value).scaleb(-2).quantize(Decimal("0.01")) if is_money else Decimal(str(value))


def _overview(found: dict[str, Any]) -> Sheet:
    columns = [
        Column("name", Text("项目", "figure")), Column("this", Text("本期", "this period"), "number"),
        Column("last", Text("上期", "last period"), "number"), Column("change", Text("变化", "change"), "number"),
    ]  # fmt: skip
    still, broken = found["open"], found["broken"]
    rows: list[Row] = [
        {"name": name, "this": value}
        for name, value in (
            (Text("未结案 (此刻)", "open cases (now)"), _number(still["cases"], False)),
            (Text("逾期任务 (此刻)", "overdue tasks (now)"), _number(sum(one["overdue"] for one in still["tasks"]), False)),
            (Text("逾期承诺 (此刻)", "broken promises (now)"), _number(broken["count"], False)),
            (Text("逾期承诺金额 (元)", "broken promises (CNY)"), _number(broken["amount"], True)),
            (Text("已批准待付 (元)", "approved, not paid (CNY)"), _number(still["to_pay"]["amount"], True)),
        )
    ]
    for name, this, last, is_money in overview(found):
        unit = Text(f"{name.zh} (元)", f"{name.en} (CNY)") if is_money else name
        change = None if this is None or last is None else _number(this, is_money) - _number(last, is_money)
        rows.append({"name": unit, "this": _number(this, is_money), "last": _number(last, is_money), "change": change})
    return Sheet(Text("概览", "overview"), columns, rows)


def _tasks(found: dict[str, Any], words: Words) -> Sheet:
    columns = [Column("party", Text("队列", "queue")), *(Column(name, title, "number") for name, title in COUNTS)]
    rows: list[Row] = [{**one, "party": words.party(one["party"])} for one in found["open"]["tasks"]]
    chart = Chart("bar", Text("未了与逾期的任务", "open and overdue tasks"), "party", ["open", "overdue"])
    return _sheet(Text("任务按队列", "tasks by queue"), columns, rows, [chart])


def _awaited(found: dict[str, Any], words: Words) -> Sheet:
    columns = [
        Column("kind", Text("类别", "kind")), Column("party", Text("对方", "with")), *(Column(name, title, "number") for name, title in COUNTS)
    ]  # fmt: skip
    rows: list[Row] = [{**one, "kind": kind, "party": words.party(one["party"])} for name, kind in _AWAITED for one in found["open"][name]]
    return _sheet(Text("等待、审批、承诺", "waits, approvals, promises"), columns, rows)


#: What is counted of open work, each with its name.
COUNTS: Final = (
    ("open", Text("未了", "open")), ("taken", Text("在办", "taken")), ("held", Text("暂停", "on hold")), ("overdue", Text("逾期", "overdue")),
    ("soon", Text("快到期", "due soon")),
)  # fmt: skip


def _broken(found: dict[str, Any], words: Words) -> Sheet:
    columns = [
        Column("case", Text("案件", "case")), Column("order", Text("订单", "order")), Column("flow", Text("流程", "flow")),
        Column("text", Text("承诺", "promise")), Column("due", Text("应在", "due"), "day"), Column("late", Text("逾期天数", "days late"), "number"),
        Column("amount", Text("金额 (元)", "CNY"), "money"),
    ]  # fmt: skip
    rows: list[Row] = [
        {**one, "flow": words.flow(one["flow"]), "text": Text(one["text"]["zh"], one["text"]["en"]), "due": date.fromisoformat(one["due"])}
        for one in found["broken"]["list"]
    ]
    left = found["broken"]["left_off"]
    if left:
        rows.append({"case": "…", "text": Text(f"另有 {left} 条，见 tmcs case promises --overdue", f"and {left} more: tmcs case promises --overdue")})
    return _sheet(Text("逾期承诺", "broken promises"), columns, rows)


#: The amounts of a group, each with its name.
AMOUNTS: Final = (
    ("granted", Text("已答应", "promised")), ("paid", Text("已支付", "paid")), ("last_granted", Text("上期答应", "last promised")),
    ("last_paid", Text("上期支付", "last paid")),
)  # fmt: skip


def _amounts() -> list[Column]:
    return [
        Column("granted_count", Text("笔数", "entries"), "number"),
        *(Column(name, Text(f"{title.zh} (元)", f"{title.en} (CNY)"), "money") for name, title in AMOUNTS),
    ]  # fmt: skip


def _charts(name: str) -> list[Chart]:
    return [Chart("bar", Text("已支付: 本期与上期 (元)", "paid: this period and the last (CNY)"), name, ["paid", "last_paid"])]


def _reasons(found: dict[str, Any], words: Words) -> Sheet:
    columns = [Column("reason", Text("原因", "reason")), Column("kind", Text("类别", "kind")), *_amounts()]
    rows: list[Row] = [
        {**one, "reason": words.reason(one["reason"]), "kind": kind_words(one["kind"])} for one in found["spend"]["by_reason"]
    ]
    return _sheet(Text("按原因", "by reason"), columns, rows, _charts("reason"))


def _sums(found: dict[str, Any], part: str, name: str, title: Text, say: Callable[[str], Text]) -> Sheet:
    rows: list[Row] = [{**one, name: say(one[name])} for one in found["spend"][part]]
    return _sheet(Text(f"赔付按{title.zh}", f"payouts by {title.en}"), [Column(name, title), *_amounts()], rows, _charts(name))


def _by_day(found: dict[str, Any]) -> Sheet:
    columns = [Column("day", Text("日期", "day"), "day"), Column("last_day", Text("上期日期", "last day"), "day"), *_amounts()]
    rows: list[Row] = [
        {**one, "day": date.fromisoformat(one["day"]), "last_day": date.fromisoformat(one["last_day"])} for one in found["spend"]["by_day"]
    ]
    chart = Chart("line", Text("每日赔付支付 (元)", "payouts paid by day (CNY)"), "day", ["paid", "last_paid"])
    return Sheet(Text("赔付按日", "payouts by day"), columns, rows, [chart])


def _cases(found: dict[str, Any], words: Words) -> Sheet:
    names = (
        ("opened", Text("开案", "opened")), ("last_opened", Text("上期开案", "last opened")), ("closed", Text("结案", "closed")),
        ("last_closed", Text("上期结案", "last closed")), ("median", Text("用时中位数", "median days")),
    )  # fmt: skip
    columns = [Column("flow", Text("流程", "flow")), *(Column(name, title, "number") for name, title in names)]
    rows: list[Row] = [{**one, "flow": words.flow(one["flow"]), "median": _number(one["median"], False)} for one in found["cases"]["by_flow"]]
    chart = Chart("bar", Text("开案与结案", "opened and closed"), "flow", ["opened", "closed"])
    return _sheet(Text("案件按流程", "cases by flow"), columns, rows, [chart])


def claimant(one: dict[str, Any]) -> str | Text:
    """Return a customer as a report names them."""
    return Text("(已删除)", "(erased)") if one["erased"] else str(one["customer"])


def _claimants(found: dict[str, Any]) -> Sheet:
    columns = [
        Column("customer", Text("客户", "customer")), Column("cases", Text("获赔案件", "compensated cases"), "number"),
        Column("amount", Text("金额 (元)", "CNY"), "money"),
    ]  # fmt: skip
    rows: list[Row] = [{**one, "customer": claimant(one)} for one in found["claimants"]["list"]]
    if (left := found["claimants"]["count"] - len(rows)) > 0:
        rows.append({"customer": Text(f"另有 {left} 位", f"and {left} more")})
    return _sheet(Text("多次获赔", "repeat claimants"), columns, rows)


def _rulings(found: dict[str, Any]) -> Sheet:
    columns = [
        Column("ruling", Text("裁定", "ruling")), Column("decisions", Text("本期判定", "decisions"), "number"),
        Column("last_decisions", Text("上期判定", "last decisions"), "number"),
    ]  # fmt: skip
    return _sheet(Text("所用裁定", "rulings used"), columns, list(found["rulings"]))


def _jobs(found: dict[str, Any]) -> Sheet:
    columns = [
        Column("job", Text("工作", "job")), Column("runs", Text("已运行", "runs"), "number"), Column("missed", Text("错过", "missed"), "number"),
        Column("unfinished", Text("未跑完", "unfinished"), "number"), Column("last_run", Text("最近", "last"), "time"),
        Column("missed_days", Text("错过的日期", "days missed")),
    ]  # fmt: skip
    rows: list[Row] = [
        {
            **one, "job": job_title(one), "missed_days": "\n".join(one["missed_days"]),
            "last_run": datetime.fromisoformat(one["last_run"]) if one["last_run"] else None if one["used"] else Text("从未运行", "never run"),
        }
        for one in found["jobs"]
    ]  # fmt: skip
    return _sheet(Text("定时工作", "jobs"), columns, rows)


def job_title(one: dict[str, Any]) -> Text:
    """Return a job in words; one that is installed no more by its id."""
    return Text(one["title"]["zh"], one["title"]["en"]) if one["title"] else Text(one["job"], one["job"])


def unusual(one: dict[str, Any], words: Words) -> Text:
    """Return what stands out, in words."""
    if one["kind"] == "item":
        flow = words.flow(one["flow"])
        return Text(f"商品 {one['item']}: {flow.zh} {one['cases']} 件", f"item {one['item']}: {many(one['cases'], 'case')} of {flow.en}")
    from tmcs.core.money import format_money

    amount, others = format_money(one["amount"]), format_money(one["others"])
    who = (f"坐席 {one['agent']}", f"agent {one['agent']}") if one["agent"] else ("有一位坐席", "one agent")
    return Text(
        f"{who[0]}答应赔付 {one['entries']} 笔共 {amount} 元，其他坐席的中位数为 {others} 元",
        f"{who[1]} promised {amount} CNY in {one['entries']} payouts; the median of the others is {others} CNY",
    )


def _unusual(found: dict[str, Any], words: Words) -> Sheet:
    rows: list[Row] = [{"what": unusual(one, words)} for one in found["unusual"]]
    rows += [{"what": Text(note["zh"], note["en"])} for note in found["notes"]]
    return _sheet(Text("异常与说明", "unusual, and notes"), [Column("what", Text("情况", "what"))], rows)


def _sheet(name: Text, columns: list[Column], rows: list[Row], charts: list[Chart] | None = None) -> Sheet:
    """Return a sheet; one without rows says so, and draws nothing."""
    return Sheet(name, columns, rows, charts or ()) if rows else Sheet(name, columns, [{columns[0].key: _NOTHING}])


__all__ = ["AMOUNTS", "COUNTS", "Words", "claimant", "desk_sheets", "job_title", "kind_words", "overview", "unusual"]
