"""What reports of the desk are read by: indexes by day, each holding all that is counted, and what a decision rested on."""

from __future__ import annotations

from typing import Final

#: Part of migration 3.
REPORTS: Final = (
    # rulings: those that the decision cites, in order, one space between; NULL where an older program kept the receipt.
    "ALTER TABLE receipt ADD COLUMN day TEXT",
    "ALTER TABLE receipt ADD COLUMN rulings TEXT",
    "UPDATE receipt SET day = (SELECT substr(e.at, 1, 10) FROM event e WHERE e.case_id = receipt.case_id AND e.n = receipt.n)",
    "CREATE INDEX receipt_day ON receipt (day, rulings)",
    "CREATE INDEX cases_opened ON cases (opened_at, flow, item)",
    "DROP INDEX cases_closed",
    "CREATE INDEX cases_closed ON cases (closed_at, opened_at, flow) WHERE closed_at IS NOT NULL",
    # Of every kind of duty, so that open work is counted in the order of this index; a queue's list reads it as before.
    "DROP INDEX duty_party",
    "CREATE INDEX duty_party ON duty (kind, party, due, id, state) WHERE state IN ('open', 'held', 'taken')",
    "CREATE INDEX ledger_day ON ledger (day)",
    "CREATE INDEX ledger_paid ON ledger (at) WHERE state = 'paid'",
    "CREATE INDEX ledger_approved ON ledger (amount) WHERE state = 'approved'",
    "CREATE INDEX event_judged ON event (kind, at) WHERE kind IN ('approved', 'rejected', 'closed', 'reopened')",
)
