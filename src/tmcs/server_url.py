"""The URL of a server as the user writes it: which database, which schema, and never a password."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tmcs.core.errors import InputError
from tmcs.core.text import Text

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_SECRETS: Final = ("password", "sslpassword")


class Server(NamedTuple):
    """Where a server's store lies: what the driver connects to, the schema, and the name for messages."""

    conninfo: str
    schema: str
    name: str


def is_url(where: str) -> bool:
    """Return whether a store is named by a URL, not by a file."""
    scheme, mark, _ = where.partition("://")
    return bool(mark) and len(scheme) > 1 and scheme.isalpha()


def read_url(url: str) -> Server:
    """Return where a store on a server lies.

    Raises:
        InputError: the URL is wrong, or carries a password; the message never shows it.
    """
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        raise InputError("数据库网址有误", "the database URL is wrong") from None
    schema = query.pop("schema", "tmcs")
    if parts.password is not None or any(name in query for name in _SECRETS):
        raise InputError(
            "数据库网址里不能写密码", "a database URL must not carry a password",
            hint=Text("请把密码放进 ~/.pgpass 文件 (PGPASSFILE)", "put it into the file ~/.pgpass (PGPASSFILE)"),
        )  # fmt: skip
    if parts.scheme not in ("postgresql", "postgres"):
        raise InputError(
            f"不支持的数据库: {parts.scheme}://", f"unknown kind of database: {parts.scheme}://",
            hint=Text("可用: 文件名，或 postgresql://主机/数据库", "valid: a file, or postgresql://HOST/DATABASE"),
        )  # fmt: skip
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise InputError(
            f"schema={schema} 有误，应为小写字母、数字和 _", f"schema={schema} is wrong: expected small letters, digits and _"
        )
    plain = urlunsplit(parts._replace(query=urlencode(query), fragment=""))
    shown = urlunsplit(parts._replace(fragment=""))
    return Server(plain, schema, shown)
