"""Jobs and their runs as text."""

from __future__ import annotations

from typing import Any, Final

from tmcs.core.safe import one_line
from tmcs.render.layout import bold, columns, table, wrap
from tmcs.render.worklist import moment, t

_EVERY: Final = {"day": ("每天", "daily"), "working-day": ("工作日", "working days"), "on-demand": ("按需", "on demand")}
_STATES: Final = {"running": ("未完", "not finished"), "done": ("完成", "done")}
PARTIES: Final = {
    "platform": ("平台", "platform"), "second-line-complaints": ("二线投诉", "second-line complaints"), "warehouse": ("仓库", "warehouse"),
    "service-desk": ("客服", "service desk"), "finance": ("财务", "finance"),
}  # fmt: skip
NOTES: Final = {"warehouse": ("仓库反馈", "warehouse feedback"), "delivery": ("配送报表", "delivery report")}


def every(word: str, lang: str) -> str:
    """Return on which days a job runs."""
    return _EVERY[word][lang == "en"]


def counts(found: dict[str, int] | None, lang: str) -> str:
    """Return the counts of a run in one line, groups without a hit left out."""
    if found is None:
        return "—"
    return ", ".join(f"{name} {count}" for name, count in found.items() if count) or t(lang, "没有", "none")


def job_table(jobs: list[dict[str, Any]], lang: str) -> str:
    """Return the jobs as a table."""
    heads = t(lang, "工作 名称 手册 时刻 下次 上次 结果", "job name section at next last found").split()
    rows = []
    for one in jobs:
        last = one["last"]
        at = f"{every(one['every'], lang)} {one['at']}" if one["every"] != "on-demand" else every("on-demand", lang)
        rows.append((
            one["id"], one["title"][lang], one["section"], at, moment(one["next"])[5:] if one["next"] else "—",
            "—" if last is None else moment(last["now"])[5:] + ("" if last["state"] == "done" else t(lang, " 未完", " not finished")),
            "" if last is None else counts(last["counts"], lang),
        ))  # fmt: skip
    return table(rows, heads)


def job_lines(found: dict[str, Any], lang: str) -> str:
    """Return one job in words."""
    rows: list[tuple[str, str]] = []

    def add(zh: str, en: str, text: str) -> None:
        rows.append((t(lang, zh, en), text))

    window = found["window"]
    on = f" ({window['on']})" if window["on"] else ""
    add("运行", "runs", f"{every(found['every'], lang)} {found['at']}" + (t(lang, "，下次 ", ", next ") + moment(found["next"]) if found["next"] else ""))
    add("时段", "window", f"{moment(window['from'])} – {moment(window['to'])}{on}")
    if found["select"]:
        add("选取", "selects", found["select"][lang])
    inputs = [f"{one['title'][lang]} ({one['kind']}{'' if one['required'] else t(lang, '，可缺', ', optional')})" for one in found["inputs"]]
    read = [t(lang, "订单簿", "order book"), *(NOTES[one][lang == "en"] for one in found["notes"]), *inputs]
    add("读取", "reads", t(lang, "、", ", ").join(read))
    for group in found["groups"]:
        add("分组", "group", f"{group['id']}: {group['title'][lang]}" + (t(lang, "（致电）", " (call)") if group["call"] else ""))
    if found["report"]["to"]:
        to = t(lang, "、", ", ").join(PARTIES[one][lang == "en"] for one in found["report"]["to"])
        by = found["report_due"] and moment(found["report_due"])
        due = t(lang, f"，{by} 前", f", by {by}") if by else ""
        add("报表", "report", f"{found['report']['title'][lang]} → {to}{due}")
    add("依据", "rules", " ".join(found["cites"]))
    for rule, reason in found["not_executable"].items():
        add("不办", "not done", f"{rule}: {reason[lang]}")
    head = f"{bold(found['title'][lang])} · {found['id']} · {found['section']}"
    return "\n".join([head, *(wrap(one_line(text), columns(), f"{label:<{10 - (len(label) if lang == 'zh' else 0)}}") for label, text in rows)])


def run_line(one: dict[str, Any], lang: str) -> str:
    """Return a run in two lines."""
    state = _STATES[one["state"]][lang == "en"]
    hits = t(lang, f"{one['items']} 条", f"{one['items']} hits")
    parts = [counts(one["counts"], lang), t(lang, f"案件 {one['cases']}", f"{one['cases']} cases"), one["agent"]]
    if one["report"]:
        parts.append(one["report"])
    return one_line(f"{moment(one['now'])}  {one['job']}  {state}  {hits}") + "\n    " + one_line(" · ".join(parts))
