"""A report of the desk on a terminal: what needs somebody now and the main figures on one screen, then the tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.safe import one_line
from tmcs.core.text import Text
from tmcs.render.case_words import cut, pad, t
from tmcs.render.desk_sheets import AMOUNTS, COUNTS, Titles, Words, claimant, job_title, kind_words, overview, unusual
from tmcs.render.layout import bold, columns, dim, strong, table, wrap

_WIDE: Final = 80
_PROMISES: Final = 10  # broken promises on the screen
_NAME: Final = 24  # columns of a name in a table
_FIGURE: Final = 36  # of the name of a figure
_FLOW: Final = 16  # of the flow of a promise
_PROMISE: Final = 25  # of its words
_RULING: Final = 16  # of a ruling with its counts
_WEEKDAYS: Final = (("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"), ("周六", "Sat"), ("周日", "Sun"))


def desk_text(found: dict[str, Any], snapshot: Snapshot, titles: Titles, lang: str) -> Iterator[str]:
    """Yield a report of figures (see :func:`tmcs.cases.desk_report.desk_report`) piece by piece."""
    words = Words(snapshot, titles)
    yield _head(found, lang)
    yield _attention(found, lang)
    yield _figures(found, lang)
    yield _queues(found, words, lang)
    for piece in (
        _broken(found, words, lang), _money(found, words, lang), _by_day(found, lang), _cases(found, words, lang), _claimants(found, lang),
        _rulings(found, lang), _jobs(found, lang), _unusual(found, words, lang),
    ):  # fmt: skip
        if piece:
            yield "\n" + piece


def _wide() -> int:
    return columns(_WIDE)


def _day(text: str, lang: str) -> str:
    return f"{text} {_WEEKDAYS[date.fromisoformat(text).weekday()][lang == 'en']}"


def _span(span: dict[str, Any], lang: str) -> str:
    return _day(span["from"], lang) if span["days"] == 1 else f"{span['from']} – {span['to']}"


def _head(found: dict[str, Any], lang: str) -> str:
    now = datetime.fromisoformat(found["now"])
    title = t(lang, "当日概况", "The day at a glance") if found["kind"] == "day" else t(lang, "月度概况", "The month at a glance")
    until = t(lang, f"截至 {now:%H:%M}", f"until {now:%H:%M}") if found["running"] else t(lang, f"于 {now:%m-%d %H:%M}", f"seen {now:%m-%d %H:%M}")
    before = t(lang, f"对比 {_span(found['last'], lang)}", f"against {_span(found['last'], lang)}")
    return bold(f"{title} {_span(found['period'], lang)}") + "\n" + dim(f"{until} · {before}")


def _attention(found: dict[str, Any], lang: str) -> str:
    """Return what needs somebody now, a line each; it says so where nothing does."""
    broken, still = found["broken"], found["open"]
    lines = []
    if broken["count"]:
        first = broken["list"][0]
        said, of = format_money(broken["amount"]), broken["of_money"]
        money = t(lang, f"，其中 {of} 条共 {said} 元", f", {said} CNY in {of} of them") if of else ""
        lines.append(t(
            lang, f"逾期承诺 {broken['count']} 条{money}，最早 {broken['since']} (案件 {first['case']})",
            f"Broken promises: {broken['count']}{money}; since {broken['since']} (case {first['case']})",
        ))  # fmt: skip
    late, soon = (sum(one[name] for one in still["tasks"]) for name in ("overdue", "soon"))
    if late:
        lines.append(t(lang, f"逾期任务 {late} 项", f"Overdue tasks: {late}"))
    if missed := sum(one["missed"] for one in found["jobs"]):
        names = "、".join(job_title(one).zh for one in found["jobs"] if one["missed"])
        en_names = ", ".join(job_title(one).en for one in found["jobs"] if one["missed"])
        lines.append(t(lang, f"定时工作错过 {missed} 次: {names}", f"Job runs missed: {missed} ({en_names})"))
    out = [wrap(one_line(line), _wide(), strong("! ")) for line in lines] or [t(lang, "没有逾期的承诺和任务。", "No promise and no task is overdue.")]
    asked = sum(one["open"] for one in still["approvals"])
    out.append(wrap(t(
        lang, f"此刻: 未结案 {still['cases']} (暂停 {still['paused']}) · 快到期任务 {soon} · 待审批 {asked}"
        f" · 已批待付 {still['to_pay']['count']} 笔 {format_money(still['to_pay']['amount'])} 元",
        f"Now: open cases {still['cases']} ({still['paused']} paused) · tasks due soon {soon} · to approve {asked}"
        f" · approved, not paid {still['to_pay']['count']}: {format_money(still['to_pay']['amount'])} CNY",
    ), _wide()))  # fmt: skip
    return "\n".join(out)


def _shown(value: Any, is_money: bool) -> str:
    return "—" if value is None else format_money(value) if is_money else str(value)


def _change(this: Any, last: Any, is_money: bool) -> str:
    if this is None or last is None or this == last:
        return ""
    return ("+" if this > last else "-") + _shown(abs(this - last), is_money)


def _figures(found: dict[str, Any], lang: str) -> str:
    rows = [
        [name.pick(lang), _shown(this, is_money), _shown(last, is_money), _change(this, last, is_money)]
        for name, this, last, is_money in overview(found)
    ]
    return "\n" + _table(rows, [Text("", ""), Text("本期", "this"), Text("上期", "last"), Text("变化", "change")], lang, name=_FIGURE)


def _queues(found: dict[str, Any], words: Words, lang: str) -> str:
    rows: list[list[Any]] = [
        [words.party(one["party"]).pick(lang), *(one[name] or "" for name, _ in COUNTS)] for one in found["open"]["tasks"]
    ]
    for kind, label in (("waits", Text("等: ", "waiting: ")), ("approvals", Text("待批: ", "to approve: ")), ("promises", Text("承诺: ", "promised: "))):
        rows += [
            [label.pick(lang) + words.party(one["party"]).pick(lang), *(one[name] or "" for name, _ in COUNTS)] for one in found["open"][kind]
        ]
    if not rows:
        return "\n" + t(lang, "没有未了的任务。", "No task is open.")
    return "\n" + _table(rows, [Text("队列", "queue"), *(title for _, title in COUNTS)], lang)


def _table(rows: list[list[Any]], heads: list[Text], lang: str, texts: int = 1, name: int = _NAME) -> str:
    """Return a table: its first columns are texts, of a width at most, the rest figures."""
    cells = [[cut(str(cell), name) if n < texts else cell for n, cell in enumerate(row)] for row in rows]
    align = ["left"] * texts + ["right"] * (len(heads) - texts)
    return table(cells, [head.pick(lang) for head in heads], "simple", align)


def _title(lang: str, zh: str, en: str, more: str = "") -> str:
    return bold(t(lang, zh, en)) + (dim(f"  {more}") if more else "") + "\n"


def _broken(found: dict[str, Any], words: Words, lang: str) -> str:
    broken = found["broken"]
    if not broken["count"]:
        return ""
    rows = [
        [
            one["case"], cut(words.flow(one["flow"]).pick(lang), _FLOW), one["text"]["en" if lang == "en" else "zh"], one["due"], one["late"],
            "" if one["amount"] is None else format_money(one["amount"]),
        ]
        for one in broken["list"][:_PROMISES]
    ]  # fmt: skip
    heads = [Text("案件", "case"), Text("流程", "flow"), Text("承诺", "promise"), Text("应在", "due"), Text("天", "late"), Text("元", "CNY")]
    left = broken["count"] - len(rows)
    more = t(lang, f"\n另有 {left} 条: tmcs case promises --overdue", f"\nand {left} more: tmcs case promises --overdue") if left else ""
    return _title(lang, "逾期承诺", "Broken promises") + _table(rows, heads, lang, 4, _PROMISE) + dim(more)


def _money(found: dict[str, Any], words: Words, lang: str) -> str:
    spend = found["spend"]
    if not spend["by_reason"]:
        return _title(lang, "款项", "Money") + t(lang, "两期都没有答应或支付款项。", "Nothing was promised or paid in either period.")
    heads = [title for _, title in AMOUNTS]
    parts = []
    for part, key, say, head in (
        ("by_reason", "reason", words.reason, Text("原因", "reason")), ("by_flow", "flow", words.flow, Text("赔付按流程", "payouts by flow")),
        ("by_tier", "tier", words.tier, Text("赔付按层级", "payouts by tier")),
    ):  # fmt: skip
        rows = [[_name(one, key, say(one[key]), lang), *(format_money(one[name]) for name, _ in AMOUNTS)] for one in spend[part]]
        if rows:
            parts.append(_table(rows, [head, *heads], lang))
    count, amount = spend["asked"]["count"], format_money(spend["asked"]["amount"])
    more = t(lang, f"另有 {count} 笔 {amount} 元待审批", f"to approve: {count} more, {amount} CNY") if count else ""
    return _title(lang, "款项 (元)", "Money (CNY)", more) + "\n\n".join(parts)


def _name(one: dict[str, Any], key: str, name: Text, lang: str) -> str:
    if key != "reason" or one["kind"] in ("compensation", one["reason"]):
        return name.pick(lang)
    return f"{name.pick(lang)} ({kind_words(one['kind']).pick(lang)})"


def _by_day(found: dict[str, Any], lang: str) -> str:
    days = [one for one in found["spend"]["by_day"] if any(one[name] for name, _ in AMOUNTS)]
    if found["kind"] == "day" or not days:
        return ""
    rows = [[f"{one['day'][5:]} / {one['last_day'][5:]}", *(format_money(one[name]) for name, _ in AMOUNTS)] for one in days]
    return _title(lang, "赔付按日 (元)", "Payouts by day (CNY)") + _table(rows, [Text("本期 / 上期", "this / last"), *(title for _, title in AMOUNTS)], lang)


def _cases(found: dict[str, Any], words: Words, lang: str) -> str:
    rows = [
        [words.flow(one["flow"]).pick(lang), one["opened"], one["last_opened"], one["closed"], one["last_closed"], _shown(one["median"], False)]
        for one in found["cases"]["by_flow"]
    ]
    if not rows:
        return ""
    last = Text("上期", "last")
    heads = [Text("流程", "flow"), Text("开案", "opened"), last, Text("结案", "closed"), last, Text("中位工作日", "median days")]
    return _title(lang, "案件按流程", "Cases by flow") + _table(rows, heads, lang)


def _claimants(found: dict[str, Any], lang: str) -> str:
    repeat = found["claimants"]
    if repeat is None or not repeat["count"]:
        return ""
    rows = [[_plain(claimant(one), lang), one["cases"], format_money(one["amount"])] for one in repeat["list"]]
    more = t(lang, f"共 {repeat['count']} 位", f"{repeat['count']} in all")
    return _title(lang, "多次获赔的客户", "Repeat claimants", more) + _table(rows, [Text("客户", "customer"), Text("案件", "cases"), Text("元", "CNY")], lang)


def _plain(name: str | Text, lang: str) -> str:
    return name.pick(lang) if isinstance(name, Text) else name


def _rulings(found: dict[str, Any], lang: str) -> str:
    used = [one for one in found["rulings"] if one["decisions"]]
    if not used:
        return ""
    said = [pad(f"{one['ruling']} {one['decisions']} ({one['last_decisions']})", _RULING) for one in used]
    each = _wide() // _RULING
    lines = ["".join(said[n : n + each]).rstrip() for n in range(0, len(said), each)]
    return _title(lang, "所用裁定", "Rulings used", t(lang, "判定次数 (上期)", "decisions (last period)")) + "\n".join(lines)


def _jobs(found: dict[str, Any], lang: str) -> str:
    used = [one for one in found["jobs"] if one["used"] or one["unfinished"]]
    never = len(found["jobs"]) - len(used)
    if not used:
        return _title(lang, "定时工作", "Jobs") + t(lang, "还没有运行过。", "None has run yet.") if never else ""
    rows = [
        [job_title(one).pick(lang), one["runs"] or "", one["missed"] or "", one["unfinished"] or "", (one["last_run"] or "—")[5:16].replace("T", " ")]
        for one in used
    ]
    heads = [Text("工作", "job"), Text("已运行", "runs"), Text("错过", "missed"), Text("未跑完", "unfinished"), Text("最近", "last")]
    more = t(lang, f"另有 {never} 项从未运行", f"{never} more never ran") if never else ""
    return _title(lang, "定时工作", "Jobs", more) + _table(rows, heads, lang)


def _unusual(found: dict[str, Any], words: Words, lang: str) -> str:
    lines = [unusual(one, words).pick(lang) for one in found["unusual"]] + [note["en" if lang == "en" else "zh"] for note in found["notes"]]
    if not lines:
        return ""
    return _title(lang, "异常与说明", "Unusual, and notes") + "\n".join(wrap(one_line(line), _wide(), "· ") for line in lines)
