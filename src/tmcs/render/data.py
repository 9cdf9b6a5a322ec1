"""Values for programs: JSON and YAML."""

from __future__ import annotations

import json
import sys
from typing import Any

from tmcs.core.safe import clean, clean_json


def to_json(value: Any) -> str:
    """Return JSON, indented on a terminal; characters that a terminal acts on are written as escapes."""
    return _json(value, 2 if sys.stdout.isatty() else None)


def to_line(value: Any) -> str:
    """Return JSON on one line, for a list that is written a member at a time; safe as :func:`to_json`."""
    return _json(value, None)


def _json(value: Any, indent: int | None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return clean_json(text) if _can_be_written(text) else json.dumps(value, indent=indent)


def _can_be_written(text: str) -> bool:
    """Return whether stdout can write every character: what it writes instead, ``\\xb7``, is no escape of JSON."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def to_yaml(value: Any) -> str:
    """Return YAML with the keys in their order; texts that could be read as something else are quoted."""
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    def quoted(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: quoted(part) for key, part in one.items()}
        if isinstance(one, list):
            return [quoted(part) for part in one]
        if isinstance(one, str) and (
            one == "" or not one.isprintable() or not one[0].isalpha() or one.lower() in _WORDS or not _can_be_written(one)
        ):
            return DoubleQuotedScalarString(one)
        return one

    yaml = YAML(typ="rt")
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 4096
    out = StringIO()
    yaml.dump(quoted(value), out)
    return clean(out.getvalue()).rstrip("\n")


#: Texts that YAML 1.1 or 1.2 would read as a truth value or nothing, in any case.
_WORDS = frozenset(["yes", "no", "y", "n", "on", "off", "true", "false", "null"])
