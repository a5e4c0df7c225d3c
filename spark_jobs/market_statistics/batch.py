"""One micro-batch: parse in Spark, then one transaction that counts what is new.

Under a crash at any point: before the commit nothing happened, after it the replayed batch is
skipped by the ledger. A message that the filter wrote twice is counted once, by its source.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import structlog
from pyspark.sql import DataFrame

from spark_jobs.lib.slices import Slice
from spark_jobs.lib.strangers import brake
from spark_jobs.lib.topics_batch import Refused, TopicsBatch
from spark_jobs.market_statistics.transforms import judge, read
from weir.market import statistics_store as store
from weir.market.facts import FACTS
from weir.market.statistics_commit import QUERY, Batch, commit
from weir.ops import lease

log = structlog.get_logger()


@dataclass(frozen=True)
class Found:
    """What Spark made of a batch."""

    facts: pa.Table
    rows: int
    refused: Refused


class StatisticsBatch(TopicsBatch):
    """What is done with each batch of the filter's topics."""

    def _process(self, messages: DataFrame, piece: Slice) -> None:
        began = time.monotonic()
        found = sort_out(judge(read(messages)).toArrow())
        refused = sum(map(len, found.refused.values()))
        brake(self._driver.file.spec, found.rows, refused)
        batch = Batch(
            stream=self._driver.file.stream,
            epoch=self._driver.epoch,
            batch_id=piece.batch_id,
            begins=piece.begins,
            ends=piece.ends,
            facts=found.facts,
            rows=found.rows,
            refused=refused,
            began=began,
        )
        counted = self._patiently(
            lambda pg: commit(pg, batch, keep=lambda inside: self._keep(inside, found.refused))
        )
        if counted is None:
            log.info("batch was counted before", batch_id=piece.batch_id, ends=piece.ends)
        self._driver.control.done(QUERY, piece.batch_id, found.rows, counted=counted or 0)

    def _prepare(self, connection: lease.Pg) -> None:
        store.prepare(connection)


def sort_out(judged: pa.Table) -> Found:
    """Split what was read into facts that count, and those refused, by topic."""
    usable = pc.is_null(judged["refusal"])
    refused: dict[str, dict[tuple[int, int], str]] = {}
    bad = judged.filter(pc.invert(usable)).select(["topic", "partition", "offset", "refusal"])
    for row in bad.to_pylist():
        refused.setdefault(row["topic"], {})[(row["partition"], row["offset"])] = row["refusal"]
    wanted = judged.filter(pc.and_(usable, judged["counts"]))
    return Found(facts=wanted.select(FACTS.names).cast(FACTS), rows=len(judged), refused=refused)
