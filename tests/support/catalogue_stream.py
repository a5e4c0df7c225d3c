"""The catalogue's stream on the real cluster: a driver, a database of its own, a filter by hand."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from tests.support.offers import Said
from tests.support.stores import own_database
from weir.kafka.offsets import end_offsets
from weir.kafka.producer import ConfirmedProducer
from weir.market.catalogue_commit import QUERY
from weir.market.filtered import EVENTS, PRODUCTS
from weir.ops import desired, lease
from weir.ops.launch import kill_driver, submit
from weir.ops.master import WAITING, fetch_master
from weir.ops.streams import StreamSpec, find_stream
from weir.settings import Settings
from weir.store.postgres import connect

PATIENCE_SECONDS = 180.0


class CatalogueStream:
    """Starts and breaks drivers, plays the filter, and reads the table."""

    def __init__(self, settings: Settings, spec: StreamSpec) -> None:
        self.settings = settings
        self.spec = spec
        self.token = ""
        self._submitted: list[str] = []
        self._producer = ConfirmedProducer(settings)
        self.pg = connect(settings.dsn_file, application_name="test")
        lease.ensure_stream(self.pg, spec.name)

    def start(self) -> None:
        """Want it, submit a driver, and do not wait."""
        desired.want_run(self.pg, self.spec.name, "test")
        self.token = uuid.uuid4().hex
        self._submitted.append(submit(self.settings, self.spec, self.token))

    def kill(self) -> None:
        """kill -9 of both processes of the driver; Spark relaunches it."""
        found = processes_with(self.token)
        assert {"jvm", "python"} <= found.keys(), found
        for process in (found["jvm"], found["python"]):
            os.kill(process, signal.SIGKILL)

    def send(self, *records: Said) -> None:
        """The filter writes."""
        for topic, key, value, headers in records:
            self._producer.send(topic, value, key=key, headers=headers)
        self._producer.flush()

    def epoch(self) -> int:
        return lease.fetch_lease(self.pg, self.spec.name).epoch

    def wait_until_taken_in(self) -> None:
        """Wait until the ledger is at the end of both topics."""
        ends = {
            (topic, partition): offset
            for topic in (PRODUCTS, EVENTS)
            for partition, offset in end_offsets(self.settings, topic).items()
        }
        eventually(self._stands, lambda stands: stands == ends, within_seconds=PATIENCE_SECONDS)

    def wait_for_epoch(self, epoch: int) -> None:
        eventually(self.epoch, lambda now: now >= epoch, within_seconds=PATIENCE_SECONDS)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.pg.execute(query, values).fetchall()  # type: ignore[arg-type]

    def states(self, ids: Iterable[str]) -> dict[str, tuple[str, Any]]:
        """state and price of these products."""
        found = self.rows(
            "select product_id, state, price from market.product where product_id = any(%s)",
            list(ids),
        )
        return {product_id: (state, price) for product_id, state, price in found}

    def end(self) -> None:
        """Kill every driver of this stream."""
        desired.want_drained(self.pg, self.spec.name, "test", "the test is over")
        drivers = fetch_master(self.settings).drivers
        for driver_id in self._submitted:
            if drivers.get(driver_id) in WAITING:
                kill_driver(self.settings, driver_id)
        self.pg.close()

    def _stands(self) -> dict[tuple[str, int], int]:
        rows = self.rows(
            "select topic, partition, next_offset from ops.query_offset"
            " where stream = %s and query = %s",
            self.spec.name,
            QUERY,
        )
        return {(topic, partition): offset for topic, partition, offset in rows}


@contextmanager
def catalogue_stream(platform: Settings, folder: Path) -> Iterator[CatalogueStream]:
    """A stream over the filter's topics and a fresh database; no driver yet."""
    name = f"catalogue_{uuid.uuid4().hex[:10]}"
    spec = find_stream("market_catalogue").model_copy(update={"name": name})
    with own_database(platform, folder) as settings:
        stream = CatalogueStream(settings, spec)
        try:
            yield stream
        finally:
            stream.end()
