"""Figures of the desk's own file: shown with their days, changed, compared and checked; what is not changed stays as it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tmcs.core.errors import InputError
from tmcs.policies.edit import changed

RATE = "payouts.damage.rows.usual.rate_max"
KEPT = """\
# the desk's figures
payouts:   # money
  damage:
    rows:
      usual:
        rate_max:   '0.20'   # H04-R33

# mail
settings: { agent_name: {value: 小王} }   # no space lost
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own policy file, not there yet; the lead acts."""
    for name, value in (("ROLE", "lead"), ("AGENT", "sun"), ("NOW", "2026-11-23T10:00:00+08:00")):
        monkeypatch.setenv(f"TMCS_{name}", value)
    file = tmp_path / "config" / "tmcs" / "policy.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def test_a_file_is_made_where_there_is_none(tmcs: Any, own: Path) -> None:
    ran = tmcs("policy", "set", RATE, "0.15", "--from", "2027-01-01", "--why", "新年\n调整", "--format", "json")
    assert (ran.code, ran.json["schema"], ran.json["written"], ran.json["created"], ran.json["backup"]) == (0, "tmcs/policy-set/1", True, True, None)
    assert ran.json["check"]["ok"]
    assert ran.json["check"]["flows"] >= 14
    assert own.read_text("utf-8") == (
        "# 2027-01-01: 0.15 - 新年\\n调整 (sun, 2026-11-23)\n"
        "payouts:\n  damage:\n    rows:\n      usual:\n"
        '        rate_max: [{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: "0.15"}]\n'
    )
    shown = tmcs("policy", "show", RATE, "--format", "json").json
    assert shown["details"][RATE] == {
        "value": "0.20", "since": "2012-04-16", "next": {"from": "2027-01-01", "value": "0.15"}, "cites": ["H04-R33", "C01", "C04"],
    }  # fmt: skip
    then = tmcs("policy", "show", RATE, "--on", "2027-03-01", "--format", "json").json
    assert (then["on"], then["details"][RATE]["since"], then["details"][RATE]["next"]) == ("2027-03-01", "2027-01-01", None)
    text = tmcs("policy", "show", RATE, "--lang", "en").out
    assert all(word in text for word in ("0.20", "2027-01-01: 0.15", "H04-R33", f"{own}:6"))
    assert tmcs("policy", "show", RATE, "--on", "2027-13-01").code == 2
    assert tmcs("policy", "show", RATE, "--on", "2027-01-01", "--now", "2027-01-01T00:00:00+08:00").code == 2


def test_comments_order_and_quoting_are_kept_and_the_old_file_lies_beside(tmcs: Any, own: Path) -> None:
    own.write_text(KEPT, "utf-8")
    own.chmod(0o640)
    assert tmcs("policy", "set", RATE, "0.15", "--from", "2027-01-01").code == 0
    dated = '[{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: "0.15"}]'
    assert own.read_text("utf-8") == KEPT.replace("'0.20'", dated)
    assert (own.parent / "policy.yaml.bak").read_text("utf-8") == KEPT
    assert stat.S_IMODE(own.stat().st_mode) == 0o640
    assert tmcs("policy", "set", RATE, "0.12", "--from", "2027-06-01").code == 0
    assert tmcs("policy", "set", RATE, "0.14", "--from", "2027-01-01").code == 0
    now = '[{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: "0.14"}, {from: 2027-06-01, value: "0.12"}]'
    assert own.read_text("utf-8") == KEPT.replace("'0.20'", now)
    assert tmcs("policy", "set", RATE, "0.20", "--from", "always").code == 0
    assert own.read_text("utf-8") == KEPT.replace("'0.20'", '"0.20"')
    assert sorted(os.listdir(own.parent)) == ["policy.yaml", "policy.yaml.bak"]


def test_what_is_so_already_is_not_written(tmcs: Any, own: Path) -> None:
    ran = tmcs("policy", "set", "limits.small-value", "20.00", "--lang", "en")
    assert (ran.code, own.exists()) == (0, False)
    assert ran.out == "limits.small-value.value is 20.00 already; nothing was changed\n"


def test_a_dry_run_shows_the_patch_and_writes_nothing(tmcs: Any, own: Path) -> None:
    own.write_text(KEPT, "utf-8")
    ran = tmcs("policy", "set", "settings.agent_name", "小李", "--from", "always", "--dry-run", "--lang", "en")
    assert ran.code == 0
    assert "+settings: { agent_name: {value: \"小李\"} }   # no space lost" in ran.out
    assert own.read_text("utf-8") == KEPT


def test_a_deadline_is_set_by_its_parts_and_the_words_that_lag_behind_are_told(tmcs: Any, own: Path) -> None:
    ran = tmcs("policy", "set", "deadlines.refund-paid.parts", "1 calendar + 6 working", "--format", "json")
    assert ran.code == 0
    assert ran.json["after"][-1] == {"from": "2026-11-23", "value": [{"days": "1", "unit": "calendar"}, {"days": "6", "unit": "working"}]}
    assert "deadlines.refund-paid.rule.en" in ran.json["warnings"][0]["en"]
    assert tmcs("policy", "set", "deadlines.refund-paid.parts", "soon").code == 2
    assert tmcs("policy", "show", "deadlines.refund-paid.parts", "--format", "json").json["figures"] == {
        "deadlines.refund-paid.parts": "1 calendar + 6 working"
    }


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("limits.not-shipped-hours", "20", "tmcs resolve held-order"),  # a gap and an overlap, with the case that shows it
        (RATE, "1.5", "above 1"),
        ("payouts.apology.rows.usual.cap", "lots", "expected"),
        ("deadlines.refund-paid.start", "whenever", "unknown"),
        ("cases.approvals.cash.levels", "supervisor, second-line", "must be above"),
    ],
)
def test_what_breaks_the_set_is_refused_and_the_file_is_as_it_was(key: str, value: str, said: str, tmcs: Any, own: Path) -> None:
    own.write_text(KEPT, "utf-8")
    ran = tmcs("policy", "set", key, value, "--lang", "en")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert (own.read_text("utf-8"), sorted(os.listdir(own.parent))) == (KEPT, ["policy.yaml"])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("payouts.damage.rows.usual.rate_mx", f"nearest: {RATE}"), ("payouts.damage", "below it: payouts.damage."), ("limit", "unknown"),
        ("payouts.damage.cite", "unknown"), ("policy", "unknown"), ("a..b", "unknown"), ("tables.disposal.rows", "below it"),
    ],
)  # fmt: skip
def test_what_is_no_figure_is_refused(key: str, said: str, tmcs: Any, own: Path) -> None:
    ran = tmcs("policy", "set", key, "1", "--lang", "en")
    assert (ran.code, said in ran.err, own.exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits: &x {small-value: {value: '1'}}\nsettings: *x\n", "anchors"), ("limits:\n\tsmall-value: 1\n", "2:"),
        ("limits: {}\nlimits: {}\n", "stands twice"), ("a: " + "[" * 100 + "]" * 100, "nested"), ("x" * 1_100_000, "larger"),
        ("a: &a [*a]\n", "anchors"), ("limits: !!python/object/apply:os.system [id]\n", "tags"), ("\ud800".encode("utf-8", "surrogatepass"), "UTF-8"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_by_set_validate_and_diff(text: str | bytes, said: str, tmcs: Any, own: Path) -> None:
    data = text.encode() if isinstance(text, str) else text
    own.write_bytes(data)
    ran = tmcs("policy", "set", "limits.small-value", "30.00", "--lang", "en")
    assert (ran.code, own.read_bytes() == data) == (2, True)
    assert said in ran.err
    checked = tmcs("policy", "validate", own, "--lang", "en")
    assert (checked.code, said in checked.out) == (1, True)
    assert tmcs("policy", "diff", "built-in", own).code == 2


def test_only_the_strongest_file_of_several_is_changed(tmcs: Any, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    low, high = tmp_path / "low.yaml", tmp_path / "high.yaml"
    low.write_text("limits: {small-value: {value: '21.00'}, safe-hours: {value: '40'}}\n", "utf-8")
    high.write_text("limits: {small-value: {value: '22.00'}}\n", "utf-8")
    monkeypatch.setenv("TMCS_POLICY", f"{low}{os.pathsep}{high}")
    ran = tmcs("policy", "set", "limits.small-value", "23.00", "--file", low, "--lang", "en")
    assert (ran.code, str(high) in ran.err) == (2, True)
    assert tmcs("policy", "set", "limits.safe-hours", "44", "--from", "2027-01-01").code == 0
    assert 'safe-hours: {value: [{from: 2012-04-16, value: "40"}, {from: 2027-01-01, value: "44"}]}' in high.read_text("utf-8")
    other = tmp_path / "other.yaml"
    ran = tmcs("policy", "set", "limits.small-value", "23.00", "--file", other, "--format", "json")
    assert (ran.code, ran.json["created"]) == (0, True)
    assert "not in force" in ran.json["warnings"][0]["en"]


def test_a_file_that_cannot_be_written_is_an_io_error(tmcs: Any, own: Path) -> None:
    ran = tmcs("policy", "set", "limits.small-value", "23.00", "--file", "/proc/none/policy.yaml")
    assert (ran.code, ran.out) == (74, "")


def test_somebody_elses_change_meanwhile_is_not_lost(own: Path) -> None:
    from datetime import date

    from tmcs.core.errors import TryAgainError
    from tmcs.policies.change import change

    own.write_text(KEPT, "utf-8")
    found = change("limits.small-value", "30.00", date(2027, 1, 1), today=date(2026, 11, 23))
    own.write_text(KEPT + "# more\n", "utf-8")
    with pytest.raises(TryAgainError):
        found.write()
    assert own.read_text("utf-8") == KEPT + "# more\n"


def test_a_link_stays_a_link(tmcs: Any, own: Path, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text(KEPT, "utf-8")
    own.symlink_to(real)
    assert tmcs("policy", "set", RATE, "0.15").code == 0
    assert own.is_symlink()
    assert "2026-11-23" in real.read_text("utf-8")


def test_two_versions_in_words(tmcs: Any, own: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text('payouts: {damage: {rows: {usual: {rate_max: [{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: "0.15"}]}}}}\n', "utf-8")
    zh = tmcs("policy", "diff", "built-in", file, "--lang", "zh")
    assert (zh.code, zh.out.splitlines()[:2]) == (1, ["赔付 · 货品损坏 (damage) · 最高比例  [H04-R33 C01 C04]", "  20% → 20%，2027-01-01 起 15%"])
    en = tmcs("policy", "diff", "built-in", file, "--lang", "en").out
    assert "payout · damaged goods (damage) · highest rate" in en
    found = tmcs("policy", "diff", f"{file}@2026-12-31", f"{file}@2027-01-01", "--format", "json")
    assert found.json["differences"] == [{
        "key": RATE, "title": {"zh": "赔付 · 货品损坏 (damage) · 最高比例", "en": "payout · damaged goods (damage) · highest rate"},
        "old": [{"from": None, "value": "0.20"}], "new": [{"from": None, "value": "0.15"}],
        "words": {"old": {"zh": "20%", "en": "20%"}, "new": {"zh": "15%", "en": "15%"}}, "cites": ["H04-R33", "C01", "C04"],
    }]  # fmt: skip
    same = tmcs("policy", "diff", "@2026-12-31", f"{file}@2026-12-31", "--format", "json")
    assert (same.code, same.json["same"]) == (0, True)
    assert tmcs("policy", "diff", "built-in", "@soon").code == 2
    assert tmcs("policy", "diff", "built-in", tmp_path / "no.yaml").code == 6


def test_validate_checks_and_proves_the_set(tmcs: Any, own: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text('limits: {not-shipped-hours: {value: "20"}}\n', "utf-8")
    ran = tmcs("policy", "validate", file, "--format", "json")
    assert (ran.code, ran.json["schema"], ran.json["ok"]) == (1, "tmcs/policy-check/1", False)
    assert {one["kind"] for one in ran.json["broken"]} == {"overlap"}
    assert all(one["command"].startswith("tmcs resolve ") for one in ran.json["broken"])
    assert tmcs("policy", "validate", tmp_path / "no.yaml").code == 6
    assert tmcs("policy", "validate", "--lang", "en").out.startswith("✓ built-in: ")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_the_byte_order_mark_are_kept(newline: str, mark: bytes) -> None:
    text = newline.join(["a:", "  b:", "  - {from: 2012-04-16, value: x} # one", "# two", "c: d"])
    dated = [{"from": "2012-04-16", "value": "x"}, {"from": "2027-01-01", "value": "new"}]
    made = changed(mark + text.encode(), "f", ("a", "b"), dated, "# why")
    item = newline.join(["  # why", "  - {from: 2027-01-01, value: new}"])
    assert made == mark + text.replace("# one", f"# one{newline}{item}").encode()


@pytest.mark.parametrize("text", ["a:\n", "a: text\n", "- a\n", "a: [b]\n"])
def test_a_place_that_cannot_be_edited_by_itself_is_said(text: str) -> None:
    with pytest.raises(InputError):
        changed(text.encode(), "f", ("a", "b"), "x")
