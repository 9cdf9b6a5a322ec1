"""Seals: one root over every case that changed since the last seal, exported as a head that an auditor keeps elsewhere.

Whoever can write the store can recompute every hash in it; only what was exported before, or signed with a key that is
not in the store, tells that something sealed was changed or taken out.
"""

from __future__ import annotations

import os
import stat
from typing import Any, Final

from tmcs.cases.audit import canonical, seal_root
from tmcs.core.errors import InputError
from tmcs.core.text import Text
from tmcs.files import read_bytes
from tmcs.store.base import Store

SCHEMA: Final = "tmcs/seal/1"
_KEYS: Final = ("seal", "at", "agent", "root", "changed", "cases", "events")
_MAX_HEAD: Final = 65_536
_KEY_BYTES: Final = range(16, 4097)


def seal(store: Store, agent: str, at: str) -> dict[str, Any]:
    """Seal every case that changed since the last seal and return the head (schema ``tmcs/seal/1``).

    Where nothing changed, no seal is made and the head of the last one is returned.

    Raises:
        StorageError, TryAgainError: the store cannot be written; nothing is sealed.
    """
    with store.transaction():
        run = store.execute
        store.alone("seal")
        if store.dialect == "postgresql":
            run("SET LOCAL statement_timeout = 0")  # a first seal covers every case there is
        last = run("SELECT id, root FROM seal ORDER BY id DESC LIMIT 1").fetchone()
        if last is None or run("SELECT 1 FROM cases WHERE version > sealed LIMIT 1").fetchone() is not None:
            _make(store, agent, at, last[1] if last else "")
        return _head(store)


def _make(store: Store, agent: str, at: str, prev: str) -> None:
    run = store.execute
    row = run("INSERT INTO seal (at, agent, prev, root, cases) VALUES (?, ?, ?, '', 0) RETURNING id", (at, agent, prev)).fetchone()
    number = int(row[0])
    run("INSERT INTO seal_case (seal_id, case_id, version, head) SELECT ?, id, version, head FROM cases WHERE version > sealed", (number,))
    root, count = seal_root(number, at, agent, prev, sealed_cases(store, number))
    run("UPDATE seal SET root = ?, cases = ? WHERE id = ?", (root, count, number))
    run(
        "UPDATE cases SET sealed = (SELECT s.version FROM seal_case s WHERE s.seal_id = ? AND s.case_id = cases.id)"
        " WHERE id IN (SELECT case_id FROM seal_case WHERE seal_id = ?)",
        (number, number),
    )


def sealed_cases(store: Store, number: int) -> Any:
    """Yield the cases of a seal with version and head, by number."""
    return store.stream("SELECT case_id, version, head FROM seal_case WHERE seal_id = ? ORDER BY case_id", (number,))


def _head(store: Store) -> dict[str, Any]:
    number, at, agent, root, changed = store.execute(
        "SELECT id, at, agent, root, cases FROM seal ORDER BY id DESC LIMIT 1"
    ).fetchone()
    cases, events = store.execute("SELECT count(*), coalesce(sum(sealed), 0) FROM cases WHERE sealed > 0").fetchone()
    return {
        "schema": SCHEMA, "seal": str(number), "at": at, "agent": agent, "root": root, "changed": changed, "cases": int(cases),
        "events": int(events),
    }  # fmt: skip


def read_key(path: str) -> bytes:
    """Return the key of a private file, line end aside.

    Raises:
        InputError: others may read the file, or it has fewer than 16 bytes or more than 4096.
        NotFoundError, StorageError: it is not there or cannot be read.
    """
    key = read_bytes(path, _KEY_BYTES[-1] + 1).rstrip(b"\r\n")
    if os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(
            f"密钥文件 {path} 别人也能读", f"others may read the key file {path}", hint=Text(f"chmod 600 {path}", f"chmod 600 {path}")
        )
    if len(key) not in _KEY_BYTES:
        raise InputError(f"密钥文件 {path} 应有 16 至 4096 字节", f"a key file has 16 to 4096 bytes: {path}")
    return key


def sign(head: dict[str, Any], key: bytes) -> dict[str, Any]:
    """Return a head with its signature: HMAC-SHA256 over its canonical JSON."""
    return {**head, "signature": _signature(head, key)}


def _signature(head: dict[str, Any], key: bytes) -> str:
    from hmac import new

    bare = {name: value for name, value in head.items() if name != "signature"}
    return "hmac-sha256:" + new(key, canonical(bare).encode(), "sha256").hexdigest()


def is_signed_by(head: dict[str, Any], key: bytes) -> bool:
    """Return whether a head bears the signature of a key."""
    from hmac import compare_digest

    return compare_digest(str(head.get("signature", "")), _signature(head, key))


def read_head(path: str) -> dict[str, Any]:
    """Return the head that was exported to a file.

    Raises:
        InputError: it is no head of a seal.
        NotFoundError, StorageError: the file is not there or cannot be read.
    """
    import json

    try:
        head = json.loads(read_bytes(path, _MAX_HEAD))
    except ValueError:
        head = None
    if not isinstance(head, dict) or head.get("schema") != SCHEMA or not all(key in head for key in _KEYS):
        raise InputError(f"{path} 不是封存头文件 ({SCHEMA})", f"{path} is no head of a seal ({SCHEMA})")
    return head
