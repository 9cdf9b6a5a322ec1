"""A questionnaire as data: two parts, business and service, and survey needs (P10-R02); its questions and their answers.

::

    questionnaire: 2026-q4
    title: {zh: …, en: …}
    parts:
      service:                                  # 业务服务
        questions:
          speed: {type: score, ask: {zh: …, en: …}}                         # 1 (very dissatisfied) to 5 (very satisfied)
          channel: {type: choice, ask: {…}, choices: {phone: {zh: 电话, en: phone}, web: {…}}}
      needs:                                    # 调查需求
        questions:
          again: {type: yes-no, ask: {…}}
          wish: {type: text, ask: {…}, required: "no"}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tmcs.core.errors import InputError, unknown_word
from tmcs.core.facts import Fact
from tmcs.core.source import Cursor, Source

TYPES: Final = ("score", "choice", "text", "yes-no")
#: The two parts of a questionnaire (P10-R02), in words.
PARTS: Final[dict[str, list[str]]] = {"service": ["业务服务", "business and service"], "needs": ["调查需求", "survey needs"]}
#: What a score says, from the worst to the best.
SCORES: Final[dict[str, list[str]]] = {
    "1": ["1 很不满意", "1 very dissatisfied"], "2": ["2 不满意", "2 dissatisfied"], "3": ["3 一般", "3 neutral"],
    "4": ["4 满意", "4 satisfied"], "5": ["5 很满意", "5 very satisfied"],
}  # fmt: skip
YES_NO: Final[dict[str, list[str]]] = {"yes": ["是", "yes"], "no": ["否", "no"]}
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_KINDS: Final = {"score": "choice", "choice": "choice", "yes-no": "yes-no", "text": "text"}


class Question:
    """One question.

    Attributes:
        id, part, type: its name, its part, one of :data:`TYPES`.
        ask: how it is asked, ``[zh, en]``.
        values: the values of a score, choice or yes-no question in words, in their order.
        required: whether a whole answer must have it.
    """

    __slots__ = ("ask", "fact", "id", "part", "required", "type", "values")

    def __init__(self, name: str, part: str, normal: Mapping[str, Any]) -> None:
        self.id = name
        self.part = part
        self.type: str = normal["type"]
        self.ask: list[str] = normal["ask"]
        self.required: bool = normal["required"]
        self.values: dict[str, list[str]] = {"score": SCORES, "yes-no": YES_NO, "text": {}}.get(self.type, normal["choices"])
        self.fact = Fact(name, {
            "type": _KINDS[self.type], "from": "agent", "values": self.values, "default": None, "optional": not self.required,
            "label": self.ask, "ask": self.ask, "cite": ["P10-R09"],
        })  # fmt: skip

    def parse(self, text: str) -> str:
        """Return the value that an answer writes: by its word, or in words.

        Raises:
            InputError: it is none; which there are is said. A text is not repeated.
        """
        plain = text.strip()
        value: str = self.fact.parse(plain)
        return value


class Questionnaire:
    """A questionnaire that was checked.

    Attributes:
        id, title: its name, and its title ``[zh, en]``.
        questions: by their names, in order.
        data: itself as plain data, as the plan keeps it; :meth:`of` reads that.
    """

    __slots__ = ("data", "id", "questions", "title")

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.id: str = data["questionnaire"]
        self.title: list[str] = data["title"]
        self.questions = {
            name: Question(name, part, normal) for part in PARTS for name, normal in data["parts"][part].items()
        }  # fmt: skip

    def question(self, name: str) -> Question:
        """Return a question by its name, or by its number counted from 1.

        Raises:
            InputError: there is none; the nearest are named.
        """
        plain = name.strip()
        if plain in self.questions:
            return self.questions[plain]
        number = plain.lower().removeprefix("q").removeprefix("第").removesuffix("题")
        if number.isascii() and number.isdigit() and 1 <= int(number) <= len(self.questions):
            return list(self.questions.values())[int(number) - 1]
        raise unknown_word("题目", "question", plain[:40], self.questions)

    def missing(self, answers: Mapping[str, str]) -> list[Question]:
        """Return the questions that a whole answer lacks."""
        return [one for name, one in self.questions.items() if one.required and name not in answers]


def read_questionnaire(path: str) -> Questionnaire:
    """Return the questionnaire of a YAML file.

    Raises:
        InputError: it breaks the form; every fault is named with file, line and column.
        NotFoundError, StorageError: the file is not there or cannot be read.
    """
    from tmcs.files import read_bytes
    from tmcs.lang.limits import MAX_BYTES
    from tmcs.lang.yaml import parse_yaml

    source = parse_yaml(read_bytes(path, MAX_BYTES), path)
    data = _read(source)
    if source.findings:
        n = len(source.findings)
        raise InputError(f"问卷有误: {path} (共 {n} 处)", f"the questionnaire is wrong: {path} ({n} faults)", findings=source.findings)
    return Questionnaire(data)


def _read(source: Source) -> dict[str, Any]:
    root = source.root
    if not root.keys(("questionnaire", "title", "parts", "note"), ("questionnaire", "title", "parts")):
        return {}
    name = root["questionnaire"].text()
    if name and not _ID.fullmatch(name):
        root["questionnaire"].fault(f"{name} 不能作名称", f"{name} is no name", "a-z 0-9 -")
    parts = root["parts"]
    found: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    seen: dict[str, str] = {}
    if parts.keys(PARTS, PARTS):
        for part in PARTS:
            at = parts[part]
            if at.keys(("title", "questions", "note"), ("questions",)):
                found[part] = _questions(part, at["questions"], seen)
    return {"questionnaire": name, "title": root["title"].texts(), "parts": found}


def _questions(part: str, at: Cursor, seen: dict[str, str]) -> dict[str, Any]:
    found = {}
    for name, one in at.items():
        if not _NAME.fullmatch(name):
            one.fault(f"{name} 不能作题目名称", f"{name} is no name of a question", "a-z 0-9 -", key=True)
        if seen.setdefault(name, part) != part:
            one.fault(f"题目 {name} 在 {seen[name]} 里已有", f"question {name} stands in {seen[name]} as well", key=True)
        found[name] = _question(one)
    if not found:
        at.fault("没有题目", "there is no question", "name: {type, ask}")
    return found


def _question(at: Cursor) -> dict[str, Any]:
    normal: dict[str, Any] = {"type": "text", "ask": ["", ""], "required": True, "choices": {}}
    if not at.keys(("type", "ask", "choices", "required", "note"), ("type", "ask")):
        return normal
    normal["type"] = kind = at["type"].word(TYPES, "题型", "type of question")
    normal["ask"] = at["ask"].texts()
    if at.get("required"):
        normal["required"] = at["required"].word(("yes", "no"), "取值", "value") == "yes"
    choices = at.get("choices")
    if (kind == "choice") != (choices is not None):
        at.fault("choice 题型才有 choices，且必须有", "choices belong to the type choice, which must have them", "choices: {name: {zh, en}}")
    for name, one in choices.items() if choices else ():
        normal["choices"][name] = one.texts()
    if choices is not None and kind == "choice" and len(normal["choices"]) < 2:
        choices.fault("选项至少两个", "there must be two choices at least")
    return normal
