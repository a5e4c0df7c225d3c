"""The rig of promo: a stream of its own that breaks where it is told to, under a reader."""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.step3.drivers import PATIENCE_SECONDS, Drivers
from tests.faults.step3.oracle import FIELDS, owed
from tests.faults.step3.reader import ConcurrentReader, concurrent_reader
from tests.support.eventually import eventually
from tests.support.stores import own_database
from tests.support.topics import create_topic, fresh_topic
from weir.kafka.declared import dlq_of, progress_of
from weir.kafka.producer import ConfirmedProducer
from weir.ops import desired, lease
from weir.ops.failpoint import SPENT
from weir.ops.streams import StreamSpec, find_stream
from weir.promo.wake import Waker
from weir.settings import Settings
from weir.store.postgres import connect

OUT_PARTITIONS = 6
LARGE = "12582912"
HELD = "held"  # a line in the file of what happened that stands for a point that waits
ROWS = f"select {', '.join(FIELDS)}, trigger_datetime_created from public.subscribers_feedback"


class PromoRig:
    """Sends campaigns, breaks drivers, and knows what must come out."""

    def __init__(
        self, settings: Settings, spec: StreamSpec, drivers: Drivers, reader: ConcurrentReader
    ) -> None:
        self.settings = settings
        self.spec = spec
        self.drivers = drivers
        self.reader = reader
        self.token = ""
        self.sleepers: dict[str, int] = {}  # token -> epoch in which its driver stopped
        self.overtaken = 0
        self.messages: list[bytes | None] = []
        self.subscriptions: list[tuple[str, str]] = []
        self._points = settings.failpoint.count(":")
        self._spent = settings.home / SPENT
        self._spent.unlink(missing_ok=True)
        self._producer = ConfirmedProducer(settings)
        with self.connection() as connection:
            lease.ensure_stream(connection, spec.name)

    def connection(self) -> lease.Pg:
        return connect(self.settings.dsn_file, application_name="faults")

    def subscribe(self, restaurant: str, clients: range) -> None:
        """These clients subscribe, the first of them twice."""
        names = [f"client-{number}" for number in clients]
        names.append(names[0])
        statement = "copy public.subscribers_restaurants (restaurant_id, client_id) from stdin"
        with (
            self.connection() as connection,
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for name in names:
                copy.write_row((restaurant, name))
        self.subscriptions += [(restaurant, name) for name in names]

    def send(self, restaurant: str) -> None:
        """A restaurant sends a campaign that runs now, again without a key, and some rubbish."""
        now = int(time.time())
        message = json.dumps(
            {
                "restaurant_id": restaurant,
                "adv_campaign_id": str(uuid.uuid4()),
                "adv_campaign_content": "суп дня",
                "adv_campaign_owner": "Кафе «Север»",
                "adv_campaign_owner_contact": "у стойки",
                "adv_campaign_datetime_start": now - 3600,
                "adv_campaign_datetime_end": now + 86_400,
                "datetime_created": now - 7200,
            }
        ).encode()
        for key, value in ((b"k", message), (None, message), (b"k", b"{no json")):
            self._producer.send(self.settings.promo_in_topic, value, key=key)
            self.messages.append(value)
        self._producer.flush()

    def wake(self) -> None:
        """What the wake-up service does, once."""
        waker = Waker(self._producer, self.settings.promo_wakeups_topic)
        with self.connection() as connection:
            waker.wake_once(connection)

    def start(self) -> None:
        """Want it, and submit the first driver."""
        self.forgive()
        self.token = self.drivers.start(self.settings, self.spec)

    def forgive(self) -> None:
        """A matrix kills more often than any driver may die by itself."""
        with self.connection() as connection:
            desired.want_run(connection, self.spec.name, "test")

    def wake_sleepers(self) -> None:
        """Drivers that stood still go on when another has taken over; wait until they have left."""
        for token, epoch in self.sleepers.items():
            eventually(self.epoch, lambda e, old=epoch: e > old, within_seconds=PATIENCE_SECONDS)
            self.drivers.kill(token, signal.SIGCONT)
        for token in self.sleepers:
            self.drivers.wait_gone(token)
        self.sleepers.clear()
        self.forgive()

    def epoch(self) -> int:
        with self.connection() as connection:
            return lease.fetch_lease(connection, self.spec.name).epoch

    def broken(self) -> list[str]:
        """The failpoints that have happened, in order."""
        lines = self._spent.read_text().splitlines() if self._spent.exists() else []
        return [line for line in lines if line != HELD]

    def hold(self) -> None:
        """A driver that is relaunched from now on breaks nowhere, until `release`."""
        with self._spent.open("a") as file:
            file.write(f"{HELD}\n" * self._points)

    def release(self) -> None:
        """The next driver that starts takes the next point."""
        self._spent.write_text("".join(f"{line}\n" for line in self.broken()))

    def wait_read(self) -> None:
        """Wait until the concurrent reader has as many notifications as are owed.

        A new driver is started whenever one stands still.
        """
        number = len(owed(self.messages, self.subscriptions))
        eventually(self._look, lambda n: n >= number, within_seconds=PATIENCE_SECONDS)

    def _look(self) -> int:
        stopped = [entry for entry in self.broken() if entry.endswith(":stop")]
        if len(stopped) > self.overtaken:
            self.overtaken += 1
            self.sleepers[self.token] = self.epoch()
            self.token = self.drivers.start(self.settings, self.spec)
        return self.reader.count()

    def check(self) -> int:
        """Rows = messages read = the oracle, each once; how many."""
        self.wait_read()
        expected = owed(self.messages, self.subscriptions)
        with self.connection() as connection:
            rows = connection.execute(ROWS).fetchall()
        assert self.reader.doubled() == {}
        assert len(rows) == len(expected)
        assert {row[:-1] for row in rows} == {sent.fields for sent in expected}
        # The topic has client_id before datetime_created, as the oracle; the sealing time is last.
        read = self.reader.fields
        assert {name: fields[:-1] for name, fields in read.items()} == {
            sent.notification_id: sent.fields for sent in expected
        }
        assert set(read.values()) == set(rows)
        return len(rows)

    def end(self) -> None:
        """No driver is left behind, stopped or not."""
        with self.connection() as connection:
            desired.want_drained(connection, self.spec.name, "test", "the test is over")
        self.drivers.end()


@contextmanager
def promo_rig(
    platform: Settings, folder: Path, drivers: Drivers, failpoints: str
) -> Iterator[PromoRig]:
    """A stream over fresh topics and a fresh database whose drivers break in this order."""
    name = f"test_{uuid.uuid4().hex[:10]}"
    campaigns, wakeups = (fresh_topic(platform, partitions=3) for _ in range(2))
    for topic in (campaigns, wakeups):
        create_topic(platform, dlq_of(topic), max_message_bytes=LARGE)
    out = fresh_topic(platform, partitions=OUT_PARTITIONS)
    create_topic(platform, progress_of(name), cleanup_policy="compact")
    declared = find_stream("promo_join")
    small = {"driver_memory_mb": 480, "executor_memory_mb": 512, "executor_cores": 1}
    spec = declared.model_copy(
        update={
            "name": name,
            "topic": campaigns,
            "resources": declared.resources.model_copy(update=small),
            # A matrix kills more often than the restart breaker allows.
            "restarts": declared.restarts.model_copy(update={"max": 1000}),
        }
    )
    given = {
        "promo_in_topic": campaigns,
        "promo_wakeups_topic": wakeups,
        "promo_out_topic": out,
        "failpoint": failpoints,
    }
    with (
        own_database(platform, folder) as own,
        concurrent_reader(platform, out, OUT_PARTITIONS) as reader,
    ):
        rig = PromoRig(own.model_copy(update=given), spec, drivers, reader)
        try:
            yield rig
        finally:
            rig.end()
