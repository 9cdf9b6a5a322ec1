"""`tmcs case open` and `tmcs case set`: a case from an order problem, and what is learnt of it later."""

from __future__ import annotations

from typing import Any, Final

import click

from tmcs.cli import drafts
from tmcs.cli.case_given import at_desk, case_number, store_option, why_option
from tmcs.cli.case_keep import Keeper, Setter, keeping
from tmcs.cli.common import Command, format_option, lang_option
from tmcs.cli.given import at_terminal, fact_options, find_order, gather, order_options, stdin_once
from tmcs.cli.resolve import Run
from tmcs.core.errors import InputError
from tmcs.core.resolution import Resolution


@click.command("open", cls=Command, short_help="建案 · open a case")
@click.argument("flow")
@order_options
@fact_options
@click.option("--continue", "go_on", is_flag=True, help="接着走后续流程 · go on in the next flow with what is known")
@why_option
@format_option("text", "json")
@lang_option
def open_(
    flow: str, order_id: str | None, order_files: tuple[str, ...], order_json: str | None, store: str | None, item: str | None,
    sets: tuple[str, ...], facts_file: str | None, no_input: bool, go_on: bool, why: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """建案: FLOW 为流程名或别名 · open a case; exit codes as for resolve: 0 resolved, 3 needs facts, 4 waiting.

    层级与坐席取自登录配置 · tier and agent are those of the login.
    """
    from tmcs.loader import passing_flow

    stdin_once(facts_file, order_json)
    definition = passing_flow(flow)  # whether the desk's limit refuses it is the desk's to say, which opens no case then
    facts, sources = gather(facts_file, sets, item)
    asking = not no_input and form == "text" and at_terminal()
    with keeping(store, lang, people=form == "text", why=why) as keeper:
        order = find_order(order_id, order_files, order_json, store)
        run = Run(definition, order, facts, sources, keeper.policy, keeper.now, lang, asking, keeper)
        return _finish(keeper, run.through(form, False, go_on), form)


@click.command("set", cls=Command, short_help="得知事实，重新判定 · learn facts and decide anew")
@click.argument("case_id", metavar="ID")
@fact_options
@click.option("--item", metavar="SKU", help="哪一件商品 · the item concerned")
@click.option("--unset", multiple=True, metavar="FACT", help="忘掉一个事实，可多次 · forget a fact")
@click.option("--continue", "go_on", is_flag=True, help="接着走后续流程 · go on in the next flow with what is known")
@why_option
@drafts.version_option
@store_option
@format_option("text", "json")
@lang_option
def set_(
    case_id: str, sets: tuple[str, ...], facts_file: str | None, no_input: bool, item: str | None, unset: tuple[str, ...],
    go_on: bool, why: str | None, version: int | None, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """得知事实后按建案那天的政策和流程重新判定；不给事实则按此刻 · decide anew, by the policy of the day it was opened.

    订单簿里有这个订单时取其现状 · the order is taken as the order book has it now.
    """
    number = case_number(case_id)
    facts, sources = gather(facts_file, sets, item)
    draft = None if facts_file in (None, "-") else drafts.read(str(facts_file))
    asking = not no_input and form == "text" and at_terminal()
    with at_desk("set", store) as (desk, _):
        setter = _setter(desk, number, lang, people=form == "text")
        setter.given = dict(facts)
        setter.based_on = version if version is not None or not asking else setter.seen
        setter.unset = list(unset) or (draft["options"].get("unset", []) if draft else [])
        setter.why = why or (draft["options"].get("why") if draft else None)
        run = _run(setter, facts, sources, lang, asking)
        path = str(facts_file) if draft else None
        with drafts.drafted(number, lambda: {**setter.learnt(run.facts), **setter.later}, setter.is_personal, path):
            chain = run.through(form, False, go_on)
        return _finish(setter, chain, form)


class _Setter(Setter):
    """What `case set` knows of the case before it writes: ``seen`` the version, ``later`` the facts of following flows."""

    seen: int
    later: dict[str, Any]

    def is_personal(self, name: str) -> bool:
        """Return whether the value of a fact is somebody's own words."""
        from tmcs.cases.decide import is_personal
        from tmcs.cases.documents import pinned_flow

        return name != "item" and is_personal(pinned_flow(self.desk.store, self.history.flow).fact(name))


def _setter(desk: Any, number: int, lang: str, *, people: bool) -> _Setter:
    from tmcs.cases.documents import policy_for
    from tmcs.cases.history import fold
    from tmcs.cases.writer import no_case, read_events
    from tmcs.orders.book import Book

    events = read_events(desk.store, number)
    if not events:
        raise no_case(number)
    history = fold(events)
    policy = policy_for(desk.store, history)
    setter = _Setter(desk, policy, policy.at(desk.now), lang, number, history, people=people)
    setter.seen = events[-1].n
    setter.tier = max(history.tier, desk.actor.tier, key=setter.snapshot.tier_index)
    tid = (history.order or {}).get("tid")
    found = Book(desk.store).entry(tid) if tid else None
    setter.record = None if found is None or found.pending else found.record
    return setter


def _run(setter: _Setter, facts: dict[str, Any], sources: dict[str, str], lang: str, asking: bool) -> Run:
    from tmcs.cases.desk import brought_up
    from tmcs.cases.documents import pinned_flow
    from tmcs.core.order import Order

    history = setter.history
    if "tier" in facts:
        raise InputError("案件按登录的层级处理，不能另给 tier", "a case is decided at the tier of the login; tier cannot be given")
    known = {name: value for name, value in history.facts.items() if name not in setter.unset}
    by = {name: source for name, source in history.sources.items() if name in known}
    order = brought_up(history.order, setter.record)
    run = Run(
        pinned_flow(setter.desk.store, history.flow), None if order is None else Order(order), {**known, **facts},
        {**by, **sources}, setter.policy, setter.now, lang, asking, setter,
    )  # fmt: skip
    setter.later = run.later
    return run


def _finish(keeper: Keeper, chain: list[Resolution], form: str) -> int:
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json(keeper.data(chain)))
    from tmcs.render.exits import exit_code

    return exit_code(chain[-1].status)


SUBCOMMANDS: Final[dict[str, click.Command]] = {"open": open_, "set": set_}
