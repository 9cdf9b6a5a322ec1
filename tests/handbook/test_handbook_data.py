"""The handbook's files: complete, in both languages, with no id that leads nowhere and no value of a real desk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tmcs
from tmcs import rulebook
from tmcs.core.text import Text
from tmcs.lang.cache import load_yaml

HANDBOOK = Path(tmcs.__file__).parent / "handbook"
FILES = [*sorted((HANDBOOK / "rules").glob("*.yaml")), HANDBOOK / "conflicts.yaml", HANDBOOK / "settings.yaml"]
SECTIONS = [f"H{n:02d}" for n in range(1, 15)] + [f"P{n:02d}" for n in range(1, 12)]
HAN = re.compile("[\u4e00-\u9fff]")
RULE_ID = re.compile(r"\b[HP]\d\d-R\d\d\b")
RULING_ID = re.compile(r"\bC\d{2,3}\b")


def all_rules() -> list[rulebook.Rule]:
    return [one for part in rulebook.sections() for one in part.rules]


def both(text: Text) -> bool:
    return bool(HAN.search(text.zh)) and bool(re.search(r"[A-Za-z0-9]", text.en))


def test_all_25_sections_and_527_rules_are_there() -> None:
    assert rulebook.section_ids() == SECTIONS
    assert len(all_rules()) == 527
    assert sorted(path.stem for path in (HANDBOOK / "rules").iterdir()) == SECTIONS


def test_ids_are_contiguous_and_stand_once() -> None:
    for part in rulebook.sections():
        assert [one.id for one in part.rules] == [f"{part.id}-R{n:02d}" for n in range(1, len(part.rules) + 1)]
    assert [one.id for one in rulebook.rulings()] == [f"C{n:02d}" for n in range(1, 121)]


def test_the_index_of_ids_equals_the_files() -> None:
    listed = (HANDBOOK / "ids.txt").read_text(encoding="ascii").splitlines()
    assert listed == [one.id for one in all_rules()] + [one.id for one in rulebook.rulings()]


def test_every_text_of_every_rule_stands_in_both_languages() -> None:
    assert [one.id for one in all_rules() if not both(one.statement)] == []
    for one in all_rules():
        assert all(both(text) for text in one.texts()), one.id
    for part in rulebook.sections():
        assert both(part.title)
        assert both(part.purpose)


def test_every_script_says_when_which_way_and_what() -> None:
    scripts = [one for one in all_rules() if one.kind == "script"]
    assert len(scripts) == 94
    for one in scripts:
        assert one.moment is not None
        assert one.direction in ("inbound", "outbound")
        assert one.must_convey, one.id
    assert [one.id for one in all_rules() if one.kind != "script" and one.moment] == []


def test_answers_lead_to_a_rule_or_say_what_to_do() -> None:
    known = rulebook.known_ids()
    for one in all_rules():
        for ask in one.asks:
            for _, to in ask.answers:
                assert both(to) if isinstance(to, Text) else to in known, one.id
        assert set(one.see) <= known


def test_every_kind_and_place_has_its_word() -> None:
    assert {one.kind for one in all_rules()} == set(rulebook.KINDS)
    assert {one.where for one in all_rules()} == set(rulebook.PLACES)


def test_rulings_are_complete_and_in_both_languages() -> None:
    for one in rulebook.rulings():
        assert all(both(text) for text in one.texts()), one.id
        assert one.type in ("contradiction", "ambiguity", "gap", "cut_off")
        assert one.affects
        assert one.sides
        assert one.ruled == "2026-11-23"
        assert one.review == "2027-11-23"
        assert both(one.owner)


def test_every_id_named_in_the_rulings_exists() -> None:
    known = rulebook.known_ids()
    for one in rulebook.rulings():
        named = {id for rules, _ in one.sides for id in rules} | set(one.follow)
        assert named <= known, one.id
        for text in one.texts():
            assert set(RULE_ID.findall(text.zh + text.en)) <= known


def test_a_ruling_has_the_same_figures_in_both_languages() -> None:
    # "plan 1" and "plan 2" are 方案一 and 方案二.
    figure = re.compile(r"(?<!plan )(?<!Plan )\d+(?:[.:]\d+)*|[HP]\d\d")
    for one in rulebook.rulings():
        zh, en = one.resolution.zh, one.resolution.en
        assert set(figure.findall(zh)) == set(figure.findall(en)), one.id


def test_no_value_of_a_real_desk_is_left() -> None:
    queues = {"19013", "19026", "19047", "19049"}
    public = {"12315", "12345", "5200000000000010001"}  # the consumer's and the city's hotline, and an order of our examples
    for path in HANDBOOK.glob("**/*.yaml"):
        text = path.read_text(encoding="utf-8")
        for host in re.findall(r"[\w.]+@([\w.-]+)", text):
            assert host.endswith("example.invalid"), path.name
        assert set(re.findall(r"\d{5,}", text)) <= queues | public, path.name
        assert not re.search("路\\d+号|\\d+室|Road|Room|Building|大厦", text), path.name
        assert "示例" not in text, path.name
        assert not re.search(r"configurable, example|https?://|www\.", text), path.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_plain_and_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert max(len(line) for line in text.splitlines()) <= 220
    assert "\\u" not in text
    assert "\t" not in text


def test_settings_have_a_value_a_meaning_and_known_rules() -> None:
    settings = load_yaml(str(HANDBOOK / "settings.yaml"))["settings"]
    assert len(settings) == 29
    for key, entry in settings.items():
        assert set(entry) == {"kind", "value", "meaning", "cite"}, key
        assert both(Text(**entry["meaning"])), key
        assert entry["cite"], key
        assert set(entry["cite"]) <= rulebook.known_ids(), key
    assert settings["queue_return"]["value"] == "19047"
    assert settings["purchase_limit"]["value"] == "1"
    assert settings["near_expiry_days"]["value"] == "30"


def test_settings_and_rules_name_each_other() -> None:
    settings = load_yaml(str(HANDBOOK / "settings.yaml"))["settings"]
    for one in all_rules():
        for name in one.settings:
            assert one.id in settings[name]["cite"], (one.id, name)


def test_settings_named_in_rulings_exist() -> None:
    settings = rulebook.default_settings()
    for one in rulebook.rulings():
        for name in re.findall(r"[a-z]+(?:_[a-z]+)+", " ".join(text.zh for text in one.texts())):
            assert name in settings, one.id


def test_no_placeholder_is_left_when_a_rule_is_shown() -> None:
    shown = [text for one in all_rules() for text in one.filled().texts()]
    assert [text for text in shown if re.search(r"\{\w+\}", text.zh + text.en)] == []
