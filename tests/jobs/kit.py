"""A desk for the tests of jobs: orders, notes and rows put into a store, and a job run on them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import tmcs
from tmcs.cases.actor import Actor
from tmcs.core.order import parse_time
from tmcs.jobs.definition import Job, load_job
from tmcs.jobs.kinds import kind
from tmcs.jobs.rows import read_file
from tmcs.jobs.run import Runner
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers
from tmcs.store import open_store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOW = "2026-11-23T09:00:00+08:00"
DELIVERY = (
    "订单编号",
    "LBX单号",
    "物流单号",
    "发货时间",
    "签收时间",
    "物流状态",
    "最新轨迹时间",
    "最新轨迹",
    "异常原因",
)
WAREHOUSE = ("登记时间", "LBX单号", "订单编号", "反馈类型", "商家编码", "处理状态", "处理说明")


def table(path: Path, header: Iterable[str], rows: Iterable[dict[str, str]]) -> Path:
    """Write a CSV of the rows' cells by header."""
    names = list(header)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


class JobDesk:
    """A store with orders in it, and jobs run on it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.rows: dict[str, list[Path]] = {}
        self._files = 0

    def path(self, suffix: str) -> Path:
        self._files += 1
        return self.folder / f"in-{self._files}.{suffix}"

    def take(self, *files: Path) -> None:
        """Import files into the order book."""
        with Book(self.url, write=True) as book:
            import_files(book, [str(file) for file in files], readers())

    def orders(self, *records: dict[str, Any]) -> None:
        file = self.path("json")
        file.write_text(json.dumps(list(records), ensure_ascii=False), encoding="utf-8")
        self.take(file)

    def delivery(self, *rows: dict[str, str]) -> None:
        self.take(table(self.path("csv"), DELIVERY, rows))

    def warehouse(self, *rows: dict[str, str]) -> None:
        self.take(table(self.path("csv"), WAREHOUSE, rows))

    def give(self, name: str, *rows: dict[str, str], file: Path | None = None) -> None:
        """Set the one input file of a kind; the rows' cells by header."""
        header = [column.header for column in kind(name).columns.values()]
        self.rows[name] = [file or table(self.path("csv"), header, rows)]

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        for file in self.rows.get(name, []):
            for row in read_file(str(file), kind(name)):
                yield row.values

    @contextlib.contextmanager
    def runner(self, job: str, now: str = NOW) -> Iterator[Runner]:
        found: Job = load_job(job)
        at: datetime = parse_time(now)
        with open_store(self.url, write=True) as store:
            yield Runner(store, Actor("cron", "frontline", "job"), found, tmcs.load_policy(()), at, self._rows, at)

    def run(self, job: str, now: str = NOW) -> dict[str, Any]:
        """Return the worklist of a run."""
        with self.runner(job, now) as runner:
            return runner.result(runner.run({}), None)


def groups(worklist: dict[str, Any]) -> dict[str, str]:
    """Return the group of each item by its key."""
    return {item["key"]: item["group"] for item in worklist["items"]}


def item(worklist: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an item."""
    found: dict[str, Any] = next(one for one in worklist["items"] if one["key"] == key)
    return found


def facts_needed(one: dict[str, Any]) -> list[str]:
    """Return the facts that an item asks for."""
    return [need["fact"] for need in one["needs"]]
