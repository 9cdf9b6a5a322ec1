"""Pages as values: blocks of lines, lines of words, links and citations, each in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from tmcs.core.text import Text


class Link:
    """Words that lead to a place of a page; ``anchor`` empty: its top."""

    __slots__ = ("anchor", "page", "text")

    def __init__(self, page: str, anchor: str, text: Text) -> None:
        self.page = page
        self.anchor = anchor
        self.text = text


class Cites:
    """The rules and rulings behind what stands before them. ``quiet``: they are only referred to, not carried here."""

    __slots__ = ("ids", "quiet")

    def __init__(self, ids: Iterable[str], *, quiet: bool = False) -> None:
        self.ids = list(dict.fromkeys(ids))
        self.quiet = quiet


class Code:
    """A name that is the same in every language."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Inline: TypeAlias = Text | Link | Cites | Code
Line: TypeAlias = Sequence[Inline]


class Heading:
    """A heading of level 2 to 4. An ``anchor`` can be linked to; what is cited until the next one is cited there."""

    __slots__ = ("anchor", "level", "line", "name")

    def __init__(self, level: int, line: Line, anchor: str = "", name: Text | None = None) -> None:
        self.level = level
        self.line = line
        self.anchor = anchor
        self.name = name or next((one for one in line if isinstance(one, Text)), None)


class Para:
    """A paragraph. Kind: ``""``, ``lead``, ``note``, ``said`` (words to a customer)."""

    __slots__ = ("kind", "line")

    def __init__(self, line: Line, kind: str = "") -> None:
        self.line = line
        self.kind = kind


class Items:
    """A list; ``ordered``: numbered."""

    __slots__ = ("lines", "ordered")

    def __init__(self, lines: Sequence[Line], *, ordered: bool = False) -> None:
        self.lines = lines
        self.ordered = ordered


class Row:
    """One row of a table; with an ``anchor`` it is a place, called ``name``."""

    __slots__ = ("anchor", "cells", "name")

    def __init__(self, cells: Sequence[Line], anchor: str = "", name: Text | None = None) -> None:
        self.cells = cells
        self.anchor = anchor
        self.name = name


class Grid:
    """A table."""

    __slots__ = ("heads", "rows")

    def __init__(self, heads: Sequence[Text], rows: Sequence[Row]) -> None:
        self.heads = heads
        self.rows = rows


class Terms:
    """Named lines: what a thing is, and what is said of it."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Sequence[tuple[Text, Line]]) -> None:
        self.pairs = pairs


class Drawing:
    """A chart in both languages: the markup of each width (``wide``, ``narrow``) for a page, Mermaid for Markdown."""

    __slots__ = ("mermaid", "svg", "title")

    def __init__(self, title: Text, svg: dict[str, dict[str, str]], mermaid: dict[str, str]) -> None:
        self.title = title
        self.svg = svg
        self.mermaid = mermaid


Block: TypeAlias = Heading | Para | Items | Grid | Terms | Drawing


class Page:
    """One page.

    Attributes:
        name: the name of its file without the ending.
        title: its title.
        kind: the part of the handbook that it stands in (see :data:`PARTS`).
        label: what stands before its title in a list, such as the section's number.
        blocks: what stands on it.
    """

    __slots__ = ("blocks", "kind", "label", "name", "title")

    def __init__(self, name: str, title: Text, kind: str, blocks: list[Block], label: str = "") -> None:
        self.name = name
        self.title = title
        self.kind = kind
        self.blocks = blocks
        self.label = label


#: The parts of the handbook, in the order of its contents.
PARTS: dict[str, Text] = {
    "flows": Text("处理流程", "Handling flows"),
    "jobs": Text("主动服务", "Proactive jobs"),
    "desk": Text("政策与岗位", "Policy and desk"),
    "rules": Text("手册规则", "Rules of the handbook"),
}


class Spot:
    """A place of a page: what it is called, all that is said there, and what it cites."""

    __slots__ = ("anchor", "cites", "lines", "name", "page")

    def __init__(self, page: Page, anchor: str, name: Text) -> None:
        self.page = page
        self.anchor = anchor
        self.name = name
        self.lines: list[Line] = []
        self.cites: list[str] = []

    def take(self, line: Line) -> None:
        """Add a line that stands here."""
        self.lines.append(line)
        for one in line:
            if isinstance(one, Cites) and not one.quiet:
                self.cites += one.ids


def spots(page: Page) -> Iterator[Spot]:
    """Yield the places of a page, its top first."""
    spot = Spot(page, "", page.title)
    for block in page.blocks:
        if isinstance(block, Heading):
            if block.anchor or block.level == 2:
                yield spot
                spot = Spot(page, block.anchor, block.name or page.title)
            spot.take(block.line)
        elif isinstance(block, Grid):
            for row in block.rows:
                here = Spot(page, row.anchor, row.name) if row.anchor and row.name else spot
                for cell in row.cells:
                    here.take(cell)
                if here is not spot:
                    yield here
        else:
            for line in lines_of(block):
                spot.take(line)
    yield spot


def lines_of(block: Block) -> list[Line]:
    """Return the lines of a block that is neither a heading nor a table."""
    if isinstance(block, Para):
        return [block.line]
    if isinstance(block, Items):
        return list(block.lines)
    if isinstance(block, Terms):
        return [[term, *line] for term, line in block.pairs]
    return []


#: What a space is not put before, and after: marks bring the space that their language wants.
_NOT_BEFORE = frozenset("、，。：；）（→ ,.:;()")
_NOT_AFTER = frozenset("、，：；（→ (")


def apart(left: Inline, right: Inline) -> bool:
    """Return whether a space stands between two inlines."""
    before, after = _ends(left), _ends(right)
    return not (before and before[1] in _NOT_AFTER) and not (after and after[0] in _NOT_BEFORE)


def _ends(one: Inline) -> str:
    return f"{one.zh[0]}{one.zh[-1]}" if isinstance(one, Text) and one.zh else ""


def joined(parts: Iterable[Line], by: Text | None = None) -> list[Inline]:
    """Return several lines as one, with a mark (default a comma) between them."""
    mark = by or Text("、", ", ")
    found: list[Inline] = []
    for part in parts:
        if found:
            found.append(mark)
        found += part
    return found
