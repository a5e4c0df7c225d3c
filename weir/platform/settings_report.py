"""Each setting, its value and where the value comes from."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dotenv import dotenv_values
from pydantic import AliasChoices

from weir.logs import SECRET_NAMES, redact_text
from weir.settings import REPO, Settings


@dataclass(frozen=True)
class Explained:
    """One row per setting. source: default, environment or .env."""

    name: str
    value: str
    source: str
    description: str


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
