"""How reports are mailed, as a desk writes it down (``mail.yaml``). No secret stands in it: only where the secret lies.

```yaml
mail:
  host: smtp.desk.example      # or outbox: a folder that .eml files go to
  port: 587                    # default: 587 with starttls, 465 with tls, 25 with none
  security: starttls           # starttls (default) | tls | none (only to this machine, and without login)
  timeout: 30                  # seconds for each answer of the server, 1 to 600
  ca_file: desk-ca.pem         # trust these certificates instead of the system's
  user: reports
  login_file: smtp-login       # holds the password alone; only its owner may read it
  keyring: tmcs-mail           # or the service in the system's keyring that holds it
  from: 客服报表 <reports@desk.example>
  recipients:
    platform: 运营 <ops@platform.example>
    finance: [a@desk.example, b@desk.example]
```

File names are relative to the folder of the file.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Final

from tmcs.core.errors import InputError, NotFoundError, StorageError
from tmcs.core.source import Cursor
from tmcs.core.text import Text
from tmcs.files import read_bytes
from tmcs.jobs.definition import RECIPIENTS
from tmcs.lang.limits import MAX_BYTES
from tmcs.lang.yaml import parse_yaml

_KEYS: Final = (
    "host", "port", "security", "timeout", "ca_file", "user", "login_file", "keyring", "from", "outbox", "recipients",
)  # fmt: skip
_ONLY_HOST: Final = ("port", "security", "timeout", "ca_file", "user", "login_file", "keyring")
PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_LONGEST_LOGIN: Final = 1024
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*")
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_NAMED: Final = re.compile(r'"?([^<>"]*?)"?\s*<([^<>]*)>')


class Address:
    """A mailbox: its name, in any language, and its address."""

    __slots__ = ("address", "name")

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address

    @property
    def domain(self) -> str:
        """What stands after the @."""
        return self.address.rpartition("@")[2]


class MailSettings:
    """How reports are mailed.

    Attributes:
        file: where this stands.
        host, port, security, timeout, ca_file: the server, how it is spoken to, and seconds for each answer.
        user, login_file, keyring: who logs in, and where the password lies; None where there is no login.
        sender: what mails are from.
        outbox: the folder that .eml files go to instead of a server; None with a server.
        recipients: the mailboxes of each role.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.host = ""
        self.security = "starttls"
        self.port = PORTS["starttls"]
        self.timeout = 30
        self.ca_file: str | None = None
        self.user: str | None = None
        self.login_file: str | None = None
        self.keyring: str | None = None
        self.sender = Address("", "")
        self.outbox: str | None = None
        self.recipients: dict[str, list[Address]] = {}

    def to(self, roles: list[str]) -> list[Address]:
        """Return the mailboxes of some roles, each address once.

        Raises:
            InputError: a role has none.
        """
        lacking = [role for role in roles if not self.recipients.get(role)]
        if lacking:
            names = ", ".join(lacking)
            raise InputError(
                f"{self.file} 里没有 {names} 的收件地址", f"{self.file} has no address for {names}",
                hint=Text(f"在 mail.recipients 下写上 {names}", f"write {names} under mail.recipients"),
            )  # fmt: skip
        return list({one.address.lower(): one for role in roles for one in self.recipients[role]}.values())

    def login(self) -> tuple[str, str] | None:
        """Return user and password; None where no login is asked for.

        Raises:
            NotFoundError: there is no such file, or the keyring has no such entry.
            StorageError: others than its owner may read the file, it holds no password, or the keyring cannot be asked.
        """
        if self.user is None:
            return None
        if self.login_file is not None:
            return self.user, _from_file(self.login_file)
        return self.user, _from_keyring(str(self.keyring), self.user)


def read_mail_settings(path: str) -> MailSettings:
    """Read ``mail.yaml``.

    Raises:
        InputError: it is wrong; each finding has line and column, and none has a secret that was put there by mistake.
        NotFoundError, StorageError: it cannot be read.
    """
    source = parse_yaml(read_bytes(path, MAX_BYTES), path)
    settings = MailSettings(path)
    if source.root.keys(("mail",), ("mail",)) and source.root["mail"].keys(_KEYS, ("from", "recipients")):
        _read(source.root["mail"], settings)
    if source.findings:
        raise InputError(f"邮件配置有误: {path}", f"wrong mail configuration: {path}", findings=source.findings)
    return settings


def _read(mail: Cursor, settings: MailSettings) -> None:
    settings.sender = _address(mail["from"])
    for role, many in mail["recipients"].items():
        if role not in RECIPIENTS:
            many.fault(f"没有这个收件方 {role}", f"unknown recipient {role}", " | ".join(RECIPIENTS), key=True)
        settings.recipients[role] = [_address(one) for one in many.each()]
    base = os.path.dirname(os.path.abspath(settings.file))
    if outbox := mail.get("outbox"):
        settings.outbox = os.path.join(base, outbox.text())
        for key in ("host", *_ONLY_HOST):
            if other := mail.get(key):
                other.fault(f"有 outbox 就不能有 {key}", f"with outbox there can be no {key}", key=True)
    elif host := mail.get("host"):
        _server(mail, host, settings, base)
    else:
        mail.fault("缺少 host 或 outbox", "host or outbox is missing", expected="host | outbox")


def _server(mail: Cursor, host: Cursor, settings: MailSettings, base: str) -> None:
    settings.host = host.text()
    if settings.host and not _HOST.fullmatch(settings.host):  # not repeated: a URL here may hold a password
        host.fault("应为主机名或 IP 地址，不是网址", "must be the name or IP address of a host, not a URL", expected="smtp.desk.example")
    if security := mail.get("security"):
        settings.security = security.word(PORTS, "加密方式", "kind of security")
    settings.port = PORTS.get(settings.security, 0)
    if port := mail.get("port"):
        settings.port = port.parsed(lambda text: _whole(text, 65_535), "1 到 65535 的整数", "a whole number from 1 to 65535", 0)
    if timeout := mail.get("timeout"):
        settings.timeout = timeout.parsed(lambda text: _whole(text, 600), "1 到 600 秒", "seconds, 1 to 600", 30)
    if ca_file := mail.get("ca_file"):
        settings.ca_file = os.path.join(base, ca_file.text())
    _login(mail, settings, base)
    if settings.security == "none" and (settings.host not in _HERE or settings.user):
        mail["security"].fault("不加密只能发往本机，且不登录", "none is only for this machine, and without login", "starttls | tls")


def _login(mail: Cursor, settings: MailSettings, base: str) -> None:
    user, file, ring = (mail.get(key) for key in ("user", "login_file", "keyring"))
    settings.user = user.text() if user else None
    settings.login_file = os.path.join(base, file.text()) if file else None
    settings.keyring = ring.text() if ring else None
    if file and ring:
        ring.fault("login_file 与 keyring 只能有一个", "there can be only one of login_file and keyring", key=True)
    if user and not (file or ring):
        user.fault("有 user 就要有 login_file 或 keyring", "user needs login_file or keyring", "login_file | keyring", key=True)
    if user and settings.user and not settings.user.isascii():
        user.fault("登录名只能是 ASCII", "a login can only be ASCII")
    for one in (file, ring):
        if one and not user:
            one.fault("缺少 user", "user is missing", "user", key=True)


def _whole(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise ValueError(text)
    return int(text)


def _address(one: Cursor) -> Address:
    """Return a mailbox; nothing that could add a line to a header, or a second address, is one."""
    text = one.text()
    named = _NAMED.fullmatch(text)
    name, address = (named[1].strip(), named[2].strip()) if named else ("", text)
    if text and not (_ADDRESS.fullmatch(address) and len(address) <= 254 and name.isprintable()):
        one.fault("邮箱地址有误", "not a mailbox", expected="name@desk.example | 名字 <name@desk.example>")
    return Address(name, address)


def _from_file(path: str) -> str:
    """Return the password that stands alone in a file, which nobody but its owner may read."""
    try:
        # Looked at through the open file, so that what is checked is what is read.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise NotFoundError(f"没有登录文件: {path}", f"no login file: {path}") from None
    except OSError as error:
        raise StorageError(f"无法读取登录文件 {path}: {error.strerror}", f"cannot read the login file {path}: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise StorageError(f"登录文件不是普通文件: {path}", f"the login file is no regular file: {path}")
        if os.name == "posix" and (state.st_mode & 0o077 or state.st_uid not in (os.geteuid(), 0)):
            raise StorageError(
                f"登录文件别人也能读写: {path}", f"others than you may read or write the login file: {path}",
                hint=Text(f"运行 chmod 600 {path}", f"run chmod 600 {path}"),
            )  # fmt: skip
        data = file.read(_LONGEST_LOGIN + 1)
    return _checked(data.decode("latin-1").rstrip("\r\n"), f"登录文件 {path} ", f"the login file {path}")


def _from_keyring(service: str, user: str) -> str:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise StorageError(
            "没有安装 keyring", "keyring is not installed", hint=Text("pip install 'tmcs[keyring]'", "pip install 'tmcs[keyring]'")
        ) from None
    try:
        password = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        said = type(error).__name__
        raise StorageError(f"无法使用系统密钥环 ({said})", f"the system's keyring cannot be used ({said})") from None
    if password is None:
        raise NotFoundError(
            f"系统密钥环里没有 {service} 的密码", f"the system's keyring has no password for {service}",
            hint=Text(f"运行 keyring set {service} 登录名", f"run keyring set {service} USER"),
        )  # fmt: skip
    return _checked(password, f"密钥环里 {service} 的内容", f"the keyring's entry {service}")


def _checked(password: str, zh: str, en: str) -> str:
    if not (password.isascii() and password.isprintable() and 0 < len(password) <= _LONGEST_LOGIN):
        raise StorageError(f"{zh}应只有一行 ASCII 密码", f"{en} should hold one line, an ASCII password")
    return password
