"""`tmcs config show` and the configuration behind it: precedence, and faults with their places."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tmcs import config


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The desk's configuration file, named by TMCS_CONFIG and not written yet."""
    file = tmp_path / "desk" / "tmcs.yaml"
    file.parent.mkdir()
    monkeypatch.setenv("TMCS_CONFIG", str(file))
    return file


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """The user's configuration file."""
    file = tmp_path / "config" / "tmcs" / "config.yaml"
    file.parent.mkdir(parents=True)
    return file


def shown(tmcs: Any) -> dict[str, tuple[Any, str]]:
    """Return ``{key: (value, from)}`` of ``tmcs config show``."""
    ran = tmcs("config", "show", "--format", "json")
    assert ran.code == 0, ran.err
    return {one["key"]: (one["value"], one["from"]) for one in ran.json["values"]}


def test_defaults(tmcs: Any, tmp_path: Path) -> None:
    found = shown(tmcs)
    assert list(found) == list(config.KEYS)
    assert found["lang"] == ("zh", "default")
    assert found["store"] == (str(tmp_path / "data" / "tmcs" / "tmcs.db"), "default")
    assert found["agent"] == (pwd.getpwuid(os.getuid()).pw_name, "default")
    assert found["role"] == ("agent", "default")
    assert found["plugins.disabled"] == ([], "default")
    assert found["plugins.override"] == ({}, "default")


def test_the_environment_wins_over_the_desk_and_the_desk_over_the_user(
    tmcs: Any, desk: Path, user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.write_text("lang: en\ntier: second-line\nstore: /user.db\n")
    desk.write_text("lang: zh\ntier: supervisor\nplugins: {disabled: [acme]}\n")
    monkeypatch.setenv("TMCS_LANG", "en")
    found = shown(tmcs)
    assert found["lang"] == ("en", "TMCS_LANG")
    assert found["tier"] == ("supervisor", str(desk))
    assert found["store"] == ("/user.db", str(user))
    assert found["plugins.disabled"] == (["acme"], str(desk))
    monkeypatch.setenv("TMCS_PLUGINS_DISABLED", " a , b:c,")
    monkeypatch.setenv("TMCS_PLUGINS_OVERRIDE", "damage = acme , x=y")
    found = shown(tmcs)
    assert found["plugins.disabled"] == (["a", "b:c"], "TMCS_PLUGINS_DISABLED")
    assert found["plugins.override"] == ({"damage": "acme", "x": "y"}, "TMCS_PLUGINS_OVERRIDE")


def test_who_acts_is_given_by_the_desk(tmcs: Any, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):  # anyone can set these
        monkeypatch.setenv(name, "somebody-else")
    desk.write_text("{}\n")
    assert shown(tmcs)["agent"] == (pwd.getpwuid(os.getuid()).pw_name, "default")
    desk.write_text("agent: ' 小王 (7) '\nrole: auditor\n")
    found = shown(tmcs)
    assert (found["agent"], found["role"]) == (("小王 (7)", str(desk)), ("auditor", str(desk)))
    monkeypatch.setenv("TMCS_AGENT", "li")
    monkeypatch.setenv("TMCS_ROLE", "lead")
    found = shown(tmcs)
    assert (found["agent"], found["role"]) == (("li", "TMCS_AGENT"), ("lead", "TMCS_ROLE"))


def test_a_user_without_a_name_is_known_by_number(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert shown(tmcs)["agent"] == (f"uid-{os.getuid()}", "default")


def test_a_system_that_gives_no_name_asks_for_one(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError

    monkeypatch.setitem(sys.modules, "pwd", None)
    monkeypatch.setattr(os, "getlogin", nobody)
    ran = tmcs("config", "show", "--lang", "en")
    assert (ran.code, "TMCS_AGENT" in ran.err) == (2, True)
    assert "TMCS_AGENT" in tmcs("config", "show", "--lang", "zh").err
    monkeypatch.setattr(os, "getlogin", lambda: "li")
    assert shown(tmcs)["agent"] == ("li", "default")


def test_policy_files_of_a_file_lie_beside_it(tmcs: Any, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write_text("policy: [ours.yaml, /abs/more.yaml]\n")
    found = shown(tmcs)["policy"]
    assert found == ([str(desk.parent / "ours.yaml"), os.path.join("/abs", "more.yaml")], str(desk))
    monkeypatch.setenv("TMCS_POLICY", os.pathsep.join(["a.yaml", "", "b.yaml"]))
    assert shown(tmcs)["policy"] == (["a.yaml", "b.yaml"], "TMCS_POLICY")


def test_the_users_policy_is_found(tmcs: Any, user: Path) -> None:
    own = user.parent / "policy.yaml"
    own.write_text('limits: {small-value: {value: "30.00"}}\n')
    assert shown(tmcs)["policy"] == ([str(own)], str(own))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, ("en", "LC_ALL")), ({"LANG": "zh_CN.UTF-8"}, ("zh", "LANG")),
     ({"LANG": "de_DE.UTF-8"}, ("zh", "default")), ({"LANG": "C"}, ("zh", "default"))],
)  # fmt: skip
def test_the_language_follows_the_locale(
    variables: dict[str, str], expected: tuple[str, str], tmcs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert shown(tmcs)["lang"] == expected


def test_text_names_each_value_its_source_and_the_files_looked_for(tmcs: Any, desk: Path, user: Path) -> None:
    desk.write_text("tier: supervisor\n")
    out = tmcs("config", "show", "--lang", "en").out
    assert "tier              supervisor" in out
    assert f"file: {desk} (read)" in out
    assert f"file: {user} (not there)" in out
    assert "(in use)" in out
    assert "环境变量" in tmcs("config", "show", "--lang", "zh").out


def test_yaml(tmcs: Any) -> None:
    data = YAML(typ="safe").load(tmcs("config", "show", "--format", "yaml").out)
    assert data["schema"] == "tmcs/config/1"


def test_it_says_when_the_cache_is_off_and_why(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tmcs.lang import cache

    monkeypatch.setenv("TMCS_CACHE", "off")
    cache.reset()
    assert tmcs("config", "show", "--format", "json").json["cache"] == {
        "folder": "", "used": False, "reason": {"zh": "由 TMCS_CACHE=off 关闭", "en": "turned off by TMCS_CACHE=off"},
    }  # fmt: skip
    cache.reset()


FAULTS = {
    "unknown key": ("tiers: x\n", "1:1: unknown key tiers (expected lang, tier, agent, role, policy, lexicon, store, mail, plugins; nearest: tier"),
    "unknown plug-in key": ("plugins:\n  disable: [x]\n", "2:3: unknown key disable (expected disabled, override; nearest"),
    "language": ("lang: fr\n", "1:7: unknown language fr (expected zh | en)"),
    "list for a text": ("tier: [a]\n", "1:7: must be a text that is not empty"),
    "mapping for a list": ("plugins: {disabled: [{a: b}]}\n", "1:22: must be a text that is not empty"),
    "list for a mapping": ("plugins: {override: [a]}\n", "1:21: must be a mapping"),
    "no mapping": ("- a\n", "1:1: must be a mapping"),
    "name of 65": (f"agent: {'x' * 65}\n", f"1:8: {'x' * 65} is wrong (expected a name of at most 64 printable characters)"),
    "name of two lines": ('agent: "a\\nb"\n', "1:8: a\\nb is wrong (expected a name"),
    "name that turns about": ('agent: "a\\u202eb"\n', "1:8: a\\u202eb is wrong (expected a name"),
    "name of a list": ("agent: [a]\n", "1:8: must be a text that is not empty"),
    "role of a list": ("role: [a]\n", "1:7: must be a text that is not empty"),
    "broken": ("lang: [\n", "2:1"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_in_a_file_is_placed(kind: str, tmcs: Any, desk: Path) -> None:
    text, said = FAULTS[kind]
    desk.write_text(text)
    ran = tmcs("config", "show", "--lang", "en")
    assert (ran.code, ran.out) == (2, "")
    assert f"{desk}:{said}" in ran.err


def test_all_faults_are_found_at_once(tmcs: Any, desk: Path) -> None:
    desk.write_text("lang: fr\ntiers: x\nplugins: {disable: []}\n")
    assert len(tmcs("config", "show", "--lang", "en").err.splitlines()) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [("TMCS_LANG", "fr"), ("TMCS_PLUGINS_OVERRIDE", "damage"), ("TMCS_AGENT", "x" * 65), ("TMCS_AGENT", "  ")],
)
def test_a_fault_in_the_environment_is_named(name: str, value: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    ran = tmcs("config", "show")
    assert ran.code == 2
    assert f"{name}={value[:64]}" in ran.err


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u202eb", "\udcff"])
def test_a_name_that_a_terminal_would_act_on_is_refused(name: str, tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_AGENT", name)
    for lang, said in (("en", "at most 64 printable characters"), ("zh", "至多 64 个可打印字符")):
        ran = tmcs("config", "show", "--lang", lang)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
        assert said in ran.err
        assert name not in ran.err


def test_a_file_that_was_named_must_exist(tmcs: Any, desk: Path) -> None:
    ran = tmcs("config", "show")
    assert ran.code == 6
    assert str(desk) in ran.err


def test_without_a_home_there_are_no_user_files_and_no_default_store(
    tmcs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", "relative")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    config.reset()
    assert config.user_folder() == ""
    assert len(config.files()) == 1
    assert config.policy_files() == []
    assert "TMCS_STORE" in tmcs("order", "show", "1").err


def test_control_characters_in_a_value_are_shown_as_escapes(tmcs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_STORE", "/x\x1b[31m")
    assert "\x1b" not in tmcs("config", "show").out
