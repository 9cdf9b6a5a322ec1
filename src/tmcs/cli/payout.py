"""`tmcs payout`: one payout by itself."""

from __future__ import annotations

import sys
from typing import Any

import click

from tmcs.cli.common import Command, format_option, lang_option
from tmcs.cli.given import moment, parse_sets
from tmcs.core.errors import EXIT_NEEDS_FACTS, EXIT_OK, InputError
from tmcs.core.money import parse_money
from tmcs.core.parts import compute_payout
from tmcs.core.payout import Payout
from tmcs.core.policy import Policy


@click.command("payout", cls=Command, short_help="计算赔付 · compute a payout")
@click.argument("reason", required=False)
@click.option("--amount", metavar="AMOUNT", help="基数，元 · what the rates apply to, CNY")
@click.option("-s", "--set", "sets", metavar="FACT=VALUE", multiple=True, help="给出一个事实 · give a fact")
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻的数字 · figures in force at this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@click.option("--list", "list_all", is_flag=True, help="列出所有原因 · list the reasons")
@format_option("text", "json", "yaml")
@lang_option
def command(
    reason: str | None, amount: str | None, sets: tuple[str, ...], tier: str | None, now_text: str | None,
    policy_files: tuple[str, ...], list_all: bool, form: str, lang: str,
) -> int:  # fmt: skip
    """计算一项赔付: 可赔多少、本层级能承诺多少、由谁批准 · compute one payout."""
    from tmcs.loader import load_policy

    policy = load_policy(policy_files or None)
    now = moment(now_text)
    if list_all:
        return _list(policy, now, form, lang)
    if reason is None:
        raise InputError("缺少赔付原因，见 tmcs payout --list", "a payout reason is missing, see tmcs payout --list")
    policy.at(now).payout(reason)  # an unknown reason is told before a missing amount
    base = _amount(amount)
    if tier is None:
        from tmcs import config

        tier = config.get("tier") or policy.at(now).tiers[0]
    found = compute_payout(policy, reason, base, tier, parse_sets(sets), now)
    if isinstance(found, Payout):
        print(_one(found, policy, now, form, lang))
        return EXIT_OK
    from tmcs.render.parts import render_needs

    print(render_needs(found, form, lang))
    return EXIT_NEEDS_FACTS


def _amount(text: str | None) -> int:
    if text is None:
        raise InputError("缺少 --amount 基数", "--amount is missing")
    try:
        return parse_money(text)
    except ValueError:
        raise InputError(
            f"--amount {text} 有误，应为金额，如 35.00，最多两位小数",
            f"--amount {text} is wrong: expected an amount such as 35.00, at most two decimals",
        ) from None


def _one(payout: Payout, policy: Policy, now: Any, form: str, lang: str) -> str:
    if form == "text":
        from tmcs.render.resolution import payout_table, promise

        tiers = policy.at(now).tier_labels
        return f"{promise(payout, lang, tiers)}\n\n{payout_table([payout], policy.at(now), lang)}"
    from tmcs.render.parts import dump

    return dump(payout.to_dict(), form)


def _list(policy: Policy, now: Any, form: str, lang: str) -> int:
    from tmcs.render.parts import dump, reasons, reasons_table

    snapshot = policy.at(now)
    if form == "text":
        print(reasons_table(snapshot, lang))
    else:
        print(dump({"schema": "tmcs/payout-reasons/1", "reasons": reasons(snapshot)}, form))
    sys.stdout.flush()
    return EXIT_OK
