"""What the plug-ins of the group ``tmcs.plugin`` bring, kept so that a command need not import them.

A record is made once: the plug-in is imported, its hooks are called, its policy fragment and its rules are read and
checked beside the built-in ones. It holds until the plug-in's module, one of these files or the set of plug-ins
changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import InternalError, TmcsError
from tmcs.files import read_bytes
from tmcs.lang.limits import MAX_BYTES
from tmcs.plugins import Plugin, PluginError, Registry, is_fresh, reason_of, registry, stamp

if TYPE_CHECKING:
    from tmcs.core.source import Path, Source

#: The output formats of tmcs itself; a plug-in's must have other names.
FORMATS: Final = ("text", "json", "yaml", "markdown")
#: The order readers of tmcs itself, by their names.
READERS: Final = ("orders", "items", "delivery", "warehouse", "records", "top")
#: The sections of a policy that a fragment may add entries to.
FRAGMENT_SECTIONS: Final = ("limits", "payouts", "tables", "deadlines", "queues", "settings", "jobs")

Record = dict[str, Any]


def records(reg: Registry | None = None) -> list[Record]:
    """Return what each active plug-in of the group brings; one that fails brings nothing and says why.

    Each is ``{"ref", "policy", "rules", "formats", "readers", "failed", "stamps"}``: paths or None, names of formats
    and of readers, and None or why it failed, ``[zh, en]``.
    """
    reg = reg or registry()
    found: list[Record] | None = reg.memo.get("records")
    if found is None:
        found = reg.memo["records"] = _kept(reg) if reg.others() else []
    return found


def _kept(reg: Registry) -> list[Record]:
    from tmcs.lang.cache import recall, store

    key = reg.active_key()
    found: list[Record] | None = recall("provided", key)
    if found is None or not all(is_fresh(one["stamps"]) for one in found):
        found = _make(reg)
        store("provided", key, found)
    return found


def refresh(reg: Registry) -> None:
    """Ask all plug-ins anew, whatever is remembered, and remember that."""
    from tmcs.lang.cache import store

    reg.memo["records"] = _make(reg) if reg.others() else []
    store("provided", reg.active_key(), reg.memo["records"])


def _make(reg: Registry) -> list[Record]:
    """Import the plug-ins, ask them all, and check what they bring: one beside the other, the first come first."""
    found = [_ask(reg, plugin) for plugin in reg.others()]
    taken = dict.fromkeys([*(f"format {name}" for name in FORMATS), *(f"reader {name}" for name in READERS)], "tmcs")
    base: list[Source] = []
    for record, plugin in zip(found, reg.others(), strict=True):
        try:
            if not record["failed"]:
                claims = [f"format {name}" for name in record["formats"]]
                claims += [f"reader {name}" for name in record["readers"]]
                claims += _rules_claims(plugin, record["rules"])
                claims += _policy_claims(plugin, record["policy"], base)
                _claim(plugin, claims, taken)
        except TmcsError as error:
            record["failed"] = reason_of(error)
        record["stamps"] += [stamp(path) for path in (record["policy"], record["rules"]) if path]
        if record["failed"]:
            record.update(policy=None, rules=None, formats=[], readers=[])
    return found


def _ask(reg: Registry, plugin: Plugin) -> Record:
    """Return what one plug-in brings, or why it fails."""
    found: Record = {
        "ref": plugin.ref, "policy": None, "rules": None, "formats": [], "readers": [], "failed": None, "stamps": [],
    }  # fmt: skip
    host = reg.host
    try:
        host.load(plugin)
        found["policy"] = host.path(plugin, "tmcs_policy")
        found["rules"] = host.path(plugin, "tmcs_rules")
        found["formats"] = sorted(host.formats(plugin))
        found["readers"] = [reader.name for reader in host.readers(plugin)]
        found["stamps"] = host.stamps(plugin)
    except TmcsError as error:
        found["failed"] = reason_of(error)
        found["stamps"] = host.all_stamps(plugin)
    return found


def _claim(plugin: Plugin, claims: list[str], taken: dict[str, str]) -> None:
    for claim in claims:
        if claim in taken:
            raise PluginError(plugin, f"{claim} 已由 {taken[claim]} 提供", f"repeats {claim} of {taken[claim]}")
    taken.update(dict.fromkeys(claims, plugin.ref))


def _rules_claims(plugin: Plugin, path: str | None) -> list[str]:
    if path is None:
        return []
    from tmcs.rulebook import rules_from

    return [f"section {section.id}" for section in rules_from([path])]


def _policy_claims(plugin: Plugin, path: str | None, base: list[Source]) -> list[str]:
    """Return the entries that a policy fragment adds, after checking it on top of the built-in policy.

    Raises:
        InputError: it is not valid, or changes something; each finding names file, line and column.
    """
    if path is None:
        return []
    from tmcs.builtin import BUILT_IN, POLICY_FILES, handbook, load_common
    from tmcs.core.policy_reader import layer, read_policy
    from tmcs.core.source import Source
    from tmcs.lang.yaml import parse_yaml

    if not base:
        base += [parse_yaml(handbook(name), BUILT_IN + name) for name in POLICY_FILES]
    own = parse_yaml(read_bytes(path, MAX_BYTES), path)
    below = [Source(one.file, one.data, one.marks) for one in base]
    claims = _additions(own, below)
    if not own.findings:
        merged, _ = layer([*below, own])
        read_policy(merged, load_common().facts)
        own.findings += merged.findings
    if own.findings:
        raise _faults(plugin, path, own)
    return claims


def _faults(plugin: Plugin, path: str, source: Source) -> TmcsError:
    return PluginError(plugin, f"政策片段 {path} 有误", f"its policy fragment {path} is wrong", source.findings)


def _additions(own: Source, below: list[Source]) -> list[str]:
    """Return the entries of a fragment, noting a fault for everything that is no addition."""
    claims: list[str] = []
    for section, entries in own.root.items():
        if section == "note":
            continue
        if section not in FRAGMENT_SECTIONS:
            own.fault((section,), f"片段不能改 {section}", f"a fragment may not have {section}",
                      " | ".join(FRAGMENT_SECTIONS), key=True)  # fmt: skip
            continue
        for name, _ in entries.items():
            path: Path = (section, name)
            if any(name in (one.data.get(section) or ()) for one in below):
                zh, en = "已有，应在自己的政策文件里改", "exists; figures are changed in the desk's own policy file"
                own.fault(path, f"{section}.{name} {zh}", f"{section}.{name} {en}", key=True)
            claims.append(f"{section}.{name}")
    return claims


def failures() -> dict[str, list[str]]:
    """Return the plug-ins of the group that fail, with the reason: ``{ref: [zh, en]}``."""
    return {one["ref"]: one["failed"] for one in records() if one["failed"]}


class Formats(Mapping[str, "Callable[[Any, str], str]"]):
    """The output formats of plug-ins by name; a plug-in is imported when its format is taken out."""

    def __init__(self, reg: Registry) -> None:
        self._registry = reg
        self._brings = {
            name: plugin for plugin, one in zip(reg.others(), records(reg), strict=True) for name in one["formats"]
        }

    def __iter__(self) -> Iterator[str]:
        return iter(self._brings)

    def __len__(self) -> int:
        return len(self._brings)

    def __contains__(self, name: object) -> bool:
        return name in self._brings

    def __getitem__(self, name: str) -> Callable[[Any, str], str]:
        plugin = self._brings[name]
        render = self._registry.host.formats(plugin)[name]

        def safely(resolution: Any, lang: str) -> str:
            """Return the text, or raise InternalError (exit 70) where the plug-in fails."""
            from tmcs.plugin_load import guarded

            try:
                with guarded(plugin, f"格式 {name} 出错", f"format {name} failed"):
                    text = render(resolution, lang)
            except TmcsError as error:
                raise InternalError(error.text.zh, error.text.en) from error
            if not isinstance(text, str):
                kind = type(text).__name__
                raise InternalError(f"插件 {plugin.ref} 的格式 {name} 应返回 str，而不是 {kind}",
                                    f"format {name} of plug-in {plugin.ref} must return str, not {kind}")  # fmt: skip
            return text

        return safely


def extra_readers(warn: Callable[[TmcsError], None] | None = None) -> list[Any]:
    """Return the order readers that plug-ins bring; see :func:`tmcs.plugins.extra_readers`."""
    reg = registry()
    found: list[Any] = []
    for plugin, record in zip(reg.others(), records(reg), strict=True):
        try:
            if record["failed"]:
                raise PluginError(plugin, record["failed"][0], record["failed"][1])
            if record["readers"]:
                found += reg.host.readers(plugin)
        except TmcsError as error:
            if warn is not None:
                warn(error)
    return found
