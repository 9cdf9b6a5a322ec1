"""Past cases decided again under a new policy: from the store, from its export, from a file of facts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cases.audit_kit import DAMAGE, QIAN, ZHAO, desk, fill, order
from tests.conftest import line
from tmcs.cases import payments
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store

LOWER = """\
payouts:
  damage: {rows: {usual: {rate_max: "0.15"}}}
  price-difference: {rows: {usual: {rate_min: "0.50", rate_max: "0.50"}}}
"""
#: A ruling held open: what rests on it goes up instead of being decided.
OPEN = "rulings: {C36: {status: unresolved}}\n"
#: A fact that the shipped policy does not ask of a damage.
ASKS = 'payouts: {damage: {needs: [item_price], rows: {usual: {when: {item_price: "> 0"}}}}}\n'
PRICE = {"price_problem": "system-fault", "taobao_reply": "confirmed", "price_difference": "30.00"}
SPAN = "2026-11-01..2026-11-30"


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "lead")
    monkeypatch.setenv("TMCS_NOW", "2026-12-01T09:00:00+08:00")


@pytest.fixture
def policy(tmp_path: Path) -> Any:
    def write(text: str) -> str:
        file = tmp_path / "new.yaml"
        file.write_text(text, "utf-8")
        return str(file)

    return write


@pytest.fixture
def backtest(tmcs: Any, lead: None) -> Any:
    def call(*argv: object, code: int = 0) -> dict[str, Any]:
        ran = tmcs("policy", "backtest", "--format", "json", *argv)
        assert ran.code == code, ran.err
        assert ran.err == "" or code
        found: dict[str, Any] = ran.json
        assert found["cases"] == found["same"] + found["changed"] + found["unknown"]
        return found

    return call


def money(found: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str, str, str]]:
    return {
        (one["reason"], one["tier"]): (one["difference"]["commit"], one["difference"]["max"], one["promised"], one["paid"]) for one in found["money"]
    }


def test_cases_of_the_store(store_url: str, backtest: Any, policy: Any) -> None:
    fill(store_url)
    found = backtest("--policy", policy(LOWER), "--cases", SPAN, "--store", store_url)
    assert (found["cases"], found["changed"], found["same"], found["not_as_pinned"]) == (3, 1, 2, 0)
    assert found["changes"] == {"payouts": 1}
    assert money(found)["damage", "frontline"] == ("0.00", "-5.00", "0.00", "20.00"), "first line may promise 10% as before"
    assert [(one["case"], one["difference"]["max"], one["paid"]) for one in found["largest"]] == [("1", "-5.00", "20.00")]
    compensation = next(one for one in found["totals"] if one["kind"] == "compensation")
    assert (compensation["old"], compensation["new"]) == ({"commit": "10.00", "max": "20.00"}, {"commit": "10.00", "max": "15.00"})


def test_the_same_policy_changes_nothing(store_url: str, backtest: Any, policy: Any) -> None:
    fill(store_url)
    found = backtest("--policy", policy("note: nothing\n"), "--cases", SPAN, "--store", store_url)
    assert (found["changed"], found["unknown"], found["largest"]) == (0, 0, [])


def test_only_cases_last_decided_in_the_span(store_url: str, backtest: Any, policy: Any) -> None:
    with open_store(store_url, write=True) as store:
        first, _ = desk(store, at="2026-10-30T10:00:00+08:00").open(load_flow("damage"), load_policy(), order("T1"), {"photos_received": "no"})
        desk(store, at="2026-11-02T00:00:00+08:00").set(first, DAMAGE)
        desk(store, at="2026-11-03T23:59:59+08:00").open(load_flow("damage"), load_policy(), order("T2"), DAMAGE)
    new = policy(LOWER)
    for span, cases in (("2026-10-30..2026-11-01", 0), ("2026-11-02", 1), ("2026-11-02..2026-11-03", 2), ("2026-11-03..2026-11-03", 1)):
        assert backtest("--policy", new, "--cases", span, "--store", store_url)["cases"] == cases, span


def test_tiers_are_told_apart_and_a_case_that_went_on_is_decided_in_each_flow(store_url: str, backtest: Any, policy: Any) -> None:
    with open_store(store_url, write=True) as store:
        number, result = desk(store, QIAN).open(load_flow("price"), load_policy(), order("T1"), PRICE)
        assert result.next_flow == "abnormal-refund"
        desk(store, QIAN).move_on(number, load_flow)
        desk(store, ZHAO).open(load_flow("damage"), load_policy(), order("T2"), DAMAGE)
        payments.pay(desk(store, ZHAO), 2, "damage", 2000, promise=True)
    found = backtest("--policy", policy(LOWER), "--cases", SPAN, "--store", store_url)
    assert money(found)["price-difference", "supervisor"][:2] == ("-15.00", "-15.00")
    assert money(found)["damage", "second-line"] == ("-5.00", "-5.00", "20.00", "0.00")
    assert found["unknown"] == 0
    assert [one["case"] for one in found["largest"]] == ["1", "2"]


def test_an_outcome_that_changes(store_url: str, backtest: Any, policy: Any) -> None:
    fill(store_url)
    found = backtest("--policy", policy(OPEN), "--cases", SPAN, "--store", store_url)
    assert {"flow": "damage", "old": "refund", "new": "escalate", "cases": 1} in found["outcomes"]


def test_what_cannot_be_known(store_url: str, backtest: Any, policy: Any) -> None:
    with open_store(store_url, write=True) as store:
        bare = order("T1", orders=[{key: value for key, value in line("S1").items() if key != "price"}])
        desk(store).open(load_flow("damage"), load_policy(), bare, DAMAGE)
        desk(store).open(load_flow("damage"), load_policy(), order("T2"), DAMAGE)
    found = backtest("--policy", policy(ASKS), "--cases", SPAN, "--store", store_url)
    assert (found["unknown"], found["cases"]) == (1, 2)
    assert [(one["why"], one["what"]["en"], one["cases"], one["example"]) for one in found["unknowns"]] == [("needs-facts", "item_price", 1, "1")]


def test_erased_words_are_not_needed_and_other_facts_are(store_url: str, backtest: Any, policy: Any, tmcs: Any) -> None:
    fill(store_url)
    assert tmcs("case", "erase", "--customer", "tb_demo", "--force", "--why", "x", "--store", store_url).code == 0
    found = backtest("--policy", policy(LOWER), "--cases", SPAN, "--store", store_url)
    assert (found["changed"], found["unknown"]) == (1, 0), "no rule reads more of somebody's words than that they are there"


def test_the_export_says_the_same_as_the_store(store_url: str, backtest: Any, policy: Any, tmcs: Any, tmp_path: Path) -> None:
    fill(store_url)
    file = tmp_path / "cases.jsonl"
    assert tmcs("case", "export", "--out", file, "--store", store_url).code == 0
    new = policy(LOWER)
    store, export = (backtest("--policy", new, *argv) for argv in (("--cases", SPAN, "--store", store_url), ("--export", file)))
    assert export["source"] == "export"
    for key in ("cases", "same", "changed", "unknown", "money", "totals", "largest", "changes", "not_as_pinned"):
        assert store[key] == export[key], key
    assert backtest("--policy", new, "--export", file, "--cases", "2026-12-01..2026-12-02")["cases"] == 0


def plain(**more: Any) -> str:
    return json.dumps({"flow": "damage", "order": order("T1"), "facts": DAMAGE, "at": "2026-11-23T10:00:00+08:00", **more}, ensure_ascii=False)


def test_a_file_of_facts(backtest: Any, policy: Any, tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    lines = [plain(id="A", paid={"damage": "10.00"}), plain(tier="second-line"), plain(flow="no-such-flow"), plain(facts={"colour": "red"})]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    found = backtest("--policy", policy(LOWER), "--export", file)
    assert (found["cases"], found["changed"], found["unknown"]) == (4, 2, 2)
    assert {one["why"] for one in found["unknowns"]} == {"unreadable"}
    assert money(found)["damage", "frontline"] == ("0.00", "-5.00", "0.00", "10.00")
    assert money(found)["damage", "second-line"] == ("-5.00", "-5.00", "0.00", "0.00")
    assert [one["case"] for one in found["largest"]] == [f"{file}:2", "A"]


def test_lines_that_cannot_be_read_are_told(tmcs: Any, backtest: Any, policy: Any, tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    bad = ["{", "[]", "\u0000", plain(at="yesterday"), plain(facts=[]), json.dumps({"flow": "damage"})]
    file.write_text("\n".join([plain(), *bad]), "utf-8")
    found = backtest("--policy", policy(LOWER), "--export", file, code=1)
    assert (found["cases"], found["unread"], len(found["findings"])) == (1, len(bad), len(bad))
    ran = tmcs("policy", "backtest", "--policy", policy(LOWER), "--export", "-", "--lang", "en", stdin=plain() + "\n{\n")
    assert (ran.code, "stdin:2: not a JSON object" in ran.err) == (1, True)
    assert "1 case: changed 1" in ran.out


def test_figures_that_start_later_are_tried_on_the_past(backtest: Any, policy: Any, tmp_path: Path) -> None:
    file = tmp_path / "facts.jsonl"
    file.write_text(plain(), "utf-8")
    new = policy('payouts: {damage: {rows: {usual: {rate_max: [{from: 2012-04-16, value: "0.20"}, {from: 2030-01-01, value: "0.12"}]}}}}\n')
    found = backtest("--policy", new, "--export", file)
    assert (found["on"], found["largest"][0]["difference"]["max"]) == ("2030-01-01", "-8.00")
    assert backtest("--policy", new, "--export", file, "--on", "2029-12-31")["changed"] == 0


def test_text_and_workbook(tmcs: Any, lead: None, policy: Any, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    file, book = tmp_path / "facts.jsonl", tmp_path / "out.xlsx"
    file.write_text("\n".join([plain(), plain(facts={**DAMAGE, "photos_received": "no"})]), "utf-8")
    argv = ("policy", "backtest", "--policy", policy(LOWER), "--export", file)
    for lang, words in (("zh", ("2 件: 改变 1", "按原因与层级", "变化最大的")), ("en", ("2 cases: changed 1", "by reason and tier", "-5.00"))):
        ran = tmcs(*argv, "--lang", lang)
        assert (ran.code, ran.err) == (0, "")
        assert all(word in ran.out for word in words), ran.out
    ran = tmcs(*argv, "--format", "xlsx", "--out", book, "--lang", "en")
    assert (ran.code, ran.out.strip()) == (0, str(book))
    opened = load_workbook(book)
    assert opened.sheetnames == ["overview", "by reason", "by reason and tier", "changed outcomes", "cannot be known", "largest changes"]
    rows = list(opened["by reason"].iter_rows(values_only=True))
    assert dict(zip(rows[0], rows[1], strict=True))["difference of the most"] == -5
    assert [len(opened[name]._charts) for name in ("by reason", "by reason and tier", "largest changes")] == [1, 1, 1]
    assert tmcs(*argv, "--out", tmp_path / "out.html", "--lang", "zh").code == 0
    assert "政策回测" in (tmp_path / "out.html").read_text("utf-8")


@pytest.mark.parametrize(("argv", "said"), [
    (("--policy", "POLICY"), "--cases FROM..TO or --export FILE"),
    (("--policy", "POLICY", "--cases", "yesterday"), "expected a day"),
    (("--policy", "POLICY", "--cases", "2026-11-02..2026-11-01"), "begins after its end"),
    (("--policy", "POLICY", "--export", "x", "--format", "xlsx"), "needs --out FILE.xlsx"),
    (("--policy", "POLICY", "--export", "x", "--on", "x"), "expected a day"),
])  # fmt: skip
def test_wrong_words(tmcs: Any, lead: None, policy: Any, argv: tuple[str, ...], said: str) -> None:
    new = policy(LOWER)
    ran = tmcs("policy", "backtest", *(new if one == "POLICY" else one for one in argv), "--lang", "en")
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_a_role_that_may_not_decide_again_may_not_backtest(tmcs: Any, store_url: str, policy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store_url)
    monkeypatch.setenv("TMCS_ROLE", "job")
    assert tmcs("policy", "backtest", "--policy", policy(LOWER), "--cases", SPAN, "--store", store_url).code == 5
    assert tmcs("policy", "backtest", "--policy", policy(LOWER), "--export", "/no/such/file").code == 6


def test_only_sums_are_kept(policy: Any) -> None:
    """Whatever the number of cases: ten largest, and no more different things than there are bounds for."""
    from tmcs.cases.backtest import Backtest
    from tmcs.cases.past import Library, PastFile

    found = Backtest(load_policy([policy(LOWER)]))
    file = PastFile("f", Library(None, load_policy(), load_flow), date(2026, 1, 1), None)
    found.take_all(file.cases(plain(order=order(f"T{n}", payment=f"{n}.00")).encode() for n in range(1, 40)))
    assert (found.cases, len(found.largest)) == (39, 10)
    assert [one["case"] for one in found.largest][:2] == ["f:39", "f:38"]
