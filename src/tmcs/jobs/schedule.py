"""When jobs run: what is due, and the lines that make cron or systemd run it, in Shanghai's time whatever the host's."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tmcs.core.policy import Snapshot
from tmcs.jobs.definition import Job

if TYPE_CHECKING:
    from tmcs.store.base import Store

ZONE: Final = "Asia/Shanghai"
#: How far back a job that was missed is caught up with (days): longer ago, its calls help nobody.
CATCH_UP: Final = 7


class Due:
    """A run that should have been: which job, and as of when."""

    __slots__ = ("at", "job")

    def __init__(self, job: Job, at: datetime) -> None:
        self.job = job
        self.at = at


def missed(store: Store | None, job: Job, snapshot: Snapshot, now: datetime, days: int = CATCH_UP) -> list[datetime]:
    """Return when a job should have run since its last run, oldest first; the first run ever counts from today.

    Args:
        store: None where there is none yet.
        days: how far back to look.
    """
    if job.every == "on-demand":
        return []
    since = _last_run(store, job)
    first = now.date() - timedelta(days) if since is not None else now.date()
    found = []
    day: date = first
    while day <= now.date():
        at = job.at(snapshot, day)
        if at <= now and (since is None or at > since) and job.runs_on(snapshot, day):
            found.append(at)
        day += timedelta(1)
    return found


def _last_run(store: Store | None, job: Job) -> datetime | None:
    if store is None:
        return None
    row = store.execute("SELECT max(now) FROM job_run WHERE job = ? AND state = 'done'", (job.id,)).fetchone()
    return None if row[0] is None else datetime.fromisoformat(row[0])


def due(store: Store | None, jobs: list[Job], snapshot: Snapshot, now: datetime) -> list[Due]:
    """Return what should run now, in the order of precedence: the latest missed time of each job."""
    return [Due(job, times[-1]) for job in jobs if (times := missed(store, job, snapshot, now))]


def crontab(jobs: list[Job], snapshot: Snapshot, program: str, out: str, *, zone: str | None = ZONE) -> str:
    """Return crontab lines that run each job at its time.

    Args:
        program: the absolute path of ``tmcs``.
        out: the folder that reports go to.
        zone: the time zone that cron is told (``CRON_TZ``); None: times are turned into those of this host, for a cron
            that knows no ``CRON_TZ`` (Debian's): right as long as the host's own zone keeps its offset.
    """
    lines = [
        "# tmcs: the proactive jobs. Times are Asia/Shanghai.",
        "SHELL=/bin/sh",
        "PYTHONUTF8=1",
    ]
    if zone is not None:
        lines.append(f"CRON_TZ={zone}")
    else:
        lines.append("# Turned into this host's time: make these lines anew when its offset changes.")
    for job in jobs:
        if job.every == "on-demand":
            continue
        at = job.at(snapshot, datetime.now().astimezone().date())
        when = at if zone is not None else at.astimezone()
        # A job decides itself whether a day is worked: cron does not know the State Council's calendar.
        lines.append(f"{when.minute} {when.hour} * * * {_quoted(program)} job run {job.id} --if-due --since-last --out {_quoted(out)} -q")
    return "\n".join(lines) + "\n"


def systemd(jobs: list[Job], snapshot: Snapshot, program: str, out: str) -> dict[str, str]:
    """Return systemd units by file name: one service for all jobs, one timer each; missed times are caught up with."""
    files = {
        "tmcs-job@.service": (
            "[Unit]\nDescription=tmcs proactive job %i\n\n[Service]\nType=oneshot\nEnvironment=PYTHONUTF8=1\n"
            f"ExecStart={program} job run %i --if-due --since-last --out {out} -q\n"
            "# 75: another run holds the job; the next time tries again.\nSuccessExitStatus=75\n"
        )
    }
    for job in jobs:
        if job.every == "on-demand":
            continue
        at = job.at(snapshot, datetime.now().astimezone().date())
        files[f"tmcs-job-{job.id}.timer"] = (
            f"[Unit]\nDescription=tmcs {job.title[1]}\n\n[Timer]\nOnCalendar=*-*-* {at.hour:02d}:{at.minute:02d}:00 {ZONE}\n"
            f"Persistent=true\nUnit=tmcs-job@{job.id}.service\n\n[Install]\nWantedBy=timers.target\n"
        )
    return files


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word).replace("%", "\\%")  # cron takes % for a line end
