"""One order by its number: from files for one call, or from the book; and the masks."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import DATA, TID, Desk, table
from hypothesis import given
from hypothesis import strategies as st

from tmcs.core.errors import NotFoundError
from tmcs.orders.privacy import mask_account, mask_address, mask_memo, mask_name, mask_phone, mask_record
from tmcs.orders.select import order_record


def test_from_a_file_and_the_reports_beside_it() -> None:
    tid = "5100000000000123003"
    files = [DATA / "orders-gbk.csv", DATA / "order-items-gbk.csv", DATA / "delivery-report.csv"]
    record = order_record(tid, orders_file=files)
    assert [line["sku"] for line in record["orders"]] == ["CUP-500-SL", "CUP-500-BK", "CASE-CL-15"]
    assert record["sign_time"] == "2026-11-18T20:00:00+08:00"
    assert order_record(tid, orders_file=list(reversed(files))) == record


def test_file_and_book_agree(full_desk: Desk) -> None:
    names = ["orders-gbk.csv", "order-items-gbk.csv", "delivery-report.csv", "warehouse-feedback.csv"]
    for tid in ("5100000000000123003", "5100000000000101001", "5100000000000140000"):
        from_files = order_record(tid, orders_file=[DATA / name for name in names])
        assert from_files == order_record(tid, store=full_desk.store) == full_desk.get(tid)


@pytest.mark.parametrize("name", ["orders-gbk.csv", "orders-2026.xlsx", "orders-top.json", "orders-2017.csv"])
def test_from_every_form(name: str) -> None:
    tid = "5100000000000105005" if "top" not in name else "5100000000000102002"
    assert order_record(tid, orders_file=str(DATA / name))["tid"] == tid


def test_the_search_ends_with_the_order(desk: Desk) -> None:
    rows = [{"订单编号": f'="53000000000{n:08d}"'} for n in range(500)]
    path = desk.write("o.csv", table([{}, *rows]).encode("gb18030") + b'="5200000000000088888","\xff\xff"\r\n')
    assert order_record(TID, orders_file=path)["tid"] == TID, "what comes after the order is not read"


def test_bad_rows_of_other_orders_do_not_matter(desk: Desk) -> None:
    path = desk.write("o.csv", table([{"订单编号": '="5200000000000077009"', "买家实际支付金额": "x"}, {}]))
    assert order_record(TID, orders_file=path)["payment"] == "39.90"


def test_not_in_the_file(desk: Desk) -> None:
    path = desk.write("o.csv", table([{}, {"订单编号": '="5200000000000077009"', "买家实际支付金额": "x"}]))
    with pytest.raises(NotFoundError) as caught:
        order_record("077001", orders_file=path)
    assert caught.value.hint is not None
    assert TID in caught.value.hint.en
    with pytest.raises(NotFoundError) as caught:
        order_record("5200000000000077009", orders_file=path)
    assert [finding.line for finding in caught.value.findings] == [3], "why its row could not be read"


def test_not_in_the_book(full_desk: Desk) -> None:
    with pytest.raises(NotFoundError) as caught:
        order_record("123003", store=full_desk.store)
    assert caught.value.hint is not None
    assert "5100000000000123003" in caught.value.hint.en


def test_the_configured_book(full_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from tmcs import config

    monkeypatch.setenv("TMCS_STORE", str(full_desk.store))
    config.reset()
    assert order_record("5100000000000123003")["payment"] == "212.80"


def test_no_book(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no store yet"):
        order_record(TID, store=tmp_path / "none.db")


def test_masks() -> None:
    assert mask_name("张测试") == "张**"
    assert mask_phone("13800000001") == "138****0001"
    assert mask_phone("021-1234567") == "021****4567"
    assert mask_phone("12345") == "****45"
    assert mask_account("tb_sample") == "t***e"
    assert mask_account("ab") == "a***"
    assert mask_account("who@example.invalid") == "w***@example.invalid"
    assert mask_account("13800000001") == "138****0001"
    assert mask_address("示例街道样例路1号") == "示例****"
    assert mask_memo("电话13800000001，信箱 who@example.invalid") == "电话138****0001，信箱 ***@example.invalid"


def test_masked_record(full_desk: Desk) -> None:
    record = full_desk.get("5100000000000123003")
    masked = mask_record(record)
    assert masked.keys() == record.keys()
    assert masked["receiver"]["state"] == "北京"
    said = str(masked)
    for secret in ("王示范", "13800000023", "tb_sample023", "sample023@", "样例路23号"):
        assert secret not in said
    assert record["receiver"]["name"] == "王示范", "the record itself is untouched"
    assert {key: masked[key] for key in ("status", "payment", "orders", "lbx")} == {
        key: record[key] for key in ("status", "payment", "orders", "lbx")
    }


@given(st.text(min_size=5, max_size=30))
def test_masks_hide_most_of_any_text(text: str) -> None:
    for mask in (mask_name, mask_phone, mask_account, mask_address):
        assert text not in mask(text) or "*" in text
