"""The handbook's rules and our rulings on its contradictions, by id: what a decision cites, in words.

Only the section that is asked for is read. A third party's rules join with :func:`register`:

>>> rule("h04-r07").statement.en
'Scrap on the spot, definition 3: food with a quality problem that has been opened.'
>>> ruling("C04").follow
['H01-R66', 'H01-R67']
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from tmcs.core.errors import InputError, NotFoundError, TmcsError
from tmcs.core.source import Cursor, Source
from tmcs.core.text import Text, nearest

_HERE: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "handbook")
_LOOSE: Final = re.compile(r"([A-Za-z]+)0*(\d+)(?:-?[Rr]0*(\d+))?")
_RULE: Final = re.compile(r"([A-Z]+\d\d)-R\d\d+")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_HANDBOOK_LETTERS: Final = ("H", "P", "C")

#: The kinds of rules, with the Chinese word for each.
KINDS: Final = {
    "condition": "条件", "contact": "联系", "deadline": "时限", "definition": "定义", "evidence": "凭证",
    "goods": "货物", "handover": "转交", "payout": "赔付", "prerequisite": "前提", "prohibition": "禁止",
    "report": "报表", "route": "路径", "schedule": "时间安排", "script": "话术", "step": "步骤", "trigger": "触发",
}  # fmt: skip

#: The parts of a handbook section, with the English words for each.
PLACES: Final = {
    "工作起点": "starting point", "流程注解": "flow notes", "流程步骤": "flow steps", "操作步骤": "steps",
    "内容操作": "contents and steps", "相关话术": "scripts", "备注": "remarks", "其他": "other",
    "目录": "table of contents", "引言": "introduction",
}  # fmt: skip


class Ask:
    """A question of a script, with its answers and the rule (an id) or action (a text) each leads to."""

    __slots__ = ("answers", "question")

    def __init__(self, question: Text, answers: list[tuple[Text, Text | str]]) -> None:
        self.question = question
        self.answers = answers

    def to_dict(self) -> dict[str, object]:
        """Return the question as a JSON object."""
        answers = [
            {"answer": answer.to_dict(), "leads_to": to if isinstance(to, str) else to.to_dict()}
            for answer, to in self.answers
        ]
        return {"question": self.question.to_dict(), "answers": answers}


class Rule:
    """One atomic fact of the handbook.

    Attributes:
        id, section, kind: such as ``H04-R07``, ``H04``, ``goods`` (see :data:`KINDS`).
        statement: what the rule says; may name settings as ``{evidence_mailbox}``, see :meth:`filled`.
        where: the part of the section it stands in, or ``""``.
        settings: the settings the rule depends on.
        see: rules it refers to.
        moment: when a script is spoken; None unless the kind is ``script``, and so are the rest.
        direction, direction_basis: ``inbound`` or ``outbound``; ``stated`` in the handbook or ``inferred`` from it.
        must_convey: what the words must say.
        asks: the questions of the script.
    """

    __slots__ = (
        "asks", "direction", "direction_basis", "id", "kind", "moment", "must_convey", "section", "see", "settings",
        "statement", "where",
    )  # fmt: skip

    def __init__(self, id: str, section: str, kind: str, statement: Text, where: str = "") -> None:
        self.id = id
        self.section = section
        self.kind = kind
        self.statement = statement
        self.where = where
        self.settings: list[str] = []
        self.see: list[str] = []
        self.moment: Text | None = None
        self.direction = ""
        self.direction_basis = ""
        self.must_convey: list[Text] = []
        self.asks: list[Ask] = []

    def filled(self, settings: Mapping[str, Text] | None = None) -> Rule:
        """Return the rule with the values of ``settings`` (default: the shipped ones) in place of their names."""
        if not self.settings:
            return self
        values = default_settings() if settings is None else settings
        rule = Rule(self.id, self.section, self.kind, fill(self.statement, values), self.where)
        rule.settings, rule.see, rule.asks = self.settings, self.see, self.asks
        rule.direction, rule.direction_basis, rule.moment = self.direction, self.direction_basis, self.moment
        rule.must_convey = [fill(text, values) for text in self.must_convey]
        return rule

    def texts(self) -> list[Text]:
        """Return every text of the rule, the statement first."""
        asked = [text for ask in self.asks for text in (ask.question, *(answer for answer, _ in ask.answers))]
        return [self.statement, *([self.moment] if self.moment else []), *self.must_convey, *asked]

    def to_dict(self) -> dict[str, object]:
        """Return the rule as a JSON object; the script's keys only for a script."""
        found: dict[str, object] = {
            "id": self.id, "section": self.section, "kind": self.kind, "statement": self.statement.to_dict(),
            "where": self.where, "settings": self.settings, "see": self.see,
        }  # fmt: skip
        if self.moment is not None:
            found["moment"] = self.moment.to_dict()
            found["direction"] = self.direction
            found["direction_basis"] = self.direction_basis
            found["must_convey"] = [text.to_dict() for text in self.must_convey]
            found["asks"] = [ask.to_dict() for ask in self.asks]
        return found

    def __repr__(self) -> str:
        return f"Rule({self.id!r})"


class Ruling:
    """Our ruling on one place where the handbook contradicts itself, is ambiguous, leaves a gap or breaks off.

    Attributes:
        id, title: such as ``C04``.
        type: contradiction, ambiguity, gap or cut_off.
        affects: what it decides: money, routing, deadline …
        sides: for each reading, the rules that carry it and what they say.
        resolution, reason: the one rule we follow, and why.
        follow: the rules the resolution rests on.
        ruled, review: the day of the ruling and the day it falls due for review (ISO dates).
        owner: who answers for it.
        status: settled, or unresolved where the desk's policy says so.
        changed_by: the place in the desk's policy that changed it, or None.
        touches: what carries it: flow nodes, scripts, policy entries; None where that was not looked up.
    """

    __slots__ = (
        "affects", "changed_by", "follow", "id", "owner", "reason", "resolution", "review", "ruled", "sides", "status",
        "title", "touches", "type",
    )  # fmt: skip

    def __init__(self, entry: Mapping[str, Any], owner: Mapping[str, str], review_after_years: int) -> None:
        self.id: str = entry["id"]
        self.title = Text(**entry["title"])
        self.type: str = entry["type"]
        self.affects: list[str] = entry["affects"]
        self.sides: list[tuple[list[str], Text]] = [(side["rules"], Text(**side["says"])) for side in entry["sides"]]
        self.resolution = Text(**entry["resolution"])
        self.reason = Text(**entry["reason"])
        self.follow: list[str] = entry["follow"]
        self.ruled: str = entry["ruled"]
        self.review: str = entry.get("review") or years_later(self.ruled, review_after_years)
        self.owner = Text(**(entry.get("owner") or owner))
        self.status = "settled"
        self.changed_by: str | None = None
        self.touches: list[str] | None = None

    def concerns(self, id: str) -> bool:
        """Return whether a rule stands on one of the sides."""
        return any(id in rules for rules, _ in self.sides)

    def texts(self) -> list[Text]:
        """Return every text of the ruling, the title first."""
        return [self.title, *(says for _, says in self.sides), self.resolution, self.reason]

    def to_dict(self) -> dict[str, object]:
        """Return the ruling as a JSON object."""
        return {
            "id": self.id, "title": self.title.to_dict(), "type": self.type, "affects": self.affects,
            "sides": [{"rules": rules, "says": says.to_dict()} for rules, says in self.sides],
            "resolution": self.resolution.to_dict(), "reason": self.reason.to_dict(), "follow": self.follow,
            "ruled": self.ruled, "owner": self.owner.to_dict(), "review": self.review,
            "status": self.status, "changed_by": self.changed_by, "touches": self.touches,
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"Ruling({self.id!r})"


#: What an id can name.
Entry: TypeAlias = Rule | Ruling


class Section:
    """One section of the handbook (or of a third party's rules).

    Attributes:
        id, number, title, purpose: such as ``H04``, ``一.4``.
        rules: in the order of the section.
    """

    __slots__ = ("id", "number", "purpose", "rules", "title")

    def __init__(self, id: str, number: str, title: Text, purpose: Text, rules: list[Rule]) -> None:
        self.id = id
        self.number = number
        self.title = title
        self.purpose = purpose
        self.rules = rules

    def to_dict(self) -> dict[str, object]:
        """Return the section, without its rules, as a JSON object."""
        return {
            "id": self.id, "number": self.number, "title": self.title.to_dict(), "purpose": self.purpose.to_dict(),
            "rules": len(self.rules),
        }  # fmt: skip


def years_later(day: str, years: int) -> str:
    """Return the ISO day so many years after another; 29 February becomes the 28th where it must."""
    year, rest = int(day[:4]) + years, day[4:]
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return f"{year:04d}{'-02-28' if rest == '-02-29' and not leap else rest}"


class _Reader:
    """Reads one section from a source, noting every fault in it."""

    def __init__(self, source: Source, own: bool) -> None:
        self.root = source.root
        self.own = own  # the handbook's own file, whose letters nobody else may use

    def section(self) -> Section:
        root = self.root
        if not root.keys(("section", "number", "title", "purpose", "rules"), ("section", "title", "rules")):
            return Section("", "", Text("", ""), Text("", ""), [])
        id = root["section"].text()
        if id and not _RULE.fullmatch(f"{id}-R01"):
            root["section"].fault(f"章节编号 {id} 有误", f"the section id {id} is wrong", "letters and 2 digits: X01")
        elif id.rstrip("0123456789") in _HANDBOOK_LETTERS and not self.own:
            root["section"].fault(f"{id} 属于手册", f"{id} belongs to the handbook", "letters other than H, P, C: X01")
        number, purpose = root.get("number"), root.get("purpose")
        title = self.both(root["title"])
        rules = [self.rule(one, id) for one in root["rules"].each()]
        seen: set[str] = set()
        for n, rule in enumerate(rules):
            if rule.id in seen:
                root["rules"][n].fault(f"{rule.id} 重复", f"{rule.id} stands twice", "each id once")
            seen.add(rule.id)
        if not rules:
            root["rules"].fault("没有规则", "no rules", "a list of rules")
        said = self.both(purpose) if purpose else Text("", "")
        return Section(id, number.text() if number else "", title, said, rules)

    @staticmethod
    def both(at: Cursor) -> Text:
        zh, en = at.texts()
        return Text(zh, en)

    @staticmethod
    def ids(at: Cursor | None) -> list[str]:
        return [one.text() for one in at.each()] if at else []

    def rule(self, at: Cursor, section: str) -> Rule:
        script = ("moment", "direction", "direction_basis", "must_convey", "asks")
        keys = ("id", "kind", "statement", "where", "setting", "see", *script)
        if not at.keys(keys, ("id", "kind", "statement")):
            return Rule("", section, "", Text("", ""))
        id = at["id"].text()
        found = _RULE.fullmatch(id)
        if id and (not found or found.group(1) != section):
            at["id"].fault(f"规则编号 {id} 有误", f"the rule id {id} is wrong", f"{section}-R01")
        kind = at["kind"].word(KINDS, "种类", "kind")
        where = at.get("where")
        rule = Rule(id, section, kind, self.both(at["statement"]), where.text() if where else "")
        rule.settings = self.ids(at.get("setting"))
        rule.see = self.ids(at.get("see"))
        if kind == "script":
            self.script(at, rule)
        for text in rule.texts():
            for name in _PLACEHOLDER.findall(text.zh) + _PLACEHOLDER.findall(text.en):
                if name not in rule.settings:
                    at.fault(f"setting 中没有 {name}", f"{name} is not listed under setting", f"setting: [{name}]")
        return rule

    def script(self, at: Cursor, rule: Rule) -> None:
        if not at.keys(at.value, ("moment", "direction")):
            return
        rule.moment = self.both(at["moment"])
        rule.direction = at["direction"].word(("inbound", "outbound"), "方向", "direction")
        basis = at.get("direction_basis")
        rule.direction_basis = basis.word(("stated", "inferred"), "依据", "basis") if basis else "stated"
        convey, asks = at.get("must_convey"), at.get("asks")
        rule.must_convey = [self.both(one) for one in convey.each()] if convey else []
        rule.asks = [self.ask(one) for one in asks.each()] if asks else []

    def ask(self, at: Cursor) -> Ask:
        if not at.keys(("question", "answers"), ("question", "answers")):
            return Ask(Text("", ""), [])
        answers: list[tuple[Text, Text | str]] = []
        for one in at["answers"].each():
            if one.keys(("answer", "leads_to"), ("answer", "leads_to")):
                to = one["leads_to"]
                answers.append((self.both(one["answer"]), self.both(to) if isinstance(to.value, dict) else to.text()))
        return Ask(self.both(at["question"]), answers)


def _read(path: str, own: bool) -> Section:
    """Read a section file; only a faulty one is parsed again, for the places of its faults."""
    from tmcs.lang.cache import load_yaml

    source = Source(path, load_yaml(path))
    found = _Reader(source, own).section()
    if source.findings:
        from tmcs.files import read_bytes
        from tmcs.lang.yaml import parse_yaml

        source = parse_yaml(read_bytes(path), path)
        _Reader(source, own).section()
        raise InputError(f"规则文件 {path} 有误", f"faults in the rule file {path}", findings=source.findings)
    return found


_sections: dict[str, Section] = {}
_added: dict[str, Section] = {}
_known: frozenset[str] | None = None
_rulings: dict[str, Ruling] | None = None
_settings: dict[str, Text] | None = None


def rules_from(paths: Iterable[str | os.PathLike[str]]) -> list[Section]:
    """Read rule files in the form of the handbook's own, without adding them.

    Raises:
        InputError: a file breaks the form, uses the handbook's letters (H, P, C), or repeats a section; its findings
            name file, line and column.
        NotFoundError: there is no such file.
        StorageError: it cannot be read.
    """
    found: dict[str, Section] = {}
    for path in paths:
        one = _read(os.fspath(path), own=False)
        if one.id in found:
            raise InputError(
                f"{os.fspath(path)}: 章节 {one.id} 重复", f"{os.fspath(path)}: section {one.id} stands in two files"
            )
        found[one.id] = one
    return list(found.values())


def register(path: str | os.PathLike[str]) -> Section:
    """Add a third party's rule file, so that its ids can be cited and looked up; return its section.

    Registering the same section again with the same rules changes nothing.

    Raises:
        InputError: as for :func:`rules_from`, or its section was added with other rules; nothing is added then.
    """
    global _known
    (new,) = rules_from([path])
    old = _added.get(new.id)
    if old is not None and [r.to_dict() for r in old.rules] != [r.to_dict() for r in new.rules]:
        raise InputError(
            f"{os.fspath(path)}: 章节 {new.id} 已由别的文件提供",
            f"{os.fspath(path)}: section {new.id} was added from another file",
        )
    _added[new.id] = new
    _known = known_ids() | {one.id for one in new.rules}
    return new


def known_ids() -> frozenset[str]:
    """Return the ids of all rules and rulings; reads a small index, not the rules."""
    global _known
    if _known is None:
        with open(os.path.join(_HERE, "ids.txt"), encoding="ascii") as file:
            _known = frozenset(file.read().split())
        _add_from_plugins()
    return _known


def _add_from_plugins() -> None:
    """Add the rules of plug-ins; a plug-in whose rules are wrong stands as failed and adds none."""
    from tmcs.plugins import registry

    for one in registry().brought():
        with suppress(TmcsError):
            if one["rules"]:
                register(one["rules"])


def reset() -> None:
    """Forget the rules that were added; for tests and for a process that installs something."""
    global _known
    _known = None
    _added.clear()


def normalise(id: str) -> str:
    """Return an id as the handbook writes it: ``h4-r7`` is ``H04-R07``, ``c4`` is ``C04``, ``h4`` is ``H04``."""
    match = _LOOSE.fullmatch(id.strip())
    if match is None:
        return id.strip()
    letters, number, rule = match.groups()
    return f"{letters.upper()}{number:0>2}" + (f"-R{rule:0>2}" if rule else "")


def _unknown(id: str, valid: Iterable[str]) -> NotFoundError:
    near = nearest(normalise(id).upper(), sorted(valid))
    zh, en = f"没有这条规则: {id}", f"no such rule: {id}"
    if near:
        zh += f"，最接近的是 {', '.join(near)}"
        en += f"; nearest: {', '.join(near)}"
    return NotFoundError(zh, en, hint=Text("用 tmcs rule list 列出章节与规则", "list them with tmcs rule list"))


def section(id: str) -> Section:
    """Return a section of the handbook or of the added rules.

    Raises:
        NotFoundError: there is no such section; names the nearest ones.
    """
    name = normalise(id)
    if name in _added:
        return _added[name]
    if name not in section_ids():
        raise _unknown(id, section_ids())
    if name not in _sections:
        _sections[name] = _read(os.path.join(_HERE, "rules", f"{name}.yaml"), own=True)
    return _sections[name]


def section_ids() -> list[str]:
    """Return the ids of all sections, in order."""
    return sorted({id.partition("-")[0] for id in known_ids() if "-" in id}, key=lambda id: (id in _added, id))


def sections() -> list[Section]:
    """Return all sections, in order; this reads every file."""
    return [section(id) for id in section_ids()]


def rule(id: str) -> Rule:
    """Return a rule.

    Raises:
        NotFoundError: there is no such rule; names the nearest ones.
    """
    name = normalise(id)
    if name not in known_ids() or "-" not in name:
        raise _unknown(id, (one for one in known_ids() if "-" in one))
    return next(one for one in section(name.partition("-")[0]).rules if one.id == name)


def rulings() -> list[Ruling]:
    """Return all rulings, in order."""
    global _rulings
    if _rulings is None:
        from tmcs.lang.cache import load_yaml

        data = load_yaml(os.path.join(_HERE, "conflicts.yaml"))
        years = int(data["review_after_years"])
        _rulings = {entry["id"]: Ruling(entry, data["owner"], years) for entry in data["conflicts"]}
    return list(_rulings.values())


def ruling(id: str) -> Ruling:
    """Return a ruling.

    Raises:
        NotFoundError: there is no such ruling; names the nearest ones.
    """
    name = normalise(id)
    if name not in known_ids() or "-" in name:
        raise _unknown(id, (one for one in known_ids() if "-" not in one))
    return next(one for one in rulings() if one.id == name)


def rulings_on(id: str) -> list[Ruling]:
    """Return the rulings that a rule stands in: for a decision, read them before the rule."""
    name = normalise(id)
    return [one for one in rulings() if one.concerns(name)]


def cited(ids: Iterable[str]) -> list[Entry]:
    """Return the rules and rulings of a list of ids, in its order; reads only the sections they stand in.

    Raises:
        NotFoundError: an id is unknown; names the nearest ones.
    """
    found: list[Entry] = []
    for id in ids:
        name = normalise(id)
        if name not in known_ids():
            raise _unknown(id, known_ids())
        found.append(rule(name) if "-" in name else ruling(name))
    return found


def default_settings() -> dict[str, Text]:
    """Return the shipped value of every setting, in both languages."""
    global _settings
    if _settings is None:
        from tmcs.lang.cache import load_yaml

        _settings = settings_of(load_yaml(os.path.join(_HERE, "settings.yaml"))["settings"])
    return _settings


def settings_of(data: Mapping[str, Any]) -> dict[str, Text]:
    """Return the values of a policy's ``settings`` (``{key: {value: text or {zh, en}}}``) in both languages."""
    found = {}
    for key, entry in data.items():
        value = entry["value"]
        found[key] = Text(value, value) if isinstance(value, str) else Text(value["zh"], value["en"])
    return found


def fill(text: Text, settings: Mapping[str, Text]) -> Text:
    """Return a text with the values of settings in place of their names; a name without a value stays."""

    def put(said: str, lang: str) -> str:
        return _PLACEHOLDER.sub(lambda m: settings[m[1]].pick(lang) if m[1] in settings else m[0], said)

    return Text(put(text.zh, "zh"), put(text.en, "en"))
