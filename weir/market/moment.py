"""A point in time from a command or a form: ISO 8601 with a zone, or nothing."""

from __future__ import annotations

from datetime import datetime

from weir.errors import SettingError

EXAMPLE = "e.g. 2026-11-22T18:00:00Z"


def parse_moment(name: str, text: str | None) -> datetime | None:
    """The time; None for no text. Raises SettingError that names the option or field."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingError(f"{name} {text!r} is no time", EXAMPLE) from error
    if found.tzinfo is None:
        raise SettingError(f"{name} {text!r} has no zone", EXAMPLE)
    return found
