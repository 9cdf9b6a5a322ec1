"""`tmcs flow check --prove`: sound flows are proved, and each planted fault is found with a command that shows it."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.core.test_check import FLOW, SCRIPTS
from tests.plugins.conftest import site  # noqa: F401
from tmcs import loader
from tmcs.core.life import STATES
from tmcs.core.payout import PayoutReason
from tmcs.core.prove import prove_flow
from tmcs.core.prove_loops import cycles
from tmcs.core.prove_money import money_faults
from tmcs.core.resolve import resolve
from tmcs.flowproof import open_folder


def written(folder: Path, flow: str = FLOW, scripts: str = SCRIPTS) -> str:
    (folder / "flow.yaml").write_text(flow, encoding="utf-8")
    (folder / "scripts.yaml").write_text(scripts, encoding="utf-8")
    return str(folder)


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


class Found:
    """The only fault of a kind that a proof finds, and what its command prints."""

    def __init__(self, tmcs: Any, kind: str, *words: str) -> None:
        ran = tmcs("flow", "check", "--prove", *words, "--format", "json")
        assert ran.code == 1
        faults = [fault for proof in ran.json["proved"] for fault in proof["faults"]] + ran.json["loops"]["faults"]
        assert {fault["kind"] for fault in faults} == {kind}
        self.fault = min(faults, key=lambda fault: len(fault["facts"]))
        self.facts = {name: value for name, value in self.fault["facts"].items() if name != "tier"}
        argv = shlex.split(self.fault["command"])
        assert argv[:2] == ["tmcs", "resolve"]
        self.ran = tmcs(*argv[1:], "--lang", "en")
        self.as_json = tmcs(*argv[1:], "--format", "json")
        text = tmcs("flow", "check", "--prove", *words, "--lang", "en")
        assert text.code == 1
        assert self.fault["command"] in text.out
        assert self.fault["text"]["en"] in text.out
        assert self.fault["text"]["zh"]


def test_a_sound_flow_is_proved(tmcs: Any, tmp_path: Path) -> None:
    ran = tmcs("flow", "check", "--prove", written(tmp_path), "--format", "json")
    assert (ran.code, ran.json["ok"]) == (0, True)
    proof = ran.json["proved"][0]
    assert proof["ends"] == {"reached": 5, "total": 5}
    # The counts by hand of the check, for each state of the order and each tier: the flow asks nothing of the order.
    assert proof["outcomes"] == {name: count * 36 for name, count in
                                 {"compensate": 5, "explain": 5, "refund": 6, "waiting:warehouse": 1}.items()}  # fmt: skip
    assert proof["combinations"] == sum(proof["outcomes"].values())
    assert len(STATES) * 3 == 36
    assert "proved: " in tmcs("flow", "check", "--prove", tmp_path, "--lang", "en").out


def test_the_built_in_flows_are_proved(tmcs: Any) -> None:
    ran = tmcs("flow", "check", "--prove", "--format", "json")
    assert [fault for proof in ran.json["proved"] for fault in proof["faults"]] == []
    assert ran.json["loops"]["faults"] == []
    assert all(proof["ends"]["reached"] == proof["ends"]["total"] for proof in ran.json["proved"])
    assert ran.code == 0


def test_a_gap(tmcs: Any, tmp_path: Path) -> None:
    text = replaced(FLOW, '"> 5 and <= 20": answered', '"> 5 and < 20": answered')
    found = Found(tmcs, "gap", written(tmp_path, text))
    assert found.facts == {"seen": "yes", "weight": "20"}
    assert found.fault["text"]["en"] == "no branch for weight=20"
    assert found.ran.code == 70
    assert "no branch for weight=20" in found.ran.err


def test_a_gap_of_a_table(tmcs: Any, tmp_path: Path) -> None:
    text = replaced(FLOW, 'colour: [green, blue]}, is: "no"}', 'colour: [green]}, is: "no"}')
    found = Found(tmcs, "gap", written(tmp_path, text))
    assert found.facts["colour"] == "blue"
    assert found.ran.code == 70
    assert "no row of table heavy-red" in found.ran.err


def test_the_smallest_counterexample_is_shown(tmcs: Any, tmp_path: Path) -> None:
    """The gap is met first on a path of four facts; a path of two leads there as well."""
    text = replaced(FLOW, '      "red, blue": done\n', "      red: done\n")
    text = replaced(text, '"no": gone', '"no": hue')
    found = Found(tmcs, "gap", written(tmp_path, text))
    assert found.facts == {"seen": "no", "colour": "blue"}


def test_an_overlap(tmcs: Any, tmp_path: Path) -> None:
    text = replaced(FLOW, '"> 20": big', '">= 20": big')
    found = Found(tmcs, "overlap", written(tmp_path, text))
    assert found.facts == {"seen": "yes", "weight": "20"}
    assert found.fault["text"]["en"] == "weight=20 leads two ways: answered / big"
    assert found.as_json.code == 4  # the first of the two: the warehouse's answer is awaited


def test_two_rows_of_a_table(tmcs: Any, tmp_path: Path) -> None:
    text = replaced(FLOW, '{when: {weight: "> 2", colour: red}', '{when: {weight: ">= 2", colour: red}')
    found = Found(tmcs, "overlap", written(tmp_path, text))
    assert found.fault["text"]["en"] == "heavy-red leads two ways: light / heavy"
    assert found.facts == {"seen": "yes", "weight": "2", "colour": "red"}


def test_a_payout_above_its_cap(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = PayoutReason.compute

    def generous(self: PayoutReason, base: int, tier: str, known: Any) -> Any:
        payout = compute(self, base, tier, known)
        if self.name == "damage" and base >= 200_000:
            payout.max += 1
        return payout

    monkeypatch.setattr(PayoutReason, "compute", generous)
    found = Found(tmcs, "cap", written(tmp_path))
    assert "a payout of 200.01 is above its cap of 200.00" in found.fault["text"]["en"]
    assert found.as_json.json["payouts"][0]["max"] == "200.01"
    assert set(found.facts) == {"seen", "weight", "colour", "paid_amount"}


def test_a_commitment_beyond_a_tier(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = PayoutReason.compute

    def bold(self: PayoutReason, base: int, tier: str, known: Any) -> Any:
        payout = compute(self, base, tier, known)
        if tier == "frontline":
            payout.commit, payout.approval = payout.max, None
        return payout

    monkeypatch.setattr(PayoutReason, "compute", bold)
    found = Found(tmcs, "authority", written(tmp_path))
    assert "frontline promises 20.00, may promise 10.00" in found.fault["text"]["en"]
    assert found.fault["facts"]["tier"] == "frontline"
    assert found.as_json.json["payouts"][0]["commit"] == "20.00"


@pytest.mark.parametrize("wrong", ["nobody", "lower", "cash"])
def test_the_rest_names_who_approves_it(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flow, policy = loader.load_flow("damage", checked=False), loader.load_policy()
    compute = PayoutReason.compute

    def other(self: PayoutReason, base: int, tier: str, known: Any) -> Any:
        payout = compute(self, base, tier, known)
        if wrong == "cash":
            payout.form = "cash"
        else:
            payout.approval = None if wrong == "nobody" else "frontline"
        return payout

    monkeypatch.setattr(PayoutReason, "compute", other)
    facts = {"closed": "no", "shipped": "yes", "item": "S1", "photos_received": "yes", "goods_kind": "other", "damage_kind": "other",
             "partial_quantity": "yes", "paid_amount": "100.00", "paid": "yes"}  # fmt: skip
    found = resolve(flow, None, facts, policy, policy_moment())
    assert [fault.kind for fault in money_faults(found)] == ["authority"]
    assert "authority" in {fault.kind for fault in prove_flow(flow, policy).faults}


def policy_moment() -> Any:
    from tmcs.core.order import parse_time

    return parse_time("2026-11-23T10:00:00+08:00")


def test_an_outcome_without_a_path(tmcs: Any, tmp_path: Path) -> None:
    """Each answer by itself can occur; together they are of no order: signed for, and not dispatched."""
    text = replaced(FLOW, "  gone:\n    outcome: explain\n", '  gone:\n    ask: shipped\n    branches: {"no": was-it, "yes": done}\n'
                    '  was-it:\n    ask: signed\n    branches: {"no": done, "yes": lost}\n  lost:\n    outcome: escalate\n')  # fmt: skip
    assert tmcs("flow", "check", written(tmp_path, text)).code == 0
    found = Found(tmcs, "no-path", written(tmp_path, text))
    assert found.fault["node"] == "lost"
    assert found.facts == {"seen": "no", "shipped": "no", "signed": "yes"}
    assert found.as_json.json["outcome"] == "escalate"  # only an order that cannot be comes here


def test_a_question_that_nobody_can_answer(tmcs: Any, tmp_path: Path) -> None:
    text = replaced(FLOW, "  gone:\n    outcome: explain\n", '  gone:\n    ask: hours_since_shipped\n    branches: {"<= 96": done, "> 96": done}\n')
    found = Found(tmcs, "unanswerable", written(tmp_path, text))
    assert found.facts == {"seen": "no"}
    assert found.fault["state"] == "processing"
    assert found.as_json.json["needs"][0]["fact"] == "hours_since_shipped"


RING = """\
flow: {id}
section: X01
title: {{zh: 环 {id}, en: ring {id}}}
concerns: order
facts:
  wanted_{id}: {{type: yes-no, from: agent, label: {{zh: 要, en: wanted}}}}
  shipped: shared
start: ask
nodes:
  ask: {{ask: wanted_{id}, branches: {{"yes": place, "no": done}}}}
  place: {{ask: shipped, branches: {{"{here}": on, {other}: done}}}}
  on: {{outcome: explain, next: {to}}}
  done: {{outcome: explain}}
"""


def ring(site: Any, *ways: tuple[str, str, str, str]) -> None:  # noqa: F811
    for id, here, other, to in ways:
        site.add_flow(id, flow=RING.format(id=id, here=here, other=other, to=to))


def test_a_loop_between_two_flows(tmcs: Any, site: Any) -> None:  # noqa: F811
    ring(site, ("ringa", "no", '"yes"', "ringb"), ("ringb", "no", '"yes"', "ringa"))
    found = Found(tmcs, "loop", "ringa", "ringb")
    assert found.fault["node"] in ("ringa → ringb → ringa", "ringb → ringa → ringb")
    assert found.facts == {"wanted_ringa": "yes", "wanted_ringb": "yes", "shipped": "no", "closed": "no"}
    chain = found.as_json.json["chain"]
    assert [one["flow"] for one in chain] == found.fault["node"].split(" → ")[:2]
    assert chain[-1]["next_flow"] == chain[0]["flow"]


def test_a_loop_of_three(tmcs: Any, site: Any) -> None:  # noqa: F811
    ring(site, ("ringa", "yes", '"no"', "ringb"), ("ringb", "yes", '"no"', "ringc"), ("ringc", "yes", '"no"', "ringa"))
    found = Found(tmcs, "loop", "ringa", "ringb", "ringc")
    assert len(found.as_json.json["chain"]) == 3
    assert found.as_json.json["chain"][-1]["next_flow"] == found.as_json.json["chain"][0]["flow"]


def test_a_ring_that_the_order_s_state_breaks_is_no_loop(tmcs: Any, site: Any) -> None:  # noqa: F811
    ring(site, ("ringa", "no", '"yes"', "ringb"), ("ringb", "yes", '"no"', "ringa"))
    ran = tmcs("flow", "check", "--prove", "ringa", "ringb", "--format", "json")
    assert ran.json["loops"]["cycles"] == [["ringa", "ringb"]]
    assert ran.json["loops"]["cases"] > 0
    assert ran.json["loops"]["faults"] == []
    assert ran.code == 0


def test_cycles_of_a_graph() -> None:
    assert cycles({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": ["d"], "e": ["a"]}) == [["b", "c"], ["d"]]
    assert cycles({"a": ["b"], "b": []}) == []


def test_an_order_that_a_counterexample_needs_is_piped_in(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tmcs.core import resolve as engine

    monkeypatch.setattr(engine._Run, "_line_amount", lambda self, kind, line: line and 10_001)
    monkeypatch.setattr(engine, "min", lambda amount, left: amount, raising=False)
    flow = loader.load_flow("damage", checked=False)
    fault = next(fault for fault in prove_flow(flow, loader.load_policy()).faults if fault.order is not None)
    assert "a refund of 100.01 is above the 100.00 paid" in fault.en
    printed, _, command = fault.command("damage").partition(" | ")
    ran = tmcs(*shlex.split(command)[1:], "--format", "json", stdin=shlex.split(printed)[2])
    assert ran.json["refund"]["amount"] == "100.01"


def test_a_flow_with_a_loop_inside_is_not_walked(tmcs: Any, tmp_path: Path) -> None:
    text = replaced(FLOW, "      green: paid\n", "      green: size\n")
    ran = tmcs("flow", "check", "--prove", written(tmp_path, text), "--format", "json")
    assert ran.code == 1
    assert ran.json["proved"] == []
    assert ran.json["checked"][0]["findings"]


def test_many_questions_are_proved_at_once(tmp_path: Path) -> None:
    facts = "".join(f"  q{n}: {{type: yes-no, from: agent, label: {{zh: 问, en: q{n}}}}}\n" for n in range(60))
    nodes = "".join(f"  n{n}: {{ask: q{n}, then: n{n + 1}}}\n" for n in range(60))
    head = "flow: long\nsection: H06\ntitle: {zh: 长, en: long}\nconcerns: order\nguard: {closed: own}\nfacts:\n"
    tail = '  n60: {ask: shipped, branches: {"yes": done}}\n  done: {outcome: explain}\n'
    folder = written(tmp_path, f"{head}{facts}start: n0\nnodes:\n{nodes}{tail}", "{}\n")
    proof = prove_flow(open_folder(folder), loader.load_policy())
    assert [fault.kind for fault in proof.faults] == ["gap"]
    assert len(proof.faults[0].facts) == 62  # sixty answers, the order not dispatched, the tier


def test_a_folder_is_resolved_as_it_is(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path)
    ran = tmcs("resolve", folder, "-s", "seen=no", "--format", "json")
    assert (ran.code, ran.json["flow"], ran.json["outcome"]) == (0, "parcel", "explain")
    monkeypatch.chdir(tmp_path.parent)
    assert tmcs("resolve", tmp_path.name, "-s", "seen=no").code == 2  # a bare word is a flow's name
    assert tmcs("resolve", str(tmp_path / "none"), "-s", "seen=no").code == 2
    assert json.load(io.StringIO(ran.out)) == ran.json
