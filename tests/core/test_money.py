"""Money and rates: whole fen, half up, and nothing read that is not an amount."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmcs.core.money import (
    MILLION,
    format_money,
    format_number,
    format_rate,
    parse_money,
    parse_number,
    part,
    percent,
    share,
)  # fmt: skip

FEN = st.integers(0, 10**13)


@given(FEN)
def test_money_survives_writing_and_reading(fen: int) -> None:
    assert parse_money(format_money(fen)) == fen


@given(FEN, st.integers(0, MILLION))
def test_share_is_rounded_half_up_to_the_fen(fen: int, rate: int) -> None:
    exact = Decimal(fen) * Decimal(rate) / MILLION
    assert share(fen, rate) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(FEN, st.integers(1, 500), st.data())
def test_the_parts_of_a_line_never_exceed_it(fen: int, of: int, data: st.DataObject) -> None:
    units = data.draw(st.integers(1, of))
    assert 0 <= part(fen, units, of) <= fen
    assert part(fen, of, of) == fen


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.", ".5", "1.234", "1e3", "１", "1,000", " 1", "1 ", "nan", "0x1", "1" * 13])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text itself is the message, whatever it is
        parse_money(text)


@pytest.mark.parametrize(("text", "fen"), [("0", 0), ("35", 3500), ("35.5", 3550), ("35.05", 3505), ("007", 700)])
def test_amounts_are_read(text: str, fen: int) -> None:
    assert parse_money(text) == fen


@given(st.integers(0, 10**15))
def test_numbers_survive_writing_and_reading(millionths: int) -> None:
    assert parse_number(format_number(millionths)) == millionths


def test_rates_and_percents_are_written_without_needless_zeros() -> None:
    assert format_rate(100_000) == "0.10"
    assert format_rate(125_000) == "0.125"
    assert percent(100_000) == "10%"
    assert percent(125_000) == "12.5%"
    assert format_money(-5) == "-0.05"
