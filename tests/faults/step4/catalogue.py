"""The catalogue as a thread of plain Python: the same merge and ledger as the stream's."""

from __future__ import annotations

import threading
import time
import uuid

import psycopg
from confluent_kafka import Consumer, TopicPartition

from weir.errors import Unavailable
from weir.kafka.client import kafka_options
from weir.kafka.offsets import first_offsets
from weir.market.catalogue import Entry, Unreadable, entry_of, newest
from weir.market.catalogue_commit import QUERY, STREAM, Batch, commit
from weir.market.catalogue_store import prepare
from weir.market.filtered import EVENTS, PRODUCTS
from weir.ops import lease, ledger
from weir.ops.streams import FilterSpec
from weir.settings import Settings
from weir.store.postgres import connect


class Catalogue(threading.Thread):
    """Merge what the filter wrote until `over`; PostgreSQL away is waited for."""

    def __init__(self, settings: Settings, spec: FilterSpec) -> None:
        super().__init__(name="catalogue", daemon=True)
        self.over = threading.Event()
        self.held = threading.Event()
        self.failure: BaseException | None = None
        self.unreadable: list[Unreadable] = []
        self._settings = settings
        self._names = {spec.products_topic: PRODUCTS, spec.events_topic: EVENTS}
        self._pg: lease.Pg | None = None
        self._epoch = 0
        self._stands: dict[str, dict[int, int]] = {}
        self._consumer = Consumer(
            kafka_options(
                settings, group_id="weir-unused", enable_auto_commit=False, fetch_wait_max_ms=20
            )
        )
        self._batch = 0

    def run(self) -> None:
        try:
            while not self.over.is_set():
                if self.held.is_set() or not self._merged():
                    self.over.wait(0.05)
        except BaseException as error:
            self.failure = error
            raise

    def end(self) -> None:
        self.over.set()
        self.join(60)
        assert self.failure is None, self.failure
        assert self.unreadable == []

    def _merged(self) -> bool:
        try:
            return self._merge()
        except (psycopg.OperationalError, Unavailable):
            self._pg = None
            return False

    def _merge(self) -> bool:
        pg = self._connection()
        messages = self._consumer.consume(2_000, 0.05)
        if not messages:
            return False
        ends = {topic: dict(partitions) for topic, partitions in self._stands.items()}
        entries: list[Entry] = []
        for message in messages:
            assert message.error() is None, message.error()
            topic, headers = str(message.topic()), tuple(message.headers() or ())
            ends[topic][message.partition() or 0] = (message.offset() or 0) + 1
            found = entry_of(self._names[topic], message.key(), message.value(), headers)  # type: ignore[arg-type]
            if isinstance(found, Entry):
                entries.append(found)
            elif isinstance(found, Unreadable):
                self.unreadable.append(found)
        self._batch += 1
        batch = Batch(
            stream=STREAM,
            epoch=self._epoch,
            batch_id=self._batch,
            begins=self._stands,
            ends=ends,
            entries=newest(entries),
            rows=len(messages),
            refused=0,
            began=time.monotonic(),
        )
        commit(pg, batch)
        self._stands = ends
        return True

    def _connection(self) -> lease.Pg:
        """A new connection begins where the ledger stands."""
        if self._pg is None or self._pg.closed:
            pg = connect(self._settings.dsn_file, application_name="test-catalogue")
            prepare(pg)
            lease.ensure_stream(pg, STREAM)
            seen = lease.fetch_lease(pg, STREAM)
            taken = lease.acquire(pg, seen, owner="test:1", token=uuid.uuid4().hex)
            assert taken is not None
            self._stands = {topic: self._begin(pg, topic) for topic in self._names}
            self._consumer.assign(
                [
                    TopicPartition(topic, partition, offset)
                    for topic, partitions in self._stands.items()
                    for partition, offset in partitions.items()
                ]
            )
            self._pg, self._epoch = pg, taken
        return self._pg

    def _begin(self, pg: lease.Pg, topic: str) -> dict[int, int]:
        place = ledger.Place(stream=STREAM, query=QUERY, topic=topic)
        first = first_offsets(self._settings, topic)
        return ledger.begin_offsets(pg, place, first)
