"""Plans: a survey, a gift mailing or a care plan through its whole life, each step kept with who took it, when and why.

A plan is what its steps say: a step is refused unless the plan is in a stage that it can be taken from
(:mod:`tmcs.jobs.stages`) and the role may take it. What concerns a person stands apart, so that it can be erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.actor import require
from tmcs.cases.privacy_plans import ERASED
from tmcs.cases.seat import Seat, words
from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.text import Text
from tmcs.jobs.stages import Life, life_of

if TYPE_CHECKING:
    from tmcs.cases.actor import Actor
    from tmcs.core.policy import Policy
    from tmcs.store.base import Store

_PLAN: Final = "id, job, stage, version, opened_at, opened_by, closed_at, body"
_PERSON: Final = "n, tid, nick, state, at, data, private, case_id"
_LONGEST: Final = 200  # characters of a title or name
encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Plan:
    """A plan as it stands.

    Attributes:
        id, job, stage, version: its number, its job, the stage it is in, how many steps were taken.
        opened_at, opened_by, closed_at: when it was begun, by whom, and when it ended (or None).
        body: what its steps say, without any person.
    """

    __slots__ = ("body", "closed_at", "id", "job", "opened_at", "opened_by", "stage", "version")

    def __init__(self, row: Any) -> None:
        self.id: int = row[0]
        self.job: str = row[1]
        self.stage: str = row[2]
        self.version: int = row[3]
        self.opened_at: str = row[4]
        self.opened_by: str = row[5]
        self.closed_at: str | None = row[6]
        self.body: dict[str, Any] = json.loads(row[7])


class Person:
    """Somebody a plan concerns.

    Attributes:
        n: the place in the plan's list, from 1; ``tid`` the order, or None; ``nick`` the customer, None once erased.
        state, at: where it stands with them, and since when.
        data: answers, gift, parcel: nothing that is about the person.
        private: name, phone, address, own words; ``{}`` once erased.
        case_id: the case that was opened for them, or None.
    """

    __slots__ = ("at", "case_id", "data", "n", "nick", "private", "state", "tid")

    def __init__(self, row: Any) -> None:
        self.n: int = row[0]
        self.tid: str | None = row[1]
        self.nick: str | None = row[2]
        self.state: str = row[3]
        self.at: str | None = row[4]
        self.data: dict[str, Any] = json.loads(row[5])
        self.private: dict[str, Any] = json.loads(row[6]) if row[6] else {}
        self.case_id: int | None = row[7]

    def __repr__(self) -> str:
        return f"Person({self.n}, {self.state!r})"


class Taken:
    """A step that was taken: its place, when, what, by whom, whom it concerns, what it says, and its personal part."""

    __slots__ = ("agent", "at", "data", "n", "person", "private", "step")

    def __init__(self, row: Any) -> None:
        self.n, self.at, self.step, self.agent, self.person, data, private = row
        self.data: dict[str, Any] = json.loads(data)
        self.private: dict[str, Any] = json.loads(private) if private else {}


# ---- reading ----------------------------------------------------------------------------------------------------------------


def folder_of(job: str) -> str:
    """Return the folder of a job's files, without reading them."""
    from tmcs.plugins import registry

    known = registry()
    return known.host.job_files(known.job(job)).folder


def read_plan(store: Store, job: str, plan_id: int) -> Plan:
    """Return a plan of a job.

    Raises:
        NotFoundError: the job has none of that number.
    """
    row = store.execute(f"SELECT {_PLAN} FROM plan WHERE id = ?", (plan_id,)).fetchone()
    return _found(row, job, plan_id)


def _found(row: Any, job: str, plan_id: int) -> Plan:
    if row is None or row[1] != job:
        zh, en = f"没有编号 {plan_id} 的方案", f"no plan {plan_id}"
        if row is not None:
            zh, en = f"方案 {plan_id} 属于 {row[1]}", f"plan {plan_id} belongs to {row[1]}"
        raise NotFoundError(zh, en, hint=Text("用 list 列出", "list shows them"))
    return Plan(row)


def read_plans(store: Store, job: str, *, all_: bool = False) -> list[Plan]:
    """Return the plans of a job, the newest first: those that have not ended, or all."""
    more = "" if all_ else " AND closed_at IS NULL"
    return [Plan(row) for row in store.execute(f"SELECT {_PLAN} FROM plan WHERE job = ?{more} ORDER BY id DESC", (job,)).fetchall()]


def read_steps(store: Store, plan_id: int) -> list[Taken]:
    """Return the steps of a plan, the oldest first."""
    sql = "SELECT n, at, step, agent, person, data, private FROM plan_event WHERE plan_id = ? ORDER BY n"
    return [Taken(row) for row in store.execute(sql, (plan_id,)).fetchall()]


def people(store: Store, plan_id: int, states: tuple[str, ...] = ()) -> Iterator[Person]:
    """Yield the people of a plan by their place, those in some states where these are named; in constant memory."""
    marks = f" AND state IN ({', '.join('?' for _ in states)})" if states else ""
    sql = f"SELECT {_PERSON} FROM plan_person WHERE plan_id = ?{marks} ORDER BY n"
    for row in store.stream(sql, (plan_id, *states)):
        yield Person(row)


def counts(store: Store, plan_id: int) -> dict[str, int]:
    """Return how many people of a plan are in each state."""
    rows = store.execute("SELECT state, count(*) FROM plan_person WHERE plan_id = ? GROUP BY state ORDER BY state", (plan_id,))
    return {state: int(number) for state, number in rows.fetchall()}


def find_person(store: Store, plan_id: int, word: str) -> Person:
    """Return somebody of a plan by place or order number.

    Raises:
        NotFoundError: nobody, or several, bear it.
    """
    plain = word.strip().removeprefix("#")
    rows = store.execute(f"SELECT {_PERSON} FROM plan_person WHERE plan_id = ? AND tid = ? ORDER BY n", (plan_id, plain)).fetchall()
    if not rows and plain.isascii() and plain.isdigit() and len(plain) <= 12:
        rows = store.execute(f"SELECT {_PERSON} FROM plan_person WHERE plan_id = ? AND n = ?", (plan_id, int(plain))).fetchall()
    if len(rows) != 1:
        places = ", ".join(str(row[0]) for row in rows[:8])
        zh = f"订单在名单上有多条: 名单编号 {places}" if rows else f"方案 {plan_id} 的名单上没有这个名单编号或订单号"
        en = f"several on the list have this order: places {places}" if rows else f"plan {plan_id} lists nobody of this place or order number"
        raise NotFoundError(zh, en)
    return Person(rows[0])


def present(person: Person) -> Person:
    """Return somebody who was not erased.

    Raises:
        InputError: they were: nothing is recorded of them any more.
    """
    if person.state == ERASED:
        raise InputError(f"名单编号 {person.n} 的个人信息已删除", f"the personal data of number {person.n} is erased")
    return person


def fold(life: Life, steps: list[Taken]) -> tuple[str, dict[str, Any]]:
    """Return the stage and the body that steps add up to: what the plan's row must say."""
    stage, body = life.first, {}
    for one in steps:
        body.update(one.data.get("set", {}))
        stage = one.data.get("stage", stage)
    return stage, body


# ---- writing ----------------------------------------------------------------------------------------------------------------


class Held:
    """A plan that is held for this transaction; what is put into ``set`` becomes part of its body with the step.

    Attributes:
        plan: the plan as it was; ``set`` what the step says of it; ``data`` what else the step says.
        private: the personal part of the step; ``person`` the place of whom it concerns.
        stage: the stage that the step leads to.
    """

    __slots__ = ("data", "person", "plan", "private", "set", "stage")

    def __init__(self, plan: Plan, stage: str) -> None:
        self.plan = plan
        self.stage = stage
        self.set: dict[str, Any] = {}
        self.data: dict[str, Any] = {}
        self.private: dict[str, Any] = {}
        self.person: int | None = None


class Planner(Seat):
    """The plans of one job before an agent, at one moment. Each step is one transaction.

    Attributes:
        job, life: the job, and its stages and steps.
        policy, snapshot: the policy, and that of the moment: who may do what, and its figures.
    """

    job: str = ""

    def __init__(self, store: Store, actor: Actor, policy: Policy, now: datetime | None = None) -> None:
        super().__init__(store, actor, now)
        self.policy = policy
        self.snapshot = policy.at(self.now)
        self.life = life_of(folder_of(self.job))

    @property
    def today(self) -> str:
        """The day of everything done from here."""
        return self.at[:10]

    def read(self, plan_id: int) -> Plan:
        """Return one of the job's plans; NotFoundError where there is none of that number."""
        return read_plan(self.store, self.job, plan_id)

    def begin(self, body: dict[str, Any], why: str | None, private: Mapping[str, Any] | None = None, person: int | None = None) -> int:
        """Begin a plan within the caller's transaction and return its number: step ``new``."""
        step = self.life.steps["new"]
        require(self.actor, self.snapshot, step.may)
        stage = step.to or self.life.first
        row = self.store.execute(
            "INSERT INTO plan (job, stage, version, opened_at, opened_by, body) VALUES (?, ?, 1, ?, ?, ?) RETURNING id",
            (self.job, stage, self.at, self.actor.agent, encode(body)),
        ).fetchone()
        self.version = 1
        data = {"set": body, "stage": stage}
        own = _kept({**(private or {}), "why": why and words(why)})
        self._event(int(row[0]), 1, "new", data, own, person)
        return int(row[0])

    @contextmanager
    def step(self, plan_id: int, name: str, why: str | None = None) -> Iterator[Held]:
        """Take a step, in a transaction of its own; what fails within leaves everything as it was.

        Raises:
            NotFoundError: there is no such plan.
            InputError: the plan is in a stage that the step cannot be taken from.
            NotPermittedError: the role may not take it.
        """
        step = self.life.steps[name]
        require(self.actor, self.snapshot, step.may)
        with self.store.transaction():
            row = self.store.execute(f"SELECT {_PLAN} FROM plan WHERE id = ?{self.store.for_update}", (plan_id,)).fetchone()
            plan = _found(row, self.job, plan_id)
            if plan.stage not in step.froms:
                raise self._too_early(plan, name)
            held = Held(plan, step.to or plan.stage)
            yield held
            data = {**held.data, **({"set": held.set} if held.set else {}), **({"stage": held.stage} if held.stage != plan.stage else {})}
            private = _kept({**held.private, "why": why and words(why)})
            self.version = plan.version + 1
            self._event(plan_id, self.version, name, data, private, held.person)
            closed = self.at if self.life.stages[held.stage].ends else None
            self.store.execute(
                "UPDATE plan SET stage = ?, version = ?, closed_at = ?, body = ? WHERE id = ?",
                (held.stage, self.version, closed, encode({**plan.body, **held.set}), plan_id),
            )

    def _too_early(self, plan: Plan, name: str) -> InputError:
        step, stages = self.life.steps[name], self.life.stages
        here, wanted = stages[plan.stage].title, [stages[one].title for one in step.froms]
        onward = [one.id for one in self.life.onward(plan.stage)]
        hint = Text(f"现在可以: {', '.join(onward)}", f"possible now: {', '.join(onward)}") if onward else None
        return InputError(
            f"方案 {plan.id} 现在是“{here.zh}”，“{step.title.zh}”要在“{'”或“'.join(one.zh for one in wanted)}”阶段",
            f"plan {plan.id} is at stage {here.en}; {step.title.en} is for stage {' or '.join(one.en for one in wanted)}",
            hint=hint,
        )  # fmt: skip

    def _event(self, plan_id: int, n: int, step: str, data: dict[str, Any], private: dict[str, Any], person: int | None) -> None:
        self.store.execute(
            "INSERT INTO plan_event (plan_id, n, at, step, agent, person, data, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (plan_id, n, self.at, step, self.actor.agent, person, encode(data), encode(private) if private else None),
        )

    def add_person(self, plan_id: int, n: int, person: Listed, state: str) -> bool:
        """Put somebody on a plan's list, within the caller's transaction; return False where they stand on it already."""
        return self.store.execute(
            "INSERT INTO plan_person (plan_id, n, who, tid, nick, state, at, data, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (plan_id, who) DO NOTHING",
            (plan_id, n, person.who, person.tid, person.nick, state, self.at, encode(person.data), encode(person.private)),
        ).rowcount == 1  # fmt: skip

    def save_person(self, plan_id: int, person: Person) -> None:
        """Keep what became of somebody, within the caller's transaction."""
        person.at = self.at
        self.store.execute(
            "UPDATE plan_person SET state = ?, at = ?, data = ?, private = ?, case_id = ? WHERE plan_id = ? AND n = ?",
            (person.state, self.at, encode(person.data), encode(person.private), person.case_id, plan_id, person.n),
        )

    def reveal(self, plan_id: int, why: str, person: int | None = None) -> None:
        """Note that the personal data of a plan (or of one on its list) is shown unmasked; the role must be allowed to see it."""
        require(self.actor, self.snapshot, "reveal")
        with self.store.transaction():
            row = self.store.execute(f"SELECT {_PLAN} FROM plan WHERE id = ?{self.store.for_update}", (plan_id,)).fetchone()
            plan = _found(row, self.job, plan_id)
            self._event(plan_id, plan.version + 1, "reveal", {}, {"why": words(why)}, person)
            self.store.execute("UPDATE plan SET version = ? WHERE id = ?", (plan.version + 1, plan_id))


class Listed:
    """Somebody who is put on a list: see :class:`Person`; ``who`` tells customers apart."""

    __slots__ = ("data", "nick", "private", "tid", "who")

    def __init__(self, tid: str | None, nick: str | None, private: dict[str, Any], data: dict[str, Any] | None = None) -> None:
        from hashlib import blake2b

        self.tid = tid
        self.nick = nick
        self.private = _kept(private)
        self.data = data or {}
        own = nick or private.get("phone") or tid or ""
        self.who = blake2b(str(own).strip().lower().encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if value not in (None, "", {})}


def named(text: str) -> str:
    """Return a title or name as it is kept.

    Raises:
        InputError: it is empty or too long.
    """
    plain = " ".join(text.split())
    if not plain or len(plain) > _LONGEST:
        raise InputError(f"名称应为 1 到 {_LONGEST} 字", f"a name has 1 to {_LONGEST} characters")
    return plain


def order_of(planner: Seat, tid: str | None) -> dict[str, Any] | None:
    """Return the record of an order of the book, None where it has none."""
    row = None if tid is None else planner.store.execute("SELECT record FROM orders WHERE tid = ?", (tid,)).fetchone()
    return None if row is None else json.loads(row[0])
