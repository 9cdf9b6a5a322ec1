"""The events of a case in words: when, who, what and why."""

from __future__ import annotations

from typing import Any

from tmcs.cases.history import DECIDING, KINDS, Event
from tmcs.cases.reads import CaseView
from tmcs.core.errors import InputError
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import RESOLVED
from tmcs.core.safe import one_line
from tmcs.render.case_words import STATES, queue_name, t, tier_name
from tmcs.render.layout import columns, dim, wrap
from tmcs.render.ledger import NOT_PROMISED, cause
from tmcs.render.resolution import money
from tmcs.render.words import say

SHOWN = 8  # events on the first screen, the newest
_SHOWN_PARTS = {
    "buyer_nick": ("会员名", "nick"), "alipay_no": ("支付宝账号", "Alipay account"), "receiver": ("收货人", "receiver"),
    "invoice": ("发票", "invoice"), "seller_memo": ("备注", "memo"),
}  # fmt: skip


def timeline(view: CaseView, lang: str, *, everything: bool) -> list[str]:
    """Return the events, oldest first, a line or two each; without ``everything`` the newest only."""
    events = view.events if everything else view.events[-SHOWN:]
    out = []
    if len(events) < len(view.events):
        more = len(view.events) - len(events)
        out.append(dim(t(lang, f"  … 更早的 {more} 条: --events", f"  … {more} earlier: --events")))
    for event in events:
        head = f"  {event.at[5:16].replace('T', ' ')}{_clock(event)} {one_line(event.agent)}  "
        out.append(wrap(one_line(event_words(event, view, lang)), columns(), head, "    "))
        why = "" if event.kind == "noted" else why_of(event, view, lang)
        if why:
            out.append(wrap(one_line(why), columns(), "    " + t(lang, "原因: ", "why: ")))
    if any(_clock(event) == "*" for event in events):
        out.append(dim(t(lang, "  * 时钟是设定的 (TMCS_NOW)", "  * the clock was set (TMCS_NOW)")))
    return out


def _clock(event: Event) -> str:
    """Return the mark of an event whose time was set, not told by the clock."""
    return "*" if event.data.get("clock") == "set" else " "


def why_of(event: Event, view: CaseView, lang: str) -> str:
    """Return why, in the agent's words as they may be shown; that they were erased, where they were."""
    if event.why:
        return view.own_words(event.why)
    return t(lang, "(已删除)", "(erased)") if event.erased else ""


def event_words(event: Event, view: CaseView, lang: str) -> str:
    """Return what happened in an event, in one line."""
    name = KINDS.get(event.kind, (event.kind, event.kind))[lang == "en"]
    details = _decision(event, view, lang) if event.kind in DECIDING else _other(event, view, lang)
    return f"{name}: {details}" if details else name


def _decision(event: Event, view: CaseView, lang: str) -> str:
    data = event.data
    parts = []
    if "was" in data:
        parts.append(_moved(event))
    if "flow_id" in data:
        parts.append(view_title(view, data["flow_id"], lang))
    facts = [fact_words(name, value, view, lang) for name, value in (data.get("facts") or {}).items()]
    own = event.private.get("facts") or {}
    facts += [f"{_label(name, view, lang)} = {view.fact_value(name, value)}" for name, value in own.items()]
    parts += [t(lang, "、", ", ").join(facts)] if facts else []
    parts += [t(lang, f"撤销 {_label(name, view, lang)}", f"forgotten: {_label(name, view, lang)}") for name in data.get("unset") or ()]
    status = data.get("status", "")
    came = say("outcomes", data["outcome"], lang) if status == RESOLVED and data.get("outcome") else STATES.get(status, (status, status))[lang == "en"]
    return t(lang, "；", "; ").join(parts) + f" → {came}"


def _moved(event: Event) -> str:
    """Return from which version to which a case was moved, as `tmcs policy diff` takes them: with days, where it is one file's."""
    was, new = str(event.data["was"]), str(event.data["policy"])
    days = ("", "") if was != new else (f"@{event.data.get('was_on')}", f"@{event.at[:10]}")
    return f"{was[:8]}{days[0]} ⇒ {new[:8]}{days[1]}"


def view_title(view: CaseView, flow: str, lang: str) -> str:
    """Return the title of a flow the case is or was in."""
    if flow == view.result.flow.id:
        return view.result.flow.title[lang == "en"]
    from tmcs.loader import flow_titles

    titles = flow_titles()
    return titles[flow][lang == "en"] if flow in titles else flow


def _label(name: str, view: CaseView, lang: str) -> str:
    fact = view.result.flow.fact(name)
    if name == "item":
        return t(lang, "商品", "item")
    return name if fact is None else fact.label[lang == "en"]


def fact_words(name: str, value: str, view: CaseView, lang: str) -> str:
    """Return a fact in words: ``照片已收到 = 是``."""
    fact = view.result.flow.fact(name)
    said = value
    if fact is not None and name != "item":
        try:
            said = fact.words(fact.parse(value), lang)
        except InputError:  # a fact of a flow before this one, of the same name
            said = value
    return f"{_label(name, view, lang)} = {said}"


def _other(event: Event, view: CaseView, lang: str) -> str:
    data, snapshot = event.data, view.standing.snapshot
    if event.kind in ("promised", "asked", "approved", "rejected", "paid") and data.get("reason"):
        return _money(data, snapshot, lang)
    if event.kind == "noted":
        return why_of(event, view, lang)
    if event.kind == "withdrawn" and "because" in data:
        because = NOT_PROMISED.get(data["because"], (data["because"],) * 2)[lang == "en"]
        return f"{cause(snapshot, str(data.get('name', '')).removeprefix('payout:'), lang)} {money(int(data.get('amount') or 0), lang)} ({because})"
    if event.kind == "handed-over":
        task = _duty(data.get("task"), view, lang)
        to = f" → {data['agent']}" if "agent" in data else f" → {queue_name(str(data.get('to', '')), snapshot, lang)}"
        return task + to
    if event.kind == "paused":
        awaited = data.get("for", "")
        return t(lang, f"等{say('parties', awaited, lang)}", f"for the {say('parties', awaited, lang)}") if awaited else ""
    if event.kind == "resumed":
        return t(lang, f"从 {data['since'][5:16].replace('T', ' ')} 起暂停", f"had stood still since {data['since'][5:16].replace('T', ' ')}")
    if event.kind == "closed" and data.get("forced"):
        count = len(data["forced"])
        return t(lang, f"强制，{count} 项未了结", f"by force, {count} left open")
    if event.kind == "revealed":
        return t(lang, "、", ", ").join(_SHOWN_PARTS.get(name, (name, name))[lang == "en"] for name in data.get("shown") or ())
    return _duty(data.get("task") or data.get("duty"), view, lang)


def _duty(number: Any, view: CaseView, lang: str) -> str:
    duty = view.duties.get(number) if isinstance(number, int) else None
    if duty is None:
        return ""
    who = f" ({queue_name(duty.party, view.standing.snapshot, lang)})" if duty.kind == "task" else ""
    due = t(lang, f"，最迟 {duty.due}", f", by {duty.due}") if duty.kind == "promise" and duty.due else ""
    return f"{duty.text[lang == 'en']}{who}{due}"


def _money(data: dict[str, Any], snapshot: Snapshot, lang: str) -> str:
    said = f"{cause(snapshot, data['reason'], lang)} {money(int(data['amount']), lang)}"
    levels = data.get("levels") or ()
    if levels:
        said += t(lang, "，须", ", needs the ") + t(lang, "、", ", the ").join(tier_name(level, snapshot, lang) for level in levels)
    return said
