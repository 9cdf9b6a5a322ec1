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
    desk.load(*(DATA / name for name in (
        "orders-gbk.csv", "order-items-gbk.csv", "delivery-report.csv", "warehouse-feedback.csv",
    )))  # fmt: skip
    return desk
