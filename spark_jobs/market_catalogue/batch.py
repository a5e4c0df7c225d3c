"""One micro-batch: read what the filter says, then one transaction that brings it into the table.

Under a crash at any point: before the commit nothing happened, after it the replayed batch is
skipped by the ledger. Reading a record twice changes nothing: the newest version is there already.
"""

from __future__ import annotations

import time

import structlog
from pyspark.sql import DataFrame

from spark_jobs.lib.slices import Slice
from spark_jobs.lib.strangers import brake
from spark_jobs.lib.topics_batch import TopicsBatch
from spark_jobs.market_catalogue.transforms import sort_out
from weir.market.catalogue_commit import QUERY, Batch, commit
from weir.market.catalogue_store import prepare
from weir.ops import lease

log = structlog.get_logger()


class CatalogueBatch(TopicsBatch):
    """What is done with each batch of the filter's topics."""

    def _process(self, messages: DataFrame, piece: Slice) -> None:
        spec, began = self._driver.file.spec, time.monotonic()
        found = sort_out(messages.toArrow().to_pylist())
        brake(spec, found.rows, found.refusals)
        batch = Batch(
            stream=spec.name,
            epoch=self._driver.epoch,
            batch_id=piece.batch_id,
            begins=piece.begins,
            ends=piece.ends,
            entries=found.entries,
            rows=found.rows,
            refused=found.refusals,
            began=began,
            first_at=found.first_at,
            last_at=found.last_at,
        )
        changed = self._patiently(
            lambda pg: commit(pg, batch, keep=lambda inside: self._keep(inside, found.refused))
        )
        if changed is None:
            log.info("batch was taken in before", batch_id=piece.batch_id, ends=piece.ends)
        self._driver.control.done(QUERY, piece.batch_id, found.rows, products=changed or 0)

    def _prepare(self, connection: lease.Pg) -> None:
        prepare(connection)
