"""What PostgreSQL knows of a stream beyond its state: rates, restarts, ages, who wished what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from weir.ops.lease import Pg
from weir.serving.room.cards import LastBatch
from weir.serving.room.history import Grid

RECENT = Grid(60, 30)  # a minute each, half an hour

FACTS = """
select
  (select changed_by from ops.stream where stream = %(stream)s),
  (select changed_at from ops.stream where stream = %(stream)s and changed_by is not null),
  (select count(*) from ops.stream_start where stream = %(stream)s and unclean
     and taken_at > clock_timestamp() - interval '24 hours'),
  (select coalesce(sum(rows), 0)::float8 / 60 from ops.stream_progress where stream = %(stream)s
     and ended_at > clock_timestamp() - interval '1 minute'),
  (select probe_ms::float8 / 1000 from ops.stream_progress where stream = %(stream)s
     and probe_ms is not null and ended_at > clock_timestamp() - interval '1 hour'
     order by ended_at desc limit 1),
  clock_timestamp()
"""
LAST = """
select extract(epoch from clock_timestamp() - ended_at)::float8, rows, duration_ms
from ops.stream_progress where stream = %s order by ended_at desc limit 1
"""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Of one stream. probe_seconds: the way of the newest probe from topic to commit."""

    changed_by: str | None
    changed_at: datetime | None
    restarts_of_a_day: int
    out_per_second: float
    probe_seconds: float | None
    now_utc: datetime
    last_batch: LastBatch | None


def fetch_facts(connection: Pg, stream: str) -> Facts:
    """The facts of a stream, by the database's clock."""
    row = connection.execute(FACTS, {"stream": stream}).fetchone()
    last = connection.execute(LAST, [stream]).fetchone()
    assert row is not None, "a select without from gives one row"
    return Facts(
        changed_by=row[0],
        changed_at=row[1],
        restarts_of_a_day=row[2],
        out_per_second=row[3],
        probe_seconds=row[4],
        now_utc=row[5],
        last_batch=None
        if last is None
        else LastBatch(seconds_ago=max(0.0, last[0]), messages=last[1], duration_ms=last[2]),
    )
