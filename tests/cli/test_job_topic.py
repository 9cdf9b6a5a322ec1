"""`tmcs job topic`: an agent puts a review's topic right, and the next worklist heeds it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

REVIEWS = Path(__file__).parent.parent.parent / "examples" / "jobs" / "reviews-2026-11.csv"


@pytest.fixture
def review(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A review of a run's worklist, by its id."""
    for name, value in (("TMCS_STORE", str(tmp_path / "d.db")), ("TMCS_AGENT", "amy"), ("TMCS_NOW", "2026-11-23T16:00:00+08:00")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TMCS_ROLE", "job")
    exports = sorted(str(path) for path in (REVIEWS.parent.parent).glob("*-2026-11.csv"))
    assert tmcs("order", "import", *exports).code == 0
    ran = tmcs("job", "run", "review-explanation", "--in", REVIEWS, "--format", "json")
    assert ran.code in (0, 1), ran.err
    monkeypatch.setenv("TMCS_ROLE", "agent")
    return next(str(item["key"]) for item in ran.json["items"] if item["facts"].get("review_text"))


def test_words_alone_are_sorted_and_nothing_is_kept(tmcs: Any) -> None:
    ran = tmcs("job", "topic", "--text", "收到的蜂蜜瓶子碎了，漏得到处都是", "--format", "json")
    assert ran.code == 0
    assert ran.json["topics"][0]["topic"] == "damage"
    assert "damage" in tmcs("job", "topic", "--text", "收到的蜂蜜瓶子碎了，漏得到处都是", "--lang", "en").out
    assert tmcs("job", "topic", "--text", "还行", "--lang", "zh").out == "没有主题\n"


def test_a_correction_is_kept_wins_and_can_be_taken_back(tmcs: Any, review: str) -> None:
    before = tmcs("job", "topic", review, "--format", "json").json
    ran = tmcs("job", "topic", review, "invoice", "--format", "json")
    assert (ran.code, [hit["topic"] for hit in ran.json["topics"]], ran.json["corrected_by"]) == (0, ["invoice"], "amy")
    assert tmcs("job", "topic", review, "--format", "json").json["corrected_by"] == "amy"
    assert tmcs("job", "topic", "--lessons", "--format", "json").json["lessons"]
    assert tmcs("job", "topic", review, "--take-back").code == 0
    assert tmcs("job", "topic", review, "--format", "json").json == before
    assert tmcs("job", "topic", review, "--take-back").code == 6


def test_what_is_wrong_is_said(tmcs: Any, review: str) -> None:
    assert tmcs("job", "topic").code == 2
    assert tmcs("job", "topic", "no-such-review", "--lang", "en").code == 6
    ran = tmcs("job", "topic", review, "damag", "--lang", "en")
    assert ran.code == 2
    assert "nearest: damage" in ran.err
