"""When jobs run: what is due, and lines that cron and systemd take, at Shanghai's times whatever the host's zone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tmcs.core.order import parse_time
from tmcs.jobs.definition import load_job, load_jobs
from tmcs.jobs.schedule import ZONE, Command, crontab, missed, systemd
from tmcs.loader import load_policy

NOW = parse_time("2026-11-23T10:00:00+08:00")


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    """Sets the zone of this process, as that of another host."""
    before = os.environ.get("TZ")

    def put(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    yield put
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def command(**over: Any) -> Command:
    given = {"program": "/opt/tmcs", "out": "/srv/out", "inbox": "/srv/in", "opens": True, "environment": {"TMCS_ROLE": "job"}}
    return Command(**{**given, **over})


def lines(text: str, job: str) -> list[str]:
    return [line.split(" /")[0] for line in text.splitlines() if f" job run {job} " in line]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Asia/Shanghai", ["50 8 * * *"]),
        ("UTC", ["50 0 * * *"]),
        ("Asia/Kolkata", ["20 6 * * *"]),
        ("America/New_York", ["50 19 * * *", "50 20 * * *"]),  # with and without summer time
    ],
)  # fmt: skip
def test_a_crontab_says_the_times_of_the_host(zone: Callable[[str], None], name: str, expected: list[str]) -> None:
    zone(name)
    text = crontab(load_jobs(), load_policy().at(NOW), NOW, command())
    assert lines(text, "held-orders") == expected
    assert "CRON_TZ" not in text


def test_with_cron_tz_they_are_shanghais(zone: Callable[[str], None]) -> None:
    zone("America/New_York")
    text = crontab(load_jobs(), load_policy().at(NOW), NOW, command(), zone=ZONE)
    assert lines(text, "oversell") == ["0 17 * * *"]
    assert "\nCRON_TZ=Asia/Shanghai\n" in text


def test_every_job_that_runs_by_itself_has_its_line_and_units(zone: Callable[[str], None]) -> None:
    zone("UTC")
    jobs = [job for job in load_jobs() if job.every != "on-demand"]
    text = crontab(load_jobs(), load_policy().at(NOW), NOW, command())
    assert [len(lines(text, job.id)) for job in jobs] == [1] * len(jobs)
    units = systemd(load_jobs(), load_policy().at(NOW), NOW, command())
    assert set(units) == {f"tmcs-job-{job.id}.{kind}" for job in jobs for kind in ("service", "timer")}
    assert "OnCalendar=*-*-* 09:00:00 Asia/Shanghai" in units["tmcs-job-ship-tracking.timer"]


def test_words_are_quoted() -> None:
    jobs = [load_job("oversell")]
    odd = command(out="/srv/100% o'clock $HOME", program="/opt/a b/tmcs")
    (line,) = (one for one in crontab(jobs, load_policy().at(NOW), NOW, odd).splitlines() if "oversell" in one)
    shell = line.split(" * * * ")[1].removesuffix(" >/dev/null").replace("\\%", "%")
    said = subprocess.run(["sh", "-c", f"printf '%s\\n' {shell}"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == odd.words(jobs[0])
    assert not re.search(r"(?<!\\)%", line)


if shutil.which("systemd-analyze"):

    def test_systemd_takes_the_units(tmp_path: Path) -> None:
        program = tmp_path / "a 100% $b" / "tmcs"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        units = systemd(load_jobs(), load_policy().at(NOW), NOW, command(program=str(program)))
        for name, text in units.items():
            (tmp_path / name).write_text(text)
        checked = subprocess.run(["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)], capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_the_first_day_and_days_off() -> None:
    job, snapshot = load_job("oversell"), load_policy().at(NOW)
    assert missed(None, job, snapshot, NOW) == []
    evening = parse_time("2026-11-23T17:00:00+08:00")
    assert missed(None, job, snapshot, evening) == [evening]
    job.every = "working-day"
    assert job.next_run(snapshot, parse_time("2026-11-27T18:00:00+08:00")) == parse_time("2026-11-30T17:00:00+08:00")
    assert missed(None, job, snapshot, parse_time("2026-11-28T18:00:00+08:00")) == []
    job.every = "on-demand"
    assert (job.next_run(snapshot, NOW), missed(None, job, snapshot, evening)) == (None, [])
