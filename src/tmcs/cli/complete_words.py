"""The words of the desk for completion: flows, facts and values, reasons, tiers, queues, formats, jobs, orders, cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    import click

    from tmcs.core.facts import Fact
    from tmcs.core.policy import Snapshot

Found = list[CompletionItem[str]]
#: A word and what it means, ``""`` where it speaks for itself.
Word = tuple[str, str]

#: How many orders or cases are offered.
_MOST: Final = 50


def words_for(ctx: click.Context, param: click.Parameter) -> Callable[[str], Found] | None:
    """Return what completes the value of an option or argument from its beginning; None where click knows it itself."""
    source = _source(ctx, param)
    if source is None:
        return None
    return lambda begun: source(ctx, begun)


def _source(ctx: click.Context, param: click.Parameter) -> Callable[[click.Context, str], Found] | None:
    kind = (getattr(param, "metavar", None) or "").strip("[].")
    if kind in ("FORMAT", "STATE"):
        return _listed_in_help(param)
    if param.param_type_name == "option":
        return _OPTIONS.get(param.opts[-1]) or _KINDS.get(kind)
    return _ARGUMENTS.get((ctx.command_path, str(param.name))) or _NAMES.get(str(param.name)) or _KINDS.get(kind)


def _items(words: Iterable[Word], begun: str) -> Found:
    """Return the words that begin so; a shell takes what it is given line by line, so none with a control character."""
    from tmcs.core.safe import one_line

    return [
        CompletionItem(word, help=one_line(said) or None) for word, said in words if word.startswith(begun) and word.isprintable()
    ]


def _said(label: Any) -> str:
    """Return the half of ``[zh, en]`` in the language of the desk, on one line."""
    from tmcs.config import language

    return " ".join(str(label[language() == "en"]).split())


# ---- what is installed -----------------------------------------------------------------------------------------------


def _flows(ctx: click.Context, begun: str) -> Found:
    """Flow ids; aliases where no id begins so: there are too many to look through, and an id is what one means."""
    from tmcs.loader import flow_titles, flow_words
    from tmcs.plugins import registry

    titles, ids = flow_titles(), registry().flow_names()
    found = _items(((name, _said(titles[name]) if name in titles else "") for name in ids), begun)
    if begun and not found:
        found = _items(((word, name) for word, name in flow_words().items() if word not in ids), begun.lower())
    return found


def _jobs(ctx: click.Context, begun: str) -> Found:
    from tmcs.loader import flow_titles
    from tmcs.plugins import registry

    titles = flow_titles()
    return _items(((name, _said(titles.get(f"job-{name}", ("", "")))) for name in registry().job_names()), begun)


def _listed_in_help(param: click.Parameter) -> Callable[[click.Context, str], Found]:
    words = (getattr(param, "help", None) or "").split()

    def listed(ctx: click.Context, begun: str) -> Found:
        if ctx.command_path == "tmcs resolve" and param.name == "form":
            from tmcs.plugins import formats

            words.extend(name for name in formats() if name not in words)
        return _items(((word, "") for word in words), begun)

    return listed


# ---- facts -----------------------------------------------------------------------------------------------------------


def _facts_at_hand(ctx: click.Context) -> dict[str, Fact]:
    """Return the facts of the flow on the command line or of the case on it; without one those that every flow shares."""
    from tmcs.builtin import load_common
    from tmcs.loader import load_flow

    name = next((ctx.params[key] for key in ("flow", "flow_name", "flow_word") if ctx.params.get(key)), None)
    if name is None and ctx.params.get("case_id"):
        number = str(ctx.params["case_id"]).removeprefix("#")
        name = _look(ctx, "SELECT flow FROM cases WHERE id = ?", [int(number)])[0][0]
    return load_common().facts if name is None else load_flow(name, checked=False).settable()


def _sets(ctx: click.Context, begun: str) -> Found:
    """``fact=``, then the values after it; a fact that was given is not offered again."""
    name, sign, value = begun.partition("=")
    facts = _facts_at_hand(ctx)
    if sign:
        labels = facts[name].labels.items() if name in facts else ()
        found = _items(((word, _said(label) if label else "") for word, label in labels), value)
        return [CompletionItem(f"{name}={one.value}", help=one.help) for one in found]
    given = {one.partition("=")[0] for one in ctx.params.get("sets") or ()}
    return _items(((f"{one}=", _said(fact.label)) for one, fact in facts.items() if one not in given), begun)


def _fact_names(ctx: click.Context, begun: str) -> Found:
    return _items(((name, _said(fact.label)) for name, fact in _facts_at_hand(ctx).items()), begun)


def _moments(ctx: click.Context, begun: str) -> Found:
    from tmcs.loader import load_flow

    flow = load_flow(str(ctx.params["flow"]), checked=False)
    return _items(((name, "") for name in (*flow.scripts, *flow.common.scripts)), begun)


# ---- the policy ------------------------------------------------------------------------------------------------------


def _figures(ctx: click.Context) -> Snapshot:
    from tmcs.cli.given import moment
    from tmcs.loader import load_policy

    return load_policy(ctx.params.get("policy_files") or None).at(moment(None))


def _tiers(ctx: click.Context, begun: str) -> Found:
    return _items(((name, _said(label)) for name, label in _figures(ctx).tier_labels.items()), begun)


def _queues(ctx: click.Context, begun: str) -> Found:
    return _items(((name, _said(one["label"])) for name, one in _figures(ctx).queues.items()), begun)


def _reasons(ctx: click.Context, begun: str) -> Found:
    figures = _figures(ctx)
    return _items(((name, _said(figures.payout(name).title)) for name in figures.reasons), begun)


# ---- the store -------------------------------------------------------------------------------------------------------


def _look(ctx: click.Context, sql: str, values: list[Any]) -> list[Any]:
    from tmcs.config import store_path
    from tmcs.store.peek import glance

    return glance(str(ctx.params.get("store") or store_path()), sql, values)


def _orders(ctx: click.Context, begun: str) -> Found:
    """Order numbers, the highest first: no name and no address is looked at."""
    where, values = "", list[Any]()
    if begun:
        where, values = "WHERE tid >= ? AND tid < ? ", [begun, begun[:-1] + chr(ord(begun[-1]) + 1)]
    rows = _look(ctx, f"SELECT tid FROM orders {where}ORDER BY tid DESC LIMIT {_MOST}", values)
    return _items(((str(row[0]), "") for row in rows), begun)


def _cases(ctx: click.Context, begun: str) -> Found:
    """Open cases, the newest first (those that are closed for `reopen`), for whoever may list cases."""
    from tmcs.cli.case_given import permitted

    permitted("list")
    from tmcs.loader import flow_titles

    mark, number = ("#", begun[1:]) if begun.startswith("#") else ("", begun)
    if number and not (number.isascii() and number.isdigit()):
        return []
    state = "NOT NULL" if ctx.command_path.endswith(" reopen") else "NULL"
    sql = f"SELECT id, flow, tid FROM cases WHERE closed_at IS {state} AND CAST(id AS TEXT) LIKE ? ORDER BY id DESC LIMIT {_MOST}"
    titles = flow_titles()
    rows = _look(ctx, sql, [f"{number}%"])
    return _items(((f"{mark}{case}", f"{_said(titles.get(flow, (flow, flow)))} {tid or ''}".strip()) for case, flow, tid in rows), begun)


# ---- files -----------------------------------------------------------------------------------------------------------


def _files(ctx: click.Context, begun: str) -> Found:
    return [CompletionItem(begun, type="file")]


def _folders(ctx: click.Context, begun: str) -> Found:
    return [CompletionItem(begun, type="dir")]


def _flows_or_folders(ctx: click.Context, begun: str) -> Found:
    return _folders(ctx, begun) if "/" in begun or begun.startswith(".") else _flows(ctx, begun)


#: By the last spelling of an option.
_OPTIONS: Final = {
    "--set": _sets, "--unset": _fact_names, "--tier": _tiers, "--order": _orders, "--case": _cases, "--queue": _queues,
    "--flow": _flows, "--reason": _reasons,
}  # fmt: skip
#: By what the help calls a value.
_KINDS: Final = {
    "FILE": _files, "KEYFILE": _files, "KIND=]FILE": _files, "STORE": _files, "DIR|FILE": _files, "DIR": _folders, "Q": _queues, "QUEUE": _queues,
    "TIER": _tiers, "FLOW": _flows, "FLOW|DIR": _flows_or_folders, "MOMENT": _moments,
}  # fmt: skip
#: By the name of an argument.
_NAMES: Final = {"flow": _flows, "case_id": _cases, "case_ids": _cases, "case": _cases, "order_id": _orders}
_ARGUMENTS: Final = {
    ("tmcs payout", "reason"): _reasons,
    **{(f"tmcs job {word}", "name"): _jobs for word in ("show", "run", "history", "mail")}, ("tmcs job check", "names"): _jobs,
}  # fmt: skip
