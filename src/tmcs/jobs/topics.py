"""Sorts the text of a review by topic (P01-R06, R09, R15), by a lexicon that is data.

Every word that speaks for a topic and is not taken back (没有破损) adds its weight once; a topic counts from the lexicon's
least score on, and words of weight 1 only where nothing stronger speaks: the sorting is then marked as unsure. Conduct
(态度差) is laid to the person named nearest before it: service or courier. A mere impression is no quality complaint
(P01-R08). No text makes sorting fail, and its time is linear in the text.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final
from unicodedata import normalize

from tmcs.jobs.expiry import within_month
from tmcs.jobs.lexicon import BREAK, Entry, Lexicon

_ZERO_WIDTH: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
_QUOTES: Final = dict.fromkeys(map(ord, "\"'“”‘’「」『』《》<>`"))
_REPEATED: Final = re.compile(r"(.)\1{3,}", re.DOTALL)
_BREAKS: Final = re.compile(f"{BREAK}{{2,}}")
_DECIMAL: Final = re.compile(r"(?<=[0-9])[-./](?=[0-9])")
_POINT: Final = "\ue000"
#: How far before a word the one stands that takes it back.
_REACH: Final = 8


class Hit:
    """One topic of a review.

    Attributes:
        topic: its name.
        score: the sum of the weights.
        words: what spoke for it, the strongest first, as the plain text has it.
        entries: the same, as the lexicon has it.
    """

    __slots__ = ("entries", "score", "topic", "words")

    def __init__(self, topic: str, score: int, words: list[str], entries: list[str]) -> None:
        self.topic = topic
        self.score = score
        self.words = words
        self.entries = entries

    def to_dict(self) -> dict[str, Any]:
        """Return the topic as a JSON object."""
        return {"topic": self.topic, "score": self.score, "words": self.words}

    def __repr__(self) -> str:
        return f"Hit({self.topic!r}, {self.score}, {self.words!r})"


class Sorting:
    """What a review speaks of.

    Attributes:
        topics: the highest score first; empty where it speaks of none.
        guessed: words of a quality complaint that the customer only guesses (P01-R08).
        within_month: whether goods are within a month of their date, None where that is not told or not the topic.
        has_text: whether the customer wrote anything at all.
        ad: whether the text carries an advertisement.
        unsure: whether only weak words spoke, for the one topic that most of them speak for.
        corrected_by: the agent who said what it speaks of, None where the lexicon did.
    """

    __slots__ = ("ad", "corrected_by", "guessed", "has_text", "topics", "unsure", "within_month")

    def __init__(self) -> None:
        self.topics: list[Hit] = []
        self.guessed: list[str] = []
        self.within_month: bool | None = None
        self.has_text = False
        self.ad = False
        self.unsure = False
        self.corrected_by: str | None = None

    @property
    def main(self) -> str | None:
        """The name of the first topic, None where there is none."""
        return self.topics[0].topic if self.topics else None

    def to_dict(self) -> dict[str, Any]:
        """Return the sorting as a JSON object."""
        return {
            "topics": [hit.to_dict() for hit in self.topics], "guessed": self.guessed,
            "within_month": self.within_month, "has_text": self.has_text, "ad": self.ad,
            "unsure": self.unsure, "corrected_by": self.corrected_by,
        }  # fmt: skip


def plain(text: str, lexicon: Lexicon) -> str:
    """Return a text as the lexicon is compared with it.

    Half width, lower case, simplified, usual misspellings put right, without quotation marks and invisible characters;
    punctuation, blanks and pictures have become clause breaks.
    """
    said = _ZERO_WIDTH.sub("", normalize("NFKC", text)).translate(_QUOTES).casefold().translate(lexicon.letters)
    said = _DECIMAL.sub(_POINT, said)
    said = "".join(sign if sign.isalnum() or sign == _POINT else BREAK for sign in said).replace(_POINT, ".")
    said = _REPEATED.sub(r"\1\1\1", _BREAKS.sub(BREAK, said)).strip(BREAK)
    for wrong, right in lexicon.spellings.items():
        said = said.replace(wrong, right)
    return said


def has_text(text: str | None, lexicon: Lexicon) -> bool:
    """Return whether a customer wrote anything: no punctuation only, none of the platform's own texts."""
    if not text:
        return False
    said = plain(text, lexicon)
    return bool(said) and said.replace(BREAK, "") not in lexicon.no_text


def sort(text: str | None, lexicon: Lexicon, at: date | None = None) -> Sorting:
    """Sort a text by topic.

    Args:
        text: what the customer wrote, None where nothing.
        lexicon: what to sort by.
        at: the day of the review, for texts that name the date of the goods.
    """
    found = Sorting()
    if not has_text(text, lexicon):
        return found
    found.has_text = True
    said = plain(text or "", lexicon)
    found.ad = any(True for entry in lexicon.ads for _ in entry.spans(said))
    conduct = _conduct(said, lexicon)
    weak: list[Hit] = []
    for topic in lexicon.topics.values():
        spoken = _spoken(said, list(topic.entries.values()), lexicon) + conduct.get(topic.name, [])
        if not topic.guesses:
            spoken, guessed = _without_guesses(said, spoken, lexicon)
            found.guessed += guessed
        score = sum(entry.weight for _, _, entry in spoken)
        if score > 0:
            told = [span for span in spoken if span[2].weight > 0]
            words, entries = [said[start:end] for start, end, _ in told], [entry.text for _, _, entry in told]
            strong = score >= lexicon.least and any(entry.weight > 1 for _, _, entry in told)
            (found.topics if strong else weak).append(Hit(topic.name, score, words, entries))
    if not found.topics and weak and not found.guessed and not found.ad:
        found.topics = [max(weak, key=lambda hit: hit.score)]
        found.unsure = True
    found.topics.sort(key=lambda hit: -hit.score)  # stable: equals stay in the lexicon's order
    if any(hit.topic == "expiry" for hit in found.topics):
        found.within_month = within_month(said, lexicon.within, at)
    return found


#: (start, end, entry) of a word in a plain text.
Span = tuple[int, int, Entry]


def _spoken(said: str, entries: list[Entry], lexicon: Lexicon) -> list[Span]:
    """Return where entries stand that are not taken back and do not overlap, the weightiest first.

    What lies within an entry that is taken back, or has weight 0, is not heard either: 没有发霉 has no 霉.
    """
    silent = bytearray(len(said))
    open_to: list[tuple[Entry, list[tuple[int, int]]]] = []
    for entry in entries:
        heard = []
        for start, end in entry.spans(said):
            if not entry.weight or _denied(said, start, lexicon):
                silent[start:end] = b"\1" * (end - start)
            else:
                heard.append((start, end))
        if heard:
            open_to.append((entry, heard))
    spans: list[Span] = []
    for entry, heard in open_to:
        place = next((span for span in heard if silent.find(0, *span) >= 0), None)
        if place is not None:
            spans.append((*place, entry))
    spans.sort(key=lambda span: (-abs(span[2].weight), span[0] - span[1], span[0]))
    taken: list[Span] = []
    for span in spans:
        if not any(span[0] < other[1] and other[0] < span[1] for other in taken):
            taken.append(span)
    return taken


def _denied(said: str, start: int, lexicon: Lexicon) -> bool:
    """Return whether what begins at ``start`` is taken back by a word before it in its clause."""
    before = said[max(0, start - _REACH) : start].rpartition(BREAK)[2]
    for _ in range(2):
        if before.endswith(lexicon.denials):
            return True
        word = next((word for word in lexicon.between if before.endswith(word)), "")
        if not word:
            return False
        before = before.removesuffix(word)
    return before.endswith(lexicon.denials)


def _conduct(said: str, lexicon: Lexicon) -> dict[str, list[Span]]:
    """Return the words of conduct by the topic of whose conduct it is: the person named last before it, else first after."""
    spoken = _spoken(said, list(lexicon.conduct.values()), lexicon)
    if not spoken:
        return {}
    people = _people(said, lexicon)
    found: dict[str, list[Span]] = {}
    for span in spoken:
        before = [topic for place, topic in people if place <= span[0]]
        after = [topic for place, topic in people if place > span[0]]
        topic = before[-1] if before else after[0] if after else None
        if topic is not None:
            found.setdefault(topic, []).append(span)
    return found


def _people(said: str, lexicon: Lexicon) -> list[tuple[int, str]]:
    """Return (place, topic) of every person named, in the order of the text."""
    found: list[tuple[int, str]] = []
    for word, topic in lexicon.who().items():
        place = said.find(word)
        while place >= 0:
            found.append((place, topic))
            place = said.find(word, place + len(word))
    return sorted(found)


def _without_guesses(said: str, spoken: list[Span], lexicon: Lexicon) -> tuple[list[Span], list[str]]:
    """Return the words that state something, and apart those that stand after a word of guessing in their clause."""
    kept: list[Span] = []
    guessed: list[str] = []
    for span in spoken:
        clause = said[max(0, span[0] - 2 * _REACH) : span[0]].rpartition(BREAK)[2]
        if span[2].weight > 0 and any(word in clause or said.startswith(word, span[0]) for word in lexicon.guesses):
            guessed.append(said[span[0] : span[1]])
        else:
            kept.append(span)
    return kept, guessed


