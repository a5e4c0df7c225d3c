"""Migrations by dbmate: plain SQL files, each in one transaction with its record."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from psycopg import conninfo

from weir.errors import Unavailable, WeirError
from weir.settings import REPO, Settings
from weir.store.postgres import connect, read_dsn

MIGRATIONS = REPO / "include" / "sql" / "migrations"
# A migration that waits for a lock makes everybody behind it wait too: give up instead.
LIMITS_MS = {"lock_timeout": 5_000, "statement_timeout": 600_000}
ADVISORY_LOCK = 0x57454952  # "WEIR": two migrations never run at once


@dataclass(frozen=True)
class Migration:
    """One row per migration file."""

    version: str
    name: str
    applied: bool


def database_url(settings: Settings) -> str:
    """dbmate's URL, without a password: libpq's passfile carries it."""
    dsn = conninfo.conninfo_to_dict(read_dsn(settings.dsn_file))
    query = urlencode({"sslmode": str(dsn.get("sslmode") or "disable"), **LIMITS_MS})
    return (
        f"postgres://{quote(str(dsn['user']))}@{dsn['host']}:{dsn['port']}/{dsn['dbname']}?{query}"
    )


def list_migrations(settings: Settings) -> list[Migration]:
    """Every migration in order, and whether the database has it."""
    with connect(settings.dsn_file, application_name="weir:migrate") as connection:
        exists = connection.execute("select to_regclass('public.schema_migrations')").fetchone()
        done = set()
        if exists and exists[0]:
            rows = connection.execute("select version from schema_migrations").fetchall()
            done = {row[0] for row in rows}
    files = sorted(MIGRATIONS.glob("*.sql"))
    found = [(f.stem.partition("_")[0], f.stem.partition("_")[2]) for f in files]
    return [Migration(version, name, version in done) for version, name in found]


def migrate(settings: Settings, *, dry_run: bool = False) -> list[Migration]:
    """Apply what is missing; return those migrations. A failing file leaves nothing half done."""
    pending = [m for m in list_migrations(settings) if not m.applied]
    if dry_run or not pending:
        return pending
    with connect(settings.dsn_file, application_name="weir:migrate") as connection:
        connection.execute("select pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        _dbmate(settings, "migrate")
    return pending


def roll_back_newest(settings: Settings) -> None:
    """Undo the newest migration (development and tests)."""
    _dbmate(settings, "rollback")


def _dbmate(settings: Settings, verb: str) -> None:
    dsn = conninfo.conninfo_to_dict(read_dsn(settings.dsn_file))
    environment = os.environ | {"DATABASE_URL": database_url(settings)}
    if dsn.get("passfile"):
        environment["PGPASSFILE"] = str(dsn["passfile"])
    program = Path(sys.prefix) / "bin" / "dbmate"
    done = subprocess.run(
        [program, "--no-dump-schema", "-d", MIGRATIONS, verb],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        text = (done.stderr or done.stdout).strip()
        if "connection refused" in text:
            raise Unavailable(text, "weir status")
        raise WeirError(f"migration failed: {text}", "weir db status shows what was applied")
