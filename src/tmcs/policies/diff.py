"""Two versions of the policy compared, figure by figure."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Final

from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.policy import Policy
from tmcs.core.text import Text
from tmcs.policies.figures import Figure, Step, figures
from tmcs.policies.names import name_of, value_of
from tmcs.store.base import Store

BUILT_IN: Final = "built-in"
SCHEMA: Final = "tmcs/policy-diff/1"
_DIGEST: Final = re.compile(r"[0-9a-f]{8,64}")
#: Opens the store, for the versions that cases are pinned to.
Open = Callable[[], AbstractContextManager[Store]]


class Version:
    """A version of the policy, perhaps as it is on one day.

    Attributes:
        word: as it was asked for; ``policy`` what it is; ``day`` the day (ISO 8601), None for all its days.
    """

    __slots__ = ("day", "policy", "word")

    def __init__(self, word: str, policy: Policy, day: str | None) -> None:
        self.word = word
        self.policy = policy
        self.day = day

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        from tmcs.cases.documents import policy_digest

        return {"given": self.word, "day": self.day, "digest": policy_digest(self.policy), "files": self.policy.files}


def find_version(word: str, open_store: Open) -> Version:
    """Return the version that a word names.

    Args:
        word: a file; ``built-in``; the first 8 or more figures of the digest of a version that the store keeps; nothing for
            the one in force; each with ``@DATE`` after it where only that day is meant.
        open_store: opens the store.

    Raises:
        InputError: the date is none, or the digest could be several.
        NotFoundError: there is no such file, and the store keeps no such version.
        StorageError, TryAgainError: the store, or the file, cannot be read.
    """
    from tmcs.loader import load_policy

    name, at, text = word.rpartition("@")
    if not at or os.path.exists(word):
        name, text = word, ""
    day = _day(text) if text else None
    if not name:
        return Version(word, load_policy(), day)
    if name == BUILT_IN:
        return Version(word, load_policy(()), day)
    if _DIGEST.fullmatch(name) and not os.path.exists(name):
        return Version(word, _kept(name, open_store), day)
    return Version(word, load_policy((name,)), day)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(f"{text} 不是日期", f"{text} is no date: expected 2027-01-01") from None


def _kept(name: str, open_store: Open) -> Policy:
    from tmcs.cases.documents import POLICY, pinned_policy

    with open_store() as store:
        rows = store.execute(
            "SELECT digest FROM document WHERE kind = ? AND digest >= ? AND digest < ? LIMIT 2", (POLICY, name, f"{name}g")
        ).fetchall()
        if not rows:
            raise NotFoundError(f"数据中没有政策版本 {name}", f"the store keeps no version {name} of the policy")
        if len(rows) > 1:
            raise InputError(f"{name} 指不止一个版本，请多写几位", f"{name} names more than one version: give more of it")
        return pinned_policy(store, rows[0][0])


class Difference:
    """A figure that is another in two versions.

    Attributes:
        key: its key; ``title`` what it is called.
        old, new: its values: ``[(day, value)]``; empty where it has none.
        old_words, new_words: the same in words.
        cites: its rules.
    """

    __slots__ = ("cites", "key", "new", "new_words", "old", "old_words", "title")

    def __init__(self, key: str, old: list[Step], new: list[Step], cites: list[str], datas: tuple[Any, Any]) -> None:
        self.key = key
        self.old, self.new = old, new
        self.title = name_of(key, datas[1] if new else datas[0])
        self.old_words, self.new_words = _words(key, old, datas[0]), _words(key, new, datas[1])
        self.cites = cites

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "key": self.key, "title": self.title.to_dict(), "old": _steps(self.old), "new": _steps(self.new),
            "words": {"old": self.old_words.to_dict(), "new": self.new_words.to_dict()}, "cites": self.cites,
        }  # fmt: skip


def _steps(steps: list[Step]) -> list[dict[str, str | None]]:
    return [{"from": day or None, "value": value} for day, value in steps]


def _words(key: str, steps: list[Step], data: Any) -> Text:
    if not steps:
        return Text("无", "nothing")
    said = [(day, value_of(key, value, data)) for day, value in steps]
    if len(said) == 1:
        return said[0][1]
    zh = "，".join(text.zh if n == 0 else f"{day} 起 {text.zh}" for n, (day, text) in enumerate(said))
    en = ", ".join(text.en if n == 0 else f"from {day} {text.en}" for n, (day, text) in enumerate(said))
    return Text(zh, en)


def differences(one: Version, other: Version) -> Iterator[Difference]:
    """Yield the figures, and the words for them, in which two versions differ, in the policy's order.

    Where only one of the two is meant as of a day, the other is taken as of that day too.
    """
    day = one.day or other.day
    old, new = figures(one.policy, said=True), figures(other.policy, said=True)
    datas = one.policy.normal()["data"], other.policy.normal()["data"]
    for key in [*new, *(key for key in old if key not in new)]:
        was, now = _as_of(_said_in(old, key), one.day or day), _as_of(_said_in(new, key), other.day or day)
        if was != now:
            yield Difference(key, was, now, (new.get(key) or old[key]).cites, datas)


def _said_in(found: dict[str, Figure], key: str) -> Figure | None:
    """Return a figure; a setting that has no English of its own says the same in both languages."""
    return found.get(key) or (found.get(key.removesuffix(".en")) if key.startswith("settings.") else None)


def _as_of(figure: Figure | None, day: str | None) -> list[Step]:
    if figure is None:
        return []
    return _merged(figure.steps) if day is None else [("", figure.on(day)[1])]


def _merged(steps: list[Step]) -> list[Step]:
    """Return steps without those that change nothing: from when the first holds makes no difference."""
    found: list[Step] = []
    for day, value in steps:
        if not found or found[-1][1] != value:
            found.append((day if found else "", value))
    return found
