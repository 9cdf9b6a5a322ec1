"""The pages of the policy: limits, payouts, tables, deadlines, areas, settings; and the desk: queues, tiers, roles, approvals."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tmcs.core.case_rules import ACTIONS, UNSET, listed
from tmcs.core.flow import Flow
from tmcs.core.policy import is_dated
from tmcs.core.text import Text
from tmcs.manual.book import Book, pair, term
from tmcs.manual.graph_part import condition, table
from tmcs.manual.model import Block, Cites, Code, Grid, Heading, Inline, Items, Line, Page, Para, Row, joined

_RULES: Final = Text("依据", "rules")
_FIGURE: Final = [Text("项", "figure"), Text("值", "value"), _RULES]
_CASES: Final = {
    "warn": ("到期前几个工作日列为将到期", "working days before a due day from which a case is listed as due soon"),
    "customer_day": ("同一客户一天最多赔付（元）", "the most that one customer may be paid on one day, CNY"),
    "order_total": ("同一订单最多赔付（元）", "the most that one order may be compensated with, CNY"),
    "order_bound": ("各流程合计一单最多可得，插件超过则不用（元）", "the most the flows together may let one order draw, CNY; a plug-in above it is refused"),
    "retention": ("结案几天后清除个人信息", "days after closing after which personal data is erased"),
}  # fmt: skip
_LIMITS: Final = {
    "small-value": ("不取回的原价上限", "list price up to which nothing is collected"),
    "safe-hours": ("付款后多少小时内只致歉", "hours after payment within which an apology is enough"),
    "not-shipped-hours": ("超过多少小时未发货赔付", "hours without dispatch above which is paid"),
    "late-delivery-hours": ("超过多少小时算配送逾期", "hours above which a delivery is overdue"),
    "cutoff-hour": ("几点起算下一天的批次", "hour from which an order is in the next day's batch"),
    "replenish-hours": ("扣单告知的补货小时数", "hours that a held order is announced with"),
    "late-days": ("一般延迟告知的天数", "days that an ordinary delay is announced with"),
    "invoice-mail-hour": ("几点前列入当天的发票邮件", "hour until which an invoice is in that day's mail"),
    "refund-cancel-minutes": ("撤销退款的分钟数", "minutes within which a refund is withdrawn"),
    "tracking-hours": ("满多少小时跟踪发货", "hours at which the dispatch is tracked"),
    "unsigned-hours": ("发货后超过多少小时未签收要查", "hours after dispatch above which an unsigned parcel is looked into"),
}  # fmt: skip


def percent(rate: str) -> str:
    """Return a rate such as ``0.10`` as ``10%``."""
    from tmcs.core.money import parse_number
    from tmcs.core.money import percent as of

    return of(parse_number(rate))


def _span(low: str, high: str) -> str:
    return percent(low) if low == high else f"{percent(low)}–{percent(high)}"


def _money(sum: str) -> Text:
    return Text(f"{sum} 元", f"{sum} CNY")


def _share(row: Mapping[str, Any]) -> list[Inline]:
    """Return what a row pays: a flat sum, or a share with its cap and floor."""
    if row.get("flat"):
        return [_money(row["flat"])]
    said: list[Inline] = [Text(span := _span(row["rate_min"], row["rate_max"]), span)]
    if row.get("cap") not in (None, "", "none"):
        said.append(Text(f"，封顶 {row['cap']} 元", f", at most {row['cap']} CNY"))
    if row.get("floor"):
        said.append(Text(f"，不低于 {row['floor']} 元", f", at least {row['floor']} CNY"))
    return said


def _commit(book: Book, row: Mapping[str, Any]) -> list[Inline]:
    """Return what each tier may promise by itself."""
    caps, parts = row.get("commit_cap") or {}, []
    for tier, figure in (row.get("commit") or {}).items():
        said = f"{figure} CNY" if row.get("flat") else percent(figure)
        zh = said.replace(" CNY", " 元")
        most = caps.get(tier)
        label = pair(book.snapshot.tier_labels[tier])
        parts.append([Text(f"{label.zh} {zh}" + (f"（至多 {most} 元）" if most else ""), f"{label.en} {said}" + (f" (at most {most} CNY)" if most else ""))])
    return joined(parts)


def _cash(book: Book, row: Mapping[str, Any], form: str) -> list[Inline]:
    said: list[Inline] = [term("forms", form)]
    if cash := row.get("cash"):
        tier, span = pair(book.snapshot.tier_labels[cash["from_tier"]]), _span(cash["rate_min"], cash["rate_max"])
        said.append(Text(f"；客户不接受优惠券时，{tier.zh}起可给现金 {span}", f"; cash {span} from the {tier.en} where the coupon is declined"))
    return said


def payout_grid(book: Book, names: Iterable[str], flow: Flow | None, *, anchored: bool) -> Grid:
    """Return payout reasons with their rows; ``anchored``: this is where they are linked to."""
    rows = []
    for name in names:
        one = book.data["payouts"][name]
        title = pair(one["title"])
        for n, row in enumerate(one["rows"].values()):
            cells: list[Line] = [
                [title, Code(name)] if anchored else book.payout(name),
                condition(book, row.get("when") or {}, flow) if len(one["rows"]) > 1 else [Text("一律", "always")],
                _share(row), _commit(book, row), [term("offers", one["offer"]), Text("，", ", "), *_cash(book, row, one["form"])],
                [Cites([*(one["cite"] if not n else []), *row["cite"]])],
            ]  # fmt: skip
            rows.append(Row(cells, f"payouts-{name}" if anchored and not n else "", title))
    heads = [
        Text("原因", "reason"), Text("情形", "case"), Text("赔付", "payout"), Text("各层级可承诺", "each tier may promise"), Text("形式", "form"), _RULES,
    ]  # fmt: skip
    return Grid(heads, rows)


def policy_page(book: Book) -> Page:
    """Return the page of the figures in force."""
    data = book.data
    blocks: list[Block] = [Para([Text("现行的数字，每个都写明依据。", "The figures in force, each with its rules.")], "lead")]
    blocks += _changes(book)
    blocks += [Heading(2, [Text("界限", "Limits")], "limits"), _limits(book)]
    blocks += [Heading(2, [Text("赔付", "Payouts")], "payouts"), payout_grid(book, data["payouts"], None, anchored=True)]
    blocks += [Heading(2, [Text("时限", "Deadlines")], "deadlines"), _deadlines(book)]
    blocks.append(Heading(2, [Text("判定表", "Decision tables")], "tables"))
    for name, one in data["tables"].items():
        blocks += table(book, name, one, None, f"tables-{name}")
    areas = [
        Row([[Code(name)], _places(one), [Cites(one["cite"])]], f"areas-{name}", Text(f"地区 {name}", f"area {name}")) for name, one in data["areas"].items()
    ]
    blocks += [Heading(2, [Text("地区", "Areas")], "areas"), Grid([Text("地区", "area"), Text("范围", "where"), _RULES], areas)]
    blocks += [Heading(2, [Text("本客服台的用语与地址", "Words and addresses of this desk")], "settings"), _settings(book)]
    return Page("policy", Text("政策数字", "Policy figures"), "desk", blocks)


def _settings(book: Book) -> Grid:
    from tmcs.lang.cache import load_yaml
    from tmcs.loader import HANDBOOK

    shipped = load_yaml(os.path.join(HANDBOOK, "settings.yaml"))["settings"]
    rows = []
    for name, value in book.data["settings"].items():
        meaning = shipped.get(name, {}).get("meaning")
        title = pair(meaning) if meaning else Text(f"设置 {name}", f"setting {name}")
        cites = Cites(book.data["setting_cites"].get(name, []))
        rows.append(Row([[title, Code(name)], [pair(value)], [cites]], f"settings-{name}", title))
    return Grid(_FIGURE, rows)


def _places(area: Mapping[str, Any]) -> Line:
    within, without = "、".join(area["within"]), "、".join(area["except"])
    return [Text(f"{within}{f'（{without}除外）' if without else ''}", f"{within}{f' except {without}' if without else ''}")]


def _limits(book: Book) -> Grid:
    rows = []
    for name, one in book.data["limits"].items():
        said = _money(one["value"]) if one["type"] == "money" else Text(one["value"], one["value"])
        title = pair(_LIMITS[name]) if name in _LIMITS else Text(f"界限 {name}", f"limit {name}")
        rows.append(Row([[title, Code(name)], [said], [Cites(one["cite"])]], f"limits-{name}", title))
    return Grid(_FIGURE, rows)


def _deadlines(book: Book) -> Grid:
    rows = []
    for name, one in book.data["deadlines"].items():
        start: Line = [Text("当天起", "from the day itself")] if one["start"] == "now" else book.fact(one["start"])
        cells: list[Line] = [[pair(one["title"]), Code(name)], [pair(one["rule"])], start, [Cites(one["cite"])]]
        rows.append(Row(cells, f"deadlines-{name}", pair(one["title"])))
    return Grid([Text("时限", "deadline"), Text("多久", "how long"), Text("起算", "from"), _RULES], rows)


def _changes(book: Book) -> list[Block]:
    """Return the figures that change on a day, and those that the desk's own policy sets."""
    found = _dated(book.policy.normal()["data"], ())
    rows = [Row([[Code(".".join(path))], [Code(one["from"])], [_shown(one["value"])]]) for path, dated in found for one in dated]
    blocks: list[Block] = []
    if rows:
        heads = [Text("项", "figure"), Text("自", "from"), Text("值", "value")]
        blocks += [Heading(2, [Text("按日期变化的数字", "Figures that change on a day")], "dated"), Grid(heads, rows)]
    if book.changed:
        blocks += [
            Heading(2, [Text("本客服台改过的数字", "Figures that this desk has changed")], "changed"),
            Items([[Code(key)] for key in book.changed]),
        ]
    return blocks


def _shown(value: Any) -> Inline:
    return Code(value if isinstance(value, str) else ", ".join(map(str, value)))


def _dated(value: Any, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    if is_dated(value):
        yield path, sorted(value, key=lambda one: str(one["from"]))
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _dated(one, (*path, str(key)))


# ---- the desk --------------------------------------------------------------------------------------------------------------


def desk_page(book: Book) -> Page:
    """Return the page of the desk: queues, tiers, roles, approvals, limits for cases."""
    blocks: list[Block] = [Para([Text("谁办、谁批、交给谁。", "Who does, who approves, who gets what.")], "lead")]
    blocks += [Heading(2, [Text("队列", "Queues")], "queues"), _queues(book)]
    tiers = [Row([[pair(label)], [Code(name)]]) for name, label in book.snapshot.tier_labels.items()]
    blocks += [Heading(2, [Text("层级（由低到高）", "Tiers, lowest first")], "tiers"), Grid([Text("层级", "tier"), Text("名称", "name")], tiers)]
    blocks += [Heading(2, [Text("角色", "Roles")], "roles"), _roles(book)]
    blocks += [Heading(2, [Text("批准", "Approvals")], "approvals"), _approvals(book)]
    blocks += [Heading(2, [Text("案件的界限", "Limits for cases")], "cases"), _case_limits(book)]
    return Page("desk", Text("队列、层级与批准", "Queues, tiers and approvals"), "desk", blocks)


def _queues(book: Book) -> Grid:
    rows = []
    for name, one in book.data["queues"].items():
        tiers = {tier: pair(book.snapshot.tier_labels[tier]) for tier in one["from"]}
        others: list[Line] = [[Text(f"{tiers[tier].zh}转 ", f"{tiers[tier].en}: "), *book.queue(to)] for tier, to in one["from"].items()]
        cells: list[Line] = [[pair(one["label"])], [Code(name)], joined(others), [Cites(one["cite"])]]
        rows.append(Row(cells, f"queue-{name}", pair(one["label"])))
    return Grid([Text("队列", "queue"), Text("编号", "number"), Text("由这些层级转出时", "when handed over by"), _RULES], rows)


def _roles(book: Book) -> Grid:
    rows = []
    for name, one in book.data["cases"]["roles"].items():
        may: list[Line] = [[pair(ACTIONS[action]) if action in ACTIONS else Code(action)] for action in listed(one["may"])]
        rows.append(Row([[pair(one["label"]), Code(name)], joined(may)]))
    return Grid([Text("角色", "role"), Text("可以", "may")], rows)


def _approvals(book: Book) -> Grid:
    whens = {"always": Text("一律", "always"), "above-authority": Text("超出本层级权限时", "above the tier's authority")}
    rows = []
    for name, one in book.data["cases"]["approvals"].items():
        what: list[Inline] = [*(book.payout(one["reason"]) if one.get("reason") else []), *([term("forms", one["form"])] if one.get("form") else [])]
        levels: list[Line] = [[pair(book.snapshot.tier_labels[tier])] for tier in listed(one["levels"])]
        cites = Cites(listed(one.get("cite")))
        cells: list[Line] = [what or [Text("一切赔付", "every payout")], [whens[one["when"]]], joined(levels, Text("，再 ", ", then ")), [cites]]
        rows.append(Row(cells, f"approval-{name}", Text(f"批准 {name}", f"approval {name}")))
    return Grid([Text("赔付", "payout"), Text("何时", "when"), Text("依次由谁批", "approved by, in turn"), _RULES], rows)


def _case_limits(book: Book) -> Grid:
    rows = []
    for name, words in _CASES.items():
        one = book.data["cases"][name]
        said = pair(UNSET[name]) if one["value"] == "none" and name in UNSET else Text(one["value"], one["value"])
        rows.append(Row([[pair(words), Code(name)], [said], [Cites(listed(one.get("cite")))]], f"case-{name}", pair(words)))
    return Grid(_FIGURE, rows)
