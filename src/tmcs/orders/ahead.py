"""A file read ahead: a second process reads and checks it while this one puts what was read into the store.

The second process is a copy of this one (``fork``), so it has the file open already and starts at once. It says what it
reads through a pipe, waits when nobody listens yet, so that memory stays constant, and ends when nobody listens any more.
Where there is no such thing (another system, one processor only, other threads at work, which a copy would be without) the
file is read here.
"""

from __future__ import annotations

import marshal
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Final

from tmcs.core.errors import Finding, StorageError
from tmcs.core.text import Text
from tmcs.orders.fragment import Batch, Fragment, Report

#: What a file says: of orders, and what is wrong with it, in its order.
Part = Fragment | Batch | Finding
#: So many things that are no batch are passed on together.
_STEP: Final = 256
#: So much (bytes) is read ahead: some batches, so that neither process waits for each of the other's steps.
_ROOM: Final = 1 << 20
_BATCH: Final = b"b"
_PARTS: Final = b"p"
_ERROR: Final = b"e"
_END: Final = b"."


def possible() -> bool:
    """Return whether a file can be read ahead here."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


@contextmanager
def ahead(read: Callable[[], Iterator[Fragment | Batch]], report: Report) -> Iterator[Iterator[Part]]:
    """Give what ``read`` yields and what it reports, read by a second process, which has ended when the context ends.

    ``report`` counts here what was reported there, from the end of the file on; its findings are given, not sunk.
    An error of ``read`` is raised where its next word would be heard.

    Where the system lets us have no second process, it is read here, and findings are sunk as they come.

    Raises:
        StorageError: the second process was ended from outside.
    """
    import signal

    both = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, both)  # until each process has what it needs to end well
    try:
        begun = _begin(read, report)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, both)
    if begun is None:
        yield read()
        return
    heard, child = begun
    try:
        with open(heard, "rb", buffering=1 << 16) as line:
            yield _hear(line, report)
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _begin(read: Callable[[], Iterator[Fragment | Batch]], report: Report) -> tuple[int, int] | None:
    """Begin to read; return the end of the pipe to hear it by, and the second process; None where there can be none."""
    import fcntl

    try:
        heard, said = os.pipe()
    except OSError:
        return None
    with suppress(OSError):  # a system that lets less through works too, only slower
        fcntl.fcntl(said, fcntl.F_SETPIPE_SZ, _ROOM)
    try:
        child = os.fork()
    except OSError:
        os.close(heard)
        os.close(said)
        return None
    if child == 0:
        try:
            os.close(heard)
            _speak(said, read, report)
        finally:
            os._exit(0)  # nothing of the first process is closed or written by its copy
    os.close(said)
    return heard, child


def _speak(said: int, read: Callable[[], Iterator[Fragment | Batch]], report: Report) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the first one decides, and ends this one
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    with open(said, "wb", buffering=1 << 16) as line:
        _Speaker(line, report).speak(read)


class _Speaker:
    """Writes what is read as messages: a kind, a length, and the content."""

    def __init__(self, line: IO[bytes], report: Report) -> None:
        self._line = line
        self._report = report
        self._parts: list[Part] = []

    def speak(self, read: Callable[[], Iterator[Fragment | Batch]]) -> None:
        """Say everything that is read, then how it ended."""
        report = self._report
        report.sink = self._add
        try:
            for part in read():
                if isinstance(part, Batch):
                    self._flush()
                    self._say(_BATCH, marshal.dumps((part.line, part.column, part.orders), 2))
                else:
                    self._add(part)
            self._flush()
            self._say(_END, marshal.dumps((report.rows, report.found, report.rejected), 2))
        except OSError:  # nobody listens any more
            raise
        except BaseException as error:
            self._flush()
            self._say(_ERROR, pickle.dumps((type(error), error.args, error.__dict__)))

    def _add(self, part: Part) -> None:
        self._parts.append(part)
        if len(self._parts) >= _STEP:
            self._flush()

    def _flush(self) -> None:
        if self._parts:
            self._say(_PARTS, pickle.dumps(self._parts))
            self._parts = []

    def _say(self, kind: bytes, content: bytes) -> None:
        self._line.write(kind + len(content).to_bytes(4, "big"))
        self._line.write(content)


def _hear(line: IO[bytes], report: Report) -> Iterator[Part]:
    while True:
        head = line.read(5)
        content = line.read(int.from_bytes(head[1:], "big")) if len(head) == 5 else b""
        if len(head) < 5 or len(content) < int.from_bytes(head[1:], "big"):
            raise StorageError(
                f"读取 {report.file} 的进程意外结束，该文件没有导入任何内容",
                f"the process that read {report.file} was ended from outside; nothing of the file was imported",
                hint=Text("请重试；若再次发生，多半是内存不足", "try again; if it happens again, memory is most likely short"),
            )
        kind = head[:1]
        if kind == _BATCH:
            yield Batch(*marshal.loads(content))
        elif kind == _PARTS:
            yield from pickle.loads(content)
        elif kind == _ERROR:
            raise _error(*pickle.loads(content))
        else:
            report.rows, report.found, report.rejected = marshal.loads(content)
            return


def _error(kind: type[BaseException], args: tuple[Any, ...], known: dict[str, Any]) -> BaseException:
    error = kind.__new__(kind, *args)
    error.__dict__.update(known)
    return error
