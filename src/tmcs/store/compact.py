"""What was erased is taken out of the database's files too, not only out of its tables."""

from __future__ import annotations

from typing import Final

from tmcs.core.errors import StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text
from tmcs.store.base import Store

#: The tables that personal data stands in.
_PERSONAL: Final = ("customer", "private", "receipt", "duty", "orders", "note")
_HINT: Final = Text("稍后运行 tmcs case retention --compact 完成", "finish later with: tmcs case retention --compact")

#: What stays outside the reach of this program, in words.
REMAINS: Final[dict[str, tuple[Text, ...]]] = {
    "sqlite": (
        Text("早先的备份和其他机器上的副本、草稿里仍有", "earlier backups, copies and drafts on other machines still hold it"),
    ),
    "postgresql": (
        Text("早先的备份、归档日志 (WAL) 和其他机器上的草稿里仍有", "earlier backups, archived logs (WAL) and drafts on other machines still hold it"),
        Text(
            "服务器目录里的统计样本可能要到下次 VACUUM pg_statistic 才清除",
            "samples in the server's own statistics may stay until its next VACUUM of pg_statistic",
        ),
    ),
}  # fmt: skip


def erasing(store: Store) -> None:
    """Let this connection overwrite what it deletes, where the database can."""
    if store.dialect == "sqlite":
        store.execute("PRAGMA secure_delete = ON").fetchone()


def compact(store: Store) -> None:
    """Write the tables with personal data anew, so that what was erased is in no file of the database.

    Raises:
        TryAgainError: others are reading or writing; what was erased stays erased, and can be compacted later.
        StorageError: there is no room for it; the same holds.
    """
    try:
        if store.dialect == "sqlite":
            store.execute("VACUUM")
            store.execute("PRAGMA busy_timeout = 5000")  # a checkpoint that meets a reader fails without an error to wait on
            busy = store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            store.execute("PRAGMA busy_timeout = 0")
            if busy:
                raise TryAgainError("", "")
            return
        store.execute("SET statement_timeout = 0")  # waiting for a lock is limited, the work itself is not
        try:
            store.execute(f"VACUUM (FULL, ANALYZE) {', '.join(_PERSONAL)}")
        finally:
            store.execute("RESET statement_timeout")
    except (StorageError, TryAgainError) as error:
        raise _later(store, error) from None


def _later(store: Store, error: TmcsError) -> TmcsError:
    zh, en = "个人信息已删除，但数据文件里还有残留", "the personal data is erased, but traces are still in the database's files"
    if isinstance(error, TryAgainError):
        return TryAgainError(f"{zh}: 别的程序正在使用 {store.name}", f"{en}: others are using {store.name}", hint=_HINT)
    return StorageError(f"{zh}: {error.text.zh}", f"{en}: {error.text.en}", hint=_HINT)
