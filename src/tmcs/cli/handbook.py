"""`tmcs handbook`: the running rules written as a handbook."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import click

from tmcs.cli.common import Group, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK

if TYPE_CHECKING:
    from tmcs.core.errors import Finding


@click.group("handbook", cls=Group, short_help="手册成册 · the rules as a handbook")
def command() -> None:
    """由正在运行的规则写成手册 · the handbook, written from the running rules."""


@command.command("build")
@click.option("--out", "out", metavar="DIR", type=click.Path(), help="写到这个目录，须为空或已是手册 · write into this folder, empty or a handbook's")
@click.option("--manifest", "listed", metavar="FILE", type=click.Path(),
              help="写出每个文件的摘要，供 --check 与 sha256sum -c 核对 · write the digest of each file, for --check and sha256sum -c")  # fmt: skip
@click.option("--check", "checked", metavar="DIR|FILE", type=click.Path(),
              help="只核对目录或清单，与规则不符则退出码 1 · compare a folder or a manifest only; 1 where it differs from the rules")  # fmt: skip
@click.option("--format", "form", type=click.Choice(["html", "markdown", "both"]), help="形式，默认 both · form, default both")
@click.option("--lang", "lang", type=click.Choice(["zh", "en", "both"]), help="语言，默认 both · language, default both")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻的数字 · figures in force at this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
def build(
    out: str | None, listed: str | None, checked: str | None, form: str | None, lang: str | None, now_text: str | None,
    policy_files: tuple[str, ...],
) -> int:  # fmt: skip
    """写出整本手册: 流程、主动服务、政策、裁定、规则 · write the whole handbook as a static site and as Markdown.

    同样的规则写出同样的字节；--check 与已有的 --manifest 默认沿用当初的形式与语言，清单还沿用当初的时刻 · the same rules give
    the same bytes; --check, and --manifest over one that is there, keep the form and language that it was built in, and the
    time of a manifest.
    """
    from tmcs.core.errors import InputError

    if (out is None and listed is None) == (checked is None):
        raise InputError("请给出 --out、--manifest，或只给 --check", "give --out, --manifest or both, or --check alone")
    given = Given(form, lang, now_text, policy_files)
    if checked is not None:
        return _check_folder(checked, given) if os.path.isdir(checked) or not os.path.lexists(checked) else _check_manifest(checked, given)
    if listed is not None:
        from tmcs.manual.digests import standing

        if (kept := standing(listed)) is not None:
            given.follow(kept.form, kept.lang, kept.now)
    files = given.files()
    if out is not None:
        from tmcs.manual.folder import write

        for name in write(out, given.form, given.lang, files):
            note(given.said(f"{name} 改动过，没有删除", f"{name} was changed by hand and is left"))
        size = sum(map(len, files.values())) // 1024
        click.echo(given.said(f"{out}: {len(files)} 个文件，{size} KB", f"{out}: {len(files)} files, {size} KB"))
    if listed is not None:
        from tmcs.manual import digests

        digests.write(listed, digests.of(given.form, given.lang, given.now, files))
        click.echo(given.said(f"{listed}: {len(files)} 个摘要", f"{listed}: {len(files)} digests"), err=not os.path.isfile(listed))
        given.note_besides()
    return EXIT_OK


class Given:
    """How a handbook is to be built: as the options say, else as the one was that is there, else in all forms, as of now."""

    def __init__(self, form: str | None, lang: str | None, now: str | None, policy_files: tuple[str, ...]) -> None:
        self._form, self._lang, self._now = form, lang, now
        self.policy_files = policy_files

    def follow(self, form: str, lang: str, now: str | None = None) -> None:
        """Take what no option says from the handbook that is there."""
        from tmcs.manual.build import FORMS, LANGS

        self._form = self._form or (form if form in FORMS else None)
        self._lang = self._lang or (lang if lang in LANGS else None)
        self._now = self._now or now

    @property
    def form(self) -> str:
        """Pages for a browser, Markdown, or both."""
        return self._form or "both"

    @property
    def lang(self) -> str:
        """The language of the book, or both."""
        return self._lang or "both"

    @property
    def now(self) -> str:
        """The moment whose figures count, ISO 8601."""
        from tmcs.cli.given import moment
        from tmcs.core.order import SHANGHAI

        self._now = moment(self._now).astimezone(SHANGHAI).isoformat()
        return self._now

    def files(self) -> dict[str, bytes]:
        """Return the files of the handbook by name."""
        from tmcs.cli.given import moment
        from tmcs.manual.book import load
        from tmcs.manual.build import build as build_files

        return build_files(load(moment(self.now), self.policy_files), self.form, self.lang)

    def said(self, zh: str, en: str) -> str:
        """Return a message in the language of the book; of a book in both, in that of the desk."""
        from tmcs.config import language
        from tmcs.core.safe import one_line

        return one_line(en if (language() if self.lang == "both" else self.lang) == "en" else zh)

    def note_besides(self) -> None:
        """Tell what counts here besides the rules of tmcs itself: with other plug-ins or figures, the pages are others."""
        from tmcs.config import policy_files
        from tmcs.plugins import OK, OWN, registry

        found = dict.fromkeys(f"{one.dist} {one.version}" for one in registry().plugins if one.dist != OWN and one.status == OK)
        every = ", ".join([*found, *(self.policy_files or policy_files())])
        if every:
            note(self.said(f"另外算进了本机的插件或政策文件: {every}", f"plug-ins or policy files of this machine count besides: {every}"))


def _check_folder(folder: str, given: Given) -> int:
    from tmcs.core.errors import NotFoundError
    from tmcs.manual.folder import check, read_manifest

    manifest = read_manifest(folder)
    if manifest is None:
        raise NotFoundError(f"{folder} 里没有手册", f"there is no handbook in {folder}")
    given.follow(manifest.form, manifest.lang)
    return _told(check(folder, given.files()), given)


def _check_manifest(path: str, given: Given) -> int:
    from tmcs.manual import digests

    kept = digests.read(path)
    given.follow(kept.form, kept.lang, kept.now)
    code = _told(digests.check(kept, given.files()), given)
    if code != EXIT_OK:
        words = ["tmcs", "handbook", "build", "--manifest", path, *(word for file in given.policy_files for word in ("--policy", file))]
        click.echo(given.said(f"更新清单: {shlex.join(words)}", f"to bring it up to date: {shlex.join(words)}"))
        given.note_besides()
    return code


def _told(findings: list[Finding], given: Given) -> int:
    for finding in findings:
        click.echo(given.said(finding.message("zh"), finding.message("en")))
    if findings:
        n = len(findings)
        click.echo(given.said(f"{n} 个文件与现行规则不符", f"{n} {'file differs' if n == 1 else 'files differ'} from the running rules"))
    return EXIT_FINDINGS if findings else EXIT_OK
