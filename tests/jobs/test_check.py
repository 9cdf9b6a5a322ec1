"""What the check of a job finds: each fault with its place, and the word that was perhaps meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tmcs.core.errors import TmcsError
from tmcs.jobs import definition
from tmcs.jobs.check import check_job, check_jobs
from tmcs.jobs.definition import Job, load_job, read_job


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of job oversell's files."""
    copy = tmp_path / "oversell"
    shutil.copytree(load_job("oversell").files.folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def check(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Check the copy in place of the installed job."""
    from tmcs.files import read_bytes
    from tmcs.jobfiles import JobFiles
    from tmcs.lang.yaml import parse_yaml
    from tmcs.loader import read_flow_files
    from tmcs.plugins import registry

    def load(word: str) -> Job:
        flow = read_flow_files(str(folder), name="job-oversell")
        flow.installed = frozenset(registry().flow_names())
        path = str(folder / "job.yaml")
        return read_job(parse_yaml(read_bytes(path, 10**6), path), JobFiles(folder), flow)

    monkeypatch.setattr("tmcs.jobs.check.load_job", load)
    return [finding.message("en") for finding in check_job("oversell").findings]


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("job.yaml", "  overdue: {title", "  overdu: {title", "no leaf of the graph is called overdu"),
        ("job.yaml", "report:\n", "settled: [submitt]\nreport:\n", "submitt is no leaf of the graph"),
        ("job.yaml", "report:\n", "settled: [submit]\nreport:\n", "submit is no leaf of the graph, or a group as well"),
        ("job.yaml", "section: P03", "section: P33", "the handbook has no section P33"),
        ("job.yaml", "every: day", "every: day\nnotes: [warehose]", "the order book keeps no notes warehose"),
        ("job.yaml", "every: day", "every: day\nhours: trackin-hours", "the policy has no limit trackin-hours (nearest: tracking-hours"),
        ("job.yaml", "every: day", "every: day\nmoments: {then: ship-tracking.since}", "jobs.ship-tracking of the policy has no time since"),
        ("job.yaml", "every: day", "every: day\nmoments: {then: yesterday}", "yesterday is wrong"),
        ("job.yaml", "every: day", "every: day\nwindow: pay_time", "jobs.oversell of the policy has no time from"),
        ("job.yaml", "every: day", "every: day\nnot_executable: {P04-R01: {zh: 无, en: none}}", "P04-R01 is no rule of P03"),
        ("job.yaml", "answers: optional", "answrs: optional", "unknown input answrs"),
        ("flow.yaml", "queue: taobao", "queue: taoba", "unknown queue taoba"),
        ("flow.yaml", "cite: [P03-R11, C83]\n    do", "cite: [P03-R99]\n    do", "P03-R99"),
        ("examples.yaml", "nodes: refund", "nodes: submit", "nodes is"),
    ],
)
def test_a_fault_is_named_with_its_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, fault: str
) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = check(folder, monkeypatch)
    assert any(fault in one and file in one for one in found), found


def test_a_group_without_a_worked_example_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(folder, monkeypatch) == []
    (folder / "examples.yaml").write_text("cases:\n  - {id: a, phase: oversold, expect: {nodes: submit}}\n", encoding="utf-8")
    found = check(folder, monkeypatch)
    assert [one.split("no worked example ends in ")[1] for one in found] == ["ship-late", "refund", "overdue"]


def test_a_job_that_is_not_there_is_reported_as_a_finding() -> None:
    report = check_job("oversel")
    assert "oversell" in report.findings[0].message("en")
    assert [one.id for one in check_jobs(["held-orders", "ship-tracking"])] == ["held-orders", "ship-tracking"]


def test_a_graph_with_a_leaf_that_is_no_group_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "job.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "overdue:" not in line), encoding="utf-8")
    from tmcs.plugins import registry

    files = registry().host.job_files(registry().job("oversell"))
    files.folder = str(folder)
    monkeypatch.setattr(registry().host, "job_files", lambda plugin: files)
    with pytest.raises(TmcsError, match="overdue"):
        definition.load_job("oversell")
