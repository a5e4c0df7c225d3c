"""One micro-batch: seal it in PostgreSQL, then publish what is sealed.

Under a crash at any point: before the seal's commit nothing happened, and the replay decides anew;
after it the replay is skipped by the ledger and the marker says what is left to publish.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import reduce
from pathlib import Path

import psycopg
import structlog
from pyspark.sql import DataFrame

from spark_jobs.lib.attempts import StoredTrials
from spark_jobs.lib.checkpoint import batch_range
from spark_jobs.lib.control import StopRequested
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.guard import Guard
from spark_jobs.lib.messages import messages_of
from spark_jobs.lib.patience import RETRY_SECONDS, patiently
from spark_jobs.lib.quarantine import Quarantine
from spark_jobs.lib.refusals import sent
from spark_jobs.lib.slices import Slice
from spark_jobs.lib.wait_for_kafka import patiently as wait_for_kafka
from spark_jobs.promo_join.refusals import refused_letters
from spark_jobs.promo_join.schema import Input
from spark_jobs.promo_join.transforms import Sorted, readable, sort_out
from weir.errors import Unavailable
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.ops import lease, ledger
from weir.ops.failpoint import reach
from weir.ops.probe import sent_ms_of
from weir.promo.publish import NotificationPublisher
from weir.promo.seal import QUERY, Sealed, prepare, seal
from weir.promo.subscriptions import subscriber_table

log = structlog.get_logger()


class PromoBatch:
    """The function behind foreachBatch, with the connections that live across batches."""

    def __init__(
        self,
        driver: Driver,
        checkpoint: Path,
        inputs: tuple[Input, ...],
        options: dict[str, dict[str, str]],
        open_outlet: Callable[[], NotificationPublisher],
    ) -> None:
        self.failure: BaseException | None = None
        self._driver = driver
        self._stream = driver.file.spec.name
        self._checkpoint = checkpoint
        self._inputs = inputs
        self._options = options
        self._open_outlet = open_outlet
        self._notifications: NotificationPublisher | None = None
        self._subscriptions = subscriber_table(driver.file.settings)
        self._connection: lease.Pg | None = None
        self._letters: ConfirmedProducer | None = None
        settings_of = {source.topic: source.settings for source in inputs}
        quarantine = Quarantine(
            driver,
            QUERY,
            read_range=lambda topic, start, end: read_range(
                settings_of[topic], topic, start, end, probes=True
            ),
            publisher=self._dead_letters,
            incarnation_of={source.topic: source.incarnation for source in inputs}.__getitem__,
        )
        self._guard = Guard(StoredTrials(driver, QUERY, quarantine), driver.control.raise_if_asked)

    def __call__(self, messages: DataFrame, batch_id: int) -> None:
        """Seal and publish one batch. Any error ends the query; it is kept for the main thread."""
        try:
            with self._driver.control.batch():
                reach("before_batch")
                begins, ends = batch_range(self._checkpoint, batch_id)
                batch = Slice(batch_id=batch_id, begins=begins, ends=ends)
                self._guard.run(batch, lambda piece: self._decide(messages, piece))
                assert self._notifications is not None, "catch_up comes first"
                published = self._notifications.publish(self.connection())
                log.debug("published", batch_id=batch_id, notifications=published)
                reach("after_publish")
        except StopRequested:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def catch_up(self) -> int:
        """Before the query begins: fence older publishers, publish what they left; how many."""
        return wait_for_kafka(self._begin_to_publish, self._driver.control.stop)

    def _begin_to_publish(self) -> int:
        # Anew at each try: a publisher takes its first step once.
        self._notifications = self._open_outlet()
        return self._notifications.start(self.connection())

    def connection(self) -> lease.Pg:
        """The connection of this driver, made anew when it was lost."""
        if self._connection is None or self._connection.closed:
            self._connection = self._driver.connect()
            prepare(self._connection)
        return self._connection

    def _decide(self, messages: DataFrame, piece: Slice) -> None:
        """Read, sort out and seal the messages of a slice."""
        began = time.monotonic()
        campaigns, wakeups = self._inputs
        # One task instead of one per partition: each would take longer to start than to read.
        read = readable(self._read(messages, piece), wakeups.topic).coalesce(1)
        rows = read.toArrow().to_pylist()
        found = sort_out(rows, campaigns.topic)
        sealed = self._sealed(found, piece, began)
        if sealed is None:
            log.info("batch was sealed before", batch_id=piece.batch_id, ends=piece.ends)
        self._driver.control.done(
            QUERY,
            piece.batch_id,
            found.messages,
            notifications=sealed.rows if sealed else 0,
        )

    def _sealed(self, found: Sorted, piece: Slice, began: float) -> Sealed | None:
        """The transaction, tried again while PostgreSQL is away.

        Safe even when a lost connection hides that it was committed: the ledger tells.
        """

        def once() -> Sealed | None:
            try:
                return self._seal(found, piece, began)
            except (psycopg.OperationalError, Unavailable):
                self._connection = None
                raise

        return patiently(once, stop=self._driver.control.stop, seconds=RETRY_SECONDS)

    def _seal(self, found: Sorted, piece: Slice, began: float) -> Sealed | None:
        def progress() -> ledger.Progress:
            return ledger.Progress(
                epoch=self._driver.epoch,
                batch_id=piece.batch_id,
                rows=found.messages,
                refused=len(found.refused),
                duration_ms=int((time.monotonic() - began) * 1000),
                event_time_min=found.first_at,
                event_time_max=found.last_at,
                probe_ms=self._probe_ms(found),
            )

        return seal(
            self.connection(),
            stream=self._stream,
            epoch=self._driver.epoch,
            batch_id=piece.batch_id,
            offsets={
                topic: {p: (piece.begins[topic][p], end) for p, end in ends.items()}
                for topic, ends in piece.ends.items()
            },
            campaigns=found.campaigns,
            wakes=found.wakes,
            refusals=sent(
                self._dead_letters,
                refused_letters(self._inputs, found.refused, f"{self._stream}.{QUERY}"),
            ),
            subscriptions=self._subscriptions,
            progress=progress,
        )

    def _probe_ms(self, found: Sorted) -> int | None:
        """How long the oldest probe of this stream was on its way into the ledger."""
        sent = [at for key in found.probes if (at := sent_ms_of(self._stream, key)) is not None]
        return max(0, int(time.time() * 1000) - min(sent)) if sent else None

    def _read(self, messages: DataFrame, piece: Slice) -> DataFrame:
        """The batch as Spark read it, or a part of it, topic by topic from its own cluster."""
        if piece.whole:
            return messages
        parts = [
            messages_of(
                messages,
                Slice(
                    batch_id=piece.batch_id,
                    begins={topic: piece.begins[topic]},
                    ends={topic: ends},
                    whole=False,
                ),
                self._options[topic],
            )
            for topic, ends in piece.ends.items()
        ]
        return reduce(DataFrame.unionByName, parts)

    def _dead_letters(self) -> ConfirmedProducer:
        self._letters = self._letters or ConfirmedProducer(self._driver.file.settings)
        return self._letters
