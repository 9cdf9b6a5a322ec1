"""The tables of the order book."""

from __future__ import annotations

from typing import Final

from tmcs.store.tables_jobs import SWEEPS

#: Migration 1.
ORDERS: Final = (
    # whole: 0 while only joined files (items, parcels) have spoken of the order; lines: how well they are known;
    # run, lines_run: the import that last touched the row and its lines; patches: for lines not known yet.
    """CREATE TABLE orders (
         id {id}, tid TEXT NOT NULL UNIQUE, status TEXT, created TEXT, nick TEXT, phone TEXT,
         whole INTEGER NOT NULL, lines INTEGER NOT NULL, run {big} NOT NULL, lines_run {big} NOT NULL,
         patches TEXT, record TEXT NOT NULL)""",
    "CREATE TABLE title (id {id}, text TEXT NOT NULL UNIQUE)",
    """CREATE TABLE order_title (order_id {big} NOT NULL, title_id {big} NOT NULL,
         PRIMARY KEY (order_id, title_id)) {keyed}""",
    """CREATE TABLE order_parcel (order_id {big} NOT NULL, number TEXT NOT NULL,
         PRIMARY KEY (order_id, number)) {keyed}""",
    """CREATE TABLE note (tid TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, time TEXT NOT NULL,
         data TEXT NOT NULL, PRIMARY KEY (tid, kind, key)) {keyed}""",
    """CREATE TABLE import_run (id {id}, file TEXT NOT NULL, kind TEXT NOT NULL,
         row_count INTEGER, found INTEGER)""",
)

#: Part of migration 2: nicks are folded by ``lower()``, which both databases know.
REFOLDED: Final = ("DROP INDEX IF EXISTS orders_nick",)

#: Indexes that a large import drops and builds again, sorted, in the same transaction: faster, and small in memory.
INDEXES: Final[dict[str, str]] = {
    "orders_created": "CREATE INDEX IF NOT EXISTS orders_created ON orders ({newest})",
    "orders_nick": "CREATE INDEX IF NOT EXISTS orders_nick ON orders (lower(nick)) WHERE nick IS NOT NULL",
    "orders_phone": "CREATE INDEX IF NOT EXISTS orders_phone ON orders (phone) WHERE phone IS NOT NULL",
    "order_title_title": "CREATE INDEX IF NOT EXISTS order_title_title ON order_title (title_id)",
    "order_parcel_number": "CREATE INDEX IF NOT EXISTS order_parcel_number ON order_parcel (number)",
    "note_kind": "CREATE INDEX IF NOT EXISTS note_kind ON note (kind, time)",
    **SWEEPS,
}
