"""A flow linked to a policy: names become objects, constants are folded, and the walk has nothing left to look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tmcs.core.facts import Fact
from tmcs.core.flow import ASK, JUMP, LEAF, PASS, Flow, Graph
from tmcs.core.order import ORDER_FACTS
from tmcs.core.payout import PayoutReason
from tmcs.core.policy import Deadline, Snapshot
from tmcs.core.table import Table, interval

#: What the engine supplies after a leaf; the completion branches on them.
ROUTE: Final = "route"
PAYOUT_FORM: Final = "payout_form"
PAYOUT_OFFER: Final = "payout_offer"
QUIET: Final = frozenset({ROUTE, PAYOUT_FORM, PAYOUT_OFFER})
SYSTEM_VALUES: Final[dict[str, list[str]]] = {
    ROUTE: ["none", "normal", "abnormal", "cancel", "own"],
    PAYOUT_FORM: ["none", "coupon", "cash"],
    PAYOUT_OFFER: ["none", "said-unasked", "said-on-request", "unasked", "on-request", "no-authority"],
}

_KINDS: Final = {kind: kind for kind in (ASK, LEAF, JUMP, PASS)}
#: The nodes of the shared graph are filed under this prefix, so that a flow may call its own nodes as it likes.
_SHARED: Final = "/"


class Script:
    """One script moment of a flow or of the shared graph."""

    __slots__ = ("cites", "direction", "last", "moment", "otherwise", "tells_payout", "text", "when")

    def __init__(self, moment: str, normal: Mapping[str, Any]) -> None:
        self.moment = moment
        self.text: list[str] = [normal["zh"], normal["en"]]
        self.otherwise: list[str] | None = normal["otherwise"]
        self.last: bool = normal.get("last", False)
        self.tells_payout = "{payout_" in normal["zh"]
        self.when: list[str] = normal["when"]
        self.cites: list[str] = normal["cite"]
        self.direction: str = normal["direction"]


class Effects:
    """What happens at a node: steps, scripts, tasks, payouts, refund, goods, deadlines, next flow."""

    __slots__ = ("dues", "goods", "next", "next_sets", "pays", "refund", "say", "steps", "tasks")

    def __init__(self) -> None:
        self.steps: list[tuple[list[str], list[str]]] = []
        self.say: list[Script] = []
        self.tasks: list[tuple[str, list[str], Deadline | None]] = []
        self.pays: list[PayoutReason] = []
        self.refund: tuple[str, str] | None = None
        self.goods: str | None = None
        self.dues: list[Deadline] = []
        self.next: str | None = None
        self.next_sets: dict[str, str] = {}


class Node:
    """One node of a linked flow.

    Attributes:
        name: its name in a path; with the flow's id before it where the flow was jumped to.
        graph, local: the graph that it stands in, and its name there.
    """

    __slots__ = (
        "awaits", "branches", "cites", "derive", "fact", "fact_def", "fx", "graph", "jump", "kind", "local", "name",
        "other", "outcome", "ranges", "sets", "table", "then", "title", "unset", "wait",
    )  # fmt: skip

    def __init__(self, name: str, local: str, graph: Graph, normal: Mapping[str, Any]) -> None:
        self.name = name
        self.local = local
        self.graph = graph
        self.kind = _KINDS[normal["kind"]]  # the very constant: the walk compares with `is`
        self.cites: list[str] = normal["cite"]
        self.title: list[str] | None = normal["title"]
        self.fx: Effects | None = None
        self.fact: str = ""
        self.fact_def: Fact | None = None
        self.derive: Callable[..., Any] | None = None
        self.table: Table | None = None
        self.branches: dict[str, Node] = {}
        self.ranges: list[tuple[float, float, Node]] = []
        self.other: Node | None = None
        self.unset: Node | None = None
        self.then: Node | None = None
        self.awaits: Deadline | None = None
        self.outcome: str | None = None
        self.wait: tuple[str, str, Deadline | None] | None = None
        self.jump: str | None = None
        self.sets: dict[str, Any] = {}

    def follow(self, value: Any) -> Node | None:
        """Return the node that a value leads to, None where no branch covers it."""
        found = self.branches.get(value)
        if found is not None:
            return found
        for low, high, target in self.ranges:
            if low <= value <= high:
                return target
        return self.other or self.then

    def children(self) -> list[Node]:
        """Return the nodes this one leads to, without the one for `unset`."""
        found = [*self.branches.values(), *(target for _, _, target in self.ranges)]
        found += [node for node in (self.other, self.then) if node is not None]
        return list(dict.fromkeys(found))


class Program:
    """A flow linked to the policy of a day.

    Attributes:
        flow, snapshot: what it was linked from.
        start: the first node of the guard.
        completion: the first node of the completion.
        unresolved: the end of a case that rests on a ruling which the desk holds open.
        facts: the facts that may be given, by name.
        nodes: the nodes: the flow's own by name, those of a flow it jumps to as ``flow.name``, the shared ones as
            ``/name``.
        tables: the decision tables by name; of two with one name, the flow's own.
    """

    __slots__ = ("completion", "entry", "facts", "flow", "nodes", "snapshot", "start", "tables", "unresolved")

    def __init__(self, flow: Flow, snapshot: Snapshot) -> None:
        self.flow = flow
        self.snapshot = snapshot
        self.facts = flow.settable()
        self.tables: dict[str, Table] = {}
        self.nodes: dict[str, Node] = {}
        linker = _Linker(self)
        linker.add(flow.common, _SHARED)
        self.entry = linker.add_flow(flow, "")
        linker.connect()
        self.start = linker.node(flow.common.guard, _SHARED)
        self.completion = linker.node(flow.common.completion, _SHARED)
        self.unresolved = linker.node("unresolved", _SHARED)


def program(flow: Flow, snapshot: Snapshot) -> Program:
    """Return the flow linked to the snapshot, linking it on first use."""
    found = snapshot.programs.get(flow)
    if found is None:
        found = snapshot.programs[flow] = Program(flow, snapshot)
    return found


class _Linker:
    def __init__(self, owner: Program) -> None:
        self.owner = owner
        self.flow = owner.flow
        self.snapshot = owner.snapshot
        self.todo: list[tuple[Node, dict[str, Any], str, Graph]] = []
        self.tables: dict[tuple[str, str], Table] = {}

    def add_flow(self, flow: Flow, prefix: str) -> str:
        """Add a flow's nodes and those of the flows it jumps to; return the name of its first node."""
        self.add(flow, prefix)
        for name, target in flow.targets.items():
            if f"{name}." not in prefix and not any(key.startswith(f"{name}.") for key in self.owner.nodes):
                self.add_flow(target, f"{name}.")
        return prefix + flow.start

    def add(self, graph: Graph, prefix: str) -> None:
        for name, normal in graph.nodes.items():
            full = prefix + name
            node = Node(name if prefix == _SHARED else full, name, graph, normal)
            self.owner.nodes[full] = node
            self.todo.append((node, normal, prefix, graph))

    def connect(self) -> None:
        for node, normal, prefix, graph in self.todo:
            if normal["fx"]:
                node.fx = self._effects(normal["fx"], graph)
            if normal["kind"] == ASK:
                self._question(node, normal, prefix, graph)
            elif normal["kind"] == LEAF or "wait" in normal:
                node.outcome = normal.get("outcome")
                if wait := normal.get("wait"):
                    node.wait = (wait["on"], wait["fact"], self._deadline(wait["due"]))
            elif normal["kind"] == JUMP:
                self._jump(node, normal)
            if normal.get("then"):
                node.then = self.node(normal["then"], prefix)

    def node(self, name: str, prefix: str) -> Node:
        """Return a node by name. `flow` in the shared graph is the flow's own start; constants are folded away."""
        if name == "flow" and prefix == _SHARED:
            return self.owner.nodes[self.flow.start]
        node = self.owner.nodes[prefix + name]
        normal = node.graph.nodes[node.local]
        if normal["kind"] == ASK and normal["ask"].startswith("guard_"):
            word = self.flow.guard[normal["ask"][6:]]
            key = word if word in normal["values"] else "explain"
            return self.node(normal["values"].get(key) or normal["else"], prefix)
        return node

    def _jump(self, node: Node, normal: Mapping[str, Any]) -> None:
        target = self.flow_named(normal["jump"])
        node.jump = normal["jump"]
        if target is None:  # not installed: hand over instead of going on
            node.kind = LEAF
            node.outcome = "explain"
            node.fx = node.fx or Effects()
            node.fx.next = normal["jump"]
            return
        facts = target.settable()
        node.sets = {name: facts[name].parse(value) for name, value in normal["set"].items()}
        node.then = self.owner.nodes[f"{target.id}.{target.start}"]

    def flow_named(self, name: str) -> Flow | None:
        flows = [self.flow]
        while flows:
            flow = flows.pop()
            if name in flow.targets:
                return flow.targets[name]
            flows += flow.targets.values()
        return None

    def _question(self, node: Node, normal: Mapping[str, Any], prefix: str, graph: Graph) -> None:
        name = node.fact = normal["ask"]
        node.fact_def = self.owner.facts.get(name)
        node.table = self._table(name, graph)
        node.awaits = self._deadline(normal["await"])
        if node.fact_def is not None and node.fact_def.source == "order":
            node.derive = ORDER_FACTS.get(name)
        node.branches = {value: self.node(to, prefix) for value, to in normal["values"].items()}
        for comparisons, to in normal["ranges"]:
            low, high = interval(comparisons, lambda operand: self._number(name, operand))
            node.ranges.append((low, high, self.node(to, prefix)))
        if normal["else"]:
            node.other = self.node(normal["else"], prefix)
        if normal["unset"]:
            node.unset = self.node(normal["unset"], prefix)

    def _number(self, fact: str, operand: str) -> int:
        if operand.startswith("$"):
            return self.snapshot.limits[operand[1:]]
        definition = self.owner.facts[fact]
        value = definition.parse(operand)
        assert isinstance(value, int)
        return value

    def _table(self, name: str, graph: Graph) -> Table | None:
        found = self.tables.get((graph.id, name))
        if found is None:
            if name in graph.tables:
                found = Table(name, graph.tables[name], self._values_of, self._number)
            elif name in self.snapshot.tables:
                found = self.snapshot.table(name)
            else:
                return None
            self.tables[graph.id, name] = found
            if graph is self.flow or name not in self.owner.tables:
                self.owner.tables[name] = found
        return found

    def _values_of(self, fact: str) -> list[str] | None:
        if fact in SYSTEM_VALUES:
            return SYSTEM_VALUES[fact]
        definition = self.owner.facts.get(fact)
        return (list(definition.values) or None) if definition else self.snapshot.values_of(fact)

    def _deadline(self, name: str | None) -> Deadline | None:
        return self.snapshot.deadline(name) if name else None

    def _effects(self, normal: Mapping[str, Any], graph: Graph) -> Effects:
        fx = Effects()
        fx.steps = [([zh, en], cites) for zh, en, cites in normal["do"]]
        fx.say = [self.script(moment, graph) for moment in normal["say"]]
        fx.tasks = [(t["queue"], t["what"], self._deadline(t["due"])) for t in normal["task"]]
        fx.pays = [self.snapshot.payout(reason) for reason in normal["pay"]]
        fx.dues = [self.snapshot.deadline(name) for name in normal["due"]]
        fx.goods = normal["goods"]
        if normal["refund"]:
            fx.refund = (normal["refund"][0], normal["refund"][1])
        for word in (fx.goods, fx.refund[0] if fx.refund else None):
            if word and word.startswith("@"):
                self._table(word[1:], graph)
        fx.next, fx.next_sets = normal["next"], normal["next_set"]
        if fx.next and fx.next.startswith("@"):
            word = self.flow.guard[fx.next[1:]]
            fx.next = None if word in ("own", "explain", "needed") else word
        return fx

    def script(self, moment: str, graph: Graph) -> Script:
        normal = graph.scripts.get(moment) or self.flow.common.scripts[moment]
        return Script(moment, normal)
