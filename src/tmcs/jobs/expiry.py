"""Whether a review on dates speaks of goods within one month of their date, where its words tell (P01-R07)."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from tmcs.jobs.lexicon import NUMBER, Within

_UNITS: Final = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}
_SPAN: Final = re.compile(rf"({NUMBER})(多|几|来)?个?(半)?(天|日|周|星期|礼拜|月|年)(?![0-9一二三四五六七八九十]+[号日])")
_DATE: Final = re.compile(rf"(?:([0-9]{{4}})年)?({NUMBER})月({NUMBER})[号日]?|([0-9]{{4}})[-./]([0-9]{{1,2}})[-./]([0-9]{{1,2}})")
_MONTH_DAY: Final = re.compile(rf"({NUMBER})[号日]")
_DIGITS: Final = {sign: n for n, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "几": 5, "多": 5, "数": 5}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
#: How far before a length of time the word stands that says what it measures.
_REACH: Final = 8


def within_month(plain: str, words: Within, at: date | None = None) -> bool | None:
    """Return whether the goods were within a month of their date (or past it), None where the text does not tell.

    Args:
        plain: the text in its plain form.
        words: what is said of dates.
        at: the day of the review, for a date without a length of time.
    """
    if any(True for entry in (*words.past, *words.soon) for _ in entry.spans(plain)):
        return True
    total = age = None
    for match in _SPAN.finditer(plain):
        days = _length(match)
        before = plain[max(0, match.start() - _REACH) : match.start()]
        if plain.startswith("前", match.end()):
            age = days if age is None else age
        elif _any_in(before, words.left):
            return days <= words.days
        elif total is None and _any_in(before, words.total):
            total = days
        elif age is None and _any_in(before, words.age):
            age = days
    if total is not None and age is not None:
        return total - age <= words.days
    day = _until(plain, words, at) if at is not None else None
    return (day - at).days <= words.days if day is not None and at is not None else None


def _any_in(before: str, words: list[str]) -> bool:
    return any(word in before for word in words)


def _length(match: re.Match[str]) -> float:
    number, more, half, unit = match.groups()
    count = value(number) + (0.5 if half else 0) + (0.5 if more else 0)
    return count * _UNITS[unit]


def value(text: str) -> float:
    """Return the number that figures or Chinese digits write; a vague one (几, 多) counts as five."""
    if text.isdecimal():
        return int(text)
    total, digit = 0.0, None
    for sign in text:
        if sign == "半":
            total += 0.5
        elif sign in _TENS:
            total += (1 if digit is None else digit) * _TENS[sign]
            digit = None
        else:
            digit = _DIGITS.get(sign, 0)
    return total + (digit or 0)


def _until(plain: str, words: Within, at: date) -> date | None:
    """Return the day that the goods last until, where the text names one."""
    for word in words.until:
        place = plain.find(word)
        while place >= 0:
            rest = plain[place + len(word) : place + len(word) + 14]
            found = _day(rest, words, at)
            if found is not None:
                return found
            place = plain.find(word, place + 1)
    return None


def _day(rest: str, words: Within, at: date) -> date | None:
    try:
        for word in words.next_month:
            if rest.startswith(word):
                match = _MONTH_DAY.search(rest)
                following = at.year * 12 + at.month
                return date(following // 12, following % 12 + 1, int(value(match[1]))) if match else None
        match = _DATE.search(rest)
        if match is None:
            return None
        year, month, day, *full = match.groups()
        if full[0]:
            return date(*(int(part) for part in full))
        found = date(int(year) if year else at.year, int(value(month)), int(value(day)))
        # Without a year the next such day is meant, unless it is only just past.
        if not year and (at - found).days > 180:
            found = found.replace(year=found.year + 1)
        return found
    except (ValueError, OverflowError):
        return None
