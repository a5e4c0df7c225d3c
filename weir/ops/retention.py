"""How long rows of `ops` are kept. What is not listed is kept for ever, such as `ops.gap`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

Pg = psycopg.Connection[Any]
BATCH_ROWS = 10_000  # one transaction: short locks, and a vacuum that keeps up


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Rows of `table` whose `column` is older than `days` may go, if `only` holds."""

    table: str
    column: str
    days: int
    only: LiteralString = "true"

    @property
    def rule(self) -> str:
        """The rule for a person's eyes."""
        return f"older than {self.days} days"


RETENTIONS = (
    Retention(table="ops.stream_progress", column="ended_at", days=7),
    Retention(table="ops.operation", column="ended_at", days=90, only="state <> 'open'"),
    Retention(
        table="ops.stream_submission",
        column="submitted_at",
        days=90,
        only="driver_id not in (select driver_id from ops.stream where driver_id is not null)",
    ),
    Retention(table="ops.stream_start", column="taken_at", days=90),
    Retention(
        table="ops.dead_letter",
        column="first_seen",
        days=180,
        # What was decided last may not be sent yet.
        only="dedupe_key not in (select dedupe_key from ops.redrive"
        " where seq = (select max(seq) from ops.redrive_batch))",
    ),
    Retention(table="ops.audit", column="at", days=365),
)


def count_old(connection: Pg, retention: Retention) -> int:
    """How many rows may go, by the database's clock."""
    row = connection.execute(
        sql.SQL("select count(*) from {} where {}").format(_table(retention), _old(retention))
    ).fetchone()
    return 0 if row is None else int(row[0])


def delete_old(connection: Pg, retention: Retention) -> int:
    """Delete them, in batches of their own transactions; how many went."""
    statement = sql.SQL(
        "delete from {table}"
        " where ctid = any(array(select ctid from {table} where {old} limit {n}))"
    ).format(table=_table(retention), old=_old(retention), n=BATCH_ROWS)
    deleted = 0
    while gone := connection.execute(statement).rowcount:
        deleted += gone
    return deleted


def _table(retention: Retention) -> sql.Identifier:
    return sql.Identifier(*retention.table.split("."))


def _old(retention: Retention) -> sql.Composed:
    return sql.SQL("{} < clock_timestamp() - make_interval(days => {}) and {}").format(
        sql.Identifier(retention.column), retention.days, sql.SQL(retention.only)
    )
