"""What a flow, a job's graph and the shared graph have in common on a page: chart, steps, questions, tables, scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tmcs.core.facts import Fact
from tmcs.core.flow import ASK, Flow, Graph
from tmcs.core.program import Effects, Node, Program, program
from tmcs.core.text import Text
from tmcs.manual.book import Book, page_of, pair, term
from tmcs.manual.drawing import LINE, draw, numbered
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
    Para,
    Row,
    Terms,
    joined,
)
from tmcs.render.chart import START, Chart, to_mermaid

_UNBROKEN: Final = 100_000  # columns: labels for a sentence, not for a box
_SIGNS: Final = {"<=": "≤", ">=": "≥", "<": "<", ">": ">", "=": "="}
_TYPES: Final = {
    "yes-no": ("是或否", "yes or no"), "choice": ("选择", "choice"), "money": ("金额（元）", "amount, CNY"), "number": ("数字", "number"),
    "date": ("日期", "date"), "text": ("文字", "text"),
}  # fmt: skip
_AMOUNTS: Final = {
    "order": ("整单实付", "all that was paid"), "units": ("所涉件数", "the units affected"), "whole": ("整件商品", "the whole item"),
}  # fmt: skip


class Drawn:
    """A flow's chart in both languages, and its boxes with the words of their arrows."""

    def __init__(self, book: Book, flow: Flow) -> None:
        self.book = book
        self.flow = flow
        self.page = page_of(flow)
        self.program: Program = program(flow, book.snapshot)
        self.charts = {lang: self._chart(lang, LINE) for lang in ("zh", "en")}
        said = {lang: self._chart(lang, _UNBROKEN) for lang in ("zh", "en")}
        boxes = [box for box in numbered(said["zh"]) if box.node is not None]
        self.nodes: list[tuple[str, Node]] = [(box.id, box.node) for box in boxes if box.node is not None]
        self.numbers = {box.id: str(n) for n, box in enumerate(boxes, 1)}
        both = zip(said["zh"].boxes, said["en"].boxes, strict=True)
        self.labels: dict[str, Text] = {zh.id: _flat(zh.label, en.label) for zh, en in both}
        self.branches: dict[str, list[tuple[str, Text]]] = {}
        for zh, en in zip(said["zh"].edges, said["en"].edges, strict=True):
            self.branches.setdefault(zh.source, []).append((zh.target, _flat(zh.label, en.label)))

    def _chart(self, lang: str, line: int) -> Chart:
        titles = {one.id: one.title[lang == "en"] for one in self.book.flows}
        return Chart(self.program, lang, titles=titles, line=line)

    def drawing(self) -> Drawing:
        """Return the chart; each box leads to what is said of it below."""
        links = {START: "common.html"} | {box: f"#{self._anchor(node)}" for box, node in self.nodes}
        title = pair(self.flow.title)
        svg = {lang: draw(chart, title.pick(lang), links) for lang, chart in self.charts.items()}
        # Mermaid is told unlinked and with lines of its own: what reads it lays it out itself.
        return Drawing(title, svg, {lang: to_mermaid(chart) for lang, chart in self.charts.items()})

    @staticmethod
    def _anchor(node: Node) -> str:
        return f"node-{node.name}"

    def link(self, box: str) -> Link:
        """Return the link to a box by its id."""
        label, number = self.labels[box], self.numbers[box]
        node = dict(self.nodes)[box]
        return Link(self.page, self._anchor(node), Text(f"{number} {label.zh}", f"{number} {label.en}"))

    # ---- the steps ----------------------------------------------------------------------------------------------------

    def steps(self) -> list[Block]:
        """Return what is asked and done at each box, in the order of the chart."""
        blocks: list[Block] = []
        for box, node in self.nodes:
            label = self.labels[box]
            number = self.numbers[box]
            name = Text(f"{number} {label.zh}", f"{number} {label.en}")
            blocks.append(Heading(4, [Code(number), label, Cites(node.cites)], self._anchor(node), name))
            blocks += self._said(box, node)
        return blocks

    def _said(self, box: str, node: Node) -> list[Block]:
        blocks: list[Block] = []
        if node.fx is not None:
            texts: list[Line] = [[self.book.filled(pair(text), self.flow), Cites(cites)] for text, cites in node.fx.steps]
            if texts:
                blocks.append(Items(texts, ordered=len(texts) > 1))
        pairs = self._asked(node) + (effects(self.book, node.fx, self.flow, self.page) if node.fx is not None else [])
        if node.outcome is not None and node.jump is None:
            pairs.append((Text("结论", "outcome"), [Link("glossary", f"outcomes-{node.outcome}", term("outcomes", node.outcome))]))
        if node.jump is not None:
            pairs.append((Text("转入流程", "goes on in"), self.book.flow(node.jump)))
        if pairs:
            blocks.append(Terms(pairs))
        arrows = [] if node.jump is not None else self.branches.get(box, [])
        if arrows:
            blocks.append(Items([[*([said, Text(" → ", " → ")] if said.zh else []), self.link(to)] for to, said in arrows]))
        return blocks

    def _asked(self, node: Node) -> list[tuple[Text, Line]]:
        pairs: list[tuple[Text, Line]] = []
        if node.kind is ASK and node.fact_def is not None:
            pairs.append((Text("问", "asks"), [pair(node.fact_def.ask), *_in_brackets(self.book.fact(node.fact, self.flow))]))
        elif node.table is not None:
            own = node.fact in self.flow.tables
            link = [Link(self.page, f"table-{node.fact}", pair(node.table.title))] if own else self.book.fact(node.fact)
            pairs.append((Text("判定", "decided by"), link))
        if node.awaits is not None:
            pairs.append((Text("等到", "awaited until"), self.book.deadline(node.awaits.name)))
        if node.wait is not None:
            party, fact, due = node.wait
            line: list[Inline] = [term("parties", party), *_in_brackets(self.book.fact(fact, self.flow))]
            if due is not None:
                line += [Text("，", ", "), *self.book.deadline(due.name)]
            pairs.append((Text("等待", "waits for"), line))
        return pairs


def _flat(zh: str, en: str) -> Text:
    return Text(zh.replace("\n", " · "), en.replace("\n", " · "))


def _in_brackets(line: Line) -> list[Inline]:
    return [Text("（", " ("), *line, Text("）", ")")]


def effects(book: Book, fx: Effects, flow: Flow | None, page: str) -> list[tuple[Text, Line]]:
    """Return what happens at a node, besides its steps, as named lines."""
    pairs: list[tuple[Text, Line]] = []
    for script in fx.say:
        home = page if flow is not None and script.moment in flow.scripts else "common"
        pairs.append((Text("话术", "say"), [Link(home, f"script-{script.moment}", pair(script.when) if script.when else Text(script.moment, script.moment))]))
    for queue, what, due in fx.tasks:
        line = [*book.queue(queue), Text("：", ": "), book.filled(pair(what), flow)]
        pairs.append((Text("转交", "hand over"), line + ([Text("，", ", "), *book.deadline(due.name)] if due is not None else [])))
    for reason in fx.pays:
        pairs.append((Text("赔付", "payout"), book.payout(reason.name)))
    if fx.refund is not None:
        pairs.append((Text("退款", "refund"), _refund(book, flow, page, *fx.refund)))
    if fx.goods is not None:
        pairs.append((Text("货物", "goods"), _named(book, flow, page, "goods", fx.goods)))
    for one in fx.dues:
        pairs.append((Text("时限", "deadline"), book.deadline(one.name)))
    if fx.next is not None:
        sets = [f"{name}={value}" for name, value in fx.next_sets.items()]
        pairs.append((Text("接着走", "goes on in"), [*book.flow(fx.next), *(Code(one) for one in sets)]))
    return pairs


def _named(book: Book, flow: Flow | None, page: str, section: str, word: str) -> list[Inline]:
    """Return a word of the contract, or the table that gives it."""
    if not word.startswith("@"):
        return [term(section, word)]
    name = word[1:]
    if flow is not None and name in flow.tables:
        return [Text("按", "by "), Link(page, f"table-{name}", pair(flow.tables[name]["title"]))]
    return [Text("按", "by "), *book.fact(name, flow)]


def _refund(book: Book, flow: Flow | None, page: str, route: str, amount: str) -> list[Inline]:
    line = _named(book, flow, page, "routes", route)
    known = _AMOUNTS.get(amount)
    return [*line, *_in_brackets([pair(known)] if known else book.fact(amount, flow))]


# ---- questions, tables, scripts --------------------------------------------------------------------------------------------


def answers(fact: Fact) -> Line:
    """Return the answers that a fact takes, in words, each with its name."""
    if fact.type == "choice":
        return joined([[pair(label), Code(value)] for value, label in fact.labels.items()])
    return [pair(_TYPES[fact.type])]


def fact_row(book: Book, fact: Fact, anchor: str) -> Row:
    """Return the row of one fact: its name, its question, who knows it, its answers."""
    more: list[Inline] = [term("parties", fact.source)]
    if fact.default is not None:
        more += [Text("；默认 ", "; default "), Text(fact.words(fact.default, "zh"), fact.words(fact.default, "en"))]
    if fact.optional:
        more.append(Text("；可缺", "; optional"))
    return Row([[pair(fact.label), Code(fact.name)], [pair(fact.ask)], more, [*answers(fact), Cites(fact.cites)]], anchor, pair(fact.label))


FACT_HEADS: Final = [Text("事实", "fact"), Text("怎样问", "how it is asked"), Text("谁知道", "who knows"), Text("答案", "answers")]


def questions(book: Book, flow: Flow) -> list[Block]:
    """Return the facts that a flow asks, its own with their rules; shared ones stand in the glossary."""
    names = [*flow.listed, *(name for name in flow.facts if name not in flow.listed)]
    rows = []
    for name in names:
        own = flow.facts.get(name)
        if own is not None:
            rows.append(fact_row(book, own, f"fact-{name}"))
        elif (shared := flow.fact(name)) is not None:
            cells: list[Line] = [book.fact(name), [pair(shared.ask)], [term("parties", shared.source)], answers(shared)]
            rows.append(Row(cells))
    return [Grid(FACT_HEADS, rows)] if rows else []


def condition(book: Book, when: Mapping[str, Any], flow: Flow | None) -> Line:
    """Return the conditions of a row in words; none: whatever else."""
    if not when:
        return [Text("其余", "whatever else")]
    parts: list[Line] = []
    for name, test in when.items():
        fact = (flow.fact(name) if flow is not None else None) or book.shared.get(name)
        label: Line = [pair(fact.label)] if fact is not None else [Text("层级", "tier") if name == "tier" else Text(name, name)]
        if "in" in test:
            words = [_value(book, fact, name, value) for value in test["in"]]
            parts.append([*label, Text(" = ", " = "), *joined([[one] for one in words], Text(" 或 ", " or "))])
        else:
            said = [f"{_SIGNS[sign]} {_operand(book, operand)}" for sign, operand in test["cmp"]]
            parts.append([*label, Text(" " + " 且 ".join(said), " " + " and ".join(said))])
    return joined(parts, Text("，", ", "))


def _value(book: Book, fact: Fact | None, name: str, value: str) -> Text:
    if name == "tier":
        return pair(book.snapshot.tier_labels[value])
    if fact is None:
        return Text(value, value)
    if fact.type == "yes-no":
        return {"yes": Text("是", "yes"), "no": Text("否", "no")}.get(value, Text(value, value))
    return Text(fact.words(value, "zh"), fact.words(value, "en"))


def _operand(book: Book, operand: str) -> str:
    return str(book.data["limits"][operand[1:]]["value"]) if operand.startswith("$") else operand


def table(book: Book, name: str, normal: Mapping[str, Any], flow: Flow | None, anchor: str) -> list[Block]:
    """Return one decision table: its rows in their order, each with its result and rules."""
    title = pair(normal["title"]) if any(normal["title"]) else Text(name, name)
    first = normal["hit"] == "first"
    said = Text("从上往下，第一行符合的算数。", "The first row that matches holds.") if first else Text("只有一行符合。", "Exactly one row matches.")
    words = normal["values"]
    rows = [
        Row([condition(book, row["when"], flow), [pair(words[row["is"]]) if row["is"] in words else Code(row["is"])], [Cites(row["cite"])]])
        for row in normal["rows"]
    ]
    heads = [Text("情形", "case"), Text("结果", "result"), Text("依据", "rules")]
    return [Heading(4, [title, Code(name), Cites(normal["cite"])], anchor, title), Para([said]), Grid(heads, rows)]


def tables(book: Book, flow: Flow) -> list[Block]:
    """Return the decision tables of a flow."""
    return [block for name, normal in flow.tables.items() for block in table(book, name, normal, flow, f"table-{name}")]


_DIRECTIONS: Final = {"inbound": ("来电", "inbound"), "outbound": ("外呼", "outbound")}


def scripts(book: Book, graph: Graph, flow: Flow | None) -> list[Block]:
    """Return the words of a graph, each with the moment it is said at."""
    blocks: list[Block] = []
    for moment, normal in graph.scripts.items():
        when = pair(normal["when"]) if normal["when"] else Text(moment, moment)
        way = _DIRECTIONS.get(normal.get("direction", ""))
        line: list[Inline] = [when, *([Text(f"（{way[0]}）", f" ({way[1]})")] if way else []), Code(moment), Cites(normal["cite"])]
        blocks.append(Heading(4, line, f"script-{moment}", when))
        blocks.append(Para([book.filled(pair([normal["zh"], normal["en"]]), flow)], "said"))
        if normal.get("otherwise"):
            blocks.append(Para([Text("还不知道其中的数字时：", "While its figures are not known:")]))
            blocks.append(Para([book.filled(pair(normal["otherwise"]), flow)], "said"))
    return blocks


def used(nodes: Iterable[Node]) -> dict[str, list[str]]:
    """Return the payouts, deadlines and queues that nodes use, each once, in the order met."""
    found: dict[str, dict[str, None]] = {"payouts": {}, "deadlines": {}, "queues": {}}
    for node in nodes:
        dues = [node.awaits, node.wait[2] if node.wait is not None else None]
        if node.fx is not None:
            dues += [*node.fx.dues, *(due for _, _, due in node.fx.tasks)]
            found["payouts"] |= dict.fromkeys(one.name for one in node.fx.pays)
            found["queues"] |= dict.fromkeys(queue for queue, _, _ in node.fx.tasks)
        found["deadlines"] |= dict.fromkeys(one.name for one in dues if one is not None)
    return {name: list(names) for name, names in found.items()}


def excuses(not_executable: Mapping[str, Any]) -> list[Block]:
    """Return the rules that nothing can carry out, with the reasons."""
    rows = [Row([[Cites([rule], quiet=True)], [pair(reason)]]) for rule, reason in sorted(not_executable.items())]
    return [Grid([Text("规则", "rule"), Text("为什么不办", "why not")], rows)] if rows else []
