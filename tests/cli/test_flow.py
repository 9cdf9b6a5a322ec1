"""`tmcs flow`: list, show, check and chart."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from tmcs import loader
from tmcs.core.order import Order, parse_time
from tmcs.core.program import program
from tmcs.core.resolve import resolve
from tmcs.render.chart import Chart, answers, to_dot, to_mermaid
from tmcs.testing import example_order

NOW = parse_time("2026-11-23T10:00:00+08:00")
FLOWS = ("damage", "missing-item", "mismatch")


def test_list(tmcs: Any) -> None:
    ran = tmcs("flow", "list", "--format", "json")
    assert ran.code == 0
    flows = {flow["id"]: flow for flow in ran.json["flows"]}
    assert set(FLOWS) <= set(flows)
    assert flows["damage"]["title"] == {"zh": "货品损坏", "en": "damaged goods"}
    assert flows["damage"]["outcomes"] == ["refund", "reject"]
    assert "包裹少件" in tmcs("flow", "list").out
    assert tmcs("flow", "list", "--lang", "en", "--format", "markdown").out.startswith("| flow")


def test_list_shows_a_flow_that_fails_with_the_reason(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tmcs import plugins

    found = plugins.Registry.flow_files

    def broken(self: Any, plugin: Any) -> Any:
        if plugin.name == "damage":
            raise plugins.PluginError(plugin, "坏了", "broken")
        return found(self, plugin)

    monkeypatch.setattr(plugins.Registry, "flow_files", broken)
    ran = tmcs("flow", "list", "--format", "json")
    flows = {flow["id"]: flow for flow in ran.json["flows"]}
    assert flows["damage"]["status"] == "failed"
    assert "broken" in flows["damage"]["reason"]["en"]
    assert flows["mismatch"]["status"] == "ok"
    assert "broken" in tmcs("flow", "list", "--lang", "en").out
    check = tmcs("flow", "check", "--lang", "en")
    assert check.code == 1
    assert "broken" in check.out
    assert "✓ mismatch" in check.out


def test_show_by_alias_in_every_form(tmcs: Any) -> None:
    found = tmcs("flow", "show", "少件", "--format", "json").json
    assert found["id"] == "missing-item"
    assert [fact["fact"] for fact in found["facts"]][:3] == ["split_shipment", "short_shipped", "insists"]
    assert found["facts"][1]["from"] == "warehouse"
    assert found["payouts"] == ["missing-item", "missing-item-goodwill"]
    assert found["next_flows"] == ["ship-tracking"]
    assert "H03-R09" in found["cites"]
    assert "split_shipment" in tmcs("flow", "show", "missing-item").out
    assert "id: missing-item" in tmcs("flow", "show", "missing-item", "--format", "yaml").out


def test_an_unknown_flow_names_the_nearest(tmcs: Any) -> None:
    for sub in ("show", "chart", "check"):
        ran = tmcs("flow", sub, "damge", "--lang", "en")
        assert ran.code == 2
        assert "damage" in ran.err


def test_check_everything(tmcs: Any) -> None:
    ran = tmcs("flow", "check", "--format", "json")
    assert ran.code == 0
    assert ran.json["ok"] is True
    checked = {one["id"]: one for one in ran.json["checked"]}
    assert {*FLOWS, "policy"} <= set(checked)
    damage = checked["damage"]
    # 64 kinds of damage, the box of fruit counted once for each of its two claims; twice for the two refund states that go on.
    assert damage["outcomes"] == {
        "explain": 8, "refund": 2 * (64 * 3 + 1), "reject": 2 * 64, "waiting:customer": 2, "waiting:specialist": 2 * 64,
    }  # fmt: skip
    assert damage["combinations"] == sum(damage["outcomes"].values())
    assert damage["examples"]["passed"] == damage["examples"]["total"] >= 8


def test_check_prints_the_counts(tmcs: Any) -> None:
    ran = tmcs("flow", "check", "货品损坏", "--lang", "en")
    assert ran.code == 0
    assert re.search(r"damage: 21 nodes, \d+ paths, 652 combinations, cases (\d+)/\1\n", ran.out)


def test_check_of_a_folder_with_findings(tmcs: Any, tmp_path: Path) -> None:
    source = Path(loader.load_flow("damage").source).parent
    folder = tmp_path / "own"
    folder.mkdir()
    text = (source / "flow.yaml").read_text(encoding="utf-8")
    (folder / "flow.yaml").write_text(text.replace('"no": photos-wanted', '"no": photos-wantd'), encoding="utf-8")
    (folder / "scripts.yaml").write_bytes((source / "scripts.yaml").read_bytes())
    ran = tmcs("flow", "check", folder, "--lang", "en")
    assert ran.code == 1
    line = next(n for n, one in enumerate(text.splitlines(), 1) if '"no": photos-wanted' in one)
    assert re.search(rf"flow\.yaml:{line}:\d+: unknown node photos-wantd .*nearest: photos-wanted", ran.out)
    (folder / "flow.yaml").write_text(text, encoding="utf-8")
    (folder / "examples.yaml").write_text("cases:\n  - {id: a, expect: {outcome: refund}}\n")
    ran = tmcs("flow", "check", folder, "--format", "json")
    assert ran.code == 1
    finding = ran.json["checked"][0]["findings"][0]
    assert finding["text"]["en"] == "case a: outcome is null, not \"refund\""
    assert (finding["line"], finding["file"]) == (2, str(folder / "examples.yaml"))


def test_check_follows_the_desks_own_policy(tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("payouts: {damage: {rows: {usual: {commit: {supervisor: \"0.10\", second-line: \"0.10\"}}}}}\n")
    monkeypatch.setenv("TMCS_POLICY", str(own))
    ran = tmcs("flow", "check", "--lang", "en")
    assert ran.code == 1
    assert f"{own}:1:" in ran.out
    assert "no tier may promise" in ran.out


# ---- charts ---------------------------------------------------------------------------------------------------------------

_MERMAID_NODE = re.compile(r'^  (\w+)(?:\(\[|\{\{|>|\[\[|\[)"([^"]*)"(?:\]\)|\}\}|\]\]|\])$')
_MERMAID_EDGE = re.compile(r'^  (\w+) (?:-->|==>)(?:\|"[^"]*"\|)? (\w+)$')


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_line_of_a_mermaid_chart_is_sound(tmcs: Any, name: str, full: bool, lang: str) -> None:
    ran = tmcs("flow", "chart", name, "--lang", lang, *(["--full"] if full else []))
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "---"
    assert lines[3] == "flowchart TD"
    nodes, edges = {}, []
    for line in lines[4:]:
        if node := _MERMAID_NODE.match(line):
            nodes[node[1]] = node[2]
        elif edge := _MERMAID_EDGE.match(line):
            edges.append((edge[1], edge[2]))
        else:
            assert re.match(r"^  (classDef \w+ |class [\w,]+ \w+$)", line), line
    assert {end for edge in edges for end in edge} == set(nodes)
    assert "end" not in nodes  # a word of Mermaid's own
    assert all("<" not in label.replace("<br/>", "") for label in nodes.values())


def test_labels_of_a_chart(tmcs: Any) -> None:
    out = tmcs("flow", "chart", "mismatch").out
    assert '|"≤ 20.00"|' in out
    assert '|"赠品"|' in out
    assert '<br/>→ 包裹少件"]]' in out
    full = tmcs("flow", "chart", "mismatch", "--full", "--lang", "en").out
    assert "order closed?" in full
    assert "abnormal refund" in full


def test_dot_escapes_and_balances(tmcs: Any) -> None:
    out = tmcs("flow", "chart", "damage", "--as", "dot").out
    assert out.startswith('digraph "货品损坏" {')
    assert out.rstrip().endswith("}")
    assert out.count("{") == out.count("}")
    assert "shape=hexagon" in out
    assert 'style="filled,dashed"' in out


def test_hostile_labels_are_escaped() -> None:
    chart = Chart(program(loader.load_flow("damage"), loader.load_policy().at(NOW)), "zh")
    chart.boxes[1].label = 'a"]; click n1 <script>#`\\'
    mermaid, dot = to_mermaid(chart), to_dot(chart)
    assert 'a#quot;]; click n1 #lt;script#gt;#35;#96;\\' in mermaid
    assert '"a\\"]; click n1 <script>#`\\\\"' in dot


def test_the_path_taken_is_set_off() -> None:
    flow, policy = loader.load_flow("damage"), loader.load_policy()
    facts = {
        "photos_received": "yes", "goods_kind": "fruit-boxed", "damage_kind": "rotten-part", "fruit_claim": "exchange-case",
        "partial_quantity": "no",
    }  # fmt: skip
    result = resolve(flow, Order(example_order("signed")), facts, policy, NOW)
    chart = Chart(program(flow, policy.at(NOW)), "en", path=answers(result))
    taken = [box.label for box in chart.boxes if box.taken]
    assert taken[-1].startswith("normal refund")
    assert "exchange\nof the box" in taken
    assert sum(edge.taken for edge in chart.edges) == len(taken) - 1
    assert "==>" in to_mermaid(chart)
    assert "takenBox" in to_mermaid(chart)
    assert "penwidth=3" in to_dot(chart)


def test_facts_set_the_path_off(tmcs: Any, tmp_path: Path) -> None:
    """Without an order, one in a state that the flow is made for: dispatched for damage, not dispatched for a held order."""
    file = tmp_path / "facts.json"
    file.write_text('{"photos_received": "yes", "goods_kind": "other", "damage_kind": "other"}')
    out = tmcs("flow", "chart", "damage", "--facts", file, "-s", "partial_quantity=yes").out
    taken = _taken(out)
    assert taken[0] == "通用前置检查"
    assert taken[-1].startswith("部分数量：<br/>异常退款")
    assert "→ 异常退货退款" in taken[-1]
    piped = tmcs("flow", "chart", "damage", "--facts", "-", "-s", "partial_quantity=yes", stdin=file.read_text()).out
    assert piped == out
    held = tmcs("flow", "chart", "扣单", "-s", "replenishable=no", "-s", "hours_since_paid=80", "-s", "accepts_refund=no").out
    assert any("不接受退款" in label for label in _taken(held))
    assert not any("整单退款" in label for label in _taken(held))
    open_question = _taken(tmcs("flow", "chart", "damage", "-s", "photos_received=yes").out)
    assert open_question[-1] == "取货还是报废？"
    tiers = [_taken(tmcs("flow", "chart", "escalation", "--tier", tier).out)[2] for tier in ("frontline", "supervisor")]
    assert tiers[0] != tiers[1]
    assert _taken(tmcs("flow", "chart", "damage").out) == []
    arrows = [line for line in out.splitlines() if _MERMAID_EDGE.match(line)]
    coloured = re.search(r"linkStyle ([\d,]+) stroke", out)
    assert coloured is not None
    assert [n for n, line in enumerate(arrows) if "==>" in line] == [int(n) for n in coloured[1].split(",")]


def test_a_case_that_ends_in_the_general_checks_is_drawn_in_full(tmcs: Any, order: dict[str, Any]) -> None:
    taken = _taken(tmcs("flow", "chart", "damage", "-s", "closed=yes").out)
    assert taken[-1].startswith("交易已关闭")
    order["status"] = "WAIT_SELLER_SEND_GOODS"
    order["consign_time"] = order["sign_time"] = None
    taken = _taken(tmcs("flow", "chart", "damage", "--order-json", "-", stdin=json.dumps(order)).out)
    assert taken[-1].endswith("→ 发货跟踪")
    assert tmcs("flow", "chart", "damage", "-s", "nope=1").code == 2
    assert tmcs("flow", "chart", "damage", "-s", "photos_received=perhaps").code == 2


def test_no_word_of_the_engine_stands_in_a_full_chart(tmcs: Any) -> None:
    for lang in ("zh", "en"):
        out = tmcs("flow", "chart", "damage", "--full", "--lang", lang).out
        assert not re.search(r'payout_|"route"|, own\b|、own|said-|no-authority|offer-', out)


def _taken(mermaid: str) -> list[str]:
    labels = {node[1]: node[2] for line in mermaid.splitlines() if (node := _MERMAID_NODE.match(line))}
    chosen = re.search(r"class ([\w,]+) takenBox", mermaid)
    return [labels[name] for name in chosen[1].split(",")] if chosen else []


def test_labels_are_broken_into_even_lines() -> None:
    from tmcs.render.chart import _lines

    assert _lines("补不到货：付款多久了？") == "补不到货：\n付款多久了？"
    assert _lines("正常配送还是没人在家？") == "正常配送还\n是没人在家？"
    assert _lines("照片收到了吗？", "") == "照片收到了吗？"
    assert _lines("exchange or partial refund?") == "exchange or\npartial refund?"


def test_svg_without_graphviz_says_what_to_install(tmcs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = tmcs("flow", "chart", "damage", "--as", "svg", "--lang", "en")
    assert ran.code == 2
    assert "install Graphviz" in ran.err
    assert "Traceback" not in ran.err


def test_svg_is_drawn_by_dot(tmcs: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\necho \"<svg $1/>\"\nexec /bin/cat >/dev/null\n")
    dot.chmod(dot.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "damage.svg"
    assert tmcs("flow", "chart", "damage", "--as", "svg", "-o", out).code == 0
    assert out.read_text() == "<svg -Tsvg/>\n"
    dot.write_text("#!/bin/sh\n/bin/cat >/dev/null\necho 'syntax error' >&2\nexit 1\n")
    ran = tmcs("flow", "chart", "damage", "--as", "png", "--lang", "en")
    assert ran.code == 2
    assert "dot failed: syntax error" in ran.err


def test_output_to_a_file(tmcs: Any, tmp_path: Path) -> None:
    out = tmp_path / "damage.mmd"
    assert tmcs("flow", "chart", "damage", "-o", out).out == ""
    assert "照片收到了吗" in out.read_text(encoding="utf-8")


def test_json_is_json(tmcs: Any) -> None:
    for argv in (("list",), ("show", "damage"), ("check", "damage")):
        assert json.loads(tmcs("flow", *argv, "--format", "json").out)["schema"].startswith("tmcs/flow")
