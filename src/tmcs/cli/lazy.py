"""A group of commands that knows them by name: the module of each is imported only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from tmcs.cli.common import Group

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Command -> (module, short help zh, short help en). The module has it as ``command``, or by name in ``SUBCOMMANDS``.
Commands = Mapping[str, tuple[str, str, str]]


class LazyGroup(Group):
    """A group whose commands are those of a table; a wrong name is answered with the nearest."""

    def __init__(self, *args: Any, table: Commands, **more: Any) -> None:
        super().__init__(*args, **more)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self._table:
            return None
        module = import_module(self._table[name][0])
        found: click.Command = module.SUBCOMMANDS[name] if hasattr(module, "SUBCOMMANDS") else module.command
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete from the table: no command is imported for its name."""
        from click.shell_completion import CompletionItem

        from tmcs.config import language

        en = language() == "en"
        found = [CompletionItem(name, help=words[en]) for name, (_, *words) in self._table.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self._table:
            from tmcs.core.errors import unknown_word

            raise unknown_word("命令", "command", args[0], self._table)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, f"{zh} · {en}") for name, (_, zh, en) in self._table.items()])
