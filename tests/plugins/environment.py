"""A fresh virtual environment, as a stranger's would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


class Environment:
    """A virtual environment with tmcs and the example, and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True, timeout=300)

    def run(self, program: str, *argv: str, cwd: Path | None = None, **env: str) -> Ran:
        """Run a program of the environment."""
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("TMCS_", "PYTHON", "XDG_", "LC_"))}
        ran = subprocess.run(
            [str(self.bin / program), *argv], cwd=cwd or self.home, capture_output=True, text=True, encoding="utf-8",
            env={**keep, "HOME": str(self.home), "PYTHONUTF8": "1", **env}, timeout=600, check=False,
        )  # fmt: skip
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def pip(self, *argv: str) -> None:
        """Run pip with its index and cache as configured for whoever runs the tests."""
        home = os.environ.get("HOME", str(self.home))
        ran = self.run("python", "-m", "pip", "--disable-pip-version-check", *argv, HOME=home)
        assert ran.code == 0, ran.err
