"""The policy for a person: its figures, a change, two versions compared, what a version changes in open cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from tmcs.core.safe import clean, one_line
from tmcs.core.text import Text
from tmcs.render.layout import bold, columns, dim, table, wrap

if TYPE_CHECKING:
    from tmcs.policies.change import Change
    from tmcs.policies.check import PolicyReport
    from tmcs.policies.diff import Difference
    from tmcs.policies.figures import Shown

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


def said(text: Text, lang: str) -> str:
    """Return a text on one line, safe to show."""
    return one_line(text.pick(lang))
