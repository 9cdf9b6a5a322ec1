"""Placeholders in steps, tasks and scripts: ``{refund_amount}``, a fact, or a setting of the policy.

Every figure that is said comes from the resolution or the policy; a placeholder without a value is an error, never an
empty place in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import InputError
from tmcs.core.money import format_money, percent
from tmcs.core.payout import Payout

if TYPE_CHECKING:
    from tmcs.core.resolution import Resolution

_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_REST: Final = _FIRST | frozenset("0123456789_")


def _split(text: str) -> list[str]:
    """Return the pieces of a text: words at even places, names of placeholders at odd ones.

    A scan by hand: compiling a pattern would cost every start more than all its texts.
    """
    pieces = [""]
    for n, part in enumerate(text.split("{")):
        name, brace, after = part.partition("}")
        if n and brace and name[:1] in _FIRST and _REST.issuperset(name):
            pieces += [name, after]
        else:
            pieces[-1] += "{" + part if n else part
    return pieces


def names(text: str) -> list[str]:
    """Return the names of a text's placeholders, in order."""
    return _split(text)[1::2] if "{" in text else []


def day_in_words(day: date, lang: str) -> str:
    """Return a day as it is said: ``11月28日`` or ``28 November``."""
    if lang == "zh":
        return f"{day.month}月{day.day}日"
    months = (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    )  # fmt: skip
    return f"{day.day} {months[day.month - 1]}"


def _compensation(r: Resolution) -> Payout | None:
    return next((p for p in r.payouts if p.kind == "compensation"), None)


def _money(amount: int | None) -> str | None:
    return None if amount is None else format_money(amount)


def _of_payout(get: Callable[[Payout], str | None]) -> Callable[[Resolution, str], str | None]:
    def value(r: Resolution, lang: str) -> str | None:
        payout = _compensation(r)
        return None if payout is None else get(payout)

    return value


def _due(name: str) -> Callable[[Resolution, str], str | None]:
    def value(r: Resolution, lang: str) -> str | None:
        for deadline, day, _ in r.deadlines:
            if deadline.id == name:
                return day_in_words(day, lang)
        return None

    return value


def _item_title(r: Resolution, lang: str) -> str | None:
    return r.line.title if r.line else None


#: The values that a resolution computes, by placeholder.
COMPUTED: Final[dict[str, Callable[[Resolution, str], str | None]]] = {
    "refund_amount": lambda r, lang: _money(r.amount),
    "refund_due": _due("refund"),
    "complaint_due": _due("complaint"),
    "pickup_due": _due("pickup"),
    "review_due": _due("review"),
    "invoice_due": _due("invoice"),
    "answer_due": _due("answer"),
    "delivery_due": _due("delivery"),
    "taobao_answer_due": _due("taobao-answer"),
    "payout_commit": _of_payout(lambda p: format_money(p.commit)),
    "payout_max": _of_payout(lambda p: format_money(p.max)),
    "payout_rate": _of_payout(lambda p: None if p.rate_min is None else percent(p.rate_min)),
    "payout_approval": _of_payout(lambda p: p.approval),
    "open_rulings": lambda r, lang: r.known.get("open_rulings"),
    "order_id": lambda r, lang: r.order.tid if r.order else None,
    "item_title": _item_title,
}


class Values:
    """The values of a resolution's placeholders in one language: computed ones, then facts, limits and settings."""

    __slots__ = ("_lang", "_resolution")

    def __init__(self, resolution: Resolution, lang: str) -> None:
        self._resolution = resolution
        self._lang = lang

    def get(self, name: str) -> str | None:
        """Return the value of a placeholder, None where it has none (yet)."""
        r, lang = self._resolution, self._lang
        compute = COMPUTED.get(name)
        if compute is not None:
            return compute(r, lang)
        if name in r.known:
            return self._fact(name, r.known[name])
        setting = r.snapshot.settings.get(name)
        if setting is not None:
            return str(setting[lang == "en"])
        return self._figure(name)

    def _fact(self, name: str, value: Any) -> str:
        definition = self._resolution.flow.fact(name)
        if isinstance(value, date):
            return day_in_words(value, self._lang)
        return definition.words(value, self._lang) if definition else str(value)

    def _figure(self, name: str) -> str | None:
        return self._resolution.snapshot.figure_in_words(name, self._lang)

    def has(self, name: str) -> bool:
        """Return whether a placeholder has a value."""
        return self.get(name) is not None


def fill(text: str, values: Any) -> str:
    """Return ``text`` with its placeholders filled from ``values`` (anything with ``get``).

    Raises:
        InputError: a placeholder has no value.
    """
    if "{" not in text:
        return text

    pieces = _split(text)
    for n in range(1, len(pieces), 2):
        found = values.get(pieces[n])
        if found is None:
            raise InputError(f"话术里的 {{{pieces[n]}}} 没有取值", f"no value for {{{pieces[n]}}} in a text")
        pieces[n] = str(found)
    return "".join(pieces)
