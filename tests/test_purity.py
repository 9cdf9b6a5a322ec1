"""The core is pure: what it imports, and what the first command of the day imports, is a short list."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: Whatever makes the core reach out of itself, or a start slow.
FORBIDDEN = [
    "click", "sqlite3", "socket", "urllib", "http", "ruamel", "pluggy", "tabulate", "openpyxl", "chinese_calendar",
    "subprocess", "time",
]  # fmt: skip
SLOW = [
    "ruamel.yaml", "tabulate", "openpyxl", "chinese_calendar", "dataclasses", "importlib.metadata", "difflib", "sqlite3",
    "pathlib", "decimal", "fractions", "logging", "tempfile", "locale",
]  # fmt: skip

RESOLVE = """
import io, sys
from tmcs.cli.main import run
facts = ["photos_received=yes", "goods_kind=food", "damage_kind=rotten", "partial_quantity=no"]
argv = ["resolve", "damage", "--order-json", "-", "--format", "json"] + [w for f in facts for w in ("--set", f)]
order = '{"tid": "1", "status": "WAIT_BUYER_CONFIRM_GOODS", "payment": "9.00", "orders": [{"sku": "S", "price": "9.00"}]}'
sys.stdin = io.TextIOWrapper(io.BytesIO(order.encode()))
out, sys.stdout = sys.stdout, io.StringIO()
code = run(argv)
sys.stdout = out
print(code, *sorted(sys.modules))
"""


def modules(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_core_imports_nothing_that_reaches_outside() -> None:
    names = (
        "calendar case_rules case_rules_reader errors facts fill flow flow_reader money order parts payout policy policy_reader "
        "program resolution resolve source table text"
    )
    imports = "; ".join(f"import tmcs.core.{name}" for name in names.split())
    loaded = modules(f"import sys; before = set(sys.modules); {imports}; print(*(set(sys.modules) - before))")
    assert not [name for name in loaded if name.split(".")[0] in FORBIDDEN]
    assert not [name for name in loaded if name.startswith("tmcs.") and not name.startswith("tmcs.core")]


def test_the_core_reads_no_clock_and_no_environment() -> None:
    code = """
import tmcs.core.resolve, pathlib, re
folder = pathlib.Path(tmcs.core.resolve.__file__).parent
words = re.compile(r"\\b(datetime\\.now|date\\.today|utcnow|time\\.time|os\\.|environ|open\\(|print\\()")
print(*(f"{file.name}:{number}" for file in sorted(folder.glob("[a-z]*.py"))
        for number, line in enumerate(file.read_text().split("\\n"), 1) if words.search(line)))
"""
    assert modules(code) == []


@pytest.mark.parametrize("cached", [False, True])
def test_a_cold_resolve_imports_nothing_slow_once_the_cache_is_warm(cached: bool) -> None:
    if cached:
        modules(RESOLVE)
    code, *loaded = modules(RESOLVE)
    assert code == "0"
    if cached:
        assert not [name for name in loaded if name in SLOW]
