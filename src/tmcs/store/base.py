"""What a store can do, whichever database is behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, ClassVar, Final, Protocol, Self

from tmcs.core.text import Text

#: The version that this program reads and writes: how many migrations there are (:mod:`tmcs.store.migrations`, which a
#: look-up does not import).
VERSION: Final = 3
#: Seconds to wait for another's lock before saying "try again".
BUSY_SECONDS: Final = 5.0


class Rows(Protocol):
    """What a statement gives back."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""

    def fetchone(self) -> Any:
        """Return the next row, None after the last."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""


class Store(ABC):
    """A database of tmcs. Use as a context manager, or call :meth:`close`.

    Attributes:
        name: where it lies, for messages and to open it again: a file or a URL, never with a password.
        dialect: ``sqlite`` or ``postgresql``.
        for_update: what a SELECT ends with to hold its rows for this transaction (``""`` where a writer is alone anyway).
        skip_locked: the same, passing over rows that another transaction holds.
        begin_reading: begins a transaction that sees one state and changes nothing.
    """

    name: str
    dialect: ClassVar[str]
    for_update: ClassVar[str]
    skip_locked: ClassVar[str]
    begin_reading: ClassVar[str]

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run one statement; ``?`` stands for each value.

        Raises:
            StorageError, TryAgainError: what the database says, in our words.
        """

    @abstractmethod
    def stream(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Yield the rows of a SELECT in constant memory."""

    @abstractmethod
    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows as they come, in constant memory; within a transaction.

        Raises:
            StorageError, TryAgainError: what the database says.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """Do everything within, or nothing.

        Raises:
            StorageError: the disk is full, or the database is gone; nothing has changed.
            TryAgainError: a lock is held by another process; nothing has changed.
        """
        return _Transaction(self)

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Read one state of the store throughout, whatever others write meanwhile; nobody waits for it."""
        self.execute(self.begin_reading)
        try:
            yield
        finally:
            self.rollback()

    @abstractmethod
    def alone(self, work: str) -> None:
        """Let nobody else do the same work until this transaction ends (where a writer is alone anyway: nothing to do).

        Raises:
            TryAgainError: somebody else is at it.
        """

    @abstractmethod
    def exclusive(self, work: str) -> AbstractContextManager[None]:
        """Let nobody else do the same work while the context lasts, over many transactions; it ends with the process too.

        Args:
            work: what it is called: letters, digits, ``-`` and ``_``.

        Raises:
            TryAgainError: somebody else is at it.
            StorageError: it cannot be found out: no permission, or the database is gone.
        """

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction that writes."""

    @abstractmethod
    def commit(self) -> None:
        """Keep what was written: when this returns, it is on disk."""

    @abstractmethod
    def rollback(self) -> None:
        """Forget what was written, whatever state the transaction is in."""

    @abstractmethod
    def examine(self) -> list[Text]:
        """Return what is wrong with the database itself: damage, missing rights; nothing where all is well."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Transaction(AbstractContextManager[None]):
    """What :meth:`Store.transaction` returns; a class, for a generator costs more, and every write goes through it."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> None:
        self._store.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._store.rollback()
            return
        try:
            self._store.commit()
        except BaseException:
            self._store.rollback()
            raise
