"""Open cases and a new version of the policy: previewed, moved, kept; what was promised stands, replay and verify hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, LI, QIAN, ZHAO, desk, order
from tmcs.cases import payments
from tmcs.cases.approvals import approve
from tmcs.cases.replay import replay
from tmcs.cases.verify import verify
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store

LOWER = """\
payouts:
  damage:
    rows:
      usual:
        rate_min: "0.02"
        rate_max: "0.05"
        commit: {frontline: "0.02", second-line: "0.05", supervisor: "0.05"}
"""
LATER = 'deadlines:\n  refund-normal:\n    parts: [{days: "9", unit: working}]\n'


@pytest.fixture
def where(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with two cases of damage, the second promised 9.00, at the desk of the lead."""
    with open_store(store_url, write=True) as store:
        for number in (1, 2):
            desk(store).open(load_flow("damage"), load_policy(), order(f"202611200000{number}"), DAMAGE)
        payments.pay(desk(store), 2, "damage", 900, promise=True)
    for name, value in (("STORE", store_url), ("ROLE", "lead"), ("AGENT", "sun"), ("NOW", "2026-11-24T09:00:00+08:00")):
        monkeypatch.setenv(f"TMCS_{name}", value)
    return store_url


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    file = tmp_path / "lower.yaml"
    file.write_text(LOWER, "utf-8")
    return file


def events(where: str, case: int) -> list[tuple[str, dict[str, Any]]]:
    with open_store(where) as store:
        rows = store.execute("SELECT kind, data FROM event WHERE case_id = ? ORDER BY n", (case,)).fetchall()
    return [(kind, json.loads(data)) for kind, data in rows]


def faults(where: str) -> list[str]:
    found: list[Any] = []
    with open_store(where) as store:
        verify(store, found.append)
    return [f"{fault.code}: {fault.text.en}" for fault in found]


def ledger(where: str, case: int) -> list[tuple[str, int, str]]:
    with open_store(where) as store:
        rows = store.execute("SELECT reason, amount, state FROM ledger WHERE case_id = ? ORDER BY id", (case,)).fetchall()
    return [tuple(row) for row in rows]


def test_the_same_version_changes_nothing(tmcs: Any, where: str) -> None:
    ran = tmcs("policy", "preview", "--format", "json")
    assert (ran.code, ran.json["cases"], ran.json["totals"]["looked"]) == (0, [], 0)


def test_preview_says_what_would_change_in_money_and_what_stands(tmcs: Any, where: str, lower: Path) -> None:
    ran = tmcs("policy", "preview", "--policy", lower, "--format", "json")
    assert (ran.code, ran.json["schema"]) == (1, "tmcs/policy-preview/1")
    first, second = ran.json["cases"]
    assert first["changes"]["payouts"]["new"]["damage"]["max"] == "5.00"
    assert [(one["reason"], one["old"], one["new"], one["difference"]) for one in first["money"]] == [("damage", "20.00", "5.00", "-15.00")]
    assert first["stands"] == []
    assert [(one["new"], one["given"], one["state"]) for one in second["money"]] == [("9.00", "9.00", "promised")]
    assert "9.00" in second["stands"][0]["en"]
    assert ran.json["totals"] == {
        "looked": 2, "changed": 2, "undecided": 0, "pinned": 0,
        "money": [{"reason": "damage", "cases": 2, "old": "40.00", "new": "14.00", "difference": "-26.00"}],
    }  # fmt: skip
    for lang, said in (("zh", "已承诺的 damage 9.00 元不变"), ("en", "damage: the 9.00 CNY that was promised stands")):
        assert said in tmcs("policy", "preview", "--policy", lower, "--lang", lang).out
    assert [kind for kind, _ in events(where, 1)].count("moved-policy") == 0


def test_preview_by_queue_flow_and_day(tmcs: Any, where: str, lower: Path, tmp_path: Path) -> None:
    ran = tmcs("policy", "preview", "--policy", lower, "--queue", "no-such", "--format", "json")
    assert (ran.code, ran.json["totals"]["looked"]) == (0, 0)
    assert tmcs("policy", "preview", "--policy", lower, "--flow", "invoice", "--format", "json").json["totals"]["looked"] == 0
    dated = tmp_path / "dated.yaml"
    dated.write_text('payouts: {damage: {rows: {usual: {rate_max: [{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: "0.15"}]}}}}\n', "utf-8")
    now = tmcs("policy", "preview", "--policy", dated, "--lang", "en")
    assert now.code == 0
    assert "2027-01-01" in now.err
    then = tmcs("policy", "preview", "--policy", dated, "--on", "2027-01-02", "--format", "json")
    assert [one["money"][0]["new"] for one in then.json["cases"]] == ["15.00", "15.00"]
    assert tmcs("policy", "preview", "--on", "soon").code == 2


def test_a_moved_case_is_decided_anew_and_its_promise_is_paid_in_full(
    tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    assert tmcs("policy", "move", 2).code == 2  # a reason is needed
    ran = tmcs("policy", "move", 2, "--why", "新规更清楚", "--format", "json")
    assert (ran.code, ran.json["cases"][0]["did"], ran.json["totals"]) == (0, "moved", {"moved": 1})
    data = next(data for kind, data in events(where, 2) if kind == "moved-policy")
    assert data["policy"] != data["was"]
    assert "新规" not in json.dumps(data, ensure_ascii=False)
    assert ledger(where, 2) == [("damage", 900, "promised")]
    assert tmcs("case", "pay", 2, "--reason", "damage").code == 0
    assert ledger(where, 2) == [("damage", 900, "paid")]
    # The other case stays under its own version, and may still be paid by it.
    assert tmcs("case", "pay", 1, "--reason", "damage", "--amount", "10.00").code == 0
    assert tmcs("policy", "move", 2, "--why", "again", "--lang", "en").out.startswith("case 2 · under this version already")
    assert faults(where) == []
    with open_store(where) as store:
        assert {one.verdict for case in (1, 2) for one in replay(store, case)} == {"same"}
        assert [one.kind for one in replay(store, 2)] == ["opened", "moved-policy"]
    shown = tmcs("case", "show", 2, "--events", "--lang", "en").out
    assert "moved to another policy" in shown
    assert "新规更清楚" in shown
    later = tmcs("case", "set", 2, "--set", "partial_quantity=yes", "--format", "json")
    assert later.code in (0, 3, 4)
    assert faults(where) == []


def test_a_case_that_was_moved_may_pay_only_by_its_new_version(tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    assert tmcs("policy", "move", 1, "--why", "x").code == 0
    ran = tmcs("case", "pay", 1, "--reason", "damage", "--amount", "10.00", "--why", "x")
    assert ran.code == 5
    assert "5.00" in ran.err


def test_an_approval_that_was_given_stands(tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(where, write=True) as store:
        payments.pay(desk(store, LI), 1, "damage", 2000, why="客户坚持")
        approve(desk(store, ZHAO), 1)
    assert ledger(where, 1) == [("damage", 2000, "approved")]
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    assert tmcs("policy", "move", "--all", "--why", "x").code == 0
    assert ledger(where, 1) == [("damage", 2000, "approved")]
    assert tmcs("case", "pay", 1, "--reason", "damage").code == 0
    assert ledger(where, 1) == [("damage", 2000, "paid")]
    assert faults(where) == []


def test_a_request_that_was_made_can_still_be_approved(tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(where, write=True) as store:
        payments.pay(desk(store, LI), 1, "damage", 2000, why="客户坚持")
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    assert "20.00" in tmcs("policy", "preview", "--lang", "en").out
    assert tmcs("policy", "move", 1, "--why", "x").code == 0
    with open_store(where, write=True) as store:
        approve(desk(store, QIAN), 1)
    assert ledger(where, 1) == [("damage", 2000, "approved")]


def test_no_due_day_that_was_given_is_put_off(tmcs: Any, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def days() -> list[tuple[str, str]]:
        with open_store(where) as store:
            rows = store.execute("SELECT name, due FROM duty WHERE case_id = 1 AND due IS NOT NULL ORDER BY id").fetchall()
        return [tuple(row) for row in rows]

    before = days()
    file = tmp_path / "later.yaml"
    file.write_text(LATER, "utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(file))
    assert tmcs("policy", "move", 1, "--why", "x").code == 0
    assert before
    assert [one for one in days() if one in before] == before


def test_a_case_that_is_kept_is_passed_over_unless_it_is_named(tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    assert tmcs("policy", "pin", 1, "--why", "客户已被告知").out == "案件 1 · 保留原版政策\n"
    assert tmcs("policy", "pin", 1, "--format", "json").json["cases"] == [{"case": "1", "new": False}]
    assert tmcs("policy", "preview", "--format", "json").json["totals"]["pinned"] == 1
    ran = tmcs("policy", "move", "--all", "--why", "x", "--format", "json")
    assert [(one["case"], one["did"]) for one in ran.json["cases"]] == [("1", "kept"), ("2", "moved")]
    again = tmcs("policy", "move", "--all", "--why", "x", "--format", "json")
    assert again.json["totals"] == {"kept": 1}
    assert tmcs("policy", "move", "#1", "--why", "x", "--format", "json").json["totals"] == {"moved": 1}
    assert [kind for kind, _ in events(where, 1)].count("kept-policy") == 1
    assert faults(where) == []


def test_closed_and_unknown_cases(tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tmcs("case", "close", 1, "--force", "--why", "x").code == 0
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    ran = tmcs("policy", "move", 1, "--why", "x", "--lang", "en")
    assert (ran.code, "is closed" in ran.out) == (1, True)
    assert tmcs("policy", "move", 2, 99, "--why", "x").code == 6
    assert [kind for kind, _ in events(where, 2)].count("moved-policy") == 0
    assert tmcs("policy", "move", 2, "--all", "--why", "x").code == 2
    assert tmcs("policy", "move", "--why", "x").code == 2
    assert tmcs("policy", "move", "x1", "--why", "x").code == 2


def test_a_version_that_lacks_what_a_flow_needs_leaves_the_case_as_it_is(where: str) -> None:
    from tmcs.core.errors import InputError
    from tmcs.loader import policy_of

    normal = json.loads(json.dumps(load_policy().normal()))
    del normal["data"]["payouts"]["damage"]
    policy = policy_of(normal, load_policy().facts)
    with open_store(where, write=True) as store, pytest.raises(InputError):
        desk(store, ZHAO).move_policy(1, policy, "x")
    assert [kind for kind, _ in events(where, 1)].count("moved-policy") == 0
    assert faults(where) == []


@pytest.mark.parametrize("argv", [("set", "limits.small-value", "30.00"), ("move", "1", "--why", "x"), ("pin", "1")])
def test_only_the_lead_may(argv: tuple[str, ...], tmcs: Any, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "agent")
    ran = tmcs("policy", *argv, "--lang", "en")
    assert (ran.code, "who may: team lead" in ran.err) == (5, True)


def test_versions_that_the_store_keeps_are_compared_by_their_digest(tmcs: Any, where: str, lower: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_POLICY", str(lower))
    tmcs("policy", "move", 1, "--why", "x")
    data = next(data for kind, data in events(where, 1) if kind == "moved-policy")
    ran = tmcs("policy", "diff", data["was"][:12], data["policy"][:12], "--format", "json")
    assert (ran.code, ran.json["schema"]) == (1, "tmcs/policy-diff/1")
    assert "payouts.damage.rows.usual.rate_max" in [one["key"] for one in ran.json["differences"]]
    assert tmcs("policy", "diff", data["policy"][:12], lower).code == 0
    assert tmcs("policy", "diff", "0123456789ab", "built-in").code == 6


def test_preview_says_that_a_promised_day_stands(tmcs: Any, where: str, tmp_path: Path) -> None:
    with open_store(where) as store:
        name, due = store.execute("SELECT name, due FROM duty WHERE case_id = 1 AND kind = 'promise' AND due IS NOT NULL").fetchone()
    assert name.endswith(":refund")
    file = tmp_path / "later.yaml"
    parts = 'parts: [{days: "20", unit: working}]'
    file.write_text(f"deadlines:\n  refund-normal: {{{parts}}}\n  refund-paid: {{{parts}}}\n  refund-abnormal: {{{parts}}}\n", "utf-8")
    ran = tmcs("policy", "preview", "--policy", file, "--format", "json")
    first = ran.json["cases"][0]
    assert list(first["changes"]) == ["deadlines"]
    assert first["money"] == []
    assert due in first["stands"][0]["zh"]
