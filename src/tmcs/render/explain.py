"""The path of a resolution in words: each step with its answer, who gave it, and the handbook rules behind it."""

from __future__ import annotations

from tmcs.core.resolution import Resolution, Step
from tmcs.core.safe import clean
from tmcs.core.text import Text
from tmcs.core.whynot import Otherwise, why_not
from tmcs.render.branches import range_words, value_words
from tmcs.render.layout import bold, columns, dim, wrap
from tmcs.render.words import say


def explain(r: Resolution, lang: str) -> str:
    """Return the path with the statement of every rule it cites, each stated once, and what other answers lead to."""
    limit = columns()
    stated: set[str] = set()
    others: dict[int, list[str]] = {}
    for one in why_not(r):
        others.setdefault(one.step + 1, []).append(_otherwise(r, one, lang))
    out = [bold("依据" if lang == "zh" else "Why")]
    for number, step in enumerate(r.path, 1):
        out.append(wrap(clean(_line(r, step, lang)), limit, f"  {number:>2}. "))
        out += [wrap(clean(line), limit, "      ", "        ") for line in others.get(number, ())]
        out += _rules(r, step.cites, lang, limit, stated)
    rest = [c for one in (*r.steps, *r.say) for c in one["cites"]]
    rest += [c for payout in r.payouts for c in payout.cites] + [c for d, _, _ in r.deadlines for c in d.cites]
    more = _rules(r, rest, lang, limit, stated)
    if more:
        out += [bold("其余引用的规则" if lang == "zh" else "Further rules cited"), *more]
    return "\n".join(out)


def _line(r: Resolution, step: Step, lang: str) -> str:
    title = step.node.title[lang == "en"] if step.node.title else step.node.name
    if step.fact is None:
        return title + " → " + say("outcomes", step.value, lang)
    source = say("sources", step.source, lang)
    definition = r.flow.fact(step.fact)
    table = step.node.table
    if table is not None and table.name == step.fact:
        answer = table.values[step.value][lang == "en"]
        label = table.title[lang == "en"] or title
    else:
        answer = definition.words(step.value, lang) if definition and step.value is not None else str(step.value or "—")
        label = definition.label[lang == "en"] if definition else title
        if step.fact == "tier":
            answer = r.snapshot.tier_labels[step.value][lang == "en"]
    return f"{label} = {answer} ({source})"


def _otherwise(r: Resolution, other: Otherwise, lang: str) -> str:
    """Return what other answers would have led to: ``若为 否 → 等待客户``."""
    zh = lang == "zh"
    definition = r.flow.fact(other.fact)
    words = []
    for value in other.values:
        if isinstance(value, tuple):
            words.append(range_words(other.node, value[1], r.snapshot, lang))
        elif definition is not None:
            words.append(definition.words(value, lang))
        else:
            words.append(value_words(other.node, other.fact, value, r.snapshot, lang))
    said = ("、" if zh else ", ").join(words)
    return f"若为 {said} → {_leads_to(r, other.result, lang)}" if zh else f"if {said} → {_leads_to(r, other.result, lang)}"


def _leads_to(r: Resolution, result: Resolution, lang: str) -> str:
    """Return a result in a few words: what differs from the present one, after the outcome."""
    zh = lang == "zh"
    if result.needs:
        return f"{'还要问' if zh else 'asks'} {result.needs[0].label[not zh]}"
    if result.outcome is None:
        parties = list(dict.fromkeys(say("parties", on, lang) for on, _, _ in result.waits))
        return f"{'等待' if zh else 'waits for '}{'、'.join(parties) if zh else ', '.join(parties)}"
    words = [say("outcomes", result.outcome, lang)]
    if result.route is not None and result.route != r.route:
        words.append(say("routes", result.route, lang))
    if result.goods != r.goods and (result.goods != "none" or result.outcome == r.outcome):
        words.append(say("goods", result.goods, lang))
    paid, present = ([r_.snapshot.payout(p.reason).title[not zh] for p in r_.payouts] for r_ in (result, r))
    if paid != present and (paid or r.payouts):
        words.append(f"{'赔付' if zh else 'payout '}{'、'.join(paid)}" if paid else "无赔付" if zh else "no payout")
    elif [p.form for p in result.payouts] != [p.form for p in r.payouts]:
        words += [say("forms", payout.form, lang) for payout in result.payouts]
    if result.next_flow is not None and result.next_flow != r.next_flow:
        words.append(f"{'转 ' if zh else 'then '}{result.next_flow}")
    return " · ".join(words)


def _rules(r: Resolution, cites: list[str], lang: str, limit: int, stated: set[str]) -> list[str]:
    out = []
    for name in cites:
        if name in stated:
            continue
        stated.add(name)
        out.append(dim(wrap(clean(statement(r, name, lang)), limit, f"      {name} ", "        ")))
    return out


def statement(r: Resolution, name: str, lang: str) -> str:
    """Return what a rule or ruling says, with the policy's settings filled in; an unknown id says so."""
    from tmcs import rulebook
    from tmcs.core.errors import NotFoundError

    try:
        found = rulebook.cited([name])[0]
    except NotFoundError:
        return "（手册里没有这条规则）" if lang == "zh" else "(not in the handbook)"
    if isinstance(found, rulebook.Ruling):
        return found.resolution.pick(lang)
    settings = {key: Text(*value) for key, value in r.snapshot.settings.items()}
    return found.filled(settings).statement.pick(lang)


def statements(cites: list[str], lang: str) -> str:
    """Return what the cited rules and rulings say, one paragraph each."""
    from tmcs import rulebook

    out = []
    for found in rulebook.cited(cites):
        text = found.resolution if isinstance(found, rulebook.Ruling) else found.filled(None).statement
        out.append(wrap(clean(text.pick(lang)), columns(), f"  {found.id} "))
    return "\n".join(out)
