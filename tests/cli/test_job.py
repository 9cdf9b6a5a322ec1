"""`tmcs job`: what an agent, a program and cron get from it."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.jobs.kit import EXAMPLES, JobDesk
from tmcs.render.layout import width
from tmcs.schemas import schema

REVIEWS = EXAMPLES / "jobs" / "reviews-2026-11.csv"
INPUTS = EXAMPLES / "jobs"
#: The jobs that look at the example exports, and when each runs on the day of the examples.
JOBS = {
    "held-orders": "08:50", "ship-tracking": "09:00", "completion-rate": "09:00", "review-explanation": "09:00",
    "shipped-unsigned": "09:15", "reorder-orders": "10:00", "differentiated-care": "10:30", "gift-mailing": "10:40",
    "satisfaction-survey": "10:45", "oversell": "17:00", "differentiated-follow-up": "17:00",
}  # fmt: skip
ORDER = "5200000000000010005"  # paid, and held by the warehouse for want of stock


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobDesk:
    """The example exports in a store, on the evening of their day."""
    store = str(tmp_path / "store.db")
    for name, value in (("NOW", "2026-11-23T17:00:00+08:00"), ("ROLE", "job"), ("AGENT", "cron"), ("STORE", store)):
        monkeypatch.setenv(f"TMCS_{name}", value)
    desk = JobDesk(store, tmp_path)
    desk.take(*(EXAMPLES / f"{name}-2026-11.csv" for name in ("orders", "order-items", "delivery-report", "warehouse-feedback")))
    return desk


@pytest.mark.parametrize("job", JOBS)
def test_every_worklist_is_of_the_schema(desk: JobDesk, tmcs: Callable[..., Any], job: str) -> None:
    run = ("job", "run", job, "--now", f"2026-11-23T{JOBS[job]}:00+08:00", "--in", INPUTS, "--format", "json")
    ran = tmcs(*run, "--dry-run")
    assert ran.code == 0, ran.err
    jsonschema.Draft202012Validator(schema("worklist-1")).validate(ran.json)
    kept = tmcs(*run, "--open")
    jsonschema.Draft202012Validator(schema("worklist-1")).validate(kept.json)
    assert sum(kept.json["counts"].values()) == len(kept.json["items"])
    assert [{**item, "case": ""} for item in kept.json["items"]] == [{**item, "case": ""} for item in ran.json["items"]]
    for lang in ("zh", "en"):
        text = tmcs("job", "run", job, "--now", f"2026-11-23T{JOBS[job]}:00+08:00", "--lang", lang)
        assert text.code == 0, text.err
        assert all(item["customer"] in text.out for item in kept.json["items"] if item["customer"])
        assert "sm_demo" not in text.out + text.err + ran.out


def test_an_agent_can_call_from_it(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    ran = tmcs("job", "run", "扣单", "--now", "2026-11-23T08:50:00+08:00", "--open", "--out", desk.folder / "out")
    lines = ran.out.splitlines()
    assert lines[0] == "扣单 · 2026-11-23 08:50 · 范围 2026-11-23 00:00 – 2026-11-23 08:50"
    assert f"  1 s***5 · {ORDER} · 案件 1" in lines
    assert "    给      优惠券 8.99 元 (主动提出)；至多 17.98 元，须二线批准" in lines
    assert "    问      客户接受退款吗？ (yes | no)" in lines
    assert "    →       答 yes: 退款" in lines
    assert any(line.strip().startswith("任务    19049: 扣单发不出") for line in lines)
    assert lines[-1] == f"报表 {desk.folder / 'out' / 'held-orders-2026-11-23.xlsx'}"
    assert max(width(line.rstrip("，。、；：？！")) for line in lines[:-1]) <= 80  # such a mark never begins a line


def test_what_all_of_a_group_have_in_common_is_said_once(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    ran = tmcs("job", "run", "review-explanation", "--in", REVIEWS, "--lang", "en")
    items = tmcs("job", "run", "review-explanation", "--format", "json").json["items"]
    opening = next(script["text"]["en"] for item in items if item["call"] for script in item["say"])
    words = " ".join(ran.out.split())
    assert sum(item["call"] for item in items) > 1
    assert words.count(opening[:60]) == 1


@pytest.mark.parametrize("ending", ["xlsx", "csv", "html", "md"])
def test_the_report_is_the_same_again(desk: JobDesk, tmcs: Callable[..., Any], ending: str) -> None:
    run = ("job", "run", "differentiated-follow-up", "--in", INPUTS, "--as", ending, "--format", "json", "--out")
    first, again = tmcs(*run, desk.folder / "a"), tmcs(*run, desk.folder / "b")
    assert (first.code, again.code) == (0, 0)
    a, b = ({path.name: path.read_bytes() for path in (desk.folder / name).iterdir()} for name in "ab")
    assert a == b
    assert f"differentiated-follow-up-2026-11-23.{ending}" in a
    assert first.json["report"] == {
        "file": str(desk.folder / "a" / f"differentiated-follow-up-2026-11-23.{ending}"), "due": "2026-11-23T18:00:00+08:00",
    }  # fmt: skip


def test_what_the_report_holds(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    tmcs("job", "run", "ship-tracking", "--now", "2026-11-23T09:00:00+08:00", "--as", "csv", "--out", desk.folder, "--lang", "en")
    name = "ship-tracking-20261121T2000-20261122T2000"
    worklist, summary = (
        list(csv.reader(io.StringIO((desk.folder / f"{name}{more}.csv").read_text("utf-8-sig")))) for more in ("", "-2")
    )  # fmt: skip
    assert worklist[0] == ["group", "order", "customer", "call", "what to do", "offer", "tasks", "rules"]
    assert worklist[1][1].lstrip("'") == "5200000000000010006"
    assert [row[1] for row in summary] == ["count", "0", "1", "0"]
    tmcs("job", "run", "ship-tracking", "--now", "2026-11-23T09:00:00+08:00", "--out", desk.folder)
    with zipfile.ZipFile(desk.folder / f"{name}.xlsx") as book:
        assert any("charts/chart" in part for part in book.namelist())


def test_order_files_are_imported_first(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    other = ("--store", tmp_path / "fresh.db", "--format", "json", "--now", "2026-11-23T08:50:00+08:00")
    files = [word for name in ("orders", "order-items") for word in ("--in", EXAMPLES / f"{name}-2026-11.csv")]
    ran = tmcs("job", "run", "held-orders", *files, "--in", f"warehouse={EXAMPLES / 'warehouse-feedback-2026-11.csv'}", *other)
    assert ran.code == 0, ran.err
    assert [item["order"] for item in ran.json["items"]] == [ORDER]
    tried = tmcs("job", "run", "held-orders", *files, "--dry-run", *other)
    assert tried.code == 2
    assert "order import" in tried.err


def test_inputs(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    run = ("job", "run", "review-explanation", "--lang", "en")
    missing = tmcs(*run)
    assert (missing.code, missing.out) == (2, "")
    assert "needs an input: review export (reviews)" in missing.err
    wrong = tmcs(*run, "--in", INPUTS / "duty-2026-11.csv")
    assert wrong.code == 2
    assert "duty-2026-11.csv: nothing that review-explanation reads" in wrong.err
    assert tmcs(*run, "--in", f"duty={INPUTS / 'duty-2026-11.csv'}").code == 2
    assert tmcs(*run, "--in", tmp_path / "none.csv").code == 6
    assert tmcs(*run, "--in", "reviews=-").code == 2
    named = tmcs(*run, "--in", f"reviews={REVIEWS}", "--in", REVIEWS)  # the same rows twice are one
    assert named.code == 0
    once = tmcs("job", "run", "review-explanation", "--in", REVIEWS, "--store", _copy(desk, tmp_path), "--lang", "en")
    assert once.out == named.out
    optional = tmcs("job", "run", "oversell", "--lang", "en")
    assert optional.code == 0
    assert "no answers of the platform (answers) was given: done without" in optional.err


def _copy(desk: JobDesk, tmp_path: Path) -> Path:
    other = JobDesk(str(tmp_path / "other.db"), tmp_path)
    other.take(*(EXAMPLES / f"{name}-2026-11.csv" for name in ("orders", "order-items", "delivery-report", "warehouse-feedback")))
    return Path(other.url)


def test_a_dry_run_keeps_nothing(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "agent")
    ran = tmcs("job", "run", "held-orders", "--dry-run")
    assert ran.code == 0
    assert ORDER in ran.out
    assert tmcs("job", "history", "--format", "json").json["runs"] == []
    monkeypatch.setenv("TMCS_ROLE", "job")
    assert tmcs("job", "run", "held-orders", "--dry-run", "--open").code == 2
    assert tmcs("job", "run", "held-orders", "--dry-run", "--recompute").code == 2
    called = tmcs("job", "run", "held-orders", "--format", "json").json["items"][0]
    assert called["call"]


def test_who_may(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMCS_ROLE", "agent")
    ran = tmcs("job", "run", "held-orders", "--lang", "en")
    assert ran.code == 5
    assert "team lead (lead), scheduled job (job)" in ran.err
    assert tmcs("job", "mail", "oversell").code == 5
    monkeypatch.setenv("TMCS_ROLE", "auditor")
    assert tmcs("job", "run", "held-orders", "--dry-run").code == 5
    assert tmcs("job", "history").code == 0


def test_list_show_due_and_history(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    tmcs("job", "run", "held-orders", "--open", "--out", desk.folder / "out")
    listed = tmcs("job", "list", "--format", "json").json
    assert listed["schema"] == "tmcs/jobs/1"
    held = next(one for one in listed["jobs"] if one["id"] == "held-orders")
    assert (held["section"], held["at"], held["next"]) == ("P02", "08:50", "2026-11-24T08:50:00+08:00")
    assert (held["last"]["counts"], held["last"]["cases"]) == ({"call": 1}, 1)
    text = tmcs("job", "list").out
    assert all(one["title"]["zh"] in text for one in listed["jobs"])

    due = tmcs("job", "due", "--format", "json").json["due"]
    assert {"job": "oversell", "at": "2026-11-23T17:00:00+08:00", "missed": []} in due
    assert "held-orders" not in {one["job"] for one in due}
    assert "2026-11-23 17:00  oversell" in tmcs("job", "due").out.splitlines()
    early = tmcs("job", "due", "--now", "2026-11-23T08:00:00+08:00")
    assert (early.code, early.out) == (0, "")

    (run,) = tmcs("job", "history", "扣单", "--format", "json").json["runs"]
    assert (run["run"], run["state"], run["agent"], run["items"], run["cases"]) == ("2026-11-23", "done", "cron", 1, 1)
    assert os.path.basename(run["report"]) == "held-orders-2026-11-23.xlsx"
    assert "call 1" in tmcs("job", "history", "--lang", "en").out

    shown = tmcs("job", "show", "review-explanation", "--format", "json").json
    assert shown["window"] == {"from": "2026-11-22T18:00:00+08:00", "to": "2026-11-23T17:00:00+08:00", "on": None}
    assert [one["kind"] for one in shown["inputs"]] == ["reviews"]
    assert "P01-R05" in shown["cites"]
    words = tmcs("job", "show", "ship-tracking", "--lang", "en").out
    assert "status = WAIT_SELLER_SEND_GOODS and LBX number is set" in " ".join(words.split())


def test_a_job_that_is_not_there(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    for words in (("run", "held-order"), ("show", "held-order"), ("mail", "held-order"), ("history", "held-order")):
        ran = tmcs("job", *words, "--lang", "en")
        assert ran.code == 2
        assert "nearest: held-orders" in ran.err
    assert tmcs("job", "runn").code == 2
    assert tmcs("job", "run", "held-orders", "--now", "today").code == 2


def test_not_due_is_no_fault(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    ran = tmcs("job", "run", "oversell", "--if-due", "--now", "2026-11-23T16:59:00+08:00", "--format", "json", "--lang", "en")
    assert (ran.code, ran.json["worklists"]) == (0, [])
    assert "oversell is not due" in ran.err


def test_check(tmcs: Callable[..., Any]) -> None:
    ran = tmcs("job", "check", "held-orders", "--format", "json")
    assert (ran.code, ran.json["ok"]) == (0, True)
    assert ran.json["checked"][0]["examples"]["total"] > 0
    assert tmcs("job", "check", "none-such").code == 1


def test_crontab_and_units(desk: JobDesk, tmcs: Callable[..., Any], tmp_path: Path) -> None:
    ran = tmcs("job", "crontab", "--program", "/opt/tmcs", "--out", "/srv/out", "--in", "/srv/in", "--cron-tz")
    assert "0 17 * * * /opt/tmcs -q job run oversell --if-due --since-last --out /srv/out --in /srv/in >/dev/null" in ran.out.splitlines()
    assert "reads reviews" in tmcs("job", "crontab", "--out", "/srv/out", "--lang", "en").err
    ran = tmcs("job", "crontab", "--systemd", tmp_path / "units", "--out", "/srv/out", "--in", "/srv/in")
    assert ran.code == 0
    assert (tmp_path / "units" / "tmcs-job-oversell.timer").read_text().count("OnCalendar=*-*-* 17:00:00 Asia/Shanghai") == 1
    (tmp_path / "file").write_text("")
    assert tmcs("job", "crontab", "--systemd", tmp_path / "file").code == 74


# ---- mail -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def mail(desk: JobDesk, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = desk.folder / "mail.yaml"
    path.write_text("mail: {outbox: outbox, from: r@desk.example, recipients: {platform: ops@platform.example}}\n", encoding="utf-8")
    monkeypatch.setenv("TMCS_MAIL", str(path))
    return path


def test_a_report_is_mailed_once(desk: JobDesk, mail: Path, tmcs: Callable[..., Any]) -> None:
    assert tmcs("job", "mail", "oversell").code == 6
    tmcs("job", "run", "oversell")
    planned = tmcs("job", "mail", "oversell", "--dry-run", "--format", "json").json
    assert [one["state"] for one in planned["sendings"]] == ["planned"]
    assert not (desk.folder / "outbox").exists()
    sent = tmcs("job", "mail", "oversell", "--format", "json")
    assert sent.json["sendings"][0] == {**planned["sendings"][0], "state": "sent"}
    assert (sent.json["schema"], sent.json["window"], sent.json["files"]) == ("tmcs/job-mail/1", "2026-11-23", ["oversell-2026-11-23.xlsx"])
    tmcs("job", "run", "oversell", "--open")
    again = tmcs("job", "mail", "oversell", "--as", "csv", "--lang", "en")
    assert (again.code, "o***@platform.example  sent before" in again.out) == (0, True)
    assert len(list((desk.folder / "outbox").iterdir())) == 1


def test_mail_that_cannot_go_out(desk: JobDesk, mail: Path, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    tmcs("job", "run", "oversell")
    tmcs("job", "run", "held-orders")
    assert tmcs("job", "mail", "oversell", "--window", "2026-11-22").code == 6
    assert tmcs("job", "mail", "held-orders").code == 2  # nobody's address is known for it
    (desk.folder / "outbox").write_text("in the way")
    ran = tmcs("job", "mail", "oversell", "--lang", "en")
    assert ran.code == 74
    assert "cannot write to the outbox" in ran.err
    (desk.folder / "outbox").unlink()
    assert tmcs("job", "mail", "oversell", "--window", "2026-11-23").code == 0
    monkeypatch.delenv("TMCS_MAIL")
    ran = tmcs("job", "mail", "oversell", "--lang", "en")
    assert (ran.code, "no mail is configured" in ran.err) == (2, True)


def test_doctor_looks_at_the_mail(desk: JobDesk, mail: Path, tmcs: Callable[..., Any]) -> None:
    def said() -> list[tuple[str, str]]:
        checks = tmcs("doctor", "--format", "json").json["checks"]
        return [(one["state"], one["text"]["en"]) for one in checks if one["area"] == "mail"]

    assert [state for state, _ in said()] == ["warning", "ok"]
    mail.write_text(
        "mail: {host: smtp.desk.example, user: u, login_file: login, from: r@desk.example, recipients: {platform: o@p.example}}\n",
        encoding="utf-8",
    )
    assert [state for state, _ in said()] == ["error"]
    (desk.folder / "login").write_text("secret\n")
    os.chmod(desk.folder / "login", 0o644)
    ((state, text),) = said()
    assert (state, "others than you may read" in text) == ("error", True)
    os.chmod(desk.folder / "login", 0o600)
    assert said()[-1] == ("ok", f"{mail}: smtp.desk.example:587 (starttls)")


def test_mail_in_the_configuration_is_beside_the_file(desk: JobDesk, mail: Path, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMCS_MAIL")
    (desk.folder / "tmcs.yaml").write_text("mail: mail.yaml\n")
    monkeypatch.setenv("TMCS_CONFIG", str(desk.folder / "tmcs.yaml"))
    tmcs("job", "run", "oversell")
    assert tmcs("job", "mail", "oversell").code == 0


def test_every_command_has_help_in_both_languages(tmcs: Callable[..., Any]) -> None:
    for name in ("list", "show", "run", "due", "history", "crontab", "check", "mail"):
        ran = tmcs("job", name, "--help")
        assert ran.code == 0
        assert " · " in ran.out


def test_errors_are_json_for_a_program(desk: JobDesk, tmcs: Callable[..., Any]) -> None:
    ran = tmcs("job", "run", "review-explanation", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert json.loads(ran.err)["exit"] == 2


# ---- the person -----------------------------------------------------------------------------------------------------------


def test_erasing_a_customer_reaches_what_jobs_have_kept(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run = ("job", "run", "review-explanation", "--in", REVIEWS, "--format", "json")
    item = next(one for one in tmcs(*run, "--open").json["items"] if one["order"] == "5200000000000010002")
    assert "水果箱子压坏了" in item["do"]["zh"]
    monkeypatch.setenv("TMCS_ROLE", "lead")
    erased = tmcs("case", "erase", "--customer", "sm_demo0002", "--why", "客户要求", "--force", "--format", "json")
    assert erased.code == 0, erased.err
    assert erased.json["items"] == 1
    again = tmcs(*run, "--open")
    jsonschema.Draft202012Validator(schema("worklist-1")).validate(again.json)
    assert "水果箱子压坏了" not in again.out
    assert "水果箱子压坏了".encode() not in Path(desk.url).read_bytes()
    assert tmcs("case", "verify").code == 0


def test_retention_reaches_worklists(desk: JobDesk, tmcs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    policy = desk.folder / "policy.yaml"
    policy.write_text('cases: {retention: {value: "30"}}\n', encoding="utf-8")
    monkeypatch.setenv("TMCS_POLICY", str(policy))
    tmcs("job", "run", "held-orders", "--open")
    tmcs("job", "run", "oversell")
    monkeypatch.setenv("TMCS_NOW", "2027-03-01T10:00:00+08:00")
    ran = tmcs("case", "retention", "--format", "json")
    assert ran.code == 0, ran.err
    assert ran.json["items"] == 2  # those of oversell; the case of the held order is open
    assert tmcs("case", "retention", "--format", "json").json["items"] == 0
