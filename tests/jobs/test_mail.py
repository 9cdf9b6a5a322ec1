"""Reports by mail against a real SMTP server on loopback: each goes once, and nobody is told more than is known."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import keyring
import pytest
import trustme
from keyring.backend import KeyringBackend

from tests.jobs.mail_server import PASSWORD, USER, Inbox, answering, free_port, serving
from tmcs.core.errors import InputError, NotFoundError, StorageError, TmcsError, TryAgainError
from tmcs.core.order import SHANGHAI
from tmcs.jobs.mail import Attachment, Mail, Sending, compose, send, sendings, trouble
from tmcs.jobs.mail_settings import Address, MailSettings, read_mail_settings
from tmcs.store import open_store
from tmcs.store.base import Store

#: The server says login is offered without TLS where TLS is around it, or where that is what is tried.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
WINDOW = "2026-11-21T20:00:00+08:00/2026-11-22T20:00:00+08:00"
OPS, COMPLAINTS = "ops@platform.example", "complaints@desk.example"
SERVER = os.environ.get("TMCS_TEST_POSTGRESQL", "")


@pytest.fixture(params=["sqlite", *(["postgresql"] if SERVER else [])])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store of this test may lie: a file, then a schema on the server."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.db")
        return
    import psycopg

    schema = f"tmcs_mail_{os.getpid()}"
    yield f"{SERVER}{'&' if '?' in SERVER else '?'}schema={schema}"
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("127.0.0.1")


class Desk:
    """A desk that mails reports: its folder, its mail.yaml and its store."""

    def __init__(self, folder: Path, authority: trustme.CA) -> None:
        self.folder = folder
        self.file = folder / "mail.yaml"
        self.login = folder / "login"
        self.login.write_text(f"{PASSWORD}\n")
        self.login.chmod(0o600)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    def settings(self, port: int, **more: Any) -> MailSettings:
        keys: dict[str, Any] = {
            "host": "127.0.0.1", "port": port, "ca_file": "ca.pem", "user": USER, "login_file": "login", "timeout": 5, **more,
        }  # fmt: skip
        return self.read({key: value for key, value in keys.items() if value is not None})

    def read(self, keys: dict[str, Any]) -> MailSettings:
        lines = [f"  {key}: {value}" for key, value in keys.items()]
        self.file.write_text("\n".join([
            "mail:", *lines, "  from: 客服报表 <reports@desk.example>", "  recipients:", f"    platform: 平台运营 <{OPS}>",
            f"    second-line-complaints: [{COMPLAINTS}, {OPS}]",
        ]))  # fmt: skip
        return read_mail_settings(str(self.file))


@pytest.fixture
def desk(tmp_path: Path, authority: trustme.CA) -> Desk:
    return Desk(tmp_path, authority)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "tmcs.db"), write=True) as found:
        yield found


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def mail(**more: Any) -> Mail:
    given: dict[str, Any] = {
        "job": "oversell", "window": WINDOW, "subject": "超卖日报 2026-11-22", "text": "各位好，\n附件是昨日超卖报表。\n",
        "attachments": [Attachment("超卖日报.xlsx", b"PK\x03\x04" * 500), Attachment("超卖.csv", "订单号\r\n".encode())],
    }  # fmt: skip
    return Mail(**{**given, **more})


def states(found: list[Sending]) -> list[str]:
    return [one.state for one in found]


def rows(store: Store) -> list[str]:
    return [row["state"] for row in sendings(store)]


def wrong(found: list[Sending]) -> TmcsError:
    """The error that follows; whatever it is, it tells no address and no password."""
    error = trouble(found)
    assert error is not None
    for said in (error.text.zh, error.text.en, repr(error.to_dict())):
        assert OPS not in said
        assert COMPLAINTS not in said
        assert PASSWORD not in said
        assert USER not in said
    return error


# -- what goes out ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_report_arrives_with_its_chinese_and_its_files(
    security: str, desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    with serving(inbox, certificate, implicit=security == "tls") as port:
        found = send(store, desk.settings(port, security=security), mail(), ["platform"], NOW)
    assert (states(found), trouble(found)) == (["sent"], None)
    assert inbox.messages[0][0] == [OPS]
    got = inbox.read()
    assert got["Subject"] == "超卖日报 2026-11-22"
    assert got["From"].addresses[0].display_name == "客服报表"
    assert [(one.display_name, one.addr_spec) for one in got["To"].addresses] == [("平台运营", OPS)]
    assert got["Date"].datetime == NOW
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"] == f"<{found[0].message_id}@desk.example>"
    body, book, table = got.iter_parts()
    assert body.get_content().splitlines() == ["各位好，", "附件是昨日超卖报表。"]
    assert book.get_filename() == "超卖日报.xlsx"
    assert book.get_content_type().endswith("spreadsheetml.sheet")
    assert book.get_content() == b"PK\x03\x04" * 500
    assert (table.get_filename(), table.get_content_type(), table.get_content()) == ("超卖.csv", "text/csv", "订单号\r\n")
    assert got.get_boundary() == f"=_{found[0].message_id}"


def test_to_this_machine_it_may_go_in_the_clear(desk: Desk, store: Store, inbox: Inbox) -> None:
    settings = {"security": "none", "user": None, "login_file": None, "ca_file": None}
    with serving(inbox, None, login=False) as port:
        assert states(send(store, desk.settings(port, **settings), mail(), ["platform"], NOW)) == ["sent"]
    assert inbox.read()["Subject"] == "超卖日报 2026-11-22"


def test_everybody_of_all_roles_gets_it_once_and_sees_no_other(
    desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    with serving(inbox, certificate) as port:
        found = send(store, desk.settings(port), mail(), ["platform", "second-line-complaints"], NOW)
    assert [one.recipient for one in found] == ["o***@platform.example", "c***@desk.example"]
    assert [to for to, _ in inbox.messages] == [[OPS], [COMPLAINTS]]
    assert COMPLAINTS not in inbox.messages[0][1].decode()
    assert len({one.message_id for one in found}) == 2


def test_the_message_id_is_the_report_s(desk: Desk) -> None:
    one = mail().message_id(OPS)
    assert mail(subject="另一个标题").message_id(OPS.upper()) == one
    others = [mail(job="gift"), mail(window="2026-11-22"), mail(text="更正"), mail(attachments=[Attachment("a.csv", b"1")]), mail(digest="2")]
    assert len({one, mail().message_id(COMPLAINTS), *(other.message_id(OPS) for other in others)}) == 7
    made = [compose(mail(), Address("报表", "a@desk.example"), Address("", OPS), NOW) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].isascii()
    assert max(map(len, made[0].split(b"\r\n"))) <= 998
    assert b"\n" not in made[0].replace(b"\r\n", b"")


@pytest.mark.parametrize("subject", [
    "a\r\nBcc: evil@evil.example", "a\nX: y", "a\r\n\r\nbody", "\u2028Bcc: x", "a\x00b\x1b[31m", "\ud800半", "超" * 300, "日报 report 中 mixed 文 " * 9, "",
    "=?utf-8?b?5Lit?=",
])  # fmt: skip
def test_no_text_adds_a_header(subject: str) -> None:
    made = compose(mail(subject=subject, attachments=[Attachment(f"{subject}/../a\".csv", b"x")]), Address("报", "a@desk.example"), Address("", OPS), NOW)
    got = message_from_bytes(made, policy=default)
    assert sorted(got.keys()) == sorted(["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"])
    if "=?" not in subject:
        wanted = " ".join("".join(c for c in subject.replace("\r", "\n") if c.isprintable() or c == "\n").split())[:200]
        assert got["Subject"] == wanted
    (part,) = got.iter_attachments()
    assert "/" not in (part.get_filename() or "")
    assert sorted(part.keys()) == ["Content-Disposition", "Content-Transfer-Encoding", "Content-Type", "MIME-Version"]


def test_lines_of_a_dot_survive(desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    with serving(inbox, certificate) as port:
        send(store, desk.settings(port), mail(text=".\n..\n.end\n", attachments=[]), ["platform"], NOW)
    assert inbox.read().get_content().splitlines() == [".", "..", ".end"]


# -- nothing twice ------------------------------------------------------------------------------------------------------


def test_the_same_report_again_is_not_sent_a_corrected_one_is(
    desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    with serving(inbox, certificate) as port:
        settings = desk.settings(port)
        send(store, settings, mail(), ["platform"], NOW)
        for force in (False, True):
            again = send(store, settings, mail(), ["platform"], NOW + timedelta(hours=1), force=force)
            assert (states(again), trouble(again)) == (["before"], None)
        assert states(send(store, settings, mail(text="更正"), ["platform"], NOW)) == ["sent"]
    assert len(inbox.messages) == 2
    assert {(row["job"], row["window"], row["recipient"], row["state"]) for row in sendings(store, "oversell")} == {
        ("oversell", WINDOW, "o***@platform.example", "sent")
    }
    assert sendings(store, "gift") == []


def test_a_refused_recipient_keeps_it_from_nobody_else_and_can_be_sent_again(
    desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    inbox.refuse = {OPS: f"550 5.1.1 <{OPS}>: user unknown"}
    with serving(inbox, certificate) as port:
        settings = desk.settings(port)
        found = send(store, settings, mail(), ["platform", "second-line-complaints"], NOW)
        error = wrong(found)
        assert states(found) == ["failed", "sent"]
        assert isinstance(error, StorageError)
        assert "1 of 2 sent; o***@platform.example: the mail server refuses it (550 5.1.1 <***>: user unknown)" in error.text.en
        assert "2 封中 1 封已发出；o***@platform.example 邮件服务器拒收" in error.text.zh
        inbox.refuse = {}
        assert states(send(store, settings, mail(), ["platform", "second-line-complaints"], NOW)) == ["sent", "before"]
    assert [to for to, _ in inbox.messages] == [[COMPLAINTS], [OPS]]


def test_greylisting_is_tried_again_later(desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    inbox.refuse = {OPS: "451 4.7.1 Greylisted, try again in 5 minutes"}
    with serving(inbox, certificate) as port:
        found = send(store, desk.settings(port), mail(), ["platform"], NOW)
        error = wrong(found)
        assert (states(found), type(error), error.exit_code) == (["failed"], TryAgainError, 75)
        assert "暂时拒收 (451" in error.text.zh
        inbox.refuse = {}
        assert states(send(store, desk.settings(port), mail(), ["platform"], NOW)) == ["sent"]


@pytest.mark.parametrize(("answer", "kind"), [("554 5.7.1 looks like spam", StorageError), ("452 4.3.1 mailbox full", TryAgainError)])
def test_a_message_that_is_refused_was_not_sent(
    answer: str, kind: type[TmcsError], desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    inbox.at_data = answer
    with serving(inbox, certificate) as port:
        found = send(store, desk.settings(port), mail(), ["platform"], NOW)
        assert states(found) == rows(store) == ["failed"]
        assert isinstance(wrong(found), kind)
        inbox.at_data = "250 OK"
        assert states(send(store, desk.settings(port), mail(), ["platform"], NOW)) == ["sent"]


def test_a_connection_lost_after_the_message_is_sent_again_only_by_force(
    desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    inbox.at_data = "drop"
    with serving(inbox, certificate) as port:
        settings = desk.settings(port)
        found = send(store, settings, mail(), ["platform"], NOW)
        error = wrong(found)
        assert (states(found), rows(store), error.exit_code) == (["unknown"], ["unknown"], 74)
        assert "it may have arrived" in error.text.en
        assert error.hint is not None
        assert "--force" in error.hint.zh
        inbox.at_data = "250 OK"
        found = send(store, settings, mail(), ["platform"], NOW)
        assert (states(found), len(inbox.messages)) == (["unknown"], 1)
        assert "不知是否送达" in wrong(found).text.zh
        assert states(send(store, settings, mail(), ["platform"], NOW, force=True)) == ["sent"]
    assert len(inbox.messages) == 2
    assert inbox.read(0)["Message-ID"] == inbox.read(1)["Message-ID"]  # the reader's program may show it once


def test_a_server_silent_after_the_message_leaves_it_unknown(
    desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert
) -> None:
    inbox.at_data = "hang"
    with serving(inbox, certificate) as port:
        found = send(store, desk.settings(port, timeout=1), mail(), ["platform"], NOW)
    assert states(found) == ["unknown"]


def test_nonsense_after_the_message_leaves_it_unknown_too(desk: Desk, store: Store) -> None:
    answers = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"what\r\n")
    settings = {"security": "none", "user": None, "login_file": None, "ca_file": None, "timeout": 1}
    with answering(*answers) as port:
        assert states(send(store, desk.settings(port, **settings), mail(), ["platform"], NOW)) == ["unknown"]


# -- what a server may be -----------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once(desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    desk.login.write_text("wrong\n")
    with serving(inbox, certificate) as port:
        found = send(store, desk.settings(port), mail(), ["platform", "second-line-complaints"], NOW)
    error = wrong(found)
    assert (states(found), inbox.attempts) == (["failed", "left"], 1)
    assert isinstance(error, StorageError)
    assert "邮件服务器拒绝登录 (535)" in error.text.zh
    assert not inbox.messages


def test_a_certificate_that_is_not_right_is_refused(
    desk: Desk, store: Store, inbox: Inbox, authority: trustme.CA, certificate: trustme.LeafCert
) -> None:
    now = datetime.now(UTC)
    expired = authority.issue_cert("127.0.0.1", not_before=now - timedelta(days=9), not_after=now - timedelta(days=1))
    cases = {"expired": expired, "mismatch": authority.issue_cert("smtp.other.example"), "unable": trustme.CA().issue_cert("127.0.0.1")}
    for said, wrong_one in cases.items():
        for security in ("starttls", "tls"):
            with serving(inbox, wrong_one, implicit=security == "tls") as port:
                found = send(store, desk.settings(port, security=security), mail(), ["platform"], NOW)
            error = wrong(found)
            assert (states(found), type(error)) == (["failed"], StorageError)
            assert said in error.text.en
            assert "证书不可信" in error.text.zh
    with serving(inbox, certificate) as port:  # nor one that only the desk's own authority vouches for, unless it is told
        assert "证书不可信" in wrong(send(store, desk.settings(port, ca_file=None), mail(), ["platform"], NOW)).text.zh
    assert (inbox.messages, inbox.attempts) == ([], 0)


def test_a_server_without_starttls_gets_neither_login_nor_report(desk: Desk, store: Store, inbox: Inbox) -> None:
    with serving(inbox, None) as port:
        error = wrong(send(store, desk.settings(port), mail(), ["platform"], NOW))
    assert isinstance(error, StorageError)
    assert "STARTTLS" in error.text.zh
    assert (inbox.messages, inbox.attempts) == ([], 0)


def test_a_server_that_is_gone_is_tried_later(desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    port = free_port()
    found = send(store, desk.settings(port), mail(), ["platform", "second-line-complaints"], NOW)
    error = wrong(found)
    assert (states(found), error.exit_code) == (["failed", "left"], 75)
    assert f"127.0.0.1:{port}" in error.text.en
    with serving(inbox, certificate) as port:
        assert states(send(store, desk.settings(port), mail(), ["platform", "second-line-complaints"], NOW)) == ["sent", "sent"]


@pytest.mark.parametrize("answers", [
    (), (b"220 hi\r\n",), (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n"), (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n"),
    (b"CLOSE",), (b"220 hi\r\n", b"CLOSE"), (b"421 too busy\r\n",), (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"454 not now\r\n"),
])  # fmt: skip
def test_a_server_that_is_slow_or_leaves_before_the_message_is_tried_later(answers: tuple[bytes, ...], desk: Desk, store: Store) -> None:
    with answering(*answers) as port:
        start = time.monotonic()
        found = send(store, desk.settings(port, timeout=1), mail(), ["platform"], NOW)
    error = wrong(found)
    assert (states(found), rows(store), error.exit_code) == (["failed"], ["failed"], 75)
    assert time.monotonic() - start < 30  # it gave up, whatever the machine does


def test_a_server_that_drips_is_given_up(desk: Desk, store: Store) -> None:
    with answering(b"220 ", drip=0.2) as port:
        start = time.monotonic()
        found = send(store, desk.settings(port, timeout=1), mail(), ["platform"], NOW)
    assert wrong(found).exit_code == 75
    assert time.monotonic() - start < 60


def test_a_message_that_was_not_taken_whole_was_surely_not_taken(desk: Desk, store: Store) -> None:
    answers = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
    settings = {"security": "none", "user": None, "login_file": None, "ca_file": None, "timeout": 1}
    with answering(*answers) as port:  # reads nothing of it, and the network holds only so much
        big = mail(attachments=[Attachment("a.bin", b"x" * 20_000_000)])
        found = send(store, desk.settings(port, **settings), big, ["platform"], NOW)
    assert (states(found), wrong(found).exit_code) == (["failed"], 75)


@pytest.mark.parametrize("answers", [(b"HTTP/1.1 400 Bad Request\r\n",), (b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\nx\r\n")])
def test_a_server_that_speaks_another_language_is_said_to(answers: tuple[bytes, ...], desk: Desk, store: Store) -> None:
    with answering(*answers) as port:
        found = send(store, desk.settings(port, timeout=1), mail(), ["platform"], NOW)
    assert wrong(found).exit_code in (74, 75)
    assert states(found) == ["failed"]


def test_a_report_larger_than_the_server_takes_is_refused_before_it_goes(desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    with serving(inbox, certificate) as port:
        big = mail(attachments=[Attachment("a.bin", b"x" * 40_000_000)])
        error = wrong(send(store, desk.settings(port, timeout=20), big, ["platform"], NOW))
    assert isinstance(error, StorageError)
    assert "552" in error.text.en


# -- processes ----------------------------------------------------------------------------------------------------------

def test_a_work_is_held_by_one_until_its_context_or_its_process_ends(store_url: str) -> None:
    with open_store(store_url, write=True) as one, open_store(store_url, write=True) as other:
        with one.exclusive("job-gift"):
            with other.exclusive("job-oversell"), pytest.raises(TryAgainError, match="another process is at it: job-gift"):
                other.exclusive("job-gift").__enter__()
            with pytest.raises(RuntimeError), one.transaction():
                raise RuntimeError
            with pytest.raises(TryAgainError), other.exclusive("job-gift"):  # a transaction that failed has not freed it
                pass
        with other.exclusive("job-gift"), other.transaction():
            pass


SCRIPT = """
import sys
from tests.jobs.test_mail import NOW, mail
from tmcs.core.errors import TmcsError
from tmcs.jobs.mail import send, trouble
from tmcs.jobs.mail_settings import read_mail_settings
from tmcs.store import open_store

with open_store(sys.argv[1], write=True) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        found = send(store, read_mail_settings(sys.argv[2]), mail(), ["platform"], NOW)
        print(*(one.state for one in found))
    except TmcsError as error:
        print(error.exit_code)
"""


def process(store: str, desk: Desk) -> subprocess.Popen[str]:
    """A process that is ready to send the report, and does when it is told to."""
    found = subprocess.Popen([sys.executable, "-c", SCRIPT, store, str(desk.file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert found.stdout is not None
    assert found.stdout.readline() == "ready\n"
    return found


def test_of_two_processes_at_once_one_sends(store_url: str, desk: Desk, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    with serving(inbox, certificate) as port:
        desk.settings(port)
        for turn in range(2):
            with open_store(store_url, write=True) as store:
                store.execute("DELETE FROM mail")
            inbox.messages.clear()
            both = [process(store_url, desk) for _ in range(4)]
            for one in both:
                assert one.stdin is not None
                one.stdin.write("\n")
                one.stdin.flush()
            said = sorted(one.communicate()[0].strip() for one in both)
            assert said.count("sent") == 1, turn
            assert set(said) <= {"sent", "before", "75"}
            assert len(inbox.messages) == 1


def test_a_process_killed_in_the_middle_leaves_it_unknown(store_url: str, desk: Desk, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    inbox.at_data = "hang"
    with serving(inbox, certificate) as port:
        settings = desk.settings(port, timeout=60)
        with process(store_url, desk) as killed:
            assert killed.stdin is not None
            killed.stdin.write("\n")
            killed.stdin.flush()
            assert inbox.reached.wait(20)
            with open_store(store_url, write=True) as store:
                assert rows(store) == ["sending"]
                with pytest.raises(TryAgainError):  # it is alive, and nobody may judge what it does
                    send(store, settings, mail(), ["platform"], NOW)
                assert states(send(store, desk.settings(port, timeout=1), mail(job="gift"), ["platform"], NOW)) == ["unknown"]
                store.execute("DELETE FROM mail WHERE job = 'gift'")
            killed.send_signal(signal.SIGKILL)
            killed.wait()
        inbox.at_data = "250 OK"
        with open_store(store_url, write=True) as store:
            found = waited(lambda: send(store, settings, mail(), ["platform"], NOW))
            assert (states(found), rows(store)) == (["unknown"], ["unknown"])
            assert "stopped half-way" in wrong(found).text.en
            assert not inbox.messages
            assert states(send(store, settings, mail(), ["platform"], NOW, force=True)) == ["sent"]
    assert len(inbox.messages) == 1


def waited(action: Any) -> Any:
    """Do something as soon as the server has noticed that a connection is gone."""
    for _ in range(50):
        try:
            return action()
        except TryAgainError:
            time.sleep(0.1)
    return action()


# -- outbox -------------------------------------------------------------------------------------------------------------


def test_an_outbox_gets_whole_files_for_its_owner_only(desk: Desk, store: Store) -> None:
    settings = desk.read({"outbox": "out/box"})
    found = send(store, settings, mail(), ["platform", "second-line-complaints"], NOW)
    assert states(found) == ["sent", "sent"]
    files = sorted((desk.folder / "out" / "box").iterdir())
    assert [file.name for file in files] == sorted(f"oversell-20261123-{one.message_id}.eml" for one in found)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    got = message_from_bytes(files[0].read_bytes(), policy=default)
    assert got["Subject"] == "超卖日报 2026-11-22"
    assert files[0].read_bytes().count(b"\n") == files[0].read_bytes().count(b"\r\n")
    for file in files:
        file.unlink()  # somebody took them along
    assert states(send(store, settings, mail(), ["platform"], NOW)) == ["before"]
    assert list((desk.folder / "out" / "box").iterdir()) == []


def test_an_outbox_that_cannot_be_written_is_said(desk: Desk, store: Store) -> None:
    (desk.folder / "box").write_text("a file")
    found = send(store, desk.read({"outbox": "box"}), mail(), ["platform", "second-line-complaints"], NOW)
    assert states(found) == ["failed", "left"]
    assert isinstance(wrong(found), StorageError)
    assert states(send(store, desk.read({"outbox": "box2"}), mail(), ["platform"], NOW)) == ["sent"]


# -- settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o644])
def test_a_login_file_that_others_may_touch_is_refused(mode: int, desk: Desk, store: Store, inbox: Inbox) -> None:
    desk.login.chmod(mode)
    with pytest.raises(StorageError, match="others than you may read or write the login file") as caught:
        send(store, desk.settings(free_port()), mail(), ["platform"], NOW)
    assert caught.value.hint is not None
    assert f"chmod 600 {desk.login}" in caught.value.hint.zh
    assert rows(store) == []  # nothing was begun


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines\n", "密码".encode(), b"x" * 2000, b"a\x00b"])
def test_a_login_file_holds_one_password(content: bytes, desk: Desk) -> None:
    desk.login.write_bytes(content)
    with pytest.raises(StorageError) as caught:
        desk.settings(1).login()
    assert "two" not in caught.value.text.en


def test_a_login_file_is_a_file_and_there(desk: Desk) -> None:
    desk.login.unlink()
    with pytest.raises(NotFoundError, match="no login file"):
        desk.settings(1).login()
    os.mkfifo(desk.login, 0o600)
    with pytest.raises(StorageError, match="no regular file"):  # and does not wait for a writer
        desk.settings(1).login()


class _Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


def test_the_password_may_lie_in_the_keyring(desk: Desk, store: Store, inbox: Inbox, certificate: trustme.LeafCert) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(_Ring())
    try:
        with serving(inbox, certificate) as port:
            settings = desk.settings(port, login_file=None, keyring="tmcs-mail")
            with pytest.raises(NotFoundError, match="no password for tmcs-mail"):
                send(store, settings, mail(), ["platform"], NOW)
            keyring.set_password("tmcs-mail", USER, PASSWORD)
            assert states(send(store, settings, mail(), ["platform"], NOW)) == ["sent"]
    finally:
        keyring.set_keyring(before)


WRONG = {
    "mail: {from: a@b.example}": (1, "recipients is missing"),
    "{}": (1, "mail is missing"),
    "mail: []": (1, "must be a mapping"),
    "mail:\n  from: a@b.example\n  recipients: {}": (2, "host or outbox is missing"),
    "mail:\n  pasword: hunter2\n  from: a@b.example\n  recipients: {}": (2, "unknown key pasword"),
    "mail:\n  host: smtp://u:hunter2@h.example\n  from: a@b.example\n  recipients: {}": (2, "not a URL"),
    "mail:\n  host: h.example\n  port: 70000\n  from: a@b.example\n  recipients: {}": (3, "70000 is wrong"),
    "mail:\n  host: h.example\n  security: ssl\n  from: a@b.example\n  recipients: {}": (3, "unknown kind of security ssl"),
    "mail:\n  host: h.example\n  security: none\n  from: a@b.example\n  recipients: {}": (3, "only for this machine"),
    "mail:\n  host: h.example\n  timeout: 0\n  from: a@b.example\n  recipients: {}": (3, "0 is wrong"),
    "mail:\n  host: h.example\n  user: u\n  from: a@b.example\n  recipients: {}": (3, "login_file or keyring"),
    "mail:\n  host: h.example\n  login_file: f\n  from: a@b.example\n  recipients: {}": (3, "user is missing"),
    "mail:\n  host: h.example\n  user: u\n  login_file: f\n  keyring: k\n  from: a@b.example\n  recipients: {}": (5, "only one of"),
    "mail:\n  outbox: o\n  host: h.example\n  from: a@b.example\n  recipients: {}": (3, "with outbox there can be no host"),
    "mail:\n  outbox: o\n  from: nobody\n  recipients: {}": (3, "not a mailbox"),
    'mail:\n  outbox: o\n  from: "a@b.example\\r\\nBcc: c@d.example"\n  recipients: {}': (3, "not a mailbox"),
    'mail:\n  outbox: o\n  from: "x\\ny <a@b.example>"\n  recipients: {}': (3, "not a mailbox"),
    "mail:\n  outbox: o\n  from: a@b.example\n  recipients:\n    platfrom: a@b.example": (5, "unknown recipient platfrom"),
    "mail:\n  outbox: o\n  from: a@b.example\n  recipients:\n    platform: [a@b.example, c]": (5, "not a mailbox"),
    "mail:\n  outbox: o\n  from: a@b.example\n  recipients: nobody": (4, "must be a mapping"),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_setting_is_said_with_its_place_and_no_secret(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mail.yaml"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_mail_settings(str(file))
    line, said = WRONG[text]
    assert (line, said) in [(one.line, said) for one in caught.value.findings if said in one.message("en")]
    assert all(one.line and one.column for one in caught.value.findings)
    assert "hunter2" not in repr(caught.value.to_dict())


def test_ports_follow_the_security(desk: Desk) -> None:
    assert [desk.read({"host": "h.example", "security": word}).port for word in ("starttls", "tls")] == [587, 465]
    assert desk.read({"host": "localhost", "security": "none"}).port == 25
    assert desk.settings(2525).port == 2525


def test_a_role_without_address_stops_it_all(desk: Desk, store: Store) -> None:
    with pytest.raises(InputError, match="no address for finance"):
        send(store, desk.read({"outbox": "box"}), mail(), ["platform", "finance"], NOW)
    assert not (desk.folder / "box").exists()


def test_a_certificate_file_that_is_none_is_said(desk: Desk, store: Store) -> None:
    for content in (None, "no certificate"):
        if content is None:
            (desk.folder / "ca.pem").unlink()
        else:
            (desk.folder / "ca.pem").write_text(content)
        with pytest.raises(StorageError, match=r"cannot read the certificates .*ca\.pem"):
            send(store, desk.settings(1), mail(), ["platform"], NOW)
