"""Values made to hurt: moments, options, and orders whose errors could tell what stands in them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.conftest import FACTS, RESOLVE, Refused


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("0001-01-01T00:00:00+14:00", "is wrong"), ("0001-01-01", "between 1970 and 2999"),
        ("9999-12-31T23:59:59-23:59", "is wrong"), ("9999-12-31T23:59:59+08:00", "between 1970 and 2999"),
        ("3000-01-01", "between 1970 and 2999"), ("2016-12-31T23:59:60Z", "is wrong"), ("2026-02-29", "is wrong"),
        ("2026-11-23T10:00:00+24:00", "is wrong"), ("", "is wrong"), ("x" * 100_000, "is wrong"), ("２０２６-11-23", "is wrong"),
        ("2026-11-23\n10:00", "is wrong"), ("2026-11-23T10:00:00\0", "is wrong"), ("-1", "is wrong"), ("1e400", "is wrong"),
    ],
)  # fmt: skip
def test_a_moment_that_is_none_is_refused(refused: Refused, now: str, said: str) -> None:
    assert said in refused(2, "resolve", "damage", "--now", now)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        ("2026-11-24T09:59:00+23:59", "2026-11-23T18:00:00+08:00"), ("2026-11-22T10:01:00-23:59", "2026-11-23T18:00:00+08:00"),
        ("2026-11-23T18:00:00.999999+08:00", "2026-11-23T18:00:00+08:00"), ("2026-11-23T10:00:00Z", "2026-11-23T18:00:00+08:00"),
        ("1970-01-01", "1970-01-01T00:00:00+08:00"), ("2999-12-31T23:59:59", "2999-12-31T23:59:59+08:00"),
    ],
)  # fmt: skip
def test_extreme_moments_are_counted_in_shanghai(tmcs: Any, order: Any, now: str, same: str) -> None:
    ran = tmcs(
        "resolve", "damage", "--order-json", "-", *FACTS, "--now", now, "--format", "json", stdin=json.dumps(order)
    )
    assert ran.code in (0, 3, 4)
    assert ran.json["now"] == same


def test_days_past_the_published_calendar_are_marked_as_estimated(tmcs: Any, order: Any) -> None:
    argv = ("resolve", "damage", "--order-json", "-", *FACTS, "--format", "json")
    order |= {"status": "TRADE_FINISHED", "end_time": "2026-11-22T12:00:00+08:00"}
    far = tmcs(*argv, "--now", "2990-01-05T10:00:00", stdin=json.dumps(order)).json
    working = [one for one in far["deadlines"] if "working" in one["rule"]]
    assert working, far["deadlines"]
    assert all(one.get("estimated") for one in working), working


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--order", "1", "--order-json", "-"], "excludes"),
        (["--orders", "x.csv", "--order-json", "-"], "excludes"),
        (["--orders", "x.csv"], "needs --order"),
        (["--facts", "-", "--order-json", "-"], "once"),
        (["-s", "photos_received=yes", "-s", "photos_received=no"], "two values: yes and no"),
        (["-s", "photos_received=" + "a" * 9999, "-s", "photos_received=" + "b" * 9999], "two values"),
        (["-s", "photos_received"], "expected name=value"),
        (["-s", "=yes"], "expected name=value"),
        (["-s", "\n=yes"], "expected name=value"),
        (["-s", "photos_received=yes\nno"], "yes\\nno"),
        (["-s", "photos_received=\0"], "\\x00"),
        (["-s", "goods_kind=%s%n{0}${x}"], "%s%n{0}${x}"),
        (["-s", "%s=yes"], "unknown fact: %s"),
        (["-s", "a\x1b[2Jb=yes"], "a\\x1b[2Jb"),
        (["-s", "x" * 100_000 + "=yes"], "unknown fact: xxx"),
        (["--item", "S\n2"], "S\\n2"),
        (["--tier", "frontline\n"], "frontline\\n"),
        (["--nonsense"], "--nonsense"),
        (["--formt", "json"], "--format"),
        (["extra", "words"], "extra words"),
        (["--lang", "fr"], "zh"),
        (["--set"], "requires an argument"),
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_options_that_contradict_each_other_or_mean_nothing_are_refused(
    tmcs: Any, refused: Refused, order: Any, tmp_path: Path, argv: list[str], said: str
) -> None:
    if "--item" in argv:
        (tmp_path / "order.json").write_text(json.dumps(order))
        assert said in refused(6, *RESOLVE, "--order-json", tmp_path / "order.json", *argv)
    elif argv in (["--lang", "fr"], ["--set"]):  # nothing may follow
        ran = tmcs(*RESOLVE, *argv)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("tmcs: ")
        assert said in ran.err
    else:
        assert said in refused(2, *RESOLVE, *argv)


def test_of_an_option_given_twice_the_last_counts(tmcs: Any, order: Any, refused: Refused) -> None:
    argv = (
        *RESOLVE,
        "--order-json",
        "/no/such",
        "--order-json",
        "-",
        "--format",
        "text",
        "--format",
        "json",
        "--lang",
        "zh",
    )
    ran = tmcs(*argv, *FACTS, *FACTS, "--lang", "en", stdin=json.dumps(order))
    assert (ran.code, ran.json["status"]) == (0, "resolved")
    wrong = tmcs("resolve", "damge", "--format", "json", "--format", "text", "--lang", "zh", "--lang", "en")
    assert wrong.err.startswith("tmcs: unknown flow: damge")
    assert json.loads(tmcs("resolve", "damge", "--format=text", "--format=json").err)["exit"] == 2


# ---- personal data ----------------------------------------------------------------------------------------------------------

SECRET = "王秘密 13912345678 secret@alipay.invalid 示例路9号"


@pytest.mark.parametrize(
    "path",
    ["tid", "status", "created", "pay_time", "consign_time", "sign_time", "end_time", "payment", "receiver", "orders", "schema", "alipay_no"]
    + [f"orders.{key}" for key in ("oid", "sku", "title", "price", "num", "payment", "refund_status")],
)  # fmt: skip
@pytest.mark.parametrize(
    "value", [SECRET, [SECRET], {SECRET: SECRET}, 13912345678], ids=["text", "list", "object", "number"]
)
def test_an_error_in_an_order_never_tells_what_stands_in_it(tmcs: Any, order: Any, path: str, value: Any) -> None:
    if path.startswith("orders."):
        order["orders"][0][path[7:]] = value
    else:
        order[path] = value
    for form in ("text", "json"):
        ran = tmcs(*RESOLVE, *FACTS, "--order-json", "-", "--format", form, stdin=json.dumps(order))
        assert ran.code in (0, 2, 3, 4, 6), ran.err
        assert not any(part in ran.err for part in SECRET.split()), ran.err
        if ran.code == 2:
            assert path.rpartition(".")[2] in ran.err


@pytest.mark.parametrize("key", ["created", "pay_time", "consign_time", "sign_time", "end_time"])
@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+14:00", "2026-11-23T10:00:60", 5])
def test_a_time_that_no_calendar_has_is_a_wrong_order(refused: Refused, order: Any, key: str, value: Any) -> None:
    order[key] = value
    assert key in refused(2, *RESOLVE, *FACTS, "--order-json", "-", stdin=json.dumps(order))


def test_a_text_fact_that_is_too_long_is_refused_without_repeating_it(refused: Refused, tmp_path: Path) -> None:
    facts = json.dumps({"reject_reason": SECRET + "长" * 300_000}, ensure_ascii=False)
    found = refused(2, *RESOLVE, "--facts", "-", stdin=facts)
    assert "reject_reason" in found
    assert len(found) < 400
    assert not any(part in found for part in SECRET.split())


def test_the_folder_of_a_missing_flow_is_no_internal_fault(refused: Refused) -> None:
    for word in ("../../etc/passwd", "damage/../damage", "a\0b", "x" * 10_000, os.sep):
        assert "unknown flow" in refused(2, "resolve", word)
