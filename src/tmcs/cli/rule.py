"""`tmcs rule`: the handbook's rules, and our rulings where it contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from tmcs import rulebook
from tmcs.cli.common import Group, format_option, lang_option, note
from tmcs.core.safe import clean, one_line
from tmcs.core.text import Text
from tmcs.rulebook import Rule, Ruling, Section

_FORMATS = ("text", "json", "yaml", "markdown")
_TYPES = {"contradiction": "矛盾", "ambiguity": "歧义", "gap": "空缺", "cut_off": "中断"}
_AFFECTS = {
    "money": "钱款", "routing": "路径", "deadline": "时限", "role": "角色", "wording": "说法", "evidence": "凭证",
    "schedule": "时间安排", "report": "报表",
}  # fmt: skip
_DIRECTIONS = {"inbound": "来电", "outbound": "外呼"}
_WORDS = {
    "rule": ("规则", "rule"), "kind": ("种类", "kind"), "statement": ("内容", "statement"),
    "moment": ("时机", "moment"), "convey": ("须说明", "must say"), "ask": ("询问", "ask"), "see": ("参见", "see"),
    "rulings": ("相关裁定", "rulings"), "affects": ("影响", "affects"), "title": ("标题", "title"),
    "side": ("一说", "one side"), "resolution": ("我们的裁定", "our ruling"), "reason": ("理由", "reason"),
    "follow": ("依据", "rests on"), "ruled": ("裁定日", "ruled"), "owner": ("负责人", "owner"),
    "review": ("复核日", "review"), "status": ("状态", "status"), "touches": ("涉及", "touches"),
    "changed": ("改于", "changed by"), "carriers": ("由谁执行", "carried by"), "section": ("章节", "section"), "count": ("规则数", "rules"),
    "inferred": ("由步骤推断", "inferred from the steps"),
}  # fmt: skip


def _say(word: str, lang: str) -> str:
    zh, en = _WORDS[word]
    return en if lang == "en" else zh


def _named(word: str, table: Mapping[str, str], lang: str) -> str:
    return word if lang == "en" else table.get(word, word)


@click.group(cls=Group)
def command() -> None:
    """手册规则与裁定 · the handbook's rules and our rulings."""


@command.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@format_option(*_FORMATS)
@lang_option
def show(ids: tuple[str, ...], form: str, lang: str) -> None:
    """显示规则或裁定 · show rules (H04-R07) or rulings (C04)."""
    entries = rulebook.cited(ids)
    _print_entries(entries, form, lang)


@command.command("list")
@click.argument("section", required=False)
@click.option(
    "--kind",
    type=click.Choice(sorted(rulebook.KINDS)),
    metavar="KIND",
    help="只列这一种 · only this kind: " + " ".join(sorted(rulebook.KINDS)),
)
@format_option(*_FORMATS)
@lang_option
def list_(section: str | None, kind: str | None, form: str, lang: str) -> None:
    """列出章节，或一章、一种规则 · list the sections, or the rules of a section or a kind."""
    if section is None and kind is None:
        _print_sections(rulebook.sections(), form, lang)
        return
    chosen = [rulebook.section(section)] if section else rulebook.sections()
    rules = [one for part in chosen for one in part.rules if kind in (None, one.kind)]
    if not rules:
        note("没有这样的规则" if lang == "zh" else "no such rules")
    _print_rows(rules, form, lang)


@command.command()
@click.argument("text", nargs=-1, required=True)
@format_option(*_FORMATS)
@lang_option
def search(text: tuple[str, ...], form: str, lang: str) -> None:
    """搜索规则与裁定，中英文皆可；几个词须都出现 · find rules and rulings in which every word occurs."""
    words = [word.casefold() for part in text for word in part.split()]
    rules = [one.filled() for part in rulebook.sections() for one in part.rules]
    entries: list[Rule | Ruling] = [*rules, *rulebook.rulings()]
    found = [one for one in entries if _has(one, words)]
    if not found:
        note("没有找到" if lang == "zh" else "nothing found")
    _print_rows(found, form, lang)


@command.command()
@click.argument("id", required=False)
@click.option("--short", is_flag=True, help="每条一行 · one line each")
@click.option("--policy", "policy_files", metavar="FILE", multiple=True, help="自己的政策文件 · own policy files")
@format_option(*_FORMATS)
@lang_option
def conflicts(id: str | None, short: bool, policy_files: tuple[str, ...], form: str, lang: str) -> None:
    """手册的矛盾: 各方说法、裁定、理由、负责人、复核日 · contradictions: both sides, our ruling, reason, owner, review.

    ID: 裁定 (C04)，或规则 (H04-R33) 所涉的全部裁定 · a ruling, or a rule for all rulings it stands in.
    """
    if id is None:
        found = rulebook.rulings()
    elif "-" in id:
        found = rulebook.rulings_on(rulebook.rule(id).id)
        if not found:
            note("这条规则没有矛盾" if lang == "zh" else "no contradiction concerns this rule")
    else:
        found = [rulebook.ruling(id)]
    from tmcs.cli.given import moment
    from tmcs.jobs.definition import load_jobs
    from tmcs.loader import load_flows, load_policy
    from tmcs.register import amend
    from tmcs.trace import carriers

    policy = load_policy(policy_files or None)
    found = amend(found, policy.at(moment(None)), carriers(load_flows(checked=False), policy, load_jobs()))
    if short:
        _print_rows(found, form, lang)
    else:
        _print_entries(found, form, lang)


def _has(entry: Rule | Ruling, words: Sequence[str]) -> bool:
    said = "\n".join([entry.id, *(f"{text.zh}\n{text.en}" for text in entry.texts())]).casefold()
    return all(word in said for word in words)


def _print_data(data: dict[str, object], form: str) -> None:
    if form == "json":
        import json

        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    from io import StringIO

    from ruamel.yaml import YAML

    writer = YAML()
    writer.allow_unicode = True
    writer.width = 110
    out = StringIO()
    writer.dump(data, out)
    click.echo(out.getvalue(), nl=False)


def _as_data(entries: Sequence[Rule | Ruling]) -> dict[str, object]:
    rules: list[dict[str, object]] = []
    for one in entries:
        if isinstance(one, Rule):
            rules.append({**one.filled().to_dict(), "rulings": [r.id for r in rulebook.rulings_on(one.id)]})
    rulings = [one.to_dict() for one in entries if isinstance(one, Ruling)]
    return {"schema": "tmcs/rules/1", "rules": rules, "rulings": rulings}


def _table(rows: list[list[str]], heads: list[str], form: str) -> str:
    from tabulate import tabulate

    if form == "markdown":
        cells = [[one_line(cell).replace("|", "\\|") for cell in row] for row in rows]
        return str(tabulate(cells, heads, tablefmt="pipe", disable_numparse=True))
    cells = [[one_line(cell) for cell in row] for row in rows]
    return str(tabulate(cells, heads, tablefmt="simple", disable_numparse=True))


def _print_sections(sections: Sequence[Section], form: str, lang: str) -> None:
    if form in ("json", "yaml"):
        _print_data({"schema": "tmcs/rule-sections/1", "sections": [one.to_dict() for one in sections]}, form)
        return
    rows = [[one.id, one.title.pick(lang), str(len(one.rules)), one.purpose.pick(lang)] for one in sections]
    heads = [_say("section", lang), _say("title", lang), _say("count", lang), _say("statement", lang)]
    click.echo(_table(rows, heads, form))


def _print_rows(entries: Sequence[Rule | Ruling], form: str, lang: str) -> None:
    """Print one line for each entry; JSON and YAML hold the same as ``rule show``."""
    if form in ("json", "yaml"):
        _print_data(_as_data(entries), form)
        return
    rows = []
    for one in entries:
        if isinstance(one, Rule):
            rows.append([one.id, _named(one.kind, rulebook.KINDS, lang), one.filled().statement.pick(lang)])
        else:
            rows.append([one.id, _named(one.type, _TYPES, lang), one.title.pick(lang)])
    if rows:
        click.echo(_table(rows, [_say("rule", lang), _say("kind", lang), _say("statement", lang)], form))


def _print_entries(entries: Sequence[Rule | Ruling], form: str, lang: str) -> None:
    if form in ("json", "yaml"):
        _print_data(_as_data(entries), form)
        return
    parts = [_rule_lines(one, lang) if isinstance(one, Rule) else _ruling_lines(one, lang) for one in entries]
    layout: Callable[[Any, str], str] = _markdown if form == "markdown" else _plain
    if parts:
        click.echo("\n\n".join(layout(part, lang) for part in parts))


#: The lines of an entry: heading, main text, then labelled lines, each with its members (none: on the same line).
_Lines = tuple[str, str, list[tuple[str, str, list[str]]]]


def _rule_lines(rule: Rule, lang: str) -> _Lines:
    rule = rule.filled()
    title = rulebook.section(rule.section).title.pick(lang)
    where = rulebook.PLACES.get(rule.where, rule.where) if lang == "en" else rule.where
    heading = " · ".join([rule.id, title, *([where] if where else []), _named(rule.kind, rulebook.KINDS, lang)])
    more: list[tuple[str, str, list[str]]] = []
    if rule.moment is not None:
        direction = _named(rule.direction, _DIRECTIONS, lang)
        basis = f", {_say('inferred', lang)}" if rule.direction_basis == "inferred" else ""
        more.append((_say("moment", lang), f"{rule.moment.pick(lang)} ({direction}{basis})", []))
        if rule.must_convey:
            more.append((_say("convey", lang), "", [text.pick(lang) for text in rule.must_convey]))
    for ask in rule.asks:
        answers = [f"{answer.pick(lang)} -> {_target(to, lang)}" for answer, to in ask.answers]
        more.append((_say("ask", lang), ask.question.pick(lang), answers))
    if rule.see:
        more.append((_say("see", lang), ", ".join(rule.see), []))
    rulings = rulebook.rulings_on(rule.id)
    if rulings:
        more.append((_say("rulings", lang), "", [f"{one.id} {one.title.pick(lang)}" for one in rulings]))
    return heading, rule.statement.pick(lang), more


def _target(to: Text | str, lang: str) -> str:
    return to if isinstance(to, str) else to.pick(lang)


def _ruling_lines(ruling: Ruling, lang: str) -> _Lines:
    affects = ", ".join(_named(word, _AFFECTS, lang) for word in ruling.affects)
    sides = [f"{says.pick(lang)} ({', '.join(rules)})" for rules, says in ruling.sides]
    more: list[tuple[str, str, list[str]]] = [
        (_say("affects", lang), affects, []),
        *((_say("side", lang), side, []) for side in sides),
        (_say("resolution", lang), ruling.resolution.pick(lang), []),
        (_say("reason", lang), ruling.reason.pick(lang), []),
        *([(_say("follow", lang), ", ".join(ruling.follow), [])] if ruling.follow else []),
        (_say("ruled", lang), ruling.ruled, []),
        (_say("owner", lang), ruling.owner.pick(lang), []),
        (_say("review", lang), ruling.review, []),
    ]
    if ruling.status != "settled":
        more.append((_say("status", lang), "未决 · unresolved" if lang == "zh" else "unresolved", []))
    if ruling.changed_by is not None:
        more.append((_say("changed", lang), ruling.changed_by, []))
    if ruling.touches:
        more.append((_say("touches", lang), ", ".join(ruling.touches), []))
    return f"{ruling.id} · {_named(ruling.type, _TYPES, lang)}", ruling.title.pick(lang), more


def _plain(lines: _Lines, lang: str) -> str:
    heading, main, more = lines
    out = [one_line(heading), f"  {clean(main)}"]
    for label, value, members in more:
        out.append(f"  {label}: {clean(value)}".rstrip())
        out += [f"    - {clean(member)}" for member in members]
    return "\n".join(out)


def _markdown(lines: _Lines, lang: str) -> str:
    heading, main, more = lines
    out = [f"## {one_line(heading)}", "", clean(main)]
    if more:
        out.append("")
    for label, value, members in more:
        out.append(f"- **{label}**: {clean(value)}".rstrip())
        out += [f"  - {clean(member)}" for member in members]
    return "\n".join(out)


@command.command("trace")
@click.argument("what", nargs=-1, metavar="[SECTION|RULE]...")
@click.option("--missing", is_flag=True, help="只列没有着落的 · only what nothing carries")
@format_option("text", "json", "yaml")
@lang_option
def trace_(what: tuple[str, ...], missing: bool, form: str, lang: str) -> int:
    """每条规则由哪个流程、节点、政策项或话术执行；有遗漏则退出码 1 · what carries each rule; 1 if nothing does."""
    from tmcs.core.errors import EXIT_FINDINGS, EXIT_OK
    from tmcs.jobs.definition import load_jobs
    from tmcs.loader import load_flows, load_policy
    from tmcs.trace import HANDLING, PROACTIVE, idle_excuses, trace

    sections = dict.fromkeys(word.upper().partition("-")[0] for word in what) or (*HANDLING, *PROACTIVE)
    rows = trace(load_flows(checked=False), load_policy(()), sections, load_jobs())
    wanted = [rulebook.normalise(word) for word in what if "-" in word]
    rows = [row for row in rows if not wanted or row.rule in wanted]
    lost, idle = [row for row in rows if row.missing], idle_excuses(rows)
    shown = lost if missing else rows
    if form == "text":
        if shown:
            cells = [[row.rule, _carried_by(row, lang)] for row in shown]
            click.echo(_table(cells, [_say("rule", lang), _say("carriers", lang)], "text"))
        done = len(rows) - len(lost)
        said = f"{len(rows)} 条规则，{done} 条有着落" if lang == "zh" else f"{len(rows)} rules, {done} accounted for"
        click.echo(f"{said} ({done * 100 // max(len(rows), 1)}%)")
    else:
        data = {"schema": "tmcs/rule-trace/1", "rules": [row.to_dict() for row in shown], "missing": len(lost)}
        _print_data(data, form)
    for rule_id in idle:
        note(f"{rule_id}: 标为不可执行，却有执行处" if lang == "zh" else f"{rule_id}: called not executable, yet carried")
    return EXIT_FINDINGS if lost or idle else EXIT_OK


def _carried_by(row: Any, lang: str) -> str:
    if row.carriers:
        return ", ".join(row.carriers)
    if row.excuse is not None:
        said = "不可执行" if lang == "zh" else "not executable"
        return f"{said}: {row.excuse.pick(lang)}"
    return "—"
