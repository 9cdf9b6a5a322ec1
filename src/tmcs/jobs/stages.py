"""The life of a planned job as data (``stages.yaml`` beside its ``job.yaml``): its stages, and which step leads where.

::

    stages:                        # in their order; the last ones end the plan
      requested: {title: {zh: …, en: …}, cite: [P10-R05]}
      closed: {title: {zh: …, en: …}, ends: "yes"}
    steps:
      draft: {title: {zh: …, en: …}, from: [requested], to: drafted, may: plan, cite: [P10-R06]}
      answer: {title: {zh: …, en: …}, from: [running], may: plan}          # without ``to`` the stage stays

``may`` is an action of the policy's roles (:data:`tmcs.core.case_rules.ACTIONS`).
"""

from __future__ import annotations

import os
from functools import cache
from typing import Final

from tmcs.core.case_rules import ACTIONS
from tmcs.core.errors import InputError
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text

FILE: Final = "stages.yaml"
_YES: Final = ("yes", "no")


class Stage:
    """One stage: its name in words, whether a plan ends there, and the rules behind it."""

    __slots__ = ("cites", "ends", "id", "title")

    def __init__(self, name: str, title: Text, ends: bool, cites: list[str]) -> None:
        self.id = name
        self.title = title
        self.ends = ends
        self.cites = cites


class Step:
    """One step: the stages it is taken from, the one it leads to (None: it stays), and the right that it needs."""

    __slots__ = ("cites", "froms", "id", "may", "title", "to")

    def __init__(self, name: str, title: Text, froms: list[str], to: str | None, may: str, cites: list[str]) -> None:
        self.id = name
        self.title = title
        self.froms = froms
        self.to = to
        self.may = may
        self.cites = cites


class Life:
    """The stages and steps of a planned job; the first stage is the one that a new plan is in."""

    __slots__ = ("stages", "steps")

    def __init__(self, stages: dict[str, Stage], steps: dict[str, Step]) -> None:
        self.stages = stages
        self.steps = steps

    @property
    def first(self) -> str:
        """The stage of a new plan."""
        return next(iter(self.stages))

    def onward(self, stage: str) -> list[Step]:
        """Return the steps that can be taken from a stage."""
        return [step for step in self.steps.values() if stage in step.froms]


@cache
def life_of(folder: str) -> Life:
    """Return the life of the job whose files lie in a folder.

    Raises:
        InputError: the file is wrong; every fault is named with file, line and column.
        NotFoundError: there is no such file: the job is not planned.
    """
    from tmcs.lang.cache import load_yaml

    path = os.path.join(folder, FILE)
    source = Source(path, load_yaml(path))
    life = read_life(source)
    if source.findings:
        from tmcs.files import read_bytes
        from tmcs.lang.yaml import parse_yaml

        source = parse_yaml(read_bytes(path), path)
        read_life(source)
        raise InputError(f"阶段定义有误: {path}", f"faults in the stages: {path}", findings=source.findings)
    return life


def read_life(source: Source) -> Life:
    """Return the stages and steps that a file describes; faults are noted in it."""
    root = source.root
    stages: dict[str, Stage] = {}
    steps: dict[str, Step] = {}
    if not root.keys(("stages", "steps", "note"), ("stages", "steps")):
        return Life(stages, steps)
    for name, at in root["stages"].items():
        if at.keys(("title", "ends", "cite", "note"), ("title",)):
            ends = at["ends"].word(_YES, "取值", "value") == "yes" if at.get("ends") else False
            stages[name] = Stage(name, Text(*at["title"].texts()), ends, _cites(at))
    for name, at in root["steps"].items():
        if at.keys(("title", "from", "to", "may", "cite", "note"), ("title", "from", "may")):
            steps[name] = _step(name, at, stages)
    if not stages:
        root["stages"].fault("没有阶段", "there is no stage")
    return Life(stages, steps)


def _step(name: str, at: Cursor, stages: dict[str, Stage]) -> Step:
    froms = [one.word(stages, "阶段", "stage") for one in at["from"].each()]
    to = at["to"].word(stages, "阶段", "stage") if at.get("to") else None
    return Step(name, Text(*at["title"].texts()), froms, to, at["may"].word(ACTIONS, "操作", "action"), _cites(at))


def _cites(at: Cursor) -> list[str]:
    return [one.text() for one in at["cite"].each()] if at.get("cite") else []
