"""The pages of the handbook itself: each section's rules with what carries them, the rulings, the rules that are not carried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tmcs import rulebook
from tmcs.core.text import Text
from tmcs.manual.book import Book
from tmcs.manual.model import (
    Block,
    Cites,
    Code,
    Grid,
    Heading,
    Inline,
    Line,
    Link,
    Page,
    Para,
    Row,
    Spot,
    Terms,
    joined,
)
from tmcs.rulebook import KINDS, PLACES, Rule, Ruling, Section

_TYPES: Final = {"contradiction": "矛盾", "ambiguity": "歧义", "gap": "空缺", "cut_off": "中断"}
_AFFECTS: Final = {
    "money": "钱款", "routing": "路径", "deadline": "时限", "role": "角色", "wording": "说法", "evidence": "凭证",
    "schedule": "时间安排", "report": "报表",
}  # fmt: skip
_STATUS: Final = {"settled": Text("已定", "settled"), "unresolved": Text("未决", "open")}


class Carriers:
    """What of the other pages carries each rule and ruling."""

    def __init__(self, found: Mapping[str, list[Spot]]) -> None:
        self._found = found

    def links(self, id: str) -> list[Line]:
        """Return the links to every place that cites a rule or ruling."""
        return [[_place(spot)] for spot in self._found.get(id, [])]


def _place(spot: Spot) -> Link:
    if not spot.anchor or spot.name == spot.page.title:
        return Link(spot.page.name, spot.anchor, spot.page.title)
    name, title = spot.name, spot.page.title
    return Link(spot.page.name, spot.anchor, Text(f"{title.zh}：{name.zh}", f"{title.en}: {name.en}"))


def section_page(book: Book, section: Section, carriers: Carriers) -> Page:
    """Return the rules of one section."""
    excuses = {row.rule: row.excuse for row in book.traced if row.excuse is not None}
    blocks: list[Block] = [Para([section.purpose], "lead")] if section.purpose.zh else []
    users: list[Line] = [book.flow(flow.id) for flow in book.flows if flow.section == section.id]
    users += [[Link(f"job-{job.id}", "", Text(*job.title))] for job in book.jobs if job.section == section.id]
    if users:
        blocks.append(Para([Text("由这些执行：", "Carried out by: "), *joined(users)]))
    blocks.append(Heading(2, [Text("规则", "Rules")], "rules"))
    for rule in section.rules:
        blocks += _rule(rule.filled(), carriers, excuses.get(rule.id))
    return Page(f"rules-{section.id}", section.title, "rules", blocks, f"{section.id} {section.number}".strip())


def _rule(rule: Rule, carriers: Carriers, excuse: Text | None) -> list[Block]:
    kind = Text(KINDS.get(rule.kind, rule.kind), rule.kind)
    where = [Text(f" · {rule.where}", f" · {PLACES.get(rule.where, rule.where)}")] if rule.where else []
    pairs: list[tuple[Text, Line]] = []
    if rule.moment is not None:
        way = {"inbound": Text("（来电）", " (inbound)"), "outbound": Text("（外呼）", " (outbound)")}.get(rule.direction)
        pairs.append((Text("时机", "moment"), [rule.moment, *([way] if way else [])]))
        if rule.must_convey:
            pairs.append((Text("须说明", "must say"), joined([[text] for text in rule.must_convey], Text("；", "; "))))
    for ask in rule.asks:
        parts: list[Line] = [[answer, Text(" → ", " → "), Cites([to], quiet=True) if isinstance(to, str) else to] for answer, to in ask.answers]
        pairs.append((Text("询问", "asks"), [ask.question, Text("：", ": "), *joined(parts, Text("；", "; "))]))
    if rule.see:
        pairs.append((Text("参见", "see"), [Cites(rule.see, quiet=True)]))
    on = rulebook.rulings_on(rule.id)
    if on:
        pairs.append((Text("裁定", "rulings"), joined([[Link("rulings", one.id, Text(f"{one.id} {one.title.zh}", f"{one.id} {one.title.en}"))] for one in on])))
    links = carriers.links(rule.id)
    if links:
        pairs.append((Text("由谁执行", "carried by"), joined(links)))
    elif excuse is not None:
        pairs.append((Text("不办", "not carried"), [excuse]))
    name = Text(f"{rule.id} {kind.zh}", f"{rule.id} {kind.en}")
    return [Heading(4, [Code(rule.id), kind, *where], rule.id, name), Para([rule.statement]), *([Terms(pairs)] if pairs else [])]


def rulings_page(book: Book, carriers: Carriers) -> Page:
    """Return our rulings on the handbook's contradictions."""
    said = Text(
        "手册前后矛盾、含糊、有空缺或中断的地方：各方怎么说，我们照哪一条办，为什么。",
        "Where the handbook contradicts itself, is ambiguous, leaves a gap or breaks off: what each side says, the one rule we follow, and why.",
    )
    blocks: list[Block] = [Para([said], "lead"), Heading(2, [Text("裁定", "Rulings")], "rulings")]
    for one in book.rulings:
        blocks += _ruling(one, carriers)
    return Page("rulings", Text("矛盾与裁定", "Conflicts and rulings"), "rules", blocks)


def _ruling(ruling: Ruling, carriers: Carriers) -> list[Block]:
    affects = Text("、".join(_AFFECTS.get(one, one) for one in ruling.affects), ", ".join(ruling.affects))
    kind = Text(f"（{_TYPES.get(ruling.type, ruling.type)}）", f" ({ruling.type.replace('_', ' ')})")
    pairs: list[tuple[Text, Line]] = [(Text("一说", "one side"), [says, Cites(rules, quiet=True)]) for rules, says in ruling.sides]
    pairs += [(Text("照办", "we follow"), [ruling.resolution, Cites(ruling.follow, quiet=True)]), (Text("理由", "reason"), [ruling.reason])]
    dates: list[Inline] = [Text(f"{ruling.ruled}，{ruling.review} 复核", f"{ruling.ruled}, review {ruling.review}"), Text("，", ", "), ruling.owner]
    pairs += [(Text("影响", "affects"), [affects]), (Text("裁定日", "ruled"), dates)]
    if ruling.status != "settled":
        pairs.append((Text("状态", "status"), [_STATUS.get(ruling.status, Text(ruling.status, ruling.status))]))
    links = carriers.links(ruling.id)
    if links:
        pairs.append((Text("由谁执行", "carried by"), joined(links)))
    name = Text(f"{ruling.id} {ruling.title.zh}", f"{ruling.id} {ruling.title.en}")
    return [Heading(4, [Code(ruling.id), ruling.title, kind], ruling.id, name), Terms(pairs)]


def not_carried_page(book: Book) -> Page:
    """Return the rules that nothing carries out, with the reasons."""
    rows = []
    for row in book.traced:
        if row.carriers:
            continue
        statement = rulebook.rule(row.rule).filled().statement
        rows.append(Row([[Cites([row.rule], quiet=True)], [statement], [row.excuse or Text("还没有说明", "no reason is given yet")]]))
    total = len(book.traced)
    said = Text(f"手册共 {total} 条规则，其中 {len(rows)} 条没有谁执行。", f"The handbook has {total} rules; nothing carries out {len(rows)} of them.")
    heads = [Text("规则", "rule"), Text("内容", "what it says"), Text("为什么不办", "why not")]
    blocks: list[Block] = [Para([said], "lead"), Grid(heads, rows)]
    return Page("not-carried", Text("不办的规则", "Rules not carried"), "rules", blocks)
