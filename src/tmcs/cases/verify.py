"""The audit: every hash is computed anew, and every figure that follows from the events is compared with what stands there.

Looked at are events, personal parts, receipts, documents, the row of each case, the ledger and the seals. Tasks, waits and
promises (table ``duty``) are a projection of the events that is not hashed: they are not looked at.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Final

from tmcs.cases.audit import digest, seal_root
from tmcs.cases.kept import Kept, read_cases
from tmcs.cases.seal import is_signed_by, sealed_cases
from tmcs.core.text import Text
from tmcs.store.base import Store

SCHEMA: Final = "tmcs/verify/1"


class Fault:
    """Something that is not as it was written.

    Attributes:
        code: what kind of fault, a stable word.
        case_id, event: where; None where it concerns no case, or no single event.
        text: what is wrong, in both languages, without the place.
    """

    __slots__ = ("case_id", "code", "event", "text")

    def __init__(self, code: str, case_id: int | None, event: int | None, zh: str, en: str) -> None:
        self.code = code
        self.case_id = case_id
        self.event = event
        self.text = Text(zh, en)

    def message(self, lang: str) -> str:
        """Return the fault with its place: ``case 12, event 3: …``."""
        place = ""
        if self.case_id is not None:
            place = f"案件 {self.case_id}" if lang == "zh" else f"case {self.case_id}"
            if self.event is not None:
                place += f" 事件 {self.event}" if lang == "zh" else f", event {self.event}"
            place += ": "
        return place + self.text.pick(lang)

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as JSON."""
        return {
            "code": self.code, "case": None if self.case_id is None else str(self.case_id), "event": self.event,
            "text": self.text.to_dict(),
        }  # fmt: skip


class Tally:
    """What was looked at.

    Attributes:
        cases, events, receipts, entries, documents, seals: how many.
        erased: personal parts and receipts that were erased, as events say.
        faults: how many faults were found.
        signature: ``valid``, ``wrong``, ``unchecked`` (no key was given), ``none`` (unsigned), or None without a head.
    """

    __slots__ = ("cases", "documents", "entries", "erased", "events", "faults", "receipts", "seals", "signature")

    def __init__(self) -> None:
        self.cases = self.documents = self.entries = self.erased = self.events = self.faults = self.receipts = self.seals = 0
        self.signature: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


Report = Callable[[Fault], None]


def verify(
    store: Store, report: Report, case_id: int | None = None, head: dict[str, Any] | None = None, key: bytes | None = None
) -> Tally:
    """Look at one case or all, in memory that does not grow with the store.

    Args:
        report: is told of each fault as it is found.
        case_id: only this case, with the documents and seals it refers to.
        head: a head exported earlier (see :func:`tmcs.cases.seal.read_head`) that the store must still lead to.
        key: the key the head must be signed with.

    Raises:
        NotFoundError: there is no such case.
        StorageError, TryAgainError: the store cannot be read.
    """
    tally = Tally()

    def found(fault: Fault) -> None:
        tally.faults += 1
        report(fault)

    known = Documents(store)
    if case_id is None:
        _documents(store, known, found)
    if case_id is None or head is not None:
        _seals(store, found, tally)
    if head is not None:
        _head(store, found, tally, head, key)
    from tmcs.cases.verify_case import check_case

    for kept in read_cases(store, case_id):
        _count(tally, kept)
        tally.erased += check_case(kept, known, found)
    tally.documents = known.count
    return tally


def _count(tally: Tally, kept: Kept) -> None:
    tally.cases += kept.row is not None
    tally.events += len(kept.events)
    tally.receipts += len(kept.receipts)
    tally.entries += len(kept.entries)


class Documents:
    """The policies and flows that cases are pinned to, each looked at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[str, tuple[str, bool]] = {}

    @property
    def count(self) -> int:
        """How many were looked at."""
        return len(self._found)

    def take(self, name: str, kind: str, body: Any) -> bool:
        """Take a document, and return whether it is as it was written."""
        text = unpacked(body)
        good = text is not None and digest(text) == name
        self._found[name] = kind, good
        return good

    def find(self, name: str) -> tuple[str, bool] | None:
        """Return a document's kind and whether it is as it was written; None where it is missing."""
        if name not in self._found:  # a case may have been opened under it a moment ago
            row = self._store.execute("SELECT kind, body FROM document WHERE digest = ?", (name,)).fetchone()
            if row is None:
                return None
            self.take(name, *row)
        return self._found[name]


def _documents(store: Store, known: Documents, report: Report) -> None:
    for name, kind, body in store.stream("SELECT digest, kind, body FROM document ORDER BY digest"):
        if not known.take(name, kind, body):
            report(Fault("document-changed", None, None, f"版本 {name[:12]} 的内容被改动过", f"the contents of version {name[:12]} were changed"))


def unpacked(body: Any) -> bytes | None:
    """Return what was compressed; None where that cannot be read."""
    try:
        return zlib.decompress(bytes(body))
    except (zlib.error, TypeError):
        return None


def _seals(store: Store, report: Report, tally: Tally) -> None:
    """Compute the root of each seal anew, each upon the one before it."""
    prev, last = "", 0
    low = 0
    while (row := store.execute("SELECT id, at, agent, prev, root, cases FROM seal WHERE id > ? ORDER BY id LIMIT 1", (low,)).fetchone()):
        low, at, agent, before, root, cases = row
        tally.seals += 1
        made, count = seal_root(low, at, agent, before, sealed_cases(store, low))
        if before != prev:
            zh = f"第 {low} 次封存没有接上第 {last} 次" if last else f"第 {low} 次封存之前的封存不见了"
            en = f"seal {low} does not follow seal {last}" if last else f"the seal before seal {low} is missing"
            report(Fault("seal-missing", None, None, zh, en))
        if (made, count) != (root, cases):
            report(Fault("seal-changed", None, None, f"第 {low} 次封存的记录被改动过", f"the records of seal {low} were changed"))
        prev, last = root, low


def _head(store: Store, report: Report, tally: Tally, head: dict[str, Any], key: bytes | None) -> None:
    """Look for the seal that was exported, and at the signature it was exported with."""
    number = str(head["seal"])
    row = None
    if number.isascii() and number.isdigit():
        row = store.execute("SELECT at, agent, root, cases FROM seal WHERE id = ?", (int(number),)).fetchone()
    said = tuple(head[name] for name in ("at", "agent", "root", "changed"))
    if row is None:
        report(Fault("seal-missing", None, None, f"导出过的第 {number} 次封存不见了", f"seal {number}, exported earlier, is missing"))
    elif tuple(row) != said:
        report(Fault("head-differs", None, None, f"第 {number} 次封存与导出的封存头不同", f"seal {number} is not the one that was exported"))
    if key is None:
        tally.signature = "unchecked" if "signature" in head else "none"
    elif is_signed_by(head, key):
        tally.signature = "valid"
    else:
        tally.signature = "wrong"
        report(Fault("signature-wrong", None, None, "封存头的签名不符", "the head does not bear the signature of this key"))
