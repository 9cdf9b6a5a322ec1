"""What is installed is found once and remembered; a flow is imported only when it is needed, and only if it changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.make_site import make_site
from tests.plugins.conftest import FLOW, FLOW_MODULE, Site

ASK = ("-s", "closed=no", "-s", "wanted=yes", "--format", "json")
#: A flow's module that leaves a mark each time it is imported.
MARKS = FLOW_MODULE + "with open(__file__ + '.log', 'a') as log:\n    print('x', file=log)\n"


def imports(package: Path) -> int:
    """Return how often a package with :data:`MARKS` was imported."""
    log = package / "__init__.py.log"
    return len(log.read_text().split()) if log.exists() else 0


def forget() -> None:
    """Forget imported test modules, as a new process would."""
    for name in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[name]


def test_a_flow_is_not_imported_for_another(site: Site, tmcs: Any) -> None:
    package = site.add_flow("odd", module=MARKS)
    for argv in (("resolve", "damage"), ("payout", "--list"), ("rule", "show", "C04"), ("config", "show")):
        tmcs(*argv)
    assert imports(package) == 0
    assert tmcs("resolve", "odd", *ASK).code == 0
    assert imports(package) == 1


def test_a_flow_that_did_not_change_is_not_imported_again(site: Site, tmcs: Any) -> None:
    package = site.add_flow("odd", module=MARKS)
    for _ in range(3):
        forget()
        assert tmcs("resolve", "odd", *ASK).code == 0
        assert tmcs("resolve", "别名-odd", *ASK).code == 0
    assert imports(package) == 1
    forget()
    (package / "__init__.py").write_text(MARKS + "# changed\n")
    assert tmcs("resolve", "odd", *ASK).code == 0
    assert imports(package) == 2


def test_a_flow_built_in_python_is_asked_each_time(site: Site, tmcs: Any) -> None:
    graph = {
        "flow": "odd", "section": "X01", "title": {"zh": "测试", "en": "test"}, "concerns": "order",
        "facts": {"wanted": {"type": "yes-no", "from": "agent", "label": {"zh": "需要", "en": "wanted"}}},
        "start": "ask", "nodes": {"ask": {"ask": "wanted", "branches": {"yes": "done", "no": "done"}},
                                  "done": {"outcome": "explain", "do": [{"zh": "说明。", "en": "Explain."}]}},
    }  # fmt: skip
    module = FLOW_MODULE.replace("FlowFiles.beside(__file__)", f"FlowFiles('/', graph={graph!r}, scripts={{}})")
    package = site.add_flow("odd", module=module)
    (package / "flow.yaml").unlink()
    for _ in range(2):
        forget()
        assert tmcs("resolve", "odd", *ASK).json["outcome"] == "explain"
    assert tmcs("plugin", "check", "odd").code == 0


def test_a_distribution_that_comes_and_goes_is_seen(site: Site, tmcs: Any) -> None:
    assert tmcs("resolve", "odd", *ASK).code == 2
    site.add_flow("odd")
    assert tmcs("resolve", "odd", *ASK).code == 0
    shutil.rmtree(site.folder / "acme_odd-1.0.dist-info")
    assert tmcs("resolve", "odd", *ASK).code == 2


def test_an_entry_point_that_changes_in_place_is_seen(site: Site, tmcs: Any) -> None:
    site.add_flow("odd")
    assert tmcs("resolve", "odd", *ASK).code == 0
    points = site.folder / "acme_odd-1.0.dist-info" / "entry_points.txt"
    points.write_text("[tmcs.flow]\nanother-name = acme_odd\n")
    assert tmcs("resolve", "odd", *ASK).code == 2


def test_files_that_come_and_go_in_the_current_folder_are_no_concern(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tmcs import plugins

    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    paths = (["", *sys.path], [str(work), *sys.path], [*sys.path, str(work)])
    for n, path in enumerate(paths):
        monkeypatch.setattr(sys, "path", path)
        before = plugins._fingerprint()
        (work / f"output-{n}.json").touch()
        assert plugins._fingerprint() == before
        Site(work).add_flow(f"odd{n}")
        assert plugins._fingerprint() != before


def test_an_older_copy_behind_on_the_path_does_not_count(
    site: Site, listed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = Site(tmp_path / "behind")
    behind.add_flow("odd")
    behind.add_flow("odder", dist="acme-odd")
    monkeypatch.setattr(sys, "path", [*sys.path, str(behind.folder)])
    site.add_flow("odd")
    assert [key for key in listed() if "acme" in key] == ["flow acme-odd:odd"]


def test_a_failed_plugin_is_remembered_until_one_of_its_files_changes(site: Site, listed: Any) -> None:
    package = site.add_plugin("acme", "from acme.helper import x\nfrom tmcs import hookimpl\n", {"helper.py": "1 / 0\n"})
    assert "ZeroDivisionError" in listed()["plugin acme:acme"]["reason"]["en"]
    forget()
    assert "ZeroDivisionError" in listed()["plugin acme:acme"]["reason"]["en"]
    forget()
    (package / "helper.py").write_text("x = 1  # mended\n")
    assert "implements none of" in listed()["plugin acme:acme"]["reason"]["en"]


def test_check_asks_anew_whatever_is_remembered(site: Site, tmcs: Any, tmp_path: Path) -> None:
    switch = tmp_path / "switch"
    site.add_flow("odd", module=f"import os\nassert not os.path.exists({str(switch)!r}), 'switched off'\n" + FLOW_MODULE)
    assert tmcs("plugin", "check", "odd").code == 0
    switch.touch()
    forget()
    assert tmcs("resolve", "odd", *ASK).code == 0
    ran = tmcs("plugin", "check", "odd")
    assert ran.code == 1
    assert "switched off" in ran.out


def test_checking_a_folder_needs_no_installation(tmcs: Any, tmp_path: Path) -> None:
    folder = tmp_path / "project" / "src" / "odd"
    folder.mkdir(parents=True)
    (folder / "flow.yaml").write_text(FLOW.format(id="odd"), "utf-8")
    (folder / "scripts.yaml").write_text("{}\n", "utf-8")
    ran = tmcs("plugin", "check", tmp_path / "project", "--lang", "en")
    assert (ran.code, ran.out) == (0, "odd: 2 paths, worked cases 0/0\n")
    (folder / "flow.yaml").write_text(FLOW.format(id="odd").replace(', "no": done', ""), "utf-8")
    ran = tmcs("plugin", "check", folder, "--format", "json")
    assert ran.code == 1
    assert ran.json["folders"][0]["findings"]
    assert tmcs("plugin", "check", tmp_path / "config").code in (2, 6)


@pytest.mark.slow
def test_thirty_plugins_among_a_hundred_others_all_work_and_are_not_imported_for_a_resolve(tmp_path: Path) -> None:
    from tmcs.plugins import registry

    ours = len(registry().flow_names()) + len(registry().job_names())
    make_site(tmp_path / "site", dists=100, plugins=30)
    path = [str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}

    def run(*argv: str) -> str:
        command = [sys.executable, *argv]
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True, encoding="utf-8").stdout

    assert run("-m", "tmcs", "plugin", "check", "--lang", "en").count("\nok ") == 30 + ours
    code = (
        "import sys\nfrom tmcs.cli.main import run\n"
        "run(['resolve', 'load-3', '-s', 'closed=no', '-s', 'wanted=yes', '--format', 'json'])\n"
        "loaded = [m for m in sys.modules if m.startswith('tmcs_load') or m in"
        " ('pluggy', 'importlib.metadata', 'ruamel.yaml', 'tmcs.flowcheck')]\n"
        "print(loaded)"
    )
    run("-c", code)
    assert run("-c", code).splitlines()[-1] == "[]"
