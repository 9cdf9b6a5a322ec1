"""`tmcs handbook`: the running rules written as a handbook."""

from __future__ import annotations

import click

from tmcs.cli.common import Group, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK


@click.group("handbook", cls=Group, short_help="手册成册 · the rules as a handbook")
def command() -> None:
    """由正在运行的规则写成手册 · the handbook, written from the running rules."""


@command.command("build")
@click.option("--out", "out", metavar="DIR", type=click.Path(), help="写到这个目录，须为空或已是手册 · write into this folder, empty or a handbook's")
@click.option("--check", "checked", metavar="DIR", type=click.Path(), help="只核对，与规则不符则退出码 1 · compare only; 1 where it differs from the rules")
@click.option("--format", "form", type=click.Choice(["html", "markdown", "both"]), help="形式，默认 both · form, default both")
@click.option("--lang", "lang", type=click.Choice(["zh", "en", "both"]), help="语言，默认 both · language, default both")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻的数字 · figures in force at this time")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
def build(
    out: str | None, checked: str | None, form: str | None, lang: str | None, now_text: str | None, policy_files: tuple[str, ...]
) -> int:
    """写出整本手册: 流程、主动服务、政策、裁定、规则 · write the whole handbook as a static site and as Markdown.

    同样的规则写出同样的字节；--check 默认按目录当初的形式与语言核对 · the same rules give the same bytes; --check
    compares in the form and language that the folder was built in.
    """
    from tmcs.core.errors import InputError

    if (out is None) == (checked is None):
        raise InputError("请给出 --out 或 --check 之一", "give one of --out and --check")
    if checked is not None:
        return _check(checked, form, lang, now_text, policy_files)
    assert out is not None
    form, lang = form or "both", lang or "both"
    from tmcs.manual.folder import write

    files = _files(form, lang, now_text, policy_files)
    for name in write(out, form, lang, files):
        note(_said(lang, f"{name} 改动过，没有删除", f"{name} was changed by hand and is left"))
    size = sum(map(len, files.values())) // 1024
    click.echo(_said(lang, f"{out}: {len(files)} 个文件，{size} KB", f"{out}: {len(files)} files, {size} KB"))
    return EXIT_OK


def _check(folder: str, form: str | None, lang: str | None, now_text: str | None, policy_files: tuple[str, ...]) -> int:
    from tmcs.core.errors import NotFoundError
    from tmcs.core.safe import one_line
    from tmcs.manual.build import FORMS, LANGS
    from tmcs.manual.folder import check, read_manifest

    manifest = read_manifest(folder)
    if manifest is None:
        raise NotFoundError(f"{folder} 里没有手册", f"there is no handbook in {folder}")
    form = form or (manifest.form if manifest.form in FORMS else "both")
    lang = lang or (manifest.lang if manifest.lang in LANGS else "both")
    findings = check(folder, _files(form, lang, now_text, policy_files))
    for finding in findings:
        click.echo(one_line(finding.message("en" if lang == "en" else "zh")))
    if findings:
        click.echo(_said(lang, f"{len(findings)} 个文件与现行规则不符", f"{len(findings)} files differ from the running rules"))
    return EXIT_FINDINGS if findings else EXIT_OK


def _files(form: str, lang: str, now_text: str | None, policy_files: tuple[str, ...]) -> dict[str, bytes]:
    from tmcs.cli.given import moment
    from tmcs.manual.book import load
    from tmcs.manual.build import build as build_files

    return build_files(load(moment(now_text), policy_files), form, lang)


def _said(lang: str, zh: str, en: str) -> str:
    return en if lang == "en" else zh
