"""Whatever a plug-in does wrong, it stands as failed with the reason, and every other command goes on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.conftest import FLOW, Site

#: What is wrong with the module of a flow -> its text, and what the reason says.
MODULES = {
    "raises": ("raise ValueError('no luck')", r"does not import (ValueError: no luck at "),
    "syntax": ("def broken(:\n", "does not import (SyntaxError: invalid syntax (__init__.py, line 1))"),
    "missing module": ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
    "missing name": ("from tmcs import nothing_of_the_kind", "ImportError"),
    "exits": ("import sys\nsys.exit('bye')", "does not import (SystemExit: bye"),
    "exits silently": ("raise SystemExit", "does not import (SystemExit"),
    "base exception": ("class Odd(BaseException): pass\nraise Odd('odd')", "does not import (Odd: odd"),
    "recursion": ("def f(): f()\nf()", "RecursionError"),
    "error that cannot be shown": (
        "class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute", "does not import (Mute: ?",
    ),
    "long message": ("raise ValueError('x' * 100000)", "xxx…"),
    "misspelled hook": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_flwo(): pass", "unknown hook tmcs_flwo; nearest: tmcs_flow",
    ),
    "misspelled and unmarked": ("def tmcs_flow_(): pass", "unknown hook tmcs_flow_; nearest: tmcs_flow"),
    "marked under another name": (
        "from tmcs import hookimpl\n@hookimpl\ndef the_flow(): pass", "unknown hook the_flow; nearest: tmcs_flow",
    ),
    "unmarked hook": ("def tmcs_flow(): pass", "tmcs_flow is not marked @hookimpl"),
    "unknown argument": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_flow(colour): pass", "a hook is wrong (PluginValidationError",
    ),
    "wrapper": (
        "from tmcs import hookimpl\n@hookimpl(wrapper=True)\ndef tmcs_flow():\n    return (yield)", "must not be a wrapper",
    ),
    "no hook": ("x = 1", "implements none of tmcs_flow"),
    "hook of the other group only": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_policy(): return '/x'", "implements none of tmcs_flow",
    ),
    "hook that is never called": (
        "from tmcs import FlowFiles, hookimpl\n@hookimpl\ndef tmcs_flow(): return FlowFiles.beside(__file__)\n"
        "@hookimpl\ndef tmcs_policy(): return '/x'",
        "tmcs_policy is called only for entry points of tmcs.plugin, and there is none",
    ),
    "hook raises": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_flow(): return 1 / 0",
        "hook tmcs_flow failed (ZeroDivisionError: division by zero at ",
    ),
    "hook exits": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_flow(): raise SystemExit(3)", "hook tmcs_flow failed (SystemExit: 3",
    ),
    "nothing returned": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_flow(): pass", "hook tmcs_flow returned nothing",
    ),
    "wrong type": (
        "from tmcs import hookimpl\n@hookimpl\ndef tmcs_flow(): return '/tmp'", "tmcs_flow must return FlowFiles, not str",
    ),
    "no folder": (
        "from tmcs import FlowFiles, hookimpl\n@hookimpl\ndef tmcs_flow(): return FlowFiles('/nowhere/at/all')",
        "there is no folder /nowhere/at/all",
    ),
    "graph with numbers": (
        "from tmcs import FlowFiles, hookimpl\n@hookimpl\ndef tmcs_flow():\n"
        "    return FlowFiles('/', graph={'flow': 'x', 'facts': {'a': 1}})",
        "FlowFiles.graph.facts.a must be a text, a list or a mapping",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODULES)
def test_a_flow_whose_module_is_wrong_fails_alone(kind: str, site: Site, listed: Any, goes_on: Any, tmcs: Any) -> None:
    text, said = MODULES[kind]
    site.add_flow("odd", module=text)
    goes_on()
    found = listed()["flow acme-odd:odd"]
    assert found["status"] == "failed"
    assert said in found["reason"]["en"], found["reason"]["en"]
    assert found["reason"]["zh"]
    ran = tmcs("resolve", "odd", "--format", "json")
    assert ran.code == 2
    assert said in ran.err.replace('\\"', '"') or "…" in ran.err


def test_the_table_puts_the_failed_first_and_marks_it(site: Site, tmcs: Any) -> None:
    site.add_flow("odd", module="raise ValueError('no luck')")
    lines = tmcs("plugin", "list", "--lang", "en").out.splitlines()
    assert lines[2].split()[:6] == ["!", "failed", "flow", "odd", "acme-odd", "1.0"]
    assert "does not import" in lines[2]
    assert tmcs("plugin", "check").code == 1
    assert tmcs("plugin", "check", "damage").code == 0


def test_a_class_is_no_plugin(site: Site, listed: Any) -> None:
    site.add("acme", "[tmcs.flow]\nodd = acme:Thing\n", {"__init__.py": "class Thing: pass\n"})
    assert "is a class; name a module or an object" in listed()["flow acme:odd"]["reason"]["en"]


def test_an_object_may_bring_the_hooks(site: Site, listed: Any) -> None:
    site.add(
        "acme", "[tmcs.flow]\nodd = acme:thing\n",
        {"__init__.py": "from tmcs import FlowFiles, hookimpl\nclass Thing:\n    @hookimpl\n    def tmcs_flow(self):\n"
           "        return FlowFiles.beside(__file__)\nthing = Thing()\n",
           "flow.yaml": FLOW.format(id="odd"), "scripts.yaml": "{}\n"},
    )  # fmt: skip
    assert listed()["flow acme:odd"]["status"] == "ok"


def test_a_hook_of_a_later_version_may_be_optional(site: Site, listed: Any) -> None:
    later = "from tmcs import FlowFiles, hookimpl\n@hookimpl\ndef tmcs_flow(): return FlowFiles.beside(__file__)\n"
    later += "@hookimpl(optionalhook=True)\ndef tmcs_of_next_year(): pass\n"
    site.add_flow("odd", module=later)
    assert listed()["flow acme-odd:odd"]["status"] == "ok"


def test_an_interrupt_is_the_users_and_ends_the_command(site: Site, tmcs: Any) -> None:
    site.add_flow("odd", module="raise KeyboardInterrupt")
    assert tmcs("resolve", "odd").code == 130
    assert tmcs("payout", "damage", "--amount", "100").code == 0


def test_what_a_plugin_prints_goes_to_stderr(site: Site, tmcs: Any) -> None:
    loud = "import sys\nprint('HELLO')\nsys.stdout.write('WORLD\\n')\n" + (
        "from tmcs import FlowFiles, hookimpl\n@hookimpl\ndef tmcs_flow():\n    print('AGAIN')\n"
        "    return FlowFiles.beside(__file__)\n"
    )
    site.add_flow("odd", module=loud)
    ran = tmcs("resolve", "odd", "-s", "closed=no", "-s", "wanted=yes", "--format", "json")
    assert ran.code == 0
    assert ran.json["outcome"] == "explain"
    assert [word for word in ("HELLO", "WORLD", "AGAIN") if word in ran.err] == ["HELLO", "WORLD", "AGAIN"]


def test_control_characters_in_a_reason_are_shown_as_escapes(site: Site, tmcs: Any) -> None:
    site.add_flow("odd", module="raise ValueError('\\x1b[31m red \\u202e')")
    out = tmcs("plugin", "list").out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[31m" in out


def test_the_id_of_a_flow_is_the_name_of_its_entry_point(site: Site, listed: Any, goes_on: Any) -> None:
    package = site.add_flow("odd", flow=FLOW.format(id="even"))
    found = listed()["flow acme-odd:odd"]
    assert found["status"] == "failed"
    (finding,) = found["findings"]
    assert finding["text"]["en"] == "the flow must be called odd"
    assert (finding["file"], finding["line"], finding["column"]) == (str(package / "flow.yaml"), 1, 7)
    goes_on()


def test_a_flow_id_that_is_taken_fails_and_says_how_to_use_it(site: Site, listed: Any, goes_on: Any, tmcs: Any) -> None:
    site.add_flow("damage")
    site.add_flow("odd", dist="acme-b")
    site.add_flow("odd", dist="acme-a")
    found = listed()
    assert found["flow tmcs:damage"]["status"] == "ok"
    assert found["flow acme-damage:damage"]["status"] == "failed"
    assert found["flow acme-damage:damage"]["reason"]["en"] == (
        "repeats damage of tmcs; to use it, set plugins.override: {damage: acme-damage}"
    )
    assert [found[f"flow acme-{one}:odd"]["status"] for one in "ab"] == ["ok", "failed"]
    goes_on()
    assert tmcs("resolve", "odd", "-s", "closed=no", "-s", "wanted=yes").code == 0


def test_broken_yaml_is_placed(site: Site, listed: Any, goes_on: Any) -> None:
    package = site.add_flow("odd", flow="flow: odd\n  section: [\n")
    found = listed()["flow acme-odd:odd"]
    assert found["status"] == "failed"
    (finding,) = found["findings"]
    assert (finding["file"], finding["line"]) == (str(package / "flow.yaml"), 2)
    assert finding["column"] > 0
    goes_on()


@pytest.mark.parametrize("name", ["flow.yaml", "scripts.yaml"])
def test_a_missing_file_is_named(name: str, site: Site, listed: Any, goes_on: Any) -> None:
    file = site.add_flow("odd") / name
    file.unlink()
    assert listed()["flow acme-odd:odd"]["reason"]["en"] == f"no such file: {file}"
    goes_on()


def test_a_flow_that_fails_its_check_is_not_run(site: Site, listed: Any, goes_on: Any, tmcs: Any) -> None:
    text = FLOW.format(id="odd").replace('branches: {"yes": done, "no": done}', 'branches: {"yes": done}')
    package = site.add_flow("odd", flow=text)
    found = listed()["flow acme-odd:odd"]
    assert found["status"] == "failed"
    assert "does not pass its check" in found["reason"]["en"]
    assert found["findings"][0]["file"] == str(package / "flow.yaml")
    assert found["findings"][0]["line"] > 0
    ran = tmcs("resolve", "odd", "-s", "closed=no", "-s", "wanted=yes")
    assert ran.code == 2
    assert ran.out == ""
    goes_on()
    (package / "flow.yaml").write_text(FLOW.format(id="odd"), "utf-8")
    assert tmcs("resolve", "odd", "-s", "closed=no", "-s", "wanted=yes").code == 0


def test_a_flow_that_jumps_to_one_that_fails_hands_over_instead(site: Site, tmcs: Any) -> None:
    text = FLOW.format(id="first").replace('"no": done', '"no": on') + "  on: {jump: second}\n"
    site.add_flow("first", flow=text)
    site.add_flow("second", module="raise ValueError")
    ran = tmcs("resolve", "first", "-s", "closed=no", "-s", "wanted=no", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.json["next_flow"] == "second"


@pytest.mark.parametrize("text", ["[tmcs.flow]\nno equals sign\n", "[tmcs.flow]\n= nothing\nodd\n"])
def test_a_damaged_entry_points_file_is_reported(text: str, site: Site, tmcs: Any, goes_on: Any) -> None:
    site.add("acme", text, {"__init__.py": ""})
    goes_on()
    out = tmcs("plugin", "list", "--lang", "en").out
    assert "acme" in out
    assert "entry_points.txt is wrong" in out or "failed" in out


def test_a_damaged_distribution_of_others_is_no_concern(site: Site, goes_on: Any, tmcs: Any) -> None:
    (site.folder / "broken-1.0.dist-info").mkdir()
    (site.folder / "broken2-1.0.dist-info").mkdir()
    (site.folder / "broken2-1.0.dist-info" / "METADATA").write_bytes(b"\xff\xfe\x00garbage")
    (site.folder / "broken3-1.0.dist-info").mkdir()
    (site.folder / "broken3-1.0.dist-info" / "entry_points.txt").write_text("[console_scripts]\nnonsense\n")
    goes_on()
    assert "broken" not in tmcs("plugin", "list").out


@pytest.mark.parametrize("cache", ["on", "off"])
def test_a_failure_is_the_same_with_and_without_a_cache(
    cache: str, site: Site, listed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if cache == "off":
        monkeypatch.setenv("TMCS_CACHE", "off")
    from tmcs.lang import cache as module

    module.reset()
    site.add_flow("odd", module="raise ValueError('no luck')")
    first, second = listed(), listed()
    assert first == second
    assert first["flow acme-odd:odd"]["status"] == "failed"
    module.reset()
