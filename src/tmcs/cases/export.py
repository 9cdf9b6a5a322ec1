"""Events and money for another program, as flat records in constant memory: nobody's own words, no customer.

Record types (schema ``tmcs/case-export/1``): ``case``, ``event`` and ``entry`` (of the ledger), each case before its events
and these before its money. Of a personal part it says only ``withheld``, ``erased`` or nothing; amounts are CNY.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from tmcs.cases.kept import Kept, read_cases
from tmcs.core.money import format_money
from tmcs.store.base import Store

SCHEMA: Final = "tmcs/case-export/1"
#: Columns of a CSV export: every key of every record type.
COLUMNS: Final = (
    "type", "case", "n", "at", "kind", "agent", "tier", "flow", "state", "outcome", "order", "item", "reason", "form", "amount",
    "most", "approver", "opened_at", "opened_by", "closed_at", "version", "private", "data", "prev", "hash",
)  # fmt: skip
_PARTS: Final = ("rows", "events", "entries", "privates")
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def records(store: Store, since: date | None = None, cases: list[int] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the records of all cases, or of those named.

    Args:
        since: only events of this day and later, with the cases they belong to and all the money of those.
        cases: only these cases.

    Raises:
        NotFoundError: there is no such case.
        StorageError, TryAgainError: the store cannot be read.
    """
    start = None if since is None else since.isoformat()
    for number in [None] if cases is None else cases:
        for kept in read_cases(store, number, _PARTS):
            yield from _of_case(kept, start)


def _of_case(kept: Kept, start: str | None) -> Iterator[dict[str, Any]]:
    events = [event for event in kept.events if start is None or event["at"][:10] >= start]
    if start is not None and not events:
        return
    name = str(kept.id)
    row = kept.row
    if row is not None:
        yield {
            "type": "case", "case": name, "flow": row["flow"], "state": row["state"], "outcome": row["outcome"], "order": row["tid"],
            "item": row["item"], "opened_at": row["opened_at"], "opened_by": row["opened_by"], "closed_at": row["closed_at"],
            "version": row["version"], "hash": row["head"],
        }  # fmt: skip
    for event in events:
        body = kept.privates.get(event["n"], (None, None))[1]
        private = None if event["private"] is None else "erased" if body is None else "withheld"
        yield {
            "type": "event", "case": name, **{key: event[key] for key in ("n", "at", "kind", "agent", "tier")},
            "private": private, "data": _data(event["data"]), "prev": event["prev"], "hash": event["hash"],
        }  # fmt: skip
    for entry in kept.entries:
        approver = (entry["approver"] or "").split("\n")
        yield {
            "type": "entry", "case": name, "n": entry["id"], "order": row["tid"] if row else None, "approver": [one for one in approver if one],
            **{key: entry[key] for key in ("at", "kind", "agent", "tier", "state", "reason", "form")},
            "amount": format_money(entry["amount"]), "most": format_money(entry["most"]),
        }  # fmt: skip


def _data(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # it was edited, as `tmcs case verify` shows
        return text


def written(found: Iterator[dict[str, Any]], form: str) -> Iterator[str]:
    """Yield the text of an export piece by piece: ``jsonl``, ``json`` or ``csv``."""
    if form == "csv":
        yield from _csv(found)
    elif form == "jsonl":
        for record in found:
            yield _json({"schema": SCHEMA, **record}) + "\n"
    else:
        yield f'{{"schema": "{SCHEMA}", "records": [\n'
        for number, record in enumerate(found):
            yield (",\n" if number else "") + _json(record)
        yield "\n]}\n"


def _json(record: dict[str, Any]) -> str:
    from tmcs.core.safe import clean_json

    return clean_json(json.dumps(record, ensure_ascii=False))


def _csv(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for record in found:
        writer.writerow([_cell(record.get(name)) for name in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> Any:
    """Return a cell that a spreadsheet shows and never computes."""
    if value is None or isinstance(value, int):
        return value
    from tmcs.core.safe import clean

    text = clean(" ".join(value) if isinstance(value, list) else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return f"'{text}" if text.startswith(_FORMULA) else text
