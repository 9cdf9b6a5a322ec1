"""Promises and payments as text: what was paid, what awaits approval, what remains and by which limit."""

from __future__ import annotations

from typing import Any

from tmcs.cases.claims import COMPENSATION, REFUND, Claim
from tmcs.cases.ledger import Answer, Entry
from tmcs.cases.standing import Standing
from tmcs.core.money import format_money
from tmcs.core.policy import Snapshot
from tmcs.core.safe import one_line
from tmcs.render.layout import bold, columns, strong, table, width, wrap
from tmcs.render.resolution import money, t
from tmcs.render.words import say

_STATES = {
    "promised": ("已承诺", "promised"), "asked": ("待审批", "awaits approval"), "approved": ("已批准，待付", "approved, to pay"),
    "paid": ("已付", "paid"), "rejected": ("已驳回", "rejected"), "withdrawn": ("已撤回", "withdrawn"),
}  # fmt: skip
#: Why an amount that a script tells was not promised.
NOT_PROMISED = {
    "limit": ("超出限额", "a limit leaves less"), "already-promised": ("已另有承诺", "promised already"),
    "authority": ("超出本层级权限", "above the tier's authority"),
}  # fmt: skip
_FORMS = {"platform": ("原路退回", "platform"), "cash": ("现金", "cash")}


def cause(snapshot: Snapshot, reason: str, lang: str) -> str:
    """Return a cause in words: a payout reason by its title, a refund with its item."""
    if reason in snapshot.reasons:
        return str(snapshot.payout(reason).title[lang == "en"])
    if reason == COMPENSATION:
        return t(lang, "赔付金", "compensation")
    name, _, item = reason.partition(":")
    return t(lang, "退款", "refund") + (f" {one_line(item)}" if item else "") if name == REFUND else one_line(reason)


def form_of(form: str, lang: str) -> str:
    """Return a form of payment in words."""
    return _FORMS[form][lang == "en"] if form in _FORMS else say("forms", form, lang)


def tier(snapshot: Snapshot, name: str, lang: str) -> str:
    """Return a tier in words."""
    return str(snapshot.tier_labels.get(name, [name, name])[lang == "en"])


def entry_line(one: Entry, snapshot: Snapshot, lang: str) -> str:
    """Return an entry in one line, for a list of what other cases have."""
    state = _STATES[one.state][lang == "en"]
    what = cause(snapshot, one.reason, lang)
    return t(
        lang, f"{what} {money(one.amount, lang)} {state} (案件 {one.case_id}，{one.at[:10]})",
        f"{what} {money(one.amount, lang)} {state} (case {one.case_id}, {one.at[:10]})",
    )  # fmt: skip


def already(standing: Standing, lang: str) -> str:
    """Return what other cases paid or promised on this order, and what remains; ``""`` where there is nothing."""
    if not standing.others:
        return ""
    rows = [entry_line(one, standing.snapshot, lang) for one in standing.others]
    rows += [left_line(claim, standing.snapshot, lang) for claim in standing.claims.values()]
    label = t(lang, "已有    ", "Already  ")
    out = [wrap(rows[0], columns(), strong(label))]
    return "\n".join([*out, *(wrap(row, columns(), " " * width(label)) for row in rows[1:])])


def not_promised(standing: Standing, lang: str) -> str:
    """Return what the words of the case tell and the agent must not promise; ``""`` where there is nothing."""
    said = []
    for reason, amount, because in standing.not_promised:
        why = NOT_PROMISED.get(because, (because, because))[lang == "en"]
        said.append(f"{cause(standing.snapshot, reason, lang)} {money(amount, lang)} ({why})")
    return wrap(t(lang, "、", ", ").join(said), columns(), strong(t(lang, "勿承诺  ", "Do not promise  "))) if said else ""


def open_elsewhere(found: list[tuple[int, str, str | None]], lang: str) -> str:
    """Return in one line which other cases of the order are open; ``""`` where there are none."""
    if not found:
        return ""
    from tmcs.loader import flow_titles

    titles = flow_titles()
    said = [f"{number} {titles[flow][lang == 'en'] if flow in titles else flow} ({since})" for number, flow, since in found]
    return wrap(t(lang, "、", ", ").join(said), columns(), strong(t(lang, "未结案  ", "Open     ")))


def left_line(claim: Claim, snapshot: Snapshot, lang: str) -> str:
    """Return what remains of a claim, and by which limit, in one line."""
    what = cause(snapshot, claim.reason, lang)
    by = "; ".join(pair[lang == "en"] for pair in claim.limits)
    tail = t(lang, f" ({by})", f" ({by})") if by else ""
    commit = min(claim.commit, claim.left)
    own = t(lang, f"，本层级可承诺 {format_money(commit)}", f", {format_money(commit)} at this tier") if claim.left and commit < claim.left else ""
    return t(lang, f"{what} 还可付 {money(claim.left, lang)}{own}{tail}", f"{what}: {money(claim.left, lang)} is left{own}{tail}")


def ledger(entries: list[Entry], snapshot: Snapshot, lang: str) -> str:
    """Return every entry as a table; the case stands in it where there is more than one."""
    if not entries:
        return t(lang, "还没有承诺或付款", "nothing is promised or paid yet")
    heads = (
        ["编号", "案件", "原因", "形式", "金额", "状态", "经办", "批准", "日期"]
        if lang == "zh"
        else ["entry", "case", "cause", "form", "amount", "state", "by", "approved", "on"]
    )
    rows: list[list[object]] = [
        [
            one.id, one.case_id, cause(snapshot, one.reason, lang), form_of(one.form, lang), format_money(one.amount),
            _STATES[one.state][lang == "en"], f"{one_line(one.agent)} ({tier(snapshot, one.tier, lang)})",
            ", ".join(one_line(name) for name in one.approvers) or "—", one.at[5:10],
        ]
        for one in entries
    ]  # fmt: skip
    if len({one.case_id for one in entries}) == 1:
        del heads[1]
        for row in rows:
            del row[1]
    return table(rows, heads)


def remains(standing: Standing, lang: str) -> list[str]:
    """Return what a case may still pay, one line a cause."""
    lines = [left_line(claim, standing.snapshot, lang) for claim in standing.claims.values()]
    lines = lines or [t(lang, "案件目前没有可付的款项", "the case grants nothing to pay at present")]
    return [wrap(line, columns(), "  ") for line in lines]


def limits(snapshot: Snapshot, lang: str) -> list[str]:
    """Return the desk's own limits on compensation: each as it is set, or that none is."""
    cases = snapshot.cases
    rows = (
        (cases.customer_day, t(lang, "每个客户每天", "per customer and day")),
        (cases.order_total, t(lang, "每单", "per order, besides C06,")),
    )
    return [
        t(lang, f"  没有设{what}的赔付上限", f"  no limit {what} is set")
        if value is None
        else t(lang, f"  {what}的赔付上限 {money(value, lang)}", f"  limit {what.rstrip(',')}: {money(value, lang)}")
        for value, what in rows
    ]


def answer(found: Answer, case_id: int, snapshot: Snapshot, lang: str) -> str:
    """Return what came of asking for money, deciding on it or paying it: what happened, then who is next."""
    one = found.entry
    what = f"{cause(snapshot, one.reason, lang)} {money(one.amount, lang)} ({form_of(one.form, lang)})"
    out = [f"{strong(_STATES[one.state][lang == 'en'])}  {bold(what)}" + t(lang, f" · 案件 {case_id}", f" · case {case_id}")]
    if found.levels:
        who = t(lang, "，再由", ", then the ").join(tier(snapshot, level, lang) for level in found.levels)
        rules = f"  [{' '.join(found.cites)}]" if found.cites else ""
        out.append(wrap(t(lang, f"须由另一位同事批准: {who}{rules}", f"must be approved by another agent: {who}{rules}"), columns(), "  "))
        out.append(f"  tmcs case approve {case_id} --entry {one.id}")
    elif one.state == "approved":
        out.append(t(lang, f"  可以付款: tmcs case pay {case_id} --reason {one.reason}", f"  to pay: tmcs case pay {case_id} --reason {one.reason}"))
    return "\n".join(out)


def answer_dict(found: Answer, case_id: int, version: int) -> dict[str, Any]:
    """Return it as JSON (schema ``tmcs/case-money/1``)."""
    command = f"tmcs case approve {case_id} --entry {found.entry.id}" if found.levels else None
    return {
        "schema": "tmcs/case-money/1", "case": str(case_id), "version": version, "entry": found.entry.to_dict(),
        "levels": found.levels, "cites": found.cites, "approve": command, "left": format_money(found.left),
        "by": [{"zh": zh, "en": en} for zh, en in found.limits],
    }  # fmt: skip
