"""The real console script with hostile streams, locales, rights, memory and signals."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW

TMCS = str(Path(sys.executable).with_name("tmcs"))
FACTS = (
    "-s",
    "photos_received=yes",
    "-s",
    "goods_kind=food",
    "-s",
    "damage_kind=package-broken",
    "-s",
    "partial_quantity=no",
)
MIB = 1 << 20
Ran = subprocess.CompletedProcess[bytes]

# The system's own count of a process's memory is inherited from its parent; VmHWM (KiB) begins with the program.
PEAK = """
import atexit, re, sys
def tell():
    with open("/proc/self/status") as status:
        sys.stderr.write("PEAK " + re.search(r"VmHWM:\\s+(\\d+)", status.read()).group(1) + "\\n")
atexit.register(tell)
from tmcs.cli.main import main
sys.argv[0] = "tmcs"
main()
"""


@pytest.fixture
def argv(order: dict[str, Any], tmp_path: Path) -> list[str]:
    """A command line that resolves."""
    (tmp_path / "order.json").write_text(json.dumps(order))
    return [TMCS, "resolve", "damage", "--order-json", str(tmp_path / "order.json"), "--now", NOW, *FACTS]


def sh(argv: list[str], redirection: str, **more: str) -> Ran:
    """Run a command in a shell that redirects or pipes it."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"} | more
    shell = "bash" if "PIPESTATUS" in redirection else "sh"  # bash itself complains about an unknown locale
    return subprocess.run([shell, "-c", f'"$@" {redirection}', shell, *argv], capture_output=True, env=env, timeout=60)


def told(ran: Ran, code: int, *words: str) -> None:
    """Check that a run ended with this code and one clear error."""
    err = ran.stderr.decode()
    assert ran.returncode == code, err
    first, *rest = err.splitlines()
    assert first.startswith("tmcs: "), err
    assert all(one.startswith("  ") for one in rest), err
    assert all(word in err for word in words), err


# ---- streams ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more", [[], ["--explain"], ["--format", "json"], ["--format", "yaml"], ["--format", "markdown"]]
)
@pytest.mark.parametrize("reader", ["head -c1 >/dev/null", "true", "head -1"])
def test_a_reader_that_goes_away_is_no_error(argv: list[str], more: list[str], reader: str) -> None:
    ran = sh([*argv, *more], f"| {reader}; exit ${{PIPESTATUS[0]}}")
    assert (ran.returncode, ran.stderr) == (0, b"")


@pytest.mark.parametrize("unbuffered", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_reader_that_goes_away_amid_a_long_output_is_no_error_either(
    argv: list[str], tmp_path: Path, unbuffered: dict[str, str]
) -> None:
    order = json.loads((tmp_path / "order.json").read_text())
    order["orders"][0]["sku"] = "x" * MIB
    (tmp_path / "order.json").write_text(json.dumps(order))
    ran = sh([*argv, "--format", "json"], "| head -c1; exit ${PIPESTATUS[0]}", **unbuffered)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"{", b"")


def test_the_exit_code_of_a_decision_outlives_its_reader(argv: list[str]) -> None:
    ran = sh(argv[:7], "| true; exit ${PIPESTATUS[0]}")
    assert (ran.returncode, ran.stderr) == (3, b"")


@pytest.mark.parametrize(
    "more", [[], ["--explain"], ["--format", "json"], ["--format", "yaml"], ["--format", "markdown"]]
)
def test_a_full_disk_under_the_output_is_an_error_of_input_and_output(argv: list[str], more: list[str]) -> None:
    ran = sh([*argv, *more, "--lang", "en"], ">/dev/full")
    if "json" in more:
        assert ran.returncode == 74
        assert "No space left" in json.loads(ran.stderr)["text"]["en"]
    else:
        told(ran, 74, "No space left on device")


def test_a_full_disk_under_an_error_changes_no_exit_code(argv: list[str]) -> None:
    assert sh([TMCS, "resolve", "damge"], "2>/dev/full").returncode == 2
    assert sh(argv, ">/dev/full 2>&1").returncode == 74


def test_a_closed_output_is_an_error_of_input_and_output(argv: list[str]) -> None:
    told(sh([*argv, "--lang", "en"], ">&-"), 74, "cannot write the output", "Bad file descriptor")


def test_a_closed_standard_error_takes_nothing_into_the_output(argv: list[str]) -> None:
    ran = sh([TMCS, "resolve", "damge"], "2>&-")
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert sh(argv, "2>&-").stdout == sh(argv, "").stdout


def test_a_closed_standard_input_is_an_empty_one(argv: list[str]) -> None:
    assert sh(argv, "<&-").returncode == 0
    told(sh([TMCS, "resolve", "damage", "--order-json", "-", "--lang", "en"], "<&-"), 2, "stdin is empty")
    told(sh([TMCS, "resolve", "damage", "--facts", "-", "--lang", "en"], "<&-"), 2, "stdin is empty")
    assert sh([TMCS, "resolve", "damage"], "<&- >/dev/null 2>&-").returncode == 3


def test_all_streams_closed_at_once_leave_the_exit_code(argv: list[str]) -> None:
    assert sh(argv, "<&- >&- 2>&-").returncode == 74
    assert sh([TMCS, "resolve", "damge"], "<&- >&- 2>&-").returncode == 2


# ---- locales ----------------------------------------------------------------------------------------------------------------

LOCALES = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    "strict ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "GBK": {"PYTHONIOENCODING": "gbk"},
    "unknown": {"LC_ALL": "xx_YY.nonsense", "LANG": "xx"},
}


@pytest.mark.parametrize("form", ["text", "json", "yaml", "markdown"])
@pytest.mark.parametrize("locale", LOCALES)
def test_no_locale_keeps_a_resolution_from_being_printed(
    argv: list[str], tmp_path: Path, locale: str, form: str
) -> None:
    order = json.loads((tmp_path / "order.json").read_text())
    text = "é😀𠮷·\u202e\ud83d张"
    order["orders"][0].update(sku=text, title=text)
    (tmp_path / "order.json").write_text(json.dumps(order))
    ran = sh([*argv, "--format", form, *(["--explain"] if form == "text" else [])], "", **LOCALES[locale])
    assert (ran.returncode, ran.stderr) == (0, b"")
    encoding = LOCALES[locale].get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    out = ran.stdout.decode(encoding)
    if form == "json":
        assert json.loads(out)["item"] == text
    elif form == "yaml":
        from ruamel.yaml import YAML

        assert YAML(typ="safe", pure=True).load(out)["item"] == text


@pytest.mark.parametrize("locale", LOCALES)
def test_no_locale_keeps_an_error_from_being_told(tmp_path: Path, locale: str) -> None:
    wrong = [TMCS, "resolve", "损怀", "--lang", "zh"]
    assert sh(wrong, "", **LOCALES[locale]).returncode == 2
    ran = sh([*wrong, "--format", "json"], "", **LOCALES[locale])
    encoding = LOCALES[locale].get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    assert json.loads(ran.stderr.decode(encoding))["exit"] == 2


@pytest.mark.parametrize("option", ["--policy", "--facts", "--order-json", "flow"])
@pytest.mark.parametrize("exists", [False, True])
def test_a_file_name_that_is_no_text_is_a_file_name(tmp_path: Path, option: str, exists: bool) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe\xb6\xa9.yaml"
    if option == "flow":
        os.mkdir(name)
        if exists:
            with open(name + b"/flow.yaml", "wb") as file:
                file.write(b"flow: x")
        command: list[Any] = [TMCS, "flow", "check", name]
    else:
        command = [TMCS, "resolve", "damage", "--now", NOW, option, name]
        if exists:
            with open(name, "wb") as file:
                file.write(
                    b"limits: {}"
                    if option == "--policy"
                    else b'{"tid": "1"}'
                    if option == "--order-json"
                    else b"# nothing"
                )
    ran = subprocess.run(command, capture_output=True, timeout=60)
    assert ran.returncode == ((1 if exists else 2) if option == "flow" else (3 if exists else 6)), ran.stderr
    assert b"Traceback" not in ran.stderr


# ---- rights -----------------------------------------------------------------------------------------------------------------


def _without_privileges() -> None:
    """Take from root what lets it pass over the rights of files (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH).

    Another user could not be tried where the interpreter lies in root's own folder.
    """
    if os.geteuid() == 0:
        for capability in (1, 2):
            ctypes.CDLL(None, use_errno=True).prctl(
                24, capability, 0, 0, 0
            )  # PR_CAPBSET_DROP, in force from the next exec


@pytest.fixture
def plain_user(tmp_path: Path) -> Callable[..., Ran]:
    """Run a command that the rights of files bind, whoever runs the tests."""
    (tmp_path / "home").mkdir()

    def call(*argv: object, **more: str) -> Ran:
        env = {key: value for key, value in os.environ.items() if not key.startswith("XDG_")}
        env |= {"HOME": str(tmp_path / "home"), **more}
        command = [str(word) for word in argv]
        return subprocess.run(command, capture_output=True, env=env, timeout=60, preexec_fn=_without_privileges)

    (tmp_path / "shut").write_text("x")
    (tmp_path / "shut").chmod(0)
    if call("cat", tmp_path / "shut").returncode == 0:
        pytest.skip("the rights of files bind nobody here")
    return call


@pytest.mark.parametrize("option", ["--policy", "--facts", "--order-json", "TMCS_CONFIG"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_without_permission_is_told_and_not_read(
    plain_user: Callable[..., Ran], tmp_path: Path, option: str, what: str
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    file = folder / "secret.yaml"
    file.write_text("secret: 13912345678")
    (file if what == "file" else folder).chmod(0)
    argv = [TMCS, "resolve", "damage", "--lang", "en"]
    ran = plain_user(*argv, TMCS_CONFIG=str(file)) if option == "TMCS_CONFIG" else plain_user(*argv, option, file)
    told(ran, 74, f"no permission to read {file}")
    assert b"13912345678" not in ran.stderr + ran.stdout
    folder.chmod(0o700)


def test_without_a_place_for_its_cache_every_answer_is_the_same(
    plain_user: Callable[..., Ran], argv: list[str], tmp_path: Path
) -> None:
    usual = plain_user(*argv)
    (tmp_path / "home").chmod(0o555)
    (tmp_path / "file").write_text("")
    for more in (
        {"HOME": "/proc/1/nowhere"},
        {"XDG_CACHE_HOME": "/dev/null"},
        {"XDG_CACHE_HOME": str(tmp_path / "file")},
        {"HOME": ""},
    ):
        ran = plain_user(*argv, **more)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, usual.stdout, b"")


# ---- memory -----------------------------------------------------------------------------------------------------------------


def peak(*argv: object, stdin: Any = subprocess.DEVNULL, **more: str) -> tuple[int, int, str]:
    """Run a command line; return its exit code, the most memory it took (KiB) and what it said."""
    command = [sys.executable, "-c", PEAK, *map(str, argv)]
    ran = subprocess.run(command, stdin=stdin, capture_output=True, env={**os.environ, **more}, timeout=120)
    said, _, size = ran.stderr.decode().rpartition("PEAK ")
    return ran.returncode, int(size), said


@pytest.mark.parametrize("kind", ["endless", "50 MB", "deep JSON", "many values"])
@pytest.mark.parametrize(
    "option", ["--policy", "--facts", "--order-json", "TMCS_CONFIG", "--facts -", "--order-json -"]
)
def test_what_is_too_large_is_refused_before_it_is_in_memory(tmp_path: Path, option: str, kind: str) -> None:
    usual = peak("resolve", "damage")[1]
    path = Path("/dev/zero")
    if kind != "endless":
        path = tmp_path / "large"
        unit = {
            "50 MB": b'{"tid": "x", ',
            "deep JSON": b"[" * 1000,
            "many values": b'["", [], {}, 0, ' + b"[], " * 1000,
        }[kind]
        with path.open("wb") as file:
            for _ in range(50 * MIB // len(unit) if kind == "50 MB" else MIB // len(unit)):
                file.write(unit)
    if option.endswith(" -"):
        with path.open("rb") as file:
            code, most, said = peak("resolve", "damage", *option.split(), stdin=file)
    elif option == "TMCS_CONFIG":
        code, most, said = peak("resolve", "damage", TMCS_CONFIG=str(path))
    else:
        code, most, said = peak("resolve", "damage", option, path)
    assert code == 2, said
    assert said.startswith("tmcs: "), said
    assert most - usual < 100 * 1024, f"{(most - usual) // 1024} MiB more than usual"


def test_the_largest_order_that_is_taken_stays_small(tmp_path: Path) -> None:
    file = tmp_path / "order.json"
    file.write_text('{"tid": "1", "zz": [' + "{}," * (4 * MIB // 3 - 20) + "{}]}")
    assert file.stat().st_size < 4 * MIB
    code, most, said = peak("resolve", "damage", "--order-json", file)
    assert code == 3, said
    assert most < 300 * 1024


# ---- signals ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--order-json", "--facts"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_ctrl_c_ends_a_run_with_130_and_no_traceback(option: str, form: str) -> None:
    argv = [TMCS, "resolve", "damage", option, "-", "--format", form]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _wait_until_it_reads(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert not err.strip()


def _wait_until_it_reads(pid: int) -> None:
    """Wait until a process sleeps in a read of its standard input."""
    for _ in range(400):
        time.sleep(0.025)
        with open(f"/proc/{pid}/syscall") as file:
            if file.read().startswith("0 0x0 "):
                return
    pytest.fail("it never read its input")


# ---- through the script runner ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.script_launch_mode("subprocess")
def test_the_console_script_tells_a_hostile_file_in_either_language(
    script_runner: Any, tmp_path: Path, lang: str
) -> None:
    file = tmp_path / "bomb.yaml"
    file.write_text("a: &a [x]\nb: [*a, *a]\n")
    ran = script_runner.run(["tmcs", "resolve", "damage", "--policy", str(file), "--lang", lang])
    words = {"zh": "不允许锚点", "en": "anchors (&) are not allowed"}
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("tmcs: ")
    assert f"{file}:1:4: {words[lang]}" in ran.stderr


@pytest.mark.script_launch_mode("subprocess")
def test_the_console_script_prints_no_escape_of_a_customer(script_runner: Any, argv: list[str], tmp_path: Path) -> None:
    order = json.loads((tmp_path / "order.json").read_text())
    order["orders"][0]["title"] = "\x1b[2J\u202e\x9b红"
    (tmp_path / "order.json").write_text(json.dumps(order))
    ran = script_runner.run(["tmcs", *argv[1:], "--explain"])
    assert ran.returncode == 0
    assert "\\x1b[2J\\u202e\\x9b红" in ran.stdout
    assert not set(ran.stdout + ran.stderr) & set("\x1b\u202e\x9b")
