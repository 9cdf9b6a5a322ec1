"""What a proof finds: how much was walked, and every fault with a command that shows it."""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import Any, Final

from tmcs.core.life import OrderState

#: The kinds of fault, besides ``cap`` and ``authority`` of :mod:`tmcs.core.prove_money`.
GAP: Final = "gap"  # no branch and no row covers the case
OVERLAP: Final = "overlap"  # two do
NO_RESULT: Final = "no-result"  # the engine gives none
OTHER_END: Final = "other-end"  # the engine ends elsewhere than the path says
UNANSWERABLE: Final = "unanswerable"  # a question about the order that has no answer in its state
NO_PATH: Final = "no-path"  # an end that no case reaches
LOOP: Final = "loop"  # a case comes back to the flow that handed it over
KINDS: Final = (GAP, OVERLAP, NO_RESULT, OTHER_END, UNANSWERABLE, NO_PATH, LOOP, "cap", "authority")


class ProofFault:
    """One fault and its smallest counterexample.

    Attributes:
        kind: one of :data:`KINDS`.
        node: the node it is found at; for a loop, the flows that the case goes through.
        zh, en: what is wrong.
        state: the state of the order; None where no order can be in it.
        facts: the facts that show it, as `--set` takes them; ``tier`` among them.
        order: an order record that is needed besides, or None.
        flow: the flow that the case starts in, where it is not the proved one.
        now: the moment, where the policy changes over time.
    """

    __slots__ = ("en", "facts", "flow", "kind", "node", "now", "order", "state", "zh")

    def __init__(
        self, kind: str, node: str, zh: str, en: str, state: OrderState | None, facts: dict[str, str],
        order: dict[str, Any] | None = None, flow: str = "",
    ) -> None:  # fmt: skip
        self.kind = kind
        self.node = node
        self.zh = zh
        self.en = en
        self.state = state
        self.facts = facts
        self.order = order
        self.flow = flow
        self.now: datetime | None = None

    def command(self, word: str) -> str:
        """Return the command line that shows the fault, ready to run; ``word`` names the flow."""
        argv = ["tmcs", "resolve", word]
        for name, value in self.facts.items():
            if name in ("tier", "item"):
                argv += [f"--{name}", value]
            else:
                argv += ["--set", f"{name}={value}"]
        if self.now is not None:
            argv += ["--now", self.now.isoformat()]
        argv += ["--continue", "--no-input"] if self.kind == LOOP else ["--explain", "--no-input"]
        if self.order is None:
            return shlex.join(argv)
        record = shlex.quote(json.dumps(self.order, ensure_ascii=False))
        return f"printf %s {record} | {shlex.join([*argv, '--order-json', '-'])}"

    def to_dict(self, word: str) -> dict[str, Any]:
        """Return the fault as JSON."""
        return {
            "kind": self.kind,
            "node": self.node,
            "text": {"zh": self.zh, "en": self.en},
            "state": self.state and self.state.id,
            "facts": dict(self.facts),
            "order": self.order,
            "command": self.command(word),
        }


class LoopProof:
    """The proof that nothing loops between flows.

    Attributes:
        graph: the flows that each flow can hand over to.
        cycles: the groups of flows that can hand over to each other in a ring, as far as the graph says.
        cases: hand-overs decided for real in these groups.
        faults: the cases that really go round, the smallest of each ring.
        words: what names each flow on a command line, where not its id; the caller's to fill, as are the ``seconds``.
    """

    __slots__ = ("cases", "cycles", "faults", "graph", "seconds", "words")

    def __init__(self, graph: dict[str, list[str]]) -> None:
        self.graph = graph
        self.cycles: list[list[str]] = []
        self.cases = 0
        self.faults: list[ProofFault] = []
        self.words: dict[str, str] = {}
        self.seconds = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as JSON."""
        return {
            "hand_overs": self.graph,
            "cycles": self.cycles,
            "cases": self.cases,
            "faults": [fault.to_dict(self.words.get(fault.flow, fault.flow)) for fault in self.faults],
            "seconds": round(self.seconds, 3),
        }


class FlowProof:
    """The proof of one flow.

    Attributes:
        id: the flow id; ``word`` what names it on a command line.
        paths: walks from the first question to an end, of one order state at one tier: the most there are.
        combinations: facts by value and by interval, times order states, times tiers.
        cases: ends decided for real, with amounts, coupon and the like.
        ends: the leaves that are reached, and all leaves.
        outcomes: the combinations that end in each outcome or in waiting on a party.
        faults: what is wrong.
        seconds: how long it took; the caller's to fill.
    """

    __slots__ = ("cases", "combinations", "ends", "faults", "id", "outcomes", "paths", "seconds", "word")

    def __init__(self, id: str, word: str) -> None:
        self.id = id
        self.word = word
        self.paths = self.combinations = self.cases = 0
        self.ends = (0, 0)
        self.outcomes: dict[str, int] = {}
        self.faults: list[ProofFault] = []
        self.seconds = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the proof as the JSON object that ``tmcs flow check --prove --format json`` prints."""
        return {
            "id": self.id,
            "paths": self.paths,
            "combinations": self.combinations,
            "cases": self.cases,
            "ends": {"reached": self.ends[0], "total": self.ends[1]},
            "outcomes": dict(self.outcomes),
            "faults": [fault.to_dict(self.word) for fault in self.faults],
            "seconds": round(self.seconds, 3),
        }
