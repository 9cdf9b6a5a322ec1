"""The few error classes of tmcs, one for each exit code, and the finding: one fault in one file.

Exit codes (documented and stable): 0 resolved or done · 1 done, with findings · 2 usage or bad input ·
3 needs facts · 4 waiting on another party · 5 not permitted at this tier · 6 not found · 70 internal fault ·
74 input/output · 75 try again · 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tmcs.core.text import Text, nearest

EXIT_OK = 0
EXIT_FINDINGS = 1
EXIT_INPUT = 2
EXIT_NEEDS_FACTS = 3
EXIT_WAITING = 4
EXIT_NOT_PERMITTED = 5
EXIT_NOT_FOUND = 6
EXIT_INTERNAL = 70
EXIT_IO = 74
EXIT_TRY_AGAIN = 75
EXIT_INTERRUPTED = 130


class Finding:
    """One fault in a flow, script, policy, configuration or order file. Bad user data is a value, not an exception.

    Attributes:
        file: the file as the user named it.
        line, column: where, counted from 1; 0 where the fault has no place.
        text: what is wrong, in both languages.
        expected: what was expected there (plain words), or ``""``.
        nearest: the valid words nearest to the one that was written.
    """

    __slots__ = ("column", "expected", "file", "line", "nearest", "text")

    def __init__(
        self, file: str, line: int, column: int, text: Text, expected: str = "", near: Sequence[str] = ()
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.text = text
        self.expected = expected
        self.nearest = list(near)

    def message(self, lang: str) -> str:
        """Return the finding as one line: ``file:line:column: what is wrong (expected …; nearest: …)``."""
        place = self.file
        if self.line:
            place += f":{self.line}"
            if self.column:
                place += f":{self.column}"
        more = []
        if self.expected:
            more.append(f"应为 {self.expected}" if lang == "zh" else f"expected {self.expected}")
        if self.nearest:
            words = ", ".join(self.nearest)
            more.append(f"最接近的是 {words}" if lang == "zh" else f"nearest: {words}")
        tail = f" ({'; '.join(more)})" if more else ""
        return f"{place}: {self.text.pick(lang)}{tail}"

    def to_dict(self) -> dict[str, object]:
        """Return the finding as the JSON object that ``--format json`` prints."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "text": self.text.to_dict(),
            "expected": self.expected,
            "nearest": self.nearest,
        }

    def __repr__(self) -> str:
        return f"Finding({self.message('en')!r})"


class TmcsError(Exception):
    """Base of all errors a user can cause or meet. Says what, where and what to do.

    Attributes:
        text: what happened, in both languages, one phrase without a full stop.
        hint: what the user can do about it, or None.
        findings: the single faults behind it, where there are several.
        details: what else there is to say, a line each.
    """

    exit_code = EXIT_INTERNAL

    def __init__(
        self, zh: str, en: str, *, hint: Text | None = None, findings: Iterable[Finding] = (), details: Iterable[Text] = ()
    ) -> None:
        super().__init__(en)
        self.text = Text(zh, en)
        self.hint = hint
        self.findings = list(findings)
        self.details = list(details)

    def to_dict(self) -> dict[str, object]:
        """Return the error as the JSON object printed on stderr with ``--format json``."""
        return {
            "error": type(self).__name__,
            "exit": self.exit_code,
            "text": self.text.to_dict(),
            "hint": self.hint.to_dict() if self.hint else None,
            "findings": [f.to_dict() for f in self.findings],
            **({"details": [one.to_dict() for one in self.details]} if self.details else {}),
        }


class InputError(TmcsError):
    """A wrong word, value, option or file content (exit 2)."""

    exit_code = EXIT_INPUT


class NotPermittedError(TmcsError):
    """The acting tier may not do this (exit 5)."""

    exit_code = EXIT_NOT_PERMITTED


class NotFoundError(TmcsError):
    """An order, item, case or rule that does not exist (exit 6)."""

    exit_code = EXIT_NOT_FOUND


class InternalError(TmcsError):
    """A fault of tmcs or of a plug-in (exit 70)."""

    exit_code = EXIT_INTERNAL


class StorageError(TmcsError):
    """A file or database that cannot be read or written: disk full, no permission, gone (exit 74)."""

    exit_code = EXIT_IO


class TryAgainError(TmcsError):
    """A lock is held by another process (exit 75)."""

    exit_code = EXIT_TRY_AGAIN


def unknown_word(what_zh: str, what_en: str, word: str, valid: Iterable[str]) -> InputError:
    """Return the error for a word that is none of the ``valid`` ones, naming the nearest and all of them."""
    words = list(dict.fromkeys(valid))
    near = nearest(word, words)
    zh = f"没有这个{what_zh}: {word}"
    en = f"unknown {what_en}: {word}"
    if near:
        zh += f"，最接近的是 {', '.join(near)}"
        en += f"; nearest: {', '.join(near)}"
    hint = Text(f"可用: {', '.join(words)}", f"valid: {', '.join(words)}") if words else None
    return InputError(zh, en, hint=hint)
