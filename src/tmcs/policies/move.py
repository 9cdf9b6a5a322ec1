"""Open cases moved to the policy in force, as it is on that day, each in a transaction of its own: stopped half-way, the next call goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from tmcs.cases.desk import KEPT, Desk
from tmcs.cases.writer import no_case
from tmcs.core.errors import InputError
from tmcs.core.policy import Policy
from tmcs.core.resolution import Resolution
from tmcs.core.text import Text
from tmcs.policies.preview import open_pages

REFUSED: Final = "refused"


class Moved:
    """What became of a case: ``moved``, ``already``, ``kept`` or ``refused``.

    Attributes:
        case_id, did: which, and what; ``version`` of the case after it.
        result: its resolution under the new version, where it was moved.
        why: why it was refused.
    """

    __slots__ = ("case_id", "did", "result", "version", "why")

    def __init__(self, case_id: int, did: str, version: int, result: Resolution | None = None, why: Text | None = None) -> None:
        self.case_id = case_id
        self.did = did
        self.version = version
        self.result = result
        self.why = why

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "case": str(self.case_id), "did": self.did, "version": self.version,
            "status": None if self.result is None else self.result.status,
            "outcome": None if self.result is None else self.result.outcome, "why": None if self.why is None else self.why.to_dict(),
        }  # fmt: skip


def move(desk: Desk, cases: Iterable[int], policy: Policy, why: str) -> Iterator[Moved]:
    """Move cases that were named, kept ones too, and yield what became of each.

    Raises:
        NotFoundError: there is no such case; none is moved.
        StorageError, TryAgainError: the store cannot be written; what was yielded is moved.
    """
    chosen = list(dict.fromkeys(cases))
    for number in chosen:
        if desk.store.execute("SELECT 1 FROM cases WHERE id = ?", (number,)).fetchone() is None:
            raise no_case(number)
    for number in chosen:
        yield _one(desk, number, policy, why, even_kept=True)


def move_all(desk: Desk, policy: Policy, why: str) -> Iterator[Moved]:
    """Move every open case that is under another version, but for those that are kept under theirs; raises as :func:`move`."""
    for page in open_pages(desk.store, policy, desk.now):
        for row in page:
            yield _one(desk, row[0], policy, why, even_kept=False)


def _one(desk: Desk, number: int, policy: Policy, why: str, *, even_kept: bool) -> Moved:
    try:
        did, result = desk.move_policy(number, policy, why, even_kept=even_kept)
    except InputError as error:
        return Moved(number, REFUSED, 0, why=error.text)
    return Moved(number, did, desk.version, result)


__all__ = ["KEPT", "REFUSED", "Moved", "move", "move_all"]
