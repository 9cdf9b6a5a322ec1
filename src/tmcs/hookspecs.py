"""The plug-in contract: every hook that tmcs calls, on pluggy.

A plug-in is a distribution with entry points in these groups; each names a module (or object) with hook
implementations marked :data:`hookimpl`:

``tmcs.flow``
    One handling flow. The entry point's name is the flow id. The module implements :func:`tmcs_flow` and is imported
    only when its flow is needed.
``tmcs.job``
    One proactive job. The entry point's name is the job id. The module implements :func:`tmcs_job` and is imported
    only when its job is needed.
``tmcs.plugin``
    Everything else: policy fragments, handbook rules, order readers, output formats. The name is free.

One module may serve both groups. Names that begin with ``tmcs_`` are kept for hooks: a function of that name which is
no hook, or is not marked, is taken for a misspelling. An implementation marked ``optionalhook=True`` may name a hook
that this version does not have. Wrappers are not supported: a plug-in is asked for what it brings, nothing else.

What tmcs finds is kept in an index (see :mod:`tmcs.plugins`); the index is made anew when a distribution comes or goes.
A plug-in that does not import, misspells a hook, repeats an id or fails its check stands as ``failed`` in
``tmcs plugin list``, with the reason; every other command goes on without it. What a plug-in prints while it is
imported or called goes to stderr; ``SystemExit`` is a failure like any other.

Each hook says since which version it exists. A module may state the version of this interface that it is written for,
``tmcs_api = "1"``: where that is another than :data:`API`, it is not asked for anything and stands as ``failed``. What
changes :data:`API`, and what does not, is written in ``docs/plugin-api.md``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import pluggy

from tmcs.flowfiles import FlowFiles as FlowFiles
from tmcs.jobfiles import JobFiles as JobFiles

if TYPE_CHECKING:
    from tmcs.core.resolution import Resolution
    from tmcs.orders.readers import OrderReader

PROJECT: Final = "tmcs"
#: The version of the interface described here; see ``docs/plugin-api.md``.
API: Final = "1"
#: The name under which a plug-in states the version that it is written for.
API_NAME: Final = "tmcs_api"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function as an implementation of one of the hooks below.
hookimpl = pluggy.HookimplMarker(PROJECT)

#: The hooks that are called for each group of entry points.
HOOKS: Final = {
    "tmcs.flow": ("tmcs_flow",),
    "tmcs.job": ("tmcs_job",),
    "tmcs.plugin": ("tmcs_policy", "tmcs_rules", "tmcs_order_readers", "tmcs_formats"),
}


@hookspec(firstresult=True)
def tmcs_flow() -> FlowFiles:  # type: ignore[empty-body]
    """Say where the flow's files are.

    Called: when the flow is needed (resolve, script, check, chart …), at most once a process. Where it gave a folder
        and its module has not changed since, the folder is remembered and the call left out.
    Arguments: none.
    Result: a :class:`FlowFiles`; its flow must bear the id that the entry point is named after.
    Failure: an exception, a missing file or a file that does not pass the check makes the flow ``failed``.
    Since: 0.1
    """


@hookspec(firstresult=True)
def tmcs_job() -> JobFiles:  # type: ignore[empty-body]
    """Say where the job's files are, and what it does that data cannot say.

    Called: when the job is needed (``tmcs job``), at most once a process.
    Arguments: none.
    Result: a :class:`JobFiles`; its ``job.yaml`` must bear the id that the entry point is named after.
    Failure: an exception, a missing file or a file that does not pass the check makes the job ``failed``; the other
        jobs run.
    Since: 0.2
    """


@hookspec
def tmcs_policy() -> str | os.PathLike[str]:  # type: ignore[empty-body]
    """Add a policy fragment: payout reasons, limits, tables, deadlines, queues, settings or figures of jobs.

    Called: when the plug-in is first met or its module changed; the file is then read with the policy, above the
        built-in one, below the user's own.
    Arguments: none.
    Result: the absolute path of a YAML file in the form of ``tmcs/handbook/policy.yaml``, with any of the sections
        ``limits``, ``payouts``, ``tables``, ``deadlines``, ``queues``, ``settings`` and ``jobs``.
    Failure: an exception or a file that is not valid makes the plug-in ``failed``; so does a fragment that changes
        a built-in figure (figures are changed in the user's own policy file) or repeats a name of another plug-in.
    Since: 0.1
    """


@hookspec
def tmcs_rules() -> str | os.PathLike[str]:  # type: ignore[empty-body]
    """Add handbook rules that the plug-in's flows cite, under a section id of their own (``X01`` …).

    Called: when the plug-in is first met or its module changed; the file is read by ``tmcs rule``, by ``--explain``
        and by ``tmcs flow check``.
    Arguments: none.
    Result: the absolute path of a YAML file in the form of ``tmcs/handbook/rules/H04.yaml``.
    Failure: an exception, a file that is not valid, or a section that another plug-in has, makes the plug-in
        ``failed``.
    Since: 0.1
    """


@hookspec
def tmcs_order_readers() -> list[OrderReader]:  # type: ignore[empty-body]
    """Add readers of order files.

    Called: by ``tmcs order import`` and ``--orders FILE``, before a file is read, once a process; and when the plug-in
        is first met or its module changed, to see that they are readers.
    Arguments: none.
    Result: reader objects, see :class:`tmcs.orders.readers.OrderReader`. The first reader that accepts a file reads
        it: plug-in readers are asked before the built-in ones.
    Failure: an exception, an object that is no reader or a name that is taken makes the plug-in ``failed``; the other
        readers are used.
    Since: 0.1
    """


@hookspec
def tmcs_formats() -> Mapping[str, Callable[[Resolution, str], str]]:  # type: ignore[empty-body]
    """Add output formats for ``tmcs resolve --format``.

    Called: when a format is asked for that is not built in, once a process; and when the plug-in is first met or its
        module changed, for the names.
    Arguments: none.
    Result: ``{name: render}``; ``render(resolution, lang)`` returns the text to print.
    Failure: an exception, or a name that is built in or taken, makes the plug-in ``failed``; an exception raised by
        ``render`` ends the command with exit 70.
    Since: 0.1
    """
