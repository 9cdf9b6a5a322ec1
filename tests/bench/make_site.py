"""Generated distributions for measuring: a folder that looks like a site-packages with many others and many plug-ins.

    python tests/bench/make_site.py FOLDER [--dists 100] [--plugins 30]

Put the folder on the import path (``PYTHONPATH``, or a ``.pth`` file of a virtual environment). A third of the plug-ins
are flows; the others bring a policy fragment, rules and an output format each.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

_FLOW = """\
flow: load-{n}
section: Y{n:02d}
title: {{zh: 测试流程{n}, en: load flow {n}}}
aliases: [负载{n}]
concerns: order
facts:
  wanted:
    type: yes-no
    from: agent
    label: {{zh: 还要吗, en: wanted}}
start: ask
nodes:
  ask:
    ask: wanted
    branches: {{"yes": done, "no": done}}
  done:
    outcome: explain
    do:
      - {{zh: 向客户说明。, en: Explain it to the customer.}}
"""
_POLICY = """\
payouts:
  load-{n}:
    title: {{zh: 测试赔付{n}, en: load payout {n}}}
    offer: on-request
    cite: [Y{n:02d}-R01]
    rows:
      usual: {{flat: "1.00", commit: {{frontline: "1.00", second-line: "1.00", supervisor: "1.00"}}}}
"""
_RULES = """\
section: Y{n:02d}
title: {{zh: 测试规则{n}, en: load rules {n}}}
rules:
  - id: Y{n:02d}-R01
    kind: payout
    statement: {{zh: 测试。, en: A test.}}
"""
_FLOW_MODULE = """\
from tmcs import FlowFiles, hookimpl


@hookimpl
def tmcs_flow():
    return FlowFiles.beside(__file__)
"""
_PLUGIN_MODULE = """\
from pathlib import Path

from tmcs import hookimpl

_HERE = Path(__file__).resolve().parent


@hookimpl
def tmcs_policy():
    return _HERE / "policy.yaml"


@hookimpl
def tmcs_rules():
    return _HERE / "rules.yaml"


@hookimpl
def tmcs_formats():
    return {{"load-{n}": lambda resolution, lang: resolution.status}}
"""


def make_dist(folder: Path, name: str, entry_points: str = "", version: str = "1.0") -> Path:
    """Write the metadata of one distribution and return their folder."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    (info / "RECORD").write_text("", "utf-8")
    if entry_points:
        (info / "entry_points.txt").write_text(entry_points, "utf-8")
    return info


def make_module(folder: Path, name: str, files: dict[str, str]) -> Path:
    """Write a package with the given files and return its folder."""
    package = folder / name
    package.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (package / file).write_text(text, "utf-8")
    return package


def _make_plugin(folder: Path, n: int) -> None:
    module = f"tmcs_load_{n}"
    if n % 3 == 0:
        make_module(folder, module, {
            "__init__.py": _FLOW_MODULE, "flow.yaml": _FLOW.format(n=n), "scripts.yaml": "{}\n",
        })  # fmt: skip
        points = f"[tmcs.flow]\nload-{n} = {module}\n"
    else:
        make_module(folder, module, {
            "__init__.py": _PLUGIN_MODULE.format(n=n), "policy.yaml": _POLICY.format(n=n),
            "rules.yaml": _RULES.format(n=n),
        })  # fmt: skip
        points = f"[tmcs.plugin]\nload-{n} = {module}\n"
    make_dist(folder, f"tmcs-load-{n}", points)


def make_site(target_dir: str | os.PathLike[str], dists: int = 100, plugins: int = 30) -> Path:
    """Fill a folder with generated distributions.

    Args:
        target_dir: the folder; it is made.
        dists: how many have nothing to do with tmcs; each brings a console script and a module.
        plugins: how many are plug-ins of tmcs.

    Returns:
        The folder.
    """
    folder = Path(target_dir)
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(dists):
        make_module(folder, f"other_{n}", {"__init__.py": ""})
        make_dist(folder, f"other-{n}", f"[console_scripts]\nother-{n} = other_{n}:main\n")
    for n in range(plugins):
        _make_plugin(folder, n)
    return folder


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--dists", type=int, default=100)
    parser.add_argument("--plugins", type=int, default=30)
    given = parser.parse_args()
    print(make_site(given.folder, given.dists, given.plugins))


if __name__ == "__main__":
    main()
