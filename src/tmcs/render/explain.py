"""The path of a resolution in words: each step with its answer, who gave it, and the handbook rules behind it."""

from __future__ import annotations

from tmcs.core.resolution import Resolution, Step
from tmcs.core.text import Text
from tmcs.render.layout import bold, columns, dim, wrap
from tmcs.render.safe import clean
from tmcs.render.words import say


def explain(r: Resolution, lang: str) -> str:
    """Return the path with the statement of every rule it cites, each stated once."""
    limit = columns()
    stated: set[str] = set()
    out = [bold("依据" if lang == "zh" else "Why")]
    for number, step in enumerate(r.path, 1):
        out.append(wrap(clean(_line(r, step, lang)), limit, f"  {number:>2}. "))
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
    return f"{label} = {answer} ({source})"


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
