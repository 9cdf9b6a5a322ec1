"""What a backtest found (``tmcs/backtest/1``): as text for a terminal, and as a report to send on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from tmcs.cases.backtest import CHANGES, UNKNOWN
from tmcs.core.money import parse_money
from tmcs.core.text import Text, many
from tmcs.jobs.report import Chart, Column, Report, Row, Sheet

KINDS: Final[dict[str, tuple[str, str]]] = {
    "compensation": ("赔付", "compensation"), "reimbursement": ("报销", "reimbursement"), "refund": ("退款", "refund"),
}  # fmt: skip
_SUMS: Final = (
    ("old_commit", ("可自行承诺 旧", "may promise, old")), ("new_commit", ("可自行承诺 新", "may promise, new")),
    ("diff_commit", ("差额", "difference")), ("old_max", ("最高 旧", "most, old")), ("new_max", ("最高 新", "most, new")),
    ("diff_max", ("最高差额", "difference of the most")), ("promised", ("当时承诺", "promised")), ("paid", ("当时已付", "paid")),
)  # fmt: skip


def _fen(text: str) -> int:
    return -parse_money(text[1:]) if text.startswith("-") else parse_money(text)


def _signed(text: str) -> str:
    return text if text.startswith("-") or _fen(text) == 0 else f"+{text}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "—"


# ---- text ----------------------------------------------------------------------------------------------------------------


def backtest_text(found: dict[str, Any], lang: str) -> Iterator[str]:
    """Yield what was found, the sums first."""
    from tmcs.core.safe import one_line
    from tmcs.render.layout import bold, table, wrap
    from tmcs.render.words import say

    en = lang == "en"

    def head(zh: str, english: str) -> str:
        return "\n" + bold(english if en else zh)

    def end(word: str) -> str:
        return say("status" if word in ("waiting", "needs-facts") else "outcomes", word, lang)

    cases = found["cases"]
    counts = [(found["changed"], ("改变", "changed")), (found["same"], ("相同", "the same")), (found["unknown"], ("不能确定", "cannot be known"))]
    said = ("，" if not en else ", ").join(f"{words[en]} {n} ({_percent(n, cases)})" for n, words in counts)
    yield bold(f"{many(cases, 'case')}: {said}" if en else f"{cases} 件: {said}")
    if found["on"]:
        yield f"the new figures are those of {found['on']}" if en else f"新政策按 {found['on']} 的数字"
    for total in found["totals"]:
        yield wrap(_total_line(total, en), 80, "", "  ")
    if found["undecided"]:
        yield wrap(_undecided(found["undecided"], lang), 80)
    if found["not_as_pinned"]:
        yield wrap(_not_pinned(found["not_as_pinned"], lang), 80)
    if found["changes"]:
        yield head("改了什么", "what changes")
        yield "  ".join(f"{CHANGES[name][en]} {n}" for name, n in found["changes"].items())
    if found["money"]:
        yield head("按原因与层级 (元)", "by reason and tier (CNY)")
        yield _money_table(found["money"], en)
    if found["outcomes"]:
        yield head("改变的结局", "changed outcomes")
        rows: list[tuple[Any, ...]] = [(one["flow"], f"{end(one['old'])} → {end(one['new'])}", one["cases"]) for one in found["outcomes"][:20]]
        yield table(rows, ["flow", "outcome", "cases"] if en else ["流程", "结局", "件数"], align=("left", "left", "right"))
    if found["unknowns"]:
        yield head("不能确定的", "cannot be known")
        rows = [(UNKNOWN[one["why"]][en], wrap(one_line(one["what"][lang]), 32), one["cases"], one_line(one["example"])) for one in found["unknowns"][:20]]
        yield table(rows, ["why", "what", "cases", "e.g."] if en else ["原因", "内容", "件数", "例如"], align=("left", "left", "right", "left"))
    if found["largest"]:
        yield head("变化最大的", "the largest changes")
        rows = [
            (one_line(one["case"]), one["flow"], one["tier"], one["old"]["max"], one["new"]["max"], _signed(one["difference"]["max"]), one["paid"])
            for one in found["largest"]
        ]  # fmt: skip
        heads = ["case", "flow", "tier", "old", "new", "difference", "paid"] if en else ["案件", "流程", "层级", "旧", "新", "差额", "当时已付"]
        yield table(rows, heads, align=("left", "left", "left", *["right"] * 4))


def _total_line(total: dict[str, Any], en: bool) -> str:
    kind = KINDS[total["kind"]][en]
    most, commit = total["difference"]["max"], total["difference"]["commit"]
    if en:
        return (f"{kind}: {_signed(most)} CNY at most ({total['old']['max']} → {total['new']['max']}), {_signed(commit)} of it promised "
                f"without approval; was promised {total['promised']}, paid {total['paid']}")  # fmt: skip
    return (f"{kind}: 最高 {_signed(most)} 元 ({total['old']['max']} → {total['new']['max']})，其中可自行承诺 {_signed(commit)}；"
            f"当时承诺 {total['promised']}，已付 {total['paid']}")  # fmt: skip


def _not_pinned(number: int, lang: str) -> str:
    return Text(
        f"其中 {number} 件当时的流程或政策不在手边，以现在的代替", f"{number} of them: flow or policy of their day is not at hand, today's stands for it"
    ).pick(lang)


def _undecided(number: int, lang: str) -> str:
    return Text(
        f"其中 {number} 件新旧政策下都还缺同一事实，只比较已判定的部分",
        f"{number} of them lack the same fact under both and are compared as far as they go",
    ).pick(lang)


def _money_table(money: list[dict[str, Any]], en: bool) -> str:
    from tmcs.core.safe import one_line
    from tmcs.render.layout import table

    rows = [
        (one_line(one["reason"]), one_line(one["tier"]), one["cases"], _signed(one["difference"]["commit"]), one["old"]["max"], one["new"]["max"],
         _signed(one["difference"]["max"]), one["paid"])
        for one in money[:30]
    ]  # fmt: skip
    zh = ["原因", "层级", "件数", "承诺±", "最高旧", "最高新", "最高±", "已付"]
    heads = ["reason", "tier", "cases", "commit ±", "max old", "max new", "max ±", "paid"] if en else zh
    return table(rows, heads, align=("left", "left", *["right"] * 6))


# ---- report --------------------------------------------------------------------------------------------------------------


def backtest_report(found: dict[str, Any], clock: datetime) -> Report:
    """Return the report of a backtest, with its charts."""
    sheets = [_overview(found), _reasons(found), _by_tier(found), _outcomes(found), _unknowns(found), _largest(found)]
    return Report(Text("政策回测", "policy backtest"), clock, sheets)


def _overview(found: dict[str, Any]) -> Sheet:
    figures = [
        (Text("案件", "cases"), found["cases"]), (Text("改变", "changed"), found["changed"]), (Text("相同", "the same"), found["same"]),
        (Text("不能确定", "cannot be known"), found["unknown"]),
        (Text("新旧都还缺事实", "lack a fact under both"), found["undecided"]),
        (Text("以现在的流程或政策代替", "today's flow or policy in the place of their own"), found["not_as_pinned"]),
        *((Text(f"改变: {CHANGES[name][0]}", f"changed: {CHANGES[name][1]}"), n) for name, n in found["changes"].items()),
    ]  # fmt: skip
    rows: list[Row] = [{"figure": text, "cases": n} for text, n in figures]
    return Sheet(Text("概况", "overview"), [Column("figure", Text("项", "figure")), Column("cases", Text("件数", "cases"), "number")], rows)


def _sums(one: dict[str, Any]) -> dict[str, int]:
    return {
        "old_commit": _fen(one["old"]["commit"]), "new_commit": _fen(one["new"]["commit"]), "diff_commit": _fen(one["difference"]["commit"]),
        "old_max": _fen(one["old"]["max"]), "new_max": _fen(one["new"]["max"]), "diff_max": _fen(one["difference"]["max"]),
        "promised": _fen(one["promised"]), "paid": _fen(one["paid"]),
    }  # fmt: skip


def _money_columns() -> list[Column]:
    return [Column("cases", Text("件数", "cases"), "number"), *(Column(key, Text(*words), "money") for key, words in _SUMS)]


def _reasons(found: dict[str, Any]) -> Sheet:
    """Return the sums by reason, all tiers together, with the chart of old against new."""
    added: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found["money"]:
        row = added.setdefault((one["kind"], one["reason"]), {"reason": one["reason"], "kind": Text(*KINDS[one["kind"]]), "cases": 0})
        row["cases"] += one["cases"]
        for key, fen in _sums(one).items():
            row[key] = row.get(key, 0) + fen
    rows = sorted(added.values(), key=lambda row: -abs(row["diff_max"]))
    columns = [Column("reason", Text("原因", "reason")), Column("kind", Text("种类", "kind")), *_money_columns()]
    chart = Chart("bar", Text("各原因最高金额: 旧与新", "the most by reason: old and new"), "reason", ["old_max", "new_max"])
    return Sheet(Text("按原因", "by reason"), columns, rows, [chart] if rows else [])


def _by_tier(found: dict[str, Any]) -> Sheet:
    rows: list[Row] = [
        {"name": f"{one['reason']} · {one['tier']}", "kind": Text(*KINDS[one["kind"]]), "cases": one["cases"], **_sums(one)} for one in found["money"]
    ]
    columns = [Column("name", Text("原因与层级", "reason and tier")), Column("kind", Text("种类", "kind")), *_money_columns()]
    chart = Chart("bar", Text("差额 (元)", "difference (CNY)"), "name", ["diff_commit", "diff_max"])
    return Sheet(Text("按原因与层级", "by reason and tier"), columns, rows, [chart] if rows else [])


def _outcomes(found: dict[str, Any]) -> Sheet:
    columns = [
        Column("flow", Text("流程", "flow")), Column("old", Text("旧结局", "old outcome")), Column("new", Text("新结局", "new outcome")),
        Column("cases", Text("件数", "cases"), "number"),
    ]  # fmt: skip
    rows: list[Row] = [dict(one) for one in found["outcomes"]]
    return Sheet(Text("改变的结局", "changed outcomes"), columns, rows)


def _unknowns(found: dict[str, Any]) -> Sheet:
    columns = [
        Column("why", Text("原因", "why")), Column("what", Text("内容", "what")), Column("cases", Text("件数", "cases"), "number"),
        Column("example", Text("例如", "for example")),
    ]  # fmt: skip
    rows: list[Row] = [
        {"why": Text(*UNKNOWN[one["why"]]), "what": Text(one["what"]["zh"], one["what"]["en"]), "cases": one["cases"], "example": one["example"]}
        for one in found["unknowns"]
    ]
    return Sheet(Text("不能确定", "cannot be known"), columns, rows)


def _largest(found: dict[str, Any]) -> Sheet:
    heads = (
        ("case", "案件", "case"), ("flow", "流程", "flow"), ("tier", "层级", "tier"), ("day", "日期", "day"),
        ("old", "旧结局", "old outcome"), ("new", "新结局", "new outcome"),
    )  # fmt: skip
    money = (
        ("old_max", "最高 旧", "most, old"), ("new_max", "最高 新", "most, new"), ("diff", "差额", "difference"),
        ("promised", "当时承诺", "promised"), ("paid", "当时已付", "paid"),
    )  # fmt: skip
    columns = [*(Column(key, Text(zh, en)) for key, zh, en in heads), *(Column(key, Text(zh, en), "money") for key, zh, en in money)]
    rows: list[Row] = [
        {
            **{key: one[key] for key in ("case", "flow", "tier", "day")}, "old": one["old"]["outcome"], "new": one["new"]["outcome"],
            "old_max": _fen(one["old"]["max"]), "new_max": _fen(one["new"]["max"]), "diff": _fen(one["difference"]["max"]),
            "promised": _fen(one["promised"]), "paid": _fen(one["paid"]),
        }
        for one in found["largest"]
    ]  # fmt: skip
    chart = Chart("bar", Text("变化最大的案件 (元)", "the largest changes (CNY)"), "case", ["diff"])
    return Sheet(Text("变化最大", "largest changes"), columns, rows, [chart] if rows else [])
