"""`ops.batch_attempt`: what is tried now, for the driver that comes after a death.

A row per query, rewritten before each batch. The write does not wait for the disk: a driver that
dies cannot lose it, only PostgreSQL's own crash can, and then a trial more is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from psycopg.types.json import Jsonb

from spark_jobs.lib.checkpoint import Offsets
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.guard import Trial
from spark_jobs.lib.patience import RETRY_SECONDS, patiently
from spark_jobs.lib.quarantine import Quarantine
from spark_jobs.lib.slices import Slice
from weir.ops.breaker import forgive_restarts
from weir.ops.lease import Fenced, Pg

T = TypeVar("T")

WRITE: Final = """
    insert into ops.batch_attempt as a
      (stream, query, epoch, begins, ends, attempts, bisecting, last_error)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (stream, query) do update set
      epoch = excluded.epoch, begins = excluded.begins, ends = excluded.ends,
      attempts = excluded.attempts, bisecting = excluded.bisecting,
      last_error = excluded.last_error,
      first_seen = case when a.begins = excluded.begins then a.first_seen
                        else clock_timestamp() end
    where a.epoch <= excluded.epoch
"""


class StoredTrials:
    """The trials of one query, by a connection of its own."""

    def __init__(self, driver: Driver, query: str, quarantine: Quarantine) -> None:
        self._stream = driver.file.spec.name
        self._query = query
        self._epoch = driver.epoch
        self._open = driver.connect
        self._fenced = driver.control.fenced
        self._quarantine = quarantine
        self._connection: Pg | None = None

    def last(self) -> Trial | None:
        """The newest trial of this query, by whatever driver."""
        row = self._patiently(
            lambda connection: connection.execute(
                "select begins, ends, attempts, bisecting, last_error from ops.batch_attempt"
                " where stream = %s and query = %s",
                [self._stream, self._query],
            ).fetchone()
        )
        if row is None:
            return None
        begins, ends, attempts, bisecting, last_error = row
        return Trial(
            begins=_offsets(begins),
            ends=_offsets(ends),
            attempts=attempts,
            bisecting=bisecting,
            last_error=last_error,
        )

    def write(self, trial: Trial) -> None:
        """Keep this trial in the place of the last. Raises Fenced."""
        row = [
            *(self._stream, self._query, self._epoch, Jsonb(trial.begins), Jsonb(trial.ends)),
            *(trial.attempts, trial.bisecting, trial.last_error),
        ]
        if not self._patiently(lambda connection: connection.execute(WRITE, row).rowcount):
            raise Fenced(f"{self._stream}: epoch {self._epoch} is over, another driver tries")

    def is_decided(self, piece: Slice) -> bool:
        """Whether the ledger has moved on from where the slice begins."""
        stands = self._patiently(self._ledger)
        return any(
            stands.get((topic, partition), begin) > begin
            for topic, partitions in piece.begins.items()
            for partition, begin in partitions.items()
        )

    def forgive_restarts(self) -> None:
        """The deaths so far were on something larger than what is tried now."""
        self._patiently(lambda connection: forgive_restarts(connection, self._stream, self._epoch))

    def quarantine(self, piece: Slice, *, error: str, attempts: int) -> None:
        """Make the one message a dead letter and move the ledger over it."""
        self._patiently(
            lambda connection: self._quarantine(connection, piece, error=error, attempts=attempts)
        )

    def _ledger(self, connection: Pg) -> Mapping[tuple[str, int], int]:
        rows = connection.execute(
            "select topic, partition, next_offset from ops.query_offset"
            " where stream = %s and query = %s",
            [self._stream, self._query],
        ).fetchall()
        return {(topic, partition): offset for topic, partition, offset in rows}

    def _patiently(self, act: Callable[[Pg], T]) -> T:
        """Act, and again while PostgreSQL is away: everything here may be done twice."""

        def once() -> T:
            connection, self._connection = self._connection, None
            if connection is None or connection.closed:
                connection = self._open()
                connection.execute("set synchronous_commit = off")
            done = act(connection)
            self._connection = connection  # one that failed is not used again
            return done

        return patiently(once, stop=self._fenced, seconds=RETRY_SECONDS)


def _offsets(stored: Mapping[str, Mapping[str, Any]]) -> Offsets:
    return {t: {int(p): int(o) for p, o in ps.items()} for t, ps in stored.items()}
