"""The order book: merging, finding, versions, and what happens when the disk, a lock or a signal gets in the way."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from desk import DATA, TID, Desk, table

from tmcs.core.errors import NotFoundError, StorageError, TryAgainError
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers
from tmcs.store import base, migrations, tables_orders

LOAD = """
import sys
from tmcs.core.errors import TmcsError
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers
try:
    with Book(sys.argv[1], write=True) as book:
        import_files(book, sys.argv[2:], readers())
except TmcsError as error:
    print(type(error).__name__, error)
    sys.exit(error.exit_code)
"""


def python(*argv: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start a fresh interpreter."""
    return subprocess.Popen(
        [sys.executable, "-c", *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def many(desk: Desk, rows: int, name: str = "many.csv") -> Path:
    """Write an order report of many rows."""
    return desk.write(name, table({"订单编号": f'="53000000000{n:08d}"'} for n in range(rows)))


def whole(desk: Desk) -> bool:
    """Return whether the book's file is in order."""
    with closing(sqlite3.connect(desk.store)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok")


def test_order_of_files_does_not_matter(any_desk: Desk, tmp_path: Path) -> None:
    names = ["orders-gbk.csv", "order-items-gbk.csv", "delivery-report.csv", "warehouse-feedback.csv"]
    any_desk.load(*(DATA / name for name in names))
    other = Desk(tmp_path / "other")
    other.folder.mkdir()
    tallies = other.load(*(DATA / name for name in reversed(names)))
    assert (tallies[0].pending, tallies[-1].new) == (12, 40)
    with Book(any_desk.store) as one, Book(other.store) as two:
        for entry in one.newest(limit=100):
            assert two.get(entry.record["tid"]) == entry.record
        assert one.count() == two.count() == 40
        assert not two.newest(pending=True)


def test_pending_fragments_are_kept_and_marked(any_desk: Desk) -> None:
    any_desk.load(DATA / "delivery-report.csv")
    with Book(any_desk.store) as book:
        entry = book.entry("5100000000000118008")
        assert entry is not None
        assert entry.pending
        assert entry.record["sign_time"] == "2026-11-15T02:00:00+08:00"
        assert len(book.newest(pending=True, limit=100)) == 22


def test_an_older_export_wipes_nothing(any_full_desk: Desk) -> None:
    before = any_full_desk.get("5100000000000126006")
    old = table([{
        "订单编号": '="5100000000000126006"', "订单状态": "买家已付款，等待卖家发货", "买家会员名": "tb_sample026",
        "订单创建时间": "2026-11-01 09:00:00", "物流单号 ": "", "物流公司": "", "订单备注": "旧备注", "联系手机": "",
    }])  # fmt: skip
    any_full_desk.load_text(old)
    after = any_full_desk.get("5100000000000126006")
    assert after == before


def test_a_newer_export_updates(any_full_desk: Desk) -> None:
    new = table([{
        "订单编号": '="5100000000000115005"', "订单状态": "交易成功", "订单备注": "新备注",
        "订单创建时间": "2026-11-19 10:00:00", "买家会员名": "tb_sample015",
    }])  # fmt: skip
    assert any_full_desk.load_text(new).updated == 1
    after = any_full_desk.get("5100000000000115005")
    assert (after["status"], after["seller_memo"]) == ("TRADE_FINISHED", "新备注")
    assert after["lbx"] == "LBX3000000000000015"
    assert after["orders"][0]["sku"]


def test_masked_exports_do_not_hide_what_is_known(any_full_desk: Desk) -> None:
    before = any_full_desk.get("5100000000000109009")
    any_full_desk.load(DATA / "orders-2026.xlsx", DATA / "orders-top.json", DATA / "top-trade-fullinfo.json")
    after = any_full_desk.get("5100000000000109009")
    assert after["receiver"] == before["receiver"]
    assert after["buyer_nick"] == "tb_sample009"


def test_several_parcels_are_signed_when_the_last_one_is(any_desk: Desk) -> None:
    head = "订单编号,LBX单号,物流公司,物流单号,发货时间,签收时间,物流状态,最新轨迹时间\n"
    first = f"{TID},LBX5200000000000001,中通,P1,2026-11-20 10:00:00,2026-11-21 10:00:00,已签收,2026-11-21 10:00:00\n"
    second = f"{TID},LBX5200000000000001,中通,P2,2026-11-20 11:00:00,{{}},运输中,2026-11-21 11:00:00\n"
    any_desk.load_text(head + first + second.format(""), encoding="utf-8")
    assert any_desk.get()["sign_time"] is None
    any_desk.load_text(head + second.format("2026-11-22 09:00:00") + first, encoding="utf-8")
    assert any_desk.get()["sign_time"] == "2026-11-22T09:00:00+08:00"
    assert any_desk.get()["logistics"] == {"company": "中通快递", "out_sid": "P1"}
    with Book(any_desk.store) as book:
        assert [len(book.find(parcel=number)) for number in ("P1", "P2", "LBX5200000000000001")] == [1, 1, 1]


def test_warehouse_feedback_is_kept_once(any_full_desk: Desk) -> None:
    any_full_desk.load(DATA / "warehouse-feedback.csv")
    with Book(any_full_desk.store) as book:
        notes = book.notes("5100000000000123003", "warehouse")
        assert [(note["type"], note["sku"], note["sent"]) for note in notes] == [("漏发", "CUP-500-BK", "0")]
        assert len(book.notes("5100000000000123003")) == 2


def found(desk: Desk, *args: str, **criteria: str) -> list[str]:
    """Return the ends of the order numbers found."""
    with Book(desk.store) as book:
        return sorted(entry.record["tid"][-5:] for entry in book.find(*args, **criteria))


def test_find(any_full_desk: Desk) -> None:
    assert found(any_full_desk, phone_end="0023") == ["23003"]
    assert found(any_full_desk, phone_end="13800000023") == ["23003"]
    assert found(any_full_desk, phone_end="138") == []
    assert found(any_full_desk, nick="TB_SAMPLE023") == ["23003"]
    assert len(found(any_full_desk, nick="tb_sample00")) == 9
    assert found(any_full_desk, parcel="YT0000000000110") == ["23003"]
    assert found(any_full_desk, parcel="lbx3000000000000023") == ["23003"]
    assert found(any_full_desk, title="牛排") == ["14004", "22002", "34004"]
    assert found(any_full_desk, title="牛排", phone_end="0022") == ["22002"]
    assert found(any_full_desk, "0023") == ["23003"]
    assert found(any_full_desk, "5100000000000123003") == ["23003"]
    assert found(any_full_desk, "电子教程") == ["13003", "32002"]


@pytest.mark.parametrize("word", ["%", "_", "\\", "'", "' OR 1=1 --", "*", '"', ";DROP TABLE orders", "\x00"])
def test_find_takes_every_character_as_itself(any_full_desk: Desk, word: str) -> None:
    assert found(any_full_desk, word) == []
    assert found(any_full_desk, title=word) == []
    any_full_desk.load_text(table([{"宝贝标题 ": "示例 100% 纯_棉\\布 ' OR 1=1 -- *\";DROP TABLE orders"}]))
    if word != "\x00":
        assert found(any_full_desk, title=word) == ["77001"]


def test_upper_and_lower_case(any_desk: Desk) -> None:
    rows = [{"买家会员名": "TB_Ärger王", "宝贝标题 ": "ABC 蜂蜜", "订单编号": TID}]
    any_desk.load_text(table(rows), encoding="utf-8")
    for nick, hits in (("tb_Ärger王", 1), ("TB_Ä", 1), ("tb_ä", 0), ("tb_Ärger王x", 0)):
        assert len(found(any_desk, nick=nick)) == hits, nick
    assert len(found(any_desk, title="abc")) == 1
    assert len(found(any_desk, "aBc 蜂")) == 1


def test_orders_without_a_time_come_last(any_desk: Desk) -> None:
    rows = [{"订单编号": f"520000000000007700{n}", "订单创建时间": time} for n, time in enumerate(("", "2026-11-20 10:00:00", ""))]
    any_desk.load_text(table(rows))
    with Book(any_desk.store) as book:
        assert [entry.record["tid"][-1] for entry in book.newest()] == ["1", "2", "0"]


def test_words_that_no_database_holds(any_full_desk: Desk) -> None:
    with Book(any_full_desk.store) as book:
        for word in ("\0", "1\0", "\udcff"):
            assert book.entry(word) is None
            assert book.near(word) == book.notes(word) == book.newest(word) == []
            assert book.find(word) == book.find(nick=word) == book.find(title=word) == []


def test_two_imports_at_once(any_desk: Desk) -> None:
    files = []
    for name, order in (("a.csv", range(400)), ("b.csv", reversed(range(400)))):
        rows = table({"订单编号": f'="53000000000{n:08d}"', "宝贝标题 ": f"示例{n}"} for n in order)
        files.append(any_desk.write(name, rows))
    Book(any_desk.store, write=True).close()
    loads = [python(LOAD, any_desk.store, path) for path in files]
    for load in loads:
        out, err = load.communicate()
        assert load.returncode == 0, out + err
    assert any_desk.count() == 400


def test_near_numbers(any_full_desk: Desk) -> None:
    with Book(any_full_desk.store) as book:
        assert book.near("123003") == ["5100000000000123003"]
        assert "5100000000000123003" in book.near("5100000000000123004")
        assert book.near("%%%%%%") == []


def test_newest_first(any_full_desk: Desk) -> None:
    with Book(any_full_desk.store) as book:
        created = [entry.record["created"] for entry in book.newest(limit=100)]
        assert created == sorted(created, reverse=True)
        assert {e.record["status"] for e in book.newest("TRADE_FINISHED", 100)} == {"TRADE_FINISHED"}
        assert len(book.newest(limit=3)) == 3


def test_bulk_import_and_ordinary_import_agree(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = many(desk, 500)
    desk.load(path)
    monkeypatch.setattr("tmcs.orders.ingest.BULK_FROM", 1)
    other = Desk(tmp_path / "bulk")
    other.folder.mkdir()
    other.load(path)
    for book in (desk, other):
        with closing(sqlite3.connect(book.store)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
        assert set(tables_orders.INDEXES) <= names
    assert found(desk, title="蜂蜜") == found(other, title="蜂蜜")


def test_look_up_reads_by_index(full_desk: Desk) -> None:
    with closing(sqlite3.connect(full_desk.store)) as connection:
        plans = {
            "SELECT record, whole FROM orders WHERE tid = 'x'": "tid=?",
            "SELECT id FROM orders WHERE phone >= 'x' AND phone < 'y'": "orders_phone",
            "SELECT id FROM orders WHERE nick IS NOT NULL AND lower(nick) >= 'x' AND lower(nick) < 'y'": "orders_nick",
            "SELECT order_id FROM order_parcel WHERE number IN ('x', 'y')": "order_parcel_number",
        }
        for sql, index in plans.items():
            plan = " ".join(str(row) for row in connection.execute("EXPLAIN QUERY PLAN " + sql))
            assert index in plan, plan


def test_a_look_up_imports_little(full_desk: Desk) -> None:
    code = (
        "import sys; from tmcs.orders.select import order_record; "
        "order_record('5100000000000123003', store=sys.argv[1]); print(' '.join(sys.modules))"
    )
    out, _ = python(code, full_desk.store).communicate()
    heavy = {"click", "openpyxl", "tabulate", "ruamel", "csv", "zipfile", "dataclasses", "pluggy", "tmcs.orders.ingest"}
    assert not heavy & set(out.split())


def test_no_book_yet(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no store yet"):
        Book(tmp_path / "none.db")
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotFoundError, match="no store yet"):
        Book(tmp_path / "empty.db")


def test_not_a_book(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("订单编号,订单状态\n" * 100, "utf-8")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    for path in (text, other):
        for write in (False, True):
            with pytest.raises(StorageError, match=r"not a store of tmcs|another program"):
                Book(path, write=write)
    with pytest.raises(StorageError):
        Book(tmp_path, write=True)


def test_a_newer_book_is_refused(full_desk: Desk) -> None:
    with closing(sqlite3.connect(full_desk.store)) as connection:
        connection.execute(f"PRAGMA user_version={base.VERSION + 1}")
    for write in (False, True):
        with pytest.raises(StorageError, match="newer tmcs"):
            Book(full_desk.store, write=write)


def test_migration_is_all_or_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.load_text(table([{}]))
    version = base.VERSION
    for module in ("sqlite", "upgrade", "migrations"):
        monkeypatch.setattr(f"tmcs.store.{module}.VERSION", version + 1)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("CREATE TABLE one (x)", "NONSENSE")))
    with pytest.raises(StorageError):
        Book(desk.store, write=True)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS[:version], ("CREATE TABLE two (x)",)))
    with Book(desk.store, write=True) as book:
        names = {row[0] for row in book.store.execute("SELECT name FROM sqlite_master").fetchall()}
        assert "two" in names
        assert "one" not in names
        assert book.get(TID) is not None


def test_the_book_is_private(desk: Desk) -> None:
    desk.store = desk.folder / "data" / "tmcs" / "book.db"
    desk.load_text(table([{}]))
    assert os.stat(desk.store).st_mode & 0o077 == 0
    assert os.stat(desk.store.parent).st_mode & 0o077 == 0


def test_locked_book_says_try_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.load_text(table([{}]))
    monkeypatch.setattr("tmcs.store.sqlite.BUSY_SECONDS", 0.1)
    with Book(desk.store, write=True) as book, book.transaction():
        with pytest.raises(TryAgainError, match="being written"):
            desk.load_text(table([{}]))
        assert desk.get()["tid"] == TID, "a look-up does not wait for an import"


def test_killed_import_leaves_the_book_as_it_was(desk: Desk) -> None:
    desk.load_text(table([{}]))
    path = many(desk, 60_000)
    process = python(LOAD, desk.store, path)
    journal = Path(f"{desk.store}-wal")
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.stat().st_size > 4_000_000:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.01)
    assert process.wait() == -signal.SIGKILL
    process.communicate()
    assert desk.count() == 1
    assert whole(desk)
    assert desk.load(path)[0].new == 60_000


def test_full_disk_for_real(desk: Desk) -> None:
    desk.load_text(table([{}]))
    path = many(desk, 20_000)
    limit = 2_000_000  # bytes that a file may have: the system refuses to write more, as it does on a full disk

    def small_disk() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = python(LOAD, desk.store, path, preexec_fn=small_disk)
    out, err = process.communicate()
    assert process.returncode == 74, err
    assert out.startswith("StorageError")
    assert "unchanged" in out
    assert desk.count() == 1
    assert whole(desk)


def test_full_file_system(desk: Desk, tmp_path: Path) -> None:
    """On a file system of 2 MiB where one can be mounted, else in a book that may not grow: full either way."""
    path = many(desk, 20_000)
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], capture_output=True, check=False
    )
    desk.store = disk / "book.db"
    try:
        with Book(desk.store, write=True) as book:
            if mounted.returncode:
                book.store.execute("PRAGMA max_page_count=300")
            with pytest.raises(StorageError, match=r"disk is full|disk full"):
                import_files(book, [str(path)], readers())
        assert desk.count() == 0
        assert whole(desk)
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", "-l", str(disk)], check=True)


# Everything is imported while the interpreter's own files can be read: a dry run first, then as a user without rights.
NOBODY = """
import os, sys, tempfile
from tmcs.orders.book import Book
from tmcs.orders.ingest import import_files
from tmcs.orders.readers import readers
code, header = sys.argv.pop(1), sys.argv.pop(1)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, 'dry.csv')
    open(path, 'w', encoding='gb18030').write(header)
    with Book(os.path.join(folder, 'dry.db'), write=True) as book:
        try:
            import_files(book, [path], readers())
        except Exception:
            pass
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
exec(code)
"""


def as_nobody(*argv: str | Path) -> str:
    """Run code as a user without rights and return what it printed."""
    out, err = python(NOBODY, argv[0], table([]), *argv[1:]).communicate()
    assert "Traceback" not in err, err
    return out


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tmcs-open-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_read_only_book_and_no_permission(open_folder: Path) -> None:
    desk = Desk(open_folder)
    desk.load_text(table([{}]))
    path = desk.folder / "orders.csv"
    os.chmod(desk.store, 0o444)
    os.chmod(open_folder, 0o555)
    assert "read-only" in as_nobody(LOAD, desk.store, path)
    show = "import sys; from tmcs.orders.book import Book; print(Book(sys.argv[1]).get(sys.argv[2])['tid'])"
    assert as_nobody(show, desk.store, TID).strip() == TID
    os.chmod(open_folder, 0o755)
    os.chmod(path, 0o000)
    os.chmod(desk.store, 0o000)
    assert "no permission to write" in as_nobody(LOAD, open_folder / "new.db", path)
    closed = "from tmcs.orders.source import open_source\ntry: open_source(sys.argv[1])\n"
    closed += "except Exception as error: print(type(error).__name__, error)"
    assert as_nobody(closed, path).startswith("StorageError no permission to read")
    assert as_nobody(LOAD, desk.store, path).startswith("StorageError")


def test_record_is_plain_json_in_the_schema_order(full_desk: Desk) -> None:
    with closing(sqlite3.connect(full_desk.store)) as connection:
        text = connection.execute("SELECT record FROM orders WHERE tid = '5100000000000123003'").fetchone()[0]
    keys = list(json.loads(text))
    assert keys[:3] == ["schema", "tid", "status"]
