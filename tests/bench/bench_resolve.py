"""How long `resolve()` takes in process, against the same decision by hand and in the rules engine zen-engine.

    python tests/bench/bench_resolve.py [--runs N]

Prints microseconds (the best of several rounds, all in one run and turn by turn) and two ratios: to the bare decision
written by hand in plain Python, which gives only words, and to zen-engine evaluating the bare decision with its trace
on. `resolve()` gives the whole resolution: path, payouts, tasks, deadlines.
"""

from __future__ import annotations

import argparse
import timeit
from typing import Any

import tmcs

NOW = tmcs.parse_time("2026-11-23T10:00:00+08:00")
FACTS = {"photos_received": "yes", "goods_kind": "food", "damage_kind": "package-broken", "partial_quantity": "no"}
ORDER = {
    "schema": "tmcs/order/1",
    "tid": "5200000000000010001",
    "status": "WAIT_BUYER_CONFIRM_GOODS",
    "pay_time": "2026-11-20T10:01:00+08:00",
    "consign_time": "2026-11-20T21:00:00+08:00",
    "sign_time": "2026-11-22T12:00:00+08:00",
    "payment": "100.00",
    "orders": [{"oid": "1", "sku": "S1", "title": "蜂蜜", "price": "100.00", "num": 1, "payment": "100.00"}],
}


def by_hand(f: dict[str, str], completed: bool, paid: int, tier: str) -> tuple[Any, ...]:
    """The bare decision, as one would write it without a handbook to account to."""
    if f["photos_received"] != "yes":
        return ("waiting",)
    goods, damage = f["goods_kind"], f["damage_kind"]
    if goods == "fruit-boxed" and damage == "rotten-part":
        place = "pickup" if f["fruit_claim"] == "exchange-case" else "write-off"
    elif damage == "rotten" or (goods == "fruit-soft" and damage == "rotten-part"):
        place = "write-off"
    elif goods in ("fruit-soft", "fruit-boxed"):
        place = "write-off" if damage in ("package-broken", "quality-opened") else "pickup"
    elif goods in ("food", "seasoning"):
        place = "pickup" if damage == "other" else "write-off"
    elif goods == "glass":
        place = "write-off" if damage in ("shattered", "leaked-part", "leaked-empty") else "pickup"
    else:
        place = "write-off" if goods in ("liquid", "toiletries") and damage == "leaked-empty" else "pickup"
    route = "abnormal" if completed or f["partial_quantity"] == "yes" else "normal"
    low, high = min((paid * 2 + 10) // 20, 20000), min((paid * 2 + 5) // 10, 20000)
    return "refund", route, place, low, high, low if tier == "frontline" else high


def zen_decision() -> Any:
    """The same bare decision for zen-engine: a disposal table and a route table, one after the other."""
    import json

    import zen

    def table(name: str, inputs: list[str], output: str, rows: list[tuple[list[str], str]]) -> dict[str, Any]:
        columns = [{"id": f"{name}{n}", "type": "expression", "field": field, "name": field} for n, field in enumerate(inputs)]
        rules = []
        for number, (conditions, result) in enumerate(rows):
            cells = {f"{name}{n}": condition for n, condition in enumerate(conditions)}
            rules.append({"_id": f"{name}-r{number}", **cells, f"{name}out": f'"{result}"'})
        content = {
            "hitPolicy": "first", "inputs": columns, "rules": rules,
            "outputs": [{"id": f"{name}out", "type": "expression", "field": output, "name": output}],
            "passThrough": True,
        }  # fmt: skip
        return {"id": name, "type": "decisionTableNode", "name": name, "content": content}

    broken = '"package-broken", "shattered", "leaked-part", "leaked-empty", "quality-opened", "rotten-part"'
    disposal = [
        (['"fruit-boxed"', '"rotten-part"', '"exchange-case"'], "pickup"),
        (['"fruit-boxed"', '"rotten-part"', '"partial-refund"'], "write-off"),
        (["", '"rotten"', ""], "write-off"),
        (['"fruit-soft"', '"rotten-part"', ""], "write-off"),
        (['"fruit-soft", "fruit-boxed"', '"package-broken", "quality-opened"', ""], "write-off"),
        (['"food", "seasoning"', broken, ""], "write-off"),
        (['"glass"', '"shattered", "leaked-part", "leaked-empty"', ""], "write-off"),
        (['"liquid", "toiletries"', '"leaked-empty"', ""], "write-off"),
        (["", "", ""], "pickup"),
    ]
    route = [(['"yes"', ""], "abnormal"), (["", '"yes"'], "abnormal"), (["", ""], "normal")]
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in"},
        table("disposal", ["goods_kind", "damage_kind", "fruit_claim"], "goods", disposal),
        table("route", ["trade_succeeded", "partial_quantity"], "route", route),
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = [("in", "disposal"), ("disposal", "route"), ("route", "out")]
    graph = {
        "nodes": nodes,
        "edges": [{"id": f"{a}-{b}", "type": "edge", "sourceId": a, "targetId": b} for a, b in edges],
    }
    return zen.ZenEngine().create_decision(json.dumps(graph))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="rounds, the best of which counts")
    rounds = parser.parse_args().runs
    flow, policy, order, resolve = tmcs.load_flow("damage"), tmcs.load_policy(), tmcs.Order(ORDER), tmcs.resolve

    def ours() -> Any:
        return resolve(flow, order, FACTS, policy, NOW)

    def hand() -> Any:
        return by_hand(FACTS, False, 10000, "frontline")

    done = ours()
    assert (done.goods, done.route, done.payouts[0].max) == (hand()[2], hand()[1], hand()[4])
    contenders = {"resolve()": (ours, 5000), "by hand": (hand, 100_000)}
    try:
        decision = zen_decision()
    except ImportError:
        print("zen-engine is not installed (pip install zen-engine): measured without it")
    else:
        context = {**FACTS, "fruit_claim": "", "trade_succeeded": "no"}
        options = {"trace": True}
        answer = decision.evaluate(context, options)
        assert (answer["result"]["goods"], answer["result"]["route"]) == ("write-off", "normal"), answer
        contenders["zen-engine, trace on"] = (lambda: decision.evaluate(context, options), 1000)
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, (call, number) in contenders.items():
            best[name] = min(best[name], timeit.timeit(call, number=number) / number * 1e6)
    for name, microseconds in best.items():
        print(f"{name:22} {microseconds:8.2f} µs   resolve() / it = {best['resolve()'] / microseconds:6.2f}")
    print(f"the resolution: {len(done.path)} steps, {len(done.payouts)} payouts, {len(done.tasks)} tasks, {len(done.deadlines)} deadlines")


if __name__ == "__main__":
    main()
