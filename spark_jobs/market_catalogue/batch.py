"""One micro-batch: read what the filter says, then one transaction that brings it into the table.

Under a crash at any point: before the commit nothing happened, after it the replayed batch is
skipped by the ledger. Reading a record twice changes nothing: the newest version is there already.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

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
from spark_jobs.market_catalogue.transforms import Sorted, sort_out
from spark_jobs.window_counts import refusals
from weir.errors import ContractError
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.market.catalogue_commit import QUERY, Batch, commit
from weir.market.catalogue_store import prepare
from weir.ops import lease

log = structlog.get_logger()

BRAKE_ROWS = 1000
RETRY_SECONDS = 300.0


class CatalogueBatch:
    """The function behind foreachBatch, with the connections that live across batches."""

    def __init__(self, driver: Driver, checkpoint: Path, options: Mapping[str, str]) -> None:
        self.failure: BaseException | None = None
        self._driver = driver
        self._spec = driver.file.spec
        self._checkpoint = checkpoint
        self._options = options
        self._connection: lease.Pg | None = None
        self._publisher: ConfirmedProducer | None = None
        quarantine = Quarantine(driver, QUERY, read_range=self._read, publisher=self._publish)
        self._guard = Guard(StoredTrials(driver, QUERY, quarantine), driver.control.raise_if_asked)

    def __call__(self, messages: DataFrame, batch_id: int) -> None:
        """Take in one batch. Any error ends the query; it is kept for the main thread."""
        try:
            with self._driver.control.batch():
                begins, ends = batch_range(self._checkpoint, batch_id)
                batch = Slice(batch_id=batch_id, begins=begins, ends=ends)
                self._guard.run(
                    batch,
                    lambda piece: self._take(messages_of(messages, piece, self._options), piece),
                )
        except StopRequested:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _take(self, messages: DataFrame, piece: Slice) -> None:
        began = time.monotonic()
        found = sort_out(messages.toArrow().to_pylist())
        self._brake(found)
        batch = Batch(
            stream=self._spec.name,
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
        changed = self._commit(batch, found)
        if changed is None:
            log.info("batch was taken in before", batch_id=piece.batch_id, ends=piece.ends)
        self._driver.control.done(QUERY, piece.batch_id, found.rows, products=changed or 0)

    def _brake(self, found: Sorted) -> None:
        """Somebody else's messages in the filter's topics: a person looks before they are gone."""
        limit = self._spec.max_refusal_share
        if found.rows > BRAKE_ROWS and found.refusals > limit * found.rows:
            raise ContractError(
                f"{found.refusals} of {found.rows} records are not what the filter writes, more"
                f" than max_refusal_share {limit}; nothing of this batch was taken in",
                "weir topics tail filtered-products shows the newest; who else writes there?"
                " Afterwards: weir streams start market_catalogue",
            )

    def _commit(self, batch: Batch, found: Sorted) -> int | None:
        """The transaction, tried again while PostgreSQL is away. None: it was taken in before.

        Safe even when a lost connection hides that it was committed: the ledger tells.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                return commit(
                    self._connect(), batch, keep=lambda connection: self._keep(connection, found)
                )
            except psycopg.OperationalError as error:
                self._connection = None
                over = time.monotonic() > deadline or self._driver.control.fenced.is_set()
                if over or not is_surroundings(error):
                    raise
                log.warning("the transaction is tried again", error=str(error).splitlines()[0])
                self._driver.control.fenced.wait(0.5)

    def _keep(self, connection: lease.Pg, found: Sorted) -> None:
        for topic, refused in found.refused.items():
            letters = refusals.letters(
                topic,
                refused,
                f"{self._spec.name}.{QUERY}",
                partial(self._read, topic),
            )
            refusals.keep(connection, self._publish(), letters)
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
            prepare(self._connection)
        return self._connection
