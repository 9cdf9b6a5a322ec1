"""What a store says when something is wrong; imported only then."""

from __future__ import annotations

import sqlite3

from tmcs.core.errors import NotFoundError, StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text
from tmcs.store.base import VERSION


def no_store(name: str) -> NotFoundError:
    """Return the error for a store that is not there yet."""
    return NotFoundError(
        f"还没有数据文件: {name}", f"there is no store yet: {name}",
        hint=Text("先运行 tmcs order import 导出文件", "run tmcs order import FILE first"),
    )  # fmt: skip


def newer(version: int, name: str) -> StorageError:
    """Return the error for a store that a newer program wrote."""
    return StorageError(
        f"数据是更新版本的 tmcs 写的 (版本 {version}，本程序到 {VERSION}): {name}",
        f"the store was written by a newer tmcs (version {version}, this program knows {VERSION}): {name}",
        hint=Text("请升级 tmcs", "upgrade tmcs"),
    )


def foreign(name: str) -> StorageError:
    """Return the error for a database that holds another program's tables."""
    return StorageError(f"是别的程序的数据库，不是 tmcs 的: {name}", f"a database of another program, not of tmcs: {name}")


def not_ours(name: str) -> StorageError:
    """Return the error for a file that is no store."""
    return StorageError(
        f"不是 tmcs 的数据文件，或已损坏: {name}", f"not a store of tmcs, or a damaged one: {name}",
        hint=Text("请换一个 --store，或从备份恢复", "name another --store, or restore a backup"),
    )  # fmt: skip


def busy(name: str) -> TryAgainError:
    """Return the error for a store that another process is writing."""
    return TryAgainError(
        f"数据文件正被另一个程序写入: {name}", f"the store is being written by another program: {name}",
        hint=Text("请稍后重试", "try again in a moment"),
    )  # fmt: skip


def taken(work: str) -> TryAgainError:
    """Return the error for work that another process is doing."""
    return TryAgainError(
        f"另一个进程正在做这件事: {work}", f"another process is at it: {work}", hint=Text("请稍后重试", "try again in a moment")
    )


def storage_error(error: sqlite3.Error, name: str) -> TmcsError:
    """Return the error of ours for one of SQLite's, by its code."""
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return busy(name)
    if code == "SQLITE_FULL":
        return StorageError(
            f"磁盘已满，数据未改动: {name}", f"the disk is full; the store is unchanged: {name}",
            hint=Text("清出空间后重试", "free some space, then try again"),
        )  # fmt: skip
    if code.startswith("SQLITE_READONLY"):
        return StorageError(f"数据文件是只读的: {name}", f"the store is read-only: {name}")
    if code.startswith("SQLITE_CANTOPEN"):
        return StorageError(f"无法打开数据文件: {name}", f"cannot open the store: {name}")
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return not_ours(name)
    if code.startswith("SQLITE_IOERR"):
        return StorageError(
            f"读写数据文件失败 (磁盘满或设备故障)，数据未改动: {name}",
            f"cannot read or write the store (disk full or failing); it is unchanged: {name}",
        )
    return StorageError(f"数据文件出错 ({error}): {name}", f"the store fails ({error}): {name}")
