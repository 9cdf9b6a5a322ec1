"""A flow's chart as SVG, drawn here: a spine that runs down, its side branches to the right of it, or indented below.

The longest branch of a question goes on straight below it, so a chart is as many columns wide as branches lie within
branches, and fits a telephone: there the side branches stand below their question, a step in, instead of beside it.
A box that several arrows lead to is drawn after the last of them; the others end in a reference to its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from tmcs.core.safe import one_line
from tmcs.render.chart import Box, Chart

LINE: Final = 26  # columns of a line in a box
_TALL: Final = 18  # of a line of text, in pixels
_BOX: Final = 236
_BETWEEN: Final = 44  # from one column to the next, where the arrows run
_STEP: Final = 30  # a branch below its question stands so much further in
_DOWN: Final = 20  # from one box to the next below
_RAIL: Final = 15  # where the arrow down leaves a box
_MARGIN: Final = 6
_PHONE: Final = 348
_STOP: Final = ("reject", "escalate")


class _Branch:
    """One arrow of the tree that is drawn: where it leads and what stands at it; ``again``: to a box that stands elsewhere."""

    __slots__ = ("again", "label", "target")

    def __init__(self, target: str, label: str, again: bool) -> None:
        self.target = target
        self.label = label
        self.again = again


class _Tree:
    """The graph of a chart as a tree: each box hangs on the arrow that reaches it last."""

    def __init__(self, chart: Chart) -> None:
        self.boxes: dict[str, Box] = {box.id: box for box in chart.boxes}
        edges = [edge for edge in chart.edges if edge.source in self.boxes and edge.target in self.boxes]
        rank = dict.fromkeys(self.boxes, 0)
        for _ in self.boxes:  # as many rounds as the longest path has arrows; a loop ends them all the same
            moved = False
            for edge in edges:
                if rank[edge.target] <= rank[edge.source] < len(self.boxes):
                    rank[edge.target] = rank[edge.source] + 1
                    moved = True
            if not moved:
                break
        home: dict[str, str] = {}
        for edge in edges:
            if edge.target not in home and rank[edge.target] == rank[edge.source] + 1:
                home[edge.target] = edge.source
        self.branches: dict[str, list[_Branch]] = {name: [] for name in self.boxes}
        for edge in edges:
            self.branches[edge.source].append(_Branch(edge.target, edge.label, home.get(edge.target) != edge.source))
        self._sizes: dict[str, int] = {}

    def size(self, branch: _Branch) -> int:
        """Return how many boxes are drawn at the end of a branch."""
        if branch.again:
            return 1
        found = self._sizes.get(branch.target)
        if found is None:
            found = self._sizes[branch.target] = 1 + sum(map(self.size, self.branches[branch.target]))
        return found

    def parted(self, name: str) -> tuple[list[_Branch], _Branch | None]:
        """Return a box's side branches and the one that goes on straight below: the largest, of equals the last."""
        branches = self.branches[name]
        if not branches:
            return [], None
        straight = max(enumerate(branches), key=lambda one: (self.size(one[1]), one[0]))[1]
        return [one for one in branches if one is not straight], straight


    def order(self) -> list[str]:
        """Return the boxes in the order in which they are drawn."""
        found: list[str] = []

        def visit(name: str) -> None:
            found.append(name)
            sides, straight = self.parted(name)
            for branch in [*sides, *([straight] if straight is not None else [])]:
                if not branch.again:
                    visit(branch.target)

        visit(next(iter(self.boxes)))
        return found


class _Picture:
    """Places boxes and keeps their markup."""

    def __init__(self, tree: _Tree, wide: bool, links: Mapping[str, str]) -> None:
        self.tree = tree
        self.numbers = {name: number for number, name in enumerate(tree.order())}
        self.wide = wide
        self.links = links
        self.parts: list[str] = []
        self.arrows: list[str] = []
        self.right = 0.0

    def place(self, branch: _Branch, x: int, y: int) -> tuple[int, int, int]:
        """Draw a branch with all beyond it; return its bottom, and where the arrow meets its box: from above, from the left."""
        label = branch.label.split("\n") if branch.label else []
        for n, line in enumerate(label):
            self.parts.append(_text(x + _RAIL + 9, y + 12 + n * (_TALL - 2), line, "c-label"))
        top = y + len(label) * (_TALL - 2) + (4 if label else 0)
        box = self.tree.boxes[branch.target]
        high = self._box(box, x, top, branch.again)
        if branch.again:
            return top + high, top, top + 13
        sides, straight = self.tree.parted(branch.target)
        bottom = self._sides(sides, x, top, high)
        if straight is not None:
            start = top + high
            bottom, meet, _ = self.place(straight, x, bottom + _DOWN)
            self._arrow(f"M{x + _RAIL} {start}V{meet}", x + _RAIL, meet, down=True)
        return bottom, top, top + 13

    def _sides(self, sides: list[_Branch], x: int, top: int, high: int) -> int:
        """Draw the side branches of a box; return the bottom of it all."""
        bottom = top + high
        at = top if self.wide else bottom + _DOWN - 4
        for side in sides:
            if self.wide:
                left = x + _BOX + _BETWEEN
                end, _, meet = self.place(side, left, at)
                self._arrow(f"M{x + _BOX} {top + 13}H{left - 22}V{meet}H{left}", left, meet, down=False)
            else:
                left = x + _STEP
                end, _, meet = self.place(side, left, at)
                self._arrow(f"M{x + _RAIL} {top + high}V{meet}H{left}", left, meet, down=False)
            bottom = max(bottom, end)
            at = end + (_DOWN - 6)
        return bottom

    def _box(self, box: Box, x: int, y: int, again: bool) -> int:
        """Draw a box, or the reference to one; return its height."""
        wide = _BOX if self.wide else max(_PHONE - x - _MARGIN, 200)
        self.right = max(self.right, x + wide + _MARGIN)
        kind = "stop" if box.outcome in _STOP else box.kind
        number = str(self.numbers[box.id] or "")  # the start has none
        lines = [box.label.replace("\n", " ")] if again else box.label.split("\n")
        if again:
            lines = [f"↪ {_cut(lines[0])}"]
        high = len(lines) * _TALL + 9
        marks = f'<rect class="c-{"again" if again else kind}" x="{x}" y="{y}" width="{wide}" height="{high}" rx="{4 if kind in ("ask", "do") else 12}"/>'
        if number:
            marks += _text(x + 26, y + 18, number, "c-number", "end")
        marks += "".join(_text(x + 34, y + 18 + n * _TALL, line, "c-words") for n, line in enumerate(lines))
        link = self.links.get(box.id)
        self.parts.append(f'<a href="{escape(link)}">{marks}</a>' if link else marks)
        return high

    def _arrow(self, path: str, x: int, y: int, *, down: bool) -> None:
        head = f"M{x - 4} {y - 7}L{x} {y}L{x + 4} {y - 7}Z" if down else f"M{x - 7} {y - 4}L{x} {y}L{x - 7} {y + 4}Z"
        self.arrows.append(f'<path class="c-line" d="{path}"/><path class="c-head" d="{head}"/>')


def _cut(text: str) -> str:
    from tmcs.render.layout import width

    if width(text) <= LINE - 3:
        return text
    while width(text) > LINE - 4:
        text = text[:-1]
    return f"{text}…"


def _text(x: int, y: int, said: str, kind: str, anchor: str = "start") -> str:
    at = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text class="{kind}" x="{x}" y="{y}"{at}>{escape(one_line(said))}</text>'


def numbered(chart: Chart) -> list[Box]:
    """Return the boxes of a chart in the order in which they are drawn; each bears its place as its number, the start 0."""
    tree = _Tree(chart)
    return [tree.boxes[name] for name in tree.order()]


def draw(chart: Chart, title: str, links: Mapping[str, str]) -> dict[str, str]:
    """Return a chart as SVG for a desk (``wide``) and for a telephone (``narrow``).

    Args:
        chart: drawn with lines of :data:`LINE` columns.
        title: what it is called, for those who cannot see it.
        links: where each box leads, by its id.
    """
    tree = _Tree(chart)
    found = {}
    for name in ("wide", "narrow"):
        picture = _Picture(tree, name == "wide", links)
        bottom, _, _ = picture.place(_Branch(chart.boxes[0].id, "", False), _MARGIN, _MARGIN)
        size = f"{picture.right:.0f} {bottom + _MARGIN}"
        wide, high = size.split()
        found[name] = (
            f'<svg class="chart {name}" role="group" aria-label="{escape(one_line(title))}" width="{wide}" height="{high}"'
            f' viewBox="0 0 {size}">{"".join(picture.arrows)}{"".join(picture.parts)}</svg>'
        )
    return found
