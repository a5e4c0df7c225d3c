"""A thread that looks at the surroundings every second, so that no request waits for Kafka."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import psycopg
import structlog

from weir.errors import Unavailable, WeirError
from weir.ops.lag import Lags
from weir.ops.lag_reads import LagReader, Queries, ends_of, fetch_positions, measure_lags
from weir.serving.surroundings import Surroundings
from weir.settings import Settings
from weir.sources.declared import Mode, mode_of
from weir.store.postgres import connect
from weir.store.wikimedia_counts import QUERY, STREAM, Offsets

log = structlog.get_logger()

EVERY_SECONDS = 1.0
COLLECTOR = "wikimedia"

MODE = "select mode from ops.collector where collector = %s"
NEWEST_EVENT = """
select max(event_time_max) from (
  select event_time_max from ops.stream_progress
  where stream = %s and query = %s and event_time_max is not null
  order by ended_at desc limit 20) recent
"""


class Watch:
    """Keeps the newest `Surroundings`. A service that is away is named in them, and tried again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader = LagReader(settings)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._queries: Queries = {}
        self._lags = Lags(trouble="not looked at yet")
        self._mode: Mode = mode_of("wikimedia", settings)
        self._newest_event_utc: datetime | None = None
        nothing_yet = {"kafka": "not looked at yet", "postgres": "not looked at yet"}
        self._seen = self._surroundings({}, nothing_yet)

    @property
    def seen(self) -> Surroundings:
        """What was seen last."""
        return self._seen

    @property
    def lags(self) -> Lags:
        """The lag of each stream, seen at the same moment."""
        return self._lags

    def refresh(self) -> None:
        """Look once."""
        trouble: dict[str, str] = {}
        ends: Offsets = {}
        try:
            self._look_into_postgres()
        except (WeirError, psycopg.Error) as error:
            self._close()
            self._newest_event_utc = None
            trouble["postgres"] = _words(error)
        lags = measure_lags(self._reader, self._queries)
        try:
            ends = self._fetch_ends(lags)
        except Unavailable as error:
            trouble["kafka"] = _words(error)
        self._lags = lags
        self._tell(trouble)
        self._seen = self._surroundings(ends, trouble)

    def start(self) -> None:
        """Look every second in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close what it opened."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._close()
        self._reader.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(EVERY_SECONDS)

    def _look_into_postgres(self) -> None:
        if self._connection is None:
            self._connection = connect(
                self._settings.dsn_file,
                application_name="weir:api:watch",
                connect_timeout_seconds=2,
                statement_timeout="5s",
            )
        self._queries = fetch_positions(self._connection)
        # What the collector really collects; the declaration only until it has run once.
        if row := self._connection.execute(MODE, (COLLECTOR,)).fetchone():
            self._mode = row[0]
        newest = self._connection.execute(NEWEST_EVENT, (STREAM, QUERY)).fetchone()
        self._newest_event_utc = newest[0] if newest else None

    def _fetch_ends(self, lags: Lags) -> Offsets:
        """Where the topics end: of those that streams read, and of the collector's own."""
        if lags.trouble:
            raise Unavailable(lags.trouble)
        ends = ends_of(lags)
        topic = self._settings.wikimedia_topic
        if topic not in ends:
            seen = self._reader.fetch({topic: {}})
            ends |= {name: {p: s.end for p, s in t.partitions.items()} for name, t in seen.items()}
        return ends

    def _surroundings(self, ends: Offsets, trouble: dict[str, str]) -> Surroundings:
        return Surroundings(
            mode=self._mode,
            topic=self._settings.wikimedia_topic,
            ends=ends,
            newest_event_utc=self._newest_event_utc,
            trouble=trouble,
        )

    def _tell(self, trouble: dict[str, str]) -> None:
        before = self._seen.trouble
        for service in ("postgres", "kafka"):
            if service in trouble and service not in before:
                log.warning("service away", service=service, reason=trouble[service])
            if service in before and service not in trouble:
                log.info("service answers", service=service)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _words(error: Exception) -> str:
    return error.what if isinstance(error, WeirError) else str(error).strip()
