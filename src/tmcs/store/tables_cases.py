"""The tables of cases, ledger and audit. ``{id}``, ``{big}``, ``{blob}`` and ``{keyed}`` are the database's own words."""

from __future__ import annotations

from typing import Final

#: Migration 2. Times are ISO 8601 with offset, days are dates, money is integer fen; states are words.
CASES: Final = (
    # What a case is pinned to: policies and flows by the digest of their contents (compressed JSON).
    "CREATE TABLE document (digest TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, body {blob} NOT NULL)",
    # The person, apart from everything that is hashed: erasing one empties this row and the private parts below.
    "CREATE TABLE customer (id {id}, nick TEXT UNIQUE, alipay_no TEXT)",
    # The projection of the events, one row a case. head: hash of the last event; sealed: version at the last seal.
    """CREATE TABLE cases (
         id {id}, version INTEGER NOT NULL, head TEXT NOT NULL, flow TEXT NOT NULL, tid TEXT, item TEXT,
         customer_id {big}, state TEXT NOT NULL, outcome TEXT, owner TEXT, opened_at TEXT NOT NULL,
         opened_by TEXT NOT NULL, closed_at TEXT, next_due TEXT, policy TEXT NOT NULL, sealed INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE event (
         case_id {big} NOT NULL, n INTEGER NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, agent TEXT NOT NULL,
         tier TEXT NOT NULL, data TEXT NOT NULL, private TEXT, prev TEXT NOT NULL, hash TEXT NOT NULL,
         PRIMARY KEY (case_id, n)) {keyed}""",
    # The part of an event that is about a person: the event holds only the digest of salt and body.
    """CREATE TABLE private (
         case_id {big} NOT NULL, n INTEGER NOT NULL, salt TEXT, body TEXT, PRIMARY KEY (case_id, n)) {keyed}""",
    # One a decision; the event holds its digest.
    """CREATE TABLE receipt (
         case_id {big} NOT NULL, n INTEGER NOT NULL, body {blob}, PRIMARY KEY (case_id, n))""",
    # What is still to be done, awaited, kept or approved. kind: task, wait, promise, approval; party: queue, who must
    # answer, customer, tier; unit: how a pause moves the due day.
    """CREATE TABLE duty (
         id {id}, case_id {big} NOT NULL, n INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, party TEXT NOT NULL,
         text TEXT NOT NULL, due TEXT, unit TEXT, state TEXT NOT NULL, agent TEXT, entry_id {big}, at TEXT NOT NULL)""",
    # Promises and payments. account: the order, or the case where there is none; the amounts are fen.
    """CREATE TABLE ledger (
         id {id}, case_id {big} NOT NULL, account TEXT NOT NULL, customer_id {big}, reason TEXT NOT NULL, kind TEXT NOT NULL,
         form TEXT NOT NULL, amount {big} NOT NULL, most {big} NOT NULL, state TEXT NOT NULL, tier TEXT NOT NULL,
         agent TEXT NOT NULL, at TEXT NOT NULL, day TEXT NOT NULL, approver TEXT)""",
    # One row an order (or customer and day): held while the sum is read and added to.
    "CREATE TABLE account (name TEXT NOT NULL PRIMARY KEY)",
    "CREATE TABLE seal (id {id}, at TEXT NOT NULL, agent TEXT NOT NULL, prev TEXT NOT NULL, root TEXT NOT NULL, cases {big} NOT NULL)",
    """CREATE TABLE seal_case (
         seal_id {big} NOT NULL, case_id {big} NOT NULL, version INTEGER NOT NULL, head TEXT NOT NULL,
         PRIMARY KEY (seal_id, case_id)) {keyed}""",
    # What lists are read by. A list goes through open cases or through closed ones, in the order of its index: whatever the
    # store holds, a page of it is read from where the page before ended. (Each case stands in one half of each pair only.)
    "CREATE INDEX cases_tid ON cases (tid, id) WHERE tid IS NOT NULL",
    "CREATE INDEX cases_customer ON cases (customer_id, id) WHERE customer_id IS NOT NULL",
    "CREATE INDEX cases_due ON cases (next_due, id) WHERE next_due IS NOT NULL",
    "CREATE INDEX cases_open ON cases (id) WHERE closed_at IS NULL",
    "CREATE INDEX cases_open_state ON cases (state, id) WHERE closed_at IS NULL",
    "CREATE INDEX cases_open_flow ON cases (flow, id) WHERE closed_at IS NULL",
    "CREATE INDEX cases_open_owner ON cases (owner, next_due, id) WHERE closed_at IS NULL",
    "CREATE INDEX cases_shut ON cases (id) WHERE closed_at IS NOT NULL",
    "CREATE INDEX cases_shut_flow ON cases (flow, id) WHERE closed_at IS NOT NULL",
    "CREATE INDEX cases_shut_owner ON cases (owner, id) WHERE closed_at IS NOT NULL",
    "CREATE INDEX cases_closed ON cases (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX cases_unsealed ON cases (id) WHERE version > sealed",
    "CREATE INDEX seal_case_case ON seal_case (case_id)",
    "CREATE INDEX duty_case ON duty (case_id)",
    "CREATE INDEX duty_queue ON duty (party, id) WHERE kind = 'task' AND state = 'open'",
    "CREATE INDEX duty_party ON duty (party, due, id) WHERE kind = 'task' AND state IN ('open', 'held', 'taken')",
    "CREATE INDEX duty_due ON duty (kind, due, id) WHERE state IN ('open', 'held', 'taken')",
    "CREATE INDEX duty_agent ON duty (agent, due, id) WHERE state = 'taken'",
    "CREATE INDEX duty_entry ON duty (entry_id) WHERE entry_id IS NOT NULL",
    "CREATE INDEX ledger_case ON ledger (case_id)",
    "CREATE INDEX ledger_account ON ledger (account)",
    "CREATE INDEX ledger_customer ON ledger (customer_id, day)",
    # The same cause on the same order is never paid twice: not by two commands at once either.
    "CREATE UNIQUE INDEX ledger_once ON ledger (account, reason) WHERE state <> 'rejected' AND state <> 'withdrawn'",
)
