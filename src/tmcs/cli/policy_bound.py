"""`tmcs policy bound`: the most that one order can draw over all installed flows."""

from __future__ import annotations

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError

#: Sums paid beyond this are a slip, in fen; the bound is a straight line long before.
_MOST = 10**10


@click.command("bound", cls=Command, short_help="一单最多可得 · the most one order can draw")
@click.option("--paid", metavar="AMOUNT", default="100.00", show_default=True, help="订单实付，元 · what was paid for the order, CNY")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@click.option("--strict", is_flag=True, help="有插件超过上限则退出码 1 · exit 1 if a plug-in passes the limit")
@format_option("text", "json")
@lang_option
def bound(paid: str, policy_files: tuple[str, ...], strict: bool, form: str, lang: str) -> int:
    """所有流程加起来，一单最多可得多少，怎样到达 · the most that one order can draw over all flows, and how it gets there.

    赔付只取最高一项 (C06)，退款不超过实付，报销另计，同一原因只算一次；上限为 cases.order_bound · one compensation, the
    highest (C06); refunds up to what was paid; reimbursements besides; each cause once. The limit is cases.order_bound.
    """
    from tmcs.bound import installed
    from tmcs.core.money import parse_money
    from tmcs.loader import load_policy
    from tmcs.plugins import FLOW_GROUP, registry

    try:
        fen = parse_money(paid)
    except ValueError:
        fen = 0
    if not 0 < fen <= _MOST:
        raise InputError(f"--paid {paid[:40]} 有误，应为金额，如 100.00", f"--paid {paid[:40]} is wrong: expected an amount such as 100.00")
    bounds = installed(load_policy(policy_files or None))
    plugins = [one for one in registry().plugins if one.group == FLOW_GROUP and one.status == "ok"]
    refused = bounds.refused(plugins)
    found = bounds.without(refused).to_dict(fen)
    found["refused"] = [{"flow": name, "reason": text.to_dict()} for name, text in refused.items()]
    if form == "json":
        from tmcs.render.data import to_json

        print(to_json(found))
    else:
        from tmcs.render.bound import bound_text

        for line in bound_text(found, lang):
            print(line)
    return EXIT_FINDINGS if strict and refused else EXIT_OK


SUBCOMMANDS = {"bound": bound}
