"""`tmcs case open|set|pay|promise|approve|reject|ledger|note|pause|resume|close|reopen` and `tmcs resolve --save`."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_prompt import Terminal
from tests.conftest import NOW

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TID = "5200000000000010001"
PHOTOS = ("-s", "photos_received=yes", "-s", "goods_kind=glass", "-s", "damage_kind=shattered")
DAMAGE = (*PHOTOS, "-s", "partial_quantity=no")
PRICE = (
    "-s", "price_problem=system-fault", "-s", "taobao_reply=confirmed", "-s", "price_difference=5.00", "-s", "payee_details=yes",
)  # fmt: skip
PERSON = ("李示例", "13800000001", "sm_demo0001", "样例路1号")


class Seat:
    """A desk whose login can change."""

    def __init__(self, run: Any, patch: pytest.MonkeyPatch) -> None:
        self.run = run
        self.patch = patch
        self.login("amy")

    def login(self, agent: str, tier: str = "frontline", role: str = "agent") -> None:
        for name, value in (("AGENT", agent), ("TIER", tier), ("ROLE", role)):
            self.patch.setenv(f"TMCS_{name}", value)

    def __call__(self, *argv: object, **more: Any) -> Any:
        return self.run("case", *argv, **more)


@pytest.fixture
def case(tmcs: Any, store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seat:
    monkeypatch.setenv("TMCS_STORE", store_url)
    monkeypatch.setenv("TMCS_NOW", NOW)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert tmcs("order", "import", *sorted(EXAMPLES.glob("*-2026-11.csv"))).code == 0
    return Seat(tmcs, monkeypatch)


def test_open_says_the_number_first_and_then_what_resolve_says(case: Seat) -> None:
    done = case("open", "damage", "--order", TID, *DAMAGE)
    head, _, rest = done.out.partition("\n")
    assert (done.code, head) == (0, "案件 1 · 第 2 版")
    assert rest == case.run("resolve", "damage", "--order", TID, *DAMAGE, "--now", NOW).out
    assert not [word for word in PERSON if word in done.out]
    english = case("open", "damage", "--order", TID, *PHOTOS, "--lang", "en")
    assert (english.code, english.out.splitlines()[0]) == (3, "case 2 · version 1")
    assert case("open", "damage", "--order", TID, "-s", "photos_received=no").code == 4


def test_open_as_json(case: Seat) -> None:
    done = case("open", "damage", "--order", TID, *DAMAGE, "--format", "json")
    assert (done.json["schema"], done.json["case"], done.json["version"]) == ("tmcs/case-result/1", "1", 2)
    resolution = case.run("resolve", "damage", "--order", TID, *DAMAGE, "--now", NOW, "--format", "json").json
    assert done.json["resolution"] == resolution
    left = [(one["reason"], one["left"]) for one in done.json["money"]["left"]]
    assert left == [("damage", "7.98"), ("refund:HONEY-500", "39.90")]
    assert done.json["money"]["limits"] == {"customer_day": None, "order_total": None}


def test_what_other_cases_paid_or_promised_is_told_before_the_words(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    case("pay", 1, "--reason", "damage")
    shown = case("open", "damage", "--order", TID, *DAMAGE, "--lang", "en").out
    said = shown.splitlines()
    assert said[1] == "Already  damaged goods CNY 3.99 paid (case 1, 2026-11-23)"
    assert "CNY 0.00 is left" in said[2]
    assert "Open     1 damaged goods (2026-11-23)" in said
    assert shown.index("Already") < shown.index("Say")


def test_what_a_script_tells_and_another_case_has_is_not_to_be_promised(case: Seat) -> None:
    held = ("held-order", "--order", "5200000000000010002", "-s", "hold_reason=no-stock", "-s", "replenishable=no", "-s", "accepts_refund=yes")
    first = case("open", *held, "-s", "shipped=no", "--lang", "en")
    assert first.code == 0, first.err + first.out
    assert "Do not promise" not in first.out
    second = case("open", *held, "-s", "shipped=no", "--lang", "en").out.splitlines()
    assert second[1].startswith("Do not promise  refund CNY ")
    assert "(promised already)" in second[1]


def test_a_wrong_input_opens_nothing(case: Seat) -> None:
    for argv, code in (
        (("open", "damge", "--order", TID), 2), (("open", "damage", "--order", "404"), 6), (("open", "damage", "-s", "x=1"), 2),
        (("open", "damage", "--order", TID, "-s", "tier=supervisor"), 2), (("open", "damage", "--facts", "-", "--order-json", "-"), 2),
        (("set", "1"), 6), (("set", "one"), 2), (("set", "1" * 30), 2),
    ):  # fmt: skip
        done = case(*argv, "--lang", "en")
        assert (done.code, done.out) == (code, ""), argv
        assert done.err.startswith("tmcs: ")
    assert case("ledger", "--order", TID).code == 6


def test_set_learns_and_decides_anew(case: Seat) -> None:
    case("open", "damage", "--order", TID, *PHOTOS)
    done = case("set", "#1", "-s", "partial_quantity=no", "--why", "客户说全坏了")
    assert (done.code, done.out.splitlines()[0]) == (0, "案件 1 · 第 3 版")
    done = case("set", 1, "--unset", "partial_quantity", "--format", "json")
    assert (done.code, done.json["resolution"]["status"], done.json["version"]) == (3, "needs-facts", 4)
    assert case("set", 1, "--unset", "partial_quantity").code == 2
    assert case("set", 1, "-s", "tier=supervisor").code == 2
    assert case("set", 1, "--facts", "-", stdin='{"partial_quantity": "no"}').code == 0


def test_set_takes_the_order_as_the_book_has_it_now(case: Seat, tmp_path: Path) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    record = case.run("order", "show", TID, "--format", "json", "--reveal").json
    assert case("set", 1, "--format", "json").json["resolution"]["refund"]["route"] == "normal"
    text = (EXAMPLES / "orders-2026-11.csv").read_bytes().decode("gb18030")
    changed = "\r\n".join(line.replace("卖家已发货，等待买家确认", "交易成功") if TID in line else line for line in text.split("\r\n"))
    assert changed != text, record["status"]
    (tmp_path / "later.csv").write_bytes(changed.encode("gb18030"))
    assert case.run("order", "import", tmp_path / "later.csv").code == 0
    done = case("set", 1, "--format", "json")
    assert done.json["resolution"]["refund"]["route"] == "abnormal"


def test_a_case_goes_on_in_the_next_flow(case: Seat) -> None:
    first = case("open", "price", "--order", TID, *PRICE)
    assert first.code == 0, first.err
    done = case("set", 1, "--continue", "--format", "json")
    assert done.code == 0
    assert [one["flow"] for one in done.json["chain"]] == ["price", "abnormal-refund"]
    assert done.json["resolution"]["refund"] == {"route": "abnormal", "amount": "5.00"}


def test_resolve_saves_the_chain_as_one_case(case: Seat) -> None:
    given = ("--order", TID, *PRICE, "--continue")
    plain = case.run("resolve", "price", *given, "--now", NOW, "--format", "json")
    saved = case.run("resolve", "price", *given, "--save", "--format", "json")
    assert saved.json == plain.json, "the schema stays as it is"
    assert "已存为案件 1" in saved.err
    assert case("set", 1, "--format", "json").json["resolution"]["flow"] == "abnormal-refund"
    text = case.run("resolve", "damage", "--order", TID, *PHOTOS, "--save")
    assert (text.code, text.out.splitlines()[0]) == (3, "案件 2 · 第 1 版")


def test_a_what_if_is_not_saved(case: Seat, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("settings: {agent_name: {value: 小王}}\n")
    given = ("resolve", "damage", "--order", TID, *DAMAGE, "--save", "--lang", "en")
    for more in (("--tier", "supervisor"), ("--now", NOW), ("--policy", str(own)), ("-s", "tier=second-line")):
        done = case.run(*given, *more)
        assert (done.code, "what-if" in done.err, done.out) == (2, True, ""), more
    assert case.run(*given, "--tier", "frontline").code == 0
    case.login("eve", role="auditor")
    assert case.run(*given).code == 5


def test_pay_above_authority_waits_for_who_must_approve(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    assert case("pay", 1, "--reason", "damage", "--amount", "7.98").code == 2
    done = case("pay", 1, "--reason", "damage", "--amount", "7.98", "--why", "客户坚持", "--lang", "en")
    assert done.code == 4
    assert "must be approved by another agent: second line" in done.out
    assert "tmcs case approve 1 --entry 1" in done.out
    again = case("pay", 1, "--reason", "damage", "--lang", "en")
    assert (again.code, "a colleague who may approves it: tmcs case approve 1 --entry 1" in again.err) == (5, True)
    for agent, tier, who in (("bob", "frontline", "second line or above may"), ("amy", "supervisor", "another agent, second line or above")):
        case.login(agent, tier)
        refused = case("approve", 1, "--entry", 1, "--lang", "en")
        assert (refused.code, who in refused.err) == (5, True), refused.err
    case.login("cai", "second-line")
    assert case("approve", 1, "--why", "照片清楚").code == 0
    case.login("amy")
    done = case("pay", 1, "--reason", "damage", "--format", "json")
    assert done.json["schema"] == "tmcs/case-money/1"
    assert {key: done.json["entry"][key] for key in ("reason", "amount", "state", "agent", "tier", "approver")} == {
        "reason": "damage", "amount": "7.98", "state": "paid", "agent": "amy", "tier": "frontline", "approver": ["cai"],
    }  # fmt: skip


def test_pay_as_json_says_who_must_approve(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    done = case("promise", 1, "--reason", "damage", "--amount", "5", "--why", "x", "--format", "json")
    assert (done.code, done.json["levels"], done.json["approve"]) == (4, ["second-line"], "tmcs case approve 1 --entry 1")
    case.login("cai", "second-line")
    assert case("reject", 1).code == 2
    done = case("reject", 1, "--why", "照片不清", "--format", "json")
    assert done.json["entry"]["state"] == "rejected"
    assert case("reject", 1, "--why", "x").code == 6


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "1e9", "99999999999999999999", "１０", "NaN", "", "10,00", "+5", "0x10", "1\n"])
def test_a_hostile_amount_is_refused(case: Seat, amount: str) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    done = case("pay", 1, "--reason", "damage", f"--amount={amount}", "--lang", "en")
    assert (done.code, done.out) == (2, "")
    assert len(done.err) < 300
    assert case("ledger", 1, "--format", "json").json["entries"] == []


def test_a_huge_amount_is_above_every_limit(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    done = case("pay", 1, "--reason", "damage", "--amount", "99999999.99", "--why", "x", "--lang", "en")
    assert (done.code, "the most by the rules is 7.98" in done.err) == (5, True)


def test_the_ledger_shows_every_entry_and_what_remains(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    case("open", "damage", "--order", TID, *DAMAGE)
    case("pay", 1, "--reason", "damage")
    case("promise", 2, "--reason", "refund")
    for argv in ((1,), ("--order", TID)):
        shown = case("ledger", *argv, "--lang", "en").out
        assert "damaged goods" in shown
        assert re.search(r"\n1 +1 +damaged goods +coupon +3\.99 +paid +amy \(first line\)", shown)
        assert re.search(r"\n2 +2 +refund HONEY-500 +platform +39\.90 +promised", shown)
        assert "no limit per customer and day is set" in shown
        assert "paid in this case" in shown
    told = case("ledger", "--order", TID, "--format", "json").json
    assert (told["schema"], [one["case"] for one in told["cases"]]) == ("tmcs/ledger/1", ["2", "1"])
    assert case("ledger").code == 2
    assert case("ledger", 1, "--order", TID).code == 2
    assert case("ledger", 99).code == 6


def test_the_customers_limit_is_shown_where_the_policy_sets_it(case: Seat, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("cases: {customer_day: {value: '3.00'}}\n")
    case.patch.setenv("TMCS_POLICY", str(own))
    case("open", "damage", "--order", TID, *DAMAGE)
    shown = case("ledger", 1, "--lang", "en").out
    assert "limit per customer and day: CNY 3.00" in shown
    assert "no limit per order, besides C06, is set" in shown
    assert "limit for the day is 3.00, 0.00 is used" in " ".join(shown.split())
    assert case("pay", 1, "--reason", "damage").code == 5


def test_a_conflict_shows_both_sides_and_keeps_the_draft(case: Seat, tmp_path: Path) -> None:
    case("open", "damage", "--order", TID, *PHOTOS)
    case.login("bob")
    case("note", 1, "客户又来电，请打 13900000002")
    case("set", 1, "-s", "partial_quantity=no")
    case.login("amy")
    done = case("set", 1, "-s", "partial_quantity=yes", "-s", "units_affected=1", "--why", "只坏一半，电话 13900000003", "--version", 1, "--lang", "en")
    assert (done.code, done.out) == (75, "")
    assert "since then: 11-23 10:00 bob fact learnt partial_quantity=no" in done.err
    assert "you were about to write: set partial_quantity=yes units_affected=1" in done.err
    assert "1390000" not in done.err
    (draft,) = (tmp_path / "state" / "tmcs" / "drafts").iterdir()
    assert (stat.S_IMODE(draft.stat().st_mode), stat.S_IMODE(draft.parent.stat().st_mode)) == (0o600, 0o700)
    assert f"tmcs case set 1 --facts {draft}" in done.err
    kept = json.loads(draft.read_text())
    assert (kept["facts"], kept["options"]["why"]) == ({"partial_quantity": "yes", "units_affected": "1"}, "只坏一半，电话 13900000003")
    done = case("set", 1, "--facts", draft, "--format", "json")
    assert done.code in (0, 3), done.err
    assert not draft.exists(), "what was written needs no draft any more"
    assert {"fact": "partial_quantity", "value": "yes"}.items() <= next(
        step for step in done.json["resolution"]["path"] if step["fact"] == "partial_quantity"
    ).items()


def test_a_conflict_as_json_carries_both_sides(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    done = case("pay", 1, "--reason", "damage", "--amount", "3.99", "--why", "私话", "--version", 1, "--format", "json")
    error = json.loads(done.err)
    assert (error["exit"], error["based_on"], error["version"]) == (75, 1, 2)
    assert [one["kind"] for one in error["theirs"]] == ["promised"]
    assert error["yours"] == {"command": "pay", "facts": {}, "options": {"reason": "damage", "amount": "3.99", "why": "…"}}
    assert "私话" not in done.err
    again = case("pay", 1, "--draft", error["draft"])
    assert again.code == 0, again.err
    assert case("note", 1, "--draft", error["draft"]).code != 0


@pytest.mark.parametrize(
    "argv",
    [
        ("set",), ("pay", "--reason", "damage"), ("promise", "--reason", "damage"), ("approve",), ("reject", "--why", "x"),
        ("note", "x"), ("pause", "--why", "x"), ("resume",), ("close",), ("reopen", "--why", "x"), ("release", "--why", "x"),
        ("hand-over", "--to", "19026", "--why", "x"), ("assign", "--to", "bob", "--why", "x"), ("done",), ("withdraw", "--task", "1", "--why", "x"),
    ],
)  # fmt: skip
def test_every_writing_command_checks_the_version(case: Seat, argv: tuple[str, ...]) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    case.login("lin", role="lead")
    for version in (1, 99):
        done = case(argv[0], 1, *argv[1:], "--version", version, "--format", "json")
        assert (done.code, json.loads(done.err)["version"]) == (75, 2)
        assert os.path.exists(json.loads(done.err)["draft"])


@pytest.mark.parametrize(
    "argv",
    [
        ("note", "客户又来电"), ("pause", "--why", "等照片", "--for", "warehouse"), ("hand-over", "--to", "19026", "--why", "x"),
        ("assign", "--to", "bob", "--why", "x"), ("withdraw", "--task", "1", "--why", "x"), ("close", "--force", "--why", "x"),
        ("promise", "--reason", "damage", "--amount", "3.99"),
    ],
)  # fmt: skip
def test_a_draft_holds_the_whole_command(case: Seat, argv: tuple[str, ...]) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    case.login("lin", role="lead")
    draft = json.loads(case(argv[0], 1, *argv[1:], "--version", 1, "--format", "json").err)["draft"]
    done = case(argv[0], 1, "--draft", draft)
    assert done.code == 0, done.err
    assert not os.path.exists(draft)


def test_a_draft_that_cannot_be_kept_is_said(case: Seat, tmp_path: Path) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    (tmp_path / "plain").write_text("")
    case.patch.setenv("XDG_STATE_HOME", str(tmp_path / "plain"))
    done = case("pay", 1, "--reason", "damage", "--version", 1, "--lang", "en")
    assert (done.code, "the draft cannot be kept" in done.err, "reason=damage" in done.err) == (75, True, True)


def test_the_life_of_a_case(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    refused = case("close", 1, "--lang", "en")
    assert refused.code == 5
    assert [line.split(":")[0].strip() for line in refused.err.splitlines()[1:3]] == ["task 1", "promise 2"]
    assert case("close", 1, "--force", "--why", "x").code == 5, "an agent may not force it"
    assert case("pause", 1).code == 2
    assert case("pause", 1, "--why", "等照片", "--for", "nobody").code == 2
    assert case("pause", 1, "--why", "等照片").out == "案件 1 · 第 3 版 · 已暂停计时\n"
    case.patch.setenv("TMCS_NOW", "2026-11-26T10:00:00+08:00")
    assert case("resume", 1, "--format", "json").json == {
        "schema": "tmcs/case-step/1", "case": "1", "version": 4, "did": "resume", "notes": [],
    }  # fmt: skip
    case.login("lin", role="lead")
    assert case("close", 1, "--force").code == 2
    forced = case("close", 1, "--force", "--why", "客户撤诉", "--lang", "en")
    assert (forced.code, forced.err.count("withdrawn")) == (0, 2)
    assert case("set", 1).code == 2
    assert case("note", 1, "-", stdin="客户致谢\n").code == 0
    assert case("note", 1, " ").code == 2
    assert case("reopen", 1).code == 2
    assert case("reopen", 1, "--why", "客户又来电").code == 0


def test_who_may_not_is_told_who_may(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    case.login("eve", role="auditor")
    for argv in (("open", "damage"), ("set", 1), ("pay", 1), ("approve", 1), ("note", 1, "x"), ("close", 1), ("reopen", 1, "--why", "x")):
        done = case(*argv, "--lang", "en")
        assert (done.code, "who may: agent" in done.err) == (5, True), argv
    assert case("ledger", 1).code == 0, "an auditor may look"


def test_at_a_terminal_missing_facts_are_asked_and_the_version_is_the_one_before_the_questions(case: Seat) -> None:
    terminal = Terminal(["case", "open", "damage", "--order", TID, *PHOTOS])
    terminal.until("1-2> ")
    terminal.type("2\n")
    assert terminal.end() == 0
    assert "案件 1 · 第 2 版" in terminal.seen
    case("set", 1, "--unset", "partial_quantity")
    terminal = Terminal(["case", "set", "1"])
    terminal.until("1-2> ")
    case.login("bob")
    case("note", 1, "先到一步")
    terminal.type("2\n")
    assert terminal.end() == 75
    assert "bob 备注" in terminal.seen
    draft = re.search(r"--facts (\S+)", terminal.seen)
    assert draft is not None
    assert json.loads(Path(draft[1]).read_text())["facts"] == {"partial_quantity": "no"}
    assert case("set", 1, "--facts", draft[1]).code == 0


def test_an_agent_who_is_asked_is_told_first_what_the_order_had(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    case("pay", 1, "--reason", "damage")
    terminal = Terminal(["case", "open", "damage", "--order", TID, *PHOTOS, "--lang", "en"])
    before = terminal.until("1-2> ")
    assert "already on this order: damaged goods CNY 3.99 paid (case 1" in before
    terminal.type("q\n")
    assert terminal.end() == 3


def test_hostile_words_do_not_reach_the_terminal(case: Seat) -> None:
    case("open", "damage", "--order", TID, *DAMAGE)
    done = case("pay", 1, "--reason", "\x1b[31mx", "--lang", "en")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert case("note", 1, "x" * 3000).code == 2
