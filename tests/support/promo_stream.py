"""The promo stream of a test's own on the real cluster: topics, database and driver."""

from __future__ import annotations

import os
import signal
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from weir.contracts.campaign import Campaign, campaign_json
from weir.kafka.declared import dlq_of, progress_of
from weir.kafka.producer import ConfirmedProducer
from weir.kafka.reader import read_range
from weir.ops import desired, lease
from weir.ops.launch import kill_driver, submit
from weir.ops.master import WAITING, fetch_master
from weir.ops.stopping import drain_stream
from weir.ops.streams import StreamSpec, parse_stream
from weir.promo.wake import Waker
from weir.settings import Settings
from weir.store.postgres import connect

PATIENCE_SECONDS = 120.0
SPEC: dict[str, Any] = {
    "job": "promo_join",
    "topic": "promo-campaigns",
    "source": "promo",
    "trigger_ms": 100,
    "max_offsets_per_trigger": 1000,
    "max_refusal_share": 1,
    "resources": {
        "driver_memory_mb": 640,
        "executor_memory_mb": 512,
        "executor_cores": 2,
        "shuffle_partitions": 1,
    },
    "restarts": {"max": 1000, "within_minutes": 10},
    "probe_seconds": 5,
}


class PromoStream:
    """Starts and breaks drivers, plays restaurants and clients, and reads what came of it."""

    def __init__(self, settings: Settings, spec: StreamSpec) -> None:
        self.settings = settings
        self.spec = spec
        self.submitted: list[str] = []
        self.token = ""
        self._producer: ConfirmedProducer | None = None
        self._waker: Waker | None = None
        with self.connection() as connection:
            lease.ensure_stream(connection, spec.name)

    def connection(self) -> lease.Pg:
        return connect(self.settings.dsn_file, application_name="test")

    def producer(self) -> ConfirmedProducer:
        self._producer = self._producer or ConfirmedProducer(self.settings)
        return self._producer

    def start(self, failpoint: str = "") -> str:
        """Want it, submit a driver that breaks at `failpoint`, and do not wait."""
        with self.connection() as connection:
            desired.want_run(connection, self.spec.name, "test")
        self.token = uuid.uuid4().hex
        settings = self.settings.model_copy(update={"failpoint": failpoint})
        self.submitted.append(submit(settings, self.spec, self.token))
        return self.submitted[-1]

    def drain(self) -> None:
        drain_stream(self.settings, self.spec.name, changed_by="test", within_seconds=60)

    def signal_driver(self, number: signal.Signals) -> None:
        """Send a signal to both processes of the driver."""
        found = processes_with(self.token)
        assert {"jvm", "python"} <= found.keys(), found
        for process in (found["jvm"], found["python"]):
            os.kill(process, number)

    def wait_for_epoch(self, epoch: int) -> None:
        """Wait until a driver of this epoch (or a later one) shows life."""
        eventually(
            lambda: self.lease().beat,
            lambda beat: beat is not None and beat[0] >= epoch,
            within_seconds=PATIENCE_SECONDS,
        )

    def lease(self) -> lease.Lease:
        with self.connection() as connection:
            return lease.fetch_lease(connection, self.spec.name)

    def send(self, *campaigns: Campaign, key: bytes | None = None) -> None:
        """Restaurants send campaigns."""
        self.send_raw(*(campaign_json(campaign) for campaign in campaigns), key=key)

    def send_raw(self, *values: bytes | None, key: bytes | None = None) -> None:
        """Restaurants send anything."""
        for value in values:
            self.producer().send(self.settings.promo_in_topic, value, key=key)
        self.producer().flush()

    def subscribe(self, restaurant: str, clients: Iterable[str]) -> None:
        """Clients subscribe."""
        with (
            self.connection() as connection,
            connection.cursor() as cursor,
            cursor.copy(
                "copy public.subscribers_restaurants (client_id, restaurant_id) from stdin"
            ) as copy,
        ):
            for client in clients:
                copy.write_row((client, restaurant))

    def wake(self) -> int:
        """One pass of the service that wakes."""
        topic = self.settings.promo_wakeups_topic
        self._waker = self._waker or Waker(self.producer(), topic)
        with self.connection() as connection:
            return self._waker.wake_once(connection)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection() as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def stored(self) -> Counter[tuple[str, str, str]]:
        """(campaign, content, client) in the table."""
        return Counter(
            self.rows(
                "select adv_campaign_id, adv_campaign_content, client_id"
                " from public.subscribers_feedback"
            )
        )

    def readable(self) -> Counter[tuple[str, str, str]]:
        """(campaign, content, client) in the topic, as its readers see them; twice is 2."""
        messages = read_range(self.settings, self.settings.promo_out_topic)
        bodies = (orjson.loads(message.value or b"") for message in messages)
        return Counter(
            (body["adv_campaign_id"], body["adv_campaign_content"], body["client_id"])
            for body in bodies
        )

    def wait_until_readable(self, number: int) -> Counter[tuple[str, str, str]]:
        """Wait until so many notifications can be read; all of them."""
        return eventually(
            self.readable,
            lambda found: found.total() >= number,
            within_seconds=PATIENCE_SECONDS,
            every_seconds=0.5,
        )

    def states(self) -> dict[str, str]:
        return dict(self.rows("select adv_campaign_id, state from promo.campaign"))

    def now(self) -> int:
        """The database's clock."""
        ((now,),) = self.rows("select floor(extract(epoch from clock_timestamp()))::bigint")
        return int(now)

    def end(self) -> None:
        """Kill every driver of this stream."""
        with self.connection() as connection:
            desired.want_drained(connection, self.spec.name, "test", "the test is over")
        drivers = fetch_master(self.settings).drivers
        for driver_id in self.submitted:
            if drivers.get(driver_id) in WAITING:
                kill_driver(self.settings, driver_id)


@contextmanager
def promo_stream(platform: Settings, folder: Path, **changes: Any) -> Iterator[PromoStream]:
    """A stream over fresh topics and a fresh database; no driver yet."""
    name = f"promo_{uuid.uuid4().hex[:10]}"
    topics = {
        "promo_in_topic": fresh_topic(platform, partitions=3, max_message_bytes="12582912"),
        "promo_wakeups_topic": fresh_topic(platform, partitions=1),
        "promo_out_topic": fresh_topic(platform, partitions=3),
    }
    for topic in (topics["promo_in_topic"], topics["promo_wakeups_topic"]):
        create_topic(platform, dlq_of(topic), max_message_bytes="12582912")
    create_topic(platform, progress_of(name), cleanup_policy="compact")
    spec = parse_stream(name, SPEC | changes)
    with own_database(platform.model_copy(update=topics), folder) as settings:
        stream = PromoStream(settings, spec)
        try:
            yield stream
        finally:
            stream.end()
