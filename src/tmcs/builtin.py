"""The handbook's own data files: where they lie, their bytes, and the shared graph that they make."""

from __future__ import annotations

import os
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.flow import Common
from tmcs.files import read_bytes
from tmcs.lang.cache import cached
from tmcs.lang.limits import MAX_BYTES

HANDBOOK: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "handbook")
BUILT_IN: Final = "tmcs/handbook/"
#: The built-in policy, lowest first.
POLICY_FILES: Final = ("policy.yaml", "settings.yaml")

_bytes: dict[str, bytes] = {}
_common: Common | None = None


def handbook(name: str) -> bytes:
    """Return the bytes of one of the handbook's data files."""
    if name not in _bytes:
        _bytes[name] = read_bytes(os.path.join(HANDBOOK, name), MAX_BYTES)
    return _bytes[name]


def load_common() -> Common:
    """Return the shared graph: facts, guard and completion."""
    global _common
    if _common is None:
        graph, scripts = handbook("common.yaml"), handbook("scripts.yaml")

        def build() -> Any:
            from tmcs.core.flow_reader import read_common
            from tmcs.lang.yaml import parse_yaml

            sources = [parse_yaml(graph, BUILT_IN + "common.yaml"), parse_yaml(scripts, BUILT_IN + "scripts.yaml")]
            normal = read_common(*sources)
            findings = sources[0].findings + sources[1].findings
            if findings:
                n = len(findings)
                raise InputError(
                    f"共用流程有误 (共 {n} 处)", f"the shared graph is wrong ({n} faults)", findings=findings
                )
            return normal

        _common = Common(cached("common", [graph, scripts], build))
    return _common


def reset() -> None:
    """Forget what was loaded; for tests."""
    global _common
    _common = None
    _bytes.clear()
