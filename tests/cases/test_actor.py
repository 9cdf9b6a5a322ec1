"""Who acts, and what a role allows: from the configuration, and refused in words."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

import tmcs
from tmcs.cases.actor import Actor, acting, require
from tmcs.core.case_rules import ACTIONS
from tmcs.core.errors import InputError, NotPermittedError
from tmcs.core.policy import Snapshot

NOW = tmcs.parse_time("2026-11-23T10:00:00+08:00")


def snapshot(*files: Path) -> Snapshot:
    return tmcs.load_policy(files).at(NOW)


def test_without_configuration_the_login_acts_at_the_lowest_tier_as_an_agent() -> None:
    actor = acting(snapshot())
    assert (actor.agent, actor.tier, actor.role) == (pwd.getpwuid(os.getuid()).pw_name, "frontline", "agent")


def test_the_configuration_says_who_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TMCS_AGENT", "小王"), ("TMCS_TIER", "supervisor"), ("TMCS_ROLE", "lead")):
        monkeypatch.setenv(name, value)
    actor = acting(snapshot())
    assert (actor.agent, actor.tier, actor.role) == ("小王", "supervisor", "lead")


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [("TMCS_TIER", "supervisr", "没有这个层级: supervisr，最接近的是 supervisor", "unknown tier: supervisr; nearest: supervisor"),
     ("TMCS_ROLE", "auditr", "没有这个角色: auditr，最接近的是 auditor", "unknown role: auditr; nearest: auditor")],
)  # fmt: skip
def test_an_unknown_tier_or_role_is_refused(name: str, value: str, zh: str, en: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as caught:
        acting(snapshot())
    assert (caught.value.text.zh, caught.value.text.en) == (zh, en)
    assert caught.value.hint is not None


@pytest.mark.parametrize("action", ACTIONS)
def test_a_role_allows_what_the_policy_lists(action: str) -> None:
    now = snapshot()
    require(Actor("li", "frontline", "lead"), now, action)
    if now.cases.may("auditor", action):
        require(Actor("li", "supervisor", "auditor"), now, action)
        return
    with pytest.raises(NotPermittedError) as caught:
        require(Actor("li", "supervisor", "auditor"), now, action)
    assert caught.value.exit_code == 5
    assert caught.value.text.zh.startswith(f"角色 审计 (auditor) 不可以{ACTIONS[action][0]}；可以的角色: ")
    assert caught.value.text.en.startswith(f"role auditor may not {ACTIONS[action][1]}; who may: ")


def test_a_refusal_names_who_may() -> None:
    with pytest.raises(NotPermittedError) as caught:
        require(Actor("li", "supervisor", "agent"), snapshot(), "backup")
    assert caught.value.text.zh == "角色 坐席 (agent) 不可以备份数据；可以的角色: 组长 (lead)、定时任务 (job)"
    assert caught.value.text.en == "role agent may not back up the store; who may: team lead (lead), scheduled job (job)"


def test_where_nobody_may_that_is_said(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("cases: {roles: {lead: {may: [show]}}}\n", "utf-8")
    with pytest.raises(NotPermittedError) as caught:
        require(Actor("li", "supervisor", "stranger"), snapshot(own), "erase")
    assert caught.value.text.zh == "角色 stranger 不可以清除个人信息；没有角色可以"
    assert caught.value.text.en == "role stranger may not erase personal data; no role may"


def test_it_loads_little() -> None:
    code = "import sys, tmcs.core.errors; before = set(sys.modules); import tmcs.cases.actor; print(*set(sys.modules) - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {"tmcs.cases", "tmcs.cases.actor", "tmcs.config"}


def test_a_decision_by_itself_loads_no_rules_for_cases(tmp_path: Path) -> None:
    code = (
        "import sys, tmcs; flow, policy = tmcs.load_flow('damage'), tmcs.load_policy(); "
        "order = tmcs.Order({'tid': '1', 'status': 'TRADE_FINISHED', 'payment': '100.00'}); "
        "tmcs.resolve(flow, order, {'photos_received': 'no'}, policy, tmcs.parse_time('2026-11-23T10:00:00+08:00')); "
        "print(*sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # fills the cache
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith(("tmcs.cases", "tmcs.core.case_rules", "pwd"))]
