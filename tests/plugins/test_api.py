"""The version of the plug-in interface, and the hook of jobs: `tmcs_job`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plugins.conftest import FLOW_MODULE, Site
from tmcs import hookspecs

DOC = (Path(__file__).parents[2] / "docs" / "plugin-api.md").read_text("utf-8")


def test_the_version_stands_in_its_document() -> None:
    assert f"`{hookspecs.API}`" in DOC
    assert [name for names in hookspecs.HOOKS.values() for name in names if f"`{name}`" not in DOC] == []


@pytest.mark.parametrize("stated", ["", f"{hookspecs.API_NAME} = {hookspecs.API!r}\n"])
def test_a_plugin_of_this_version_or_of_none_is_used(stated: str, site: Site, listed: Any) -> None:
    site.add_flow("odd", module=stated + FLOW_MODULE)
    assert listed()["flow acme-odd:odd"]["status"] == "ok"


@pytest.mark.parametrize("value", ['"2"', "1", '"0.1"', "['1']"])
def test_a_plugin_of_another_version_fails_with_the_reason_and_no_other(value: str, site: Site, listed: Any, goes_on: Any) -> None:
    site.add_flow("odd", module=f"tmcs_api = {value}\n" + FLOW_MODULE)
    site.add_flow("good")
    goes_on()
    found = listed()
    assert found["flow acme-odd:odd"]["status"] == "failed"
    assert "is written for plug-in interface" in found["flow acme-odd:odd"]["reason"]["en"]
    assert found["flow acme-good:good"]["status"] == "ok"


def test_a_hook_of_a_later_version_is_not_what_is_complained_of(site: Site, listed: Any) -> None:
    site.add_flow("odd", module='tmcs_api = "2"\n' + FLOW_MODULE + "\n\n@hookimpl\ndef tmcs_later():\n    return 1\n")
    assert "is written for plug-in interface '2', this one is '1'" in listed()["flow acme-odd:odd"]["reason"]["en"]


JOB_MODULE = "from tmcs import JobFiles, hookimpl\n\n\n@hookimpl\ndef tmcs_job():\n    return JobFiles.beside(__file__)\n"


@pytest.mark.parametrize(
    ("module", "said"),
    [(JOB_MODULE, "no such file"), (JOB_MODULE.replace("JobFiles.beside(__file__)", "42"), "tmcs_job must return JobFiles, not int"),
     (JOB_MODULE.replace("JobFiles.beside(__file__)", "1 / 0"), "hook tmcs_job failed (ZeroDivisionError")],
)  # fmt: skip
def test_a_job_that_is_wrong_fails_alone(module: str, said: str, site: Site, listed: Any, goes_on: Any, tmcs: Any) -> None:
    site.add("acme", "[tmcs.job]\nodd = acme\n", {"__init__.py": module})
    assert said in listed()["job acme:odd"]["reason"]["en"]
    assert tmcs("plugin", "check", "odd").code == 1
    goes_on()
