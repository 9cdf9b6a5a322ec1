"""Each hook is documented in the same form, typed, called for one group of entry points, and has a test that names it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import tmcs
from tmcs import hookspecs

SPECS = [name for name in vars(hookspecs) if name.startswith("tmcs_")]
SECTIONS = ("Called", "Arguments", "Result", "Failure", "Since")


def test_there_are_hooks_and_each_belongs_to_one_group() -> None:
    listed = [name for names in hookspecs.HOOKS.values() for name in names]
    assert sorted(listed) == sorted(SPECS)
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_is_documented(name: str) -> None:
    text = inspect.getdoc(getattr(hookspecs, name)) or ""
    first, _, rest = text.partition("\n")
    assert first.endswith((".", ":"))
    assert re.findall(r"^(\w+): \S", rest, re.M) == list(SECTIONS)
    assert re.search(r"^Since: \d+\.\d+$", rest, re.M)
    for argument in inspect.signature(getattr(hookspecs, name)).parameters:
        assert f"{argument}:" in rest


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_is_typed(name: str) -> None:
    signature = inspect.signature(getattr(hookspecs, name))
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values())


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_has_tests_and_a_plugin_that_uses_it(name: str) -> None:
    here = Path(__file__).parent
    assert any(name in file.read_text("utf-8") for file in here.glob("test_*.py") if file.name != Path(__file__).name)
    users = [*here.parents[1].glob("examples/plugins/**/*.py"), *here.parents[1].glob("plugins/**/*.py")]
    assert any(re.search(rf"^def {name}\(", file.read_text("utf-8"), re.M) for file in users)


def test_the_names_a_plugin_needs_are_public() -> None:
    assert {"FlowFiles", "hookimpl", "Resolution", "Text"} <= set(tmcs.__all__)
    assert tmcs.FlowFiles is hookspecs.FlowFiles
