"""`tmcs lint-message`: an agent's own words, checked before the customer reads them."""

from __future__ import annotations

from typing import Any

import click

from tmcs.cli.common import format_option, lang_option, read_text
from tmcs.cli.given import moment
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, InputError
from tmcs.core.money import parse_money
from tmcs.core.wording import ERROR, MAX_CHARACTERS, Remark, lint, place


@click.command("lint-message", short_help="检查自己要说的话 · check your own words")
@click.argument("text", required=False)
@click.option("--flow", "flow_word", metavar="FLOW", help="正在办的流程 · the flow at hand")
@click.option("--tier", metavar="TIER", help="坐席层级 · tier of the agent")
@click.option("--amount", metavar="AMOUNT", help="订单实付金额，元 · what was paid for the order, CNY")
@click.option("--strict", is_flag=True, help="提醒也算错 · warnings count as errors")
@click.option("--scripts", is_flag=True, help="检查全部自有话术 · check every script of our own")
@click.option("--wording", "wording_file", metavar="FILE", help="自己的用语规则 · own rules of wording")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@format_option("text", "json", "yaml")
@lang_option
def command(
    text: str | None, flow_word: str | None, tier: str | None, amount: str | None, strict: bool, scripts: bool,
    wording_file: str | None, policy_files: tuple[str, ...], form: str, lang: str,
) -> int:  # fmt: skip
    """检查要对客户说的话: 禁语、礼貌、含糊、越权承诺、个人信息 · check words meant for a customer.

    TEXT 省略或为 - 时读标准输入；有错误退出码 1 · without TEXT, or with -, stdin is read; exit 1 on errors.
    """
    from tmcs.loader import load_flow, load_flows, load_policy
    from tmcs.wording import load_wording, own_scripts, promise_of

    wording = load_wording(wording_file)
    snapshot = load_policy(policy_files or None).at(moment(None))
    if scripts:
        checked = [
            (name, words, lint(words, wording, flow=flow, settings=snapshot.settings))
            for name, words, flow in own_scripts(load_flows())
        ]
    else:
        words = _message(text)
        flow = load_flow(flow_word) if flow_word else None
        acting = tier or _tier() or snapshot.tiers[0]
        snapshot.tier_index(acting)
        promise = promise_of(snapshot, flow, acting, _base(amount))
        name = flow.id if flow else None
        checked = [("", words, lint(words, wording, flow=name, promise=promise, settings=snapshot.settings))]
    print(_render(checked, form, lang))
    remarks = [remark for _, _, found in checked for remark in found]
    return EXIT_FINDINGS if any(strict or one.severity == ERROR for one in remarks) else EXIT_OK


def _tier() -> str:
    from tmcs import config

    return str(config.get("tier"))


def _message(text: str | None) -> str:
    if text is None or text == "-":
        text = read_text("-", MAX_CHARACTERS * 4)
    return text.strip("\n")


def _base(amount: str | None) -> int | None:
    if amount is None:
        return None
    try:
        return parse_money(amount)
    except ValueError:
        raise InputError(
            f"--amount {amount} 有误，应为金额，如 35.00", f"--amount {amount} is wrong: expected an amount such as 35.00"
        ) from None


def _render(checked: list[tuple[str, str, list[Remark]]], form: str, lang: str) -> str:
    if form != "text":
        from tmcs.render.parts import dump

        found = [
            {**({"script": name} if name else {}), **remark.to_dict(text)}
            for name, text, remarks in checked
            for remark in remarks
        ]
        errors = sum(one["severity"] == ERROR for one in found)
        return dump({"schema": "tmcs/lint/1", "errors": errors, "warnings": len(found) - errors, "findings": found}, form)
    lines = [_line(name, text, remark, lang) for name, text, remarks in checked for remark in remarks]
    if not lines:
        return "没有问题" if lang == "zh" else "nothing found"
    return "\n".join(lines)


def _line(name: str, text: str, remark: Remark, lang: str) -> str:
    from tmcs.render.safe import one_line

    line, column = place(text, remark.start)
    words: dict[str, tuple[str, str]] = {"error": ("错误", "error"), "warning": ("提醒", "warning")}
    kind = words[remark.severity][lang == "en"]
    said: Any = f" “{remark.words}”" if remark.words else ""
    better = ""
    if remark.better is not None:
        better = f"；建议: {remark.better.zh}" if lang == "zh" else f"; better: {remark.better.en}"
    cites = f"  [{' '.join(remark.cites)}]" if remark.cites else ""
    where = f"{name} " if name else ""
    return one_line(f"{where}{line}:{column} {kind}{said} {remark.why.pick(lang)}{better}{cites}")
