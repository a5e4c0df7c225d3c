"""A thread that looks at the surroundings every second, so that no request waits for Kafka."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import structlog

from weir.errors import Unavailable, WeirError
from weir.serving.ends import TopicEnds
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
TOPICS = "select distinct topic from ops.query_offset"

FetchEnds = Callable[[set[str]], Offsets]


class Watch:
    """Keeps the newest `Surroundings`. A service that is away is named in them, and tried again."""

    def __init__(self, settings: Settings, fetch_ends: FetchEnds | None = None) -> None:
        self._settings = settings
        self._fetch_ends = fetch_ends or TopicEnds(settings).fetch
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._topics = {settings.wikimedia_topic}
        self._mode: Mode = mode_of("wikimedia", settings)
        self._newest_event_utc: datetime | None = None
        nothing_yet = {"kafka": "not looked at yet", "postgres": "not looked at yet"}
        self._seen = self._surroundings({}, nothing_yet)

    @property
    def seen(self) -> Surroundings:
        """What was seen last."""
        return self._seen

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
        try:
            ends = self._fetch_ends(self._topics)
        except Unavailable as error:
            trouble["kafka"] = _words(error)
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
        topics = {row[0] for row in self._connection.execute(TOPICS)}
        self._topics = topics | {self._settings.wikimedia_topic}
        # What the collector really collects; the declaration only until it has run once.
        if row := self._connection.execute(MODE, (COLLECTOR,)).fetchone():
            self._mode = row[0]
        newest = self._connection.execute(NEWEST_EVENT, (STREAM, QUERY)).fetchone()
        self._newest_event_utc = newest[0] if newest else None

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
