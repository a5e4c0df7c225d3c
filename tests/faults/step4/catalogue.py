"""The catalogue as a thread of plain Python: the same merge and ledger as the stream's."""

from __future__ import annotations

import threading
import time
import uuid

import psycopg

from weir.errors import Unavailable
from weir.kafka.offsets import end_offsets, first_offsets
from weir.kafka.reader import read_range
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
        begins = {topic: self._stands(pg, topic) for topic in self._names}
        ends = {topic: dict(end_offsets(self._settings, topic)) for topic in self._names}
        if begins == ends:
            return False
        entries: list[Entry] = []
        rows = 0
        for topic, name in self._names.items():
            for message in read_range(self._settings, topic, begins[topic], ends[topic]):
                found = entry_of(name, message.key, message.value, message.headers)
                rows += 1
                if isinstance(found, Entry):
                    entries.append(found)
                elif isinstance(found, Unreadable):
                    self.unreadable.append(found)
        self._batch += 1
        commit(
            pg,
            Batch(
                stream=STREAM,
                epoch=self._epoch,
                batch_id=self._batch,
                begins=begins,
                ends=ends,
                entries=newest(entries),
                rows=rows,
                refused=0,
                began=time.monotonic(),
            ),
        )
        return True

    def _stands(self, pg: lease.Pg, topic: str) -> dict[int, int]:
        place = ledger.Place(stream=STREAM, query=QUERY, topic=topic)
        stands = ledger.fetch_offsets(pg, place)
        return stands or ledger.begin_offsets(pg, place, first_offsets(self._settings, topic))

    def _connection(self) -> lease.Pg:
        if self._pg is None or self._pg.closed:
            pg = connect(self._settings.dsn_file, application_name="test-catalogue")
            prepare(pg)
            lease.ensure_stream(pg, STREAM)
            seen = lease.fetch_lease(pg, STREAM)
            taken = lease.acquire(pg, seen, owner="test:1", token=uuid.uuid4().hex)
            assert taken is not None
            self._pg, self._epoch = pg, taken
        return self._pg
