"""``tmcs order`` as an agent, a cron job and another program run it: the console script itself."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tmcs.core.order import Order

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
SAMPLES = ROOT / "tests" / "data" / "orders"
TID = "5200000000000010001"
PEOPLE = ("李示例", "13800000001", "sm_demo0001", "demo0001", "样例路1号")


@pytest.fixture
def run(script_runner: Any, tmp_path: Path) -> Callable[..., Any]:
    """Run ``tmcs order …`` on a book of this test."""

    def call(*args: object, **options: Any) -> Any:
        store = () if "--store" in args else ("--store", str(tmp_path / "book.db"))
        return script_runner.run(["tmcs", "order", *map(str, args), *store], **options)

    return call


@pytest.fixture
def filled(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with the example exports imported."""
    done = run("import", *sorted(EXAMPLES.glob("*-2026-11.csv")))
    assert (done.returncode, done.stderr) == (0, "")
    return run


def test_import_says_what_it_did(run: Callable[..., Any]) -> None:
    done = run("import", EXAMPLES / "orders-2026-11.csv", "--lang", "en")
    assert done.returncode == 0
    assert "order report): 24 rows, 24 new, 0 updated, 0 unchanged" in done.stdout
    assert done.stderr == "", "no progress and no notes where nobody looks"
    again = run("import", EXAMPLES / "orders-2026-11.csv")
    assert "24 行，新增 0，更新 0，未变 24" in again.stdout


@pytest.mark.parametrize("name", ["orders-2026-11.csv", "orders-2026-11.xlsx", "orders-top.json"])
def test_every_example_imports(run: Callable[..., Any], name: str) -> None:
    done = run("import", EXAMPLES / name, "--format", "json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["schema"] == "tmcs/import/1"
    assert (told["found"], told["findings"]) == (0, [])
    assert told["files"][0]["new"] == told["files"][0]["rows"] > 0


def test_examples_are_what_their_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / "make_exports.py", tmp_path], check=True)
    written = sorted(tmp_path.iterdir())
    assert len(written) == 6
    for path in written:
        assert path.read_bytes() == (EXAMPLES / path.name).read_bytes(), path.name


def test_import_from_a_pipe(tmp_path: Path) -> None:
    export = EXAMPLES / "orders-2026-11.csv"
    command = f"cat {export} | tmcs order import - --lang en --store {tmp_path / 'book.db'}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("stdin (order report): 24 rows")


def bad_rows(folder: Path) -> Path:
    """Write an export with two bad rows."""
    lines = (EXAMPLES / "orders-2026-11.csv").read_bytes().decode("gb18030").splitlines()
    lines[3] = lines[3].replace('="52', '="xx')
    lines[5] = ",".join(lines[5].split(",")[:9])
    path = folder / "bad.csv"
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    return path


def test_bad_rows_are_reported_and_good_ones_kept(run: Callable[..., Any], tmp_path: Path) -> None:
    path = bad_rows(tmp_path)
    done = run("import", path, "--lang", "en")
    assert done.returncode == 1
    assert "22 new" in done.stdout
    assert "2 rows not taken, 2 findings" in done.stdout
    said = done.stderr.splitlines()
    assert len(said) == 2
    assert said[0].startswith(f"{path}:4:")
    assert said[1].startswith(f"{path}:6:9: only 9 columns: the row is cut (expected 45)")
    zh = run("import", path)
    assert "行不完整 (应为 45)" in zh.stderr


def test_findings_as_json(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("import", bad_rows(tmp_path), "--format", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["found"], len(told["findings"])) == (2, 2)
    assert told["findings"][1]["line"] == 6
    assert set(told["findings"][0]["text"]) == {"zh", "en"}


def test_strict_keeps_nothing(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("import", EXAMPLES / "orders-2026-11.xlsx", bad_rows(tmp_path), "--strict", "--lang", "en")
    assert done.returncode == 2
    assert "2 findings; --strict: nothing was imported" in done.stderr
    assert done.stdout == ""
    assert run("list").stdout.count("52000000000000") == 0
    as_json = run("import", bad_rows(tmp_path), "--strict", "--format", "json")
    assert json.loads(as_json.stdout)["files"] == []
    assert len(json.loads(as_json.stdout)["findings"]) == 2
    assert json.loads(as_json.stderr)["exit"] == 2


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["import", "nowhere.csv"], 6, "no such file"),
        (["import", str(EXAMPLES)], 2, "is a directory"),
        (["import", str(SAMPLES / "top-error.json")], 2, "answered with an error"),
        (["import", str(SAMPLES / "refunds-2026.xlsx")], 2, "a refund report"),
        (["import", str(EXAMPLES / "README.md")], 2, "no known header"),
        (["import", str(EXAMPLES / "orders-top.json"), "--kind", "tpo"], 2, "nearest: top"),
        (["import", "-", "-"], 2, "once only"),
        (["import"], 2, "FILE"),
        (["show", TID], 6, "no store yet"),
        (["find"], 2, "nothing to look for"),
        (["find", "--phone-end", "12a"], 2, "must be digits"),
        (["list"], 6, "no store yet"),
    ],
)
def test_errors_are_one_line_and_an_exit_code(run: Callable[..., Any], args: list[str], code: int, said: str) -> None:
    done = run(*args, "--lang", "en")
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert done.stderr.startswith("tmcs: ")
    assert "Traceback" not in done.stderr
    as_json = run(*args, "--format", "json", "--lang", "en")
    assert json.loads(as_json.stderr.splitlines()[-1])["exit"] == code


def test_show_masks_the_person_unless_told_otherwise(filled: Callable[..., Any]) -> None:
    for form in ("text", "json", "yaml"):
        masked = filled("show", TID, "--format", form)
        assert masked.returncode == 0
        assert not [word for word in PEOPLE if word in masked.stdout], form
        plain = filled("show", TID, "--format", form, "--reveal")
        words = [word for word in PEOPLE if word not in plain.stdout]
        assert words in ([], ["demo0001"]), form


def test_show_as_json_is_the_record(filled: Callable[..., Any]) -> None:
    record = json.loads(filled("show", TID, "--format", "json", "--reveal").stdout)
    order = Order(record)
    assert order.unknown_keys() == []
    assert record["schema"] == "tmcs/order/1"
    assert (record["payment"], record["sign_time"], record["lbx"]) == (
        "39.90", "2026-11-22T14:26:00+08:00", "LBX520000000000001",
    )  # fmt: skip
    assert [(line["sku"], line["num"]) for line in record["orders"]] == [("HONEY-500", 1)]
    masked = json.loads(filled("show", TID, "--format", "json").stdout)
    assert {key: masked[key] for key in ("status", "payment", "orders", "sign_time")} == {
        key: record[key] for key in ("status", "payment", "orders", "sign_time")
    }
    assert Order(masked).payment == order.payment


def test_show_as_yaml_keeps_numbers_as_text(filled: Callable[..., Any]) -> None:
    from ruamel.yaml import YAML

    shown = filled("show", TID, "--format", "yaml", "--reveal").stdout
    assert YAML(typ="safe", pure=True).load(shown) == json.loads(filled("show", TID, "--format", "json", "--reveal").stdout)


def test_show_as_text_in_both_languages(filled: Callable[..., Any]) -> None:
    zh = filled("show", "5200000000000010014").stdout
    assert "已发货，等待确认" in zh
    assert "待卖家同意" in zh
    assert "漏发" in zh, "the warehouse's word stands with the order"
    en = filled("show", "5200000000000010014", "--lang", "en").stdout
    assert "shipped, to be confirmed" in en
    unknown = filled("show", "5200000000000010003", "--lang", "en").stdout
    assert "(unknown)" in unknown


def test_tail_of_a_number_is_suggested_not_taken(filled: Callable[..., Any]) -> None:
    done = filled("show", "010001", "--lang", "en")
    assert done.returncode == 6
    assert f"did you mean: {TID}" in done.stderr


@pytest.mark.parametrize(
    ("args", "ends"),
    [
        (["--phone-end", "0001"], ["10001"]),
        (["--nick", "sm_demo0002"], ["10002"]),
        (["--parcel", "SY90000000137"], ["10001"]),
        (["--title", "蜂蜜"], ["10001"]),
        (["--title", "玻璃水杯"], ["10014", "10011"]),
        (["10001"], ["10001"]),
        (["蜂蜜"], ["10001"]),
        (["--title", "酸奶", "--phone-end", "0015"], ["10015"]),
    ],
)
def test_find(filled: Callable[..., Any], args: list[str], ends: list[str]) -> None:
    done = filled("find", *args, "--format", "json")
    assert [hit["order"]["tid"][-5:] for hit in json.loads(done.stdout)["orders"]] == ends
    text = filled("find", *args)
    assert text.stdout.count("52000000000000") == len(ends)
    assert not [word for word in PEOPLE if word in text.stdout + done.stdout and word not in args]


def test_nothing_found(filled: Callable[..., Any]) -> None:
    assert filled("find", "没有这种东西").returncode == 6


def test_list(filled: Callable[..., Any]) -> None:
    done = filled("list", "--limit", "3", "--format", "json")
    created = [entry["order"]["created"] for entry in json.loads(done.stdout)["orders"]]
    assert created == sorted(created, reverse=True)
    assert len(created) == 3
    for status in ("TRADE_FINISHED", "交易成功", "trade_finished"):
        assert len(json.loads(filled("list", "--status", status, "--format", "json").stdout)["orders"]) == 3
    wrong = filled("list", "--status", "FINISHED", "--lang", "en")
    assert wrong.returncode == 2
    assert "nearest: TRADE_FINISHED" in wrong.stderr


def test_table_is_aligned_with_chinese(filled: Callable[..., Any]) -> None:
    from wcwidth import wcswidth

    lines = filled("list").stdout.splitlines()
    starts = {wcswidth(line.split("2026-1")[0]) for line in lines[2:]}
    assert len(starts) == 1, "the column of times begins at one place"


def test_pending_is_shown(run: Callable[..., Any]) -> None:
    run("import", EXAMPLES / "delivery-report-2026-11.csv")
    assert "(pending)" in run("list", "--lang", "en").stdout
    assert "not imported yet" in run("show", TID, "--lang", "en").stdout
    as_json = run("show", TID, "--format", "json", "--lang", "en")
    assert json.loads(as_json.stdout)["tid"] == TID
    assert "not imported yet" in as_json.stderr
    assert run("list", "--pending").stdout.count("52000000000000") == 18
    run("import", EXAMPLES / "orders-2026-11.csv")
    assert run("list", "--pending").stdout.count("52000000000000") == 0


def test_customer_text_cannot_move_the_terminal(run: Callable[..., Any]) -> None:
    run("import", SAMPLES / "orders-gbk.csv", SAMPLES / "order-items-gbk.csv")
    shown = run("list", "--limit", "100").stdout + run("show", "5100000000000112002").stdout
    assert not set(shown) & set("\x1b\x9b\u202e\x07")


def test_the_store_is_where_the_environment_says(script_runner: Any, tmp_path: Path) -> None:
    env = {**os.environ, "TMCS_STORE": str(tmp_path / "deep" / "er" / "desk.db")}
    done = script_runner.run(["tmcs", "order", "import", str(EXAMPLES / "orders-top.json")], env=env)
    assert done.returncode == 0
    assert (tmp_path / "deep" / "er" / "desk.db").exists()
    env = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "xdg")}
    assert script_runner.run(["tmcs", "order", "import", str(EXAMPLES / "orders-top.json")], env=env).returncode == 0
    assert (tmp_path / "xdg" / "tmcs" / "tmcs.db").exists()


def at_a_terminal(*args: str) -> tuple[int, str]:
    """Run a command whose standard error is a terminal; return its exit code and what the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["tmcs", *args], stdout=subprocess.DEVNULL, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    got = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        got += part
    os.close(ours)
    return process.wait(), got.decode(errors="replace")


def test_progress_at_a_terminal_only_and_never_when_quiet(tmp_path: Path) -> None:
    args = ("order", "import", str(EXAMPLES / "orders-2026-11.csv"), "--store", str(tmp_path / "b.db"))
    code, got = at_a_terminal(*args)
    assert code == 0
    assert "100%" in got
    assert got.endswith("\r\x1b[K"), "the bar is taken away"
    assert at_a_terminal("-q", *args) == (0, "")


def test_interrupted_import_keeps_nothing(filled: Callable[..., Any], tmp_path: Path) -> None:
    head, row = (EXAMPLES / "orders-2026-11.csv").read_bytes().split(b"\r\n")[:2]
    path = tmp_path / "many.csv"
    with path.open("wb") as file:
        file.write(head + b"\r\n")
        for n in range(60_000):
            file.write(row.replace(b'="52000000000000', b'="53%012d' % n) + b"\r\n")
    before = filled("list").stdout
    process = subprocess.Popen(
        ["tmcs", "order", "import", str(path), "--store", str(tmp_path / "book.db")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    journal = tmp_path / "book.db-wal"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 2_000_000):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out, err.strip()) == (130, "", "")
    assert filled("list").stdout == before


def test_help_in_both_languages(run: Callable[..., Any]) -> None:
    shown = run("import", "--help").stdout
    assert "导入" in shown
    assert "--strict" in shown


def test_a_closed_pipe_is_no_error(filled: Callable[..., Any], tmp_path: Path) -> None:
    command = f"tmcs order list --store {tmp_path / 'book.db'} --limit 100 | head -1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_full_disk_through_the_console_script(filled: Callable[..., Any], tmp_path: Path) -> None:
    import resource

    before = filled("list", "--limit", "100").stdout

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    store = ["--store", str(tmp_path / "book.db"), "--lang", "en"]
    done = subprocess.run(
        ["tmcs", "order", "import", str(SAMPLES / "orders-gbk.csv"), *store],
        preexec_fn=small_disk, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 74, done.stderr
    assert "unchanged" in done.stderr
    assert filled("list", "--limit", "100").stdout == before
