"""`tmcs job list`, `show`, `due`, `history`, `crontab` and `check`: what jobs there are, when they run, and how they ran."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli.case_given import permitted, store_option
from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.cli.job_given import at_moment
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError, NotFoundError, StorageError, TmcsError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.core.policy import Snapshot
    from tmcs.jobs.definition import Job
    from tmcs.store.base import Store


@contextmanager
def _store(where: str | None) -> Iterator[Store | None]:
    """Open the store for reading; None where there is none yet."""
    from tmcs.store import open_store

    try:
        store = open_store(where)
    except NotFoundError:
        yield None
        return
    with store:
        yield store


def _jobs(now: datetime, lang: str) -> tuple[list[Job], Snapshot, list[tuple[str, TmcsError]]]:
    """Return the jobs that can be used and the policy, and the other jobs with their errors, which are told of."""
    from tmcs.jobs.definition import load_jobs
    from tmcs.loader import load_policy

    failed: list[tuple[str, TmcsError]] = []
    snapshot, jobs = load_policy().at(now), []
    for job in load_jobs(lambda name, error: failed.append((name, error))):
        try:
            job.at(snapshot, now.date())
        except TmcsError as wrong:
            failed.append((job.id, wrong))
        else:
            jobs.append(job)
    for name, error in failed:
        note(f"{name}: {error.text.pick(lang)}")
    return jobs, snapshot, failed


@click.command("list", cls=Command, short_help="工作一览与下次运行 · the jobs, and when each runs next")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · as of this time (ISO 8601)")
@store_option
@format_option("text", "json")
@lang_option
def list_(now_text: str | None, store: str | None, form: str, lang: str) -> int:
    """列出全部工作: 手册章节、时刻、下次运行、上次结果 · list the jobs: section, time, next run, last run and its counts.

    有不可用的工作时退出码 1 · exit 1 where a job cannot be used.
    """
    from tmcs.jobs.overview import summary

    now = at_moment(now_text)
    jobs, snapshot, failed = _jobs(now, lang)
    with _store(store) as opened:
        found = [summary(job, snapshot, now, opened) for job in jobs]
    if form == "json":
        wrong = [{"id": name, "reason": error.text.to_dict()} for name, error in failed]
        _dump({"schema": "tmcs/jobs/1", "now": now.isoformat(timespec="seconds"), "jobs": found, "failed": wrong})
    else:
        from tmcs.render.jobs import job_table

        print(job_table(found, lang))
    return EXIT_FINDINGS if failed else EXIT_OK


@click.command("show", cls=Command, short_help="一项工作的说明 · one job in words")
@click.argument("name", metavar="NAME")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · as of this time (ISO 8601)")
@store_option
@format_option("text", "json")
@lang_option
def show(name: str, now_text: str | None, store: str | None, form: str, lang: str) -> int:
    """说明一项工作: 时段、选取、分组、输入、报表、所引规则 · describe a job: window, selection, groups, inputs, report, rules."""
    from tmcs.cli.flow import flow_cites
    from tmcs.jobs.definition import load_job
    from tmcs.jobs.overview import described
    from tmcs.loader import load_policy

    job, now = load_job(name), at_moment(now_text)
    with _store(store) as opened:
        found = {**described(job, load_policy().at(now), now, opened), "cites": flow_cites(job.flow)}
    if form == "json":
        _dump({"schema": "tmcs/job/1", **found})
    else:
        from tmcs.render.jobs import job_lines

        print(job_lines(found, lang))
    return EXIT_OK


@click.command("due", cls=Command, short_help="现在该运行哪些 · what should run now")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · as of this time (ISO 8601)")
@store_option
@format_option("text", "json")
@lang_option
def due(now_text: str | None, store: str | None, form: str, lang: str) -> int:
    """该运行而没有运行的工作，一行一项，按先后 · the jobs that should have run and have not, a line each, in their order."""
    from tmcs.jobs.schedule import missed

    now = at_moment(now_text)
    jobs, snapshot, _ = _jobs(now, lang)
    with _store(store) as opened:
        found = [(job, times) for job in jobs if (times := missed(opened, job, snapshot, now))]
    if form == "json":
        rows = [{"job": job.id, "at": times[-1].isoformat(), "missed": [one.isoformat() for one in times[:-1]]} for job, times in found]
        _dump({"schema": "tmcs/job-due/1", "now": now.isoformat(timespec="seconds"), "due": rows})
        return EXIT_OK
    for job, times in found:
        more = len(times) - 1
        earlier = Text(f"  另错过 {more} 次", f"  and {more} missed before").pick(lang) if more else ""
        print(f"{times[-1]:%Y-%m-%d %H:%M}  {job.id}{earlier}")
    return EXIT_OK


@click.command("history", cls=Command, short_help="运行记录 · the runs so far")
@click.argument("name", metavar="[NAME]", required=False)
@store_option
@format_option("text", "json")
@lang_option
def history(name: str | None, store: str | None, form: str, lang: str) -> int:
    """列出运行记录，新的在前 · list the runs, the latest first: when, by whom, what was found, how many cases, which report."""
    from tmcs.jobs.definition import load_job
    from tmcs.jobs.overview import runs
    from tmcs.store import open_store

    permitted("list")
    job = None if name is None else load_job(name).id
    with open_store(store) as opened:
        found = runs(opened, job)
        if form == "json":
            _dump({"schema": "tmcs/job-history/1", "runs": list(found)})
            return EXIT_OK
        from tmcs.render.jobs import run_line

        for one in found:
            print(run_line(one, lang))
    return EXIT_OK


@click.command("crontab", cls=Command, short_help="crontab 或 systemd 配置 · lines for crontab, or systemd units")
@click.option("--systemd", "units", metavar="DIR", help="改写 systemd 单元到此目录 · write systemd units into this folder instead")
@click.option("--cron-tz/--local", "zoned", default=False, help="用 CRON_TZ (cronie)，或换算成本机时间 · CRON_TZ, or this host's time [local]")
@click.option("--program", metavar="PATH", help="tmcs 的路径 · the path of tmcs")
@click.option("--out", metavar="DIR", help="报表目录 · the folder of reports")
@click.option("--in", "inbox", metavar="DIR", help="输入文件目录 · the folder of the files that jobs read")
@click.option("--open", "opens", is_flag=True, help="同时建案 · open the cases too")
@lang_option
def crontab(units: str | None, zoned: bool, program: str | None, out: str | None, inbox: str | None, opens: bool, lang: str) -> int:
    """打印 crontab 各行，时刻按上海时间 · print the lines of a crontab; the times are those of Shanghai whatever the host's zone."""
    from tmcs.jobs.schedule import ZONE, systemd
    from tmcs.jobs.schedule import crontab as lines

    now = at_moment(None)
    jobs, snapshot, failed = _jobs(now, lang)
    command = _command(program, out, inbox, opens)
    for job in jobs:
        if inbox is None and any(job.inputs.values()):
            names = ", ".join(name for name, required in job.inputs.items() if required)
            note(Text(f"{job.id} 要读 {names}: 请用 --in 指明目录", f"{job.id} reads {names}: name their folder with --in").pick(lang))
    if units is None:
        print(lines(jobs, snapshot, now, command, zone=ZONE if zoned else None), end="")
    else:
        _write(units, systemd(jobs, snapshot, now, command))
    return EXIT_FINDINGS if failed else EXIT_OK


def _command(program: str | None, out: str | None, inbox: str | None, opens: bool) -> Any:
    import shutil
    import sys

    from tmcs import config
    from tmcs.jobs.schedule import Command as Scheduled

    path = program or shutil.which("tmcs") or sys.argv[0]
    folder = out or (os.path.join(config.state_folder(), "reports") if config.state_folder() else "")
    if not folder:
        raise InputError("没有用户主目录，请用 --out 指明报表目录", "there is no home folder: name the folder of reports with --out")
    for name in (path, folder, inbox or ""):
        if not name.isprintable():
            raise InputError("路径里有不可打印的字符", "a path has a character that cannot be printed")
    return Scheduled(os.path.abspath(path), os.path.abspath(folder), inbox and os.path.abspath(inbox), opens, {"PYTHONUTF8": "1", "TMCS_ROLE": "job"})


def _write(folder: str, files: dict[str, str]) -> None:
    from tmcs.files import write_atomic

    try:
        os.makedirs(folder, exist_ok=True)
        for name, text in files.items():
            write_atomic(os.path.join(folder, name), text.encode(), 0o644)
            print(os.path.join(folder, name))
    except OSError as error:
        raise StorageError(f"无法写入 {folder}: {error.strerror}", f"cannot write {folder}: {error.strerror}") from None


@click.command("check", cls=Command, short_help="检查全部工作 · check every job")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@format_option("text", "json")
@lang_option
def check(names: tuple[str, ...], form: str, lang: str) -> int:
    """走遍每项工作的判定并跑例子；有问题退出码 1 · walk every job's graph and run its worked cases; exit 1 with findings."""
    from tmcs.jobs.check import check_jobs

    reports = check_jobs(names)
    faults = sum(len(report.findings) for report in reports)
    if form == "json":
        _dump({"schema": "tmcs/job-check/1", "checked": [report.to_dict() for report in reports], "ok": not faults})
    else:
        from tmcs.cli.flow import report_lines

        for report in reports:
            print("\n".join(report_lines(report, lang)))
        print(Text(f"共 {len(reports)} 项工作，{faults} 处问题", f"{len(reports)} jobs, {faults} findings").pick(lang))
    return EXIT_FINDINGS if faults else EXIT_OK


def _dump(value: dict[str, Any]) -> None:
    from tmcs.render.data import to_json

    print(to_json(value))


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "list": list_, "show": show, "due": due, "history": history, "crontab": crontab, "check": check,
}  # fmt: skip
