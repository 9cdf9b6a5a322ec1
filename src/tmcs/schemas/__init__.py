"""The JSON Schemas of what tmcs prints, as package data: ``resolution-1.json``,
``resolutions-1.json`` for a chain of them, ``case-1.json`` for a case, ``worklist-1.json`` for the worklist of a job, ``desk-report-1.json`` for a report."""

from __future__ import annotations

import json
import os
from typing import Any


def schema(name: str) -> dict[str, Any]:
    """Return a schema by its name, e.g. ``resolution-1``."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.json")
    with open(path, encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found
