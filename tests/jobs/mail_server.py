"""A real SMTP server on loopback, and what goes wrong with one."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "reports", "s3cret-Pass word"


class Inbox:
    """What the server took, and how it answers.

    Attributes:
        messages: the messages it accepted, with the envelope's recipients.
        attempts: how many logins it saw.
        refuse: address -> its answer to RCPT.
        at_data: its answer after the message; ``drop`` takes the message and cuts the connection, ``hang`` waits a minute.
    """

    def __init__(self) -> None:
        self.messages: list[tuple[list[str], bytes]] = []
        self.attempts = 0
        self.refuse: dict[str, str] = {}
        self.at_data = "250 OK"
        self.reached = threading.Event()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.reached.set()
        if self.at_data.startswith(("2", "drop")):
            self.messages.append((list(envelope.rcpt_tos), envelope.content))
        if self.at_data == "drop":
            server.transport.abort()
        if self.at_data == "hang":
            await asyncio.sleep(60)
        return self.at_data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.attempts += 1
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def read(self, n: int = -1) -> EmailMessage:
        """One accepted message, as a mail program reads it."""
        return message_from_bytes(self.messages[n][1], policy=default)


class _Controller(Controller):
    def __init__(self, inbox: Inbox, context: ssl.SSLContext | None, implicit: bool, login: bool) -> None:
        self._starttls = None if implicit else context
        self._login = login
        super().__init__(inbox, hostname="127.0.0.1", port=free_port(), ssl_context=context if implicit else None)

    def factory(self) -> SMTP:
        return SMTP(
            self.handler, enable_SMTPUTF8=False, hostname="mail.desk.example", tls_context=self._starttls,
            require_starttls=self._starttls is not None, auth_required=self._login, authenticator=self.handler.authenticate,
            auth_require_tls=self._starttls is not None, auth_exclude_mechanism=["LOGIN"],
        )  # fmt: skip


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serving(inbox: Inbox, certificate: trustme.LeafCert | None, *, implicit: bool = False, login: bool = True) -> Iterator[int]:
    """Run the server and give its port."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    controller = _Controller(inbox, context, implicit, login)
    controller.start()
    try:
        yield int(controller.port)
    finally:
        controller.stop()


@contextmanager
def answering(*answers: bytes, drip: float = 0.0) -> Iterator[int]:
    """Run a bare server that says each answer in turn after a line of the client (the first at once), then no more."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rb") as lines:
                try:
                    _talk(peer, lines, answers, drip, done)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        done.set()
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a client
        listener.close()
        thread.join(5)


def _talk(peer: socket.socket, lines: Any, answers: tuple[bytes, ...], drip: float, done: threading.Event) -> None:
    for n, answer in enumerate(answers):
        if n:
            lines.readline()
        if answer == b"CLOSE":
            return
        peer.sendall(answer)
    while drip and not done.is_set():
        peer.sendall(b"2")
        time.sleep(drip)
    done.wait(20)
