"""The policy for a person: its figures, a change, two versions compared, what a version changes in open cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tmcs.core.money import format_money
from tmcs.core.safe import clean, one_line
from tmcs.render.layout import bold, columns, dim, table, wrap

if TYPE_CHECKING:
    from tmcs.policies.change import Change
    from tmcs.policies.check import PolicyReport
    from tmcs.policies.diff import Difference
    from tmcs.policies.figures import Shown
    from tmcs.policies.move import Moved
    from tmcs.policies.preview import Effect, Totals

_LIST = 50  # columns of a value that is a list
_RULES = 24  # columns of the rules beside a figure


def figures_table(shown: Mapping[str, Shown], unset: Mapping[str, Mapping[str, str]], origins: Mapping[str, str], always: str, lang: str) -> str:
    """Return figures as a table; what all of them share, or none has, is no column.

    Args:
        unset: what it means that a figure is none.
        origins: the place in the desk's own files of those that it set.
        always: since when the built-in figures hold.
    """
    heads = {
        "key": ("项", "key"), "value": ("值", "value"), "since": ("自", "since"), "next": ("之后", "next"), "rules": ("依据", "rules"),
        "from": ("来自", "from"),
    }  # fmt: skip
    rows = []
    for key, one in shown.items():
        value = one_line(one.value)
        said = f"{value} ({unset[key][lang]})" if key in unset else value
        following = "" if one.next is None else f"{one.next[0]}: {one_line(one.next[1])}"
        rows.append({
            "key": key, "value": wrap(said, _LIST) if key.startswith("cases.") else said,
            "since": "" if one.since == always else one.since, "next": following,
            "rules": wrap(" ".join(one.figure.cites), _RULES), "from": origins.get(key, ""),
        })  # fmt: skip
    used = [name for name in heads if name in ("key", "value") or any(row[name] for row in rows)]
    out = [table([[row[name] for name in used] for row in rows], [heads[name][lang == "en"] for name in used])]
    if any(one.since == always for one in shown.values()):
        out.append(dim(f"未注明起始日的自 {always} 起" if lang == "zh" else f"in force since {always} unless a day is given"))
    return "\n".join(out)


def change_lines(change: Change, written: bool, lang: str) -> list[str]:
    """Return what a change does, and what is worth knowing besides."""
    from tmcs.policies.change import said_value

    zh = lang == "zh"
    before, after = one_line(said_value(change.before)), one_line(said_value(change.after))
    if change.same:
        return [f"{change.key} 已经是 {before}，未改动" if zh else f"{change.key} is {before} already; nothing was changed"]
    out = [bold(change.key), wrap(before, columns(), "  原值  " if zh else "  was  "), wrap(after, columns(), "  新值  " if zh else "  now  ")]
    report = change.report
    out.append(
        f"  已检查整套规则: {report.flows} 个流程，求解 {report.cases} 次，没有问题" if zh
        else f"  the whole set was checked: {report.flows} flows, {report.cases} cases decided, nothing wrong"
    )  # fmt: skip
    if written:
        kept = "" if change.created else (f"，原文件存为 {change.backup}" if zh else f"; the old file is kept as {change.backup}")
        out.append(f"  已写入 {change.file}{kept}" if zh else f"  written to {change.file}{kept}")
        out.append(
            "  已建的案件仍按各自的版本: tmcs policy preview 看影响" if zh
            else "  open cases keep their own version: tmcs policy preview shows what it would change"
        )  # fmt: skip
    else:
        out.append(f"  试算，未写入 {change.file}:" if zh else f"  tried only, {change.file} is as it was:")
        out += [f"    {clean(line)}" for line in change.patch()]
    return out


def diff_lines(found: Iterable[Difference], lang: str) -> list[str]:
    """Return the differences of two versions in words, a figure a block."""
    out = []
    for one in found:
        cites = f"  [{' '.join(one.cites)}]" if one.cites else ""
        out.append(wrap(one_line(one.title.pick(lang)) + cites, columns()))
        old, new = one_line(one.old_words.pick(lang)), one_line(one.new_words.pick(lang))
        out.append(wrap(f"{old} → {new}", columns(), "  "))
        out.append(dim(f"  {one.key}"))
    return out


def report_lines(report: PolicyReport, files: Iterable[str], lang: str) -> list[str]:
    """Return what a check of policy files found."""
    zh = lang == "zh"
    names = ", ".join(files) or ("内置" if zh else "built-in")
    if report.ok:
        return [
            f"✓ {names}: {report.flows} 个流程，求解 {report.cases} 次，没有问题" if zh
            else f"✓ {names}: {report.flows} flows, {report.cases} cases decided, nothing wrong"
        ]  # fmt: skip
    out = [f"✗ {names}: {len(report.findings) + len(report.broken)} 处问题" if zh else f"✗ {names}: {len(report.findings) + len(report.broken)} faults"]
    out += [f"  {one_line(finding.message(lang))}" for finding in report.findings]
    for one in report.broken:
        out.append(f"  {one.flow} · {one_line(one.node)}: {one_line(one.text.pick(lang))}")
        out.append(f"    {one_line(one.command)}")
    return out


_PARTS = {
    "status": ("状态", "status"), "outcome": ("结局", "outcome"), "next_flow": ("后续流程", "next flow"), "refund": ("退款", "refund"),
    "goods": ("货物", "goods"), "payouts": ("赔付", "payouts"), "deadlines": ("期限", "deadlines"), "tasks": ("任务", "tasks"),
}  # fmt: skip


def effect_lines(effect: Effect, titles: Mapping[str, list[str]], lang: str) -> list[str]:
    """Return what a version changes in a case."""
    en = lang == "en"
    title = titles[effect.flow][en] if effect.flow in titles else effect.flow
    words = [f"case {effect.id}" if en else f"案件 {effect.id}", title]
    if effect.tid:
        words.append(one_line(f"order {effect.tid}" if en else f"订单 {effect.tid}"))
    if effect.kept:
        words.append("kept under its policy" if en else "保留原版政策")
    out = [bold(one_line(" · ".join(words)))]
    for one in effect.money:
        said = f"{format_money(one.old)} → {format_money(one.new)} ({_signed(one.new - one.old)})"
        out.append(f"  {one.reason}: " + (f"at most {said} CNY" if en else f"最多 {said} 元"))
    for name, (old, new) in effect.changes.items():
        label = _PARTS[name][en]
        out += [wrap(one_line(line), columns(), f"  {label}: ") for line in _changed(name, old, new, lang)]
    out += [wrap(one_line(one.pick(lang)), columns(), "  = ") for one in effect.stands]
    if effect.error is not None:
        out.append(wrap(one_line(effect.error.pick(lang)), columns(), "  ✗ " + ("cannot be decided: " if en else "无法判定: ")))
    return out


def _changed(name: str, old: Any, new: Any, lang: str) -> list[str]:
    """Return a change in words, one line each; of what has parts, the parts that change."""
    if name in ("payouts", "deadlines"):
        keys = [key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key)]
        return [f"{key} {_part(old.get(key), new.get(key), lang)}" for key in keys]
    if name == "tasks":
        return [*(f"+ {one}" for one in new if one not in old), *(f"- {one}" for one in old if one not in new)]
    if name == "status":
        from tmcs.render.case_words import state

        return [f"{state(old, lang)} → {state(new, lang)}"]
    if name == "outcome":
        from tmcs.render.words import say

        return [f"{say('outcomes', old, lang)} → {say('outcomes', new, lang)}"]
    return [f"{_value(old)} → {_value(new)}"]


def _part(old: Any, new: Any, lang: str) -> str:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return f"{_value(old)} → {_value(new)}"
    names = {"form": ("形式", "form"), "min": ("最少", "at least"), "max": ("最多", "at most"), "commit": ("可自行承诺", "alone"),
             "approval": ("批准", "approved by")}  # fmt: skip
    return ", ".join(f"{names[key][lang == 'en']} {_value(old[key])} → {_value(new[key])}" for key in old if old[key] != new[key])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(one) for one in value.values() if one is not None)
    return "—" if value is None else str(value)


def _signed(fen: int) -> str:
    return format_money(fen) if fen < 0 else f"+{format_money(fen)}"


def _cases(count: int, what: str = "case") -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def totals_lines(totals: Totals, lang: str) -> list[str]:
    """Return the sums of a preview."""
    zh = lang == "zh"
    out = [
        f"看了 {totals.looked} 个未结案件: {totals.changed} 个会变 (其中 {totals.kept} 个保留原版)，{totals.undecided} 个无法判定" if zh
        else f"{_cases(totals.looked, 'open case')}: {totals.changed} would change ({totals.kept} kept under their policy), "
        f"{totals.undecided} cannot be decided"
    ]  # fmt: skip
    for reason, (count, old, new) in sorted(totals.money.items()):
        said = f"{format_money(old)} → {format_money(new)} ({_signed(new - old)})"
        out.append(f"  {reason}: {count} 案，{said} 元" if zh else f"  {reason}: {_cases(count)}, {said} CNY")
    return out


_DID = {
    "moved": ("已改用新版政策", "moved to the new version"), "already": ("已是这一版", "under this version already"),
    "kept": ("保留原版政策，未改", "kept under its policy, not moved"), "refused": ("未改", "not moved"),
}  # fmt: skip


def moved_line(one: Moved, lang: str) -> str:
    """Return what became of a case that was to be moved."""
    zh, en = _DID[one.did]
    line = f"案件 {one.case_id} · {zh}" if lang == "zh" else f"case {one.case_id} · {en}"
    if one.result is not None:
        from tmcs.render.case_words import state
        from tmcs.render.words import say

        came = say("outcomes", one.result.outcome, lang) if one.result.outcome else state(one.result.status, lang)
        line += f" · {came}"
    return line if one.why is None else f"{line}: {one_line(one.why.pick(lang))}"
