"""Charts as SVG: lying bars, lines and pies, from numbers and names to markup, with every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, cos, floor, log10, pi, sin
from typing import Final

from tmcs.render.layout import width

COLOURS: Final = ("#2E75B6", "#ED7D31", "#70AD47", "#FFC000", "#7F6BB3", "#4BACC6", "#C0504D", "#7F7F7F", "#A9D18E", "#F4B183")
_WIDE: Final = 640
_HIGH: Final = 340
_HALF: Final = 6.6  # pixels of half a Chinese character at 12 px, and of any other
_LABEL: Final = 24  # the longest name in columns
_TICKS: Final = 5


class Series:
    """What is drawn of one column.

    Attributes:
        name: what it is called.
        values: its numbers; None where there is none.
        shown: the same in words.
        kind: ``rate`` is shown in percent on an axis.
    """

    __slots__ = ("kind", "name", "shown", "values")

    def __init__(self, name: str, values: Sequence[float | None], shown: Sequence[str], kind: str) -> None:
        self.name = name
        self.values = list(values)
        self.shown = list(shown)
        self.kind = kind


def draw(kind: str, names: Sequence[str], series: Sequence[Series]) -> str:
    """Return a chart as an ``<svg>`` element.

    Args:
        kind: ``bar``, ``line`` or ``pie``.
        names: what each bar, point or slice is called.
        series: what is drawn; a pie draws the first.
    """
    if kind == "pie":
        return _pie(names, series[0])
    return _bars(names, series) if kind == "bar" else _line(names, series)


def _svg(high: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{_WIDE}" height="{high:.0f}" viewBox="0 0 {_WIDE} {high:.0f}"'
        f' font-size="12" font-family="inherit">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, said: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#333">{escape(said)}</text>'


def _short(name: str, most: int = _LABEL) -> str:
    if width(name) <= most:
        return name
    while name and width(name) > most - 1:
        name = name[:-1]
    return f"{name}…"


def _legend(series: Sequence[Series], y: float) -> list[str]:
    if len(series) == 1:
        return []
    parts = []
    x = 8.0
    for n, one in enumerate(series):
        name = _short(one.name)
        parts.append(f'<rect x="{x:.1f}" y="{y - 10:.1f}" width="10" height="10" fill="{COLOURS[n % len(COLOURS)]}"/>')
        parts.append(_text(x + 14, y, name))
        x += 30 + width(name) * _HALF
    return parts


def _range(series: Sequence[Series]) -> tuple[float, float]:
    """Return the least and the greatest value, zero always between them."""
    found = [value for one in series for value in one.values if value is not None]
    low, high = min([0.0, *found]), max([0.0, *found])
    return low, high if high > low else low + 1


def _bars(names: Sequence[str], series: Sequence[Series]) -> str:
    labels = [_short(name) for name in names]
    left = max(map(width, labels)) * _HALF + 12
    right = max(width(shown) for one in series for shown in one.shown) * _HALF + 8
    low, high = _range(series)
    # A bar below zero has its words on its left.
    left_end = left + (right if low < 0 else 0)
    scale = (_WIDE - left_end - right) / (high - low)
    zero = left_end - low * scale
    thick = 16 if len(series) == 1 else 12
    step = thick * len(series) + 10
    parts = []
    for n, label in enumerate(labels):
        top = 8 + n * step
        parts.append(f"<g><title>{escape(names[n])}</title>{_text(left - 6, top + thick * len(series) / 2 + 4, label, 'end')}</g>")
        for m, one in enumerate(series):
            value = one.values[n]
            if value is None:
                continue
            x, wide = (zero, value * scale) if value >= 0 else (zero + value * scale, -value * scale)
            y = top + m * thick
            parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{thick - 1}" fill="{COLOURS[m % len(COLOURS)]}"/>')
            past = (x + wide + 4, "start") if value >= 0 else (x - 4, "end")
            parts.append(_text(past[0], y + thick - 4, one.shown[n], past[1]))
    bottom = 8 + len(names) * step
    parts.append(f'<path d="M{zero:.1f} 4V{bottom:.1f}" stroke="#888"/>')
    parts += _legend(series, bottom + 18)
    return _svg(bottom + (28 if len(series) > 1 else 4), parts)


def _step(reach: float) -> float:
    """Return the distance of the lines of an axis: 1, 2 or 5 times a power of ten."""
    rough = reach / _TICKS
    power = 10.0 ** floor(log10(rough))
    return next((n * power for n in (1, 2, 5) if n * power >= rough), 10 * power)


def _axis_word(value: float, kind: str) -> str:
    if kind == "rate":
        return f"{value * 100:.6g}%"
    return f"{value:.10g}" if value else "0"


def _line(names: Sequence[str], series: Sequence[Series]) -> str:
    low, high = _range(series)
    step = _step(high - low)
    first, last = floor(low / step), ceil(high / step)
    words = [_axis_word(n * step, series[0].kind) for n in range(first, last + 1)]
    left, right, top, bottom = max(max(map(len, words)) * _HALF + 14, 40.0), _WIDE - 40.0, 12.0, _HIGH - 52.0
    scale = (bottom - top) / ((last - first) * step)
    parts = []
    for n, word in enumerate(words):
        y = bottom - n * step * scale
        parts.append(f'<path d="M{left:.1f} {y:.1f}H{right:.1f}" stroke="#ddd"/>')
        parts.append(_text(left - 6, y + 4, word, "end"))
    apart = (right - left) / max(len(names) - 1, 1)
    labels = [_short(name) for name in names]
    fit = max(int((right - left) / (max(map(width, labels)) * _HALF + 12)), 1)
    for n in range(0, len(names), ceil(len(names) / fit)):
        parts.append(_text(left + n * apart, bottom + 18, labels[n], "middle"))
    for m, one in enumerate(series):
        points = [None if v is None else (left + n * apart, bottom - (v - first * step) * scale) for n, v in enumerate(one.values)]
        parts += _drawn(points, one, names, COLOURS[m % len(COLOURS)])
    parts += _legend(series, _HIGH - 8)
    return _svg(_HIGH, parts)


def _drawn(points: Sequence[tuple[float, float] | None], one: Series, names: Sequence[str], colour: str) -> list[str]:
    """Return a line through its points, broken where one is missing, with what each says when it is pointed at."""
    path, pen = "", "M"
    dots = []
    for n, point in enumerate(points):
        if point is None:
            pen = "M"
            continue
        x, y = point
        path += f"{pen}{x:.1f} {y:.1f}"
        pen = "L"
        said = escape(f"{names[n]}: {one.shown[n]}")
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{said}</title></circle>')
    return [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots] if path else []


def _pie(names: Sequence[str], one: Series) -> str:
    slices = [(n, value) for n, value in enumerate(one.values) if value is not None and value > 0]
    total = sum(value for _, value in slices)
    if not slices:
        return _svg(40, [_text(_WIDE / 2, 24, "—", "middle")])
    high = max(_HIGH - 60, 24 + 20 * len(slices))
    x0, y0, radius = 150.0, high / 2, 120.0
    parts = []
    turn = 0.0
    for place, (n, value) in enumerate(slices):
        colour = COLOURS[n % len(COLOURS)]
        end = turn + value / total
        parts.append(_slice(x0, y0, radius, turn, end, colour))
        y = (high - 20 * len(slices)) / 2 + place * 20 + 14
        parts.append(f'<rect x="310" y="{y - 10:.1f}" width="10" height="10" fill="{colour}"/>')
        parts.append(_text(326, y, f"{_short(names[n])}  {one.shown[n]}  ({value / total * 100:.1f}%)"))
        turn = end
    return _svg(high, parts)


def _slice(x0: float, y0: float, radius: float, start: float, end: float, colour: str) -> str:
    if end - start > 0.9999:
        return f'<circle cx="{x0:.1f}" cy="{y0:.1f}" r="{radius:.1f}" fill="{colour}"/>'
    x1, y1 = x0 + radius * sin(2 * pi * start), y0 - radius * cos(2 * pi * start)
    x2, y2 = x0 + radius * sin(2 * pi * end), y0 - radius * cos(2 * pi * end)
    large = int(end - start > 0.5)
    return (
        f'<path d="M{x0:.1f} {y0:.1f}L{x1:.2f} {y1:.2f}A{radius:.1f} {radius:.1f} 0 {large} 1 {x2:.2f} {y2:.2f}Z"'
        f' fill="{colour}" stroke="#fff"/>'
    )
