"""`tmcs flow chart`: draw a flow, with the path that given facts take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tmcs.cli.common import Command, lang_option
from tmcs.core.errors import EXIT_OK

if TYPE_CHECKING:
    from tmcs.core.flow import Flow
    from tmcs.core.order import Order
    from tmcs.core.resolution import Resolution


@click.command("chart", cls=Command)
@click.argument("flow_name", metavar="FLOW")
@click.option("--as", "kind", type=click.Choice(["mermaid", "dot", "svg", "png"]), default="mermaid", show_default=True,
              help="svg 与 png 需要 Graphviz 的 dot · svg and png need Graphviz' dot")  # fmt: skip
@click.option("--full", is_flag=True, help="画出前置检查与收尾 · draw the general checks and the completion too")
@click.option("--facts", "facts_file", metavar="FILE", help="突出这些事实所走的路径，- 为标准输入 · set off the path of these facts")
@click.option("-s", "--set", "sets", metavar="FACT=VALUE", multiple=True, help="给出一个事实，可多次 · give a fact")
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent")
@click.option("--order", "order_id", metavar="ID", help="订单编号 · order number")
@click.option("--order-json", metavar="FILE", help="订单 JSON，- 为标准输入 · the order as JSON, - for stdin")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="写到文件 · write to a file")
@lang_option
def chart(
    flow_name: str, kind: str, full: bool, facts_file: str | None, sets: tuple[str, ...], tier: str | None,
    order_id: str | None, order_json: str | None, output: str | None, lang: str,
) -> int:  # fmt: skip
    """画流程图 · draw a flow as Mermaid, Graphviz DOT, SVG or PNG.

    给出事实时突出所走的路径；不给订单时按流程适用的订单状态画 · with facts the path taken is set off; without an
    order, one in a state that the flow is made for is assumed.
    """
    from tmcs.cli.given import find_order, moment, parse_sets, read_facts
    from tmcs.loader import load_flow, load_flows, load_policy
    from tmcs.render.chart import answers, draw

    flow = load_flow(flow_name, checked=False)
    facts: dict[str, Any] = read_facts(facts_file) if facts_file is not None else {}
    facts |= parse_sets(sets) | ({"tier": tier} if tier else {})
    order = find_order(order_id, (), order_json, None)
    snapshot = load_policy().at(moment(None))
    path = answers(_settle(flow, order, facts)) if facts or order is not None else None
    titles = {one.id: one.title[lang == "en"] for one in load_flows(checked=False)}
    text = draw(flow, snapshot, "mermaid" if kind == "mermaid" else "dot", lang, full=full, path=path, titles=titles)
    data = f"{text}\n".encode() if kind in ("mermaid", "dot") else _drawn(text, kind)
    _write(data, output)
    return EXIT_OK


def _settle(flow: Flow, order: Order | None, facts: Mapping[str, Any]) -> Resolution:
    """Decide the case to be drawn; without an order, for the plainest order that gets into the flow."""
    from tmcs.cli.given import moment
    from tmcs.core.life import STATES
    from tmcs.core.program import program
    from tmcs.core.resolve import resolve
    from tmcs.loader import load_policy

    policy, now = load_policy(), moment(None)
    plain = resolve(flow, order, facts, policy, now)
    if order is not None:
        return plain
    linked = program(flow, policy.at(now))
    inner = {node for node in linked.nodes.values() if node.graph is not flow.common}
    for state in STATES:
        said = {name: value for name, value in state.facts.items() if (f := linked.facts.get(name)) and f.source == "order"}
        if any(facts.get(name, value) != value for name, value in said.items()):
            continue
        found = resolve(flow, None, {**said, "item": "", **facts}, policy, now)
        if any(step.node in inner for step in found.path) or any(need.name in flow.listed for need in found.needs):
            return found
    return plain


def _drawn(text: str, kind: str) -> bytes:
    """Have Graphviz draw a chart.

    Raises:
        InputError: there is no ``dot`` on the path, or it refuses the chart.
    """
    import shutil
    import subprocess

    from tmcs.core.errors import InputError
    from tmcs.core.text import Text

    program = shutil.which("dot")
    if program is None:
        hint = Text(
            "安装 Graphviz (apt install graphviz 或 brew install graphviz)，或用 --as mermaid",
            "install Graphviz (apt install graphviz, brew install graphviz), or use --as mermaid",
        )
        raise InputError(f"--as {kind} 需要 Graphviz 的 dot", f"--as {kind} needs Graphviz' dot", hint=hint)
    done = subprocess.run([program, f"-T{kind}"], input=text.encode(), capture_output=True, check=False, timeout=60)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[:1]
        raise InputError(f"dot 出错: {' '.join(said)}", f"dot failed: {' '.join(said)}")
    return done.stdout


def _write(data: bytes, output: str | None) -> None:
    if output is None:
        import sys

        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from tmcs.files import write_atomic

    write_atomic(output, data, 0o644)
