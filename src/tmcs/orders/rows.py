"""What the book holds of an order: its record as compact JSON, and beside it what it is found by."""

from __future__ import annotations

import json
from typing import Any, Final

from tmcs.orders.fragment import Fragment, NewOrder
from tmcs.orders.merge import fresh, patch_lines

#: Writes a record, or a part of one, as compact JSON.
encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def new_order(fragment: Fragment) -> NewOrder:
    """Return an order of which nothing was known before as the book holds it."""
    record = fresh(fragment)
    left = patch_lines(record, fragment.patches) if fragment.patches else {}
    titles, parcels = tuple(titles_of(record, fragment)), tuple(parcels_of(record, fragment))
    waiting = encode(left) if left else None
    return fragment.tid, *columns_of(record), int(fragment.whole), fragment.lines, waiting, encode(record), titles, parcels


def titles_of(record: dict[str, Any], fragment: Fragment) -> dict[str, None]:
    """Return the titles an order is found by, each once."""
    found = dict.fromkeys(fragment.titles)
    for line in record.get("orders") or ():
        if line.get("title"):
            found[line["title"]] = None
    return found


def parcels_of(record: dict[str, Any], fragment: Fragment) -> list[str]:
    """Return the numbers of parcels an order is found by, each once."""
    logistics = record.get("logistics") or {}
    return list(dict.fromkeys(one for one in (logistics.get("out_sid"), record.get("lbx"), *fragment.parcels) if one))


def columns_of(record: dict[str, Any]) -> tuple[str | None, str | None, str | None, str | None]:
    """Return status, created, nick and the phone number backwards: what the book searches by."""
    mobile = (record.get("receiver") or {}).get("mobile")
    return record.get("status"), record.get("created"), record.get("buyer_nick"), mobile[::-1] if mobile else None
