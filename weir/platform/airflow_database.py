"""Bring Airflow's metadata up to date: database, schema, connections and pools."""

from __future__ import annotations

import json
import os
import subprocess

from psycopg import sql

from weir.errors import WeirError
from weir.platform.airflow import Airflow
from weir.platform.airflow_config import DATABASE
from weir.platform.airflow_connections import connections, pools
from weir.platform.layout import Layout
from weir.platform.services import passed_on
from weir.platform.supervisor import INHERITED
from weir.store.postgres import connect

LIMIT_SECONDS = 300
# The counts of the streams come first: this work takes what processor time they leave.
POLITE = ("nice", "-n", "10")


def migrate_metadata(layout: Layout) -> str:
    """Make what is missing; harmless when nothing is. Returns a word for the progress line."""
    airflow = Airflow(layout)
    airflow.prepare()
    airflow.configure()
    create_database(layout)
    wanted = {"connections": connections(layout.settings), "pools": pools()}
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    done = subprocess.run(
        [*POLITE, str(layout.python), "-m", "stream_ops.metadata"],
        input=json.dumps(wanted),
        env=kept | passed_on(layout) | airflow.env,
        cwd=layout.repo / "plugins",
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip()[-800:]
        raise WeirError(f"Airflow's database cannot be brought up to date: {last}", "weir doctor")
    return done.stdout.strip().splitlines()[-1]


def create_database(layout: Layout) -> None:
    """The database beside Weir's own, in the same server."""
    with connect(layout.settings.dsn_file, application_name="weir:airflow") as connection:
        known = connection.execute("select from pg_database where datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
