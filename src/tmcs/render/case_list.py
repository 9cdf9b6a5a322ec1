"""Lists of cases and of promises as text, a case at a time: columns have fixed widths, so that nothing is kept in memory."""

from __future__ import annotations

from tmcs.cases.days import Days
from tmcs.cases.lists import Listed, Promised
from tmcs.core.policy import Snapshot
from tmcs.core.safe import one_line
from tmcs.render.case_words import cut, due_words, next_step, pad, state, t
from tmcs.render.layout import bold, columns, dim, width

_WIDTHS = (7, 11, 16, 20)  # case, state, flow, order; owner and due follow
_INDENT = "         "


def _row(cells: tuple[str, ...], last: str) -> str:
    return "  ".join([*(pad(cut(cell, room), room) for cell, room in zip(cells, _WIDTHS, strict=True)), last]).rstrip()


def list_head(lang: str) -> str:
    """Return the heading of a list of cases."""
    if lang == "zh":
        return dim(_row(("案件", "状态", "流程", "订单"), "负责") + f"\n{_INDENT}期限 · 下一步")
    return dim(_row(("case", "state", "flow", "order"), "owner") + f"\n{_INDENT}due · next")


def list_row(case: Listed, snapshot: Snapshot, days: Days, titles: dict[str, list[str]], lang: str) -> str:
    """Return a case as two lines: what it is, then what is next and by when."""
    title = titles[case.flow][lang == "en"] if case.flow in titles else case.flow
    first = _row((str(case.id), state(case.state, lang), title, case.tid or "—"), cut(case.owner or "", 12))
    duty = case.next
    due, unit, held = (case.next_due, None, False) if duty is None else (duty.due or case.next_due, duty.unit if duty.due else None, duty.state == "held")
    words = due_words(due, unit, held, days, lang) if due is not None else ""
    second = f"{words} · " if words else ""
    return f"{bold(first)}\n{_INDENT}{second}{cut(next_step(case, snapshot, lang), columns() - len(_INDENT) - width(words) - 4)}"


def promise_head(lang: str) -> str:
    """Return the heading of a list of promises."""
    return dim(_row(("案件", "编号", "流程", "订单"), "承诺 · 最迟") if lang == "zh" else _row(("case", "number", "flow", "order"), "promise · by"))


def promise_row(one: Promised, days: Days, titles: dict[str, list[str]], lang: str) -> str:
    """Return a promise in one line."""
    duty = one.duty
    title = titles[one.flow][lang == "en"] if one.flow in titles else one.flow
    due = due_words(duty.due, duty.unit, duty.state == "held", days, lang) if duty.due else t(lang, "未说日期", "no day named")
    return _row((str(duty.case_id), f"#{duty.id}", title, one.tid or "—"), f"{one_line(duty.text[lang == 'en'])} · {due}")


def foot(count: int, following: str | None, command: str, lang: str) -> str:
    """Return how many are listed, and how to get the next page."""
    said = t(lang, f"共列出 {count} 件", f"{count} listed")
    if following is None:
        return dim(said)
    return dim(said + t(lang, f"；下一页: {command} --after {following}", f"; next page: {command} --after {following}"))
