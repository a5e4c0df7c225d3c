"""What people search for, and what they do not find: one row per (hour, query in plain words)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from weir.errors import SettingError

Pg = psycopg.Connection[Any]

QUERY_CHARS: Final = 200
MOST_HOURS: Final = 24 * 90

# A report is worth no wait for the disk: a crash of PostgreSQL loses the last moments of it.
NOTE: Final = """
    insert into market.search_hour as h (hour, query, searches, empty_searches, last_found, last_at)
    select date_trunc('hour', now(), 'UTC'), left(market.plain_words(%(query)s), %(chars)s),
      1, (%(found)s = 0)::int, %(found)s, now()
    on conflict (hour, query) do update set
      searches = h.searches + 1, empty_searches = h.empty_searches + excluded.empty_searches,
      last_found = excluded.last_found, last_at = excluded.last_at
"""
REPORT: Final = """
    select query, sum(searches)::int, sum(empty_searches)::int,
      (array_agg(last_found order by last_at desc))[1], max(last_at)
    from market.search_hour
    where last_at > now() - make_interval(hours => %(hours)s)
      and hour > now() - make_interval(hours => %(hours)s + 1)
    group by query
    having not %(empty)s or (array_agg(last_found order by last_at desc))[1] = 0
    order by case when %(empty)s then sum(empty_searches) else sum(searches) end desc, query
    limit %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """One query of the report. last_found: how many products its newest search found."""

    query: str
    searches: int
    empty_searches: int
    last_found: int
    last_at: datetime


def note_search(connection: Pg, query: str, found: int) -> None:
    """Count one search. At most once: a search that was answered may go uncounted by a crash."""
    with connection.transaction():
        connection.execute("set local synchronous_commit = off")
        connection.execute(NOTE, {"query": query, "found": found, "chars": QUERY_CHARS})


def read_searches(
    connection: Pg, *, hours: int = 24, limit: int = 20, empty: bool = False
) -> Sequence[Searched]:
    """The most frequent queries of the last hours; `empty`: those that find nothing by now."""
    if not 1 <= hours <= MOST_HOURS:
        raise SettingError(f"the report covers 1 to {MOST_HOURS} hours, not {hours}")
    rows = connection.execute(REPORT, {"hours": hours, "limit": limit, "empty": empty}).fetchall()
    return [
        Searched(query=query, searches=n, empty_searches=empty_n, last_found=found, last_at=at)
        for query, n, empty_n, found, at in rows
    ]
