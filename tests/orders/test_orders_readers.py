"""Each kind of export becomes records of schema tmcs/order/1, whatever its year, form and encoding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desk import DATA, ORDER, TID, Desk, table

from tmcs.core.errors import InputError
from tmcs.core.order import ORDER_FACTS, Order, parse_time
from tmcs.orders.select import order_record

KINDS = {
    "orders-gbk.csv": ("orders", 40), "order-items-gbk.csv": ("items", 48), "orders-2017.csv": ("orders", 5),
    "order-items-2017.csv": ("items", 6), "orders-2026.xlsx": ("orders", 40), "order-items-2026.xlsx": ("items", 48),
    "orders-top.json": ("top", 11), "top-trade-fullinfo.json": ("top", 1), "top-refund.json": ("top", 1),
    "delivery-report.csv": ("delivery", 22), "warehouse-feedback.csv": ("warehouse", 12),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_kind_is_told_by_content_not_by_name(desk: Desk, name: str) -> None:
    disguised = desk.write("export.dat", (DATA / name).read_bytes())
    tally = desk.load(disguised)[0]
    assert (tally.kind, tally.rows, tally.found) == (*KINDS[name], 0), desk.said()


@pytest.mark.parametrize("name", KINDS)
def test_importing_again_changes_nothing(desk: Desk, name: str) -> None:
    desk.load(DATA / name)
    before = desk.count()
    tally = desk.load(DATA / name)[0]
    assert (desk.count(), tally.new, tally.updated, tally.found) == (before, 0, 0, 0)


@pytest.mark.parametrize("name", ["orders-gbk.csv", "orders-2026.xlsx", "orders-top.json"])
def test_every_record_is_one_the_core_reads(desk: Desk, name: str) -> None:
    desk.load(DATA / name, DATA / "order-items-gbk.csv", DATA / "delivery-report.csv")
    from tmcs.orders.book import Book

    with Book(desk.store) as book:
        entries = book.newest(limit=100)
    for entry in entries:
        order = Order(entry.record)
        assert order.unknown_keys() == []
        for fact in ORDER_FACTS.values():
            fact(order, order.line(None), parse_time("2026-11-23 10:00:00"))


def test_2022_record_whole(full_desk: Desk) -> None:
    record = full_desk.get("5100000000000123003")
    assert record == {
        "schema": "tmcs/order/1", "tid": "5100000000000123003", "status": "WAIT_BUYER_CONFIRM_GOODS",
        "created": "2026-11-15T21:00:00+08:00", "pay_time": "2026-11-15T21:00:40+08:00",
        "consign_time": "2026-11-16T14:00:00+08:00", "sign_time": "2026-11-18T20:00:00+08:00", "end_time": None,
        "payment": "212.80", "post_fee": "0.00", "lbx": "LBX3000000000000023", "buyer_nick": "tb_sample023",
        "alipay_no": "sample023@example.invalid",
        "receiver": {"name": "王示范", "mobile": "13800000023", "state": "北京", "city": "北京市", "district": "朝阳区",
                     "address": "示例街道样例路23号样例小区1幢123室"},
        "invoice": None,
        "orders": [
            {"oid": "5100000000000123103", "sku": "CUP-500-SL", "title": "示例牌不锈钢保温杯500ml大容量",
             "price": "89.00", "num": 1, "payment": "86.96", "refund_status": "NO_REFUND"},
            {"oid": "5100000000000123203", "sku": "CUP-500-BK", "title": "示例牌不锈钢保温杯500ml大容量",
             "price": "89.00", "num": 1, "payment": "86.96", "refund_status": "WAIT_SELLER_AGREE"},
            {"oid": "5100000000000123303", "sku": "CASE-CL-15", "title": "示例牌手机壳防摔透明", "price": "19.90",
             "num": 2, "payment": "38.88", "refund_status": "NO_REFUND"},
        ],
        "logistics": {"company": "圆通速递", "out_sid": "YT0000000000110"},
        "seller_memo": "仓库核对中",
    }  # fmt: skip


def test_what_an_export_lacks_is_absent_not_null() -> None:
    old = order_record("5100000000000115005", orders_file=DATA / "orders-2017.csv")
    assert not {"lbx", "sign_time", "consign_time", "end_time", "seller_flag"} & old.keys()
    new = order_record("5100000000000115005", orders_file=DATA / "orders-2026.xlsx")
    assert not {"lbx", "sign_time", "buyer_nick", "alipay_no", "invoice"} & new.keys()
    assert "name" not in new["receiver"]
    assert new["seller_flag"] == 0


def test_empty_columns_are_null() -> None:
    waiting = order_record("5100000000000104004", orders_file=DATA / "orders-gbk.csv")
    assert (waiting["consign_time"], waiting["end_time"], waiting["logistics"]) == (None, None, None)


@pytest.mark.parametrize(
    ("tid", "status"),
    [
        ("5100000000000101001", "WAIT_BUYER_PAY"), ("5100000000000104004", "WAIT_SELLER_SEND_GOODS"),
        ("5100000000000114004", "SELLER_CONSIGNED_PART"), ("5100000000000115005", "WAIT_BUYER_CONFIRM_GOODS"),
        ("5100000000000126006", "TRADE_FINISHED"), ("5100000000000135005", "TRADE_CLOSED_BY_TAOBAO"),
        ("5100000000000137007", "TRADE_CLOSED"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["orders-gbk.csv", "orders-2026.xlsx"])
def test_status_texts(tid: str, status: str, name: str) -> None:
    assert order_record(tid, orders_file=DATA / name)["status"] == status


def test_an_unpaid_order_stands_at_what_is_to_be_paid() -> None:
    record = order_record("5100000000000103003", orders_file=DATA / "orders-gbk.csv")
    assert (record["payment"], record["pay_time"]) == ("199.00", None)


def test_end_of_a_finished_order_and_of_a_closed_one(desk: Desk) -> None:
    finished = order_record("5100000000000134004", orders_file=DATA / "orders-gbk.csv")
    assert finished["end_time"] == "2026-11-16T23:59:59+08:00"
    closed = order_record("5100000000000137007", orders_file=DATA / "orders-gbk.csv")
    assert "end_time" not in closed, "the export does not say when an order was closed"


def test_lines_of_the_order_report_only_where_there_is_one() -> None:
    single = order_record("5100000000000117007", orders_file=DATA / "orders-gbk.csv")
    assert single["orders"] == [
        {"oid": "5100000000000117007", "title": "示例牌每日坚果礼盒1kg", "num": 2, "payment": "256.00"}
    ]
    several = order_record("5100000000000123003", orders_file=DATA / "orders-gbk.csv")
    assert "orders" not in several


def test_one_title_twice_is_not_taken_for_one_line(desk: Desk) -> None:
    desk.load_text(table([{"宝贝标题 ": "示例蜂蜜，示例蜂蜜", "宝贝总数量": "2"}]))
    assert "orders" not in desk.get()


def test_changed_address_and_county_level_city() -> None:
    moved = order_record("5100000000000109009", orders_file=DATA / "orders-gbk.csv")["receiver"]
    assert (moved["state"], moved["city"], moved["district"]) == ("江苏省", "南京市", "建邺区")
    county = order_record("5100000000000130000", orders_file=DATA / "orders-gbk.csv")["receiver"]
    assert (county["city"], county["district"]) == (None, "济源市")


def test_legacy_items_have_no_numbers_and_do_not_pile_up(desk: Desk) -> None:
    for _ in range(2):
        desk.load(DATA / "orders-2017.csv", DATA / "order-items-2017.csv")
    lines = desk.get("5100000000000105005")["orders"]
    assert [(line["sku"], line["num"], line["price"]) for line in lines] == [
        ("CUP-500-SL", 2, "89.00"), ("CASE-CL-15", 1, "19.90")
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8-sig", "utf-8"])
def test_encodings(desk: Desk, encoding: str) -> None:
    desk.load_text(table([{"订单备注": "加急，送人"}]), encoding=encoding)
    assert desk.get()["seller_memo"] == "加急，送人"


def test_four_byte_characters(desk: Desk) -> None:
    desk.load_text(table([{"订单备注": "😀€䶮𠮷", "收货人姓名": "䶮𠮷"}]))
    assert (desk.get()["seller_memo"], desk.get()["receiver"]["name"]) == ("😀€䶮𠮷", "䶮𠮷")


def test_headers_by_name_in_any_order_and_spelling(desk: Desk) -> None:
    text = "订单状态,买家实付金额,主订单id,商 家 备 注,买家会员昵称\n交易成功,12.5元,5200000000000077001,好,tb\n"
    assert desk.load_text(text, encoding="utf-8").found == 0
    record = desk.get()
    assert (record["status"], record["payment"], record["seller_memo"]) == ("TRADE_FINISHED", "12.50", "好")


def test_tabs_between_columns(desk: Desk) -> None:
    assert desk.load_text(table([{}]).replace('","', '"\t"'), encoding="utf-8").new == 1


def test_lone_object_simplified_and_lines_of_top(desk: Desk) -> None:
    order = {"oid": 5200000000000077001, "title": "示例", "price": "3.00", "num": 1, "refund_status": "NO_REFUND"}
    trade = {"tid": 5200000000000077001, "status": "TRADE_FINISHED", "payment": "3.00", "created": "2026-11-01 08:00:00"}
    forms = [
        {"trades_sold_get_response": {"trades": {"trade": {**trade, "orders": {"order": order}}}}},
        {"trade_fullinfo_get_response": {"trade": {**trade, "orders": {"order": [order]}}}},
        {"trade": {**trade, "orders": [order]}},
        {"total_results": 1, "trades": [{**trade, "orders": {"order": order}}]},
        [{**trade, "orders": {"order": order}}],
        {**trade, "orders": {"order": order}},
    ]
    for n, form in enumerate(forms):
        desk.store = desk.folder / f"{n}.db"
        assert desk.load_text(json.dumps(form), "top.json").new == 1, form
        assert desk.get()["orders"][0]["oid"] == TID
    desk.store = desk.folder / "lines.db"
    lines = "\n".join(json.dumps({**trade, "tid": 5200000000000077001 + n}) for n in range(3))
    assert desk.load_text(lines, "top.json").new == 3


def test_no_result_is_not_an_error_of_form(desk: Desk) -> None:
    with pytest.raises(InputError, match="no rows"):
        desk.load_text(json.dumps({"trades_sold_get_response": {"total_results": 0}}), "top.json")


def test_top_error_is_a_failure(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"answered with an error.*isv\.invalid-parameter"):
        desk.load(DATA / "top-error.json")


def test_top_multi_line_trade(desk: Desk) -> None:
    desk.load(DATA / "top-trade-fullinfo.json")
    record = desk.get("5100000000000123003")
    assert [line["num"] for line in record["orders"]] == [1, 1, 2]
    assert record["logistics"] == {"company": "圆通速递", "out_sid": "YT0000000000110"}
    assert "alipay_no" not in record, "TOP's alipay_no is the payment's number, not the account"


def test_top_refund_sets_the_line_when_it_comes(desk: Desk) -> None:
    refund = json.loads((DATA / "top-refund.json").read_text("utf-8"))["refund_get_response"]["refund"]
    tid = str(refund["tid"])
    refund["status"] = "SELLER_REFUSE_BUYER"
    path = desk.write("refund.json", json.dumps({"refund": refund}), "utf-8")
    desk.load(path)
    assert "orders" not in desk.get(tid)
    desk.load(DATA / "order-items-gbk.csv")
    assert desk.get(tid)["orders"][0]["refund_status"] == "SELLER_REFUSE_BUYER"


def test_records_of_our_own(desk: Desk) -> None:
    record = {
        "schema": "tmcs/order/1", "tid": "2026112300001", "status": "WAIT_SELLER_SEND_GOODS", "payment": "128",
        "created": "2026-11-22T10:03:00+00:00", "lbx": None, "orders": [{"oid": "1", "sku": "S1", "num": 2}],
    }  # fmt: skip
    lines = json.dumps(record) + "\n" + json.dumps({**record, "tid": "2026112300002"}) + "\n"
    tally = desk.load_text(lines, "records.jsonl", "utf-8")
    assert (tally.kind, tally.new) == ("records", 2)
    kept = desk.get("2026112300001")
    assert (kept["payment"], kept["created"], kept["lbx"]) == ("128.00", "2026-11-22T18:03:00+08:00", None)
    assert kept["orders"] == [{"oid": "1", "sku": "S1", "num": 2}]


def test_what_is_shown_can_be_imported(full_desk: Desk, tmp_path: Path) -> None:
    record = full_desk.get("5100000000000123003")
    other = Desk(tmp_path / "other")
    other.folder.mkdir()
    other.load_text(json.dumps(record, ensure_ascii=False, indent=1), "one.json", "utf-8")
    assert other.get("5100000000000123003") == record


@pytest.mark.parametrize(("name", "kind"), [("refunds-2026.xlsx", "refund report"), ("reviews.csv", "list of reviews")])
def test_other_reports_are_named_for_what_they_are(desk: Desk, name: str, kind: str) -> None:
    with pytest.raises(InputError, match=kind):
        desk.load(DATA / name)


def test_kind_can_be_forced_and_must_exist(desk: Desk) -> None:
    path = desk.write("o.csv", table([{}]))
    assert desk.load(path, kind="orders")[0].new == 1
    with pytest.raises(InputError, match="nearest: orders"):
        desk.load(path, kind="order")


def test_a_reader_of_a_plug_in_comes_first(desk: Desk) -> None:
    from collections.abc import Iterator

    from tmcs.core.text import Text
    from tmcs.orders.book import Book
    from tmcs.orders.fragment import Fragment, Report
    from tmcs.orders.ingest import import_files
    from tmcs.orders.readers import Head, readers
    from tmcs.orders.source import Source

    class PointOfSale:
        name = "pos"
        title = Text("收银", "point of sale")

        def accepts(self, head: Head) -> bool:
            return "收银单号" in head.header

        def read(self, source: Source, report: Report) -> Iterator[Fragment]:
            for line, row in source.table(report):
                yield Fragment({"tid": row[0], "status": "TRADE_FINISHED"}, whole=True, line=line)

    path = desk.write("pos.csv", "收银单号,订单编号,订单状态\nP1,5200000000000077001,交易成功\n")
    with Book(desk.store, write=True) as book:
        tally = import_files(book, [str(path)], readers([PointOfSale()]))[0]
    assert (tally.kind, desk.get("P1")["status"]) == ("pos", "TRADE_FINISHED")
    warned: list[Exception] = []
    twice = readers([PointOfSale(), PointOfSale()], warned.append)
    assert [reader.name for reader in twice].count("pos") == 1
    assert "name is taken" in str(warned[0])


def test_wide_excel_numbers_in_csv_are_refused(desk: Desk) -> None:
    tally = desk.load_text(table([{"订单编号": "5.1E+18"}, {}]))
    assert (tally.new, tally.rejected) == (1, 1)
    assert "lost its last digits" in desk.said()[0]


def test_times_a_spreadsheet_has_rewritten(desk: Desk) -> None:
    desk.load_text(table([{"订单创建时间": "2026/11/3 8:05"}]))
    assert desk.get()["created"] == "2026-11-03T08:05:00+08:00"
    assert ORDER["订单创建时间"] != "2026/11/3 8:05"
