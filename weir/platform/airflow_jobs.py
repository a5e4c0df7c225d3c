"""Whether a part of Airflow works: its heartbeat in the metadata, not that of its predecessor."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import conninfo

from weir.errors import WeirError
from weir.platform.airflow_config import DATABASE
from weir.store.postgres import read_dsn

FRESH_SECONDS = 30.0
# A killed process leaves its row `running`: only one that began after the process counts.
SEEN = """
    select exists (
        select from job
        where job_type = %s and state = 'running'
          and latest_heartbeat > now() - make_interval(secs => %s)
          and start_date >= to_timestamp(%s)
    )
"""


def is_alive(dsn_file: Path, job: str, since_unix_seconds: float) -> bool:
    """Whether a `job` that began at or after that time has a fresh heartbeat."""
    try:
        with connect_metadata(dsn_file, application_name="weir:health") as connection:
            row = connection.execute(SEEN, [job, FRESH_SECONDS, since_unix_seconds]).fetchone()
    except (WeirError, psycopg.Error):
        return False
    return bool(row and row[0])


def connect_metadata(
    dsn_file: Path, *, application_name: str
) -> psycopg.Connection[tuple[object, ...]]:
    """An autocommit connection to Airflow's database, by the login of Weir's."""
    dsn = conninfo.make_conninfo(
        read_dsn(dsn_file),
        dbname=DATABASE,
        application_name=application_name,
        connect_timeout=5,
    )
    return psycopg.connect(dsn, autocommit=True)
