"""`tmcs resolve`: one order problem, from the facts to the resolution."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from tmcs.cli.common import Command, lang_option
from tmcs.cli.given import find_order, moment, parse_sets, read_facts
from tmcs.core.errors import InputError
from tmcs.core.flow import Flow
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, Resolution
from tmcs.core.resolve import resolve

FORMATS = ("text", "json", "yaml", "markdown")
PEOPLE = ("text", "markdown")


@click.command("resolve", cls=Command, short_help="处理一单 · settle one order problem")
@click.argument("flow", required=False)
@click.option("--order", "order_id", metavar="ID", help="订单编号，查订单簿或 --orders 文件 · order number")
@click.option("--orders", "order_files", metavar="FILE", multiple=True, help="只用这些导出文件，不用订单簿 · read these exports instead of the order book")
@click.option("--order-json", metavar="FILE", help="订单 JSON，- 为标准输入 · the order as JSON, - for stdin")
@click.option("--store", metavar="FILE", help="订单簿文件 · the order book's file")
@click.option("--item", metavar="SKU", help="哪一件商品 · the item concerned")
@click.option("-s", "--set", "sets", metavar="FACT=VALUE", multiple=True, help="给出一个事实，可多次 · give a fact")
@click.option("--facts", "facts_file", metavar="FILE", help="事实文件 (JSON/YAML)，- 为标准输入 · facts from a file, - for stdin")
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent (default: configuration, else the lowest)")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻处理 · decide as of this time (ISO 8601)")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@click.option("--continue", "go_on", is_flag=True, help="接着走后续流程 · go on in the next flow with what is known")
@click.option("--explain", is_flag=True, help="说明经过与依据 · show the path and the rules in words")
@click.option("--no-input", is_flag=True, help="不提问 · never ask")
@click.option("--format", "form", metavar="FORMAT", default="text", show_default=True, help="text json yaml markdown")
@lang_option
@click.pass_context
def command(
    ctx: click.Context, flow: str | None, order_id: str | None, order_files: tuple[str, ...], order_json: str | None,
    store: str | None, item: str | None, sets: tuple[str, ...], facts_file: str | None, tier: str | None,
    now_text: str | None, policy_files: tuple[str, ...], go_on: bool, explain: bool, no_input: bool,
    form: str, lang: str,
) -> int:  # fmt: skip
    """处理一单: FLOW 为流程名或别名，如 damage、货品损坏 · settle one order problem.

    缺少的事实在终端上逐个询问；在管道里列出来并以退出码 3 结束 · missing facts are asked at a terminal, listed
    elsewhere (exit 3); 4 when another party must answer.
    """
    if flow is None:
        return _list_flows(lang)
    if facts_file == "-" and order_json == "-":
        raise InputError("标准输入只能用一次: --facts - 或 --order-json -", "stdin can be read once: --facts - or --order-json -")
    from tmcs.loader import load_flow, load_policy

    definition = load_flow(flow) if os.sep not in flow else _in_folder(flow) or load_flow(flow)
    _check_format(form)
    policy = load_policy(policy_files or None)
    facts, sources = _gather(facts_file, sets, item, tier)
    now = moment(now_text)
    order = find_order(order_id, order_files, order_json, store)
    asking = not no_input and form in PEOPLE and _at_terminal()
    everything = _set_aside(definition, facts)
    chain: list[Resolution] = []
    while True:
        result = resolve(definition, order, facts, policy, now, sources=sources)
        if result.status == NEEDS_FACTS and asking:
            from tmcs.cli.prompt import ask_all

            result = ask_all(definition, order, facts, sources, policy, now, lang)
        chain.append(result)
        if form in PEOPLE:
            print(("\n" if chain[1:] else "") + _render(result, form, lang, explain))
        following = _following(result, chain) if go_on or asking else None
        if following is None or not (go_on or (asking and _goes_on(following, lang))):
            break
        from tmcs.core.chain import carry_over

        definition = following
        everything.update(facts)
        facts, sources = carry_over(result, following, everything, sources)
    if form not in PEOPLE:
        print(_data(chain, form, lang) if go_on else _render(result, form, lang, explain))
    from tmcs.render.exits import exit_code

    return exit_code(result.status)


def _in_folder(folder: str) -> Flow | None:
    """Return the flow that lies in a folder, to be tried as it is, unchecked; None where there is none."""
    from tmcs.flowproof import is_folder, open_folder

    return open_folder(folder) if is_folder(folder) else None


def _following(result: Resolution, chain: list[Resolution]) -> Flow | None:
    """Return the flow that a resolved case goes on in; None where it ends, or would come round again."""
    name = result.next_flow
    installed = result.flow.installed or ()
    if result.status != RESOLVED or name is None or name not in installed or any(one.flow.id == name for one in chain):
        return None
    from tmcs.core.errors import NotFoundError
    from tmcs.loader import load_flow

    try:
        return load_flow(name)
    except (InputError, NotFoundError):
        return None  # it fails, see `tmcs plugin list`: what this flow decided stands, and still names it


def _goes_on(following: Flow, lang: str) -> bool:
    from tmcs.cli.prompt import ask_to_go_on

    return ask_to_go_on(following.title[lang == "en"], lang)


def _data(chain: list[Resolution], form: str, lang: str) -> str:
    if form not in FORMATS:
        return "\n".join(_render(one, form, lang, False) for one in chain)
    from tmcs.core.chain import chain_dict
    from tmcs.render.parts import dump

    return dump(chain_dict(chain), form)


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _gather(
    facts_file: str | None, sets: tuple[str, ...], item: str | None, tier: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the facts and who gave each: ``--set`` wins over ``--facts``."""
    facts: dict[str, Any] = read_facts(facts_file) if facts_file is not None else {}
    sources = dict.fromkeys(facts, "facts")
    given = parse_sets(sets)
    facts.update(given)
    sources.update(dict.fromkeys(given, "set"))
    if item is not None:
        facts["item"] = item
        sources["item"] = "set"
    if tier is None and "tier" not in facts:
        from tmcs import config

        tier = config.get("tier")
    if tier:
        facts["tier"] = tier
    return facts, sources


def _set_aside(flow: Flow, facts: dict[str, Any]) -> dict[str, Any]:
    """Take the facts out that only a following flow uses, after checking them against it, and return them."""
    settable = flow.settable()
    others = [name for name in facts if name not in settable and name not in ("tier", "item")]
    if not others:
        return {}
    from tmcs.loader import following_facts

    later = following_facts(flow)
    aside = {name: facts.pop(name) for name in others if name in later}
    for name, value in aside.items():
        later[name].parse(value)
    return aside


def _check_format(form: str) -> None:
    if form not in FORMATS:
        from tmcs import plugins

        if form not in plugins.formats():
            from tmcs.core.errors import unknown_word

            raise unknown_word("格式", "format", form, [*FORMATS, *plugins.formats()])


def _render(result: Resolution, form: str, lang: str, explain: bool) -> str:
    if form == "json":
        from tmcs.render.data import to_json

        return to_json(result.to_dict())
    if form == "yaml":
        from tmcs.render.data import to_yaml

        return to_yaml(result.to_dict())
    if form not in FORMATS:
        from tmcs import plugins

        return str(plugins.formats()[form](result, lang))
    from tmcs.render.resolution import render_markdown, render_text

    why = None
    if explain:
        from tmcs.render.explain import explain as in_words

        why = in_words(result, lang)
    return render_text(result, lang, why) if form == "text" else render_markdown(result, lang, why)


def _list_flows(lang: str) -> int:
    """List the flows: `tmcs resolve` without one."""
    from tmcs.core.errors import EXIT_INPUT
    from tmcs.loader import load_flows
    from tmcs.render.layout import table

    rows = [(flow.id, flow.title[lang == "en"], " ".join(flow.aliases)) for flow in load_flows()]
    heads = ["流程", "名称", "别名"] if lang == "zh" else ["flow", "title", "aliases"]
    print(table(rows, heads))
    print("用法: tmcs resolve 流程 --order 订单号" if lang == "zh" else "usage: tmcs resolve FLOW --order ID", file=sys.stderr)
    return EXIT_INPUT

