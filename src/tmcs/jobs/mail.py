"""Reports sent by mail, each to each recipient once: what became of every sending is kept before and after it.

A sending is written down as ``sending`` before the connection is made. A refusal makes it ``failed``: it can be sent again. A
connection that was lost after the message, or a process that was killed on the way, makes it ``unknown``: it is sent again
only when somebody says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import StorageError, TmcsError, TryAgainError
from tmcs.core.text import Text
from tmcs.jobs.mail_settings import Address, MailSettings
from tmcs.orders.privacy import mask_account

if TYPE_CHECKING:
    from tmcs.store.base import Store

_LONGEST_SUBJECT: Final = 200
_TYPES: Final = {
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"), "csv": ("text", "csv"),
    "html": ("text", "html"), "md": ("text", "markdown"), "txt": ("text", "plain"),
}  # fmt: skip
_BOOK: Final = ("application", "octet-stream")


class Attachment:
    """A file that goes with a mail: its name and what it holds."""

    __slots__ = ("data", "name")

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.data = data


class Mail:
    """A report to be sent.

    Attributes:
        job: the job's id; ``window`` what its run is of.
        subject, text: what it says.
        attachments: the files of the report.
        digest: what tells this report from a corrected one of the same window; the same report again has the same.
    """

    __slots__ = ("attachments", "digest", "job", "subject", "text", "window")

    def __init__(
        self, job: str, window: str, subject: str, text: str, attachments: Sequence[Attachment] = (), digest: str = ""
    ) -> None:
        self.job = job
        self.window = window
        self.subject = " ".join(_plain(subject).split())[:_LONGEST_SUBJECT]
        self.text = _plain(text)
        self.attachments = list(attachments)
        self.digest = digest or _digest(self.text, self.attachments)

    def message_id(self, recipient: str) -> str:
        """Return the name of the sending to an address: the left part of its Message-ID."""
        said = json.dumps([self.job, self.window, recipient.lower(), self.digest], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:40]


def _plain(text: str) -> str:
    """Return a text without what acts on a screen or is half a character; line breaks and tabs stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isprintable() else "".join(c for c in text if c.isprintable() or c in "\n\t\u3000")


def _digest(text: str, attachments: Sequence[Attachment]) -> str:
    found = hashlib.sha256(text.encode())
    for one in attachments:
        found.update(hashlib.sha256(one.name.encode("utf-8", "replace")).digest() + hashlib.sha256(one.data).digest())
    return found.hexdigest()


def compose(mail: Mail, sender: Address, recipient: Address, now: datetime) -> bytes:
    """Return the message to one recipient, every line of it ASCII: the same bytes for the same report and moment."""
    from email.headerregistry import Address as Mailbox
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import format_datetime

    message = EmailMessage(policy=SMTP)
    name = mail.message_id(recipient.address)
    message["From"] = Mailbox(sender.name, addr_spec=sender.address)
    message["To"] = Mailbox(recipient.name, addr_spec=recipient.address)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{name}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # asks for no out-of-office answers
    message.set_content(mail.text, cte="base64")
    for one in mail.attachments:
        plain = " ".join(_plain(one.name).split()).replace("/", "_").replace("\\", "_") or "report"
        main, sub = _TYPES.get(plain.rpartition(".")[2].lower(), _BOOK)
        more = {"charset": "utf-8"} if main == "text" else {}
        message.add_attachment(one.data, maintype=main, subtype=sub, filename=plain, params=more)
    if mail.attachments:
        message.set_boundary(f"=_{name}")  # no line of base64 looks like it
    return message.as_bytes()


class Sending:
    """What became of a report for one recipient.

    Attributes:
        message_id: its name.
        recipient: the address, masked.
        state: ``sent``; ``before``: it had been sent by an earlier run; ``failed``, ``unknown``; ``left``: not tried, as the
            server took none.
        temporary: whether a failed one may go through later as it is.
        text: why it is not sent; None where it is.
    """

    __slots__ = ("message_id", "recipient", "state", "temporary", "text")

    def __init__(self, message_id: str, recipient: str, state: str, text: Text | None = None, temporary: bool = False) -> None:
        self.message_id = message_id
        self.recipient = recipient
        self.state = state
        self.text = text
        self.temporary = temporary

    def to_dict(self) -> dict[str, Any]:
        """Return it as it stands in JSON."""
        return {
            "message_id": self.message_id, "recipient": self.recipient, "state": self.state,
            "text": self.text.to_dict() if self.text else None,
        }  # fmt: skip


_KILLED: Final = Text("上次发送中途停止，不知是否送达", "an earlier sending stopped half-way; it may have arrived")
_LEFT: Final = Text("服务器不收，未再尝试", "not tried, as the server takes none")


def send(
    store: Store, settings: MailSettings, mail: Mail, roles: list[str], now: datetime, *, force: bool = False
) -> list[Sending]:
    """Send a report to everybody of some roles who has not got it yet; :func:`trouble` says what is wrong afterwards.

    Args:
        store: opened for writing.
        settings: the server or outbox.
        mail: the report.
        roles: who gets it, see :data:`tmcs.jobs.definition.RECIPIENTS`.
        now: the moment the mails carry.
        force: send also what may have arrived already.

    Raises:
        InputError: a role has no address.
        TryAgainError: another process is sending reports of this job just now.
        NotFoundError, StorageError: the login or certificates cannot be read, or the store cannot be written.
    """
    recipients = settings.to(roles)
    with store.exclusive(f"mail-{mail.job}"):
        return _Sender(store, settings, mail, now, force).all(recipients)


def trouble(sendings: Sequence[Sending]) -> TmcsError | None:
    """Return the error that says what was not sent: TryAgainError where all of it may go through later; None for none."""
    bad = [one for one in sendings if one.state in ("failed", "unknown", "left")]
    if not bad:
        return None
    good = len(sendings) - len(bad)
    said = [(one.recipient, one.text) for one in bad if one.text is not None]
    zh = f"{len(sendings)} 封中 {good} 封已发出；" + "；".join(f"{who} {text.zh}" for who, text in said)
    en = f"{good} of {len(sendings)} sent; " + "; ".join(f"{who}: {text.en}" for who, text in said)
    if any(one.state == "unknown" for one in bad):
        hint = Text("请先问收件人是否收到，没有收到再用 --force 重发", "ask the recipient first; send it again with --force if it did not arrive")
        return StorageError(zh, en, hint=hint)
    if all(one.temporary for one in bad):
        return TryAgainError(zh, en, hint=Text("请稍后重试，已发出的不会重发", "try again later; what was sent is not sent again"))
    hint = Text("改正后重试，已发出的不会重发", "put it right and try again; what was sent is not sent again")
    return StorageError(zh, en, hint=hint)


class _Sender:
    def __init__(self, store: Store, settings: MailSettings, mail: Mail, now: datetime, force: bool) -> None:
        self.store = store
        self.settings = settings
        self.mail = mail
        self.now = now
        self.force = force

    def all(self, recipients: list[Address]) -> list[Sending]:
        from tmcs.jobs.smtp import NotSentError, Server

        put = self._put if self.settings.outbox is not None else Server(self.settings).send
        found: list[Sending] = []
        stopped: NotSentError | None = None
        for one in recipients:
            name, shown = self.mail.message_id(one.address), mask_account(one.address)
            known = self._claim(name, one.address, stopped is None)
            if known is not None:
                state, text = known
                later = stopped is not None and stopped.certainty == "temporary"
                found.append(Sending(name, shown, state, text, temporary=state == "left" and later))
                continue
            try:
                put(one.address, compose(self.mail, self.settings.sender, one, self.now))
            except NotSentError as error:
                state = "unknown" if error.certainty == "unknown" else "failed"
                self._note(name, state, error.text)
                found.append(Sending(name, shown, state, error.text, error.certainty == "temporary"))
                stopped = error if error.every else None
            else:
                self._note(name, "sent", None)
                found.append(Sending(name, shown, "sent"))
        return found

    def _claim(self, name: str, address: str, go_on: bool) -> tuple[str, Text | None] | None:
        """Write down that a sending begins; return what is known of it instead where none is to begin.

        The job's lock is held: what is found as ``sending`` was left by a process that is gone.
        """
        run, at = self.store.execute, _stamp(self.now)
        with self.store.transaction():
            row = run(f"SELECT state, detail FROM mail WHERE message_id = ?{self.store.for_update}", (name,)).fetchone()
            state = None if row is None else row[0]
            if state == "sent":
                return "before", None
            if state == "sending" and not (self.force and go_on):
                run("UPDATE mail SET state = 'unknown', detail = ? WHERE message_id = ?", (_words(_KILLED), name))
                return "unknown", _KILLED
            if state == "unknown" and not (self.force and go_on):
                return "unknown", Text(*json.loads(row[1]))
            if not go_on:
                return "left", _LEFT
            if state is None:
                run(
                    "INSERT INTO mail (message_id, job, span, recipients, state, at) VALUES (?, ?, ?, ?, 'sending', ?)",
                    (name, self.mail.job, self.mail.window, address, at),
                )
            else:
                run("UPDATE mail SET state = 'sending', at = ?, detail = NULL WHERE message_id = ?", (at, name))
        return None

    def _note(self, name: str, state: str, text: Text | None) -> None:
        with self.store.transaction():
            self.store.execute(
                "UPDATE mail SET state = ?, at = ?, detail = ? WHERE message_id = ?",
                (state, _stamp(self.now), None if text is None else _words(text), name),
            )

    def _put(self, recipient: str, message: bytes) -> None:
        """Lay a message into the outbox, whole or not at all."""
        from tmcs.files import writing
        from tmcs.jobs.smtp import NotSentError

        folder = str(self.settings.outbox)
        job = re.sub(r"[^a-z0-9-]", "_", self.mail.job.lower())
        path = os.path.join(folder, f"{job}-{self.now:%Y%m%d}-{self.mail.message_id(recipient)}.eml")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with writing(path, sure=True) as file:
                file.write(message)
        except OSError as error:
            said = error.strerror or type(error).__name__
            zh, en = f"无法写入发件箱 {folder}: {said}", f"cannot write to the outbox {folder}: {said}"
            raise NotSentError("permanent", zh, en, every=True) from None


def sendings(store: Store, job: str | None = None) -> list[dict[str, Any]]:
    """Return what became of every sending, of one job or of all, latest first; addresses masked."""
    where, values = ("", ()) if job is None else (" WHERE job = ?", (job,))
    rows = store.execute(f"SELECT message_id, job, span, recipients, state, at, detail FROM mail{where} ORDER BY at DESC, message_id", values)
    return [
        {
            "message_id": name, "job": one, "window": span, "recipient": mask_account(address), "state": state, "at": at,
            "text": None if detail is None else Text(*json.loads(detail)).to_dict(),
        }
        for name, one, span, address, state, at, detail in rows.fetchall()
    ]  # fmt: skip


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _words(text: Text) -> str:
    return json.dumps([text.zh, text.en], ensure_ascii=False)
