"""Fixtures of the order tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import DATA, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty desk."""
    return Desk(tmp_path)


@pytest.fixture
def full_desk(desk: Desk) -> Desk:
    """A desk with the sample exports imported."""
    return filled(desk)


@pytest.fixture
def any_desk(tmp_path: Path, store_url: str) -> Desk:
    """An empty desk, its book in a file, then on a server."""
    found = Desk(tmp_path)
    found.store = store_url
    return found


@pytest.fixture
def any_full_desk(any_desk: Desk) -> Desk:
    """The same with the sample exports imported."""
    return filled(any_desk)


def filled(desk: Desk) -> Desk:
    """Import the sample exports."""
    desk.load(*(DATA / name for name in (
        "orders-gbk.csv", "order-items-gbk.csv", "delivery-report.csv", "warehouse-feedback.csv",
    )))  # fmt: skip
    return desk
