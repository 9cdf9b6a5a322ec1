"""The most that one order can draw, over all flows; a plug-in that lifts it above the desk's limit is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import FLOW, Site

#: A goodwill besides the handbook's: a flat sum, or a share without a cap, as a fragment of policy.
SUM = """\
payouts:
  {reason}:
    title: {{zh: 心意, en: goodwill}}
    kind: reimbursement
    form: cash
    base: paid_amount
    needs: []
    offer: on-request
    cite: [C01]
    rows:
      usual: {figures}
"""
FLAT = '{flat: "40.00", commit: {frontline: "40.00", second-line: "40.00", supervisor: "40.00"}}'
SHARE = '{rate_min: "1.00", rate_max: "1.00", cap: "none", commit: {frontline: "1.00", second-line: "1.00", supervisor: "1.00"}}'
POLICY_MODULE = """\
import os
from tmcs import hookimpl


@hookimpl
def tmcs_policy():
    return os.path.join(os.path.dirname(__file__), "policy.yaml")
"""


def goodwill(site: Site, id: str, figures: str) -> None:
    """Install a flow that grants a reimbursement of its own."""
    site.add_plugin(f"{id}-policy", POLICY_MODULE, {"policy.yaml": SUM.format(reason=id, figures=figures)})
    facts = "  paid_amount: shared\n  trade_succeeded: shared\n"
    flow = FLOW.format(id=id).replace("start: ask", facts + "start: ask").replace("outcome: explain,", f"outcome: explain, pay: [{id}],")
    site.add_flow(id, flow=flow)


@pytest.fixture
def limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the desk's limit."""

    def call(amount: str) -> None:
        file = tmp_path / "own.yaml"
        file.write_text(f'cases: {{order_bound: {{value: "{amount}"}}}}\n', "utf-8")
        monkeypatch.setenv("TMCS_POLICY", str(file))

    return call


def bound(tmcs: Any, *argv: str, code: int = 0) -> dict[str, Any]:
    ran = tmcs("policy", "bound", "--format", "json", *argv)
    assert ran.code == code, ran.err
    found: dict[str, Any] = ran.json
    return found


def kinds(found: dict[str, Any]) -> dict[str, str]:
    return {one["kind"]: one["most"] for one in found["kinds"]}


def test_the_bound_of_the_handbook(tmcs: Any) -> None:
    found = bound(tmcs)
    assert kinds(found) == {"compensation": "30.00", "reimbursement": "105.00", "refund": "100.00"}
    assert (found["total"], found["cap"], found["rate"]) == ("235.00", "505.00", "2.00")
    assert [one["reason"] for one in found["by_hand"]] == ["compensation", "invoice-postage"]
    assert kinds(bound(tmcs, "--paid", "5000"))["compensation"] == "500.00", "the cap"
    assert kinds(bound(tmcs, "--paid", "1"))["compensation"] == "10.00", "the flat sum"


def test_each_way_there_is_run_and_grants_that_much(tmcs: Any) -> None:
    import json
    import shlex

    for kind in bound(tmcs)["kinds"]:
        for one in kind["causes"]:
            argv = shlex.split(one["command"].partition(" | ")[2])
            argv.remove("--explain")
            result = tmcs(*argv[1:], "--format", "json", stdin=json.dumps(one["order"])).json
            amounts = {payout["reason"]: payout["max"] for payout in result["payouts"]}
            amounts |= {"refund": (result["refund"] or {}).get("amount"), "refund-freight": (result["refund"] or {}).get("amount")}
            assert amounts[one["reason"]] == one["most"], one


def test_the_text_in_both_languages(tmcs: Any) -> None:
    en, zh = (tmcs("policy", "bound", "--lang", lang).out for lang in ("en", "zh"))
    assert "at most 505.00 CNY and 2.00 of what was paid" in en
    assert "no limit is set" in en
    assert "无论实付多少: 最多 505.00 元" in zh
    assert max(map(len, en.splitlines())) <= 80


@pytest.mark.parametrize("paid", ["0", "-1", "x", "1.234", "999999999999"])
def test_a_sum_that_is_none_is_refused(tmcs: Any, paid: str) -> None:
    ran = tmcs("policy", "bound", f"--paid={paid}", "--lang", "en")
    assert (ran.code, "expected an amount" in ran.err) == (2, True)


def test_a_cap_of_the_desk_counts(tmcs: Any, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text('cases: {order_total: {value: "120.00"}}\n', "utf-8")
    found = bound(tmcs, "--policy", str(file), "--paid", "5000")
    assert kinds(found)["compensation"] == "120.00"
    assert [one["reason"] for one in found["by_hand"]] == ["invoice-postage"]


def test_without_a_limit_nothing_is_refused(tmcs: Any, site: Site, listed: Any) -> None:
    goodwill(site, "goodwill", FLAT)
    assert listed()["flow acme-goodwill:goodwill"]["status"] == "ok"
    found = bound(tmcs, "--strict")
    assert (found["limit"], found["refused"], found["cap"]) == (None, [], "545.00")


def test_a_flow_within_the_limit_is_counted(tmcs: Any, site: Site, listed: Any, limit: Any) -> None:
    goodwill(site, "goodwill", FLAT)
    limit("545.00")
    assert listed()["flow acme-goodwill:goodwill"]["status"] == "ok"
    assert bound(tmcs, "--strict")["total"] == "275.00"


@pytest.mark.parametrize(("figures", "amount"), [(FLAT, "544.99"), (SHARE, "100000.00")])
def test_a_flow_above_the_limit_is_refused_everywhere(
    tmcs: Any, site: Site, listed: Any, limit: Any, goes_on: Any, figures: str, amount: str, tmp_path: Path
) -> None:
    goodwill(site, "goodwill", figures)
    limit(amount)
    row = listed()["flow acme-goodwill:goodwill"]
    assert row["status"] == "failed"
    assert f"above cases.order_bound {amount}" in row["reason"]["en"]
    assert listed()["flow tmcs:damage"]["status"] == "ok", "a built-in flow never is"
    found = bound(tmcs, "--strict", code=1)
    assert ([one["flow"] for one in found["refused"]], found["total"]) == (["goodwill"], "235.00")
    for argv in (("flow", "check"), ("flow", "check", "goodwill"), ("plugin", "check", "goodwill")):
        ran = tmcs(*argv, "--lang", "en")
        assert ran.code == 1, argv
        assert "order_bound" in ran.out, ran.out
    ran = tmcs("case", "open", "goodwill", "-s", "wanted=yes", "--store", tmp_path / "s.db", "--no-input", "--lang", "en")
    assert ran.code == 5, ran.err
    assert "refused" in ran.err
    goes_on()


def test_of_two_flows_the_one_that_passes_the_limit_is_refused(tmcs: Any, site: Site, limit: Any) -> None:
    goodwill(site, "goodwill-a", FLAT)
    goodwill(site, "goodwill-b", FLAT)
    limit("560.00")
    assert len(bound(tmcs)["refused"]) == 1
