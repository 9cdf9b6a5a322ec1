"""The figures of a policy over time: each with its rules, the value in force on a day, since when, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tmcs.core.policy import Policy, is_dated

#: What the values of a policy stand in; what a figure is called and the rules it cites are no figures.
FIGURES: Final = ("tiers", "limits", "payouts", "deadlines", "settings", "cases", "jobs")
SECTIONS: Final = (*FIGURES, "tables", "queues", "areas", "calendar", "rulings")
_SAID: Final = ("title", "rule", "label")
_LISTED: Final = "cases."
#: A value and the day it starts; ``""``: it has always held.
Step = tuple[str, str]


class Figure:
    """One value of the policy.

    Attributes:
        key: its dotted key.
        steps: its values in turn, each with the day it starts; one with ``""`` where no day is given.
        cites: the rules it comes from.
    """

    __slots__ = ("cites", "key", "steps")

    def __init__(self, key: str, steps: list[Step], cites: list[str]) -> None:
        self.key = key
        self.steps = sorted(steps)
        self.cites = cites

    def on(self, day: str) -> Step:
        """Return the value in force on a day; before the first: the first."""
        return [step for n, step in enumerate(self.steps) if n == 0 or step[0] <= day][-1]

    def after(self, day: str) -> Step | None:
        """Return what follows the value in force on a day, None where nothing does."""
        place = self.steps.index(self.on(day)) + 1
        return self.steps[place] if place < len(self.steps) else None


class Shown:
    """A figure as it is on a day.

    Attributes:
        figure: the figure; ``value`` in force.
        since: the day from which it holds; ``""``: no day is given, or it does not hold yet.
        next: what follows: ``(day, value)``, or None.
    """

    __slots__ = ("figure", "next", "since", "value")

    def __init__(self, figure: Figure, day: str, always: str) -> None:
        self.figure = figure
        since, self.value = figure.on(day)
        self.since = (since or always) if since <= day else ""
        self.next = figure.after(day)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        following = None if self.next is None else {"from": self.next[0], "value": self.next[1]}
        return {"value": self.value, "since": self.since or None, "next": following, "cites": self.figure.cites}


def on_day(policy: Policy, day: str) -> dict[str, Shown]:
    """Return every figure by its key, as it is on a day; the built-in ones hold since the day that the policy bears."""
    own = [one["key"] for one in policy.overrides]
    found = {}
    for key, figure in figures(policy, FIGURES).items():
        changed = any(key == one or key.startswith(f"{one}.") or one.startswith(f"{key}.") for one in own)
        found[key] = Shown(figure, day, "" if changed else policy.version)
    return found


def figures(policy: Policy, sections: tuple[str, ...] = SECTIONS, *, said: bool = False) -> dict[str, Figure]:
    """Return the figures of a policy by key, in its order.

    Args:
        sections: those of the policy to look at.
        said: also what things are called: titles, labels and rules in words, ``….zh`` and ``….en``.
    """
    data = policy.normal()["data"]
    found: dict[str, Figure] = {}
    for section in sections:
        if section == "settings":
            found.update(_settings(data))
            continue
        for key, steps, cites in _walk(data[section], section, [], said):
            found[key] = Figure(key, steps, cites)
    return found


def _settings(data: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    for name, (zh, en) in data["settings"].items():
        cites = data["setting_cites"].get(name, [])
        key = f"settings.{name}.value"
        yield key, Figure(key, _steps(zh), cites)
        if zh != en:
            yield f"{key}.en", Figure(f"{key}.en", _steps(en), cites)


def _steps(value: Any) -> list[Step]:
    return [(one["from"], one["value"]) for one in value] if is_dated(value) else [("", value)]


def _walk(value: Any, key: str, cites: list[str], said: bool) -> Iterator[tuple[str, list[Step], list[str]]]:
    last = key.rpartition(".")[2]
    if is_dated(value):
        parts: dict[str, list[Step]] = {}
        for one in value:
            for below, steps, _ in _walk(one["value"], key, cites, said):
                parts.setdefault(below, []).append((one["from"], steps[0][1]))
        for below, steps in parts.items():
            yield below, steps, cites
    elif last == "cite" or (last in _SAID and not said):
        return
    elif isinstance(value, dict):
        own = value.get("cite")
        below_cites = own if isinstance(own, list) and own and not is_dated(own) else cites
        for name, one in value.items():
            yield from _walk(one, f"{key}.{name}", below_cites, said)
    elif isinstance(value, list):
        yield from _list(value, key, cites, said)
    else:
        yield key, [("", str(value))], cites


def _list(value: list[Any], key: str, cites: list[str], said: bool) -> Iterator[tuple[str, list[Step], list[str]]]:
    last = key.rpartition(".")[2]
    if last in _SAID or (key.startswith("tiers.") and len(value) == 2):
        if said:
            for lang, text in zip(("zh", "en"), value, strict=True):
                yield f"{key}.{lang}", [("", text)], cites
        return
    if last == "parts":
        yield key, [("", parts_text(value))], cites
    elif all(isinstance(one, str) for one in value):
        yield key, [("", ", ".join(value))], cites
    else:
        for n, one in enumerate(value):
            name = one.get("name", n) if isinstance(one, dict) else n
            yield from _walk(one, f"{key}.{name}", cites, said)


def parts_text(parts: list[Mapping[str, str]]) -> str:
    """Return the parts of a deadline as a figure shows them: ``1 calendar + 3 working``."""
    return " + ".join(f"{part['days']} {part['unit']}" for part in parts)
