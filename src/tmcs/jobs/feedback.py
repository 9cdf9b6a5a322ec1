"""What the warehouse says of an order, read from its feedback by the words in ``feedback.yaml``.

Nothing is guessed: a type that the words do not know, words that contradict each other or a day of which it cannot be
told on which side of a limit it lies leave the answer open, and the order is asked about.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from unicodedata import normalize

from tmcs.core.errors import InputError
from tmcs.core.order import parse_time
from tmcs.core.source import Cursor, Source

SCHEMA: Final = "tmcs/feedback/1"
FILE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "feedback.yaml")
#: The causes of a hold, as flow held-order calls them.
CAUSES: Final = ("no-stock", "insufficient-stock", "near-expiry", "expired")
NONE: Final = "none"
SAID: Final = ("cannot", "replenished", "today", "late", "sent")
_ARRIVALS: Final = ("on", "within_hours", "within_days", "after_days")
_GAP: Final = 6
_CLAUSE: Final = r"[^,.;!?，。；！？]"
_CLOCK: Final = r"(?: ?(?P<hour>[01]?[0-9]|2[0-3])[:点时](?P<minute>[0-5][0-9])?)?"
_DAY: Final = (
    r"(?:(?:(?P<year>20[0-9]{2})[-/年] ?)?(?<![0-9])(?P<month>1[0-2]|0?[1-9]) ?[-/月] ?(?P<day>3[01]|[12][0-9]|0?[1-9])"
    r"(?![0-9-]|[日号]? ?(?:[天个周]|小时|工作|h|之内|以内|内|之后|以后|后))[日号]?"  # 1-2天: so many days, not a date
    rf"|(?P<near>今天|今日|明天|明日|大后天|后天|后日)){_CLOCK}"
)
_NEAR: Final = {"今天": 0, "今日": 0, "明天": 1, "明日": 1, "后天": 2, "后日": 2, "大后天": 3}
_FIGURES: Final = {sign: n for n, sign in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_NUMBER: Final = r"(?<![0-9])(?P<n>[0-9]{1,3}|[一两二三四五六七八九十])(?:个)?"
_PIECE: Final = re.compile(r"…|\{day\}|\{n\}|\(([\w|:]+)\)|[\w:]+")
_SIGNS: Final = {"…": rf"{_CLAUSE}{{0,{_GAP}}}?", "{day}": _DAY, "{n}": _NUMBER}
_SECTIONS: Final = ("schema", "types", "states", "phrases", "arrival", "not_yet")
#: A day without a year is the one of its name that is nearest to when it was written; one further away was not meant.
_FAR: Final = timedelta(days=90)


def _pattern(entry: str) -> re.Pattern[str]:
    """Return what an entry finds: of bounded length, so that it is found in linear time.

    Raises:
        ValueError: the entry is not well formed.
    """
    parts, place = [], 0
    for match in _PIECE.finditer(entry):
        if match.start() != place:
            raise ValueError(entry)
        place = match.end()
        piece = match[0]
        parts.append(_SIGNS.get(piece) or (f"(?:{match[1]})" if match[1] else re.escape(piece)))
    if place != len(entry) or not parts or entry.count("{") > 1:
        raise ValueError(entry)
    return re.compile(" ?".join(parts))


class Words:
    """The words of ``feedback.yaml``: cells by what they say, and what is found within texts."""

    __slots__ = ("arrivals", "not_yet", "phrases", "states", "types")

    def __init__(self, root: Cursor) -> None:
        self.types: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.phrases: dict[str, list[re.Pattern[str]]] = {}
        self.arrivals: dict[str, list[re.Pattern[str]]] = {}
        self.not_yet: tuple[str, ...] = ()
        if not root.keys(_SECTIONS, _SECTIONS):
            return
        root["schema"].word((SCHEMA,), "格式", "schema")
        self._cells(root["types"], (*CAUSES, NONE), self.types)
        self._cells(root["states"], (*SAID, NONE), self.states)
        self._patterns(root["phrases"], SAID, self.phrases)
        self._patterns(root["arrival"], _ARRIVALS, self.arrivals)
        self.not_yet = tuple(one.text() for one in root["not_yet"].each())

    def _cells(self, cursor: Cursor, valid: Iterable[str], into: dict[str, str]) -> None:
        if cursor.keys(valid):
            for said, cells in cursor.items():
                for cell in cells.each():
                    word = plain(cell.text())
                    if word in into:
                        cell.fault(f"{word} 已列在 {into[word]} 下", f"{word} stands under {into[word]} already")
                    into[word] = said

    def _patterns(self, cursor: Cursor, valid: Iterable[str], into: dict[str, list[re.Pattern[str]]]) -> None:
        if cursor.keys(valid):
            for said, entries in cursor.items():
                found = [one.parsed(_pattern, "词或式样", "a word or pattern", None) for one in entries.each()]
                into[said] = [one for one in found if one is not None]


def plain(text: str) -> str:
    """Return a text as it is compared: half width, lower case, spaces single."""
    return " ".join(normalize("NFKC", text.replace("…", " ")).casefold().split())


@cache
def words() -> Words:
    """Return the words of the warehouse, read once.

    Raises:
        InputError: the file is wrong; every fault is named with line and column.
    """
    return read_words(FILE)


def read_words(path: str) -> Words:
    """Return the words of a file; see :func:`words`."""
    from tmcs.files import read_bytes
    from tmcs.lang.cache import load_yaml
    from tmcs.lang.limits import MAX_BYTES
    from tmcs.lang.yaml import parse_yaml

    source = Source(path, load_yaml(path))
    found = Words(source.root)
    if source.findings:
        source = parse_yaml(read_bytes(path, MAX_BYTES), path)
        Words(source.root)
        raise InputError(f"仓库用语有误: {path}", f"the words of the warehouse are wrong: {path}", findings=source.findings)
    return found


class Feedback:
    """What the warehouse last said of an order.

    Attributes:
        held: the cause for which it holds the order; None: it does not, or nothing was said.
        odd: a type or state that the words do not know, or None.
        said: ``cannot``, ``replenished``, ``today``, ``late``, ``sent``; None where it says nothing of that, or contradicts itself.
        arrival: when the goods are there at the earliest and at the latest, or None.
        at: when it was written, or None.
    """

    __slots__ = ("arrival", "at", "held", "odd", "said")

    def __init__(self) -> None:
        self.held: str | None = None
        self.odd: str | None = None
        self.said: str | None = None
        self.arrival: tuple[datetime, datetime] | None = None
        self.at: datetime | None = None

    def replenished(self, now: datetime, within: timedelta) -> str | None:
        """Return whether the goods are there within a time from now: ``in-time``, ``later``, ``cannot``; None: it cannot be told."""
        if self.said in ("cannot", "replenished", "sent"):
            return "cannot" if self.said == "cannot" else "in-time"
        limit = now + within
        if self.arrival is None or self.arrival[1] <= now:  # not said, or they should be there and nothing was heard
            return None
        return "later" if self.arrival[0] > limit else "in-time" if self.arrival[1] <= limit else None


def feedback(notes: Iterable[Mapping[str, str]], now: datetime) -> Feedback:
    """Return what the warehouse's notes of an order say, as of a moment.

    Of each item the newest notes count; one without an item is of the whole order and replaces all that is older. The
    order is held where an item is, and what is worst of an item holds of the order.

    Args:
        notes: oldest first, as :meth:`tmcs.jobs.hits.Context.notes` returns them.
    """
    newest: dict[str, list[Mapping[str, str]]] = {}
    for note in notes:
        at = note.get("at") or ""
        if at and parse_time(at) > now:
            continue
        sku = note.get("sku") or ""
        if not sku:
            newest = {key: kept for key, kept in newest.items() if kept[-1].get("at") == at}
        kept = newest.setdefault(sku, [])
        if kept and kept[-1].get("at") != at:
            kept.clear()
        kept.append(note)
    return _worst([_read(note) for kept in newest.values() for note in kept])


def _worst(read: list[Feedback]) -> Feedback:
    """Return the feedback of a whole order: the notes that hold it decide, where there are any."""
    holding = [one for one in read if one.held is not None]
    found = Feedback()
    found.odd = next((one.odd for one in read if one.odd is not None), None)
    deciding = holding or read
    if not deciding:
        return found
    found.held = deciding[0].held
    found.at = max((one.at for one in deciding if one.at is not None), default=None)
    said = {one.said for one in deciding}
    found.said = "cannot" if "cannot" in said else said.pop() if len(said) == 1 else None
    arrivals = [one.arrival for one in deciding]
    if None not in arrivals:
        found.arrival = max(one[0] for one in arrivals if one), max(one[1] for one in arrivals if one)
    return found


def _read(note: Mapping[str, str]) -> Feedback:
    known, found = words(), Feedback()
    at = note.get("at") or ""
    found.at = parse_time(at) if at else None
    kind, state, text = (plain(note.get(field) or "") for field in ("type", "state", "note"))
    cause = known.types.get(kind, NONE)
    if kind not in known.types:
        found.odd = kind or "?"
    said = {one for one, patterns in known.phrases.items() if any(_stands(pattern, text) for pattern in patterns)}
    if state:
        word = known.states.get(state)
        if word is None:
            found.odd = found.odd or state
        elif word != NONE:
            said.add(word)
    found.said = said.pop() if len(said) == 1 else None
    found.arrival = None if said else _arrival(text, found.at)
    if cause != NONE and found.said not in ("replenished", "sent"):
        found.held = cause
    return found


def _stands(pattern: re.Pattern[str], text: str) -> bool:
    """Return whether a phrase stands in a text and is not taken back."""
    not_yet = words().not_yet
    return any(not text[: match.start()].rstrip().endswith(not_yet) for match in pattern.finditer(text))


def _arrival(text: str, at: datetime | None) -> tuple[datetime, datetime] | None:
    """Return when the goods are there by a text: the latest of what it names, None where it names nothing that can be read."""
    if at is None:
        return None
    found = [
        span
        for kind, patterns in words().arrivals.items()
        for pattern in patterns
        for match in pattern.finditer(text)
        for span in _span(kind, match, at)
    ]
    return max(found, key=lambda span: span[1], default=None)


def _span(kind: str, match: re.Match[str], at: datetime) -> Iterator[tuple[datetime, datetime]]:
    if kind == "on":
        day = _day(match, at.date())
        if day is None:
            return
        start = datetime.combine(day, time(), at.tzinfo)
        if match["hour"] is None:
            yield start, start + timedelta(days=1)
        else:
            moment = start + timedelta(hours=int(match["hour"]), minutes=int(match["minute"] or 0))
            yield moment, moment
        return
    n = int(match["n"]) if match["n"].isdigit() else _FIGURES[match["n"]]
    if kind == "after_days":
        start = datetime.combine(at.date() + timedelta(days=n), time(), at.tzinfo)
        yield start, start + timedelta(days=1)
    else:
        yield at, at + (timedelta(hours=n) if kind == "within_hours" else timedelta(days=n))


def _day(match: re.Match[str], written: date) -> date | None:
    """Return the day that is named, None where there is no such day or it cannot be told of which year it is."""
    if match["near"] is not None:
        return written + timedelta(days=_NEAR[match["near"]])
    years = [int(match["year"])] if match["year"] else [written.year - 1, written.year, written.year + 1]
    found = []
    for year in years:
        with suppress(ValueError):  # there is no such day in that year
            found.append(date(year, int(match["month"]), int(match["day"])))
    nearest = min(found, key=lambda one: abs(one - written), default=None)
    return nearest if nearest is not None and (match["year"] or abs(nearest - written) <= _FAR) else None
