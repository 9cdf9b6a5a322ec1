"""A resolution as text for an agent with a customer on the line, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from tmcs.core.money import format_money, percent
from tmcs.core.payout import Payout
from tmcs.core.policy import Snapshot
from tmcs.core.resolution import RESOLVED, Resolution
from tmcs.core.safe import clean, one_line
from tmcs.render.layout import bold, columns, dim, strong, table, wrap
from tmcs.render.words import say

_WEEKDAYS = (("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"), ("周六", "Sat"), ("周日", "Sun"))


def t(lang: str, zh: str, en: str) -> str:
    """Return the text of the language."""
    return zh if lang == "zh" else en


def money(fen: int, lang: str) -> str:
    """Return an amount for a person: ``35.00 元`` or ``CNY 35.00``."""
    return f"{format_money(fen)} 元" if lang == "zh" else f"CNY {format_money(fen)}"


def day(value: date | None, lang: str) -> str:
    """Return a day with its weekday, or a dash."""
    if value is None:
        return "—"
    return f"{value.isoformat()} {_WEEKDAYS[value.weekday()][lang == 'en']}"


def headline(r: Resolution, lang: str) -> str:
    """Return the conclusion in one phrase: outcome, route, amount."""
    if r.status != RESOLVED:
        return say("status", r.status, lang)
    text = say("outcomes", r.outcome, lang)
    if r.route is not None:
        amount = t(lang, "金额待定", "amount to be fixed") if r.amount is None else money(r.amount, lang)
        text += f" {amount} ({say('routes', r.route, lang)})"
    return text


def promise(payout: Payout, lang: str, tiers: dict[str, list[str]]) -> str:
    """Return what may be promised for a payout, in one line."""
    offer = say("offers", payout.offer, lang)
    form = say("forms", payout.form, lang)
    nothing = t(lang, f"本层级不可承诺{form}", f"this tier may promise no {form}")
    text = f"{form} {money(payout.commit, lang)} ({offer})" if payout.commit else nothing
    if payout.approval is not None:
        tier = tiers.get(payout.approval, [payout.approval] * 2)[lang == "en"]
        top = money(payout.max, lang)
        text += t(lang, f"；至多 {top}，须{tier}批准", f"; up to {top} with approval of the {tier}")
    return text


def _tiers(r: Resolution) -> dict[str, list[str]]:
    return r.snapshot.tier_labels


def _head(r: Resolution, lang: str) -> list[str]:
    title = r.flow.title[lang == "en"]
    parts = [bold(title)]
    if r.order is not None:
        parts.append(t(lang, f"订单 {one_line(r.order.tid)}", f"order {one_line(r.order.tid)}"))
    if r.line is not None and r.line.title:
        parts.append(one_line(r.line.title)[:40])
    parts.append(_tiers(r)[r.tier][lang == "en"])
    parts.append(r.now.strftime("%Y-%m-%d %H:%M"))
    return [" · ".join(parts)]


def _summary(r: Resolution, lang: str) -> list[tuple[str, str]]:
    rows = [(t(lang, "结论", "Decision"), strong(headline(r, lang)))]
    if r.goods is not None:
        rows.append((t(lang, "货品", "Goods"), say("goods", r.goods, lang)))
    promises = [promise(p, lang, _tiers(r)) for p in r.payouts]
    if r.status == RESOLVED:
        rows.append((t(lang, "可承诺", "Promise"), " / ".join(promises) or t(lang, "不作赔付承诺", "no payout")))
    for on, fact, due in r.waits:
        text = f"{say('parties', on, lang)}: {_fact_label(r, fact, lang)}"
        rows.append((t(lang, "等待", "Waiting"), text + (f" ({day(due, lang)})" if due else "")))
    if r.next_flow is not None:
        rows.append((t(lang, "后续", "Next"), _flow_title(r.next_flow, lang)))
    return rows


def _flow_title(name: str, lang: str) -> str:
    """Return a flow by its title and id; one that is not installed or fails by its id alone."""
    from tmcs.core.errors import TmcsError
    from tmcs.loader import load_flow
    from tmcs.plugins import registry

    if name not in registry().flow_names():
        return name
    try:
        return f"{load_flow(name).title[lang == 'en']} ({name})"
    except TmcsError:
        return name


def _fact_label(r: Resolution, name: str, lang: str) -> str:
    definition = r.flow.fact(name)
    return definition.label[lang == "en"] if definition else name


def need_lines(r: Resolution, lang: str) -> list[str]:
    """Return the facts still needed, one line each with the way to give them."""
    lines = []
    for need in r.to_dict()["needs"]:
        choices = " | ".join(clean(c) for c in need["choices"])
        form = f"--item {choices}" if need["fact"] == "item" else f"--set {need['fact']}={choices or need['type']}"
        lines.append(f"{clean(need['ask'][lang])}\n    {form}")
    return lines


def _cites(cites: Iterable[str]) -> str:
    return " ".join(cites)


def render_text(r: Resolution, lang: str, explain: str | None = None) -> str:
    """Return the resolution as text: first what an agent acts on, then the rest.

    Args:
        r: the resolution.
        lang: ``zh`` or ``en``.
        explain: the path in words, see :mod:`tmcs.render.explain`; appended where given.
    """
    limit = columns()
    out = _head(r, lang)
    rows = _summary(r, lang)
    pad = max(_width(label) for label, _ in rows)
    for label, text in rows:
        out.append(wrap(text, limit, f"{label}{' ' * (pad + 2 - _width(label))}"))
    if r.needs:
        out += ["", bold(t(lang, "还需要", "Still needed"))]
        out += [f"  {line}" for line in need_lines(r, lang)]
    out += step_lines(r, lang, limit)
    out += script_lines(r, lang, limit)
    out += _tables(r, lang)
    for _, zh, en in r.warnings:
        out += ["", wrap(clean(t(lang, zh, en)), limit, t(lang, "注意 ", "Note "))]
    if r.snapshot.policy.overrides:
        out += ["", *_overrides(r, lang)]
    if explain:
        out += ["", explain]
    return "\n".join(out)


def _width(text: str) -> int:
    from tmcs.render.layout import width

    return width(text)


def step_lines(r: Resolution, lang: str, limit: int) -> list[str]:
    """Return what the agent does as lines, with a heading; nothing where there is nothing to do."""
    out = []
    for number, step in enumerate(r.steps, 1):
        text = clean(step["text"][lang])
        tail = f"  [{_cites(step['cites'])}]" if step["cites"] else ""
        out.append(wrap(text, limit - _width(tail), f"  {number}. ") + dim(tail))
    return ["", bold(t(lang, "做什么", "Do")), *out] if out else []


def script_lines(r: Resolution, lang: str, limit: int) -> list[str]:
    """Return the words to say as lines, with a heading; nothing where there are none."""
    out = []
    when = r.moments()
    for script in r.say:
        title = when[script["moment"]]
        name = f"{title[lang == 'en']} ({script['moment']})" if any(title) else script["moment"]
        out.append(f"  {bold('·')} {name}" + dim(f"  [{_cites(script['cites'])}]" if script["cites"] else ""))
        # The customer hears Chinese; English is the gloss for whoever does not read it.
        out.append(wrap(clean(script["text"]["zh"]), limit, "    "))
        if lang == "en":
            out.append(dim(wrap(clean(script["text"]["en"]), limit, "    ")))
    return ["", bold(t(lang, "说什么", "Say")), *out] if out else []


def _tables(r: Resolution, lang: str) -> list[str]:
    out: list[str] = []
    if r.tasks:
        labels = r.snapshot.queues
        rows = [
            (_queue(queue, labels, lang), clean(task["text"][lang]), day(due, lang))
            for (queue, _, due), task in zip(r.tasks, r.to_dict()["tasks"], strict=True)
        ]
        heads = [t(lang, "队列", "queue"), t(lang, "任务", "task"), t(lang, "期限", "due")]
        out += ["", bold(t(lang, "任务", "Tasks")), table(rows, heads)]
    if r.deadlines:
        dates = [
            (d.title[lang == "en"], day(due, lang) + (t(lang, " (推算)", " (estimated)") if sure == "estimated" else ""),
             d.rule[lang == "en"], _cites(d.cites))
            for d, due, sure in r.deadlines
        ]  # fmt: skip
        heads = [t(lang, "期限", "deadline"), t(lang, "最迟", "by"), t(lang, "规定", "rule"), t(lang, "依据", "rules")]
        out += ["", bold(t(lang, "期限", "Deadlines")), table(dates, heads)]
    if r.payouts:
        out += ["", bold(t(lang, "赔付", "Payouts")), payout_table(r.payouts, r.snapshot, lang)]
    return out


def _queue(queue: str, labels: dict[str, Any], lang: str) -> str:
    """Return a queue with its name: ``19047 退货专员``."""
    label = labels[queue]["label"][lang == "en"] if queue in labels else ""
    return label if queue.isalpha() and label else f"{queue} {label}".rstrip()


def payout_table(payouts: list[Payout], snapshot: Snapshot, lang: str, form: str = "simple") -> str:
    """Return payouts as a table, reasons and tiers in the words of the policy."""
    tiers = snapshot.tier_labels
    heads = (
        ["原因", "形式", "基数", "比例", "可赔", "封顶", "本层级可承诺", "批准", "依据"]
        if lang == "zh"
        else ["reason", "form", "base", "rate", "amount", "cap", "may promise", "approval", "rules"]
    )
    rows = [
        (
            snapshot.payout(p.reason).title[lang == "en"],
            say("forms", p.form, lang),
            format_money(p.base),
            "—" if p.rate_min is None or p.rate_max is None else _span(percent(p.rate_min), percent(p.rate_max)),
            _span(format_money(p.min), format_money(p.max)),
            "—" if p.cap is None else format_money(p.cap),
            f"{format_money(p.commit)} ({say('offers', p.offer, lang)})",
            "—" if p.approval is None else tiers.get(p.approval, [p.approval] * 2)[lang == "en"],
            _cites(p.cites),
        )
        for p in payouts
    ]
    return table(rows, heads, form)


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low}–{high}"


def _overrides(r: Resolution, lang: str) -> list[str]:
    out = [t(lang, "政策改动", "Policy changes")]
    for one in r.snapshot.policy.overrides:
        was = t(lang, f"原为 {one['was']}", f"was {one['was']}") if one["was"] is not None else t(lang, "新增", "new")
        out.append(clean(f"  {one['key']} = {one['value']} ({was}; {one['file']}:{one['line']})"))
    return out


def render_markdown(r: Resolution, lang: str, explain: str | None = None) -> str:
    """Return the resolution as Markdown."""
    out = [f"# {_plain_head(r, lang)}", ""]
    out += [f"- **{label}**: {_md(text)}" for label, text in _summary_plain(r, lang)]
    if r.needs:
        out += ["", f"## {t(lang, '还需要', 'Still needed')}", ""]
        out += [f"- {_md(line.replace(chr(10) + '    ', ' — `'))}`" for line in need_lines(r, lang)]
    if r.steps:
        out += ["", f"## {t(lang, '做什么', 'Do')}", ""]
        out += [f"{n}. {_md(s['text'][lang])} {_md_cites(s['cites'])}".rstrip() for n, s in enumerate(r.steps, 1)]
    if r.say:
        out += ["", f"## {t(lang, '说什么', 'Say')}", ""]
        for script in r.say:
            out += [f"**{script['moment']}** {_md_cites(script['cites'])}".rstrip(), "", f"> {_md(script['text']['zh'])}", ""]
            if lang == "en":
                out += [f"> *{_md(script['text']['en'])}*", ""]
    out += _markdown_tables(r, lang)
    out += [f"\n> {_md(t(lang, zh, en))}" for _, zh, en in r.warnings]
    if explain:
        out += ["", f"## {t(lang, '依据', 'Why')}", "", "```text", explain, "```"]
    return "\n".join(out)


def _plain_head(r: Resolution, lang: str) -> str:
    return _md(" · ".join(filter(None, [r.flow.title[lang == "en"], r.order.tid if r.order else ""])))


def _summary_plain(r: Resolution, lang: str) -> list[tuple[str, str]]:
    rows = _summary(r, lang)
    return [(rows[0][0], headline(r, lang)), *rows[1:]]


def _markdown_tables(r: Resolution, lang: str) -> list[str]:
    out: list[str] = []
    if r.tasks:
        rows: list[Any] = [
            (task["queue"], _md(task["text"][lang]), task["due"] or "—") for task in r.to_dict()["tasks"]
        ]
        heads = [t(lang, "队列", "queue"), t(lang, "任务", "task"), t(lang, "期限", "due")]
        out += ["", f"## {t(lang, '任务', 'Tasks')}", "", table(rows, heads, "github")]
    if r.deadlines:
        rows = [(d.title[lang == "en"], day(due, lang), d.rule[lang == "en"], _cites(d.cites)) for d, due, _ in r.deadlines]
        heads = [t(lang, "期限", "deadline"), t(lang, "最迟", "by"), t(lang, "规定", "rule"), t(lang, "依据", "rules")]
        out += ["", f"## {t(lang, '期限', 'Deadlines')}", "", table(rows, heads, "github")]
    if r.payouts:
        out += ["", f"## {t(lang, '赔付', 'Payouts')}", "", payout_table(r.payouts, r.snapshot, lang, "github")]
    return out


def _md(text: str) -> str:
    text = one_line(text)
    for char in "\\`*_<>|[]#":
        text = text.replace(char, "\\" + char)
    return text


def _md_cites(cites: list[str]) -> str:
    return f"({_cites(cites)})" if cites else ""

