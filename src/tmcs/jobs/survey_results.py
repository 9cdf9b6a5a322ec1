"""What a survey says: how many answered, the mean and the distribution of each question, and the report of it (P10-R11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.text import Text
from tmcs.jobs.plans import Plan, people
from tmcs.jobs.questionnaire import PARTS, Question, Questionnaire
from tmcs.jobs.survey import STATES

if TYPE_CHECKING:
    from tmcs.jobs.report import Report, Row
    from tmcs.store.base import Store

SCHEMA: Final = "tmcs/survey-results/1"
_MILLION: Final = 1_000_000


class Result:
    """What was answered to one question: how often each value, and how many answered it at all."""

    __slots__ = ("counts", "question", "total")

    def __init__(self, question: Question) -> None:
        self.question = question
        self.counts: dict[str, int] = dict.fromkeys(question.values, 0)
        self.total = 0

    @property
    def mean(self) -> Fraction | None:
        """The mean of a score, exactly; None for the other questions and where nobody answered."""
        if self.question.type != "score" or not self.total:
            return None
        return Fraction(sum(int(value) * count for value, count in self.counts.items()), self.total)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON: the mean to two decimals and as it is exactly."""
        one, mean = self.question, self.mean
        return {
            "question": one.id, "part": one.part, "type": one.type, "ask": {"zh": one.ask[0], "en": one.ask[1]}, "answers": self.total,
            "mean": None if mean is None else two_decimals(mean), "mean_exact": None if mean is None else str(mean),
            "distribution": dict(self.counts),
        }  # fmt: skip


class Results:
    """The results of one survey, gone through once.

    Attributes:
        states: how many people are in each state; ``low`` how many follow-up cases were opened.
        results: by question.
    """

    __slots__ = ("low", "plan", "questionnaire", "results", "states")

    def __init__(self, store: Store, plan: Plan) -> None:
        self.plan = plan
        self.questionnaire = Questionnaire(plan.body["questionnaire"])
        self.states: dict[str, int] = dict.fromkeys(STATES, 0)
        self.results = {name: Result(question) for name, question in self.questionnaire.questions.items()}
        self.low = 0
        for person in people(store, plan.id):
            self.states[person.state] += 1
            self.low += person.case_id is not None
            for name, value in {**person.data.get("answers", {}), **dict.fromkeys(person.data.get("texts", ()), "")}.items():
                result = self.results[name]
                result.total += 1
                if value in result.counts:
                    result.counts[value] += 1

    @property
    def listed(self) -> int:
        """How many people stand on the list."""
        return sum(self.states.values())

    @property
    def rate(self) -> Fraction:
        """The share of the list that answered, in whole or in part; 0 of an empty list."""
        return Fraction(self.states["answered"] + self.states["partial"], self.listed) if self.listed else Fraction(0)

    def to_dict(self) -> dict[str, Any]:
        """Return the results as JSON (schema ``tmcs/survey-results/1``)."""
        return {
            "schema": SCHEMA, "plan": str(self.plan.id), "title": self.plan.body["title"], "stage": self.plan.stage,
            "listed": self.listed, "states": dict(self.states), "response_rate": four_decimals(self.rate), "follow_ups": self.low,
            "questions": [result.to_dict() for result in self.results.values()],
        }  # fmt: skip


def _rounded(value: Fraction, places: int) -> Decimal:
    """Return a value rounded half up, as money is."""
    scale: int = 10**places
    return Decimal(floor(value * scale * 2 + 1) // 2).scaleb(-places)


def two_decimals(value: Fraction) -> str:
    """Return a mean to two decimals, half up: ``13/3`` is ``4.33``."""
    return f"{_rounded(value, 2):.2f}"


def four_decimals(value: Fraction) -> str:
    """Return a rate to four decimals, half up."""
    return f"{_rounded(value, 4):.4f}"


def report_of(store: Store, results: Results, clock: datetime) -> Report:
    """Return the report that goes to the platform and to operations: figures, means, distributions with charts, own words.

    Free words are given without phone numbers and mail addresses, and without who said them.
    """
    from tmcs.jobs.report import Chart, Column, Report, Sheet

    number = Text("人数", "people")
    overview = Sheet(
        Text("概况", "overview"),
        [Column("what", Text("项目", "item")), Column("n", number, "number"), Column("rate", Text("占名单", "of the list"), "rate")],
        list(_overview(results)), [Chart("pie", Text("作答情况", "who answered"), "what", ["n"])],
    )  # fmt: skip
    sheets = [overview, *_questions(results), *(_distribution(number_, one) for number_, one in enumerate(results.results.values(), 1) if one.counts)]
    if any(one.question.type == "text" and one.total for one in results.results.values()):
        columns = [Column("question", Text("题目", "question")), Column("text", Text("回答", "answer"))]
        sheets.append(Sheet(Text("文字回答", "own words"), columns, _texts(store, results)))
    return Report(Text(f"满意度调查结果：{results.plan.body['title']}", f"satisfaction survey: {results.plan.body['title']}"), clock, sheets)


def _overview(results: Results) -> Iterator[Row]:
    for state, count in results.states.items():
        share = Fraction(count, results.listed) if results.listed else Fraction(0)
        yield {"what": Text(*STATES[state]), "n": count, "rate": int(_rounded(share, 6) * _MILLION)}


def _questions(results: Results) -> Iterator[Any]:
    """Yield a sheet of all questions, and one of the scores with their means and a chart of them."""
    from tmcs.jobs.report import Chart, Column, Sheet

    question, answers = Column("question", Text("题目", "question")), Column("n", Text("作答数", "answers"), "number")
    mean, part = Column("mean", Text("平均分", "mean score"), "number"), Column("part", Text("部分", "part"))
    rows: list[Row] = []
    scores: list[Row] = []
    for one in results.results.values():
        row: Row = {"question": Text(*one.question.ask), "part": Text(*PARTS[one.question.part]), "n": one.total}
        rows.append(row)
        if one.mean is not None:
            scores.append({**row, "mean": _rounded(one.mean, 2)})
    yield Sheet(Text("各题", "questions"), [question, part, answers], rows)
    if scores:
        chart = Chart("bar", Text("平均分", "mean score"), "question", ["mean"])
        yield Sheet(Text("平均分", "mean scores"), [question, answers, mean], scores, [chart])


def _distribution(place: int, result: Result) -> Any:
    from tmcs.jobs.report import Chart, Column, Sheet

    question = result.question
    rows: list[Row] = [{"value": Text(*question.values[value]), "n": count} for value, count in result.counts.items()]
    columns = [Column("value", Text("回答", "answer")), Column("n", Text("人数", "people"), "number")]
    kind: Any = "bar" if question.type == "score" else "pie"
    chart = Chart(kind, Text(*question.ask), "value", ["n"])
    return Sheet(Text(f"第{place}题 {question.id}", f"Q{place} {question.id}"), columns, rows, [chart])


def _texts(store: Store, results: Results) -> Iterator[Row]:
    from tmcs.orders.privacy import mask_memo

    questions = results.questionnaire.questions
    for person in people(store, results.plan.id):
        for name, text in person.private.get("answers", {}).items():
            yield {"question": Text(*questions[name].ask), "text": mask_memo(text)}
