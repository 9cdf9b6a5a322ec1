"""Text in Chinese and English side by side, and the nearest valid word for a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable


class Text:
    """One text in both languages of the desk.

    Attributes:
        zh: the text in Chinese.
        en: the text in English.
    """

    __slots__ = ("en", "zh")

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en

    def pick(self, lang: str) -> str:
        """Return the text in ``lang`` (``"zh"`` or ``"en"``)."""
        return self.en if lang == "en" else self.zh

    def to_dict(self) -> dict[str, str]:
        """Return ``{"zh": …, "en": …}``, the form of every text in JSON."""
        return {"zh": self.zh, "en": self.en}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.zh == other.zh and self.en == other.en

    def __hash__(self) -> int:
        return hash((self.zh, self.en))

    def __repr__(self) -> str:
        return f"Text({self.zh!r}, {self.en!r})"


def many(number: int, noun: str) -> str:
    """Return a number of things in English: ``1 case``, ``2 cases``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def nearest(word: str, valid: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of the ``valid`` words that look most like ``word``, best first."""
    from difflib import get_close_matches  # only on the way to an error message

    words = list(dict.fromkeys(valid))
    close = get_close_matches(word, words, n=limit, cutoff=0.5)
    if not close and word:
        close = [w for w in words if word in w or w in word][:limit]
    return close
