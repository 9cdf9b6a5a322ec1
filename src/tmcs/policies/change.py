"""A figure changed in the desk's own policy file: edited, the whole set checked and proved, and only then written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from tmcs.core.errors import InputError, NotFoundError, StorageError, TryAgainError, unknown_word
from tmcs.core.policy import Policy, is_dated
from tmcs.core.safe import one_line
from tmcs.core.source import Path
from tmcs.core.text import Text
from tmcs.files import read_bytes, write_atomic
from tmcs.lang.limits import MAX_BYTES
from tmcs.policies.check import PolicyReport, check_set
from tmcs.policies.edit import changed, dated_value
from tmcs.policies.figures import SECTIONS, figures, parts_text

_MODE: Final = 0o644  # no secret stands in a policy, and every seat of the desk reads it
_UNITS: Final = ("working", "calendar")


class Change:
    """A figure as it was and as it is to be, and the file that says so.

    Attributes:
        key: the figure; ``file`` the policy file; ``files`` the whole set, the strongest last.
        before, after: its value in the file's terms: a text, a list, or a list of dated values.
        old, new: what the file holds, and is to hold; ``created``: there was none.
        report: what the check of the whole set found.
        warnings: what is worth knowing besides.
    """

    __slots__ = ("after", "before", "created", "file", "files", "key", "new", "old", "report", "warnings")

    after: Any
    before: Any
    created: bool
    file: str
    files: list[str]
    key: str
    new: bytes
    old: bytes
    report: PolicyReport
    warnings: list[Text]

    @property
    def same(self) -> bool:
        """Whether the figure is so already: there is nothing to write."""
        return bool(self.before == self.after)

    @property
    def backup(self) -> str:
        """The file that keeps what was there before."""
        return f"{self.file}.bak"

    def patch(self) -> list[str]:
        """Return what changes in the file, as a unified diff without its head."""
        from difflib import unified_diff

        old, new = (data.decode("utf-8-sig").splitlines() for data in (self.old, self.new))
        return list(unified_diff(old, new, lineterm="", n=1))[2:]

    def write(self) -> None:
        """Write the file whole, the old one kept beside it.

        Raises:
            TryAgainError: somebody else has changed it meanwhile; it is as they left it.
            StorageError: it cannot be written; it is as it was.
        """
        if _present(self.file) != (self.old, self.created):
            raise TryAgainError(f"{self.file} 刚被别人改过，未写入", f"{self.file} has just been changed by someone else; nothing was written")
        target = os.path.realpath(self.file)  # of a link, the file it leads to
        try:
            if folder := os.path.dirname(target):
                os.makedirs(folder, exist_ok=True)
            mode = _MODE if self.created else os.stat(target).st_mode & 0o777
            if not self.created:
                write_atomic(self.backup, self.old, mode, own=True)
            write_atomic(target, self.new, mode, own=True)
        except OSError as error:
            raise StorageError(
                f"无法写入 {self.file}: {error.strerror}", f"cannot write {self.file}: {error.strerror}"
            ) from None


def own_file(file: str | None) -> tuple[str, list[str]]:
    """Return the policy file to change and the set that it is part of.

    Args:
        file: as it was named; None: the strongest of those configured, else ``policy.yaml`` of the user.

    Raises:
        InputError: there is no file to change: none is configured, and there is no home folder.
    """
    from tmcs import config

    files = config.policy_files()
    if file is None:
        folder = config.user_folder()
        if not files and not folder:
            raise InputError("没有可改的政策文件，请用 --file 指明", "there is no policy file to change: name one with --file")
        file = files[-1] if files else os.path.join(folder, "policy.yaml")
    known = next((one for one in files if os.path.realpath(one) == os.path.realpath(file)), None)
    return (known, files) if known is not None else (file, [*files, file])


def change(key: str, value: str, day: date | None, *, file: str | None = None, comment: str | None = None, today: date) -> Change:
    """Work out a change of a figure and check the whole set with it; nothing is written.

    Args:
        key: the figure, such as ``payouts.damage.rows.usual.rate_max``; ``limits.small-value`` stands for its ``value``.
        value: what it is to be, as `tmcs policy show` writes it.
        day: from when; None: always, whatever was before.
        file: the policy file; default as :func:`own_file`.
        comment: a line above the figure.
        today: for what is said of days gone by.

    Raises:
        InputError: there is no such figure, or the set would break with it: every fault is named, with the cases that show them.
        NotFoundError, StorageError: a file of the set is missing or cannot be read.
    """
    from tmcs.flowcheck import policy_source
    from tmcs.loader import load_policy

    found = Change()
    found.file, found.files = own_file(file)
    found.old, found.created = _present(found.file)
    kept = {found.file: found.old}
    present = [one for one in found.files if one != found.file or not found.created]
    policy = load_policy(present, kept if found.old else None)
    data = policy_source(policy, kept if found.old else None).data
    path, found.before = _figure(policy, data, key)
    found.key = ".".join(path)
    _not_covered(found, path)
    plain = _value(found.key, value, _latest(found.before))
    start = _start(policy, today)
    found.after = plain if day is None else _unless_same(found.before, plain, day, start)
    found.new = found.old if found.same else changed(found.old, found.file, path, found.after, comment)
    found.report = PolicyReport()
    if not found.same:
        found.report = check_set(found.files, {found.file: found.new}, besides=present)
    if not found.report.ok:
        raise found.report.error(
            f"{found.key} = {value} 会破坏整套规则，文件未动", f"{found.key} = {value} breaks the set of rules; the file is as it was"
        )
    found.warnings = list(_warnings(found, data, path, day, today))
    return found


def _present(file: str) -> tuple[bytes, bool]:
    """Return what a file holds, and whether it is still to be made."""
    try:
        return read_bytes(file, MAX_BYTES), False
    except NotFoundError:
        return b"", True


def _figure(policy: Policy, data: Any, key: str) -> tuple[Path, Any]:
    """Return the path and the present value of a figure in the terms of a policy file."""
    words: list[str] = []
    found = data
    left = key.split(".")
    if left[0] not in SECTIONS:
        raise _unknown(policy, key)
    while left:
        word = left.pop(0)
        if not isinstance(found, dict) or word not in found or word in ("cite", "note"):
            raise _unknown(policy, key)
        words.append(word)
        found = found[word]
        if is_dated(found) and left:
            where = ".".join(words)
            raise InputError(f"{where} 整体带日期，请手工修改", f"{where} is dated as a whole: edit it by hand")
    if isinstance(found, dict) and "value" in found:
        words.append("value")
        found = found["value"]
    latest = _latest(found)
    if isinstance(latest, dict) and set(latest) != {"zh", "en"}:
        raise _unknown(policy, key)
    if isinstance(latest, list) and words[-1] != "parts" and not all(isinstance(one, str) for one in latest):
        raise _unknown(policy, key)
    return tuple(words), found


def _unknown(policy: Policy, key: str) -> InputError:
    names = list(figures(policy))
    below = [name for name in names if name.startswith(f"{key}.")]
    if below:
        shown = ", ".join(below[:20])
        return InputError(f"{key} 不是一个数字，其下有: {shown}", f"{key} is not one figure; below it: {shown}")
    error = unknown_word("政策项", "policy key", key, names)
    error.hint = Text("tmcs policy show 列出全部", "tmcs policy show lists them all")
    return error


def _latest(value: Any) -> Any:
    return max(value, key=lambda one: str(one["from"]))["value"] if is_dated(value) else value


def _value(key: str, text: str, before: Any) -> Any:
    """Return a value in the terms of a policy file."""
    if not text.strip():
        raise InputError("值为空", "the value is empty")
    if key.endswith(".parts"):
        return _parts(text)
    if isinstance(before, list):
        return [one.strip() for one in text.split(",") if one.strip()]
    return text.strip()


def _parts(text: str) -> list[dict[str, str]]:
    found = []
    for part in text.split("+"):
        words = part.split()
        if len(words) != 2 or not words[0].isdigit() or words[1] not in _UNITS:
            raise InputError(
                f"期限 {text} 有误，应如: 7 working，或 1 calendar + 3 working", f"{text} is no time: expected 7 working, or 1 calendar + 3 working"
            )
        found.append({"days": words[0], "unit": words[1]})
    return found


def _start(policy: Policy, today: date) -> date:
    try:
        return date.fromisoformat(policy.version)
    except ValueError:
        return today


def _unless_same(before: Any, value: Any, day: date, start: date) -> Any:
    """Return a figure with a value from a day on; as it is where that changes nothing."""
    items = before if is_dated(before) else [{"from": "", "value": before}]
    held = [one["value"] for one in sorted(items, key=lambda one: str(one["from"])) if one["from"] <= day.isoformat()]
    return before if held and held[-1] == value else dated_value(before, value, day, start)


def _not_covered(found: Change, path: Path) -> None:
    """Refuse a change that a stronger file of the set would cover."""
    from tmcs.lang.yaml import parse_yaml

    for name in found.files[found.files.index(found.file) + 1 :]:
        data = parse_yaml(read_bytes(name, MAX_BYTES), name).data
        for word in path:
            data = data.get(word) if isinstance(data, dict) else None
        if data is not None:
            raise InputError(
                f"{name} 里也有 {found.key}，而且优先，改了也不会生效", f"{name} sets {found.key} too and is stronger: the change would not show",
                hint=Text(f"--file {name}", f"--file {name}"),
            )  # fmt: skip


def _warnings(found: Change, data: Any, path: Path, day: date | None, today: date) -> Sequence[Text]:
    from tmcs import config

    said = []
    if path[-1] == "parts":
        rule, name = data[path[0]][path[1]]["rule"], f"{path[0]}.{path[1]}.rule"
        if isinstance(rule, dict):
            said.append(Text(
                f"话术里仍说“{rule.get('zh')}”: tmcs policy set {name}.zh …", f"scripts still say “{rule.get('en')}”: tmcs policy set {name}.en …"
            ))  # fmt: skip
    if day is not None and day < today and not found.same:
        said.append(Text(
            f"{day} 已过: 已建的案件仍按各自的版本", f"{day} has passed: cases that are open keep their own version",
        ))  # fmt: skip
    used = [os.path.realpath(one) for one in config.policy_files()]
    written = os.path.realpath(found.file)
    if written not in used and written != os.path.realpath(os.path.join(config.user_folder(), "policy.yaml")):
        said.append(Text(
            f"配置里没有 {found.file}，尚未生效 (TMCS_POLICY 或 config 的 policy)",
            f"{found.file} is not configured, so it is not in force (TMCS_POLICY, or policy of the configuration)",
        ))  # fmt: skip
    return said


def comment_of(value: str, day: date | None, why: str, agent: str, today: date) -> str:
    """Return the comment that says who changed a figure, when and why; one line, harmless whatever was typed."""
    since = f"{day}: " if day is not None else ""
    return f"# {since}{one_line(value)} - {one_line(why)} ({one_line(agent)}, {today})"


def said_value(value: Any) -> str:
    """Return a value of a policy file as a person reads it."""
    if is_dated(value):
        return ", ".join(f"{one['from']}: {said_value(one['value'])}" for one in value)
    if isinstance(value, list):
        return parts_text(value) if value and isinstance(value[0], dict) else ", ".join(value)
    if isinstance(value, dict):
        return " / ".join(map(str, value.values()))
    return str(value)
