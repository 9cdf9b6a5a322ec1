"""Figures in an agent's words: amounts and shares that are promised, and numbers that are somebody's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tmcs.core.money import parse_money, parse_number

_DIGITS: Final = dict(zip("零〇一二两三四五六七八九", "001223456789", strict=True))
_HAN: Final = "".join(_DIGITS)
_NUMBER: Final = rf"[0-9]{{1,5}}(?:\.[0-9]{{1,2}})? ?万|[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,2}}(?![0-9])|[0-9]{{1,9}}(?:\.[0-9]{{1,2}})?|[{_HAN}十百千万]{{1,9}}"
_AMOUNT: Final = re.compile(rf"(?<![0-9.,])(?:({_NUMBER}) ?(?:元|块|圆|yuan|rmb|cny)|(?:¥|￥|rmb|cny) ?({_NUMBER}))")
_SHARE: Final = re.compile(rf"(?<![0-9.,])(?:([0-9]{{1,4}}(?:\.[0-9]{{1,2}})?) ?%|百分之({_NUMBER})|({_NUMBER})成(?![功为交立员本]))")
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_MOST: Final = 999_999_999  # more is no amount that anybody promises
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def folded(text: str) -> str:
    """Return a text of the same length with small ASCII letters, and ASCII for its full-width forms."""
    return text.translate(_FOLDED)


_FOLDED: Final = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{code: code + 32 for code in range(ord("A"), ord("Z") + 1)},
    **{code: code - 0xFEE0 + 32 for code in range(0xFF21, 0xFF3B)},
    0x3000: 0x20,
    0xA0: 0x20,
}


def _in_digits(text: str) -> str:
    """Return a number as digits: ``1,000`` and ``一千`` are ``1000``, ``二五`` is ``25``."""
    if text[-1] == "万" and text[0].isascii():
        whole, _, part = text[:-1].rstrip().partition(".")
        return whole + part.ljust(4, "0")
    if text[0].isascii():
        return text.replace(",", "")
    if not any(char in "十百千万" for char in text):
        return "".join(_DIGITS[char] for char in text)
    total = section = digit = 0
    unit = 1
    for char in text:
        if char == "万":
            total, section, digit, unit = (total + section + digit) * 10_000, 0, 0, 10_000
        elif char in _UNITS:
            unit = _UNITS[char]
            section, digit = section + (digit or 1) * unit, 0
        else:
            digit = int(_DIGITS[char])
            unit = 10 if char in "零〇" else unit
    if digit and unit > 10 and text[-2] not in "零〇":  # 一百五 is 150
        digit *= unit // 10
    return str(min(total + section + digit, _MOST))


def amounts(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield the amounts of money in a folded text: start, end, fen."""
    for match in _AMOUNT.finditer(text):
        yield match.start(), match.end(), parse_money(_in_digits(match[1] or match[2]))


def shares(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield the shares in a folded text: start, end, millionths. ``15%``, ``百分之十五`` and ``一成`` are shares."""
    for match in _SHARE.finditer(text):
        tens = match[3] is not None
        rate = parse_number(_in_digits(match[1] or match[2] or match[3]))
        yield match.start(), match.end(), rate // 10 if tens else rate // 100


def is_luhn(number: str) -> bool:
    """Return whether the last digit is that of a bank card."""
    total = 0
    for n, char in enumerate(reversed(number)):
        value = int(char) * (2 if n % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_id_card(number: str) -> bool:
    """Return whether the last sign is that of an identity card number of 18 places (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10x98765432"[total % 11] == number[-1]
