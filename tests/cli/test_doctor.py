"""`tmcs doctor`: what is right and what is wrong with an installation, in one go."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tmcs.store import open_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = str(tmp_path / "desk.db")
    with open_store(path, write=True):
        pass
    monkeypatch.setenv("TMCS_STORE", path)
    return path


def states(ran: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in ran.json["checks"]:
        found.setdefault(one["area"], set()).add(one["state"])
    return found


def said(ran: Any, area: str, state: str) -> str:
    checks = [one for one in ran.json["checks"] if (one["area"], one["state"]) == (area, state)]
    return " ".join(one["text"]["en"] for one in checks)


def test_a_sound_installation_has_no_errors(tmcs: Any, store: str) -> None:
    ran = tmcs("doctor", "--format", "json")
    assert ran.code == 0
    assert ran.json["schema"] == "tmcs/doctor/1"
    found = states(ran)
    assert list(found) == ["program", "configuration", "plug-ins", "policy", "calendar", "rights", "clock", "store", "mail"]
    assert not [area for area, states in found.items() if "error" in states]
    assert found["store"] == {"ok"}


@pytest.mark.parametrize(("lang", "words"), [("zh", ["正常", "可以写入", "错误 0"]), ("en", ["ok", "it can be written", "0 errors"])])
def test_it_speaks_both_languages(tmcs: Any, store: str, lang: str, words: list[str]) -> None:
    ran = tmcs("doctor", "--lang", lang)
    assert ran.code == 0
    assert all(word in ran.out for word in words)


def test_no_store_yet_is_a_warning_and_none_is_made(tmcs: Any, tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    ran = tmcs("doctor", "--store", path, "--format", "json")
    assert ran.code == 0
    assert "no store yet" in said(ran, "store", "warning")
    assert not path.exists()
    assert tmcs("doctor", "--store", path, "--strict").code == 1


def test_a_damaged_store_is_found(tmcs: Any, store: str) -> None:
    with open_store(store, write=True) as opened:
        for number in range(2000):
            opened.execute("INSERT INTO title (text) VALUES (?)", (f"示例商品{number}",))
    with open(store, "r+b") as file:
        file.seek(os.path.getsize(store) // 2)
        file.write(os.urandom(20_000))
    ran = tmcs("doctor", "--format", "json")
    assert ran.code == 1
    assert "damaged" in said(ran, "store", "error")


def test_a_newer_store_is_refused_and_the_other_checks_still_run(tmcs: Any, store: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version=99")
    ran = tmcs("doctor", "--format", "json")
    assert ran.code == 1
    assert "newer tmcs (version 99" in said(ran, "store", "error")
    assert states(ran)["policy"] == {"ok"}


def test_a_store_that_others_can_read_is_a_warning(tmcs: Any, store: str) -> None:
    os.chmod(store, 0o644)
    ran = tmcs("doctor", "--format", "json")
    assert "other users" in said(ran, "store", "warning")


def test_a_wrong_policy_is_found_with_its_place(tmcs: Any, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "own.yaml"
    policy.write_text("payouts:\n  damage:\n    rows:\n      usual:\n        rate_max: '20'\n", encoding="utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(policy))
    ran = tmcs("doctor", "--format", "json")
    assert ran.code == 1
    assert "own.yaml:5" in said(ran, "policy", "error")


def test_an_unknown_role_is_found(tmcs: Any, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "boss")
    ran = tmcs("doctor", "--format", "json")
    assert ran.code == 1
    assert "boss" in said(ran, "rights", "error")


def test_a_clock_that_is_set_and_a_calendar_that_ends_are_warnings(tmcs: Any, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_NOW", "2026-06-01T10:00:00+08:00")
    ran = tmcs("doctor", "--format", "json")
    assert "TMCS_NOW" in said(ran, "clock", "warning")
    assert states(ran)["calendar"] == {"ok"}
    monkeypatch.setenv("TMCS_NOW", "2035-06-01T10:00:00+08:00")
    assert "Monday to Friday" in said(tmcs("doctor", "--format", "json"), "calendar", "warning")


def test_a_set_clock_that_is_no_time_is_bad_input(tmcs: Any, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_NOW", "yesterday")
    ran = tmcs("doctor")
    assert ran.code == 2
    assert "TMCS_NOW" in ran.err
