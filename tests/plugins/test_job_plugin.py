"""A job of a desk's own: found beside the built-in ones, run, and told of where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import Site
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers

MODULE = """\
from tmcs import JobFiles, hookimpl


@hookimpl
def tmcs_job():
    return JobFiles.beside(__file__)
"""
JOB = """\
job: unpaid
section: P03
title: {zh: 未付款, en: not paid yet}
every: day
select: {status: WAIT_BUYER_PAY}
groups:
  remind: {title: {zh: 提醒付款, en: remind}}
"""
FLOW = """\
flow: job-unpaid
section: P03
title: {zh: 未付款, en: not paid yet}
concerns: order
facts: {}
start: remind
nodes:
  remind:
    title: {zh: 提醒付款, en: remind}
    outcome: explain
    do: [{zh: 提醒客户付款。, en: Remind the customer to pay., cite: [P03-R01]}]
    task: {queue: taobao, what: {zh: 未付款, en: not paid}}
"""
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def own(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed job of a desk, its time in the desk's policy, and the example orders."""
    (tmp_path / "policy.yaml").write_text('jobs: {unpaid: {at: {type: moment, value: "D 11:00"}}}\n', "utf-8")
    for name, value in (("POLICY", tmp_path / "policy.yaml"), ("STORE", tmp_path / "t.db"), ("ROLE", "job"), ("AGENT", "cron")):
        monkeypatch.setenv(f"TMCS_{name}", str(value))
    monkeypatch.setenv("TMCS_NOW", "2026-11-23T12:00:00+08:00")
    with Book(str(tmp_path / "t.db"), write=True) as book:
        import_files(book, [str(EXAMPLES / "orders-2026-11.csv")], readers())
    files = {"__init__.py": MODULE, "job.yaml": JOB, "flow.yaml": FLOW, "scripts.yaml": "{}\n"}
    return site.add("acme-unpaid", "[tmcs.job]\nunpaid = acme_unpaid\n", files)


def test_it_is_run_as_the_others_are(own: Path, tmcs: Any) -> None:
    assert "2026-11-23 11:00  unpaid" in tmcs("job", "due").out.splitlines()
    ran = tmcs("job", "run", "未付款", "--open", "--format", "json")
    assert ran.code == 0, ran.err
    (item,) = ran.json["items"]
    assert (item["order"], item["group"], item["do"]["en"], item["case"]) == ("5200000000000010003", "remind", "Remind the customer to pay.", "1")
    assert "未付款" in tmcs("case", "list").out
    assert tmcs("case", "verify").code == 0


def test_one_that_is_wrong_is_told_of_and_the_others_run(own: Path, tmcs: Any) -> None:
    (own / "job.yaml").write_text(JOB.replace("WAIT_BUYER_PAY", "WAIT_BUYER_PAID"), "utf-8")
    listed = tmcs("job", "list", "--format", "json", "--lang", "en")
    assert listed.code == 1
    assert [one["id"] for one in listed.json["failed"]] == ["unpaid"]
    assert "held-orders" in [one["id"] for one in listed.json["jobs"]]
    ran = tmcs("job", "run", "unpaid", "--lang", "en")
    assert ran.code == 2
    assert "job.yaml:5:18: " in ran.err
    assert "nearest: WAIT_BUYER_PAY" in ran.err
    assert tmcs("job", "run", "held-orders").code == 0


def test_one_whose_time_the_policy_lacks(own: Path, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMCS_POLICY")
    checked = tmcs("job", "check", "unpaid", "--lang", "en")
    assert checked.code == 1
    assert "jobs.unpaid of the policy has no time at" in checked.out
    for words in (("list",), ("due",), ("show", "unpaid"), ("run", "unpaid"), ("crontab", "--out", "/o")):
        ran = tmcs("job", *words)
        assert ran.code != 70, (words, ran.err)
