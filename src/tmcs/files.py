"""Files read and written so that a wrong one is a clear error and a half one never stays behind (os, not pathlib: start-up counts)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from tmcs.core.errors import InputError, NotFoundError, StorageError


def read_bytes(path: str | os.PathLike[str], limit: int | None = None) -> bytes:
    """Return a file's bytes.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is a directory, larger than ``limit`` bytes (no more is read), or its name can be none.
        StorageError: it cannot be read.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            if limit is None:
                return file.read()
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise NotFoundError(f"没有这个文件: {name}", f"no such file: {name}") from None
    except IsADirectoryError:
        raise InputError(f"{name} 是目录，应为文件", f"{name} is a directory, a file was expected") from None
    except PermissionError:
        raise StorageError(f"没有权限读取 {name}", f"no permission to read {name}") from None
    except ValueError:  # a NUL, or half a character, in the name
        raise InputError(f"不是文件名: {name}", f"not a file name: {name}") from None
    except OSError as error:
        raise StorageError(f"无法读取 {name}: {error.strerror}", f"cannot read {name}: {error.strerror}") from None
    if len(data) > limit:
        raise InputError(f"{name} 超过 {limit} 字节的上限", f"{name} is larger than the limit of {limit} bytes")
    return data


def write_atomic(path: str | os.PathLike[str], data: bytes, mode: int = 0o600, *, own: bool = False) -> None:
    """Write a file whole or not at all: a temporary file beside it, then a rename; ``own`` as for :func:`writing`.

    Raises:
        OSError: it cannot be written; the old content, if any, is untouched.
    """
    with writing(path, mode, own=own) as file:
        file.write(data)


@contextmanager
def writing(path: str | os.PathLike[str], mode: int = 0o600, *, sure: bool = False, own: bool = False) -> Iterator[IO[bytes]]:
    """Write a file bit by bit, to be there whole or not at all, as :func:`write_atomic`. A device or pipe is written into.

    Args:
        sure: it is on disk when this ends: for what cannot be made again.
        own: the file is ours alone: a pipe that somebody put there is replaced, for nobody reads it.
    """
    import tempfile

    target = os.fspath(path)
    if not own and os.path.exists(target) and not os.path.isfile(target):  # never put a file in the place of /dev/stdout
        with open(target, "wb") as file:
            yield file
        return
    folder, last = os.path.split(target)
    handle, name = tempfile.mkstemp(prefix=f".{last}.", dir=folder or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            if sure:
                file.flush()
                os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
