"""What every case command starts with: who acts, whether they may, and the desk they act at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tmcs.cases.actor import Actor, acting, require
from tmcs.cases.clock import now
from tmcs.core.errors import InputError
from tmcs.core.policy import Policy, Snapshot

if TYPE_CHECKING:
    from tmcs.cases.desk import Desk
    from tmcs.cases.seat import Seat

F = TypeVar("F", bound=Callable[..., Any])


def store_option(command: F) -> F:
    """Add ``--store``: a file or ``postgresql://…``; default the configured one."""
    return click.option("--store", metavar="STORE", help="数据文件或 postgresql:// 网址 · the store: a file or a URL")(command)


def why_option(command: F) -> F:
    """Add ``--why``: the reason, in the agent's words."""
    return click.option("--why", metavar="TEXT", help="原因 · the reason")(command)


def case_number(text: str) -> int:
    """Return the number of a case: ``1042`` or ``#1042``.

    Raises:
        InputError: it is no number.
    """
    plain = text.removeprefix("#")
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 18):
        raise InputError(f"案件号 {text[:40]} 有误，应为数字", f"{text[:40]} is no case number: expected digits")
    return int(plain)


def permitted(action: str) -> tuple[Actor, Policy, Snapshot]:
    """Return who acts, and the policy in force, after making sure that their role allows ``action``.

    Raises:
        NotPermittedError: it does not; who may is named.
    """
    from tmcs.loader import load_policy

    policy = load_policy()
    snapshot = policy.at(now())
    actor = acting(snapshot)
    require(actor, snapshot, action)
    return actor, policy, snapshot


@contextmanager
def at_desk(action: str, store: str | None) -> Iterator[tuple[Desk, Snapshot]]:
    """Open the store for writing, for an agent who may do ``action``; yield the desk and the policy in force."""
    from tmcs.cases.desk import Desk
    from tmcs.store import open_store

    actor, _, snapshot = permitted(action)
    with open_store(store, write=True) as opened:
        yield Desk(opened, actor), snapshot


@contextmanager
def at_seat(action: str, store: str | None) -> Iterator[tuple[Seat, Snapshot]]:
    """Do as :func:`at_desk`, for what decides nothing: nothing that decides is loaded."""
    from tmcs.cases.seat import Seat
    from tmcs.store import open_store

    actor, _, snapshot = permitted(action)
    with open_store(store, write=True) as opened:
        yield Seat(opened, actor), snapshot
