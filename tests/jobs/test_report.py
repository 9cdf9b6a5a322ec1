"""Reports as files: what a spreadsheet reads back, that no cell can act, that the same report gives the same bytes."""

from __future__ import annotations

import csv
import io
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tmcs.core.errors import InputError, StorageError
from tmcs.core.order import SHANGHAI
from tmcs.core.text import Text
from tmcs.jobs.report import Chart, Column, Report, Row, Sheet
from tmcs.orders.values import bare
from tmcs.render.layout import width
from tmcs.render.report import write_csv, write_report
from tmcs.render.workbook import write_xlsx

CLOCK = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
HOSTILE = (
    "=1+1", "+86", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u3000=1+1", "\u200b=1+1", "\ufeff=1+1",
    "＝1+1", "＋1", "－1", "＠SUM(A1)", "\x00=1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://evil.example","x")', "﹢1", "−1",
)  # fmt: skip


def text(word: str) -> Text:
    return Text(word, word)


def one_column(values: list[Any], kind: str = "text") -> Report:
    """A report of one sheet and one column."""
    rows: list[Row] = [{"a": value} for value in values]
    return Report(text("t"), CLOCK, [Sheet(text("s"), [Column("a", text("a"), kind)], rows)])  # type: ignore[arg-type]


def read(path: Path) -> Any:
    """The workbook as openpyxl reads it."""
    return openpyxl.load_workbook(path)


def cells(path: Path) -> list[Any]:
    """The cells of the first column of the first sheet, without the header."""
    return [row[0] for row in read(path).worksheets[0].iter_rows(min_row=2)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "报表.xlsx"


@pytest.fixture
def report() -> Report:
    """Two sheets as a job makes them: topics with a bar and a pie, days with a line."""
    topics = [
        {"topic": "到期日", "count": 12, "paid": 123_456, "share": 333_333},
        {"topic": "物流服务态度不好", "count": 7, "paid": 5, "share": 1_000_000},
        {"topic": "质量", "count": 3, "paid": None, "share": None},
    ]
    start = date(2026, 11, 1)
    days = [
        {"day": start + timedelta(n), "bad": n % 5, "at": datetime(2026, 11, 1 + n, 9, 30, tzinfo=SHANGHAI), "order": "2026112000001234567"}
        for n in range(20)
    ]
    return Report(Text("评价日报", "Reviews"), CLOCK, [
        Sheet(Text("汇总", "Summary"), [
            Column("topic", Text("原因", "Topic")), Column("count", Text("条数", "Count"), "number"),
            Column("paid", Text("赔付", "Paid"), "money"), Column("share", Text("占比", "Share"), "rate"),
        ], topics, [
            Chart("bar", Text("各原因条数", "By topic"), "topic", ["count", "paid"]),
            Chart("pie", Text("原因占比", "Shares"), "topic", ["count"]),
        ]),
        Sheet(Text("每日/趋势", "Daily"), [
            Column("day", Text("日期", "Day"), "day"), Column("bad", Text("差评", "Bad"), "number"),
            Column("at", Text("时间", "At"), "time"), Column("order", Text("订单号", "Order")),
        ], days, [Chart("line", Text("每日差评", "Per day"), "day", ["bad"])]),
    ])  # fmt: skip


def test_values_are_what_they_are_and_headers_stay_in_sight(report: Report, path: Path) -> None:
    assert write_report(report, path, "zh") == [str(path)]
    book = read(path)
    assert book.sheetnames == ["汇总", "每日 趋势"]
    first, second = book.worksheets
    assert [cell.value for cell in first[1]] == ["原因", "条数", "赔付", "占比"]
    assert [cell.value for cell in first[2]] == ["到期日", 12, 1234.56, 0.333333]
    assert [cell.number_format for cell in first[2]] == ["@", "General", "0.00", "0.00%"]
    assert [cell.value for cell in first[4]] == ["质量", 3, None, None]
    assert second["A2"].value == datetime(2026, 11, 1)  # noqa: DTZ001 (a spreadsheet knows no zones)
    assert second["A2"].is_date
    assert second["C2"].value == datetime(2026, 11, 1, 9, 30)  # noqa: DTZ001
    assert second["D2"].value == "2026112000001234567"
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.print_title_rows == "$1:$1"


def test_charts_are_excels_own_and_carry_their_data(report: Report, path: Path) -> None:
    write_xlsx(report, path, "zh")
    first, second = read(path).worksheets
    assert [type(chart).__name__ for chart in first._charts] == ["BarChart", "PieChart"]
    assert [type(chart).__name__ for chart in second._charts] == ["LineChart"]
    bar, pie = first._charts
    assert [series.val.numRef.f for series in bar.series] == ["汇总!$B$2:$B$4", "汇总!$C$2:$C$4"]
    assert bar.series[0].cat.strRef.f == "汇总!$A$2:$A$4"
    assert [point.v for point in bar.series[0].cat.strRef.strCache.pt] == ["到期日", "物流服务态度不好", "质量"]
    assert [float(point.v) for point in bar.series[0].val.numRef.numCache.pt] == [12, 7, 3]
    assert [float(point.v) for point in bar.series[1].val.numRef.numCache.pt] == [1234.56, 0.05]
    assert bar.title.tx.rich.p[0].r[0].t == "各原因条数"
    assert len(pie.series) == 1
    assert second._charts[0].series[0].cat.numRef.f == "'每日 趋势'!$A$2:$A$21"


def test_columns_are_as_wide_as_chinese_is(report: Report, path: Path) -> None:
    write_xlsx(report, path, "zh")
    first, second = read(path).worksheets
    assert first.column_dimensions["A"].width >= width("物流服务态度不好") == 16
    assert second.column_dimensions["C"].width >= len("2026-11-01 09:30")
    assert second.column_dimensions["D"].width >= 19
    write_xlsx(one_column(["长" * 500]), path, "zh")
    sheet = read(path).worksheets[0]
    assert sheet.column_dimensions["A"].width < 70
    assert sheet["A2"].alignment.wrap_text
    assert sheet.row_dimensions[2].height > 100


@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_can_become_a_formula(value: str, path: Path) -> None:
    write_xlsx(one_column([value, f"x{value}"]), path, "zh")
    first, second = cells(path)
    assert first.data_type == second.data_type == "s"
    assert first.quotePrefix  # stays a text when its cell is edited
    assert not any(ord(char) < 32 and char != "\n" for char in first.value)
    out = io.BytesIO()
    write_csv(one_column([value]).sheets[0], out, "zh")
    cell = list(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))[1][0]
    assert cell.startswith("'")


def test_a_title_or_a_name_of_a_sheet_is_as_harmless(path: Path) -> None:
    sheets = [Sheet(text(name), [Column("a", text("=1+1"))], []) for name in
              ("=cmd|'!A", "a/b:c*d?[e]\\f", "A B C D E F", "历史" * 40, "history", "'x'", "", "😀" * 40)]  # fmt: skip
    write_xlsx(Report(text("&Z=1&&"), CLOCK, sheets), path, "zh")
    book = read(path)
    assert len(set(map(str.casefold, book.sheetnames))) == len(sheets)
    for sheet in book.worksheets:
        assert 1 <= len(sheet.title.encode("utf-16-le")) // 2 <= 31
        assert not set(sheet.title) & set("[]:*?/\\'")
        assert sheet.title.casefold() != "history"
        assert (sheet["A1"].value, sheet["A1"].data_type) == ("=1+1", "s")


def test_markup_links_and_controls_are_only_text(path: Path) -> None:
    given = ["<r><t>x</t></r>", "<r><f>1</f></r>", "http://evil.example/", "mailto:a@b.example", "internal:Sheet1!A1", "a\x1b[31mb\x07",
             "a\u202eb\ud800c\uffff", "{=1}", "多\r\n行", "_x0041_"]  # fmt: skip
    write_xlsx(one_column(given), path, "zh")
    found = cells(path)
    assert [cell.value.strip() for cell in found[:-1]] == [
        "<r><t>x</t></r>", "<r><f>1</f></r>", "http://evil.example/", "mailto:a@b.example", "internal:Sheet1!A1", "a[31mb", "abc",
        "{=1}", "多\n行",
    ]  # fmt: skip
    assert all(cell.data_type == "s" and cell.hyperlink is None for cell in found)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=8))
def test_any_text_gives_a_workbook_that_opens(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "a.xlsx"
    write_xlsx(one_column(values), path, "zh")
    sheet = read(path).worksheets[0]
    assert all(sheet.cell(row, 1).data_type in ("s", "n") for row in range(2, len(values) + 2))
    assert all(sheet.cell(row, 1).value is None for row in range(2, len(values) + 2) if sheet.cell(row, 1).data_type == "n")


def test_money_is_exact_to_the_fen(path: Path) -> None:
    fen = [0, 1, 5, 10, 35, 110, 115, 1_005, 99_999_999, -1, -12_345, 999_999_999_999_999, 1_000_000_000_000_000]
    write_xlsx(one_column(fen, "money"), path, "zh")
    found = cells(path)
    assert [Decimal(str(cell.value)) * 100 for cell in found] == fen
    assert [cell.data_type for cell in found] == ["n"] * (len(fen) - 1) + ["s"]  # no spreadsheet keeps 16 digits
    with zipfile.ZipFile(path) as archive:
        assert b"<v>1.1</v>" in archive.read("xl/worksheets/sheet1.xml")


def test_numbers_that_would_lose_digits_stay_text(path: Path) -> None:
    given: list[Any] = [10**15 - 1, 10**15, "6900000000001", "007", Decimal("72.5"), Decimal("0.1234567890123456"), "未知", None, True]
    write_xlsx(one_column(given, "number"), path, "zh")
    assert [(cell.value, cell.data_type) for cell in cells(path)] == [
        (10**15 - 1, "n"), ("1000000000000000", "s"), ("6900000000001", "s"), ("007", "s"), (72.5, "n"), ("0.1234567890123456", "s"),
        ("未知", "s"), (None, "n"), ("是", "s"),
    ]  # fmt: skip


def test_days_that_excel_cannot_count_stay_text(path: Path) -> None:
    write_xlsx(one_column([date(1900, 2, 28), date(9999, 12, 31), date(1901, 1, 1)], "day"), path, "zh")
    assert [cell.is_date for cell in cells(path)] == [False, True, True]
    assert cells(path)[0].value == "1900-02-28"


def test_a_moment_is_shown_by_the_desks_clock(path: Path) -> None:
    from datetime import UTC

    write_xlsx(one_column([datetime(2026, 11, 22, 16, 0, 5, tzinfo=UTC)], "time"), path, "zh")
    assert cells(path)[0].value == datetime(2026, 11, 23, 0, 0, 5)  # noqa: DTZ001


def test_a_text_longer_than_a_cell_is_cut_with_a_mark(path: Path) -> None:
    write_xlsx(one_column(["长" * 40_000, "😀" * 20_000, "x" * 32_767]), path, "zh")
    long, wide, whole = (cell.value for cell in cells(path))
    assert long.endswith("(已截断 cut)")
    assert wide.endswith("(已截断 cut)")
    assert all(len(one.encode("utf-16-le")) <= 2 * 32_767 for one in (long, wide))
    assert whole == "x" * 32_767


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(path: Path) -> None:
    write_xlsx(one_column(list(range(25)), "number"), path, "zh", most_rows=11)
    book = read(path)
    assert book.sheetnames == ["s", "s (2)", "s (3)"]
    assert [cell.value for sheet in book.worksheets for (cell,) in sheet.iter_rows(min_row=2)] == list(range(25))
    write_xlsx(one_column(list(range(10)), "number"), path, "zh", most_rows=11)
    assert read(path).sheetnames == ["s"]


def test_the_same_report_gives_the_same_bytes(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for ending in ("xlsx", "csv", "html", "md", "txt"):
        found = set()
        for zone in ("Asia/Shanghai", "America/New_York"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            (name, *_) = write_report(report, tmp_path / f"a.{ending}", "zh")
            found.add(Path(name).read_bytes())
        assert len(found) == 1, ending
    monkeypatch.undo()
    time.tzset()
    assert read(tmp_path / "a.xlsx").properties.created == datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001


def test_a_hundred_thousand_rows_take_little_memory(tmp_path: Path) -> None:
    script = """
import resource, sys
from tests.jobs.test_report import large
from tmcs.render.report import write_report
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_report(large(int(sys.argv[1])), sys.argv[2], "zh")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    for ending in ("xlsx", "csv", "html"):
        ran = subprocess.run([sys.executable, "-c", script, "100000", str(tmp_path / f"a.{ending}")], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert int(ran.stdout) < 16 * 1024, ending  # KiB


def large(rows: int) -> Report:
    """A report that is never in memory as a whole."""

    def each() -> Iterator[Row]:
        for n in range(rows):
            yield {"order": f"20261120{n:011d}", "paid": n, "said": "=1+1" if n % 50 == 0 else "包装破损"}

    columns = [Column("order", text("订单")), Column("paid", text("赔付"), "money"), Column("said", text("内容"))]
    return Report(text("明细"), CLOCK, [Sheet(text("明细"), columns, each())])


@pytest.mark.parametrize("ending", ["xlsx", "csv", "html", "md"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(ending: str, tmp_path: Path) -> None:
    old = tmp_path / f"a.{ending}"
    old.write_bytes(b"old")

    def limit() -> None:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then a write beyond the limit fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    script = "import sys; from tests.jobs.test_report import large; from tmcs.render.report import write_report\n"
    script += "from tmcs.core.errors import StorageError\n"
    script += "try: write_report(large(20_000), sys.argv[1], 'zh')\nexcept StorageError as error: print(error)"
    ran = subprocess.run([sys.executable, "-c", script, str(old)], capture_output=True, text=True, preexec_fn=limit)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"cannot write {old}: File too large" in ran.stdout
    assert os.listdir(tmp_path) == [old.name]
    assert old.read_bytes() == b"old"


def test_a_row_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> Iterator[Row]:
        yield {"a": "1"}
        raise RuntimeError("the store is gone")

    for ending in ("xlsx", "csv", "html", "txt"):
        sheet = Sheet(text("s"), [Column("a", text("a"))], rows())
        with pytest.raises(RuntimeError):
            write_report(Report(text("t"), CLOCK, [sheet]), tmp_path / f"a.{ending}", "zh")
    assert os.listdir(tmp_path) == []


def test_a_wrong_ending_or_folder_is_said(report: Report, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown report format: xls"):
        write_report(report, tmp_path / "a.xls", "zh")
    with pytest.raises(InputError):
        write_report(report, tmp_path / ".xlsx", "zh")
    with pytest.raises(StorageError, match="No such file or directory"):
        write_report(report, tmp_path / "no" / "a.xlsx", "zh")


def test_files_are_for_their_owner_only(report: Report, tmp_path: Path) -> None:
    for ending in ("xlsx", "csv", "html", "md", "txt"):
        for name in write_report(report, tmp_path / f"a.{ending}", "zh"):
            assert os.stat(name).st_mode & 0o777 == 0o600


def test_csv_is_for_excel_one_file_a_sheet_and_comes_back(report: Report, tmp_path: Path) -> None:
    names = write_report(report, tmp_path / "a.csv", "zh")
    assert names == [str(tmp_path / "a.csv"), str(tmp_path / "a-2.csv")]
    data = Path(names[0]).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.decode("utf-8-sig") == (
        "原因,条数,赔付,占比\r\n到期日,12,1234.56,33.33%\r\n物流服务态度不好,7,0.05,100.00%\r\n质量,3,,\r\n"
    )
    assert Path(names[1]).read_text("utf-8-sig").splitlines()[1] == "2026-11-01,0,2026-11-01 09:30,'2026112000001234567"
    assert bare("'2026112000001234567") == "2026112000001234567"  # as the import of order exports reads it


def test_csv_keeps_negative_money_a_number(tmp_path: Path) -> None:
    write_report(one_column([-1234, None, "-"], "money"), tmp_path / "a.csv", "zh")
    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines() == ["a", "-12.34", '""', "-"]


class _Page(HTMLParser):
    """What a browser would make of a page: its elements and the texts of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "td":
            self.cells[-1] += data.removesuffix("\n")


def page(path: Path) -> _Page:
    found = _Page()
    found.feed(path.read_text())
    return found


def test_html_stands_alone_with_charts(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "a.html", "zh")
    found = page(tmp_path / "a.html")
    tags = [tag for tag, _ in found.tags]
    assert tags.count("svg") == 3
    assert tags.count("table") == 2
    assert not {"script", "link", "img", "iframe", "object"} & set(tags)
    assert not any(name in attrs for _, attrs in found.tags for name in ("src", "href", "onload", "onclick"))
    assert any("default-src 'none'" in (attrs.get("content") or "") for _, attrs in found.tags)
    assert found.cells[:4] == ["到期日", "12", "1234.56", "33.33%"]
    html = (tmp_path / "a.html").read_text()
    for start in [n for n in range(len(html)) if html.startswith("<svg", n)]:
        ElementTree.fromstring(html[start : html.index("</svg>", start) + 6])


def test_html_shows_markup_from_outside_as_text(tmp_path: Path) -> None:
    bad = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{}"
    sheet = Sheet(text(bad), [Column("a", text(bad)), Column("n", text(bad), "number")], [{"a": bad, "n": 1}, {"a": bad, "n": None}],
                  [Chart(kind, text(bad), "a", ["n"]) for kind in ("bar", "line", "pie")])  # fmt: skip
    write_report(Report(text(bad), CLOCK, [sheet]), tmp_path / "a.html", "zh")
    found = page(tmp_path / "a.html")
    assert not {"script", "img"} & {tag for tag, _ in found.tags}
    assert found.cells[0] == bad


@pytest.mark.parametrize("values", [[], [0], [None], [5], [-3, 4, None], [-1, -2], [10**14, 1], list(range(400)), [1] * 501])
def test_a_chart_of_any_numbers_can_be_drawn(values: list[Any], tmp_path: Path) -> None:
    rows = [{"a": f"名{n}", "n": value} for n, value in enumerate(values)]
    sheet = Sheet(text("s"), [Column("a", text("a")), Column("n", text("n"), "money")], rows,
                  [Chart(kind, text("c"), "a", ["n"]) for kind in ("bar", "line", "pie")])  # fmt: skip
    made = Report(text("t"), CLOCK, [sheet])
    write_report(made, tmp_path / "a.html", "zh")
    write_report(made, tmp_path / "a.xlsx", "zh")
    tags = [tag for tag, _ in page(tmp_path / "a.html").tags]
    assert tags.count("svg") == (3 if 0 < len(values) <= 500 else 0)
    assert tags.count("tr") == len(values) + 1
    assert "nan" not in (tmp_path / "a.html").read_text()
    if len(values) > 500:
        assert "超过 500 行，图表从略" in (tmp_path / "a.html").read_text()
    assert len(read(tmp_path / "a.xlsx").worksheets[0]._charts) == (3 if values else 0)


def test_text_aligns_and_markdown_cannot_break_its_table(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "a.txt", "en")
    lines = (tmp_path / "a.txt").read_text().splitlines()
    assert lines[0] == "Reviews · 2026-11-23 10:00"
    assert lines[4].split() == ["Topic", "Count", "Paid", "Share"]
    assert len({width(line) for line in lines[4:8]}) == 1
    write_report(one_column(["a|b", "x\ny", "[l](http://evil.example)", "\x1b[2J"]), tmp_path / "a.md", "zh")
    rows = [line for line in (tmp_path / "a.md").read_text().splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert "a\\|b" in rows[2]
    assert "\\[l\\](http" in rows[4]
    assert "\x1b" not in "".join(rows)


def test_what_a_report_cannot_be_is_refused() -> None:
    column = Column("a", text("a"))
    for wrong in (
        lambda: Column("a", text("a"), "colour"),  # type: ignore[arg-type]
        lambda: Chart("radar", text("c"), "a", ["n"]),  # type: ignore[arg-type]
        lambda: Sheet(text("s"), [column, column], []),
        lambda: Sheet(text("s"), [column], [], [Chart("bar", text("c"), "a", ["a"])]),
        lambda: Report(text("t"), CLOCK.replace(tzinfo=None), [Sheet(text("s"), [column], [])]),
        lambda: Report(text("t"), CLOCK, []),
    ):
        with pytest.raises(ValueError, match=r"."):
            wrong()
