"""`tmcs resolve --continue`: one case through one flow after another, without asking again for what is known."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from ruamel.yaml import YAML

from tests.conftest import NOW, line
from tests.plugins.conftest import FLOW, Site, site
from tmcs.schemas import schema

__all__ = ["site"]  # the fixture

ONE = schema("resolution-1")
MEMBER = Draft202012Validator(ONE)
VALID = Draft202012Validator(
    schema("resolutions-1"), registry=Registry().with_resource(ONE["$id"], Resource.from_contents(ONE))
)

UNDISPATCHED = {"status": "WAIT_SELLER_SEND_GOODS", "consign_time": None, "sign_time": None}
SUCCEEDED = {"status": "TRADE_FINISHED", "end_time": "2026-11-22T20:00:00+08:00"}
PRICE = {"price_problem": "system-fault", "taobao_reply": "confirmed", "price_difference": "12.30"}
INVOICE = {"invoice_problem": "wrong", "invoice_content": "food", "wrong_invoice_received": "yes"}
DAMAGE = {"photos_received": "yes", "goods_kind": "food", "damage_kind": "package-broken"}
FRUIT = {
    "photos_received": "yes",
    "goods_kind": "fruit-boxed",
    "damage_kind": "rotten-part",
    "fruit_claim": "partial-refund",
}
GIFT = {"mismatch_kind": "gift", "photos_received": "yes", "gift_listed_for_barcode": "yes"}


@pytest.fixture
def case(tmcs: Any, order: dict[str, Any]) -> Any:
    """Run a case on the order with these keys laid over it; the chain must fit its schema, each member its own."""

    def call(flow: str, facts: dict[str, str], *more: str, over: dict[str, Any] | None = None) -> tuple[int, list[Any]]:
        sets = [word for name, value in facts.items() for word in ("--set", f"{name}={value}")]
        text = json.dumps({**order, **(over or {})})
        ran = tmcs(
            "resolve",
            flow,
            "--order-json",
            "-",
            "--now",
            NOW,
            "--continue",
            "--format",
            "json",
            *sets,
            *more,
            stdin=text,
        )
        assert ran.err == ""
        VALID.validate(ran.json)
        chain = ran.json["chain"]
        for one in chain:
            MEMBER.validate(one)
        for one, following in itertools.pairwise(chain):
            assert one["status"] == "resolved"
            assert one["next_flow"] == following["flow"]
        assert ran.code == {"resolved": 0, "needs-facts": 3, "waiting": 4}[chain[-1]["status"]]
        return ran.code, chain

    return call


def flows(chain: list[Any]) -> list[str]:
    return [one["flow"] for one in chain]


def walked(one: Any, fact: str) -> Any:
    """Return the value of a fact on the path and who gave it; None where it is not met."""
    return next(((step["value"], step["from"]) for step in one["path"] if step["fact"] == fact), None)


def test_the_schema_of_a_chain_looks_into_its_members(case: Any) -> None:
    _, chain = case("normal-refund", {})
    whole = {"schema": "tmcs/resolutions/1", "chain": chain}
    assert VALID.is_valid(whole)
    assert not VALID.is_valid({**whole, "chain": []})
    assert not VALID.is_valid({**whole, "chain": [{**chain[0], "goods": "pickup"}]})  # it waits: goods are open
    assert not VALID.is_valid({**whole, "more": 1})


def test_a_chain_of_one_has_the_form_of_a_chain(case: Any) -> None:
    code, chain = case("normal-refund", {"approved": "yes", "goods_damaged": "no"})
    assert (code, flows(chain), chain[0]["next_flow"]) == (0, ["normal-refund"], None)


@pytest.mark.parametrize(
    ("flow", "facts", "over", "kind", "amount"),
    [
        ("price", PRICE, {}, "compensation", "12.30"),
        ("invoice", INVOICE, {}, "invoice-postage", "5.00"),
        ("damage", {**DAMAGE, "partial_quantity": "no"}, SUCCEEDED, "trade-succeeded", "100.00"),
        ("reorder", {"cause": "lost-in-transit", "wants_resend": "no"}, SUCCEEDED, "trade-succeeded", "100.00"),
        ("normal-refund", {}, SUCCEEDED, "trade-succeeded", "100.00"),
    ],
    ids=["price", "invoice", "damage", "reorder", "normal-refund"],
)  # fmt: skip
def test_the_kind_and_the_amount_go_along(
    case: Any, flow: str, facts: dict[str, str], over: Any, kind: str, amount: str
) -> None:
    code, chain = case(flow, {**facts, "payee_details": "yes"}, over=over)
    assert (code, flows(chain)) == (0, [flow, "abnormal-refund"])
    last = chain[-1]
    assert walked(last, "refund_kind") == (kind, "flow")
    assert walked(last, "payee_details") == ("yes", "set")
    assert last["refund"] == {"route": "abnormal", "amount": amount}
    assert [task["queue"] for task in last["tasks"]] == ["19047", "19026", "supervisor", "finance"]
    assert last["payouts"] == []  # granted by the flow before, not a second time


@pytest.mark.parametrize("facts", [{**DAMAGE, "partial_quantity": "yes"}, FRUIT], ids=["said", "implied"])
def test_some_units_of_one_line_go_along_with_their_number_and_item(case: Any, facts: dict[str, str]) -> None:
    over = {"payment": "40.00", "orders": [line("S1", "10.00", 3, "30.00"), line("S2", "10.00")]}
    given = {**facts, "units_affected": "2", "already_applied": "no", "payee_details": "yes"}
    code, chain = case("damage", given, "--item", "S1", over=over)
    assert (code, flows(chain)) == (0, ["damage", "abnormal-refund"])
    assert [one["item"] for one in chain] == ["S1", "S1"]
    assert [one["refund"]["amount"] for one in chain] == ["20.00", "20.00"]
    assert walked(chain[1], "refund_kind") == ("partial-quantity", "flow")


def test_the_tier_goes_along(case: Any) -> None:
    _, chain = case("price", PRICE, "--tier", "supervisor")
    assert [one["tier"] for one in chain] == ["supervisor", "supervisor"]


def test_what_the_flow_sets_wins_over_what_was_given_for_a_later_one(case: Any) -> None:
    _, chain = case("price", {**PRICE, "refund_kind": "freight"})
    assert walked(chain[1], "refund_kind") == ("compensation", "flow")


@pytest.mark.parametrize(("given", "code"), [({}, 3), ({"payee_details": "no"}, 4), ({"payee_details": "yes"}, 0)])
def test_the_exit_code_is_that_of_the_last(case: Any, given: dict[str, str], code: int) -> None:
    found, chain = case("price", {**PRICE, **given})
    assert (found, flows(chain)) == (code, ["price", "abnormal-refund"])


def test_what_is_still_open_stops_the_chain(case: Any) -> None:
    code, chain = case("price", {"price_problem": "system-fault", "payee_details": "yes"})
    assert (code, flows(chain)) == (4, ["price"])


def test_an_order_in_another_state_goes_on_in_the_flow_made_for_it(case: Any) -> None:
    code, chain = case("mismatch", {"can_ship": "today"}, over=UNDISPATCHED)
    assert (code, flows(chain), chain[-1]["outcome"]) == (0, ["mismatch", "ship-tracking"], "ship")


def test_three_flows_in_a_row(case: Any) -> None:
    code, chain = case("held-order", {"signer_proof": "yes", "signer_known": "yes"})
    assert (code, flows(chain)) == (0, ["held-order", "unsigned", "abnormal-sign"])
    code, chain = case("rejection", {"payee_details": "yes", "return_needed": "yes"}, over=SUCCEEDED)
    assert (code, flows(chain)) == (0, ["rejection", "normal-refund", "abnormal-refund"])
    assert chain[-1]["goods"] == "pickup"


def test_a_gift_that_was_left_out_goes_on_as_a_missing_item(case: Any) -> None:
    code, chain = case(
        "mismatch", {**GIFT, "split_shipment": "no", "wants_item": "no", "payee_details": "yes"}, over=SUCCEEDED
    )
    assert (code, flows(chain)) == (0, ["mismatch", "abnormal-refund"])
    assert walked(chain[0], "short_shipped") == ("yes", "flow")
    assert walked(chain[1], "refund_kind") == ("trade-succeeded", "flow")


def test_yaml_says_the_same_and_text_shows_each_flow(tmcs: Any, order: dict[str, Any]) -> None:
    sets = [word for name, value in PRICE.items() for word in ("--set", f"{name}={value}")]

    def run(form: str) -> Any:
        argv = ("resolve", "price", "--order-json", "-", "--now", NOW, "--continue", "--format", form, *sets)
        return tmcs(*argv, stdin=json.dumps(order))

    assert YAML(typ="safe", pure=True).load(run("yaml").out) == run("json").json
    text = run("text").out
    assert text.index("价格 · 订单") < text.index("异常退货退款 · 订单")


def test_without_continue_one_resolution_is_printed_and_names_the_next(tmcs: Any, order: dict[str, Any]) -> None:
    sets = [word for name, value in PRICE.items() for word in ("--set", f"{name}={value}")]
    ran = tmcs(
        "resolve", "price", "--order-json", "-", "--now", NOW, "--format", "json", *sets, stdin=json.dumps(order)
    )
    MEMBER.validate(ran.json)
    assert (ran.code, ran.json["next_flow"]) == (0, "abnormal-refund")


@pytest.mark.parametrize("word", ["payee_details=maybe", "payee_detail=yes", "signer_known=yes"])
def test_a_wrong_fact_for_a_later_flow_stops_everything(tmcs: Any, order: dict[str, Any], word: str) -> None:
    argv = [
        "resolve",
        "normal-refund",
        "--order-json",
        "-",
        "--now",
        NOW,
        "--continue",
        "--format",
        "json",
        "--set",
        word,
    ]
    ran = tmcs(*argv, stdin=json.dumps(order))
    assert (ran.code, ran.out) == (2, "")
    assert word.split("=")[0] in ran.err


def test_a_next_flow_that_is_not_installed_is_named_with_a_warning(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_PLUGINS_DISABLED", "abnormal-refund")
    code, chain = case("price", PRICE)
    assert (code, flows(chain), chain[0]["next_flow"]) == (0, ["price"], "abnormal-refund")
    assert any("abnormal-refund" in warning["text"]["en"] for warning in chain[0]["warnings"])


def _handing_over(id: str, to: str) -> str:
    return FLOW.format(id=id).replace("outcome: explain,", f"outcome: explain, next: {to},")


def test_a_flow_that_would_come_round_again_ends_the_chain(case: Any, site: Site) -> None:
    site.add_flow("first", flow=_handing_over("first", "second"))
    site.add_flow("second", flow=_handing_over("second", "first"))
    code, chain = case("first", {"wanted": "yes"})
    assert (code, flows(chain), chain[-1]["next_flow"]) == (0, ["first", "second"], "first")
    assert walked(chain[1], "wanted") == ("yes", "set")


def test_a_next_flow_that_fails_its_check_ends_the_chain(case: Any, site: Site) -> None:
    site.add_flow("first", flow=_handing_over("first", "second"))
    site.add_flow("second", flow=FLOW.format(id="second").replace('"no": done}', "}"))
    code, chain = case("first", {"wanted": "yes"})
    assert (code, flows(chain), chain[0]["next_flow"]) == (0, ["first"], "second")
