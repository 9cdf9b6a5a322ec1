"""Decision tables and payout rows: each combination covered, each row reached, no amount above its cap."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final

from tmcs.core.case_rules import cited
from tmcs.core.check_report import POLICY, Faults, figures
from tmcs.core.facts import Fact
from tmcs.core.money import format_money
from tmcs.core.payout import Payout, PayoutReason
from tmcs.core.policy import Snapshot
from tmcs.core.source import Path
from tmcs.core.table import Table

_MOST: Final = 1_000_000  # combinations of one table; above, it is too large to be read by anybody


def grouped(values: Iterable[Any], sign: Callable[[Any], Any]) -> list[list[Any]]:
    """Return the values in groups that ``sign`` does not tell apart, each in order."""
    groups: dict[Any, list[Any]] = {}
    for value in values:
        groups.setdefault(sign(value), []).append(value)
    return list(groups.values())


def _signs(tests: Sequence[Callable[[Any], bool]]) -> Callable[[Any], tuple[bool, ...]]:
    return lambda value: tuple(test(value) for test in tests)


def points(operands: Iterable[int]) -> list[int]:
    """Return whole numbers of which each interval that the operands tell apart holds at least one."""
    found = {0}
    for value in operands:
        found |= {value - 1, value, value + 1}
    return sorted(point for point in found if point >= 0)


def check_table(table: Table, where: str, path: Path, words: Callable[[str, Any], str], faults: Faults) -> None:
    """Check that every combination of a table's inputs is covered once (``unique``) or at all, and every row reached."""
    tests = [dict(row.tests) for row in table.rows]
    groups = []
    for fact in table.inputs:
        used = [row[fact] for row in tests if fact in row]
        groups.append(grouped(table.domains[fact], _signs(used)))
    size = 1
    for group in groups:
        size *= len(group)
    if size > _MOST:
        faults.add(where, path, f"判定表有 {size} 种组合，过大", f"the table has {size} combinations, too many", str(_MOST), key=True)
        return
    reached: set[str] = set()
    gaps: list[str] = []
    for combination in product(*(group for group in groups)):
        key = dict(zip(table.inputs, (members[0] for members in combination), strict=True))
        rows = table.match(key)
        said = ", ".join(f"{fact}={words(fact, value)}" for fact, value in key.items())
        if not rows:
            gaps.append(said)
        elif table.hit == "first":
            reached.add(rows[0].name)
        else:
            plain = [row for row in rows if row.name != "otherwise"] or rows
            reached.add(plain[0].name)
            if len(plain) > 1:
                both = f"{plain[0].name}, {plain[1].name}"
                faults.add(where, (*path, "rows", plain[1].name), f"两行都覆盖 {said}: {both}", f"two rows cover {said}: {both}",
                           "hit: first", key=True)  # fmt: skip
                reached |= {row.name for row in plain}
    if gaps:
        more = f" … ({len(gaps)})" if len(gaps) > 1 else ""
        faults.add(where, (*path, "rows"), f"没有一行覆盖 {gaps[0]}{more}", f"no row covers {gaps[0]}{more}", "otherwise: {is: …}",
                   key=True)  # fmt: skip
    for row in table.rows:
        if row.name not in reached:
            place = (*path, "otherwise") if row.name == "otherwise" else (*path, "rows", row.name)
            faults.add(where, place, f"{row.name} 这一行永远用不到", f"row {row.name} is never reached", key=True)


class PayoutCheck:
    """Checks the payout reasons of a policy: every case has a row, every amount keeps its cap at every tier."""

    def __init__(self, snapshot: Snapshot, facts: Mapping[str, Fact], faults: Faults) -> None:
        self.snapshot = snapshot
        self.facts = facts
        self.faults = faults
        self._faulty: set[tuple[str, int]] = set()

    def operands(self, reason: str, fact: str) -> list[int]:
        """Return the operands that a reason's rows compare a fact with, in the fact's unit."""
        rows = figures(self.snapshot)["payouts"][reason]["rows"].values()
        conditions = [row["when"][fact] for row in rows if fact in row.get("when", {})]
        return [self.snapshot.number(fact, operand) for c in conditions for _, operand in c.get("cmp", ())]

    def values(self, reason: PayoutReason, fact: str) -> list[Any]:
        """Return the values of a fact that a reason's rows tell apart, one each, and None for unknown."""
        definition = self.facts.get(fact)
        listed: list[Any] = list(definition.values) if definition else []
        known = listed or points(self.operands(reason.name, fact))
        tests = [test for row in reason.rows for name, test in row.tests if name == fact]
        groups = grouped(known, _signs(tests))
        found: list[Any] = [group[0] for group in groups]
        return found if fact in reason.needs else [*found, None]

    def cases(self, reason: PayoutReason) -> Iterator[dict[str, Any]]:
        """Yield every combination of the facts that choose a reason's row, with and without the coupon declined."""
        cash = ["yes", "no"] if any(row.cash for row in reason.rows) else ["no"]
        facts = [fact for fact in reason.facts if fact != "declines_coupon"]
        for values in product(*(self.values(reason, fact) for fact in facts), cash):
            known = dict(zip((*facts, "declines_coupon"), values, strict=True))
            yield {name: value for name, value in known.items() if value is not None}

    def bases(self, reason: PayoutReason) -> list[int]:
        """Return sample amounts in fen around every point at which a figure of the reason changes its course."""
        found = {0, 1, 2, 3, 4, 5, 9, 10, 100, 10_000, 10**13}
        for row in reason.rows:
            rates = {row.rate_min, row.rate_max, *row.commit_rates, *(row.cash[:2] if row.cash else ())}
            sums = {row.cap, row.floor, row.flat, *row.commit_caps, *row.commit_sums}
            for total in sums:
                for rate in rates:
                    if total and rate:
                        turn = total * 1_000_000 // rate
                        found |= {max(turn - 1, 0), turn, turn + 1, turn + 10}
                if total:
                    found |= {total - 1, total, total + 1}
        return sorted(found)

    def check(self, name: str) -> None:
        """Check one reason over every case, tier and sample amount."""
        reason = self.snapshot.payout(name)
        used: set[int] = set()
        for known in self.cases(reason):
            for tier in reason.tiers:
                row = _row_index(reason, tier, known)
                if row is None:
                    said = ", ".join(f"{fact}={value}" for fact, value in {"tier": tier, **known}.items())
                    self.faults.add(POLICY, ("payouts", name, "rows"), f"没有一行适用于 {said}", f"no row holds for {said}",
                                    "a last row without `when`", key=True)  # fmt: skip
                    continue
                used.add(row)
                for base in self.bases(reason):
                    self._amounts(reason, row, base, tier, known)
        rows = list(figures(self.snapshot)["payouts"][name]["rows"])
        for n, row_name in enumerate(rows):
            if n not in used:
                self.faults.add(POLICY, ("payouts", name, "rows", row_name), f"{row_name} 这一行永远用不到",
                                f"row {row_name} is never reached", key=True)  # fmt: skip
            elif reason.kind == "compensation" and reason.rows[n].flat is None and reason.rows[n].cap is None:
                self.faults.add(POLICY, ("payouts", name, "rows", row_name, "cap"), "补偿没有封顶", "a compensation without a cap",
                                'cap: "200.00"')  # fmt: skip

    def _amounts(self, reason: PayoutReason, row: int, base: int, tier: str, known: Mapping[str, Any]) -> None:
        payout = reason.compute(base, tier, known)
        fault = payout_fault(payout, reason.rows[row].cap)
        if fault is None and payout.approval is not None:
            # The approval is for this coupon, also where the approving tier could pay in cash instead.
            same = known if payout.form == "cash" else {**known, "declines_coupon": "no"}
            granted = reason.compute(base, payout.approval, same).commit
            if granted < payout.max:
                fault = (f"{payout.approval} 也只能承诺 {format_money(granted)}，低于 {format_money(payout.max)}",
                         f"{payout.approval} may promise only {format_money(granted)}, below {format_money(payout.max)}")  # fmt: skip
        elif fault is None and payout.commit < payout.max:
            fault = (f"没有层级可以承诺 {format_money(payout.max)}", f"no tier may promise {format_money(payout.max)}")
        if fault is not None and (reason.name, row) not in self._faulty:
            self._faulty.add((reason.name, row))  # one example of a wrong row is enough
            rows = list(figures(self.snapshot)["payouts"][reason.name]["rows"])
            zh, en = fault
            case = f"{reason.name}, {tier}, {format_money(base)}"
            self.faults.add(POLICY, ("payouts", reason.name, "rows", rows[row]), f"{zh} ({case})", f"{en} ({case})", key=True)


def payout_fault(payout: Payout, cap: int | None) -> tuple[str, str] | None:
    """Return what is wrong with an amount, in both languages: above its cap, or figures out of order."""
    top = format_money(payout.max)
    if cap is not None and payout.max > cap:
        return f"赔付 {top} 超过封顶 {format_money(cap)}", f"a payout of {top} is above its cap of {format_money(cap)}"
    if payout.min > payout.max:
        return f"下限 {format_money(payout.min)} 高于上限 {top}", f"min {format_money(payout.min)} is above max {top}"
    if payout.commit > payout.max:
        return f"可承诺 {format_money(payout.commit)} 高于上限 {top}", f"commit {format_money(payout.commit)} is above max {top}"
    return None


def _row_index(reason: PayoutReason, tier: str, known: Mapping[str, Any]) -> int | None:
    for n, row in enumerate(reason.rows):
        values = [tier if fact == "tier" else known.get(fact) for fact, _ in row.tests]
        if all(v is not None and test(v) for v, (_, test) in zip(values, row.tests, strict=True)):
            return n
    return None


def check_figures(snapshot: Snapshot, facts: Mapping[str, Fact], rules: Collection[str], faults: Faults) -> None:
    """Check the policy of one day: its tables, its payouts and the rule ids it cites."""

    def words(fact: str, value: Any) -> str:
        definition = facts.get(fact)
        return definition.write(value) if definition else str(value)

    for name in snapshot.tables:
        check_table(snapshot.table(name), POLICY, ("tables", name), words, faults)
    payouts = PayoutCheck(snapshot, facts, faults)
    for name in snapshot.reasons:
        payouts.check(name)
    for path, cites in _cited(figures(snapshot)):
        alone = not isinstance(faults.data(POLICY, (*path, "cite")), list)
        for n, rule in enumerate(cites):
            if rule not in rules:
                place = (*path, "cite") if alone else (*path, "cite", n)
                faults.odd(POLICY, place, ("规则", "rule"), rule, rules)


def _cited(data: Mapping[str, Any]) -> Iterator[tuple[Path, Sequence[str]]]:
    for section in ("limits", "deadlines", "queues", "areas"):
        for name, one in data[section].items():
            yield (section, name), one["cite"]
    for name, cites in data["setting_cites"].items():
        yield ("settings", name), cites
    for path, cites in cited(data["cases"]):
        yield ("cases", *path), cites
    for name, one in data["payouts"].items():
        yield ("payouts", name), one["cite"]
        for row_name, row in one["rows"].items():
            yield ("payouts", name, "rows", row_name), row["cite"]
    for name, one in data["tables"].items():
        yield ("tables", name), one["cite"]
        for row in one["rows"]:
            other = row["name"] == "otherwise"
            yield ("tables", name, "otherwise") if other else ("tables", name, "rows", row["name"]), row["cite"]
