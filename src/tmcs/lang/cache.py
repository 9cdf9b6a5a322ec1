"""A cache of what was read from files, keyed by their content and by the program that read it.

Without it every answer is the same, only later. An entry is used only if it was written by this user's tmcs: the
folder must belong to the user and be writable by nobody else, and each entry carries a keyed digest whose key is kept
apart from the cache. Entries are written whole by a rename, so two writers cannot mix. ``TMCS_CACHE=off`` turns it off.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from typing import Any

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL at every start for the same function
except ImportError:  # pragma: no cover - another Python implementation
    from hashlib import blake2b

from tmcs.files import read_bytes, write_atomic

_MAX_ENTRIES = 400


def _home(variable: str, fallback: str) -> str:
    return os.environ.get(variable) or os.path.join(os.path.expanduser("~"), *fallback.split("/"))


def _program() -> bytes:
    """Return what identifies the program that reads: its version and the state of its readers."""
    from tmcs import __version__

    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parts = [__version__]
    for name in ("core/flow.py", "core/policy.py", "core/source.py", "lang/yaml.py", "plugins.py", "loader.py"):
        try:
            state = os.stat(os.path.join(here, name))
            parts.append(f"{name}:{state.st_mtime_ns}:{state.st_size}")
        except OSError:
            parts.append(name)
    return "\n".join(parts).encode()


class _Cache:
    def __init__(self) -> None:
        self.folder = os.path.join(_home("XDG_CACHE_HOME", ".cache"), "tmcs")
        self.secret = b""
        self.program = b""
        self.usable = os.environ.get("TMCS_CACHE", "") != "off" and self._open()

    def _open(self) -> bool:
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            state = os.stat(self.folder)
            if state.st_uid != os.geteuid() or state.st_mode & 0o022:
                return False
            self.secret = self._key()
        except (OSError, RuntimeError):
            return False
        self.program = _program()
        return len(self.secret) == 32

    def _key(self) -> bytes:
        path = os.path.join(_home("XDG_STATE_HOME", ".local/state"), "tmcs", "cache.key")
        try:
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with contextlib.suppress(FileExistsError):  # another tmcs was first: read its key
                _publish(path, os.urandom(32))
            fd = os.open(path, os.O_RDONLY)
        try:
            state = os.fstat(fd)
            if state.st_uid != os.geteuid() or state.st_mode & 0o077:
                return b""
            return os.read(fd, 64)
        finally:
            os.close(fd)

    def key(self, kind: str, sources: list[bytes]) -> str:
        digest = blake2b(digest_size=16)
        for part in (self.program, kind.encode(), *sources):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()

    def seal(self, key: str, payload: bytes) -> bytes:
        return blake2b(key.encode() + payload, digest_size=16, key=self.secret).hexdigest().encode()

    def read(self, kind: str, key: str) -> Any:
        """Return an entry, or None where there is none that this user's tmcs wrote whole."""
        try:
            with open(os.path.join(self.folder, f"{kind}-{key}"), "rb") as file:
                data = file.read()
        except OSError:
            return None
        if data[:32] != self.seal(key, data[33:]):
            return None
        return json.loads(data[33:])

    def write(self, kind: str, key: str, value: Any) -> None:
        payload = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        with contextlib.suppress(OSError):  # a full or read-only disk costs time at the next start, nothing else
            write_atomic(os.path.join(self.folder, f"{kind}-{key}"), self.seal(key, payload) + b"\n" + payload)
            self._prune()

    def _prune(self) -> None:
        entries = [entry for entry in os.scandir(self.folder) if not entry.name.startswith(".")]
        if len(entries) > _MAX_ENTRIES:
            entries.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in entries[: len(entries) // 2]:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _publish(path: str, secret: bytes) -> None:
    """Put the key in place whole: a link fails where another process was first, and never shows half a key."""
    draft = f"{path}.{os.getpid()}"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, secret)
    finally:
        os.close(fd)
    try:
        os.link(draft, path)
    finally:
        os.unlink(draft)


_cache: _Cache | None = None


def cached(kind: str, sources: list[bytes], build: Callable[[], Any]) -> Any:
    """Return the JSON-like value for ``sources``: from the cache, else built and put there.

    Args:
        kind: a short word for what is cached; part of the key.
        sources: the bytes the value is made of, and of nothing else.
        build: makes the value; whatever it raises passes through and is not cached.
    """
    global _cache
    if _cache is None:
        _cache = _Cache()
    if not _cache.usable:
        return build()
    key = _cache.key(kind, sources)
    found = _cache.read(kind, key)
    if found is None:
        found = build()
        _cache.write(kind, key, found)
    return found


def load_yaml(path: str, name: str | None = None) -> Any:
    """Return the plain data of a YAML file (all scalars are texts), through the cache.

    Args:
        path: the file.
        name: how to call it in findings; default its path.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is not valid; see :func:`tmcs.lang.yaml.parse_yaml`.
        StorageError: it cannot be read.
    """
    from tmcs.lang.limits import MAX_BYTES

    data = read_bytes(path, MAX_BYTES)

    def build() -> Any:
        from tmcs.lang.yaml import parse_yaml

        return parse_yaml(data, name or path).data

    return cached("yaml", [data], build)


def digest(parts: list[bytes]) -> str:
    """Return a short digest that identifies contents."""
    state = blake2b(digest_size=12)
    for part in parts:
        state.update(len(part).to_bytes(8, "big") + part)
    return state.hexdigest()
