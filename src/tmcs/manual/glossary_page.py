"""The pages of words: shared facts and their answers, outcomes, statuses and the other fixed words; and the rules of wording."""

from __future__ import annotations

from typing import Final

from tmcs.core.text import Text
from tmcs.manual.book import Book, page_of, pair
from tmcs.manual.flow_page import shared_facts
from tmcs.manual.model import Block, Cites, Code, Grid, Heading, Line, Link, Page, Para, Row, joined
from tmcs.render.words import words

_SECTIONS: Final = {
    "outcomes": ("结论", "Outcomes"), "status": ("状态", "Statuses"), "routes": ("退款方式", "Refund routes"), "goods": ("货物", "Goods"),
    "forms": ("赔付形式", "Forms of payouts"), "offers": ("怎样提出", "How a payout is offered"), "kinds": ("款项种类", "Kinds of payment"),
    "parties": ("各方", "Parties"), "sources": ("来源", "Sources"),
}  # fmt: skip
_SEVERITIES: Final = {"error": Text("不可", "never"), "warning": Text("慎用", "with care")}


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


def wording_page(book: Book) -> Page:
    """Return what must not, or must, be said to a customer, each with its reason, better words and rules."""
    from tmcs.core.wording_reader import OFF
    from tmcs.wording import load_wording

    rows = []
    for name, rule in load_wording()["rules"].items():
        if rule["severity"] == OFF:
            continue
        why, better = pair(rule["why"]), rule.get("better")
        said_words = joined([[Code(word)] for word in rule["phrases"] or rule["missing"]])
        words: Line = [Text("须有其一：", "one of these must be said: "), *said_words] if rule["missing"] else said_words
        cells: list[Line] = [
            [why, Code(name)], [_SEVERITIES.get(rule["severity"], Text(rule["severity"], rule["severity"]))], words,
            [book.filled(pair(better))] if better else [], [Cites(rule.get("cite") or [])],
        ]  # fmt: skip
        rows.append(Row(cells, f"wording-{name}", why))
    said = Text("对客户怎样说、不能怎样说；话术都照此检查过。", "How to put things to a customer, and how not to; the scripts are held against it.")
    heads = [
        Text("为什么", "why"), Text("程度", "severity"), Text("说法", "words"), Text("换成", "better"), Text("依据", "rules"),
    ]  # fmt: skip
    return Page("wording", Text("用语规则", "Rules of wording"), "desk", [Para([said], "lead"), Grid(heads, rows)])


def _own(book: Book) -> Grid:
    """Return the flows' own facts by name, each with the flows that define it."""
    found: dict[str, list[Line]] = {}
    for flow in [*book.flows, *(job.flow for job in book.jobs)]:
        for name, fact in flow.facts.items():
            label = Text(f"{flow.title[0]}：{fact.label[0]}", f"{flow.title[1]}: {fact.label[1]}")
            found.setdefault(name, []).append([Link(page_of(flow), f"fact-{name}", label)])
    rows = [Row([[Code(name)], joined(found[name])]) for name in sorted(found)]
    return Grid([Text("事实", "fact"), Text("在哪里", "where")], rows)
