"""Writers to an SQLite store take turns: each is served, none hangs, and nothing is left by one that is killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tmcs.core.errors import TryAgainError
from tmcs.store import line, open_store, sqlite, turn

WRITER = """
import sys, time
from tmcs.store import open_store
store = open_store(sys.argv[1], write=True)
print("ready", flush=True)
sys.stdin.readline()
done, longest, end = 0, 0.0, time.monotonic() + float(sys.argv[2])
while (asked := time.monotonic()) < end:
    with store.transaction():
        longest = max(longest, time.monotonic() - asked)
        store.execute("INSERT INTO title (text) VALUES (?)", (f"{sys.argv[3]}-{done}",))
    done += 1
print(done, longest, flush=True)
"""

#: Begins, says so, and does not go on until it is told to.
HOLDER = """
import sys
from tmcs.store import open_store
store = open_store(sys.argv[1], write=True)
store.begin()
store.execute("INSERT INTO title (text) VALUES ('half')")
print("ready", flush=True)
sys.stdin.readline()
"""

#: Stands in the line and never goes on.
WAITER = """
import sys, time
from tmcs.store.line import Line
line = Line(sys.argv[1] + "-turn")
line.draw()
print("ready", flush=True)
time.sleep(60)
"""

#: Writes for as long as it is told, as fast as it can, and then does nothing more, its store open.
IDLER = """
import sys, time
from tmcs.store import open_store
store = open_store(sys.argv[1], write=True)
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    with store.transaction():
        store.execute("INSERT INTO title (text) VALUES (hex(randomblob(16)))")
print("idle", flush=True)
sys.stdin.readline()
"""


def start(code: str, *argv: object) -> subprocess.Popen[str]:
    """Start a process and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, argv)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store that is there."""
    open_store(tmp_path / "store.db", write=True).close()
    return tmp_path / "store.db"


def test_every_writer_is_served(path: Path) -> None:
    writers = [start(WRITER, path, 2, n) for n in range(8)]
    for writer in writers:
        tell(writer)
    said = [writer.communicate()[0].split() for writer in writers]
    done = [int(words[0]) for words in said]
    assert min(done) * 20 > max(done), done  # 0.8 to 0.9 when nothing else runs; without turns 0.0
    with open_store(path) as store:
        assert store.execute("SELECT count(*) FROM title").fetchone()[0] == sum(done)


def test_a_held_store_says_try_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.2)
    holder = start(HOLDER, path)
    with open_store(path, write=True) as store:
        begun = time.monotonic()
        with pytest.raises(TryAgainError, match="being written"):
            store.begin()
        assert time.monotonic() - begun > 0.1  # it waited
        tell(holder)
        holder.communicate()
        with store.transaction():
            assert store.execute("SELECT count(*) FROM title").fetchone()[0] == 0


def test_a_killed_holder_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_PATIENCE", 60)  # who stands behind a dead one would give up before it asks out of turn
    holder = start(HOLDER, path)
    waiter = start(WAITER, path)
    for process in (holder, waiter):
        process.kill()
        process.communicate()
    with open_store(path, write=True) as store, store.transaction():
        assert store.execute("SELECT count(*) FROM title").fetchone()[0] == 0


def test_one_that_was_stopped_in_the_line_is_passed_by(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "_PATIENCE", 0.2)
    waiter = start(WAITER, path)
    os.kill(waiter.pid, signal.SIGSTOP)
    try:
        with open_store(path, write=True) as store, store.transaction():  # else the store would be said to be busy
            store.execute("INSERT INTO title (text) VALUES ('past')")
        with open_store(path) as store:
            assert store.execute("SELECT text FROM title").fetchall() == [("past",)]
    finally:
        waiter.kill()
        waiter.communicate()


def test_who_stops_writing_in_its_turn_makes_room(path: Path) -> None:
    idlers = [start(IDLER, path, 0.3) for _ in range(3)]
    for one in idlers:
        tell(one)
    for one in idlers:
        assert one.stdout is not None
        assert one.stdout.readline() == "idle\n"
    mine = line.Line(f"{path}-turn")
    place = mine.draw()
    for _ in range(500):
        if mine.is_first(place):
            break
        time.sleep(0.01)
    else:
        pytest.fail("an idle process keeps its place")
    mine.close()
    for one in idlers:
        tell(one)
        one.communicate()


def test_where_no_thread_is_to_be_had_sqlite_decides(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    waiter = start(WAITER, path)
    monkeypatch.setattr(line._thread, "start_new_thread", none_left)
    with open_store(path, write=True) as store:
        for text in ("one", "two"):
            with store.transaction():
                store.execute("INSERT INTO title (text) VALUES (?)", (text,))
        assert store.execute("SELECT text FROM title").fetchall() == [("one",), ("two",)]
    waiter.kill()
    waiter.communicate()


@pytest.mark.parametrize("kept", [b"", b"-5", b"99999999999999999", b"nonsense", b"\xff" * 64, b"0" * 5000])
def test_whatever_the_file_of_the_line_holds_every_writer_is_served(path: Path, kept: bytes) -> None:
    Path(f"{path}-turn").write_bytes(kept)
    writers = [start(WRITER, path, 0.4, n) for n in range(3)]
    for one in writers:
        tell(one)
    said = [one.communicate()[0].split() for one in writers]
    assert all(int(words[0]) > 0 for words in said), said


def test_who_gave_up_waiting_is_served_another_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    holder, waiter = start(HOLDER, path), start(WAITER, path)
    with open_store(path, write=True) as store:
        for _ in range(3):
            with pytest.raises(TryAgainError):
                store.begin()
        tell(holder)
        holder.communicate()
        waiter.kill()
        waiter.communicate()
        with store.transaction():
            store.execute("INSERT INTO title (text) VALUES ('at last')")
        assert store.execute("SELECT text FROM title").fetchall() == [("at last",)]


def test_a_line_that_is_still_waited_in_keeps_its_file_until_then(tmp_path: Path) -> None:
    waiter = start(WAITER, tmp_path / "x")
    mine = line.Line(str(tmp_path / "x-turn"))
    place = mine.draw()
    assert not mine.is_first(place)
    assert not mine.wait(place, 0.05, 0.01)
    mine.close()
    assert os.fstat(mine._file).st_ino == os.stat(tmp_path / "x-turn").st_ino  # no other file has its number meanwhile
    waiter.kill()
    waiter.communicate()
    for _ in range(500):
        try:
            os.fstat(mine._file)
        except OSError:
            break
        time.sleep(0.01)
    else:
        pytest.fail("the file is never closed")


def test_several_stores_and_threads_of_one_process(path: Path) -> None:
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with open_store(path, write=True) as store:
                for n in range(50):
                    with store.transaction():
                        store.execute("INSERT INTO title (text) VALUES (?)", (f"{name}{n}",))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    with open_store(path, write=True) as one, open_store(path, write=True) as two:
        for store in (one, two, one, two):
            with store.transaction():
                store.execute("DELETE FROM title WHERE text = 'a0'")
        assert one.execute("SELECT count(*) FROM title").fetchone()[0] == 199


def test_the_lock_file_is_private(path: Path) -> None:
    with open_store(path, write=True) as store, store.transaction():
        pass
    mode = os.stat(f"{path}-turn").st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert os.path.getsize(f"{path}-turn") == 0


@pytest.mark.parametrize("what", ["no fcntl", "no file", "no locks"])
def test_without_a_line_sqlite_decides(path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(38, "no locks")

    if what == "no fcntl":
        monkeypatch.setattr(line, "fcntl", None)
    elif what == "no file":
        Path(f"{path}-turn").mkdir()
    else:
        monkeypatch.setattr(line.fcntl, "lockf", no_locks)
    with open_store(path, write=True) as store, store.transaction():
        store.execute("INSERT INTO title (text) VALUES ('x')")
    with open_store(path) as store:
        assert store.execute("SELECT count(*) FROM title").fetchone()[0] == 1
