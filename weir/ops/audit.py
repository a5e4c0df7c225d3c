"""`ops.audit`: who did what to which thing, and by which door. Rows are only added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from weir.ops.lease import Pg


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One row of the audit trail."""

    at: datetime
    who: str
    via: str
    action: str
    subject: str
    details: dict[str, Any]


def note_deed(
    connection: Pg, *, who: str, via: str, action: str, subject: str, **details: object
) -> None:
    """Add one row; part of the caller's transaction, so that deed and trail agree."""
    connection.execute(
        "insert into ops.audit (who, via, action, subject, details) values (%s, %s, %s, %s, %s)",
        [who, via, action, subject, Jsonb(details)],
    )


def fetch_deeds(connection: Pg, subject: str, limit: int = 50) -> list[Deed]:
    """The newest deeds on a thing, newest first."""
    rows = connection.execute(
        "select at, who, via, action, subject, details from ops.audit"
        " where subject = %s order by id desc limit %s",
        [subject, limit],
    ).fetchall()
    return [deed_of(row) for row in rows]


def deed_of(row: tuple[Any, ...] | Mapping[str, Any]) -> Deed:
    """A row as a value."""
    at, who, via, action, subject, details = row.values() if isinstance(row, Mapping) else row
    return Deed(at=at, who=who, via=via, action=action, subject=subject, details=details)
