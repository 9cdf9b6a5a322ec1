"""Configuration and where each value comes from.

Precedence: flags > environment (``TMCS_…``) > ``tmcs.yaml`` of the desk (``TMCS_CONFIG`` or ``/etc/tmcs/tmcs.yaml``) >
the user's file (``$XDG_CONFIG_HOME/tmcs/config.yaml``) > defaults. Secrets have no place here.
"""

from __future__ import annotations

import os
from typing import Any, Final

from tmcs.core.errors import Finding, InputError
from tmcs.core.text import Text, nearest

#: Key -> (environment variable or "", default, what it is zh, en).
KEYS: Final[dict[str, tuple[str, Any, str, str]]] = {
    "lang": ("TMCS_LANG", "", "输出语言 zh 或 en", "language of the output, zh or en"),
    "tier": ("TMCS_TIER", "", "坐席层级", "tier of the agent"),
    "policy": ("TMCS_POLICY", [], "自己的政策文件，可多个", "the desk's own policy files"),
    "store": ("TMCS_STORE", "", "订单簿文件", "the order book's file"),
    "plugins": ("", {}, "停用或覆盖的插件", "plug-ins disabled or overriding"),
}
_PLUGIN_KEYS: Final = ("disabled", "override")
_DESK_FILE: Final = "/etc/tmcs/tmcs.yaml"

_values: dict[str, tuple[Any, str]] | None = None


def _folder(variable: str, fallback: str) -> str:
    return os.path.join(os.environ.get(variable) or os.path.join(os.path.expanduser("~"), *fallback.split("/")), "tmcs")


def user_folder() -> str:
    """Return the folder of the user's own files: configuration and policy."""
    return _folder("XDG_CONFIG_HOME", ".config")


def files() -> list[tuple[str, bool]]:
    """Return the configuration files, strongest first, and whether each one was named and so must exist."""
    desk = os.environ.get("TMCS_CONFIG")
    return [(desk or _DESK_FILE, bool(desk)), (os.path.join(user_folder(), "config.yaml"), False)]


def _read(path: str) -> dict[str, Any]:
    from tmcs.lang.cache import load_yaml

    data = load_yaml(path)
    findings = []
    if not isinstance(data, dict):
        raise InputError(f"{path}: 配置应为映射", f"{path}: the configuration must be a mapping")
    for key, value in data.items():
        if key not in KEYS:
            text = Text(f"未知的配置 {key}", f"unknown configuration key {key}")
            findings.append(Finding(path, 0, 0, text, ", ".join(KEYS), nearest(key, KEYS)))
        elif key == "plugins":
            findings += _check_plugins(path, value)
        elif key == "policy":
            base = os.path.dirname(os.path.abspath(path))
            data[key] = [os.path.join(base, one) for one in (value if isinstance(value, list) else [value])]
        elif not isinstance(value, str):
            findings.append(Finding(path, 0, 0, Text(f"{key} 应为文本", f"{key} must be a text")))
    if findings:
        raise InputError(f"配置文件有误: {path}", f"wrong configuration: {path}", findings=findings)
    return data


def _check_plugins(path: str, value: Any) -> list[Finding]:
    if not isinstance(value, dict):
        return [Finding(path, 0, 0, Text("plugins 应为映射", "plugins must be a mapping"), ", ".join(_PLUGIN_KEYS))]
    return [
        Finding(path, 0, 0, Text(f"未知的键 plugins.{key}", f"unknown key plugins.{key}"), ", ".join(_PLUGIN_KEYS),
                nearest(key, _PLUGIN_KEYS))
        for key in value
        if key not in _PLUGIN_KEYS
    ]  # fmt: skip


def all_values() -> dict[str, tuple[Any, str]]:
    """Return every key with its value and where that comes from.

    Raises:
        InputError: a configuration file is wrong.
        NotFoundError: the file that ``TMCS_CONFIG`` names does not exist.
    """
    global _values
    if _values is None:
        found: dict[str, tuple[Any, str]] = {}
        for key, (variable, _, _, _) in KEYS.items():
            text = os.environ.get(variable) if variable else None
            if text:
                found[key] = (text.split(os.pathsep) if key == "policy" else text, variable)
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
    if chosen in ("zh", "en"):
        return str(chosen)
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = os.environ.get(variable, "")
        if locale:
            return "en" if locale.lower().startswith("en") else "zh"
    return "zh"


def store_path() -> str:
    """Return the order book's file: the configured one, else ``$XDG_DATA_HOME/tmcs/tmcs.db``."""
    return str(get("store") or os.path.join(_folder("XDG_DATA_HOME", ".local/share"), "tmcs.db"))


def policy_files() -> list[str]:
    """Return the desk's own policy files, lowest first: the configured ones, else ``policy.yaml`` of the user."""
    chosen = get("policy")
    if chosen:
        return list(chosen)
    own = os.path.join(user_folder(), "policy.yaml")
    return [own] if os.path.exists(own) else []
