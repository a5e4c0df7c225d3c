"""The Wikimedia counts as PostgreSQL holds them: the truth.

Each read happens in one repeatable-read snapshot, so counts and offsets agree. The connection
must be in autocommit mode and outside a transaction (as `weir.store.postgres.connect` gives it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg

from weir.store.wikimedia_counts import (
    QUERY,
    STREAM,
    CacheContent,
    Counts,
    CountsRead,
    Offsets,
    TimeRange,
)

Connection = psycopg.Connection[tuple[Any, ...]]

ALL_TIME = "select domain, changes, edits, bot_edits from wikimedia.domain_total"
IN_RANGE = """
select domain, sum(changes)::bigint, sum(edits)::bigint, sum(bot_edits)::bigint
from wikimedia.domain_minute where window_start >= %s and window_start < %s group by domain
"""
MINUTES = """
select window_start, domain, changes, edits, bot_edits
from wikimedia.domain_minute where window_start = any(%s)
"""
RECENT = """
select window_start, domain, changes, edits, bot_edits
from wikimedia.domain_minute
where window_start >= (select max(window_start) from wikimedia.domain_minute) - %s::interval
"""
OFFSETS = """
select topic, partition, next_offset, updated_at from ops.query_offset
where stream = %s and query = %s
"""


def fetch_counts(
    connection: Connection, *, within: TimeRange | None, minutes: Iterable[datetime]
) -> CountsRead:
    """Counts per domain `within` a range (None: all time), and each of `minutes` by itself."""
    asked = list(minutes)
    with snapshot(connection):
        offsets, as_of_utc = fetch_offsets(connection)
        if within is None:
            rows = connection.execute(ALL_TIME).fetchall()
        else:
            rows = connection.execute(IN_RANGE, (within.start, within.end)).fetchall()
        per_minute: dict[datetime, dict[str, Counts]] = {minute: {} for minute in asked}
        for window_start, domain, *counts in connection.execute(MINUTES, (asked,)):
            per_minute[window_start][domain] = Counts(*counts)
        oldest_minute = fetch_oldest_minute(connection)
    return CountsRead(
        offsets=offsets,
        as_of_utc=as_of_utc,
        domains={domain: Counts(*counts) for domain, *counts in rows},
        minutes=per_minute,
        oldest_minute=oldest_minute,
    )


def fetch_for_cache(connection: Connection, *, keep: timedelta) -> CacheContent:
    """What the cache holds, with the windows of the newest `keep` by event time."""
    with snapshot(connection):
        offsets, as_of_utc = fetch_offsets(connection)
        return CacheContent(
            totals=connection.execute(ALL_TIME).fetchall(),
            windows=connection.execute(RECENT, (keep,)).fetchall(),
            offsets=offsets,
            as_of_utc=as_of_utc,
            oldest_minute=fetch_oldest_minute(connection),
        )


def fetch_oldest_minute(connection: Connection) -> datetime | None:
    """The first minute ever counted."""
    row = connection.execute("select min(window_start) from wikimedia.domain_minute").fetchone()
    return row[0] if row else None


def fetch_offsets(connection: Connection) -> tuple[Offsets, datetime | None]:
    """How far each partition is counted, and when the newest of these rows was written."""
    offsets: Offsets = {}
    as_of_utc: datetime | None = None
    for topic, partition, next_offset, updated_at in connection.execute(OFFSETS, (STREAM, QUERY)):
        offsets.setdefault(topic, {})[partition] = next_offset
        as_of_utc = max(as_of_utc or updated_at, updated_at)
    return offsets, as_of_utc


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """One read-only transaction in which every query sees the same instant."""
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        yield
