"""What agents said of reviews, as statements of a numbered migration (see :mod:`tmcs.store.tables_cases`)."""

from __future__ import annotations

from typing import Final

#: What agents said a review is about. topic: names of topics, the main one first, or ``none``; was: the same as the lexicon
#: had it; words: the entries of the lexicon that spoke for that, a JSON list. No word of the customer's own is kept.
REVIEWS: Final = (
    """CREATE TABLE review_topic (
         review_id TEXT NOT NULL PRIMARY KEY, topic TEXT NOT NULL, agent TEXT NOT NULL, at TEXT NOT NULL,
         was TEXT NOT NULL, words TEXT NOT NULL)""",
)
