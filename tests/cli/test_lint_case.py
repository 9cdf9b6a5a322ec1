"""`tmcs lint-message` against a real case, a file of messages, and a desk's own rules of wording."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW

EXAMPLES = Path(__file__).parents[2] / "examples"
SETS = ("photos_received=yes", "goods_kind=glass", "damage_kind=shattered", "partial_quantity=no")
CASE = (
    "--flow", "damage", "--now", NOW, "--order", "5200000000000010001", "--orders", EXAMPLES / "orders-2026-11.csv",
    "--orders", EXAMPLES / "order-items-2026-11.csv", *(word for one in SETS for word in ("-s", one)),
)  # fmt: skip


def remarks(tmcs: Any, *argv: object, stdin: str = "") -> list[Any]:
    ran = tmcs("lint-message", *argv, "--format", "json", stdin=stdin)
    assert ran.code in (0, 1), ran.err
    assert ran.json["schema"] == "tmcs/lint/1"
    found: list[Any] = ran.json["findings"]
    assert ran.json["errors"] + ran.json["warnings"] == len(found)
    assert ran.code == (ran.json["errors"] > 0)
    return found


def ids(tmcs: Any, *argv: object, stdin: str = "") -> list[str]:
    return [one["id"] for one in remarks(tmcs, *argv, stdin=stdin)]


@pytest.mark.parametrize(
    ("text", "more", "better"),
    [
        ("抱歉，可以给您 3.99 元优惠券", (), None),
        ("抱歉，可以赔您一成的券", (), None),
        ("抱歉，可以给您 4 元优惠券", (), "second line"),
        ("抱歉，可以赔您百分之二十的券", (), "second line"),
        ("抱歉，可以给您七块的优惠券", (), "second line"),
        ("抱歉，可以给您 7.98 元优惠券", ("--tier", "second-line"), None),
        ("抱歉，可以给您 7.98 元优惠券", ("-s", "tier=second-line"), None),
        ("抱歉，可以给您 7.98 元优惠券", ("-s", "tier=second-line", "--tier", "frontline"), "second line"),
        ("抱歉，可以给您 8 元优惠券", (), "pass it up"),
        ("抱歉，为您退款 39.90 元", (), None),
        ("抱歉，退款 39.90 元，另外给您 3.99 元优惠券", (), None),
        ("满 100 元可以用这张优惠券，谢谢您", (), None),
    ],
)
def test_a_promise_is_held_against_the_case(tmcs: Any, text: str, more: tuple[str, ...], better: str | None) -> None:
    found = remarks(tmcs, text, *CASE, *more)
    assert [one["id"] for one in found] == ([] if better is None else ["promise-above-tier"])
    assert all(better in one["better"]["en"] for one in found if better)


def test_a_resolved_case_without_a_payout_promises_nothing(tmcs: Any) -> None:
    case = ("--flow", "normal-refund", "-s", "paid=no", "--lang", "en")
    ran = tmcs("lint-message", "抱歉，给您 1 元优惠券", *case, "--format", "json")
    assert ran.code == 1, ran.err
    (found,) = ran.json["findings"]
    assert (found["id"], found["why"]["zh"]) == ("promise-above-tier", "按这一单的结论没有赔付，不能承诺")


def test_the_days_of_the_case_are_named(tmcs: Any) -> None:
    (found,) = remarks(tmcs, "抱歉，我们会尽快为您退款", *CASE)
    assert (found["id"], found["severity"]) == ("vague-soon", "warning")
    assert found["better"] == {"zh": "说明日期: 退款到账最迟 11月28日", "en": "name the day: refund by 28 November"}
    assert ids(tmcs, "抱歉，我们会尽快为您退款，最迟11月28日到账", *CASE) == []
    assert ids(tmcs, "抱歉，我们会尽快为您退款", "--flow", "damage") == []
    assert tmcs("lint-message", "抱歉，我们会尽快为您退款", *CASE).code == 0
    assert tmcs("lint-message", "抱歉，我们会尽快为您退款", *CASE, "--strict").code == 1


def test_both_languages(tmcs: Any) -> None:
    zh = tmcs("lint-message", "抱歉，可以给您 4 元优惠券", *CASE, "--lang", "zh")
    assert zh.out.splitlines() == [
        "1:9 错误 “4 元” 超出本层级可承诺的 3.99 元；建议: 先报二线批准，再承诺  [promise-above-tier H04-R33 C01 C04]",
        "1 处错误，0 处提醒",
    ]
    en = tmcs("lint-message", "抱歉，可以给您 4 元优惠券", *CASE, "--lang", "en")
    assert en.out.splitlines() == [
        "1:9 error “4 元” above what this tier may promise, CNY 3.99; better: get the approval of the second line before you"
        " promise  [promise-above-tier H04-R33 C01 C04]",
        "errors: 1, warnings: 0",
    ]


def test_the_readme_shows_what_the_command_prints(tmcs: Any) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text("utf-8")
    asked, *shown = readme.split("$ tmcs lint-message ")[1].split("\n```")[0].splitlines()
    text, *more = shlex.split(asked)
    ran = tmcs("lint-message", text, *more, "--orders", CASE[7], "--orders", CASE[9])
    assert (ran.code, ran.out.splitlines()) == (1, shown)


def test_the_own_rules_of_the_readme_are_valid(tmcs: Any, tmp_path: Path) -> None:
    readme = (EXAMPLES.parent / "README.md").read_text("utf-8")
    file = own(tmp_path, "wording.yaml", readme.split("may be repeated:\n\n```yaml\n")[1].split("```")[0])
    assert ids(tmcs, "亲，您这单扣单了，请稍等", "--wording", file) == ["dear"]
    assert tmcs("lint-message", "你好，请稍等", "--wording", file).code == 1


def test_known_facts_decide_where_a_rule_holds(tmcs: Any) -> None:
    text = "抱歉，我们给您补寄"
    assert "reorder-unshipped" in ids(tmcs, text, "--flow", "ship-tracking")
    assert "reorder-unshipped" in ids(tmcs, text, "--flow", "ship-tracking", "-s", "shipped=no")
    assert "reorder-unshipped" not in ids(tmcs, text, "--flow", "ship-tracking", "-s", "shipped=yes")
    assert "reorder-unpaid" in ids(tmcs, text, "--flow", "reorder", "-s", "paid=no")
    assert "reorder-unpaid" not in ids(tmcs, text, "--flow", "reorder", "-s", "paid=yes")


def test_the_order_may_come_as_json(tmcs: Any, tmp_path: Path) -> None:
    assert tmcs("order", "import", CASE[7], CASE[9]).code == 0
    record = tmcs("order", "show", "5200000000000010001", "--format", "json")
    assert record.code == 0, record.err
    file = tmp_path / "order.json"
    file.write_text(record.out, "utf-8")
    sets = CASE[10:]
    case = ("--flow", "damage", "--now", NOW, *sets)
    assert ids(tmcs, "抱歉，可以给您 4 元优惠券", *case, "--order-json", file) == ["promise-above-tier"]
    assert ids(tmcs, "抱歉，可以给您 4 元优惠券", *case, "--order-json", "-", stdin=record.out) == ["promise-above-tier"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("抱歉，仓库不能补发", None),
        ("抱歉，这边没有办法让仓库补发", None),
        ("请仓库补发给您", "warehouse-resend"),
        ("抱歉，不方便，请仓库补发", "warehouse-resend"),  # the negation stands in another clause
        ("抱歉，我不能保证会到", None),
        ("请放心，一定会到", "guarantee"),
        ("我们一定会尽力为您跟进", None),
        ("关于快递的问题，我来为您核实", None),
        ("您好，是快递的问题", "blame-colleague"),
        ("您买的多媒体音箱已经发出", None),
        ("您的运单号是 1123456", None),
        ("您可以打 12345", "hot-topic"),
        ("请您核对CRM", "internal"),
        ("请您核对ＣＲＭ", "internal"),
        ("提供照片，您看", "imperative"),
        ("麻烦您提供照片", None),
        ("您的电话是 +86 13812345678", "personal-mobile"),
        ("您的电话是 +8613812345678", "personal-mobile"),
        ("您的邮箱是buyer@averyveryverylongcompanyname.com", "personal-mail"),
        ("您家在和平路12号", "personal-address"),
    ],
)
def test_negations_and_longer_words(tmcs: Any, text: str, rule: str | None) -> None:
    assert ids(tmcs, text) == ([] if rule is None else [rule])


def test_the_opening_needs_a_greeting(tmcs: Any) -> None:
    assert ids(tmcs, "麻烦您稍等") == []
    assert ids(tmcs, "麻烦您稍等", "--opening") == ["greeting"]
    assert ids(tmcs, "您好，麻烦您稍等", "--opening") == []


def test_a_better_wording_has_the_figures_of_the_policy(tmcs: Any, tmp_path: Path) -> None:
    (found,) = remarks(tmcs, "抱歉，过几天给您发", "--flow", "ship-tracking")
    assert (found["id"], found["better"]["zh"]) == ("vague-late", "可能要晚 1 天")
    assert ids(tmcs, "抱歉，过几天给您发", "--flow", "damage") == ["vague-time"]
    assert ids(tmcs, "抱歉，过几天给您发") == ["vague-time"]


def test_a_file_of_messages(tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes("麻烦您稍等\r\n\r\n我帮您取消\r\n在处理\r\n".encode())
    found = remarks(tmcs, "--file", file)
    assert [(one["id"], one["line"], one["column"]) for one in found] == [("cancel", 3, 4), ("courtesy", 4, 1)]
    same = remarks(tmcs, "--file", "-", stdin=file.read_text("utf-8"))
    assert same == found
    assert tmcs("lint-message", "--file", file).out.splitlines()[0].startswith("3:4 错误 “取消”")
    file.write_text("麻烦您稍等\n", "utf-8")
    assert tmcs("lint-message", "--file", file, "--strict").code == 0


def test_a_bad_file_of_messages(tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    assert tmcs("lint-message", "--file", file).code == 6
    for data in (b"", b"\n \n", b"\xff\xfe\xfa", "请\n".encode() + "好".encode() * 20_001, b"a" * (1024 * 1024 + 1)):
        file.write_bytes(data)
        assert tmcs("lint-message", "--file", file).code == 2, data[:9]
    file.write_bytes("请\n".encode() + "好".encode() * 20_001)
    assert "line 2" in tmcs("lint-message", "--file", file, "--lang", "en").err


@pytest.mark.parametrize(
    "argv",
    [
        ("请", "--file", "x"),
        ("请", "--scripts"),
        ("--scripts", "--flow", "damage"),
        ("--scripts", "--opening"),
        ("--order-json", "-", "--flow", "damage"),
        ("--file", "-", "--order-json", "-", "--flow", "damage"),
        ("请", "--order-json", "-", "--order", "1", "--flow", "damage"),
        ("请", "-s", "photos_received=yes"),
        ("请", "--item", "1"),
        ("请", "--orders", "x", "--flow", "damage"),
        ("请", "--flow", "damage", "-s", "photos_received"),
        ("请", "--flow", "damage", "-s", "photos_received=maybe"),
        ("请", "--flow", "damage", "-s", "fotos=yes"),
        ("请", "--flow", "damage", "-s", "photos_received=yes", "--amount", "10"),
        ("请", "--flow", "damage", "-s", "photos_received=yes", "--tier", "boss"),
        ("请", "--now", "yesterday"),
    ],
)
def test_what_does_not_go_together_is_refused(tmcs: Any, argv: tuple[str, ...]) -> None:
    ran = tmcs("lint-message", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("tmcs: ")
    ran = tmcs("lint-message", *argv, "--format", "json", "--lang", "en")
    assert ran.code == 2
    assert json.loads(ran.err)


def test_an_order_that_is_not_there(tmcs: Any) -> None:
    assert tmcs("lint-message", "请", "--flow", "damage", "--order", "1", *CASE[6:10]).code == 6


def own(tmp_path: Path, name: str, text: str) -> Path:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return file


def test_own_rules_lie_over_the_built_in_ones(tmcs: Any, tmp_path: Path) -> None:
    off = own(tmp_path, "a.yaml", 'rules:\n  familiar: {severity: "off"}\n  cancel: {severity: warning}\n')
    assert ids(tmcs, "你好，请稍等") == ["familiar"]
    assert ids(tmcs, "你好，请稍等", "--wording", off) == []
    (found,) = remarks(tmcs, "请您稍等，马上取消", "--wording", off)
    assert (found["id"], found["severity"]) == ("cancel", "warning")
    again = own(tmp_path, "b.yaml", "rules:\n  familiar: {severity: error}\n  dear: {severity: error, phrases: [亲], why: {zh: 不, en: no}}\n")
    ran = tmcs("lint-message", "亲，你好，请稍等", "--wording", off, "--wording", again, "--format", "json")
    assert [(one["id"], one["severity"]) for one in ran.json["findings"]] == [("dear", "error"), ("familiar", "error")]
    assert ran.json["wording"] == ["tmcs/handbook/wording.yaml", str(off), str(again)]
    assert str(again) in tmcs("lint-message", "亲，你好，请稍等", "--wording", off, "--wording", again).out


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("x: {severity: error, why: {zh: 不, en: no}}", "patterns"),
        ("x: {severity: error, phrases: [嗯]}", "why"),
        ("x: {severity: error, phrase: [嗯], why: {zh: 不, en: no}}", "phrases"),
        ("x: {severity: error, phrases: [嗯], due: maybe, why: {zh: 不, en: no}}", "yes"),
        ("x: {severity: error, phrases: [嗯], at: start, why: {zh: 不, en: no}}", "clause"),
        ("x: {severity: error, phrases: [嗯], flows: [dmage], why: {zh: 不, en: no}}", "damage"),
        ("x: {severity: error, phrases: [嗯], not_flows: [dmage], why: {zh: 不, en: no}}", "damage"),
        ("x: {severity: error, phrases: [嗯], why: {zh: 不, en: no}, better: {zh: '{late_dayz}', en: a}}", "late_days"),
        ("x: {severity: error, patterns: ['(a+)+'], why: {zh: 不, en: no}}", "(a+)+"),
        ("x: 1", ":2:6"),
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_wrong_rule_is_named(tmcs: Any, tmp_path: Path, rule: str, said: str, lang: str) -> None:
    ran = tmcs("lint-message", "嗯", "--wording", own(tmp_path, "w.yaml", f"rules:\n  {rule}\n"), "--lang", lang)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_own_files_that_cannot_be_read(tmcs: Any, tmp_path: Path) -> None:
    assert tmcs("lint-message", "请", "--wording", tmp_path / "none.yaml").code == 6
    for text in ("- 1\n", "rules: [1]\n", "rules: {"):
        assert tmcs("lint-message", "请", "--wording", own(tmp_path, "w.yaml", text)).code == 2, text
