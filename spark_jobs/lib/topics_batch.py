"""The function behind foreachBatch, for a query over several topics of the main cluster.

A job says what it does with a slice (`_process`); here is what lives across batches: the guard, a
connection, a producer. Under a crash: what `_process` says, whose deciding transaction moves the
ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

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
from spark_jobs.lib.refusals import Coordinates, letters, sent
from spark_jobs.lib.slices import Slice
from spark_jobs.lib.topics import Begun
from weir.errors import Unavailable
from weir.kafka.dead_letters import DeadLetter, store_all
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.kafka.record import Message
from weir.ops import lease

log = structlog.get_logger()
T = TypeVar("T")

Refused = Mapping[str, Coordinates]
"""topic -> (partition, offset) -> reason."""


class TopicsBatch:
    """`options` are those of the source, for a part of a batch that is read anew."""

    def __init__(
        self, driver: Driver, query: str, begun: Begun, options: Mapping[str, str]
    ) -> None:
        self.failure: BaseException | None = None
        self._driver = driver
        self._query = query
        self._folder: Path = begun.folder
        self._incarnations = begun.incarnations
        self._options = options
        self._connection: lease.Pg | None = None
        self._publisher: ConfirmedProducer | None = None
        quarantine = Quarantine(
            driver,
            query,
            read_range=self._read,
            publisher=self._publish,
            incarnation_of=self._incarnations.__getitem__,
        )
        self._guard = Guard(StoredTrials(driver, query, quarantine), driver.control.raise_if_asked)

    def __call__(self, messages: DataFrame, batch_id: int) -> None:
        """Process one batch. Any error ends the query; it is kept for the main thread."""
        try:
            with self._driver.control.batch():
                begins, ends = batch_range(self._folder, batch_id)
                batch = Slice(batch_id=batch_id, begins=begins, ends=ends)
                self._guard.run(
                    batch, lambda piece: self._process(self._messages(messages, piece), piece)
                )
        except StopRequested:
            raise
        except BaseException as error:
            self.failure = error
            raise

    def _process(self, messages: DataFrame, piece: Slice) -> None:
        """Do all that is to be done with these messages; harmless to call again."""
        raise NotImplementedError

    def _prepare(self, connection: lease.Pg) -> None:
        """What a new connection needs."""

    def _messages(self, batch: DataFrame, piece: Slice) -> DataFrame:
        return messages_of(batch, piece, self._options)

    def _patiently(self, act: Callable[[lease.Pg], T]) -> T:
        """Act, and again while PostgreSQL is away.

        `act` may be done twice: where a lost connection hides that it was committed, the ledger
        tells.
        """

        def once() -> T:
            try:
                return act(self._connect())
            except (psycopg.OperationalError, Unavailable):
                self._connection = None
                raise

        return patiently(once, stop=self._driver.control.fenced, seconds=RETRY_SECONDS)

    def _letters(self, refused: Refused) -> Iterator[DeadLetter]:
        """Each refused message with its original bytes, once its record was sent."""
        for topic, coordinates in refused.items():
            if not coordinates:
                continue
            found = letters(
                topic,
                coordinates,
                f"{self._driver.file.stream}.{self._query}",
                partial(self._read, topic),
                self._incarnations[topic],
            )
            yield from sent(self._publish, found)
            log.warning("refused", messages=len(coordinates), topic=topic)

    def _keep(self, connection: lease.Pg, refused: Refused) -> None:
        """Dead letters; part of the transaction of the ledger."""
        store_all(connection, self._letters(refused))

    def _read(
        self, topic: str, start: Mapping[int, int], end: Mapping[int, int]
    ) -> Iterator[Message]:
        return read_range(self._driver.file.settings, topic, start, end, probes=True)

    def _publish(self) -> ConfirmedProducer:
        self._publisher = self._publisher or ConfirmedProducer(self._driver.file.settings)
        return self._publisher

    def _connect(self) -> lease.Pg:
        if self._connection is None or self._connection.closed:
            connection = self._driver.connect()
            self._prepare(connection)
            self._connection = connection
        return self._connection
