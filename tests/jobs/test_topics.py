"""Reviews are sorted by what they say, not by what they deny or guess; the lexicon is data and read strictly."""

from __future__ import annotations

import hashlib
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tmcs import config
from tmcs.core.errors import InputError, NotFoundError
from tmcs.jobs.lexicon import Lexicon, read_lexicon
from tmcs.jobs.measure import measure, read_labelled
from tmcs.jobs.topics import has_text, sort
from tmcs.rulebook import known_ids
from tmcs_jobs.review_explanation import LEXICON

SAMPLE = Path(__file__).parents[1] / "data" / "reviews" / "labelled.csv"
CALLED = {"expiry", "invoice", "damage", "service-attitude", "refund-late", "system", "quality", "serious"}
TOLD_TO_THE_PLATFORM = {"mismatch", "missing-item", "courier-attitude"}


@pytest.fixture(scope="module")
def shipped() -> Lexicon:
    return read_lexicon([LEXICON])


SAID = {
    "酱油瓶碎了，流了一箱子": "damage",
    "已经过期三天的酸奶也发": "expiry",
    "发票抬头开错了": "invoice",
    "客服态度恶劣": "service-attitude",
    "退款半个月了还没到账": "refund-late",
    "系统报错，重复扣款了": "system",
    "面包发霉了": "quality",
    "发错货了，颜色也不对": "mismatch",
    "少发了一瓶": "missing-item",
    "快递员态度恶劣还骂人": "courier-attitude",
    "全家食物中毒，再不处理就打12315": "serious",
    "还行吧": None,
}


@pytest.mark.parametrize("text", SAID)
def test_each_topic_of_the_handbook_is_found(text: str, shipped: Lexicon) -> None:
    found = sort(text, shipped)
    assert found.main == SAID[text]
    assert all(hit.words and hit.score >= shipped.least for hit in found.topics)


def test_the_topics_are_those_of_the_handbook_and_cite_their_rules(shipped: Lexicon) -> None:
    assert set(shipped.topics) == CALLED | TOLD_TO_THE_PLATFORM
    for topic in shipped.topics.values():
        assert set(topic.cites) <= known_ids()
        assert ("P01-R06" in topic.cites) == (topic.name in CALLED)
        assert ({"P01-R09", "P01-R15"} <= set(topic.cites)) == (topic.name in TOLD_TO_THE_PLATFORM)
    assert "P01-R07" in shipped.within.cites
    assert "P01-R08" in shipped.topics["quality"].cites


DENIED = ["没有破损", "没破", "完全没有任何破损", "不是质量问题", "并没有发霉", "不会漏油", "担心过期", "没有少件", "不算发错"]


@pytest.mark.parametrize("text", DENIED)
def test_what_is_denied_is_not_heard(text: str, shipped: Lexicon) -> None:
    assert sort(text, shipped).main is None


def test_a_denial_reaches_no_further_than_its_clause(shipped: Lexicon) -> None:
    assert sort("箱子没有破损，瓶子碎了", shipped).main == "damage"
    assert sort("没有，碎了", shipped).main == "damage"


def test_a_mere_impression_is_no_quality_complaint(shipped: Lexicon) -> None:
    guess, fact = sort("感觉质量不好", shipped), sort("质量不好，用了三天就坏了", shipped)
    assert (guess.main, bool(guess.guessed)) == (None, True)
    assert (fact.main, fact.guessed) == ("quality", [])
    assert sort("感觉不对，打开一看发霉了", shipped).main == "quality"  # the fact stands in a clause of its own


def test_conduct_is_laid_to_the_person_named_before_it(shipped: Lexicon) -> None:
    assert sort("快递员态度恶劣", shipped).main == "courier-attitude"
    assert sort("客服态度恶劣", shipped).main == "service-attitude"
    assert [hit.topic for hit in sort("快递很快，客服态度恶劣", shipped).topics] == ["service-attitude"]
    assert sort("态度恶劣的快递员", shipped).main == "courier-attitude"


def test_several_topics_are_ranked_with_the_words_that_spoke_for_them(shipped: Lexicon) -> None:
    found = sort("瓶子碎了，还少发了一瓶，打12315", shipped)
    assert {hit.topic for hit in found.topics} == {"damage", "missing-item", "serious"}
    scores = [hit.score for hit in found.topics]
    assert scores == sorted(scores, reverse=True)
    words = {hit.topic: hit.words for hit in found.topics}
    assert "12315" in words["serious"]
    assert any("碎" in word for word in words["damage"])


def test_weak_words_decide_only_where_nothing_stronger_speaks(shipped: Lexicon) -> None:
    weak, strong = sort("客服让我等着", shipped), sort("客服让我等着，瓶子碎了", shipped)
    assert (weak.main, weak.unsure) == ("service-attitude", True)
    assert ([hit.topic for hit in strong.topics], strong.unsure) == (["damage"], False)


WRITTEN = ["包裝破損嚴重", "包装破损严重😡😡", "包装【破损】严重！！！", "包装\u200b破损\u200b严重", "ＢＡＯ包装破损严重", "包装，破埙，严重"]


@pytest.mark.parametrize("text", WRITTEN)
def test_script_pictures_marks_and_misspellings_make_no_difference(text: str, shipped: Lexicon) -> None:
    assert sort(text, shipped).main == "damage"


NO_TEXT = [None, "", "   ", "。。。！！", "😡👎", "评价方未及时做出评价,系统默认好评!", "此用户没有填写评价。", "\u200b\ufeff", "系统默认好评"]


@pytest.mark.parametrize("text", NO_TEXT)
def test_what_nobody_wrote_is_no_text(text: str | None, shipped: Lexicon) -> None:
    assert not has_text(text, shipped)
    found = sort(text, shipped)
    assert (found.has_text, found.topics) == (False, [])


def test_an_advertisement_is_marked_and_is_no_complaint(shipped: Lexicon) -> None:
    found = sort("加微信 sample_wx 返现五元", shipped)
    assert (found.ad, found.main) == (True, None)
    assert not sort("瓶子碎了", shipped).ad


MONTH = {
    "已经过期三天了": True, "还有两天就到期": True, "保质期只剩半个月": True, "离过期还有十天": True, "还剩三个星期到期": True,
    "保质期还剩五个月": False, "保质期12个月，收到时都生产八个月了": False, "保质期12个月，收到时已经生产11个月": True,
    "保质期到下个月五号": True, "保质期到12月10号": True, "保质期到2027年5月1号": False, "有效期至2026-12-01": True,
    "全是临期食品": None, "生产日期看不清": None,
}  # fmt: skip


@pytest.mark.parametrize("text", MONTH)
def test_whether_goods_are_within_a_month_of_their_date(text: str, shipped: Lexicon) -> None:
    found = sort(text, shipped, date(2026, 11, 20))
    assert (found.main, found.within_month) == ("expiry", MONTH[text])


def test_a_month_is_no_matter_of_other_topics(shipped: Lexicon) -> None:
    assert sort("退款半个月了还没到账", shipped).within_month is None


def desk_file(folder: Path, text: str) -> str:
    path = folder / "lexicon.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_desk_lays_its_own_words_over_the_shipped_ones(tmp_path: Path) -> None:
    own = desk_file(
        tmp_path,
        "schema: tmcs/lexicon/1\ntopics:\n  damage:\n    words:\n      5: [嗝屁了]\n      0: [碎碎冰]\nspellings: {嗝皮: 嗝屁}\n",
    )
    both, shipped = read_lexicon([LEXICON, own]), read_lexicon([LEXICON])
    assert (sort("瓶子嗝皮了", shipped).main, sort("瓶子嗝皮了", both).main) == (None, "damage")
    assert (sort("碎碎冰", shipped).main, sort("碎碎冰", both).main) == ("damage", None)
    assert sort("酱油瓶碎了", both).main == "damage"


def test_a_desk_takes_a_word_out_by_weight_0(tmp_path: Path) -> None:
    own = desk_file(tmp_path, "schema: tmcs/lexicon/1\ntopics:\n  expiry:\n    words:\n      0: [临期]\n")
    assert sort("临期", read_lexicon([LEXICON])).main == "expiry"
    assert sort("临期", read_lexicon([LEXICON, own])).main is None


def test_the_desk_names_its_lexicon_in_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.lexicon_files() == []
    monkeypatch.setenv("TMCS_LEXICON", "a.yaml:b.yaml")
    config.reset()
    assert config.lexicon_files() == ["a.yaml", "b.yaml"]
    monkeypatch.delenv("TMCS_LEXICON")
    (tmp_path / "tmcs.yaml").write_text("lexicon: [words/own.yaml]\n")
    monkeypatch.setenv("TMCS_CONFIG", str(tmp_path / "tmcs.yaml"))
    config.reset()
    assert config.lexicon_files() == [str(tmp_path / "words" / "own.yaml")]


LEXICON_FAULTS = {
    "unknown topic": ("topics:\n  damge: {words: {3: [x]}}\n", "3:3: unknown topic damge", "damage"),
    "unknown key": ("topicks: {}\n", "2:1: unknown key topicks", "topics"),
    "weight": ("topics:\n  damage:\n    words:\n      55: [x]\n", "5:7: the weight 55 is wrong", ""),
    "weight of letters": ("topics:\n  damage:\n    words:\n      high: [x]\n", "5:7: the weight high is wrong", ""),
    "twice": ("topics:\n  damage:\n    words:\n      3: [裂]\n      2: [裂]\n", "6:11: 裂 stands under weight 3 already", ""),
    "open bracket": ("topics:\n  damage: {words: {3: ['(a|b']}}\n", "3:24: (a|b is not well formed", ""),
    "nested": ("topics:\n  damage: {words: {3: ['((a|b)|c)']}}\n", "3:24: ((a|b)|c) is not well formed", ""),
    "ends with a gap": ("topics:\n  damage: {words: {3: [瓶…]}}\n", "3:24: 瓶… is not well formed", ""),
    "too many gaps": ("topics:\n  damage: {words: {3: [a…b…c…d…e]}}\n", "3:24: a…b…c…d…e is not well formed", ""),
    "punctuation": ("topics:\n  damage: {words: {3: ['碎，了']}}\n", "3:24: 碎，了 is not well formed", ""),
    "a regular expression": ("topics:\n  damage: {words: {3: ['(a+)+']}}\n", "3:24: (a+)+ is not well formed", ""),
    "upper case": ("topics:\n  damage: {words: {3: [APP]}}\n", "3:24: APP is not well formed", ""),
    "list for a mapping": ("topics:\n  damage: {words: [裂]}\n", "3:19: must be a mapping", ""),
    "rule": ("topics:\n  damage: {cites: [P01-R99]}\n", "3:20: no such rule P01-R99", ""),
    "days": ("within: {days: 3 weeks}\n", "2:16: 3 weeks is wrong", ""),
    "pair": ("traditional: [過]\n", "2:15: two characters were expected: 過", ""),
    "schema": ("", "1:9: unknown schema tmcs/lexicon/2", "tmcs/lexicon/1"),
    "no YAML": ("topics: [\n", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("fault", LEXICON_FAULTS)
def test_a_fault_in_a_lexicon_is_told_with_its_place(fault: str, tmp_path: Path) -> None:
    text, said, near = LEXICON_FAULTS[fault]
    number = 2 if fault == "schema" else 1
    own = desk_file(tmp_path, f"schema: tmcs/lexicon/{number}\n{text}")
    with pytest.raises(InputError) as caught:
        read_lexicon([LEXICON, own])
    told = [one.message("en") for one in caught.value.findings]
    assert any(one.startswith(f"{own}:{said}") for one in told), told
    assert not near or any(near in one.nearest for one in caught.value.findings)


def test_all_faults_of_a_lexicon_are_told_at_once(tmp_path: Path) -> None:
    own = desk_file(tmp_path, "schema: tmcs/lexicon/1\nleast: 0\ntopics:\n  damge: {}\n  damage: {words: {3: ['(']}}\n")
    with pytest.raises(InputError) as caught:
        read_lexicon([LEXICON, own])
    assert [one.line for one in caught.value.findings] == [2, 4, 5]


def test_a_lexicon_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_lexicon([LEXICON, str(tmp_path / "none.yaml")])


signs = st.text(st.sampled_from("没有不碎破漏退款钱客服快递态度差过期天月十0123456789，。 \n😡\u200b發過(|…#") | st.characters(), max_size=300)


@settings(max_examples=200, deadline=None)
@given(text=signs)
def test_sorting_never_fails_and_says_what_it_found(text: str) -> None:
    lexicon = LOADED
    found = sort(text, lexicon, date(2026, 1, 31))
    assert not found.topics or found.has_text
    assert len({hit.topic for hit in found.topics}) == len(found.topics)
    assert all((found.unsure or hit.score >= lexicon.least) and len(hit.words) == len(hit.entries) > 0 for hit in found.topics)
    assert found.within_month is None or any(hit.topic == "expiry" for hit in found.topics)


@settings(max_examples=100, deadline=None)
@given(text=st.text(st.sampled_from("保质期到还剩半个年月日天号周十百千零一二三九0123456789-./"), max_size=40))
def test_no_date_is_too_odd(text: str) -> None:
    sort(f"保质期到{text}", LOADED, date(2026, 12, 31))


LOADED = read_lexicon([LEXICON])
LONG = ["没破", "退", "退款没", "客服快递态度", "买的是", "(((((", "保质期还剩9", "箱…子", "\ud800", "﷽", "😡", "1.", "还剩半"]


@pytest.mark.parametrize("seed", LONG)
def test_time_is_linear_in_the_text(seed: str) -> None:
    def took(size: int) -> float:
        text = seed * (size // len(seed))
        start = time.process_time()
        sort(text, LOADED, date(2026, 11, 20))
        return time.process_time() - start

    took(1_000)
    short, long = min(took(3_000) for _ in range(2)), took(24_000)
    assert long < 8 * short * 3 + 0.2


def test_the_labelled_sample_keeps_its_halves_and_is_large_and_various_enough() -> None:
    halves = read_labelled(str(SAMPLE))
    assert set(halves) == {"build", "held-out"}
    for half, reviews in halves.items():
        assert len(reviews) >= 120
        for review in reviews:
            assert (hashlib.sha256(review.id.encode()).digest()[0] % 2 == 1) == (half == "held-out")
            assert set(review.labels) <= CALLED | TOLD_TO_THE_PLATFORM | {"none"}
        assert {review.labels[0] for review in reviews} == CALLED | TOLD_TO_THE_PLATFORM | {"none"}
    texts = [review.text for reviews in halves.values() for review in reviews]
    assert len(set(texts)) == len(texts)


def test_the_figures_that_are_quoted_hold(shipped: Lexicon) -> None:
    halves = read_labelled(str(SAMPLE))
    held, build = (measure(half, halves[half], shipped) for half in ("held-out", "build"))
    assert round(held.accuracy, 3) >= 0.729
    assert build.accuracy >= 0.95
    figures = held.to_dict()
    assert sum(one["times"] for one in figures["confused"]) == held.reviews - held.main_right
    assert any("accuracy" in line for line in held.lines(wrong=True))
