"""What is installed: flows and other plug-ins, found by entry point, loaded by name, one bad one never in the way.

Finding them costs 10 ms and importing them far more, so what was found is kept in an index. The index is keyed by the
folders that Python imports from and by every entry-point file in them, so it is made anew as soon as a distribution is
installed, upgraded or removed; without a cache it is made at every start, and the answers are the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import InputError, NotFoundError, TmcsError
from tmcs.core.text import Text, nearest

if TYPE_CHECKING:
    import pluggy

    from tmcs.hookspecs import FlowFiles

FLOW_GROUP: Final = "tmcs.flow"
PLUGIN_GROUP: Final = "tmcs.plugin"
OWN: Final = "tmcs"


class Plugin:
    """One entry point of a plug-in group.

    Attributes:
        group, name, value: the entry point.
        dist, version: the distribution that brings it.
        status: ``ok``, ``failed``, ``disabled`` or ``overridden``.
        reason: why it is not ``ok``, ``[zh, en]``.
        data: what is known of it: a flow's title, aliases and folder; the hooks of another plug-in and their results.
    """

    __slots__ = ("data", "dist", "group", "name", "reason", "status", "value", "version")

    def __init__(self, found: dict[str, Any]) -> None:
        self.group: str = found["group"]
        self.name: str = found["name"]
        self.value: str = found["value"]
        self.dist: str = found["dist"]
        self.version: str = found["version"]
        self.status: str = found.get("status", "ok")
        self.reason: list[str] = found.get("reason", ["", ""])
        self.data: dict[str, Any] = found.get("data", {})

    def to_dict(self) -> dict[str, Any]:
        """Return the plug-in as JSON."""
        return {key: getattr(self, key) for key in (
            "group", "name", "value", "dist", "version", "status", "reason", "data",
        )}  # fmt: skip

    @property
    def ref(self) -> str:
        """What configuration calls it: ``dist:name``."""
        return f"{self.dist}:{self.name}"


def _fingerprint() -> bytes:
    """Return what the index depends on: the import folders and each entry-point file in them, by time and size."""
    parts: list[str] = [sys.version]
    for folder in dict.fromkeys(sys.path):
        parts.append(folder)
        try:
            with os.scandir(folder or ".") as entries:
                names = sorted(e.name for e in entries if e.name.endswith((".dist-info", ".egg-info", ".egg-link")))
        except OSError:
            continue
        for name in names:
            try:
                state = os.stat(os.path.join(folder, name, "entry_points.txt"))
            except OSError:
                continue  # brings no entry points
            parts.append(f"{name}:{state.st_mtime_ns}:{state.st_size}")
    return "\n".join(parts).encode()


def _entry_points() -> list[dict[str, Any]]:
    """Return every entry point of both groups, ours first, then by distribution and name."""
    from importlib.metadata import distributions

    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for dist in distributions():
        for point in dist.entry_points:
            if point.group in (FLOW_GROUP, PLUGIN_GROUP):
                name = dist.metadata["Name"] or "?"
                key = (point.group, name, point.name)
                # The first on the import path is the one that imports; a shadowed older copy does not count.
                found.setdefault(
                    key,
                    {"group": point.group, "name": point.name, "value": point.value, "dist": name,
                     "version": dist.version},
                )  # fmt: skip
    return sorted(found.values(), key=lambda e: (e["dist"] != OWN, e["dist"], e["group"], e["name"]))


class Registry:
    """The plug-ins of this installation under the present configuration."""

    def __init__(self) -> None:
        self._plugins: list[Plugin] | None = None
        self._manager: pluggy.PluginManager | None = None
        self._loaded: dict[str, Any] = {}

    @property
    def plugins(self) -> list[Plugin]:
        """All entry points, ours first; cheap: from the index where it is fresh."""
        if self._plugins is None:
            from tmcs import config
            from tmcs.lang.cache import cached

            found = cached("plugins", [_fingerprint()], _entry_points)
            self._plugins = self._settle([Plugin(one) for one in found], config.get("plugins"))
        return self._plugins

    def _settle(self, plugins: list[Plugin], chosen: dict[str, Any]) -> list[Plugin]:
        """Apply the configuration: what is disabled, which of two flows with one id counts."""
        disabled = set(chosen.get("disabled", ()))
        override: dict[str, str] = chosen.get("override", {})
        for plugin in plugins:
            if {plugin.ref, plugin.name, plugin.dist} & disabled:
                plugin.status = "disabled"
                plugin.reason = ["已在配置中停用", "disabled in the configuration"]
        for group in (FLOW_GROUP, PLUGIN_GROUP):
            self._settle_names([p for p in plugins if p.group == group and p.status == "ok"], override)
        return plugins

    def _settle_names(self, plugins: list[Plugin], override: dict[str, str]) -> None:
        by_name: dict[str, list[Plugin]] = {}
        for plugin in plugins:
            by_name.setdefault(plugin.name, []).append(plugin)
        for name, rivals in by_name.items():
            wanted = override.get(name)
            winner = next((p for p in rivals if wanted in (p.dist, p.ref)), rivals[0])
            for plugin in rivals:
                if plugin is winner:
                    continue
                if wanted is not None:
                    plugin.status = "overridden"
                    plugin.reason = [f"已由 {winner.dist} 覆盖", f"overridden by {winner.dist}"]
                else:
                    plugin.status = "failed"
                    plugin.reason = [
                        f"{name} 已由 {winner.dist} 提供；如要改用，请在配置 plugins.override 里写 {name}: {plugin.dist}",
                        f"repeats {name} of {winner.dist}; to use it, set plugins.override {name}: {plugin.dist}",
                    ]

    def flow_names(self) -> list[str]:
        """Return the ids of the flows that may be used."""
        return [p.name for p in self.plugins if p.group == FLOW_GROUP and p.status == "ok"]

    def flow(self, name: str) -> Plugin:
        """Return the plug-in of a flow by its id.

        Raises:
            NotFoundError: no such flow is active.
        """
        for plugin in self.plugins:
            if plugin.group == FLOW_GROUP and plugin.name == name and plugin.status == "ok":
                return plugin
        raise NotFoundError(f"没有这个流程: {name}", f"no such flow: {name}")

    def others(self) -> Iterator[Plugin]:
        """Yield the active plug-ins of the group ``tmcs.plugin``."""
        for plugin in self.plugins:
            if plugin.group == PLUGIN_GROUP and plugin.status == "ok":
                yield plugin

    def manager(self) -> pluggy.PluginManager:
        """Return the plug-in manager, with the hook specifications and without any plug-in yet."""
        if self._manager is None:
            import pluggy

            from tmcs import hookspecs

            self._manager = pluggy.PluginManager(hookspecs.PROJECT)
            self._manager.add_hookspecs(hookspecs)
        return self._manager

    def load(self, plugin: Plugin) -> Any:
        """Import a plug-in and register its hooks.

        Raises:
            InputError: it does not import, or misspells a hook; the error says which.
        """
        key = f"{plugin.group}:{plugin.ref}"
        if key not in self._loaded:
            self._loaded[key] = self._load(plugin, key)
        return self._loaded[key]

    def _load(self, plugin: Plugin, key: str) -> Any:
        from importlib import import_module

        module, _, attribute = plugin.value.partition(":")
        try:
            found: Any = import_module(module)
            for part in filter(None, attribute.split(".")):
                found = getattr(found, part)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise _failed(plugin, f"无法导入 ({said})", f"does not import ({said})") from error
        manager = self.manager()
        manager.register(found, key)
        self._check_hooks(plugin, found, key)
        return found

    def _check_hooks(self, plugin: Plugin, found: Any, key: str) -> None:
        """Refuse a hook that does not exist, and a function that only looks like one."""
        from tmcs import hookspecs

        manager = self.manager()
        valid = sorted(name for name in vars(hookspecs) if name.startswith("tmcs_"))
        marked = {caller.name for caller in manager.get_hookcallers(found) or ()}
        for name in dir(found):
            if not name.startswith("tmcs_") or not callable(getattr(found, name)):
                continue
            near = nearest(name, valid)
            hint_zh, hint_en = (f"，最接近的是 {near[0]}", f"; nearest: {near[0]}") if near else ("", "")
            if name not in valid:
                manager.unregister(name=key)
                raise _failed(plugin, f"没有这个钩子 {name}{hint_zh}", f"unknown hook {name}{hint_en}")
            if name not in marked:
                manager.unregister(name=key)
                raise _failed(plugin, f"{name} 没有标 @hookimpl", f"{name} is not marked @hookimpl")

    def call(self, plugin: Plugin, hook: str) -> Any:
        """Call one hook of one plug-in and return its result, None where it does not implement the hook.

        Raises:
            InputError: the plug-in does not load, or its hook raises.
        """
        found = self.load(plugin)
        manager = self.manager()
        callers = {caller.name for caller in manager.get_hookcallers(found) or ()}
        if hook not in callers:
            return None
        only = [other for other in manager.get_plugins() if other is not found]
        try:
            result = manager.subset_hook_caller(hook, remove_plugins=only)()
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            raise _failed(plugin, f"钩子 {hook} 出错 ({said})", f"hook {hook} raised {said}") from error
        if isinstance(result, list):
            return result[0] if result else None
        return result

    def flow_files(self, plugin: Plugin) -> FlowFiles:
        """Return where a flow's files are.

        Raises:
            InputError: the plug-in fails, or gives no files.
        """
        from tmcs.hookspecs import FlowFiles

        files = self.call(plugin, "tmcs_flow")
        if not isinstance(files, FlowFiles):
            raise _failed(plugin, "没有实现 tmcs_flow", "does not implement tmcs_flow")
        return files


def _failed(plugin: Plugin, zh: str, en: str) -> InputError:
    return InputError(
        f"插件 {plugin.ref} 不可用: {zh}",
        f"plug-in {plugin.ref} failed: {en}",
        hint=Text("见 tmcs plugin list", "see tmcs plugin list"),
    )


_registry: Registry | None = None


def registry() -> Registry:
    """Return the registry of this process."""
    global _registry
    if _registry is None:
        _registry = Registry()
    return _registry


def reset() -> None:
    """Forget what was found; for tests and for a process that installs something."""
    global _registry
    _registry = None


def reason_of(error: TmcsError) -> list[str]:
    """Return why a plug-in failed, ``[zh, en]``, with its first findings."""
    zh, en = error.text.zh, error.text.en
    if error.findings:
        zh += ": " + "; ".join(f.message("zh") for f in error.findings[:3])
        en += ": " + "; ".join(f.message("en") for f in error.findings[:3])
    return [zh, en]
