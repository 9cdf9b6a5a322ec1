"""The cache: used only if this user's tmcs wrote it, and never missed when it is not there."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tmcs import files
from tmcs.lang import cache

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and modes of POSIX")
ASK = ("resolve", "damage", "-s", "closed=no", "-s", "photos_received=no", "--now", "2026-11-23T10:00:00+08:00",
       "--format", "json")  # fmt: skip


class Home:
    """A cache of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "cache" / "tmcs"
        self.key = folder / "state" / "tmcs" / "cache.key"
        self.built = 0

    def get(self, source: bytes = b"source", value: Any = "built", kind: str = "kind") -> Any:
        """Return a value through the cache, as a new process would; :attr:`built` counts how often it was made."""

        def build() -> Any:
            self.built += 1
            return value

        cache.reset()
        return cache.cached(kind, [source], build)

    @property
    def entries(self) -> list[Path]:
        """The entries, oldest name first."""
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []

    def status(self) -> tuple[str, bool, tuple[str, str]]:
        """Return the status as a new process would."""
        cache.reset()
        return cache.status()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Give the test its own cache and key."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    cache.reset()
    yield Home(tmp_path)
    cache.reset()


def test_a_value_is_built_once(home: Home) -> None:
    assert [home.get(), home.get(), home.get(value={"a": ["中文", None, 1]})] == ["built"] * 3
    assert home.built == 1
    assert home.status() == (str(home.folder), True, ("", ""))


def test_it_is_kept_by_contents_kind_and_order_of_the_parts(home: Home) -> None:
    assert home.get(b"a", 1) == 1
    assert home.get(b"b", 2) == 2
    assert home.get(b"a", 3, kind="other") == 3
    cache.reset()
    assert cache.cached("kind", [b"a", b"b"], lambda: 4) == 4
    assert cache.cached("kind", [b"ab"], lambda: 5) == 5
    assert cache.cached("kind", [b"b", b"a"], lambda: 6) == 6


def test_another_version_of_the_program_reads_none_of_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import tmcs

    home.get()
    monkeypatch.setattr(tmcs, "__version__", "99.0")
    assert home.get(value="newer") == "newer"


def test_a_changed_reader_reads_none_of_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.get()
    monkeypatch.setattr(cache, "_program", lambda: b"a reader that was edited")
    assert home.get(value="newer") == "newer"


def test_what_building_raises_passes_through_and_is_not_kept(home: Home) -> None:
    with pytest.raises(ZeroDivisionError):
        cache.cached("kind", [b"source"], lambda: 1 / 0)
    assert home.get() == "built"


def test_recall_and_store_keep_the_latest_value(home: Home) -> None:
    assert cache.recall("kind", [b"a"]) is None
    cache.store("kind", [b"a"], 1)
    cache.store("kind", [b"a"], 2)
    cache.reset()
    assert cache.recall("kind", [b"a"]) == 2


# ---- tampering -----------------------------------------------------------------------------------------------------------


TAMPERED = {
    "edited": lambda data: data.replace(b"built", b"BUILT"),
    "cut short": lambda data: data[:-1],
    "cut in the seal": lambda data: data[:10],
    "empty": lambda data: b"",
    "longer": lambda data: data + b" ",
    "garbage": lambda data: bytes(range(256)),
    "no json": lambda data: data[:33] + b"{",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_an_entry_that_was_tampered_with_is_made_anew(how: str, home: Home) -> None:
    home.get()
    (entry,) = home.entries
    entry.write_bytes(TAMPERED[how](entry.read_bytes()))
    assert home.get(value="anew") == "anew"
    assert home.get(value="newer") == "anew"


def test_an_entry_of_another_key_is_no_answer(home: Home) -> None:
    home.get(b"a", "of a")
    (first,) = home.entries
    home.get(b"b", "of b")
    (second,) = [one for one in home.entries if one != first]
    second.write_bytes(first.read_bytes())
    assert home.get(b"b", "anew") == "anew"


def test_an_entry_sealed_with_a_foreign_key_is_made_anew(home: Home) -> None:
    home.get(value="forged")
    home.key.unlink()
    assert home.get(value="anew") == "anew"
    assert len(home.key.read_bytes()) == 32


def test_a_replaced_key_costs_time_only(home: Home) -> None:
    home.get()
    home.key.write_bytes(b"k" * 32)
    assert home.get(value="anew") == "anew"
    assert home.get(value="newer") == "anew"


@pytest.mark.parametrize("size", [0, 1, 31, 33, 10_000])
def test_a_key_of_the_wrong_length_is_replaced(size: int, home: Home) -> None:
    home.get()
    home.key.write_bytes(b"k" * size)
    assert home.get(value="anew") == "anew"
    assert home.status()[1]
    assert len(home.key.read_bytes()) == 32


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_may_read_or_write_is_not_used(mode: int, home: Home) -> None:
    home.get()
    home.key.chmod(mode)
    assert home.get(value="anew") == "anew"
    _, used, (zh, en) = home.status()
    assert not used
    assert "is open to other users" in en
    assert zh


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777, 0o720])
def test_a_folder_that_others_may_write_to_is_not_used(mode: int, home: Home) -> None:
    home.get()
    home.folder.chmod(mode)
    assert home.get(value="anew") == "anew"
    assert "is open to other users" in home.status()[2][1]


@posix
@pytest.mark.parametrize("what", ["folder", "key"])
def test_what_another_user_owns_is_not_used(what: str, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.get()
    if os.geteuid() == 0:
        os.chown(home.folder if what == "folder" else home.key, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert home.get(value="anew") == "anew"
    assert "belongs to another user" in home.status()[2][1]


@posix
def test_a_link_in_place_of_the_folder_is_not_followed(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "documents"
    elsewhere.mkdir(mode=0o700)
    home.folder.parent.mkdir(parents=True, exist_ok=True)
    home.folder.symlink_to(elsewhere)
    assert home.get() == "built"
    assert list(elsewhere.iterdir()) == []
    assert "no folder of its own" in home.status()[2][1]


@posix
def test_a_link_in_place_of_an_entry_is_not_followed(home: Home, tmp_path: Path) -> None:
    home.get()
    (entry,) = home.entries
    moved = tmp_path / "moved"
    entry.rename(moved)
    entry.symlink_to(moved)
    assert home.get(value="anew") == "anew"
    assert not entry.is_symlink()
    assert moved.read_bytes().endswith(b'"built"')


@posix
def test_a_link_in_place_of_the_key_is_not_followed(home: Home, tmp_path: Path) -> None:
    home.get()
    moved = tmp_path / "moved"
    home.key.rename(moved)
    home.key.symlink_to(moved)
    assert home.get(value="anew") == "anew"
    assert not home.status()[1]


@posix
def test_a_pipe_in_place_of_an_entry_does_not_hang(home: Home) -> None:
    home.get()
    (entry,) = home.entries
    entry.unlink()
    os.mkfifo(entry)
    assert home.get(value="anew") == "anew"


def test_a_folder_in_place_of_an_entry_or_of_the_key(home: Home) -> None:
    home.get()
    (entry,) = home.entries
    entry.unlink()
    entry.mkdir()
    assert home.get(value="anew") == "anew"
    home.key.unlink()
    home.key.mkdir()
    assert home.get(value="anew") == "anew"
    assert not home.status()[1]


@posix
def test_what_is_written_is_the_users_alone(home: Home) -> None:
    old = os.umask(0)
    try:
        home.get()
    finally:
        os.umask(old)
    assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.key.stat().st_mode) == 0o600
    assert [stat.S_IMODE(entry.stat().st_mode) for entry in home.entries] == [0o600]


# ---- upkeep --------------------------------------------------------------------------------------------------------------


def test_old_entries_are_pruned_and_no_other_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MAX_ENTRIES", 10)
    home.get()
    notes = [home.folder / name for name in ("notes.txt", "kind-notes", ".hidden", "yaml-0123456789abcdef")]
    for note in notes:
        note.write_text("mine")
        os.utime(note, (1, 1))
    for n in range(30):
        home.get(str(n).encode())
    assert [note for note in notes if not note.exists()] == []
    assert len(home.entries) - len(notes) <= 11
    before = home.built
    assert home.get(b"29") == "built"
    assert home.built == before


def test_what_a_dead_writer_left_is_removed_after_a_while(home: Home) -> None:
    home.get()
    (entry,) = home.entries
    old, fresh = (home.folder / f".{entry.name}.{end}" for end in ("old", "fresh"))
    for file in (old, fresh):
        file.write_text("half")
    os.utime(old, (1, 1))
    home.get(b"another")
    assert (old.exists(), fresh.exists()) == (False, True)


WRITER = """
import sys
from tmcs.lang import cache
for n in range(200):
    source = b"%d" % (n % 5)
    value = cache.cached("race", [source], lambda: ["x" * 50_000, source.decode()])
    assert value == ["x" * 50_000, source.decode()], n
    cache.store("race", [source], value)
print("fine", cache.status()[1])
"""


def test_writers_at_once_never_mix(home: Home) -> None:
    """Several processes make the key and write the same entries at the same time; each always reads a whole value."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(6)
    ]
    assert [writer.communicate(timeout=120)[0].strip() for writer in writers] == ["fine True"] * 6
    assert len(home.entries) == 5
    assert [one.name for one in home.key.parent.iterdir()] == ["cache.key"]


# ---- without it, everything is the same ----------------------------------------------------------------------------------


def command(env: dict[str, str]) -> tuple[int, Any]:
    """Run a resolve as a process of its own; return its exit code and output."""
    base = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "TMCS_")) and key != "HOME"}
    ran = subprocess.run(
        [sys.executable, "-m", "tmcs", *ASK], env={**base, **env}, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, json.loads(ran.stdout)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Any]:
    """What the command answers with a working cache, the second time."""
    folder = tmp_path_factory.mktemp("home")
    command({"HOME": str(folder)})
    return command({"HOME": str(folder)})


def test_turned_off(expected: Any, tmp_path: Path) -> None:
    assert command({"HOME": str(tmp_path), "TMCS_CACHE": "off"}) == expected
    assert list(tmp_path.iterdir()) == []


def test_no_home(expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command({"HOME": ""}) == expected
    monkeypatch.chdir(tmp_path)
    assert command({"HOME": "relative"}) == expected
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_does_not_exist_or_is_a_file(expected: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert command({"HOME": str(tmp_path / "file")}) == expected
    assert command({"HOME": "/dev/null/nowhere"}) == expected
    assert command({"HOME": "/proc/nowhere"}) == expected  # nothing can be made there, not even by root


def test_relative_base_folders_are_ignored(expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    relative = {f"XDG_{name}_HOME": "relative" for name in ("CACHE", "STATE", "CONFIG", "DATA")}
    assert command({"HOME": str(tmp_path / "home"), **relative}) == expected
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "x"), OSError(30, "read-only")])
def test_a_folder_that_cannot_be_written(error: OSError, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.get()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(cache, "write_atomic", refuse)
    assert [home.get(b"new"), home.get(b"new")] == ["built", "built"]
    assert home.built == 3


def test_a_disk_that_fills_up_leaves_nothing_half_written(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.get()
    before = home.entries

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    assert home.get(b"new") == "built"
    assert home.entries == before


@pytest.mark.parametrize("part", ["cache", "state"])
def test_folders_that_cannot_be_made(part: str, home: Home, tmp_path: Path) -> None:
    (tmp_path / part).write_text("a file stands in the way")
    assert home.get() == "built"
    _, used, (zh, en) = home.status()
    assert not used
    assert en
    assert zh


def test_a_file_system_without_links_still_gets_a_key(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    home.get()
    assert home.get(value="newer") == "built"


def test_where_owners_cannot_be_told_the_cache_still_works(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_OWNED", False)  # as on Windows
    home.get()
    assert home.get(value="newer") == "built"


def test_yaml_is_read_through_it(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: [1, no]\n")
    assert cache.load_yaml(str(file)) == {"a": ["1", "no"]}
    cache.reset()
    assert cache.load_yaml(str(file)) == {"a": ["1", "no"]}
    file.write_text("a: [2, no]\n")
    assert cache.load_yaml(str(file)) == {"a": ["2", "no"]}
