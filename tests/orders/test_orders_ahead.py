"""The fast way through a large order report says the same as the plain one: batches, and a process that reads ahead."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import ORDER, TID, Desk, table
from hypothesis import given, settings
from hypothesis import strategies as st

from tmcs.core.errors import Finding, InputError, StorageError
from tmcs.orders import ahead, ingest
from tmcs.orders.book import Book
from tmcs.orders.fragment import Batch, Fragment, Report
from tmcs.orders.merge import fresh
from tmcs.orders.readers import readers
from tmcs.orders.readers.orders import OrderReportReader
from tmcs.orders.rows import new_order
from tmcs.orders.source import open_source

#: Every column that says something, some under two headers.
HEADER = (
    *ORDER, "买家支付宝账号", "天猫卡券抵扣", "修改后的收货地址", "发货时间", "确认收货时间", "商家编码", "商家备忘", "备注标签",
    "订单关闭原因", "发票抬头", "主订单编号",
)  # fmt: skip
TIMES = ["2026-11-20 10:00:00", "2026-11-20 10:00", "2026/1/2 3:04:05", "", "-", "2026-02-30 10:00:00", "2026-11-20 10+01:00", "2026-W47-5 10:00:00"]
AMOUNTS = ["39.90", "0.00", "0", "39.9", "1,039.90", "¥12", "", "-1", "00.50", "'5.00", "x"]
TEXTS = ["", " ", "示例", ' "引号" \\ ', "a,b,a,b", "示例蜂蜜,示例蜂蜜", "tab\tinside", "\x01", "😀", "No:YT1", "='1'", '="17"', "'138"]
CELLS: dict[str, list[str]] = {
    "订单编号": ['="5200000000000077001"', "5200000000000077002", "'5200000000000077003", " 5200000000000077004", "5.2E+18", "", "12"],
    "买家应付货款": AMOUNTS, "买家应付邮费": AMOUNTS, "买家实际支付金额": AMOUNTS, "天猫卡券抵扣": ["", "0", "5.00"],
    "订单状态": ["等待买家付款", "买家已付款,等待卖家发货", "卖家已发货，等待买家确认", "交易成功", "交易关闭", " 交易成功 ", "", "没见过"],
    "订单创建时间": TIMES, "订单付款时间 ": TIMES, "发货时间": TIMES, "确认收货时间": TIMES,
    "收货地址 ": [
        "浙江省 杭州市 余杭区 示例街道样例路1号(311100)", "浙江省 杭州市 余杭区 样例路(室) 2号（311100）", "河南省 济源市 示例路", "a b 区 (311100)",
        "广东省 东莞市 示例镇 样例路", "  ", "", "一个词", "a  区 x", "浙江省 杭州市 余杭区", 'a"b c d区 e"f',
    ],
    "修改后的收货地址": ["", "", "", " ", "江苏省 南京市 玄武区 新路"],
    "联系手机": ["'13800000001", "13800000001", "", " 138 ", "0571-1234567", '="13800000001"'],
    "宝贝种类": ["1", "1.0", "2", "", " 1"], "宝贝总数量": ["1", "2.0", "0", "", "x"],
    "物流单号 ": ["YT0000000000001", "", "No:YT1", "No：", "'123", "a b"], "物流公司": ["圆通速递", "YTO", "", " 顺丰 ", "别的"],
    "备注标签": ["", "红", "3", "紫色", "黑"], "商家编码": ["", "SP-1", "'0012"], "发票抬头": ["", "示例公司", " "],
    "订单关闭原因": ["", "买家未付款"], "主订单编号": ["", "", "5200000000000077009"],
}  # fmt: skip
GOOD = {name: {**ORDER, "备注标签": ""}.get(name, "") for name in HEADER}
#: A row that differs from a good one in a few cells.
ROW = st.lists(st.sampled_from(HEADER).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(CELLS.get(name, TEXTS)))), max_size=5).map(dict)


def said(path: Path, reader: OrderReportReader, *, ready: bool) -> list[Any]:
    """Return all that a reader says of a file, in its order: what the book would hold of each order, and the findings."""
    found: list[Any] = []
    report = Report("orders.csv", lambda finding: found.append(finding.to_dict()))
    with open_source(str(path)) as source:
        for part in (reader.ready if ready else reader.read)(source, report):
            parts = [part] if isinstance(part, Fragment) else [part.fragment(n) for n in range(len(part.orders))]
            rows = [None] * len(parts) if isinstance(part, Fragment) else part.orders
            for fragment, row in zip(parts, rows, strict=True):
                held = new_order(fragment)
                assert row in (None, held), "a batch holds what the book makes of the order"
                found.append((held, fresh(fragment), fragment.whole, fragment.lines, fragment.line, fragment.column))
    return [*found, (report.rows, report.found, report.rejected)]


@settings(max_examples=300)
@given(rows=st.lists(ROW, min_size=2, max_size=6), header=st.sets(st.sampled_from(HEADER), max_size=4))
def test_a_batch_says_what_its_rows_say_one_by_one(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], header: set[str]) -> None:
    names = [name for name in HEADER if name == "订单编号" or name not in header]
    desk = Desk(tmp_path_factory.mktemp("desk"))
    path = desk.write("o.csv", table([{**GOOD, **row} for row in rows], names), "utf-8")
    reader = OrderReportReader()
    assert _outcome(path, reader, ready=True) == _outcome(path, reader, ready=False)


def _outcome(path: Path, reader: OrderReportReader, *, ready: bool) -> Any:
    try:
        return said(path, reader, ready=ready)
    except InputError as error:
        return error.to_dict()


def test_ordinary_rows_come_by_batches(desk: Desk) -> None:
    rows = [{"订单编号": f'="53000000000{n:08d}"'} for n in range(1000)]
    rows[500]["订单状态"] = "没见过"
    with open_source(str(desk.write("o.csv", table(rows)))) as source:
        parts = list(OrderReportReader().ready(source, Report("o.csv")))
    assert sum(isinstance(part, Fragment) for part in parts) == 1, "only the row that has to be looked at"
    assert sum(len(part.orders) for part in parts if isinstance(part, Batch)) == 999


@pytest.mark.parametrize("cell", ["2026-11-20 10+01:00", "2026-11-20 17:00:00", "2026-11-20 17:00", "2026/11/20 17:00:00", "2026-W47-5 17:00:00"])
def test_a_time_of_nineteen_characters_is_not_always_the_backends(desk: Desk, cell: str) -> None:
    desk.load_text(table([{"订单创建时间": cell}, {"订单编号": '="5200000000000077002"'}]))
    assert desk.get()["created"] == "2026-11-20T17:00:00+08:00"


def _mixed(count: int = 3000) -> str:
    """Return a report with everything odd in it: faulty rows, cut ones, orders twice and in contradiction, remarks."""
    rows: list[dict[str, str]] = []
    for n in range(count):
        row = {"订单编号": f'="53000000000{n * 7919 % 100_003:08d}"', "宝贝标题 ": f"示例商品{n % 300}号", "联系手机": f"'138{n:08d}"}
        row |= {"物流单号 ": f"YT{n:013d}"} if n % 5 else {}
        row |= {"买家实际支付金额": "x"} if n % 501 == 0 else {"买家实际支付金额": "1.00"} if n % 502 == 0 else {}
        row |= {"订单编号": rows[n // 2]["订单编号"]} if n % 250 == 249 else {}
        row |= {"买家会员名": "other"} if n % 500 == 499 else {}
        row |= {"订单状态": "交易成功"} if n % 3 == 0 else {}
        row |= {"订单备注": "两行\n的备注"} if n % 997 == 996 else {}
        rows.append(row)
    lines = table(rows).split("\r\n")
    lines[700] = lines[700][:40]
    lines[1400] += ',"more"'
    return "\r\n".join(lines)


def _dump(desk: Desk) -> list[Any]:
    with sqlite3.connect(desk.store) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        schema = db.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
        return [schema, *(sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names)]


@pytest.fixture
def reads_ahead(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Let every report be read ahead, or none."""
    if not hasattr(os, "fork"):
        pytest.skip("no second process here")
    monkeypatch.setattr(ingest, "possible", lambda: True)
    return lambda yes: monkeypatch.setattr(ingest, "AHEAD_FROM", 0 if yes else 1 << 60)


def test_read_ahead_or_not_the_book_and_the_findings_are_the_same(tmp_path: Path, reads_ahead: Callable[[bool], None]) -> None:
    content = _mixed()
    results = []
    for yes in (False, True):
        reads_ahead(yes)
        folder = tmp_path / str(yes)
        folder.mkdir()
        desk = Desk(folder)
        tallies = [desk.load_text(content, "o.csv").to_dict() for _ in range(2)]
        findings = [{**finding.to_dict(), "file": ""} for finding in desk.findings]
        results.append(([{**tally, "file": ""} for tally in tallies], findings, _dump(desk)))
    assert results[0] == results[1]
    assert results[0][0][0]["found"] > 5
    assert results[0][0][1]["new"] == 0


def test_where_no_process_is_to_be_had_the_file_is_read_here(
    tmp_path: Path, reads_ahead: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def none_left() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    content = _mixed()
    results = []
    for yes in (False, True):
        reads_ahead(yes)
        monkeypatch.setattr(os, "fork", none_left)
        folder = tmp_path / str(yes)
        folder.mkdir()
        desk = Desk(folder)
        tally = desk.load_text(content, "o.csv").to_dict()
        results.append(({**tally, "file": ""}, [{**finding.to_dict(), "file": ""} for finding in desk.findings], _dump(desk)))
    assert results[0] == results[1]
    assert results[0][0]["found"] > 5


def test_a_large_import_leaves_the_tables_as_they_were(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.load_text(table([{}]))
    before = _dump(desk)[0]
    monkeypatch.setattr(ingest, "BULK_FROM", 0)
    desk.load_text(_mixed(2000), "big.csv")
    spaces = lambda schema: [(kind, name, sql and " ".join(sql.split())) for kind, name, sql in schema]  # noqa: E731
    assert spaces(_dump(desk)[0]) == spaces(before)
    with sqlite3.connect(desk.store) as db:
        assert db.execute("SELECT status_code, sign_code FROM orders WHERE tid = ?", (TID,)).fetchone() == ("WAIT_BUYER_CONFIRM_GOODS", "~")
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_an_error_of_the_file_is_the_same(desk: Desk, reads_ahead: Callable[[bool], None]) -> None:
    content = _mixed(1500).encode("gb18030") + b'="5200000000000088888","\xff\xff"\r\n'
    errors = []
    for yes in (False, True):
        reads_ahead(yes)
        with pytest.raises(InputError) as caught:
            desk.load_text(content)
        errors.append(caught.value.to_dict())
        assert desk.count() == 0
    assert errors[0] == errors[1]


def test_the_reading_process_is_killed(desk: Desk, reads_ahead: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch) -> None:
    desk.load_text(table([{}]))
    reads_ahead(True)
    read = OrderReportReader.ready

    def dying(self: OrderReportReader, *args: Any) -> Iterator[Fragment | Batch]:
        for n, part in enumerate(read(self, *args)):
            if n == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            yield part

    monkeypatch.setattr(OrderReportReader, "ready", dying)
    with pytest.raises(StorageError, match="ended from outside"):
        desk.load_text(_mixed(), "big.csv")
    assert desk.count() == 1, "nothing is half-written"
    _no_process_is_left()


def test_ctrl_c_ends_both(desk: Desk, reads_ahead: Callable[[bool], None]) -> None:
    desk.load_text(table([{}]))
    reads_ahead(True)

    def press(done: int, size: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        desk.load(desk.write("big.csv", _mixed()), progress=press)
    assert desk.count() == 1, "nothing is half-written"
    _no_process_is_left()


def test_an_error_in_between_ends_the_reading_process(desk: Desk, reads_ahead: Callable[[bool], None]) -> None:
    reads_ahead(True)

    def stop(finding: Finding) -> None:
        raise InputError("停", "stop")

    with Book(desk.store, write=True) as book, pytest.raises(InputError, match="stop"):
        ingest.import_files(book, [str(desk.write("big.csv", _mixed()))], readers(), sink=stop)
    assert desk.count() == 0
    _no_process_is_left()


def _no_process_is_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_no_second_process_beside_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.active_count", lambda: 2)
    assert not ahead.possible(), "a copy of a process lacks its other threads, and what they hold stays held"


class _Shouting(OrderReportReader):
    """A reader that reads rows in its own way; it inherits ``ready``, which knows nothing of that."""

    def read(self, source: Any, report: Report) -> Iterator[Fragment]:
        for fragment in super().read(source, report):
            fragment.record["buyer_nick"] = "SHOUTED"
            yield fragment


def test_a_reader_that_inherits_is_asked_for_its_own_rows(desk: Desk) -> None:
    with Book(desk.store, write=True) as book:
        ingest.import_files(book, [str(desk.write("o.csv", table([{}, {"订单编号": '="5200000000000077002"'}])))], [_Shouting()])
    assert desk.get()["buyer_nick"] == "SHOUTED"


def test_an_order_that_stands_twice_in_a_batch_or_waits_already(desk: Desk) -> None:
    again = [{}, {"订单状态": "交易成功"}, {"订单编号": '="5200000000000077002"'}, {"订单状态": "交易成功"}]
    tally = desk.load_text(table(again))
    assert (tally.new, tally.updated, tally.unchanged, tally.found) == (2, 1, 1, 0)
    assert desk.get()["status"] == "TRADE_FINISHED"
