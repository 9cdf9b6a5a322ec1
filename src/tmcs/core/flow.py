"""Flows: decision graphs written as data, and the shared graph (guard and completion) around every one of them.

The grammar is described in docs/flow-language.md; its keys stand in the tables at the top of
:mod:`tmcs.core.flow_reader`, which is the only reader. Here is the value that reading gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tmcs.core.facts import Fact

#: The kinds of node, by the key that makes them.
ASK: Final = "ask"
LEAF: Final = "leaf"
JUMP: Final = "jump"
PASS: Final = "pass"

#: The fact by which a flow takes over the amount that the flow before it granted.
GRANTED: Final = "granted_amount"
#: The fact by which a flow says what a refund by hand is for; a payout reason of that name is the cause it is paid for.
REFUND_KIND: Final = "refund_kind"

#: What the guard does with an order in a state that a flow is not made for; values of a flow's `guard:` mapping.
GUARDS: Final = ("closed", "undispatched", "dispatched", "refunding", "item")


class Graph:
    """Facts, nodes, tables and scripts: what a flow and the shared graph have in common.

    Attributes:
        id: the flow id; ``common`` for the shared graph.
        facts: the facts it defines, in the order in which they are asked.
        nodes: the nodes in their normal form, by name.
        tables: the derived facts: decision tables in their normal form.
        scripts: the script moments: ``{"zh", "en", "cite", …}``.
        normal: the normal form it was made of: plain data that makes the same graph again.
    """

    __slots__ = ("facts", "id", "nodes", "normal", "scripts", "tables")

    def __init__(self, normal: Mapping[str, Any]) -> None:
        self.normal = normal
        self.id: str = normal["id"]
        self.facts: dict[str, Fact] = {name: Fact(name, one) for name, one in normal["facts"].items()}
        self.nodes: dict[str, dict[str, Any]] = normal["nodes"]
        self.tables: dict[str, Any] = normal["tables"]
        self.scripts: dict[str, Any] = normal["scripts"]


class Common(Graph):
    """The shared graph: shared facts, the guard before every flow and the completion after it.

    Attributes:
        guard, completion: the names of their first nodes.
    """

    __slots__ = ("completion", "guard")

    def __init__(self, normal: Mapping[str, Any]) -> None:
        super().__init__(normal)
        self.guard: str = normal["guard"]
        self.completion: str = normal["completion"]


class Flow(Graph):
    """One handling flow.

    Attributes:
        section: the handbook section it carries, e.g. ``H04``.
        title: its name, ``[zh, en]``.
        aliases: further words that name it.
        concerns: ``item`` or ``order``.
        listed: all facts it asks in their order, its own and the shared ones.
        guard: what becomes of an order in a state that the flow is not made for, by guard.
        not_executable: the rules of its section that nothing can carry out, each with the reason, ``[zh, en]``.
        start: the name of its first node.
        completes: which refund routes the completion finishes; the others are the flow's own.
        jumps: the flows whose graph it goes on in; ``nexts`` the flows it hands over to.
        common: the shared graph around it.
        targets: the flows it jumps to, by id; a jump to one that is not installed becomes a hand-over.
        source: where it was read from, for messages; ``digest`` identifies its contents.
        installed: the ids of all flows there are, or None where that is not known.
        notes: what a resolution of this flow should say of it, ``(code, zh, en)``: its plug-in overrides another's.
    """

    __slots__ = (
        "aliases", "common", "completes", "concerns", "digest", "guard", "installed", "jumps", "listed", "nexts", "not_executable", "notes",
        "section", "source", "start", "targets", "title",
    )  # fmt: skip

    def __init__(self, normal: Mapping[str, Any], common: Common, targets: Mapping[str, Flow] | None = None) -> None:
        """Make a flow from its normal form (see :func:`tmcs.core.flow_reader.read_flow`)."""
        super().__init__(normal)
        self.section: str = normal["section"]
        self.title: list[str] = normal["title"]
        self.aliases: list[str] = normal["aliases"]
        self.concerns: str = normal["concerns"]
        self.listed: list[str] = normal["listed"]
        self.guard: dict[str, str] = normal["guard"]
        self.not_executable: dict[str, list[str]] = normal["not_executable"]
        self.start: str = normal["start"]
        self.completes: list[str] = normal["completes"]
        self.jumps: list[str] = normal["jumps"]
        self.nexts: list[str] = normal["nexts"]
        self.common = common
        self.targets: dict[str, Flow] = dict(targets or {})
        self.source: str = normal["source"]
        self.digest: str = normal["digest"]
        self.installed: frozenset[str] | None = None
        self.notes: list[tuple[str, str, str]] = []

    @property
    def common_nexts(self) -> list[str]:
        """The flows that the shared graph hands over to."""
        nexts = [node["fx"]["next"] for node in self.common.nodes.values() if node["fx"]]
        return [name for name in nexts if name and not name.startswith("@")]

    def fact(self, name: str) -> Fact | None:
        """Return the definition of a fact that this flow can use: its own, a shared one, or a jump target's."""
        found = self.facts.get(name) or self.common.facts.get(name)
        if found is None:
            for target in self.targets.values():
                found = target.fact(name)
                if found is not None:
                    break
        return found

    def settable(self) -> dict[str, Fact]:
        """Return the facts that `--set` takes: those it lists, its jump targets', and what every order has to say."""
        facts = {name: fact for name in self.listed if (fact := self.fact(name))}
        for target in self.targets.values():
            facts.update(target.settable())
        everywhere = {
            name: fact
            for name, fact in self.common.facts.items()
            if fact.source == "order" or (fact.source == "agent" and (fact.default is not None or fact.optional))
        }
        return facts | everywhere
