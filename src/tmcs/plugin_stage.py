"""Plug-ins put on the import path for a while, as if pip had installed them: for checking a project, and for tests.

A distribution of the entry points is laid out in a temporary folder, so that what is found, imported and called is
found, imported and called by the very code that serves installed plug-ins.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from tmcs.core.errors import InputError, NotFoundError
from tmcs.core.text import Text
from tmcs.files import read_bytes, write_atomic
from tmcs.lang.limits import MAX_BYTES
from tmcs.plugins import FLOW_GROUP, JOB_GROUP, PLUGIN_GROUP, plain_name

GROUPS: Final = (FLOW_GROUP, JOB_GROUP, PLUGIN_GROUP)
#: Entry points: ``{group: {name: "module:attribute"}}``.
Points = Mapping[str, Mapping[str, str]]


class Project:
    """The folder of a plug-in under development.

    Attributes:
        folder: where its ``pyproject.toml`` lies.
        dist, version: as it names itself.
        points: its entry points of our groups.
        root: the folder that its modules are imported from.
    """

    __slots__ = ("dist", "folder", "points", "root", "version")

    def __init__(self, folder: str, dist: str, version: str, points: Points) -> None:
        self.folder = folder
        self.dist = dist
        self.version = version
        self.points = points
        source = os.path.join(folder, "src")
        self.root = source if os.path.isdir(source) else folder

    @property
    def modules(self) -> list[str]:
        """The top-level packages that its entry points name."""
        return _tops(self.points)


def is_project(folder: str) -> bool:
    """Return whether a folder has a ``pyproject.toml``."""
    return os.path.isfile(os.path.join(folder, "pyproject.toml"))


def read_project(folder: str) -> Project:
    """Return the plug-in project in a folder.

    Raises:
        InputError: its ``pyproject.toml`` is wrong, or names no entry point of ours.
        NotFoundError: there is none.
    """
    path = os.path.join(folder, "pyproject.toml")
    if not os.path.isfile(path):
        raise NotFoundError(f"没有 {path}", f"there is no {path}")
    try:
        data = tomllib.loads(read_bytes(path, MAX_BYTES).decode("utf-8"))
    except ValueError as error:  # of TOML, or of UTF-8
        raise InputError(f"{path} 有误 ({error})", f"{path} is wrong ({error})") from None
    project = data.get("project")
    project = project if isinstance(project, dict) else {}
    every = project.get("entry-points")
    every = every if isinstance(every, dict) else {}
    points = {group: dict(every[group]) for group in GROUPS if isinstance(every.get(group), dict) and every[group]}
    if not points or not isinstance(project.get("name"), str):
        hint = Text('例如 [project.entry-points."tmcs.flow"]', 'such as [project.entry-points."tmcs.flow"]')
        raise InputError(f"{path}: 没有 tmcs 的入口", f"{path}: no entry point of tmcs", hint=hint)
    return Project(os.path.abspath(folder), project["name"], str(project.get("version", "0")), points)


def write_dist(site: str, dist: str, version: str, points: Points) -> None:
    """Lay out the metadata of a distribution in a folder of the import path."""
    info = os.path.join(site, f"{dist.replace('-', '_')}-{version}.dist-info")
    os.makedirs(info, exist_ok=True)
    write_atomic(os.path.join(info, "METADATA"), f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n".encode())
    lines = [f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in names.items()) for group, names in points.items()]
    write_atomic(os.path.join(info, "entry_points.txt"), "\n".join(lines).encode())


@contextmanager
def staged(project: Project) -> Iterator[str]:
    """Have a project on the import path, before an installed copy; yields the folder of its metadata."""
    with tempfile.TemporaryDirectory(prefix="tmcs-stage-") as site:
        write_dist(site, project.dist, project.version, project.points)
        with on_path([site, project.root], project.modules):
            yield site


@contextmanager
def on_path(folders: Iterable[str], modules: Iterable[str] = ()) -> Iterator[None]:
    """Have folders before all others on the import path; modules of these names are imported anew and forgotten after."""
    before, names = sys.path[:], list(modules)
    kept = _take_out(names)
    sys.path[:0] = folders
    forget()
    try:
        yield
    finally:
        sys.path[:] = before
        _take_out(names)
        sys.modules.update(kept)
        forget()


def forget() -> None:
    """Forget what was found, loaded and read of plug-ins in this process."""
    from tmcs import loader, plugins, rulebook

    importlib.invalidate_caches()
    for module in (loader, plugins, rulebook):
        module.reset()


def _take_out(names: list[str]) -> dict[str, Any]:
    """Take modules of these packages out of those that are imported."""
    found = [one for one in sys.modules if one.partition(".")[0] in names]
    return {one: sys.modules.pop(one) for one in found}


def _tops(points: Points) -> list[str]:
    values = [value for names in points.values() for value in names.values()]
    return list(dict.fromkeys(str(value).partition(":")[0].strip().partition(".")[0] for value in values))


def is_of(dist: str, project: Project) -> bool:
    """Return whether a distribution is the project's."""
    return plain_name(dist) == plain_name(project.dist)
