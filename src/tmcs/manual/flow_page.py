"""The page of a flow, and that of the shared graph around every flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tmcs import rulebook
from tmcs.core.flow import ASK, LEAF, Flow
from tmcs.core.program import Node
from tmcs.core.text import Text
from tmcs.manual.book import Book, page_of, pair, term
from tmcs.manual.graph_part import FACT_HEADS, Drawn, effects, excuses, fact_row, questions, scripts, tables, used
from tmcs.manual.model import (
    Block,
    Cites,
    Code,
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
    joined,
)
from tmcs.manual.policy_page import payout_grid
from tmcs.render.branches import value_words
from tmcs.rulebook import Section

_STATES: Final = {
    "closed": ("交易已关闭", "closed"), "undispatched": ("尚未发货", "not dispatched"), "dispatched": ("已经发货", "dispatched"),
    "refunding": ("已有退款在进行或已退", "refund running or done"), "item": ("几件商品没说哪件", "several items, none named"),
}  # fmt: skip
_BRANCHED: Final = {
    "route": ("哪种退款？", "which refund?"), "payout_form": ("赔付形式？", "form of the payout?"),
    "payout_offer": ("赔付怎样提出？", "how is the payout offered?"),
}  # fmt: skip
_LEGEND: Final = Text(
    "蓝框是问题，白框是步骤，绿框是结论，黄框等待，紫框转流程，红框不受理或上报；虚线框指向图中别处同号的框。点框看说明。",
    "Blue asks, white does, green ends, yellow waits, violet goes on in another flow, red refuses or passes up; a dashed box stands for "
    "the box of its number elsewhere in the chart. Each box leads to its text below.",
)
_GUARDS: Final = {
    "own": ("流程自办", "the flow deals with it"), "explain": ("解释后结束", "explain, and end"), "needed": ("先问清", "asked first"),
}  # fmt: skip


def flow_page(book: Book, flow: Flow) -> Page:
    """Return the page of one flow."""
    drawn = Drawn(book, flow)
    blocks: list[Block] = [*opening(book, page_of(flow), flow.section, flow.id, flow.aliases), *_guards(book, flow)]
    blocks += graph_blocks(book, drawn)
    blocks += _goes_on(book, flow)
    missing = excuses(flow.not_executable)
    if missing:
        blocks += [Heading(2, [Text("不办的规则", "Rules not carried")], "not-carried"), *missing]
    return Page(page_of(flow), pair(flow.title), "flows", blocks, flow.section)


def section_of(name: str) -> Section | None:
    """Return a section of the handbook or of a plug-in's rules, None where there is none."""
    return rulebook.section(name) if name in rulebook.section_ids() else None


def opening(book: Book, page: str, section: str, id: str, aliases: list[str]) -> list[Block]:
    """Return how the page of a flow or job begins: purpose, names, section, and who brings it."""
    found = section_of(section)
    blocks: list[Block] = []
    if found is not None and found.purpose.zh:
        blocks.append(Para([found.purpose], "lead"))
    link: Line = [Link(f"rules-{section}", "", found.title), Code(f"{section} {found.number}".strip())] if found else [Code(section)]
    pairs: list[tuple[Text, Line]] = [(Text("手册", "handbook"), link), (Text("名称", "name"), [Code(id)])]
    if aliases:
        pairs.append((Text("又叫", "also called"), joined([[Code(one)] for one in aliases])))
    brought = book.brought.get(page)
    if brought is not None:
        pairs.append((Text("插件", "plug-in"), [Text("由插件提供：", "brought by the plug-in "), Code(" ".join(brought))]))
    blocks.append(Terms(pairs))
    return blocks


def graph_blocks(book: Book, drawn: Drawn) -> list[Block]:
    """Return the parts of a page that come from the graph: chart, questions, steps, tables, scripts, figures."""
    flow = drawn.flow
    blocks: list[Block] = [Heading(2, [Text("流程图", "Chart")], "chart"), drawn.drawing(), Para([_LEGEND], "note")]
    asked = questions(book, flow)
    if asked:
        blocks += [Heading(2, [Text("要问清的事", "Questions")], "questions"), *asked]
    blocks += [Heading(2, [Text("步骤", "Steps")], "steps"), *drawn.steps()]
    decided = tables(book, flow)
    if decided:
        blocks += [Heading(2, [Text("判定表", "Decision tables")], "tables"), *decided]
    words = scripts(book, flow, flow)
    if words:
        blocks += [Heading(2, [Text("话术", "Scripts")], "scripts"), *words]
    return blocks + _figures(book, drawn)


def _figures(book: Book, drawn: Drawn) -> list[Block]:
    found = used(node for _, node in drawn.nodes)
    blocks: list[Block] = []
    if found["payouts"]:
        blocks += [Heading(2, [Text("赔付", "Payouts")], "payouts"), payout_grid(book, found["payouts"], drawn.flow, anchored=False)]
    if found["deadlines"]:
        blocks += [Heading(2, [Text("时限", "Deadlines")], "deadlines"), Items([book.deadline(name) for name in found["deadlines"]])]
    if found["queues"]:
        blocks += [Heading(2, [Text("转交的队列", "Queues")], "queues"), Items([book.queue(name) for name in found["queues"]])]
    return blocks


def _guards(book: Book, flow: Flow) -> list[Block]:
    """Return what becomes of an order in a state that the flow is not made for."""
    rows = []
    for name, word in flow.guard.items():
        said: list[Inline] = [pair(_GUARDS[word])] if word in _GUARDS else [Text("转到", "goes on in "), *book.flow(word)]
        rows.append(Row([[pair(_STATES[name])], said]))
    heads = [Text("订单状态", "state of the order"), Text("怎么办", "what is done")]
    more = Para([Text("每个流程之前都先过", "Every flow comes after the "), Link("common", "", Text("通用前置检查", "general checks")), Text("。", ".")])
    return [Heading(2, [Text("适用的订单", "Which orders")], "guard"), more, Grid(heads, rows)]


def _goes_on(book: Book, flow: Flow) -> list[Block]:
    lines: list[Line] = [book.flow(name) for name in dict.fromkeys([*flow.nexts, *flow.jumps])]
    lines += [[*book.flow(name), Text("（收尾时）", " (at the completion)")] for name in dict.fromkeys(flow.common_nexts) if name not in flow.nexts]
    return [Heading(2, [Text("转往的流程", "Hands over to")], "next"), Items(lines)] if lines else []


def common_page(book: Book, drawn: Drawn) -> Page:
    """Return the page of the shared graph: guard, completion, shared scripts.

    Args:
        book: the running rules.
        drawn: of any flow: the shared nodes are linked with its own.
    """
    common = drawn.flow.common
    nodes = {node.local: node for node in drawn.program.nodes.values() if node.graph is common}
    blocks: list[Block] = [
        Para([Text("每个流程之前的检查，与之后的收尾。", "The checks before every flow, and the completion after it.")], "lead"),
        Heading(2, [Text("检查与收尾", "Checks and completion")], "steps"),
    ]
    for name, node in nodes.items():
        title = _title(name, common.nodes[name])
        blocks.append(Heading(4, [title, Code(name), Cites(node.cites)], f"node-{name}", title))
        pairs: list[tuple[Text, Line]] = []
        if node.kind is ASK and node.fact_def is not None:
            pairs.append((Text("问", "asks"), [pair(node.fact_def.ask)]))
        if node.fx is not None:
            steps: list[Line] = [[book.filled(pair(text)), Cites(cites)] for text, cites in node.fx.steps]
            blocks += [Items(steps)] if steps else []
            pairs += effects(book, node.fx, None, "common")
        if node.kind is LEAF and node.outcome is not None:
            pairs.append((Text("结论", "outcome"), [term("outcomes", node.outcome)]))
        blocks += [Terms(pairs)] if pairs else []
        arrows = _arrows(book, node, common.nodes)
        blocks += [Items(arrows)] if arrows else []
    blocks += [Heading(2, [Text("通用话术", "Shared scripts")], "scripts"), *scripts(book, common, None)]
    return Page("common", Text("通用检查与收尾", "Shared checks and completion"), "flows", blocks)


def _title(name: str, normal: Mapping[str, Any]) -> Text:
    """Return what a shared node is called: its title, or what it branches on."""
    if normal["title"]:
        return pair(normal["title"])
    asked = str(normal.get("ask", ""))
    state = _STATES.get(asked.removeprefix("guard_")) if asked.startswith("guard_") else None
    if state is not None:
        return Text(f"流程怎样处理：{state[0]}", f"what the flow does: {state[1]}")
    return pair(_BRANCHED[asked]) if asked in _BRANCHED else Text("结束", "end") if name == "end" else Text(name, name)


def _arrows(book: Book, node: Node, nodes: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    normal = nodes[node.local]
    lines: list[Line] = []
    for value, target in (normal.get("values") or {}).items():
        said = pair(_GUARDS[value]) if value in _GUARDS and node.fact.startswith("guard_") else _value(book, node, value)
        lines.append([said, Text(" → ", " → "), _target(target, nodes)])
    for word, text in (("else", Text("其他", "else")), ("unset", Text("尚无答复", "no answer yet"))):
        if normal.get(word):
            lines.append([text, Text(" → ", " → "), _target(normal[word], nodes)])
    return lines + ([[Text("→ ", "→ "), _target(normal["then"], nodes)]] if normal.get("then") else [])


def _value(book: Book, node: Node, value: str) -> Text:
    return Text(*(value_words(node, node.fact, value, book.snapshot, lang) for lang in ("zh", "en")))


def _target(name: str, nodes: Mapping[str, Mapping[str, Any]]) -> Inline:
    if name not in nodes:
        return Text("本流程", "the flow itself")
    return Link("common", f"node-{name}", _title(name, nodes[name]))


def shared_facts(book: Book) -> Grid:
    """Return the facts that several flows share."""
    return Grid(FACT_HEADS, [fact_row(book, fact, f"fact-{name}") for name, fact in book.shared.items()])
