"""The tables of planned jobs: surveys, gift mailings and care, each a plan with its steps and the people it concerns."""

from __future__ import annotations

from typing import Final

#: Part of migration 3. body: what the steps add up to, without any person; a stage is one of the job's ``stages.yaml``.
PLANS: Final = (
    """CREATE TABLE plan (
         id {id}, job TEXT NOT NULL, stage TEXT NOT NULL, version {big} NOT NULL, opened_at TEXT NOT NULL, opened_by TEXT NOT NULL,
         closed_at TEXT, body TEXT NOT NULL)""",
    # One a step, never changed. person: the place of whom it concerns; private: reasons and words, emptied with the person.
    """CREATE TABLE plan_event (
         plan_id {big} NOT NULL, n {big} NOT NULL, at TEXT NOT NULL, step TEXT NOT NULL, agent TEXT NOT NULL, person {big},
         data TEXT NOT NULL, private TEXT, PRIMARY KEY (plan_id, n)) {keyed}""",
    # The people of a plan. who: digest that tells one customer from another within it; data: answers, gift, parcel;
    # nick, who and private (name, phone, address, own words) are emptied when the person is erased.
    """CREATE TABLE plan_person (
         plan_id {big} NOT NULL, n {big} NOT NULL, who TEXT, tid TEXT, nick TEXT, state TEXT NOT NULL, at TEXT, data TEXT NOT NULL,
         private TEXT, case_id {big}, PRIMARY KEY (plan_id, n), UNIQUE (plan_id, who)) {keyed}""",
    "CREATE INDEX plan_job ON plan (job, id)",
    "CREATE INDEX plan_closed ON plan (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX plan_person_nick ON plan_person (nick) WHERE nick IS NOT NULL",
    "CREATE INDEX plan_person_tid ON plan_person (tid) WHERE tid IS NOT NULL",
    "CREATE INDEX plan_person_state ON plan_person (plan_id, state, n)",
)
