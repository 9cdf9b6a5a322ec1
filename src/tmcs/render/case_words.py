"""Cases in words: states, queues, due days with what they mean today, a task as a card."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.safe import one_line
from tmcs.render.layout import bold, columns, dim, strong, width, wrap

if TYPE_CHECKING:
    from tmcs.cases.days import Days
    from tmcs.cases.lists import Listed, LiveDuty
    from tmcs.cases.queue import Task
    from tmcs.core.policy import Snapshot

STATES: Final[dict[str, tuple[str, str]]] = {
    "needs-facts": ("还缺信息", "needs facts"), "waiting": ("等待回复", "waiting"), "resolved": ("已有结论", "resolved"),
    "paused": ("暂停计时", "paused"), "closed": ("已结案", "closed"), "open": ("处理中", "open"),
}  # fmt: skip
TASK_STATES: Final[dict[str, tuple[str, str]]] = {
    "open": ("待领取", "to be taken"), "held": ("暂停中", "on hold"), "taken": ("在办", "with"), "done": ("已完成", "done"),
    "withdrawn": ("已撤回", "withdrawn"),
}  # fmt: skip
_MARKS: Final[dict[str, tuple[str, str]]] = {
    "overdue": ("已逾期", "overdue"), "soon": ("快到期", "due soon"), "held": ("暂停计时", "on hold"),
}  # fmt: skip
_KINDS: Final[dict[str, tuple[str, str]]] = {
    "task": ("任务", "task"), "wait": ("等待", "wait"), "promise": ("承诺", "promise"), "approval": ("审批", "approval"),
    "payment": ("待付款", "payment"),
}  # fmt: skip
_WEEKDAYS: Final = (("周一", "Mon"), ("周二", "Tue"), ("周三", "Wed"), ("周四", "Thu"), ("周五", "Fri"), ("周六", "Sat"), ("周日", "Sun"))


def t(lang: str, zh: str, en: str) -> str:
    """Return the text of the language."""
    return zh if lang == "zh" else en


def state(word: str, lang: str) -> str:
    """Return the state of a case in words."""
    return STATES.get(word, (word, word))[lang == "en"]


def pad(text: str, columns_: int) -> str:
    """Return a text filled up with spaces to a width, Chinese characters counting two."""
    return text + " " * (columns_ - width(text))


def cut(text: str, columns_: int) -> str:
    """Return a text on one line, cut to a width."""
    text = one_line(text)
    if width(text) <= columns_:
        return text
    while width(text) >= columns_:
        text = text[:-1]
    return text + "…"


def queue_name(queue: str, snapshot: Snapshot, lang: str) -> str:
    """Return a queue with its name: ``19047 退货专员``."""
    known = snapshot.queues.get(queue)
    label = "" if known is None else str(known["label"][lang == "en"])
    return label if queue.isalpha() and label else f"{one_line(queue)} {label}".rstrip()


def tier_name(tier: str, snapshot: Snapshot, lang: str) -> str:
    """Return a tier in words."""
    return str(snapshot.tier_labels.get(tier, [tier, tier])[lang == "en"])


def short_day(due: str, days: Days, lang: str) -> str:
    """Return a due day for a list: ``11-24 周二``, with the year where it is another."""
    found = date.fromisoformat(due)
    text = due if found.year != days.today.year else due[5:]
    return f"{text} {_WEEKDAYS[found.weekday()][lang == 'en']}"


def mark(due: str | None, held: bool, days: Days, lang: str) -> str:
    """Return what a due day means today: overdue, due soon, on hold, or ``""``."""
    found = "held" if held else days.mark(due)
    return _MARKS[found][lang == "en"] if found else ""


def due_words(due: str | None, unit: str | None, held: bool, days: Days, lang: str) -> str:
    """Return a due day with what it means today: ``11-24 周二 快到期``; a dash where there is none."""
    if due is None:
        return t(lang, "暂停计时", "on hold") if held else "—"
    words = [short_day(due, days, lang)]
    if days.estimated(due, unit):
        words.append(t(lang, "(推算)", "(estimated)"))
    said = mark(due, held, days, lang)
    if said == _MARKS["overdue"][lang == "en"]:
        late = days.late(due)
        said = t(lang, f"已逾期 {late} 天", f"overdue by {late} day{'s' * (late > 1)}")
    return " ".join([*words, *([strong(said)] if said else [])])


def estimate_warning(days: Days, lang: str) -> str:
    """Return the warning that a year's working days are not published yet; ``""`` where no shown day rests on it."""
    if not days.guessed:
        return ""
    years = ", ".join(str(year) for year in sorted(days.guessed))
    return wrap(t(
        lang, f"{years} 年的放假安排尚未公布，标“推算”的期限按周一至周五推算，公布后可能变动",
        f"the holidays of {years} are not published yet: a day marked (estimated) counts Monday to Friday and may move",
    ), columns(), t(lang, "注意 ", "Note "))  # fmt: skip


def party(duty: LiveDuty, snapshot: Snapshot, lang: str) -> str:
    """Return whose turn a duty is: a queue, whoever must answer, or the tier that approves."""
    if duty.kind == "task":
        return queue_name(duty.party, snapshot, lang)
    if duty.kind == "approval":
        return t(lang, f"{tier_name(duty.party, snapshot, lang)}审批", f"approval of the {tier_name(duty.party, snapshot, lang)}")
    if duty.kind == "promise":
        return t(lang, "已答应客户", "promised to the customer")
    if duty.kind == "payment":
        return t(lang, "付款", "to pay")
    from tmcs.render.words import say

    return t(lang, f"等{say('parties', duty.party, lang)}", f"waits for the {say('parties', duty.party, lang)}")


def next_step(case: Listed, snapshot: Snapshot, lang: str) -> str:
    """Return in one line what comes next in a case."""
    duty = case.next
    if duty is None:
        if case.state == "closed":
            return t(lang, "已结案", "closed")
        if case.state == "paused":
            return t(lang, f"计时已暂停，恢复: tmcs case resume {case.id}", f"its time stands still; to go on: tmcs case resume {case.id}")
        if case.state == "needs-facts":
            return t(lang, f"补充事实: tmcs case set {case.id}", f"give the facts it needs: tmcs case set {case.id}")
        return t(lang, f"没有未了结的事项，可以结案: tmcs case close {case.id}", f"nothing is open, it can be closed: tmcs case close {case.id}")
    who = f" ({one_line(duty.agent)})" if duty.state == "taken" and duty.agent else ""
    return f"{party(duty, snapshot, lang)}{who}: {one_line(duty.text[lang == 'en'])}"


def case_line(case: Listed, titles: dict[str, list[str]], lang: str) -> str:
    """Return a case in one line: number, flow, order, item, state."""
    title = titles[case.flow][lang == "en"] if case.flow in titles else one_line(case.flow)
    words = [str(case.id), title]
    if case.tid:
        words.append(t(lang, f"订单 {one_line(case.tid)}", f"order {one_line(case.tid)}"))
    return " · ".join([*words, state(case.state, lang)])


def task_card(what: str, task: Task, case: Listed, facts: tuple[Snapshot, Days, dict[str, list[str]]], lang: str) -> str:
    """Return what became of a task: what to do and by when where it is still to be done, and the case.

    Args:
        what: what was done with it, in words.
        facts: the policy in force, today's days, and the titles of the flows.
    """
    snapshot, days, titles = facts
    kind = _KINDS.get(task.kind, (task.kind, task.kind))[lang == "en"]
    who = queue_name(task.queue, snapshot, lang) if task.kind == "task" else one_line(task.text[lang == "en"])
    out = [f"{strong(what)}  {kind} {task.id} · {bold(who)}"]
    rows: list[tuple[str, str]] = []
    if task.state in ("open", "held", "taken"):
        rows.append((t(lang, "做什么", "Do"), one_line(task.text[lang == "en"])))
        rows.append((t(lang, "期限", "Due"), due_words(task.due, task.unit, task.state == "held", days, lang)))
    rows.append((t(lang, "案件", "Case"), case_line(case, titles, lang)))
    if task.state not in ("open", "held", "taken"):
        rows.append((t(lang, "下一步", "Next"), next_step(case, snapshot, lang)))
    out += labelled(rows)
    out.append(dim(f"  tmcs case show {case.id}"))
    return "\n".join(out)


def labelled(rows: list[tuple[str, Any]]) -> list[str]:
    """Return rows with their labels in a column, each wrapped behind it."""
    room = max((width(label) for label, _ in rows), default=0) + 2
    return [wrap(text, columns(), pad(label, room)) for label, text in rows]
