"""`tmcs resolve` at a real terminal: it asks only what is needed, and the last answer can be taken back."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import pty
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW, line


class Terminal:
    """A command running on a pseudo-terminal."""

    def __init__(self, argv: list[str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", COLUMNS="100")
            os.execv(sys.executable, [sys.executable, "-m", "tmcs", *argv])
        self.seen = ""
        self.place = 0
        self.decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end inside a character

    def until(self, text: str) -> str:
        """Read on until ``text`` appears and return what came up to it."""
        end = time.monotonic() + 30
        start = self.place
        while text not in self.seen[start:]:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} did not appear in {self.seen[start:]!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                raise AssertionError(f"ended without {text!r}: {self.seen[start:]!r}")
            self.seen += self.decoder.decode(data)
        self.place = self.seen.index(text, start) + len(text)
        return self.seen[start : self.place]

    def kill(self) -> None:
        """End the command, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + 30
        while True:
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                self.kill()
                raise AssertionError(f"still running, and shows {self.seen[self.place :]!r}")
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.seen += self.decoder.decode(data)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture
def start(order: dict[str, Any], tmp_path: Path) -> Any:
    def call(*more: str, flow: str = "damage", **change: Any) -> Terminal:
        file = tmp_path / "order.json"
        file.write_text(json.dumps({**order, **change}), "utf-8")
        started.append(Terminal(["resolve", flow, "--order-json", str(file), "--now", NOW, *more]))
        return started[-1]

    started: list[Terminal] = []
    yield call
    for terminal in started:
        terminal.kill()


def test_only_what_is_missing_is_asked_with_its_choices(start: Any) -> None:
    run = start("-s", "photos_received=yes", "-s", "goods_kind=fruit-boxed")
    asked = run.until("> ")
    assert "是怎样的损坏" in asked
    assert "部分腐坏" in asked
    assert "照片" not in asked.split("退出")[-1]
    run.type("6\n")
    assert "整箱换货" in run.until("> ")
    run.type("partial-refund\n")
    run.until("回车结束> ")
    run.type("\n")
    assert run.end() == 0
    assert "就地报废" in run.seen
    assert "异常退货退款" in run.seen


def test_the_last_answer_can_be_taken_back(start: Any) -> None:
    run = start()
    run.until("照片收到了吗")
    run.until("> ")
    run.type("<\n")
    run.until("没有可以收回的回答")
    run.until("> ")
    run.type("y\n")
    run.until("哪一类商品")
    run.until("> ")
    run.type("<\n")
    run.until("照片收到了吗")
    run.until("> ")
    run.type("否\n")
    assert run.end() == 4


def test_a_wrong_answer_is_asked_again_and_help_states_the_rule(start: Any) -> None:
    run = start()
    run.until("> ")
    run.type("9\n")
    run.until("应为")
    run.until("> ")
    run.type("?\n")
    run.until("H04-R20")
    run.until("> ")
    run.type("q\n")
    assert run.end() == 3
    assert "还需要" in run.seen


def test_the_item_is_chosen_by_number(start: Any) -> None:
    run = start("-s", "photos_received=no", orders=[line("S1"), line("S2")])
    assert "S2" in run.until("> ")
    run.type("2\n")
    assert run.end() == 4
    assert "示例商品S2" in run.seen


def test_ctrl_c_ends_with_130_and_ctrl_d_with_what_is_missing(start: Any) -> None:
    run = start()
    run.until("> ")
    run.type("\x03")
    assert run.end() == 130
    run = start()
    run.until("> ")
    run.type("\x04")
    assert run.end() == 3


def test_no_input_lists_instead_of_asking(start: Any) -> None:
    run = start("--no-input")
    assert run.end() == 3
    assert "--set photos_received=yes | no" in run.seen


def test_one_key_goes_on_in_the_next_flow(start: Any) -> None:
    facts = ["photos_received=yes", "goods_kind=glass", "damage_kind=shattered", "partial_quantity=yes"]
    run = start(*[word for fact in facts for word in ("-s", fact)])
    run.until("接着办“异常退货退款”，回车结束> ")
    run.type("c\n")
    assert "申请退货了吗" in run.until("> ")
    run.type("n\n")
    run.until("> ")
    run.type("y\n")
    assert run.end() == 0
    assert run.seen.count("异常退货退款 · 订单") == 1
