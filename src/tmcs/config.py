"""Configuration and where each value comes from.

Precedence: flags > environment (``TMCS_…``) > ``tmcs.yaml`` of the desk (``TMCS_CONFIG`` or ``/etc/tmcs/tmcs.yaml``) >
the user's file (``$XDG_CONFIG_HOME/tmcs/config.yaml``) > defaults. A value is taken whole from the strongest place that
gives it. Secrets have no place here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from tmcs.core.errors import InputError

if TYPE_CHECKING:
    from tmcs.core.source import Cursor, Source

#: Key -> (environment variable or "", default, what it is zh, en).
KEYS: Final[dict[str, tuple[str, Any, str, str]]] = {
    "lang": ("TMCS_LANG", "", "输出语言 zh 或 en", "language of the output, zh or en"),
    "tier": ("TMCS_TIER", "", "坐席层级，默认最低", "tier of the agent; default the lowest"),
    "agent": ("TMCS_AGENT", "", "坐席姓名或工号，默认系统登录名", "who acts; default the login name of the system"),
    "role": ("TMCS_ROLE", "agent", "坐席角色", "role of the agent: which commands they may use"),
    "policy": ("TMCS_POLICY", [], "自己的政策文件，可多个", "the desk's own policy files"),
    "lexicon": ("TMCS_LEXICON", [], "自己的评价词库，可多个", "the desk's own lexicons for reviews"),
    "store": ("TMCS_STORE", "", "数据文件或 postgresql:// 网址", "the store: a file or a URL"),
    "mail": ("TMCS_MAIL", "", "邮件配置 mail.yaml", "how reports are mailed: mail.yaml"),
    "plugins.disabled": ("TMCS_PLUGINS_DISABLED", [], "停用的插件", "plug-ins that are disabled"),
    "plugins.override": ("TMCS_PLUGINS_OVERRIDE", {}, "哪个流程由谁提供", "which distribution provides a flow"),
}
LANGUAGES: Final = ("zh", "en")
_TOP: Final = tuple(dict.fromkeys(key.partition(".")[0] for key in KEYS))
_FILES: Final = ("policy", "lexicon")  # keys that name files, the strongest last
_PLUGIN_KEYS: Final = ("disabled", "override")
_LONGEST_NAME: Final = 64
_DESK_FILE: Final = "/etc/tmcs/tmcs.yaml"

_values: dict[str, tuple[Any, str]] | None = None


def _folder(variable: str, fallback: str) -> str:
    """Return a base folder of the XDG specification with ``tmcs`` below it; ``""`` where there is no home folder."""
    given = os.environ.get(variable, "")
    if os.path.isabs(given):  # a relative one is ignored, as the specification asks
        return os.path.join(given, "tmcs")
    home = os.path.expanduser("~")
    return os.path.join(home, *fallback.split("/"), "tmcs") if os.path.isabs(home) else ""


def user_folder() -> str:
    """Return the folder of the user's own files, configuration and policy; ``""`` where there is no home folder."""
    return _folder("XDG_CONFIG_HOME", ".config")


def state_folder() -> str:
    """Return the folder of what is kept between calls, such as drafts; ``""`` where there is no home folder."""
    return _folder("XDG_STATE_HOME", ".local/state")


def files() -> list[tuple[str, bool]]:
    """Return the configuration files, strongest first, and whether each one was named and so must exist."""
    desk, folder = os.environ.get("TMCS_CONFIG"), user_folder()
    found = [(desk or _DESK_FILE, bool(desk))]
    if folder:
        found.append((os.path.join(folder, "config.yaml"), False))
    return found


def _read(path: str) -> dict[str, Any]:
    """Return the values of one file by key; only a faulty file is parsed again, for the places of its faults."""
    from tmcs.core.source import Source
    from tmcs.lang.cache import load_yaml

    source = Source(path, load_yaml(path))
    found = _values_of(source)
    if source.findings:
        from tmcs.files import read_bytes
        from tmcs.lang.yaml import parse_yaml

        source = parse_yaml(read_bytes(path), path)
        _values_of(source)
        raise InputError(f"配置文件有误: {path}", f"wrong configuration: {path}", findings=source.findings)
    return found


def _values_of(source: Source) -> dict[str, Any]:
    root = source.root
    if not root.keys(_TOP):
        return {}
    found: dict[str, Any] = {}
    for key, value in root.items():
        if key == "plugins":
            found |= _plugins_of(value)
        elif key in _FILES:
            base = os.path.dirname(os.path.abspath(source.file))
            found[key] = [os.path.join(base, one.text()) for one in value.each()]
        elif key == "mail":
            found[key] = os.path.join(os.path.dirname(os.path.abspath(source.file)), value.text())
        elif key == "lang":
            found[key] = value.word(LANGUAGES, "语言", "language")
        elif key == "agent":
            found[key] = value.parsed(agent_name, *_NAME, "")
        elif key == "store":
            found[key] = _store(value.text())
        elif key in KEYS:
            found[key] = value.text()
    return found


def _plugins_of(plugins: Cursor) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not plugins.keys(_PLUGIN_KEYS):
        return found
    for key, value in plugins.items():
        if key == "disabled":
            found["plugins.disabled"] = [one.text() for one in value.each()]
        elif key == "override":
            found["plugins.override"] = {flow: one.text() for flow, one in value.items()}
    return found


#: What a name is, in both languages.
_NAME: Final = (f"至多 {_LONGEST_NAME} 个可打印字符的名字", f"a name of at most {_LONGEST_NAME} printable characters")


def agent_name(text: str) -> str:
    """Return an agent's name as it is kept: it stands in every event, on terminals and in exports.

    Raises:
        ValueError: it is empty, too long, or not printable.
    """
    from unicodedata import normalize  # two spellings of one name must not pass for two people

    name = normalize("NFKC", text).strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(text)
    return name


def _store(where: str) -> str:
    """Return where the store is, as it was written; a URL is looked at here, so that nothing ever shows a password."""
    if "://" in where:
        from tmcs.server_url import is_url, read_url

        if is_url(where):
            read_url(where)
    return where


def _from_environment(key: str, variable: str, text: str) -> Any:
    """Return the value that an environment variable writes.

    Raises:
        InputError: it writes none.
    """
    if key in _FILES:
        return [one for one in text.split(os.pathsep) if one]
    words = [one.strip() for one in text.split(",") if one.strip()]
    if key == "plugins.disabled":
        return words
    if key == "plugins.override":
        pairs = [word.partition("=") for word in words]
        if not all(flow and dist for flow, _, dist in pairs):
            zh, en = "有误，应为 流程=发行包,…", "is wrong: expected flow=distribution,…"
            raise InputError(f"{variable}={text} {zh}", f"{variable}={text} {en}")
        return {flow.strip(): dist.strip() for flow, _, dist in pairs}
    if key == "agent":
        try:
            return agent_name(text)
        except ValueError:
            shown = text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"
            zh, en = _NAME
            raise InputError(
                f"{variable}={shown} 有误，应为{zh}", f"{variable}={shown} is wrong: expected {en}"
            ) from None
    if key == "store":
        return _store(text)
    if key == "lang" and text not in LANGUAGES:
        raise InputError(f"{variable}={text} 有误，应为 zh 或 en", f"{variable}={text} is wrong: expected zh or en")
    return text


def all_values() -> dict[str, tuple[Any, str]]:
    """Return every key with its value and where that comes from: a variable, a file or ``default``.

    Raises:
        InputError: a configuration file or variable is wrong.
        NotFoundError: the file that ``TMCS_CONFIG`` names does not exist.
    """
    global _values
    if _values is None:
        found: dict[str, tuple[Any, str]] = {}
        for key, (variable, _, _, _) in KEYS.items():
            text = os.environ.get(variable)
            if text:
                found[key] = (_from_environment(key, variable, text), variable)
        for path, named in files():
            if named or os.path.exists(path):
                for key, value in _read(path).items():
                    found.setdefault(key, (value, path))
        for key, (_, default, _, _) in KEYS.items():
            found.setdefault(key, (default, "default"))
        _values = found
    return _values


def get(key: str) -> Any:
    """Return the value of one key."""
    return all_values()[key][0]


def reset() -> None:
    """Forget what was read; for tests."""
    global _values
    _values = None


def language() -> str:
    """Return the language of the output: configuration, then a zh or en locale, else zh."""
    try:
        chosen = get("lang")
    except Exception:  # the error itself is printed by whoever reads the configuration for more than its language
        chosen = ""
    return str(chosen) if chosen in LANGUAGES else _of_locale()[0]


def _of_locale() -> tuple[str, str]:
    """Return the language of the locale and the variable that says so; zh and ``""`` where it is neither zh nor en."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = os.environ.get(variable, "").lower()
        if locale:
            return (locale[:2], variable) if locale[:2] in LANGUAGES else ("zh", "")
    return "zh", ""


def store_path() -> str:
    """Return where the store is, a file or a URL: the configured one, else ``$XDG_DATA_HOME/tmcs/tmcs.db``.

    Raises:
        InputError: none is configured, and there is no home folder.
    """
    chosen = get("store")
    if chosen:
        return str(chosen)
    folder = _folder("XDG_DATA_HOME", ".local/share")
    if not folder:
        en = "there is no home folder: name the store with TMCS_STORE"
        raise InputError("没有用户主目录，请用 TMCS_STORE 指定数据文件", en)
    return os.path.join(folder, "tmcs.db")


def agent() -> str:
    """Return who acts: the configured name, else the system's login name.

    The name belongs to the user id of this process; ``USER`` and ``LOGNAME``, which anyone can set, are not asked.

    Raises:
        InputError: none is configured, and the system gives none that can be used.
    """
    chosen = get("agent")
    if chosen:
        return str(chosen)
    try:
        return agent_name(_login())
    except (OSError, ValueError):
        raise InputError(
            "系统没有可用的登录名，请用 TMCS_AGENT 指定坐席",
            "the system gives no login name to use: name the agent with TMCS_AGENT",
        ) from None


def _login() -> str:
    try:
        import pwd
    except ImportError:  # Windows, where the system is asked for the user of the process
        return os.getlogin()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user without a name, as in many containers
        return f"uid-{os.getuid()}"


def policy_files() -> list[str]:
    """Return the desk's own policy files, lowest first: the configured ones, else ``policy.yaml`` of the user."""
    chosen = get("policy")
    if chosen:
        return list(chosen)
    folder = user_folder()
    own = os.path.join(folder, "policy.yaml")
    return [own] if folder and os.path.exists(own) else []


def lexicon_files() -> list[str]:
    """Return the desk's own lexicons for reviews, lowest first."""
    return list(get("lexicon"))


def effective() -> dict[str, tuple[Any, str]]:
    """Return every key with the value that commands use and where it comes from, defaults worked out.

    Raises:
        InputError: as for :func:`all_values`.
    """
    found = dict(all_values())
    if not found["lang"][0]:
        chosen, variable = _of_locale()
        found["lang"] = (chosen, variable or "default")
    if not found["policy"][0] and (own := policy_files()):
        found["policy"] = (own, own[0])
    if not found["agent"][0]:
        found["agent"] = (agent(), "default")
    if not found["store"][0]:
        found["store"] = (store_path(), "default")
    return found
