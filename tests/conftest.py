"""Every test runs apart from the user's own files: configuration, cache, store and policy lie in temporary folders."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tmcs.testing import NOW as NOW

# The console script of this very environment is the one that is tested, also where the environment is not activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

# A shell without job control starts what runs in its background deaf to Ctrl-C, and all that this starts with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["tmcs.testing.pytest"]


@pytest.fixture(autouse=True)
def _apart(tmcs_apart: None) -> None:
    """Every test is one of a desk of its own."""


#: The server that tests may use: each makes a schema of its own there and drops it.
SERVER = os.environ.get("TMCS_TEST_POSTGRESQL", "")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a server where none is named."""
    if SERVER:
        return
    left_out = [item for item in items if item.get_closest_marker("postgresql")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not item.get_closest_marker("postgresql")]
    config.stash[_LEFT_OUT] = len(left_out)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left out, and how to run it."""
    if number := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{number} tests need a PostgreSQL server: name one with TMCS_TEST_POSTGRESQL=postgresql://USER@HOST/DATABASE"
        )


_LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture
def server_url() -> Iterator[str]:
    """A URL with a schema of its own on the test server."""
    if not SERVER:
        pytest.skip("no PostgreSQL server: name one with TMCS_TEST_POSTGRESQL=postgresql://HOST/DATABASE")
    import psycopg

    from tmcs.server_url import read_url

    url = f"{SERVER}{'&' if '?' in SERVER else '?'}schema=tmcs_test_{os.getpid()}_{next(_schemas)}"
    yield url
    conninfo, schema, _ = read_url(url)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


_schemas = itertools.count()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store of this test may lie: a file, then a schema on the server."""
    return str(request.getfixturevalue("server_url") if request.param == "postgresql" else tmp_path / "store.db")


@pytest.fixture
def tmcs(tmcs_run: Any) -> Any:
    """Run a command line in this process, as the console script would: ``tmcs("resolve", "damage", stdin=…)``."""
    return tmcs_run


@pytest.fixture
def order() -> dict[str, Any]:
    """One order of one line, signed for and not completed: 100.00 paid, as of 2026-11-23."""
    return {
        "schema": "tmcs/order/1",
        "tid": "2026112000001",
        "status": "WAIT_BUYER_CONFIRM_GOODS",
        "created": "2026-11-20T10:00:00+08:00",
        "pay_time": "2026-11-20T10:01:00+08:00",
        "consign_time": "2026-11-20T21:00:00+08:00",
        "sign_time": "2026-11-22T12:00:00+08:00",
        "end_time": None,
        "payment": "100.00",
        "post_fee": "0.00",
        "lbx": "LBX0123456789012345",
        "buyer_nick": "tb_demo",
        "alipay_no": "demo@example.invalid",
        "receiver": {
            "name": "王示例",
            "mobile": "13800000001",
            "state": "上海",
            "city": "上海市",
            "district": "静安区",
            "address": "示例路1号",
        },
        "invoice": None,
        "orders": [line("S1")],
        "logistics": {"company": "ZJS", "out_sid": "T100"},
        "seller_flag": 0,
        "seller_memo": "",
    }


def line(sku: str, price: str = "100.00", num: int = 1, payment: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an order line."""
    found = {
        "oid": f"20261120{sku}",
        "sku": sku,
        "barcode": "6900000000001",
        "title": f"示例商品{sku}",
        "price": price,
        "num": num,
        "payment": price if payment is None else payment,
        "category": "food",
    }
    return {**found, **more}
