"""Backup and restore: from either database into either, while others write, whole or not at all."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.store.test_migration import OLD
from tmcs.core.errors import InputError, NotFoundError, StorageError, TmcsError, TryAgainError
from tmcs.store import backup, open_store
from tmcs.store.base import VERSION, Store

DATA = Path(__file__).parent.parent / "data" / "orders"
BLOB = bytes(range(256))


@pytest.fixture(autouse=True)
def _lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "lead")


@pytest.mark.parametrize(("command", "who"), [("backup", "lead, job"), ("restore", "lead")])
def test_a_role_that_may_not_is_told_who_may(command: str, who: str, tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "agent")
    ran = tmcs("store", command, tmp_path / "b.db", "--store", tmp_path / "d.db", "--lang", "en")
    assert ran.code == 5
    assert all(role in ran.err for role in who.split(", "))
    assert os.listdir(tmp_path) == []




def filled(where: str, tmcs: Any) -> None:
    """Put orders and a case with every kind of value into a store."""
    assert tmcs("order", "import", DATA / "orders-gbk.csv", DATA / "delivery-report.csv", "--store", where).code == 0
    with open_store(where, write=True) as store, store.transaction():
        store.execute("INSERT INTO document (digest, kind, body) VALUES (?, ?, ?)", ("d", "policy", BLOB))
        store.execute(
            "INSERT INTO cases (id, version, head, flow, tid, state, opened_at, opened_by, policy) VALUES"
            " (?, 1, 'h', 'damage', NULL, 'open', '2026-11-25T10:00:00+08:00', 'wang', 'd')",
            (41,),
        )
        store.execute(
            "INSERT INTO event (case_id, n, at, kind, agent, tier, data, private, prev, hash) VALUES (41, 1, 'now', 'noted', 'wang',"
            " 'first-line', ?, NULL, '', 'h')",
            ('{"制表":"\t\\\\n\\N","空":""}',),
        )
        store.execute("INSERT INTO receipt (case_id, n, body) VALUES (41, 1, ?)", (b"",))


def contents(where: str) -> dict[str, list[Any]]:
    """Return all rows of a store."""
    with closing(sqlite3.connect(":memory:")) as empty:
        from tmcs.store.migrations import steps

        for statement in steps(0, "sqlite"):
            empty.execute(statement)
        tables = backup._tables(empty)
    with open_store(where) as store:
        return {name: sorted(map(repr, store.execute(f"SELECT {', '.join(columns)} FROM {name}").fetchall())) for name, columns in tables}


def leftovers(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".")]


@pytest.mark.parametrize("into", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_from_either_into_either(store_url: str, into: str, tmcs: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    filled(store_url, tmcs)
    file, target = tmp_path / "b.bak", str(tmp_path / "target.db")
    if into == "postgresql":
        target = request.getfixturevalue("server_url") + "_b"
    told = tmcs("store", "backup", file, "--store", store_url, "--format", "json")
    assert told.code == 0, told
    assert (told.json["schema"], told.json["orders"], told.json["cases"], told.json["events"]) == ("tmcs/store/1", 40, 1, 1)
    assert told.json["store"] == store_url
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert contents(str(file)) == contents(store_url)
    try:
        told = tmcs("store", "restore", file, "--store", target, "--format", "json")
        assert told.code == 0, told
        assert told.json["before"] is None
        assert contents(target) == contents(store_url)
        with open_store(target, write=True) as store, store.transaction():
            row = store.execute("INSERT INTO title (text) VALUES ('new') RETURNING id").fetchone()
            assert row[0] == store.execute("SELECT max(id) FROM title").fetchone()[0]
            store.execute(
                "INSERT INTO cases (version, head, flow, state, opened_at, opened_by, policy) VALUES (0, '', '', '', '', '', '')"
            )
            assert store.execute("SELECT max(id) FROM cases").fetchone()[0] == 42
        assert tmcs("order", "find", "--nick", "tb_sample00", "--store", target).code == 0
    finally:
        if into == "postgresql":
            import psycopg

            from tmcs.server_url import read_url

            with psycopg.connect(read_url(target).conninfo, autocommit=True) as connection:
                connection.execute(f"DROP SCHEMA IF EXISTS {read_url(target).schema} CASCADE")
    assert leftovers(tmp_path) == []


def test_a_store_that_holds_something_is_refused_without_force(store_url: str, tmcs: Any, tmp_path: Path) -> None:
    filled(store_url, tmcs)
    file = tmp_path / "b.bak"
    backup.back_up(store_url, str(file))
    with open_store(store_url, write=True) as store, store.transaction():
        store.execute("INSERT INTO title (text) VALUES ('later')")
    now = contents(store_url)
    ran = tmcs("store", "restore", file, "--store", store_url, "--lang", "en")
    assert (ran.code, "not empty" in ran.err) == (2, True)
    assert contents(store_url) == now
    ran = tmcs("store", "restore", file, "--store", store_url, "--force", "--format", "json")
    assert ran.code == 0, ran
    assert contents(store_url) == contents(str(file)) != now
    assert contents(ran.json["before"]) == now
    assert Path(ran.json["before"]).parent == tmp_path


def test_while_others_write(store_url: str, tmp_path: Path) -> None:
    open_store(store_url, write=True).close()
    stop, wrote = threading.Event(), []

    def write() -> None:
        with open_store(store_url, write=True) as store:
            while not stop.is_set():
                with store.transaction():  # two rows in one transaction: a backup has both or none
                    for half in "ab":
                        store.execute("INSERT INTO title (text) VALUES (?)", (f"{half}{len(wrote)}",))
                wrote.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(5):
            file = str(tmp_path / f"{n}.bak")
            least = len(wrote)
            backup.back_up(store_url, file)
            with open_store(file) as copy:
                rows = {row[0] for row in copy.execute("SELECT text FROM title").fetchall()}
            assert len(rows) % 2 == 0
            assert rows == {f"{half}{n}" for half in "ab" for n in range(len(rows) // 2)}
            assert len(rows) // 2 >= least
    finally:
        stop.set()
        writer.join()


def test_a_restore_that_fails_changes_nothing(store_url: str, tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(store_url, tmcs)
    file = str(tmp_path / "b.bak")
    backup.back_up(store_url, file)
    now, fill = contents(store_url), backup._fill

    def failing(store: Store, table: str, *rest: Any) -> None:
        fill(store, table, *rest)
        if table == "orders":
            raise StorageError("满", "full")

    monkeypatch.setattr(backup, "_fill", failing)
    with pytest.raises(StorageError, match="full"):
        backup.restore(store_url, file, force=True)
    assert contents(store_url) == now


def test_a_restore_waits_for_nobody_for_ever(store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tmcs.store.sqlite.BUSY_SECONDS", 0.2)
    monkeypatch.setitem(__import__("tmcs.store.postgres", fromlist=["_SETTINGS"])._SETTINGS, "lock_timeout", "200")
    file = str(tmp_path / "b.bak")
    with open_store(store_url, write=True) as store:
        backup.back_up(store_url, file)
        with store.transaction():
            store.execute("INSERT INTO title (text) VALUES ('x')")
            with pytest.raises(TryAgainError):
                backup.restore(store_url, file)


def test_an_old_backup_is_brought_up_and_stays_as_it_is(tmp_path: Path, store_url: str) -> None:
    old = tmp_path / "old.bak"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(OLD.read_text("utf-8"))
    data = old.read_bytes()
    found, before = backup.restore(store_url, str(old))
    assert (found["orders"], found["version"], before) == (4, VERSION, None)
    assert old.read_bytes() == data
    assert not [name for name in os.listdir(tmp_path) if name.startswith("old.bak.")]


@pytest.mark.parametrize("damage", ["text", "newer", "other", "truncated", "middle", "empty", "missing", "folder"])
def test_what_is_no_backup_is_refused(tmp_path: Path, tmcs: Any, damage: str) -> None:
    store, file = tmp_path / "store.db", tmp_path / "b.bak"
    filled(str(store), tmcs)
    backup.back_up(str(store), str(file))
    data, now = file.read_bytes(), contents(str(store))
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage == "other":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("CREATE TABLE t (x)")
    elif damage != "missing":
        file.write_bytes({
            "text": b"no backup\n" * 500, "newer": data[:60] + (99).to_bytes(4, "big") + data[64:],
            "truncated": data[: len(data) // 2], "middle": data[:20480] + b"\xff" * 8192 + data[28672:], "empty": b"",
        }[damage])  # fmt: skip
    with pytest.raises((StorageError, NotFoundError)) as caught:
        backup.restore(str(store), str(file), force=True)
    assert str(file) in str(caught.value)
    assert contents(str(store)) == now


def test_what_a_backup_may_not_replace(tmp_path: Path, tmcs: Any) -> None:
    store, text = tmp_path / "store.db", tmp_path / "text"
    filled(str(store), tmcs)
    text.write_text("mine")
    os.link(store, tmp_path / "link")
    with open_store(tmp_path / "live.db", write=True) as live:
        with live.transaction():
            live.execute("INSERT INTO title (text) VALUES ('x')")
        for name in ("store.db", "link", "text", "live.db", ".", "postgresql://h/d"):
            target = name if "://" in name else str(tmp_path / name)
            with pytest.raises(InputError):
                backup.back_up(str(store), target)
    assert text.read_text() == "mine"
    with pytest.raises(StorageError, match="cannot write the backup"):
        backup.back_up(str(store), str(tmp_path / "no" / "folder"))
    with pytest.raises(InputError, match="itself"):
        backup.restore(str(store), str(store))
    for _ in range(2):  # an earlier backup is replaced
        backup.back_up(str(store), str(tmp_path / "b.bak"))
    with pytest.raises(NotFoundError):
        backup.back_up(str(tmp_path / "none.db"), str(tmp_path / "c.bak"))
    assert not (tmp_path / "c.bak").exists()


SMALL = """
import resource, sys
from tmcs.cli.main import run
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
sys.exit(run(["store", "backup", sys.argv[2], "--store", sys.argv[1], "--lang", "en"]))
"""


def test_a_full_disk_leaves_no_half_file(store_url: str, tmcs: Any, tmp_path: Path) -> None:
    filled(store_url, tmcs)
    file = tmp_path / "b.bak"
    file.write_bytes(b"")
    done = subprocess.run([sys.executable, "-c", SMALL, store_url, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 74, done
    assert "the disk is full" in done.stderr
    assert file.read_bytes() == b""
    assert leftovers(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 60_000


def test_a_damaged_store_is_not_backed_up(tmp_path: Path, tmcs: Any) -> None:
    store = tmp_path / "store.db"
    filled(str(store), tmcs)
    data = store.read_bytes()
    store.write_bytes(data[:20480] + b"\xff" * 8192 + data[28672:])
    with pytest.raises(TmcsError) as caught:
        backup.back_up(str(store), str(tmp_path / "b.bak"))
    assert caught.value.exit_code == 74
    assert not (tmp_path / "b.bak").exists()
    assert leftovers(tmp_path) == []


def test_info(store_url: str, tmcs: Any) -> None:
    assert tmcs("store", "info", "--store", store_url).code == 6
    filled(store_url, tmcs)
    found = tmcs("store", "info", "--store", store_url, "--format", "json").json
    assert found["bytes"] > 10_000
    assert (found["orders"], found["cases"], found["events"], found["version"]) == (40, 1, 1, VERSION)
    assert found["dialect"] in ("sqlite", "postgresql")
    for lang, word in (("zh", "订单: 40"), ("en", "orders: 40")):
        assert word in tmcs("store", "info", "--store", store_url, "--lang", lang).out
    assert json.dumps(found)
