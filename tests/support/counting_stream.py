"""A window-count stream of a test's own: topic, database, cache keys and driver."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.drivers import processes_with
from tests.support.eventually import eventually
from tests.support.stores import own_database
from tests.support.stream_specs import wikimedia_spec
from tests.support.topics import create_topic, fresh_topic
from weir.kafka.declared import dlq_of
from weir.kafka.producer import ConfirmedProducer
from weir.ops import desired, lease
from weir.ops.launch import kill_driver, submit
from weir.ops.master import WAITING, fetch_master
from weir.ops.stopping import drain_stream
from weir.ops.streams import StreamSpec, find_stream
from weir.platform.layout import Layout
from weir.settings import Settings
from weir.store.postgres import connect

PATIENCE_SECONDS = 120.0
Totals = dict[str, tuple[int, int, int]]


def wikimedia_event(domain: str, *, kind: str = "edit", bot: bool = False, **meta: Any) -> bytes:
    """A message that counts, one minute old."""
    moment = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(
        {"meta": {"domain": domain, "dt": moment, **meta}, "type": kind, "bot": bot}
    ).encode()


class CountingStream:
    """Starts and breaks drivers, produces messages, and counts them independently."""

    def __init__(self, settings: Settings, spec: StreamSpec) -> None:
        self.settings = settings
        self.spec = spec
        self.expected: Counter[tuple[str, int]] = Counter()  # (domain, measure) -> count
        self.submitted: list[str] = []
        self.token = ""
        with self.connection() as connection:
            lease.ensure_stream(connection, spec.name)

    @property
    def checkpoint(self) -> Path:
        return Layout(self.settings).checkpoints / self.spec.name / "counts"

    def connection(self) -> lease.Pg:
        return connect(self.settings.dsn_file, application_name="test")

    def lease(self) -> lease.Lease:
        with self.connection() as connection:
            return lease.fetch_lease(connection, self.spec.name)

    def start(self) -> str:
        """Want it, submit a driver, and do not wait."""
        with self.connection() as connection:
            desired.want_run(connection, self.spec.name, "test")
        self.token = uuid.uuid4().hex
        driver_id = submit(self.settings, self.spec, self.token)
        self.submitted.append(driver_id)
        return driver_id

    def drain(self) -> None:
        drain_stream(self.settings, self.spec.name, changed_by="test", within_seconds=60)

    def produce(self, values: Iterable[tuple[str | None, bytes | None]]) -> None:
        """Send (key, value) pairs; those whose key is a text are expected to count."""
        producer = ConfirmedProducer(self.settings)
        for key, value in values:
            producer.send(self.spec.topic, value, key=key.encode() if key else b"bad")
            if key is not None and value is not None:
                event = json.loads(value)
                edit = event["type"] in ("edit", "new")
                for number, counts in enumerate((True, edit, edit and event["bot"])):
                    self.expected[key, number] += counts
        producer.flush()

    def expected_totals(self) -> Totals:
        """What the messages add up to, by plain Python."""
        domains = {domain for domain, _ in self.expected}
        return {d: (self.expected[d, 0], self.expected[d, 1], self.expected[d, 2]) for d in domains}

    def totals(self) -> Totals:
        """What the stream has counted."""
        return self._totals("select domain, changes, edits, bot_edits from wikimedia.domain_total")

    def window_sums(self) -> Totals:
        """The sums over all windows: must equal the totals."""
        return self._totals(
            "select domain, sum(changes)::int, sum(edits)::int, sum(bot_edits)::int"
            " from wikimedia.domain_minute group by domain"
        )

    def wait_until_counted(self) -> None:
        """Wait until the totals are as expected; compare the windows with them."""
        eventually(self.total_changes, lambda n: n >= self.sent(), within_seconds=PATIENCE_SECONDS)
        assert self.totals() == self.expected_totals()
        assert self.window_sums() == self.expected_totals()

    def total_changes(self) -> int:
        return sum(row[0] for row in self.totals().values())

    def sent(self) -> int:
        return sum(count for (_, number), count in self.expected.items() if number == 0)

    def dead_letters(self) -> dict[str, str]:
        """Dedupe key without the topic -> reason."""
        with self.connection() as connection:
            rows = connection.execute("select dedupe_key, reason from ops.dead_letter").fetchall()
        return {key.removeprefix(f"{self.spec.topic}/"): reason for key, reason in rows}

    def wait_for_epoch(self, epoch: int) -> None:
        """Wait until a driver of this epoch (or a later one) shows life."""
        eventually(
            lambda: self.lease().beat,
            lambda beat: beat is not None and beat[0] >= epoch,
            within_seconds=PATIENCE_SECONDS,
        )

    @contextmanager
    def batch_held(self) -> Iterator[None]:
        """Hold the next batch in the middle of its transaction; others may read."""
        with self.connection() as connection, connection.transaction():
            connection.execute("lock table wikimedia.domain_total in share row exclusive mode")
            yield

    def wait_until_held(self) -> None:
        """Wait until a batch waits for the lock."""
        query = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            " and datname = current_database() and application_name like 'weir:%%'"
        )
        with self.connection() as connection:
            eventually(
                lambda: (connection.execute(query).fetchone() or (0,))[0],
                lambda n: n > 0,
                within_seconds=PATIENCE_SECONDS,
            )

    def signal_driver(self, token: str, number: signal.Signals, *which: str) -> None:
        """Send a signal to the processes (jvm, python) of the submission with this token."""
        found = processes_with(token)
        assert set(which) <= found.keys(), found
        for name in which:
            os.kill(found[name], number)

    def end(self) -> None:
        """Kill every driver of this stream."""
        with self.connection() as connection:
            desired.want_drained(connection, self.spec.name, "test", "the test is over")
        drivers = fetch_master(self.settings).drivers
        for driver_id in self.submitted:
            if drivers.get(driver_id) in WAITING:
                kill_driver(self.settings, driver_id)

    def _totals(self, query: str) -> Totals:
        with self.connection() as connection:
            return {row[0]: row[1:] for row in connection.execute(query).fetchall()}


@contextmanager
def counting_stream(
    platform: Settings,
    folder: Path,
    *,
    partitions: int = 3,
    cached: bool = True,
    shipped_resources: bool = False,
    **changes: Any,
) -> Iterator[CountingStream]:
    """A stream over a fresh topic and a fresh database; no driver yet."""
    topic = fresh_topic(platform, partitions=partitions)
    create_topic(platform, dlq_of(topic), max_message_bytes="12582912")
    name = f"test_{uuid.uuid4().hex[:10]}"
    if shipped_resources:
        shipped = find_stream("wikimedia_domain_counts").resources
        changes = {"resources": shipped.model_dump()} | changes
    spec = wikimedia_spec(name, topic=topic, cache=name if cached else None, **changes)
    with own_database(platform, folder) as settings:
        stream = CountingStream(settings, spec)
        try:
            yield stream
        finally:
            stream.end()
