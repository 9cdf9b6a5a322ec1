"""Cells of a report: made harmless, and put into words. Text from outside must never act: not as a formula, not as a control."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from tmcs.core.money import format_money
from tmcs.core.order import SHANGHAI
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.jobs.report import Kind, Value

#: Spreadsheets keep 15 digits of a number; what is longer is an identifier and stays text.
EXACT_DIGITS: Final = 15
#: From here on a spreadsheet that reads text as a number shows it as 2.02611E+12.
_SHOWN_DIGITS: Final = 11
#: What makes a spreadsheet take a text for a formula; also in the full width that a Chinese keyboard types.
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠﹢﹣﹦﹫\u2212](?=.)", re.DOTALL)
# C0 except tab and newline, DEL, C1, soft hyphen, bidirectional controls, zero-width marks, line separators, tags,
# half characters and what XML has no place for.
_REMOVED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
    "|[\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U000ffffe\U000fffff\U0010fffe\U0010ffff]"
)


def harmless(text: str) -> str:
    """Return a text without characters that act or cannot be kept; its line breaks are ``\\n``, its tabs spaces."""
    if text.isprintable():  # no such character is; most texts have none
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return _REMOVED.sub("", text)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet could take a harmless text for a formula."""
    return _FORMULA.match(text) is not None


def is_long_number(text: str) -> bool:
    """Return whether a spreadsheet could take a text for a number and lose digits of it: an order, a phone, ``007``."""
    return text.isdecimal() and (len(text) > _SHOWN_DIGITS or (text[0] == "0" and len(text) > 1))


def local(moment: datetime) -> datetime:
    """Return a moment as the desk's clock shows it, without time zone; one that has none is taken for the desk's."""
    return moment.astimezone(SHANGHAI).replace(tzinfo=None) if moment.tzinfo else moment


def show_time(moment: datetime) -> str:
    """Return a moment to the minute, and to the second where it has seconds."""
    return local(moment).strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def show(value: Value, kind: Kind, lang: str) -> str:
    """Return a value of a column of this kind in words, harmless."""
    if value is None:
        return ""
    if isinstance(value, Text):
        value = value.pick(lang)
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int) and kind == "money":
        return format_money(value)
    if isinstance(value, int) and kind == "rate":
        return f"{format_money((value + 50) // 100)}%"  # in hundredths of a percent, rounded half up
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def measure(value: Value, kind: Kind) -> float | None:
    """Return a value of a column that is drawn or calculated with, in CNY, units or parts of one; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    divisor = {"money": 100, "rate": 1_000_000}.get(kind, 1)
    return float(value / divisor)  # the nearest double of the exact quotient, which prints as the decimal it is
