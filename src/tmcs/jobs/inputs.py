"""The files that a run is given beside the order book: which is of which kind, and their rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import Finding, InputError, NotFoundError, StorageError, unknown_word
from tmcs.core.text import Text
from tmcs.jobs.kinds import kind
from tmcs.jobs.rows import kind_of, read_rows
from tmcs.orders.fragment import Report
from tmcs.orders.source import open_source

if TYPE_CHECKING:
    from tmcs.jobs.definition import Job
    from tmcs.orders.readers import OrderReader

_TABLES: Final = (".csv", ".xlsx", ".txt")


class Inputs:
    """The files of a run, by kind.

    Attributes:
        files: the files of each kind that the job reads, in the order given.
        orders: files of the order book (orders, parcels, warehouse feedback), to be imported before the run.
        passed: files of a folder that are nothing to this job.
    """

    def __init__(self, job: Job, among: list[OrderReader], sink: Callable[[Finding], None] | None = None) -> None:
        self.job = job
        self.files: dict[str, list[str]] = {}
        self.orders: list[str] = []
        self.passed: list[str] = []
        self._among = among
        self._sink = sink
        self._lost: dict[str, int] = {}

    def add(self, word: str) -> None:
        """Take what ``--in`` names: a file, ``KIND=FILE``, or a folder, of which the job's tables are read.

        Raises:
            InputError: the job reads no such kind, or the file is of none that it reads.
            NotFoundError, StorageError: it cannot be read.
        """
        name, found, path = word.partition("=")
        if found and not os.path.exists(word):
            book = [reader.name for reader in self._among]
            if name not in self.job.inputs and name not in book:
                raise unknown_word("输入", "input", name, [*self.job.inputs, *book])
            with open_source(path):
                (self.files.setdefault(name, []) if name in self.job.inputs else self.orders).append(path)
        elif os.path.isdir(word):
            self._add_folder(word)
        else:
            self._add_file(word)

    def _add_folder(self, folder: str) -> None:
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            raise StorageError(f"无法读取 {folder}: {error.strerror}", f"cannot read {folder}: {error.strerror}") from None
        for name in names:
            path = os.path.join(folder, name)
            if name.startswith((".", "~$")) or not name.lower().endswith(_TABLES) or not os.path.isfile(path):
                continue
            found = self._kind(path)
            if found:
                self.files.setdefault(found, []).append(path)
            else:
                self.passed.append(path)

    def _add_file(self, path: str) -> None:
        found = self._kind(path)
        if found:
            self.files.setdefault(found, []).append(path)
        elif found == "":
            self.orders.append(path)
        else:
            wanted = [kind(one).title for one in self.job.inputs]
            zh, en = "、".join(one.zh for one in wanted), ", ".join(one.en for one in wanted)
            read = Text(f"它读订单簿{'和' if zh else ''}{zh}", f"it reads the order book{' and ' if en else ''}{en}")
            raise InputError(f"{path}: 不是 {self.job.id} 要读的文件", f"{path}: nothing that {self.job.id} reads", hint=read)

    def _kind(self, path: str) -> str | None:
        """Return the kind of a file that the job reads, ``""`` for one of the order book, None for neither."""
        from tmcs.orders.readers import choose

        with open_source(path) as source:
            report = Report(source.name)
            try:
                return kind_of(source, report, [kind(one) for one in self.job.inputs]).name
            except InputError:
                pass
            try:
                choose(source, report, self._among)
            except InputError:
                return None
            return ""

    def check(self) -> list[str]:
        """Return the optional kinds that were not given.

        Raises:
            InputError: a required one was not; all of those are named.
        """
        missing = [name for name, required in self.job.inputs.items() if required and name not in self.files]
        if missing:
            zh = "、".join(f"{kind(name).title.zh} ({name})" for name in missing)
            en = ", ".join(f"{kind(name).title.en} ({name})" for name in missing)
            raise InputError(
                f"{self.job.id} 缺少输入: {zh}", f"{self.job.id} needs an input: {en}",
                hint=Text("用 --in 文件 或 --in 种类=文件 给出", "give it with --in FILE or --in KIND=FILE"),
            )  # fmt: skip
        return [name for name in self.job.inputs if name not in self.files]

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a kind, each once, whatever number of files repeats it; nothing where no file is of it."""
        files = self.files.get(name, [])
        seen: set[bytes] | None = set() if len(files) > 1 else None
        for path in files:
            first = path not in self._lost
            with open_source(path) as source:
                report = Report(source.name, self._sink if first else None)
                for row in read_rows(kind(name), source, report):
                    if seen is None or _is_new(row.values, seen):
                        yield row.values
            self._lost[path] = report.rejected

    def left(self) -> int:
        """Return how many rows could not be read, as far as files were read."""
        return sum(self._lost.values())

    def digests(self) -> dict[str, str]:
        """Return the digest of each file, by ``kind/name``: what a run was given, for the record.

        Raises:
            NotFoundError, StorageError: one cannot be read.
        """
        return {f"{name}/{os.path.basename(path)}": _digest(path) for name, files in self.files.items() for path in files}


def _is_new(values: dict[str, Any], seen: set[bytes]) -> bool:
    key = hashlib.blake2b(repr(sorted(values.items())).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    if key in seen:
        return False
    seen.add(key)
    return True


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise NotFoundError(f"没有这个文件: {path}", f"no such file: {path}") from None
    except OSError as error:
        raise StorageError(f"无法读取 {path}: {error.strerror}", f"cannot read {path}: {error.strerror}") from None


def gather_inputs(job: Job, words: Sequence[str], among: list[OrderReader], sink: Callable[[Finding], None] | None = None) -> Inputs:
    """Return the inputs that ``--in`` names; raises as :meth:`Inputs.add`. Standard input cannot be one: it is read twice."""
    inputs = Inputs(job, among, sink)
    for word in words:
        if word.rpartition("=")[2] == "-":
            raise InputError("--in 不能从管道读取，请给文件", "--in cannot read a pipe: give a file")
        inputs.add(word)
    return inputs
