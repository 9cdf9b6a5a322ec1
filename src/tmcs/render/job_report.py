"""The report of a run, to send on: the worklist, the counts with a chart, and what else the job works out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.text import Text
from tmcs.jobs.report import Chart, Column, Report, Row, Sheet
from tmcs.render.worklist import Tiers, figure_title, group_title, offer, task_text

if TYPE_CHECKING:
    from tmcs.jobs.definition import Job

_COLUMNS: Final = (
    ("group", "分组", "group"), ("order", "订单", "order"), ("customer", "客户", "customer"), ("call", "致电", "call"),
    ("do", "怎么做", "what to do"), ("offer", "可给", "offer"), ("tasks", "任务", "tasks"), ("cites", "依据", "rules"),
)  # fmt: skip


def job_report(found: dict[str, Any], job: Job, tiers: Tiers) -> Report:
    """Return the report of a worklist (``tmcs/worklist/1``): the same for the same worklist, whenever it is made."""
    columns = [Column(key, Text(zh, en)) for key, zh, en in _COLUMNS]
    rows = [_row(item, job, tiers) for item in found["items"]]
    sheets = [Sheet(Text("工作清单", "worklist"), columns, rows), _summary(found, job)]
    sheets += _figures(found.get("figures", {}))
    return Report(Text(*job.report), datetime.fromisoformat(found["now"]), sheets)


def _row(item: dict[str, Any], job: Job, tiers: Tiers) -> Row:
    def both(texts: list[dict[str, str]]) -> Text:
        return Text("\n".join(one["zh"] for one in texts), "\n".join(one["en"] for one in texts))

    def per_language(lines: Iterator[tuple[str, str]]) -> Text:
        return both([{"zh": zh, "en": en} for zh, en in lines])

    skipped = item.get("skipped")
    return {
        "group": Text(group_title(job, item["group"], "zh"), group_title(job, item["group"], "en")),
        "order": item["order"] or item["key"],
        "customer": item["customer"],
        "call": Text("是", "yes") if item["call"] else Text(skipped["zh"], skipped["en"]) if skipped else Text("否", "no"),
        "do": both([step["text"] for step in item["steps"]] + [need["ask"] for need in item["needs"]]),
        "offer": per_language((offer(one, tiers, "zh"), offer(one, tiers, "en")) for one in item["payouts"]),
        "tasks": per_language((task_text(one, "zh"), task_text(one, "en")) for one in item["tasks"]),
        "cites": " ".join(item["cites"]),
    }


def _summary(found: dict[str, Any], job: Job) -> Sheet:
    """Return the counts of all groups, those without a hit too, with a chart."""
    columns = [Column("group", Text("分组", "group")), Column("count", Text("数量", "count"), "number")]
    rows: list[Row] = [
        {"group": Text(group_title(job, name, "zh"), group_title(job, name, "en")), "count": count}
        for name, count in found["counts"].items()
    ]
    chart = Chart("bar", Text("各组数量", "hits by group"), "group", ["count"])
    return Sheet(Text("汇总", "summary"), columns, rows, [chart])


def _figures(figures: dict[str, Any]) -> Iterator[Sheet]:
    """Yield a sheet of the figures, and one for each that is a table."""
    columns = [Column("figure", Text("指标", "figure")), Column("value", Text("数值", "value"))]
    plain: list[Row] = [
        {"figure": _titled(key), "value": None if value is None else str(value)} for key, value in figures.items() if not isinstance(value, list)
    ]
    if plain:
        yield Sheet(Text("指标", "figures"), columns, plain)
    for key, values in figures.items():
        if isinstance(values, list) and values and isinstance(values[0], dict):
            heads = [Column(name, _titled(name)) for name in values[0]]
            rows = [{name: None if value is None else str(value) for name, value in one.items()} for one in values]
            yield Sheet(_titled(key), heads, rows)


def _titled(key: str) -> Text:
    return Text(figure_title(key, "zh"), figure_title(key, "en"))


def report_name(found: dict[str, Any], job: Job, ending: str) -> str:
    """Return what the file of a report is called: the job, and the day or the window that its run is of."""
    start, end = found["window"]["from"], found["window"]["to"]
    day = found["now"][:10]
    span = day if end == found["now"] else f"{_short(start)}-{_short(end)}"
    return f"{job.id}-{span}.{ending}"


def _short(moment: str) -> str:
    return moment[:16].replace("-", "").replace(":", "")
