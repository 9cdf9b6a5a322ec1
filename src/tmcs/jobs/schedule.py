"""When jobs run: what is due, and the lines that make cron or systemd run it, in Shanghai's time whatever the host's."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from tmcs.core.policy import Snapshot
from tmcs.jobs.definition import Job

if TYPE_CHECKING:
    from tmcs.store.base import Store

ZONE: Final = "Asia/Shanghai"
#: How far back a job that was missed is caught up with by itself (days): longer ago, its calls help nobody.
CATCH_UP: Final = 7


class Due:
    """A run that should have been: which job, and as of when."""

    __slots__ = ("at", "job")

    def __init__(self, job: Job, at: datetime) -> None:
        self.job = job
        self.at = at


def missed(store: Store | None, job: Job, snapshot: Snapshot, now: datetime) -> list[datetime]:
    """Return when a job should have run since its last run, oldest first; the first run ever counts from today.

    Args:
        store: None where there is none yet.
    """
    if job.every == "on-demand":
        return []
    since = _last_run(store, job)
    found = []
    day: date = now.date() if since is None else since.date()
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


def crontab(jobs: list[Job], snapshot: Snapshot, now: datetime, command: Command, *, zone: str | None = None) -> str:
    """Return crontab lines that run each job at its time.

    Args:
        now: whose day's times they are, and from when on they hold.
        command: what is run.
        zone: the time zone that cron is told (``CRON_TZ``: cronie knows it, Debian's cron does not); None: times are turned
            into those of this host. Where its offset changes in a year, a job has a line for each: ``--if-due`` makes the one
            that comes at the wrong time do nothing.
    """
    lines = ["# tmcs: the proactive jobs. Their times are those of Asia/Shanghai."]
    if zone is not None:
        lines.append(f"CRON_TZ={zone}")
    else:
        lines.append("# The lines say them in this host's time: make them anew when the host moves to another zone.")
    lines += ["SHELL=/bin/sh", *(f"{name}={value}" for name, value in command.environment.items())]
    for job in jobs:
        if job.every == "on-demand":
            continue
        at = job.at(snapshot, now.date())
        # A job decides itself whether a day is worked: cron does not know the State Council's calendar.
        said = " ".join(map(_quoted, command.words(job)))
        for minute, hour in [(at.minute, at.hour)] if zone is not None else _local_times(at):
            lines.append(f"{minute} {hour} * * * {said} >/dev/null")
    return "\n".join(lines) + "\n"


def _local_times(at: datetime) -> list[tuple[int, int]]:
    """Return minute and hour at which this host's clock shows a daily moment, over a year from it on."""
    shown = ((at + timedelta(day)).astimezone() for day in range(366))
    return sorted({(one.minute, one.hour) for one in shown}, key=lambda time: (time[1], time[0]))


def systemd(jobs: list[Job], snapshot: Snapshot, now: datetime, command: Command) -> dict[str, str]:
    """Return systemd units by file name: a service and a timer for each job; missed times are caught up with."""
    files = {}
    settings = "".join(f"Environment={_unit_word(f'{name}={value}', expanded=False)}\n" for name, value in command.environment.items())
    for job in jobs:
        if job.every == "on-demand":
            continue
        at = job.at(snapshot, now.date())
        program, *words = command.words(job)
        said = " ".join([_unit_word(program, expanded=False), *map(_unit_word, words)])
        files[f"tmcs-job-{job.id}.service"] = (
            f"[Unit]\nDescription=tmcs {job.title[1]}\n\n[Service]\nType=oneshot\n{settings}ExecStart={said}\nStandardOutput=null\n"
            "# 75: another run holds the job; the next time tries again.\nSuccessExitStatus=75\n"
        )
        files[f"tmcs-job-{job.id}.timer"] = (
            f"[Unit]\nDescription=tmcs {job.title[1]}\n\n[Timer]\nOnCalendar=*-*-* {at.hour:02d}:{at.minute:02d}:00 {ZONE}\n"
            "Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
        )
    return files


class Command:
    """What cron or systemd runs for a job.

    Attributes:
        program: the absolute path of ``tmcs``.
        out: the folder that reports go to.
        inbox: the folder that holds the files a job reads, or None.
        opens: whether cases are opened.
        environment: the settings it runs under.
    """

    __slots__ = ("environment", "inbox", "opens", "out", "program")

    def __init__(self, program: str, out: str, inbox: str | None, opens: bool, environment: dict[str, str]) -> None:
        self.program = program
        self.out = out
        self.inbox = inbox
        self.opens = opens
        self.environment = environment

    def words(self, job: Job) -> list[str]:
        """Return the command line for a job."""
        words = [self.program, "-q", "job", "run", job.id, "--if-due", "--since-last", "--out", self.out]
        if job.inputs and self.inbox is not None:
            words += ["--in", self.inbox]
        return [*words, "--open"] if self.opens else words


def _quoted(word: str) -> str:
    import shlex

    return shlex.quote(word).replace("%", "\\%")  # cron takes % for a line end


def _unit_word(word: str, *, expanded: bool = True) -> str:
    """Return a word as a unit file takes it: quoted where need be; ``expanded``: systemd looks for variables there."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    plain = plain.replace("$", "$$") if expanded else plain
    return plain if plain and not set(plain) & set(" \t\"';") else f'"{plain}"'
