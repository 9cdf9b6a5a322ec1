"""All pages of a handbook, in the order of its contents."""

from __future__ import annotations

from tmcs import rulebook
from tmcs.core.text import Text
from tmcs.manual.book import Book
from tmcs.manual.flow_page import common_page, flow_page
from tmcs.manual.glossary_page import glossary_page, wording_page
from tmcs.manual.graph_part import Drawn
from tmcs.manual.job_page import calendar_page, job_page
from tmcs.manual.model import PARTS, Block, Code, Heading, Inline, Items, Line, Link, Page, Para, Spot, spots
from tmcs.manual.policy_page import desk_page, policy_page
from tmcs.manual.rule_page import Carriers, not_carried_page, rulings_page, section_page

#: The page that a reader begins at.
INDEX = "index"
TITLE = Text("客服手册", "Service handbook")


def pages(book: Book) -> list[Page]:
    """Return every page; the rules are written last, for they lead back to all that carries them."""
    found = [flow_page(book, flow) for flow in book.flows]
    if book.flows:
        found.append(common_page(book, Drawn(book, book.flows[0])))
    found += [job_page(book, job) for job in book.jobs]
    found += [calendar_page(book), policy_page(book), desk_page(book), glossary_page(book), wording_page(book)]
    citing: dict[str, list[Spot]] = {}
    for page in found:
        for spot in spots(page):
            for id in dict.fromkeys(spot.cites):
                citing.setdefault(id, []).append(spot)
    carriers = Carriers(citing)
    found += [section_page(book, section, carriers) for section in rulebook.sections()]
    found += [rulings_page(book, carriers), not_carried_page(book)]
    return [_index(book, found), *found]


def _index(book: Book, found: list[Page]) -> Page:
    said = Text(
        "由正在运行的规则写成：流程、主动服务、政策数字、裁定，每句话都连到它的规则。",
        "Written from the running rules: flows, proactive jobs, policy figures, rulings; each sentence leads to its rule.",
    )
    blocks: list[Block] = [Para([said], "lead")]
    for kind, title in PARTS.items():
        lines = [_entry(book, page) for page in found if page.kind == kind]
        blocks += [Heading(2, [title], kind), Items(lines)]
    version = book.policy.version
    blocks.append(Para([Text(f"政策 {book.policy.id}，版本 {version}。", f"Policy {book.policy.id}, version {version}.")], "note"))
    return Page(INDEX, TITLE, "", blocks)


def _entry(book: Book, page: Page) -> Line:
    line: list[Inline] = [*([Code(page.label)] if page.label else []), Link(page.name, "", page.title)]
    brought = book.brought.get(page.name)
    if brought is not None:
        line += [Text("（插件）", " (plug-in)"), Code(" ".join(brought))]
    return line
