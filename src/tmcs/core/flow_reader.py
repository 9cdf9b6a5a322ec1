"""Flow and script files checked against the flow language and brought into their normal form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tmcs.core.facts import Fact, read_fact
from tmcs.core.flow import ASK, GUARDS, JUMP, LEAF, PASS
from tmcs.core.source import Cursor, Source
from tmcs.core.table import read_comparisons, read_table
from tmcs.core.text import nearest

# The flow language: every key there is. The reference in docs/flow-language.md is compared with these by a test.
FLOW_KEYS: Final = (
    "flow", "section", "title", "aliases", "concerns", "guard", "completes", "facts", "tables", "start", "nodes",
    "not_executable", "note",
)  # fmt: skip
COMMON_KEYS: Final = ("facts", "tables", "guard", "completion", "nodes", "note")
EFFECT_KEYS: Final = ("do", "say", "task", "pay", "refund", "goods", "due", "next", "cite")
NODE_KEYS: Final = ("ask", "await", "branches", "then", "jump", "set", "outcome", "wait", "title", "note", *EFFECT_KEYS)
TASK_KEYS: Final = ("queue", "what", "due")
REFUND_KEYS: Final = ("route", "amount")
WAIT_KEYS: Final = ("on", "fact", "due")
SCRIPT_KEYS: Final = ("zh", "en", "otherwise", "when", "cite", "direction", "last", "note")

OUTCOMES: Final = (
    "explain", "ship", "expedite", "redeliver", "refund", "reorder", "reissue-invoice", "issue-vat-invoice",
    "price-difference", "compensate", "escalate", "reject",
)  # fmt: skip
ROUTES: Final = ("cancel", "normal", "abnormal")
GOODS: Final = ("none", "pickup", "write-off", "with-courier")
#: `agent`: the answer given does not fit the order and is asked again.
WAIT_ON: Final = ("agent", "customer", "warehouse", "courier", "taobao", "finance", "specialist")
AMOUNTS: Final = ("order", "whole", "units")
#: Facts that the engine itself supplies; a flow may branch on them and never defines them.
SYSTEM_FACTS: Final = ("tier", "item", "route", "payout_form", "payout_offer")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME: Final = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


def read_flow(flow: Source, scripts: Source, shared: Mapping[str, Fact], shared_moments: Iterable[str]) -> dict[str, Any]:
    """Return the normal form of a flow; faults are noted in the two sources.

    Args:
        flow: the contents of ``flow.yaml``.
        scripts: the contents of ``scripts.yaml``.
        shared: the shared facts, which a flow lists by name.
        shared_moments: the script moments of the shared graph, which a flow may say.
    """
    root = flow.root
    if not root.keys(FLOW_KEYS, ("flow", "section", "title", "concerns", "facts", "start", "nodes")):
        return {}
    name = root["flow"].text()
    if not _ID.fullmatch(name):
        root["flow"].fault(f"流程名 {name} 有误", f"{name} is no flow id", expected="small-letters-with-hyphens")
    normal: dict[str, Any] = {
        "id": name,
        "section": root["section"].text(),
        "title": root["title"].texts(),
        "aliases": [c.text() for c in root["aliases"].each()] if root.get("aliases") else [],
        "concerns": root["concerns"].word(("item", "order"), "对象", "word"),
        "guard": _read_guard(root),
        "completes": [c.word(ROUTES, "退款路径", "route") for c in root["completes"].each()]
        if root.get("completes")
        else list(ROUTES),
        "source": flow.file,
        "not_executable": {rule: c.texts() for rule, c in root["not_executable"].items()}
        if root.get("not_executable")
        else {},
        "scripts": read_scripts(scripts),
    }
    normal["facts"], normal["listed"] = _read_facts(root["facts"], shared)
    normal["tables"] = {table: read_table(c) for table, c in root["tables"].items()} if root.get("tables") else {}
    normal["nodes"] = {node: read_node(c) for node, c in root["nodes"].items()}
    normal["start"] = root["start"].word(normal["nodes"], "节点", "node")
    _check_targets(root["nodes"], normal["nodes"])
    normal["jumps"] = sorted({n["jump"] for n in normal["nodes"].values() if n["kind"] == JUMP})
    nexts = {fx["next"] for n in normal["nodes"].values() if (fx := n["fx"]) and fx["next"]}
    nexts |= {word for word in normal["guard"].values() if word not in ("own", "explain", "needed")}
    normal["nexts"] = sorted(nexts)
    return normal


def read_common(graph: Source, scripts: Source) -> dict[str, Any]:
    """Return the normal form of the shared graph; faults are noted in the two sources."""
    root = graph.root
    if not root.keys(COMMON_KEYS, ("facts", "guard", "completion", "nodes")):
        return {}
    normal: dict[str, Any] = {"id": "common", "scripts": read_scripts(scripts)}
    normal["facts"] = {name: read_fact(name, c) for name, c in root["facts"].items()}
    normal["tables"] = {table: read_table(c) for table, c in root["tables"].items()} if root.get("tables") else {}
    normal["nodes"] = {node: read_node(c) for node, c in root["nodes"].items()}
    normal["guard"] = root["guard"].word(normal["nodes"], "节点", "node")
    normal["completion"] = root["completion"].word(normal["nodes"], "节点", "node")
    _check_targets(root["nodes"], {**normal["nodes"], "flow": {}})
    return normal


def read_scripts(source: Source) -> dict[str, Any]:
    """Return the script moments of a ``scripts.yaml``; faults are noted in the source."""
    if source.data == {}:
        return {}
    return {name: _read_script(name, moment) for name, moment in source.root.items()}


def _read_script(name: str, moment: Cursor) -> dict[str, Any]:
    normal: dict[str, Any] = {"zh": "", "en": "", "otherwise": None, "when": [], "cite": [], "direction": ""}
    if not _NAME.fullmatch(name):
        moment.fault(f"话术时点 {name} 有误", f"{name} is no moment id", expected="small-letters-with-hyphens", key=True)
    if not moment.keys(SCRIPT_KEYS, ("zh", "en")):
        return normal
    normal["zh"], normal["en"] = moment["zh"].text(), moment["en"].text()
    if otherwise := moment.get("otherwise"):
        normal["otherwise"] = otherwise.texts()
    if when := moment.get("when"):
        normal["when"] = when.texts()
    if direction := moment.get("direction"):
        normal["direction"] = direction.word(("inbound", "outbound"), "方向", "direction")
    normal["last"] = last.word(("yes", "no"), "取值", "value") == "yes" if (last := moment.get("last")) else False
    normal["cite"] = read_cites(moment)
    return normal


def _read_guard(root: Cursor) -> dict[str, str]:
    concerns_item = root["concerns"].value == "item"
    guard = {
        "closed": "explain",
        "undispatched": "own",
        "dispatched": "own",
        "refunding": "explain" if concerns_item else "own",
        "item": "needed" if concerns_item else "own",
    }
    given = root.get("guard")
    if given and given.keys(GUARDS):
        for name, word in given.items():
            guard[name] = word.text()
            if guard[name] not in ("own", "explain", "needed") and not _ID.fullmatch(guard[name]):
                word.fault("应为 own、explain 或流程名", "must be own, explain or a flow id", "own | explain | flow id")
    return guard


def _read_facts(cursor: Cursor, shared: Mapping[str, Fact]) -> tuple[dict[str, Any], list[str]]:
    own: dict[str, Any] = {}
    listed: list[str] = []
    for name, one in cursor.items():
        listed.append(name)
        if one.value == "shared":
            if name not in shared:
                one.fault(f"没有共用事实 {name}", f"unknown shared fact {name}", near=nearest(name, shared), key=True)
        elif name in shared or name in SYSTEM_FACTS:
            one.fault(f"{name} 是共用事实，应写作 shared", f"{name} is a shared fact", expected="shared", key=True)
        else:
            if not _NAME.fullmatch(name):
                one.fault(f"事实名 {name} 有误", f"{name} is no fact name", expected="small_letters", key=True)
            own[name] = read_fact(name, one)
    return own, listed


def read_cites(cursor: Cursor) -> list[str]:
    """Return the rule ids that a mapping cites."""
    cite = cursor.get("cite")
    return [c.text() for c in cite.each()] if cite else []


def read_node(cursor: Cursor) -> dict[str, Any]:
    """Return the normal form of one node; faults are noted in its source."""
    node: dict[str, Any] = {"kind": LEAF, "fx": None, "cite": [], "title": None}
    if not cursor.keys(NODE_KEYS):
        return node
    node["cite"] = read_cites(cursor)
    if title := cursor.get("title"):
        node["title"] = title.texts()
    node["fx"] = _read_effects(cursor)
    kinds = [key for key in ("ask", "jump", "outcome", "wait") if cursor.get(key)]
    if len(kinds) > 1:
        cursor.fault(f"{' 与 '.join(kinds)} 不能并存", f"{' and '.join(kinds)} exclude each other")
    if "ask" in kinds:
        _read_question(cursor, node)
    elif "jump" in kinds:
        node["kind"] = JUMP
        node["jump"] = cursor["jump"].text()
        setting = cursor.get("set")
        node["set"] = {name: c.text() for name, c in setting.items()} if setting else {}
    elif "outcome" in kinds:
        node["outcome"] = cursor["outcome"].word(OUTCOMES, "结局", "outcome")
    elif "wait" in kinds:
        node["wait"] = _read_wait(cursor["wait"])
        if cursor.get("then"):  # something is asked while the answer is awaited
            node["kind"] = PASS
            node["then"] = cursor["then"].text()
    elif then := cursor.get("then"):
        node["kind"] = PASS
        node["then"] = then.text()
    else:
        cursor.fault("节点没有去向", "the node leads nowhere", expected="ask | then | jump | outcome | wait")
    return node


def _read_question(cursor: Cursor, node: dict[str, Any]) -> None:
    node["kind"] = ASK
    node["ask"] = cursor["ask"].text()
    node["values"], node["ranges"] = {}, []
    node["unset"] = node["else"] = node["then"] = None
    node["await"] = cursor["await"].text() if cursor.get("await") else None
    if then := cursor.get("then"):
        node["then"] = then.text()
    branches = cursor.get("branches")
    if branches is None:
        if then is None:
            cursor.fault("提问没有分支", "the question has no branches", expected="branches: {value: node} | then: node")
        return
    for key, target in branches.items():
        name = target.text()
        comparisons = read_comparisons(key)
        if key in ("unset", "else"):
            node[key] = name
        elif comparisons:
            node["ranges"].append([[list(c) for c in comparisons], name])
        else:
            for value in key.split(","):
                node["values"][value.strip()] = name


def _read_wait(cursor: Cursor) -> dict[str, Any]:
    wait: dict[str, Any] = {"on": "customer", "fact": None, "due": None}
    if cursor.keys(WAIT_KEYS, ("on", "fact")):
        wait["on"] = cursor["on"].word(WAIT_ON, "等待方", "party")
        wait["fact"] = cursor["fact"].text()
        wait["due"] = cursor["due"].text() if cursor.get("due") else None
    return wait


def _read_effects(cursor: Cursor) -> dict[str, Any] | None:
    fx: dict[str, Any] = {
        "do": [_read_step(c) for c in cursor["do"].each()] if cursor.get("do") else [],
        "say": [c.text() for c in cursor["say"].each()] if cursor.get("say") else [],
        "task": [_read_task(c) for c in cursor["task"].each()] if cursor.get("task") else [],
        "pay": [c.text() for c in cursor["pay"].each()] if cursor.get("pay") else [],
        "due": [c.text() for c in cursor["due"].each()] if cursor.get("due") else [],
        "refund": _read_refund(cursor["refund"]) if cursor.get("refund") else None,
        "goods": _read_goods(cursor["goods"]) if cursor.get("goods") else None,
        "next": None,
        "next_set": {},
    }
    if following := cursor.get("next"):
        fx["next"], fx["next_set"] = _read_next(following)
    return fx if any(fx.values()) else None


def _read_next(cursor: Cursor) -> tuple[str, dict[str, str]]:
    """Return the following flow and the facts that it is given: a flow id, or ``{flow, set}``."""
    if not isinstance(cursor.value, dict):
        return cursor.text(), {}
    if not cursor.keys(("flow", "set"), ("flow",)):
        return "", {}
    given = cursor.get("set")
    return cursor["flow"].text(), {name: c.text() for name, c in given.items()} if given else {}


def _read_step(cursor: Cursor) -> list[Any]:
    if not cursor.keys(("zh", "en", "cite"), ("zh", "en")):
        return ["", "", []]
    return [cursor["zh"].text(), cursor["en"].text(), read_cites(cursor)]


def _read_task(cursor: Cursor) -> dict[str, Any]:
    task: dict[str, Any] = {"queue": "", "what": ["", ""], "due": None}
    if cursor.keys(TASK_KEYS, ("queue", "what")):
        task["queue"] = cursor["queue"].text()
        task["what"] = cursor["what"].texts()
        task["due"] = cursor["due"].text() if cursor.get("due") else None
    return task


def _read_refund(cursor: Cursor) -> list[str]:
    """Return ``[route, amount]``: a route or ``@table``; order, whole, units or a fact of money."""
    if not cursor.keys(REFUND_KEYS, ("route", "amount")):
        return ["normal", "order"]
    return [_word_or_table(cursor["route"], ROUTES, "退款路径", "route"), cursor["amount"].text()]


def _read_goods(cursor: Cursor) -> str:
    return _word_or_table(cursor, GOODS, "货品去向", "goods")


def _word_or_table(cursor: Cursor, valid: Iterable[str], zh: str, en: str) -> str:
    """Return a word, or ``@name`` of the table that decides it: ``{table: name}``."""
    if isinstance(cursor.value, dict):
        return "@" + cursor["table"].text() if cursor.keys(("table",), ("table",)) else ""
    return cursor.word(valid, zh, en)


def targets(node: Mapping[str, Any]) -> list[str]:
    """Return the names of the nodes that a node leads to, in the order of its branches."""
    if node["kind"] == ASK:
        found = [*node["values"].values(), *(name for _, name in node["ranges"])]
        found += [name for name in (node["else"], node["unset"], node["then"]) if name]
        return list(dict.fromkeys(found))
    return [node["then"]] if node.get("then") else []


def _check_targets(cursor: Cursor, nodes: Mapping[str, Any]) -> None:
    for name, one in cursor.items():
        for target in targets(nodes[name]):
            if target not in nodes:
                branches = one.get("branches")
                keys = branches.value if branches and isinstance(branches.value, dict) else {}
                place = next((branches[key] for key in keys if branches and keys[key] == target), one.get("then") or one)
                place.fault(f"没有这个节点 {target}", f"unknown node {target}", near=nearest(target, nodes))
