"""The tables a job reads: forgiving about headers and encodings, exact about what is wrong, in constant memory."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from tmcs.core.errors import Finding, InputError, NotFoundError
from tmcs.jobs.kinds import kind, own_kinds, read_kinds
from tmcs.jobs.rows import Row, kind_of, read_file, review_id
from tmcs.orders.fragment import Report
from tmcs.orders.source import open_source

ORDER = "9900000000000000001"
HEADER = "订单编号,子订单编号,买家昵称,评价结果,评价内容,评价时间,商品标题,商家编码"
ROW = f"{ORDER},{ORDER},t***1,差评,碎了,2026-11-22 19:00:00,示例商品,S-1"


def write(folder: Path, text: str | bytes, name: str = "in.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def read(path: str, name: str = "reviews") -> tuple[list[Row], list[Finding]]:
    found: list[Finding] = []
    return list(read_file(path, kind(name), found.append)), found


def messages(found: list[Finding]) -> list[str]:
    return [one.message("en").rpartition("/")[2] for one in found]


ENCODINGS = {
    "utf-8": f"{HEADER}\n{ROW}\n".encode(),
    "utf-8 with mark": b"\xef\xbb\xbf" + f"{HEADER}\r\n{ROW}\r\n".encode(),
    "gbk": f"{HEADER}\r\n{ROW}\r\n".encode("gbk"),
    "gb18030": f"{HEADER}\r\n{ROW.replace('碎了', '碎了😡')}\r\n".encode("gb18030"),
    "tabs": f"{HEADER}\n{ROW}\n".replace(",", "\t").encode(),
}


@pytest.mark.parametrize("form", ENCODINGS)
def test_a_csv_is_read_in_any_usual_encoding(form: str, tmp_path: Path) -> None:
    rows, found = read(write(tmp_path, ENCODINGS[form]))
    assert not found
    (row,) = rows
    assert (row.line, row["order"], row["rating"], row["at"]) == (2, ORDER, "bad", "2026-11-22T19:00:00+08:00")
    assert row["text"].startswith("碎了")
    assert row["more"] is None  # the table has no such column


def test_headers_may_be_spaced_full_width_in_other_case_or_by_another_name(tmp_path: Path) -> None:
    header = " 订 单 号 ,ITEM,Ｎｉｃｋ,评价类型 ,评论内容,评论时间\t,宝贝标题,外部系统编号"
    rows, found = read(write(tmp_path, f"{header}\n{ROW}\n"))
    assert not found
    assert (rows[0]["order"], rows[0]["nick"], rows[0]["sku"]) == (ORDER, "t***1", "S-1")


def test_a_spreadsheet_is_read_and_a_formula_stays_text(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER.split(","))
    sheet.append([ORDER, ORDER, "t***1", "中评", "'=1+1", "2026-11-22 19:00:00", "x", "S-1"])
    sheet.append([int(ORDER), ORDER, "t***1", "中评", "x", "2026-11-22 19:00:00", "x", "S-2"])
    path = tmp_path / "in.xlsx"
    book.save(path)
    rows, found = read(str(path))
    assert [row["text"] for row in rows] == ["'=1+1"]
    assert "in.xlsx:3:1" in messages(found)[0]
    assert "lost its last digits" in messages(found)[0]


def test_what_looks_like_a_formula_is_the_text_it_is(tmp_path: Path) -> None:
    cells = ['"=SUM(1,2) 手感一般"', "-1+1", "@cmd", "+86"]
    lines = [ROW.replace("碎了", cell).replace("S-1", f"S-{n}") for n, cell in enumerate(cells)]
    rows, found = read(write(tmp_path, "\n".join([HEADER, *lines])))
    assert not found
    assert [row["text"] for row in rows] == ["=SUM(1,2) 手感一般", "-1+1", "@cmd", "+86"]


FAULTS = {
    "order": (ROW.replace(ORDER, "51A", 1), "2:1: 订单编号: not an order number: '51A' (expected 10-24 digits)"),
    "rounded order": (ROW.replace(ORDER, "9.9E+18", 1), "2:1: 订单编号: a spreadsheet turned"),
    "empty order": (ROW.replace(ORDER, "", 1), "2:1: 订单编号: is empty (expected 10-24 digits)"),
    "rating": (ROW.replace("差评", "差平"), "2:4: 评价结果: none of the choices: '差平'"),
    "time": (ROW.replace("2026-11-22 19:00:00", "2026-13-22 19:00"), "2:6: 评价时间: not a time"),
    "day for a time": (ROW.replace("2026-11-22 19:00:00", "2026-11-22"), "2:6: 评价时间: a day without a time"),
    "cut row": (f"{ORDER},{ORDER},t***1,差评", "2:4: only 4 columns: the row is cut (expected 8)"),
    "long row": (ROW + ",x", "2:9: 9 columns, more than headers (expected 8)"),
    "open quote": (ROW.replace("碎了", '"碎了'), "2: the row is cut off, or has an unclosed quote"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_row_is_told_with_its_place_and_the_others_are_read(fault: str, tmp_path: Path) -> None:
    bad, said = FAULTS[fault]
    other = ROW.replace(ORDER, "9900000000000000002")
    rows, found = read(write(tmp_path, f"{HEADER}\n{bad}\n{other}\n"))
    assert [row["order"] for row in rows] == ["9900000000000000002"]
    assert len(found) == 1
    assert messages(found)[0].startswith(f"in.csv:{said}")


def test_a_row_with_nul_bytes_costs_that_row(tmp_path: Path) -> None:
    lines = [ROW.replace(ORDER, f"99000000000000010{n:02d}") for n in range(20)]
    rows, found = read(write(tmp_path, "\n".join([HEADER, *lines, ROW.replace("碎了", "碎\0了")])))
    assert len(rows) == 20
    assert messages(found) == ["in.csv:22: the row has NUL bytes"]


def test_the_nearest_choice_is_named(tmp_path: Path) -> None:
    _, found = read(write(tmp_path, f"{HEADER}\n{ROW.replace('差评', '差平')}\n{ROW}\n"))
    assert "差评" in found[0].nearest


def test_a_column_that_is_missing_is_named_with_the_nearest_header(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, f"{HEADER.replace('评价时间', '评价时问')}\n{ROW}\n"))
    (finding,) = caught.value.findings
    assert (finding.line, finding.nearest) == (1, ["评价时问"])
    assert "评价时间" in finding.expected
    assert "评价时间" in caught.value.text.zh


def test_an_optional_column_that_is_probably_misspelt_is_told_and_an_unknown_one_is_not(tmp_path: Path) -> None:
    header = HEADER.replace("商品标题", "商品标提").replace("商家编码", "天气")
    rows, found = read(write(tmp_path, f"{header}\n{ROW}\n"))
    assert rows[0]["title"] is None
    assert [(one.line, one.column, one.expected) for one in found] == [(1, 7, "商品标题")]


def test_a_header_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stands twice, in columns 5, 9"):
        read(write(tmp_path, f"{HEADER},评价内容\n{ROW},x\n"))


def test_repeated_rows_are_taken_once_and_told_once(tmp_path: Path) -> None:
    other = ROW.replace(ORDER, "9900000000000000002")
    rows, found = read(write(tmp_path, "\n".join([HEADER, ROW, other, *[ROW] * 5, *[other] * 3])))
    assert len(rows) == 2
    assert messages(found) == ["in.csv:4: the same as line 2; 8 such rows in all, each taken once"]


def test_a_row_that_contradicts_an_earlier_one_is_a_fault(tmp_path: Path) -> None:
    rows, found = read(write(tmp_path, "\n".join([HEADER, ROW, ROW.replace("碎了", "很好")])))
    assert [row["text"] for row in rows] == ["碎了"]
    assert messages(found) == ["in.csv:3: contradicts line 2, which is kept"]


WHOLE = {
    "only a header": (f"{HEADER}\n", "only a header, no rows"),
    "empty": ("", "the file is empty"),
    "json": ('{"a": 1}', "JSON, a table was expected"),
    "page": ("<html>", "an HTML page"),
    "wrong bytes": (f"{HEADER}\n".encode() + b"\xff\xff\xff" + ROW.encode(), "wrong encoding"),
    "another table": ("a,b,c\n1,2,3\n", "columns are missing: 订单编号, 评价结果, 评价时间"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_a_file_that_is_no_such_table_is_refused(case: str, tmp_path: Path) -> None:
    text, said = WHOLE[case]
    with pytest.raises(InputError, match=said):
        read(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read(str(tmp_path / "none.csv"))


def test_the_kind_of_a_table_is_known_by_its_headers(tmp_path: Path) -> None:
    def of(header: str, row: str) -> str:
        path = write(tmp_path, f"{header}\n{row}\n")
        with open_source(path) as source:
            return kind_of(source, Report(path), own_kinds().values()).name

    assert of(HEADER, ROW) == "reviews"
    assert of("订单编号,能否补货,答复时间", "1,是,x") == "answers"
    assert of("订单编号,投诉类型,登记时间", "1,x,y") == "complaints"
    assert of("答卷编号,题号,评分", "1,x,y") == "survey-answers"
    assert of("订单编号,收件人,电话,地址,礼品", "1,x,y,z,g") == "recipients"
    with pytest.raises(InputError, match="the headers are of none of"):
        of("天气,温度", "1,x")


EXAMPLES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "answers": (
        "订单编号,能否补货,答复时间,预计到货", f"=\"{ORDER}\",可以补货,2026/11/23 9:05,2026年11月25日",
        {"order": ORDER, "replenish": "yes", "answered": "2026-11-23T09:05:00+08:00", "expected": "2026-11-25"},
    ),
    "complaints": (
        "订单编号,顾客,投诉类型,是否有效,登记时间,完结时间,投诉专员,赔付金额,备注", f"{ORDER},t***1,货损,有效,2026-11-22 10:00:00,,张测试,¥12.5,x",
        {"valid": "yes", "opened": "2026-11-22T10:00:00+08:00", "finished": None, "paid": "12.50", "specialist": "张测试"},
    ),
    "survey-answers": (
        "答卷编号,题号,评分,答案,答卷时间", "R-1,Q2,８分,满意,2026年11月22日 18:30",
        {"respondent": "R-1", "question": "Q2", "score": 8, "at": "2026-11-22T18:30:00+08:00", "order": None},
    ),
    "recipients": (
        "订单编号,收件人,手机,收货地址,礼品,地址已核对", f"{ORDER},张测试,'13800000001,示例街道1号,杯子,否",
        {"name": "张测试", "gift": "杯子", "confirmed": "no", "sent": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_kinds_of_the_jobs(name: str, tmp_path: Path) -> None:
    header, line, wanted = EXAMPLES[name]
    rows, found = read(write(tmp_path, f"{header}\n{line}\n"), name)
    assert not found
    assert {key: rows[0][key] for key in wanted} == wanted


def test_a_plug_in_brings_a_kind_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "kinds:\n  visits:\n    title: {zh: 回访, en: visits}\n    columns:\n"
        "      order: {type: order, headers: [订单编号], required: true}\n"
        "      done: {type: choice, headers: [完成], choices: {'yes': [是], 'no': [否]}}\n",
        "kinds.yaml",
    )
    visits = read_kinds(path)["visits"]
    rows = list(read_file(write(tmp_path, f"订单编号,完成\n{ORDER},是\n"), visits))
    assert rows[0].values == {"order": ORDER, "done": "yes"}


KIND_FAULTS = {
    "type": ("a: {type: txt, headers: [A]}", "unknown type txt"),
    "no header": ("a: {type: text, headers: []}", "no header"),
    "shared header": ("a: {type: text, headers: [A]}\n      b: {type: text, headers: [' a ']}", "belongs to a as well"),
    "choice without choices": ("a: {type: choice, headers: [A]}", "choices belong to the type choice"),
    "ambiguous choice": ("a: {type: choice, headers: [A], choices: {x: [是], y: [是]}}", "belongs to x as well"),
    "unknown key": ("a: {type: text, headers: [A], need: true}", "unknown key need"),
}


@pytest.mark.parametrize("fault", KIND_FAULTS)
def test_a_fault_in_a_kind_is_told_with_its_place(fault: str, tmp_path: Path) -> None:
    column, said = KIND_FAULTS[fault]
    text = f"kinds:\n  k:\n    title: {{zh: 甲, en: a}}\n    columns:\n      {column}\n"
    with pytest.raises(InputError) as caught:
        read_kinds(write(tmp_path, text, "kinds.yaml"))
    assert any(said in one.message("en") for one in caught.value.findings)
    assert all(one.line for one in caught.value.findings)


def test_a_review_is_named_by_its_order_line(tmp_path: Path) -> None:
    lines = [
        ROW, ROW.replace(f"{ORDER},{ORDER}", f"9900000000000000002,{ORDER}"),
        ROW.replace(f"{ORDER},{ORDER}", "9900000000000000003,"), ROW.replace(f"{ORDER},{ORDER}", "9900000000000000003,").replace("S-1", "S-2"),
    ]  # fmt: skip
    rows, _ = read(write(tmp_path, "\n".join([HEADER, *lines])))
    ids = [review_id(row) for row in rows]
    assert ids[:2] == [ORDER, f"9900000000000000002/{ORDER}"]
    assert len(set(ids)) == 4
    assert all(len(one) <= 64 for one in ids)


def test_no_value_of_a_row_is_in_its_repr(tmp_path: Path) -> None:
    rows, _ = read(write(tmp_path, f"{HEADER}\n{ROW}\n"))
    assert "t***1" not in repr(rows[0])


def test_a_large_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        lines = (ROW.replace(ORDER, f"99{n:017d}").replace("碎了", "碎了" * 40) for n in range(count))
        path = write(tmp_path, "\n".join([HEADER, *lines]))
        rows = read_file(path, kind("reviews"))
        tracemalloc.start()
        assert sum(1 for _ in rows) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)  # what is loaded once
    assert peak(12_000) < peak(3_000) * 1.5 + (1 << 19)


signs = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(st.text(signs, max_size=12), min_size=8, max_size=8), max_size=5))
def test_no_row_makes_reading_fail_and_the_good_one_is_read(tmp_path: Path, cells: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER.split(","), *cells, ROW.split(",")])
    rows, found = read(write(tmp_path, out.getvalue()))
    assert rows[-1]["order"] == ORDER
    assert len(rows) == 1
    assert all(one.line for one in found)
