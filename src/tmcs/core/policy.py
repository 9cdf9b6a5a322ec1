"""The policy: every figure of the handbook as dated data with its rule ids, and the files it comes from.

A policy file is YAML (see ``tmcs/handbook/policy.yaml``). A file of the user's own is laid over it key by key; any
figure may be written as a list of dated values (``[{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: …}]``),
of which the last one not after the day of the decision is in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.calendar import WorkingCalendar
from tmcs.core.errors import unknown_word
from tmcs.core.facts import Fact
from tmcs.core.money import parse_money, parse_number
from tmcs.core.payout import PayoutReason
from tmcs.core.table import Table

if TYPE_CHECKING:
    from tmcs.core.case_rules import CaseRules
    from tmcs.core.job_rules import JobFigures
    from tmcs.core.source import Path

SECTIONS: Final = (
    "policy", "version", "note", "tiers", "limits", "payouts", "tables", "deadlines", "queues", "areas", "settings",
    "calendar", "rulings", "cases", "jobs",
)  # fmt: skip


def is_dated(value: object) -> bool:
    """Return whether a value is a list of dated values."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and set(one) == {"from", "value"} for one in value)
    )


def change_days(value: object) -> set[str]:
    """Return the days from which some figure in ``value`` changes."""
    if is_dated(value):
        return {one["from"] for one in value}  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return set().union(*map(change_days, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(change_days, value)) if value else set()
    return set()


def as_of(value: Any, day: str) -> Any:
    """Return ``value`` with every dated figure replaced by the one in force on ``day`` (before the first: the first)."""
    if is_dated(value):
        dated = sorted(value, key=lambda one: one["from"])
        return [one for n, one in enumerate(dated) if n == 0 or one["from"] <= day][-1]["value"]
    if isinstance(value, dict):
        return {key: as_of(one, day) for key, one in value.items()}
    if isinstance(value, list):
        return [as_of(one, day) for one in value]
    return value


def merge(
    base: dict[str, Any], over: Mapping[str, Any], path: Path, changed: Callable[[Path, Any, Any], None]
) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid over it: mappings key by key, everything else replaced.

    Args:
        base, over: the two mappings; neither is changed.
        path: where they stand in the policy.
        changed: told of each value that is new or differs: path, old value (None where new), new value.
    """
    merged = dict(base)
    for key, value in over.items():
        old = base.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            merged[key] = merge(old, value, (*path, key), changed)
        else:
            merged[key] = value
            if old != value:
                changed((*path, key), old, value)
    return merged


class Deadline:
    """A named deadline: so many calendar or working days after a start.

    Attributes:
        id: its id in the resolution; ``title`` its name, ``[zh, en]``.
        start: ``now`` or the date fact it starts from.
        parts: ``(days, working)`` one after the other.
        rule: the rule in words, ``[zh, en]``.
    """

    __slots__ = ("cites", "id", "name", "parts", "rule", "start", "title")

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        self.name = name
        self.id: str = data["id"]
        self.start: str = data["start"]
        self.parts = [(int(part["days"]), part["unit"] == "working") for part in data["parts"]]
        self.title: list[str] = data["title"]
        self.rule: list[str] = data["rule"]
        self.cites: list[str] = data["cite"]

    @property
    def working(self) -> bool:
        """Whether any of its days are working days."""
        return any(working for _, working in self.parts)

    def due(self, start: date, calendar: WorkingCalendar) -> tuple[date, str]:
        """Return the due day and how sure it is (see :meth:`WorkingCalendar.add`)."""
        day, sure = start, "published"
        for days, working in self.parts:
            if working:
                day, now_sure = calendar.add(day, days)
                if now_sure != "published":
                    sure = now_sure
            else:
                day += timedelta(days)
        return day, sure


class Snapshot:
    """The policy in force on one day. Parts are compiled when they are first asked for."""

    __slots__ = (
        "_cases", "_common", "_data", "_deadlines", "_facts", "_payouts", "_tables", "calendar", "limits", "policy", "programs",
        "settings", "tiers", "unresolved",
    )  # fmt: skip

    def __init__(self, policy: Policy, data: Mapping[str, Any]) -> None:
        self.policy = policy
        self._data = data
        self.tiers: tuple[str, ...] = tuple(data["tiers"])
        self.calendar = policy.calendar
        self.limits: dict[str, int] = {
            name: (parse_money if one["type"] == "money" else parse_number)(one["value"])
            for name, one in data["limits"].items()
        }
        self.settings: dict[str, Any] = data["settings"]
        #: Rulings that the desk holds to be open: a case that rests on one goes up instead of being guessed.
        self.unresolved: frozenset[str] = frozenset(
            name for name, one in data["rulings"].items() if one.get("status") == "unresolved"
        )
        self._payouts: dict[str, PayoutReason] = {}
        self._tables: dict[str, Table] = {}
        self._deadlines: dict[str, Deadline] = {}
        self._facts = policy.facts
        self._cases: CaseRules | None = None
        #: Flows linked to this snapshot; see tmcs.core.program.
        self.programs: dict[Any, Any] = {}

    def number(self, fact: str, operand: str) -> int:
        """Return a comparison's operand in the unit of a fact: ``$name`` is a limit of the policy."""
        if operand.startswith("$"):
            return self.limits[operand[1:]]
        definition = self._facts.get(fact)
        return parse_money(operand) if definition and definition.type == "money" else parse_number(operand)

    def values_of(self, fact: str) -> list[str] | None:
        """Return the values of a shared choice fact or of the tiers, None for a number."""
        if fact == "tier":
            return list(self.tiers)
        definition = self._facts[fact]
        return list(definition.values) or None

    def payout(self, reason: str) -> PayoutReason:
        """Return a payout reason.

        Raises:
            InputError: the policy has no such reason; the nearest are named.
        """
        found = self._payouts.get(reason)
        if found is None:
            if reason not in self._data["payouts"]:
                raise unknown_word("赔付原因", "payout reason", reason, self._data["payouts"])
            found = PayoutReason(reason, self._data["payouts"][reason], self.tiers, self.number)
            self._payouts[reason] = found
        return found

    @property
    def reasons(self) -> list[str]:
        """The payout reasons, in the policy's order."""
        return list(self._data["payouts"])

    def table(self, name: str) -> Table:
        """Return a decision table of the policy; KeyError where there is none."""
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = Table(name, self._data["tables"][name], self.values_of, self.number)
        return found

    @property
    def tables(self) -> list[str]:
        """The names of the policy's decision tables."""
        return list(self._data["tables"])

    def deadline(self, name: str) -> Deadline:
        """Return a named deadline; KeyError where there is none."""
        found = self._deadlines.get(name)
        if found is None:
            found = self._deadlines[name] = Deadline(name, self._data["deadlines"][name])
        return found

    @property
    def deadlines(self) -> list[str]:
        """The names of the policy's deadlines."""
        return list(self._data["deadlines"])

    @property
    def tier_labels(self) -> dict[str, list[str]]:
        """The tiers in words, ``{tier: [zh, en]}``."""
        return self._data["tiers"]  # type: ignore[no-any-return]

    @property
    def queues(self) -> dict[str, Any]:
        """The task queues with their labels and rules."""
        return self._data["queues"]  # type: ignore[no-any-return]

    def figures(self) -> dict[str, str]:
        """Return every single value of the policy by its dotted key, as a policy file writes it."""
        found: dict[str, str] = {}

        def walk(prefix: str, value: Any) -> None:
            if isinstance(value, dict):
                for key, one in value.items():
                    walk(f"{prefix}.{key}" if prefix else str(key), one)
            elif prefix.endswith(("cite", "title", "rule", "label")):
                return
            elif isinstance(value, str):
                found[prefix] = value
            elif isinstance(value, list) and prefix.startswith("cases."):  # who approves, and what a role may do
                found[prefix] = ", ".join(value)

        for section in ("tiers", "limits", "payouts", "deadlines", "settings", "cases", "jobs"):
            walk(section, self._data[section])
        for name, pair in self.settings.items():
            found[f"settings.{name}.value"] = pair[0]
        for name in self.deadlines:
            parts = self.deadline(name).parts
            found[f"deadlines.{name}.parts"] = " + ".join(f"{d} {'working' if w else 'calendar'}" for d, w in parts)
        return found

    def same_as(self, other: Snapshot) -> bool:
        """Return whether every figure, rule and word of another policy is the same on its day, whatever file says so."""
        return bool(self._data == other._data)

    @property
    def cases(self) -> CaseRules:
        """The rules for cases: roles, approvals, limits and times of the desk's own."""
        if self._cases is None:
            from tmcs.core.case_rules import CaseRules  # a decision by itself needs none of it

            self._cases = CaseRules(self._data["cases"], self.tiers)
        return self._cases

    def job(self, name: str) -> JobFigures:
        """Return the figures of a job; one without any has none."""
        from tmcs.core.job_rules import JobFigures

        return JobFigures(name, self._data["jobs"].get(name, {}))

    @property
    def rulings(self) -> dict[str, Any]:
        """What the desk changed of the rulings, by id."""
        return self._data["rulings"]  # type: ignore[no-any-return]

    def in_area(self, name: str, region: str | None) -> str | None:
        """Return whether a region (``state/city/district``) lies in an area: yes, no, or None where it is unknown."""
        if region is None:
            return None
        area = self._data["areas"][name]
        if any(part in region for part in area["except"]):
            return "no"
        return "yes" if any(region.startswith(part) for part in area["within"]) else "no"

    @property
    def areas(self) -> list[str]:
        """The names of the policy's areas."""
        return list(self._data["areas"])

    def queue_for(self, queue: str, tier: str) -> str:
        """Return the queue that a task for ``queue`` goes to when ``tier`` hands it over."""
        known = self._data["queues"].get(queue)
        return known["from"].get(tier, queue) if known else queue

    def figure_in_words(self, place: str, lang: str) -> str | None:
        """Return a figure for a placeholder: a limit, a deadline's rule (``invoice_time``), a flat payout; else None.

        A placeholder writes ``_`` for the ``-`` of a policy name.
        """
        name = place.replace("_", "-")
        if name in self._data["limits"]:
            return str(self._data["limits"][name]["value"])
        if name.endswith("-time") and name[:-5] in self._data["deadlines"]:
            return self.deadline(name[:-5]).rule[lang == "en"]
        if name in self._data["payouts"]:
            return self.payout(name).flat_sum()
        return None

    def figure_places(self) -> list[str]:
        """Return the placeholders that :meth:`figure_in_words` can fill."""
        flat = [name for name in self.reasons if self.payout(name).flat_sum() is not None]
        names = [*self.limits, *(f"{name}-time" for name in self.deadlines), *flat]
        return [name.replace("-", "_") for name in names]

    def tier_index(self, tier: str) -> int:
        """Return the rank of a tier, 0 for the lowest.

        Raises:
            InputError: there is no such tier.
        """
        try:
            return self.tiers.index(tier)
        except ValueError:
            raise unknown_word("层级", "tier", tier, self.tiers) from None


class Policy:
    """A policy over time.

    Attributes:
        id: its name.
        version: the version of the handbook figures it starts from.
        files: the files it was made of, lowest first.
        overrides: what the user's own files changed: ``{"key", "value", "was", "file", "line"}``.
        calendar: the working calendar.
        facts: the shared facts that its tables and payouts read.
        since: of a policy taken :meth:`on` a day: the day from which its figures hold (ISO 8601); else None.
    """

    __slots__ = (
        "_days", "_held", "_normal", "_single", "_snapshots", "calendar", "facts", "files", "id", "overrides", "since", "version",
    )  # fmt: skip

    def __init__(self, normal: Mapping[str, Any], facts: Mapping[str, Fact], calendar: WorkingCalendar) -> None:
        """Make a policy from its normal form (see :func:`tmcs.core.policy_reader.read_policy`)."""
        data = normal["data"]
        self.id: str = data["policy"]
        self.version: str = data["version"]
        self.files: list[str] = normal["files"]
        self.overrides: list[dict[str, Any]] = normal["overrides"]
        self.facts = dict(facts)
        self.calendar = calendar
        self._normal = data
        self._days: list[str] = normal["days"]
        self._snapshots: dict[str, Snapshot] = {}
        self._held: dict[str, Policy] = {}
        self.since: str | None = None
        self._single: Snapshot | None = None if len(self._days) > 1 else self._snapshot("")

    def at(self, moment: datetime) -> Snapshot:
        """Return the policy in force on the day of ``moment`` (Asia/Shanghai)."""
        if self._single is not None:
            return self._single
        day = moment.date().isoformat()
        key = max((d for d in self._days if d <= day), default="")
        return self._snapshots.get(key) or self._snapshot(key)

    def on(self, day: date) -> Policy:
        """Return the policy as it is on a day, whatever the day it is asked for; itself where its figures never change.

        Days between the same two changes have the same one (the same object): a case that is held to the figures of a day
        stands under another version when this returns another. Its contents are those figures only, so it is not pinned.
        """
        if self._single is not None:
            return self
        key = max((d for d in self._days if d <= day.isoformat()), default=self._days[0])
        found = self._held.get(key)
        if found is None:
            found = self._held[key] = Policy({**self.normal(), "data": as_of(self._normal, key), "days": []}, self.facts, self.calendar)
            found.since = key
        return found

    def _snapshot(self, day: str) -> Snapshot:
        data = as_of(self._normal, day) if self._days else self._normal
        snapshot = self._snapshots[day] = Snapshot(self, data)
        return snapshot

    def citations(self) -> Iterator[tuple[str, str]]:
        """Yield every rule that a policy entry cites, with the entry: ``("H04-R33", "policy payouts.damage")``."""
        data = self._normal
        for section in ("limits", "deadlines", "queues", "areas", "payouts", "tables"):
            for name, entry in data[section].items():
                rows = entry.get("rows", {})
                members = rows.values() if isinstance(rows, dict) else rows
                for cite in [*entry["cite"], *(cite for row in members for cite in row["cite"])]:
                    yield cite, f"policy {section}.{name}"
        for name, cites in data["setting_cites"].items():
            for cite in cites:
                yield cite, f"policy settings.{name}"
        from tmcs.core.case_rules import cited
        from tmcs.core.job_rules import cited as job_cites

        for snapshot in self.snapshots():
            for path, cites in cited(snapshot._data["cases"]):
                for cite in cites:
                    yield cite, f"policy cases.{'.'.join(path)}"
            for name, cites in job_cites(snapshot._data["jobs"]):
                for cite in cites:
                    yield cite, f"policy jobs.{name}"

    def normal(self) -> dict[str, Any]:
        """Return the normal form it was made of: plain data that makes the same policy again."""
        return {"data": self._normal, "days": self._days, "files": self.files, "overrides": self.overrides}

    @property
    def dated(self) -> bool:
        """Whether the day of a decision makes a difference."""
        return self._single is None

    def changed_from(self, other: Policy) -> Policy:
        """Return this policy as it is in the intervals in which it is not what ``other`` is in one of its own."""
        known = [as_of(other._normal, day) for day in other._days or [""]]
        days = [day for day in self._days if as_of(self._normal, day) not in known]
        found = Policy(self.normal(), self.facts, self.calendar)
        if days:
            found._days, found._single = days, None
        return found

    def snapshots(self) -> list[Snapshot]:
        """Return the policy of each interval between two changes, earliest first."""
        return [self._snapshots.get(day) or self._snapshot(day) for day in (self._days or [""])]

    def to_dict(self) -> dict[str, Any]:
        """Return what a resolution says of its policy."""
        return {"id": self.id, "version": self.version, "files": self.files, "overrides": self.overrides}
