"""The lexicon by which review texts are sorted: words, phrases and simple patterns with weights, read from YAML.

An entry is a text in simplified characters, half width, lower case. In it ``(a|b)`` is one of several (``(a|)``: or
nothing), ``#`` a number in figures or Chinese, ``…`` up to :data:`GAP` signs within a clause and ``……`` up to
:data:`WIDE` signs across clauses; that is all, so that matching takes time linear in the text. Entries stand under their
weight (-9 to 9); below 0 they speak against the topic, and weight 0 takes an entry out and keeps shorter entries from
being found within it. A desk's own file of the same form is laid over the shipped one: what it says of an entry wins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Final
from unicodedata import normalize

from tmcs.core.errors import InputError
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text

SCHEMA: Final = "tmcs/lexicon/1"
GAP: Final = 10
WIDE: Final = 18
#: What clauses are joined by once a text is brought into its plain form.
BREAK: Final = "，"
NUMBER: Final = r"(?:[0-9]{1,6}|[零一二两三四五六七八九十百千半几多数]{1,5})"
_MAX_ENTRY: Final = 120
_MAX_GAPS: Final = 3
_PIECE: Final = re.compile(r"……|…|#|\(([\w#|]+)\)|\w+")
_WEIGHT: Final = re.compile(r"-?[0-9]")
_SHARED: Final = ("least", "traditional", "spellings", "no_text", "ads", "denials", "between", "guesses", "conduct", "within")
_TOPIC: Final = ("title", "cites", "words", "who", "guesses")
_WITHIN: Final = ("days", "cites", "past", "soon", "left", "total", "age", "until", "next_month")


class Entry:
    """One entry.

    Attributes:
        text: as it is written.
        weight: what it speaks for or against the topic.
        find: where it stands in a plain text, from a place on.
    """

    __slots__ = ("_pattern", "text", "weight")

    def __init__(self, text: str, weight: int) -> None:
        self.text = text
        self.weight = weight
        self._pattern = None if text.isalnum() else re.compile(regex(text))

    def spans(self, plain: str) -> Iterator[tuple[int, int]]:
        """Yield where the entry stands in a plain text."""
        if self._pattern is not None:
            for match in self._pattern.finditer(plain):
                yield match.span()
            return
        start, size = plain.find(self.text), len(self.text)
        while start >= 0:
            yield start, start + size
            start = plain.find(self.text, start + size)

    def __repr__(self) -> str:
        return f"Entry({self.text!r}, {self.weight})"


def regex(entry: str) -> str:
    """Return the regular expression of an entry: of bounded length, so that it matches in linear time.

    Raises:
        ValueError: the entry is not well formed.
    """
    if not entry or len(entry) > _MAX_ENTRY or entry.count("…") - entry.count("……") > _MAX_GAPS:
        raise ValueError(entry)
    parts: list[str] = []
    place = 0
    for match in _PIECE.finditer(entry):
        if match.start() != place:
            raise ValueError(entry)
        place = match.end()
        piece = match[0]
        if piece == "……":
            parts.append(f".{{0,{WIDE}}}?")
        elif piece == "…":
            parts.append(f"[^{BREAK}]{{0,{GAP}}}?")
        elif piece == "#":
            parts.append(NUMBER)
        elif match[1] is not None:
            parts.append(f"(?:{piece[1:-1].replace('#', NUMBER)})")
        else:
            parts.append(piece)
    ends = "…" in (entry[0], entry[-1])
    if place != len(entry) or ends or any(one != normalize("NFKC", one).casefold() for one in entry if one != "…"):
        raise ValueError(entry)
    return "".join(parts)


class Topic:
    """A topic.

    Attributes:
        name, title: the word for it and its name for a person.
        cites: the rules of the handbook that name it.
        entries: by their text.
        who: words for the people whose conduct the topic is about; empty for other topics.
        guesses: whether what a customer only guesses is left out.
    """

    __slots__ = ("cites", "entries", "guesses", "name", "title", "who")

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = Text(name, name)
        self.cites: list[str] = []
        self.entries: dict[str, Entry] = {}
        self.who: list[str] = []
        self.guesses = True


class Within:
    """How it is told whether goods are within a month of their date: the words, and the days a month has here."""

    __slots__ = ("age", "cites", "days", "left", "next_month", "past", "soon", "total", "until")

    def __init__(self) -> None:
        self.days = 0
        self.cites: list[str] = []
        self.past: list[Entry] = []
        self.soon: list[Entry] = []
        self.left: list[str] = []
        self.total: list[str] = []
        self.age: list[str] = []
        self.until: list[str] = []
        self.next_month: list[str] = []


class Lexicon:
    """What review texts are sorted by.

    Attributes:
        topics: by name, in the order in which equals are ranked.
        least: the score from which a topic counts.
        letters: traditional character -> simplified, for ``str.translate``.
        spellings: usual misspelling -> word.
        no_text: plain texts that the platform writes where a customer wrote nothing.
        ads: entries that mark an advertisement.
        denials: words that take back what follows them; between: words that may stand between.
        guesses: words that mark a mere impression.
        conduct: entries of conduct, whoever's it is.
        within: for expiry.
    """

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.least = 2
        self.letters: dict[int, str] = {}
        self.spellings: dict[str, str] = {}
        self.no_text: frozenset[str] = frozenset()
        self.ads: list[Entry] = []
        self.denials: tuple[str, ...] = ()
        self.between: tuple[str, ...] = ()
        self.guesses: tuple[str, ...] = ()
        self.conduct: dict[str, Entry] = {}
        self.within = Within()

    def who(self) -> dict[str, str]:
        """Return each word for people, and the topic of their conduct."""
        return {word: topic.name for topic in self.topics.values() for word in topic.who}


def read_lexicon(paths: Iterable[str | os.PathLike[str]]) -> Lexicon:
    """Read lexicons, each laid over those before it; the first must be whole.

    Raises:
        InputError: a file breaks the form, names a topic or rule there is none of, or is no YAML; every finding names
            file, line and column.
        NotFoundError: there is no such file.
        StorageError: it cannot be read.
    """
    from tmcs.lang.cache import load_yaml

    lexicon = Lexicon()
    for n, path in enumerate(os.fspath(one) for one in paths):
        source = Source(path, load_yaml(path))
        _Reader(lexicon, source, first=n == 0).read()
        if source.findings:
            from tmcs.files import read_bytes
            from tmcs.lang.yaml import parse_yaml

            source = parse_yaml(read_bytes(path), path)
            _Reader(lexicon, source, first=n == 0).read()
            raise InputError(f"词库有误: {path}", f"faults in the lexicon: {path}", findings=source.findings)
    return lexicon


class _Reader:
    """Reads one file into a lexicon, noting every fault."""

    def __init__(self, lexicon: Lexicon, source: Source, *, first: bool) -> None:
        self.lexicon = lexicon
        self.root = source.root
        self.first = first  # the shipped one, which brings the topics

    def read(self) -> None:
        root, lexicon = self.root, self.lexicon
        if not root.keys(("schema", *_SHARED, "topics"), ("schema", "topics") if self.first else ("schema",)):
            return
        root["schema"].word((SCHEMA,), "格式", "schema")
        least = root.get("least")
        if least is not None:
            lexicon.least = least.parsed(_above_zero, "1 到 9 的整数", "a whole number from 1 to 9", lexicon.least)
        self._letters()
        lexicon.no_text |= set(self._texts("no_text"))
        lexicon.denials = _longest_first((*lexicon.denials, *self._texts("denials")))
        lexicon.between = _longest_first((*lexicon.between, *self._texts("between")))
        lexicon.guesses = _longest_first((*lexicon.guesses, *self._texts("guesses")))
        ads = root.get("ads")
        lexicon.ads += self._entries(ads) if ads else []
        conduct = root.get("conduct")
        if conduct is not None:
            self._weighted(conduct, lexicon.conduct)
        within = root.get("within")
        if within is not None:
            self._within(within)
        topics = root.get("topics")
        for name, at in topics.items() if topics else ():
            self._topic(name, at)

    def _texts(self, key: str) -> list[str]:
        at = self.root.get(key)
        return [one.text() for one in at.each()] if at else []

    def _letters(self) -> None:
        for at in (traditional.each() if (traditional := self.root.get("traditional")) else ()):
            for pair in at.text().split():
                if len(pair) != 2:
                    at.fault(f"应为两个字: {pair}", f"two characters were expected: {pair}", "過过 還还")
                    continue
                self.lexicon.letters[ord(pair[0])] = pair[1]
        spellings = self.root.get("spellings")
        for wrong, at in spellings.items() if spellings else ():
            self.lexicon.spellings[wrong] = at.text()

    def _topic(self, name: str, at: Cursor) -> None:
        topics = self.lexicon.topics
        if not self.first and name not in topics:
            from tmcs.core.text import nearest

            near = nearest(name, topics)
            at.fault(f"没有这个主题 {name}", f"unknown topic {name}", " | ".join(topics), near, key=True)
            return
        if not at.keys(_TOPIC, ("title", "cites", "words") if self.first else ()):
            return
        topic = topics.setdefault(name, Topic(name))
        if (title := at.get("title")) is not None:
            topic.title = Text(*title.texts())
        if (cites := at.get("cites")) is not None:
            topic.cites = self._cites(cites)
        if (words := at.get("words")) is not None:
            self._weighted(words, topic.entries)
        if (who := at.get("who")) is not None:
            topic.who = list(dict.fromkeys((*topic.who, *(one.text() for one in who.each()))))
        if (guesses := at.get("guesses")) is not None:
            topic.guesses = guesses.word(("count", "left-out"), "取值", "value") == "count"

    def _cites(self, at: Cursor) -> list[str]:
        from tmcs.rulebook import known_ids

        known = known_ids()
        found = [one.text() for one in at.each()]
        for n, id in enumerate(found):
            if id and id not in known:
                place = at[n] if isinstance(at.value, list) else at
                place.fault(f"没有这条规则 {id}", f"no such rule {id}", "P01-R06")
        return found

    def _weighted(self, at: Cursor, into: dict[str, Entry]) -> None:
        """Read entries under their weights; what this file says of an entry wins, twice in one file is a fault."""
        here: dict[str, str] = {}
        for weight, entries in at.items():
            if not _WEIGHT.fullmatch(weight):
                entries.fault(f"权重 {weight} 有误", f"the weight {weight} is wrong", "-9 to 9", key=True)
                continue
            for one in entries.each():
                text = self._plain(one)
                if not text:
                    continue
                if text in here:
                    one.fault(f"“{text}”已在权重 {here[text]} 下", f"{text} stands under weight {here[text]} already")
                here[text] = weight
                into[text] = Entry(text, int(weight))

    def _entries(self, at: Cursor) -> list[Entry]:
        return [Entry(text, 1) for one in at.each() if (text := self._plain(one))]

    @staticmethod
    def _plain(at: Cursor) -> str:
        """Return an entry that can be matched, ``""`` after noting why it cannot."""
        text = at.text()
        try:
            regex(text)
        except ValueError:
            if text:
                at.fault(
                    f"“{text}”有误", f"{text} is not well formed",
                    f"(a|b), #, … between two parts ({_MAX_GAPS} at most); {_MAX_ENTRY} characters at most",
                )  # fmt: skip
            return ""
        return text

    def _within(self, at: Cursor) -> None:
        within = self.lexicon.within
        if not at.keys(_WITHIN, _WITHIN if self.first else ()):
            return
        if (days := at.get("days")) is not None:
            within.days = days.parsed(_days, "天数", "a number of days", within.days)
        if (cites := at.get("cites")) is not None:
            within.cites = self._cites(cites)
        for key in ("past", "soon"):
            if (entries := at.get(key)) is not None:
                getattr(within, key).extend(self._entries(entries))
        for key in ("left", "total", "age", "until", "next_month"):
            if (words := at.get(key)) is not None:
                getattr(within, key).extend(one.text() for one in words.each())


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({word for word in words if word}, key=lambda word: (-len(word), word)))


def _above_zero(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 9:
        raise ValueError(text)
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:4]) <= 366 or len(text) > 3:
        raise ValueError(text)
    return int(text)
