"""The clock of the desk: whole seconds in Asia/Shanghai. ``TMCS_NOW`` sets it for tests and rehearsals."""

from __future__ import annotations

import os
from datetime import datetime

from tmcs.core.errors import InputError
from tmcs.core.order import SHANGHAI, parse_time


def is_set() -> bool:
    """Return whether the clock is set by ``TMCS_NOW``: every event written under it says so."""
    return bool(os.environ.get("TMCS_NOW"))


def now() -> datetime:
    """Return the present moment.

    Raises:
        InputError: ``TMCS_NOW`` is no ISO 8601 time.
    """
    text = os.environ.get("TMCS_NOW")
    if not text:
        return datetime.now(SHANGHAI).replace(microsecond=0)
    try:
        return parse_time(text).astimezone(SHANGHAI).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise InputError(
            "TMCS_NOW 有误，应为 ISO 8601 时间", "TMCS_NOW is wrong: expected an ISO 8601 time such as 2026-11-23T10:00:00+08:00"
        ) from None


def stamp(moment: datetime) -> str:
    """Return a moment as events write it: ISO 8601 with offset."""
    return moment.isoformat(timespec="seconds")
