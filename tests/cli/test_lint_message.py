"""`tmcs lint-message`: an agent's own words against the rules of wording, and our own scripts against the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tmcs.core.errors import InputError
from tmcs.core.order import parse_time
from tmcs.core.wording import lint
from tmcs.loader import load_flows, load_policy
from tmcs.wording import load_wording, own_scripts


def found(tmcs: Any, text: str, *more: str) -> dict[str, str]:
    ran = tmcs("lint-message", text, *more, "--format", "json")
    assert ran.code in (0, 1), ran.err
    return {one["id"]: one["severity"] for one in ran.json["findings"]}


@pytest.mark.parametrize(
    ("text", "rule", "severity"),
    [
        ("我帮您取消订单", "cancel", "error"),
        ("这边请仓库补发给您", "warehouse-resend", "error"),
        ("是您自己没看说明", "blame-customer", "error"),
        ("抱歉，这不是我的事", "blame-colleague", "error"),
        ("您去投诉吧", "curt", "error"),
        ("你好，请稍等", "familiar", "warning"),
        ("我保证明天到", "guarantee", "error"),
        ("请您过几天再看", "vague-time", "warning"),
        ("这单扣单了，请您稍等", "internal", "warning"),
        ("在处理", "courtesy", "warning"),
        ("您的商品碎了，我来处理", "apology", "warning"),
        ("您可以打12315", "hot-topic", "warning"),
        ("请打我手机13812345678", "personal-mobile", "error"),
        ("您的证件号11010519491231002X收到了", "personal-id-card", "error"),
        ("卡号是4111111111111111，请查收", "personal-bank-card", "error"),
        ("请转到buyer@example.com", "personal-mail", "error"),
        ("请您\u200b稍等", "control", "error"),
    ],
)
def test_each_rule_finds_its_words(tmcs: Any, text: str, rule: str, severity: str) -> None:
    assert found(tmcs, text).get(rule) == severity


@pytest.mark.parametrize(
    "text",
    [
        "非常抱歉给您添麻烦了，我马上为您办理退款。",
        "请您在家留意，拒收时请不要签字，取消配送由我来联系。",
        "照片麻烦您发到 evidence@example.invalid。",
        "您的订单号是 5200000000000010001，请核对。",
        "编号 110105194912310021 请您核对",
    ],
)
def test_good_words_pass(tmcs: Any, text: str) -> None:
    assert found(tmcs, text) == {}


@pytest.mark.parametrize(
    ("text", "more", "wrong"),
    [
        ("抱歉，可以给您 10.00 元优惠券", ("--flow", "damage", "--amount", "100"), False),
        ("抱歉，可以给您 10.01 元优惠券", ("--flow", "damage", "--amount", "100"), True),
        ("抱歉，可以给您 20 元优惠券", ("--flow", "damage", "--amount", "100", "--tier", "second-line"), False),
        ("抱歉，可以给您 201 元优惠券", ("--flow", "damage", "--tier", "second-line"), True),
        ("抱歉，可以赔您 15% 的券", ("--flow", "damage"), True),
        ("抱歉，可以赔您 15% 的券", ("--flow", "damage", "--tier", "second-line"), False),
        ("请您放心，退款 350.00 元最晚周五到账", ("--flow", "damage", "--amount", "350"), False),
    ],
)
def test_promises_are_held_against_the_tier(tmcs: Any, text: str, more: tuple[str, ...], wrong: bool) -> None:
    assert ("promise-above-tier" in found(tmcs, text, *more)) is wrong


def test_a_rule_of_some_flows_holds_only_there(tmcs: Any) -> None:
    assert "reorder-unshipped" in found(tmcs, "抱歉，我们给您补寄", "--flow", "扣单")
    assert "reorder-unshipped" not in found(tmcs, "抱歉，我们给您补寄", "--flow", "missing-item")


def test_places_and_exit_codes(tmcs: Any) -> None:
    ran = tmcs("lint-message", "请稍等，\n我帮您取消", "--lang", "en")
    assert ran.code == 1
    assert ran.out.startswith("2:4 error “取消”")
    assert "C84" in ran.out
    assert tmcs("lint-message", "你好，请稍等").code == 0
    assert tmcs("lint-message", "你好，请稍等", "--strict").code == 1
    assert tmcs("lint-message", "-", stdin="请您稍等").code == 0
    assert tmcs("lint-message", stdin="我帮您取消").code == 1


@pytest.mark.parametrize("argv", [[""], ["好" * 20_001], ["请", "--flow", "dmage"], ["请", "--tier", "boss"], ["请", "--amount", "x"]])
def test_bad_input_is_refused(tmcs: Any, argv: list[str]) -> None:
    assert tmcs("lint-message", *argv).code == 2


def test_personal_data_is_not_repeated(tmcs: Any) -> None:
    ran = tmcs("lint-message", "请打13812345678", "--format", "json")
    assert "13812345678" not in ran.out


def test_our_own_scripts_pass(tmcs: Any) -> None:
    ran = tmcs("lint-message", "--scripts", "--strict")
    assert (ran.code, ran.out.strip()) == (0, "没有问题")
    snapshot = load_policy().at(parse_time(NOW))
    scripts = list(own_scripts(load_flows(), snapshot, load_wording()["samples"]))
    assert len(scripts) > 100
    assert not [text for _, text, _ in scripts if "{" in text]


def test_own_rules_of_wording_are_read_strictly(tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "wording.yaml"
    rules = "rules:\n  x: {severity: eror, phrases: [嗯], why: {zh: 不, en: no}}\n"
    file.write_text(rules, "utf-8")
    ran = tmcs("lint-message", "嗯", "--wording", file)
    assert ran.code == 2
    assert f"{file}:2:17" in ran.err
    file.write_text(rules.replace("eror", "error"), "utf-8")
    assert found(tmcs, "嗯", "--wording", str(file)) == {"x": "error", "courtesy": "warning"}


@given(st.text(max_size=200))
def test_no_text_makes_it_stumble(text: str) -> None:
    try:
        remarks = lint(text, load_wording())
    except InputError:
        assert not text.strip()
        return
    assert all(0 <= one.start <= len(text) for one in remarks)
