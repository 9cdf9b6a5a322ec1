"""A desk of its own for a test: no file of the user's is read or written, the clock stands where the test sets it."""

from __future__ import annotations

import io
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, NamedTuple
from unittest.mock import patch

#: The moment of the worked cases: Monday morning in Shanghai.
NOW: Final = "2026-11-23T10:00:00+08:00"
_LOCALE: Final = ("LC_ALL", "LC_MESSAGES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE")
#: Set while `tmcs plugin check` runs a project's own tests: it stays what it is.
INSIDE: Final = "TMCS_PLUGIN_CHECK"
_numbers = itertools.count(1)


class Ran(NamedTuple):
    """What one command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def run_command(*argv: object, stdin: str | bytes = "") -> Ran:
    """Run a command line in this process, as the console script would: ``run_command("resolve", "damage")``.

    Configuration, plug-ins and policy are read anew each time, as a new process would.
    """
    from tmcs.cli.main import run

    forget()
    data = stdin.encode() if isinstance(stdin, str) else stdin
    given = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")
    buffers = (io.BytesIO(), io.BytesIO())
    out, err = (io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace") for buffer in buffers)
    with patch.object(sys, "stdin", given), patch.object(sys, "stdout", out), patch.object(sys, "stderr", err):
        code = run([str(word) for word in argv])
    out.flush()
    err.flush()
    said, told = (buffer.getvalue().decode() for buffer in buffers)
    return Ran(code, said, told)


def forget() -> None:
    """Have configuration, plug-ins, flows and policies read anew."""
    from tmcs import config, loader, plugins, rulebook
    from tmcs.store import notes

    for module in (config, loader, plugins, rulebook):
        module.reset()
    notes.clear()  # what an earlier desk's store had to say is no word of this one's


def environment(folder: str | os.PathLike[str], cache: str | os.PathLike[str] | None = None) -> dict[str, str | None]:
    """Return the environment of a desk in a folder: variables with their values, None for those that must not be set.

    Args:
        folder: where configuration and data lie.
        cache: where what is read of YAML, and the state, may be kept for other tests; default in ``folder``.
    """
    home, shared = os.fspath(folder), os.fspath(cache or folder)
    ours = [name for name in os.environ if name.startswith("TMCS_") and not name.startswith("TMCS_TEST_") and name != INSIDE]
    found: dict[str, str | None] = {**dict.fromkeys((*ours, *_LOCALE)), "LANG": "C.UTF-8"}
    for name, place in (("CACHE", shared), ("STATE", shared), ("CONFIG", home), ("DATA", home)):
        found[f"XDG_{name}_HOME"] = os.path.join(place, name.lower())
    return found


@contextmanager
def isolated(folder: str | os.PathLike[str], cache: str | os.PathLike[str] | None = None) -> Iterator[None]:
    """Have configuration, data, state and cache in a folder, and no setting of the environment in force.

    The arguments are those of :func:`environment`.
    """
    with patch.dict(os.environ):
        for name, value in environment(folder, cache).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        forget()
        try:
            yield
        finally:
            forget()


@contextmanager
def clock(now: str = NOW) -> Iterator[None]:
    """Have the clock of every command stand at a moment (ISO 8601 with an offset)."""
    with patch.dict(os.environ, {"TMCS_NOW": now}):
        yield


@contextmanager
def plugged(plugin: object, *, flow: str = "", job: str = "", name: str = "") -> Iterator[str]:
    """Have a plug-in registered without installing it; yields the name of its distribution for the test.

    It is found, imported and called as an installed one is, by a plug-in manager of its own, beside all others.

    Args:
        plugin: a module, or any object, with hook implementations.
        flow, job: the ids under which it stands in ``tmcs.flow`` and ``tmcs.job``, where it brings one.
        name: under which it stands in ``tmcs.plugin``, where it brings anything else.

    Raises:
        ValueError: none of the three is given.
    """
    from tmcs.plugin_stage import on_path, write_dist
    from tmcs.plugins import FLOW_GROUP, JOB_GROUP, PLUGIN_GROUP

    dist = f"tmcs-testing-{next(_numbers)}"
    value = dist.replace("-", "_")
    points = {group: {id: f"{value}:plugin"} for group, id in ((FLOW_GROUP, flow), (JOB_GROUP, job), (PLUGIN_GROUP, name)) if id}
    if not points:
        raise ValueError("say what it brings: flow=ID, job=ID or name=NAME")
    holder = ModuleType(value)
    holder.plugin = plugin  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(prefix="tmcs-testing-") as site:
        write_dist(site, dist, "1.0", points)
        with on_path([site]), patch.dict(sys.modules, {value: holder}):
            yield dist
