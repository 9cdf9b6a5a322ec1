"""The working calendar: spans, the way back from a due day, and deadlines that a pause moves."""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tmcs
from tmcs.core.calendar import WorkingCalendar

DAYS = st.dates(date(2003, 1, 1), date(2032, 12, 31))
YEAR = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def published() -> WorkingCalendar:
    return tmcs.load_policy(()).calendar


def counted(calendar: WorkingCalendar, start: date, end: date) -> int:
    """Count day by day."""
    days = (end - start).days
    return sum(calendar.is_working(start + timedelta(n)) for n in range(1, days + 1))


@given(DAYS, st.integers(0, 400))
def test_between_is_the_way_back_from_add(start: date, days: int) -> None:
    calendar = published()
    due, sure = calendar.add(start, days)
    assert calendar.between(start, due)[0] == days
    assert not days or calendar.between(start, due)[1] == sure


@given(DAYS, st.integers(-30, 800))
def test_between_counts_what_is_worked(start: date, days: int) -> None:
    calendar, end = published(), start + timedelta(days)
    assert calendar.between(start, end)[0] == counted(calendar, start, end)


@given(st.sets(YEAR, max_size=40), st.sets(YEAR, max_size=40), YEAR, YEAR)
def test_between_follows_the_desks_own_days(off: set[date], on: set[date], start: date, end: date) -> None:
    calendar = WorkingCalendar(off, on, 2026)
    assert calendar.between(start, end)[0] == counted(calendar, start, end)
    laid_over = WorkingCalendar(off, on, load=published)
    assert laid_over.between(start, end)[0] == counted(laid_over, start, end)


def test_a_span_with_a_holiday_and_its_make_up_day() -> None:
    # National Day 2025: 1 to 8 October are free, Sunday 28 September and Saturday 11 October are worked.
    calendar = published()
    assert calendar.between(date(2025, 9, 27), date(2025, 10, 11)) == (6, "published")
    assert calendar.between(date(2025, 10, 11), date(2025, 9, 27)) == (0, "published")
    assert calendar.between(date(2025, 10, 9), date(2025, 10, 9)) == (0, "published")


def test_how_sure_a_span_is() -> None:
    calendar = WorkingCalendar(last_year=2026)
    assert calendar.between(date(2026, 12, 1), date(2026, 12, 25))[1] == "published"
    assert calendar.between(date(2026, 12, 1), date(2026, 12, 26))[1] == "may-move"
    assert calendar.between(date(2026, 12, 1), date(2027, 1, 4))[1] == "estimated"


def test_years_cost_no_more_than_days() -> None:
    calendar = published()
    calendar.between(date(2026, 1, 1), date(2026, 1, 2))
    began = time.perf_counter()
    for _ in range(1000):
        calendar.between(date(1970, 1, 1), date(2999, 12, 31))
    assert time.perf_counter() - began < 1  # day by day it would take minutes


def test_the_last_published_day() -> None:
    calendar = published()
    assert calendar.published_through == date(calendar.last_year, 12, 31) >= date(2026, 12, 31)
    assert WorkingCalendar().published_through == date.min


# Friday 2026-11-20 to Friday 2026-11-27, an ordinary week: due, paused, resumed, in working days, moved to.
SHIFTS = [
    ("2026-11-25", "2026-11-23", "2026-11-26", True, "2026-11-30"),  # 2 working days were left
    ("2026-11-25", "2026-11-23", "2026-11-26", False, "2026-11-28"),
    ("2026-11-23", "2026-11-23", "2026-11-25", True, "2026-11-25"),  # due on the day of the pause: on that of the resume
    ("2026-11-23", "2026-11-20", "2026-11-22", True, "2026-11-23"),  # a weekend takes no working day
    ("2026-11-23", "2026-11-20", "2026-11-22", False, "2026-11-25"),
    ("2026-11-21", "2026-11-20", "2026-11-20", True, "2026-11-21"),  # resumed the same day
    ("2026-11-25", "2026-11-23", "2026-11-20", False, "2026-11-25"),  # resumed before: no pause
    ("2026-11-25", "2026-11-23", "2026-11-20", True, "2026-11-25"),
    ("2026-11-19", "2026-11-23", "2026-11-26", True, "2026-11-24"),  # 2 working days over, and over by 2 again
    ("2026-11-19", "2026-11-23", "2026-11-26", False, "2026-11-22"),
    ("2026-11-20", "2026-11-21", "2026-11-23", True, "2026-11-20"),  # what has passed stays passed
    ("2026-11-20", "2026-11-21", "2026-11-24", True, "2026-11-23"),
]


@pytest.mark.parametrize(("due", "paused", "resumed", "working", "moved"), SHIFTS)
def test_a_pause_moves_a_deadline(due: str, paused: str, resumed: str, working: bool, moved: str) -> None:
    days = [date.fromisoformat(text) for text in (due, paused, resumed)]
    assert published().shift(*days, working) == (date.fromisoformat(moved), "published")


@given(DAYS, DAYS, st.integers(1, 200), st.booleans())
def test_what_was_left_at_the_pause_is_left_again(due: date, paused: date, length: int, working: bool) -> None:
    calendar, resumed = published(), paused + timedelta(length)
    moved, sure = calendar.shift(due, paused, resumed, working)
    assert moved >= due
    if not working:
        assert (moved - resumed, sure) == (due - paused, "published")
    elif due >= paused:
        left = calendar.between(paused, due)[0]
        assert calendar.between(resumed, moved)[0] == left
    else:
        assert moved < resumed
        over = calendar.between(due, paused)[0]
        assert calendar.between(moved, resumed)[0] >= over
        if all(map(calendar.is_working, (due, paused, resumed))):
            assert calendar.between(moved, resumed)[0] == over


def test_how_sure_a_moved_deadline_is() -> None:
    calendar = WorkingCalendar(last_year=2026)
    due, paused = date(2026, 12, 22), date(2026, 12, 21)
    assert calendar.shift(due, paused, date(2026, 12, 23), True) == (date(2026, 12, 24), "published")
    assert calendar.shift(due, paused, date(2026, 12, 25), True) == (date(2026, 12, 28), "may-move")
    assert calendar.shift(due, paused, date(2026, 12, 31), True) == (date(2027, 1, 1), "estimated")
    assert calendar.shift(due, paused, date(2026, 12, 31), False) == (date(2027, 1, 1), "published")
    assert calendar.shift(date(2026, 12, 1), paused, date(2027, 1, 4), True)[1] == "estimated"
