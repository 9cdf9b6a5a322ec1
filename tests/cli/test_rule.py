"""`tmcs rule` through click's runner and through the console script."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_console_scripts import ScriptRunner
from ruamel.yaml import YAML

from tmcs import rulebook
from tmcs.cli.rule import command
from tmcs.core.errors import NotFoundError


def run(*args: str, lang: str = "zh") -> str:
    result = CliRunner().invoke(command, [*args, "--lang", lang], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_show_a_rule_in_both_languages() -> None:
    zh = run("show", "h4-r7")
    assert zh.splitlines()[0] == "H04-R07 · 货品损坏 · 流程注解 · 货物"
    assert "开过封" in zh
    assert "C36" in zh
    en = run("show", "H04-R07", lang="en")
    assert en.splitlines()[0] == "H04-R07 · damaged goods · flow notes · goods"
    assert "opened" in en


def test_show_a_script_with_what_it_must_say_and_ask() -> None:
    out = run("show", "H04-R28")
    assert "时机: 顾客反映破损 (来电, 由步骤推断)" in out
    assert "evidence@example.invalid" in out
    assert "{" not in out
    assert "是 -> H04-R29" in out
    assert "end of call" in run("show", "H01-R64", lang="en")


def test_show_several_keeps_their_order() -> None:
    heads = [line for line in run("show", "C04", "H04-R33", "h05-r26").splitlines() if line[:1] in "CH" and line]
    assert [line.split(" · ")[0] for line in heads] == ["C04", "H04-R33", "H05-R26"]


def test_show_as_json() -> None:
    data = json.loads(run("show", "H04-R28", "C04", "H14-R08", "--format", "json"))
    assert data["schema"] == "tmcs/rules/1"
    script, other = data["rules"]
    assert script["moment"]["en"] == "customer reports damage"
    assert script["asks"][0]["answers"][0] == {"answer": {"zh": "是", "en": "yes"}, "leads_to": "H04-R29"}
    assert other["see"] == ["H01-R33"]
    assert "moment" not in other
    assert "C100" in other["rulings"]
    (ruling,) = data["rulings"]
    assert ruling["review"] == "2027-11-23"
    assert ruling["owner"] == {"zh": "客服台负责人", "en": "desk lead"}
    assert ruling["sides"][0]["rules"] == ["H01-R66", "H01-R70"]


def test_yaml_says_the_same_as_json() -> None:
    args = ("show", "H04-R28", "C04")
    loaded = YAML(typ="safe").load(run(*args, "--format", "yaml"))
    data = json.loads(run(*args, "--format", "json"))
    for one in loaded["rulings"]:
        one.update(ruled=str(one["ruled"]), review=str(one["review"]))
    assert loaded == data


def test_show_as_markdown() -> None:
    out = run("show", "H04-R28", "C04", "--format", "markdown", lang="en")
    assert out.startswith("## H04-R28 · damaged goods · scripts · script\n")
    assert "- **must say**:\n  - apology for the damage" in out
    assert "- **our ruling**: default = 10%." in out


def test_list_sections() -> None:
    lines = run("list").splitlines()
    assert len(lines) == 2 + 25
    assert lines[5].split()[:3] == ["H04", "货品损坏", "33"]
    data = json.loads(run("list", "--format", "json"))
    assert [one["id"] for one in data["sections"]] == rulebook.section_ids()
    assert sum(one["rules"] for one in data["sections"]) == 527
    assert run("list", "--format", "markdown", lang="en").splitlines()[0].startswith("| section")


def test_list_a_section_and_a_kind() -> None:
    assert len(run("list", "h4").splitlines()) == 2 + 33
    goods = [line.split()[0] for line in run("list", "H05", "--kind", "goods", lang="en").splitlines()[2:]]
    assert goods == ["H05-R27", "H05-R28"]
    everywhere = json.loads(run("list", "--kind", "prohibition", "--format", "json"))["rules"]
    assert len(everywhere) == 5
    none = CliRunner().invoke(command, ["list", "H04", "--kind", "report", "--lang", "en"])
    assert none.exit_code == 0
    assert none.stdout == ""
    assert "no such rules" in none.stderr


def test_search_in_either_language_and_with_every_word() -> None:
    assert "H05-R17" in run("search", "条码")
    found = json.loads(run("search", "BARCODE", "warehouse", "--format", "json", lang="en"))
    ids = [one["id"] for one in (*found["rules"], *found["rulings"])]
    assert "H05-R17" in ids
    assert "C44" in ids
    for id in ids:
        said = " ".join(f"{text.zh} {text.en}" for text in rulebook.cited([id])[0].texts()).lower()
        assert "barcode" in said
        assert "warehouse" in said
    assert "H04-R20" in run("search", "evidence@example.invalid")
    none = CliRunner().invoke(command, ["search", "zzzz", "--lang", "en"])
    assert (none.exit_code, none.stdout) == (0, "")
    assert "nothing found" in none.stderr


def test_conflicts_show_both_sides_and_the_ruling() -> None:
    out = run("conflicts", "c4")
    for part in ("C04 · 歧义", "一说: 一线只能许诺10% (H01-R66, H01-R70)", "我们的裁定: 默认10%", "理由: ",
                 "负责人: 客服台负责人", "复核日: 2027-11-23"):  # fmt: skip
        assert part in out
    assert "our ruling: default = 10%" in run("conflicts", "C04", lang="en")


def test_conflicts_of_a_rule_and_all_of_them() -> None:
    assert "C35 · " in run("conflicts", "h04-r17")
    quiet = CliRunner().invoke(command, ["conflicts", "H04-R02", "--lang", "zh"])
    assert (quiet.exit_code, quiet.stdout) == (0, "")
    assert "没有矛盾" in quiet.stderr
    assert run("conflicts").count("我们的裁定: ") == 120
    assert len(run("conflicts", "--short").splitlines()) == 2 + 120
    assert len(json.loads(run("conflicts", "--format", "json"))["rulings"]) == 120


@pytest.mark.parametrize(
    "args", [("show", "H04-R99"), ("list", "H99"), ("conflicts", "C999"), ("conflicts", "H04-R99")]
)
def test_an_unknown_id_is_not_found(args: tuple[str, ...]) -> None:
    result = CliRunner().invoke(command, [*args, "--lang", "en"])
    assert isinstance(result.exception, NotFoundError)
    assert "nearest: " in result.exception.text.en


def test_foreign_text_cannot_steer_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "_added", {})
    monkeypatch.setattr(rulebook, "_known", None)
    path = tmp_path / "evil.yaml"
    path.write_text(
        'section: X01\ntitle: {zh: 甲, en: a}\nrules:\n  - id: X01-R01\n    kind: step\n'
        '    statement: {zh: "甲\\e[31m", en: "red \\u202e | cell\\nnext"}\n',
        encoding="utf-8",
    )  # fmt: skip
    rulebook.register(path)
    assert "\x1b" not in run("show", "X01-R01")
    for form in ("text", "markdown"):
        out = run("list", "X01", "--format", form, lang="en")
        assert "\u202e" not in out
        assert len(out.splitlines()) == 3
    assert "\\|" in out


def test_the_console_script_shows_and_fails_with_its_exit_code(script_runner: ScriptRunner) -> None:
    shown = script_runner.run(["tmcs", "rule", "show", "h04-r7", "--lang", "zh"])
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("H04-R07 · 货品损坏")
    data = script_runner.run(["tmcs", "rule", "list", "H04", "--format", "json", "--lang", "en"])
    assert len(json.loads(data.stdout)["rules"]) == 33
    found = script_runner.run(["tmcs", "rule", "search", "条码", "--lang", "zh"])
    assert "H05-R17" in found.stdout
    conflict = script_runner.run(["tmcs", "rule", "conflicts", "C04", "--lang", "en"])
    assert "owner: desk lead" in conflict.stdout
    missing = script_runner.run(["tmcs", "rule", "show", "H04-R99", "--lang", "en"])
    assert missing.returncode == 6
    assert missing.stdout == ""
    assert missing.stderr.startswith("tmcs: no such rule: H04-R99; nearest: H04-R")
    as_json = script_runner.run(["tmcs", "rule", "show", "H04-R99", "--lang", "en", "--format", "json"])
    assert as_json.returncode == 6
    assert json.loads(as_json.stderr)["exit"] == 6
