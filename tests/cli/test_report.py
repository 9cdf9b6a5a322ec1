"""`tmcs report today|month`: on a terminal, as JSON and as files; who may; and texts that would like to act."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from jsonschema import Draft202012Validator

from tests.cases.audit_kit import fill
from tmcs.render.layout import width
from tmcs.schemas import schema
from tmcs.store import open_store

CHECK = Draft202012Validator(schema("desk-report-1"))
HOSTILE = "=cmd|'/c calc'!A1<script>alert(1)</script>\x1b[31m\u202e"


@pytest.fixture
def at(store_url: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `tmcs report …` as a lead on the evening of 23 November, on a store with three cases."""
    fill(store_url)
    monkeypatch.setenv("TMCS_STORE", store_url)
    monkeypatch.setenv("TMCS_NOW", "2026-11-23T18:00:00+08:00")
    monkeypatch.setenv("TMCS_AGENT", "sun")
    monkeypatch.setenv("TMCS_ROLE", "lead")
    return lambda *words: tmcs("report", *words)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("words", [("today",), ("month",), ("month", "--month", "2026-10"), ("today", "--on", "2026-11-22")])
def test_a_report_fits_a_terminal_of_80_columns(at: Any, words: tuple[str, ...], lang: str) -> None:
    done = at(*words, "--lang", lang)
    assert (done.code, done.err) == (0, "")
    assert max(map(width, done.out.splitlines())) <= 80


def test_the_first_screen_says_what_is_late_and_the_main_figures(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_NOW", "2026-12-23T18:00:00+08:00")
    screen = at("today", "--on", "2026-11-23", "--lang", "en").out.splitlines()[:24]
    assert screen[0] == "The day at a glance 2026-11-23 Mon"
    assert screen[1] == "seen 12-23 18:00 · against 2026-11-22 Sun"
    assert any(line.startswith("! Broken promises: ") for line in screen)
    assert any(line.split() == ["payouts", "paid", "20.00", "0.00", "+20.00"] for line in screen)


def test_json_fits_its_schema(at: Any) -> None:
    for words in (("today",), ("month",)):
        told = at(*words, "--format", "json").json
        assert not list(CHECK.iter_errors(told))
        assert (told["schema"], told["now"]) == ("tmcs/desk-report/1", "2026-11-23T18:00:00+08:00")
        assert told["spend"]["payouts"]["paid"] == "20.00"
        assert told["approvals"]["granted"] == told["approvals"]["refused"] == {"count": 1, "amount": "20.00"}


def test_a_clock_in_another_zone_is_the_same_day(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_NOW", "2026-11-30T16:00:00+00:00")
    told = at("month", "--format", "json").json
    assert told["period"] == {"from": "2026-12-01", "to": "2026-12-01", "days": 1}
    assert told["last"] == {"from": "2026-11-01", "to": "2026-11-01", "days": 1}


def test_an_agent_sees_the_day_without_names_and_no_month(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert at("today", "--format", "json").json["claimants"] == {"count": 0, "list": []}
    for role, today, month in (("agent", 0, 5), ("auditor", 0, 0), ("job", 0, 0), ("lead", 0, 0)):
        monkeypatch.setenv("TMCS_ROLE", role)
        assert (at("today").code, at("month").code) == (today, month), role
    monkeypatch.setenv("TMCS_ROLE", "agent")
    assert at("today", "--format", "json").json["claimants"] is None
    assert "组长 (lead)" in at("month", "--lang", "zh").err


@pytest.mark.parametrize(
    "words", [("today", "--on", "2026-11-24"), ("today", "--on", "x"), ("month", "--month", "2026-12"), ("month", "--month", "11"),
              ("today", "--out", "report.docx")],
)  # fmt: skip
def test_what_cannot_be_reported_is_refused(at: Any, words: tuple[str, ...]) -> None:
    done = at(*words)
    assert (done.code, done.out) == (2, "")


def test_where_there_is_no_store_there_is_no_report(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "lead")
    assert tmcs("report", "today", "--store", str(tmp_path / "none.db")).code == 6
    assert not (tmp_path / "none.db").exists()


def test_a_report_can_be_written_as_any_file(at: Any, tmp_path: Path) -> None:
    for ending in ("xlsx", "html", "md", "txt", "json"):
        file = tmp_path / f"report.{ending}"
        done = at("month", "--out", str(file))
        assert (done.code, done.out) == (0, f"{file}\n")
        first = file.read_bytes()
        at("month", "--out", str(file))
        assert file.read_bytes() == first, "the same moment gives the same bytes"
    assert not list(CHECK.iter_errors(json.loads((tmp_path / "report.json").read_text("utf-8"))))
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<svg") >= 4
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    sheet = next(one for one in book.worksheets if one.title == "按原因")
    assert [cell.value for cell in sheet[2]][:5] == ["货品损坏", "赔付", 1, 20, 20]


def test_a_file_that_cannot_be_written_leaves_the_old_one(at: Any, tmp_path: Path) -> None:
    assert at("today", "--out", str(tmp_path / "none" / "report.html")).code == 74
    assert at("today", "--out", str(tmp_path / "none" / "report.json")).code == 74
    assert list(tmp_path.glob("**/.report*")) == []


def test_hostile_texts_do_nothing(at: Any, store_url: str, tmp_path: Path) -> None:
    with open_store(store_url, write=True) as store:
        for number in range(6):
            store.execute(
                "INSERT INTO cases (version, head, flow, item, state, opened_at, opened_by, policy)"
                " VALUES (1, '', ?, ?, 'resolved', '2026-11-23T12:00:00+08:00', 'li', '')",
                (HOSTILE, HOSTILE),
            )
            store.execute(
                "INSERT INTO duty (case_id, n, kind, name, party, text, due, state, at)"
                " VALUES (1, 1, 'task', 'x', ?, '[\"a\", \"b\"]', '2026-11-20', 'open', '2026-11-20T10:00:00+08:00')",
                (HOSTILE,),
            )
            store.execute(
                "INSERT INTO ledger (case_id, account, reason, kind, form, amount, most, state, tier, agent, at, day)"
                " VALUES (1, ?, ?, 'compensation', 'coupon', 100, 100, 'paid', ?, ?, '2026-11-23T12:00:00+08:00', '2026-11-23')",
                (f"x{number}", HOSTILE, HOSTILE, HOSTILE),
            )
    for words in (("today",), ("month",), ("today", "--format", "json")):
        done = at(*words)
        assert done.code == 0
        assert "\x1b" not in done.out
        assert "\u202e" not in done.out
    at("month", "--out", str(tmp_path / "r.html"))
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script" in page
    at("month", "--out", str(tmp_path / "r.xlsx"))
    cells = [cell for sheet in openpyxl.load_workbook(tmp_path / "r.xlsx").worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
