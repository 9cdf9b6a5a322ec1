"""A start for a plug-in of one's own: a project that installs, runs, passes its check and its own tests as it is."""

from __future__ import annotations

import os
import re
import zlib
from typing import Final

from tmcs import __version__
from tmcs.core.errors import InputError
from tmcs.files import read_bytes, write_atomic

_TEMPLATES: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "skeleton")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MAX: Final = 60
_PROJECT: Final = {"pyproject.toml.txt": "pyproject.toml", "README.md.txt": "README.md", "init.py.txt": "src/@MODULE@/__init__.py"}


def _beside(*names: str) -> dict[str, str]:
    return {f"{name}.txt": f"src/@MODULE@/{name}" for name in names}


def _tests(*names: str) -> dict[str, str]:
    return {f"{name}.txt": f"tests/{name}" for name in names}


#: Kind -> its templates and where each goes.
KINDS: Final[dict[str, dict[str, str]]] = {
    "flow": {**_PROJECT, **_beside("flow.yaml", "scripts.yaml", "examples.yaml"), **_tests("test_flow.py")},
    "job": {
        **_PROJECT,
        **_beside("job.yaml", "flow.yaml", "scripts.yaml", "examples.yaml", "policy.yaml", "rules.yaml"),
        **_tests("test_job.py"),
    },
    "source": {**_PROJECT, **_tests("conftest.py", "test_source.py", "example.csv")},
    "format": {**_PROJECT, **_tests("conftest.py", "test_format.py")},
}


def write_skeleton(name: str, parent: str, kind: str = "flow") -> tuple[str, list[str]]:
    """Write a project for a new plug-in.

    Args:
        name: the id of the flow or job, or the name of the reader or format.
        parent: the folder in which the project's folder ``tmcs-<name>`` is made.
        kind: one of :data:`KINDS`.

    Returns:
        The project's folder and the files in it.

    Raises:
        InputError: the name is none or is taken by tmcs, or the folder exists already; nothing is written then.
    """
    if not _ID.fullmatch(name) or len(name) > _MAX:
        raise InputError(
            f"名称 {name} 有误，应为 small-letters-with-hyphens", f"{name} is no name of a plug-in: small-letters-with-hyphens"
        )
    _check_free(name, kind)
    dist = f"tmcs-{name}"
    folder = os.path.join(parent, dist)
    if os.path.lexists(folder):
        raise InputError(f"{folder} 已存在", f"{folder} exists already")
    words = {
        "@DIST@": dist, "@NAME@": name, "@MODULE@": dist.replace("-", "_"), "@TMCS@": __version__, "@SECTION@": section(name),
    }  # fmt: skip
    files = []
    for template, target in KINDS[kind].items():
        text = read_bytes(os.path.join(_TEMPLATES, kind, template)).decode("utf-8")
        for word, value in words.items():
            text, target = text.replace(word, value), target.replace(word, value)
        path = os.path.join(folder, *target.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomic(path, text.encode("utf-8"), mode=0o644)
        files.append(os.path.join(*target.split("/")))
    return folder, files


def _check_free(name: str, kind: str) -> None:
    """Refuse the name of a reader or format of our own: a plug-in cannot take it. (A flow may be meant to override.)"""
    from tmcs.plugin_data import FORMATS, READERS

    if name in {"format": FORMATS, "source": READERS}.get(kind, ()):
        raise InputError(f"{name} 是 tmcs 自己的，请另取名称", f"{name} is tmcs's own: choose another name")


def section(name: str) -> str:
    """Return an id for the section of a plug-in's rules; two plug-ins seldom get the same, and then say so."""
    return f"Y{zlib.crc32(name.encode()) % 99 + 1:02d}"
