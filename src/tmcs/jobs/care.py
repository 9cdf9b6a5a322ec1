"""Differentiated care (handbook section P09): a special case registered and analysed, planned, confirmed, carried out."""

from __future__ import annotations

from typing import Any, Final

from tmcs.cases.seat import words
from tmcs.core.errors import InputError, NotFoundError, unknown_word
from tmcs.jobs.plan_lists import of_order
from tmcs.jobs.plans import Listed, Planner, encode, find_person, named, order_of, present

JOB: Final = "differentiated-care"
#: Why a customer is cared for, in words (P09-R03, P09-R04).
REASONS: Final[dict[str, list[str]]] = {
    "dissatisfied": ["对整体购物体验明显不满", "plainly dissatisfied with the whole experience"],
    "reputation": ["已影响超市声誉", "touches the shop's reputation"],
}  # fmt: skip
FORM_FACT: Final = "care_form"


def forms() -> dict[str, list[str]]:
    """Return the forms of care in words: the values of the fact that the job's graph asks (P09-R09, P09-R10)."""
    from tmcs.jobs.definition import load_job

    return load_job(JOB).flow.facts[FORM_FACT].labels


class Care(Planner):
    """The care plans before an agent; what is said of the customer is kept with their person only."""

    job = JOB

    def register(
        self, because: list[str], analysis: str | None, why: str | None, *, tid: str | None = None, nick: str | None = None,
        case_id: int | None = None, complaint: dict[str, Any] | None = None,
    ) -> int:  # fmt: skip
        """Register a special case and its analysis (P09-R06), and return its number.

        Args:
            because: the triggers, of :data:`REASONS`.
            analysis: what happened and why, in the agent's words; it can be added with the plan.
            tid, nick: the order or the customer it is about; ``case_id`` a case, ``complaint`` a row of the complaint records.

        Raises:
            InputError: it is not said whom it is about, or their care is running already.
            NotFoundError: there is no such case.
        """
        for one in because:
            if one not in REASONS:
                raise unknown_word("原因", "reason", one, REASONS)
        if not because:
            raise InputError("没有说明为什么要关怀", "it is not said why they are cared for")
        if case_id is not None:
            tid, nick = self._of_case(case_id)
        row = complaint or {}
        tid, nick = tid or row.get("order"), nick or _whole(row.get("customer"))
        record = order_of(self, tid)
        person = Listed(tid, nick, {}) if record is None else of_order(str(tid), record)
        if person.nick is None and tid is None:
            raise InputError("请给订单、案件或会员名", "give an order, a case or a nick")
        person.private |= {key: text for key, text in (("analysis", analysis and words(analysis)), ("complaint", row.get("note"))) if text}
        body: dict[str, Any] = {"because": because}
        body |= {key: value for key, value in (("case", case_id and str(case_id)), ("complaint", row.get("number"))) if value}
        with self.store.transaction():
            self._refuse_second(tid, person.nick)
            plan_id = self.begin(body, why, {"analysis": person.private.get("analysis")}, 1)
            self.add_person(plan_id, 1, person, "registered")
            if case_id is not None:
                self.store.execute("UPDATE plan_person SET case_id = ? WHERE plan_id = ?", (case_id, plan_id))
        return plan_id

    def _of_case(self, case_id: int) -> tuple[str | None, str | None]:
        sql = "SELECT c.tid, p.nick FROM cases c LEFT JOIN customer p ON p.id = c.customer_id WHERE c.id = ?"
        row = self.store.execute(sql, (case_id,)).fetchone()
        if row is None:
            raise NotFoundError(f"没有这个案件: {case_id}", f"no such case: {case_id}")
        return row[0], row[1]

    def _refuse_second(self, tid: str | None, nick: str | None) -> None:
        sql = (
            "SELECT p.id FROM plan p JOIN plan_person o ON o.plan_id = p.id"
            " WHERE p.job = ? AND p.closed_at IS NULL AND (o.tid = ? OR o.nick = ?) ORDER BY p.id LIMIT 1"
        )
        row = self.store.execute(sql, (JOB, tid or "", nick or "")).fetchone()
        if row is not None:
            raise InputError(f"这位客户的关怀已在方案 {row[0]} 办理", f"this customer is cared for in plan {row[0]} already")

    def plan(self, plan_id: int, form: str, text: str, why: str | None, *, analysis: str | None = None) -> None:
        """Draw up the care in one of the forms (P09-R05, P09-R07, P09-R09, P09-R10); again until it is submitted."""
        known = forms()
        found = form if form in known else next((name for name, label in known.items() if form in label), None)
        if found is None:
            raise unknown_word("关怀形式", "form of care", form, known)
        with self.step(plan_id, "plan", why) as held:
            person = present(find_person(self.store, plan_id, "1"))
            own = {"plan": words(text), **({"analysis": words(analysis)} if analysis else {})}
            person.private = {**person.private, **own}
            if not person.private.get("analysis"):
                raise InputError("还没有分析 (--analysis)", "the case is not analysed yet (--analysis)")
            held.set, held.private, held.person = {"form": found}, own, 1
            self._save(plan_id, held.stage)
            self.store.execute("UPDATE plan_person SET private = ? WHERE plan_id = ? AND n = 1", (encode(person.private), plan_id))

    def submit(self, plan_id: int, why: str | None) -> None:
        """Send the plan to the platform for confirmation (P09-R07)."""
        self._simple(plan_id, "submit", why)

    def confirm(self, plan_id: int, by: str, why: str | None) -> None:
        """Note that the platform confirmed the plan (P09-R08, C110)."""
        with self.step(plan_id, "confirm", why) as held:
            present(find_person(self.store, plan_id, "1"))
            held.set, held.person = {"confirmed_by": named(by)}, 1
            self._save(plan_id, held.stage)

    def reject(self, plan_id: int, why: str) -> None:
        """Note that the platform did not confirm it: another plan is drawn up."""
        self._simple(plan_id, "reject", why)

    def done(self, plan_id: int, what: str) -> None:
        """Record that the care was carried out as confirmed, and what came of it."""
        self._simple(plan_id, "done", what)

    def drop(self, plan_id: int, why: str) -> None:
        """Give the care up, with the reason."""
        self._simple(plan_id, "drop", why)

    def _simple(self, plan_id: int, step: str, why: str | None) -> None:
        with self.step(plan_id, step, why) as held:
            if step != "drop":  # what is left of a plan whose customer was erased is to give it up
                present(find_person(self.store, plan_id, "1"))
            held.person = 1
            self._save(plan_id, held.stage)

    def _save(self, plan_id: int, state: str) -> None:
        self.store.execute("UPDATE plan_person SET state = ?, at = ? WHERE plan_id = ? AND n = 1", (state, self.at, plan_id))


def _whole(nick: str | None) -> str | None:
    """Return a nick, None where a report gives it masked: that names nobody."""
    return None if not nick or "*" in nick else nick
