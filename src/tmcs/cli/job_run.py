"""`tmcs job run`: one job at one moment: its worklist, its report, and the cases behind it."""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cases import clock
from tmcs.cases.actor import require
from tmcs.cli.case_given import permitted, store_option
from tmcs.cli.common import Command, format_option, lang_option, note
from tmcs.cli.job_given import REPORTS, at_moment, write_job_report
from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK, Finding, InputError, NotFoundError
from tmcs.core.text import Text, many

if TYPE_CHECKING:
    from tmcs.cases.actor import Actor
    from tmcs.core.policy import Policy
    from tmcs.jobs.definition import Job
    from tmcs.jobs.inputs import Inputs
    from tmcs.jobs.open_cases import Opened
    from tmcs.jobs.run import Run, Runner
    from tmcs.store.base import Store

_DIFFERENCES: Final = {"gone": ("不再列出", "no longer listed"), "new": ("新列出", "newly listed"), "changed": ("有变化", "changed")}


@click.command("run", cls=Command, short_help="运行，给出工作清单与报表 · run one: worklist and report")
@click.argument("name", metavar="NAME")
@click.option("--now", "now_text", metavar="TIME", help="按这一时刻运行 · run as of this time (ISO 8601)")
@click.option("--in", "words", multiple=True, metavar="[KIND=]FILE", help="输入文件或目录，可多次 · an input file, or a folder of them")
@click.option("--out", metavar="DIR", help="报表写入此目录 · write the report into this folder")
@click.option("--as", "ending", type=click.Choice(REPORTS), default="xlsx", show_default=True, help="报表格式 · form of the report")
@click.option("--open", "opens", is_flag=True, help="建立背后的案件 · open the cases behind the hits")
@click.option("--dry-run", is_flag=True, help="只看会怎样，什么都不存 · show what it would do, keep nothing")
@click.option("--recompute", is_flag=True, help="重算已完成的一次并比较 · compute a finished run anew and compare (exit 1: it differs)")
@click.option("--since-last", is_flag=True, help="补上错过的每一次，先旧后新 · catch up with every time that was missed, the oldest first")
@click.option("--if-due", is_flag=True, help="到点才运行 · run only what is due")
@click.option("--skip-faulty", is_flag=True, help="读不了的行不算 · finish without the rows that cannot be read")
@store_option
@format_option("text", "json")
@lang_option
def run(
    name: str, now_text: str | None, words: tuple[str, ...], out: str | None, ending: str, opens: bool, dry_run: bool,
    recompute: bool, since_last: bool, if_due: bool, skip_faulty: bool, store: str | None, form: str, lang: str,
) -> int:  # fmt: skip
    """运行一项工作，NAME 为名称或别名 · run a job and print its worklist; NAME is its id or an alias.

    同一时段只运行一次，再运行则重印 · a window is run once: run again, it is printed again as it was, and nothing is opened twice.
    退出码 1: 有读不了的行，或重算后不同 · exit 1: rows that cannot be read, or a difference; 75: it is running already.
    """
    from tmcs.jobs.definition import load_job
    from tmcs.store import open_store

    if ((dry_run or recompute) and (opens or since_last or if_due)) or (dry_run and recompute):
        raise InputError("--dry-run 与 --recompute 只能单独使用", "--dry-run and --recompute each stand alone")
    job = load_job(name)
    actor, policy, snapshot = permitted("job-try" if dry_run or recompute else "job-run")
    if opens:
        require(actor, snapshot, "open")
    now = at_moment(now_text)
    with open_store(store, write=not (dry_run or recompute)) as opened:
        session = _Session(opened, actor, job, policy, words, form, lang)
        session.out, session.ending, session.opens, session.skip_faulty = out, ending, opens, skip_faulty
        if dry_run:
            return session.try_out(now)
        if recompute:
            return session.compare(now)
        if not (since_last or if_due):
            return session.run_all([now], many=False)
        return session.run_all(session.times(now, every=since_last, only_due=if_due), many=True)


class _Session:
    """One call of `tmcs job run`.

    Attributes:
        store, actor, job, policy: where, who, what, by which figures.
        out, ending: the folder of the report, or None, and its form.
        opens: whether cases are opened; ``skip_faulty``: whether rows that cannot be read are left out of the run.
        report: the file of the report that was written last.
        lost: how many rows of files of the order book could not be read.
    """

    def __init__(
        self, store: Store, actor: Actor, job: Job, policy: Policy, words: tuple[str, ...], form: str, lang: str
    ) -> None:
        self.store = store
        self.actor = actor
        self.job = job
        self.policy = policy
        self.words = words
        self.form = form
        self.lang = lang
        self.out: str | None = None
        self.ending = "xlsx"
        self.opens = self.skip_faulty = False
        self.report: str | None = None
        self.lost = 0
        self._inputs: Inputs | None = None

    def say(self, zh: str, en: str) -> None:
        """Tell the person at the terminal something besides the result."""
        note(Text(zh, en).pick(self.lang))

    def finding(self, finding: Finding) -> None:
        """Show a finding of an input file."""
        import sys

        from tmcs.core.safe import one_line

        print(one_line(finding.message(self.lang)), file=sys.stderr)

    @property
    def inputs(self) -> Inputs:
        """The files that were given."""
        if self._inputs is None:
            from tmcs.jobs.inputs import gather_inputs
            from tmcs.orders.readers import plugged, readers

            self._inputs = gather_inputs(self.job, self.words, readers(plugged()), self.finding)
            if passed := self._inputs.passed:
                names = ", ".join(map(os.path.basename, passed))
                self.say(f"与 {self.job.id} 无关，未读: {names}", f"nothing to {self.job.id}, not read: {names}")
        return self._inputs

    def times(self, now: datetime, *, every: bool, only_due: bool) -> list[datetime]:
        """Return when the job is to be run: what was missed, oldest first; what is too long ago is only told of."""
        from tmcs.jobs.schedule import CATCH_UP, missed

        all_times = missed(self.store, self.job, self.policy.at(now), now)
        late = [one for one in all_times if (now.date() - one.date()).days > CATCH_UP]
        if late and every:
            self.say(
                f"{late[0]:%Y-%m-%d} 至 {late[-1]:%Y-%m-%d} 错过的 {len(late)} 次超过 {CATCH_UP} 天，不再补；需要时用 --now 运行",
                f"{len(late)} runs missed from {late[0]:%Y-%m-%d} to {late[-1]:%Y-%m-%d} are more than {CATCH_UP} days ago: run them with --now if need be",
            )
        times = [one for one in all_times if one not in late]
        if not times:
            if only_due:
                self.say(f"{self.job.id} 现在不用运行", f"{self.job.id} is not due")
                return []
            return [now]
        return times if every else times[-1:]

    def runner(self, now: datetime) -> Runner:
        """Return what runs the job as of a moment."""
        from tmcs.jobs.run import Runner

        def left() -> int:
            return 0 if self.skip_faulty or self._inputs is None else self._inputs.left()

        return Runner(self.store, self.actor, self.job, self.policy, now, lambda kind: self.inputs.rows(kind), clock.now(), left)

    def check_inputs(self) -> None:
        """Make sure that what the job must have is there, and say what else is not."""
        for name in self.inputs.check():
            from tmcs.jobs.kinds import kind

            title = kind(name).title
            self.say(f"没有给{title.zh} ({name})，按没有办理", f"no {title.en} ({name}) was given: done without")

    def try_out(self, now: datetime) -> int:
        """Show what a run would do."""
        self.check_inputs()
        if self.inputs.orders:
            names = ", ".join(self.inputs.orders)
            hint = Text("先 tmcs order import", "tmcs order import first")
            raise InputError(f"--dry-run 不导入订单簿的文件: {names}", f"--dry-run imports nothing into the order book: {names}", hint=hint)
        self.show(self.runner(now).preview(), many=False)
        return self._end(None)

    def compare(self, now: datetime) -> int:
        """Compute a finished run anew and show what differs."""
        from tmcs.jobs.run import differences

        runner = self.runner(now)
        found = runner.find()
        if found is None or found.state != "done":
            raise NotFoundError(f"{self.job.id} 这一次还没有运行完", f"{self.job.id} has no finished run of this window")
        self.check_inputs()
        kept = runner.result(found, None)
        differing = differences(kept, runner.preview(found))
        if self.form == "json":
            from tmcs.render.data import to_json

            items = [{"key": key, "what": what} for key, what in differing]
            print(to_json({"schema": "tmcs/worklist-diff/1", "job": self.job.id, "window": kept["window"], "differences": items}))
        else:
            from tmcs.core.safe import one_line

            for key, what in differing:
                print(one_line(f"{key}: {_DIFFERENCES[what][self.lang == 'en']}"))
            if not differing:
                print(Text("与存下的相同", "the same as was kept").pick(self.lang))
        return EXIT_FINDINGS if differing else self._end(None)

    def run_all(self, times: list[datetime], *, many: bool) -> int:
        """Run the job as of each time, and print every worklist; ``many``: in the form for any number of them."""
        if times and self.words and self.inputs.orders:
            self._import()
        shown = []
        opened: list[Opened] = []
        last: Run | None = None
        for at in times:
            runner = self.runner(at)
            found = runner.find()
            if found is None or found.state != "done":
                self.check_inputs()
            else:
                self.say(f"{found.now:%Y-%m-%d %H:%M} 已运行过，重印当时的结果", f"it was run as of {found.now:%Y-%m-%d %H:%M}: printed again")
            given = {} if found is not None and found.state == "done" else self.inputs.digests()
            run = runner.run(given, None, partial(self._settle, runner, opened))
            result = runner.result(run, self.report)
            self.show(result, many=many)
            shown.append(result)
            last = run
            if run.state != "done":
                break  # a later window goes on from where an earlier one ended
        if many and self.form == "json":
            from tmcs.render.data import to_json

            print(to_json({"schema": "tmcs/worklists/1", "job": self.job.id, "worklists": shown}))
        for one in opened:
            one.check()
        return self._end(last)

    def _settle(self, runner: Runner, opened: list[Opened], run: Run) -> bool:
        """Open the cases of a run and write its report; return whether all of that is done."""
        whole = True
        if self.opens:
            from tmcs.cases.desk import Desk
            from tmcs.jobs.open_cases import open_cases

            found = open_cases(Desk(self.store, self.actor), self.job, self.policy, run)
            opened.append(found)
            whole = not found.failed
            more = Text(f"，{found.joined} 条归入未结的案件", f"; {many(found.joined, 'hit')} joined cases that are open") if found.joined else Text("", "")
            self.say(f"新建 {found.new} 个案件{more.zh}", f"{many(found.new, 'case')} opened{more.en}")
        self.report = None
        if self.out is not None and not runner.left():
            snapshot = runner.context.snapshot
            self.report = write_job_report(runner.result(run, None), self.job, snapshot, self.out, self.ending, self.lang)[0]
            with self.store.transaction():
                self.store.execute("UPDATE job_run SET report = ? WHERE id = ?", (self.report, run.id))
        return whole

    def show(self, found: dict[str, Any], *, many: bool) -> None:
        """Print a worklist; as JSON, one of ``many`` is printed with the others."""
        if self.form == "json":
            if not many:
                from tmcs.render.data import to_json

                print(to_json(found))
            return
        from tmcs.render.worklist import worklist_text

        print(worklist_text(found, self.job, self.policy.at(datetime.fromisoformat(found["now"])).tier_labels, self.lang))
        if many:
            print()

    def _import(self) -> None:
        """Bring the order book up to date with the files of it that were given."""
        from tmcs.orders.book import Book
        from tmcs.orders.ingest import import_files
        from tmcs.orders.readers import plugged, readers

        with Book(self.store.name, write=True) as book:
            tallies = import_files(book, self.inputs.orders, readers(plugged()), sink=self.finding)
        for one in tallies:
            self.lost += one.rejected
            self.say(f"{one.file}: 已入订单簿，{one.rows} 行", f"{one.file}: imported into the order book, {one.rows} rows")

    def _end(self, run: Run | None) -> int:
        """Return the exit code, after saying how many rows are left."""
        left = 0 if self._inputs is None else self._inputs.left()
        if left and run is not None and run.state != "done":
            self.say(
                f"有 {left} 行读不了，这一次没有运行完: 改正文件后再运行，或加 --skip-faulty 不算这些行",
                f"{left} rows cannot be read, and the run is not finished: correct them and run again, or leave them out with --skip-faulty",
            )
        return EXIT_FINDINGS if left or self.lost else EXIT_OK


SUBCOMMANDS: Final[dict[str, click.Command]] = {"run": run}
