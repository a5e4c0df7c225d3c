"""`ops.gap`: intervals in which something of a source was or is missing.

open: known to be missing, the source may still have it. refilled: brought from the source's
history. permanent: the source no longer has it; such a row stays for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import class_row

from weir.errors import Unavailable
from weir.ops.window import HOUR, TimeWindow

Pg = psycopg.Connection[Any]

UPSERT = """
insert into ops.gap as known (source, mode, starts_at, ends_at, state, reason, present, published,
                              refused, filled_at)
values (%(source)s, %(mode)s, %(starts_at)s, %(ends_at)s, %(state)s, %(reason)s, %(present)s,
        %(published)s, %(refused)s,
        case when %(state)s = 'refilled' then clock_timestamp() end)
on conflict (source, mode, starts_at, ends_at) do update set
  state = excluded.state, reason = excluded.reason, present = excluded.present,
  published = excluded.published, refused = excluded.refused,
  filled_at = case when excluded.published > known.published or known.filled_at is null
                   then excluded.filled_at else known.filled_at end
"""

# Only minutes before the newest counted one: a stream that is behind has no gaps, it has a lag.
SILENT_HOURS = """
with counted as (
  select distinct window_start from wikimedia.domain_minute where window_start >= %(since)s
), bounds as (
  select min(window_start) as first, max(window_start) as last from counted
)
select date_trunc('hour', minute, 'UTC'), count(*)
from bounds, generate_series(first, last, interval '1 minute') as minute
where first is not null and not exists (select from counted where window_start = minute)
group by 1 order by 1
"""


class GapState(StrEnum):
    """What became of a gap."""

    OPEN = "open"
    REFILLED = "refilled"
    PERMANENT = "permanent"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One row. present, published: messages of the interval by the collector and by refills."""

    source: str
    mode: str
    starts_at: datetime
    ends_at: datetime
    state: str
    reason: str
    found_at: datetime | None = None  # None: seen just now, not stored
    filled_at: datetime | None = None
    present: int = 0
    published: int = 0
    refused: int = 0

    @property
    def window(self) -> TimeWindow:
        """The interval."""
        return TimeWindow(self.starts_at, self.ends_at)


def upsert_gap(connection: Pg, gap: Gap) -> None:
    """Write the row; `found_at` keeps its first value. Writing twice equals writing once."""
    connection.execute(UPSERT, vars(gap) | {"state": str(gap.state)})


def fetch_gaps(connection: Pg, source: str, states: Collection[str] = tuple(GapState)) -> list[Gap]:
    """The stored gaps of a source in these states, the oldest first."""
    with connection.cursor(row_factory=class_row(Gap)) as cursor:
        return cursor.execute(
            "select source, mode, starts_at, ends_at, state, reason, found_at, filled_at, present,"
            " published, refused from ops.gap"
            " where source = %s and state = any(%s) order by starts_at, ends_at",
            [source, [str(state) for state in states]],
        ).fetchall()


def find_gaps(connection: Pg, source: str, mode: str, since: datetime) -> list[Gap]:
    """Hours since `since` with silent minutes that no row knows yet; writes nothing.

    A minute in which nothing was counted, between counted ones, means that nobody collected: on
    all wikis together there is no silent minute.
    """
    known = {gap.starts_at for gap in fetch_gaps(connection, source) if gap.mode == mode}
    rows = connection.execute(SILENT_HOURS, {"since": since}).fetchall()
    return [
        Gap(
            source=source,
            mode=mode,
            starts_at=hour,
            ends_at=hour + HOUR,
            state=GapState.OPEN,
            reason=f"{minutes} minutes without any event",
        )
        for hour, minutes in rows
        if hour not in known
    ]


@contextmanager
def refill_lock(connection: Pg, source: str) -> Iterator[None]:
    """One writer of a source's past at a time. Raises Unavailable while there is another one."""
    key = f"weir refill {source}"
    row = connection.execute(
        "select pg_try_advisory_lock(hashtextextended(%s, 0))", [key]
    ).fetchone()
    if row is None or not row[0]:
        raise Unavailable(
            f"another refill of {source} is at work", "wait for its end, then try again"
        )
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [key])
