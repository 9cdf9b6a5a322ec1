"""What a plug-in of the group `tmcs.plugin` brings: policy fragments, rules, output formats, order readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import FLOW, Site

POLICY = """\
payouts:
  bag:
    title: {zh: 袋子, en: bag}
    offer: unasked
    rows: {usual: {flat: "5.00", commit: {frontline: "5.00", second-line: "5.00", supervisor: "5.00"}}}
"""
RULES = """\
section: X01
title: {zh: 袋子, en: bags}
rules:
  - {id: X01-R01, kind: payout, statement: {zh: 袋子五元。, en: A bag is 5 CNY.}}
"""


def hook(name: str, value: str) -> str:
    """Return a module with one hook that returns ``value``; HERE is its folder."""
    return (
        "import os\nfrom tmcs import hookimpl\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
        f"@hookimpl\ndef {name}():\n    return {value}\n"
    )


POLICY_HOOK = hook("tmcs_policy", "os.path.join(HERE, 'policy.yaml')")
RULES_HOOK = hook("tmcs_rules", "os.path.join(HERE, 'rules.yaml')")


@pytest.fixture
def bag(site: Site) -> Path:
    """Install a plug-in that brings a policy fragment."""
    return site.add_plugin("acme", POLICY_HOOK, {"policy.yaml": POLICY})


def test_a_policy_fragment_adds_a_payout(bag: Path, tmcs: Any, listed: Any) -> None:
    assert listed()["plugin acme:acme"]["status"] == "ok"
    assert tmcs("payout", "bag", "--amount", "100", "--format", "json").json["max"] == "5.00"
    files = tmcs("policy", "show", "--format", "json").json["files"]
    assert files[-1] == str(bag / "policy.yaml")


def test_a_changed_fragment_counts_at_once(bag: Path, tmcs: Any) -> None:
    assert tmcs("payout", "bag", "--amount", "100", "--format", "json").json["max"] == "5.00"
    (bag / "policy.yaml").write_text(POLICY.replace("5.00", "6.00"), "utf-8")
    assert tmcs("payout", "bag", "--amount", "100", "--format", "json").json["max"] == "6.00"
    (bag / "policy.yaml").write_text(POLICY.replace("flat", "flatt"), "utf-8")
    assert tmcs("payout", "bag", "--amount", "100").code == 2
    assert tmcs("payout", "damage", "--amount", "100").code == 0


def test_the_desks_own_file_lies_above_a_fragment(bag: Path, tmcs: Any, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    row = '{flat: "7.00", commit: {frontline: "7.00", second-line: "7.00", supervisor: "7.00"}}'
    own.write_text(f"payouts: {{bag: {{rows: {{usual: {row}}}}}}}\n", "utf-8")
    assert tmcs("payout", "bag", "--amount", "100", "--policy", own, "--format", "json").json["max"] == "7.00"


FRAGMENTS = {
    "broken": ("payouts: [\n", "policy.yaml:2"),
    "unknown section": ("payoust: {}\n", "policy.yaml:1:1: a fragment may not have payoust"),
    "tiers": ("tiers: {boss: {zh: 老板, en: boss}}\n", "a fragment may not have tiers"),
    "calendar": ("calendar: {off: [2027-01-05]}\n", "a fragment may not have calendar"),
    "built-in figure": (
        'payouts: {damage: {rows: {usual: {rate_max: "1.00"}}}}\n',
        "policy.yaml:1:11: payouts.damage exists; figures are changed in the desk's own policy file",
    ),
    "new row of a built-in table": ("tables: {disposal: {rows: {mine: {is: pickup}}}}\n", "tables.disposal exists"),
    "built-in setting": ("settings: {evidence_mailbox: {value: me@example.invalid}}\n", "settings.evidence_mailbox exists"),
    "wrong amount": (POLICY.replace('"5.00", commit', '"five", commit'), "policy.yaml:5"),
    "above its cap": (POLICY.replace("flat:", 'cap: "1.00", flat:'), "the flat sum is above its cap"),
    "no mapping": ("- a\n", "must be a mapping"),
}


@pytest.mark.parametrize("kind", FRAGMENTS)
def test_a_fragment_that_is_wrong_fails_its_plugin_and_no_other(
    kind: str, site: Site, listed: Any, goes_on: Any, tmcs: Any
) -> None:
    text, said = FRAGMENTS[kind]
    site.add_plugin("acme", POLICY_HOOK, {"policy.yaml": text})
    site.add_plugin("good", POLICY_HOOK, {"policy.yaml": POLICY})
    goes_on()
    found = listed()
    assert found["plugin acme:acme"]["status"] == "failed"
    assert said in found["plugin acme:acme"]["reason"]["en"], found["plugin acme:acme"]["reason"]["en"]
    assert tmcs("payout", "bag", "--amount", "100").code == 0
    assert tmcs("payout", "damage", "--amount", "100", "--format", "json").json["max"] == "20.00"


def test_a_name_of_another_fragment_is_taken(site: Site, listed: Any, bag: Path) -> None:
    site.add_plugin("second", POLICY_HOOK, {"policy.yaml": POLICY})
    found = listed()
    assert found["plugin acme:acme"]["status"] == "ok"
    assert found["plugin second:second"]["reason"]["en"] == "repeats payouts.bag of acme:acme"


def test_a_missing_fragment_is_named(site: Site, listed: Any, goes_on: Any) -> None:
    site.add_plugin("acme", POLICY_HOOK)
    assert "no such file" in listed()["plugin acme:acme"]["reason"]["en"]
    goes_on()


@pytest.mark.parametrize(
    ("value", "said"),
    [("42", "tmcs_policy must return str | os.PathLike, not int"), ("'policy.yaml'", "must give an absolute path"),
     ("b'/x'", "must return str | os.PathLike, not bytes"), ("['/x']", "not list")],
)  # fmt: skip
def test_a_policy_hook_that_gives_no_path(value: str, said: str, site: Site, listed: Any, goes_on: Any) -> None:
    site.add_plugin("acme", hook("tmcs_policy", value))
    assert said in listed()["plugin acme:acme"]["reason"]["en"]
    goes_on()


def test_rules_of_a_plugin_are_shown_and_cited(site: Site, listed: Any, tmcs: Any) -> None:
    site.add_plugin("acme", RULES_HOOK, {"rules.yaml": RULES})
    site.add_flow("odd", flow=FLOW.format(id="odd").replace("{outcome: explain,", "{outcome: explain, cite: [X01-R01],"))
    found = listed()
    assert (found["plugin acme:acme"]["status"], found["flow acme-odd:odd"]["status"]) == ("ok", "ok")
    assert tmcs("rule", "show", "x1-r1", "--lang", "en").out.startswith("X01-R01 · bags")
    ran = tmcs("resolve", "odd", "-s", "closed=no", "-s", "wanted=yes", "--explain", "--lang", "en")
    assert "A bag is 5 CNY." in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [(RULES.replace("X01", "H04"), "H04 belongs to the handbook"), (RULES.replace("payout", "payuot"), "rules.yaml:4"),
     ("section: [\n", "rules.yaml:2"), (RULES.replace("X01-R01", "X02-R01"), "rules.yaml:4")],
)  # fmt: skip
def test_rules_that_are_wrong_fail_their_plugin(text: str, said: str, site: Site, listed: Any, goes_on: Any) -> None:
    site.add_plugin("acme", RULES_HOOK, {"rules.yaml": text})
    assert said in listed()["plugin acme:acme"]["reason"]["en"]
    goes_on()


def test_a_section_of_another_plugin_is_taken(site: Site, listed: Any) -> None:
    site.add_plugin("acme", RULES_HOOK, {"rules.yaml": RULES})
    site.add_plugin("bcme", RULES_HOOK, {"rules.yaml": RULES})
    assert listed()["plugin bcme:bcme"]["reason"]["en"] == "repeats section X01 of acme:acme"


ASK = ("resolve", "damage", "-s", "closed=no", "-s", "photos_received=no", "--format")


def test_a_format_of_a_plugin_renders_a_resolution(site: Site, tmcs: Any) -> None:
    site.add_plugin("acme", hook("tmcs_formats", "{'brief': lambda r, lang: print('noise') or f'{r.flow.id} {lang}'}"))
    ran = tmcs(*ASK, "brief", "--lang", "en")
    assert (ran.code, ran.out.strip()) == (3, "damage en")
    assert "noise" in ran.err
    assert "brief" in tmcs(*ASK, "brif", "--lang", "en").err


@pytest.mark.parametrize(
    ("value", "said"),
    [("{'json': str}", "repeats format json of tmcs"), ("['brief']", "tmcs_formats must return {name: function}, not list"),
     ("{'brief': 'x'}", "must return {name: function}"), ("{'Brief!': str}", "is no name for a format"),
     ("{1: str}", "must return {name: function}")],
)  # fmt: skip
def test_formats_that_are_wrong_fail_their_plugin(value: str, said: str, site: Site, listed: Any, goes_on: Any) -> None:
    site.add_plugin("acme", hook("tmcs_formats", value))
    assert said in listed()["plugin acme:acme"]["reason"]["en"]
    goes_on()


@pytest.mark.parametrize(
    ("render", "said"),
    [("lambda r, lang: 1 / 0", "ZeroDivisionError"), ("lambda r, lang: exit(0)", "SystemExit"),
     ("lambda r, lang: 42", "must return str, not int"), ("lambda r: ''", "TypeError")],
)  # fmt: skip
def test_a_format_that_fails_is_a_fault_of_its_plugin(render: str, said: str, site: Site, tmcs: Any) -> None:
    site.add_plugin("acme", hook("tmcs_formats", f"{{'brief': {render}}}"))
    ran = tmcs(*ASK, "brief", "--lang", "en")
    assert (ran.code, ran.out) == (70, "")
    assert said in ran.err
    assert "acme" in ran.err


READER = """\
import os
from tmcs import Text, hookimpl
from tmcs.orders.fragment import Fragment

class Pos:
    name = "pos"
    title = Text("收银系统导出", "point-of-sale export")

    def accepts(self, head):
        return head.form == "csv" and "收银单号" in head.header

    def read(self, source, report):
        for line, row in source.table(report):
            yield Fragment({"tid": row[0], "status": "TRADE_FINISHED", "payment": "10.00"}, whole=True, line=line)

@hookimpl
def tmcs_order_readers():
    return [Pos()]
"""


def test_an_order_reader_of_a_plugin_reads_its_files(site: Site, tmcs: Any, tmp_path: Path, listed: Any) -> None:
    site.add_plugin("acme", READER)
    assert listed()["plugin acme:acme"]["status"] == "ok"
    export = tmp_path / "pos.csv"
    export.write_text("收银单号,金额\n777001,10.00\n", "utf-8-sig")
    ran = tmcs("order", "import", export)
    assert ran.code == 0, ran.err
    assert tmcs("order", "show", "777001", "--format", "json").json["tid"] == "777001"


@pytest.mark.parametrize(
    ("text", "said"),
    [(READER.replace('"pos"', '"orders"'), "repeats reader orders of tmcs"),
     (READER.replace("return [Pos()]", "return Pos()"), "tmcs_order_readers must return list of OrderReader, not Pos"),
     (READER.replace("def accepts", "def akcepts"), "Pos is no order reader: it lacks accepts"),
     (READER.replace("return [Pos()]", "return [1 / 0]"), "hook tmcs_order_readers failed (ZeroDivisionError")],
)  # fmt: skip
def test_readers_that_are_wrong_fail_their_plugin(
    text: str, said: str, site: Site, listed: Any, goes_on: Any, tmcs: Any
) -> None:
    site.add_plugin("acme", text)
    assert said in listed()["plugin acme:acme"]["reason"]["en"]
    goes_on()
    example = Path(__file__).parents[2] / "examples" / "orders-2026-11.csv"
    ran = tmcs("order", "import", example)
    assert ran.code == 0
    assert "acme" in ran.err


def test_the_reserved_names_are_those_of_tmcs() -> None:
    from tmcs.cli import resolve
    from tmcs.orders.readers import readers
    from tmcs.plugin_data import FORMATS, READERS

    assert resolve.FORMATS == FORMATS
    assert tuple(one.name for one in readers()) == READERS


def test_one_module_may_serve_both_groups(site: Site, listed: Any) -> None:
    module = "from tmcs import FlowFiles\n" + POLICY_HOOK + "@hookimpl\ndef tmcs_flow():\n    return FlowFiles(HERE)\n"
    site.add(
        "acme", "[tmcs.flow]\nodd = acme\n\n[tmcs.plugin]\nodd = acme\n",
        {"__init__.py": module, "policy.yaml": POLICY, "flow.yaml": FLOW.format(id="odd"), "scripts.yaml": "{}\n"},
    )  # fmt: skip
    found = listed()
    assert (found["flow acme:odd"]["status"], found["plugin acme:odd"]["status"]) == ("ok", "ok")
