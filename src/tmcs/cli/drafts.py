"""Drafts: what a command was about to write when somebody else had written first. Kept as private files, applied again by name."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tmcs.core.errors import InputError, StorageError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.cases.history import Event
    from tmcs.cases.writer import ConflictError

F = TypeVar("F", bound=Callable[..., Any])
SCHEMA: Final = "tmcs/draft/1"
_MAX: Final = 1024 * 1024
#: Options that say how to run a command, not what it writes.
_NOT_WRITTEN: Final = ("case_id", "form", "lang", "store", "version", "draft", "no_input", "facts_file", "sets", "go_on")


def version_option(command: F) -> F:
    """Add ``--version``: the version of the case that the agent saw."""
    return click.option(
        "--version", type=click.IntRange(1), metavar="N", help="你看到的版本，已变则不写 · the version you saw; nothing is written if it changed"
    )(command)


def draft_option(command: F) -> F:
    """Add ``--draft FILE``: take what is to be written from a draft; what is given besides wins."""

    def take(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            found = read(value)
            if found is None or found["command"] != ctx.info_name:
                raise InputError(f"{value} 不是本命令的草稿", f"{value} is no draft of this command")
            ctx.default_map = {**(ctx.default_map or {}), **found["options"]}
        return value

    return click.option(
        "--draft", metavar="FILE", is_eager=True, callback=take, help="重新提交一份草稿 · apply a draft again"
    )(command)


def read(path: str) -> dict[str, Any] | None:
    """Return the draft that a file holds, None where it is something else.

    Raises:
        InputError, NotFoundError, StorageError: the file cannot be read.
    """
    from tmcs.files import read_bytes

    with suppress(ValueError):
        found = json.loads(read_bytes(path, _MAX))
        if isinstance(found, dict) and found.get("schema") == SCHEMA:
            return found
    return None


@contextmanager
def drafted(
    case_id: int, facts: Callable[[], dict[str, Any]] = dict, personal: Callable[[str], bool] | None = None, path: str | None = None
) -> Iterator[None]:
    """Lose nothing if somebody else has written the case first: keep what this command was about to write as a draft.

    Args:
        facts: returns the facts to be written.
        personal: whether the value of a fact is somebody's own words, which no message shows.
        path: the draft that is being applied; it is removed once that is written.

    Raises:
        ConflictError: with both sides, the draft and the command that applies it.
    """
    from tmcs.cases.writer import ConflictError

    try:
        yield
    except ConflictError as error:
        ctx = click.get_current_context()
        options = {name: value for name, value in ctx.params.items() if name not in _NOT_WRITTEN and value not in (None, False, ())}
        draft = {
            "schema": SCHEMA, "case": str(case_id), "command": ctx.info_name, "based_on": error.based_on, "facts": facts(), "options": options,
        }  # fmt: skip
        _tell(error, draft, personal or (lambda name: True))
        raise
    if path is not None:
        _applied(path)


def _tell(error: ConflictError, draft: dict[str, Any], personal: Callable[[str], bool]) -> None:
    shown = {name: "…" if personal(name) else value for name, value in draft["facts"].items()}
    options = {name: "…" if name in ("why", "text") else value for name, value in draft["options"].items()}
    error.yours = {"command": draft["command"], "facts": shown, "options": options}
    error.details += [_theirs(event) for event in error.since]
    said = " ".join(f"{name}={value}" for name, value in {**shown, **options}.items())
    error.details.append(Text(f"你要写入: {draft['command']} {said}", f"you were about to write: {draft['command']} {said}"))
    try:
        error.draft = _write(draft)
    except (OSError, StorageError) as failed:
        error.hint = Text(f"草稿无法保存 ({failed})，请记下上面的内容", f"the draft cannot be kept ({failed}): note down the above")
        return
    import shlex

    option = "--facts" if draft["command"] == "set" else "--draft"
    command = f"tmcs case {draft['command']} {draft['case']} {option} {shlex.quote(error.draft)}"
    error.details.append(Text(f"草稿: {error.draft}", f"draft: {error.draft}"))
    error.hint = Text(f"看过 tmcs case show {draft['case']}，再用: {command}", f"look at tmcs case show {draft['case']}, then: {command}")


def _theirs(event: Event) -> Text:
    """Return an event in one line, without anybody's own words."""
    from tmcs.cases.history import KINDS
    from tmcs.core.money import format_money

    zh, en = KINDS.get(event.kind, (event.kind, event.kind))
    said = [f"{name}={value}" for name, value in event.data.get("facts", {}).items()]
    said += [str(event.data[key]) for key in ("reason", "queue", "name") if key in event.data][:1]
    if isinstance(event.data.get("amount"), int):
        said.append(format_money(event.data["amount"]))
    who, words = f"{event.at[5:16].replace('T', ' ')} {event.agent}", " ".join(said)
    return Text(f"其间: {who} {zh} {words}".rstrip(), f"since then: {who} {en} {words}".rstrip())


def _write(draft: dict[str, Any]) -> str:
    from tmcs import config
    from tmcs.files import writing

    base = config.state_folder()
    if not base:
        raise StorageError("没有用户主目录", "there is no home folder")
    folder = os.path.join(base, "drafts")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    name = os.path.join(folder, f"case-{draft['case']}-{draft['command']}-{os.urandom(4).hex()}.json")
    with writing(name, sure=True) as file:
        file.write(json.dumps(draft, ensure_ascii=False, indent=1).encode())
    return name


def _applied(path: str) -> None:
    """Remove a draft that was written after all; another file of the agent's own stays."""
    from tmcs import config

    base = config.state_folder()
    if base and os.path.dirname(os.path.abspath(path)) == os.path.join(base, "drafts"):
        with suppress(OSError):
            os.unlink(path)
