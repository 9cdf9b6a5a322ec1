"""Checks of jobs from their files: the graph as a flow's, and what ``job.yaml`` says against graph, policy and handbook."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from tmcs.core.check import CheckReport, moments
from tmcs.core.errors import Finding, TmcsError
from tmcs.core.policy import Policy, Snapshot
from tmcs.core.source import Source
from tmcs.core.text import nearest
from tmcs.files import read_bytes
from tmcs.jobs.definition import Job, leaves, load_job
from tmcs.lang.limits import MAX_BYTES

#: The kinds of notes that the order book keeps.
NOTES: Final = ("warehouse", "delivery")


def check_job(name: str) -> CheckReport:
    """Check an installed job by its id or alias.

    Its graph is walked and its worked examples are run, as those of a flow; its groups are the graph's leaves, and each
    is shown by an example; its times, limits, notes and rules are known.
    """
    from tmcs import flowcheck
    from tmcs.loader import load_policy

    report = CheckReport(name)
    try:
        job = load_job(name)
        policy = load_policy()
        report = flowcheck.check_loaded(job.flow, policy)
        report.id = job.id
        report.findings += _definition_faults(job, policy)
    except TmcsError as error:
        report.findings = error.findings or [Finding(name, 0, 0, error.text)]
    return report


def check_jobs(names: Iterable[str] = ()) -> list[CheckReport]:
    """Check the named jobs, or every job that is installed."""
    from tmcs.plugins import registry

    return [check_job(name) for name in list(names) or registry().job_names()]


def _definition_faults(job: Job, policy: Policy) -> list[Finding]:
    from tmcs.lang.yaml import parse_yaml

    path = os.path.join(job.files.folder, "job.yaml")
    source = parse_yaml(read_bytes(path, MAX_BYTES), path)
    _check_groups(job, policy, source)
    _check_words(job, source)
    for moment in moments(policy):
        _check_figures(job, policy.at(moment), source)
    return source.findings + _stage_faults(job)


def _check_groups(job: Job, policy: Policy, source: Source) -> None:
    ends = leaves(job.flow)
    for name in job.groups:
        if name not in ends:
            source.fault(
                ("groups", name), f"没有一处流程终点叫 {name}", f"no leaf of the graph is called {name}", " | ".join(ends),
                nearest(name, ends), key=True,
            )  # fmt: skip
    for name in sorted(job.settled):
        if name not in ends or name in job.groups:
            zh, en = f"{name} 不是流程的终点，或同时是一组", f"{name} is no leaf of the graph, or a group as well"
            source.fault(("settled",), zh, en, " | ".join(ends), nearest(name, ends))
    shown = _shown_ends(job, policy)
    for name in job.groups:
        if name in ends and name not in shown:
            source.fault(("groups", name), f"没有一个例子归入 {name}", f"no worked example ends in {name}", key=True)


def _shown_ends(job: Job, policy: Policy) -> set[str]:
    """Return the leaves at which the worked examples end."""
    from tmcs.core.order import Order, parse_time
    from tmcs.core.resolve import resolve
    from tmcs.testing import example_order, read_examples

    path = os.path.join(job.files.folder, "examples.yaml")
    found: set[str] = set()
    for example in read_examples(path) if os.path.exists(path) else ():
        try:
            order = Order(example_order(example.phase, **example.order))
            said = resolve(job.flow, order, example.facts, policy, parse_time(example.now))
        except TmcsError:  # the example itself is reported
            continue
        found.update(node.local for node, *_ in said.walked if node.graph is job.flow)
    return found


def _check_words(job: Job, source: Source) -> None:
    from tmcs import rulebook

    for name in job.notes:
        if name not in NOTES:
            source.fault(("notes",), f"订单册不记 {name}", f"the order book keeps no notes {name}", " | ".join(NOTES), nearest(name, NOTES))
    sections = {one.id for one in rulebook.sections()}
    if job.section not in sections:
        source.fault(("section",), f"手册没有 {job.section}", f"the handbook has no section {job.section}", "P02", nearest(job.section, sections))
    known = rulebook.known_ids()
    for rule in job.not_executable:
        if rule not in known or not rule.startswith(f"{job.section}-"):
            path = ("not_executable", rule)
            source.fault(path, f"{rule} 不是 {job.section} 的规则", f"{rule} is no rule of {job.section}", key=True)


def _stage_faults(job: Job) -> list[Finding]:
    """Return what is wrong with the stages of a planned job: a rule that is not known; none for the other jobs."""
    from tmcs import rulebook
    from tmcs.jobs.stages import FILE, read_life
    from tmcs.lang.yaml import parse_yaml

    path = os.path.join(job.files.folder, FILE)
    if not os.path.exists(path):
        return []
    source = parse_yaml(read_bytes(path, MAX_BYTES), path)
    life, known = read_life(source), rulebook.known_ids()
    for part, names in (("stages", life.stages), ("steps", life.steps)):
        for name, one in names.items():
            for cite in one.cites:
                if cite not in known:
                    source.fault((part, name, "cite"), f"手册没有 {cite}", f"unknown rule {cite}", near=nearest(cite, known))
    return source.findings


def _check_figures(job: Job, snapshot: Snapshot, source: Source) -> None:
    """Note the times and limits that the policy lacks; where each day's policy lacks them they are noted once."""
    wanted: list[tuple[tuple[str, ...], str, str]] = [(("job",), job.id, "at")]
    wanted += [(("moments", name), owner, figure) for name, (owner, figure, _) in job.moments.items()]
    if job.window is not None:
        wanted.append((("window",), job.id, "from"))
    for path, owner, name in wanted:
        try:
            snapshot.job(owner).moment(name)
        except (KeyError, ValueError):
            _once(source, path, f"策略 jobs.{owner} 没有时刻 {name}", f"jobs.{owner} of the policy has no time {name}")
    if job.hours is not None and job.hours not in snapshot.limits:
        near = nearest(job.hours, snapshot.limits)
        _once(source, ("hours",), f"策略没有界限 {job.hours}", f"the policy has no limit {job.hours}", near)


def _once(source: Source, path: tuple[str, ...], zh: str, en: str, near: Iterable[str] = ()) -> None:
    if all(one.text.en != en for one in source.findings):
        source.fault(path, zh, en, near=near)
