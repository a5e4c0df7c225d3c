"""What exists in the code and what the documents say about it, both as sets of names."""

from __future__ import annotations

import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

import typer

from weir.cli.main import GROUPS
from weir.settings import REPO

DOCUMENTS = sorted([REPO / "README.md", REPO / "README.ru.md", *(REPO / "docs").rglob("*.md")])
TEXT = "\n".join(path.read_text() for path in DOCUMENTS)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code_of(text: str) -> list[str]:
    """Every line of the code blocks, and every inline code."""
    lines = [line for _, body in FENCE.findall(text) for line in body.splitlines()]
    return lines + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands_of(text: str) -> list[str]:
    """The lines of the `sh` blocks."""
    blocks = [body for language, body in FENCE.findall(text) if language == "sh"]
    return [line.split("#")[0].strip() for body in blocks for line in body.splitlines() if line]


@cache
def verbs() -> dict[str, Any]:
    """Every command of `weir` by its words, such as `topics tail`."""
    app = typer.Typer()
    importlib.import_module("weir.cli.platform").register(app)
    for group in GROUPS:
        if importlib.util.find_spec(f"weir.cli.{group}"):
            app.add_typer(importlib.import_module(f"weir.cli.{group}").app, name=group)
    return _inner(typer.main.get_command(app).commands)


def _inner(commands: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, command in commands.items():
        inner = getattr(command, "commands", None)
        full = f"{before} {name}".strip()
        found |= _inner(inner, full) if inner else {full: command}
    return found


def verb_of(call: list[str]) -> str:
    """The command that these words call; the words themselves when there is none."""
    known = verbs()
    names = (" ".join(call[:count]) for count in (3, 2, 1))
    return next((name for name in names if name in known), " ".join(call))


def calls_of_weir(text: str) -> list[list[str]]:
    """The words after each `weir` in code, such as [`topics`, `tail`, `wikimedia_events`]."""
    pattern = re.compile(
        r"(?:^|[\s;(])(?:bin/)?weir ((?:[\w<][\w.<>/-]*|-[-\w]+)(?:[ =][^\s;`|,)]+)*)"
    )
    return [match.split() for line in code_of(text) for match in pattern.findall(line)]


def make_targets() -> set[str]:
    """The targets of the Makefile."""
    rules = re.findall(r"^([a-z][a-z -]*):(?!=)", (REPO / "Makefile").read_text(), re.MULTILINE)
    return {target for rule in rules for target in rule.split()}


def tables() -> set[str]:
    """Every table that a migration creates."""
    files = sorted((REPO / "include" / "sql" / "migrations").glob("*.sql"))
    return {
        name
        for file in files
        for name in re.findall(r"create table (?:if not exists )?(\w+\.\w+)", file.read_text())
    }


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """All anchors of a document."""
    text = FENCE.sub("", path.read_text())
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
