"""Plain layout for a terminal: headings, wrapped text and tables in which Chinese characters align."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

#: Punctuation that must not begin a line in Chinese text.
_CLOSING = "，。、；：？！）》”’…,.;:?!)"


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def columns(default: int = 100) -> int:
    """Return how wide the output may be: the terminal, at most ``default``; ``default`` where there is none."""
    if not sys.stdout.isatty():
        return default
    import shutil

    return max(40, min(shutil.get_terminal_size((default, 24)).columns, default))


def wrap(text: str, limit: int, first: str = "", rest: str | None = None) -> str:
    """Return text broken into lines of at most ``limit`` columns: Chinese anywhere, other words at spaces.

    Args:
        text: the text; its own line breaks are kept.
        limit: columns.
        first, rest: what the first and the other lines begin with; ``rest`` defaults to spaces as wide as ``first``.
    """
    rest = " " * width(first) if rest is None else rest
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = rest if lines else first
        room = width(line)
        bare = True
        for piece in _pieces(paragraph):
            size = width(piece)
            if room + size > limit and not bare and piece not in _CLOSING:
                lines.append(line.rstrip())
                line, room = rest, width(rest)
                piece = piece.lstrip()
                size = width(piece)
            line += piece
            room += size
            bare = False
        lines.append(line.rstrip())
    return "\n".join(lines)


def _pieces(text: str) -> Iterable[str]:
    word = ""
    for char in text:
        if east_asian_width(char) in "WF" or char == " ":
            if word:
                yield word
            word = ""
            yield char
        else:
            word += char
    if word:
        yield word


def table(rows: Sequence[Sequence[object]], headers: Sequence[str], form: str = "simple", align: Sequence[str] = ()) -> str:
    """Return a table; columns align where Chinese characters are two columns wide.

    ``align`` says for each column ``left`` or ``right``; all are left without it.
    """
    from tabulate import tabulate

    more = {"colalign": align} if align and rows else {}  # tabulate cannot align a table without rows
    return str(tabulate(rows, headers=headers, tablefmt=form, disable_numparse=True, **more))


def colour() -> bool:
    """Return whether output may be coloured: on a terminal, without NO_COLOR or TERM=dumb."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def bold(text: str) -> str:
    """Return a text set off, where colours are allowed."""
    return f"\x1b[1m{text}\x1b[0m" if colour() else text


def dim(text: str) -> str:
    """Return a text held back, where colours are allowed."""
    return f"\x1b[2m{text}\x1b[0m" if colour() else text


def strong(text: str) -> str:
    """Return the text that matters most, where colours are allowed."""
    return f"\x1b[1;32m{text}\x1b[0m" if colour() else text
