"""A handbook's manifest: the digest of each of its files, small enough to be kept under version control.

It is what ``sha256sum -c`` reads, within the folder of the handbook; two lines of comment come first, of which the first
says how the handbook was built. Its bytes depend on the rules alone, not on the day, the machine or its language.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from tmcs.core.errors import Finding, InputError, StorageError
from tmcs.core.text import Text
from tmcs.files import read_bytes, write_atomic
from tmcs.manual.folder import digest, is_ours

#: Ours has some 15 kB.
MAX_BYTES: Final = 1_000_000
_SCHEMA: Final = "tmcs/handbook-digests/1"
_HEAD: Final = re.compile(
    rf"# {_SCHEMA} format=(html|markdown|both) lang=(zh|en|both) now=(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00)"
)
_NOTE: Final = (
    "# Digests of the handbook's files. Written by `tmcs handbook build --manifest FILE`; a change here is lost."
)
_LINE: Final = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")
_MODE: Final = 0o644


class Digests:
    """What a manifest says: form, languages and moment (ISO 8601) the handbook was built in, and the digest of each file."""

    __slots__ = ("files", "form", "lang", "now")

    def __init__(self, form: str, lang: str, now: str, files: Mapping[str, str]) -> None:
        self.form = form
        self.lang = lang
        self.now = now
        self.files = dict(files)

    def data(self) -> bytes:
        """Return it as it stands in its file."""
        head = f"# {_SCHEMA} format={self.form} lang={self.lang} now={self.now}"
        return "".join(
            f"{line}\n" for line in (head, _NOTE, *(f"{one}  {name}" for name, one in sorted(self.files.items())))
        ).encode()


def of(form: str, lang: str, now: str, files: Mapping[str, bytes]) -> Digests:
    """Return the manifest of a handbook that was built so."""
    return Digests(form, lang, now, {name: digest(data) for name, data in files.items()})


def read(path: str) -> Digests:
    """Return what a manifest says.

    Raises:
        InputError: it is none, or not whole; the finding says in which line.
        NotFoundError, StorageError: it is not there, or cannot be read.
    """
    lines = _lines(path)
    head = _HEAD.fullmatch(lines[0])
    if head is None:
        raise _no_manifest(path)
    if lines[-1]:
        raise _faulty(path, len(lines), Text("最后一行不完整", "the last line is cut off"))
    files: dict[str, str] = {}
    for number, line in enumerate(lines[1:-1], 2):
        found = _LINE.fullmatch(line)
        if found is not None and found[2] not in files and found[2].isprintable() and is_ours(found[2]):
            files[found[2]] = found[1]
        elif not line.startswith("#"):
            raise _faulty(path, number, Text("这一行有误", "this line is wrong"))
    return Digests(head[1], head[2], head[3], files)


def standing(path: str) -> Digests | None:
    """Return how the manifest was built that is to be written anew, without its files; None where there is none yet.

    One that a merge left in pieces will do: its first line is looked for.

    Raises:
        InputError: something else stands there, which is not replaced.
        StorageError: it cannot be read.
    """
    if not os.path.lexists(path):
        return None
    if os.path.isdir(path):
        raise InputError(f"{path} 是目录，应为文件", f"{path} is a directory, a file was expected")
    if not os.path.isfile(path):  # a pipe or a device, to be written into
        return None
    for line in _lines(path):
        if head := _HEAD.fullmatch(line):
            return Digests(head[1], head[2], head[3], {})
    raise InputError(f"{path} 不是手册的摘要清单，不覆盖", f"{path} is no manifest of a handbook and is not replaced")


def write(path: str, digests: Digests) -> None:
    """Write a manifest, whole or not at all.

    Raises:
        StorageError: it cannot be written; what stood there is untouched.
    """
    try:
        write_atomic(path, digests.data(), _MODE)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise StorageError(f"无法写入 {path}: {said}", f"cannot write {path}: {said}") from None


def check(kept: Digests, files: Mapping[str, bytes]) -> list[Finding]:
    """Return how a handbook has drifted from its manifest: the files that are new, gone or different, by name."""
    said = {}
    for name in {*kept.files, *files}:
        if name not in kept.files:
            said[name] = Text("是新的一页，清单里没有", "is a new page, which the manifest does not have")
        elif name not in files:
            said[name] = Text("现行规则已没有这一页", "is no page of the running rules")
        elif digest(files[name]) != kept.files[name]:
            said[name] = Text("与现行规则不符", "differs from the running rules")
    return [Finding(name, 0, 0, text) for name, text in sorted(said.items())]


def _lines(path: str) -> list[str]:
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_manifest(path) from None
    return [line.removesuffix("\r") for line in text.split("\n")]  # a checkout may have changed the ends of its lines


def _hint() -> Text:
    return Text(
        "重写清单: tmcs handbook build --manifest 文件", "write it anew with tmcs handbook build --manifest FILE"
    )


def _no_manifest(path: str) -> InputError:
    return InputError(f"{path} 不是手册的摘要清单", f"{path} is no manifest of a handbook", hint=_hint())


def _faulty(path: str, line: int, text: Text) -> InputError:
    finding = Finding(path, line, 0, text, "SHA-256  NAME")
    return InputError(
        f"手册的摘要清单有误: {path}",
        f"the manifest of the handbook is wrong: {path}",
        findings=[finding],
        hint=_hint(),
    )
