"""How well a lexicon sorts reviews that people have labelled: accuracy, precision and recall, and what is confused."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tmcs.jobs.lexicon import Lexicon
from tmcs.jobs.topics import sort

NONE = "none"


class Labelled:
    """A review and what a person says it is about.

    Attributes:
        id, text: the review.
        labels: its topics, the main one first; ``("none",)`` for none.
        within_month: for dates: whether the goods are within a month of theirs, None where that is not told.
        round: in which round of writing it joined the sample, ``""`` where that is not kept.
    """

    __slots__ = ("id", "labels", "round", "text", "within_month")

    def __init__(self, id: str, text: str, labels: Iterable[str], within_month: bool | None, round: str = "") -> None:
        self.id = id
        self.text = text
        self.labels = tuple(labels)
        self.within_month = within_month
        self.round = round


def read_labelled(path: str) -> dict[str, list[Labelled]]:
    """Return the reviews of a labelled sample by half: a CSV with id, text, labels, within_month, half.

    Raises:
        OSError, KeyError: the file cannot be read or lacks a column.
    """
    found: dict[str, list[Labelled]] = {}
    truth = {"yes": True, "no": False}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            month = truth.get(row["within_month"])
            review = Labelled(row["id"], row["text"], row["labels"].split(), month, row.get("round") or "")
            found.setdefault(row["half"], []).append(review)
    return found


class Figures:
    """The figures of one sample.

    Attributes:
        name: of the sample.
        reviews: how many.
        main_right: reviews whose first topic is the label's first.
        any_right: reviews whose first topic is one of the labels.
        all_right: reviews with exactly the topics of the labels.
        sure, sure_right: reviews for which strong words found a topic, and those of them whose first topic is right.
        month_right, month_all: reviews on dates of which a person can tell the month, and those told alike.
        right, found, wanted: topic -> how often it was found rightly, found, and labelled.
        confused: (labelled, found) -> how often the first topic was taken for another.
        wrong: (id, labels, topics found, text) of the reviews whose first topic is not the label's first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.reviews = self.main_right = self.any_right = self.all_right = self.month_right = self.month_all = 0
        self.sure = self.sure_right = 0
        self.right: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.wanted: Counter[str] = Counter()
        self.confused: Counter[tuple[str, str]] = Counter()
        self.wrong: list[tuple[str, tuple[str, ...], tuple[str, ...], str]] = []

    @property
    def accuracy(self) -> float:
        """The share of reviews whose first topic is the label's first, 0 to 1."""
        return self.main_right / self.reviews if self.reviews else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as a JSON object; shares are 0 to 1 with four decimals."""
        topics = sorted(set(self.wanted) | set(self.found))
        return {
            "sample": self.name, "reviews": self.reviews, "accuracy": round(self.accuracy, 4),
            "any": share(self.any_right, self.reviews), "all": share(self.all_right, self.reviews),
            "sure": {"right": self.sure_right, "of": self.sure},
            "within_month": {"right": self.month_right, "of": self.month_all},
            "topics": {
                topic: {
                    "precision": share(self.right[topic], self.found[topic]),
                    "recall": share(self.right[topic], self.wanted[topic]), "labelled": self.wanted[topic],
                }
                for topic in topics
            },
            "confused": [{"labelled": a, "found": b, "times": n} for (a, b), n in self.confused.most_common()],
        }  # fmt: skip

    def lines(self, *, wrong: bool = False) -> list[str]:
        """Return the figures as lines of text."""
        figures = self.to_dict()
        lines = [
            f"{self.name}: accuracy {self.accuracy:.3f} ({self.main_right} of {self.reviews};"
            f" one of the labels {figures['any']:.3f}, all labels {figures['all']:.3f};"
            f" sorted by strong words: {self.sure_right} of {self.sure};"
            f" within a month {self.month_right} of {self.month_all})",
            f"  {'topic':<18}{'precision':>10}{'recall':>8}{'labelled':>10}",
        ]
        for topic, one in figures["topics"].items():
            lines.append(f"  {topic:<18}{one['precision']:>10.2f}{one['recall']:>8.2f}{one['labelled']:>10}")
        lines += [f"  {a} taken for {b}: {n}" for (a, b), n in self.confused.most_common()]
        if wrong:
            lines += [f"  {id} {'|'.join(a)} -> {'|'.join(b)}: {text}" for id, a, b, text in self.wrong]
        return lines


def share(part: int, whole: int) -> float:
    """Return a share with four decimals, 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


def measure(name: str, reviews: Iterable[Labelled], lexicon: Lexicon) -> Figures:
    """Sort labelled reviews and count how often that agrees with the labels."""
    figures = Figures(name)
    for review in reviews:
        sorting = sort(review.text, lexicon)
        topics = tuple(hit.topic for hit in sorting.topics) or (NONE,)
        figures.reviews += 1
        figures.any_right += topics[0] in review.labels
        figures.all_right += set(topics) == set(review.labels)
        figures.found.update(topics)
        figures.wanted.update(review.labels)
        if sorting.topics and not sorting.unsure:
            figures.sure += 1
            figures.sure_right += topics[0] == review.labels[0]
        figures.right.update(set(topics) & set(review.labels))
        if review.within_month is not None:
            figures.month_all += 1
            figures.month_right += sorting.within_month is review.within_month
        if topics[0] == review.labels[0]:
            figures.main_right += 1
        else:
            figures.confused[review.labels[0], topics[0]] += 1
            figures.wrong.append((review.id, review.labels, topics, review.text))
    return figures
