"""The most that one order can draw (``tmcs/policy-bound/1``), as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tmcs.core.safe import clean, one_line
from tmcs.render.backtest import KINDS
from tmcs.render.layout import bold, table, wrap

_LINE = 80


def bound_text(found: dict[str, Any], lang: str) -> Iterator[str]:
    """Yield the bound, what it is made of and the way to each part, how it grows, and what the limit refuses."""
    en = lang == "en"
    nothing = "no limit" if en else "无上限"

    def money(text: str | None) -> str:
        return nothing if text is None else text

    paid, total = found["paid"], money(found["total"])
    yield bold(f"the most one order can draw: {total} CNY, where {paid} was paid" if en else f"一单最多可得 {total} 元 (实付 {paid} 元)")
    yield wrap(_grows(found, en), _LINE)
    rows = []
    for kind in found["kinds"]:
        causes = kind["causes"] or [None]
        for n, one in enumerate(causes):
            name = KINDS[kind["kind"]][en] if n == 0 else ""
            most = money(kind["most"]) if n == 0 else ""
            rows.append((name, most, "—" if one is None else one_line(one["reason"]), "—" if one is None else money(one["most"]),
                         "—" if one is None else one_line(one["flow"])))  # fmt: skip
    heads = ["kind", "at most", "cause", "alone", "flow"] if en else ["种类", "最多", "原因", "单项", "流程"]
    yield "\n" + table(rows, heads, align=("left", "right", "left", "right", "left"))
    yield "\n" + bold("how to get there" if en else "怎样到达")
    for kind in found["kinds"]:
        for one in kind["causes"]:
            facts = " ".join(f"{name}={value}" for name, value in one["facts"].items())
            yield wrap(clean(f"{one['flow']} {facts}"), _LINE, f"{one_line(one['reason'])}: ", "    ")
    yield from _by_hand(found["by_hand"], en)
    yield "\n" + ("what was paid, and what can be drawn:" if en else "实付与最多可得:")
    points = [tuple(money(one[key]) for key in ("paid", "compensation", "reimbursement", "refund", "total")) for one in found["points"]]
    heads = ["paid", *(KINDS[name][en] for name in ("compensation", "reimbursement", "refund")), "total" if en else "合计"]
    yield table(points, heads if en else ["实付", *heads[1:]], align=("right",) * 5)
    yield from _limit(found, lang)


def _grows(found: dict[str, Any], en: bool) -> str:
    if found["rate"] is None:
        return "some part of it has no limit" if en else "其中有一部分没有上限"
    if en:
        return f"however much was paid: at most {found['cap']} CNY and {found['rate']} of what was paid"
    return f"无论实付多少: 最多 {found['cap']} 元，另加实付的 {found['rate']} 倍"


def _by_hand(found: list[dict[str, Any]], en: bool) -> Iterator[str]:
    if not found:
        return
    reasons = ", ".join(f"{one_line(one['reason'])} ({one_line(one['flow'])})" for one in found)
    yield "\n" + wrap(
        f"not counted: {reasons} pays what an agent states as granted by the flow before, and no rule limits that; cash needs two "
        "approvals, and cases.order_total limits compensation" if en
        else f"未计入: {reasons} 付的是坐席填写的“前面流程批准的金额”，规则没有上限；付现须两级批准，赔付可用 cases.order_total 限制",
        _LINE,
    )  # fmt: skip


def _limit(found: dict[str, Any], lang: str) -> Iterator[str]:
    en = lang == "en"
    if found["limit"] is None:
        yield "\n" + ("cases.order_bound: no limit is set" if en else "cases.order_bound: 不设上限")
        return
    yield "\n" + (f"cases.order_bound: {found['limit']} CNY besides what grows with the sum paid" if en
                  else f"cases.order_bound: 随实付增长的部分之外，最多 {found['limit']} 元")  # fmt: skip
    for one in found["refused"]:
        yield wrap(one_line(one["reason"][lang]), _LINE, f"! {one_line(one['flow'])}: ", "    ")
