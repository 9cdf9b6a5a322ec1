"""A worklist as an agent works through it: whom to call, what to say, what to offer, which task goes where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.money import format_money, parse_money
from tmcs.core.safe import clean, one_line
from tmcs.render.layout import bold, columns, dim, strong, wrap
from tmcs.render.words import say

if TYPE_CHECKING:
    from tmcs.jobs.definition import Job

_WIDTH: Final = 80
_INDENT: Final = "    "
#: Tier -> the word for it, ``[zh, en]``.
Tiers = Mapping[str, list[str]]
UNKNOWN: Final = ("缺资料，请查明", "something is not known: look it up")


def t(lang: str, zh: str, en: str) -> str:
    """Return the text of the language."""
    return zh if lang == "zh" else en


def group_title(job: Job, name: str, lang: str) -> str:
    """Return a group of a job's hits in words."""
    return job.groups[name].title[lang == "en"] if name in job.groups else UNKNOWN[lang == "en"] if name == "unknown" else name


def moment(text: str) -> str:
    """Return a time of JSON to the minute, as the desk's clock shows it."""
    return text[:16].replace("T", " ")


def worklist_text(found: dict[str, Any], job: Job, tiers: Tiers, lang: str) -> str:
    """Return a worklist (``tmcs/worklist/1``) as text, the groups in the job's order; ``tiers``: the tiers in words."""
    window = found["window"]
    span = f"{moment(window['from'])} – {moment(window['to'])}"
    head = [bold(job.title[lang == "en"]), moment(found["now"]), t(lang, f"范围 {span}", f"window {span}")]
    lines = [" · ".join(head), counts_line(found, job, lang)]
    for key, value in found.get("figures", {}).items():
        if not isinstance(value, list):
            lines.append(f"{figure_title(key, lang)}: {one_line(str('—' if value is None else value))}")
    names = [*job.groups, *(name for name in found["counts"] if name not in job.groups)]
    place = 0
    for name in names:
        items = [item for item in found["items"] if item["group"] == name]
        if not items:
            continue
        lines += ["", bold(f"{group_title(job, name, lang)} ({len(items)})")]
        shared = {key: _shared(items, key) for key in ("steps", "say", "cites")}
        lines += _common(shared, lang)
        for item in items:
            place += 1
            own = item | {key: [one for one in item[key] if one not in shared[key]] for key in shared}
            lines += _item(own, place, tiers, lang)
    if not found["items"]:
        lines += ["", t(lang, "没有要处理的。", "Nothing to be done.")]
    return "\n".join([*lines, *_report(found, lang)])


#: Figures that jobs work out, in words.
_FIGURES: Final = {
    "tracked": ("应跟踪", "tracked"), "completed": ("已完结", "completed"), "rate": ("完结率", "completion rate"),
    "surveys": ("访问中的调查", "surveys that run"), "mailings": ("进行中的派送", "mailings that run"), "plan": ("方案", "plan"),
    "title": ("名称", "title"), "listed": ("名单人数", "listed"), "answered": ("已作答", "answered"), "declined": ("不愿参加或不收", "declined"),
    "to_ask": ("待访", "to be asked"), "response_rate": ("作答率", "response rate"), "shipped": ("已寄出", "mailed"), "to_do": ("未寄", "to be mailed"),
    "finished": ("办结", "finished"), "open": ("未办结", "open"), "finished_complaints": ("已办结的投诉", "finished complaints"),
    "number": ("投诉编号", "number"), "order": ("订单", "order"), "topic": ("投诉类型", "topic"), "specialist": ("专员", "specialist"),
    "opened": ("登记时间", "opened"),
}  # fmt: skip


def figure_title(key: str, lang: str) -> str:
    """Return what a figure is called."""
    return _FIGURES[key][lang == "en"] if key in _FIGURES else key


def counts_line(found: dict[str, Any], job: Job, lang: str) -> str:
    """Return how many hits each group has, in one line."""
    parts = [f"{group_title(job, name, lang)} {count}" for name, count in found["counts"].items() if count]
    return wrap(" · ".join(parts), columns(_WIDTH)) if parts else t(lang, "0 条", "0 hits")


def _shared(items: list[dict[str, Any]], key: str) -> list[Any]:
    """Return what all items of a group have in common: it is said once."""
    return [one for one in items[0][key] if all(one in item[key] for item in items)] if len(items) > 1 else []


def _common(shared: dict[str, list[Any]], lang: str) -> list[str]:
    lines = [_line(t(lang, "做", "do"), step["text"][lang], "  ") for step in shared["steps"]]
    lines += [_line(t(lang, "说", "say"), script["text"][lang], "  ") for script in shared["say"]]
    if shared["cites"]:
        lines.append(dim(_line(t(lang, "依据", "rules"), " ".join(shared["cites"]), "  ")))
    return lines


def _item(item: dict[str, Any], place: int, tiers: Tiers, lang: str) -> list[str]:
    who = [one for one in (item["customer"], item["order"] or item["key"]) if one]
    if item.get("case"):
        who.append(t(lang, f"案件 {item['case']}", f"case {item['case']}"))
    lines = ["", strong(f"{place:>3} ") + clean(" · ".join(who))]

    def add(label: tuple[str, str], text: str) -> None:
        lines.append(_line(label[lang == "en"], text))

    if skipped := item.get("skipped"):
        add(("不致电", "no call"), skipped[lang])
    for step in item["steps"]:
        add(("做", "do"), step["text"][lang])
    for script in item["say"]:
        add(("说", "say"), script["text"][lang])
    for payout in item["payouts"]:
        add(("给", "offer"), offer(payout, tiers, lang))
    for again in item.get("offered", ()):
        add(("已给", "offered"), t(lang, f"{again['reason']} 已于 {again['day']} 提出，不再提", f"{again['reason']} was offered on {again['day']}: not again"))
    if item["refund"]:
        add(("退", "refund"), _refund(item["refund"], lang))
    for need in item["needs"]:
        add(("问", "ask"), need["ask"][lang] + (f" ({' | '.join(need['choices'])})" if need["choices"] else ""))
    for answer in item["answers"]:
        lines += _answer(answer, item, tiers, lang)
    for task in item["tasks"]:
        add(("任务", "task"), task_text(task, lang))
    for warning in item["warnings"]:
        add(("注意", "note"), warning["text"][lang])
    if item["cites"]:
        lines.append(dim(_line(t(lang, "依据", "rules"), " ".join(item["cites"]))))
    return lines


def _line(label: str, text: str, indent: str = _INDENT) -> str:
    first = f"{indent}{label}" + " " * max(1, 8 - sum(2 if ord(c) > 0x2E7F else 1 for c in label))
    return wrap(one_line(text), columns(_WIDTH), first)


def _answer(answer: dict[str, Any], item: dict[str, Any], tiers: Tiers, lang: str) -> list[str]:
    """Return what follows from one answer of the customer."""
    (_, value), *_ = answer["set"].items()
    outcome = say("outcomes", answer["outcome"], lang) if answer["outcome"] else say("status", answer["status"], lang)
    inner = _INDENT + "  "
    lines = [_line("→", t(lang, f"答 {value}: {outcome}", f"if {value}: {outcome}"))]
    if answer["refund"]:
        lines.append(_line(t(lang, "退", "refund"), _refund(answer["refund"], lang), inner))
    for step in answer["steps"]:
        lines.append(_line(t(lang, "做", "do"), step["text"][lang], inner))
    for script in answer["say"]:
        lines.append(_line(t(lang, "说", "say"), script["text"][lang], inner))
    for payout in answer["payouts"]:
        if payout not in item["payouts"] and not any(payout["reason"] == one["reason"] for one in item.get("offered", ())):
            lines.append(_line(t(lang, "给", "offer"), offer(payout, tiers, lang), inner))
    for need in answer["needs"]:
        lines.append(_line(t(lang, "问", "ask"), need["ask"][lang], inner))
    for task in answer["tasks"]:
        lines.append(_line(t(lang, "任务", "task"), task_text(task, lang), inner))
    return lines


def offer(payout: dict[str, Any], tiers: Tiers, lang: str) -> str:
    """Return what may be offered for a payout of JSON, in one line."""

    def money(text: str) -> str:
        plain = format_money(parse_money(text))
        return t(lang, f"{plain} 元", f"CNY {plain}")

    form, how = say("forms", payout["form"], lang), say("offers", payout["offer"], lang)
    text = f"{form} {money(payout['commit'])} ({how})" if payout["commit"] not in (None, "0.00") else t(
        lang, f"本层级不可承诺{form}", f"this tier may promise no {form}"
    )  # fmt: skip
    if payout["approval"] is not None:
        tier = tiers.get(payout["approval"], [payout["approval"]] * 2)[lang == "en"]
        top = money(payout["max"])
        text += t(lang, f"；至多 {top}，须{tier}批准", f"; up to {top} with approval of the {tier}")
    return text


def _refund(refund: dict[str, Any], lang: str) -> str:
    amount = refund["amount"]
    said = t(lang, "金额待定", "amount to be fixed") if amount is None else t(lang, f"{amount} 元", f"CNY {amount}")
    return f"{said} ({say('routes', refund['route'], lang)})"


def task_text(task: dict[str, Any], lang: str) -> str:
    """Return a task: its queue, what it is, its day."""
    due = t(lang, f"（{task['due']} 前）", f" (by {task['due']})") if task["due"] else ""
    return f"{task['queue']}: {task['text'][lang]}{due}"


def _report(found: dict[str, Any], lang: str) -> list[str]:
    file, due = found["report"]["file"], found["report"]["due"]
    parts = []
    if file:
        parts.append(t(lang, f"报表 {file}", f"report {file}"))
    if due:
        parts.append(t(lang, f"报表应于 {moment(due)} 前发出", f"the report is due {moment(due)}"))
    return ["", clean(" · ".join(parts))] if parts else []
