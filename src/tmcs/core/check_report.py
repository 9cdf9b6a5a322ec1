"""What a check finds: faults with their places, and how much was walked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tmcs.core.errors import Finding
from tmcs.core.policy import Snapshot
from tmcs.core.source import Path, Source
from tmcs.core.table import read_comparisons
from tmcs.core.text import Text, nearest

#: The key of the policy among the sources; a flow's graph stands under its id, its scripts under ``id/scripts``.
POLICY: Final = "policy"


class CheckReport:
    """The result of checking one flow, or the policy.

    Attributes:
        id: the flow id, or ``policy``.
        paths: walks from the first question to an end; values that nothing tells apart count as one.
        combinations: the same with every value counted by itself (a number counts once for each interval).
        nodes: how many nodes of the flow's own graph were reached.
        outcomes: the combinations that end in each outcome, or in waiting on a party (``waiting:warehouse``).
        examples: worked cases that passed and worked cases in all.
        findings: the faults, in the order of their places.
    """

    __slots__ = ("combinations", "examples", "findings", "id", "nodes", "outcomes", "paths")

    def __init__(self, id: str) -> None:
        self.id = id
        self.paths = 0
        self.combinations = 0
        self.nodes = 0
        self.outcomes: dict[str, int] = {}
        self.examples = (0, 0)
        self.findings: list[Finding] = []

    def to_dict(self) -> dict[str, Any]:
        """Return the report as the JSON object that ``tmcs flow check --format json`` prints."""
        return {
            "id": self.id,
            "paths": self.paths,
            "combinations": self.combinations,
            "nodes": self.nodes,
            "outcomes": dict(self.outcomes),
            "examples": {"passed": self.examples[0], "total": self.examples[1]},
            "findings": [finding.to_dict() for finding in self.findings],
        }


class Faults:
    """Collects faults; each is placed by the source that it stands in, and noted once."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._seen: set[str] = set()
        self.findings: list[Finding] = []
        self.blocked = False

    def add(
        self, where: str, path: Path, zh: str, en: str, expected: str = "", near: Iterable[str] = (), *, key: bool = False
    ) -> None:
        """Note one fault at ``path`` of the source ``where``."""
        source = self._sources.get(where)
        file, line, column = (where, 0, 0) if source is None else source.place(path, key)
        finding = Finding(file, line, column, Text(zh, en), expected, list(near))
        if repr(finding) not in self._seen:
            self._seen.add(repr(finding))
            self.findings.append(finding)

    def unknown(self, where: str, path: Path, what: tuple[str, str], word: str, valid: Iterable[str], **more: bool) -> None:
        """Note an unknown word, with the nearest valid ones; the flow cannot be linked with it."""
        self.blocked = True
        self.odd(where, path, what, word, valid, **more)

    def odd(self, where: str, path: Path, what: tuple[str, str], word: str, valid: Iterable[str], **more: bool) -> None:
        """Note an unknown word that does not hinder the walk."""
        zh, en = f"没有这个{what[0]} {word}", f"unknown {what[1]} {word}"
        self.add(where, path, zh, en, "", nearest(word, valid), **more)

    def data(self, where: str, path: Path) -> Any:
        """Return what stands in a source at ``path``, None where nothing does (or the source is not at hand)."""
        source = self._sources.get(where)
        found: Any = None if source is None else source.data
        for key in path:
            try:
                found = found[key]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def sorted(self) -> list[Finding]:
        """Return the findings by file and place."""
        return sorted(self.findings, key=lambda f: (f.file, f.line, f.column))


def figures(snapshot: Snapshot) -> dict[str, Any]:
    """Return the normal form of a policy on one day, section by section."""
    return dict(snapshot._data)


def each(value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the members of a list with their paths; a lone value counts as a list of one, as in the reader."""
    if isinstance(value, list):
        for n, one in enumerate(value):
            yield (n,), one
    elif value not in ("", None):
        yield (), value


def branch_key(branches: Any, value: str) -> str:
    """Return the key of a ``branches`` mapping, as written, that holds a value (keys may hold several)."""
    if isinstance(branches, dict):
        for key in branches:
            if value in [word.strip() for word in key.split(",")]:
                return str(key)
    return value


def range_key(branches: Any, comparisons: Iterable[Iterable[str]]) -> str:
    """Return the key of a ``branches`` mapping, as written, that states these comparisons."""
    wanted = [tuple(one) for one in comparisons]
    if isinstance(branches, dict):
        for key in branches:
            if read_comparisons(key) == wanted:
                return str(key)
    return " and ".join(" ".join(one) for one in wanted)
