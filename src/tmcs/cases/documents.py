"""What a case is pinned to: the policy and the flow it was opened under, kept in the store by the digest of their contents."""

from __future__ import annotations

import json
import zlib
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tmcs.builtin import load_common
from tmcs.cases.audit import digest
from tmcs.core.errors import StorageError
from tmcs.core.facts import Fact
from tmcs.core.flow import Common, Flow
from tmcs.core.policy import Policy
from tmcs.loader import policy_of
from tmcs.store.base import Store

if TYPE_CHECKING:
    from tmcs.cases.history import History, Stage

POLICY: Final = "policy"
FLOW: Final = "flow"

_digests: dict[int, tuple[Any, str, str]] = {}
_policies: dict[str, Policy] = {}
_flows: dict[str, Flow] = {}


def flow_document(flow: Flow) -> dict[str, Any]:
    """Return all that a flow is made of: its own graph, the shared one, and those it goes on in."""
    return {
        "flow": flow.normal,
        "common": flow.common.normal,
        "targets": {name: flow_document(target) for name, target in sorted(flow.targets.items())},
        "installed": None if flow.installed is None else sorted(flow.installed),
        "notes": [list(note) for note in flow.notes],
    }


def policy_document(policy: Policy) -> dict[str, Any]:
    """Return all that a policy is made of, with the shared facts its tables read."""
    return {"normal": policy.normal(), "facts": load_common().normal["facts"]}


def _identified(thing: Any, document: Any) -> tuple[str, str]:
    """Return the digest and the JSON of a policy or flow; worked out once for each."""
    kept = _digests.get(id(thing))
    if kept is None or kept[0] is not thing:
        # In their own order, not sorted: choices are asked, and payouts bounded, in the order that they are written in.
        body = json.dumps(document(thing), ensure_ascii=False, separators=(",", ":"))
        kept = _digests[id(thing)] = (thing, digest(body), body)
    return kept[1], kept[2]


def policy_digest(policy: Policy) -> str:
    """Return what identifies a policy: the SHA-256 of its contents."""
    return _identified(policy, policy_document)[0]


def flow_digest(flow: Flow) -> str:
    """Return what identifies a flow with the shared graph around it."""
    return _identified(flow, flow_document)[0]


def pin_policy(store: Store, policy: Policy) -> str:
    """Keep a policy in the store and return its digest; within a transaction."""
    return _pin(store, POLICY, *_identified(policy, policy_document))


def pin_flow(store: Store, flow: Flow) -> str:
    """Keep a flow in the store and return its digest; within a transaction."""
    return _pin(store, FLOW, *_identified(flow, flow_document))


def _pin(store: Store, kind: str, name: str, body: str) -> str:
    if store.execute("SELECT 1 FROM document WHERE digest = ?", (name,)).fetchone() is None:
        store.execute(
            "INSERT INTO document (digest, kind, body) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING",
            (name, kind, zlib.compress(body.encode())),
        )
    return name


def _read(store: Store, name: str) -> Any:
    row = store.execute("SELECT body FROM document WHERE digest = ?", (name,)).fetchone()
    if row is None:
        raise StorageError(f"缺少版本 {name[:12]} 的内容", f"the contents of version {name[:12]} are missing")
    try:
        body = zlib.decompress(bytes(row[0]))
    except zlib.error:
        body = b""
    if digest(body) != name:
        raise StorageError(f"版本 {name[:12]} 的内容被改动过", f"the contents of version {name[:12]} were changed")
    return json.loads(body)


def pinned_policy(store: Store, name: str) -> Policy:
    """Return the policy of a digest.

    Raises:
        StorageError: its contents are missing or were changed.
    """
    found = _policies.get(name)
    if found is None:
        document = _read(store, name)
        facts = {fact: Fact(fact, one) for fact, one in document["facts"].items()}
        found = _policies[name] = policy_of(document["normal"], facts)
        _digests[id(found)] = (found, name, "")
    return found


def policy_for(store: Store, case: History | Stage) -> Policy:
    """Return the policy that a case is decided by: the one it is pinned to, with the figures of the day it is held to.

    A change that was announced in that policy reaches only cases opened from its day on, and those that are moved to it.

    Raises:
        StorageError: its contents are missing or were changed, or the events of the case were.
    """
    return pinned_policy(store, case.policy).on(held_to(case))


def held_to(case: History | Stage) -> date:
    """Return the day whose figures hold for a case; raises StorageError where its events say none."""
    try:
        return date.fromisoformat(case.on)
    except ValueError:
        raise StorageError("案件事件上的时间读不出来", "the time of an event of the case cannot be read") from None


def pinned_flow(store: Store, name: str) -> Flow:
    """Return the flow of a digest.

    Raises:
        StorageError: its contents are missing or were changed.
    """
    found = _flows.get(name)
    if found is None:
        found = _flows[name] = _flow_of(_read(store, name))
        _digests[id(found)] = (found, name, "")
    return found


def _flow_of(document: dict[str, Any]) -> Flow:
    targets = {name: _flow_of(one) for name, one in document["targets"].items()}
    flow = Flow(document["flow"], Common(document["common"]), targets)
    flow.installed = None if document["installed"] is None else frozenset(document["installed"])
    flow.notes = [(code, zh, en) for code, zh, en in document["notes"]]
    return flow
