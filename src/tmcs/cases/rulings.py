"""Which rulings (C…) a decision rests on, read from its receipt."""

from __future__ import annotations

import re
from typing import Final

# A text within the JSON has its quotes escaped, so nothing that somebody said can look like this key.
_CITES: Final = re.compile(r'"cites":\[([^\]]*)\]')
_RULING: Final = re.compile(r'"C([0-9]{1,4})"')


def rulings_of(receipt: str) -> str:
    """Return the rulings that a receipt's resolution cites, each once, in order: ``C04 C17``; ``""`` where it cites none."""
    found = {number for cites in _CITES.findall(receipt) for number in _RULING.findall(cites)}
    return " ".join(f"C{number}" for number in sorted(found, key=lambda one: (int(one), one)))
