"""Text made safe to show: customer text may carry terminal escapes, bidirectional controls and zero-width marks."""

from __future__ import annotations

import re

# C0 except newline and tab, DEL, C1, bidirectional controls and isolates, zero-width marks, line separators.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """Return ``text`` with every control character shown as an escape such as ``\\x1b``; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def one_line(text: str) -> str:
    """Return ``text`` safe and on one line, for a table cell."""
    return clean(text).replace("\n", "\\n").replace("\t", " ")
