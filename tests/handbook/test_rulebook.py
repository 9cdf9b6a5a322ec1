"""Rules and rulings by id, and a third party's rules beside them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tmcs import rulebook
from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.text import Text

FOREIGN = """\
section: X01
title: {zh: 冷链, en: cold chain}
rules:
  - id: X01-R01
    kind: deadline
    statement:
      zh: 冷藏商品须当日送达。
      en: Chilled goods arrive the same day.
  - id: X01-R02
    kind: script
    statement: {zh: 告知冷链延误。, en: Tell of the delay.}
    setting: [evidence_mailbox]
    moment: {zh: 冷链延误, en: chilled goods are late}
    direction: outbound
    must_convey:
      - {zh: '照片发到{evidence_mailbox}', en: 'photos go to {evidence_mailbox}'}
    asks:
      - question: {zh: 还要吗, en: still wanted?}
        answers:
          - {answer: {zh: 要, en: 'yes'}, leads_to: X01-R01}
          - {answer: {zh: 不要, en: 'no'}, leads_to: {zh: 退款, en: refund}}
"""


@pytest.fixture(autouse=True)
def _own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "_added", {})
    monkeypatch.setattr(rulebook, "_known", None)


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "cold.yaml"
    path.write_text(FOREIGN, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("written", "id"),
    [
        ("H04-R07", "H04-R07"),
        ("h04-r07", "H04-R07"),
        ("h4-r7", "H04-R07"),
        ("H04R7", "H04-R07"),
        (" h004-R007 ", "H04-R07"),
        ("c4", "C04"),
        ("C100", "C100"),
        ("h4", "H04"),
        ("damage", "damage"),
        ("", ""),
    ],
)
def test_ids_are_read_in_any_spelling(written: str, id: str) -> None:
    assert rulebook.normalise(written) == id


def test_a_rule_carries_its_statement_and_place() -> None:
    rule = rulebook.rule("h4-r7")
    assert rule.id == "H04-R07"
    assert rule.section == "H04"
    assert rule.kind == "goods"
    assert rule.where == "流程注解"
    assert "开过封" in rule.statement.zh


def test_a_ruling_carries_both_sides_and_its_review() -> None:
    ruling = rulebook.ruling("C04")
    assert [rules for rules, _ in ruling.sides][:2] == [["H01-R66", "H01-R70"], ["H01-R67"]]
    assert "10%" in ruling.resolution.zh
    assert ruling.owner == Text("客服台负责人", "desk lead")
    assert (ruling.ruled, ruling.review) == ("2026-11-23", "2027-11-23")


def test_an_entry_may_have_an_owner_and_a_review_of_its_own() -> None:
    side = {"rules": ["H04-R07"], "says": {"zh": "甲", "en": "a"}}
    text = {"zh": "乙", "en": "b"}
    entry = {
        "id": "C01", "title": text, "type": "gap", "affects": ["money"], "sides": [side], "resolution": text,
        "reason": text, "follow": [], "ruled": "2028-02-29",
    }  # fmt: skip
    desk = {"zh": "负责人", "en": "lead"}
    assert rulebook.Ruling(entry, desk, 1).review == "2029-02-28"
    assert rulebook.Ruling(entry, desk, 4).review == "2032-02-29"
    own = rulebook.Ruling({**entry, "review": "2028-06-30", "owner": {"zh": "财务", "en": "finance"}}, desk, 1)
    assert own.review == "2028-06-30"
    assert own.owner.en == "finance"


def test_cited_keeps_the_order_and_mixes_rules_and_rulings() -> None:
    found = rulebook.cited(["C36", "H04-R05", "c35"])
    assert [one.id for one in found] == ["C36", "H04-R05", "C35"]
    assert [type(one).__name__ for one in found] == ["Ruling", "Rule", "Ruling"]
    assert rulebook.cited([]) == []


def test_rulings_on_a_rule() -> None:
    assert [one.id for one in rulebook.rulings_on("H04-R17")] == ["C35"]
    assert rulebook.rulings_on("H04-R02") == []


@pytest.mark.parametrize(
    ("look", "id", "near"),
    [
        (rulebook.rule, "H04-R99", "H04-R"),
        (rulebook.rule, "C04", ""),
        (rulebook.ruling, "C999", "C99"),
        (rulebook.ruling, "H04-R07", ""),
        (rulebook.section, "H44", "H14"),
        (lambda id: rulebook.cited([id]), "h04-r70", "H04-R"),
        (lambda id: rulebook.cited([id]), "", ""),
    ],
)
def test_an_unknown_id_names_the_nearest(look, id: str, near: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        look(id)
    assert caught.value.exit_code == 6
    assert near in caught.value.text.en
    assert near in caught.value.text.zh
    assert caught.value.hint is not None


def test_settings_fill_the_placeholders() -> None:
    rule = rulebook.rule("H04-R20")
    assert "{evidence_mailbox}" in rule.statement.zh
    assert "evidence@example.invalid" in rule.filled().statement.zh
    mine = rule.filled({"evidence_mailbox": Text("a@desk.example", "b@desk.example")})
    assert "a@desk.example" in mine.statement.zh
    assert "b@desk.example" in mine.statement.en
    assert "{evidence_mailbox}" in rule.filled({}).statement.en
    script = rulebook.rule("H04-R28").filled()
    assert any("evidence@example.invalid" in text.en for text in script.must_convey)
    assert rulebook.rule("H04-R07").filled() is rulebook.rule("H04-R07")


def test_only_the_section_asked_for_is_read() -> None:
    code = (
        "import sys; from tmcs import rulebook; from tmcs.lang import cache; real = cache.load_yaml; seen = []\n"
        "cache.load_yaml = lambda path: (seen.append(path[-8:]), real(path))[1]\n"
        "assert len(rulebook.known_ids()) == 647 and seen == [], seen\n"
        "rulebook.rule('H04-R07'); rulebook.rule('H04-R08'); assert seen == ['H04.yaml'], seen\n"
        "assert 'tabulate' not in sys.modules and 'click' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_foreign_rules_join(foreign: Path) -> None:
    assert "X01-R01" not in rulebook.known_ids()
    rulebook.register(foreign)
    assert "X01-R01" in rulebook.known_ids()
    assert rulebook.rule("x1-r1").statement.en == "Chilled goods arrive the same day."
    assert rulebook.section_ids()[-1] == "X01"
    assert [one.id for one in rulebook.section("X01").rules] == ["X01-R01", "X01-R02"]
    script = rulebook.rule("X01-R02").filled()
    assert script.direction_basis == "stated"
    assert "evidence@example.invalid" in script.must_convey[0].zh
    assert [to for _, to in script.asks[0].answers] == ["X01-R01", Text("退款", "refund")]
    rulebook.register(foreign)
    assert len(rulebook.known_ids()) == 649


def test_reading_foreign_rules_adds_nothing(foreign: Path) -> None:
    assert [one.id for one in rulebook.rules_from([foreign])] == ["X01"]
    assert "X01-R01" not in rulebook.known_ids()
    with pytest.raises(InputError, match="stands in two files"):
        rulebook.rules_from([foreign, foreign])


def test_the_same_section_from_another_file_is_refused(foreign: Path, tmp_path: Path) -> None:
    rulebook.register(foreign)
    other = tmp_path / "other.yaml"
    other.write_text(FOREIGN.replace("same day", "next day"), encoding="utf-8")
    with pytest.raises(InputError, match="was added from another file"):
        rulebook.register(other)
    assert rulebook.rule("X01-R01").statement.en.endswith("the same day.")


def test_every_fault_of_a_foreign_file_is_named_with_its_place(foreign: Path) -> None:
    bad = (
        FOREIGN.replace("kind: deadline", "kind: deadlin")
        .replace("id: X01-R02", "id: Y01-R02")
        .replace("    setting: [evidence_mailbox]\n", "")
        .replace("direction: outbound", "direction: out")
        .replace(", en: refund}", "}")
    )
    foreign.write_text(bad, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        rulebook.register(foreign)
    found = [(one.line, one.text.en) for one in caught.value.findings]
    assert (5, "unknown kind deadlin") in found
    assert (9, "the rule id Y01-R02 is wrong") in found
    assert (9, "evidence_mailbox is not listed under setting") in found
    assert (13, "unknown direction out") in found
    assert any(said == "en is missing" for _, said in found)
    assert all(one.file == str(foreign) and one.line for one in caught.value.findings)
    assert next(one for one in caught.value.findings if one.line == 5).nearest == ["deadline"]
    assert "X01-R01" not in rulebook.known_ids()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("X01", "H15", "H15 belongs to the handbook"),
        ("X01", "C01", "C01 belongs to the handbook"),
        ("X01", "cold", "the section id cold is wrong"),
        ("X01-R02", "X01-R01", "X01-R01 stands twice"),
        ("rules:", "rule:", "unknown key rule"),
    ],
)
def test_foreign_sections_keep_to_their_own_letters(foreign: Path, old: str, new: str, said: str) -> None:
    foreign.write_text(FOREIGN.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        rulebook.register(foreign)
    assert said in [one.text.en for one in caught.value.findings]


@pytest.mark.parametrize("text", ["", "just words", "section: X01\ntitle: {zh: 甲, en: a}\nrules: []\n", "- a\n"])
def test_a_file_that_is_no_section_is_refused(foreign: Path, text: str) -> None:
    foreign.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        rulebook.register(foreign)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        rulebook.register(tmp_path / "none.yaml")
