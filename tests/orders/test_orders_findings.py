"""Every bad row is reported with its place, the good ones are kept, and a damaged file is never a traceback."""

from __future__ import annotations

import json
import random

import pytest
from desk import DATA, ORDER, TID, Desk, table

from tmcs.core.errors import InputError, TmcsError


def test_every_fault_of_every_row_with_line_column_and_what_was_expected(desk: Desk) -> None:
    rows = [
        {"订单编号": '="5200000000000077002"'},
        {"买家实际支付金额": "三十九", "订单创建时间": "昨天"},
        {"订单编号": "", "买家应付邮费": "-1"},
    ]
    tally = desk.load_text(table(rows))
    assert (tally.rows, tally.new, tally.rejected, tally.found) == (3, 1, 2, 4)
    places = [(finding.line, finding.column, finding.expected) for finding in desk.findings]
    header = list(ORDER)
    assert places == [
        (3, header.index("订单创建时间") + 1, "2026-11-23 10:00:00"),
        (3, header.index("买家实际支付金额") + 1, "35.00"),
        (4, 1, "10-24 digits"),
        (4, header.index("买家应付邮费") + 1, "35.00"),
    ]
    assert desk.count() == 1


def test_line_numbers_count_lines_of_the_file_not_rows(desk: Desk) -> None:
    desk.load_text(table([{"订单备注": "一\n二\r\n三"}, {"订单编号": "x"}]))
    assert [finding.line for finding in desk.findings] == [5]
    assert desk.get()["seller_memo"] == "一\n二\r\n三"


def test_findings_name_no_person(desk: Desk) -> None:
    desk.load_text(table([{"订单状态": "神秘状态", "买家实际支付金额": "x"}, {"订单编号": "短"}]))
    said = " ".join(desk.said())
    assert not [word for word in ("张测试", "13800000001", "样例路", "tb_case") if word in said]


def test_unknown_status_is_kept_and_reported(desk: Desk) -> None:
    tally = desk.load_text(table([{"订单状态": "等待平台核验"}]))
    assert (tally.new, tally.rejected, tally.found) == (1, 0, 1)
    assert desk.get()["status"] == "等待平台核验"
    assert "等待平台核验" in desk.said()[0]


def test_unknown_refund_status_is_reported_and_left_out(desk: Desk) -> None:
    text = '"子订单编号","主订单编号","标题","购买数量","退款状态"\n="5200000000000077001",="5200000000000077001","甲","1","新词"\n'
    assert desk.load_text(text).found == 1
    assert "refund_status" not in desk.get()["orders"][0]


def test_amounts_that_do_not_add_up(desk: Desk) -> None:
    desk.load_text(table([{"买家应付邮费": "6.00"}]))
    assert "is not goods 39.90 plus postage 6.00" in desk.said()[0]
    assert desk.get()["payment"] == "39.90"


def test_card_deductions_explain_the_difference(desk: Desk) -> None:
    header = [*ORDER, "天猫卡券抵扣"]
    assert desk.load_text(table([{"买家应付邮费": "6.00", "天猫卡券抵扣": "6.00"}], header)).found == 0


def test_strict_keeps_nothing_of_any_file(desk: Desk) -> None:
    good = desk.write("good.csv", table([{}]))
    bad = desk.write("bad.csv", table([{"订单编号": '="5200000000000077002"'}, {"订单编号": "x"}]))
    with pytest.raises(InputError, match="nothing was imported"):
        desk.load(good, bad, strict=True)
    assert (desk.count(), len(desk.findings)) == (0, 1)
    assert desk.load(good, strict=True)[0].new == 1


def test_same_order_twice(desk: Desk) -> None:
    rows = [{}, {}, {"订单状态": "交易成功"}, {"订单创建时间": "2026-01-01 00:00:00"}, {"买家会员名": "another"}]
    tally = desk.load_text(table(rows))
    assert (tally.new, tally.unchanged, tally.updated, tally.rejected) == (1, 1, 1, 2)
    assert [finding.line for finding in desk.findings] == [5, 6]
    assert "created" in desk.said()[0]
    assert "buyer_nick" in desk.said()[1]
    assert "another" not in " ".join(desk.said())
    assert desk.get()["status"] == "TRADE_FINISHED"


def test_unclosed_quote_costs_one_row(desk: Desk) -> None:
    rows = [{"订单编号": f'="52000000000000770{n:02d}"', "订单备注": f"第{n}单"} for n in range(10)]
    text = table(rows).replace('"第3单"', '"第3单')
    tally = desk.load_text(text)
    assert (tally.new, tally.rejected) == (9, 1)
    assert [finding.line for finding in desk.findings] == [5]


def test_cut_last_line(desk: Desk) -> None:
    rows = [{"订单编号": f'="52000000000000770{n:02d}"'} for n in range(3)]
    whole = table(rows).rstrip("\r\n")
    last = whole.rindex("\r\n") + 2
    for cut in range(last + 5, len(whole) - 1, 7):
        desk.store = desk.folder / f"{cut}.db"
        tally = desk.load_text(whole[:cut])
        assert (tally.new, tally.rejected) == (2, 1), whole[last:cut]
        assert desk.findings[0].line == 4


def test_cut_in_the_middle_of_a_character(desk: Desk) -> None:
    data = table([{}, {"订单编号": '="5200000000000077002"'}]).rstrip("\r\n").encode("gb18030")
    where = data.rindex("速".encode("gb18030"))
    tally = desk.load_text(data[: where + 1])
    assert (tally.new, tally.rejected) == (1, 1)
    utf8 = table([{}, {"订单编号": '="5200000000000077002"'}]).rstrip("\r\n").encode()
    desk.store = desk.folder / "utf8.db"
    tally = desk.load_text(utf8[: utf8.rindex("速".encode()) + 2])
    assert (tally.new, tally.rejected) == (1, 1)


def test_too_many_and_too_few_columns(desk: Desk) -> None:
    lines = table([{}, {"订单编号": '="5200000000000077002"'}, {"订单编号": '="5200000000000077003"'}]).splitlines()
    lines[1] += ",,,"
    lines[2] += ',"","多出来"'
    lines[3] = lines[3].rsplit(",", 2)[0]
    tally = desk.load_text("\r\n".join(lines) + "\r\n")
    assert (tally.new, tally.rejected) == (1, 2)
    assert [(f.line, f.expected) for f in desk.findings] == [(3, "17"), (4, "17")]


def test_nul_bytes(desk: Desk) -> None:
    tally = desk.load_text(table([{}, {"订单编号": '="5200000000000077002"', "订单备注": "a\0b"}]))
    assert (tally.new, tally.rejected) == (1, 1)
    assert "NUL" in desk.said()[0]


def test_wrong_encoding_names_the_byte(desk: Desk) -> None:
    data = bytearray(table([{}, {}]).encode())
    place = data.index("张测试".encode(), 500)
    data[place] = 0xFF
    with pytest.raises(InputError, match=rf"byte {place} \(line 3\) is not UTF-8"):
        desk.load_text(bytes(data))
    data = bytearray(table([{}, {}]).encode("gb18030"))
    place = data.index("张测试".encode("gb18030"))
    data[place] = 0xFF
    with pytest.raises(InputError, match=rf"byte {place} .*GB18030"):
        desk.load_text(bytes(data))


def test_mixed_encodings(desk: Desk) -> None:
    good, other = table([{}]).encode(), table([{"订单编号": '="5200000000000077002"'}]).encode("gb18030")
    with pytest.raises(InputError, match="not UTF-8"):
        desk.load_text(good + other.split(b"\r\n", 1)[1])
    desk.store = desk.folder / "second.db"
    good, other = table([{}]).encode("gb18030"), table([{"订单编号": '="5200000000000077002"'}]).encode()
    with pytest.raises(InputError, match="GB18030"):
        desk.load_text(good + other.split(b"\r\n", 1)[1])


def test_duplicate_headers(desk: Desk) -> None:
    text = table([{}]).replace('"宝贝种类"', '"订单状态"')
    with pytest.raises(InputError, match="stands twice, in columns 6, 13"):
        desk.load_text(text)


def test_header_only_and_unknown_header(desk: Desk) -> None:
    with pytest.raises(InputError, match="only a header"):
        desk.load_text(table([]))
    with pytest.raises(InputError, match="no known header") as caught:
        desk.load_text("张测试,13800000001\n李示例,13800000002\n")
    assert "张测试" not in str(caught.value)
    with pytest.raises(InputError, match="none of the columns"):
        desk.load_text("订单编号,颜色\n5200000000000077001,红\n")


def test_json_faults(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"1:\d+: the file is cut off"):
        desk.load_text('{"trade": {"tid": 5200000000000077001, "status": "TRADE', "a.json")
    with pytest.raises(InputError, match=r"2:3: not valid JSON"):
        desk.load_text('{"trade":\n  oops}', "b.json")
    with pytest.raises(InputError, match="nested too deeply"):
        desk.load_text('{"trade": ' + "[" * 100_000, "c.json")
    with pytest.raises(InputError, match="surrogate"):
        desk.load_text('{"trade": {"tid": 5200000000000077001, "seller_memo": "\\ud83d"}}', "d.json")
    with pytest.raises(InputError, match="neither a trade nor a refund"):
        desk.load_text('{"trade_get_response": {"items": []}}', "e.json")
    with pytest.raises(InputError, match="JSON of no known kind"):
        desk.load_text('{"hello": 1}', "f.json")


def test_bad_trades_are_reported_with_their_path(desk: Desk) -> None:
    trades = [
        {"tid": 5200000000000077001, "status": "TRADE_FINISHED", "payment": "1.00"},
        {"tid": 5.2e18, "status": "TRADE_FINISHED"},
        {"tid": 5200000000000077003, "payment": "viel", "orders": {"order": [{"oid": 1, "num": -2}]}},
        {"tid": 5200000000000077004, "status": "TRADE_FINISHD"},
        "trade",
    ]
    tally = desk.load_text(json.dumps({"trades": {"trade": trades}}), "top.json")
    assert (tally.rows, tally.new, tally.rejected) == (5, 2, 3)
    said = "\n".join(desk.said())
    assert "trades.trade[1].tid" in said
    assert "trades.trade[2].payment" in said
    assert "trades.trade[2].orders[0].num" in said
    assert "nearest: TRADE_FINISHED" in said


def test_bad_records_are_reported(desk: Desk) -> None:
    lines = [
        {"schema": "tmcs/order/1", "tid": TID, "payment": 12.5},
        {"schema": "tmcs/order/1", "tid": TID, "pament": "1.00"},
        {"schema": "tmcs/order/1", "tid": TID, "receiver": {"name": 7}},
        {"schema": "tmcs/order/2", "tid": TID},
        {"schema": "tmcs/order/1"},
        {"schema": "tmcs/order/1", "tid": TID, "seller_flag": 9},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + "\n{oops\n"
    tally = desk.load_text(text, "r.jsonl", "utf-8")
    assert (tally.rows, tally.rejected, tally.new) == (7, 6, 1)
    assert [finding.line for finding in desk.findings] == [1, 2, 3, 4, 5, 6, 7]
    assert desk.findings[1].nearest[0] == "payment"


@pytest.mark.parametrize("name", ["orders-gbk.csv", "order-items-gbk.csv", "orders-2026.xlsx", "orders-top.json"])
def test_damaged_anywhere_never_a_traceback(desk: Desk, name: str) -> None:
    data = (DATA / name).read_bytes()
    chance = random.Random(name)
    for n in range(40):
        broken = bytearray(data)
        if n % 2:
            del broken[chance.randrange(len(broken)) :]
        else:
            for _ in range(chance.randrange(1, 20)):
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        desk.store = desk.folder / f"{n}.db"
        try:
            desk.load_text(bytes(broken), f"{n}.dat")
        except TmcsError:
            continue


def test_a_file_that_fails_half_way_leaves_nothing(desk: Desk) -> None:
    data = table([{"订单编号": f'="52000000000{n:08d}"'} for n in range(3000)]).encode("gb18030")
    with pytest.raises(InputError, match="GB18030"):
        desk.load_text(data + b'="5200000000099999999","\xff\xff"\r\n')
    assert desk.count() == 0
