"""Shell completion: what the shell asks for with ``_TMCS_COMPLETE`` set, answered at once or not at all.

click knows commands, options and choices; :mod:`tmcs.cli.complete_words` knows the words of the desk. No flow is checked,
no store is made or waited for, and an error gives no completions and no noise.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    _resolve_context,
    _resolve_incomplete,
    split_arg_string,
)

if TYPE_CHECKING:
    import click

VARIABLE: Final = "_TMCS_COMPLETE"
#: What bash takes for an end of a word although it stands in the middle of ours.
_BREAK: Final = "="
#: Characters that bash would not take literally in an unquoted word.
_SPECIAL: Final = re.compile(r"([\s!\"#$&'()*;<>?\[\\\]^`{|}~])")


class _Ours:
    """Finds completions: click's own, and the desk's words for the options and arguments that take them."""

    cli: click.Command
    ctx_args: Any
    prog_name: str
    #: Whether the shell replaces the whole of ``--option=value``, not the value only.
    whole_word = True

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        from click import Parameter

        from tmcs.cli.complete_words import words_for

        # An option that lacks its value would keep click from reading the arguments before it.
        whole = args[:-1] if args and args[-1].startswith("-") and "=" not in args[-1] else args
        ctx = _resolve_context(self.cli, self.ctx_args, self.prog_name, whole)
        obj, value = _resolve_incomplete(ctx, list(args), incomplete)
        words = words_for(ctx, obj) if isinstance(obj, Parameter) else None
        found = obj.shell_complete(ctx, value) if words is None else words(value)
        if self.whole_word and value != incomplete:
            option = incomplete.removesuffix(value)
            for item in found:
                item.value = f"{option}{item.value}"
        return found


class _Bash(_Ours, BashComplete):
    """bash, which cuts words at ``=``; a fact's name is not followed by a space."""

    whole_word = False
    source_template = BashComplete.source_template.replace(
        "    return 0\n}", '    [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace\n    return 0\n}', 1
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor and the one under it, as they were before bash cut them."""
        words, cursor = split_arg_string(os.environ["COMP_WORDS"]), int(os.environ["COMP_CWORD"])
        words = words[: cursor + 1] + [""] * (cursor + 1 - len(words))
        self._cut = _BREAK in words[max(cursor - 1, 0) :]
        joined: list[str] = []
        for n, word in enumerate(words):
            follows = word == _BREAK or (n and words[n - 1] == _BREAK)
            if joined and follows:
                joined[-1] += word
            else:
                joined.append(word)
        return joined[1:-1], joined[-1]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        value = str(item.value)
        if self._cut and item.type == "plain":
            value = value.partition(_BREAK)[2] or value
        return f"{item.type},{_SPECIAL.sub(_escaped, value)}"


def _escaped(match: re.Match[str]) -> str:
    return f"\\\\{match[1]}"  # the script's `read` takes one away


class _Zsh(_Ours, ZshComplete):
    """zsh; a fact's name is not followed by a space."""

    source_template = ZshComplete.source_template.replace(
        "        _describe -V unsorted completions_with_descriptions -U\n",
        "        local -a ending\n"
        "        [[ ${completions_with_descriptions[1]} == *=:* ]] && ending=(-S '')\n"
        '        _describe -V unsorted completions_with_descriptions -U "${ending[@]}"\n',
    )


class _Fish(_Ours, FishComplete):
    """fish."""


SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def script(shell: str) -> str:
    """Return the script that a shell reads to complete `tmcs`."""
    from tmcs.cli.main import cli

    # click's own `source()` of bash would look for bash and its version; whoever asks for its script has it.
    return ShellComplete.source(SHELLS[shell](cli, {}, "tmcs", VARIABLE))


def answer(instruction: str) -> int:
    """Answer ``bash_complete``, ``zsh_source`` and the like on standard output, and return the exit code, 0.

    Whatever goes wrong, or is printed by a plug-in, is kept from the prompt.
    """
    shell, _, wanted = instruction.partition("_")
    said = ""
    with suppress(Exception), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        said = _ANSWERS[wanted](shell)
    with suppress(OSError):
        sys.stdout.buffer.write(f"{said}\n".encode() if said else b"")
        sys.stdout.flush()
    return 0


def _complete(shell: str) -> str:
    from tmcs.cli.main import cli

    return SHELLS[shell](cli, {}, "tmcs", VARIABLE).complete()


_ANSWERS: Final[dict[str, Callable[[str], str]]] = {"source": script, "complete": _complete}
