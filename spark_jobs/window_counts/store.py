"""The one transaction of a batch: counts, totals, dead letters, offsets and progress together.

Grain: one row per (window_start, key) and one per key. Applying a batch twice changes nothing:
the second time the ledger is already past it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from spark_jobs.window_counts.transforms import measure_column
from weir.ops.lease import Pg
from weir.ops.streams import StreamSpec


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The absolute values after a merge: rows of (window_start, key, ...) and of (key, ...)."""

    windows: Sequence[tuple[Any, ...]] = field(default_factory=list)
    totals: Sequence[tuple[Any, ...]] = field(default_factory=list)


class CountStore:
    """Merges partial counts into the two tables of one stream, by one connection."""

    def __init__(self, spec: StreamSpec) -> None:
        self._spec = spec
        key = sql.Identifier(spec.key.column)
        names = [sql.Identifier(name) for name in spec.measures]
        commas = sql.SQL(", ")
        parts = {
            "key": key,
            "measures": commas.join(names),
            "typed": commas.join(sql.SQL("{} bigint").format(name) for name in names),
            "sums": commas.join(
                sql.SQL("sum({})::bigint as {}").format(name, name) for name in names
            ),
            "added": commas.join(
                sql.SQL("{n} = t.{n} + excluded.{n}").format(n=name) for name in names
            ),
            "returned": commas.join(sql.SQL("t.{}").format(name) for name in names),
            "windows": sql.Identifier(*spec.tables.windows.split(".")),
            "totals": sql.Identifier(*spec.tables.totals.split(".")),
        }
        self._create = sql.SQL(
            "create temp table if not exists stage"
            ' (pane bigint not null, {key} text collate "C" not null, {typed})'
            " on commit delete rows"
        ).format(**parts)
        self._copy = sql.SQL("copy stage (pane, {key}, {measures}) from stdin (format csv)").format(
            **parts
        )
        # Ordered, so that two writers can wait for each other but never deadlock.
        self._merge_windows = sql.SQL(
            "insert into {windows} as t (window_start, {key}, {measures})"
            " select to_timestamp(pane), {key}, {measures} from stage order by pane, {key}"
            " on conflict (window_start, {key}) do update set {added}"
        ).format(**parts)
        self._merge_totals = sql.SQL(
            "insert into {totals} as t ({key}, {measures}, last_window_start)"
            " select {key}, {sums}, to_timestamp(max(pane)) from stage"
            " group by {key} order by {key}"
            " on conflict ({key}) do update set {added},"
            " last_window_start = greatest(t.last_window_start, excluded.last_window_start)"
        ).format(**parts)
        self._returning_windows = sql.SQL(" returning t.window_start, t.{key}, {returned}").format(
            **parts
        )
        self._returning_totals = sql.SQL(" returning t.{key}, {returned}").format(**parts)

    def prepare(self, connection: Pg) -> None:
        """Make this connection's stage. Outside any transaction."""
        connection.execute(self._create)

    def merge(self, connection: Pg, counts: pa.Table, *, wanted: bool) -> Merged:
        """Add the partial counts (pane, key, measures; one row each); inside a transaction.

        Returns the absolute values of what it touched if they are `wanted`.
        """
        body = io.BytesIO()
        columns = counts.select(["pane", "key", *map(measure_column, self._spec.measures)])
        pyarrow.csv.write_csv(columns, body, pyarrow.csv.WriteOptions(include_header=False))
        with connection.cursor() as cursor:
            with cursor.copy(self._copy) as copy:
                copy.write(body.getbuffer())
            if not wanted:
                cursor.execute(self._merge_windows)
                cursor.execute(self._merge_totals)
                return Merged()
            windows = cursor.execute(self._merge_windows + self._returning_windows).fetchall()
            totals = cursor.execute(self._merge_totals + self._returning_totals).fetchall()
            return Merged(windows=windows, totals=totals)
