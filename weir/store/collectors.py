"""`ops.collector`: one row per collector, a copy for people of what it knows about itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import psutil
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

UPSERT = """
insert into ops.collector as known (
  collector, mode, state, started_at, heartbeat_at, pid, cursor, cursor_time, events,
  events_per_second, canaries, duplicates, dead_letters, reconnects, last_event_at, last_error,
  last_error_at)
values (
  %(collector)s, %(mode)s, %(state)s, %(started_at)s, %(heartbeat_at)s, %(pid)s, %(cursor)s,
  %(cursor_time)s, %(events)s, %(events_per_second)s, %(canaries)s, %(duplicates)s,
  %(dead_letters)s, %(reconnects)s, %(last_event_at)s, %(last_error)s, %(last_error_at)s)
on conflict (collector) do update set
  mode = excluded.mode, state = excluded.state, started_at = excluded.started_at,
  heartbeat_at = excluded.heartbeat_at, pid = excluded.pid,
  cursor = coalesce(excluded.cursor, known.cursor),
  cursor_time = coalesce(excluded.cursor_time, known.cursor_time),
  events = excluded.events, events_per_second = excluded.events_per_second,
  canaries = excluded.canaries, duplicates = excluded.duplicates,
  dead_letters = excluded.dead_letters, reconnects = excluded.reconnects,
  last_event_at = coalesce(excluded.last_event_at, known.last_event_at),
  last_error = case when excluded.state = 'streaming' then excluded.last_error
                    else coalesce(excluded.last_error, known.last_error) end,
  last_error_at = case when excluded.state = 'streaming' then excluded.last_error_at
                       else coalesce(excluded.last_error_at, known.last_error_at) end
"""

REFUSE = """
insert into ops.collector
  (collector, mode, state, started_at, heartbeat_at, last_error, last_error_at)
values (%(collector)s, %(mode)s, 'stopped', %(started_at)s, %(heartbeat_at)s, %(last_error)s,
        %(last_error_at)s)
on conflict (collector) do update set
  state = excluded.state, last_error = excluded.last_error, last_error_at = excluded.last_error_at
"""

SELECT = """
select collector, mode, state, started_at, heartbeat_at, pid, cursor, cursor_time, events,
       events_per_second, canaries, duplicates, dead_letters, reconnects, last_event_at,
       last_error, last_error_at
from ops.collector order by collector
"""


FRESH = timedelta(seconds=15)
WORKING = ("connecting", "streaming", "waiting")


@dataclass(frozen=True, kw_only=True)
class CollectorRow:
    """One row. Counters count since `started_at`; `cursor_time` is source time."""

    collector: str
    mode: str
    state: str
    started_at: datetime
    heartbeat_at: datetime
    pid: int | None = None
    cursor: dict[str, Any] | None = None
    cursor_time: datetime | None = None
    events: int = 0
    events_per_second: float = 0.0
    canaries: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    reconnects: int = 0
    last_event_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None


def upsert_collector(connection: psycopg.Connection[Any], row: CollectorRow) -> None:
    """Write the row. What is None keeps its old value; an error is over with state streaming."""
    values = asdict(row) | {"cursor": None if row.cursor is None else Jsonb(row.cursor)}
    connection.execute(UPSERT, values)


def upsert_refusal(connection: psycopg.Connection[Any], row: CollectorRow) -> None:
    """Record that the process of `row` did not start. Nothing while another one works."""
    others = (
        known
        for known in fetch_collectors(connection)
        if known.collector == row.collector and known.pid != row.pid
    )
    if not any(is_working(known, row.heartbeat_at) for known in others):
        values = asdict(row)
        del values["cursor"]
        connection.execute(REFUSE, values)


def is_working(row: CollectorRow, now_utc: datetime) -> bool:
    """Whether the process of the row lives on this machine, and said so just now."""
    return (
        row.state in WORKING
        and now_utc - row.heartbeat_at < FRESH
        and row.pid is not None
        and psutil.pid_exists(row.pid)
    )


def fetch_collectors(connection: psycopg.Connection[Any]) -> list[CollectorRow]:
    """Every collector that ever reported, by name."""
    with connection.cursor(row_factory=class_row(CollectorRow)) as cursor:
        return cursor.execute(SELECT).fetchall()
