"""The most that one order can draw, over all flows; a plug-in that lifts it above the desk's limit is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_completion import ask
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


# ---- refused wherever a flow is used --------------------------------------------------------------------------------------

ASK = ("-s", "wanted=yes", "-s", "paid_amount=10.00", "-s", "trade_succeeded=yes", "-s", "closed=no", "--no-input")


def console(site: Site, *argv: object, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run the console script's own function in a process of its own, ``code`` after it."""
    path = os.pathsep.join([str(site.folder), *filter(None, sys.path)])
    said = f"import sys; from tmcs.cli.main import run; done = run(sys.argv[1:]); sys.stdout.flush(); {code or 'pass'}; sys.exit(done)"
    return subprocess.run(
        [sys.executable, "-c", said, *map(str, argv)], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True,
        encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("word", ["goodwill", "别名-goodwill"])
def test_no_order_is_settled_by_a_refused_flow(site: Site, limit: Any, word: str) -> None:
    goodwill(site, "goodwill", FLAT)
    assert console(site, "resolve", word, *ASK).returncode == 0
    limit("544.99")
    en, zh = (console(site, "resolve", word, *ASK, "--lang", lang) for lang in ("en", "zh"))
    assert (en.returncode, en.stdout, zh.returncode, zh.stdout) == (2, "", 2, "")
    for said in ("plug-in acme-goodwill:goodwill failed", "545.00 CNY", "above cases.order_bound 544.99", "tmcs policy bound"):
        assert said in en.stderr
    for said in ("插件 acme-goodwill:goodwill 不可用", "545.00 元", "超过 cases.order_bound 544.99 元", "tmcs policy bound"):
        assert said in zh.stderr
    told = json.loads(console(site, "resolve", word, *ASK, "--format", "json").stderr)
    assert (told["error"], told["exit"]) == ("PluginError", 2)
    assert console(site, "resolve", "damage", "-s", "closed=no", "-s", "photos_received=no").returncode == 3
    limit("545.00")
    assert console(site, "resolve", word, *ASK).returncode == 0


def test_it_is_refused_as_a_flow_is_that_fails_its_check(site: Site, tmcs: Any, limit: Any, tmp_path: Path) -> None:
    goodwill(site, "goodwill", FLAT)
    site.add_flow("broken", flow=FLOW.format(id="broken").replace(', "no": done', ""))
    limit("100.00")
    commands: tuple[tuple[str, ...], ...] = (
        ("resolve", "{}", *ASK), ("resolve", "{}", *ASK, "--save", "--store", str(tmp_path / "s.db")), ("script", "{}", "opening"),
        ("lint-message", "{}", "--flow", "{}"), ("flow", "show", "{}"), ("flow", "chart", "{}"), ("flow", "check", "{}"),
        ("plugin", "check", "{}"), ("resolve", "{}", "--help"),
    )  # fmt: skip
    for argv in commands:
        codes = {name: tmcs(*(word.format(name) for word in argv)).code for name in ("goodwill", "broken")}
        assert codes["goodwill"] == codes["broken"], (argv, codes)
    rows = {row["id"]: row for row in tmcs("flow", "list", "--format", "json").json["flows"]}
    assert (rows["goodwill"]["status"], rows["broken"]["status"], rows["damage"]["status"]) == ("failed", "failed", "ok")
    assert "above cases.order_bound 100.00" in rows["goodwill"]["reason"]["en"]
    listed = tmcs("resolve").out
    assert ("damage" in listed, "goodwill" in listed, "broken" in listed) == (True, False, False)
    found = {one["name"]: one["status"] for one in tmcs("plugin", "list", "--format", "json").json["plugins"]}
    assert (found["goodwill"], found["broken"]) == ("failed", "failed")
    path = os.pathsep.join([str(site.folder), *filter(None, sys.path)])
    assert [ask("fish", f"tmcs resolve {begun}", PYTHONPATH=path) for begun in ("goodw", "brok")] == [["goodwill"], ["broken"]]
    said = tmcs("doctor", "--lang", "en")
    assert "flow goodwill cannot be used" in said.out
    assert tmcs("handbook", "build", "--out", tmp_path / "book").code == 2


def test_no_case_is_opened_nor_goes_on_in_it(site: Site, tmcs: Any, limit: Any, tmp_path: Path) -> None:
    goodwill(site, "goodwill", FLAT)
    site.add_flow("before", flow=FLOW.format(id="before").replace("outcome: explain,", "outcome: explain, next: goodwill,"))
    store = ("--store", tmp_path / "s.db")
    went = tmcs("resolve", "before", *ASK, "--continue", "--format", "json")
    assert [one["flow"] for one in went.json["chain"]] == ["before", "goodwill"]
    limit("544.99")
    stays = tmcs("resolve", "before", *ASK, "--continue", "--format", "json")
    assert stays.code == 0
    assert [one["flow"] for one in stays.json["chain"]] == ["before"]
    assert tmcs("resolve", "goodwill", *ASK, "--save", *store).code == 2
    opened = tmcs("case", "open", "before", *ASK, "--continue", *store, "--format", "json")
    assert opened.code == 0, opened.err
    assert [case["flow"] for case in tmcs("case", "list", *store, "--format", "json").json["cases"]] == ["before"]


def test_the_limit_of_the_policy_that_is_decided_by_counts(site: Site, tmcs: Any, limit: Any, tmp_path: Path) -> None:
    goodwill(site, "goodwill", FLAT)
    files = {amount: tmp_path / f"{amount}.yaml" for amount in ("100.00", "545.00", "none")}
    for amount, file in files.items():
        file.write_text(f'cases: {{order_bound: {{value: "{amount}"}}}}\n', "utf-8")

    def codes(*argv: object) -> list[int]:
        return [tmcs("resolve", "goodwill", *ASK, *argv, "--policy", file).code for file in files.values()]

    assert tmcs("resolve", "goodwill", *ASK).code == 0
    assert codes() == [2, 0, 0], "no limit is configured"
    limit("544.99")
    assert tmcs("resolve", "goodwill", *ASK).code == 2
    assert codes() == [2, 0, 0], "the desk's own is lower"
    assert [tmcs("policy", "bound", "--strict", "--policy", file).code for file in files.values()] == [1, 0, 0]
    assert ["order_bound" in tmcs("script", "goodwill", "opening", "--policy", file).err for file in files.values()] == [True, False, False]
    build = ("handbook", "build", "--out", tmp_path / "book", "--format", "markdown", "--lang", "en")
    assert [tmcs(*build, "--policy", file).code for file in files.values()] == [2, 0, 0]


def test_a_limit_that_begins_later_refuses_once_it_is_in_the_policy(site: Site, tmcs: Any, tmp_path: Path) -> None:
    """As `policy bound` reckons: the lowest limit of all days counts, and a day without one sets none."""
    goodwill(site, "goodwill", FLAT)
    for values, code in ((("none", "100.00"), 0), (("600.00", "100.00"), 2)):
        own = tmp_path / "own.yaml"
        first, then = values
        own.write_text(f'cases: {{order_bound: {{value: [{{from: 2012-04-16, value: "{first}"}}, {{from: 2027-01-01, value: "{then}"}}]}}}}\n')
        assert tmcs("resolve", "goodwill", *ASK, "--policy", own).code == code
        assert (tmcs("policy", "bound", "--strict", "--policy", own).code == 1) == (code == 2)


def test_a_policy_that_is_wrong_is_told_as_such(site: Site, tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add_flow("hats")
    own = tmp_path / "own.yaml"
    own.write_text("cases: {order_bond: 3}\n")
    monkeypatch.setenv("TMCS_POLICY", str(own))
    refused = tmcs("resolve", "hats", *ASK[:2], "--lang", "en")
    assert refused.code == 2
    assert "order_bond" in refused.err
    assert "plug-in" not in refused.err
    rows = {row["id"]: row["status"] for row in tmcs("flow", "list", "--format", "json").json["flows"]}
    assert rows["hats"] == "ok", "it is the policy that is wrong"


# ---- judged once ----------------------------------------------------------------------------------------------------------

#: Prints which of these a start needed.
LOADED = "print(sorted(m for m in sys.modules if m in ('tmcs.bound', 'tmcs.core.bound_walk', 'tmcs.flowcheck', 'ruamel.yaml')))"


@pytest.mark.parametrize(("id", "amount", "code"), [("goodwill", "544.99", 2), ("hats", "544.99", 0)])
def test_the_verdict_is_worked_out_once_for_its_contents(
    site: Site, limit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, id: str, amount: str, code: int
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own-cache"))
    goodwill(site, "goodwill", FLAT)
    site.add_flow("hats")
    limit(amount)
    argv = ("resolve", id, *ASK[: 2 if id == "hats" else None], *(("-s", "closed=no", "--no-input") if id == "hats" else ()))

    def start() -> list[str]:
        ran = console(site, *argv, code=LOADED)
        assert ran.returncode == code, ran.stderr
        return list(json.loads(ran.stdout.splitlines()[-1].replace("'", '"')))

    def kept() -> dict[str, int]:
        return {one.name: one.stat().st_mtime_ns for one in (tmp_path / "own-cache" / "tmcs").iterdir()}

    assert {"tmcs.bound", "tmcs.core.bound_walk"} <= set(start())
    first = kept()
    assert sum(name.startswith("order-limit-") for name in first) == 1
    assert start() == []
    assert kept() == first, "nothing was made anew"
    limit("546.00")  # another policy: another verdict
    code = 0
    assert "tmcs.bound" in start()
    assert start() == []


def test_a_plugin_that_changes_is_judged_anew(site: Site, limit: Any) -> None:
    goodwill(site, "goodwill", FLAT)
    limit("545.00")
    assert [console(site, "resolve", "goodwill", *ASK).returncode for _ in range(2)] == [0, 0]
    figures = site.folder / "goodwill_policy" / "policy.yaml"
    figures.write_text(figures.read_text().replace("40.00", "40.01"))
    assert console(site, "resolve", "goodwill", *ASK).returncode == 2
    figures.write_text(figures.read_text().replace("40.01", "39.99"))
    assert console(site, "resolve", "goodwill", *ASK).returncode == 0


def test_a_built_in_flow_asks_for_no_verdict(site: Site, limit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own-cache"))
    goodwill(site, "goodwill", FLAT)
    limit("1.00")
    argv = ("resolve", "damage", "-s", "closed=no", "-s", "photos_received=no")
    ran = console(site, *argv, code="print(sorted(m for m in sys.modules if m in ('tmcs.bound', 'tmcs.core.claims')))")
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (3, "[]"), ran.stderr
    assert [one.name for one in (tmp_path / "own-cache" / "tmcs").iterdir() if one.name.startswith("order-")] == []


def test_without_a_cache_the_answer_is_the_same(site: Site, limit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_CACHE", "off")
    goodwill(site, "goodwill", FLAT)
    limit("544.99")
    assert console(site, "resolve", "goodwill", *ASK).returncode == 2
