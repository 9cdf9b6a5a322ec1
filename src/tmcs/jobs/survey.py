"""Satisfaction surveys (handbook section P10): requested, drafted, confirmed by the platform, called, answered, closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from tmcs.core.errors import Finding, InputError, NotFoundError
from tmcs.core.text import Text
from tmcs.jobs.plan_lists import Tally, draw, from_orders, put
from tmcs.jobs.plans import Listed, Person, Plan, Planner, find_person, named, order_of, people, present
from tmcs.jobs.questionnaire import Questionnaire

JOB: Final = "satisfaction-survey"
#: Where a survey stands with somebody, in words. ``answered``: every question that must be; ``partial``: some.
STATES: Final[dict[str, list[str]]] = {
    "listed": ["待访", "to be asked"], "not-reached": ["未接通", "not reached"], "mailed": ["问卷已寄", "mailed"],
    "partial": ["部分作答", "answered in part"], "answered": ["已作答", "answered"], "declined": ["不愿参加", "declined"],
    "erased": ["已删除", "erased"],
}  # fmt: skip
#: Those who are still to be asked.
OPEN: Final = ("listed", "not-reached", "mailed")


class Outcome:
    """What became of one answer.

    Attributes:
        person: whom it is of, as they stand now; ``low`` the questions with a low score.
        case_id: the follow-up case, opened now (``opened``) or before; None where there is none.
        missing: the questions that must be answered and are not.
    """

    __slots__ = ("case_id", "low", "missing", "opened", "person")

    def __init__(self, person: Person, low: list[str], missing: list[str], opened: bool) -> None:
        self.person = person
        self.low = low
        self.missing = missing
        self.case_id = person.case_id
        self.opened = opened


class Survey(Planner):
    """The surveys before an agent; each step is refused out of its order."""

    job = JOB

    def request(self, title: str, period: str, why: str | None) -> int:
        """Ask the platform for a survey (P10-R05) and return its number."""
        with self.store.transaction():
            return self.begin({"title": named(title), "period": period}, why)

    def draft(self, plan_id: int, questionnaire: Questionnaire, why: str | None) -> None:
        """Put the questionnaire in, drawn up from the platform's feedback (P10-R06); again until it is confirmed."""
        with self.step(plan_id, "draft", why) as held:
            held.set = {"questionnaire": questionnaire.data}

    def confirm(
        self, plan_id: int, by: str, start: date, days: int, form: str, why: str | None, *,
        selection: dict[str, Any] | None = None, listed: list[Listed] | None = None, number: int | None = None, seed: str | None = None,
    ) -> Tally:  # fmt: skip
        """Note what the platform fixed: content, form, scope, start and duration (P10-R03, P10-R07, P10-R08).

        Args:
            by: who confirmed it there.
            start, days: the first day, and for how many days.
            selection, listed: the scope: orders of the book by a selection, or a list of people; one of them.
            number, seed: so many customers of the scope, drawn at random by the seed.
        """
        if (selection is None) == (listed is None):
            raise InputError("范围要么是条件，要么是名单", "the scope is a selection or a list: give one of them")
        if start.isoformat() < self.today:
            raise InputError(f"开始日 {start} 已过", f"the first day {start} is past")
        tally = Tally()
        with self.step(plan_id, "confirm", why) as held:
            scope: dict[str, Any] = {} if selection is None else {"select": selection}
            if number is not None:
                scope |= {"number": number, "seed": seed}
            held.set = {
                "confirmed_by": named(by), "form": form, "start": start.isoformat(), "days": days,
                "end": (start + timedelta(days - 1)).isoformat(), "scope": scope,
            }  # fmt: skip
            if listed is not None:
                put(self, plan_id, listed if number is None else draw(listed, number, seed or ""), "listed", tally)
                if not tally.listed:
                    raise InputError("名单上没有人", "nobody is on the list")
                held.set["list"] = tally.to_dict()
        return tally

    def reject(self, plan_id: int, why: str) -> None:
        """Note that the platform did not confirm it: it is drawn up anew."""
        with self.step(plan_id, "reject", why):
            pass

    def start(self, plan_id: int, why: str | None) -> Tally:
        """Begin on the confirmed day: the list is made from the order book as it is now, each customer once."""
        tally = Tally()
        with self.step(plan_id, "start", why) as held:
            body = held.plan.body
            if self.today < body["start"]:
                raise InputError(f"要到 {body['start']} 才开始", f"it begins on {body['start']}")
            scope = body["scope"]
            if "select" in scope:
                found = from_orders(self, scope["select"], tally, address=body["form"] == "paper")
                put(self, plan_id, draw(found, scope["number"], scope["seed"]) if "number" in scope else found, "listed", tally)
                if not tally.listed:
                    raise InputError("订单册里没有符合范围的订单", "no order of the book is within the scope")
                held.set = {"list": tally.to_dict()}
            else:
                tally.listed = body["list"]["listed"]
        return tally

    def words(self, plan: Plan) -> list[Text]:
        """Return what is said on a call of a survey, in order: willingness, rules, thanks (P10-R09); nothing where it is on paper."""
        from tmcs.core.resolve import resolve
        from tmcs.jobs.definition import load_job

        if plan.body.get("form") != "phone":
            return []
        facts = {"survey_stage": "running", "survey": plan.body["title"], "survey_form": "phone"}
        said = resolve(load_job(JOB).flow, None, facts, self.policy, self.now).to_dict()["say"]
        return [Text(one["text"]["zh"], one["text"]["en"]) for one in said]

    def answer(
        self, plan_id: int, word: str, given: Mapping[str, str], why: str | None = None, *,
        correct: bool = False, partial: bool = False, source: str = "agent", at: str | None = None,
    ) -> Outcome:  # fmt: skip
        """Record somebody's answers; a low score opens a case to follow it up, once.

        Args:
            word: their place on the list or their order number.
            given: the answers by question.
            correct: change what was answered already; needs ``why``.
            partial: keep it also where questions that must be answered are missing.
            source, at: where it comes from (``agent`` or ``import``), and when it was given, where that is known.

        Raises:
            InputError: a question or an answer is unknown, one is missing, or they have answered already.
        """
        if correct and not why:
            raise InputError("改正答案须说明原因 (--why)", "correcting an answer needs a reason (--why)")
        with self.step(plan_id, "answer", why) as held:
            form = Questionnaire(held.plan.body["questionnaire"])
            person = present(find_person(self.store, plan_id, word))
            values = {form.question(name).id: form.question(name).parse(text) for name, text in given.items()}
            if not values:
                raise InputError("没有答案", "there is no answer")
            if person.state == "answered" and not correct:
                raise InputError(
                    f"名单编号 {person.n} 已作答", f"number {person.n} has answered already",
                    hint=Text("改正用 --correct --why 原因", "correct it with --correct --why REASON"),
                )  # fmt: skip
            texts = {name for name in values if form.questions[name].type == "text"}
            answers = {**person.data.get("answers", {}), **{name: values[name] for name in values if name not in texts}}
            own = {**person.private.get("answers", {}), **{name: values[name] for name in texts}}
            missing = [one.id for one in form.missing({**answers, **own})]
            if missing and not partial:
                raise InputError(
                    f"还缺答案: {', '.join(missing)}", f"answers are missing: {', '.join(missing)}",
                    hint=Text("客户只答了一部分的加 --partial", "add --partial where the customer answered only some"),
                )  # fmt: skip
            person.data = {**person.data, "answers": answers, **({"answered": at} if at else {})}
            if own:  # that a text was given stays when the text is erased
                person.private, person.data["texts"] = {**person.private, "answers": own}, sorted({*person.data.get("texts", ()), *texts})
            person.state = "partial" if missing else "answered"
            low = self._low(form, answers)
            opened = bool(low) and person.case_id is None
            if opened:
                person.case_id = self._follow_up(plan_id, person)
            self.save_person(plan_id, person)
            held.person = person.n
            held.data = {"answers": {name: answers[name] for name in answers if name in values}, "state": person.state, "source": source}
            held.private = {"answers": {name: own[name] for name in texts}}
            if opened:
                held.data["case"] = str(person.case_id)
        return Outcome(person, low, missing, opened)

    def outcome(self, plan_id: int, word: str, what: str, why: str | None = None) -> Person:
        """Record that somebody declined, was not reached, or that the paper questionnaire was mailed to them."""
        with self.step(plan_id, "answer", why) as held:
            person = present(find_person(self.store, plan_id, word))
            if person.state not in (*OPEN, "declined"):
                raise InputError(f"名单编号 {person.n} 已作答", f"number {person.n} has answered already")
            if what == "mailed" and held.plan.body["form"] != "paper":
                raise InputError("电话调查不寄问卷", "a survey by phone mails no questionnaire")
            person.state = what
            if what == "not-reached":
                person.data = {**person.data, "tries": person.data.get("tries", 0) + 1}
            self.save_person(plan_id, person)
            held.person, held.data = person.n, {"state": what}
        return person

    def take_rows(self, plan_id: int, rows: Iterable[Any], tell: Callable[[Finding], None]) -> dict[str, int]:
        """Record the answers of a table (kind ``survey-answers``), a person at a time; the same table again changes nothing.

        Args:
            rows: its rows (:class:`tmcs.jobs.rows.Row`), one for each question.
            tell: told of each answer that was not taken.

        Returns:
            How many people were taken (``answered``, ``partial``), had answered the same (``unchanged``) or were not taken
            (``refused``), and how many cases were opened (``cases``).
        """
        done = dict.fromkeys(("answered", "partial", "unchanged", "refused", "cases"), 0)
        by_person: dict[str, list[Any]] = {}
        for row in rows:
            by_person.setdefault(row["order"] or row["respondent"], []).append(row)
        plan = self.read(plan_id)
        for word, own in by_person.items():
            given = {row["question"]: str(row["score"]) if row["score"] is not None else row["answer"] or "" for row in own}
            given = {name: text for name, text in given.items() if text}
            try:
                if self._same(plan, word, given):
                    done["unchanged"] += 1
                    continue
                found = self.answer(plan_id, word, given, partial=True, source="import", at=own[0]["at"])
            except (InputError, NotFoundError) as error:
                done["refused"] += 1
                tell(Finding(own[0].file, own[0].line, 0, error.text))
            else:
                done[found.person.state] += 1
                done["cases"] += found.opened
                if found.missing:
                    names = ", ".join(found.missing)
                    tell(Finding(own[0].file, own[0].line, 0, Text(f"还缺答案: {names}", f"answers are missing: {names}")))
        return done

    def _same(self, plan: Plan, word: str, given: Mapping[str, str]) -> bool:
        if "questionnaire" not in plan.body:
            return False
        form, person = Questionnaire(plan.body["questionnaire"]), find_person(self.store, plan.id, word)
        kept = {**person.data.get("answers", {}), **person.private.get("answers", {})}
        return bool(kept) and {form.question(name).id: form.question(name).parse(text) for name, text in given.items()} == kept

    def close(self, plan_id: int, why: str | None) -> None:
        """End the survey (P10-R11); before its last day, while somebody is still to be asked, only with a reason."""
        with self.step(plan_id, "close", why) as held:
            left = next(people(self.store, plan_id, OPEN), None)
            if left is not None and self.today <= held.plan.body["end"] and not why:
                raise InputError(
                    f"调查到 {held.plan.body['end']} 为止，还有人未访", f"it runs until {held.plan.body['end']}, and people are still to be asked",
                    hint=Text("提前结束须说明原因 (--why)", "ending it early needs a reason (--why)"),
                )  # fmt: skip

    def drop(self, plan_id: int, why: str) -> None:
        """Give the survey up before it runs."""
        with self.step(plan_id, "drop", why):
            pass

    def _low(self, form: Questionnaire, answers: Mapping[str, str]) -> list[str]:
        """Return the questions whose score is at or below the policy's low score."""
        limit = int(self.snapshot.job(JOB).number("low-score"))
        return [name for name, value in answers.items() if form.questions[name].type == "score" and int(value) <= limit]

    def _follow_up(self, plan_id: int, person: Person) -> int:
        """Open a case for somebody who is dissatisfied, within the step's transaction, and return its number.

        It is opened in the job's own graph, whose leaf gives the complaint specialist the task to call (H12-R18, P08-R01)
        and names flow escalation: whether the complaint is valid and was made before is only known after that call (H12-R04),
        so no fact of escalation is taken for granted.
        """
        from tmcs.cases.actor import require
        from tmcs.cases.desk import Desk
        from tmcs.jobs.definition import load_job

        require(self.actor, self.snapshot, "open")
        record = order_of(self, person.tid)
        why = f"{JOB} {plan_id} #{person.n}"
        case_id, _ = Desk(self.store, self.actor, self.now).open_within(
            load_job(JOB).flow, self.policy, record, {"survey_stage": "low-score"}, why
        )
        return case_id
