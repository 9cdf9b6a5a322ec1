"""Keeping a resolution: `tmcs resolve --save`, `tmcs case open` and `tmcs case set` put what they decide into a case."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tmcs.cases.desk import Desk
from tmcs.cases.history import History
from tmcs.cases.ledger import entries
from tmcs.cases.standing import Standing, open_cases
from tmcs.cli.case_given import permitted
from tmcs.cli.common import note
from tmcs.core.errors import InputError
from tmcs.core.policy import Policy, Snapshot
from tmcs.core.resolution import Resolution
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cli.resolve import Run
    from tmcs.core.order import Order


class Keeper:
    """Puts each resolution of a run into one case.

    Attributes:
        desk, policy, snapshot: where; ``tier`` that of the login.
        case_id: the case; 0 until it is opened.
        why: the reason, in the agent's words.
        people: whether a person reads the output.
    """

    def __init__(self, desk: Desk, policy: Policy, snapshot: Snapshot, lang: str, *, people: bool) -> None:
        self.desk = desk
        self.policy = policy
        self.snapshot = snapshot
        self.lang = lang
        self.people = people
        self.now = desk.now
        self.tier = desk.actor.tier
        self.case_id = 0
        self.why: str | None = None

    def before(self, order: Order | None, asking: bool) -> None:
        """Tell an agent who is going to be asked what this order was already paid or promised in other cases."""
        if self.case_id or not asking or order is None or not order.tid:
            return
        from tmcs.render.ledger import entry_line, open_elsewhere

        for row in [entry_line(one, self.snapshot, self.lang) for one in entries(self.desk.store, order.tid)]:
            print(Text("本单已有: ", "already on this order: ").pick(self.lang) + row, file=sys.stderr)
        if other := open_elsewhere(open_cases(self.desk.store, order.tid), self.lang):
            print(other, file=sys.stderr)

    def keep(self, run: Run, later: dict[str, Any]) -> Resolution:
        """Put a run's resolution into the case, and return the resolution as the case has it."""
        if self.case_id:
            result = self.desk.move_on(
                self.case_id, lambda _: run.flow, why=self.why, based_on=self.desk.version, facts=run.facts, sources=run.sources
            )
        else:
            record = None if run.order is None else dict(run.order.record)
            self.case_id, result = self.desk.open(
                run.flow, self.policy, record, run.facts, run.sources, self.why, later
            )
        self.show()
        return result

    def standing(self) -> Standing:
        """Return how the money of the case stands."""
        return Standing(self.desk.store, self.case_id, self.tier, self.desk.at[:10])

    def show(self) -> None:
        """Print what comes before the resolution: the case's number, and what this order already has elsewhere."""
        if not self.people:
            return
        from tmcs.render.layout import bold
        from tmcs.render.ledger import already, not_promised

        head = Text(f"案件 {self.case_id} · 第 {self.desk.version} 版", f"case {self.case_id} · version {self.desk.version}")
        print(bold(head.pick(self.lang)))
        standing = self.standing()
        for other in (not_promised(standing, self.lang), already(standing, self.lang), self.elsewhere(standing)):
            if other:
                print(other)

    def elsewhere(self, standing: Standing) -> str:
        """Return which other cases of the order are open, for a case that was just opened."""
        from tmcs.render.ledger import open_elsewhere

        return open_elsewhere(open_cases(self.desk.store, standing.tid, self.case_id), self.lang)

    def note_number(self) -> None:
        """Say on stderr which case it is, where the output itself is only the resolution."""
        if not self.people:
            note(Text(f"已存为案件 {self.case_id}", f"kept as case {self.case_id}").pick(self.lang))

    def data(self, chain: list[Resolution]) -> dict[str, Any]:
        """Return what was kept as JSON (schema ``tmcs/case-result/1``); the resolution is the last of ``chain``."""
        found: dict[str, Any] = {
            "schema": "tmcs/case-result/1", "case": str(self.case_id), "version": self.desk.version,
            "resolution": chain[-1].to_dict(), "money": self.standing().to_dict(),
        }  # fmt: skip
        return found if len(chain) == 1 else {**found, "chain": [one.to_dict() for one in chain]}


class Setter(Keeper):
    """Puts what is learnt into a case that is there, decides it anew, and goes on from there.

    Attributes:
        history: what the agent was shown.
        given: the facts of the command line; ``unset`` those to forget.
        record: the order as the order book has it now, or None.
        based_on: the version the agent saw, or None.
    """

    def __init__(
        self, desk: Desk, policy: Policy, snapshot: Snapshot, lang: str, case_id: int, history: History, *, people: bool
    ) -> None:
        super().__init__(desk, policy, snapshot, lang, people=people)
        self.case_id = case_id
        self.history = history
        self.given: dict[str, str] = {}
        self.unset: list[str] = []
        self.record: dict[str, Any] | None = None
        self.based_on: int | None = None
        self._decided = False

    def keep(self, run: Run, later: dict[str, Any]) -> Resolution:
        """Put what is new of a run's facts into the case; further on as :meth:`Keeper.keep`."""
        if self._decided:
            return super().keep(run, later)
        facts = self.learnt(run.facts)
        result = self.desk.set(
            self.case_id, facts, unset=self.unset, why=self.why, based_on=self.based_on, record=self.record,
            sources=run.sources, later=later,
        )  # fmt: skip
        self._decided = True
        self.show()
        return result

    def elsewhere(self, standing: Standing) -> str:
        """Return nothing: whoever goes on in a case knows of the others."""
        return ""

    def learnt(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Return the facts that the case is to learn: those given, and those answered."""
        known = self.history.facts
        return {name: value for name, value in facts.items() if name in self.given or known.get(name) != value}


@contextmanager
def keeping(store: str | None, lang: str, *, people: bool, why: str | None = None) -> Iterator[Keeper]:
    """Open the store for an agent who may open cases, and yield what keeps a run.

    Raises:
        NotPermittedError: the role may not.
        StorageError, TryAgainError: the store cannot be written.
    """
    from tmcs.store import open_store

    actor, policy, snapshot = permitted("open")
    with open_store(store, write=True) as opened:
        keeper = Keeper(Desk(opened, actor), policy, snapshot, lang, people=people)
        keeper.why = why
        yield keeper


def refuse_what_if(tier: str | None, tier_fact: str | None, now: str | None, policies: tuple[str, ...]) -> None:
    """Refuse to keep what was decided for another tier, time or policy than the desk's: those are what-ifs.

    Raises:
        InputError: one of them is given; a tier that is the configured one is not.
    """
    actor, _, _ = permitted("open")
    for given in (tier, tier_fact):
        if given is not None and given != actor.tier:
            raise InputError(
                f"保存按登录的层级 {actor.tier} 处理，--tier {given} 只作推演，不能与 --save 同用",
                f"what is kept is decided at the tier of the login, {actor.tier}; --tier {given} is a what-if and excludes --save",
            )
    for option, value in (("--now", now), ("--policy", policies)):
        if value:
            raise InputError(f"{option} 只作推演，不能与 --save 同用", f"{option} is a what-if and excludes --save")
