"""The handbook's manifest: what is committed is what the rules give; a page that drifts is named; a wrong file is refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tmcs.manual.digests import MAX_BYTES, read

COMMITTED = Path(__file__).parent.parent.parent / "docs" / "handbook.sha256"
WRITE_IT = "tmcs handbook build --manifest docs/handbook.sha256"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A copy of the committed manifest."""
    return Path(shutil.copy(COMMITTED, tmp_path / "handbook.sha256"))


def changed(path: Path, pattern: str, by: str) -> None:
    text, times = re.subn(pattern, by, path.read_text("utf-8"), count=1, flags=re.M)
    assert times == 1
    path.write_text(text, "utf-8")


# ---- what is committed ----------------------------------------------------------------------------------------------------


def test_the_committed_manifest_has_not_drifted(tmcs: Any) -> None:
    found = tmcs("handbook", "build", "--check", COMMITTED)
    assert found.code == 0, (
        f"the handbook has drifted; where that is meant, write its manifest anew: {WRITE_IT}\n{found.out}{found.err}"
    )
    assert found.out == ""


def test_written_anew_it_is_the_same_to_the_byte_whatever_the_day(
    tmcs: Any, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMCS_NOW", "2031-05-05T10:00:00+08:00")
    assert tmcs("handbook", "build", "--manifest", kept).code == 0
    assert kept.read_bytes() == COMMITTED.read_bytes()


def test_another_machine_writes_the_same_bytes(kept: Path, tmp_path: Path) -> None:
    """Another process: own locale, time zone, order of hashes, width of the terminal, no cache."""
    changed(kept, r"^[0-9a-f]{64}", "0" * 64)
    env = {
        **os.environ,
        "LC_ALL": "C",
        "TZ": "America/New_York",
        "PYTHONHASHSEED": "7",
        "COLUMNS": "40",
        "TMCS_CACHE": "off",
    }
    argv = [sys.executable, "-m", "tmcs", "handbook", "build", "--manifest", str(kept)]
    ran = subprocess.run(argv, env=env, cwd=tmp_path, capture_output=True, timeout=300, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert kept.read_bytes() == COMMITTED.read_bytes()


def test_no_character_is_measured_otherwise_by_another_version_of_unicode(tmcs: Any, tmp_path: Path) -> None:
    """Charts are laid out by the width of their words, which Python looks up in its own version of Unicode."""
    assert tmcs("handbook", "build", "--out", tmp_path / "book", "--format", "html").code == 0
    old = unicodedata.ucd_3_2_0
    found = {char for page in (tmp_path / "book").iterdir() for char in page.read_text("utf-8")}
    moved = [
        c
        for c in found
        if old.category(c) == "Cn" or (old.east_asian_width(c) in "WF") != (unicodedata.east_asian_width(c) in "WF")
    ]
    assert moved == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_sha256sum_reads_it(tmcs: Any, tmp_path: Path) -> None:
    book = tmp_path / "book"
    assert tmcs("handbook", "build", "--out", book, "--now", read(str(COMMITTED)).now).code == 0
    ran = subprocess.run(
        ["sha256sum", "--strict", "-c", COMMITTED], cwd=book, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert {line.removesuffix(": OK") for line in ran.stdout.splitlines()} == {
        path.relative_to(book).as_posix()
        for path in book.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


# ---- drift ----------------------------------------------------------------------------------------------------------------


def test_each_page_that_is_new_gone_or_different_is_named_with_what_to_do(tmcs: Any, kept: Path) -> None:
    changed(kept, r"^[0-9a-f]{64}(?=  desk\.html$)", "0" * 64)
    changed(kept, r"^.*  en/desk\.md\n", "")
    changed(kept, r"\Z", f"{'0' * 64}  zh/old.md\n")
    before = kept.read_bytes()
    found = tmcs("handbook", "build", "--check", kept)
    assert found.code == 1
    zh = found.out.splitlines()
    assert zh[:4] == [
        "desk.html: 与现行规则不符",
        "en/desk.md: 是新的一页，清单里没有",
        "zh/old.md: 现行规则已没有这一页",
        "3 个文件与现行规则不符",
    ]
    assert zh[4:] == [f"更新清单: tmcs handbook build --manifest {kept}"]
    assert kept.read_bytes() == before, "nothing is written by a check"
    assert tmcs("handbook", "build", "--manifest", kept).code == 0
    assert kept.read_bytes() == COMMITTED.read_bytes()


def test_in_english_for_an_english_book_or_desk(tmcs: Any, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(kept, r"^[0-9a-f]{64}(?=  desk\.html$)", "0" * 64)
    monkeypatch.setenv("TMCS_LANG", "en")
    out = tmcs("handbook", "build", "--check", kept).out.splitlines()
    assert out[:2] == ["desk.html: differs from the running rules", "1 file differs from the running rules"]
    assert out[2] == f"to bring it up to date: tmcs handbook build --manifest {kept}"


def test_a_figure_that_changes_is_drift(tmcs: Any, kept: Path, tmp_path: Path) -> None:
    own = tmp_path / "own file.yaml"
    own.write_text('limits: {small-value: {value: "30.00"}}\n')
    found = tmcs("handbook", "build", "--check", kept, "--policy", own)
    assert found.code == 1
    assert "\npolicy.html: 与现行规则不符\n" in f"\n{found.out}"
    assert f"--policy '{own}'" in found.out, "the words to bring it up to date build the same handbook"
    assert str(own) in found.err, "what counts besides the rules themselves is told"


# ---- how it is written ----------------------------------------------------------------------------------------------------


def test_it_keeps_form_language_and_moment_until_told_otherwise(tmcs: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.sha256"
    first = (
        "handbook",
        "build",
        "--manifest",
        path,
        "--format",
        "markdown",
        "--lang",
        "en",
        "--now",
        "2026-11-23T02:00:00+00:00",
    )
    assert tmcs(*first).code == 0
    assert path.read_text().startswith(
        "# tmcs/handbook-digests/1 format=markdown lang=en now=2026-11-23T10:00:00+08:00\n"
    )
    assert {name.partition("/")[0] for name in read(str(path)).files} == {"en"}
    before = path.read_bytes()
    assert tmcs("handbook", "build", "--manifest", path).code == 0
    assert path.read_bytes() == before
    assert tmcs("handbook", "build", "--check", path).code == 0
    assert tmcs("handbook", "build", "--manifest", path, "--lang", "zh", "--now", "2026-12-01T10:00:00+08:00").code == 0
    assert "lang=zh now=2026-12-01T10:00:00+08:00" in path.read_text()


def test_folder_and_manifest_are_written_of_one_build(tmcs: Any, tmp_path: Path) -> None:
    book, path = tmp_path / "book", tmp_path / "m.sha256"
    done = tmcs("handbook", "build", "--out", book, "--manifest", path, "--format", "markdown", "--lang", "en")
    assert (done.code, done.err) == (0, "")
    assert sorted(read(str(path)).files) == sorted(one.relative_to(book).as_posix() for one in book.rglob("*.md"))
    assert [tmcs("handbook", "build", "--check", one).code for one in (book, path)] == [0, 0]


def test_what_a_merge_left_in_pieces_is_written_anew(tmcs: Any, kept: Path) -> None:
    changed(kept, r"^([0-9a-f]{64})(  desk\.html\n)", r"<<<<<<< HEAD\n\1\2=======\n" + "0" * 64 + r"\2>>>>>>> other\n")
    broken = tmcs("handbook", "build", "--check", kept)
    assert broken.code == 2
    assert f"{kept}:" in broken.err
    assert "--manifest" in broken.err
    assert tmcs("handbook", "build", "--manifest", kept).code == 0
    assert kept.read_bytes() == COMMITTED.read_bytes()


@pytest.mark.parametrize("content", ["", "x\n", "{}\n", f"{'0' * 64}  index.html\n"])
def test_a_file_that_is_no_manifest_is_not_replaced(tmcs: Any, tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine"
    path.write_text(content)
    refused = tmcs("handbook", "build", "--manifest", path, "--out", tmp_path / "book")
    assert (refused.code, path.read_text()) == (2, content)
    assert not (tmp_path / "book").exists()
    assert tmcs("handbook", "build", "--check", path).code == 2


def test_a_manifest_that_cannot_be_written_leaves_the_old_one(
    tmcs: Any, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tmcs.manual import digests

    def full(path: str, data: bytes, mode: int = 0) -> None:
        raise OSError(28, "No space left on device")

    changed(kept, r"^[0-9a-f]{64}", "0" * 64)
    before = kept.read_bytes()
    monkeypatch.setattr(digests, "write_atomic", full)
    assert tmcs("handbook", "build", "--manifest", kept).code == 74
    assert kept.read_bytes() == before
    monkeypatch.undo()


# ---- wrong files ----------------------------------------------------------------------------------------------------------

HEAD = "# tmcs/handbook-digests/1 format=both lang=both now=2026-11-23T10:00:00+08:00\n"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (f"{'0' * 64}  index.html", 2),  # cut off
        ("0" * 30, 2),
        (f"{'0' * 64}  index.html\n\n", 3),
        (f"{'0' * 63}  index.html\n", 2),
        (f"{'0' * 64} index.html\n", 2),
        (f"{'0' * 64}  index.html\n{'1' * 64}  index.html\n", 3),  # stands twice
        (f"{'0' * 64}  ../../etc/passwd\n", 2),
        (f"{'0' * 64}  /etc/passwd\n", 2),
        (f"{'0' * 64}  a\x1b[31m.html\n", 2),
        (f"{'0' * 64}  a\u202e.html\n", 2),
        ("你好\n", 2),
    ],
)  # fmt: skip
def test_a_line_that_is_wrong_is_named(tmcs: Any, tmp_path: Path, body: str, line: int) -> None:
    path = tmp_path / "m.sha256"
    path.write_text(HEAD + body, "utf-8")
    refused = tmcs("handbook", "build", "--check", path)
    assert (refused.code, refused.out) == (2, "")
    assert f"{path}:{line}" in refused.err
    assert not {"\x1b", "\u202e"} & set(refused.err)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00", b"\x00" * 100, HEAD.replace("both", "pdf", 1).encode(), HEAD.replace("digests/1", "digests/2").encode(),
        HEAD.replace("2026-11-23T10:00:00+08:00", "tomorrow").encode(), HEAD.encode() + b"0" * MAX_BYTES,
        HEAD.replace("2026-11-23", "2026-99-23").encode(),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(tmcs: Any, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m.sha256"
    path.write_bytes(data)
    refused = tmcs("handbook", "build", "--check", path)
    assert (refused.code, refused.out) == (2, "")


def test_what_is_not_there_or_a_folder(tmcs: Any, tmp_path: Path) -> None:
    assert tmcs("handbook", "build", "--check", tmp_path / "none.sha256").code == 6
    assert tmcs("handbook", "build", "--check", tmp_path).code == 6, "a folder without a handbook"
    assert tmcs("handbook", "build", "--manifest", tmp_path).code == 2
    assert tmcs("handbook", "build", "--manifest", tmp_path / "none" / "m.sha256").code == 74
    assert tmcs("handbook", "build", "--check", COMMITTED, "--manifest", tmp_path / "m").code == 2
    assert tmcs("handbook", "build", "--check", "/dev/zero").code == 2


def test_a_name_that_a_terminal_would_act_on_is_shown_harmless(tmcs: Any, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.sha256"
    shutil.copy(COMMITTED, path)
    changed(path, r"^[0-9a-f]{64}", "0" * 64)
    found = tmcs("handbook", "build", "--check", path)
    assert found.code == 1
    assert "\x1b" not in found.out + found.err
    path.write_text("x\n")
    assert "\x1b" not in tmcs("handbook", "build", "--check", path).err


def test_ends_of_lines_that_a_checkout_changed_do_not_matter(tmcs: Any, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b"\n", b"\r\n"))
    assert tmcs("handbook", "build", "--check", kept).code == 0
