"""`tmcs script`: the words to say at a moment of a flow, every figure filled in."""

from __future__ import annotations

from typing import Any

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.cli.given import find_order, moment, parse_sets
from tmcs.core.errors import EXIT_NEEDS_FACTS, EXIT_OK, unknown_word
from tmcs.core.fill import COMPUTED, fill, names
from tmcs.core.flow import Flow
from tmcs.core.resolution import Resolution
from tmcs.core.resolve import resolve


@click.command("script", cls=Command, short_help="话术 · the words to say")
@click.argument("flow")
@click.argument("moment_id", metavar="[MOMENT]", required=False)
@click.option("--all", "whole", is_flag=True, help="整张话术单 · the whole call sheet")
@click.option("-s", "--set", "sets", metavar="NAME=VALUE", multiple=True, help="事实，或话术里的取值 · a fact, or a value in the text")
@click.option("--order", "order_id", metavar="ID", help="订单编号 · order number")
@click.option("--orders", "order_files", metavar="FILE", multiple=True, help="只用这些导出文件 · read these exports")
@click.option("--order-json", metavar="FILE", help="订单 JSON，- 为标准输入 · the order as JSON")
@click.option("--store", metavar="FILE", help="订单簿文件 · the order book's file")
@click.option("--item", metavar="SKU", help="哪一件商品 · the item concerned")
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · as of this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@format_option("text", "json", "yaml")
@lang_option
def command(
    flow: str, moment_id: str | None, whole: bool, sets: tuple[str, ...], order_id: str | None, order_files: tuple[str, ...],
    order_json: str | None, store: str | None, item: str | None, tier: str | None, now_text: str | None,
    policy_files: tuple[str, ...], form: str, lang: str,
) -> int:  # fmt: skip
    """一个流程在某个时点要说的话；不写 MOMENT 则列出全部时点 · the words for a moment; without one, all moments.

    给出订单和事实后，金额和日期取自处理结果 · with an order and facts, sums and dates come from the resolution.
    """
    from tmcs.loader import load_flow, load_policy

    policy = load_policy(policy_files or None)
    definition = load_flow(flow, policy=policy)
    moments = all_moments(definition)
    if moment_id is None and not whole:
        print(_listing(definition, moments, form, lang))
        return EXIT_OK
    if moment_id is not None and moment_id not in moments:
        raise unknown_word("话术时点", "script moment", moment_id, moments)
    chosen = moments if moment_id is None else {moment_id: moments[moment_id]}
    facts, values = _split(definition, parse_sets(sets), chosen)
    if item:
        facts["item"] = item
    if tier:
        facts["tier"] = tier
    order = find_order(order_id, order_files, order_json, store)
    context = resolve(definition, order, facts, policy, moment(now_text))
    if moment_id is None:
        print(_sheet(definition, moments, context, values, form, lang))
        return EXIT_OK
    return _print_one(moment_id, moments[moment_id], context, values, form, lang)


def all_moments(flow: Flow) -> dict[str, Any]:
    """Return the script moments of a flow, of the flows it goes on in, and of the shared graph."""
    moments = dict(flow.scripts)
    for target in flow.targets.values():
        for name, script in all_moments(target).items():
            moments.setdefault(name, script)
    return {**moments, **{name: script for name, script in flow.common.scripts.items() if name not in moments}}


def _split(flow: Flow, given: dict[str, str], scripts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Tell the facts of the flow from the values that only fill a place in the text."""
    facts: dict[str, Any] = {}
    values: dict[str, str] = {}
    settable = flow.settable()
    places = sorted({name for script in scripts.values() for name in names(script["zh"]) + names(script["en"])})
    for name, value in given.items():
        if name in places and name not in settable:
            values[name] = value
        elif name in settable or name in ("tier", "item"):
            facts[name] = value
        else:
            raise unknown_word("名称", "name", name, [*places, *settable])
    return facts, values


class _Places:
    """The values of a text's placeholders: those given first, then those of the resolution."""

    def __init__(self, given: dict[str, str], context: Resolution, lang: str) -> None:
        self._given = given
        self._values = context.values(lang)

    def get(self, name: str) -> str | None:
        return self._given.get(name) or self._values.get(name)


class _Blanks:
    """Values for a call sheet: what is still open stays open, as a blank with its name."""

    def __init__(self, places: _Places) -> None:
        self._places = places

    def get(self, name: str) -> str:
        return self._places.get(name) or f"〔{name}〕"


def _sheet(
    flow: Flow, moments: dict[str, Any], context: Resolution, given: dict[str, str], form: str, lang: str
) -> str:
    """Return the call sheet of a flow: every moment in order, filled as far as values are known."""
    blanks = {one: _Blanks(_Places(given, context, one)) for one in ("zh", "en")}
    found = [
        {
            "moment": name,
            "when": dict(zip(("zh", "en"), script["when"] or ["", ""], strict=True)),
            "direction": script["direction"],
            "text": {one: fill(script[one], blanks[one]) for one in ("zh", "en")},
            "cites": script["cite"],
        }
        for name, script in moments.items()
    ]
    if form != "text":
        from tmcs.render.parts import dump

        return dump({"schema": "tmcs/call-sheet/1", "flow": flow.id, "scripts": found}, form)
    from tmcs.core.safe import clean
    from tmcs.render.layout import bold, columns, dim, wrap

    out = [bold(f"{flow.title[lang == 'en']} · {flow.id}")]
    for one in found:
        cites = f"  [{' '.join(one['cites'])}]" if one["cites"] else ""
        out += ["", f"{bold('·')} {one['when'][lang] or one['moment']} ({one['moment']})" + dim(cites)]
        out.append(wrap(clean(one["text"]["zh"]), columns(), "  "))
        if lang == "en":
            out.append(dim(wrap(clean(one["text"]["en"]), columns(), "  ")))
    return "\n".join(out)


def _print_one(
    name: str, script: dict[str, Any], context: Resolution, given: dict[str, str], form: str, lang: str
) -> int:
    places = {one: _Places(given, context, one) for one in ("zh", "en")}
    texts = [script["zh"], script["en"]]
    missing = [place for place in names(texts[0]) if places["zh"].get(place) is None]
    if missing and script["otherwise"]:
        texts, missing = script["otherwise"], []
    if missing:
        from tmcs.render.parts import dump

        if form == "text":
            said = "还缺取值: " if lang == "zh" else "values are missing: "
            print(said + ", ".join(f"--set {place}=…" for place in missing))
        else:
            print(dump({"status": "needs-facts", "needs": [{"fact": place} for place in missing]}, form))
        return EXIT_NEEDS_FACTS
    text = {"zh": fill(texts[0], places["zh"]), "en": fill(texts[1], places["en"])}
    if form != "text":
        from tmcs.render.parts import dump

        print(dump({"schema": "tmcs/script/1", "moment": name, "text": text, "cites": script["cite"]}, form))
        return EXIT_OK
    from tmcs.core.safe import clean

    print(clean(text["zh"]))
    if lang == "en":
        print(clean(text["en"]))
    return EXIT_OK


def _listing(flow: Flow, moments: dict[str, Any], form: str, lang: str) -> str:
    found = [
        {
            "moment": name,
            "when": dict(zip(("zh", "en"), script["when"] or ["", ""], strict=True)),
            "direction": script["direction"],
            "text": {"zh": script["zh"], "en": script["en"]},
            "values": sorted({place for place in names(script["zh"]) if place in COMPUTED}),
            "cites": script["cite"],
        }
        for name, script in moments.items()
    ]
    if form != "text":
        from tmcs.render.parts import dump

        return dump({"schema": "tmcs/scripts/1", "flow": flow.id, "scripts": found}, form)
    from tmcs.render.layout import table

    rows = [(one["moment"], one["when"][lang], " ".join(one["cites"])) for one in found]
    return table(rows, ["时点", "何时说", "依据"] if lang == "zh" else ["moment", "when", "rules"])
