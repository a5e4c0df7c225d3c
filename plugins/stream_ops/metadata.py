"""Bring Airflow's database up to date: schema, then the connections and pools given on stdin.

A program of its own (`python -m stream_ops.metadata`), because one start of Airflow's code for
all three is seconds quicker than one per command. Running it again changes nothing.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any


def main() -> None:
    """Read the declaration, apply it, say what there is."""
    wanted = json.load(sys.stdin)
    migrate()
    keep_connections(wanted["connections"])
    keep_pools(wanted["pools"])
    print(f"{len(wanted['connections'])} connections, {len(wanted['pools'])} pools")


def migrate() -> None:
    """Airflow's own schema, at the version of the installed Airflow."""
    from airflow.utils.db import upgradedb

    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgradedb()


def keep_connections(wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Make each connection what is declared: an address may have changed since the last start."""
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        for conn_id, fields in wanted.items():
            known = session.scalar(select(Connection).filter_by(conn_id=conn_id))
            kept = known or Connection(conn_id=conn_id)
            for name, value in fields.items():
                setattr(kept, name, json.dumps(value) if name == "extra" else value)
            session.add(kept)


def keep_pools(wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """Make each pool what is declared."""
    from airflow.models.pool import Pool

    for name, fields in wanted.items():
        Pool.create_or_update_pool(name=name, **fields)


if __name__ == "__main__":
    main()
