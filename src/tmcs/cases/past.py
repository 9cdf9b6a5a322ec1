"""Past cases to be decided again: those of a store, of its export, or of a file of facts; one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from tmcs.cases.decide import impersonal
from tmcs.cases.documents import flow_digest, held_to, pinned_flow, pinned_policy, policy_digest
from tmcs.cases.export import SCHEMA as EXPORT
from tmcs.cases.history import DECIDING, Event, History, Stage, fold
from tmcs.core.errors import Finding, TmcsError
from tmcs.core.flow import Flow
from tmcs.core.money import parse_money
from tmcs.core.order import Order, parse_time
from tmcs.core.policy import Policy
from tmcs.core.text import Text
from tmcs.store.base import Store

#: Told of how far the source is read: so much, of so much.
Progress = Callable[[int, int], None]

_BATCH: Final = 200  # cases read at a time
_LONGEST: Final = 4 * 1024 * 1024  # bytes of one line
_LIVE: Final = ("promised", "asked", "approved", "paid")
#: What stands for words that are kept from us: no rule looks at more of them than that they are there.
_WORDS: Final = "…"

#: Why a case cannot be decided again.
ERASED: Final = "erased"
UNREADABLE: Final = "unreadable"
_EVENTS: Final = Text("事件读不出来", "its events cannot be read")


class Step:
    """A case in one of the flows it went through, as of its last decision there.

    Attributes:
        flow: the flow; ``order`` the order without the person; ``facts``, ``sources`` what was given and by whom.
        policy: what it was decided under; ``tier``, ``moment`` for whom and when.
    """

    __slots__ = ("facts", "flow", "moment", "order", "policy", "sources", "tier")

    def __init__(
        self, flow: Flow, policy: Policy, order: Order | None, facts: dict[str, Any], sources: dict[str, str], tier: str,
        moment: datetime,
    ) -> None:  # fmt: skip
        self.flow = flow
        self.policy = policy
        self.order = order
        self.facts = facts
        self.sources = sources
        self.tier = tier
        self.moment = moment


class Past:
    """A past case.

    Attributes:
        name: its number, or the line of the file it stands on.
        flow, tier, day: where it was decided last, for whom and when.
        steps: the flows it went through, the last one last; none where it cannot be decided again.
        spent: what was promised and what was paid, fen, by reason: ``{reason: [promised, paid]}``.
        lost: why it cannot be decided again (:data:`ERASED`, :data:`UNREADABLE`) and what is missing; None where it can.
        pinned: whether flow and policy are those it was decided under, not today's in their place.
    """

    __slots__ = ("day", "flow", "lost", "name", "pinned", "spent", "steps", "tier")

    def __init__(self, name: str, flow: str, tier: str, day: date | None) -> None:
        self.name = name
        self.flow = flow
        self.tier = tier
        self.day = day
        self.steps: list[Step] = []
        self.spent: dict[str, list[int]] = {}
        self.lost: tuple[str, Text] | None = None
        self.pinned = True

    def spend(self, reason: str, state: str, amount: int) -> None:
        """Note an entry of the ledger; one that was rejected or withdrawn counts for nothing."""
        if state in _LIVE and state != "asked":
            sums = self.spent.setdefault(reason, [0, 0])
            sums[state == "paid"] += amount


class Library:
    """Finds the flows and policies that past cases were decided under.

    Args:
        store: where they are kept; None: today's stand for them.
        policy: today's policy.
        load: returns today's flow by its id.
    """

    def __init__(self, store: Store | None, policy: Policy, load: Callable[[str], Flow]) -> None:
        self.store = store
        self.today = policy
        self._load = load
        self._flows: dict[str, Flow] = {}

    def policy(self, name: str | None) -> tuple[Policy, bool]:
        """Return the policy of a digest, and whether it is that one."""
        if name is not None and self.store is not None:
            return pinned_policy(self.store, name), True
        return self.today, name is None or policy_digest(self.today) == name

    def flow(self, name: str | None, flow_id: str) -> tuple[Flow, bool]:
        """Return the flow of a digest, and whether it is that one."""
        if name is not None and self.store is not None:
            return pinned_flow(self.store, name), True
        flow = self._flows.get(flow_id)
        if flow is None:
            flow = self._flows[flow_id] = self._load(flow_id)
        return flow, name is None or flow_digest(flow) == name


# ---- from the store ------------------------------------------------------------------------------------------------------


def of_store(store: Store, library: Library, since: date, until: date, progress: Progress | None = None) -> Iterator[Past]:
    """Yield the cases of a store that were last decided in a span of days, ends included; in constant memory.

    Raises:
        StorageError, TryAgainError: the store cannot be read.
    """
    end = (until + timedelta(days=1)).isoformat()
    total = int(store.execute("SELECT count(*) FROM cases WHERE opened_at < ?", (end,)).fetchone()[0])
    low, seen = 0, 0
    while True:
        rows = store.execute(
            "SELECT id, flow FROM cases WHERE id > ? AND opened_at < ? ORDER BY id LIMIT ?", (low, end, _BATCH)
        ).fetchall()
        if not rows:
            return
        yield from _batch(store, library, low, dict(rows), since, until)
        low, seen = rows[-1][0], seen + len(rows)
        if progress is not None:
            progress(seen, total)


def _batch(store: Store, library: Library, low: int, flows: dict[int, str], since: date, until: date) -> Iterator[Past]:
    high = max(flows)
    with store.one_state():
        events = store.execute(
            "SELECT e.case_id, e.n, e.at, e.kind, e.agent, e.tier, e.data, p.body, e.private FROM event e"
            " LEFT JOIN private p ON p.case_id = e.case_id AND p.n = e.n WHERE e.case_id > ? AND e.case_id <= ?"
            f" AND e.kind IN ({', '.join('?' * len(DECIDING))}) ORDER BY e.case_id, e.n", (low, high, *sorted(DECIDING)),
        ).fetchall()  # fmt: skip
        entries = store.execute(
            "SELECT case_id, reason, state, amount FROM ledger WHERE case_id > ? AND case_id <= ?", (low, high)
        ).fetchall()
    of_case: dict[int, list[Any]] = {number: [] for number in flows}
    for number, *row in events:
        if number in of_case:
            of_case[number].append(row)
    spent: dict[int, list[Any]] = {}
    for number, *row in entries:
        spent.setdefault(number, []).append(row)
    for number, rows in of_case.items():
        past = _made(str(number), flows[number], rows, library, since, until)
        if past is not None:
            for reason, state, amount in spent.get(number, ()):
                past.spend(reason, state, amount)
            yield past


def _made(
    name: str, flow: str, rows: list[Any], library: Library, since: date | None, until: date | None
) -> Past | None:  # fmt: skip
    """Return a case from the rows of its deciding events; None where it was decided on another day."""
    try:
        events = [
            Event(n, at, kind, agent, tier, data, private, promise is not None and private is None)
            for n, at, kind, agent, tier, data, private, promise in rows
        ]
        history = fold(events)
        moment = datetime.fromisoformat(history.clock)
    except (AttributeError, KeyError, TypeError, ValueError):
        past = Past(name, flow, "", None)
        past.lost = UNREADABLE, _EVENTS
        return past
    day = moment.date()
    if (since is not None and day < since) or (until is not None and day > until):
        return None
    past = Past(name, history.flow_id, history.tier, day)
    _take(past, history, library)
    return past


def _take(past: Past, history: History, library: Library) -> None:
    """Fill in the flows that a case went through, and what it was decided under."""
    stages: list[Stage | History] = [*history.earlier, history]
    try:
        for stage, flow_id in zip(stages, history.stages, strict=True):
            flow, own_flow = library.flow(stage.flow, flow_id)
            policy, own_policy = library.policy(stage.policy)
            policy = policy.on(held_to(stage))
            past.pinned = past.pinned and own_flow and own_policy
            facts: dict[str, Any] = dict(stage.facts)
            for fact in stage.sources.keys() - facts.keys():
                definition = flow.fact(fact)
                if fact != "item" and (definition is None or definition.type != "text"):
                    past.lost = ERASED, Text(fact, fact)
                    return
                facts[fact] = _WORDS
            order = None if stage.order is None else Order(stage.order)
            past.steps.append(Step(flow, policy, order, facts, stage.sources, stage.tier, datetime.fromisoformat(stage.clock)))
    except (TmcsError, ValueError) as error:
        past.lost = UNREADABLE, error.text if isinstance(error, TmcsError) else _EVENTS


# ---- from a file ---------------------------------------------------------------------------------------------------------


class PastFile:
    """Reads past cases from a file, a line at a time: what ``tmcs case export`` writes as JSONL, or an object a line.

    An object has ``flow``, ``order`` (or null), ``facts`` and ``at``; besides ``tier``, ``id``, and ``promised`` and
    ``paid`` by reason (``{"damage": "10.00"}``) where they are known.

    Attributes:
        unread: lines that are not one or the other; ``findings`` tells of the first of them.
    """

    most_findings: Final = 20

    def __init__(self, name: str, library: Library, since: date | None = None, until: date | None = None) -> None:
        self.name = name
        self.unread = 0
        self.findings: list[Finding] = []
        self._library = library
        self._span = since, until

    def cases(self, lines: Iterable[bytes], size: int = 0, progress: Progress | None = None) -> Iterator[Past]:
        """Yield the cases of a file.

        Args:
            lines: its lines, see :func:`lines_of`.
            size: its bytes, for the progress.

        Raises:
            OSError: it cannot be read.
        """
        read = 0
        group: list[dict[str, Any]] = []
        for number, line in enumerate(lines, 1):
            read += len(line)
            if progress is not None:
                progress(read, size)
            record = self._record(line, number)
            if record is None:
                continue
            if record.get("schema") == EXPORT:
                if group and record.get("case") != group[0].get("case"):
                    yield from self._exported(group)
                    group = []
                group.append(record)
                continue
            yield from self._plain(record, number)
        yield from self._exported(group)

    def _record(self, line: bytes, number: int) -> dict[str, Any] | None:
        if not line.strip():
            return None
        if len(line) > _LONGEST:
            self._fault(number, "这一行太长", f"the line is longer than {_LONGEST} bytes")
            return None
        try:
            record = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            self._fault(number, "不是 JSON 对象", "not a JSON object")
            return None
        return record

    def _fault(self, number: int, zh: str, en: str) -> None:
        self.unread += 1
        if len(self.findings) < self.most_findings:
            self.findings.append(Finding(self.name, number, 0, Text(zh, en)))

    def _exported(self, group: list[dict[str, Any]]) -> Iterator[Past]:
        """Yield the case that a group of records of an export is of; none where its decision is on another day."""
        rows, flow = [], ""
        for one in group:
            if one.get("type") == "case":
                flow = str(one.get("flow"))
            elif one.get("type") == "event" and one.get("kind") in DECIDING:
                data = json.dumps(one.get("data"))
                rows.append((one.get("n"), one.get("at"), one.get("kind"), one.get("agent"), one.get("tier"), data, None, one.get("private")))
        if not rows:
            return
        past = _made(str(group[0].get("case")), flow, rows, self._library, *self._span)
        if past is None:
            return
        for one in group:
            if one.get("type") == "entry":
                past.spend(str(one.get("reason")), str(one.get("state")), _amount(one.get("amount")))
        yield past

    def _plain(self, record: dict[str, Any], number: int) -> Iterator[Past]:
        """Yield the case of an object of facts."""
        facts, order, flow_id, at = (record.get(key) for key in ("facts", "order", "flow", "at"))
        if not (isinstance(facts, dict) and isinstance(flow_id, str) and isinstance(at, str) and isinstance(order, dict | None)):
            self._fault(number, "应有 flow、order、facts、at", "expected flow, order, facts and at")
            return
        try:
            moment = parse_time(at)
        except (ValueError, OverflowError):
            self._fault(number, "at 应为 ISO 8601 时间", "at is no ISO 8601 time")
            return
        since, until = self._span
        day = moment.date()
        if (since is not None and day < since) or (until is not None and day > until):
            return
        facts = {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in facts.items() if value is not None}
        tier = facts.pop("tier", None) or record.get("tier") or self._library.today.at(moment).tiers[0]
        past = Past(str(record.get("id") or f"{self.name}:{number}"), flow_id, str(tier), day)
        try:
            flow, _ = self._library.flow(None, flow_id)
            policy, _ = self._library.policy(None)
            known = None if order is None else Order(impersonal(order))
            past.steps.append(Step(flow, policy, known, facts, dict.fromkeys(facts, "set"), past.tier, moment))
        except (TmcsError, AttributeError, KeyError, TypeError, ValueError) as error:
            past.lost = UNREADABLE, error.text if isinstance(error, TmcsError) else Text("订单有误", "the order is wrong")
        for state in ("promised", "paid"):
            sums = record.get(state)
            for reason, amount in sums.items() if isinstance(sums, dict) else ():
                past.spend(str(reason), state, _amount(amount))
        yield past


def _amount(text: Any) -> int:
    try:
        return parse_money(str(text))
    except ValueError:
        return 0


def lines_of(file: Any) -> Iterator[bytes]:
    """Yield the lines of a binary file; one that has no end in sight comes in pieces, each too long to be taken."""
    while line := file.readline(_LONGEST + 1):
        yield line
