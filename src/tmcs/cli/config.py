"""`tmcs config`: the values in force and where each comes from."""

from __future__ import annotations

from typing import Any

import click

from tmcs.cli.common import Group, format_option, lang_option
from tmcs.core.errors import EXIT_OK


@click.group("config", cls=Group, short_help="配置及其来源 · configuration and where it comes from")
def command() -> None:
    """配置: 参数 > 环境变量 > tmcs.yaml > 用户文件 > 默认值 · flags > environment > tmcs.yaml > the user's file > defaults."""


@command.command("show")
@format_option("text", "json", "yaml")
@lang_option
def show(form: str, lang: str) -> int:
    """列出每个值及其来源 · list every value and where it comes from."""
    data = _gather()
    if form == "text":
        print(_text(data, lang))
    else:
        from tmcs.render.parts import dump

        print(dump(data, form))
    return EXIT_OK


def _gather() -> dict[str, Any]:
    import os

    from tmcs import config
    from tmcs.lang import cache

    folder, usable, why = cache.status()
    values = [
        {"key": key, "value": value, "from": source, "variable": config.KEYS[key][0],
         "what": {"zh": config.KEYS[key][2], "en": config.KEYS[key][3]}}
        for key, (value, source) in config.effective().items()
    ]  # fmt: skip
    return {
        "schema": "tmcs/config/1",
        "values": sorted(values, key=lambda one: list(config.KEYS).index(str(one["key"]))),
        "files": [{"file": path, "found": os.path.exists(path)} for path, _ in config.files()],
        "cache": {"folder": folder, "used": usable, "reason": None if usable else {"zh": why[0], "en": why[1]}},
    }


def _text(data: dict[str, Any], lang: str) -> str:
    from tmcs.core.safe import one_line
    from tmcs.render.layout import table

    zh = lang == "zh"
    rows = [
        (one["key"], one_line(_written(one["value"])), one_line(_origin(one["from"], zh)), one["variable"],
         one["what"][lang])
        for one in data["values"]
    ]  # fmt: skip
    lines = [table(rows, ["项", "值", "来自", "环境变量", "含义"] if zh else ["key", "value", "from", "variable", "what"]), ""]
    for one in data["files"]:
        state = ("有" if one["found"] else "无") if zh else ("read" if one["found"] else "not there")
        lines.append(f"{'配置文件' if zh else 'file'}: {one_line(one['file'])} ({state})")
    cache = data["cache"]
    state = ("使用中" if zh else "in use") if cache["used"] else one_line(cache["reason"][lang])
    lines.append(f"{'缓存' if zh else 'cache'}: {one_line(cache['folder'] or '-')} ({state})")
    return "\n".join(lines)


def _origin(source: str, zh: bool) -> str:
    return "默认" if source == "default" and zh else source


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items()) or "-"
    return str(value) or "-"
