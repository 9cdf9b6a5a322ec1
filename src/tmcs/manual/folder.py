"""A handbook's folder: written whole or not at all, only over files of its own, and compared with what the rules give."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final

from tmcs.core.errors import Finding, InputError, NotFoundError, StorageError
from tmcs.core.text import Text
from tmcs.files import read_bytes, write_atomic

#: The file that says that a folder is a handbook's, how it was built, and which files are its own.
MANIFEST: Final = ".tmcs-handbook.json"
_SCHEMA: Final = "tmcs/handbook/1"
_MODE: Final = 0o644


class Manifest:
    """What a handbook's folder says of itself: form and languages it was built in, and the digest of each file."""

    __slots__ = ("files", "form", "lang")

    def __init__(self, form: str, lang: str, files: Mapping[str, str]) -> None:
        self.form = form
        self.lang = lang
        self.files = dict(files)

    def data(self) -> bytes:
        """Return it as it stands in the folder."""
        said = {"schema": _SCHEMA, "format": self.form, "lang": self.lang, "files": dict(sorted(self.files.items()))}
        return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def digest(data: bytes) -> str:
    """Return what identifies a file's contents."""
    return sha256(data).hexdigest()


def read_manifest(folder: str) -> Manifest | None:
    """Return what a folder says of itself; None where it is no handbook's.

    Raises:
        InputError: what it says is no manifest of ours.
    """
    path = os.path.join(folder, MANIFEST)
    if not os.path.lexists(path):
        return None
    try:
        found: Any = json.loads(read_bytes(path, 10_000_000))
        if found["schema"] == _SCHEMA and all(is_ours(name) for name in found["files"]):
            return Manifest(str(found["format"]), str(found["lang"]), {str(name): str(one) for name, one in found["files"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise InputError(f"{path} 不是手册的清单", f"{path} is no manifest of a handbook")


def is_ours(name: str) -> bool:
    """Return whether a name of a manifest is that of a page: one that stays within its folder."""
    parts = name.split("/")
    return len(parts) <= 2 and all(part not in ("", ".", "..") and "\\" not in part and "\0" not in part for part in parts)


def check(folder: str, files: Mapping[str, bytes]) -> list[Finding]:
    """Return how a folder differs from what the rules give: files that are missing, differ, or are no longer written.

    Raises:
        NotFoundError: there is no handbook in the folder.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise NotFoundError(f"{folder} 里没有手册", f"there is no handbook in {folder}")
    findings = []
    for name, data in sorted(files.items()):
        kept = _kept(os.path.join(folder, name))
        if kept is None:
            findings.append(Finding(name, 0, 0, Text("缺少这个文件", "is missing")))
        elif kept != data:
            findings.append(_differs(name, kept, data))
    gone = [name for name in sorted(manifest.files) if name not in files and os.path.lexists(os.path.join(folder, name))]
    return findings + [Finding(name, 0, 0, Text("现行规则已没有这一页", "is no page of the running rules")) for name in gone]


def _differs(name: str, kept: bytes, data: bytes) -> Finding:
    old, new = kept.split(b"\n"), data.split(b"\n")
    line = next((n for n, (a, b) in enumerate(zip(old, new, strict=False), 1) if a != b), min(len(old), len(new)) + 1)
    return Finding(name, line, 0, Text("与现行规则不符", "differs from the running rules"))


def _kept(path: str) -> bytes | None:
    try:
        return read_bytes(path)
    except (NotFoundError, InputError):
        return None


def write(folder: str, form: str, lang: str, files: Mapping[str, bytes]) -> list[str]:
    """Write a handbook into a folder; what has not changed is left as it is.

    Everything is written into a temporary folder beside it first, and then moved into its place file by file. A file that is
    not the handbook's is never replaced or deleted, nor is one of its own that somebody has changed and it no longer needs.

    Returns:
        The handbook's old files that were changed by hand and therefore left.

    Raises:
        InputError: the folder is not empty and not a handbook's, or a foreign file stands in the way; nothing is written.
        StorageError: it cannot be written.
    """
    old = _old(folder, files)
    new = Manifest(form, lang, {name: digest(data) for name, data in files.items()})
    try:
        _move_in(folder, old, new, files)
        return _clear(folder, old, new)
    except OSError as error:
        raise StorageError(f"无法写入 {folder}: {error.strerror}", f"cannot write {folder}: {error.strerror}") from None


def _old(folder: str, files: Mapping[str, bytes]) -> Manifest:
    if not os.path.lexists(folder):
        return Manifest("", "", {})
    if not os.path.isdir(folder):
        raise InputError(f"{folder} 不是目录", f"{folder} is not a directory")
    old = read_manifest(folder)
    if old is None:
        if os.listdir(folder):
            hint = Text("另选一个空的或还没有的目录", "choose a folder that is empty or not there yet")
            raise InputError(f"{folder} 不是手册的目录，里面有别的文件", f"{folder} is not a handbook's folder and is not empty", hint=hint)
        return Manifest("", "", {})
    for name in files:
        path = os.path.join(folder, name)
        above = os.path.dirname(path)
        if os.path.islink(above) and above != folder:
            raise InputError(f"{above} 是链接，不写入", f"{above} is a link: nothing is written through it")
        if os.path.lexists(path) and name not in old.files:
            raise InputError(f"{path} 不是手册的文件，不覆盖", f"{path} is not the handbook's and is not replaced")
    return old


def _move_in(folder: str, old: Manifest, new: Manifest, files: Mapping[str, bytes]) -> None:
    import shutil
    import tempfile

    parent = os.path.dirname(os.path.abspath(folder))
    os.makedirs(parent, exist_ok=True)
    made = tempfile.mkdtemp(prefix=".tmcs-handbook-", dir=parent)
    try:
        changed = [name for name, data in files.items() if _kept(os.path.join(folder, name)) != data]
        for name in changed:
            path = os.path.join(made, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            write_atomic(path, files[name], _MODE)
        for name in {os.path.dirname(name) for name in files}:
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        # Until all is in its place, the folder owns the files of both: a run that was killed can be run again.
        write_atomic(os.path.join(folder, MANIFEST), Manifest(new.form, new.lang, {**old.files, **new.files}).data(), _MODE)
        for name in changed:
            os.replace(os.path.join(made, name), os.path.join(folder, name))
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _clear(folder: str, old: Manifest, new: Manifest) -> list[str]:
    """Remove the files that are no longer written, unless somebody has changed them; return those that are left."""
    left = []
    for name in sorted(set(old.files) - set(new.files)):
        path = os.path.join(folder, name)
        kept = _kept(path)
        if kept is not None and digest(kept) == old.files[name]:
            os.unlink(path)
        elif os.path.lexists(path):
            left.append(name)
    for name in {os.path.dirname(name) for name in old.files if "/" in name}:
        with suppress(OSError):  # somebody's file is in it
            os.rmdir(os.path.join(folder, name))
    write_atomic(os.path.join(folder, MANIFEST), new.data(), _MODE)
    return left
