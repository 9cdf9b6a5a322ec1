"""`tmcs job mail`: the report of a finished run, sent to those who are to have it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from tmcs.cli.case_given import permitted, store_option
from tmcs.cli.common import Command, format_option, lang_option
from tmcs.cli.job_given import REPORTS, write_job_report
from tmcs.core.errors import EXIT_OK, InputError, NotFoundError
from tmcs.core.text import Text

if TYPE_CHECKING:
    from tmcs.core.policy import Snapshot
    from tmcs.jobs.definition import Job
    from tmcs.jobs.mail import Mail, Sending
    from tmcs.jobs.mail_settings import MailSettings
    from tmcs.jobs.run import Run
    from tmcs.store.base import Store

_STATES: Final = {
    "sent": ("已发出", "sent"), "before": ("以前已发出", "sent before"), "failed": ("没有发出", "not sent"), "unknown": ("不知是否送达", "may have arrived"),
    "left": ("没有尝试", "not tried"), "planned": ("将发出", "would be sent"),
}  # fmt: skip


@click.command("mail", cls=Command, short_help="发送报表 · send the report of a run")
@click.argument("name", metavar="NAME")
@click.option("--window", metavar="RUN", help="哪一次 (日期或时段，见 job history)，默认最近一次 · which run; default the latest that is finished")
@click.option("--as", "ending", type=click.Choice(REPORTS), default="xlsx", show_default=True, help="报表格式 · form of the report")
@click.option("--force", is_flag=True, help="不知是否送达的也重发 · send again what may have arrived")
@click.option("--dry-run", is_flag=True, help="只看会发给谁 · show who would get it, send nothing")
@store_option
@format_option("text", "json")
@lang_option
def mail(
    name: str, window: str | None, ending: str, force: bool, dry_run: bool, store: str | None, form: str, lang: str
) -> int:
    """把一次运行的报表发给规定的收件方，每人只发一次 · send the report of a run to its recipients, each of them once.

    服务器与地址在 mail.yaml (配置项 mail) · server and addresses stand in mail.yaml, which the key ``mail`` names.
    """
    from tmcs.jobs.definition import load_job
    from tmcs.store import open_store

    job = load_job(name)
    _, policy, _ = permitted("job-mail")
    if not job.recipients:
        raise InputError(f"{job.id} 的报表不外发", f"{job.id} has no report that is sent")
    settings = _settings()
    with open_store(store, write=not dry_run) as opened:
        run = _run(opened, job, window)
        message = _message(opened, job, policy, run, ending, lang)
        if dry_run:
            sendings = _planned(settings, message, job)
        else:
            from tmcs.cases import clock
            from tmcs.jobs.mail import send

            sendings = send(opened, settings, message, job.recipients, clock.now(), force=force)
    return _show(sendings, message, form, lang)


def _settings() -> MailSettings:
    from tmcs import config
    from tmcs.jobs.mail_settings import read_mail_settings

    path = str(config.get("mail"))
    if not path:
        raise InputError(
            "没有配置邮件", "no mail is configured",
            hint=Text("在配置里写 mail: mail.yaml，或设 TMCS_MAIL", "write mail: mail.yaml in the configuration, or set TMCS_MAIL"),
        )  # fmt: skip
    return read_mail_settings(path)


def _run(store: Store, job: Job, window: str | None) -> Run:
    from tmcs.jobs.run import finished

    found = finished(store, job.id, window)
    if found is None:
        named = "" if window is None else f" {window}"
        raise NotFoundError(
            f"{job.id} 没有运行完的{named or '记录'}", f"{job.id} has no finished run{named}",
            hint=Text(f"tmcs job history {job.id} 列出各次", f"tmcs job history {job.id} lists the runs"),
        )  # fmt: skip
    return found


def _message(store: Store, job: Job, policy: Any, run: Run, ending: str, lang: str) -> Mail:
    """Return the mail of a run: the same for the same run, whenever it is made and in whichever form it is attached."""
    import hashlib
    import json
    import tempfile

    from tmcs.jobs.mail import Attachment, Mail
    from tmcs.jobs.run import kept
    from tmcs.render.worklist import counts_line

    snapshot: Snapshot = policy.at(run.now)
    found = kept(store, job, policy, run)
    said = json.dumps([found["counts"], found.get("figures"), [_plain(item) for item in found["items"]]], ensure_ascii=False, sort_keys=True)
    with tempfile.TemporaryDirectory() as folder:
        files = write_job_report(found, job, snapshot, folder, ending, lang)
        attached = [Attachment(os.path.basename(one), _read(one)) for one in files]
    title, day = job.report[lang == "en"], f"{run.now:%Y-%m-%d}"
    text = Text(
        f"{title} {day}\n\n{counts_line(found, job, 'zh')}\n\n明细见附件。此邮件由系统自动发出。\n",
        f"{title} {day}\n\n{counts_line(found, job, 'en')}\n\nThe list is attached. This mail was sent by a program.\n",
    ).pick(lang)
    return Mail(job.id, run.name, f"{title} {day}", text, attached, hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest())


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "case"}


def _read(path: str) -> bytes:
    from tmcs.files import read_bytes

    return read_bytes(path)


def _planned(settings: MailSettings, message: Mail, job: Job) -> list[Sending]:
    from tmcs.jobs.mail import Sending
    from tmcs.orders.privacy import mask_account

    return [Sending(message.message_id(one.address), mask_account(one.address), "planned") for one in settings.to(job.recipients)]


def _show(sendings: list[Sending], message: Mail, form: str, lang: str) -> int:
    from tmcs.jobs.mail import trouble

    if form == "json":
        from tmcs.render.data import to_json

        files = [one.name for one in message.attachments]
        print(to_json({
            "schema": "tmcs/job-mail/1", "job": message.job, "window": message.window, "subject": message.subject, "files": files,
            "sendings": [one.to_dict() for one in sendings],
        }))  # fmt: skip
    else:
        from tmcs.core.safe import one_line

        print(one_line(f"{message.subject} ({', '.join(one.name for one in message.attachments)})"))
        for one in sendings:
            print(one_line(f"  {one.recipient}  {_STATES[one.state][lang == 'en']}"))
    error = trouble(sendings)
    if error is not None:
        raise error
    return EXIT_OK


SUBCOMMANDS: Final[dict[str, click.Command]] = {"mail": mail}
