"""A decision made anew is the same, byte for byte; where it is not, the replay says what differs and why."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import tmcs as api
from tests.cases.audit_kit import DAMAGE, ZHAO, desk, fill, order
from tmcs.cases import documents
from tmcs.cases.audit import digest
from tmcs.cases.privacy import erase_customer
from tmcs.cases.replay import replay
from tmcs.core.errors import InputError, NotFoundError
from tmcs.loader import load_flow, load_flows, load_policy
from tmcs.store import open_store
from tmcs.testing import example_order, read_examples

Run = Callable[..., Any]


@pytest.fixture
def where(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with three cases, at the desk of somebody who may replay."""
    fill(store_url)
    for name, value in (("TMCS_STORE", store_url), ("TMCS_ROLE", "auditor"), ("TMCS_NOW", "2026-11-24T09:00:00+08:00")):
        monkeypatch.setenv(name, value)
    return store_url


def decisions(tmcs: Run, *argv: object) -> tuple[int, list[dict[str, Any]]]:
    ran = tmcs("case", "replay", *argv, "--format", "json")
    assert ran.json["schema"] == "tmcs/replay/1"
    return ran.code, ran.json["decisions"]


def edit_receipt(where: str, change: Callable[[bytes], bytes], *, fitting: bool = False) -> None:
    """Edit the receipt of case 1; ``fitting``: the event's digest of it too."""
    with open_store(where, write=True) as store, store.transaction():
        old = zlib.decompress(bytes(store.execute("SELECT body FROM receipt WHERE case_id = 1").fetchone()[0]))
        new = change(old)
        assert new != old
        store.execute("UPDATE receipt SET body = ? WHERE case_id = 1", (zlib.compress(new),))
        if fitting:
            store.execute("UPDATE event SET data = replace(data, ?, ?) WHERE case_id = 1 AND n = 1", (digest(old), digest(new)))


def test_decisions_are_the_same_byte_for_byte(tmcs: Run, where: str) -> None:
    for case, events in ((1, [1]), (2, [1, 4]), (3, [1])):
        code, found = decisions(tmcs, case)
        assert (code, [(one["event"], one["verdict"]) for one in found]) == (0, [(n, "same") for n in events])
    assert tmcs("case", "replay", 2, "--event", 4, "--lang", "zh").out == "事件 4  2026-11-23 10:00  得知事实: 逐字节相同\n"
    assert tmcs("case", "replay", 2, "--event", 3).code == 6
    assert tmcs("case", "replay", 99).code == 6


@pytest.mark.parametrize("flow_id", [flow.id for flow in load_flows()])
def test_what_is_pinned_decides_every_worked_case_as_the_installed_flow_did(
    flow_id: str, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, policy = load_flow(flow_id), load_policy()
    with open_store(store_url, write=True) as store:
        cases = []
        for example in read_examples(Path(flow.source).parent / "examples.yaml"):
            record = {**example_order(example.phase), **example.order}
            facts = {name: value for name, value in example.facts.items() if name != "tier"}
            seat = desk(store, at=example.now)
            seat.actor = type(seat.actor)("li", example.facts.get("tier", "frontline"), "agent")
            with suppress(InputError, NotFoundError):  # some show what is refused
                cases.append(seat.open(flow, policy, record, facts)[0])
        assert cases
        for name in ("_policies", "_flows", "_digests"):  # as another process finds it
            monkeypatch.setattr(documents, name, {})
        assert {one.verdict for case in cases for one in replay(store, case)} == {"same"}


_OPEN = """
import sys
from tests.cases.audit_kit import desk, order
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
if sys.argv[2] == "warm":
    load_policy().calendar.add(desk(None).now.date(), 3)
facts = {"photos_received": sys.argv[3]}
with open_store(sys.argv[1], write=True) as store:
    desk(store).open(load_flow("damage"), load_policy(), order("1"), facts)
print("chinese_calendar" in sys.modules)
"""


def opened(tmp_path: Path, state: str, photos: str) -> tuple[bool, bytes]:
    store = tmp_path / f"{state}.db"
    root = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", _OPEN, store, state, photos], capture_output=True, text=True, cwd=root, check=True)
    with open_store(str(store)) as found:
        return ran.stdout == "True\n", zlib.decompress(bytes(found.execute("SELECT body FROM receipt").fetchone()[0]))


def test_a_receipt_does_not_depend_on_what_was_looked_up_before(tmp_path: Path) -> None:
    """A decision that counts no working day neither loads the calendar nor notes its version."""
    opened(tmp_path, "first", "no")  # the flow is checked and that is remembered: a check counts days of every kind
    cold, warm = opened(tmp_path, "cold", "no"), opened(tmp_path, "warm", "no")
    assert (cold[0], warm[0]) == (False, True)
    assert cold[1] == warm[1]
    assert json.loads(cold[1])["calendar"] is None


def test_a_decision_that_counts_working_days_notes_the_calendar(where: str) -> None:
    with open_store(where) as store:
        body = json.loads(zlib.decompress(bytes(store.execute("SELECT body FROM receipt WHERE case_id = 2 AND n = 1").fetchone()[0])))
    assert body["calendar"].startswith("chinesecalendar ")


def test_a_new_program_version_with_the_same_result_is_told_apart(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tmcs.cases.decide.__version__", "9.9")
    code, (found,) = decisions(tmcs, 1)
    assert (code, found["verdict"]) == (0, "same-result")
    assert found["why"] == [{"zh": f"程序版本: tmcs {api.__version__} → tmcs 9.9", "en": f"program version: tmcs {api.__version__} → tmcs 9.9"}]
    assert found["differences"] == [{"path": "program", "old": f"tmcs {api.__version__}", "new": "tmcs 9.9"}]


def test_a_new_calendar_says_which_days_moved(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import date

    from tmcs.core.calendar import WorkingCalendar

    monkeypatch.setattr(documents, "_policies", {})
    monkeypatch.setattr(
        "tmcs.loader._published_calendar", lambda: WorkingCalendar([date(2026, 11, 25)], [], 2026, "chinesecalendar 99")
    )
    code, found = decisions(tmcs, 2, "--event", 1)
    assert (code, found[0]["verdict"]) == (1, "differs")
    assert found[0]["why"][0]["en"].endswith("→ chinesecalendar 99")
    moved = {one["path"]: (one["old"], one["new"]) for one in found[0]["differences"]}
    assert ("2026-11-26", "2026-11-27") in moved.values()
    monkeypatch.setattr(documents, "_policies", {})


def test_a_program_that_was_changed_under_its_version_is_said_so(tmcs: Run, where: str) -> None:
    edit_receipt(where, lambda body: body.replace(b'"outcome":"refund"', b'"outcome":"reorder"'), fitting=True)
    code, (found,) = decisions(tmcs, 1)
    assert (code, found["verdict"]) == (1, "differs")
    assert found["differences"] == [{"path": "result.outcome", "old": "reorder", "new": "refund"}]
    assert "the program was changed under the same version" in found["why"][0]["en"]


def test_an_edited_receipt_is_told_with_what_was_edited(tmcs: Run, where: str) -> None:
    edit_receipt(where, lambda body: body.replace(b'"outcome":"refund"', b'"outcome":"reorder"'))
    code, (found,) = decisions(tmcs, 1)
    assert (code, found["verdict"]) == (1, "changed")
    assert found["why"][0]["en"] == "the receipt was changed: its digest is not the one in the event"
    assert found["differences"] == [{"path": "result.outcome", "old": "reorder", "new": "refund"}]


def test_inputs_that_the_events_do_not_say_are_told(tmcs: Run, where: str) -> None:
    edit_receipt(where, lambda body: body.replace(b'"damage_kind":"rotten"', b'"damage_kind":"torn"', 1), fitting=True)
    code, (found,) = decisions(tmcs, 1)
    assert (code, found["verdict"]) == (1, "changed")
    assert found["why"][0]["en"] == "what the receipt rests on is not what the events say"
    assert {"path": "facts.damage_kind", "old": "torn", "new": "rotten"} in found["differences"]


def test_a_receipt_that_is_gone_or_unreadable_is_told(tmcs: Run, where: str) -> None:
    with open_store(where, write=True) as store, store.transaction():
        store.execute("DELETE FROM receipt WHERE case_id = 1")
        store.execute("UPDATE receipt SET body = ? WHERE case_id = 3", (b"none",))
    for case in (1, 3):
        code, (found,) = decisions(tmcs, case)
        assert (code, found["verdict"], found["why"][0]["en"]) == (1, "changed", "the receipt is missing, or cannot be read")


def test_a_document_that_was_changed_is_told(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_policies", {})
    with open_store(where, write=True) as store, store.transaction():
        store.execute("UPDATE document SET body = ? WHERE kind = 'policy'", (zlib.compress(b"{}"),))
    code, (found,) = decisions(tmcs, 1)
    assert (code, found["verdict"]) == (1, "changed")
    assert found["why"][0]["en"].endswith("were changed")


def test_an_erased_decision_says_so_and_the_others_are_still_made_anew(tmcs: Run, where: str) -> None:
    with open_store(where, write=True) as store:
        erase_customer(desk(store, ZHAO), "tb_demo", "客户要求", force=True)
    assert decisions(tmcs, 1)[0] == 0
    assert [one["verdict"] for one in decisions(tmcs, 1)[1]] == ["same"]
    code, found = decisions(tmcs, 2)
    assert (code, [one["verdict"] for one in found]) == (0, ["erased", "same"])
    assert len(found[0]["receipt"]) == 64
    assert "它的摘要" not in tmcs("case", "replay", 2).out
    assert "依据已按规定删除，只留摘要" in tmcs("case", "replay", 2, "--lang", "zh").out
    assert found[0]["receipt"] in tmcs("case", "replay", 2).out


def test_todays_policy_shows_what_it_would_change_and_why(tmcs: Run, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, found = decisions(tmcs, 1, "--current")
    assert (code, found[0]["verdict"]) == (0, "same")
    own = tmp_path / "own.yaml"
    own.write_text('payouts: {damage: {rows: {usual: {rate_max: "0.15"}}}}\n', "utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(own))
    code, found = decisions(tmcs, 1, "--current")
    assert (code, found[0]["verdict"]) == (1, "differs")
    assert found[0]["why"][0]["en"].startswith("policy changed in ")
    assert "payouts.damage.rows" in found[0]["why"][0]["en"]
    assert ("20.00", "15.00") in {(one["old"], one["new"]) for one in found[0]["differences"]}
    assert decisions(tmcs, 1)[0] == 0  # under what it is pinned to nothing differs


def test_nobodys_own_words_are_shown(tmcs: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that stands in a script differs nowhere in sight."""
    with open_store(where, write=True) as store, store.transaction():
        body = zlib.decompress(bytes(store.execute("SELECT body FROM receipt WHERE case_id = 2 AND n = 1").fetchone()[0])).decode()
        assert body.count("李签收") > 1
        changed = body.replace("李签收", "张冒名")
        store.execute("UPDATE receipt SET body = ? WHERE case_id = 2 AND n = 1", (zlib.compress(changed.encode()),))
    for form in ("text", "json"):
        ran = tmcs("case", "replay", 2, "--format", form)
        assert ran.code == 1
        assert not [name for name in ("李签收", "张冒名") if name in ran.out]
        assert "***" in ran.out


def test_a_later_event_of_the_same_moment_is_decided_as_it_was(store_url: str) -> None:
    """Facts given, changed and forgotten add up to what each receipt says."""
    with open_store(store_url, write=True) as store:
        seat = desk(store)
        case, _ = seat.open(load_flow("damage"), load_policy(), order("1"), {"photos_received": "no"})
        seat.set(case, {"photos_received": "yes"})
        seat.set(case, {**DAMAGE, "region": "上海市浦东新区"})
        seat.set(case, {"damage_kind": "shattered", "goods_kind": "glass"}, unset=["region"])
        assert [one.verdict for one in replay(store, case)] == ["same"] * 4
