"""A customer can be taken out of the store whole, by name or by age; and no command shows what it need not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, ZHAO, desk, fill, order
from tmcs.cases import payments, privacy
from tmcs.core.errors import TryAgainError
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store

Run = Callable[..., Any]

#: All that names the customer of cases 1 and 2, wherever it was written.
PERSON = (
    "tb_demo", "demo@example.invalid", "王示例", "13800000001", "示例路1号", "门卫老陈", "李签收", "13900000002", "客户来电", "门铃坏了", "送到门卫",
)  # fmt: skip
LATER = "2026-12-01T09:00:00+08:00"


def book(store: Store, record: dict[str, Any]) -> None:
    """Put an order into the order book as an import does, with rows of the delivery report and the warehouse."""
    phone = record["receiver"]["mobile"][::-1]
    store.execute(
        "INSERT INTO orders (tid, status, created, nick, phone, whole, lines, run, lines_run, record) VALUES (?, ?, ?, ?, ?, 1, 2, 1, 1, ?)",
        (record["tid"], record["status"], record["created"], record["buyer_nick"], phone, json.dumps(record, ensure_ascii=False)),
    )
    notes = {
        "delivery": {"parcel": "T100", "trace": "门卫老陈 13900000002 签收"}, "warehouse": {"sku": "S1", "note": "王示例催单", "by": "w1"},
    }  # fmt: skip
    for kind, cells in notes.items():
        store.execute(
            "INSERT INTO note (tid, kind, key, time, data) VALUES (?, ?, 'k', '', ?)", (record["tid"], kind, json.dumps(cells, ensure_ascii=False))
        )


@pytest.fixture
def where(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with three cases and the order book behind them."""
    fill(store_url)
    with open_store(store_url, write=True) as store, store.transaction():
        other = order("2026112000003", "other_nick", alipay_no="other@example.invalid")
        for record in (order("2026112000001"), order("2026112000002"), other, order("2026112000009")):
            book(store, record)
    for name, value in (("TMCS_STORE", store_url), ("TMCS_AGENT", "wu"), ("TMCS_ROLE", "lead"), ("TMCS_NOW", LATER)):
        monkeypatch.setenv(name, value)
    return store_url


def close(where: str, *cases: int, at: str = "2026-11-24T10:00:00+08:00") -> None:
    with open_store(where, write=True) as store:
        for case in cases:
            desk(store, ZHAO, at).close(case, "已办妥，客户满意", force=True)


def dumped(where: str) -> str:
    """Return all that the store's tables say."""
    with open_store(where) as store:
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        if store.dialect == "postgresql":
            names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        tables = [name for (name,) in store.execute(names).fetchall()]
        return "\n".join(repr(row) for name in tables for row in store.execute(f"SELECT * FROM {name}").fetchall())


def left(where: str) -> set[str]:
    """Return what of the customer is still in the tables, and in the bytes of an SQLite file and its log."""
    text = dumped(where)
    found = {word for word in PERSON if word in text or word[::-1] in text}
    if "://" not in where:
        for name in (where, f"{where}-wal"):
            data = Path(name).read_bytes() if Path(name).exists() else b""
            found |= {word for word in PERSON if word.encode() in data or word[::-1].encode() in data}
    return found


def ledger(where: str) -> list[Any]:
    with open_store(where) as store:
        return store.execute("SELECT * FROM ledger ORDER BY id").fetchall()


def erase(tmcs: Run, *more: object, nick: str = "tb_demo", why: str = "按客户要求删除") -> Any:
    return tmcs("case", "erase", "--customer", nick, "--why", why, *more)


def only_other(where: str) -> None:
    """Take the third customer's order and case out of what is looked at: they bear the same name for brevity."""
    with open_store(where, write=True) as store, store.transaction():
        store.execute("DELETE FROM orders WHERE nick = 'other_nick'")
        store.execute("DELETE FROM note WHERE tid = '2026112000003'")


def test_an_erased_customer_is_in_no_table_and_no_byte_and_all_else_stays(tmcs: Run, where: str) -> None:
    only_other(where)
    close(where, 1, 2)
    assert left(where) == set(PERSON)
    money = ledger(where)
    ran = erase(tmcs, "--format", "json", why="tb_demo 王示例 要求 (13800000001)")
    assert (ran.code, ran.err) == (0, "")
    counts = {key: ran.json[key] for key in ("schema", "cases", "private", "receipts", "orders", "customers", "compacted")}
    assert counts == {
        "schema": "tmcs/erase/1", "cases": ["1", "2"], "private": 8, "receipts": 1, "orders": 3, "customers": 1, "compacted": True,
    }  # fmt: skip
    assert "earlier backups" in ran.json["remains"][0]["en"]
    assert left(where) == set()
    assert ledger(where) == money
    assert tmcs("case", "verify").code == 0
    assert tmcs("case", "replay", 1).code == 0
    with open_store(where) as store:
        body = store.execute("SELECT body FROM private p JOIN event e ON e.case_id = p.case_id AND e.n = p.n WHERE kind = 'erased'").fetchone()
        assert json.loads(body[0]) == {"why": "*** *** 要求 (***)"}
        record = json.loads(store.execute("SELECT record FROM orders WHERE tid = '2026112000001'").fetchone()[0])
    assert (record["payment"], record["receiver"]["district"], record["receiver"]["name"]) == ("100.00", "静安区", None)
    assert (record["invoice"], record["buyer_nick"], record["orders"][0]["sku"]) == ({"ticked": True, "title": None, "content": "明细"}, None, "S1")


def test_the_servers_tables_are_written_anew(where: str, tmcs: Run) -> None:
    files = "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname IN ('private', 'customer', 'orders')"
    if "://" not in where:  # on SQLite: nothing is left of the log
        close(where, 1, 2)
        erase(tmcs)
        assert not Path(f"{where}-wal").exists() or Path(f"{where}-wal").stat().st_size == 0
        return
    with open_store(where) as store:
        before = dict(store.execute(files).fetchall())
        close(where, 1, 2)
        assert erase(tmcs).code == 0
        after = dict(store.execute(files).fetchall())
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)


def test_open_cases_are_erased_only_by_force(tmcs: Run, where: str) -> None:
    close(where, 1)
    before = dumped(where)
    ran = erase(tmcs, "--lang", "en")
    assert (ran.code, "the customer has open cases: 2" in ran.err) == (5, True)
    assert dumped(where) == before
    assert erase(tmcs, "--force").code == 0
    with open_store(where, write=True) as store:  # the case goes on with what is left
        desk(store, at=LATER).set(2, {"signer_proof": "no"})
    assert tmcs("case", "verify").code == 0
    assert [one["verdict"] for one in tmcs("case", "replay", 2, "--format", "json").json["decisions"]] == ["erased", "same", "same"]


def test_a_reason_is_needed_and_the_nick_is_not_repeated(tmcs: Run, where: str) -> None:
    assert tmcs("case", "erase", "--customer", "tb_demo").code == 2
    ran = erase(tmcs, nick="someone_unknown")
    assert (ran.code, "someone_unknown" in ran.err) == (6, False)
    assert tmcs("case", "erase", "--customer", "-", "--why", "x", stdin="tb_demo\n").code == 5
    close(where, 1, 2)
    assert erase(tmcs).code == 0
    assert erase(tmcs).code == 6  # there is nobody of that name any more


def test_a_customer_without_a_case_is_erased_from_the_order_book(tmcs: Run, where: str) -> None:
    with open_store(where, write=True) as store, store.transaction():
        book(store, order("2026112000010", "lone_nick"))
    ran = erase(tmcs, "--format", "json", nick="lone_nick")
    assert (ran.code, ran.json["orders"], ran.json["cases"]) == (0, 1, [])
    assert "lone_nick" not in dumped(where)


def test_an_interrupted_erasure_goes_on_and_does_nothing_twice(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only_other(where)
    close(where, 1, 2)
    whole = privacy._erase_case

    def broken(seat: Any, case_id: int, *more: Any) -> None:
        if case_id == 2:
            raise TryAgainError("断了", "broken off")
        whole(seat, case_id, *more)

    with monkeypatch.context() as patch:
        patch.setattr(privacy, "_erase_case", broken)
        assert erase(tmcs).code == 75
    assert tmcs("case", "verify").code == 0
    ran = erase(tmcs, "--format", "json")
    assert (ran.code, ran.json["cases"]) == (0, ["2"])
    assert left(where) == set()
    with open_store(where) as store:
        assert store.execute("SELECT case_id FROM event WHERE kind = 'erased' ORDER BY 1").fetchall() == [(1,), (2,)]


def test_drafts_of_the_cases_go_too(tmcs: Run, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "state" / "tmcs" / "drafts"
    folder.mkdir(parents=True)
    for name in ("case-1-note-ab12.json", "case-2-set-cd34.json", "case-12-note-ef56.json", "case-3-note-0000.json"):
        (folder / name).write_text("门卫老陈", "utf-8")
    close(where, 1, 2)
    assert erase(tmcs, "--format", "json").json["drafts"] == 2
    assert sorted(file.name for file in folder.iterdir()) == ["case-12-note-ef56.json", "case-3-note-0000.json"]


def test_what_a_reader_keeps_open_is_said_and_finished_later(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tmcs.store.sqlite.BUSY_SECONDS", 0.2)
    only_other(where)
    close(where, 1, 2)
    with open_store(where, write=True) as writer:
        if writer.dialect == "postgresql":
            monkeypatch.setattr("tmcs.store.postgres._SETTINGS", {"lock_timeout": "200"})
    with open_store(where) as reader, reader.one_state():
        reader.execute("SELECT count(*) FROM orders").fetchone()
        reader.execute("SELECT count(*) FROM private").fetchone()
        ran = erase(tmcs, "--lang", "en")
        assert ran.code == 75
        assert "the personal data is erased, but traces are still in the database's files" in ran.err
        assert "tmcs case retention --compact" in ran.err
    ran = tmcs("case", "retention", "--compact", "--format", "json")
    assert (ran.code, ran.json["compacted"]) == (0, True)
    assert left(where) == set()


@pytest.fixture
def kept_30_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.yaml"
    own.write_text('cases: {retention: {value: "30"}}\n', "utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(own))


def retention(tmcs: Run, *more: object) -> Any:
    ran = tmcs("case", "retention", *more, "--format", "json")
    assert (ran.code, ran.json["schema"]) == (0, "tmcs/retention/1")
    return ran.json


def test_without_a_retention_nothing_is_erased_and_that_is_said(tmcs: Run, where: str) -> None:
    close(where, 1)
    before = dumped(where)
    ran = tmcs("case", "retention", "--lang", "en")
    assert (ran.code, ran.out) == (0, "the policy sets no retention (cases.retention); nothing was erased\n")
    assert retention(tmcs)["days"] is None
    assert dumped(where) == before


@pytest.mark.usefixtures("kept_30_days")
def test_retention_erases_what_is_old_enough_once(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    close(where, 1)
    close(where, 3, at="2026-11-25T10:00:00+08:00")
    monkeypatch.setenv("TMCS_NOW", "2026-12-24T01:00:00+08:00")
    assert tmcs("case", "retention", "--now-day", "2026-12-25").code == 2  # not before its time
    assert retention(tmcs, "--now-day", "2026-12-23", "--dry-run")["due"] == 0
    before = dumped(where)
    assert [retention(tmcs, "--dry-run")[key] for key in ("due", "cases", "dry_run")] == [1, [], True]
    assert dumped(where) == before
    found = retention(tmcs)
    assert (found["cases"], found["orders"], found["customers"], found["due"]) == (["1"], 1, 0, 0)
    assert retention(tmcs)["cases"] == []
    assert tmcs("case", "retention", "--lang", "en").out == "no case is due (closed for 30 days)\n"
    assert tmcs("case", "verify").code == 0
    assert "tb_demo" in dumped(where)  # case 2 of the same customer is open
    assert "客户来电" not in dumped(where)


@pytest.mark.usefixtures("kept_30_days")
def test_a_customer_goes_with_the_last_case_in_batches_too(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(where, write=True) as store, store.transaction():
        store.execute("DELETE FROM orders WHERE tid = '2026112000009'")  # an order without a case is the order book's
        store.execute("DELETE FROM note WHERE tid = '2026112000009'")
    only_other(where)
    close(where, 1, 2, 3)
    monkeypatch.setenv("TMCS_NOW", "2027-01-10T09:00:00+08:00")
    monkeypatch.setattr(privacy, "_BATCH", 1)
    first = retention(tmcs, "--limit", 1)
    assert (first["cases"], first["due"], first["customers"]) == (["1"], 2, 0)
    rest = retention(tmcs)
    assert (rest["cases"], rest["due"], rest["customers"]) == (["2", "3"], 0, 2)
    assert left(where) == set()


@pytest.mark.usefixtures("kept_30_days")
def test_what_is_written_after_an_erasure_is_erased_in_its_turn(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    close(where, 3)
    monkeypatch.setenv("TMCS_NOW", "2027-01-10T09:00:00+08:00")
    assert retention(tmcs)["cases"] == ["3"]
    with open_store(where, write=True) as store:
        desk(store, at="2027-01-10T09:30:00+08:00").note(3, "客户又来电")
    assert retention(tmcs)["private"] == 1
    assert "客户又来电" not in dumped(where)
    assert tmcs("case", "verify").code == 0


def exported(tmcs: Run, *more: object) -> list[dict[str, Any]]:
    ran = tmcs("case", "export", *more)
    assert ran.code == 0
    return [json.loads(line) for line in ran.out.splitlines()]


def test_an_export_carries_events_and_money_and_nobodys_words(tmcs: Run, where: str) -> None:
    close(where, 1)
    found = exported(tmcs)
    assert {one["schema"] for one in found} == {"tmcs/case-export/1"}
    assert [sum(one["type"] == kind for one in found) for kind in ("case", "event", "entry")] == [3, 16, 2]
    paid = next(one for one in found if one["type"] == "entry" and one["state"] == "paid")
    assert (paid["case"], paid["reason"], paid["amount"], paid["approver"], paid["order"]) == ("1", "damage", "20.00", ["zhao"], "2026112000001")
    assert {one["private"] for one in found if one["type"] == "event"} == {None, "withheld"}
    erase(tmcs, "--force")
    assert "erased" in {one["private"] for one in exported(tmcs) if one["type"] == "event"}
    for form in ("jsonl", "json", "csv"):
        out = tmcs("case", "export", "--format", form).out
        assert not [word for word in PERSON if word in out]


def test_an_export_can_be_cut_to_cases_and_days(tmcs: Run, where: str) -> None:
    close(where, 1)
    assert {one["case"] for one in exported(tmcs, "--case", 2, "--case", "#3")} == {"2", "3"}
    recent = exported(tmcs, "--since", "2026-11-24")
    assert [(one["type"], one["case"]) for one in recent] == [("case", "1"), ("event", "1"), ("entry", "1"), ("entry", "1")]
    assert exported(tmcs, "--since", "2027-01-01") == []
    assert tmcs("case", "export", "--since", "yesterday").code == 2
    assert tmcs("case", "export", "--case", 99).code == 6


def test_an_export_is_whole_or_not_there(tmcs: Run, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, head = tmp_path / "cases.json", tmp_path / "head.json"
    ran = tmcs("case", "export", "--format", "json", "--out", out, "--head", head)
    assert (ran.code, ran.out) == (0, "")
    assert json.loads(out.read_text("utf-8"))["schema"] == "tmcs/case-export/1"
    assert out.stat().st_mode & 0o777 == 0o600
    assert tmcs("case", "verify", "--head", head).code == 0
    before = out.read_bytes()

    def broken(*_: object) -> Iterator[Any]:
        yield {"type": "case"}
        raise TryAgainError("断了", "broken off")

    monkeypatch.setattr("tmcs.cases.export.records", broken)
    assert tmcs("case", "export", "--format", "json", "--out", out).code == 75
    assert out.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix == ".json") == ["cases.json", "head.json"]
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".cases")]


def test_a_pipe_is_written_into_and_not_replaced(tmcs: Run, where: str, tmp_path: Path) -> None:
    import os
    import threading

    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    assert tmcs("case", "export", "--case", 3, "--out", pipe).code == 0
    reader.join()
    assert (pipe.is_fifo(), len(read[0].splitlines())) == (True, 3)


def test_a_csv_export_holds_no_formula(tmcs: Run, where: str) -> None:
    import csv
    import io

    with open_store(where, write=True) as store:
        desk(store, type(ZHAO)("=cmd|' /C calc'!A0", "frontline", "agent")).note(3, "x")
        desk(store, type(ZHAO)("+86\n@x", "frontline", "agent")).note(3, "x")
    rows = list(csv.DictReader(io.StringIO(tmcs("case", "export", "--case", 3, "--format", "csv").out)))
    agents = [row["agent"] for row in rows if row["kind"] == "noted"]
    assert agents == ["'=cmd|' /C calc'!A0", "'+86\n@x"]
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@\t\r"]


#: Every command, as an agent or lead would call it, in an order in which each has something to do.
CALLS: dict[str, list[object]] = {
    "open": ["abnormal-sign", "--order", "2026112000009", "-s", "signer_proof=yes", "-s", "signer_name=李签收", "--no-input", "--why", "客户来电 13900000002"],
    "set": [2, "-s", "signer_name=李签收", "--no-input", "--why", "门卫老陈 13900000002"],
    "note": [2, "门卫老陈 13900000002 说门铃坏了"],
    "show": [2],
    "list": [],
    "take": ["--queue", "courier"],
    "release": [2, "--task", 5, "--why", "门卫老陈 13900000002"],
    "hand-over": [2, "--task", 5, "--to", "complaint", "--why", "门卫老陈 13900000002"],
    "assign": [2, "--task", 6, "--to", "qian", "--why", "门卫老陈 13900000002"],
    "done": [2, "--task", 6, "--why", "门卫老陈 13900000002"],
    "withdraw": [2, "--task", 5, "--why", "门卫老陈 13900000002"],
    "pay": [4, "--reason", "damage", "--why", "门卫老陈 13900000002"],
    "promise": [5, "--reason", "damage", "--why", "门卫老陈 13900000002"],
    "approve": [6, "--why", "门卫老陈 13900000002"],
    "reject": [7, "--why", "门卫老陈 13900000002"],
    "ledger": [1],
    "promises": [],
    "pause": [2, "--why", "门卫老陈 13900000002"],
    "resume": [2, "--why", "门卫老陈 13900000002"],
    "close": [2, "--force", "--why", "门卫老陈 13900000002"],
    "reopen": [2, "--why", "门卫老陈 13900000002"],
    "export": [],
    "replay": [2],
    "verify": [],
    "seal": [],
    "retention": ["--dry-run"],
    "erase": ["--customer", "tb_demo", "--force", "--why", "门卫老陈 13900000002"],
}
#: Who the customer is: shown by no command at all.
IDENTITY = ("tb_demo", "demo@example.invalid", "王示例", "13800000001", "示例路1号", "13900000002")
#: What agents wrote and what a case was told: shown to who works at it, and nowhere else.
WORDS = ("李签收", "门卫老陈", "门铃坏了", "客户来电")
AT_WORK = {"open", "set", "show"}


def shown(tmcs: Run, command: str, form: str) -> str:
    forms = {"export": "jsonl"}
    ran = tmcs("case", command, *CALLS[command], "--format", forms.get(command, form) if form == "text" else form)
    assert ran.code == (3 if command == "open" else 0), (command, ran.err)
    return str(ran.out + ran.err)


def test_every_command_is_called() -> None:
    from tmcs.cli.case import COMMANDS

    assert set(CALLS) == set(COMMANDS)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_command_shows_who_the_customer_is(tmcs: Run, where: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_TIER", "second-line")
    with open_store(where, write=True) as store:
        for case in (4, 5, 6, 7):
            assert desk(store).open(load_flow("damage"), load_policy(), order(f"202611200002{case}"), DAMAGE)[0] == case
        for case in (6, 7):
            payments.pay(desk(store), case, "damage", 2000, why="门卫老陈 13900000002")
    seen = {command: shown(tmcs, command, form) for command in CALLS}
    assert {command: [word for word in IDENTITY if word in text] for command, text in seen.items() if any(word in text for word in IDENTITY)} == {}
    words = {command: [word for word in WORDS if word in text] for command, text in seen.items() if command not in AT_WORK}
    assert {command: found for command, found in words.items() if found} == {}


def test_no_error_repeats_what_it_was_given(tmcs: Run, where: str) -> None:
    """Refused before and after the case was read: the words of a reason, a fact or a nick stand in no message."""
    for argv in (
        ["note", 99, "门卫老陈 13900000002"], ["set", 99, "-s", "signer_name=李签收"],
        ["close", 2, "--why", "门卫老陈"], ["pay", 1, "--reason", "damage", "--amount", "9999", "--why", "门卫老陈"],
        ["erase", "--customer", "王示例", "--why", "门卫老陈"], ["note", 2, "门卫老陈", "--version", 1],
        ["set", 2, "-s", "signer_name=李签收", "--version", 1, "--no-input"],
    ):  # fmt: skip
        for form in ("text", "json"):
            ran = tmcs("case", *argv, "--format", form)
            assert ran.code != 0, argv
            assert not [word for word in (*IDENTITY, *WORDS) if word in ran.out + ran.err], argv
