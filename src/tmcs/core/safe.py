"""Text made safe to show: customer text may carry terminal escapes, bidirectional controls and zero-width marks."""

from __future__ import annotations

# C0 except newline and tab, DEL, C1, bidirectional controls and isolates, zero-width marks, line separators.
_RANGES = (
    (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200B, 0x200F), (0x2028, 0x202E), (0x2060, 0x2069),
    (0xFEFF, 0xFEFF),
)  # fmt: skip
_CODES = [code for first, last in _RANGES for code in range(first, last + 1)]
#: For str.translate: what a terminal would act on, as a person reads it and as JSON writes it.
_SHOWN = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in _CODES}
_JSON = {code: f"\\u{code:04x}" for code in _CODES}


def clean(text: str) -> str:
    """Return ``text`` with every control character shown as an escape such as ``\\x1b``; newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_SHOWN)


def clean_json(text: str) -> str:
    """Return JSON in which characters that a terminal acts on are written as escapes; its meaning stays the same."""
    return text.translate(_JSON)


def one_line(text: str) -> str:
    """Return ``text`` safe and on one line, for a table cell."""
    return clean(text).replace("\n", "\\n").replace("\t", " ")
