"""The static check: a sound flow passes, and each planted fault is found alone, at its line and column."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tmcs import flowcheck, loader
from tmcs.core import check_tables
from tmcs.core.check import check_flow, check_policy
from tmcs.core.check_report import CheckReport
from tmcs.core.order import parse_time
from tmcs.core.payout import PayoutReason
from tmcs.core.resolve import resolve

FLOW = """\
flow: parcel
section: H06
title: {zh: 包裹, en: parcel}
concerns: order
guard: {closed: own}
facts:
  seen:
    type: yes-no
    from: agent
    label: {zh: 看到了, en: seen}
    cite: [H04-R20]
  weight:
    type: number
    from: agent
    label: {zh: 重量, en: weight}
  colour:
    type: choice
    from: agent
    label: {zh: 颜色, en: colour}
    values:
      red: {zh: 红, en: red}
      green: {zh: 绿, en: green}
      blue: {zh: 蓝, en: blue}
  answered:
    type: yes-no
    from: warehouse
    label: {zh: 已答复, en: answered}
tables:
  heavy-red:
    inputs: [weight, colour]
    values: {"yes": {zh: 是, en: "yes"}, "no": {zh: 否, en: "no"}}
    rows:
      light: {when: {weight: "<= 2"}, is: "no"}
      heavy: {when: {weight: "> 2", colour: red}, is: "yes"}
      plain: {when: {weight: "> 2", colour: [green, blue]}, is: "no"}
  collect:
    inputs: [colour]
    hit: first
    values: {pickup: {zh: 取, en: pickup}, none: {zh: 不取, en: none}}
    rows:
      red: {when: {colour: red}, is: pickup, cite: [C42]}
    otherwise: {is: none}
start: seen
nodes:
  seen:
    ask: seen
    branches:
      "yes": size
      "no": gone
  size:
    ask: weight
    branches:
      "<= 5": small
      "> 5 and <= 20": answered
      "> 20": big
  answered:
    ask: answered
    await: complaint
    branches:
      "yes": small
      "no": big
      unset: later
  later:
    wait: {on: warehouse, fact: answered, due: complaint}
  small:
    ask: heavy-red
    branches:
      "yes": paid
      "no": hue
  hue:
    ask: colour
    branches:
      "red, blue": done
      green: paid
  paid:
    outcome: compensate
    pay: damage
    say: [thanks]
  big:
    ask: collect
    then: back
  back:
    outcome: refund
    refund: {route: normal, amount: order}
    goods: {table: collect}
    due: [complaint]
    say: [money-back]
  gone:
    outcome: explain
    cite: [H04-R20]
    do:
      - {zh: "写到 {evidence_mailbox}", en: "write to {evidence_mailbox}", cite: [C38]}
    task: {queue: courier, what: {zh: 找, en: search}, due: complaint}
    next: unsigned
  done:
    outcome: explain
"""
SCRIPTS = """\
thanks:
  cite: [H04-R29]
  zh: 谢谢，{colour}的。
  en: Thank you for the {colour} one.
money-back:
  zh: 退您 {refund_amount} 元，{refund_due} 到账。
  en: You get {refund_amount} CNY by {refund_due}.
  otherwise: {zh: "{refund_due} 到账。", en: "It arrives by {refund_due}."}
"""


class Plant(NamedTuple):
    """One planted fault: what to replace, and the text at whose start the one finding must stand."""

    old: str
    new: str
    at: str
    says: str


PLANTS = {
    "value without a branch": Plant('"red, blue": done', 'red: done', "branches:\n      red: done", "no branch for colour blue"),
    "interval without a branch": Plant('"> 5 and <= 20": answered', '"> 5 and < 20": answered', 'branches:\n      "<= 5": small', "no branch for weight 20"),
    "intervals overlap": Plant('"> 20": big', '">= 20": big', '">= 20": big', "two branches cover 20"),
    "value twice": Plant("      green: paid\n", '      "green, blue": paid\n', '"green, blue"', "two branches cover blue"),
    "branch contradicts an earlier answer": Plant(
        '  hue:\n    ask: colour\n    branches:\n      "red, blue": done\n      green: paid\n',
        '  hue:\n    ask: weight\n    branches:\n      "<= 20": tint\n      "> 20": done\n'
        '  tint:\n    ask: colour\n    branches: {"red, blue": done, green: paid}\n',
        '"> 20": done', "branch > 20 is never reached"),
    "unset of a fact with a default": Plant(
        "    from: warehouse\n", '    from: warehouse\n    default: "yes"\n', "unset: later", "branch unset is never reached"),
    "node never reached": Plant("  done:\n", "  lost:\n    outcome: explain\n  done:\n", "lost:", "node lost is never reached"),
    "loop": Plant("      green: paid\n", "      green: size\n", "green: size", "leads back to size: a loop"),
    "path without end": Plant(
        "  done:\n    outcome: explain\n", "  done:\n    then: again\n  again:\n    then: done # back\n", "done # back", "the path does not end"),
    "awaiting nobody": Plant("    ask: weight\n", "    ask: weight\n    await: complaint\n", "complaint\n    branches:\n      \"<= 5\"", "nobody to await"),
    "unset awaits nobody": Plant('      "no": gone\n', '      "no": gone\n      unset: gone\n', "unset: gone", "seen awaits nobody"),
    "unknown fact": Plant("    ask: weight\n", "    ask: wieght\n", "wieght", "unknown fact wieght"),
    "unknown value": Plant("      green: paid\n", "      grene: paid\n", "grene", "unknown value grene"),
    "unknown node": Plant("      green: paid\n", "      green: piad\n", "piad", "unknown node piad"),
    "unknown queue": Plant("queue: courier", "queue: couriers", "couriers", "unknown queue couriers"),
    "unknown deadline": Plant("    due: [complaint]\n", "    due: [complaints]\n", "complaints", "unknown deadline complaints"),
    "unknown payout reason": Plant("pay: damage", "pay: damages", "damages", "unknown payout reason damages"),
    "unknown table": Plant("{table: collect}", "{table: colect}", "colect", "unknown table colect"),
    "unknown script moment": Plant("say: [thanks]", "say: [thank, thanks]", "thank,", "unknown script moment thank"),
    "unknown area": Plant("    label: {zh: 重量, en: weight}\n", "    label: {zh: 重量, en: weight}\n    area: nowhere\n", "nowhere", "unknown area nowhere"),
    "unknown bound": Plant(
        "    label: {zh: 重量, en: weight}\n", "    label: {zh: 重量, en: weight}\n    at_most: wieght\n", "wieght", "unknown fact wieght"),
    "unknown limit": Plant('"<= 5": small', '"<= $safe-hour": small', '"<= $safe-hour"', "unknown limit safe-hour"),
    "unknown rule of a node": Plant("    cite: [H04-R20]\n    do:", "    cite: [H04-R20, H04-R99]\n    do:", "H04-R99", "unknown rule H04-R99"),
    "unknown rule of a fact": Plant("    cite: [H04-R20]\n  weight", "    cite: [H94-R20]\n  weight", "H94-R20", "unknown rule H94-R20"),
    "unknown rule of a step": Plant("cite: [C38]", "cite: [C380]", "C380", "unknown rule C380"),
    "unknown rule of a table row": Plant("cite: [C42]", "cite: C420", "C420", "unknown rule C420"),
    "unknown next flow": Plant("next: unsigned", "next: unsinged", "unsinged", "unknown flow unsinged"),
    "unknown flow of a guard": Plant("{closed: own}", "{closed: own, undispatched: ship-traking}", "ship-traking", "unknown flow ship-traking"),
    "unknown placeholder in a step": Plant('zh: "写到 {evidence_mailbox}"', 'zh: "写到 {evidence_mail_box}"', '"写到', "unknown placeholder"),
    "a brace": Plant('en: "write to {evidence_mailbox}"', 'en: "write to {evidence-mailbox}"', '"write to', "a brace that is no placeholder"),
    "comparison of a choice": Plant("      green: paid\n", '      "> 3": paid\n', '"> 3"', "colour is no number"),
    "value of a number": Plant('      "> 20": big\n', '      "> 20": big\n      many: big\n', "many: big", "weight has no value many"),
    "row twice": Plant('{when: {weight: "> 2", colour: red}', '{when: {weight: ">= 2", colour: red}', "heavy:", "two rows cover weight=2, colour=red"),
    "no row": Plant('colour: [green, blue]}, is: "no"}', 'colour: [green]}, is: "no"}', "rows:\n      light", "no row covers weight=2.000001, colour=blue"),
    "row never reached": Plant(
        "cite: [C42]}\n", "cite: [C42]}\n      red-again: {when: {colour: red}, is: none}\n", "red-again", "row red-again is never reached"),
    "first-hit gap": Plant("    otherwise: {is: none}\n", "", "rows:\n      red:", "no row covers colour=green"),
    "table never used": Plant(
        "  collect:\n    inputs", "  spare: {inputs: [seen], values: {a: {zh: 甲, en: a}}, rows: {}, otherwise: {is: a}}\n  collect:\n    inputs",
        "spare", "table spare is never used"),
    "table not decided on the path": Plant("  big:\n    ask: collect\n", "  big:\n    ask: colour\n", "{table: collect}", "table collect is not decided"),
    "refund outcome without a refund": Plant(
        "  done:\n    outcome: explain", "  done:\n    outcome: refund # none", "refund # none", "outcome refund without a refund"),
    "refund with another outcome": Plant("    outcome: refund\n", "    outcome: reorder\n", "reorder", "a refund with outcome reorder"),
    "wait on an unknown fact": Plant("fact: answered, due", "fact: answerd, due", "answerd", "unknown fact answerd"),
    "table called like a fact": Plant(
        "  collect:\n    inputs", "  declines_coupon:\n    inputs: [weight]\n    hit: first\n    values: {a: {zh: 甲, en: a}}\n    rows: {}\n"
        "    otherwise: {is: a}\n  collect:\n    inputs", "declines_coupon:\n    inputs", "table name declines_coupon is taken"),
}  # fmt: skip

SCRIPT_PLANTS = {
    "never said": Plant("money-back:\n", "spare:\n  zh: 一\n  en: a\nmoney-back:\n", "spare:", "script moment spare is never said"),
    "unknown rule of a script": Plant("[H04-R29]", "[H04-R92]", "H04-R92", "unknown rule H04-R92"),
    "unknown placeholder": Plant("Thank you for the {colour} one", "Thank you for the {color} one", "Thank you", "unknown placeholder {color}"),
    "placeholder that can be empty": Plant(
        '  otherwise: {zh: "{refund_due} 到账。", en: "It arrives by {refund_due}."}\n', "", "退您", "{refund_amount} can be without a value"),
    "placeholder of a fact not asked": Plant("谢谢，{colour}的。", "谢谢，{answered}的。", "谢谢", "{answered} can be without a value"),
}  # fmt: skip


def check(folder: Path, flow: str = FLOW, scripts: str = SCRIPTS) -> CheckReport:
    (folder / "flow.yaml").write_text(flow, encoding="utf-8")
    (folder / "scripts.yaml").write_text(scripts, encoding="utf-8")
    return flowcheck.check_named(str(folder))


def place(text: str, at: str) -> tuple[int, int]:
    assert text.count(at) == 1, at
    start = text.index(at)
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def plant(text: str, fault: Plant) -> str:
    assert text.count(fault.old) == 1, fault.old
    return text.replace(fault.old, fault.new)


def test_a_sound_flow_has_no_findings(tmp_path: Path) -> None:
    report = check(tmp_path)
    assert [f.message("en") for f in report.findings] == []
    assert report.nodes == 11
    assert report.outcomes.keys() == {"compensate", "explain", "refund", "waiting:warehouse"}
    assert report.combinations == sum(report.outcomes.values())


def test_the_counts_by_hand(tmp_path: Path) -> None:
    report = check(tmp_path)
    # Weight is told apart at 2, 5 and 20. Up to 2: three colours (red, blue explain; green pays). 2 to 5: red and green pay,
    # blue explains. 5 to 20, answered yes: as 2 to 5; no: three colours refunded; unset: waiting. Above 20: three refunded.
    assert report.outcomes == {"explain": 1 + 2 + 1 + 1, "compensate": 1 + 2 + 2, "refund": 3 + 3, "waiting:warehouse": 1}


@pytest.mark.parametrize("name", PLANTS)
def test_planted_fault_in_the_flow(tmp_path: Path, name: str) -> None:
    fault = PLANTS[name]
    text = plant(FLOW, fault)
    found = check(tmp_path, text).findings
    assert [f.message("en") for f in found if fault.says not in f.text.en] == []
    assert len(found) == 1
    line, column = place(text, fault.at)
    assert (found[0].file, found[0].line, found[0].column) == (str(tmp_path / "flow.yaml"), line, column)
    assert found[0].text.zh


@pytest.mark.parametrize("name", SCRIPT_PLANTS)
def test_planted_fault_in_the_scripts(tmp_path: Path, name: str) -> None:
    fault = SCRIPT_PLANTS[name]
    text = plant(SCRIPTS, fault)
    found = check(tmp_path, scripts=text).findings
    assert found
    assert all(fault.says in f.text.en for f in found)
    assert (found[0].line, found[0].column) == place(text, fault.at)
    assert found[0].file == str(tmp_path / "scripts.yaml")


def test_a_flow_calls_its_nodes_and_tables_as_it_likes(tmp_path: Path) -> None:
    """Nodes called like those of the shared graph, and a table called like one of the policy, are the flow's own."""
    text = FLOW.replace("  paid:\n    outcome", "  flow:\n    outcome").replace("paid\n", "flow\n").replace('"yes": paid', '"yes": flow')
    text = text.replace("done", "cash").replace("big", "closed").replace("gone", "by-route").replace("collect", "disposal")
    plain = check(tmp_path)
    report = check(tmp_path, text)
    assert [f.message("en") for f in report.findings] == []
    assert (report.nodes, report.outcomes) == (11, plain.outcomes)
    flow = loader.read_flow_files(str(tmp_path))
    facts = {"closed": "no", "seen": "yes", "weight": "30", "colour": "red"}
    result = resolve(flow, None, facts, loader.load_policy(), parse_time("2026-11-23T10:00:00+08:00"))
    assert (result.outcome, result.goods) == ("refund", "pickup")
    assert [step.node.name for step in result.path] == ["seen", "size", "closed", "closed", "back"]


def test_many_questions_are_walked_at_once(tmp_path: Path) -> None:
    """Sixty questions in a row are 2**60 combinations; what no longer matters is not walked twice."""
    facts = "".join(f"  q{n}: {{type: yes-no, from: agent, label: {{zh: 问, en: q{n}}}}}\n" for n in range(60))
    nodes = "".join(f"  n{n}: {{ask: q{n}, then: n{n + 1}}}\n" for n in range(60))
    head = "flow: long\nsection: H06\ntitle: {zh: 长, en: long}\nconcerns: order\nguard: {closed: own}\nfacts:\n"
    report = check(tmp_path, f"{head}{facts}start: n0\nnodes:\n{nodes}  n60: {{outcome: explain}}\n", "{}\n")
    assert report.findings == []
    assert report.outcomes == {"explain": 2**60}
    assert report.paths == 1


def test_all_findings_at_once_with_the_nearest_word(tmp_path: Path) -> None:
    text = FLOW.replace("queue: courier", "queue: couriers").replace("pay: damage", "pay: damages")
    found = check(tmp_path, text).findings
    assert [f.nearest[0] for f in found] == ["damage", "courier"]


def test_a_folder_without_a_sound_file_is_a_finding_not_an_exception(tmp_path: Path) -> None:
    assert check(tmp_path, "flow: [").findings[0].line
    assert check(tmp_path, FLOW.replace("start: seen\n", "")).findings[0].text.en == "start is missing"


def test_a_payout_above_its_cap_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, flow = loader.load_policy(), loader.load_flow("damage")
    compute = PayoutReason.compute

    def generous(self: PayoutReason, base: int, tier: str, known: object) -> object:
        payout = compute(self, base, tier, known)  # type: ignore[arg-type]
        if self.name == "damage" and base >= 200_000:
            payout.max += 1
        return payout

    monkeypatch.setattr(PayoutReason, "compute", generous)
    found = check_policy(policy, rule_ids=_rules(), source=flowcheck.policy_source(policy)).findings
    assert len(found) == 1
    assert "is above its cap of 200.00" in found[0].text.en
    assert found[0].file == "tmcs/handbook/policy.yaml"
    assert found[0].line
    assert check_flow(flow, policy, rule_ids=_rules(), sources=flowcheck.sources_of(flow)).findings


def test_policy_faults_are_found(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "payouts:\n"
        "  damage:\n"
        "    rows:\n"
        "      usual:\n"
        "        commit: {frontline: \"0.10\", second-line: \"0.10\", supervisor: \"0.10\"}\n"
        "  mismatch:\n"
        "    cite: [H05-R26, H05-R99]\n"
        "    rows:\n"
        "      spare:\n"
        "        flat: \"1.00\"\n"
        "        commit: {frontline: \"1.00\", second-line: \"1.00\", supervisor: \"1.00\"}\n"
    )  # fmt: skip
    policy = loader.load_policy([own])
    report = check_policy(policy, rule_ids=_rules(), source=flowcheck.policy_source(policy))
    found = {(f.line, f.text.en.partition(" (")[0]) for f in report.findings if f.file == str(own)}
    assert found == {
        (4, "no tier may promise 0.01"), (7, "unknown rule H05-R99"), (9, "row spare is never reached"),
    }  # fmt: skip


def test_every_version_of_a_dated_policy_is_checked(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    rate = '[{from: 2012-04-16, value: "0.20"}, {from: 2027-01-01, value: "0.15"}]'
    own.write_text(
        f"payouts: {{damage: {{rows: {{usual: {{commit: {{second-line: {rate}, supervisor: {rate}}}}}}}}}}}\n"
    )
    report = check_policy(loader.load_policy([own]), rule_ids=_rules())
    assert ["no tier may promise" in f.text.en for f in report.findings] == [True]


def test_the_built_in_policy_and_flows_are_sound() -> None:
    for report in flowcheck.check_all():
        assert [f.message("en") for f in report.findings] == []


def test_sample_amounts_stand_around_every_breakpoint() -> None:
    policy = loader.load_policy()
    snapshot = policy.snapshots()[0]
    check = check_tables.PayoutCheck(snapshot, policy.facts, check_tables.Faults({}))
    bases = check.bases(snapshot.payout("damage"))
    assert {0, 1, 99_999, 100_000, 100_001, 199_999, 200_000, 200_001} <= set(bases)  # cap / 20 %, cap / 10 %


def _rules() -> frozenset[str]:
    from tmcs import rulebook

    return rulebook.known_ids()
