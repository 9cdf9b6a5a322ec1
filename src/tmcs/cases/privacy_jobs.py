"""A person taken out of what jobs have found: that their order was a hit, of which group, and called, stays; nothing of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tmcs.store.base import Store

_ERASED: Final = {"zh": "个人信息已删除", "en": "personal data erased"}
#: What an item may hold of a person, and what stands in its place: also words of reviews and complaints.
_EMPTIED: Final[dict[str, Any]] = {
    "customer": None, "do": _ERASED, "steps": [], "say": [], "needs": [], "answers": [], "tasks": [], "facts": {}, "warnings": [],
}  # fmt: skip


def erase_items(store: Store, tid: str) -> int:
    """Erase what jobs have kept of an order's customer; return how many items that were. Within the caller's transaction."""
    return _erase(store, store.execute("SELECT run_id, name, body FROM job_item WHERE tid = ?", (tid,)).fetchall())


def erase_old_items(store: Store, before: str) -> int:
    """Erase what runs before a day have kept of persons, but for the items whose case is open; return how many items.

    Some at a time, each lot in a transaction of its own.
    """
    done = 0
    runs = store.execute("SELECT id FROM job_run WHERE now < ? ORDER BY id", (before,)).fetchall()
    for (run_id,) in runs:
        rows = store.execute(
            "SELECT i.run_id, i.name, i.body FROM job_item i LEFT JOIN cases c ON c.id = i.case_id"
            " WHERE i.run_id = ? AND (i.case_id IS NULL OR c.closed_at < ?)", (run_id, before),
        ).fetchall()  # fmt: skip
        with store.transaction():
            done += _erase(store, rows)
    return done


def _erase(store: Store, rows: list[Any]) -> int:
    done = 0
    for run_id, name, body in rows:
        item = json.loads(body)
        if item["do"] == _ERASED:
            continue
        item = {key: value for key, value in item.items() if key != "opening"} | _EMPTIED
        text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
        store.execute("UPDATE job_item SET body = ? WHERE run_id = ? AND name = ?", (text, run_id, name))
        done += 1
    return done
