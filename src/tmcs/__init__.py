"""tmcs: the customer-service handbook of an online supermarket as software.

The public names are imported on first use, so that importing :mod:`tmcs` costs nothing:

>>> import tmcs
>>> flow, policy = tmcs.load_flow("damage"), tmcs.load_policy()
>>> order = tmcs.Order({"tid": "1", "status": "TRADE_FINISHED", "payment": "100.00"})
>>> tmcs.resolve(flow, order, {"photos_received": "no"}, policy, tmcs.parse_time("2026-11-23T10:00:00+08:00")).status
'waiting'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tmcs.core.errors import InputError as InputError
    from tmcs.core.errors import NotFoundError as NotFoundError
    from tmcs.core.errors import TmcsError as TmcsError
    from tmcs.core.flow import Flow as Flow
    from tmcs.core.order import Order as Order
    from tmcs.core.order import parse_time as parse_time
    from tmcs.core.policy import Policy as Policy
    from tmcs.core.resolution import Resolution as Resolution
    from tmcs.core.resolve import resolve as resolve
    from tmcs.core.text import Text as Text
    from tmcs.hookspecs import FlowFiles as FlowFiles
    from tmcs.hookspecs import JobFiles as JobFiles
    from tmcs.hookspecs import hookimpl as hookimpl
    from tmcs.loader import load_flow as load_flow
    from tmcs.loader import load_policy as load_policy

_PUBLIC = {
    "Flow": "tmcs.core.flow",
    "FlowFiles": "tmcs.hookspecs",
    "JobFiles": "tmcs.hookspecs",
    "InputError": "tmcs.core.errors",
    "NotFoundError": "tmcs.core.errors",
    "Order": "tmcs.core.order",
    "Policy": "tmcs.core.policy",
    "Resolution": "tmcs.core.resolution",
    "TmcsError": "tmcs.core.errors",
    "Text": "tmcs.core.text",
    "hookimpl": "tmcs.hookspecs",
    "load_flow": "tmcs.loader",
    "load_policy": "tmcs.loader",
    "parse_time": "tmcs.core.order",
    "resolve": "tmcs.core.resolve",
}

__all__ = [
    "Flow", "FlowFiles", "InputError", "JobFiles", "NotFoundError", "Order", "Policy", "Resolution", "Text", "TmcsError",
    "__version__", "hookimpl", "load_flow", "load_policy", "parse_time", "resolve",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        from importlib import import_module

        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
