"""A case on one screen: how it stands, what is next, what to say, what was promised, what is open, the money, what happened."""

from __future__ import annotations

from datetime import date
from typing import Any

from tmcs.cases.days import Days
from tmcs.cases.lists import LiveDuty
from tmcs.cases.reads import CaseView
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import NEEDS_FACTS
from tmcs.core.safe import one_line
from tmcs.render.case_events import timeline, view_title
from tmcs.render.case_words import due_words, estimate_warning, labelled, next_step, party, state, t, tier_name
from tmcs.render.layout import bold, columns, dim, strong, wrap
from tmcs.render.ledger import entry_line, remains
from tmcs.render.resolution import headline, money, need_lines, script_lines, step_lines
from tmcs.render.words import say

_PARTS = {
    "status": ("状态", "status"), "outcome": ("结论", "decision"), "refund": ("退款", "refund"), "goods": ("货品", "goods"),
    "payouts": ("赔付", "payouts"), "tasks": ("任务", "tasks"), "next_flow": ("后续流程", "next flow"),
}  # fmt: skip
_TOTALS = (
    ("paid", "已付", "paid"), ("promised", "已承诺", "promised"), ("approved", "已批准待付", "approved, to pay"), ("asked", "待审批", "awaiting approval"),
)


def case_screen(view: CaseView, snapshot: Snapshot, today: date, lang: str, *, everything: bool, person: dict[str, Any] | None = None) -> str:
    """Return a case as text.

    Args:
        view: the case.
        snapshot: the policy in force: names of queues, and from when a day is due soon.
        everything: all events.
        person: who the customer is, where it was revealed.
    """
    days = Days(snapshot, today)
    out = [_head(view, lang), *labelled(_summary(view, snapshot, days, lang, person))]
    if view.differs and view.later is not None:
        out += ["", *_differs(view, lang)]
    if not view.history.closed:
        if view.result.status == NEEDS_FACTS:
            out += ["", bold(t(lang, "还需要", "Still needed")), *(f"  {line}" for line in need_lines(view.result, lang))]
        out += step_lines(view.result, lang, columns())
        out += script_lines(view.result, lang, columns())
    live = view.case.duties
    out += _section(t(lang, "对客户的承诺", "Promised"), [_promise(one, days, lang) for one in live if one.kind == "promise"])
    work = [one for one in live if one.kind in ("task", "approval", "payment")]
    out += _section(t(lang, "未了结的任务", "Open tasks"), [_task(one, snapshot, days, lang) for one in work])
    waits = [one for one in live if one.kind == "wait"]
    out += _section(t(lang, "在等", "Awaited"), [_task(one, snapshot, days, lang) for one in waits])
    out += _money(view, lang)
    out += ["", bold(t(lang, "经过", "What happened")), *timeline(view, lang, everything=everything)]
    for _, zh, en in view.result.warnings if not view.history.closed else ():
        out += ["", wrap(one_line(t(lang, zh, en)), columns(), t(lang, "注意 ", "Note "))]
    if warning := estimate_warning(days, lang):
        out += ["", warning]
    return "\n".join(out)


def _section(title: str, rows: list[str]) -> list[str]:
    return ["", bold(title), *rows] if rows else []


def _head(view: CaseView, lang: str) -> str:
    case, r = view.case, view.result
    parts = [bold(t(lang, f"案件 {case.id}", f"case {case.id}")), " → ".join(view_title(view, one, lang) for one in view.history.stages)]
    if case.tid:
        parts.append(t(lang, f"订单 {one_line(case.tid)}", f"order {one_line(case.tid)}"))
    if r.line is not None and r.line.title:
        parts.append(one_line(r.line.title)[:40])
    return " · ".join(parts)


def _summary(view: CaseView, snapshot: Snapshot, days: Days, lang: str, person: dict[str, Any] | None) -> list[tuple[str, str]]:
    case, r = view.case, view.result
    standing = state(case.state, lang)
    said = headline(r, lang)
    if not r.needs and said != standing:
        standing += f" · {said}"
    if r.goods not in (None, "none"):
        standing += f" · {say('goods', r.goods, lang)}"
    following = next_step(case, snapshot, lang)
    if case.next is not None and case.next.due is not None:
        following += f" · {due_words(case.next.due, case.next.unit, case.next.state == 'held', days, lang)}"
    rows = [(t(lang, "状态", "State"), strong(standing)), (t(lang, "下一步", "Next"), following)]
    if view.history.paused is not None:
        since, awaited = view.history.paused
        who = say("parties", awaited, lang)
        rows.append((t(lang, "暂停", "On hold"), t(lang, f"{since[:10]} 起等{who}", f"since {since[:10]}, for the {who}")))
    if case.owner:
        rows.append((t(lang, "负责", "Owner"), one_line(case.owner)))
    version = t(lang, f"第 {case.version} 版", f"version {case.version}")
    decided = f"{view.history.clock[:16].replace('T', ' ')} · {tier_name(view.history.tier, snapshot, lang)} · {version}"
    rows.append((t(lang, "判定", "Decided"), decided))
    if not (view.history.closed or view.standing.snapshot.same_as(snapshot)):
        rows.append((t(lang, "政策", "Policy"), _version(view, lang)))
    if view.history.closed and case.closed_at is not None:
        rows.append((t(lang, "结案", "Closed"), case.closed_at[:16].replace("T", " ")))
    if r.next_flow is not None and not view.history.closed:
        title = view_title(view, r.next_flow, lang)
        rows.append((t(lang, "后续", "Then"), f"{title}: tmcs case set {case.id} --continue"))
    rows += _customer(view, lang, person)
    return rows


def _version(view: CaseView, lang: str) -> str:
    """Return which version a case stands under, where another is in force: as `tmcs policy diff` takes it, and what to do."""
    word, day = f"{view.policy[:8]}@{view.history.on}", view.history.on
    if any(event.kind == "moved-policy" for event in view.events):
        zh, en = f"{day} 改用的版本", f"the version of {day}, when it was moved"
    else:
        zh, en = f"{day} 建案时的版本", f"the version of {day}, when it was opened"
    kept_zh, kept_en = ("，保留原版", ", kept under it") if view.history.kept else ("", "")
    return t(
        lang, f"{zh} ({word}){kept_zh}；现行数字已不同: tmcs policy preview", f"{en} ({word}){kept_en}; other figures are in force: tmcs policy preview"
    )


def _customer(view: CaseView, lang: str, person: dict[str, Any] | None) -> list[tuple[str, str]]:
    label = t(lang, "客户", "Customer")
    if person is None:
        return [] if view.customer is None else [(label, one_line(" · ".join(view.customer.values())))]
    if not person:
        return [(label, t(lang, "没有个人信息，或已删除", "no personal data, or erased"))]
    receiver = person.get("receiver") or {}
    words = [person.get("buyer_nick"), person.get("alipay_no"), *(receiver.get(key) for key in ("name", "mobile"))]
    where = " ".join(str(receiver[key]) for key in ("state", "city", "district", "address") if receiver.get(key))
    rows = [(label, one_line(" · ".join(str(word) for word in words if word)))]
    rows += [(t(lang, "地址", "Address"), one_line(where))] if where else []
    title = (person.get("invoice") or {}).get("title")
    rows += [(t(lang, "抬头", "Invoice"), one_line(str(title)))] if title else []
    return rows + ([(t(lang, "备注", "Memo"), one_line(str(person["seller_memo"])))] if person.get("seller_memo") else [])


def _differs(view: CaseView, lang: str) -> list[str]:
    """Return that the case would be decided otherwise by now, in what, and the command that does so."""
    assert view.later is not None
    what = t(lang, "、", ", ").join(_PARTS[name][lang == "en"] for name in view.differs)
    was, now = headline(view.result, lang), headline(view.later, lang)
    change = f" ({was} → {now})" if was != now else ""
    command = f"tmcs case set {view.case.id}"
    return [wrap(t(
        lang, f"按现在的情况判定会不同: {what}{change}。重新判定: {command}", f"As of now it would be decided otherwise: {what}{change}. To do so: {command}",
    ), columns(), strong(t(lang, "注意 ", "Note ")))]  # fmt: skip


def _promise(duty: LiveDuty, days: Days, lang: str) -> str:
    due = due_words(duty.due, duty.unit, duty.state == "held", days, lang)
    by = t(lang, f"最迟 {due}", f"by {due}") if duty.due else t(lang, "未说日期", "no day was named")
    return wrap(f"{one_line(duty.text[lang == 'en'])}  {by}", columns(), f"  #{duty.id}  ", "      ")


def _task(duty: LiveDuty, snapshot: Snapshot, days: Days, lang: str) -> str:
    held = duty.state == "held"
    parts = [party(duty, snapshot, lang)]
    if duty.kind == "task":
        parts.append(
            t(lang, f"{one_line(duty.agent or '')} 在办", f"with {one_line(duty.agent or '')}") if duty.state == "taken"
            else t(lang, "暂停中", "on hold") if held else t(lang, "待领取", "to be taken")
        )  # fmt: skip
    if duty.due:
        parts.append(due_words(duty.due, duty.unit, held, days, lang))
    mark = "  " if duty.kind == "payment" else f"  #{duty.id}  "
    return wrap(f"{' · '.join(parts)}: {one_line(duty.text[lang == 'en'])}", columns(), mark, "      ")


def _money(view: CaseView, lang: str) -> list[str]:
    standing = view.standing
    totals: dict[str, int] = {}
    for entry in standing.entries:
        totals[entry.state] = totals.get(entry.state, 0) + entry.amount
    if not totals and not standing.claims:
        return []
    words = [f"{t(lang, zh, en)} {money(totals[name], lang)}" for name, zh, en in _TOTALS if totals.get(name)]
    out = ["", bold(t(lang, "款项", "Money"))]
    out.append("  " + (" · ".join(words) or t(lang, "还没有承诺或付款", "nothing is promised or paid yet")))
    if not view.history.closed:
        out += remains(standing, lang)
    if standing.others:
        out.append(dim(t(lang, "  同一订单的其他案件:", "  other cases of the same order:")))
        out += [wrap(entry_line(one, standing.snapshot, lang), columns(), "    ") for one in standing.others]
    return out
