"""The page of words: shared facts and their answers, outcomes, statuses and the other fixed words, and what must not be said."""

from __future__ import annotations

from typing import Final

from tmcs.core.text import Text
from tmcs.manual.book import Book
from tmcs.manual.flow_page import shared_facts
from tmcs.manual.model import Block, Code, Grid, Heading, Line, Link, Page, Para, Row
from tmcs.render.words import words

_SECTIONS: Final = {
    "outcomes": ("结论", "Outcomes"), "status": ("状态", "Statuses"), "routes": ("退款方式", "Refund routes"), "goods": ("货物", "Goods"),
    "forms": ("赔付形式", "Forms of payouts"), "offers": ("怎样提出", "How a payout is offered"), "kinds": ("款项种类", "Kinds of payment"),
    "parties": ("各方", "Parties"), "sources": ("来源", "Sources"),
}  # fmt: skip


def glossary_page(book: Book) -> Page:
    """Return the page of words."""
    blocks: list[Block] = [
        Para([Text("手册里的固定说法。各流程自己的事实在各自的页上。", "The fixed words of the handbook. A flow's own facts stand on its page.")], "lead"),
        Heading(2, [Text("共用的事实", "Shared facts")], "facts"),
        shared_facts(book),
    ]
    for section, found in words().items():
        zh, en = _SECTIONS.get(section, (section, section))
        rows = []
        for word, said in found.items():
            name = Text(said["zh"], said["en"])
            rows.append(Row([[name], [Code(word)]], f"{section}-{word}", name))
        blocks += [Heading(2, [Text(zh, en)], section), Grid([Text(zh, en), Text("名称", "name")], rows)]
    blocks += [Heading(2, [Text("各流程的事实", "Facts of the flows")], "own-facts"), _own(book)]
    return Page("glossary", Text("词汇", "Glossary"), "desk", blocks)


def _own(book: Book) -> Grid:
    """Return the flows' own facts by name, each with the flows that define it."""
    found: dict[str, list[Line]] = {}
    for flow in [*book.flows, *(job.flow for job in book.jobs)]:
        page = flow.id if flow.id.startswith("job-") else f"flow-{flow.id}"
        for name, fact in flow.facts.items():
            label = Text(f"{flow.title[0]}：{fact.label[0]}", f"{flow.title[1]}: {fact.label[1]}")
            found.setdefault(name, []).append([Link(page, f"fact-{name}", label)])
    rows = []
    for name in sorted(found):
        line: list[Link | Text] = []
        for n, one in enumerate(found[name]):
            line += [*([Text("、", ", ")] if n else []), *one]  # type: ignore[list-item]
        rows.append(Row([[Code(name)], line]))
    return Grid([Text("事实", "fact"), Text("在哪里", "where")], rows)
