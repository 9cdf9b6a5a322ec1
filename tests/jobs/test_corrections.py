"""What an agent says a review is about is kept, wins over the lexicon, and teaches what the lexicon gets wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.order import SHANGHAI
from tmcs.jobs.corrections import Corrections
from tmcs.jobs.lexicon import Lexicon, read_lexicon
from tmcs.jobs.topics import sort
from tmcs.store import open_store
from tmcs_jobs.review_explanation import LEXICON

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
ID = "9900000000000000001/9900000000000000002"
BROKEN = "酱油瓶碎了，流了一箱子"


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return read_lexicon([LEXICON])


@pytest.fixture
def kept(store_url: str) -> Iterator[Corrections]:
    with open_store(store_url, write=True) as store:
        yield Corrections(store)


def test_a_correction_wins_over_the_lexicon(kept: Corrections, lexicon: Lexicon) -> None:
    assert kept.sort(ID, BROKEN, lexicon).main == "damage"
    kept.correct(ID, ["quality"], sort(BROKEN, lexicon), lexicon, "li", NOW)
    found = kept.sort(ID, BROKEN, lexicon)
    assert ([hit.topic for hit in found.topics], found.corrected_by) == (["quality"], "li")
    assert kept.sort("9900000000000000009", BROKEN, lexicon).main == "damage"


def test_a_review_can_be_said_to_speak_of_nothing_or_of_several_topics(kept: Corrections, lexicon: Lexicon) -> None:
    kept.correct(ID, ["none"], sort(BROKEN, lexicon), lexicon, "li", NOW)
    assert kept.sort(ID, BROKEN, lexicon).topics == []
    kept.correct(ID, ["missing-item", "damage"], sort(BROKEN, lexicon), lexicon, "wang", NOW)
    found = kept.sort(ID, BROKEN, lexicon)
    assert [hit.topic for hit in found.topics] == ["missing-item", "damage"]
    assert found.topics[1].words  # what the lexicon heard for it stays


def test_the_last_correction_counts_and_says_who_and_when(kept: Corrections, lexicon: Lexicon) -> None:
    kept.correct(ID, ["quality"], sort(BROKEN, lexicon), lexicon, "li", NOW)
    kept.correct(ID, ["mismatch"], sort(BROKEN, lexicon), lexicon, "wang", NOW + timedelta(hours=1))
    (one,) = kept.all()
    assert one.to_dict() == {
        "review": ID, "topics": ["mismatch"], "agent": "wang", "at": "2026-11-23T11:00:00+08:00", "was": ["damage"],
        "words": sort(BROKEN, lexicon).topics[0].entries,
    }  # fmt: skip


def test_a_correction_is_taken_back(kept: Corrections, lexicon: Lexicon) -> None:
    kept.correct(ID, ["quality"], sort(BROKEN, lexicon), lexicon, "li", NOW)
    kept.take_back(ID)
    assert kept.of(ID) is None
    assert kept.sort(ID, BROKEN, lexicon).main == "damage"
    with pytest.raises(NotFoundError):
        kept.take_back(ID)


def test_corrections_outlive_the_connection(store_url: str, lexicon: Lexicon, kept: Corrections) -> None:
    kept.correct(ID, ["quality"], sort(BROKEN, lexicon), lexicon, "li", NOW)
    with open_store(store_url) as again:
        assert Corrections(again).sort(ID, BROKEN, lexicon).main == "quality"


def test_no_word_of_the_customer_is_kept(kept: Corrections, lexicon: Lexicon) -> None:
    text = "张测试13800000001的瓶子已经碎了"
    one = kept.correct(ID, ["quality"], sort(text, lexicon), lexicon, "li", NOW)
    assert "13800000001" not in str(one.to_dict())
    assert "张测试" not in str(one.to_dict())


WRONG = {
    "unknown topic": (ID, ["damge"], "unknown topic: damge; nearest: damage"),
    "twice": (ID, ["damage", "damage"], "a topic is named twice"),
    "none and another": (ID, ["none", "damage"], "unknown topic: none"),
    "empty id": ("", ["damage"], "not the id of a review"),
    "long id": ("9" * 65, ["damage"], "not the id of a review"),
    "line break": ("9\n9", ["damage"], "not the id of a review"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_correction_is_refused_and_nothing_is_kept(case: str, kept: Corrections, lexicon: Lexicon) -> None:
    review, topics, said = WRONG[case]
    with pytest.raises(InputError, match=said):
        kept.correct(review, topics, sort(BROKEN, lexicon), lexicon, "li", NOW)
    assert list(kept.all()) == []


def test_what_corrections_teach_about_the_lexicon(kept: Corrections, lexicon: Lexicon) -> None:
    quiet = sort("还行吧", lexicon)
    rotten = sort("发霉了", lexicon)
    for n in range(3):
        kept.correct(f"R{n}", ["mismatch"], rotten, lexicon, "li", NOW)
    kept.correct("R3", ["none"], rotten, lexicon, "li", NOW)
    kept.correct("R4", ["system"], quiet, lexicon, "li", NOW)
    kept.correct("R5", ["quality", "serious"], rotten, lexicon, "li", NOW)  # agrees on the main topic
    first, second = kept.lessons()
    assert (first.entry, first.topic, first.times) == ("发霉", "quality", 4)
    assert list(first.instead.items()) == [("mismatch", 3), ("none", 1)]
    assert second.to_dict() == {"entry": "", "topic": "none", "times": 1, "instead": {"system": 1}}
