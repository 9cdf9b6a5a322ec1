"""Finds plug-ins, imports them and calls their hooks; what one of them does is its own failure and nobody else's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import pluggy

from tmcs import hookspecs
from tmcs.core.errors import TmcsError
from tmcs.core.text import nearest
from tmcs.flowfiles import FlowFiles
from tmcs.jobfiles import JobFiles
from tmcs.plugins import FAILED, FLOW_GROUP, JOB_GROUP, OWN, PLUGIN_GROUP, Plugin, PluginError, Stamp, plain_name, stamp

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from tmcs.plugins import Registry

_GROUPS: Final = (FLOW_GROUP, JOB_GROUP, PLUGIN_GROUP)
_MARK: Final = f"{hookspecs.PROJECT}_impl"  # where pluggy's marker leaves its options
_SAID: Final = 300  # characters of a foreign error message that are shown
_WATCHED: Final = 200  # files of a plug-in that are watched for changes


def find() -> dict[str, Any]:
    """Return the index: every entry point of both groups, ours first, then by distribution and name, and what it
    depends on beside the import folders: ``{"found": [{"group", "name", "value", "dist", "version"}], "stamps": […]}``.
    """
    from importlib.metadata import distributions

    found: list[dict[str, Any]] = []
    stamps: list[Stamp] = []
    seen: set[str] = set()
    for dist in distributions():
        try:
            name = dist.metadata["Name"] or "?"
        except Exception:  # a damaged distribution is pip's to report, unless it brings plug-ins
            name = "?"
        # The first on the import path is the one that imports; a shadowed older copy does not count.
        if name != "?" and plain_name(name) in seen:
            continue
        seen.add(plain_name(name))
        points = _points(dist, name)
        found += points
        folder = str(getattr(dist, "_path", ""))  # the standard library has no public name for it
        if folder and (points or folder.endswith(".egg-info")):
            stamps.append(stamp(os.path.join(folder, "entry_points.txt")))
    found.sort(key=lambda e: (e["dist"] != OWN, e["dist"], e["group"], e["name"]))
    return {"found": found, "stamps": stamps}


def _points(dist: Distribution, name: str) -> list[dict[str, Any]]:
    try:
        version = dist.version or "?"
        return [
            {"group": point.group, "name": point.name, "value": point.value, "dist": name, "version": version}
            for point in dist.entry_points
            if point.group in _GROUPS
        ]
    except Exception as error:
        try:
            ours = any(f"[{group}]" in (dist.read_text("entry_points.txt") or "") for group in _GROUPS)
        except Exception:
            ours = False
        if not ours:
            return []
        said = _said(error)
        reason = [f"entry_points.txt 有误 ({said})", f"its entry_points.txt is wrong ({said})"]
        return [{"group": PLUGIN_GROUP, "name": "?", "value": "", "dist": name, "version": "?", "status": FAILED,
                 "reason": reason}]  # fmt: skip


def _said(error: BaseException) -> str:
    """Return what a foreign error says, on one line, with the place in the plug-in where it was raised."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "?"
    if len(text) > _SAID:
        text = text[: _SAID - 1] + "…"
    name = type(error).__name__
    where = "" if isinstance(error, SyntaxError) else _place(error.__traceback__)
    return (f"{name}: {text}" if text else name) + where


def _place(trace: TracebackType | None) -> str:
    """Return the innermost place that is in neither tmcs, pluggy nor Python itself: `` at file:line``."""
    here, python = os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.__file__)
    place = ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        foreign = not file.startswith(python) or f"{os.sep}site-packages{os.sep}" in file
        if foreign and not file.startswith((here, "<")) and f"{os.sep}pluggy{os.sep}" not in file:
            place = f" at {file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


@contextmanager
def guarded(plugin: Plugin, zh: str, en: str) -> Iterator[None]:
    """Turn whatever foreign code raises into a failure of its plug-in, and keep stdout free of what it prints.

    Raises:
        InputError: the code inside raised something; ``zh`` and ``en`` say what was being done.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except KeyboardInterrupt:
        raise
    except TmcsError as error:
        raise PluginError(plugin, f"{zh} ({error.text.zh})", f"{en} ({error.text.en})") from error
    except BaseException as error:  # SystemExit too: a plug-in ends no command
        said = _said(error)
        raise PluginError(plugin, f"{zh} ({said})", f"{en} ({said})") from error


class Host:
    """Imports plug-ins and calls their hooks, each object once."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._managers: dict[str, pluggy.PluginManager] = {}
        self._loaded: dict[str, tuple[Any, frozenset[str]]] = {}
        self._broken: dict[str, TmcsError] = {}

    def load(self, plugin: Plugin) -> frozenset[str]:
        """Import a plug-in; return the hooks that it implements.

        Raises:
            InputError: it does not import, misspells a hook, or implements none that its group calls.
        """
        if plugin.value not in self._loaded:
            if plugin.ref in self._broken:
                raise self._broken[plugin.ref]
            try:
                self._loaded[plugin.value] = self._register(plugin)
            except TmcsError as error:
                self._broken[plugin.ref] = error
                raise
        hooks = self._loaded[plugin.value][1]
        self._check_group(plugin, hooks)
        return hooks

    def _register(self, plugin: Plugin) -> tuple[Any, frozenset[str]]:
        thing = self._import(plugin)
        _check_api(plugin, thing)
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        with guarded(plugin, "钩子有误", "a hook is wrong"):
            manager.register(thing, "plugin")
            names = {name: _marked(getattr(thing, name), name) for name in dir(thing) if name != hookspecs.API_NAME}
        hooks = _check_names(plugin, names)
        self._managers[plugin.value] = manager
        return thing, hooks

    def _import(self, plugin: Plugin) -> Any:
        module, _, attribute = plugin.value.partition(":")
        with guarded(plugin, "无法导入", "does not import"):
            found: Any = import_module(module.strip())
            for part in filter(None, attribute.strip().split(".")):
                found = getattr(found, part)
        if isinstance(found, type):
            raise PluginError(plugin, f"{plugin.value} 是类，应为模块或对象",
                         f"{plugin.value} is a class; name a module or an object")  # fmt: skip
        return found

    def _check_group(self, plugin: Plugin, hooks: frozenset[str]) -> None:
        called = hookspecs.HOOKS[plugin.group]
        if not hooks.intersection(called):
            words = " / ".join(called)
            raise PluginError(plugin, f"没有实现 {words}", f"implements none of {words}")
        beside = {p.group for p in self.registry.plugins if p.value == plugin.value and p.dist == plugin.dist}
        for hook in sorted(hooks):
            groups = [group for group, names in hookspecs.HOOKS.items() if hook in names]
            if groups and groups[0] not in beside:
                raise PluginError(plugin, f"{hook} 只在入口组 {groups[0]} 中调用，但没有这样的入口",
                             f"{hook} is called only for entry points of {groups[0]}, and there is none")  # fmt: skip

    def call(self, plugin: Plugin, hook: str) -> Any:
        """Call one hook of one plug-in and return its result, None where it does not implement the hook.

        Raises:
            InputError: the plug-in does not load, or its hook raises.
        """
        if hook not in self.load(plugin):
            return None
        manager = self._managers[plugin.value]
        with guarded(plugin, f"钩子 {hook} 出错", f"hook {hook} failed"):
            result = getattr(manager.hook, hook)()
        if isinstance(result, list) and not hookspecs_first(hook):
            result = result[0] if result else None
        if result is None:
            raise PluginError(plugin, f"钩子 {hook} 没有返回值", f"hook {hook} returned nothing")
        return result

    def flow_files(self, plugin: Plugin) -> FlowFiles:
        """Return where a flow's files are.

        Raises:
            InputError: the plug-in fails, or gives no files.
        """
        files = self.call(plugin, "tmcs_flow")
        if not isinstance(files, FlowFiles):
            raise _wrong(plugin, "tmcs_flow", "FlowFiles", files)
        if not os.path.isdir(files.folder):
            raise PluginError(plugin, f"没有文件夹 {files.folder}", f"there is no folder {files.folder}")
        for name, given in (("graph", files.graph), ("scripts", files.scripts)):
            if given is not None and (odd := _odd(given, name)):
                raise PluginError(plugin, f"FlowFiles.{odd} 应为文本、列表或映射",
                             f"FlowFiles.{odd} must be a text, a list or a mapping")  # fmt: skip
        files.folder = os.path.abspath(files.folder)
        return files

    def job_files(self, plugin: Plugin) -> JobFiles:
        """Return where a job's files are.

        Raises:
            InputError: the plug-in fails, or gives no files.
        """
        files = self.call(plugin, "tmcs_job")
        if not isinstance(files, JobFiles):
            raise _wrong(plugin, "tmcs_job", "JobFiles", files)
        if not os.path.isdir(files.folder):
            raise PluginError(plugin, f"没有文件夹 {files.folder}", f"there is no folder {files.folder}")
        files.folder = os.path.abspath(files.folder)
        return files

    def path(self, plugin: Plugin, hook: str) -> str | None:
        """Return the path that a hook gives, None where the plug-in does not implement it.

        Raises:
            InputError: the plug-in fails, or gives something else.
        """
        found = self.call(plugin, hook)
        if found is None:
            return None
        if not isinstance(found, str | os.PathLike):
            raise _wrong(plugin, hook, "str | os.PathLike", found)
        path = os.fspath(found)
        if not isinstance(path, str) or not os.path.isabs(path):
            raise PluginError(
                plugin, f"{hook} 应给出绝对路径，而不是 {path!r}", f"{hook} must give an absolute path, not {path!r}"
            )
        return path

    def formats(self, plugin: Plugin) -> dict[str, Callable[[Any, str], str]]:
        """Return the output formats that a plug-in brings.

        Raises:
            InputError: the plug-in fails, or gives something else.
        """
        found = self.call(plugin, "tmcs_formats")
        if found is None:
            return {}
        if not isinstance(found, Mapping) or not all(isinstance(k, str) and callable(v) for k, v in found.items()):
            raise _wrong(plugin, "tmcs_formats", "{name: function}", found)
        for name in found:
            if not name.replace("-", "").isalnum() or not name.isascii() or name != name.lower():
                raise PluginError(plugin, f"格式名 {name!r} 有误，应为 small-letters-with-hyphens",
                                  f"{name!r} is no name for a format: small-letters-with-hyphens")  # fmt: skip
        return dict(found)

    def readers(self, plugin: Plugin) -> list[Any]:
        """Return the order readers that a plug-in brings.

        Raises:
            InputError: the plug-in fails, or gives something else.
        """
        found = self.call(plugin, "tmcs_order_readers")
        if found is None:
            return []
        if not isinstance(found, list | tuple):
            raise _wrong(plugin, "tmcs_order_readers", "list of OrderReader", found)
        for reader in found:
            with guarded(plugin, "读取器有误", "a reader is wrong"):
                missing = [m for m in ("name", "title", "accepts", "read") if not hasattr(reader, m)]
                fits = isinstance(getattr(reader, "name", None), str) and not missing
            if not fits:
                lacks = ", ".join(missing) or "name: str"
                raise PluginError(plugin, f"{type(reader).__name__} 不是订单读取器，缺少 {lacks}",
                             f"{type(reader).__name__} is no order reader: it lacks {lacks}")  # fmt: skip
        return list(found)

    def stamps(self, plugin: Plugin) -> list[Stamp]:
        """Return the files of a plug-in that imported: its module and the packages around it."""
        parts = plugin.value.partition(":")[0].strip().split(".")
        modules = [sys.modules.get(".".join(parts[: n + 1])) for n in range(len(parts))]
        files = [getattr(module, "__file__", None) for module in modules]
        return [stamp(file) for file in files if file]

    def all_stamps(self, plugin: Plugin) -> list[Stamp]:
        """Return the Python files of a plug-in's package, whether it imports or not."""
        from importlib.util import find_spec

        top = plugin.value.partition(":")[0].strip().partition(".")[0]
        try:
            spec = find_spec(top)
        except Exception:
            return []
        if spec is None:
            return []
        found = [spec.origin] if spec.origin else []
        for folder in spec.submodule_search_locations or ():
            for root, _, names in os.walk(folder):
                found += [os.path.join(root, name) for name in sorted(names) if name.endswith(".py")]
        return [stamp(path) for path in dict.fromkeys(found[:_WATCHED])]


def hookspecs_first(hook: str) -> bool:
    """Return whether a hook gives its first result rather than a list of all."""
    return bool(getattr(getattr(hookspecs, hook), f"{hookspecs.PROJECT}_spec")["firstresult"])


def _check_api(plugin: Plugin, thing: Any) -> None:
    """Refuse a plug-in that says it is written for another version of the interface; one that says nothing is taken."""
    with guarded(plugin, f"{hookspecs.API_NAME} 有误", f"{hookspecs.API_NAME} is wrong"):
        stated = getattr(thing, hookspecs.API_NAME, None)
    if stated is not None and stated != hookspecs.API:
        said, ours = repr(stated)[:40], repr(hookspecs.API)
        raise PluginError(plugin, f"是为插件接口 {said} 写的，本版本是 {ours}；见 docs/plugin-api.md",
                          f"is written for plug-in interface {said}, this one is {ours}; see docs/plugin-api.md")  # fmt: skip


def _marked(thing: Any, name: str) -> dict[str, Any] | None:
    """Return the marker's options of a hook implementation, {} of a function that only looks like one, else None."""
    options = getattr(thing, _MARK, None)
    if isinstance(options, dict):
        return options
    return {} if name.startswith("tmcs_") and callable(thing) else None


def _check_names(plugin: Plugin, names: Mapping[str, dict[str, Any] | None]) -> frozenset[str]:
    """Refuse a hook that does not exist, and a function that only looks like one; return the hooks implemented."""
    valid = [name for names in hookspecs.HOOKS.values() for name in names]
    hooks = set()
    for name, options in names.items():
        if options is None:
            continue
        hook = options.get("specname") or name
        if hook not in valid:
            if options.get("optionalhook"):
                continue  # of a later version
            near = nearest(hook, valid)
            zh, en = (f"，最接近的是 {near[0]}", f"; nearest: {near[0]}") if near else ("", "")
            raise PluginError(plugin, f"没有这个钩子 {hook}{zh}", f"unknown hook {hook}{en}")
        if not options:
            raise PluginError(plugin, f"{name} 没有标 @hookimpl", f"{name} is not marked @hookimpl")
        if options.get("hookwrapper") or options.get("wrapper"):
            raise PluginError(plugin, f"{name} 不能是 wrapper", f"{name} must not be a wrapper")
        hooks.add(hook)
    return frozenset(hooks)


def _wrong(plugin: Plugin, hook: str, expected: str, found: object) -> TmcsError:
    kind = type(found).__name__
    return PluginError(plugin, f"{hook} 应返回 {expected}，而不是 {kind}", f"{hook} must return {expected}, not {kind}")


def _odd(value: Any, where: str) -> str:
    """Return where in a graph built in Python something is no text, list or mapping by text; "" if nowhere."""
    if isinstance(value, str):
        return ""
    if isinstance(value, Mapping):
        return next(
            (odd for key, one in value.items()
             if (odd := _odd(one, f"{where}.{key}") if isinstance(key, str) else f"{where}.{key!r}")), "",
        )  # fmt: skip
    if isinstance(value, list):
        return next((odd for n, one in enumerate(value) if (odd := _odd(one, f"{where}.{n}"))), "")
    return where
