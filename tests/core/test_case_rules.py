"""Section ``cases`` of the policy: what is shipped, what a desk may change, and how a wrong figure is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tmcs
from tmcs.core.case_rules import ACTIONS, CaseRules, cited
from tmcs.core.errors import InputError
from tmcs.flowcheck import check_figures
from tmcs.rulebook import known_ids

NOW = "2026-11-23T10:00:00+08:00"
DAILY = (
    "open show list set take release hand-over done pay promise approve reject pause resume close reopen note replay"
    " job-try plan report-today"
)


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """Return the rules of a desk whose own policy file says ``cases: …``, at a time."""

    def call(text: str, now: str = NOW) -> CaseRules:
        file = tmp_path / "own.yaml"
        file.write_text(text, "utf-8")
        return tmcs.load_policy([file]).at(tmcs.parse_time(now)).cases

    return call


def shipped() -> CaseRules:
    return tmcs.load_policy(()).at(tmcs.parse_time(NOW)).cases


def test_the_shipped_figures() -> None:
    cases = shipped()
    assert (cases.warn_days, cases.customer_day, cases.order_total, cases.order_bound, cases.retention_days) == (1, None, None, None, None)


def test_a_policy_that_is_older_than_a_figure_has_no_limit() -> None:
    """A case stays pinned to the policy of its day, which may lack what came later."""
    data = tmcs.load_policy(()).normal()["data"]["cases"]
    older = {name: one for name, one in data.items() if name != "order_bound"}
    assert CaseRules(older, ["frontline"]).order_bound is None
    assert list(cited(older)) == list(cited(data))


def test_the_shipped_roles() -> None:
    cases = shipped()
    assert cases.roles == {
        "agent": ["坐席", "agent"], "lead": ["组长", "team lead"], "auditor": ["审计", "auditor"],
        "job": ["定时任务", "scheduled job"],
    }  # fmt: skip
    may = {role: {action for action in ACTIONS if cases.may(role, action)} for role in cases.roles}
    assert may["lead"] == set(ACTIONS)
    assert may["agent"] == set(DAILY.split())
    assert may["auditor"] == {"show", "list", "replay", "verify", "export", "report", "report-today"}
    assert may["job"] == {"open", "show", "list", "retention", "verify", "seal", "export", "backup", "job-run", "job-try", "job-mail", "report", "report-today"}
    assert cases.who_may("erase") == ["lead"]
    assert cases.who_may("show") == ["agent", "lead", "auditor", "job"]
    assert not cases.may("stranger", "show")
    assert not cases.may("lead", "fly")


def test_every_action_stands_in_both_languages() -> None:
    assert all(zh and not zh.isascii() and en.isascii() for zh, en in ACTIONS.values())
    assert len({zh for zh, _ in ACTIONS.values()}) == len({en for _, en in ACTIONS.values()}) == len(ACTIONS)


BOTH = ["second-line", "supervisor"]


@pytest.mark.parametrize(
    ("reason", "form", "above", "expected"),
    [
        ("damage", "coupon", False, ([], [])),
        ("damage", "coupon", True, ([], [])),  # the payout names its own approval tier
        ("not-shipped-72h", "coupon", True, (BOTH, ["C09"])),
        ("not-shipped-72h", "coupon", False, ([], [])),
        ("delivery-delay", "cash", False, (BOTH, ["H09-R08", "H09-R09", "C05", "C17"])),
        ("invoice-postage", "cash", False, (BOTH, ["H09-R08", "H09-R09", "C05", "C17"])),
        ("not-shipped-72h", "cash", True, (BOTH, ["C09", "H09-R08", "H09-R09", "C05", "C17"])),
    ],
)
def test_the_shipped_approvals(reason: str, form: str, above: bool, expected: tuple[list[str], list[str]]) -> None:
    assert shipped().levels(reason, form, above) == expected


def test_of_several_approvals_every_tier_named_approves_and_all_are_cited(own: Any) -> None:
    cases = own("""cases: {approvals: {
      cash: {levels: supervisor},
      one: {when: always, reason: damage, levels: [second-line], cite: C04},
      two: {when: above-authority, reason: damage, form: coupon, levels: [frontline, second-line], cite: [C05, C04]},
      three: {when: always, reason: apology, levels: second-line}}}
    """)
    assert cases.levels("damage", "coupon", False) == (["second-line"], ["C04"])
    assert cases.levels("damage", "coupon", True) == (["frontline", "second-line"], ["C04", "C05"])
    assert cases.levels("damage", "cash", True)[0] == ["second-line", "supervisor"]
    assert cases.levels("apology", "cash", False) == (["second-line", "supervisor"], ["H09-R08", "H09-R09", "C05", "C17"])
    assert cases.levels("apology", "coupon", False) == (["second-line"], [])


def test_a_desk_sets_its_own_rules(own: Any) -> None:
    cases = own("""cases:
      warn: {value: "3"}
      customer_day: {value: "500.00"}
      order_total: {value: "0.50"}
      order_bound: {value: "800.00"}
      retention: {value: "730"}
      roles: {trainee: {label: {zh: 见习, en: trainee}, may: [show, list]}, agent: {may: show}, job: {may: []}}
    """)
    assert (cases.warn_days, cases.customer_day, cases.order_total, cases.retention_days) == (3, 50000, 50, 730)
    assert cases.order_bound == 80000
    assert cases.may("trainee", "list")
    assert not cases.may("agent", "list")
    assert cases.who_may("show") == ["agent", "lead", "auditor", "trainee"]


def test_every_rule_may_change_on_a_day(own: Any) -> None:
    text = """cases:
      customer_day: {value: [{from: 2012-04-16, value: none}, {from: 2027-01-01, value: "300.00"}]}
      approvals: {cash: {levels: [{from: 2012-04-16, value: [supervisor]}, {from: 2027-01-01, value: [second-line, supervisor]}]}}
      roles: {auditor: {may: [{from: 2012-04-16, value: [show]}, {from: 2027-01-01, value: []}]}}
    """
    before, after = own(text), own(text, "2027-01-01T00:00:00+08:00")
    assert (before.customer_day, after.customer_day) == (None, 30000)
    assert before.levels("damage", "cash", False)[0] == ["supervisor"]
    assert after.levels("damage", "cash", False)[0] == BOTH
    assert (before.may("auditor", "show"), after.may("auditor", "show")) == (True, False)


def test_even_a_whole_entry_may_change_on_a_day(own: Any, tmcs: Any, tmp_path: Path) -> None:
    entry = "{when: always, reason: damage, levels: %s, cite: %s}"
    dated = f"[{{from: 2012-04-16, value: {entry % ('supervisor', 'C04')}}}, {{from: 2027-01-01, value: {entry % ('second-line', 'C05')}}}]"
    text = f"cases: {{approvals: {{own: {dated}}}}}"
    assert own(text).levels("damage", "coupon", False) == (["supervisor"], ["C04"])
    assert own(text, "2027-01-01T00:00:00+08:00").levels("damage", "coupon", False) == (["second-line"], ["C05"])


FAULTS = {
    "unknown key": ("{warning: {}}", "1:9: unknown key warning (expected warn, customer_day,"),
    "no mapping": ("x", "1:8: must be a mapping"),
    "type": ('{warn: {type: money}}', "1:22: unknown type money (expected number)"),
    "figure key": ('{warn: {valeu: "1"}}', "1:16: unknown key valeu (expected type, value, cite, note; nearest: value)"),
    "not an amount": ('{customer_day: {value: "1.234"}}', "1:31: 1.234 is wrong (expected an amount such as 35.00, or none)"),
    "no limit, misspelt": ("{order_total: {value: non}}", "1:30: non is wrong (expected an amount such as 35.00, or none)"),
    "half a day": ('{retention: {value: "1.5"}}', "1:28: 1.5 is wrong (expected a whole number of days, 0 … 36500, or none)"),
    "too long": ('{retention: {value: "36501"}}', "1:28: 36501 is wrong"),
    "a sign": ('{warn: {value: "+1"}}', "1:23: +1 is wrong (expected a whole number of days, 0 … 36500)"),
    "an underscore": ('{warn: {value: "1_0"}}', "1:23: 1_0 is wrong"),
    "other digits": ('{warn: {value: "１"}}', "1:23: １ is wrong"),
    "no warning at all": ("{warn: {value: none}}", "1:23: none is wrong"),
    "a list": ("{warn: {value: [a]}}", "1:23: must be a text that is not empty"),
    "when": ("{approvals: {cash: {when: above}}}", "1:34: unknown condition above (expected above-authority | always; nearest:"),
    "reason": ("{approvals: {cash: {reason: damaged}}}", "1:36: unknown payout reason damaged"),
    "form": ("{approvals: {cash: {form: cheque}}}", "1:34: unknown form of a payout cheque (expected coupon | cash"),
    "level": ("{approvals: {cash: {levels: [second-lin]}}}", "1:37: unknown tier second-lin (expected frontline | second-line |"),
    "order of levels": (
        "{approvals: {cash: {levels: [supervisor, second-line]}}}",
        "1:49: second-line must be above the tier before it (expected frontline < second-line < supervisor)",
    ),
    "level twice": ("{approvals: {cash: {levels: [supervisor, supervisor]}}}", "1:49: supervisor must be above"),
    "no level": ("{approvals: {cash: {levels: []}}}", "1:36: no tier stands here (expected frontline | second-line | supervisor)"),
    "a mapping of levels": ("{approvals: {cash: {levels: {a: b}}}}", "1:36: must be a text that is not empty"),
    "for nothing": ("{approvals: {own: {when: always, levels: supervisor}}}", "1:26: reason or form is missing"),
    "half an approval": ("{approvals: {csh: {form: cash}}}", "1:26: levels is missing (expected levels; nearest: cash)"),
    "approvals": ("{approvals: [a]}", "1:20: must be a mapping"),
    "action": ("{roles: {agent: {may: [pya]}}}", "1:31: unknown action pya (expected open | show | list |"),
    "label": ("{roles: {agent: {label: agent}}}", "1:32: must be a mapping"),
    "half a role": ("{roles: {agnet: {may: [show]}}}", "1:24: label is missing (expected label; nearest: agent)"),
    "role": ("{roles: {agent: show}}", "1:24: must be a mapping"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_wrong_rule_is_refused_with_its_place(kind: str, tmcs: Any, tmp_path: Path) -> None:
    text, said = FAULTS[kind]
    file = tmp_path / "own.yaml"
    file.write_text(f"cases: {text}\n", "utf-8")
    ran = tmcs("policy", "show", "cases", "--policy", file, "--lang", "en")
    assert (ran.code, ran.out) == (2, "")
    assert f"{file}:{said}" in ran.err
    assert "有误" in tmcs("policy", "show", "cases", "--policy", file, "--lang", "zh").err


def test_payouts_that_are_no_mapping_are_the_only_fault_beside_their_reasons(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("payouts: [{a: b}]\n", "utf-8")
    with pytest.raises(InputError) as caught:
        tmcs.load_policy([file])
    assert "must be a mapping" in caught.value.findings[0].message("en")


def test_every_rule_that_is_cited_exists_and_is_traced() -> None:
    policy = tmcs.load_policy(())
    cited = [cite for cite, entry in policy.citations() if entry.startswith("policy cases.")]
    assert {"C09", "H09-R08", "H09-R09", "C05", "C17"} == set(cited) <= known_ids()


def test_the_policy_is_shown_and_no_limit_is_said(tmcs: Any, tmp_path: Path) -> None:
    out = tmcs("policy", "show", "cases", "--lang", "en").out
    assert "none (no limit)" in out
    assert "none (kept)" in out
    assert "second-line, supervisor" in out
    assert max(map(len, out.splitlines())) < 120
    zh = tmcs("policy", "show", "cases.customer_day", "--lang", "zh").out
    assert "none (不设上限)" in zh
    assert "none (一直保留)" in tmcs("policy", "show", "cases.retention").out
    found = tmcs("policy", "show", "cases", "--format", "json").json
    assert found["figures"]["cases.roles.auditor.may"] == "show, list, replay, verify, export, report, report-today"
    assert found["figures"]["cases.customer_day.value"] == "none"
    assert found["unset"]["cases.customer_day.value"] == {"zh": "不设上限", "en": "no limit"}
    file = tmp_path / "own.yaml"
    file.write_text('cases: {customer_day: {value: "500.00"}}\n', "utf-8")
    ran = tmcs("policy", "show", "cases.customer_day.value", "--policy", file, "--lang", "en")
    assert "500.00" in ran.out
    assert f"{file}:1" in ran.out
    assert "no limit" not in ran.out


def test_a_rule_that_does_not_exist_is_found_where_it_is_cited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("cases: {order_total: {cite: C06}, retention: {cite: C999}, approvals: {cash: {cite: [C05, H09-R80]}}}\n", "utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(file))
    said = [finding.message("en") for finding in check_figures().findings]
    assert [one.partition(" (")[0] for one in said] == [
        f"{file}:1:53: unknown rule C999", f"{file}:1:91: unknown rule H09-R80"
    ]  # fmt: skip
