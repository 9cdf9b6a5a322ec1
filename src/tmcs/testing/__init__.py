"""What a test of a plug-in uses, and what our own tests use: example orders, worked cases, a desk apart, assertions.

``examples.yaml`` holds the worked cases of a flow; ``tmcs flow check`` and a test of your own run the same ones:

>>> import tmcs
>>> from tmcs.testing import assert_resolves, example_order, run_examples
>>> example_order("unpaid")["status"]
'WAIT_BUYER_PAY'
>>> flow, policy = tmcs.load_flow("missing-item"), tmcs.load_policy()
>>> [finding for result in run_examples(flow, policy) for finding in result.findings]
[]

A plug-in need not be installed to be tested: :func:`plugged` registers a module or an object for a while,
:func:`run_command` runs a command line in this process, :func:`isolated` keeps the user's own files out of it,
:func:`clock` sets the time, :func:`run_job` runs a job on a store of its own. As fixtures of pytest:
``pytest_plugins = ["tmcs.testing.pytest"]`` in ``conftest.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tmcs.testing.examples import Example, Result, example_order, read_examples, run_example, run_examples

if TYPE_CHECKING:
    from tmcs.testing.checks import assert_check_passes, assert_resolves, run_job
    from tmcs.testing.desk import NOW, Ran, clock, isolated, plugged, run_command

#: Imported when first used: a check of a flow needs the worked cases only.
_LATER = {
    **dict.fromkeys(("assert_check_passes", "assert_resolves", "run_job"), "tmcs.testing.checks"),
    **dict.fromkeys(("NOW", "Ran", "clock", "isolated", "plugged", "run_command"), "tmcs.testing.desk"),
}

__all__ = [
    "NOW", "Example", "Ran", "Result", "assert_check_passes", "assert_resolves", "clock", "example_order", "isolated",
    "plugged", "read_examples", "run_command", "run_example", "run_examples", "run_job",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
