"""``tmcs plugin check`` of a project's folder: every check that tmcs runs on itself, installed or not.

The project is put on the import path for the time of the check; its code runs, as it would once installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import Finding, TmcsError
from tmcs.core.text import Text
from tmcs.plugin_stage import Project, is_of, read_project, staged
from tmcs.plugins import FAILED, FLOW_GROUP, JOB_GROUP, OK, Plugin, PluginError, registry

if TYPE_CHECKING:
    from tmcs.core.flow import Flow

PASSED, SKIPPED = "passed", "skipped"
#: Seconds that a project's own tests may take.
LIMIT: Final = 300
#: Set while a project's own tests run, so that a test which checks the project does not run the tests again.
INSIDE: Final = "TMCS_PLUGIN_CHECK"
_LINES: Final = 40  # lines of a tool's output that are shown


class Step:
    """One check of a project.

    Attributes:
        id, title: which.
        status: ``passed``, ``failed`` or ``skipped``.
        said: what was counted, or why it was not run.
        findings: what is wrong.
    """

    __slots__ = ("findings", "id", "said", "status", "title")

    def __init__(self, id: str, title: Text) -> None:
        self.id = id
        self.title = title
        self.status = PASSED
        self.said = Text("", "")
        self.findings: list[Finding] = []

    def skip(self, zh: str, en: str) -> None:
        """Say why the step was not run."""
        self.status, self.said = SKIPPED, Text(zh, en)

    def fail(self, findings: Iterable[Finding]) -> None:
        """Note faults; with none, the step stays as it is."""
        self.findings += findings
        if self.findings:
            self.status = FAILED

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON."""
        found = [one.to_dict() for one in self.findings]
        return {"id": self.id, "title": self.title.to_dict(), "status": self.status, "said": self.said.to_dict(), "findings": found}


class ProjectReport:
    """What the checks of a project found."""

    __slots__ = ("project", "steps")

    def __init__(self, project: Project) -> None:
        self.project = project
        self.steps: list[Step] = []

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(step.status == FAILED for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON."""
        project, steps = self.project, [step.to_dict() for step in self.steps]
        return {"folder": project.folder, "dist": project.dist, "version": project.version, "steps": steps, "ok": not self.failed}


Check = Callable[[Project, Step], None]


def check_project(folder: str, skip: Iterable[str] = (), limit: float = LIMIT) -> ProjectReport:
    """Run every check on a project.

    Args:
        folder: where its ``pyproject.toml`` lies.
        skip: ids of steps that are left out.
        limit: seconds that its own tests may take.

    Raises:
        InputError, NotFoundError: its ``pyproject.toml`` is wrong, or there is none.
    """
    report = ProjectReport(read_project(folder))
    left_out = set(skip)
    with staged(report.project) as site:
        for id, (title, check, alone) in STEPS.items():
            step = Step(id, title)
            report.steps.append(step)
            if id in left_out:
                step.skip("按要求不做", "left out as asked")
            elif not alone and report.steps[0].status == FAILED:
                step.skip("插件用不了，没有做", "not run: the plug-in cannot be used")
            elif id == "tests":
                _tests(report.project, step, site, limit)
            else:
                _run(check, report.project, step)
    return report


def _run(check: Check, project: Project, step: Step) -> None:
    try:
        check(project, step)
    except TmcsError as error:
        step.fail(error.findings or [Finding(project.folder, 0, 0, error.text)])


def _mine(project: Project, group: str = "") -> list[Plugin]:
    return [p for p in registry().plugins if is_of(p.dist, project) and group in ("", p.group)]


def _load(project: Project, step: Step) -> None:
    """Import the plug-in; its hooks are marked, known, and give what they should."""
    from tmcs.plugin_data import failures, refresh

    reg = registry()
    refresh(reg)
    failed = failures()
    hooks: dict[str, None] = {}
    for plugin in _mine(project):
        try:
            if plugin.status != OK:
                raise PluginError(plugin, plugin.reason[0], plugin.reason[1])
            hooks |= dict.fromkeys(sorted(reg.host.load(plugin)))
            if plugin.group not in (FLOW_GROUP, JOB_GROUP) and plugin.ref in failed:
                raise PluginError(plugin, failed[plugin.ref][0], failed[plugin.ref][1])
        except TmcsError as error:
            said = error.reason if isinstance(error, PluginError) else [error.text.zh, error.text.en]
            step.fail([Finding(f"{plugin.group}:{plugin.name}", 0, 0, Text(*said)), *error.findings])
    names = ", ".join(hooks)
    step.said = Text(f"钩子 {names}", f"hooks {names}")


def _flows(project: Project, step: Step) -> None:
    """Walk every path of its flows and run their worked cases."""
    from tmcs.flowcheck import check_named

    mine = _mine(project, FLOW_GROUP)
    if not mine:
        return step.skip("没有流程", "it brings no flow")
    reports = [check_named(plugin.name) for plugin in mine]
    for report in reports:
        step.fail(report.findings)
    step.said = _counted(reports)
    return None


def _prove(project: Project, step: Step) -> None:
    """Prove its flows: every answer that can occur has exactly one result, within caps and authority, without a loop."""
    from tmcs.flowproof import prove_all

    mine = _mine(project, FLOW_GROUP)
    if not mine:
        return step.skip("没有流程", "it brings no flow")
    run = prove_all(plugin.name for plugin in mine)
    faults = [*(fault for proof in run.proofs for fault in proof.faults), *run.loops.faults]
    step.fail(Finding(f"{fault.flow}:{fault.node}", 0, 0, Text(fault.zh, fault.en)) for fault in faults)
    if run.faults > len(faults) and not faults:
        return step.skip("流程没有通过检查，没有证明", "not run: the flow does not pass its check")
    n = sum(proof.combinations for proof in run.proofs)
    step.said = Text(f"{n} 种组合", f"{n} combinations")
    return None


def _jobs(project: Project, step: Step) -> None:
    """Walk its jobs' graphs, run their worked cases, and see that times, groups and rules are known."""
    mine = _mine(project, JOB_GROUP)
    if not mine:
        return step.skip("没有工作", "it brings no job")
    from tmcs.jobs.check import check_jobs

    reports = check_jobs(plugin.name for plugin in mine)
    for report in reports:
        step.fail(report.findings)
    step.said = _counted(reports)
    return None


def _counted(reports: list[Any]) -> Text:
    paths, passed, total = (sum(n) for n in zip(*((one.paths, *one.examples) for one in reports), strict=True))
    return Text(f"{paths} 条路径，例子 {passed}/{total}", f"{paths} paths, worked cases {passed}/{total}")


def _rules(project: Project, step: Step) -> None:
    """See that the rules it cites exist, and that something carries out each rule it brings."""
    from tmcs import rulebook
    from tmcs.flowcheck import check_figures
    from tmcs.loader import load_policy
    from tmcs.trace import trace

    here = os.path.join(project.folder, "")
    # A flow's and a job's cites are read by their checks; here are those of the policy fragment.
    step.fail(one for one in check_figures().findings if os.path.abspath(one.file).startswith(here))
    mine = {plugin.ref for plugin in _mine(project)}
    paths = [one["rules"] for one in registry().brought() if one["ref"] in mine and one["rules"]]
    sections = [one.id for one in rulebook.rules_from(paths)]
    rows = trace(_graphs(project), load_policy(()), sections) if sections else []
    excused = {rule for plugin in _mine(project, JOB_GROUP) for rule in _job(plugin.name).not_executable}
    step.fail(
        Finding(paths[0], 0, 0, Text(f"没有哪一处执行 {row.rule}", f"nothing carries out {row.rule}"))
        for row in rows if row.missing and row.rule not in excused
    )  # fmt: skip
    step.said = Text(f"自带规则 {len(rows)} 条", f"{len(rows)} rules of its own")


def _job(name: str) -> Any:
    from tmcs.jobs.definition import load_job

    return load_job(name)


def _graphs(project: Project) -> list[Flow]:
    from tmcs.loader import load_flow

    found = [load_flow(plugin.name, checked=False) for plugin in _mine(project, FLOW_GROUP)]
    return [*found, *(_job(plugin.name).flow for plugin in _mine(project, JOB_GROUP))]


def _wording(project: Project, step: Step) -> None:
    """Check the words that its flows and jobs say, as ``tmcs lint-message --scripts --strict`` does ours."""
    from tmcs.cases.clock import now
    from tmcs.core.wording import Case, lint
    from tmcs.loader import load_policy
    from tmcs.wording import load_wording, own_scripts

    flows = _graphs(project)
    if not flows:
        return step.skip("没有话术", "it says nothing")
    wording, snapshot = load_wording(), load_policy().at(now())
    count = 0
    for name, words, flow in own_scripts(flows, snapshot, wording["samples"]):
        if flow is None:
            continue  # of the shared graph
        count += 1
        known = flow if registry().knows(flow) else None
        for remark in lint(words, wording, Case(known, settings=snapshot.settings)):
            said = Text(f"“{remark.words}” {remark.why.zh} [{remark.id}]", f"“{remark.words}” {remark.why.en} [{remark.id}]")
            step.fail([Finding(name, 0, 0, said)])
    step.said = Text(f"话术 {count} 条", f"{count} scripts")
    return None


def _imports(project: Project, step: Step) -> None:
    """See that its code uses only the public names of tmcs."""
    from tmcs.plugin_imports import private_names

    step.fail(private_names(project.folder))


def _ruff(project: Project, step: Step) -> None:
    _tool(project, step, "ruff", ["check", "--output-format", "concise", "--no-cache", "."])


def _mypy(project: Project, step: Step) -> None:
    _tool(project, step, "mypy", ["--no-error-summary", "--no-color-output", os.path.relpath(project.root, project.folder)])


def _tool(project: Project, step: Step, name: str, argv: list[str]) -> None:
    if find_spec(name) is None:
        return step.skip(f"没有安装 {name}", f"{name} is not installed")
    # What is only being tried out is on nobody's import path: mypy is told where it and tmcs lie.
    code, lines = _called([name, *argv], project.folder, {"MYPYPATH": os.pathsep.join([project.root, _home()])}, LIMIT)
    if code:
        step.fail(_said(f"{name} (exit {code})", lines))
    return None


def _tests(project: Project, step: Step, site: str, limit: float) -> None:
    """Run its own tests in a process of their own."""
    if os.environ.get(INSIDE):
        return step.skip("正由它自己的测试检查，不再重复", "not run: it is its own tests that ask")
    if find_spec("pytest") is None:
        return step.skip("没有安装 pytest", "pytest is not installed")
    path = os.pathsep.join(filter(None, [site, project.root, _home(), os.environ.get("PYTHONPATH", "")]))
    env = {"PYTHONPATH": path, INSIDE: "1"}
    argv = ["pytest", "-q", "--no-header", "--color=no", "-p", "no:cacheprovider"]
    code, lines = _called(argv, project.folder, env, limit)
    if code == 5:
        step.fail([Finding(project.folder, 0, 0, Text("没有测试", "there are no tests"))])
    elif code:
        step.fail(_said("pytest" if code > 0 else "pytest (time)", lines))
    else:
        step.said = Text(*[lines[-1] if lines else ""] * 2)
    return None


def _called(argv: list[str], folder: str, more: dict[str, str], limit: float) -> tuple[int, list[str]]:
    """Run a module of this Python; return its exit code and last lines, -1 where it took longer than ``limit`` seconds."""
    env = {**os.environ, "PYTHONUTF8": "1", **more}
    process = subprocess.Popen(
        [sys.executable, "-m", *argv], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        data, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        _stop(process)
        return -1, [f"longer than {limit:g} s"]
    except BaseException:
        _stop(process)
        raise
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    return process.returncode, lines[-_LINES:]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it has started."""
    if hasattr(os, "killpg"):
        import signal
        from contextlib import suppress

        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.communicate()


def _said(what: str, lines: list[str]) -> Iterator[Finding]:
    return (Finding(what, 0, 0, Text(line, line)) for line in lines)


def _home() -> str:
    """Return the folder that tmcs itself is imported from."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


#: Step -> its title, the check, and whether it is run although the plug-in cannot be used.
STEPS: Final[dict[str, tuple[Text, Check, bool]]] = {
    "load": (Text("导入与钩子", "import and hooks"), _load, True),
    "flows": (Text("流程检查与例子", "flows and their worked cases"), _flows, False),
    "prove": (Text("流程证明", "proof of its flows"), _prove, False),
    "jobs": (Text("工作检查与例子", "jobs and their worked cases"), _jobs, False),
    "rules": (Text("规则引用", "rules"), _rules, False),
    "wording": (Text("话术用语", "wording of its scripts"), _wording, False),
    "imports": (Text("只用公开名称", "public names only"), _imports, True),
    "ruff": (Text("ruff", "ruff"), _ruff, True),
    "mypy": (Text("mypy", "mypy"), _mypy, True),
    "tests": (Text("它自己的测试", "its own tests"), _imports, False),
}
