"""What the tests of hostile input share: an error is checked in every form in which it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import NOW
from tmcs.core.safe import one_line

RESOLVE = ("resolve", "damage", "--now", NOW)
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

Refused = Callable[..., str]


@pytest.fixture
def refused(tmcs: Any) -> Refused:
    """Run a wrong command line in both languages and as JSON; check the form of the error and return it in English."""

    def call(code: int, *argv: object, stdin: str | bytes = "") -> str:
        told = {}
        for lang in ("zh", "en"):
            ran = tmcs(*argv, "--lang", lang, stdin=stdin)
            assert (ran.code, ran.out) == (code, ""), ran
            first, *rest = ran.err.splitlines()
            assert first.startswith("tmcs: "), ran.err
            assert all(line.startswith("  ") for line in rest), ran.err
            assert "Traceback" not in ran.err
            assert max(map(len, ran.err.splitlines())) < 5000
            told[lang] = ran.err
        assert told["zh"] != told["en"]
        assert any("一" <= char <= "鿿" for char in told["zh"])
        ran = tmcs(*argv, "--format", "json", stdin=stdin)
        error = json.loads(ran.err)
        assert (ran.code, ran.out, error["exit"]) == (code, "", code)
        assert error["text"]["zh"] != error["text"]["en"]
        assert one_line(error["text"]["en"])[:4000] in told["en"]
        return told["en"]

    return call
