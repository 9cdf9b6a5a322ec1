"""Flows and policies from their files: read, checked, cached by content, and put together for :func:`tmcs.resolve`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from types import MappingProxyType
from typing import Any

from tmcs import builtin
from tmcs.builtin import BUILT_IN as BUILT_IN
from tmcs.builtin import HANDBOOK as HANDBOOK
from tmcs.builtin import POLICY_FILES, handbook, load_common
from tmcs.core.calendar import WorkingCalendar
from tmcs.core.errors import Finding, InputError, NotFoundError, TmcsError, unknown_word
from tmcs.core.facts import Fact
from tmcs.core.flow import Common, Flow
from tmcs.core.policy import Policy
from tmcs.files import read_bytes
from tmcs.lang.cache import cached, recall, store
from tmcs.lang.limits import MAX_BYTES

_policies: dict[tuple[str, ...], Policy] = {}
_flows: dict[str, Flow] = {}


def _refuse(zh: str, en: str, findings: list[Finding]) -> InputError:
    return InputError(f"{zh} (共 {len(findings)} 处)", f"{en} ({len(findings)} faults)", findings=findings)


def _calendar(normal: dict[str, Any]) -> WorkingCalendar:
    """Return the published working calendar with the policy's own days over it; published days load on first use."""
    off = [date.fromisoformat(day) for day in normal["calendar"]["off"]]
    on = [date.fromisoformat(day) for day in normal["calendar"]["on"]]
    return WorkingCalendar(off, on, load=_published_calendar)


def _published_calendar() -> WorkingCalendar:
    from chinese_calendar import __version__
    from chinese_calendar.constants import holidays, workdays

    off = [day for day in holidays if day.weekday() < 5]
    on = [day for day in workdays if day.weekday() >= 5]
    return WorkingCalendar(off, on, max(day.year for day in holidays), f"chinesecalendar {__version__}")


def policy_of(normal: dict[str, Any], facts: dict[str, Fact]) -> Policy:
    """Return the policy of a normal form (see :meth:`tmcs.core.policy.Policy.normal`), on the published calendar."""
    return Policy(normal, facts, _calendar(normal["data"]))


def load_policy(
    files: Iterable[str | os.PathLike[str]] | None = None, contents: Mapping[str, bytes] | None = None
) -> Policy:
    """Return the policy: the built-in figures, plug-in fragments over them, then the desk's own files.

    Args:
        files: the desk's own files, lowest first; default those of the configuration.
        contents: what files of these names hold, instead of what is on disk: a change is looked at before it is made.

    Raises:
        InputError: a file is wrong; every fault is named with file, line and column.
        NotFoundError, StorageError: a file is missing or cannot be read.
    """
    if files is None:
        from tmcs import config

        files = config.policy_files()
    own = tuple(os.fspath(file) for file in files)
    if contents:
        return _build_policy(own, contents)
    found = _policies.get(own)
    if found is None:
        found = _policies[own] = _build_policy(own)
    return found


def _build_policy(own: tuple[str, ...], contents: Mapping[str, bytes] = MappingProxyType({})) -> Policy:
    from tmcs.plugins import registry

    added = (*(one["policy"] for one in registry().brought() if one["policy"]), *own)
    names = [*(BUILT_IN + name for name in POLICY_FILES), *added]
    datas = [*map(handbook, POLICY_FILES), *(contents.get(path) or read_bytes(path, MAX_BYTES) for path in added)]
    common = load_common()

    def build() -> Any:
        from tmcs.core.policy_reader import layer, read_policy
        from tmcs.lang.yaml import parse_yaml

        sources = [parse_yaml(data, name) for data, name in zip(datas, names, strict=True)]
        merged, changes = layer(sources)
        normal = read_policy(merged, common.facts)
        findings = [finding for source in (*sources, merged) for finding in source.findings]
        if findings:
            raise _refuse("政策文件有误", "the policy is wrong", findings)
        mine = [one for one in changes if one["file"] in own]
        return {**normal, "overrides": mine, "files": names}

    sources = [name.encode("utf-8", "surrogateescape") for name in names]
    normal = cached("policy", [*datas, *sources, repr(sorted(common.facts)).encode()], build)
    return policy_of(normal, common.facts)


def load_flow(name: str, *, checked: bool = True, policy: Policy | None = None) -> Flow:
    """Return a flow by its id or an alias, with the flows that it goes on in.

    Args:
        name: the id, or an alias in either language.
        checked: refuse a flow that fails its check, and a plug-in's that lifts what one order can draw above the desk's
            limit (see :mod:`tmcs.plugin_verdict`; both are remembered).
        policy: whose limit counts; default that of the configuration.

    Raises:
        InputError: there is no such flow (the nearest are named), its plug-in is disabled or fails, or it is refused.
    """
    if not checked:
        return _load(_flow_id(name), ())
    from tmcs.plugins import OWN, registry

    flow = passing_flow(name)
    plugin = registry().flow(flow.id)
    if plugin.dist != OWN:  # a built-in flow is within every limit: no start waits for the policy to say so
        from tmcs.plugin_verdict import require_within

        require_within(plugin, flow, policy)
    return flow


def passing_flow(name: str) -> Flow:
    """Return a flow as :func:`load_flow` does, if it passes its check, whatever the desk's limit says of it."""
    from tmcs.plugin_verdict import require
    from tmcs.plugins import registry

    flow = _load(_flow_id(name), ())
    require(registry().flow(flow.id), flow)
    return flow


def passing_flows() -> dict[str, Flow]:
    """Return the installed flows that pass their check, by id; ``tmcs plugin list`` says why another does not."""
    from tmcs.plugins import registry

    flows: dict[str, Flow] = {}
    for name in registry().flow_names():
        with suppress(TmcsError):
            flows[name] = passing_flow(name)
    return flows


def _flow_id(name: str) -> str:
    from tmcs.plugins import registry

    known = registry()
    if name in known.flow_names():
        return name
    if known.knows(name):
        known.flow(name)  # says why it is not active
    return find_flow(name)


def _load(name: str, outer: tuple[str, ...]) -> Flow:
    found = _flows.get(name)
    if found is not None:
        return found
    from tmcs.plugins import registry

    known = registry()
    files = known.flow_files(known.flow(name))
    flow = read_flow_files(files.folder, files.graph, files.scripts, name, (*outer, name))
    flow.installed = frozenset(known.flow_names())
    flow.notes = known.notes(name)
    _flows[name] = flow
    return flow


def read_flow_files(
    folder: str, graph: Any = None, scripts: Any = None, name: str | None = None, outer: tuple[str, ...] = ()
) -> Flow:
    """Return the flow whose files lie in ``folder``, installed or not.

    Args:
        folder: where ``flow.yaml`` and ``scripts.yaml`` lie.
        graph, scripts: mappings to use instead of the files.
        name: the id it must bear; default whatever it says.
        outer: the flows that are being loaded around it, so that jumps cannot go round in circles.

    Raises:
        InputError: the files are wrong; every fault is named with file, line and column.
    """
    graph_name, scripts_name = os.path.join(folder, "flow.yaml"), os.path.join(folder, "scripts.yaml")
    datas = [_bytes(graph, graph_name), _bytes(scripts, scripts_name)]
    common = load_common()

    def build() -> Any:
        return _read_flow(datas, (graph, scripts), (graph_name, scripts_name), common, name)

    # The name is part of the key: the file name stands in the normal form.
    key = [*datas, graph_name.encode("utf-8", "surrogateescape"), (name or "").encode(), handbook("common.yaml"), handbook("scripts.yaml")]
    normal = cached("flow", key, build)
    targets: dict[str, Flow] = {}
    from tmcs.plugins import registry

    for target in normal["jumps"]:
        if target in registry().flow_names() and target not in outer:
            with suppress(InputError, NotFoundError):  # a target that fails is handed over to, as one not installed
                targets[target] = _load(target, outer)
    return Flow(normal, common, targets)


def _bytes(given: Any, path: str) -> bytes:
    return read_bytes(path, MAX_BYTES) if given is None else json.dumps(given, ensure_ascii=False).encode()


def _read_flow(
    datas: list[bytes], given: tuple[Any, Any], names: tuple[str, str], common: Common, name: str | None
) -> Any:
    from tmcs.core.flow_reader import read_flow
    from tmcs.core.source import Source
    from tmcs.lang.cache import digest
    from tmcs.lang.yaml import parse_yaml

    sources = [
        parse_yaml(data, file) if mapping is None else Source(file, mapping)
        for data, file, mapping in zip(datas, names, given, strict=True)
    ]
    normal = read_flow(sources[0], sources[1], common.facts, common.scripts)
    findings = sources[0].findings + sources[1].findings
    if not findings and name is not None and normal["id"] != name:
        sources[0].fault(("flow",), f"流程名应为 {name}", f"the flow must be called {name}", expected=name)
        findings = sources[0].findings
    if findings:
        raise _refuse(f"流程文件有误: {names[0]}", f"the flow is wrong: {names[0]}", findings)
    return {**normal, "digest": digest(datas)}


def find_flow(word: str) -> str:
    """Return the id of the flow that ``word`` names: its id, or an alias in either language.

    Raises:
        InputError: none does; the nearest ids and aliases are named.
    """
    wanted = word.strip().lower()
    words: dict[str, str] = _index()["words"]
    if wanted in words:
        return words[wanted]
    raise unknown_word("流程", "flow", word, words)


def flow_words() -> dict[str, str]:
    """Return the flow that each id, alias and title names, all in small letters."""
    words: dict[str, str] = _index()["words"]
    return words


def flow_titles() -> dict[str, list[str]]:
    """Return the installed flows, and the graphs of jobs, by id with their titles, ``[zh, en]``, without reading one.

    One that fails has none.
    """
    titles: dict[str, list[str]] = _index()["titles"]
    return titles


def _index() -> dict[str, Any]:
    """Return the flow that each id, alias and title names, and the titles; kept until a flow's files or the plug-ins change."""
    from tmcs.plugins import is_fresh, registry, stamp

    known = registry()
    key = known.active_key()
    kept: dict[str, Any] | None = recall("index", key)
    if kept is not None and is_fresh(kept["stamps"]):
        return kept
    titles: dict[str, list[str]] = {}
    words = {name: name for name in known.flow_names()}
    stamps = []
    for name in known.flow_names():
        plugin = known.flow(name)
        try:
            flow = _load(name, ())
        except TmcsError:  # reported by `tmcs plugin list`; its id still names it
            stamps += known.host.all_stamps(plugin)
            continue
        stamps += [stamp(flow.source), *known.stamps(plugin)]
        titles[name] = list(flow.title)
        for alias in (*flow.aliases, *flow.title):
            words.setdefault(alias.lower(), name)
    for name in known.job_names():  # a case that a job opened bears the id of its graph
        plugin = known.job(name)
        try:
            flow = read_flow_files(known.host.job_files(plugin).folder, name=f"job-{name}")
        except TmcsError:
            stamps += known.host.all_stamps(plugin)
            continue
        stamps += [stamp(flow.source), *known.stamps(plugin)]
        titles[flow.id] = list(flow.title)
    found = {"words": words, "titles": titles, "stamps": stamps}
    store("index", key, found)
    return found


def following_facts(flow: Flow) -> dict[str, Fact]:
    """Return the facts of the flows that ``flow`` can hand over to, and of those that they can."""
    from tmcs.plugins import registry

    installed = registry().flow_names()
    facts: dict[str, Fact] = {}
    seen: set[str] = {flow.id}
    todo = [*flow.nexts, *flow.common_nexts, *flow.jumps]
    while todo:
        name = todo.pop()
        if name in seen or name not in installed:
            continue
        seen.add(name)
        try:
            following = load_flow(name)
        except (InputError, NotFoundError):
            continue  # it fails: the case cannot go on in it, and this flow is not to blame
        facts = following.settable() | facts
        todo += [*following.nexts, *following.common_nexts, *following.jumps]
    return facts


def load_flows(report: Callable[[str, TmcsError], None] | None = None, *, checked: bool = True) -> list[Flow]:
    """Return every flow that loads and passes its check; ``report`` is told of those that fail."""
    from tmcs.plugins import registry

    flows = []
    for name in registry().flow_names():
        try:
            flows.append(load_flow(name, checked=checked))
        except (InputError, NotFoundError) as error:
            if report is not None:
                report(name, error)
    return flows


def shared_fact(name: str) -> Fact:
    """Return a shared fact.

    Raises:
        InputError: there is none; the nearest are named.
    """
    facts = load_common().facts
    if name not in facts:
        raise unknown_word("事实", "fact", name, facts)
    return facts[name]


def reset() -> None:
    """Forget what was loaded; for tests and for a process that changes files."""
    builtin.reset()
    _policies.clear()
    _flows.clear()
