"""The words of the exports (``exports.json``): headers, status texts, carriers; and how each is compared."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from functools import cache
from typing import Any

from tmcs.core.text import Text

_SPACE = re.compile(r"\s+")


@cache
def words() -> dict[str, Any]:
    """Return the data file ``exports.json``, read once."""
    with open(os.path.join(os.path.dirname(__file__), "exports.json"), encoding="utf-8") as file:
        data: dict[str, Any] = json.load(file)
    return data


def fold(header: str) -> str:
    """Return a header as it is compared: NFKC, no spaces, no case, no byte-order mark."""
    return _SPACE.sub("", unicodedata.normalize("NFKC", header)).replace("\ufeff", "").casefold()


def fold_text(text: str) -> str:
    """Return a status text as it is compared: trimmed, its full-width commas made half-width."""
    return text.strip().replace("，", ",")


@cache
def aliases(kind: str) -> dict[str, tuple[str, ...]]:
    """Return the folded header spellings of each field of a kind of file."""
    return {field: tuple(fold(a) for a in names) for field, names in words()["kinds"][kind]["fields"].items()}


@cache
def kind_title(kind: str) -> Text:
    """Return the name of a kind of table for a person."""
    title = words()["kinds"][kind]["title"]
    return Text(title["zh"], title["en"])


def kind_of(header: list[str]) -> str | None:
    """Return the kind of table that a folded header belongs to, or None."""
    present = set(header)
    for kind, spec in words()["kinds"].items():
        known = {field for field, names in aliases(kind).items() if present.intersection(names)}
        if "tid" in known and known.intersection(spec["any"]) and not known.intersection(spec["none"]):
            return str(kind)
    return None


def has_order_no(header: list[str]) -> bool:
    """Return whether a folded header has a column with order numbers."""
    return bool({fold(name) for name in words()["order_no"]}.intersection(header))


@cache
def _carriers() -> dict[str, str]:
    table: dict[str, str] = {}
    for name, others in words()["carriers"].items():
        table[name] = name
        for other in others:
            table[other] = name
    return table


def carrier(text: str) -> str:
    """Return a carrier's usual name for a code or another spelling; an unknown one as it stands."""
    return _carriers().get(text) or _carriers().get(text.upper(), text)


_STATUS: dict[str, str] = {}
_REFUND: dict[str, str] = {}


def trade_status(text: str) -> str | None:
    """Return the TOP status of a backend's text, ``"closed"`` where payment decides, or None for an unknown text."""
    if not _STATUS:
        _STATUS.update(words()["status"])
    return _STATUS.get(text) or _STATUS.get(fold_text(text))


def refund_status(text: str) -> str | None:
    """Return the TOP refund status of a backend's text, or None for an unknown one."""
    if not _REFUND:
        _REFUND.update(words()["refund_status"])
    return _REFUND.get(text) or _REFUND.get(fold_text(text))
