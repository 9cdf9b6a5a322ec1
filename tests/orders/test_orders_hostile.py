"""Files made to hurt, and files that are not what their names say."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import DATA, ORDER, TID, Desk, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tmcs.core.errors import InputError, NotFoundError, StorageError, TmcsError
from tmcs.core.money import format_money
from tmcs.orders.privacy import mask_record
from tmcs.render.orderbook import order_card, order_table

EVIL = (
    "=HYPERLINK(\"http://example.invalid\",\"x\")", "+1+1", "-2", "@SUM(A1)", "\tTAB", "＝1＋1", "\x1b[31m红\x1b[0m",
    "\u202e反\u202c", "\u200b零宽\ufeff", "a'; DROP TABLE orders; --", "{{7*7}} ${x} %s {0}", "[bold]x[/b]", "\x9b31m",
)  # fmt: skip


# The system's own count of a process's memory is inherited from its parent; this one (KiB) begins with the program.
PEAK = """
import re, resource, sys
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers
with Book(sys.argv[1], write=True) as book:
    tally = import_files(book, [sys.argv[2]], readers())[0]
try:
    peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(tally.new, tally.rejected, peak)
"""


def xlsx(cells: list[list[str]], sheet: str = "") -> bytes:
    """Return a spreadsheet of inline strings; ``sheet`` replaces the sheet's rows."""
    rows = sheet or "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in cells
    )
    return package(
        f'<worksheet xmlns="{MAIN}"><dimension ref="A1"/><sheetData>{rows}</sheetData></worksheet>'.encode()
    )


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def package(sheet: bytes, extra: Callable[[zipfile.ZipFile], None] | None = None) -> bytes:
    """Return a spreadsheet file around one sheet, taking the other parts from a sample."""
    out = io.BytesIO()
    with zipfile.ZipFile(DATA / "orders-2026.xlsx") as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if "worksheets/" in name else old.read(name))
        if extra is not None:
            extra(new)
    return out.getvalue()


@pytest.mark.parametrize("text", EVIL)
def test_customer_text_is_data(desk: Desk, text: str) -> None:
    desk.load_text(table([{"订单备注": "x" + text, "买家会员名": text, "宝贝标题 ": text, "收货人姓名": text}]), encoding="utf-8")
    record = desk.get()
    assert record["seller_memo"] == "x" + text.rstrip()
    assert record["buyer_nick"] == text.strip()
    names = {"status_names": {}, "refund_names": {}}
    for shown in (record, mask_record(record)):
        card = order_card(shown, "en", pending=False, notes=[{"note": text}], names=names)
        plain = order_table([(shown, False)], "zh", {})
        assert not set(card + plain) & set("\x1b\x9b\u202e\u202c\u200b\ufeff\t\0")
        assert "\n" not in plain.splitlines()[2]


def test_a_formula_cell_of_a_spreadsheet_is_not_computed(desk: Desk) -> None:
    header = ["订单编号", "订单状态", "商家备注"]
    rows = [header, [TID, "交易成功", "=1+1"]]
    assert desk.load_text(xlsx(rows), "a.xlsx").new == 1
    assert desk.get()["seller_memo"] == "=1+1"


def test_zip_bomb(desk: Desk) -> None:
    bomb = package(b"<worksheet>" + b" " * (150 << 20))
    assert len(bomb) < 2 << 20
    with pytest.raises(InputError, match="zip bomb"):
        desk.load_text(bomb, "bomb.xlsx")
    many = package(b"<worksheet/>", lambda z: [z.writestr(f"xl/m{n}.xml", b"x") for n in range(2100)] and None)
    with pytest.raises(InputError, match="members"):
        desk.load_text(many, "many.xlsx")

    def several(archive: zipfile.ZipFile) -> None:
        noise = os.urandom(1 << 20)
        for n in range(5):
            archive.writestr(f"xl/media/{n}.bin", noise * 45)

    with pytest.raises(InputError, match=r"larger than 25 MiB|unpacks to more than 200 MiB"):
        desk.load_text(package(b"<worksheet/>", several), "large.xlsx")


def test_a_zip_whose_directory_lies(desk: Desk) -> None:
    real = b"<worksheet>" + b" " * (30 << 20)
    data = bytearray(package(real))
    size = len(real).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(InputError, match=r"damaged|no header"):
        desk.load_text(bytes(data), "lies.xlsx")


def test_two_cells_far_apart(desk: Desk) -> None:
    sheet = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>订单编号</t></is></c><c r="B1" t="inlineStr"><is><t>订单状态</t></is></c>'
        '</row><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    )
    with pytest.raises(InputError, match=r"more than 250000 rows|more than 256 columns"):
        desk.load_text(xlsx([], sheet), "far.xlsx")
    wide = '<row r="1"><c r="A1" t="inlineStr"><is><t>订单编号</t></is></c><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>'
    with pytest.raises(InputError, match="more than 256 columns"):
        desk.load_text(xlsx([], wide), "wide.xlsx")


def test_xml_bomb_in_a_spreadsheet(desk: Desk) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f'<!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><worksheet xmlns="{MAIN}"><sheetData><row><c t="inlineStr"><is>'
    sheet += "<t>&l9;</t></is></c></row></sheetData></worksheet>"
    with pytest.raises(InputError, match=r"damaged|no header"):
        desk.load_text(package(sheet.encode()), "lol.xlsx")


def test_float_order_numbers(desk: Desk) -> None:
    head = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("订单编号", "订单状态", "买家实付金额"))
    rows = "".join(
        f'<row><c t="n"><v>{number}</v></c><c t="inlineStr"><is><t>交易成功</t></is></c><c t="n"><v>{paid}</v></c></row>'
        for number, paid in (("5.2000000000000768E+18", "1"), ("5200000000000077001", "2"), ("2026112300001", "39.9"))
    )
    tally = desk.load_text(xlsx([], f"<row>{head}</row>{rows}"), "f.xlsx")
    assert (tally.new, tally.rejected) == (1, 2)
    assert all("lost its last digits" in said for said in desk.said())
    assert desk.get("2026112300001")["payment"] == "39.90"


def test_cell_that_is_too_long(desk: Desk) -> None:
    tally = desk.load_text(table([{}, {"订单编号": '="5200000000000077002"', "订单备注": "长" * 40_000}]))
    assert (tally.new, tally.rejected) == (1, 1)


def test_a_line_of_50_mb_takes_little_memory(desk: Desk) -> None:
    head = table([{}]).encode("gb18030")
    path = desk.folder / "long.csv"
    with path.open("wb") as file:
        file.write(head)
        file.write(b'="5200000000000077002","' + b"x" * (50 << 20) + b'"\r\n')
        file.write(table([{"订单编号": '="5200000000000077003"'}]).encode("gb18030").split(b"\r\n", 1)[1])
    out = subprocess.run(
        [sys.executable, "-c", PEAK, desk.store, path], check=True, capture_output=True, text=True
    ).stdout.split()
    assert out[:2] == ["2", "1"]
    assert int(out[2]) < 80 * 1024


def test_fifty_mb_of_json_is_refused_before_it_is_read(desk: Desk) -> None:
    path = desk.folder / "big.json"
    with path.open("wb") as file:
        file.write(b'{"trade": "')
        file.seek(50 << 20)
        file.write(b'"}')
    with pytest.raises(InputError, match="JSON larger than 32 MiB"):
        desk.load(path)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.xls", b"<html><table><tr><td>\xb6\xa9\xb5\xa5</td></tr></table>", "HTML"),
        ("b.csv", b"\xef\xbb\xbf\n <!DOCTYPE html>", "HTML"),
        ("c.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls"),
        ("d.csv", "订单编号\t订单状态\n".encode("utf-16"), "UTF-16"),
        ("e.csv", b"", "empty"),
        ("f.csv", b"\x7fELF\x02\x01\x01" + b"\0" * 100, "not a text file"),
        ("g.xlsx", b"PK\x03\x04" + b"rubbish" * 100, "damaged or incomplete"),
        ("h.csv", b"\n\n\r\n", "no header"),
        ("i.csv", b"\xff\xff\xff\xff\n", "encoding"),
    ],
)  # fmt: skip
def test_what_is_not_an_export_is_named(desk: Desk, name: str, content: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        desk.load_text(content, name)


def test_a_zip_that_is_no_spreadsheet(desk: Desk) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(InputError, match=r"not an \.xlsx"):
        desk.load_text(out.getvalue(), "a.xlsx")


def test_cut_spreadsheet(desk: Desk) -> None:
    data = (DATA / "orders-2026.xlsx").read_bytes()
    for part in (0.1, 0.5, 0.99):
        with pytest.raises(InputError, match="damaged or incomplete"):
            desk.load_text(data[: int(len(data) * part)], "cut.xlsx")


def test_places_that_are_no_files(desk: Desk) -> None:
    with pytest.raises(InputError, match="is a directory"):
        desk.load(desk.folder)
    with pytest.raises(InputError, match="not a regular file"):
        desk.load("/dev/zero")
    with pytest.raises(NotFoundError, match="no such file"):
        desk.load(desk.folder / "missing.csv")
    with pytest.raises(StorageError):
        desk.load(desk.folder / ("x" * 300))
    with pytest.raises(TmcsError):
        desk.load("a\0b.csv")


def test_named_pipe(desk: Desk) -> None:
    path = desk.folder / "pipe"
    os.mkfifo(path)
    data = (DATA / "orders-gbk.csv").read_bytes()
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    assert desk.load(path)[0].new == 40
    writer.join()


def test_csv_of_many_bad_rows_keeps_none_in_memory(desk: Desk) -> None:
    from tmcs.orders.book import Book
    from tmcs.orders.ingest import import_files
    from tmcs.orders.readers import readers

    path = desk.write("bad.csv", table({"订单编号": str(n)} for n in range(20_000)))
    counted = 0

    def count(finding: object) -> None:
        nonlocal counted
        counted += 1

    with Book(desk.store, write=True) as book:
        tally = import_files(book, [str(path)], readers(), sink=count)[0]
    assert (tally.found, counted, tally.rejected) == (20_000, 20_000, 20_000)


PLAIN = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\ufffe"), max_size=60
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(memo=PLAIN, nick=PLAIN, title=PLAIN, encoding=st.sampled_from(["gb18030", "utf-8", "utf-8-sig"]))
def test_any_text_survives_export_and_import(desk: Desk, memo: str, nick: str, title: str, encoding: str) -> None:
    desk.store.unlink(missing_ok=True)
    row = {"订单备注": memo, "买家会员名": nick, "宝贝标题 ": title}
    tally = desk.load_text(table([row]), encoding=encoding)
    assert (tally.new, tally.rejected) == (1, 0), desk.said()
    record = desk.get()
    assert record["seller_memo"] == memo.strip()
    assert record["buyer_nick"] == (nick.strip() or None)
    if "orders" in record:
        assert record["orders"][0]["title"] == title.strip()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fen=st.integers(0, 10**13),
    form=st.sampled_from(["{}", "{}元", "¥{}", " {} ", '="{}"']),
    status=st.sampled_from(["交易成功", "卖家部分发货", "买家已付款,等待卖家发货"]),
)
def test_any_amount_survives_export_and_import(desk: Desk, fen: int, form: str, status: str) -> None:
    desk.store.unlink(missing_ok=True)
    amount = form.format(format_money(fen))
    tally = desk.load_text(
        table([{"买家实际支付金额": amount, "买家应付货款": amount, "订单状态": status}]), encoding="utf-8"
    )
    assert (tally.new, tally.found) == (1, 0), desk.said()
    assert desk.get()["payment"] == format_money(fen)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), head=st.sampled_from([b"", "订单编号,订单状态\r\n".encode("gb18030"), b"PK", b"{", b"["]))
def test_any_bytes_at_all(desk: Desk, data: bytes, head: bytes) -> None:
    desk.store.unlink(missing_ok=True)
    try:
        desk.load_text(head + data, "any.dat")
    except TmcsError as error:
        json.dumps(error.to_dict())


def test_order_template_has_no_surprise() -> None:
    assert ORDER["订单编号"] == f'="{TID}"'
    assert Path(DATA).is_dir()
