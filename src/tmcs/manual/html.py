"""Pages as a static site: one HTML file each, with a small style sheet, a search over an index, and nothing fetched from elsewhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from tmcs.core.safe import clean, one_line
from tmcs.core.text import Text
from tmcs.manual.book import Book
from tmcs.manual.model import (
    PARTS,
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
    Row,
    Terms,
    apart,
    spots,
)  # fmt: skip
from tmcs.manual.pages import INDEX, TITLE

_HERE: Final = os.path.dirname(os.path.abspath(__file__))
_TAGS: Final = {"zh": "zh-CN", "en": "en"}
#: A text longer than this stands below its other language, not beside it.
_BESIDE: Final = 24
_CARDS: Final = 4  # columns
_MOST: Final = 400  # characters of one entry of the index
# What the pages have no use for is forbidden, should a text ever get past the escaping. `file:` for browsers to which a file is no 'self'.
_POLICY: Final = "default-src 'none'; style-src 'self' file:; script-src 'self' file:; base-uri 'none'; form-action 'none'"
_WORDS: Final = {
    "search": Text("搜索", "Search"), "contents": Text("目录", "Contents"), "skip": Text("跳到正文", "Skip to the text"),
    "language": Text("语言", "Language"), "page": Text("本页", "This page"),
}  # fmt: skip


class _Writer:
    """Writes the pages of one handbook in one language or both."""

    def __init__(self, book: Book, pages: list[Page], langs: tuple[str, ...]) -> None:
        self.book = book
        self.pages = pages
        self.langs = langs

    # ---- words --------------------------------------------------------------------------------------------------------

    def words(self, text: Text) -> str:
        """Return a text in each language, marked as such."""
        if len(self.langs) == 1:
            return _safe(text.pick(self.langs[0]))
        if text.zh == text.en:
            return _safe(text.zh)
        beside = " s" if len(text.en) <= _BESIDE else ""
        return f'<span class="zh" lang="zh-CN">{_safe(text.zh)}</span><span class="en{beside}" lang="en">{_safe(text.en)}</span>'

    def line(self, line: Line) -> str:
        """Return a line: in each language as a whole, with what is the same in both, at its beginning and end, only once."""
        if len(self.langs) == 1 or not any(isinstance(one, Text | Link) for one in line):
            return self._in(line, self.langs[0])
        first, last = 0, len(line)
        while not isinstance(line[first], Text | Link):
            first += 1
        while not isinstance(line[last - 1], Text | Link):
            last -= 1
        if first and not apart(line[first - 1], line[first]):
            first = 0  # a mark belongs to the name before it
        if last < len(line) and not apart(line[last - 1], line[last]):
            last += 1
        while last < len(line) and any(isinstance(one, Code) for one in line[first:last]) and isinstance(line[last], Code):
            last += 1  # of several names the last belongs to its words as the others do
        said = {lang: self._in(line[first:last], lang) for lang in self.langs}
        beside = " s" if len(_plain(line[first:last], "en")) <= _BESIDE else ""
        if said["zh"] == said["en"]:
            middle = said["zh"]
        else:
            middle = f'<span class="zh" lang="zh-CN">{said["zh"]}</span><span class="en{beside}" lang="en">{said["en"]}</span>'
        return " ".join(part for part in (self._in(line[:first], "zh"), middle, self._in(line[last:], "zh")) if part)

    def _in(self, line: Line, lang: str) -> str:
        """Return a line in one language, its parts a space apart where their marks do not bring their own."""
        said, last = "", None
        for one in line:
            part = self._inline(one, lang)
            if part:
                said += (" " if last is not None and apart(last, one) else "") + part
                last = one
        return said

    def _inline(self, one: Inline, lang: str) -> str:
        if isinstance(one, Text):
            return _safe(one.pick(lang))
        if isinstance(one, Code):
            return f"<code>{_safe(one.text)}</code>" if one.text else ""
        if isinstance(one, Link):
            return f'<a href="{_href(one.page, one.anchor)}">{_safe(one.text.pick(lang))}</a>'
        cites = " ".join(map(self._cite, one.ids))
        return f'<span class="cites">{cites}</span>' if cites else ""

    def _cite(self, id: str) -> str:
        place = self.book.rule_place(id)
        return f'<a href="{_href(*place)}">{_safe(id)}</a>' if place else f"<code>{_safe(id)}</code>"

    # ---- blocks -------------------------------------------------------------------------------------------------------

    def block(self, block: Block) -> str:
        if isinstance(block, Heading):
            mark = f' id="{escape(block.anchor)}"' if block.anchor else ""
            return f"<h{block.level}{mark}>{self.line(block.line)}</h{block.level}>\n"
        if isinstance(block, Para):
            kind = f' class="{block.kind}"' if block.kind else ""
            return f"<p{kind}>{self.line(block.line)}</p>\n"
        if isinstance(block, Items):
            tag = "ol" if block.ordered else "ul"
            return f"<{tag}>\n{''.join(f'<li>{self.line(line)}</li>{chr(10)}' for line in block.lines)}</{tag}>\n"
        if isinstance(block, Terms):
            pairs = "".join(f"<dt>{self.words(term)}</dt><dd>{self.line(line)}</dd>\n" for term, line in block.pairs)
            return f"<dl>\n{pairs}</dl>\n"
        if isinstance(block, Grid):
            return self._grid(block)
        return self._drawing(block)

    def _grid(self, grid: Grid) -> str:
        heads = [self.words(head) for head in grid.heads]
        # Where a telephone has no room for so many columns, each row stands as a card, and each cell says what it is.
        labels = heads if len(heads) >= _CARDS else []
        rows = "".join(self._row(row, labels) for row in grid.rows)
        mark = ' class="cards"' if labels else ""
        top = "".join(f'<th scope="col">{head}</th>' for head in heads)
        return f'<div class="table" tabindex="0"><table{mark}>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n'

    def _row(self, row: Row, labels: list[str]) -> str:
        mark = f' id="{escape(row.anchor)}"' if row.anchor else ""
        cells = []
        for n, cell in enumerate(row.cells):
            said = self.line(cell)
            label = f'<span class="h" aria-hidden="true">{labels[n]}</span>' if labels and n and said else ""
            cells.append(f"<td>{label}{said}</td>")
        return f"<tr{mark}>{''.join(cells)}</tr>\n"

    def _drawing(self, drawing: Drawing) -> str:
        parts = []
        for lang in self.langs:
            mark = f' class="{lang}"' if len(self.langs) > 1 else ""
            charts = "\n".join(drawing.svg[lang].values())
            parts.append(f'<figure{mark} lang="{_TAGS[lang]}">\n{charts}\n</figure>\n')
        return "".join(parts)

    # ---- the page around them -----------------------------------------------------------------------------------------

    def page(self, page: Page) -> str:
        """Return one page as an HTML document."""
        lang = self.langs[0]
        name = _both(page.title, self.langs)
        title = name if page.name == INDEX else f"{name} · {_both(TITLE, self.langs)}"
        label = f"<code>{_safe(page.label)}</code> " if page.label else ""
        mark = self._mark(page)
        body = "".join(map(self.block, page.blocks))
        show = "both" if len(self.langs) > 1 else lang
        return (
            f'<!DOCTYPE html>\n<html lang="{_TAGS[lang]}" data-show="{show}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{_safe(title)}</title>\n"
            '<link rel="stylesheet" href="style.css">\n<script src="search.js" defer></script>\n</head>\n<body>\n'
            f'<a class="skip" href="#text">{self.words(_WORDS["skip"])}</a>\n{self._head()}'
            f'<div class="columns">\n{self._contents(page)}<main id="text">\n<h1>{label}{self.words(page.title)}{mark}</h1>\n'
            f"{self._on_page(page)}{body}</main>\n</div>\n</body>\n</html>\n"
        )

    def _mark(self, page: Page) -> str:
        brought = self.book.brought.get(page.name)
        return f' <span class="mark">{self.words(Text("插件", "plug-in"))} {_safe(" ".join(brought))}</span>' if brought else ""

    def _head(self) -> str:
        switch = ""
        if len(self.langs) > 1:
            names = (("zh", "中文", "zh-CN"), ("en", "English", "en"), ("both", "双语", "zh-CN"))
            buttons = "".join(f'<button type="button" data-lang="{key}" lang="{tag}" aria-pressed="false">{name}</button>' for key, name, tag in names)
            switch = f'<div class="switch" role="group" aria-label="{_safe(_both(_WORDS["language"], self.langs))}" hidden>{buttons}</div>'
        said = _safe(_both(_WORDS["search"], self.langs))
        find = (
            f'<form class="find" role="search" hidden><input id="find" type="search" autocomplete="off" placeholder="{said}" aria-label="{said}"'
            ' aria-controls="found"></form>'
        )
        home = f'<a class="home" href="{INDEX}.html">{self.words(TITLE)}</a>'
        found = '<ol id="found" hidden></ol>\n<p id="count" role="status" class="hidden"></p>'
        return f"<header>\n{home}\n{find}{switch}\n{found}\n</header>\n"


    def _contents(self, page: Page) -> str:
        parts = []
        for kind, title in PARTS.items():
            links = "".join(self._entry(one, page) for one in self.pages if one.kind == kind)
            opened = " open" if kind == page.kind else ""
            parts.append(f"<details{opened}><summary>{self.words(title)}</summary><ul>{links}</ul></details>\n")
        return f'<nav aria-label="{_safe(_both(_WORDS["contents"], self.langs))}">\n{"".join(parts)}</nav>\n'

    def _entry(self, one: Page, page: Page) -> str:
        here = ' aria-current="page"' if one is page else ""
        label = f"<code>{_safe(one.label.split()[0])}</code> " if one.label else ""
        return f'<li><a href="{one.name}.html"{here}>{label}{self.words(one.title)}</a></li>'

    def _on_page(self, page: Page) -> str:
        heads = [block for block in page.blocks if isinstance(block, Heading) and block.level == 2 and block.anchor]
        if len(heads) < 3 or page.name == INDEX:
            return ""
        links = "".join(f'<li><a href="#{escape(one.anchor)}">{self.line(one.line)}</a></li>' for one in heads)
        return f'<ul class="onpage" aria-label="{_safe(_both(_WORDS["page"], self.langs))}">{links}</ul>\n'

    # ---- the index of the search --------------------------------------------------------------------------------------

    def index(self) -> str:
        """Return the places of all pages with their words, for the search, as a script: a page from a file may fetch none."""
        entries = []
        for page in self.pages:
            for spot in spots(page):
                said = {lang: " ".join(_plain(line, lang) for line in spot.lines) for lang in self.langs}
                if not any(said.values()) and spot.anchor:
                    continue
                names = [spot.name.pick(lang) if spot.anchor else page.title.pick(lang) for lang in self.langs]
                titles = [page.title.pick(lang) for lang in self.langs]
                entries.append([_href(page.name, spot.anchor), page.label, *names, *titles, *(said[lang][:_MOST] for lang in self.langs)])
        lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in entries)
        # Nothing is markup within a script file, and yet; and JavaScript once took these separators for line ends.
        lines = lines.replace("</", "<\\/").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        return f"window.HANDBOOK = {{langs: {len(self.langs)}, entries: [\n{lines}\n]}};\n"


def _plain(line: Line, lang: str) -> str:
    parts = []
    for one in line:
        if isinstance(one, Cites):
            parts += one.ids
        elif isinstance(one, Text):
            parts.append(one.pick(lang))
        elif isinstance(one, Link):
            parts.append(one.text.pick(lang))
        else:
            parts.append(one.text)
    return " ".join(clean(part) for part in parts if part)


def _both(text: Text, langs: Iterable[str]) -> str:
    return " · ".join(dict.fromkeys(text.pick(lang) for lang in langs))


def _safe(text: str) -> str:
    return escape(one_line(text))


def _href(page: str, anchor: str) -> str:
    return escape(f"{page}.html#{anchor}" if anchor else f"{page}.html")


def files(book: Book, pages: list[Page], langs: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the site: name and contents."""
    writer = _Writer(book, pages, langs)
    for page in pages:
        yield f"{page.name}.html", writer.page(page).encode()
    yield "index.js", writer.index().encode()
    for name in ("style.css", "search.js"):
        with open(os.path.join(_HERE, name), "rb") as file:
            yield name, file.read()
