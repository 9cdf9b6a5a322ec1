"""Completion as the shells ask for it: the variables that their scripts set, a process of its own, its standard output."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, desk, order
from tmcs.loader import load_flow, load_policy
from tmcs.plugins import registry
from tmcs.store import open_store

FACTS = ["photos_received=", "goods_kind=", "damage_kind=", "partial_quantity="]
SHELLS = [name for name in ("bash", "zsh", "fish") if shutil.which(name)]


def ask(shell: str, line: str, **more: str) -> list[str]:
    """Return what a shell is answered for a line whose last word is being typed (``""`` after a space)."""
    words = line.split(" ")
    cursor = words[-1] if shell == "fish" else str(len(words) - 1)
    env = {**os.environ, "_TMCS_COMPLETE": f"{shell}_complete", "COMP_WORDS": line.replace(" ", "\n"), "COMP_CWORD": cursor, **more}
    ran = subprocess.run([sys.executable, "-m", "tmcs"], env=env, capture_output=True, text=True, timeout=30, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [one.partition(",")[2].partition("\t")[0] for one in lines if one]


@pytest.fixture
def stocked(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configured store with four cases of four orders, the second closed."""
    with open_store(store_url, write=True) as store:
        for n in range(1, 5):
            desk(store).open(load_flow("damage"), load_policy(), order(f"202611200000{n}"), DAMAGE)
        store.execute("UPDATE cases SET closed_at = '2026-11-23' WHERE id = 2")
        for n in range(1, 61):
            store.execute("INSERT INTO orders (tid, whole, lines, run, lines_run, record) VALUES (?, 1, 1, 1, 1, '{}')", (f"5{n:04}",))
    monkeypatch.setenv("TMCS_STORE", store_url)
    return store_url


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_options_flows_facts_and_values(shell: str) -> None:
    assert ask(shell, "tmcs con") == ["config"]
    assert ask(shell, "tmcs case re") == ["release", "reject", "resume", "reopen", "replay", "retention"]
    assert ask(shell, "tmcs flow sh") == ["show"]
    assert ask(shell, "tmcs resolve --expl") == ["--explain"]
    assert ask(shell, "tmcs resolve dam") == ["damage"]
    assert ask(shell, "tmcs flow show 货品损") == ["货品损坏"]
    assert ask(shell, "tmcs resolve --flow-less x") == []
    assert [one for one in ask(shell, "tmcs resolve damage -s ") if one in FACTS] == FACTS
    assert ask(shell, "tmcs resolve damage -s goods_kind=food --set photos") == ["photos_received="]
    assert ask(shell, "tmcs resolve damage -s photos_received=yes -s photos") == []
    assert ask(shell, "tmcs resolve damage -s goods_kind=fr") == ["goods_kind=fruit-soft", "goods_kind=fruit-boxed"]
    assert ask(shell, "tmcs resolve mismatch -s mismatch_kind=si") == ["mismatch_kind=size"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_words_of_the_policy_formats_and_jobs(shell: str) -> None:
    assert ask(shell, "tmcs payout dama") == ["damage"]
    assert ask(shell, "tmcs case pay 1 --reason dama") == ["damage"]
    assert ask(shell, "tmcs resolve damage --tier ") == ["frontline", "second-line", "supervisor"]
    assert ask(shell, "tmcs case take --queue 1904") == ["19047", "19049"]
    assert ask(shell, "tmcs resolve damage --format m") == ["markdown"]
    assert ask(shell, "tmcs payout --format j") == ["json"]
    assert ask(shell, "tmcs case list --state w") == ["waiting"]
    assert ask(shell, "tmcs completion ") == ["bash", "zsh", "fish"]
    assert ask(shell, "tmcs job run ") == registry().job_names()


def test_bash_cuts_words_at_the_equals_sign() -> None:
    assert ask("bash", "tmcs resolve damage -s goods_kind = gl") == ["glass"]
    assert ask("bash", "tmcs resolve damage --set = goods_kind = gl") == ["glass"]
    assert ask("bash", "tmcs resolve damage --set = photos") == ["photos_received="]
    assert ask("bash", "tmcs resolve damage -s photos_received =") == ["yes", "no"]
    assert ask("bash", "tmcs resolve damage --format = js") == ["json"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_others_replace_the_whole_word(shell: str) -> None:
    assert ask(shell, "tmcs resolve damage --set=goods_kind=gl") == ["--set=goods_kind=glass"]
    assert ask(shell, "tmcs resolve damage --format=js") == ["--format=json"]


def test_descriptions_are_in_the_language_of_the_desk() -> None:
    env = {**os.environ, "_TMCS_COMPLETE": "fish_complete", "COMP_WORDS": "tmcs case take", "COMP_CWORD": "take"}
    for lang, said in (("zh", "领取队列中最早的任务"), ("en", "claim the oldest task of a queue")):
        ran = subprocess.run([sys.executable, "-m", "tmcs"], env={**env, "TMCS_LANG": lang}, capture_output=True, text=True, check=True)
        assert ran.stdout == f"plain,take\t{said}\n"


def test_open_cases_and_orders_come_from_the_store_the_newest_first(stocked: str) -> None:
    assert ask("bash", "tmcs case show ") == ["4", "3", "1"]
    assert ask("bash", "tmcs case reopen ") == ["2"]
    assert ask("zsh", "tmcs case pay 3") == ["3"]
    assert ask("bash", "tmcs case show x") == []
    assert ask("bash", "tmcs order show 5006") == ["50060"]
    assert ask("fish", "tmcs resolve damage --order 5000") == [f"5000{n}" for n in range(9, 0, -1)]
    assert len(ask("bash", "tmcs order show 5")) == 50
    assert ask("bash", "tmcs case set 1 -s dam") == ["damage_kind="]
    assert ask("bash", f"tmcs case list --store {stocked.partition('?')[0]}.none --order ") == []


def test_a_number_that_would_speak_to_the_shell_is_not_offered(stocked: str) -> None:
    with open_store(stocked, write=True) as store:
        for tid in ("9\nfile,x", "9\x1b[2J", "9$(touch x)"):
            store.execute("INSERT INTO orders (tid, whole, lines, run, lines_run, record) VALUES (?, 1, 1, 1, 1, '{}')", (tid,))
    assert ask("bash", "tmcs order show 9") == ["9\\\\$\\\\(touch\\\\ x\\\\)"]


def test_files_are_left_to_the_shell() -> None:
    for line in ("tmcs order import ", "tmcs resolve --policy ", "tmcs job run held-orders --in ", "tmcs store restore x"):
        env = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_TMCS_COMPLETE": "bash_complete"}
        ran = subprocess.run([sys.executable, "-m", "tmcs"], env={**os.environ, **env}, capture_output=True, text=True, check=True)
        assert ran.stdout.startswith("file,")


def test_no_case_is_offered_to_a_role_that_may_not_list_them(stocked: str) -> None:
    assert ask("bash", "tmcs case show ", TMCS_ROLE="nobody") == []


def test_a_store_that_is_being_written_is_read(stocked: str) -> None:
    with open_store(stocked, write=True) as store, store.transaction():
        store.execute("UPDATE cases SET state = 'waiting'")
        assert ask("bash", "tmcs case show ") == ["4", "3", "1"]


def test_a_store_that_cannot_be_read_now_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with open_store(path, write=True) as store:
        store.execute("INSERT INTO orders (tid, whole, lines, run, lines_run, record) VALUES ('51', 1, 1, 1, 1, '{}')")
    ask("bash", "tmcs ")  # the cache is there
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("PRAGMA journal_mode=DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        assert ask("bash", "tmcs order show 5", TMCS_STORE=str(path)) == []
        assert time.monotonic() - start < 3
        holder.execute("ROLLBACK")
    assert ask("bash", "tmcs order show 5", TMCS_STORE=str(path)) == ["51"]


@pytest.mark.postgresql
def test_a_server_that_cannot_answer_now_is_not_waited_for(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_STORE", server_url)
    with open_store(server_url, write=True) as store:
        store.execute("INSERT INTO orders (tid, whole, lines, run, lines_run, record) VALUES ('51', 1, 1, 1, 1, '{}')")
        assert ask("bash", "tmcs order show 5") == ["51"]
        with store.transaction():
            store.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
            start = time.monotonic()
            assert ask("bash", "tmcs order show 5") == []
            assert time.monotonic() - start < 3


def test_a_missing_old_or_broken_store_stays_as_it_is(tmp_path: Path) -> None:
    missing, old, broken = (tmp_path / name for name in ("missing.db", "old.db", "broken.db"))
    broken.write_text("no database")
    with open_store(old, write=True):
        pass
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version=1")
    before = {path: path.read_bytes() for path in (old, broken)}
    for path in (missing, old, broken):
        assert ask("bash", "tmcs order show 5", TMCS_STORE=str(path)) == []
    assert not missing.exists()
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("line", "more"),
    [
        ("tmcs nosuch ", {}), ("tmcs resolve nosuch -s ", {}), ("tmcs resolve 'half", {}),
        ("tmcs payout ", {"TMCS_POLICY": "/nowhere.yaml"}), ("tmcs resolve ", {"TMCS_CONFIG": "/nowhere.yaml"}),
        ("tmcs order show 1", {"TMCS_STORE": "postgresql://nobody@127.0.0.1:1/none"}), ("tmcs --version x", {}),
    ],
)  # fmt: skip
def test_an_error_gives_nothing_and_no_noise(line: str, more: dict[str, str]) -> None:
    assert ask("bash", line, **more) == []


@pytest.mark.parametrize("instruction", ["", "bash", "bash_nosuch", "nosuch_complete", "bash_complete"])
def test_a_wrong_question_gives_nothing(instruction: str) -> None:
    env = {**os.environ, "_TMCS_COMPLETE": instruction}
    ran = subprocess.run([sys.executable, "-m", "tmcs", "flow", "list"], env=env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_no_flow_is_checked(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    from tmcs import plugin_verdict
    from tmcs.cli.complete import answer

    def checked(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(plugin_verdict, "require", checked)
    monkeypatch.setenv("COMP_WORDS", "tmcs resolve damage -s photos")
    monkeypatch.setenv("COMP_CWORD", "4")
    assert answer("bash_complete") == 0
    assert capsysbinary.readouterr() == (b"plain,photos_received=\n", b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed_by_the_command_and_by_the_variable(shell: str, tmcs: Any) -> None:
    ran = tmcs("completion", shell)
    assert ran.code == 0
    assert f"_TMCS_COMPLETE={shell}_complete" in ran.out
    env = {**os.environ, "_TMCS_COMPLETE": f"{shell}_source"}
    by_variable = subprocess.run([sys.executable, "-m", "tmcs"], env=env, capture_output=True, text=True, check=True).stdout
    assert by_variable.strip() == ran.out.strip()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_itself_reads_the_script(shell: str, tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "script"
    file.write_text(tmcs("completion", shell).out)
    assert subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False).stderr == ""


def test_a_real_bash_completes() -> None:
    asked = ["resolve dam", "resolve damage -s photos", "resolve damage -s photos_received = y", "flow show damaged", "order show x"]
    typed = "".join(
        f"COMP_WORDS=(tmcs {words}); COMP_CWORD={len(words.split())}; COMPREPLY=(); _tmcs_completion tmcs; printf '%s|' \"${{COMPREPLY[@]}}\"; echo\n"
        for words in asked
    )
    # `compopt` speaks to a completion that is under way, which a script has none of.
    script = f'set -e\neval "$(tmcs completion bash)"\ncompopt() {{ :; }}\ncomplete -p tmcs\n{typed}'
    ran = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "complete -o nosort -F _tmcs_completion tmcs", "damage|", "photos_received=|", "yes|", "damaged\\ goods|", "|",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", [name for name in SHELLS if name == "fish"])
def test_a_real_fish_completes(shell: str) -> None:
    script = "tmcs completion fish | source; complete -C 'tmcs resolve damage -s photos_received=y'; complete -C 'tmcs con'"
    ran = subprocess.run([shell, "--no-config", "-c", script], capture_output=True, text=True, check=True)
    assert [line.partition("\t")[0] for line in ran.stdout.splitlines()] == ["photos_received=yes", "config"]
