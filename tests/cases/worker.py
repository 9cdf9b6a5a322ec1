"""A seat of the desk, for tests that run many of them at once, or kill them.

``python worker.py WORK STORE NAME [COUNT]`` writes to standard output one line for each call that returned, in one
write of its own: what is printed has been acknowledged, whatever happens to the process afterwards.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from tmcs.cases import payments, queue
from tmcs.cases.desk import Desk
from tmcs.core.errors import NotFoundError, NotPermittedError, TryAgainError
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.testing import example_order

FACTS = {"photos_received": "yes", "damage_kind": "rotten", "partial_quantity": "no"}
QUEUE = "19047"  # where a case of these facts leaves its task


class Seat:
    """Who acts."""

    def __init__(self, agent: str, tier: str = "frontline") -> None:
        self.agent = agent
        self.tier = tier
        self.role = "agent"


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def patiently(call: Any) -> Any:
    """Return what a call returns; a lock that is held is waited for again, as a script would."""
    while True:
        try:
            return call()
        except TryAgainError:
            say("again")


def work(desk: Desk, name: str, number: int) -> None:
    """Open a case, note on it, take a task, pay: each printed once it has returned."""
    record = {**example_order(), "tid": f"{name}-{number}"}
    case_id, _ = patiently(lambda: desk.open(load_flow("damage"), load_policy(), record, FACTS))
    say("opened", case_id)
    say("noted", case_id, patiently(lambda: desk.note(case_id, f"note {number}")))
    answer = patiently(lambda: payments.pay(desk, case_id, "damage", None))
    say("paid", case_id, answer.entry.id, answer.entry.amount)
    task = patiently(lambda: queue.take(desk, QUEUE))
    say("taken", task.id, task.case_id)


def claim(desk: Desk) -> None:
    """Claim until the queue is empty."""
    while True:
        try:
            task = patiently(lambda: queue.take(desk, QUEUE))
        except NotFoundError:
            return
        say("taken", task.id, task.case_id)


def race(desk: Desk, number: int) -> None:
    """Try to be paid for the same cause of the same order as everyone else."""
    record = {**example_order(), "tid": f"shared-{number}"}
    case_id, _ = patiently(lambda: desk.open(load_flow("damage"), load_policy(), record, FACTS))
    say("opened", case_id)
    try:
        answer = patiently(lambda: payments.pay(desk, case_id, "damage", None))
    except NotPermittedError:
        say("refused", case_id)
    else:
        say("paid", case_id, answer.entry.id, answer.entry.amount)


def main() -> None:
    what, store, name = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
    with patiently(lambda: open_store(store, write=True)) as opened:
        desk = Desk(opened, Seat(name))  # type: ignore[arg-type]
        say("ready")
        if what == "claim":
            claim(desk)
            return
        for number in range(count):
            if what == "race":
                race(desk, number)
            else:
                work(desk, name, number)


if __name__ == "__main__":
    main()
