"""Where the files of a job are, and what it does that data cannot say: what the hook ``tmcs_job`` returns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tmcs.jobs.hits import Context, Hit


class JobFiles:
    """Where a job's files are: what :func:`tmcs.hookspecs.tmcs_job` returns.

    Attributes:
        folder: the folder with ``job.yaml``, ``flow.yaml``, ``scripts.yaml`` and ``examples.yaml``.
        hits: yields what the job finds, in place of the selection in ``job.yaml``; None: that selection.
        facts: returns the facts that a hit's notes and rows say, as ``--set`` writes them; None: none.
        figures: returns what the report's head says beside the counts, ``{key: text}``; None: nothing.
    """

    __slots__ = ("facts", "figures", "folder", "hits")

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        hits: Callable[[Context], Iterator[Hit]] | None = None,
        facts: Callable[[Hit, Context], dict[str, str]] | None = None,
        figures: Callable[[Context, dict[str, int]], dict[str, Any]] | None = None,
    ) -> None:
        self.folder = os.fspath(folder)
        self.hits = hits
        self.facts = facts
        self.figures = figures

    @classmethod
    def beside(cls, module_file: str, **more: Any) -> JobFiles:
        """Return the files that lie beside a module: ``JobFiles.beside(__file__)``."""
        return cls(os.path.dirname(os.path.abspath(module_file)), **more)
