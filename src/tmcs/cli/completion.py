"""`tmcs completion`: the script that makes a shell complete `tmcs`."""

from __future__ import annotations

import click

from tmcs.cli.common import Command
from tmcs.core.errors import EXIT_OK


@click.command("completion", cls=Command, short_help="命令行补全 · shell completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """输出补全脚本: 命令、选项、流程、事实、订单号、案件号 · print the script that completes commands, options, flows, facts, ids.

    \b
    bash  eval "$(tmcs completion bash)"        写入 ~/.bashrc
    zsh   eval "$(tmcs completion zsh)"         写入 ~/.zshrc，在 compinit 之后 · after compinit
    fish  tmcs completion fish | source         写入 ~/.config/fish/config.fish
    """
    from tmcs.cli.complete import script

    print(script(shell), end="")
    return EXIT_OK
