"""A handbook as files: the pages of a book, written in the forms and languages that are asked for."""

from __future__ import annotations

from typing import Final

from tmcs.manual.book import Book
from tmcs.manual.pages import pages

FORMS: Final = ("html", "markdown", "both")
LANGS: Final = ("zh", "en", "both")


def build(book: Book, form: str = "both", lang: str = "both") -> dict[str, bytes]:
    """Return the files of a handbook by name; the same rules give the same bytes.

    Args:
        book: what is running.
        form: one of :data:`FORMS`: pages for a browser, Markdown in a folder for each language, or both.
        lang: one of :data:`LANGS`.
    """
    from tmcs.manual import html, markdown

    langs = ("zh", "en") if lang == "both" else (lang,)
    written = pages(book)
    found: dict[str, bytes] = {}
    if form != "markdown":
        found.update(html.files(book, written, langs))
    if form != "html":
        found.update(markdown.files(book, written, langs))
    return found
