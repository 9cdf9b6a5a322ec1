"""`tmcs man`: the manual pages."""

from __future__ import annotations

import os

import click

from tmcs.cli.common import Command
from tmcs.core.errors import EXIT_OK, StorageError


@click.command("man", cls=Command, short_help="手册页 (man) · manual pages")
@click.option("--out", metavar="DIR", required=True, help="写到这个目录，没有则新建 · write into this folder, made where it is missing")
def command(out: str) -> int:
    """写出手册页: tmcs.1 和每个命令一页 · write the manual pages: tmcs.1, and one for each command.

    同样的命令写出同样的字节；用 man -l 看一页 · the same commands give the same bytes; man -l FILE shows a page.
    """
    from tmcs.files import write_atomic
    from tmcs.manpages import pages

    try:
        os.makedirs(out, exist_ok=True)
    except OSError as error:
        raise StorageError(f"无法建立目录 {out}: {error.strerror}", f"cannot make the folder {out}: {error.strerror}") from None
    found = pages()
    for name, text in found.items():
        write_atomic(os.path.join(out, name), text.encode())
    print(f"{len(found)} → {out}")
    return EXIT_OK
