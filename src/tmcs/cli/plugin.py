"""`tmcs plugin`: what is installed, whether it works, and a start for a plug-in of one's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from tmcs.cli.common import Group, format_option, lang_option, note
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK

if TYPE_CHECKING:
    from tmcs.core.check_report import CheckReport
    from tmcs.plugin_check import State
    from tmcs.plugin_project import ProjectReport

_STATUS = {"ok": "正常", "failed": "失败", "disabled": "停用", "overridden": "被覆盖"}
_KIND = {"flow": "流程", "job": "工作", "plugin": "插件"}


@click.group("plugin", cls=Group, short_help="插件 · plug-ins")
def command() -> None:
    """插件: 列出、检查、新建 · plug-ins: list, check, make a new one."""


@command.command("list")
@format_option("text", "json", "yaml")
@lang_option
def list_(form: str, lang: str) -> int:
    """列出全部插件，失败的在前并说明原因 · list all plug-ins, the failed ones first, each with its reason.

    退出码 0，即使有失败的；要据此判断请用 tmcs plugin check · exit 0 even if one failed; check is what exits 1.
    """
    from tmcs.plugin_check import states, warnings

    found = states()
    for text in warnings():
        note(text.pick(lang))
    _show(found, form, lang)
    return EXIT_OK


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME|FOLDER]...")
@click.option("--skip", "skip", metavar="STEP", multiple=True, help="项目不做哪一步，如 mypy、tests · a step of a project to leave out")
@click.option("--time-limit", "limit", metavar="SECONDS", type=click.FloatRange(1, 86400), default=300, show_default=True,
              help="项目自己的测试最多几秒 · for a project's own tests")  # fmt: skip
@format_option("text", "json", "yaml")
@lang_option
def check_(names: tuple[str, ...], skip: tuple[str, ...], limit: float, form: str, lang: str) -> int:
    """真正导入并检查插件，连同例子；有问题退出码 1 · import and check plug-ins for real, worked cases too; exit 1 if one fails.

    NAME: 名称、发行包，或 发行包:名称 · a name, a distribution or both (dist:name). FOLDER: 项目 (pyproject.toml)，不必安装，
    做全部检查，包括它自己的测试；或流程文件夹 · a project, installed or not: every check there is, its own tests too; or the
    folder of a flow.
    """
    from tmcs.plugin_check import check, check_folder, warnings
    from tmcs.plugin_stage import is_project

    folders = [name for name in names if os.path.isdir(name)]
    projects = _projects([name for name in folders if is_project(name)], skip, limit)
    found = check([name for name in names if name not in folders]) if len(folders) < len(names) or not names else []
    reports = [check_folder(folder) for folder in folders if not is_project(folder)]
    said = warnings()
    for text in said:
        note(text.pick(lang))
    if found or form != "text":
        _show(found, form, lang, reports, projects)
    if form == "text":
        _show_findings(found, reports, lang)
        for project in projects:
            print("\n".join(_project_lines(project, lang)))
    failed = any(one.plugin.status == "failed" for one in found) or any(report.findings for report in reports)
    return EXIT_FINDINGS if failed or said or any(project.failed for project in projects) else EXIT_OK


def _projects(folders: list[str], skip: tuple[str, ...], limit: float) -> list[ProjectReport]:
    if not folders and not skip:
        return []
    from tmcs.core.errors import unknown_word
    from tmcs.plugin_project import STEPS, check_project

    for word in skip:
        if word not in STEPS:
            raise unknown_word("检查", "step", word, STEPS)
    return [check_project(folder, skip, limit) for folder in folders]


def _project_lines(report: ProjectReport, lang: str) -> list[str]:
    """Return a project's checks: its failed steps with what is wrong first, one line for each of the others."""
    from tmcs.core.safe import one_line

    marks = {"passed": "✓", "failed": "✗", "skipped": "-"}
    lines = []
    for step in sorted(report.steps, key=lambda one: one.status != "failed"):
        said = step.said.pick(lang)
        lines.append(one_line(f"{marks[step.status]} {step.title.pick(lang)}{': ' if said else ''}{said}"))
        lines += [f"    {one_line(finding.message(lang))}" for finding in step.findings]
    bad = sum(step.status == "failed" for step in report.steps)
    project = report.project
    if lang == "zh":
        lines.append(one_line(f"{project.dist} {project.version}: {f'{bad} 项没有通过' if bad else '全部通过'}"))
    else:
        lines.append(one_line(f"{project.dist} {project.version}: {f'{bad} checks failed' if bad else 'passed'}"))
    return lines


@command.command("new")
@click.argument("name")
@click.option("--kind", type=click.Choice(["flow", "job", "source", "format"]), default="flow", show_default=True,
              help="流程、工作、订单读取器、输出格式 · what it brings")  # fmt: skip
@click.option("--dir", "parent", metavar="DIR", default=".", show_default=True, help="放在哪个文件夹里 · where to put it")
@lang_option
def new(name: str, kind: str, parent: str, lang: str) -> int:
    """新建一个插件项目: 装上就能用、能通过检查和自己的测试 · write a plug-in that installs, runs, passes its check and its tests.

    NAME: 流程或工作的名称，如 crate-return · the id of the flow or job, or the name of the order reader or format.
    """
    from tmcs.plugin_new import write_skeleton

    folder, files = write_skeleton(name, parent, kind)
    for file in files:
        print(os.path.join(folder, file))
    run = {
        "flow": f"tmcs resolve {name} -s wanted=yes", "job": f"tmcs job show {name}",
        "source": f"tmcs order import {os.path.join(folder, 'tests', 'example.csv')}",
        "format": f"tmcs resolve damage -s photos_received=no --format {name}",
    }[kind]  # fmt: skip
    said = f"pip install -e '{folder}[test]' && tmcs plugin check {folder} && {run}"
    note(f"next: {said}" if lang == "en" else f"下一步: {said}")
    return EXIT_OK


def _show(
    found: list[State], form: str, lang: str, reports: list[CheckReport] | None = None, projects: list[ProjectReport] | None = None
) -> None:
    if form == "text":
        print(_table(found, lang))
        return
    from tmcs.render.parts import dump

    data: dict[str, Any] = {"schema": "tmcs/plugins/1", "plugins": [one.to_dict() for one in found]}
    if reports is not None:
        data["folders"] = [report.to_dict() for report in reports]
    if projects is not None:
        data["projects"] = [project.to_dict() for project in projects]
    print(dump(data, form))


def _table(found: list[State], lang: str) -> str:
    from tmcs.core.safe import one_line
    from tmcs.render.layout import table

    zh = lang == "zh"
    rows = []
    for one in found:
        plugin = one.plugin
        status = _STATUS[plugin.status] if zh else plugin.status
        rows.append((
            f"! {status}" if plugin.status == "failed" else status,
            _KIND[plugin.kind] if zh else plugin.kind,
            one_line(plugin.name),
            one_line(f"{plugin.dist} {plugin.version}"),
            one_line(plugin.reason[0 if zh else 1]),
        ))  # fmt: skip
    heads = ["状态", "种类", "名称", "发行包", "原因"] if zh else ["status", "kind", "name", "distribution", "reason"]
    return table(rows, heads)


def _show_findings(found: list[State], reports: list[CheckReport], lang: str) -> None:
    """Print every finding on its line, and what was walked of the flows that pass."""
    from tmcs.core.safe import clean

    checked = [(one.report.id, one.report, one.findings) for one in found if one.report is not None]
    checked += [(report.id, report, report.findings) for report in reports]
    bare = [finding for one in found if one.report is None for finding in one.findings]
    for finding in [*bare, *(finding for _, _, findings in checked for finding in findings)]:
        print(clean(finding.message(lang)))
    for id, report, findings in checked:
        if findings:
            continue
        passed, total = report.examples
        print(f"{clean(id)}: {report.paths} 条路径，例子 {passed}/{total}" if lang == "zh"
              else f"{clean(id)}: {report.paths} paths, worked cases {passed}/{total}")  # fmt: skip


__all__ = ["command"]
