"""Jobs as data: ``job.yaml`` says when a job runs, what it looks at and how its hits are grouped.

What becomes of one hit is decided by the job's own graph (``flow.yaml``, the flow language): its leaf is the group, and
the flow it hands over to decides the rest, so a job's steps, words and rules are drawn, checked and traced as a flow's.
"""

from __future__ import annotations

import os
import re
from datetime import date, datetime, timedelta
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.flow import Flow
from tmcs.core.money import MILLION
from tmcs.core.policy import Snapshot
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text
from tmcs.jobfiles import JobFiles
from tmcs.jobs.select import FIELDS, All, FieldTest, Node, read

#: What a job can read besides the order book.
INPUTS: Final = ("reviews", "complaints", "duty", "answers", "survey-answers", "recipients")
_KEYS: Final = (
    "job", "section", "title", "aliases", "precedence", "every", "inputs", "notes", "hours", "moments", "window", "select", "groups",
    "settled", "report", "not_executable", "note",
)  # fmt: skip
_MOMENT: Final = re.compile(r"([a-z-]+)\.([a-z-]+)(?: D([+-][0-9]{1,3}))?")
_GROUP_KEYS: Final = ("title", "call", "note")
_REPORT_KEYS: Final = ("to", "title", "note")
EVERY: Final = ("day", "working-day", "on-demand")
RECIPIENTS: Final = ("platform", "second-line-complaints", "warehouse", "service-desk", "finance")


class Group:
    """One group of a job's hits: its name in words, ``[zh, en]``, and whether its customers are called."""

    __slots__ = ("call", "id", "title")

    def __init__(self, name: str, title: list[str], call: bool) -> None:
        self.id = name
        self.title = title
        self.call = call


class Job:
    """One proactive job.

    Attributes:
        id, section, title, aliases: its id, its handbook section, its names.
        precedence: of two jobs that would call the same customer, the one with the lower number does (C119).
        every: ``day``, ``working-day`` or ``on-demand``.
        inputs: the files it reads beside the order book: ``{kind: required}``.
        notes: the kinds of notes of the order book it reads (``warehouse``, ``delivery``).
        hours: the limit of the policy that ``$hours-ago`` of the selection goes back by, or None.
        moments: further times that the selection calls ``$name``: ``{name: (job, its figure of the policy, days)}``, as of
            a run so many days from this one.
        window: the field that its window is on, or None where it has none.
        condition: which orders it looks at, or None where its hits come from a file or from its own code.
        groups: by id; a hit is in the group of the leaf that its graph ends at.
        settled: leaves at which nothing is left to be done: what ends there is no hit after all, and is not listed.
        recipients, report: who the report goes to, and what it is called.
        not_executable: the rules of its section that nothing can carry out, each with the reason, ``[zh, en]``.
        flow: the graph that decides each hit; files: the rest of the plug-in.
    """

    __slots__ = (
        "aliases", "condition", "every", "files", "flow", "groups", "hours", "id", "inputs", "moments", "not_executable", "notes",
        "precedence", "recipients", "report", "section", "settled", "title", "window",
    )  # fmt: skip

    id: str
    section: str
    title: list[str]
    aliases: list[str]
    precedence: int
    every: str
    inputs: dict[str, bool]
    notes: list[str]
    hours: str | None
    moments: dict[str, tuple[str, str, int]]
    window: str | None
    condition: Node | None
    groups: dict[str, Group]
    settled: frozenset[str]
    recipients: list[str]
    report: list[str]
    not_executable: dict[str, list[str]]
    flow: Flow
    files: JobFiles

    def at(self, snapshot: Snapshot, day: date) -> datetime:
        """Return when the job runs on a day.

        Raises:
            InputError: the policy does not say.
        """
        try:
            return snapshot.job(self.id).moment("at").on(day)
        except (KeyError, ValueError):
            hint = Text(f"在政策文件里写 jobs.{self.id}.at", f"write jobs.{self.id}.at in a policy file")
            zh, en = f"政策没有规定 {self.id} 几点运行", f"the policy does not say at what time {self.id} runs"
            raise InputError(zh, en, hint=hint) from None

    def due(self, snapshot: Snapshot, day: date) -> datetime | None:
        """Return when its report of a day is due, None where it has none."""
        figures = snapshot.job(self.id)
        return figures.moment("report").on(day) if "report" in figures else None

    def span(self, snapshot: Snapshot, now: datetime, last: datetime | None) -> tuple[datetime, datetime]:
        """Return the window ``[from, to)`` of a run.

        Args:
            now: the moment of the run.
            last: the end of the previous run's window: a window without a fixed end goes on from there (C106).
        """
        figures, day = snapshot.job(self.id), now.date()
        start = figures.moment("from").on(day) if "from" in figures else datetime.combine(day, datetime.min.time(), now.tzinfo)
        if "to" in figures:
            return start, figures.moment("to").on(day)
        if "from" in figures and last is not None and last < start:
            start = last
        return start, now

    def runs_on(self, snapshot: Snapshot, day: date) -> bool:
        """Return whether the job runs on a day by itself."""
        return self.every == "day" or (self.every == "working-day" and snapshot.calendar.is_working(day))

    def next_run(self, snapshot: Snapshot, now: datetime) -> datetime | None:
        """Return when it runs next, None for one that is run on demand."""
        if self.every == "on-demand":
            return None
        day = now.date()
        while not (self.runs_on(snapshot, day) and self.at(snapshot, day) > now):
            day += timedelta(1)
        return self.at(snapshot, day)

    def params(self, snapshot: Snapshot, now: datetime, span: tuple[datetime, datetime]) -> dict[str, str]:
        """Return what ``$…`` stands for in the selection: ``$from``, ``$to``, ``$now``, ``$hours-ago`` and its moments."""
        found = {
            name: snapshot.job(job).moment(figure).on(now.date() + timedelta(days)) for name, (job, figure, days) in self.moments.items()
        }
        found |= {"from": span[0], "to": span[1], "now": now}
        if self.hours is not None:
            found["hours-ago"] = now - timedelta(hours=snapshot.limits[self.hours] / MILLION)
        return {name: moment.isoformat(timespec="seconds") for name, moment in found.items()}


PARAMS: Final = ["from", "to", "now", "hours-ago"]


def read_job(source: Source, files: JobFiles, flow: Flow) -> Job:
    """Return the job that a ``job.yaml`` describes.

    Raises:
        InputError: it is wrong; every fault is named with file, line and column.
    """
    root = source.root
    job = Job()
    job.files, job.flow = files, flow
    if root.keys(_KEYS, ("job", "section", "title", "every", "groups")):
        _fill(job, root)
    if source.findings:
        n = len(source.findings)
        raise InputError(f"工作文件有误: {source.file} (共 {n} 处)", f"the job is wrong: {source.file} ({n} faults)", findings=source.findings)
    return job


def _fill(job: Job, root: Cursor) -> None:
    job.id, job.section, job.title = root["job"].text(), root["section"].text(), root["title"].texts()
    job.aliases = _words(root, "aliases")
    job.precedence = root["precedence"].parsed(int, "整数", "a whole number", 0) if root.get("precedence") else 1000
    job.every = root["every"].word(EVERY, "周期", "word")
    job.inputs = {}
    if inputs := root.get("inputs"):
        for name, need in inputs.items():
            if name not in INPUTS:
                need.fault(f"没有这种输入 {name}", f"unknown input {name}", " | ".join(INPUTS), key=True)
            job.inputs[name] = need.word(("required", "optional"), "取值", "word") == "required"
    job.notes = _words(root, "notes")
    job.hours = root["hours"].text() if root.get("hours") else None
    job.moments = {}
    for name, one in root["moments"].items() if root.get("moments") else ():
        job.moments[name] = one.parsed(_moment, "工作的时刻", "a time of a job such as ship-tracking.at D-1", ("", "", 0))
    job.window = root["window"].word(FIELDS, "字段", "field") if root.get("window") else None
    job.condition = None
    if select := root.get("select"):
        job.condition = read(select, [*PARAMS, *job.moments])
        if job.window is not None:
            bounds = [(">=", "$from"), ("<", "$to")]
            job.condition = All([*_parts(job.condition), FieldTest(job.window, [], bounds, None)])
    job.groups = {}
    for name, group in root["groups"].items():
        if group.keys(_GROUP_KEYS, ("title",)):
            call = group["call"].word(("yes", "no"), "取值", "value") == "yes" if group.get("call") else False
            job.groups[name] = Group(name, group["title"].texts(), call)
    reasons = root.get("not_executable")
    job.not_executable = dict(job.flow.not_executable)
    job.not_executable |= {rule: reason.texts() for rule, reason in reasons.items()} if reasons else {}
    job.settled = frozenset(_words(root, "settled"))
    job.recipients, job.report = [], job.title
    if (report := root.get("report")) and report.keys(_REPORT_KEYS, ("to",)):
        job.recipients = [one.word(RECIPIENTS, "收件方", "recipient") for one in report["to"].each()]
        job.report = report["title"].texts() if report.get("title") else job.title


def _moment(text: str) -> tuple[str, str, int]:
    """Read ``ship-tracking.at D-1``: the time ``at`` of a run of ship-tracking on the day before."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found[1], found[2], int(found[3] or "0")


def _parts(condition: Node) -> list[Node]:
    return condition.parts if isinstance(condition, All) else [condition]


def _words(root: Cursor, key: str) -> list[str]:
    found = root.get(key)
    return [one.text() for one in found.each()] if found else []


def load_job(word: str) -> Job:
    """Return a job by its id or an alias.

    Raises:
        InputError: there is no such job (the nearest are named), or its plug-in is disabled or fails.
    """
    from tmcs.core.errors import unknown_word
    from tmcs.plugins import registry

    known = registry()
    if word not in known.job_names():
        words = {alias.lower(): job.id for job in load_jobs() for alias in (job.id, *job.aliases, *job.title)}
        found = words.get(word.strip().lower())
        if found is None:
            raise unknown_word("工作", "job", word, words)
        word = found
    return _load(word)


def _load(name: str) -> Job:
    from tmcs.files import read_bytes
    from tmcs.lang.limits import MAX_BYTES
    from tmcs.lang.yaml import parse_yaml
    from tmcs.loader import read_flow_files
    from tmcs.plugin_verdict import require
    from tmcs.plugins import registry

    known = registry()
    plugin = known.job(name)
    files = known.host.job_files(plugin)
    flow = read_flow_files(files.folder, name=f"job-{name}")
    flow.installed = frozenset(known.flow_names())
    require(plugin, flow)
    path = os.path.join(files.folder, "job.yaml")
    job = read_job(parse_yaml(read_bytes(path, MAX_BYTES), path), files, flow)
    if job.id != name:
        raise InputError(f"{path}: 工作名应为 {name}", f"{path}: the job must be called {name}")
    missing = [leaf for leaf in leaves(flow) if leaf not in job.groups and leaf not in job.settled]
    if missing:
        names = ", ".join(missing)
        raise InputError(f"{path}: groups 缺少 {names}", f"{path}: groups lacks {names}")
    return job


def leaves(flow: Flow) -> list[str]:
    """Return the names of the nodes at which a graph ends: the groups of a job."""
    return [name for name, node in flow.nodes.items() if node["kind"] == "leaf"]


def load_jobs(report: Any = None) -> list[Job]:
    """Return every job that loads, in their order of precedence; ``report`` is told of those that fail."""
    from tmcs.core.errors import NotFoundError
    from tmcs.plugins import registry

    jobs = []
    for name in registry().job_names():
        try:
            jobs.append(_load(name))
        except (InputError, NotFoundError) as error:
            if report is not None:
                report(name, error)
    return sorted(jobs, key=lambda job: job.precedence)
