"""Connections to PostgreSQL. The DSN file names a passfile, so no password passes through here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from weir.errors import SettingError, Unavailable
from weir.store.private_file import read_private

# Keepalives tell that an idle connection is dead; of what was sent and never confirmed only the
# last one tells: without it the kernel sends it again for a quarter of an hour.
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


def read_dsn(dsn_file: Path) -> str:
    """The DSN in `dsn_file`; refuses a file that others may read, or a DSN with a password."""
    text = read_private(dsn_file, "DSN file", "WEIR_POSTGRES_DSN_FILE")
    if conninfo.conninfo_to_dict(text).get("password"):
        raise SettingError(
            f"{dsn_file} holds a password",
            "put it into a 0600 passfile and name that: passfile=...",
        )
    return text


def connect(
    dsn_file: Path, *, application_name: str, connect_timeout_seconds: int = 5, **options: Any
) -> psycopg.Connection[tuple[Any, ...]]:
    """An autocommit connection; open transactions explicitly with `connection.transaction()`.

    `options` are server settings such as lock_timeout="5s". Raises Unavailable.
    """
    settings = " ".join(f"-c {name}={value}" for name, value in options.items())
    try:
        return psycopg.connect(
            read_dsn(dsn_file),
            application_name=application_name,
            connect_timeout=connect_timeout_seconds,
            autocommit=True,
            options=settings,
            **KEEPALIVE,
        )
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"PostgreSQL does not answer: {str(error).strip()}", "weir status"
        ) from error
