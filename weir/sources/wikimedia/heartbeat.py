"""Every 2 s: the collector's row and its new dead letters into PostgreSQL, beside the collecting.

PostgreSQL away: said once in the log, dead letters wait in bounded memory (they are in the
dead-letter topic anyway), collecting goes on.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import structlog

from weir.clock import Clock
from weir.errors import WeirError
from weir.kafka.dead_letters import DeadLetter, store
from weir.sources.wikimedia.status import Status
from weir.store.collectors import CollectorRow, upsert_collector, upsert_refusal
from weir.store.postgres import connect

EVERY_SECONDS = 2.0
MAX_LETTERS = 10_000
MAX_LETTER_BYTES = 64 * 1024 * 1024
log = structlog.get_logger()


class LetterBox:
    """Dead letters on their way to the table; bounded: the oldest give way."""

    def __init__(self, max_letters: int = MAX_LETTERS, max_bytes: int = MAX_LETTER_BYTES) -> None:
        self._max_letters, self._max_bytes = max_letters, max_bytes
        self._letters: deque[DeadLetter] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self.given_way = 0

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, letters: Iterable[DeadLetter]) -> None:
        """Keep letters until `take`."""
        with self._lock:
            for letter in letters:
                self._letters.append(letter)
                self._bytes += letter.value_bytes or 0
                while len(self._letters) > 1 and (
                    len(self._letters) > self._max_letters or self._bytes > self._max_bytes
                ):
                    self._bytes -= self._letters.popleft().value_bytes or 0
                    self.given_way += 1

    def take(self) -> list[DeadLetter]:
        """All letters; put them back with `add` if they could not be stored."""
        with self._lock:
            letters, self._letters, self._bytes = list(self._letters), deque(), 0
            return letters


@dataclass(kw_only=True)
class Heartbeat:
    """Writes the row of one collector."""

    collector: str
    mode: str
    dsn_file: Path
    status: Status
    letters: LetterBox
    clock: Clock
    every_seconds: float = EVERY_SECONDS
    _connection: psycopg.Connection[Any] | None = None
    _away: bool = False
    _before: tuple[datetime, int] | None = None
    _rate: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Beat in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self, within_seconds: float = 5.0) -> None:
        """Write a last row, if PostgreSQL answers soon."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(within_seconds)

    def write_refusal(self) -> None:
        """Say that the start was refused; mode, counters and a collector that works stay."""
        try:
            with connect(
                self.dsn_file,
                application_name=f"weir:collector:{self.collector}",
                statement_timeout="5s",
            ) as connection:
                upsert_refusal(connection, self._row())
        except (psycopg.Error, WeirError) as error:
            log.warning("PostgreSQL is away; the refusal is only here", reason=str(error).strip())

    def beat(self) -> bool:
        """Write once; False when PostgreSQL is away."""
        try:
            if self._connection is None:
                self._connection = connect(
                    self.dsn_file,
                    application_name=f"weir:collector:{self.collector}",
                    statement_timeout="5s",
                )
            upsert_collector(self._connection, self._row())
            self._store_letters(self._connection)
        except (psycopg.Error, WeirError) as error:
            self._lose(error)
            return False
        if self._away:
            log.info("PostgreSQL is back", dead_letters_waiting=len(self.letters))
            self._away = False
        return True

    def _run(self) -> None:
        while True:
            is_last = self._stop.is_set()
            self.beat()
            if is_last:
                break
            self._stop.wait(self.every_seconds)
        if self._connection is not None:
            self._connection.close()

    def _store_letters(self, connection: psycopg.Connection[Any]) -> None:
        letters = self.letters.take()
        try:
            new = store(connection, letters)
        except psycopg.Error:
            self.letters.add(letters)
            raise
        if new:
            log.warning("dead letters", new=new, reason=letters[-1].readable_reason)

    def _lose(self, error: Exception) -> None:
        if not self._away:
            log.warning("PostgreSQL is away; collecting goes on", reason=str(error).strip())
            self._away = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _row(self) -> CollectorRow:
        status, now = self.status, self.clock()
        newest_ms = status.newest_ms
        return CollectorRow(
            collector=self.collector,
            mode=self.mode,
            state=status.state,
            started_at=status.started_at,
            heartbeat_at=now,
            pid=os.getpid(),
            cursor=status.cursor,
            cursor_time=None
            if newest_ms is None
            else datetime.fromtimestamp(newest_ms / 1000, UTC),
            events=status.events,
            events_per_second=self._events_per_second(now),
            canaries=status.canaries,
            duplicates=status.duplicates,
            dead_letters=status.dead_letters,
            reconnects=status.reconnects,
            last_event_at=status.last_event_at,
            last_error=status.last_error,
            last_error_at=status.last_error_at,
        )

    def _events_per_second(self, now: datetime) -> float:
        """The rate since the last beat, smoothed over about five beats."""
        events = self.status.events
        if self._before is None:
            self._before = (now, events)
            return 0.0
        seconds = (now - self._before[0]).total_seconds()
        if seconds > 0:
            self._rate += 0.3 * ((events - self._before[1]) / seconds - self._rate)
            self._before = (now, events)
        return round(self._rate, 2)
