"""Counts written to PostgreSQL as the stream does it: with offsets, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg

from weir.store.wikimedia_counts import QUERY, STREAM

MERGE_WINDOW = """
insert into wikimedia.domain_minute as old values (%s, %s, %s, %s, %s)
on conflict (window_start, domain) do update set changes = old.changes + excluded.changes,
  edits = old.edits + excluded.edits, bot_edits = old.bot_edits + excluded.bot_edits
returning *
"""
MERGE_TOTAL = """
insert into wikimedia.domain_total as old values (%s, %s, %s, %s, %s)
on conflict (domain) do update set changes = old.changes + excluded.changes,
  edits = old.edits + excluded.edits, bot_edits = old.bot_edits + excluded.bot_edits
returning domain, changes, edits, bot_edits
"""
MOVE = """
insert into ops.query_offset (stream, query, topic, partition, next_offset)
values (%s, %s, %s, %s, %s)
on conflict (stream, query, topic, partition) do update
set next_offset = excluded.next_offset, updated_at = now()
"""

Row = tuple[datetime, str, int, int, int]


def count(
    connection: psycopg.Connection, rows: Sequence[Row], offsets: dict[str, dict[int, int]]
) -> tuple[list[tuple], list[tuple]]:
    """Add `rows`, move the offsets; return the absolute rows after it, as the cache wants them."""
    with connection.transaction():
        windows = [tuple(connection.execute(MERGE_WINDOW, row).fetchone()) for row in rows]
        totals = {}
        for start, domain, *counts in rows:
            merged = connection.execute(MERGE_TOTAL, (domain, *counts, start)).fetchone()
            totals[domain] = tuple(merged)
        for topic, partitions in offsets.items():
            for partition, next_offset in partitions.items():
                connection.execute(MOVE, (STREAM, QUERY, topic, partition, next_offset))
    return windows, list(totals.values())
