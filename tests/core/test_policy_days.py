"""A policy taken on a day: its figures of that day hold, whatever the day they are asked for."""

from __future__ import annotations

import copy
from datetime import date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tmcs.core.order import SHANGHAI
from tmcs.core.policy import Policy
from tmcs.loader import load_policy, policy_of

_FIRST = date(2026, 11, 28)
DAYS = st.integers(0, 8).map(lambda n: _FIRST + timedelta(days=n))
FIGURE = st.dictionaries(DAYS, st.integers(1, 9), min_size=1, max_size=4)


def moment(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), SHANGHAI)


def made(*figures: dict[date, int]) -> Policy:
    """Return the shipped policy with its first two limits dated."""
    normal = copy.deepcopy(load_policy().normal())
    for entry, dated in zip(list(normal["data"]["limits"].values())[:2], figures, strict=True):
        entry["value"] = [{"from": day.isoformat(), "value": str(value)} for day, value in dated.items()]
    normal["days"] = sorted({day.isoformat() for dated in figures for day in dated})
    return policy_of(normal, load_policy().facts)


@settings(max_examples=60, deadline=None)
@given(FIGURE, FIGURE, DAYS, DAYS, DAYS)
def test_the_figures_of_a_day_hold_on_every_day(one: dict[date, int], other: dict[date, int], day: date, second: date, asked: date) -> None:
    policy = made(one, other)
    held = policy.on(day)
    assert held.at(moment(asked)).same_as(policy.at(moment(day)))
    assert held.on(asked) is held
    assert (held.id, held.version, held.files) == (policy.id, policy.version, policy.files)
    # One object for each interval between two changes; before the first change holds what the first says.
    changes = {key for key in (*one, *other) if min(day, second) < key <= max(day, second)} - {min((*one, *other))}
    assert (policy.on(second) is held) == (not changes)
    if policy.dated:
        assert held.since is not None
        assert held.since <= max(day, min((*one, *other))).isoformat()
    else:
        assert held is policy
        assert held.since is None


def test_a_policy_that_never_changes_is_itself_on_every_day() -> None:
    policy = load_policy()
    assert policy.on(date.min) is policy.on(date.max) is policy
    assert policy.since is None
