"""The time of a case stands still while somebody is awaited, and runs on with the days that were left."""

from __future__ import annotations

from datetime import date

from tmcs.cases.documents import pinned_policy
from tmcs.cases.history import History
from tmcs.cases.seat import words
from tmcs.cases.still_open import LIVE
from tmcs.cases.writer import Writer, as_day
from tmcs.core.text import Text


def pause(writer: Writer, party: str, why: str | None) -> None:
    """Stop the time of a case, and of its open tasks, while ``party`` is awaited."""
    writer.event("paused", {"for": party}, {"why": why and words(why)})
    writer.store.execute("UPDATE duty SET state = 'held' WHERE case_id = ? AND state = 'open'", (writer.id,))
    writer.state = "paused"


def resume(writer: Writer, history: History, why: str | None) -> list[Text]:
    """Let the time run again: each open deadline gets the days back that it had left.

    Returns:
        Warnings: the days that rest on a year whose holidays are not published.
    """
    assert history.paused is not None
    since, today = date.fromisoformat(history.paused[0][:10]), date.fromisoformat(writer.at[:10])
    calendar = pinned_policy(writer.store, history.policy).calendar
    run = writer.store.execute
    rows = run(f"SELECT id, due, unit FROM duty WHERE case_id = ? AND state IN {LIVE} AND due IS NOT NULL", (writer.id,))
    moved: dict[str, str] = {}
    warnings: dict[str, Text] = {}
    for number, text, unit in rows.fetchall():
        due = as_day(text)
        assert due is not None
        new, sure = calendar.shift(due, since, today, unit == "working")
        if sure != "published":
            warnings.setdefault(new.isoformat(), _unsure(new, sure))
        if new != due:
            moved[str(number)] = new.isoformat()
            run("UPDATE duty SET due = ? WHERE id = ?", (new.isoformat(), number))
    run("UPDATE duty SET state = 'open' WHERE case_id = ? AND state = 'held'", (writer.id,))
    writer.event("resumed", {"since": history.paused[0], "due": moved}, {"why": why and words(why)})
    return list(warnings.values())


def _unsure(day: date, sure: str) -> Text:
    if sure == "estimated":
        return Text(
            f"{day.year} 年的放假安排尚未公布，{day} 按周一至周五推算",
            f"no published holiday arrangement for {day.year}: {day} is counted Monday to Friday",
        )
    return Text(f"{day} 可能因次年的放假通知而调整", f"{day} may still move with next year's holiday notice")
