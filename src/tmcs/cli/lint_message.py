"""`tmcs lint-message`: an agent's own words, checked before the customer reads them."""

from __future__ import annotations

from typing import Any

import click

from tmcs.cli.common import Command, format_option, lang_option, read_text
from tmcs.cli.given import find_order, moment, parse_sets
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError
from tmcs.core.flow import Flow
from tmcs.core.money import parse_money
from tmcs.core.order import Order
from tmcs.core.policy import Policy
from tmcs.core.wording import ERROR, MAX_CHARACTERS, Case, Remark, lint, lint_lines, place

_BYTES = 4  # of a character in UTF-8 at most
_MAX_FILE = 1024 * 1024

#: What was checked: where it comes from, its text, what was found.
Checked = tuple[str, str, list[Remark]]


@click.command("lint-message", cls=Command, short_help="检查自己要说的话 · check your own words")
@click.argument("text", required=False)
@click.option("--file", "lines_file", metavar="FILE", help="一行一条，- 为标准输入 · a message on each line, - for stdin")
@click.option("--flow", "flow_word", metavar="FLOW", help="正在办的流程 · the flow at hand")
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent")
@click.option("--amount", metavar="AMOUNT", help="订单实付金额，元 · what was paid for the order, CNY")
@click.option("--order", "order_id", metavar="ID", help="订单编号，须同时给 --flow · order number, with --flow")
@click.option("--orders", "order_files", metavar="FILE", multiple=True, help="只用这些导出文件 · read these exports")
@click.option("--order-json", metavar="FILE", help="订单 JSON，- 为标准输入 · the order as JSON, - for stdin")
@click.option("--store", metavar="FILE", help="订单簿文件 · the order book's file")
@click.option("--item", metavar="SKU", help="哪一件商品 · the item concerned")
@click.option("-s", "--set", "sets", metavar="FACT=VALUE", multiple=True, help="给出一个事实，须同时给 --flow · give a fact, with --flow")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻 · as of this time")
@click.option("--opening", is_flag=True, help="这是开场的话，要有问候 · the words open the contact")
@click.option("--strict", is_flag=True, help="提醒也算错 · warnings count as errors")
@click.option("--scripts", is_flag=True, help="检查全部自有话术 · check every script of our own")
@click.option("--wording", "wording_files", metavar="FILE", multiple=True, help="自己的用语规则，盖在内置的之上 · own rules, over the built-in ones")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@format_option("text", "json", "yaml")
@lang_option
def command(
    text: str | None, lines_file: str | None, flow_word: str | None, tier: str | None, amount: str | None,
    order_id: str | None, order_files: tuple[str, ...], order_json: str | None, store: str | None, item: str | None,
    sets: tuple[str, ...], now_text: str | None, opening: bool, strict: bool, scripts: bool,
    wording_files: tuple[str, ...], policy_files: tuple[str, ...], form: str, lang: str,
) -> int:  # fmt: skip
    """检查要对客户说的话: 禁语、礼貌、含糊、越权承诺、个人信息 · check words meant for a customer.

    TEXT 省略或为 - 时读标准输入；有错误退出码 1 · without TEXT, or with -, stdin is read; exit 1 on errors.
    """
    from tmcs.loader import load_flow, load_policy
    from tmcs.wording import check_names, load_wording

    _one_source(text, lines_file, order_json, scripts)
    if scripts and any((flow_word, tier, amount, order_id, order_files, order_json, store, item, sets, opening)):
        raise InputError("--scripts 检查全部话术，不看某一单", "--scripts checks every script: it takes no case")
    policy, now = load_policy(policy_files or None), moment(now_text)
    snapshot = policy.at(now)
    wording = load_wording(wording_files)
    check_names(wording, snapshot)
    if scripts:
        checked = _scripts(wording, snapshot)
    else:
        flow = load_flow(flow_word, policy=policy) if flow_word else None
        base = _base(amount)
        order = find_order(order_id, order_files, order_json, store)
        facts: dict[str, Any] = {**parse_sets(sets), **({"item": item} if item else {})}
        said = facts.pop("tier", None)
        acting = tier or said or _tier() or snapshot.tiers[0]
        snapshot.tier_index(acting)
        case = _case(policy, flow, order, facts, acting, base, now, opening)
        checked = [_message(text, lines_file, wording, case)]
    print(_render(checked, wording["files"], form, lang))
    remarks = [remark for _, _, found in checked for remark in found]
    return EXIT_FINDINGS if any(strict or one.severity == ERROR for one in remarks) else EXIT_OK


def _one_source(text: str | None, lines_file: str | None, order_json: str | None, scripts: bool) -> None:
    if sum((text is not None, lines_file is not None, scripts)) > 1:
        raise InputError("TEXT、--file、--scripts 只能用一个", "give one of TEXT, --file and --scripts")
    reads = lines_file == "-" or (lines_file is None and text in (None, "-") and not scripts)
    if reads and order_json == "-":
        raise InputError("标准输入只能用一次: 文字或 --order-json -", "stdin can be read once: the text or --order-json -")


def _case(
    policy: Policy, flow: Flow | None, order: Order | None, facts: dict[str, Any], tier: str, base: int | None,
    now: Any, opening: bool,
) -> Case:  # fmt: skip
    """Return what is known of the case: its resolution where there is an order or a fact."""
    from tmcs.wording import case_in, case_of

    if order is None and not facts:
        return case_in(policy.at(now), flow, tier, base, opening)
    if flow is None:
        raise InputError("有订单或事实时须给 --flow", "an order or a fact needs --flow")
    if base is not None:
        raise InputError("--amount 不能与订单、事实同用", "--amount excludes an order and facts")
    from tmcs.core.resolve import resolve

    return case_of(resolve(flow, order, {**facts, "tier": tier}, policy, now), opening)


def _tier() -> str | None:
    from tmcs import config

    found: str | None = config.get("tier")
    return found


def _message(text: str | None, lines_file: str | None, wording: dict[str, Any], case: Case) -> Checked:
    if lines_file is not None:
        words = read_text(lines_file, _MAX_FILE).replace("\r\n", "\n")
        return "", words, lint_lines(words, wording, case)
    if text is None or text == "-":
        text = read_text("-", MAX_CHARACTERS * _BYTES)
    words = text.rstrip("\r\n").replace("\r\n", "\n")
    return "", words, lint(words, wording, case)


def _scripts(wording: dict[str, Any], snapshot: Any) -> list[Checked]:
    """Check every script of every flow."""
    from tmcs.loader import load_flows
    from tmcs.wording import own_scripts

    return [
        (name, words, lint(words, wording, Case(flow, settings=snapshot.settings)))
        for name, words, flow in own_scripts(load_flows(), snapshot, wording["samples"])
    ]


def _base(amount: str | None) -> int | None:
    if amount is None:
        return None
    try:
        return parse_money(amount)
    except ValueError:
        raise InputError(
            f"--amount {amount} 有误，应为金额，如 35.00", f"--amount {amount} is wrong: expected an amount such as 35.00"
        ) from None


def _render(checked: list[Checked], files: list[str], form: str, lang: str) -> str:
    remarks = [remark for _, _, found in checked for remark in found]
    errors = sum(one.severity == ERROR for one in remarks)
    warnings = len(remarks) - errors
    if form != "text":
        from tmcs.render.parts import dump

        found = [
            {**({"script": name} if name else {}), **remark.to_dict(text)}
            for name, text, here in checked
            for remark in here
        ]
        head = {"schema": "tmcs/lint/1", "wording": files, "errors": errors, "warnings": warnings}
        return dump({**head, "findings": found}, form)
    lines = [_line(name, text, remark, lang) for name, text, here in checked for remark in here]
    if not lines:
        return "没有问题" if lang == "zh" else "nothing found"
    total = f"{errors} 处错误，{warnings} 处提醒" if lang == "zh" else f"errors: {errors}, warnings: {warnings}"
    if files[1:]:
        from tmcs.core.safe import one_line

        total += one_line(f" ({', '.join(files)})")
    return "\n".join([*lines, total])


def _line(name: str, text: str, remark: Remark, lang: str) -> str:
    from tmcs.core.safe import one_line

    line, column = place(text, remark.start)
    words: dict[str, tuple[str, str]] = {"error": ("错误", "error"), "warning": ("提醒", "warning")}
    kind = words[remark.severity][lang == "en"]
    said = f" “{remark.words}”" if remark.words else ""
    better = ""
    if remark.better is not None:
        better = f"；建议: {remark.better.zh}" if lang == "zh" else f"; better: {remark.better.en}"
    cites = f"  [{' '.join([remark.id, *remark.cites])}]"
    where = f"{name} " if name else ""
    return one_line(f"{where}{line}:{column} {kind}{said} {remark.why.pick(lang)}{better}{cites}")
