"""What came of a replay, for a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.safe import one_line
from tmcs.render.layout import columns, wrap

if TYPE_CHECKING:
    from tmcs.cases.replay import Replayed

_SHOWN: Final = 20  # differences
_LONGEST: Final = 60


def replay_text(found: list[Replayed], lang: str) -> str:
    """Return the decisions, each with its verdict, why, and what differs."""
    en = lang == "en"
    lines: list[str] = []
    for one in found:
        head = f"event {one.n}" if en else f"事件 {one.n}"
        kind, verdict = one.said(lang)
        lines.append(one_line(f"{head}  {one.at[:16].replace('T', ' ')}  {kind}: {verdict}"))
        lines += [wrap(one_line(text.pick(lang)), columns(), "  ") for text in one.why]
        for path, old, new in one.differences[:_SHOWN]:
            lines.append(wrap(one_line(f"{path}: {_short(old)} → {_short(new)}"), columns(), "    ", "      "))
        more = len(one.differences) - _SHOWN
        if more > 0:
            lines.append(f"    … {more} more" if en else f"    … 另有 {more} 处")
        if one.verdict == "erased":
            lines.append(f"  {one.digest}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
