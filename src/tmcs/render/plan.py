"""Plans of the planned jobs for a person and for a program: many in a list, one with its people and steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.safe import clean, one_line
from tmcs.orders.privacy import mask_account, mask_address, mask_memo, mask_name, mask_phone
from tmcs.render.case_words import t
from tmcs.render.layout import bold, dim, table, wrap

if TYPE_CHECKING:
    from tmcs.jobs.plans import Person, Plan, Taken
    from tmcs.jobs.stages import Life

PLANS: Final = "tmcs/plans/1"
PLAN: Final = "tmcs/plan/1"
_MASKS: Final = {"name": mask_name, "phone": mask_phone, "address": mask_address}
_BODY: Final[dict[str, tuple[str, str]]] = {
    "because": ("原因", "because"), "gift": ("礼品", "gift"), "plan": ("初步方案", "plan"), "how": ("开展方式", "how"),
    "period": ("周期", "period"), "form": ("形式", "form"), "start": ("开始", "begins"), "end": ("截止", "ends"),
    "confirmed_by": ("平台确认人", "confirmed by"), "list_confirmed_by": ("名单确认人", "list confirmed by"), "gifts": ("礼品份数", "gifts"),
    "case": ("案件", "case"), "complaint": ("投诉记录", "complaint"),
}  # fmt: skip
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "phone": ("电话", "phone"), "paper": ("纸质", "paper"), "quarter": ("季度", "quarter"), "half-year": ("半年", "half-year"), "other": ("其他", "other"),
    "dissatisfied": ("明显不满", "dissatisfied"), "reputation": ("影响声誉", "reputation"),
}  # fmt: skip


class View:
    """One plan to be shown: with its life, steps, how many people are in each state, and states and choices in words.

    A ``brief`` view is of its people; the other is of the plan.
    """

    __slots__ = ("brief", "counts", "life", "plan", "revealed", "states", "steps")

    def __init__(
        self, plan: Plan, life: Life, steps: list[Taken], counts: dict[str, int], states: dict[str, list[str]],
        *, revealed: bool, brief: bool,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.life = life
        self.steps = steps
        self.counts = counts
        self.states = states
        self.revealed = revealed
        self.brief = brief


def title_of(plan: Plan, lang: str) -> str:
    """Return what a plan is called; care has no title, since it is about one person."""
    title = plan.body.get("title")
    if title is not None:
        return str(title)
    return t(lang, "、", ", ").join(t(lang, *_WORDS[word]) for word in plan.body.get("because", ()))


def plans_data(job: str, rows: list[tuple[Plan, dict[str, int]]]) -> dict[str, Any]:
    """Return the plans of a job as JSON (schema ``tmcs/plans/1``)."""
    return {"schema": PLANS, "job": job, "plans": [{**_head(plan), "people": counts} for plan, counts in rows]}


def plan_rows(rows: list[tuple[Plan, dict[str, int]]], life: Life, lang: str) -> str:
    """Return the plans of a job as a table."""
    if not rows:
        return t(lang, "没有进行中的；--all 也列已结束的", "none is under way; --all lists those that have ended")
    cells = [
        (plan.id, life.stages[plan.stage].title.pick(lang), one_line(title_of(plan, lang)), sum(counts.values()), plan.opened_at[:10])
        for plan, counts in rows
    ]
    heads = ("编号", "阶段", "名称", "人数", "提出") if lang == "zh" else ("plan", "stage", "title", "people", "begun")
    return table(cells, heads)


def _head(plan: Plan) -> dict[str, Any]:
    return {
        "plan": str(plan.id), "title": plan.body.get("title"), "stage": plan.stage, "version": plan.version, "opened_at": plan.opened_at,
        "opened_by": plan.opened_by, "closed_at": plan.closed_at,
    }  # fmt: skip


def plan_data(view: View, people: Iterable[Person]) -> dict[str, Any]:
    """Return a plan as JSON (schema ``tmcs/plan/1``); people are masked unless they are revealed."""
    plan = view.plan
    return {
        "schema": PLAN, "job": plan.job, **_head(plan), "body": plan.body, "counts": view.counts, "revealed": view.revealed,
        "next": [step.id for step in view.life.onward(plan.stage)],
        "people": [person_data(one, view.revealed) for one in people],
        "steps": [
            {"n": one.n, "at": one.at, "step": one.step, "agent": one.agent, "person": one.person, "data": _said(one), "why": _why(one)}
            for one in view.steps
        ],
    }  # fmt: skip


def person_data(one: Person, revealed: bool) -> dict[str, Any]:
    """Return somebody of a plan as JSON."""
    own = {key: _own(key, value, revealed) for key, value in one.private.items()}
    nick = one.nick if revealed or one.nick is None else mask_account(one.nick)
    case = None if one.case_id is None else str(one.case_id)
    return {"number": one.n, "order": one.tid, "customer": nick, "state": one.state, "at": one.at, **one.data, "own": own, "case": case}


def _own(key: str, value: Any, revealed: bool) -> Any:
    if revealed:
        return value
    if isinstance(value, dict):
        return {name: _own(name, one, revealed) for name, one in value.items()}
    return _MASKS.get(key, mask_memo)(str(value))


def _said(one: Taken) -> dict[str, Any]:
    return {key: value for key, value in one.data.items() if key != "set"} | ({"set": sorted(one.data["set"])} if "set" in one.data else {})


def _why(one: Taken) -> str | None:
    why = one.private.get("why")
    return None if why is None else mask_memo(why)


def plan_text(view: View, people: Iterable[Person], lang: str) -> Iterator[str]:
    """Yield a plan as text, a line or more at a time: how it stands, what is next, the people, what was done."""
    plan = view.plan
    stage = view.life.stages[plan.stage].title.pick(lang)
    version = t(lang, f"第 {plan.version} 版", f"version {plan.version}")
    yield bold(one_line(" · ".join([t(lang, f"方案 {plan.id}", f"plan {plan.id}"), title_of(plan, lang), stage, version])))
    if not view.brief:
        yield from _about(view, lang)
    if view.counts:
        shown = [f"{t(lang, *_state(view, state))} {count}" for state, count in view.counts.items()]
        yield t(lang, f"名单 {sum(view.counts.values())}: ", f"list {sum(view.counts.values())}: ") + " · ".join(shown)
    for one in people:
        yield _person(one, view, lang)
    if not view.brief:
        yield dim(t(lang, "经过", "steps"))
        for step in view.steps:
            yield _step(step, view, lang)


def _about(view: View, lang: str) -> Iterator[str]:
    plan = view.plan
    onward = [f"{step.id} {step.title.pick(lang)}" for step in view.life.onward(plan.stage)]
    if onward:
        yield wrap(t(lang, "、", ", ").join(onward), 80, t(lang, "可做  ", "next  "))
    for key, (zh, en) in _BODY.items():
        value = plan.body.get(key)
        if value not in (None, "", []):
            yield wrap(clean(_value(value, view, lang)), 80, t(lang, f"{zh}  ", f"{en}  "))
    for place, question in enumerate(_questions(plan), 1):
        yield wrap(clean(question["ask"][lang == "en"]), 80, t(lang, f"第{place}题  ", f"Q{place}  "))


def _questions(plan: Plan) -> list[dict[str, Any]]:
    parts = plan.body.get("questionnaire", {}).get("parts", {})
    return [one for part in parts.values() for one in part.values()]


def _value(value: Any, view: View, lang: str) -> str:
    known = {**_WORDS, **view.states}
    words = value if isinstance(value, list) else [value]
    return t(lang, "、", ", ").join(known[word][lang == "en"] if word in known else str(word) for word in words)


def _state(view: View, state: str) -> tuple[str, str]:
    if state in view.states:
        return view.states[state][0], view.states[state][1]
    stage = view.life.stages.get(state)
    return (stage.title.zh, stage.title.en) if stage else (state, state)


def _person(one: Person, view: View, lang: str) -> str:
    data = person_data(one, view.revealed)
    own = [str(value) for key, value in data["own"].items() if key in _MASKS]
    cells = [f"#{one.n}", t(lang, *_state(view, one.state)), one.tid or "—", data["customer"] or "—", *own]
    cells += [str(one.data[key]) for key in ("gift", "parcel") if one.data.get(key)]
    if one.case_id is not None:
        cells.append(t(lang, f"案件 {one.case_id}", f"case {one.case_id}"))
    lines = [wrap(one_line("  ".join(cells)), 80, "  ", "      ")]
    for key, zh, en in (("complaint", "投诉", "complaint"), ("analysis", "分析", "analysis"), ("plan", "方案", "plan")):
        if key in data["own"]:
            lines.append(wrap(clean(str(data["own"][key])), 80, f"      {t(lang, zh, en)}  "))
    return "\n".join(lines)


def _step(step: Taken, view: View, lang: str) -> str:
    known = view.life.steps.get(step.step)
    zh, en = {"reveal": ("查看个人信息", "personal data seen"), "erase": ("删除个人信息", "personal data erased")}.get(step.step, (step.step, step.step))
    title = known.title.pick(lang) if known else t(lang, zh, en)
    whom = f" #{step.person}" if step.person else ""
    state = step.data.get("state")
    more = f" {t(lang, *_state(view, state))}" if state else ""
    why = _why(step)
    text = f"{step.at[:16].replace('T', ' ')}  {step.agent}  {title}{whom}{more}" + (f" · {why}" if why else "")
    return wrap(one_line(text), 80, f"  {step.n}  ")
