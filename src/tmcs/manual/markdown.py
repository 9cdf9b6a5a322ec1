"""Pages as Markdown, a folder for each language; charts as Mermaid text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

from tmcs.core.safe import clean, one_line
from tmcs.manual.book import Book
from tmcs.manual.model import (
    Block,
    Cites,
    Code,
    Drawing,
    Grid,
    Heading,
    Inline,
    Items,
    Line,
    Link,
    Page,
    Para,
    Terms,
    apart,
)

_MARKS: Final = re.compile(r"([\\`*_\[\]|~])")
# What begins a heading, a quote or a list where it stands first in a line.
_FIRST: Final = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")


def _safe(text: str) -> str:
    """Return a text that Markdown and HTML take as it is."""
    return _FIRST.sub(r"\1\\\2", _MARKS.sub(r"\\\1", escape(one_line(text), quote=False)))


class _Writer:
    def __init__(self, book: Book, lang: str) -> None:
        self.book = book
        self.lang = lang

    def line(self, line: Line) -> str:
        said, last = "", None
        for one in line:
            part = self.inline(one)
            if part:
                said += (" " if last is not None and apart(last, one) else "") + part
                last = one
        return said.strip()

    def inline(self, one: Inline) -> str:
        if isinstance(one, Cites):
            cites = ", ".join(map(self._cite, one.ids))
            return f"({cites})" if cites else ""
        if isinstance(one, Code):
            return f"`{one_line(one.text).replace('`', chr(39))}`" if one.text else ""
        text = one.text if isinstance(one, Link) else one
        said = _safe(text.pick(self.lang))
        return f"[{said}]({_place(one.page, one.anchor)})" if isinstance(one, Link) else said

    def _cite(self, id: str) -> str:
        place = self.book.rule_place(id)
        return f"[{_safe(id)}]({_place(*place)})" if place else _safe(id)

    def block(self, block: Block) -> str:
        if isinstance(block, Heading):
            return f"{_anchor(block.anchor)}{'#' * block.level} {self.line(block.line)}\n"
        if isinstance(block, Para):
            return f"{'> ' if block.kind == 'said' else ''}{self.line(block.line)}\n"
        if isinstance(block, Items):
            return "\n".join(f"{'1.' if block.ordered else '-'} {self.line(line)}" for line in block.lines) + "\n"
        if isinstance(block, Terms):
            return "\n".join(f"- **{_safe(term.pick(self.lang))}** {self.line(line)}" for term, line in block.pairs) + "\n"
        if isinstance(block, Drawing):
            return f"```mermaid\n{clean(block.mermaid[self.lang])}\n```\n"
        return self._grid(block)

    def _grid(self, grid: Grid) -> str:
        rows = [[_safe(head.pick(self.lang)) for head in grid.heads], ["---"] * len(grid.heads)]
        for row in grid.rows:
            cells = [self.line(cell).replace("`|`", "`¦`") for cell in row.cells]
            rows.append([_anchor(row.anchor).strip() + cells[0], *cells[1:]])
        return "\n".join(f"| {' | '.join(cells)} |" for cells in rows) + "\n"

    def page(self, page: Page) -> str:
        title = f"{page.label} {page.title.pick(self.lang)}".strip()
        return "\n".join([f"# {_safe(title)}\n", *map(self.block, page.blocks)])


def _anchor(anchor: str) -> str:
    return f'<a id="{escape(anchor)}"></a>\n\n' if anchor else ""


def _place(page: str, anchor: str) -> str:
    return f"{page}.md#{anchor}" if anchor else f"{page}.md"


def files(book: Book, pages: list[Page], langs: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield the files: name, with the folder of the language, and contents."""
    for lang in langs:
        writer = _Writer(book, lang)
        for page in pages:
            yield f"{lang}/{page.name}.md", writer.page(page).encode()
