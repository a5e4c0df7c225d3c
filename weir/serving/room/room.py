"""What the control room shows. Every answer is kept for a moment and shared by all who ask.

A stream's state, health and lag are judged by the same functions as for the command line and
the metrics. Kafka or Spark away makes single values unknown; PostgreSQL away raises Unavailable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import psycopg

from weir.errors import Unavailable
from weir.ops.audit import fetch_deeds
from weir.ops.health_reads import Report, fetch_lags, fetch_reports
from weir.ops.lag_reads import LagReader
from weir.ops.lease import Pg
from weir.ops.observed import fetch_master_or_none
from weir.ops.operations import fetch_open, fetch_recent
from weir.ops.streams import StreamSpec, load_streams
from weir.serving.kept import Kept
from weir.serving.room.assemble import card_of
from weir.serving.room.cards import Card, Closely, Declaration
from weir.serving.room.facts import RECENT, fetch_facts
from weir.serving.room.history import GRIDS, Span, fetch_batches, fetch_buckets
from weir.serving.room.levels import LEVELS
from weir.serving.room.memory import stream_memory_mb
from weir.serving.room.sources import Source, fetch_sources
from weir.settings import Settings
from weir.store.postgres import connect

KEPT_SECONDS = 1.5
MEMORY_KEPT_SECONDS = 20.0
BATCHES = 12
ROWS = 10

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Every stream and every collector."""

    now: datetime
    streams: list[Card]
    sources: list[Source]


class Room:
    """Answers what is to be seen now. specs: the streams; without them, those declared."""

    def __init__(self, settings: Settings, specs: Mapping[str, StreamSpec] | None = None) -> None:
        self._settings = settings
        self.specs = load_streams() if specs is None else specs
        self._reader = LagReader(settings)  # for one thread at a time: `_reading`
        self._reading = threading.Lock()
        self._overviews: Kept[Overview] = Kept(KEPT_SECONDS)
        self._closely: Kept[Closely] = Kept(KEPT_SECONDS)
        self._memory: Kept[float | None] = Kept(MEMORY_KEPT_SECONDS)

    def overview(self) -> Overview:
        """Every stream and collector. Raises Unavailable."""
        return self._overviews.get("all", lambda: self._read(self._overview))

    def closely(self, stream: str, span: Span) -> Closely:
        """One of `specs`. Raises Unavailable."""
        return self._closely.get(
            (stream, span), lambda: self._read(lambda c: self._read_closely(c, stream, span))
        )

    def forget(self) -> None:
        """Somebody changed something: the next answer is read anew."""
        self._overviews.forget()
        self._closely.forget()

    def _overview(self, connection: Pg) -> Overview:
        now = _now(connection)
        sources = self._sources(connection, now)
        reports = self._reports(connection, self.specs.values())
        return Overview(
            now=now,
            streams=[self._card(connection, report, sources) for report in reports],
            sources=list(sources.values()),
        )

    def _read_closely(self, connection: Pg, stream: str, span: Span) -> Closely:
        now = _now(connection)
        spec, sources = self.specs[stream], self._sources(connection, now)
        report = self._reports(connection, [spec])[0]
        return Closely(
            now=now,
            row=self._card(connection, report, sources),
            findings=report.findings,
            levels=tuple(LEVELS[finding.health] for finding in report.findings),
            declaration=Declaration(
                cores=spec.resources.executor_cores,
                heap_mb=spec.resources.driver_memory_mb + spec.resources.executor_memory_mb,
                trigger_ms=spec.trigger_ms,
            ),
            buckets=fetch_buckets(connection, stream, GRIDS[span], now),
            batches=fetch_batches(connection, stream, BATCHES),
            partitions=tuple(p for lag in report.lags or () for p in lag.partitions),
            deeds=fetch_deeds(connection, stream, ROWS),
            operations=fetch_recent(connection, stream, ROWS),
        )

    def _sources(self, connection: Pg, now: datetime) -> dict[str, Source]:
        limits: dict[str, float] = {}
        for spec in self.specs.values():
            silent = spec.health.silent_seconds
            limits[spec.source] = min(silent, limits.get(spec.source, silent))
        return {source.collector: source for source in fetch_sources(connection, limits, now)}

    def _reports(self, connection: Pg, specs: Iterable[StreamSpec]) -> list[Report]:
        with self._reading:
            lags = fetch_lags(connection, self._reader)
        master = fetch_master_or_none(self._settings)
        return fetch_reports(self._settings, connection, specs, lags=lags, master=master)

    def _card(self, connection: Pg, report: Report, sources: Mapping[str, Source]) -> Card:
        name, app_id = report.state.stream, report.state.app_id
        spec, facts = self.specs[name], fetch_facts(connection, name)
        buckets = fetch_buckets(connection, name, RECENT, facts.now_utc)
        return card_of(
            spec,
            report,
            facts,
            sources.get(spec.source),
            recent=[bucket.messages for bucket in buckets],
            memory_mb=self._memory.get(
                (name, app_id), lambda: stream_memory_mb(self._settings, name, app_id)
            ),
            order=fetch_open(connection, name),
        )

    def _read(self, read: Callable[[Pg], Answer]) -> Answer:
        try:
            with connect(
                self._settings.dsn_file, application_name="weir:page", statement_timeout="10s"
            ) as connection:
                return read(connection)
        except psycopg.OperationalError as error:
            raise Unavailable(
                f"PostgreSQL does not answer: {str(error).strip()}", "weir status"
            ) from error


def _now(connection: Pg) -> datetime:
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None, "a select without from gives one row"
    now: datetime = row[0]
    return now
