"""One micro-batch: answer, then count in one transaction.

Under a crash before the commit: the replay answers again (at least once; readers know an answer by
its correlation id, and none is sent after its deadline) and counts for the first time. After it
the replay is skipped by the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Final, TypeVar

import psycopg
import structlog
from pyspark.sql import DataFrame

from spark_jobs.lib.attempts import StoredTrials
from spark_jobs.lib.checkpoint import batch_range
from spark_jobs.lib.control import StopRequested
from spark_jobs.lib.driver import Driver
from spark_jobs.lib.guard import Guard, is_surroundings
from spark_jobs.lib.messages import messages_of
from spark_jobs.lib.quarantine import Quarantine
from spark_jobs.lib.slices import Slice
from spark_jobs.market_recommend.transforms import MAX_BYTES, Sorted, sort_out
from spark_jobs.promo_join.refusals import sent_letters
from spark_jobs.promo_join.schema import Input
from spark_jobs.promo_join.transforms import readable
from weir.clock import utc_now
from weir.errors import Unavailable
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.market.recommend_batch import (
    QUERY,
    Answered,
    Ranges,
    answer_all,
    count_searches,
    is_new,
)
from weir.ops import lease, ledger
from weir.ops.probe import sent_ms_of

log = structlog.get_logger()
T = TypeVar("T")

RETRY_SECONDS: Final = 300.0
ANSWER_SECONDS: Final = 5.0
"""Kafka must confirm an answer in this time: later hardly anybody waits for it."""


class RecommendBatch:
    """The function behind foreachBatch, with the connections that live across batches."""

    def __init__(
        self,
        driver: Driver,
        checkpoint: Path,
        inputs: tuple[Input, ...],
        options: Mapping[str, Mapping[str, str]],
        answers_topic: str,
    ) -> None:
        self.failure: BaseException | None = None
        self._driver = driver
        self._stream = driver.file.spec.name
        self._checkpoint = checkpoint
        self._inputs = inputs
        self._options = options
        self._answers_topic = answers_topic
        self._connection: lease.Pg | None = None
        self._publisher: ConfirmedProducer | None = None
        settings = driver.file.settings
        quarantine = Quarantine(
            driver,
            QUERY,
            read_range=lambda topic, start, end: read_range(
                settings, topic, start, end, probes=True
            ),
            publisher=self._publish,
        )
        self._guard = Guard(StoredTrials(driver, QUERY, quarantine), driver.control.raise_if_asked)

    def __call__(self, messages: DataFrame, batch_id: int) -> None:
        """Answer and count one batch. Any error ends the query; it is kept for the main thread."""
        try:
            with self._driver.control.batch():
                begins, ends = batch_range(self._checkpoint, batch_id)
                batch = Slice(batch_id=batch_id, begins=begins, ends=ends)
                self._guard.run(batch, lambda piece: self._decide(messages, piece))
        except StopRequested:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _decide(self, messages: DataFrame, piece: Slice) -> None:
        began = time.monotonic()
        rows = readable(self._read(messages, piece), MAX_BYTES).toArrow().to_pylist()
        found = sort_out(rows, self._inputs[0].topic, datetime.now(UTC))
        offsets = {
            topic: {p: (piece.begins[topic][p], end) for p, end in ends.items()}
            for topic, ends in piece.ends.items()
        }
        if not self._patiently(lambda connection: self._is_new(connection, offsets)):
            log.info("batch was counted before", batch_id=piece.batch_id, ends=piece.ends)
            return
        answers = self._patiently(
            lambda connection: answer_all(
                connection, found.requests, self._publish(), self._answers_topic, utc_now
            )
        )
        self._patiently(
            lambda connection: count_searches(
                connection,
                stream=self._stream,
                epoch=self._driver.epoch,
                offsets=offsets,
                searches=found.searches,
                answers=answers,
                refusals=sent_letters(
                    self._inputs, found.refused, f"{self._stream}.{QUERY}", self._publish
                ),
                progress=lambda: self._progress(piece, found, began),
            )
        )
        self._driver.control.done(QUERY, piece.batch_id, found.messages, **_told(answers))

    def _is_new(self, connection: lease.Pg, offsets: Ranges) -> bool:
        return is_new(connection, stream=self._stream, epoch=self._driver.epoch, offsets=offsets)

    def _progress(self, piece: Slice, found: Sorted, began: float) -> ledger.Progress:
        sent = [at for key in found.probes if (at := sent_ms_of(self._stream, key)) is not None]
        return ledger.Progress(
            epoch=self._driver.epoch,
            batch_id=piece.batch_id,
            rows=found.messages,
            refused=len(found.refused),
            duration_ms=int((time.monotonic() - began) * 1000),
            before={},
            after={},
            event_time_min=found.first_at,
            event_time_max=found.last_at,
            probe_ms=max(0, int(time.time() * 1000) - min(sent)) if sent else None,
        )

    def _patiently(self, act: Callable[[lease.Pg], T]) -> T:
        """Act, and again while PostgreSQL is away: answering twice is harmless, counting too.

        A request whose deadline passes meanwhile gets no answer: nothing is answered without a
        look at the ban list.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                return act(self._connect())
            except (psycopg.OperationalError, Unavailable) as error:
                self._connection = None
                over = time.monotonic() > deadline or self._driver.control.stop.is_set()
                if over or not is_surroundings(error):
                    raise
                log.warning("the batch is tried again", error=str(error).splitlines()[0])
                self._driver.control.stop.wait(0.5)

    def _read(self, messages: DataFrame, piece: Slice) -> DataFrame:
        """The batch as Spark read it, or a part of it, topic by topic."""
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

    def _publish(self) -> ConfirmedProducer:
        self._publisher = self._publisher or ConfirmedProducer(
            self._driver.file.settings, delivery_seconds=ANSWER_SECONDS
        )
        return self._publisher

    def _connect(self) -> lease.Pg:
        if self._connection is None or self._connection.closed:
            self._connection = self._driver.connect()
        return self._connection


def _told(answers: Answered) -> dict[str, int]:
    return {"answered": answers.answered, "expired": answers.expired}
