"""Whether the code of a plug-in uses only the public names of tmcs."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from tmcs.core.errors import Finding
from tmcs.core.text import Text, nearest
from tmcs.files import read_bytes
from tmcs.lang.limits import MAX_BYTES

#: The modules that a plug-in may import; what else there is may change with any version.
PUBLIC: Final = ("tmcs", "tmcs.hookspecs", "tmcs.jobs", "tmcs.sources", "tmcs.testing", "tmcs.testing.pytest")
_SKIPPED: Final = ("build", "dist", "node_modules", "__pycache__")


def private_names(folder: str) -> list[Finding]:
    """Return every import of a name of tmcs that is not public, and every file that is no Python."""
    return [finding for path in _files(folder) for finding in _of_file(path)]


def _files(folder: str) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if one[:1] != "." and one not in _SKIPPED
                            and not os.path.exists(os.path.join(root, one, "pyvenv.cfg")))  # fmt: skip
        yield from (os.path.join(root, name) for name in sorted(names) if name.endswith(".py"))


def _of_file(path: str) -> Iterator[Finding]:
    try:
        tree = ast.parse(read_bytes(path, MAX_BYTES), path)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield Finding(path, line, 0, Text(f"不是 Python ({error})", f"no Python ({error})"))
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _ours(alias.name) and alias.name not in PUBLIC:
                    yield _finding(path, node, alias.name)
        elif isinstance(node, ast.ImportFrom) and not node.level and _ours(node.module or ""):
            yield from _from(path, node, node.module or "")


def _from(path: str, node: ast.ImportFrom, module: str) -> Iterator[Finding]:
    if module not in PUBLIC:
        yield _finding(path, node, module)
        return
    for alias in node.names:
        name = f"{module}.{alias.name}"
        if alias.name != "*" and name not in PUBLIC and alias.name not in public_names(module):
            yield _finding(path, node, name)


def public_names(module: str) -> list[str]:
    """Return the names of a public module: those it lists, else those that it defines or hands on by design."""
    found = import_module(module)
    listed: list[str] | None = getattr(found, "__all__", None)
    if listed is not None:
        return listed
    # A package hands names on in its own file; a submodule that somebody imported stands there too and is not meant.
    return [name for name in vars(found) if not name.startswith("_") and not _is_module(found, name)]


def _is_module(found: object, name: str) -> bool:
    return type(getattr(found, name)).__name__ == "module"


def _ours(module: str) -> bool:
    return module.partition(".")[0] == "tmcs"


def _finding(path: str, node: ast.stmt, name: str) -> Finding:
    valid = [*PUBLIC, *(f"{module}.{one}" for module in PUBLIC[:4] for one in public_names(module))]
    near = [one for one in valid if one.rpartition(".")[2] == name.rpartition(".")[2]] or nearest(name, valid)
    said = Text(f"{name} 不是公开名称", f"{name} is no public name")
    return Finding(path, node.lineno, node.col_offset + 1, said, "", near)
