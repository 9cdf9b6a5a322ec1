"""Money in fen, numbers in millionths: whole numbers only, so no sum is ever a rounding error away from right.

Money is an ``int`` of fen (1 CNY = 100 fen). Rates and plain numbers (hours, pieces) are an ``int`` of millionths, so
``0.10`` is 100_000 and ``72`` hours are 72_000_000.
"""

from __future__ import annotations

MILLION = 1_000_000
_MAX_DIGITS = 12


def _digits(text: str, places: int) -> tuple[str, str]:
    """Return the digits before and after the point, the latter filled up to ``places``."""
    whole, point, fraction = text.partition(".")
    if not (text.isascii() and whole.isdigit() and len(whole) <= _MAX_DIGITS):
        raise ValueError(text)
    if point and not (fraction.isdigit() and len(fraction) <= places):
        raise ValueError(text)
    return whole, fraction.ljust(places, "0")


def parse_money(text: str) -> int:
    """Return the fen of an amount in CNY such as ``35``, ``35.5`` or ``35.00``.

    Raises:
        ValueError: the text is not ``\\d+(\\.\\d{1,2})?``: a sign, an exponent, a third decimal, more than 12 digits.
    """
    yuan, fraction = _digits(text, 2)
    return int(yuan + fraction)


def format_money(fen: int) -> str:
    """Return an amount of fen as CNY with two places: ``3500`` is ``"35.00"``."""
    if fen < 0:
        return "-" + format_money(-fen)
    return f"{fen // 100}.{fen % 100:02d}"


def parse_number(text: str) -> int:
    """Return the millionths of a number that is not negative, with up to six decimals.

    Raises:
        ValueError: the text is not such a number.
    """
    whole, fraction = _digits(text, 6)
    return int(whole + fraction)


def format_number(millionths: int) -> str:
    """Return a number of millionths without needless zeros: ``72_500_000`` is ``"72.5"``."""
    whole, rest = divmod(millionths, MILLION)
    return f"{whole}.{rest:06d}".rstrip("0") if rest else str(whole)


def format_rate(millionths: int) -> str:
    """Return a rate with at least two decimals: ``100_000`` is ``"0.10"``."""
    whole, rest = divmod(millionths, MILLION)
    return f"{whole}.{f'{rest:06d}'.rstrip('0').ljust(2, '0')}"


def percent(millionths: int) -> str:
    """Return a rate in percent: ``100_000`` is ``"10%"``."""
    return format_number(millionths * 100) + "%"


def share(fen: int, millionths: int) -> int:
    """Return ``fen * rate``, rounded half up to the fen (ruling C07)."""
    return (fen * millionths * 2 + MILLION) // (2 * MILLION)


def part(fen: int, units: int, of: int) -> int:
    """Return ``fen * units / of``, rounded half up to the fen."""
    return (fen * units * 2 + of) // (2 * of)
