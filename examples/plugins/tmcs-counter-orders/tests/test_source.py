"""The order reader `counter-orders`: its check, and the orders it reads."""

from collections.abc import Callable
from pathlib import Path

from tmcs.testing import Ran, assert_check_passes

EXAMPLE = Path(__file__).parent / "example.csv"


def test_it_passes_its_check(tmcs_apart: None) -> None:
    assert_check_passes("tmcs-counter-orders")


def test_the_orders_of_an_export_are_in_the_book(tmcs_run: Callable[..., Ran]) -> None:
    ran = tmcs_run("order", "import", EXAMPLE)
    assert ran.code == 0, ran.err
    order = tmcs_run("order", "show", "9900000000001", "--format", "json").json
    assert (order["status"], order["payment"]) == ("WAIT_BUYER_CONFIRM_GOODS", "35.00")


def test_a_row_that_cannot_be_taken_is_named_and_the_others_are_read(tmcs_run: Callable[..., Ran], tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text(EXAMPLE.read_text("utf-8").replace("已发货", "不明"), "utf-8")
    ran = tmcs_run("order", "import", export, "--lang", "en")
    assert ran.code == 1
    assert "export.csv:2:3: unknown state of delivery" in ran.out + ran.err
    assert tmcs_run("order", "show", "9900000000002").code == 0
