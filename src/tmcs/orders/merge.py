"""How two things said of one order become one record: pure functions, no store.

- A key that is absent says nothing, and null never takes away what is known: the platform's times and numbers, once
  set, stay set.
- The record that is further along the platform's order of events is the newer one; the other only fills gaps. So an
  old export that is imported late does not turn the clock back.
- A masked text (``张**``) never replaces a plain one.
"""

from __future__ import annotations

from typing import Any, Final

from tmcs.core.order import SCHEMA
from tmcs.orders.fragment import LINES_DERIVED, LINES_NONE, Fragment

#: Keys of a record and of a line, in the order they are printed.
KEYS: Final = (
    "schema", "tid", "status", "created", "pay_time", "consign_time", "sign_time", "end_time", "payment", "post_fee",
    "lbx", "buyer_nick", "alipay_no", "receiver", "invoice", "orders", "logistics", "seller_flag", "seller_memo",
)  # fmt: skip
_LINE_KEYS: Final = ("oid", "sku", "barcode", "title", "price", "num", "payment", "category", "refund_status")
_NESTED: Final = ("receiver", "invoice", "logistics")
_PLACE: Final = ("state", "city", "district", "address")
_MASKABLE: Final = ("buyer_nick", "alipay_no")

#: How far along a status is; one that is not listed says nothing of time.
_RANK: Final = {
    "TRADE_NO_CREATE_PAY": 0, "WAIT_BUYER_PAY": 0, "PAY_PENDING": 0, "WAIT_PRE_AUTH_CONFIRM": 0,
    "PAID_FORBID_CONSIGN": 1, "WAIT_SELLER_SEND_GOODS": 1, "SELLER_CONSIGNED_PART": 2, "WAIT_BUYER_CONFIRM_GOODS": 3,
    "TRADE_BUYER_SIGNED": 4, "TRADE_FINISHED": 5, "TRADE_CLOSED": 5, "TRADE_CLOSED_BY_TAOBAO": 5,
}  # fmt: skip

Record = dict[str, Any]


def ordered(record: Record) -> Record:
    """Return a record with its keys in the order of the schema."""
    return {key: record[key] for key in KEYS if key in record}


def fresh(fragment: Fragment) -> Record:
    """Return the record of an order of which nothing was known before."""
    record = {"schema": SCHEMA, **fragment.record}
    for key, value in fragment.weak.items():
        if record.get(key) is None:
            record[key] = value
    return ordered(record)


def _masked(value: Any) -> bool:
    return isinstance(value, str) and "*" in value


def _take(old: Record, new: Record, *, keep: bool) -> None:
    """Lay ``new`` over ``old`` in place; ``keep``: only fill what is absent or null."""
    for key, value in new.items():
        if key == "orders":
            continue
        known = old.get(key)
        if key in _NESTED and isinstance(known, dict):
            if isinstance(value, dict):
                veiled = _masked(value.get("address")) and not _masked(known.get("address"))
                for name, part in value.items():
                    had = known.get(name)
                    if veiled and name in _PLACE and known.get("address") is not None:
                        continue  # a masked address may be the one before it was changed
                    if had is None or not (part is None or keep or (_masked(part) and not _masked(had))):
                        known[name] = part
        elif known is None:
            if key not in old or value is not None:
                old[key] = value
        elif value is not None and not keep and not (key in _MASKABLE and _masked(value) and not _masked(known)):
            old[key] = value


def older(old: Record, new: Record) -> bool:
    """Return whether ``new`` is of an earlier time than ``old``, by their statuses."""
    before, after = _RANK.get(old.get("status") or ""), _RANK.get(new.get("status") or "")
    return before is not None and after is not None and after < before


def merge(old: Record, fragment: Fragment, known_lines: int, *, again: bool) -> tuple[Record, int]:
    """Return the record with what a fragment adds, and how well its lines are known now.

    Args:
        old: the record as the book has it; it is not changed.
        fragment: what was read.
        known_lines: how well the old lines are known (``LINES_…``).
        again: whether this file has given lines of this order before.
    """
    record = {key: dict(value) if isinstance(value, dict) else value for key, value in old.items()}
    new = fragment.record
    late = fragment.whole and older(old, new)
    parcel, known = new.get("logistics"), record.get("logistics")
    if parcel and known and not late and parcel.get("out_sid") not in (None, known.get("out_sid")):
        record["logistics"] = None  # carrier and number belong together: no half of one parcel and half of another
    _take(record, new, keep=late)
    _take(record, fragment.weak, keep=True)
    lines = new.get("orders")
    rank = known_lines
    if lines:
        rank = max(known_lines, fragment.lines)
        before = old.get("orders") or []
        record["orders"] = _merge_lines(before, lines, known_lines, fragment.lines, again=again, keep=late)
    elif "orders" in new and "orders" not in old:
        record["orders"] = lines
    return ordered(record), rank


def _merge_lines(
    old: list[Record], new: list[Record], old_rank: int, new_rank: int, *, again: bool, keep: bool
) -> list[Record]:
    if not old or old_rank == LINES_NONE or new_rank > old_rank:
        return new
    if new_rank == LINES_DERIVED:
        # The order report knows one line only; it adds to the one there is and never makes a second.
        if len(old) != 1 or len(new) != 1:
            return old
        return [_join(old[0], new[0], keep=keep or old_rank > new_rank)]
    if all(line.get("oid") for line in new):
        if not all(line.get("oid") for line in old):
            return new
        return _by_oid(old, new, keep=keep)
    if any(line.get("oid") for line in old):
        return [_join(line, _same_goods(line, old, new), keep=True) for line in old]
    return old + new if again else new


def _by_oid(old: list[Record], new: list[Record], *, keep: bool) -> list[Record]:
    lines = {line["oid"]: line for line in old}
    for line in new:
        lines[line["oid"]] = _join(lines[line["oid"]], line, keep=keep) if line["oid"] in lines else line
    return list(lines.values())


def _same_goods(line: Record, old: list[Record], new: list[Record]) -> Record:
    """Return the only line without a number that is of the same goods, or nothing where that is not certain."""
    for key in ("sku", "title"):
        value = line.get(key)
        if value is not None:
            hits = [other for other in new if other.get(key) == value]
            if len(hits) == 1 and sum(other.get(key) == value for other in old) == 1:
                return hits[0]
    return {}


def _join(old: Record, new: Record, *, keep: bool) -> Record:
    line = dict(old)
    for key, value in new.items():
        if line.get(key) is None:
            if key not in line or value is not None:
                line[key] = value
        elif value is not None and not keep and key != "oid":
            line[key] = value
    return {key: line[key] for key in _LINE_KEYS if key in line}


def patch_lines(record: Record, patches: dict[str, Record]) -> dict[str, Record]:
    """Set values of the lines that are known, in place; return the patches whose lines are not known yet."""
    left = dict(patches)
    for line in record.get("orders") or []:
        patch = left.pop(line.get("oid") or "", None)
        if patch:
            line.update(patch)
    return left


def contradictions(old: Record, new: Record) -> list[str]:
    """Return the keys that cannot both be right in two rows of one file for one order."""
    found = [key for key in ("created", "buyer_nick") if _differ(old.get(key), new.get(key))]
    if old.get("pay_time") and new.get("pay_time") and _differ(old.get("payment"), new.get("payment")):
        found.append("payment")
    return found


def _differ(one: Any, other: Any) -> bool:
    return one is not None and other is not None and one != other and not _masked(one) and not _masked(other)
