"""The store in PostgreSQL: many seats and cron hosts. Tables lie in a schema of their own (``?schema=…``, default tmcs)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from typing import Any, ClassVar, Final

from tmcs.core.errors import InputError, StorageError, TmcsError
from tmcs.core.text import Text
from tmcs.server_url import read_url
from tmcs.store.base import BUSY_SECONDS, VERSION, Rows, Store

#: What a session is told at its start. Nothing hangs for ever, and a commit is on disk when it returns, whatever the
#: server's own settings are.
_SETTINGS: Final = {
    "lock_timeout": f"{BUSY_SECONDS * 1000:.0f}", "statement_timeout": "60000", "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "0", "default_transaction_isolation": "read\\ committed",
}  # fmt: skip
_NETWORK: Final = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}


@lru_cache(maxsize=512)
def _translated(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresStore(Store):
    """A store on a PostgreSQL server."""

    dialect: ClassVar[str] = "postgresql"
    for_update: ClassVar[str] = " FOR UPDATE"
    skip_locked: ClassVar[str] = " FOR UPDATE SKIP LOCKED"
    begin_reading: ClassVar[str] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, url: str, *, write: bool = False) -> None:
        conninfo, self.schema, self.name = read_url(url)
        self._driver = _psycopg()
        self._streams = count()
        settings = " ".join(f"-c{name}={value}" for name, value in {"search_path": self.schema, **_SETTINGS}.items())
        try:
            self.connection = self._driver.connect(
                conninfo, autocommit=True, options=settings, client_encoding="utf8", fallback_application_name="tmcs", **_NETWORK
            )
        except self._driver.Error as error:
            from tmcs.store.postgres_errors import not_connected

            raise not_connected(error, self.name) from None
        try:
            self._check(write)
        except BaseException:
            self.connection.close()
            raise

    def _check(self, write: bool) -> None:
        version = self._version()
        if version == VERSION:
            return
        from tmcs.store.errors import newer, no_store

        if version > VERSION:
            raise newer(version, self.name)
        if version == 0 and not write:
            raise no_store(self.name)
        self._migrate()

    def _version(self) -> int:
        if self.execute("SELECT to_regclass(?)", (f"{self.schema}.store_version",)).fetchone()[0] is None:
            return 0
        row = self.execute("SELECT version FROM store_version").fetchone()
        if row is None or not isinstance(row[0], int):
            from tmcs.store.errors import not_ours

            raise not_ours(self.name)
        return row[0]

    def _migrate(self) -> None:
        """Bring the schema to this program's version, all steps or none. (Its backup is the server's own.)"""
        from tmcs.store import notes
        from tmcs.store.errors import foreign
        from tmcs.store.migrations import steps

        with self.transaction():
            self.execute("SET LOCAL statement_timeout = 0")
            self.alone("migration")
            version = self._version()  # another process may have been first
            if version == 0:
                if self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (self.schema,)).fetchone() is None:
                    self.execute(f"CREATE SCHEMA {self.schema}")
                elif self.execute("SELECT 1 FROM pg_tables WHERE schemaname = ? LIMIT 1", (self.schema,)).fetchone():
                    raise foreign(self.name)
                self.execute("CREATE TABLE store_version (version INTEGER NOT NULL)")
                self.execute("INSERT INTO store_version VALUES (0)")
            if version < VERSION:
                for statement in steps(version, "postgresql"):
                    self.execute(statement)
                self.execute("UPDATE store_version SET version = ?", (VERSION,))
        if 0 < version < VERSION:
            notes.append(Text(
                f"数据从版本 {version} 升级到 {VERSION}: {self.name}；以前的数据见服务器自己的备份",
                f"the store went from version {version} to {VERSION}: {self.name}; as it was before is in the server's own backup",
            ))  # fmt: skip

    def _error(self, error: Exception) -> TmcsError:
        from tmcs.store.postgres_errors import server_error

        return server_error(error, self.name)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        try:
            rows: Rows = self.connection.execute(_translated(sql), values)
        except self._driver.Error as error:
            raise self._error(error) from None
        return rows

    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        # Outside a transaction the server keeps the rows, so that the caller may write and commit while it reads them.
        alone = self.connection.info.transaction_status == self._driver.pq.TransactionStatus.IDLE
        try:
            with self.connection.cursor(f"tmcs_{next(self._streams)}", withhold=alone) as cursor:
                cursor.itersize = 1000
                cursor.execute(_translated(sql), values)
                yield from cursor
        except self._driver.Error as error:
            raise self._error(error) from None

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        try:
            with self.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except self._driver.Error as error:
            raise self._error(error) from None

    def alone(self, work: str) -> None:
        self.execute("SELECT pg_advisory_xact_lock(hashtext(?))", (f"tmcs.{self.schema}.{work}",))

    @contextmanager
    def exclusive(self, work: str) -> Iterator[None]:
        # A lock of the session: the server frees it when the connection ends, however it ends.
        name = f"tmcs.{self.schema}.exclusive.{work}"
        if not self.execute("SELECT pg_try_advisory_lock(hashtext('tmcs'), hashtext(?))", (name,)).fetchone()[0]:
            from tmcs.store.errors import taken

            raise taken(work)
        try:
            yield
        finally:
            with suppress(self._driver.Error):  # the connection is gone, and the lock with it
                self.connection.execute("SELECT pg_advisory_unlock(hashtext('tmcs'), hashtext(%s))", (name,))

    def begin(self) -> None:
        self.execute("BEGIN")

    def commit(self) -> None:
        try:
            said = self.connection.execute("COMMIT").statusmessage
        except self._driver.Error as error:
            if self.connection.closed:
                from tmcs.store.postgres_errors import outcome_unknown

                raise outcome_unknown(self.name) from None
            raise self._error(error) from None
        if said != "COMMIT":  # a statement had failed, and the server rolled back instead, without an error
            raise StorageError(f"事务未提交，数据未改动: {self.name}", f"not committed; the store is unchanged: {self.name}")

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
