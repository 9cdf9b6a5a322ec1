"""`tmcs resolve`: one order problem, from the facts to the resolution."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tmcs.cli.common import Command, lang_option
from tmcs.cli.given import at_terminal, fact_options, find_order, gather, moment, order_options, set_aside, stdin_once
from tmcs.core.errors import InputError
from tmcs.core.flow import Flow
from tmcs.core.order import Order
from tmcs.core.policy import Policy
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, Resolution
from tmcs.core.resolve import resolve

if TYPE_CHECKING:
    from tmcs.cli.case_keep import Keeper

FORMATS = ("text", "json", "yaml", "markdown")
PEOPLE = ("text", "markdown")


@click.command("resolve", cls=Command, short_help="处理一单 · settle one order problem")
@click.argument("flow", required=False)
@order_options
@fact_options
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent (default: configuration, else the lowest)")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻处理 · decide as of this time (ISO 8601)")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@click.option("--continue", "go_on", is_flag=True, help="接着走后续流程 · go on in the next flow with what is known")
@click.option("--save", is_flag=True, help="建案保存 · keep it as a case")
@click.option("--explain", is_flag=True, help="说明经过与依据 · show the path and the rules in words")
@click.option("--format", "form", metavar="FORMAT", default="text", show_default=True, help="text json yaml markdown")
@lang_option
def command(
    flow: str | None, order_id: str | None, order_files: tuple[str, ...], order_json: str | None, store: str | None,
    item: str | None, sets: tuple[str, ...], facts_file: str | None, no_input: bool, tier: str | None,
    now_text: str | None, policy_files: tuple[str, ...], go_on: bool, save: bool, explain: bool, form: str, lang: str,
) -> int:  # fmt: skip
    """处理一单: FLOW 为流程名或别名，如 damage、货品损坏 · settle one order problem.

    缺少的事实在终端上逐个询问；在管道里列出来并以退出码 3 结束 · missing facts are asked at a terminal, listed
    elsewhere (exit 3); 4 when another party must answer.
    """
    if flow is None:
        return _list_flows(lang)
    stdin_once(facts_file, order_json)
    from tmcs.loader import load_flow, load_policy

    policy = None if save else load_policy(policy_files or None)
    definition = (None if save or os.sep not in flow else _in_folder(flow)) or load_flow(flow, policy=policy)
    _check_format(form)
    facts, sources = gather(facts_file, sets, item)
    asking = not no_input and form in PEOPLE and at_terminal()
    if policy is None:
        from tmcs.cli.case_keep import keeping, refuse_what_if

        refuse_what_if(tier, facts.pop("tier", None), now_text, policy_files)
        with keeping(store, lang, people=form in PEOPLE) as keeper:
            order = find_order(order_id, order_files, order_json, store)
            run = Run(definition, order, facts, sources, keeper.policy, keeper.now, lang, asking, keeper)
            chain = run.through(form, explain, go_on)
            keeper.note_number()
    else:
        _take_tier(facts, tier)
        order = find_order(order_id, order_files, order_json, store)
        run = Run(definition, order, facts, sources, policy, moment(now_text), lang, asking)
        chain = run.through(form, explain, go_on)
    if form not in PEOPLE:
        print(_data(chain, form, lang) if go_on else render(chain[-1], form, lang, explain))
    from tmcs.render.exits import exit_code

    return exit_code(chain[-1].status)


class Run:
    """One order problem on its way through the flows.

    Attributes:
        flow, order, facts, sources: where it stands and what is known; ``later`` what only a following flow reads.
        keeper: keeps each resolution in a case; None: nothing is kept.
    """

    def __init__(
        self, flow: Flow, order: Order | None, facts: dict[str, Any], sources: dict[str, str], policy: Policy, now: datetime,
        lang: str, asking: bool, keeper: Keeper | None = None,
    ) -> None:  # fmt: skip
        self.flow = flow
        self.order = order
        self.facts = facts
        self.sources = sources
        self.policy = policy
        self.now = now
        self.lang = lang
        self.asking = asking
        self.keeper = keeper
        self.later = set_aside(flow, facts)
        self._everything = dict(self.later)

    def through(self, form: str, explain: bool, go_on: bool) -> list[Resolution]:
        """Settle it, in the next flows too where that is wanted, print what a person reads, and return the resolutions."""
        chain: list[Resolution] = []
        while True:
            result = self._settle()
            chain.append(result)
            if form in PEOPLE:
                print(("\n" if chain[1:] else "") + render(result, form, self.lang, explain))
            following = _following(result, chain, self.policy) if go_on or self.asking else None
            if following is None or not (go_on or (self.asking and _goes_on(following, self.lang))):
                return chain
            from tmcs.core.chain import carry_over

            self.flow = following
            self._everything.update(self.facts)
            self.facts, self.sources = carry_over(result, following, self._everything, self.sources)

    def _settle(self) -> Resolution:
        if self.keeper is not None:
            self.keeper.before(self.order, self.asking)
        result = settle(self.flow, self.order, self.facts, self.sources, self.policy, self.now, self.lang, self.asking, self.keeper)
        return result if self.keeper is None else self.keeper.keep(self, self.later)


def settle(
    flow: Flow, order: Order | None, facts: dict[str, Any], sources: dict[str, str], policy: Policy, now: datetime, lang: str,
    asking: bool, keeper: Keeper | None = None,
) -> Resolution:  # fmt: skip
    """Return the resolution; what is missing is asked where somebody can be, and added to ``facts`` and ``sources``."""
    tier = {} if keeper is None else {"tier": keeper.tier}
    result = resolve(flow, order, {**facts, **tier}, policy, now, sources=sources)
    if result.status == NEEDS_FACTS and asking:
        from tmcs.cli.prompt import ask_all

        facts.update(tier)
        result = ask_all(flow, order, facts, sources, policy, now, lang)
        for name in tier:
            del facts[name]
    return result


def _take_tier(facts: dict[str, Any], tier: str | None) -> None:
    """Put the tier among the facts: the option, else what was set, else the configured one."""
    if tier is None and "tier" not in facts:
        from tmcs import config

        tier = config.get("tier")
    if tier:
        facts["tier"] = tier


def _in_folder(folder: str) -> Flow | None:
    """Return the flow that lies in a folder, to be tried as it is, unchecked; None where there is none."""
    from tmcs.flowproof import is_folder, open_folder

    return open_folder(folder) if is_folder(folder) else None


def _following(result: Resolution, chain: list[Resolution], policy: Policy) -> Flow | None:
    """Return the flow that a resolved case goes on in; None where it ends, or would come round again."""
    name = result.next_flow
    installed = result.flow.installed or ()
    if result.status != RESOLVED or name is None or name not in installed or any(one.flow.id == name for one in chain):
        return None
    from tmcs.core.errors import NotFoundError
    from tmcs.loader import load_flow

    try:
        return load_flow(name, policy=policy)
    except (InputError, NotFoundError):
        return None  # it fails or is refused, see `tmcs plugin list`: what this flow decided stands, and still names it


def _goes_on(following: Flow, lang: str) -> bool:
    from tmcs.cli.prompt import ask_to_go_on

    return ask_to_go_on(following.title[lang == "en"], lang)


def _data(chain: list[Resolution], form: str, lang: str) -> str:
    if form not in FORMATS:
        return "\n".join(render(one, form, lang, False) for one in chain)
    from tmcs.core.chain import chain_dict
    from tmcs.render.parts import dump

    return dump(chain_dict(chain), form)


def _check_format(form: str) -> None:
    if form not in FORMATS:
        from tmcs import plugins

        if form not in plugins.formats():
            from tmcs.core.errors import unknown_word

            raise unknown_word("格式", "format", form, [*FORMATS, *plugins.formats()])


def render(result: Resolution, form: str, lang: str, explain: bool) -> str:
    """Return a resolution in a format, built in or from a plug-in."""
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

