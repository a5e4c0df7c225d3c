"""One micro-batch: count in Spark, then one transaction, then the cache.

Under a crash at any point: before the commit nothing happened, after it the replayed batch is
skipped by the ledger. The dead-letter topic may get a record twice, its table never.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import structlog
from pyspark.sql import DataFrame

from spark_jobs.lib.attempts import StoredTrials
from spark_jobs.lib.checkpoint import batch_range
from spark_jobs.lib.control import StopRequested
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.group_commit import GroupCommit
from spark_jobs.lib.guard import Guard
from spark_jobs.lib.messages import messages_of
from spark_jobs.lib.patience import RETRY_SECONDS, patiently
from spark_jobs.lib.prober import without_probes
from spark_jobs.lib.quarantine import Quarantine
from spark_jobs.lib.refusals import Coordinates, letters, sent
from spark_jobs.lib.slices import Slice
from spark_jobs.window_counts import transforms
from spark_jobs.window_counts.cache import CacheKeeper
from spark_jobs.window_counts.store import CountStore, Merged
from weir.errors import ContractError, Unavailable
from weir.kafka.dead_letters import store_all
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.ops import lease, ledger

log = structlog.get_logger()

QUERY = "counts"
BRAKE_ROWS = 1000


@dataclass(frozen=True)
class Counted:
    """What Spark made of a batch."""

    good: pa.Table
    rows: int
    refused: int
    event_time_min: datetime | None
    event_time_max: datetime | None
    probe_sent_ms: int | None = None


class CountBatch:
    """The function behind foreachBatch, with the connection and cache that live across batches."""

    def __init__(
        self,
        driver: Driver,
        checkpoint: Path,
        options: Mapping[str, str],
        cache: CacheKeeper | None,
        group: GroupCommit,
        incarnation: str = "",
    ) -> None:
        self.failure: BaseException | None = None
        self._driver = driver
        self._spec = driver.file.spec
        self._checkpoint = checkpoint
        self._options = options
        self._cache = cache
        self._group = group
        self._incarnation = incarnation
        self._store = CountStore(self._spec)
        self._place = ledger.Place(stream=self._spec.name, query=QUERY, topic=self._spec.topic)
        self._connection: lease.Pg | None = None
        self._publisher: ConfirmedProducer | None = None
        quarantine = Quarantine(
            driver,
            QUERY,
            read_range=self._read,
            publisher=self._publish,
            incarnation_of=lambda _: incarnation,
        )
        self._guard = Guard(StoredTrials(driver, QUERY, quarantine), driver.control.raise_if_asked)

    def __call__(self, messages: DataFrame, batch_id: int) -> None:
        """Count one batch. Any error ends the query; it is kept for the main thread."""
        try:
            with self._driver.control.batch():
                begins, ends = batch_range(self._checkpoint, batch_id)
                batch = Slice(batch_id=batch_id, begins=begins, ends=ends)
                self._guard.run(
                    batch,
                    lambda piece: self._count(messages_of(messages, piece, self._options), piece),
                )
        except StopRequested:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _count(self, messages: DataFrame, piece: Slice) -> None:
        began = time.monotonic()
        topic, batch_id, after = self._spec.topic, piece.batch_id, piece.ends[self._spec.topic]
        now_utc = datetime.now(UTC)
        events = transforms.parse(messages, self._spec)
        judged = transforms.judge(events, self._spec, now_utc)
        counted = summarise(transforms.count(judged, self._spec).toArrow(), self._spec.name)
        self._brake(counted)
        refused: Coordinates = {}
        if counted.refused:
            rows = transforms.refused(judged).toArrow().to_pylist()
            refused = {(row["partition"], row["offset"]): row["refusal"] for row in rows}
        merged = self._commit(
            counted,
            refused,
            piece,
            lambda: ledger.Progress(
                epoch=self._driver.epoch,
                batch_id=batch_id,
                rows=counted.rows,
                refused=counted.refused,
                duration_ms=int((time.monotonic() - began) * 1000),
                event_time_min=counted.event_time_min,
                event_time_max=counted.event_time_max,
                probe_ms=_since(counted.probe_sent_ms),
            ),
        )
        if merged is None:
            log.info("batch was counted before", batch_id=batch_id, after=after)
        else:
            self._group.tell(after)
            if self._cache:
                self._cache.apply(merged.windows, merged.totals, {topic: dict(after)})
        failures = self._group.failures
        self._driver.control.done(QUERY, batch_id, counted.rows, group_commit_failures=failures)

    def _brake(self, counted: Counted) -> None:
        """One bad deployment of a source must not empty a topic into the dead letters."""
        limit = self._spec.max_refusal_share
        if counted.rows > BRAKE_ROWS and counted.refused > limit * counted.rows:
            raise ContractError(
                f"{counted.refused} of {counted.rows} messages of {self._spec.topic} are refused,"
                f" more than max_refusal_share {limit}; nothing of this batch was counted",
                "look at the newest messages (weir topics tail), repair the source or raise"
                " max_refusal_share in include/streams.yaml, then: weir streams start",
            )

    def _commit(
        self,
        counted: Counted,
        refused: Coordinates,
        piece: Slice,
        progress: Callable[[], ledger.Progress],
    ) -> Merged | None:
        """The transaction, tried again while PostgreSQL is away.

        Safe even when a lost connection hides that it was committed: the ledger tells.
        None when the batch was counted before.
        """

        def once() -> Merged | None:
            try:
                return self._transaction(counted, refused, piece, progress)
            except (psycopg.OperationalError, Unavailable):
                self._connection = None
                raise

        return patiently(once, stop=self._driver.control.fenced, seconds=RETRY_SECONDS)

    def _transaction(
        self,
        counted: Counted,
        refused: Coordinates,
        piece: Slice,
        progress: Callable[[], ledger.Progress],
    ) -> Merged | None:
        connection = self._connect()
        before, after = piece.begins[self._spec.topic], piece.ends[self._spec.topic]
        with connection.transaction():
            stands = ledger.fetch_offsets(connection, self._place)
            # Before the ledger is judged: an old epoch may meet offsets it does not understand.
            lease.check(connection, self._spec.name, self._driver.epoch)
            stands = ledger.with_new_partitions(stands, before)
            if ledger.judge_range(stands, before, after) is ledger.Verdict.SKIP:
                return None
            merged = self._store.merge(connection, counted.good, wanted=self._cache is not None)
            if refused:
                self._keep(connection, refused)
            lease.hold(connection, self._spec.name, self._driver.epoch)
            ledger.move_offsets(connection, self._place, after)
            ranges = {self._spec.topic: {part: (before[part], after[part]) for part in after}}
            ledger.note_progress(connection, self._spec.name, QUERY, progress(), ranges)
        return merged

    def _keep(self, connection: lease.Pg, refused: Coordinates) -> None:
        topic, refused_by = self._spec.topic, f"{self._spec.name}.{QUERY}"
        found = letters(
            topic,
            refused,
            refused_by,
            lambda start, end: self._read(topic, start, end),
            self._incarnation,
        )
        store_all(connection, sent(self._publish, found))
        log.warning("refused", messages=len(refused), topic=topic)

    def _read(
        self, topic: str, start: Mapping[int, int], end: Mapping[int, int]
    ) -> Iterator[Message]:
        return read_range(self._driver.file.settings, topic, start, end, probes=True)

    def _publish(self) -> ConfirmedProducer:
        self._publisher = self._publisher or ConfirmedProducer(self._driver.file.settings)
        return self._publisher

    def _connect(self) -> lease.Pg:
        if self._connection is None or self._connection.closed:
            self._connection = self._driver.connect()
            self._store.prepare(self._connection)
        return self._connection


def summarise(counts: pa.Table, stream: str) -> Counted:
    """Split the partial counts into those that count, probes, and the number of refused."""
    usable = pc.is_null(counts["refusal"])
    good = counts.filter(usable)
    rows = pc.sum(counts["messages"]).as_py() or 0
    refused = rows - (pc.sum(good["messages"]).as_py() or 0)
    good, probe_sent_ms = without_probes(good, stream)
    return Counted(
        good=good,
        rows=rows,
        refused=refused,
        event_time_min=_utc(pc.min(good["first_second"]).as_py()),
        event_time_max=_utc(pc.max(good["last_second"]).as_py()),
        probe_sent_ms=probe_sent_ms,
    )


def _since(sent_ms: int | None) -> int | None:
    """Milliseconds since a probe was sent by this machine."""
    return None if sent_ms is None else max(0, int(time.time() * 1000) - sent_ms)


def _utc(second: int | None) -> datetime | None:
    return None if second is None else datetime.fromtimestamp(second, UTC)
