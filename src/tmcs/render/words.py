"""The fixed words of the contract, as they are said to a person."""

from __future__ import annotations

import os
from typing import Any

_words: dict[str, dict[str, dict[str, str]]] | None = None


def words() -> dict[str, dict[str, dict[str, str]]]:
    """Return all words: ``{section: {word: {"zh": …, "en": …}}}``."""
    global _words
    if _words is None:
        from tmcs.lang.cache import load_yaml
        from tmcs.loader import HANDBOOK

        _words = load_yaml(os.path.join(HANDBOOK, "words.yaml"))
    return _words


def say(section: str, word: Any, lang: str) -> str:
    """Return a word of the contract in ``lang``; an unknown one stands as it is."""
    if word is None:
        return "—"
    known = words()[section].get(word)
    return known[lang] if known else str(word)
