"""What the tests of planned jobs start from: orders of invented customers, a questionnaire, plans before an agent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import tmcs
from tests.jobs.kit import JobDesk
from tmcs.cases.actor import Actor
from tmcs.core.order import parse_time
from tmcs.jobs.plans import Planner
from tmcs.jobs.questionnaire import Questionnaire, read_questionnaire
from tmcs.store import open_store

P = TypeVar("P", bound=Planner)
NOW = "2026-11-23T10:00:00+08:00"
LEAD, AGENT = Actor("lead-wang", "second-line", "lead"), Actor("agent-li", "frontline", "agent")
QUESTIONS = """
questionnaire: q4
title: {zh: 四季度, en: Q4}
parts:
  service:
    questions:
      overall: {type: score, ask: {zh: 整体满意吗？, en: Satisfied as a whole?}}
      speed: {type: score, required: "no", ask: {zh: 速度满意吗？, en: Satisfied with the speed?}}
      called: {type: yes-no, ask: {zh: 联系过客服吗？, en: Did you call?}}
  needs:
    questions:
      more: {type: choice, ask: {zh: 想多要哪类？, en: More of what?}, choices: {tea: {zh: 茶, en: tea}, rice: {zh: 米, en: rice}}}
      wish: {type: text, required: "no", ask: {zh: 有什么建议？, en: What do you wish?}}
"""
#: Every question that must be answered, and a good score.
GOOD = {"overall": "5", "called": "no", "more": "tea"}
SELECTION = {"status": "TRADE_FINISHED"}


def order(number: int, nick: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an order of a customer; each number has its own customer unless a nick is given."""
    return {
        "schema": "tmcs/order/1", "tid": tid(number), "status": "TRADE_FINISHED", "created": "2026-11-20T10:00:00+08:00",
        "pay_time": "2026-11-20T10:01:00+08:00", "payment": "100.00", "post_fee": "0.00", "buyer_nick": nick or f"nick{number}",
        "receiver": {
            "name": "王示例", "mobile": f"138000001{number:02}", "state": "上海", "city": "上海市", "district": "静安区", "address": f"示例路{number}号",
        },
        "orders": [{"oid": f"{tid(number)}S", "sku": "S1", "title": "示例商品", "price": "100.00", "num": 1, "payment": "100.00"}],
        **more,
    }  # fmt: skip


def tid(number: int) -> str:
    """Return the number of an order."""
    return f"20261120000{number:02}"


def questionnaire(folder: Path, text: str = QUESTIONS) -> Questionnaire:
    """Return a questionnaire, read from a file."""
    return read_questionnaire(questions_file(folder, text))


def questions_file(folder: Path, text: str = QUESTIONS) -> str:
    """Write a questionnaire."""
    path = folder / "questions.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@contextlib.contextmanager
def before(kind: type[P], url: str, now: str = NOW, actor: Actor = LEAD) -> Iterator[P]:
    """Yield the plans of a job before an agent, at a moment."""
    with open_store(url, write=True) as store:
        yield kind(store, actor, tmcs.load_policy(()), parse_time(now))


def fill(url: str, folder: Path, *orders: dict[str, Any]) -> JobDesk:
    """Put orders into a store, and return its desk."""
    desk = JobDesk(url, folder)
    desk.orders(*orders)
    return desk
