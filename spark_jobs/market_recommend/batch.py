"""One micro-batch: answer, then count in one transaction.

Under a crash before the commit: the replay answers again (at least once; readers know an answer by
its correlation id, and none is sent after its deadline) and counts for the first time. After it
the replay is skipped by the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import reduce
from typing import Final

import structlog
from pyspark.sql import DataFrame

from spark_jobs.lib.driver import Driver
from spark_jobs.lib.messages import messages_of
from spark_jobs.lib.slices import Slice
from spark_jobs.lib.topics import Begun
from spark_jobs.lib.topics_batch import Refused, TopicsBatch
from spark_jobs.market_recommend.transforms import MAX_BYTES, Sorted, sort_out
from spark_jobs.promo_join.transforms import readable
from weir.clock import utc_now
from weir.kafka.producer import ConfirmedProducer
from weir.market.recommend_batch import (
    QUERY,
    Answered,
    answer_all,
    count_searches,
    is_new,
)
from weir.ops import lease, ledger
from weir.ops.ledger import Ranges
from weir.ops.probe import sent_ms_of
from weir.ops.streams import RecommendSpec

log = structlog.get_logger()

ANSWER_SECONDS: Final = 5.0
"""Kafka must confirm an answer in this time: later hardly anybody waits for it."""


class RecommendBatch(TopicsBatch):
    """What is done with each batch. `options`: those of each topic's own source."""

    def __init__(
        self,
        driver: Driver,
        begun: Begun,
        options: Mapping[str, Mapping[str, str]],
        spec: RecommendSpec,
    ) -> None:
        super().__init__(driver, QUERY, begun, {})
        self._stream = driver.file.stream
        self._spec = spec
        self._options_of = options

    def _process(self, messages: DataFrame, piece: Slice) -> None:
        began = time.monotonic()
        rows = readable(messages, self._spec.topic, MAX_BYTES).toArrow().to_pylist()
        found = sort_out(rows, self._spec.topic, datetime.now(UTC))
        offsets = {
            topic: {p: (piece.begins[topic][p], end) for p, end in ends.items()}
            for topic, ends in piece.ends.items()
        }
        if not self._patiently(lambda connection: self._is_new(connection, offsets)):
            log.info("batch was counted before", batch_id=piece.batch_id, ends=piece.ends)
            return
        answers = self._patiently(
            lambda connection: answer_all(
                connection, found.requests, self._publish(), self._spec.answers_topic, utc_now
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
                refusals=self._letters(by_topic(found.refused)),
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
            event_time_min=found.first_at,
            event_time_max=found.last_at,
            probe_ms=max(0, int(time.time() * 1000) - min(sent)) if sent else None,
        )

    def _messages(self, batch: DataFrame, piece: Slice) -> DataFrame:
        """The batch as Spark read it, or a part of it, topic by topic."""
        if piece.whole:
            return batch
        parts = [
            messages_of(
                batch,
                Slice(
                    batch_id=piece.batch_id,
                    begins={topic: piece.begins[topic]},
                    ends={topic: ends},
                    whole=False,
                ),
                self._options_of[topic],
            )
            for topic, ends in piece.ends.items()
        ]
        return reduce(DataFrame.unionByName, parts)

    def _publish(self) -> ConfirmedProducer:
        self._publisher = self._publisher or ConfirmedProducer(
            self._driver.file.settings, delivery_seconds=ANSWER_SECONDS
        )
        return self._publisher


def _told(answers: Answered) -> dict[str, int]:
    return {"answered": answers.answered, "expired": answers.expired}


def by_topic(refused: Mapping[tuple[str, int, int], str]) -> Refused:
    """The refused messages of each topic."""
    found: dict[str, dict[tuple[int, int], str]] = {}
    for (topic, partition, offset), reason in refused.items():
        found.setdefault(topic, {})[(partition, offset)] = reason
    return found
