"""The store: one database for order book, cases, ledger and job history. An SQLite file, or PostgreSQL by URL.

The same SQL runs on both: ``?`` for values, ``RETURNING``, ``ON CONFLICT``. What differs is named once, by
:class:`tmcs.store.base.Store`. Nothing is imported here: opening one imports the driver of that one only.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tmcs.server_url import is_url as is_server

if TYPE_CHECKING:
    from tmcs.core.text import Text
    from tmcs.store.base import Store

__all__ = ["is_server", "notes", "open_store"]

#: What a person should know of the stores that were opened (one was brought to a new version: where its backup lies).
#: Whoever shows notes takes them out.
notes: Final[list[Text]] = []


def open_store(where: str | os.PathLike[str] | None = None, *, write: bool = False) -> Store:
    """Open a store.

    Args:
        where: a file, or ``postgresql://…``; None: the configured one.
        write: bring it to this program's version first (made where it is missing); else it must exist.

    Raises:
        InputError: a URL that is wrong, or carries a password (those belong in a password file).
        NotFoundError: it is opened for reading and there is none.
        StorageError: it cannot be opened, is newer than this program, or is no store of tmcs.
        TryAgainError: a lock is held, or the server is not there just now.
    """
    if where is None:
        from tmcs.config import store_path

        where = store_path()
    name = os.fspath(where)
    if is_server(name):
        from tmcs.store.postgres import PostgresStore

        return PostgresStore(name, write=write)
    from tmcs.store.sqlite import SqliteStore

    return SqliteStore(name, write=write)
