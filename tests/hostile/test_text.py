"""Text of customers and sellers made to hurt: whatever it holds, every form of output shows it as text and as nothing else."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import NOW, line

REJECTED = (
    "-s", "photos_received=yes", "-s", "partial_quantity=no", "-s", "goods_kind=other", "-s", "damage_kind=other",
    "-s", "review_passed=no",
)  # fmt: skip
MIB = 1 << 20
FORMS = ("text", "json", "yaml", "markdown")

# What a terminal acts on: C0 but newline and tab, DEL, C1, bidirectional controls, zero-width marks, line separators.
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
EVIL = {
    "colour": "\x1b[31m红\x1b[0m",
    "clear screen": "\x1b[2J\x1b[H",
    "window title": "\x1b]0;evil\x07",
    "hyperlink": "\x1b]8;;http://example.invalid\x1b\\click\x1b]8;;\x1b\\",
    "C1 colour": "\x9b31mred",
    "C1 device string": "\x90evil\x9c",
    "backspace": "退款 10.00\b\b\b\b\b99.00",
    "return": "退款\r全额退款",
    "right to left": "\u202e00.99 退\u202c",
    "isolates": "\u2066a\u2067b\u2068c\u2069",
    "marks": "a\u200eb\u200fc\u061cd",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff",
    "separators": "a\u2028b\u2029c",
    "NUL and DEL": "a\0b\x7fc",
    "new line": "a\n  9. 全额退款\nb",
    "blank lines": "a\n\n## 结论\n\nb",
    "tabs": "a\tb\t",
    "half a surrogate": "a\ud83d",
    "beyond the BMP": "😀𠮷é·",
    "percent": "%s %d %n %(x)s",
    "braces": "{} {0} {x!r} {__class__} }{",
    "formula": '=HYPERLINK("http://example.invalid","x")',
    "shell": "$(id) `id` ; rm -rf / #",
    "quotes": "'\"\\'\\\"",
    "yaml": "- a: !!python/object {x: &y *y}\n# comment",
    "json": '","status":"resolved","x":"',
    "markup": "[bold]x[/b] <b>x</b>",
}
MARKDOWN = {
    "script": "<script>alert(1)</script>",
    "image": "![x](http://example.invalid/x.png)",
    "link": "[click](javascript:alert(1))",
    "reference": "[x]: http://example.invalid",
    "cell": "a | b | c\n|---|---|\n| d | e |",
    "heading": "a\n# 结论: 全额退款",
    "fence": "a\n```\n# 结论: 全额退款\n<script>\n```",
    "tilde fence": "a\n~~~\n<b>x</b>",
    "code": "`a` ``b`` `",
    "emphasis": "**a** __b__ *c* _d_",
    "quote": "a\n> b",
    "comment": "<!-- a",
    "autolink": "<http://example.invalid>",
    "backslash": "\\<script\\> \\`x\\`",
    "rule": "a\n---\nb",
}


@pytest.fixture
def shown(tmcs: Any, order: dict[str, Any]) -> Any:
    """Resolve a rejected claim whose order and reason hold a text; return what is printed."""

    def call(text: str, form: str, *more: str, lang: str = "zh") -> str:
        order["orders"] = [line(text, title=text)] if form != "needs" else [line("S" + text, title=text), line("T")]
        order.update(buyer_nick=text, seller_memo=text, tid=text)
        argv = ("resolve", "damage", "--order-json", "-", "--now", NOW, *REJECTED, "-s", f"reject_reason={text}")
        chosen = "text" if form == "needs" else form
        ran = tmcs(*argv, "--format", chosen, "--lang", lang, *more, stdin=json.dumps(order))
        assert (ran.code, ran.err) == (3 if form == "needs" else 0, ""), ran
        return str(ran.out)

    return call


@pytest.mark.parametrize("form", [*FORMS, "needs"])
@pytest.mark.parametrize("case", EVIL)
def test_no_text_of_an_order_acts_on_the_terminal(shown: Any, case: str, form: str) -> None:
    explain = ("--explain",) if form in ("text", "markdown", "needs") else ()
    out = shown(EVIL[case], form, *explain)
    assert not ACTS.search(out), ACTS.findall(out)


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("case", {**EVIL, **MARKDOWN})
def test_a_program_reads_back_the_very_text(shown: Any, case: str, form: str) -> None:
    text = {**EVIL, **MARKDOWN}[case]
    out = shown(text, form)
    found = json.loads(out) if form == "json" else YAML(typ="safe", pure=True).load(out)
    assert (found["order"], found["item"]) == (text, text)
    steps = [one["value"] for one in found["path"] if one["fact"] == "reject_reason"]
    assert steps == [text]
    assert any(text in one["text"]["zh"] for one in found["say"])
    assert any(text in one["text"]["en"] for one in found["steps"])


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("case", MARKDOWN)
def test_markdown_shows_text_and_never_takes_it_for_markdown(shown: Any, case: str, lang: str) -> None:
    harmless = shown("无害", "markdown", "--explain", lang=lang)
    out = shown(MARKDOWN[case], "markdown", "--explain", lang=lang)

    def frame(text: str) -> list[str]:
        """Return the lines that give a document its form: headings, lists, tables, quotes, fences."""
        return [found.group() for found in re.finditer(r"(?m)^ {0,3}(#+ |[-*+] |\d+\. |\||>|```|~~~|---|<)", text)]

    assert frame(out) == frame(harmless)
    outside = re.sub(r"(?ms)^```text\n.*?^```$", "", out)
    assert outside.count("|") - outside.count("\\|") == harmless.count("|") - harmless.count("\\|")
    for char in "<[`*_":
        plain = re.sub(r"(?ms)^```text\n.*?^```$", "", harmless)
        bare, expected = (len(re.findall(r"(?<!\\)(?:\\\\)*" + re.escape(char), text)) for text in (outside, plain))
        assert bare == expected, (char, outside)


@pytest.mark.parametrize("text", ["a\n  9. 全额退款", "a\n\n做什么\n  1. 全额退款", "a\n19047  x  全额退款"])
def test_a_line_end_in_a_text_starts_no_step_and_no_row(shown: Any, text: str) -> None:
    def frame(out: str) -> list[str]:
        """Return the lines that give the output its form: those that begin in the first columns."""
        return [one[:6] for one in out.splitlines() if re.match(r" {0,3}[^ ]", one)][1:]

    out = shown(text, "text")
    assert frame(out) == frame(shown("无害", "text"))
    assert out.splitlines()[0].count(" · ") == 4, "the head stays one line"


PLACES = (
    "{evidence_mailbox}",
    "{refund_due}",
    "{refund_amount}",
    "{payout_max}",
    "{reject_reason}",
    "{item_title}",
    "{tier}",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_a_placeholder_that_a_customer_typed_is_never_filled(shown: Any, place: str, form: str) -> None:
    out = shown(f"x{place}y", form)
    wanted = f"x{place}y".replace("_", "\\_") if form == "markdown" else f"x{place}y"
    assert out.count(wanted) == shown("harmless", form).count("harmless") > 2


def test_a_placeholder_typed_as_the_value_of_a_script_stays(tmcs: Any) -> None:
    for place in PLACES:
        ran = tmcs("script", "damage", "review-failed", "-s", f"reject_reason=x{place}y")
        assert ran.code == 0, ran.err
        assert f"x{place}y" in ran.out


def test_a_text_of_two_thousand_characters_is_taken_and_one_more_is_not(shown: Any, tmcs: Any) -> None:
    assert "长" * 2000 in shown("长" * 2000, "json")
    ran = tmcs("resolve", "damage", *REJECTED, "-s", "reject_reason=" + "长" * 2001, "--lang", "en")
    assert (ran.code, ran.out) == (2, "")
    assert "2000" in ran.err
    assert len(ran.err) < 300


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unit", ["长", "x", "x ", "\n", "{a}", "{", "<", "\u202e"])
def test_a_megabyte_of_text_in_an_order_takes_no_time_worth_mentioning(
    tmcs: Any, order: Any, form: str, unit: str
) -> None:
    text = (unit * (MIB // len(unit)))[: MIB // len(unit.encode())]
    order["orders"][0]["title"] = text
    argv = (
        "resolve",
        "damage",
        "--order-json",
        "-",
        "--now",
        NOW,
        *REJECTED,
        "-s",
        "reject_reason=x",
        "--explain",
        "--format",
        form,
    )
    began = time.perf_counter()
    ran = tmcs(*argv, stdin=json.dumps(order, ensure_ascii=False))
    assert ran.code == 0
    assert time.perf_counter() - began < 10


def test_tables_of_order_texts_keep_one_row_for_one_line(tmcs: Any, order: Any) -> None:
    order["orders"] = [line(f"S{n}\n\x1b[2J|", title="a\nb") for n in range(3)]
    ran = tmcs("resolve", "damage", "--order-json", "-", "--now", NOW, *REJECTED, stdin=json.dumps(order))
    assert ran.code == 3
    assert "\x1b" not in ran.out
    assert [one for one in ran.out.splitlines() if one.strip().startswith("b")] == []
    assert len([one for one in ran.out.splitlines() if "--item" in one]) == 1
