"""How long a cold `tmcs resolve`, `tmcs case take` or completion takes, as a ratio to `python -c "import click"` in the same run.

    python tests/bench/bench_startup.py [--runs N] [--crowded]

Both commands run turn by turn; the figure to quote is the median of the ratios, pair by pair. `--crowded` measures the
same again with a hundred other distributions and thirty plug-ins installed. Run it from an environment in which tmcs
is installed as a wheel (an editable install is slower to import).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_resolve import ORDER

sys.path.insert(0, str(Path(__file__).parent))

FACTS = ["photos_received=yes", "goods_kind=food", "damage_kind=package-broken", "partial_quantity=no"]


def environment(folder: Path, site: Path | None) -> dict[str, str]:
    """Return an environment of its own: cache, store and configuration in ``folder``."""
    env = {**os.environ, **{f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG", "DATA")}}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    if site is not None:
        env["PYTHONPATH"] = str(site)
    return env


def once(command: list[str], env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def measure(name: str, command: list[str], env: dict[str, str], runs: int) -> None:
    """Print the medians of both commands and of their ratio."""
    base = [sys.executable, "-c", "import click"]
    for _ in range(3):  # fills the cache and the page cache
        once(command, env)
        once(base, env)
    ours, click = [], []
    for _ in range(runs):
        ours.append(once(command, env))
        click.append(once(base, env))
    ratio = statistics.median(a / b for a, b in zip(ours, click, strict=True))
    print(
        f"{name:34} {statistics.median(ours) * 1000:6.1f} ms   import click {statistics.median(click) * 1000:6.1f} ms   "
        f"ratio {ratio:.2f}"
    )


def completion(tmcs: str, env: dict[str, str], runs: int) -> None:
    """Measure what a shell waits for at each press of the key: a flow, a value of a fact, an order of the order book."""
    for line in ("tmcs ca", "tmcs resolve dam", "tmcs resolve damage -s goods_kind=gl", f"tmcs order show {str(ORDER['tid'])[:6]}", "tmcs case show "):
        asked = {"_TMCS_COMPLETE": "zsh_complete", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        measure(f"completion: {line[5:]}"[:34], [tmcs], {**env, **asked}, runs)


def case_take(tmcs: str, env: dict[str, str], store: str, runs: int) -> None:
    """Measure the taking of a task, a different one each time."""
    from bench_cases import fill

    from tmcs.store import open_store

    with open_store(store, write=True) as opened:
        fill(opened, 100 * (runs + 10))  # one of eight is in the queue, three of ten of those can be taken
    measure("case take", [tmcs, "case", "take", "--queue", "19047"], {**env, "TMCS_STORE": store, "TMCS_AGENT": "li"}, runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=41)
    parser.add_argument("--crowded", action="store_true", help="also with 100 distributions and 30 plug-ins installed")
    options = parser.parse_args()
    tmcs = str(Path(sys.executable).with_name("tmcs"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order = folder / "order.json"
        order.write_text(json.dumps(ORDER), "utf-8")
        sets = [word for fact in FACTS for word in ("--set", fact)]
        tail = ["--now", "2026-11-23T10:00:00+08:00", *sets, "--format", "json"]
        book = [tmcs, "resolve", "damage", "--order", str(ORDER["tid"]), *tail]
        file = [tmcs, "resolve", "damage", "--order-json", str(order), *tail]
        env = environment(folder / "plain", None)
        subprocess.run([tmcs, "order", "import", str(order)], env=env, check=True, stdout=subprocess.DEVNULL)
        measure("resolve --order (order book)", book, env, options.runs)
        measure("resolve --order-json FILE", file, env, options.runs)
        completion(tmcs, env, options.runs)
        case_take(tmcs, env, str(folder / "cases.db"), options.runs)
        if options.crowded:
            from make_site import make_site

            site = folder / "site"
            make_site(site, dists=100, plugins=30)
            env = environment(folder / "crowded", site)
            subprocess.run([tmcs, "order", "import", str(order)], env=env, check=True, stdout=subprocess.DEVNULL)
            measure("the same, 100 + 30 installed", book, env, options.runs)


if __name__ == "__main__":
    main()
