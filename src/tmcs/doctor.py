"""What a desk's installation is like, looked at in one go: program, configuration, plug-ins, policy, calendar, store, rights.

Each check says what it found and, where something is wrong, what to do. None of them changes anything.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from tmcs.core.errors import TmcsError
from tmcs.core.policy import Policy
from tmcs.core.text import Text

OK: Final = "ok"
WARNING: Final = "warning"
ERROR: Final = "error"

_NEED: Final = (3, 11)
_NOTICE: Final = timedelta(days=45)  # how long before the last published day the calendar is worth a word
_ROOM: Final = 256 << 20  # bytes free below which a disk will soon be full


class Check:
    """What one check found.

    Attributes:
        area: program, configuration, plug-ins, policy, calendar, rights, clock, store or mail.
        state: ok, warning (it works, with a caveat) or error (it does not).
        text: what was found; ``hint`` what to do about it, or None.
    """

    __slots__ = ("area", "hint", "state", "text")

    def __init__(self, area: str, state: str, zh: str, en: str, hint: Text | None = None) -> None:
        self.area = area
        self.state = state
        self.text = Text(zh, en)
        self.hint = hint

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON."""
        return {
            "area": self.area, "state": self.state, "text": self.text.to_dict(), "hint": self.hint and self.hint.to_dict()
        }  # fmt: skip


def examine(store: str | None, now: datetime) -> Iterator[Check]:
    """Yield what each check finds, in the order in which one rests on the other.

    Args:
        store: a file or URL; None: the configured one.
        now: the present moment.
    """
    areas: list[tuple[str, Callable[[], Iterator[Check]]]] = [
        ("program", _program),
        ("configuration", _configuration),
        ("plug-ins", _plugins),
        ("policy", lambda: _policy(now)),
        ("calendar", lambda: _calendar(now)),
        ("rights", lambda: _rights(now)),
        ("clock", lambda: _clock(now)),
        ("store", lambda: _store(store)),
        ("mail", _mail),
    ]
    for area, look in areas:
        try:
            yield from look()
        except TmcsError as error:
            yield Check(area, ERROR, error.text.zh, error.text.en, error.hint)
            for finding in error.findings:
                yield Check(area, ERROR, finding.message("zh"), finding.message("en"))


def _program() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    from tmcs import __version__

    found = ".".join(map(str, sys.version_info[:3]))
    state = OK if sys.version_info >= _NEED else ERROR
    yield Check("program", state, f"tmcs {__version__}，Python {found}", f"tmcs {__version__}, Python {found}")
    packages = []
    for name in ("click", "pluggy", "tabulate", "ruamel.yaml", "openpyxl", "chinesecalendar"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            hint = Text(f"请安装: pip install {name}", f"install it: pip install {name}")
            yield Check("program", ERROR, f"缺少组件 {name}", f"package {name} is missing", hint)
    yield Check("program", OK, ", ".join(packages), ", ".join(packages))
    if sys.dont_write_bytecode:
        yield Check(
            "program", WARNING, "PYTHONDONTWRITEBYTECODE 已设置，每次启动都要重新编译", "PYTHONDONTWRITEBYTECODE is set: every start compiles anew",
            Text("请取消该变量", "unset it"),
        )  # fmt: skip
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        yield Check(
            "program", WARNING, f"输出编码是 {sys.stdout.encoding}，中文可能显示不全", f"output is {sys.stdout.encoding}: not every character can be shown",
            Text("请设置 PYTHONUTF8=1", "set PYTHONUTF8=1"),
        )  # fmt: skip


def _configuration() -> Iterator[Check]:
    from tmcs import config
    from tmcs.lang import cache

    config.effective()
    there = [path for path, _ in config.files() if os.path.exists(path)]
    names = ", ".join(there)
    yield Check("configuration", OK, f"配置文件: {names or '无，用默认值'}", f"files: {names or 'none, defaults'}")
    folder, usable, why = cache.status()
    if usable:
        yield Check("configuration", OK, f"缓存: {folder}", f"cache: {folder}")
    else:
        yield Check("configuration", WARNING, f"缓存未使用: {why[0]}", f"the cache is not used: {why[1]}")


def _plugins() -> Iterator[Check]:
    from tmcs.loader import load_flows
    from tmcs.plugins import registry

    failed: list[tuple[str, TmcsError]] = []
    flows = load_flows(lambda name, error: failed.append((name, error)))
    for name, error in failed:
        hint = Text("tmcs plugin check 列出全部问题", "tmcs plugin check lists every fault")
        yield Check("plug-ins", ERROR, f"流程 {name} 不可用: {error.text.zh}", f"flow {name} cannot be used: {error.text.en}", hint)
    others = len(registry().others())
    yield Check("plug-ins", OK, f"流程 {len(flows)} 个，其他插件 {others} 个", f"{len(flows)} flows, {others} other plug-ins")


def _policy(now: datetime) -> Iterator[Check]:
    from tmcs.loader import load_policy

    policy: Policy = load_policy()
    own = [name for name in policy.files if not name.startswith("tmcs/")]
    changed = len(policy.overrides)
    yield Check(
        "policy", OK, f"{policy.id} {policy.version}，自有文件 {len(own)} 个，改动 {changed} 处",
        f"{policy.id} {policy.version}, {len(own)} files of the desk's own, {changed} figures changed",
    )  # fmt: skip
    snapshot = policy.at(now)
    if snapshot.unresolved:
        names = ", ".join(sorted(snapshot.unresolved))
        yield Check("policy", WARNING, f"悬而未决的裁定: {names}，相关案件会上交", f"rulings held open: {names}; cases that rest on them go up")
    if snapshot.cases.customer_day is None:
        yield Check("policy", OK, "每位客户每日赔付不设上限", "no limit per customer and day is set")


def _calendar(now: datetime) -> Iterator[Check]:
    from tmcs.loader import load_policy

    calendar = load_policy().at(now).calendar
    last = calendar.published_through
    if now.date() + _NOTICE > last:
        yield Check(
            "calendar", WARNING, f"放假安排只公布到 {last}，之后按周一至周五推算", f"holidays are published to {last}; later days are counted Monday to Friday",
            Text("请升级 chinesecalendar，或在政策文件的 calendar 里补上", "update chinesecalendar, or fill `calendar` in the policy file"),
        )  # fmt: skip
    else:
        yield Check("calendar", OK, f"{calendar.version}，放假安排公布到 {last}", f"{calendar.version}, holidays published to {last}")


def _rights(now: datetime) -> Iterator[Check]:
    from tmcs.cases.actor import acting
    from tmcs.core.case_rules import ACTIONS
    from tmcs.loader import load_policy

    snapshot = load_policy().at(now)
    actor = acting(snapshot)
    may = [action for action in ACTIONS if snapshot.cases.may(actor.role, action)]
    yield Check(
        "rights", OK, f"坐席 {actor.agent}，层级 {actor.tier}，角色 {actor.role}: {len(may)} 项操作",
        f"agent {actor.agent}, tier {actor.tier}, role {actor.role}: may do {len(may)} of {len(ACTIONS)} actions",
    )  # fmt: skip


def _clock(now: datetime) -> Iterator[Check]:
    from tmcs.cases import clock

    text = clock.stamp(now)
    if clock.is_set():
        hint = Text("正式使用请取消 TMCS_NOW", "unset TMCS_NOW for real work")
        yield Check("clock", WARNING, f"时钟由 TMCS_NOW 设为 {text}", f"TMCS_NOW sets the clock to {text}", hint)
    else:
        yield Check("clock", OK, f"现在是 {text}", f"now is {text}")


def _store(where: str | None) -> Iterator[Check]:
    from tmcs.config import store_path
    from tmcs.store import is_server, open_store

    name = where or store_path()
    if not is_server(name) and not os.path.exists(name):
        hint = Text("第一次 tmcs order import 或 tmcs case open 会建立", "the first tmcs order import or tmcs case open makes it")
        yield Check("store", WARNING, f"还没有数据文件: {name}", f"there is no store yet: {name}", hint)
        return
    with open_store(name) as store:
        for problem in store.examine():
            yield Check("store", ERROR, problem.zh, problem.en, Text("请从备份恢复: tmcs store restore", "restore a backup: tmcs store restore"))
        counts = [store.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("orders", "cases", "event")]
        yield Check(
            "store", OK, f"{store.name} ({store.dialect})，订单 {counts[0]}，案件 {counts[1]}，事件 {counts[2]}",
            f"{store.name} ({store.dialect}): {counts[0]} orders, {counts[1]} cases, {counts[2]} events",
        )  # fmt: skip
    if not is_server(name):
        yield from _file(name)
    with open_store(name, write=True) as store:
        store.begin()
        store.rollback()
    yield Check("store", OK, "可以写入", "it can be written")


def _file(path: str) -> Iterator[Check]:
    state = os.stat(path)
    if state.st_mode & 0o077:
        hint = Text(f"chmod 600 {path}", f"chmod 600 {path}")
        yield Check("store", WARNING, f"别的用户可以读写 {path}", f"other users can read or write {path}", hint)
    if hasattr(os, "statvfs"):
        disk = os.statvfs(path)
        room = disk.f_bavail * disk.f_frsize
        if room < _ROOM:
            yield Check("store", WARNING, f"磁盘只剩 {room >> 20} MiB", f"only {room >> 20} MiB are left on the disk", Text("请清出空间", "free some space"))


def _mail() -> Iterator[Check]:
    from tmcs import config

    path = str(config.get("mail"))
    if not path:
        yield Check("mail", OK, "没有配置邮件，报表不外发", "no mail is configured: reports are not sent")
        return
    from tmcs.jobs.definition import load_jobs
    from tmcs.jobs.mail_settings import read_mail_settings

    settings = read_mail_settings(path)
    settings.login()
    roles = dict.fromkeys(role for job in load_jobs() for role in job.recipients)
    lacking = [role for role in roles if not settings.recipients.get(role)]
    if lacking:
        names = ", ".join(lacking)
        hint = Text("在 mail.recipients 下写上", "write them under mail.recipients")
        yield Check("mail", WARNING, f"{path} 里没有 {names} 的收件地址", f"{path} has no address for {names}", hint)
    where = settings.outbox or f"{settings.host}:{settings.port} ({settings.security})"
    yield Check("mail", OK, f"{path}: {where}", f"{path}: {where}")
