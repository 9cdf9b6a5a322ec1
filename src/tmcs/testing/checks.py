"""What a test says of a flow or a job in one line; what does not hold fails with the reason in words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

import tmcs
from tmcs.testing.desk import NOW
from tmcs.testing.examples import example_order


def assert_resolves(
    flow: str, facts: Mapping[str, str], *, phase: str = "shipped", order: Mapping[str, Any] | None = None, now: str = NOW, **expect: Any
) -> dict[str, Any]:
    """Decide one case of an installed flow, and see that keys of the resolution are as expected.

    Args:
        flow: its id or an alias.
        facts: as ``--set`` writes them.
        phase, order: the state of the example order, and keys laid over it.
        now: the moment.
        expect: keys of the resolution's JSON: ``status="resolved", outcome="refund"``.

    Returns:
        The resolution as JSON.

    Raises:
        AssertionError: a key is otherwise.
        TmcsError: there is no such flow, or a fact does not fit.
    """
    record = tmcs.Order(example_order(phase, **(order or {})))
    said = tmcs.resolve(tmcs.load_flow(flow), record, dict(facts), tmcs.load_policy(), tmcs.parse_time(now)).to_dict()
    wrong = {key: said.get(key) for key, value in expect.items() if said.get(key) != value}
    if wrong:
        needed = [need["fact"] for need in said["needs"]]
        raise AssertionError(f"{flow}: {wrong}, expected {expect}; still asked: {needed}")
    return said


def assert_check_passes(*words: str) -> None:
    """See that plug-ins pass ``tmcs plugin check``: named by flow, job or distribution.

    Raises:
        AssertionError: one does not; each finding on a line.
        TmcsError: a word names no plug-in.
    """
    from tmcs.plugin_check import check

    said = []
    for one in check(list(words)):
        if one.plugin.status != "ok":
            said.append(f"{one.plugin.ref} {one.plugin.status}: {one.plugin.reason[1]}")
            said += [finding.message("en") for finding in one.findings]
    if said:
        raise AssertionError("\n".join(said))


def run_job(
    job: str, orders: Iterable[Mapping[str, Any]] = (), *, files: Iterable[str | os.PathLike[str]] = (),
    rows: Mapping[str, Iterable[dict[str, Any]]] | None = None, now: str = NOW,
) -> list[dict[str, Any]]:  # fmt: skip
    """Run a job on a store of its own, as of a moment, and return what it lists; nothing of it is kept.

    Args:
        job: its id or an alias.
        orders: order records, see :func:`tmcs.testing.example_order`.
        files: exports to import besides, as ``tmcs order import`` takes them.
        rows: the rows of its input files by kind, each a dict by column.
        now: the moment.

    Returns:
        The items of its worklist as JSON: ``key``, ``group``, ``needs``, ``resolution`` …

    Raises:
        TmcsError: there is no such job, or a file cannot be read.
    """
    import json

    from tmcs.cases.actor import Actor
    from tmcs.jobs.definition import load_job
    from tmcs.jobs.run import Runner
    from tmcs.orders.book import Book
    from tmcs.orders.ingest import import_files
    from tmcs.orders.readers import plugged as extra
    from tmcs.orders.readers import readers
    from tmcs.store import open_store

    given = rows or {}
    with tempfile.TemporaryDirectory(prefix="tmcs-testing-") as folder:
        path = os.path.join(folder, "orders.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(list(orders), file, ensure_ascii=False)
        url = os.path.join(folder, "store.db")
        with Book(url, write=True) as book:
            import_files(book, [path, *(os.fspath(file) for file in files)], readers(extra()))
        at = tmcs.parse_time(now)
        with open_store(url, write=True) as store:
            actor = Actor("cron", "frontline", "job")
            runner = Runner(store, actor, load_job(job), tmcs.load_policy(()), at, lambda kind: iter(given.get(kind, ())), at)
            return [item.to_dict() for item in runner.items()]
