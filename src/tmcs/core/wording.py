"""An agent's own words checked against the rules of wording: what must not be said, courtesy, promises, personal data.

The rules are data (``tmcs/handbook/wording.yaml``, read by :mod:`tmcs.core.wording_reader`); what a tier may promise and
the days of a case come from the policy and the resolution.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from tmcs.core.errors import InputError
from tmcs.core.fill import fill, names
from tmcs.core.money import format_money, percent, share
from tmcs.core.text import Text
from tmcs.core.wording_figures import amounts, folded, is_id_card, is_luhn, shares
from tmcs.core.wording_reader import ERROR as ERROR
from tmcs.core.wording_reader import OFF
from tmcs.core.wording_reader import WARNING as WARNING

MAX_CHARACTERS: Final = 20_000
_FIGURES: Final = frozenset("0123456789")
_NEAR: Final = 20  # characters before a word in which a negation counts
_SENTENCE_ENDS: Final = re.compile(r"[。！？!?\n;；…]+")
_CLAUSE_ENDS: Final = re.compile(r"[。！？!?\n;；…，,、：:“”\"]+ *")
_LINE_ENDS: Final = re.compile(r"\n")
_INVISIBLE: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")


class Remark:
    """One thing found in a message.

    Attributes:
        id: the rule of wording; ``cites`` the handbook rules behind it.
        severity: error or warning.
        start, words: where in the text, and what stands there (personal data is not repeated).
        why, better: in both languages; better may be None.
    """

    __slots__ = ("better", "cites", "id", "severity", "start", "why", "words")

    def __init__(
        self, id: str, severity: str, start: int, words: str, why: Text, better: Text | None, cites: Sequence[str] = ()
    ) -> None:
        self.id = id
        self.severity = severity
        self.start = start
        self.words = words
        self.why = why
        self.better = better
        self.cites = list(cites)

    def to_dict(self, text: str) -> dict[str, Any]:
        """Return the remark as JSON, with line and column in ``text`` counted from 1."""
        line, column = place(text, self.start)
        return {
            "id": self.id,
            "severity": self.severity,
            "line": line,
            "column": column,
            "words": self.words,
            "why": self.why.to_dict(),
            "better": self.better.to_dict() if self.better else None,
            "cites": self.cites,
        }


class Promise:
    """The most that a tier may promise for the payouts at hand.

    Attributes:
        rate: the highest rate, in millionths; None where only flat sums stand.
        amount: the highest amount, in fen.
        cites: the rules behind it.
        base: what a share is a share of, in fen; None where it is not known, then the rates are compared.
        above: the tiers above, lowest first: name, ``[zh, en]``, and what each may promise.
        none: whether it is known that nothing is to be paid at all.
    """

    __slots__ = ("above", "amount", "base", "cites", "none", "rate")

    def __init__(
        self, rate: int | None, amount: int, cites: Sequence[str], base: int | None = None,
        above: Sequence[tuple[list[str], Promise]] = (), none: bool = False,
    ) -> None:  # fmt: skip
        self.rate = rate
        self.amount = amount
        self.cites = list(cites)
        self.base = base
        self.above = list(above)
        self.none = none

    def allows(self, fen: int) -> bool:
        """Return whether an amount may be promised."""
        return fen <= self.amount

    def allows_share(self, rate: int) -> bool:
        """Return whether a share may be promised."""
        if self.base is not None:
            return share(self.base, rate) <= self.amount
        return rate <= (self.rate or 0)


class Case:
    """What is known of the case the words are about.

    Attributes:
        flow: the flow at hand, ``""`` where none is named; rules of other flows do not count.
        facts: the facts known, as a flow writes them.
        promise: what the tier may promise; None: amounts are not looked at.
        dues: the deadlines of the resolution, ``[zh, en]`` of each.
        settings: the policy's settings, whose values may stand although they look personal.
        figures: fills the placeholders of a better wording, by language.
        opening: whether the words open the contact.
    """

    __slots__ = ("dues", "facts", "figures", "flow", "opening", "promise", "settings")

    def __init__(
        self, flow: str | None = None, *, facts: Mapping[str, str] | None = None, promise: Promise | None = None,
        dues: Sequence[list[str]] = (), settings: Mapping[str, Sequence[str]] | None = None,
        figures: Callable[[str], Any] | None = None, opening: bool = False,
    ) -> None:  # fmt: skip
        self.flow = flow or ""
        self.facts = dict(facts or {})
        self.promise = promise
        self.dues = dues
        self.settings = dict(settings or {})
        self.figures = figures
        self.opening = opening


def place(text: str, start: int) -> tuple[int, int]:
    """Return line and column, counted from 1, of a character."""
    line = text.count("\n", 0, start)
    return line + 1, start - (text.rfind("\n", 0, start) + 1) + 1


def lint(text: str, wording: Mapping[str, Any], case: Case | None = None) -> list[Remark]:
    """Check a message.

    Args:
        text: what the agent means to say or write.
        wording: the rules, from :func:`tmcs.core.wording_reader.read_wording`.
        case: what is known of the case; default nothing, then the rules that hold everywhere count.

    Raises:
        InputError: there is no text, or more than 20,000 characters.
    """
    if not text.strip():
        raise _no_text()
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"文字超过 {MAX_CHARACTERS} 个字符", f"the text is longer than {MAX_CHARACTERS} characters")
    message, known = _Message(text, wording), case or Case()
    found = [*_controls(text)]
    for name, rule in wording["rules"].items():
        if rule["severity"] != OFF and _holds(rule, known):
            found += _broken(name, rule, message, known)
    found += _personal(message, wording["personal"], known.settings)
    if known.promise is not None:
        found += _promises(message, wording["promises"], known.promise)
    return sorted(found, key=lambda remark: (remark.start, remark.id))


def _no_text() -> InputError:
    return InputError("没有要检查的文字", "there is no text to check")


def lint_lines(text: str, wording: Mapping[str, Any], case: Case | None = None) -> list[Remark]:
    """Check each line as a message of its own; places are those in the whole text. Empty lines are passed over.

    Raises:
        InputError: there is no text, or a line (it is named) has more than 20,000 characters.
    """
    if not text.strip():
        raise _no_text()
    found: list[Remark] = []
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_CHARACTERS:
            raise InputError(
                f"第 {number} 行超过 {MAX_CHARACTERS} 个字符", f"line {number} is longer than {MAX_CHARACTERS} characters"
            )
        if line.strip():
            for remark in lint(line, wording, case):
                remark.start += start
                found.append(remark)
        start += len(line) + 1
    return found


def _any_of(phrases: Iterable[str], patterns: Iterable[str] = ()) -> re.Pattern[str]:
    """Return what finds any of the phrases, the longest first, or patterns."""
    words = sorted({folded(one) for one in phrases if one}, key=lambda one: (-len(one), one))
    parts = [*map(_escaped, words), *(one for one in patterns if one)]
    return re.compile("|".join(parts) if parts else r"(?!)")


def _escaped(phrase: str) -> str:
    """Return a phrase as a pattern: figures at its ends are whole numbers, 12345 does not stand in 1123456."""
    before, after = ("(?<![0-9])" if phrase[0] in _FIGURES else "", "(?![0-9])" if phrase[-1] in _FIGURES else "")
    return before + re.escape(phrase) + after


class _Spans:
    """Stretches of a text that are cut by separators, found by bisection."""

    def __init__(self, text: str, ends: re.Pattern[str]) -> None:
        cuts = [match.span() for match in ends.finditer(text)]
        self.starts = [0, *(end for _, end in cuts)]
        self.stops = [*(start for start, _ in cuts), len(text)]

    def at(self, place: int) -> tuple[int, int]:
        """Return the stretch that a place lies in."""
        n = bisect_right(self.starts, place) - 1
        return self.starts[n], max(self.stops[n], place)


class _Message:
    """A text with its lines, sentences and clauses."""

    def __init__(self, text: str, wording: Mapping[str, Any]) -> None:
        self.text = text
        self.low = folded(text)
        self.lines = _Spans(self.low, _LINE_ENDS)
        self.sentences = _Spans(self.low, _SENTENCE_ENDS)
        self.clauses = _Spans(self.low, _CLAUSE_ENDS)
        self._figures = _any_of((), wording["figures"])
        self._has_figure: dict[int, bool] = {}

    def words(self, span: tuple[int, int]) -> str:
        return self.low[slice(*span)]

    def has_figure(self, at: int) -> bool:
        """Return whether a day or a span of time stands in the line of a place."""
        span = self.lines.at(at)
        found = self._has_figure.get(span[0])
        if found is None:
            found = self._has_figure[span[0]] = self._figures.search(self.words(span)) is not None
        return found

    def follows(self, at: int, words: Iterable[str], near: int = _NEAR) -> bool:
        """Return whether one of the words stands shortly before a place, in the same clause."""
        before = self.low[max(self.clauses.at(at)[0], at - near) : at]
        return any(folded(word) in before for word in words)


def _holds(rule: Mapping[str, Any], case: Case) -> bool:
    """Return whether a rule counts in a case: its facts decide where they are known, else its flows."""
    if (rule["opening"] and not case.opening) or case.flow in rule["not_flows"]:
        return False
    facts = rule["facts"]
    if facts and all(name in case.facts for name in facts):
        return all(case.facts[name] in values for name, values in facts.items())
    if rule["flows"]:
        return case.flow in rule["flows"]
    return not facts


def _broken(name: str, rule: Mapping[str, Any], message: _Message, case: Case) -> list[Remark]:
    why, better = Text(*rule["why"]), _better(rule, case)
    if rule["missing"]:
        met = _any_of(rule["when"]).search(message.low) if rule["when"] else None
        if (rule["when"] and met is None) or _any_of(rule["missing"]).search(message.low):
            return []
        start, words = (met.start(), message.text[met.start() : met.end()]) if met else (0, "")
        return [Remark(name, rule["severity"], start, words, why, better, rule["cite"])]
    if rule["due"] and not case.dues:
        return []
    return [
        Remark(name, rule["severity"], start, message.text[start:end], why, better, rule["cite"])
        for start, end in _places(rule, message)
    ]


def _places(rule: Mapping[str, Any], message: _Message) -> Iterator[tuple[int, int]]:
    """Yield where a rule's words stand and nothing excuses them."""
    allowed = [match.span() for match in _any_of(rule["unless"]).finditer(message.low)] if rule["unless"] else []
    starts = [start for start, _ in allowed]
    said = _any_of(rule["unless_said"])
    excused: dict[int, bool] = {}
    for match in _any_of(rule["phrases"], rule["patterns"]).finditer(message.low):
        start, end = match.span()
        n = bisect_right(starts, start) - 1
        if n >= 0 and end <= allowed[n][1]:
            continue
        if rule["at"] and message.clauses.at(start)[0] != start:
            continue
        if rule["not_after"] and message.follows(start, rule["not_after"]):
            continue
        if rule["unless_figure"] and message.has_figure(start):
            continue
        if rule["unless_said"]:
            span = message.sentences.at(start)
            if span[0] not in excused:
                excused[span[0]] = said.search(message.words(span)) is not None
            if excused[span[0]]:
                continue
        yield start, end


def _better(rule: Mapping[str, Any], case: Case) -> Text | None:
    """Return the better wording: the deadlines of the case where the rule asks for them, else the rule's own."""
    if rule["due"] and case.dues:
        zh, en = ("、".join(due[0] for due in case.dues), ", ".join(due[1] for due in case.dues))
        return Text(f"说明日期: {zh}", f"name the day: {en}")
    if rule["better"] is None:
        return None
    zh, en = rule["better"]
    if not names(zh) and not names(en):
        return Text(zh, en)
    if case.figures is None:
        return None
    return Text(fill(zh, case.figures("zh")), fill(en, case.figures("en")))


def _controls(text: str) -> Iterator[Remark]:
    for start, char in enumerate(text):
        if char in "\n\t" or text.startswith("\r\n", start) or unicodedata.category(char) not in _INVISIBLE:
            continue
        why = Text("不可见的控制字符", "an invisible control character")
        better = Text("删掉它", "take it out")
        yield Remark("control", ERROR, start, f"U+{ord(char):04X}", why, better)


_CHECKS: Final[dict[str, Callable[[str], bool]]] = {"luhn": is_luhn, "id-card": is_id_card, "": lambda found: True}


def _personal(message: _Message, forms: Mapping[str, Any], settings: Mapping[str, Sequence[str]]) -> list[Remark]:
    found: list[Remark] = []
    for name, form in forms.items():
        allowed = [folded(value) for setting in form["allow"] for value in settings.get(setting, ())]
        why = Text(f"含有个人信息: {form['what'][0]}", f"personal data: {form['what'][1]}")
        better = Text("不要写出来，请客户自己核对或用星号遮住", "leave it out, or mask it with asterisks")
        forms_of = "|".join(one for one in form["forms"] if one) or "(?!)"
        for match in re.finditer(rf"(?<![0-9a-z])(?:{forms_of})(?![0-9a-z])", message.low):
            said = match.group()
            if any(said in value for value in allowed) or message.follows(match.start(), form["not_after"]):
                continue
            if _CHECKS[form["check"]](said.replace(" ", "").replace("-", "")):
                found.append(Remark(f"personal-{name}", ERROR, match.start(), "***", why, better))
    return found


def _promises(message: _Message, data: Mapping[str, list[str]], promise: Promise) -> Iterator[Remark]:
    """Yield the amounts and shares that are promised and are above what the tier may promise."""
    promised, other = _any_of(data["words"]), _any_of(data["unless"])
    spoken: dict[int, bool] = {}

    def counts(start: int, end: int) -> bool:
        clause, sentence = message.clauses.at(start), message.sentences.at(start)
        before = message.low[max(0, start - _NEAR) : start].rstrip(" ¥")
        if any(before.endswith(folded(word)) for word in data["not_after"]):
            return False
        words = message.words((clause[0], max(clause[1], end)))
        if promised.search(words) is None and other.search(words) is not None:
            return False
        if sentence[0] not in spoken:
            spoken[sentence[0]] = promised.search(message.words(sentence)) is not None
        return spoken[sentence[0]]

    for start, end, fen in amounts(message.low):
        if not promise.allows(fen) and counts(start, end):
            yield _above(promise, start, message.text[start:end], partial(Promise.allows, fen=fen))
    for start, end, rate in shares(message.low):
        if not promise.allows_share(rate) and counts(start, end):
            yield _above(promise, start, message.text[start:end], partial(Promise.allows_share, rate=rate))


def _above(promise: Promise, start: int, words: str, suffices: Callable[[Promise], bool]) -> Remark:
    most = format_money(promise.amount)
    rate = "" if promise.rate is None else percent(promise.rate)
    zh, en = f"{most} 元", f"CNY {most}"
    if promise.base is None and rate:
        zh, en = f"{rate}、不超过 {most} 元", f"{rate}, not above CNY {most}"
    if promise.none:
        why = Text("按这一单的结论没有赔付，不能承诺", "this case has no payout: nothing may be promised")
    elif not promise.amount:
        why = Text("本层级不能承诺赔付", "this tier may promise no payout")
    else:
        why = Text(f"超出本层级可承诺的 {zh}", f"above what this tier may promise, {en}")
    who = next((label for label, other in promise.above if suffices(other)), None)
    better = Text("先如实记下客户的要求，替客户向上反映", "note the request and pass it up")
    if who is not None:
        better = Text(f"先报{who[0]}批准，再承诺", f"get the approval of the {who[1]} before you promise")
    return Remark("promise-above-tier", ERROR, start, words, why, better, promise.cites)
