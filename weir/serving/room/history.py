"""The past of a stream: its batches in equal buckets of time, and the newest ones in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from weir.ops.lease import Pg


class Span(StrEnum):
    """How far back a person looks."""

    HALF_HOUR = "30m"
    SIX_HOURS = "6h"
    DAY = "24h"
    WEEK = "7d"


@dataclass(frozen=True)
class Grid:
    """`count` buckets of `seconds` each, ending with the bucket of now."""

    seconds: int
    count: int


GRIDS: Mapping[Span, Grid] = {
    Span.HALF_HOUR: Grid(30, 60),
    Span.SIX_HOURS: Grid(300, 72),
    Span.DAY: Grid(1200, 72),
    Span.WEEK: Grid(7200, 84),
}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """Batches that ended in one piece of time. Durations are null where none ended."""

    start: datetime
    messages: int
    refused: int
    batches: int
    mean_ms: float | None
    max_ms: int | None
    delay_seconds: float | None  # from the newest event of a batch to its commit, the largest


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One micro-batch."""

    query: str
    batch_id: int
    epoch: int
    ended_at: datetime
    messages: int
    refused: int
    duration_ms: int
    delay_seconds: float | None


BUCKETS = """
select date_bin(make_interval(secs => %(seconds)s), ended_at, timestamptz 'epoch'),
  sum(rows)::bigint, sum(refused)::bigint, count(*), avg(duration_ms)::float8, max(duration_ms),
  extract(epoch from max(ended_at - event_time_max))::float8
from ops.stream_progress where stream = %(stream)s and ended_at >= %(since)s group by 1
"""
NEWEST = """
select query, batch_id, epoch, ended_at, rows, refused, duration_ms,
  extract(epoch from ended_at - event_time_max)::float8
from ops.stream_progress where stream = %s order by ended_at desc limit %s
"""


def starts(grid: Grid, now_utc: datetime) -> list[datetime]:
    """When each bucket of the grid begins, oldest first, aligned to the epoch."""
    last = int(now_utc.timestamp()) // grid.seconds * grid.seconds
    newest = now_utc - timedelta(seconds=now_utc.timestamp() - last)
    return [newest - timedelta(seconds=grid.seconds * n) for n in reversed(range(grid.count))]


def fill(grid: Grid, now_utc: datetime, found: Mapping[datetime, tuple[Any, ...]]) -> list[Bucket]:
    """Every bucket of the grid; one in which no batch ended counted nothing."""
    rows = (
        (start, found.get(start, (0, 0, 0, None, None, None))) for start in starts(grid, now_utc)
    )
    return [
        Bucket(
            start=start,
            messages=row[0],
            refused=row[1],
            batches=row[2],
            mean_ms=row[3],
            max_ms=row[4],
            delay_seconds=None if row[5] is None else max(0.0, row[5]),
        )
        for start, row in rows
    ]


def fetch_buckets(connection: Pg, stream: str, grid: Grid, now_utc: datetime) -> list[Bucket]:
    """The stream's past on the grid."""
    asked = {"stream": stream, "seconds": grid.seconds, "since": starts(grid, now_utc)[0]}
    found = {row[0]: row[1:] for row in connection.execute(BUCKETS, asked)}
    return fill(grid, now_utc, found)


def fetch_batches(connection: Pg, stream: str, limit: int) -> list[Batch]:
    """The newest batches, newest first."""
    return [
        Batch(
            query=row[0],
            batch_id=row[1],
            epoch=row[2],
            ended_at=row[3],
            messages=row[4],
            refused=row[5],
            duration_ms=row[6],
            delay_seconds=None if row[7] is None else max(0.0, row[7]),
        )
        for row in connection.execute(NEWEST, [stream, limit])
    ]
