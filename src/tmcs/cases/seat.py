"""Who sits before the store: what every writer of cases starts from, and all that a queue needs of it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tmcs.cases import clock
from tmcs.cases.writer import Hold, Writer
from tmcs.core.errors import InputError

if TYPE_CHECKING:
    from tmcs.cases.actor import Actor
    from tmcs.store.base import Store

MAX_WORDS: Final = 2000  # characters of a reason or note


class Seat:
    """The case store before an agent, at one moment.

    Attributes:
        store: opened for writing.
        actor: who acts; rights are checked by whoever makes the seat (``tmcs.cases.actor.require``).
        now: the moment of everything done from it; ``at`` the same as events write it.
        version: the version of the case that was written last; 0 before any.
    """

    def __init__(self, store: Store, actor: Actor, now: datetime | None = None) -> None:
        self.store = store
        self.actor = actor
        self.now = clock.now() if now is None else now
        self.at = clock.stamp(self.now)
        self.version = 0

    def hold(self, case_id: int, based_on: int | None = None) -> AbstractContextManager[Writer]:
        """Hold a case for writing; see :class:`tmcs.cases.writer.Hold`."""
        return Hold(self.store, self.actor, self.at, case_id, based_on, self)


def words(text: str) -> str:
    """Return a reason or note as it is kept.

    Raises:
        InputError: it is empty or too long.
    """
    plain = text.strip()
    if not plain or len(plain) > MAX_WORDS:
        raise InputError(f"原因或备注应为 1 到 {MAX_WORDS} 字", f"a reason or note has 1 to {MAX_WORDS} characters")
    return plain
