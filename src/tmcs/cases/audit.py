"""The audit chain: each event carries the hash of the one before it; what is personal stands outside the hash.

An event's hash is SHA-256 over its canonical JSON. Of a personal part it covers only a commitment (SHA-256 of a random
salt and the text): erasing salt and text leaves every hash valid and the text beyond recovery.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, Final

try:
    from _sha256 import sha256  # type: ignore[import-not-found]  # hashlib would load OpenSSL at every start
except ImportError:  # another Python
    from hashlib import sha256

_encode: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode
_quote: Final = json.encoder.encode_basestring
_SALT: Final = 16
_LARGE: Final = 4096  # bytes from which OpenSSL's speed outweighs loading it


def canonical(value: Any) -> str:
    """Return JSON that is the same for the same value: keys sorted, no spaces, characters as they are."""
    return _encode(value)


def digest(data: str | bytes) -> str:
    """Return the SHA-256 of a text (UTF-8) or of bytes, in hex."""
    plain = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    hashed = sha256
    if len(plain) > _LARGE:
        from hashlib import sha256 as hashed
    found: str = hashed(plain).hexdigest()
    return found


def genesis(case_id: int) -> str:
    """Return what the first event of a case is linked to."""
    return digest(f"tmcs/case/1/{case_id}")


def event_hash(
    case_id: int, n: int, at: str, kind: str, agent: str, tier: str, data: str, private: str | None, prev: str
) -> str:
    """Return the hash of an event; ``private`` is the commitment to its personal part, ``prev`` the hash before it."""
    words = ",".join([_quote(at), _quote(kind), _quote(agent), _quote(tier), _quote(data)])
    return digest(f'["tmcs/event/1",{case_id},{n},{words},{"null" if private is None else _quote(private)},{_quote(prev)}]')


def new_salt() -> str:
    """Return a random salt, in hex."""
    return os.urandom(_SALT).hex()


def commitment(salt: str, body: str) -> str:
    """Return what an event says of its personal part."""
    return digest(f"{salt}:{body}")


def seal_root(number: int, at: str, agent: str, prev: str, cases: Iterable[tuple[int, int, str]]) -> tuple[str, int]:
    """Return the root of a seal and how many cases it covers, in constant memory.

    Args:
        number, at, agent: of the seal.
        prev: the root of the seal before it; ``""`` for the first.
        cases: each case changed since, by number, with its version and head.
    """
    from hashlib import sha256

    found, count = sha256(_encode(["tmcs/seal/1", number, at, agent, prev]).encode()), 0
    for case_id, version, head in cases:
        count += 1
        found.update(_encode([case_id, version, head]).encode())
    return found.hexdigest(), count
