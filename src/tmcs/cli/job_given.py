"""What the commands of `tmcs job` start with: the moment, who may, and the reports that they write."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import StorageError

if TYPE_CHECKING:
    from tmcs.core.policy import Snapshot
    from tmcs.jobs.definition import Job

#: The forms of a report.
REPORTS: Final = ("xlsx", "csv", "html", "md")


def at_moment(now_text: str | None) -> datetime:
    """Return the moment of ``--now`` in Shanghai's time, else that of the clock.

    Raises:
        InputError: it is no time.
    """
    from tmcs.cases import clock

    if now_text is None:
        return clock.now()
    from tmcs.cli.given import moment
    from tmcs.core.order import SHANGHAI

    return moment(now_text).astimezone(SHANGHAI)


def write_job_report(found: dict[str, Any], job: Job, snapshot: Snapshot, folder: str, form: str, lang: str) -> list[str]:
    """Write the report of a worklist into a folder, made where it is missing, and return its files.

    Raises:
        StorageError: it cannot be written; an older report stays as it is.
    """
    from tmcs.render.job_report import job_report, report_name
    from tmcs.render.report import write_report

    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StorageError(f"无法建立目录 {folder}: {error.strerror}", f"cannot make the folder {folder}: {error.strerror}") from None
    report = job_report(found, job, snapshot.tier_labels)
    return write_report(report, os.path.join(folder, report_name(found, job, form)), lang)
