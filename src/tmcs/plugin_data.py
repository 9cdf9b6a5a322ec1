"""What the plug-ins of the group ``tmcs.plugin`` provide, kept in the index so that a command need not import them."""

from __future__ import annotations

import os
import sys
from typing import Any

from tmcs.core.errors import TmcsError
from tmcs.plugins import Plugin, Registry, _fingerprint, reason_of, registry


def _stamp(path: str) -> list[Any]:
    try:
        state = os.stat(path)
    except OSError:
        return [path, 0, 0]
    return [path, state.st_mtime_ns, state.st_size]


def _ask(reg: Registry, plugin: Plugin) -> dict[str, Any]:
    """Return what one plug-in provides, or why it fails."""
    found: dict[str, Any] = {
        "plugin": plugin.ref, "policy": [], "rules": [], "formats": [], "readers": False, "failed": None, "stamps": [],
    }  # fmt: skip
    try:
        module = reg.load(plugin)
        for key, hook in (("policy", "tmcs_policy"), ("rules", "tmcs_rules")):
            path = reg.call(plugin, hook)
            if path is not None:
                found[key] = [os.fspath(path)]
        found["formats"] = sorted(reg.call(plugin, "tmcs_formats") or ())
        found["readers"] = hasattr(module, "tmcs_order_readers")
    except TmcsError as error:
        found["failed"] = reason_of(error)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        found["failed"] = [f"结果有误 ({said})", f"wrong result ({said})"]
    module_name = plugin.value.partition(":")[0]
    origin = getattr(sys.modules.get(module_name), "__file__", None)
    found["stamps"] = [_stamp(origin)] if origin else []
    return found


def provided(reg: Registry | None = None) -> list[dict[str, Any]]:
    """Return what each active plug-in of the group provides; one that fails provides nothing and says why."""
    reg = reg or registry()
    active = list(reg.others())
    if not active:
        return []
    from tmcs.lang.cache import cached

    key = [_fingerprint(), "\n".join(plugin.ref for plugin in active).encode()]
    found: list[dict[str, Any]] = cached("provided", key, lambda: [_ask(reg, plugin) for plugin in active])
    # A plug-in under development changes without its entry points changing: look at its module's file too.
    if any(_stamp(stamp[0]) != stamp for one in found for stamp in one["stamps"]):
        found = [_ask(reg, plugin) for plugin in active]
    return found
