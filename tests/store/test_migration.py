"""Old data become new data, all at once or not at all, and a copy of them stays."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tmcs import store as stores
from tmcs.core.errors import NotFoundError, StorageError
from tmcs.orders.book import Book
from tmcs.store import migrations, open_store
from tmcs.store.base import VERSION
from tmcs.store.postgres import PostgresStore
from tmcs.store.tables_jobs import SWEEPS
from tmcs.store.tables_orders import INDEXES, ORDERS

OLD = Path(__file__).parent.parent / "data" / "store" / "version-1.sql"
TID = "5200000000000077001"
#: What the first version kept of an order; later ones have columns worked out from it.
FIRST = "SELECT id, tid, status, created, nick, phone, whole, lines, run, lines_run, patches, record FROM orders ORDER BY id"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store that version 1 of the program wrote."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD.read_text("utf-8"))
        connection.execute("PRAGMA journal_mode=WAL")
    stores.notes.clear()
    return path


def read(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("write", [False, True])
def test_an_old_file_is_copied_and_migrated(old: Path, write: bool) -> None:
    before = read(old, FIRST)
    with Book(old, write=write) as book:
        assert book.count() == 4
        entry = book.entry(TID)
        assert entry is not None
        assert entry.record["sign_time"] == "2026-11-21T10:00:00+08:00"
        assert [one.record["tid"] for one in book.find(nick="tb_case2")] == ["5200000000000077002"]
        assert len(book.find(nick="TB_CASE")) == 3
        assert book.store.execute("SELECT count(*) FROM event").fetchone()[0] == 0
    assert read(old, "PRAGMA user_version") == [(VERSION,)]
    assert read(old, FIRST) == before
    assert set(INDEXES) <= {name for (name,) in read(old, "SELECT name FROM sqlite_master WHERE type = 'index'")}
    kept = Path(f"{old}.v1.bak")
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    assert read(kept, "PRAGMA user_version") == [(1,)]
    assert read(kept, FIRST) == before
    assert [str(kept) in text.en for text in stores.notes] == [True]
    assert sorted(p.name for p in old.parent.iterdir() if p.name.startswith(".")) == []


def test_it_is_said_on_standard_error(old: Path, tmcs: Any) -> None:
    ran = tmcs("order", "show", TID, "--store", old, "--lang", "en")
    assert ran.code == 0
    assert f"from version 1 to {VERSION}" in ran.err
    assert f"{old}.v1.bak" in ran.err
    assert tmcs("order", "show", TID, "--store", old, "--lang", "en").err == ""


def test_quiet_says_nothing(old: Path, tmcs: Any) -> None:
    assert tmcs("-q", "order", "show", TID, "--store", old).err == ""
    assert not stores.notes


def test_a_migration_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", (ORDERS, ("CREATE TABLE one (x)", "NONSENSE")))
    with pytest.raises(StorageError):
        open_store(old, write=True)
    assert read(old, "PRAGMA user_version") == [(1,)]
    assert read(old, "SELECT name FROM sqlite_master WHERE name = 'one'") == []
    monkeypatch.undo()
    with Book(old) as book:
        assert book.count() == 4


def test_without_room_for_the_copy_nothing_is_migrated(old: Path) -> None:
    os.mkdir(f"{old}.v1.bak")
    with pytest.raises(StorageError, match="cannot write the backup"):
        open_store(old, write=True)
    assert read(old, "PRAGMA user_version") == [(1,)]
    assert sorted(p.name for p in old.parent.iterdir() if p.name.startswith(".")) == []


def test_many_open_an_old_store_at_once(old: Path) -> None:
    code = "import sys; from tmcs.store import open_store; open_store(sys.argv[1], write=True).close()"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(old)]) for _ in range(8)]
    assert [process.wait() for process in processes] == [0] * 8
    with Book(old) as book:
        assert book.count() == 4


def test_another_programs_database_of_the_same_version(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute(f"PRAGMA user_version={VERSION}")
    for write in (False, True):
        with pytest.raises(StorageError, match="another program"):
            open_store(path, write=write)


@pytest.mark.postgresql
def test_an_old_schema_is_migrated(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (ORDERS,))
        patch.setattr(migrations, "INDEXES", {name: sql for name, sql in INDEXES.items() if name not in SWEEPS})
        patch.setattr("tmcs.store.postgres.VERSION", 1)
        with open_store(server_url, write=True) as store, store.transaction():
            store.execute("INSERT INTO title (text) VALUES ('x')")
    stores.notes.clear()
    with open_store(server_url) as store:
        assert store.execute("SELECT version FROM store_version").fetchone()[0] == VERSION
        assert store.execute("SELECT text FROM title").fetchall() == [("x",)]
        assert store.execute("SELECT count(*) FROM event").fetchone()[0] == 0
    assert ["own backup" in text.en for text in stores.notes] == [True]
    stores.notes.clear()


@pytest.mark.postgresql
def test_a_schema_migration_that_fails_changes_nothing(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", (ORDERS, ("CREATE TABLE one (x INTEGER)", "NONSENSE")))
        with pytest.raises(StorageError):
            open_store(server_url, write=True)
    with pytest.raises(NotFoundError):
        open_store(server_url)


@pytest.mark.postgresql
def test_a_schema_of_another_program_is_refused(server_url: str) -> None:
    with open_store(server_url, write=True) as store:
        assert isinstance(store, PostgresStore)
        with store.transaction():
            store.execute("DROP TABLE store_version")
    with pytest.raises(StorageError, match="another program"):
        open_store(server_url, write=True)


@pytest.mark.postgresql
def test_many_make_a_schema_at_once(server_url: str) -> None:
    code = "import sys; from tmcs.store import open_store; open_store(sys.argv[1], write=True).close()"
    processes = [subprocess.Popen([sys.executable, "-c", code, server_url]) for _ in range(8)]
    assert [process.wait() for process in processes] == [0] * 8
