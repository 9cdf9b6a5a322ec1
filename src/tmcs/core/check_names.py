"""The words of a flow checked one by one: every fact, node, queue, deadline, reason, moment, limit, rule id there is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from tmcs.core.check_report import Faults, branch_key, each, figures, range_key
from tmcs.core.errors import InputError
from tmcs.core.facts import Fact
from tmcs.core.fill import COMPUTED, names
from tmcs.core.flow import ASK, JUMP, Common, Flow, Graph
from tmcs.core.flow_reader import AMOUNTS, GOODS, ROUTES, SYSTEM_FACTS
from tmcs.core.policy import Snapshot
from tmcs.core.source import Path

_FACT: Final = ("事实", "fact")
_DEADLINE: Final = ("时限", "deadline")
_FLOW: Final = ("流程", "flow")
_VALUE: Final = ("取值", "value")
_BRACE: Final = re.compile(r"\{[a-z][a-z0-9_]*\}")
_COMPARED: Final = ("money", "number")


class NameCheck:
    """Checks the words of one graph against the policy, the shared graph and the rulebook."""

    def __init__(
        self, flow: Flow, graph: Graph, snapshot: Snapshot, rules: Collection[str], flows: Collection[str], faults: Faults
    ) -> None:
        self.flow = flow
        self.graph = graph
        self.snapshot = snapshot
        self.rules = rules
        self.flows = flows
        self.faults = faults
        self.facts = flow.settable()
        self.where = graph.id
        self.scripts = f"{graph.id}/scripts"
        self.shared = isinstance(graph, Common)

    def check(self) -> None:
        """Check every word of the graph."""
        for name, fact in self.graph.facts.items():
            self.cites(self.where, ("facts", name), fact.cites)
            self._word(("facts", name, "area"), ("地区范围", "area"), fact.area, self.snapshot.areas)
            self._word(("facts", name, "at_most"), _FACT, fact.at_most, self.facts)
        for name, table in self.graph.tables.items():
            self._table(name, table)
        for name, node in self.graph.nodes.items():
            self._node(name, node)
        self._scripts()
        if isinstance(self.graph, Flow):
            self._flow(self.graph)

    def _flow(self, flow: Flow) -> None:
        for guard, word in flow.guard.items():
            if word not in ("own", "explain", "needed") and word not in self.flows:
                self.faults.odd(self.where, ("guard", guard), _FLOW, word, self.flows)
        named = {word for node in flow.nodes.values() if (fx := node["fx"]) for word in (fx["goods"], *(fx["refund"] or ())[:1])}
        for name, table in flow.tables.items():
            # What a leaf of this flow calls by name must still mean the same after a jump.
            others = [target.tables[name] for target in flow.targets.values() if name in target.tables]
            if name in self.facts or (f"@{name}" in named and any(other != table for other in others)):
                self._taken(("tables", name), f"判定表名 {name}", f"table name {name}")
        for name, fact in flow.facts.items():
            other = self.facts[name]
            if (other.type, list(other.values)) != (fact.type, list(fact.values)):
                self._taken(("facts", name), f"事实名 {name}", f"fact name {name}")

    def _taken(self, path: Path, zh: str, en: str) -> None:
        self.faults.blocked = True
        self.faults.add(
            self.where, path, f"{zh} 已被占用", f"{en} is taken by a fact or by a flow that this one goes on in",
            "another name", key=True,
        )  # fmt: skip

    def cites(self, where: str, path: Path, cites: Iterable[str]) -> None:
        """Check the rule ids that stand under ``cite`` at ``path``."""
        cites = list(cites)
        alone = not isinstance(self.faults.data(where, (*path, "cite")), list)
        for n, rule in enumerate(cites):
            if rule not in self.rules:
                place = (*path, "cite") if alone else (*path, "cite", n)
                self.faults.odd(where, place, ("规则", "rule"), rule, self.rules)

    # ---- nodes ---------------------------------------------------------------------------------------------------------

    def _node(self, name: str, node: Mapping[str, Any]) -> None:
        path: Path = ("nodes", name)
        self.cites(self.where, path, node["cite"])
        if node["kind"] == ASK:
            self._question(path, node)
        if node["kind"] == JUMP:
            self._jump(path, node)
        if wait := node.get("wait"):
            self._word((*path, "wait", "fact"), _FACT, wait["fact"], self.facts)
            self._deadline((*path, "wait", "due"), wait["due"])
        if node["fx"]:
            self._effects(path, node["fx"])

    def _word(self, path: Path, what: tuple[str, str], word: str | None, valid: Iterable[str], **more: bool) -> bool:
        words = list(valid)
        if word is None or word in words:
            return True
        self.faults.unknown(self.where, path, what, word, words, **more)
        return False

    def _deadline(self, path: Path, name: str | None) -> None:
        self._word(path, _DEADLINE, name, self.snapshot.deadlines)

    def _question(self, path: Path, node: Mapping[str, Any]) -> None:
        name: str = node["ask"]
        self._deadline((*path, "await"), node["await"])
        if self.shared and name.startswith("guard_"):
            return
        system = SYSTEM_FACTS if self.shared else ("tier", "item")
        tables = [*self.graph.tables, *self.snapshot.tables]
        if not self._word((*path, "ask"), _FACT, name, [*self.facts, *tables, *system]):
            return
        fact = self.facts.get(name)
        if node["await"] and (name in tables or fact is None or fact.source in ("agent", "order")):
            self.faults.add(self.where, (*path, "await"), f"{name} 没有可等待的一方", f"{name}: there is nobody to await",
                            "a fact of another party")  # fmt: skip
        silent = fact is not None and fact.source == "agent" and not fact.optional
        if node["unset"] and (silent or name in (*tables, *system)):
            self.faults.add(self.where, (*path, "branches", "unset"), f"{name} 未知时没有可等待的一方",
                            f"unset: {name} awaits nobody", "optional: yes, or a fact of another party", key=True)  # fmt: skip
        self._branches(path, node, fact)

    def _branches(self, path: Path, node: Mapping[str, Any], fact: Fact | None) -> None:
        name, raw = node["ask"], self.faults.data(self.where, (*path, "branches"))
        valid = self._values(name)
        for value in node["values"]:
            place = (*path, "branches", branch_key(raw, value))
            if valid:
                self._word(place, _VALUE, value, valid, key=True)
            elif not self.shared or name != "item":
                self.faults.blocked = True
                self.faults.add(self.where, place, f"{name} 没有取值 {value}", f"{name} has no value {value}",
                                "<= 20.00" if fact and fact.type in _COMPARED else "then: node", key=True)  # fmt: skip
        for comparisons, _ in node["ranges"]:
            place = (*path, "branches", range_key(raw, comparisons))
            self._comparisons(place, name, comparisons, True)
        seen: set[str] = set()
        for key in raw if isinstance(raw, dict) else ():
            for value in (word.strip() for word in key.split(",")):
                if value in seen:
                    self.faults.add(self.where, (*path, "branches", key), f"{value} 有两个分支", f"two branches cover {value}",
                                    key=True)  # fmt: skip
                seen.add(value)

    def _values(self, name: str) -> list[str]:
        if name == "tier":
            return list(self.snapshot.tiers)
        if name in self.graph.tables:
            return list(self.graph.tables[name]["values"])
        if name in self.snapshot.tables:
            return list(self.snapshot.table(name).values)
        if name in self.facts:
            return list(self.facts[name].values)
        from tmcs.core.program import SYSTEM_VALUES

        return SYSTEM_VALUES.get(name, [])

    def _comparisons(self, path: Path, name: str, comparisons: Iterable[Iterable[str]], key: bool = False) -> None:
        fact = self.facts.get(name)
        if fact is None or fact.type not in _COMPARED:
            self.faults.blocked = True
            self.faults.add(self.where, path, f"{name} 不是金额或数字，不能比较", f"{name} is no number: it cannot be compared",
                            "value", key=key)  # fmt: skip
            return
        for _, operand in comparisons:
            if operand.startswith("$"):
                valid = [name for name, limit in figures(self.snapshot)["limits"].items() if limit["type"] == fact.type]
                self._word(path, ("限值", "limit"), operand[1:], valid, key=key)
                continue
            try:
                fact.parse(operand)
            except InputError as error:
                self.faults.blocked = True
                self.faults.add(self.where, path, error.text.zh, error.text.en, "20.00 | $limit", key=key)

    def _jump(self, path: Path, node: Mapping[str, Any]) -> None:
        name = node["jump"]
        if name not in self.flows:
            self.faults.odd(self.where, (*path, "jump"), _FLOW, name, self.flows)
            return
        target = self.flow.targets.get(name)
        facts = target.settable() if target else self.facts
        for fact, value in node["set"].items() if target else ():
            place = (*path, "set", fact)
            if self._word(place, _FACT, fact, facts, key=True):
                try:
                    facts[fact].parse(value)
                except InputError as error:
                    self.faults.blocked = True
                    self.faults.add(self.where, place, error.text.zh, error.text.en)

    # ---- effects -------------------------------------------------------------------------------------------------------

    def _effects(self, path: Path, fx: Mapping[str, Any]) -> None:
        def at(key: str, n: int) -> Path:
            return (*path, key, n) if isinstance(self.faults.data(self.where, (*path, key)), list) else (*path, key)

        for n, (zh, en, cites) in enumerate(fx["do"]):
            self.cites(self.where, at("do", n), cites)
            self._texts(self.where, at("do", n), zh, en)
        moments = [*self.graph.scripts, *self.flow.common.scripts]
        for n, moment in enumerate(fx["say"]):
            self._word(at("say", n), ("话术时点", "script moment"), moment, moments)
        for n, task in enumerate(fx["task"]):
            self._word((*at("task", n), "queue"), ("队列", "queue"), task["queue"], self.snapshot.queues)
            self._texts(self.where, (*at("task", n), "what"), *task["what"])
            self._deadline((*at("task", n), "due"), task["due"])
        for n, reason in enumerate(fx["pay"]):
            if self._word(at("pay", n), ("赔付原因", "payout reason"), reason, self.snapshot.reasons):
                payout = self.snapshot.payout(reason)
                for fact in (payout.base, *payout.needs):
                    self._word(at("pay", n), _FACT, fact, self.facts)
        for n, deadline in enumerate(fx["due"]):
            self._deadline(at("due", n), deadline)
        if fx["refund"]:
            route, amount = fx["refund"]
            self._decided((*path, "refund", "route"), route, ROUTES)
            money = [name for name, fact in self.facts.items() if fact.type == "money"]
            self._word((*path, "refund", "amount"), ("金额", "amount"), amount, [*AMOUNTS, *money])
        if fx["goods"]:
            self._decided((*path, "goods"), fx["goods"], GOODS)
        following = fx["next"]
        if following and following.startswith("@"):
            self._word((*path, "next"), ("前置检查", "guard"), following[1:], self.flow.guard)
        elif following and following not in self.flows:
            self.faults.odd(self.where, (*path, "next"), _FLOW, following, self.flows)

    def _decided(self, path: Path, word: str, valid: Iterable[str]) -> None:
        """Check the table that decides a refund route or the goods: it exists and gives such words only."""
        if not word.startswith("@"):
            return
        tables = [*self.graph.tables, *self.snapshot.tables]
        if self._word((*path, "table"), ("判定表", "table"), word[1:], tables):
            for value in self._values(word[1:]):
                self._word((*path, "table"), _VALUE, value, valid)

    # ---- tables and texts ----------------------------------------------------------------------------------------------

    def _table(self, name: str, table: Mapping[str, Any]) -> None:
        path: Path = ("tables", name)
        self.cites(self.where, path, table["cite"])
        for place, fact in each(table["inputs"]):
            self._word((*path, "inputs", *place), _FACT, fact, [*self.facts, "tier"])
        for row in table["rows"]:
            place = (*path, "otherwise") if row["name"] == "otherwise" else (*path, "rows", row["name"])
            self.cites(self.where, place, row["cite"])
            for fact, condition in row["when"].items():
                if fact not in self.facts and fact != "tier":
                    continue  # named among the inputs, and reported there
                at = (*place, "when", fact)
                if "cmp" in condition:
                    self._comparisons(at, fact, condition["cmp"])
                    continue
                listed = isinstance(self.faults.data(self.where, at), list)
                for n, value in enumerate(condition["in"]):
                    self._word((*at, n) if listed else at, _VALUE, value, self._values(fact))

    def _scripts(self) -> None:
        said = {moment for node in self.graph.nodes.values() if node["fx"] for moment in node["fx"]["say"]}
        for moment, script in self.graph.scripts.items():
            self.cites(self.scripts, (moment,), script["cite"])
            for n, key in enumerate(("zh", "en")):
                self._placeholders(self.scripts, (moment, key), script[key])
                if script["otherwise"]:
                    self._placeholders(self.scripts, (moment, "otherwise", key), script["otherwise"][n])
            if moment not in said:
                self.faults.add(self.scripts, (moment,), f"话术 {moment} 从未说出", f"script moment {moment} is never said",
                                f"say: {moment}", key=True)  # fmt: skip

    def _texts(self, where: str, path: Path, zh: str, en: str) -> None:
        self._placeholders(where, (*path, "zh"), zh)
        self._placeholders(where, (*path, "en"), en)

    def _placeholders(self, where: str, path: Path, text: str) -> None:
        valid = self.placeholders()
        for name in names(text):
            if name not in valid:
                self.faults.odd(where, path, ("占位符", "placeholder"), f"{{{name}}}", (f"{{{v}}}" for v in valid))
        rest = _BRACE.sub("", text)
        if "{" in rest or "}" in rest:
            self.faults.add(where, path, "花括号有误", "a brace that is no placeholder", "{small_letters}")

    def placeholders(self) -> list[str]:
        """Return every placeholder that a text of this flow may hold."""
        figures = self.snapshot.figure_places()
        tables = [*self.graph.tables, *self.snapshot.tables]
        return list(dict.fromkeys([*COMPUTED, *self.facts, "tier", *tables, *self.snapshot.settings, *figures]))
