"""The figures of the proactive jobs: hours, windows and reporting times, from section ``jobs`` of the policy.

A time is written as in the contract: ``D-1 18:00`` is 18:00 in Shanghai on the day before the day of the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from tmcs.core.money import parse_number
from tmcs.core.order import SHANGHAI
from tmcs.core.source import Cursor

TYPES: Final = ("moment", "number")
_KEYS: Final = ("type", "value", "cite", "note")
_MOMENT: Final = re.compile(r"D([+-][0-9]{1,3})? ([01][0-9]|2[0-3]):([0-5][0-9])")


class Moment:
    """A time of day, so many days from the day of a run.

    Attributes:
        days: days after the day of the run, negative for before; ``hour`` and ``minute`` in Asia/Shanghai.
    """

    __slots__ = ("days", "hour", "minute")

    def __init__(self, text: str) -> None:
        """Read ``D-1 18:00``.

        Raises:
            ValueError: it is no such time.
        """
        found = _MOMENT.fullmatch(text)
        if found is None:
            raise ValueError(text)
        self.days = int(found[1] or "0")
        self.hour, self.minute = int(found[2]), int(found[3])

    def on(self, day: date) -> datetime:
        """Return the moment for a run on ``day``."""
        return datetime.combine(day + timedelta(self.days), time(self.hour, self.minute), SHANGHAI)

    def __repr__(self) -> str:
        return f"D{self.days:+d} {self.hour:02d}:{self.minute:02d}"


def check_jobs(jobs: Cursor) -> None:
    """Check section ``jobs`` of one day; faults are noted in its source."""
    for _, figures in jobs.items():
        for _, figure in figures.items():
            if not figure.keys(_KEYS, ("type", "value")):
                continue
            if figure["type"].word(TYPES, "类型", "type") == "moment":
                figure["value"].parsed(Moment, "时刻，如 D-1 18:00", "a time such as D-1 18:00", None)
            else:
                figure["value"].parsed(parse_number, "不小于 0 的数字", "a number, 0 or more", 0)


class JobFigures:
    """The figures of one job on one day."""

    __slots__ = ("_data", "job")

    def __init__(self, job: str, data: Mapping[str, Any]) -> None:
        self.job = job
        self._data = data

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def moment(self, name: str) -> Moment:
        """Return a time; KeyError where there is none."""
        return Moment(self._data[name]["value"])

    def number(self, name: str) -> str:
        """Return a number as it is written; KeyError where there is none."""
        value: str = self._data[name]["value"]
        return value

    def cites(self, name: str) -> list[str]:
        """Return the rules behind a figure."""
        return cites_of(self._data[name])


def cites_of(figure: Mapping[str, Any]) -> list[str]:
    """Return the rules that a figure cites."""
    cite = figure.get("cite")
    return list(cite) if isinstance(cite, list) else [cite] if cite else []


def cited(jobs: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each figure of section ``jobs`` with the rules it cites."""
    for job, figures in jobs.items():
        for name, figure in figures.items():
            yield f"{job}.{name}", cites_of(figure)
