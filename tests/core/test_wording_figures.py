"""Amounts, shares and personal numbers in an agent's words, and the patterns that a file of wording may write."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmcs.core.wording_figures import amounts, folded, is_id_card, is_luhn, shares
from tmcs.core.wording_reader import read_wording
from tmcs.lang.yaml import parse_yaml


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("赔 10 元", 1000),
        ("赔10.50元", 1050),
        ("赔１０块", 1000),
        ("赔1,000元", 100_000),
        ("赔¥20", 2000),
        ("CNY 20 for you", 2000),
        ("赔十块", 1000),
        ("赔二十五元", 2500),
        ("赔一百五元", 15_000),
        ("赔一百零五元", 10_500),
        ("赔两千块", 200_000),
        ("赔一万二千元", 1_200_000),
        ("赔1万元", 1_000_000),
        ("赔1.5万元", 1_500_000),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, fen: int) -> None:
    assert [found for _, _, found in amounts(folded(text))] == [fen]


@pytest.mark.parametrize(
    ("text", "rate"), [("15%", 150_000), ("１５％", 150_000), ("12.5 %", 125_000), ("百分之十五", 150_000), ("一成", 100_000), ("1 成", None)]
)
def test_shares_are_read_as_people_write_them(text: str, rate: int | None) -> None:
    assert [found for _, _, found in shares(folded(text))] == ([] if rate is None else [rate])


@pytest.mark.parametrize("text", ["一成功就告诉您", "三成员", "5200000000000010001", "10 月 5 日"])
def test_other_figures_are_neither(text: str) -> None:
    assert [*amounts(folded(text)), *shares(folded(text))] == []


@given(st.text(alphabet="0123456789.,零一二两三十百千万元块%成¥ ", max_size=40))
def test_no_figure_makes_it_stumble(text: str) -> None:
    assert all(text[start:end] and found >= 0 for start, end, found in [*amounts(text), *shares(text)])


@given(st.text(max_size=100))
def test_folding_keeps_every_place(text: str) -> None:
    assert len(folded(text)) == len(text)


def test_check_digits() -> None:
    assert is_luhn("4111111111111111")
    assert not is_luhn("4111111111111112")
    assert is_id_card("11010519491231002x")
    assert not is_id_card("110105194912310021")


def read_pattern(pattern: str) -> tuple[str, list[str]]:
    quoted = pattern.replace("'", "''")
    why = "why: {zh: 不, en: no}"
    text = f"rules:\n  x: {{severity: error, patterns: ['{quoted}'], {why}}}\npersonal: {{}}\npromises: {{words: [券]}}\n"
    source = parse_yaml(text.encode(), "w.yaml")
    found = read_wording(source)
    return found["rules"]["x"]["patterns"][0], [str(one) for one in source.findings]


@pytest.mark.parametrize(
    "pattern",
    ["(a)", "a*", "a+", "a|b", "[^a]", "a.", "^a", "a$", r"\d", "a{2,}", "a{3,2}", "a??",
     "[b-a]", "[a", "a{x}", "[a-z]{1,99}[a-z]{1,99}"],
)  # fmt: skip
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    found, faults = read_pattern(pattern)
    assert found == ""
    assert len(faults) == 1


@pytest.mark.parametrize(
    ("pattern", "text"), [("[A-Z]{2}[0-9]?", "AB1"), ("ab?c", "AC"), ("好？", "好?"), ("｛a｝", "｛a｝"), ("[０-９]{2}", "１2")]
)
def test_a_pattern_meets_the_text_without_regard_to_case_and_width(pattern: str, text: str) -> None:
    found, faults = read_pattern(pattern)
    assert faults == []
    assert re.fullmatch(found, folded(text))


@given(st.text(alphabet="ab[]-^{}?,0129&|~é？］", min_size=1, max_size=12))
def test_every_accepted_pattern_compiles(pattern: str) -> None:
    found, _ = read_pattern(pattern)
    re.compile(found)
