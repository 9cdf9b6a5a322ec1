"""The job `review-explanation` (handbook section P01): reviews with text are sorted by topic and answered by a call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tmcs import JobFiles, hookimpl
from tmcs.jobs import Context, Hit

if TYPE_CHECKING:
    from tmcs.jobs.lexicon import Lexicon
    from tmcs.jobs.topics import Sorting

#: The lexicon that reviews are sorted by; a desk's own is laid over it.
LEXICON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lexicon.yaml")
#: A topic that this rule names goes to the platform and is not called for.
_TO_PLATFORM: Final = "P01-R09"
_EXPIRY: Final = "expiry"
#: Of a system fault: words that make it one of the price (C120).
_PRICE: Final = ("价", "优惠", "满减", "折扣", "津贴", "促销")
_SHOWN: Final = 200  # characters of a review that the worklist repeats


def hits(context: Context) -> Iterator[Hit]:
    """Yield the reviews of the window, each once; what was added to an earlier review stands for itself."""
    from tmcs.config import lexicon_files
    from tmcs.jobs.corrections import Corrections
    from tmcs.jobs.lexicon import read_lexicon

    lexicon, corrections = read_lexicon([LEXICON, *lexicon_files()]), Corrections(context.store)
    seen: dict[str, int] = {}
    for row in context.rows("reviews"):
        found = _found(row, context)
        if found is None:
            continue
        name, review, text, known = found
        sorting = _sorting(corrections, (name, review), text, lexicon, date.fromisoformat(row["at"][:10]))
        seen[name] = seen.get(name, 0) + 1
        key = name if seen[name] == 1 else f"{name}#{seen[name]}"
        record = context.order(row["order"])
        facts = _facts(row, text, sorting, lexicon, context) | _item(row, record)
        yield Hit(key, row["order"], record, known=known, facts=facts, row=row, customer=row["nick"])


def _found(row: Mapping[str, Any], context: Context) -> tuple[str, str, str, bool] | None:
    """Return name, review, text and whether its time is known, of what the window has of a row; None for nothing."""
    from tmcs.jobs.rows import review_id

    start, end = (moment.isoformat(timespec="seconds") for moment in context.span)
    review = review_id(row)
    first, more = row["text"] or "", row["more"] or ""
    main = start <= row["at"] < end
    added = bool(more) and row["more_at"] is not None and start <= row["more_at"] < end
    undated = bool(more) and row["more_at"] is None and row["at"] < end
    if not (main or added or undated):
        return None
    name = f"{review}+" if added or undated else review
    if _before(context, name) or (name == review and _before(context, f"{review}+")):
        return None
    text = "\n".join(part for part in (first if main else "", more if added or undated else "") if part)
    return name, review, text, main or added


def _before(context: Context, name: str) -> bool:
    """Return whether an earlier run listed it: windows overlap, and an addition without a time belongs to none."""
    return context.last is not None and context.listed(name, context.job.id) is not None


def _sorting(corrections: Any, names: tuple[str, str], text: str, lexicon: Lexicon, at: date) -> Sorting:
    name = names[0] if corrections.of(names[0]) is not None else names[1]
    found: Sorting = corrections.sort(name, text, lexicon, at)
    return found


def _facts(row: Mapping[str, Any], text: str, sorting: Sorting, lexicon: Lexicon, context: Context) -> dict[str, str]:
    facts = {"rating": row["rating"], "has_text": "yes" if sorting.has_text else "no"}
    if not sorting.has_text:
        return facts
    said = " ".join(text.split())
    facts["review_text"] = said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
    known = context.job.flow.facts["topic"].values
    topics = [hit.topic for hit in sorting.topics if hit.topic in known]
    platform = [topic for topic in topics if _TO_PLATFORM in lexicon.topics[topic].cites]
    called = [topic for topic in topics if topic not in platform]
    if _EXPIRY in called and len(called) > 1 and sorting.within_month is not True:
        called.remove(_EXPIRY)  # a call is made in any case, for the other topic
    facts["topic"] = (called or platform or ["none"])[0]
    facts["platform_too"] = "yes" if called and platform else "no"
    facts["only_guessed"] = "yes" if sorting.guessed and not topics else "no"
    if sorting.within_month is not None:
        facts["within_month"] = "yes" if sorting.within_month else "no"
    if any(word in text for word in _PRICE):
        facts["price_case"] = "yes"
    return facts


def _item(row: Mapping[str, Any], record: Mapping[str, Any] | None) -> dict[str, str]:
    """Return which goods of the order the review is of, where that is certain."""
    lines = (record or {}).get("orders") or []
    for key, name in (("oid", row["item"]), ("sku", row["sku"])):
        if name and sum(line.get(key) == name for line in lines) == 1:
            return {"item": name}
    return {}


@hookimpl
def tmcs_job() -> JobFiles:
    """Say where the job's files are."""
    return JobFiles.beside(__file__, hits=hits)
