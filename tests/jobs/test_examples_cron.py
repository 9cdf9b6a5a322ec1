"""The scripts of the desk's day in examples/cron, run twice under a fixed clock on the example exports."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.kit import EXAMPLES
from tmcs.jobs.definition import load_jobs
from tmcs.store import open_store

CRON = EXAMPLES / "cron"
DAY = sorted(path.name for path in CRON.glob("[0-9]*.sh"))
MAIL = """\
mail:
  outbox: outbox
  from: 客服报表 <reports@desk.example>
  recipients: {platform: ops@platform.example, second-line-complaints: second@desk.example, warehouse: wh@desk.example, service-desk: d@desk.example}
"""


class Desk:
    """A desk with its folders, and a shell in which the scripts are run."""

    def __init__(self, folder: Path, store: str) -> None:
        self.folder = folder
        self.store = store
        (folder / "inbox").mkdir()
        for file in (*EXAMPLES.glob("*.csv"), *(EXAMPLES / "jobs").glob("*.csv")):
            shutil.copy(file, folder / "inbox")
        (folder / "mail.yaml").write_text(MAIL, encoding="utf-8")
        self.env = dict(os.environ) | {
            "INBOX": str(folder / "inbox"), "OUT": str(folder / "out"), "KEEP": str(folder / "keep"), "WAIT": "0",
            "TMCS_STORE": store, "TMCS_MAIL": str(folder / "mail.yaml"), "TMCS_AGENT": "cron",
        }  # fmt: skip

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        clock = f"2026-11-23T{script[:2]}:{script[2:4]}:00+08:00"
        return subprocess.run(["sh", str(CRON / script)], env=self.env | {"TMCS_NOW": clock} | env, capture_output=True, text=True)

    def files(self) -> dict[str, bytes]:
        return {f"{folder}/{path.name}": path.read_bytes() for folder in ("out", "outbox") for path in (self.folder / folder).iterdir()}

    def rows(self, sql: str) -> list[Any]:
        with open_store(self.store) as store:
            return store.execute(sql).fetchall()


@pytest.fixture
def desk(store_url: str, tmp_path: Path) -> Desk:
    return Desk(tmp_path, store_url)


def test_a_day_and_the_same_day_again(desk: Desk) -> None:
    for script in DAY:
        ran = desk.run(script)
        assert (script, ran.returncode, ran.stdout) == (script, 0, ""), ran.stderr
    counts = dict(desk.rows("SELECT job, counts FROM job_run WHERE state = 'done'"))
    assert len(counts) == len([job for job in load_jobs() if job.every != "on-demand"])
    cases, events = desk.rows("SELECT count(*) FROM cases")[0][0], desk.rows("SELECT count(*) FROM event")[0][0]
    assert cases > 10
    assert desk.rows("SELECT state, count(*) FROM mail GROUP BY state") == [("sent", len(list((desk.folder / "outbox").iterdir())))]
    files = desk.files()
    assert sorted(path.name for path in (desk.folder / "keep").iterdir()) == ["seal-2026-11-23.json", "tmcs-2026-11-23.db"]
    for script in DAY:
        ran = desk.run(script)
        assert (script, ran.returncode, ran.stdout) == (script, 0, ""), ran.stderr
    assert desk.files() == files
    assert dict(desk.rows("SELECT job, counts FROM job_run")) == counts
    assert desk.rows("SELECT count(*) FROM cases")[0][0] == cases
    assert desk.rows("SELECT count(*) FROM event")[0][0] == events


def test_reports_are_out_by_the_times_of_the_handbook(desk: Desk) -> None:
    for script in DAY:
        desk.run(script)
    sent = dict(desk.rows("SELECT job, max(at) FROM mail GROUP BY job"))
    for job, due in (("completion-rate", "10:00"), ("ship-tracking", "10:00"), ("review-explanation", "16:30"), ("differentiated-follow-up", "18:00")):
        assert sent[job] <= f"2026-11-23T{due}:00+08:00"
    assert sent["review-explanation"] >= "2026-11-23T16:00:00+08:00"


def test_a_step_that_fails_is_named_and_the_others_are_done(desk: Desk) -> None:
    (desk.folder / "inbox" / "reviews-2026-11.csv").unlink()
    ran = desk.run("0915-morning.sh")
    assert ran.returncode == 2
    assert "0915-morning.sh: tmcs job run review-explanation: exit 2" in ran.stderr
    assert "reviews" in ran.stderr
    done = {job for (job,) in desk.rows("SELECT job FROM job_run WHERE state = 'done'")}
    assert done == {"held-orders", "ship-tracking", "shipped-unsigned", "completion-rate"}


def test_what_is_busy_is_tried_again_three_times(desk: Desk, tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    busy.write_text('#!/bin/sh\nprintf x >> "$COUNT"\nexit 75\n')
    busy.chmod(0o755)
    ran = desk.run("1600-reviews.sh", TMCS=str(busy), COUNT=str(tmp_path / "count"))
    assert ran.returncode == 75
    assert (tmp_path / "count").read_text() == "xxx"
    assert "tmcs job mail review-explanation: exit 75" in ran.stderr


@pytest.mark.parametrize("shell", [one for one in ("sh", "dash", "bash", "busybox") if shutil.which(one)])
def test_shells_read_the_scripts(shell: str) -> None:
    for script in (*DAY, "desk.sh"):
        argv = [shell, "sh"] if shell == "busybox" else [shell]
        assert subprocess.run([*argv, "-n", str(CRON / script)]).returncode == 0


# What cron and systemd themselves say of the files, where they are installed.

if shutil.which("crontab") and "-n" in subprocess.run(["crontab", "-h"], capture_output=True, text=True).stderr:

    def test_cron_takes_the_crontabs(tmp_path: Path) -> None:
        printed, wrong = tmp_path / "crontab", tmp_path / "wrong"
        printed.write_bytes(subprocess.check_output(["tmcs", "-q", "job", "crontab", "--in", "/srv/in box 100%", "--open"]))
        wrong.write_text("61 9 * * * true\n")
        files = (CRON / "crontab", printed, wrong)
        assert [subprocess.run(["crontab", "-n", str(one)], capture_output=True).returncode for one in files] == [0, 0, 1]


if shutil.which("systemd-analyze"):

    def test_systemd_takes_the_units() -> None:
        units = sorted(str(path) for path in (EXAMPLES / "systemd").iterdir())
        checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_each_script_has_its_timer_and_its_line() -> None:
    crontab = (CRON / "crontab").read_text("utf-8")
    for script in DAY:
        hour, minute = int(script[:2]), int(script[2:4])
        assert f"{minute} {hour} * * * /usr/local/share/tmcs/cron/{script}" in crontab
        timer = (EXAMPLES / "systemd" / f"tmcs-desk-{script[:-3]}.timer").read_text("utf-8")
        assert f"OnCalendar=*-*-* {script[:2]}:{script[2:4]}:00 Asia/Shanghai" in timer
        assert f"Unit=tmcs-desk@{script[:-3]}.service" in timer
