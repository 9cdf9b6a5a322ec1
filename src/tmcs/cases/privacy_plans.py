"""A person taken out of surveys, gift mailings and care plans: what was answered, sent and when stays, and nobody's name."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.store.base import Store

#: The state of somebody who was erased before their part was finished: nobody calls them or mails to them any more.
ERASED: Final = "erased"
_UNFINISHED: Final = ("listed", "not-reached", "mailed", "checked", "registered", "planned", "submitted", "confirmed")
_HOLDS: Final = "(nick IS NOT NULL OR who IS NOT NULL OR private IS NOT NULL)"


def is_listed(store: Store, nick: str) -> bool:
    """Return whether a plan lists a customer."""
    return store.execute("SELECT 1 FROM plan_person WHERE nick = ? LIMIT 1", (nick,)).fetchone() is not None


def erase_from_plans(desk: Desk, nick: str, tids: Iterable[str]) -> int:
    """Erase a customer, and whoever is listed for their orders, from every plan; return how many entries that were.

    Each entry is a transaction of its own.
    """
    store = desk.store
    found = {tuple(row) for row in store.execute(f"SELECT plan_id, n FROM plan_person WHERE nick = ? AND {_HOLDS}", (nick,)).fetchall()}
    for tid in tids:
        found |= {tuple(row) for row in store.execute(f"SELECT plan_id, n FROM plan_person WHERE tid = ? AND {_HOLDS}", (tid,)).fetchall()}
    for plan_id, n in sorted(found):
        _erase(desk, plan_id, n)
    return len(found)


def erase_ended(desk: Desk, before: str) -> int:
    """Erase everybody from the plans that ended before a day; return how many entries that were."""
    store = desk.store
    rows = store.execute(
        f"SELECT plan_id, n FROM plan_person JOIN plan ON plan.id = plan_id WHERE closed_at < ? AND {_HOLDS} ORDER BY plan_id, n", (before,)
    ).fetchall()
    for plan_id, n in rows:
        _erase(desk, plan_id, n)
    return len(rows)


def _erase(desk: Desk, plan_id: int, n: int) -> None:
    """Empty the personal parts of one entry and of the steps that concern it, and note that it was done."""
    store, run = desk.store, desk.store.execute
    with store.transaction():
        version = int(run(f"SELECT version FROM plan WHERE id = ?{store.for_update}", (plan_id,)).fetchone()[0]) + 1
        marks = ", ".join("?" for _ in _UNFINISHED)
        run(f"UPDATE plan_person SET state = ? WHERE plan_id = ? AND n = ? AND state IN ({marks})", (ERASED, plan_id, n, *_UNFINISHED))
        run("UPDATE plan_person SET who = NULL, nick = NULL, private = NULL WHERE plan_id = ? AND n = ?", (plan_id, n))
        run("UPDATE plan_event SET private = NULL WHERE plan_id = ? AND person = ?", (plan_id, n))
        run(
            "INSERT INTO plan_event (plan_id, n, at, step, agent, person, data) VALUES (?, ?, ?, 'erase', ?, ?, ?)",
            (plan_id, version, desk.at, desk.actor.agent, n, json.dumps({})),
        )
        run("UPDATE plan SET version = ? WHERE id = ?", (version, plan_id))
