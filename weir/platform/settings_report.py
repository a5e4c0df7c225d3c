"""Each setting, its value and where the value comes from; and names that are no setting."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from dotenv import dotenv_values
from pydantic import AliasChoices

from weir.logs import SECRET_NAMES, redact_text
from weir.settings import REPO, Settings

PREFIX = "WEIR_"
MARKS = ("WEIR_INSTANCE", "WEIR_COMPONENT", "WEIR_FAULT_LOG")  # not for people to set
MARK_PREFIX = "WEIR_TEST_"
LEAST_LIKENESS = 0.6


@dataclass(frozen=True)
class Explained:
    """One row per setting. source: default, environment or .env."""

    name: str
    value: str
    source: str
    description: str


@dataclass(frozen=True)
class Unknown:
    """A name that looks like a setting and is none. source: environment or .env."""

    name: str
    source: str
    meant: str | None

    @property
    def way_out(self) -> str:
        """What to do about it."""
        return f"{self.meant}?" if self.meant else "unset it; .env.example lists every setting"


def names_of(field: str) -> list[str]:
    """The environment variables that set the field, the preferred one first."""
    info = Settings.model_fields[field]
    if isinstance(info.validation_alias, AliasChoices):
        return [str(choice) for choice in info.validation_alias.choices]
    return [str(info.alias or f"WEIR_{field.upper()}")]


def explain(settings: Settings) -> list[Explained]:
    """One row per setting; a value whose name says secret is masked, unless it is a path."""
    written = dotenv_values(REPO / ".env")
    rows = []
    for field, info in Settings.model_fields.items():
        names = names_of(field)
        source = "default"
        if any(written.get(name) for name in names):
            source = ".env"
        if any(os.environ.get(name) for name in names):
            source = "environment"
        value = getattr(settings, field)
        masked = SECRET_NAMES.search(field) and not field.endswith("_file")
        text = "***" if masked and value else redact_text("" if value is None else str(value))
        rows.append(Explained(names[0], text, source, info.description or ""))
    return rows


def unknown_settings() -> list[Unknown]:
    """What is set here for Weir, and read by nothing."""
    return unknown_names(os.environ, dotenv_values(REPO / ".env"))


def unknown_names(
    environment: Mapping[str, str], written: Mapping[str, str | None]
) -> list[Unknown]:
    """Names with Weir's prefix that no setting has, each with the setting most like it."""
    known = {name for field in Settings.model_fields for name in names_of(field)}
    return [
        Unknown(name, source, _most_like(name.upper(), known))
        for source, names in (("environment", environment), (".env", written))
        for name in sorted(names)
        if name.upper().startswith(PREFIX)
        and not name.upper().startswith(MARK_PREFIX)
        and name.upper() not in known.union(MARKS)
    ]


def _most_like(name: str, known: set[str]) -> str | None:
    def likeness(candidate: str) -> float:
        # The prefix, which all have, would make all alike.
        one, other = name.removeprefix(PREFIX), candidate.removeprefix(PREFIX)
        if other.endswith(f"_{one}"):
            return 1.0  # its first word is forgotten
        return SequenceMatcher(None, one, other).ratio()

    best = max(sorted(known), key=likeness)
    return best if likeness(best) >= LEAST_LIKENESS else None
