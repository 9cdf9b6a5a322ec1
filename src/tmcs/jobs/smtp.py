"""One mail to one address by SMTP, and what is surely known of it when something goes wrong."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Final, Literal

from tmcs.core.errors import StorageError
from tmcs.core.text import Text
from tmcs.jobs.mail_settings import MailSettings

Certainty = Literal["temporary", "permanent", "unknown"]

#: The whole conversation may take this many times as long as one answer, and what the slowest line needs for the message:
#: a server that drips bytes is given up.
_WHOLE: Final = 6
_SLOWEST: Final = 16 << 10  # bytes a second
_PIECE: Final = 64 << 10  # bytes that must be taken within the time of one answer
_LONGEST_REPLY: Final = 160
_MAILBOX: Final = re.compile(r"[^\s<>,;:()]*@[^\s<>,;:()]*")


class NotSentError(Exception):
    """A mail did not go out, or nobody knows.

    Attributes:
        certainty: ``temporary`` and ``permanent``: it was surely not accepted; ``unknown``: it may have been.
        text: what happened, without address or password.
        every: whether the next mail would meet the same.
    """

    def __init__(self, certainty: Certainty, zh: str, en: str, *, every: bool = False) -> None:
        super().__init__(en)
        self.certainty = certainty
        self.text = Text(zh, en)
        self.every = every


class Server:
    """The server of the settings. Each mail goes by a connection of its own: what becomes of one concerns no other.

    Raises:
        NotFoundError, StorageError: as :meth:`MailSettings.login`, or the certificates to trust cannot be read.
    """

    def __init__(self, settings: MailSettings) -> None:
        self.settings = settings
        self.login = settings.login()
        self.trust = _trust(settings)

    def send(self, recipient: str, message: bytes) -> None:
        """Send a message (lines end with CR LF) to one address.

        Raises:
            NotSentError: see there.
        """
        name = self.settings.sender.domain
        smtp = _Implicit(self.trust, name, self.settings) if self.settings.security == "tls" else _Plain(name, self.settings)
        with _given_up_after(smtp, self.settings.timeout * _WHOLE + len(message) / _SLOWEST), _closed(smtp):
            self._greet(smtp)
            self._envelope(smtp, recipient, len(message))
            self._data(smtp, message)

    def _greet(self, smtp: smtplib.SMTP) -> None:
        """Connect, encrypt and log in."""
        with self._translated():
            _expect(smtp.connect(self.settings.host, self.settings.port), every=True)
            smtp.ehlo_or_helo_if_needed()
            if self.settings.security == "starttls":
                if not smtp.has_extn("starttls"):
                    raise NotSentError(
                        "permanent", "服务器不支持 STARTTLS，未发送", "the server offers no STARTTLS; nothing was sent", every=True
                    )
                smtp.starttls(context=self.trust)
                smtp.ehlo()
        if self.login is not None:
            with self._translated():
                self._log_in(smtp, *self.login)

    def _log_in(self, smtp: smtplib.SMTP, user: str, password: str) -> None:
        smtp.user, smtp.password = user, password
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        ways: dict[str, Callable[..., str]] = {"PLAIN": smtp.auth_plain, "LOGIN": smtp.auth_login, "CRAM-MD5": smtp.auth_cram_md5}
        way = next((name for name in ways if name in offered), None)
        if way is None:
            raise NotSentError("permanent", "服务器不支持可用的登录方式", "the server offers no login that can be used", every=True)
        try:
            smtp.auth(way, ways[way])  # one attempt by one way: a wrong password must not lock the account
        except smtplib.SMTPAuthenticationError as error:
            code = error.smtp_code
            zh, en = f"邮件服务器拒绝登录 ({code})", f"the mail server refuses the login ({code})"
            raise NotSentError("temporary" if 400 <= code < 500 else "permanent", zh, en, every=True) from None

    def _envelope(self, smtp: smtplib.SMTP, recipient: str, size: int) -> None:
        with self._translated():
            options = [f"size={size}"] if smtp.has_extn("size") else []
            _expect(smtp.mail(self.settings.sender.address, options), every=True)
            _expect(smtp.rcpt(recipient))

    def _data(self, smtp: smtplib.SMTP, message: bytes) -> None:
        with self._translated():
            _expect(smtp.docmd("DATA"), 300)
            stuffed = re.sub(rb"(?m)^\.", b"..", message)
            for start in range(0, len(stuffed), _PIECE):
                smtp.send(stuffed[start : start + _PIECE])
        # A server takes a message with its last line, not before: until here it has surely not.
        try:
            smtp.send(b".\r\n")
            code, reply = smtp.getreply()
        except (OSError, smtplib.SMTPException, ValueError):
            raise NotSentError(
                "unknown", "邮件发出后连接中断，不知是否送达", "the connection was lost after the message was sent; it may have arrived"
            ) from None
        if not 200 <= code < 600:
            raise NotSentError("unknown", "服务器的回答看不懂，不知是否送达", "the server's answer makes no sense; it may have arrived")
        _expect((code, reply))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the network, TLS and the server say before the message is complete into our words."""
        where = f"{self.settings.host}:{self.settings.port}"
        try:
            yield
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code, error.smtp_error, every=True) from None
        except ssl.SSLCertVerificationError as error:
            said = error.verify_message
            zh, en = f"服务器证书不可信，未发送 ({said}): {where}", f"the server's certificate is not trusted, nothing was sent ({said}): {where}"
            raise NotSentError("permanent", zh, en, every=True) from None
        except (smtplib.SMTPServerDisconnected, TimeoutError, ssl.SSLEOFError, ConnectionError, socket.gaierror):
            zh, en = f"连不上邮件服务器，或连接中断，未发送: {where}", f"the mail server is not there, or the connection broke; nothing was sent: {where}"
            raise NotSentError("temporary", zh, en, every=True) from None
        except ssl.SSLError as error:
            said = error.reason or "TLS"
            zh, en = f"加密连接失败，未发送 ({said}): {where}", f"TLS fails, nothing was sent ({said}): {where}"
            raise NotSentError("permanent", zh, en, every=True) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            zh, en = f"与邮件服务器通信失败，未发送 ({said}): {where}", f"the mail server cannot be spoken to, nothing was sent ({said}): {where}"
            raise NotSentError("temporary", zh, en, every=True) from None


class _Plain(smtplib.SMTP):
    """A connection that is not made yet."""

    def __init__(self, name: str, settings: MailSettings) -> None:
        super().__init__(local_hostname=name, timeout=settings.timeout)
        self._host = settings.host  # what the certificate must be for


class _Implicit(smtplib.SMTP_SSL):
    """The same, encrypted from its first byte."""

    def __init__(self, trust: ssl.SSLContext, name: str, settings: MailSettings) -> None:
        super().__init__(local_hostname=name, timeout=settings.timeout, context=trust)
        self._host = settings.host


def _trust(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one: the file is there, and no certificate in it
        said = error.strerror or "PEM"
        raise StorageError(f"无法读取证书 {settings.ca_file}: {said}", f"cannot read the certificates {settings.ca_file}: {said}") from None


@contextmanager
def _given_up_after(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the connection when the whole takes too long: a time-out for each answer is none for a server that drips."""

    def cut() -> None:
        sock = smtp.sock
        if sock is not None:
            with suppress(OSError):  # not SSLSocket.shutdown, which would leave the socket open in the clear
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _closed(smtp: smtplib.SMTP) -> Iterator[None]:
    """Take leave of the server, where the connection still stands, and close it."""
    try:
        try:
            yield
        except NotSentError:
            _quit(smtp)
            raise
        _quit(smtp)
    finally:
        smtp.close()


def _quit(smtp: smtplib.SMTP) -> None:
    if smtp.sock is not None:  # smtplib drops it as soon as the connection has failed
        with suppress(OSError, smtplib.SMTPException, ValueError):
            smtp.quit()


def _expect(answer: tuple[int, bytes], hundreds: int = 200, *, every: bool = False) -> None:
    code, reply = answer
    if not hundreds <= code < hundreds + 100:
        raise _refused(code, reply, every=every)


def _refused(code: int, reply: bytes | str, *, every: bool = False) -> NotSentError:
    """Return what a refusal means: 4xx is for now, 421 ends the connection, all else is for good."""
    said = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    plain = _MAILBOX.sub("***", " ".join("".join(c if c.isprintable() else " " for c in said).split()))[:_LONGEST_REPLY]
    certainty: Certainty = "temporary" if 400 <= code < 500 else "permanent"
    for_now = certainty == "temporary"
    zh = f"邮件服务器{'暂时' if for_now else ''}拒收 ({code} {plain})"
    en = f"the mail server refuses it{' for now' if for_now else ''} ({code} {plain})"
    return NotSentError(certainty, zh, en, every=every or code == 421)
