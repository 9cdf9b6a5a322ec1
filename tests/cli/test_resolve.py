"""`tmcs resolve` through the command line: sources of orders and facts, forms of output, exit codes, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from tests.conftest import NOW, line
from tmcs.schemas import schema

FACTS = ["-s", "photos_received=yes", "-s", "goods_kind=food", "-s", "damage_kind=package-broken", "-s", "partial_quantity=no"]
VALID = Draft202012Validator(schema("resolution-1"))


@pytest.fixture
def damage(tmcs: Any, order: dict[str, Any]) -> Any:
    """Run `tmcs resolve damage` on the order, given on standard input."""

    def call(*more: str, stdin: str | None = None, flow: str = "damage") -> Any:
        text = json.dumps(order) if stdin is None else stdin
        return tmcs("resolve", flow, "--order-json", "-", "--now", NOW, *more, stdin=text)

    return call


def test_the_first_screen_says_what_to_do_what_to_say_and_what_may_be_promised(damage: Any) -> None:
    ran = damage(*FACTS)
    assert ran.code == 0
    first = ran.out.splitlines()[:5]
    assert "货品损坏" in first[0]
    assert "2026112000001" in first[0]
    assert "退款 100.00 元" in first[1]
    assert "就地报废" in first[2]
    assert "优惠券 10.00 元" in first[3]
    assert "二线" in first[3]
    assert ran.out.index("做什么") < ran.out.index("说什么") < ran.out.index("\n任务\n")
    assert ran.err == ""


def test_english_keeps_the_customer_s_chinese_and_adds_the_gloss(damage: Any) -> None:
    ran = damage(*FACTS, "--lang", "en")
    assert "refund CNY 100.00" in ran.out
    assert "您发来的照片" in ran.out
    assert "the photos you sent" in ran.out


def test_json_fits_the_schema_and_keeps_the_order_of_keys(damage: Any) -> None:
    ran = damage(*FACTS, "--format", "json")
    VALID.validate(ran.json)
    assert list(ran.json) == list(schema("resolution-1")["properties"])


def test_yaml_says_the_same_as_json(damage: Any) -> None:
    found = YAML(typ="safe", pure=True).load(damage(*FACTS, "--format", "yaml").out)
    assert found == damage(*FACTS, "--format", "json").json


def test_markdown_has_headings_and_tables(damage: Any) -> None:
    out = damage(*FACTS, "--format", "markdown").out
    assert out.startswith("# 货品损坏")
    assert "\n## 说什么\n" in out
    assert "|--" in out


def test_a_pipe_lists_what_is_missing(damage: Any) -> None:
    ran = damage("-s", "photos_received=yes")
    assert ran.code == 3
    assert "--set goods_kind=food | liquid" in ran.out
    ran = damage("-s", "photos_received=yes", "--format", "json")
    assert (ran.code, ran.json["needs"][0]["fact"]) == (3, "goods_kind")


def test_waiting_is_an_exit_code_of_its_own(damage: Any) -> None:
    ran = damage("-s", "photos_received=no")
    assert ran.code == 4
    assert "等待" in ran.out
    assert "客户" in ran.out
    assert "evidence@example.invalid" in ran.out


def test_explain_states_the_rules_in_words(damage: Any) -> None:
    out = damage(*FACTS, "--explain").out
    assert "H04-R05" in out
    assert "破" in out.split("依据")[-1]
    assert "C39" in out


@pytest.mark.parametrize("word", ["损坏", "货品损坏", "破损", "Damaged Goods"])
def test_an_alias_names_the_flow(damage: Any, word: str) -> None:
    assert damage(*FACTS, "--format", "json", flow=word).json["flow"] == "damage"


def test_a_near_miss_is_told_and_nothing_runs(damage: Any) -> None:
    ran = damage(*FACTS, flow="damge")
    assert (ran.code, ran.out) == (2, "")
    assert "damage" in ran.err


def test_without_a_flow_the_flows_are_listed(tmcs: Any) -> None:
    ran = tmcs("resolve")
    assert ran.code == 2
    assert "mismatch" in ran.out
    assert "货品不符" in ran.out


def test_facts_come_from_a_json_or_yaml_file_and_set_wins(damage: Any, tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text("photos_received: yes\ngoods_kind: other\ndamage_kind: other\npartial_quantity: no\n", "utf-8")
    found = damage("--facts", str(file), "-s", "goods_kind=glass", "-s", "damage_kind=shattered", "--format", "json").json
    assert found["goods"] == "write-off"
    sources = {step["fact"]: step["from"] for step in found["path"]}
    assert (sources["photos_received"], sources["goods_kind"]) == ("facts", "set")
    file = tmp_path / "facts.json"
    file.write_text(json.dumps({"photos_received": True, "goods_kind": "food", "damage_kind": "rotten", "partial_quantity": False}))
    assert damage("--facts", str(file), "--format", "json").json["goods"] == "write-off"


def test_facts_come_from_standard_input(tmcs: Any, order: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order), "utf-8")
    ran = tmcs("resolve", "damage", "--order-json", file, "--facts", "-", "--format", "json", stdin='{"photos_received": "no"}')
    assert ran.json["waits"][0]["on"] == "customer"
    both = tmcs("resolve", "damage", "--order-json", "-", "--facts", "-")
    assert both.code == 2


@pytest.mark.parametrize(
    "more",
    [["-s", "photos_received"], ["-s", "=yes"], ["-s", "photos_received=perhaps"], ["-s", "a=1"], ["--tier", "boss"],
     ["--now", "soon"], ["--format", "xml"], ["-s", "photos_received=yes", "-s", "photos_received=no"],
     ["--facts", "."], ["--nonsense"]],
)  # fmt: skip
def test_bad_input_is_one_clear_line_and_exit_2(damage: Any, more: list[str]) -> None:
    ran = damage(*more)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("tmcs: ")
    assert "Traceback" not in ran.err


def test_errors_are_json_for_a_program(damage: Any) -> None:
    ran = damage("-s", "goods_kind=fod", "--format", "json")
    error = json.loads(ran.err)
    assert (ran.code, error["exit"], ran.out) == (2, 2, "")
    assert "food" in error["text"]["en"]


@pytest.mark.parametrize(("what", "code"), [("--facts", 6), ("--order-json", 6), ("--policy", 6)])
def test_a_file_that_is_not_there_is_not_found(tmcs: Any, what: str, code: int) -> None:
    assert tmcs("resolve", "damage", what, "no-such-file").code == code


def test_an_item_that_is_not_there_is_not_found(damage: Any) -> None:
    assert damage("--item", "S9").code == 6


@pytest.mark.parametrize("text", ["", "[]", "{", '{"tid": 1}', '{"tid": "1", "payment": 1.5}', "\ufeff{}", '{"tid": "1", "orders": {}}'])
def test_a_wrong_order_is_a_clear_error(damage: Any, text: str) -> None:
    ran = damage(stdin=text)
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_customer_text_cannot_act_on_a_terminal(damage: Any, order: dict[str, Any]) -> None:
    order["orders"] = [line("S1", title="\x1b[31m=cmd|' /C calc'!A0\u202eevil\u200b\x07")]
    for form in ("text", "json", "yaml", "markdown"):
        out = damage(*FACTS, "--format", form, "--explain").out
        assert not [c for c in out if c in "\x1b\x07\u202e\u200b"]
    assert damage(*FACTS, "--format", "json").json["order"] == "2026112000001"


def test_nobody_s_personal_data_is_printed(damage: Any, order: dict[str, Any]) -> None:
    for form in ("text", "json", "yaml", "markdown"):
        out = damage(*FACTS, "--format", form).out
        for value in (*order["receiver"].values(), order["alipay_no"], order["buyer_nick"]):
            assert value not in out or value in ("上海", "上海市")


def test_a_figure_of_the_user_s_own_policy_changes_the_answer_and_says_so(damage: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text('payouts:\n  damage:\n    rows:\n      usual: {rate_max: "0.15"}\n', "utf-8")
    found = damage(*FACTS, "--policy", str(file), "--format", "json").json
    assert found["payouts"][0]["max"] == "15.00"
    assert str(file) in found["policy"]["files"]
    assert found["policy"]["overrides"] == [
        {"key": "payouts.damage.rows.usual.rate_max", "value": "0.15", "was": "0.20", "file": str(file), "line": 4}
    ]
    assert f"{file}:4" in damage(*FACTS, "--policy", str(file)).out


def test_a_dated_figure_holds_from_its_day(damage: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        'payouts: {damage: {rows: {usual: {rate_max: [{from: 2012-04-16, value: "0.20"}, {from: 2026-11-24, value: "0.12"}]}}}}\n',
        "utf-8",
    )
    today = damage(*FACTS, "--policy", str(file), "--format", "json").json
    assert today["payouts"][0]["max"] == "20.00"
    later = damage(*FACTS, "--policy", str(file), "--format", "json", "--now", "2026-11-24T00:00:00+08:00").json
    assert later["payouts"][0]["max"] == "12.00"


def test_every_fault_of_a_policy_file_is_named_with_its_place(damage: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "payouts:\n  damge: {rows: {}}\nlimits:\n  small-value: {value: abc}\ntiers:\n  boss: {zh: 老板}\nnonsense: 1\n", "utf-8"
    )
    ran = damage(*FACTS, "--policy", str(file), "--lang", "en")
    assert ran.code == 2
    for place in (f"{file}:2:", f"{file}:4:", f"{file}:6:", f"{file}:7:1:"):
        assert place in ran.err
    assert "nearest: damage" in ran.err


def test_the_desk_s_policy_is_found_through_the_environment(damage: Any, tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text('settings: {evidence_mailbox: {value: "photos@example.invalid"}}\n', "utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(file))
    assert "photos@example.invalid" in damage("-s", "photos_received=no").out


def test_facts_of_a_following_flow_are_taken_others_are_not(damage: Any) -> None:
    assert damage(*FACTS, "-s", "split_shipment=yes").code == 2
    assert damage("-s", "mismatch_kind=gift", "-s", "split_shipment=yes", flow="mismatch").code == 3
