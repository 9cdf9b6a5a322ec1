"""The state of every plug-in: what ``tmcs plugin list`` shows and ``tmcs plugin check`` judges anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tmcs.core.errors import Finding, NotFoundError, TmcsError, unknown_word
from tmcs.core.text import Text
from tmcs.plugins import FAILED, FLOW_GROUP, JOB_GROUP, OK, Plugin, PluginError, Registry, registry

if TYPE_CHECKING:
    from tmcs.core.check_report import CheckReport


class State:
    """One plug-in with its verdict.

    Attributes:
        plugin: the entry point, its status and reason brought up to date.
        findings: what is wrong in its files, with places.
        report: what the check of a flow counted; None where it was not run.
    """

    __slots__ = ("findings", "plugin", "report")

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self.findings: list[Finding] = []
        self.report: CheckReport | None = None

    def fail(self, error: TmcsError) -> None:
        """Set the plug-in failed, with the reason."""
        self.findings = list(error.findings)
        zh, en = error.reason if isinstance(error, PluginError) else (error.text.zh, error.text.en)
        self.plugin.set(FAILED, zh, en)

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON."""
        return {**self.plugin.to_dict(), "findings": [finding.to_dict() for finding in self.findings]}


def states() -> list[State]:
    """Return the state of every plug-in, the failed ones first; what is remembered of unchanged files counts."""
    reg = registry()
    found = [_settled(reg, plugin) for plugin in reg.plugins]
    return sorted(found, key=lambda one: one.plugin.status != FAILED)


def _settled(reg: Registry, plugin: Plugin) -> State:
    state = State(_copy(plugin))
    if plugin.status != OK:
        return state
    try:
        if plugin.group == FLOW_GROUP:
            from tmcs.loader import load_flow

            load_flow(plugin.name)
        elif plugin.group == JOB_GROUP:
            from tmcs.jobs.definition import load_job

            load_job(plugin.name)
        else:
            from tmcs.plugin_data import failures

            if reason := failures().get(plugin.ref):
                state.plugin.set(FAILED, reason[0], reason[1])
    except TmcsError as error:
        state.fail(error)
    return state


def _refuse(found: list[State]) -> None:
    """Set the flows failed that let one order draw more than the desk's limit, ``cases.order_bound``; the built-in ones never."""
    from tmcs.plugin_verdict import refusals

    try:
        refused = refusals()
    except TmcsError:  # the policy is wrong, as every command says that needs it
        return
    for state in found:
        reason = refused.get(state.plugin.name)
        if reason is not None and state.plugin.group == FLOW_GROUP and state.plugin.status == OK:
            state.plugin.set(FAILED, reason.zh, reason.en)


def _copy(plugin: Plugin) -> Plugin:
    """Return a plug-in whose status can be changed without taking it out of use: that is the registry's to decide."""
    copy = Plugin({key: getattr(plugin, key) for key in ("group", "name", "value", "dist", "version", "status")})
    copy.reason = list(plugin.reason)
    copy.replaces = list(plugin.replaces)
    return copy


def check(words: list[str]) -> list[State]:
    """Import and check plug-ins for real, nothing remembered: all, or those named; a flow's worked cases too.

    Args:
        words: names, distributions or ``dist:name``; none for all.

    Raises:
        InputError: a word names no plug-in; the nearest are named.
    """
    reg = registry()
    for word in words:
        if not any(plugin.is_named(word) for plugin in reg.plugins):
            raise unknown_word("插件", "plug-in", word, _names(reg))
    chosen = [p for p in reg.plugins if not words or any(p.is_named(word) for word in words)]
    from tmcs.plugin_data import refresh

    refresh(reg)
    found = [_checked(reg, plugin) for plugin in chosen]
    _refuse(found)
    return sorted(found, key=lambda one: one.plugin.status != FAILED)


def _names(reg: Registry) -> list[str]:
    return list(dict.fromkeys([*(p.name for p in reg.plugins), *(p.dist for p in reg.plugins)]))


def _checked(reg: Registry, plugin: Plugin) -> State:
    if plugin.status != OK or plugin.group not in (FLOW_GROUP, JOB_GROUP):
        return _settled(reg, plugin)
    state = State(_copy(plugin))
    try:
        state.report = _report(reg, plugin)
        state.findings = state.report.findings
        if state.findings:
            n = len(state.findings)
            state.plugin.set(FAILED, f"没有通过检查 ({n} 处)", f"does not pass its check ({n} faults)")
    except TmcsError as error:
        state.fail(error)
    return state


def _report(reg: Registry, plugin: Plugin) -> CheckReport:
    """Return the check of a flow or job, imported for real, whatever is remembered."""
    if plugin.group == JOB_GROUP:
        from tmcs.jobs.check import check_job

        reg.host.job_files(plugin)
        return check_job(plugin.name)
    from tmcs.flowcheck import check_loaded
    from tmcs.loader import load_flow

    reg.host.flow_files(plugin)
    return check_loaded(load_flow(plugin.name, checked=False))


def check_folder(folder: str) -> CheckReport:
    """Check the flow whose files lie in a folder, installed or not.

    Raises:
        NotFoundError: there is no ``flow.yaml`` in it or one folder below ``src/*``.
    """
    from tmcs.flowcheck import check_named

    return check_named(flow_folder(folder))


def flow_folder(folder: str) -> str:
    """Return the folder of a project's ``flow.yaml``: the folder itself, else the only one below it.

    Raises:
        NotFoundError: there is none, or several.
    """
    if os.path.isfile(os.path.join(folder, "flow.yaml")):
        return folder
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one[:1] != "." and one not in ("build", "dist", "node_modules"))
        if "flow.yaml" in files and "pyvenv.cfg" not in files:
            found.append(root)
    if len(found) == 1:
        return found[0]
    n = len(found)
    hint = Text("请给出 flow.yaml 所在的文件夹", "name the folder that holds flow.yaml")
    raise NotFoundError(
        f"{folder}: 找到 {n} 个 flow.yaml，应为 1 个", f"{folder}: found {n} flow.yaml, expected 1", hint=hint
    )


def warnings(reg: Registry | None = None) -> list[Text]:
    """Return what the configuration names that is not installed."""
    reg = reg or registry()
    reg.plugins  # noqa: B018 - reads the configuration
    found = []
    for word in reg.unknown:
        near = reg.nearest(word.rpartition(": ")[2])
        zh, en = (f"，最接近的是 {near[0]}", f"; nearest: {near[0]}") if near else ("", "")
        found.append(Text(f"配置里的 {word} 没有安装{zh}", f"the configuration names {word}, which is not installed{en}"))
    return found
