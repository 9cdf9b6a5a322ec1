"""What else an end of a flow depends on, besides the facts of its path: tier, coupon, amounts, the row of a payout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, Final

from tmcs.core.program import Program
from tmcs.core.walk import UNSET, Met, Walk

#: Amounts in fen on which payouts are tried: plain, huge, none, too small for a rate, one tier's rate rounding to nothing.
BASES: Final = (10_000, 10**13, 0, 1, 3)


class EndCases:
    """Makes the cases of an end, each as facts that `--set` takes."""

    def __init__(self, program: Program, walk: Walk) -> None:
        self.program = program
        self.walk = walk

    def write(self, fact: str, value: Any) -> str:
        """Return a value as `--set` writes it."""
        definition = self.program.facts.get(fact)
        return definition.write(value) if definition and not isinstance(value, str) else str(value)

    def written(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Return the facts given on a path as `--set` writes them; an item that no order names is left out."""
        return {name: self.write(name, value) for name, value in given.items() if value != ""}

    def all(self, known: Mapping[str, Any], met: Met) -> Iterator[dict[str, str]]:
        """Yield every case of an end, beyond the facts known on its path."""
        choices: dict[str, list[Any]] = {}
        if known.get("tier") is None:
            choices["tier"] = list(self.program.snapshot.tiers)
        for name in met.pays:
            reason = self.program.snapshot.payout(name)
            for fact in (*reason.facts, *reason.needs, "declines_coupon"):
                if known.get(fact) is None and fact in self.program.facts:
                    choices[fact] = self._samples(fact, fact in reason.needs)
        bases = {self.program.snapshot.payout(name).base for name in met.pays}
        for fact in bases:
            choices[fact] = self._amounts(fact, known)
        if "paid_amount" not in bases and known.get("paid_amount") is None:
            choices["paid_amount"] = [None, max(BASES)]
        for values in product(*choices.values()):
            case = dict(zip(choices, values, strict=True))
            yield {name: self.write(name, value) for name, value in case.items() if value not in (None, UNSET)}

    def _samples(self, fact: str, needed: bool) -> list[Any]:
        found = [members[0] for members in self.walk.classes(fact)]
        definition = self.program.facts[fact]
        if fact == "declines_coupon" and definition.values:
            found = list(definition.values)
        return found if needed else [None, *found]

    def _amounts(self, fact: str, known: Mapping[str, Any]) -> list[Any]:
        value = known.get(fact)
        above = self.program.facts[fact].above
        bases = [base for base in BASES if above is None or base > above]
        if value is None:
            return bases
        if value is UNSET:
            return [UNSET]
        sign = self.walk.sign(fact, value)
        return [base for base in (value, *bases) if self.walk.sign(fact, base) == sign]
