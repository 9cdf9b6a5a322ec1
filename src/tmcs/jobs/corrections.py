"""What agents say a review is about. It is kept, and wins over the lexicon; what it teaches about the lexicon is told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final

from tmcs.core.errors import InputError, NotFoundError, unknown_word
from tmcs.jobs.lexicon import Lexicon
from tmcs.jobs.topics import Hit, Sorting, sort
from tmcs.store.base import Store

#: What is written where a review speaks of no topic.
NONE: Final = "none"
_LONGEST_ID: Final = 64
_COLUMNS: Final = "review_id, topic, agent, at, was, words"


class Correction:
    """One correction.

    Attributes:
        review_id: the review, see :func:`tmcs.jobs.rows.review_id`.
        topics: what it speaks of, the main topic first; empty for none.
        agent, at: who said so, and when (ISO 8601 with offset).
        was: what the lexicon said then; words: the entries that spoke for it.
    """

    __slots__ = ("agent", "at", "review_id", "topics", "was", "words")

    def __init__(self, review_id: str, topic: str, agent: str, at: str, was: str, words: str) -> None:
        self.review_id = review_id
        self.topics = _split(topic)
        self.agent = agent
        self.at = at
        self.was = _split(was)
        self.words: list[str] = json.loads(words)

    def to_dict(self) -> dict[str, Any]:
        """Return the correction as a JSON object."""
        return {
            "review": self.review_id, "topics": self.topics, "agent": self.agent, "at": self.at, "was": self.was,
            "words": self.words,
        }  # fmt: skip


class Lesson:
    """What corrections say against one entry of the lexicon, under one topic.

    Attributes:
        entry, topic: the entry, and the topic it spoke for; the entry is ``""`` where the lexicon found no topic.
        times: reviews in which it was contradicted.
        instead: topic -> in how many of them that was meant, the most frequent first; ``none`` among them.
    """

    __slots__ = ("entry", "instead", "times", "topic")

    def __init__(self, entry: str, topic: str, instead: Counter[str]) -> None:
        self.entry = entry
        self.topic = topic
        self.times = sum(instead.values())
        self.instead = dict(sorted(instead.items(), key=lambda pair: (-pair[1], pair[0])))

    def to_dict(self) -> dict[str, Any]:
        """Return the lesson as a JSON object."""
        return {"entry": self.entry, "topic": self.topic, "times": self.times, "instead": self.instead}


class Corrections:
    """The corrections in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def correct(
        self, review_id: str, topics: Sequence[str], sorting: Sorting, lexicon: Lexicon, agent: str, at: datetime
    ) -> Correction:
        """Keep what an agent says a review is about; a later correction takes the place of an earlier one.

        Args:
            review_id: the review.
            topics: its topics, the main one first; empty or ``["none"]`` for none.
            sorting: what the lexicon says of it.
            lexicon: the lexicon, which knows the topics there are.
            agent, at: who says so, and when.

        Raises:
            InputError: there is no such topic (the nearest are named), one stands twice, or the id can be none.
            StorageError, TryAgainError: see :class:`Store`.
        """
        names = [] if list(topics) == [NONE] else list(topics)
        for name in names:
            if name not in lexicon.topics:
                raise unknown_word("主题", "topic", name, (*lexicon.topics, NONE))
        if len(set(names)) != len(names):
            raise InputError("同一主题写了两次", "a topic is named twice")
        if not review_id or len(review_id) > _LONGEST_ID or not review_id.isprintable() or " " in review_id:
            raise InputError("不是评价编号", "not the id of a review")
        main = sorting.topics[0] if sorting.topics else None
        values = (
            review_id, " ".join(names) or NONE, agent, at.isoformat(timespec="seconds"),
            " ".join(hit.topic for hit in sorting.topics) or NONE,
            json.dumps(main.entries if main else [], ensure_ascii=False),
        )  # fmt: skip
        with self._store.transaction():
            self._store.execute(
                f"INSERT INTO review_topic ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (review_id) DO UPDATE"
                " SET topic = excluded.topic, agent = excluded.agent, at = excluded.at, was = excluded.was,"
                " words = excluded.words",
                values,
            )
        return Correction(*values)

    def take_back(self, review_id: str) -> None:
        """Forget the correction of a review, so that the lexicon speaks again.

        Raises:
            NotFoundError: there is none.
            StorageError, TryAgainError: see :class:`Store`.
        """
        with self._store.transaction():
            gone = self._store.execute("DELETE FROM review_topic WHERE review_id = ?", (review_id,)).rowcount
        if not gone:
            raise NotFoundError(f"没有更正过这条评价: {review_id}", f"there is no correction of this review: {review_id}")

    def of(self, review_id: str) -> Correction | None:
        """Return the correction of a review, None where there is none."""
        row = self._store.execute(f"SELECT {_COLUMNS} FROM review_topic WHERE review_id = ?", (review_id,)).fetchone()
        return Correction(*row) if row is not None else None

    def all(self) -> Iterator[Correction]:
        """Yield every correction, the oldest first."""
        for row in self._store.stream(f"SELECT {_COLUMNS} FROM review_topic ORDER BY at, review_id"):
            yield Correction(*row)

    def sort(self, review_id: str, text: str | None, lexicon: Lexicon, at: date | None = None) -> Sorting:
        """Sort a review: a correction says its topics where there is one, the lexicon all else."""
        sorting = sort(text, lexicon, at)
        correction = self.of(review_id)
        return corrected(sorting, correction) if correction is not None else sorting

    def lessons(self) -> list[Lesson]:
        """Return what corrections contradict: entries that spoke for a wrong main topic, the most frequent first."""
        found: dict[tuple[str, str], Counter[str]] = {}
        for correction in self.all():
            was, meant = _main(correction.was), _main(correction.topics)
            if was == meant:
                continue
            for entry in correction.words or [""]:
                found.setdefault((entry, was), Counter())[meant] += 1
        lessons = [Lesson(entry, topic, instead) for (entry, topic), instead in found.items()]
        return sorted(lessons, key=lambda lesson: (-lesson.times, lesson.topic, lesson.entry))


def corrected(sorting: Sorting, correction: Correction) -> Sorting:
    """Return a sorting whose topics are those of a correction; what the lexicon heard for them stays with them."""
    heard = {hit.topic: hit for hit in sorting.topics}
    sorting.topics = [heard.get(name) or Hit(name, 0, [], []) for name in correction.topics]
    sorting.corrected_by = correction.agent
    sorting.unsure = False
    if "expiry" not in correction.topics:
        sorting.within_month = None
    return sorting


def _split(topics: str) -> list[str]:
    return [] if topics == NONE else topics.split()


def _main(topics: list[str]) -> str:
    return topics[0] if topics else NONE
