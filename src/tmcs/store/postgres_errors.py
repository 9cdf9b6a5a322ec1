"""What a PostgreSQL server says when something is wrong, in our words; imported only then.

The server's own words are shown only where they hold no value of a row: names, phones and addresses stay out of messages.
"""

from __future__ import annotations

from typing import Final

from tmcs.core.errors import InputError, StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text

#: SQLSTATE: a lock, a deadlock, a time-out.
_BUSY: Final = ("40001", "40P01", "55P03", "57014")
_FULL: Final = ("53100", "53200", "58030")
#: In the server's refusal of a connection, which comes without SQLSTATE: it may have room, or be up, in a moment.
_SOON: Final = (
    "too many", "remaining connection slots", "starting up", "shutting down", "recovery", "not yet accepting", "not accepting",
)  # fmt: skip
_REFUSED: Final = ("FATAL:", "致命错误:", "no password supplied", "password authentication failed")

_AGAIN: Final = Text("请稍后重试，或检查服务器", "try again in a moment, or check the server")


def not_connected(error: Exception, name: str) -> TmcsError:
    """Return the error for a connection that was not made."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0].removeprefix("connection failed: ") if lines else type(error).__name__
    if type(error).__name__ == "ProgrammingError":
        return InputError(f"数据库网址有误 ({said}): {name}", f"the database URL is wrong ({said}): {name}")
    if any(word in said for word in _REFUSED) and not any(word in said for word in _SOON):
        return StorageError(
            f"数据库服务器拒绝连接 ({said}): {name}", f"the database server refuses the connection ({said}): {name}",
            hint=Text(
                "请核对数据库名、用户和权限；密码放在 ~/.pgpass", "check database, user and rights; a password goes into ~/.pgpass"
            ),
        )  # fmt: skip
    return TryAgainError(f"连不上数据库 ({said}): {name}", f"the database is not there ({said}): {name}", hint=_AGAIN)


def outcome_unknown(name: str) -> TryAgainError:
    """Return the error for a connection that broke while it was committing."""
    return TryAgainError(
        f"提交时连接断开，不知道是否已保存: {name}",
        f"the connection broke during the commit; whether it was kept is unknown: {name}",
        hint=Text("重做之前请先查看", "look before repeating"),
    )


def server_error(error: Exception, name: str) -> TmcsError:
    """Return the error of ours for one of the driver's, by its SQLSTATE."""
    state = getattr(error, "sqlstate", None) or ""
    if state in _BUSY:
        return TryAgainError(
            f"数据正被别人使用: {name}", f"the database is busy: {name}", hint=Text("请稍后重试", "try again in a moment")
        )
    if state in _FULL:
        return StorageError(
            f"数据库服务器空间不足，数据未改动: {name}", f"the database server is out of space; the store is unchanged: {name}"
        )
    if state == "42501":
        said = str(error).splitlines()[0]
        return StorageError(f"没有数据库权限 ({said}): {name}", f"no right to do this in the database ({said}): {name}")
    if state == "25006":
        return StorageError(f"数据库是只读的: {name}", f"the database is read-only: {name}")
    if state == "53300" or state.startswith(("08", "57P")) or (not state and type(error).__name__ == "OperationalError"):
        return TryAgainError(
            f"数据库连接断开，未改动任何数据: {name}", f"the connection to the database broke; nothing was changed: {name}",
            hint=_AGAIN,
        )  # fmt: skip
    what = f"{type(error).__name__} {state}".rstrip()
    return StorageError(f"数据库出错 ({what}): {name}", f"the database fails ({what}): {name}")
