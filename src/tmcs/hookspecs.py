"""The plug-in contract: every hook that tmcs calls, on pluggy.

A plug-in is a distribution with entry points in these groups; each names a module (or object) with hook
implementations marked :data:`hookimpl`:

``tmcs.flow``
    One handling flow. The entry point's name is the flow id. The module implements :func:`tmcs_flow` and is imported
    only when its flow is needed.
``tmcs.plugin``
    Everything else: policy fragments, handbook rules, order readers, output formats.

What tmcs finds is kept in an index (see :mod:`tmcs.plugins`); the index is made anew when a distribution comes or goes.
A plug-in that does not import, misspells a hook, repeats an id or fails its check stands as ``failed`` in
``tmcs plugin list``, with the reason; every other command goes on without it.

All hooks exist since version 0.1.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from tmcs.core.resolution import Resolution
    from tmcs.orders.readers import OrderReader

PROJECT = "tmcs"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function as an implementation of one of the hooks below.
hookimpl = pluggy.HookimplMarker(PROJECT)


class FlowFiles:
    """Where a flow's files are: what :func:`tmcs_flow` returns.

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


@hookspec(firstresult=True)
def tmcs_flow() -> FlowFiles:  # type: ignore[empty-body]
    """Say where the flow's files are.

    Called: when the flow is needed (resolve, script, check, chart …), once a process; and when the index is made.
    Arguments: none.
    Result: a :class:`FlowFiles`; its flow must bear the id that the entry point is named after.
    Failure: an exception, a missing file or a file that does not pass the check makes the flow ``failed``.
    Since: 0.1
    """


@hookspec
def tmcs_policy() -> str | os.PathLike[str]:  # type: ignore[empty-body]
    """Add a policy fragment: payout reasons, limits, tables, deadlines, queues or settings of the plug-in's own.

    Called: when the index is made; the file is then read with the policy, above the built-in one, below the user's own.
    Arguments: none.
    Result: the path of a YAML file in the form of ``tmcs/handbook/policy.yaml``, with any of its sections.
    Failure: an exception or a file that cannot be read makes the plug-in ``failed``; a fragment that changes a built-in
        figure is refused the same way (figures are changed in the user's own policy file).
    Since: 0.1
    """


@hookspec
def tmcs_rules() -> str | os.PathLike[str]:  # type: ignore[empty-body]
    """Add handbook rules that the plug-in's flows cite, under a section id of their own (``X01`` …).

    Called: when the index is made; the file is read by ``tmcs rule`` and by ``--explain``.
    Arguments: none.
    Result: the path of a YAML file in the form of ``tmcs/handbook/rules/H04.yaml``.
    Failure: an exception, or a rule id that exists already, makes the plug-in ``failed``.
    Since: 0.1
    """


@hookspec
def tmcs_order_readers() -> list[OrderReader]:  # type: ignore[empty-body]
    """Add readers of order files.

    Called: by ``tmcs order import`` and ``--orders FILE``, before a file is read; never by other commands.
    Arguments: none.
    Result: reader objects, see :class:`tmcs.orders.readers.OrderReader`. The first reader that accepts a file reads
        it: plug-in readers are asked before the built-in ones.
    Failure: an exception is reported on stderr with the plug-in's name; the other readers are used.
    Since: 0.1
    """


@hookspec
def tmcs_formats() -> Mapping[str, Callable[[Resolution, str], str]]:  # type: ignore[empty-body]
    """Add output formats for ``tmcs resolve --format``.

    Called: when a format is asked for that is not built in; the names are kept in the index.
    Arguments: none.
    Result: ``{name: render}``; ``render(resolution, lang)`` returns the text to print.
    Failure: an exception makes the plug-in ``failed``; one raised by ``render`` ends the command with exit 70. A name
        that is built in or taken is refused.
    Since: 0.1
    """
