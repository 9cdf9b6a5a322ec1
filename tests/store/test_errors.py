"""What goes wrong with a store is said plainly, with the exit code that says whether to try again, and nothing is half done."""

# ruff: noqa: PT012 (what fails is a transaction as a whole)

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tmcs.core.errors import InputError, NotFoundError, StorageError, TryAgainError
from tmcs.server_url import read_url
from tmcs.store import base, open_store
from tmcs.store.base import Store
from tmcs.store.postgres import PostgresStore


def titles(where: str | Path) -> int:
    with open_store(where) as store:
        return int(store.execute("SELECT count(*) FROM title").fetchone()[0])


def put(store: Store, text: str = "x") -> None:
    store.execute("INSERT INTO title (text) VALUES (?)", (text,))


def test_none_yet(store_url: str) -> None:
    with pytest.raises(NotFoundError, match="no store yet"):
        open_store(store_url)


def test_a_newer_store_is_refused(store_url: str) -> None:
    with open_store(store_url, write=True) as store:
        if store.dialect == "sqlite":
            store.execute(f"PRAGMA user_version={base.VERSION + 1}")
        else:
            store.execute("UPDATE store_version SET version = ?", (base.VERSION + 1,))
    for write in (False, True):
        with pytest.raises(StorageError, match="newer tmcs"):
            open_store(store_url, write=write)


def test_an_error_within_a_transaction_undoes_all_of_it(store_url: str) -> None:
    with open_store(store_url, write=True) as store:
        with pytest.raises(StorageError), store.transaction():
            put(store)
            put(store)  # the same title again
        with pytest.raises(KeyboardInterrupt), store.transaction():
            put(store)
            raise KeyboardInterrupt
        with store.transaction():
            put(store)
    assert titles(store_url) == 1


def test_values_are_not_in_messages(store_url: str) -> None:
    with open_store(store_url, write=True) as store, store.transaction():
        put(store, "张测试 13800000001")
    with open_store(store_url, write=True) as store:
        with pytest.raises(StorageError) as caught, store.transaction():
            put(store, "张测试 13800000001")
        assert "13800000001" not in str(caught.value.to_dict())
        assert "张测试" not in str(caught.value.to_dict())


def test_one_state_changes_nothing_and_waits_for_nobody(store_url: str) -> None:
    with open_store(store_url, write=True) as one, open_store(store_url, write=True) as two:
        with one.one_state():
            assert one.execute("SELECT count(*) FROM title").fetchone()[0] == 0
            with two.transaction():
                put(two)
            assert one.execute("SELECT count(*) FROM title").fetchone()[0] == 0
        assert one.execute("SELECT count(*) FROM title").fetchone()[0] == 1


def test_a_stream_takes_many_rows_and_may_be_left(store_url: str) -> None:
    with open_store(store_url, write=True) as store:
        with store.transaction():
            for n in range(2500):
                put(store, str(n))
        assert sum(1 for _ in store.stream("SELECT text FROM title WHERE text <> ?", ("0",))) == 2499
        rows = store.stream("SELECT text FROM title ORDER BY id")
        assert next(rows)[0] == "0"
        rows.close()  # type: ignore[attr-defined]
        with store.transaction():
            assert [row[0] for row in store.stream("SELECT text FROM title WHERE id < 3 ORDER BY id")] == ["0", "1"]
            put(store, "more")
    assert titles(store_url) == 2501


@pytest.mark.parametrize("damage", ["text", "truncated", "header", "folder"])
def test_a_damaged_file(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "store.db"
    if damage == "folder":
        path.mkdir()
    elif damage == "text":
        path.write_text("no store\n" * 500)
    else:
        with open_store(path, write=True) as store, store.transaction():
            for n in range(200):
                put(store, f"{n}" * 100)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2 + 77] if damage == "truncated" else b"\0" * 100 + data[100:])
    for write in (False, True):
        with pytest.raises((StorageError, NotFoundError)) as caught, open_store(path, write=write) as store:
            problems = store.examine()  # a file that is cut off may still open
            assert problems
            raise StorageError("", problems[0].en)
        assert caught.value.exit_code in (74, 6)


FULL = """
import resource, sys
from tmcs.core.errors import TmcsError
from tmcs.store import open_store
store = open_store(sys.argv[1], write=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
kept = 0
try:
    while True:
        with store.transaction():
            for n in range(100):
                store.execute("INSERT INTO title (text) VALUES (?)", (f"{kept}-{n}-" + "x" * 500,))
        kept += 1
except TmcsError as error:
    print(kept, type(error).__name__, error)
"""


def test_a_full_disk_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    kept, kind, said = done.stdout.split(maxsplit=2)
    assert kind == "StorageError", done.stdout
    assert "unchanged" in said
    assert titles(path) == int(kept) * 100 > 0
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1_000_000


def test_locked_by_a_program_that_knows_no_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    open_store(path, write=True).close()
    monkeypatch.setattr("tmcs.store.sqlite.BUSY_SECONDS", 0.2)
    with closing(sqlite3.connect(path, isolation_level=None)) as program, open_store(path, write=True) as store:
        program.execute("BEGIN IMMEDIATE")
        with pytest.raises(TryAgainError), store.transaction():
            pass
        program.execute("COMMIT")
        with store.transaction():
            put(store)
    assert titles(path) == 1


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("postgresql://u:geheim@h/d", "must not carry a password"),
        ("postgresql://u:@h/d", "must not carry a password"),
        ("POSTGRESQL://u:geheim@h/d", "must not carry a password"),
        ("postgresql://h/d?password=geheim", "must not carry a password"),
        ("postgresql://h/d?pass%77ord=geheim", "must not carry a password"),
        ("postgresql://h/d?sslpassword=geheim", "must not carry a password"),
        ("mysql://u:geheim@h/d", "must not carry a password"),
        ("mysql://h/d", "unknown kind of database"),
        ("postgresql://h/d?schema=A;DROP", "schema="),
        ("postgresql://h/d?schema=pg_x", "schema="),
        ("postgresql://[h/d", "is wrong"),
    ],
)
def test_a_wrong_url(tmcs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_store(where)
    monkeypatch.chdir(tmp_path)
    ran = [tmcs("order", "list", "--store", where, "--lang", "en")]
    monkeypatch.setenv("TMCS_STORE", where)
    ran += [tmcs("order", "list", "--lang", "en"), tmcs("config", "show", "--lang", "en")]
    monkeypatch.delenv("TMCS_STORE")
    (tmp_path / "tmcs.yaml").write_text(f"store: {where!r}\n")
    monkeypatch.setenv("TMCS_CONFIG", str(tmp_path / "tmcs.yaml"))
    ran += [tmcs("config", "show", "--lang", "en"), tmcs("resolve", "damage", "--order", "1", "--lang", "en")]
    for one in ran:
        assert one.code == 2, one
        assert said in one.err
        assert "geheim" not in one.err + one.out
    assert os.listdir(tmp_path) == ["tmcs.yaml"]


def other(url: str, user: str = "", database: str = "") -> str:
    """Return the URL with another user or database."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}" if user else parts.netloc, path=f"/{database}" if database else parts.path))


@pytest.fixture
def admin(server_url: str) -> Any:
    """A bare connection to the test server."""
    psycopg = pytest.importorskip("psycopg")
    connection = psycopg.connect(read_url(server_url).conninfo, autocommit=True)
    yield connection
    connection.close()


def drop(admin: Any, store: Store) -> None:
    assert isinstance(store, PostgresStore)
    admin.execute("SELECT pg_terminate_backend(%s)", (store.connection.info.backend_pid,))


@pytest.mark.postgresql
def test_no_server_there() -> None:
    with pytest.raises(TryAgainError, match="is not there"):
        open_store("postgresql://root@127.0.0.1:1/test")


@pytest.mark.postgresql
def test_no_such_database_or_user(server_url: str) -> None:
    for where in (other(server_url, database="tmcs_no_such_database"), other(server_url, user="tmcs_nobody")):
        with pytest.raises(StorageError, match="refuses the connection") as caught:
            open_store(where)
        assert caught.value.hint is not None


@pytest.mark.postgresql
def test_a_connection_that_is_dropped_in_the_middle(server_url: str, admin: Any) -> None:
    with open_store(server_url, write=True) as store:
        with pytest.raises(TryAgainError, match="nothing was changed"), store.transaction():
            put(store, "half")
            drop(admin, store)
            put(store, "rest")
        with pytest.raises(TryAgainError):
            put(store)
    assert titles(server_url) == 0


@pytest.mark.postgresql
def test_a_connection_that_is_dropped_at_the_commit(server_url: str, admin: Any) -> None:
    with open_store(server_url, write=True) as store:
        with pytest.raises(TryAgainError, match="whether it was kept is unknown") as caught, store.transaction():
            put(store, "half")
            drop(admin, store)
        assert caught.value.hint is not None
        assert caught.value.hint.en == "look before repeating"
    assert titles(server_url) == 0


@pytest.mark.postgresql
def test_a_failed_transaction_is_never_called_committed(server_url: str) -> None:
    with open_store(server_url, write=True) as store:
        with pytest.raises(StorageError, match="not committed"), store.transaction():
            put(store, "one")
            with suppress(StorageError):
                put(store, "one")
        with store.transaction():
            put(store, "two")
    assert titles(server_url) == 1


@pytest.mark.postgresql
def test_a_held_row_says_try_again(server_url: str) -> None:
    with open_store(server_url, write=True) as one, open_store(server_url, write=True) as two:
        with one.transaction():
            put(one)
        two.execute("SET lock_timeout = 100")
        with one.transaction():
            one.execute("SELECT id FROM title FOR UPDATE")
            with pytest.raises(TryAgainError, match="busy"), two.transaction():
                two.execute("UPDATE title SET text = 'y'")
            with pytest.raises(TryAgainError, match="busy"), two.transaction():
                one.alone("work")
                two.alone("work")
        two.execute("SET statement_timeout = 50")
        with pytest.raises(TryAgainError, match="busy"):
            two.execute("SELECT pg_sleep(5)")


@pytest.mark.postgresql
def test_nothing_hangs_for_ever_and_a_commit_is_on_disk(server_url: str) -> None:
    with open_store(server_url, write=True) as store:
        said = {name: store.execute(f"SHOW {name}").fetchone()[0] for name in (
            "lock_timeout", "statement_timeout", "synchronous_commit", "transaction_isolation", "search_path", "client_encoding",
        )}  # fmt: skip
    assert said.pop("search_path").startswith("tmcs_test_")
    assert said == {
        "lock_timeout": "5s", "statement_timeout": "1min", "synchronous_commit": "on", "transaction_isolation": "read committed",
        "client_encoding": "UTF8",
    }  # fmt: skip


@pytest.mark.postgresql
def test_missing_rights(server_url: str, admin: Any) -> None:
    open_store(server_url, write=True).close()
    schema, role = read_url(server_url).schema, f"{read_url(server_url).schema}_role"
    admin.execute(f"CREATE ROLE {role} LOGIN")
    try:
        with pytest.raises(StorageError, match="no right"):
            open_store(other(server_url, user=role))
        admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
        with open_store(other(server_url, user=role), write=True) as store:
            assert store.execute("SELECT count(*) FROM title").fetchone()[0] == 0
            assert store.examine()
            with pytest.raises(StorageError, match="no right"), store.transaction():
                put(store)
    finally:
        admin.execute(f"DROP OWNED BY {role}")
        admin.execute(f"DROP ROLE {role}")


@pytest.mark.postgresql
def test_out_of_connections(server_url: str, admin: Any) -> None:
    open_store(server_url, write=True).close()
    role = f"{read_url(server_url).schema}_few"
    admin.execute(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    try:
        with pytest.raises(TryAgainError, match="too many"):
            open_store(other(server_url, user=role))
    finally:
        admin.execute(f"DROP ROLE {role}")


@pytest.mark.postgresql
def test_the_command_line_says_it_with_its_exit_code(server_url: str, tmcs: Any) -> None:
    ran = tmcs("order", "list", "--store", server_url, "--lang", "en")
    assert (ran.code, "no store yet" in ran.err) == (6, True)
    assert tmcs("order", "list", "--store", "postgresql://root@127.0.0.1:1/test").code == 75
