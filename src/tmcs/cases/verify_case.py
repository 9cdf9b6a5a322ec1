"""The audit of one case: its chain, what hangs on each event, and what follows from them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from tmcs.cases.audit import commitment, digest, event_hash, genesis
from tmcs.cases.history import DECIDING, Event, fold
from tmcs.cases.kept import Kept
from tmcs.cases.verify import Documents, Fault, Report, unpacked
from tmcs.cases.verify_money import compare

if TYPE_CHECKING:
    from tmcs.cases.history import History

#: Columns of a case's row that follow from its events, in words.
_FIELDS: Final[dict[str, tuple[str, str]]] = {
    "version": ("版本", "version"), "head": ("链头", "head"), "flow": ("流程", "flow"), "policy": ("政策", "policy"),
    "tid": ("订单号", "order"), "item": ("商品", "item"), "customer_id": ("客户", "customer"), "opened_at": ("建案时间", "time of opening"),
    "opened_by": ("建案人", "who opened it"), "outcome": ("结论", "outcome"), "closed_at": ("结案时间", "time of closing"),
    "sealed": ("封存版本", "sealed version"),
}  # fmt: skip


def check_case(kept: Kept, known: Documents, report: Report) -> int:
    """Report what is wrong with a case, and return how many personal parts and receipts were erased, as it says itself."""
    before, erased = 0, 0

    def found(fault: Fault) -> None:
        nonlocal before
        before += 1
        report(fault)

    for fault in _chain(kept):
        found(fault)
    intact = not before
    datas = {event["n"]: _data(event) for event in kept.events}
    last_erasure = max((event["n"] for event in kept.events if event["kind"] == "erased"), default=0)
    for event in kept.events:
        erased += _private(kept, event, last_erasure, found)
        erased += _receipt(kept, event, datas[event["n"]], last_erasure, found)
        for fault in _pinned(kept, event["n"], datas[event["n"]], known):
            found(fault)
    for fault in (*_strays(kept), *_sealed(kept)):
        found(fault)
    if kept.row is not None and intact and kept.events:
        try:
            faults = list(_follows(kept))
        except (AttributeError, KeyError, TypeError, ValueError):  # a chain made anew, of what are no events of ours
            faults = [Fault("event-changed", kept.id, None, "事件的内容读不出来", "its events cannot be read as events")]
        for fault in faults:
            found(fault)
    elif kept.row is not None:
        for fault in _row(kept, _ends(kept)):
            found(fault)
    return erased


def _data(event: dict[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(event["data"])
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _chain(kept: Kept) -> Iterator[Fault]:
    case_id, prev, expected = kept.id, genesis(kept.id), 1
    if kept.row is None:
        known = bool(kept.events) or not kept.seals
        if known:
            yield Fault("case-missing", case_id, None, "案件的记录不见了，只剩事件或款项", "the case itself is missing; only events or money are left")
        else:
            yield Fault("case-missing", case_id, None, "封存过的案件整个不见了", "the case was sealed and is missing altogether")
    for event in kept.events:
        n = event["n"]
        if n != expected:
            gap = f"{expected}" if n == expected + 1 else f"{expected}-{n - 1}"
            yield Fault("event-missing", case_id, n, f"之前缺少事件 {gap}", f"event {gap} before it is missing")
        made = event_hash(
            case_id, n, event["at"], event["kind"], event["agent"], event["tier"], event["data"], event["private"], event["prev"]
        )
        if made != event["hash"]:
            yield Fault("event-changed", case_id, n, "内容被改动过，与哈希不符", "it was changed: its contents do not match its hash")
        elif n == expected and event["prev"] != prev:
            yield Fault(
                "event-order", case_id, n, "没有接上前一事件: 有事件被插入、替换或调换",
                "it does not follow the event before it: inserted, replaced or reordered",
            )  # fmt: skip
        prev, expected = event["hash"], n + 1


def _private(kept: Kept, event: dict[str, Any], last_erasure: int, report: Report) -> int:
    """Look at the personal part of an event; return 1 where it was erased."""
    n, promise = event["n"], event["private"]
    there = kept.privates.get(n)
    if promise is None:
        if there is not None:
            report(Fault("private-extra", kept.id, n, "多出一份个人内容", "a personal part was put to it that it never had"))
        return 0
    if there is not None and there[0] is not None and there[1] is not None:
        if commitment(there[0], there[1]) != promise:
            report(Fault("private-changed", kept.id, n, "原因、备注或文字事实被改动过", "its reason, note or text facts were changed"))
        return 0
    if there == (None, None) and last_erasure > n:
        return 1
    report(Fault(
        "private-missing", kept.id, n, "原因、备注或文字事实不见了，也没有删除记录",
        "its reason, note or text facts are gone, and no event says they were erased",
    ))  # fmt: skip
    return 0


def _receipt(kept: Kept, event: dict[str, Any], data: dict[str, Any], last_erasure: int, report: Report) -> int:
    """Look at the receipt of a decision; return 1 where it was erased."""
    n = event["n"]
    if event["kind"] not in DECIDING:
        if n in kept.receipts:
            report(Fault("receipt-extra", kept.id, n, "多出一份判定凭证", "a receipt was put to an event that decides nothing"))
        return 0
    body = kept.receipts.get(n)
    if body is not None:
        text = unpacked(body)
        if text is None or digest(text) != data.get("receipt"):
            report(Fault("receipt-changed", kept.id, n, "判定凭证被改动过", "the receipt of its decision was changed"))
        return 0
    if n in kept.receipts and last_erasure > n:
        return 1
    report(Fault(
        "receipt-missing", kept.id, n, "判定凭证不见了，也没有删除记录", "the receipt of its decision is gone, and no event says it was erased"
    ))  # fmt: skip
    return 0


def _pinned(kept: Kept, n: int, data: dict[str, Any], known: Documents) -> Iterator[Fault]:
    for kind, zh, en in (("policy", "政策", "policy"), ("flow", "流程", "flow")):
        if kind not in data:
            continue
        name = str(data[kind])
        found = known.find(name)
        if found is None:
            yield Fault("document-missing", kept.id, n, f"所依据的{zh}版本 {name[:12]} 不见了", f"version {name[:12]} of its {en} is missing")
        elif found != (kind, True):
            yield Fault("document-changed", kept.id, n, f"所依据的{zh}版本 {name[:12]} 被改动过", f"version {name[:12]} of its {en} was changed")


def _strays(kept: Kept) -> Iterator[Fault]:
    """Yield the personal parts and receipts that belong to no event."""
    places = {event["n"] for event in kept.events}
    for n in sorted({*kept.privates, *kept.receipts} - places):
        yield Fault("stray", kept.id, n, "有个人内容或凭证，事件却不见了", "it has a personal part or a receipt, but the event itself is missing")


def _sealed(kept: Kept) -> Iterator[Fault]:
    """Yield what is not as it was sealed."""
    heads = {event["n"]: event["hash"] for event in kept.events}
    last = max(heads, default=0)
    for number, version, head in kept.seals if kept.row is not None or heads else ():
        if version > last:
            yield Fault(
                "event-missing", kept.id, version, f"第 {number} 次封存时有 {version} 个事件，现在只有 {last} 个",
                f"seal {number} covered {version} events, there are {last}",
            )  # fmt: skip
        elif heads.get(version) != head:
            yield Fault("sealed-differs", kept.id, version, f"与第 {number} 次封存的不同", f"it is not the one that seal {number} covered")


def _ends(kept: Kept) -> dict[str, Any]:
    """Return what the row of a case must say of its events and seals."""
    last = kept.events[-1] if kept.events else {"n": 0, "hash": ""}
    return {"version": last["n"], "head": last["hash"], "sealed": max((version for _, version, _ in kept.seals), default=0)}


def _row(kept: Kept, expected: dict[str, Any]) -> Iterator[Fault]:
    assert kept.row is not None
    for name, value in expected.items():
        if kept.row[name] != value:
            zh, en = _FIELDS[name]
            yield Fault("row-differs", kept.id, None, f"案件记录的{zh}与事件不符", f"its row says another {en} than its events")


def _follows(kept: Kept) -> Iterator[Fault]:
    """Yield where the row and the ledger are not what an unbroken chain of events leads to."""
    assert kept.row is not None
    events = [
        Event(e["n"], e["at"], e["kind"], e["agent"], e["tier"], e["data"], None, erased=False) for e in kept.events
    ]  # fmt: skip
    history = fold(events)
    yield from _row(kept, _ends(kept) | _expected(events, history))
    if history.closed != (kept.row["state"] == "closed"):
        yield Fault("row-differs", kept.id, None, "案件记录的状态与事件不符", "its row says another state than its events")
    tid = (events[0].data.get("order") or {}).get("tid")
    for entry, event_n, zh, en in compare(kept.id, tid, events[0].data.get("customer"), events, kept.entries):
        yield Fault("ledger-differs", kept.id, event_n, f"款项 {entry}: {zh}", f"ledger entry {entry}: {en}")


def _expected(events: list[Event], history: History) -> dict[str, Any]:
    opened = events[0]
    decided = next((event for event in reversed(events) if event.kind in DECIDING), opened)
    closed = next((event for event in reversed(events) if event.kind == "closed"), None) if history.closed else None
    return {
        "flow": history.flow_id, "policy": history.policy, "tid": (opened.data.get("order") or {}).get("tid"),
        "item": decided.data.get("item"), "customer_id": opened.data.get("customer"), "opened_at": opened.at,
        "opened_by": opened.agent, "outcome": decided.data.get("outcome"), "closed_at": closed and closed.at,
    }  # fmt: skip
