"""What is installed: flows and other plug-ins, found by entry point, loaded by name, one bad one never in the way.

Finding them costs 10 ms and importing them far more, so what was found is kept in an index. The index is keyed by the
folders that Python imports from and by the entry-point files of plug-ins, so it is made anew as soon as a distribution
is installed, upgraded or removed; without a cache it is made at every start, and the answers are the same.

Here is the cheap part, which every command runs. :mod:`tmcs.plugin_load` imports plug-ins, :mod:`tmcs.plugin_data`
knows what those of the group ``tmcs.plugin`` bring, :mod:`tmcs.plugin_check` judges them all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import Finding, InputError, NotFoundError, TmcsError
from tmcs.core.text import Text, nearest

if TYPE_CHECKING:
    from tmcs.flowfiles import FlowFiles
    from tmcs.plugin_load import Host

FLOW_GROUP: Final = "tmcs.flow"
JOB_GROUP: Final = "tmcs.job"
PLUGIN_GROUP: Final = "tmcs.plugin"
OWN: Final = "tmcs"

OK: Final = "ok"
FAILED: Final = "failed"
DISABLED: Final = "disabled"
OVERRIDDEN: Final = "overridden"

#: A file that something was made of: path, time of change and size; the last two 0 where there is no such file.
Stamp = list[Any]


def stamp(path: str) -> Stamp:
    """Return the present state of a file."""
    try:
        state = os.stat(path)
    except OSError:
        return [path, 0, 0]
    return [path, state.st_mtime_ns, state.st_size]


def is_fresh(stamps: Iterable[Stamp]) -> bool:
    """Return whether no file has changed since its stamp was taken."""
    return all(stamp(one[0]) == one for one in stamps)


def plain_name(dist: str) -> str:
    """Return the name of a distribution as pip compares it: ``Tmcs_Return.Bag`` is ``tmcs-return-bag``."""
    return dist.lower().replace("_", "-").replace(".", "-")


class Plugin:
    """One entry point of a plug-in group.

    Attributes:
        group, name, value: the entry point.
        dist, version: the distribution that brings it.
        status: ``ok``, ``failed``, ``disabled`` or ``overridden``.
        reason: why it is not ``ok``, or what it overrides, ``[zh, en]``.
        replaces: the distributions whose flow it overrides.
    """

    __slots__ = ("dist", "group", "name", "reason", "replaces", "status", "value", "version")

    def __init__(self, found: dict[str, Any]) -> None:
        self.group: str = found["group"]
        self.name: str = found["name"]
        self.value: str = found["value"]
        self.dist: str = found["dist"]
        self.version: str = found["version"]
        self.status: str = found.get("status", OK)
        self.reason: list[str] = found.get("reason", ["", ""])
        self.replaces: list[str] = []

    def to_dict(self) -> dict[str, Any]:
        """Return the plug-in as JSON."""
        return {
            "kind": self.kind, "name": self.name, "dist": self.dist, "version": self.version, "value": self.value,
            "status": self.status, "reason": {"zh": self.reason[0], "en": self.reason[1]}, "overrides": self.replaces,
        }  # fmt: skip

    @property
    def kind(self) -> str:
        """``flow``, ``job`` or ``plugin``."""
        return self.group.partition(".")[2]

    @property
    def ref(self) -> str:
        """What configuration calls it: ``dist:name``."""
        return f"{self.dist}:{self.name}"

    def is_named(self, word: str) -> bool:
        """Return whether a word of the configuration means it: its name, its distribution, or ``dist:name``."""
        dist, colon, name = word.partition(":")
        if colon:
            return name == self.name and plain_name(dist) == plain_name(self.dist)
        return word == self.name or plain_name(word) == plain_name(self.dist)

    def set(self, status: str, zh: str, en: str) -> None:
        """Set the status and its reason."""
        self.status = status
        self.reason = [zh, en]

    def __repr__(self) -> str:
        return f"Plugin({self.group} {self.ref} {self.status})"


def _fingerprint() -> bytes:
    """Return what the index depends on: the folders that Python imports from, by the time of their last change.

    A distribution that comes, goes or is replaced changes the folder it lies in. One that changes in place (a project
    under development) is watched by the stamps in the index.
    """
    parts: list[str] = [sys.version]
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    for n, folder in enumerate(dict.fromkeys(one or here for one in sys.path)):
        # In the folder of the script and the current one, files come and go that are no concern of ours.
        parts.append(f"{folder} {_infos(folder)}" if n == 0 or folder == here else str(stamp(folder)))
    return "\n".join(parts).encode("utf-8", "surrogateescape")


def _infos(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(e.name for e in entries if e.name.endswith((".dist-info", ".egg-info")))
    except OSError:
        return []


class Registry:
    """The plug-ins of this installation under the present configuration."""

    def __init__(self) -> None:
        self._plugins: list[Plugin] | None = None
        self._files: dict[str, FlowFiles] = {}
        self._host: Host | None = None
        self.fingerprint = b""
        #: What others keep for as long as this registry: see :mod:`tmcs.plugin_data`.
        self.memo: dict[str, Any] = {}
        #: Words of ``plugins.disabled`` and ``plugins.override`` that name nothing installed.
        self.unknown: list[str] = []

    @property
    def plugins(self) -> list[Plugin]:
        """All entry points, ours first; cheap: from the index where it is fresh."""
        if self._plugins is None:
            from tmcs import config

            self.fingerprint = _fingerprint()
            plugins = [Plugin(one) for one in _index(self.fingerprint)]
            self._settle(plugins, config.get("plugins.disabled"), config.get("plugins.override"))
            self._plugins = plugins
        return self._plugins

    def _settle(self, plugins: list[Plugin], disabled: list[str], override: dict[str, str]) -> None:
        """Apply the configuration: what is disabled, which of two flows with one id counts."""
        for word in disabled:
            hit = [plugin for plugin in plugins if plugin.is_named(word)]
            if not hit:
                self.unknown.append(word)
            for plugin in hit:
                plugin.set(DISABLED, f"配置 plugins.disabled 里有 {word}", f"plugins.disabled names {word}")
        rivals_of: dict[tuple[str, str], list[Plugin]] = {}
        for plugin in plugins:
            if plugin.group in (FLOW_GROUP, JOB_GROUP):
                rivals_of.setdefault((plugin.group, plugin.name), []).append(plugin)
        for (_, name), rivals in rivals_of.items():
            wanted = override.get(name)
            if wanted is not None or len(rivals) > 1:
                self._choose(name, rivals, wanted)
        names = {name for _, name in rivals_of}
        self.unknown += [f"{name}: {dist}" for name, dist in override.items() if name not in names]

    def _choose(self, name: str, rivals: list[Plugin], wanted: str | None) -> None:
        """Choose between the flows of one id; an override that is not there is not passed over in silence."""
        active = [plugin for plugin in rivals if plugin.status == OK]
        if wanted is None:
            for plugin in active[1:]:
                plugin.set(
                    FAILED,
                    f"{name} 已由 {active[0].dist} 提供；要改用它，请配置 plugins.override: {{{name}: {plugin.dist}}}",
                    f"repeats {name} of {active[0].dist}; to use it, set plugins.override: {{{name}: {plugin.dist}}}",
                )
            return
        winner = next((plugin for plugin in rivals if plugin.is_named(wanted)), None)
        if winner is None:
            self.unknown.append(f"{name}: {wanted}")
            for plugin in active:
                plugin.set(
                    FAILED,
                    f"plugins.override 指定由 {wanted} 提供 {name}，但没有安装",
                    f"plugins.override gives {name} to {wanted}, which is not installed",
                )
        elif winner.status == OK:  # a disabled one overrides nothing
            for plugin in active:
                if plugin is not winner:
                    winner.replaces.append(plugin.dist)
                    plugin.set(OVERRIDDEN, f"由 {winner.dist} 覆盖", f"overridden by {winner.dist}")
            if winner.replaces:
                over = ", ".join(winner.replaces)
                winner.reason = [f"覆盖 {over} 的 {name}", f"overrides {name} of {over}"]

    def flow_names(self) -> list[str]:
        """Return the ids of the flows that may be used."""
        return [p.name for p in self.plugins if p.group == FLOW_GROUP and p.status == OK]

    def flow(self, name: str) -> Plugin:
        """Return the plug-in of a flow by its id.

        Raises:
            NotFoundError: there is no such flow.
            InputError: it is disabled or failed; the error says why.
        """
        found = self._active(FLOW_GROUP, name)
        if found is None:
            raise NotFoundError(f"没有这个流程: {name}", f"no such flow: {name}")
        return found

    def job_names(self) -> list[str]:
        """Return the ids of the jobs that may be used."""
        return [p.name for p in self.plugins if p.group == JOB_GROUP and p.status == OK]

    def job(self, name: str) -> Plugin:
        """Return the plug-in of a job by its id.

        Raises:
            NotFoundError: there is no such job.
            InputError: it is disabled or failed; the error says why.
        """
        found = self._active(JOB_GROUP, name)
        if found is None:
            raise NotFoundError(f"没有这项工作: {name}", f"no such job: {name}")
        return found

    def _active(self, group: str, name: str) -> Plugin | None:
        inactive = None
        for plugin in self.plugins:
            if plugin.group == group and plugin.name == name:
                if plugin.status == OK:
                    return plugin
                inactive = inactive or plugin
        if inactive is not None:
            raise PluginError(inactive, inactive.reason[0], inactive.reason[1])
        return None

    def knows(self, name: str) -> bool:
        """Return whether a flow of this id is installed, active or not."""
        return any(plugin.group == FLOW_GROUP and plugin.name == name for plugin in self.plugins)

    def others(self) -> list[Plugin]:
        """Return the active plug-ins of the group ``tmcs.plugin``."""
        return [plugin for plugin in self.plugins if plugin.group == PLUGIN_GROUP and plugin.status == OK]

    def brought(self) -> list[dict[str, Any]]:
        """Return what each plug-in of the group ``tmcs.plugin`` brings; see :func:`tmcs.plugin_data.records`."""
        if not self.others():
            return []
        from tmcs.plugin_data import records

        return records(self)

    @property
    def host(self) -> Host:
        """What imports plug-ins and calls their hooks."""
        if self._host is None:
            from tmcs.plugin_load import Host

            self._host = Host(self)
        return self._host

    def key(self, *words: str) -> list[bytes]:
        """Return what something kept for this installation is keyed by."""
        self.plugins  # noqa: B018 - takes the fingerprint
        return [self.fingerprint, "\n".join(words).encode("utf-8", "surrogateescape")]

    def active_key(self) -> list[bytes]:
        """Return the key of something that depends on which plug-ins are active."""
        return self.key(*(f"{p.group} {p.ref} {p.value} {p.version}" for p in self.plugins if p.status == OK))

    def flow_files(self, plugin: Plugin) -> FlowFiles:
        """Return where a flow's files are; the plug-in is imported unless its folder is known and it did not change.

        Raises:
            InputError: the plug-in fails, or gives no files.
        """
        found = self._files.get(plugin.ref)
        if found is None:
            from tmcs.flowfiles import FlowFiles
            from tmcs.lang.cache import recall, store

            key = self.key(plugin.ref, plugin.value)
            known = recall("flow-files", key)
            if known is not None and is_fresh(known["stamps"]):
                found = FlowFiles(known["folder"])
            else:
                found = self.host.flow_files(plugin)
                if found.graph is None and found.scripts is None:
                    store("flow-files", key, {"folder": found.folder, "stamps": self.host.stamps(plugin)})
            self._files[plugin.ref] = found
        return found

    def stamps(self, plugin: Plugin) -> list[Stamp]:
        """Return the files that decide where a flow's folder is; without importing it where they are known."""
        from tmcs.lang.cache import recall

        known = recall("flow-files", self.key(plugin.ref, plugin.value))
        if known is not None:
            return list(known["stamps"])
        self.host.load(plugin)
        return self.host.stamps(plugin)

    def notes(self, name: str) -> list[tuple[str, str, str]]:
        """Return what a resolution should say of a flow's plug-in, ``(code, zh, en)``: that it overrides another."""
        plugin = self.flow(name)
        if not plugin.replaces:
            return []
        by, over = f"{plugin.dist} {plugin.version}", ", ".join(plugin.replaces)
        return [("flow-overridden", f"流程 {name} 由插件 {by} 提供，覆盖了 {over} 的",
                 f"flow {name} is that of plug-in {by}, which overrides {over}")]  # fmt: skip

    def nearest(self, word: str) -> list[str]:
        """Return the installed names that look most like a word of the configuration."""
        return nearest(word, [one for plugin in self.plugins for one in (plugin.name, plugin.dist)])


def _index(fingerprint: bytes) -> list[dict[str, Any]]:
    """Return the entry points of both groups: from the index where it is fresh, else found anew."""
    from tmcs.lang.cache import recall, store

    index = recall("plugins", [fingerprint])
    if index is None or not is_fresh(index["stamps"]):
        from tmcs.plugin_load import find

        index = find()
        store("plugins", [fingerprint], index)
    found: list[dict[str, Any]] = index["found"]
    return found


class PluginError(InputError):
    """A plug-in that cannot be used (exit 2).

    Attributes:
        reason: why, ``[zh, en]``, without saying which.
    """

    def __init__(self, plugin: Plugin, zh: str, en: str, findings: Iterable[Finding] = (), hint: Text | None = None) -> None:
        words = {DISABLED: ("已停用", "is disabled")}
        said = words.get(plugin.status, ("不可用", "failed"))
        super().__init__(
            f"插件 {plugin.ref} {said[0]}: {zh}",
            f"plug-in {plugin.ref} {said[1]}: {en}",
            hint=hint or Text("见 tmcs plugin list", "see tmcs plugin list"),
            findings=findings,
        )
        self.reason = [zh, en]


def formats() -> Mapping[str, Callable[[Any, str], str]]:
    """Return the output formats of plug-ins: ``{name: render}``; a plug-in is imported when its format is taken out.

    ``render(resolution, lang)`` returns the text to print, and raises InternalError where the plug-in fails.
    """
    from tmcs.plugin_data import Formats

    return Formats(registry())


def extra_readers(warn: Callable[[TmcsError], None] | None = None) -> list[Any]:
    """Return the order readers that plug-ins bring (see :class:`tmcs.orders.readers.OrderReader`).

    Args:
        warn: gets the error of each plug-in that fails; the readers of the others are used all the same.
    """
    from tmcs.plugin_data import extra_readers

    return extra_readers(warn)


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
    zh, en = error.reason if isinstance(error, PluginError) else (error.text.zh, error.text.en)
    if error.findings:
        zh += ": " + "; ".join(f.message("zh") for f in error.findings[:3])
        en += ": " + "; ".join(f.message("en") for f in error.findings[:3])
    return [zh, en]
