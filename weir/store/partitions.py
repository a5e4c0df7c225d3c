"""Partitions by time are made ahead: a row without a partition would be refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import psycopg
from psycopg import sql

from weir.settings import Settings
from weir.store.postgres import connect

Pg = psycopg.Connection[Any]


@dataclass(frozen=True, kw_only=True)
class Partitioned:
    """A table partitioned by range of a time, one partition per day or month, so many ahead."""

    table: str
    every: Literal["day", "month"]
    ahead: int


@dataclass(frozen=True, order=True)
class Partition:
    """One partition: `start` included, `end` excluded, both midnight UTC."""

    start: date
    end: date
    name: str


PARTITIONED: tuple[Partitioned, ...] = ()
"""Every table partitioned by time; a test compares it with what the migrations make."""


def wanted_partitions(table: Partitioned, today: date) -> list[Partition]:
    """The present partition and those ahead."""
    start = today if table.every == "day" else today.replace(day=1)
    found = []
    for _ in range(table.ahead + 1):
        # Day 1 plus 32 days is always in the next month.
        later = start + timedelta(days=1 if table.every == "day" else 32)
        end = later if table.every == "day" else later.replace(day=1)
        suffix = f"{start:%Y_%m_%d}" if table.every == "day" else f"{start:%Y_%m}"
        found.append(Partition(start, end, f"{table.table}_{suffix}"))
        start = end
    return found


def missing_partitions(settings: Settings, table: Partitioned, today: date) -> list[Partition]:
    """Those of the wanted ones that are not there."""
    with connect(settings.dsn_file, application_name="weir:partitions") as connection:
        return [p for p in wanted_partitions(table, today) if not _exists(connection, p)]


def create_partitions(settings: Settings, table: Partitioned, today: date) -> int:
    """Create what is missing; how many. Doing it again creates nothing."""
    missing = missing_partitions(settings, table, today)
    with connect(
        settings.dsn_file, application_name="weir:partitions", lock_timeout="5s"
    ) as connection:
        for partition in missing:
            connection.execute(
                sql.SQL(
                    "create table if not exists {} partition of {} for values from ({}) to ({})"
                ).format(
                    sql.Identifier(*partition.name.split(".")),
                    sql.Identifier(*table.table.split(".")),
                    sql.Literal(f"{partition.start} 00:00:00+00"),
                    sql.Literal(f"{partition.end} 00:00:00+00"),
                )
            )
    return len(missing)


def _exists(connection: Pg, partition: Partition) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [partition.name]).fetchone()
    return bool(row and row[0])
