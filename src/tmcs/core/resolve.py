"""`resolve`: one pure function from flow, order, facts, policy and moment to a resolution."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from tmcs.core.errors import InputError, InternalError, NotFoundError, unknown_word
from tmcs.core.facts import Fact
from tmcs.core.flow import ASK, GRANTED, LEAF, Flow
from tmcs.core.money import MILLION, part
from tmcs.core.order import ORDER_FACTS, SAME_AS, SHANGHAI, Line, Order
from tmcs.core.payout import Payout
from tmcs.core.policy import Deadline, Policy, Snapshot
from tmcs.core.program import PAYOUT_FORM, PAYOUT_OFFER, QUIET, ROUTE, Effects, Node, Program, program
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, WAITING, Resolution, Walked

_LIMIT: Final = 1000  # nodes walked; a checked flow ends long before


def resolve(
    flow: Flow,
    order: Order | None,
    facts: Mapping[str, Any],
    policy: Policy,
    now: datetime,
    *,
    sources: Mapping[str, str] | None = None,
) -> Resolution:
    """Decide one order problem.

    Args:
        flow: the handling flow, from :func:`tmcs.load_flow`.
        order: the order concerned; None where there is none.
        facts: facts by name, written as ``--set`` writes them (``"yes"``, ``"35.00"``); ``tier`` and ``item`` too.
        policy: the figures, from :func:`tmcs.load_policy`.
        now: the moment of the decision, with an offset; days and hours are counted in Asia/Shanghai.
        sources: who supplied each fact (``agent``, ``set`` …), for the path; default ``set``.

    Returns:
        The resolution. The same arguments always give the same one: nothing else is read.

    Raises:
        InputError: a fact, value or tier is unknown; the nearest valid words are named.
        NotFoundError: ``item`` names no line of the order.
    """
    if now.tzinfo is not SHANGHAI:
        if now.tzinfo is None:
            raise InputError("now 须带时区", "now must carry an offset")
        now = now.astimezone(SHANGHAI)
    snapshot = policy.at(now)
    linked = snapshot.programs.get(flow) or program(flow, snapshot)
    run = _Run(linked, snapshot, order, now)
    run.take(facts, sources)
    return run.walk()


class _Run:
    """One walk through a linked flow."""

    __slots__ = (
        "counted", "effects", "known", "line", "noted", "now", "order", "program", "snapshot", "sources", "tier", "walked",
        "warnings",
    )  # fmt: skip

    def __init__(self, linked: Program, snapshot: Snapshot, order: Order | None, now: datetime) -> None:
        self.program = linked
        self.snapshot = snapshot
        self.order = order
        self.now = now
        self.line: Line | None = None
        self.known: dict[str, Any] = {}
        self.sources: dict[str, str] = {}
        self.walked: list[Walked] = []
        self.noted: set[str] = set()  # inputs of tables that the path shows already
        self.effects: list[Effects] = []
        self.counted = False  # whether a working day was counted
        self.warnings = list(linked.flow.notes)
        self.tier = snapshot.tiers[0]

    def take(self, facts: Mapping[str, Any], sources: Mapping[str, str] | None) -> None:
        """Read the given facts; they win over what the order says, and the resolution says so."""
        known, defined = self.known, self.program.facts
        looked_at: list[Fact] = []
        for name, value in facts.items():
            definition = defined.get(name)
            if definition is not None:
                known[name] = definition.parse(value)
                self.sources[name] = "set" if sources is None else sources.get(name, "set")
                if definition.special:
                    looked_at.append(definition)
            elif name == "tier":
                self.snapshot.tier_index(value)
                self.tier = value
            elif name != "item":
                raise unknown_word("事实", "fact", name, [*defined, "tier", "item"])
        known["tier"] = self.tier
        self.sources["tier"] = "default" if "tier" not in facts else "set"
        self._take_item(facts.get("item"))
        for definition in looked_at:
            if definition.name in ORDER_FACTS:
                self._note_override(definition.name)
            self._check_bounds(definition)
        if "units_affected" in known:
            self._check_units(known["units_affected"])

    def _take_item(self, item: str | None) -> None:
        order = self.order
        if order is None:
            self.known["item"] = item or ""
            return
        line = order.line(item)
        if line is not None:
            self.line = line
            self.known["item"] = item or line.sku or line.oid or ""
        elif item is not None:
            if order.lines:
                skus = ", ".join(order.skus)
                raise NotFoundError(
                    f"订单 {order.tid} 没有这件商品 {item} (有: {skus})", f"order {order.tid} has no item {item} (has: {skus})"
                )
            self.known["item"] = item
        elif not order.lines:
            self.known["item"] = ""

    def _note_override(self, name: str) -> None:
        if self.order is None:
            return
        said = ORDER_FACTS[name](self.order, self.line, self.now)
        if said is not None and said != self.known[name] and name != "return_created":
            write = self.program.facts[name].write
            old, new = write(said), write(self.known[name])
            self.warnings.append((
                "order-overridden",
                f"{name}: 按给定的 {new} 处理，订单上是 {old}",
                f"{name}: {new} was given, the order says {old}",
            ))  # fmt: skip

    def _check_bounds(self, fact: Fact) -> None:
        value = self.known[fact.name]
        if fact.above is not None and value <= fact.above:
            limit = fact.write(fact.above)
            raise InputError(f"{fact.name} 应大于 {limit}", f"{fact.name} must be above {limit}")
        top = self.lookup(fact.at_most) if fact.at_most else None
        if top is not None and value > top:
            limit = fact.write(top)
            raise InputError(
                f"{fact.name} 不能超过 {fact.at_most} ({limit})", f"{fact.name} must not exceed {fact.at_most} ({limit})"
            )

    def _check_units(self, units: int) -> None:
        limit = self.line.num if self.line else None
        if units % MILLION or not units or (limit is not None and units > limit * MILLION):
            top = "" if limit is None else f" … {limit}"
            raise InputError(
                f"units_affected 应为 1{top} 的整数", f"units_affected must be a whole number, 1{top or ' or more'}"
            )

    def find(self, name: str, definition: Fact | None, derive: Any) -> Any:
        """Return a fact that was not given: what the order says, else its default, else None."""
        value = None
        if derive is not None:
            same = SAME_AS.get(name)
            if same is not None and same in self.known:
                value = self.known[same]
            elif self.order is not None:
                value = derive(self.order, self.line, self.now)
            elif name == "order_placed":
                value = "no"
            source = "order"
        if definition is not None and definition.area is not None:
            region = self.lookup("region")
            value, source = self.snapshot.in_area(definition.area, region), "order"
        if value is None and definition is not None and definition.default is not None:
            value, source = definition.default, "default"
        if value is not None:
            self.known[name] = value
            self.sources[name] = source
        return value

    def lookup(self, name: str) -> Any:
        """Return a fact by name, None where it is unknown."""
        value = self.known.get(name)
        if value is None:
            definition = self.program.facts.get(name)
            from_order = definition is not None and definition.source == "order"
            value = self.find(name, definition, ORDER_FACTS.get(name) if from_order else None)
        return value

    def walk(self) -> Resolution:
        waits: list[tuple[str, str, date | None]] = []
        node: Node | None = self.program.start
        known, sources, walked, effects = self.known, self.sources, self.walked, self.effects
        for _ in range(_LIMIT):
            if node is None:
                raise self.gap()
            if node.fx is not None:
                effects.append(node.fx)
            if node.kind is ASK:
                if node.table is not None:
                    if node.fact in known:  # decided before: its inputs have not changed since
                        walked.append((node, node.fact, known[node.fact], "table", node.cites))
                        node = node.branches.get(known[node.fact]) or node.other or node.then
                        continue
                    asked = self.decide(node)
                    if asked is not None:
                        return self.stop(node, asked, waits)
                    node = node.follow(known[node.fact])
                    continue
                name = node.fact
                value = known.get(name)
                if value is None:
                    value = self.find(name, node.fact_def, node.derive)
                    if value is None:
                        if node.unset is None:
                            return self.stop(node, name, waits)
                        walked.append((node, name, None, "unset", node.cites))
                        node = node.unset
                        continue
                walked.append((node, name, value, sources.get(name, "order"), node.cites))
                found = node.branches.get(value)
                node = found if found is not None else node.follow(value)
                continue
            if node.wait is not None:
                on, fact, due = node.wait
                if on == "agent":  # the answer given does not fit the order: ask again
                    walked.append((node, None, "needs-facts", "flow", node.cites))
                    return self._result(NEEDS_FACTS, None, [self.program.facts[fact]], waits)
                wait = (on, fact, self.due_day(due))
                if wait not in waits:
                    waits.append(wait)
            if node.kind is LEAF:
                walked.append((node, None, node.outcome or "waiting", "flow", node.cites))
                return self.finish(node, waits)
            if node.jump is not None:
                for name in self.program.tables:
                    known.pop(name, None)  # what is set here may decide a table anew
                for name, value in node.sets.items():
                    known[name], sources[name] = value, "flow"
            node = node.then
        raise InternalError("流程没有终点", "the flow does not end")

    def gap(self) -> InternalError:
        """Return the error of a question whose answer no branch covers: a faulty flow that was not checked."""
        node, fact, value, _, _ = self.walked[-1]
        definition = self.program.facts.get(fact or "")
        said = f"{fact}={definition.write(value) if definition else value}"
        return InternalError(f"{node.name}: {said} 没有分支", f"{node.name}: no branch for {said}")

    def decide(self, node: Node) -> str | None:
        """Decide a node's table; return the input to ask for where it is still open."""
        table = node.table
        assert table is not None
        lookup = self.lookup
        key = tuple([lookup(name) for name in table.inputs])
        try:
            row, missing = table.memo.get(key) or table.decide(key)
        except LookupError:
            said = ", ".join(f"{fact}={value}" for fact, value in zip(table.inputs, key, strict=True))
            raise InternalError(f"判定表 {table.name} 没有一行适用于 {said}", f"no row of table {table.name} holds for {said}") from None
        if row is None:
            return missing
        name = node.fact
        for fact, value in zip(table.inputs, key, strict=True):
            if value is not None and fact not in self.noted:
                self.noted.add(fact)
                self.walked.append((node, fact, value, self.sources.get(fact, "order"), node.cites))
        self.known[name] = row.result
        self.sources[name] = "table"
        self.walked.append((node, name, row.result, "table", row.cites or table.cites))
        return None

    def start_of(self, name: str) -> date:
        """Return the day a deadline counts from."""
        if name == "now":
            return self.now.date()
        day = self.lookup(name)
        return day if isinstance(day, date) else self.now.date()

    def due_day(self, deadline: Deadline | None) -> date | None:
        """Return the day on which a deadline ends, None where there is none."""
        if deadline is None:
            return None
        return self._due(deadline)[0]

    def _due(self, deadline: Deadline) -> tuple[date, str]:
        self.counted = self.counted or deadline.working
        return deadline.due(self.start_of(deadline.start), self.snapshot.calendar)

    def stop(self, node: Node, name: str, waits: list[tuple[str, str, date | None]]) -> Resolution:
        """Return the resolution of a walk that lacks the fact ``name``: asked of the agent, or awaited."""
        definition = self.program.facts.get(name) or _ITEM
        party = definition.source
        if party in ("agent", "order"):
            needs = [definition, *self._asked_too(node, name)]
            return self._result(NEEDS_FACTS, None, needs, waits)
        return self._result(WAITING, None, [], [*waits, (party, name, self.due_day(node.awaits))])

    def _asked_too(self, node: Node, name: str) -> list[Fact]:
        """Return the further facts that every branch from here asks of the agent."""
        if node.table is not None and name != node.fact:
            return []
        memo: dict[Node, list[str]] = {}

        def certain(at: Node) -> list[str]:
            if at in memo:
                return memo[at]
            memo[at] = []
            ways = [certain(child) for child in at.children()]
            common = [fact for fact in ways[0] if all(fact in way for way in ways)] if ways else []
            own = [at.fact] if at.kind is ASK and at.table is None and at.unset is None else []
            memo[at] = [*own, *(fact for fact in common if fact not in own)]
            return memo[at]

        found = [self.program.facts.get(fact) for fact in certain(node) if fact != name]
        return [f for f in found if f and f.source == "agent" and f.default is None and self.known.get(f.name) is None]

    def finish(self, leaf: Node, waits: list[tuple[str, str, date | None]]) -> Resolution:
        """Return the resolution of a walk that reached a leaf."""
        if leaf.outcome is None:
            return self._result(WAITING, None, [], waits)
        pays, refund, goods = [], None, None
        for fx in self.effects:
            if fx.pays:
                pays += fx.pays
            if fx.refund is not None:
                refund = fx.refund
            if fx.goods is not None:
                goods = fx.goods
        for reason in pays:
            for name in reason.asks:
                if self.lookup(name) is None and (name != reason.base or reason.needs_base(self.tier, self.known)):
                    if leaf.fx is not None:
                        self.effects.pop()  # what the leaf does and says waits for the answer too
                    return self.stop(leaf, name, waits)
        payouts = self._payouts(pays)
        if self.snapshot.unresolved:
            unresolved = self._unresolved(payouts)
            if unresolved:
                return self._send_up(unresolved)
        route = refund and self._word(refund[0])
        self._complete(route, payouts)
        result = self._result(RESOLVED, leaf.outcome, [], [])
        result.payouts = payouts
        result.route = route
        result.goods = self._word(goods) if goods else "none"
        if refund is not None:
            result.amount = self._amount(refund[1])
        return result

    def _unresolved(self, payouts: list[Payout]) -> list[str]:
        """Return the rulings that this case rests on and that the desk holds to be open."""
        cites = [cite for step in self.walked for cite in step[4]]
        cites += [cite for fx in self.effects for _, step in fx.steps for cite in step]
        cites += [cite for payout in payouts for cite in payout.cites]
        return sorted(self.snapshot.unresolved.intersection(cites))

    def _send_up(self, unresolved: list[str]) -> Resolution:
        """Return the resolution of a case that nobody may decide by guess: it goes up, with the rulings it waits for."""
        node = self.program.unresolved
        self.effects = [node.fx] if node.fx is not None else []
        self.known["open_rulings"] = ", ".join(unresolved)
        self.walked.append((node, None, node.outcome or "escalate", "flow", unresolved))
        result = self._result(RESOLVED, node.outcome, [], [])
        result.goods = "none"
        return result

    def _word(self, word: str) -> str:
        """Return a word of an effect: itself, or the decided result of the table that it names."""
        if not word.startswith("@"):
            return word
        return self.known[word[1:]]  # type: ignore[no-any-return]

    def _payouts(self, pays: list[Any]) -> list[Payout]:
        """Return what may be paid: at most one compensation, the highest (C06); reimbursements besides."""
        best: Payout | None = None
        others: list[Payout] = []
        for reason in pays:
            payout = reason.compute(self.known.get(reason.base, 0), self.tier, self.known)
            if not payout.max:
                continue
            if payout.kind != "compensation":
                others.append(payout)
            elif best is None or payout.max > best.max:
                best = payout
        return others if best is None else [best, *others]

    def _complete(self, route: str | None, payouts: list[Payout]) -> None:
        """Walk the completion, which adds what holds after every flow: deadlines, next flow, tasks, payout scripts."""
        known = self.known
        known[ROUTE] = "none" if route is None else route if route in self.program.flow.completes else "own"
        form = offer = "none"
        for payout in payouts:
            if form != "cash":
                form = payout.form
            if payout.kind == "compensation":
                offer = payout.offer if payout.commit else "no-authority"
        if offer in ("unasked", "on-request") and any(s.tells_payout for fx in self.effects for s in fx.say):
            offer = f"said-{offer}"  # the flow's own words tell of it
        known[PAYOUT_FORM], known[PAYOUT_OFFER] = form, offer
        node: Node | None = self.program.completion
        while node is not None:
            if node.fx is not None:
                self.effects.append(node.fx)
            if node.kind is not ASK:
                node = node.then
                continue
            if node.fact not in QUIET and self.lookup(node.fact) is None:
                raise InternalError(f"收尾缺少 {node.fact}", f"the completion lacks {node.fact}")
            node = node.follow(known[node.fact])

    def _amount(self, kind: str) -> int | None:
        """Return the refund in fen, never more than was paid and not yet refunded; None where it is fixed later."""
        order, line = self.order, self.line
        paid: int | None = self.lookup("paid_amount")
        amount: int | None
        if kind == "order":  # what the flow before granted, if the case comes from one, else the whole order
            granted = self.lookup(GRANTED)
            amount = paid if granted is None else granted
        elif kind in ("whole", "units"):
            amount = self._line_amount(kind, line)
        else:  # money besides goods: what was refunded for goods does not lessen it
            return self.lookup(kind)  # type: ignore[no-any-return]
        if amount is None or paid is None:
            return None
        return min(amount, max(paid - (order.refunded() if order else 0), 0))

    def _line_amount(self, kind: str, line: Line | None) -> int | None:
        if line is None or line.payment is None:
            return None
        units = self.known.get("units_affected")
        if units is not None and line.num:
            return part(line.payment, units, line.num * MILLION)
        return line.payment if kind == "whole" or line.num == 1 else None

    def _result(
        self, status: str, outcome: str | None, needs: list[Fact], waits: list[tuple[str, str, date | None]]
    ) -> Resolution:
        result = Resolution()
        result.flow = self.program.flow
        result.tables = self.program.tables
        result.order, result.line, result.now, result.snapshot = self.order, self.line, self.now, self.snapshot
        result.tier, result.status, result.outcome = self.tier, status, outcome
        result.route = result.amount = result.goods = None
        result.payouts = []
        result.needs, result.waits = needs, waits
        result.effects, result.walked, result.known = self.effects, self.walked, self.known
        result.warnings = self.warnings
        self._schedule(result)
        return result

    def _schedule(self, result: Resolution) -> None:
        """Fill in tasks, deadlines and the next flow from the effects met."""
        tasks: list[tuple[str, list[str], date | None]] = []
        deadlines: list[tuple[Any, date, str]] = []
        following: str | None = None
        for fx in self.effects:
            for queue, text, due in fx.tasks:
                day = None
                if due is not None:
                    day, sure = self._due(due)
                    if sure != "published":
                        self._note_calendar(day, sure)
                task = (self.snapshot.queue_for(queue, self.tier), text, day)
                if task not in tasks:
                    tasks.append(task)
            for deadline in fx.dues:
                day, sure = self._due(deadline)
                deadlines.append((deadline, day, sure))
                if sure != "published":
                    self._note_calendar(day, sure)
            if fx.next is not None:
                following = fx.next
        result.tasks, result.deadlines, result.next_flow = tasks, deadlines, following
        result.counted = self.counted
        installed = self.program.flow.installed
        if following is not None and installed is not None and following not in installed:
            self.warnings.append((
                "next-flow-missing",
                f"后续流程 {following} 尚未安装",
                f"the next flow {following} is not installed",
            ))  # fmt: skip

    def _note_calendar(self, day: date, sure: str) -> None:
        year = day.year
        if sure == "estimated":
            warning = (
                "calendar-estimated",
                f"{year} 年的放假安排尚未公布，{day} 按周一至周五推算；请升级 chinesecalendar 或在政策文件的 calendar 里补上",
                f"no published holiday arrangement for {year}: {day} is counted Monday to Friday; "
                "update chinesecalendar or fill `calendar` in the policy file",
            )
        else:
            warning = (
                "calendar-may-move",
                f"{day}: {year} 年 12 月 25 日之后的日子可能因次年的放假通知而调整",
                f"{day}: days after 25 December {year} may still move with next year's holiday notice",
            )
        if warning not in self.warnings:
            self.warnings.append(warning)


_ITEM: Final = Fact(
    "item",
    {
        "type": "choice",
        "from": "agent",
        "values": {},
        "default": None,
        "optional": False,
        "label": ["商品", "item"],
        "ask": ["是订单里的哪一件商品？", "Which item of the order is it about?"],
        "cite": [],
    },
)
