"""What a status means for the exit code."""

from __future__ import annotations

from typing import Final

from tmcs.core.errors import EXIT_NEEDS_FACTS, EXIT_OK, EXIT_WAITING
from tmcs.core.resolution import NEEDS_FACTS, RESOLVED, WAITING

_EXIT: Final = {RESOLVED: EXIT_OK, NEEDS_FACTS: EXIT_NEEDS_FACTS, WAITING: EXIT_WAITING}


def exit_code(status: str) -> int:
    """Return the exit code of a resolution's status: 0 resolved, 3 needs facts, 4 waiting."""
    return _EXIT[status]
