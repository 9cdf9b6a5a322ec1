"""`tmcs flow`: the handling flows: list, show, check, chart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from tmcs.cli.common import Group, format_option, lang_option
from tmcs.cli.flow_chart import chart
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, TmcsError

if TYPE_CHECKING:
    from tmcs.core.check import CheckReport
    from tmcs.core.flow import Flow


@click.group("flow", cls=Group, short_help="流程: 列表、查看、校验、流程图 · flows: list, show, check, chart")
def command() -> None:
    """处理流程 · the handling flows."""


def _heads(lang: str, zh: str, en: str) -> list[str]:
    return (en if lang == "en" else zh).split("|")


# ---- list -----------------------------------------------------------------------------------------------------------------


@command.command("list")
@format_option("text", "json", "yaml", "markdown")
@lang_option
def list_(form: str, lang: str) -> int:
    """列出流程；不可用的也列出，附原因 · list the flows; those that fail are shown with the reason."""
    rows = _listed()
    if form in ("json", "yaml"):
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/flows/1", "flows": rows}, form))
        return EXIT_OK
    from tmcs.core.safe import one_line
    from tmcs.render.layout import table

    shown = []
    for row in rows:
        if row["status"] == "ok":
            outcomes = " ".join(row["outcomes"])
            shown.append([row["id"], row["title"]["zh"], row["title"]["en"], row["section"], outcomes, row["nodes"], row["from"]])
        else:
            shown.append([row["id"], "—", "—", "—", one_line(f"{row['status']}: {row['reason'][lang]}"), "—", row["from"]])
    heads = _heads(lang, "流程|名称|英文名|章节|结局|节点|来自", "flow|Chinese|English|section|outcomes|nodes|from")
    print(table(shown, heads, "pipe" if form == "markdown" else "simple"))
    return EXIT_OK


def _listed() -> list[dict[str, Any]]:
    from tmcs.loader import load_flow
    from tmcs.plugins import FLOW_GROUP, reason_of, registry

    rows: list[dict[str, Any]] = []
    for plugin in registry().plugins:
        if plugin.group != FLOW_GROUP:
            continue
        row: dict[str, Any] = {"id": plugin.name, "status": plugin.status, "from": f"{plugin.dist} {plugin.version}"}
        reason = plugin.reason
        if plugin.status == "ok":
            try:
                flow = load_flow(plugin.name)
            except TmcsError as error:
                row["status"], reason = "failed", reason_of(error)
            else:
                rows.append({**row, **_summary(flow)})
                continue
        rows.append({**row, "reason": {"zh": reason[0], "en": reason[1]}})
    return rows


def _summary(flow: Flow) -> dict[str, Any]:
    return {
        "title": {"zh": flow.title[0], "en": flow.title[1]},
        "section": flow.section,
        "aliases": flow.aliases,
        "outcomes": list(dict.fromkeys(n["outcome"] for n in flow.nodes.values() if n.get("outcome"))),
        "nodes": len(flow.nodes),
    }


# ---- show -----------------------------------------------------------------------------------------------------------------


@command.command("show")
@click.argument("flow_name", metavar="FLOW")
@format_option("text", "json", "yaml")
@lang_option
def show(flow_name: str, form: str, lang: str) -> int:
    """显示一个流程: 事实、结局、队列、赔付、话术、所引规则 · show a flow: facts, outcomes, queues, payouts, scripts, rules."""
    from tmcs.loader import load_flow

    flow = load_flow(flow_name, checked=False)
    found = _described(flow)
    if form in ("json", "yaml"):
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/flow/1", **found}, form))
    else:
        print("\n".join(_show_lines(found, lang)))
    return EXIT_OK


def _effects(flow: Flow, key: str) -> list[Any]:
    return [one for node in flow.nodes.values() if node["fx"] for one in node["fx"][key]]


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _described(flow: Flow) -> dict[str, Any]:
    facts = [fact for name in flow.listed if (fact := flow.fact(name)) is not None]
    return {
        "id": flow.id,
        **_summary(flow),
        "concerns": flow.concerns,
        "guard": flow.guard,
        "facts": [
            {
                "fact": fact.name,
                "type": fact.type,
                "from": fact.source,
                "default": None if fact.default is None else fact.write(fact.default),
                "optional": fact.optional,
                "label": {"zh": fact.label[0], "en": fact.label[1]},
                "choices": {value: {"zh": pair[0], "en": pair[1]} for value, pair in fact.labels.items()},
                "cites": fact.cites,
            }
            for fact in facts
        ],
        "waits": _unique(node["wait"]["on"] for node in flow.nodes.values() if node.get("wait")),
        "queues": _unique(task["queue"] for task in _effects(flow, "task")),
        "payouts": _unique(_effects(flow, "pay")),
        "deadlines": _unique([*_effects(flow, "due"), *(t["due"] for t in _effects(flow, "task") if t["due"])]),
        "next_flows": _unique([*flow.jumps, *flow.nexts]),
        "scripts": [
            {"moment": moment, "when": {"zh": script["when"][0], "en": script["when"][1]} if script["when"] else None}
            for moment, script in flow.scripts.items()
        ],
        "cites": flow_cites(flow),
    }


def flow_cites(flow: Flow) -> list[str]:
    """Return the rules that a flow's own graph cites, sorted."""
    found: list[str] = []
    for node in flow.nodes.values():
        found += node["cite"]
    for _, _, cites in _effects(flow, "do"):
        found += cites
    for table in flow.tables.values():
        found += [*table["cite"], *(cite for row in table["rows"] for cite in row["cite"])]
    for script in flow.scripts.values():
        found += script["cite"]
    for fact in flow.facts.values():
        found += fact.cites
    return sorted(set(found))


def _show_lines(found: dict[str, Any], lang: str) -> list[str]:
    from tmcs.render.layout import bold, columns, table, wrap
    from tmcs.render.words import say

    zh = lang == "zh"
    lines = [bold(f"{found['id']} · {found['title'][lang]} · {found['section']}"), ""]
    rows = []
    for fact in found["facts"]:
        choices = " ".join(f"{value}({pair[lang]})" for value, pair in fact["choices"].items())
        default = f"= {fact['default']}" if fact["default"] is not None else ("可选" if zh else "optional") if fact["optional"] else ""
        rows.append([fact["fact"], fact["label"][lang], say("parties", fact["from"], lang), wrap(choices or fact["type"], 56), default])
    lines += [table(rows, _heads(lang, "事实|含义|谁知道|取值|默认", "fact|meaning|who knows|values|default")), ""]
    named = [
        ("结局", "outcomes", [f"{word}({say('outcomes', word, lang)})" for word in found["outcomes"]]),
        ("等待", "waits on", [say("parties", word, lang) for word in found["waits"]]),
        ("队列", "queues", found["queues"]),
        ("赔付", "payouts", found["payouts"]),
        ("时限", "deadlines", found["deadlines"]),
        ("后续流程", "next flows", found["next_flows"]),
        ("别名", "aliases", found["aliases"]),
        ("话术时点", "script moments", [one["moment"] for one in found["scripts"]]),
        ("所引规则", "rules", found["cites"]),
    ]
    for label_zh, label_en, words in named:
        if words:
            lines.append(wrap(" ".join(words), columns(), f"{label_zh if zh else label_en}: ", "    "))
    return lines


# ---- check ----------------------------------------------------------------------------------------------------------------


@command.command("check")
@click.argument("flows", nargs=-1, metavar="[FLOW|DIR]...")
@click.option("--prove", is_flag=True, help="证明每种可能的情况都有唯一结局、不超限、不循环 · prove every case that can occur")
@format_option("text", "json")
@lang_option
def check(flows: tuple[str, ...], prove: bool, form: str, lang: str) -> int:
    """走遍每一条路径并跑例子；有问题退出码为 1 · walk every path and run the worked cases; exit 1 with findings.

    FLOW|DIR: 流程名、别名，或含 flow.yaml 的文件夹；缺省为全部流程和政策 · a flow's id or alias, or a folder with
    flow.yaml; default all flows and the policy.
    """
    import time

    from tmcs import flowcheck

    began = time.perf_counter()
    if prove:
        from tmcs.cli.flow_prove import print_proof
        from tmcs.flowproof import prove_all

        run = prove_all(flows)
        _add_refusals(run.checks)
        lines = [line for report in run.checks for line in report_lines(report, lang)]
        print_proof(run, form, lang, lines, time.perf_counter() - began)
        return EXIT_FINDINGS if run.faults else EXIT_OK
    reports = flowcheck.check_all(flows)
    seconds = time.perf_counter() - began
    _add_refusals(reports)
    faults = sum(len(report.findings) for report in reports)
    if form == "json":
        from tmcs.render.data import to_json

        checked = [report.to_dict() for report in reports]
        print(to_json({"schema": "tmcs/flow-check/1", "checked": checked, "seconds": round(seconds, 3), "ok": not faults}))
    else:
        for report in reports:
            print("\n".join(report_lines(report, lang)))
        paths, combinations = sum(r.paths for r in reports), sum(r.combinations for r in reports)
        print(
            f"共 {paths} 条路径，{combinations} 种组合，{faults} 处问题，{seconds:.2f} 秒"
            if lang == "zh"
            else f"{paths} paths, {combinations} combinations, {faults} findings, {seconds:.2f} s"
        )
    return EXIT_FINDINGS if faults else EXIT_OK


def _add_refusals(reports: list[CheckReport]) -> None:
    """Add to the findings which plug-ins the desk's limit on what one order can draw refuses."""
    from tmcs.core.errors import Finding
    from tmcs.plugin_verdict import refusals

    try:
        refused = refusals()
    except TmcsError:  # the policy is wrong, as its own check says
        return
    for name, text in refused.items():
        for report in reports:
            if report.id == name:
                report.findings.append(Finding(name, 0, 0, text))


def report_lines(report: CheckReport, lang: str) -> list[str]:
    """Return what a check found, in lines."""
    from tmcs.core.safe import clean
    from tmcs.render.layout import columns, wrap

    zh = lang == "zh"
    mark = "✗" if report.findings else "✓"
    lines = [f"{mark} {clean(report.id)}"]
    if report.paths:
        passed, total = report.examples
        lines[0] += (
            f": {report.nodes} 个节点，{report.paths} 条路径，{report.combinations} 种组合，例子 {passed}/{total}"
            if zh
            else f": {report.nodes} nodes, {report.paths} paths, {report.combinations} combinations, cases {passed}/{total}"
        )
        ends = (f"{_end(word, lang)} {count}" for word, count in report.outcomes.items())
        lines.append(wrap("  ".join(ends), columns(), "  "))
    lines += [f"  {clean(finding.message(lang))}" for finding in report.findings]
    return lines


def _end(word: str, lang: str) -> str:
    from tmcs.render.words import say

    if word.startswith("waiting:"):
        party = say("parties", word[8:], lang)
        return f"等待{party}" if lang == "zh" else f"waiting on {party}"
    return say("status" if word == "needs-facts" else "outcomes", word, lang)


command.add_command(chart)
