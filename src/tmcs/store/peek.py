"""A glance into a store: read at once or not at all, never made, upgraded or waited for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tmcs.server_url import is_url, read_url
from tmcs.store.base import VERSION

#: Seconds that another's lock is waited for, and that a statement may take on a server.
_PATIENCE: Final = 0.25
#: Seconds to reach a server; the driver takes no fewer.
_REACH: Final = 2


def glance(where: str, sql: str, values: Sequence[Any]) -> list[Any]:
    """Return the rows of one SELECT from a store of this program's version; ``[]`` from one of another version.

    Args:
        where: a file, or ``postgresql://…``.
        sql: with ``?`` for each value.

    Raises:
        Exception: whatever is in the way: there is no store, it is no store, it is locked, the server is not there.
    """
    return _from_server(where, sql, values) if is_url(where) else _from_file(where, sql, values)


def _from_file(path: str, sql: str, values: Sequence[Any]) -> list[Any]:
    import sqlite3
    from contextlib import closing

    from tmcs.store.sqlite import APPLICATION_ID, uri

    with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=_PATIENCE)) as connection:
        versions = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        return connection.execute(sql, values).fetchall() if versions == [APPLICATION_ID, VERSION] else []


def _from_server(url: str, sql: str, values: Sequence[Any]) -> list[Any]:
    import psycopg

    conninfo, schema, _ = read_url(url)
    wait = f"{_PATIENCE * 1000:.0f}"
    options = f"-csearch_path={schema} -cstatement_timeout={wait} -clock_timeout={wait} -cdefault_transaction_read_only=on"
    with psycopg.connect(
        conninfo, autocommit=True, options=options, client_encoding="utf8", fallback_application_name="tmcs", connect_timeout=_REACH
    ) as connection:
        found = connection.execute("SELECT version FROM store_version").fetchone()
        return connection.execute(sql.replace("?", "%s").encode(), values).fetchall() if found == (VERSION,) else []
