"""What an audit finds: every edit of what is hashed or follows from it, on both databases, and nothing where nothing was done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import ZHAO, desk, fill
from tmcs.cases.audit import canonical, commitment, digest, event_hash, genesis, new_salt
from tmcs.cases.privacy import erase_customer
from tmcs.store import open_store
from tmcs.store.base import Store

Run = Callable[..., Any]


@pytest.fixture
def where(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with three cases, at the desk of an auditor."""
    fill(store_url)
    for name, value in (("TMCS_STORE", store_url), ("TMCS_AGENT", "wu"), ("TMCS_ROLE", "lead"), ("TMCS_NOW", "2026-11-24T09:00:00+08:00")):
        monkeypatch.setenv(name, value)
    return store_url


def edit(where: str, sql: str, *values: Any) -> None:
    with open_store(where, write=True) as store, store.transaction():
        assert store.execute(sql, values).rowcount > 0


def faults(tmcs: Run, *more: object) -> set[tuple[str, str | None, int | None]]:
    ran = tmcs("case", "verify", *more, "--format", "json")
    found = {(one["code"], one["case"], one["event"]) for one in ran.json["faults"]}
    assert ran.code == (1 if found else 0)
    assert ran.json["ok"] is not bool(found)
    return found


def test_an_untouched_store_is_well_and_counted(tmcs: Run, where: str) -> None:
    ran = tmcs("case", "verify", "--format", "json")
    assert ran.code == 0
    counts = {key: ran.json[key] for key in ("ok", "cases", "events", "receipts", "entries", "documents", "seals", "erased", "found")}
    assert counts == {
        "ok": True, "cases": 3, "events": 15, "receipts": 4, "entries": 2, "documents": 3, "seals": 0, "erased": 0, "found": 0,
    }  # fmt: skip
    assert tmcs("case", "verify", "--lang", "zh").out.startswith("核对无误: 案件 3，事件 15，凭证 4，款项 2")
    assert tmcs("case", "verify", 2, "--format", "json").json["cases"] == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "2026-11-22T10:00:00+08:00"), ("kind", "kept"), ("agent", "zhao"), ("tier", "supervisor"), ("data", '{"amount":1}'),
     ("private", "0" * 64), ("prev", "0" * 64), ("hash", "0" * 64), ("n", 99)],
)  # fmt: skip
def test_an_event_of_which_any_column_was_edited_is_named(tmcs: Run, where: str, column: str, value: object) -> None:
    edit(where, f"UPDATE event SET {column} = ? WHERE case_id = 1 AND n = 4", value)
    found = faults(tmcs)
    assert ("event-changed", "1", 99 if column == "n" else 4) in found
    assert {case for _, case, _ in found} == {"1"}
    assert faults(tmcs, 2) == set()


def test_a_missing_event_is_named(tmcs: Run, where: str) -> None:
    edit(where, "DELETE FROM event WHERE case_id = 1 AND n = 5")
    assert {("event-missing", "1", 6), ("stray", "1", 5)} == faults(tmcs)


def test_the_last_event_cut_off_is_found_by_the_row(tmcs: Run, where: str) -> None:
    edit(where, "DELETE FROM event WHERE case_id = 1 AND n = 9")
    ran = tmcs("case", "verify", 1, "--lang", "en")
    assert ran.code == 1
    assert "case 1: its row says another version than its events" in ran.out
    assert "case 1: its row says another head than its events" in ran.out


def test_reordered_events_are_named(tmcs: Run, where: str) -> None:
    for old, new in ((3, 103), (4, 3), (103, 4)):
        edit(where, "UPDATE event SET n = ? WHERE case_id = 1 AND n = ?", new, old)
    assert {("event-changed", "1", 3), ("event-changed", "1", 4)} <= faults(tmcs)


def forge(store: Store, case_id: int, n: int, prev: str, row: dict[str, Any]) -> str:
    """Write an event with a hash that fits it, as somebody would who knows how the chain is made."""
    made = event_hash(case_id, n, row["at"], row["kind"], row["agent"], row["tier"], row["data"], row["private"], prev)
    store.execute("DELETE FROM event WHERE case_id = ? AND n = ?", (case_id, n))
    store.execute(
        "INSERT INTO event (case_id, n, at, kind, agent, tier, data, private, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (case_id, n, row["at"], row["kind"], row["agent"], row["tier"], row["data"], row["private"], prev, made),
    )
    return made


NOTE = {"at": "2026-11-23T10:00:00+08:00", "kind": "noted", "agent": "li", "tier": "frontline", "data": "{}", "private": None}
COLUMNS = ("at", "kind", "agent", "tier", "data", "private")


def forge_from(where: str, case_id: int, first: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Change an event and make every hash after it anew, the row too: the chain by itself is then without fault."""
    with open_store(where, write=True) as store, store.transaction():
        rows = store.execute(f"SELECT n, hash, {', '.join(COLUMNS)} FROM event WHERE case_id = ? ORDER BY n", (case_id,)).fetchall()
        prev = genesis(case_id)
        for n, old, *values in rows:
            row = dict(zip(COLUMNS, values, strict=True))
            if n == first:
                change(row)
            prev = old if n < first else forge(store, case_id, n, prev, row)
        store.execute("UPDATE cases SET head = ? WHERE id = ?", (prev, case_id))


def test_an_inserted_event_is_found(tmcs: Run, where: str) -> None:
    with open_store(where, write=True) as store, store.transaction():
        head = store.execute("SELECT hash FROM event WHERE case_id = 1 AND n = 9").fetchone()[0]
        forge(store, 1, 10, head, NOTE)
    assert faults(tmcs) == {("row-differs", "1", None)}
    with open_store(where, write=True) as store, store.transaction():
        forge(store, 1, 3, "0" * 64, NOTE)
    assert ("event-order", "1", 3) in faults(tmcs)


def test_an_edited_reason_note_or_text_fact_is_named(tmcs: Run, where: str) -> None:
    edit(where, "UPDATE private SET body = ? WHERE case_id = 2 AND n = 3", canonical({"why": "什么也没说"}))
    assert faults(tmcs) == {("private-changed", "2", 3)}
    edit(where, "UPDATE private SET salt = ? WHERE case_id = 2 AND n = 1", "00" * 16)
    assert faults(tmcs) == {("private-changed", "2", 3), ("private-changed", "2", 1)}


def test_a_reason_taken_out_without_an_erasure_is_named(tmcs: Run, where: str) -> None:
    edit(where, "DELETE FROM private WHERE case_id = 1 AND n = 5")
    edit(where, "UPDATE private SET salt = NULL, body = NULL WHERE case_id = 2 AND n = 3")
    edit(where, "UPDATE receipt SET body = NULL WHERE case_id = 2 AND n = 4")
    assert faults(tmcs) == {("private-missing", "1", 5), ("private-missing", "2", 3), ("receipt-missing", "2", 4)}


def test_a_reason_put_to_an_event_later_is_named(tmcs: Run, where: str) -> None:
    edit(where, "INSERT INTO private (case_id, n, salt, body) VALUES (1, 3, ?, ?)", new_salt(), canonical({"why": "later"}))
    assert faults(tmcs) == {("private-extra", "1", 3)}


def test_an_edited_receipt_is_named(tmcs: Run, where: str) -> None:
    with open_store(where) as store:
        body = zlib.decompress(bytes(store.execute("SELECT body FROM receipt WHERE case_id = 1").fetchone()[0]))
    edit(where, "UPDATE receipt SET body = ? WHERE case_id = 1", zlib.compress(body.replace(b"10.00", b"90.00")))
    assert faults(tmcs) == {("receipt-changed", "1", 1)}
    edit(where, "UPDATE receipt SET body = ? WHERE case_id = 1", b"no receipt")
    edit(where, "DELETE FROM receipt WHERE case_id = 3")
    edit(where, "INSERT INTO receipt (case_id, n, body) VALUES (1, 4, ?)", zlib.compress(body))
    assert faults(tmcs) == {("receipt-changed", "1", 1), ("receipt-missing", "3", 1), ("receipt-extra", "1", 4)}


def test_an_edited_document_is_named_with_what_rests_on_it(tmcs: Run, where: str) -> None:
    with open_store(where) as store:
        name, body = store.execute("SELECT digest, body FROM document WHERE kind = 'policy'").fetchone()
    changed = zlib.decompress(bytes(body)).replace(b'"0.20"', b'"0.90"')
    edit(where, "UPDATE document SET body = ? WHERE digest = ?", zlib.compress(changed), name)
    assert faults(tmcs) == {("document-changed", None, None), *(("document-changed", case, 1) for case in "123")}
    edit(where, "UPDATE document SET body = ?, kind = 'flow' WHERE digest = ?", bytes(body), name)
    assert faults(tmcs) == {("document-changed", case, 1) for case in "123"}
    edit(where, "DELETE FROM document WHERE digest = ?", name)
    assert faults(tmcs, 2) == {("document-missing", "2", 1)}


@pytest.mark.parametrize(
    ("column", "value"),
    [("version", 8), ("head", "0" * 64), ("flow", "price"), ("tid", "1"), ("item", "S2"), ("customer_id", 2), ("outcome", "none"),
     ("opened_at", "2026-11-01T10:00:00+08:00"), ("opened_by", "zhao"), ("closed_at", "2026-11-23T10:00:00+08:00"),
     ("policy", "0" * 64), ("state", "closed"), ("sealed", 3)],
)  # fmt: skip
def test_a_row_that_says_another_thing_than_the_events_is_named(tmcs: Run, where: str, column: str, value: object) -> None:
    edit(where, f"UPDATE cases SET {column} = ? WHERE id = 1", value)
    assert faults(tmcs) == {("row-differs", "1", None)}


@pytest.mark.parametrize(
    ("column", "value"),
    [("account", "other"), ("customer_id", 2), ("reason", "price"), ("kind", "refund"), ("form", "cash"), ("amount", 200),
     ("most", 9000), ("state", "approved"), ("tier", "supervisor"), ("agent", "zhao"), ("at", "2026-11-22T10:00:00+08:00"),
     ("day", "2026-11-22"), ("approver", "qian"), ("case_id", 3), ("id", 7)],
)  # fmt: skip
def test_money_that_the_events_do_not_say_is_named(tmcs: Run, where: str, column: str, value: object) -> None:
    edit(where, f"UPDATE ledger SET {column} = ? WHERE id = 2", value)
    found = faults(tmcs)
    assert {code for code, _, _ in found} == {"ledger-differs"}
    assert ("ledger-differs", "1", 8) in found


def test_money_that_is_missing_or_was_put_there_is_named(tmcs: Run, where: str) -> None:
    edit(where, "DELETE FROM ledger WHERE id = 1")
    edit(
        where,
        "INSERT INTO ledger (id, case_id, account, reason, kind, form, amount, most, state, tier, agent, at, day)"
        " VALUES (9, 3, 'x', 'damage', 'compensation', 'coupon', 5000, 5000, 'paid', 'frontline', 'li', '2026', '2026')",
    )
    ran = tmcs("case", "verify", "--lang", "en")
    assert ran.code == 1
    assert "case 1, event 5: ledger entry 1: it is missing from the ledger" in ran.out
    assert "case 3: ledger entry 9: no event says so" in ran.out


def test_a_case_of_which_only_the_rest_is_left_is_named(tmcs: Run, where: str) -> None:
    edit(where, "DELETE FROM cases WHERE id = 3")
    assert faults(tmcs) == {("case-missing", "3", None)}


def seal(tmcs: Run, out: Path, *more: object) -> Any:
    ran = tmcs("case", "seal", "--out", out, *more, "--format", "json")
    assert ran.code == 0
    assert json.loads(out.read_text("utf-8")) == ran.json
    return ran.json


def test_a_seal_covers_what_changed_since_the_last(tmcs: Run, where: str, tmp_path: Path) -> None:
    first = seal(tmcs, tmp_path / "1.json")
    assert (first["schema"], first["seal"], first["cases"], first["changed"], first["events"]) == ("tmcs/seal/1", "1", 3, 3, 15)
    assert seal(tmcs, tmp_path / "again.json") == first
    with open_store(where, write=True) as store:
        desk(store).note(3, "还在等照片")
    second = seal(tmcs, tmp_path / "2.json")
    assert (second["seal"], second["cases"], second["changed"], second["events"]) == ("2", 3, 1, 16)
    for head in ("1.json", "2.json"):
        assert faults(tmcs, "--head", tmp_path / head) == set()


def test_a_chain_made_anew_is_found_only_by_its_seal(tmcs: Run, where: str, tmp_path: Path) -> None:
    def lessen(row: dict[str, Any]) -> None:
        row["agent"] = "zhao"

    forge_from(where, 1, 3, lessen)
    assert faults(tmcs) == set()
    seal(tmcs, tmp_path / "head.json")
    forge_from(where, 1, 3, lambda row: row.update(agent="li"))
    assert faults(tmcs) == {("sealed-differs", "1", 9)}
    assert faults(tmcs, 1) == {("sealed-differs", "1", 9)}


@pytest.mark.parametrize("data", ["no JSON", "[]", "{}", '{"policy": 1, "flow": [], "order": 2}'])
def test_a_chain_of_what_are_no_events_is_a_fault_not_a_failure(tmcs: Run, where: str, data: str) -> None:
    forge_from(where, 1, 1, lambda row: row.update(data=data))
    assert ("event-changed", "1", None) in faults(tmcs)
    assert tmcs("case", "replay", 1).code == 74
    assert tmcs("case", "export").code == 0


def test_events_cut_off_after_a_seal_are_found(tmcs: Run, where: str, tmp_path: Path) -> None:
    seal(tmcs, tmp_path / "head.json")
    edit(where, "DELETE FROM event WHERE case_id = 1 AND n = 9")
    with open_store(where, write=True) as store, store.transaction():
        head = store.execute("SELECT hash FROM event WHERE case_id = 1 AND n = 8").fetchone()[0]
        store.execute("UPDATE cases SET version = 8, head = ? WHERE id = 1", (head,))
    assert faults(tmcs) == {("event-missing", "1", 9)}


def test_a_case_taken_out_whole_is_found_by_its_seal(tmcs: Run, where: str, tmp_path: Path) -> None:
    seal(tmcs, tmp_path / "head.json")
    for table, key in (("cases", "id"), ("event", "case_id"), ("receipt", "case_id")):
        edit(where, f"DELETE FROM {table} WHERE {key} = 3")
    assert faults(tmcs) == {("case-missing", "3", None)}
    assert faults(tmcs, 3) == {("case-missing", "3", None)}
    edit(where, "DELETE FROM seal_case WHERE case_id = 3")
    assert faults(tmcs) == {("seal-changed", None, None)}


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "2026-11-20T10:00:00+08:00"), ("agent", "zhao"), ("prev", "0" * 64), ("root", "0" * 64), ("cases", 2), ("id", 5)],
)
def test_an_edited_seal_is_found(tmcs: Run, where: str, tmp_path: Path, column: str, value: object) -> None:
    seal(tmcs, tmp_path / "head.json")
    edit(where, f"UPDATE seal SET {column} = ? WHERE id = 1", value)
    assert ("seal-changed", None, None) in faults(tmcs)
    if column != "prev":
        assert {"head-differs", "seal-missing"} & {code for code, _, _ in faults(tmcs, "--head", tmp_path / "head.json")}


def test_a_missing_seal_is_found(tmcs: Run, where: str, tmp_path: Path) -> None:
    seal(tmcs, tmp_path / "1.json")
    with open_store(where, write=True) as store:
        desk(store).note(3, "还在等照片")
    seal(tmcs, tmp_path / "2.json")
    edit(where, "DELETE FROM seal WHERE id = 1")
    assert ("seal-missing", None, None) in faults(tmcs)
    edit(where, "UPDATE seal_case SET head = ? WHERE seal_id = 2", "0" * 64)
    assert ("sealed-differs", "3", 3) in faults(tmcs)
    edit(where, "DELETE FROM seal WHERE id = 2")
    edit(where, "DELETE FROM seal_case")
    edit(where, "UPDATE cases SET sealed = 0")
    assert faults(tmcs) == set()
    assert faults(tmcs, "--head", tmp_path / "2.json") == {("seal-missing", None, None)}


def test_a_head_of_another_store_is_refused(tmcs: Run, where: str, tmp_path: Path) -> None:
    head = seal(tmcs, tmp_path / "head.json")
    (tmp_path / "head.json").write_text(json.dumps({**head, "root": "0" * 64}), "utf-8")
    assert faults(tmcs, "--head", tmp_path / "head.json") == {("head-differs", None, None)}
    (tmp_path / "head.json").write_text("{}", "utf-8")
    assert tmcs("case", "verify", "--head", tmp_path / "head.json").code == 2
    assert tmcs("case", "verify", "--head", tmp_path / "none.json").code == 6


def test_a_signature_is_checked_with_its_key(tmcs: Run, where: str, tmp_path: Path) -> None:
    key, other, head = tmp_path / "key", tmp_path / "other", tmp_path / "head.json"
    for file, text in ((key, "correct horse battery"), (other, "staple correct horse")):
        file.write_text(text + "\n", "utf-8")
        file.chmod(0o600)
    made = seal(tmcs, head, "--sign-with", key)
    assert made["signature"].startswith("hmac-sha256:")
    assert tmcs("case", "verify", "--head", head, "--format", "json").json["signature"] == "unchecked"
    assert tmcs("case", "verify", "--head", head, "--signed-with", key, "--format", "json").json["signature"] == "valid"
    assert faults(tmcs, "--head", head, "--signed-with", other) == {("signature-wrong", None, None)}
    head.write_text(json.dumps({**made, "events": 1}), "utf-8")
    assert faults(tmcs, "--head", head, "--signed-with", key) == {("signature-wrong", None, None)}
    key.chmod(0o644)
    ran = tmcs("case", "seal", "--sign-with", key, "--lang", "en")
    assert (ran.code, f"others may read the key file {key}" in ran.err) == (2, True)
    other.write_text("short", "utf-8")
    assert tmcs("case", "seal", "--sign-with", other).code == 2


def test_a_seal_from_before_an_erasure_still_holds_after_it(tmcs: Run, where: str, tmp_path: Path) -> None:
    seal(tmcs, tmp_path / "head.json")
    with open_store(where, write=True) as store:
        assert erase_customer(desk(store, ZHAO, "2026-11-24T10:00:00+08:00"), "tb_demo", "客户要求", force=True).cases == [1, 2]
    ran = tmcs("case", "verify", "--head", tmp_path / "head.json", "--format", "json")
    assert (ran.code, ran.json["faults"], ran.json["erased"]) == (0, [], 7)  # six reasons, notes and text facts; one receipt


def test_an_erasure_that_was_made_up_is_found(tmcs: Run, where: str) -> None:
    """An event `erased` covers what was before it, and nothing written after."""
    with open_store(where, write=True) as store:
        erase_customer(desk(store, ZHAO), "tb_demo", "客户要求", force=True)
        desk(store).note(1, "后来写的")
    edit(where, "UPDATE private SET salt = NULL, body = NULL WHERE case_id = 1 AND n = 11")
    assert faults(tmcs) == {("private-missing", "1", 11)}


def test_audit_and_seal_go_on_beside_a_desk_at_work(tmcs: Run, where: str, tmp_path: Path) -> None:
    worker = [sys.executable, str(Path(__file__).parent / "worker.py"), "work", where]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    seats = [subprocess.Popen([*worker, f"seat{n}", "40"], env=environment, stdout=subprocess.DEVNULL) for n in range(2)]
    rounds = 0
    while any(seat.poll() is None for seat in seats) or not rounds:
        rounds += 1
        seal(tmcs, tmp_path / "head.json")
        assert faults(tmcs) == set()
    assert [seat.returncode for seat in seats] == [0, 0]
    assert faults(tmcs, "--head", tmp_path / "head.json") == set()
    assert seal(tmcs, tmp_path / "head.json")["cases"] == 83


def test_who_may_not_audit_is_told_who_may(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "agent")
    for command in (["verify"], ["seal"], ["export"], ["retention"], ["erase", "--customer", "tb_demo", "--why", "x"]):
        ran = tmcs("case", *command, "--lang", "en")
        assert (ran.code, "who may: team lead (lead)" in ran.err) == (5, True)


def test_commitments_are_those_of_the_salted_text() -> None:
    assert commitment("ab", "text") == digest("ab:text")
    assert commitment(new_salt(), "text") != commitment(new_salt(), "text")
