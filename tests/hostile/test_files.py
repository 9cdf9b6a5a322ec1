"""Files made to hurt, given to every option that reads one: each is refused in one clear line, in time and memory.

Order exports are in ``tests/orders``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.conftest import RESOLVE, Refused

MIB = 1 << 20


@pytest.fixture(params=["--policy", "--facts", "TMCS_CONFIG", "flow check", "rule file"])
def door(
    request: pytest.FixtureRequest, refused: Refused, tmcs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[bytes], str]:
    """Give a wrong YAML file to each place that reads one; return what is said of it in English."""

    def call(data: bytes) -> str:
        if request.param == "flow check":
            folder = tmp_path / "flow"
            folder.mkdir(exist_ok=True)
            (folder / "flow.yaml").write_bytes(data)
            (folder / "scripts.yaml").write_text("scripts: {}")
            ran = tmcs("flow", "check", folder, "--lang", "en")
            assert (ran.code, ran.err) == (1, "")
            return str(ran.out)
        file = tmp_path / "hostile.yaml"
        file.write_bytes(data)
        if request.param == "rule file":
            from tmcs.core.errors import TmcsError
            from tmcs.rulebook import rules_from

            with pytest.raises(TmcsError) as caught:
                rules_from([file])
            assert caught.value.exit_code == 2
            return "\n".join([caught.value.text.en, *(one.message("en") for one in caught.value.findings)])
        if request.param == "TMCS_CONFIG":
            monkeypatch.setenv("TMCS_CONFIG", str(file))
            return refused(2, *RESOLVE)
        return refused(2, *RESOLVE, request.param, file)

    return call


def bomb() -> bytes:
    """Return the billion laughs: nine lists, each of nine times the one before."""
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    return b"l0: &l0 [ha, ha]\n" + levels.encode()


WRONG_YAML = {
    "alias bomb": (bomb(), ":1:5: anchors (&) are not allowed"),
    "alias alone": (b"a: *x\n", ":1:4: aliases (*) are not allowed"),
    "anchor on a key": (b"&x k: v\n", ":1:1: anchors (&) are not allowed"),
    "tag": (b"a: !!python/object/apply:os.system [id]\n", ":1:4: tags (!) are not allowed"),
    "tag on a key": (b"!!int 1: v\n", ":1:1: tags (!) are not allowed"),
    "bare tag": (b"a: ! v\n", ":1:4: tags (!) are not allowed"),
    "merge key": (b"a: b\n<<: {c: d}\n", ":2:1: merge keys (<<) are not allowed"),
    "key twice": (b"a: b\nc: d\na: e\n", ":3:1: key a stands twice"),
    "list as key": (b"? [a]\n: b\n", ":1:3: a key must be a text"),
    "two documents": (b"a: b\n---\nc: d\n", ":2:1: only one document is allowed"),
    "100,000 lists": (b"a: " + b"[" * 100_000, ":1:53: nested deeper than 50 levels"),
    "100,000 dashes": (b"- " * 100_000, ":1:101: nested deeper than 50 levels"),
    "100,000 mappings": (b"a: " + b"{a: " * 100_000, ":1:200: nested deeper than 50 levels"),
    "many values": (b"a: [" + b"a," * 200_000 + b"]", "more than 100000 values"),
    "50 MB": (b"a: " + b"x" * (50 * MIB), "larger than the limit of 1048576 bytes"),
    "NUL": (b"a: b\nc: d\0\n", ":2: control character U+0000 is not allowed"),
    "escape character": (b"a: \x1b[31m\n", ":1: control character U+001B is not allowed"),
    "C1 control": ("a: b\rc: \x9b31m\r".encode(), ":2: control character U+009B is not allowed"),
    "half a surrogate": (b'a: "\\ud800"\n', ":1:4: half a surrogate pair is no text"),
    "no such character": (b'a: b\nc: "\\U7fffffff"\n', ":2:1: a wrong escape in a text"),
    "UTF-16": ("a: b\n".encode("utf-16"), "not UTF-8 text (byte 0)"),
    "GBK": (b"a: b\n" + "键: 值\n".encode("gbk"), "not UTF-8 text (byte 5)"),
    "half a character": ("a: 值".encode()[:-1], "not UTF-8 text (byte 3)"),
    "tab as indent": (b"a:\n\tb: c\n", "found character '\\t'"),
    "open quote": (b'a: "b\n', "found unexpected end of stream"),
    "a text": (b"just words\n", "mapping"),
}


@pytest.mark.parametrize("case", WRONG_YAML)
def test_a_hostile_yaml_file_is_refused_with_its_place_wherever_one_is_read(
    door: Callable[[bytes], str], case: str
) -> None:
    data, said = WRONG_YAML[case]
    began = time.perf_counter()
    assert said in door(data)
    assert time.perf_counter() - began < 30


PLAIN = b"photos_received: 'no'\ngoods_kind: food\n"


@pytest.mark.parametrize(
    "data",
    [PLAIN, b"\xef\xbb\xbf" + PLAIN, PLAIN.replace(b"\n", b"\r\n"), PLAIN.replace(b"\n", b"\r"), PLAIN[:-1],
     b'\xef\xbb\xbf{"photos_received": false,\r\n "goods_kind": "food"}', b'{"facts": {"photos_received": "no"}}'],
    ids=["LF", "BOM", "CRLF", "CR", "no end", "JSON with BOM", "JSON in facts"],
)  # fmt: skip
def test_line_ends_and_byte_order_marks_change_nothing(tmcs: Any, order: Any, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "order.json").write_text(json.dumps(order))
    ran = tmcs(*RESOLVE, "--order-json", tmp_path / "order.json", "--facts", "-", "--format", "json", stdin=data)
    assert (ran.code, ran.json["status"]) == (4, "waiting"), ran


WRONG_JSON = {
    "key twice": (b'{"tid": "1", "tid": "2"}', "key tid stands twice"),
    "key twice inside": (b'{"tid": "1", "zz": {"a": 1, "a": 2}}', "key a stands twice"),
    "100,000 lists": (b'{"a":' + b"[" * 100_000, "nested too deep"),
    "100,000 objects": (b'{"a":' * 100_000, "nested too deep"),
    "NaN": (b'{"tid": "1", "payment": NaN}', "NaN is no number"),
    "Infinity": (b'{"tid": "1", "payment": -Infinity}', "-Infinity is no number"),
    "1e400": (b'{"tid": "1", "payment": 1e400}', "1e400 is no number"),
    "5,000 digits": (b'{"tid": "1", "payment": ' + b"9" * 5000 + b"}", "is no number"),
    "open": (b'{"tid": "1",\n "x"', "not valid JSON (2:5)"),
    "control character": (b'{"tid": "a\x1b[31m"}', "not valid JSON (1:11)"),
    "UTF-16": ('{"tid": "1"}'.encode("utf-16"), ":1: not UTF-8 text (byte 0)"),
    "GBK": (b'{"tid": "1",\n"buyer_nick": "' + "张".encode("gbk") + b'"}', ":2: not UTF-8 text (byte 28)"),
    "empty": (b"", "is empty"),
    "only spaces": (b"\xef\xbb\xbf \r\n", "is empty"),
    "50 MB": (b'{"tid": "' + b"1" * (50 * MIB) + b'"}', "larger than the limit"),
}


@pytest.mark.parametrize("option", ["--order-json", "--facts"])
@pytest.mark.parametrize("where", ["file", "stdin"])
@pytest.mark.parametrize("case", WRONG_JSON)
def test_hostile_json_is_refused(refused: Refused, tmp_path: Path, case: str, where: str, option: str) -> None:
    data, said = WRONG_JSON[case]
    if where == "stdin":
        found = refused(2, *RESOLVE, option, "-", stdin=data)
        assert "stdin" in found
    else:
        file = tmp_path / "hostile.json"
        file.write_bytes(data)
        found = refused(2, *RESOLVE, option, file)
        assert "hostile.json" in found
    assert said in found


@pytest.mark.parametrize(
    ("value", "said"),
    [("1e400", "expected"), ("-1", "expected"), ("1.5", "1 or more"), ("99999999999999999999", "expected"), ("0x10", "expected"),
     ("１", "expected"), ("1_0", "expected"), ("[1]", "single value"), ('{"a": 1}', "single value"), ('"\\u0000"', "expected")],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_as_a_fact(
    refused: Refused, order: Any, tmp_path: Path, value: str, said: str
) -> None:
    (tmp_path / "order.json").write_text(json.dumps(order))
    written = value if value.isascii() and value not in ("0x10", "1_0") else json.dumps(value)
    facts = f'{{"units_affected": {written}}}'
    found = refused(2, *RESOLVE, "--order-json", tmp_path / "order.json", "--facts", "-", stdin=facts)
    assert said in found or "number" in found


@pytest.mark.parametrize("data", ["[]", '"x"', "3", "null", "[{}]"])
def test_an_order_or_facts_that_are_no_object_are_refused(refused: Refused, data: str) -> None:
    assert "expected" in refused(2, *RESOLVE, "--order-json", "-", stdin=data)
    if data != "null":  # in YAML nothing at all: no facts
        assert "expected" in refused(2, *RESOLVE, "--facts", "-", stdin=data)


OPTIONS = ["--policy", "--facts", "--order-json", "TMCS_CONFIG"]


def _give(option: str, path: object, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    if option == "TMCS_CONFIG":
        monkeypatch.setenv("TMCS_CONFIG", str(path))
        return [*RESOLVE]
    return [*RESOLVE, option, path]


def _directory(folder: Path) -> Path:
    return folder


def _missing(folder: Path) -> Path:
    return folder / "no" / "such.yaml"


def _loop(folder: Path) -> Path:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    return folder / "a"


def _beneath_a_file(folder: Path) -> Path:
    (folder / "plain").write_text("a: b")
    return folder / "plain" / "x.yaml"


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    ("place", "code", "said"),
    [
        (_directory, 2, "is a directory, a file was expected"),
        (_missing, 6, "no such file"),
        (_loop, 74, "symbolic links"),
        (_beneath_a_file, 74, "Not a directory"),
        (lambda folder: folder / ("x" * 300), 74, "File name too long"),
        (lambda folder: "/dev/zero", 2, "larger than the limit"),
    ],
    ids=["directory", "missing", "loop of links", "beneath a file", "long name", "endless"],
)  # fmt: skip
def test_a_place_that_is_no_readable_file_is_told(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, place: Any, code: int, said: str
) -> None:
    path = place(tmp_path)
    assert said in refused(code, *_give(option, path, monkeypatch))


@pytest.mark.parametrize("option", OPTIONS[:3])
def test_a_name_with_a_nul_is_no_file_name(refused: Refused, option: str) -> None:
    assert "not a file name: a\\x00b" in refused(2, *RESOLVE, option, "a\0b")


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("exists", [False, True])
def test_a_file_name_cannot_write_to_the_terminal(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, exists: bool
) -> None:
    file = tmp_path / "evil\n  tmcs: all is well\x1b[2J\u202e\x9b.yaml"
    if exists:
        file.write_bytes(b"[" * 60)
    said = refused(2 if exists else 6, *_give(option, file, monkeypatch))
    assert "evil\\n  tmcs: all is well\\x1b[2J\\u202e\\x9b.yaml" in said
    assert not set(said) & set("\x1b\u202e\x9b")


def test_a_flow_folder_whose_name_writes_to_the_terminal_is_shown_escaped(tmcs: Any, tmp_path: Path) -> None:
    folder = tmp_path / "evil\x1b[2J\u202e"
    folder.mkdir()
    (folder / "flow.yaml").write_text("flow: x")
    for form in ("text", "json"):
        ran = tmcs("flow", "check", folder, "--format", form)
        assert ran.code == 1
        assert not set(ran.out + ran.err) & set("\x1b\u202e")


def test_a_flow_folder_without_its_files_is_told(tmcs: Any, tmp_path: Path) -> None:
    assert tmcs("flow", "check", tmp_path, "--lang", "en").code == 2
    (tmp_path / "flow.yaml").write_text("flow: x")
    ran = tmcs("flow", "check", tmp_path, "--lang", "en")
    assert (ran.code, "no such file" in ran.out) == (1, True)


@pytest.mark.parametrize(
    ("name", "said"),
    [("policy", ":1:9: "), ("TMCS_CONFIG", ":1:1: ")],
)
def test_all_findings_of_a_file_with_many_faults_come_at_once(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    file = tmp_path / "many.yaml"
    keys = "".join(f"wrong{n}: x\n" for n in range(300))
    file.write_text(keys)
    found = refused(2, *_give("--policy" if name == "policy" else name, file, monkeypatch))
    assert all(f"wrong{n}" in found for n in range(300))
    assert f"{file}:300:1: " in found
