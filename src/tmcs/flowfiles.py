"""Where the files of a flow are: what the hook ``tmcs_flow`` returns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


class FlowFiles:
    """Where a flow's files are: what :func:`tmcs.hookspecs.tmcs_flow` returns.

    Attributes:
        folder: the folder with ``flow.yaml``, ``scripts.yaml`` and ``examples.yaml``.
        graph: the flow as a mapping built in Python, instead of ``flow.yaml``; same keys, all scalars texts.
        scripts: the script moments as a mapping, instead of ``scripts.yaml``.
    """

    __slots__ = ("folder", "graph", "scripts")

    def __init__(
        self,
        folder: str | os.PathLike[str],
        graph: Mapping[str, Any] | None = None,
        scripts: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = os.fspath(folder)
        self.graph = graph
        self.scripts = scripts

    @classmethod
    def beside(cls, module_file: str) -> FlowFiles:
        """Return the files that lie beside a module: ``FlowFiles.beside(__file__)``."""
        return cls(os.path.dirname(os.path.abspath(module_file)))
