"""A flow drawn: the same graph that is decided, as Mermaid or Graphviz DOT; a path that was taken can be set off."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from tmcs.core.flow import ASK, LEAF, Flow
from tmcs.core.policy import Snapshot
from tmcs.core.program import Node, Program
from tmcs.core.resolution import Resolution
from tmcs.core.walk import Branch, branches_of, choose
from tmcs.render.branches import range_words, value_words
from tmcs.render.layout import width, wrap
from tmcs.render.words import say

START: Final = "start"

_WORDS: Final = {
    "guard": ("通用前置检查", "general checks"),
    "else": ("其他", "else"),
    "unset": ("尚无答复", "no answer yet"),
    "wait": ("等待", "wait for "),
    "jump": ("转流程", "go on in"),
    "again": ("重新确认", "ask again"),
    "start": ("开始", "start"),
    "end": ("结束", "end"),
    "route": ("哪种退款？", "which refund?"),
    "payout_form": ("赔付形式？", "form of the payout?"),
    "payout_offer": ("赔付怎样提出？", "how is the payout offered?"),
}  # fmt: skip
_LINE: Final = 16  # columns of a label's line; wider labels make a chart wider than a page


class Box:
    """One box of a chart. Kind: start, ask, do, leaf, wait, jump; ``node`` is what it stands for, None for the start."""

    __slots__ = ("id", "kind", "label", "node", "outcome", "taken")

    def __init__(self, id: str, kind: str, label: str, outcome: str = "", taken: bool = False) -> None:
        self.id = id
        self.kind = kind
        self.label = label
        self.outcome = outcome
        self.taken = taken
        self.node: Node | None = None


class Edge:
    """One arrow of a chart."""

    __slots__ = ("label", "source", "taken", "target")

    def __init__(self, source: str, target: str, label: str, taken: bool) -> None:
        self.source = source
        self.target = target
        self.label = label
        self.taken = taken


class Chart:
    """The boxes and arrows of one flow.

    Attributes:
        title: the flow's name.
        boxes, edges: in the order of the flow.
        marked: whether a path is set off.
    """

    def __init__(
        self, linked: Program, lang: str, *, full: bool = False, path: Mapping[Node, Any] | None = None,
        titles: Mapping[str, str] | None = None, line: int = _LINE,
    ) -> None:  # fmt: skip
        """Draw a linked flow.

        Args:
            linked: the flow, linked to the policy whose limits stand at its arrows.
            lang: the language of the labels.
            full: draw the guard and the completion too, not one box for each.
            path: the answers of a resolution, by node (see :func:`answers`); the way they lead is set off. Where they
                end in the guard or among what the completion adds, the chart is drawn in full.
            titles: the names of the flows that a case may continue in, by id.
            line: the columns of a line of a label.
        """
        self._line = line
        self._program = linked
        self._flow: Flow = linked.flow
        self._lang = lang
        self.marked = path is not None
        self.title = self._flow.title[lang == "en"]
        self.boxes: list[Box] = []
        self.edges: list[Edge] = []
        self._ids: dict[Node, str] = {}
        self._inner: set[Node] = set()
        self._entry = linked.nodes[linked.entry]
        self._way = [] if path is None else _way(linked.start, path)
        self._full = full or (path is not None and self._entry not in self._way)
        self._titles = {name: flow.title[lang == "en"] for name, flow in self._flow.targets.items()} | dict(titles or {})
        self._went = set(pairwise(self._way))
        self._draw()

    # ---- what stands in a box ------------------------------------------------------------------------------------------

    def _say(self, word: str) -> str:
        zh, en = _WORDS[word]
        return en if self._lang == "en" else zh

    def _label(self, node: Node) -> str:
        if node.title:
            return node.title[self._lang == "en"]
        if node.kind is ASK:
            return self._fact(node)
        if node in self._inner and node.kind is LEAF:
            return self._say("end")
        moments = node.fx.say if node.fx is not None else []
        if not node.outcome and moments and moments[0].when:
            return moments[0].when[self._lang == "en"]
        return say("outcomes", node.outcome, self._lang) if node.outcome else node.name

    def _fact(self, node: Node) -> str:
        if node.fact_def is not None:
            return node.fact_def.label[self._lang == "en"]
        if node.table is not None and any(node.table.title):
            return node.table.title[self._lang == "en"]
        return self._say(node.fact) if node.fact in _WORDS else node.fact

    def _box(self, node: Node) -> Box:
        label, taken = self._label(node), node in self._way
        number = self._ids[node]
        if node.jump is not None:
            name = self._titles.get(node.jump, node.jump)
            return Box(number, "jump", _lines(label, f"→ {name}", line=self._line), taken=taken)
        if node.kind is ASK:
            return Box(number, "ask", _lines(label, line=self._line), taken=taken)
        if node.wait is not None:
            party = say("parties", node.wait[0], self._lang)
            said = self._say("again") if node.wait[0] == "agent" else f"{self._say('wait')}{party}"
            return Box(number, "wait", _lines(label, said, line=self._line), taken=taken)
        if node.outcome is not None and node not in self._inner:
            outcome = say("outcomes", node.outcome, self._lang)
            said = "" if outcome == label else f"【{outcome}】" if self._lang == "zh" else f"[{outcome}]"
            return Box(number, "leaf", _lines(label, said, self._next(node), line=self._line), node.outcome, taken)
        return Box(number, "do", _lines(label, line=self._line), taken=taken)

    def _next(self, node: Node) -> str:
        """Return the flow that the case continues in after a leaf, or nothing."""
        following = node.fx.next if node.fx is not None else None
        return f"→ {self._titles.get(following, following)}" if following else ""

    # ---- what stands at an arrow ---------------------------------------------------------------------------------------

    def _branch_label(self, node: Node, branches: list[Branch]) -> str:
        words = []
        for kind, value in branches:
            if kind == "value":
                words.append(value_words(node, node.fact, value, self._program.snapshot, self._lang))
            elif kind == "range":
                words.append(range_words(node, value, self._program.snapshot, self._lang))
            elif kind != "then":
                words.append(self._say(kind))
        comma = "、" if self._lang == "zh" else ", "
        return "\n".join(_lines(word, line=self._line) for word in _packed(words, comma, self._line))

    # ---- the drawing ---------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        start = self._program.start if self._full else self._entry
        self.boxes.append(Box(START, START, self._say("start" if self._full else "guard"), taken=self.marked))
        after = self._number(self._program.completion) if self._full else []
        self._inner = set(after)
        main = self._number(start)
        self._edge(START, start, "", start in self._way)
        for node in main:
            self._one(node)
        leaves = [node for node in main if node.outcome is not None and node.jump is None]
        if not self._full:
            return  # arrows from every leaf to the one completion would only hide the flow
        for node in after:
            self._one(node)
        for leaf in leaves:
            self._edge(self._ids[leaf], self._program.completion, "", False)

    def _number(self, start: Node) -> list[Node]:
        """Number the nodes from ``start`` on, in the order in which the flow tells them; a jump ends the drawing there."""
        found: list[Node] = []

        def visit(node: Node) -> None:
            if node in self._ids:
                return
            self._ids[node] = f"n{len(self._ids) + 1}"
            found.append(node)
            if node.jump is None:
                for target in _grouped(node):
                    visit(target)

        visit(start)
        return found

    def _one(self, node: Node) -> None:
        box = self._box(node)
        box.node = node
        self.boxes.append(box)
        if node.jump is not None:
            return
        for target, branches in _grouped(node).items():
            self._edge(box.id, target, self._branch_label(node, branches), (node, target) in self._went)

    def _edge(self, source: str, target: Node, label: str, taken: bool) -> None:
        self.edges.append(Edge(source, self._ids[target], label, taken))


def answers(resolution: Resolution) -> dict[Node, Any]:
    """Return what was answered at each node of a resolution, for :class:`Chart`; None where the fact stayed unknown."""
    return {step.node: step.value for step in resolution.path if step.fact == step.node.fact and step.fact}


def _way(start: Node, path: Mapping[Node, Any]) -> list[Node]:
    """Return the nodes that the answers lead through, the first open question or the end last."""
    found: list[Node] = []
    node: Node | None = start
    while node is not None and node not in found:
        found.append(node)
        if node.kind is not ASK:
            node = node.then
        elif node not in path:
            node = None
        else:
            node = node.unset if path[node] is None else choose(node, path[node])[1]
    return found


def _grouped(node: Node) -> dict[Node, list[Branch]]:
    """Return the nodes that a node leads to, each with the branches that do."""
    found: dict[Node, list[Branch]] = {}
    for branch, target in branches_of(node).items():
        found.setdefault(target, []).append(branch)
    return found


def _lines(*parts: str, line: int = _LINE) -> str:
    """Return a label broken into short lines of about the same length: Chinese anywhere, other words at spaces."""
    return "\n".join(_balanced(part, line) for part in parts if part)


def _packed(words: list[str], comma: str, size: int) -> list[str]:
    """Return words joined by commas, as many to a line as it holds."""
    lines: list[str] = []
    for number, word in enumerate(words):
        word += comma.rstrip() if number + 1 < len(words) else ""
        if lines and width(lines[-1]) + width(word) < size:
            lines[-1] += (" " if comma.endswith(" ") else "") + word
        else:
            lines.append(word)
    return lines


def _balanced(text: str, line: int) -> str:
    """Return a text in as few lines as it needs, best broken after a mark, else at about the same length."""
    size = width(text)
    count = -(-size // line)
    marks = [n + 1 for n, char in enumerate(text[:-1]) if char in "：，、；？"]
    parts = [(text[:n], text[n:]) for n in marks]
    fitting = [pair for pair in parts if max(map(width, pair)) <= line + 2]
    if count == 2 and fitting:
        return "\n".join(min(fitting, key=lambda pair: max(map(width, pair))))
    for limit in range(-(-size // max(count, 1)), size + 1):
        found = wrap(text, limit)
        if found.count("\n") < count:
            return found
    return text


# ---- Mermaid --------------------------------------------------------------------------------------------------------------

_SHAPES: Final = {
    "start": ("([", "])"), "ask": ("{{", "}}"), "do": ("[", "]"), "leaf": ("([", "])"), "wait": (">", "]"),
    "jump": ("[[", "]]"),
}  # fmt: skip
_CLASSES: Final = {
    "ask": "fill:#eef4ff,stroke:#3b6fc4,color:#111", "do": "fill:#fff,stroke:#888,color:#111",
    "leaf": "fill:#e9f7ec,stroke:#2f8f4e,color:#111", "wait": "fill:#fff6e0,stroke:#c48a1b,color:#111",
    "jump": "fill:#f3ecff,stroke:#7a4fc0,color:#111", "start": "fill:#eee,stroke:#666,color:#111",
}  # fmt: skip
_STOP: Final = ("reject", "escalate")
_TAKEN: Final = "#d6336c"
_MERMAID: Final = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\n": "<br/>"}


def _escaped(text: str) -> str:
    return re.sub(r'[#"<>&`\n]', lambda match: _MERMAID[match.group()], text)


def to_mermaid(chart: Chart) -> str:
    """Return a chart as a Mermaid flowchart."""
    lines = ["---", f"title: {json.dumps(chart.title, ensure_ascii=False)}", "---", "flowchart TD"]
    for box in chart.boxes:
        left, right = _SHAPES[box.kind]
        lines.append(f'  {_node(box.id)}{left}"{_escaped(box.label)}"{right}')
    for edge in chart.edges:
        arrow = "==>" if edge.taken else "-->"
        label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
        lines.append(f"  {_node(edge.source)} {arrow}{label} {_node(edge.target)}")
    taken = [str(number) for number, edge in enumerate(chart.edges) if edge.taken]
    if taken:
        lines.append(f"  linkStyle {','.join(taken)} stroke:{_TAKEN}")
    for kind, style in _CLASSES.items():
        members = [_node(box.id) for box in chart.boxes if box.kind == kind and box.outcome not in _STOP]
        if members:
            lines += [f"  classDef {kind}Box {style}", f"  class {','.join(members)} {kind}Box"]
    for name, style, chosen in (
        ("stopBox", "fill:#fdecea,stroke:#b3423a,color:#111", [box for box in chart.boxes if box.outcome in _STOP]),
        ("takenBox", f"stroke:{_TAKEN},stroke-width:4px", [box for box in chart.boxes if box.taken]),
    ):
        if chosen:
            lines += [f"  classDef {name} {style}", f"  class {','.join(_node(box.id) for box in chosen)} {name}"]
    return "\n".join(lines)


def _node(id: str) -> str:
    """Return an id that is no word of Mermaid's own."""
    return f"{id}_" if id == START else id


# ---- DOT ------------------------------------------------------------------------------------------------------------------

_DOT: Final = {
    "start": 'shape=box, style="rounded,filled", fillcolor="#eeeeee"',
    "ask": 'shape=hexagon, style=filled, fillcolor="#eef4ff", color="#3b6fc4", margin="0.0,0.05"',
    "do": 'shape=box, color="#888888"',
    "leaf": 'shape=box, style="rounded,filled", fillcolor="#e9f7ec", color="#2f8f4e"',
    "wait": 'shape=box, style="filled,dashed", fillcolor="#fff6e0", color="#c48a1b"',
    "jump": 'shape=box, peripheries=2, style=filled, fillcolor="#f3ecff", color="#7a4fc0"',
}
_DOT_STOP: Final = 'shape=box, style="rounded,filled", fillcolor="#fdecea", color="#b3423a"'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _beside(label: str) -> str:
    """Return a label that keeps clear of its arrow."""
    return "\n".join(f" {line} " for line in label.split("\n"))


def to_dot(chart: Chart) -> str:
    """Return a chart in Graphviz DOT."""
    font = 'fontname="Noto Sans CJK SC, WenQuanYi Micro Hei, Microsoft YaHei, PingFang SC, sans-serif"'
    lines = [
        f"digraph {_quoted(chart.title)} {{",
        f'  graph [{font}, label={_quoted(chart.title)}, labelloc=t, rankdir=TB, nodesep="0.2", ranksep="0.35", size="10.4,200"];',
        f'  node [{font}, fontsize=11, height="0.3", width="0.3", margin="0.1,0.05"];',
        f"  edge [{font}, fontsize=10];",
    ]
    for box in chart.boxes:
        style = _DOT_STOP if box.outcome in _STOP else _DOT[box.kind]
        taken = f', penwidth=3, color="{_TAKEN}"' if box.taken else ""
        lines.append(f"  {_node(box.id)} [label={_quoted(box.label)}, {style}{taken}];")
    for edge in chart.edges:
        parts = [f"label={_quoted(_beside(edge.label))}"] if edge.label else []
        if edge.taken:
            parts.append(f'penwidth=3, color="{_TAKEN}"')
        more = f" [{', '.join(parts)}]" if parts else ""
        lines.append(f"  {_node(edge.source)} -> {_node(edge.target)}{more};")
    return "\n".join([*lines, "}"])


def draw(
    flow: Flow, snapshot: Snapshot, form: str, lang: str, *, full: bool = False, path: Mapping[Node, Any] | None = None,
    titles: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Return a flow as ``mermaid`` or ``dot``; see :class:`Chart`."""
    from tmcs.core.program import program

    chart = Chart(program(flow, snapshot), lang, full=full, path=path, titles=titles)
    return to_dot(chart) if form == "dot" else to_mermaid(chart)
