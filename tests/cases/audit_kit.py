"""A desk with a little of everything that an audit looks at."""

from __future__ import annotations

from typing import Any, Final

from tests.conftest import line
from tmcs.cases import payments
from tmcs.cases.actor import Actor
from tmcs.cases.approvals import approve, reject
from tmcs.cases.desk import Desk
from tmcs.cases.queue import done, take
from tmcs.core.order import parse_time
from tmcs.loader import load_flow, load_policy
from tmcs.store import open_store
from tmcs.store.base import Store

LI: Final = Actor("li", "frontline", "agent")
ZHAO: Final = Actor("zhao", "second-line", "lead")
QIAN: Final = Actor("qian", "supervisor", "lead")
DAMAGE: Final = {"photos_received": "yes", "damage_kind": "rotten", "partial_quantity": "no"}
SIGNED: Final = {"signer_proof": "yes", "signer_name": "李签收", "signer_known": "no"}


def order(tid: str, nick: str = "tb_demo", **more: Any) -> dict[str, Any]:
    """Return an order that names a person in every place there is."""
    return {
        "schema": "tmcs/order/1", "tid": tid, "status": "WAIT_BUYER_CONFIRM_GOODS", "created": "2026-11-20T10:00:00+08:00",
        "pay_time": "2026-11-20T10:01:00+08:00", "consign_time": "2026-11-20T21:00:00+08:00",
        "sign_time": "2026-11-22T12:00:00+08:00", "end_time": None, "payment": "100.00", "post_fee": "0.00",
        "lbx": "LBX0123456789012345", "buyer_nick": nick, "alipay_no": "demo@example.invalid",
        "receiver": {
            "name": "王示例", "mobile": "13800000001", "state": "上海", "city": "上海市", "district": "静安区", "address": "示例路1号",
        },
        "invoice": {"ticked": True, "title": "王示例的抬头", "content": "明细"}, "orders": [line("S1")],
        "logistics": {"company": "ZJS", "out_sid": "T100"}, "seller_flag": 0, "seller_memo": "客户说送到门卫老陈处",
        **more,
    }  # fmt: skip


def desk(store: Store, actor: Actor = LI, at: str = "2026-11-23T10:00:00+08:00") -> Desk:
    return Desk(store, actor, parse_time(at))


def fill(where: str) -> None:
    """Make three cases: 1 settled over approvals, 2 with somebody's own words, 3 just opened."""
    with open_store(where, write=True) as store:
        first, _ = desk(store).open(load_flow("damage"), load_policy(), order("2026112000001"), DAMAGE, why="客户来电")
        assert first == 1
        task = take(desk(store, ZHAO), "19047")
        asked = payments.pay(desk(store), 1, "damage", 2000, why="客户坚持")
        reject(desk(store, ZHAO), 1, asked.entry.id, "先查照片")
        payments.pay(desk(store), 1, "damage", 2000, why="照片清楚")
        approve(desk(store, ZHAO), 1)
        payments.pay(desk(store), 1, "damage", None)
        done(desk(store, ZHAO), 1, task.id)
        second, _ = desk(store).open(load_flow("abnormal-sign"), load_policy(), order("2026112000002"), SIGNED, why="门铃坏了")
        desk(store).note(second, "请打 13900000002 找门卫老陈")
        desk(store).set(second, {}, unset=["signer_name"])
        desk(store).open(load_flow("damage"), load_policy(), order("2026112000003", "other_nick", alipay_no="other@example.invalid"), {"photos_received": "no"})
