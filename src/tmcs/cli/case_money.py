"""`tmcs case pay|promise|approve|reject|ledger`: money within its limits, approved by another where the rules say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli import drafts
from tmcs.cli.case_given import at_desk, case_number, permitted, store_option, why_option
from tmcs.cli.common import Command, format_option, lang_option
from tmcs.core.errors import EXIT_OK, EXIT_WAITING, InputError

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.cases.ledger import Answer

#: No payout of the handbook comes near it: a larger amount is a slip.
_MOST: Final = 100_000_000_00


def _amount(text: str | None) -> int | None:
    """Return an amount in fen.

    Raises:
        InputError: it is no amount, or not above 0.
    """
    from tmcs.core.money import parse_money

    if text is None:
        return None
    try:
        amount = parse_money(text)
    except ValueError:
        amount = -1
    if not 0 < amount <= _MOST:
        shown = text if len(text) <= 40 else f"{text[:39]}…"
        raise InputError(
            f"--amount {shown} 有误，应为大于 0 的金额，如 10.00，最多两位小数",
            f"--amount {shown} is wrong: expected an amount above 0 such as 10.00, at most two decimals",
        )
    return amount


def _money_command(name: str, zh: str, en: str) -> click.Command:
    """Return `pay` or `promise`: they differ only in what becomes of the entry."""

    @click.command(name, cls=Command, short_help=f"{zh} · {en}")
    @click.argument("case_id", metavar="ID")
    @click.option("--reason", metavar="REASON", help="原因，如 damage、refund · the cause")
    @click.option("--amount", metavar="A", help="金额，默认已承诺的，否则本层级可承诺的 · default: what was promised, else what the tier may promise")
    @why_option
    @drafts.version_option
    @drafts.draft_option
    @store_option
    @format_option("text", "json")
    @lang_option
    def command(
        case_id: str, reason: str | None, amount: str | None, why: str | None, version: int | None, draft: str | None,
        store: str | None, form: str, lang: str,
    ) -> int:  # fmt: skip
        from tmcs.cases.payments import pay

        fen = _amount(amount)

        def act(desk: Desk, number: int) -> Answer:
            return pay(desk, number, reason, fen, why=why, promise=name == "promise", based_on=version)

        return _act(name, case_id, act, draft, store, form, lang)

    command.help = (
        f"{zh}；超出本层级权限的转为申请，由另一位有权的同事批准 (退出码 4) · {en}; above the tier's authority it is asked "
        "for, and another agent who may approves it (exit 4).\n\n"
        "同一原因在一单上只赔一次，一单只赔最高的一项 (C06) · a cause is paid once an order, one compensation an order."
    )
    return command


def _judge_command(name: str, zh: str, en: str) -> click.Command:
    """Return `approve` or `reject`."""

    @click.command(name, cls=Command, short_help=f"{zh} · {en}")
    @click.argument("case_id", metavar="ID")
    @click.option("--entry", type=click.IntRange(1), metavar="N", help="台账编号，只有一笔时可省 · the entry, where there are several")
    @why_option
    @drafts.version_option
    @drafts.draft_option
    @store_option
    @format_option("text", "json")
    @lang_option
    def command(
        case_id: str, entry: int | None, why: str | None, version: int | None, draft: str | None, store: str | None,
        form: str, lang: str,
    ) -> int:  # fmt: skip
        from tmcs.cases import approvals

        if name == "reject" and not why:
            raise InputError("驳回须用 --why 说明原因", "rejecting needs a reason: --why")

        def act(desk: Desk, number: int) -> Answer:
            if name == "reject":
                return approvals.reject(desk, number, entry, why or "", based_on=version)
            return approvals.approve(desk, number, entry, why, based_on=version)

        return _act(name, case_id, act, draft, store, form, lang)

    command.help = f"{zh}；申请人和已批准过的人不能再批 · {en}; never by who asked for it or approved it before."
    return command


def _act(
    action: str, case_id: str, act: Callable[[Desk, int], Answer], draft: str | None, store: str | None, form: str, lang: str
) -> int:
    number = case_number(case_id)
    with at_desk(action, store) as (desk, snapshot):
        with drafts.drafted(number, path=draft):
            answer = act(desk, number)
        if form == "json":
            from tmcs.render.data import to_json
            from tmcs.render.ledger import answer_dict

            print(to_json(answer_dict(answer, number, desk.version)))
        else:
            from tmcs.cases.standing import Standing
            from tmcs.render import ledger

            print(ledger.answer(answer, number, snapshot, lang))
            print("\n".join(ledger.remains(Standing(desk.store, number, desk.actor.tier, desk.at[:10]), lang)))
    return EXIT_WAITING if answer.levels else EXIT_OK


@click.command("ledger", cls=Command, short_help="赔付台账与余额 · promises and payments, and what is left")
@click.argument("case_id", metavar="ID", required=False)
@click.option("--order", "tid", metavar="ID", help="整个订单 · the whole order")
@store_option
@format_option("text", "json")
@lang_option
def ledger_(case_id: str | None, tid: str | None, store: str | None, form: str, lang: str) -> int:
    """每笔承诺与付款，还可付多少、受哪条限制 · every promise and payment, what remains and by which limit.

    同一订单的其他案件也在内 · other cases of the same order are in it.
    """
    from tmcs.cases.clock import now, stamp
    from tmcs.cases.standing import Standing, cases_of
    from tmcs.core.errors import NotFoundError
    from tmcs.store import open_store

    if (case_id is None) == (tid is None):
        raise InputError("请给案件号，或 --order 订单号", "give a case number, or --order ID")
    actor, _, snapshot = permitted("show")
    with open_store(store) as opened:
        numbers = [case_number(case_id)] if case_id is not None else cases_of(opened, str(tid))
        if not numbers:
            raise NotFoundError(f"订单 {tid} 没有案件", f"order {tid} has no case")
        found = [Standing(opened, number, actor.tier, stamp(now())[:10]) for number in numbers]
    _show(found, snapshot, form, lang)
    return EXIT_OK


def _show(found: list[Any], snapshot: Any, form: str, lang: str) -> None:
    from tmcs.cases.standing import left_dict, limits_dict
    from tmcs.core.safe import one_line
    from tmcs.render import ledger
    from tmcs.render.layout import bold
    from tmcs.render.resolution import t

    first = found[0]
    if form == "json":
        from tmcs.render.data import to_json

        cases = [{"case": str(one.case_id), "closed": one.history.closed, "left": left_dict(one.claims)} for one in found]
        print(to_json({
            "schema": "tmcs/ledger/1", "order": first.tid, "entries": [one.to_dict() for one in first.entries], "cases": cases,
            "limits": limits_dict(first.snapshot),
        }))  # fmt: skip
        return
    order = "" if first.tid is None else t(lang, f" · 订单 {one_line(first.tid)}", f" · order {one_line(first.tid)}")
    print(bold(t(lang, "台账", "Ledger")) + order)
    print(ledger.ledger(first.entries, snapshot, lang))
    for one in found:
        shut = t(lang, " (已结案)", " (closed)") if one.history.closed else ""
        print("\n" + bold(t(lang, f"还可付 · 案件 {one.case_id}", f"Left · case {one.case_id}")) + shut)
        print("\n".join(ledger.remains(one, lang)))
    print("\n" + bold(t(lang, "限额", "Limits")))
    print("\n".join(ledger.limits(first.snapshot, lang)))


SUBCOMMANDS: Final[dict[str, click.Command]] = {
    "pay": _money_command("pay", "赔付或退款", "pay"),
    "promise": _money_command("promise", "向客户承诺一笔赔付", "promise the customer a payment"),
    "approve": _judge_command("approve", "批准申请的款项", "approve what was asked for"),
    "reject": _judge_command("reject", "驳回申请的款项", "reject what was asked for"),
    "ledger": ledger_,
}
