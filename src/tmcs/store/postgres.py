"""The store in PostgreSQL: many seats and cron hosts. Tables lie in a schema of their own (``?schema=…``, default tmcs)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tmcs.core.errors import InputError, StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text
from tmcs.store.base import Rows, Store
from tmcs.store.migrations import VERSION, steps
from tmcs.store.sqlite import newer, no_store

_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,40}")


@lru_cache(maxsize=512)
def _translated(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresStore(Store):
    """A store on a PostgreSQL server."""

    dialect: ClassVar[str] = "postgresql"
    for_update: ClassVar[str] = " FOR UPDATE"
    skip_locked: ClassVar[str] = " FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str, *, write: bool = False) -> None:
        self._driver = _psycopg()
        conninfo, self.schema, self.name = read_url(url)
        try:
            self.connection = self._driver.connect(conninfo, autocommit=True, connect_timeout=5, options=f"-csearch_path={self.schema}")
        except self._driver.Error as error:
            raise self._error(error) from None
        try:
            self._check(write)
        except BaseException:
            self.connection.close()
            raise

    def _check(self, write: bool) -> None:
        version = self._version()
        if version > VERSION:
            raise newer(version, self.name)
        if version == 0 and not write:
            raise no_store(self.name)
        if version < VERSION:
            self._migrate()

    def _version(self) -> int:
        found = self.execute("SELECT to_regclass(?)", (f"{self.schema}.store_version",)).fetchone()[0]
        return 0 if found is None else int(self.execute("SELECT version FROM store_version").fetchone()[0])

    def _migrate(self) -> None:
        with self.transaction():
            self.execute("SELECT pg_advisory_xact_lock(hashtext(?))", (f"tmcs.{self.schema}",))
            version = self._version()  # another process may have been first
            if version == 0:
                self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
                self.execute("CREATE TABLE store_version (version INTEGER NOT NULL)")
                self.execute("INSERT INTO store_version VALUES (0)")
            for statement in steps(version, "postgresql"):
                self.execute(statement)
            self.execute("UPDATE store_version SET version = ?", (VERSION,))

    def _error(self, error: Exception) -> TmcsError:
        """Return the error of ours for one of the driver's, by its SQLSTATE."""
        state = getattr(error, "sqlstate", None) or ""
        if state in ("40001", "40P01", "55P03", "57014"):
            return TryAgainError(
                f"数据库正被占用: {self.name}", f"the database is busy: {self.name}",
                hint=Text("请稍后重试", "try again in a moment"),
            )  # fmt: skip
        if state in ("53100", "53200"):
            return StorageError(f"数据库服务器空间不足: {self.name}", f"the database server is out of space: {self.name}")
        if isinstance(error, self._driver.OperationalError):
            return TryAgainError(
                f"连不上数据库，或连接已断开，未改动任何数据: {self.name}",
                f"the database is not there, or the connection broke; nothing was changed: {self.name}",
                hint=Text("请稍后重试，或检查服务器", "try again in a moment, or check the server"),
            )
        said = str(error).split("\n")[0]
        return StorageError(f"数据库出错 ({said}): {self.name}", f"the database fails ({said}): {self.name}")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        try:
            rows: Rows = self.connection.execute(_translated(sql), values)
        except self._driver.Error as error:
            raise self._error(error) from None
        return rows

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        try:
            with self.connection.transaction(), self.connection.cursor("tmcs_stream") as cursor:
                cursor.execute(_translated(sql), values)
                yield from cursor
        except self._driver.Error as error:
            raise self._error(error) from None

    def begin(self) -> None:
        self.execute("BEGIN")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        try:
            self.connection.rollback()
        except self._driver.Error:  # the connection is gone, and the transaction with it
            self.connection.close()

    def examine(self) -> list[Text]:
        rows = self.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = ? AND NOT (has_table_privilege(quote_ident(schemaname) || '.'"
            " || quote_ident(tablename), 'SELECT') AND has_table_privilege(quote_ident(schemaname) || '.' || quote_ident(tablename),"
            " 'INSERT, UPDATE'))",
            (self.schema,),
        ).fetchall()
        return [Text(f"没有权限读写表 {name}", f"no right to read and write table {name}") for (name,) in rows]

    def close(self) -> None:
        self.connection.close()


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError:
        raise InputError(
            "没有安装 PostgreSQL 驱动", "the PostgreSQL driver is not installed",
            hint=Text("请安装 tmcs[postgresql]", "install tmcs[postgresql]"),
        ) from None  # fmt: skip
    return psycopg


def read_url(url: str) -> tuple[str, str, str]:
    """Return what the driver connects to, the schema, and the name for messages.

    Raises:
        InputError: the URL is wrong, or carries a password.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    schema = query.pop("schema", "tmcs")
    if parts.password is not None or "password" in query:
        raise InputError(
            "数据库网址里不能写密码", "a database URL must not carry a password",
            hint=Text("请把密码放进 ~/.pgpass 文件 (PGPASSFILE)", "put it into the file ~/.pgpass (PGPASSFILE)"),
        )  # fmt: skip
    if not _SCHEMA.fullmatch(schema):
        raise InputError(f"schema={schema} 有误", f"schema={schema} is wrong: expected letters, digits and _")
    plain = urlunsplit(parts._replace(query=urlencode(query)))
    return plain, schema, url
