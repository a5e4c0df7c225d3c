"""Migrations by dbmate: plain SQL files, each in one transaction with its record.

All pending files are rehearsed first, together, in one transaction that is rolled back: a file
that fails leaves the schema as it was, also when the files before it would have succeeded.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import structlog
from psycopg import conninfo

from weir.errors import Unavailable, WeirError
from weir.settings import REPO, Settings
from weir.store.postgres import connect, read_dsn

MIGRATIONS = REPO / "include" / "sql" / "migrations"
# A migration that waits for a lock makes everybody behind it wait too: give up instead.
LIMITS: dict[str, Any] = {"lock_timeout": 5_000, "statement_timeout": 600_000}  # ms
ADVISORY_LOCK = 0x57454952  # "WEIR": two migrations never run at once
OUTSIDE = "transaction:false"  # dbmate's mark of a file that cannot run in a transaction
log = structlog.get_logger()


@dataclass(frozen=True)
class Migration:
    """One row per migration file."""

    version: str
    name: str
    applied: bool

    @property
    def file_name(self) -> str:
        """Name of its file in the migrations folder."""
        return f"{self.version}_{self.name}.sql"


def database_url(settings: Settings) -> str:
    """dbmate's URL, without a password: libpq's passfile carries it."""
    dsn = conninfo.conninfo_to_dict(read_dsn(settings.dsn_file))
    query = urlencode({"sslmode": str(dsn.get("sslmode") or "disable"), **LIMITS})
    return (
        f"postgres://{quote(str(dsn['user']))}@{dsn['host']}:{dsn['port']}/{dsn['dbname']}?{query}"
    )


def list_migrations(settings: Settings, folder: Path = MIGRATIONS) -> list[Migration]:
    """Every migration in order, and whether the database has it."""
    with connect(settings.dsn_file, application_name="weir:migrate") as connection:
        exists = connection.execute("select to_regclass('public.schema_migrations')").fetchone()
        done = set()
        if exists and exists[0]:
            rows = connection.execute("select version from schema_migrations").fetchall()
            done = {row[0] for row in rows}
    files = sorted(folder.glob("*.sql"))
    found = [(f.stem.partition("_")[0], f.stem.partition("_")[2]) for f in files]
    return [Migration(version, name, version in done) for version, name in found]


def migrate(
    settings: Settings, *, dry_run: bool = False, folder: Path = MIGRATIONS
) -> list[Migration]:
    """Apply what is missing; return those migrations. A failing file leaves nothing half done."""
    if dry_run:
        return _pending(settings, folder)
    with migration_lock(settings):
        return apply_pending(settings, folder)


@contextmanager
def migration_lock(settings: Settings) -> Iterator[None]:
    """Only one migration of this database at a time: a second one waits here."""
    with connect(settings.dsn_file, application_name="weir:migrate:lock") as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", [ADVISORY_LOCK]).fetchone()
        if row is None or not row[0]:
            log.info("another migration runs; waiting for its end")
            connection.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        yield


def apply_pending(settings: Settings, folder: Path = MIGRATIONS) -> list[Migration]:
    """Rehearse and apply what is missing; the caller holds `migration_lock`."""
    pending = _pending(settings, folder)
    if pending:
        rehearse(settings, [folder / migration.file_name for migration in pending])
        _dbmate(settings, "migrate", folder)
    return pending


def rehearse(settings: Settings, files: Sequence[Path]) -> None:
    """Run the files in one transaction and roll it back. Raises WeirError that names the bad one.

    Ends before the first file that says `transaction:false`: that one cannot be taken back.
    """
    parts = [(file, *up_part(file.read_text())) for file in files]
    together = takewhile(lambda part: part[2], parts)
    with (
        connect(settings.dsn_file, application_name="weir:migrate:rehearsal", **LIMITS) as pg,
        pg.transaction(force_rollback=True),
    ):
        for file, statements, _ in together:
            try:
                pg.execute(statements.encode())
            except psycopg.Error as error:
                raise WeirError(
                    f"migration {file.name} would fail: {str(error).strip()}",
                    "nothing was changed; weir db status shows what is applied",
                ) from error


def up_part(text: str) -> tuple[str, bool]:
    """The statements between `-- migrate:up` and `-- migrate:down`; False: not in a transaction."""
    _, _, rest = text.partition("-- migrate:up")
    options, _, body = rest.partition("\n")
    return body.partition("-- migrate:down")[0], OUTSIDE not in options


def roll_back_newest(settings: Settings) -> None:
    """Undo the newest migration (development and tests)."""
    _dbmate(settings, "rollback", MIGRATIONS)


def _pending(settings: Settings, folder: Path) -> list[Migration]:
    return [m for m in list_migrations(settings, folder) if not m.applied]


def _dbmate(settings: Settings, verb: str, folder: Path) -> None:
    dsn = conninfo.conninfo_to_dict(read_dsn(settings.dsn_file))
    environment = os.environ | {"DATABASE_URL": database_url(settings)}
    if dsn.get("passfile"):
        environment["PGPASSFILE"] = str(dsn["passfile"])
    program = Path(sys.prefix) / "bin" / "dbmate"
    done = subprocess.run(
        [program, "--no-dump-schema", "-d", folder, verb],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        text = (done.stderr or done.stdout).strip()
        if "connection refused" in text:
            raise Unavailable(text, "weir status")
        raise WeirError(f"migration failed: {text}", "weir db status shows what was applied")
