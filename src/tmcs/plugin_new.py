"""A start for a flow plug-in of one's own: a project that installs, runs and passes its check."""

from __future__ import annotations

import os
import re
from typing import Final

from tmcs import __version__
from tmcs.core.errors import InputError
from tmcs.files import read_bytes, write_atomic

_TEMPLATES: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "skeleton")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX: Final = 60
#: Template -> where its file goes.
FILES: Final = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "init.py.txt": "src/@MODULE@/__init__.py",
    "flow.yaml.txt": "src/@MODULE@/flow.yaml",
    "scripts.yaml.txt": "src/@MODULE@/scripts.yaml",
    "examples.yaml.txt": "src/@MODULE@/examples.yaml",
    "test_flow.py.txt": "tests/test_flow.py",
}


def write_skeleton(flow: str, parent: str) -> tuple[str, list[str]]:
    """Write a project for a flow of a new plug-in.

    Args:
        flow: the flow id.
        parent: the folder in which the project's folder ``tmcs-<flow>`` is made.

    Returns:
        The project's folder and the files in it.

    Raises:
        InputError: the id is none, or the folder exists already; nothing is written then.
    """
    if not _ID.fullmatch(flow) or len(flow) > _MAX:
        raise InputError(
            f"流程名 {flow} 有误，应为 small-letters-with-hyphens", f"{flow} is no flow id: small-letters-with-hyphens"
        )
    dist = f"tmcs-{flow}"
    folder = os.path.join(parent, dist)
    if os.path.lexists(folder):
        raise InputError(f"{folder} 已存在", f"{folder} exists already")
    words = {"@DIST@": dist, "@FLOW@": flow, "@MODULE@": dist.replace("-", "_"), "@TMCS@": __version__}
    files = []
    for template, target in FILES.items():
        text = read_bytes(os.path.join(_TEMPLATES, template)).decode("utf-8")
        for word, value in words.items():
            text, target = text.replace(word, value), target.replace(word, value)
        path = os.path.join(folder, *target.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomic(path, text.encode("utf-8"), mode=0o644)
        files.append(os.path.join(*target.split("/")))
    return folder, files
