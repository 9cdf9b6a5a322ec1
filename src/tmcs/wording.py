"""The rules of wording from their files, what is known of the case at hand, and the scripts that must pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tmcs.builtin import BUILT_IN, handbook
from tmcs.core.errors import InputError, unknown_word
from tmcs.core.fill import day_in_words, names
from tmcs.core.flow import Flow, Graph
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.wording import Case, Promise
from tmcs.files import read_bytes
from tmcs.lang.cache import cached
from tmcs.lang.limits import MAX_BYTES

NAME: Final = BUILT_IN + "wording.yaml"
#: The kind of a placeholder that is no fact, by how its name ends.
_KINDS: Final = ((("_due",), "date"), (("_amount", "_commit", "_max"), "money"))


def load_wording(files: Iterable[str | os.PathLike[str]] = ()) -> dict[str, Any]:
    """Return the rules of wording: the built-in ones with the desk's own files over them; ``files`` names them all.

    Raises:
        InputError: a file is wrong; every fault is named with file, line and column.
        NotFoundError, StorageError: it is missing or cannot be read.
    """
    own = [os.fspath(file) for file in files]
    file_names = [NAME, *own]
    datas = [handbook("wording.yaml"), *(read_bytes(file, MAX_BYTES) for file in own)]

    def build() -> Any:
        from tmcs.core.policy_reader import layer
        from tmcs.core.wording_reader import read_wording
        from tmcs.lang.yaml import parse_yaml

        sources = [parse_yaml(data, name) for data, name in zip(datas, file_names, strict=True)]
        merged, _ = layer(sources)
        normal = read_wording(merged)
        findings = [finding for source in (*sources, merged) for finding in source.findings]
        if findings:
            n = len(findings)
            raise InputError(f"用语规则有误 (共 {n} 处)", f"the rules of wording are wrong ({n} faults)", findings=findings)
        return normal

    key = [*datas, *(name.encode("utf-8", "surrogateescape") for name in file_names)]
    found: dict[str, Any] = cached("wording", key, build)
    return {**found, "files": file_names}


class Figures:
    """The figures of a policy for the placeholders of a better wording."""

    def __init__(self, snapshot: Snapshot, lang: str) -> None:
        self._snapshot = snapshot
        self._lang = lang

    def get(self, name: str) -> str | None:
        """Return a figure in words."""
        return self._snapshot.figure_in_words(name, self._lang)


def check_names(wording: dict[str, Any], snapshot: Snapshot) -> None:
    """Check that every placeholder of a better wording is a figure of the policy, and every flow is installed.

    Raises:
        InputError: one is not; the nearest are named.
    """
    from tmcs.plugins import registry

    known = registry()
    for name in {name for rule in wording["rules"].values() for name in (*rule["flows"], *rule["not_flows"])}:
        if not known.knows(name):
            raise unknown_word("流程", "flow", name, known.flow_names())
    places = snapshot.figure_places()
    for rule in wording["rules"].values():
        for name in {name for text in rule["better"] or () for name in names(text)}:
            if name not in places:
                raise unknown_word("数字", "figure", name, places)


def _reasons(flow: Flow) -> list[str]:
    nodes = [*flow.nodes.values(), *flow.common.nodes.values()]
    found = [reason for node in nodes if node["fx"] for reason in node["fx"]["pay"]]
    for target in flow.targets.values():
        found += _reasons(target)
    return list(dict.fromkeys(found))


def promise_of(snapshot: Snapshot, flow: Flow | None, tier: str, base: int | None) -> Promise:
    """Return the most that ``tier`` may promise: in a flow, or anywhere where ``flow`` is None.

    Args:
        snapshot: the policy in force.
        flow: the flow at hand.
        tier: the acting tier.
        base: what was paid for the order, in fen; None where unknown, then only the caps hold.
    """
    found = [snapshot.payout(name) for name in (snapshot.reasons if flow is None else _reasons(flow))]
    reasons = [reason for reason in found if reason.kind == "compensation"]

    def most(of: str) -> Promise:
        both = [reason.most(of, base) for reason in reasons]
        rate = max((rate for rate, _ in both if rate is not None), default=None)
        return Promise(rate, max((amount for _, amount in both), default=0), cites, base)

    cites = list(dict.fromkeys(cite for reason in reasons for cite in reason.cites))
    promise = most(tier)
    above = snapshot.tiers[snapshot.tier_index(tier) + 1 :]
    promise.above = [(snapshot.tier_labels[name], most(name)) for name in above]
    promise.none = flow is not None and not reasons
    return promise


def _promise_in(result: Resolution) -> Promise:
    """Return what may be promised in a resolution; while it is open, what may be in its flow."""
    snapshot, tier = result.snapshot, result.tier
    paid = result.known.get("paid_amount")
    if not result.payouts and result.status != RESOLVED:
        return promise_of(snapshot, result.flow, tier, paid)
    if not result.payouts:
        return Promise(None, 0, [], 0, none=True)
    top = max(result.payouts, key=lambda payout: payout.commit)
    promise = Promise(None, top.commit, top.cites, top.base)
    for name in snapshot.tiers[snapshot.tier_index(tier) + 1 :]:
        most = max(snapshot.payout(one.reason).compute(one.base, name, result.known).commit for one in result.payouts)
        promise.above.append((snapshot.tier_labels[name], Promise(None, most, top.cites, top.base)))
    return promise


def case_of(result: Resolution, opening: bool = False) -> Case:
    """Return what a resolution says of the words to the customer: its facts, its days, and what may be promised."""
    dues = [
        [f"{one.title[0]}最迟 {day_in_words(day, 'zh')}", f"{one.title[1]} by {day_in_words(day, 'en')}"]
        for one, day, _ in result.deadlines
    ]
    facts = {name: value for name, value in result.known.items() if isinstance(value, str)}
    snapshot = result.snapshot
    return Case(
        result.flow.id, facts=facts, promise=_promise_in(result), dues=dues, settings=snapshot.settings,
        figures=lambda lang: Figures(snapshot, lang), opening=opening,
    )  # fmt: skip


def case_in(snapshot: Snapshot, flow: Flow | None, tier: str, base: int | None, opening: bool = False) -> Case:
    """Return what is known where only the flow (or nothing) is named."""
    return Case(
        flow.id if flow else None, promise=promise_of(snapshot, flow, tier, base), settings=snapshot.settings,
        figures=lambda lang: Figures(snapshot, lang), opening=opening,
    )  # fmt: skip


def own_scripts(
    flows: list[Flow], snapshot: Snapshot, samples: dict[str, str]
) -> Iterator[tuple[str, str, str | None]]:
    """Yield every script of the flows and of the shared graph: where it stands, its text, its flow (None: shared).

    Placeholders are filled with the figures of the policy, each value of a choice, else a sample of their kind.
    """
    graphs: list[tuple[Graph, str | None]] = [(flow, flow.id) for flow in flows]
    if flows:
        graphs.append((flows[0].common, None))
    for graph, flow in graphs:
        for moment, script in graph.scripts.items():
            for text in (script["zh"], *(script["otherwise"] or ())[:1]):
                for said in _sampled(text, graph, flows[0], snapshot, samples):
                    yield f"{graph.id}:{moment}", said, flow


def _sampled(text: str, graph: Graph, any_flow: Flow, snapshot: Snapshot, samples: dict[str, str]) -> list[str]:
    options = {name: _options(name, graph, any_flow, snapshot, samples) for name in names(text)}
    found = []
    for n in range(max(map(len, options.values()), default=1)):
        said = text
        for name, values in options.items():
            said = said.replace(f"{{{name}}}", values[n % len(values)])
        found.append(said)
    return found


def _options(name: str, graph: Graph, any_flow: Flow, snapshot: Snapshot, samples: dict[str, str]) -> list[str]:
    if name in samples:
        return [samples[name]]
    if name in snapshot.settings:
        return [str(snapshot.settings[name][0])]
    figure = snapshot.figure_in_words(name, "zh")
    if figure is not None:
        return [figure]
    fact = graph.facts.get(name) or any_flow.common.facts.get(name)
    if fact is not None and fact.values:
        return [fact.words(value, "zh") for value in fact.values]
    kind = fact.type if fact else next((kind for ends, kind in _KINDS if name.endswith(ends)), "text")
    return [samples.get(kind) or samples.get("text") or name]
