"""The ends of a flow, each decided for real: texts filled, payouts within their caps, refund and goods settled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.check_report import Faults
from tmcs.core.check_tables import payout_fault
from tmcs.core.end_cases import EndCases
from tmcs.core.errors import TmcsError
from tmcs.core.fill import names
from tmcs.core.order import Order
from tmcs.core.policy import Policy
from tmcs.core.program import Node, Program
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.resolve import resolve
from tmcs.core.source import Path
from tmcs.core.walk import Ends, Met

if TYPE_CHECKING:
    from tmcs.core.check import _Walked

_LINE: Final = {"oid": "1", "sku": "S1", "title": "…", "price": "100.00", "num": 1, "payment": "100.00"}


class EndCheck(Ends):
    """Listens to the walk and decides each end it meets with the facts of its path."""

    def __init__(self, program: Program, policy: Policy, moment: datetime, places: _Walked, faults: Faults) -> None:
        self.program = program
        self.policy = policy
        self.moment = moment
        self.places = places
        self.faults = faults
        self.cases: EndCases | None = None
        self.owners = {id(node.fx): node for node in program.nodes.values() if node.fx is not None}
        self.gaps: dict[Node, list[Any]] = {}
        # An export may know little of an order (no payment, no title); the words must hold then too.
        self.bare = Order({"tid": "0", "orders": [{}]})
        self.full = Order({"tid": "0", "orders": [_LINE]})
        self._tried: set[Any] = set()
        self._texts: set[Any] = set()

    # ---- what the walk tells -------------------------------------------------------------------------------------------

    def gap(self, node: Node, fact: str, values: list[Any], given: dict[str, Any]) -> None:
        found = self.gaps.setdefault(node, [])
        found += [value for value in values if value not in found]

    def undecided(self, node: Node, table: str, given: dict[str, Any]) -> None:
        """Say nothing: the table's own check names the combination that no row covers."""

    def tell(self) -> None:
        """Report the gaps, all values of a question together."""
        for node, values in self.gaps.items():
            where, path = self.places.place(node)
            said = ", ".join(self.places.words(node.fact, value) for value in values)
            self.faults.add(where, (*path, "branches"), f"{node.fact} 的 {said} 没有分支", f"no branch for {node.fact} {said}",
                            f"{said}: node", key=True)  # fmt: skip

    def stop(self, node: Node, fact: str, given: dict[str, Any]) -> None:
        assert self.cases is not None
        facts = self.cases.written(given)
        for order in (self.bare, self.full):
            self._decide(node, order, facts, None)

    def end(self, leaf: Node, known: dict[str, Any], given: dict[str, Any], met: Met) -> None:
        if leaf.outcome is None:
            self.stop(leaf, "", given)
            return
        if not self._settled(leaf, known, met):
            return
        assert self.cases is not None
        facts = self.cases.written(given)
        for extra in self.cases.all(known, met):
            for order in (self.bare, self.full):
                self._decide(leaf, order, {**facts, **extra}, leaf.outcome)
        if met.pays:  # what was paid may be unknown: asked at the end, with the words met so far
            self._decide(leaf, self.bare, facts, None)

    # ---- single checks -------------------------------------------------------------------------------------------------

    def _settled(self, leaf: Node, known: Mapping[str, Any], met: Met) -> bool:
        """Check refund against outcome, and that the tables that refund and goods name are decided."""
        where, path = self.places.place(leaf)
        if leaf.outcome == "refund" and met.refund is None:
            self.faults.add(where, (*path, "outcome"), "结局是 refund，却没有退款", "outcome refund without a refund",
                            "refund: {route: …, amount: …}")  # fmt: skip
        elif leaf.outcome not in ("refund", "price-difference") and met.refund is not None:
            self.faults.add(where, (*path, "outcome"), f"有退款，结局却是 {leaf.outcome}", f"a refund with outcome {leaf.outcome}",
                            "outcome: refund")  # fmt: skip
        settled = True
        for word, key in ((met.refund and met.refund[0], "refund"), (met.goods, "goods")):
            if word and word.startswith("@") and known.get(word[1:]) is None:
                settled = False
                self.faults.add(where, (*path, key), f"这条路径上没有问过 {word[1:]}", f"table {word[1:]} is not decided on this path",
                                f"ask: {word[1:]}")  # fmt: skip
        return settled

    def _decide(self, node: Node, order: Order, facts: dict[str, str], outcome: str | None) -> None:
        """Decide one case with the engine and look at the result."""
        key = (node, order is self.bare, outcome, tuple(sorted(facts.items())))
        if key in self._tried:
            return
        self._tried.add(key)
        where, path = self.places.place(node)
        try:
            result = resolve(self.program.flow, order, facts, self.policy, self.moment)
        except (TmcsError, LookupError, AssertionError, TypeError) as error:
            said = error.text.zh if isinstance(error, TmcsError) else f"{type(error).__name__} {error}"
            en = error.text.en if isinstance(error, TmcsError) else said
            case = " ".join(f"{name}={value}" for name, value in facts.items())
            self.faults.add(where, path, f"无法得出结果: {said} ({case})", f"no result: {en} ({case})", key=True)
            return
        if outcome is not None and (result.status != RESOLVED or result.outcome != outcome):
            ended = result.outcome or result.status
            case = " ".join(f"{name}={value}" for name, value in facts.items())
            self.faults.add(where, path, f"应得 {outcome}，实得 {ended} ({case})", f"{ended} instead of {outcome} ({case})", key=True)
        for payout in result.payouts:
            if fault := payout_fault(payout, payout.cap):
                self.faults.add(where, (*path, "pay"), f"{payout.reason}: {fault[0]}", f"{payout.reason}: {fault[1]}", key=True)
        self._fill(result)

    def _fill(self, result: Resolution) -> None:
        """Fill every text of a result; what has no value is a fault where the text stands."""
        paid = tuple((p.kind, p.rate_min is None, p.approval is None) for p in result.payouts)
        sign = (tuple(map(id, result.effects)), result.amount is None, paid, result.line is None or result.line.title is None,
                frozenset(result.known))  # fmt: skip
        if sign in self._texts:
            return
        self._texts.add(sign)
        for fx in result.effects:
            owner = self.owners.get(id(fx))
            if owner is None:
                continue
            where, path = self.places.place(owner)
            for n, (text, _) in enumerate(fx.steps):
                self._text(result, where, self._at(where, path, "do", n), text)
            for n, (_, text, _) in enumerate(fx.tasks):
                self._text(result, where, (*self._at(where, path, "task", n), "what"), text)
            for script in fx.say:
                self._script(result, script.moment, owner, script.text, script.otherwise)

    def _at(self, where: str, path: Path, key: str, n: int) -> Path:
        return (*path, key, n) if isinstance(self.faults.data(where, (*path, key)), list) else (*path, key)

    def _text(self, result: Resolution, where: str, path: Path, text: list[str]) -> None:
        for lang, said in zip(("zh", "en"), text, strict=True):
            values = result.values(lang)
            for name in names(said):
                if name in self.places.placeholders and not values.has(name):  # an unknown one is reported as such
                    end = result.path[-1].node.name if result.path else "…"
                    self.faults.add(where, (*path, lang), f"{{{name}}} 可能没有取值 (如止于 {end})",
                                    f"{{{name}}} can be without a value (ending at {end})")  # fmt: skip

    def _script(
        self, result: Resolution, moment: str, owner: Node, text: list[str], otherwise: list[str] | None
    ) -> None:
        graph, _ = self.places.place(owner)
        if moment not in self.places.moments(graph):
            graph = self.program.flow.common.id
        path: Path = (moment,)
        if otherwise is not None and not all(result.values("zh").has(name) for name in names(text[0])):
            text, path = otherwise, (moment, "otherwise")
        self._text(result, f"{graph}/scripts", path, text)
