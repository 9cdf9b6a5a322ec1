"""The worked cases beside each built-in flow hold, and cover every outcome and wait of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tmcs import flowcheck, loader
from tmcs.core.errors import InputError
from tmcs.testing import Example, example_order, read_examples, run_example, run_examples

FLOWS = tuple(sorted(flowcheck.FLOWS))


def _file(name: str) -> Path:
    return Path(loader.load_flow(name).source).with_name("examples.yaml")


def _cases() -> list[tuple[str, Example]]:
    return [(name, example) for name in FLOWS for example in read_examples(_file(name))]


@pytest.mark.parametrize(("name", "example"), _cases(), ids=lambda v: v.id if isinstance(v, Example) else v)
def test_worked_case(name: str, example: Example) -> None:
    result = run_example(example, loader.load_flow(name), loader.load_policy())
    assert [finding.message("en") for finding in result.findings] == []
    assert all(example.note)


@pytest.mark.parametrize("name", FLOWS)
def test_the_cases_cover_every_outcome_and_wait(name: str) -> None:
    flow = loader.load_flow(name)
    examples = read_examples(_file(name))
    assert len(examples) >= 8
    covered = {one.expect.get("outcome") for one in examples}
    covered |= {f"waiting:{party}" for one in examples for party in one.expect.get("waits", ())}
    covered |= {one.expect.get("status") for one in examples}  # an answer that is asked again ends as needs-facts
    assert flowcheck.check_loaded(flow, examples=False).outcomes.keys() <= covered


def _one(folder: Path, expect: str) -> list[str]:
    path = folder / "examples.yaml"
    path.write_text(f'cases:\n  - id: a\n    set: {{split_shipment: "yes"}}\n    expect: {expect}\n', encoding="utf-8")
    results = run_examples(loader.load_flow("missing-item"), loader.load_policy(), path)
    return [f"{f.line}:{f.column} {f.text.en}" for r in results for f in r.findings]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{outcome: refund}", '4:14 case a: outcome is expedite, not "refund"'),
        ("{status: waiting}", '4:14 case a: status is resolved, not "waiting"'),
        ("{route: normal}", '4:14 case a: route is null, not "normal"'),
        ("{queues: [finance]}", '4:14 case a: queues is ["courier"], not ["finance"]'),
        ("{not_queues: [courier]}", '4:14 case a: not_queues is ["courier"], not ["courier"]'),
        ("{payouts: [{reason: damage}]}", '4:14 case a: payouts is [], not [{"reason": "damage"}]'),
        ("{exit: 3}", "4:14 case a: exit 0, not 3"),
        ("{waits: [courier]}", '4:14 case a: waits is [], not ["courier"]'),
        ("{needs: [item]}", '4:14 case a: needs is [], not ["item"]'),
        ("{deadline_dates: [2026-11-28]}", '4:14 case a: deadline_dates is [], not ["2026-11-28"]'),
    ],
)
def test_a_wrong_expectation_is_found(tmp_path: Path, expect: str, said: str) -> None:
    assert _one(tmp_path, expect) == [said]


def test_null_is_only_null(tmp_path: Path) -> None:
    assert _one(tmp_path, "{outcome: null}") == ["4:14 case a: outcome is expedite, not null"]
    assert _one(tmp_path, "{route: null, amount: null, next_flow: null}") == []


def test_a_wrong_file_names_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "examples.yaml"
    path.write_text("cases:\n  - {id: a, phase: shiped, expect: {outcom: refund}}\n  - {id: a, expect: {}}\n")
    with pytest.raises(InputError) as caught:
        read_examples(path)
    assert [(f.line, f.text.en) for f in caught.value.findings] == [
        (2, "unknown phase shiped"), (2, "unknown key outcom"), (3, "case a stands twice"),
    ]  # fmt: skip


def test_an_example_order_can_be_changed_without_changing_the_next() -> None:
    example_order()["orders"].clear()
    assert example_order("succeeded", payment="1.00")["payment"] == "1.00"
    assert len(example_order()["orders"]) == 1
    assert example_order("unpaid")["pay_time"] is None
