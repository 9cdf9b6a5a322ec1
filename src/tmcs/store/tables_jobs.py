"""The tables of jobs: runs, what each found, who is called on a day; and the order book's columns that sweeps look at.

``{code:key}`` is a column coded from a key of the record: its text, ``''`` for null, ``'~'`` where the key is absent.
"""

from __future__ import annotations

from typing import Final

#: Field of the record -> its coded column. (tmcs.jobs.select compiles conditions to these.)
CODED: Final[dict[str, str]] = {
    "status": "status_code", "created": "created_code", "pay_time": "pay_code", "consign_time": "consign_code",
    "sign_time": "sign_code", "end_time": "end_code", "lbx": "lbx_code",
}  # fmt: skip

_RUNS: Final = (
    # name: what the run is of; the same name again is the same run. state: running, done.
    """CREATE TABLE job_run (
         id {id}, job TEXT NOT NULL, name TEXT NOT NULL, window_from TEXT NOT NULL, window_to TEXT NOT NULL, state TEXT NOT NULL,
         now TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT, agent TEXT NOT NULL, inputs TEXT NOT NULL,
         counts TEXT, figures TEXT, report TEXT, UNIQUE (job, name))""",
    """CREATE TABLE job_item (
         run_id {big} NOT NULL, name TEXT NOT NULL, place {big} NOT NULL, part TEXT NOT NULL, body TEXT NOT NULL, case_id {big}, tid TEXT,
         PRIMARY KEY (run_id, name)) {keyed}""",
    "CREATE INDEX job_item_place ON job_item (run_id, place)",
    "CREATE INDEX job_item_tid ON job_item (tid) WHERE tid IS NOT NULL",
    # One call an order and day over all jobs. offered: the payouts it offers, which no later call offers again.
    """CREATE TABLE job_call (
         tid TEXT NOT NULL, day TEXT NOT NULL, job TEXT NOT NULL, run_id {big} NOT NULL, offered TEXT NOT NULL, PRIMARY KEY (tid, day)) {keyed}""",
)

#: The coded columns; an SQLite store holds nothing of them and works each out whenever a row is written or an index built.
CODES: Final[dict[str, str]] = {column: f"ALTER TABLE orders ADD COLUMN {column} TEXT {{code:{key}}}" for key, column in CODED.items()}

#: Migration 3.
JOBS: Final = (*_RUNS, *CODES.values())

#: Indexes of the sweeps; rebuilt with the others after a large import. What a sweep asks besides stands behind what it
#: seeks, so that no record is read for nothing. Partial ones go by the plain column, so that an import takes no record apart
#: for a row that they leave out; their statuses are in alphabetical order, as selections say them (tmcs.jobs.select): by
#: that the database knows that the index serves.
SWEEPS: Final[dict[str, str]] = {
    "orders_sent": "CREATE INDEX IF NOT EXISTS orders_sent ON orders (status_code, consign_code, pay_code)",
    "orders_open": "CREATE INDEX IF NOT EXISTS orders_open ON orders (status, pay_code, lbx_code, consign_code, sign_code, end_code, status_code)"
    " WHERE status = 'WAIT_SELLER_SEND_GOODS' OR status IS NULL",
    "orders_unsigned": "CREATE INDEX IF NOT EXISTS orders_unsigned ON orders (status, sign_code, consign_code, status_code)"
    " WHERE status = 'SELLER_CONSIGNED_PART' OR status = 'WAIT_BUYER_CONFIRM_GOODS'",
    "orders_closed": "CREATE INDEX IF NOT EXISTS orders_closed ON orders (status, end_code, pay_code, lbx_code, consign_code, status_code)"
    " WHERE status = 'TRADE_CLOSED'",
}
