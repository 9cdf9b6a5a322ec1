"""The page of a job, and the calendar of a day of them all."""

from __future__ import annotations

import os
from typing import Any, Final

from tmcs.core.job_rules import Moment, cites_of
from tmcs.core.text import Text
from tmcs.jobs.definition import Job
from tmcs.jobs.kinds import kind
from tmcs.jobs.overview import words
from tmcs.jobs.stages import FILE, life_of
from tmcs.manual.book import Book, pair
from tmcs.manual.flow_page import graph_blocks, opening
from tmcs.manual.graph_part import Drawn, excuses
from tmcs.manual.model import (
    Block,
    Cites,
    Code,
    Grid,
    Heading,
    Inline,
    Items,
    Line,
    Link,
    Page,
    Para,
    Row,
    Terms,
    joined,
)
from tmcs.render.jobs import NOTES, PARTIES, every

_DAYS: Final = {-2: ("前天", "two days before"), -1: ("前一天", "the day before"), 0: ("当天", "the day"), 1: ("次日", "the day after")}
_FIGURES: Final = {
    "at": ("运行", "runs"), "from": ("时段起", "window from"), "to": ("时段止", "window to"), "report": ("报表送达", "report due"),
    "report-open": ("报表可开始", "report may begin"), "shelf-life-days": ("保质期天数", "days of shelf life"),
    "answer-days": ("等平台答复的天数", "days for the platform's answer"), "quarter-days": ("季度调查后几天到期", "days after a quarterly survey"),
    "half-year-days": ("半年调查后几天到期", "days after a half-yearly survey"), "other-days": ("其他周期后几天到期", "days after another period"),
    "low-score": ("几分及以下要跟进", "score at or below which is followed up"),
}  # fmt: skip
_RULES: Final = Text("依据", "rules")


def _moment(text: str) -> Text:
    """Return a moment such as ``D-1 18:00`` in words."""
    one = Moment(text)
    clock = f"{one.hour:02d}:{one.minute:02d}"
    day = _DAYS.get(one.days) or (f"运行日 {one.days:+d} 天", f"day {one.days:+d}")
    return Text(f"{day[0]} {clock}", f"{day[1]}, {clock}")


def _figure(one: dict[str, Any]) -> Text:
    return _moment(one["value"]) if one["type"] == "moment" else Text(one["value"], one["value"])


def job_page(book: Book, job: Job) -> Page:
    """Return the page of one job."""
    page = f"job-{job.id}"
    blocks: list[Block] = opening(book, page, job.section, job.id, job.aliases)
    blocks += [Heading(2, [Text("何时、看什么", "When, and what it looks at")], "when"), Terms(_when(book, job)), *_figures(book, job)]
    groups = [Row([[pair(one.title)], [Code(one.id)], [Text("致电", "call") if one.call else Text("—", "—")]]) for one in job.groups.values()]
    heads = [Text("分组", "group"), Text("名称", "name"), Text("客户", "customer")]
    blocks += [Heading(2, [Text("分组", "Groups")], "groups"), Grid(heads, groups)]
    blocks += graph_blocks(book, Drawn(book, job.flow))
    nexts = dict.fromkeys([*job.flow.nexts, *job.flow.jumps])
    if nexts:
        blocks += [Heading(2, [Text("转往的流程", "Hands over to")], "next"), Items([book.flow(name) for name in nexts])]
    blocks += _life(job)
    missing = excuses(job.not_executable)
    if missing:
        blocks += [Heading(2, [Text("不办的规则", "Rules not carried")], "not-carried"), *missing]
    return Page(page, pair(job.title), "jobs", blocks, job.section)


def _when(book: Book, job: Job) -> list[tuple[Text, Line]]:
    figures = book.data["jobs"].get(job.id, {})
    runs = Text(every(job.every, "zh"), every(job.every, "en"))
    at: list[Inline] = [Text("，", ", "), _moment(figures["at"]["value"])] if "at" in figures and job.every != "on-demand" else []
    pairs: list[tuple[Text, Line]] = [(Text("运行", "runs"), [runs, *at])]
    if job.window is not None or "from" in figures:
        start = _moment(figures["from"]["value"]) if "from" in figures else Text("当天 00:00", "the day, 00:00")
        end = _moment(figures["to"]["value"]) if "to" in figures else Text("运行时", "the run")
        pairs.append((Text("时段", "window"), [start, Text(" – ", " – "), end, *([Code(job.window)] if job.window else [])]))
    if job.condition is not None:
        pairs.append((Text("选取", "selects"), [Text(words(job.condition, "zh"), words(job.condition, "en"))]))
    reads: list[Line] = [[Text("订单簿", "order book")], *([pair(NOTES[one])] for one in job.notes)]
    for name, required in job.inputs.items():
        columns = "、".join(column.header for column in kind(name).required())
        reads.append([kind(name).title, *([] if required else [Text("（可缺）", " (optional)")]), Code(f"{name}: {columns}" if columns else name)])
    pairs.append((Text("读取", "reads"), joined(reads)))
    if job.recipients:
        to = joined([[pair(PARTIES[one])] for one in job.recipients])
        pairs.append((Text("报表", "report"), [pair(job.report), Text(" → ", " → "), *to]))
    first = Text(f"{job.precedence}（小的先致电）", f"{job.precedence} (the lower one calls first)")
    pairs.append((Text("先后", "precedence"), [first, Cites(["C119"], quiet=True)]))
    return pairs


def _figures(book: Book, job: Job) -> list[Block]:
    rows = []
    for name, one in book.data["jobs"].get(job.id, {}).items():
        label = pair(_FIGURES[name]) if name in _FIGURES else Text(name, name)
        rows.append(Row([[label, Code(name)], [_figure(one)], [Cites(cites_of(one))]], f"figure-{name}", label))
    if not rows:
        return []
    return [Heading(3, [Text("数字", "Figures")], "figures"), Grid([Text("项", "figure"), Text("值", "value"), _RULES], rows)]


def _life(job: Job) -> list[Block]:
    """Return the stages of a planned job and the steps between them."""
    if not os.path.exists(os.path.join(job.files.folder, FILE)):
        return []
    life = life_of(job.files.folder)
    stages = [Row([[one.title], [Code(one.id)], [Cites(one.cites)]], f"stage-{one.id}", one.title) for one in life.stages.values()]
    steps = [
        Row([[one.title, Code(one.id)], joined([[life.stages[name].title] for name in one.froms]),
             [life.stages[one.to].title if one.to else Text("不变", "stays")], [Cites(one.cites)]], f"step-{one.id}", one.title)
        for one in life.steps.values()
    ]  # fmt: skip
    return [
        Heading(2, [Text("方案的阶段", "Stages of a plan")], "stages"), Grid([Text("阶段", "stage"), Text("名称", "name"), _RULES], stages),
        Heading(3, [Text("步骤", "Steps")], "plan-steps"), Grid([Text("步骤", "step"), Text("从", "from"), Text("到", "to"), _RULES], steps),
    ]  # fmt: skip


def calendar_page(book: Book) -> Page:
    """Return the calendar of a day: what runs when, and what is due."""
    found: list[tuple[tuple[int, int, int], Row]] = []
    for job in book.jobs:
        for name, one in book.data["jobs"].get(job.id, {}).items():
            if one["type"] != "moment" or (name == "at" and job.every == "on-demand"):
                continue
            at = Moment(one["value"])
            what: list[Inline] = [pair(_FIGURES[name]) if name in _FIGURES else Code(name)]
            if name == "at":
                what.append(Text(f"（{every(job.every, 'zh')}）", f" ({every(job.every, 'en')})"))
            link = Link(f"job-{job.id}", "", pair(job.title))
            found.append(((at.days, at.hour, at.minute), Row([[_moment(one["value"])], [link], what, [Cites(cites_of(one), quiet=True)]])))
    rows = [row for _, row in sorted(found, key=lambda one: one[0])]
    heads = [Text("时刻", "time"), Text("工作", "job"), Text("什么", "what"), _RULES]
    order = sorted(book.jobs, key=lambda job: (job.precedence, job.id))
    calls = Text("几项工作都要致电同一位客户时，只由排在前面的致电。", "Where several jobs would call the same customer, only the first of these does.")
    blocks: list[Block] = [
        Para([Text("一个运行日前后，按上海时间。", "Around one day of running, in Shanghai's time.")], "lead"),
        Heading(2, [Text("一天", "The day")], "day"), Grid(heads, rows),
        Heading(2, [Text("谁先致电", "Who calls first")], "precedence"),
        Para([calls, Cites(["C119"])]),
        Items([[Link(f"job-{job.id}", "", pair(job.title))] for job in order], ordered=True),
    ]  # fmt: skip
    return Page("calendar", Text("一天的日历", "Calendar of a day"), "jobs", blocks)
