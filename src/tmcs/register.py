"""The register of rulings as the desk holds them: the shipped ones, what its policy changed, and what each touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tmcs import rulebook
from tmcs.core.errors import unknown_word
from tmcs.core.policy import Snapshot
from tmcs.core.text import Text
from tmcs.rulebook import Ruling


def amend(rulings: Iterable[Ruling], snapshot: Snapshot, touches: Mapping[str, list[str]] | None = None) -> list[Ruling]:
    """Return the rulings with what the desk's policy changed of them.

    Args:
        rulings: the shipped rulings; they are changed in place, being read anew for each command.
        snapshot: the policy in force; its ``rulings`` section holds the changes.
        touches: what carries each ruling (see :func:`tmcs.trace.carriers`); None where nobody asks.

    Raises:
        InputError: the policy changes a ruling that does not exist; the nearest are named.
    """
    known = [ruling.id for ruling in rulebook.rulings()]
    for name in snapshot.rulings:
        if name not in known:
            raise unknown_word("裁定", "ruling", name, known)
    places = {one["key"].split(".")[1]: f"{one['file']}:{one['line']}" for one in snapshot.policy.overrides
              if one["key"].startswith("rulings.")}  # fmt: skip
    found = list(rulings)
    for ruling in found:
        change = snapshot.rulings.get(ruling.id)
        if change:
            _apply(ruling, change)
            ruling.changed_by = places.get(ruling.id)
        if touches is not None:
            ruling.touches = touches.get(ruling.id, [])
    return found


def _apply(ruling: Ruling, change: Mapping[str, object]) -> None:
    ruling.status = str(change.get("status", "settled"))
    for key in ("resolution", "reason", "owner"):
        text = change.get(key)
        if isinstance(text, dict):
            setattr(ruling, key, Text(text["zh"], text["en"]))
    if "ruled" in change:
        ruling.ruled = str(change["ruled"])
        ruling.review = rulebook.years_later(ruling.ruled, 1)
    if "review" in change:
        ruling.review = str(change["review"])
