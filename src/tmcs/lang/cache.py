"""A cache of what was read from files, keyed by their content and by the program that read it.

Without it every answer is the same, only later. An entry is used only if it was written by this user's tmcs: the
folder must be the user's own, no link, and writable by nobody else, and each entry carries a keyed digest whose key is
kept apart from the cache. Entries are written whole by a rename, so two writers cannot mix. ``TMCS_CACHE=off`` turns it
off; ``tmcs config show`` says whether it is in use, and if not, why.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from typing import Any, Final

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL at every start for the same function
except ImportError:  # pragma: no cover - another Python implementation
    from hashlib import blake2b

from tmcs.files import read_bytes, write_atomic

_MAX_ENTRIES: Final = 400
_HALF_WRITTEN: Final = 3600  # seconds after which a temporary file belongs to a writer that died
_HASH: Final = 32  # characters of an entry's key and of its seal
_OWNED: Final = hasattr(os, "geteuid")  # elsewhere the user's own folders are private by default
_OPEN: Final = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)  # fmt: skip


class _UnusableError(Exception):
    """Why the cache is not used, ``(zh, en)``."""


def _base(variable: str, fallback: str) -> str:
    """Return a base folder of the XDG specification; a relative one is ignored, as that asks."""
    given = os.environ.get(variable, "")
    if os.path.isabs(given):
        return given
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        raise _UnusableError("没有用户主目录", "there is no home folder")
    return os.path.join(home, *fallback.split("/"))


def _program() -> bytes:
    """Return what identifies the program that reads: its version and the state of its readers."""
    from tmcs import __version__

    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    installed = "-packages" in os.path.dirname(here)  # where files change only when their folder is replaced
    parts = [__version__, here]
    for part in ("", "core", "lang"):
        folder = os.path.join(here, part)
        try:
            parts.append(str(os.stat(folder).st_mtime_ns))
            if not installed:
                with os.scandir(folder) as entries:
                    states = [(one.name, one.stat()) for one in entries if one.name.endswith(".py")]
                parts += [f"{part}/{name}:{state.st_mtime_ns}:{state.st_size}" for name, state in sorted(states)]
        except OSError:  # inside an archive
            parts.append(part)
    return "\n".join(parts).encode()


def _check_owned(state: os.stat_result, forbidden: int, what: str) -> None:
    if not _OWNED:
        return
    if state.st_uid != os.geteuid():
        raise _UnusableError(f"{what} 属于别的用户", f"{what} belongs to another user")
    if state.st_mode & forbidden:
        raise _UnusableError(f"{what} 别的用户可以读写", f"{what} is open to other users")


class _Cache:
    """The cache of this process.

    Attributes:
        folder: where the entries lie.
        usable: whether it is used; ``why`` says why not, ``(zh, en)``.
    """

    def __init__(self) -> None:
        self.folder = ""
        self.secret = b""
        self.program = b""
        self.usable = False
        self.why = ("", "")
        try:
            self._open()
            self.usable = True
        except _UnusableError as error:
            self.why = (str(error.args[0]), str(error.args[1]))
        except OSError as error:
            said = f"{error.filename or self.folder}: {error.strerror or error}"
            self.why = (said, said)

    def _open(self) -> None:
        if os.environ.get("TMCS_CACHE", "") == "off":
            raise _UnusableError("由 TMCS_CACHE=off 关闭", "turned off by TMCS_CACHE=off")
        self.folder = os.path.join(_base("XDG_CACHE_HOME", ".cache"), "tmcs")
        try:
            state = os.lstat(self.folder)
        except FileNotFoundError:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            state = os.lstat(self.folder)
        if (state.st_mode & 0o170000) != 0o040000:  # a link may lead to a folder with other things in it
            raise _UnusableError(f"{self.folder} 不是目录", f"{self.folder} is no folder of its own")
        _check_owned(state, 0o022, self.folder)
        self.secret = self._key()
        self.program = _program()

    def _key(self) -> bytes:
        path = os.path.join(_base("XDG_STATE_HOME", ".local/state"), "tmcs", "cache.key")
        try:
            secret = _read_key(path)
        except FileNotFoundError:
            secret = b""
        if len(secret) != 32:  # none yet, or one cut short: entries sealed with another key are made anew
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            _publish(path, os.urandom(32), replace=bool(secret) or os.path.exists(path))
            secret = _read_key(path)
        if len(secret) != 32:
            raise _UnusableError(f"{path} 有误", f"{path} is wrong")
        return secret

    def key(self, kind: str, sources: list[bytes]) -> str:
        digest = blake2b(digest_size=_HASH // 2)
        for part in (self.program, kind.encode(), *sources):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()

    def seal(self, key: str, payload: bytes) -> bytes:
        return blake2b(key.encode() + payload, digest_size=_HASH // 2, key=self.secret).hexdigest().encode()

    def read(self, kind: str, key: str) -> Any:
        """Return an entry, or None where there is none that this user's tmcs wrote whole."""
        try:
            handle = os.open(os.path.join(self.folder, f"{kind}-{key}"), _OPEN)
            with open(handle, "rb") as file:
                data = file.read()
        except OSError:
            return None
        if data[:_HASH] != self.seal(key, data[_HASH + 1 :]):
            return None
        return json.loads(data[_HASH + 1 :])

    def write(self, kind: str, key: str, value: Any) -> None:
        payload = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        with contextlib.suppress(OSError):  # a full or read-only disk costs time at the next start, nothing else
            write_atomic(os.path.join(self.folder, f"{kind}-{key}"), self.seal(key, payload) + b"\n" + payload, own=True)
            self._prune()

    def _prune(self) -> None:
        """Remove the older half of too many entries, and what dead writers left; never a file that is not ours."""
        from time import time

        with os.scandir(self.folder) as every:
            entries = [entry for entry in every if _is_ours(entry.name)]
        for entry in entries:
            if entry.name.startswith(".") and entry.stat(follow_symlinks=False).st_mtime < time() - _HALF_WRITTEN:
                _remove(entry.path)
        whole = [entry for entry in entries if not entry.name.startswith(".")]
        if len(whole) > _MAX_ENTRIES:
            whole.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime)
            for entry in whole[: len(whole) // 2]:
                _remove(entry.path)


def _is_ours(name: str) -> bool:
    """Return whether a file is named like an entry, ``kind-<hash>``, or like one being written, ``.kind-<hash>.…``."""
    if name.startswith("."):
        name = name[1:].partition(".")[0]
    key = name.rpartition("-")[2]
    return len(key) == _HASH and all(c in "0123456789abcdef" for c in key)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _read_key(path: str) -> bytes:
    handle = os.open(path, _OPEN)
    with open(handle, "rb") as file:
        _check_owned(os.fstat(handle), 0o077, path)
        return file.read(64)


def _publish(path: str, secret: bytes, replace: bool) -> None:
    """Put the key in place whole: never half a key, and never over the one that another process just put there."""
    draft = f"{path}.{os.urandom(8).hex()}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(secret)
        if replace:
            os.replace(draft, path)
            return
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another tmcs was first: its key is read
        except OSError:  # a file system without links
            os.replace(draft, path)
    finally:
        _remove(draft)


_cache: _Cache | None = None


def _opened() -> _Cache:
    global _cache
    if _cache is None:
        _cache = _Cache()
    return _cache


def reset() -> None:
    """Forget the opened cache; for tests, and after the environment changed."""
    global _cache
    _cache = None


def status() -> tuple[str, bool, tuple[str, str]]:
    """Return the cache's folder (or ``""``), whether it is used, and if not why, ``(zh, en)``."""
    cache = _opened()
    return cache.folder, cache.usable, cache.why


def recall(kind: str, sources: list[bytes]) -> Any:
    """Return what :func:`store` keeps for ``sources``, None where there is nothing."""
    cache = _opened()
    return cache.read(kind, cache.key(kind, sources)) if cache.usable else None


def store(kind: str, sources: list[bytes], value: Any) -> None:
    """Keep a JSON-like value for ``sources``, in place of the one that is there; nothing happens without a cache."""
    cache = _opened()
    if cache.usable:
        cache.write(kind, cache.key(kind, sources), value)


def cached(kind: str, sources: list[bytes], build: Callable[[], Any]) -> Any:
    """Return the JSON-like value for ``sources``: from the cache, else built and put there.

    Args:
        kind: a short word for what is cached; part of the key.
        sources: the bytes the value is made of, and of nothing else.
        build: makes the value; whatever it raises passes through and is not cached.
    """
    cache = _opened()
    if not cache.usable:
        return build()
    key = cache.key(kind, sources)
    found = cache.read(kind, key)
    if found is None:
        found = build()
        cache.write(kind, key, found)
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
